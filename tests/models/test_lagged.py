"""The market model with lags against statsmodels, and what it is for: news that a market learns a session later."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray

import eventstudy as es
from eventstudy.domain.align import Block, gather, response_series
from eventstudy.domain.events import EventTable
from eventstudy.domain.prices import PriceTable
from eventstudy.errors import InputError
from eventstudy.models.lagged import LaggedMarket

FloatArray = NDArray[np.float64]
OFFSETS, ESTIMATION = np.arange(-120, 6), (-120, -6)


@pytest.fixture(scope="module")
def two(stock_and_market: Callable[..., dict[str, FloatArray]]) -> dict[str, FloatArray]:
    made = stock_and_market(300, 4)
    made["M2"] = 0.3 * made["M"] + 0.01 * np.random.default_rng(6).standard_normal(300)
    return made


@pytest.mark.parametrize(("market", "lags"), [(("M",), 1), (("M", "M2"), 1), (("M",), 3)])
def test_against_statsmodels(
    prices_of: Callable[..., PriceTable], two: dict[str, FloatArray], market: tuple[str, ...], lags: int
) -> None:
    model = LaggedMarket(market, lags=lags)
    series = response_series(prices_of(two), "A", market, policy="own_calendar")
    bound, series = model.bound(series)
    position = 200
    sample = gather(Block(series=series, events=("e",), positions=np.array([position])), OFFSETS, ESTIMATION, mask=True)
    fit = bound.fit(sample)
    frame = pd.DataFrame(series.factors, columns=list(market))
    shifted = [frame.shift(k).add_suffix(f"_{k}") for k in range(lags + 1)]
    design = sm.add_constant(pd.concat(shifted, axis=1))
    rows = slice(position + ESTIMATION[0], position + ESTIMATION[1] + 1)
    # Before the window the lags are not looked at: their mean stands there.
    for k in range(1, lags + 1):
        names = [f"{m}_{k}" for m in market]
        inside = design[names].iloc[rows].iloc[k:]
        design.iloc[rows.start : rows.start + k, [design.columns.get_loc(n) for n in names]] = inside.mean().to_numpy()
    other = sm.OLS(series.response[rows], design.iloc[rows]).fit()
    # Two least-squares solvers on a well-conditioned design: a dozen digits.
    np.testing.assert_allclose(fit.params[0], other.params, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(fit.sigma[0] ** 2, other.mse_resid, rtol=1e-10)
    assert fit.dof[0] == other.df_resid
    window = slice(position + int(OFFSETS[0]), position + int(OFFSETS[-1]) + 1)
    np.testing.assert_allclose(fit.expected[0], other.predict(design.iloc[window]), rtol=1e-9, atol=1e-14)
    assert fit.names[: 1 + len(market)] == ("alpha", *(f"beta_{m}" for m in market))
    assert fit.names[-1] == f"beta_{market[-1]}_lag{lags if lags > 1 else ''}"


def test_yesterdays_news_elsewhere_is_not_abnormal(prices_of: Callable[..., PriceTable]) -> None:
    # A follows the market by a session. The market moves 6% the day before day 0 of an announcement about nothing.
    rng = np.random.default_rng(8)
    market = 0.01 * rng.standard_normal(400)
    market[299] = 0.06
    own = np.concatenate(([0.0], market[:-1])) + 0.002 * rng.standard_normal(400)
    table = prices_of({"A": own, "M": market})
    day = table.frame.index[300].date()
    event = es.Event(id="news", announced=day)
    effect = {}
    for model in (es.MarketModel("M"), es.LaggedMarket("M")):
        study = es.Study(instruments=["A"], model=model, volatility=None, statistics=["t_fe"])
        result = study.run(table, event, others=EventTable([]))
        assert result.abnormal is not None
        effect[model.key] = result.abnormal.ar[0, result.abnormal.offsets == 0][0]
    assert effect["market_model"] > 0.05
    assert abs(effect["lagged_market"]) < 0.01


def test_lags_below_one_are_the_market_model() -> None:
    with pytest.raises(InputError, match="one or more"):
        LaggedMarket("M", lags=0)
