"""The primary effect of one pair, asked in other ways: other counterfactuals, and what else may be behind it.

None of these is the verdict's: one effect was fixed before results. They show whether it hangs on a model, on a donor,
on news that came before, on another announcement, or on the market, copper and the dollar.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

import numpy as np

from eventstudy._typing import Record
from eventstudy.abnormal import AbnormalReturns
from eventstudy.controls import Controls
from eventstudy.domain.align import AlignedSample, Block, Returns, gather
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.instruments import Instrument
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.windows import OTHER_EVENT_SPAN, EventWindow, Offsets, Outcome, PairOutcome
from eventstudy.donors import EQUITY, default_controls
from eventstudy.errors import InputError
from eventstudy.inference.base import PairView
from eventstudy.inference.single import local_scale
from eventstudy.kernels.stats import Inapplicable
from eventstudy.models.base import ExpectedReturn
from eventstudy.models.benchmarks import ConstantMean
from eventstudy.models.regression import MarketModel
from eventstudy.models.synthetic import DonorEffect, SyntheticControl, leave_one_out
from eventstudy.pairs import PreparedSeries, fit_pairs, prepare_series

Kind = Literal[
    "study", "constant_mean", "market", "metals", "metals_dollar", "synthetic_control",
    "pre_event_drift", "other_estimation", "without_other_news",
]  # fmt: skip
#: Which question a kind belongs to: another counterfactual, or something else behind the effect.
CONFOUNDING: tuple[Kind, ...] = ("pre_event_drift", "other_estimation", "without_other_news", "metals_dollar")
TITLES: dict[Kind, str] = {
    "study": "as the study measures it",
    "constant_mean": "its own mean, no benchmark",
    "market": "default benchmark",
    "metals": "other metals",
    "metals_dollar": "market, other metals and the dollar taken out",
    "synthetic_control": "synthetic control",
    "pre_event_drift": "drift before the announcement",
    "other_estimation": "other announcements in the estimation window treated the other way",
    "without_other_news": "without the sessions of other announcements",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """The effect of one pair asked in another way.

    Attributes
    ----------
    kind : str
        ``study`` (as measured), other counterfactuals (``constant_mean``, ``market``, ``metals``, ``metals_dollar``,
        ``synthetic_control``), or what else may be behind it (``pre_event_drift``, ``other_estimation``,
        ``without_other_news``).
    model : str
        The counterfactual in words, with its benchmarks.
    window : (int, int)
    sessions : int
        Sessions summed.
    estimate, se, low, high : float
        Effect over the window, its forecast standard error and the local-scale placebo's interval, in `unit`.
    pvalue : float
        Of the local-scale placebo, the half of the verdict that needs no variance model; sizes under each kind of
        counterfactual in docs/methods.
    note : str
        What was left out and why, such as donors that moved themselves.
    without : tuple of DonorEffect
        Synthetic control only: the effect without each donor that has weight.
    reason : str
        Why there is no number.
    """

    event: str
    instrument: str
    kind: Kind
    model: str
    window: Offsets
    unit: str = ""
    sessions: int = 0
    estimate: float = np.nan
    se: float = np.nan
    low: float = np.nan
    high: float = np.nan
    pvalue: float = np.nan
    note: str = ""
    without: tuple[DonorEffect, ...] = ()
    reason: str = ""

    @property
    def title(self) -> str:
        """The kind in words."""
        return TITLES[self.kind]

    def to_record(self) -> Record:
        """Plain dict for JSON, ``p`` for the p-value."""
        record = asdict(self) | {"title": self.title, "window": list(self.window)}
        record["p"] = record.pop("pvalue")
        return record


@dataclass(frozen=True, kw_only=True, eq=False)
class Ways:
    """What a study measures with: the prices to choose other benchmarks and controls from, its design, other news."""

    prices: PriceTable
    events: EventTable
    others: EventTable
    window: EventWindow
    primary: Offsets
    returns: Returns
    calendar: str | None
    alpha: float
    model: ExpectedReturn
    controls: Sequence[str] | None
    counterfactuals: bool

    def control_instruments(self) -> Controls:
        """The study's controls, each prepared once."""
        return Controls(
            prices=self.prices, named=None if self.controls is None else tuple(self.controls), events=self.events,
            model=self.model, window=self.window, primary=self.primary, returns=self.returns, calendar=self.calendar,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Asker:
    """One pair of a study, and everything it takes to measure it again.

    Attributes
    ----------
    prepared : PreparedSeries
        As the study measured it.
    position : int
        Row of day 0.
    news : tuple of int
        Sessions of day 0 of other announcements in the event window.
    """

    ways: Ways
    event: Event
    prepared: PreparedSeries
    position: int
    news: tuple[int, ...]

    @property
    def instrument(self) -> Instrument:
        """What is measured."""
        return self.prepared.series.instrument

    def ask(self) -> Iterator[Variant]:
        """The effect as measured, then every other way to ask for it that these prices allow."""
        yield self._ask("study", self.prepared, self.ways.window, self.ways.primary)
        seen = {(self.prepared.model.key, self.prepared.series.factor_ids)}
        for kind, model in self._models():
            try:
                prepared = prepare_series(
                    self.ways.prices, self.instrument.id, model, self.ways.window, returns=self.ways.returns,
                    calendar=self.ways.calendar, studied=[self.event], others=self.ways.others,
                )  # fmt: skip
            except InputError as error:
                yield self._absent(kind, model.label, str(error))
                continue
            same = (prepared.model.key, prepared.series.factor_ids)
            if same not in seen:
                seen.add(same)
                yield self._again(kind, prepared)
        yield from self._behind()

    def _models(self) -> Iterator[tuple[Kind, ExpectedReturn]]:
        """Counterfactuals that the price table has the series for."""
        own, has = self.instrument, self.ways.prices.provides
        yield "constant_mean", ConstantMean()
        if own.change not in ("log", "simple"):
            return  # returns of other metals do not explain a spread, a premium or a stock in their own units
        base = tuple(f for f in own.benchmark if has(f))
        if base:
            yield "market", MarketModel(base)
        metals = self._metals()
        dollar = tuple(i for i in self.ways.prices.ids if self.ways.prices.instruments[i].role == "fx")[:1]
        if metals:
            yield "metals", MarketModel(metals)
        if dollar:
            yield "metals_dollar", MarketModel(tuple(dict.fromkeys((*base, *metals, *dollar))))
        metal = own.role not in EQUITY
        donors = tuple(
            d for d in default_controls(own, self.ways.prices.instruments) if d in self.ways.prices.ids
            and not (metal and d.rsplit("-", 1)[-1] != own.id.rsplit("-", 1)[-1])
        )  # fmt: skip
        if donors:
            yield "synthetic_control", SyntheticControl(donors, screen=self.ways.primary)

    def _metals(self) -> tuple[str, ...]:
        """Prices of other metals, of the instrument's own delivery where it is a metal, else three-month.

        Without nickel, whose suspension of March 2022 would be in every fit around it; synthetic control screens it.
        """
        own = self.instrument
        prices = [
            i for i in self.ways.prices.instruments.values() if i.role == "price" and i.id in self.ways.prices.ids
            and "alumin" not in i.name.lower() and "nickel" not in i.name.lower()
        ]  # fmt: skip
        ending = own.id.rsplit("-", 1)[-1] if own.role not in EQUITY else "3M"
        same = tuple(i.id for i in prices if i.id.endswith(ending))
        return same or tuple(i.id for i in prices)

    def _again(self, kind: Kind, prepared: PreparedSeries) -> Variant:
        found = self._ask(kind, prepared, self.ways.window, self.ways.primary)
        later = "; ".join(late.words.split(". ")[0] for late in prepared.later)
        found = replace(found, note="; ".join(filter(None, (found.note, later))))
        if kind != "synthetic_control" or found.reason:
            return found
        model = prepared.model
        assert isinstance(model, SyntheticControl)
        return replace(
            found, without=leave_one_out(model, self._sample(prepared, self.ways.window), self.ways.primary)[1:]
        )

    def _sample(self, prepared: PreparedSeries, window: EventWindow) -> AlignedSample:
        block = Block(series=prepared.series, events=(self.event.id,), positions=np.array([self.position]))
        return gather(block, window.offsets, window.estimation, mask=window.overlap == "mask")

    def _behind(self) -> Iterator[Variant]:
        window, primary = self.ways.window, self.ways.primary
        first, last = window.event[0], min(primary[0], 0) - 1
        if first <= last:
            yield self._ask("pre_event_drift", self.prepared, window, (first, last))
        overlap: Literal["keep", "mask"] = "keep" if window.overlap == "mask" else "mask"
        found = self._ask("other_estimation", self.prepared, replace(window, overlap=overlap), primary)
        sample = self._sample(self.prepared, window)
        sessions = int((sample.masked & sample.valid).sum())
        if sessions:
            how = "left out" if overlap == "mask" else "kept"
            yield replace(found, note=f"{sessions} sessions {how}")
        span = range(OTHER_EVENT_SPAN[0], OTHER_EVENT_SPAN[1] + 1)
        hit = {o + k for o in self.news for k in span} & set(range(primary[0], primary[1] + 1))
        if hit:
            listed = ", ".join(f"{o:+d}" if o else "0" for o in sorted(hit))
            cleared = self._ask("without_other_news", self.prepared, window, primary, without=hit)
            yield replace(cleared, note=f"without session {listed}")

    def _ask(
        self, kind: Kind, prepared: PreparedSeries, window: EventWindow, tested: Offsets, *,
        without: Iterable[int] = (),
    ) -> Variant:  # fmt: skip
        """Fit and test one window; `without` are sessions left out of the sum."""
        pair = PairOutcome(event=self.event.id, instrument=self.instrument.id, outcome=Outcome.USED)
        words = _words(prepared)
        abnormal, judged = fit_pairs({self.instrument.id: prepared}, [(pair, self.position)], window, self.ways.primary)
        if abnormal is None:
            return self._absent(kind, words, judged[0].detail)
        abnormal = _less(abnormal, without)
        view = PairView(
            abnormal=abnormal,
            placebo="not asked for",
            variance="not asked for",
            alpha=self.ways.alpha,
            draws=0,
            seed=(),
        )
        car, found = abnormal.car(tested), local_scale(view, tested)
        base = Variant(
            event=self.event.id, instrument=self.instrument.id, kind=kind, model=words, window=tested,
            unit=abnormal.units[0], sessions=int(car.length[0]), estimate=float(car.car[0]), se=float(car.se[0]),
            note=judged[0].detail,
        )  # fmt: skip
        if isinstance(found, Inapplicable):
            reason = "no session is left" if car.length[0] == 0 else ""
            return replace(base, reason=reason, note=base.note or found.reason)
        return replace(base, low=found.low, high=found.high, pvalue=found.pvalue)

    def _absent(self, kind: Kind, words: str, reason: str) -> Variant:
        return Variant(
            event=self.event.id, instrument=self.instrument.id, kind=kind, model=words, window=self.ways.primary,
            reason=reason,
        )  # fmt: skip


def _less(abnormal: AbnormalReturns, without: Iterable[int]) -> AbnormalReturns:
    """Abnormal responses with some sessions taken for missing."""
    gone = np.isin(abnormal.offsets, list(without))
    return replace(abnormal, ar=np.where(gone[None], np.nan, abnormal.ar)) if gone.any() else abnormal


def _words(prepared: PreparedSeries) -> str:
    factors = prepared.series.factor_ids
    title = prepared.model.key.replace("_", " ")
    if len(factors) > 4:
        return f"{title} on {len(factors)} others"
    return f"{title} on {', '.join(factors)}" if factors else prepared.model.label
