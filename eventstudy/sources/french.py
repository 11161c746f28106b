"""Daily factors of Ken French's data library: a zip file with one text file of percent."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Sequence

import numpy as np

from eventstudy.domain.instruments import Instrument
from eventstudy.errors import MalformedResponse
from eventstudy.sources.base import Nonpositive
from eventstudy.sources.faults import About, Answer, check_answer, impossible
from eventstudy.sources.feed import Column, Parsed, Part, Span
from eventstudy.sources.http import Line, base_url, get
from eventstudy.sources.sheet import plain
from eventstudy.sources.vendors import FACTORS, FRENCH_MISSING

_BASE = "https://mba.tuck.dartmouth.edu/pages/faculty/ken.french/ftp"


class FrenchFeed:
    """One zip file a set of factors; the whole history in one answer."""

    key = "french"
    layout = "daily factors of Ken French"
    packages: tuple[str, ...] = ("requests",)

    def symbol(self, one: Instrument) -> str:
        """Name of the file that holds the factor, without ``_CSV.zip``."""
        return next(iter(one.aliases(self.key)), "")

    def parts(self, symbol: str, span: Span, last: dt.date) -> list[Part]:
        """One: there is no smaller file."""
        return [Part(symbol=symbol, asked=Span())]

    def ask(self, part: Part, one: Instrument, line: Line) -> Answer:
        """One request."""
        about = About(self.key, part.symbol)
        answer = get(f"{base_url(self.key, _BASE)}/{part.symbol}_CSV.zip", {}, about, line)
        check_answer(answer, about, line.now())
        return answer

    def read(self, part: Part, answer: Answer, ids: Sequence[str], nonpositive: Nonpositive) -> Parsed:
        """Rows of eight digits under the header that names the factors; percent become fractions."""
        about = About(self.key, part.symbol)
        lines = self._text(answer, about).splitlines()
        body = [i for i, line in enumerate(lines) if re.match(r"\s*\d{8}\s*,", line)]
        head = [i for i, line in enumerate(lines[: body[0]]) if "," in line] if body else []
        if not body or not head:
            raise about.error(MalformedResponse, "a text without rows of days and factors", answer)
        names = [FACTORS.get(plain(c), c.strip()) for c in lines[head[-1]].split(",")[1:]]
        absent = [i for i in ids if i not in names]
        if absent:
            raise impossible(about, answer, f"the file has {', '.join(names)} and not {', '.join(absent)}")
        try:
            cells = [[c.strip() for c in lines[i].split(",")] for i in body]
            days = np.array([f"{c[0][:4]}-{c[0][4:6]}-{c[0][6:]}" for c in cells], dtype="datetime64[D]")
            percent = np.array([[float(v) for v in c[1:]] for c in cells])
        except ValueError as error:
            raise about.error(MalformedResponse, f"a cell that cannot be read ({error})", answer) from error
        if percent.shape[1] != len(names):
            raise about.error(MalformedResponse, "rows and header differ in length", answer)
        if (np.diff(days) <= np.timedelta64(0)).any():
            raise impossible(about, answer, "dates that repeat or go back")
        values = np.where(np.isin(percent, FRENCH_MISSING), np.nan, percent / 100.0)
        columns = {i: Column(days=days, values=values[:, names.index(i)]) for i in ids}
        return Parsed(columns=columns, notes=("percent read as fractions; -99.99 and -999 are missing",))

    def _text(self, answer: Answer, about: About) -> str:
        """The one text file in the archive."""
        try:
            with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
                return archive.read(archive.namelist()[0]).decode("latin-1")
        except (zipfile.BadZipFile, zlib.error, EOFError, IndexError, OSError) as error:
            raise about.error(MalformedResponse, f"no zip file, or half of one ({error})", answer) from error
