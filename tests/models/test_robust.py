"""Robust market models by their defining equations, and the GARCH errors against reference numbers."""

from __future__ import annotations

import csv
import gzip
import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray

import eventstudy as es
from eventstudy.domain.align import AlignedSample, Block, gather, response_series
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.prices import PriceTable
from eventstudy.engines.arch_regression import GarchRegression, fit_regression
from eventstudy.errors import InputError
from eventstudy.kernels import regress
from eventstudy.models import robust
from eventstudy.models.regression import MarketModel
from eventstudy.models.robust import MarketModelGarch, Robust

FloatArray = NDArray[np.float64]
SINGLE = Path(__file__).parents[1] / "reference" / "fixtures" / "single" / "prices.csv.gz"


@pytest.fixture(scope="module")
def prices(prices_of: Callable[..., PriceTable], stock_and_market: Callable[..., dict[str, FloatArray]]) -> PriceTable:
    return prices_of(stock_and_market(400, 3))


@pytest.fixture(scope="module")
def sample(prices: PriceTable) -> AlignedSample:
    series = response_series(prices, "A", ("M",), policy="own_calendar")
    block = Block(series=series, events=("e", "f"), positions=np.array([150, 390]))
    return gather(block, np.arange(-120, 6), (-120, -11), mask=False)


def with_outliers(sample: AlignedSample) -> AlignedSample:
    """Three wild sessions of the estimation window, on days on which the market rose."""
    wild = sample.response.copy()
    for i in range(2):
        wild[i, np.argsort(sample.factors[i, :100, 0])[-3:]] -= 0.5
    return replace(sample, response=wild)


def test_huber_solves_its_equations(sample: AlignedSample) -> None:
    """``sum psi(e / s) x = 0`` with psi clipped at 1.345 and s the median absolute residual over .6745."""
    wild = with_outliers(sample)
    fit = Robust("M").fit(wild)
    for i in range(2):
        rows = wild.estimation[i]
        x, e = wild.factors[i, rows, 0], (wild.response - fit.expected)[i, rows]
        scale = median(abs(v) for v in e) / 0.674489750196082
        psi = np.clip(e / scale, -1.345, 1.345)
        # The iteration stops when a step is 1e-9 of a standard error.
        assert abs(psi.mean()) < 1e-8
        assert abs((psi * x).mean()) < 1e-8 * np.abs(x).mean()
        reference = sm.RLM(wild.response[i, rows], sm.add_constant(x), M=sm.robust.norms.HuberT()).fit(
            maxiter=500, tol=1e-12
        )
        np.testing.assert_allclose(fit.params[i], reference.params, rtol=1e-7)
        np.testing.assert_allclose(fit.gram_inv[i] * fit.sigma[i] ** 2, reference.bcov_scaled, rtol=1e-6)


def test_theil_sen_is_the_median_of_all_slopes(sample: AlignedSample) -> None:
    fit = Robust("M", kind="theil_sen").fit(sample)
    for i in range(2):
        rows = sample.estimation[i]
        x, y = sample.factors[i, rows, 0].tolist(), sample.response[i, rows].tolist()
        slopes = [(y[b] - y[a]) / (x[b] - x[a]) for a, b in itertools.combinations(range(len(x)), 2)]
        assert fit.params[i, 1] == pytest.approx(median(slopes), rel=1e-12)
        assert fit.params[i, 0] == pytest.approx(median(v - fit.params[i, 1] * u for u, v in zip(x, y, strict=True)))


@pytest.mark.parametrize("kind", ["huber", "theil_sen"])
def test_wild_sessions_bend_least_squares_only(sample: AlignedSample, kind: robust.Kind) -> None:
    calm, wild = MarketModel("M").fit(sample).params[:, 1], with_outliers(sample)
    np.testing.assert_allclose(Robust("M", kind=kind).fit(wild).params[:, 1], calm, atol=0.2)
    assert (np.abs(MarketModel("M").fit(wild).params[:, 1] - calm) > 0.5).all()
    # The uncertainty of a session keeps them all the same: three sessions at .5 among 110.
    assert (Robust("M", kind=kind).fit(wild).sigma > 0.07).all()


def test_huber_forecast_error_is_that_of_its_coefficients(sample: AlignedSample) -> None:
    # Without outliers Huber loses about 5% of efficiency: its covariance lies near that of least squares.
    fit, ols = Robust("M").fit(sample), MarketModel("M").fit(sample)
    diagonal = np.diagonal(fit.gram_inv, axis1=1, axis2=2) / np.diagonal(ols.gram_inv, axis1=1, axis2=2)
    assert (diagonal > 0.7).all()
    assert (diagonal < 1.3).all()


def test_a_fit_that_does_not_settle_says_so(sample: AlignedSample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regress, "MAX_STEPS", 1)
    fit = Robust("M").fit(with_outliers(sample))
    assert fit.notes == ("the robust fit did not settle; its last step is used",) * 2
    assert np.isfinite(fit.params).all()


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(InputError, match="not one of 'huber'"):
        Robust("M", kind="lasso")  # type: ignore[arg-type]


