"""Fits of one series: every kind and law against `arch` used by hand, in the caller's units; what is refused."""

from __future__ import annotations

import math
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
import pytest
from arch import arch_model
from numpy.typing import NDArray
from scipy import optimize, stats
from statsmodels.api import OLS  # type: ignore[import-untyped]

import eventstudy as es
from eventstudy.engines.general import HAR_LAGS, Law, ModelKind
from eventstudy.errors import InputError, NothingUsableError
from eventstudy.kernels.garch import EgarchParams, filter_variance, forecast_log_variance, simulate

FloatArray = NDArray[np.float64]
#: A return of one percent is 0.01 here and 1 for arch.
PERCENT = 100.0
BY_HAND: dict[str, dict[str, Any]] = {
    "garch": {"vol": "GARCH"}, "gjr": {"vol": "GARCH", "o": 1}, "egarch": {"vol": "EGARCH", "o": 1},
    "aparch": {"vol": "APARCH", "o": 1}, "figarch": {"vol": "FIGARCH"}, "har": {"vol": "HARCH", "p": list(HAR_LAGS)},
}  # fmt: skip


@pytest.fixture(scope="module")
def series() -> pd.Series:
    """A GJR path with skewed, fat-tailed shocks, in fractions."""
    rng = np.random.default_rng(5)
    z = rng.standard_t(5, 1200) + 0.3 * rng.exponential(1.0, 1200)
    z = (z - z.mean()) / z.std()
    e, h = np.empty(1200), 1.0
    for t in range(1200):
        e[t] = z[t] * math.sqrt(h)
        h = 0.03 + (0.04 + 0.08 * (e[t] < 0)) * e[t] ** 2 + 0.88 * h
    return pd.Series(0.015 * e[300:], index=pd.bdate_range("2015-01-01", periods=900), name="A")


def by_hand(values: pd.Series, kind: str, dist: str, **more: Any) -> Any:
    """Arch on percent, with a tight tolerance."""
    model = arch_model(PERCENT * values.to_numpy(), dist=dist, rescale=False, **(BY_HAND[kind] | more))  # type: ignore[arg-type]
    return model.fit(disp="off", tol=1e-10)


COMBINATIONS: list[tuple[ModelKind, Law]] = [
    *((kind, "t") for kind in get_args(ModelKind)), ("gjr", "normal"), ("gjr", "skewt"), ("gjr", "ged"),
    ("egarch", "skewt"), ("har", "normal"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "dist"), COMBINATIONS)
def test_every_kind_and_law_matches_arch_in_the_callers_units(series: pd.Series, kind: ModelKind, dist: Law) -> None:
    ours, reference = es.fit_garch(series, kind=kind, dist=dist), by_hand(series, kind, dist)
    assert ours.converged
    in_fractions = reference.loglikelihood + series.size * math.log(PERCENT)
    # Two runs of a numeric optimiser on differently scaled numbers: the flat top allows 1e-6 of the value.
    assert ours.loglik == pytest.approx(in_fractions, rel=1e-6)
    assert ours.loglik >= in_fractions - 1e-6 * abs(in_fractions)
    np.testing.assert_allclose(
        np.sqrt(ours.variance), np.asarray(reference.conditional_volatility) / PERCENT, rtol=5e-3
    )
    k = len(reference.params)
    assert ours.aic == pytest.approx(2 * k - 2 * ours.loglik, rel=1e-12)
    assert ours.bic == pytest.approx(k * math.log(900) - 2 * ours.loglik, rel=1e-12)
    assert ours.params["const"] == pytest.approx(reference.params["mu"] / PERCENT, abs=1e-5)
    assert ours.se["const"] == pytest.approx(reference.std_err["mu"] / PERCENT, rel=0.02)
    if kind in ("garch", "gjr", "har"):
        assert ours.params["omega"] == pytest.approx(reference.params["omega"] / PERCENT**2, rel=0.02)
        assert ours.se["omega"] == pytest.approx(reference.std_err["omega"] / PERCENT**2, rel=0.05)
    if kind == "aparch":
        power = ours.params["power"]
        assert ours.params["omega"] == pytest.approx(reference.params["omega"] / PERCENT**power, rel=0.1)
    assert (ours.fit.engine == "compiled likelihood") == (
        kind in ("garch", "gjr", "egarch") and dist in ("t", "normal")
    )


