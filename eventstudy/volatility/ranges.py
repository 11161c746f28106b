"""Variance before and after an announcement from the open, high, low and close of the day."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from eventstudy._typing import DateArray, FloatArray
from eventstudy.domain.instruments import instruments
from eventstudy.domain.intraday import BARS
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.quality_bars import BAR_SHARE, ROUNDING, flat_rows
from eventstudy.domain.windows import Offsets
from eventstudy.errors import InputError, UnknownNameError
from eventstudy.kernels.ranges import (
    RANGE_KEYS,
    Bars,
    RangeKey,
    VarianceTest,
    log_bars,
    range_scale,
    range_variance,
)
from eventstudy.kernels.stats import Inapplicable
from eventstudy.results import TestResult, TestTable
from eventstudy.volatility.dated import AFTER, BEFORE, EventLike, check_apart, dates_of, id_of, position_of, stretch
from eventstudy.volatility.diurnal import (
    IN_THEIR_SCALE,
    Clock,
    Diurnal,
    clock_in,
    clock_of_stamps,
    diurnal_of,
)
from eventstudy.volatility.realized import placebo_rank

PRICES = ("open", "high", "low", "close")
#: Fewer days make no variance.
MIN_DAYS = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class RangeVolatility:
    """Variance per day from open, high, low and close, before and after an announcement.

    Attributes
    ----------
    instrument : str
    day0 : datetime64[D] or None
    before, after : dict
        Estimator (`parkinson`, `garman_klass`, `rogers_satchell`, `yang_zhang`, `close_close`) -> variance per day,
        squared fractions. Empty when `reason` says why.
    n_before, n_after : int
        Bars.
    flat : float
        Share of bars of both stretches on which the four prices are one.
    tests : TestTable
        One row an estimator: `estimate` is after over before, p the upper-tail rank among all windows of the same
        length in the stretch before.
    reason : str
        Why nothing is measured.
    diurnal : Diurnal or None
        The pattern of the day that was taken out of intraday bars, by Yang and Zhang's estimator; each other one has a
        scale of its own. None for one bar a day, or bars taken as they are.
    """

    instrument: str
    day0: np.datetime64 | None
    before: dict[RangeKey, float]
    after: dict[RangeKey, float]
    n_before: int
    n_after: int
    flat: float
    tests: TestTable
    reason: str = ""
    diurnal: Diurnal | None = None

    def to_frame(self) -> pd.DataFrame:
        """One row an estimator: before, after (variance per day), ratio, p."""
        rows = [
            [self.before.get(key, math.nan), self.after.get(key, math.nan), test.estimate, test.pvalue]
            for key, test in zip(RANGE_KEYS, self.tests, strict=True)
        ]
        return pd.DataFrame(rows, columns=["before", "after", "ratio", "p"], index=list(RANGE_KEYS)).rename_axis(
            "estimator"
        )


def range_volatility(
    prices: PriceTable | pd.DataFrame,
    instrument: str = "",
    *,
    event: EventLike,
    before: Offsets = BEFORE,
    after: Offsets = AFTER,
    diurnal: bool = True,
) -> RangeVolatility:
    """Range-based variance before and after an announcement.

    Parameters
    ----------
    prices : PriceTable or DataFrame
        A table that kept the bars of its files, or a frame with open, high, low, close by ascending date.
    instrument : str
        Whose bars; may be left out for a frame.
    event : Event, str, date or datetime64
        An `Event` or a catalogue id finds day 0 by the instrument's price stamp, which the table or the instrument's
        name tells; a date is, or precedes, day 0.
    before, after : (int, int)
        Bars relative to day 0, both ends included.
    diurnal : bool
        Of intraday bars each is divided, on the log scale and for each estimator by itself, by the root of what the
        estimator finds for bars of its clock time over the mean of all, both up to the end of `before`, as in
        `variance_change`. Variances then are of a bar of mean scale. False: bars as they are.

    Returns
    -------
    RangeVolatility
        With a reason instead of numbers where bars are missing, out of order (a high below another price), or flat: a
        market that hardly trades has ranges of zero, which say nothing about its variance.

    Raises
    ------
    UnknownNameError
        When the instrument is not in the table.
    InputError
        When a frame lacks a price or its dates do not ascend, or the windows overlap.

    Notes
    -----
    Bars are taken as the file has them: a split or a dividend inside a stretch counts as a move overnight.
    """
    check_apart(before, after)
    bars = _bars(prices, instrument)
    if isinstance(bars, Inapplicable):
        return refused_ranges(instrument, id_of(event), None, after, bars.reason)
    found = _series(prices, instrument, bars.dropna(), event, before[1], diurnal=diurnal)
    cuts = [stretch(len(found.rows), found.day0, w, name) for w, name in ((before, "before"), (after, "after"))]
    wrong = next((c.reason for c in cuts if isinstance(c, Inapplicable)), "")
    here = found.days[found.day0] if found.day0 < found.days.size else None
    if found.reason or wrong:
        return refused_ranges(instrument, id_of(event), here, after, found.reason or wrong)
    first, second = (c for c in cuts if isinstance(c, slice))
    measured = _measure(found, first, second)
    if isinstance(measured, Inapplicable):
        return refused_ranges(instrument, id_of(event), here, after, measured.reason)
    earlier, later, tests, flat = measured
    base = TestResult(
        event=id_of(event), instrument=instrument or None, window=after, statistic="", unit="ratio",
        n_pairs=1, n_dates=1, alternative="greater",
    )  # fmt: skip
    law = IN_THEIR_SCALE if found.diurnal is not None else ""
    return RangeVolatility(
        instrument=instrument, day0=here, before=earlier, after=later, n_before=first.stop - first.start,
        n_after=second.stop - second.start, flat=flat, diurnal=found.diurnal,
        tests=TestTable(
            _row(replace(base, statistic=key), earlier[key], later[key], test, law) for key, test in tests.items()
        ),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class _Series:
    """Bars with their logarithms, dates and day 0, and of intraday bars the scale of each by every estimator."""

    rows: pd.DataFrame
    logs: Bars
    days: DateArray
    day0: int
    scales: dict[RangeKey, FloatArray] = field(default_factory=dict)
    diurnal: Diurnal | None = None
    reason: str = ""

    def bars(self, key: RangeKey) -> Bars:
        """Logarithms of the bars as an estimator takes them."""
        return self.logs.over(self.scales[key]) if self.scales else self.logs


def _series(
    prices: PriceTable | pd.DataFrame, instrument: str, rows: pd.DataFrame, event: EventLike, last: int, *,
    diurnal: bool,
) -> _Series:  # fmt: skip
    """Bars as they are, or of intraday ones without the pattern of the day of those up to bar `last`."""
    table = prices if isinstance(prices, PriceTable) else None
    stamps = pd.DatetimeIndex(rows.index)
    clock: Clock | None
    if table is not None and table.minutes is not None:
        days = stamps.to_numpy().astype(BARS)
        clock = clock_in(days, table.instruments[instrument].tz)
    else:
        days, clock = dates_of(stamps), clock_of_stamps(stamps)
    whose = (table.instruments if table is not None else instruments()).get(instrument)
    day0 = position_of(days, event, whose)
    # Prices at or below zero outside the stretches are nobody's concern; inside they are refused.
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = log_bars(rows.to_numpy(dtype=np.float64))
    plain = _Series(rows=rows, logs=logs, days=days, day0=day0)
    if clock is None or not diurnal:
        return plain
    before = np.isfinite(logs.overnight) & np.isfinite(logs.whole + logs.up + logs.down)
    before &= np.arange(len(rows)) <= day0 + last
    scales = {key: range_scale(logs, clock.kind, before, key) for key in RANGE_KEYS}
    known = np.isfinite(np.sum(list(scales.values()), axis=0))
    found = diurnal_of(np.where(known, scales["yang_zhang"], np.nan), clock, before, before=True)
    if isinstance(found, Inapplicable):
        return replace(plain, reason=found.reason)
    return _Series(
        rows=rows[known], days=days[known], day0=position_of(days[known], event, whose), logs=logs.take(known),
        scales={key: scale[known] for key, scale in scales.items()}, diurnal=found.at(known),
    )  # fmt: skip


def _bars(prices: PriceTable | pd.DataFrame, instrument: str) -> pd.DataFrame | Inapplicable:
    """Open, high, low, close by date."""
    if isinstance(prices, PriceTable):
        if instrument not in prices:
            raise UnknownNameError("instrument", instrument, prices.ids)
        bars = prices.bars.get(instrument)
        if bars is None or not set(PRICES) <= set(bars.columns):
            return Inapplicable(f"the source of {instrument} has no open, high, low and close: only closes are there")
        return bars[list(PRICES)].sort_index()
    columns = {str(c).lower(): c for c in prices.columns}
    if not set(PRICES) <= set(columns):
        raise InputError(f"columns {list(prices.columns)}: open, high, low and close are needed")
    if not isinstance(prices.index, pd.DatetimeIndex) or not prices.index.is_monotonic_increasing:
        raise InputError("bars must be indexed by ascending dates")
    chosen = prices[[columns[p] for p in PRICES]].astype(np.float64)
    return chosen.set_axis(list(PRICES), axis=1)


Measured = tuple[dict[RangeKey, float], dict[RangeKey, float], dict[RangeKey, VarianceTest | Inapplicable], float]


def _measure(found: _Series, first: slice, second: slice) -> Measured | Inapplicable:
    """Variances of both stretches by every estimator, the placebo ranks, the share of flat bars."""
    rows = found.rows
    used = pd.concat([rows.iloc[first], rows.iloc[second]])
    refused = _unusable(rows, first, second)
    if refused is not None:
        return refused
    earlier: dict[RangeKey, float] = {}
    later: dict[RangeKey, float] = {}
    tests: dict[RangeKey, VarianceTest | Inapplicable] = {}
    for key in RANGE_KEYS:
        bars = found.bars(key)
        before, after = bars.cut(first.start, first.stop), bars.cut(second.start, second.stop)
        placebo = before.windows(after.up.size) if after.up.size <= before.up.size else None
        earlier[key], later[key] = float(range_variance(before, key)), float(range_variance(after, key))
        tests[key] = placebo_rank(later[key], _placebo_values(placebo, key))
    return earlier, later, tests, float(flat_rows(used).mean())


def _placebo_values(placebo: Bars | None, key: RangeKey) -> FloatArray:
    return np.empty(0) if placebo is None else range_variance(placebo, key)


def _row(base: TestResult, before: float, after: float, found: VarianceTest | Inapplicable, law: str) -> TestResult:
    if not before > 0.0:
        return replace(base, reason="the variance before is not above zero: there is no ratio")
    if isinstance(found, Inapplicable):
        return replace(base, estimate=after / before, reason=found.reason)
    return replace(
        base, estimate=after / before, value=found.value, pvalue=found.pvalue, smallest_p=found.smallest_p,
        distribution=found.law + law,
    )  # fmt: skip


def _unusable(rows: pd.DataFrame, first: slice, second: slice) -> Inapplicable | None:
    """Why these bars cannot be measured; None when they can."""
    for cut, words in ((first, "before"), (second, "after")):
        part = rows.iloc[cut]
        if len(part) < MIN_DAYS:
            return Inapplicable(f"{len(part)} bars {words}: a variance needs at least {MIN_DAYS}")
        if (part <= 0.0).to_numpy().any():
            return Inapplicable(f"a price {words} is zero or below: logarithms do not exist")
        flat = flat_rows(part)
        if flat.mean() > BAR_SHARE:
            return Inapplicable(
                f"open, high, low and close are one price on {flat.sum()} of {flat.size} bars {words}: hardly traded, "
                "its ranges say nothing about variance"
            )
        slack = ROUNDING * part["close"]
        bad = (part["high"] < part.max(axis=1) - slack) | (part["low"] > part.min(axis=1) + slack)
        if bad.any():
            return Inapplicable(
                f"the bar of {part.index[bad.to_numpy()][0]:%Y-%m-%d} has a high below, or a low above, another price"
            )
    if first.start == 0:
        return Inapplicable("the first bar before has no close before it; begin one session later")
    return None


def refused_ranges(
    instrument: str, event: str | None, day0: np.datetime64 | None, window: Offsets, reason: str
) -> RangeVolatility:
    """Bars that cannot be measured, and why."""
    base = TestResult(event=event, instrument=instrument or None, window=window, statistic="", unit="ratio")
    return RangeVolatility(
        instrument=instrument, day0=day0, before={}, after={}, n_before=0, n_after=0, flat=math.nan,
        tests=TestTable(replace(base, statistic=key, reason=reason) for key in RANGE_KEYS), reason=reason,
    )  # fmt: skip
