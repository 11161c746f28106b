"""News impact before and after: what a shock of today does to the variance of tomorrow.

Engle & Ng (1993), J. Finance 48:1749-1778.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eventstudy._typing import FloatArray, Record
from eventstudy.abnormal import abnormal_returns
from eventstudy.domain.align import Block, ResponseSeries, gather
from eventstudy.domain.windows import EventWindow
from eventstudy.engines.base import GarchFit
from eventstudy.kernels.garch import Params
from eventstudy.models.base import ExpectedReturn
from eventstudy.volatility.base import GarchResponse, VarianceModel
from eventstudy.volatility.residuals import hours_of, too_rare

#: Shocks shown, in long-run standard deviations before the announcement.
WIDEST, POINTS = 4.0, 81


@dataclass(frozen=True, kw_only=True, eq=False)
class NewsImpact:
    """Variance of the next session after each shock, the variance before it at its long-run level.

    Attributes
    ----------
    shocks : ndarray, shape (G,)
        In the pair's unit.
    before, low, high : ndarray, shape (G,)
        Fitted before the gap, with the interval of its coefficients' error; squared units.
    after : ndarray, shape (G,)
        Fitted on the sessions after the event window; NaN where `reason` says why there is no such fit.
    n_after : int
        Sessions of that fit.
    """

    shocks: FloatArray
    before: FloatArray
    low: FloatArray
    high: FloatArray
    after: FloatArray
    n_after: int = 0
    reason: str = ""

    def to_record(self) -> Record:
        """Plain dict for JSON: the curves at -2, -1, 0, 1 and 2 long-run standard deviations."""
        at = np.linspace(0, POINTS - 1, 9).round().astype(int)[2:7]
        return {
            "shocks": self.shocks[at].tolist(), "before": self.before[at].tolist(), "after": self.after[at].tolist(),
            "n_after": self.n_after, "reason": self.reason,
        }  # fmt: skip


def impact(params: Params, shocks: FloatArray) -> FloatArray:
    """Variance after each shock, from the long-run level; shape (G,) + the coefficients' shape.

    NaN where persistence is one or more: there is no long-run level.
    """
    level = params.long_run
    return params.step(shocks.reshape(-1, *(1,) * level.ndim), level)


def fit_after(
    series: ResponseSeries, position: int, model: ExpectedReturn, window: EventWindow, spec: GarchResponse
) -> tuple[GarchFit, int] | str:
    """The same variance model on the sessions after the event window, or the reason why there is none."""
    first = window.event[1] + 1
    last = min(first + spec.sessions - 1, series.dates.size - 1 - position)
    if last - first + 1 < spec.min_sessions:
        return f"{max(0, last - first + 1)} sessions after the event window, a fit needs {spec.min_sessions}"
    block = Block(series=series, events=("",), positions=np.array([position]))
    sample = gather(block, np.arange(first, last + 1), (first, last), mask=False)
    fitted = model.fit(sample)
    if fitted.singular[0] or sample.estimation.sum() < spec.min_sessions:
        return f"{int(sample.estimation.sum())} usable sessions after the event window, a fit needs {spec.min_sessions}"
    abnormal = abnormal_returns(sample, fitted)
    hours = hours_of(abnormal)
    ar = abnormal.ar[0] if hours is None else abnormal.ar[0] / hours.scale
    residual = ar[np.isfinite(ar)]
    if residual.size < spec.min_sessions:
        return too_rare(int(sample.estimation.sum()))
    if not residual.std() > 0.0:
        return "the residuals do not vary after the event window"
    fit = spec.engine.fit(residual, kind=spec.kind, dist=spec.dist)
    return (fit, residual.size) if not fit.problem else f"after the event window: {fit.problem}"


def news_impact(
    model: VarianceModel, after: tuple[GarchFit, int] | str, *, draws: int, alpha: float, rng: np.random.Generator
) -> NewsImpact | str:
    """Curves of the fit before and of the fit after; the reason, when there are no dynamics before."""
    if model.method not in ("garch", "gjr", "egarch"):
        return model.problem or "no volatility dynamics"
    if not float(model.params.persistence) < 1.0:
        return "persistence is one: the variance has no long-run level"
    shocks = np.sqrt(float(model.params.long_run)) * np.linspace(-WIDEST, WIDEST, POINTS)
    curve = impact(model.params, shocks)
    drawn = model.drawn_params(draws, rng)
    low, high = np.full_like(curve, np.nan), np.full_like(curve, np.nan)
    if drawn is not None:
        low, high = np.nanquantile(impact(drawn, shocks), [alpha / 2.0, 1.0 - alpha / 2.0], axis=1)
    none = np.full_like(curve, np.nan)
    if isinstance(after, str):
        return NewsImpact(shocks=shocks, before=curve, low=low, high=high, after=none, reason=after)
    fit, n = after
    return NewsImpact(
        shocks=shocks, before=curve, low=low, high=high, after=impact(fit.params, shocks), n_after=n,
        reason="" if float(fit.params.persistence) < 1.0 else "after the event window persistence is one",
    )  # fmt: skip
