"""FRED's two columns, read by position."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pytest

from eventstudy.errors import SymbolNotFound
from eventstudy.sources.faults import Answer
from eventstudy.sources.feed import Fetch, Part, Span
from eventstudy.sources.fred import FredFeed
from eventstudy.sources.network import load_network
from tests.sources.loopback.fake_web import FakeWeb
from tests.sources.loopback.numbers import between

SUMMER = Span(dt.date(2018, 6, 1), dt.date(2018, 7, 31))
Make = Callable[..., Fetch]


def test_values_and_the_missing_dot(web: FakeWeb, how: Make) -> None:
    table = load_network("fred", ["DGS3MO"], SUMMER, how())
    walk = between("DGS3MO", dt.date(2018, 6, 1), dt.date(2018, 7, 31))
    values = table.frame["DGS3MO"]
    expected = [np.nan if d == dt.date(2018, 7, 4) else v for d, v in walk.items()]
    np.testing.assert_array_equal(values.to_numpy(), expected)
    assert web.seen == ["/graph/fredgraph.csv?id=DGS3MO"]
    load_network("fred", ["DGS3MO"], Span(dt.date(2018, 1, 1), dt.date(2018, 2, 1)), how())
    assert len(web.seen) == 1


@pytest.mark.parametrize("head", ["DATE", "observation_date"])
def test_the_header_of_the_dates_does_not_matter(head: str) -> None:
    answer = Answer(url="http://h", status=200, body=f"{head},X\n2024-01-01,1.5\n2024-02-01,.\n".encode())
    found = FredFeed().read(Part(symbol="X", asked=Span()), answer, ["X"], "error")
    np.testing.assert_array_equal(found.columns["X"].values, [1.5, np.nan])


def test_a_monthly_series(web: FakeWeb, how: Make) -> None:
    means = load_network("fred", ["PALUMUSDM"], SUMMER, how()).frame["PALUMUSDM"]
    days = between("PALUMUSDM", dt.date(2018, 6, 1), dt.date(2018, 7, 31))
    for month in (6, 7):
        own = [v for d, v in days.items() if d.month == month]
        assert means[f"2018-{month:02d}-01"] == pytest.approx(sum(own) / len(own), abs=0.005)  # served to cents


def test_an_unknown_series(web: FakeWeb, how: Make) -> None:
    with pytest.raises(SymbolNotFound):
        load_network("fred", ["NOSUCHSERIES"], SUMMER, how())
