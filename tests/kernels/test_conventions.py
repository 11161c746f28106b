"""Where published packages disagree with the papers: the factor between them, and the papers' own corrections."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from eventstudy.errors import InputError
from eventstudy.kernels.stats import (
    Inapplicable,
    Stat,
    crude_t,
    estimation_sd,
    jackknife_t,
    mackinlay_j1,
    patell_z,
    skewness_adjusted_t,
    standardise,
    standardise_sum,
)

N, M, DOF = 4, np.full(4, 120), np.full(4, 118)


@pytest.fixture
def numbers() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(9)
    return rng.normal(0.01, 0.02, N), rng.uniform(0.01, 0.02, N), rng.uniform(0.008, 0.02, N)


def value(stat: Stat | Inapplicable) -> float:
    """Of the statistic, which must exist."""
    assert isinstance(stat, Stat), stat
    return stat.value


def test_estudy2_is_larger_by_the_factor_its_source_shows(
    numbers: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    ar, sigma, leverage = numbers
    # Run on four firms with 120 estimation sessions, estudy2 gave 1.0042283487 times the textbook's Patell and J1.
    factor = 1.0042283487
    assert math.sqrt(119 / 118) == pytest.approx(factor, rel=1e-10)
    one = np.ones(N)
    textbook = standardise(ar, sigma, leverage, dof=DOF, observations=M)
    theirs = standardise(ar, sigma, leverage, dof=DOF, observations=M, convention="estudy2")
    patell = value(patell_z(textbook, one, DOF))
    assert value(patell_z(theirs, one, DOF)) / patell == pytest.approx(factor, rel=1e-10)
    assert value(patell_z(textbook, one, DOF, convention="estudy2", observations=M)) / patell == pytest.approx(factor)
    j1 = value(mackinlay_j1(ar, sigma))
    assert value(mackinlay_j1(ar, sigma, convention="estudy2", dof=DOF, observations=M)) / j1 == pytest.approx(factor)
    # BMP divides by the spread across pairs: the factor cancels when all pairs have as many sessions.
    t = stats.ttest_1samp(theirs, 0.0).statistic
    assert t == pytest.approx(stats.ttest_1samp(textbook, 0.0).statistic, rel=1e-12)


def test_eventstudy2_takes_the_fourth_root_and_a_running_count(
    numbers: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    ar, sigma, leverage = numbers
    found = standardise(ar, sigma, leverage, dof=DOF, observations=M, convention="eventstudy2")
    for i in range(N):
        assert found[i] == pytest.approx(ar[i] / (sigma[i] * (1 + leverage[i]) ** 0.25), rel=1e-14)
    sar = np.array([[1.0, 2.0, -0.5]])
    np.testing.assert_allclose(standardise_sum(sar, "eventstudy2"), [[1.0, 3 / math.sqrt(2), 2.5 / math.sqrt(3)]])
    np.testing.assert_allclose(standardise_sum(sar), [[1.0, 3.0, 2.5]])


def test_a_convention_that_needs_the_sessions_asks_for_them(
    numbers: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    ar, sigma, _ = numbers
    with pytest.raises(InputError, match="observations"):
        patell_z(ar, np.ones(N), DOF, convention="estudy2")
    with pytest.raises(InputError, match="degrees of freedom"):
        mackinlay_j1(ar, sigma, convention="estudy2")
    np.testing.assert_array_equal(estimation_sd(sigma, DOF, M), sigma)


def test_crude_t_and_j1_by_hand() -> None:
    estimation = np.array([0.01, -0.01, 0.02, -0.02, 0.0])
    found = crude_t(0.06, 4, estimation)
    assert isinstance(found, Stat)
    assert found.value == pytest.approx(0.06 / (math.sqrt(0.001 / 4) * 2.0), rel=1e-12)
    assert found.dof == 4
    assert isinstance(crude_t(0.1, 1, np.zeros(5)), Inapplicable)
    assert isinstance(crude_t(0.1, 1, np.zeros(1)), Inapplicable)
    assert value(mackinlay_j1(np.array([3.0, 5.0]), np.array([3.0, 4.0]))) == pytest.approx(8.0 / 5.0)


def test_skewness_and_jackknife_by_loops() -> None:
    x = np.random.default_rng(12).gamma(2.0, 1.0, 11) - 1.5
    n, mean, s = 11, x.mean(), x.std(ddof=1)
    ratio = mean / s
    g = sum((v - mean) ** 3 for v in x) / (n * s**3)
    johnson = math.sqrt(n) * (ratio + g * ratio**2 / 3 + g / (6 * n))
    assert value(skewness_adjusted_t(x, form="johnson")) == pytest.approx(johnson, rel=1e-12)
    hall = johnson + math.sqrt(n) * g**2 * ratio**3 / 27
    assert value(skewness_adjusted_t(x, form="hall")) == pytest.approx(hall, rel=1e-12)
    g *= n**2 / ((n - 1) * (n - 2))
    adjusted = math.sqrt(n) * (ratio + g * ratio**2 / 3 + g**2 * ratio**3 / 27 + g / (6 * n))
    assert value(skewness_adjusted_t(x, form="hall_adjusted")) == pytest.approx(adjusted, rel=1e-12)
    pseudo = [n * ratio - (n - 1) * np.delete(x, i).mean() / np.delete(x, i).std(ddof=1) for i in range(n)]
    assert value(jackknife_t(x)) == pytest.approx(stats.ttest_1samp(pseudo, 0.0).statistic, rel=1e-9)
    for few in (x[:2], np.ones(5)):
        assert isinstance(jackknife_t(few), Inapplicable)
        assert isinstance(skewness_adjusted_t(few, form="hall"), Inapplicable)
