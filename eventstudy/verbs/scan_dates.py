"""Every date of a scan judged as if it were the announcement: its abnormal response, or why it has none."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from eventstudy._typing import BoolArray, FloatArray, IntArray
from eventstudy.abnormal import AbnormalReturns
from eventstudy.domain.align import near_rows
from eventstudy.domain.intraday import when_words
from eventstudy.domain.windows import CLEAR_OF_EVENTS, EventWindow, Offsets, Outcome, PairOutcome
from eventstudy.errors import NothingUsableError
from eventstudy.inference.search import (
    FEWEST,
    Days,
)
from eventstudy.kernels.hour_scale import hour_scale
from eventstudy.kernels.resample import complete_windows
from eventstudy.pairs import PreparedSeries, fit_pairs
from eventstudy.volatility.base import VarianceModel


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """Every date of the series that can be judged.

    Attributes
    ----------
    rows : ndarray, shape (N,)
        Rows of the series.
    abnormal : AbnormalReturns
        One pair a date.
    days : Days
    skipped : dict
        Reason -> sessions of the span that cannot be judged.
    hour : ndarray, shape (N,), or None
        Of intraday bars the scale of each by its clock time, by which its residual in `days` was divided.
    """

    rows: IntArray
    abnormal: AbnormalReturns
    days: Days
    skipped: dict[str, int]
    hour: FloatArray | None

    def words_on(self, variance: VarianceModel) -> str:
        """The variance model in words."""
        return variance.label + ("" if self.hour is None else ", bars in the scale of their clock time")


def judge_dates(prepared: PreparedSeries, design: EventWindow, span: IntArray, window: Offsets) -> Judged:
    """Treat every session of the series as day 0 of an announcement, by the rules of every study."""
    series = prepared.series
    name = series.instrument.id
    pairs = [
        (PairOutcome(event=when_words(day), instrument=name, outcome=Outcome.USED), row)
        for row, day in enumerate(series.dates)
    ]
    abnormal, outcomes = fit_pairs({name: prepared}, pairs, design, (0, 0))
    used = np.array([o.outcome is Outcome.USED for o in outcomes])
    hour, rare = None, np.zeros_like(used)
    if abnormal is not None and abnormal.clock is not None:
        hour = _own_hours(abnormal)
        rare[np.flatnonzero(used)[np.isnan(hour)]] = True
        abnormal, hour, used = abnormal.take(np.flatnonzero(np.isfinite(hour))), hour[np.isfinite(hour)], used & ~rare
    # A window needs every session that it touches, the forecast's first one included.
    whole = _runs(used, min(window[0], 0), max(window[1], 0))
    skipped = Counter(outcomes[row].outcome.value.replace("_", " ") for row in span if not used[row] and not rare[row])
    skipped["clock time too rare in the estimation window"] = int(rare[span].sum())
    skipped["incomplete window"] = int((used & ~whole)[span].sum())
    rows = np.flatnonzero(used)
    entries = np.flatnonzero(np.isin(rows, span) & whole[rows])
    if abnormal is None or entries.size == 0:
        raise NothingUsableError(
            f"none of the {span.size} sessions of {name} from {when_words(series.dates[span[0]])} to "
            f"{when_words(series.dates[span[-1]])} "
            f"can be scanned: {_first_reason(outcomes, span, window, rare=bool(rare[span[0]]))}"
        )
    if rows.size < FEWEST:
        raise NothingUsableError(
            f"{rows.size} sessions of {name} have an abnormal response, a scan needs {FEWEST}: bring longer prices, or "
            f"shorten the estimation window of {design.estimation[1] - design.estimation[0] + 1} sessions"
        )
    near = near_rows(prepared.other_rows.values(), series.dates.size, before=CLEAR_OF_EVENTS, after=CLEAR_OF_EVENTS)
    residual = abnormal.ar[:, abnormal.columns((0, 0))][:, 0]
    residual = residual if hour is None else residual / hour
    days = Days(residual=residual, clear=~near[rows], span=entries)
    return Judged(rows=rows, abnormal=abnormal, days=days, skipped={k: n for k, n in skipped.items() if n}, hour=hour)


def _own_hours(abnormal: AbnormalReturns) -> FloatArray:
    """Scale of bar 0 of every pair, learnt from its own estimation window, shape (N,); see `hour_scale`."""
    clock, zero = abnormal.clock, abnormal.columns((0, 0)).start
    assert clock is not None
    pairs = zip(abnormal.ar, clock, abnormal.estimation, strict=True)
    return np.array([hour_scale(ar, kind, used, only=int(kind[zero]))[zero] for ar, kind, used in pairs])


def _runs(used: BoolArray, first: int, last: int) -> BoolArray:
    """Rows around which every session from `first` to `last` is used, shape as `used`."""
    whole = np.zeros_like(used)
    complete = complete_windows(used, last - first + 1)
    whole[-first : complete.size - first] = complete
    return whole


def _first_reason(outcomes: list[PairOutcome], span: IntArray, window: Offsets, *, rare: bool) -> str:
    """Why the first session of the span cannot be judged, in words."""
    first = outcomes[span[0]]
    if rare:
        return (
            f"bars of its clock time come too rarely in the estimation window before {first.event}; take a longer one"
        )
    if first.outcome is Outcome.USED:
        return f"the window [{window[0]},{window[1]}] around {first.event} leaves the data or meets a gap"
    return f"on {first.event} {first.outcome.value.replace('_', ' ')}, {first.detail}"
