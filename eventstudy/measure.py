"""Measure pairs that were judged usable: statistics of each, statistics across them, volatility, what lies nearby."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from eventstudy.abnormal import AbnormalReturns
from eventstudy.controls import ControlCount
from eventstudy.counterfactual import Asker, Variant, Ways
from eventstudy.domain.align import Block, ResponseSeries, gather
from eventstudy.domain.events import Event, EventTable, catalog
from eventstudy.domain.releases import NotKnown, Release, not_known, own_releases_in, releases_in
from eventstudy.domain.windows import EventWindow, Offsets, Outcome, PairOutcome
from eventstudy.inference.bars import TAKES_BARS_FOR_ALIKE, refuse_bars
from eventstudy.inference.base import (
    PAIR_STATISTICS,
    PANEL_STATISTICS,
    Finding,
    PairView,
    PlaceboPaths,
    Refit,
    with_finding,
)
from eventstudy.inference.panel import Panel, PanelView, panel_view
from eventstudy.inference.placebo import placebo_paths
from eventstudy.inference.seen import Injections, Seen, injections, seen_of
from eventstudy.inference.speed import SpeedResponse, pair_speed, panel_speed, resolve_horizon
from eventstudy.inference.studies import date_clusters
from eventstudy.kernels.stats import Convention, Inapplicable
from eventstudy.pairs import PreparedSeries, fit_pairs
from eventstudy.results import TestResult
from eventstudy.volatility.base import GarchResponse, VarianceModel, variance_model
from eventstudy.volatility.news import fit_after, news_impact
from eventstudy.volatility.panel import panel_forecasts
from eventstudy.volatility.response import VolatilityResponse, measure_response, no_response
from eventstudy.volatility.spillover import PairSpillover
from eventstudy.volatility.variance_events import (
    PairVariance,
    VarianceEvents,
    measure_spillover,
    measure_variance_events,
)

#: Other announcements this many sessions around a window are listed beside it.
OVERLAP_SESSIONS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Another announcement near an event: it may have moved the same prices.

    Attributes
    ----------
    event, instrument : str
        The pair under study.
    other, title : str
        The other announcement.
    offset : int
        Its session relative to day 0.
    place : str
        ``event window``, ``near``, ``variance days`` (after the event window, inside the days that variance events or
        spillover look at) or ``estimation window``.
    """

    event: str
    instrument: str
    other: str
    title: str
    offset: int
    place: str

    @property
    def where(self) -> str:
        """Its session in words: ``day 0``, ``session +2``."""
        return f"session {self.offset:+d}" if self.offset else "day 0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """The primary effect when other announcements in the estimation window are treated the other way.

    Attributes
    ----------
    overlap : {"mask", "keep"}
        The other treatment.
    sessions : int
        Sessions of other announcements in the estimation window.
    estimate, se : float
        Effect over the primary window and its forecast standard error, in `unit`.
    """

    event: str
    instrument: str
    overlap: Literal["mask", "keep"]
    sessions: int
    estimate: float
    se: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What is measured on every pair: the part of a study that does not concern its data.

    Attributes
    ----------
    statistics : tuple of str or None
        Registry keys; None: all.
    horizon : int or None
        Last session of the drift; see `resolve_horizon`.
    variance_events : VarianceEvents or None
    spillover : tuple of str
        Instruments to which volatility may have moved.
    """

    window: EventWindow
    volatility: GarchResponse | None
    statistics: tuple[str, ...] | None
    alpha: float
    seed: int
    horizon: int | None = None
    convention: Convention = "textbook"
    variance_events: VarianceEvents | None = None
    spillover: tuple[str, ...] = ()

    def wants(self, key: str) -> bool:
        """Whether the statistic `key` was asked for."""
        return self.statistics is None or key in self.statistics


