"""``eventstudy volatility``: what an announcement did to volatility, and nothing else."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import Annotated

import typer

from eventstudy._typing import Record
from eventstudy.cli.announcement import CatalogueArgument, ClockOption, ClockZoneOption, DateOption, TitleOption
from eventstudy.cli.app import (
    BarsMinutesOption,
    BarsStampOption,
    BarsZoneOption,
    JsonOption,
    QuietOption,
    app,
    offsets_of,
    talk,
)
from eventstudy.cli.fetch import OfflineOption, RefreshOption
from eventstudy.cli.report import SpilloverOption, plan_of
from eventstudy.report.parts import check_target
from eventstudy.report.record import dumps, study_record
from eventstudy.report.summary import volatility_text
from eventstudy.spec import StudyPlan
from eventstudy.volatility_spec import VarianceEventsSpec, variance_events

#: What a study's record says of volatility, and of what it was measured on.
KEYS = ("volatility", "variance_events", "spillover", "day0", "overlaps", "outcomes", "counts", "quality", "provenance")


@app.command(name="volatility")
def volatility_command(
    context: typer.Context,
    event: CatalogueArgument = None,
    instruments: Annotated[
        list[str] | None, typer.Option("--instruments", "-i", help="Ids or selectors, comma-separated.")
    ] = None,
    prices: Annotated[list[str] | None, typer.Option(help="File or folder with prices; may be repeated.")] = None,
    source: Annotated[
        list[str] | None, typer.Option(help="Where prices come from, as in `eventstudy report`; may be repeated.")
    ] = None,
    bars_zone: BarsZoneOption = None,
    bars_stamp: BarsStampOption = None,
    bars_minutes: BarsMinutesOption = None,
    date: DateOption = None,
    time: ClockOption = None,
    zone: ClockZoneOption = None,
    title: TitleOption = "",
    market: Annotated[str | None, typer.Option(help="Benchmark, or several, comma-separated.")] = None,
    model: Annotated[str, typer.Option(help="Expected-return model (eventstudy models).")] = "market_model",
    garch: Annotated[str, typer.Option(help="Variance model: gjr or garch.")] = "gjr",
    days: Annotated[str, typer.Option(help="Days of the event in the variance, compared with --before.")] = "1,20",
    before: Annotated[str, typer.Option(help="Sessions that --days are compared with.")] = "-260,-11",
    half_life: Annotated[
        float | None, typer.Option(help="Sessions in which the event's part halves; else it is one on all --days.")
    ] = None,
    spillover: SpilloverOption = None,
    bootstrap: Annotated[int, typer.Option(help="Paths behind the p to report; 0: asymptotic rows only.")] = 199,
    alpha: Annotated[float, typer.Option(help="One minus the confidence of intervals.")] = 0.05,
    seed: Annotated[int, typer.Option(help="Entropy of every simulation.")] = 0,
    refresh: RefreshOption = False,
    offline: OfflineOption = False,
    out: Annotated[str | None, typer.Option("--out", "-o", help="Page to write.")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say what volatility did after one announcement: how large, since when, how long, and did it move elsewhere."""
    plan = _plan(context.params)
    if out is not None:
        check_target(out)
    with nullcontext() if quiet or not talk.is_terminal else talk.status("measuring ..."):
        result = plan.run()
        if out is not None:
            from eventstudy.report.page import write_page  # pictures cost a second of start that text need not pay

            write_page(result, out, part="volatility")
    if as_json:
        record = study_record(result)
        print(dumps({key: record[key] for key in KEYS}))
    elif not quiet:
        print(volatility_text(result))
    if out is not None and not quiet:
        talk.print(f"report: {out}", markup=False, soft_wrap=True)
    result.require_used()


def _plan(given: Record) -> StudyPlan:
    """The plan of `eventstudy report` with the same options, without its statistics of returns."""
    plan = plan_of(given)
    first, last = offsets_of("--days", given["days"])
    table = VarianceEventsSpec(
        shape="pulse" if given["half_life"] is None else "decay", days=[first, last], half_life=given["half_life"],
        kind="garch" if given["garch"] == "garch" else "gjr", bootstrap=given["bootstrap"],
        before=[*offsets_of("--before", given["before"])],
    )  # fmt: skip
    study = replace(plan.study, statistics=(), counterfactuals=False, variance_events=variance_events(table))
    return replace(plan, study=study)
