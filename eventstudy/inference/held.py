"""Statistics across pairs of buy-and-hold responses: long windows compound, and compounding skews."""

from __future__ import annotations

import numpy as np

from eventstudy._typing import FloatArray
from eventstudy.inference.base import PANEL_STATISTICS, Finding, refuse_one
from eventstudy.inference.panel import PanelView
from eventstudy.kernels.resample import rank_pvalue, smallest_pvalue
from eventstudy.kernels.stats import Inapplicable, cross_sectional_t, refuse_below, skewness_adjusted_t

#: A resample is a quarter of the pairs (Lyon, Barber & Tsai 1999), and fewer than five have no skewness to speak of.
FEWEST = 20


@PANEL_STATISTICS.register(
    "bhar_t",
    "t of buy-and-hold responses",
    null="mean BHAR is zero",
    assumptions="pairs are independent; BHARs are normal, or many: long windows skew them to the right",
    robust="event-induced variance",
    min_pairs="2",
    law="t(N - 1)",
    reference="Barber & Lyon (1997), J. Financial Economics 43:341-372",
)
def bhar_student(view: PanelView) -> Finding | Inapplicable:
    """``mean(BHAR) / (sd(BHAR) / sqrt(N))``, t(N - 1)."""
    held = _held(view)
    if isinstance(held, Inapplicable):
        return held
    stat = cross_sectional_t(held)
    if isinstance(stat, Inapplicable):
        return stat
    estimate, se = float(held.mean()), float(held.std(ddof=1) / np.sqrt(held.size))
    half = stat.critical(view.panel.alpha) * se
    return Finding(estimate, stat.pvalue, stat.value, se, estimate - half, estimate + half, law=stat.law, dof=stat.dof)


@PANEL_STATISTICS.register(
    "bhar_skew_t",
    "skewness-adjusted t of buy-and-hold responses",
    null="mean BHAR is zero",
    assumptions="pairs are independent",
    robust="skewness, event-induced variance",
    min_pairs="3",
    law="N(0,1)",
    reference="Johnson (1978), JASA 73:536-544; Lyon, Barber & Tsai (1999), J. Finance 54:165-201",
)
def bhar_skewness(view: PanelView) -> Finding | Inapplicable:
    """``sqrt(N) (S + g S^2/3 + g/(6N))`` of BHARs."""
    held = _held(view)
    if isinstance(held, Inapplicable):
        return held
    stat = skewness_adjusted_t(held, form="johnson")
    if isinstance(stat, Inapplicable):
        return stat
    return Finding(float(held.mean()), stat.pvalue, stat.value, law=stat.law, dof=stat.dof)


@PANEL_STATISTICS.register(
    "bhar_bootstrap",
    "bootstrapped skewness-adjusted t of buy-and-hold responses",
    null="mean BHAR is zero",
    assumptions="pairs are independent",
    robust="skewness, fat tails, event-induced variance",
    min_pairs="20",
    law="rank among bootstrap t of N/4 pairs",
    reference="Lyon, Barber & Tsai (1999), J. Finance 54:165-201, section III.B",
)
def bhar_bootstrap(view: PanelView) -> Finding | Inapplicable:
    """Rank of Johnson's t among those of resamples of a quarter of the pairs, centred at the mean of all."""
    held = _held(view)
    if isinstance(held, Inapplicable):
        return held
    refused = refuse_below(FEWEST, held.size, "a resample is a quarter of the pairs")
    stat = refused or skewness_adjusted_t(held, form="johnson")
    if isinstance(stat, Inapplicable):
        return stat
    first, last = view.car.window
    # Sorted, so that the draws do not depend on the order of the pairs.
    ordered = np.sort(held)
    rows = view.panel.rng(first, last, 7).integers(0, held.size, (view.panel.draws, held.size // 4))
    drawn = _johnson(ordered[rows] - held.mean())
    drawn = drawn[np.isfinite(drawn)]
    return Finding(
        float(held.mean()), rank_pvalue(stat.value, drawn), stat.value, smallest_p=smallest_pvalue(drawn.size),
        law=f"rank among {drawn.size} bootstrap t of {held.size // 4} pairs",
    )  # fmt: skip


def _johnson(values: FloatArray) -> FloatArray:
    """Johnson's t of every row, NaN where a row does not vary."""
    b = values.shape[1]
    mean, spread = values.mean(axis=1), values.std(axis=1, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = mean / spread
        skew = ((values - mean[:, None]) ** 3).mean(axis=1) / spread**3
        found = np.sqrt(b) * (ratio + skew * ratio**2 / 3.0 + skew / (6.0 * b))
    return np.asarray(np.where(spread > 1e-12 * np.abs(values).max(), found, np.nan))


def _held(view: PanelView) -> FloatArray | Inapplicable:
    """BHARs of the pairs in the window; refused for one pair and for responses that do not compound."""
    refused = refuse_one(view)
    if refused:
        return refused
    held = view.abnormal.bhar(view.car.window)[view.rows]
    if not np.isfinite(held).all():
        return Inapplicable("differences and ready-made series do not compound")
    return held
