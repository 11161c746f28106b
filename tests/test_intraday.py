"""Bars within a day through the whole pipeline.

All hourly prices here are simulated: no real ones may be redistributed. Numbers are compared with plain pandas and
plain loops over the same bars, and with the daily pipeline where one bar a day makes the two the same.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import eventstudy as es
from eventstudy.domain.intraday import is_intraday
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.windows import find_day0
from eventstudy.errors import FileFormatError, InputError
from eventstudy.report.page import page_html
from eventstudy.report.record import dumps, study_record
from eventstudy.report.tables import bar_words
from tests.intraday.bars import NOBODY, NY, FloatArray, at, closes_by_pandas, naive, simulated, write

Run = Callable[..., tuple[int, str, str]]
QUICK = ("t_fe", "sq", "local_scale", "placebo_dates")


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return simulated(200, 1)


@pytest.fixture(scope="module")
def hourly(frame: pd.DataFrame) -> PriceTable:
    return es.prices(frame)


@pytest.fixture(scope="module")
def result(hourly: PriceTable) -> es.StudyResult:
    study = es.Study(instruments=["A"], model=es.MarketModel("M"))
    return study.run(hourly, at(pd.Timestamp("2023-09-06 11:45")), others=NOBODY)


# ---- the table


def test_index_holds_the_closes_in_utc(frame: pd.DataFrame, hourly: PriceTable) -> None:
    expected = closes_by_pandas(frame.index).tz_convert("UTC").tz_localize(None)
    assert hourly.minutes == 60
    assert is_intraday(hourly.dates)
    assert hourly.frame.index.tolist() == expected.tolist()
    assert hourly.frame["A"].tolist() == frame["A"].tolist()
    assert "200 last bars of a day end" in hourly.origins[0].notes[2]


def test_named_zone_and_zone_in_the_data_are_one(frame: pd.DataFrame, hourly: PriceTable) -> None:
    naive = frame.set_axis(frame.index.tz_localize(None))
    assert es.prices(naive, intraday=es.Intraday(zone=NY)).fingerprint() == hourly.fingerprint()
    utc = frame.set_axis(frame.index.tz_convert("UTC"))
    assert es.prices(utc).fingerprint() == hourly.fingerprint()


def test_stamp_at_the_end_is_the_close(frame: pd.DataFrame, hourly: PriceTable) -> None:
    ends = frame.set_axis(closes_by_pandas(frame.index))
    table = es.prices(ends, intraday=es.Intraday(stamp="end"))
    assert table.fingerprint() == hourly.fingerprint()


def test_daily_fingerprint_is_what_it_always_was(embedded: PriceTable) -> None:
    """Recomputed by the definition that lock files of daily studies rest on."""
    digest = hashlib.sha256(embedded.frame.index.to_numpy().astype("datetime64[D]").astype(np.int64).tobytes())
    for name in embedded.ids:
        one = embedded.instruments[name]
        digest.update(f"{name}|{one.change}|{one.tz}|{one.stamp}|{one.unit}".encode())
        digest.update(embedded.frame[name].to_numpy(dtype=np.float64).tobytes())
    assert embedded.fingerprint() == digest.hexdigest()


def test_fingerprint_sees_the_clock_and_the_length(frame: pd.DataFrame, hourly: PriceTable) -> None:
    later = es.prices(frame.set_axis(frame.index + pd.Timedelta(minutes=5)))
    shorter = es.prices(frame.set_axis(closes_by_pandas(frame.index)), intraday=es.Intraday(stamp="end", minutes=30))
    assert len({hourly.fingerprint(), later.fingerprint(), shorter.fingerprint()}) == 3


@pytest.mark.parametrize(
    ("index", "options", "words"),
    [
        (["2023-01-02 10:00", "2023-01-02 11:00"], None, r"neither a UTC offset nor a named zone.*--bars-zone"),
        (["2023-03-12 01:30", "2023-03-12 02:30"], es.Intraday(zone=NY), "2023-03-12 02:30:00 does not exist or comes"),
        (["2023-11-05 01:30", "2023-11-05 02:30"], es.Intraday(zone=NY), "2023-11-05 01:30:00 does not exist or comes"),
        (["2023-01-02 10:00", "2023-01-02 10:00"], es.Intraday(zone=NY), "same clock time"),
        (["2023-01-02", "2023-01-03"], es.Intraday(zone=NY), "no row has a clock time"),
        (["2023-01-02 10:00", "2023-01-02 11:00"], es.Intraday(zone=NY, minutes=90), "bars of 90 minutes, but rows"),
        (["2023-01-02 10:00:00", "2023-01-02 10:00:20"], es.Intraday(zone=NY), "bars of whole minutes"),
    ],
)  # fmt: skip
def test_what_cannot_be_known_is_refused(index: list[str], options: es.Intraday | None, words: str) -> None:
    with pytest.raises(InputError, match=words):
        es.prices(pd.DataFrame({"A": [1.0, 2.0]}, index=pd.DatetimeIndex(index)), intraday=options)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"zone": "Mars"}, "no IANA time zone"), ({"stamp": "middle"}, "'start'"), ({"minutes": 0}, "one minute or more")],
)
def test_wrong_options_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        es.Intraday(**options)  # type: ignore[arg-type]


def test_unlike_tables_cannot_be_joined(hourly: PriceTable, frame: pd.DataFrame) -> None:
    daily = es.prices(frame["A"].resample("D").last().dropna().tz_localize(None).to_frame("B"))
    assert daily.minutes is None
    with pytest.raises(InputError, match=r"B: daily prices and A, M: intraday bars of 60 minutes cannot stand in one"):
        daily.joined(hourly)
    halves = es.prices(frame[["A"]].rename(columns={"A": "H"}), intraday=es.Intraday(stamp="end", minutes=30))
    with pytest.raises(InputError, match=r"60 minutes.*30 minutes"):
        hourly.joined(halves)


def test_derived_tables_stay_intraday(hourly: PriceTable) -> None:
    assert hourly.portfolio("P", ["A", "M"]).minutes == 60
    assert hourly.only(["A"]).minutes == 60
    assert "bars of 60 minutes" in repr(hourly)
    back = es.returns(hourly.to_returns().tz_localize("UTC"), unit="fraction", intraday=es.Intraday(stamp="end"))
    assert back.minutes == 60
    assert back.frame.index.equals(hourly.frame.index[1:])


def bars_from(first: str, minutes: int, per_day: int, n_days: int = 30) -> pd.Series[float]:
    """Prices 1, 2, 3, ... of bars that begin at a clock time of New York."""
    days = pd.bdate_range("2024-01-02", periods=n_days)
    stamps = [
        pd.Timestamp(f"{d:%Y-%m-%d} {first}") + pd.Timedelta(minutes=minutes * k) for d in days for k in range(per_day)
    ]
    return pd.Series(np.arange(len(stamps)) + 1.0, index=pd.DatetimeIndex(stamps).tz_localize(NY))


def test_columns_at_other_minutes_keep_their_own_closes(tmp_path: Path) -> None:
    """Hourly at :30 and hourly at :00 are both hourly, in a frame and in a file; the union steps by half an hour."""
    half, full = bars_from("09:30", 60, 7), bars_from("08:00", 60, 9)
    both = pd.DataFrame({"A": half, "B": full})
    expected = closes_by_pandas(half.index).tz_convert("UTC").tz_localize(None)
    for table in (es.prices(both), es.load("files", write(tmp_path, both))):
        assert table.minutes == 60
        own = table.frame["A"].dropna()
        assert own.index.tolist() == expected.tolist()
        assert own.tolist() == half.tolist()
    found = es.prices(both).frame["B"].dropna().index.tz_localize("UTC").tz_convert(NY)
    # From 8:00 to 16:00, when the bar of 16:00 has nothing to be cut by.
    assert [f"{t:%H:%M}" for t in found[:9]] == [f"{h:02d}:00" for h in range(9, 18)]


@pytest.mark.parametrize(
    ("other", "options", "words"),
    [
        (bars_from("09:30", 30, 13), None, "every 30 minutes in B and every 60 minutes in A; .*name it"),
        (bars_from("00:00", 60, 1), None, "every 60 minutes in A and every 1440 minutes in B; .*leave them out$"),
        (bars_from("00:00", 60, 1), es.Intraday(minutes=60), "every 60 minutes in A and every 1440 minutes in B"),
        (bars_from("00:00", 60, 1, 300), None, "every 60 minutes in A and every 1440 minutes in B"),
    ],
)  # fmt: skip
def test_columns_of_two_lengths_are_refused(
    tmp_path: Path, other: pd.Series[float], options: es.Intraday | None, words: str
) -> None:
    both = pd.DataFrame({"A": bars_from("09:30", 60, 7), "B": other})
    with pytest.raises(InputError, match=f"two lengths cannot stand in one table.*{words}"):
        es.prices(both, intraday=options)
    if len(other) < 300:
        with pytest.raises(FileFormatError, match=f"hourly.csv.*two lengths.*{words}"):
            es.load("files", write(tmp_path, both), intraday=options)


def test_missing_rows_need_a_named_length() -> None:
    """Every second bar is missing: two hours, unless the length is named."""
    both = pd.DataFrame({"A": bars_from("00:00", 60, 24), "B": bars_from("00:00", 60, 24).iloc[::2]})
    with pytest.raises(InputError, match="every 60 minutes in A and every 120 minutes in B"):
        es.prices(both)
    table = es.prices(both, intraday=es.Intraday(minutes=60, stamp="end"))
    assert table.frame["B"].dropna().tolist() == both["B"].dropna().tolist()


def test_a_named_length_covers_missing_rows_and_no_longer_bars(tmp_path: Path) -> None:
    """Half-hour bars with most rows missing are that; hourly bars read as such would close half an hour early."""
    half, hour = bars_from("09:30", 30, 13), bars_from("09:30", 60, 7)
    thin = half[np.arange(half.size) % 39 % 13 % 3 == 0]
    thin = pd.concat([thin, half.iloc[1:2]]).sort_index()
    named = es.Intraday(minutes=30)
    table = es.prices(pd.DataFrame({"A": half, "B": thin}), intraday=named)
    both = closes_of_half_hours(thin.index)
    assert table.frame["B"].dropna().index.tolist() == both.tolist()
    assert table.frame["B"].dropna().tolist() == thin.tolist()
    for frame in (pd.DataFrame({"A": half, "B": hour}), pd.DataFrame({"B": hour})):
        with pytest.raises(InputError, match=r"no two rows of B are less than 60 minutes apart.*--bars-stamp end"):
            es.prices(frame, intraday=named)
        with pytest.raises(FileFormatError, match="no two rows of B are less than 60 minutes apart"):
            es.load("files", write(tmp_path, frame), intraday=named)
    # Stamped at the end, a clock time is the close, whatever the length.
    ends = pd.DataFrame({"A": half, "B": hour}).shift(freq="30min")
    assert es.prices(ends, intraday=es.Intraday(minutes=30, stamp="end")).minutes == 30


def closes_of_half_hours(index: pd.Index) -> pd.DatetimeIndex:
    """End of half-hour bars in plain pandas, UTC without a zone."""
    return (pd.DatetimeIndex(index) + pd.Timedelta(minutes=30)).tz_convert("UTC").tz_localize(None)


def test_what_is_no_table_is_refused_in_words() -> None:
    hours = bars_from("09:30", 60, 7).index
    one = pd.DataFrame({"A": np.arange(len(hours)) + 1.0}, index=hours)
    with pytest.raises(InputError, match="the frame has no columns"):
        es.prices(one[[]])
    twice = pd.concat([one, one], axis=1)
    with pytest.raises(InputError, match="two columns are called 'A'"):
        es.prices(twice)
    with pytest.raises(InputError, match="two columns are called 'A'"):
        es.returns(twice, unit="fraction")
    nowhen = one.set_axis(hours[:-1].append(pd.DatetimeIndex([pd.NaT]).tz_localize(NY)))
    with pytest.raises(InputError, match="1 rows have no date"):
        es.prices(nowhen)
    with pytest.raises(InputError, match="one bar has no length"):
        es.prices(one.iloc[:1], intraday=es.Intraday())
    table = es.prices(one.iloc[:1], intraday=es.Intraday(minutes=60))
    assert (table.minutes, table.frame.index[0]) == (60, pd.Timestamp("2024-01-02 15:30"))


def test_bars_that_do_not_close_together_are_named() -> None:
    """The stock's bar of 15:30 closes at 16:00, the contract's at 16:30: two of seven bars a day have no benchmark."""
    stock, rng = bars_from("09:30", 60, 7, 100), np.random.default_rng(2)
    around = pd.date_range("2024-01-01 00:30", periods=200 * 24, freq="h", tz=NY)
    levels = 100.0 * np.exp(0.003 * rng.standard_normal(len(stock)).cumsum())
    contract = 100.0 * np.exp(0.002 * rng.standard_normal(len(around)).cumsum())
    prices = es.prices(
        pd.DataFrame({"AA": pd.Series(levels, index=stock.index), "FUT": pd.Series(contract, index=around)})
    )
    window = es.EventWindow(estimation=(-250, -11), min_estimation=240)
    study = es.Study(instruments=["AA"], model=es.MarketModel("FUT"), window=window, volatility=None)
    [few] = study.run(prices, at(pd.Timestamp("2024-04-10 11:15")), others=NOBODY).outcomes
    assert few.outcome is es.Outcome.TOO_FEW_ESTIMATION_DAYS
    words = "100 of 700 closes of AA have no price of FUT at that instant, most often at 16:00 America/New_York"
    assert words in few.detail
    easy = es.Study(
        instruments=["AA"], model=es.MarketModel("FUT"), window=es.EventWindow(min_estimation=100), volatility=None
    )
    [gap] = easy.run(prices, at(pd.Timestamp("2024-04-10 17:00")), others=NOBODY).outcomes
    assert gap.outcome is es.Outcome.GAP_IN_WINDOW
    assert words in gap.detail


# ---- bar 0


@pytest.mark.parametrize(
    "stamp",
    [
        "2023-09-06 11:45",  # within a bar
        "2023-09-06 11:30",  # exactly at the close of a bar: the next one
        "2023-09-06 09:30",  # at the open
        "2023-09-06 07:00",  # before the open
        "2023-09-06 15:59",
        "2023-09-06 16:00",  # at the close of the day
        "2023-09-06 16:10",  # after hours, inside the nominal hour of the last bar
        "2023-09-09 12:00",  # a Saturday
        "2023-03-10 15:45",  # the Friday before New York's clocks go forward
        "2023-03-13 10:29",  # the Monday after
        "2023-03-13 10:30",
        "2023-03-12 23:00",
    ],
)
def test_bar_0_is_the_first_to_close_after_the_announcement(
    frame: pd.DataFrame, hourly: PriceTable, stamp: str
) -> None:
    moment = pd.Timestamp(stamp)
    ends = closes_by_pandas(frame.index)
    expected = int(np.flatnonzero(ends > moment.tz_localize(NY))[0])
    found = find_day0(at(moment), hourly.instruments["A"], hourly.dates)
    assert found.position == expected
    assert found.struck == ends[expected].to_pydatetime()
    assert found.session == ends[expected].date()
    assert not found.ambiguous
    assert (f"{(ends[expected] - ends[expected - 1]).total_seconds() / 3600:.4g} hours" in found.rule) == (
        expected % 7 == 0
    )


def test_zone_of_the_announcement_does_not_matter(hourly: PriceTable) -> None:
    """London and New York change their clocks on different Sundays: four hours apart between the two."""
    here = es.make_event("2023-03-14", time="10:00", zone=NY)
    there = es.make_event("2023-03-14", time="14:00", zone="Europe/London")
    one, other = (find_day0(e, hourly.instruments["A"], hourly.dates).position for e in (here, there))
    assert one == other is not None


@pytest.mark.parametrize(
    ("bounds", "ambiguous"),
    [(("11:35", "12:20"), False), (("11:25", "12:20"), True), (("11:35", "12:35"), True), ((None, None), True)],
)
def test_bounds_decide_about_ambiguity(
    hourly: PriceTable, bounds: tuple[str | None, str | None], ambiguous: bool
) -> None:
    """Between 11:30 and 12:30 there is one bar; an hour without bounds may be half an hour off."""
    sure = at(pd.Timestamp("2023-09-06 11:45"))
    low, high = (pd.Timestamp(f"2023-09-06 {b}", tz=NY).to_pydatetime() if b else None for b in bounds)
    event = es.Event(
        id="e", announced=sure.announced, precision="hour", not_before=low, not_after=high, zone=NY
    )  # fmt: skip
    assert find_day0(event, hourly.instruments["A"], hourly.dates).ambiguous is ambiguous
    study = es.Study(instruments=["A"], model=es.MarketModel("M"), volatility=None, statistics=("t_fe",))
    assert study.run(hourly, event, others=NOBODY).primary == ((-1, 1) if ambiguous else (0, 1))


def test_a_bare_date_is_refused_unless_only_one_bar_can_hold_it(hourly: PriceTable) -> None:
    study = es.Study(instruments=["A"], model=es.MarketModel("M"), volatility=None, statistics=QUICK)
    events = [es.make_event("2023-09-06", id="weekday"), es.make_event("2023-09-09", id="saturday")]
    found = study.run(hourly, events, others=NOBODY)
    weekday, saturday = found.outcomes
    assert weekday.outcome is es.Outcome.NO_CLOCK_TIME
    assert "has no clock time (2023-09-06, clock time unknown)" in weekday.detail
    assert saturday.outcome is es.Outcome.USED
    monday = next(d for d in found.day0 if d.event == "saturday")
    assert monday.struck == dt.datetime(2023, 9, 11, 14, 30, tzinfo=dt.UTC)


def test_other_announcements_are_found_by_the_same_rule(hourly: PriceTable) -> None:
    near = [at(pd.Timestamp("2023-09-06 14:00"), "later"), es.make_event("2023-09-05", id="day-before")]
    study = es.Study(instruments=["A"], model=es.MarketModel("M"), volatility=None, statistics=("t_fe",))
    found = study.run(hourly, at(pd.Timestamp("2023-09-06 11:45")), others=es.EventTable(near))
    # Bars close at 10:30, 11:30, 12:30 (bar 0), 13:30, 14:30; a bare date stands at the first bar of its day.
    assert {(o.other, o.offset) for o in found.overlaps} == {("later", 2), ("day-before", -9)}


# ---- the numbers


def test_abnormal_responses_are_those_of_plain_pandas(frame: pd.DataFrame, result: es.StudyResult) -> None:
    logs = np.log(frame).diff()
    row = int(np.flatnonzero(closes_by_pandas(frame.index) > pd.Timestamp("2023-09-06 11:45", tz=NY))[0])
    inside = logs.iloc[row - 260 : row - 10]
    x = np.column_stack((np.ones(250), inside["M"]))
    coef, rss, *_ = np.linalg.lstsq(x, inside["A"].to_numpy(), rcond=None)
    new = np.column_stack((np.ones(2), logs["M"].iloc[row : row + 2]))
    car = float((logs["A"].iloc[row : row + 2] - new @ coef).sum())
    total = new.sum(axis=0)
    se = float(np.sqrt(rss[0] / 248.0 * (2.0 + total @ np.linalg.solve(x.T @ x, total))))
    assert result.abnormal is not None
    own = result.abnormal.car((0, 1))
    # The same least squares in another order of operations: rounding alone.
    assert float(own.car[0]) == pytest.approx(car, rel=1e-10)
    assert float(own.se[0]) == pytest.approx(se, rel=1e-10)
    assert result.tests.where(statistic="sq", window=(0, 1))[0].estimate == float(own.car[0])


def test_local_scale_ranks_windows_of_the_same_hour(frame: pd.DataFrame, result: es.StudyResult) -> None:
    """By a loop over all windows inside estimation that begin with the bar of 11:30."""
    logs = np.log(frame).diff()
    row = int(np.flatnonzero(closes_by_pandas(frame.index) > pd.Timestamp("2023-09-06 11:45", tz=NY))[0])
    x = np.column_stack((np.ones(len(logs)), logs["M"].to_numpy()))
    y, fit = logs["A"].to_numpy(), slice(row - 260, row - 10)
    gram_inv = np.linalg.inv(x[fit].T @ x[fit])
    residual = y - x @ (gram_inv @ x[fit].T @ y[fit])

    def scaled(first: int, sign: float) -> float:
        total = x[first] + x[first + 1]
        spread = np.sqrt(2.0 + sign * total @ gram_inv @ total)
        local = np.sqrt(np.mean(residual[first - 20 : first] ** 2))
        return float(abs(residual[first] + residual[first + 1]) / (spread * local))

    # The 20 bars before a placebo window also lie inside the sample that the study cut out.
    placebo = [
        scaled(k, -1.0) for k in range(fit.start + 20, fit.stop - 1) if frame.index[k].hour == frame.index[row].hour
    ]
    p = (1 + sum(v >= scaled(row, 1.0) for v in placebo)) / (1 + len(placebo))
    test = result.tests.where(statistic="local_scale", window=(0, 1))[0]
    assert test.pvalue == p
    assert test.smallest_p == 1 / (1 + len(placebo))
    assert test.distribution == f"rank among {len(placebo)} windows inside estimation at the same clock time"


def test_placebo_bars_close_at_the_same_hour(result: es.StudyResult) -> None:
    paths = result.placebo["event", "A"]
    assert not isinstance(paths, str)
    close = paths.abnormal.dates[:, paths.abnormal.offsets == 0][:, 0]
    local = pd.DatetimeIndex(close, tz="UTC").tz_convert(NY)
    assert {(t.hour, t.minute) for t in local} == {(12, 30)}


def test_the_week_of_futures_begins_with_bars_of_its_own() -> None:
    """Simulated, from Sunday 18:00 to Friday 17:00: the first bar is compared with those of other Sundays.

    The bar that closes at 19:00 follows a weekend on Sundays and the bar of 18:00 on other days.
    """
    index = pd.date_range("2023-01-01", periods=250 * 24, freq="h", tz=NY)
    day, hour = index.day_of_week, index.hour
    index = index[(day < 4) | ((day == 4) & (hour < 17)) | ((day == 6) & (hour >= 18))]
    levels = 2300.0 * np.exp(0.001 * np.random.default_rng(4).standard_normal(len(index)).cumsum())
    table = es.prices(pd.DataFrame({"F": levels}, index=index))
    window = es.EventWindow(primary=(0, 0), estimation=(-3000, -11), windows=())
    study = es.Study(
        instruments=["F"], model=es.ConstantMean(), window=window, volatility=None, statistics=("sq",),
        counterfactuals=False,
    )  # fmt: skip
    events = [at(pd.Timestamp(f"2023-07-{d} 18:30"), f"day-{d}") for d in ("16", "18")]
    found = study.run(table, events, others=NOBODY)
    closes = index + pd.Timedelta(hours=1)
    for event, sunday in zip(events, (True, False), strict=True):
        row = next(d.position for d in found.day0 if d.event == event.id)
        inside = closes[row - 3000 : row - 10]
        alike = [c for c in inside if c.hour == 19 and (c.day_of_week == 6) == sunday]
        test = found.tests.where(event=event.id, statistic="sq", window=(0, 0))[0]
        assert len(alike) > 19
        assert test.distribution == f"rank among {len(alike)} windows inside estimation at the same clock time"


def test_too_few_days_for_a_rank_are_named(hourly: PriceTable) -> None:
    """70 bars are ten days: nine or ten windows of one hour, and no p below 1 in 11."""
    window = es.EventWindow(estimation=(-80, -11))
    study = es.Study(instruments=["A"], model=es.MarketModel("M"), window=window, volatility=None, statistics=QUICK)
    found = study.run(hourly, at(pd.Timestamp("2023-09-06 11:45")), others=NOBODY)
    reason = found.tests.where(statistic="local_scale", window=(0, 1))[0].reason
    assert "windows inside estimation at the same clock time; with fewer than 19" in reason


def test_one_bar_a_day_gives_what_daily_prices_give(stock_and_market: Callable[..., dict[str, FloatArray]]) -> None:
    """Every number of every part, to the bit, across two changes of the clocks."""
    responses = stock_and_market(1400, 5)
    days = pd.bdate_range("2018-01-01", periods=1400)
    levels = pd.DataFrame({k: 100.0 * np.exp(np.cumsum(v)) for k, v in responses.items()}, index=days)
    closes = (days + pd.Timedelta(hours=16)).tz_localize(NY)
    daily = es.prices(levels)
    bars = es.prices(levels.set_axis(closes), intraday=es.Intraday(stamp="end"))
    assert (daily.minutes, bars.minutes) == (None, 24 * 60)
    event = es.make_event(days[1200].date(), time="10:00", zone=NY, id="event")
    others = es.EventTable([es.make_event(days[1100].date(), time="18:30", zone=NY, id="other")])
    study = es.Study(instruments=["A"], model=es.MarketModel("M"))
    one, two = (study.run(table, event, others=others) for table in (daily, bars))
    assert one.used
    first, second = study_record(one), study_record(two)
    assert second["bars"]["minutes"] == 1440
    for part in (
        "tests",
        "abnormal",
        "models",
        "volatility",
        "speed",
        "outcomes",
        "overlaps",
        "variants",
        "sensitivity",
    ):
        assert plain(first[part]) == plain(second[part]), part


def plain(part: object) -> str:
    """A part of a record without the words on clock times and without the clock times themselves."""
    text = json.dumps(json.loads(dumps(part))).replace(" at the same clock time", "")
    return text.replace("T20:00:00Z", "").replace("T21:00:00Z", "")


def test_ranks_hold_their_size_on_the_night() -> None:
    """Every first bar of 230 days is an event without effect: the night has nine times the variance of an hour.

    Ranks among 45 first bars reject in 2 of 46 when they may reject in 5%; three binomial errors around that. A t that
    took the night for an hour like any other would have a scale of sqrt((9 + 6) / 7) hours and reject in
    P(|N| > 1.96 sqrt(15/7) / 3) = 34%.
    """
    table = es.prices(simulated(300, 11))
    opens = [k for k in range(330, len(table.frame) - 12) if k % 7 == 0]
    stamps = [pd.Timestamp(table.frame.index[k], tz="UTC").tz_convert(NY) - pd.Timedelta(minutes=61) for k in opens]
    events = [at(s, f"night-{k}") for s, k in zip(stamps, opens, strict=True)]
    window = es.EventWindow(primary=(0, 0), estimation=(-330, -11), windows=())
    study = es.Study(
        instruments=["A"], model=es.MarketModel("M"), window=window, volatility=None, statistics=("sq",),
        counterfactuals=False,
    )  # fmt: skip
    found = study.run(table, events, others=NOBODY)
    assert len(found.used) == len(events) > 200
    rejected = np.mean([t.pvalue <= 0.05 for t in found.tests.where(statistic="sq", window=(0, 0))])
    assert abs(rejected - 2.0 / 46.0) < 3.0 * np.sqrt(0.05 * 0.95 / len(events))


@pytest.mark.parametrize(
    ("effects", "word"),
    [({0: 0.04}, "swift"), ({0: 0.02, **dict.fromkeys(range(2, 11), 0.006)}, "delayed")],
)
def test_a_planted_reaction_is_called_what_it_is(effects: dict[int, float], word: str) -> None:
    """Even hours, so that nothing but the plant stands out; 0.3% is the standard deviation of an hour."""
    frame = simulated(200, 3, pattern=np.ones(7))
    row = int(np.flatnonzero(closes_by_pandas(frame.index) > pd.Timestamp("2023-09-06 11:45", tz=NY))[0])
    for offset, size in effects.items():
        frame.iloc[row + offset :, 0] *= np.exp(size)
    study = es.Study(instruments=["A"], model=es.MarketModel("M"), window=es.EventWindow(estimation=(-430, -11)))
    found = study.run(es.prices(frame), at(pd.Timestamp("2023-09-06 11:45")), others=NOBODY)
    [speed] = found.speed
    assert speed.word == word
    # Within six hours' noise of what was planted from bar 0 to the horizon.
    assert speed.whole.estimate == pytest.approx(sum(effects.values()), abs=3 * 0.003 * np.sqrt(11))


# ---- quality


def test_a_quiet_afternoon_is_not_a_frozen_feed() -> None:
    """Ten equal 15-minute bars within a day are none; over two days they are."""
    index = pd.DatetimeIndex(
        [day + pd.Timedelta(hours=9.5) + k * pd.Timedelta(minutes=15)
         for day in pd.bdate_range("2023-01-02", periods=60) for k in range(26)]
    ).tz_localize(NY)  # fmt: skip
    levels = 100.0 * np.exp(0.001 * np.random.default_rng(2).standard_normal(len(index)).cumsum())
    quiet, dead = levels.copy(), levels.copy()
    quiet[1000:1012] = quiet[1000]  # bars 12 to 23 of a day
    dead[1000:1030] = dead[1000]
    kinds = [{f.kind for f in es.prices(pd.DataFrame({"A": values}, index=index)).flags} for values in (quiet, dead)]
    assert kinds == [set(), {"frozen_run"}]


def test_a_split_overnight_breaks_the_day(frame: pd.DataFrame) -> None:
    """A 4:1 split before 2023-09-06: no effect on any bar of that day, whatever the hour."""
    split = frame.copy()
    split.loc[split.index >= pd.Timestamp("2023-09-06", tz=NY), "A"] /= 4.0
    study = es.Study(instruments=["A"], model=es.MarketModel("M"), volatility=None, statistics=QUICK)
    moments = [pd.Timestamp("2023-09-06 08:00"), pd.Timestamp("2023-09-06 12:00"), pd.Timestamp("2023-09-07 12:00")]
    found = study.run(es.prices(split), [at(m, f"e{i}") for i, m in enumerate(moments)], others=NOBODY)
    assert [o.outcome for o in found.outcomes] == [es.Outcome.BROKEN_PRICES] * 2 + [es.Outcome.USED]


def test_nights_are_counted_with_their_variance(hourly: PriceTable) -> None:
    [flag] = [f for f in es.check_table(hourly) if f.instrument == "A"]
    moves = np.log(hourly.frame["A"]).diff().iloc[1:] ** 2
    night = np.arange(1, len(hourly.frame)) % 7 == 0
    assert (flag.kind, flag.n) == ("intraday_bars", 199)
    assert f"{moves[night].mean() / moves[~night].mean():.2g} times" in flag.evidence


# ---- what a reader gets


def test_record_has_whole_instants(result: es.StudyResult) -> None:
    record = json.loads(dumps(study_record(result)))
    zero = next(row for row in record["abnormal"] if row["offset"] == 0)
    assert zero["date"] == "2023-09-06T16:30:00Z"
    assert record["volatility"][0]["by_day"][0]["date"] == "2023-09-06T16:30:00Z"
    assert record["volatility"][0]["sample_last"].endswith("Z")
    assert record["day0"][0]["struck"] == "2023-09-06 16:30:00+00:00"
    assert record["bars"]["minutes"] == 60


def test_page_carries_times_and_is_the_same_twice(hourly: PriceTable, result: es.StudyResult) -> None:
    page = page_html(result)
    for words in (
        "every session here is a bar of 60 minutes", "2023-09-06 16:30 UTC", "12:30 America/New_York (16:30 UTC)",
        "% a bar", "bars of 60 minutes (the most frequent step)",
    ):  # fmt: skip
        assert words in page
    study = es.Study(instruments=["A"], model=es.MarketModel("M"))
    again = study.run(hourly, at(pd.Timestamp("2023-09-06 11:45")), others=NOBODY)
    assert page_html(again) == page
    assert "bar of 60 minutes" in result.summary().replace("\n  ", " ")


def test_daily_results_do_not_speak_of_bars(accord: es.StudyResult) -> None:
    assert bar_words(accord) == ""
    assert "bars" not in study_record(accord)
    assert accord.minutes is None


# ---- functions beside the study


def test_volatility_functions_take_bars(hourly: PriceTable) -> None:
    """Day 0 of a bare instant is the first bar that closes at or after it; of an event as everywhere."""
    returns = hourly.to_returns()["A"]
    change = es.variance_change(returns, event="2023-09-06 16:30", before=(-200, -1), after=(1, 50))
    values = returns.to_numpy()
    zero = int(np.flatnonzero(returns.index == pd.Timestamp("2023-09-06 16:30"))[0])
    values = values - values[zero - 200 : zero].mean()
    ratio = np.mean(values[zero + 1 : zero + 51] ** 2) / np.mean(values[zero - 200 : zero] ** 2)
    assert change.one(statistic="variance_f").estimate == pytest.approx(ratio, rel=1e-12)
    assert es.variance_breaks(returns, event="2023-09-06 16:30").event == np.datetime64("2023-09-06T16:30:00")


# ---- files, the command, the study file


def test_file_with_offsets_is_the_frame(tmp_path: Path, frame: pd.DataFrame, hourly: PriceTable) -> None:
    """Yahoo's way of writing: local clock times, each with its offset, summer and winter."""
    path = write(tmp_path, frame)
    assert {"-05:00", "-04:00"} == {line.split(",")[0][-6:] for line in path.read_text().splitlines()[1:]}
    table = es.load("files", path)
    assert table.fingerprint() == hourly.fingerprint()
    assert table.origins[0].notes[-2:] == (
        "bars of 60 minutes (the most frequent step), stamped at their start",
        "200 last bars of a day end when the exchange's day does, not after 60 minutes",
    )
    assert "clock times with UTC offsets" in table.origins[0].notes


