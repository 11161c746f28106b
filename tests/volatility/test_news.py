"""News impact before and after: the recursion by hand, the fit after on its own sample, refusals."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

import eventstudy as es
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.prices import PriceTable
from eventstudy.engines.compiled import CompiledEngine
from eventstudy.errors import InputError
from eventstudy.kernels.garch import GarchParams
from eventstudy.report import plots
from eventstudy.volatility.base import GarchResponse
from eventstudy.volatility.news import NewsImpact, impact

FloatArray = NDArray[np.float64]
DAY0 = 700
WINDOW = es.EventWindow(primary=(0, 1), event=(-5, 12), estimation=(-120, -11), windows=())
SPEC = GarchResponse(draws=499, engine=CompiledEngine())


@pytest.fixture(scope="module")
def result(
    prices_of: Callable[..., PriceTable], garch_series: Callable[..., FloatArray], event_at: Callable[..., Event]
) -> es.StudyResult:
    """Variance 36 times as large on days 1 to 12, and 600 sessions after the event window."""
    values = garch_series(DAY0 + 613, 11)
    values[DAY0 + 1 : DAY0 + 13] *= 6.0
    prices = prices_of({"A": values}, A="as_is")
    study = es.Study(instruments=["A"], model=es.ConstantMean(), window=WINDOW, volatility=SPEC, statistics=("fhs",))
    return study.run(prices, event_at(prices, DAY0), others=EventTable([]))


def test_impact_by_hand() -> None:
    omega, alpha, gamma, beta = 2e-6, 0.04, 0.08, 0.88
    params = GarchParams(*(np.asarray(v) for v in (omega, alpha, gamma, beta)))
    level = omega / (1.0 - alpha - gamma / 2.0 - beta)
    for shock in (-0.03, 0.0, 0.03):
        expected = omega + beta * level + (alpha + (gamma if shock < 0 else 0.0)) * shock**2
        assert impact(params, np.array([shock]))[0] == pytest.approx(expected, rel=1e-12)
    one = GarchParams(*(np.asarray(v) for v in (omega, 0.1, 0.0, 0.9)))
    assert math.isnan(impact(one, np.array([0.01]))[0])


def test_curves_of_a_study(result: es.StudyResult) -> None:
    response = result.volatility[0]
    news, model = response.news, response.model
    assert isinstance(news, NewsImpact)
    assert model is not None
    assert (news.n_after, news.reason) == (600, "")
    middle = news.shocks.size // 2
    assert news.shocks[middle] == 0.0
    np.testing.assert_allclose(news.before, impact(model.params, news.shocks), rtol=1e-12)
    assert (news.low <= news.before * 1.5).all()
    assert (news.low < news.high).all()
    # The fit after sees the sessions after the event window alone.
    after = result.abnormal
    assert after is not None
    assert len(news.to_record()["shocks"]) == 5


def test_too_few_sessions_after_say_so(
    prices_of: Callable[..., PriceTable], garch_series: Callable[..., FloatArray], event_at: Callable[..., Event]
) -> None:
    prices = prices_of({"A": garch_series(DAY0 + 100, 11)}, A="as_is")
    study = es.Study(instruments=["A"], model=es.ConstantMean(), window=WINDOW, volatility=SPEC, statistics=("fhs",))
    found = study.run(prices, event_at(prices, DAY0), others=EventTable([]))
    news = found.volatility[0].news
    assert isinstance(news, NewsImpact)
    assert news.reason == "87 sessions after the event window, a fit needs 500"
    assert np.isnan(news.after).all()
    assert "No curve after: 87 sessions" in plots.picture_words(found, "event", "A", "news_impact")


def test_no_dynamics_no_news(result: es.StudyResult) -> None:
    response = replace(result.volatility[0], news="no volatility dynamics")
    changed = replace(result, volatility=(response,))
    assert plots.why_not(changed, "event", "A", "news_impact") == "no volatility dynamics"
    with pytest.raises(InputError, match="no volatility dynamics"):
        plots.PICTURES["news_impact"](changed, "event", "A")


def test_the_sum_is_marked_where_variance_was_raised(result: es.StudyResult) -> None:
    response = result.volatility[0]
    assert response.raised(0.05)
    words = plots.picture_words(result, "event", "A", "cumulative_volatility")
    total = float((response.multiplier[1:] - 1.0).sum())
    assert f"{total:+.1f} on day 12" in words
    assert "Volatility was raised from day" in words
    ax = plots.PICTURES["cumulative_volatility"](result, "event", "A")
    labels = ax.get_legend_handles_labels()[1]
    assert any(label.startswith("raised from day") for label in labels)
    path = np.asarray(ax.lines[1].get_ydata())
    np.testing.assert_allclose(path, (response.multiplier[1:] - 1.0).cumsum(), rtol=1e-12)


def test_the_fan_holds_what_simulated_paths_show(result: es.StudyResult) -> None:
    response = result.volatility[0]
    model = response.model
    assert model is not None
    assert response.fan.shape == (4, 13)
    # Before day 0 nothing is uncertain; then the fan opens around the forecast.
    np.testing.assert_allclose(response.fan[:, 0], response.expected[0], rtol=1e-12)
    assert (np.diff(response.fan, axis=0) >= 0).all()
    rng = np.random.default_rng(123)
    h, ends = np.full(4000, response.expected[0]), []
    for _ in range(12):
        e = np.sqrt(h) * rng.choice(model.shocks, 4000)
        p = model.params
        h = p.omega + (p.alpha + p.gamma * (e < 0)) * e**2 + p.beta * h
        ends.append(np.quantile(h, [0.25, 0.75]))
    # Quartiles of 499 and of 4,000 paths: Monte Carlo errors of a few percent.
    np.testing.assert_allclose(response.fan[1:3, -1], ends[-1], rtol=0.15)
