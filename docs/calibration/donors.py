"""One series beside others: ranks among controls, pools of metals and dates, counterfactuals made of donors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

from eventstudy.calibration import Cell, calibrate_dates, calibrate_donors
from eventstudy.calibration.dates import Stratum
from eventstudy.calibration.donors import Counterfactual, Whose
from eventstudy.calibration.tables import designs_table, rate_words, size_power_coverage, worst_table
from eventstudy.domain.prices import PriceTable
from eventstudy.models.base import ExpectedReturn
from eventstudy.models.benchmarks import ConstantMean
from eventstudy.models.regression import MarketModel
from eventstudy.models.synthetic import SyntheticControl
from eventstudy.sources.base import load

#: Replications of a cell when the page is made in full; what refits donors or re-runs dates takes its share of them.
REPS = 1000
LENGTHS, ESTIMATION = (1, 5, 21), (250, 750)
WINDOWS = [(0, length - 1) for length in LENGTHS]
#: Worlds in which effects are added.
POWERED = (("garch_t", "all"), ("variance_x4_before", "all"))
EFFECTS = (0.0, 0.01, 0.02, 0.03, 0.05, 0.08)
WORLDS: dict[str, tuple[str, Whose]] = {
    "iid_normal": ("iid_normal", "all"),
    "t4": ("t4", "all"),
    "garch_t": ("garch_t", "all"),
    "variance x4 before, of all instruments": ("variance_x4_before", "all"),
    "variance x4 before, of the common factor alone": ("variance_x4_before", "common"),
    "variance x4 before, of the treated alone": ("variance_x4_before", "treated"),
}
#: Methods, model, others, and the share of the replications that is affordable.
CASES: tuple[tuple[tuple[str, ...], Counterfactual, int, int], ...] = (
    (("conley_taber", "conformal", "local_scale"), "market_model", 29, 1),
    (("conformal", "local_scale"), "factor_model", 3, 1),
    (("conformal", "local_scale"), "synthetic_control", 3, 4),
    (("pooled_controls",), "factor_model", 3, 2),
)
STRATA: tuple[Stratum, ...] = ("all", "turbulent", "calm")
METALS = ("LME-CU-CASH", "LME-ZN-CASH", "LME-NI-CASH")
#: Real prices that cannot be shipped; without them only the embedded Alcoa of the 1990s is measured.
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def run(reps: int, seed: int) -> str:
    """Sizes in simulated worlds, power, then real dates."""
    everything: list[Cell] = []
    lines = _head(reps)
    for title, (world, whose) in WORLDS.items():
        cells = _simulated(world, whose, reps, seed)
        sizes = [c for c in cells if c.effect == 0.0]
        everything += sizes
        lines += _tables(title, cells)
    lines += ["## Largest size in these worlds", "", *worst_table(everything), ""]
    return "\n".join([*lines, *_real(reps, seed)])


def _head(reps: int) -> list[str]:
    few, fewer = max(1, reps // 2), max(1, reps // 4)
    return [
        "One treated series and others that were not hit, any two correlated by 0.3 through a common factor; factor "
        "and own parts follow the world's law; a change of variance comes 20 sessions before the event. M estimation "
        "sessions, gap of 10, L tested ones. A refusal counts as no rejection. `market_model`: on the mean of the 29 "
        "others, which are the controls as well; `factor_model`: least squares on three others, such as three metals; "
        "`synthetic_control`: weights of three others, each left out when it moved itself; `pooled_controls`: the "
        "three others, at 400 dates each, with the factor model for the treated. "
        f"The Monte Carlo error at 5% is {_error(reps)} points; of "
        f"`pooled_controls`, on {few} replications, {_error(few)}; of synthetic control, on {fewer}, {_error(fewer)}. "
        "A rank among 29 is a multiple of 1/30: at 5% it rejects one in 30, 3.3%, when all are alike. Every interval "
        "inverts its test: where no effect was added it covers the truth as often as the test does not reject.",
        "",
        "*Size*: rejections of a true null at a nominal 5%, in percent; **bold** beyond 7%. *Power*, in two of the "
        f"worlds: rejections when {', '.join(f'{e:.0%}' for e in EFFECTS[1:])} is added to day 0 (a day's standard "
        "deviation is 1.5%), in this order. *Coverage*: of the 95% interval, the least over the sizes of the effect.",
        "",
        "Any cell: `eventstudy calibrate-donors --controls 29 --model market_model --method conley_taber --world "
        "garch_t`; on real dates `eventstudy calibrate --on AA --model market_model --method conley_taber`.",
        "",
    ]


def _simulated(world: str, whose: Whose, reps: int, seed: int) -> list[Cell]:
    cells: list[Cell] = []
    for (methods, model, others, share), m in product(CASES, ESTIMATION):
        effects = EFFECTS if (world, whose) in POWERED and m == ESTIMATION[0] else EFFECTS[:1]
        if methods == ("pooled_controls",) and whose == "common":
            continue  # what the factors explain leaves the pool's world that of garch_t
        # Donors are screened over the tested window: each window is a study of its own.
        each = [[w] for w in WINDOWS] if model == "synthetic_control" else [WINDOWS]
        for windows in each:
            powered = effects if model != "synthetic_control" or windows == WINDOWS[:1] else EFFECTS[:1]
            found = calibrate_donors(
                methods, world, controls=others, model=model, whose=whose, window=windows, m=m,
                reps=max(1, reps // share), effect=powered, effect_unit="return", seed=seed,
            )  # fmt: skip
            cells += _named(found, model)
    return cells


def _tables(title: str, cells: Sequence[Cell]) -> list[str]:
    """Sizes; power and coverage, as far as effects were added."""
    if any(c.effect > 0.0 for c in cells):
        return size_power_coverage(title, cells)
    return [f"## {title}: size", "", *designs_table(cells, lambda found: rate_words(found[0])), ""]


def _named(cells: Sequence[Cell], model: str) -> list[Cell]:
    """Cells whose method says its model, as far as there are several."""
    return [replace(c, method=c.method if c.method == "pooled_controls" else f"{c.method}, {model}") for c in cells]


def _real(most: int, seed: int) -> list[str]:
    """Alcoa among the Dow stocks, LME aluminium among the other metals: each date an announcement."""
    lines = [
        "## Real dates",
        "",
        f"Dates ten sessions away from all announcements in the catalogue, at most {most} of them, evenly spread, "
        f"{most // 4} for synthetic control. The fifths are by the root mean square of the 20 sessions before beside "
        "the estimation window's. Errors are those of clusters. `conley_taber_car`: the rank of the plain sums.",
        "",
    ]
    dow = load("embedded")
    lines += _series("Alcoa among 27 Dow stocks, 1991-2000", dow, "AA", MarketModel("DOW29"), None, most, seed)
    if SHARED.is_dir():
        names = ("aluminium", "copper", "zinc", "nickel")
        lme = load("files", [SHARED / f"lme_{name}.csv" for name in names])
        title = "LME aluminium cash among copper, zinc and nickel, 2008-2023"
        lines += _series(title, lme, "LME-CASH", MarketModel(METALS[:2]), METALS, most, seed)
    return lines


def _series(
    title: str, prices: PriceTable, own: str, market: ExpectedReturn, metals: tuple[str, ...] | None, most: int,
    seed: int,
) -> list[str]:  # fmt: skip
    ranks = ("pooled_controls",) if metals else ("conley_taber", "conley_taber_car")
    everything: list[Cell] = []
    lines: list[str] = []
    for dates in STRATA:
        cells: list[Cell] = []
        for m, length in product(ESTIMATION, LENGTHS):
            window = (0, length - 1)
            powered = dates == "all" and m == ESTIMATION[0] and length < LENGTHS[-1]
            cases: list[tuple[tuple[str, ...], ExpectedReturn, int]] = [
                ((*ranks, "conformal", "local_scale"), market, most)
            ]
            if metals:
                cases.append((("conformal", "local_scale"), SyntheticControl(metals, screen=window), max(1, most // 4)))
            else:
                cases.append((ranks, ConstantMean(), most))
            for methods, model, count in cases:
                found = calibrate_dates(
                    prices, own, methods, dates=dates, window=window, m=m, most=count, model=model, controls=metals,
                    effects=EFFECTS if powered and model.key != "synthetic_control" else EFFECTS[:1], seed=seed,
                )  # fmt: skip
                cells += _named(found, model.key)
        sizes = [c for c in cells if c.effect == 0.0]
        everything += sizes
        counts = " and ".join(str(max(c.reps for c in cells if c.m == m)) for m in ESTIMATION)
        words = sizes[0].world.split(", ")[1]
        lines += [f"{title}, {words}: {counts} dates for M = 250 and 750.", "", *_tables(f"{own}, {words}", cells)]
    return [*lines, f"## {title}: largest size", "", *worst_table(everything), ""]


def _error(reps: int) -> str:
    return f"{100 * (0.05 * 0.95 / reps) ** 0.5:.1f}"
