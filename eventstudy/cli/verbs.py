"""``eventstudy scan``, ``power`` and ``robustness``: questions that one study does not answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from eventstudy.cli.announcement import (
    CatalogueArgument,
    ClockOption,
    ClockZoneOption,
    DateOption,
    TitleOption,
    announcement_of,
    zone_of,
)
from eventstudy.cli.app import (
    BarsMinutesOption,
    BarsStampOption,
    BarsZoneOption,
    JsonOption,
    QuietOption,
    TimeOption,
    app,
    model_of,
    offsets_of,
    say,
    split,
    talk,
)
from eventstudy.cli.fetch import OfflineOption, RefreshOption, ToOption, date_of, mode_of
from eventstudy.domain.events import EventTable, make_event
from eventstudy.domain.intraday import Intraday, intraday_of
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.windows import Offsets
from eventstudy.errors import InputError, UnknownNameError
from eventstudy.inference.search import Against, Kind, Sign
from eventstudy.models.base import ExpectedReturn
from eventstudy.report.parts import check_target
from eventstudy.sources.base import Mode
from eventstudy.spec import PricesSpec, SourceKey, StudyPlan
from eventstudy.study import Study
from eventstudy.verbs.power import power
from eventstudy.verbs.robustness import ESTIMATIONS, TESTS, WINDOWS, robustness
from eventstudy.verbs.robustness_result import Robustness
from eventstudy.verbs.scan import scan
from eventstudy.verbs.scan_result import Scan

PricesOption = Annotated[list[str] | None, typer.Option(help="File or folder with prices; may be repeated.")]
SourceOption = Annotated[list[str] | None, typer.Option(help="Where prices come from, as in `eventstudy report`.")]
ModelOption = Annotated[str | None, typer.Option(help="Expected-return model (eventstudy models).")]
MarketOption = Annotated[str | None, typer.Option(help="Benchmark, or several, comma-separated.")]
OutOption = Annotated[str | None, typer.Option("--out", "-o", help="Page to write.")]
EstimationOption = Annotated[str, typer.Option(help="Estimation window of every date.")]


@app.command(name="scan")
def scan_command(
    instrument: Annotated[str, typer.Argument(help="One instrument id, such as LME-3M.")],
    start: Annotated[str, typer.Option("--from", help="First date of the span, YYYY-MM-DD.")],
    end: ToOption = None,
    kind: Annotated[Kind, typer.Option(help="Kind of reaction.")] = "return",
    sign: Annotated[Sign, typer.Option(help="Direction of the price reaction.")] = "any",
    window: Annotated[
        str | None, typer.Option(help="Sessions of the reaction; default 0,0 for returns, 1,10 for volatility.")
    ] = None,
    against: Annotated[
        Against, typer.Option(help="Volatility of the sessions before, or around (isolated moves).")
    ] = "before",
    claimed: Annotated[str | None, typer.Option(help="Is this date among those found? YYYY-MM-DD.")] = None,
    within: Annotated[int, typer.Option(help="Sessions around the claimed date that would count as well.")] = 1,
    prices: PricesOption = None,
    source: SourceOption = None,
    bars_zone: BarsZoneOption = None,
    bars_stamp: BarsStampOption = None,
    bars_minutes: BarsMinutesOption = None,
    model: ModelOption = None,
    market: MarketOption = None,
    estimation: EstimationOption = "-260,-11",
    alpha: Annotated[float, typer.Option(help="Probability of any finding when nothing happened.")] = 0.05,
    draws: Annotated[int, typer.Option(help="Simulated series.")] = 999,
    seed: Annotated[int, typer.Option(help="Entropy of the simulation.")] = 0,
    out: OutOption = None,
    refresh: RefreshOption = False,
    offline: OfflineOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Find the dates of a span on which a series reacted, with one error rate for the whole search."""
    first, last = date_of("--from", start), date_of("--to", end)
    assert first is not None
    if out is not None:
        check_target(out)
    chosen = model_of(model, market, instrument, files=bool(prices), source=source)
    with nullcontext() if quiet or not talk.is_terminal else talk.status("scanning ..."):
        table = load_for(
            instrument, chosen, split(prices), split(source), span=(first, last), mode=mode_of(refresh, offline),
            intraday=intraday_of(bars_zone, bars_stamp, bars_minutes),
        )  # fmt: skip
        result = scan(
            table, instrument, start=first, end=last, kind=kind, sign=sign,
            window=window_of("--window", window), against=against, claimed=claimed, within=within, model=chosen,
            estimation=as_pair(offsets_of("--estimation", estimation)), alpha=alpha, draws=draws, seed=seed,
        )  # fmt: skip
    to_page(result, out, quiet)
    say(result, as_json, quiet)


