"""A file whose columns are named and whose dates are read: what every layout starts from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from eventstudy._typing import BoolArray, DateArray, FloatArray, IntArray
from eventstudy.domain.intraday import Intraday
from eventstudy.errors import FileFormatError
from eventstudy.sources.base import DateOrder, Duplicates
from eventstudy.sources.cells import (
    Column,
    DecimalMark,
    decimal_mark,
    is_missing,
    is_text,
    numbers,
    parse_number,
)
from eventstudy.sources.clocks import instants_of, is_clock
from eventstudy.sources.dates import looks_like_date, parse_dates
from eventstudy.sources.text_table import TextTable

KNOWN_LAYOUTS = (
    "known layouts: open/high/low/close/volume with a date (as Yahoo serves it), a date and one column an "
    "instrument, a date with a symbol and a price column, a date and one value (FRED too), LME "
    "cash/3-month/stock, daily factors of Ken French"
)
#: Headers of a date column, best first; `plain` forms.
DATE_NAMES = (
    "date", "datetime", "observation date", "trade date", "trading date", "trading day", "pricing date",
    "session", "timestamp", "day", "time", "datum",
)  # fmt: skip
SYMBOL_NAMES = ("symbol", "ticker", "instrument", "ric", "isin", "id", "id firm", "id market", "name")
#: Headers of a column that holds the clock time of the date beside it.
TIME_NAMES = ("time", "hour", "clock")
_PROBE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How to read: what settles doubtful dates and duplicate rows, and what the values are."""

    dates: DateOrder = "auto"
    duplicates: Duplicates = "error"
    expect: Literal["prices", "returns"] = "prices"
    intraday: Intraday | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawSeries:
    """One series as a layout found it: ascending, one row a date, not yet an instrument.

    Attributes
    ----------
    label : str
        What the file calls it.
    by : {"symbol", "column", "stem", "lme"}
        Where the label comes from; ``lme`` labels are columns whose metal decides the identity.
    column : str
        Header of the value column, for messages.
    days, lines, values : arrays, shape (rows,)
        Dates (of bars their instants in UTC, ``datetime64[s]``), line numbers, values; NaN where the cell is empty.
    bars : mapping
        ``open``, ``high``, ``low``, ``close``, ``volume`` where the file has them.
    known : str
        Identity when the layout itself settles it.
    """

    label: str
    by: Literal["symbol", "column", "stem", "lme"]
    column: str
    days: DateArray
    lines: IntArray
    values: FloatArray
    bars: Mapping[str, FloatArray] = field(default_factory=dict)
    known: str = ""

    def only(self, rows: BoolArray) -> RawSeries:
        """The series with some of its rows."""
        bars = {name: values[rows] for name, values in self.bars.items()}
        return replace(self, days=self.days[rows], lines=self.lines[rows], values=self.values[rows], bars=bars)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A layout in words and the series found; `wide` when the columns are the instruments."""

    layout: str
    series: tuple[RawSeries, ...]
    notes: tuple[str, ...] = ()
    wide: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Header and body of a file, rows of equal length, dates read.

    Attributes
    ----------
    table : TextTable
    header : tuple of str
    rows : tuple of tuple of str
    lines : tuple of int
    date : int
        Position of the date column.
    days : array of datetime64[D], shape (rows,)
        In file order; of intraday bars their instants in UTC, ``datetime64[s]``.
    mark : {".", ","}
        Decimal mark of the file.
    notes : tuple of str
    """

    table: TextTable
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    date: int
    days: DateArray
    mark: DecimalMark
    notes: tuple[str, ...] = ()

    def column(self, at: int) -> Column:
        """Cells of one column."""
        return Column(self.table.path, self.header[at], tuple(row[at] for row in self.rows), self.lines)

    def numbers(self, at: int) -> FloatArray:
        """One column as float64, NaN where missing."""
        return numbers(self.column(at), self.mark)

    def find(self, names: Iterable[str]) -> int | None:
        """Position of the first header among `names` (plain forms, best first), the date column apart."""
        headers = {plain(h): i for i, h in reversed(list(enumerate(self.header))) if i != self.date}
        return next((headers[n] for n in names if n in headers), None)

    def others(self, *used: int) -> list[int]:
        """Positions of the named columns apart from the date and `used`."""
        return [i for i, h in enumerate(self.header) if h and i != self.date and i not in used]

    def numeric(self, *used: int) -> list[int]:
        """Positions among `others` that hold numbers, or nothing at all."""
        return [i for i in self.others(*used) if not is_text(self.column(i), self.mark)]

    def take(self, index: list[int]) -> Sheet:
        """The sheet with these rows only."""
        return replace(
            self,
            rows=tuple(self.rows[i] for i in index),
            lines=tuple(self.lines[i] for i in index),
            days=self.days[index],
        )

    def error(self, message: str, *, row: int | None = None, column: str | None = None) -> FileFormatError:
        """An error that names this file."""
        return FileFormatError(message, path=self.table.path, row=row, column=column)

    def listed(self) -> str:
        """The headers, for a message."""
        return "columns found: " + ", ".join(repr(h) for h in self.header)


