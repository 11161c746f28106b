"""Print how far what a verdict, or a sentence on speed, says it would have seen can be trusted, on real dates.

python docs/make_seen.py ../shared/data
"""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path

import eventstudy as es
from eventstudy.calibration.dates import Stratum
from eventstudy.calibration.seen import SeenRate, calibrate_seen, calibrate_seen_drift
from eventstudy.domain.windows import Offsets

STRATA: tuple[Stratum, ...] = ("all", "turbulent", "calm")


def main(folder: Path) -> None:
    """One row a series, window and way: the median size stated, and the share of dates on which it is seen."""
    metal, stock = es.load("files", folder / "lme_aluminium.csv"), es.load("embedded", symbols=["AA"])
    print("|series|window|way|size|all dates|turbulent fifth|calm fifth|")
    print("|---|---|---|---|---|---|---|")
    for (name, prices), window in product((("LME-CASH", metal), ("AA", stock)), ((0, 0), (0, 1), (0, 4))):
        found = [calibrate_seen(prices, name, dates=stratum, window=window) for stratum in STRATA]
        for rows in zip(*found, strict=True):
            _print(name, window, rows)
    for (name, prices), m in product((("LME-CASH", metal), ("AA", stock)), (250, 750)):
        drifts = tuple(calibrate_seen_drift(prices, name, dates=stratum, m=m, most=600) for stratum in STRATA)
        _print(f"{name}, M = {m}", (2, 10), drifts)


def _print(name: str, window: Offsets, rows: tuple[SeenRate, ...]) -> None:
    rates = "|".join(f"{r.rate:.1%} ± {r.mc_se:.1%}" for r in rows)
    print(f"|{name}|{list(window)}|{rows[0].way}|{rows[0].size:.2%}|{rates}|")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
