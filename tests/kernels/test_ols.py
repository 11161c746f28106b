"""Batched least squares against statsmodels, NIST's certified Longley results, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray
from statsmodels.datasets import longley

from eventstudy.kernels.ols import fit_ols, quadratic

FloatArray = NDArray[np.float64]


@pytest.fixture
def batch() -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Five pairs, 80 rows, two benchmarks; each pair uses its own rows, the others hold NaN."""
    rng = np.random.default_rng(7)
    x = np.concatenate((np.ones((5, 80, 1)), 0.01 * rng.standard_normal((5, 80, 2))), axis=2)
    y = 0.001 + x[:, :, 1:] @ np.array([0.8, -0.3]) + 0.02 * rng.standard_normal((5, 80))
    used = rng.random((5, 80)) < 0.8
    x[~used] = np.nan
    y[~used] = np.nan
    return x, y, used


def test_matches_statsmodels_on_each_pairs_own_rows(batch: tuple[FloatArray, FloatArray, NDArray[np.bool_]]) -> None:
    x, y, used = batch
    fit = fit_ols(x, y, used)
    for i in range(5):
        reference = sm.OLS(y[i, used[i]], x[i, used[i]]).fit()
        # Two backward-stable solvers on a design with condition number near 100: agreement to about 1e-12.
        np.testing.assert_allclose(fit.params[i], reference.params, rtol=1e-10)
        np.testing.assert_allclose(fit.sigma[i], np.sqrt(reference.mse_resid), rtol=1e-12)
        np.testing.assert_allclose(fit.gram_inv[i], reference.normalized_cov_params, rtol=1e-9, atol=1e-12)
        assert fit.dof[i] == reference.df_resid
    assert not fit.singular.any()


def test_forecast_variance_matches_get_prediction(batch: tuple[FloatArray, FloatArray, NDArray[np.bool_]]) -> None:
    x, y, used = batch
    fit = fit_ols(x, y, used)
    points = np.array([[1.0, 0.0, 0.0], [1.0, 0.05, -0.02], [1.0, -0.1, 0.03]])
    factor = 1.0 + quadratic(np.broadcast_to(points, (5, 3, 3)), fit.gram_inv)
    for i in range(5):
        forecast = sm.OLS(y[i, used[i]], x[i, used[i]]).fit().get_prediction(points)
        np.testing.assert_allclose(fit.sigma[i] ** 2 * factor[i], forecast.se_obs**2, rtol=1e-10)


def test_variance_of_a_sum_of_forecast_errors_matches_the_covariance_matrix() -> None:
    # Var(sum) = s^2 1'(I + X0 G X0')1, written out with the full L x L matrix.
    rng = np.random.default_rng(3)
    x = np.concatenate((np.ones((60, 1)), rng.standard_normal((60, 1))), axis=1)
    y, ahead = rng.standard_normal(60), np.concatenate((np.ones((11, 1)), rng.standard_normal((11, 1))), axis=1)
    fit = fit_ols(x[None], y[None], np.ones((1, 60), dtype=bool))
    full = np.eye(11) + ahead @ np.linalg.inv(x.T @ x) @ ahead.T
    assert 11.0 + quadratic(ahead.sum(axis=0)[None], fit.gram_inv)[0] == pytest.approx(full.sum(), rel=1e-12)


def test_certified_longley_regression() -> None:
    # NIST Statistical Reference Datasets, Longley (1967), certified to 15 digits; the design's condition number
    # is 5e9, so a QR solution keeps about 16 - 9.7 = 6 digits and normal equations would keep none.
    data = longley.load_pandas()
    x = np.concatenate((np.ones((16, 1)), data.exog.to_numpy()), axis=1)
    fit = fit_ols(x[None], data.endog.to_numpy()[None], np.ones((1, 16), dtype=bool))
    certified = [
        -3482258.63459582, 15.0618722713733, -0.0358191792925910, -2.02022980381683, -1.03322686717359,
        -0.0511041056535807, 1829.15146461355,
    ]  # fmt: skip
    np.testing.assert_allclose(fit.params[0], certified, rtol=1e-7)
    assert fit.sigma[0] == pytest.approx(304.854073561965, rel=1e-9)
    assert fit.sigma[0] * np.sqrt(fit.gram_inv[0, 6, 6]) == pytest.approx(455.478499142212, rel=1e-7)
    assert fit.dof[0] == 9


