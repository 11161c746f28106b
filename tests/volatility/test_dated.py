"""Day 0 of the variance functions: an id, an `Event` and the date a study finds give the same numbers."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import eventstudy as es
from eventstudy.volatility.dated import dates_of, position_of

DATA = Path(__file__).parents[3] / "shared" / "data"
DAYS = pd.bdate_range("2015-01-01", periods=800)
real = pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")


def series(name: str | None = None) -> pd.Series:
    values = np.random.default_rng(5).standard_normal(800) * np.where(np.arange(800) > 650, 0.02, 0.01)
    return pd.Series(values, index=DAYS, name=name)


def at(row: int, clock: str, zone: str) -> es.Event:
    return es.make_event(DAYS[row].date().isoformat(), time=clock, zone=zone, id="own")


@pytest.mark.parametrize(
    ("clock", "name", "later"),
    [("15:59", "AA", 0), ("16:01", "AA", 1), ("12:00", "LME-3M", 0), ("14:00", "LME-3M", 1)],
)
def test_the_price_stamp_decides_day_0(clock: str, name: str, later: int) -> None:
    """New York closes at 16:00 there, the LME's price is struck at 13:00 in London."""
    event = at(600, clock, "America/New_York" if name == "AA" else "Europe/London")
    found = es.variance_breaks(series(name), event=event)
    assert found.event == np.datetime64(DAYS[600 + later].date())
    by_name = es.variance_breaks(series(), event=event, instrument=name)
    by_record = es.variance_breaks(series(), event=event, instrument=es.instruments()[name])
    by_date = es.variance_breaks(series(), event=DAYS[600 + later].date())
    assert found.to_record() == by_name.to_record() == by_record.to_record() == by_date.to_record()


def test_every_function_takes_an_event_and_says_which() -> None:
    event, day = at(600, "17:00", "America/New_York"), DAYS[601].date()
    for one, other in (
        (es.variance_change(series("AA"), event=event), es.variance_change(series("AA"), event=day)),
        (
            es.event_variance_test(series("AA"), event=event, bootstrap=0).tests,
            es.event_variance_test(series("AA"), event=day, bootstrap=0).tests,
        ),
        (
            es.spillover(pd.DataFrame({"AA": series(), "X": series() ** 2}), "AA", ["X"], event=event).tests,
            es.spillover(pd.DataFrame({"AA": series(), "X": series() ** 2}), "AA", ["X"], event=day).tests,
        ),
    ):
        assert {t.event for t in one} == {"own"}
        assert {t.event for t in other} == {None}
        assert [t.pvalue for t in one] == pytest.approx([t.pvalue for t in other], nan_ok=True, abs=0.0)
        assert any(t.applicable for t in one)


def test_a_clock_time_needs_to_know_whose_price_it_is() -> None:
    event = at(600, "17:00", "America/New_York")
    with pytest.raises(es.EventStudyError, match="when the price is struck; name the instrument"):
        es.variance_breaks(series("mine"), event=event)
    bare = es.make_event(DAYS[600].date().isoformat(), id="bare")
    assert es.variance_breaks(series("mine"), event=bare).event == np.datetime64(DAYS[600].date())


def test_a_misspelled_id_is_no_date() -> None:
    with pytest.raises(es.EventStudyError, match=r"did you mean 'ofac-rusal-2018'.*or a date such as"):
        es.variance_change(series("AA"), event="ofac-rusal-2O18")


def test_an_event_after_the_data_has_no_day_0() -> None:
    days = DAYS.to_numpy().astype("datetime64[D]")
    late = es.make_event("2030-01-01", time="10:00", zone="America/New_York", id="late")
    assert position_of(days, late, es.instruments()["AA"]) == days.size
    assert position_of(days, dt.date(2030, 1, 1)) == days.size


ZONES = ("Europe/London", "Europe/Oslo", "Asia/Shanghai", "America/New_York")


@pytest.mark.parametrize("zone", ZONES)
def test_a_zone_does_not_move_the_dates(zone: str) -> None:
    """Midnight of summer in London is the evening before in UTC; every function reads the date of the zone."""
    row = 660  # in July
    day, rng = DAYS[row].date(), np.random.default_rng(2)
    there = DAYS.tz_localize(zone)
    assert there[row].utcoffset()
    naive, aware = series(), series().set_axis(there)
    market = pd.Series(rng.standard_normal(800), index=DAYS)
    bars = pd.DataFrame({"open": 100.0, "close": 100.0 + rng.random(800)}, index=DAYS)
    bars["high"], bars["low"] = bars["close"] + rng.random(800), 99.5 - rng.random(800)
    both = pd.DataFrame({"A": naive, "B": market})
    for event in (day, there[row]):
        found = es.variance_breaks(aware, event=event)
        assert found.event == np.datetime64(day)
        assert found.to_record() == es.variance_breaks(naive, event=day).to_record()
        assert es.range_volatility(bars.set_axis(there), "X", event=event).day0 == np.datetime64(day)
    pairs: list[tuple[es.TestTable, es.TestTable]] = [
        (es.variance_change(aware, event=day), es.variance_change(naive, event=day)),
        (es.variance_change(naive.to_numpy(), there, event=day), es.variance_change(naive, event=day)),
        (es.variance_change(naive.to_numpy(), there.to_numpy(), event=day), es.variance_change(naive, event=day)),
        (
            es.event_variance_test(aware, event=day, bootstrap=0, regressors=market.set_axis(there)).tests,
            es.event_variance_test(naive, event=day, bootstrap=0, regressors=market).tests,
        ),
        (
            es.range_volatility(bars.set_axis(there), "X", event=day).tests,
            es.range_volatility(bars, "X", event=day).tests,
        ),
        (
            es.spillover(both.set_axis(there), "A", ["B"], event=day).tests,
            es.spillover(both, "A", ["B"], event=day).tests,
        ),
    ]
    for one, other in pairs:
        assert [t.to_record() for t in one] == [t.to_record() for t in other]
        assert any(t.applicable for t in one)


def test_bars_of_a_zone_are_instants() -> None:
    hours = pd.DatetimeIndex([d + pd.Timedelta(hours=h) for d in DAYS[:5] for h in (10, 14)]).tz_localize(
        "Asia/Shanghai"
    )
    assert dates_of(hours)[0] == np.datetime64(f"{DAYS[0]:%Y-%m-%d}T02:00:00")


@real
def test_rusal_has_the_day_0_of_a_study() -> None:
    """Announced on a Friday after the London price: Monday 9 April for the LME, Friday for New York."""
    table = es.load("files", DATA / "lme_aluminium.csv").joined(es.load("files", DATA / "CENX.csv"))
    study = es.Study(instruments=["LME-3M", "CENX"], model=es.ConstantMean(), volatility=None, statistics=())
    day0 = {d.instrument: d.session for d in study.run(table, es.catalog()["ofac-rusal-2018"]).day0}
    for name in ("LME-3M", "CENX"):
        returns = table.to_returns()[name].dropna()
        found = es.variance_breaks(returns, event="ofac-rusal-2018")
        assert found.event == np.datetime64(day0[name])
    assert day0["LME-3M"] == dt.date(2018, 4, 9)
    assert day0["CENX"] == dt.date(2018, 4, 6)
    assert es.range_volatility(table, "CENX", event="ofac-rusal-2018").day0 == np.datetime64("2018-04-06")
