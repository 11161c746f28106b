"""Buy-and-hold responses and the panel's means, by loops; SQ by side."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from eventstudy.abnormal import AbnormalReturns, combine
from eventstudy.inference.single import SidedP, sample_quantile_sides
from eventstudy.kernels.stats import Inapplicable
from tests.inference.panels import OFFSETS, abnormal_of

FloatArray = NDArray[np.float64]


@pytest.fixture
def abnormal() -> AbnormalReturns:
    """Four pairs on a market, one session missing in the event window and one in the estimation window."""
    rng = np.random.default_rng(6)
    market = np.repeat(0.01 * rng.standard_normal((1, OFFSETS.size)), 4, axis=0)
    own = 0.5 * market + 0.02 * rng.standard_normal((4, OFFSETS.size))
    own[1, OFFSETS == 1] = np.nan
    own[2, 4] = np.nan
    return abnormal_of(own, market)


def test_simple_returns_compound(abnormal: AbnormalReturns) -> None:
    held, beside = abnormal.bhar((0, 3)), abnormal.bhar_market((0, 3))
    assert abnormal.market is not None
    for i in range(4):
        days = [c for c in np.flatnonzero((OFFSETS >= 0) & (OFFSETS <= 3)) if np.isfinite(abnormal.ar[i, c])]
        own = math.prod(1 + abnormal.response[i, c] for c in days)
        expected = math.prod(1 + abnormal.response[i, c] - abnormal.ar[i, c] for c in days)
        market = math.prod(1 + abnormal.market[i, c] for c in days)
        assert held[i] == pytest.approx(own - expected, rel=1e-12)
        assert beside[i] == pytest.approx(own - market, rel=1e-12)


def test_log_returns_add_up_and_differences_do_not_compound(abnormal: AbnormalReturns) -> None:
    log = replace(abnormal, changes=("log", "difference", "as_is", "log"))
    held, car = log.bhar((0, 3)), log.car((0, 3)).car
    cut = log.columns((0, 3))
    own = np.exp(log.response[[0, 3], cut].sum(axis=1))
    np.testing.assert_allclose(held[[0, 3]], own * (1 - np.exp(-car[[0, 3]])), rtol=1e-10)
    assert np.isnan(held[[1, 2]]).all()
    assert np.isnan(replace(abnormal, market=None).bhar_market((0, 3))).all()
    assert np.isnan(replace(abnormal, changes=()).bhar((0, 3))).all()


def test_a_window_without_a_session_has_no_buy_and_hold(abnormal: AbnormalReturns) -> None:
    assert np.isnan(abnormal.bhar((1, 1))[1])
    assert np.isfinite(abnormal.bhar((1, 1))[0])


def test_means_of_the_panel_by_loops(abnormal: AbnormalReturns) -> None:
    aar = abnormal.aar()
    for c in range(OFFSETS.size):
        there = [float(v) for v in abnormal.ar[:, c] if math.isfinite(v)]
        assert aar[c] == pytest.approx(math.fsum(there) / len(there), rel=1e-12, abs=1e-18)
    estimation = aar[OFFSETS <= -6]
    assert abnormal.s_aar() == pytest.approx(float(np.std(estimation, ddof=1)), rel=1e-12)
    shares = [
        sum(v > 0 for v in abnormal.ar[i, abnormal.estimation[i]]) / abnormal.estimation[i].sum() for i in range(4)
    ]
    assert abnormal.phat() == pytest.approx(sum(shares) / 4, rel=1e-12)


def test_market_and_kind_of_return_travel_with_the_pairs(abnormal: AbnormalReturns) -> None:
    turned = abnormal.take(np.array([3, 1]))
    np.testing.assert_array_equal(turned.bhar_market((0, 3)), abnormal.bhar_market((0, 3))[[3, 1]])
    without = replace(abnormal, market=None)
    both = combine([abnormal, without])
    assert both.changes == ("simple",) * 8
    np.testing.assert_array_equal(both.bhar_market((0, 3))[:4], abnormal.bhar_market((0, 3)))
    assert np.isnan(both.bhar_market((0, 3))[4:]).all()


@pytest.mark.parametrize("length", [1, 3])
def test_sq_by_side_is_a_count(abnormal: AbnormalReturns, length: int) -> None:
    one = abnormal.take(np.array([0]))
    found = sample_quantile_sides(one, (0, length - 1), convention="raw")
    assert isinstance(found, SidedP)
    inside = one.ar[0, OFFSETS <= -6]
    sums = [math.fsum(inside[s : s + length]) for s in range(inside.size - length + 1)]
    car = float(one.car((0, length - 1)).car[0])
    lower, upper = (
        (1 + sum(s <= car for s in sums)) / (1 + len(sums)),
        (1 + sum(s >= car for s in sums)) / (1 + len(sums)),
    )
    both = (1 + sum(abs(s) >= abs(car) for s in sums)) / (1 + len(sums))
    assert found == SidedP(lower, upper, min(1.0, 2 * min(lower, upper)), both, len(sums))
    studentised = sample_quantile_sides(one, (0, length - 1))
    assert isinstance(studentised, SidedP)
    assert studentised.b == found.b


def test_sq_of_a_window_without_a_response_is_refused(abnormal: AbnormalReturns) -> None:
    assert isinstance(sample_quantile_sides(abnormal.take(np.array([1])), (1, 1)), Inapplicable)
