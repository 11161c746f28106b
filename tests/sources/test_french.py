"""Ken French's zip files: percent to fractions, missing codes, damaged archives."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pytest

from eventstudy.errors import UnknownNameError
from eventstudy.sources.feed import Fetch, Span
from eventstudy.sources.network import load_network
from tests.sources.loopback.fake_web import FakeWeb
from tests.sources.loopback.numbers import between

YEAR = Span(dt.date(2018, 1, 1), dt.date(2018, 12, 31))
Make = Callable[..., Fetch]


def test_factors_are_fractions_and_missing_codes_are_missing(web: FakeWeb, how: Make) -> None:
    table = load_network("french", ["MKT-RF", "RF", "MOM"], YEAR, how())
    walk = between("Mkt-RF", dt.date(2018, 1, 1), dt.date(2018, 12, 31))
    values = table.frame["MKT-RF"].to_numpy()
    expected = np.array([round(v / 100 - 1, 2) / 100 for v in walk.values()])
    assert np.flatnonzero(np.isnan(values)).tolist() == [3]
    known = ~np.isnan(values)
    np.testing.assert_allclose(values[known], expected[known], rtol=0, atol=1e-15)
    assert {table.instruments[i].change for i in table.ids} == {"as_is"}
    assert len(web.seen) == 2  # two files hold the three factors


def test_what_the_library_does_not_have(how: Make) -> None:
    with pytest.raises(UnknownNameError, match="does not have it"):
        load_network("french", ["AA"], YEAR, how())