@pytest.mark.parametrize(
    "form", ["%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M", "%m/%d/%Y %I:%M %p", "%Y-%m-%dT%H:%M", "%Y%m%d %H:%M"]
)
def test_every_form_of_a_clock_time_is_read(tmp_path: Path, frame: pd.DataFrame, hourly: PriceTable, form: str) -> None:
    path = write(tmp_path, naive(frame), date_format=form)
    assert es.load("files", path, intraday=es.Intraday(zone=NY)).fingerprint() == hourly.fingerprint()


def test_date_and_time_in_two_columns(tmp_path: Path, frame: pd.DataFrame, hourly: PriceTable) -> None:
    split = naive(frame)
    table = pd.DataFrame({"Date": split.index.strftime("%Y-%m-%d"), "Time": split.index.strftime("%H:%M")})
    path = tmp_path / "two.csv"
    table.assign(A=split["A"].to_numpy(), M=split["M"].to_numpy()).to_csv(path, index=False)
    assert es.load("files", path, intraday=es.Intraday(zone=NY)).fingerprint() == hourly.fingerprint()


def test_long_file_and_bars_of_prices(tmp_path: Path, frame: pd.DataFrame, hourly: PriceTable) -> None:
    """Symbols in a column; open, high, low and close keep their bars, whose index is the close too."""
    local, rows = naive(frame), []
    for name in ("A", "M"):
        close = local[name]
        open_ = close.shift(1).fillna(close.iloc[0])
        high, low = np.maximum(open_, close) * 1.001, np.minimum(open_, close) * 0.999
        rows.append(
            pd.DataFrame({"Symbol": name, "Open": open_, "High": high, "Low": low, "Close": close, "Volume": 100.0})
        )
    path = write(tmp_path, pd.concat(rows), "long.csv")
    table = es.load("files", path, intraday=es.Intraday(zone=NY))
    assert table.fingerprint() == hourly.fingerprint()
    assert table.bars["A"].index.equals(hourly.frame.index)
    assert es.log_volume(table).minutes == 60
    event = at(pd.Timestamp("2023-09-06 11:45"))
    ranges = es.range_volatility(table, "A", event=event, before=(-200, -1), after=(1, 50))
    assert ranges.day0 == np.datetime64("2023-09-06T16:30:00")
    assert ranges.before["parkinson"] == pytest.approx(
        float(np.mean(np.log(table.bars["A"]["high"] / table.bars["A"]["low"]).iloc[-1400:][zero_of(table)] ** 2))
        / (4.0 * np.log(2.0)),
        rel=1e-10,
    )


