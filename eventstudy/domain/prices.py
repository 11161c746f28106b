"""Prices and returns: one validated table with units, origins and quality flags."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd

from eventstudy._typing import Change, DateArray, FloatArray
from eventstudy.domain.instruments import Instrument, InstrumentTable, instruments
from eventstudy.domain.intraday import BARS
from eventstudy.domain.quality import Flag, check_series
from eventstudy.errors import InputError, UnknownNameError


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where series came from.

    Attributes
    ----------
    source : str
        ``embedded``, ``files``, ``frame``, ...
    name : str
        File name or dataset name, without folder: a result must not depend on where it was computed.
    layout : str
        Layout that was recognised, in words.
    sha256 : str
        Hash of the bytes that were read.
    ids : tuple of str
        Instruments read from it.
    rows : int
        Data rows.
    notes : tuple of str
        What was decided while reading (price column taken, duplicates, number format).
    """

    source: str
    name: str
    layout: str
    sha256: str
    ids: tuple[str, ...]
    rows: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class PriceTable:
    """Levels by date and instrument. Frozen: every method returns a new table.

    Attributes
    ----------
    frame : DataFrame, shape (dates, instruments)
        Levels, float64, ascending unique dates (no time, no zone); of intraday bars their closes, in UTC without a
        zone. NaN where there is no price. Never filled.
    instruments : InstrumentTable
        One record a column.
    origins : tuple of Origin
    flags : tuple of Flag
        Quality findings.
    bars : dict
        Instrument -> DataFrame with open, high, low, close, volume as the file gave them.
    minutes : int or None
        Length of an intraday bar; None: daily prices.
    """

    frame: pd.DataFrame
    instruments: InstrumentTable
    origins: tuple[Origin, ...] = ()
    flags: tuple[Flag, ...] = ()
    bars: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    minutes: int | None = None

    @property
    def dates(self) -> DateArray:
        """Dates of the rows (``datetime64[D]``), or closes of the bars in UTC (``datetime64[s]``); shape (n,)."""
        return np.asarray(self.frame.index.to_numpy().astype("datetime64[D]" if self.minutes is None else BARS))

    @property
    def ids(self) -> tuple[str, ...]:
        """Instrument ids, in column order."""
        return tuple(str(c) for c in self.frame.columns)

    def __contains__(self, key: object) -> bool:
        return key in self.frame.columns

    def __repr__(self) -> str:
        if self.frame.empty:
            return "PriceTable(empty)"
        first, last = self.frame.index[0], self.frame.index[-1]
        rows = "dates" if self.minutes is None else f"bars of {self.minutes} minutes"
        return (
            f"PriceTable({len(self.ids)} instruments, {len(self.frame)} {rows} {first:%Y-%m-%d}..{last:%Y-%m-%d}: "
            f"{', '.join(self.ids[:6])}{', ...' if len(self.ids) > 6 else ''})"
        )

    def _repr_html_(self) -> str:
        return str(self.describe().to_html())

    def describe(self) -> pd.DataFrame:
        """One row an instrument: name, unit, first and last date, rows, flags."""
        rows = []
        for name in self.ids:
            own = self.frame[name].dropna()
            kinds = sorted({f.kind for f in self.flags if f.instrument == name})
            one = self.instruments[name]
            span = [own.index[0].date(), own.index[-1].date()] if len(own) else [None, None]
            rows.append([name, one.name, one.unit, one.change, *span, len(own), ", ".join(kinds)])
        return pd.DataFrame(
            rows, columns=["instrument", "name", "unit", "change", "first", "last", "rows", "flags"]
        ).set_index("instrument")

    def provides(self, name: str) -> bool:
        """Whether `name` is a column, or can be derived from columns."""
        if name in self:
            return True
        known = instruments()
        one = known.get(name)
        return bool(one and one.minuend and self.provides(one.minuend) and self.provides(one.subtrahend))

    def with_derived(self, names: Iterable[str]) -> PriceTable:
        """A table that also holds the derived instruments among `names` (such as ``LME-SPREAD``)."""
        table = self
        for name in names:
            if name in table or not table.provides(name):
                continue
            one = instruments()[name]
            legs = table.with_derived([one.minuend, one.subtrahend]).frame
            # Days of other calendars are no days of this one; on its own days a difference needs both
            # legs, and a day with one leg missing stays missing.
            both = legs[[one.minuend, one.subtrahend]].dropna(how="all")
            levels = both[one.minuend] - both[one.subtrahend]
            more = build_table(levels.to_frame(name), InstrumentTable([one]), origins=(), minutes=self.minutes)
            table = table.joined(more)
        return table

    def portfolio(self, id: str, members: Iterable[str], *, name: str = "") -> PriceTable:
        """A table with one more series: the equal-weighted portfolio of `members`, rebalanced every session.

        Its return is the mean of the members' simple returns; a day on which a member has no return
        averages the others. The level starts at 100.

        Raises
        ------
        InputError
            When `members` is empty, `id` is taken, or a member is a spread whose return does not exist.
        UnknownNameError
            When a member is not in the table.
        """
        chosen = tuple(members)
        if not chosen or id in self:
            raise InputError(f"portfolio {id!r}: needs members and an id that is not in the table")
        for member in chosen:
            if member not in self:
                raise UnknownNameError("instrument", member, self.ids)
            if self.instruments[member].change not in ("log", "simple"):
                raise InputError(f"portfolio {id!r}: {member!r} has no returns (change = difference or as_is)")
        # Days of other calendars must not tear the members' returns apart.
        levels = self.frame[list(chosen)].dropna(how="all")
        average = (levels / levels.shift(1) - 1.0).mean(axis=1)
        growth = 1.0 + average
        growth.iloc[0] = 1.0
        index = 100.0 * growth.cumprod()
        first = self.instruments[chosen[0]]
        one = replace(
            first, id=id, name=name or f"equal-weighted {len(chosen)} instruments", role="market", region="",
            benchmark=(), symbols={}, first_valid=None, predecessor="", unit="index", note="",
        )  # fmt: skip
        return self.joined(build_table(index.to_frame(id), InstrumentTable([one]), origins=(), minutes=self.minutes))

    def joined(self, other: PriceTable) -> PriceTable:
        """Both tables side by side, on the union of their dates.

        Raises
        ------
        InputError
            When an instrument is in both, or bars of different lengths, or bars and daily prices, meet.
        """
        same_rows([self, other])
        twice = [i for i in other.ids if i in self]
        if twice:
            raise InputError(
                f"{', '.join(twice)} came from two places: "
                + " and ".join(o.name for o in (*self.origins, *other.origins) if set(o.ids) & set(twice))
                + "; load one of them, or rename with --as"
            )
        return PriceTable(
            frame=self.frame.join(other.frame, how="outer").sort_index(),
            instruments=InstrumentTable([*self.instruments.values(), *other.instruments.values()]),
            origins=_merge_origins(self.origins + other.origins),
            flags=self.flags + other.flags,
            bars={**self.bars, **other.bars},
            minutes=self.minutes,
        )

    def without(self, names: Iterable[str]) -> PriceTable:
        """A table that lacks the columns `names`; dates that only they had go with them."""
        dropped = set(names)
        kept = [i for i in self.ids if i not in dropped]
        return replace(
            self,
            frame=self.frame[kept].dropna(how="all"),
            instruments=InstrumentTable(self.instruments[i] for i in kept),
            flags=tuple(f for f in self.flags if f.instrument not in dropped),
            bars={k: v for k, v in self.bars.items() if k not in dropped},
        )

    def only(self, names: Iterable[str]) -> PriceTable:
        """A table with the columns `names`, as far as it has them; the others go as in `without`."""
        kept = set(names)
        return self.without(i for i in self.ids if i not in kept)

    def to_returns(self, *, change: Change | None = None) -> pd.DataFrame:
        """Responses by date: each instrument's own change between adjacent rows of the table.

        Parameters
        ----------
        change : {"log", "simple", "difference", "as_is"}, optional
            Overrides every instrument's own `change`.

        Returns
        -------
        DataFrame, shape (dates, instruments)
            Fractions for log and simple. NaN where either price is missing: nothing is filled.
        """
        out = {
            name: respond(
                self.frame[name].to_numpy(dtype=np.float64)[1:],
                self.frame[name].to_numpy(dtype=np.float64)[:-1],
                change or self.instruments[name].change,
            )
            for name in self.ids
        }
        return pd.DataFrame(out, index=self.frame.index[1:])

    def fingerprint(self) -> str:
        """SHA-256 of ids, units, dates and levels: equal tables have equal fingerprints."""
        digest = hashlib.sha256()
        digest.update(self.dates.astype(np.int64).tobytes())
        if self.minutes is not None:
            digest.update(f"bars of {self.minutes} minutes".encode())
        for name in self.ids:
            one = self.instruments[name]
            digest.update(f"{name}|{one.change}|{one.tz}|{one.stamp}|{one.unit}".encode())
            digest.update(self.frame[name].to_numpy(dtype=np.float64).tobytes())
        return digest.hexdigest()


