"""Which bar an announcement moves first."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

import eventstudy as es
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.windows import find_day0
from tests.intraday.bars import (
    NOBODY,
    NY,
    QUICK,
    at,
    closes_by_pandas,
)


@pytest.mark.parametrize(
    "stamp",
    [
        "2023-09-06 11:45",  # within a bar
        "2023-09-06 11:30",  # exactly at the close of a bar: the next one
        "2023-09-06 09:30",  # at the open
        "2023-09-06 07:00",  # before the open
        "2023-09-06 15:59",
        "2023-09-06 16:00",  # at the close of the day
        "2023-09-06 16:10",  # after hours, inside the nominal hour of the last bar
        "2023-09-09 12:00",  # a Saturday
        "2023-03-10 15:45",  # the Friday before New York's clocks go forward
        "2023-03-13 10:29",  # the Monday after
        "2023-03-13 10:30",
        "2023-03-12 23:00",
    ],
)
def test_bar_0_is_the_first_to_close_after_the_announcement(
    frame: pd.DataFrame, hourly: PriceTable, stamp: str
) -> None:
    moment = pd.Timestamp(stamp)
    ends = closes_by_pandas(frame.index)
    expected = int(np.flatnonzero(ends > moment.tz_localize(NY))[0])
    found = find_day0(at(moment), hourly.instruments["A"], hourly.dates)
    assert found.position == expected
    assert found.struck == ends[expected].to_pydatetime()
    assert found.session == ends[expected].date()
    assert not found.ambiguous
    assert (f"{(ends[expected] - ends[expected - 1]).total_seconds() / 3600:.4g} hours" in found.rule) == (
        expected % 7 == 0
    )


def test_zone_of_the_announcement_does_not_matter(hourly: PriceTable) -> None:
    """London and New York change their clocks on different Sundays: four hours apart between the two."""
    here = es.make_event("2023-03-14", time="10:00", zone=NY)
    there = es.make_event("2023-03-14", time="14:00", zone="Europe/London")
    one, other = (find_day0(e, hourly.instruments["A"], hourly.dates).position for e in (here, there))
    assert one == other is not None


@pytest.mark.parametrize(
    ("bounds", "ambiguous"),
    [(("11:35", "12:20"), False), (("11:25", "12:20"), True), (("11:35", "12:35"), True), ((None, None), True)],
)
def test_bounds_decide_about_ambiguity(
    hourly: PriceTable, bounds: tuple[str | None, str | None], ambiguous: bool
) -> None:
    """Between 11:30 and 12:30 there is one bar; an hour without bounds may be half an hour off."""
    sure = at(pd.Timestamp("2023-09-06 11:45"))
    low, high = (pd.Timestamp(f"2023-09-06 {b}", tz=NY).to_pydatetime() if b else None for b in bounds)
    event = es.Event(
        id="e", announced=sure.announced, precision="hour", not_before=low, not_after=high, zone=NY
    )  # fmt: skip
    assert find_day0(event, hourly.instruments["A"], hourly.dates).ambiguous is ambiguous
    study = es.Study(instruments=["A"], model=es.MarketModel("M"), volatility=None, statistics=("sq",))
    assert study.run(hourly, event, others=NOBODY).primary == ((-1, 1) if ambiguous else (0, 1))


def test_a_bare_date_is_refused_unless_only_one_bar_can_hold_it(hourly: PriceTable) -> None:
    study = es.Study(instruments=["A"], model=es.MarketModel("M"), volatility=None, statistics=QUICK)
    events = [es.make_event("2023-09-06", id="weekday"), es.make_event("2023-09-09", id="saturday")]
    found = study.run(hourly, events, others=NOBODY)
    weekday, saturday = found.outcomes
    assert weekday.outcome is es.Outcome.NO_CLOCK_TIME
    assert "has no clock time (2023-09-06, clock time unknown)" in weekday.detail
    assert saturday.outcome is es.Outcome.USED
    monday = next(d for d in found.day0 if d.event == "saturday")
    assert monday.struck == dt.datetime(2023, 9, 11, 14, 30, tzinfo=dt.UTC)


def test_other_announcements_are_found_by_the_same_rule(hourly: PriceTable) -> None:
    near = [at(pd.Timestamp("2023-09-06 14:00"), "later"), es.make_event("2023-09-05", id="day-before")]
    study = es.Study(instruments=["A"], model=es.MarketModel("M"), volatility=None, statistics=("sq",))
    found = study.run(hourly, at(pd.Timestamp("2023-09-06 11:45")), others=es.EventTable(near))
    # Bars close at 10:30, 11:30, 12:30 (bar 0), 13:30, 14:30; a bare date stands at the first bar of its day.
    assert {(o.other, o.offset) for o in found.overlaps} == {("later", 2), ("day-before", -9)}
