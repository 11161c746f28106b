"""Prices from the user's own files: one file, several, or a folder, recognised by content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pandas as pd

from eventstudy.domain.instruments import instruments
from eventstudy.domain.intraday import Intraday
from eventstudy.domain.prices import Origin, PriceTable
from eventstudy.domain.returns import returns
from eventstudy.errors import FileFormatError, InputError, MissingExtraError, UnknownNameError
from eventstudy.sources.assemble import as_closes, check_filled, combine, frame_of, series_table
from eventstudy.sources.base import DateOrder, Duplicates, Request, as_symbols, source
from eventstudy.sources.layouts import recognise
from eventstudy.sources.naming import Identified, Rename, file_ids, identify, notes_of, record_for
from eventstudy.sources.sheet import Reading, Recognised
from eventstudy.sources.text_table import SUFFIXES, TextTable, missing_path, read_table


@dataclass(frozen=True, slots=True, kw_only=True)
class FileData:
    """One file, read and named, not yet a table.

    Attributes
    ----------
    table : TextTable
    found : Recognised
    items : tuple of Identified
        Series that are taken from it.
    keys : frozenset of str
        Keys of the renaming that this file used.
    notes : tuple of str
    minutes : int or None
        Length of its bars; None: daily.
    """

    table: TextTable
    found: Recognised
    items: tuple[Identified, ...]
    keys: frozenset[str]
    notes: tuple[str, ...]
    minutes: int | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """Instruments that are taken from it."""
        return tuple(item.instrument.id for item in self.items)

    def without(self, ids: Iterable[str], note: str = "") -> FileData:
        """The same file, fewer instruments."""
        left_out = set(ids)
        items = tuple(i for i in self.items if i.instrument.id not in left_out)
        return replace(self, items=items, notes=(*self.notes, note) if note else self.notes)

    def origin(self) -> Origin:
        """What a result says about the file."""
        return Origin(
            source="files",
            name=self.table.name,
            layout=self.found.layout,
            sha256=self.table.sha256,
            ids=self.ids,
            rows=max((len(i.raw.days) for i in self.items), default=0),
            notes=tuple(dict.fromkeys((*self.table.notes, *self.found.notes, *self.notes))),
        )


class FileReader:
    """Reads every file once, however many instruments are asked for one after the other; lives as long as one load.

    Parameters
    ----------
    how : Request
        Renaming, duplicates, order of dates, and prices of zero. Its places and symbols do not matter.
    """

    def __init__(self, how: Request) -> None:
        self.how = how
        self._had: dict[str, FileData | FileFormatError | MissingExtraError] = {}

    def table(self, where: tuple[str, ...], symbols: tuple[str, ...] | None) -> PriceTable:
        """What `read_files` returns."""
        named, in_folder = _paths(where)
        if symbols is None:
            data, wanted = [self.read(p) for p in (*named, *in_folder)], None
            _check_rename(self.how.rename, data)
        else:
            data, wanted = _needed(named, in_folder, symbols, self)
        data = _one_owner(data)
        tables = [series_table(item, d.table.path, self.how.nonpositive, d.minutes) for d in data for item in d.items]
        whole = combine(tables, (d.origin() for d in data))
        return whole if wanted is None else replace(whole, frame=whole.frame[[i for i in wanted if i in whole]])

    def find(self, path: str | Path, name: str) -> PriceTable:
        """One instrument, or those of one selector, as ``load("files", path, symbols=[name])``."""
        return self.table((str(path),), (name,)).with_derived(instruments().select([name]))

    def read(self, path: str) -> FileData:
        """One file; one that cannot be read is not tried again."""
        if path not in self._had:
            try:
                data = _read_one(path, self.how)
            except (FileFormatError, MissingExtraError) as error:
                self._had[path] = error
            else:
                # Its text is not needed any more, and takes more room than the numbers.
                self._had[path] = replace(data, table=replace(data.table, rows=(), lines=()))
        found = self._had[path]
        if isinstance(found, FileData):
            return found
        raise found


@source(key="files", title="your own CSV, TSV, text and Excel files, or a folder of them")
def read_files(request: Request) -> PriceTable:
    """Read files by content.

    A folder is read without its subfolders: every .csv, .tsv, .txt and .xlsx, hidden and lock files apart.
    With symbols only the files that provide them are read, by name first, and a file that cannot be
    recognised does not matter as long as none of them is in it.

    Returns
    -------
    PriceTable
        Levels in each instrument's unit, on the union of the dates; NaN where a file has no price.

    Raises
    ------
    FileFormatError
        A file that cannot be read; names line and column, what is allowed, what to do.
    UnknownNameError
        A symbol that no file provides, or a name in `rename` that no file has.
    InputError
        No path, or one instrument from two places.
    """
    return FileReader(request).table(request.where, request.symbols)


def read_returns(
    path: str | Path,
    *,
    unit: Literal["fraction", "percent"],
    symbols: Sequence[str] | None = None,
    rename: Mapping[str, str] | str | None = None,
    duplicates: Duplicates = "error",
    dates: DateOrder = "auto",
    intraday: Intraday | None = None,
) -> PriceTable:
    """Read a file of returns: long (date, name, ret) or wide (date and one column an instrument).

    Parameters
    ----------
    path : str or Path
        One file.
    unit : {"fraction", "percent"}
        0.01 or 1 for one percent; there is no default.
    symbols : sequence of str, optional
        Names to keep; default all.
    rename, duplicates, dates, intraday
        As in `eventstudy.sources.base.load`.

    Returns
    -------
    PriceTable
        Returns as fractions (``change = "as_is"``); NaN where the file has none, nothing is filled.

    Raises
    ------
    FileFormatError
        A file that cannot be read, holds prices, or whose sizes do not fit the unit.
    UnknownNameError
        A symbol that the file does not have.
    """
    request = Request(symbols=as_symbols(symbols), rename=rename, duplicates=duplicates, dates=dates, intraday=intraday)
    data = _read_one(str(path), request, expect="returns")
    _check_rename(rename, [data])
    for name in request.symbols or ():
        if name not in data.ids:
            raise UnknownNameError("instrument", name, data.ids, hint=f"in {data.table.name}")
    if request.symbols is not None:
        data = data.without(set(data.ids) - set(request.symbols))
    for item in data.items:
        check_filled(item, str(path))
    frame = pd.concat([frame_of(i.raw, i.instrument.id) for i in data.items], axis=1, sort=True)
    closes = None if data.minutes is None else Intraday(zone="UTC", stamp="end", minutes=data.minutes)
    try:
        table = returns(frame, unit=unit, records=[i.instrument for i in data.items], intraday=closes)
    except InputError as error:
        raise FileFormatError(str(error), path=path) from error
    origin = replace(data.origin(), layout=f"{data.found.layout}; returns in {unit}")
    return replace(table, origins=(origin,))


def _paths(where: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Files named by the caller, and files found in folders, by name."""
    if not where:
        raise InputError("the source 'files' needs a file or a folder, such as es.load('files', 'prices.csv')")
    named, in_folder = [], []
    for place in where:
        if not Path(place).exists():
            raise missing_path(place)
        if not Path(place).is_dir():
            named.append(place)
            continue
        found = sorted(
            str(p)
            for p in Path(place).iterdir()
            if p.is_file() and p.suffix.lower() in SUFFIXES and not p.name.startswith((".", "~$"))
        )
        if not found:
            raise FileFormatError(f"the folder holds no {', '.join(SUFFIXES)} file", path=place)
        in_folder += found
    return tuple(named), tuple(in_folder)


