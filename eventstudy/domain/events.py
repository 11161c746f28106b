"""Announcements: when the public could know, how sure the minute is, what was expected to move."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from eventstudy.errors import InputError, UnknownNameError

Precision = Literal["minute", "hour", "day", "weekend"]
How = Literal[
    "leak", "speech", "post", "proclamation", "release", "exchange", "court", "government", "accident", "unknown"
]
Anticipated = Literal["no", "partly", "mostly", "unknown"]
Grade = Literal["high", "medium", "low", "none"]
#: Expected sign: up, down, expected not to move, or unclear.
Sign = Literal["+", "-", "0", "?"]

#: Who may be expected to move, as the catalogue names them.
REACTORS = (
    "us_price", "world_price", "us_premium", "us_producers", "canadian_producers", "russian_producers",
    "chinese_producers", "alumina", "target", "acquirer",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One announcement.

    Attributes
    ----------
    id, title : str
        Unique name, and words for a report.
    announced : datetime or date
        An aware instant when the clock time is known, else a bare date. For ``precision="weekend"`` the
        last non-trading day before markets could react. A leak counts: the leak is the announcement.
    zone : str
        IANA time zone of the announcement.
    precision : {"minute", "hour", "day", "weekend"}
    not_before, not_after : datetime or None
        Aware bounds of an instant that is not known to the minute.
    clock_note : str
        Where the clock time comes from.
    how : str
        How it became public.
    effective : str
        Effective date or dates, in words.
    stage : str
        ``declared``, ``signed``, ``effective``, ``lifted``, ...; empty when there is only one.
    anticipated : {"no", "partly", "mostly", "unknown"}
    countries, tags : tuple of str
    expected : dict
        Reactor (see `REACTORS`) -> expected sign.
    reported : str
        Moves that the press reported, unverified.
    sources : tuple of str
    date_confidence, minute_confidence : {"high", "medium", "low", "none"}
    overlaps : tuple of str
        Other events within ten sessions.
    usable : bool
        False when the doubts forbid a study; `reason` says why.
    reason : str
    instruments : tuple of str
        Instruments that this event concerns; empty: those of the study.
    aliases : tuple of str
        Other ids under which it can be asked for.
    """

    id: str
    title: str = ""
    announced: dt.date
    zone: str = "America/New_York"
    precision: Precision = "day"
    not_before: dt.datetime | None = None
    not_after: dt.datetime | None = None
    clock_note: str = ""
    how: How = "unknown"
    effective: str = ""
    stage: str = ""
    anticipated: Anticipated = "unknown"
    anticipation_note: str = ""
    countries: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    expected: Mapping[str, Sign] = field(default_factory=dict)
    reported: str = ""
    sources: tuple[str, ...] = ()
    date_confidence: Grade = "none"
    minute_confidence: Grade = "none"
    overlaps: tuple[str, ...] = ()
    usable: bool = True
    reason: str = ""
    note: str = ""
    instruments: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, kind in _OPTIONS.items():
            value = getattr(self, name)
            if value not in get_args(kind):
                raise InputError(f"event {self.id!r}: {name} = {value!r} is not one of {get_args(kind)}")
        for reactor, sign in self.expected.items():
            if reactor not in REACTORS or sign not in get_args(Sign):
                raise InputError(
                    f"event {self.id!r}: expected.{reactor} = {sign!r}; reactors are {REACTORS}, "
                    f"signs are {get_args(Sign)}"
                )
        if self.has_instant != isinstance(self.announced, dt.datetime):
            raise InputError(
                f"event {self.id!r}: precision {self.precision!r} needs "
                + ("a date with a clock time" if self.has_instant else "a bare date, without a clock time")
            )
        if isinstance(self.announced, dt.datetime) and self.announced.tzinfo is None:
            raise InputError(f"event {self.id!r}: the announced instant needs a time zone")
        for bound in (self.not_before, self.not_after):
            if bound is not None and not isinstance(self.announced, dt.datetime):
                raise InputError(f"event {self.id!r}: not_before and not_after need an announced clock time")
        earliest, latest = self.earliest, self.latest
        if (earliest and latest) and not earliest <= self.announced <= latest:
            raise InputError(f"event {self.id!r}: announced must lie between not_before and not_after")
        if not self.usable and not self.reason:
            raise InputError(f"event {self.id!r}: usable = false needs a reason")

    @property
    def has_instant(self) -> bool:
        """Whether a clock time is known (``precision`` minute or hour)."""
        return self.precision in ("minute", "hour")

    @property
    def date(self) -> dt.date:
        """Local date of the announcement."""
        return self.announced.date() if isinstance(self.announced, dt.datetime) else self.announced

    @property
    def earliest(self) -> dt.datetime | None:
        """Earliest possible instant (UTC), None when only a date is known.

        News that was "out by" a time and has no lower bound may be as old as the local midnight.
        """
        if not isinstance(self.announced, dt.datetime):
            return None
        bound = self.not_before
        if bound is None and self.not_after is not None:
            bound = self.announced.replace(hour=0, minute=0)
        return (bound or self.announced).astimezone(dt.UTC)

    @property
    def latest(self) -> dt.datetime | None:
        """Latest possible instant (UTC), None when only a date is known."""
        if not isinstance(self.announced, dt.datetime):
            return None
        return (self.not_after or self.announced).astimezone(dt.UTC)

    @property
    def when(self) -> str:
        """The announcement in words, such as ``2018-04-06 08:30 America/New_York``."""
        if isinstance(self.announced, dt.datetime):
            return f"{self.announced:%Y-%m-%d %H:%M} {self.zone}"
        words = {"day": "clock time unknown", "weekend": "over the weekend"}[self.precision]
        return f"{self.announced:%Y-%m-%d}, {words}"

    @property
    def label(self) -> str:
        """Title, or the id when there is none."""
        return self.title or self.id


