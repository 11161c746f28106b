"""What an answer is: data, or one typed error; decided by status and bytes, never by a library's words."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from eventstudy.errors import (
    BadPayload,
    Blocked,
    FetchError,
    MalformedResponse,
    NoDataInRange,
    RateLimited,
    SymbolNotFound,
    UpstreamDown,
)

#: Query parameters that are secret or change from one session to the next.
SECRET = ("crumb", "apikey", "api_key", "key", "token")
#: Bodies that say, with status 200, that this is no answer.
_LIMITED = "too many requests"
_DOWN = "will be right back"
_EXCERPT = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer as it came.

    Attributes
    ----------
    url : str
        As requested, secrets included; `public_url` strips them.
    status : int
    body : bytes
    headers : mapping
        Names in lower case.
    """

    url: str
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def excerpt(self) -> str:
        """First words of the body, on one line."""
        text = self.body[: 4 * _EXCERPT].decode("utf-8", errors="replace")
        return re.sub(r"\s+", " ", "".join(c if c.isprintable() or c.isspace() else "?" for c in text)).strip()[
            :_EXCERPT
        ]

    @property
    def is_page(self) -> bool:
        """Whether the body is a web page."""
        return self.body.lstrip()[:1] == b"<"


@dataclass(frozen=True, slots=True)
class About:
    """Whom a request concerns; makes errors that say so."""

    source: str
    symbol: str

    def error(self, kind: type[FetchError], reason: str, answer: Answer | None = None) -> FetchError:
        """An error of `kind` with the evidence of `answer`; a rate limit goes through `limited`."""
        if answer is None:
            return kind(reason, source=self.source, symbol=self.symbol)
        return kind(
            reason, source=self.source, symbol=self.symbol, url=public_url(answer.url), status=answer.status,
            excerpt=answer.excerpt,
        )  # fmt: skip

    def limited(self, answer: Answer, now: dt.datetime) -> RateLimited:
        """The error for too many requests, with the wait that the server asks for."""
        wait = retry_after(answer.headers.get("retry-after", ""), now)
        if wait is None:
            when = ", which does not say how long to wait; an hour is a fair guess"
        else:
            until = now + dt.timedelta(seconds=wait)
            when = f", which asks to wait {wait:.0f} s; try again after {until:%Y-%m-%d %H:%M} UTC"
        return RateLimited(
            f"too many requests for the server{when}; nothing is said about the symbol",
            source=self.source, symbol=self.symbol, url=public_url(answer.url), status=answer.status,
            excerpt=answer.excerpt, retry_after=wait,
        )  # fmt: skip


def public_url(url: str) -> str:
    """`url` without crumb, keys and credentials.

    Examples
    --------
    >>> public_url("https://host/v8/chart/AA?interval=1d&crumb=abc")
    'https://host/v8/chart/AA?interval=1d'
    """
    parts = urlsplit(url)
    query = urlencode([(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k.lower() not in SECRET])
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def public_parts(url: str) -> tuple[str, dict[str, str]]:
    """`public_url` as the place and its query."""
    parts = urlsplit(public_url(url))
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")), dict(parse_qsl(parts.query))


def retry_after(value: str, now: dt.datetime) -> float | None:
    """Seconds that a Retry-After header asks to wait: a number or an HTTP date; None when it says neither.

    Examples
    --------
    >>> retry_after("120", dt.datetime(2024, 1, 1, tzinfo=dt.UTC))
    120.0
    >>> retry_after("Mon, 01 Jan 2024 00:00:30 GMT", dt.datetime(2024, 1, 1, tzinfo=dt.UTC))
    30.0
    """
    text = value.strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=dt.UTC)
    return max(0.0, (until - now).total_seconds())


def check_answer(answer: Answer, about: About, now: dt.datetime) -> None:
    """Raise what the status and the first words say; return when the body has to be read.

    Raises
    ------
    RateLimited
        429, or 200 with the words "Too Many Requests".
    Blocked
        401 or 403.
    UpstreamDown
        5xx, or 200 with "Will be right back".
    SymbolNotFound
        404.
    MalformedResponse
        Any other status beside 200, and an empty body.
    """
    words = answer.body[:2000].decode("utf-8", errors="replace").casefold()
    status = answer.status
    if status == 429 or (_LIMITED in words and not words.lstrip().startswith("{")):
        raise about.limited(answer, now)
    if status in (401, 403):
        raise about.error(Blocked, "the server refuses this client; another network or a later day may help", answer)
    if status >= 500 or _DOWN in words:
        raise about.error(UpstreamDown, "the server failed; nothing is said about the symbol", answer)
    if status == 404:
        raise about.error(SymbolNotFound, "the server does not know it", answer)
    if status != 200:
        raise about.error(MalformedResponse, "an answer that nobody expects", answer)
    if not answer.body.strip():
        raise about.error(MalformedResponse, "an empty answer", answer)


def chart_of(answer: Answer, about: About, now: dt.datetime) -> dict[str, Any]:
    """The one result of a chart answer of Yahoo.

    A 404 counts as an unknown symbol only when Yahoo's own error object says so: a proxy's or a consent page with the
    same status says nothing about the symbol.

    Raises
    ------
    FetchError
        The typed error that status and body call for.
    """
    told = _json(answer)
    chart = told.get("chart") if isinstance(told, dict) else None
    fault = chart.get("error") if isinstance(chart, dict) else None
    words = str(fault.get("description") or fault.get("code") or "") if isinstance(fault, dict) else ""
    if words and _LIMITED not in words.casefold():
        if answer.status == 404:
            reason = "the server does not know the symbol; indices begin with ^, futures end in =F"
            raise about.error(SymbolNotFound, reason, answer)
        if answer.status in (400, 422):
            raise about.error(NoDataInRange, f"the server has nothing between these dates: {words}", answer)
    if answer.status == 404:
        raise about.error(MalformedResponse, "an answer that is not the server's own", answer)
    check_answer(answer, about, now)
    if told is None:
        raise about.error(MalformedResponse, "no JSON, or half of it", answer)
    if words:
        raise about.error(UpstreamDown, f"the server failed: {words}; another range may work", answer)
    results = chart.get("result") if isinstance(chart, dict) else None
    if not isinstance(results, list) or not results or not isinstance(results[0], dict):
        raise about.error(MalformedResponse, "JSON without a result and without an error", answer)
    if not results[0].get("timestamp"):
        raise about.error(NoDataInRange, "the server has no row between these dates", answer)
    return dict(results[0])


def _json(answer: Answer) -> Any:
    """The body as JSON, None when it is none."""
    try:
        return json.loads(answer.body)
    except ValueError:
        return None


def impossible(about: About, answer: Answer, found: str) -> FetchError:
    """The error for content that cannot be true."""
    return about.error(BadPayload, found, answer)
