"""What a study says of one pair's variance besides forecasts: event regressors, breaks, before and after, spillover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

import numpy as np

from eventstudy._typing import DateArray, FloatArray, Record
from eventstudy.domain.align import ResponseSeries
from eventstudy.domain.events import Event
from eventstudy.domain.intraday import iso_words
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.windows import EventWindow, Offsets
from eventstudy.engines.base import Dist
from eventstudy.engines.event_likelihood import EventKind, Form
from eventstudy.errors import InputError
from eventstudy.models.base import ExpectedReturn
from eventstudy.results import TestTable
from eventstudy.volatility.breaks import AROUND, VarianceBreaks, variance_breaks
from eventstudy.volatility.dated import AFTER, BEFORE, Placed, check_apart
from eventstudy.volatility.diurnal import Diurnal
from eventstudy.volatility.event_garch import MIN_DAYS, PATHS, SAMPLE, event_variance_test
from eventstudy.volatility.event_tests import EventVariance
from eventstudy.volatility.ranges import RangeVolatility, range_volatility
from eventstudy.volatility.realized import variance_change
from eventstudy.volatility.residuals import Residuals, residuals_around
from eventstudy.volatility.shapes import VarianceShape
from eventstudy.volatility.spillover import PairSpillover, SpilloverDesign, refused_pair, spillover

#: Sessions of residuals: a volatility sample before the stretch in which a break is looked for, and all that follows.
FIRST, LAST = SAMPLE[0] + AROUND[0], max(SAMPLE[1], AROUND[1])


@dataclass(frozen=True, kw_only=True)
class VarianceEvents:
    """What is asked of every pair's variance beside the forecast-based multipliers.

    Attributes
    ----------
    shape : VarianceShape
        The event regressor, one, fixed before results. It begins after day 0, whose move is the return and no evidence
        of volatility.
    form : {"multiplicative", "additive"}
        The regressor multiplies the variance, or is added to its recursion, which describes and decides nothing.
    kind : {"gjr", "garch"}
    dist : {"t", "normal"}
    bootstrap : int
        Paths behind the p to report; each is fitted twice, about two seconds a pair in all. 0: asymptotic rows only.
        A study refuses so few that the smallest p, 2 / (1 + bootstrap), lies above its alpha.
    before, after : (int, int)
        Sessions compared without a model; the second begin after day 0 as well.

    Raises
    ------
    InputError
        When an option is unknown, or day 0 or a session before it would count as volatility after the announcement.

    Examples
    --------
    >>> VarianceEvents(shape=VarianceShape.decay(1, half_life=20.0)).after
    (1, 20)
    """

    shape: VarianceShape = field(default_factory=VarianceShape.pulse)
    form: Form = "multiplicative"
    kind: EventKind = "gjr"
    dist: Dist = "t"
    bootstrap: int = PATHS
    before: Offsets = BEFORE
    after: Offsets = AFTER

    def __post_init__(self) -> None:
        for name, value, allowed in (("form", self.form, Form), ("kind", self.kind, EventKind)):
            if value not in get_args(allowed):
                raise InputError(f"variance events: {name} {value!r} is not one of {', '.join(get_args(allowed))}")
        if self.dist not in ("t", "normal"):
            raise InputError(f"variance events: dist {self.dist!r} is not one of t, normal")
        if self.bootstrap != 0 and self.bootstrap < 99:
            raise InputError(f"variance events: bootstrap = {self.bootstrap}; give at least 99 paths, or 0 for none")
        check_apart(self.before, self.after)
        for name, first in (("shape", self.shape.first), ("after", self.after[0])):
            if first < 1:
                raise InputError(
                    f"variance events: {name} begins on day {first}; begin on day 1 or later: the move of day 0 is the "
                    "announcement's own return, and would be taken for volatility"
                )

    @property
    def last(self) -> int:
        """Last session that is asked for; a shape without an end needs its first five."""
        return max(self.after[1], self.shape.first + MIN_DAYS - 1 if self.shape.last is None else self.shape.last)


@dataclass(frozen=True, kw_only=True, eq=False)
class PairVariance:
    """Event regressors, breaks, and variance before and after, of one pair.

    Attributes
    ----------
    event, instrument : str
    residual : ndarray, shape (S,)
        What the three were measured on: residuals of the study's model, whose coefficients end before the gap; of bars
        over the scale of their clock time. Breaks leave out sessions after the 99th.
    dates : ndarray of datetime64[D], shape (S,)
    regressor : EventVariance or None
    breaks : VarianceBreaks or None
    change : TestTable
        As `variance_change` gives it.
    ranges : RangeVolatility
        From the bars of the instrument, as they are; with its reason where there are none.
    reason : str
        Why there are no residuals; the first two are then None and `change` is empty.
    diurnal : Diurnal or None
        The pattern of the day that was taken out of bars; that of `ranges` is its own. None for one price a day.
    """

    event: str
    instrument: str
    residual: FloatArray = field(default_factory=lambda: np.empty(0))
    dates: DateArray = field(default_factory=lambda: np.empty(0, dtype="datetime64[D]"))
    regressor: EventVariance | None = None
    breaks: VarianceBreaks | None = None
    change: TestTable = field(default_factory=lambda: TestTable(()))
    ranges: RangeVolatility
    reason: str = ""
    diurnal: Diurnal | None = None

    def to_record(self) -> Record:
        """Plain dict for JSON; variances in the pair's squared unit."""
        found = self.regressor
        bars = {} if self.diurnal is None else {"diurnal": self.diurnal.to_record()}
        return bars | {
            "event": self.event, "instrument": self.instrument, "reason": self.reason,
            "sample_first": iso_words(self.dates[0]) if self.dates.size else None,
            "sample_last": iso_words(self.dates[-1]) if self.dates.size else None,
            "regressor": None if found is None else _regressor_record(found),
            "breaks": None if self.breaks is None else self.breaks.to_record(),
            "change": [t.to_record() for t in self.change],
            "ranges": {
                "reason": self.ranges.reason, "flat": self.ranges.flat, "before": self.ranges.before,
                "after": self.ranges.after, "tests": [t.to_record() for t in self.ranges.tests],
                **({} if self.ranges.diurnal is None else {"diurnal": self.ranges.diurnal.to_record()}),
            },
        }  # fmt: skip


