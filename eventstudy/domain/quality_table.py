"""Every check over a whole table: each series alone, against its bars, its exchange's calendar and its peers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from eventstudy._typing import DateArray
from eventstudy.domain.instruments import Instrument
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.quality import Flag, check_series
from eventstudy.domain.quality_bars import check_bars
from eventstudy.domain.quality_halts import halt_mask, price_limits, suspensions
from eventstudy.domain.quality_intraday import bar_flags, daily_closes
from eventstudy.domain.quality_jumps import (
    Moves,
    bad_ticks,
    moves_of,
    scale_stretches,
    siblings,
    splices,
    splits,
    unit_stretches,
)
from eventstudy.domain.quality_sources import compare_sources
from eventstudy.domain.sessions import Sessions, check_sessions, exchange_sessions, peer_sessions

#: Two prices of one good, compared when a table holds both: the first is judged.
SAME_GOOD = (
    ("ALI=F", "LME-3M"), ("ALI=F", "PALUMUSDM"), ("PALUMUSDM", "LME-CASH"), ("SHFE.AL", "LME-3M"),
    ("WB-ALUMINUM", "LME-CASH"), ("WB-ALUMINUM", "PALUMUSDM"),
)  # fmt: skip
#: Findings that spoil single returns; a frozen run is judged by the study itself.
BREAKS = ("split", "roll_or_splice", "suspension", "unit_mismatch")
#: Exchanges whose daily prices are chains of contracts.
CHAINS = ("COMEX", "SHFE", "CME")
#: Series of one file that repeat on one day because the row is a copy.
COPIED_ROW = 5


def check_table(table: PriceTable, *, calendars: bool = True) -> tuple[Flag, ...]:
    """All findings about a table, by instrument and date; nothing is repaired.

    Takes a second or so, mostly for the exchanges' calendars; `PriceTable.flags` holds the cheap part.

    Parameters
    ----------
    table : PriceTable
        Peers (other tenors, other prices of the same good) are looked for among its columns.
    calendars : bool
        False leaves out what only a calendar can tell: missing sessions, rows on days without one.

    Returns
    -------
    tuple of Flag
        `PriceTable.flags` included; each finding once. Intraday bars are checked one by one, and for splits, units,
        joints and suspensions by the last bar of each day.
    """
    if table.minutes is not None:
        steps = [f for f in check_table(daily_closes(table), calendars=False) if f.kind in BREAKS]
        return in_order((*table.flags, *bar_flags(table), *steps))
    found = list(table.flags)
    own = {name: table.frame[name].dropna() for name in table.ids}
    moves = {
        name: moves_of(name, levels)
        for name, levels in own.items()
        if table.instruments[name].change in ("log", "simple") and _is_daily(levels)
    }
    other = siblings({n: (table.instruments[n].exchange, table.instruments[n].role) for n in moves})
    last_year = int(table.frame.index[-1].year)
    for name, levels in own.items():
        one = table.instruments[name]
        found += check_series(name, levels, is_level=one.change != "as_is")
        if name in table.bars:
            found += check_bars(name, table.bars[name], has_volume=one.role != "fx")
        sessions = _sessions(table, name, own, last_year) if calendars else None
        if calendars:
            found += check_sessions(name, levels, sessions, [f for f in found if f.instrument == name])
        if name in moves:
            found += _moving(one, moves, other.get(name), sessions, table.bars.get(name))
        elif one.change == "as_is":
            found += scale_stretches(name, levels)
    found += _copied_rows(table)
    for a, b in SAME_GOOD:
        if a in own and b in own and _comparable(table, a, b):
            found += compare_sources(own[a], own[b])
    return in_order(found)


def _sessions(table: PriceTable, name: str, own: Mapping[str, pd.Series], last_year: int) -> Sessions | None:
    """Days on which a series should have a price: its exchange's calendar, else what its peers did."""
    exchange = table.instruments[name].exchange
    found = exchange_sessions(exchange, last_year)
    if found is not None:
        return found
    peers = {n: own[n] for n in table.ids if table.instruments[n].exchange == exchange and _is_daily(own[n])}
    return peer_sessions(name, peers)


def _is_daily(levels: pd.Series) -> bool:
    return len(levels) > 2 and _spacing(levels) <= 4


