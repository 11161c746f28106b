"""``eventstudy calibrate``: measured size and power of statistics."""

from __future__ import annotations

from typing import Annotated

import typer

from eventstudy.calibration import WORLDS, World, calibrate, calibrate_dates, calibrate_donors, variance_world
from eventstudy.calibration.beside import CONTROL_KEYS, POOLED
from eventstudy.calibration.cells import EffectUnit
from eventstudy.calibration.dates import Stratum
from eventstudy.calibration.donors import Counterfactual, Whose
from eventstudy.calibration.processes import Process
from eventstudy.calibration.speed import Change, Course, calibrate_speed
from eventstudy.cli.announcement import ClockZoneOption, zone_of
from eventstudy.cli.app import (
    BarsMinutesOption,
    BarsStampOption,
    BarsZoneOption,
    JsonOption,
    TimeOption,
    app,
    model_of,
    offsets_of,
    show,
    split,
)
from eventstudy.domain.intraday import intraday_of
from eventstudy.domain.windows import Offsets
from eventstudy.errors import InputError
from eventstudy.sources.base import load

ProcessOption = Annotated[
    Process,
    typer.Option(help="GARCH with normal, GJR with Student(5) shocks, or independent normal or Student(5) returns."),
]


@app.command(name="calibrate")
def calibrate_command(
    method: Annotated[list[str], typer.Option(help="Statistics, comma-separated (eventstudy statistics).")],
    world: Annotated[
        str | None,
        typer.Option(help=f"What a statistic may get wrong: {', '.join(e.key for e in WORLDS)}; default iid_normal."),
    ] = None,
    process: Annotated[
        Process | None,
        typer.Option(help="Instead of a world: this process, its variance multiplied on days 1 to --days."),
    ] = None,
    multiple: Annotated[float, typer.Option(help="With --process: by how much.")] = 1.0,
    days: Annotated[int | None, typer.Option(help="With --process: for how many days; for good when left out.")] = None,
    before: Annotated[float, typer.Option(help="With --process: multiple of the variance from session -20 on.")] = 1.0,
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
    bars_zone: BarsZoneOption = None,
    bars_stamp: BarsStampOption = None,
    bars_minutes: BarsMinutesOption = None,
    time: TimeOption = None,
    zone: ClockZoneOption = None,
    dates: Annotated[Stratum, typer.Option(help="With --on: all, or the most turbulent or calmest fifth.")] = "all",
    model: Annotated[str, typer.Option(help="With --on: model of the expected response.")] = "constant_mean",
    market: Annotated[
        str | None, typer.Option(help="With --on: its benchmarks, factors or donors, comma-separated.")
    ] = None,
    beside: Annotated[str | None, typer.Option(help="With --on: controls, comma-separated; else a study's.")] = None,
    alpha: Annotated[float, typer.Option(help="Nominal size.")] = 0.05,
    seed: Annotated[int, typer.Option(help="Entropy of the draws.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Measure how often statistics reject when nothing, or a known effect, happened."""
    first, last = offsets_of("--window", window)
    bars = intraday_of(bars_zone, bars_stamp, bars_minutes)
    alone, keys = (model, market, beside, dates) == ("constant_mean", None, None, "all"), split(method)
    _check_kind(world, process, on, own=bool(prices), bars=bars is not None or time is not None, alone=alone)
    if on is not None and (n, effect_unit) != (1, "sd"):
        raise InputError("--n and --effect-unit go with simulated data: --on measures one series, in its response")
    simulated = _simulated(world, process, multiple, days, before, window=(first, last))
    if on is None:
        cells = calibrate(
            keys, simulated, window=(first, last), m=m, n=n, reps=reps, effect=effect, effect_unit=effect_unit,
            alpha=alpha, seed=seed,
        )  # fmt: skip
    else:
        symbols = [on] if model == "constant_mean" and not set(keys) & {*CONTROL_KEYS, POOLED} else None
        table = load("files" if prices else "embedded", prices or (), symbols=symbols, intraday=bars)
        cells = calibrate_dates(
            table, on, keys, dates=dates, window=(first, last), m=m, most=reps, effects=[effect], alpha=alpha,
            model=model_of(model, market, on, files=bool(prices), source=None), seed=seed, time=time,
            zone=zone_of(zone, time), controls=split([beside]) if beside else None,
        )  # fmt: skip
    show("cells", [c.to_record() for c in cells], as_json)


def _check_kind(
    world: str | None, process: Process | None, on: str | None, *, own: bool, bars: bool, alone: bool
) -> None:
    """Refuse options of another kind of data than the one that is named."""
    if bars and (on is None or not own):
        raise InputError("bars and their clock time go with --on and --prices: only files of your own hold them")
    if on is None and not alone:
        raise InputError(
            "--model, --market, --beside and --dates go with --on; simulated others: eventstudy calibrate-donors"
        )
    if [world, process, on].count(None) < 2:
        raise InputError("--world, --process and --on are three kinds of data: name one")


def _simulated(
    world: str | None, process: Process | None, multiple: float, days: int | None, before: float, *, window: Offsets
) -> str | World:
    """A named world, or a process whose variance is multiplied, on a day of the window at least."""
    if process is not None:
        if multiple != 1.0 and (window[1] < 1 or (days is not None and window[0] > days)):
            raise InputError(
                f"--multiple changes the variance of days 1 {'on' if days is None else f'to {days}'}, and "
                f"--window={window[0]},{window[1]} holds none of them; give one that does, such as "
                f"--window=1,{days or 1}"
            )
        return variance_world(process, multiple=multiple, days=days, before=before)
    if (multiple, days, before) != (1.0, None, 1.0):
        raise InputError("--multiple, --days and --before go with --process")
    return world or "iid_normal"


@app.command(name="calibrate-donors")
def calibrate_donors_command(
    method: Annotated[list[str], typer.Option(help="Statistics of one pair, comma-separated, or pooled_controls.")],
    world: Annotated[str, typer.Option(help="As in calibrate, simulated.")] = "iid_normal",
    controls: Annotated[int, typer.Option(help="Others with a common factor that were not hit.")] = 29,
    model: Annotated[Counterfactual, typer.Option(help="Expected response, made of the others.")] = "constant_mean",
    whose: Annotated[Whose, typer.Option(help="Whose variance changes where the world's does.")] = "all",
    window: Annotated[str, typer.Option(help="Tested sessions.")] = "0,0",
    m: Annotated[int, typer.Option("--m", help="Estimation sessions.")] = 250,
    reps: Annotated[int, typer.Option(help="Replications.")] = 1000,
    effect: Annotated[float, typer.Option(help="Injected into the treated instrument, in --effect-unit.")] = 0.0,
    effect_unit: Annotated[EffectUnit, typer.Option(help="Standard deviations of a day, or a return.")] = "sd",
    alpha: Annotated[float, typer.Option(help="Nominal size.")] = 0.05,
    seed: Annotated[int, typer.Option(help="Entropy of the draws.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Measure what looks at other instruments: ranks among controls, pools, counterfactuals made of donors."""
    first, last = offsets_of("--window", window)
    cells = calibrate_donors(
        split(method), world, controls=controls, model=model, whose=whose, window=(first, last), m=m, reps=reps,
        effect=effect, effect_unit=effect_unit, alpha=alpha, seed=seed,
    )  # fmt: skip
    show("cells", [c.to_record() for c in cells], as_json)


@app.command(name="calibrate-speed")
def calibrate_speed_command(
    course: Annotated[Course, typer.Option(help="How the reaction comes.")] = "instant",
    effect: Annotated[float, typer.Option(help="Its size, in standard deviations of a day.")] = 5.0,
    process: ProcessOption = "gjr_t",
    feeds: Annotated[bool, typer.Option(help="Its moves feed the variance of the sessions after.")] = False,
    variance: Annotated[Change, typer.Option(help="What happens to the variance besides.")] = "none",
    horizon: Annotated[int, typer.Option(help="Last session of the drift.")] = 10,
    m: Annotated[int, typer.Option("--m", help="Estimation sessions.")] = 250,
    reps: Annotated[int, typer.Option(help="Replications.")] = 200,
    alpha: Annotated[float, typer.Option(help="Nominal size.")] = 0.05,
    seed: Annotated[int, typer.Option(help="Entropy of the draws.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Measure how often a reaction of known course is called swift, delayed or an overshoot."""
    cell = calibrate_speed(
        course, effect, process=process, feeds=feeds, variance=variance, horizon=horizon, m=m, reps=reps,
        alpha=alpha, seed=seed,
    )  # fmt: skip
    show("cells", [cell.to_record()], as_json)
