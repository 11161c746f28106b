"""Scholes-Williams and Dimson by plain loops over a series with holes; trade-to-trade returns by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import eventstudy as es
from eventstudy.domain.align import AlignedSample, Block, gather, response_series
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.instruments import Instrument, InstrumentTable
from eventstudy.domain.prices import PriceTable, build_table
from eventstudy.errors import InputError
from eventstudy.models.base import FittedModel
from eventstudy.models.regression import MarketModel
from eventstudy.models.thin import Dimson, ScholesWilliams, fowler_rorke

FloatArray = NDArray[np.float64]
SIZE, POSITION, ESTIMATION = 140, 120, (-100, -11)
#: Rows without a price of A: one inside, a run, one near the window's last session; rows without the market.
HOLES, CLOSED = (40, 60, 61, 62, 107), (75,)


@pytest.fixture(scope="module")
def prices() -> PriceTable:
    rng = np.random.default_rng(11)
    market = 0.01 * rng.standard_normal(SIZE)
    # A trades late: half of the market's move shows a session later.
    own = 0.5 * market + 0.4 * np.concatenate(([0.0], market[:-1])) + 0.008 * rng.standard_normal(SIZE)
    levels = {"A": 50.0 * np.cumprod(1.0 + own), "M": 900.0 * np.cumprod(1.0 + market)}
    levels["A"][list(HOLES)] = np.nan
    levels["M"][list(CLOSED)] = np.nan
    days = np.arange("2020-01-01", "2021-01-01", dtype="datetime64[D]")[:SIZE]
    records = InstrumentTable(Instrument(id=k, change="simple") for k in levels)
    return build_table(pd.DataFrame(levels, index=pd.DatetimeIndex(days)), records, origins=())


def fitted(prices: PriceTable, model: Any, *, bind: bool = True) -> tuple[FittedModel, AlignedSample]:
    """The model on one window of A, strict: sessions are those of the table."""
    series = response_series(prices, "A", ("M",), policy="strict")
    if bind:
        model, series = model.bound(series)
    row = int(np.searchsorted(series.dates, prices.frame.index.to_numpy()[POSITION].astype("datetime64[D]")))
    block = Block(series=series, events=("e",), positions=np.array([row]))
    sample = gather(block, np.arange(-100, 11), ESTIMATION, mask=False)
    return model.fit(sample), sample


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def slope(x: list[float], y: list[float]) -> float:
    return sum((a - mean(x)) * b for a, b in zip(x, y, strict=True)) / sum((a - mean(x)) ** 2 for a in x)


def loops(prices: PriceTable) -> tuple[list[float], list[float], list[int], int, int]:
    """Returns on the market's own sessions, the interior sessions, and the ends of E, one session at a time."""
    frame = prices.frame[prices.frame["M"].notna()]
    a, m = frame["A"].tolist(), frame["M"].tolist()
    r = [float("nan")] + [a[t] / a[t - 1] - 1 for t in range(1, len(a))]
    x = [float("nan")] + [m[t] / m[t - 1] - 1 for t in range(1, len(m))]
    day0 = frame.index.get_loc(prices.frame.index[POSITION])
    first, last = day0 - 100, day0 - 11
    interior = [t for t in range(first + 1, last) if r[t] == r[t]]
    return r, x, interior, first, last