def compare_tables(table: PriceTable, against: PriceTable) -> tuple[Flag, ...]:
    """Findings of `table` against another source of the same instruments.

    Series are matched by id; where the other table holds a single series, everything is compared with it.
    """
    found: list[Flag] = []
    for name in table.ids:
        theirs = name if name in against else against.ids[0] if len(against.ids) == 1 else None
        if theirs is None or not (_has_logs(table.instruments[name]) and _has_logs(against.instruments[theirs])):
            continue
        label = f"{theirs} of the other source" if theirs == name else theirs
        found += compare_sources(table.frame[name].dropna(), against.frame[theirs].dropna().rename(label))
    return in_order(found)


def broken_rows(flags: Iterable[Flag], name: str, dates: DateArray) -> list[tuple[int, Flag]]:
    """Rows of a series whose return is no return, because of what was found about `name`.

    Parameters
    ----------
    flags : iterable of Flag
        Those of severity ``refuse`` count: an unadjusted split, the step out of a dead feed, a suspension and the first
        price after it, the steps into and out of another unit.
    name : str
        Instrument or benchmark that the flags must be about.
    dates : ndarray of datetime64[D], shape (n,)
        Ascending; several rows of one date are bars, and all bars of a date concerned count.
    """
    found: list[tuple[int, Flag]] = []
    for flag in flags:
        if flag.instrument != name or flag.severity != "refuse" or flag.kind not in BREAKS:
            continue
        first = int(np.searchsorted(dates, np.datetime64(flag.start)))
        after = int(np.searchsorted(dates, np.datetime64(flag.end), side="right"))
        if flag.kind == "unit_mismatch":
            rows = np.flatnonzero(np.isin(dates, [*dates[first : first + 1], *dates[after : after + 1]])).tolist()
        else:
            rows = list(range(first, after + (flag.kind == "suspension")))
        found += [(row, flag) for row in rows if 0 < row < dates.size]
    return found


def in_order(flags: Iterable[Flag]) -> tuple[Flag, ...]:
    """Each finding once, by instrument, first date and kind."""
    return tuple(sorted(dict.fromkeys(flags), key=lambda f: (f.instrument, f.start, f.kind, f.end)))


def _moving(
    one: Instrument,
    moves: Mapping[str, Moves],
    sibling: str | None,
    sessions: Sessions | None,
    bars: pd.DataFrame | None,
) -> list[Flag]:
    """Findings about the steps of one series."""
    own = moves[one.id]
    other = moves[sibling] if sibling else None
    reference = next((moves[b] for a, b in SAME_GOOD if a == one.id and b in moves), None)
    units = unit_stretches(own)
    odd, halted = {f.start for f in units}, halt_mask(own)
    joints = splices(own, futures=one.exchange in CHAINS, reference=reference, bars=bars, halted=halted)
    flags = [
        *(f for f in splits(own, bars) if f.start not in {joint.start for joint in joints}),
        *joints,
        *bad_ticks(own, sibling=other, halted=halted),
    ]
    return [
        *units,
        *(f for f in flags if f.start not in odd),
        *suspensions(own, sibling=other, sessions=sessions.days if sessions else None),
        *price_limits(own, bars),
    ]


def _copied_rows(table: PriceTable) -> list[Flag]:
    """Rows on which every series of a file repeats its value: a copy of the row before."""
    flags = []
    for origin in table.origins:
        names = [i for i in origin.ids if i in table and _has_logs(table.instruments[i])]
        if len(names) < COPIED_ROW:
            continue
        frame = table.frame[names].dropna(how="all")
        levels = frame.to_numpy(dtype=np.float64)
        same = (levels[1:] == levels[:-1]).sum(axis=1)
        known = (np.isfinite(levels[1:]) & np.isfinite(levels[:-1])).sum(axis=1)
        for row in np.flatnonzero((same == known) & (known >= COPIED_ROW)).tolist():
            before, day = frame.index[row].date(), frame.index[row + 1].date()
            flags += [
                Flag(
                    instrument=name, kind="forward_fill", severity="info", start=before, end=day, n=1,
                    evidence=f"all {known[row]} series of {origin.name} have the same values on {before} and {day}",
                    meaning="one of the two rows is a copy: a return of zero that nobody could trade",
                )
                for name in names
                if np.isfinite(levels[row, names.index(name)])
            ]  # fmt: skip
    return flags


def _has_logs(one: Instrument) -> bool:
    return one.change in ("log", "simple")


def _comparable(table: PriceTable, a: str, b: str) -> bool:
    first, second = table.instruments[a], table.instruments[b]
    return _has_logs(first) and _has_logs(second) and first.unit == second.unit


def _spacing(levels: pd.Series) -> int:
    gaps = np.diff(levels.index.to_numpy().astype("datetime64[D]")).astype(np.int64)
    return int(np.median(gaps))