def same_rows(tables: Sequence[PriceTable]) -> None:
    """Refuse tables whose rows are not of one kind.

    Raises
    ------
    InputError
        When bars of different lengths, or bars and daily prices, meet.
    """
    first = tables[0]
    for other in tables[1:]:
        if other.minutes != first.minutes:
            kinds = [f"{', '.join(t.ids[:3])}: {_rows_words(t.minutes)}" for t in (first, other)]
            raise InputError(f"{' and '.join(kinds)} cannot stand in one table; resample one of them, or leave it out")


def _rows_words(minutes: int | None) -> str:
    return "daily prices" if minutes is None else f"intraday bars of {minutes} minutes"


def _merge_origins(origins: tuple[Origin, ...]) -> tuple[Origin, ...]:
    """One origin a file, however many of its instruments were taken one after the other."""
    merged: dict[tuple[str, str, str], Origin] = {}
    for one in origins:
        key = (one.source, one.name, one.sha256)
        seen = merged.get(key)
        merged[key] = one if seen is None else replace(seen, ids=tuple(dict.fromkeys(seen.ids + one.ids)))
    return tuple(merged.values())


def respond(now: FloatArray, before: FloatArray, change: Change) -> FloatArray:
    """Response of a level that went from `before` to `now`.

    Fractions for ``log`` and ``simple``, the level's own unit for ``difference``; ``as_is`` returns `now`.
    NaN where either level is NaN. Positive levels are the caller's promise for log and simple.
    """
    if change == "log":
        return np.asarray(np.log(now / before))
    if change == "simple":
        return np.asarray(now / before - 1.0)
    return now - before if change == "difference" else now


