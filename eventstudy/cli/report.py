"""``eventstudy report`` and ``eventstudy run``: one announcement, or a study file, to a page or JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from eventstudy._typing import Record
from eventstudy.cli.announcement import (
    CatalogueArgument,
    ClockOption,
    ClockZoneOption,
    DateOption,
    TitleOption,
    own_announcement,
)
from eventstudy.cli.app import (
    BarsMinutesOption,
    BarsStampOption,
    BarsZoneOption,
    JsonOption,
    QuietOption,
    app,
    offsets_of,
    split,
    talk,
)
from eventstudy.cli.fetch import FromOption, OfflineOption, RefreshOption, ToOption, date_of, mode_of
from eventstudy.cli.verify import write_lock
from eventstudy.domain.time_unit import TimeUnit
from eventstudy.domain.windows import EventWindow
from eventstudy.errors import InputError, UnknownNameError
from eventstudy.measure import known_words
from eventstudy.report.parts import check_target
from eventstudy.report.record import dumps, study_record
from eventstudy.report.summary import inside_words
from eventstudy.spec import DEFAULT_INSTRUMENTS, StudyPlan, StudySpec, plan_from_spec, read_study
from eventstudy.study import StudyResult
from eventstudy.verdict import headline, judge

#: Keys of ``[prices]`` that are options of the same name.
FILE_KEYS = ("duplicates", "nonpositive", "dates", "bars_zone", "bars_stamp", "bars_minutes")

InstrumentsOption = Annotated[
    list[str] | None, typer.Option("--instruments", "-i", help="Ids or selectors, comma-separated.")
]
SourceOption = Annotated[
    list[str] | None,
    typer.Option(
        help="embedded, files, yahoo, westmetall, fred, french, worldbank; may be repeated: the first that has it."
    ),
]
RiskfreeOption = Annotated[
    str | None, typer.Option(help="Riskless return of a factor model; none: raw returns; default RF.")
]
ControlsOption = Annotated[
    str | None, typer.Option(help="Instruments or selectors that the announcement should leave alone.")
]
CounterfactualsOption = Annotated[
    bool, typer.Option("--counterfactuals/--no-counterfactuals", help="Ask the effect in other ways as well.")
]
ReleasesOption = Annotated[str | None, typer.Option(help="File with scheduled releases to list: name,date,time,zone.")]
ConventionOption = Annotated[
    str, typer.Option(help="Whose standardisation across pairs: textbook, estudy2 or eventstudy2.")
]
VarianceEventsOption = Annotated[
    bool, typer.Option("--variance-events", help="Also: event in the variance, breaks, before and after; 2 s a pair.")
]
SpilloverOption = Annotated[
    list[str] | None, typer.Option(help="Did volatility move to these? Ids or selectors, comma-separated.")
]


@app.command()
def report(
    context: typer.Context,
    event: CatalogueArgument = None,
    instruments: InstrumentsOption = None,
    prices: Annotated[list[str] | None, typer.Option(help="File or folder with prices; may be repeated.")] = None,
    source: SourceOption = None,
    start: FromOption = None,
    end: ToOption = None,
    refresh: RefreshOption = False,
    offline: OfflineOption = False,
    rename: Annotated[str | None, typer.Option("--as", help="What a file's series is: ID, or NAME=ID.")] = None,
    date: DateOption = None,
    time: ClockOption = None,
    zone: ClockZoneOption = None,
    title: TitleOption = "",
    market: Annotated[str | None, typer.Option(help="Benchmark, or several, comma-separated.")] = None,
    model: Annotated[str, typer.Option(help="Expected-return model (eventstudy models).")] = "market_model",
    riskfree: RiskfreeOption = None,
    returns: Annotated[str, typer.Option(help="instrument, log or simple.")] = "instrument",
    policy: Annotated[str, typer.Option(help="own_calendar or strict.")] = "own_calendar",
    calendar: Annotated[str | None, typer.Option(help="Instrument whose dates make the strict calendar.")] = None,
    controls: ControlsOption = None,
    counterfactuals: CounterfactualsOption = True,
    releases: ReleasesOption = None,
    primary: Annotated[str | None, typer.Option(help="Primary window, such as 0,1.")] = None,
    event_window: Annotated[str, typer.Option(help="Event window.")] = "-5,10",
    estimation: Annotated[str, typer.Option(help="Estimation window.")] = "-260,-11",
    window: Annotated[list[str] | None, typer.Option(help="A further window to test; may be repeated.")] = None,
    min_estimation: Annotated[int | None, typer.Option(help="Fewest valid estimation sessions.")] = None,
    overlap: Annotated[str, typer.Option(help="Other events in the estimation window: keep, mask, drop.")] = "keep",
    missing: Annotated[str, typer.Option(help="Gap in the primary window: refuse or sum.")] = "refuse",
    duplicates: Annotated[str, typer.Option(help="Duplicate rows that disagree: error or last.")] = "error",
    nonpositive: Annotated[str, typer.Option(help="Prices of zero or below: error or missing.")] = "error",
    dates: Annotated[str, typer.Option(help="Order in dates: auto, ymd, dmy, mdy.")] = "auto",
    bars_zone: BarsZoneOption = None,
    bars_stamp: BarsStampOption = None,
    bars_minutes: BarsMinutesOption = None,
    garch: Annotated[str, typer.Option(help="Variance model: gjr or garch.")] = "gjr",
    origin: Annotated[str, typer.Option(help="Variance forecast from session -1 (event) or before the gap.")] = "event",
    draws: Annotated[int, typer.Option(help="Simulated paths.")] = 1999,
    variance_events: VarianceEventsOption = False,
    spillover: SpilloverOption = None,
    convention: ConventionOption = "textbook",
    alpha: Annotated[float, typer.Option(help="One minus the confidence of intervals.")] = 0.05,
    seed: Annotated[int, typer.Option(help="Entropy of every simulation.")] = 0,
    horizon: Annotated[int | None, typer.Option(help="Last session of the drift that judges speed; else 10.")] = None,
    allow_unusable: Annotated[bool, typer.Option(help="Study an event that the catalogue calls unusable.")] = False,
    out: Annotated[str | None, typer.Option("--out", "-o", help="Page to write; default <event>.html.")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Measure one announcement and write the report; without arguments the 1994 accord on Alcoa, offline."""
    # The options themselves are read from the context: one mapping onto the study file's schema, in `plan_of`.
    try:
        _carry_out(plan_of(context.params), as_json=as_json, quiet=quiet)
    except UnknownNameError as error:
        if instruments or error.kind != "instrument" or error.name not in DEFAULT_INSTRUMENTS:
            raise
        raise InputError(f"{error}; none was named, so {', '.join(DEFAULT_INSTRUMENTS)} were looked for") from error


