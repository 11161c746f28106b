"""The own-scale placebo: by plain loops, its interval, what it sees and what not, and where it does not exist."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

import eventstudy as es
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.prices import PriceTable
from eventstudy.inference.base import PairView
from eventstudy.inference.own_scale import largest_session, seen_drift
from eventstudy.kernels.stats import Inapplicable
from eventstudy.results import TestResult

FloatArray = NDArray[np.float64]
DAY0, DRIFT, M = 300, (2, 10), 120
WINDOW = es.EventWindow(
    primary=(0, 1), event=(-1, 10), estimation=(-M - 10, -11), windows=(DRIFT, (2, 4), (2, 3)), overlap="keep"
)
Ask = Callable[..., TestResult]
Look = Callable[[FloatArray], PairView]


@pytest.fixture
def ask(prices_of: Callable[..., PriceTable], event_at: Callable[..., Event], no_events: EventTable) -> Ask:
    def run(values: FloatArray, window: tuple[int, int] = DRIFT) -> TestResult:
        prices = prices_of({"A": values}, A="as_is")
        study = es.Study(
            instruments=["A"], model=es.ConstantMean(), window=WINDOW, volatility=None, statistics=("own_scale",)
        )
        done = study.run(prices, event_at(prices, DAY0), others=no_events)
        return done.tests.one(statistic="own_scale", window=window, instrument="A")

    return run


@pytest.fixture
def values() -> FloatArray:
    return 0.01 * np.random.default_rng(7).standard_t(5, size=DAY0 + 20)


def changes(x: list[float]) -> float:
    """Root mean square change from session to session."""
    return math.sqrt(sum((b - a) ** 2 for a, b in pairwise(x)) / (len(x) - 1))


@pytest.mark.parametrize("window", [DRIFT, (2, 4)])
def test_by_loops(ask: Ask, values: FloatArray, window: tuple[int, int]) -> None:
    values[DAY0 + 2 : DAY0 + 5] += 0.012
    row = ask(values, window)
    before = values[DAY0 - M - 10 : DAY0 - 10].tolist()
    mean, length = statistics.fmean(before), window[1] - window[0] + 1

    def value(x: list[float], spread: float) -> float:
        return sum(v - mean for v in x) / (math.sqrt(spread) * changes(x))

    # The variance of a sum about an estimated mean: more than L sessions outside estimation, less inside.
    own = value(values[DAY0 + window[0] : DAY0 + window[1] + 1].tolist(), length + length**2 / M)
    placebo = [value(before[k : k + length], length - length**2 / M) for k in range(M - length + 1)]
    assert row.pvalue == (1 + sum(abs(v) >= abs(own) for v in placebo)) / (1 + len(placebo))
    assert row.smallest_p == 1.0 / (1 + len(placebo))
    # Independent changes: half of their mean square is the variance, so that the value is in standard deviations.
    assert row.value == pytest.approx(own * math.sqrt(2.0), rel=1e-9)
    total = sum(values[DAY0 + window[0] : DAY0 + window[1] + 1])
    assert row.estimate == pytest.approx(total - length * mean, abs=1e-14)


@pytest.mark.parametrize("end", ["low", "high"])
def test_the_interval_holds_the_drifts_that_the_test_keeps(ask: Ask, values: FloatArray, end: str) -> None:
    row = ask(values)
    inward = 1.0 if end == "low" else -1.0
    for step, kept in ((inward, True), (-inward, False)):
        # A drift that is spread evenly over its nine sessions is taken out.
        shifted = values.copy()
        shifted[DAY0 + 2 : DAY0 + 11] -= (getattr(row, end) + step * 1e-7) / 9
        assert (ask(shifted).pvalue > 0.05) is kept


def test_nothing_before_the_window_and_no_scale_of_it_matters(ask: Ask, values: FloatArray) -> None:
    quiet = ask(values)
    for factor, jump in ((1.0, 0.15), (4.0, 0.0), (0.2, -0.3)):
        mean = values[DAY0 - M - 10 : DAY0 - 10].mean()
        moved = values.copy()
        moved[DAY0 : DAY0 + 2] += jump
        moved[DAY0 + 2 :] = mean + factor * (moved[DAY0 + 2 :] - mean)
        assert ask(moved).pvalue == quiet.pvalue


@pytest.fixture
def look(prices_of: Callable[..., PriceTable], event_at: Callable[..., Event], no_events: EventTable) -> Look:
    def view(values: FloatArray) -> PairView:
        prices = prices_of({"A": values}, A="as_is")
        study = es.Study(
            instruments=["A"], model=es.ConstantMean(), window=WINDOW, volatility=None, statistics=("own_scale",)
        )
        abnormal = study.run(prices, event_at(prices, DAY0), others=no_events).abnormal
        assert abnormal is not None
        return PairView(abnormal=abnormal, placebo="", variance="", alpha=0.05, draws=99, seed=(1,))

    return view


def test_the_drift_that_would_be_seen_by_loops(look: Look, values: FloatArray) -> None:
    seen = seen_drift(look(values), DRIFT)
    before, length = values[DAY0 - M - 10 : DAY0 - 10].tolist(), 9
    mean = statistics.fmean(before)
    windows = [before[k : k + length] for k in range(M - length + 1)]
    spread = math.sqrt(length - length**2 / M)
    scaled = [sum(v - mean for v in x) / (spread * changes(x)) for x in windows]
    half = sorted(abs(v) for v in scaled)[-int(0.05 * (1 + len(scaled)))]
    # A drift, up or down, in units of each window's own scale: four in five need no more than this.
    needed = sorted([half - v for v in scaled] + [half + v for v in scaled])
    own = math.sqrt(length + length**2 / M) * changes(values[DAY0 + 2 : DAY0 + 11].tolist())
    assert seen == pytest.approx(own * needed[math.ceil(0.8 * len(needed)) - 1], rel=1e-9)
    assert math.isnan(seen_drift(look(values), (2, 3)))


def test_the_largest_session_by_loops(look: Look, values: FloatArray) -> None:
    values[DAY0 + 6] = -0.05
    found = largest_session(look(values), DRIFT)
    assert not isinstance(found, Inapplicable)
    session, test = found
    before, length = values[DAY0 - M - 10 : DAY0 - 10].tolist(), 9
    mean = statistics.fmean(before)

    def ratio(x: list[float]) -> float:
        *rest, largest = sorted(abs(v - mean) for v in x)
        return largest / math.sqrt(statistics.fmean(v**2 for v in rest))

    own = ratio(values[DAY0 + 2 : DAY0 + 11].tolist())
    placebo = [ratio(before[k : k + length]) for k in range(M - length + 1)]
    assert (session, test.estimate) == (6, pytest.approx(-0.05 - mean, rel=1e-12))
    assert test.pvalue == (1 + sum(v >= own for v in placebo)) / (1 + len(placebo))
    assert abs(test.value) == pytest.approx(own, rel=1e-9)
    assert (not test.low <= 0.0 <= test.high) is (test.pvalue <= 0.05)


def test_the_largest_session_sees_one_move_whatever_the_scale(look: Look, values: FloatArray) -> None:
    def p(x: FloatArray) -> float:
        found = largest_session(look(x), DRIFT)
        assert not isinstance(found, Inapplicable)
        return found[1].pvalue

    mean = values[DAY0 - M - 10 : DAY0 - 10].mean()
    spread, single, wild = values.copy(), values.copy(), values.copy()
    spread[DAY0 + 2 : DAY0 + 7] += 0.10 / 5
    single[DAY0 + 4] += 0.10
    wild[DAY0 : DAY0 + 2] += 0.3
    wild[DAY0 + 2 :] = mean + 4.0 * (wild[DAY0 + 2 :] - mean)
    assert p(single) < 0.02
    assert p(spread) > 0.2
    assert p(wild) == p(values)


def test_where_no_session_can_be_the_largest(look: Look, values: FloatArray) -> None:
    few = largest_session(look(values), (2, 3))
    assert isinstance(few, Inapplicable)
    assert few.reason == "2 sessions have no scale of their own; needs 3"
    view = look(values)
    still = view.abnormal.ar.copy()
    still[:, -9:] = 0.0
    still[:, -4] = 0.02
    alone = largest_session(replace(view, abnormal=replace(view.abnormal, ar=still)), DRIFT)
    assert isinstance(alone, Inapplicable)
    assert alone.reason == "the responses do not move but in one session of the window"


def test_a_move_over_days_is_seen_and_one_of_a_single_session_is_not(ask: Ask, values: FloatArray) -> None:
    spread, single = values.copy(), values.copy()
    spread[DAY0 + 2 : DAY0 + 7] += 0.10 / 5
    single[DAY0 + 4] += 0.10
    assert ask(spread).pvalue < 0.02
    assert ask(single).pvalue > 0.2
    assert ask(single).high - ask(single).low > 0.2  # and the interval says how little is known


def test_where_it_does_not_exist(ask: Ask, values: FloatArray) -> None:
    assert ask(values, (2, 3)).reason == "2 sessions have no scale of their own; needs 3"
    assert "needs 3" in ask(values, (0, 1)).reason
    values[DAY0 + 2 : DAY0 + 11] = 0.0
    still = ask(values)
    assert "do not change from session to session" in still.reason
    assert math.isnan(still.pvalue)


def test_windows_without_any_change_are_no_placebos(ask: Ask, values: FloatArray) -> None:
    values[DAY0 - 60 : DAY0 - 45] = 0.0
    row = ask(values)
    # Of the windows of nine sessions inside 15 equal ones, seven never change.
    assert row.smallest_p == 1.0 / (1 + M - 8 - 7)
    assert np.isfinite([row.pvalue, row.se, row.low, row.high]).all()
