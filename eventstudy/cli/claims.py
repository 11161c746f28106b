"""``eventstudy claims``: what an article says, claim by claim, and what prices say about it."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from eventstudy._typing import Record
from eventstudy.claims.file import SAYINGS, Claims, claims_saying, read_claims
from eventstudy.claims.result import judge_claims
from eventstudy.cli.announcement import ClockOption, ClockZoneOption, DateOption, TitleOption, announcement_of
from eventstudy.cli.app import (
    BarsMinutesOption,
    BarsStampOption,
    BarsZoneOption,
    JsonOption,
    QuietOption,
    app,
    say,
    split,
    talk,
)
from eventstudy.cli.fetch import FromOption, OfflineOption, RefreshOption, ToOption, date_of, mode_of
from eventstudy.cli.report import rename_of, sources_of
from eventstudy.domain.events import Event, EventTable, make_event
from eventstudy.domain.windows import EventWindow
from eventstudy.errors import InputError
from eventstudy.report.parts import check_target
from eventstudy.spec import PricesSpec, StudyPlan
from eventstudy.study import Study
from eventstudy.volatility.base import GarchResponse


@app.command(name="claims")
def claims_command(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="Claims file, TOML; see the reference.")] = None,
    says: Annotated[list[str] | None, typer.Option(help=f"A claim without a file: {', '.join(SAYINGS)}.")] = None,
    event: Annotated[str | None, typer.Option(help="Apply the claims to an announcement of the catalogue.")] = None,
    date: DateOption = None,
    time: ClockOption = None,
    zone: ClockZoneOption = None,
    title: TitleOption = "",
    instruments: Annotated[
        list[str] | None, typer.Option("--instruments", "-i", help="For --says: ids, the first that the prices hold.")
    ] = None,
    prices: Annotated[list[str] | None, typer.Option(help="File or folder with prices; may be repeated.")] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(help="embedded, files, yahoo, westmetall, ...; may be repeated: the first that has it."),
    ] = None,
    start: FromOption = None,
    end: ToOption = None,
    refresh: RefreshOption = False,
    offline: OfflineOption = False,
    rename: Annotated[str | None, typer.Option("--as", help="What a file's series is: ID, or NAME=ID.")] = None,
    bars_zone: BarsZoneOption = None,
    bars_stamp: BarsStampOption = None,
    bars_minutes: BarsMinutesOption = None,
    garch: Annotated[str, typer.Option(help="Variance model: gjr or garch.")] = "gjr",
    draws: Annotated[int, typer.Option(help="Simulated paths.")] = 1999,
    alpha: Annotated[float | None, typer.Option(help="Chance of any false verdict; default: the file's.")] = None,
    seed: Annotated[int, typer.Option(help="Entropy of every simulation.")] = 0,
    allow_unusable: Annotated[bool, typer.Option(help="Use an event that the catalogue calls unusable.")] = False,
    out: Annotated[str | None, typer.Option("--out", "-o", help="Page to write.")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Judge an article's claims: supported, contradicted, inconclusive or untestable, each with its number."""
    given = context.params
    claims = _claims(given)
    # The announcement that was named; else the article's own, if it has a date.
    happened = announcement_of(given) or claims.event
    if out is not None:
        check_target(out)
    busy = nullcontext() if quiet or not talk.is_terminal else talk.status("measuring ...")
    with busy:
        ends = [happened] if happened else _ends(start, end)
        plan = _plan(given, claims, EventTable(ends)) if ends else None
        result = judge_claims(
            claims, plan.load(optional=True) if plan else None, event=happened, alpha=alpha, seed=seed,
            span=(start, end) if start and not happened else None,
            volatility=plan.study.volatility if plan else None, allow_unusable=allow_unusable,
        )  # fmt: skip
        if out is not None:
            result.report(out)
    say(result, as_json, quiet)
    if out is not None and not quiet:
        talk.print(f"report: {out}", markup=False, soft_wrap=True)
    result.require_measured()


def _claims(given: Record) -> Claims:
    if (given["file"] is None) == (not given["says"]):
        raise InputError(f"name a claims file, or say it with --says: {', '.join(SAYINGS)}")
    if given["file"] is not None:
        if given["instruments"]:
            raise InputError("-i goes with --says; a claims file names its own instruments")
        return read_claims(given["file"])
    return claims_saying(split(given["says"]), instruments=split(given["instruments"]))


def _ends(start: str | None, end: str | None) -> list[Event]:
    """First and last date of a span to scan, as events whose windows tell what prices are needed."""
    if start is None:
        return []
    date_of("--from", start), date_of("--to", end)
    return [make_event(start, id="first"), make_event(end or start, id="last")]


def _plan(given: Record, claims: Claims, events: EventTable) -> StudyPlan:
    """What must be loaded for the claims: their instruments, benchmarks, and the span of their windows."""
    values: Record = {
        "source": sources_of(split(given["source"]), bool(given["prices"])),
        # Without an announcement the dates bound a scan, which needs history before them.
        "start": date_of("--from", given["start"]) if len(events) == 1 else None,
        "end": date_of("--to", given["end"]),
        "mode": mode_of(given["refresh"], given["offline"]),
        "path": list(given["prices"] or []),
        "rename": rename_of(given["rename"]),
    } | {key: given[key] for key in ("bars_zone", "bars_stamp", "bars_minutes")}
    try:
        prices = PricesSpec.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).replace("_", "-")
        raise InputError(f"--{name} {first['input']!r}: {first['msg'][0].lower()}{first['msg'][1:]}") from error
    last = max([10, *(c.window[1] for c in claims if c.window)])
    window = EventWindow(event=(-5, last), estimation=(min(c.estimation[0] for c in claims), -11), windows=())
    volatility = GarchResponse(given["garch"], draws=given["draws"])
    study = Study(instruments=claims.candidates, window=window, volatility=volatility)
    return StudyPlan(study=study, events=events, prices=prices, folder=Path(), report=None)
