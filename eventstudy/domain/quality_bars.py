"""What the bars say about a price: days without trade, days with one price, impossible highs and lows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from eventstudy._typing import BoolArray
from eventstudy.domain.quality import Flag, FlagKind, Severity, runs_of_equal

#: Share of rows from which a fault of bars is a trait of the series.
BAR_SHARE = 0.05
#: A share of fewer rows than this says nothing.
LEAST_ROWS = 20
#: Rows in a row without volume that are no accident.
LONG_QUIET = 5
#: Highs and lows may miss the other prices by rounding: one hundredth of a percent.
ROUNDING = 1e-4
LISTED = 12


def check_bars(name: str, bars: pd.DataFrame, *, has_volume: bool = True) -> list[Flag]:
    """Flags of one instrument's bars: zero_volume, flat_bars, ohlc_violation.

    Parameters
    ----------
    bars : DataFrame
        Some of open, high, low, close, volume by date; NaN is skipped.
    has_volume : bool
        False where volume means nothing, as with exchange rates.
    """
    rows = bars.sort_index()
    flags = _zero_volume(name, rows["volume"].dropna()) if has_volume and "volume" in rows else []
    if {"open", "high", "low", "close"} <= set(rows.columns):
        prices = rows[["open", "high", "low", "close"]].dropna()
        flags += _flat(name, prices) + _violations(name, prices)
    return flags


def flat_rows(bars: pd.DataFrame) -> BoolArray:
    """Rows on which open, high, low and close are one price, shape (n,)."""
    prices = bars[["open", "high", "low", "close"]].to_numpy(dtype=np.float64)
    return np.asarray((prices == prices[:, :1]).all(axis=1))


def _zero_volume(name: str, volume: pd.Series) -> list[Flag]:
    zero = (volume == 0.0).to_numpy()
    if not zero.any():
        return []
    where = pd.DatetimeIndex(volume.index)[zero]
    run, start = _longest(zero)
    share = zero.mean()
    longest = f"; the longest run is {run} rows from {volume.index[start]:%Y-%m-%d}" if run > 1 else ""
    grave = run >= LONG_QUIET or (share > BAR_SHARE and zero.size >= LEAST_ROWS)
    return [
        _flag(
            name, "zero_volume", "warn" if grave else "info", where,
            f"{zero.sum()} of {zero.size} rows ({share:.1%}) have no volume{longest}",
            "no trade stands behind these prices: settled by formula, or repeated",
        )
    ]  # fmt: skip


def _longest(mask: BoolArray) -> tuple[int, int]:
    """Length and first row of the longest run of True."""
    lengths = [(length, start) for start, length in runs_of_equal(mask.astype(np.float64)) if mask[start]]
    return max(lengths, key=lambda run: run[0])


def _flat(name: str, prices: pd.DataFrame) -> list[Flag]:
    flat = flat_rows(prices)
    if flat.size < LEAST_ROWS or flat.mean() <= BAR_SHARE:
        return []
    return [
        _flag(
            name, "flat_bars", "warn", pd.DatetimeIndex(prices.index)[flat],
            f"open, high, low and close are one price on {flat.sum()} of {flat.size} rows ({flat.mean():.0%})",
            "hardly traded: ranges are zero, range-based volatility means nothing, reactions may come late",
        )
    ]  # fmt: skip


def _violations(name: str, prices: pd.DataFrame) -> list[Flag]:
    """Highs below, or lows above, one of the other prices."""
    slack = ROUNDING * prices["close"].abs()
    below = prices["high"] < prices.max(axis=1) - slack
    above = prices["low"] > prices.min(axis=1) + slack
    bad = prices[below | above]
    meaning = "at least one of the four prices is wrong; ranges of the day cannot be used"
    if len(bad) > LISTED:
        text = f"{len(bad)} of {len(prices)} rows have a high below, or a low above, another price of the day"
        return [_flag(name, "ohlc_violation", "warn", pd.DatetimeIndex(bad.index), text, meaning)]
    return [
        _flag(
            name, "ohlc_violation", "warn", pd.DatetimeIndex([day]),
            f"open {row.open:g}, high {row.high:g}, low {row.low:g}, close {row.close:g}", meaning,
        )
        for day, row in zip(bad.index, bad.itertuples(index=False), strict=True)
    ]  # fmt: skip


def _flag(name: str, kind: FlagKind, severity: Severity, days: pd.DatetimeIndex, evidence: str, meaning: str) -> Flag:
    return Flag(
        instrument=name, kind=kind, severity=severity, start=days[0].date(), end=days[-1].date(), n=days.size,
        evidence=evidence, meaning=meaning,
    )  # fmt: skip
