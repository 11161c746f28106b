"""``eventstudy calibrate-...`` of what is said about variance: size, power and bias where it is known."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from eventstudy._typing import Record
from eventstudy.calibration.breaks import FINDERS, BreaksCell, Detector, calibrate_breaks
from eventstudy.calibration.event_variance import calibrate_event_variance
from eventstudy.calibration.processes import Clustered
from eventstudy.calibration.ranges import ESTIMATED, calibrate_ranges
from eventstudy.calibration.spillover import Correlation, calibrate_spillover
from eventstudy.calibration.variance_change import calibrate_variance_change
from eventstudy.calibration.volatility import calibrate_volatility
from eventstudy.cli.app import JsonOption, app, show
from eventstudy.cli.calibrate import ProcessOption
from eventstudy.engines.event_likelihood import Form
from eventstudy.volatility.event_tests import Side

MultipleOption = Annotated[float, typer.Option(help="Variance of days 1 to --days, times what it was.")]
DaysOption = Annotated[int | None, typer.Option(help="Sessions for which it is raised; for good when left out.")]
BeforeOption = Annotated[float, typer.Option(help="Multiple of the variance from session -20 on.")]
LastOption = Annotated[int, typer.Option(help="Last day of the stretch after, which begins with day 1.")]
StretchOption = Annotated[int, typer.Option(help="Sessions of the stretch before, which ends with session -11.")]
RepsOption = Annotated[int, typer.Option(help="Replications.")]
AlphaOption = Annotated[float, typer.Option(help="Nominal size.")]
SeedOption = Annotated[int, typer.Option(help="Entropy of the draws.")]


@app.command(name="calibrate-volatility")
def calibrate_volatility_command(
    process: ProcessOption = "gjr_t",
    multiple: Annotated[float, typer.Option(help="Variance of days 1 to --days, times what it was.")] = 1.0,
    days: Annotated[int | None, typer.Option(help="Days for which it is raised; 5 when left out.")] = None,
    half_life: Annotated[float | None, typer.Option(help="Or it fades: half of the excess is gone in so many.")] = None,
    before: BeforeOption = 1.0,
    last: Annotated[int, typer.Option(help="Last day measured.")] = 10,
    sessions: Annotated[int, typer.Option(help="Sample of the variance model.")] = 1000,
    reps: RepsOption = 200,
    alpha: AlphaOption = 0.05,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Measure what is said about volatility where the variance is known: rejections, bias, coverage."""
    cell = calibrate_volatility(
        process, multiple=multiple, days=days, half_life=half_life, before=before, last=last, sessions=sessions,
        reps=reps, alpha=alpha, seed=seed,
    )  # fmt: skip
    if as_json:
        show("cells", [cell.to_record()], as_json)
        return
    rows: list[Record] = [{"method": k, "rate": v, "mc_se": round(cell.mc_se(v), 4)} for k, v in cell.rates.items()]
    show("rates", rows, as_json)
    show("moments", [asdict(m) for m in cell.moments], as_json)


