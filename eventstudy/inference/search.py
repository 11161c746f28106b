"""The largest of many dates: statistics of every date of a span, and what the largest does when nothing happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from eventstudy._typing import BoolArray, FloatArray, IntArray
from eventstudy.domain.windows import Offsets
from eventstudy.kernels.garch import GarchParams
from eventstudy.kernels.maxima import (
    filtered_backwards,
    fit_student,
    paths_and_variances,
    student_shocks,
    variance_ahead,
)
from eventstudy.kernels.resample import upper_pvalue, window_sums
from eventstudy.volatility.base import VarianceModel

Kind = Literal["return", "volatility"]
Sign = Literal["up", "down", "any"]
#: Whose volatility a response is measured in: that of the sessions before, or of those before and after.
Against = Literal["before", "around"]

#: With at least this many undisturbed sessions outside the span, the law of the shocks is fitted there alone.
ENOUGH_OUTSIDE = 750
#: Fewest sessions with a residual for any statement about a largest value: one year.
FEWEST = 250
#: Simulated values held at a time.
_CHUNK = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for: the kind of reaction, its sign, and the sessions it takes, relative to each date."""

    kind: Kind
    sign: Sign
    window: Offsets
    against: Against = "before"

    @property
    def reach(self) -> Offsets:
        """First session of the forecast and last of the backcast: the window, and day 0 when that lies outside it."""
        return min(self.window[0], 0), max(self.window[1], 0)

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

    def scale(self, params: GarchParams, ahead: FloatArray, behind: FloatArray) -> FloatArray:
        """What the sessions before the window, or around it, lead one to expect of it.

        Standard deviation of the sum (return): from the variance forecast the session before, or the mean of that and
        of the one that looks back from the session after. Sum of the standard deviations forecast the session before
        (volatility): what comes after is the effect.

        Parameters
        ----------
        ahead, behind : ndarray, shape (n, ...)
            Variance of session ``reach[0]`` given those before it, of ``reach[1]`` given those after it.
        """
        (first, last), (start, end) = self.window, self.reach
        forward = variance_ahead(params, ahead, last - start + 1)[first - start :]
        if self.kind == "volatility":
            return np.asarray(np.sqrt(forward).sum(axis=0))
        expected = forward.sum(axis=0)
        if self.against == "around":
            backward = variance_ahead(params, behind, end - first + 1)[end - last :]
            expected = 0.5 * (expected + backward.sum(axis=0))
        return np.asarray(np.sqrt(expected))

    def sized(self, values: FloatArray) -> FloatArray:
        """Statistics turned so that large values speak for the claim; logarithms of ratios (volatility)."""
        if self.kind == "volatility":
            return np.log(values)
        return values if self.sign == "up" else -values if self.sign == "down" else np.abs(values)

    def statistics(self, e: FloatArray, ahead: FloatArray, behind: FloatArray, params: GarchParams) -> FloatArray:
        """Sum over what was expected, for every date whose sessions exist, shape (T - reach, ...).

        Parameters
        ----------
        e, ahead, behind : ndarray, shape (T, ...)
            Residuals and their variances given the sessions before, and given those after.
        """
        (first, _), (start, end) = self.window, self.reach
        count = e.shape[0] - end + start
        sums = self.sums(e)[first - start :][:count]
        return sums / self.scale(params, ahead[:count], behind[end - start :])

    def yardstick(self, sample: FloatArray, n: int, alpha: float) -> tuple[FloatArray, FloatArray]:
        """Centre and size, each of shape (B,), by which the largest of `n` sized statistics is compared.

        From the statistics on undisturbed dates, shape (dates, B). Return: zero, and the size that the largest of `n`
        shocks of the Student law fitted to them exceeds with probability `alpha`. Volatility: mean and standard
        deviation of the logarithms.
        """
        if self.kind == "volatility":
            logs = np.log(sample)
            return np.asarray(logs.mean(axis=0)), np.asarray(logs.std(axis=0))
        size = fit_student(np.ascontiguousarray(sample.T)).quantile(n, alpha)
        return np.zeros_like(size), size


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
    """Largest statistics of simulated series in which nothing happened.

    Attributes
    ----------
    largest : ndarray, shape (draws, groups)
        Per simulated series and group of dates: the largest sized statistic, less the centre and over the size of
        that series' own yardstick.
    centre, size : float
        Yardstick of the data.
    dof : float
        Degrees of freedom of the shocks.
    sessions : int
        Undisturbed dates on which the yardstick rests.
    """

    largest: FloatArray
    centre: float
    size: float
    dof: float
    sessions: int

    def pvalues(self, sized: FloatArray, group: int = 0) -> FloatArray:
        """``(1 + #{simulated largest >= value}) / (1 + draws)``, shape as `sized`."""
        ordered = np.sort(self.largest[:, group])
        at_least = ordered.size - np.searchsorted(ordered, (sized - self.centre) / self.size, side="left")
        return np.asarray((1.0 + at_least) / (1.0 + ordered.size))

    def critical(self, alpha: float) -> float:
        """Sized statistic from which on a date is found."""
        k = int(np.floor(alpha * (1 + self.largest.shape[0]) + 1e-12))
        return self.centre + self.size * float(np.sort(self.largest[:, 0])[-k])


