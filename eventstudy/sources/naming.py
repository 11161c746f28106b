"""Which instrument a series of a file is: its symbol, column or file name, or the name the caller gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eventstudy.domain.instruments import Instrument, instruments
from eventstudy.domain.prices import ad_hoc
from eventstudy.errors import FileFormatError
from eventstudy.sources.sheet import RawSeries, Recognised
from eventstudy.sources.text_table import TextTable
from eventstudy.sources.vendors import METALS, metal_in

Rename = Mapping[str, str] | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """A series, its instrument, and the key of the renaming that was used (``""``: none)."""

    raw: RawSeries
    instrument: Instrument
    key: str = ""


def record_for(name: str) -> Instrument:
    """The known instrument of that id or file alias, else a record that assumes a New York close."""
    known = instruments()
    return known[name] if name in known else known.by_alias("files", name) or ad_hoc(name)


def identify(found: Recognised, table: TextTable, rename: Rename) -> tuple[Identified, ...]:
    """Give every series its instrument.

    A name given by the caller wins; else the symbol column, the column header or the file name decides,
    through the alias table. LME columns take their metal from the header, the caller or the file name.

    Raises
    ------
    FileFormatError
        When one name is given for several series, two series become one instrument, or the metal is unknown.
    """
    one_name = rename if isinstance(rename, str) else ""
    if one_name and len(found.series) != 1 and not _all_lme(found, one_name):
        labels = ", ".join(repr(s.label) for s in found.series[:6])
        raise FileFormatError(
            f"one new name, {one_name!r}, for {len(found.series)} series ({labels}); give a mapping of old "
            "to new names (--as OLD=NEW)",
            path=table.path,
        )
    named = tuple(_identify_one(raw, table, rename, alone=len(found.series) == 1) for raw in found.series)
    seen: dict[str, str] = {}
    for item in named:
        first = seen.setdefault(item.instrument.id, item.raw.label)
        if first != item.raw.label:
            raise FileFormatError(
                f"{first!r} and {item.raw.label!r} are both {item.instrument.id}; remove or rename one (--as OLD=NEW)",
                path=table.path,
            )
    return named


def file_ids(stem: str, rename: Rename) -> tuple[str, ...]:
    """Instruments that a file may hold by its name alone: one, or those of its metal."""
    given = rename.get(stem, "") if isinstance(rename, Mapping) else ""
    metal = _metal_word(given)
    if given and not metal:
        return (record_for(given).id,)
    one = record_for(stem)
    renamed = rename.get(one.id) if isinstance(rename, Mapping) else None
    if renamed:
        return (record_for(renamed).id,)
    metal = metal or ("" if one.id in instruments() else metal_in(stem))
    return tuple(f"{METALS[metal]}-{tenor}" for tenor in ("CASH", "3M", "STOCK")) if metal else (one.id,)


def notes_of(named: tuple[Identified, ...]) -> tuple[str, ...]:
    """Says which label became which instrument, where they differ."""
    return tuple(
        f"{n.raw.label!r} is {n.instrument.id}" for n in named if n.raw.label and n.raw.label != n.instrument.id
    )


def _all_lme(found: Recognised, name: str) -> bool:
    return bool(_metal_word(name)) and all(s.by == "lme" for s in found.series)


def _metal_word(name: str) -> str:
    """`name` when it is the name of a metal and nothing else, else ``""``."""
    return name.casefold() if name.casefold() in METALS else ""


def _identify_one(raw: RawSeries, table: TextTable, rename: Rename, *, alone: bool) -> Identified:
    label = raw.label or table.stem
    if isinstance(rename, str) and not (raw.by == "lme" and _metal_word(rename)):
        return Identified(raw=raw, instrument=record_for(rename), key=rename)
    mapping = rename if isinstance(rename, Mapping) else {}
    of_file = rename if isinstance(rename, str) else mapping.get(table.stem, "")
    known = _lme_id(raw, table, of_file) if raw.by == "lme" else raw.known or record_for(label).id
    for key in (label, known):
        if key in mapping:
            return Identified(raw=raw, instrument=record_for(mapping[key]), key=key)
    if of_file and raw.by == "lme":
        return Identified(raw=raw, instrument=record_for(known), key=table.stem)
    if of_file and alone:
        return Identified(raw=raw, instrument=record_for(of_file), key=table.stem)
    return Identified(raw=raw, instrument=record_for(known))


def _lme_id(raw: RawSeries, table: TextTable, given: str) -> str:
    tenor = raw.known.rpartition("-")[2]
    metal = _metal_word(given)
    if metal:
        return f"{METALS[metal]}-{tenor}"
    if not raw.known.startswith("-"):
        return raw.known
    metal = metal_in(table.stem)
    if not metal:
        raise FileFormatError(
            "an LME table, but neither its header nor the file's name says the metal; known are "
            f"{', '.join(METALS)}: put one into the name, or say rename='aluminium' (--as aluminium)",
            path=table.path,
        )
    return f"{METALS[metal]}-{tenor}"
