"""Clock times of a file's rows: whether they make bars of a day, and which instants they are."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from eventstudy._typing import BoolArray, DateArray, IntArray
from eventstudy.domain.frames import NO_ZONE, clock_change
from eventstudy.domain.intraday import BARS, Intraday, several_a_day, to_utc
from eventstudy.errors import FileFormatError
from eventstudy.sources.cells import Column

#: The clock time at the end of a cell, and the zone that may follow it.
_CLOCK = re.compile(
    r"(?:^|[T ]\s*)(?P<h>\d{1,2}):(?P<m>\d{2})(?::(?P<s>\d{2})(?:[.,]\d+)?)?(?:\s*(?P<half>[AaPp])[Mm])?"
    r"\s*(?P<zone>Z|UTC|GMT|(?P<sign>[+-])(?P<zh>\d{2}):?(?P<zm>\d{2}))?$"
)
_NO_OFFSET = np.iinfo(np.int64).min


def is_clock(text: str) -> bool:
    """Whether a cell holds a clock time and nothing else."""
    return _CLOCK.fullmatch(text) is not None


def instants_of(
    column: Column, days: DateArray, spec: Intraday | None, symbols: Sequence[str] | None
) -> tuple[DateArray, str] | None:
    """Rows as UTC instants and a note on their zone; None where the rows are dates.

    Rows are instants where most dates come with different clock times (of one symbol, in a file that names symbols),
    or where the caller says so.

    Parameters
    ----------
    column : Column
        Dates with their clock times.
    days : array of datetime64[D]
        The dates, read.
    spec : Intraday or None
        As named by the caller.
    symbols : sequence of str or None
        Symbol of every row.

    Raises
    ------
    FileFormatError
        Clock times that are none, bars without a zone, offsets in some rows only, a doubtful hour of a clock change,
        intraday options for a file without clock times.
    """
    if spec is None and not any(":" in c for c in column.cells):
        return None
    seconds, offsets = _read(column)
    if spec is not None and not (seconds.any() or (offsets != _NO_OFFSET).any()):
        raise FileFormatError(
            "intraday options are named, but no row has a clock time; leave them out for daily prices",
            path=column.path, column=column.name,
        )  # fmt: skip
    if spec is None and not _several(days, seconds, symbols):
        return None
    local = days.astype(BARS) + seconds.astype("timedelta64[s]")
    known = offsets != _NO_OFFSET
    if known.all():
        return local - offsets.astype("timedelta64[s]"), "clock times with UTC offsets"
    if known.any():
        raise _at(column, ~known, "this row has no UTC offset and others have one; write one in every row")
    if spec is None or spec.zone is None:
        raise FileFormatError(NO_ZONE, path=column.path, column=column.name)
    found, doubtful = to_utc(local, spec.zone)
    if doubtful.any():
        raise _at(column, doubtful, clock_change(local[doubtful][0], spec.zone))
    return found, f"clock times of {spec.zone}, as named"


def _read(column: Column) -> tuple[IntArray, IntArray]:
    """Second of the day and UTC offset in seconds of every cell; midnight where no clock time stands."""
    seconds = np.zeros(len(column.cells), dtype=np.int64)
    offsets = np.full(len(column.cells), _NO_OFFSET, dtype=np.int64)
    for i, text in enumerate(column.cells):
        hit = _CLOCK.search(text)
        if hit is None:
            continue
        hour, minute, second = int(hit["h"]), int(hit["m"]), int(hit["s"] or 0)
        if hit["half"] and 1 <= hour <= 12:
            hour = hour % 12 + (12 if hit["half"].casefold() == "p" else 0)
        elif hit["half"]:
            hour = 24
        if hour > 23 or minute > 59 or second > 59:
            raise _at(column, np.arange(len(column.cells)) == i, f"{text!r} holds no clock time of a day")
        seconds[i] = 3600 * hour + 60 * minute + second
        if hit["zone"]:
            size = 3600 * int(hit["zh"] or 0) + 60 * int(hit["zm"] or 0)
            offsets[i] = -size if hit["sign"] == "-" else size
    return seconds, offsets


def _several(days: DateArray, seconds: IntArray, symbols: Sequence[str] | None) -> bool:
    # A column that numbers the rows names no instruments.
    if symbols is None or len(set(symbols)) == len(symbols):
        return several_a_day(days, seconds)
    names = np.array(symbols)
    return any(several_a_day(days[names == name], seconds[names == name]) for name in dict.fromkeys(symbols))


def _at(column: Column, rows: BoolArray, message: str) -> FileFormatError:
    line = column.lines[int(np.flatnonzero(rows)[0])]
    return FileFormatError(message, path=column.path, row=line, column=column.name)