def test_line_through_three_points_by_hand() -> None:
    # y = 1, 2, 4 on x = 0, 1, 2: slope 3/2, intercept 5/6, residuals 1/6, -1/3, 1/6, sum of squares 1/6.
    x = np.array([[[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]])
    fit = fit_ols(x, np.array([[1.0, 2.0, 4.0]]), np.ones((1, 3), dtype=bool))
    np.testing.assert_allclose(fit.params, [[5.0 / 6.0, 1.5]], rtol=1e-14)
    assert fit.sigma[0] == pytest.approx(np.sqrt(1.0 / 6.0), rel=1e-13)
    np.testing.assert_allclose(fit.gram_inv[0], [[5.0 / 6.0, -0.5], [-0.5, 0.5]], rtol=1e-13)


@pytest.mark.parametrize("kind", ["constant", "zero", "collinear", "nothing used", "fewer rows than coefficients"])
def test_singular_designs_are_flagged_and_leave_the_other_pairs_alone(kind: str) -> None:
    rng = np.random.default_rng(11)
    x = np.concatenate((np.ones((3, 40, 1)), 0.01 * rng.standard_normal((3, 40, 2))), axis=2)
    y, used = rng.standard_normal((3, 40)), np.ones((3, 40), dtype=bool)
    if kind == "constant":
        x[1, :, 1] = 0.0004
    elif kind == "zero":
        x[1, :, 1] = 0.0
    elif kind == "collinear":
        x[1, :, 2] = 3.0 * x[1, :, 1] - 0.01
    elif kind == "nothing used":
        used[1] = False
    else:
        used[1, 2:] = False
    fit = fit_ols(x, y, used)
    np.testing.assert_array_equal(fit.singular, [False, True, False])
    assert np.isnan(fit.params[1]).all()
    assert np.isnan(fit.sigma[1])
    for i in (0, 2):
        np.testing.assert_allclose(fit.params[i], sm.OLS(y[i], x[i]).fit().params, rtol=1e-10)


def test_market_that_hardly_moves_is_not_called_singular() -> None:
    # A real but calm benchmark: a spread of one hundred-thousandth of its mean is still a regressor.
    rng = np.random.default_rng(2)
    x = np.concatenate((np.ones((1, 100, 1)), 1.0 + 1e-5 * rng.standard_normal((1, 100, 1))), axis=2)
    y = rng.standard_normal((1, 100))
    fit = fit_ols(x, y, np.ones((1, 100), dtype=bool))
    assert not fit.singular[0]
    np.testing.assert_allclose(fit.params[0], sm.OLS(y[0], x[0]).fit().params, rtol=1e-6)


def test_no_spare_observation_has_no_sigma() -> None:
    x = np.array([[[1.0, 0.0], [1.0, 1.0]]])
    fit = fit_ols(x, np.array([[1.0, 3.0]]), np.ones((1, 2), dtype=bool))
    assert fit.dof[0] == 0
    assert np.isnan(fit.sigma[0])
    np.testing.assert_allclose(fit.params[0], [1.0, 2.0], rtol=1e-14)


def test_quadratic_by_loops_and_without_coefficients() -> None:
    rng = np.random.default_rng(5)
    gram, x = rng.standard_normal((2, 3, 3)), rng.standard_normal((2, 4, 3))
    gram = gram + gram.transpose(0, 2, 1)
    by_hand = np.zeros((2, 4))
    for n in range(2):
        for t in range(4):
            for i in range(3):
                for j in range(3):
                    by_hand[n, t] += x[n, t, i] * gram[n, i, j] * x[n, t, j]
    np.testing.assert_allclose(quadratic(x, gram), by_hand, rtol=1e-12)
    np.testing.assert_array_equal(quadratic(np.empty((2, 4, 0)), np.empty((2, 0, 0))), np.zeros((2, 4)))