def pair_view(
    measures: Measures,
    abnormal: AbnormalReturns,
    prepared: PreparedSeries,
    position: int,
    controls: AbnormalReturns | str = "no control instruments were looked for",
) -> PairView:
    """Collect what the statistics of one pair may look at: placebo dates and the variance model are fitted here."""
    event, instrument = abnormal.pairs[0]
    placebo: PlaceboPaths | str = "placebo dates were not asked for"
    if measures.wants("placebo_dates") or measures.wants("placebo_matched"):
        rows = [*prepared.other_rows.values(), position]
        placebo = placebo_paths(prepared.series, rows, prepared.model, measures.window, like=position)
    variance: VarianceModel | str = "volatility was not asked for"
    if measures.volatility is not None:
        variance = variance_model(prepared.series, position, prepared.model, measures.window, measures.volatility)
    window = measures.window
    block = Block(series=prepared.series, events=(event,), positions=np.array([position]))
    sample = gather(block, window.offsets, window.estimation, mask=window.overlap == "mask")
    return PairView(
        abnormal=abnormal,
        placebo=placebo,
        variance=variance,
        alpha=measures.alpha,
        draws=measures.volatility.draws if measures.volatility else 1999,
        seed=pair_seed(measures.seed, event, instrument),
        refit=Refit(sample=sample, model=prepared.model),
        controls=controls,
    )


def pair_seed(seed: int, event: str, instrument: str) -> tuple[int, ...]:
    """Entropy that belongs to one pair."""
    return (seed, zlib.crc32(event.encode()), zlib.crc32(instrument.encode()))


def pair_tests(measures: Measures, view: PairView, primary: Offsets) -> list[TestResult]:
    """Every statistic of one series and one event, on every tested window."""
    event, instrument = view.abnormal.pairs[0]
    base = TestResult(
        event=event, instrument=instrument, window=primary, statistic="", unit=view.abnormal.units[0],
        n_pairs=1, n_dates=1,
    )  # fmt: skip
    return [
        with_finding(replace(base, window=window, statistic=entry.key), entry.obj(view, window))
        for window in measures.window.tested(primary)
        for entry in PAIR_STATISTICS
        if measures.wants(entry.key)
    ]


def known_words(own: Event, near: Iterable[Overlap]) -> list[str]:
    """That the catalogue has an announcement of the very date of one's own: the two may be the same."""
    known = catalog()
    return [
        f"The catalogue has “{o.title}” on the same date: if that is the announcement meant, study it by its id, "
        f"{o.other}, and it no longer counts as another one"
        for o in near
        if own.id not in known and o.other in known and known[o.other].date == own.date
    ]


def speed_of_pair(measures: Measures, view: PairView, near: Iterable[Overlap], *, ambiguous: bool) -> SpeedResponse:
    """Speed of one pair; `near` are the announcements around it."""
    horizon = resolve_horizon(measures.horizon, measures.window.event)
    first = -1 if ambiguous else 0
    inside = [o for o in near if (o.event, o.instrument) == view.abnormal.pairs[0] and first <= o.offset <= horizon]
    refused = "" if measures.wants("verdict") else "the statistic 'verdict' was not asked for"
    others = tuple(f"“{o.title}” ({o.where})" for o in inside)
    return pair_speed(view, horizon, ambiguous=ambiguous, others=others, refused=refused)


def speed_of_mean(measures: Measures, panel: Panel, each: list[SpeedResponse]) -> list[SpeedResponse]:
    """Speed of the mean of several pairs; nothing for one pair."""
    if panel.abnormal.n_pairs < 2:
        return []
    events = sorted({event for event, _ in panel.abnormal.pairs})
    base = TestResult(
        event=events[0] if len(events) == 1 else None, instrument=None, window=(0, 1), statistic="",
        unit=panel.abnormal.units[0], n_pairs=panel.abnormal.n_pairs, n_dates=np.unique(panel.clusters).size,
    )  # fmt: skip
    first = min(s.reaction.window[0] for s in each)
    others = tuple(dict.fromkeys(words for s in each for words in s.others))
    horizon = resolve_horizon(measures.horizon, measures.window.event)
    return [panel_speed(panel, horizon, base, first=first, others=others)]


def make_panel(
    measures: Measures, abnormal: AbnormalReturns, table: EventTable, correlations: tuple[float, float]
) -> Panel:
    """All used pairs, with what their statistics share."""
    return Panel(
        abnormal=abnormal, event=measures.window.event, rbar_calendar=correlations[0], rbar_event=correlations[1],
        clusters=date_clusters(abnormal, table), seed=measures.seed, alpha=measures.alpha,
        convention=measures.convention,
    )  # fmt: skip


