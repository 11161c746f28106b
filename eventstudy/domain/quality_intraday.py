"""What can be checked of intraday bars: each bar alone, splits and units from one day to the next, the nights between.

Exchange calendars, bad ticks and price limits are left out: a futures day begins on the evening before, and an hour's
scale says nothing about a night's move.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from eventstudy.domain.instruments import InstrumentTable
from eventstudy.domain.intraday import BARS, local_times, spans_night
from eventstudy.domain.prices import PriceTable, build_table, respond
from eventstudy.domain.quality import Flag
from eventstudy.domain.quality_bars import check_bars

#: Fewer nights than this have no variance worth printing.
LEAST_NIGHTS = 19


def bar_flags(table: PriceTable) -> list[Flag]:
    """Findings about single bars, and one about the nights between them for every instrument."""
    found: list[Flag] = []
    for name in table.ids:
        one = table.instruments[name]
        if name in table.bars:
            found += check_bars(name, table.bars[name], has_volume=one.role != "fx")
        found += _nights(table, name)
    return found


def daily_closes(table: PriceTable) -> PriceTable:
    """Last bar of every local day, with the day's open, high, low, close and volume, as a daily table."""
    columns, bars = {}, {}
    for name in table.ids:
        own = table.frame[name].dropna()
        columns[name] = own.groupby(_days(own.index, table.instruments[name].tz)).last()
        if name in table.bars:
            rows = table.bars[name]
            how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
            kept = {field: way for field, way in how.items() if field in rows}
            bars[name] = rows.groupby(_days(rows.index, table.instruments[name].tz)).agg(kept)
    daily = build_table(
        pd.DataFrame(columns), InstrumentTable(replace(one, first_valid=None) for one in table.instruments.values()),
        origins=(), bars=bars,
    )  # fmt: skip
    return replace(daily, flags=())


def apart_words(prices: PriceTable, instrument: str, factors: tuple[str, ...]) -> str:
    """Words on bars that close when a benchmark has no price; empty where every close has one."""
    own = prices.frame[prices.frame[instrument].notna()]
    alone = own[list(factors)].isna().any(axis=1)
    if not alone.any():
        return ""
    clocks = local_times(own.index[alone].to_numpy().astype(BARS), prices.instruments[instrument].tz)
    usual = pd.DatetimeIndex(clocks).strftime("%H:%M").value_counts().index[0]
    return (
        f"; {int(alone.sum())} of {len(own)} closes of {instrument} have no price of {' and '.join(factors)} at that "
        f"instant, most often at {usual} {prices.instruments[instrument].tz}: bars of both must close together"
    )


def _days(index: pd.Index, zone: str) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(local_times(index.to_numpy().astype("datetime64[s]"), zone)).normalize()


def _nights(table: PriceTable, name: str) -> list[Flag]:
    """How many responses span a night or a weekend, and how much more they vary."""
    own = table.frame[name].dropna()
    if len(own) < 2:
        return []
    closes = own.index.to_numpy().astype("datetime64[s]")
    night = spans_night(closes)[1:]
    if not night.any():
        return []
    levels = own.to_numpy(dtype=np.float64)
    moves = respond(levels[1:], levels[:-1], table.instruments[name].change) ** 2
    evidence = f"{int(night.sum())} of {night.size} bars of {table.minutes} minutes span a night, a weekend or a break"
    if night.sum() >= LEAST_NIGHTS and moves[~night].mean() > 0.0:
        evidence += f"; their mean square is {moves[night].mean() / moves[~night].mean():.2g} times that of the others"
    return [
        Flag(
            instrument=name, kind="intraday_bars", severity="info", start=own.index[0].date(),
            end=own.index[-1].date(), n=int(night.sum()), evidence=evidence,
            meaning="ranks compare bars of one clock time, forecasts of variance divide by it, other tests refuse",
        )
    ]  # fmt: skip
