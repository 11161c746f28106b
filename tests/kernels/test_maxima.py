"""The law of the shocks against a direct maximisation, the recursions against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from eventstudy.kernels.garch import GarchParams, forecast_variance
from eventstudy.kernels.maxima import (
    filtered_backwards,
    fit_student,
    paths_and_variances,
    student_shocks,
    variance_ahead,
)

GJR = GarchParams(*(np.asarray(v) for v in (2e-6, 0.04, 0.06, 0.9)))


@pytest.mark.parametrize(("nu", "n"), [(4.0, 1000), (8.0, 3000), (30.0, 3000)])
def test_degrees_of_freedom_maximise_the_likelihood(nu: float, n: int) -> None:
    z = np.random.default_rng(int(nu)).standard_t(nu, n) * 0.7
    unit = z / np.sqrt(np.mean(z**2))

    def cost(u: float) -> float:
        return -float(stats.t.logpdf(unit, 1.0 / u, scale=np.sqrt(1.0 - 2.0 * u)).sum())

    best = optimize.minimize_scalar(cost, bounds=(0.005, 0.485), method="bounded", options={"xatol": 1e-8}).x
    tail = fit_student(z[None])
    # Bins 0.01 wide in log(1 + z^2) and a parabola over a grid of 0.005: a small part of the estimate's own error.
    assert tail.inverse_dof[0] == pytest.approx(best, abs=0.001)
    assert tail.scale[0] == pytest.approx(np.sqrt(np.mean(z**2)), rel=1e-14)


def test_rows_are_fitted_independently() -> None:
    z = np.random.default_rng(1).standard_t(6, (5, 400))
    together = fit_student(z)
    alone = [fit_student(row[None]) for row in z]
    np.testing.assert_allclose(together.inverse_dof, [a.inverse_dof[0] for a in alone], rtol=1e-9)


def test_quantile_of_the_largest_is_that_of_the_law() -> None:
    tail = fit_student(np.random.default_rng(2).standard_t(5, 2000)[None])
    cut = float(tail.quantile(250, 0.05)[0]) / float(tail.scale[0])
    nu = 1.0 / float(tail.inverse_dof[0])
    each = 2.0 * stats.t.sf(cut / np.sqrt((nu - 2.0) / nu), nu)
    # Interpolated between laws 0.005 apart in 1/nu.
    assert 1.0 - (1.0 - each) ** 250 == pytest.approx(0.05, rel=2e-3)


def test_shocks_have_unit_variance_and_the_tail_of_the_law() -> None:
    z = student_shocks(1.0 / 8.0, (400_000,), np.random.default_rng(3))
    assert np.mean(z**2) == pytest.approx(1.0, abs=0.01)  # its standard error is 0.003
    assert stats.kstest(z * np.sqrt(8.0 / 6.0), stats.t(8.0).cdf).pvalue > 0.001


def test_expected_variances_are_those_of_one_forecast() -> None:
    h = np.array([1e-4, 4e-4])
    ahead = variance_ahead(GJR, h, 6)
    for column, first in enumerate(h):
        np.testing.assert_allclose(ahead[:, column], forecast_variance(GJR, first, 6), rtol=1e-14)


def test_paths_follow_the_recursion() -> None:
    z = np.random.default_rng(4).standard_normal((50, 2))
    e, h = paths_and_variances(GJR, 2e-4, z)
    for column in range(2):
        level = 2e-4
        for t in range(50):
            assert h[t, column] == pytest.approx(level, rel=1e-14)
            own = z[t, column] * np.sqrt(level)
            assert e[t, column] == pytest.approx(own, rel=1e-14)
            level = 2e-6 + (0.04 + 0.06 * (own < 0)) * own**2 + 0.9 * level


def test_looking_back_is_the_symmetric_recursion_against_time() -> None:
    e = np.random.default_rng(5).standard_normal(40) * 0.01
    h = filtered_backwards(GJR, np.array([2e-4]), e[:, None])[:, 0]
    level = 2e-4
    for t in range(39, -1, -1):
        assert h[t] == pytest.approx(level, rel=1e-14)
        level = 2e-6 + 0.07 * e[t] ** 2 + 0.9 * level
