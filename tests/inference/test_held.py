"""Tests of buy-and-hold responses: by scipy, by loops, and their size where compounding skews."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from eventstudy.inference.base import Finding
from eventstudy.inference.panel import panel_view
from eventstudy.kernels.stats import Inapplicable
from tests.inference.panels import OFFSETS, abnormal_of, every_statistic, panel_from

WINDOW = (0, 5)


def held_of(n: int, seed: int) -> tuple[np.ndarray, dict[str, Finding | Inapplicable]]:
    """BHARs by loops, and every statistic on the same pairs."""
    rng = np.random.default_rng(seed)
    ar = abnormal_of(0.05 * rng.standard_t(4, (n, OFFSETS.size)))
    days = np.flatnonzero((OFFSETS >= 0) & (OFFSETS <= 5))
    held = [
        math.prod(1.0 + ar.response[i, c] for c in days)
        - math.prod(1.0 + ar.response[i, c] - ar.ar[i, c] for c in days)
        for i in range(n)
    ]
    return np.array(held), every_statistic(panel_from(ar), WINDOW)


def test_t_is_scipys_and_its_interval_holds_the_mean() -> None:
    held, found = held_of(9, 3)
    one, reference = found["bhar_t"], stats.ttest_1samp(held, 0.0)
    assert isinstance(one, Finding)
    assert (one.value, one.pvalue, one.dof) == pytest.approx((reference.statistic, reference.pvalue, 8), rel=1e-9)
    assert (one.low, one.high) == pytest.approx(tuple(reference.confidence_interval(0.95)), rel=1e-9)
    assert found["abhar"].estimate == pytest.approx(one.estimate, rel=1e-12)  # type: ignore[union-attr]


def test_skewness_adjustment_by_its_formula() -> None:
    held, found = held_of(11, 4)
    n, mean, s = 11, held.mean(), held.std(ddof=1)
    g = sum((v - mean) ** 3 for v in held) / (n * s**3)
    ratio = mean / s
    expected = math.sqrt(n) * (ratio + g * ratio**2 / 3 + g / (6 * n))
    assert found["bhar_skew_t"].value == pytest.approx(expected, rel=1e-9)  # type: ignore[union-attr]


def test_bootstrap_is_a_rank_and_refuses_few_pairs() -> None:
    _, few = held_of(19, 5)
    assert isinstance(few["bhar_bootstrap"], Inapplicable)
    assert "at least 20 pairs" in few["bhar_bootstrap"].reason
    _, found = held_of(24, 5)
    one, t = found["bhar_bootstrap"], found["bhar_skew_t"]
    assert isinstance(one, Finding)
    assert isinstance(t, Finding)
    assert one.value == t.value
    assert one.smallest_p == pytest.approx(1 / 200)
    # Resamples of six are wider than the normal law: the p of a small t cannot be smaller.
    assert one.pvalue > 0.8 * t.pvalue


def test_what_does_not_compound_has_no_buy_and_hold() -> None:
    ar = replace(abnormal_of(0.01 * np.random.default_rng(1).standard_normal((4, OFFSETS.size))), changes=())
    found = every_statistic(panel_from(ar), WINDOW)
    for key in ("bhar_t", "bhar_skew_t", "bhar_bootstrap"):
        assert isinstance(found[key], Inapplicable)


def test_size_where_compounding_skews() -> None:
    """Twenty-four pairs held six days at 8% a day: the plain t keeps its size, the bootstrap does not exceed it."""
    rng = np.random.default_rng(12)
    keys, reps = ("bhar_t", "bhar_skew_t", "bhar_bootstrap"), 300
    rejected = dict.fromkeys(keys, 0)
    from eventstudy.inference.base import PANEL_STATISTICS

    for _ in range(reps):
        # Constant mean zero in truth: the expectation is estimated on 55 sessions.
        view = panel_view(panel_from(abnormal_of(0.04 * rng.standard_normal((24, OFFSETS.size)))), WINDOW)
        for key in keys:
            found = PANEL_STATISTICS[key].obj(view)
            assert isinstance(found, Finding)
            rejected[key] += found.pvalue <= 0.05
    error = 4.0 * math.sqrt(0.05 * 0.95 / reps)
    for key in keys:
        assert rejected[key] / reps < 0.05 + error, key
    assert rejected["bhar_t"] > 0
