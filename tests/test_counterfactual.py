"""The same effect asked in other ways: every variant recomputed, donors dropped by name, releases on known dates."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import optimize

import eventstudy as es
from eventstudy.counterfactual import Variant
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.instruments import Instrument, InstrumentTable
from eventstudy.domain.prices import PriceTable, build_table
from eventstudy.domain.releases import (
    calendars,
    employment_date,
    own_releases_in,
    releases_in,
    scheduled,
    third_wednesday,
)
from eventstudy.inference.base import PAIR_STATISTICS
from eventstudy.report.page import page_html
from eventstudy.report.record import dumps, study_record
from eventstudy.report.variants import counterfactuals_frame, donors_frame

FloatArray = NDArray[np.float64]
SHARED = Path(__file__).parents[2] / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
N, DAY0, NEWS, OTHER = 400, 350, 351, 200
WINDOW = es.EventWindow(primary=(0, 2), event=(-5, 10), estimation=(-260, -11), windows=())
METALS = ("CU-3M", "ZN-3M", "NI-3M")


def metal(id: str, name: str, **more: object) -> Instrument:
    return Instrument(id=id, name=name, role="price", currency="USD", unit="USD/t", exchange="LME", **more)  # type: ignore[arg-type]


RECORDS = (
    metal("AL-3M", "aluminium", benchmark=("CU-3M", "ZN-3M")),
    metal("CU-3M", "copper"), metal("ZN-3M", "zinc"), metal("NI-3M", "nickel"),
    Instrument(id="USD", name="dollar", role="fx"),
)  # fmt: skip


@pytest.fixture(scope="module")
def responses() -> dict[str, FloatArray]:
    rng = np.random.default_rng(11)
    found = {name: 0.01 * rng.standard_normal(N) for name in (*METALS, "USD")}
    found["AL-3M"] = 0.5 * found["CU-3M"] + 0.3 * found["ZN-3M"] - 0.2 * found["USD"] + 0.008 * rng.standard_normal(N)
    found["AL-3M"][DAY0] += 0.04
    for name in METALS:
        found[name][DAY0 : DAY0 + 3] = 0.001
    found["NI-3M"][DAY0] = 0.07
    return found


@pytest.fixture(scope="module")
def prices(responses: dict[str, FloatArray]) -> PriceTable:
    days = pd.bdate_range("2016-01-04", periods=N)
    frame = pd.DataFrame({k: 1000.0 * np.exp(np.cumsum(v)) for k, v in responses.items()}, days)
    return build_table(frame, InstrumentTable(RECORDS), origins=())


@pytest.fixture(scope="module")
def result(prices: PriceTable, event_at: Callable[..., Event]) -> es.StudyResult:
    others = EventTable([event_at(prices, NEWS, "news"), event_at(prices, OTHER, "older")])
    study = es.Study(instruments=["AL-3M"], window=WINDOW, volatility=None, statistics=("local_scale",))
    return study.run(prices, event_at(prices, DAY0), others=others)


def of(result: es.StudyResult, kind: str) -> Variant:
    return next(v for v in result.variants if v.kind == kind)


def by_hand(
    r: dict[str, FloatArray], factors: tuple[str, ...], days: list[int], masked: tuple[int, ...] = ()
) -> tuple[float, float]:
    """Effect and forecast standard error of the days, by statsmodels."""
    rows = [t for t in range(DAY0 - 260, DAY0 - 10) if t not in masked]
    x = np.column_stack([np.ones(N), *(r[f] for f in factors)])
    fit = sm.OLS(r["AL-3M"][rows], x[rows]).fit()
    total = x[days].sum(axis=0)
    variance = fit.mse_resid * (len(days) + total @ np.linalg.inv(x[rows].T @ x[rows]) @ total)
    return float(sum(r["AL-3M"][t] - x[t] @ fit.params for t in days)), math.sqrt(variance)


@pytest.mark.parametrize(
    ("kind", "factors", "days", "masked"),
    [
        ("study", ("CU-3M", "ZN-3M"), [0, 1, 2], ()),
        ("constant_mean", (), [0, 1, 2], ()),
        ("metals_dollar", ("CU-3M", "ZN-3M", "USD"), [0, 1, 2], ()),
        ("pre_event_drift", ("CU-3M", "ZN-3M"), [-5, -4, -3, -2, -1], ()),
        ("other_estimation", ("CU-3M", "ZN-3M"), [0, 1, 2], (OTHER, OTHER + 1)),
        ("without_other_news", ("CU-3M", "ZN-3M"), [0], ()),
    ],
)
def test_every_variant_by_a_regression_written_out(
    result: es.StudyResult, responses: dict[str, FloatArray], kind: str, factors: tuple[str, ...], days: list[int],
    masked: tuple[int, ...],
) -> None:  # fmt: skip
    found = of(result, kind)
    estimate, se = by_hand(responses, factors, [DAY0 + k for k in days], masked)
    assert found.estimate == pytest.approx(estimate, rel=1e-9)
    assert found.se == pytest.approx(se, rel=1e-9)
    assert found.sessions == len(days)
    assert (found.unit, found.reason) == ("fraction", "")
    assert found.low < found.estimate < found.high
    assert (found.pvalue <= 0.05) == (not found.low <= 0.0 <= found.high)


def test_the_effect_as_measured_is_the_study_s_own(result: es.StudyResult) -> None:
    row = result.tests.one(statistic="local_scale", window=(0, 2), instrument="AL-3M")
    found = of(result, "study")
    assert (found.estimate, found.pvalue, found.low, found.high) == (row.estimate, row.pvalue, row.low, row.high)
    # Its benchmark is the default one and the other metals at once: the same fit is not shown twice.
    assert [v.kind for v in result.variants] == [
        "study", "constant_mean", "metals_dollar", "synthetic_control", "pre_event_drift", "other_estimation",
        "without_other_news",
    ]  # fmt: skip


def test_a_donor_that_moved_itself_is_dropped_and_each_other_left_out(
    result: es.StudyResult, responses: dict[str, FloatArray]
) -> None:
    found = of(result, "synthetic_control")
    assert found.note.startswith("donors left out: NI-3M (moved itself")

    def fitted(names: tuple[str, ...]) -> tuple[FloatArray, float]:
        rows = np.arange(DAY0 - 260, DAY0 - 10)
        x, y = np.column_stack([responses[n] for n in names]), responses["AL-3M"]
        general = optimize.minimize(
            lambda w: 1e4 * np.sum((y[rows] - x[rows] @ w) ** 2), np.full(len(names), 1 / len(names)),
            bounds=[(0, 1)] * len(names), constraints={"type": "eq", "fun": lambda w: w.sum() - 1.0},
            options={"ftol": 1e-14},
        )  # fmt: skip
        days = slice(DAY0, DAY0 + 3)
        return general.x, float((y[days] - x[days] @ general.x).sum())

    weights, effect = fitted(("CU-3M", "ZN-3M"))
    # A general solver stops within 1e-5 of the weights; donors move 0.1% a day here.
    assert found.estimate == pytest.approx(effect, abs=1e-6)
    assert [(d.left_out, round(d.weight, 3)) for d in found.without] == [
        ("CU-3M", round(float(weights[0]), 3)), ("ZN-3M", round(float(weights[1]), 3))
    ]  # fmt: skip
    for donor, rest in zip(found.without, (("ZN-3M",), ("CU-3M",)), strict=True):
        assert donor.effect == pytest.approx(fitted(rest)[1], abs=1e-6)


def test_page_and_json_show_them(result: es.StudyResult) -> None:
    page = page_html(result)
    for words in ("The same effect, asked in other ways", "drift before the announcement", "NI-3M (moved itself"):
        assert words in page
    record = json.loads(dumps(study_record(result)))
    assert [v["kind"] for v in record["variants"]] == [v.kind for v in result.variants]
    assert record["variants"][0]["p"] == of(result, "study").pvalue
    assert len(counterfactuals_frame(result)) == 4
    assert len(donors_frame(result)) == 2


def test_they_are_left_out_on_request(
    prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable
) -> None:
    base = es.Study(instruments=["AL-3M"], window=WINDOW, volatility=None, statistics=("local_scale",))
    for study in (replace(base, counterfactuals=False), replace(base, statistics=("t_fe",))):
        quiet = study.run(prices, event_at(prices, DAY0), others=no_events)
        assert quiet.variants == ()
        assert "asked in other ways" not in page_html(quiet)


def test_a_window_full_of_other_news_has_no_session_left(prices: PriceTable, event_at: Callable[..., Event]) -> None:
    others = EventTable([event_at(prices, DAY0, "same day"), event_at(prices, DAY0 + 1, "next day")])
    study = es.Study(instruments=["AL-3M"], window=WINDOW, volatility=None, statistics=("local_scale",))
    found = of(study.run(prices, event_at(prices, DAY0), others=others), "without_other_news")
    assert (found.reason, found.sessions) == ("no session is left", 0)
    assert math.isnan(found.estimate)


# --- releases ------------------------------------------------------------------------------------

#: Releases of the employment situation as the Bureau of Labor Statistics published them.
PUBLISHED = (
    "2014-01-10", "2014-07-03", "2015-01-09", "2015-07-02", "2017-02-03", "2018-03-09", "2018-04-06", "2018-06-01",
    "2019-01-04", "2020-01-10", "2020-07-02", "2020-08-07", "2021-01-08",
)  # fmt: skip


@pytest.mark.parametrize("day", PUBLISHED)
def test_the_rule_gives_the_published_dates(day: str) -> None:
    date = dt.date.fromisoformat(day)
    before = date.replace(day=1) - dt.timedelta(days=1)  # the reference month is the one before
    assert employment_date(before.year, before.month) == date


@pytest.mark.parametrize(
    ("first", "last", "came"),
    [
        ("1995-12-15", "1996-02-29", ["1996-01-19", "1996-02-02"]),
        ("2013-10-01", "2013-12-31", ["2013-10-22", "2013-11-08", "2013-12-06"]),
        ("2025-09-01", "2026-03-31",
         ["2025-09-05", "2025-11-20", "2025-12-16", "2026-01-09", "2026-02-11", "2026-03-06"]),
        ("2025-11-20", "2025-11-20", ["2025-11-20"]),
    ],
)  # fmt: skip
def test_shutdowns_moved_the_employment_situation(first: str, last: str, came: list[str]) -> None:
    span = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    assert [str(day) for day, title, _ in scheduled(*span, "") if title.startswith("US employment")] == came


def test_third_wednesdays() -> None:
    for year in (2018, 2024):
        for month in range(1, 13):
            days = [d for k in range(1, 29) if (d := dt.date(year, month, k)).weekday() == 2]
            assert third_wednesday(year, month) == days[2]


#: Days that are known otherwise: the first statement, the move to zero, lift-off, the Sunday of the pandemic, taper
#: talk, the first and the largest rise of 2022, the first cut of 2024.
FOMC_DAYS = (
    "1994-02-04", "2008-12-16", "2015-12-16", "2020-03-15", "2013-06-19", "2022-03-16", "2022-06-15", "2024-09-18",
    "2025-09-17",
)  # fmt: skip
#: The prints delayed by the shutdowns of 2013 and 2025, the Good Friday of 2020, 9.1%, the fall of November 2022.
CPI_DAYS = ("2013-10-30", "2020-04-10", "2022-07-13", "2022-11-10", "2025-10-24")
#: Changes of the target between meetings: the rises of 1994, Long-Term Capital, three of the eleven cuts of 2001, the
#: two of 2008 and the pandemic's first; and the two other decisions.
TARGET_MOVED = (
    "1994-04-18", "1998-10-15", "2001-01-03", "2001-04-18", "2001-09-17", "2008-01-22", "2008-10-08", "2020-03-03",
)  # fmt: skip


def test_calendars_hold_days_that_are_known_otherwise() -> None:
    fomc, between, cpi = calendars()
    assert {dt.date.fromisoformat(d) for d in FOMC_DAYS} <= set(fomc.dates)
    assert {dt.date.fromisoformat(d) for d in CPI_DAYS} <= set(cpi.dates)
    assert {dt.date.fromisoformat(d) for d in (*TARGET_MOVED, "2007-08-17", "2020-03-23")} == set(between.dates)
    assert not set(fomc.dates) & set(between.dates)
    for one in (fomc, between, cpi):
        assert list(one.dates) == sorted(set(one.dates))
        assert one.first <= one.dates[0] < one.dates[-1] <= one.last
        assert "agree on every date" in one.origin
    # Eight scheduled meetings a year, by law at least four and by custom eight since 1981; twelve prints.
    assert {sum(d.year == y for d in fomc.dates) for y in range(1994, 2027)} == {8}
    # The shutdown of 2025 left one month without a print; the last quarter of 2026 is not known.
    months = {(y, m) for y in range(2008, 2027) for m in range(1, 13)}
    assert {(d.year, d.month) for d in cpi.dates} == months - {(2025, 11), (2026, 10), (2026, 11), (2026, 12)}
    # Consumer prices of a month come between the 9th and the 30th of the next, never on a weekend.
    assert all(9 <= d.day <= 30 and d.weekday() < 5 for d in cpi.dates)
    assert [d for d in (*fomc.dates, *between.dates) if d.weekday() > 4] == [dt.date(2020, 3, 15)]


def test_a_window_lists_what_is_known_and_names_what_is_not(accord: es.StudyResult) -> None:
    """January 30, 1994, a Sunday: day 0 is the 31st; the first statement ever came on Friday, February 4."""
    assert {r.title.split(",")[0]: r.offset for r in accord.releases} == {
        "FOMC decision": 4, "US employment situation": 4,
    }  # fmt: skip
    [missing] = accord.releases_not_known
    assert missing.words == "US CPI not known for this date (known from 2008-01-01 to 2026-09-30)"
    assert missing.words in page_html(accord)
    assert study_record(accord)["releases_not_known"][0]["short"] == "US CPI"


def test_own_releases_fall_on_the_session_after_their_clock_time(embedded: PriceTable) -> None:
    days = ("1994-02-01", "1994-02-01", "1994-02-03", "1994-06-01")
    clocks = list(zip(("09:00", "17:00", None, None), days, (1, 2, 3, None), strict=True))
    own = EventTable(
        es.make_event(day, time=time, title=f"Own {k}", id=f"own-{k}") for k, (time, day, _) in enumerate(clocks)
    )
    study = es.Study(
        instruments=["AA"], model=es.MarketModel("DOW29"), statistics=["t_fe"], volatility=None, counterfactuals=False,
        releases=own,
    )  # fmt: skip
    done = study.run(embedded, es.catalog()["six-nation-accord-1994"])
    found = {r.title: r.offset for r in done.releases if r.title.startswith("Own")}
    assert found == {f"Own {k}": offset for k, (_, _, offset) in enumerate(clocks) if offset is not None}
    assert study.settings()["releases"][0][0] == "Own 0"
    assert "releases" not in replace(study, releases=None).settings()


def test_own_releases_are_listed_for_those_that_they_concern(embedded: PriceTable) -> None:
    day = "1994-02-01"
    own = EventTable(
        es.make_event(day, title=f"Own {k}", id=f"own-{k}", instruments=names)
        for k, names in enumerate(((), ("AA",), ("BA",), ("role:producer",), ("BA", "AA")))
    )
    study = es.Study(
        instruments=["AA", "BA"], model=es.MarketModel("DOW29"), statistics=["t_fe"], volatility=None,
        counterfactuals=False, releases=own,
    )  # fmt: skip
    done = study.run(embedded, es.catalog()["six-nation-accord-1994"])
    listed = {(r.title[-1], r.instrument) for r in done.releases if r.title.startswith("Own")}
    assert es.instruments()["AA"].role == "producer"
    assert listed == {("0", "AA"), ("0", "BA"), ("1", "AA"), ("2", "BA"), ("3", "AA"), ("4", "AA"), ("4", "BA")}


def hourly_closes() -> NDArray[np.datetime64]:
    """Closes from 10:30 to 16:30 in New York, 7 a day; row 8 is the second of the FOMC's Wednesday, jobs on Friday."""
    days = [dt.date(2024, 7, d) for d in (30, 31)] + [dt.date(2024, 8, d) for d in (1, 2)]
    local = [pd.Timestamp(d) + pd.Timedelta(hours=10.5 + k) for d in days for k in range(7)]
    closes = pd.DatetimeIndex(local, tz="America/New_York").tz_convert("UTC").tz_localize(None)
    return closes.to_numpy().astype("datetime64[s]")


