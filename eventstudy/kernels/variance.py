"""Did the spread of the responses change? Tests of event-induced variance across pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from eventstudy._typing import FloatArray, IntArray
from eventstudy.kernels.stats import Inapplicable, Stat, cross_sectional_t, refuse_below


@dataclass(frozen=True, slots=True)
class CumulativeVolatility:
    """Cumulative abnormal volatility of a window.

    Attributes
    ----------
    multipliers : ndarray, shape (L,)
        M_t of each day with at least two pairs; 1 means no change (its mean is N / (N - 1), see `unbiased`).
    chi2, unbiased : float
        ``sum (N_t - 1) M_t``, and the same with each M_t times ``(N_t - 1) / N_t``, whose mean under the null is dof.
    dof : float
        ``sum (N_t - 1)``.
    """

    multipliers: FloatArray
    chi2: float
    unbiased: float
    dof: float

    def pvalue(self, value: float) -> float:
        """Upper tail of chi-squared at `value`."""
        return float(stats.chi2.sf(value, self.dof))


def variance_ratios(ar: FloatArray, sigma: FloatArray) -> FloatArray:
    """``U = AR^2 / s^2`` of one day, shape (N,) (Beaver 1968, J. Accounting Research 6 suppl.:67-92).

    Its mean under normal errors is ``C d / (d - 2)``, a little above 1: C is the forecast factor.
    """
    return np.asarray((ar / sigma) ** 2)


def variance_ratio_t(ratios: FloatArray) -> Stat | Inapplicable:
    """T of ``mean(U) = 1``, t(N - 1) (Landsman & Maydew 2002, J. Accounting Research 40:797-808)."""
    refused = refuse_below(2, ratios.size, "one series and one event have no cross-section")
    return refused or cross_sectional_t(ratios - 1.0)


def patell_variance_z(sar: FloatArray, dof: IntArray) -> Stat | Inapplicable:
    """Standardised sum of ``SAR^2`` against the moments of F(1, d), normal (Patell 1976).

    ``sum (SAR^2 - d/(d-2)) / sqrt(sum 2 d^2 (d-1) / ((d-2)^2 (d-4)))``.
    """
    if sar.size < 1:
        return Inapplicable("needs at least 1 pair, there is 0")
    if (dof <= 4).any():
        return Inapplicable(f"the variance of F(1,{dof.min()}) does not exist: needs more than 4 degrees of freedom")
    d = dof.astype(np.float64)
    excess = (sar**2 - d / (d - 2.0)).sum()
    variance = (2.0 * d**2 * (d - 1.0) / ((d - 2.0) ** 2 * (d - 4.0))).sum()
    return Stat(float(excess / np.sqrt(variance)))


def cumulative_volatility(ar: FloatArray, h: FloatArray) -> CumulativeVolatility | Inapplicable:
    """Hilliard & Savickas (2002); Bialkowski, Gottschalk & Wisniewski (2008, J. Banking & Finance 32:1941-1953).

    Parameters
    ----------
    ar : ndarray, shape (N, L)
        Abnormal responses of the window; NaN where there is none. Days with fewer than two pairs are left out.
    h : ndarray, shape (N, L)
        Their variances without the event.

    Notes
    -----
    ``M_t = (N-1)^-1 sum (N e_i - sum e)^2 / (N (N-2) h_i + sum h)``. Each term has mean one, so M_t has mean
    ``N / (N - 1)``: the published form rejects too often in small panels.
    """
    known = np.isfinite(ar)
    enough = known.sum(axis=0) >= 2
    if not enough.any():
        return Inapplicable("needs at least 2 pairs on one day: one series and one event have no cross-section")
    known = known[:, enough]
    e, var = np.where(known, ar[:, enough], 0.0), np.where(known, h[:, enough], 0.0)
    n = known.sum(axis=0)
    numerator = (n * e - e.sum(axis=0)) ** 2
    denominator = n * (n - 2.0) * var + var.sum(axis=0)
    terms = np.where(known, numerator / np.where(known, denominator, 1.0), 0.0).sum(axis=0)
    multipliers = terms / (n - 1.0)
    unbiased = ((n - 1.0) / n * terms).sum()
    return CumulativeVolatility(multipliers, float(terms.sum()), float(unbiased), float((n - 1).sum()))
