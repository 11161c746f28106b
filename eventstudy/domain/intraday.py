"""Bars within a day: rows that are instants, kept as the close of each bar in UTC.

Arrays of dates are ``datetime64[D]`` for daily series and ``datetime64[s]`` (UTC) for bars: the unit says which.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from eventstudy._typing import BoolArray, DateArray, IntArray
from eventstudy.domain.instruments import Instrument
from eventstudy.errors import InputError

#: What the clock time of a row marks.
Stamp = Literal["start", "end"]
#: A step this much longer than the usual one spans a night, a weekend or a break.
NIGHT = 1.5
DAY_MINUTES = 24 * 60
#: Unit of the closes of bars; dates have the unit of days.
BARS: Final = "datetime64[s]"
_MINUTE = np.timedelta64(60, "s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Intraday:
    """How to read rows with clock times.

    Attributes
    ----------
    zone : str or None
        IANA zone of clock times that carry no UTC offset; None: the data say it.
    stamp : {"start", "end"}
        Whether a clock time marks the start of its bar, as Yahoo and most vendors have it, or the end.
    minutes : int or None
        Length of a bar; None: the most frequent step between rows.

    Raises
    ------
    InputError
        When a value is not allowed.

    Examples
    --------
    >>> Intraday(zone="America/New_York").stamp
    'start'
    """

    zone: str | None = None
    stamp: Stamp = "start"
    minutes: int | None = None

    def __post_init__(self) -> None:
        if self.stamp not in get_args(Stamp):
            raise InputError(f"stamp = {self.stamp!r} is not one of 'start' (Yahoo and most vendors) and 'end'")
        if self.minutes is not None and self.minutes < 1:
            raise InputError(f"minutes = {self.minutes}: a bar lasts one minute or more")
        if self.zone is not None:
            try:
                ZoneInfo(self.zone)
            except (ZoneInfoNotFoundError, ValueError) as error:
                raise InputError(f"{self.zone!r} is no IANA time zone; write one such as 'America/New_York'") from error


def intraday_of(zone: str | None, stamp: str | None, minutes: int | None) -> Intraday | None:
    """Options as given; None when none is."""
    if zone is None and stamp is None and minutes is None:
        return None
    return Intraday(zone=zone, stamp=stamp or "start", minutes=minutes)  # type: ignore[arg-type]  # it is checked


def is_intraday(dates: DateArray) -> bool:
    """Whether an array of dates holds the closes of bars."""
    return bool(np.datetime_data(dates.dtype)[0] == "s")


def several_a_day(days: DateArray, clock: IntArray) -> bool:
    """Whether most dates, more than half, come with different clock times; `clock` in seconds of the day.

    A daily series in which single dates stand twice, as with the live row that Yahoo appends, stays daily.
    """
    order = np.lexsort((clock, days))
    same_day = days[order][1:] == days[order][:-1]
    several = np.unique(days[order][1:][same_day & (clock[order][1:] != clock[order][:-1])])
    return bool(2 * several.size > np.unique(days).size)


def to_utc(local: DateArray, zone: str) -> tuple[DateArray, BoolArray]:
    """Local clock times as UTC, and which of them the clock change makes ambiguous or impossible (NaT there)."""
    index = pd.DatetimeIndex(local.astype("datetime64[ns]")).tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    found = index.tz_convert("UTC").tz_localize(None).to_numpy().astype(BARS)
    return found, np.isnat(found)


def local_times(instants: DateArray, zone: str | dt.tzinfo) -> DateArray:
    """UTC instants on the clock of `zone`, ``datetime64[s]``."""
    index = pd.DatetimeIndex(instants.astype("datetime64[ns]"), tz="UTC").tz_convert(zone)
    return np.asarray(index.tz_localize(None).to_numpy().astype(BARS))


def clock_of(closes: DateArray, zone: str | dt.tzinfo) -> IntArray:
    """What makes bars comparable, shape (n,): minute of the local day, a day more where the bar spans a night.

    Bars that are compared close at one clock time, and all of them or none after a night, a weekend or a break: the
    bar with which futures begin their week is not like that of the same hour on other days. Bars as long as a day
    have no nights and are all alike, those of half-days too.
    """
    local = local_times(closes, zone)
    minute = ((local - local.astype("datetime64[D]")) // _MINUTE).astype(np.int64)
    if closes.size > 1 and usual_step(closes) >= DAY_MINUTES * _MINUTE:
        return np.full(closes.size, np.bincount(minute).argmax(), dtype=np.int64)
    return np.asarray(minute + DAY_MINUTES * spans_night(closes), dtype=np.int64)


def clock_words(kind: int, zone: str) -> str:
    """One value of `clock_of` for a reader.

    Examples
    --------
    >>> clock_words(750, "America/New_York"), clock_words(1440 + 630, "America/New_York")
    ('12:30 America/New_York', '10:30 America/New_York after a night or a break')
    """
    hours, minutes = divmod(kind % DAY_MINUTES, 60)
    return f"{hours:02d}:{minutes:02d} {zone}{' after a night or a break' if kind >= DAY_MINUTES else ''}"


def spans_night(closes: DateArray) -> BoolArray:
    """Bars that end much more than a usual step after the one before, shape (n,); the first is none."""
    if closes.size < 2 or usual_step(closes) >= DAY_MINUTES * _MINUTE:
        return np.zeros(closes.size, dtype=bool)
    return np.concatenate(([False], np.diff(closes) > NIGHT * usual_step(closes)))


def usual_step(instants: DateArray) -> np.timedelta64:
    """Most frequent step between ascending instants, the shortest of equally frequent ones."""
    steps, count = np.unique(np.diff(instants), return_counts=True)
    return np.timedelta64(steps[int(np.argmax(count))])


def bar_minutes(columns: Mapping[str, DateArray], spec: Intraday) -> int:
    """Length of the bars of all columns: as named, else the most frequent step of each, which has to be one.

    Parameters
    ----------
    columns : dict of str to array
        Name of a series -> its instants; of a single one no step is known, it takes the length of the others.

    Raises
    ------
    InputError
        When no column has two rows and no length is named, columns differ in length, steps are no whole minutes, bars
        as long as named would overlap, or bars stamped at their start never follow each other at the length named.
    """
    known = {name: np.unique(rows) for name, rows in columns.items()}
    steps = {name: usual_step(rows) for name, rows in known.items() if rows.size > 1}
    if not steps:
        if spec.minutes is not None:
            return spec.minutes
        raise InputError("one bar has no length; give more rows, or name it (Intraday(minutes=...), --bars-minutes)")
    _one_length(steps, spec)
    shortest = min(steps.values())
    if spec.minutes is not None:
        if spec.minutes * _MINUTE > shortest:
            raise InputError(
                f"bars of {spec.minutes} minutes, but rows come every {shortest / _MINUTE:g} minutes; "
                "name the true length, or none"
            )
        if spec.stamp == "start":
            _seen_once(known, spec.minutes)
        return spec.minutes
    if shortest % _MINUTE != np.timedelta64(0, "s"):
        raise InputError(f"rows come every {shortest}; bars of whole minutes are needed, resample them")
    return int(shortest // _MINUTE)


def _seen_once(rows: Mapping[str, DateArray], minutes: int) -> None:
    """Raise where a column has no two rows `minutes` apart: longer bars read as short ones would close too early."""
    for name, instants in rows.items():
        nearest = np.diff(instants).min() if instants.size > 1 else None
        if nearest is not None and nearest > minutes * _MINUTE:
            raise InputError(
                f"bars of {minutes} minutes, but no two rows of {name} are less than {nearest / _MINUTE:g} minutes "
                "apart: a price of its close would be taken for one known earlier; name the true length, or give the "
                "clock time at which each bar closes and say so (Intraday(stamp='end'), --bars-stamp end)"
            )


def _one_length(steps: Mapping[str, np.timedelta64], spec: Intraday) -> None:
    """Raise where columns have bars of different lengths; a named length covers rows that are missing, not days."""
    days = {step >= DAY_MINUTES * _MINUTE for step in steps.values()}
    lengths = sorted(set(steps.values()))
    if len(days) < 2 and (spec.minutes is not None or len(lengths) < 2):
        return
    found = []
    for length in lengths:
        names = [name for name, step in steps.items() if step == length]
        more = f" and {len(names) - 6} more" if len(names) > 6 else ""
        found.append(f"every {length / _MINUTE:g} minutes in {', '.join(names[:6])}{more}")
    todo = "" if len(days) > 1 else (
        ", or, where all bars are of one length and rows are missing, name it (Intraday(minutes=...), --bars-minutes)"
    )  # fmt: skip
    raise InputError(
        f"bars of two lengths cannot stand in one table, and rows come {' and '.join(found)}; resample some of them, "
        f"leave them out{todo}"
    )


def closes_of(instants: DateArray, minutes: int, stamp: Stamp, instrument: Instrument) -> tuple[DateArray, int]:
    """Close of every bar, and how many end with the exchange's day instead of their full length.

    A bar stamped at its start that is the last of its local day and would run past the clock time at which the
    instrument's daily price is struck ends there: Yahoo's hourly bar of 15:30 closes at 16:00.
    """
    if stamp == "end":
        return instants, 0
    ends = instants + minutes * _MINUTE
    days = local_times(instants, instrument.tz).astype("datetime64[D]")
    last = np.append(days[1:] != days[:-1], True)
    unique, row = np.unique(days, return_inverse=True)
    struck = np.array([_naive(instrument.struck_at(day)) for day in unique.tolist()], dtype=BARS)[row]
    cut = last & (instants < struck) & (ends > struck)
    return np.asarray(np.where(cut, struck, ends)), int(cut.sum())


def _naive(instant: dt.datetime) -> dt.datetime:
    return instant.astimezone(dt.UTC).replace(tzinfo=None)


def reading_words(spec: Intraday, minutes: int, cut: int) -> tuple[str, ...]:
    """What was decided about bars, for the origin of a table."""
    length = "as named" if spec.minutes is not None else "the most frequent step"
    notes = [f"bars of {minutes} minutes ({length}), stamped at their {spec.stamp}"]
    if cut:
        notes.append(f"{cut} last bars of a day end when the exchange's day does, not after {minutes} minutes")
    return tuple(notes)


def when_words(value: np.datetime64) -> str:
    """A date, or the close of a bar, for a reader.

    Examples
    --------
    >>> when_words(np.datetime64("2018-04-06")), when_words(np.datetime64("2018-04-06T14:30:00"))
    ('2018-04-06', '2018-04-06 14:30 UTC')
    """
    if np.isnat(value) or not is_intraday(np.asarray(value)):
        return str(value)
    return f"{value.astype('datetime64[m]')} UTC".replace("T", " ", 1)


def iso_words(value: np.datetime64) -> str:
    """A date, or the close of a bar, for a script.

    Examples
    --------
    >>> iso_words(np.datetime64("2018-04-06")), iso_words(np.datetime64("2018-04-06T14:30:00"))
    ('2018-04-06', '2018-04-06T14:30:00Z')
    """
    return f"{value}Z" if is_intraday(np.asarray(value)) and not np.isnat(value) else str(value)


def moment_of(value: np.datetime64) -> dt.date:
    """A session as a date, or the close of a bar as a datetime in UTC."""
    found = value.item()
    assert isinstance(found, dt.date)
    return found.replace(tzinfo=dt.UTC) if isinstance(found, dt.datetime) else found


def instant_of(value: dt.date) -> np.datetime64:
    """What `moment_of` was given."""
    if isinstance(value, dt.datetime):
        return np.datetime64(value.astimezone(dt.UTC).replace(tzinfo=None), "s")
    return np.datetime64(value, "D")


def moment_words(value: dt.date) -> str:
    """What `moment_of` gives, for a reader: ``2018-04-06``, or ``2018-04-06 14:30 UTC``."""
    return f"{value:%Y-%m-%d %H:%M} UTC" if isinstance(value, dt.datetime) else str(value)
