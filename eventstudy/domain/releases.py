"""Scheduled releases that move metals and equities on the day they come.

Dates by their publishers' own rules, by calendars that know their first and last date (``catalog/releases.toml``), and
the user's own (`Study`, ``releases``).
"""

from __future__ import annotations

import calendar
import datetime as dt
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from eventstudy._typing import DateArray
from eventstudy.domain.events import Event
from eventstudy.domain.instruments import Instrument, instruments
from eventstudy.domain.intraday import is_intraday, local_times
from eventstudy.domain.windows import Offsets, bar_after, find_day0

EMPLOYMENT = "US employment situation, 08:30 New York"
PROMPT = "LME third-Wednesday prompt date"
#: Employment situations that a lapse of appropriations moved, by the day of the rule; that of October 2025 never came.
#: The Bureau's own releases and statements of these days say so.
MOVED = {
    dt.date(1996, 1, 5): dt.date(1996, 1, 19),
    dt.date(2013, 10, 4): dt.date(2013, 10, 22),
    dt.date(2013, 11, 1): dt.date(2013, 11, 8),
    dt.date(2025, 10, 3): dt.date(2025, 11, 20),
    dt.date(2025, 11, 7): None,
    dt.date(2025, 12, 5): dt.date(2025, 12, 16),
    dt.date(2026, 2, 6): dt.date(2026, 2, 11),
}
#: Follows the title of a release that is listed with bars though its minute is not known.
BY_ITS_DAY = " (by its day: the minute is not known)"
_NEW_YORK = ZoneInfo("America/New_York")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A scheduled release inside an event window.

    Attributes
    ----------
    event, instrument : str
        The pair under study.
    title : str
    date : date
        By rule, with the lapses of appropriations that moved one; by a calendar; or the user's.
    offset : int
        The instrument's first session on or after the date, relative to day 0; of a user's release with a clock time,
        the first price after it. Of bars the first to close after the release; where its minute is not known, the
        first of its day in the window, and the title says so.
    """

    event: str
    instrument: str
    title: str
    date: dt.date
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotKnown:
    """A calendar that says nothing on an event window: a release may lie in it or not.

    Attributes
    ----------
    event, instrument : str
        The pair under study.
    title, short : str
    first, last : date
        Between them the calendar knows every date.
    """

    event: str
    instrument: str
    title: str
    short: str
    first: dt.date
    last: dt.date

    @property
    def words(self) -> str:
        """``FOMC not known for this date (known from 1994-01-01 to 2026-12-31)``."""
        return f"{self.short} not known for this date (known from {self.first} to {self.last})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Every date of a release from `first` to `last`, both included; nothing is known outside.

    Attributes
    ----------
    title, short : str
    first, last : date
    dates : tuple of date
        Ascending.
    origin : str
        Where they come from and how they were checked.
    minutes : dict
        Date -> clock time in New York; dates whose minute is not known are left out.
    """

    title: str
    short: str
    first: dt.date
    last: dt.date
    dates: tuple[dt.date, ...]
    origin: str
    minutes: Mapping[dt.date, dt.time]


class Scheduled(NamedTuple):
    """A release on a date, and its instant where the minute is known."""

    date: dt.date
    title: str
    instant: dt.datetime | None


@cache
def calendars() -> tuple[Calendar, ...]:
    """Releases whose dates follow no rule; see ``catalog/releases.toml``.

    Examples
    --------
    >>> [(c.short, len(c.dates)) for c in calendars()]
    [('FOMC', 264), ('FOMC between meetings', 10), ('US CPI', 224)]
    """
    text = resources.files("eventstudy").joinpath("catalog", "releases.toml").read_text(encoding="utf-8")
    return tuple(
        Calendar(
            title=one["title"], short=one["short"], first=one["first"], last=one["last"],
            dates=tuple(_dates(one["dates"])), origin=" ".join(one["origin"].split()),
            minutes=_minutes(one["times"], tuple(_dates(one["dates"]))),
        )
        for one in tomllib.loads(text)["calendar"]
    )  # fmt: skip


def _dates(text: str) -> Iterator[dt.date]:
    """Dates of lines such as ``1994 0204 0322``."""
    for line in text.split("\n"):
        year, *days = line.split() or ["0"]
        yield from (dt.date(int(year), int(day[:2]), int(day[2:])) for day in days)


def _minutes(text: str, dates: tuple[dt.date, ...]) -> dict[dt.date, dt.time]:
    """Clock times by lines such as ``since 2013-03-20 14:00``, and ``2020-03-15 17:00``, which has the last word."""
    spans: list[tuple[dt.date, dt.time]] = []
    single: dict[dt.date, dt.time] = {}
    for line in text.strip().split("\n"):
        *since, day, clock = line.split()
        date, time = dt.date.fromisoformat(day), dt.time.fromisoformat(clock)
        if since:
            spans.append((date, time))
        else:
            single[date] = time
    usual = {date: time for first, time in sorted(spans) for date in dates if date >= first}
    return usual | single


def employment_date(year: int, month: int) -> dt.date:
    """Release of the US employment situation for a reference month, by the Bureau of Labor Statistics' rule.

    The third Friday after the week (Sunday to Saturday) that holds the 12th; a week later when that falls on January
    1 to 3; the Thursday before when it falls on July 3 or 4. What came on another day stands in `MOVED`.

    Examples
    --------
    >>> employment_date(2018, 3), employment_date(2020, 6)
    (datetime.date(2018, 4, 6), datetime.date(2020, 7, 2))
    """
    twelfth = dt.date(year, month, 12)
    saturday = twelfth + dt.timedelta(days=(5 - twelfth.weekday()) % 7)
    friday = saturday + dt.timedelta(days=20)
    if friday.month == 1 and friday.day <= 3:
        return friday + dt.timedelta(days=7)
    return friday - dt.timedelta(days=1) if (friday.month, friday.day) in ((7, 3), (7, 4)) else friday


