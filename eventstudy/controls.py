"""The controls of a study's pairs: each measured by the study's model on its own day 0, and what became of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from eventstudy._typing import Record
from eventstudy.abnormal import AbnormalReturns
from eventstudy.domain.align import Returns
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.instruments import InstrumentTable, instruments
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.windows import EventWindow, Offsets, Outcome, PairOutcome
from eventstudy.donors import default_controls
from eventstudy.errors import InputError, UnknownNameError
from eventstudy.inference.single import MIN_PLACEBO
from eventstudy.inference.small_n import too_few_controls
from eventstudy.models.base import ExpectedReturn
from eventstudy.pairs import PreparedSeries, fit_pairs, judge_day0, prepare_series

NOT_THERE = "not in the prices"
ITSELF = "the instrument itself"
BENCHMARK = "among the model's benchmarks"


def check_controls(names: Iterable[str], prices: PriceTable) -> None:
    """Refuse a control that nobody can mean.

    Raises
    ------
    UnknownNameError
        When an id, selectors apart, is neither a column of the prices nor a known instrument.
    """
    known = instruments()
    for name in names:
        if not known.is_selector(name) and name not in known and not prices.provides(name):
            raise UnknownNameError(
                "control", name, dict.fromkeys((*prices.ids, *known)),
                hint="(a control is a column of the prices, or a known instrument: eventstudy instruments lists them)",
            )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlCount:
    """What became of the controls of one pair.

    Attributes
    ----------
    event, instrument : str
        The pair.
    named : bool
        Whether the study names them; False: those of the same kind among the prices.
    asked : tuple of str
        Ids, selectors resolved to what the prices hold. ``asked = kept + left_out``.
    left_out : dict
        Id -> reason.
    """

    event: str
    instrument: str
    named: bool
    asked: tuple[str, ...]
    left_out: dict[str, str]

    @property
    def kept(self) -> tuple[str, ...]:
        """Those that can be ranked, as far as they have no gap in the window tested and are at least 19."""
        return tuple(name for name in self.asked if name not in self.left_out)

    @property
    def words(self) -> str:
        """How many are left, and which are not and why."""
        of = f"{len(self.asked)} {'named ' if self.named else ''}control{'' if len(self.asked) == 1 else 's'}"
        if not self.left_out:
            return f"{of}, all there" if self.kept else of
        reasons: dict[str, list[str]] = {}
        for name, reason in self.left_out.items():
            reasons.setdefault(reason, []).append(name)
        parts = [f"{len(names)} {'is' if len(names) == 1 else 'are'} {reason}: {', '.join(names)}"
                 for reason, names in reasons.items()]  # fmt: skip
        return f"of {of} {'; '.join(parts)}; {len(self.kept)} {'is' if len(self.kept) == 1 else 'are'} left"

    def to_record(self) -> Record:
        """Plain dict for JSON."""
        left_out = [{"id": name, "reason": reason} for name, reason in self.left_out.items()]
        return {
            "event": self.event, "instrument": self.instrument, "named": self.named, "asked": list(self.asked),
            "kept": list(self.kept), "left_out": left_out, "words": self.words,
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Controls:
    """How the controls of a study's pairs are measured: each by the study's model, on its own day 0.

    Attributes
    ----------
    named : tuple of str or None
        Ids and selectors; None: `default_controls` of each instrument. The instrument itself and the model's
        benchmarks are never controls.
    """

    prices: PriceTable
    named: tuple[str, ...] | None
    events: EventTable
    model: ExpectedReturn
    window: EventWindow
    primary: Offsets
    returns: Returns
    calendar: str | None
    _ready: dict[str, PreparedSeries | str] = field(default_factory=dict, repr=False)

    def at(self, event: Event, instrument: str) -> tuple[AbnormalReturns | str, ControlCount]:
        """Abnormal responses of one pair's controls at its event, or why there are fewer than 19; and their count."""
        asked = self._asked(instrument)
        out = {name: reason for name in asked if (reason := self._never(name, instrument))}
        found = self._measured(event, tuple(n for n in asked if n not in out), out)
        left_out = {name: out[name] for name in asked if name in out}
        return found, ControlCount(
            event=event.id, instrument=instrument, named=self.named is not None, asked=asked, left_out=left_out
        )

    def _asked(self, instrument: str) -> tuple[str, ...]:
        """Ids: of a group, as of the default, only what the prices hold was meant."""
        table: InstrumentTable = self.prices.instruments
        if self.named is None:
            return tuple(n for n in default_controls(table[instrument], table) if self.prices.provides(n))
        known = instruments()
        groups = ([n] if not known.is_selector(n) else filter(self.prices.provides, known.select([n]))
                  for n in self.named)  # fmt: skip
        return tuple(dict.fromkeys(name for group in groups for name in group))

    def _never(self, name: str, instrument: str) -> str:
        """Why a control cannot be measured at any event; empty when it can."""
        if name == instrument:
            return ITSELF
        if name in (self.model.market or ()):
            return BENCHMARK
        return "" if self.prices.provides(name) else NOT_THERE

    def _measured(self, event: Event, names: tuple[str, ...], out: dict[str, str]) -> AbnormalReturns | str:
        """Responses of `names`; those that the event leaves without any are added to `out`."""
        if len(names) < MIN_PLACEBO:
            return too_few_controls(len(names))
        candidates: list[tuple[PairOutcome, int]] = []
        ready: dict[str, PreparedSeries] = {}
        for name in names:
            one = self._prepared(name)
            if isinstance(one, str):
                out[name] = f"not measured ({one})"
                continue
            ready[name] = one
            day0, pair = judge_day0(event, one, self.window)
            if pair.outcome is Outcome.USED and day0.position is not None:
                candidates.append((pair, day0.position))
            else:
                out[name] = f"not measured ({pair.detail})"
        abnormal, judged = fit_pairs(ready, candidates, self.window, self.primary) if candidates else (None, [])
        out.update({p.instrument: f"not measured ({p.detail})" for p in judged if p.outcome is not Outcome.USED})
        return abnormal if abnormal is not None else too_few_controls(0)

    def _prepared(self, name: str) -> PreparedSeries | str:
        """The control's series, made once a study; why there is none, such as a benchmark that the prices lack."""
        if name not in self._ready:
            try:
                self._ready[name] = prepare_series(
                    self.prices.with_derived([name]), name, self.model, self.window, returns=self.returns,
                    calendar=self.calendar, studied=self.events.values(), others=EventTable([]),
                )  # fmt: skip
            except InputError as error:
                self._ready[name] = str(error)
        return self._ready[name]
