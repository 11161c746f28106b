"""What is asked of one replication: a registered statistic, or a question of your own.

A statistic of either registry needs nothing here. A test that is none of them (a speed, an onset) registers a probe.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from eventstudy._typing import FloatArray
from eventstudy.abnormal import AbnormalReturns
from eventstudy.calibration.history import series_of_responses, windows_of, with_effect
from eventstudy.domain.align import AlignedSample
from eventstudy.domain.windows import EventWindow, Offsets
from eventstudy.engines.compiled import CompiledEngine
from eventstudy.errors import UnknownNameError
from eventstudy.inference.base import (
    PAIR_STATISTICS,
    PANEL_STATISTICS,
    Finding,
    PairView,
    Refit,
    residual_correlations,
)
from eventstudy.inference.panel import NO_FORECASTS, Panel, PanelView, panel_view
from eventstudy.inference.placebo import placebo_paths
from eventstudy.kernels.stats import Inapplicable
from eventstudy.models.benchmarks import ConstantMean
from eventstudy.results import Registry
from eventstudy.volatility.base import GarchResponse, VarianceModel, model_of_residuals, variance_model
from eventstudy.volatility.panel import panel_forecasts

#: Random draws of a statistic inside a simulation: p is a multiple of 1/1000, and 5% is one of them.
DRAWS = 999
_NOT_FITTED = "no variance model was fitted"
_NO_DATES = "a simulated series has no other dates"


@dataclass(frozen=True, kw_only=True, eq=False)
class Replication:
    """One simulated study.

    Attributes
    ----------
    abnormal : AbnormalReturns
        Its pairs.
    window : (int, int)
    alpha : float
    seed : int
        Number of the replication: the entropy of statistics that draw.
    history : ndarray, shape (S,), or None
        Responses of the only pair from its first session on, to the window's end: years of data for a variance model
        and placebo dates. None: its estimation window must do.
    before : Replication or None
        The same without its effect: what does not depend on the window's responses is its, and not fitted again.
    effect : float
        Added to the only pair's first tested session.
    """

    abnormal: AbnormalReturns
    window: Offsets
    alpha: float
    seed: int
    history: FloatArray | None = None
    before: Replication | None = None
    effect: float = 0.0

    def with_effect(self, effect: FloatArray) -> Replication:
        """The same replication with `effect`, shape (n,), added to the response of the window's first session."""
        if not effect.any():
            return self
        ar = self.abnormal
        added = np.where(ar.offsets == self.window[0], effect[:, None], 0.0)
        moved = replace(ar, ar=ar.ar + added, response=ar.response + added)
        past = self.history
        if past is not None:
            past = past.copy()
            past[self.window[0] - max(self.window[1], 0) - 1] += effect[0]
        return replace(self, abnormal=moved, history=past, before=self, effect=float(effect[0]))

    @cached_property
    def view(self) -> PanelView:
        """The window, as statistics across pairs see it."""
        calendar, by_event = residual_correlations(self.abnormal)
        panel = Panel(
            abnormal=self.abnormal, event=(min(self.window[0], 0), self.window[1]), rbar_calendar=calendar,
            rbar_event=by_event, clusters=np.unique(self.abnormal.dates[:, -1], return_inverse=True)[1],
            draws=DRAWS, seed=self.seed, alpha=self.alpha,
        )  # fmt: skip
        return panel_view(panel, self.window)

    @cached_property
    def view_with_forecasts(self) -> PanelView:
        """As `view`, with a variance model of every pair, fitted on its estimation window."""
        ar = self.abnormal
        fitted: list[VarianceModel | str] = []
        for row in range(ar.n_pairs):
            n_fit = int(ar.estimation[row].sum())
            spec = GarchResponse(min_sessions=min(500, n_fit), draws=DRAWS, engine=CompiledEngine())
            fitted.append(model_of_residuals(ar.ar[row], ar.offsets, ar.dates[row], n_fit, spec))
        sessions = np.arange(min(self.window[0], 0), self.window[1] + 1)
        return panel_view(replace(self.view.panel, garch=panel_forecasts(fitted, sessions, "event")), self.window)

    @cached_property
    def pair(self) -> PairView:
        """The only pair, without a variance model or other dates."""
        if self.before is not None:
            return with_effect(self.before.pair, self.window, self.effect)
        return PairView(
            abnormal=self.abnormal, placebo=_NO_DATES, variance=_NOT_FITTED, alpha=self.alpha, draws=DRAWS,
            seed=(self.seed,), refit=self._refit(),
        )  # fmt: skip

    @cached_property
    def pair_with_variance(self) -> PairView:
        """The only pair, with a variance model: fitted on its history, or without one on its estimation window."""
        if self.before is not None:
            return with_effect(self.before.pair_with_variance, self.window, self.effect)
        n_fit = int(self.abnormal.estimation[0].sum())
        spec = GarchResponse(min_sessions=min(500, n_fit), draws=DRAWS, engine=CompiledEngine())
        if self.history is None:
            offsets, days = self.abnormal.offsets, self.abnormal.dates[0]
            return replace(self.pair, variance=model_of_residuals(self.abnormal.ar[0], offsets, days, n_fit, spec))
        prepared, position = series_of_responses(self.history), self.history.size - 1 - max(self.window[1], 0)
        variance = variance_model(prepared.series, position, prepared.model, self._windows, spec)
        return replace(self.pair, variance=variance)

    @cached_property
    def pair_with_dates(self) -> PairView:
        """The only pair, with the whole pipeline re-run at the other dates of its history."""
        if self.before is not None:
            return with_effect(self.before.pair_with_dates, self.window, self.effect)
        if self.history is None:
            return self.pair
        prepared, position = series_of_responses(self.history), self.history.size - 1 - max(self.window[1], 0)
        return replace(self.pair, placebo=placebo_paths(prepared.series, [position], prepared.model, self._windows))

    @property
    def _windows(self) -> EventWindow:
        used = self.abnormal.offsets[self.abnormal.estimation[0]]
        return windows_of(self.window, (int(used[0]), int(used[-1])))

    def _refit(self) -> Refit | str:
        """The constant mean on the pair's own sample; other models need benchmarks that are not at hand."""
        ar = self.abnormal
        if set(ar.params[0]) != {"mean"}:
            return "the sample behind the abnormal responses is not at hand"
        n, t = ar.ar.shape
        sample = AlignedSample(
            pairs=ar.pairs, factor_ids=(), offsets=ar.offsets, response=ar.response, factors=np.empty((n, t, 0)),
            valid=np.isfinite(ar.response), masked=np.zeros((n, t), dtype=bool), estimation=ar.estimation,
            dates=ar.dates, levels=ar.level, units=ar.units, changes=ar.changes,
        )  # fmt: skip
        return Refit(sample=sample, model=ConstantMean())