def zero_of(table: PriceTable) -> NDArray[np.bool_]:
    """The 200 bars before the bar that closes 2023-09-06 16:30 UTC."""
    place = int(np.flatnonzero(table.frame.index == pd.Timestamp("2023-09-06 16:30"))[0])
    rows = np.arange(len(table.frame))
    return (rows >= place - 200) & (rows < place)


def test_daily_files_with_clock_times_stay_daily(tmp_path: Path) -> None:
    """One row a date and symbol, whatever the clock says: what yfinance and Excel write for daily prices."""
    days = pd.bdate_range("2023-01-02", periods=30)
    one = pd.DataFrame({"A": np.arange(30.0) + 1.0}, index=days + pd.Timedelta(hours=5))
    table = es.load("files", write(tmp_path, one))
    assert table.minutes is None
    assert table.frame.index.equals(pd.DatetimeIndex(days, name="date"))
    # Two symbols struck at different hours are two daily series, not bars.
    long = pd.concat(
        [pd.DataFrame({"Symbol": n, "Close": np.arange(30.0) + 1.0}, index=days + pd.Timedelta(hours=h))
         for n, h in (("A", 13), ("B", 16))]
    ).sort_index()  # fmt: skip
    assert es.load("files", write(tmp_path, long, "long.csv")).minutes is None


