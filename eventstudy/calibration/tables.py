"""Cells as Markdown tables: sizes by design, power curves, and where each method is worst."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from eventstudy.calibration.cells import Cell

#: Beyond this, in a world where nothing happened, a method is marked.
MOST = 0.07


def designs_table(cells: Sequence[Cell], tell: Callable[[list[Cell]], str]) -> list[str]:
    """Methods by estimation sessions M and tested sessions L; `tell` words a design's cells, effects ascending."""
    designs: dict[tuple[str, int, int], list[Cell]] = {}
    for c in sorted(cells, key=lambda c: c.effect):
        designs.setdefault((c.method, c.m, c.window[1] - c.window[0] + 1), []).append(c)
    columns = sorted({(m, length) for _, m, length in designs})
    lines = _head(["method", *(f"M {m}, L {length}" for m, length in columns)])
    for key in dict.fromkeys(c.method for c in cells):
        told = [tell(designs[key, *column]) if (key, *column) in designs else "" for column in columns]
        lines.append(_row([f"`{key}`", *told]))
    return lines


def size_power_coverage(title: str, cells: Sequence[Cell]) -> list[str]:
    """Three tables of the same designs: size, power against the effects but nothing, least coverage; in percent."""
    lines: list[str] = []
    for words, tell in (("size", _size), ("power", _power), ("coverage", _coverage)):
        lines += [f"## {title}: {words}", "", *designs_table(cells, tell), ""]
    return lines


def _size(cells: list[Cell]) -> str:
    return rate_words(cells[0])


def _power(cells: list[Cell]) -> str:
    return " ".join(f"{100 * c.rate:.0f}" for c in cells[1:])


def _coverage(cells: list[Cell]) -> str:
    return _percent(min(c.coverage for c in cells))


def worst_table(cells: Sequence[Cell]) -> list[str]:
    """The largest size of each method over all cells and its error, where that is, what its interval covers there."""
    lines = _head(["method", "largest size", "error", "where", "coverage there"])
    for key in dict.fromkeys(c.method for c in cells):
        measured = [c for c in cells if c.method == key and not c.reason]
        if measured:
            worst = max(measured, key=lambda c: c.rate)
            where = f"{worst.world}, M {worst.m}, L {worst.window[1] - worst.window[0] + 1}"
            lines.append(
                _row([f"`{key}`", rate_words(worst), f"{100 * worst.mc_se:.1f}", where, _percent(worst.coverage)])
            )
    return lines


def rate_words(cell: Cell) -> str:
    """Rate in percent, bold beyond 7%; how often the method refused, where it did."""
    if cell.reason:
        return "refuses"
    text = f"{100 * cell.rate:.1f}"
    text = f"**{text}**" if cell.rate > MOST and cell.effect == 0.0 else text
    return text + (f" ({cell.undefined} refused)" if cell.undefined else "")


def _percent(share: float) -> str:
    """In percent; a dash where there is none, as of a method without an interval."""
    return "-" if math.isnan(share) else f"{100 * share:.1f}"


def _head(columns: Sequence[str]) -> list[str]:
    return [_row(columns), "|---" * len(columns) + "|"]


def _row(cells: Sequence[str]) -> str:
    return "|" + "|".join(cells) + "|"
