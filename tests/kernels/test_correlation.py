"""DCC filter and estimator, and causality in variance, against plain loops and simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from eventstudy.kernels.correlation import (
    Dcc,
    correlation,
    dcc_filter,
    ewma_correlation,
    fit_dcc,
    permuted_causality,
    variance_causality,
)
from eventstudy.kernels.stats import Inapplicable


def dcc_sample(n: int, a: float, b: float, rho: float, seed: int) -> np.ndarray:
    """Standardised residuals of a DCC, by a plain loop over matrices."""
    rng = np.random.default_rng(seed)
    level = np.array([[1.0, rho], [rho, 1.0]])
    q, z = level.copy(), np.empty((n, 2))
    for t in range(n):
        d = np.sqrt(np.diag(q))
        z[t] = np.linalg.cholesky(q / np.outer(d, d)) @ rng.standard_normal(2)
        q = (1 - a - b) * level + a * np.outer(z[t], z[t]) + b * q
    return z


def test_likelihood_and_path_by_a_plain_loop_over_matrices() -> None:
    z = dcc_sample(300, 0.06, 0.9, 0.4, 1)
    level = z.T @ z / 300
    q, total, want = level.copy(), 0.0, []
    for row in z:
        d = np.sqrt(np.diag(q))
        r = q / np.outer(d, d)
        want.append(r[0, 1])
        total += stats.multivariate_normal.logpdf(row, cov=r) - stats.norm.logpdf(row).sum()
        q = 0.05 * level + 0.06 * np.outer(row, row) + 0.89 * q
    rho = np.empty(301)
    flat = np.array([level[0, 0], level[0, 1], level[1, 1]])
    got = dcc_filter(z, 0.06, 0.89, flat, flat.copy(), rho)
    assert got == pytest.approx(total, rel=1e-10)
    np.testing.assert_allclose(rho[:-1], want, rtol=1e-12)


def test_estimator_finds_the_parameters_of_simulated_dccs() -> None:
    """Twelve samples of 1,500: a within three Monte Carlo standard errors (s.d. .014), b with its bias downwards."""
    fits = [fit_dcc(dcc_sample(1500, 0.05, 0.92, 0.4, s)) for s in range(12)]
    assert np.mean([f.a for f in fits]) == pytest.approx(0.05, abs=3 * 0.014 / np.sqrt(12))
    assert np.mean([f.b for f in fits]) == pytest.approx(0.92, abs=0.06)
    assert all(f.loglik > f.constant for f in fits)


def test_estimate_is_an_optimum() -> None:
    z = dcc_sample(800, 0.05, 0.9, 0.3, 4)
    fit = fit_dcc(z)
    rho = np.empty(801)
    for a, b in ((0.002, 0.0), (-0.002, 0.0), (0.0, 0.005), (0.0, -0.005)):
        assert dcc_filter(z, fit.a + a, fit.b + b, fit.level, fit.level.copy(), rho) < fit.loglik


def test_constant_correlation_has_no_reaction() -> None:
    z = np.random.default_rng(3).standard_normal((1500, 2))
    # Under a = 0 twice the gain is about a mixture of chi-squared laws of one and zero degrees: 6.6 is beyond its 1%.
    fit = fit_dcc(z)
    assert 2.0 * (fit.loglik - fit.constant) < 6.6


def test_ewma_by_a_plain_loop() -> None:
    z = dcc_sample(50, 0.05, 0.9, 0.3, 2)
    q = z.T @ z / 50
    got = ewma_correlation(z, 0.9)
    for t in range(50):
        assert got[t] == pytest.approx(q[0, 1] / np.sqrt(q[0, 0] * q[1, 1]), rel=1e-12)
        q = 0.1 * np.outer(z[t], z[t]) + 0.9 * q


def test_simulated_paths_follow_their_own_filter() -> None:
    """Mean correlation of many short paths from a state far from the level: that of the filter's forecast."""
    level, state = np.array([1.0, 0.2, 1.0]), np.array([1.0, 0.8, 1.0])
    dcc = Dcc(0.05, 0.9, level, 0.0, 0.0)
    z = dcc.simulate(state, np.random.default_rng(6).standard_normal((10, 40_000, 2)))
    first, last = (float(np.mean(z[t, :, 0] * z[t, :, 1])) for t in (0, 9))
    assert first == pytest.approx(0.8, abs=0.025)
    # Q moves towards its level by the factor .95 a session, its ratio nearly so.
    assert last == pytest.approx(0.2 + 0.6 * 0.95**9, abs=0.04)
    assert correlation(z[0, :, 0], z[0, :, 1]) == pytest.approx(0.8, abs=0.01)


def leading(n: int, strength: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Residuals of which the second varies more the session after the first was large."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((2, n))
    y[1:] *= np.sqrt(1.0 - strength + strength * x[:-1] ** 2)
    return x, y


def test_causality_by_a_plain_loop() -> None:
    x, y = leading(200, 0.5, 1)
    u, v = x**2 - np.mean(x**2), y**2 - np.mean(y**2)
    total = hong = centre = spread = 0.0
    for k in range(1, 6):
        r = sum(v[t] * u[t - k] for t in range(k, 200)) / np.sqrt((u**2).sum() * (v**2).sum())
        w = 1 - k / 6
        total += 200 * r * r
        hong += 200 * w * w * r * r
        centre += (1 - k / 200) * w**2
        spread += (1 - k / 200) * (1 - (k + 1) / 200) * w**4
    got = variance_causality(x, y, 5)
    assert not isinstance(got, Inapplicable)
    assert got.cheung_ng == pytest.approx(total, rel=1e-12)
    assert got.hong == pytest.approx((hong - centre) / np.sqrt(2 * spread), rel=1e-12)
    assert got.p_cheung_ng == pytest.approx(stats.chi2.sf(total, 5), rel=1e-12)


def test_causality_has_a_direction() -> None:
    there = back = 0
    for seed in range(200):
        x, y = leading(300, 0.6, seed)
        one, other = variance_causality(x, y, 5), variance_causality(y, x, 5)
        assert not isinstance(one, Inapplicable)
        assert not isinstance(other, Inapplicable)
        there, back = there + (one.p_hong <= 0.05), back + (other.p_hong <= 0.05)
    assert there > 150
    # Nominal 5% of 200 is 10; four standard errors of 3.1 and the heavy tail of the statistic.
    assert back < 25


def test_permutation_agrees_with_the_normal_law_in_a_long_sample() -> None:
    """Upper tails near 5 to 20% of 1,500 sessions: within .06, the skewness that is left and 999 permutations."""
    rng = np.random.default_rng(8)
    for seed in (3, 5, 9):
        x, y = leading(1500, 0.03, seed)
        normal, permuted = variance_causality(x, y, 5), permuted_causality(x, y, 5, 999, rng)
        assert not isinstance(normal, Inapplicable)
        assert not isinstance(permuted, Inapplicable)
        assert permuted == pytest.approx(normal.p_hong, abs=0.06)
    assert permuted_causality(*leading(300, 0.9, 1), 5, 199, rng) == pytest.approx(1 / 200)


def test_too_little_is_refused() -> None:
    x, y = leading(20, 0.0, 1)
    assert isinstance(variance_causality(x, y, 5), Inapplicable)
    assert isinstance(variance_causality(np.ones(100), y.repeat(5), 5), Inapplicable)
