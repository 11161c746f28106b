"""When did the variance change? Cumulative sums of squares, their iteration, and a set of break dates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from scipy import special

from eventstudy._typing import BoolArray, FloatArray
from eventstudy.kernels.stats import Inapplicable

CusumKey = Literal["it", "kappa1", "kappa2"]
BreakIn: TypeAlias = Callable[[int, int], int | None]

#: Shortest stretch of constant variance that the iteration looks into.
MIN_SEGMENT = 10
#: The check of the breaks ends when none moves by more than this and their number stays.
SETTLED = 2
MAX_ROUNDS = 50


@dataclass(frozen=True, slots=True)
class VarianceCusum:
    """Largest deviation of the cumulative sum of squares from its straight line.

    Attributes
    ----------
    it : float
        ``sqrt(T/2) max |C_k / C_T - k/T|``: for independent normal residuals (Inclan & Tiao 1994, JASA 89:913-923).
    kappa1, kappa2 : float
        The same over the fourth moment, and over the long-run variance of the squares: for fat tails, and for fat
        tails with volatility clustering (Sanso, Arago & Carrion 2004, Rev. Economia Financiera 4:32-53).
    k : int
        Sessions before the break: the largest deviation comes after the k-th.
    bandwidth : int
        Lags of the Bartlett window of kappa2, ``floor(4 (T/100)^(2/9))``.
    """

    it: float
    kappa1: float
    kappa2: float
    k: int
    bandwidth: int

    def value(self, key: CusumKey) -> float:
        """The statistic called `key`."""
        return {"it": self.it, "kappa1": self.kappa1, "kappa2": self.kappa2}[key]


def kolmogorov_pvalue(value: float) -> float:
    """Upper tail of the supremum of a Brownian bridge's size, the law of all three statistics.

    Examples
    --------
    >>> round(kolmogorov_pvalue(1.358), 4)
    0.05
    """
    return float(special.kolmogorov(value))


def kolmogorov_critical(alpha: float) -> float:
    """Value that `kolmogorov_pvalue` takes to `alpha`; 1.358 at 5%."""
    return float(special.kolmogi(alpha))


def bartlett_variance(x: FloatArray, bandwidth: int) -> float:
    """Long-run variance of `x`, shape (T,), which has mean zero: ``g_0 + 2 sum_l (1 - l/(m+1)) g_l``, divisor T."""
    lags = range(1, bandwidth + 1)
    covariance = float(x @ x) + 2.0 * sum((1.0 - j / (bandwidth + 1.0)) * float(x[j:] @ x[:-j]) for j in lags)
    return covariance / x.size


def rule_of_thumb(n: int) -> int:
    """Lags of a Bartlett window, ``floor(4 (T/100)^(2/9))`` (Newey & West 1994)."""
    return int(4.0 * (n / 100.0) ** (2.0 / 9.0))


def variance_cusum(e: FloatArray) -> VarianceCusum | Inapplicable:
    """The three statistics of one stretch.

    Parameters
    ----------
    e : ndarray, shape (T,)
        Residuals with mean zero, not NaN; used as they are, not centred.

    Returns
    -------
    VarianceCusum or Inapplicable
        Fewer than `MIN_SEGMENT` sessions, or squares that do not vary.
    """
    n = e.size
    if n < MIN_SEGMENT:
        return Inapplicable(f"a variance break needs at least {MIN_SEGMENT} sessions, there are {n}")
    squares = e**2
    level = float(squares.mean())
    spread = float(np.mean(squares**2) - level**2)
    # Squares equal up to rounding have no spread to compare a deviation with.
    if not spread > 1e-12 * level**2:
        return Inapplicable("the squared residuals do not vary")
    deviation = np.abs(np.cumsum(squares) - np.arange(1, n + 1) * level)
    at = int(np.argmax(deviation))
    size, bandwidth = float(deviation[at]), rule_of_thumb(n)
    long_run = bartlett_variance(squares - level, bandwidth)
    return VarianceCusum(
        it=float(size / (n * level) * np.sqrt(n / 2.0)),
        kappa1=float(size / np.sqrt(n * spread)),
        kappa2=float(size / np.sqrt(n * long_run)),
        k=at + 1,
        bandwidth=bandwidth,
    )


def kappa2_of_paths(e: FloatArray) -> FloatArray:
    """Kappa-2 of many stretches of mean zero, as `variance_cusum` gives it; shape (T, B) -> (B,)."""
    n = e.shape[0]
    deviation = e**2 - (e**2).mean(axis=0)
    size, bandwidth = np.abs(deviation.cumsum(axis=0)).max(axis=0), rule_of_thumb(n)
    long_run = (deviation**2).sum(axis=0)
    for j in range(1, bandwidth + 1):
        long_run += 2.0 * (1.0 - j / (bandwidth + 1.0)) * (deviation[j:] * deviation[:-j]).sum(axis=0)
    return np.asarray(size / np.sqrt(long_run))


def icss(
    e: FloatArray, *, statistic: CusumKey = "it", alpha: float = 0.05, min_segment: int = MIN_SEGMENT
) -> tuple[int, ...]:
    """Iterated cumulative sums of squares: every break of the variance (Inclan & Tiao 1994, section 3).

    Parameters
    ----------
    e : ndarray, shape (T,)
        Residuals with mean zero, not NaN.
    statistic : {"it", "kappa1", "kappa2"}
        Which statistic decides; its critical value is that of the Kolmogorov law.
    alpha : float
    min_segment : int
        Stretches shorter than this are not looked into.

    Returns
    -------
    tuple of int
        Sessions before each break, ascending.
    """
    critical = kolmogorov_critical(alpha)

    def break_in(start: int, stop: int) -> int | None:
        """The break of ``e[start:stop]``, in sessions from the beginning of `e`."""
        if stop - start < min_segment:
            return None
        found = variance_cusum(e[start:stop])
        if isinstance(found, Inapplicable) or not found.value(statistic) > critical or found.k == stop - start:
            return None
        return start + found.k

    def outermost(start: int, stop: int, *, first: bool) -> int | None:
        """The first, or last, break of a stretch: cut at the break found until nothing is left beside it."""
        last: int | None = None
        while (k := break_in(start, stop)) is not None:
            last = k
            start, stop = (start, k) if first else (k, stop)
        return last

    breaks: set[int] = set()
    start, stop = 0, e.size
    while (k := break_in(start, stop)) is not None:
        left, right = outermost(start, k, first=True) or k, outermost(k, stop, first=False) or k
        breaks |= {left, right}
        if left == right:
            break
        start, stop = left, right
    return _checked(sorted(breaks), e.size, break_in)


def _checked(breaks: list[int], n: int, break_in: BreakIn) -> tuple[int, ...]:
    """Every break tested again between its neighbours, until they stay where they are."""
    for _ in range(MAX_ROUNDS):
        edges = [0, *breaks, n]
        again = {break_in(edges[i], edges[i + 2]) for i in range(len(breaks))}
        kept = sorted(k for k in again if k is not None)
        same = len(kept) == len(breaks) and all(abs(a - b) <= SETTLED for a, b in zip(kept, breaks, strict=True))
        breaks = kept
        if same:
            break
    return tuple(breaks)


@dataclass(frozen=True, slots=True)
class BreakSet:
    """One change of the variance, and the dates that its likelihood cannot tell from the best one.

    Attributes
    ----------
    k : int
        Sessions before the change at the best date.
    inside : ndarray, shape (T + 1,)
        Which numbers of sessions before the change belong to the set.
    before, after : float
        Variances on the two sides of `k`.
    scale : float
        Long-run variance of the squared standardised residuals over 2, its value for independent normal ones; at
        least 1, the larger of two bandwidths.
    """

    k: int
    inside: BoolArray
    before: float
    after: float
    scale: float

    @property
    def low(self) -> int:
        """Smallest member of the set."""
        return int(np.flatnonzero(self.inside)[0])

    @property
    def high(self) -> int:
        """Largest member of the set."""
        return int(np.flatnonzero(self.inside)[-1])


def break_set(e: FloatArray, *, alpha: float = 0.05, min_segment: int = MIN_SEGMENT) -> BreakSet | Inapplicable:
    """Confidence set of the date of one change of variance, by inverting the likelihood ratio.

    A date k belongs to the set when ``2 (max l - l(k)) / scale`` does not exceed ``-2 ln(1 - sqrt(1 - alpha))``
    (7.35 at 95%): l is the normal likelihood with one variance before k and another after, the law is that of a
    two-sided Brownian motion with drift at its largest, over its value at the true date.

    Parameters
    ----------
    e : ndarray, shape (T,)
        Residuals with mean zero, not NaN.
    alpha : float
        One minus the coverage.
    min_segment : int
        Sessions on each side of the change at least.

    References
    ----------
    Bai (1997), Rev. Economics & Statistics 79:551-563; Hansen (2000), Econometrica 68:575-603 (the law); Eo & Morley
    (2015), Quantitative Economics 6:463-497 (inverted likelihood ratio sets of break dates).
    """
    n = e.size
    if n < 2 * min_segment:
        return Inapplicable(f"a break needs at least {2 * min_segment} sessions, there are {n}")
    total = np.concatenate(([0.0], np.cumsum(e**2)))
    k = np.arange(min_segment, n - min_segment + 1)
    first, second = total[k] / k, (total[-1] - total[k]) / (n - k)
    if not (min(first.min(), second.min()) > 0.0):
        return Inapplicable("the residuals are zero throughout one side of a possible break")
    profile = -(k * np.log(first) + (n - k) * np.log(second))
    best = int(np.argmax(profile))
    at, before, after = int(k[best]), float(first[best]), float(second[best])
    z2 = e**2 / np.where(np.arange(n) < at, before, after)
    # The long bandwidth (Lazarus et al. 2018) is for clustering, the short one for fat tails in short samples.
    bandwidths = (rule_of_thumb(n), int(1.3 * np.sqrt(n)))
    scale = max(1.0, *(bartlett_variance(z2 - 1.0, m) / 2.0 for m in bandwidths))
    inside = np.zeros(n + 1, dtype=bool)
    inside[k] = (profile[best] - profile) / scale <= -2.0 * np.log1p(-np.sqrt(1.0 - alpha))
    return BreakSet(k=at, inside=inside, before=before, after=after, scale=scale)


def log_squares(e: FloatArray) -> FloatArray:
    """``ln(e^2 + .02 mean(e^2))``, shape (T,): a variance change becomes a shift of the mean amid even noise.

    The offset keeps residuals near zero from dominating (Fuller 1996, Introduction to Statistical Time Series, p. 496).
    """
    squares = e**2
    return np.asarray(np.log(squares + 0.02 * squares.mean()))
