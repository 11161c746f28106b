"""Cells of text to numbers: missing values, decimal comma or point, thousands."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from eventstudy._typing import FloatArray
from eventstudy.errors import FileFormatError

DecimalMark = Literal[".", ","]

#: Spellings of "no value", in lower case.
MISSING = frozenset({"", "na", "nan", "null", ".", "-", "n/a", "#n/a", "#n/a n/a"})

_POINT = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?(?:[eE][+-]?\d+)?|[+-]?\.\d+(?:[eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d*)?(?:[eE][+-]?\d+)?|[+-]?,\d+(?:[eE][+-]?\d+)?")
_PLAIN = frozenset("0123456789.+-eE")
_GROUP_SPACE = re.compile(r"(?<=\d)[ \u00a0\u202f'\u2019](?=\d{3})")
#: A point or comma that can only be the decimal mark: not followed by exactly three digits, or after a group.
_SURE_POINT = re.compile(r"[+-]?(?:0?|[\d,]*)\.(?:\d{1,2}|\d{4,})|[+-]?(?:\d{1,3}(?:,\d{3})+|\d{4,})\.\d*|[+-]?0?\.\d+")
_SURE_COMMA = re.compile(r"[+-]?(?:0?|[\d.]*),(?:\d{1,2}|\d{4,})|[+-]?(?:\d{1,3}(?:\.\d{3})+|\d{4,}),\d*|[+-]?0?,\d+")
#: Several groups, or a group beside cells that show the mark, make the other sign a thousands sign.
_COMMA_GROUPS = re.compile(r"[+-]?\d{1,3}(?:,\d{3}){2,}")
_POINT_GROUPS = re.compile(r"[+-]?\d{1,3}(?:\.\d{3}){2,}")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file as text, with what an error needs to name the place.

    Attributes
    ----------
    path, name : str
        File as given, header of the column.
    cells : tuple of str
    lines : tuple of int
        Line number of each cell.
    """

    path: str
    name: str
    cells: tuple[str, ...]
    lines: tuple[int, ...]


def is_missing(text: str) -> bool:
    """Whether the cell says that there is no value."""
    return text.casefold() in MISSING


def decimal_mark(cells: Iterable[str], separator: str) -> tuple[DecimalMark, str]:
    """Decimal mark of a file, and a note where it had to be decided.

    Cells such as 1.5 or 1,234.56 settle it. When every comma stands before exactly three digits, a file
    parted by semicolons is read with decimal commas (that is what its semicolons are for), any other with
    thousands.
    """
    point = comma = doubtful = 0
    # Only cells with a comma or two points can ask for anything but the decimal point; most files have none.
    doubted = list(cells)
    if not any("," in c or c.count(".") > 1 for c in doubted):
        return ".", ""
    for cell in doubted:
        if "," not in cell:
            point += _SURE_POINT.fullmatch(cell) is not None
            comma += _POINT_GROUPS.fullmatch(cell) is not None
            continue
        text = _tidy(cell)
        point += _SURE_POINT.fullmatch(text) is not None or _COMMA_GROUPS.fullmatch(text) is not None
        comma += _SURE_COMMA.fullmatch(text) is not None
        doubtful += _POINT.fullmatch(text) is not None and _COMMA.fullmatch(text) is not None
    if comma > point:
        return ",", "decimal comma"
    if point or not doubtful:
        return ".", ""
    if separator == ";":
        return ",", "numbers such as 1,234 read with a decimal comma"
    return ".", "commas in numbers such as 1,234 read as thousands"


def parse_number(text: str, mark: DecimalMark) -> float | None:
    """The number that `text` spells; NaN for a spelling of missing, None when it is neither."""
    if is_missing(text):
        return float("nan")
    tidy = _tidy(text)
    if (_POINT if mark == "." else _COMMA).fullmatch(tidy) is None:
        return None
    return float(tidy.replace(",", "") if mark == "." else tidy.replace(".", "").replace(",", "."))


def numbers(column: Column, mark: DecimalMark) -> FloatArray:
    """A column as float64, NaN where missing.

    Raises
    ------
    FileFormatError
        At the first cell that is neither a number nor a spelling of missing.
    """
    quick = _plain_numbers(column.cells) if mark == "." else None
    if quick is not None:
        return quick
    values = np.empty(len(column.cells))
    for i, text in enumerate(column.cells):
        value = parse_number(text, mark)
        if value is None:
            raise FileFormatError(
                f"{text!r} is no number (decimal {'point' if mark == '.' else 'comma'} in this file); "
                "correct it, or leave the cell empty where there is no price",
                path=column.path,
                row=column.lines[i],
                column=column.name,
            )
        values[i] = value
    return values


def _plain_numbers(cells: tuple[str, ...]) -> FloatArray | None:
    """A column of plain numbers and empty cells at once; None when a cell needs a closer look."""
    if not set("".join(cells)) <= _PLAIN:
        return None
    try:
        return np.array([c or "nan" for c in cells]).astype(np.float64)
    except ValueError:
        return None


def is_text(column: Column, mark: DecimalMark) -> bool:
    """Whether the column holds words only: something is written, and nothing of it is a number."""
    written = False
    for text in column.cells:
        value = parse_number(text, mark)
        if value is not None and not np.isnan(value):
            return False
        written = written or value is None
    return written


def _tidy(text: str) -> str:
    """Without thousands spaces and apostrophes, with a plain minus sign."""
    if text.isascii() and " " not in text and "'" not in text:
        return text
    return _GROUP_SPACE.sub("", text.replace("\u2212", "-"))
