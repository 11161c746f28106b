"""Statistics across pairs against GARCH forecasts: a calm sample's variance is no yardstick for a turbulent day."""

from __future__ import annotations

import numpy as np

from eventstudy._typing import FloatArray
from eventstudy.domain.windows import columns_of
from eventstudy.inference.base import DESCRIPTION, PANEL_STATISTICS, Finding, about_caar, refuse_one
from eventstudy.inference.panel import PanelView
from eventstudy.inference.variance import BGW, CHI2, chi2_multipliers, day_multiplier
from eventstudy.kernels.stats import Inapplicable, cross_sectional_t
from eventstudy.kernels.variance import CumulativeVolatility, cumulative_volatility

INDEPENDENT = "pairs independent; each pair's GARCH is right"


@PANEL_STATISTICS.register(
    "savickas_t",
    "Savickas t",
    null="mean abnormal response is zero",
    assumptions=INDEPENDENT + "; many pairs",
    robust="variance that clusters, and a variance multiple that the event brings to all pairs",
    min_pairs="2",
    law="t(N - 1)",
    reference="Savickas (2003), J. Financial Research 26:165-178, with coefficients from before the event",
)
def savickas(view: PanelView) -> Finding | Inapplicable:
    """``mean(S) / (sd(S) / sqrt(N))``, ``S_i = sum AR_i / sqrt(sum h_i)`` over the days of the window.

    AR are the residuals and h the forecasts of each pair's variance model, both fitted before the gap.
    """
    found = refuse_one(view) or _window(view)
    if isinstance(found, Inapplicable):
        return found
    ar, h = found
    there = np.isfinite(ar).any(axis=1)
    if there.sum() < 2:
        return Inapplicable("fewer than 2 pairs have a variance forecast in the window")
    return about_caar(view, cross_sectional_t(np.nansum(ar[there], axis=1) / np.sqrt(np.nansum(h[there], axis=1))))


@PANEL_STATISTICS.register(
    "bgw_garch_M",
    "abnormal volatility of a day, GARCH forecast",
    **DESCRIPTION,
    min_pairs="2",
    reference=BGW,
)
def day(view: PanelView) -> Finding | Inapplicable:
    """As bgw_M, each pair's variance forecast by its GARCH. No p."""
    return day_multiplier(view, _volatility)


@PANEL_STATISTICS.register(
    "bgw_garch_M_unbiased",
    "abnormal volatility of a day, GARCH forecast, mean one",
    **DESCRIPTION,
    min_pairs="2",
    reference="as bgw_garch_M, times (N - 1) / N",
)
def day_unbiased(view: PanelView) -> Finding | Inapplicable:
    """As bgw_garch_M, brought to mean one without an event. No p."""
    return day_multiplier(view, _volatility, unbiased=True)


@PANEL_STATISTICS.register(
    "bgw_garch_cav",
    "cumulative abnormal volatility, GARCH forecast",
    **CHI2,
    assumptions=INDEPENDENT + "; normal shocks; rejects too often in small panels",
    robust="variance that clusters, asked of one day; not cross-correlation",
    reference=BGW,
)
def cumulative(view: PanelView) -> Finding | Inapplicable:
    """``sum (M_t - 1)`` over the days of the window; p as bgw_garch_chi2."""
    return chi2_multipliers(view, _volatility, "cumulative")


@PANEL_STATISTICS.register(
    "bgw_garch_chi2",
    "cumulative abnormal volatility, GARCH forecast, as published",
    **CHI2,
    assumptions=INDEPENDENT + "; normal shocks; rejects too often in small panels",
    robust="variance that clusters, asked of one day; not cross-correlation",
    reference=BGW,
)
def published(view: PanelView) -> Finding | Inapplicable:
    """``sum (N_t - 1) M_t`` in the published form, each pair's variance forecast by its GARCH."""
    return chi2_multipliers(view, _volatility, "published")


@PANEL_STATISTICS.register(
    "bgw_garch_chi2_unbiased",
    "cumulative abnormal volatility, GARCH forecast, with the right mean",
    **CHI2,
    assumptions=INDEPENDENT + "; normal shocks: k-step forecasts and fat tails reject too often over many days",
    robust="variance that clusters, asked of one day; not cross-correlation",
    reference="as bgw_garch_chi2, each M_t times (N_t - 1) / N_t so that its mean is one",
)
def unbiased(view: PanelView) -> Finding | Inapplicable:
    """As bgw_garch_chi2, with every day's multiplier brought to mean one."""
    return chi2_multipliers(view, _volatility, "unbiased")


def _window(view: PanelView) -> tuple[FloatArray, FloatArray] | Inapplicable:
    """Residuals and forecast variances of the window's days, shape (n, L) each."""
    garch = view.panel.garch
    if isinstance(garch, str):
        return Inapplicable(garch)
    first, last = view.car.window
    if first < garch.offsets[0] or last > garch.offsets[-1]:
        return Inapplicable("the window is not inside the event window, for which variances are forecast")
    columns = columns_of(garch.offsets, view.car.window)
    return garch.residual[view.rows, columns], garch.variance[view.rows, columns]


def _volatility(view: PanelView) -> CumulativeVolatility | Inapplicable:
    found = _window(view)
    return found if isinstance(found, Inapplicable) else cumulative_volatility(*found)
