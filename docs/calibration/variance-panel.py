"""Size, power and bias of tests of variance across pairs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import get_args

from eventstudy.calibration import Cell, calibrate, variance_world
from eventstudy.calibration.processes import Clustered

REPS = 400
#: Power is told apart with so many times fewer replications.
FEWER = 2
PAIRS, M = 12, 750
#: Tests of one day, multipliers of one day, which have no p, and tests of all days of a window.
OF_A_DAY = ("avar_t", "patell_variance_z", "savickas_t")
DESCRIBED = ("avar_mean", "bgw_M", "bgw_garch_M", "bgw_garch_M_unbiased")
OF_DAYS = ("bgw_chi2", "bgw_chi2_unbiased", "bgw_garch_chi2", "bgw_garch_chi2_unbiased")
DAYS = (1, 5, 20)
#: Variance of the days asked about, and of all from session -20 on, times what it was.
HAPPENS = ((1.0, 1.0), (1.0, 4.0), (1.5, 1.0), (2.0, 1.0), (4.0, 1.0))


def run(reps: int, seed: int) -> str:
    """One table of day 1, one of windows; every row is printed as it comes."""
    fewer = max(1, reps // FEWER)
    worlds = [(p, m, b, reps if m == 1.0 else fewer) for p in get_args(Clustered) for m, b in HAPPENS]
    lines = [
        f"{PAIRS} independent pairs of GARCH(.08, .90) with normal (`garch`) or GJR(.03, .10, .90) with Student(5) "
        f"shocks (`gjr_t`), {M} sessions of estimation, constant mean. The variance of days 1 to D is multiplied; "
        "*before*: it is that many times as large from session -20 on. `garch` in a key: every pair's variance is "
        "forecast with a GJR-GARCH of t errors; the other keys take it for constant. Rejections at 5%, in percent, "
        f"with Monte Carlo errors; {reps} replications of a size, {fewer} of a power. One cell again: `eventstudy "
        f"calibrate --method bgw_chi2 --process garch --multiple 2 --days 5 --window=1,5 --n {PAIRS} --m {M} "
        f"--reps {fewer} --seed {seed}`.",
        "", "## One day", "",
        "Day 1 alone. `savickas_t` is a test of the mean that allows for a changed variance: it should not reject. "
        "Means of multipliers should be the multiple; the mean of `bgw_M` without an event is up to N / (N - 1).", "",
        *_head(["process", "times", "before", *(f"`{k}`" for k in OF_A_DAY), *(f"mean `{k}`" for k in DESCRIBED)]),
    ]  # fmt: skip
    for process, multiple, before, count in worlds:
        cells = _cells((*OF_A_DAY, *DESCRIBED), process, multiple, before, 1, count, seed)
        told = [*(_rate(c) for c in cells[: len(OF_A_DAY)]), *(f"{c.estimate:.2f}" for c in cells[len(OF_A_DAY) :])]
        lines.append("|".join(["", process, f"{multiple:g}", f"{before:g}", *told, ""]))
    lines += [
        "", "## Days 1 to D", "", "In brackets the mean multiplier of these days.", "",
        *_head(["process", "times", "before", "D", *(f"`{k}`" for k in OF_DAYS)]),
    ]  # fmt: skip
    for process, multiple, before, count in worlds:
        for days in DAYS:
            cells = _cells(OF_DAYS, process, multiple, before, days, count, seed)
            told = [f"{_rate(c)} ({c.estimate:.2f})" for c in cells]
            lines.append("|".join(["", process, f"{multiple:g}", f"{before:g}", str(days), *told, ""]))
    return "\n".join(lines)


def _cells(
    keys: Sequence[str], process: Clustered, multiple: float, before: float, days: int, reps: int, seed: int
) -> tuple[Cell, ...]:
    """Cells of days 1 to `days`, and progress of a run that takes a quarter of an hour."""
    world = variance_world(process, multiple=multiple, days=days, before=before)
    cells = calibrate(keys, world, window=(1, days), m=M, n=PAIRS, reps=reps, seed=seed)
    print(json.dumps([c.to_record() for c in cells]), file=sys.stderr, flush=True)
    return cells


def _head(names: list[str]) -> list[str]:
    return ["|" + "|".join(names) + "|", "|---" * len(names) + "|"]


def _rate(cell: Cell) -> str:
    return f"{100 * cell.rate:.1f} ± {100 * cell.mc_se:.1f}"