_OPTIONS: dict[str, Any] = {
    "precision": Precision,
    "how": How,
    "anticipated": Anticipated,
    "date_confidence": Grade,
    "minute_confidence": Grade,
}


class EventTable(Mapping[str, Event]):
    """Ordered events with unique ids.

    Examples
    --------
    >>> catalog()["six-nation-accord-1994"].announced
    datetime.date(1994, 1, 30)
    """

    def __init__(self, events: Iterable[Event]) -> None:
        self._by_id: dict[str, Event] = {}
        self._aliases: dict[str, str] = {}
        for event in events:
            for name in (event.id, *event.aliases):
                if name in self._by_id or name in self._aliases:
                    raise InputError(f"event id {name!r} occurs twice; ids must be unique")
            self._by_id[event.id] = event
            self._aliases |= dict.fromkeys(event.aliases, event.id)

    def __getitem__(self, key: str) -> Event:
        key = self._aliases.get(key, key)
        if key not in self._by_id:
            raise UnknownNameError("event", key, self._by_id, hint="(eventstudy events lists them)")
        return self._by_id[key]

    def __contains__(self, key: object) -> bool:
        return key in self._by_id or key in self._aliases

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def __repr__(self) -> str:
        ids = list(self)
        return f"EventTable({len(self)} events: {', '.join(ids[:4])}{', ...' if len(ids) > 4 else ''})"

    def between(self, start: str | dt.date, end: str | dt.date) -> EventTable:
        """Events announced on or after `start` and on or before `end` (local dates)."""
        low, high = pd.Timestamp(start).date(), pd.Timestamp(end).date()
        return EventTable(e for e in self.values() if low <= e.date <= high)

    def tagged(self, *tags: str) -> EventTable:
        """Events that carry every one of `tags`."""
        return EventTable(e for e in self.values() if set(tags) <= set(e.tags))

    def usable(self) -> EventTable:
        """Events whose doubts do not forbid a study."""
        return EventTable(e for e in self.values() if e.usable)

    def near(self, event: Event, *, sessions: int = 10) -> EventTable:
        """Other events at most `sessions` weekdays away from `event`."""
        return EventTable(
            e for e in self.values() if e.id != event.id and weekdays_between(event.date, e.date) <= sessions
        )

    def to_frame(self) -> pd.DataFrame:
        """One row an event: id, when, precision, how, stage, usable, title."""
        columns = ["id", "when", "precision", "how", "stage", "anticipated", "usable", "title"]
        return pd.DataFrame([[getattr(e, c) for c in columns] for e in self.values()], columns=columns)