@pytest.mark.parametrize(
    ("window", "known", "by_day"),
    [
        ((-3, 3), {"FOMC": 3}, {"FOMC": -1}),  # 14:00 moves the bar that closes 14:30; by its day, the first of it
        ((-3, 2), {}, {"FOMC": -1}),
        ((5, 13), {"US": 13}, {"FOMC": 5, "US": 13}),  # 8:30 moves the first bar of Friday
        ((6, 12), {}, {}),
        ((14, 18), {}, {"US": 14}),
    ],
)
def test_bars_list_a_release_at_the_bar_of_its_minute(
    window: tuple[int, int], known: dict[str, int], by_day: dict[str, int]
) -> None:
    """Without a minute a release may have moved any bar of its day, and says so."""
    aa, bars = es.instruments()["AA"], hourly_closes()
    assert {r.title.split()[0]: r.offset for r in releases_in("e", aa, bars, 8, window)} == known
    own = [es.make_event("2024-07-31", title="FOMC", id="a"), es.make_event("2024-08-02", title="US", id="b")]
    found = {r.title: r.offset for r in own_releases_in("e", aa, bars, 8, window, own)}
    assert found == {f"{title} (by its day: the minute is not known)": offset for title, offset in by_day.items()}
    own = [
        es.make_event("2024-07-31", time="14:00", title="FOMC", id="a"),
        es.make_event("2024-08-02", time="08:30", title="US", id="b"),
    ]
    assert {r.title: r.offset for r in own_releases_in("e", aa, bars, 8, window, own)} == known


