"""Statistics across pairs from means and variances: t, Patell, BMP, Kolari-Pynnonen, skewness, jackknife.

They need a cross-section, and refuse with a reason where there is none.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from eventstudy._typing import FloatArray
from eventstudy.inference.base import PANEL_STATISTICS, Finding, about_caar, refuse_one
from eventstudy.inference.panel import PanelView
from eventstudy.kernels.stats import (
    Inapplicable,
    Stat,
    adjust_bmp,
    adjust_patell,
    cross_sectional_t,
    crude_t,
    jackknife_t,
    mackinlay_j1,
    patell_z,
    skewness_adjusted_t,
)


@PANEL_STATISTICS.register(
    "bw_crude_t",
    "crude dependence adjustment",
    null="the window's mean responses have mean zero",
    assumptions="the daily mean has the same variance in and before the window, and no autocorrelation",
    robust="cross-correlation; not event-induced variance",
    min_pairs="1",
    law="t(m - 1), m estimation sessions",
    reference="Brown & Warner (1980), J. Financial Economics 8:205-258; (1985) 14:3-31",
)
def bw_crude(view: PanelView) -> Finding | Inapplicable:
    """``sum AAR / (s sqrt(L))``, s of the AAR series over the estimation window."""
    if not view.n:
        return Inapplicable("needs at least 1 pair, there is 0")
    total, days = float(view.days.sum()), view.days.size
    stat = crude_t(total, days, view.panel.aar_estimation)
    if isinstance(stat, Inapplicable):
        return stat
    # The statistic's own mean: with missing sessions it is not CAAR.
    se = float(view.panel.aar_estimation.std(ddof=1) * np.sqrt(days))
    half = stat.critical(view.panel.alpha) * se
    return Finding(total, stat.pvalue, stat.value, se, total - half, total + half, law=stat.law, dof=stat.dof)


@PANEL_STATISTICS.register(
    "mackinlay_j1",
    "MacKinlay J1",
    null="mean CAR is zero and its variance is that of the estimation window",
    assumptions="pairs are independent; no event-induced variance; long estimation window",
    robust="different variances among pairs",
    min_pairs="1",
    law="N(0,1)",
    reference="MacKinlay (1997), J. Economic Literature 35:13-39; Campbell, Lo & MacKinlay (1997), ch. 4",
)
def mackinlay(view: PanelView) -> Finding | Inapplicable:
    """``CAAR / sqrt(sum L s^2 / N^2)``."""
    return about_caar(view, mackinlay_j1(view.car.car, view.car.se_naive), scaled=True)


@PANEL_STATISTICS.register(
    "mackinlay_j1_fe",
    "MacKinlay J1 with forecast error",
    null="as mackinlay_j1",
    assumptions="pairs are independent; no event-induced variance",
    robust="different variances among pairs",
    min_pairs="1",
    law="N(0,1)",
    reference="MacKinlay (1997), J. Economic Literature 35:13-39; Mikkelson & Partch (1988)",
)
def mackinlay_forecast(view: PanelView) -> Finding | Inapplicable:
    """``CAAR / sqrt(sum se^2 / N^2)`` with the full forecast covariance."""
    return about_caar(view, mackinlay_j1(view.car.car, view.car.se), scaled=True)


@PANEL_STATISTICS.register(
    "cs_t",
    "cross-sectional t",
    null="mean CAR is zero",
    assumptions="pairs are independent; normal or many",
    robust="event-induced variance",
    min_pairs="2",
    law="t(N - 1)",
    reference="Charest (1978); Brown & Warner (1985), J. Financial Economics 14:3-31",
)
def cs_t(view: PanelView) -> Finding | Inapplicable:
    """``CAAR / (sd(CAR) / sqrt(N))``, t(N - 1)."""
    return refuse_one(view) or about_caar(view, cross_sectional_t(view.car.car), scaled=True)


@PANEL_STATISTICS.register(
    "patell_z",
    "Patell z, full forecast covariance",
    null="mean SCAR is zero and its variance is that of the estimation window",
    assumptions="pairs are independent; no event-induced variance; normal errors",
    robust="different variances among pairs; for one pair it repeats t with forecast error",
    min_pairs="1",
    law="N(0,1)",
    reference="Patell (1976), J. Accounting Research 14:246-276; Mikkelson & Partch (1988)",
)
def patell(view: PanelView) -> Finding | Inapplicable:
    """``sum(SCAR) / sqrt(sum d/(d-2))``, normal."""
    return about_caar(view, _patell_scar(view))


@PANEL_STATISTICS.register(
    "patell_z_csar",
    "Patell z of daily standardised returns",
    null="as patell_z",
    assumptions="as patell_z, and forecast errors of different days are independent",
    robust="different variances among pairs; for one pair it repeats t with forecast error",
    min_pairs="1",
    law="N(0,1)",
    reference="Patell (1976), J. Accounting Research 14:246-276",
)
def patell_csar(view: PanelView) -> Finding | Inapplicable:
    """``sum(CSAR) / sqrt(sum L d/(d-2))``, normal."""
    return about_caar(view, _patell_csar(view))


@PANEL_STATISTICS.register(
    "bmp_t",
    "BMP standardised cross-sectional t",
    null="mean SCAR is zero",
    assumptions="pairs are independent",
    robust="event-induced variance, different variances among pairs",
    min_pairs="2",
    law="t(N - 1)",
    reference="Boehmer, Musumeci & Poulsen (1991), J. Financial Economics 30:253-272",
)
def bmp(view: PanelView) -> Finding | Inapplicable:
    """``mean(SCAR) / (sd(SCAR) / sqrt(N))``, t(N - 1)."""
    return refuse_one(view) or about_caar(view, cross_sectional_t(view.car.scar))


@PANEL_STATISTICS.register(
    "bmp_t_csar",
    "BMP t of daily standardised returns",
    null="as bmp_t",
    assumptions="as bmp_t, and forecast errors of different days are independent",
    robust="event-induced variance, different variances among pairs",
    min_pairs="2",
    law="t(N - 1)",
    reference="Boehmer, Musumeci & Poulsen (1991), J. Financial Economics 30:253-272",
)
def bmp_csar(view: PanelView) -> Finding | Inapplicable:
    """BMP on ``CSAR / sqrt(L)``."""
    return refuse_one(view) or about_caar(view, cross_sectional_t(_per_root_day(view)))


@PANEL_STATISTICS.register(
    "kp_patell_calendar",
    "Patell z adjusted for correlation, residuals matched by date",
    null="as patell_z",
    assumptions="equal correlation among pairs; no event-induced variance",
    robust="cross-correlation, different variances among pairs",
    min_pairs="2",
    law="N(0,1)",
    reference="Kolari & Pynnonen (2010), Rev. Financial Studies 23:3996-4025",
)
def kp_patell_calendar(view: PanelView) -> Finding | Inapplicable:
    """``patell_z / sqrt(1 + (N-1) r)``, r matched by calendar date: the form derived for common dates."""
    return about_caar(view, _kp_patell(view, view.panel.rbar_calendar))


@PANEL_STATISTICS.register(
    "kp_patell_event",
    "Patell z adjusted for correlation, residuals matched by offset",
    null="as patell_z",
    assumptions="equal correlation among pairs; no event-induced variance",
    robust="different variances among pairs; on different dates the offsets carry no correlation",
    min_pairs="2",
    law="N(0,1)",
    reference="Kolari & Pynnonen (2010), Rev. Financial Studies 23:3996-4025",
)
def kp_patell_event(view: PanelView) -> Finding | Inapplicable:
    """``patell_z / sqrt(1 + (N-1) r)``, r matched by event offset."""
    return about_caar(view, _kp_patell(view, view.panel.rbar_event))


@PANEL_STATISTICS.register(
    "kp_bmp_calendar",
    "BMP t adjusted for correlation, residuals matched by date",
    null="as bmp_t",
    assumptions="equal correlation among pairs",
    robust="cross-correlation, event-induced variance, different variances among pairs",
    min_pairs="2",
    law="t(N - 1)",
    reference="Kolari & Pynnonen (2010), Rev. Financial Studies 23:3996-4025",
)
def kp_bmp_calendar(view: PanelView) -> Finding | Inapplicable:
    """``bmp_t sqrt((1-r) / (1 + (N-1) r))``, r matched by calendar date."""
    return about_caar(view, _kp_bmp(view, view.panel.rbar_calendar))


@PANEL_STATISTICS.register(
    "kp_bmp_event",
    "BMP t adjusted for correlation, residuals matched by offset",
    null="as bmp_t",
    assumptions="equal correlation among pairs",
    robust="event-induced variance; on different dates the offsets carry no correlation",
    min_pairs="2",
    law="t(N - 1)",
    reference="Kolari & Pynnonen (2010), Rev. Financial Studies 23:3996-4025",
)
def kp_bmp_event(view: PanelView) -> Finding | Inapplicable:
    """``bmp_t sqrt((1-r) / (1 + (N-1) r))``, r matched by event offset."""
    return about_caar(view, _kp_bmp(view, view.panel.rbar_event))


@PANEL_STATISTICS.register(
    "skew_t_johnson",
    "skewness-adjusted t, Johnson",
    null="mean CAR is zero",
    assumptions="pairs are independent",
    robust="skewness, event-induced variance",
    min_pairs="3",
    law="N(0,1)",
    reference="Johnson (1978), JASA 73:536-544; Lyon, Barber & Tsai (1999), J. Finance 54:165-201",
)
def skew_johnson(view: PanelView) -> Finding | Inapplicable:
    """``sqrt(N) (S + g S^2/3 + g/(6N))``."""
    return _skewness(view, "johnson")


@PANEL_STATISTICS.register(
    "skew_t_hall",
    "skewness-adjusted t, Hall",
    null="mean CAR is zero",
    assumptions="pairs are independent",
    robust="skewness, event-induced variance",
    min_pairs="3",
    law="N(0,1)",
    reference="Hall (1992), J. Royal Statistical Society B 54:221-228",
)
def skew_hall(view: PanelView) -> Finding | Inapplicable:
    """Johnson's with the cubic term ``g^2 S^3 / 27``, which makes it monotone."""
    return _skewness(view, "hall")