@app.command(name="power")
def power_command(
    instrument: Annotated[str, typer.Argument(help="One instrument id, such as LME-3M.")],
    sizes: Annotated[
        list[str] | None,
        typer.Option("--effect", help="Size of a reaction, such as 2% or 15 (USD/t); may be repeated."),
    ] = None,
    window: Annotated[str, typer.Option(help="Sessions of the reaction.")] = "0,1",
    time: TimeOption = None,
    zone: ClockZoneOption = None,
    start: Annotated[str | None, typer.Option("--from", help="First placebo date, YYYY-MM-DD.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Last placebo date, YYYY-MM-DD.")] = None,
    dates: Annotated[int, typer.Option(help="Placebo dates, evenly spread.")] = 200,
    prices: PricesOption = None,
    source: SourceOption = None,
    bars_zone: BarsZoneOption = None,
    bars_stamp: BarsStampOption = None,
    bars_minutes: BarsMinutesOption = None,
    model: ModelOption = None,
    market: MarketOption = None,
    estimation: EstimationOption = "-260,-11",
    alpha: Annotated[float, typer.Option(help="Level of the verdict.")] = 0.05,
    seed: Annotated[int, typer.Option(help="Entropy of every simulation.")] = 0,
    refresh: RefreshOption = False,
    offline: OfflineOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say how large a reaction must be to be seen, by adding effects at dates far from every known event."""
    first, last = date_of("--from", start), date_of("--to", end)
    effects = [size_of(text) for text in split(sizes)]
    chosen = model_of(model, market, instrument, files=bool(prices), source=source)
    with nullcontext() if quiet or not talk.is_terminal else talk.status("adding effects ..."):
        table = load_for(
            instrument, chosen, split(prices), split(source), span=(first, last), mode=mode_of(refresh, offline),
            intraday=intraday_of(bars_zone, bars_stamp, bars_minutes),
        )  # fmt: skip
        result = power(
            table, instrument, effects=effects, window=as_pair(offsets_of("--window", window)), time=time,
            zone=zone_of(zone, time), start=first, end=last, dates=dates, model=chosen,
            estimation=as_pair(offsets_of("--estimation", estimation)), alpha=alpha, seed=seed,
        )  # fmt: skip
    say(result, as_json, quiet)


def to_page(result: Scan | Robustness, out: str | None, quiet: bool) -> None:
    """Write the page where one was asked for, and say where it is."""
    if out is not None:
        result.report(out)
        if not quiet:
            talk.print(f"report: {out}", markup=False, soft_wrap=True)


def size_of(text: str) -> float:
    """``2%`` as 0.02; a plain number is in the unit of the response."""
    number = text.removesuffix("%")
    try:
        return float(number) / (100.0 if text.endswith("%") else 1.0)
    except ValueError as error:
        raise InputError(f"--effect {text!r} is no size; write 2%, or a number in the unit of the response") from error


@app.command(name="robustness")
def robustness_command(
    context: typer.Context,
    event: CatalogueArgument = None,
    instrument: Annotated[str, typer.Option("--instrument", "-i", help="One instrument id.")] = "AA",
    date: DateOption = None,
    time: ClockOption = None,
    zone: ClockZoneOption = None,
    title: TitleOption = "",
    window: Annotated[list[str] | None, typer.Option(help="A window of the grid; may be repeated.")] = None,
    estimation: Annotated[list[str] | None, typer.Option(help="An estimation window; may be repeated.")] = None,
    models: Annotated[list[str] | None, typer.Option("--model", help="A model of the grid; may be repeated.")] = None,
    market: MarketOption = None,
    tests: Annotated[list[str] | None, typer.Option("--test", help="A test of the grid; may be repeated.")] = None,
    placebos: Annotated[int, typer.Option(help="Dates at which the whole grid is run again.")] = 199,
    prices: PricesOption = None,
    source: SourceOption = None,
    bars_zone: BarsZoneOption = None,
    bars_stamp: BarsStampOption = None,
    bars_minutes: BarsMinutesOption = None,
    seed: Annotated[int, typer.Option(help="Entropy of every simulation.")] = 0,
    out: OutOption = None,
    refresh: RefreshOption = False,
    offline: OfflineOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Measure one announcement under every combination of choices, and test the grid as a whole."""
    announcement = announcement_of(context.params)
    if announcement is None:
        raise InputError("no announcement: name an id of the catalogue (eventstudy events), or --date YYYY-MM-DD")
    if out is not None:
        check_target(out)
    names: list[str | None] = [*split(models)] or [None]
    first, *others = [model_of(name, market, instrument, files=bool(prices), source=source) for name in names]
    grid: dict[str, list[Offsets]] = {
        key: [as_pair(offsets_of(f"--{key[:-1]}", text)) for text in given]
        for key, given in (("windows", window), ("estimations", estimation))
        if given
    }
    with nullcontext() if quiet or not talk.is_terminal else talk.status("running the grid ..."):
        table = load_for(
            instrument, first, split(prices), split(source), span=(announcement.date, announcement.date),
            mode=mode_of(refresh, offline), intraday=intraday_of(bars_zone, bars_stamp, bars_minutes),
        )  # fmt: skip
        result = robustness(
            Study(instruments=(instrument,), model=first, seed=seed), table, announcement,
            models=(first, *others) if models else (), tests=split(tests) or TESTS, placebos=placebos,
            windows=grid.get("windows", WINDOWS), estimations=grid.get("estimations", ESTIMATIONS),
        )  # fmt: skip
    to_page(result, out, quiet)
    say(result, as_json, quiet)


def as_pair(values: Sequence[int]) -> Offsets:
    """Two sessions as a window."""
    return values[0], values[1]


def window_of(option: str, text: str | None) -> Offsets | None:
    """A window of the command line, None when it was not given."""
    return None if text is None else as_pair(offsets_of(option, text))


def load_for(
    instrument: str,
    model: ExpectedReturn,
    paths: Sequence[str],
    sources: Sequence[str],
    *,
    span: tuple[dt.date | None, dt.date | None],
    mode: Mode,
    intraday: Intraday | None,
) -> PriceTable:
    """Prices of one instrument and its benchmarks, with the history that windows and volatility need.

    Raises
    ------
    InputError
        When a source is unknown or a network source has no last date to stop at.
    """
    first, last = span
    if paths and "files" not in sources:
        sources = ["files", *sources]
    unknown = [name for name in sources if name not in get_args(SourceKey)]
    if unknown:
        raise UnknownNameError("source", unknown[0], get_args(SourceKey), hint="(eventstudy sources lists them)")
    bars = intraday or Intraday()
    spec = PricesSpec(
        source=cast(list[SourceKey], list(sources) or ["embedded"]), path=list(paths), mode=mode, bars_zone=bars.zone,
        bars_stamp=None if intraday is None else bars.stamp, bars_minutes=bars.minutes,
    )  # fmt: skip
    if spec.network and (first is None or last is None):
        raise InputError("a network source needs both dates: --from YYYY-MM-DD --to YYYY-MM-DD")
    # The dates matter to network sources only: files and embedded prices are read whole.
    ends = EventTable(
        [make_event(day or dt.date(2000, 1, 1), id=name) for name, day in (("from", first), ("to", last))]
    )
    study = Study(instruments=(instrument,), model=model)
    return StudyPlan(study=study, events=ends, prices=spec, folder=Path(), report=None).load()
