"""Size and power across pairs of the statistics that forecast every pair's variance."""

from __future__ import annotations

from make_calibration import load_part  # the driver's folder is on the path when a part is loaded

from eventstudy.calibration import WORLDS, Cell, calibrate

#: Replications of a cell: every pair of every replication has its own GARCH fit.
REPS = 300
PAIRS, M = (5, 12), 500
#: Independence, fat tails that cluster, an event that doubles the variance, a shock that pairs share.
SHOWN = ("iid_normal", "garch_t", "doubled_variance", "correlated")
EFFECT = 0.5


def run(reps: int, seed: int) -> str:
    """A table a world: rejections without an effect, and with one on day 0."""
    sizes = load_part("panel")
    keys = sizes.GARCH_KEYS
    lines = [
        "Share of samples in which a statistic rejects at nominal 5%, in percent ± its Monte Carlo standard error; –",
        f"where it refuses. {M} estimation sessions, a GJR-GARCH with t errors of each pair on them (compiled "
        "likelihood), constant mean, window [0,0]. In doubled_variance the tests of volatility should reject. One cell "
        f"again: `eventstudy calibrate --method savickas_t --world garch_t --n 12 --m {M} --reps {reps} "
        f"--seed {seed}`.",
        "",
    ]
    words = {0.0: "nothing", EFFECT: f"{EFFECT:g} s.d. on day 0"}
    heads = [f"N = {n}, {words[e]}" for n in PAIRS for e in words]
    for world in SHOWN:
        columns: list[tuple[Cell, ...]] = [
            calibrate(keys, world, n=n, m=M, reps=reps, effect=e, seed=seed) for n in PAIRS for e in (0.0, EFFECT)
        ]
        lines += [f"## {WORLDS[world].title[0].upper()}{WORLDS[world].title[1:]} (`{world}`)", ""]
        lines += ["|statistic|" + "|".join(heads) + "|", "|---" * (1 + len(heads)) + "|"]
        rows = zip(keys, zip(*columns, strict=True), strict=True)
        lines += [f"|`{key}`|" + "|".join(map(sizes.cell_words, cells)) + "|" for key, cells in rows]
        lines.append("")
    return "\n".join(lines)
