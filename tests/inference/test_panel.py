"""Statistics across pairs: numbers by hand, refusals with one pair, identical pairs, units, dates, correlation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

import eventstudy as es
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.prices import PriceTable
from eventstudy.inference.base import PANEL_STATISTICS

FloatArray = NDArray[np.float64]
ALL = tuple(entry.key for entry in PANEL_STATISTICS)
#: The t family, by hand here; the others have files of their own.
KEYS = (
    "cs_t", "patell_z", "patell_z_csar", "bmp_t", "bmp_t_csar", "kp_patell_calendar", "kp_patell_event",
    "kp_bmp_calendar", "kp_bmp_event",
)  # fmt: skip
NEED_TWO = tuple(entry.key for entry in PANEL_STATISTICS if entry.facts["min_pairs"] in ("2", "3"))
N = 400
WINDOW = es.EventWindow(primary=(0, 1), event=(-5, 10), estimation=(-90, -11), windows=((0, 0), (0, 4)))
WINDOWS = ((0, 1), (0, 0), (0, 4), (-5, 10))
ALL_SINGLE = ("t_fe",)


def study(names: list[str], **changes: object) -> es.Study:
    """Constant mean, panel statistics and t_fe only."""
    base = es.Study(
        instruments=names, model=es.ConstantMean(), window=WINDOW, volatility=None, statistics=(*ALL_SINGLE, *ALL)
    )
    return replace(base, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def responses() -> dict[str, FloatArray]:
    """Five instruments with correlation near one half and different variances; two further ones are copies of A."""
    rng = np.random.default_rng(17)
    common = rng.standard_normal(N)
    one = {name: 0.01 * (k + 1) * (common + rng.standard_normal(N)) / math.sqrt(2) for k, name in enumerate("ABCDE")}
    return one | {"A2": one["A"].copy(), "A3": one["A"].copy()}


@pytest.fixture(scope="module")
def prices(prices_of: Callable[..., PriceTable], responses: dict[str, FloatArray]) -> PriceTable:
    return prices_of(responses)


@pytest.fixture(scope="module")
def panel(prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable) -> es.StudyResult:
    return study(list("ABCDE")).run(prices, event_at(prices, 300), others=no_events)


def by_hand(responses: dict[str, FloatArray], day0: int, window: tuple[int, int]) -> dict[str, tuple[float, ...]]:
    """Per instrument: CAR, SCAR, CSAR, with sums written out (constant mean, 80 estimation sessions)."""
    found: dict[str, tuple[float, ...]] = {}
    for name in "ABCDE":
        own = responses[name][day0 - 90 : day0 - 10].tolist()
        mean = math.fsum(own) / 80
        s = math.sqrt(math.fsum((r - mean) ** 2 for r in own) / 79)
        days = [responses[name][day0 + o] - mean for o in range(window[0], window[1] + 1)]
        length, car = len(days), math.fsum(days)
        scar = car / (s * math.sqrt(length + length**2 / 80))
        csar = math.fsum(d / (s * math.sqrt(1 + 1 / 80)) for d in days)
        found[name] = (car, scar, csar)
    return found


def mean_residual_correlation(responses: dict[str, FloatArray], day0: int) -> float:
    """By pandas, over all ten pairs of instruments."""
    frame = pd.DataFrame({name: responses[name][day0 - 90 : day0 - 10] for name in "ABCDE"})
    return float(frame.corr().to_numpy()[np.triu_indices(5, k=1)].mean())


@pytest.mark.parametrize("window", WINDOWS)
def test_every_panel_statistic_by_hand(
    panel: es.StudyResult, responses: dict[str, FloatArray], window: tuple[int, int]
) -> None:
    cars, scars, csars = (np.array(v) for v in zip(*by_hand(responses, 300, window).values(), strict=True))
    n, length, d = 5, window[1] - window[0] + 1, 79
    r = mean_residual_correlation(responses, 300)
    assert 0.3 < r < 0.7
    patell = scars.sum() / math.sqrt(n * d / (d - 2))
    bmp = stats.ttest_1samp(scars, 0.0).statistic
    shrink = math.sqrt((1 - r) / (1 + (n - 1) * r))
    expected = {
        "cs_t": (stats.ttest_1samp(cars, 0.0).statistic, 4),
        "patell_z": (patell, math.inf),
        "patell_z_csar": (csars.sum() / math.sqrt(n * length * d / (d - 2)), math.inf),
        "bmp_t": (bmp, 4),
        "bmp_t_csar": (stats.ttest_1samp(csars / math.sqrt(length), 0.0).statistic, 4),
        # One date for all: matching residuals by date or by offset is the same.
        "kp_patell_calendar": (patell / math.sqrt(1 + (n - 1) * r), math.inf),
        "kp_patell_event": (patell / math.sqrt(1 + (n - 1) * r), math.inf),
        "kp_bmp_calendar": (bmp * shrink, 4),
        "kp_bmp_event": (bmp * shrink, 4),
    }
    assert set(expected) == set(KEYS)
    middle = np.sort(cars)[2]
    for key, (value, dof) in expected.items():
        row = panel.tests.one(statistic=key, window=window)
        # Returns rebuilt from levels carry about 14 digits; ratios keep 9 of them.
        assert row.value == pytest.approx(value, rel=1e-9), key
        assert row.pvalue == pytest.approx(2 * stats.t.sf(abs(value), dof), rel=1e-8), key
        assert row.estimate == pytest.approx(cars.mean(), rel=1e-9)
        assert (row.n_pairs, row.n_dates, row.event, row.instrument) == (5, 1, "event", None)
        assert row.share_positive == sum(c > 0 for c in cars.tolist()) / 5
        assert row.median == pytest.approx(middle, rel=1e-9)
    interval = panel.tests.one(statistic="cs_t", window=window)
    low, high = stats.ttest_1samp(cars, 0.0).confidence_interval(0.95)
    assert (interval.low, interval.high) == pytest.approx((low, high), rel=1e-8)


@pytest.mark.parametrize("alpha", [0.01, 0.1])
def test_the_interval_has_the_confidence_that_was_asked_for(
    prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable, responses: dict[str, FloatArray],
    alpha: float,
) -> None:  # fmt: skip
    done = study(list("ABCDE"), alpha=alpha).run(prices, event_at(prices, 300), others=no_events)
    row = done.tests.one(statistic="cs_t", window=(0, 1))
    cars = [car for car, _, _ in by_hand(responses, 300, (0, 1)).values()]
    low, high = stats.ttest_1samp(cars, 0.0).confidence_interval(1 - alpha)
    assert (row.low, row.high) == pytest.approx((low, high), rel=1e-8)


# --- one pair -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def alone(prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable) -> es.StudyResult:
    return study(["A"]).run(prices, event_at(prices, 300), others=no_events)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("key", NEED_TWO)
def test_one_pair_is_refused_with_a_reason(alone: es.StudyResult, key: str, window: tuple[int, int]) -> None:
    row = alone.tests.one(statistic=key, window=window)
    if key in ("avar_t", "bgw_M", "bgw_garch_M", "bgw_garch_M_unbiased") and window[0] != window[1]:
        assert row.reason.startswith("defined for a single session")
    else:
        assert row.reason == "needs at least 2 pairs, there is 1: one series and one event have no cross-section"
    assert not row.applicable
    assert math.isnan(row.share_positive)
    assert math.isnan(row.median)
    assert all(math.isnan(v) for v in (row.value, row.pvalue, row.estimate, row.se, row.low, row.high))


@pytest.mark.parametrize("window", WINDOWS)
def test_patell_of_one_pair_is_t_with_forecast_error_rescaled(alone: es.StudyResult, window: tuple[int, int]) -> None:
    t, d = alone.tests.one(statistic="t_fe", window=window).value, 79
    patell = alone.tests.one(statistic="patell_z", window=window)
    assert patell.value == pytest.approx(t / math.sqrt(d / (d - 2)), rel=1e-12)
    assert (patell.n_pairs, patell.n_dates) == (1, 1)


# --- identical pairs ------------------------------------------------------------------------------


def test_identical_pairs_have_no_cross_section(
    prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable
) -> None:
    copies = study(["A", "A2", "A3"]).run(prices, event_at(prices, 300), others=no_events)
    one = study(["A"]).run(prices, event_at(prices, 300), others=no_events)
    for window in WINDOWS:
        for key in ("cs_t", "bmp_t", "bmp_t_csar", "kp_bmp_calendar", "kp_bmp_event"):
            row = copies.tests.one(statistic=key, window=window)
            assert row.reason == "all pairs have the same value: no cross-sectional variation", key
        single = one.tests.one(statistic="patell_z", window=window).value
        # Three copies are root-three times as sure for whoever thinks them independent, and no surer with r = 1.
        assert copies.tests.one(statistic="patell_z", window=window).value == pytest.approx(math.sqrt(3) * single)
        for key in ("kp_patell_calendar", "kp_patell_event"):
            assert copies.tests.one(statistic=key, window=window).value == pytest.approx(single, rel=1e-9)


# --- units, dates, correlation --------------------------------------------------------------------


def test_pairs_in_different_units_have_no_common_mean(
    prices_of: Callable[..., PriceTable], responses: dict[str, FloatArray], event_at: Callable[..., Event],
    no_events: EventTable,
) -> None:  # fmt: skip
    mixed = prices_of({"A": responses["A"], "SPREAD": 1000 * responses["B"]}, SPREAD="difference")
    done = study(["A", "SPREAD"]).run(mixed, event_at(mixed, 300), others=no_events)
    for key in ALL:
        row = done.tests.one(statistic=key, window=(0, 1))
        assert row.reason == "pairs in different units (USD, fraction) have no common mean"
        assert math.isnan(row.value)
    assert {t.unit for t in done.tests.where(statistic="t_fe")} == {"USD", "fraction"}


def test_dates_are_counted_once_however_many_pairs_share_them(
    prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable
) -> None:
    two_dates = [event_at(prices, 150, "first"), event_at(prices, 300, "second")]
    done = study(list("ABC")).run(prices, two_dates, others=no_events)
    for row in done.tests.where(window=(0, 1), statistic="cs_t"):
        assert (row.n_pairs, row.n_dates, row.event) == (6, 2, None)
    # Two announcements of one day are one date.
    same_day = [event_at(prices, 300, "morning"), event_at(prices, 300, "evening")]
    done = study(list("AB")).run(prices, same_day, others=no_events)
    assert (
        done.tests.one(statistic="cs_t", window=(0, 1)).n_pairs,
        done.tests.one(statistic="cs_t", window=(0, 1)).n_dates,
    ) == (4, 1)


def test_kolari_pynnonen_is_the_unadjusted_statistic_at_zero_correlation(
    prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable
) -> None:
    # Estimation windows 150 sessions apart share no date: the calendar correlation is zero by definition.
    apart = [event_at(prices, 150, "first", instruments=("A",)), event_at(prices, 300, "second", instruments=("B",))]
    done = study([]).run(prices, apart, others=no_events)
    assert done.correlations[0] == 0.0
    assert done.correlations[1] != 0.0
    for window in WINDOWS:
        for adjusted, plain in (("kp_patell_calendar", "patell_z"), ("kp_bmp_calendar", "bmp_t")):
            one, two = (done.tests.one(statistic=key, window=window) for key in (adjusted, plain))
            assert (one.value, one.pvalue) == (two.value, two.pvalue)
        matched = done.tests.one(statistic="kp_patell_event", window=window)
        assert matched.value != done.tests.one(statistic="patell_z", window=window).value


def test_calendar_correlation_matches_by_date_when_events_differ(
    prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable, responses: dict[str, FloatArray]
) -> None:
    # Same instrument, events 30 sessions apart: 50 of 80 estimation sessions are common and their residuals are
    # the same numbers up to a constant, so the correlation by date is one; by offset it is that of a lag of 30.
    twice = [event_at(prices, 300, "first"), event_at(prices, 330, "second")]
    done = study(["A"], window=replace(WINDOW, overlap="keep")).run(prices, twice, others=no_events)
    assert done.correlations[0] == pytest.approx(1.0, rel=1e-9)
    first, second = responses["A"][210:290], responses["A"][240:320]
    assert done.correlations[1] == pytest.approx(float(np.corrcoef(first, second)[0, 1]), rel=1e-8)


def test_a_pair_without_the_day_leaves_that_days_cross_section(
    table_of: Callable[..., PriceTable], prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable
) -> None:
    levels = {name: prices.frame[name].to_numpy().copy() for name in "ABM" if name in prices} | {
        "C": prices.frame["C"].to_numpy().copy()
    }
    levels["B"][304] = np.nan  # strict: sessions 4 and 5 have no return
    holes = table_of(levels, prices.frame.index)
    window = replace(WINDOW, policy="strict", windows=((4, 4), (0, 4)), missing="sum")
    done = study(list("ABC"), window=window, calendar="A").run(holes, event_at(holes, 300), others=no_events)
    assert done.tests.one(statistic="cs_t", window=(4, 4)).n_pairs == 2
    assert done.tests.one(statistic="cs_t", window=(0, 4)).n_pairs == 3
    assert done.abnormal is not None
    np.testing.assert_array_equal(done.abnormal.car((0, 4)).length, [5, 4, 5])
