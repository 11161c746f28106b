"""Statistics across pairs from ranks and signs: no normal responses needed."""

from __future__ import annotations

import numpy as np

from eventstudy._typing import FloatArray
from eventstudy.inference.base import PANEL_STATISTICS, Finding, about_caar, refuse_days, refuse_one
from eventstudy.inference.panel import PanelView
from eventstudy.kernels import ranks
from eventstudy.kernels.ranks import day_score_z, grank_scores, sign_exact_pvalue, wilcoxon_exact
from eventstudy.kernels.stats import Inapplicable

#: A rank test of one pair and one day cannot exceed root three: its p never reaches this.
ONE_DAY_FLOOR = 0.0832


@PANEL_STATISTICS.register(
    "corrado_rank",
    "Corrado rank",
    null="the window's responses are exchangeable with the others",
    assumptions="no session is missing; no event-induced variance",
    robust="fat tails, skewness, cross-correlation of constant size",
    min_pairs="1",
    law="N(0,1); |z| <= 1.73 for one pair and one day",
    reference="Corrado (1989), J. Financial Economics 23:385-395; several days: Cowan (1992), Campbell & Wasley (1993)",
)
def corrado_rank(view: PanelView) -> Finding | Inapplicable:
    """Mean ranks over estimation and event windows; refused when a session is missing anywhere."""
    if not view.panel.complete:
        return Inapplicable("sessions are missing or masked: ranks of different lengths, take corrado_zivney")
    return _ranked(view, view.panel.ranks)


@PANEL_STATISTICS.register(
    "corrado_zivney",
    "Corrado-Zivney rank",
    null="as corrado_rank",
    assumptions="no event-induced variance",
    robust="fat tails, skewness, missing sessions, thin trading",
    min_pairs="1",
    law="N(0,1); |z| <= 1.73 for one pair and one day",
    reference="Corrado & Zivney (1992), JFQA 27:465-478",
)
def corrado_zivney(view: PanelView) -> Finding | Inapplicable:
    """Ranks over 1 + the sessions a pair has, pooled by day; the classic rank where nothing is missing."""
    return _ranked(view, view.panel.ranks)


@PANEL_STATISTICS.register(
    "corrado_zivney_std",
    "Corrado-Zivney rank, variance standardised",
    null="as corrado_rank",
    assumptions="pairs are independent",
    robust="fat tails, event-induced variance, missing sessions, thin trading",
    min_pairs="2",
    law="N(0,1)",
    reference="Corrado & Zivney (1992), JFQA 27:465-478",
)
def corrado_zivney_standardised(view: PanelView) -> Finding | Inapplicable:
    """Ranks of AR / s; in the event window of SAR over its spread across the day's pairs."""
    refused = refuse_one(view)
    return refused or about_caar(view, day_score_z(view.panel.ranks_standardised, view.columns))


@PANEL_STATISTICS.register(
    "grank_t",
    "generalized rank t",
    null="the window's SCAR ranks like an estimation session",
    assumptions="few pairs reject a little too often (6.3% with 12 at nominal 5%)",
    robust="fat tails, event-induced variance, cross-correlation, autocorrelation",
    min_pairs="2",
    law="t(T - 2), T = estimation sessions + 1",
    reference="Kolari & Pynnonen (2011), J. Empirical Finance 18:953-971",
)
def grank_student(view: PanelView) -> Finding | Inapplicable:
    """The whole window is one point among the standardised estimation residuals."""
    scores = _grank(view)
    return scores if isinstance(scores, Inapplicable) else about_caar(view, ranks.grank_t(*scores))


@PANEL_STATISTICS.register(
    "grank_z",
    "generalized rank z",
    null="as grank_t",
    assumptions="pairs are independent",
    robust="fat tails, event-induced variance, autocorrelation",
    min_pairs="2",
    law="N(0,1)",
    reference="Kolari & Pynnonen (2011), J. Empirical Finance 18:953-971",
)
def grank_normal(view: PanelView) -> Finding | Inapplicable:
    """As grank_t, with the variance that independent uniform ranks have."""
    scores = _grank(view)
    if isinstance(scores, Inapplicable):
        return scores
    points = view.abnormal.estimation[view.rows].sum(axis=1) + 1
    return about_caar(view, ranks.grank_z(scores[1], points))


@PANEL_STATISTICS.register(
    "corrado_sign",
    "Corrado-Zivney sign",
    null="half of the responses lie above each pair's median",
    assumptions="one session; no event-induced shift of the median",
    robust="fat tails, skewness, event-induced variance, cross-correlation of constant size",
    min_pairs="1",
    law="N(0,1)",
    reference="Corrado & Zivney (1992), JFQA 27:465-478",
)
def corrado_sign(view: PanelView) -> Finding | Inapplicable:
    """Signs about the median of estimation and event windows, pooled; one day only."""
    return refuse_days(view) or about_caar(view, day_score_z(view.panel.signs, view.columns))


