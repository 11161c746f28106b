"""Bars of different hours vary differently: which statistics do not know that, and their refusal."""

from __future__ import annotations

from typing import Final

import numpy as np

from eventstudy.abnormal import AbnormalReturns
from eventstudy.kernels.stats import Inapplicable

#: Statistics across pairs that take a bar of the event for one of the estimation window, whatever its hour. All others
#: learn the variance from the event's own cross-section, or from a forecast that knows the hour.
TAKES_BARS_FOR_ALIKE: Final = frozenset(
    {
        "avar_mean", "avar_t", "bgw_M", "bgw_cav", "bgw_chi2", "bgw_chi2_unbiased", "bw_crude_t", "corrado_rank",
        "corrado_zivney", "kp_patell_calendar", "kp_patell_event", "mackinlay_j1", "mackinlay_j1_fe",
        "patell_variance_z", "patell_z", "patell_z_csar", "placebo", "stationary_bootstrap",
    }
)  # fmt: skip


def refuse_bars(abnormal: AbnormalReturns) -> Inapplicable | None:
    """The refusal of a statistic that takes bars for alike; None for daily prices, and for one bar a day."""
    if abnormal.clock is None or np.unique(abnormal.clock[abnormal.estimation]).size < 2:
        return None
    other = "the verdict, or ranks of one clock time (sq, local_scale)"
    if abnormal.n_pairs > 1:
        other = "BMP's t, or sign flips, which take the variance from the pairs themselves"
    return Inapplicable(f"it takes bars of every hour for alike, and the night varies more than noon: see {other}")