def panel_tests(measures: Measures, panel: Panel, primary: Offsets) -> list[TestResult]:
    """Every statistic across pairs, on every tested window."""
    wanted = [e for e in PANEL_STATISTICS if measures.wants(e.key)]
    if not wanted:
        return []
    abnormal = panel.abnormal
    units = sorted(set(abnormal.units))
    unlike = refuse_bars(abnormal)
    events = {event for event, _ in abnormal.pairs}
    results = []
    for window in measures.window.tested(primary):
        view = panel_view(panel, window)
        base = TestResult(
            event=events.copy().pop() if len(events) == 1 else None, instrument=None, window=window, statistic="",
            unit=units[0], n_pairs=view.n, n_dates=np.unique(view.clusters).size,
        )  # fmt: skip
        if len(units) == 1 and view.n > 1:
            base = replace(base, share_positive=_share_positive(view), median=float(np.median(view.car.car)))
        for entry in wanted:
            finding: Finding | Inapplicable
            if len(units) > 1:
                finding = Inapplicable(f"pairs in different units ({', '.join(units)}) have no common mean")
            else:
                finding = (unlike if entry.key in TAKES_BARS_FOR_ALIKE else None) or entry.obj(view)
            results.append(with_finding(replace(base, statistic=entry.key), finding))
    return results


def response(
    measures: Measures, view: PairView, prepared: PreparedSeries, position: int, event: str
) -> VolatilityResponse:
    """Volatility of one pair after day 0, and what its news impact was before and after."""
    (_, instrument), unit, spec = view.abnormal.pairs[0], view.abnormal.units[0], measures.volatility
    if isinstance(view.variance, str) or spec is None:
        return no_response(event, instrument, unit, str(view.variance))
    found = measure_response(
        event,
        instrument,
        unit,
        view.variance,
        last=measures.window.event[1],
        draws=view.draws,
        alpha=view.alpha,
        rng=view.rng(2),
        origin=spec.origin,
        others=[row - position for other, row in prepared.other_rows.items() if other != event],
    )
    if not found.applicable:
        return found
    after = fit_after(prepared.series, position, prepared.model, measures.window, spec)
    news = news_impact(view.variance, after, draws=view.draws, alpha=view.alpha, rng=view.rng(3))
    return replace(found, news=news)


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What lies around the pairs of a study.

    Attributes
    ----------
    positions : dict
        (event, instrument) -> row of day 0.
    overlaps : tuple of Overlap
    unsure : frozenset of (str, str)
        Pairs whose day 0 may be another session.
    own_releases : tuple of Event
        Scheduled releases that the user brings.
    """

    prepared: dict[str, PreparedSeries]
    positions: dict[tuple[str, str], int]
    overlaps: tuple[Overlap, ...]
    unsure: frozenset[tuple[str, str]]
    own_releases: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found on the used pairs, one by one and together."""

    tests: list[TestResult] = field(default_factory=list)
    volatility: list[VolatilityResponse] = field(default_factory=list)
    speed: list[SpeedResponse] = field(default_factory=list)
    variance_events: list[PairVariance] = field(default_factory=list)
    spillover: list[PairSpillover] = field(default_factory=list)
    placebo: dict[tuple[str, str], PlaceboPaths | str] = field(default_factory=dict)
    seen: dict[tuple[str, str], Seen] = field(default_factory=dict)
    injections: dict[tuple[str, str], Injections | str] = field(default_factory=dict)
    controls: list[ControlCount] = field(default_factory=list)
    variants: list[Variant] = field(default_factory=list)
    releases: list[Release] = field(default_factory=list)
    releases_not_known: list[NotKnown] = field(default_factory=list)