def test_units_do_not_matter_for_what_has_none(series: pd.Series) -> None:
    for kind, dist in (("aparch", "t"), ("figarch", "normal"), ("egarch", "ged")):
        one, hundred = (es.fit_garch(c * series, kind=kind, dist=dist) for c in (1.0, PERCENT))  # type: ignore[arg-type]
        shape = [n for n in one.params.index if n not in ("const", "omega")]
        np.testing.assert_allclose(one.params[shape], hundred.params[shape], rtol=1e-5, atol=1e-9)
        np.testing.assert_allclose(PERCENT**2 * one.variance, hundred.variance, rtol=1e-5)
        np.testing.assert_allclose(PERCENT**2 * one.forecast(4), hundred.forecast(4), rtol=1e-5)


def test_means(series: pd.Series) -> None:
    market = pd.Series(np.random.default_rng(4).standard_normal(900) * 0.01, index=series.index, name="MKT")
    y = series + 0.8 * market
    ours = es.fit_garch(y, market, kind="garch", dist="normal", mean="ar", lags=2)
    scaled = pd.DataFrame({"MKT": PERCENT * market})
    reference = arch_model(
        PERCENT * y, x=scaled, mean="ARX", lags=2, vol="GARCH", o=0, dist="normal", rescale=False
    ).fit(disp="off", tol=1e-10)
    assert list(ours.params.index) == ["const", "y[1]", "y[2]", "MKT", "omega", "alpha", "beta"]
    assert ours.n == 898
    assert ours.mean == "AR(2) mean with MKT"
    assert ours.loglik == pytest.approx(reference.loglikelihood + 898 * math.log(PERCENT), rel=1e-7)
    np.testing.assert_allclose(ours.params[["y[1]", "y[2]", "MKT"]], reference.params.iloc[1:4], atol=2e-4)
    zero = es.fit_garch(y.to_numpy(), kind="garch", dist="normal", mean="zero")
    assert list(zero.params.index) == ["omega", "alpha", "beta"]


def test_missing_sessions_are_left_out_and_counted(series: pd.Series) -> None:
    holes = series.copy()
    holes.iloc[[0, 10, 500]] = np.nan
    ours = es.fit_garch(holes, kind="garch", dist="normal")
    assert (ours.n, ours.dropped) == (897, 3)
    assert ours.loglik == pytest.approx(es.fit_garch(holes.dropna(), kind="garch", dist="normal").loglik, rel=1e-12)
    assert series.index[10] not in ours.variance.index


def test_the_presample_rule_changes_the_digits(series: pd.Series) -> None:
    ours, fcp = (es.fit_garch(series, kind="har", dist="normal", presample=p) for p in ("arch", "fcp"))  # type: ignore[arg-type]
    values = PERCENT * series.to_numpy()
    model = arch_model(values, vol="HARCH", p=list(HAR_LAGS), rescale=False)
    reference = model.fit(disp="off", tol=1e-10, backcast=float(np.mean((values - values.mean()) ** 2)))
    assert fcp.loglik == pytest.approx(reference.loglikelihood + 900 * math.log(PERCENT), rel=1e-7)
    assert abs(fcp.loglik - ours.loglik) > 1e-4


# --- whether it means anything --------------------------------------------------------------------


def test_a_boundary_fit_says_so_and_has_no_half_life() -> None:
    noise = np.random.default_rng(0).standard_normal(700)
    ours = es.fit_garch(noise, kind="garch", dist="normal")
    assert "no volatility dynamics identified" in ours.problem
    assert math.isnan(ours.half_life)
    assert "alpha = 0" in ours.fit.bounds
    assert ours.se["alpha"] == pytest.approx(0.0, abs=1e-12)


def test_a_failed_fit_is_never_used_in_silence(series: pd.Series, monkeypatch: pytest.MonkeyPatch) -> None:
    def stops_at_once(*args: Any, **kwargs: Any) -> Any:
        return optimize.minimize(*args, **(kwargs | {"options": {"maxiter": 1}}))

    monkeypatch.setattr("arch.univariate.base.minimize", stops_at_once)
    ours = es.fit_garch(series, kind="aparch", dist="skewt")
    assert not ours.converged
    assert ours.problem == "the fit did not converge"
    assert math.isnan(ours.persistence)
    assert math.isnan(ours.half_life)
    for use in (lambda: ours.forecast(3), lambda: ours.news_impact([0.01])):
        with pytest.raises(InputError, match="did not converge"):
            use()
    with pytest.raises(NothingUsableError, match="no model identifies"):
        es.choose_garch(series, kinds=["aparch"], dists=["skewt"])


