"""One series, one event, on the dates of real series: size, power and coverage of every method."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from eventstudy.calibration import Cell, calibrate_dates
from eventstudy.calibration.dates import Stratum
from eventstudy.calibration.tables import size_power_coverage, worst_table
from eventstudy.sources.base import load

#: Dates of a cell at most when the page is made in full: more than there are.
REPS = 3000
LENGTHS, ESTIMATION = (1, 5, 21), (250, 750)
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
        "in the catalogue; constant mean; M estimation sessions, L tested ones. The fifths are by the root mean square "
        "of the 20 sessions before beside the estimation window's. A refusal counts as no rejection. Monte Carlo "
        "errors are those of clusters: neighbouring dates share their volatility and, where they are closer than L, "
        "their sessions.",
        "",
        "*Size*: rejections at a nominal 5%, in percent; **bold** beyond 7%. *Power*: rejections when "
        f"{', '.join(f'{e:.0%}' for e in EFFECTS[1:])} is added to day 0, in this order. *Coverage*: of the 95% "
        "interval, the least over the sizes of the effect.",
        "",
    ]
    everything: list[Cell] = []
    for key, (title, prices) in series.items():
        for stratum, words in STRATA.items():
            cells: list[Cell] = []
            for m, length in product(ESTIMATION, LENGTHS):
                cells += calibrate_dates(
                    prices, key, METHODS, dates=stratum, window=(0, length - 1), m=m, most=reps, effects=EFFECTS,
                    seed=seed,
                )  # fmt: skip
            sizes = [c for c in cells if c.effect == 0.0]
            counts = " and ".join(str(max(c.reps for c in cells if c.m == m)) for m in ESTIMATION)
            dates = f"{title}, {words}: {counts} dates for M = {' and '.join(map(str, ESTIMATION))}."
            lines += [dates, "", *size_power_coverage(f"{key}, {words}", cells)]
            everything += sizes
    return "\n".join([*lines, "## Largest size on real dates", "", *worst_table(everything)])
