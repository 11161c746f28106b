"""Statistics across pairs: they need a cross-section, and refuse with a reason where there is none."""

from __future__ import annotations

import numpy as np

from eventstudy._typing import FloatArray
from eventstudy.inference.base import PANEL_STATISTICS, Finding, PanelView
from eventstudy.kernels.stats import Inapplicable, Stat, adjust_bmp, adjust_patell, cross_sectional_t, patell_z


def _finding(view: PanelView, stat: Stat | Inapplicable) -> Finding | Inapplicable:
    """A statistic as a finding about CAAR; the interval inverts it around the mean effect."""
    if isinstance(stat, Inapplicable):
        return stat
    caar = float(view.car.car.mean())
    se = abs(caar / stat.value) if stat.value != 0.0 else np.nan
    half = stat.critical(view.alpha) * se
    return Finding(caar, stat.pvalue, stat.value, se, caar - half, caar + half, law=stat.law, dof=stat.dof)


def _unscaled(view: PanelView, stat: Stat | Inapplicable) -> Finding | Inapplicable:
    """As `_finding` for statistics of standardised returns: they test CAAR = 0 but give it no interval."""
    if isinstance(stat, Inapplicable):
        return stat
    return Finding(float(view.car.car.mean()), stat.pvalue, stat.value, law=stat.law, dof=stat.dof)


def _refuse_one(view: PanelView) -> Inapplicable | None:
    if view.n >= 2:
        return None
    return Inapplicable(f"needs at least 2 pairs, there is {view.n}: one series and one event have no cross-section")


@PANEL_STATISTICS.register(
    "cs_t",
    "cross-sectional t",
    null="mean CAR is zero",
    assumptions="pairs are independent; normal or many",
    robust="event-induced variance",
    min_pairs="2",
    reference="Charest (1978); Brown & Warner (1985), J. Financial Economics 14:3-31",
)
def cs_t(view: PanelView) -> Finding | Inapplicable:
    """``CAAR / (sd(CAR) / sqrt(N))``, t(N - 1)."""
    return _refuse_one(view) or _finding(view, cross_sectional_t(view.car.car))


@PANEL_STATISTICS.register(
    "patell_z",
    "Patell z, full forecast covariance",
    null="mean SCAR is zero and its variance is that of the estimation window",
    assumptions="pairs are independent; no event-induced variance; normal errors",
    robust="different variances among pairs; for one pair it repeats t with forecast error",
    min_pairs="1",
    reference="Patell (1976), J. Accounting Research 14:246-276; Mikkelson & Partch (1988)",
)
def patell(view: PanelView) -> Finding | Inapplicable:
    """``sum(SCAR) / sqrt(sum d/(d-2))``, normal."""
    return _unscaled(view, _patell_scar(view))


@PANEL_STATISTICS.register(
    "patell_z_csar",
    "Patell z of daily standardised returns",
    null="as patell_z",
    assumptions="as patell_z, and forecast errors of different days are independent",
    robust="different variances among pairs; for one pair it repeats t with forecast error",
    min_pairs="1",
    reference="Patell (1976), J. Accounting Research 14:246-276",
)
def patell_csar(view: PanelView) -> Finding | Inapplicable:
    """``sum(CSAR) / sqrt(sum L d/(d-2))``, normal."""
    return _unscaled(view, _patell_csar(view))


@PANEL_STATISTICS.register(
    "bmp_t",
    "BMP standardised cross-sectional t",
    null="mean SCAR is zero",
    assumptions="pairs are independent",
    robust="event-induced variance, different variances among pairs",
    min_pairs="2",
    reference="Boehmer, Musumeci & Poulsen (1991), J. Financial Economics 30:253-272",
)
def bmp(view: PanelView) -> Finding | Inapplicable:
    """``mean(SCAR) / (sd(SCAR) / sqrt(N))``, t(N - 1)."""
    return _refuse_one(view) or _unscaled(view, cross_sectional_t(view.car.scar))