def test_persistence_and_half_life_by_formula(series: pd.Series) -> None:
    for kind in ("garch", "gjr", "egarch"):
        fit = es.fit_garch(series, kind=kind, dist="t")  # type: ignore[arg-type]
        p = fit.params
        known = p["beta"] if kind == "egarch" else p["alpha"] + p.get("gamma", 0.0) / 2 + p["beta"]
        assert fit.persistence == pytest.approx(known, rel=1e-12)
        assert fit.persistence**fit.half_life == pytest.approx(0.5, rel=1e-9)
    long_memory = es.fit_garch(series, kind="figarch", dist="normal")
    assert math.isnan(long_memory.half_life)


# --- forecasts and news impact --------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["garch", "gjr", "figarch", "har"])
def test_forecasts_match_arch(series: pd.Series, kind: ModelKind) -> None:
    ours, reference = es.fit_garch(series, kind=kind, dist="normal"), by_hand(series, kind, "normal")
    theirs = reference.forecast(horizon=8).variance.to_numpy()[-1] / PERCENT**2
    np.testing.assert_allclose(ours.forecast(8), theirs, rtol=2e-3)


def test_egarch_forecast_by_simulation() -> None:
    params = EgarchParams(*(np.asarray(v) for v in (-0.1, 0.2, -0.08, 0.95)))
    shocks = np.random.default_rng(1).standard_normal(400)
    closed = forecast_log_variance(params, 1.7, 15, shocks)
    z = np.random.default_rng(2).choice(shocks, size=(15, 40_000))
    e = simulate(params, np.asarray(1.7), z)
    h = e**2 / z**2
    assert closed[0] == pytest.approx(1.7, rel=1e-12)
    # Four Monte Carlo standard errors of the mean of each step.
    assert (np.abs(h.mean(axis=1) - closed) <= 4.0 * h.std(axis=1) / math.sqrt(40_000) + 1e-9).all()
    # The filter gives back what the simulation did, path by path.
    again = filter_variance(params, e[:, 0], np.array([1.7]))[:-1, 0]
    np.testing.assert_allclose(again, h[:, 0], rtol=1e-10)


def test_aparch_forecast_is_simulated_with_a_seed(series: pd.Series) -> None:
    fit = es.fit_garch(series, kind="aparch", dist="t")
    np.testing.assert_array_equal(fit.forecast(5), fit.forecast(5))
    assert (fit.forecast(5) != fit.forecast(5, seed=1)).any()
    assert fit.forecast(1)[0] == pytest.approx(fit.forecast(5)[0], rel=1e-12)
    reference = by_hand(series, "aparch", "t").forecast(horizon=1).variance.to_numpy()[-1, 0] / PERCENT**2
    assert fit.forecast(1)[0] == pytest.approx(reference, rel=2e-3)


def test_news_impact_by_formula(series: pd.Series) -> None:
    shocks = np.array([-0.03, 0.0, 0.03])
    fit = es.fit_garch(series, kind="gjr", dist="t")
    p, level = fit.params, fit.unconditional_variance
    assert level == pytest.approx(p["omega"] / (1 - p["alpha"] - p["gamma"] / 2 - p["beta"]), rel=1e-9)
    curve = fit.news_impact(shocks)
    assert curve.iloc[0] == pytest.approx(p["omega"] + p["beta"] * level + (p["alpha"] + p["gamma"]) * 0.0009, rel=1e-9)
    assert curve.iloc[2] == pytest.approx(p["omega"] + p["beta"] * level + p["alpha"] * 0.0009, rel=1e-9)
    power = es.fit_garch(series, kind="aparch", dist="t")
    p = power.params
    level = (p["omega"] / (1 - power.persistence)) ** (2 / p["power"])
    down = p["omega"] + p["alpha"] * (0.03 * (1 + p["gamma"])) ** p["power"] + p["beta"] * level ** (p["power"] / 2)
    assert power.news_impact(shocks).iloc[0] == pytest.approx(down ** (2 / p["power"]), rel=1e-9)
    with pytest.raises(InputError, match="no news impact"):
        es.fit_garch(series, kind="har", dist="normal").news_impact(shocks)


# --- residuals and choice -------------------------------------------------------------------------