@PANEL_STATISTICS.register(
    "sign_z",
    "sign",
    null="half of the CARs are positive",
    assumptions="pairs are independent; CARs have median zero",
    robust="fat tails, event-induced variance; not skewness",
    min_pairs="1",
    law="N(0,1)",
    reference="Brown & Warner (1980), J. Financial Economics 8:205-258",
)
def sign(view: PanelView) -> Finding | Inapplicable:
    """Number of CARs above zero against one half; zero is not positive."""
    return about_caar(view, ranks.sign_z(_positive(view), view.n))


@PANEL_STATISTICS.register(
    "sign_exact",
    "sign, exact",
    null="half of the CARs are positive",
    assumptions="pairs are independent; CARs have median zero",
    robust="fat tails, event-induced variance; not skewness",
    min_pairs="6 for p below 5%",
    law="binomial",
    reference="Conover (1999), Practical Nonparametric Statistics, ch. 3",
)
def sign_exact(view: PanelView) -> Finding | Inapplicable:
    """Two-sided binomial p of the number of CARs above zero."""
    if not view.n:
        return Inapplicable("needs at least 1 pair, there is 0")
    positive = _positive(view)
    p, least = sign_exact_pvalue(positive, view.n), sign_exact_pvalue(0, view.n)
    return Finding(view.caar, p, float(positive), smallest_p=least, law=f"binomial({view.n}, 1/2)")


@PANEL_STATISTICS.register(
    "gen_sign_z",
    "generalized sign",
    null="as many CARs are positive as responses before the window",
    assumptions="pairs are independent",
    robust="fat tails, skewness, event-induced variance, thin trading",
    min_pairs="1",
    law="N(0,1)",
    reference="Cowan (1992), Rev. Quantitative Finance & Accounting 2:343-358",
)
def generalized_sign(view: PanelView) -> Finding | Inapplicable:
    """Number of CARs above zero against the mean share of positive estimation residuals."""
    return about_caar(view, ranks.sign_z(_positive(view), view.n, view.abnormal.phat()))


@PANEL_STATISTICS.register(
    "wilcoxon_z",
    "Wilcoxon signed ranks",
    null="CARs are symmetric about zero",
    assumptions="pairs are independent",
    robust="fat tails, event-induced variance; not skewness",
    min_pairs="1",
    law="N(0,1)",
    reference="Wilcoxon (1945), Biometrics Bulletin 1:80-83",
)
def wilcoxon_normal(view: PanelView) -> Finding | Inapplicable:
    """Signed ranks of CARs, zeros dropped, corrected for ties, no continuity correction."""
    return about_caar(view, ranks.wilcoxon_z(view.car.car))


@PANEL_STATISTICS.register(
    "wilcoxon_exact",
    "Wilcoxon signed ranks, exact",
    null="CARs are symmetric about zero",
    assumptions="pairs are independent",
    robust="fat tails, event-induced variance; not skewness",
    min_pairs="6 for p below 5%",
    law="all sign patterns",
    reference="Wilcoxon (1945), Biometrics Bulletin 1:80-83",
)
def wilcoxon_all(view: PanelView) -> Finding | Inapplicable:
    """Sum of positive ranks among all sign patterns; p is twice the smaller tail."""
    found = wilcoxon_exact(view.car.car)
    if isinstance(found, Inapplicable):
        return found
    value, p, least = found
    return Finding(view.caar, p, value, smallest_p=least, law="all sign patterns of the ranks")


def _ranked(view: PanelView, pooled: FloatArray) -> Finding | Inapplicable:
    found = about_caar(view, day_score_z(pooled, view.columns))
    if isinstance(found, Inapplicable) or view.n > 1 or not view.one_day:
        return found
    return found._replace(smallest_p=ONE_DAY_FLOOR, law="N(0,1), though |z| <= 1.73 for one pair and one day")


def _grank(view: PanelView) -> tuple[FloatArray, FloatArray] | Inapplicable:
    """Scores of estimation sessions and event point."""
    refused = refuse_one(view)
    if refused:
        return refused
    spread = view.car.scar.std(ddof=1)
    if spread <= 1e-12 * np.abs(view.car.scar).max():
        return Inapplicable("all pairs have the same value: no cross-sectional variation")
    residual = view.abnormal.ar[view.rows] / view.sigma[:, None]
    return grank_scores(residual, view.abnormal.estimation[view.rows], view.car.scar / spread)


def _positive(view: PanelView) -> int:
    return int((view.car.car > 0.0).sum())
