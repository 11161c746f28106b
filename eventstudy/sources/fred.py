"""Series of FRED as CSV: read by position, because the header of the date column changed once."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence

import numpy as np

from eventstudy.domain.instruments import Instrument, instruments
from eventstudy.errors import MalformedResponse
from eventstudy.sources.base import Nonpositive
from eventstudy.sources.faults import About, Answer, check_answer, impossible
from eventstudy.sources.feed import Column, Parsed, Part, Span
from eventstudy.sources.http import Line, base_url, get

_BASE = "https://fred.stlouisfed.org"
_MISSING = (".", "")


class FredFeed:
    """FRED's graph download: the whole series in one answer."""

    key = "fred"
    layout = "FRED: a date and one series"
    packages: tuple[str, ...] = ("requests",)

    def symbol(self, one: Instrument) -> str:
        """Series id; an instrument that nobody described goes by its own name."""
        return next(iter(one.aliases(self.key)), "" if one.id in instruments() else one.id)

    def parts(self, symbol: str, span: Span, last: dt.date) -> list[Part]:
        """One: the series is small, and the whole of it serves every range."""
        return [Part(symbol=symbol, asked=Span())]

    def ask(self, part: Part, one: Instrument, line: Line) -> Answer:
        """One request."""
        about = About(self.key, part.symbol)
        answer = get(f"{base_url(self.key, _BASE)}/graph/fredgraph.csv", {"id": part.symbol}, about, line)
        check_answer(answer, about, line.now())
        return answer

    def read(self, part: Part, answer: Answer, ids: Sequence[str], nonpositive: Nonpositive) -> Parsed:
        """Two columns: dates, and values with ``.`` where there is none."""
        about = About(self.key, part.symbol)
        if answer.is_page:
            reason = "a web page instead of a CSV file; FRED answers so for an id that it does not know, too"
            raise about.error(MalformedResponse, reason, answer)
        rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig", errors="replace"))))
        rows = [r for r in rows if r]
        if len(rows) < 2 or any(len(r) != 2 for r in rows):
            raise about.error(MalformedResponse, "no table of two columns, or half of one", answer)
        if rows[0][1].strip().casefold() != part.symbol.casefold():
            raise impossible(about, answer, f"the column is headed {rows[0][1]!r}: another series than asked for")
        try:
            days = np.array([r[0] for r in rows[1:]], dtype="datetime64[D]")
            values = np.array([np.nan if r[1].strip() in _MISSING else float(r[1]) for r in rows[1:]])
        except ValueError as error:
            raise about.error(MalformedResponse, f"a cell that cannot be read ({error})", answer) from error
        if np.isnat(days).any() or (np.diff(days) <= np.timedelta64(0)).any():
            raise impossible(about, answer, "dates that are missing, repeat or go back")
        return Parsed(columns={ids[0]: Column(days=days, values=values)})
