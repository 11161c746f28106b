"""Cumulative sums of squares, their iteration and the set of break dates, against plain loops and simulated truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from eventstudy.kernels.breaks import (
    bartlett_variance,
    break_set,
    icss,
    kappa2_of_paths,
    kolmogorov_critical,
    kolmogorov_pvalue,
    variance_cusum,
)
from eventstudy.kernels.stats import Inapplicable


def shifted(seed: int, sizes: list[int], sds: list[float]) -> np.ndarray:
    """Normal residuals whose standard deviation changes."""
    return np.random.default_rng(seed).standard_normal(sum(sizes)) * np.repeat(sds, sizes)


def test_many_paths_have_the_kappa2_of_each() -> None:
    paths = np.random.default_rng(5).standard_t(4, (150, 7)) * np.linspace(0.01, 3.0, 7)
    each = [variance_cusum(path) for path in paths.T]
    assert all(not isinstance(one, Inapplicable) for one in each)
    assert kappa2_of_paths(paths) == pytest.approx([one.kappa2 for one in each], rel=1e-12)  # type: ignore[union-attr]


def test_statistics_by_a_plain_loop() -> None:
    e = shifted(3, [60, 40], [1.0, 1.7])
    n, total = len(e), sum(x * x for x in e)
    best, at, running = 0.0, 0, 0.0
    for k in range(1, n + 1):
        running += e[k - 1] ** 2
        if abs(running - k / n * total) > best:
            best, at = abs(running - k / n * total), k
    level = total / n
    fourth = sum(x**4 for x in e) / n - level**2
    lags = math.floor(4 * (n / 100) ** (2 / 9))
    long_run = sum((x * x - level) ** 2 for x in e) / n
    for lag in range(1, lags + 1):
        products = sum((e[t] ** 2 - level) * (e[t - lag] ** 2 - level) for t in range(lag, n))
        long_run += 2 * (1 - lag / (lags + 1)) * products / n
    got = variance_cusum(e)
    assert not isinstance(got, Inapplicable)
    assert (got.k, got.bandwidth) == (at, lags)
    assert got.it == pytest.approx(math.sqrt(n / 2) * best / total, rel=1e-12)
    assert got.kappa1 == pytest.approx(best / math.sqrt(n * fourth), rel=1e-12)
    assert got.kappa2 == pytest.approx(best / math.sqrt(n * long_run), rel=1e-12)


def test_law_is_that_of_kolmogorov() -> None:
    # scipy's distribution of the limiting two-sided Kolmogorov-Smirnov statistic; 1.358 is Inclan & Tiao's table.
    assert kolmogorov_pvalue(1.2) == pytest.approx(stats.kstwobign.sf(1.2), rel=1e-12)
    assert kolmogorov_critical(0.05) == pytest.approx(1.358, abs=5e-4)


def test_bartlett_variance_of_an_ar1() -> None:
    # Long-run variance of x_t = .5 x_{t-1} + u_t is 1 / (1 - .5)^2 = 4; bias of order 1/m and noise allow 15%.
    u = np.random.default_rng(5).standard_normal(40_000)
    x = np.zeros(u.size)
    for t in range(1, u.size):
        x[t] = 0.5 * x[t - 1] + u[t]
    assert bartlett_variance(x - x.mean(), 60) == pytest.approx(4.0, rel=0.15)


def test_icss_finds_each_of_three_changes_and_none_in_noise() -> None:
    found = icss(shifted(11, [300, 300, 300, 300], [1.0, 2.5, 0.8, 2.0]))
    assert len(found) == 3
    assert found == pytest.approx([300, 600, 900], abs=12)
    assert icss(shifted(12, [800], [1.0])) == ()
    assert icss(shifted(11, [300, 300], [1.0, 2.5]), statistic="kappa2") == pytest.approx([300], abs=12)


def test_icss_of_scaled_residuals_is_the_same() -> None:
    e = shifted(4, [150, 150, 200], [1.0, 3.0, 1.0])
    assert icss(e) == icss(1e-6 * e) == icss(-4e5 * e)
    # Turned round, the same stretches end where they began; the check may settle within its tolerance of two.
    assert sorted(e.size - k for k in icss(e[::-1])) == pytest.approx(icss(e), abs=2)


def test_likelihood_profile_by_a_plain_loop() -> None:
    e = shifted(8, [50, 50], [1.0, 2.0])
    got = break_set(e, min_segment=10)
    assert not isinstance(got, Inapplicable)
    loglik = {
        k: float(stats.norm.logpdf(e[:k], scale=np.sqrt(np.mean(e[:k] ** 2))).sum())
        + float(stats.norm.logpdf(e[k:], scale=np.sqrt(np.mean(e[k:] ** 2))).sum())
        for k in range(10, 91)
    }
    best = max(loglik, key=loglik.__getitem__)
    assert got.k == best
    # Law of the supremum of a two-sided Brownian motion with drift: P(LR <= x) = (1 - exp(-x/2))^2, 95% at 7.352.
    assert (1.0 - math.exp(-7.352 / 2.0)) ** 2 == pytest.approx(0.95, abs=1e-4)
    inside = {k for k, v in loglik.items() if 2.0 * (loglik[best] - v) <= 7.352 * got.scale}
    assert set(np.flatnonzero(got.inside).tolist()) == inside
    assert got.before == pytest.approx(np.mean(e[:best] ** 2), rel=1e-12)
    assert got.after == pytest.approx(np.mean(e[best:] ** 2), rel=1e-12)


def test_set_of_dates_covers_the_truth() -> None:
    """95% sets in 400 samples: at least 92% (four standard errors of .011 below 95% would be 90.6%)."""
    rng = np.random.default_rng(21)
    hits = 0
    for _ in range(400):
        e = rng.standard_normal(200) * np.repeat([1.0, 1.6], [120, 80])
        found = break_set(e)
        assert not isinstance(found, Inapplicable)
        hits += bool(found.inside[120])
    assert hits / 400 >= 0.92


@pytest.mark.parametrize("e", [np.ones(50), np.zeros(50), np.tile([1.0, -1.0], 25)], ids=["ones", "zeros", "signs"])
def test_squares_that_do_not_vary_are_refused(e: np.ndarray) -> None:
    got = variance_cusum(e)
    assert isinstance(got, Inapplicable)
    assert "do not vary" in got.reason
    assert icss(e) == ()


def test_too_few_sessions_are_refused() -> None:
    short = variance_cusum(np.arange(9.0) - 4.0)
    assert isinstance(short, Inapplicable)
    assert "at least 10 sessions" in short.reason
    dated = break_set(np.arange(15.0) - 7.0)
    assert isinstance(dated, Inapplicable)
    assert "at least 20 sessions" in dated.reason
    still = break_set(np.concatenate([np.zeros(30), np.ones(30)]))
    assert isinstance(still, Inapplicable)
    assert "zero throughout one side" in still.reason
