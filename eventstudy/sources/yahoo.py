"""Daily bars of Yahoo: yfinance makes the request, we keep the bytes and read them ourselves.

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
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from eventstudy._typing import DateArray, FloatArray
from eventstudy.domain.instruments import Instrument, instruments
from eventstudy.domain.quality import FROZEN_SESSIONS
from eventstudy.errors import InputError, MalformedResponse, NetworkFailure
from eventstudy.sources.bars import BAR_ORDER
from eventstudy.sources.base import Nonpositive
from eventstudy.sources.faults import About, Answer, chart_of, impossible
from eventstudy.sources.feed import Column, Parsed, Part, Span
from eventstudy.sources.http import Line

_TICKER = re.compile(r"[A-Za-z0-9.^=&_-]{1,40}")
_CHART = "/v8/finance/chart/"
#: Where series begin when nobody says: earlier rows of Yahoo are few and doubtful.
FIRST_DAY = dt.date(1985, 1, 1)
#: Smallest split, as a log, whose step can be told from a day's news.
SMALLEST_SPLIT = 0.2
#: Only a rate limit reads the clock, and `ask` has raised that one already.
_NO_CLOCK = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
#: Seconds of the day at which a bar belongs to the next day (22:00 and 23:00 sharp): midnight, written with another
#: season's offset. No market's day is a Saturday: there it is the last trade of a Friday evening.
_SLIPPED = (22 * 3600, 23 * 3600)


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
        about = About(self.key, part.symbol)
        chart = chart_of(answer, about, _NO_CLOCK)
        meta = chart.get("meta") if isinstance(chart.get("meta"), dict) else {}
        assert isinstance(meta, dict)
        known = instruments().get(ids[0])
        notes = _check_meta(meta, part.symbol, known, about, answer)
        days = _days(chart["timestamp"], meta, about, answer)
        columns = _quotes(chart, days.size, about, answer)
        _check_closes(columns["close"], about, answer)
        positive = known is None or known.change in ("log", "simple")
        if positive and nonpositive == "error" and (columns["close"] <= 0.0).any():
            day = days[columns["close"] <= 0.0][0]
            raise impossible(about, answer, f"a close of zero or below on {day}; --nonpositive missing leaves it out")
        columns["dividends"] = _dividends(chart, days, meta, about, answer)
        splits = _splits(chart, meta, about, answer)
        days, columns, more = _one_row_a_day(days, columns, about, answer)
        more += _adjust_missed_splits(days, columns, splits)
        holes = int(np.isnan(columns["close"]).sum())
        more += (f"{holes} rows without a price",) if holes else ()
        column = Column(
            days=days, values=columns["close"], dividends=columns["dividends"],
            bars={n: columns[n] for n in BAR_ORDER if n in columns},
        )  # fmt: skip
        zone = str(meta.get("exchangeTimezoneName", ""))
        return Parsed(
            columns=dict.fromkeys(ids, column), currency=str(meta.get("currency") or ""), zone=zone,
            notes=(*notes, *more),
        )  # fmt: skip


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


def _check_meta(
    meta: dict[str, Any], symbol: str, known: Instrument | None, about: About, answer: Answer
) -> tuple[str, ...]:
    """Raise when the answer is about something else than was asked for; notes of what it does not say."""
    named = str(meta.get("symbol") or "")
    if named.upper() != symbol.upper():
        raise impossible(about, answer, f"the answer is about {named or 'an unnamed symbol'!r}")
    step = str(meta.get("dataGranularity") or "1d")
    if step != "1d":
        raise impossible(about, answer, f"daily rows were asked for and {step!r} came")
    currency = str(meta.get("currency") or "")
    if known is not None and known.currency and currency and currency != known.currency:
        raise impossible(about, answer, f"prices in {currency}, but {known.id} is in {known.currency}")
    return () if currency else ("the answer does not say the currency",)


def _check_closes(close: FloatArray, about: About, answer: Answer) -> None:
    """Raise when no row has a price, or all have the same: the server says that it traded, and shows no trading."""
    known = close[~np.isnan(close)]
    if not known.size:
        raise impossible(about, answer, f"{close.size} rows and not one price")
    if known.size >= FROZEN_SESSIONS and (known == known[0]).all():
        raise impossible(about, answer, f"a frozen feed: all {known.size} closes are {known[0]:g}")


def _days(stamps: Any, meta: dict[str, Any], about: About, answer: Answer) -> DateArray:
    """Session dates: the exchange's local date of each stamp."""
    try:
        zone = ZoneInfo(str(meta["exchangeTimezoneName"]))
        instants = [dt.datetime.fromtimestamp(int(s), dt.UTC).astimezone(zone).replace(tzinfo=None) for s in stamps]
    except (KeyError, ValueError, TypeError, OverflowError, OSError, ZoneInfoNotFoundError) as error:
        raise impossible(about, answer, f"no time zone or stamps to date the rows by ({error})") from error
    times = np.array(instants, dtype="datetime64[s]")
    days = times.astype("datetime64[D]")
    late = np.isin((times - days).astype(np.int64), _SLIPPED) & (np.is_busday(days + 1, weekmask="1111101"))
    return np.where(late, days + 1, days)


