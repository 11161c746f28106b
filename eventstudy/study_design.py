"""The fields of a study: checked, and as plain values."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import get_args

from eventstudy._typing import Record
from eventstudy.domain.align import Returns
from eventstudy.domain.events import EventTable
from eventstudy.domain.instruments import instruments as known_instruments
from eventstudy.domain.windows import EventWindow
from eventstudy.errors import InputError, UnknownNameError
from eventstudy.inference.base import PAIR_STATISTICS, PANEL_STATISTICS
from eventstudy.inference.speed import HORIZON
from eventstudy.kernels.resample import fewest_paths
from eventstudy.kernels.stats import Convention
from eventstudy.measure import Measures
from eventstudy.models.base import ExpectedReturn
from eventstudy.models.regression import MarketModel
from eventstudy.volatility.base import GarchResponse
from eventstudy.volatility.variance_events import VarianceEvents


@dataclass(frozen=True, kw_only=True)
class StudyDesign:
    """Fields of a `Study`, which says what each of them means; here they are checked and told.

    Raises
    ------
    InputError, UnknownNameError
        When a field cannot be, such as an unknown selector or statistic.
    """

    instruments: tuple[str, ...] | list[str] = ()
    model: ExpectedReturn = field(default_factory=MarketModel)
    window: EventWindow = field(default_factory=EventWindow)
    volatility: GarchResponse | None = field(default_factory=GarchResponse)
    statistics: tuple[str, ...] | None = None
    returns: Returns = "instrument"
    calendar: str | None = None
    controls: tuple[str, ...] | list[str] | None = None
    counterfactuals: bool = True
    alpha: float = 0.05
    seed: int = 0
    allow_unusable: bool = False
    horizon: int | None = None
    convention: Convention = "textbook"
    releases: EventTable | None = None
    variance_events: VarianceEvents | None = None
    spillover: tuple[str, ...] | list[str] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "instruments", tuple(self.instruments))
        object.__setattr__(self, "spillover", known_instruments().select(self.spillover))
        if self.controls is not None:
            known_instruments().select(self.controls)  # a wrong selector is said here
            object.__setattr__(self, "controls", tuple(self.controls))
        if self.returns not in ("instrument", "log", "simple"):
            raise InputError(f"returns = {self.returns!r} is not one of 'instrument', 'log', 'simple'")
        if self.convention not in get_args(Convention):
            raise InputError(f"convention = {self.convention!r} is not one of {', '.join(get_args(Convention))}")
        if not 0.0 < self.alpha < 0.5:
            raise InputError(f"alpha = {self.alpha} must lie between 0 and 0.5, such as 0.05")
        if self.seed < 0:
            raise InputError(f"seed = {self.seed} must be zero or more")
        if self.horizon is not None and not 2 <= self.horizon <= self.window.event[1]:
            raise InputError(
                f"horizon = {self.horizon}: the drift runs from session 2 to the horizon, which must lie between 2 and "
                f"the end of the event window, {self.window.event[1]}; widen `event` or leave it out ({HORIZON})"
            )
        paths = self.variance_events.bootstrap if self.variance_events is not None else 0
        fewest = fewest_paths(self.alpha, 2)
        if 0 < paths < fewest:
            raise InputError(
                f"variance events: bootstrap = {paths} allows a p of {2.0 / (1 + paths):.3g} at best, above alpha = "
                f"{self.alpha:g}: give at least {fewest} paths, or 0 for none"
            )
        for key in self.statistics or ():
            if key not in PAIR_STATISTICS and key not in PANEL_STATISTICS:
                known = [e.key for e in (*PAIR_STATISTICS, *PANEL_STATISTICS)]
                raise UnknownNameError("statistic", key, known, hint="(eventstudy statistics lists them)")

    @property
    def measures(self) -> Measures:
        """What is measured on every pair."""
        return Measures(
            window=self.window, volatility=self.volatility, statistics=self.statistics, alpha=self.alpha,
            seed=self.seed, horizon=self.horizon, convention=self.convention, variance_events=self.variance_events,
            spillover=tuple(self.spillover),
        )  # fmt: skip

    def settings(self) -> Record:
        """The study as plain values, in a fixed order, for provenance and hashing."""
        volatility = None
        if self.volatility is not None:
            volatility = {k: v for k, v in asdict(self.volatility).items() if k != "engine"}
            volatility["engine"] = repr(self.volatility.engine)
        return {
            "instruments": list(self.instruments),
            "model": {"key": self.model.key, "market": list(self.model.market) if self.model.market else None},
            "window": asdict(self.window),
            "volatility": volatility,
            "statistics": list(self.statistics) if self.statistics is not None else None,
            "returns": self.returns,
            "calendar": self.calendar,
            "controls": None if self.controls is None else list(known_instruments().select(self.controls)),
            **{key: getattr(self, key) for key in ("counterfactuals", "alpha", "seed", "horizon", "allow_unusable")},
            "convention": self.convention,
            **self._opted(),
        }

    def _opted(self) -> Record:
        """What is measured only when asked for; studies that do not ask keep their hash, and their lock."""
        asked: Record = {"releases": [[r.label, r.when] for r in self.releases.values()]} if self.releases else {}
        asked |= {"spillover": list(self.spillover)} if self.spillover else {}
        return asked if self.variance_events is None else asked | {"variance_events": asdict(self.variance_events)}
