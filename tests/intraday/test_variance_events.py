"""Event regressors, breaks, before and after, ranges and spillover of a study on bars."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import eventstudy as es
from eventstudy.report.page import page_html
from eventstudy.report.record import dumps, study_record
from eventstudy.report.variance_events import variance_sentences
from tests.intraday.bars import NOBODY, NY, FloatArray, Run, at, closes_by_pandas, simulated, write

WHEN = pd.Timestamp("2023-09-26 11:45")
QUIET = es.Study(instruments=["A"], statistics=(), volatility=None, counterfactuals=False)


@pytest.fixture(scope="module")
def wild() -> pd.DataFrame:
    """Prices whose 20 bars after bar 0 have six times the variance."""
    frame = simulated(260, 21)
    moves = np.log(frame).diff().fillna(0.0)
    row = int(np.flatnonzero(closes_by_pandas(frame.index) > WHEN.tz_localize(NY))[0])
    moves.iloc[row + 1 : row + 21] *= np.sqrt(6.0)
    return 100.0 * np.exp(moves.cumsum())


@pytest.fixture(scope="module")
def studied(wild: pd.DataFrame) -> es.StudyResult:
    study = replace(
        QUIET, model=es.MarketModel("M"), variance_events=es.VarianceEvents(bootstrap=99, dist="normal", kind="garch"),
        spillover=["M"],
    )  # fmt: skip
    return study.run(es.prices(wild), at(WHEN), others=NOBODY)


def test_a_study_measures_residuals_over_the_scale_of_their_hour(wild: pd.DataFrame, studied: es.StudyResult) -> None:
    """By plain pandas: a regression on the 1,090 bars before the gap, or as many as there are, and their hours."""
    logs = np.log(wild).diff()
    row = int(np.flatnonzero(closes_by_pandas(wild.index) > WHEN.tz_localize(NY))[0])
    fit = slice(max(1, row - 1100), row - 10)
    x = np.column_stack((np.ones(len(logs)), logs["M"]))
    coefficients, *_ = np.linalg.lstsq(x[fit], logs["A"].to_numpy()[fit], rcond=None)
    residual = logs["A"] - x @ coefficients
    squares = residual.iloc[fit] ** 2
    hourly = np.sqrt(squares.groupby(squares.index.hour).mean() / squares.mean())
    divided = (residual / hourly.loc[residual.index.hour].to_numpy()).to_numpy()
    [pair] = studied.variance_events
    assert pair.reason == ""
    # Two solutions of one least-squares problem: apart by rounding alone.
    np.testing.assert_allclose(pair.residual, divided[fit.start : row + 100], rtol=1e-9, atol=1e-12)
    # The functions by hand on this series, which is left as it is.
    series = pd.Series(pair.residual, pd.DatetimeIndex(pair.dates).tz_localize("UTC"))
    names = {"event": at(WHEN), "diurnal": False}
    assert pair.breaks is not None
    assert pair.breaks.to_record() == es.variance_breaks(series, **names).to_record()
    by_hand = [t.pvalue for t in es.variance_change(series, **names)]
    assert [t.pvalue for t in pair.change] == by_hand
    before, after = pair.residual[-360:-110], pair.residual[-99:-79]
    # Bar 0 is followed by 99 bars.
    assert pair.change[0].estimate == pytest.approx(
        np.mean((after - before.mean()) ** 2) / before.var(), rel=1e-9
    )  # fmt: skip
    assert pair.diurnal is not None
    assert pair.diurnal.learnt == row - 10 - fit.start
    np.testing.assert_allclose(pair.diurnal.to_frame()["scale"].to_numpy(), np.roll(hourly.to_numpy(), -1), rtol=1e-9)


def test_the_raised_variance_is_found_and_said(studied: es.StudyResult) -> None:
    [pair] = studied.variance_events
    assert pair.regressor is not None
    # Six times, with the interval of twenty bars; the smallest p of 99 paths is .01.
    assert pair.regressor.multiplier_low[0] < 6.0 < pair.regressor.multiplier_high[0]
    assert pair.regressor.tests[0].pvalue <= 0.02
    said = variance_sentences(studied, pair)
    assert said[0].startswith("Raised volatility: inside a GARCH, the variance of bars 1 to 20 was")
    assert said[2].startswith("Bars in the scale of their clock time (America/New_York), learnt from 1090 bars before")
    [spill] = studied.spillover
    assert spill.reason == ""
    assert spill.diurnal is not None
    assert spill.tests[0].applicable
    page = page_html(studied)
    assert "the variance of bars 1 to 20 was" in page
    record = json.loads(dumps(study_record(studied)))
    [one] = record["variance_events"]
    assert one["diurnal"]["words"] == pair.diurnal.words  # type: ignore[union-attr]
    assert one["sample_first"].endswith("Z")
    assert len(record["spillover"][0]["diurnal"]) == 2


def test_too_few_days_are_a_reason_in_the_study() -> None:
    """Ten days before the gap know no hour."""
    study = replace(QUIET, model=es.ConstantMean(), window=es.EventWindow(estimation=(-70, -11)),
                    variance_events=es.VarianceEvents(bootstrap=0))  # fmt: skip
    result = study.run(es.prices(simulated(40, 22)), at(pd.Timestamp("2023-01-17 11:45")), others=NOBODY)
    [pair] = result.variance_events
    assert pair.reason.startswith("too few clock times come 19 times among 68 bars")
    assert "Event in the variance: not measured (too few clock times" in page_html(result)


def test_one_bar_a_day_gives_what_daily_prices_give(stock_and_market: Callable[..., dict[str, FloatArray]]) -> None:
    """Bars that close at 20:00 in New York, the next day in UTC: every number to the bit, across changes of clocks."""
    responses = stock_and_market(1400, 5)
    days = pd.bdate_range("2018-01-01", periods=1400)
    levels = pd.DataFrame({k: 100.0 * np.exp(np.cumsum(v)) for k, v in responses.items()}, index=days)
    closes = (days + pd.Timedelta(hours=20)).tz_localize(NY)
    bars = es.prices(levels.set_axis(closes), intraday=es.Intraday(stamp="end"))
    assert bars.minutes == 24 * 60
    event = es.make_event(days[1200].date(), time="10:00", zone=NY, id="event")
    asked = es.VarianceEvents(bootstrap=0, kind="garch", dist="normal")
    study = replace(QUIET, model=es.MarketModel("M"), variance_events=asked, spillover=["M"])
    one, two = (study.run(table, event, others=NOBODY) for table in (es.prices(levels), bars))
    (first,), (second,) = one.variance_events, two.variance_events
    np.testing.assert_array_equal(first.residual, second.residual)
    assert second.diurnal is None
    assert [t.to_record() for t in first.change] == [t.to_record() for t in second.change]
    assert first.breaks is not None
    assert second.breaks is not None
    assert first.breaks.nearest == second.breaks.nearest
    assert first.breaks.around is not None
    assert second.breaks.around is not None
    assert first.breaks.around.pvalues == second.breaks.around.pvalues
    assert first.regressor is not None
    assert second.regressor is not None
    assert [t.to_record() for t in first.regressor.tests] == [t.to_record() for t in second.regressor.tests]
    assert [t.to_record() for t in one.spillover[0].tests] == [t.to_record() for t in two.spillover[0].tests]


def test_the_command_prints_them(run: Run, tmp_path: Path, wild: pd.DataFrame) -> None:
    path = write(tmp_path, wild.set_axis(wild.index.tz_localize(None)))
    code, out, _ = run(
        "volatility", "--prices", str(path), "-i", "A", "--market", "M", "--date", "2023-09-26", "--time", "11:45",
        "--bars-zone", NY, "--spillover", "M", "--bootstrap", "0",
    )  # fmt: skip
    assert code == 0
    words = " ".join(out.split())
    assert "inside a GJR-GARCH, the variance of bars 1 to 20 was" in words
    assert "Bars in the scale of their clock time (America/New_York), learnt from 1090 bars before the gap." in words
    assert "the correlation over bars [1, 20]" in words
    assert "not measured (" in words.partition("Ranges: ")[2]
    assert words.count("not measured") == 1
