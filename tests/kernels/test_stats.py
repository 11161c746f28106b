"""Cross-sectional statistics against scipy, pandas, loops, and the reasons why some do not exist."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from eventstudy.kernels.stats import (
    Inapplicable,
    Stat,
    adjust_bmp,
    adjust_patell,
    cross_sectional_t,
    mean_correlation,
    patell_z,
)


def number(stat: Stat | Inapplicable) -> Stat:
    """The statistic, which must exist."""
    assert isinstance(stat, Stat), stat
    return stat


def reason(stat: Stat | Inapplicable) -> str:
    """The reason, which must exist."""
    assert isinstance(stat, Inapplicable), stat
    return stat.reason


@pytest.mark.parametrize("n", [2, 3, 12, 200])
def test_cross_sectional_t_is_the_one_sample_t(n: int) -> None:
    values = np.random.default_rng(n).normal(0.01, 0.03, n)
    ours, reference = number(cross_sectional_t(values)), stats.ttest_1samp(values, 0.0)
    assert ours.value == pytest.approx(reference.statistic, rel=1e-12)
    assert ours.pvalue == pytest.approx(reference.pvalue, rel=1e-12)
    assert ours.dof == n - 1
    low, high = reference.confidence_interval(0.95)
    half = ours.critical(0.05) * values.mean() / ours.value
    assert (values.mean() - half, values.mean() + half) == pytest.approx((low, high), rel=1e-10)


def test_cross_sectional_t_by_hand() -> None:
    # 1, 2, 3: mean 2, standard deviation 1, so sqrt(3) * 2; the p of t(2) is 1 - t / sqrt(2 + t^2).
    stat = number(cross_sectional_t(np.array([1.0, 2.0, 3.0])))
    t = 2.0 * math.sqrt(3.0)
    assert stat.value == pytest.approx(t, rel=1e-14)
    assert stat.pvalue == pytest.approx(1.0 - t / math.sqrt(2.0 + t * t), rel=1e-12)
    assert stat.law == "t(2)"


def test_normal_law_by_published_points() -> None:
    # Standard normal table: P(|Z| > 1.96) = 0.0499958; the 5% point is 1.959964.
    assert Stat(1.96).pvalue == pytest.approx(0.0499958, abs=5e-8)
    assert Stat(0.0).critical(0.05) == pytest.approx(1.959964, abs=5e-7)
    assert Stat(0.0).law == "N(0,1)"
    # Student's table: t(10) at 5% two-sided is 2.228.
    assert Stat(0.0, 10.0).critical(0.05) == pytest.approx(2.228, abs=5e-4)
    assert Stat(-2.0).pvalue == Stat(2.0).pvalue


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "there is 0"),
        ([0.1], "there is 1"),
        ([0.1, 0.1, 0.1], "no cross-sectional variation"),
        ([0.3, 0.1 + 0.2], "no cross-sectional variation"),  # equal up to the last digit
        ([0.0, 0.0], "no cross-sectional variation"),
    ],
)
def test_cross_sectional_t_refuses(values: list[float], words: str) -> None:
    assert words in reason(cross_sectional_t(np.array(values)))


def test_patell_by_a_loop() -> None:
    sums, length, dof = np.array([1.2, -0.4, 2.1]), np.array([3.0, 2.0, 3.0]), np.array([98, 58, 120])
    top, bottom = 0.0, 0.0
    for i in range(3):
        top += sums[i]
        bottom += length[i] * dof[i] / (dof[i] - 2)
    stat = number(patell_z(sums, length, dof))
    assert stat.value == pytest.approx(top / math.sqrt(bottom), rel=1e-14)
    assert stat.pvalue == pytest.approx(2.0 * stats.norm.sf(abs(stat.value)), rel=1e-12)


def test_patell_of_student_draws_has_unit_variance() -> None:
    # A SCAR is t(d), whose variance is d / (d - 2): the ratio must be standard. 20,000 draws of t(10): the
    # variance estimate has s.e. sqrt((kurtosis - 1) / n) = sqrt((4 - 1) / 20000) = .012; five of them.
    draws = stats.t.rvs(10, size=20_000, random_state=np.random.default_rng(1))
    z = [number(patell_z(np.array([d]), np.ones(1), np.array([10]))).value for d in draws]
    assert np.var(z) == pytest.approx(1.0, abs=5 * 0.0123)


def test_patell_refuses_without_pairs_or_without_a_variance() -> None:
    assert "there is 0" in reason(patell_z(np.empty(0), np.empty(0), np.empty(0, dtype=np.int64)))
    assert "more than 2 degrees" in reason(patell_z(np.ones(2), np.ones(2), np.array([50, 2])))


@pytest.mark.parametrize("rbar", [-0.05, 0.0, 0.2, 0.9])
def test_adjustments_by_formula(rbar: float) -> None:
    n = 12
    assert number(adjust_patell(Stat(2.5), n, rbar)).value == pytest.approx(2.5 / math.sqrt(1 + 11 * rbar), rel=1e-14)
    adjusted = number(adjust_bmp(Stat(2.5, 11.0), n, rbar))
    assert adjusted.value == pytest.approx(2.5 * math.sqrt((1 - rbar) / (1 + 11 * rbar)), rel=1e-14)
    assert adjusted.dof == 11.0


def test_adjusted_bmp_has_its_size_under_equal_correlation() -> None:
    # Kolari & Pynnonen's own claim: with known r the adjusted t is exact. Rejections of 5%: 4,000 draws have
    # s.e. .0034; four of them. Without the adjustment the same draws reject about 30%.
    rng, n, r, runs = np.random.default_rng(4), 12, 0.2, 4000
    common, own = rng.standard_normal((runs, 1)), rng.standard_normal((runs, n))
    values = math.sqrt(r) * common + math.sqrt(1 - r) * own
    plain = [number(cross_sectional_t(v)) for v in values]
    adjusted = [number(adjust_bmp(t, n, r)) for t in plain]
    assert np.mean([t.pvalue <= 0.05 for t in adjusted]) == pytest.approx(0.05, abs=4 * 0.0034)
    assert np.mean([t.pvalue <= 0.05 for t in plain]) > 0.25


def test_adjustments_refuse() -> None:
    assert "there is 1" in reason(adjust_patell(Stat(1.0), 1, 0.0))
    assert "there is 1" in reason(adjust_bmp(Stat(1.0), 1, math.nan))
    assert "leaves no variance" in reason(adjust_patell(Stat(1.0), 5, -0.25))
    assert "leaves no variance" in reason(adjust_bmp(Stat(1.0), 5, -0.3))
    assert "leaves no variance" in reason(adjust_bmp(Stat(1.0), 5, 1.0))


@pytest.mark.parametrize("share", [1.0, 0.7, 0.35])
def test_mean_correlation_matches_pandas_with_missing_data(share: float) -> None:
    rng = np.random.default_rng(9)
    residual = 0.02 * (rng.standard_normal((90, 6)) + rng.standard_normal((90, 1)))
    residual *= 10.0 ** np.arange(-3, 3)  # scales differ a millionfold between columns
    known = rng.random((90, 6)) < share
    frame = pd.DataFrame(np.where(known, residual, np.nan))
    expected = frame.corr(min_periods=20).fillna(0.0).to_numpy()[np.triu_indices(6, k=1)].mean()
    assert mean_correlation(residual, known) == pytest.approx(expected, rel=1e-10)
    assert mean_correlation(np.where(known, residual, 1e9), known) == pytest.approx(expected, rel=1e-10)


def test_mean_correlation_counts_too_few_common_days_as_zero() -> None:
    residual = np.repeat(np.random.default_rng(1).standard_normal((60, 1)), 3, axis=1)
    known = np.ones((60, 3), dtype=bool)
    known[19:, 2] = False  # 19 days in common with the other two
    assert mean_correlation(residual, known) == pytest.approx(1.0 / 3.0, rel=1e-12)
    known[19, 2] = True  # the twentieth
    assert mean_correlation(residual, known) == pytest.approx(1.0, rel=1e-12)


def test_mean_correlation_without_a_pair_or_without_variation() -> None:
    assert math.isnan(mean_correlation(np.ones((50, 1)), np.ones((50, 1), dtype=bool)))
    flat = np.column_stack((np.zeros(50), np.random.default_rng(1).standard_normal(50)))
    assert mean_correlation(flat, np.ones((50, 2), dtype=bool)) == 0.0