def test_sign_bias_by_statsmodels() -> None:
    rng = np.random.default_rng(9)
    z = rng.standard_normal(600)
    z[1:] *= np.where(z[:-1] < 0, 1.6, 0.9)  # falls are followed by larger moves
    down = (z[:-1] < 0).astype(float)
    design = np.column_stack((np.ones(599), down, down * z[:-1], (1 - down) * z[:-1]))
    reference = OLS(z[1:] ** 2, design).fit()
    table = es.diagnose(z)
    np.testing.assert_allclose(
        table.loc[["sign_bias", "negative_size", "positive_size"], "value"], reference.tvalues[1:]
    )
    np.testing.assert_allclose(table.loc[["sign_bias", "negative_size", "positive_size"], "p"], reference.pvalues[1:])
    assert table.loc["sign_bias_joint", "value"] == pytest.approx(599 * reference.rsquared, rel=1e-9)
    assert table.loc["sign_bias_joint", "p"] < 0.01


def test_ljung_box_and_arch_test_by_loop() -> None:
    z = np.random.default_rng(10).standard_t(5, 300)
    table = es.diagnose(z, lags=4, arch_lags=3)
    for key, values in (("ljung_box", z), ("ljung_box_squares", z**2)):
        d = values - values.mean()
        q = 300 * 302 * sum((d[j:] @ d[:-j] / (d @ d)) ** 2 / (300 - j) for j in range(1, 5))
        assert table.loc[key, "value"] == pytest.approx(q, rel=1e-9)
        assert table.loc[key, "p"] == pytest.approx(stats.chi2.sf(q, 4), rel=1e-9)
    design = np.column_stack([np.ones(297), *(z[3 - j : 300 - j] ** 2 for j in range(1, 4))])
    assert table.loc["arch_lm", "value"] == pytest.approx(297 * OLS(z[3:] ** 2, design).fit().rsquared, rel=1e-9)


@pytest.mark.parametrize("criterion", ["aic", "bic"])
def test_choice_shows_its_table_and_takes_the_smallest(series: pd.Series, criterion: Literal["aic", "bic"]) -> None:
    choice = es.choose_garch(series, criterion=criterion)
    assert len(choice.table) == 6
    usable = choice.table[choice.table["problem"] == ""]
    assert usable[criterion].is_monotonic_increasing
    assert getattr(choice.best, criterion) == usable[criterion].min()
    assert (choice.best.fit.kind, choice.best.fit.dist) == tuple(usable.iloc[0][["kind", "dist"]])
    # Student(5) shocks: the normal law is never chosen.
    assert choice.best.fit.dist == "t"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"kind": "grach"}, "kind 'grach': allowed are garch, gjr"),
        ({"dist": "cauchy"}, "allowed are normal, t, skewt, ged"),
        ({"presample": "zero"}, "allowed are arch, fcp"),
        ({"mean": "ar", "lags": 0}, "needs at least 1"),
        ({"kind": "har", "variance_regressors": np.ones(900)}, "not for har"),
        ({"factors": np.ones((10, 2))}, "10 rows, the returns 900"),
        ({"factors": pd.DataFrame({"beta": np.ones(900)})}, "choose others"),
    ],
)
def test_calls_that_cannot_be(series: pd.Series, more: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        es.fit_garch(series.to_numpy(), **more)


@pytest.mark.parametrize(("kind", "dist"), [("garch", "normal"), ("figarch", "ged")])
def test_a_dummy_for_one_session_in_the_mean_is_refused(series: pd.Series, kind: ModelKind, dist: Law) -> None:
    market = np.random.default_rng(4).standard_normal(len(series))
    loud, dummy = series.to_numpy().copy(), np.zeros(len(series))
    loud[700] += 8.0 * loud.std()
    dummy[700] = 1.0
    with pytest.raises(InputError, match=r"fit the session 700 alone.*Doornik & Ooms 2008"):
        es.fit_garch(loud, np.column_stack((market, dummy)), kind=kind, dist=dist)
    # One session more, and it is a regressor like any other.
    dummy[701] = 1.0
    assert es.fit_garch(loud, np.column_stack((market, dummy)), kind="garch", dist="normal").converged


def test_series_that_cannot_be() -> None:
    with pytest.raises(InputError, match="at least 100"):
        es.fit_garch(np.random.default_rng(1).standard_normal(60))
    with pytest.raises(InputError, match="do not vary"):
        es.fit_garch(np.full(300, 0.5), dist="normal")
    with pytest.raises(InputError, match="at least 40 that vary"):
        es.diagnose(np.zeros(100))
