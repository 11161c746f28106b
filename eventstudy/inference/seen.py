"""What would have been seen: the verdict's own test with effects added at other dates of the same series."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from eventstudy._typing import FloatArray, IntArray
from eventstudy.abnormal import AbnormalReturns
from eventstudy.domain.windows import Offsets
from eventstudy.inference.base import PairView, PlaceboPaths
from eventstudy.inference.single import MIN_PLACEBO, mean_errors, scaled_sums, simulated_sums
from eventstudy.kernels.resample import critical_value
from eventstudy.volatility.base import VarianceModel

#: Fewest placebo dates on which a share of four fifths means anything.
FEWEST_DATES = 50
#: Placebo dates at most, evenly spread: four fifths are then good to 2.8 points.
MOST_DATES = 200
TARGET = 0.80
#: 80% point of the normal law: an effect this many standard deviations beyond the critical value is seen 4 times in 5.
POWER_80 = 0.8416


def detectable(estimate: float, low: float, high: float, se: float) -> float:
    """About the smallest effect seen with 80% power: half-width of the interval and 0.84 standard errors."""
    return max(high - estimate, estimate - low) + POWER_80 * se


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How the smallest effect that would have been seen with 80% power is known.

    Attributes
    ----------
    factor : float
        That effect in half-widths of the interval; NaN without placebo dates.
    dates : int
        Placebo dates at which effects were added; 0: the size is an approximation.
    reason : str
        Why there is no placebo date; empty otherwise.
    """

    factor: float = math.nan
    dates: int = 0
    reason: str = ""

    def size(self, estimate: float, low: float, high: float, se: float) -> float:
        """The effect, in the unit of the response; without placebo dates by `detectable`."""
        if not self.dates:
            return detectable(estimate, low, high, se)
        return self.factor * max(high - estimate, estimate - low)


NOT_MEASURED = Seen()


@dataclass(frozen=True, kw_only=True, eq=False)
class Injections:
    """The verdict's test at placebo dates of one pair, at any level.

    Attributes
    ----------
    estimate : ndarray, shape (D,)
        Sum over the window where nothing was announced.
    se : ndarray, shape (D,)
        Its forecast standard error.
    ranked : tuple of ndarray, length D
        Sums inside estimation, on the local scale of the date's own window.
    simulated : ndarray, shape (D, draws)
        Sums as FHS draws them from the session before the date.
    """

    estimate: FloatArray
    se: FloatArray
    ranked: tuple[FloatArray, ...]
    simulated: FloatArray

    def halves(self, alpha: float) -> FloatArray:
        """Half-width of the verdict's interval at every date, shape (D,)."""
        return np.array(
            [
                max(critical_value(inside, alpha), critical_value(drawn, alpha))
                for inside, drawn in zip(self.ranked, self.simulated, strict=True)
            ]
        )

    def seen(self, halves: FloatArray) -> Seen:
        """What is seen with its sign at four dates of five, in half-widths.

        An effect moves the estimate and nothing else. It is added in units of each date's own half-width, so that the
        dates give the law of the noise and the event gives the volatility: a date in calm times says nothing else of a
        turbulent one.
        """
        noise = self.estimate / halves
        needed = np.where(np.isfinite(halves), (1.0 - noise, 1.0 + noise), np.inf)
        factor = float(np.quantile(needed, TARGET, method="inverted_cdf"))
        return Seen(factor=factor, dates=self.estimate.size)


def seen_of(added: Injections | str, alpha: float) -> Seen:
    """What the verdict's test would have seen at `alpha`; the reason, where there are no placebo dates."""
    return Seen(reason=added) if isinstance(added, str) else added.seen(added.halves(alpha))


def injections(view: PairView, window: Offsets) -> Injections | str:
    """The verdict's test at the placebo dates inside the event's volatility sample, or why there are too few.

    The variance is the event's own model, filtered to the session before each date: one fit, none of it later than the
    estimation window.
    """
    if isinstance(view.placebo, str):
        return view.placebo
    if isinstance(view.variance, str):
        return view.variance
    ar, day0 = _dates(view.placebo, view.variance, min(window[0], 0))
    if ar is None:
        return f"{day0.size} placebo dates lie inside the volatility sample; {FEWEST_DATES} are needed"
    car = ar.car(window)
    found = scaled_sums(ar, car, studentised=True, local=True)
    good = np.isfinite(found.own) & (found.keep.sum(axis=1) >= MIN_PLACEBO)
    for i in np.flatnonzero(good):
        good[i] = not view.variance.unknown((int(day0[i]) + window[0], int(day0[i]) + window[1]))
    if good.sum() < FEWEST_DATES:
        return f"{int(good.sum())} placebo dates have a local scale; {FEWEST_DATES} are needed"
    rng, error = view.rng(min(window[0], 0), 4), mean_errors(ar, window)
    rows = np.flatnonzero(good)
    return Injections(
        estimate=car.car[rows],
        se=car.se[rows],
        ranked=tuple(found.own[i] * (found.sums[i] / found.scale[i])[found.keep[i]] for i in rows),
        simulated=np.array(
            [simulated_sums(view.variance, int(day0[i]), window, float(error[i]), view.draws, rng) for i in rows]
        ),
    )


def _dates(placebo: PlaceboPaths, variance: VarianceModel, origin: int) -> tuple[AbnormalReturns | None, IntArray]:
    """Usable placebo dates whose windows lie inside the volatility sample, and their sessions relative to day 0.

    None in place of too few.
    """
    ar = placebo.abnormal
    days = ar.dates[:, int(np.searchsorted(ar.offsets, 0))]
    fitted = variance.dates[: variance.n_fit]
    at = np.minimum(np.searchsorted(fitted, days), fitted.size - 1)
    inside = placebo.usable & (fitted[at] == days) & (at + origin >= 0) & (ar.dates[:, -1] <= fitted[-1])
    rows = np.flatnonzero(inside)
    if rows.size < FEWEST_DATES:
        return None, rows
    rows = rows[np.unique(np.linspace(0, rows.size - 1, min(MOST_DATES, rows.size)).round().astype(np.int64))]
    return ar.take(rows), variance.offsets[at[rows]]
