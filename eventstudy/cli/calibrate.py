"""``eventstudy calibrate``: measured size and power of statistics."""

from __future__ import annotations

from typing import Annotated

import typer

from eventstudy.calibration import WORLDS, calibrate, calibrate_dates
from eventstudy.calibration.cells import EffectUnit
from eventstudy.calibration.dates import Stratum
from eventstudy.cli.app import JsonOption, app, offsets_of, show, split
from eventstudy.sources.base import load


@app.command(name="calibrate")
def calibrate_command(
    method: Annotated[list[str], typer.Option(help="Statistics, comma-separated (eventstudy statistics).")],
    world: Annotated[str, typer.Option(help=f"What a statistic may get wrong: {', '.join(e.key for e in WORLDS)}.")] = (
        "iid_normal"
    ),
    window: Annotated[str, typer.Option(help="Tested sessions.")] = "0,0",
    m: Annotated[int, typer.Option("--m", help="Estimation sessions.")] = 250,
    n: Annotated[int, typer.Option("--n", help="Pairs.")] = 1,
    reps: Annotated[int, typer.Option(help="Replications.")] = 1000,
    effect: Annotated[float, typer.Option(help="Injected effect, in --effect-unit.")] = 0.0,
    effect_unit: Annotated[EffectUnit, typer.Option(help="Standard deviations of a day, or a return.")] = "sd",
    on: Annotated[
        str | None, typer.Option(help="Instead of a world: dates of this instrument; effects are in its response.")
    ] = None,
    prices: Annotated[list[str] | None, typer.Option(help="File or folder with its prices; may be repeated.")] = None,
    dates: Annotated[Stratum, typer.Option(help="With --on: all dates, or the most turbulent or calmest fifth.")] = (
        "all"
    ),
    alpha: Annotated[float, typer.Option(help="Nominal size.")] = 0.05,
    seed: Annotated[int, typer.Option(help="Entropy of the draws.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Measure how often statistics reject when nothing, or a known effect, happened."""
    first, last = offsets_of("--window", window)
    if on is None:
        cells = calibrate(
            split(method), world, window=(first, last), m=m, n=n, reps=reps, effect=effect, effect_unit=effect_unit,
            alpha=alpha, seed=seed,
        )  # fmt: skip
    else:
        table = load("files", *prices, symbols=[on]) if prices else load("embedded", symbols=[on])
        cells = calibrate_dates(
            table, on, split(method), dates=dates, window=(first, last), m=m, most=reps, effects=[effect], alpha=alpha,
            seed=seed,
        )  # fmt: skip
    show("cells", [c.to_record() for c in cells], as_json)
