"""Daily bars of Yahoo: yfinance makes the request, we keep the bytes and read them ourselves (`yahoo_chart`).

yfinance turns most failures into an empty frame and remembers bad answers, so nothing is taken from its words: the last
answer of the chart endpoint is recorded with its status, and that alone decides what happened.
"""

from __future__ import annotations

import atexit
import contextlib
import datetime as dt
import functools
import logging
import re
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from eventstudy.domain.instruments import Instrument, instruments
from eventstudy.errors import InputError, MalformedResponse, NetworkFailure
from eventstudy.sources.base import Nonpositive
from eventstudy.sources.faults import About, Answer, chart_of
from eventstudy.sources.feed import Parsed, Part, Span
from eventstudy.sources.http import Line
from eventstudy.sources.yahoo_chart import read_chart

_TICKER = re.compile(r"[A-Za-z0-9.^=&_-]{1,40}")
_CHART = "/v8/finance/chart/"
#: Where series begin when nobody says: earlier rows of Yahoo are few and doubtful.
FIRST_DAY = dt.date(1985, 1, 1)


@dataclass
class Recorder:
    """What the chart endpoint said last: an answer, or the words of a request that got none."""

    line: Line
    answer: Answer | None = None
    failure: str = ""
    asked: str = ""
    prices: bool = False

    def clear(self) -> None:
        """Forget the last request."""
        self.answer, self.failure, self.asked, self.prices = None, "", "", False


class YahooFeed:
    """Yahoo's chart endpoint through yfinance; one session a feed."""

    key = "yahoo"
    layout = "Yahoo's daily bars: close adjusted for splits, dividends beside it"
    packages: tuple[str, ...] = ("yfinance", "curl_cffi", "pandas")

    def __init__(self) -> None:
        self._session: Any = None

    def symbol(self, one: Instrument) -> str:
        """Ticker; an instrument that nobody described goes by its own name.

        Raises
        ------
        InputError
            When that name has characters that no ticker has: it would change the address that is asked.
        """
        name = next(iter(one.aliases(self.key)), "" if one.id in instruments() else one.id)
        if name and not _TICKER.fullmatch(name):
            raise InputError(f"{name!r} is no ticker of Yahoo; letters, digits and . ^ = - & _ are allowed")
        return name

    def parts(self, symbol: str, span: Span, last: dt.date) -> list[Part]:
        """One answer for the whole span."""
        return [Part(symbol=symbol, asked=Span(span.start or FIRST_DAY, span.end))]

    def ask(self, part: Part, one: Instrument, line: Line) -> Answer:
        """One call of ``Ticker.history``; the recorded answer says what came of it."""
        about = About(self.key, part.symbol)
        if self._session is None:
            self._session = _session_class()(impersonate="chrome")
        recorder: Recorder = Recorder(line)
        self._session.recorder = recorder
        zone = one.tz if not one.stamp_assumed and one.role != "fx" else None
        problem = _history(self._session, part, zone, line)
        # Checked here, so that a failed answer is retried; read() checks the content once more.
        if recorder.answer is None:
            reason = f"no complete answer: {recorder.failure or problem or 'no request was made'}"
            raise NetworkFailure(reason, source=self.key, symbol=part.symbol, url=recorder.asked)
        chart = chart_of(recorder.answer, about, line.now()) if recorder.prices else None
        if chart is None:
            _raise_for_zone(recorder.answer, about, line, problem)
        return recorder.answer

    def read(self, part: Part, answer: Answer, ids: Sequence[str], nonpositive: Nonpositive) -> Parsed:
        """Check what the answer claims to be, then its rows."""
        return read_chart(About(self.key, part.symbol), answer, ids, nonpositive)


def _raise_for_zone(answer: Answer, about: About, line: Line, problem: str) -> None:
    """The look-up of the time zone came back and the prices were never asked for."""
    chart_of(answer, about, line.now())
    raise about.error(MalformedResponse, f"an answer that does not say the time zone ({problem})", answer)


@functools.cache
def _session_class() -> Any:
    """A session of curl_cffi that records chart answers, takes turns and limits every wait."""
    from curl_cffi import requests
    from curl_cffi.requests.exceptions import RequestException

    class RecordingSession(requests.Session):  # type: ignore[type-arg]  # generic in newer versions only
        recorder: Recorder

        def request(self, method: Any, url: str, *args: Any, **kwargs: Any) -> Any:
            recorder = self.recorder
            limit = recorder.line.patience.timeout
            kwargs["timeout"] = min(kwargs.get("timeout") or limit, limit)
            if _CHART not in url:
                return super().request(method, url, *args, **kwargs)
            recorder.line.take_turn(url)
            recorder.clear()
            recorder.asked = url
            recorder.prices = "period1" in (kwargs.get("params") or {})
            try:
                got = super().request(method, url, *args, **kwargs)
            except (RequestException, OSError) as error:
                recorder.failure = f"{type(error).__name__}: {error}"
                raise
            headers = {k.lower(): v or "" for k, v in got.headers.items()}
            recorder.answer = Answer(url=got.url, status=got.status_code, body=got.content, headers=headers)
            return got

    return RecordingSession


@functools.cache
def _private_folder() -> str:
    """A folder of this process for yfinance's own databases: shared ones lock each other out."""
    import yfinance

    folder = tempfile.mkdtemp(prefix="eventstudy-yfinance-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    yfinance.set_tz_cache_location(folder)
    return folder


@contextlib.contextmanager
def _quiet_yfinance() -> Iterator[Any]:
    """Yfinance that raises instead of hiding, writes no log and warns about nothing of its own."""
    with warnings.catch_warnings():
        import yfinance

        # yfinance turns its deprecation warnings on while it is imported: the filter has to come after that.
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"^yfinance")
        warnings.filterwarnings("ignore", category=ResourceWarning)
        _private_folder()
        log = logging.getLogger("yfinance")
        level, hidden = log.level, yfinance.config.debug.hide_exceptions
        log.setLevel(logging.CRITICAL + 1)
        yfinance.config.debug.hide_exceptions = False
        try:
            yield yfinance
        finally:
            log.setLevel(level)
            yfinance.config.debug.hide_exceptions = hidden


def _history(session: Any, part: Part, zone: str | None, line: Line) -> str:
    """Let yfinance ask; returns what it complained about, which decides nothing."""
    from curl_cffi.requests.exceptions import RequestException
    from peewee import PeeweeException  # of yfinance's own databases

    start = (part.asked.start or FIRST_DAY) - dt.timedelta(days=1)
    # The end is exclusive, and a zone ahead of UTC may have a day more.
    end = (part.asked.end or line.today()) + dt.timedelta(days=2)
    with _quiet_yfinance() as yfinance:
        from yfinance.data import YfData
        from yfinance.exceptions import YFException

        # It remembers bad answers as well as good ones.
        YfData.cache_get.cache_clear()
        try:
            ticker = yfinance.Ticker(part.symbol, session=session)
            ticker._tz = zone
            ticker.history(
                start=start, end=end, interval="1d", auto_adjust=False, actions=True, keepna=True,
                timeout=line.patience.timeout,
            )  # fmt: skip
        except (
            YFException, RequestException, OSError, sqlite3.Error, ValueError, LookupError, TypeError, AttributeError,
            ArithmeticError, RuntimeError, AssertionError, PeeweeException,
        ) as error:  # fmt: skip
            return f"{type(error).__name__}: {error}"
    return ""
