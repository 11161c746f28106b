"""Power across pairs, world by world."""

from __future__ import annotations

from make_calibration import load_part  # the driver's folder is on the path when a part is loaded

from eventstudy.calibration import WORLDS, calibrate

#: Replications of a cell: twenty cells, each over every statistic.
REPS = 300
#: Standard deviations of a day, added to day 0 of every pair.
EFFECT = 0.5


def run(reps: int, seed: int) -> str:
    """One table a world: rejections of a false null by the number of pairs."""
    sizes = load_part("panel")
    lines = [
        f"Share of samples in which a statistic rejects at nominal 5% when {EFFECT:g} standard deviations of a day are",
        f"added to day 0 of every pair, in percent ± its Monte Carlo standard error; – where it refuses. {sizes.M} "
        "estimation sessions, constant mean, window [0,0]. Power counts only where the size holds: read it beside",
        "[the sizes](calibration-panel.md). One cell again: `eventstudy calibrate --method cs_t --world correlated "
        f"--n 12 --m {sizes.M} --effect {EFFECT:g} --reps {reps} --seed {seed}`.",
        "",
    ]
    for world in sizes.WORDS:
        columns = [
            calibrate(sizes.KEYS, world, n=n, m=sizes.M, reps=reps, effect=EFFECT, seed=seed) for n in sizes.PAIRS
        ]
        lines += [f"## {WORLDS[world].title[0].upper()}{WORLDS[world].title[1:]} (`{world}`)", ""]
        lines += sizes.table([f"N = {n}" for n in sizes.PAIRS], columns)
    return "\n".join(lines)
