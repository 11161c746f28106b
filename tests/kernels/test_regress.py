"""Shifts, autocorrelations and weights, by hand and against a general solver."""

from __future__ import annotations

import numpy as np
import pytest

from eventstudy.kernels.regress import autocorrelation, lead_lag_fit, shifted
from eventstudy.kernels.weights import simplex_weights

NAN = float("nan")


def test_shifts_by_hand() -> None:
    x = np.array([[1.0, 2.0, 3.0]])
    np.testing.assert_array_equal(shifted(x, 1), [[2.0, 3.0, NAN]])
    np.testing.assert_array_equal(shifted(x, -2), [[NAN, NAN, 1.0]])
    np.testing.assert_array_equal(shifted(x, 0), x)
    np.testing.assert_array_equal(shifted(x, 5), [[NAN] * 3])


def test_autocorrelation_over_pairs_that_exist() -> None:
    x = np.array([[0.1, 0.4, -0.2, NAN, 0.3, 0.5, -0.1], [1.0] * 7])
    pairs = np.array([[0.4, 0.1], [-0.2, 0.4], [0.5, 0.3], [-0.1, 0.5]])
    got = autocorrelation(x, 1)
    assert got[0] == pytest.approx(np.corrcoef(pairs.T)[0, 1], rel=1e-12)
    assert np.isnan(got[1])


def test_the_ends_of_the_window_are_not_interior_and_nothing_beyond_it_is_read() -> None:
    rng = np.random.default_rng(0)
    y, market = rng.standard_normal((1, 30)), rng.standard_normal((1, 30))
    used = np.arange(30)[None, :] < 20
    fit = lead_lag_fit(y, market, used, lags=1, leads=1, together=True)
    assert fit.count[0] == 18
    market[0, 20:] = 99.0
    again = lead_lag_fit(y, market, used, lags=1, leads=1, together=True)
    np.testing.assert_array_equal(fit.slopes, again.slopes)
    np.testing.assert_array_equal(fit.rho, again.rho)
    assert fit.mean_market[0] == pytest.approx(market[0, 1:19].mean(), rel=1e-13)


def test_no_used_session_is_singular() -> None:
    x = np.ones((1, 8))
    fit = lead_lag_fit(x, x, np.zeros((1, 8), dtype=bool), lags=1, leads=1, together=False)
    assert fit.singular.all()
    assert fit.count[0] == 0


@pytest.mark.parametrize("seed", range(8))
def test_simplex_weights_meet_the_conditions_of_an_optimum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = 0.01 * rng.standard_normal((60, 6)) + 0.005 * rng.standard_normal((60, 1))
    y = x @ rng.dirichlet(np.ones(6)) + 0.004 * rng.standard_normal(60)
    w = simplex_weights(x, y)
    assert (w >= 0.0).all()
    assert w.sum() == pytest.approx(1.0, abs=1e-14)
    # Kuhn-Tucker: the gradient is one number on the donors with weight, and no smaller elsewhere.
    gradient = x.T @ (x @ w - y)
    level = gradient[w > 0].mean()
    scale = np.abs(gradient).max()
    np.testing.assert_allclose(gradient[w > 0], level, atol=1e-9 * max(scale, 1e-6))
    assert (gradient >= level - 1e-9 * scale).all()


def test_a_perfect_match_and_a_single_donor() -> None:
    x = np.array([[0.01], [0.02], [-0.01]])
    assert simplex_weights(x, x[:, 0]).tolist() == [1.0]
    assert simplex_weights(x, np.array([0.5, 0.1, 0.0])).tolist() == [1.0]
    two = np.column_stack((x[:, 0], x[:, 0]))
    assert simplex_weights(two, x[:, 0]).tolist() == [0.5, 0.5]
