"""Event time: which session is day 0, which sessions estimate, which are tested; and what became of each pair."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np

from eventstudy._typing import DateArray, IntArray, Policy
from eventstudy.domain.events import Event
from eventstudy.domain.instruments import Instrument
from eventstudy.domain.intraday import is_intraday, local_times, spans_night
from eventstudy.domain.sessions import half_days
from eventstudy.errors import InputError

Offsets = tuple[int, int]

#: Announcements this close to a price stamp may fall on either side of it.
AMBIGUOUS = dt.timedelta(minutes=10)
#: No half-day closes earlier than this before the usual close (Hong Kong: noon instead of 16:00).
EARLIEST_CLOSE = dt.timedelta(hours=4, minutes=30)
_A_WEEK = dt.timedelta(days=7)
#: Bars on either side of bar 0 that say how long a usual step is.
_NEAR_BARS = 500
#: An instant known to the hour only may lie this much to either side.
WITHIN_THE_HOUR = dt.timedelta(minutes=30)
#: Longest wait for a first price: Shanghai closes for up to 12 days.
MAX_DELAY_DAYS = 14
#: No placebo date lies within this many sessions of a known announcement.
CLEAR_OF_EVENTS = 10
#: Sessions of another announcement that are left out of an estimation window.
OTHER_EVENT_SPAN = (0, 1)


class Outcome(StrEnum):
    """What became of an (event, instrument) pair. Events in = used + dropped, in every table."""

    USED = "used"
    UNKNOWN_INSTRUMENT = "unknown_instrument"
    UNUSABLE_EVENT = "unusable_event"
    NO_CLOCK_TIME = "no_clock_time"
    EVENT_BEFORE_DATA = "event_before_data"
    EVENT_AFTER_DATA = "event_after_data"
    TOO_FEW_ESTIMATION_DAYS = "too_few_estimation_days"
    GAP_IN_WINDOW = "gap_in_window"
    STALE_PRICES = "stale_prices"
    BROKEN_PRICES = "broken_prices"
    OVERLAPS_EVENT = "overlaps_event"
    SINGULAR_MARKET = "singular_market"
    NO_VARIATION = "no_variation"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairOutcome:
    """Outcome of one (event, instrument) pair, with the reason in words.

    Attributes
    ----------
    estimation_sessions : int
        Valid sessions in the estimation window, after masking.
    other_sessions : int
        Sessions of other announcements in the estimation window.
    masked_sessions : int
        Those of them that were left out.
    """

    event: str
    instrument: str
    outcome: Outcome
    detail: str = ""
    estimation_sessions: int = 0
    other_sessions: int = 0
    masked_sessions: int = 0


@dataclass(frozen=True, kw_only=True)
class EventWindow:
    """Windows in sessions relative to day 0, both ends included; of intraday prices a session is a bar.

    Attributes
    ----------
    primary : (int, int) or None
        The one window the verdict uses, named before results. None: [0, 1], or [-1, 1] when the instant is
        ambiguous or only a date is known.
    event : (int, int)
        Sessions for which abnormal returns are shown.
    estimation : (int, int)
        Sessions on which the model is fitted; must end before every tested window begins.
    windows : tuple of (int, int)
        More windows to test.
    min_estimation : int or None
        Fewest valid estimation sessions; None: four fifths of the window.
    policy : {"own_calendar", "strict"}
        ``own_calendar``: the instrument's own sessions count, the market return spans the same dates.
        ``strict``: the market's sessions count and a return needs both adjacent prices.
    overlap : {"keep", "mask", "drop"}
        Other announcements in the estimation window: keep their sessions, leave them out, or drop the pair. What
        the other choice does to the primary effect is part of every result (`StudyResult.sensitivity`).
    missing : {"refuse", "sum"}
        A session without a return inside the primary window: refuse the pair, or sum what exists.
    max_delay : int
        Calendar days within which a first price must follow the announcement.
    """

    primary: Offsets | None = None
    event: Offsets = (-5, 10)
    estimation: Offsets = (-260, -11)
    windows: tuple[Offsets, ...] = ((0, 0), (-1, 1), (0, 4), (-5, -1))
    min_estimation: int | None = None
    policy: Policy = "own_calendar"
    overlap: Literal["keep", "mask", "drop"] = "keep"
    missing: Literal["refuse", "sum"] = "refuse"
    max_delay: int = MAX_DELAY_DAYS

    def __post_init__(self) -> None:
        named = {"event": self.event, "estimation": self.estimation}
        if self.primary is not None:
            named["primary"] = self.primary
        for name, (first, last) in [*named.items(), *(("windows", w) for w in self.windows)]:
            if first > last:
                raise InputError(f"{name} window [{first},{last}] ends before it starts; write (first, last)")
        if self.estimation[1] >= self.event[0]:
            raise InputError(
                f"estimation window [{self.estimation[0]},{self.estimation[1]}] overlaps the event window "
                f"[{self.event[0]},{self.event[1]}]; end it before session {self.event[0]}, or the event "
                "would be part of what is called normal"
            )
        for name, (first, last) in [("primary", self.primary or self.event), *(("windows", w) for w in self.windows)]:
            if first < self.event[0] or last > self.event[1]:
                raise InputError(
                    f"{name} window [{first},{last}] does not fit in the event window "
                    f"[{self.event[0]},{self.event[1]}]; widen `event` or shorten `{name}`"
                )
        length = self.estimation[1] - self.estimation[0] + 1
        if self.min_estimation is not None and not 2 <= self.min_estimation <= length:
            raise InputError(
                f"min_estimation = {self.min_estimation} must lie between 2 and the {length} sessions of the "
                f"estimation window"
            )
        if self.max_delay < 0:
            raise InputError(f"max_delay = {self.max_delay} must be zero or more calendar days")

    @property
    def needed(self) -> int:
        """Fewest valid estimation sessions."""
        length = self.estimation[1] - self.estimation[0] + 1
        return self.min_estimation if self.min_estimation is not None else max(2, (4 * length) // 5)

    @cached_property
    def offsets(self) -> IntArray:
        """Every session from the first of estimation to the last of the event window, shape (T,)."""
        return np.arange(self.estimation[0], self.event[1] + 1)

    def tested(self, primary: Offsets) -> tuple[Offsets, ...]:
        """Windows to test: the primary, the named ones, the whole event window; without repeats."""
        inside = [w for w in (primary, *self.windows, self.event) if self._fits(w)]
        return tuple(dict.fromkeys(inside))

    def _fits(self, window: Offsets) -> bool:
        return self.event[0] <= window[0] and window[1] <= self.event[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day0:
    """How an announcement was mapped to a session.

    Attributes
    ----------
    position : int or None
        Row of the series; None when no session follows.
    session : date or None
        Of a bar the local date of its close.
    struck : datetime or None
        Instant (UTC) at which that session's price is struck, or at which the bar closes.
    ambiguous : bool
        The announcement may fall on either side of a price stamp, or its clock time is unknown.
    rule : str
        The mapping in words.
    """

    event: str
    instrument: str
    position: int | None
    session: dt.date | None
    struck: dt.datetime | None
    ambiguous: bool
    rule: str


def find_day0(event: Event, instrument: Instrument, dates: DateArray) -> Day0:
    """First session whose price is struck after the announcement.

    Parameters
    ----------
    dates : ndarray of datetime64, shape (n,)
        Sessions of the instrument, ascending; closes of its bars (UTC) as ``datetime64[s]``.

    Notes
    -----
    With a bare date (or a weekend) the first session on or after it. On a half-day the price is struck at the early
    close of the exchange's calendar. A price stamp within ten minutes of the announcement, or inside the bounds of an
    instant that is not known exactly, is ambiguous. Closes of bars are exact: a bar is ambiguous only where the
    bounds of the instant lie in two bars; those of a bare date are its whole local day.
    """
    if is_intraday(dates):
        return _find_bar0(event, instrument, dates)
    announced, latest, earliest = event.announced, event.latest, event.earliest
    position = int(np.searchsorted(dates, np.datetime64(event.date, "D")))
    if isinstance(announced, dt.datetime):
        instant = announced.astimezone(dt.UTC)
        # The session's own zone may be a day ahead of the announcement's: start the search a day early.
        position = int(np.searchsorted(dates, np.datetime64(event.date, "D") - np.timedelta64(1, "D")))
        while position < dates.size and _struck(instrument, dates, position, latest or instant) <= instant:
            position += 1
    if position >= dates.size:
        return _no_day0(event, instrument)
    session = _day(dates[position])
    struck = _struck(instrument, dates, position, latest)
    early = "" if struck == instrument.struck_at(session) else ", a half-day"
    at = f"{instrument.tz}{early}" + (" (assumed)" if instrument.stamp_assumed else "")
    if earliest is None or latest is None:
        ambiguous = event.precision == "day"
        rule = "first session on or after the date" + ("; the clock time is unknown" if ambiguous else "")
    else:
        before = _struck(instrument, dates, position - 1, latest) if position else None
        ambiguous = struck - latest <= AMBIGUOUS or (before is not None and earliest - before <= AMBIGUOUS)
        clock = struck.astimezone(ZoneInfo(instrument.tz)).strftime("%H:%M") if early else instrument.stamp
        rule = f"first price after the announcement, struck {clock} {at}"
        if ambiguous:
            rule += "; the announcement is within ten minutes of a price, or its time is not known well enough"
    return Day0(
        event=event.id, instrument=instrument.id, position=position, session=session, struck=struck,
        ambiguous=ambiguous, rule=rule,
    )  # fmt: skip


def _no_day0(event: Event, instrument: Instrument) -> Day0:
    return Day0(
        event=event.id, instrument=instrument.id, position=None, session=None, struck=None, ambiguous=False,
        rule="no session follows the announcement in the data",
    )  # fmt: skip


def _find_bar0(event: Event, instrument: Instrument, closes: DateArray) -> Day0:
    """First bar that closes after the announcement."""
    instant, earliest, latest = _bounds(event)
    position = bar_after(closes, instant)
    if position >= closes.size:
        return _no_day0(event, instrument)
    ambiguous = bar_after(closes, earliest) != bar_after(closes, latest)
    close = closes[position]
    local = local_times(closes[position : position + 1], instrument.tz)[0]
    rule = f"first bar that closes after the announcement, {_clock(local)} {instrument.tz} ({_clock(close)} UTC)"
    if ambiguous:
        rule += "; the announcement's time is not known well enough to tell its bar"
    near = max(0, position - _NEAR_BARS)
    if spans_night(closes[near : position + _NEAR_BARS])[position - near]:
        hours = (close - closes[position - 1]) / np.timedelta64(1, "h")
        rule += f"; its response spans the {hours:.4g} hours since the bar before"
    return Day0(
        event=event.id, instrument=instrument.id, position=position, session=_day(local),
        struck=close.item().replace(tzinfo=dt.UTC), ambiguous=ambiguous, rule=rule,
    )  # fmt: skip


def _bounds(event: Event) -> tuple[dt.datetime, dt.datetime, dt.datetime]:
    """Instant of an announcement, and the earliest and latest that it may be: of a bare date its whole local day."""
    earliest, latest = event.earliest, event.latest
    if isinstance(event.announced, dt.datetime) and earliest is not None and latest is not None:
        slack = WITHIN_THE_HOUR if event.precision == "hour" and earliest == latest else dt.timedelta(0)
        return event.announced, earliest - slack, latest + slack
    midnight = dt.datetime.combine(event.date, dt.time(), ZoneInfo(event.zone))
    return midnight, midnight, midnight + dt.timedelta(days=1)


def bar_after(closes: DateArray, instant: dt.datetime) -> int:
    """Position of the first bar that closes after an aware instant."""
    utc = instant.astimezone(dt.UTC).replace(tzinfo=None)
    return int(np.searchsorted(closes, np.datetime64(utc, "s"), side="right"))


def _clock(value: np.datetime64) -> str:
    return str(value.astype("datetime64[m]"))[11:]


def _struck(instrument: Instrument, dates: DateArray, position: int, latest: dt.datetime | None) -> dt.datetime:
    """Instant at which the price of a session is struck; a half-day closes early.

    The exchange's calendar takes a second to load, so it is asked only where it can matter: the announcement comes at
    most `EARLIEST_CLOSE` before the usual stamp or after it, and a weekday beside the session has no row, since
    half-days are those before or after a holiday.
    """
    session = _day(dates[position])
    usual = instrument.struck_at(session)
    if (
        latest is None
        or latest < usual - EARLIEST_CLOSE
        or latest > usual + _A_WEEK
        or not _by_holiday(dates, position)
    ):
        return usual
    return min(usual, half_days(instrument.exchange).get(session, usual))


def _by_holiday(dates: DateArray, position: int) -> bool:
    """Whether a neighbouring weekday is no session; True at the ends of the data."""
    if position == 0 or position == dates.size - 1:
        return True
    around = dates[position - 1 : position + 2].astype("datetime64[D]")
    return bool((np.busday_count(around[:-1], around[1:]) > 1).any())


def _day(value: np.datetime64) -> dt.date:
    day = value.astype("datetime64[D]").item()
    assert isinstance(day, dt.date)
    return day


def columns_of(offsets: IntArray, window: Offsets) -> slice:
    """Columns of ``window[0]..window[1]`` where `offsets` count up by one."""
    start = int(window[0] - offsets[0])
    return slice(start, start + window[1] - window[0] + 1)


def default_primary(day0s: list[Day0]) -> Offsets:
    """[0, 1]; [-1, 1] when a pair's instant is ambiguous or only its date is known."""
    return (-1, 1) if any(d.ambiguous for d in day0s) else (0, 1)
