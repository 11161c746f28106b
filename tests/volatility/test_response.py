"""Abnormal volatility: the variance model against `arch` used by hand, the multiplier by loops, its p by simulation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from arch import arch_model
from arch.univariate.base import ARCHModelResult
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.diagnostic import acorr_ljungbox

import eventstudy as es
from eventstudy.domain.align import response_series
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.prices import PriceTable
from eventstudy.engines.base import GarchFit
from eventstudy.engines.compiled import CompiledEngine
from eventstudy.errors import InputError
from eventstudy.kernels.garch import GarchParams
from eventstudy.models.benchmarks import ConstantMean
from eventstudy.volatility.base import GarchResponse, VarianceModel, variance_model
from eventstudy.volatility.response import VolatilityResponse, measure_response, no_response

FloatArray = NDArray[np.float64]
N, DAY0 = 900, 860
WINDOW = es.EventWindow(primary=(0, 1), event=(-5, 10), estimation=(-120, -11), windows=())
GJR, GARCH = GarchResponse(draws=499), GarchResponse(kind="garch", dist="normal", draws=499)


@pytest.fixture(scope="module")
def returns(garch_series: Callable[..., FloatArray]) -> FloatArray:
    """A GARCH path, nine times the variance on days 1 to 10, and a jump on day 0."""
    values = garch_series(N, 42)
    values[DAY0] = -0.06
    values[DAY0 + 1 : DAY0 + 11] *= 3.0
    return values


def model_of(
    prices_of: Callable[..., PriceTable], values: FloatArray, spec: GarchResponse, day0: int = DAY0
) -> VarianceModel | str:
    """Variance model of one ready-made series around `day0`."""
    series = response_series(prices_of({"A": values}, A="as_is"), "A", (), policy="own_calendar")
    return variance_model(series, day0, ConstantMean(), WINDOW, spec)


def fitted(*args: object) -> VarianceModel:
    """The same, which must exist."""
    model = model_of(*args)  # type: ignore[arg-type]
    assert isinstance(model, VarianceModel), model
    return model


def measure(model: VarianceModel, *, last: int = 10, draws: int = 499, seed: int = 0) -> VolatilityResponse:
    """Response of days 0..last."""
    return measure_response(
        "e", "A", "fraction", model, last=last, draws=draws, alpha=0.05, rng=np.random.default_rng(seed)
    )


# --- the variance model against arch --------------------------------------------------------------


@pytest.mark.parametrize(("spec", "asymmetric"), [(GJR, 1), (GARCH, 0)])
def test_parameters_match_arch_used_by_hand(
    prices_of: Callable[..., PriceTable], returns: FloatArray, spec: GarchResponse, asymmetric: int
) -> None:
    model = fitted(prices_of, returns, spec)
    # 850 sessions before the gap (rows 0..849 of ready-made returns), mean removed.
    before = returns[: DAY0 - 10]
    np.testing.assert_allclose(model.residual[:850], before - before.mean(), rtol=0.0, atol=1e-15)
    # The same bytes: from numbers that differ in the last digit arch's optimiser stops elsewhere on the flat top.
    residual = model.residual[:850]
    dist: Literal["t", "normal"] = "t" if spec.dist == "t" else "normal"

    def by_hand(scale: float) -> ARCHModelResult:
        scaled = arch_model(
            scale * residual, mean="Zero", vol="GARCH", p=1, o=asymmetric, q=1, dist=dist, rescale=False
        )
        return scaled.fit(disp="off")

    unit = 1.0 / float(residual.std())
    reference = by_hand(unit)
    assert model.fit is not None
    assert model.n_fit == 850
    assert model.problem == ""
    # One optimiser on the same numbers up to rounding: what is left is the flatness of the likelihood, 1e-5.
    p = model.params
    assert float(p.omega) == pytest.approx(reference.params["omega"] / unit**2, rel=1e-4)
    assert float(p.alpha) == pytest.approx(reference.params["alpha[1]"], abs=1e-5)
    assert float(p.gamma) == pytest.approx(reference.params.get("gamma[1]", 0.0), abs=1e-5)
    assert float(p.beta) == pytest.approx(reference.params["beta[1]"], abs=1e-5)
    np.testing.assert_allclose(
        np.sqrt(model.variance[:850]), np.asarray(reference.conditional_volatility) / unit, rtol=1e-5
    )
    assert model.fit.loglik == pytest.approx(reference.loglikelihood + 850 * math.log(unit), abs=1e-6)
    # Where arch stops on the flat top depends on the scale and on rounding, by some .06; the compiled search tops both.
    compiled = fitted(prices_of, returns, replace(spec, engine=CompiledEngine()))
    assert compiled.fit is not None
    percent = by_hand(100.0).loglikelihood + 850 * math.log(100.0)
    assert compiled.fit.loglik >= max(model.fit.loglik, percent) - 1e-3
    # Robust standard errors: numeric second derivatives, three digits.
    robust = np.sqrt(np.diag(model.fit.covariance))
    assert robust[0] == pytest.approx(reference.std_err["omega"] / unit**2, rel=1e-3)
    assert robust[1] == pytest.approx(reference.std_err["alpha[1]"], rel=1e-3)
    assert robust[3] == pytest.approx(reference.std_err["beta[1]"], rel=1e-3)
    assert (robust[2] == 0.0) == (asymmetric == 0)


@pytest.mark.parametrize("spec", [GJR, GARCH])
def test_variance_is_filtered_through_the_gap_with_frozen_parameters(
    prices_of: Callable[..., PriceTable], returns: FloatArray, spec: GarchResponse
) -> None:
    model = fitted(prices_of, returns, spec)
    omega, alpha, gamma, beta = (float(getattr(model.params, k)) for k in ("omega", "alpha", "gamma", "beta"))
    mean = returns[: DAY0 - 10].mean()
    h = float(model.variance[0])
    for t in range(DAY0 + 11):
        assert model.variance[t] == pytest.approx(h, rel=1e-9)
        e = returns[t] - mean
        h = omega + (alpha + (gamma if e < 0 else 0.0)) * e * e + beta * h
    assert model.variance.size == DAY0 + 12
    assert model.row_of(0) == DAY0
    # First value by arch's own rule at these parameters; a second fit may stop elsewhere, by the last bit of its input.
    weights = 0.94 ** np.arange(75)
    before = float(weights @ (returns[:75] - mean) ** 2 / weights.sum())
    assert model.variance[0] == pytest.approx(omega + (alpha + 0.5 * gamma + beta) * before, rel=1e-9)


def test_the_gap_and_the_event_never_enter_the_fit(prices_of: Callable[..., PriceTable], returns: FloatArray) -> None:
    wild = returns.copy()
    wild[DAY0 - 10 :] *= 7.0
    one, two = fitted(prices_of, returns, GJR), fitted(prices_of, wild, GJR)
    assert one.params == two.params
    np.testing.assert_array_equal(one.variance[: DAY0 - 9], two.variance[: DAY0 - 9])
    assert two.variance[DAY0] > one.variance[DAY0]  # but the filter does know the gap


def test_the_sample_is_the_last_thousand_sessions_before_the_gap(
    prices_of: Callable[..., PriceTable], returns: FloatArray
) -> None:
    short = fitted(prices_of, returns, replace(GARCH, sessions=600))
    assert short.n_fit == 600
    assert int(short.offsets[0]) == -11 - 599
    far = returns.copy()
    far[: DAY0 - 610] *= 5.0  # before the sample
    assert fitted(prices_of, far, replace(GARCH, sessions=600)).params == short.params


def test_shocks_are_the_standardised_residuals_with_mean_square_one(
    prices_of: Callable[..., PriceTable], returns: FloatArray
) -> None:
    model = fitted(prices_of, returns, GJR)
    raw = (returns[: DAY0 - 10] - returns[: DAY0 - 10].mean()) / np.sqrt(model.variance[:850])
    np.testing.assert_allclose(model.shocks / raw, np.full(850, 1 / math.sqrt(np.mean(raw**2))), rtol=1e-8)
    assert np.mean(model.shocks**2) == pytest.approx(1.0, rel=1e-12)


# --- fallbacks ------------------------------------------------------------------------------------


def test_under_500_sessions_ewma_takes_over_and_says_so(
    prices_of: Callable[..., PriceTable], returns: FloatArray
) -> None:
    model = fitted(prices_of, returns[450:], GJR, DAY0 - 450)
    assert model.n_fit == 400
    assert model.method == "ewma"
    assert model.problem == "400 sessions before the gap, a GARCH needs 500: EWMA and constant variance"
    assert model.label == "EWMA (decay 0.94)"
    assert model.fit is None
    assert math.isnan(model.half_life)
    before = returns[450 : DAY0 - 10]
    h = float(np.mean((before - before.mean()) ** 2))
    for t in range(DAY0 - 450):
        assert model.variance[t] == pytest.approx(h, rel=1e-9)
        h = 0.94 * h + 0.06 * (returns[450 + t] - before.mean()) ** 2
    # RiskMetrics forecasts are flat.
    np.testing.assert_allclose(model.forecast(0, 5), np.full(5, h), rtol=1e-9)
    # 500 is enough.
    assert fitted(prices_of, returns[350:], GJR, DAY0 - 350).method == "gjr"


def test_a_boundary_fit_has_no_half_life_and_a_constant_variance(prices_of: Callable[..., PriceTable]) -> None:
    # Independent normal draws have no volatility dynamics; with these seeds the optimiser ends on alpha = 0.
    for seed in (2, 3):
        values = 0.01 * np.random.default_rng(seed).standard_normal(611)
        model = fitted(prices_of, values, GARCH, 610)
        assert model.method == "constant"
        assert model.fit is not None
        assert model.problem.startswith("boundary fit (alpha")
        assert "e-" not in model.problem  # the last digits of a zero belong to the machine, not to the series
        assert model.problem.endswith("no volatility dynamics identified; constant variance is used")
        assert math.isnan(model.half_life)
        assert math.isnan(model.fit.half_life)
        level = float(np.mean((values[:600] - values[:600].mean()) ** 2))
        np.testing.assert_allclose(model.variance, level, rtol=1e-9)
        record = measure(replace_tail(model), last=10).to_record()
        assert math.isnan(record["half_life"])
        assert record["method"] == "constant"


def replace_tail(model: VarianceModel) -> VarianceModel:
    """The model with ten more sessions after day 0, drawn from its own shocks."""
    extra = model.shocks[:10] * math.sqrt(float(model.variance[-1]))
    days = model.dates[-1] + np.arange(1, 11)
    return replace(
        model,
        residual=np.concatenate((model.residual, extra)),
        offsets=np.concatenate((model.offsets, np.arange(1, 11))),
        dates=np.concatenate((model.dates, days)),
        variance=np.concatenate((model.variance, np.full(10, model.variance[-1]))),
    )


def params(omega: float, alpha: float, gamma: float, beta: float) -> GarchParams:
    return GarchParams(np.asarray(omega), np.asarray(alpha), np.asarray(gamma), np.asarray(beta))


def fit_with(p: GarchParams, *, converged: bool = True, covariance: FloatArray | None = None) -> GarchFit:
    """A fit with given coefficients."""
    return GarchFit(
        kind="gjr", dist="t", params=p, shape=5.0, covariance=np.zeros((4, 4)) if covariance is None else covariance,
        loglik=0.0, converged=converged, first_variance=1e-4, engine="by hand",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("p", "half_life"),
    [
        (params(1e-6, 0.05, 0.0, 0.90), math.log(0.5) / math.log(0.95)),  # 13.5 sessions
        (params(1e-6, 0.02, 0.06, 0.90), math.log(0.5) / math.log(0.95)),  # gamma counts half
        (params(1e-6, 0.05, 0.0, 0.04), math.nan),  # beta below .05
        (params(1e-6, 0.0, 0.0, 0.95), math.nan),  # no reaction
        (params(1e-6, 0.05, 0.0, 0.95), math.nan),  # unit persistence
    ],
)
def test_half_life_by_formula(p: GarchParams, half_life: float) -> None:
    assert fit_with(p).half_life == pytest.approx(half_life, rel=1e-12, nan_ok=True)
    assert math.isnan(fit_with(p, converged=False).half_life)


@pytest.mark.parametrize(("sessions", "reason"), [(45, "45 sessions before the gap"), (0, "0 sessions")])
def test_fewer_than_sixty_sessions_give_no_number(
    prices_of: Callable[..., PriceTable], returns: FloatArray, sessions: int, reason: str
) -> None:
    day0 = sessions + 10
    found = model_of(prices_of, returns[:120], GJR, day0)
    assert isinstance(found, str)
    assert found.startswith(reason)
    assert found.endswith("at least 60")


def test_a_study_passes_the_reason_on(
    prices_of: Callable[..., PriceTable], returns: FloatArray, event_at: Callable[..., Event], no_events: EventTable
) -> None:
    prices = prices_of({"A": returns[:90]}, A="as_is")
    window = es.EventWindow(primary=(0, 1), event=(-5, 10), estimation=(-50, -11), windows=())
    study = es.Study(instruments=["A"], model=es.ConstantMean(), window=window, volatility=GJR)
    result = study.run(prices, event_at(prices, 60), others=no_events)
    response = result.volatility[0]
    assert not response.applicable
    assert response.reason.startswith("50 sessions before the gap")
    assert response.to_frame().empty
    assert math.isnan(response.pvalue)
    assert result.tests.one(statistic="fhs", window=(0, 1)).reason == response.reason


@pytest.mark.parametrize(
    "kwargs",
    [
        {"draws": 198},
        {"min_sessions": 59},
        {"sessions": 400},
        {"kind": "aparch"},
        {"dist": "cauchy"},
        {"joint": True},
        {"dist": "ged", "engine": CompiledEngine()},
    ],
)
def test_options_that_cannot_be(kwargs: dict[str, object]) -> None:
    with pytest.raises(InputError):
        GarchResponse(**kwargs)  # type: ignore[arg-type]


@pytest.mark.parametrize(("dist", "shape", "words"), [("skewt", "eta", "skewed t"), ("ged", "nu", "generalised error")])
def test_laws_that_arch_has_besides(
    prices_of: Callable[..., PriceTable], returns: FloatArray, dist: Literal["skewt", "ged"], shape: str, words: str
) -> None:
    model = fitted(prices_of, returns, replace(GJR, dist=dist))
    residual = model.residual[:850]
    unit = 1.0 / float(residual.std())
    by_hand = arch_model(unit * residual, mean="Zero", vol="GARCH", p=1, o=1, q=1, dist=dist, rescale=False)
    reference = by_hand.fit(disp="off")
    assert model.fit is not None
    assert model.fit.loglik == pytest.approx(reference.loglikelihood + 850 * math.log(unit), abs=1e-6)
    assert model.fit.shape == pytest.approx(reference.params[shape], rel=1e-4)
    assert float(model.params.beta) == pytest.approx(reference.params["beta[1]"], abs=1e-5)
    assert model.label == f"GJR-GARCH(1,1), {words} errors"
    assert measure(model).pvalue <= 0.05
    with pytest.raises(InputError, match="the compiled engine has normal and t"):
        CompiledEngine().fit(residual, kind="gjr", dist=dist)


# --- the response ---------------------------------------------------------------------------------


def test_multiplier_and_cav_by_loop(prices_of: Callable[..., PriceTable], returns: FloatArray) -> None:
    model = fitted(prices_of, returns, GARCH)
    response = measure(model)
    omega, alpha, beta = (float(getattr(model.params, k)) for k in ("omega", "alpha", "beta"))
    mean = returns[: DAY0 - 10].mean()
    constant = float(np.mean((returns[: DAY0 - 10] - mean) ** 2))
    expected, total = float(model.variance[DAY0]), 0.0
    for k in range(11):
        e = returns[DAY0 + k] - mean
        assert response.expected[k] == pytest.approx(expected, rel=1e-9)
        assert response.multiplier[k] == pytest.approx(e * e / expected, rel=1e-8)
        assert response.multiplier_constant[k] == pytest.approx(e * e / constant, rel=1e-8)
        total += e * e / expected if k else 0.0
        expected = omega + (alpha + beta) * expected  # E[h] given session -1: nothing after it is known
    assert response.days == 10
    assert response.cav == pytest.approx(total - 10, rel=1e-8)
    assert response.mean_multiplier == pytest.approx(total / 10, rel=1e-8)
    assert response.smallest_p == 1 / 500
    assert response.pvalue <= 0.05  # the variance was made nine times larger
    np.testing.assert_array_equal(response.offsets, np.arange(11))
    assert response.to_record()["window"] == [1, 10]


def test_a_response_says_what_its_model_left_in_the_residuals(
    prices_of: Callable[..., PriceTable], returns: FloatArray
) -> None:
    model = fitted(prices_of, returns, GARCH)
    response = measure(model)
    z = (model.residual / np.sqrt(model.variance[:-1]))[: model.n_fit]
    by_hand = acorr_ljungbox(z**2 / np.mean(z**2), lags=[5])
    table = response.diagnostics(lags=5)
    assert table.loc["ljung_box_squares", "p"] == pytest.approx(float(by_hand["lb_pvalue"].iloc[0]), rel=1e-9)
    rows = response.to_record()["diagnostics"]
    assert [r["test"] for r in rows][:3] == ["ljung_box", "ljung_box_squares", "arch_lm"]
    with pytest.raises(InputError, match="no variance model, so nothing to test: too short"):
        no_response("e", "A", "fraction", "too short").diagnostics()


@pytest.mark.parametrize("spec", [GJR, GARCH])
def test_day_zero_never_enters(prices_of: Callable[..., PriceTable], returns: FloatArray, spec: GarchResponse) -> None:
    quiet = returns.copy()
    quiet[DAY0] = 0.0
    loud, calm = (measure(fitted(prices_of, r, spec)) for r in (returns, quiet))
    assert loud.multiplier[0] > 5.0 > calm.multiplier[0]
    for name in ("cav", "mean_multiplier", "pvalue", "low", "high", "days"):
        assert getattr(loud, name) == getattr(calm, name), name
    np.testing.assert_array_equal(loud.multiplier[1:], calm.multiplier[1:])
    np.testing.assert_array_equal(loud.expected, calm.expected)


def test_the_interval_inverts_the_test(prices_of: Callable[..., PriceTable], returns: FloatArray) -> None:
    # At a variance multiple c the data divided by sqrt(c) are an undisturbed path: 2.5% at either end.
    model = fitted(prices_of, returns, GARCH)
    simulated = measure(model).simulated
    assert simulated is not None
    for multiple, tail in ((simulated.low, 0.025), (simulated.high, 0.975)):
        scaled = replace(
            model, residual=np.where(model.offsets >= 1, model.residual / math.sqrt(multiple), model.residual)
        )
        # A quantile of 499 draws lies between two of them: one rank, 1/500, either way.
        again = measure(scaled).simulated
        assert again is not None
        assert again.pvalue == pytest.approx(tail, abs=0.004)


def test_missing_sessions_are_left_out_of_the_sum(prices_of: Callable[..., PriceTable], returns: FloatArray) -> None:
    model = fitted(prices_of, returns, GARCH)
    keep = ~np.isin(model.offsets, [3, 7])
    fewer = replace(
        model, residual=model.residual[keep], offsets=model.offsets[keep], dates=model.dates[keep],
        variance=model.variance[np.concatenate((keep, [True]))],
    )  # fmt: skip
    whole, part = measure(model), measure(fewer)
    assert part.days == 8
    left = [k for k in range(11) if k not in (3, 7)]
    np.testing.assert_array_equal(part.offsets, left)
    np.testing.assert_allclose(part.multiplier, whole.multiplier[left], rtol=1e-12)
    assert part.cav == pytest.approx(float(whole.multiplier[left][1:].sum()) - 8, rel=1e-12)
    none = replace(model, residual=model.residual[: DAY0 + 1], offsets=model.offsets[: DAY0 + 1])
    assert measure(none).reason == "no session after day 0 has a residual"


def test_coefficient_uncertainty_widens_the_null_and_vanishes_with_its_covariance(
    prices_of: Callable[..., PriceTable], returns: FloatArray
) -> None:
    model = fitted(prices_of, returns, GARCH)
    assert model.fit is not None
    certain = replace(model, fit=replace(model.fit, covariance=np.zeros((4, 4))))
    for origin in (-850, 0):  # ten sessions into the sample the first variance still shows
        one = certain.uncertain_paths(origin, 11, 499, np.random.default_rng(1))
        two = model.paths(origin, 11, 499, np.random.default_rng(1))
        np.testing.assert_allclose(one, two, rtol=1e-9)
    unknown = replace(model, fit=replace(model.fit, covariance=np.full((4, 4), np.nan)))
    np.testing.assert_array_equal(unknown.uncertain_paths(0, 11, 499, np.random.default_rng(1)), two)
    wide = model.uncertain_paths(0, 11, 4000, np.random.default_rng(1))
    narrow = model.paths(0, 11, 4000, np.random.default_rng(1))
    # The same shocks through other coefficients: not the same paths, and more spread in the total.
    assert not np.allclose(wide, narrow)
    assert np.quantile((wide**2).sum(axis=0), 0.99) > 0.95 * np.quantile((narrow**2).sum(axis=0), 0.99)


# --- size -----------------------------------------------------------------------------------------


def test_simulated_p_is_exactly_uniform_when_the_model_is_known() -> None:
    # Data and simulation come from the same recursion and the same shocks: the rank of one among 1 + 99 is
    # uniform on {.01, .., 1} exactly. 1,000 series; Kolmogorov-Smirnov at one in a thousand, after spreading
    # each rank evenly over its step of .01.
    rng = np.random.default_rng(7)
    shocks = rng.standard_t(5, 400) * math.sqrt(3 / 5)
    shocks /= math.sqrt(np.mean(shocks**2))
    p = params(2e-6, 0.08, 0.04, 0.88)
    base = VarianceModel(
        method="gjr", problem="", fit=None, params=p, residual=np.full(471, 0.01), n_fit=400,
        offsets=np.arange(-460, 11), dates=np.datetime64("2020-01-01") + np.arange(471),
        variance=np.full(472, 3e-4), shocks=shocks,
    )  # fmt: skip
    values = []
    for _ in range(1000):
        path = base.paths(0, 11, 1, rng)[:, 0]
        drawn = replace(base, residual=np.concatenate((base.residual[:460], path)))
        response = measure_response("e", "A", "fraction", drawn, last=10, draws=99, alpha=0.05, rng=rng)
        assert response.simulated is not None
        values.append(response.simulated.pvalue - 0.01 * rng.random())
    assert stats.kstest(values, "uniform").pvalue > 0.001


def test_simulated_p_is_about_uniform_under_the_null(
    prices_of: Callable[..., PriceTable], garch_series: Callable[..., FloatArray]
) -> None:
    # 60 GARCH paths without an event, coefficients estimated on 600 sessions. Mean of p: s.e. sqrt(1/12/60) = .037;
    # share at or below .2: s.e. sqrt(.16/60) = .052. Estimation costs a little beyond chance: three and a half s.e.
    spec = GarchResponse(kind="garch", dist="normal", sessions=600, draws=199)
    values = []
    for seed in range(60):
        model = fitted(prices_of, garch_series(621, 10_000 + seed), spec, 610)
        values.append(measure(model, draws=199, seed=seed).pvalue)
    assert np.mean(values) == pytest.approx(0.5, abs=3.5 * 0.037)
    assert np.mean(np.array(values) <= 0.2) == pytest.approx(0.2, abs=3.5 * 0.052)