def test_scholes_williams_by_loops_with_holes(prices: PriceTable) -> None:
    r, x, interior, first, last = loops(prices)
    y = [r[t] for t in interior]
    slopes = [slope([x[t + j] for t in interior], y) for j in (-1, 0, 1)]
    now, before = x[first + 1 : last + 1], x[first:last]
    rho = slope(before, now) * np.sqrt(np.var(before) / np.var(now))
    beta = sum(slopes) / (1 + 2 * rho)
    alpha = mean(y) - beta * mean([x[t] for t in interior])
    left = [r[t] - alpha - beta * x[t] for t in range(first, last + 1) if r[t] == r[t]]
    fit, sample = fitted(prices, ScholesWilliams("M"))
    assert fit.names == ("alpha", "beta", "beta_lag", "beta_0", "beta_lead", "rho_m")
    assert fit.params[0] == pytest.approx([alpha, beta, *slopes, rho], rel=1e-10)
    assert fit.dof[0] == len(left) - 2 == sample.estimation.sum() - 2
    assert fit.sigma[0] == pytest.approx(np.sqrt(sum(e * e for e in left) / (len(left) - 2)), rel=1e-11)
    assert fit.design.shape[2] == 0  # no forecast-error term


@pytest.mark.parametrize(("lags", "leads"), [(1, 1), (2, 0), (2, 2)])
def test_dimson_by_loops_with_holes(prices: PriceTable, lags: int, leads: int) -> None:
    r, x, _, first, last = loops(prices)
    interior = [t for t in range(first + lags, last - leads + 1) if r[t] == r[t]]
    y = np.array([r[t] for t in interior])
    design = np.array([[1.0, *(x[t + j] for j in range(-lags, leads + 1))] for t in interior])
    slopes = np.linalg.lstsq(design, y, rcond=None)[0][1:]
    beta = float(slopes.sum())
    fit, _ = fitted(prices, Dimson("M", lags=lags, leads=leads))
    around = {(1, 1): "beta_lag beta_0 beta_lead", (2, 0): "beta_lag2 beta_lag beta_0"}
    if (lags, leads) in around:
        assert " ".join(fit.names[2:]) == around[lags, leads]
    np.testing.assert_allclose(fit.params[0, 2:], slopes, rtol=1e-9)
    assert fit.params[0, 1] == pytest.approx(beta, rel=1e-10)
    assert fit.params[0, 0] == pytest.approx(y.mean() - beta * mean([x[t] for t in interior]), rel=1e-10)


def test_without_the_markets_own_sessions_fewer_days_are_interior(prices: PriceTable) -> None:
    # Unbound, a session beside a hole has no neighbour; bound, the market's is known.
    near, _ = fitted(prices, ScholesWilliams("M"), bind=False)
    full, _ = fitted(prices, ScholesWilliams("M"))
    assert near.dof[0] == full.dof[0]
    assert near.params[0, 1] != pytest.approx(full.params[0, 1], rel=1e-3)


def test_late_trading_is_seen(prices: PriceTable) -> None:
    plain, _ = fitted(prices, MarketModel("M"))
    # True beta .9, of which .4 comes a session late; standard error about .1.
    assert plain.params[0, 1] < 0.75
    for model in (ScholesWilliams("M"), Dimson("M"), Dimson("M", leads=0, lags=1)):
        assert fitted(prices, model)[0].params[0, 1] == pytest.approx(0.9, abs=0.25)


def test_fowler_rorke_weights_by_hand() -> None:
    one = fowler_rorke(np.array([[0.3]]))
    np.testing.assert_allclose(one, [[1.3 / 1.6, 1.0, 1.3 / 1.6]], rtol=1e-14)
    two = fowler_rorke(np.array([[0.3, -0.1]]))
    whole = 1 + 2 * 0.3 - 2 * 0.1
    near, far = (1 + 2 * 0.3 - 0.1) / whole, (1 + 0.3 - 0.1) / whole
    np.testing.assert_allclose(two, [[far, near, 1.0, near, far]], rtol=1e-14)


def test_fowler_rorke_weighs_the_neighbours(prices: PriceTable) -> None:
    r, x, _, first, last = loops(prices)
    interior = [t for t in range(first + 1, last) if r[t] == r[t]]
    design = np.array([[1.0, x[t - 1], x[t], x[t + 1]] for t in interior])
    b = np.linalg.lstsq(design, np.array([r[t] for t in interior]), rcond=None)[0][1:]
    rho = np.corrcoef(x[first + 1 : last + 1], x[first:last])[0, 1]
    w = (1 + rho) / (1 + 2 * rho)
    fit, _ = fitted(prices, Dimson("M", weights="fowler_rorke"))
    assert fit.params[0, 1] == pytest.approx(w * b[0] + b[1] + w * b[2], rel=1e-10)