Probe = Callable[[Replication], Finding | Inapplicable]
#: Questions that are no registered statistic.
PROBES: Registry[Probe] = Registry("probe")


def known_methods() -> list[str]:
    """Keys that can be measured."""
    return [e.key for registry in (PAIR_STATISTICS, PANEL_STATISTICS, PROBES) for e in registry]


def ask(key: str, one: Replication) -> Finding | Inapplicable:
    """The answer of one method on one replication.

    Raises
    ------
    UnknownNameError
    """
    if key in PANEL_STATISTICS:
        across = PANEL_STATISTICS[key].obj(one.view)
        if isinstance(across, Inapplicable) and across.reason == NO_FORECASTS:
            return PANEL_STATISTICS[key].obj(one.view_with_forecasts)
        return across
    if key in PROBES:
        return PROBES[key].obj(one)
    if key not in PAIR_STATISTICS:
        raise UnknownNameError("statistic", key, known_methods(), hint="(eventstudy statistics lists them)")
    if one.abnormal.n_pairs > 1:
        return Inapplicable("a statistic of one series and one event; there are more pairs")
    found = PAIR_STATISTICS[key].obj(one.pair, one.window)
    if isinstance(found, Inapplicable) and _NOT_FITTED in found.reason:
        return PAIR_STATISTICS[key].obj(one.pair_with_variance, one.window)
    if isinstance(found, Inapplicable) and _NO_DATES in found.reason:
        return PAIR_STATISTICS[key].obj(one.pair_with_dates, one.window)
    return found
