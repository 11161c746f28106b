"""Rank and sign statistics against scipy, enumeration and plain loops."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from eventstudy.kernels import ranks
from eventstudy.kernels.stats import Inapplicable, Stat


def number(stat: Stat | Inapplicable) -> Stat:
    """The statistic, which must exist."""
    assert isinstance(stat, Stat), stat
    return stat


@pytest.fixture
def holes() -> tuple[np.ndarray, np.ndarray]:
    """Five pairs on forty sessions, some missing, some tied."""
    rng = np.random.default_rng(3)
    values = np.round(rng.standard_normal((5, 40)), 1)
    return values, rng.random((5, 40)) > 0.15


def test_average_ranks_are_those_of_each_row_alone(holes: tuple[np.ndarray, np.ndarray]) -> None:
    values, known = holes
    found = ranks.average_ranks(values, known)
    for row in range(5):
        np.testing.assert_array_equal(found[row, known[row]], stats.rankdata(values[row, known[row]]))
        assert np.isnan(found[row, ~known[row]]).all()


def test_corrado_zivney_by_loops(holes: tuple[np.ndarray, np.ndarray]) -> None:
    values, known = holes
    days = []
    for t in range(40):
        u = []
        for i in range(5):
            if known[i, t]:
                own = [values[i, s] for s in range(40) if known[i, s]]
                rank = sum(v < values[i, t] for v in own) + (sum(v == values[i, t] for v in own) + 1) / 2
                u.append(rank / (1 + len(own)) - 0.5)
        days.append(math.fsum(u) / math.sqrt(len(u)))
    spread = math.sqrt(math.fsum(d * d for d in days) / 40)
    expected = math.fsum(days[35:38]) / (math.sqrt(3) * spread)
    pooled = ranks.pooled_scores(ranks.rank_scores(values, known))
    assert number(ranks.day_score_z(pooled, slice(35, 38))).value == pytest.approx(expected, rel=1e-12)


def test_one_pair_on_one_day_stays_below_root_three() -> None:
    # The largest of T ranks gives z = sqrt(3) (T - 1) / sqrt(T^2 - 1): p cannot reach 8.3%.
    values = np.arange(100.0)[None, :]
    pooled = ranks.pooled_scores(ranks.rank_scores(values, np.ones((1, 100), dtype=bool)))
    stat = number(ranks.day_score_z(pooled, slice(99, 100)))
    assert stat.value == pytest.approx(math.sqrt(3) * 99 / math.sqrt(100**2 - 1), rel=1e-12)
    assert stat.pvalue > 0.0832


def test_signs_are_about_the_median_of_known_sessions() -> None:
    values, known = np.array([[5.0, 1.0, 3.0, 99.0], [1.0, 2.0, 3.0, 4.0]]), np.ones((2, 4), dtype=bool)
    known[0, 3] = False
    found = ranks.sign_scores(values, known)
    np.testing.assert_array_equal(found, [[1.0, -1.0, 0.0, np.nan], [-1.0, -1.0, 1.0, 1.0]])


def test_grank_by_loops() -> None:
    rng = np.random.default_rng(5)
    n, m = 6, 30
    residual, event = rng.standard_normal((n, m)), rng.standard_normal(n) + 1.0
    u = np.empty((n, m + 1))
    for i in range(n):
        points = [*residual[i], event[i]]
        u[i] = [sum(p <= q for p in points) / (m + 2) - 0.5 for q in points]
    mean = u.mean(axis=0)
    z = mean[-1] / math.sqrt((mean**2).sum() / (m + 1))
    scores = ranks.grank_scores(residual, np.ones((n, m), dtype=bool), event)
    found = number(ranks.grank_t(*scores))
    assert found.value == pytest.approx(z * math.sqrt((m - 1) / (m - z**2)), rel=1e-12)
    assert found.dof == m - 1
    # Var U = (T - 1) / (12 (T + 1)) for T uniform ranks over T + 1.
    variance = np.var(np.arange(1, m + 2) / (m + 2))
    normal = number(ranks.grank_z(scores[1], np.full(n, m + 1)))
    assert normal.value == pytest.approx(mean[-1] / math.sqrt(variance / n), rel=1e-12)


@pytest.mark.parametrize(("positive", "n"), [(0, 1), (3, 7), (9, 12), (6, 12), (20, 20)])
def test_exact_sign_is_the_binomial_test(positive: int, n: int) -> None:
    expected = stats.binomtest(positive, n, 0.5).pvalue
    assert ranks.sign_exact_pvalue(positive, n) == pytest.approx(expected, rel=1e-12)


def test_sign_z_with_a_share() -> None:
    assert number(ranks.sign_z(9, 12)).value == pytest.approx(math.sqrt(3.0))
    assert number(ranks.sign_z(9, 12, 0.4)).value == pytest.approx((9 - 4.8) / math.sqrt(12 * 0.24))
    assert isinstance(ranks.sign_z(3, 5, 0.0), Inapplicable)
    assert isinstance(ranks.sign_z(0, 0), Inapplicable)


@pytest.mark.parametrize("n", [1, 5, 12, 30])
def test_exact_wilcoxon_without_ties_is_scipys(n: int) -> None:
    values = np.random.default_rng(n).normal(0.3, 1.0, n)
    found = ranks.wilcoxon_exact(values)
    assert not isinstance(found, Inapplicable)
    reference = stats.wilcoxon(values, mode="exact", alternative="two-sided")
    assert found[1] == pytest.approx(reference.pvalue, rel=1e-10)
    assert found[2] == pytest.approx(min(1.0, 2.0 / 2**n))


@pytest.mark.filterwarnings("ignore:Sample size too small:UserWarning")  # scipy before 1.13
def test_exact_wilcoxon_with_ties_and_zeros_by_enumeration() -> None:
    values = np.array([0.0, 1.0, 1.0, -1.0, 2.0, 3.0, 3.0, -0.5])
    moving = values[values != 0]
    rank = stats.rankdata(np.abs(moving))
    observed = rank[moving > 0].sum()
    sums = [sum(r for r, s in zip(rank, signs, strict=True) if s) for signs in itertools.product((0, 1), repeat=7)]
    upper = sum(s >= observed - 1e-9 for s in sums) / 2**7
    lower = sum(s <= observed + 1e-9 for s in sums) / 2**7
    found = ranks.wilcoxon_exact(values)
    assert not isinstance(found, Inapplicable)
    assert found[0] == observed
    assert found[1] == pytest.approx(min(1.0, 2 * min(upper, lower)), rel=1e-12)
    # The tie-corrected normal form, as scipy without continuity correction.
    reference = stats.wilcoxon(values, zero_method="wilcox", correction=False, mode="approx")
    assert number(ranks.wilcoxon_z(values)).pvalue == pytest.approx(reference.pvalue, rel=1e-10)


def test_wilcoxon_refuses_nothing_but_zeros_and_too_many() -> None:
    assert isinstance(ranks.wilcoxon_z(np.zeros(4)), Inapplicable)
    assert isinstance(ranks.wilcoxon_exact(np.zeros(4)), Inapplicable)
    too_many = ranks.wilcoxon_exact(np.random.default_rng(0).standard_normal(81))
    assert isinstance(too_many, Inapplicable)
    assert "wilcoxon_z" in too_many.reason
