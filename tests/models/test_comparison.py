"""The comparison portfolio: who is a member, and what a missing one does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import eventstudy as es
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.instruments import Instrument, InstrumentTable
from eventstudy.domain.prices import PriceTable, build_table
from eventstudy.errors import InputError, UnknownNameError
from eventstudy.models.base import ExpectedReturn
from eventstudy.models.benchmarks import ComparisonPortfolio

FloatArray = NDArray[np.float64]
N, DAY0 = 80, 70
WINDOW = es.EventWindow(primary=(0, 0), event=(-1, 3), estimation=(-60, -11), windows=(), policy="strict")


@pytest.fixture(scope="module")
def prices() -> PriceTable:
    rng = np.random.default_rng(4)
    levels = {k: 100.0 * np.cumprod(1.0 + 0.01 * rng.standard_normal(N)) for k in ("A", "B", "C", "D", "INDEX")}
    levels["PREMIUM"] = 20.0 + np.cumsum(rng.standard_normal(N))
    records = [Instrument(id=k, change="simple", unit="USD") for k in "ABCD"]
    records.append(Instrument(id="INDEX", role="market"))
    records.append(Instrument(id="PREMIUM", change="difference", unit="USD/t", role="premium"))
    days = pd.bdate_range("2020-01-01", periods=N)
    return build_table(pd.DataFrame(levels, index=days), InstrumentTable(records), origins=())


def run(prices: PriceTable, event: Event, model: ExpectedReturn, **more: str) -> es.StudyResult:
    study = es.Study(instruments=["A"], model=model, window=WINDOW, volatility=None, statistics=("t_fe",), calendar="A")
    return replace(study, **more).run(prices, event, others=EventTable([]))  # type: ignore[arg-type]


def by_hand(prices: PriceTable, members: str, log: bool = False) -> FloatArray:
    """Response of A less the members' mean, over the event window."""
    frame = prices.frame
    steps = np.log(frame).diff() if log else frame / frame.shift(1) - 1.0
    return (steps["A"] - steps[list(members)].mean(axis=1)).to_numpy()[DAY0 - 1 : DAY0 + 4]


@pytest.mark.parametrize("returns", ["simple", "log"])
def test_the_others_are_those_that_have_returns_and_are_no_index(
    prices: PriceTable, event_at: Callable[..., Event], returns: str
) -> None:
    result = run(prices, event_at(prices, DAY0), ComparisonPortfolio(), returns=returns)
    ar = result.abnormal
    assert ar is not None
    np.testing.assert_allclose(ar.ar[0, ar.columns((-1, 3))], by_hand(prices, "BCD", returns == "log"), rtol=1e-10)
    assert ar.dof[0] == 49
    inside = (ar.ar[0])[ar.estimation[0]]
    assert ar.sigma[0] == pytest.approx(np.std(inside, ddof=1), rel=1e-12)
    assert ar.design.shape[2] == 0
    assert result.models["A"][1] == "3 other instruments: B, C, D"


def test_members_and_exclusions_are_as_named(prices: PriceTable, event_at: Callable[..., Event]) -> None:
    event = event_at(prices, DAY0)
    for model, members in [
        (ComparisonPortfolio(["A", "B", "D"]), "BD"),  # the instrument itself is never a member
        (ComparisonPortfolio(exclude="C"), "BD"),
        (ComparisonPortfolio("C"), "C"),
    ]:
        ar = run(prices, event, model).abnormal
        assert ar is not None
        np.testing.assert_allclose(ar.ar[0, ar.columns((-1, 3))], by_hand(prices, members), rtol=1e-10)


def test_a_missing_member_leaves_that_sessions_mean(prices: PriceTable, event_at: Callable[..., Event]) -> None:
    levels = prices.frame.copy()
    levels.loc[levels.index[DAY0 + 1], "C"] = np.nan
    holed = replace(prices, frame=levels)
    ar = run(holed, event_at(prices, DAY0), ComparisonPortfolio()).abnormal
    assert ar is not None
    got = ar.ar[0, ar.columns((-1, 3))]
    np.testing.assert_allclose(got[[0, 1, 4]], by_hand(prices, "BCD")[[0, 1, 4]], rtol=1e-10)
    # C has no return into the hole nor out of it.
    np.testing.assert_allclose(got[[2, 3]], by_hand(prices, "BD")[[2, 3]], rtol=1e-10)


def test_a_session_on_which_nobody_else_traded_has_no_expectation(
    prices: PriceTable, event_at: Callable[..., Event]
) -> None:
    levels = prices.frame.copy()
    levels.loc[levels.index[DAY0 + 2], ["B", "C", "D"]] = np.nan
    ar = run(replace(prices, frame=levels), event_at(prices, DAY0), ComparisonPortfolio()).abnormal
    assert ar is not None
    np.testing.assert_array_equal(np.isnan(ar.ar[0, ar.columns((-1, 3))]), [False, False, False, True, True])


def test_nobody_to_compare_with_and_nobody_by_that_name(prices: PriceTable, event_at: Callable[..., Event]) -> None:
    with pytest.raises(InputError, match="A has no other instrument"):
        run(prices, event_at(prices, DAY0), ComparisonPortfolio(exclude=["B", "C", "D"]))
    with pytest.raises(UnknownNameError, match="'E'"):
        run(prices, event_at(prices, DAY0), ComparisonPortfolio(["B", "E"]))
