"""Cross-sectional statistics on arrays of cumulative abnormal returns.

Every function takes arrays without NaN (the caller has left those pairs out) and returns a `Stat`, or an
`Inapplicable` with the reason: with one pair, or none that varies, most of them do not exist.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from eventstudy._typing import BoolArray, FloatArray, IntArray

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
        return float(2.0 * stats.t.sf(abs(self.value), self.dof))

    @property
    def law(self) -> str:
        """Reference law in words."""
        return "N(0,1)" if np.isinf(self.dof) else f"t({self.dof:g})"

    def critical(self, alpha: float) -> float:
        """Two-sided critical value."""
        return float(stats.t.isf(alpha / 2.0, self.dof))


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


def patell_z(sums: FloatArray, length: FloatArray, dof: IntArray) -> Stat | Inapplicable:
    """``sum(sums) / sqrt(sum(length d / (d - 2)))`` (Patell 1976, J. Accounting Research 14:246-276).

    With ``length = 1`` and SCARs it uses the full forecast covariance; with CSARs and L the daily one.
    """
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
