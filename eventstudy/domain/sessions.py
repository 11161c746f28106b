"""Rows on days without a session, and sessions without a row, against the exchange's own calendar."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from eventstudy._typing import BoolArray
from eventstudy.domain.quality import Flag, FlagKind, Severity

#: Exchange -> calendar of exchange_calendars, first year in which it fits daily data, whether it is a stand-in.
#: No calendar of the LME exists; London's has its days of 2008-2023, one royal funeral apart. COMEX metals settle
#: on New York's days (Globex has more), Shanghai's futures trade on the days of its shares. Of New York's holidays
#: before 1970 the calendar knows only some.
CALENDARS = {
    "NYSE": ("XNYS", 1970, False), "NYSE Arca": ("XNYS", 1970, False), "NASDAQ": ("XNYS", 1971, False),
    "US equities": ("XNYS", 1970, False), "Oslo": ("XOSL", 2000, False), "HKEX": ("XHKG", 2000, False),
    "ASX": ("XASX", 2000, False), "NSE": ("XBOM", 2000, True), "SHFE": ("XSHG", 2000, True),
    "COMEX": ("XNYS", 1970, True), "LME": ("XLON", 2000, True),
}  # fmt: skip
#: Findings of one kind that are listed one by one; more become one flag.
LISTED = 12
#: Peers that make a calendar where none is known.
LEAST_PEERS = 3
#: Consecutive sessions without a value from which a hole is more than a nuisance.
LONG_HOLE = 5
#: A series with more weekend rows than this share trades at weekends.
WEEKEND_SHARE = 0.05


@dataclass(frozen=True, kw_only=True)
class Sessions:
    """Days on which an exchange trades.

    Attributes
    ----------
    days : DatetimeIndex
        Ascending, without zone.
    first : Timestamp
        Earlier dates are not judged.
    stand_in : bool
        The calendar is a neighbour's: a fresh price on a weekday is then the calendar's error, not the series'.
    label : str
        Name of the calendar, in words for evidence.
    """

    days: pd.DatetimeIndex
    first: pd.Timestamp
    stand_in: bool
    label: str


def exchange_sessions(exchange: str, last_year: int) -> Sessions | None:
    """Sessions of an exchange up to the end of `last_year`; None where no calendar is known.

    Examples
    --------
    >>> pd.Timestamp("2018-03-30") in exchange_sessions("NYSE", 2018).days  # Good Friday
    False
    >>> exchange_sessions("FX", 2018) is None
    True
    """
    if exchange not in CALENDARS:
        return None
    code, first_year, stand_in = CALENDARS[exchange]
    days = _calendar(code, first_year, last_year)
    if days is None:
        return None
    label = f"the calendar {code}" + (f", a stand-in for {exchange}" if stand_in else "")
    return Sessions(days=days, first=pd.Timestamp(first_year, 1, 1), stand_in=stand_in, label=label)


def peer_sessions(name: str, peers: Mapping[str, pd.Series]) -> Sessions | None:
    """Days on which most of the peers have a price, for a series whose exchange has no calendar; None with few peers.

    Parameters
    ----------
    name : str
        The series that is judged; it is no peer of its own.
    peers : mapping of str to Series
        Values by date, without NaN, of series that trade where `name` does. A peer counts between its first and last
        date, `LEAST_PEERS` are needed on a day.
    """
    others = {n: own for n, own in peers.items() if n != name and len(own)}
    if len(others) < LEAST_PEERS:
        return None
    there = pd.DataFrame({n: pd.Series(1.0, index=own.index) for n, own in others.items()}).sort_index()
    alive = (there.ffill().notna() & there.bfill().notna()).sum(axis=1)
    held = (there.sum(axis=1) > alive / 2.0) & (alive >= LEAST_PEERS)
    days = pd.DatetimeIndex(there.index[held])
    if not days.size:
        return None
    return Sessions(days=days, first=days[0], stand_in=True, label=f"its {len(others)} peers")


@cache
def half_days(exchange: str) -> Mapping[dt.date, dt.datetime]:
    """Sessions on which an exchange closes early, with the instant (UTC) of the close; empty where none is known.

    Stand-in calendars say nothing here: what their market does on Christmas Eve, the LME and COMEX do not.

    Examples
    --------
    >>> half_days("NYSE")[dt.date(2018, 11, 23)].isoformat()  # the day after Thanksgiving, 13:00 New York
    '2018-11-23T18:00:00+00:00'
    >>> len(half_days("LME"))
    0
    """
    code, first_year, stand_in = CALENDARS.get(exchange, ("", 0, True))
    if stand_in:
        return {}
    import exchange_calendars  # type: ignore[import-untyped]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        calendar = exchange_calendars.get_calendar(code, start=f"{first_year}-01-01")
        early = calendar.early_closes
        closes = calendar.closes[early]
    return {day.date(): close.to_pydatetime() for day, close in zip(early, closes, strict=True)}


@cache
def _calendar(code: str, first_year: int, last_year: int) -> pd.DatetimeIndex | None:
    # A third of a second to import. What it calls in pandas and is deprecated there is no fault of the caller.
    import exchange_calendars

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            calendar = exchange_calendars.get_calendar(code, start=f"{first_year}-01-01", end=f"{last_year}-12-31")
        except ValueError:
            return None  # some calendars end with the current year: what lies beyond is not judged
    days: pd.DatetimeIndex = calendar.sessions.tz_localize(None).as_unit("ns")
    return days


def check_sessions(name: str, levels: pd.Series, sessions: Sessions | None, known: Iterable[Flag] = ()) -> list[Flag]:
    """Holes, rows on days without a session, and forward fills among these.

    Parameters
    ----------
    levels : Series
        Values by date, without NaN.
    sessions : Sessions or None
        Without a calendar only weekends are looked at.
    known : iterable of Flag
        Holes that were found already are not told twice.
    """
    days = pd.DatetimeIndex(levels.index)
    if days.size < 3 or int(np.median(np.diff(days.to_numpy()).astype("timedelta64[D]").astype(np.int64))) > 4:
        return []  # not a daily series
    weekend = np.asarray(days.day_of_week >= 5)
    if sessions is None:
        return [] if weekend.mean() > WEEKEND_SHARE else _off_days(name, levels, weekend, "a weekend")
    off = np.asarray(days >= sessions.first) & ~np.asarray(days.isin(sessions.days))
    if sessions.stand_in:
        off &= weekend | _repeats(levels)
    flags = _off_days(name, levels, off, f"no session in {sessions.label}")
    due = sessions.days[(sessions.days >= max(days[0], sessions.first)) & (sessions.days <= days[-1])]
    return flags + _holes(name, due, ~np.asarray(due.isin(days)), sessions.label, known)


def _off_days(name: str, levels: pd.Series, off: BoolArray, what: str) -> list[Flag]:
    """Rows `off` the calendar: forward fills where the value is that of the row before, else days of their own."""
    repeats = _repeats(levels)
    filled = "the value is filled in: a return of zero that nobody could trade, and one session too many"
    foreign = "a day on which the exchange was shut: a wrong date, or another market's price"
    days = pd.DatetimeIndex(levels.index)
    return [
        *_listed(name, "forward_fill", "info", days, off & repeats, f"{what}, and the value of the row before", filled),
        *_listed(name, "non_session_day", "warn", days, off & ~repeats, what, foreign),
    ]


def _repeats(levels: pd.Series) -> BoolArray:
    values = levels.to_numpy(dtype=np.float64)
    return np.concatenate(([False], values[1:] == values[:-1]))


def _listed(
    name: str, kind: FlagKind, severity: Severity, days: pd.DatetimeIndex, rows: BoolArray, what: str, meaning: str
) -> list[Flag]:
    """One flag a run of rows, or one flag for all when there are many."""
    found = list(runs(rows))
    if len(found) > LISTED:
        found = [(found[0][0], found[-1][1])]
    return [
        Flag(
            instrument=name, kind=kind, severity=severity, start=days[i].date(), end=days[j].date(),
            n=int(rows[i : j + 1].sum()), evidence=f"{_days_words(days[i : j + 1][rows[i : j + 1]])}: {what}",
            meaning=meaning,
        )
        for i, j in found
    ]  # fmt: skip


def _holes(name: str, due: pd.DatetimeIndex, absent: BoolArray, label: str, known: Iterable[Flag]) -> list[Flag]:
    told = [f for f in known if f.kind == "hole"]
    found = [
        (i, j) for i, j in runs(absent) if not any(f.start <= due[i].date() and due[j].date() <= f.end for f in told)
    ]
    return [
        Flag(
            instrument=name, kind="hole", severity="warn" if j - i + 1 >= LONG_HOLE else "info",
            start=due[i].date(), end=due[j].date(), n=j - i + 1,
            evidence=f"no value on {j - i + 1} {'session' if i == j else 'sessions'} of {label}",
            meaning="the return after the gap is not a daily return",
        )
        for i, j in found
    ]  # fmt: skip


def runs(mask: BoolArray) -> Iterator[tuple[int, int]]:
    """First and last position of every run of True."""
    edges = np.diff(np.concatenate(([0], mask.astype(np.int8), [0])))
    yield from zip(np.flatnonzero(edges == 1).tolist(), (np.flatnonzero(edges == -1) - 1).tolist(), strict=True)


def _days_words(days: pd.DatetimeIndex) -> str:
    shown = ", ".join(f"{_day(d):%a %Y-%m-%d}" for d in days[:3])
    return shown + (f" and {days.size - 3} more" if days.size > 3 else "")


def _day(value: pd.Timestamp) -> dt.date:
    return value.date()
