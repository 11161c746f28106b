"""Event windows that cannot be, and day 0 by clock times worked out by hand across zones and summer time."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

import eventstudy as es
from eventstudy._typing import DateArray
from eventstudy.domain.events import Event
from eventstudy.domain.instruments import Instrument
from eventstudy.domain.windows import Day0, EventWindow, Offsets, default_primary, find_day0
from eventstudy.errors import InputError

NEW_YORK = "America/New_York"
LME = Instrument(id="LME-3M", tz="Europe/London", stamp="13:00")
NYSE = Instrument(id="AA", tz=NEW_YORK, stamp="16:00")
HONG_KONG = Instrument(id="0486.HK", tz="Asia/Hong_Kong", stamp="16:00")
COMEX = Instrument(id="ALI=F", tz=NEW_YORK, stamp="12:00")
MARKETS = {"LME": LME, "NYSE": NYSE, "HK": HONG_KONG, "COMEX": COMEX}


def sessions(first: str, last: str, *, closed: tuple[str, ...] = ()) -> DateArray:
    """Weekdays without the days on which the market was closed."""
    days = pd.bdate_range(first, last)
    return np.asarray(days[~days.isin(pd.DatetimeIndex(closed))].to_numpy().astype("datetime64[D]"))


def at(text: str, zone: str = NEW_YORK) -> dt.datetime:
    """An aware instant from ``2018-04-06 08:30``."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def instant(text: str, zone: str = NEW_YORK, **bounds: str) -> Event:
    """An event known to the minute, or within bounds."""
    limits = {name: at(value, zone) for name, value in bounds.items()}
    return Event(
        id="news", announced=at(text, zone), zone=zone, precision="minute",
        not_before=limits.get("not_before"), not_after=limits.get("not_after"),
    )  # fmt: skip


def found(event: Event, market: Instrument, days: DateArray) -> tuple[str, bool]:
    """Session of day 0 and whether it is ambiguous."""
    day0 = find_day0(event, market, days)
    assert day0.session is not None
    assert day0.position is not None
    assert days[day0.position] == np.datetime64(day0.session)
    return str(day0.session), day0.ambiguous


# --- day 0 of an instant --------------------------------------------------------------------------

