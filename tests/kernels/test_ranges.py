"""Range estimators against simulated days of known variance, tests of variance against scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from eventstudy.kernels.ranges import Bars, brown_forsythe, log_bars, range_variance, rank_sum, variance_f
from eventstudy.kernels.stats import Inapplicable

FloatArray = np.ndarray


def trading_days(n: int, *, drift: float, overnight: float, seed: int) -> FloatArray:
    """Open, high, low, close of days that are random walks of 2,000 steps with daily variance 1e-4."""
    rng = np.random.default_rng(seed)
    steps = 2000
    rows, last = np.empty((n, 4)), 0.0
    for t in range(n):
        opened = last + overnight * rng.standard_normal()
        path = opened + np.cumsum(drift / steps + 0.01 / math.sqrt(steps) * rng.standard_normal(steps))
        last = path[-1]
        rows[t] = opened, max(path.max(), opened), min(path.min(), opened), last
    return np.exp(rows)


@pytest.fixture(scope="module")
def quiet_nights() -> Bars:
    """No drift, nothing overnight."""
    return log_bars(trading_days(3000, drift=0.0, overnight=0.0, seed=1)).cut(1, 3000)


# Two thousand steps miss the true extremes by about 2% of the variance; 3,000 days leave a Monte Carlo error of
# 1 to 3%: 6% covers both.
@pytest.mark.parametrize("key", ["parkinson", "garman_klass", "rogers_satchell", "yang_zhang", "close_close"])
def test_estimators_meet_the_variance_of_random_walks(quiet_nights: Bars, key: str) -> None:
    assert range_variance(quiet_nights, key) == pytest.approx(1e-4, rel=0.06)  # type: ignore[arg-type]


def test_ranges_are_more_precise_than_closes(quiet_nights: Bars) -> None:
    """Relative efficiency over weeks: Parkinson about 5, Garman & Klass about 7 (their papers)."""
    windows = quiet_nights.windows(20)
    spread = {k: range_variance(windows, k).var() for k in ("close_close", "parkinson", "garman_klass")}  # type: ignore[arg-type]
    assert 3.5 < spread["close_close"] / spread["parkinson"] < 7.0
    assert 5.0 < spread["close_close"] / spread["garman_klass"] < 10.0


def test_drift_fools_parkinson_and_not_rogers_and_satchell() -> None:
    bars = log_bars(trading_days(1500, drift=0.02, overnight=0.0, seed=2)).cut(1, 1500)
    # With a drift of two s.d. the extremes lie near the ends, where missed ones weigh more: 9% of the variance.
    assert range_variance(bars, "rogers_satchell") == pytest.approx(1e-4, rel=0.12)
    assert range_variance(bars, "yang_zhang") == pytest.approx(1e-4, rel=0.12)
    assert range_variance(bars, "parkinson") > 1.8e-4


def test_moves_overnight_count_in_yang_and_zhang_alone() -> None:
    bars = log_bars(trading_days(1500, drift=0.0, overnight=0.01, seed=3)).cut(1, 1500)
    assert range_variance(bars, "garman_klass") == pytest.approx(1e-4, rel=0.08)
    assert range_variance(bars, "yang_zhang") == pytest.approx(2e-4, rel=0.08)
    assert range_variance(bars, "close_close") == pytest.approx(2e-4, rel=0.12)


def test_formulas_by_a_plain_loop() -> None:
    prices = trading_days(12, drift=0.0, overnight=0.005, seed=4)
    n, rs, opens, closes = 11, 0.0, [], []
    for t in range(1, 12):
        o, h, low, c = (math.log(p) for p in prices[t])
        rs += ((h - c) * (h - o) + (low - c) * (low - o)) / n
        opens.append(o - math.log(prices[t - 1][3]))
        closes.append(c - o)
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    want = np.var(opens, ddof=1) + k * np.var(closes, ddof=1) + (1 - k) * rs
    bars = log_bars(prices).cut(1, 12)
    assert range_variance(bars, "rogers_satchell") == pytest.approx(rs, rel=1e-12)
    assert range_variance(bars, "yang_zhang") == pytest.approx(want, rel=1e-12)


def two_stretches() -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(9)
    return rng.standard_t(4, 90), 1.7 * rng.standard_t(4, 25) + 0.3


def test_brown_forsythe_is_scipys_levene_about_the_median() -> None:
    before, after = two_stretches()
    got, want = brown_forsythe(before, after), stats.levene(before, after, center="median")
    assert not isinstance(got, Inapplicable)
    assert (got.value, got.pvalue) == pytest.approx((want.statistic, want.pvalue), rel=1e-10)
    assert got.law == "F(1,113)"


def test_rank_sum_is_scipys_mann_whitney_with_ties() -> None:
    before, after = (np.round(x, 1) for x in two_stretches())
    got = rank_sum(before, after)
    want = stats.mannwhitneyu(
        np.abs(after), np.abs(before), alternative="greater", method="asymptotic", use_continuity=False
    )
    assert not isinstance(got, Inapplicable)
    assert got.pvalue == pytest.approx(want.pvalue, rel=1e-10)


def test_f_is_a_ratio_of_mean_squares() -> None:
    before, after = two_stretches()
    s2 = sum(x * x for x in before) / 88
    plain = variance_f(before, after, parameters=2, centred=False)
    assert not isinstance(plain, Inapplicable)
    assert plain.value == pytest.approx(sum(x * x for x in after) / 25 / s2, rel=1e-12)
    assert plain.pvalue == pytest.approx(1.0 - stats.f.cdf(plain.value, 25, 88), abs=1e-12)
    about = variance_f(before, after, parameters=2, centred=True)
    assert not isinstance(about, Inapplicable)
    assert about.value == pytest.approx(np.var(after, ddof=1) / s2, rel=1e-12)
    assert about.law == "F(24,88)"


@pytest.mark.parametrize("test", [brown_forsythe, rank_sum])
def test_what_does_not_vary_is_refused(test) -> None:  # type: ignore[no-untyped-def]
    assert isinstance(test(np.ones(10), np.ones(10)), Inapplicable)
    assert isinstance(test(np.ones(10), np.ones(1)), Inapplicable)
    assert isinstance(variance_f(np.zeros(10), np.ones(5), parameters=1, centred=False), Inapplicable)
    assert isinstance(variance_f(np.ones(1), np.ones(5), parameters=1, centred=False), Inapplicable)
