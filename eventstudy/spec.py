"""A study described in TOML: read, validated with the line of every mistake, and run like any other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import Field, field_validator

from eventstudy._typing import Policy
from eventstudy.domain.align import Returns
from eventstudy.domain.events import Event, EventTable, catalog, make_event
from eventstudy.domain.instruments import instruments
from eventstudy.domain.intraday import Intraday, Stamp, intraday_of
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.quality_table import check_table
from eventstudy.domain.windows import EventWindow, Offsets
from eventstudy.errors import InputError, UnknownNameError
from eventstudy.kernels.stats import Convention
from eventstudy.models.named import make_model
from eventstudy.sources.base import Mode, Request, load
from eventstudy.sources.event_files import read_events
from eventstudy.sources.feed import Fetch, Span
from eventstudy.sources.files import FileReader
from eventstudy.sources.network import NETWORK_SOURCES, joined_new, load_first
from eventstudy.study import Study, StudyResult
from eventstudy.toml_file import TomlTable, read_toml
from eventstudy.volatility.variance_events import FIRST, LAST
from eventstudy.volatility_spec import VolatilitySpec, garch_response, variance_events

#: Measured when nobody names an instrument, as far as the prices hold them.
DEFAULT_INSTRUMENTS = ("LME-3M", "AA", "CENX")
DEFAULT_EVENT = "six-nation-accord-1994"
SourceKey = Literal["embedded", "files", "yahoo", "westmetall", "fred", "french", "worldbank"]
#: Calendar days that hold a session, holidays included, and days to spare at both ends of a range.
_DAYS_PER_SESSION, _SPARE_DAYS = 1.5, 40


class PricesSpec(TomlTable):
    """``[prices]``: where prices come from.

    ``source`` is one or a list: every instrument comes from the first source that has it. ``path`` (one or several,
    relative to the TOML file) is for the source ``files``; ``start``, ``end`` and ``mode`` are for network sources,
    the range left out being what the study needs around its events. The other keys as in `load`.
    """

    source: list[SourceKey] = Field(default=["embedded"])
    start: dt.date | None = None
    end: dt.date | None = None
    mode: Mode = "normal"
    path: str | list[str] = Field(default_factory=list)
    rename: dict[str, str] | str | None = None
    duplicates: Literal["error", "last"] = "error"
    nonpositive: Literal["error", "missing"] = "error"
    dates: Literal["auto", "ymd", "dmy", "mdy"] = "auto"
    bars_zone: str | None = None
    bars_stamp: Stamp | None = None
    bars_minutes: int | None = None

    @field_validator("source", mode="before")
    @classmethod
    def _one_source(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("start", "end", mode="before")
    @classmethod
    def _date_in_quotes(cls, value: object) -> object:
        return dt.date.fromisoformat(value) if isinstance(value, str) else value

    @property
    def intraday(self) -> Intraday | None:
        """How clock times are read, where a key says so."""
        return intraday_of(self.bars_zone, self.bars_stamp, self.bars_minutes)

    @property
    def network(self) -> list[str]:
        """The sources that talk to another computer."""
        return [s for s in self.source if s in NETWORK_SOURCES]

    @property
    def paths(self) -> list[str]:
        """Paths as a list."""
        return [self.path] if isinstance(self.path, str) else self.path


class EventSpec(TomlTable):
    """``[event]``: an announcement of your own, without a catalogue id."""

    date: str | dt.date
    time: str | dt.time | None = None
    zone: str = "America/New_York"
    id: str = ""
    title: str = ""


class ModelSpec(TomlTable):
    """``[model]``: expected-return model and its benchmarks.

    ``riskfree`` is the riskless return of a factor model: the named models take ``RF`` unless it says otherwise,
    ``"none"`` takes raw returns. ``options`` are the further arguments of the model's class, such as ``kind`` of
    ``robust``.
    """

    name: str = "market_model"
    market: str | list[str] | None = None
    riskfree: str | None = None
    options: dict[str, int | float | str | list[int] | list[float] | list[str]] = Field(default_factory=dict)


class WindowSpec(TomlTable):
    """``[window]``: sessions relative to day 0, both ends included; see `EventWindow`."""

    primary: list[int] | None = Field(default=None, min_length=2, max_length=2)
    event: list[int] = Field(default=[-5, 10], min_length=2, max_length=2)
    estimation: list[int] = Field(default=[-260, -11], min_length=2, max_length=2)
    windows: list[list[int]] | None = None
    min_estimation: int | None = None
    policy: Policy = "own_calendar"
    overlap: Literal["keep", "mask", "drop"] = "keep"
    missing: Literal["refuse", "sum"] = "refuse"
    max_delay: int = EventWindow.max_delay


class StudySpec(TomlTable):
    """A whole study file.

    ``events`` names catalogue ids, or the ids of ``events_file``; ``[event]`` describes one that is in neither.
    ``releases`` is a file like ``events_file`` with the scheduled releases to list.
    """

    events: list[str] = Field(default_factory=list)
    events_file: str | None = None
    instruments: list[str] = Field(default_factory=list)
    returns: Returns = "instrument"
    calendar: str | None = None
    controls: list[str] | None = None
    counterfactuals: bool = True
    releases: str | None = None
    statistics: list[str] | None = None
    alpha: float = 0.05
    seed: int = 0
    horizon: int | None = None
    allow_unusable: bool = False
    convention: Convention = "textbook"
    report: str | None = None
    event: EventSpec | None = None
    prices: PricesSpec = PricesSpec()
    model: ModelSpec = ModelSpec()
    window: WindowSpec = WindowSpec()
    volatility: VolatilitySpec = VolatilitySpec()


@dataclass(frozen=True, kw_only=True)
class StudyPlan:
    """A study with everything it needs: what `read_study` returns and what the command line builds.

    Attributes
    ----------
    study : Study
    events : EventTable
    prices : PricesSpec
    folder : Path
        Relative paths start here.
    report : str or None
        Where the page goes.
    only : mapping of str to str, or None
        Answers in the store that may be used: hash -> last date that counts, ``""`` for any. None is all.
    """

    study: Study
    events: EventTable
    prices: PricesSpec
    folder: Path
    report: str | None
    only: Mapping[str, str] | None = None

    def load(self, *, optional: bool = False) -> PriceTable:
        """Read the prices that the study needs: its instruments and their benchmarks.

        Parameters
        ----------
        optional : bool
            Leave out instruments that no source has, as long as one of them is had.
        """
        sources = self.prices.source
        if "embedded" in sources:
            if len(sources) > 1:
                raise InputError("the embedded prices stand alone; leave the other sources out, or 'embedded'")
            return load("embedded")
        if "files" in sources and not self.prices.paths:
            raise InputError("source 'files' needs a path: [prices] path = \"...\", or --prices PATH")
        files = _Files(self.prices, self.folder)
        wanted = list(instruments().select(self.study.instruments))
        wanted += [i for e in self.events.values() for i in e.instruments if i not in wanted]
        if self.prices.network:
            return self._load_mixed(files, wanted, required=[] if optional else wanted)
        table = files.load(wanted, required=not optional)
        return files.load(self._further(wanted, table), required=False, table=table)

    def _further(self, wanted: list[str], table: PriceTable | None) -> list[str]:
        """Benchmarks, the calendar's instrument and named controls, as far as the table lacks them."""
        controls = instruments().select(self.study.controls or ())
        more = [*controls, *(f for name in (*wanted, *controls) for f in self._benchmarks(name))]
        more += [*([self.study.calendar] if self.study.calendar else []), *self.study.spillover]
        return [f for f in dict.fromkeys(more) if table is None or not table.provides(f)]

    def _load_mixed(self, files: _Files, wanted: list[str], required: list[str]) -> PriceTable:
        """Every instrument from the first source that has it; a selector's member that none has is left out."""
        further = [f for f in self._further(wanted, None) if f not in wanted]
        return load_first(
            self.prices.source,
            [*wanted, *further],
            required=[n for n in self.study.instruments if n in required],
            in_files=files.find,
            span=self.span(),
            how=Fetch(mode=self.prices.mode, nonpositive=self.prices.nonpositive, only=self.only),
        )

    def span(self) -> Span:
        """Dates that network sources are asked for: as given, else what windows and volatility need."""
        days = [pd.Timestamp(e.announced).date() for e in self.events.values()]
        window, volatility = self.study.window, self.study.volatility
        before, after = max(-window.estimation[0], volatility.sessions if volatility else 0), window.event[1]
        if self.study.variance_events or self.study.spillover:
            before, after = max(before, -FIRST), max(after, LAST)
        if self.study.variance_events:
            after = max(after, self.study.variance_events.last)
        first = min(days) - dt.timedelta(days=round(before * _DAYS_PER_SESSION) + _SPARE_DAYS)
        last = max(days) + dt.timedelta(days=round(after * _DAYS_PER_SESSION) + _SPARE_DAYS)
        return Span(self.prices.start or first, self.prices.end or last)

    def _benchmarks(self, name: str) -> tuple[str, ...]:
        model = self.study.model
        if not model.needs_market:
            return ()
        if model.market is not None:
            return model.market
        known = instruments()
        return known[name].benchmark or known[name].later_benchmark if name in known else ()

    def run(self) -> StudyResult:
        """Load the prices, run the study, and look at its series with the exchanges' calendars as well."""
        prices = self.load()
        result = self.study.run(prices, self.events)
        return replace(result, quality=check_table(prices.with_derived(result.names).only(result.names)))