def _regressor_record(found: EventVariance) -> Record:
    rows = found.to_frame().rename_axis("shape").reset_index().to_dict("records")
    return {
        "form": found.form, "kind": found.kind, "dist": found.dist, "n_sessions": found.dates.size,
        "shapes": rows, "tests": [t.to_record() for t in found.tests], "problem": found.problem,
        "reason": found.reason,
    }  # fmt: skip


def measure_variance_events(
    event: Event,
    series: ResponseSeries,
    position: int,
    model: ExpectedReturn,
    window: EventWindow,
    prices: PriceTable,
    spec: VarianceEvents,
    *,
    alpha: float,
    seed: int,
) -> PairVariance:
    """Ask every question of `spec` of one pair.

    Parameters
    ----------
    position : int
        Row of day 0.
    window : EventWindow
        The mean's coefficients end where its estimation window ends.
    prices : PriceTable
        For the bars.
    """
    instrument, placed = series.instrument, Placed(event, series.dates[position])
    found = _residuals_to(spec.last, series, position, model, (FIRST, window.estimation[1]))
    base = PairVariance(
        event=event.id, instrument=instrument.id,
        ranges=range_volatility(prices, instrument.id, event=placed, before=spec.before, after=spec.after),
    )  # fmt: skip
    if isinstance(found, str):
        return replace(base, reason=found)
    x, days, usual = found.residual, found.dates, found.offsets <= LAST
    return replace(
        base,
        residual=x,
        dates=days,
        diurnal=_pattern(found, instrument.tz),
        # The residuals of bars are without the pattern of the day already.
        regressor=event_variance_test(
            x, days, event=placed, instrument=instrument, shapes=(spec.shape,), form=spec.form, kind=spec.kind,
            dist=spec.dist, sample=(SAMPLE[0], max(SAMPLE[1], spec.last)), alpha=alpha,
            bootstrap=spec.bootstrap, seed=seed, diurnal=False,
        ),
        breaks=variance_breaks(
            x[usual], days[usual], event=placed, instrument=instrument, alpha=alpha, seed=seed, diurnal=False
        ),
        change=variance_change(
            x, days, event=placed, instrument=instrument, before=spec.before, after=spec.after, diurnal=False
        ),
    )  # fmt: skip


def _residuals_to(
    last: int, series: ResponseSeries, position: int, model: ExpectedReturn, window: Offsets
) -> Residuals | str:
    """Residuals to the `last` session after day 0 that has one, and to `LAST` at least, as far as the data go."""
    end = LAST
    while True:
        found = residuals_around(series, position, model, window, end)
        if isinstance(found, str):
            return found
        missing = last - (int((found.offsets >= 0).sum()) - 1)
        if missing <= 0 or position + end >= series.dates.size - 1:
            return found
        end += missing


def _pattern(found: Residuals, zone: str) -> Diurnal | None:
    """The pattern of the day that was taken out of the residuals; None where all bars are of one kind."""
    if found.hours is None or found.clock is None or np.unique(found.clock).size < 2:
        return None
    return Diurnal(
        scale=found.hours.scale[found.known], kind=found.clock, zone=zone, learnt=int(found.sample.estimation.sum()),
        before=True, left_out=found.hours.left_out,
    )  # fmt: skip


def measure_spillover(
    event: Event, source: str, targets: Sequence[str], prices: PriceTable, *, seed: int
) -> tuple[PairSpillover, ...]:
    """Spillover from one instrument to each target but itself; a target without prices has its reason."""
    design = SpilloverDesign(seed=seed)
    found: list[PairSpillover] = []
    for target in targets:
        if target == source:
            continue
        if target in prices:
            found += spillover(prices, source, [target], event=event, design=design).pairs
        else:
            found.append(refused_pair(source, target, event.id, design, f"the prices hold no {target}"))
    return tuple(found)