def _read_one(path: str, request: Request, expect: Literal["prices", "returns"] = "prices") -> FileData:
    table = read_table(path)
    found = recognise(table, _reading(request, expect))
    items, minutes, notes = as_closes(identify(found, table, request.rename), request.intraday, path)
    keys = frozenset(i.key for i in items if i.key)
    return FileData(table=table, found=found, items=items, keys=keys, notes=(*notes_of(items), *notes), minutes=minutes)


def _reading(request: Request, expect: Literal["prices", "returns"]) -> Reading:
    return Reading(
        dates=request.dates, duplicates=request.duplicates, expect=expect, intraday=request.intraday
    )  # fmt: skip


def _needed(
    named: tuple[str, ...], in_folder: tuple[str, ...], symbols: tuple[str, ...], reader: FileReader
) -> tuple[list[FileData], tuple[str, ...]]:
    """The files that provide the symbols, cut down to them, and the ids in the order asked for."""
    by_name = {p: file_ids(Path(p).stem, reader.how.rename) for p in in_folder}
    direct = {i for ids in by_name.values() for i in ids}
    wanted = _wanted(symbols, direct)
    data = [reader.read(p) for p in named]
    data += [reader.read(p) for p, ids in by_name.items() if set(ids) & set(wanted)]
    unread: list[str] = []
    if not _missing(wanted, data):
        return _cut(data, wanted), wanted
    for path in in_folder:
        if path in {d.table.path for d in data}:
            continue
        try:
            data.append(reader.read(path))
        except (FileFormatError, MissingExtraError) as error:
            unread.append(str(error))
    _check_found(symbols, data, unread)
    if not unread:
        _check_rename(reader.how.rename, data)
    absent = _missing(wanted, data)
    data = _cut(data, wanted)
    if absent:
        note = f"asked for by a selector and in no file: {', '.join(absent)}"
        data[0] = replace(data[0], notes=(*data[0].notes, note))
    return data, wanted