def test_too_few_interior_sessions_are_flagged_with_the_count(prices: PriceTable) -> None:
    series = response_series(prices, "A", ("M",), policy="strict")
    block = Block(series=series, events=("e", "f"), positions=np.array([100, 101]))
    sample = gather(block, np.arange(-5, 2), (-5, -2), mask=False)
    fit = Dimson("M").fit(sample)
    assert fit.singular.all()
    assert fit.notes == ("2 interior estimation sessions, 5 needed",) * 2
    assert np.isnan(fit.expected).all()
    assert not ScholesWilliams("M").fit(gather(block, np.arange(-8, 2), (-8, -2), mask=False)).singular.any()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"leads": 0, "lags": 0}, "not both zero"),
        ({"leads": -1}, "zero or more"),
        ({"weights": "bayes"}, "not one of"),
        ({"leads": 2, "weights": "fowler_rorke"}, "as many leads as lags"),
    ],
)
def test_dimson_refuses_what_it_cannot_be(more: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Dimson("M", **more)


def test_several_benchmarks_make_one_index(prices: PriceTable) -> None:
    one, sample = fitted(prices, ScholesWilliams("M"), bind=False)
    other = 0.5 * sample.factors**2
    two = replace(sample, factors=np.concatenate((sample.factors - other, sample.factors + other), axis=2))
    np.testing.assert_allclose(ScholesWilliams(("M", "M2")).fit(two).params, one.params, rtol=1e-10)


def test_trade_to_trade_returns_with_matched_market_spans_by_hand(
    table_of: Callable[..., PriceTable], event_at: Callable[..., Event]
) -> None:
    """Maynes & Rumsey (1993): A trades on some days only; each return is set beside the market's over the same days."""
    nan = float("nan")
    a = [100, 102, nan, 105.06, 104.0094, nan, nan, 106.089588, 107.15048388, 104.0, nan, 110.24]
    m = [200, 202, 204.02, 206.0602, 204.0, 205.0, 206.0, 208.08, 210.1608, 206.0, 207.0, 210.12]
    days = np.arange("2024-03-01", "2024-03-13", dtype="datetime64[D]")
    prices = table_of({"A": a, "M": m}, days, A="simple", M="simple")
    # By hand: A +2%, +3% (two days), -1%, +2% (three days), +1%, ... ; M +1%, +2.01% (two days), ...
    window = es.EventWindow(
        primary=(0, 0), event=(0, 0), estimation=(-7, -1), windows=(), min_estimation=5, policy="own_calendar"
    )
    study = es.Study(instruments=["A"], model=MarketModel("M"), window=window, volatility=None, statistics=("t_fe",))
    result = study.run(prices, event_at(prices, 11), others=EventTable([]))
    ar = result.abnormal
    assert ar is not None
    own = [0.02, 0.03, -0.01, 0.02, 0.01, 104.0 / 107.15048388 - 1]
    market = [0.01, 0.0201, 204.0 / 206.0602 - 1, 208.08 / 204.0 - 1, 0.01, 206.0 / 210.1608 - 1]
    np.testing.assert_allclose(ar.response[0, 1:7], own, atol=1e-8)
    b = slope(market, own)
    alpha = mean(own) - b * mean(market)
    # The last span covers two days: 104 -> 110.24 is +6%, the market 206 -> 210.12 is +2%.
    assert ar.ar[0, -1] == pytest.approx(0.06 - alpha - b * 0.02, abs=1e-8)
    assert list(ar.params[0].values()) == pytest.approx([alpha, b], rel=1e-7)
