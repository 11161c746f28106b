"""The study as a whole: an outcome for every pair, errors of design, reproducibility, the flagship's known facts."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import eventstudy as es
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.instruments import Instrument, InstrumentTable
from eventstudy.domain.prices import PriceTable, build_table
from eventstudy.domain.windows import Outcome
from eventstudy.errors import InputError, NothingUsableError, UnknownNameError

FloatArray = NDArray[np.float64]
N, DAY0 = 260, 150
WINDOW = es.EventWindow(primary=(0, 1), event=(-5, 10), estimation=(-70, -11), windows=((0, 0), (0, 4)))


def small(**changes: object) -> es.Study:
    """Market model of A on M, no volatility, three statistics."""
    base = es.Study(
        instruments=["A"], model=es.MarketModel("M"), window=WINDOW, volatility=None, statistics=("t_fe", "sq", "cs_t")
    )
    return replace(base, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def levels(stock_and_market: Callable[..., dict[str, FloatArray]]) -> dict[str, FloatArray]:
    """Prices of A and M, every session there."""
    return {k: 100.0 * np.exp(np.cumsum(v)) for k, v in stock_and_market(N, 31).items()}


@pytest.fixture(scope="module")
def days() -> pd.DatetimeIndex:
    return pd.bdate_range("2001-01-01", periods=N)


@pytest.fixture(scope="module")
def prices(table_of: Callable[..., PriceTable], levels: dict[str, FloatArray], days: pd.DatetimeIndex) -> PriceTable:
    return table_of(levels, days)


def only(result: es.StudyResult) -> tuple[Outcome, str]:
    """Outcome and detail of a study of one pair; dropped pairs must leave no number."""
    assert len(result.outcomes) == 1
    found = result.outcomes[0]
    if found.outcome is not Outcome.USED:
        assert len(result.tests) == 0
        assert result.abnormal is None
        assert result.volatility == ()
        with pytest.raises(NothingUsableError, match=str(found.outcome)):
            result.require_used()
    return found.outcome, found.detail


# --- outcomes -------------------------------------------------------------------------------------


def test_used(prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable) -> None:
    result = small().run(prices, event_at(prices, DAY0), others=no_events)
    assert only(result) == (Outcome.USED, "")
    assert result.outcomes[0].estimation_sessions == 60
    assert len(result.tests) == 3 * 4  # statistics x windows: primary, day 0, [0, 4], event
    result.require_used()


def test_unknown_instrument(prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable) -> None:
    result = small(instruments=["NOPE"]).run(prices, event_at(prices, DAY0), others=no_events)
    assert only(result) == (Outcome.UNKNOWN_INSTRUMENT, "the prices hold no such instrument")
    assert result.day0 == ()


@pytest.mark.parametrize(
    ("day", "outcome", "words"),
    [
        (dt.date(2000, 6, 1), Outcome.EVENT_BEFORE_DATA, "the data begin on 2001-01-01"),
        (dt.date(2000, 12, 28), Outcome.TOO_FEW_ESTIMATION_DAYS, "0 valid sessions"),  # a price follows in four days
        (dt.date(2010, 1, 4), Outcome.EVENT_AFTER_DATA, "the data end on 2001-12-28"),
        (dt.date(2001, 12, 29), Outcome.EVENT_AFTER_DATA, "the data end on 2001-12-28"),
        (dt.date(2001, 3, 1), Outcome.TOO_FEW_ESTIMATION_DAYS, "32 valid sessions in the estimation window, 48 needed"),
    ],
)
def test_dates_outside_the_data(
    prices: PriceTable, no_events: EventTable, day: dt.date, outcome: Outcome, words: str
) -> None:
    # 2001-03-01 is row 43: estimation rows -27..32, of which 1..32 have a return.
    event = Event(id="event", announced=day, precision="weekend")
    found, detail = only(small().run(prices, event, others=no_events))
    assert (found, words in detail) == (outcome, True), detail


def test_four_fifths_of_the_estimation_window_are_enough(
    prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable
) -> None:
    # Row p has p - 10 - 1 + 1 = p - 11 estimation sessions with a return while the window reaches row 0 or before.
    assert only(small().run(prices, event_at(prices, 59), others=no_events))[0] is Outcome.USED
    found = small().run(prices, event_at(prices, 58), others=no_events)
    assert only(found)[0] is Outcome.TOO_FEW_ESTIMATION_DAYS
    assert found.outcomes[0].estimation_sessions == 47
    fewer = small(window=replace(WINDOW, min_estimation=40))
    assert only(fewer.run(prices, event_at(prices, 58), others=no_events))[0] is Outcome.USED


def test_gap_of_three_weeks(
    table_of: Callable[..., PriceTable], levels: dict[str, FloatArray], days: pd.DatetimeIndex,
    event_at: Callable[..., Event], prices: PriceTable, no_events: EventTable,
) -> None:  # fmt: skip
    keep = np.ones(N, dtype=bool)
    keep[DAY0 : DAY0 + 15] = False
    holes = table_of({k: v[keep] for k, v in levels.items()}, days[keep])
    found, detail = only(small().run(holes, event_at(prices, DAY0), others=no_events))
    assert found is Outcome.GAP_IN_WINDOW
    assert detail == "the first price after the announcement is 21 days later, on 2001-08-20"
    patient = small(window=replace(WINDOW, max_delay=24))  # from Friday to that Monday
    assert only(patient.run(holes, event_at(prices, DAY0), others=no_events))[0] is Outcome.USED


def test_a_return_across_months_is_not_the_reaction_of_one_session(
    table_of: Callable[..., PriceTable], levels: dict[str, FloatArray], days: pd.DatetimeIndex,
    event_at: Callable[..., Event], prices: PriceTable, no_events: EventTable,
) -> None:  # fmt: skip
    keep = np.ones(N, dtype=bool)
    keep[DAY0 + 1 : DAY0 + 60] = False  # day 0 is there; the next price comes twelve weeks later
    holes = table_of({k: v[keep] for k, v in levels.items()}, days[keep])
    assert only(small().run(holes, event_at(prices, DAY0), others=no_events))[0] is Outcome.GAP_IN_WINDOW


def test_missing_benchmark_in_the_primary_window(
    table_of: Callable[..., PriceTable], levels: dict[str, FloatArray], days: pd.DatetimeIndex,
    event_at: Callable[..., Event], no_events: EventTable,
) -> None:  # fmt: skip
    holes = {k: v.copy() for k, v in levels.items()}
    holes["M"][DAY0 + 1] = np.nan
    prices = table_of(holes, days)
    found, detail = only(small().run(prices, event_at(prices, DAY0), others=no_events))
    assert found is Outcome.GAP_IN_WINDOW
    assert detail == "no response (or no benchmark) on session 1 of the primary window"
    summing = small(window=replace(WINDOW, missing="sum")).run(prices, event_at(prices, DAY0), others=no_events)
    assert only(summing)[0] is Outcome.USED
    one, both = (summing.tests.one(statistic="t_fe", window=w) for w in ((0, 0), (0, 1)))
    assert both.estimate == one.estimate  # session 1 does not exist: the sum is day 0 alone
    # Outside the primary window a hole is no reason to refuse.
    holes["M"][DAY0 + 1], holes["M"][DAY0 + 7] = levels["M"][DAY0 + 1], np.nan
    later = table_of(holes, days)
    assert only(small().run(later, event_at(later, DAY0), others=no_events))[0] is Outcome.USED


def test_stale_prices(
    table_of: Callable[..., PriceTable], levels: dict[str, FloatArray], days: pd.DatetimeIndex,
    event_at: Callable[..., Event], no_events: EventTable,
) -> None:  # fmt: skip
    frozen = {k: v.copy() for k, v in levels.items()}
    frozen["A"][DAY0 - 3 : DAY0 + 7] = frozen["A"][DAY0 - 3]  # ten sessions at one price
    prices = table_of(frozen, days)
    found, detail = only(small().run(prices, event_at(prices, DAY0), others=no_events))
    assert found is Outcome.STALE_PRICES
    assert f"{days[DAY0 - 3]:%Y-%m-%d}..{days[DAY0 + 6]:%Y-%m-%d} (10 sessions" in detail
    frozen["A"][DAY0 + 6] = levels["A"][DAY0 + 6]  # nine: a quiet market
    prices = table_of(frozen, days)
    assert only(small().run(prices, event_at(prices, DAY0), others=no_events))[0] is Outcome.USED


def test_an_estimation_window_that_is_mostly_frozen(
    table_of: Callable[..., PriceTable], levels: dict[str, FloatArray], days: pd.DatetimeIndex,
    event_at: Callable[..., Event], no_events: EventTable,
) -> None:  # fmt: skip
    for length, outcome in ((31, Outcome.STALE_PRICES), (30, Outcome.USED)):  # of 60 sessions
        frozen = {k: v.copy() for k, v in levels.items()}
        frozen["A"][90 : 90 + length] = 77.0
        prices = table_of(frozen, days)
        assert only(small().run(prices, event_at(prices, DAY0), others=no_events))[0] is outcome


def test_singular_market(
    table_of: Callable[..., PriceTable], levels: dict[str, FloatArray], days: pd.DatetimeIndex,
    event_at: Callable[..., Event], no_events: EventTable,
) -> None:  # fmt: skip
    for still in (np.full(N, 50.0), 50.0 * 1.0001 ** np.arange(N)):  # at rest, or growing evenly
        market = np.where(np.arange(N) <= DAY0 - 10, still, still[DAY0 - 10] * levels["M"] / levels["M"][DAY0 - 10])
        prices = table_of(levels | {"M": market}, days)
        found, detail = only(small().run(prices, event_at(prices, DAY0), others=no_events))
        assert found is Outcome.SINGULAR_MARKET
        assert detail.startswith("M is constant or collinear over the estimation window")


def test_no_variation(
    table_of: Callable[..., PriceTable], levels: dict[str, FloatArray], days: pd.DatetimeIndex,
    event_at: Callable[..., Event], no_events: EventTable,
) -> None:  # fmt: skip
    even = 100.0 * 1.001 ** np.arange(N)
    copy = 3.0 * levels["M"]
    for model, own in ((es.ConstantMean(), even), (es.MarketModel("M"), copy), (es.MarketAdjusted("M"), copy)):
        prices = table_of({"A": own, "M": levels["M"]}, days)
        found, detail = only(small(model=model).run(prices, event_at(prices, DAY0), others=no_events))
        assert (found, detail) == (Outcome.NO_VARIATION, "the residuals do not vary over the estimation window")


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3, 1e6])
def test_no_variation_in_any_unit(
    table_of: Callable[..., PriceTable], levels: dict[str, FloatArray], days: pd.DatetimeIndex,
    event_at: Callable[..., Event], no_events: EventTable, unit: float,
) -> None:  # fmt: skip
    # A difference series that is three times its benchmark, in t or in kt: what is left is rounding in either unit.
    prices = table_of({"A": 3.3 * unit * levels["M"], "M": unit * levels["M"]}, days, A="difference", M="difference")
    assert only(small().run(prices, event_at(prices, DAY0), others=no_events))[0] is Outcome.NO_VARIATION


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_a_series_that_varies_is_used_in_any_unit(
    table_of: Callable[..., PriceTable], levels: dict[str, FloatArray], days: pd.DatetimeIndex,
    event_at: Callable[..., Event], no_events: EventTable, unit: float,
) -> None:  # fmt: skip
    prices = table_of({"A": unit * levels["A"], "M": levels["M"]}, days, A="difference", M="difference")
    result = small().run(prices, event_at(prices, DAY0), others=no_events)
    assert only(result)[0] is Outcome.USED


def test_unusable_event(prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable) -> None:
    doubtful = event_at(prices, DAY0, usable=False, reason="two sources disagree on the year")
    assert only(small().run(prices, doubtful, others=no_events)) == (
        Outcome.UNUSABLE_EVENT, "two sources disagree on the year",
    )  # fmt: skip
    assert only(small(allow_unusable=True).run(prices, doubtful, others=no_events))[0] is Outcome.USED


def test_other_announcements_in_the_estimation_window(prices: PriceTable, event_at: Callable[..., Event]) -> None:
    # Ten and 40 sessions before: the first lies in the gap, the second in estimation with its next session.
    others = EventTable([event_at(prices, DAY0 - 10, "gap"), event_at(prices, DAY0 - 40, "estimation")])
    event = event_at(prices, DAY0)
    found: dict[str, es.StudyResult] = {}
    for policy in ("mask", "keep", "drop"):
        found[policy] = small(window=replace(WINDOW, overlap=policy)).run(prices, event, others=others)
    outcome, detail = only(found["drop"])
    assert outcome is Outcome.OVERLAPS_EVENT
    assert detail == "2 sessions of other announcements in the estimation window"
    masked, kept = found["mask"].outcomes[0], found["keep"].outcomes[0]
    assert (masked.estimation_sessions, masked.other_sessions, masked.masked_sessions) == (58, 2, 2)
    assert (kept.estimation_sessions, kept.other_sessions, kept.masked_sessions) == (60, 2, 0)
    assert [(o.other, o.offset, o.place) for o in found["mask"].overlaps] == [
        ("estimation", -40, "estimation window"), ("gap", -10, "near"),
    ]  # fmt: skip
    near = EventTable([event_at(prices, DAY0 + 3, "after")])
    assert [o.place for o in small().run(prices, event, others=near).overlaps] == ["event window"]


def test_what_the_other_treatment_of_announcements_would_do_is_part_of_the_result(
    prices: PriceTable, event_at: Callable[..., Event], levels: dict[str, FloatArray]
) -> None:
    r, m = (np.concatenate(([0.0], np.diff(np.log(levels[k])))) for k in "AM")
    effects = {}
    for treatment, gone in (("keep", ()), ("mask", (DAY0 - 40, DAY0 - 39))):
        rows = [t for t in range(DAY0 - 70, DAY0 - 10) if t not in gone]
        beta, alpha = np.polyfit(m[rows], r[rows], 1)
        effects[treatment] = float(sum(r[t] - alpha - beta * m[t] for t in (DAY0, DAY0 + 1)))
    others = EventTable([event_at(prices, DAY0 - 40, "other")])
    treatments: list[Literal["keep", "mask"]] = ["keep", "mask"]
    for mine, theirs in zip(treatments, reversed(treatments), strict=True):
        study = small(window=replace(WINDOW, overlap=mine))
        result = study.run(prices, event_at(prices, DAY0), others=others)
        assert result.tests.one(statistic="t_fe", window=(0, 1)).estimate == pytest.approx(effects[mine], rel=1e-9)
        (change,) = result.sensitivity
        assert (change.overlap, change.sessions, change.unit) == (theirs, 2, "fraction")
        assert change.estimate == pytest.approx(effects[theirs], rel=1e-9)
    assert small().run(prices, event_at(prices, DAY0), others=EventTable([])).sensitivity == ()


def test_counts_reconcile_whatever_happens(
    table_of: Callable[..., PriceTable], levels: dict[str, FloatArray], days: pd.DatetimeIndex,
    event_at: Callable[..., Event], no_events: EventTable, prices: PriceTable,
) -> None:  # fmt: skip
    stale = levels["A"].copy()
    stale[DAY0 : DAY0 + 12] = 90.0
    table = table_of(levels | {"STALE": stale, "FLAT": 100.0 * 1.001 ** np.arange(N)}, days)
    events = [
        event_at(prices, DAY0, "good"),
        event_at(prices, 5, "early"),
        Event(id="before", announced=dt.date(1999, 1, 4), precision="weekend"),
        Event(id="after", announced=dt.date(2019, 1, 4), precision="weekend"),
        event_at(prices, DAY0, "own", instruments=("A",)),
        event_at(prices, DAY0, "doubtful", usable=False, reason="no source"),
    ]
    study = small(instruments=["A", "STALE", "FLAT", "NOPE"], model=es.ConstantMean())
    result = study.run(table, events, others=no_events)
    # Five events on four instruments, one event on its own instrument.
    assert len(result.outcomes) == 5 * 4 + 1
    assert len({(o.event, o.instrument) for o in result.outcomes}) == 21
    assert Counter(o.outcome for o in result.outcomes) == {
        Outcome.USED: 2,  # A at good and own
        Outcome.STALE_PRICES: 1,
        Outcome.NO_VARIATION: 1,
        Outcome.UNKNOWN_INSTRUMENT: 5,
        Outcome.TOO_FEW_ESTIMATION_DAYS: 3,
        Outcome.EVENT_BEFORE_DATA: 3,
        Outcome.EVENT_AFTER_DATA: 3,
        Outcome.UNUSABLE_EVENT: 3,
    }
    assert result.abnormal is not None
    assert [(o.event, o.instrument) for o in result.used] == list(result.abnormal.pairs)
    assert all(o.detail for o in result.outcomes if o.outcome is not Outcome.USED)
    assert result.tests.one(statistic="cs_t", window=(0, 1)).n_pairs == 2


# --- designs that cannot be -----------------------------------------------------------------------


def test_a_market_that_is_the_instrument_is_an_error(
    prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable
) -> None:
    for model in (es.MarketModel("A"), es.MarketAdjusted(["M", "A"])):
        with pytest.raises(InputError, match="the market 'A' is the instrument itself"):
            small(model=model).run(prices, event_at(prices, DAY0), others=no_events)


def test_an_unknown_market_names_its_neighbours(
    prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable
) -> None:
    with pytest.raises(UnknownNameError, match="unknown market 'MM'; did you mean 'M'"):
        small(model=es.MarketModel("MM")).run(prices, event_at(prices, DAY0), others=no_events)
    with pytest.raises(UnknownNameError, match="calendar"):
        small(calendar="LSE").run(prices, event_at(prices, DAY0), others=no_events)


def test_a_missing_default_benchmark_is_an_error_that_says_what_to_do(
    levels: dict[str, FloatArray], days: pd.DatetimeIndex, event_at: Callable[..., Event], no_events: EventTable
) -> None:
    record = Instrument(id="A", benchmark=("SPY",))
    alone = build_table(pd.DataFrame({"A": levels["A"]}, index=days), InstrumentTable([record]), origins=())
    with pytest.raises(InputError, match="A is measured against SPY, but SPY is not among the prices; add its file"):
        small(model=es.MarketModel()).run(alone, event_at(alone, DAY0), others=no_events)


def test_an_instrument_without_a_default_benchmark_takes_the_constant_mean(
    prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable
) -> None:
    default = small(model=es.MarketModel()).run(prices, event_at(prices, DAY0), others=no_events)
    constant = small(model=es.ConstantMean()).run(prices, event_at(prices, DAY0), others=no_events)
    assert default.models["A"] == ("constant mean", "A has no default benchmark: constant mean")
    assert list(default.tests) == list(constant.tests)


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"returns": "percent"}, "'instrument', 'log', 'simple'"),
        ({"alpha": 0.5}, "between 0 and 0.5"),
        ({"alpha": 0.0}, "between 0 and 0.5"),
        ({"seed": -1}, "zero or more"),
        ({"statistics": ("t_fee",)}, "did you mean 't_fe'"),
    ],
)
def test_settings_that_cannot_be(kwargs: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        es.Study(instruments=["A"], **kwargs)  # type: ignore[arg-type]


def test_a_study_of_nothing_is_an_error(
    prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable
) -> None:
    with pytest.raises(InputError, match="no instrument: name at least one"):
        small(instruments=[]).run(prices, event_at(prices, DAY0), others=no_events)


def test_primary_window_follows_what_is_known_of_the_instant(
    prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable
) -> None:
    open_window = replace(WINDOW, primary=None)
    certain = event_at(prices, DAY0)
    vague = replace(certain, id="vague", precision="day")
    assert small(window=open_window).run(prices, certain, others=no_events).primary == (0, 1)
    assert small(window=open_window).run(prices, vague, others=no_events).primary == (-1, 1)
    assert small().run(prices, vague, others=no_events).primary == (0, 1)  # named, so kept
    with pytest.raises(InputError, match=r"primary window \[-1,1\] \(because the instant is ambiguous\)"):
        small(window=replace(open_window, event=(0, 10))).run(prices, vague, others=no_events)


@pytest.mark.parametrize("why", ["before the data", "after the data", "unusable", "unknown instrument"])
def test_a_pair_that_is_dropped_has_no_say_in_the_primary_window(
    prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable, why: str
) -> None:
    # All of these know the date only; none can be measured, so none may widen the window of the one that can.
    dropped = {
        "before the data": Event(id="x", announced=dt.date(1990, 1, 1)),
        "after the data": Event(id="x", announced=dt.date(2030, 1, 1)),
        "unusable": replace(event_at(prices, 170, "x"), precision="day", usable=False, reason="no source"),
        "unknown instrument": replace(event_at(prices, 170, "x"), precision="day", instruments=("NOPE",)),
    }[why]
    study = small(window=replace(WINDOW, primary=None))
    alone = study.run(prices, event_at(prices, DAY0), others=no_events)
    both = study.run(prices, [event_at(prices, DAY0), dropped], others=no_events)
    assert len(both.used) == 1
    assert both.primary == alone.primary == (0, 1)


def test_an_event_that_names_an_instrument_twice_is_one_pair(
    table_of: Callable[..., PriceTable], levels: dict[str, FloatArray], days: pd.DatetimeIndex,
    event_at: Callable[..., Event], no_events: EventTable,
) -> None:  # fmt: skip
    prices = table_of({"AA": levels["A"], "M": levels["M"]}, days)
    twice = small().run(prices, event_at(prices, DAY0, instruments=("AA", "AA")), others=no_events)
    assert [(o.event, o.instrument) for o in twice.outcomes] == [("event", "AA")]


def test_an_event_may_name_its_instruments_by_role(
    table_of: Callable[..., PriceTable], levels: dict[str, FloatArray], days: pd.DatetimeIndex,
    event_at: Callable[..., Event], no_events: EventTable,
) -> None:  # fmt: skip
    # Alcoa is among the producers that the package knows; the others are not among the prices.
    prices = table_of({"AA": levels["A"], "M": levels["M"]}, days)
    producers = small().run(prices, event_at(prices, DAY0, instruments=("role:producer",)), others=no_events)
    assert [o.instrument for o in producers.used] == ["AA"]
    assert {o.outcome for o in producers.outcomes} == {Outcome.USED, Outcome.UNKNOWN_INSTRUMENT}


# --- reproducibility ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def long_prices(
    prices_of: Callable[..., PriceTable], stock_and_market: Callable[..., dict[str, FloatArray]]
) -> PriceTable:
    return prices_of(stock_and_market(760, 8))


@pytest.fixture(scope="module")
def full() -> es.Study:
    """Everything on, as cheaply as it gets."""
    return es.Study(
        instruments=["A"], model=es.MarketModel("M"), window=WINDOW, volatility=es.GarchResponse(draws=199), seed=3
    )


def of_pairs(result: es.StudyResult) -> list[str]:
    """Every number of every pair, to the last bit, in an order of their own."""
    tests = [repr(t) for t in result.tests if t.instrument]
    volatility = [repr((v.event, v.instrument, v.cav, v.pvalue, v.low, v.high)) for v in result.volatility]
    return sorted(tests + volatility)


def across_pairs(result: es.StudyResult) -> FloatArray:
    """Every number across pairs, shape (tests, 4)."""
    rows = sorted(
        (t.statistic, t.window, t.estimate, t.value, t.pvalue, t.low) for t in result.tests if not t.instrument
    )
    return np.array([row[2:] for row in rows])


def test_a_second_run_is_the_same_to_the_last_bit(
    full: es.Study, long_prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable
) -> None:
    one, two = (full.run(long_prices, event_at(long_prices, 700), others=no_events) for _ in range(2))
    assert of_pairs(one) == of_pairs(two)
    np.testing.assert_array_equal(across_pairs(one), across_pairs(two))
    assert one.provenance == two.provenance
    assert repr(one) == repr(two)


def test_the_order_of_events_does_not_matter(
    full: es.Study, long_prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable
) -> None:
    events = [event_at(long_prices, row, f"event-{row}") for row in (640, 680, 720)]
    one = full.run(long_prices, events, others=no_events)
    two = full.run(long_prices, events[::-1], others=no_events)
    assert of_pairs(one) == of_pairs(two)
    # A mean of three numbers depends on their order in its last bit.
    np.testing.assert_allclose(across_pairs(one), across_pairs(two), rtol=1e-12)
    assert {o.event: o for o in one.outcomes} == {o.event: o for o in two.outcomes}
    assert [o.event for o in two.outcomes] == [e.id for e in events[::-1]]


def test_the_seed_changes_simulated_numbers_only(
    full: es.Study, long_prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable
) -> None:
    event = event_at(long_prices, 700)
    one, two = (replace(full, seed=seed).run(long_prices, event, others=no_events) for seed in (3, 4))
    simulated = {"fhs", "verdict", "stationary_bootstrap", "wild_bootstrap"}
    for a, b in zip(one.tests, two.tests, strict=True):
        if a.statistic not in simulated:
            assert repr(a) == repr(b)
    fhs = [[t.pvalue for t in r.tests.where(statistic="fhs")] for r in (one, two)]
    assert fhs[0] != fhs[1]
    # Two binomial shares of 199 draws each differ by at most five standard errors, .035 sqrt 2 at p = .5.
    np.testing.assert_allclose(fhs[0], fhs[1], atol=5 * 0.05)
    first, second = one.volatility[0], two.volatility[0]
    assert (first.cav, first.days) == (second.cav, second.days)
    np.testing.assert_array_equal(first.multiplier, second.multiplier)
    # Its interval covers simulation and placebo dates together: only the first draws.
    assert first.simulated is not None
    assert second.simulated is not None
    assert first.simulated.low != second.simulated.low
    assert first.placebo == second.placebo
    assert one.provenance.settings_sha256 != two.provenance.settings_sha256


def test_running_changes_neither_study_nor_prices(
    full: es.Study, long_prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable
) -> None:
    shown, print_before = repr(full), long_prices.fingerprint()
    full.run(long_prices, event_at(long_prices, 700), others=no_events)
    assert (repr(full), long_prices.fingerprint()) == (shown, print_before)


# --- the flagship ---------------------------------------------------------------------------------
# Facts of the 1994 accord on Alcoa that were established before this package: day 0 stands out by a little, nothing
# longer does, and the large multiplier of day 0 is the squared abnormal return and no evidence of volatility.


def flagship(accord: es.StudyResult, statistic: str, window: tuple[int, int]) -> es.TestResult:
    return accord.tests.one(statistic=statistic, window=window, instrument="AA")


def test_flagship_sample(accord: es.StudyResult) -> None:
    assert accord.primary == (0, 1)
    assert [str(d.session) for d in accord.day0] == ["1994-01-31"]
    assert [o.outcome for o in accord.outcomes] == [Outcome.USED]
    assert accord.outcomes[0].estimation_sessions == 250


def test_flagship_day_zero(accord: es.StudyResult) -> None:
    t = flagship(accord, "t_fe", (0, 0))
    assert 0.0305 <= t.estimate <= 0.0323
    assert 2.2 <= t.value <= 2.4
    assert 0.016 <= flagship(accord, "sq", (0, 0)).pvalue <= 0.040
    # .043 is the tenth of 231 ranks; log or simple returns move it by one.
    local = flagship(accord, "local_scale", (0, 0))
    assert local.smallest_p == pytest.approx(1 / 231)
    assert local.pvalue == pytest.approx(10 / 231, abs=1.01 / 231)
    # .015 from 999 paths against 1,999 of ours: s.e. sqrt(.015 * .985 * (1/999 + 1/1999)) = .0047, three of them.
    assert flagship(accord, "fhs", (0, 0)).pvalue == pytest.approx(0.015, abs=0.0141)


def test_flagship_with_simple_returns_has_the_published_rank(embedded: PriceTable) -> None:
    study = es.Study(
        instruments=["AA"], model=es.MarketModel("DOW29"), returns="simple", volatility=None,
        statistics=("t_fe", "sq", "local_scale"),
    )  # fmt: skip
    result = study.run(embedded, es.catalog()["six-nation-accord-1994"])
    assert result.tests.one(statistic="local_scale", window=(0, 0)).pvalue == pytest.approx(0.043, abs=0.0005)
    assert result.tests.one(statistic="t_fe", window=(0, 0)).estimate == pytest.approx(0.0323, abs=0.00005)


def test_flagship_longer_windows_hold_nothing(accord: es.StudyResult) -> None:
    assert flagship(accord, "t_fe", (0, 4)).estimate == pytest.approx(0.011, abs=0.0005)
    for window in ((0, 4), (-5, 10)):
        for key in ("t_fe", "sq", "local_scale", "placebo_dates", "fhs", "verdict"):
            assert flagship(accord, key, window).pvalue > 0.1
    assert 0.6 <= flagship(accord, "sq", (0, 4)).pvalue <= 0.85
    verdicts = es.judge(accord)
    assert [v.word for v in verdicts] == ["inconclusive"]
    assert verdicts[0].low < 0.0 < verdicts[0].estimate < verdicts[0].high


def test_flagship_volatility_is_not_raised(accord: es.StudyResult) -> None:
    response = accord.volatility[0]
    assert 4.0 <= response.multiplier[0] <= 6.0
    assert response.mean_multiplier < 1.0
    assert response.pvalue > 0.1
    assert response.days == 10
    assert response.model is not None
    # Data begin in 1991: 770 sessions end with the gap, fewer than 1,000, more than 500.
    assert 500 <= response.model.n_fit < 1000
    assert response.model.method == "gjr"
    assert "no raised volatility" in es.judge(accord)[0].paragraph


def test_flagship_has_no_cross_section(accord: es.StudyResult) -> None:
    for key in ("cs_t", "bmp_t", "kp_patell_calendar"):
        row = accord.tests.one(statistic=key, window=(0, 0))
        assert "needs at least 2 pairs" in row.reason
        assert math.isnan(row.pvalue)
