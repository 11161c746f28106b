"""The Pink Sheet: the page that names the file, the sheet's layout, and every way in which both can be wrong."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable

import numpy as np
import pytest

from eventstudy.errors import MissingExtraError
from eventstudy.sources.feed import Fetch, Span
from eventstudy.sources.network import load_network, source_for
from tests.sources.loopback.fake_web import PINK_FILE, PINK_PAGE, FakeWeb
from tests.sources.loopback.numbers import between

YEAR = Span(dt.date(2018, 1, 1), dt.date(2018, 12, 31))
Make = Callable[..., Fetch]


def mean(name: str, month: int) -> float:
    """Mean of a month's made-up prices."""
    own = [v for d, v in between(name, dt.date(2018, 1, 1), dt.date(2018, 12, 31)).items() if d.month == month]
    return sum(own) / len(own)


def test_months_of_named_and_unnamed_columns(web: FakeWeb, how: Make) -> None:
    table = load_network("worldbank", ["WB-ALUMINUM", "Copper", "Coal, Australian"], YEAR, how())
    assert web.seen == [PINK_PAGE, PINK_FILE]  # one file serves them all
    assert [str(d.date()) for d in table.frame.index[:2]] == ["2018-01-01", "2018-02-01"]
    names = {"WB-ALUMINUM": "Aluminum", "Copper": "Copper", "Coal, Australian": "Coal, Australian **"}
    for id, name in names.items():
        expected = [np.nan if month == 3 else mean(name, month) for month in range(1, 13)]  # March has an ellipsis
        np.testing.assert_allclose(table.frame[id], expected, atol=0.005)  # served to cents
    (entry,) = how().store.entries()
    assert entry.url == web.url + PINK_FILE
    assert (entry.symbol, entry.rows, entry.currency) == ("CMO-Historical-Data-Monthly", 11, "USD")
    assert "openpyxl" in entry.versions
    assert "hole" in {f.kind for f in table.flags}  # monthly: nothing to measure a reaction on


def test_who_has_it_and_by_which_name(web: FakeWeb, how: Make) -> None:
    assert source_for("WB-ALUMINUM") == "worldbank"
    assert load_network("worldbank", ["aluminum"], YEAR, how()).ids == ("WB-ALUMINUM",)


def test_without_the_extra_nothing_is_asked(web: FakeWeb, how: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingExtraError, match=r"aluminum-eventstudy\[excel\]"):
        load_network("worldbank", ["WB-ALUMINUM"], YEAR, how())
    assert web.seen == []
