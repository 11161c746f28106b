"""Numbers that another package publishes for real data: the S&P 500 additions of 1997-1999."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import eventstudy as es
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.instruments import Instrument, InstrumentTable
from eventstudy.domain.prices import build_table

PEERS = Path(__file__).parents[2].parent / "shared" / "data" / "peers"
pytestmark = pytest.mark.skipif(not PEERS.is_dir(), reason="the peers' example data (../shared/data/peers) is not here")


@pytest.fixture(scope="module")
def run() -> Callable[[tuple[int, int], tuple[int, int]], es.StudyResult]:
    """Group 1: sixteen firms, market model, simple returns as they come, on given estimation and event windows."""
    firms = pd.read_csv(PEERS / "sp500_additions_firms.csv").pivot(index="date", columns="id_firm", values="ret")
    market = pd.read_csv(PEERS / "sp500_additions_markets.csv").pivot(index="date", columns="id_market", values="ret_m")
    frame = firms.join(market, how="outer")
    frame.index = pd.DatetimeIndex(frame.index)
    prices = build_table(
        frame, InstrumentTable(Instrument(id=str(c), change="as_is", unit="fraction") for c in frame), origins=()
    )
    table = pd.read_csv(PEERS / "sp500_additions_events.csv").query("id_group == 'G1'")
    events = EventTable(
        Event(
            id=str(row.id_event), announced=pd.Timestamp(str(row.date)).date(), precision="weekend",
            instruments=(str(row.id_firm),),
        )
        for row in table.itertuples()
    )  # fmt: skip

    def of(estimation: tuple[int, int], event: tuple[int, int]) -> es.StudyResult:
        days = tuple((day, day) for day in range(-2, 3))
        window = es.EventWindow(
            primary=(0, 1), event=event, estimation=estimation, windows=days, min_estimation=50, overlap="keep",
            missing="sum",
        )  # fmt: skip
        study = es.Study(
            model=es.MarketModel("M1"), window=window, volatility=None, calendar="M1",
            statistics=("caar", "corrado_rank"),
        )  # fmt: skip
        return study.run(prices, events, others=EventTable([]))

    return of


def test_mean_abnormal_returns_to_the_published_digits(run: Callable[..., es.StudyResult]) -> None:
    additions = run((-120, -6), (-5, 5))
    assert len(additions.used) == 16
    for day, aar in ((-1, -0.0092609), (0, -0.0046859), (1, 0.0619481)):
        assert additions.tests.one(statistic="caar", window=(day, day)).value == pytest.approx(aar, abs=5e-8)
    # The published sum is that of rounded days: a unit of the last digit more.
    assert additions.tests.one(statistic="caar", window=(0, 1)).value == pytest.approx(0.0572621, abs=1.01e-7)


def test_the_rank_statistic_differs_from_day_to_day(run: Callable[..., es.StudyResult]) -> None:
    # Another package prints -0.17831 on all five days, the first day's value; these are the right ones.
    tests = run((-130, -11), (-2, 2)).tests
    found = [tests.one(statistic="corrado_rank", window=(d, d)).value for d in range(-2, 3)]
    np.testing.assert_allclose(found, [-0.179, -1.408, -0.477, 4.947, 1.104], atol=5.1e-4)
