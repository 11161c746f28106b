"""What a network source is: the values that pass between asking, reading and keeping."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, get_args

import numpy as np

from eventstudy._typing import BoolArray, DateArray, FloatArray
from eventstudy.domain.instruments import Instrument
from eventstudy.errors import FetchError, InputError
from eventstudy.sources.base import Mode, Nonpositive
from eventstudy.sources.faults import Answer
from eventstudy.sources.http import Line
from eventstudy.sources.store import Entry, Store

#: A series that ends this many days before its range is said to be stale, one that starts this much late to be short.
STALE_DAYS = 8
#: The same for a series with rows farther apart, in rows.
STALE_SPACINGS = 3


@dataclass(frozen=True, slots=True)
class Span:
    """Dates that are wanted, both included; None is as far as the source goes."""

    start: dt.date | None = None
    end: dt.date | None = None

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.start > self.end:
            raise InputError(f"the range starts on {self.start}, after its end {self.end}; swap --from and --to")

    def holds(self, days: DateArray) -> BoolArray:
        """Which of `days` lie inside, shape of `days`."""
        inside = np.ones(days.shape, dtype=bool)
        if self.start is not None:
            inside &= days >= np.datetime64(self.start)
        if self.end is not None:
            inside &= days <= np.datetime64(self.end)
        return inside


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One answer's worth of data: the symbol in the source's words and the range that is asked for."""

    symbol: str
    asked: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One series of an answer: dates ascending and unique, NaN where the source has no price.

    Attributes
    ----------
    days : array of datetime64[D], shape (rows,)
    values : array, shape (rows,)
        Levels as the source gives them: split-adjusted closes, official prices, factors as fractions.
    dividends : array, shape (rows,), or None
        Paid on the day; levels then become total returns.
    bars : mapping
        ``open``, ``high``, ``low``, ``close``, ``volume``.
    """

    days: DateArray
    values: FloatArray
    dividends: FloatArray | None = None
    bars: Mapping[str, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """An answer that was read and checked: columns by instrument id."""

    columns: Mapping[str, Column]
    currency: str = ""
    zone: str = ""
    notes: tuple[str, ...] = ()

    @property
    def known_days(self) -> DateArray:
        """Dates on which any column has a value, ascending."""
        days = [c.days[~np.isnan(c.values)] for c in self.columns.values()]
        return np.unique(np.concatenate(days)) if days else np.array([], dtype="datetime64[D]")


class Feed(Protocol):
    """One network source: where things are, how they are asked for, what the bytes mean."""

    key: str
    layout: str
    #: Packages that make the request, for the manifest.
    packages: tuple[str, ...]

    def symbol(self, one: Instrument) -> str:
        """What the source calls the instrument; ``""`` when it does not have it."""
        ...

    def parts(self, symbol: str, span: Span, last: dt.date) -> list[Part]:
        """The answers that hold `span`; `last` is the last day whose session is over."""
        ...

    def ask(self, part: Part, one: Instrument, line: Line) -> Answer:
        """Make one request; raises the typed error of a failure."""
        ...

    def read(self, part: Part, answer: Answer, ids: Sequence[str], nonpositive: Nonpositive) -> Parsed:
        """Read and check the bytes; raises `MalformedResponse`, `BadPayload` or `NoDataInRange`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What a source changed in rows that it had published before."""

    rows_changed: int
    rows_gone: int
    largest: float
    largest_on: str

    def __str__(self) -> str:
        words = [f"{self.rows_changed} rows revised, by up to {self.largest:.3%} on {self.largest_on}"]
        words = words if self.rows_changed else []
        words += [f"{self.rows_gone} rows are gone"] if self.rows_gone else []
        return ", ".join(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """One part that is there.

    Attributes
    ----------
    entry : Entry
        Its line in the store.
    ids : tuple of str
        Instruments that are taken from it.
    parsed : Parsed
    from_store : bool
        True when no request was made.
    need : Span
        The part of it that was wanted.
    revision : Revision or None
        Against the answer of before, where rows differ.
    """

    entry: Entry
    ids: tuple[str, ...]
    parsed: Parsed
    from_store: bool
    need: Span = field(default_factory=Span)
    revision: Revision | None = None

    @property
    def days(self) -> DateArray:
        """Dates with a price inside what was wanted, sessions that were not over left out."""
        days = self.parsed.known_days
        end = min(self.entry.over, self.need.end) if self.need.end else self.entry.over
        return days[Span(None, end).holds(days) & Span(self.need.start, None).holds(days)]

    @property
    def flags(self) -> tuple[str, ...]:
        """What a user should know of it: revisions, odd rows, a series that starts late or ended early."""
        revised = (str(self.revision),) if self.revision else ()
        return (*revised, *_edges(self.days, self.need, self.entry.settled_to), *self.parsed.notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """How to get things: mode, store, way to the network, what a price of zero is.

    Attributes
    ----------
    mode : {"normal", "refresh", "offline"}
    store : Store
    line : Line
    nonpositive : {"error", "missing"}
    progress : callable
        Called with (symbol, done, all) before every part.
    only : mapping of str to str, or None
        Stored answers that may be used: hash -> last date that counts, ``""`` for any. None is all.
    """

    mode: Mode = "normal"
    store: Store = field(default_factory=Store)
    line: Line = field(default_factory=Line)
    nonpositive: Nonpositive = "error"
    progress: Callable[[str, int, int], object] = lambda symbol, done, total: None
    only: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        if self.mode not in get_args(Mode):
            raise InputError(f"mode = {self.mode!r} is not one of {', '.join(map(repr, get_args(Mode)))}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Parts that are there, and the error of every symbol that is not."""

    got: tuple[Got, ...]
    failures: Mapping[str, FetchError]
    missing: tuple[str, ...]

    def require_all(self) -> None:
        """Raise the first failure, which says what is there and what is not."""
        for error in self.failures.values():
            raise error.among(dict.fromkeys(g.entry.symbol for g in self.got), self.missing)


def _edges(days: DateArray, need: Span, settled: dt.date) -> tuple[str, ...]:
    """Says where the rows fall short of the range that was asked for; a monthly series comes with a delay."""
    if days.size < 2:
        return ()
    usual = int(np.median(np.diff(days).astype(np.int64)))
    slack = STALE_DAYS if usual <= STALE_DAYS else STALE_SPACINGS * usual
    out = []
    if need.start is not None:
        late = int((days[0] - np.datetime64(need.start)).astype(np.int64))
        out += [f"starts {late} days after the range"] if late > slack else []
    end = min(need.end, settled) if need.end else settled
    early = int((np.datetime64(end) - days[-1]).astype(np.int64))
    out += [f"ends {early} days before the range"] if early > slack else []
    return tuple(out)
