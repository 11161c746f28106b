"""What is asked of one replication: a registered statistic, or a question of your own.

A statistic of either registry needs nothing here. A test that is none of them (a speed, an onset) registers a probe.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from eventstudy.abnormal import AbnormalReturns
from eventstudy.domain.windows import Offsets
from eventstudy.engines.compiled import CompiledEngine
from eventstudy.errors import UnknownNameError
from eventstudy.inference.base import PAIR_STATISTICS, PANEL_STATISTICS, Finding, PairView, residual_correlations
from eventstudy.inference.panel import Panel, PanelView, panel_view
from eventstudy.kernels.stats import Inapplicable
from eventstudy.results import Registry
from eventstudy.volatility.base import GarchResponse, model_of_residuals

#: Random draws of a statistic inside a simulation: p is a multiple of 1/1000, and 5% is one of them.
DRAWS = 999
_NOT_FITTED = "no variance model was fitted"


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
    """

    abnormal: AbnormalReturns
    window: Offsets
    alpha: float
    seed: int

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
    def pair(self) -> PairView:
        """The only pair, without a variance model."""
        return PairView(
            abnormal=self.abnormal, placebo="a simulated series has no other dates", variance=_NOT_FITTED,
            alpha=self.alpha, draws=DRAWS, seed=(self.seed,),
        )  # fmt: skip

    @cached_property
    def pair_with_variance(self) -> PairView:
        """The only pair, with a variance model fitted on its estimation window."""
        n_fit = int(self.abnormal.estimation[0].sum())
        spec = GarchResponse(min_sessions=min(500, n_fit), draws=DRAWS, engine=CompiledEngine())
        variance = model_of_residuals(self.abnormal.ar[0], self.abnormal.offsets, self.abnormal.dates[0], n_fit, spec)
        return replace(self.pair, variance=variance)


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
        return PANEL_STATISTICS[key].obj(one.view)
    if key in PROBES:
        return PROBES[key].obj(one)
    if key not in PAIR_STATISTICS:
        raise UnknownNameError("statistic", key, known_methods(), hint="(eventstudy statistics lists them)")
    if one.abnormal.n_pairs > 1:
        return Inapplicable("a statistic of one series and one event; there are more pairs")
    found = PAIR_STATISTICS[key].obj(one.pair, one.window)
    if isinstance(found, Inapplicable) and _NOT_FITTED in found.reason:
        return PAIR_STATISTICS[key].obj(one.pair_with_variance, one.window)
    return found
