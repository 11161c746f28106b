"""Markets that stood still: suspensions, and moves cut off by a price limit."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from eventstudy._typing import BoolArray, IntArray
from eventstudy.domain.quality import Flag, frozen_stretches, runs_of_equal
from eventstudy.domain.quality_bars import BAR_SHARE, flat_rows
from eventstudy.domain.quality_jumps import HUGE, Moves

#: Prices that repeat this often right after a huge move stand still because trading does.
HALT_REPEATS = 4
#: Further runs, this long and adjacent, belong to the same halt.
HALT_TAIL = 2
#: Sessions without a value, right after a huge move, that are a halt.
HALT_BLANK = 5
#: Equal largest moves that make a limit; of a continuous distribution three are never equal.
LIMIT_REPEATS = 3
LIMIT_SLACK = 0.0005
#: No exchange limits moves below this.
LIMIT_LEAST = 0.02

_MEANING = "the market was shut: no price, hence no reaction, can be read; as a control it is poison"


def halted_rows(moves: Moves) -> list[tuple[int, int]]:
    """First and last row of every run of repeats that begins with a huge move, adjacent runs included."""
    # A dead feed that is restamped is no halt: a stretch may begin with a huge move, not contain one.
    dead = {row for first, last in frozen_stretches(moves.log) for row in range(first + 1, last + 1)}
    found: list[tuple[int, int]] = []
    previous_end = -2
    for start, length in runs_of_equal(moves.log, min(HALT_REPEATS, HALT_TAIL) + 1):
        end = start + length - 1
        begins = length > HALT_REPEATS and abs(moves.step[start]) > HUGE * moves.scale[start]
        if begins and start not in dead:
            found.append((start, end))
            previous_end = end
        elif start == previous_end + 1 and length > HALT_TAIL:
            found[-1] = (found[-1][0], end)
            previous_end = end
    return found


def suspensions(moves: Moves, *, sibling: Moves | None = None, sessions: pd.DatetimeIndex | None = None) -> list[Flag]:
    """Halts: repeats after a huge move, or blanks while the sibling is halted or right after a huge move.

    Parameters
    ----------
    sibling : Moves, optional
        The other tenor of the same good.
    sessions : DatetimeIndex, optional
        Days on which the market, or its peers, traded; without them blanks are not judged.
    """
    flags = [
        _flag(
            moves.name, moves.days[i].item(), moves.days[j].item(), j - i + 1,
            f"{np.expm1(moves.step[i]):+.0%} and then {len(set(moves.log[i : j + 1].tolist()))} different prices on "
            f"{j - i + 1} sessions",
        )
        for i, j in halted_rows(moves)
    ]  # fmt: skip
    if sessions is None:
        return flags
    halts = [(sibling.days[i], sibling.days[j]) for i, j in halted_rows(sibling)] if sibling is not None else []
    open_days = sessions.to_numpy().astype("datetime64[D]")
    for row in np.flatnonzero(np.diff(moves.days).astype(np.int64) > HALT_BLANK).tolist():
        blank = open_days[(open_days > moves.days[row]) & (open_days < moves.days[row + 1])]
        if blank.size < HALT_BLANK:
            continue
        halted = any(a <= blank[-1] and blank[0] <= b for a, b in halts)
        if halted or abs(moves.step[row]) > HUGE * moves.scale[row]:
            why = f"while {sibling.name} stood still" if halted and sibling is not None else "right after a huge move"
            flags.append(
                _flag(
                    moves.name, blank[0].item(), blank[-1].item(), int(blank.size),
                    f"no price on {blank.size} sessions {why}",
                )
            )  # fmt: skip
    return flags


def halt_mask(moves: Moves) -> BoolArray:
    """Rows that `halted_rows` names, shape (n,)."""
    mask = np.zeros(moves.log.size, dtype=bool)
    for i, j in halted_rows(moves):
        mask[i : j + 1] = True
    return mask


def price_limits(moves: Moves, bars: pd.DataFrame | None = None) -> list[Flag]:
    """Moves cut off by the exchange's daily limit: the largest move repeated, or whole days at one far price."""
    simple = np.abs(np.expm1(moves.step))
    top = float(simple.max()) if simple.size else 0.0
    rows = np.flatnonzero(simple > top - LIMIT_SLACK)
    evidence = f"the largest move, {top:.2%}, occurs {rows.size} times"
    if rows.size < LIMIT_REPEATS or top < LIMIT_LEAST:
        rows = _locked(moves, bars)
        evidence = f"on {rows.size} days with large moves all trades were at one price"
    if rows.size < 2:
        return []
    return [
        Flag(
            instrument=moves.name,
            kind="price_limit",
            severity="warn",
            start=moves.days[rows[0]].item(),
            end=moves.days[rows[-1]].item(),
            n=int(rows.size),
            evidence=f"{evidence}: {', '.join(str(moves.days[r]) for r in rows[:4])}{', ...' if rows.size > 4 else ''}",
            meaning="the limit cuts the move off and carries it into the next sessions: day 0 is too small",
        )
    ]


def _locked(moves: Moves, bars: pd.DataFrame | None) -> IntArray:
    """Rows traded at one price all day after a move beyond two scales, in a series where such bars are rare."""
    empty = np.empty(0, dtype=np.int64)
    if bars is None or not {"open", "high", "low", "close", "volume"} <= set(bars.columns):
        return empty
    flat = flat_rows(bars)
    if flat.mean() > BAR_SHARE:
        return empty
    days = bars.index[flat & (bars["volume"].to_numpy(dtype=np.float64) > 0.0)].to_numpy().astype("datetime64[D]")
    return np.flatnonzero(np.isin(moves.days, days) & (np.abs(moves.step) > 2.0 * moves.scale))


def _flag(name: str, start: dt.date, end: dt.date, n: int, evidence: str) -> Flag:
    return Flag(
        instrument=name, kind="suspension", severity="refuse", start=start, end=end, n=n, evidence=evidence,
        meaning=_MEANING,
    )  # fmt: skip