@pytest.mark.parametrize("offset", ["-05:00", ""])
def test_a_daily_file_with_a_live_row_stays_daily(tmp_path: Path, offset: str) -> None:
    """Yahoo appends the row of the moment to the last date."""
    days = ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09", "2024-01-10"]
    stamps = [*(f"{d} 00:00:00{offset}" for d in days), f"2024-01-10 16:00:02{offset}"]
    path = tmp_path / "X.csv"
    path.write_text("Date,Close\n" + "".join(f"{s},{10 + i}\n" for i, s in enumerate(stamps)))
    table = es.load("files", path, rename="X", duplicates="last")
    assert table.minutes is None
    assert table.frame.index.equals(pd.DatetimeIndex(days, name="date"))
    assert table.frame["X"].tolist() == [10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 17.0]
    with pytest.raises(FileFormatError, match="2024-01-10 stands on line 8 with 16 and on line 9 with 17"):
        es.load("files", path, rename="X")
    index = pd.DatetimeIndex(stamps)
    with pytest.raises(InputError, match="the date 2024-01-10 occurs twice"):
        es.prices(pd.DataFrame({"X": np.arange(8.0) + 1.0}, index=index))


def test_series_of_one_row_a_day_at_several_hours_are_no_bars(tmp_path: Path) -> None:
    """A wide file whose columns have rows of their own: dates with two clock times, but no bars."""
    both = pd.DataFrame({"A": bars_from("05:00", 60, 1), "B": bars_from("11:00", 60, 1)})
    with pytest.raises(FileFormatError, match="every series has one row a day; give dates without clock times"):
        es.load("files", write(tmp_path, both))


