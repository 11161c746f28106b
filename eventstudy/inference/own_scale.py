"""A sum in units of its own sessions' changes: what follows a large move, whatever that move did to the variance."""

from __future__ import annotations

import numpy as np

from eventstudy.domain.windows import Offsets
from eventstudy.inference.base import PAIR_STATISTICS, Finding, PairView
from eventstudy.inference.single import rank_among, rank_scale, same_hour
from eventstudy.kernels.resample import successive_rms
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
    found = rank_scale(view.abnormal, window, studentised=True, local=False)
    if isinstance(found, Inapplicable):
        return found
    ar = view.abnormal
    values = ar.ar[0, ar.columns(window)]
    values = values[np.isfinite(values)]
    if values.size < MIN_SESSIONS:
        return Inapplicable(f"{values.size} sessions have no scale of their own; needs {MIN_SESSIONS}")
    inside = successive_rms(values, values.size)[0]
    if not inside > 0.0:
        return Inapplicable("the responses do not change from session to session inside the window")
    scale = successive_rms(ar.ar[0], values.size)[found.starts]
    own, moves = found.own * float(inside), scale > 0.0
    placebo = found.placebo[moves] / scale[moves]
    what = f"windows inside estimation{same_hour(view)}"
    return rank_among(view, found.estimate, own, placebo, found.estimate / own, what)