def measure_all(
    measures: Measures, panel: Panel, around: Around, ways: Ways, *, keep_injections: bool = False
) -> Measured:
    """Every statistic, volatility and speed of every pair, then of all together; the effect asked in other `ways`."""
    found, models = Measured(), []
    controls = ways.control_instruments() if measures.wants("conley_taber") else None
    for row, key in enumerate(panel.abnormal.pairs):
        event, prepared, position = ways.events[key[0]], around.prepared[key[1]], around.positions[key]
        beside: AbnormalReturns | str = "controls were not asked for"
        if controls is not None:
            beside, count = controls.at(event, key[1])
            found.controls.append(count)
        view = pair_view(measures, panel.abnormal.take(np.array([row])), prepared, position, beside)
        found.placebo[key] = view.placebo
        models.append(view.variance)
        found.tests.extend(pair_tests(measures, view, ways.primary))
        if measures.wants("verdict"):
            added = injections(view, ways.primary)
            found.seen[key] = seen_of(added, measures.alpha)
            if keep_injections:
                found.injections[key] = added
        found.volatility.append(response(measures, view, prepared, position, key[0]))
        found.speed.append(speed_of_pair(measures, view, around.overlaps, ambiguous=key in around.unsure))
        if measures.variance_events is not None:
            found.variance_events.append(
                measure_variance_events(
                    event, prepared.series, position, prepared.model, measures.window, ways.prices,
                    measures.variance_events, alpha=measures.alpha, seed=measures.seed,
                )
            )  # fmt: skip
        found.spillover.extend(measure_spillover(event, key[1], measures.spillover, ways.prices, seed=measures.seed))
        if ways.counterfactuals and measures.wants("local_scale"):
            inside = [o for o in around.overlaps if (o.event, o.instrument, o.place) == (*key, "event window")]
            news = tuple(o.offset for o in inside)
            found.variants.extend(Asker(ways=ways, event=event, prepared=prepared, position=position, news=news).ask())
        _look_up_releases(found, key[0], prepared.series, position, measures.window.event, around.own_releases)
    if measures.volatility is not None:
        sessions = np.arange(measures.window.event[0], measures.window.event[1] + 1)
        panel = replace(panel, garch=panel_forecasts(models, sessions, measures.volatility.origin))
    found.tests.extend(panel_tests(measures, panel, ways.primary))
    found.speed.extend(speed_of_mean(measures, panel, found.speed))
    return found


def _look_up_releases(
    found: Measured, event: str, series: ResponseSeries, position: int, window: Offsets, own: tuple[Event, ...]
) -> None:
    """Releases inside the event window of one pair, in order of session, and the calendars that do not reach it."""
    pair = (event, series.instrument, series.dates, position, window)
    listed = [*releases_in(*pair), *own_releases_in(*pair, own)]
    found.releases.extend(sorted(listed, key=lambda r: (r.offset, r.date)))
    found.releases_not_known.extend(not_known(*pair))


def sensitivity(
    prepared: dict[str, PreparedSeries],
    candidates: list[tuple[PairOutcome, int]],
    outcomes: list[PairOutcome],
    window: EventWindow,
    primary: Offsets,
) -> Iterable[Sensitivity]:
    """Refit the used pairs that have other announcements in their estimation window, with the other treatment."""
    concerned = {(o.event, o.instrument): o for o in outcomes if o.outcome is Outcome.USED and o.other_sessions}
    other: Literal["mask", "keep"] = "keep" if window.overlap == "mask" else "mask"
    again = [(pair, row) for pair, row in candidates if (pair.event, pair.instrument) in concerned]
    if not again:
        return
    abnormal, _ = fit_pairs(prepared, again, replace(window, overlap=other), primary)
    if abnormal is None:
        return
    car = abnormal.car(primary)
    for row, (event, instrument) in enumerate(abnormal.pairs):
        yield Sensitivity(
            event=event, instrument=instrument, overlap=other, sessions=concerned[event, instrument].other_sessions,
            estimate=float(car.car[row]), se=float(car.se[row]), unit=abnormal.units[row],
        )  # fmt: skip


def _share_positive(view: PanelView) -> float:
    return float((view.car.car > 0.0).mean())


def overlaps(
    events: EventTable,
    context: EventTable,
    prepared: dict[str, PreparedSeries],
    positions: dict[tuple[str, str], int],
    window: EventWindow,
    last: int,
) -> Iterable[Overlap]:
    """Announcements whose day 0 lies in the event window, within ten sessions, up to `last`, or in estimation."""
    titles = {e.id: e.label for e in (*context.values(), *events.values())}
    for (event, instrument), position in positions.items():
        for other, row in sorted(prepared[instrument].other_rows.items(), key=lambda item: item[1]):
            offset = row - position
            if other == event or not window.estimation[0] <= offset <= max(window.event[1], OVERLAP_SESSIONS, last):
                continue
            place = "near"
            if window.event[0] <= offset <= window.event[1]:
                place = "event window"
            elif offset <= window.estimation[1]:
                place = "estimation window"
            elif 0 < offset <= last:
                place = "variance days"
            yield Overlap(
                event=event, instrument=instrument, other=other, title=titles[other], offset=offset, place=place
            )
