"""Cross-sectional statistics on arrays of cumulative abnormal returns.

Every function takes arrays without NaN (the caller has left those pairs out) and returns a `Stat`, or an
`Inapplicable` with the reason: with one pair, or none that varies, most of them do not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from eventstudy._typing import BoolArray, FloatArray, IntArray
from eventstudy.errors import InputError

#: Whose standardisation is followed where published software disagrees, see `standardise`.
Convention = Literal["textbook", "estudy2", "eventstudy2"]

#: Pairs of residual series with fewer common days count as uncorrelated.
MIN_COMMON = 20


@dataclass(frozen=True, slots=True)
class Stat:
    """A statistic and its reference law.

    Attributes
    ----------
    value : float
        Dimensionless.
    dof : float
        Degrees of freedom of Student's law; inf: normal.
    """

    value: float
    dof: float = np.inf

    @property
    def pvalue(self) -> float:
        """Two-sided p."""
        # What scipy.stats.t computes, without its hundred microseconds of argument checks.
        below = -abs(self.value)
        return float(2.0 * (special.ndtr(below) if np.isinf(self.dof) else special.stdtr(self.dof, below)))

    @property
    def law(self) -> str:
        """Reference law in words."""
        return "N(0,1)" if np.isinf(self.dof) else f"t({self.dof:g})"

    def critical(self, alpha: float) -> float:
        """Two-sided critical value."""
        upper = special.ndtri(alpha / 2.0) if np.isinf(self.dof) else special.stdtrit(self.dof, alpha / 2.0)
        return float(-upper)


@dataclass(frozen=True, slots=True)
class Inapplicable:
    """A statistic that does not exist here."""

    reason: str


def cross_sectional_t(values: FloatArray) -> Stat | Inapplicable:
    r"""``sqrt(N) mean / s``, Student with N - 1 degrees of freedom.

    On CARs it is the cross-sectional t (Charest 1978; Brown & Warner 1985); on SCARs it is the standardised
    cross-sectional test, robust to event-induced variance (Boehmer, Musumeci & Poulsen 1991).

    Examples
    --------
    >>> cross_sectional_t(np.array([1.0, 2.0, 3.0]))
    Stat(value=3.4641016151377544, dof=2.0)
    """
    n = values.size
    if n < 2:
        return Inapplicable(f"needs at least 2 pairs, there is {n}: one pair has no cross-section")
    spread = values.std(ddof=1)
    # Identical pairs differ by rounding alone; their ratio would be a number without meaning.
    if spread <= 1e-12 * np.abs(values).max():
        return Inapplicable("all pairs have the same value: no cross-sectional variation")
    return Stat(float(np.sqrt(n) * values.mean() / spread), float(n - 1))


def refuse_below(fewest: int, n: int, why: str) -> Inapplicable | None:
    """The refusal of a statistic that needs `fewest` pairs, None when there are enough."""
    return None if n >= fewest else Inapplicable(f"needs at least {fewest} pairs, there is {n}: {why}")


def estimation_sd(
    sigma: FloatArray, dof: IntArray, observations: IntArray, convention: Convention = "textbook"
) -> FloatArray:
    """Residual standard deviation by the rule of a given package, shape (N,).

    ``estudy2`` (R, 0.10) divides by M - 1 whatever the model, so its Patell z and Brown & Warner (1980) J1 under a
    market model are ``sqrt((M - 1) / (M - 2))`` times the textbook's; the others divide by the degrees of freedom.
    """
    return np.asarray(sigma * np.sqrt(dof / (observations - 1.0))) if convention == "estudy2" else sigma


def standardise(
    ar: FloatArray,
    sigma: FloatArray,
    leverage: FloatArray,
    *,
    dof: IntArray,
    observations: IntArray,
    convention: Convention = "textbook",
) -> FloatArray:
    r"""Standardised abnormal responses of one day, by the rule of a given package.

    Parameters
    ----------
    ar, leverage : ndarray, shape (N,) or (N, T)
        Abnormal responses, and ``h = x'(X'X)^-1 x``: the forecast variance is ``s^2 (1 + h)``.
    sigma, dof, observations : ndarray, shape (N,)
        Residual standard deviation with divisor `dof`, and estimation sessions M.
    convention : {"textbook", "estudy2", "eventstudy2"}
        ``textbook``: ``AR / (s sqrt(1 + h))`` (Patell 1976). ``estudy2``: the same with s of `estimation_sd`.
        ``eventstudy2`` (Stata, 3.0, and its port EventStudy.jl): ``AR / (s (1 + h)^(1/4))``.

    Returns
    -------
    ndarray, shape as `ar`
        NaN where `ar` is.
    """
    s = estimation_sd(sigma, dof, observations, convention).reshape(-1, *(1,) * (ar.ndim - 1))
    return np.asarray(ar / (s * (1.0 + leverage) ** (0.25 if convention == "eventstudy2" else 0.5)))


def standardise_sum(sar: FloatArray, convention: Convention = "textbook") -> FloatArray:
    """Running standardised responses over a window from the daily ones, shape (N, L).

    ``eventstudy2`` divides the running sum by the root of the sessions counted so far, the textbook's CSAR is the sum
    itself; neither knows that forecast errors of different days are correlated, so prefer SCAR.
    """
    total = sar.cumsum(axis=1)
    return np.asarray(total / np.sqrt(np.arange(1, sar.shape[1] + 1)) if convention == "eventstudy2" else total)


def mackinlay_j1(
    car: FloatArray,
    se: FloatArray,
    *,
    convention: Literal["textbook", "estudy2"] = "textbook",
    dof: IntArray | None = None,
    observations: IntArray | None = None,
) -> Stat | Inapplicable:
    """``CAAR / sqrt(sum se^2 / N^2)``, normal (MacKinlay 1997, JEL 35:13-39).

    `se` is ``s sqrt(L)`` in the paper, or the full forecast error; with s^2 L this is also Brown & Warner (1980).
    `dof` and `observations` are needed for ``estudy2``, see `estimation_sd`.
    """
    if convention == "estudy2":
        if dof is None or observations is None:
            raise InputError("convention 'estudy2' needs the degrees of freedom and observations of every pair")
        se = estimation_sd(se, dof, observations, convention)
    if car.size < 1:
        return Inapplicable("needs at least 1 pair, there is 0")
    spread = np.sqrt((se**2).sum())
    if not spread > 0.0:
        return Inapplicable("the residuals do not vary over the estimation window")
    return Stat(float(car.sum() / spread))


def crude_t(sum_aar: float, days: int, estimation: FloatArray) -> Stat | Inapplicable:
    """``sum AAR / (s sqrt(L))``, s of the AAR series over the estimation window (Brown & Warner 1980, 1985).

    Student with ``m - 1`` degrees of freedom, m the sessions in `estimation`.
    """
    if estimation.size < 2:
        return Inapplicable(f"{estimation.size} estimation sessions have no standard deviation")
    spread = estimation.std(ddof=1)
    if not spread > 0.0:
        return Inapplicable("the mean abnormal response does not vary over the estimation window")
    return Stat(float(sum_aar / (spread * np.sqrt(days))), float(estimation.size - 1))


def skewness_adjusted_t(
    values: FloatArray, *, form: Literal["johnson", "hall", "hall_adjusted"]
) -> Stat | Inapplicable:
    r"""The t statistic corrected for skewness, normal.

    ``sqrt(N) (S + g S^2 / 3 + g / (6 N))`` with ``S = mean / s`` and ``g = sum (x - mean)^3 / (N s^3)`` (Johnson 1978,
    JASA 73:536-544; Lyon, Barber & Tsai 1999, J. Finance 54:165-201). Hall (1992, JRSS-B 54:221-228) adds
    ``g^2 S^3 / 27``, which makes the transformation monotone; ``hall_adjusted`` takes ``g N^2 / ((N-1)(N-2))``.
    """
    n = values.size
    refused = refuse_below(3, n, "fewer have no skewness")
    if refused:
        return refused
    spread = values.std(ddof=1)
    if spread <= 1e-12 * np.abs(values).max():
        return Inapplicable("all pairs have the same value: no cross-sectional variation")
    ratio = values.mean() / spread
    skew = ((values - values.mean()) ** 3).mean() / spread**3
    if form == "hall_adjusted":
        skew *= n**2 / ((n - 1.0) * (n - 2.0))
    cubic = 0.0 if form == "johnson" else skew**2 * ratio**3 / 27.0
    return Stat(float(np.sqrt(n) * (ratio + skew * ratio**2 / 3.0 + cubic + skew / (6.0 * n))))


def jackknife_t(values: FloatArray) -> Stat | Inapplicable:
    """T of the jackknife pseudo-values of ``mean / s``, t(N - 1).

    Tukey's jackknife of the standardised mean, after Giaccotto & Sfiridis (1996, J. Economics & Business 48), whose
    own weights could not be read. Every leave-one-out pair of moments follows from the sums, without a loop.
    """
    n = values.size
    refused = refuse_below(3, n, "leaving one out must leave two")
    if refused:
        return refused
    mean = values.mean()
    deviation = values - mean
    rest = (deviation @ deviation - deviation**2 * n / (n - 1.0)) / (n - 2.0)
    if rest.min() <= 1e-24 * np.abs(values).max() ** 2:
        return Inapplicable("without one pair the others have the same value: no cross-sectional variation")
    theta = mean / np.sqrt(deviation @ deviation / (n - 1.0))
    left_out = (mean - deviation / (n - 1.0)) / np.sqrt(rest)
    return cross_sectional_t(n * theta - (n - 1.0) * left_out)


def patell_z(
    sums: FloatArray,
    length: FloatArray,
    dof: IntArray,
    *,
    convention: Literal["textbook", "estudy2"] = "textbook",
    observations: IntArray | None = None,
) -> Stat | Inapplicable:
    """``sum(sums) / sqrt(sum(length d / (d - 2)))`` (Patell 1976, J. Accounting Research 14:246-276).

    With ``length = 1`` and SCARs it uses the full forecast covariance; with CSARs and L the daily one. `sums` are the
    textbook's; ``estudy2`` rescales them by `observations` M, see `estimation_sd`. For ``eventstudy2`` pass sums of
    what `standardise` returns.
    """
    if convention == "estudy2":
        if observations is None:
            raise InputError("convention 'estudy2' needs the observations of every pair")
        sums = sums / estimation_sd(np.ones(sums.size), dof, observations, convention)
    if sums.size < 1:
        return Inapplicable("needs at least 1 pair, there is 0")
    if (dof <= 2).any():
        return Inapplicable(f"the variance of t({dof.min()}) does not exist: needs more than 2 degrees of freedom")
    return Stat(float(sums.sum() / np.sqrt((length * dof / (dof - 2.0)).sum())))


def adjust_patell(z: Stat, n: int, rbar: float) -> Stat | Inapplicable:
    """Patell's z for average residual correlation `rbar` (Kolari & Pynnonen 2010, RFS 23:3996-4025)."""
    inflation = 1.0 + (n - 1.0) * rbar
    if n < 2 or inflation <= 0.0:
        return _no_adjustment(n, rbar)
    return Stat(float(z.value / np.sqrt(inflation)), z.dof)


