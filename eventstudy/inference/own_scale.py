"""A sum in units of its own sessions' changes: what follows a large move, whatever that move did to the variance."""

from __future__ import annotations

import math

import numpy as np

from eventstudy._typing import FloatArray
from eventstudy.domain.windows import Offsets
from eventstudy.inference.base import PAIR_STATISTICS, Finding, PairView
from eventstudy.inference.seen import TARGET
from eventstudy.inference.single import Ranked, rank_among, rank_scale, same_hour
from eventstudy.kernels.resample import critical_value, successive_rms
from eventstudy.kernels.stats import Inapplicable

#: Fewest sessions with a scale of their own: two changes between sessions.
MIN_SESSIONS = 3


@PAIR_STATISTICS.register(
    "own_scale",
    "own-scale placebo",
    null="the event's sum, in units of the changes between its own sessions, is exchangeable with those inside "
    "estimation",
    assumptions="errors are stationary up to a scale, which may have changed before the window or at its first session",
    reference="von Neumann, Kent, Bellinson & Hart (1941), Ann. Math. Stat. 12:153-162; sizes in docs/methods",
    trust="beside the verdict: it decides on the drift after a first move, which may have raised the variance; it sees "
    "what comes over several sessions, never what comes in one",
)
def own_scale(view: PairView, window: Offsets) -> Finding | Inapplicable:
    """As SQ, each sum divided by the root mean square change from session to session inside its own window.

    No session outside enters the scale, and a level that stays for several sessions hardly does: a move spread over
    days stands out, in calm and in turbulent times. Needs three sessions.
    """
    found = _own_ranked(view, window)
    if isinstance(found, Inapplicable):
        return found
    value, what = found.estimate / found.own, f"windows inside estimation{same_hour(view)}"
    return rank_among(view, found.estimate, found.own, found.placebo, value, what)


def seen_drift(view: PairView, window: Offsets) -> float:
    """Smallest drift, spread evenly over `window`, that `own_scale` sees with its sign in four of five cases.

    It is added to every window inside estimation in units of that window's own scale, which an even drift does not
    enter: those windows give the law of the noise, the event's window gives the volatility. NaN where the test does not
    exist, infinite where it can reject nothing.
    """
    found = _own_ranked(view, window)
    if isinstance(found, Inapplicable):
        return math.nan
    half = critical_value(found.placebo, view.alpha)
    needed = np.concatenate((half - found.placebo, half + found.placebo))
    return found.own * float(np.quantile(needed, TARGET, method="inverted_cdf"))


def largest_session(view: PairView, window: Offsets) -> tuple[int, Finding] | Inapplicable:
    """The session of `window` with the largest response, tested by that response over the root mean square of the rest.

    The ratio is ranked among the same ratio of the windows inside estimation, so that the choice of the session is paid
    for. It sees the move of one session, which raises its own scale in `own_scale`, and cannot tell it from a variance
    that was raised for a session or two.
    """
    found = rank_scale(view.abnormal, window, studentised=True, local=False)
    if isinstance(found, Inapplicable):
        return found
    ar = view.abnormal
    known = np.isfinite(ar.ar[0, ar.columns(window)])
    sessions, values = np.arange(window[0], window[1] + 1)[known], ar.ar[0, ar.columns(window)][known]
    if values.size < MIN_SESSIONS:
        return Inapplicable(_too_few(values.size))
    largest, rest = _largest_and_rest(values)
    if not rest > 0.0:
        return Inapplicable("the responses do not move but in one session of the window")
    inside = np.lib.stride_tricks.sliding_window_view(ar.ar[0], values.size)[found.starts]
    high, low = _largest_and_rest(inside)
    ratios = high[low > 0.0] / low[low > 0.0]
    at, what = int(np.argmax(np.abs(values))), f"windows inside estimation{same_hour(view)}"
    tested = rank_among(view, float(values[at]), float(rest), ratios, float(largest / rest), what)
    return tested if isinstance(tested, Inapplicable) else (int(sessions[at]), tested)


def _own_ranked(view: PairView, window: Offsets) -> Ranked | Inapplicable:
    """The event's sum and those of equal length inside estimation, each over its own window's scale."""
    found = rank_scale(view.abnormal, window, studentised=True, local=False)
    if isinstance(found, Inapplicable):
        return found
    ar = view.abnormal
    values = ar.ar[0, ar.columns(window)]
    values = values[np.isfinite(values)]
    if values.size < MIN_SESSIONS:
        return Inapplicable(_too_few(values.size))
    inside = successive_rms(values, values.size)[0]
    if not inside > 0.0:
        return Inapplicable("the responses do not change from session to session inside the window")
    scale = successive_rms(ar.ar[0], values.size)[found.starts]
    moves = scale > 0.0
    return Ranked(found.estimate, found.own * float(inside), found.placebo[moves] / scale[moves], found.starts[moves])


def _too_few(sessions: int) -> str:
    return f"{sessions} sessions have no scale of their own; needs {MIN_SESSIONS}"


def _largest_and_rest(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Largest absolute value along the last axis, and the root mean square of the others."""
    ordered = np.sort(np.abs(values), axis=-1)
    return ordered[..., -1], np.asarray(np.sqrt(np.mean(ordered[..., :-1] ** 2, axis=-1)))
