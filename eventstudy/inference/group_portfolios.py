"""Groups as portfolios: their differences over a window, judged by how the same differences moved before it.

The mean of a group on one date is one observation, however many firms it holds, so shocks that firms share are in its
own variance: this is the test for groups that meet one announcement on one date.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from eventstudy._typing import BoolArray, FloatArray
from eventstudy.abnormal import AbnormalReturns
from eventstudy.domain.windows import Offsets
from eventstudy.kernels.resample import rank_pvalue, window_sums
from eventstudy.kernels.stats import Inapplicable

#: With fewer windows no rank reaches 5%.
MIN_WINDOWS = 19


@dataclass(frozen=True, kw_only=True, eq=False)
class Portfolios:
    """Mean responses of G groups.

    Attributes
    ----------
    before : ndarray, shape (m, G)
        Daily means over the estimation window, sessions on which every group has one.
    total : ndarray, shape (G,)
        Sum of the daily means over the window.
    length : int
        Sessions of the window, L.
    """

    before: FloatArray
    total: FloatArray
    length: int

    @property
    def spread(self) -> float:
        """``sqrt(L (1 + L / m))``: forecast error of a sum of L sessions, in standard deviations of one."""
        return float(np.sqrt(self.length * (1.0 + self.length / len(self.before))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """One weighted sum of group means against zero, by t(m - 1) and by its rank among windows before the event."""

    estimate: float
    se: float
    value: float
    dof: float
    pvalue: float
    rank_pvalue: float
    low: float
    high: float


def portfolios(
    abnormal: AbnormalReturns, members: list[BoolArray], window: Offsets, measure: Literal["car", "scar"]
) -> Portfolios | Inapplicable:
    """Mean daily response of every group; with ``scar`` of responses over their forecast standard error."""
    values = abnormal.ar if measure == "car" else abnormal.sar()
    means = []
    for rows in members:
        own = values[rows]
        count = np.isfinite(own).sum(axis=0)
        total = np.where(np.isfinite(own), own, 0.0).sum(axis=0)
        means.append(np.where(count > 0, total / np.maximum(count, 1), np.nan))
    daily = np.stack(means, axis=1)
    inside = abnormal.estimation.any(axis=0) & np.isfinite(daily).all(axis=1)
    event = daily[abnormal.columns(window)]
    if not np.isfinite(event).all():
        return Inapplicable("a group has no response on a session of the window")
    before = daily[inside]
    if len(before) < 2 + daily.shape[1]:
        return Inapplicable(f"{len(before)} estimation sessions on which every group has a response")
    return Portfolios(before=before, total=np.asarray(event.sum(axis=0)), length=len(event))


def contrast(found: Portfolios, weights: FloatArray, alpha: float) -> Contrast | Inapplicable:
    """Test ``weights @ means = 0`` over the window."""
    series, estimate = found.before @ weights, float(found.total @ weights)
    centred = series - series.mean()
    spread = float(centred.std(ddof=1))
    if not spread > 1e-12 * np.abs(found.before).max():
        return Inapplicable("the groups' means do not differ over the estimation window")
    m, length = series.size, found.length
    se, dof = spread * found.spread, float(m - 1)
    value, half = estimate / se, float(stats.t.isf(alpha / 2.0, m - 1)) * se
    sums = window_sums(centred, length)
    # Sums inside the window that set the mean vary less than the event's, as in the studentised SQ.
    inside = sums / (spread * np.sqrt(length * max(1.0 - length / m, 1e-12)))
    rank = rank_pvalue(value, inside) if sums.size >= MIN_WINDOWS else float("nan")
    return Contrast(
        estimate=estimate, se=se, value=value, dof=dof, pvalue=float(2.0 * stats.t.sf(abs(value), dof)),
        rank_pvalue=rank, low=estimate - half, high=estimate + half,
    )  # fmt: skip


def joint(found: Portfolios) -> tuple[float, float, tuple[float, float], float] | Inapplicable:
    """Hotelling's test that all group means are equal: T^2, its F, (q, m - q) with q = G - 1, and p.

    ``T^2 = d' S^-1 d / (L (1 + L / m))`` with d the groups' sums against the last group's and S the covariance of the
    same differences over the estimation window.
    """
    m, groups = found.before.shape
    q = groups - 1
    series = found.before[:, :-1] - found.before[:, -1:]
    d = found.total[:-1] - found.total[-1]
    covariance = np.atleast_2d(np.cov(series, rowvar=False, ddof=1))
    scale = np.sqrt(np.diag(covariance))
    if not scale.min() > 0.0 or np.linalg.cond(covariance / np.outer(scale, scale)) > 1e12:
        return Inapplicable("the groups' means are collinear over the estimation window")
    hotelling = float(d @ np.linalg.solve(covariance, d)) / found.spread**2
    value = hotelling * (m - q) / (q * (m - 1.0))
    return hotelling, value, (float(q), float(m - q)), float(stats.f.sf(value, q, m - q))
