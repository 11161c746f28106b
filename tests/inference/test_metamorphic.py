"""Properties that every registered statistic must have, whatever its formula: no reference numbers needed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import eventstudy as es
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.prices import PriceTable
from eventstudy.inference.base import PANEL_STATISTICS, Finding
from eventstudy.kernels.stats import Inapplicable
from tests.inference.panels import KEYS, OFFSETS, abnormal_of, every_statistic, panel_from, shuffled

FloatArray = NDArray[np.float64]
WINDOWS = ((0, 0), (-1, 1), (-5, 5))
#: Their value is in the unit of the response.
IN_UNITS = ("caar", "sum_aar", "signflip_exact", "wild_bootstrap", "stationary_bootstrap", "placebo")
#: Compounding is not linear in the responses.
COMPOUNDED = ("abhar", "bhar_t", "bhar_skew_t", "bhar_bootstrap")
#: They look at squares: a change of sign is nothing to them.
OF_VARIANCE = ("avar_mean", "avar_t", "patell_variance_z", "bgw_M", "bgw_cav", "bgw_chi2", "bgw_chi2_unbiased")
#: Counts of the positive side: a change of sign gives the other side's.
COUNTS = ("sign_exact", "wilcoxon_exact")
NO_MIRROR = (*COMPOUNDED, *COUNTS)
FEW = settings(max_examples=6)
seeds, pairs = st.integers(0, 10_000), st.sampled_from([2, 3, 7, 12, 16])


def responses(seed: int, n: int) -> tuple[FloatArray, FloatArray]:
    """Responses with a market, and the market; variances differ among pairs."""
    rng = np.random.default_rng(seed)
    market = 0.01 * np.repeat(rng.standard_normal((1, OFFSETS.size)), n, axis=0)
    own = rng.standard_t(5, (n, OFFSETS.size)) * rng.uniform(0.005, 0.03, (n, 1))
    return 0.7 * market + own, market


def found_in(one: Finding | Inapplicable) -> Finding:
    """The finding, which must exist."""
    assert isinstance(one, Finding), one
    return one


def compare(
    first: dict[str, Finding | Inapplicable], second: dict[str, Finding | Inapplicable], value: Callable[[str], float]
) -> None:
    """Same refusals, same p (not of COMPOUNDED), values in the ratio that `value` gives (NaN: not compared)."""
    for key, one in first.items():
        two = second[key]
        if key in COMPOUNDED and not math.isfinite(value(key)):
            assert isinstance(one, Finding) == isinstance(two, Finding), key
            continue
        if isinstance(one, Inapplicable):
            assert isinstance(two, Inapplicable), key
            assert two.reason == one.reason, key
            continue
        two = found_in(two)
        assert two.pvalue == pytest.approx(one.pvalue, rel=1e-7, abs=1e-12, nan_ok=True), key
        if math.isfinite(value(key)):
            assert two.value == pytest.approx(value(key) * one.value, rel=1e-7, abs=1e-10), key


@FEW
@given(seeds, pairs, st.sampled_from([0.01, 0.3, 100.0]))
def test_scale_changes_no_statistic_and_no_p(seed: int, n: int, scale: float) -> None:
    own, market = responses(seed, n)
    for window in WINDOWS:
        before = every_statistic(panel_from(abnormal_of(own, market)), window)
        after = every_statistic(panel_from(abnormal_of(scale * own, scale * market)), window)
        compare(before, after, lambda key: scale if key in IN_UNITS else math.nan if key in COMPOUNDED else 1.0)


@FEW
@given(seeds, pairs)
def test_sign_turns_statistics_and_keeps_two_sided_p(seed: int, n: int) -> None:
    own, market = responses(seed, n)
    for window in WINDOWS:
        before = every_statistic(panel_from(abnormal_of(own, market)), window)
        after = every_statistic(panel_from(abnormal_of(-own, -market)), window)
        compare(before, after, lambda key: math.nan if key in NO_MIRROR else 1.0 if key in OF_VARIANCE else -1.0)
        for key, whole in (("sign_exact", n), ("wilcoxon_exact", n * (n + 1) / 2)):
            assert found_in(after[key]).value == whole - found_in(before[key]).value


@FEW
@given(seeds, pairs)
def test_the_order_of_the_pairs_is_nothing(seed: int, n: int) -> None:
    panel = panel_from(abnormal_of(*responses(seed, n)), np.arange(n) // 2)
    turned = shuffled(panel, np.random.default_rng(seed).permutation(n))
    for window in WINDOWS:
        compare(every_statistic(panel, window), every_statistic(turned, window), lambda key: 1.0)


@FEW
@given(seeds, st.floats(-2.0, 2.0))
def test_a_market_model_forgets_any_multiple_of_the_market(seed: int, more: float) -> None:
    own, market = responses(seed, 6)
    for window in WINDOWS:
        before = every_statistic(panel_from(abnormal_of(own, market)), window)
        after = every_statistic(panel_from(abnormal_of(own + more * market + 0.001, market)), window)
        compare(before, after, lambda key: math.nan if key in COMPOUNDED else 1.0)


@FEW
@given(seeds, pairs)
def test_identities_of_one_day_and_of_complete_panels(seed: int, n: int) -> None:
    abnormal = abnormal_of(*responses(seed, n))
    panel = panel_from(abnormal)
    for day in range(-5, 6):
        found = every_statistic(panel, (day, day))
        for one, two in (("patell_z", "patell_z_csar"), ("bmp_t", "bmp_t_csar"), ("bgw_M", "bgw_cav")):
            first, second = found_in(found[one]), found_in(found[two])
            shift = 1.0 if one == "bgw_M" else 0.0
            assert first.value - shift == pytest.approx(second.value, rel=1e-9, abs=1e-12)
    for window in WINDOWS:
        found = every_statistic(panel, window)
        for one, two in (("corrado_rank", "corrado_zivney"), ("caar", "sum_aar")):
            assert found_in(found[one]).value == pytest.approx(found_in(found[two]).value, rel=1e-9, abs=1e-13)
        days = [abnormal.car((day, day)).car for day in range(window[0], window[1] + 1)]
        np.testing.assert_allclose(sum(days), abnormal.car(window).car, rtol=1e-10, atol=1e-15)


@FEW
@given(seeds, st.integers(1, 9), st.floats(0.0, 0.4))
def test_holes_and_constants_give_a_number_or_a_reason(seed: int, n: int, holes: float) -> None:
    own, _ = responses(seed, n)
    rng = np.random.default_rng(seed + 1)
    own[rng.random(own.shape) < holes] = np.nan
    own[:, -3] = 0.0
    for window in (*WINDOWS, (3, 3)):
        for key, found in every_statistic(panel_from(abnormal_of(own)), window).items():
            if isinstance(found, Inapplicable):
                assert len(found.reason) > 10, key
                continue
            assert math.isfinite(found.value), key
            assert math.isnan(found.pvalue) or 0.0 <= found.pvalue <= 1.0, key
            assert 0.0 <= found.smallest_p <= 1.0, key


def test_a_session_that_nobody_has_is_refused_by_all() -> None:
    own, _ = responses(5, 4)
    own[:, OFFSETS == 2] = np.nan
    for key, found in every_statistic(panel_from(abnormal_of(own)), (2, 2)).items():
        assert isinstance(found, Inapplicable), key


def test_identical_pairs_have_no_cross_section() -> None:
    own, _ = responses(8, 1)
    found = every_statistic(panel_from(abnormal_of(np.repeat(own, 5, axis=0))), (-1, 1))
    none = "all pairs have the same value: no cross-sectional variation"
    for key in ("cs_t", "bmp_t", "skew_t_johnson", "skew_t_hall", "skew_t_hall_adjgamma", "grank_t", "grank_z"):
        assert found[key] == Inapplicable(none), key
    assert isinstance(found["jackknife_t"], Inapplicable)


def test_every_entry_says_what_it_tests_and_against_what_it_holds() -> None:
    for entry in PANEL_STATISTICS:
        for fact in ("null", "assumptions", "robust", "min_pairs", "law", "reference"):
            assert entry.facts.get(fact), f"{entry.key} lacks {fact}"
        assert entry.obj.__doc__, entry.key
    assert len(set(KEYS)) == len(KEYS)


def test_one_pair_is_refused_by_every_test_that_needs_a_cross_section() -> None:
    single = panel_from(abnormal_of(responses(2, 1)[0]))
    for window in WINDOWS:
        found = every_statistic(single, window)
        for entry in PANEL_STATISTICS:
            if entry.facts["min_pairs"] in ("2", "3") or entry.key == "wild_bootstrap":
                assert isinstance(found[entry.key], Inapplicable), entry.key
        # What remains says how little it can say.
        assert found_in(found["sign_exact"]).smallest_p == 1.0
        assert found_in(found["wilcoxon_exact"]).smallest_p == 1.0
    # Ranks of one pair on one day stay under root three: p cannot reach 5%.
    rank = found_in(every_statistic(single, (0, 0))["corrado_zivney"])
    assert abs(rank.value) <= math.sqrt(3.0)
    assert rank.pvalue >= rank.smallest_p > 0.05


def test_a_firm_with_three_events_equals_three_copies_under_other_names(
    prices_of: Callable[..., PriceTable], event_at: Callable[..., Event], no_events: EventTable
) -> None:
    rng = np.random.default_rng(11)
    own = 0.02 * rng.standard_normal(400)
    prices = prices_of({"A": own, "B": own.copy(), "C": own.copy()})
    rows = {"A": 120, "B": 200, "C": 330}
    window = es.EventWindow(
        primary=(0, 1), event=(-5, 5), estimation=(-60, -6), windows=((0, 0), (-5, 5)), overlap="keep"
    )
    # Of the statistics of one pair, those that draw nothing: a draw belongs to the name of its instrument.
    wanted = (*KEYS, "t_fe", "sq", "sq_raw", "local_scale")
    base = es.Study(model=es.ConstantMean(), window=window, volatility=None, statistics=wanted, seed=4)
    repeated = [event_at(prices, row, f"e{row}", instruments=("A",)) for row in rows.values()]
    copies = [event_at(prices, row, f"e{row}", instruments=(name,)) for name, row in rows.items()]
    one = base.run(prices, repeated, others=no_events).to_frame()
    two = replace(base).run(prices, copies, others=no_events).to_frame()
    numbers = ["estimate", "se", "low", "high", "value", "p", "smallest_p", "n_pairs", "n_dates", "median"]
    np.testing.assert_allclose(one[numbers].to_numpy(float), two[numbers].to_numpy(float), rtol=1e-12)
    assert one["reason"].tolist() == two["reason"].tolist()
    across = one["statistic"].isin(KEYS)
    assert one.loc[across, "n_pairs"].eq(3).all()
    assert one.loc[~across, "instrument"].eq("A").all()
    assert set(two.loc[~across, "instrument"]) == {"A", "B", "C"}
