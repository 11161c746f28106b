"""Statistics across pairs by resampling: sign flips, the wild and stationary bootstraps, placebo windows."""

from __future__ import annotations

import numpy as np

from eventstudy._typing import FloatArray
from eventstudy.inference.base import PANEL_STATISTICS, Finding, refuse_one
from eventstudy.inference.panel import PanelView
from eventstudy.kernels.resample import (
    critical_value,
    group_sums,
    rank_pvalue,
    sign_flip_pvalue,
    sign_patterns,
    smallest_pvalue,
    stationary_sums,
    window_sums,
)
from eventstudy.kernels.stats import Inapplicable

#: Mean block of the stationary bootstrap is ten sessions.
RESTART = 0.1
#: With fewer windows no p can reach 5%.
MIN_WINDOWS = 19


@PANEL_STATISTICS.register(
    "signflip_exact",
    "sign flips of pairs",
    null="CARs are symmetric about zero",
    assumptions="pairs are independent",
    robust="fat tails, event-induced variance, different variances among pairs",
    min_pairs="6 for p below 5%",
    law="all sign patterns up to 14 pairs, 9999 random ones beyond",
    reference="Wu (1986), Ann. Statistics 14:1261-1295; Liu (1988) 16:1696-1708; the Rademacher wild bootstrap",
)
def sign_flips(view: PanelView) -> Finding | Inapplicable:
    """Share of sign patterns whose absolute mean CAR is at least the observed."""
    return refuse_one(view) or _flipped(view, view.car.car, "pairs")


@PANEL_STATISTICS.register(
    "wild_bootstrap",
    "wild bootstrap by event date",
    null="mean CAR is zero",
    assumptions="dates are independent; the sum of a date is symmetric about zero",
    robust="cross-correlation among pairs of one date, fat tails, event-induced variance",
    min_pairs="2 dates; 6 for p below 5%",
    law="all sign patterns up to 14 dates, 9999 random ones beyond",
    reference="Cameron, Gelbach & Miller (2008), Rev. Economics & Statistics 90:414-427",
)
def wild_bootstrap(view: PanelView) -> Finding | Inapplicable:
    """As sign flips, with all pairs of one event date flipped together."""
    refused = refuse_one(view)
    if refused:
        return refused
    sums = group_sums(view.car.car, view.clusters)
    if sums.size < 2:
        return Inapplicable("all pairs share one event date: one sign to flip says nothing, take placebo")
    return _flipped(view, sums, "event dates")


@PANEL_STATISTICS.register(
    "stationary_bootstrap",
    "stationary bootstrap of the mean",
    null="the window's mean responses are drawn like those before it",
    assumptions="the daily mean is stationary; the model's estimation error is small",
    robust="cross-correlation, autocorrelation, fat tails; not event-induced variance",
    min_pairs="1",
    law="9999 bootstrap sums, mean block 10 sessions",
    reference="Politis & Romano (1994), JASA 89:1303-1313",
)
def stationary_bootstrap(view: PanelView) -> Finding | Inapplicable:
    """Rank of the sum of AAR among sums of blocks drawn from the estimation window's AAR."""
    series = view.panel.aar_estimation
    if not view.n or series.size < MIN_WINDOWS:
        return Inapplicable(f"{series.size} estimation sessions; needs {MIN_WINDOWS}")
    first, last = view.car.window
    rng = view.panel.rng(first, last, 3)
    drawn = stationary_sums(series - series.mean(), view.days.size, view.panel.draws, RESTART, rng)
    return _among(view, drawn, f"{drawn.size} stationary bootstrap sums")


@PANEL_STATISTICS.register(
    "placebo",
    "placebo windows",
    null="the window is exchangeable with those of equal length inside the estimation window",
    assumptions="the daily mean is stationary; the model's estimation error is small",
    robust="cross-correlation, autocorrelation, fat tails; not event-induced variance",
    min_pairs="1",
    law="rank among overlapping windows",
    reference="Davison & Hinkley (1997), ch. 4; Phipson & Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9:39",
)
def placebo_windows(view: PanelView) -> Finding | Inapplicable:
    """Rank of the sum of AAR among the sums of equal length inside the estimation window."""
    sums = window_sums(view.panel.aar_estimation, view.days.size)
    if not view.n or sums.size < MIN_WINDOWS:
        return Inapplicable(f"{sums.size} windows inside estimation; with fewer than {MIN_WINDOWS} no p can reach 5%")
    return _among(view, sums, f"rank among {sums.size} windows inside estimation")


def _flipped(view: PanelView, sums: FloatArray, what: str) -> Finding:
    """Sign-flip p of the sum of `sums`, about CAAR."""
    first, last = view.car.window
    # Sorted by size, so that random patterns depend neither on the order of the pairs nor on the sign of all.
    sums = sums[np.argsort(np.abs(sums), kind="stable")]
    patterns, complete = sign_patterns(sums.size, view.panel.draws, view.panel.rng(first, last, 2))
    p = sign_flip_pvalue(sums, patterns, complete=complete)
    # The observed pattern and its mirror image always count.
    least = 2.0 / len(patterns) if complete else smallest_pvalue(len(patterns))
    law = f"all {len(patterns)} sign patterns" if complete else f"{len(patterns)} random sign patterns"
    se = float(np.sqrt((sums**2).sum()) / view.n)
    return Finding(view.caar, p, view.caar, se, smallest_p=least, law=f"{law} of {sums.size} {what}")


def _among(view: PanelView, drawn: FloatArray, law: str) -> Finding:
    """Rank of the sum of AAR among sums drawn under the null, and the interval that inverts it."""
    total = float(view.days.sum())
    half = critical_value(drawn, view.panel.alpha)
    return Finding(
        total, rank_pvalue(total, drawn), total, float(drawn.std()), total - half, total + half,
        smallest_pvalue(drawn.size), law,
    )  # fmt: skip