def build_table(
    frame: pd.DataFrame,
    records: InstrumentTable,
    *,
    origins: tuple[Origin, ...],
    nonpositive: Literal["error", "missing"] = "error",
    bars: Mapping[str, pd.DataFrame] | None = None,
    minutes: int | None = None,
) -> PriceTable:
    """Validate levels and wrap them: the one door through which every source passes.

    Parameters
    ----------
    frame : DataFrame
        Levels; the index holds unique dates.
    records : InstrumentTable
        One record a column.
    nonpositive : {"error", "missing"}
        What a level of zero or below is where `change` is log or simple.
    minutes : int or None
        The rows are bars of this length, the index their closes in UTC (see `eventstudy.prices`); None: dates.

    Raises
    ------
    InputError
        Empty table, duplicate dates, infinite values, a column without values, non-positive levels.
    """
    where = origins[0].name if origins else "table"
    if frame.shape[0] == 0 or frame.shape[1] == 0:
        raise InputError(f"{where}: no rows with a date; a price table needs at least one")
    levels = frame.astype(np.float64)
    levels.columns = pd.Index([str(c) for c in levels.columns])
    stamps = pd.DatetimeIndex(levels.index).tz_localize(None)
    levels.index = (stamps if minutes else stamps.normalize()).as_unit("ns")
    levels.index.name = "date"
    levels = levels.sort_index()
    if levels.index.hasnans:
        raise InputError(f"{where}: {int(np.isnat(levels.index.to_numpy()).sum())} rows have no date")
    if levels.columns.has_duplicates:
        raise InputError(f"{where}: two columns are called {levels.columns[levels.columns.duplicated()][0]!r}")
    if levels.index.has_duplicates:
        day = levels.index[levels.index.duplicated()][0]
        if minutes:
            raise InputError(f"{where}: the bar that closes {day:%Y-%m-%d %H:%M} UTC occurs twice; keep one row a bar")
        raise InputError(f"{where}: the date {day:%Y-%m-%d} occurs twice; keep one row a date")
    flags: list[Flag] = []
    for name in map(str, levels.columns):
        one, column = records[name], levels[name]
        if np.isinf(column.to_numpy()).any():
            raise InputError(f"{where}: {name} holds an infinite value on {_first(column, np.inf):%Y-%m-%d}")
        if column.isna().all():
            raise InputError(f"{where}: column {name!r} holds no value at all; remove it or name the right column")
        if one.change in ("log", "simple"):
            levels[name] = column = _positive(where, name, column, nonpositive, flags)
        if one.first_valid is not None:
            levels[name] = column = _own_history(where, one, column, flags)
        flags += check_series(name, column, is_level=one.change != "as_is", bars=minutes is not None)
    own_bars = {name: _own_bars(records[name], rows) for name, rows in (bars or {}).items()}
    return PriceTable(
        frame=levels, instruments=records, origins=origins, flags=tuple(flags), bars=own_bars, minutes=minutes
    )


