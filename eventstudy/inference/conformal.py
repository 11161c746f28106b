"""Conformal inference for a counterfactual: the model refitted with a hypothesised effect taken out of the event.

Under the right hypothesis the residuals of the whole stretch, estimation window, gap and event, look alike wherever
the event stands among them; under a wrong one those of the event stand out.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from eventstudy._typing import BoolArray
from eventstudy.domain.windows import Offsets
from eventstudy.inference.bars import refuse_bars
from eventstudy.inference.base import PAIR_STATISTICS, Finding, PairView, Refit
from eventstudy.kernels.conformal import cyclic_sums, kept_effects, shift_pvalue
from eventstudy.kernels.stats import Inapplicable

#: Fewest sessions of the contiguous sample: with fewer no p can be below 5%.
MIN_SAMPLE = 20
#: Steps of the search for the end of an interval, for models whose residuals are not linear in the response.
DOUBLINGS, HALVINGS = 8, 7


@PAIR_STATISTICS.register(
    "conformal",
    "conformal inference",
    null="with the effect taken out, the event's residuals are exchangeable with those before it",
    assumptions="residuals are exchangeable (exact) or weakly dependent and stationary; the variance has not changed",
    reference="Chernozhukov, Wuthrich & Zhu (2021), JASA 116:1849-1864",
    trust="beside the verdict: better than SQ over many sessions, but it rejects a true null in 16 to 24 of 100 where "
    "the variance quadrupled before the event, unless it did so in the benchmarks alone",
)
def conformal(view: PairView, window: Offsets) -> Finding | Inapplicable:
    """Share of the cyclic shifts whose ``|sum of the last L residuals| / sqrt(L)`` is at least the event's.

    The sample is the estimation window, the gap and the sessions up to the window's end, without masked sessions;
    sessions from day 0 on that precede the window are left out, they know the event. The effect is spread evenly
    over the window. `estimate` is the effect under which the event's residuals sum to zero, and the interval holds
    the effects that are not rejected: exactly, where residuals are linear in the response (every regression by least
    squares); by search, to 1% of its width, for other models.
    """
    if refused := refuse_bars(view.abnormal):
        return refused
    if isinstance(view.refit, str):
        return Inapplicable(view.refit)
    used, at = sample_columns(view.refit, window)
    length = int(at.sum())
    if length == 0:
        return Inapplicable(f"no session of [{window[0]},{window[1]}] has a response")
    if used.sum() < max(MIN_SAMPLE, 2 * length):
        return Inapplicable(
            f"{int(used.sum())} sessions from estimation window to event; needs {max(MIN_SAMPLE, 2 * length)}"
        )
    shape = np.where(at, 1.0 / length, 0.0)
    sums = cyclic_sums(view.refit.residuals(used, 0.0 * shape)[used], length)
    if not np.isfinite(sums).all():
        return Inapplicable("the model has no solution with the event's sessions among those it is fitted on")
    if not np.ptp(sums) > 0.0:
        return Inapplicable("the residuals do not vary")
    if view.refit.linear:
        slopes = sums - cyclic_sums(view.refit.residuals(used, shape)[used], length)
        if abs(slopes[0]) < 1e-9:
            return Inapplicable("the model explains the event's sessions entirely: no effect can be told apart")
        estimate = float(sums[0] / slopes[0])
        low, high = kept_effects(sums, slopes, view.alpha)
        spread = float(np.std(sums - estimate * slopes) / abs(slopes[0]))
    else:
        # The search starts at the study's own estimate, of a fit before the event: other donors may have been left.
        estimate, spread = float(view.abnormal.car(window).car[0]), float(np.std(sums[length:]))
        if not np.isfinite(estimate):
            return Inapplicable("the model has no solution on the estimation window")

        def pvalue(effect: float) -> float:
            assert isinstance(view.refit, Refit)
            return shift_pvalue(cyclic_sums(view.refit.residuals(used, effect * shape)[used], length))

        low, high = (_end(pvalue, estimate, side * spread, view.alpha) for side in (-1.0, 1.0))
    return Finding(
        estimate, shift_pvalue(sums), estimate / spread, spread, low, high, 1.0 / sums.size,
        f"{sums.size} cyclic shifts",
    )  # fmt: skip


def sample_columns(refit: Refit, window: Offsets) -> tuple[BoolArray, BoolArray]:
    """Columns of the contiguous sample, the window last, and those of the window; both of shape (T,)."""
    sample = refit.sample
    offsets, valid = sample.offsets, sample.valid[0]
    last = int(offsets[sample.estimation[0]].max(initial=int(offsets[0]) - 1))
    before = valid & (offsets > last) & (offsets < min(window[0], 0))
    at = valid & (offsets >= window[0]) & (offsets <= window[1])
    return np.asarray((sample.estimation[0] & (offsets < window[0])) | before | at), np.asarray(at)


def _end(pvalue: Callable[[float], float], start: float, step: float, alpha: float) -> float:
    """The last effect on one side of `start` whose p exceeds alpha; infinite when 256 steps do not reach it."""
    kept, width = start, step
    for _ in range(DOUBLINGS):
        beyond = start + width
        if pvalue(beyond) <= alpha:
            break
        kept, width = beyond, 2.0 * width
    else:
        return float(np.copysign(np.inf, step))
    for _ in range(HALVINGS):
        middle = 0.5 * (kept + beyond)
        kept, beyond = (middle, beyond) if pvalue(middle) > alpha else (kept, middle)
    return beyond
