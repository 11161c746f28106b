"""What a bar is called: our own sentences change, titles and days of the calendar do not."""

from __future__ import annotations

import pytest

from eventstudy.domain.time_unit import DAILY, TimeUnit

SAID = [
    ("Day 0 of A is Friday 2024-07-19: the first session", "Bar 0 of A is Friday 2024-07-19: the first bar"),
    ("on days 1 to 10, over sessions [0, 1]", "on bars 1 to 10, over bars [0, 1]"),
    ("from session -5 on (session +2)", "from bar -5 on (bar +2)"),
    ("the constant variance of the days before", "the constant variance of the bars before"),
    ("back by day … later than 9; raised from day 1 on", "back by bar … later than 9; raised from bar 1 on"),
    ("Volatility day by day", "Volatility bar by bar"),
    ("no onset, half-life or day of return", "no onset, half-life or bar of return"),
    ("next day's std. dev., updated every day", "next bar's std. dev., updated every bar"),
    ("on\n    day 10, and of the days\n  after", "on\n    bar 10, and of the bars\n  after"),
    ("Day", "Bar"),
    ("Sessions read off the path", "Bars read off the path"),
]  # fmt: skip
#: Days of the calendar.
KEPT = [
    "the first price is 17 days later", "the pattern of the day", "the first bar of a day spans the night",
    "closes on a half-day", "2 calendar days", "Friday 2024-07-19", "placebo dates",
]  # fmt: skip


@pytest.mark.parametrize(("daily", "bars"), SAID)
def test_sentences_count_bars(daily: str, bars: str) -> None:
    assert TimeUnit(60).words(daily) == bars
    assert TimeUnit(60).words(bars) == bars
    assert DAILY.words(daily) is daily


@pytest.mark.parametrize("text", KEPT)
def test_days_of_the_calendar_stay(text: str) -> None:
    assert TimeUnit(60).words(text) == text


def test_titles_and_names_stay() -> None:
    unit = TimeUnit(15)
    assert unit.words("Around “A session on day 1”, day 0") == "Around “A session on day 1”, bar 0"
    assert unit.words("Session Corp on day 0", names=["Session Corp"]) == "Session Corp on bar 0"
    # A sentence is wrapped before it is told; the longer of two names wins.
    assert unit.words("Day 1\n  Metals session", names=["Day 1", "Day 1 Metals"]) == "Day 1\n  Metals bar"
    assert unit.words("day 0", names=[""]) == "bar 0"
