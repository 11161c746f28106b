"""Responses across missing rows, worked out by hand on an eight-row table; windows cut out of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pytest

from eventstudy.domain.align import Block, event_rows, gather, mask_events, response_series, stack
from eventstudy.domain.events import Event
from eventstudy.domain.prices import PriceTable

NAN = float("nan")
DAYS = [
    "2024-01-01",
    "2024-01-02",
    "2024-01-03",
    "2024-01-04",
    "2024-01-05",
    "2024-01-08",
    "2024-01-09",
    "2024-01-10",
]
A = [100.0, 110.0, NAN, 121.0, 133.1, NAN, NAN, 146.41]
M = [50.0, 51.0, 52.0, 53.0, NAN, 55.0, 56.0, 57.0]
F = [0.01, 0.02, 0.04, -0.01, 0.03, 0.05, -0.02, 0.01]  # a ready-made return


@pytest.fixture
def prices(table_of: Callable[..., PriceTable]) -> PriceTable:
    return table_of({"A": A, "M": M, "F": F}, DAYS, A="simple", M="simple", F="as_is")


def test_own_calendar_spans_the_holes_of_the_instrument(prices: PriceTable) -> None:
    series = response_series(prices, "A", ("M", "F"), policy="own_calendar")
    # A's own rows: 1, 2, 4, 5 January and the 10th.
    assert [str(d) for d in series.dates] == [DAYS[i] for i in (0, 1, 3, 4, 7)]
    np.testing.assert_allclose(series.response, [NAN, 0.1, 0.1, 0.1, 0.1], rtol=1e-12)
    # M over the same spans: 50->51, 51->53 (two days), 53->nothing, nothing->57.
    np.testing.assert_allclose(series.factors[:, 0], [NAN, 51 / 50 - 1, 53 / 51 - 1, NAN, NAN], rtol=1e-12)
    # F is summed over the spans: 2%; 4% - 1%; 3%; 5% - 2% + 1%.
    np.testing.assert_allclose(series.factors[:, 1], [NAN, 0.02, 0.03, 0.03, 0.04], rtol=1e-12)
    np.testing.assert_array_equal(series.valid, [False, True, True, False, False])
    assert series.unit == "fraction"


def test_strict_counts_the_rows_of_the_benchmark_and_needs_adjacent_prices(prices: PriceTable) -> None:
    series = response_series(prices, "A", ("M",), policy="strict")
    assert [str(d) for d in series.dates] == [DAYS[i] for i in (0, 1, 2, 3, 5, 6, 7)]
    # A has prices on 1, 2, 4 and 10 January of these: only 1->2 is adjacent.
    np.testing.assert_allclose(series.response, [NAN, 0.1, NAN, NAN, NAN, NAN, NAN], rtol=1e-12)
    expected = [NAN, 51 / 50 - 1, 52 / 51 - 1, 53 / 52 - 1, 55 / 53 - 1, 56 / 55 - 1, 57 / 56 - 1]
    np.testing.assert_allclose(series.factors[:, 0], expected, rtol=1e-12)
    np.testing.assert_array_equal(series.valid, [False, True, False, False, False, False, False])


def test_strict_takes_its_calendar_from_whom_it_is_told(prices: PriceTable) -> None:
    series = response_series(prices, "A", ("M",), policy="strict", calendar="F")
    assert series.dates.size == 8
    np.testing.assert_allclose(series.response, [NAN, 0.1, NAN, NAN, 0.1, NAN, NAN, NAN], rtol=1e-12)
    without = response_series(prices, "A", (), policy="strict")
    assert [str(d) for d in without.dates] == [DAYS[i] for i in (0, 1, 3, 4, 7)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("log", [NAN, np.log(1.1), np.log(1.1), np.log(1.1), np.log(1.1)]),
        ("difference", [NAN, 10.0, 11.0, 12.1, 13.31]),
        ("as_is", [100.0, 110.0, 121.0, 133.1, 146.41]),
    ],
)
def test_every_change_on_the_same_levels(
    table_of: Callable[..., PriceTable], change: str, expected: list[float]
) -> None:
    series = response_series(table_of({"A": A}, DAYS, A=change), "A", (), policy="own_calendar")
    np.testing.assert_allclose(series.response, expected, rtol=1e-12)
    assert series.unit == ("fraction" if change == "log" else "USD")
    assert series.valid.all() == (change == "as_is")


def test_returns_option_touches_log_and_simple_only(table_of: Callable[..., PriceTable]) -> None:
    prices = table_of({"A": A, "D": A, "F": F}, DAYS, A="simple", D="difference", F="as_is")
    log = response_series(prices, "A", ("D", "F"), policy="own_calendar", returns="log")
    np.testing.assert_allclose(log.response[1:], np.log(1.1), rtol=1e-12)
    np.testing.assert_allclose(log.factors[1:, 0], [10.0, 11.0, 12.1, 13.31], rtol=1e-12)
    np.testing.assert_allclose(log.factors[1:, 1], [0.02, 0.03, 0.03, 0.04], rtol=1e-12)


def test_ready_made_returns_beside_ready_made_returns_stay_as_they_are(
    table_of: Callable[..., PriceTable],
) -> None:
    own = [0.01, NAN, 0.02, 0.03, NAN, 0.01, 0.0, 0.02]
    series = response_series(
        table_of({"R": own, "F": F}, DAYS, R="as_is", F="as_is"), "R", ("F",), policy="own_calendar"
    )
    np.testing.assert_array_equal(series.response, [0.01, 0.02, 0.03, 0.01, 0.0, 0.02])
    np.testing.assert_array_equal(series.factors[:, 0], [0.01, 0.04, -0.01, 0.05, -0.02, 0.01])
    assert series.valid.all()


def test_a_ready_made_factor_missing_on_the_kept_day_stays_missing(
    table_of: Callable[..., PriceTable],
) -> None:
    holes = list(F)
    holes[3] = NAN
    series = response_series(
        table_of({"A": A, "F": holes}, DAYS, A="simple", F="as_is"), "A", ("F",), policy="own_calendar"
    )
    np.testing.assert_array_equal(np.isnan(series.factors[:, 0]), [True, False, True, False, False])


def test_nothing_is_filled_and_the_input_is_left_alone(prices: PriceTable) -> None:
    before = prices.frame.copy(deep=True)
    for policy in ("own_calendar", "strict"):
        response_series(prices, "A", ("M", "F"), policy=policy)
    assert prices.frame.equals(before)


# --- windows --------------------------------------------------------------------------------------


def test_gather_cuts_the_windows_and_marks_what_lies_outside(prices: PriceTable) -> None:
    series = response_series(prices, "A", ("F",), policy="own_calendar")
    block = Block(series=series, events=("first", "last"), positions=np.array([2, 4]))
    sample = gather(block, np.arange(-2, 2), (-2, -1), mask=True)
    assert sample.pairs == (("first", "A"), ("last", "A"))
    np.testing.assert_allclose(sample.response, [[NAN, 0.1, 0.1, 0.1], [0.1, 0.1, 0.1, NAN]], rtol=1e-12)
    np.testing.assert_allclose(sample.factors[:, :, 0], [[NAN, 0.02, 0.03, 0.03], [0.03, 0.03, 0.04, NAN]], rtol=1e-12)
    np.testing.assert_array_equal(sample.estimation, [[False, True, False, False], [True, True, False, False]])
    np.testing.assert_array_equal(sample.valid, [[False, True, True, True], [True, True, True, False]])
    assert np.isnat(sample.dates[1, 3])
    assert str(sample.dates[0, 2]) == "2024-01-04"
    np.testing.assert_allclose(sample.levels[0], [100.0, 110.0, 121.0, 133.1], rtol=1e-12)
    assert sample.columns((0, 1)) == slice(2, 4)
    assert sample.take(np.array([1])).pairs == (("last", "A"),)


def test_other_events_leave_the_estimation_window_when_asked(prices: PriceTable) -> None:
    plain = response_series(prices, "A", (), policy="own_calendar")
    other = Event(id="other", announced=dt.date(2024, 1, 3), precision="weekend")  # A's next row: 4 January
    series = mask_events(plain, [other])
    np.testing.assert_array_equal(series.masked, [False, False, True, True, False])  # day 0 and day 1
    np.testing.assert_array_equal(plain.masked, [False] * 5)
    block = Block(series=series, events=("event",), positions=np.array([4]))
    masked = gather(block, np.arange(-3, 1), (-3, -1), mask=True)
    np.testing.assert_array_equal(masked.estimation, [[True, False, False, False]])
    np.testing.assert_array_equal(masked.masked, [[False, True, True, False]])
    kept = gather(block, np.arange(-3, 1), (-3, -1), mask=False)
    np.testing.assert_array_equal(kept.estimation, [[True, True, True, False]])
    np.testing.assert_array_equal(kept.masked, masked.masked)


def test_event_rows_names_only_events_that_concern_the_instrument_and_reach_the_data(
    prices: PriceTable,
) -> None:
    series = response_series(prices, "A", (), policy="own_calendar")

    def on(id: str, day: dt.date, *instruments: str) -> Event:
        return Event(id=id, announced=day, precision="weekend", instruments=instruments)

    events = [
        on("here", dt.date(2024, 1, 2)),
        on("in a hole", dt.date(2024, 1, 6)),
        on("mine", dt.date(2024, 1, 5), "A"),
        on("another's", dt.date(2024, 1, 5), "B"),
        on("after", dt.date(2024, 1, 11)),
        on("long before", dt.date(2023, 12, 1)),
    ]
    assert event_rows(series, events) == {"here": 1, "in a hole": 4, "mine": 3}
    assert event_rows(series, events, max_delay=2) == {"here": 1, "mine": 3}


def test_stack_keeps_pairs_in_order(prices: PriceTable) -> None:
    samples = [
        gather(
            Block(
                series=response_series(prices, name, (), policy="own_calendar"), events=("e",), positions=np.array([2])
            ),
            np.arange(-1, 2), (-1, -1), mask=True,
        )
        for name in ("A", "M")
    ]  # fmt: skip
    both = stack(samples)
    assert both.pairs == (("e", "A"), ("e", "M"))
    np.testing.assert_array_equal(both.response, np.concatenate([s.response for s in samples]))