def _wanted(symbols: tuple[str, ...], direct: set[str]) -> tuple[str, ...]:
    """Ids to look for: selectors opened, aliases resolved, derived instruments as their legs."""
    out: list[str] = []
    for name in instruments().select(symbols):
        one = record_for(name)
        out += [one.minuend, one.subtrahend] if one.minuend and one.id not in direct else [one.id]
    return tuple(dict.fromkeys(out))


def _missing(wanted: Iterable[str], data: Iterable[FileData]) -> list[str]:
    have = {i for d in data for i in d.ids}
    return [w for w in wanted if w not in have]


def _cut(data: list[FileData], wanted: tuple[str, ...]) -> list[FileData]:
    """Without series that nobody asked for, and without files that then provide nothing."""
    cut = [d.without(set(d.ids) - set(wanted)) for d in data]
    return [d for d in cut if d.items]


def _check_found(symbols: tuple[str, ...], data: list[FileData], unread: Iterable[str]) -> None:
    """Raise for a symbol that no file has; of a selector one member is enough."""
    have = [i for d in data for i in d.ids]
    for symbol in symbols:
        members = _wanted((symbol,), set(have))
        absent = [m for m in members if m not in have]
        is_selector = len(instruments().select([symbol])) > 1
        if not absent or (is_selector and len(absent) < len(members)):
            continue
        there = ", ".join(sorted(set(have)))
        hint = (
            f"(the files have {there}: name one with -i, or --as OLD=NEW renames one)"
            if there
            else "(the files have nothing to read)"
        )
        hint += f" ({absent[0]} is needed for {symbol})" if absent[0] != symbol else ""
        hint += "".join(f" (not read: {text})" for text in unread)
        raise UnknownNameError("instrument", absent[0], have, hint=hint)


def _one_owner(data: list[FileData]) -> list[FileData]:
    """One file an instrument: a file of its own goes before a column among others, and both say so."""
    owners: dict[str, list[FileData]] = {}
    for d in data:
        for name in d.ids:
            owners.setdefault(name, []).append(d)
    for name, several in owners.items():
        if len(several) == 1:
            continue
        own = [d for d in several if not d.found.wide]
        if len(own) != 1:
            places = " and ".join(d.table.path for d in several)
            raise InputError(f"{name} is in two files, {places}; name one of them, or rename one (--as OLD=NEW)")
        note = f"{name} not taken from here: {own[0].table.name} holds it"
        data = [d.without([name], note) if d.found.wide and name in d.ids else d for d in data]
    return data


def _check_rename(rename: Rename, data: Iterable[FileData]) -> None:
    """Raise for a name to be changed that is in no file: a typing error would go unseen."""
    if not isinstance(rename, Mapping):
        return
    read = list(data)
    used = {k for d in read for k in d.keys}
    for key in rename:
        if key not in used:
            labels = {i.raw.label or d.table.stem for d in read for i in d.items}
            raise UnknownNameError("name in rename", key, sorted(labels))