@PANEL_STATISTICS.register(
    "skew_t_hall_adjgamma",
    "skewness-adjusted t, Hall, unbiased skewness",
    null="mean CAR is zero",
    assumptions="pairs are independent",
    robust="skewness, event-induced variance",
    min_pairs="3",
    law="N(0,1)",
    reference="Hall (1992), J. Royal Statistical Society B 54:221-228",
)
def skew_hall_adjusted(view: PanelView) -> Finding | Inapplicable:
    """Hall's with ``g N^2 / ((N-1)(N-2))``."""
    return _skewness(view, "hall_adjusted")


@PANEL_STATISTICS.register(
    "jackknife_t",
    "jackknife t",
    null="mean SCAR is zero",
    assumptions="pairs are independent",
    robust="event-induced variance, different variances among pairs, mild skewness",
    min_pairs="3",
    law="t(N - 1)",
    reference="after Giaccotto & Sfiridis (1996), J. Economics & Business 48:537-550; the generic Tukey jackknife",
)
def jackknife(view: PanelView) -> Finding | Inapplicable:
    """T of the pseudo-values of ``mean(SCAR) / s(SCAR)``."""
    return refuse_one(view) or about_caar(view, jackknife_t(view.car.scar))


def _skewness(view: PanelView, form: Literal["johnson", "hall", "hall_adjusted"]) -> Finding | Inapplicable:
    return refuse_one(view) or about_caar(view, skewness_adjusted_t(view.car.car, form=form))


def _kp_patell(view: PanelView, rbar: float) -> Stat | Inapplicable:
    stat = refuse_one(view) or _patell_scar(view)
    return adjust_patell(stat, view.n, rbar) if isinstance(stat, Stat) else stat


def _kp_bmp(view: PanelView, rbar: float) -> Stat | Inapplicable:
    stat = refuse_one(view) or cross_sectional_t(view.car.scar)
    return adjust_bmp(stat, view.n, rbar) if isinstance(stat, Stat) else stat


def _patell_scar(view: PanelView) -> Stat | Inapplicable:
    return patell_z(view.car.scar, np.ones(view.n), view.dof)


def _patell_csar(view: PanelView) -> Stat | Inapplicable:
    return patell_z(view.car.csar, view.car.length.astype(np.float64), view.dof)


def _per_root_day(view: PanelView) -> FloatArray:
    return np.asarray(view.car.csar / np.sqrt(view.car.length))
