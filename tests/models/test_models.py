"""The contract every registered model keeps, and each model against an independent computation."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray

from eventstudy.abnormal import abnormal_returns
from eventstudy.domain.align import AlignedSample, Block, gather, response_series
from eventstudy.domain.prices import PriceTable
from eventstudy.errors import InputError, UnknownNameError
from eventstudy.models.base import MODELS, ExpectedReturn, FittedModel
from eventstudy.models.benchmarks import ConstantMean, MarketAdjusted
from eventstudy.models.named import make_model
from eventstudy.models.regression import MarketModel
from eventstudy.models.synthetic import SyntheticControl

FloatArray = NDArray[np.float64]
KEYS = [entry.key for entry in MODELS]
OFFSETS, ESTIMATION = np.arange(-80, 6), (-80, -6)
POSITIONS = np.array([90, 130, 170])
FACTORS = ("MKT-RF", "SMB", "HML", "MOM", "RMW", "CMA", "RF")
NAMED = ("capm", "fama_french_3", "carhart", "fama_french_5")
#: Coefficients of the mean, k; the others have a constant and one benchmark. A spread about its own mean takes one.
COEFFICIENTS = {
    "constant_mean": 1, "market_adjusted": 1, "comparison_portfolio": 1, "synthetic_control": 1,
    "capm": 2, "fama_french_3": 4, "carhart": 5, "fama_french_5": 6, "lagged_market": 3,
}  # fmt: skip
#: Models whose residuals sum to zero over the estimation window.
LEAST_SQUARES = ("constant_mean", "market_model", "factor_model", "lagged_market", *NAMED)


def build(key: str) -> ExpectedReturn:
    """A model by its key: the named factor models on their own factors, the others on M when they take a benchmark."""
    if key == "synthetic_control":
        # A contract below makes the event window wild: a donor would then be dropped for having moved.
        return SyntheticControl("M", screen=None)
    takes = MODELS[key].facts["benchmarks"]
    return MODELS[key].obj() if takes == "none" or key in NAMED else MODELS[key].obj("M")


def cut(prices: PriceTable, model: ExpectedReturn) -> AlignedSample:
    """Three windows of stock A beside the model's benchmarks."""
    series = response_series(prices, "A", model.market or (), policy="own_calendar")
    return gather(Block(series=series, events=("e", "f", "g"), positions=POSITIONS), OFFSETS, ESTIMATION, mask=True)


@pytest.fixture(scope="module")
def responses(stock_and_market: Callable[..., dict[str, FloatArray]]) -> dict[str, FloatArray]:
    two = stock_and_market(200, 21)
    rng = np.random.default_rng(5)
    two["M2"] = 0.5 * two["M"] + 0.01 * rng.standard_normal(200)
    return two | {name: 0.005 * rng.standard_normal(200) for name in FACTORS}


@pytest.fixture(scope="module")
def prices(prices_of: Callable[..., PriceTable], responses: dict[str, FloatArray]) -> PriceTable:
    return prices_of(responses, **dict.fromkeys(FACTORS, "as_is"))


def test_the_registry_holds_the_models_that_are_built() -> None:
    assert set(KEYS) == {
        "constant_mean", "market_adjusted", "comparison_portfolio", "market_model", "factor_model", *NAMED,
        "scholes_williams", "dimson", "robust", "market_model_garch", "synthetic_control", "lagged_market",
    }  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
def test_a_model_is_made_from_the_words_of_a_study_file(key: str) -> None:
    takes = MODELS[key].facts["benchmarks"]
    assert takes in ("none", "market", "members", "factors", "donors")
    if takes == "none":
        with pytest.raises(InputError, match="uses no market, but 'M' was named"):
            make_model(key, "M")
        assert make_model(key, None) == MODELS[key].obj()
    elif key not in NAMED:
        assert make_model(key, ["M", "M2"]).market == ("M", "M2")
    else:
        with pytest.raises(InputError, match="factor"):
            make_model(key, [f"F{i}" for i in range(7)])
        assert make_model(key, None) == MODELS[key].obj()


def test_an_unknown_model_names_its_neighbours() -> None:
    with pytest.raises(UnknownNameError, match="dimson"):
        make_model("dimsen", None)


