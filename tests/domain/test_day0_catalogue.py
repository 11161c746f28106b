"""Day 0 of catalogue events on six exchanges, worked out by hand from clock times, holidays and summer time."""

from __future__ import annotations

import datetime as dt
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pytest

import eventstudy as es
from eventstudy._typing import DateArray
from eventstudy.domain.events import Event
from eventstudy.domain.instruments import instruments
from eventstudy.domain.sessions import exchange_sessions
from eventstudy.domain.windows import find_day0

#: New York, London, COMEX, Oslo, Hong Kong, Sydney; the instants in UTC at which they strike, winter / summer:
#: AA 21:00 / 20:00, LME 13:00 / 12:00, ALI=F 17:00 / 16:00, NHY 15:20 / 14:20, Rusal 08:00 all year, S32 05:00 from
#: October to early April and 06:00 in the southern winter. America changes its clocks two or three weeks before Europe
#: in spring and one after it in autumn.
IDS = ("AA", "LME-3M", "ALI=F", "NHY.OL", "0486.HK", "S32.AX")

#: Event -> day 0 of each of `IDS` as month-day, ``?`` where it is ambiguous: the announcement, or a bound of when it
#: may have come, is within ten minutes of a price or on its other side. Above each: its instant in UTC, [bounds].
TABLE = {
    # Mon 13:02 [10:00, 13:02] in May. London shut: early May bank holiday. Hong Kong (08:00), Sydney (06:00) are past.
    "alcoa-alcan-bid-2007": ("05-07", "05-08", "05-07", "05-07", "05-08", "05-08"),
    # Thu 02:30 [Wed 22:00, Thu 07:00] in July. Everybody's Thursday is to come; Sydney's 06:00 lies within the bounds.
    "rio-alcan-2007": ("07-12", "07-12", "07-12", "07-12", "07-12", "07-12?"),
    # Sat 17:00 in January: midnight in Jakarta. Monday everywhere.
    "indonesia-ore-ban-2014": ("01-13", "01-13", "01-13", "01-13", "01-13", "01-13"),
    # Thu 12:30 [08:00, 17:00] on 27 March: summer time in New York (20:00, COMEX 16:00), not yet in Europe (13:00,
    # 15:20). The bounds reach over London, COMEX and Oslo, and touch Hong Kong's 08:00; Sydney's 05:00 is past.
    "lme-rule-quashed-2014": ("03-27", "03-27?", "03-27?", "03-27?", "03-28?", "03-28"),
    # Fri 17:15 [05:00, 17:15] in February. COMEX struck at 17:00, and Monday 02-19 is Presidents' Day. Hong Kong is
    # shut for the lunar new year on 02-16 and 02-19. Sydney's 05:00 is the lower bound itself.
    "us-section-232-reports-2018": ("02-16", "02-19?", "02-20?", "02-19?", "02-20", "02-19?"),
    # Thu 17:30 [17:00, 17:51] in winter. COMEX at 17:00 sharp is the lower bound.
    "us-section-232-2018": ("03-01", "03-02", "03-02?", "03-02", "03-02", "03-02"),
    # Thu 20:30 [20:00, 21:25] in winter. New York's 21:00 is to come, within the bounds.
    "us-section-232-2018-signed": ("03-08?", "03-09", "03-09", "03-09", "03-09", "03-09"),
    # Thu 15:15 [14:00, 16:30] on 22 March: COMEX at 16:00 (summer), Oslo at 15:20 (winter): five minutes to go.
    "us-232-exemptions-2018": ("03-22", "03-23", "03-22?", "03-22?", "03-23", "03-23"),
    # Fri 12:30 [12:30, 13:30] in April. London struck at 12:00; Oslo's 14:20 is 50 minutes after the latest instant.
    "ofac-rusal-2018": ("04-06", "04-09", "04-06", "04-06", "04-09", "04-09"),
    # Tue 18:00 [16:00, 22:59] in April. New York's 20:00 lies within; COMEX's 16:00 is the lower bound.
    "lme-rusal-suspension-2018": ("04-10?", "04-11", "04-11?", "04-11", "04-11", "04-11"),
    # Mon 12:00 sharp in April, the minute of London's price, which cannot have known.
    "ofac-gl14-2018": ("04-23", "04-24?", "04-23", "04-23", "04-24", "04-24"),
    # Thu 14:57 [04:00, 14:57] in May. Past, and within the bounds: Sydney 06:00, Hong Kong 08:00, London, Oslo 14:20.
    "us-232-allies-end-2018": ("05-31", "06-01?", "05-31", "06-01?", "06-01?", "06-01?"),
    # Wed 07:21 [07:00, 07:21] on 3 October. Sydney's summer time starts on the 7th: it struck at 06:00. Hong Kong has
    # 39 minutes to go.
    "alunorte-shutdown-2018": ("10-03", "10-03", "10-03", "10-03", "10-03", "10-04"),
    # Wed 23:00 [17:00, Thu 04:59] in December. Within: COMEX's 17:00 and New York's 21:00 of Wednesday. Sydney's 05:00
    # of Thursday is one minute after the upper bound.
    "rusal-delist-notice-2018": ("12-20?", "12-20", "12-20?", "12-20", "12-20", "12-20?"),
    # Sunday. Monday everywhere but in Sydney, which keeps Australia Day on 28 January.
    "rusal-delisted-2019": ("01-28", "01-28", "01-28", "01-28", "01-28", "01-29"),
    # Fri 15:23 [04:00, 15:23] in May. Oslo is shut on 17 May, its Thursday is over. COMEX's 16:00 is 37 minutes away.
    "us-canada-mexico-lift-2019": ("05-17", "05-20?", "05-17", "05-20", "05-20?", "05-20?"),
    # Thu 19:31 [13:30, 19:31] in August. New York's 20:00 is 29 minutes away; COMEX and Oslo (14:20) lie within.
    "us-canada-tariff-2020": ("08-06", "08-07", "08-07?", "08-07?", "08-07", "08-07"),
    # Tue 17:00 in September. COMEX struck an hour before.
    "us-canada-tariff-2020-lifted": ("09-15", "09-16", "09-16", "09-16", "09-16", "09-16"),
    # Sunday. Monday 6 September is Labor Day in New York and at COMEX.
    "guinea-coup-2021": ("09-07", "09-06", "09-07", "09-06", "09-06", "09-06"),
    # Tue 12:30 [12:00, 13:00] in October. London's 12:00 is the lower bound.
    "china-coal-intervention-2021": ("10-19", "10-20?", "10-19", "10-19", "10-20", "10-20"),
    # Saturday 15:06. Monday everywhere; Europe changed its clocks on the Sunday between.
    "us-eu-trq-2021": ("11-01", "11-01", "11-01", "11-01", "11-01", "11-01"),
    # Thu 02:50 in February: before every price of the day, Sydney's 05:00 the first of them.
    "ukraine-invasion-2022": ("02-24", "02-24", "02-24", "02-24", "02-24", "02-24"),
    # Sunday. Monday everywhere.
    "australia-alumina-ban-2022": ("03-21", "03-21", "03-21", "03-21", "03-21", "03-21"),
    # Thu 12:09 [04:00, 12:09] in September. London struck nine minutes before; Sydney (06:00) and Hong Kong within.
    "lme-russia-discussion-2022": ("09-29", "09-30?", "09-29", "09-29", "09-30?", "09-30?"),
    # Mon 21:19 [17:00, 21:19] in February. New York's 21:00 within, COMEX's 17:00 at the lower bound.
    "us-russia-200-leak-2023": ("02-07?", "02-07", "02-07?", "02-07", "02-07", "02-07"),
    # Tue 01:28 [Mon 05:00, Tue 01:28] in January: Monday evening in New York, Monday's whole round lies within.
    "kwinana-2024": ("01-09?", "01-09?", "01-09?", "01-09?", "01-09?", "01-09?"),
    # Fri 21:00 [16:00, 22:59] in April. New York's 20:00 within, COMEX's 16:00 at the lower bound.
    "us-uk-russia-exchange-ban-2024": ("04-15?", "04-15", "04-15?", "04-15", "04-15", "04-15"),
    # Fri 11:30 [07:00, 16:15] in October. London, COMEX and Oslo to come, within. Hong Kong keeps Chung Yeung on the
    # 11th; Sydney's 05:00 is past.
    "gac-guinea-2024": ("10-11", "10-11?", "10-11?", "10-11?", "10-14", "10-14"),
    # Fri 09:45 [07:00, 12:30] in November. London's 13:00 is half an hour after the latest; Hong Kong's 08:00 within.
    "china-rebate-2024": ("11-15", "11-15", "11-15", "11-15", "11-18?", "11-18"),
    # Sunday. Monday everywhere.
    "us-232-25pct-2025": ("02-10", "02-10", "02-10", "02-10", "02-10", "02-10"),
    # Tue 14:30 [13:30, 15:41] on 11 March: New York in summer time (COMEX 16:00), Oslo not (15:20, within), London's
    # 13:00 half an hour before the earliest.
    "us-canada-50-threat-2025": ("03-11", "03-12", "03-11", "03-11?", "03-12", "03-12"),
    # Fri 21:49 [04:00, 21:49] in May: all of Friday lies within.
    "us-232-50pct-2025": ("06-02?", "06-02?", "06-02?", "06-02?", "06-02?", "06-02?"),
    # Tue 11:00 [Mon 23:00, Tue 11:58] in March. London's 13:00 is to come; Sydney and Hong Kong lie within.
    "qatalum-2026": ("03-03", "03-03", "03-03", "03-03", "03-04?", "03-04?"),
}  # fmt: skip


