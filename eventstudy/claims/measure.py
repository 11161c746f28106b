"""The test of each claim on its pair, at any level of confidence."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from eventstudy.claims.file import VARIANCE_KINDS, Claim
from eventstudy.domain.windows import Offsets
from eventstudy.inference.base import PairView
from eventstudy.inference.seen import NOT_MEASURED, Injections, Seen, injections, seen_of
from eventstudy.inference.single import same_bars, verdict
from eventstudy.kernels.resample import complete_windows, critical_value, rank_pvalue, smallest_pvalue, window_sums
from eventstudy.kernels.stats import Inapplicable
from eventstudy.measure import pair_seed
from eventstudy.study import StudyResult
from eventstudy.volatility.base import VarianceModel
from eventstudy.volatility.cumulative import CumulativeTest, Multipliers, by_placebo, by_simulation, multipliers
from eventstudy.volatility.response import VolatilityResponse

#: Windows that begin this many sessions before or after the claimed one compete with it.
AROUND = 5
#: Share of quiet windows whose move is smaller than the default `at_least`: the 1-in-20 move.
ONE_IN_20 = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One number with its interval at one level, and the reaction that would have been seen.

    Attributes
    ----------
    estimate, low, high, detectable : float
        In `unit`; a variance multiple when `null` is 1.
    pvalue, smallest_p : float
        Do not depend on the level.
    null : float
        Where nothing happened: 0, or 1 for a variance multiple.
    method : str
        The test, in words.
    seen : Seen
        How `detectable` is known; of a variance it comes from simulated paths and other dates.
    """

    estimate: float
    low: float
    high: float
    pvalue: float
    smallest_p: float
    detectable: float
    unit: str
    null: float = 0.0
    method: str = ""
    seen: Seen = NOT_MEASURED

    @property
    def clear(self) -> bool:
        """Whether the interval excludes the null."""
        return not self.low <= self.null <= self.high


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """A claim with the one pair that answers it.

    Attributes
    ----------
    claim : Claim
    result : StudyResult
        One event, one instrument, used.
    notes : tuple of str
        Which series was taken, and why not another.
    members : tuple of tuple of str
        Instruments behind a group's series: those added, those subtracted; empty for an instrument.
    others : tuple of int
        Sessions of other announcements, relative to day 0.
    added : dict
        Window -> the verdict's test at placebo dates; one dict for the claims that share a study.
    """

    claim: Claim
    result: StudyResult
    notes: tuple[str, ...] = ()
    members: tuple[tuple[str, ...], ...] = ()
    others: tuple[int, ...] = ()
    added: dict[Offsets, Injections | str] = field(default_factory=dict, repr=False)

    @property
    def instrument(self) -> str:
        """Id of the measured series."""
        return self.result.used[0].instrument

    @property
    def name(self) -> str:
        """Its name for a sentence."""
        return self.result.names[self.instrument]

    @property
    def window(self) -> Offsets:
        """Sessions of the claim's own number."""
        return self.claim.window or self.result.primary

    @property
    def volatility(self) -> VolatilityResponse:
        """Variance after day 0, at the study's level."""
        return self.result.volatility[0]

    def view(self, alpha: float) -> PairView:
        """What the statistics look at, with intervals at ``1 - alpha``."""
        outcome, abnormal = self.result.used[0], self.result.abnormal
        assert abnormal is not None
        study = self.result.study
        return PairView(
            abnormal=abnormal,
            placebo=self.result.placebo[outcome.event, outcome.instrument],
            variance=self.volatility.model or self.volatility.reason,
            alpha=alpha,
            draws=study.volatility.draws if study.volatility else 1999,
            seed=pair_seed(study.seed, outcome.event, outcome.instrument),
        )

    def read(self, alpha: float) -> Reading | str:
        """The claim's test with its interval at ``1 - alpha``; the reason, when there is none."""
        if self.claim.kind in VARIANCE_KINDS:
            return self.variance(alpha)
        if self.claim.kind == "identified":
            return _stands_out(self, alpha)
        return self.level(self.window, alpha)

    def level(self, window: Offsets, alpha: float) -> Reading | str:
        """Response over `window` by the verdict's test."""
        found = verdict(self.view(alpha), window)
        if isinstance(found, Inapplicable):
            return found.reason
        how = seen_of(self.injections(window), alpha)
        return Reading(
            estimate=found.estimate, low=found.low, high=found.high, pvalue=found.pvalue, smallest_p=found.smallest_p,
            detectable=how.size(found.estimate, found.low, found.high, found.se), unit=self._unit, method=found.law,
            seen=how,
        )  # fmt: skip

    def injections(self, window: Offsets) -> Injections | str:
        """The verdict's test at placebo dates, drawn once for all levels; or why there is none."""
        if window not in self.added:
            self.added[window] = injections(self.view(self.result.study.alpha), window)
        return self.added[window]

    def variance(self, alpha: float) -> Reading | str:
        """Mean variance multiple of days 1 to L, by the two tests of the volatility response."""
        response = self.volatility
        if not response.applicable:
            return response.reason
        tests, wide = self._variance_tests(alpha), self._variance_tests(0.4)
        return Reading(
            estimate=tests[0].multiple, low=min(t.low for t in tests), high=max(t.high for t in tests),
            pvalue=max(t.pvalue for t in tests), smallest_p=max(t.smallest_p for t in tests),
            unit="times the expected variance", null=1.0,
            # The multiple whose 20% point reaches the critical value: multiple / low is that value, / high(0.4) q20.
            detectable=max(w.high / t.low for t, w in zip(tests, wide, strict=True)),
            method=f"larger p of: {' and '.join(t.method for t in tests)}",
        )  # fmt: skip

    def usual(self) -> float:
        """The 1-in-20 move: exceeded by 5% of the windows without the event, in the unit of the effect."""
        if self.claim.kind in VARIANCE_KINDS:
            found = self._variance_tests(2.0 * ONE_IN_20)[0]
            return found.multiple / found.low
        return self.usual_level(self.window)

    def usual_level(self, window: Offsets) -> float:
        """95% point of the absolute sums of abnormal responses over equally long windows inside estimation.

        Of bars those of windows that begin at the same clock time.
        """
        abnormal = self.result.abnormal
        assert abnormal is not None
        inside, length = abnormal.estimation[0], window[1] - window[0] + 1
        sums = window_sums(np.where(inside, abnormal.ar[0], np.nan), length)
        keep = complete_windows(inside, length)
        if abnormal.clock is not None:
            keep = keep & same_bars(abnormal.clock, abnormal.columns(window).start, length)[0]
        return critical_value(sums[keep], ONE_IN_20)

    @property
    def _unit(self) -> str:
        abnormal = self.result.abnormal
        assert abnormal is not None
        return abnormal.units[0]

    @cached_property
    def _multipliers(self) -> Multipliers:
        """Realised and simulated multiples, the very ones of the study's volatility response."""
        study, view = self.result.study, self.view(self.result.study.alpha)
        assert study.volatility is not None
        assert isinstance(view.variance, VarianceModel)
        found = multipliers(
            view.variance, last=study.window.event[1], origin=study.volatility.origin, draws=view.draws, rng=view.rng(2)
        )
        assert isinstance(found, Multipliers)
        return found

    def _variance_tests(self, alpha: float) -> tuple[CumulativeTest, ...]:
        found, last, model = self._multipliers, self.volatility.last, self.volatility.model
        assert model is not None
        others = np.array(self.others, dtype=np.int64)
        tests = (
            by_simulation(found, last, alpha, "simulated paths", ""), by_placebo(model, found, last, others, alpha),
        )  # fmt: skip
        return tuple(t for t in tests if np.isfinite(t.pvalue))


