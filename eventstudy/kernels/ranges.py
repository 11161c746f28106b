"""Variance from the prices of a day, and tests of a variance before against after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from eventstudy._typing import BoolArray, FloatArray, IntArray
from eventstudy.kernels.hour_scale import FEWEST
from eventstudy.kernels.stats import Inapplicable

RangeKey = Literal["parkinson", "garman_klass", "rogers_satchell", "yang_zhang", "close_close"]
RANGE_KEYS: tuple[RangeKey, ...] = ("parkinson", "garman_klass", "rogers_satchell", "yang_zhang", "close_close")


@dataclass(frozen=True, slots=True)
class Bars:
    """Logarithms of one stretch of bars relative to the open, and the moves from the close before.

    Attributes
    ----------
    up, down, close : ndarray, shape (..., n)
        ``ln(high/open)``, ``ln(low/open)``, ``ln(close/open)``.
    overnight, whole : ndarray, shape (..., n)
        ``ln(open / previous close)``, ``ln(close / previous close)``; NaN where no close comes before.
    """

    up: FloatArray
    down: FloatArray
    close: FloatArray
    overnight: FloatArray
    whole: FloatArray

    def cut(self, start: int, stop: int) -> Bars:
        """The bars ``start:stop``."""
        parts = (self.up, self.down, self.close, self.overnight, self.whole)
        return Bars(*(p[..., start:stop] for p in parts))

    def over(self, scale: FloatArray) -> Bars:
        """Every bar divided by its own scale, shape (n,)."""
        parts = (self.up, self.down, self.close, self.overnight, self.whole)
        return Bars(*(p / scale for p in parts))

    def take(self, rows: BoolArray) -> Bars:
        """Some of the bars."""
        parts = (self.up, self.down, self.close, self.overnight, self.whole)
        return Bars(*(p[..., rows] for p in parts))

    def windows(self, length: int) -> Bars:
        """Every run of `length` bars, shape (n - length + 1, length)."""
        parts = (self.up, self.down, self.close, self.overnight, self.whole)
        return Bars(*(np.lib.stride_tricks.sliding_window_view(p, length) for p in parts))


def log_bars(prices: FloatArray) -> Bars:
    """Bars from open, high, low, close above zero, shape (n, 4)."""
    opened, high, low, close = np.log(prices).T
    before = np.concatenate(([np.nan], close[:-1]))
    return Bars(high - opened, low - opened, close - opened, opened - before, close - before)


def range_variance(bars: Bars, key: RangeKey) -> FloatArray:
    """Variance per day of stretches of bars, shape (...).

    Parameters
    ----------
    bars : Bars
        Last axis: days. `yang_zhang` and `close_close` need two of them, and a close before the first.
    key : str
        ``parkinson``: ``mean (ln H/L)^2 / (4 ln 2)`` (Parkinson 1980, J. Business 53:61-65). ``garman_klass``:
        ``mean (ln H/L)^2 / 2 - (2 ln 2 - 1) (ln C/O)^2`` (Garman & Klass 1980, J. Business 53:67-78).
        ``rogers_satchell``: ``mean u (u - c) + d (d - c)``, whatever the drift (Rogers & Satchell 1991, Ann. Applied
        Probability 1:504-512). ``yang_zhang``: with the moves overnight, ``var o + k var c + (1 - k) rs``,
        ``k = .34 / (1.34 + (n+1)/(n-1))`` (Yang & Zhang 2000, J. Business 73:477-491). ``close_close``: sample
        variance of the returns. The first three leave out what happens overnight.
    """
    u, d, c = bars.up, bars.down, bars.close
    if key == "parkinson":
        return np.asarray(((u - d) ** 2).mean(axis=-1) / (4.0 * np.log(2.0)))
    if key == "garman_klass":
        return np.asarray((0.5 * (u - d) ** 2 - (2.0 * np.log(2.0) - 1.0) * c**2).mean(axis=-1))
    if key == "close_close":
        return np.asarray(bars.whole.var(axis=-1, ddof=1))
    rs = np.asarray((u * (u - c) + d * (d - c)).mean(axis=-1))
    if key == "rogers_satchell":
        return rs
    n = u.shape[-1]
    k = 0.34 / (1.34 + (n + 1.0) / (n - 1.0))
    return np.asarray(bars.overnight.var(axis=-1, ddof=1) + k * c.var(axis=-1, ddof=1) + (1.0 - k) * rs)


def range_scale(bars: Bars, kind: IntArray, used: BoolArray, key: RangeKey) -> FloatArray:
    """Root of the variance of bars of each kind over the mean of all used bars, shape (n,), as `hour_scale`.

    Parameters
    ----------
    kind : ndarray, shape (n,)
        What makes bars comparable, such as the minute of the day.
    used : ndarray of bool, shape (n,)
        Bars that the scale is learnt from; each needs a close before it.

    Returns
    -------
    ndarray, shape (n,)
        NaN for kinds that come fewer than 19 times among the used, or whose estimate is not above zero.
    """
    square, total = np.full(kind.size, np.nan), 0.0
    for one in np.unique(kind[used]):
        own = used & (kind == one)
        found = float(range_variance(bars.take(own), key)) if own.sum() >= FEWEST else np.nan
        if found > 0.0:
            square[kind == one] = found
            total += found * int(own.sum())
    known = used & np.isfinite(square)
    return np.sqrt(square / (total / int(known.sum()))) if known.any() else square


@dataclass(frozen=True, slots=True)
class VarianceTest:
    """One test of a variance before against after.

    Attributes
    ----------
    value : float
        F, the normal score of a rank sum, or the variance that is ranked.
    pvalue : float
    law : str
        Reference law in words.
    smallest_p : float
        Smallest p that the method can reach; 0 for a continuous law.
    """

    value: float
    pvalue: float
    law: str
    smallest_p: float = 0.0


def variance_f(before: FloatArray, after: FloatArray, *, parameters: int, centred: bool) -> VarianceTest | Inapplicable:
    """``F = variance after / s^2``, upper tail, normal residuals.

    Parameters
    ----------
    before, after : ndarray
        Residuals of a mean model that was fitted on `before`, not NaN.
    parameters : int
        Its coefficients: ``s^2 = sum before^2 / (M - parameters)``.
    centred : bool
        About the mean of `after`, with one degree of freedom less, so that a drift is no variance. Else about zero. The
        uncertainty of the mean model is left out either way.
    """
    dof1, dof2 = after.size - int(centred), before.size - parameters
    if dof1 < 1 or dof2 < 1:
        return Inapplicable(f"{before.size} sessions before and {after.size} after leave no degrees of freedom")
    scale = float(before @ before) / dof2
    if not scale > 0.0:
        return Inapplicable("the residuals before do not vary")
    moved = after - after.mean() if centred else after
    value = float(moved @ moved) / dof1 / scale
    return VarianceTest(value, float(stats.f.sf(value, dof1, dof2)), f"F({dof1},{dof2})")


def brown_forsythe(before: FloatArray, after: FloatArray) -> VarianceTest | Inapplicable:
    """One-way F of the distances from each stretch's median, robust to fat tails (Brown & Forsythe 1974, JASA 69:364).

    ``F = (n - 2) sum n_g (mean_g - mean)^2 / sum (distance - mean_g)^2``, F(1, n - 2); two-sided in the variances.
    """
    if min(before.size, after.size) < 2:
        return Inapplicable(f"{before.size} sessions before and {after.size} after: needs 2 of each")
    a, b = (np.abs(x - np.median(x)) for x in (before, after))
    n = a.size + b.size
    middle = (a.sum() + b.sum()) / n
    within = float(((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum())
    if not within > 0.0:
        return Inapplicable("the distances from the medians do not vary")
    between = a.size * (a.mean() - middle) ** 2 + b.size * (b.mean() - middle) ** 2
    value = float((n - 2) * between / within)
    return VarianceTest(value, float(stats.f.sf(value, 1, n - 2)), f"F(1,{n - 2})")


def rank_sum(before: FloatArray, after: FloatArray) -> VarianceTest | Inapplicable:
    """Wilcoxon's rank sum of the sizes after among all sizes, normal with correction for ties, upper tail.

    Parameters
    ----------
    before, after : ndarray
        Residuals; their absolute values are ranked, average ranks for ties (Wilcoxon 1945; Mann & Whitney 1947).
    """
    m, n = before.size, after.size
    if min(m, n) < 2:
        return Inapplicable(f"{m} sessions before and {n} after: needs 2 of each")
    ranks = stats.rankdata(np.concatenate((np.abs(before), np.abs(after))))
    size = m + n
    _, ties = np.unique(ranks, return_counts=True)
    spread = m * n / 12.0 * ((size + 1.0) - (ties**3 - ties).sum() / (size * (size - 1.0)))
    if not spread > 0.0:
        return Inapplicable("all residuals have the same size")
    value = float((ranks[m:].sum() - n * (size + 1.0) / 2.0) / np.sqrt(spread))
    return VarianceTest(value, float(stats.norm.sf(value)), "N(0,1)")