@pytest.mark.parametrize(
    ("rows", "intraday", "words"),
    [
        (["2023-01-02 10:00,1", "2023-01-02 11:00,2"], None, r"column 'Datetime'.*nothing is guessed.*--bars-zone"),
        (["2023-01-02 10:00+00:00,1", "2023-01-02 11:00,2"], None, "line 3.*no UTC offset and others have one"),
        (["2023-03-12 01:30,1", "2023-03-12 02:30,2"], es.Intraday(zone=NY), "line 3.*02:30:00 does not exist"),
        (["2023-01-02 10:00,1", "2023-01-02 25:00,2"], es.Intraday(zone=NY), "line 3.*'2023-01-02 25:00' holds no"),
        (["2023-01-02 10:00 AM,1", "2023-01-02 13:00 PM,2"], es.Intraday(zone=NY), "line 3.*holds no clock time"),
        (["2023-01-02 10:00,1", "2023-01-02 10:00,2"], es.Intraday(zone=NY), "2023-01-02T15:00:00 stands on line 2"),
        (["2023-01-02,1", "2023-01-03,2"], es.Intraday(zone=NY), "no row has a clock time"),
        (["2023-01-02 10:00,1", "2023-01-02 11:00,2"], es.Intraday(zone=NY, minutes=90), "hourly.csv: bars of 90"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_read_say_where(
    tmp_path: Path, rows: list[str], intraday: es.Intraday | None, words: str
) -> None:
    path = tmp_path / "hourly.csv"
    path.write_text("\n".join(["Datetime,A", *rows]) + "\n")
    with pytest.raises(FileFormatError, match=words):
        es.load("files", path, intraday=intraday)


def test_files_of_both_kinds_do_not_mix(tmp_path: Path, frame: pd.DataFrame) -> None:
    write(tmp_path, frame[["A"]], "A.csv")
    write(tmp_path, naive(frame)[["M"]].resample("D").last().dropna(), "M.csv")
    with pytest.raises(InputError, match="A: intraday bars of 60 minutes and M: daily prices cannot stand"):
        es.load("files", tmp_path)
    with pytest.raises(InputError, match="'embedded' has daily prices"):
        es.load("embedded", intraday=es.Intraday(zone=NY))


def test_returns_of_bars_from_a_file(tmp_path: Path, frame: pd.DataFrame) -> None:
    path = write(tmp_path, frame.pct_change().dropna())
    table = es.read_returns(path, unit="fraction")
    assert (table.minutes, table.instruments["A"].change) == (60, "as_is")
    assert table.frame.index[0] == pd.Timestamp("2023-01-02 16:30")


def test_the_command_and_the_study_file_give_one_result(run: Run, tmp_path: Path, frame: pd.DataFrame) -> None:
    """Offline, the same bytes from the command line and from TOML."""
    write(tmp_path, naive(frame))
    code, out, err = run(
        "report", "--prices", "hourly.csv", "--bars-zone", NY, "-i", "A", "--market", "M", "--date", "2023-09-06",
        "--time", "11:45", "--zone", NY, "--draws", "199", "--out", "one.html", "--json",
    )  # fmt: skip
    assert code == 0, err
    record = json.loads(out)
    assert record["day0"][0]["struck"] == "2023-09-06 16:30:00+00:00"
    assert record["bars"]["minutes"] == 60
    (tmp_path / "study.toml").write_text(
        'instruments = ["A"]\nreport = "two.html"\n[event]\ndate = "2023-09-06"\ntime = "11:45"\n'
        f'[prices]\nsource = "files"\npath = "hourly.csv"\nbars_zone = "{NY}"\n[model]\nmarket = "M"\n'
        "[volatility]\ndraws = 199\n"
    )
    assert run("run", "study.toml")[0] == 0
    one, two = ((tmp_path / name).read_text() for name in ("one.html", "two.html"))
    assert one == two
    assert "2023-09-06 16:30 UTC" in one


def test_the_command_says_what_is_missing(run: Run, tmp_path: Path, frame: pd.DataFrame) -> None:
    write(tmp_path, naive(frame))
    base = ("report", "--prices", "hourly.csv", "-i", "A", "--market", "M", "--date", "2023-09-06", "--draws", "199")
    code, _, err = run(*base, "--time", "11:45")
    assert (code, "--bars-zone" in err) == (2, True)
    code, _, err = run(*base, "--bars-zone", NY)
    assert (code, "no_clock_time" in err) == (4, True)
    code, _, err = run(*base, "--time", "11:45", "--bars-stamp", "middle")
    assert code == 2
    assert "--bars-stamp 'middle': input should be 'start' or 'end'" in err
    code, out, _ = run("check", "hourly.csv", "--bars-zone", NY, "--json")
    assert (code, {row["kind"] for row in json.loads(out)["flags"]}) == (0, {"intraday_bars"})


# ---- what is daily only


def test_what_needs_days_is_refused_on_bars(hourly: PriceTable) -> None:
    claims = es.claims_saying(["lasting"], instruments=["A"])
    [found] = es.judge_claims(claims, hourly, event=at(pd.Timestamp("2023-09-06 11:45"))).verdicts
    assert found.word == "untestable"
    assert "measured on daily prices" in found.reason