def _quotes(chart: dict[str, Any], rows: int, about: About, answer: Answer) -> dict[str, FloatArray]:
    """Bars as float arrays, NaN for null."""
    try:
        quote = chart["indicators"]["quote"][0]
        columns = {n: np.array(quote[n], dtype=np.float64) for n in BAR_ORDER if quote.get(n) is not None}
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise impossible(about, answer, f"bars that cannot be read ({error})") from error
    if "close" not in columns:
        raise impossible(about, answer, f"{rows} rows and no closing price")
    for name, values in columns.items():
        if values.shape != (rows,):
            raise impossible(about, answer, f"{rows} dates and {values.size} values of {name}")
    return columns


def _dividends(
    chart: dict[str, Any], days: DateArray, meta: dict[str, Any], about: About, answer: Answer
) -> FloatArray:
    """Dividends and capital gains paid on each row's date; one on a day without a row counts on the next."""
    events = chart.get("events") or {}
    paid = np.zeros(days.size)
    try:
        kinds = [events.get(kind) or {} for kind in ("dividends", "capitalGains")]
        found = [(int(d["date"]), float(d["amount"])) for kind in kinds for d in kind.values()]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise impossible(about, answer, f"dividends that cannot be read ({error})") from error
    order = np.argsort(days, kind="stable")
    for day, (_, amount) in zip(_days([s for s, _ in found], meta, about, answer), found, strict=True):
        at = int(np.searchsorted(days[order], day))
        if at < days.size:
            paid[order[at]] += amount
    return paid


def _splits(
    chart: dict[str, Any], meta: dict[str, Any], about: About, answer: Answer
) -> list[tuple[np.datetime64, float]]:
    """Dates of splits, and new shares for an old one."""
    try:
        found = [
            (int(s["date"]), float(s["numerator"]) / float(s["denominator"]))
            for s in ((chart.get("events") or {}).get("splits") or {}).values()
        ]
    except (KeyError, TypeError, ValueError, ZeroDivisionError, AttributeError) as error:
        raise impossible(about, answer, f"splits that cannot be read ({error})") from error
    days = _days([stamp for stamp, _ in found], meta, about, answer)
    return sorted((day, ratio) for day, (_, ratio) in zip(days, found, strict=True) if ratio > 0.0)


def _adjust_missed_splits(
    days: DateArray, columns: dict[str, FloatArray], splits: list[tuple[np.datetime64, float]]
) -> tuple[str, ...]:
    """Put rows before a split on its terms where Yahoo has not: for some days it lists the split and does not adjust.

    A close that steps by about the ratio on the very date was left as it was; notes say what was done.
    """
    notes = []
    for day, ratio in splits:
        row = int(np.searchsorted(days, day))
        known = np.flatnonzero(~np.isnan(columns["close"]))
        before, after = known[known < row], known[known >= row]
        size = np.log(ratio)
        if abs(size) < SMALLEST_SPLIT or not before.size or not after.size:
            continue
        step = np.log(columns["close"][after[0]] / columns["close"][before[-1]])
        if abs(step + size) > 0.5 * abs(size):
            continue
        for name, values in columns.items():
            values[:row] *= ratio if name == "volume" else 1.0 / ratio
        notes.append(f"prices before {day} were not adjusted for its split of {ratio:g} to 1: adjusted here")
    return tuple(notes)


def _one_row_a_day(
    days: DateArray, columns: dict[str, FloatArray], about: About, answer: Answer
) -> tuple[DateArray, dict[str, FloatArray], tuple[str, ...]]:
    """Rows ascending, one a date; a second row of the last date is the running session and wins."""
    notes: tuple[str, ...] = ()
    if (np.diff(days) < np.timedelta64(0)).any():
        order = np.argsort(days, kind="stable")
        days, columns = days[order], {n: v[order] for n, v in columns.items()}
        notes += ("the rows were out of order",)
    twice = np.flatnonzero(days[1:] == days[:-1])
    for i in twice.tolist():
        same = columns["close"][i] == columns["close"][i + 1] or np.isnan(columns["close"][i : i + 2]).any()
        if not same and days[i] != days[-1]:
            raise impossible(about, answer, f"two rows of {days[i]} with different prices")
    if not twice.size:
        return days, columns, notes
    keep = np.ones(days.size, dtype=bool)
    for i in twice.tolist():
        keep[i + 1 if np.isnan(columns["close"][i + 1]) else i] = False
        columns["dividends"][i : i + 2] = columns["dividends"][i : i + 2].max()
    notes += (f"{twice.size} dates had two rows: one was kept",)
    return days[keep], {n: v[keep] for n, v in columns.items()}, notes
