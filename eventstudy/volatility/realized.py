"""Variance of a series before and after an announcement, without a model of it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from eventstudy._typing import DateArray, FloatArray
from eventstudy.domain.instruments import Instrument
from eventstudy.domain.windows import Offsets
from eventstudy.kernels.ranges import VarianceTest, brown_forsythe, rank_sum, variance_f
from eventstudy.kernels.resample import smallest_pvalue, upper_pvalue, window_sums
from eventstudy.kernels.stats import Inapplicable
from eventstudy.results import TestResult, TestTable
from eventstudy.volatility.dated import AFTER, BEFORE, EventLike, check_apart, id_of, name_of, stretch
from eventstudy.volatility.diurnal import IN_THEIR_SCALE, Diurnal, bare_series

#: Rows of `variance_change`, in order.
VARIANCE_TESTS = ("variance_f", "variance_f_centred", "brown_forsythe", "wilcoxon_variance", "variance_placebo")


class VarianceTests(TestTable):
    """What `variance_change` gives: its tests, and the pattern of the day that was taken out first.

    Attributes
    ----------
    diurnal : Diurnal or None
        None for one price a day, and where the series was taken as it is.
    """

    def __init__(self, results: Iterable[TestResult], diurnal: Diurnal | None = None) -> None:
        super().__init__(results)
        self.diurnal = diurnal


def variance_change(
    values: pd.Series | FloatArray,
    dates: DateArray | None = None,
    *,
    event: EventLike,
    before: Offsets = BEFORE,
    after: Offsets = AFTER,
    parameters: int = 1,
    instrument: Instrument | str | None = None,
    diurnal: bool = True,
) -> VarianceTests:
    """Realized variance after an announcement against before, by five tests.

    Parameters
    ----------
    values : Series or ndarray, shape (T,)
        Residuals of a mean model that was fitted on `before`, or returns, whose mean over `before` is then taken off.
        NaN is left out; offsets count the sessions that remain.
    dates : ndarray of datetime64, shape (T,), optional
        Taken from the index of a Series.
    event : Event, str, date or datetime64
        An `Event` or a catalogue id: day 0 is the first session whose price is struck after it, as in a study. A date:
        the first session on or after it.
    before, after : (int, int)
        Sessions relative to day 0, both ends included.
    parameters : int
        Coefficients of the mean model; 1 also takes off the mean, 0 takes `values` as they are.
    instrument : Instrument or str, optional
        Name in the rows, and whose price stamp finds day 0 of an `Event`; a known name of a Series when left out.
    diurnal : bool
        Of bars (several stamps a day) each response, less the mean of those before the gap, is divided by the root mean
        square of its clock time over that of all bars, both from all bars up to the end of `before`: their mean square
        stays what it was. Clock times are those of the zone of the index; stamps without a zone count as they are. Bars
        of clock times that come fewer than 19 times are left out, and counted. False: the series as it is.

    Returns
    -------
    VarianceTests
        A `TestTable` with what was taken out as `diurnal`; the laws of the rows say it too. `estimate` is mean square
        after over mean square before, in the unit ``ratio``. Rows: ``variance_f`` (F about zero),
        ``variance_f_centred`` (about the mean after), ``brown_forsythe``, ``wilcoxon_variance`` (rank sum of sizes),
        ``variance_placebo`` (rank among all windows of the same length in `before`). The first four assume independent
        residuals: volatility that clusters makes them reject too often, and only the last allows for it. All look at
        the upper tail but Brown & Forsythe. Where a test does not exist the row has the reason.

    Raises
    ------
    InputError
        When dates are missing or not ascending, a window ends before it begins, or the windows overlap.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> days = pd.bdate_range("2020-01-01", periods=400)
    >>> r = pd.Series(rng.standard_normal(400) * np.where(np.arange(400) < 300, 1.0, 2.0), index=days)
    >>> tests = variance_change(r, event=days[300].date())
    >>> bool(tests.one(statistic="brown_forsythe").pvalue < 0.01)
    True
    """
    check_apart(before, after)
    series = bare_series(
        values, dates, event, instrument, diurnal=diurnal, centred=parameters == 1, gap=before[1]
    )  # fmt: skip
    x, day0 = series.x, series.day0
    assert day0 is not None
    base = TestResult(
        event=id_of(event), instrument=name_of(values, instrument), window=after, statistic="", unit="ratio", n_pairs=1,
        n_dates=1,
    )  # fmt: skip
    cuts = [stretch(x.size, day0, w, name) for w, name in ((before, "before"), (after, "after"))]
    refused = [series.reason] if series.reason else [c.reason for c in cuts if isinstance(c, Inapplicable)]
    if refused:
        rows = (replace(base, statistic=key, reason=refused[0]) for key in VARIANCE_TESTS)
        return VarianceTests(rows, series.diurnal)
    earlier, later = (x[c] for c in cuts if isinstance(c, slice))
    if parameters == 1:
        earlier, later = earlier - earlier.mean(), later - earlier.mean()
    found = {
        "variance_f": variance_f(earlier, later, parameters=parameters, centred=False),
        "variance_f_centred": variance_f(earlier, later, parameters=parameters, centred=True),
        "brown_forsythe": brown_forsythe(earlier, later),
        "wilcoxon_variance": rank_sum(earlier, later),
        "variance_placebo": placebo_rank(float(np.mean(later**2)), window_sums(earlier**2, later.size) / later.size),
    }
    square = float(np.mean(earlier**2))
    ratio = float(np.mean(later**2)) / square if square > 0.0 else math.nan
    law = IN_THEIR_SCALE if series.diurnal is not None else ""
    rows = (_row(replace(base, statistic=key), ratio, found[key], law) for key in VARIANCE_TESTS)
    return VarianceTests(rows, series.diurnal)


def _row(base: TestResult, ratio: float, found: VarianceTest | Inapplicable, law: str) -> TestResult:
    if isinstance(found, Inapplicable):
        return replace(base, reason=found.reason)
    return replace(
        base, estimate=ratio, value=found.value, pvalue=found.pvalue, smallest_p=found.smallest_p,
        distribution=found.law + law, alternative="two-sided" if base.statistic == "brown_forsythe" else "greater",
    )  # fmt: skip


def placebo_rank(value: float, windows: FloatArray) -> VarianceTest | Inapplicable:
    """Upper-tail rank of a variance among those of windows before, shape (B,)."""
    if windows.size < 1:
        return Inapplicable("the window after is longer than the stretch before: there is no placebo window")
    return VarianceTest(
        value, upper_pvalue(value, windows), f"rank among {windows.size} windows before",
        smallest_pvalue(windows.size),
    )  # fmt: skip
