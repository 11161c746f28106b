"""Jumps that are no news: bad ticks, splits, changed units, spliced contracts.

A step is judged against a robust scale: the median absolute step of the 251 rows around it over 0.6745 (the scale of
Iglewicz & Hoaglin 1993), which a crisis raises for true jumps and a single error cannot raise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from eventstudy._typing import BoolArray, DateArray, FloatArray
from eventstudy.domain.quality import Flag, FlagKind, Severity, frozen_stretches

#: Rows around a step that make its scale.
SCALE_ROWS = 251
#: Steps beyond this many robust standard deviations are huge.
HUGE = 8.0
#: Share of the step that must be undone, and stay undone. Of 78 steps beyond `HUGE` in real files the true ones
#: undid at most 75% (SPY, 1997-10-27); 70% would call two crashes of 1997 errors.
UNDONE = 0.8
#: A step against the other tenor must also be this large against the series' own scale.
OWN_HUGE = 4.0
#: Rows around an error that are farther apart than this, in days, are no neighbours.
NEIGHBOURS = 10
SPLITS = {"3:2": 1.5, "2:1": 2.0, "3:1": 3.0, "4:1": 4.0, "5:1": 5.0, "7:1": 7.0, "8:1": 8.0, "10:1": 10.0,
          "20:1": 20.0}  # fmt: skip
#: Without bars a step of 3:1 or more is a split for sure; a halving may be news (Rusal in Hong Kong, 2018-04-09).
SURE_SPLIT = float(np.log(3.0)) - 0.05
#: Market move that may hide in a split's day: little beside 3:2, which true falls come close to.
SPLIT_SLACK, SPLIT_SLACK_SMALL = 0.05, 0.03
UNITS = {"100 (cents, pence or percent)": 100.0, "1000": 1000.0, "2204.62 (pounds and tonnes)": 2204.62,
         "22.0462 (cents a pound and dollars a tonne)": 22.0462}  # fmt: skip
#: Market move that may hide in a change of unit: little at 22.0462, which a 20:1 split comes close to.
UNIT_SLACK, UNIT_SLACK_SMALL = 0.20, 0.05


@dataclass(frozen=True, kw_only=True, eq=False)
class Moves:
    """Log steps of a positive series, with their scale.

    Attributes
    ----------
    name : str
    days : ndarray of datetime64[D], shape (n,)
    log, step, scale : ndarray, shape (n,)
        Log level; step from the row before (0 on the first row); robust standard deviation around the row.
    """

    name: str
    days: DateArray
    log: FloatArray
    step: FloatArray
    scale: FloatArray

    def near(self, first: int, last: int) -> bool:
        """Whether the rows follow each other in time."""
        return bool((self.days[last] - self.days[first]).astype(np.int64) <= NEIGHBOURS)


def moves_of(name: str, levels: pd.Series) -> Moves:
    """Steps of a series without NaN, zero or negative values."""
    days = levels.index.to_numpy().astype("datetime64[D]")
    return _moves(name, days, np.log(levels.to_numpy(dtype=np.float64)))


def _moves(name: str, days: DateArray, log: FloatArray) -> Moves:
    step = np.concatenate(([0.0], np.diff(log)))
    size = np.abs(step)
    moving = size[size > 0.0]
    whole = float(np.median(moving)) if moving.size else np.inf
    around = pd.Series(size).rolling(SCALE_ROWS, center=True, min_periods=min(60, max(1, size.size // 2))).median()
    # Half the scale of the whole series is the least: a still stretch must not make every step huge.
    scale = np.fmax(around.to_numpy(dtype=np.float64), 0.5 * whole) / 0.6745
    return Moves(name=name, days=days, log=log, step=step, scale=scale)


def tick_rows(moves: Moves, least: FloatArray) -> list[tuple[int, int]]:
    """First and last row of every jump above `least` that is undone within two rows and stays undone."""
    log, found = moves.log, []
    for first in np.flatnonzero(np.abs(moves.step) > least).tolist():
        for last in (first, first + 1):
            if first == 0 or last + 1 >= log.size or not moves.near(first - 1, last + 1):
                continue
            out = moves.step[first]
            after = log[last + 1 : last + 3] - log[first - 1]
            same = abs(log[last] - log[first]) < (1.0 - UNDONE) * abs(out)
            if same and abs(after[0]) < (1.0 - UNDONE) * abs(out) and abs(after[-1]) < 0.5 * abs(out):
                found.append((first, last))
                break
    return [run for k, run in enumerate(found) if k == 0 or run[0] > found[k - 1][1] + 1]


def bad_ticks(moves: Moves, *, sibling: Moves | None = None, halted: BoolArray | None = None) -> list[Flag]:
    """Jumps that are undone within two rows.

    Parameters
    ----------
    sibling : Moves, optional
        The other tenor of the same good: a step that it does not share, undone, is an error of the leg that moved.
    halted : ndarray, shape (n,), optional
        Rows of a suspension, whose prices undo nothing.
    """
    rows = dict.fromkeys(tick_rows(moves, HUGE * moves.scale), "")
    if sibling is not None:
        rows |= {run: words for run, words in _against(moves, sibling).items() if run not in rows}
    flags = []
    for (first, last), against in sorted(rows.items()):
        if halted is not None and halted[first : last + 2].any():
            continue
        out, back = moves.step[first], moves.step[last + 1]
        evidence = (
            f"{np.exp(moves.log[first]):g} between {np.exp(moves.log[first - 1]):g} and "
            f"{np.exp(moves.log[last + 1]):g}: {out:+.1%} ({abs(out) / moves.scale[first]:.1f} robust sd), "
            f"then {back:+.1%}{against}"
        )
        meaning = "two false returns of opposite sign; an event next to it would be measured on an error"
        flags.append(_flag(moves, "bad_tick", "warn", first, last, evidence, meaning))
    return flags


def _against(moves: Moves, sibling: Moves) -> dict[tuple[int, int], str]:
    """Ticks of the ratio to the sibling that are this series' own."""
    _, own, other = np.intersect1d(moves.days, sibling.days, return_indices=True)
    if own.size < 60:
        return {}
    ratio = _moves(moves.name, moves.days[own], moves.log[own] - sibling.log[other])
    found = {}
    for first, last in tick_rows(ratio, np.fmax(HUGE * ratio.scale, OWN_HUGE * moves.scale[own])):
        before, after = first - 1, last + 1
        turn = 2.0 * moves.log[own[first]] - moves.log[own[before]] - moves.log[own[after]]
        theirs = 2.0 * sibling.log[other[first]] - sibling.log[other[before]] - sibling.log[other[after]]
        if abs(turn) > abs(theirs):  # the leg that left and came back
            moved = sibling.log[other[first]] - sibling.log[other[before]]
            words = f"; {sibling.name} moved {moved:+.1%} to {np.exp(sibling.log[other[first]]):g}"
            found[int(own[first]), int(own[last])] = words
    return found


