"""Variance before and after an announcement, from residuals and from bars; refusals on real bars."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import eventstudy as es
from eventstudy.volatility.realized import VARIANCE_TESTS

DATA = Path(__file__).parents[3] / "shared" / "data"
DAYS = pd.bdate_range("2015-01-01", periods=400)
real = pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")


def noise(seed: int, *, after: float = 1.0) -> pd.Series:
    """Returns whose spread is `after` times as large from session 301 on."""
    values = np.random.default_rng(seed).standard_normal(400)
    return pd.Series(0.001 + 0.01 * values * np.where(np.arange(400) > 300, after, 1.0), index=DAYS)


def bars_of(seed: int) -> pd.DataFrame:
    """Bars of random walks of 50 steps a day."""
    rng = np.random.default_rng(seed)
    path = np.cumsum(0.001 * rng.standard_normal((400, 51)).ravel()).reshape(400, 51)
    frame = {"open": path[:, 0], "high": path.max(1), "low": path.min(1), "close": path[:, -1]}
    return np.exp(pd.DataFrame(frame, index=DAYS))


def test_ninefold_variance_is_seen_by_every_test() -> None:
    tests = es.variance_change(noise(1, after=3.0), event=DAYS[300].date())
    assert [t.statistic for t in tests] == list(VARIANCE_TESTS)
    # Twenty squares: a relative s.d. of sqrt(2/20) about 9.
    assert tests[0].estimate == pytest.approx(9.0, abs=6.0)
    assert all(t.pvalue < 0.01 for t in tests)
    assert tests.one(statistic="variance_placebo").smallest_p == pytest.approx(1 / 232)


def test_each_number_from_plain_slices() -> None:
    r = noise(2).to_numpy()
    before = r[40:290] - r[40:290].mean()
    after = r[301:321] - r[40:290].mean()
    tests = es.variance_change(r, DAYS.to_numpy(), event=DAYS[300].date())
    ratio = (after**2).mean() / (before**2).mean()
    assert tests[0].estimate == pytest.approx(ratio, rel=1e-12)
    assert tests[0].value == pytest.approx(ratio * 249 / 250, rel=1e-12)
    sums = [(before[i : i + 20] ** 2).sum() for i in range(231)]
    p = (1 + sum(s >= (after**2).sum() for s in sums)) / 232
    assert tests.one(statistic="variance_placebo").pvalue == pytest.approx(p, rel=1e-12)


def test_unit_and_sign_do_not_matter() -> None:
    one, other = (es.variance_change(v, event=DAYS[300].date()) for v in (noise(3), -100.0 * noise(3)))
    for a, b in zip(one, other, strict=True):
        assert a.pvalue == pytest.approx(b.pvalue, rel=1e-9)


def test_windows_outside_the_data_are_refused() -> None:
    for row, words in ((390, "after it"), (100, "lie before day 0")):
        tests = es.variance_change(noise(1), event=DAYS[row].date())
        assert all(words in t.reason and math.isnan(t.pvalue) for t in tests)
    late = es.variance_change(noise(1), event="2030-01-01")
    assert all("after the last session" in t.reason for t in late)
    with pytest.raises(es.EventStudyError, match="overlap"):
        es.variance_change(noise(1), event=DAYS[300].date(), before=(-100, 5))
    with pytest.raises(es.EventStudyError, match="ends before it begins"):
        es.variance_change(noise(1), event=DAYS[300].date(), after=(10, 5))


def test_ranges_of_arrays_and_their_placebo_rank() -> None:
    bars = bars_of(1)
    found = es.range_volatility(bars, event=DAYS[300].date())
    assert (found.n_before, found.n_after, found.flat) == (250, 20, 0.0)
    logs = np.log(bars.to_numpy())
    parkinson = (logs[:, 1] - logs[:, 2]) ** 2 / (4 * math.log(2))
    assert found.before["parkinson"] == pytest.approx(parkinson[40:290].mean(), rel=1e-12)
    assert found.after["parkinson"] == pytest.approx(parkinson[301:321].mean(), rel=1e-12)
    windows = [parkinson[i : i + 20].mean() for i in range(40, 271)]
    p = (1 + sum(w >= parkinson[301:321].mean() for w in windows)) / 232
    assert found.to_frame().loc["parkinson", "p"] == pytest.approx(p, rel=1e-12)


def test_bars_that_say_nothing_are_refused() -> None:
    flat = bars_of(2)
    flat.iloc[45:60] = flat.iloc[45:60, [3]].to_numpy()
    found = es.range_volatility(flat, event=DAYS[300].date())
    assert "one price on 15 of 250 bars before" in found.reason
    assert all(math.isnan(t.estimate) and t.reason for t in found.tests)
    wrong = bars_of(2)
    wrong.iloc[305, 1] = wrong.iloc[305, 2] * 0.99
    assert "another price" in es.range_volatility(wrong, event=DAYS[300].date()).reason
    negative = bars_of(2)
    negative.iloc[305, 2] = -37.0
    assert "zero or below" in es.range_volatility(negative, event=DAYS[300].date()).reason
    # Outside both stretches it is nobody's concern.
    negative = bars_of(2)
    negative.iloc[330] = [1.0, 2.0, -37.0, -37.0]
    assert np.isfinite(es.range_volatility(negative, event=DAYS[300].date()).tests[0].pvalue)
    assert "no close before" in es.range_volatility(bars_of(2), event=DAYS[300].date(), before=(-300, -11)).reason
    with pytest.raises(es.EventStudyError, match="open, high, low and close are needed"):
        es.range_volatility(bars_of(2)[["close"]], event=DAYS[300].date())


@real
def test_futures_that_hardly_trade_are_refused_and_shares_are_not() -> None:
    event = es.catalog()["ofac-rusal-2018"]
    frozen = es.range_volatility(es.load("files", DATA / "ALI=F.csv"), "ALI=F", event=event)
    assert "hardly traded" in frozen.reason
    alcoa = es.load("files", DATA / "AA.csv")
    found = es.range_volatility(alcoa, "AA", event=event)
    assert found.reason == ""
    # The announcement of Friday 2018-04-06, 10:00 New York, is that session's for New York shares.
    assert found.day0 == np.datetime64("2018-04-06")
    frame = pd.read_csv(DATA / "AA.csv")
    frame = frame.set_index(pd.to_datetime(frame["Date"]))
    at = frame.index.get_loc("2018-04-06")
    part = frame.iloc[at + 1 : at + 21]
    assert found.after["parkinson"] == pytest.approx(
        float((np.log(part["High"] / part["Low"]) ** 2).mean() / (4 * math.log(2))), rel=1e-10
    )


@real
def test_a_source_of_closes_alone_has_no_ranges() -> None:
    table = es.load("files", DATA / "lme_aluminium.csv")
    found = es.range_volatility(table, "LME-3M", event="2018-04-09")
    assert "only closes are there" in found.reason
    with pytest.raises(es.EventStudyError, match="unknown instrument"):
        es.range_volatility(table, "AA", event="2018-04-09")
