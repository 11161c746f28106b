"""Write the tables of docs/reference/quality.md: findings over real files, and planted faults that were found.

    python docs/make_quality.py --data ../shared/data

Every finding over the real files was compared with the rows of its file; `DOUBTED` lists those that are no fault of
the series, or cannot be proved to be one.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from marked import put

from eventstudy.domain.instruments import Instrument, InstrumentTable
from eventstudy.domain.prices import build_table
from eventstudy.domain.quality import Flag
from eventstudy.domain.quality_table import check_table
from eventstudy.sources.base import load

PAGE = Path(__file__).parent / "reference" / "quality.md"
#: (instrument, kind, first date) of findings that are false or cannot be proved, and why.
DOUBTED = {
    ("ALI=F", "source_disagreement", "2015-11-30"): "a true basis of 5.8% between the contract and the spot mean",
    ("ALI=F", "source_disagreement", "2021-12-31"): "a true basis of 5.4%",
    ("ALI=F", "source_disagreement", "2022-08-31"): "a true basis of 5.0%",
    ("SHFE.AL", "price_limit", "2006-02-06"): "six days at one price; the limits of those days are not in the file",
}
DATES = 4
Fault = Callable[[pd.Series, int], pd.Series]


def real_table(flags: tuple[Flag, ...], series: int) -> list[str]:
    """One row a kind: findings, series, doubted findings, an example."""
    lines = [f"{len(flags)} findings about {len({f.instrument for f in flags})} of {series} series.", ""]
    lines += ["| kind | findings | series | of these false or unproved | example |", "|---|---|---|---|---|"]
    for kind in sorted({f.kind for f in flags}):
        own = [f for f in flags if f.kind == kind]
        doubted = sum((f.instrument, f.kind, str(f.start)) in DOUBTED for f in own)
        order = ("refuse", "warn", "info")
        best = min(own, key=lambda f: (order.index(f.severity), -f.n, f.instrument))
        example = f"{best.instrument} {best.start}..{best.end}: {best.evidence}".replace("|", "/")
        lines.append(f"| `{kind}` | {len(own)} | {len({f.instrument for f in own})} | {doubted} | {example} |")
    lines += ["", "False or unproved:", ""]
    lines += [f"- {name}, {kind}, {start}: {why}" for (name, kind, start), why in DOUBTED.items()]
    return lines


def faults() -> dict[tuple[str, str], Fault]:
    """(kind, size in words) -> how it is planted at a row."""

    def tick(size: float, rows: int = 1) -> Fault:
        return lambda x, i: x.where((np.arange(x.size) < i) | (np.arange(x.size) >= i + rows), x * size)

    def step(factor: float, rows: int | None = None) -> Fault:
        end = 10**6 if rows is None else rows
        return lambda x, i: x.where((np.arange(x.size) < i) | (np.arange(x.size) >= i + end), x * factor)

    def still(rows: int, jump: float) -> Fault:
        def plant(x: pd.Series, i: int) -> pd.Series:
            out = step(jump)(x, i)
            out.iloc[i : i + rows] = out.iloc[i]
            return out

        return plant

    return {
        ("bad_tick", "one day 8% off"): tick(1.08), ("bad_tick", "one day 15% off"): tick(1.15),
        ("bad_tick", "one day 30% off"): tick(1.3), ("bad_tick", "two days 30% off"): tick(0.7, 2),
        ("split", "2:1"): step(1 / 2), ("split", "3:2"): step(2 / 3), ("split", "10:1"): step(1 / 10),
        ("unit_mismatch", "60 rows times 100"): step(100.0, 60),
        ("unit_mismatch", "60 rows over 2204.62"): step(1 / 2204.62, 60),
        ("suspension", "30% down, then 6 equal prices"): still(6, 0.7),
        ("frozen_run", "15 equal prices"): still(15, 1.0),
    }  # fmt: skip


def planted_table() -> list[str]:
    """One row a fault: planted, found, and findings of kinds that were not planted."""
    prices = load("embedded").frame.loc["1991-01-02":].drop(columns="DOW29", errors="ignore")
    lines = ["| planted | size | times | found on its row | other findings |", "|---|---|---|---|---|"]
    for (kind, words), fault in faults().items():
        found = other = times = 0
        for name, row in _places(prices):
            levels = fault(prices[name], row)
            flags = _flags(name, levels)
            hit = [f for f in flags if f.kind == kind and abs((f.start - prices.index[row].date()).days) <= 4]
            # A stretch that ends leaves a step: the splice after a frozen run belongs to the fault.
            related = {kind} | ({"roll_or_splice", "suspension"} if kind in ("frozen_run", "suspension") else set())
            found, times = found + bool(hit), times + 1
            other += sum(f.kind not in related for f in flags)
        lines.append(f"| `{kind}` | {words} | {times} | {found} ({found / times:.0%}) | {other} |")
    clean = sum(len(_flags(str(name), prices[name])) for name in prices)
    return [*lines, "", f"Findings in the {prices.shape[1]} series before anything is planted: {clean}."]


def _places(prices: pd.DataFrame) -> Iterator[tuple[str, int]]:
    rng = np.random.default_rng(0)
    for name in map(str, prices.columns):
        for row in rng.integers(150, len(prices) - 150, size=DATES).tolist():
            yield name, row


def _flags(name: str, levels: pd.Series) -> tuple[Flag, ...]:
    return check_table(build_table(levels.to_frame(name), InstrumentTable([Instrument(id=name)]), origins=()))


def main() -> None:
    """Write both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the real files")
    table = load("files", str(parser.parse_args().data))
    page = PAGE.read_text(encoding="utf-8")
    page = put(page, "real", real_table(check_table(table), len(table.ids)))
    PAGE.write_text(put(page, "planted", planted_table()), encoding="utf-8")


if __name__ == "__main__":
    main()
