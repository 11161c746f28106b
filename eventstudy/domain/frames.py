"""The door for a frame of prices: daily levels, or bars of a day."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from typing import Literal

import numpy as np
import pandas as pd

from eventstudy._typing import DateArray
from eventstudy.domain.instruments import Instrument, InstrumentTable, instruments
from eventstudy.domain.intraday import BARS, Intraday, bar_minutes, closes_of, reading_words, several_a_day, to_utc
from eventstudy.domain.prices import Origin, PriceTable, ad_hoc, build_table
from eventstudy.errors import InputError

NO_ZONE = (
    "the rows have clock times, several a day, and neither a UTC offset nor a named zone; nothing is guessed: say "
    "the zone with intraday=Intraday(zone='America/New_York') ([prices] bars_zone, --bars-zone), or write the offset "
    "into the data"
)


def prices(
    frame: pd.DataFrame,
    *,
    records: Iterable[Instrument] = (),
    intraday: Intraday | None = None,
    nonpositive: Literal["error", "missing"] = "error",
) -> PriceTable:
    """Take prices from a frame.

    Parameters
    ----------
    frame : DataFrame, shape (rows, instruments)
        Levels; dates in the index. Where clock times differ within a date, or `intraday` is given, the rows are bars:
        instants in the zone of the index, else in that of `intraday`.
    records : iterable of Instrument, optional
        Instruments among the columns; other columns are looked up in the catalogue, else described by their name.
    intraday : Intraday, optional
        Zone, stamp and length of bars.
    nonpositive : {"error", "missing"}
        What a level of zero or below is where returns are log or simple.

    Returns
    -------
    PriceTable
        NaN where there is no price; nothing is filled. Of bars the index holds closes, in UTC without a zone.

    Raises
    ------
    InputError
        No rows, two rows of one date or bar, bars without a zone, clock times that a clock change makes doubtful.

    Examples
    --------
    >>> hours = pd.date_range("2024-01-02 09:30", periods=3, freq="h", tz="America/New_York")
    >>> table = prices(pd.DataFrame({"X": [10.0, 10.1, 10.2]}, index=hours))
    >>> table.minutes, table.frame.index[0]
    (60, Timestamp('2024-01-02 15:30:00'))
    """
    known = {one.id: one for one in records}
    data = frame.astype(np.float64)
    data.columns = pd.Index([str(c) for c in data.columns])
    catalogue = instruments()
    described = [known.get(c) or (catalogue[c] if c in catalogue else ad_hoc(c)) for c in data.columns]
    return framed(data, described, "prices", "prices", intraday, nonpositive)


def framed(
    data: pd.DataFrame, described: list[Instrument], name: str, layout: str, intraday: Intraday | None,
    nonpositive: Literal["error", "missing"] = "error",
) -> PriceTable:  # fmt: skip
    """A frame of float64 columns as a table, daily or of bars; the origin says how it was read."""
    check_shape(data, name)
    index = pd.DatetimeIndex(data.index)
    if index.hasnans:
        raise InputError(f"{name}: {int(np.count_nonzero(index.isna()))} rows have no date")
    raw = hashlib.sha256(np.ascontiguousarray(data.to_numpy()).tobytes()).hexdigest()
    origin = Origin(
        source="frame", name=name, layout=layout, sha256=raw, ids=tuple(map(str, data.columns)), rows=len(data)
    )
    wall = np.asarray(index.tz_localize(None).to_numpy().astype(BARS))
    if not wants_bars(data, wall, intraday, aware=index.tz is not None):
        return build_table(data, InstrumentTable(described), origins=(origin,), nonpositive=nonpositive)
    spec = intraday or Intraday()
    instants, zone = _instants(index, wall, spec, name)
    if np.unique(instants).size < instants.size:
        raise InputError(f"{name}: two rows have the same clock time; keep one row a bar")
    order = np.argsort(instants)
    columns = {one.id: data[one.id].iloc[order].set_axis(instants[order]).dropna() for one in described}
    empty = next((i for i, column in columns.items() if column.empty), None)
    if empty is not None:
        raise InputError(f"{name}: column {empty!r} holds no value at all; remove it or name the right column")
    rows = {i: np.asarray(column.index.to_numpy().astype(BARS)) for i, column in columns.items()}
    minutes, cut, tables = bar_minutes(rows, spec), 0, []
    for one in described:
        closes, short = closes_of(rows[one.id], minutes, spec.stamp, one)
        column = columns[one.id].set_axis(pd.DatetimeIndex(closes.astype("datetime64[ns]"))).to_frame(one.id)
        records = InstrumentTable([one])
        tables.append(build_table(column, records, origins=(), nonpositive=nonpositive, minutes=minutes))
        cut = max(cut, short)
    notes = (zone, *reading_words(spec, minutes, cut))
    return replace(reduce(PriceTable.joined, tables), origins=(replace(origin, notes=notes),))


def check_shape(data: pd.DataFrame, name: str) -> None:
    """Raise where a frame has no rows, no columns, or two columns of one name."""
    if len(data.columns) == 0:
        raise InputError(f"{name}: the frame has no columns; a price table needs one an instrument")
    if len(data) == 0:
        raise InputError(f"{name}: no rows with a date; a price table needs at least one")
    names = data.columns.map(str)
    if names.has_duplicates:
        raise InputError(f"{name}: two columns are called {names[names.duplicated()][0]!r}; rename or drop one")


def wants_bars(data: pd.DataFrame, wall: DateArray, intraday: Intraday | None, *, aware: bool) -> bool:
    """Whether rows are bars: most dates of some column come with several clock times, or the caller says so.

    Raises
    ------
    InputError
        When the caller says so and no row has a clock time.
    """
    days = wall.astype("datetime64[D]")
    clock = (wall - days).astype(np.int64)
    if intraday is not None and not aware and not clock.any():
        raise InputError("intraday options are named, but no row has a clock time; leave them out for daily prices")
    if intraday is not None or np.unique(days).size == days.size:
        return intraday is not None
    there = data.notna().to_numpy()
    return any(several_a_day(days[rows], clock[rows]) for rows in there.T)


def _instants(index: pd.DatetimeIndex, wall: DateArray, spec: Intraday, name: str) -> tuple[DateArray, str]:
    """Rows as UTC, and where their zone comes from."""
    if index.tz is not None:
        instants = index.tz_convert("UTC").tz_localize(None).to_numpy().astype(BARS)
        return np.asarray(instants), f"clock times of {index.tz}"
    if spec.zone is None:
        raise InputError(f"{name}: {NO_ZONE}")
    instants, doubtful = to_utc(wall, spec.zone)
    if doubtful.any():
        raise InputError(f"{name}: {clock_change(wall[doubtful][0], spec.zone)}")
    return instants, f"clock times of {spec.zone}, as named"


def clock_change(wall: np.datetime64, zone: str) -> str:
    """Words on a clock time that does not exist, or exists twice, because the clocks change."""
    return (
        f"{str(wall).replace('T', ' ')} does not exist or comes twice in {zone}, where the clocks change that day; "
        "write UTC offsets into the data, or give times in UTC"
    )