def weekdays_between(a: dt.date, b: dt.date) -> int:
    """Weekdays from `a` to `b`, without sign; a weekend day counts as the Monday after it.

    Examples
    --------
    >>> weekdays_between(dt.date(2018, 4, 6), dt.date(2018, 4, 10))
    2
    """
    low, high = (np.busday_offset(np.datetime64(d, "D"), 0, roll="forward") for d in sorted((a, b)))
    return int(np.busday_count(low, high))


def make_event(
    date: str | dt.date,
    *,
    time: str | None = None,
    zone: str = "America/New_York",
    id: str = "",
    title: str = "",
    instruments: Iterable[str] = (),
    tags: Iterable[str] = (),
) -> Event:
    """An event of your own, from a date and, if you know it, a clock time.

    Parameters
    ----------
    date : str or date
        ``YYYY-MM-DD``.
    time : str, optional
        Local clock time ``HH:MM``; without it only the date is known and the primary window widens.
    zone : str
        IANA zone of that clock.

    Raises
    ------
    InputError
        When the date, the time or the zone cannot be read.

    Examples
    --------
    >>> make_event("2018-04-06", time="08:30").when
    '2018-04-06 08:30 America/New_York'
    """
    try:
        day = date if isinstance(date, dt.date) else dt.date.fromisoformat(date)
    except ValueError as error:
        raise InputError(f"date {date!r} is not a date; write YYYY-MM-DD, such as 2018-04-06") from error
    name = id or f"event-{day:%Y-%m-%d}"
    words = title or f"Announcement of {day:%Y-%m-%d}"
    announced: dt.date = day
    place = _zone(zone)
    if time is not None:
        try:
            announced = dt.datetime.combine(day, dt.time.fromisoformat(time), place)
        except ValueError as error:
            raise InputError(f"time {time!r} is not a clock time; write HH:MM, such as 08:30") from error
    return Event(
        id=name,
        title=words,
        announced=announced,
        zone=zone,
        precision="day" if time is None else "minute",
        instruments=tuple(instruments),
        tags=tuple(tags),
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InputError(f"{name!r} is no IANA time zone; write one such as 'America/New_York'") from error


def event_from_record(record: Mapping[str, Any]) -> Event:
    """Build an event from one TOML table; unknown keys are an error.

    Local clock times (``announced``, ``not_before``, ``not_after``) are read in the zone of the record.
    """
    allowed = set(Event.__dataclass_fields__)
    unknown = sorted(set(record) - allowed)
    if unknown:
        raise InputError(f"event {record.get('id', '?')!r}: unknown keys {unknown}; allowed: {sorted(allowed)}")
    for needed in ("id", "announced"):
        if needed not in record:
            raise InputError(f"event {record.get('id', '?')!r}: the key {needed!r} is missing")
    values = dict(record)
    zone = _zone(values.get("zone", "America/New_York"))
    for key in ("announced", "not_before", "not_after"):
        value = values.get(key)
        if isinstance(value, dt.datetime) and value.tzinfo is None:
            values[key] = value.replace(tzinfo=zone)
    for key in ("countries", "tags", "sources", "overlaps", "instruments", "aliases"):
        if key in values:
            values[key] = tuple(values[key])
    return Event(**values)


@cache
def catalog() -> EventTable:
    """Thirty years of aluminum announcements, from public pages; see ``catalog/events.toml``.

    Examples
    --------
    >>> catalog()["ofac-rusal-2018"].expected["world_price"]
    '+'
    """
    text = resources.files("eventstudy").joinpath("catalog", "events.toml").read_text(encoding="utf-8")
    return EventTable(event_from_record(r) for r in tomllib.loads(text)["event"])