# Announcement (local clock), then the sessions of LME, NYSE, Hong Kong and COMEX, worked out in UTC:
# LME 13:00 London = 12:00 UTC in summer, 13:00 in winter; NYSE 16:00 = 20:00 / 21:00; COMEX 12:00 = 16:00 / 17:00;
# Hong Kong 16:00 = 08:00 all year. America springs forward on 2018-03-11, London on 03-25.
CLOCKS = [
    # 12:30 UTC on a summer Friday: after London and Hong Kong, before COMEX and New York.
    ("2018-04-06 08:30", NEW_YORK, ("2018-04-09", "2018-04-06", "2018-04-09", "2018-04-06")),
    # 13:30 UTC on a winter Friday: London (13:00 UTC) is past.
    ("2018-03-09 08:30", NEW_YORK, ("2018-03-12", "2018-03-09", "2018-03-12", "2018-03-09")),
    # Summer time in New York, winter time in London: 12:30 UTC, London (13:00 UTC) is still to come.
    ("2018-03-16 08:30", NEW_YORK, ("2018-03-16", "2018-03-16", "2018-03-19", "2018-03-16")),
    # 20:30 UTC in winter: before the close of New York (21:00), after COMEX (17:00); Hong Kong sleeps: its 03-09.
    ("2018-03-08 15:30", NEW_YORK, ("2018-03-09", "2018-03-08", "2018-03-09", "2018-03-09")),
    # Friday evening in New York: Monday everywhere.
    ("2018-06-01 18:00", NEW_YORK, ("2018-06-04", "2018-06-04", "2018-06-04", "2018-06-04")),
    # Saturday 00:30 in Shanghai is 16:30 UTC on Friday, 12:30 in New York: the local date is ahead of the session.
    ("2018-04-07 00:30", "Asia/Shanghai", ("2018-04-09", "2018-04-06", "2018-04-09", "2018-04-09")),
    # 00:30 in Auckland (UTC+12 in July) is 12:30 UTC of the day before: seven and a half hours before New York's close.
    ("2018-07-18 00:30", "Pacific/Auckland", ("2018-07-18", "2018-07-17", "2018-07-18", "2018-07-17")),
    # Morning in London before the ring.
    ("2018-10-03 08:21", "Europe/London", ("2018-10-03", "2018-10-03", "2018-10-03", "2018-10-03")),
    # Sunday noon in New York.
    ("2019-01-27 12:00", NEW_YORK, ("2019-01-28", "2019-01-28", "2019-01-28", "2019-01-28")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("clock", "zone", "market", "session"),
    [(clock, zone, market, day) for clock, zone, row in CLOCKS for market, day in zip(MARKETS, row, strict=True)],
)
def test_day0_is_the_first_price_struck_after_the_announcement(
    clock: str, zone: str, market: str, session: str
) -> None:
    days = sessions("2018-01-01", "2019-06-28")
    assert found(instant(clock, zone), MARKETS[market], days) == (session, False)


def test_a_closed_market_waits_for_its_next_session() -> None:
    # Ching Ming (2018-04-05) and Easter Monday: Hong Kong trades on Friday 04-06, then on Monday 04-09.
    days = sessions("2018-03-01", "2018-05-31", closed=("2018-03-30", "2018-04-02", "2018-04-05", "2018-04-09"))
    assert found(instant("2018-04-06 08:30"), HONG_KONG, days) == ("2018-04-10", False)
    # Good Friday and Easter Monday in London: Thursday evening's news waits until Tuesday.
    assert found(instant("2018-03-29 18:00"), LME, days) == ("2018-04-03", False)


@pytest.mark.parametrize(
    ("minutes", "session", "ambiguous"),
    [
        (-11, "2018-04-06", False),
        (-10, "2018-04-06", True),  # within ten minutes
        (-5, "2018-04-06", True),
        (0, "2018-04-09", True),  # a price struck at the very minute did not know
        (5, "2018-04-09", True),
        (10, "2018-04-09", True),
        (11, "2018-04-09", False),
    ],
)
def test_an_instant_near_the_stamp_is_ambiguous(minutes: int, session: str, ambiguous: bool) -> None:
    clock = (dt.datetime(2018, 4, 6, 16, 0) + dt.timedelta(minutes=minutes)).strftime("%Y-%m-%d %H:%M")
    assert found(instant(clock), NYSE, sessions("2018-01-01", "2018-12-31")) == (session, ambiguous)


def test_the_struck_instant_and_the_rule_are_recorded() -> None:
    day0 = find_day0(instant("2018-04-06 08:30"), LME, sessions("2018-01-01", "2018-12-31"))
    assert day0.struck == dt.datetime(2018, 4, 9, 12, 0, tzinfo=dt.UTC)
    assert day0.rule == "first price after the announcement, struck 13:00 Europe/London"
    assumed = Instrument(id="X", stamp_assumed=True)
    assert "(assumed)" in find_day0(instant("2018-04-06 08:30"), assumed, sessions("2018-01-01", "2018-12-31")).rule


def test_bounds_that_straddle_a_price_are_ambiguous() -> None:
    # 2020-08-06: the sentence of the speech in Ohio fell between 15:40 and 16:15 in New York, across the
    # close (16:00 EDT). London (13:00 BST = 08:00 EDT) and COMEX (12:00) were past, the next ones hours away.
    days = sessions("2020-01-01", "2020-12-31")
    speech = instant("2020-08-06 15:50", not_before="2020-08-06 15:40", not_after="2020-08-06 16:15")
    assert found(speech, NYSE, days) == ("2020-08-06", True)
    assert found(speech, LME, days) == ("2020-08-07", False)
    assert found(speech, COMEX, days) == ("2020-08-07", False)
    # The best guess after the close, the earliest possible instant before it.
    late = instant("2020-08-06 16:12", not_before="2020-08-06 15:40", not_after="2020-08-06 16:15")
    assert found(late, NYSE, days) == ("2020-08-07", True)
    # Bounds that stay on one side leave no doubt.
    early = instant("2020-08-06 15:20", not_before="2020-08-06 14:00", not_after="2020-08-06 15:45")
    assert found(early, NYSE, days) == ("2020-08-06", False)


def test_bounds_that_end_before_the_session_that_was_found_are_ambiguous_by_the_earlier_price() -> None:
    # Guess 18:00, but it may have been 11:00: COMEX struck at 12:00 in between.
    days = sessions("2020-01-01", "2020-12-31")
    vague = instant("2020-08-06 18:00", not_before="2020-08-06 11:00", not_after="2020-08-06 18:30")
    assert found(vague, COMEX, days) == ("2020-08-07", True)


# --- day 0 of a date ------------------------------------------------------------------------------


def test_a_bare_date_is_its_own_session_and_ambiguous() -> None:
    days = sessions("2018-01-01", "2018-12-31")
    event = Event(id="news", announced=dt.date(2018, 4, 6))
    for market in MARKETS.values():
        assert found(event, market, days) == ("2018-04-06", True)


def test_a_bare_date_without_a_session_takes_the_next_one() -> None:
    days = sessions("2018-01-01", "2018-12-31", closed=("2018-04-06",))
    assert found(Event(id="news", announced=dt.date(2018, 4, 6)), LME, days) == ("2018-04-09", True)


def test_a_weekend_is_the_monday_after_it_and_certain() -> None:
    # The six-nation accord: Sunday 1994-01-30, first session Monday 01-31.
    days = sessions("1993-01-01", "1994-12-30")
    event = Event(id="accord", announced=dt.date(1994, 1, 30), precision="weekend")
    assert found(event, NYSE, days) == ("1994-01-31", False)


def test_an_event_after_the_data_has_no_day0() -> None:
    days = sessions("2018-01-01", "2018-04-06")
    for event in (instant("2018-04-06 16:00"), Event(id="news", announced=dt.date(2018, 4, 7))):
        day0 = find_day0(event, NYSE, days)
        assert (day0.position, day0.session, day0.struck, day0.ambiguous) == (None, None, None, False)
    # One minute earlier the last session still answers.
    assert found(instant("2018-04-06 15:59"), NYSE, days) == ("2018-04-06", True)


def test_the_catalogues_leak_of_2020_08_06_is_ambiguous_for_comex_only() -> None:
    # The leak came between the open (09:30 EDT) and 15:31: London (08:00 EDT) was past and New York's close (16:00)
    # to come whenever it was, but COMEX struck at noon in between.
    days = sessions("2020-01-01", "2020-12-31")
    event = es.catalog()["us-canada-tariff-2020"]
    assert event.earliest == dt.datetime(2020, 8, 6, 13, 30, tzinfo=dt.UTC)
    assert event.latest == dt.datetime(2020, 8, 6, 19, 31, tzinfo=dt.UTC)
    assert found(event, NYSE, days) == ("2020-08-06", False)
    assert found(event, LME, days) == ("2020-08-07", False)
    assert found(event, HONG_KONG, days) == ("2020-08-07", False)
    assert found(event, COMEX, days) == ("2020-08-07", True)


def test_default_primary_widens_when_any_instant_is_doubtful() -> None:
    certain = Day0(event="e", instrument="A", position=1, session=None, struck=None, ambiguous=False, rule="")
    doubtful = Day0(event="e", instrument="B", position=1, session=None, struck=None, ambiguous=True, rule="")
    assert default_primary([certain, certain]) == (0, 1)
    assert default_primary([certain, doubtful]) == (-1, 1)
    assert default_primary([]) == (0, 1)


# --- windows --------------------------------------------------------------------------------------


def test_the_default_window_is_the_documented_one() -> None:
    window = EventWindow()
    assert (window.primary, window.event, window.estimation) == (None, (-5, 10), (-260, -11))
    assert (window.policy, window.overlap, window.missing) == ("own_calendar", "keep", "refuse")
    assert window.needed == 200  # four fifths of 250
    np.testing.assert_array_equal(window.offsets, list(range(-260, 11)))
    assert window.tested((0, 1)) == ((0, 1), (0, 0), (-1, 1), (0, 4), (-5, -1), (-5, 10))
    assert window.tested((0, 0)) == ((0, 0), (-1, 1), (0, 4), (-5, -1), (-5, 10))


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"estimation": (-100, -5)}, "overlaps the event window"),
        ({"estimation": (-100, 0)}, "overlaps the event window"),
        ({"estimation": (10, 50), "event": (-5, 5)}, "overlaps the event window"),
        ({"estimation": (-11, -260)}, "ends before it starts"),
        ({"event": (10, -5)}, "ends before it starts"),
        ({"primary": (1, 0)}, "ends before it starts"),
        ({"windows": ((3, 2),)}, "ends before it starts"),
        ({"primary": (0, 11)}, "does not fit in the event window"),
        ({"primary": (-6, 0)}, "does not fit in the event window"),
        ({"event": (0, 10), "windows": ((-1, 1),)}, "does not fit in the event window"),
        ({"min_estimation": 1}, "between 2 and the 250"),
        ({"min_estimation": 251}, "between 2 and the 250"),
        ({"max_delay": -1}, "zero or more"),
    ],
)
def test_windows_that_cannot_be(kwargs: dict[str, Offsets], words: str) -> None:
    with pytest.raises(InputError, match=words):
        EventWindow(**kwargs)  # type: ignore[arg-type]


def test_an_estimation_window_may_touch_but_not_meet_the_event_window() -> None:
    window = EventWindow(estimation=(-65, -6), event=(-5, 10))
    assert window.offsets.size == 76
    assert window.needed == 48
    assert EventWindow(min_estimation=30).needed == 30


def test_an_error_names_what_was_found_and_what_to_do() -> None:
    with pytest.raises(InputError) as caught:
        EventWindow(primary=(0, 20))
    assert "[0,20]" in str(caught.value)
    assert "[-5,10]" in str(caught.value)
    assert "widen `event` or shorten `primary`" in str(caught.value)
