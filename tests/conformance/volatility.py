"""Variance of the one series of a set: breaks, ranges, before and after; in the layout of the reference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import eventstudy as es
from eventstudy.volatility.breaks import OneBreak

Tree = dict[str, Any]

#: Stretch around the announcement in which the reference looks for one break.
AROUND = (-100, 99)
BEFORE = (-260, -11)
EVENT_DAYS = (0, 19)


def variance_tree(folder: Path, prices: es.PriceTable, result: es.StudyResult) -> Tree:
    """Sections of one asset: `result` holds its one pair by the market model, on log returns."""
    assert result.abnormal is not None
    event, instrument = result.abnormal.pairs[0]
    day0 = next(d.session for d in result.day0 if d.event == event)
    assert day0 is not None
    residuals = pd.Series(result.abnormal.ar[0], index=pd.DatetimeIndex(result.abnormal.dates[0]))
    return {
        "icss": _breaks(prices.to_returns(change="log")[instrument].dropna(), day0),
        "range": _ranges(es.load("files", folder / "ohlc.csv"), day0),
        "ols_variance": _before_after(residuals, day0),
    }


def _breaks(returns: pd.Series, day0: Any) -> Tree:
    found = es.variance_breaks(returns, event=day0, sessions=AROUND)
    days = returns.index.to_numpy().astype("datetime64[D]")
    assert found.whole is not None
    assert found.around is not None
    return {
        "cusum_full": _cusum(found.whole),
        "cusum_event": _cusum(found.around),
        "it_breaks": np.searchsorted(days, found.icss_it).tolist(),
        "kappa2_breaks": np.searchsorted(days, found.icss_kappa2).tolist(),
    }


def _cusum(one: OneBreak) -> Tree:
    cusum = one.cusum
    values = {"it": cusum.it, "kappa1": cusum.kappa1, "kappa2": cusum.kappa2}
    return values | {f"p_{k}": p for k, p in one.pvalues.items()} | {"k": cusum.k, "bandwidth": cusum.bandwidth}


def _ranges(bars: es.PriceTable, day0: Any) -> Tree:
    found = es.range_volatility(bars, bars.ids[0], event=day0, before=BEFORE, after=EVENT_DAYS)
    return {"pre": {**found.before, "n": found.n_before}, "event": {**found.after, "n": found.n_after}}


def _before_after(residuals: pd.Series, day0: Any) -> Tree:
    # The market model has two coefficients.
    tests = es.variance_change(residuals, event=day0, before=BEFORE, after=EVENT_DAYS, parameters=2)
    later = es.variance_change(residuals, event=day0, before=BEFORE, after=(1, EVENT_DAYS[1]), parameters=2)
    median = tests.one(statistic="brown_forsythe")
    return {
        "F_raw": _f(tests.one(statistic="variance_f")),
        "F_excl_day0": _f(later.one(statistic="variance_f_centred")),
        "brown_forsythe": {"value": median.value, "p": median.pvalue},
    }


def _f(test: es.TestResult) -> Tree:
    dof1, dof2 = (int(d) for d in test.distribution.removeprefix("F(").removesuffix(")").split(","))
    return {"value": test.value, "p_upper": test.pvalue, "df1": dof1, "df2": dof2}
