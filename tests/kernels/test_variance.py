"""Variance statistics by loops, by the moments of F and chi-squared."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from eventstudy.kernels.stats import Inapplicable, Stat
from eventstudy.kernels.variance import (
    CumulativeVolatility,
    cumulative_volatility,
    patell_variance_z,
    variance_ratio_t,
    variance_ratios,
)


def bgw_by_loops(ar: np.ndarray, h: np.ndarray) -> tuple[list[float], float, float, int]:
    """Multipliers, published and unbiased chi-squared, degrees of freedom; days of fewer than two pairs left out."""
    multipliers, published, unbiased, dof = [], 0.0, 0.0, 0
    for t in range(ar.shape[1]):
        pairs = [(float(e), float(v)) for e, v in zip(ar[:, t], h[:, t], strict=True) if math.isfinite(e)]
        n = len(pairs)
        if n < 2:
            continue
        total, variances = sum(e for e, _ in pairs), sum(v for _, v in pairs)
        m = sum((n * e - total) ** 2 / (n * (n - 2) * v + variances) for e, v in pairs) / (n - 1)
        multipliers.append(m)
        published += (n - 1) * m
        unbiased += (n - 1) ** 2 / n * m
        dof += n - 1
    return multipliers, published, unbiased, dof


def test_cumulative_volatility_by_loops_with_holes() -> None:
    rng = np.random.default_rng(1)
    ar, h = rng.standard_normal((6, 5)), rng.uniform(0.5, 2.0, (6, 5))
    ar[0, 1] = ar[2, 1] = np.nan
    ar[1:, 3] = np.nan  # one pair is left: the day does not count
    found = cumulative_volatility(ar, h)
    assert isinstance(found, CumulativeVolatility)
    multipliers, published, unbiased, dof = bgw_by_loops(ar, h)
    np.testing.assert_allclose(found.multipliers, multipliers, rtol=1e-12)
    assert (found.chi2, found.unbiased) == pytest.approx((published, unbiased), rel=1e-12)
    assert found.dof == dof == 5 + 3 + 5 + 5
    assert found.pvalue(published) == pytest.approx(stats.chi2.sf(published, dof), rel=1e-12)


def test_equal_variances_make_the_unbiased_form_exactly_chi_squared() -> None:
    # With h equal, sum (N e - sum e)^2 / (N (N-1) h) ... is the sum of squares about the mean, chi2(N - 1).
    rng = np.random.default_rng(2)
    e = rng.standard_normal((9, 1))
    found = cumulative_volatility(e, np.ones((9, 1)))
    assert isinstance(found, CumulativeVolatility)
    assert found.unbiased == pytest.approx(((e - e.mean()) ** 2).sum(), rel=1e-12)
    assert found.chi2 == pytest.approx(9 / 8 * found.unbiased, rel=1e-12)


def test_patell_variance_uses_the_moments_of_f() -> None:
    sar, dof = np.array([0.5, -2.0, 1.5]), np.array([50, 80, 118])
    mean, variance = zip(*(stats.f.stats(1, d, moments="mv") for d in dof), strict=True)
    expected = ((sar**2).sum() - np.sum(mean)) / math.sqrt(np.sum(variance))
    found = patell_variance_z(sar, dof)
    assert isinstance(found, Stat)
    assert found.value == pytest.approx(float(expected), rel=1e-12)
    assert isinstance(patell_variance_z(sar, np.array([4, 50, 50])), Inapplicable)


def test_variance_ratio_t_is_about_one() -> None:
    ratios = variance_ratios(np.array([0.02, -0.03, 0.01]), np.array([0.01, 0.01, 0.02]))
    np.testing.assert_allclose(ratios, [4.0, 9.0, 0.25])
    found = variance_ratio_t(ratios)
    assert isinstance(found, Stat)
    assert found.value == pytest.approx(stats.ttest_1samp(ratios, 1.0).statistic, rel=1e-12)
    assert isinstance(variance_ratio_t(ratios[:1]), Inapplicable)
    assert isinstance(cumulative_volatility(np.ones((1, 3)), np.ones((1, 3))), Inapplicable)