def splits(moves: Moves, bars: pd.DataFrame | None = None) -> list[Flag]:
    """Steps by a split's ratio, overnight, that stay.

    With bars the open must have the new level and the day's range must be usual: bad news of that size does not
    leave a quiet day.
    """
    flags = []
    ticks = {row for first, last in tick_rows(moves, HUGE * moves.scale) for row in (first, last + 1)}
    for row in np.flatnonzero(np.abs(moves.step) > np.log(1.5) - SPLIT_SLACK_SMALL).tolist():
        if row in ticks:
            continue
        step, scale = moves.step[row], moves.scale[row]
        words = next((w for w, k in SPLITS.items() if abs(abs(step) - np.log(k)) < _split_slack(k)), None)
        follow = moves.step[row + 1 : row + 3]
        if words is None or abs(step) < 6.0 * scale or (np.abs(follow) > OWN_HUGE * scale).any():
            continue
        if not moves.near(row - 1, row) or not _overnight(moves, bars, row, quiet=True):
            continue
        what = "split" if step < 0.0 else "reverse split"
        evidence = (
            f"{np.exp(moves.log[row - 1]):g} to {np.exp(moves.log[row]):g} overnight, the ratio of a {words} {what}"
        )
        meaning = "not adjusted: the return of that day is no return; take an adjusted series"
        severity: Severity = "refuse"
        if abs(step) < SURE_SPLIT and not _has_bars(moves, bars, row):
            severity = "warn"
            meaning += ". Without the day's high and low it may be news: see whether the day was quiet"
        flags.append(_flag(moves, "split", severity, row, row, evidence, meaning))
    return flags


