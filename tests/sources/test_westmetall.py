"""Westmetall's yearly tables: numbers, dates, missing cells, and every way in which a page can be wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from eventstudy.errors import (
    NoDataInRange,
    UpstreamDown,
)
from eventstudy.sources.feed import Fetch, Span
from eventstudy.sources.network import load_network
from tests.sources.loopback.fake_web import FakeWeb
from tests.sources.loopback.numbers import between

SPRING = Span(dt.date(2018, 3, 1), dt.date(2018, 4, 30))
Make = Callable[..., Fetch]


def test_cash_three_months_and_stocks(web: FakeWeb, how: Make) -> None:
    table = load_network("westmetall", ["LME-CASH", "LME-3M", "LME-STOCK", "LME-SPREAD"], SPRING, how())
    walk = between("Aluminium-CASH", dt.date(2018, 3, 1), dt.date(2018, 4, 30))
    assert [d.date() for d in table.frame.index] == list(walk)
    assert table.frame["LME-CASH"].tolist() == [round(20 * v, 2) for v in walk.values()]
    assert table.frame["LME-STOCK"].tolist() == [round(v * 1000) for v in walk.values()]
    three = table.frame["LME-3M"]
    assert [d.date() for d in three[three.isna()].index] == [dt.date(2018, 4, 6)]  # the page has a dash there
    assert table.frame["LME-SPREAD"].dropna().round(6).unique().tolist() == [-12.5]
    assert len(web.seen) == 1
    assert web.seen[0] == "/en/markdaten.php?action=table&field=LME_Al_cash&year=2018"


def test_one_page_a_year_and_one_a_metal(web: FakeWeb, how: Make) -> None:
    span = Span(dt.date(2016, 11, 1), dt.date(2018, 2, 1))
    table = load_network("westmetall", ["LME-3M", "LME-CU-3M"], span, how())
    assert len(web.seen) == 6
    assert str(table.frame.index[0].date()), str(table.frame.index[-1].date()) == ("2016-11-01", "2018-02-01")
    assert [o.name for o in table.origins if "Cu" in o.name] == [f"LME_Cu_cash {y}" for y in (2016, 2017, 2018)]
    load_network("westmetall", ["LME-3M"], Span(dt.date(2017, 1, 1), dt.date(2017, 6, 1)), how())
    assert len(web.seen) == 6


def test_this_year_is_asked_for_again_and_last_year_is_not(web: FakeWeb, how: Make, line: object) -> None:
    span = Span(dt.date(2023, 6, 1))
    load_network("westmetall", ["LME-3M"], span, how())
    tomorrow = dt.datetime(2024, 6, 4, 12, tzinfo=dt.UTC)
    line.now = lambda: tomorrow  # type: ignore[attr-defined]
    load_network("westmetall", ["LME-3M"], span, how())
    assert [s[-4:] for s in web.seen] == ["2023", "2024", "2024"]


def test_years_before_the_table_begins_are_no_failure(web: FakeWeb, how: Make) -> None:
    table = load_network("westmetall", ["LME-3M"], Span(dt.date(2009, 1, 1), dt.date(2012, 3, 1)), how())
    assert str(table.frame.index[0].date()) == "2012-01-02"
    with pytest.raises(NoDataInRange):
        load_network("westmetall", ["LME-3M"], Span(dt.date(2009, 1, 1), dt.date(2010, 3, 1)), how())


def test_half_of_the_years_is_not_passed_off_as_all(web: FakeWeb, how: Make) -> None:
    span = Span(dt.date(2017, 1, 1), dt.date(2018, 3, 1))
    load_network("westmetall", ["LME-3M"], Span(dt.date(2017, 1, 1), dt.date(2017, 3, 1)), how())
    web.fault = "500"
    with pytest.raises(UpstreamDown) as caught:
        load_network("westmetall", ["LME-3M"], span, how())
    assert caught.value.missing == ("LME_Al_cash",)