def _first(column: pd.Series, value: float) -> pd.Timestamp:
    return pd.Timestamp(column.index[np.abs(column.to_numpy()) == value][0])


def _positive(
    where: str, name: str, column: pd.Series, rule: Literal["error", "missing"], flags: list[Flag]
) -> pd.Series:
    bad = column[column <= 0.0]
    if bad.empty:
        return column
    day = pd.Timestamp(bad.index[0])
    if rule == "error":
        raise InputError(
            f"{where}: {name} is {bad.iloc[0]:g} on {day:%Y-%m-%d} ({len(bad)} such rows), but log and simple "
            "returns need prices above zero; correct the rows, treat them as missing (nonpositive='missing', "
            "--nonpositive missing), or declare the series a spread (change = difference)"
        )
    flags.append(
        Flag(
            instrument=name,
            kind="missing",
            severity="warn",
            start=day.date(),
            end=bad.index[-1].date(),
            n=len(bad),
            evidence=f"{len(bad)} prices of zero or below, first {bad.iloc[0]:g}",
            meaning="treated as missing, as asked",
        )
    )
    return column.where(column > 0.0)


def _own_bars(one: Instrument, rows: pd.DataFrame) -> pd.DataFrame:
    """Bars without those that belong to another company under the same symbol."""
    return rows if one.first_valid is None else rows[rows.index >= pd.Timestamp(one.first_valid)]


def _own_history(where: str, one: Instrument, column: pd.Series, flags: list[Flag]) -> pd.Series:
    """Drop rows that belong to another company under the same symbol, and say so."""
    assert one.first_valid is not None
    foreign = column[column.index < pd.Timestamp(one.first_valid)].dropna()
    if foreign.empty:
        return column
    what = one.predecessor or "another instrument"
    if len(foreign) == column.notna().sum():
        raise InputError(
            f"{where}: every row of {one.id} is before {one.first_valid}, when the symbol was {what}; "
            f"load the file under that identity with --as"
        )
    flags.append(
        Flag(
            instrument=one.id,
            kind="identity_change",
            severity="warn",
            start=foreign.index[0].date(),
            end=foreign.index[-1].date(),
            n=len(foreign),
            evidence=f"{len(foreign)} rows before {one.first_valid} belong to {what}",
            meaning="left out; load the file with --as to study the old company",
        )
    )
    return column.where(column.index >= pd.Timestamp(one.first_valid))


def ad_hoc(name: str, *, change: Change = "log", unit: str = "") -> Instrument:
    """Record of an instrument that nobody described: its stamp is assumed, and said to be."""
    return Instrument(id=name, name=name, change=change, unit=unit, stamp_assumed=True)
