"""Series with an identity to one validated table; what is wrong is said with file, line and column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from eventstudy.domain.instruments import Instrument, InstrumentTable
from eventstudy.domain.intraday import DAY_MINUTES, Intraday, bar_minutes, closes_of, is_intraday, reading_words
from eventstudy.domain.prices import Origin, PriceTable, build_table, same_rows
from eventstudy.domain.returns import PERCENT_MEDIAN
from eventstudy.errors import FileFormatError, InputError
from eventstudy.sources.base import Nonpositive
from eventstudy.sources.naming import Identified
from eventstudy.sources.sheet import RawSeries

#: Prices are positive; a column in which at least this share is negative holds returns or a spread.
_MIXED_SIGNS = 0.2


def frame_of(raw: RawSeries, name: str) -> pd.DataFrame:
    """One column of levels by date."""
    return pd.DataFrame({name: raw.values}, index=pd.DatetimeIndex(raw.days.astype("datetime64[ns]"), name="date"))


def series_table(item: Identified, path: str, nonpositive: Nonpositive, minutes: int | None = None) -> PriceTable:
    """A table of one instrument, daily or of bars of `minutes`, checked with messages that name the line.

    Raises
    ------
    FileFormatError
        No value at all, prices of zero or below, percent where fractions are needed, rows that all belong to
        another company.
    """
    raw, one = item.raw, item.instrument
    check_filled(item, path)
    if one.change in ("log", "simple") and nonpositive == "error":
        _check_positive(raw, one, path)
    if one.change == "as_is" and np.nanmedian(np.abs(raw.values)) > PERCENT_MEDIAN:
        raise FileFormatError(
            f"{one.id} is a return and its median size here is {np.nanmedian(np.abs(raw.values)):.3g}: "
            "percent, it seems; divide by 100 (only Ken French's own layout is converted)",
            path=path,
            column=raw.column,
        )
    _check_own(raw, one, path)
    frame = frame_of(raw, one.id)
    bars = {one.id: pd.DataFrame(dict(raw.bars), index=frame.index)} if raw.bars else {}
    return build_table(frame, InstrumentTable([one]), origins=(), nonpositive=nonpositive, bars=bars, minutes=minutes)


def combine(tables: Sequence[PriceTable], origins: Iterable[Origin]) -> PriceTable:
    """Tables side by side on the union of their dates; nothing is filled.

    The instruments must differ; who provides what twice is settled before.
    """
    same_rows(tables)
    frame = pd.concat([t.frame for t in tables], axis=1, sort=True)
    frame.index.name = "date"
    return PriceTable(
        frame=frame,
        instruments=InstrumentTable(i for t in tables for i in t.instruments.values()),
        origins=tuple(origins),
        flags=tuple(f for t in tables for f in t.flags),
        bars={name: rows for t in tables for name, rows in t.bars.items()},
        minutes=tables[0].minutes,
    )


def as_closes(
    items: Sequence[Identified], intraday: Intraday | None, path: str
) -> tuple[tuple[Identified, ...], int | None, tuple[str, ...]]:
    """Series of instants by the closes of their bars, the length of a bar, and what was decided; daily ones as given.

    Raises
    ------
    FileFormatError
        When bars have no length, several, or another than the one that is named; when no series has several rows a
        day and the caller does not ask for bars.
    """
    if not items or not is_intraday(items[0].raw.days):
        return tuple(items), None, ()
    spec = intraday or Intraday()
    filled = [np.isfinite(i.raw.values) for i in items]
    raws = [i.raw if there.all() else i.raw.only(there) for i, there in zip(items, filled, strict=True)]
    try:
        minutes = bar_minutes({i.instrument.id: raw.days for i, raw in zip(items, raws, strict=True)}, spec)
    except InputError as error:
        raise FileFormatError(str(error), path=path) from error
    if intraday is None and minutes >= DAY_MINUTES:
        raise FileFormatError(
            "dates come with several clock times, but every series has one row a day; give dates without clock times",
            path=path,
        )
    out, cut = [], 0
    for item, raw in zip(items, raws, strict=True):
        closes, short = closes_of(raw.days, minutes, spec.stamp, item.instrument)
        out.append(replace(item, raw=replace(raw, days=closes)))
        cut = max(cut, short)
    return tuple(out), minutes, reading_words(spec, minutes, cut)


def check_filled(item: Identified, path: str) -> None:
    """Raise when a series holds no value at all."""
    if np.isnan(item.raw.values).all():
        raise FileFormatError(
            f"{item.instrument.id} has no value at all; remove it, or name the symbols that you need",
            path=path,
            column=item.raw.column,
        )


def _check_positive(raw: RawSeries, one: Instrument, path: str) -> None:
    bad = np.flatnonzero(raw.values <= 0.0)
    if bad.size == 0:
        return
    negative, known = int((raw.values < 0.0).sum()), int((~np.isnan(raw.values)).sum())
    if _MIXED_SIGNS * known <= negative <= (1.0 - _MIXED_SIGNS) * known:
        raise FileFormatError(
            f"{negative} of {known} values of {one.id} are negative, so these are no prices; read returns "
            "with es.read_returns(path, unit=...), or give a spread the identity of one (rename, "
            "--as LME-SPREAD)",
            path=path,
            row=int(raw.lines[bad[0]]),
            column=raw.column,
        )
    raise FileFormatError(
        f"{one.id} is {raw.values[bad[0]]:g} on {raw.days[bad[0]]} ({bad.size} such rows), and log and "
        "simple returns need prices above zero; correct the rows, or treat them as missing "
        "(nonpositive='missing', --nonpositive missing)",
        path=path,
        row=int(raw.lines[bad[0]]),
        column=raw.column,
    )


def _check_own(raw: RawSeries, one: Instrument, path: str) -> None:
    """Raise when every row is from before the company got this symbol."""
    if one.first_valid is None:
        return
    known = raw.days[~np.isnan(raw.values)]
    if (known >= np.datetime64(one.first_valid)).any():
        return
    old = raw.label or one.id
    raise FileFormatError(
        f"every row of {one.id} is before {one.first_valid}, when the symbol was "
        f"{one.predecessor or 'another company'}; read it under that identity: rename={{{old!r}: ...}} "
        f"(--as {old}=...)",
        path=path,
        column=raw.column,
    )
