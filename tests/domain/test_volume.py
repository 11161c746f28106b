"""Log volume: the transformation, where it comes from, what is refused; a study of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import eventstudy as es
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.volume import log_volume
from eventstudy.errors import InputError

DAYS = pd.bdate_range("2024-01-01", periods=4)


def test_by_hand_with_zero_and_missing() -> None:
    table = log_volume(pd.DataFrame({"X": [1000, 0, np.nan, 5]}, index=DAYS))
    expected = [math.log(1000.000255), math.log(0.000255), math.nan, math.log(5.000255)]
    np.testing.assert_allclose(table.frame["X"], expected, rtol=1e-15)
    assert table.instruments["X"].change == "as_is"
    assert table.instruments["X"].response_unit == "ln volume"


def test_bars_give_the_volume_and_the_instrument_keeps_its_record(table_of: Callable[..., PriceTable]) -> None:
    prices = table_of({"AA": [10.0, 11.0, 12.0, 11.0], "CENX": [5.0, 5.1, 5.2, 5.3]}, DAYS)
    bars = pd.DataFrame({"close": [10.0, 11.0, 12.0, 11.0], "volume": [7.0, 8.0, 9.0, 0.0]}, index=DAYS)
    table = log_volume(replace(prices, bars={"AA": bars}))
    assert table.ids == ("AA",)
    np.testing.assert_allclose(table.frame["AA"], np.log(np.array([7.0, 8.0, 9.0, 0.0]) + 0.000255), rtol=1e-15)
    assert table.instruments["AA"].stamp == prices.instruments["AA"].stamp
    plain = log_volume(prices)  # without bars the levels are the volumes
    np.testing.assert_allclose(plain.frame["CENX"], np.log(prices.frame["CENX"] + 0.000255), rtol=1e-15)


def test_what_is_no_volume_is_refused(table_of: Callable[..., PriceTable]) -> None:
    with pytest.raises(InputError, match=r"volume of X is negative \(-3\)"):
        log_volume(pd.DataFrame({"X": [1.0, -3.0, 2.0, 1.0]}, index=DAYS))
    prices = table_of({"X": [1.0, 2.0, 3.0, 4.0]}, DAYS)
    with pytest.raises(InputError, match="no instrument of the table has a volume"):
        log_volume(replace(prices, bars={"X": pd.DataFrame({"close": [1.0, 2.0, 3.0, 4.0]}, index=DAYS)}))


def test_the_input_stays_as_it_is() -> None:
    frame = pd.DataFrame({7: [1.0, 2.0, 3.0, 4.0]}, index=DAYS)
    log_volume(frame)
    assert list(frame.columns) == [7]
    assert frame[7].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_abnormal_volume_is_measured_in_its_own_unit(event_at: Callable[..., Event]) -> None:
    rng = np.random.default_rng(1)
    size = 90
    volumes = np.exp(11.0 + 0.3 * rng.standard_normal((size, 2)))
    volumes[80, 0] *= 5.0
    table = log_volume(pd.DataFrame(volumes, columns=["X", "M"], index=pd.bdate_range("2024-01-01", periods=size)))
    window = es.EventWindow(primary=(0, 0), event=(-2, 2), estimation=(-70, -11), windows=())
    study = es.Study(instruments=["X"], model=es.ConstantMean(), window=window, volatility=None, statistics=("t_fe",))
    found = study.run(table, event_at(table, 80), others=EventTable([])).tests.one(
        statistic="t_fe", window=(0, 0), event="event", instrument="X"
    )
    assert found.unit == "ln volume"
    own = np.log(volumes[:, 0] + 0.000255)
    assert found.estimate == pytest.approx(own[80] - own[10:70].mean(), rel=1e-12)
