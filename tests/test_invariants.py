"""Metamorphic checks: what must not change, and what must change in step, whatever the data are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import eventstudy as es
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.instruments import Instrument, InstrumentTable
from eventstudy.domain.prices import PriceTable, build_table
from eventstudy.models.base import ExpectedReturn

FloatArray = NDArray[np.float64]
Responses = dict[str, FloatArray]
N = 300
FIRMS = ("A", "B", "C")
ROWS = {"e1": 140, "e2": 180, "e3": 230}
WINDOW = es.EventWindow(primary=(0, 1), event=(-3, 5), estimation=(-80, -11), windows=((0, 0), (0, 3)), overlap="keep")
WINDOWS = ((0, 1), (0, 0), (0, 3), (-3, 5))
MODELS: dict[str, ExpectedReturn] = {
    "constant": es.ConstantMean(),
    "adjusted": es.MarketAdjusted("M"),
    "market": es.MarketModel("M"),
}
SEEDS = st.integers(0, 10_000)
KINDS = st.sampled_from(sorted(MODELS))
FACTORS = st.floats(1e-3, 1e3)
FEW = settings(max_examples=6)
#: Quick statistics of every kind; tests/inference/test_metamorphic.py goes over all of them.
STATISTICS = (
    "t_fe", "sq", "sq_raw", "local_scale", "placebo_dates", "cs_t", "patell_z", "patell_z_csar", "bmp_t", "bmp_t_csar",
    "kp_patell_calendar", "kp_patell_event", "kp_bmp_calendar", "kp_bmp_event", "caar", "sum_aar",
)  # fmt: skip


def draw(seed: int) -> Responses:
    """Fat-tailed returns of three correlated firms and a market."""
    rng = np.random.default_rng(seed)
    market = 0.01 * rng.standard_t(5, N)
    firms = {name: (0.4 + 0.3 * k) * market + 0.015 * rng.standard_t(4, N) for k, name in enumerate(FIRMS)}
    return firms | {"M": market}


def table(responses: Responses, change: str = "as_is", order: Iterable[int] | None = None) -> PriceTable:
    """Ready-made returns (or log prices) on weekdays, rows in any order."""
    days = pd.bdate_range("2001-01-01", periods=len(responses["M"]))
    levels = {k: v if change == "as_is" else 100.0 * np.exp(np.cumsum(v)) for k, v in responses.items()}
    frame = pd.DataFrame(levels, index=days)
    if order is not None:
        frame = frame.iloc[list(order)]
    records = InstrumentTable(Instrument(id=k, change=change, unit="fraction") for k in levels)  # type: ignore[arg-type]
    return build_table(frame, records, origins=())


def events(prices: PriceTable, ids: Iterable[str] = ROWS, instruments: dict[str, str] | None = None) -> list[Event]:
    """Events by id; by default each concerns every firm."""
    return [
        Event(
            id=i, announced=prices.frame.index[ROWS[i]].date(), precision="weekend",
            instruments=(instruments[i],) if instruments else (),
        )
        for i in ids
    ]  # fmt: skip


def run(prices: PriceTable, kind: str = "market", **changes: object) -> es.StudyResult:
    """All firms at all events, everything but simulation; `changes` to the study."""
    wanted = changes.pop("events", None) or events(prices)
    study = es.Study(instruments=list(FIRMS), model=MODELS[kind], window=WINDOW, volatility=None, statistics=STATISTICS)
    result = replace(study, **changes).run(prices, wanted, others=EventTable([]))  # type: ignore[arg-type]
    assert len(result.used) == len(result.outcomes)
    return result


def numbers(
    result: es.StudyResult, *fields: str, without: tuple[str, ...] = ()
) -> dict[tuple[object, ...], FloatArray]:
    """(event, instrument, window, statistic) -> the fields of every applicable test."""
    return {
        (t.event, t.instrument, t.window, t.statistic): np.array([float(getattr(t, f)) for f in fields])
        for t in result.tests
        if t.applicable and t.statistic not in without
    }


def assert_same(
    one: dict[tuple[object, ...], FloatArray], two: dict[tuple[object, ...], FloatArray], rtol: float = 1e-7
) -> None:
    """Equal keys, equal numbers. 1e-7: responses near 1e-2 keep 14 digits, differences of them 9 or more."""
    assert one.keys() == two.keys()
    assert one
    for key, values in one.items():
        np.testing.assert_allclose(values, two[key], rtol=rtol, atol=1e-12, err_msg=str(key))


def abnormal(result: es.StudyResult) -> FloatArray:
    """Abnormal responses of all pairs and offsets."""
    assert result.abnormal is not None
    return result.abnormal.ar


@given(seed=SEEDS, kind=KINDS, factor=FACTORS)
@FEW
def test_a_scale_changes_no_statistic_and_no_p(seed: int, kind: str, factor: float) -> None:
    one = run(table(draw(seed)), kind)
    two = run(table({k: factor * v for k, v in draw(seed).items()}), kind)
    # sq_raw's value is the sum itself, in the unit of the response; sq's lacks sigma; means have no other value.
    unitful = ("sq", "sq_raw", "caar", "sum_aar")
    assert_same(numbers(one, "value", without=unitful), numbers(two, "value", without=unitful))
    assert_same(numbers(one, "pvalue", "smallest_p"), numbers(two, "pvalue", "smallest_p"), rtol=1e-6)
    scaled = {k: factor * v for k, v in numbers(one, "estimate", "low", "high", "se").items()}
    for key, values in numbers(two, "estimate", "low", "high", "se").items():
        np.testing.assert_allclose(values, scaled[key], rtol=1e-7, atol=1e-12 * factor)


@given(seed=SEEDS, kind=KINDS)
@FEW
def test_the_opposite_sign_turns_statistics_round_and_keeps_every_p(seed: int, kind: str) -> None:
    one, two = run(table(draw(seed)), kind), run(table({k: -v for k, v in draw(seed).items()}), kind)
    for field in ("value", "estimate"):
        turned = {k: -v for k, v in numbers(two, field).items()}
        assert_same(numbers(one, field), turned)
    assert_same(numbers(one, "pvalue"), numbers(two, "pvalue"))
    swapped = {k: -v[::-1] for k, v in numbers(two, "low", "high").items()}
    assert_same(numbers(one, "low", "high"), swapped)


@given(seed=SEEDS, kind=KINDS, order=st.permutations(sorted(ROWS)), firms=st.permutations(FIRMS))
@FEW
def test_events_instruments_and_columns_may_come_in_any_order(
    seed: int, kind: str, order: list[str], firms: list[str]
) -> None:
    responses = draw(seed)
    prices = table(responses)
    turned = table({k: responses[k] for k in ("M", *firms)})
    one = run(prices, kind)
    two = run(turned, kind, events=events(turned, order), instruments=firms)
    fields = ("estimate", "value", "pvalue", "low", "high")
    assert_same(numbers(one, *fields), numbers(two, *fields), rtol=1e-9)


@given(seed=SEEDS, beta=st.floats(-3.0, 3.0), constant=st.floats(-0.05, 0.05))
@FEW
def test_a_multiple_of_the_market_and_a_constant_leave_the_market_model_alone(
    seed: int, beta: float, constant: float
) -> None:
    responses = draw(seed)
    moved = {k: v + beta * responses["M"] + constant for k, v in responses.items() if k != "M"} | {"M": responses["M"]}
    one, two = run(table(responses)), run(table(moved))
    np.testing.assert_allclose(abnormal(one), abnormal(two), atol=1e-13)
    assert_same(numbers(one, "estimate", "pvalue", "low", "high"), numbers(two, "estimate", "pvalue", "low", "high"))
    shifted = {k: v + constant if k != "M" else v for k, v in responses.items()}
    np.testing.assert_allclose(
        abnormal(run(table(responses), "constant")), abnormal(run(table(shifted), "constant")), atol=1e-13
    )


@given(seed=SEEDS, kind=KINDS)
@FEW
def test_windows_add_up_and_one_day_needs_no_choice(seed: int, kind: str) -> None:
    days = tuple((d, d) for d in range(-3, 6))
    result = run(table(draw(seed)), kind, window=replace(WINDOW, windows=((0, 0), (0, 3), *days)))
    estimates = numbers(result, "estimate")
    for (event, firm, window, key), value in estimates.items():
        if key == "t_fe":
            parts = [estimates[event, firm, (d, d), key][0] for d in range(window[0], window[1] + 1)]  # type: ignore[index]
            np.testing.assert_allclose(value[0], sum(parts), rtol=1e-9, atol=1e-15)
    for day in days:
        rows = {t.statistic: t for t in result.tests.where(window=day) if t.instrument is None}
        assert rows["patell_z"].value == pytest.approx(rows["patell_z_csar"].value, rel=1e-10)
        assert rows["bmp_t"].value == pytest.approx(rows["bmp_t_csar"].value, rel=1e-10)
    # Nothing is missing: the mean of the sums is the sum of the means.
    ar, offsets = abnormal(result), WINDOW.offsets
    for first, last in WINDOWS:
        inside = (offsets >= first) & (offsets <= last)
        caar = result.tests.one(statistic="cs_t", window=(first, last)).estimate
        assert caar == pytest.approx(float(ar[:, inside].mean(axis=0).sum()), rel=1e-9, abs=1e-15)


@given(seed=SEEDS, kind=KINDS)
@FEW
def test_a_symbol_that_nobody_asked_for_changes_nothing(seed: int, kind: str) -> None:
    responses = draw(seed)
    extra = responses | {"UNUSED": draw(seed + 1)["A"], "ANOTHER": np.full(N, 1e-3)}
    one, two = run(table(responses), kind), run(table(extra), kind)
    assert [repr(t) for t in one.tests] == [repr(t) for t in two.tests]
    assert one.outcomes == two.outcomes


@given(seed=SEEDS, change=st.sampled_from(["as_is", "log"]))
@FEW
def test_price_rows_may_come_shuffled(seed: int, change: str) -> None:
    order = np.random.default_rng(seed).permutation(N)
    one, two = table(draw(seed), change), table(draw(seed), change, order)
    assert one.fingerprint() == two.fingerprint()
    assert [repr(t) for t in run(one).tests] == [repr(t) for t in run(two).tests]


@given(seed=SEEDS, kind=KINDS, more=st.integers(0, 60))
@FEW
def test_data_after_the_last_event_window_change_nothing(seed: int, kind: str, more: int) -> None:
    whole = draw(seed)
    cut = max(ROWS.values()) + WINDOW.event[1] + 1 + more
    short = {k: v[:cut] for k, v in whole.items()}
    # Placebo dates are all the dates of the series: they do see later data, and say so by their number.
    one, two = (run(table(r, "log"), kind) for r in (whole, short))
    fields = ("estimate", "value", "pvalue", "low", "high")
    assert_same(
        numbers(one, *fields, without=("placebo_dates",)), numbers(two, *fields, without=("placebo_dates",)), rtol=1e-12
    )


def test_data_after_the_event_window_do_not_touch_simulation_or_volatility() -> None:
    rng = np.random.default_rng(12)
    whole = {name: 0.01 * rng.standard_t(5, 700) for name in ("A", "M")}
    study = es.Study(
        instruments=["A"], model=es.MarketModel("M"), window=WINDOW, volatility=es.GarchResponse(draws=199),
        statistics=("fhs", "local_scale", "verdict"),
    )  # fmt: skip
    results = []
    for last in (700, 650, 606):  # the event window ends on row 605
        prices = table({k: v[:last] for k, v in whole.items()})
        event = Event(id="e", announced=prices.frame.index[600].date(), precision="weekend")
        results.append(study.run(prices, event, others=EventTable([])))
    for other in results[1:]:
        assert [repr(t) for t in other.tests] == [repr(t) for t in results[0].tests]
        assert other.volatility[0].to_frame().equals(results[0].volatility[0].to_frame())
        assert other.volatility[0].pvalue == results[0].volatility[0].pvalue


@given(seed=SEEDS, kind=KINDS, size=st.floats(0.0005, 0.2), sign=st.sampled_from([-1.0, 1.0]))
@FEW
def test_an_effect_moves_the_estimate_by_itself_and_nothing_before_it(
    seed: int, kind: str, size: float, sign: float
) -> None:
    responses = draw(seed)
    hit = {k: v.copy() for k, v in responses.items()}
    hit["A"][ROWS["e2"]] += sign * size
    one, two = (run(table(r), kind, instruments=["A"], events=events(table(r), ["e2"])) for r in (responses, hit))
    for window in WINDOWS:  # every window holds day 0
        before, after = (r.tests.one(statistic="t_fe", window=window, instrument="A") for r in (one, two))
        assert after.estimate - before.estimate == pytest.approx(sign * size, rel=1e-9)
        assert after.se == before.se
        local = [r.tests.one(statistic="local_scale", window=window, instrument="A") for r in (one, two)]
        assert local[1].high - local[1].estimate == pytest.approx(local[0].high - local[0].estimate, rel=1e-9)
    offsets = WINDOW.offsets
    np.testing.assert_array_equal(abnormal(one)[:, offsets != 0], abnormal(two)[:, offsets != 0])


def test_doubling_every_return_changes_no_simulated_p(stock_and_market: Callable[..., Responses]) -> None:
    # Two is exact in binary: the same optimiser steps, the same draws, every path exactly twice as far.
    responses = stock_and_market(700, 77)
    results = []
    for factor in (1.0, 2.0):
        prices = table({k: factor * v for k, v in responses.items()})
        study = es.Study(
            instruments=["A"], model=es.MarketModel("M"), window=WINDOW, volatility=es.GarchResponse(draws=199),
            statistics=("fhs", "verdict"),
        )  # fmt: skip
        event = Event(id="e", announced=prices.frame.index[600].date(), precision="weekend")
        results.append(study.run(prices, event, others=EventTable([])))
    one, two = results
    assert_same(numbers(one, "pvalue"), numbers(two, "pvalue"), rtol=1e-12)
    assert one.volatility[0].pvalue == two.volatility[0].pvalue
    np.testing.assert_allclose(one.volatility[0].multiplier, two.volatility[0].multiplier, rtol=1e-9)
