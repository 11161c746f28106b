"""One series, one event, on the dates of real series: size, power and coverage of every method."""

from __future__ import annotations

from pathlib import Path

from eventstudy.calibration import Cell, calibrate_dates
from eventstudy.calibration.dates import Stratum
from eventstudy.calibration.tables import power_table, sizes_table, worst_table
from eventstudy.sources.base import load

#: Dates of a cell at most when the page is made in full: more than there are.
REPS = 2000
LENGTHS = (1, 5, 21)
METHODS = (
    "verdict", "local_scale", "fhs", "placebo_matched", "sq_garch", "conformal", "placebo_dates", "sq", "sq_raw", "t_fe"
)  # fmt: skip
STRATA: dict[Stratum, str] = {"all": "all dates", "turbulent": "most turbulent fifth", "calm": "calmest fifth"}
EFFECTS = (0.0, 0.01, 0.02, 0.03, 0.05, 0.08)
#: Real prices that cannot be shipped; without them only the embedded Alcoa of the 1990s is measured.
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "lme_aluminium.csv"


def run(reps: int, seed: int) -> str:
    """Per series: sizes over all dates and the extreme fifths, then power and coverage."""
    series = {"AA": ("Alcoa Inc., 1991-2000, embedded", load("embedded", symbols=["AA"]))}
    if SHARED.is_file():
        series["LME-CASH"] = ("LME aluminium cash, 2008-2023", load("files", SHARED, symbols=["LME-CASH"]))
    lines = [
        f"Every date is taken for an announcement, at most {reps} of them, evenly spread, ten sessions away from all "
        "in the catalogue; M = 250, constant mean. The fifths are by the root mean square of the 20 sessions before "
        "beside the estimation window's. Rejections at a nominal 5%, in percent; **bold** beyond 7%. Tested windows of "
        "L sessions overlap where dates are closer than L: the Monte Carlo error is then larger than that of "
        f"{reps} draws ({100 * (0.05 * 0.95 / reps) ** 0.5:.1f} points). A refusal counts as no rejection.",
        "",
    ]
    everything: list[Cell] = []
    for key, (title, prices) in series.items():
        for stratum, words in STRATA.items():
            cells: list[Cell] = []
            for length in LENGTHS:
                effects = EFFECTS if stratum == "all" and length < LENGTHS[-1] else EFFECTS[:1]
                cells += calibrate_dates(
                    prices, key, METHODS, dates=stratum, window=(0, length - 1), most=reps, effects=effects, seed=seed
                )
            sizes = [c for c in cells if c.effect == 0.0]
            lines += [f"## {title}, {words} ({max(c.reps for c in cells)} dates)", "", *sizes_table(sizes), ""]
            everything += sizes
            for length in LENGTHS[:-1]:
                power = [c for c in cells if c.window[1] + 1 == length and c.effect > 0.0]
                if power:
                    lines += [f"Power (coverage) by the effect on day 0, L = {length}:", "", *power_table(power), ""]
    return "\n".join([*lines, "## Largest size on real dates", "", *worst_table(everything)])
