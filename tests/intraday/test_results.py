"""What is checked of bars, what a reader gets, and what is left to daily prices."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import eventstudy as es
from eventstudy.domain.prices import PriceTable
from eventstudy.report.page import page_html
from eventstudy.report.record import dumps, study_record
from eventstudy.report.tables import bar_words
from tests.intraday.bars import (
    NOBODY,
    NY,
    QUICK,
    at,
)

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
        "every step here is a bar of 60 minutes, bar 0 the first", "2023-09-06 16:30 UTC",
        "12:30 America/New_York (16:30 UTC)", "% a bar", "bars of 60 minutes (the most frequent step)",
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
    change = es.variance_change(returns, event="2023-09-06 16:30", before=(-200, -1), after=(1, 50), diurnal=False)
    values = returns.to_numpy()
    zero = int(np.flatnonzero(returns.index == pd.Timestamp("2023-09-06 16:30"))[0])
    values = values - values[zero - 200 : zero].mean()
    ratio = np.mean(values[zero + 1 : zero + 51] ** 2) / np.mean(values[zero - 200 : zero] ** 2)
    assert change.one(statistic="variance_f").estimate == pytest.approx(ratio, rel=1e-12)
    assert es.variance_breaks(returns, event="2023-09-06 16:30").event == np.datetime64("2023-09-06T16:30:00")


def test_what_needs_days_is_refused_on_bars(hourly: PriceTable) -> None:
    claims = es.claims_saying(["lasting"], instruments=["A"])
    [found] = es.judge_claims(claims, hourly, event=at(pd.Timestamp("2023-09-06 11:45"))).verdicts
    assert found.word == "untestable"
    assert "measured on daily prices" in found.reason
