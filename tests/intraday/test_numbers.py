"""Numbers of studies on bars, against plain pandas and loops, and against the daily pipeline for one bar a day."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import eventstudy as es
from eventstudy.domain.prices import PriceTable
from eventstudy.report.record import dumps, study_record
from tests.intraday.bars import (
    NOBODY,
    NY,
    QUICK,
    FloatArray,
    at,
    closes_by_pandas,
    simulated,
)


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

    squares, hour = pd.Series(residual**2), frame.index.hour
    by_hour = np.sqrt(squares[fit].groupby(hour[fit]).mean() / squares[fit].mean())
    scale = by_hour.loc[hour].to_numpy()

    def scaled(first: int, sign: float) -> float:
        total = x[first] + x[first + 1]
        spread = np.sqrt(2.0 + sign * total @ gram_inv @ total)
        local = np.sqrt(np.mean((residual / scale)[first - 20 : first] ** 2))
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


def test_half_days_are_days_like_others(stock_and_market: Callable[..., dict[str, FloatArray]]) -> None:
    """Every 50th day closes at 13:00: one bar a day all the same, so t exists and no day is left out."""
    responses = stock_and_market(1400, 5)
    days = pd.bdate_range("2018-01-01", periods=1400)
    early = pd.to_timedelta(np.where(np.arange(1400) % 50 == 7, 13, 16), unit="h")
    levels = pd.DataFrame({k: 100.0 * np.exp(np.cumsum(v)) for k, v in responses.items()}, index=days)
    bars = es.prices(levels.set_axis((days + early).tz_localize(NY)), intraday=es.Intraday(stamp="end"))
    event = es.make_event(days[1200].date(), time="10:00", zone=NY, id="event")
    study = es.Study(instruments=["A"], model=es.MarketModel("M"), statistics=("t_fe", "fhs", "sq"))
    one, two = (study.run(table, event, others=NOBODY) for table in (es.prices(levels), bars))
    first, second = study_record(one), study_record(two)
    for part in ("tests", "models"):
        assert plain(first[part]) == plain(second[part]), part
    assert one.volatility[0].pvalue == two.volatility[0].pvalue


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
