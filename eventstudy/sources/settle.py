"""Rows of one series in order: ascending dates, one row a date, nothing dropped unsaid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from eventstudy._typing import BoolArray, DateArray, FloatArray, IntArray
from eventstudy.errors import FileFormatError
from eventstudy.sources.base import Duplicates


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Rows after `settle`: ascending unique `days`, their `lines`, the `columns`, and what was done."""

    days: DateArray
    lines: IntArray
    columns: dict[str, FloatArray]
    notes: tuple[str, ...]


def settle(
    days: DateArray, lines: tuple[int, ...], columns: Mapping[str, FloatArray], rule: Duplicates, path: str
) -> Settled:
    """Sort by date and leave one row a date.

    Identical rows of one date are merged. Rows that disagree are an error, or with ``rule="last"`` the one
    that stands last in the file counts. Both are noted, as is a file that was not in order.

    Parameters
    ----------
    days : array of datetime64[D], shape (rows,)
    lines : tuple of int
    columns : mapping of str to array, shape (rows,)
        Values; two NaN count as equal.

    Raises
    ------
    FileFormatError
        When two rows of one date disagree; names both lines.
    """
    notes = []
    order = np.argsort(days, kind="stable")
    if (np.diff(order) < 0).any():
        way = "newest first" if (np.diff(days) <= np.timedelta64(0, "D")).all() else "in no date order"
        notes.append(f"rows stood {way}: sorted")
    ordered, places = days[order], np.asarray(lines, dtype=np.int64)[order]
    values = {name: v[order] for name, v in columns.items()}
    again = np.flatnonzero(ordered[1:] == ordered[:-1])
    keep: BoolArray = np.ones(ordered.size, dtype=bool)
    keep[again] = False
    disagree = [i for i in again.tolist() if not _equal(values, i)]
    if disagree and rule == "error":
        raise _conflict(ordered, places, values, disagree[0], path)
    if again.size > len(disagree):
        notes.append(f"{again.size - len(disagree)} repeated rows with the same values merged")
    if disagree:
        notes.append(f"{len(disagree)} rows of a date that comes again with other values left out: the last counts")
    return Settled(
        days=ordered[keep],
        lines=places[keep],
        columns={n: v[keep] for n, v in values.items()},
        notes=tuple(notes),
    )


def _same(a: float, b: float) -> bool:
    return bool(a == b or (np.isnan(a) and np.isnan(b)))


def _equal(values: Mapping[str, FloatArray], at: int) -> bool:
    return all(_same(v[at], v[at + 1]) for v in values.values())


def _conflict(
    days: DateArray, lines: IntArray, values: Mapping[str, FloatArray], at: int, path: str
) -> FileFormatError:
    name, column = next((n, v) for n, v in values.items() if not _same(v[at], v[at + 1]))
    return FileFormatError(
        f"the date {days[at]} stands on line {lines[at]} with {column[at]:g} and on line {lines[at + 1]} "
        f"with {column[at + 1]:g}; keep one row a date, or take the last one (duplicates='last', "
        "--duplicates last)",
        path=path,
        row=int(lines[at + 1]),
        column=name,
    )
