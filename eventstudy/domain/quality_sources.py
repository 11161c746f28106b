"""Two sources of one price: where their levels part, their returns do not belong together, or their units differ."""

from __future__ import annotations

import numpy as np
import pandas as pd

from eventstudy._typing import BoolArray, FloatArray
from eventstudy.domain.quality import Flag, FlagKind, Severity
from eventstudy.domain.quality_jumps import UNITS
from eventstudy.domain.sessions import runs
from eventstudy.errors import InputError

#: Rows over which returns of one good must belong together, and the least correlation (best of one row of lag).
TOGETHER_ROWS, TOGETHER_LEAST = 60, 0.2
#: Gap between levels, as a log, that basis and clock time do not make: daily prices, means of a month.
DAILY_GAP, MONTHLY_GAP = 0.10, 0.05
#: Single days: robust standard deviations of the difference of returns, and the least difference.
DAY_HUGE, DAY_LEAST = 8.0, 0.03
#: Rows in a row that make a stretch, and rows between two that are one.
STRETCH, BRIDGE = 5, 10
#: Days of a month that make a mean comparable.
MONTH_DAYS = 15
_MEANING = "the two cannot both be right: a result holds for one source only until you know which"


def compare_sources(a: pd.Series, b: pd.Series) -> list[Flag]:
    """Flags of `a` where another source `b` of the same price says otherwise.

    Parameters
    ----------
    a, b : Series
        Positive levels by date, named after their instruments; NaN is skipped. Daily against daily compares
        returns and levels on common dates; where one is monthly, the other's mean of the month is compared.

    Returns
    -------
    list of Flag
        Kinds ``unit_mismatch`` (the usual ratio of the levels is that of two units) and ``source_disagreement``.

    Raises
    ------
    InputError
        When a level is zero or below.

    Examples
    --------
    >>> days = pd.bdate_range("2024-01-01", periods=80)
    >>> a = pd.Series(2200.0 + np.arange(80.0), index=days, name="LME-3M")
    >>> compare_sources(a, a.rename("other"))
    []
    >>> [f.kind for f in compare_sources(a, (a / 2204.62).rename("per pound"))]
    ['unit_mismatch']
    """
    for one in (a, b):
        if (one <= 0.0).any():
            raise InputError(f"{one.name}: sources are compared by log levels, which need values above zero")
    a, b = a.dropna(), b.dropna()
    monthly = _spacing(a) > 14 or _spacing(b) > 14
    pair = _months(a, b) if monthly else pd.concat([a, b], axis=1, join="inner", keys=("a", "b"))
    if len(pair) < 2:
        return []
    logs = np.log(pair.to_numpy(dtype=np.float64))
    gap = logs[:, 0] - logs[:, 1]
    usual = float(np.median(gap))
    flags = _units(a, b, pair, usual)
    flags += _levels(a, b, pair, gap - usual, MONTHLY_GAP if monthly else DAILY_GAP, monthly)
    return flags if monthly else flags + _returns(a, b, pair, np.diff(logs, axis=0))


def _spacing(series: pd.Series) -> int:
    gaps = np.diff(series.index.to_numpy().astype("datetime64[D]")).astype(np.int64)
    return int(np.median(gaps)) if gaps.size else 0


def _months(a: pd.Series, b: pd.Series) -> pd.DataFrame:
    """Means of common months, dated by the month's last day; a daily series needs `MONTH_DAYS` days of a month."""
    columns = []
    for one in (a, b):
        by_month = one.groupby(pd.DatetimeIndex(one.index).to_period("M"))
        least = 1 if _spacing(one) > 14 else MONTH_DAYS
        columns.append(by_month.mean()[by_month.size() >= least])
    pair = pd.concat(columns, axis=1, join="inner", keys=("a", "b"))
    pair.index = pd.PeriodIndex(pair.index).to_timestamp(how="end").normalize()
    return pair


def _units(a: pd.Series, b: pd.Series, pair: pd.DataFrame, usual: float) -> list[Flag]:
    for words, factor in UNITS.items():
        if abs(abs(usual) - np.log(factor)) < 0.15:
            text = f"the usual ratio to {b.name} is {np.exp(usual):.4g}, a factor of {words}"
            return [
                _flag(
                    a, "unit_mismatch", "refuse", pair.index, (0, len(pair) - 1), text,
                    "one of the two is not in the unit it claims",
                )
            ]  # fmt: skip
    return []


def _levels(a: pd.Series, b: pd.Series, pair: pd.DataFrame, gap: FloatArray, limit: float, monthly: bool) -> list[Flag]:
    flags = []
    for first, last in _stretches(np.abs(gap) > limit, 1 if monthly else STRETCH, 1 if monthly else BRIDGE):
        worst = gap[first : last + 1][np.argmax(np.abs(gap[first : last + 1]))]
        what = "mean of the month" if monthly else "level"
        text = f"the {what} is up to {np.expm1(worst):+.1%} off {b.name}, against the usual ratio"
        flags.append(_flag(a, "source_disagreement", "warn", pair.index, (first, last), text, _MEANING))
    return flags


def _returns(a: pd.Series, b: pd.Series, pair: pd.DataFrame, steps: FloatArray) -> list[Flag]:
    """Stretches in which the returns have nothing in common, and single days beyond their usual difference."""
    ours, theirs = pd.Series(steps[:, 0]), pd.Series(steps[:, 1])
    days = pd.DatetimeIndex(pair.index)[1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        by_lag = [
            ours.rolling(TOGETHER_ROWS).corr(theirs.shift(lag)).replace([np.inf, -np.inf], np.nan) for lag in (-1, 0, 1)
        ]
    best = pd.concat(by_lag, axis=1).max(axis=1)
    still = (ours.rolling(TOGETHER_ROWS).std() == 0.0) | (theirs.rolling(TOGETHER_ROWS).std() == 0.0)
    ends = ((best < TOGETHER_LEAST) | still).to_numpy()
    apart = np.zeros(ends.size, dtype=bool)
    for first, last in runs(ends):
        apart[max(0, first - TOGETHER_ROWS + 1) : last + 1] = True
    flags = []
    for first, last in _stretches(apart, STRETCH, BRIDGE):
        text = f"returns have nothing in common with {b.name}: correlation below {TOGETHER_LEAST} in every "
        text += f"{TOGETHER_ROWS} sessions"
        flags.append(_flag(a, "source_disagreement", "warn", days, (first, last), text, _MEANING))
    off = (ours - theirs).to_numpy()
    scale = float(np.median(np.abs(off))) / 0.6745
    for row in np.flatnonzero((np.abs(off) > max(DAY_HUGE * scale, DAY_LEAST)) & ~apart).tolist():
        text = f"{ours[row]:+.1%} where {b.name} has {theirs[row]:+.1%}"
        flags.append(_flag(a, "source_disagreement", "warn", days, (row, row), text, _MEANING))
    return flags


def _stretches(mask: BoolArray, least: int, bridge: int) -> list[tuple[int, int]]:
    """Runs of True of at least `least` rows; those at most `bridge` rows apart are one."""
    joined: list[tuple[int, int]] = []
    for first, last in runs(mask):
        if last - first + 1 < least:
            continue
        if joined and first - joined[-1][1] <= bridge:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def _flag(
    a: pd.Series, kind: FlagKind, severity: Severity, days: pd.Index, rows: tuple[int, int], text: str, meaning: str
) -> Flag:
    first, last = rows
    return Flag(
        instrument=str(a.name), kind=kind, severity=severity, start=days[first].date(), end=days[last].date(),
        n=last - first + 1, evidence=text, meaning=meaning,
    )  # fmt: skip