def window_scale(days: Days, variance: VarianceModel, search: Search) -> FloatArray:
    """`Search.scale` of every entry as day 0, shape (N,); NaN where its sessions leave the data."""
    before, after = search.reach
    n = days.residual.size
    ahead, behind = np.full(n, np.nan), np.full(n, np.nan)
    ahead[-before:] = variance.variance[: n + before]
    if search.against == "around":
        behind[: n - after] = _backwards(variance.linear, days.residual[:, None])[after:, 0]
    return search.scale(variance.linear, ahead, behind)


def _backwards(params: GarchParams, e: FloatArray) -> FloatArray:
    """Variance of every session given those after it, shape (T, B); the last has the mean of all."""
    return filtered_backwards(params, np.mean(e**2, axis=0), e)


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
    """Simulate the whole series from the fitted variance recursion, and do to it what was done to the data.

    Parameters
    ----------
    groups : sequence of int arrays
        Positions in ``days.span`` whose largest statistic is wanted.

    Notes
    -----
    The largest statistic is divided by what the statistics of undisturbed dates lead one to expect of it, in the data
    and in every simulated series (prepivoting: Beran 1988, JASA 83:687-697). Estimation error of that yardstick is so
    allowed for, and a series whose shocks are larger or smaller than the model's is measured by its own. The
    coefficients of the variance recursion are taken as known.
    """
    z = days.residual / np.sqrt(variance.variance[: days.residual.size])
    law = fit_student(z[days.sample][None])
    inverse_dof, spread = float(law.inverse_dof[0]), float(law.scale[0])
    before, after = search.reach
    # Entries whose every session exists, counted from the first such.
    there = np.arange(-before, z.size - after)
    sample, span = np.flatnonzero(days.sample[there]), days.span + before

    def measure(e: FloatArray, ahead: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        behind = _backwards(variance.linear, e) if search.against == "around" else ahead
        values = search.statistics(e, ahead, behind, variance.linear)
        return search.sized(values[span]), *search.yardstick(values[sample], span.size, alpha)

    _, centre, size = measure(days.residual[:, None], variance.variance[: z.size, None])
    step = max(1, _CHUNK // z.size)
    largest = np.empty((draws, len(groups)))
    for done in range(0, draws, step):
        shocks = spread * student_shocks(inverse_dof, (z.size, min(step, draws - done)), rng)
        own, middle, width = measure(*paths_and_variances(variance.linear, float(variance.variance[0]), shocks))
        for g, group in enumerate(groups):
            largest[done : done + shocks.shape[1], g] = (own[group].max(axis=0) - middle) / width
    return NullMaxima(
        largest=largest, centre=float(centre[0]), size=float(size[0]), dof=1.0 / inverse_dof, sessions=sample.size
    )


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