def test_a_release_after_the_close_moves_the_next_day() -> None:
    """The statement of Sunday 2020-03-15, 17:00, came to the first bar of Monday; a window from there on lists it."""
    days = [dt.date(2020, 3, d) for d in (12, 13, 16, 17)]
    local = [pd.Timestamp(d) + pd.Timedelta(hours=10.5 + k) for d in days for k in range(7)]
    closes = pd.DatetimeIndex(local, tz="America/New_York").tz_convert("UTC").tz_localize(None)
    bars, aa = closes.to_numpy().astype("datetime64[s]"), es.instruments()["AA"]
    for position, window, expected in ((14, (0, 3), {0}), (15, (0, 3), set()), (13, (-5, 2), {1})):
        assert {r.offset for r in releases_in("e", aa, bars, position, window) if "FOMC" in r.title} == expected
    late = [es.make_event("2020-03-13", time="17:30", id="late")]
    assert [r.offset for r in own_releases_in("e", aa, bars, 14, (0, 3), late)] == [0]


def test_minutes_are_those_of_the_calendar() -> None:
    """From the announcements' own clock: 14:15 from 1995, 14:00 from March 2013, days of a press conference 12:30."""
    fomc, between, cpi = calendars()
    clock = {day.isoformat(): time.strftime("%H:%M") for day, time in (fomc.minutes | between.minutes).items()}
    assert [clock[d] for d in ("1994-02-04", "1999-06-30", "2012-04-25", "2013-01-30", "2013-03-20", "2024-07-31")] == [
        "11:05", "14:15", "12:30", "14:15", "14:00", "14:00",
    ]  # fmt: skip
    assert set(fomc.dates) == set(fomc.minutes)
    assert set(between.dates) - set(between.minutes) == {dt.date(2001, 9, 17)}
    assert set(cpi.minutes.values()) == {dt.time(8, 30)}
    # A time that stands for itself is one of a day that the calendar has.
    assert set(fomc.minutes) <= set(fomc.dates)
    assert set(between.minutes) <= set(between.dates)


