"""From prices to aligned responses: one series beside its benchmarks, cut into windows around day 0."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from eventstudy._typing import BoolArray, Change, DateArray, FloatArray, IntArray, Policy
from eventstudy.domain.events import Event
from eventstudy.domain.instruments import Instrument, instruments
from eventstudy.domain.intraday import clock_of, is_intraday, local_times
from eventstudy.domain.prices import PriceTable, respond
from eventstudy.domain.windows import MAX_DELAY_DAYS, OTHER_EVENT_SPAN, Offsets, columns_of, find_day0

#: How log and simple instruments are measured in this study; ``instrument``: each by its own record.
Returns = Literal["instrument", "log", "simple"]


@dataclass(frozen=True, kw_only=True, eq=False)
class AlignedSample:
    """N pairs on a common axis of T offsets. Nothing is filled; `valid` says what exists.

    Attributes
    ----------
    pairs : tuple of (str, str)
        Event id and instrument id, length N.
    factor_ids : tuple of str
        Benchmarks, length K.
    offsets : ndarray, shape (T,)
        Sessions relative to day 0, ascending, consecutive.
    response : ndarray, shape (N, T)
        In `units`; NaN where not valid.
    factors : ndarray, shape (N, T, K)
    valid : ndarray, shape (N, T)
        Response and all factors exist.
    masked : ndarray, shape (N, T)
        Sessions of another announcement.
    estimation : ndarray, shape (N, T)
        Valid sessions of the estimation window that are not masked.
    dates : ndarray of datetime64[D], shape (N, T)
        NaT beyond the data. Of intraday bars their closes in UTC, ``datetime64[s]``.
    levels : ndarray, shape (N, T)
        The series itself, for pictures and staleness.
    units : tuple of str
        Unit of each pair's response.
    market : ndarray, shape (N, T), or None
        Response of the market, whether or not the model uses it; NaN where it has none. For market-adjusted
        buy-and-hold responses.
    changes : tuple of Change
        How a price becomes a response, length N; empty: not known.
    clock : ndarray, shape (N, T), or None
        Of intraday bars what makes them comparable, see `clock_of`; -1 beyond the data.
    """

    pairs: tuple[tuple[str, str], ...]
    factor_ids: tuple[str, ...]
    offsets: IntArray
    response: FloatArray
    factors: FloatArray
    valid: BoolArray
    masked: BoolArray
    estimation: BoolArray
    dates: DateArray
    levels: FloatArray
    units: tuple[str, ...]
    market: FloatArray | None = None
    changes: tuple[Change, ...] = ()
    clock: IntArray | None = None

    @property
    def n_pairs(self) -> int:
        """Number of pairs, N."""
        return len(self.pairs)

    def columns(self, window: Offsets) -> slice:
        """Columns of the offsets ``window[0]..window[1]``."""
        return columns_of(self.offsets, window)

    def take(self, rows: IntArray) -> AlignedSample:
        """The pairs in `rows`, in that order."""
        return AlignedSample(
            pairs=tuple(self.pairs[i] for i in rows), factor_ids=self.factor_ids, offsets=self.offsets,
            response=self.response[rows], factors=self.factors[rows], valid=self.valid[rows],
            masked=self.masked[rows], estimation=self.estimation[rows], dates=self.dates[rows],
            levels=self.levels[rows], units=tuple(self.units[i] for i in rows),
            market=None if self.market is None else self.market[rows],
            changes=tuple(self.changes[i] for i in rows) if self.changes else (),
            clock=None if self.clock is None else self.clock[rows],
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class ResponseSeries:
    """One instrument's responses beside its benchmarks', on the calendar that the policy chose.

    Attributes
    ----------
    instrument : Instrument
    factor_ids : tuple of str, length K
    dates : ndarray of datetime64[D], shape (n,)
        Of intraday bars their closes in UTC, ``datetime64[s]``.
    level, response : ndarray, shape (n,)
    factors : ndarray, shape (n, K)
    masked : ndarray, shape (n,)
        Sessions of announcements other than those under study.
    unit : str
        Unit of the response.
    market : ndarray, shape (n,), or None
        Response of the market over the same spans: the calendar's instrument, else the only benchmark.
    change : Change
        How a price becomes a response here.
    """

    instrument: Instrument
    factor_ids: tuple[str, ...]
    dates: DateArray
    level: FloatArray
    response: FloatArray
    factors: FloatArray
    masked: BoolArray
    unit: str
    market: FloatArray | None = None
    change: Change = "as_is"

    @cached_property
    def valid(self) -> BoolArray:
        """Response and all factors exist, shape (n,)."""
        return np.isfinite(self.response) & np.isfinite(self.factors).all(axis=1)

    @property
    def closes(self) -> DateArray | None:
        """Closes of intraday bars in UTC; None for a daily series."""
        return self.dates if is_intraday(self.dates) else None

    @cached_property
    def days(self) -> DateArray:
        """Local date of every row, ``datetime64[D]``, shape (n,)."""
        if self.closes is None:
            return self.dates
        return np.asarray(local_times(self.dates, self.instrument.tz).astype("datetime64[D]"))

    @cached_property
    def clock(self) -> IntArray | None:
        """What makes intraday bars comparable, shape (n,), see `clock_of`; None for a daily series."""
        return None if self.closes is None else clock_of(self.dates, self.instrument.tz)


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """Pairs to cut out of one series: their events and the rows of their day 0."""

    series: ResponseSeries
    events: tuple[str, ...]
    positions: IntArray


def gather(block: Block, offsets: IntArray, estimation: Offsets, *, mask: bool) -> AlignedSample:
    """Cut the windows of every position out of one series.

    Rows beyond the data are invalid. With ``mask`` the sessions in ``series.masked`` leave the estimation window.
    """
    series = block.series
    cut = partial(_cut, positions=block.positions, offsets=offsets)
    valid, masked = cut(series.valid, False), cut(series.masked, False)
    in_estimation = (offsets >= estimation[0]) & (offsets <= estimation[1])
    used = valid & in_estimation & (~masked if mask else True)
    return AlignedSample(
        pairs=tuple((e, series.instrument.id) for e in block.events),
        factor_ids=series.factor_ids,
        offsets=offsets,
        response=cut(np.where(series.valid, series.response, np.nan), np.nan),
        factors=cut(np.where(series.valid[:, None], series.factors, np.nan), np.nan),
        valid=valid,
        masked=masked & in_estimation,
        estimation=used,
        dates=cut(series.dates, np.datetime64("NaT")),
        levels=cut(series.level, np.nan),
        units=(series.unit,) * len(block.events),
        market=None if series.market is None else cut(series.market, np.nan),
        changes=(series.change,) * len(block.events),
        clock=None if series.clock is None else cut(series.clock, -1),
    )


def _cut(values: NDArray[Any], beyond: Any, *, positions: IntArray, offsets: IntArray) -> NDArray[Any]:
    """Rows ``positions + offsets`` of `values`, shape (N, T, ...); `beyond` where there is none.

    Whole windows are copied out of the padded series: several times as fast as looking up every element.
    """
    rows = positions + offsets[0]
    before = max(0, -int(rows.min(initial=0)))
    after = max(0, int(rows.max(initial=0)) + offsets.size - len(values))
    padding = [(before, after), *[(0, 0)] * (values.ndim - 1)]
    padded = np.pad(values, padding, constant_values=beyond)
    windows = np.lib.stride_tricks.sliding_window_view(padded, offsets.size, axis=0)[rows + before]
    return np.ascontiguousarray(np.moveaxis(windows, -1, 1))


def stack(samples: list[AlignedSample]) -> AlignedSample:
    """Pairs of several instruments in one sample; they share offsets and the number of factors."""
    first = samples[0]
    return AlignedSample(
        pairs=tuple(p for s in samples for p in s.pairs),
        factor_ids=first.factor_ids,
        offsets=first.offsets,
        response=np.concatenate([s.response for s in samples]),
        factors=np.concatenate([s.factors for s in samples]),
        valid=np.concatenate([s.valid for s in samples]),
        masked=np.concatenate([s.masked for s in samples]),
        estimation=np.concatenate([s.estimation for s in samples]),
        dates=np.concatenate([s.dates for s in samples]),
        levels=np.concatenate([s.levels for s in samples]),
        units=tuple(u for s in samples for u in s.units),
        market=np.concatenate([np.full(s.response.shape, np.nan) if s.market is None else s.market for s in samples]),
        changes=tuple(c for s in samples for c in s.changes),
        clock=None if first.clock is None else np.concatenate([s.clock for s in samples if s.clock is not None]),
    )


def response_series(
    prices: PriceTable,
    instrument: str,
    factors: tuple[str, ...],
    *,
    policy: Policy,
    returns: Returns = "instrument",
    calendar: str | None = None,
) -> ResponseSeries:
    """Responses of one instrument and its benchmarks over the same dates.

    Parameters
    ----------
    factors : tuple of str
        Benchmarks, in the order of the model's coefficients; may be empty.
    policy : {"own_calendar", "strict"}
        ``own_calendar`` drops the instrument's missing rows: its response and the benchmarks' run between
        its own successive prices (Maynes & Rumsey 1993). ``strict`` keeps the rows on which `calendar` (or,
        without one, every benchmark) has a price; a response needs both adjacent prices.
    calendar : str, optional
        Instrument whose dates make the strict calendar.

    Returns
    -------
    ResponseSeries
        Nothing masked yet, see `mask_events`.
    """
    frame = prices.frame
    own = frame[instrument].to_numpy(dtype=np.float64)
    if policy == "own_calendar":
        keep = np.isfinite(own)
    else:
        names = [calendar] if calendar else list(factors) or [instrument]
        keep = np.isfinite(frame[names].to_numpy(dtype=np.float64)).all(axis=1)
    level = own[keep]
    change = _change(prices.instruments[instrument], returns)
    columns = [
        _factor(frame[name].to_numpy(dtype=np.float64), keep, _change(prices.instruments[name], returns), change)
        for name in factors
    ]
    return ResponseSeries(
        instrument=prices.instruments[instrument],
        factor_ids=factors,
        dates=prices.dates[keep],
        level=level,
        response=_step(level, change),
        factors=np.stack(columns, axis=1) if columns else np.empty((level.size, 0)),
        masked=np.zeros(level.size, dtype=bool),
        unit=prices.instruments[instrument].response_unit,
        market=_market(prices, calendar, factors, columns, keep, returns, change),
        change=change,
    )


def _market(
    prices: PriceTable, calendar: str | None, factors: tuple[str, ...], columns: list[FloatArray], keep: BoolArray,
    returns: Returns, own: Change,
) -> FloatArray | None:  # fmt: skip
    """The market's response over the kept rows: the calendar's instrument, else the only benchmark, else none."""
    if calendar in factors:
        return columns[factors.index(calendar)]
    if calendar is None:
        return columns[0] if len(columns) == 1 else None
    level = prices.frame[calendar].to_numpy(dtype=np.float64)
    return _factor(level, keep, _change(prices.instruments[calendar], returns), own)


def _change(one: Instrument, returns: Returns) -> Change:
    return returns if returns != "instrument" and one.change in ("log", "simple") else one.change


def _step(level: FloatArray, change: Change) -> FloatArray:
    """Response of each row against the row before; the first row has none unless it is ``as_is``."""
    if change == "as_is":
        return level.copy()
    out = np.full(level.size, np.nan)
    out[1:] = respond(level[1:], level[:-1], change)
    return out


def _factor(level: FloatArray, keep: BoolArray, change: Change, own: Change) -> FloatArray:
    """A benchmark's response over the spans between the kept rows."""
    if change != "as_is" or own == "as_is":
        return _step(level[keep], change)
    # A ready-made return is summed over the dates of the span, so that it covers what the price covers.
    total = np.concatenate(([0.0], np.nancumsum(level)))[1:][keep]
    out = np.full(total.size, np.nan)
    out[1:] = np.diff(total)
    return np.where(np.isfinite(level[keep]), out, np.nan)