@pytest.mark.parametrize("key", KEYS)
def test_a_registered_model_says_what_it_is(key: str) -> None:
    entry, model = MODELS[key], build(key)
    assert model.key == key
    assert model.label
    assert entry.facts["formula"]
    assert entry.facts["reference"]
    assert entry.facts["assumptions"]
    assert entry.facts["needs"]
    assert model.needs_market == bool(model.market)
    assert build(key) == model  # a value: equal settings, equal model
    assert dataclasses.is_dataclass(model)
    with pytest.raises((dataclasses.FrozenInstanceError, AttributeError, TypeError)):
        model.market = ("X",)


@pytest.mark.parametrize("key", KEYS)
def test_shapes_and_missing_values(prices: PriceTable, key: str) -> None:
    model = build(key)
    sample = cut(prices, model)
    fit = model.fit(sample)
    n, t, k = 3, OFFSETS.size, fit.design.shape[2]
    assert fit.spec is model
    assert fit.params.shape == (n, len(fit.names))
    assert fit.sigma.shape == fit.dof.shape == fit.singular.shape == (n,)
    assert fit.expected.shape == (n, t)
    assert fit.gram_inv.shape == (n, k, k)
    assert (fit.dof == 75 - COEFFICIENTS.get(key, 2)).all()  # 75 estimation sessions
    assert k in (0, COEFFICIENTS.get(key, 2))
    assert len(fit.notes) in (0, n)
    assert not fit.singular.any()
    holes = replace(sample, valid=sample.valid & (OFFSETS != 2), estimation=sample.estimation & (OFFSETS != -30))
    holes = replace(
        holes,
        response=np.where(holes.valid, sample.response, np.nan),
        factors=np.where(holes.valid[..., None], sample.factors, np.nan),
    )
    again = model.fit(holes)
    assert (again.dof == fit.dof - 1).all()
    np.testing.assert_array_equal(np.isnan(abnormal_returns(holes, again).ar), ~holes.valid)


@pytest.mark.parametrize("key", KEYS)
def test_fitting_changes_neither_spec_nor_sample(prices: PriceTable, key: str) -> None:
    model = build(key)
    sample = cut(prices, model)
    shown, arrays = repr(model), {f.name: np.copy(getattr(sample, f.name)) for f in dataclasses.fields(sample)}
    model.fit(sample)
    assert repr(model) == shown
    assert model == build(key)
    for name, before in arrays.items():
        np.testing.assert_array_equal(getattr(sample, name), before)


@pytest.mark.parametrize("key", KEYS)
def test_residuals_sum_to_zero_where_a_constant_is_estimated(prices: PriceTable, key: str) -> None:
    model = build(key)
    sample = cut(prices, model)
    fit = model.fit(sample)
    residual = np.where(sample.estimation, sample.response - fit.expected, 0.0)
    if not fit.names:  # nothing is estimated: nothing can be uncertain either
        assert fit.design.size == fit.gram_inv.size == fit.params.size == 0
        residual = np.where(sample.estimation, residual - residual.sum(axis=1, keepdims=True) / 75, 0.0)
    # 75 residuals near .015 in double precision: rounding leaves about 75 * .015 * 1e-16.
    if key in LEAST_SQUARES:
        np.testing.assert_allclose(residual.sum(axis=1), 0.0, atol=1e-15)
    np.testing.assert_allclose(fit.sigma, np.sqrt((residual**2).sum(axis=1) / fit.dof), rtol=1e-12)


