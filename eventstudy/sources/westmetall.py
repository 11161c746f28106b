"""LME official prices and stocks from Westmetall: one HTML table a metal and year."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

import numpy as np

from eventstudy._typing import DateArray
from eventstudy.domain.instruments import Instrument
from eventstudy.errors import MalformedResponse, NoDataInRange
from eventstudy.sources.base import Nonpositive
from eventstudy.sources.faults import About, Answer, check_answer, impossible
from eventstudy.sources.feed import Column, Parsed, Part, Span
from eventstudy.sources.http import Line, base_url, get
from eventstudy.sources.sheet import plain
from eventstudy.sources.vendors import lme_tenor

_BASE = "https://www.westmetall.com"
#: The tables begin with this year.
FIRST_YEAR = 2008
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_DAY = re.compile(r"(\d{1,2})\.\s*([A-Za-z]+)\s+(\d{4})")
_NUMBER = re.compile(r"-?\d{1,3}(,\d{3})*(\.\d+)?|-?\d+(\.\d+)?")
_MISSING = ("-", "–", "")


class WestmetallFeed:
    """One page a year; each holds cash, 3-month and stocks of one metal."""

    key = "westmetall"
    layout = "LME table: cash, 3-month, stocks"
    packages: tuple[str, ...] = ("requests", "lxml")

    def symbol(self, one: Instrument) -> str:
        """Field of the page, such as ``LME_Al_cash``."""
        return next(iter(one.aliases(self.key)), "")

    def parts(self, symbol: str, span: Span, last: dt.date) -> list[Part]:
        """The years that the span touches."""
        first = max((span.start or dt.date(FIRST_YEAR, 1, 1)).year, FIRST_YEAR)
        final = min(span.end or last, last).year
        years = range(first, max(first, final) + 1)
        return [Part(symbol=symbol, asked=Span(dt.date(y, 1, 1), dt.date(y, 12, 31))) for y in years]

    def ask(self, part: Part, one: Instrument, line: Line) -> Answer:
        """One request."""
        assert part.asked.start is not None
        about = About(self.key, part.symbol)
        query = {"action": "table", "field": part.symbol, "year": str(part.asked.start.year)}
        answer = get(f"{base_url(self.key, _BASE)}/en/markdaten.php", query, about, line)
        check_answer(answer, about, line.now())
        return answer

    def read(self, part: Part, answer: Answer, ids: Sequence[str], nonpositive: Nonpositive) -> Parsed:
        """Rows under a header that names the tenors; the header is repeated within the table."""
        about = About(self.key, part.symbol)
        rows = _cells(answer, about)
        header: Sequence[str] = next((r for r in rows if _tenors(r)), ())
        tenors = _tenors(header) if header else {}
        if not tenors:
            raise about.error(MalformedResponse, "a page without a table of LME prices", answer)
        absent = [i for i in ids if i.rpartition("-")[2] not in tenors]
        if absent:
            raise impossible(about, answer, f"the table has {', '.join(tenors)} and nothing for {', '.join(absent)}")
        odd = [r[0] for r in rows if len(r) == len(header) and re.search(r"\d", r[0]) and not _DAY.fullmatch(r[0])]
        if odd:
            raise impossible(about, answer, f"{odd[0]!r} is no date as these tables write it (31. December 2024)")
        body = [r for r in rows if _DAY.fullmatch(r[0])]
        if not body:
            raise about.error(NoDataInRange, "the table of that year is empty", answer)
        days = np.array([_day(r[0], about, answer) for r in body], dtype="datetime64[D]")
        self._check_days(days, part, about, answer)
        order = np.argsort(days)
        columns = {}
        for id in ids:
            at = tenors[id.rpartition("-")[2]]
            values = np.array([_number(r, at, about, answer) for r in body])
            if nonpositive == "error" and not id.endswith("-STOCK") and (values <= 0.0).any():
                raise impossible(about, answer, f"a price of {values[values <= 0.0][0]:g} of {id}")
            columns[id] = Column(days=days[order], values=values[order])
        return Parsed(columns=columns, currency="USD", zone="Europe/London")

    def _check_days(self, days: DateArray, part: Part, about: About, answer: Answer) -> None:
        year = part.asked.start.year if part.asked.start else 0
        wrong = [d for d in days if d.astype(object).year != year]
        if wrong:
            raise impossible(about, answer, f"the year {year} was asked for and {wrong[0]} came")
        if np.unique(days).size < days.size:
            raise impossible(about, answer, "one date in two rows")


def _cells(answer: Answer, about: About) -> list[list[str]]:
    """Text of every table row with at least two cells."""
    import lxml.etree
    import lxml.html

    try:
        page = lxml.html.document_fromstring(answer.body)
    except (lxml.etree.LxmlError, ValueError) as error:
        raise about.error(MalformedResponse, f"no web page ({error})", answer) from error
    lower = answer.body.lower()
    if lower.rfind(b"</table") < lower.rfind(b"<td"):
        raise about.error(MalformedResponse, "half a web page: its last table does not end", answer)
    rows = [[" ".join(c.text_content().split()) for c in row.xpath("./td|./th")] for row in page.iter("tr")]
    return [r for r in rows if len(r) >= 2]


def _tenors(row: Sequence[str]) -> dict[str, int]:
    """Tenor -> position when the row is the header."""
    if plain(row[0]) != "date":
        return {}
    found = {i: lme_tenor(cell) for i, cell in enumerate(row)}
    return {hit[1]: i for i, hit in found.items() if hit is not None}


def _day(text: str, about: About, answer: Answer) -> str:
    """``31. December 2024`` as an ISO date."""
    match = _DAY.fullmatch(text)
    assert match is not None
    try:
        return dt.date(int(match[3]), _MONTHS.index(match[2].lower()) + 1, int(match[1])).isoformat()
    except ValueError as error:
        raise impossible(about, answer, f"{text!r} is no date") from error


def _number(row: Sequence[str], at: int, about: About, answer: Answer) -> float:
    """``2,516.50``; a dash is missing."""
    text = row[at] if at < len(row) else ""
    if text in _MISSING:
        return float("nan")
    if not _NUMBER.fullmatch(text):
        raise impossible(about, answer, f"{text!r} on {row[0]} is no number")
    return float(text.replace(",", ""))