def event_rows(series: ResponseSeries, events: Iterable[Event], *, max_delay: int = MAX_DELAY_DAYS) -> dict[str, int]:
    """Row of day 0 of each event that falls inside the series."""
    rows = {}
    for event in events:
        if event.instruments and series.instrument.id not in instruments().select(event.instruments):
            continue
        day0 = find_day0(event, series.instrument, series.dates)
        if day0.position is None or day0.session is None:
            continue
        if (day0.session - event.date).days <= max_delay:
            rows[event.id] = day0.position
    return rows


def near_rows(rows: Iterable[int], size: int, *, before: int, after: int) -> BoolArray:
    """Mask, shape (size,), of the rows from `before` rows before to `after` rows after each of `rows`."""
    mask = np.zeros(size, dtype=bool)
    for row in rows:
        mask[max(0, row - before) : row + after + 1] = True
    return mask


def mask_events(series: ResponseSeries, events: Iterable[Event], *, max_delay: int = MAX_DELAY_DAYS) -> ResponseSeries:
    """The series with the first sessions of `events` marked, so that an estimation window can leave them out."""
    first, last = OTHER_EVENT_SPAN
    masked = near_rows(
        event_rows(series, events, max_delay=max_delay).values(), series.dates.size, before=-first, after=last
    )
    return replace(series, masked=series.masked | masked)