# --- responses that are not returns: the LME spread around the sanctions on Rusal ------------------


@pytest.fixture(scope="module")
def lme() -> PriceTable:
    names = ("aluminium", "copper", "zinc", "nickel")
    return es.load("files", [SHARED / f"lme_{name}.csv" for name in names])


@needs_shared
def test_a_spread_goes_through_every_statistic_in_its_own_unit(lme: PriceTable) -> None:
    event = es.catalog()["ofac-rusal-2018"]
    done = es.Study(instruments=["LME-SPREAD"]).run(lme, event)
    level = lme.with_derived(["LME-SPREAD"]).frame["LME-SPREAD"]
    assert level[pd.Timestamp("2018-04-06")] == pytest.approx(-21.0)
    assert level[pd.Timestamp("2018-04-13")] == pytest.approx(21.5)
    for entry in PAIR_STATISTICS:
        row = done.tests.one(statistic=entry.key, window=(0, 4), instrument="LME-SPREAD")
        if entry.key == "conley_taber":
            assert row.reason.startswith("0 control instruments")
            continue
        assert row.applicable, (entry.key, row.reason)
        assert row.unit == "USD/t"
        # Five sessions up to Friday the 13th: 42.5 dollars less what the spread gains in five usual days.
        assert row.estimate == pytest.approx(42.5, abs=1.0)
        assert row.low < row.estimate < row.high
        assert 20.0 < row.high - row.low < 90.0
    volatility = done.volatility[0]
    assert (volatility.applicable, volatility.unit) == (True, "USD/t")
    assert all(v.unit == "USD/t" for v in done.variants)
    assert {v.kind for v in done.variants} >= {"study", "pre_event_drift"}
    assert {r.title.split(",")[0]: r.offset for r in done.releases}["US employment situation"] == -1
    page = page_html(done)
    assert "USD/t" in page
    assert ">nan<" not in page


