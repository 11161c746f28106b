"""The World Bank's Pink Sheet: one Excel file of monthly commodity prices, whose address changes every year."""

from __future__ import annotations

import datetime as dt
import importlib
import io
import re
import zipfile
import zlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import urljoin
from xml.etree.ElementTree import ParseError

import numpy as np

from eventstudy.domain.instruments import Instrument, instruments
from eventstudy.errors import MalformedResponse, MissingExtraError
from eventstudy.sources.base import Nonpositive
from eventstudy.sources.faults import About, Answer, check_answer, impossible
from eventstudy.sources.feed import Column, Parsed, Part, Span
from eventstudy.sources.http import Line, base_url, get
from eventstudy.sources.sheet import plain

_BASE = "https://www.worldbank.org"
_PAGE = "/en/research/commodity-markets"
#: Name of the file, at the end of an address that changes with every edition.
FILE = "CMO-Historical-Data-Monthly"
_LINK = re.compile(rb'href\s*=\s*["\']([^"\']*' + FILE.encode() + rb'\.xlsx[^"\']*)["\']', re.IGNORECASE)
_SHEET = "monthly prices"
_MONTH = re.compile(r"(\d{4})M(0[1-9]|1[0-2])")
_MISSING = ("", "…", "...", "..", "n.a.")
#: Unit of an instrument -> how the sheet writes it.
_UNITS = {"USD/t": "($/mt)"}
Rows = list[tuple[Any, ...]]


class WorldBankFeed:
    """The page that names the file, then the file; every series in one answer."""

    key = "worldbank"
    layout = "World Bank Pink Sheet: monthly means"
    packages: tuple[str, ...] = ("requests", "openpyxl")

    def symbol(self, one: Instrument) -> str:
        """The file, for every instrument with a column of it; one that nobody described goes by its own name."""
        return FILE if one.aliases(self.key) or one.id not in instruments() else ""

    def parts(self, symbol: str, span: Span, last: dt.date) -> list[Part]:
        """One: there is no smaller file."""
        return [Part(symbol=symbol, asked=Span())]

    def ask(self, part: Part, one: Instrument, line: Line) -> Answer:
        """Two requests: the page that links the newest edition, and the edition."""
        _excel()  # before anything is asked for in vain
        about = About(self.key, part.symbol)
        page = get(base_url(self.key, _BASE) + _PAGE, {}, about, line)
        check_answer(page, about, line.now())
        link = _LINK.search(page.body)
        if link is None:
            raise about.error(MalformedResponse, f"a page that does not link {FILE}.xlsx", page)
        answer = get(urljoin(page.url, link[1].decode("latin-1")), {}, about, line)
        check_answer(answer, about, line.now())
        return answer

    def read(self, part: Part, answer: Answer, ids: Sequence[str], nonpositive: Nonpositive) -> Parsed:
        """Columns by the name over them, months dated by their first day."""
        about = About(self.key, part.symbol)
        rows = _rows(answer, about)
        first = next((i for i, r in enumerate(rows) if _MONTH.fullmatch(_text(r[0]))), None)
        if first is None:
            raise about.error(MalformedResponse, "a workbook without rows of months (1960M01)", answer)
        body = [r for r in rows[first:] if _text(r[0])]
        odd = [r[0] for r in body if not _MONTH.fullmatch(_text(r[0]))]
        if odd:
            raise impossible(about, answer, f"{odd[0]!r} is no month as this file writes it (1960M01)")
        days = np.array([_text(r[0]).replace("M", "-") for r in body], dtype="datetime64[M]").astype("datetime64[D]")
        if (np.diff(days) <= np.timedelta64(0)).any():
            raise impossible(about, answer, "months that repeat or go back")
        columns = {}
        for id in ids:
            at = _column(rows[:first], id, about, answer)
            values = np.array([_number(r, at, about, answer) for r in body])
            if nonpositive == "error" and (values <= 0.0).any():
                raise impossible(about, answer, f"a price of {values[values <= 0.0][0]:g} of {id}")
            columns[id] = Column(days=days, values=values)
        return Parsed(columns=columns, currency="USD", notes=("monthly means, dated on the first of the month",))


def _excel() -> Any:
    try:
        return importlib.import_module("openpyxl")
    except ImportError as error:
        raise MissingExtraError("the World Bank's Excel file", "excel") from error


def _rows(answer: Answer, about: About) -> Rows:
    """Rows of the sheet of monthly prices that hold anything."""
    openpyxl = _excel()
    try:
        book = openpyxl.load_workbook(io.BytesIO(answer.body), read_only=True, data_only=True)
        sheet = next((s for s in book.worksheets if plain(s.title) == _SHEET), None)
        rows = [] if sheet is None else [tuple(r) for r in sheet.iter_rows(values_only=True) if any(r)]
    except (zipfile.BadZipFile, zlib.error, ParseError, KeyError, ValueError, EOFError, OSError) as error:
        raise about.error(MalformedResponse, f"no Excel file, or half of one ({error})", answer) from error
    if not rows:
        raise about.error(MalformedResponse, "a workbook without a filled sheet 'Monthly Prices'", answer)
    return rows


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _name(cell: Any) -> str:
    """Name of a column without the marks of its footnotes."""
    return plain(_text(cell).rstrip("*"))


def _column(head: Rows, id: str, about: About, answer: Answer) -> int:
    """Position of an instrument's column; its unit, where the sheet says it, must be the instrument's."""
    known = instruments().get(id)
    names = [plain(n) for n in (known.aliases("worldbank") if known else (id,))]
    for number, row in reversed(list(enumerate(head))):
        hits = [i for i, cell in enumerate(row) if _name(cell) in names]
        if not hits:
            continue
        wanted = _UNITS.get(known.unit, "") if known else ""
        units = [_text(r[hits[0]]) for r in head[number + 1 :] if hits[0] < len(r)]
        found = next((u for u in units if u.startswith("(")), "")
        if wanted and found and found != wanted:
            raise impossible(about, answer, f"{id} is in {known.unit if known else ''}, the sheet says {found}")
        return hits[0]
    listed = [_text(c) for r in head for c in r if _text(c)]
    raise impossible(about, answer, f"no column for {id} among {', '.join(listed[-8:])}, ...")


def _number(row: tuple[Any, ...], at: int, about: About, answer: Answer) -> float:
    cell = row[at] if at < len(row) else None
    if isinstance(cell, int | float):
        return float(cell)
    if _text(cell) in _MISSING:
        return float("nan")
    raise impossible(about, answer, f"{cell!r} in {_text(row[0])} is no number")
