"""A series with its dates, and the position of the announcement among them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from eventstudy._typing import DateArray, FloatArray
from eventstudy.domain.events import Event, catalog
from eventstudy.domain.instruments import Instrument, instruments
from eventstudy.domain.intraday import BARS, is_intraday
from eventstudy.domain.windows import Offsets, find_day0
from eventstudy.errors import InputError, UnknownNameError
from eventstudy.kernels.stats import Inapplicable


@dataclass(frozen=True, slots=True)
class Placed:
    """An announcement whose day 0 a study has found: `session` is its date, or the close of its bar."""

    event: Event
    session: np.datetime64


#: An announcement: an `Event` or a catalogue id, whose day 0 the instrument's price stamp decides as in a study; or a
#: date, whose day 0 is the first session on or after it.
EventLike: TypeAlias = Event | Placed | str | dt.date | np.datetime64

#: Estimation window of the primary design, and the month after day 0, which itself repeats the return test.
BEFORE = (-260, -11)
AFTER = (1, 20)


def dated(values: pd.Series | FloatArray, dates: DateArray | None) -> tuple[FloatArray, DateArray]:
    """Values that are not NaN, and their dates.

    Raises
    ------
    InputError
        When dates are missing, of another length, or not ascending.
    """
    x = np.asarray(values, dtype=np.float64)
    if dates is None:
        if not isinstance(values, pd.Series) or not isinstance(values.index, pd.DatetimeIndex):
            raise InputError("values without dates: give a Series indexed by dates, or dates=")
        days = dates_of(values.index)
    else:
        days = dates_of(dates if isinstance(dates, pd.DatetimeIndex) else np.asarray(dates))
    if x.ndim != 1 or days.shape != x.shape:
        raise InputError(f"values of shape {x.shape} and dates of shape {days.shape}: both must be one row of T")
    if (np.diff(days) <= np.timedelta64(0, "D")).any():
        raise InputError("dates must ascend without repeats; sort the series and keep one value a date")
    known = np.isfinite(x)
    return x[known], days[known]


def dates_of(stamps: DateArray | pd.DatetimeIndex) -> DateArray:
    """Dates without clock times, those of the stamps' own zone.

    Stamps that come several a day are closes of bars, and keep their clock times, in UTC.
    """
    stamps = _with_zone(stamps)
    local = instants = stamps
    if isinstance(stamps, pd.DatetimeIndex):
        local = stamps.tz_localize(None).to_numpy()
        instants = local if stamps.tz is None else stamps.tz_convert("UTC").tz_localize(None).to_numpy()
    days = np.asarray(local.astype("datetime64[D]"))
    several = days.ndim == 1 and (days[1:] == days[:-1]).any() and (instants[1:] > instants[:-1]).all()
    return np.asarray(instants.astype(BARS)) if several else days


def zone_of(stamps: DateArray | pd.DatetimeIndex) -> dt.tzinfo | None:
    """Zone of stamps; None where they carry none."""
    stamps = _with_zone(stamps)
    return stamps.tz if isinstance(stamps, pd.DatetimeIndex) else None


def _with_zone(stamps: DateArray | pd.DatetimeIndex) -> DateArray | pd.DatetimeIndex:
    """Objects that carry a zone as an index of that zone."""
    if isinstance(stamps, np.ndarray) and stamps.ndim == 1 and any(getattr(s, "tzinfo", None) for s in stamps[:1]):
        return pd.DatetimeIndex(stamps)
    return stamps


def announcement_of(event: EventLike) -> Event | np.datetime64:
    """The announcement of a catalogue id, an `Event` as it is, or a date, in UTC where it has a clock time.

    Raises
    ------
    UnknownNameError
        When a word is neither a catalogue id nor a date.
    """
    if isinstance(event, Event | Placed):
        return event if isinstance(event, Event) else event.event
    if isinstance(event, str) and event in catalog():
        return catalog()[event]
    try:
        stamp = pd.Timestamp(event)
    except ValueError as error:
        hint = "(eventstudy events lists them), or a date such as 2018-04-09"
        raise UnknownNameError("event", str(event), catalog(), hint=hint) from error
    return np.datetime64(stamp if stamp.tzinfo is None else stamp.tz_convert("UTC").tz_localize(None), "s")


def _local_date(event: EventLike) -> np.datetime64:
    """The date of an instant in its own zone."""
    assert not isinstance(event, Event | Placed)
    return np.datetime64(pd.Timestamp(event).date().isoformat(), "D")


def id_of(event: EventLike | None) -> str | None:
    """Id of an announcement; None for a date."""
    known = announcement_of(event) if event is not None else None
    return known.id if isinstance(known, Event) else None


def instrument_of(values: object, named: Instrument | str | None) -> Instrument | None:
    """Whose price the values are: as named, else by the name of a Series; None when nobody described it."""
    if isinstance(named, Instrument):
        return named
    name = named if named is not None else values.name if isinstance(values, pd.Series) else None
    return instruments().get(name) if isinstance(name, str) else None


def name_of(values: object, named: Instrument | str | None) -> str | None:
    """Name for the rows of a result: as given, else that of a known instrument."""
    whose = instrument_of(values, named)
    return whose.id if whose is not None else named if isinstance(named, str) else None


def position_of(days: DateArray, event: EventLike, instrument: Instrument | None = None) -> int:
    """Position of day 0; the number of sessions when none follows.

    Of bars it is the first that closes at or after an instant, in UTC unless it has a zone; after an `Event`, as in a
    study.

    Raises
    ------
    InputError
        When the announcement has a clock time and nobody knows when the price is struck.
    """
    if isinstance(event, Placed):
        return int(np.searchsorted(days, event.session.astype(days.dtype)))
    known = announcement_of(event)
    if not isinstance(known, Event):
        return int(np.searchsorted(days, known if is_intraday(days) else _local_date(event)))
    if instrument is None and not is_intraday(days) and isinstance(known.announced, dt.datetime):
        raise InputError(
            f"{known.id} has a clock time, and nobody said when the price is struck; name the instrument, such as "
            "instrument='LME-3M' (eventstudy instruments lists them), or give the date of day 0"
        )
    found = find_day0(known, instrument or Instrument(id=known.id), days).position
    return days.size if found is None else found


def stretch(size: int, day0: int, window: Offsets, what: str) -> slice | Inapplicable:
    """Rows of a window around day 0, or the reason when the data do not hold all of it.

    Raises
    ------
    InputError
        When the window ends before it begins.
    """
    first, last = window
    if last < first:
        raise InputError(f"{what} = ({first}, {last}): the window ends before it begins")
    if day0 >= size:
        return Inapplicable("the announcement lies after the last session")
    if day0 + first < 0 or day0 + last >= size:
        return Inapplicable(
            f"{what} = ({first}, {last}) needs sessions that are not there: {day0} lie before day 0 and "
            f"{size - 1 - day0} after it"
        )
    return slice(day0 + first, day0 + last + 1)


def check_apart(before: Offsets, after: Offsets) -> None:
    """Refuse windows that share sessions.

    Raises
    ------
    InputError
        When the second does not begin after the first ends.
    """
    if after[0] <= before[1]:
        raise InputError(f"before = {before} and after = {after} overlap; the second must begin after the first ends")
