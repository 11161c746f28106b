"""Cells of text to dates: one format must fit a whole column."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

import numpy as np

from eventstudy._typing import DateArray
from eventstudy.errors import FileFormatError
from eventstudy.sources.base import DateOrder
from eventstudy.sources.cells import Column

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FULL = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
#: Years outside are typing errors, and would overflow the nanoseconds of the table.
FIRST_YEAR, LAST_YEAR = 1700, 2200
#: A clock time and a zone may follow; here the date stays as it is written, `instants_of` reads them.
_CLOCK = r"(?:[T ]\s*\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s*[AaPp][Mm])?\s*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?"
_YEAR, _MONTH, _DAY = r"(?P<y>\d{4})", r"(?P<m>\d{1,2})", r"(?P<d>\d{1,2})"
_WORD = r"(?P<m>[A-Za-z]{3,9})"


@dataclass(frozen=True, slots=True)
class DateFormat:
    """One way of writing a date: its words for a message, its order, its pattern."""

    words: str
    order: DateOrder
    pattern: re.Pattern[str]

    def parse(self, text: str) -> str | None:
        """`text` as YYYY-MM-DD, or None when it is not in this format or no day of the calendar."""
        hit = self.pattern.fullmatch(text)
        if hit is None:
            return None
        month = hit["m"] if hit["m"].isdigit() else _month_number(hit["m"])
        if not FIRST_YEAR <= int(hit["y"]) <= LAST_YEAR:
            return None
        try:
            return dt.date(int(hit["y"]), int(month), int(hit["d"])).isoformat()
        except ValueError:
            return None


def _month_number(word: str) -> str:
    """Number of an English month name or its short form, ``0`` when it is none."""
    small = word.casefold()
    if small in _FULL:
        return str(_FULL.index(small) + 1)
    short = "sep" if small == "sept" else small
    return str(_MONTHS.index(short) + 1) if short in _MONTHS else "0"


def _format(words: str, order: DateOrder, body: str) -> DateFormat:
    return DateFormat(words, order, re.compile(body + _CLOCK))


FORMATS = (
    _format("YYYY-MM-DD", "ymd", rf"{_YEAR}-{_MONTH}-{_DAY}"),
    _format("YYYY/MM/DD", "ymd", rf"{_YEAR}/{_MONTH}/{_DAY}"),
    _format("YYYY.MM.DD", "ymd", rf"{_YEAR}\.{_MONTH}\.{_DAY}"),
    _format("YYYYMMDD", "ymd", r"(?P<y>(?:1[6-9]|2\d)\d{2})(?P<m>\d{2})(?P<d>\d{2})"),
    _format("DD.MM.YYYY", "dmy", rf"{_DAY}\.\s?{_MONTH}\.\s?{_YEAR}"),
    _format("DD/MM/YYYY", "dmy", rf"{_DAY}/{_MONTH}/{_YEAR}"),
    _format("MM/DD/YYYY", "mdy", rf"{_MONTH}/{_DAY}/{_YEAR}"),
    _format("DD-MM-YYYY", "dmy", rf"{_DAY}-{_MONTH}-{_YEAR}"),
    _format("MM-DD-YYYY", "mdy", rf"{_MONTH}-{_DAY}-{_YEAR}"),
)
#: Month in words: no order can be in doubt.
WORDED = (
    _format("31. December 2024", "dmy", rf"{_DAY}\.?[ -]{_WORD}\.?[ -]{_YEAR}"),
    _format("Dec 31, 2024", "mdy", rf"{_WORD}\.? {_DAY},? {_YEAR}"),
)
ALLOWED = ", ".join(f.words for f in (*FORMATS, *WORDED))


def looks_like_date(text: str) -> bool:
    """Whether `text` is a date in any known format."""
    return any(f.parse(text) is not None for f in (*FORMATS, *WORDED))


def parse_dates(column: Column, order: DateOrder = "auto") -> DateArray:
    """A column as dates (``datetime64[D]``), as they are written: clock times and zones are dropped.

    Parameters
    ----------
    column : Column
        No missing cells.
    order : {"auto", "ymd", "dmy", "mdy"}
        Settles numeric dates that fit two orders. Dates with the year first or the month in words are in no
        doubt and are read whatever the order.

    Raises
    ------
    FileFormatError
        When no format fits every row (the first row that breaks the common format is named), or two do.
    """
    allowed = _allowed(order)
    fits = [(form, days) for form in allowed if (days := _fit(form, column.cells)) is not None]
    if not fits:
        raise _misfit(column, allowed)
    if len(fits) > 1 and not (fits[0][1] == fits[1][1]).all():
        first, second = (form.words for form, _ in fits[:2])
        raise FileFormatError(
            f"{column.cells[0]!r} and every other row can be read as {first} and as {second}; "
            "say which: dates='dmy' or dates='mdy' (--dates dmy, --dates mdy)",
            path=column.path,
            row=column.lines[0],
            column=column.name,
        )
    return fits[0][1]


def _fit(form: DateFormat, cells: tuple[str, ...]) -> DateArray | None:
    days = []
    for text in cells:
        day = form.parse(text)
        if day is None:
            return None
        days.append(day)
    return np.array(days, dtype="datetime64[D]")


def _allowed(order: DateOrder) -> tuple[DateFormat, ...]:
    return tuple(f for f in FORMATS if order == "auto" or f.order in ("ymd", order)) + WORDED


def _misfit(column: Column, allowed: tuple[DateFormat, ...]) -> FileFormatError:
    """Name the first row that breaks the format that most rows have."""
    best = max(allowed, key=lambda f: sum(f.parse(t) is not None for t in column.cells))
    bad = next(i for i, text in enumerate(column.cells) if best.parse(text) is None)
    text = column.cells[bad]
    if all(best.parse(t) is None for t in column.cells):
        problem = f"{text!r} is no date; allowed are {ALLOWED}"
    else:
        problem = f"{text!r} is no date in the form {best.words} that most rows have; one form must fit all rows"
    return FileFormatError(
        problem if text else "the date is missing",
        path=column.path,
        row=column.lines[bad],
        column=column.name,
    )
