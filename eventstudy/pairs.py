"""Which (event, instrument) pairs can be studied: model, benchmark, day 0, data; a named outcome for each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from eventstudy._typing import BoolArray, IntArray
from eventstudy.abnormal import AbnormalReturns, abnormal_returns, combine
from eventstudy.domain.align import (
    AlignedSample,
    Block,
    ResponseSeries,
    Returns,
    event_rows,
    gather,
    mask_events,
    response_series,
)
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.instruments import Instrument
from eventstudy.domain.intraday import when_words
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.quality import Flag, frozen_rows, frozen_stretches
from eventstudy.domain.quality_intraday import apart_words
from eventstudy.domain.quality_table import broken_rows, check_table
from eventstudy.domain.timing import LaterMarket, later_markets
from eventstudy.domain.windows import Day0, EventWindow, Offsets, Outcome, PairOutcome, default_primary, find_day0
from eventstudy.errors import InputError, UnknownNameError
from eventstudy.models.base import ExpectedReturn, FittedModel
from eventstudy.models.benchmarks import ConstantMean
from eventstudy.models.lagged import LaggedMarket

#: Residuals this small beside the responses themselves are what rounding leaves, in any unit.
NO_SPREAD = 1e-10
#: Models that look at the market's sessions before.
WITH_LAGS = ("lagged_market", "dimson", "scholes_williams")


@dataclass(frozen=True, kw_only=True, eq=False)
class PreparedSeries:
    """One instrument ready for any number of events: its series, its model, and the events around it.

    Attributes
    ----------
    model : ExpectedReturn
        With its benchmarks resolved.
    frozen : ndarray, shape (n,)
        Rows in a run of repeated prices.
    other_rows : dict
        Event id -> row of day 0, for every known announcement.
    note : str
        Why this model was taken, when the user did not name it.
    later : tuple of LaterMarket
        Benchmarks that are struck after the instrument.
    broken : tuple of (int, Flag)
        Rows whose return, or a benchmark's, is no return, and why.
    apart : str
        Of intraday bars: how many closes have no price of a benchmark at that instant; empty where none.
    """

    series: ResponseSeries
    model: ExpectedReturn
    frozen: BoolArray
    other_rows: dict[str, int]
    note: str
    later: tuple[LaterMarket, ...] = ()
    broken: tuple[tuple[int, Flag], ...] = ()
    apart: str = ""

    @property
    def words(self) -> str:
        """The model and its benchmarks in words."""
        factors = self.series.factor_ids
        return f"{self.model.key.replace('_', ' ')} on {' and '.join(factors)}" if factors else self.model.label


def resolve_model(
    model: ExpectedReturn, instrument: Instrument, prices: PriceTable
) -> tuple[ExpectedReturn, tuple[str, ...], str]:
    """The model and benchmarks of one instrument, and a note when the default was changed.

    Raises
    ------
    InputError
        When the benchmark is the instrument itself, or a default benchmark is not among the prices.
    UnknownNameError
        When a named benchmark is not among the prices.
    """
    named = model.market
    if not model.needs_market:
        return model, (), ""
    factors = model.benchmarks(instrument, prices)
    if not factors:
        later = instrument.later_benchmark if prices.minutes is None else ()
        if model.key == "market_model" and later and all(prices.provides(f) for f in later):
            words = f"{' and '.join(later)}, struck later, with its session before"
            return LaggedMarket(later), later, f"{instrument.id} has no default benchmark: {words}"
        return ConstantMean(), (), f"{instrument.id} has no default benchmark: constant mean"
    if instrument.id in factors:
        raise InputError(
            f"the market {instrument.id!r} is the instrument itself: its abnormal return would be zero; "
            "name another market"
        )
    for factor in factors:
        if prices.provides(factor):
            continue
        if named is not None:
            raise UnknownNameError("market", factor, prices.ids)
        raise InputError(
            f"{instrument.id} is measured against {' and '.join(factors)}, but {factor} is not among the prices; "
            "add its file, name a market (--market), or use the constant mean (--model constant_mean)"
        )
    if named is not None:
        return model, factors, ""
    if factors == instrument.benchmark:
        return model, factors, f"default benchmark {' and '.join(factors)}"
    return model, factors, f"{len(factors)} other instruments: {', '.join(factors)}"


def prepare_series(
    prices: PriceTable,
    instrument: str,
    model: ExpectedReturn,
    window: EventWindow,
    *,
    returns: Returns,
    calendar: str | None,
    studied: Iterable[Event],
    others: EventTable,
) -> PreparedSeries:
    """Responses of one instrument, with the sessions of other announcements marked."""
    chosen, factors, note = resolve_model(model, prices.instruments[instrument], prices)
    table = prices.with_derived(factors)
    series = response_series(
        table, instrument, factors, policy=window.policy, returns=returns, calendar=calendar
    )  # fmt: skip
    chosen, series = chosen.bound(series)
    everything = {e.id: e for e in (*others.values(), *studied)}
    masked = mask_events(series, everything.values(), max_delay=window.max_delay)
    rows = event_rows(masked, everything.values(), max_delay=window.max_delay)
    records = table.instruments
    # Bars of a benchmark close when the instrument's do, whatever the hour of its daily price.
    after = () if series.closes is not None else tuple(records[f] for f in factors)
    later = later_markets(records[instrument], after, lagged=chosen.key in WITH_LAGS)
    frozen = frozen_rows(series.level, series.closes)
    apart = "" if series.closes is None else apart_words(table, instrument, factors)
    return PreparedSeries(
        series=masked, model=chosen, frozen=frozen, other_rows=rows, note=note, later=later, apart=apart
    )


def judge_day0(event: Event, prepared: PreparedSeries, window: EventWindow) -> tuple[Day0, PairOutcome]:
    """Day 0 of a pair, and its outcome as far as dates alone decide it."""
    series = prepared.series
    day0 = find_day0(event, series.instrument, series.dates)
    pair = PairOutcome(event=event.id, instrument=series.instrument.id, outcome=Outcome.USED)
    first = series.days[0].astype(dt.date)
    if series.closes is not None and day0.ambiguous and not event.has_instant:
        detail = f"the announcement has no clock time ({event.when}): its bar cannot be told; give one, or daily prices"
        return day0, replace(pair, outcome=Outcome.NO_CLOCK_TIME, detail=detail)
    if day0.session is None:
        last = series.days[-1].astype(dt.date)
        return day0, replace(
            pair, outcome=Outcome.EVENT_AFTER_DATA, detail=f"the data end on {last}, before the announcement can show"
        )
    wait = (day0.session - event.date).days
    if event.date < first and wait > window.max_delay:
        return day0, replace(pair, outcome=Outcome.EVENT_BEFORE_DATA, detail=f"the data begin on {first}")
    if wait > window.max_delay:
        return day0, replace(
            pair,
            outcome=Outcome.GAP_IN_WINDOW,
            detail=f"the first price after the announcement is {wait} days later, on {day0.session}",
        )
    return day0, pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """Pairs as far as dates alone decide them.

    Attributes
    ----------
    day0s : list of Day0
        Of every pair whose instrument is among the prices.
    outcomes : list of PairOutcome
        Of every pair, in order.
    candidates : list of (PairOutcome, int)
        Pairs that dates did not rule out, with the row of their day 0.
    """

    day0s: list[Day0] = field(default_factory=list)
    outcomes: list[PairOutcome] = field(default_factory=list)
    candidates: list[tuple[PairOutcome, int]] = field(default_factory=list)


def judge_dates(
    events: Iterable[Event], instruments_of: Callable[[Event], Iterable[str]], prepared: dict[str, PreparedSeries],
    window: EventWindow, *, allow_unusable: bool,
) -> Dated:  # fmt: skip
    """Day 0 of every (event, instrument) pair, and which pairs go on to be measured."""
    found = Dated()
    for event in events:
        for name in instruments_of(event):
            if name not in prepared:
                words = "the prices hold no such instrument"
                unknown = PairOutcome(event=event.id, instrument=name, outcome=Outcome.UNKNOWN_INSTRUMENT, detail=words)
                found.outcomes.append(unknown)
                continue
            day0, pair = judge_day0(event, prepared[name], window)
            if not event.usable and not allow_unusable:
                pair = replace(pair, outcome=Outcome.UNUSABLE_EVENT, detail=event.reason)
            found.day0s.append(day0)
            found.outcomes.append(pair)
            if pair.outcome is Outcome.USED and day0.position is not None:
                found.candidates.append((pair, day0.position))
    return found


def _judge_sample(
    pairs: list[PairOutcome],
    sample: AlignedSample,
    prepared: PreparedSeries,
    positions: IntArray,
    window: EventWindow,
    primary: Offsets,
) -> list[PairOutcome]:
    """Outcome of every pair of one instrument once its windows are cut: staleness, gaps, too little data, overlap."""
    counts = sample.estimation.sum(axis=1)
    masked = (sample.masked & sample.valid).sum(axis=1)
    missing = ~sample.valid[:, sample.columns(primary)]
    spans = np.diff(sample.dates[:, sample.columns((primary[0] - 1, primary[1]))])
    spans = spans.astype("timedelta64[D]").astype(np.int64)
    spans = np.where(missing, 0, spans)
    judged = []
    for row, pair in enumerate(pairs):
        pair = replace(
            pair,
            estimation_sessions=int(counts[row]),
            other_sessions=int(masked[row]),
            masked_sessions=int(masked[row]) if window.overlap == "mask" else 0,
        )
        stale = _staleness(prepared, int(positions[row]), window, primary)
        broken = "" if stale else _breakage(prepared, int(positions[row]), window, primary)
        if stale:
            pair = replace(pair, outcome=Outcome.STALE_PRICES, detail=stale)
        elif broken:
            pair = replace(pair, outcome=Outcome.BROKEN_PRICES, detail=broken)
        elif counts[row] < window.needed:
            detail = f"{counts[row]} valid sessions in the estimation window, {window.needed} needed{prepared.apart}"
            pair = replace(pair, outcome=Outcome.TOO_FEW_ESTIMATION_DAYS, detail=detail)
        elif missing[row].any() and window.missing == "refuse":
            sessions = ", ".join(str(o) for o in np.arange(primary[0], primary[1] + 1)[missing[row]])
            detail = f"no response (or no benchmark) on session {sessions} of the primary window{prepared.apart}"
            pair = replace(pair, outcome=Outcome.GAP_IN_WINDOW, detail=detail)
        elif spans[row].max() > window.max_delay and window.missing == "refuse":
            detail = (
                f"a return of the primary window spans {spans[row].max()} calendar days: no reaction of one session"
            )
            pair = replace(pair, outcome=Outcome.GAP_IN_WINDOW, detail=detail)
        elif window.overlap == "drop" and masked[row]:
            detail = f"{masked[row]} sessions of other announcements in the estimation window"
            pair = replace(pair, outcome=Outcome.OVERLAPS_EVENT, detail=detail)
        judged.append(pair)
    return judged


def _staleness(prepared: PreparedSeries, position: int, window: EventWindow, primary: Offsets) -> str:
    """Words on a frozen feed in the primary window, or through most of the estimation window."""
    frozen, series = prepared.frozen, prepared.series
    if series.unit != "fraction" and series.instrument.role == "stocks":
        return ""  # warehouse stocks and premiums may rest honestly
    near = frozen[max(0, position + primary[0] - 1) : position + primary[1] + 1]
    estimation = frozen[max(0, position + window.estimation[0]) : position + window.estimation[1] + 1]
    if not near.any() and (estimation.size == 0 or estimation.mean() <= 0.5):
        return ""
    stretches = frozen_stretches(series.level, series.closes)
    first, last = min(stretches, key=lambda run: max(run[0] - position, position - run[1], 0))
    run = f"{when_words(series.dates[first])}..{when_words(series.dates[last])}"
    here = f"the price stands at {series.level[position]:g} on day 0" if near.any() else "most of the estimation window"
    return (
        f"the feed is frozen over {run} ({last - first + 1} sessions of repeated prices); {here}: "
        "no effect can be measured with this series"
        + (", use an LME price" if series.instrument.exchange == "COMEX" else "")
    )


def with_breaks(prepared: PreparedSeries, flags: Iterable[Flag]) -> PreparedSeries:
    """The series with the rows marked that findings about it or its benchmarks spoil.

    Donors of a synthetic control are left to its own screen, which drops them one by one.
    """
    series = prepared.series
    names = (series.instrument.id, *(() if prepared.model.key == "synthetic_control" else series.factor_ids))
    found = list(flags)
    return replace(prepared, broken=tuple(b for name in names for b in broken_rows(found, name, series.days)))


def _breakage(prepared: PreparedSeries, position: int, window: EventWindow, primary: Offsets) -> str:
    """Words on a return that is none: inside the primary window, or a change of unit where the model is fitted."""
    for row, flag in prepared.broken:
        offset = row - position
        inside = primary[0] <= offset <= primary[1]
        fitted = flag.kind == "unit_mismatch" and window.estimation[0] <= offset <= window.estimation[1]
        if inside or fitted:
            where = f"session {offset} of the primary window" if inside else "the estimation window"
            own = flag.instrument == prepared.series.instrument.id
            whose = flag.instrument if own else f"the benchmark {flag.instrument}"
            return f"{flag.kind.replace('_', ' ')} of {whose} in {where}: {flag.evidence}; {flag.meaning}"
    return ""


def fit_pairs(
    prepared: dict[str, PreparedSeries],
    candidates: list[tuple[PairOutcome, int]],
    window: EventWindow,
    primary: Offsets,
) -> tuple[AbnormalReturns | None, list[PairOutcome]]:
    """Cut, judge and fit every candidate pair, instrument by instrument.

    Parameters
    ----------
    candidates : list of (PairOutcome, int)
        Pairs that dates alone did not rule out, with the row of their day 0.

    Returns
    -------
    AbnormalReturns or None
        The used pairs, in the order of `candidates`; None when none is left.
    list of PairOutcome
        Outcome of every candidate, in order.
    """
    parts: list[AbnormalReturns] = []
    order: list[int] = []
    outcomes = [pair for pair, _ in candidates]
    for name in dict.fromkeys(pair.instrument for pair, _ in candidates):
        rows = [i for i, (pair, _) in enumerate(candidates) if pair.instrument == name]
        one = prepared[name]
        positions = np.array([candidates[i][1] for i in rows])
        block = Block(series=one.series, events=tuple(outcomes[i].event for i in rows), positions=positions)
        sample = gather(block, window.offsets, window.estimation, mask=window.overlap == "mask")
        judged = _judge_sample([outcomes[i] for i in rows], sample, one, positions, window, primary)
        good = np.flatnonzero([pair.outcome is Outcome.USED for pair in judged])
        if good.size:
            fit = one.model.fit(sample.take(good))
            size = np.sqrt(np.mean(sample.response[good] ** 2, axis=1, where=sample.estimation[good]))
            for row, k in enumerate(good):
                judged[k] = _judge_fit(judged[k], fit, row, NO_SPREAD * float(size[row]), one)
            fitted = np.flatnonzero([judged[k].outcome is Outcome.USED for k in good])
            parts.append(abnormal_returns(sample.take(good), fit).take(fitted))
            order += [rows[k] for k in good[fitted]]
        for i, pair in zip(rows, judged, strict=True):
            outcomes[i] = pair
    kept = [part for part in parts if part.n_pairs]
    if not kept:
        return None, outcomes
    return combine(kept).take(np.argsort(np.array(order), kind="stable")), outcomes


def _judge_fit(pair: PairOutcome, fit: FittedModel, row: int, rounding: float, prepared: PreparedSeries) -> PairOutcome:
    """Outcome of a fitted pair; residuals no larger than `rounding`, in its unit, do not vary."""
    note = fit.note(row)
    if fit.singular[row]:
        factors = " and ".join(prepared.series.factor_ids)
        detail = f"{factors} is constant or collinear over the estimation window: the regression has no solution"
        return replace(pair, outcome=Outcome.SINGULAR_MARKET, detail=note or detail)
    if not fit.sigma[row] > rounding:
        detail = "the residuals do not vary over the estimation window"
        if not fit.dof[row] > 0:
            detail = f"{pair.estimation_sessions} estimation sessions are too few for the model's coefficients"
        return replace(pair, outcome=Outcome.NO_VARIATION, detail=detail)
    return replace(pair, detail=note)


def primary_of(window: EventWindow, day0s: list[Day0]) -> Offsets:
    """The primary window: the user's, else by the named rule; it must fit in the event window."""
    primary = window.primary or default_primary(day0s)
    if primary[0] < window.event[0] or primary[1] > window.event[1]:
        raise InputError(
            f"primary window [{primary[0]},{primary[1]}] (because the instant is ambiguous) does not fit in the event "
            f"window [{window.event[0]},{window.event[1]}]; widen `event` or name `primary`"
        )
    return primary


def ids_of(prepared: dict[str, PreparedSeries], more: Iterable[str] = ()) -> list[str]:
    """Instruments and their benchmarks, then `more`."""
    return list(dict.fromkeys([*(i for name in prepared for i in (name, *prepared[name].series.factor_ids)), *more]))


def findings(prices: PriceTable, used: list[str]) -> tuple[Flag, ...]:
    """What is wrong with the series of a study, as far as no exchange's calendar is needed to tell."""
    return check_table(prices.only(used), calendars=False) if used else ()