def _split_slack(ratio: float) -> float:
    return SPLIT_SLACK if ratio >= 2.0 else SPLIT_SLACK_SMALL


def _has_bars(moves: Moves, bars: pd.DataFrame | None, row: int) -> bool:
    """Whether the four prices of a row and of the row before are there."""
    names = ["open", "high", "low", "close"]
    pair = [pd.Timestamp(moves.days[row - 1]), pd.Timestamp(moves.days[row])]
    if bars is None or not set(names) <= set(bars.columns) or any(day not in bars.index for day in pair):
        return False
    return bool(bars.loc[pair][names].notna().to_numpy().all())


def _overnight(moves: Moves, bars: pd.DataFrame | None, row: int, *, quiet: bool = False) -> bool:
    """Whether the step lies between close and open; True where no bars say otherwise."""
    if bars is None or not _has_bars(moves, bars, row):
        return True
    pair = [pd.Timestamp(moves.days[row - 1]), pd.Timestamp(moves.days[row])]
    before, now = bars.loc[pair[0]], bars.loc[pair[1]]
    gap = float(np.log(now["open"] / before["close"]))
    if abs(gap - moves.step[row]) > max(SPLIT_SLACK, 0.2 * abs(moves.step[row])):
        return False
    spread = float((bars["high"] / bars["low"]).median())
    return not quiet or float(np.log(now["high"] / now["low"])) <= 3.0 * np.log(spread)


def unit_stretches(moves: Moves) -> list[Flag]:
    """Stretches whose level is another unit's: entered, or entered and left, by a step of a known factor."""
    marks = {
        int(row): (words, float(np.sign(moves.step[row])))
        for row in np.flatnonzero(np.abs(moves.step) > np.log(20.0))
        for words, k in UNITS.items()
        if abs(abs(moves.step[row]) - np.log(k)) < (UNIT_SLACK if k >= 100.0 else UNIT_SLACK_SMALL)
    }
    rows, flags, size = sorted(marks), [], moves.log.size
    while rows:
        first = rows.pop(0)
        words, sign = marks[first]
        back = next((r for r in rows if marks[r] == (words, -sign)), None)
        if back is not None:
            rows = [r for r in rows if r > back]
            begin, end = first, back - 1
        else:
            begin, end = (first, size - 1) if size - first <= first else (0, first - 1)
        evidence = f"{np.exp(moves.log[first - 1]):g} to {np.exp(moves.log[first]):g} in one step, a factor of {words}"
        meaning = "two units in one series: the levels cannot be compared, the step is no return"
        flags.append(_flag(moves, "unit_mismatch", "refuse", begin, end, evidence, meaning))
    return flags


def scale_stretches(name: str, values: pd.Series) -> list[Flag]:
    """Stretches of a series of returns that are percent among fractions, or fractions among percent."""
    size = values.abs()
    local = size.rolling(21, center=True, min_periods=10).median().to_numpy(dtype=np.float64)
    usual = float(np.nanmedian(local[local > 0.0])) if (local > 0.0).any() else np.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = local / usual
    flags = []
    for words, odd in (("100 times larger", (ratio > 40.0) & (ratio < 250.0)),
                       ("100 times smaller", (ratio > 0.004) & (ratio < 0.025))):  # fmt: skip
        rows = np.flatnonzero(odd)
        if rows.size < 10:
            continue
        flags.append(
            Flag(
                instrument=name,
                kind="unit_mismatch",
                severity="refuse",
                start=values.index[rows[0]].date(),
                end=values.index[rows[-1]].date(),
                n=int(rows.size),
                evidence=f"the typical size of a return is some {words} than in the rest",
                meaning="percent and fractions in one series: effects are off by a hundred",
            )
        )
    return flags


