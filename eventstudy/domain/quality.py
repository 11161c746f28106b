"""What is wrong with a price series, said with dates and evidence; nothing is repaired."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from eventstudy._typing import BoolArray, DateArray, FloatArray

FlagKind = Literal[
    "frozen_run", "zero_returns", "zero_volume", "flat_bars", "ohlc_violation", "missing", "hole", "non_session_day",
    "forward_fill", "bad_tick", "split", "roll_or_splice", "suspension", "price_limit", "identity_change",
    "unit_mismatch", "source_disagreement", "intraday_bars",
]  # fmt: skip
Severity = Literal["info", "warn", "refuse"]

#: A level that repeats this often in a row is a feed that stopped; a share with ticks of an eighth repeats 3-5 times.
FROZEN_SESSIONS = 10
FROZEN_BREAK = 5
#: Longest closure of a market in our data is 12 days (Shanghai, new year).
HOLE_DAYS = 14
ZERO_SHARE_WARN = 0.20
#: A thin market's bars repeat honestly within a day: frozen bars also stand still from one day to the next.
FROZEN_SPAN = np.timedelta64(24, "h")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One finding about one series.

    Attributes
    ----------
    instrument : str
    kind : str
        One of `FlagKind`.
    severity : {"info", "warn", "refuse"}
        ``refuse``: a study whose window touches these dates gives no effect.
    start, end : date
        First and last date concerned; of intraday bars the dates of their closes in UTC.
    n : int
        Rows concerned.
    evidence, meaning : str
        What was seen, and what it does to a study.
    """

    instrument: str
    kind: FlagKind
    severity: Severity
    start: dt.date
    end: dt.date
    n: int
    evidence: str
    meaning: str = ""

    def touches(self, first: dt.date, last: dt.date) -> bool:
        """Whether the flag's dates meet ``[first, last]``."""
        return self.start <= last and first <= self.end


def runs_of_equal(levels: FloatArray, least: int = 1) -> Iterator[tuple[int, int]]:
    """Start and length of every maximal run of at least `least` equal consecutive values; NaN breaks a run."""
    if levels.size == 0:
        return
    same = levels[1:] == levels[:-1]
    starts = np.concatenate(([0], np.flatnonzero(~same) + 1))
    lengths = np.diff(np.concatenate((starts, [levels.size])))
    long = lengths >= least
    yield from zip(starts[long].tolist(), lengths[long].tolist(), strict=True)


def frozen_stretches(levels: FloatArray, closes: DateArray | None = None) -> list[tuple[int, int]]:
    """First and last row of every frozen stretch.

    With the closes of bars a stretch also spans `FROZEN_SPAN`.

    A stretch is made of runs of at least `FROZEN_SESSIONS` equal levels; runs at most `FROZEN_BREAK` rows apart belong
    together, since a dead feed may still be restamped at a contract roll.
    """
    stretches: list[tuple[int, int]] = []
    for start, length in runs_of_equal(levels, FROZEN_SESSIONS):
        if stretches and start - stretches[-1][1] <= FROZEN_BREAK:
            stretches[-1] = (stretches[-1][0], start + length - 1)
        else:
            stretches.append((start, start + length - 1))
    return stretches if closes is None else [(i, j) for i, j in stretches if closes[j] - closes[i] >= FROZEN_SPAN]


def frozen_rows(levels: FloatArray, closes: DateArray | None = None) -> BoolArray:
    """Rows that lie in a frozen stretch, shape (n,); `closes` as in `frozen_stretches`."""
    frozen = np.zeros(levels.size, dtype=bool)
    for first, last in frozen_stretches(levels, closes):
        frozen[first : last + 1] = True
    return frozen


def check_series(name: str, levels: pd.Series, *, is_level: bool = True, bars: bool = False) -> list[Flag]:
    """Flags of one series of levels (or of returns, with ``is_level=False``).

    Parameters
    ----------
    name : str
        Instrument id, copied into the flags.
    levels : Series
        Values by date; NaN marks a row without a value.
    bars : bool
        The index holds closes of intraday bars.

    Returns
    -------
    list of Flag
        In the order missing, hole, frozen_run, zero_returns.
    """
    flags = _missing(name, levels)
    own = levels.dropna()
    if own.size < 2:
        return flags
    days = pd.DatetimeIndex(own.index)
    flags += _holes(name, days)
    if not is_level:
        return flags
    values = own.to_numpy(dtype=np.float64)
    for start, end in frozen_stretches(values, days.to_numpy() if bars else None):
        fresh = int(np.count_nonzero(np.diff(values[start : end + 1]))) + 1
        flags.append(
            Flag(
                instrument=name,
                kind="frozen_run",
                severity="refuse",
                start=days[start].date(),
                end=days[end].date(),
                n=end - start + 1,
                evidence=f"{end - start + 1} sessions in a row show only {fresh} different prices",
                meaning="the feed stopped; an event inside cannot be measured with this series",
            )
        )
    zero = np.flatnonzero(np.diff(values) == 0.0) + 1
    share = zero.size / (values.size - 1)
    if share > ZERO_SHARE_WARN:
        flags.append(
            Flag(
                instrument=name,
                kind="zero_returns",
                severity="warn",
                start=days[zero[0]].date(),
                end=days[zero[-1]].date(),
                n=int(zero.size),
                evidence=f"{share:.0%} of all returns are exactly zero",
                meaning="thinly traded or stale: variances are too small and reactions come late",
            )
        )
    return flags


def _missing(name: str, levels: pd.Series) -> list[Flag]:
    """Blank rows between the first and the last value of the series."""
    known = np.flatnonzero(levels.notna().to_numpy())
    if known.size == 0:
        return []
    inner = levels.iloc[known[0] : known[-1] + 1]
    blank = inner[inner.isna()].index
    if len(blank) == 0:
        return []
    return [
        Flag(
            instrument=name,
            kind="missing",
            severity="info",
            start=blank[0].date(),
            end=blank[-1].date(),
            n=len(blank),
            evidence=f"{len(blank)} rows without a value",
            meaning="nothing is filled; a return then spans the gap or is left out, by policy",
        )
    ]


def _holes(name: str, days: pd.DatetimeIndex) -> list[Flag]:
    gaps = np.diff(days.to_numpy()).astype("timedelta64[D]").astype(np.int64)
    usual = int(np.median(gaps))
    if usual > HOLE_DAYS:
        return [
            Flag(
                instrument=name,
                kind="hole",
                severity="warn",
                start=days[0].date(),
                end=days[-1].date(),
                n=len(days),
                evidence=f"one row every {usual} calendar days",
                meaning="not a daily series: a cross-check, not something to measure a reaction on",
            )
        ]
    return [
        Flag(
            instrument=name,
            kind="hole",
            severity="warn",
            start=days[i].date(),
            end=days[i + 1].date(),
            n=int(gaps[i]),
            evidence=f"no row for {gaps[i]} calendar days",
            meaning="the return across the hole is not a daily return",
        )
        for i in np.flatnonzero(gaps > HOLE_DAYS).tolist()
    ]


def worst(flags: Iterable[Flag]) -> Severity:
    """The gravest severity among `flags`; ``info`` when there is none."""
    order: tuple[Severity, ...] = ("info", "warn", "refuse")
    return max((f.severity for f in flags), key=order.index, default="info")