@cache
def sessions(exchange: str) -> DateArray:
    """Days on which an exchange trades, 2000-2026."""
    found = exchange_sessions(exchange, 2026)
    assert found is not None
    return np.asarray(found.days.to_numpy().astype("datetime64[D]"))


@pytest.mark.parametrize("event", TABLE)
def test_day0_of_the_catalogue(event: str) -> None:
    one = es.catalog()[event]
    found = []
    for name in IDS:
        record = instruments()[name]
        day0 = find_day0(one, record, sessions(record.exchange))
        assert day0.session is not None
        assert day0.session.year == one.date.year
        found.append(f"{day0.session:%m-%d}{'?' if day0.ambiguous else ''}")
    assert tuple(found) == TABLE[event]


# ---- half-days


#: Exchange's instrument, announcement (its own clock), day 0 and whether it is ambiguous. Closes by
#: the exchanges' published hours: New York 13:00 after Thanksgiving and on Christmas Eve, Hong Kong noon and Sydney
#: 14:10 on Christmas Eve, Oslo 13:00 on the Wednesday before Easter.
HALF_DAYS = [
    ("AA", "2018-11-23 12:30", "2018-11-23", False),
    ("AA", "2018-11-23 12:55", "2018-11-23", True),
    ("AA", "2018-11-23 13:00", "2018-11-26", True),
    ("AA", "2018-11-23 14:00", "2018-11-26", False),
    ("AA", "2018-11-23 15:55", "2018-11-26", False),  # five minutes before a usual close means nothing
    ("AA", "2018-11-21 14:00", "2018-11-21", False),  # the day before Thanksgiving is a whole one
    ("AA", "2018-12-24 13:30", "2018-12-26", False),
    ("0486.HK", "2018-12-24 11:00", "2018-12-24", False),
    ("0486.HK", "2018-12-24 12:30", "2018-12-27", False),  # Christmas and Boxing Day follow
    ("S32.AX", "2018-12-24 14:05", "2018-12-24", True),
    ("S32.AX", "2018-12-24 15:00", "2018-12-27", False),
    ("NHY.OL", "2024-03-27 14:00", "2024-04-02", False),  # Maundy Thursday to Easter Monday
    ("NHY.OL", "2024-03-26 14:00", "2024-03-26", False),
    ("ALI=F", "2018-11-23 11:30", "2018-11-23", False),  # metals settle at noon on such days, too
    ("LME-3M", "2018-12-24 12:30", "2018-12-24", False),  # the second ring is held on Christmas Eve
]