def plain(header: str) -> str:
    """A header without case, stars and punctuation: ``Adj_Close**`` and ``adj close`` are one."""
    return re.sub(r"[\s_\-.*]+", " ", header).strip().casefold()


def make_sheet(table: TextTable, reading: Reading, *, header: tuple[str, ...] | None = None, body: int = 1) -> Sheet:
    """Name the columns, square the rows, read the dates.

    Parameters
    ----------
    header : tuple of str, optional
        Column names; default the first row.
    body : int
        Number of header rows.

    Raises
    ------
    FileFormatError
        No header, no data, rows of another length, two equal headers, no date column, unreadable dates.
    """
    names = _trimmed(table.rows[0]) if header is None else header
    if any(looks_like_date(c) for c in names) or all(_is_number(c) for c in names):
        raise FileFormatError(
            f"the first line holds data ({', '.join(names[:4])}), a line that names the columns is needed above it",
            path=table.path,
            row=table.lines[0],
        )
    if len(table.rows) <= body:
        raise FileFormatError("there is a header line and no data below it", path=table.path, row=table.lines[0])
    twice = next((h for i, h in enumerate(names) if h and h in names[:i]), None)
    if twice is not None:
        raise FileFormatError(f"two columns are headed {twice!r}; rename one", path=table.path, row=table.lines[0])
    rows, lines = _square(table, len(names), body), table.lines[body:]
    date = _date_column(table, names, rows)
    stamps = Column(table.path, names[date], tuple(r[date] for r in rows), lines)
    days = parse_dates(stamps, reading.dates)
    at = _time_column(names, rows, date)
    if at is not None:
        stamps = replace(stamps, cells=tuple(f"{r[date]} {r[at]}" for r in rows))
    bars = instants_of(stamps, days, reading.intraday, _symbols(names, rows, date))
    if bars is not None:
        days = bars[0]
        names = tuple("" if i == at else h for i, h in enumerate(names))
    mark, note = decimal_mark((c for r in rows for i, c in enumerate(r) if i != date), table.separator)
    nameless = [i + 1 for i, h in enumerate(names) if not h and i not in (date, at)]
    notes = (note, bars[1] if bars else "", f"columns without a name not used: {nameless}" if nameless else "")
    return Sheet(
        table=table, header=names, rows=rows, lines=lines, date=date, days=days, mark=mark,
        notes=tuple(n for n in notes if n),
    )  # fmt: skip


def _time_column(header: tuple[str, ...], rows: tuple[tuple[str, ...], ...], date: int) -> int | None:
    """Position of a column of clock times beside dates that have none."""
    at = next((i for i, h in enumerate(header) if i != date and plain(h) in TIME_NAMES), None)
    if at is None or any(":" in r[date] for r in rows) or not all(is_clock(r[at]) for r in rows):
        return None
    return at


def _symbols(header: tuple[str, ...], rows: tuple[tuple[str, ...], ...], date: int) -> tuple[str, ...] | None:
    """The symbol of every row, where a column names it."""
    at = next((i for i, h in enumerate(header) if i != date and plain(h) in SYMBOL_NAMES), None)
    return None if at is None else tuple(r[at] for r in rows)


def _trimmed(cells: tuple[str, ...]) -> tuple[str, ...]:
    """Without empty cells at the end, which a separator at the end of the line leaves."""
    end = max((i + 1 for i, c in enumerate(cells) if c), default=0)
    return cells[:end]


def _is_number(text: str) -> bool:
    value = parse_number(text, ".")
    return value is not None and not np.isnan(value)


def _square(table: TextTable, width: int, body: int) -> tuple[tuple[str, ...], ...]:
    rows = []
    for line, cells in zip(table.lines[body:], table.rows[body:], strict=True):
        if len(cells) < width or any(cells[width:]):
            raise FileFormatError(
                f"{len(cells)} fields, but the header (line {table.lines[0]}) has {width}; every row needs "
                "one field a column, and no text may stand above the header",
                path=table.path,
                row=line,
            )
        rows.append(cells[:width])
    return tuple(rows)


def _date_column(table: TextTable, header: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> int:
    """By header, else by content: the first column of dates, or any column of dates with separators."""
    names = [plain(h) for h in header]
    for name in DATE_NAMES:
        if name in names:
            return names.index(name)
    for i in range(len(header)):
        probe = [r[i] for r in rows[:_PROBE] if not is_missing(r[i])]
        if probe and all(looks_like_date(c) and (i == 0 or not c.isdigit()) for c in probe):
            return i
    found = ", ".join(repr(h) for h in header)
    raise FileFormatError(f"no date column; columns found: {found}; {KNOWN_LAYOUTS}", path=table.path)