def single_returns() -> FloatArray:
    """Percent log returns of asset and market before the event window of the reference set, shape (1289, 2)."""
    with gzip.open(SINGLE, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    levels = np.array([[float(r["close"]) for r in rows if r["symbol"] == s] for s in ("AL", "MKT")]).T
    return np.asarray(100.0 * np.diff(np.log(levels), axis=0)[:1289])


#: Two implementations of an independent origin, at presample h_0 = mean squared residual at the current coefficients.
REFERENCE = [-0.0104871013049534, 0.6993852183606897, 0.14373835862518974, 0.08225831893093849, 0.8040835932786389]
REFERENCE_SE = [0.030167830384375073, 0.04041716347362071]


@pytest.mark.parametrize("unit", [1.0, 0.01])
def test_joint_likelihood_against_reference_numbers(unit: float) -> None:
    r = single_returns() * unit
    found = fit_regression(r[:, 0], r[:, 1:])
    assert isinstance(found, GarchRegression)
    assert found.converged
    got = [found.mean[0] / unit, found.mean[1], found.omega / unit**2, found.alpha, found.beta]
    # Our presample variance is held fixed while the mean moves: 4e-5 in the constant (se .03), less elsewhere.
    assert got == pytest.approx(REFERENCE, abs=5e-5)
    assert found.loglik + r.shape[0] * np.log(unit) == pytest.approx(-1962.1820255176708, abs=2e-3)
    np.testing.assert_allclose(np.sqrt(np.diag(found.mean_cov)) / [unit, 1.0], REFERENCE_SE, rtol=5e-3)


def test_garch_errors_give_the_mean_of_the_engine(sample: AlignedSample) -> None:
    fit = MarketModelGarch("M").fit(sample)
    assert fit.names == ("alpha", "beta_M", "garch_omega", "garch_alpha", "garch_beta")
    for i in range(2):
        rows = sample.estimation[i]
        y, x = sample.response[i, rows], sample.factors[i, rows]
        found = fit_regression(y, x)
        assert isinstance(found, GarchRegression)
        np.testing.assert_array_equal(fit.params[i, :2], found.mean)
        residual = y - found.mean[0] - found.mean[1] * x[:, 0]
        assert fit.sigma[i] == pytest.approx(np.sqrt((residual**2).sum() / 108), rel=1e-12)
        np.testing.assert_allclose(fit.gram_inv[i] * fit.sigma[i] ** 2, found.mean_cov, rtol=1e-10)


def test_least_squares_takes_over_and_says_why(sample: AlignedSample, monkeypatch: pytest.MonkeyPatch) -> None:
    few = replace(sample, estimation=sample.estimation & (sample.offsets >= -50))
    fit, ols = MarketModelGarch("M").fit(few), MarketModel("M").fit(few)
    assert fit.notes == ("least squares instead of GARCH errors: 40 estimation sessions, 60 needed",) * 2
    np.testing.assert_array_equal(fit.expected, ols.expected)
    np.testing.assert_array_equal(fit.gram_inv, ols.gram_inv)
    assert np.isnan(fit.params[:, 2:]).all()
    monkeypatch.setattr(robust, "fit_regression", lambda y, x: "the likelihood could not be maximised (no)")
    again = MarketModelGarch("M").fit(sample)
    assert again.notes[0].startswith("least squares instead of GARCH errors: the likelihood could not be maximised")
    np.testing.assert_array_equal(again.expected, MarketModel("M").fit(sample).expected)


def test_a_fit_that_does_not_converge_is_not_used(sample: AlignedSample, monkeypatch: pytest.MonkeyPatch) -> None:
    def unfinished(y: FloatArray, x: FloatArray) -> GarchRegression | str:
        found = fit_regression(y, x)
        assert isinstance(found, GarchRegression)
        return replace(found, converged=False)

    monkeypatch.setattr(robust, "fit_regression", unfinished)
    fit = MarketModelGarch("M").fit(sample)
    assert fit.notes == ("least squares instead of GARCH errors: the fit did not converge",) * 2
    np.testing.assert_array_equal(fit.expected, MarketModel("M").fit(sample).expected)


def test_the_note_reaches_the_outcome_of_the_pair(prices: PriceTable, event_at: Callable[..., Event]) -> None:
    window = es.EventWindow(primary=(0, 1), event=(0, 2), estimation=(-50, -11), windows=(), min_estimation=30)
    study = es.Study(
        instruments=["A"], model=MarketModelGarch("M"), window=window, volatility=None, statistics=("t_fe",)
    )
    (outcome,) = study.run(prices, event_at(prices, 300), others=EventTable([])).outcomes
    assert outcome.outcome is es.Outcome.USED
    assert outcome.detail == "least squares instead of GARCH errors: 40 estimation sessions, 60 needed"
