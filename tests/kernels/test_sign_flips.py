"""Sign flips, sides, and the stationary bootstrap."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from eventstudy.kernels.resample import (
    all_sign_patterns,
    doubled_pvalue,
    group_sums,
    sided_pvalue,
    sign_flip_pvalue,
    stationary_bootstrap_variance,
    stationary_sums,
)


def test_sign_flips_by_enumeration() -> None:
    values = np.random.default_rng(2).standard_normal(9) + 0.4
    count = sum(
        abs(sum(s * v for s, v in zip(signs, values, strict=True))) >= abs(values.sum()) - 1e-12
        for signs in itertools.product((1, -1), repeat=9)
    )
    assert sign_flip_pvalue(values, all_sign_patterns(9), complete=True) == count / 2**9


def test_equal_sums_in_another_order_count_as_equal() -> None:
    # .1 + .2 + .3 and .3 + .2 + .1 differ in the last bit; both patterns must count.
    assert sign_flip_pvalue(np.array([0.1, 0.2, 0.3]), all_sign_patterns(3), complete=True) == 2 / 8


def test_random_patterns_never_give_zero() -> None:
    values = np.full(30, 1.0)
    drawn = np.random.default_rng(0).integers(0, 2, (99, 30)) * 2.0 - 1.0
    assert sign_flip_pvalue(values, drawn, complete=False) == 1 / 100


def test_group_sums_follow_the_labels() -> None:
    np.testing.assert_array_equal(group_sums(np.array([1.0, 2.0, 4.0]), np.array([730, 5, 730])), [2.0, 5.0])
    wide = group_sums(np.array([[1.0, 1.0], [2.0, 3.0]]), np.array([1, 1]))
    np.testing.assert_array_equal(wide, [[3.0, 4.0]])


def test_sides_by_hand() -> None:
    placebo = np.array([-3.0, -1.0, 0.0, 2.0])
    assert sided_pvalue(1.0, placebo, "less") == 4 / 5
    assert sided_pvalue(1.0, placebo, "greater") == 2 / 5
    assert sided_pvalue(1.0, placebo, "two-sided") == 4 / 5
    assert doubled_pvalue(1.0, placebo) == 4 / 5
    assert doubled_pvalue(-0.5, placebo) == 1.0


def test_stationary_bootstrap_variance_is_that_of_its_draws() -> None:
    rng = np.random.default_rng(7)
    series = np.convolve(rng.standard_normal(84), [1.0, 0.6, 0.3, 0.1, 0.1], mode="valid")
    draws = stationary_sums(series, series.size, 40_000, 0.1, rng)
    # Relative standard error of a variance from B draws: sqrt(2 / B) = .7%; four of them.
    assert draws.var() / series.size == pytest.approx(stationary_bootstrap_variance(series, 0.1), rel=0.028)
    # Blocks of one session are the ordinary bootstrap.
    assert stationary_bootstrap_variance(series, 1.0) == pytest.approx(series.var(), rel=1e-12)


def test_stationary_sums_of_one_session_are_values_of_the_series() -> None:
    series = np.array([1.0, 2.0, 4.0])
    drawn = stationary_sums(series, 1, 500, 0.1, np.random.default_rng(0))
    assert set(drawn.tolist()) == {1.0, 2.0, 4.0}
    # Without restarts three sessions are always the whole circle.
    np.testing.assert_array_equal(stationary_sums(series, 3, 20, 0.0, np.random.default_rng(0)), np.full(20, 7.0))
