"""Statistics across pairs of a change in spread: the event-induced variance that mean tests must survive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from eventstudy._typing import FloatArray
from eventstudy.inference.base import DESCRIPTION, PANEL_STATISTICS, Finding, described, refuse_days, refuse_one
from eventstudy.inference.panel import PanelView
from eventstudy.kernels.stats import Inapplicable, Stat
from eventstudy.kernels.variance import (
    CumulativeVolatility,
    cumulative_volatility,
    patell_variance_z,
    variance_ratio_t,
    variance_ratios,
)

#: Unit of the estimates: responses' variance over what it was before the window.
RATIO = "variance ratio"
BGW = (
    "Hilliard & Savickas (2002), J. Financial Research 25:447-462; Bialkowski, Gottschalk & Wisniewski (2008), "
    "J. Banking & Finance 32:1941-1953"
)
#: Facts of every test by the multipliers of a window: where the event raises the variance, rejecting is its power.
CHI2 = {
    "null": "no event-induced variance", "effect": "variance", "min_pairs": "2",
    "law": "chi2(sum (N_t - 1)), upper tail",
}  # fmt: skip

#: The multipliers of a window against one kind of variance forecast.
Volatility = Callable[[PanelView], CumulativeVolatility | Inapplicable]


@PANEL_STATISTICS.register(
    "avar_mean",
    "mean variance ratio",
    **DESCRIPTION,
    min_pairs="1",
    reference="Beaver (1968), J. Accounting Research 6 suppl.:67-92",
)
def avar_mean(view: PanelView) -> Finding | Inapplicable:
    """Mean over pairs of ``AR^2 / s^2``; its expectation is a little above one. One day only, no p."""
    ratios = _ratios(view)
    if isinstance(ratios, Inapplicable):
        return ratios
    return described(float(ratios.mean()), RATIO)


@PANEL_STATISTICS.register(
    "avar_t",
    "variance ratio t",
    null="mean of AR^2 / s^2 is one",
    effect="variance",
    assumptions="pairs are independent; many",
    robust="different variances among pairs",
    min_pairs="2",
    law="t(N - 1)",
    reference="Landsman & Maydew (2002), J. Accounting Research 40:797-808",
)
def avar_t(view: PanelView) -> Finding | Inapplicable:
    """T of mean ``AR^2 / s^2`` against one. One day only."""
    ratios = _ratios(view)
    if isinstance(ratios, Inapplicable):
        return ratios
    return refuse_one(view) or _about_ratio(variance_ratio_t(ratios), float(ratios.mean()))


@PANEL_STATISTICS.register(
    "patell_variance_z",
    "Patell variance z",
    null="squared SARs follow F(1, d)",
    effect="variance",
    assumptions="normal errors, pairs independent: fat tails reject",
    robust="different variances among pairs; not fat tails",
    min_pairs="1",
    law="N(0,1)",
    reference="Patell (1976), J. Accounting Research 14:246-276",
)
def patell_variance(view: PanelView) -> Finding | Inapplicable:
    """``sum (SAR^2 - d/(d-2))`` over its standard deviation under F(1, d). One day only."""
    ratios = _ratios(view)
    if isinstance(ratios, Inapplicable):
        return ratios
    return _about_ratio(patell_variance_z(view.car.scar, view.dof), float(ratios.mean()))


@PANEL_STATISTICS.register(
    "bgw_M",
    "abnormal volatility of a day",
    **DESCRIPTION,
    min_pairs="2",
    reference=BGW,
)
def bgw_day(view: PanelView) -> Finding | Inapplicable:
    """Event-induced variance multiplier of one day; 1 without an event, up to ``N / (N - 1)``. No p."""
    return day_multiplier(view, _volatility)


@PANEL_STATISTICS.register(
    "bgw_cav",
    "cumulative abnormal volatility",
    **CHI2,
    assumptions="normal errors, pairs independent; rejects too often in small panels",
    robust="different variances among pairs; not cross-correlation",
    reference=BGW,
)
def bgw_cumulative(view: PanelView) -> Finding | Inapplicable:
    """``sum (M_t - 1)`` over the days of the window; p as bgw_chi2."""
    return chi2_multipliers(view, _volatility, "cumulative")


@PANEL_STATISTICS.register(
    "bgw_chi2",
    "cumulative abnormal volatility, chi-squared as published",
    **CHI2,
    assumptions="normal errors, pairs independent; 9% with 12 pairs at nominal 5%",
    robust="different variances among pairs; not cross-correlation",
    reference=BGW,
)
def bgw_published(view: PanelView) -> Finding | Inapplicable:
    """``sum (N_t - 1) M_t`` in the published form."""
    return chi2_multipliers(view, _volatility, "published")


@PANEL_STATISTICS.register(
    "bgw_chi2_unbiased",
    "cumulative abnormal volatility, chi-squared with the right mean",
    **CHI2,
    assumptions="normal errors, pairs independent",
    robust="different variances among pairs; not cross-correlation",
    reference="as bgw_chi2, each M_t times (N_t - 1) / N_t so that its mean is one",
)
def bgw_unbiased(view: PanelView) -> Finding | Inapplicable:
    """As bgw_chi2, with every day's multiplier brought to mean one."""
    return chi2_multipliers(view, _volatility, "unbiased")


def day_multiplier(view: PanelView, volatility: Volatility, *, unbiased: bool = False) -> Finding | Inapplicable:
    """M of a single day, or with `unbiased` ``(N - 1) / N`` times it, whose mean is one. No p."""
    found = refuse_days(view) or refuse_one(view) or volatility(view)
    if isinstance(found, Inapplicable):
        return found
    return described(found.unbiased / found.dof if unbiased else float(found.multipliers[0]), RATIO)


def chi2_multipliers(
    view: PanelView, volatility: Volatility, form: Literal["cumulative", "published", "unbiased"]
) -> Finding | Inapplicable:
    """Mean multiplier of the window's days, and its test; only `unbiased` has the right mean under the null.

    The value is ``sum (M_t - 1)``, ``sum (N_t - 1) M_t`` or ``sum (N_t - 1)^2 / N_t M_t``; the first has the p of the
    second.
    """
    found = refuse_one(view) or volatility(view)
    if isinstance(found, Inapplicable):
        return found
    chi2 = found.unbiased if form == "unbiased" else found.chi2
    value = float((found.multipliers - 1.0).sum()) if form == "cumulative" else chi2
    mean = float(found.multipliers.mean())
    return Finding(mean, found.pvalue(chi2), value, law=f"chi2({found.dof:g})", dof=found.dof, unit=RATIO)


def _ratios(view: PanelView) -> FloatArray | Inapplicable:
    refused = refuse_days(view)
    if refused:
        return refused
    return variance_ratios(view.car.car, view.sigma) if view.n else Inapplicable("needs at least 1 pair, there is 0")


def _volatility(view: PanelView) -> CumulativeVolatility | Inapplicable:
    ar = view.abnormal.ar[view.rows, view.columns]
    return cumulative_volatility(ar, view.abnormal.se_day()[view.rows, view.columns] ** 2)


def _about_ratio(stat: Stat | Inapplicable, ratio: float) -> Finding | Inapplicable:
    if isinstance(stat, Inapplicable):
        return stat
    return Finding(ratio, stat.pvalue, stat.value, law=stat.law, dof=stat.dof, unit=RATIO)
