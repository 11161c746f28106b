"""One pair beside other instruments: what is asked of it, and its controls on the dates of a real series."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

import numpy as np

from eventstudy._typing import FloatArray, IntArray
from eventstudy.abnormal import AbnormalReturns
from eventstudy.calibration.history import all_dates, away
from eventstudy.domain.events import Event, EventTable, catalog
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.windows import EventWindow, Offsets, Outcome, PairOutcome
from eventstudy.donors import default_controls, pooled_model, pooled_rank
from eventstudy.errors import UnknownNameError
from eventstudy.inference.base import PAIR_STATISTICS, Finding, PairView
from eventstudy.inference.single import MIN_PLACEBO
from eventstudy.inference.small_n import conley_taber, too_few_controls
from eventstudy.kernels.stats import Inapplicable
from eventstudy.models.base import ExpectedReturn
from eventstudy.pairs import PreparedSeries, fit_pairs, judge_day0, prepare_series

#: The function `pooled_controls`, and `conley_taber` on sums that are not standardised.
POOLED, UNSCALED = "pooled_controls", "conley_taber_car"
#: Dates whose controls are cut and fitted at once.
CHUNK = 50
CONTROL_KEYS = ("conley_taber", UNSCALED)
_NOT_ASKED = "controls were not asked for"


def check_keys(keys: Sequence[str]) -> None:
    """Refuse what cannot be asked of one pair.

    Raises
    ------
    UnknownNameError
    """
    known = [*(e.key for e in PAIR_STATISTICS), POOLED, UNSCALED]
    for key in keys:
        if key not in known:
            raise UnknownNameError("statistic of one pair", key, known)


def ask_beside(key: str, view: PairView, window: Offsets, pooled: FloatArray) -> Finding | Inapplicable:
    """The answer of one method on one pair; `pooled` are SCARs of its controls at their placebo dates."""
    if key == POOLED:
        return pooled_rank(view.abnormal, window, pooled, view.alpha)
    if key != UNSCALED:
        return PAIR_STATISTICS[key].obj(view, window)
    if isinstance(view.controls, str):
        return Inapplicable(view.controls)
    return conley_taber(float(view.abnormal.car(window).car[0]), view.controls.car(window).car)


def control_names(
    prices: PriceTable, instrument: str, model: ExpectedReturn, named: Sequence[str] | None
) -> tuple[str, ...]:
    """The controls of a study: named or by default, without the instrument and the model's benchmarks.

    Raises
    ------
    UnknownNameError
        When a named one is not among the prices.
    """
    known = prices.instruments
    names = default_controls(known[instrument], known) if named is None else tuple(dict.fromkeys(named))
    missing = [n for n in named or () if not prices.provides(n)]
    if missing:
        raise UnknownNameError("control", missing[0], prices.ids)
    return tuple(n for n in names if n not in (instrument, *(model.market or ())) and prices.provides(n))


def beside_at(
    keys: Sequence[str], prices: PriceTable, names: tuple[str, ...], model: ExpectedReturn, windows: EventWindow,
    prepared: PreparedSeries, rows: IntArray, others: EventTable | None,
) -> Iterator[tuple[AbnormalReturns | str, FloatArray]]:  # fmt: skip
    """Per row of the instrument's series what the methods `keys` look at: controls of that date, and pools."""
    nothing: list[AbnormalReturns | str] = [_NOT_ASKED] * rows.size
    ranked = controls_at(prices, names, model, windows, prepared, rows) if set(keys) & set(CONTROL_KEYS) else nothing
    known = catalog() if others is None else others
    empty = [np.empty(0)] * rows.size
    pools = pooled_at(prices, names, model, windows, prepared, rows, known) if POOLED in keys else empty
    return zip(ranked, pools, strict=True)


def controls_at(
    prices: PriceTable, names: tuple[str, ...], model: ExpectedReturn, windows: EventWindow, prepared: PreparedSeries,
    rows: IntArray,
) -> Iterator[AbnormalReturns | str]:  # fmt: skip
    """Per row of the instrument's series the controls of a study on that date, many dates cut at once."""
    if len(names) < MIN_PLACEBO:
        yield from [too_few_controls(len(names))] * rows.size
        return
    ready = {
        name: prepare_series(
            prices.with_derived([name]), name, model, windows, returns="instrument", calendar=None, studied=(),
            others=EventTable([]),
        )
        for name in names
    }  # fmt: skip
    assert windows.primary is not None
    for first in range(0, rows.size, CHUNK):
        candidates: list[tuple[PairOutcome, int]] = []
        chunk = [event_of(prepared, row) for row in rows[first : first + CHUNK].tolist()]
        for event in chunk:
            for one in ready.values():
                day0, pair = judge_day0(event, one, windows)
                if pair.outcome is Outcome.USED and day0.position is not None:
                    candidates.append((pair, day0.position))
        found, _ = fit_pairs(ready, candidates, windows, windows.primary) if candidates else (None, [])
        measured = np.array([] if found is None else [event for event, _ in found.pairs])
        for event in chunk:
            mine = np.flatnonzero(measured == event.id)
            yield too_few_controls(0) if found is None or mine.size == 0 else found.take(mine)


def pooled_at(
    prices: PriceTable, names: tuple[str, ...], model: ExpectedReturn, windows: EventWindow, prepared: PreparedSeries,
    rows: IntArray, others: EventTable,
) -> Iterator[FloatArray]:  # fmt: skip
    """Per row of the instrument's series the SCARs that `pooled_controls` ranks among on that date."""
    assert windows.primary is not None
    ready = [
        prepare_series(
            prices.with_derived([name]), name, pooled_model(model, name), windows, returns="instrument",
            calendar=None, studied=(), others=others,
        )
        for name in names
    ]  # fmt: skip
    dated = []
    for one in ready:
        first = judge_day0(event_of(prepared, int(rows[0])), one, windows)[0].position if rows.size else None
        placebo = all_dates(one, windows, like=first)
        dated += [] if isinstance(placebo, str) else [(one, placebo)]
    for row in rows.tolist():
        event = event_of(prepared, row)
        scars = []
        for one, placebo in dated:
            at = judge_day0(event, one, windows)[0].position
            kept = placebo if at is None else away(placebo, one, at, windows)
            scars.append(kept.scar(windows.primary))
        yield np.concatenate(scars) if scars else np.empty(0)


def event_of(prepared: PreparedSeries, row: int) -> Event:
    """An announcement whose day 0 is the row: its date, of bars the minute before the close."""
    series = prepared.series
    if series.closes is None:
        return Event(id=f"row {row}", announced=series.days[row].astype(dt.date), precision="weekend")
    close: dt.datetime = series.closes[row].astype("datetime64[s]").astype(dt.datetime)
    return Event(id=f"row {row}", announced=close.replace(tzinfo=dt.UTC) - dt.timedelta(minutes=1), precision="minute")