@pytest.mark.parametrize(("name", "clock", "session", "ambiguous"), HALF_DAYS)
def test_a_half_day_closes_early(name: str, clock: str, session: str, ambiguous: bool) -> None:
    record = instruments()[name]
    when = dt.datetime.fromisoformat(clock).replace(tzinfo=ZoneInfo(record.tz))
    event = Event(id="news", announced=when, zone=record.tz, precision="minute")
    day0 = find_day0(event, record, sessions(record.exchange))
    assert (str(day0.session), day0.ambiguous) == (session, ambiguous)


def test_the_rule_says_that_the_day_was_short() -> None:
    record = instruments()["AA"]
    event = Event(
        id="news", announced=dt.datetime(2018, 11, 23, 12, 30, tzinfo=ZoneInfo(record.tz)), precision="minute"
    )
    day0 = find_day0(event, record, sessions("NYSE"))
    assert day0.struck == dt.datetime(2018, 11, 23, 18, 0, tzinfo=dt.UTC)
    assert day0.rule == "first price after the announcement, struck 13:00 America/New_York, a half-day"


# ---- markets that are struck later


def test_a_later_market_is_flagged_and_used_with_its_session_before() -> None:
    from eventstudy.domain.timing import later_markets

    known = instruments()
    # New York 21:00 UTC in winter; Oslo 15:20, Hong Kong 08:00, Sydney 05:00 (16 h), 06:00 and 20:00 in July (14 h).
    wanted = {"NHY.OL": 5.7, "0486.HK": 13.0, "S32.AX": 16.0, "LME-3M": 8.0, "ALI=F": 4.0, "SHFE.AL": 14.0}
    for name, hours in wanted.items():
        (late,) = later_markets(known[name], [known["SPY"]], lagged=False)
        assert late.hours == hours
        assert "--model lagged_market" in late.words
        assert "--primary 0,1" in late.words
    assert "OSEBX.OL" in later_markets(known["NHY.OL"], [known["SPY"]], lagged=True)[0].words
    assert later_markets(known["NHY.OL"], [known["OSEBX.OL"]], lagged=False) == ()
    assert [m.hours for m in later_markets(known["AA"], [known["USDCAD=X"], known["SPY"]], lagged=False)] == [1.0]


def test_every_local_index_is_known_and_simultaneous() -> None:
    known = instruments()
    with_index = [one for one in known.values() if one.local_index]
    assert len(with_index) == 7
    for one in with_index:
        index = known[one.local_index]
        assert (index.exchange, index.tz, index.stamp) == (one.exchange, one.tz, one.stamp)
        assert index.role == "market"
        assert all(f in known for f in one.later_benchmark)
