"""The study: one frozen description, one `run`, one result in which every pair has an outcome."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from eventstudy.abnormal import AbnormalReturns
from eventstudy.controls import ControlCount, check_controls
from eventstudy.counterfactual import Variant, Ways
from eventstudy.domain.events import Event, EventTable, catalog
from eventstudy.domain.instruments import instruments as known_instruments
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.quality import Flag
from eventstudy.domain.releases import NotKnown, Release
from eventstudy.domain.timing import LaterMarket
from eventstudy.domain.windows import Day0, Offsets, Outcome, PairOutcome
from eventstudy.donors import donor_effects, screened
from eventstudy.errors import InputError, NothingUsableError, UnknownNameError
from eventstudy.inference.advice import Advice, advise
from eventstudy.inference.base import PlaceboPaths, residual_correlations
from eventstudy.inference.placebo import path_band
from eventstudy.inference.seen import Injections, Seen
from eventstudy.inference.speed import SpeedResponse
from eventstudy.measure import (
    Around,
    Measured,
    Overlap,
    Sensitivity,
    make_panel,
    measure_all,
    overlaps,
    sensitivity,
)
from eventstudy.models.synthetic import DonorEffect
from eventstudy.pairs import (
    PreparedSeries,
    findings,
    fit_pairs,
    ids_of,
    judge_dates,
    prepare_series,
    primary_of,
    with_breaks,
)
from eventstudy.provenance import Provenance, make_provenance
from eventstudy.results import TestTable
from eventstudy.study_design import StudyDesign
from eventstudy.volatility.response import VolatilityResponse
from eventstudy.volatility.spillover import DURING, PairSpillover
from eventstudy.volatility.variance_events import PairVariance


@dataclass(frozen=True, kw_only=True, eq=False)
class StudyResult:
    """Everything a study found, and what it did not use.

    Attributes
    ----------
    study : Study
    events : EventTable
    primary : (int, int)
        The window the verdict uses; fixed before any result.
    outcomes : tuple of PairOutcome
        One per (event, instrument) pair.
    day0 : tuple of Day0
    abnormal : AbnormalReturns or None
        Used pairs; None when there is none.
    correlations : (float, float)
        Mean residual correlation over pairs, matched by date and by offset; NaN with one pair.
    tests : TestTable
    volatility : tuple of VolatilityResponse
    speed : tuple of SpeedResponse
        One per used pair, and one (instrument None) for the mean of several pairs.
    variance_events, spillover : tuple of PairVariance, tuple of PairSpillover
        One per used pair (and target), when the study asks for them.
    quality : tuple of Flag
        Findings about the instruments and benchmarks of this study.
    overlaps : tuple of Overlap
    advice : Advice or None
        Which statistic to trust here, from the estimation window and the design alone; None without used pairs.
    sensitivity : tuple of Sensitivity
        Primary effects with other announcements in the estimation window treated the other way.
    donors : tuple of DonorEffect
        Of a synthetic control: the primary effect with all donors, and without each one that has weight.
    controls : tuple of ControlCount
        What became of the controls of every used pair; empty when no statistic looks at them.
    variants : tuple of Variant
        The primary effect of every used pair under other counterfactuals, and what else may be behind it.
    releases : tuple of Release
        Scheduled releases whose date lies in an event window, the user's own among them.
    releases_not_known : tuple of NotKnown
        Calendars of releases that do not reach an event window: nothing is known there.
    placebo : dict
        (event, instrument) -> `PlaceboPaths`, or the reason why there are none.
    seen : dict
        (event, instrument) -> `Seen`: how the size is known that the verdict would have seen over the primary window.
    injections : dict
        (event, instrument) -> what `seen` was found with, or why there is none; empty unless it was kept.
    models : dict
        Instrument -> (model in words, note).
    later : tuple of LaterMarket
        Benchmarks that are struck after their instrument, and whether lags were used.
    names : dict
        Instrument -> its name for a sentence.
    provenance : Provenance
    minutes : int or None
        Length of a bar of intraday prices, which every session then is; None: daily prices.
    """

    study: StudyDesign
    events: EventTable
    primary: Offsets
    outcomes: tuple[PairOutcome, ...]
    day0: tuple[Day0, ...]
    abnormal: AbnormalReturns | None
    correlations: tuple[float, float]
    tests: TestTable
    volatility: tuple[VolatilityResponse, ...]
    speed: tuple[SpeedResponse, ...]
    variance_events: tuple[PairVariance, ...]
    spillover: tuple[PairSpillover, ...]
    quality: tuple[Flag, ...]
    overlaps: tuple[Overlap, ...]
    advice: Advice | None
    sensitivity: tuple[Sensitivity, ...]
    donors: tuple[DonorEffect, ...]
    controls: tuple[ControlCount, ...]
    variants: tuple[Variant, ...]
    releases: tuple[Release, ...]
    releases_not_known: tuple[NotKnown, ...]
    placebo: dict[tuple[str, str], PlaceboPaths | str]
    seen: dict[tuple[str, str], Seen]
    injections: dict[tuple[str, str], Injections | str]
    models: dict[str, tuple[str, str]]
    later: tuple[LaterMarket, ...]
    names: dict[str, str]
    provenance: Provenance
    minutes: int | None = None

    def __repr__(self) -> str:
        pairs = f"{len(self.outcomes)} pairs, {len(self.used)} used"
        return f"StudyResult({len(self.events)} events, {pairs}, {len(self.tests)} tests)"

    def _repr_html_(self) -> str:
        from eventstudy.report.page import result_html

        return result_html(self)

    def summary(self) -> str:
        """Verdict, tests of the primary window, speed, volatility and outcomes, as text."""
        from eventstudy.report.summary import summary_text

        return summary_text(self)

    def plot(self) -> Any:
        """Figure of price, path of the cumulative response and volatility of the first used pair."""
        from eventstudy.report.plots import overview

        return overview(self)

    def report(self, path: str) -> None:
        """Write the self-contained HTML page to `path`.

        Raises
        ------
        InputError
            When the folder is missing or cannot be written; nothing is left half-written.
        """
        from eventstudy.report.page import write_page

        write_page(self, path)

    def to_frame(self) -> pd.DataFrame:
        """The tests, one row a (pair, window, statistic)."""
        return self.tests.to_frame()

    @property
    def used(self) -> tuple[PairOutcome, ...]:
        """Outcomes of the pairs that were used."""
        return tuple(o for o in self.outcomes if o.outcome is Outcome.USED)

    def require_used(self) -> None:
        """Raise when no pair was usable.

        Raises
        ------
        NothingUsableError
            With the reason of every pair.
        """
        if not self.used:
            reasons = "; ".join(f"{o.event} on {o.instrument}: {o.outcome} ({o.detail})" for o in self.outcomes)
            raise NothingUsableError(f"nothing usable was left after the checks: {reasons}")

    def path_band(self, event: str, instrument: str) -> float:
        """Half-width, in standard errors, of the null band of the whole path; NaN without placebo dates."""
        placebo = self.placebo.get((event, instrument), "")
        if isinstance(placebo, str):
            return math.nan
        return path_band(placebo, self.study.window.event, self.study.alpha)


@dataclass(frozen=True, kw_only=True)
class Study(StudyDesign):
    """What is measured, on what, how.

    Attributes
    ----------
    instruments : sequence of str
        Ids or selectors (``role:producer``); an event that names its own instruments overrides them.
    model : ExpectedReturn
        Expected response; the default is the market model on each instrument's own benchmark.
    window : EventWindow
    volatility : GarchResponse or None
        None leaves volatility (and FHS, and so the verdict's p) out.
    variance_events : VarianceEvents or None
        Event regressor, breaks, before and after; None leaves them out: the bootstrap takes two seconds a pair.
    spillover : sequence of str
        Instruments or selectors to which volatility may have moved from each of `instruments`.
    statistics : sequence of str or None
        Registry keys; None: all.
    returns : {"instrument", "log", "simple"}
        How prices become returns; ``instrument``: each by its own record (log for prices). Log returns add over
        days, simple returns average across assets.
    calendar : str or None
        Instrument whose dates make the strict calendar.
    controls : sequence of str or None
        Instruments or selectors that the announcement should leave alone, for the rank among controls; None: those
        of the same kind among the prices, without producers and consumers of aluminum.
    releases : EventTable or None
        Scheduled releases of your own (`read_events`), listed where they fall into an event window beside those that
        are known here.
    counterfactuals : bool
        Give `StudyResult.variants`, where ``local_scale`` is among the statistics: they show its p.
    alpha : float
        One minus the confidence of intervals.
    horizon : int or None
        Last session of the drift by which speed is judged, fixed before any result. None: 10, or the end of a
        shorter event window. The drift of one pair needs three sessions, so at least 4.
    seed : int
        Entropy of every simulation.
    allow_unusable : bool
        Study events that the catalogue marks as unusable.
    convention : {"textbook", "estudy2", "eventstudy2"}
        Whose standardisation the statistics across pairs follow where published software disagrees with the papers:
        ``estudy2`` (R) divides by M - 1 whatever the model, ``eventstudy2`` (Stata) takes the fourth root of the
        forecast factor and divides running sums by the root of the sessions. To reproduce old results, never to
        choose among them.

    Examples
    --------
    >>> from eventstudy import MarketModel
    >>> study = Study(instruments=["AA"], model=MarketModel("DOW29"))
    >>> study.window.estimation
    (-260, -11)
    """

    def run(
        self, prices: PriceTable, events: Event | EventTable | Iterable[Event], *, others: EventTable | None = None,
        keep_injections: bool = False,
    ) -> StudyResult:  # fmt: skip
        """Measure every (event, instrument) pair.

        Parameters
        ----------
        prices : PriceTable
        events : Event, EventTable or iterable of Event
        others : EventTable, optional
            Announcements to mask in estimation windows and to flag in event windows; None: the catalogue.
        keep_injections : bool
            Keep what `StudyResult.seen` was found with, some 4 MB a pair, for other levels.

        Returns
        -------
        StudyResult
            Also when nothing was usable: see `StudyResult.require_used`.

        Raises
        ------
        InputError, UnknownNameError
            When the design itself cannot be: no instrument, an unknown market or control, a market that is the
            instrument.
        """
        given = events.values() if isinstance(events, EventTable) else [events] if isinstance(events, Event) else events
        table = EventTable(given)
        context = catalog() if others is None else others
        wanted = self._wanted(table)
        more = [*(self.model.market or ()), *self.spillover, *([self.calendar] if self.calendar else [])]
        prices = prices.with_derived([*wanted, *more])
        check_controls(self.controls or (), prices)
        if self.calendar and self.calendar not in prices:
            raise UnknownNameError("calendar instrument", self.calendar, prices.ids)
        prepared = {
            name: prepare_series(
                prices, name, self.model, self.window, returns=self.returns, calendar=self.calendar,
                studied=table.values(), others=context,
            )
            for name in wanted if name in prices
        }  # fmt: skip
        prices = replace(prices, flags=findings(prices, ids_of(prepared, self.spillover)))
        prepared = {name: with_breaks(one, prices.flags) for name, one in prepared.items()}
        result = self._measure(prices, table, context, prepared, keep_injections=keep_injections)
        return replace(result, minutes=prices.minutes)

    def _instruments_of(self, event: Event) -> tuple[str, ...]:
        """Ids of one event: its own, else the study's; selectors resolved, each id once."""
        return known_instruments().select(event.instruments or self.instruments)

    def _wanted(self, events: EventTable) -> tuple[str, ...]:
        names = tuple(dict.fromkeys(i for e in events.values() for i in self._instruments_of(e)))
        if not names:
            raise InputError("no instrument: name at least one, such as instruments=['LME-3M'] or -i AA")
        return names

    @property
    def _last_of_variance(self) -> int:
        """Last session that variance events and spillover look at; 0 where neither was asked for."""
        asked = [self.variance_events.last] if self.variance_events is not None else []
        return max([*asked, *([DURING[1]] if self.spillover else [])], default=0)

    def _measure(
        self, prices: PriceTable, events: EventTable, context: EventTable, prepared: dict[str, PreparedSeries], *,
        keep_injections: bool,
    ) -> StudyResult:  # fmt: skip
        dated = judge_dates(
            events.values(), self._instruments_of, prepared, self.window, allow_unusable=self.allow_unusable
        )
        day0s, candidates = dated.day0s, dated.candidates
        positions = {(p.event, p.instrument): row for p, row in candidates}
        primary = primary_of(self.window, [d for d in day0s if (d.event, d.instrument) in positions])
        prepared = screened(prepared, primary)
        abnormal, judged = fit_pairs(prepared, candidates, self.window, primary)
        final = {(p.event, p.instrument): p for p in judged}
        outcomes = [final.get((p.event, p.instrument), p) for p in dated.outcomes]
        used_ids = ids_of(prepared, (i for i in self.spillover if i in prices))
        near = tuple(overlaps(events, context, prepared, positions, self.window, self._last_of_variance))
        unsure = frozenset((d.event, d.instrument) for d in day0s if d.ambiguous)
        found, correlations = Measured(), (math.nan, math.nan)
        advice: Advice | None = None
        if abnormal is not None:
            correlations = residual_correlations(abnormal)
            panel = make_panel(self.measures, abnormal, events, correlations)
            advice = advise(abnormal, np.unique(panel.clusters).size, correlations[0])
            around = Around(
                prepared=prepared, positions=positions, overlaps=near, unsure=unsure,
                own_releases=tuple(self.releases.values()) if self.releases else (),
            )  # fmt: skip
            ways = Ways(
                prices=prices, events=events, others=context, window=self.window, primary=primary, returns=self.returns,
                calendar=self.calendar, alpha=self.alpha, model=self.model, controls=self.controls,
                counterfactuals=self.counterfactuals,
            )  # fmt: skip
            found = measure_all(self.measures, panel, around, ways, keep_injections=keep_injections)
        return StudyResult(
            study=self, events=events, primary=primary, outcomes=tuple(outcomes), day0=tuple(day0s), abnormal=abnormal,
            correlations=correlations, tests=TestTable(found.tests), volatility=tuple(found.volatility),
            variance_events=tuple(found.variance_events), spillover=tuple(found.spillover),
            speed=tuple(found.speed), quality=prices.flags, overlaps=near, advice=advice,
            sensitivity=tuple(sensitivity(prepared, candidates, outcomes, self.window, primary)),
            donors=donor_effects(prepared, candidates, outcomes, self.window, primary),
            controls=tuple(found.controls), variants=tuple(found.variants), releases=tuple(found.releases),
            placebo=found.placebo, seen=found.seen, injections=found.injections,
            releases_not_known=tuple(found.releases_not_known),
            models={name: (one.words, one.note) for name, one in prepared.items()},
            later=tuple(late for one in prepared.values() for late in one.later),
            names={name: prices.instruments[name].label for name in used_ids},
            provenance=make_provenance(prices, used_ids, events, self.settings()),
        )  # fmt: skip