@app.command()
def run(
    study: Annotated[Path, typer.Argument(help="Study file, TOML.")],
    out: Annotated[str | None, typer.Option("--out", "-o", help="Page to write, instead of the file's own.")] = None,
    refresh: RefreshOption = False,
    offline: OfflineOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run a study described in TOML."""
    plan = read_study(study)
    if refresh or offline:
        plan = replace(plan, prices=plan.prices.model_copy(update={"mode": mode_of(refresh, offline)}))
    target = out or (str(plan.folder / plan.report) if plan.report else None)
    _carry_out(plan, as_json=as_json, quiet=quiet, target=target, lock=study)


def _carry_out(
    plan: StudyPlan, *, as_json: bool, quiet: bool, target: str | None = None, lock: Path | None = None
) -> None:
    """Run a plan, write the page or print JSON, and say where things are."""
    target = target or plan.report
    if target is None and not as_json:
        target = f"{_slug(next(iter(plan.events)))}.html"
    if target is not None:
        check_target(target)
    busy = nullcontext() if quiet or not talk.is_terminal else talk.status("measuring ...")
    with busy:
        result = plan.run()
        if target is not None:
            result.report(target)
        if lock is not None:
            write_lock(lock, result)
    if as_json:
        print(dumps(study_record(result)))
    elif not quiet:
        _tell(result)
    if target is not None and not quiet:
        talk.print(f"report: {target}", markup=False, soft_wrap=True)
    result.require_used()


def _tell(result: StudyResult) -> None:
    verdicts = judge(result)
    talk.print(headline(verdicts), markup=False, soft_wrap=True)
    for words in inside_words(result):
        talk.print(f"note: {words}", markup=False, soft_wrap=True)
    measured = {o.instrument for o in result.used}
    for late in result.later:
        if late.instrument in measured:
            talk.print(f"note: {late.words}", markup=False, soft_wrap=True)
    near = [(o.event, o) for o in result.overlaps if o.place == "event window"]
    for words in dict.fromkeys(words for event, o in near for words in known_words(result.events[event], [o])):
        talk.print(f"note: {words[0].lower()}{words[1:]}", markup=False, soft_wrap=True)
    dropped = [o for o in result.outcomes if o not in result.used]
    for outcome in dropped:
        talk.print(
            TimeUnit(result.minutes).words(
                f"dropped: {outcome.event} on {outcome.instrument}: {outcome.outcome} ({outcome.detail})",
                names=[outcome.event, outcome.instrument],
            ),
            markup=False,
            soft_wrap=True,
        )


def plan_of(options: Record) -> StudyPlan:
    """Command-line options as a study, through the same schema as a study file; left out: as `report` has them."""
    defaults = signature(report).parameters.values()
    given: Record = {p.name: p.default for p in defaults if p.default is not p.empty} | options
    same = (
        "returns", "calendar", "alpha", "seed", "horizon", "allow_unusable", "convention", "counterfactuals", "releases"
    )  # fmt: skip
    values: Record = {key: given[key] for key in same} | {
        "events": [given["event"]] if given["event"] else [],
        "event": own_announcement(given),
        "instruments": split(given["instruments"]),
        "controls": split([given["controls"]]) if given["controls"] else None,
        "report": given["out"],
        "prices": {key: given[key] for key in FILE_KEYS}
        | {
            "source": sources_of(split(given["source"]), bool(given["prices"])),
            "start": date_of("--from", given["start"]),
            "end": date_of("--to", given["end"]),
            "mode": mode_of(given["refresh"], given["offline"]),
            "path": list(given["prices"] or []),
            "rename": rename_of(given["rename"]),
        },
        "model": {
            "name": given["model"],
            "market": split([given["market"]]) if given["market"] else None,
            "riskfree": given["riskfree"],
        },
        "window": {key: given[key] for key in ("min_estimation", "policy", "overlap", "missing")}
        | {
            "primary": offsets_of("--primary", given["primary"]) if given["primary"] else None,
            "event": offsets_of("--event-window", given["event_window"]),
            "estimation": offsets_of("--estimation", given["estimation"]),
            "windows": _with_defaults(given["window"], given["event_window"]),
        },
        "volatility": {"kind": given["garch"], "draws": given["draws"], "origin": given["origin"]}
        | {"events": given["variance_events"], "spillover": split(given["spillover"])},
    }
    try:
        return plan_from_spec(StudySpec.model_validate(values), Path())
    except ValidationError as error:
        first = error.errors()[0]
        name = "--" + [str(k) for k in first["loc"] if isinstance(k, str)][-1].replace("_", "-")
        raise InputError(f"{name} {first['input']!r}: {first['msg'][0].lower()}{first['msg'][1:]}") from error


def sources_of(named: list[str], files: bool) -> list[str]:
    """Sources as named; files that are given come first."""
    if files and "files" not in named and "embedded" not in named:
        return ["files", *named]
    return named or ["embedded"]


def rename_of(text: str | None) -> str | dict[str, str] | None:
    """What a file's series is, as ``--as`` says it."""
    if text is None or "=" not in text:
        return text
    pairs = [part.rpartition("=") for part in text.split(",")]
    # Yahoo's futures end in "=F": the last "=" that is followed by an id separates.
    return {old.strip(): new.strip() for old, _, new in pairs}


def _with_defaults(windows: Sequence[str] | None, event_window: str) -> list[list[int]] | None:
    """The default windows that fit, and the user's own; None leaves the defaults to the spec."""
    if not windows:
        return None
    first, last = offsets_of("--event-window", event_window)
    fitting = [list(w) for w in EventWindow().windows if first <= w[0] and w[1] <= last]
    return fitting + [offsets_of("--window", w) for w in windows]


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.") or "report"