@needs_shared
@pytest.mark.parametrize("instrument", ["LME-STOCK", "LME-CASH"])
def test_stocks_and_prices_go_through(lme: PriceTable, instrument: str) -> None:
    done = es.Study(instruments=[instrument]).run(lme, es.catalog()["ofac-rusal-2018"])
    done.require_used()
    row = done.tests.one(statistic="verdict", instrument=instrument, window=done.primary)
    assert row.applicable
    assert row.unit == ("t" if instrument == "LME-STOCK" else "fraction")
    assert page_html(done).count("<table") > 5


def test_a_premium_in_its_own_unit(event_at: Callable[..., Event], no_events: EventTable) -> None:
    # The Midwest premium in USD/lb: user files bring it, so the level here is drawn; it moves by differences.
    rng = np.random.default_rng(6)
    steps = 0.002 * rng.standard_normal(800)
    steps[700:702] += 0.012
    frame = pd.DataFrame({"MWP": 0.2 + np.cumsum(steps)}, pd.bdate_range("2015-01-01", periods=800))
    record = Instrument(id="MWP", role="premium", region="US", unit="USD/lb", change="difference")
    prices = build_table(frame, InstrumentTable([record]), origins=())
    done = es.Study(instruments=["MWP"]).run(prices, event_at(prices, 700), others=no_events)
    row = done.tests.one(statistic="conformal", window=(0, 1), instrument="MWP")
    inside = steps[440:690]
    assert row.unit == "USD/lb"
    assert row.estimate == pytest.approx(steps[700:702].sum() - 2 * inside.mean(), abs=1e-4)
    assert row.pvalue < 0.01
    assert "USD/lb" in page_html(done)


@needs_shared
def test_suspended_nickel_is_no_donor(lme: PriceTable) -> None:
    event = es.make_event(dt.date(2022, 3, 15), id="in-the-suspension", title="inside the nickel suspension")
    study = es.Study(instruments=["LME-CASH"], volatility=None, statistics=("local_scale",))
    found = of(study.run(lme, event), "synthetic_control")
    assert "LME-NI-CASH (" in found.note
    assert "LME-NI-CASH" not in {d.left_out for d in found.without}