def adjust_bmp(t: Stat, n: int, rbar: float) -> Stat | Inapplicable:
    """BMP's t for average residual correlation `rbar` (Kolari & Pynnonen 2010, RFS 23:3996-4025)."""
    inflation = 1.0 + (n - 1.0) * rbar
    if n < 2 or inflation <= 0.0 or rbar >= 1.0:
        return _no_adjustment(n, rbar)
    return Stat(float(t.value * np.sqrt((1.0 - rbar) / inflation)), t.dof)


def _no_adjustment(n: int, rbar: float) -> Inapplicable:
    if n < 2:
        return Inapplicable(f"needs at least 2 pairs, there is {n}: a correlation needs two series")
    return Inapplicable(f"the average residual correlation of {rbar:.3f} over {n} pairs leaves no variance")


def mean_correlation(residual: FloatArray, known: BoolArray) -> float:
    """Mean Pearson correlation over all N(N-1)/2 pairs of columns.

    Parameters
    ----------
    residual : ndarray, shape (T, N)
        Estimation residuals, rows matched by date (or by offset). Values where not `known` are ignored.
    known : ndarray, shape (T, N)

    Returns
    -------
    float
        Pairs of columns with fewer than 20 common rows count 0. NaN when N < 2.
    """
    n = residual.shape[1]
    if n < 2:
        return float("nan")
    # A row of one column is common to no pair; events on dates of their own leave nothing else.
    shared = known.sum(axis=1) > 1
    if not shared.any():
        return 0.0
    residual, known = residual[shared], known[shared]
    used = known.astype(np.float64)
    z = np.where(known, residual, 0.0)
    scale = np.sqrt((z**2).sum(axis=0) / np.maximum(used.sum(axis=0), 1.0))
    z = z / np.where(scale > 0.0, scale, 1.0)
    common = used.T @ used
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_i, mean_j = (z.T @ used) / common, (used.T @ z) / common
        covariance = (z.T @ z) / common - mean_i * mean_j
        variance_i = (z**2).T @ used / common - mean_i**2
        variance_j = used.T @ (z**2) / common - mean_j**2
        correlation = covariance / np.sqrt(variance_i * variance_j)
    upper = np.triu_indices(n, k=1)
    values = np.where(common[upper] >= MIN_COMMON, correlation[upper], 0.0)
    return float(np.where(np.isfinite(values), values, 0.0).mean())
