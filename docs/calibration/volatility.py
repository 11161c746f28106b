"""Size, power, bias and coverage of what is said about volatility."""

from __future__ import annotations

import math

from eventstudy.calibration.processes import Process
from eventstudy.calibration.volatility import MomentCell, VolatilityCell, calibrate_volatility

REPS = 400
#: Cells of size have this many times the replications: 5% must be told from 7%.
SIZE_TIMES = 3
PROCESSES: tuple[Process, ...] = ("garch", "gjr_t")
MULTIPLES, DAYS = (1.5, 2.0, 4.0), (1, 5, 20)
METHODS = {
    "verdict": "larger p of the next two", "simulated": "simulated paths", "placebo": "placebo dates, local scale",
    "other_origin": "simulated, from before the gap", "constant": "constant variance", "chi_square": "chi-square",
    "variance_placebo": "realized variance, placebo rank", "variance_f": "realized variance, F",
    "brown_forsythe": "Brown-Forsythe", "wilcoxon_variance": "Wilcoxon on sizes",
}  # fmt: skip


def run(reps: int, seed: int) -> str:
    """Size first, then power, then the course of a raised variance."""
    sizes = [
        calibrate_volatility(p, multiple=1.0, before=b, last=last, reps=SIZE_TIMES * reps, seed=seed)
        for p in PROCESSES
        for b, last in ((1.0, 10), (1.0, 21), (4.0, 10))
    ]
    powers = [
        calibrate_volatility(p, multiple=m, days=d, last=10 if d < 10 else 30, reps=reps, seed=seed)
        for p in PROCESSES
        for m in MULTIPLES
        for d in DAYS
    ]
    return "\n".join([_intro(), *_rates("Size", sizes), *_rates("Power", powers), *_courses(powers), *_model(sizes)])


def _intro() -> str:
    return (
        "`garch` is GARCH(.08, .90) with normal shocks, `gjr_t` GJR(.03, .10, .90) with Student(5) shocks, both "
        "with a half-life of 34.3 sessions; the model that is fitted is GJR with Student errors on 1,000 "
        "sessions. The variance of days 1 to D is multiplied; *before* means that it is multiplied from 20 "
        "sessions before day 0 on and nothing happens at day 0. L is the last day measured; sums end at day 21. "
        "Any cell: `eventstudy calibrate-volatility`. Rates at a nominal 5%, in percent, with their Monte Carlo "
        "errors.\n"
    )


def _world(cell: VolatilityCell) -> str:
    if cell.before != 1.0:
        return f"{cell.process}, ×{cell.before:g} before, L {cell.last}"
    what = "nothing" if cell.multiple == 1.0 else f"×{cell.multiple:g} for {cell.days} d"
    return f"{cell.process}, {what}, L {cell.last}"


def _rates(title: str, cells: list[VolatilityCell]) -> list[str]:
    lines = [f"## {title}", "", "|world|" + "|".join(METHODS.values()) + "|", "|---" * (1 + len(METHODS)) + "|"]
    lines += [
        f"|{_world(c)}|" + "|".join(f"{100 * c.rates[m]:.1f} ± {100 * c.mc_se(c.rates[m]):.1f}" for m in METHODS) + "|"
        for c in cells
    ]
    worst = max(cells, key=lambda c: c.rates["verdict"])
    if title == "Size":
        lines += ["", f"Largest size of the p that decides: {100 * worst.rates['verdict']:.1f}% ({_world(worst)})."]
    return [*lines, ""]


def _courses(cells: list[VolatilityCell]) -> list[str]:
    head = ["world", "called raised", "mean multiple", "its coverage"]
    head += ["onset: median", "covered", "back: median", "beyond", "bias", "covered", "half-life: median"]
    lines = ["## Course of a raised variance", ""]
    lines += [
        "Over the replications that are called raised. True onset is day 1; true day back is D + 1. *Beyond*: said "
        "not to be back by day L. A rectangle has no half-life; the fitted one is shown for comparison.",
        "", "|" + "|".join(head) + "|", "|---" * len(head) + "|",
    ]  # fmt: skip
    for c in cells:
        onset, back, half, _ = c.moments
        row = [
            _world(c), _percent(c.raised), f"{c.mean_multiple:.2f}", _percent(c.multiple_coverage),
            _number(onset.median), _percent(onset.coverage), _number(back.median), _percent(back.beyond),
            _number(back.bias), _percent(back.coverage), _number(half.median),
        ]  # fmt: skip
        lines.append("|" + "|".join(row) + "|")
    return [*lines, ""]


def _model(cells: list[VolatilityCell]) -> list[str]:
    """The model's own half-life, from the undisturbed worlds."""
    lines = ["## Half-life of the model", "", "True value 34.3 sessions; no dynamics identified: no half-life.", ""]
    lines += ["|world|no dynamics|median|covered|median length|", "|---|---|---|---|---|"]
    for c in cells:
        if c.before == 1.0:
            m: MomentCell = c.moments[3]
            length = "to infinity" if math.isinf(m.length) else _number(m.length)
            lines.append(f"|{_world(c)}|{_percent(c.fallback)}|{_number(m.median)}|{_percent(m.coverage)}|{length}|")
    return [*lines, ""]


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{100 * value:.0f}%"


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1f}"
