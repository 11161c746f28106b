"""One polite request: throttled per host, retried where that can help, every failure with its type."""

from __future__ import annotations

import datetime as dt
import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

from eventstudy.errors import FetchError, InputError, NetworkFailure, RateLimited
from eventstudy.sources.faults import About, Answer, public_url

T = TypeVar("T")
#: Environment variables that replace a default: for tests against servers of one's own, and for slow networks.
VARIABLES = {
    "EVENTSTUDY_ATTEMPTS": "requests for one thing before giving up (4)",
    "EVENTSTUDY_SPACING": "seconds between two requests to one host (1)",
    "EVENTSTUDY_TIMEOUT": "seconds without an answer that end a request (30)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to try.

    Attributes
    ----------
    attempts : int
        Requests for one thing, the first included.
    spacing : float
        Seconds between two requests to one host.
    timeout : float
        Seconds without an answer that end a request.
    first : float
        Wait before the second attempt; doubles with each one, plus up to half of it by chance.
    limited : float
        The same after a rate limit, when the server does not say how long.
    longest : float
        Give up rather than wait longer than this before one attempt.
    """

    attempts: int = 4
    spacing: float = 1.0
    timeout: float = 30.0
    first: float = 1.0
    limited: float = 60.0
    longest: float = 130.0

    @classmethod
    def from_environment(cls) -> Patience:
        """The defaults, with what the environment says instead.

        Raises
        ------
        InputError
            When a variable is no number, or out of range.
        """
        attempts = _number("EVENTSTUDY_ATTEMPTS", 4.0, least=1.0)
        return cls(
            attempts=int(attempts),
            spacing=_number("EVENTSTUDY_SPACING", 1.0, least=0.0),
            timeout=_number("EVENTSTUDY_TIMEOUT", 30.0, least=0.01),
        )


def _number(name: str, default: float, *, least: float) -> float:
    text = os.environ.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = float("nan")
    if not value >= least:
        raise InputError(f"the environment variable {name} is {text!r}; it takes a number from {least:g}")
    return value


@dataclass(kw_only=True)
class Line:
    """The way to the network: patience, and the clocks, which a test replaces.

    Attributes
    ----------
    patience : Patience
    rng : random.Random
        Jitter of the waits; no result depends on it.
    sleep, elapsed, now : callable
        Wait for seconds; seconds since any start; the instant in UTC.
    """

    patience: Patience = field(default_factory=Patience.from_environment)
    rng: random.Random = field(default_factory=random.Random)
    sleep: Callable[[float], None] = time.sleep
    elapsed: Callable[[], float] = time.monotonic
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    _last: dict[str, float] = field(default_factory=dict, repr=False)

    def today(self) -> dt.date:
        """Date in UTC."""
        return self.now().date()

    def take_turn(self, url: str) -> None:
        """Wait until the host of `url` may be asked again."""
        host = urlsplit(url).netloc
        due = self._last.get(host)
        if due is not None and (rest := due + self.patience.spacing - self.elapsed()) > 0.0:
            self.sleep(rest)
        self._last[host] = self.elapsed()

    def retry(self, attempt: Callable[[], T]) -> T:
        """What `attempt` returns; it is repeated after a `FetchError` that a later request may not meet.

        Raises
        ------
        FetchError
            The last one, when the attempts are used up or the server asks for more patience than there is.
        """
        for number in range(1, self.patience.attempts + 1):
            try:
                return attempt()
            except FetchError as error:
                wait = self._wait(error, number)
                if not error.retryable or number == self.patience.attempts or wait > self.patience.longest:
                    raise
                self.sleep(wait)
        raise AssertionError("attempts is at least one")

    def _wait(self, error: FetchError, number: int) -> float:
        """Seconds before the next attempt: what the server asks for, else exponential with jitter."""
        if isinstance(error, RateLimited):
            if error.retry_after is not None:
                return error.retry_after
            start = self.patience.limited
        else:
            start = self.patience.first
        return float(start * 2.0 ** (number - 1) * (1.0 + 0.5 * self.rng.random()))


def base_url(source: str, default: str) -> str:
    """Where `source` lives: ``EVENTSTUDY_<SOURCE>_URL`` where it is set, else `default`; no slash at the end."""
    return os.environ.get(f"EVENTSTUDY_{source.upper()}_URL", default).rstrip("/")


def get(url: str, params: Mapping[str, str], about: About, line: Line) -> Answer:
    """One GET request, whatever the status of the answer.

    Proxies and certificates come from the usual environment variables (HTTPS_PROXY, REQUESTS_CA_BUNDLE).

    Raises
    ------
    NetworkFailure
        No complete answer.
    """
    import requests

    line.take_turn(url)
    full = requests.Request("GET", url, params=dict(params)).prepare().url or url
    try:
        got = requests.get(full, timeout=line.patience.timeout, headers={"User-Agent": "eventstudy (python-requests)"})
    except (requests.RequestException, OSError) as error:
        reason, asked = f"no complete answer: {type(error).__name__}", public_url(full)
        raise NetworkFailure(reason, source=about.source, symbol=about.symbol, url=asked) from error
    headers = {k.lower(): v for k, v in got.headers.items()}
    return Answer(url=full, status=got.status_code, body=got.content, headers=headers)