@app.command(name="calibrate-event-variance")
def calibrate_event_variance_command(
    process: Annotated[Clustered, typer.Option(help="GARCH with normal, or GJR with Student(5) shocks.")] = "gjr_t",
    multiple: Annotated[float, typer.Option(help="Variance of days 1 to --days, times what it was.")] = 1.0,
    days: Annotated[int, typer.Option(help="Days for which it is raised.")] = 20,
    before: BeforeOption = 1.0,
    form: Annotated[Form, typer.Option(help="How the regressor enters the variance.")] = "multiplicative",
    asked: Annotated[int | None, typer.Option(help="The regressor is one on days 1 to this; --days when left out.")] = (
        None
    ),
    alternative: Annotated[Side, typer.Option(help="One-sided p, or those that agree with intervals.")] = "two-sided",
    sessions: Annotated[int, typer.Option(help="Sessions before day 0.")] = 750,
    reps: RepsOption = 200,
    bootstrap: Annotated[int, typer.Option(help="Paths of each bootstrap; 0: asymptotic rows only.")] = 39,
    alpha: AlphaOption = 0.05,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Measure event regressors in the variance where it is known: rejections, bias and coverage of the multiple."""
    cell = calibrate_event_variance(
        process, multiple=multiple, days=days, before=before, form=form, asked=asked, alternative=alternative,
        sessions=sessions, reps=reps, bootstrap=bootstrap, alpha=alpha, seed=seed,
    )  # fmt: skip
    if as_json:
        show("cells", [cell.to_record()], as_json)
        return
    rows: list[Record] = [
        {
            "statistic": k,
            "rate": v,
            "mc_se": round(cell.mc_se(v), 4),
            "coverage": cell.coverage[k],
            "length": cell.length[k],
        }
        for k, v in cell.rates.items()
    ]
    show("rates", rows, as_json)
    rest = {k: getattr(cell, k) for k in ("raised", "median_multiple", "bias", "refused", "reason")}
    show("found", [rest], as_json)


@app.command(name="calibrate-breaks")
def calibrate_breaks_command(
    process: ProcessOption = "gjr_t",
    multiple: Annotated[
        float, typer.Option(help="Variance of --days sessions from --first on, times what it was.")
    ] = 1.0,
    days: DaysOption = None,
    first: Annotated[int, typer.Option(help="First session with it.")] = 0,
    before: BeforeOption = 1.0,
    sessions: Annotated[int, typer.Option(help="Sessions before day 0.")] = 750,
    after: Annotated[int, typer.Option(help="Sessions after day 0.")] = 149,
    reps: RepsOption = 200,
    alpha: AlphaOption = 0.05,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Measure breaks of the variance where it is known: what is found, and when it is said to have been."""
    cell = calibrate_breaks(
        process, multiple=multiple, days=days, first=first, before=before, sessions=sessions, after=after, reps=reps,
        alpha=alpha, seed=seed,
    )  # fmt: skip
    if as_json:
        show("cells", [cell.to_record()], as_json)
        return
    show("rates", [_detector(cell, key) for key in cell.rates], as_json)
    show("agreements", [{"agreement": k, "share": v, "mc_se": cell.mc_se(v)} for k, v in cell.words.items()], as_json)
    names = ("coverage", "coverage_found", "bias", "bias_error", "median_miss", "members", "unsimulated")
    show("found", [{k: getattr(cell, k) for k in names}], as_json)


def _detector(cell: BreaksCell, key: Detector) -> Record:
    rate = cell.rates[key]
    row: Record = {"detector": key, "rate": rate, "mc_se": cell.mc_se(rate, key)}
    return row | {"near": cell.near[key] if key in FINDERS else "-"}


@app.command(name="calibrate-variance-change")
def calibrate_variance_change_command(
    process: ProcessOption = "gjr_t",
    multiple: MultipleOption = 1.0,
    days: DaysOption = None,
    before: BeforeOption = 1.0,
    last: LastOption = 20,
    sessions: StretchOption = 250,
    reps: RepsOption = 1000,
    alpha: AlphaOption = 0.05,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Measure the tests of a variance after against before where it is known: rejections and bias."""
    cell = calibrate_variance_change(
        process, multiple=multiple, days=days, before=before, last=last, sessions=sessions, reps=reps, alpha=alpha,
        seed=seed,
    )  # fmt: skip
    if as_json:
        show("cells", [cell.to_record()], as_json)
        return
    rows: list[Record] = [
        {"test": k, "rate": v, "mc_se": cell.mc_se(k), "refused": cell.refused[k]} for k, v in cell.rates.items()
    ]
    show("rates", rows, as_json)
    show("found", [{k: getattr(cell, k) for k in ("times", "median_ratio", "bias", "bias_error")}], as_json)


@app.command(name="calibrate-ranges")
def calibrate_ranges_command(
    process: ProcessOption = "gjr_t",
    multiple: MultipleOption = 1.0,
    days: DaysOption = None,
    before: BeforeOption = 1.0,
    steps: Annotated[int, typer.Option(help="Prices of a bar after its open.")] = 390,
    overnight: Annotated[float, typer.Option(help="Share of the day's variance between close and open.")] = 0.2,
    last: LastOption = 20,
    sessions: StretchOption = 250,
    reps: RepsOption = 200,
    alpha: AlphaOption = 0.05,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Measure variances from open, high, low and close where the variance is known: bias and rejections."""
    cell = calibrate_ranges(
        process, multiple=multiple, days=days, before=before, steps=steps, overnight=overnight, last=last,
        sessions=sessions, reps=reps, alpha=alpha, seed=seed,
    )  # fmt: skip
    if as_json:
        show("cells", [cell.to_record()], as_json)
        return
    rows: list[Record] = [
        {
            "estimator": k,
            "rate": cell.rates[k],
            "mc_se": cell.mc_se(k),
            **{name: getattr(cell, name)[k] for name in ESTIMATED if name != "rates"},
            "refused": n,
        }
        for k, n in cell.refused.items()
    ]
    show("estimators", rows, as_json)


@app.command(name="calibrate-spillover")
def calibrate_spillover_command(
    process: ProcessOption = "garch",
    multiple: Annotated[float, typer.Option(help="Both variances on days 1 to --days, times what they were.")] = 1.0,
    days: DaysOption = None,
    before: BeforeOption = 1.0,
    correlation: Annotated[Correlation, typer.Option(help="Constant at .3, or a DCC around it.")] = "dcc",
    during: Annotated[float | None, typer.Option(help="Correlation on days 1 to 20, instead of its own.")] = None,
    leads: Annotated[
        float,
        typer.Option(help="Share of the target's variance that follows yesterday's shock of the source, 0 to 1."),
    ] = 0.0,
    sessions: Annotated[int, typer.Option(help="Sessions before day 0.")] = 750,
    draws: Annotated[int, typer.Option(help="Paths and permutations of each test.")] = 499,
    reps: RepsOption = 200,
    alpha: AlphaOption = 0.05,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Measure the tests of spillover where variances and correlation are known: rejections, bias and coverage."""
    cell = calibrate_spillover(
        process, multiple=multiple, days=days, before=before, correlation=correlation, during=during, leads=leads,
        sessions=sessions, draws=draws, reps=reps, alpha=alpha, seed=seed,
    )  # fmt: skip
    if as_json:
        show("cells", [cell.to_record()], as_json)
        return
    rows: list[Record] = [
        {"statistic": k, "rate": v, "mc_se": cell.mc_se(k), "refused": cell.refused[k]} for k, v in cell.rates.items()
    ]
    show("rates", rows, as_json)
    show("found", [{k: getattr(cell, k) for k in ("change", "bias", "bias_error", "coverage")}], as_json)
