"""Scheduled releases that move metals and equities on the day they come: dates by their publishers' own rules.

Only rules that give a date without a calendar are here. The dates of central banks and of most statistics follow no
rule: pass them as announcements (`Study.run`, ``others``).
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from eventstudy._typing import DateArray
from eventstudy.domain.windows import Offsets

EMPLOYMENT = "US employment situation, 08:30 New York"
PROMPT = "LME third-Wednesday prompt date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A scheduled release inside an event window.

    Attributes
    ----------
    event, instrument : str
        The pair under study.
    title : str
    date : date
        By rule; a shutdown or a holiday moved single ones.
    offset : int
        The instrument's first session on or after the date, relative to day 0.
    """

    event: str
    instrument: str
    title: str
    date: dt.date
    offset: int


def employment_date(year: int, month: int) -> dt.date:
    """Release of the US employment situation for a reference month, by the Bureau of Labor Statistics' rule.

    The third Friday after the week (Sunday to Saturday) that holds the 12th; a week later when that falls on January
    1 to 3; the Thursday before when it falls on July 3 or 4.

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


def scheduled(first: dt.date, last: dt.date, exchange: str) -> Iterator[tuple[dt.date, str]]:
    """Releases between two dates, both ends included, that matter to prices of an exchange; in order of date."""
    found: list[tuple[dt.date, str]] = []
    for index in range(first.year * 12 + first.month - 3, last.year * 12 + last.month):
        year, month = divmod(index, 12)
        found.append((employment_date(year, month + 1), EMPLOYMENT))
        if exchange == "LME":
            found.append((third_wednesday(year, month + 1), PROMPT))
    yield from sorted(item for item in found if first <= item[0] <= last)


def releases_in(
    event: str, instrument: str, exchange: str, dates: DateArray, position: int, window: Offsets
) -> Iterable[Release]:
    """Releases whose first session falls into the event window of one pair.

    Parameters
    ----------
    dates : ndarray of datetime64[D], shape (n,)
        Sessions of the instrument.
    position : int
        Row of day 0.
    """
    low, high = max(0, position + window[0]), min(dates.size - 1, position + window[1])
    before = dates[max(0, low - 1)].astype(dt.date) + dt.timedelta(days=1)
    for date, title in scheduled(before, dates[high].astype(dt.date), exchange):
        row = int(np.searchsorted(dates, np.datetime64(date, "D")))
        if low <= row <= high:
            yield Release(event=event, instrument=instrument, title=title, date=date, offset=row - position)
