"""One series, one event, in simulated worlds: size, power and coverage of every method."""

from __future__ import annotations

from itertools import product

from eventstudy.calibration import Cell, calibrate
from eventstudy.calibration.tables import size_power_coverage, worst_table

#: Replications of a cell when the page is made in full.
REPS = 2000
WORLDS = ("iid_normal", "t4", "garch_t", "variance_x4_before")
LENGTHS, ESTIMATION = (1, 5, 21), (250, 750)
METHODS = (
    "verdict", "local_scale", "fhs", "placebo_matched", "sq_garch", "conformal", "placebo_dates", "sq", "sq_raw", "t_fe"
)  # fmt: skip
EFFECTS = (0.0, 0.01, 0.02, 0.03, 0.05, 0.08)


def run(reps: int, seed: int) -> str:
    """Sizes, powers and coverage world by world, then the worst of each method."""
    injected = ", ".join(f"{e:.0%}" for e in EFFECTS[1:])
    lines = [
        "Constant mean, gap of 10 sessions; L sessions are tested, the model is estimated on M. 1,000 sessions go to "
        "the variance model (compiled likelihood) and 1,000 dates to placebo dates, whatever M is. All methods and "
        "effects see the same draws. A refusal counts as no rejection. The Monte Carlo error at 5% is "
        f"{100 * (0.05 * 0.95 / reps) ** 0.5:.1f} points.",
        "",
        "*Size*: rejections of a true null at a nominal 5%, in percent; **bold** beyond 7%. *Power*: rejections when "
        f"{injected} is added to day 0 (a day's standard deviation is 1.5%), in this order. *Coverage*: of the 95% "
        "interval, the least over the sizes of the effect.",
        "",
    ]
    everything: list[Cell] = []
    for world in WORLDS:
        cells = [
            c
            for m, length in product(ESTIMATION, LENGTHS)
            for c in calibrate(
                METHODS, world, window=(0, length - 1), m=m, reps=reps, effect=EFFECTS, effect_unit="return", seed=seed
            )
        ]
        everything += [c for c in cells if c.effect == 0.0]
        lines += size_power_coverage(world, cells)
    return "\n".join([*lines, "## Largest size in these worlds", "", *worst_table(everything)])