def third_wednesday(year: int, month: int) -> dt.date:
    """Third Wednesday of a month, the prompt date on which most LME positions meet.

    Examples
    --------
    >>> third_wednesday(2018, 4)
    datetime.date(2018, 4, 18)
    """
    first = dt.date(year, month, 1).weekday()
    return dt.date(year, month, 1 + (calendar.WEDNESDAY - first) % 7 + 14)


def scheduled(first: dt.date, last: dt.date, exchange: str) -> Iterator[Scheduled]:
    """Releases between two dates, both ends included, that matter to prices of an exchange; in order of date."""
    found: list[Scheduled] = []
    for index in range(first.year * 12 + first.month - 3, last.year * 12 + last.month):
        year, month = divmod(index, 12)
        by_rule = employment_date(year, month + 1)
        if employment := MOVED.get(by_rule, by_rule):
            found.append(Scheduled(employment, EMPLOYMENT, _instant(employment, dt.time(8, 30))))
        if exchange == "LME":
            found.append(Scheduled(third_wednesday(year, month + 1), PROMPT, None))
    found += [
        Scheduled(date, one.title, _instant(date, one.minutes.get(date))) for one in calendars() for date in one.dates
    ]
    yield from sorted((item for item in found if first <= item.date <= last), key=lambda item: item[:2])


def _instant(date: dt.date, time: dt.time | None) -> dt.datetime | None:
    return None if time is None else dt.datetime.combine(date, time, _NEW_YORK)


def releases_in(
    event: str, instrument: Instrument, dates: DateArray, position: int, window: Offsets
) -> Iterable[Release]:
    """Releases whose first session falls into the event window of one pair; of bars, the first to close after them.

    Parameters
    ----------
    dates : ndarray of datetime64, shape (n,)
        Sessions of the instrument, or closes of its bars.
    position : int
        Row of day 0.
    """
    bars, days = is_intraday(dates), _days(dates, instrument)
    low, high, first, last = _span(days, position, window)
    # What came after the last close of the day before moves the first bar of the window.
    for date, title, instant in scheduled(first - dt.timedelta(days=bars), last, instrument.exchange):
        if bars and instant is not None:
            found = bar_after(dates, instant)
            row = found if low <= found <= high else None
        else:
            row, title = _row_of(date, days, low, high), title + (BY_ITS_DAY if bars else "")
        if row is not None:
            yield Release(event=event, instrument=instrument.id, title=title, date=date, offset=row - position)


def _days(dates: DateArray, instrument: Instrument) -> DateArray:
    """Local dates of sessions or bars."""
    return np.asarray(local_times(dates, instrument.tz).astype("datetime64[D]")) if is_intraday(dates) else dates


def _row_of(date: dt.date, dates: DateArray, low: int, high: int) -> int | None:
    """First of the rows `low` to `high` that belongs to the first session on or after a date; None without one."""
    start = int(np.searchsorted(dates, np.datetime64(date, "D")))
    if start > high:
        return None
    stop = int(np.searchsorted(dates, dates[start], side="right"))
    return max(start, low) if stop > low else None


def own_releases_in(
    event: str, instrument: Instrument, dates: DateArray, position: int, window: Offsets, own: Iterable[Event]
) -> Iterable[Release]:
    """As `releases_in`, of the user's own that concern the instrument; a clock time decides as for an announcement.

    Parameters
    ----------
    dates : ndarray of datetime64, shape (n,)
        Sessions of the instrument, or closes of its bars.
    """
    low, high = max(0, position + window[0]), min(dates.size - 1, position + window[1])
    for one in own:
        if one.instruments and instrument.id not in instruments().select(one.instruments):
            continue
        row, title = find_day0(one, instrument, dates).position, one.label
        if is_intraday(dates) and not isinstance(one.announced, dt.datetime):
            row, title = _row_of(one.date, _days(dates, instrument), low, high), title + BY_ITS_DAY
        if row is not None and low <= row <= high:
            yield Release(event=event, instrument=instrument.id, title=title, date=one.date, offset=row - position)


def not_known(
    event: str, instrument: Instrument, dates: DateArray, position: int, window: Offsets
) -> Iterable[NotKnown]:
    """Calendars that do not cover the event window of one pair; parameters as `releases_in`."""
    _, _, first, last = _span(_days(dates, instrument), position, window)
    for one in calendars():
        if first < one.first or last > one.last:
            yield NotKnown(
                event=event, instrument=instrument.id, title=one.title, short=one.short, first=one.first, last=one.last
            )


def _span(dates: DateArray, position: int, window: Offsets) -> tuple[int, int, dt.date, dt.date]:
    """First and last row of an event window, and the dates from after the session before it to its last."""
    low, high = max(0, position + window[0]), min(dates.size - 1, position + window[1])
    earlier = int(np.searchsorted(dates, dates[low])) - 1
    first = dates[low].astype(dt.date) if earlier < 0 else dates[earlier].astype(dt.date) + dt.timedelta(days=1)
    return low, high, first, dates[high].astype(dt.date)