class _Files:
    """The paths of ``[prices]``, in their order; every file is read once."""

    def __init__(self, prices: PricesSpec, folder: Path) -> None:
        self._paths = [folder / p for p in prices.paths]
        self._reader = FileReader(
            Request(
                rename=prices.rename,
                duplicates=prices.duplicates,
                nonpositive=prices.nonpositive,
                dates=prices.dates,
                intraday=prices.intraday,
            )
        )

    def load(self, wanted: list[str], *, required: bool, table: PriceTable | None = None) -> PriceTable:
        """`table` and every wanted instrument from the first path that has it."""
        missing: UnknownNameError | None = None
        for name in wanted:
            if table is not None and table.provides(name):
                continue
            for path in self._paths:
                try:
                    found = self._reader.find(path, name)
                except UnknownNameError as error:
                    missing = missing or error
                    continue
                table = found if table is None else joined_new(table, found)
                break
            else:
                if required and missing is not None:
                    raise missing
        if table is None and missing is not None:
            raise missing
        if table is None:
            raise InputError("no instrument: name at least one with instruments = [...] or -i")
        return table

    def find(self, name: str) -> PriceTable | None:
        """One instrument from the first path that has it, None when none has."""
        try:
            return self.load([name], required=True)
        except UnknownNameError:
            return None


