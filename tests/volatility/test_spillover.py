"""Spillover around one announcement: size and power on simulated pairs, refusals, real metal and shares."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import eventstudy as es

DATA = Path(__file__).parents[3] / "shared" / "data"
DAYS = pd.bdate_range("2015-01-01", periods=700)
EVENT = DAYS[600].date()
DESIGN = es.SpilloverDesign(draws=399)


def pair(seed: int, *, during: float | None = None) -> pd.DataFrame:
    """Returns of two GARCH series with correlation .3, `during` on the 20 sessions after day 0."""
    rng = np.random.default_rng(seed)
    x, w = rng.standard_normal((2, 700))
    rho = np.full(700, 0.3)
    if during is not None:
        rho[601:621] = during
    z = np.column_stack((x, rho * x + np.sqrt(1.0 - rho**2) * w))
    h, e = np.ones(2), np.empty((700, 2))
    for t in range(700):
        e[t] = z[t] * np.sqrt(h)
        h = 0.05 + 0.07 * e[t] ** 2 + 0.88 * h
    return pd.DataFrame(0.01 * e, index=DAYS, columns=["metal", "producer"])


def change(frame: pd.DataFrame) -> es.TestResult:
    found = es.spillover(frame, "metal", ["producer"], event=EVENT, design=DESIGN)
    return found.tests.one(statistic="correlation_change")


def test_size_and_power_of_the_change() -> None:
    """Nominal 5%, 60 samples: at most 9 rejections (three standard errors above 3); .9 for .3 is mostly seen."""
    assert sum(change(pair(s)).pvalue <= 0.05 for s in range(60)) <= 9
    assert sum(change(pair(s, during=0.95)).pvalue <= 0.05 for s in range(20)) >= 15


def test_numbers_of_a_pair() -> None:
    found = es.spillover(pair(1, during=0.9), "metal", ["producer"], event=EVENT, design=DESIGN)
    row = found.to_frame().loc[("metal", "producer")]
    one = found.pairs[0]
    assert one.correlation.size == one.dates.size == 700
    assert row["before"] == pytest.approx(0.3, abs=0.15)
    assert one.expected == pytest.approx(0.3, abs=0.15)
    test = found.tests.one(statistic="correlation_change")
    assert test.estimate == pytest.approx(test.value - one.expected, rel=1e-12)
    assert test.low < test.estimate < test.high
    assert test.smallest_p == pytest.approx(2 / 400)
    assert test.instrument == "metal -> producer"
    again = es.spillover(pair(1, during=0.9), "metal", ["producer"], event=EVENT, design=DESIGN)
    pd.testing.assert_frame_equal(found.to_frame(), again.to_frame())


def test_unit_and_sign_of_a_series_turn_the_correlation_only() -> None:
    frame = pair(2, during=0.9)
    turned = frame * [1.0, -100.0]
    one, other = (es.spillover(f, "metal", ["producer"], event=EVENT, design=DESIGN).pairs[0] for f in (frame, turned))
    # Two likelihood fits in other units agree to about 1e-6 of their parameters.
    assert one.before == pytest.approx(-other.before, abs=1e-4)
    for key in ("variance_causality", "variance_causality_reverse"):
        values = [p.tests.one(statistic=key).value for p in (one, other)]
        assert values[0] == pytest.approx(values[1], abs=1e-3)


def test_where_there_is_no_test_there_is_a_reason() -> None:
    frame = pair(1)
    twin = frame.assign(producer=2.0 * frame["metal"])
    still = frame.assign(producer=0.0)
    for table, event, words in (
        (frame, DAYS[400].date(), "two GARCHs need 500"),
        (frame, DAYS[690].date(), "needs sessions that are not there"),
        (frame, "2030-01-01", "after the last session"),
        (twin, EVENT, "their correlation is exact"),
        (still, EVENT, "does not vary"),
    ):
        one = es.spillover(table, "metal", ["producer"], event=event, design=DESIGN).pairs[0]
        assert words in one.reason
        assert len(one.tests) == 4
        assert all(t.reason == one.reason and math.isnan(t.pvalue) for t in one.tests)
    with pytest.raises(es.EventStudyError, match="unknown instrument"):
        es.spillover(frame, "metal", ["consumer"], event=EVENT)
    with pytest.raises(es.EventStudyError, match="not the source"):
        es.spillover(frame, "metal", ["metal"], event=EVENT)
    with pytest.raises(es.EventStudyError, match="overlap"):
        es.spillover(frame, "metal", ["producer"], event=EVENT, design=es.SpilloverDesign(during=(-20, 20)))


@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
def test_metal_and_shares_are_struck_at_other_hours() -> None:
    table = es.load("files", DATA / "lme_aluminium.csv").joined(es.load("files", DATA / "AA.csv"))
    found = es.spillover(table, "LME-3M", ["LME-CASH", "AA"], event="2018-04-09", design=DESIGN)
    cash, alcoa = found.pairs
    assert "hours apart" not in cash.problem
    assert "hours apart" in alcoa.problem
    assert cash.before > 0.95
    frame = table.frame[["LME-3M", "AA"]].dropna()
    ends = frame.index.to_numpy()[1:].astype("datetime64[D]")
    assert set(alcoa.dates.tolist()) <= set(ends.tolist())
