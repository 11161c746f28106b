"""EGARCH and joint estimation as ways to measure a response; engines against each other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

import eventstudy as es
from eventstudy.engines.arch_engine import ArchEngine
from eventstudy.engines.compiled import CompiledEngine
from eventstudy.errors import InputError
from eventstudy.kernels.garch import EgarchParams
from eventstudy.volatility.base import VarianceModel, model_of_residuals

FloatArray = NDArray[np.float64]


@pytest.fixture(scope="module")
def residual(garch_series: Callable[..., FloatArray]) -> FloatArray:
    values = garch_series(930, 3, alpha=0.15, beta=0.8)
    return values - values[:900].mean()


def fitted(residual: FloatArray, engine: ArchEngine | CompiledEngine) -> VarianceModel:
    spec = es.GarchResponse("egarch", dist="normal", engine=engine)
    days = np.datetime64("2000-01-03") + np.arange(residual.size).astype("timedelta64[D]")
    return model_of_residuals(residual, np.arange(-920, 10), days, 900, spec)


def test_engines_agree_on_egarch_in_fractions(residual: FloatArray) -> None:
    arch, ours = fitted(residual, ArchEngine()), fitted(residual, CompiledEngine())
    assert arch.fit is not None
    assert ours.fit is not None
    assert ours.problem == arch.problem == ""
    assert isinstance(ours.params, EgarchParams)
    assert ours.fit.loglik == pytest.approx(arch.fit.loglik, abs=1e-4)
    assert ours.fit.loglik >= arch.fit.loglik - 1e-8
    # Where arch's optimiser stops on the flat top.
    for name in ("omega", "alpha", "gamma", "beta"):
        assert float(getattr(ours.params, name)) == pytest.approx(float(getattr(arch.params, name)), abs=5e-3)
    np.testing.assert_allclose(ours.variance, arch.variance, rtol=2e-3)
    np.testing.assert_allclose(np.diag(ours.fit.covariance), np.diag(arch.fit.covariance), rtol=0.05)
    assert ours.half_life == pytest.approx(arch.half_life, rel=0.02)
    batch = CompiledEngine().fit_many([residual[:900]], kind="egarch", dist="normal")[0]
    assert float(batch.params.omega) == pytest.approx(float(ours.params.omega), rel=1e-5)
    assert batch.first_variance == pytest.approx(ours.fit.first_variance, rel=1e-6)


def test_simulated_paths_have_the_forecast_variance(residual: FloatArray) -> None:
    model = fitted(residual, CompiledEngine())
    expected = model.forecast(0, 10)
    e = model.paths(0, 10, 40_000, np.random.default_rng(5))
    square = e**2
    # Four Monte Carlo standard errors of each day's mean square; shocks have mean square one by construction.
    assert (np.abs(square.mean(axis=1) - expected) < 4.0 * square.std(axis=1) / np.sqrt(40_000)).all()
    drawn = model.uncertain_paths(0, 10, 2000, np.random.default_rng(6))
    assert np.isfinite(drawn).all()
    assert (drawn[5] ** 2).mean() == pytest.approx(expected[5], rel=0.3)


def test_a_study_with_egarch_and_one_with_joint_estimation() -> None:
    prices, event = es.load("embedded"), es.catalog()["six-nation-accord-1994"]
    window = es.EventWindow(primary=(0, 1), event=(-5, 10), estimation=(-260, -11), windows=())
    study = es.Study(
        instruments=["AA"], model=es.MarketModel("DOW29"), window=window, statistics=("fhs",),
        volatility=es.GarchResponse("egarch", dist="t", engine=CompiledEngine(), draws=499),
    )  # fmt: skip
    response = study.run(prices, event).volatility[0]
    assert response.applicable
    assert response.model is not None
    spec = es.GarchResponse("gjr", dist="t", engine=CompiledEngine(), draws=499, joint=True)
    joint = es.Study(
        instruments=["AA"], model=es.MarketModel("DOW29"), window=window, statistics=("fhs",), volatility=spec
    ).run(prices, event)
    model = joint.volatility[0].model
    assert model is not None
    assert model.fit is not None
    r = prices.to_returns(change="log")[["AA", "DOW29"]].dropna()
    day0 = r.index.searchsorted(np.datetime64(joint.day0[0].session))
    before = r.iloc[day0 - 10 - model.n_fit : day0 - 10]
    alone = es.fit_garch(before["AA"], before["DOW29"], kind="gjr", dist="t")
    # The same likelihood by the public function on the same sessions.
    assert model.fit.loglik == pytest.approx(alone.loglik, rel=1e-9)
    np.testing.assert_allclose(model.residual[: model.n_fit], alone.residuals, rtol=1e-5, atol=1e-9)
    with pytest.raises(InputError, match="needs engine=CompiledEngine"):
        es.GarchResponse(joint=True)
    refused = es.Study(
        instruments=["AA"], model=es.MarketModelGarch("DOW29"), window=window, statistics=("fhs",), volatility=spec
    ).run(prices, event)
    assert "no joint likelihood" in refused.volatility[0].reason


@pytest.mark.parametrize("kind", ["aparch", "figarch", "har"])
def test_kinds_without_a_recursion_are_refused_with_the_reason(kind: str) -> None:
    with pytest.raises(InputError, match="fit_garch"):
        es.GarchResponse(kind)  # type: ignore[arg-type]


def test_a_search_of_dates_refuses_egarch_with_the_reason() -> None:
    prices = es.load("embedded")
    spec = es.GarchResponse("egarch", dist="t", engine=CompiledEngine())
    with pytest.raises(InputError, match="take kind gjr or garch"):
        es.scan(prices, "AA", start="1994-01-03", end="1996-12-31", volatility=spec, draws=199)