def _stands_out(one: Measured, alpha: float) -> Reading | str:
    """The claimed window against the largest of those that begin up to five sessions around it.

    Both this placebo and the verdict's test must agree: the larger p, the interval that covers both.
    """
    level = one.level(one.window, alpha)
    if isinstance(level, str):
        return level
    view = one.view(alpha)
    if isinstance(view.placebo, str):
        return view.placebo
    shifts = neighbours(one)
    largest = np.max([np.abs(view.placebo.scar(w)) for w in shifts], axis=0)
    car = view.abnormal.car(one.window)
    critical, se, estimate = critical_value(largest, alpha), float(car.se[0]), level.estimate
    low, high = min(level.low, estimate - critical * se), max(level.high, estimate + critical * se)
    added, how = one.injections(one.window), level.seen
    if not isinstance(added, str):
        how = added.seen(np.maximum(added.halves(alpha), critical * added.se))
    return replace(
        level, low=low, high=high, pvalue=max(level.pvalue, rank_pvalue(float(car.scar[0]), largest)),
        smallest_p=max(level.smallest_p, smallest_pvalue(largest.size)),
        detectable=max(level.detectable, how.size(estimate, low, high, se)), seen=how,
        method=f"largest of {len(shifts)} windows at {largest.size} placebo dates; and {level.method}",
    )  # fmt: skip


def neighbours(one: Measured) -> list[Offsets]:
    """Windows as long as the claim's that begin up to five sessions before or after it."""
    (first, last), (start, end) = one.window, one.result.study.window.event
    return [(first + k, last + k) for k in range(-AROUND, AROUND + 1) if start <= first + k and last + k <= end]


def largest_neighbour(one: Measured) -> Offsets:
    """The one among `neighbours` with the largest standardised response."""
    abnormal = one.result.abnormal
    assert abnormal is not None
    return max(neighbours(one), key=lambda w: abs(float(abnormal.car(w).scar[0])))