def splices(
    moves: Moves,
    *,
    futures: bool,
    reference: Moves | None = None,
    bars: pd.DataFrame | None = None,
    halted: BoolArray | None = None,
) -> list[Flag]:
    """Steps from one contract or feed to the next: out of a frozen stretch, or overnight without the reference.

    Parameters
    ----------
    futures : bool
        Whether the series is a chain of contracts; without a reference a roll cannot be told from news.
    reference : Moves, optional
        Another price of the same good.
    halted : ndarray, shape (n,), optional
        Rows of a suspension: the first price after it is a price.
    """
    meaning = "the step joins two contracts or two states of a feed; it is no return of anything"
    flags: list[Flag] = []
    dead: set[int] = set()
    for first, last in frozen_stretches(moves.log):
        row = last + 1
        dead |= set(range(first, row + 1))
        if halted is not None and halted[first]:
            continue
        if row < moves.log.size and abs(moves.step[row]) > 5.0 * moves.scale[row]:
            text = f"{np.exp(moves.log[last]):g} to {np.exp(moves.log[row]):g} ({np.expm1(moves.step[row]):+.1%})"
            text += " on the first fresh price after a frozen stretch"
            flags.append(_flag(moves, "roll_or_splice", "refuse", row, row, text, meaning))
    if not futures or reference is None:
        return flags
    for row in np.flatnonzero(np.abs(moves.step) > 6.0 * moves.scale).tolist():
        step = moves.step[row]
        theirs = _reference_step(moves, reference, row)
        back = moves.step[row + 1] if row + 1 < moves.log.size else 0.0
        if row in dead or theirs is None or theirs * step > 0.25 * step**2 or back * step < -0.5 * step**2:
            continue
        if moves.near(row - 1, row) and _overnight(moves, bars, row):
            text = f"{np.expm1(step):+.1%} overnight ({abs(step) / moves.scale[row]:.1f} robust sd), while"
            text += f" {reference.name} moved {theirs:+.1%}"
            roll = "the step joins two contracts, or it is news about one place only: a tariff looks like this"
            flags.append(_flag(moves, "roll_or_splice", "warn", row, row, text, roll))
    return flags


def _reference_step(moves: Moves, reference: Moves, row: int) -> float | None:
    """Largest step of the reference, in the direction of ours, over the span of our step, a day of slack each way."""
    first, last = np.searchsorted(reference.days, moves.days[row - 1 : row + 1])
    if first == 0 or last + 1 >= reference.days.size or reference.days[last] > moves.days[row] + 3:
        return None
    sign = np.sign(moves.step[row])
    spans = [reference.log[j] - reference.log[i] for i in (first - 1, first) for j in (last, last + 1)]
    return float(max(spans, key=lambda s: s * sign))


def siblings(ids: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """The other tenor of each price: same exchange, same id but for its last part.

    Parameters
    ----------
    ids : mapping
        Instrument id -> (exchange, role).

    Examples
    --------
    >>> siblings({"LME-3M": ("LME", "price"), "LME-CASH": ("LME", "price"), "LME-STOCK": ("LME", "stocks")})
    {'LME-3M': 'LME-CASH', 'LME-CASH': 'LME-3M'}
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for name, (exchange, role) in ids.items():
        stem, dash, _ = name.rpartition("-")
        if role == "price" and exchange and dash:
            groups.setdefault((exchange, stem), []).append(name)
    return {a: b for pair in groups.values() if len(pair) == 2 for a, b in (pair, pair[::-1])}


def _flag(moves: Moves, kind: FlagKind, severity: Severity, first: int, last: int, evidence: str, meaning: str) -> Flag:
    return Flag(
        instrument=moves.name, kind=kind, severity=severity, start=moves.days[first].item(),
        end=moves.days[last].item(), n=last - first + 1, evidence=evidence, meaning=meaning,
    )  # fmt: skip
