"""The largest of many dates: statistics of every date of a span, and what the largest does when nothing happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from eventstudy._typing import BoolArray, FloatArray, IntArray
from eventstudy.domain.windows import Offsets
from eventstudy.kernels.maxima import fit_student, paths_and_variances, student_shocks, variance_ahead
from eventstudy.kernels.resample import upper_pvalue, window_sums
from eventstudy.volatility.base import VarianceModel

Kind = Literal["return", "volatility"]
Sign = Literal["up", "down", "any"]

#: With at least this many undisturbed sessions outside the span, the law of the shocks is fitted there alone.
ENOUGH_OUTSIDE = 750
#: Fewest sessions with a residual for any statement about a largest value: one year.
FEWEST = 250
#: Simulated values held at a time.
_CHUNK = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for: the kind of reaction, its sign, and the sessions it takes, relative to each date."""

    kind: Kind
    sign: Sign
    window: Offsets

    @property
    def origin(self) -> int:
        """First session of the forecast: day 0, or the window's begin when that is earlier."""
        return min(self.window[0], 0)

    @property
    def length(self) -> int:
        """Sessions of the window."""
        return self.window[1] - self.window[0] + 1

    def sums(self, e: FloatArray) -> FloatArray:
        """Sums of residuals (return) or of their sizes (volatility) over each run of the window's length.

        `e` has time first, shape (T, ...); the result has shape (T - length + 1, ...).
        """
        values = e if self.kind == "return" else np.abs(e)
        return np.moveaxis(window_sums(np.moveaxis(values, 0, -1), self.length), -1, 0)

    def scale(self, variance: VarianceModel, h: FloatArray) -> FloatArray:
        """What the session before the origin expects of the window, given the variance `h` of the origin.

        Standard deviation of the sum (return), or the sum of the standard deviations (volatility).
        """
        ahead = variance_ahead(variance.params, h, self.window[1] - self.origin + 1)
        inside = ahead[self.window[0] - self.origin :]
        return np.sqrt(inside.sum(axis=0)) if self.kind == "return" else np.asarray(np.sqrt(inside).sum(axis=0))

    def sized(self, values: FloatArray) -> FloatArray:
        """Statistics turned so that large values speak for the claim."""
        if self.kind == "volatility" or self.sign == "up":
            return values
        return -values if self.sign == "down" else np.abs(values)


@dataclass(frozen=True, kw_only=True, eq=False)
class Days:
    """N consecutive sessions with an out-of-sample residual, and which of them are searched.

    Attributes
    ----------
    residual : ndarray, shape (N,)
    clear : ndarray, shape (N,)
        Far from every known event.
    span : ndarray, shape (n,)
        Entries that are searched, ascending.
    """

    residual: FloatArray
    clear: BoolArray
    span: IntArray

    @property
    def outside(self) -> BoolArray:
        """Entries before the first and after the last that is searched, shape (N,)."""
        inside = np.zeros(self.residual.size, dtype=bool)
        inside[self.span[0] : self.span[-1] + 1] = True
        return ~inside

    @property
    def sample(self) -> BoolArray:
        """Entries on which the law of the shocks is fitted, shape (N,): clear ones, outside where there are enough."""
        outside = self.clear & self.outside
        if outside.sum() >= ENOUGH_OUTSIDE:
            return outside
        return self.clear if self.clear.sum() >= FEWEST else np.ones_like(self.clear)


@dataclass(frozen=True, kw_only=True, eq=False)
class NullMaxima:
    """Largest statistics of simulated spans in which nothing happened.

    Attributes
    ----------
    largest : ndarray, shape (draws, groups)
        Per simulated span and group of dates, over the yardstick of that span.
    yardstick : float
        What the data's statistic is divided by before it is compared: the size that the fitted law's largest shock
        exceeds with probability alpha (return), or the mean size of a shock (volatility).
    dof : float
        Degrees of freedom of the fitted law.
    sessions : int
        On which it was fitted.
    """

    largest: FloatArray
    yardstick: float
    dof: float
    sessions: int

    def pvalues(self, scaled: FloatArray, group: int = 0) -> FloatArray:
        """``(1 + #{simulated largest >= scaled}) / (1 + draws)`` of statistics over the yardstick."""
        ordered = np.sort(self.largest[:, group])
        at_least = ordered.size - np.searchsorted(ordered, scaled, side="left")
        return np.asarray((1.0 + at_least) / (1.0 + ordered.size))


