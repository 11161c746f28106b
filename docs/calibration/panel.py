"""Size and power across pairs, in four worlds."""

from __future__ import annotations

from eventstudy.calibration import Cell, calibrate
from eventstudy.inference.base import PANEL_STATISTICS

WORLDS = ("iid_normal", "t4", "doubled_variance", "correlated")
PAIRS = (1, 5, 12, 50)
M = 120
#: Means without a p-value are no tests.
KEYS = tuple(e.key for e in PANEL_STATISTICS if not e.facts["null"].startswith("none"))


def run(reps: int, seed: int) -> str:
    """One table a world: statistics by number of pairs."""
    lines = [f"Nominal size 5%, {M} estimation sessions, constant mean, window [0,0]; in percent.", ""]
    for world in WORLDS:
        columns = [calibrate(KEYS, world, n=n, m=M, reps=reps, seed=seed) for n in PAIRS]
        lines += [f"## {world}", "", "|statistic|" + "|".join(f"N = {n}" for n in PAIRS) + "|"]
        lines += ["|---" * (1 + len(PAIRS)) + "|"]
        lines += [f"|`{key}`|" + "|".join(shown(column[i]) for column in columns) + "|" for i, key in enumerate(KEYS)]
        lines.append("")
    return "\n".join(lines)


def shown(cell: Cell) -> str:
    """Rate and Monte Carlo error in percent; a dash where the statistic refuses."""
    return "-" if cell.reason else f"{100 * cell.rate:.1f} ± {100 * cell.mc_se:.1f}"
