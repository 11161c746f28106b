"""Size, power and coverage of event regressors in the variance."""

from __future__ import annotations

import json
import math
import sys
from functools import partial
from typing import get_args

from eventstudy.calibration.event_variance import EventVarianceCell, calibrate_event_variance
from eventstudy.calibration.processes import Clustered
from eventstudy.engines.event_likelihood import Form
from eventstudy.volatility.event_garch import MIN_DAYS

REPS = 2000
#: Power is told apart with so many times fewer replications, and the form that decides nothing with fewer still.
FEWER, ADDITIVE = 5, 10
#: Paths of one bootstrap: 5% is a multiple of 1 / (1 + PATHS), so the level is exact.
PATHS = 39
PROCESSES: dict[str, str] = {"garch": "GARCH, normal", "gjr_t": "GJR, Student(5)"}
FORMS: tuple[Form, ...] = get_args(Form)[::-1]
#: Sessions of the regressor, and what the variance is multiplied by from 20 sessions before day 0 on.
SIZES = ((20, 1.0), (5, 1.0), (20, 4.0))
MULTIPLES, DAYS = (1.5, 2.0, 4.0), (20, 5, 1)
ROWS = {"event_lr_bootstrap": "bootstrap", "event_lr": "LR", "event_wald": "Wald"}


def run(reps: int, seed: int) -> str:
    """Size, then power; every cell is printed as it comes."""
    cell = partial(calibrate_event_variance, bootstrap=PATHS, seed=seed)
    fewer, additive = (max(1, reps // n) for n in (FEWER, ADDITIVE))
    sizes = [
        _said(cell(p, form=f, days=days, before=before, reps=additive if f == "additive" else reps))
        for days, before in SIZES
        for p in get_args(Clustered)
        for f in FORMS
    ]
    powers = [
        _said(cell(p, form=f, multiple=m, days=d, asked=max(d, MIN_DAYS), reps=additive if f == "additive" else fewer))
        for d in DAYS
        for m in MULTIPLES
        for p in get_args(Clustered)
        for f in FORMS
    ]
    one_sided = [_said(cell(p, before=4.0, alternative="greater", reps=fewer)) for p in get_args(Clustered)]
    error = [100.0 * math.sqrt(0.05 * 0.95 / n) for n in (reps, fewer, additive)]
    lines = [
        f"GARCH(.08, .90) with normal or GJR(.03, .10, .90) with Student(5) shocks, {sizes[0].sessions} sessions "
        "before day 0 and 60 after it; the model that is fitted is the same. The variance of days 1 to D is "
        "multiplied, and the regressor is one on days 1 to R: a test of fewer than "
        f"{MIN_DAYS} days is refused, since one coefficient would be fitted to one squared residual, so a change of "
        f"one day is looked for in {MIN_DAYS}. Two-sided rejections at 5%, in percent; bootstrap of {PATHS} paths. "
        "*Covered*: 95% intervals of the multiple that hold the true one, each inverting the test of its name; "
        "*length*: median of the upper over the lower end. The additive form has no multiple. Any cell: `eventstudy "
        f"calibrate-event-variance`. {reps} replications of a size, {fewer} of a power, of the same series at every "
        f"multiple, {additive} of anything additive; Monte Carlo errors at 5% {error[0]:.1f}, {error[1]:.1f} and "
        f"{error[2]:.1f} points.",
        "", "## Nothing happens", "",
        "*Before*: the variance is that many times as large from 20 sessions before day 0 on.", "",
        *_table(sizes, power=False),
        "", _largest(sizes), "", _one_sided(one_sided), "",
        "## The variance changes", "",
        "*Raised*: p at most 5% by the bootstrap and its interval above one, what a study calls raised. *Bias*: mean "
        "log of the multiple found over the true one.", "",
        *_table(powers, power=True),
    ]  # fmt: skip
    return "\n".join(lines)


def _said(cell: EventVarianceCell) -> EventVarianceCell:
    """Progress of a run that takes an hour."""
    print(json.dumps(cell.to_record()), file=sys.stderr, flush=True)
    return cell


def _table(cells: list[EventVarianceCell], *, power: bool) -> list[str]:
    """One row a cell: world, rates, what was found, coverage, lengths, refusals."""
    head = ["world", *(("times", "D") if power else ("before",)), "R", "form", *ROWS.values()]
    head += [*(("raised", "median multiple", "bias") if power else ()), *(f"covered, {r}" for r in ROWS.values())]
    head += [*(f"length, {r}" for r in ROWS.values()), "refused"]
    lines = ["|" + "|".join(head) + "|", "|---" * len(head) + "|"]
    for c in cells:
        row = [PROCESSES[c.process], *((f"{c.multiple:g}", str(c.days)) if power else (f"{c.before:g}",))]
        row += [str(c.asked), c.form, *(_percent(c.rates[k]) for k in ROWS)]
        row += [_percent(c.raised), _number(c.median_multiple), _number(c.bias, "+.2f")] if power else []
        row += [*(_percent(c.coverage[k]) for k in ROWS), *(_number(c.length[k]) for k in ROWS), str(c.refused)]
        lines.append("|" + "|".join(row) + "|")
    return lines


def _largest(cells: list[EventVarianceCell]) -> str:
    """The largest size of each test, by form."""
    said = []
    for form in FORMS:
        mine = [c for c in cells if c.form == form]
        words = []
        for key, name in ROWS.items():
            rate, error = max((c.rates[key], c.mc_se(c.rates[key])) for c in mine)
            words.append(f"{100 * rate:.1f} ± {100 * error:.1f} ({name})")
        said.append(f"{form} {', '.join(words)}")
    return f"Largest sizes: {'; '.join(said)}."


def _one_sided(cells: list[EventVarianceCell]) -> str:
    """What `alternative="greater"` does where the variance had risen before."""
    rates = [f"{_percent(c.rates['event_lr_bootstrap'])} ({PROCESSES[c.process]})" for c in cells]
    return (
        f"One-sided, the bootstrap rejects in {' and '.join(rates)} where the variance is {cells[0].before:g} times as "
        f"large before ({cells[0].reps} replications): the rise before counts as one after."
    )


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{100 * value:.1f}"


def _number(value: float, how: str = ".2f") -> str:
    return "-" if math.isnan(value) else format(value, how)
