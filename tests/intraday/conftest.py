"""One simulated table of bars and one study on it, for every file here."""

from __future__ import annotations

import pandas as pd
import pytest

import eventstudy as es
from eventstudy.domain.prices import PriceTable
from tests.intraday.bars import NOBODY, at, simulated


@pytest.fixture(scope="session")
def frame() -> pd.DataFrame:
    """200 days from 2023-01-02."""
    return simulated(200, 1)


@pytest.fixture(scope="session")
def hourly(frame: pd.DataFrame) -> PriceTable:
    """`frame` as a table."""
    return es.prices(frame)


@pytest.fixture(scope="session")
def result(hourly: PriceTable) -> es.StudyResult:
    """An announcement of 2023-09-06, 11:45 in New York: bar 0 closes 12:30, 16:30 UTC."""
    study = es.Study(instruments=["A"], model=es.MarketModel("M"))
    return study.run(hourly, at(pd.Timestamp("2023-09-06 11:45")), others=NOBODY)
