"""One series, one event, in simulated worlds: size, power and coverage of every method."""

from __future__ import annotations

from eventstudy.calibration import Cell, calibrate
from eventstudy.calibration.tables import power_table, sizes_table, worst_table

#: Replications of a cell when the page is made in full.
REPS = 2000
#: Re-running the pipeline at a thousand dates costs so many times as much: that many times fewer replications.
FEWER = 4
WORLDS = ("iid_normal", "t4", "garch_t", "variance_x4_before")
LENGTHS, ESTIMATION = (1, 5, 21), (250, 750)
METHODS = ("verdict", "local_scale", "fhs", "sq_garch", "conformal", "sq", "sq_raw", "t_fe")
DATED = ("placebo_matched", "placebo_dates")
EFFECTS = (0.01, 0.02, 0.03, 0.05, 0.08)


def run(reps: int, seed: int) -> str:
    """Sizes world by world, the worst of each method, power against effects on day 0."""
    few = max(1, reps // FEWER)
    lines = [
        "Rejections of a true null at a nominal 5%, in percent; **bold** beyond 7%. Constant mean, gap of 10 sessions; "
        "L sessions are tested, the model is estimated on M. 1,000 sessions go to the variance model (compiled "
        "likelihood) and 1,000 dates to placebo dates, whatever M is. The Monte Carlo error at 5% is "
        f"{_error(reps)} points; of the two methods with placebo dates, on {few} replications a cell, {_error(few)}.",
        "",
    ]
    everything: list[Cell] = []
    for world in WORLDS:
        cells = _sizes(world, reps, few, seed)
        lines += [f"## {world}", "", *sizes_table(cells), ""]
        everything += cells
    lines += ["## Largest size in these worlds", "", *worst_table(everything), "", "## Power and coverage", ""]
    lines += ["World garch_t (1.5% a day), L = 1, M = 250: rejections (coverage of the 95% interval) by effect.", ""]
    powers = [calibrate(METHODS, "garch_t", reps=reps, effect=e, effect_unit="return", seed=seed) for e in EFFECTS]
    return "\n".join([*lines, *power_table([c for cells in powers for c in cells])])


def _sizes(world: str, reps: int, few: int, seed: int) -> list[Cell]:
    cells: list[Cell] = []
    for keys, count in ((METHODS, reps), (DATED, few)):
        for m in ESTIMATION:
            for length in LENGTHS:
                cells += calibrate(keys, world, window=(0, length - 1), m=m, reps=count, seed=seed)
    return cells


def _error(reps: int) -> str:
    return f"{100 * (0.05 * 0.95 / reps) ** 0.5:.1f}"
