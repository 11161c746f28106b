"""Ranks by enumeration, intervals that invert them, and rolling scales by loops."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eventstudy.kernels.resample import (
    complete_windows,
    critical_value,
    local_rms,
    rank_pvalue,
    smallest_pvalue,
    upper_pvalue,
    window_sums,
)

FloatArray = NDArray[np.float64]
VALUES = st.lists(st.integers(-50, 50).map(lambda k: k / 8.0), min_size=0, max_size=80).map(np.array)


def test_rank_p_by_hand() -> None:
    placebo = np.array([0.5, -2.0, 1.0, 3.0])
    # |value| = 2: itself, -2 and 3 are as large: 3 of 5.
    assert rank_pvalue(2.0, placebo) == 3.0 / 5.0
    assert rank_pvalue(-2.0, placebo) == 3.0 / 5.0
    assert rank_pvalue(3.1, placebo) == 1.0 / 5.0 == smallest_pvalue(4)
    assert rank_pvalue(0.0, placebo) == 1.0
    assert upper_pvalue(1.0, placebo) == 3.0 / 5.0
    assert upper_pvalue(-2.0, placebo) == 1.0


def test_rank_p_is_exact_under_exchangeability() -> None:
    # Enumerate every assignment of one of five values to the event: p <= k/5 happens for exactly k of them.
    sizes = [0.3, 1.1, 1.9, 2.2, 5.0]
    found = sorted(
        rank_pvalue(event, np.array([s for j, s in enumerate(sizes) if j != i])) for i, event in enumerate(sizes)
    )
    assert found == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])


def test_ties_count_against_the_event() -> None:
    assert rank_pvalue(1.0, np.ones(9)) == 1.0
    assert upper_pvalue(1.0, np.ones(9)) == 1.0


@given(placebo=VALUES, alpha=st.sampled_from([0.01, 0.05, 0.1, 0.2, 0.45]))
@settings(max_examples=200)
def test_critical_value_inverts_the_rank_p(placebo: FloatArray, alpha: float) -> None:
    critical = critical_value(placebo, alpha)
    if math.isinf(critical):
        # Nothing can be rejected: even the most extreme value has too large a p.
        assert smallest_pvalue(placebo.size) > alpha
        return
    assert rank_pvalue(critical, placebo) > alpha
    assert rank_pvalue(np.nextafter(critical, np.inf), placebo) <= alpha


@given(placebo=VALUES, value=st.integers(-60, 60).map(lambda k: k / 8.0))
@settings(max_examples=200)
def test_rank_p_by_counting(placebo: FloatArray, value: float) -> None:
    at_least = 1
    for one in placebo.tolist():
        if abs(one) >= abs(value):
            at_least += 1
    assert rank_pvalue(value, placebo) == at_least / (1 + placebo.size)
    assert smallest_pvalue(placebo.size) <= rank_pvalue(value, placebo) <= 1.0


def test_window_sums_by_loop() -> None:
    values = np.random.default_rng(2).standard_normal((2, 3, 17))
    for length in (1, 4, 17):
        ours = window_sums(values, length)
        assert ours.shape == (2, 3, 17 - length + 1)
        for i, j in itertools.product(range(2), range(3)):
            by_hand = [math.fsum(values[i, j, s : s + length]) for s in range(17 - length + 1)]
            np.testing.assert_allclose(ours[i, j], by_hand, rtol=1e-12, atol=1e-14)
    assert window_sums(values, 18).shape == (2, 3, 0)


def test_a_hole_spoils_exactly_the_windows_that_hold_it() -> None:
    values = np.arange(8.0)
    values[3] = np.nan
    np.testing.assert_array_equal(np.isnan(window_sums(values, 3)), [False, True, True, True, False, False])
    np.testing.assert_array_equal(complete_windows(np.isfinite(values), 3), [True, False, False, False, True, True])
    assert complete_windows(np.ones(2, dtype=bool), 3).size == 0


def test_local_rms_by_loop() -> None:
    residual = 0.02 * np.random.default_rng(6).standard_normal(50)
    residual[[4, 5, 30, 41]] = np.nan
    ours = local_rms(residual, 8)
    for t in range(50):
        before = [r for r in residual[max(0, t - 8) : t].tolist() if not math.isnan(r)]
        if t < 8:
            assert math.isnan(ours[t])
        else:
            assert ours[t] == pytest.approx(math.sqrt(sum(r * r for r in before) / len(before)), rel=1e-12)


def test_local_rms_never_looks_at_its_own_position_or_later() -> None:
    residual = np.random.default_rng(8).standard_normal(40)
    changed = residual.copy()
    changed[25:] *= 100.0
    np.testing.assert_array_equal(local_rms(residual, 10)[:26], local_rms(changed, 10)[:26])
    assert local_rms(changed, 10)[26] > local_rms(residual, 10)[26]


def test_local_rms_says_nothing_where_nothing_is_known() -> None:
    residual = np.ones(20)
    residual[2:8] = np.nan
    ours = local_rms(residual, 10)
    assert np.isnan(ours[10:13]).all()  # 4 of the 10 before are known: fewer than half
    assert ours[13] == 1.0  # 5 of 10
    still = np.concatenate((np.zeros(12), np.ones(3)))
    assert np.isnan(local_rms(still, 10)[10:13]).all()
    assert local_rms(still, 10)[13] == pytest.approx(math.sqrt(0.1))
    assert np.isnan(local_rms(np.ones(10), 10)).all()