@PANEL_STATISTICS.register(
    "bmp_t_csar",
    "BMP t of daily standardised returns",
    null="as bmp_t",
    assumptions="as bmp_t, and forecast errors of different days are independent",
    robust="event-induced variance, different variances among pairs",
    min_pairs="2",
    reference="Boehmer, Musumeci & Poulsen (1991), J. Financial Economics 30:253-272",
)
def bmp_csar(view: PanelView) -> Finding | Inapplicable:
    """BMP on ``CSAR / sqrt(L)``."""
    return _refuse_one(view) or _unscaled(view, cross_sectional_t(_per_root_day(view)))


@PANEL_STATISTICS.register(
    "kp_patell_calendar",
    "Patell z adjusted for correlation, residuals matched by date",
    null="as patell_z",
    assumptions="equal correlation among pairs; no event-induced variance",
    robust="cross-correlation, different variances among pairs",
    min_pairs="2",
    reference="Kolari & Pynnonen (2010), Rev. Financial Studies 23:3996-4025",
)
def kp_patell_calendar(view: PanelView) -> Finding | Inapplicable:
    """``patell_z / sqrt(1 + (N-1) r)``, r matched by calendar date: the form derived for common dates."""
    return _unscaled(view, _kp_patell(view, view.rbar_calendar))


@PANEL_STATISTICS.register(
    "kp_patell_event",
    "Patell z adjusted for correlation, residuals matched by offset",
    null="as patell_z",
    assumptions="equal correlation among pairs; no event-induced variance",
    robust="different variances among pairs; on different dates the offsets carry no correlation",
    min_pairs="2",
    reference="Kolari & Pynnonen (2010), Rev. Financial Studies 23:3996-4025",
)
def kp_patell_event(view: PanelView) -> Finding | Inapplicable:
    """``patell_z / sqrt(1 + (N-1) r)``, r matched by event offset."""
    return _unscaled(view, _kp_patell(view, view.rbar_event))


@PANEL_STATISTICS.register(
    "kp_bmp_calendar",
    "BMP t adjusted for correlation, residuals matched by date",
    null="as bmp_t",
    assumptions="equal correlation among pairs",
    robust="cross-correlation, event-induced variance, different variances among pairs",
    min_pairs="2",
    reference="Kolari & Pynnonen (2010), Rev. Financial Studies 23:3996-4025",
)
def kp_bmp_calendar(view: PanelView) -> Finding | Inapplicable:
    """``bmp_t sqrt((1-r) / (1 + (N-1) r))``, r matched by calendar date."""
    return _unscaled(view, _kp_bmp(view, view.rbar_calendar))


@PANEL_STATISTICS.register(
    "kp_bmp_event",
    "BMP t adjusted for correlation, residuals matched by offset",
    null="as bmp_t",
    assumptions="equal correlation among pairs",
    robust="event-induced variance; on different dates the offsets carry no correlation",
    min_pairs="2",
    reference="Kolari & Pynnonen (2010), Rev. Financial Studies 23:3996-4025",
)
def kp_bmp_event(view: PanelView) -> Finding | Inapplicable:
    """``bmp_t sqrt((1-r) / (1 + (N-1) r))``, r matched by event offset."""
    return _unscaled(view, _kp_bmp(view, view.rbar_event))


def _kp_patell(view: PanelView, rbar: float) -> Stat | Inapplicable:
    stat = _refuse_one(view) or _patell_scar(view)
    return adjust_patell(stat, view.n, rbar) if isinstance(stat, Stat) else stat


def _kp_bmp(view: PanelView, rbar: float) -> Stat | Inapplicable:
    stat = _refuse_one(view) or cross_sectional_t(view.car.scar)
    return adjust_bmp(stat, view.n, rbar) if isinstance(stat, Stat) else stat


def _patell_scar(view: PanelView) -> Stat | Inapplicable:
    return patell_z(view.car.scar, np.ones(view.n), view.dof)


def _patell_csar(view: PanelView) -> Stat | Inapplicable:
    return patell_z(view.car.csar, view.car.length.astype(np.float64), view.dof)


def _per_root_day(view: PanelView) -> FloatArray:
    return np.asarray(view.car.csar / np.sqrt(view.car.length))