def window_scale(days: Days, variance: VarianceModel, search: Search) -> FloatArray:
    """`Search.scale` of every entry as day 0, shape (N,); NaN where the forecast would start before the data."""
    h = np.full(days.residual.size, np.nan)
    start = -search.origin
    h[start:] = variance.variance[: h.size - start]
    return search.scale(variance, h)


def own_sums(days: Days, search: Search) -> FloatArray:
    """`Search.sums` of every entry as day 0, shape (N,); NaN where the window leaves the data."""
    out = np.full(days.residual.size, np.nan)
    first = np.arange(out.size) + search.window[0]
    inside = (first >= 0) & (first + search.length <= out.size)
    out[inside] = search.sums(days.residual)[first[inside]]
    return out


def null_maxima(
    days: Days,
    variance: VarianceModel,
    search: Search,
    groups: Sequence[IntArray],
    *,
    alpha: float,
    draws: int,
    rng: np.random.Generator,
) -> NullMaxima:
    """Simulate the span from the fitted variance recursion, with the law of the shocks estimated again every time.

    Parameters
    ----------
    groups : sequence of int arrays
        Positions in ``days.span`` whose largest statistic is wanted.

    Notes
    -----
    The estimate of the law enters twice: shocks are drawn from it, and the largest statistic is divided by a
    yardstick computed from it, in the data and in every simulated sample. What estimation error does to the one it
    does to the other, so the p-value allows for it (prepivoting: Beran 1988, JASA 83:687-697).
    """
    sample = days.sample
    z = days.residual / np.sqrt(variance.variance[: days.residual.size])
    tail = fit_student(z[sample][None])
    inverse_dof, scale = float(tail.inverse_dof[0]), float(tail.scale[0])
    first, last = int(days.span[0]) + search.origin, int(days.span[-1]) + max(search.window[1], 0)
    at = days.span - first
    reused = np.flatnonzero(sample[first : last + 1])
    further = int(sample.sum()) - reused.size
    step = max(1, _CHUNK // ((last - first + 1) * search.length + further))
    largest = np.empty((draws, len(groups)))
    for done in range(0, draws, step):
        count = min(step, draws - done)
        shocks = scale * student_shocks(inverse_dof, (last - first + 1, count), rng)
        more = scale * student_shocks(inverse_dof, (count, further), rng)
        e, h = paths_and_variances(variance.params, float(variance.variance[first]), shocks)
        values = search.sized(search.sums(e)[at + search.window[0]] / search.scale(variance, h[at + search.origin]))
        values = values / _yardstick(np.concatenate((shocks[reused].T, more), axis=1), search, at.size, alpha)
        for g, group in enumerate(groups):
            largest[done : done + count, g] = values[group].max(axis=0)
    return NullMaxima(
        largest=largest, yardstick=float(_yardstick(z[sample][None], search, at.size, alpha)[0]),
        dof=1.0 / inverse_dof, sessions=int(sample.sum()),
    )  # fmt: skip


def _yardstick(shocks: FloatArray, search: Search, n: int, alpha: float) -> FloatArray:
    """Yardstick of each row of shocks, shape (B,); see `NullMaxima`."""
    if search.kind == "volatility":
        return np.asarray(np.abs(shocks).mean(axis=1))
    return fit_student(shocks).quantile(n, alpha)


def stretches(days: Days, sized: FloatArray) -> tuple[int, float]:
    """Rank of the span's largest statistic among other stretches of the series as long, clear of known events.

    Returns
    -------
    (int, float)
        Stretches, and ``(1 + #) / (1 + stretches)``; NaN when there is none.
    """
    other = sized[days.clear & days.outside & np.isfinite(sized)]
    count = other.size // days.span.size
    if count == 0:
        return 0, float("nan")
    largest = other[: count * days.span.size].reshape(count, -1).max(axis=1)
    return count, upper_pvalue(float(sized[days.span].max()), largest)


def detectable(days: Days, search: Search, sums: FloatArray, scale: FloatArray, critical: float) -> float:
    """Effect that would have been found on four of five dates of the span, added to what each date did.

    In the unit of `sums` (return), or as a multiple of all sizes in the window (volatility). Dates near known events
    are left out where others exist.
    """
    calm = days.span[days.clear[days.span]]
    dates = calm if calm.size else days.span
    if search.kind == "volatility":
        needed = critical * scale[dates] / sums[dates]
    else:
        up, down = critical * scale[dates] - sums[dates], critical * scale[dates] + sums[dates]
        needed = {"up": up, "down": down, "any": np.concatenate((up, down))}[search.sign]
    return float(np.quantile(np.maximum(needed, 0.0), 0.8, method="higher"))