@pytest.mark.parametrize("key", KEYS)
def test_the_event_window_never_touches_what_was_normal(prices: PriceTable, key: str) -> None:
    model = build(key)
    sample = cut(prices, model)
    outside = ~np.isin(OFFSETS, np.arange(ESTIMATION[0], ESTIMATION[1] + 1))
    wild = np.random.default_rng(3)
    changed = replace(
        sample,
        response=np.where(outside, 50.0 * wild.standard_normal(sample.response.shape), sample.response),
        factors=np.where(outside[None, :, None], 9.0 * wild.standard_normal(sample.factors.shape), sample.factors),
    )
    one, two = model.fit(sample), model.fit(changed)
    for name in ("params", "sigma", "dof", "gram_inv", "singular"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    np.testing.assert_array_equal(one.expected[:, ~outside], two.expected[:, ~outside])


@pytest.mark.parametrize("key", KEYS)
def test_pairs_do_not_see_each_other(prices: PriceTable, key: str) -> None:
    model = build(key)
    sample = cut(prices, model)
    together, alone = model.fit(sample), model.fit(sample.take(np.array([2])))
    np.testing.assert_allclose(together.params[2], alone.params[0], rtol=1e-12)
    np.testing.assert_allclose(together.expected[2], alone.expected[0], rtol=1e-12)
    np.testing.assert_allclose(together.sigma[2], alone.sigma[0], rtol=1e-12)


@pytest.mark.parametrize("key", KEYS)
def test_a_bound_model_gives_the_same_when_nothing_is_missing(prices: PriceTable, key: str) -> None:
    model = build(key)
    series = response_series(prices, "A", model.market or (), policy="own_calendar")
    bound, series = model.bound(series)
    sample = gather(Block(series=series, events=("e", "f", "g"), positions=POSITIONS), OFFSETS, ESTIMATION, mask=True)
    one, two = model.fit(cut(prices, model)), bound.fit(sample)
    np.testing.assert_array_equal(one.expected, two.expected)
    np.testing.assert_array_equal(one.sigma, two.sigma)
    assert bound == model
    assert repr(bound) == repr(model)


@pytest.mark.parametrize("key", [k for k in KEYS if COEFFICIENTS.get(k, 2) > 1])
def test_a_market_that_stands_still_is_flagged_not_raised(prices: PriceTable, key: str) -> None:
    model = build(key)
    sample = cut(prices, model)
    still = np.where(sample.estimation[..., None], 0.0004, sample.factors)
    still[0] = sample.factors[0]
    fit = model.fit(replace(sample, factors=still))
    np.testing.assert_array_equal(fit.singular, [False, True, True])
    assert np.isnan(fit.params[1:]).all()
    assert np.isnan(fit.expected[1:]).all()
    assert np.isnan(fit.sigma[1:]).all()
    assert np.isfinite(fit.expected[0]).all()


def windows(responses: dict[str, FloatArray], name: str) -> list[tuple[FloatArray, FloatArray]]:
    """Estimation and event part of a response around every position, sliced by hand."""
    r = responses[name]
    return [(r[p - 80 : p - 5], r[p - 5 : p + 6]) for p in POSITIONS]


@pytest.mark.parametrize("market", [("M",), ("M", "M2")])
def test_market_model_against_statsmodels(
    prices: PriceTable, responses: dict[str, FloatArray], market: tuple[str, ...]
) -> None:
    model = MarketModel(market)
    sample = cut(prices, model)
    ar = abnormal_returns(sample, model.fit(sample))
    car = ar.car((-1, 3))
    for i, (own, ahead) in enumerate(windows(responses, "A")):
        x = sm.add_constant(np.column_stack([windows(responses, m)[i][0] for m in market]))
        x_ahead = sm.add_constant(np.column_stack([windows(responses, m)[i][1] for m in market]), has_constant="add")
        reference = sm.OLS(own, x).fit()
        forecast = reference.get_prediction(x_ahead)
        # Levels were rebuilt from responses: log(exp) keeps about 14 digits of a return near 1%.
        assert list(ar.params[i].values()) == pytest.approx(reference.params.tolist(), rel=1e-9)
        assert list(ar.params[i]) == ["alpha", *(f"beta_{m}" for m in market)]
        assert ar.sigma[i] == pytest.approx(np.sqrt(reference.mse_resid), rel=1e-11)
        np.testing.assert_allclose(ar.ar[i, -11:], ahead - forecast.predicted_mean, rtol=1e-8, atol=1e-13)
        np.testing.assert_allclose(ar.se_day()[i, -11:], forecast.se_obs, rtol=1e-11)
        # The sum: s^2 (L + x'Gx) with x added up over sessions -1..3, which are rows 4..8 of the event part.
        total = x_ahead[4:9].sum(axis=0)
        variance = reference.mse_resid * (5.0 + total @ np.linalg.inv(x.T @ x) @ total)
        assert car.se[i] == pytest.approx(np.sqrt(variance), rel=1e-10)
        assert car.car[i] == pytest.approx(float((ahead - forecast.predicted_mean)[4:9].sum()), rel=1e-9)


def test_constant_mean_by_hand(prices: PriceTable, responses: dict[str, FloatArray]) -> None:
    model = ConstantMean()
    sample = cut(prices, model)
    ar = abnormal_returns(sample, model.fit(sample))
    for i, (own, ahead) in enumerate(windows(responses, "A")):
        mean = sum(own.tolist()) / 75
        s = np.sqrt(sum((r - mean) ** 2 for r in own.tolist()) / 74)
        np.testing.assert_allclose(ar.ar[i, -11:], ahead - mean, rtol=1e-9, atol=1e-13)
        assert ar.sigma[i] == pytest.approx(s, rel=1e-12)
        # Forecast factors 1 + 1/M for a day, L + L^2/M for a sum.
        np.testing.assert_allclose(ar.se_day()[i, -11:], s * np.sqrt(1 + 1 / 75), rtol=1e-12)
        assert ar.car((0, 3)).se[i] == pytest.approx(s * np.sqrt(4 + 16 / 75), rel=1e-12)
        assert ar.car((0, 3)).se_naive[i] == pytest.approx(2 * s, rel=1e-12)


def test_market_adjusted_convention(prices: PriceTable, responses: dict[str, FloatArray]) -> None:
    model = MarketAdjusted("M")
    sample = cut(prices, model)
    ar = abnormal_returns(sample, model.fit(sample))
    for i in range(3):
        (own, ahead), (market, market_ahead) = windows(responses, "A")[i], windows(responses, "M")[i]
        np.testing.assert_allclose(ar.ar[i, -11:], ahead - market_ahead, rtol=1e-8, atol=1e-13)
        # Spread about its own mean, divisor M - 1; no forecast error, so a sum has s sqrt(L).
        s = float(np.std(own - market, ddof=1))
        assert ar.sigma[i] == pytest.approx(s, rel=1e-11)
        assert ar.dof[i] == 74
        assert ar.car((0, 3)).se[i] == pytest.approx(2 * s, rel=1e-11)
        np.testing.assert_allclose(ar.se_day()[i, -11:], s, rtol=1e-11)


def test_market_adjusted_takes_the_mean_of_several_benchmarks(
    prices: PriceTable, responses: dict[str, FloatArray]
) -> None:
    model = MarketAdjusted(["M", "M2"])
    sample = cut(prices, model)
    expected = model.fit(sample).expected
    for i, position in enumerate(POSITIONS):
        rows = slice(position - 80, position + 6)
        both = 0.5 * (responses["M"][rows] + responses["M2"][rows])
        np.testing.assert_allclose(expected[i], both, rtol=1e-8, atol=1e-13)


@pytest.mark.parametrize("level", [0.0, 0.0004])
def test_a_constant_market_is_singular(prices: PriceTable, level: float) -> None:
    model = MarketModel("M")
    sample = cut(prices, model)
    still = np.where(sample.estimation[..., None], level, sample.factors)
    still[0] = sample.factors[0]
    fit: FittedModel = model.fit(replace(sample, factors=still))
    np.testing.assert_array_equal(fit.singular, [False, True, True])
    assert np.isnan(fit.params[1:]).all()
    assert np.isnan(fit.expected[1:]).all()
    assert np.isfinite(fit.expected[0]).all()


def test_the_same_benchmark_twice_is_singular(prices: PriceTable) -> None:
    model = MarketModel(("M", "M"))
    assert model.fit(cut(prices, model)).singular.all()


def test_masked_sessions_do_not_estimate(prices: PriceTable) -> None:
    model = MarketModel("M")
    sample = cut(prices, model)
    fewer = replace(sample, estimation=sample.estimation & (OFFSETS % 7 != 0))
    fit = model.fit(fewer)
    for i in range(3):
        rows = fewer.estimation[i]
        reference = sm.OLS(sample.response[i, rows], sm.add_constant(sample.factors[i, rows])).fit()
        np.testing.assert_allclose(fit.params[i], reference.params, rtol=1e-10)
        assert fit.dof[i] == reference.df_resid == rows.sum() - 2
