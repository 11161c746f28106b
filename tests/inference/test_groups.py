"""Groups that meet one announcement on one date: portfolios against their own history, by loops and by simulation."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import eventstudy as es
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.prices import PriceTable
from eventstudy.errors import InputError
from eventstudy.inference.group_portfolios import Portfolios, contrast, joint, portfolios
from eventstudy.inference.groups import compare_groups
from eventstudy.kernels.stats import Inapplicable
from tests.inference.panels import OFFSETS, abnormal_of

FloatArray = NDArray[np.float64]
NAMES = [f"F{i}" for i in range(6)]
GROUPS = {"Canada": NAMES[:1], "United States": NAMES[1:4], "consumers": NAMES[4:]}
WINDOW = (0, 2)


@pytest.fixture(scope="module")
def run(
    prices_of: Callable[..., PriceTable], event_at: Callable[..., Event], no_events: EventTable
) -> Callable[..., es.StudyResult]:
    rng = np.random.default_rng(8)
    common = 0.012 * rng.standard_normal(260)
    prices = prices_of({name: common + 0.01 * rng.standard_normal(260) for name in NAMES})
    window = es.EventWindow(primary=WINDOW, event=(-2, 5), estimation=(-120, -3), windows=())

    def of(alpha: float = 0.05) -> es.StudyResult:
        study = es.Study(
            instruments=NAMES, model=es.ConstantMean(), window=window, volatility=None, statistics=("cs_t",),
            alpha=alpha,
        )  # fmt: skip
        return study.run(prices, event_at(prices, 200), others=no_events)

    return of


def test_differences_of_portfolios_by_loops(run: Callable[..., es.StudyResult]) -> None:
    result = run()
    found = compare_groups(result, GROUPS, measure="car")
    assert found.errors == "portfolio"  # one date
    ar = result.abnormal
    assert ar is not None
    row = {name: [i for _, i in ar.pairs].index(name) for name in NAMES}
    before, during = np.flatnonzero(ar.offsets <= -3), np.flatnonzero((ar.offsets >= 0) & (ar.offsets <= 2))
    m, length = len(before), 3
    mean = {
        g: [math.fsum(ar.ar[row[n], c] for n in names) / len(names) for c in range(ar.offsets.size)]
        for g, names in GROUPS.items()
    }
    for one in found.differences:
        gap = [a - b for a, b in zip(mean[one.first], mean[one.second], strict=True)]
        estimate = math.fsum(gap[c] for c in during)
        sd = statistics.stdev(gap[c] for c in before)
        t = estimate / (sd * math.sqrt(length + length**2 / m))
        assert (one.estimate, one.value, one.dof) == pytest.approx((estimate, t, m - 1), rel=1e-9)
        assert one.pvalue == pytest.approx(2 * stats.t.sf(abs(t), m - 1), rel=1e-9)
        inside = [math.fsum(gap[c] for c in before[k : k + length]) for k in range(m - length + 1)]
        inside = [s / (sd * math.sqrt(length - length**2 / m)) for s in inside]
        assert one.rank_pvalue == (1 + sum(abs(s) >= abs(t) for s in inside)) / (1 + len(inside))
    gaps = np.array([[mean[g][c] - mean["consumers"][c] for g in ("Canada", "United States")] for c in before])
    centred = gaps - gaps.mean(axis=0)
    d = np.array([sum(mean[g][c] - mean["consumers"][c] for c in during) for g in ("Canada", "United States")])
    hotelling = d @ np.linalg.inv(centred.T @ centred / (m - 1)) @ d / (length + length**2 / m)
    value = hotelling * (m - 2) / (2 * (m - 1))
    assert (found.wald, found.value, *found.dof) == pytest.approx((hotelling, value, 2.0, m - 2.0), rel=1e-9)
    assert found.pvalue == pytest.approx(stats.f.sf(value, 2, m - 2), rel=1e-9)
    two = compare_groups(result, {k: GROUPS[k] for k in ("Canada", "consumers")})
    assert two.value == pytest.approx(two.differences[0].value ** 2, rel=1e-9)
    assert two.pvalue == pytest.approx(two.differences[0].pvalue, rel=1e-9)


def test_the_width_of_the_interval_is_the_studys(run: Callable[..., es.StudyResult]) -> None:
    wide, narrow = (compare_groups(run(a), GROUPS).differences[0] for a in (0.05, 0.2))
    ratio = (wide.high - wide.low) / (narrow.high - narrow.low)
    assert ratio == pytest.approx(stats.t.isf(0.025, 117) / stats.t.isf(0.1, 117), rel=1e-12)


def test_groups_of_nobody_and_wrong_words_are_refused(run: Callable[..., es.StudyResult]) -> None:
    result = run()
    found = compare_groups(result, {**GROUPS, "nobody": ["XX"]})
    assert found.reason == "nobody: no pair of it was used"
    assert math.isnan(found.pvalue)
    assert len(found.differences) == 3
    with pytest.raises(InputError, match="'auto', 'independent', 'portfolio'"):
        compare_groups(result, GROUPS, errors="welch")  # type: ignore[arg-type]


def test_size_where_firms_of_a_group_move_together() -> None:
    # Two groups, each with its own shock beside the common one: Welch takes five firms for five observations.
    rng = np.random.default_rng(17)
    rejected = {"portfolio": 0, "joint": 0, "rank": 0, "welch": 0}
    reps, t = 400, OFFSETS.size
    for _ in range(reps):
        shocks = rng.standard_normal((3, t)).repeat([5, 5, 2], axis=0)
        abnormal = abnormal_of(0.01 * (0.7 * shocks + rng.standard_normal((12, t))))
        members = [np.arange(12) < 5, (np.arange(12) >= 5) & (np.arange(12) < 10), np.arange(12) >= 10]
        found = portfolios(abnormal, members, (0, 1), "car")
        assert isinstance(found, Portfolios)
        one, all_three = contrast(found, np.array([1.0, -1.0, 0.0]), 0.05), joint(found)
        assert not isinstance(one, Inapplicable)
        assert not isinstance(all_three, Inapplicable)
        rejected["portfolio"] += one.pvalue <= 0.05
        rejected["rank"] += one.rank_pvalue <= 0.05
        rejected["joint"] += all_three[3] <= 0.05
        car = abnormal.car((0, 1)).car
        rejected["welch"] += stats.ttest_ind(car[:5], car[5:10], equal_var=False).pvalue <= 0.05
    # Four Monte Carlo standard errors; the rank is among 54 overlapping windows, so a little coarser.
    error = 4.0 * math.sqrt(0.05 * 0.95 / reps)
    assert abs(rejected["portfolio"] / reps - 0.05) < error
    assert abs(rejected["joint"] / reps - 0.05) < error
    assert rejected["rank"] / reps < 0.05 + 2.0 * error
    assert rejected["welch"] / reps > 0.15


def test_collinear_groups_have_no_joint_test() -> None:
    own = np.random.default_rng(3).standard_normal((3, OFFSETS.size))
    own[2] = (own[0] + own[1]) / 2.0
    found = portfolios(abnormal_of(own), [np.arange(3) == k for k in range(3)], (0, 0), "car")
    assert isinstance(found, Portfolios)
    assert isinstance(joint(found), Inapplicable)
    same = portfolios(abnormal_of(own[[0, 0]]), [np.arange(2) == k for k in range(2)], (0, 0), "car")
    assert isinstance(same, Portfolios)
    assert isinstance(contrast(same, np.array([1.0, -1.0]), 0.05), Inapplicable)