def plan_from_spec(spec: StudySpec, folder: Path) -> StudyPlan:
    """Resolve events, model and windows of a validated spec."""
    window = spec.window
    study = Study(
        instruments=_instruments_of(spec),
        model=make_model(spec.model.name, spec.model.market, riskfree=spec.model.riskfree, options=spec.model.options),
        window=EventWindow(
            primary=_pair(window.primary),
            event=_pair(window.event) or EventWindow.event,
            estimation=_pair(window.estimation) or EventWindow.estimation,
            windows=_windows(spec),
            min_estimation=window.min_estimation,
            policy=window.policy,
            overlap=window.overlap,
            missing=window.missing,
            max_delay=window.max_delay,
        ),
        volatility=garch_response(spec.volatility),
        variance_events=variance_events(spec.volatility.events),
        spillover=tuple(spec.volatility.spillover),
        statistics=tuple(spec.statistics) if spec.statistics is not None else None,
        returns=spec.returns,
        calendar=spec.calendar,
        controls=tuple(spec.controls) if spec.controls is not None else None,
        counterfactuals=spec.counterfactuals,
        releases=read_events(folder / spec.releases) if spec.releases else None,
        alpha=spec.alpha,
        seed=spec.seed,
        horizon=spec.horizon,
        allow_unusable=spec.allow_unusable,
        convention=spec.convention,
    )
    return StudyPlan(
        study=study, events=_events_of(spec, folder), prices=spec.prices, folder=folder, report=spec.report
    )


def _instruments_of(spec: StudySpec) -> tuple[str, ...]:
    if spec.instruments:
        return tuple(spec.instruments)
    return ("AA",) if spec.prices.source == ["embedded"] else DEFAULT_INSTRUMENTS


def _windows(spec: StudySpec) -> tuple[Offsets, ...]:
    """Named windows; the default ones are kept where they fit in the event window."""
    first, last = spec.window.event
    if spec.window.windows is not None:
        return tuple((w[0], w[1]) for w in spec.window.windows)
    return tuple(w for w in EventWindow().windows if first <= w[0] and w[1] <= last)


def _pair(values: list[int] | None) -> Offsets | None:
    return None if values is None else (values[0], values[1])


def _events_of(spec: StudySpec, folder: Path) -> EventTable:
    if spec.event is not None:
        if spec.events or spec.events_file:
            raise InputError("name catalogue events or describe one of your own, not both")
        own = spec.event
        time = own.time.isoformat(timespec="minutes") if isinstance(own.time, dt.time) else own.time
        return EventTable([make_event(own.date, time=time, zone=own.zone, id=own.id, title=own.title)])
    known = read_events(folder / spec.events_file) if spec.events_file else catalog()
    if spec.events_file and not spec.events:
        return known
    chosen: list[Event] = [known[name] for name in spec.events or [DEFAULT_EVENT]]
    return EventTable(chosen)


def read_study(path: str | Path) -> StudyPlan:
    """Read a study file.

    Parameters
    ----------
    path : str or Path
        TOML, see docs/reference/study-file.md. Relative paths inside start at its folder.

    Returns
    -------
    StudyPlan
        ``read_study("study.toml").run()`` gives the result.

    Raises
    ------
    FileFormatError
        When the file is missing, is no TOML, or holds an unknown key or a wrong type; the line is named.
    """
    file = Path(path)
    return plan_from_spec(read_toml(file, StudySpec, "study file"), file.parent)
