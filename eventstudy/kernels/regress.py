"""Regressions for many pairs at once, when some sessions are missing: on a market's neighbours, and Huber's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eventstudy._typing import BoolArray, FloatArray, IntArray
from eventstudy.kernels.ols import fit_ols

#: Huber's bound in units of scale: 95% efficient under normal errors.
HUBER = 1.345
#: Median of ``|z|`` under the standard normal law.
MAD_NORMAL = 0.6744897501960817
#: Reweighting stops when no coefficient moves by this share of its own standard error.
SETTLED = 1e-9
MAX_STEPS = 200


@dataclass(frozen=True, slots=True)
class LeadLagFit:
    """Slopes on the market around each session, over the interior of the estimation window.

    Attributes
    ----------
    slopes : ndarray, shape (N, lags + 1 + leads)
        From the longest lag to the longest lead; NaN rows where `singular`.
    mean_y, mean_market : ndarray, shape (N,)
        Means over the interior sessions.
    rho : ndarray, shape (N, max(lags, leads, 1))
        Autocorrelations of the market over the estimation window, orders 1, 2, ...
    count : ndarray, shape (N,)
        Interior sessions.
    singular : ndarray, shape (N,)
        Fewer interior sessions than coefficients plus one, or a market that does not vary.
    """

    slopes: FloatArray
    mean_y: FloatArray
    mean_market: FloatArray
    rho: FloatArray
    count: IntArray
    singular: BoolArray


def shifted(x: FloatArray, by: int) -> FloatArray:
    """``x[..., t + by]`` at position t; NaN beyond the ends."""
    out = np.full(x.shape, np.nan)
    size = x.shape[-1]
    if abs(by) < size:
        out[..., max(0, -by) : size - max(0, by)] = x[..., max(0, by) : size + min(0, by)]
    return out


def autocorrelation(x: FloatArray, order: int) -> FloatArray:
    """Pearson correlation of ``x_t`` and ``x_{t-order}`` along the last axis, over pairs that both exist, shape (N,).

    NaN where either side does not vary.
    """
    before = shifted(x, -order)
    both = np.isfinite(x) & np.isfinite(before)
    count = np.maximum(both.sum(axis=-1, keepdims=True), 1)
    now, then = np.where(both, x, 0.0), np.where(both, before, 0.0)
    now = np.where(both, now - now.sum(axis=-1, keepdims=True) / count, 0.0)
    then = np.where(both, then - then.sum(axis=-1, keepdims=True) / count, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((now * then).sum(axis=-1) / np.sqrt((now**2).sum(axis=-1) * (then**2).sum(axis=-1)))


def lead_lag_fit(
    y: FloatArray, market: FloatArray, used: BoolArray, *, lags: int, leads: int, together: bool
) -> LeadLagFit:
    """Slopes of y on the market's neighbours.

    Parameters
    ----------
    y : ndarray, shape (N, T)
    market : ndarray, shape (N, T)
        NaN where the market has no response; known where only y is missing.
    used : ndarray, shape (N, T)
        Sessions of y in the estimation window, which runs from column 0 to each pair's last used column.
    lags, leads : int
    together : bool
        One multiple regression (Dimson 1979), or one regression a neighbour (Scholes & Williams 1977).

    Notes
    -----
    Interior sessions: y exists, and the market exists on every neighbour, none of which lies outside the window. So a
    session beside a hole in y counts, since the market traded there; the window's own ends do not.
    """
    size = used.shape[1]
    last = np.where(used.any(axis=1), size - 1 - np.argmax(used[:, ::-1], axis=1), -1)
    inside = np.where(np.arange(size) <= last[:, None], market, np.nan)
    x = np.stack([shifted(inside, by) for by in range(-lags, leads + 1)], axis=2)
    interior = used & np.isfinite(x).all(axis=2)
    count = interior.sum(axis=1)
    one = np.ones((*y.shape, 1))
    columns = [slice(None)] if together else [slice(j, j + 1) for j in range(x.shape[2])]
    fits = [fit_ols(np.concatenate((one, x[..., c]), axis=2), y, interior) for c in columns]
    coefficients = x.shape[2] + 1 if together else 2
    singular = np.any([f.singular for f in fits], axis=0) | (count < coefficients + 1)
    slopes = np.concatenate([f.params[:, 1:] for f in fits], axis=1)
    many = np.maximum(count, 1)
    orders = range(1, max(lags, leads, 1) + 1)
    return LeadLagFit(
        slopes=np.where(singular[:, None], np.nan, slopes),
        mean_y=np.where(interior, y, 0.0).sum(axis=1) / many,
        mean_market=np.where(interior, x[..., lags], 0.0).sum(axis=1) / many,
        rho=np.stack([autocorrelation(inside, k) for k in orders], axis=1),
        count=count,
        singular=singular,
    )


@dataclass(frozen=True, slots=True)
class HuberFit:
    """Huber's M-estimates.

    Attributes
    ----------
    params : ndarray, shape (N, K)
        NaN rows where the design is singular.
    cov : ndarray, shape (N, K, K)
        Covariance of the coefficients (Huber 1981, eq. 7.6.14 with its correction for small samples).
    settled : ndarray, shape (N,)
        Whether the reweighting came to rest.
    """

    params: FloatArray
    cov: FloatArray
    settled: BoolArray


def huber_fit(x: FloatArray, y: FloatArray, used: BoolArray) -> HuberFit:
    """Iteratively reweighted least squares with Huber's weights and the scale of the median absolute residual.

    Parameters
    ----------
    x : ndarray, shape (N, M, K)
        Regressors, intercept included by the caller.
    y : ndarray, shape (N, M)
    used : ndarray, shape (N, M)

    References
    ----------
    Huber (1964), Ann. Math. Statistics 35:73-101; Huber (1981), Robust Statistics, ch. 7.
    """
    ols = fit_ols(x, y, used)
    spread = np.sqrt(np.maximum(np.diagonal(ols.gram_inv, axis1=1, axis2=2), 0.0)) * ols.sigma[:, None]
    params, moving = ols.params.copy(), np.flatnonzero(~ols.singular & (ols.dof > 0) & (ols.sigma > 0.0))
    settled = np.ones(y.shape[0], dtype=bool)
    settled[moving] = False
    for _ in range(MAX_STEPS):
        if moving.size == 0:
            break
        z = _standardised(x[moving], y[moving], used[moving], params[moving])
        root = np.sqrt(np.minimum(1.0, HUBER / np.maximum(np.abs(z), HUBER)))
        step = fit_ols(x[moving] * root[..., None], y[moving] * root, used[moving]).params
        # A pair that can no longer be solved keeps its last coefficients and counts as not settled.
        solved = np.isfinite(step).all(axis=1)
        rest = solved & (np.abs(step - params[moving]) <= SETTLED * spread[moving]).all(axis=1)
        params[moving[solved]] = step[solved]
        settled[moving[rest]] = True
        moving = moving[solved & ~rest]
    return HuberFit(params, _huber_cov(x, y, used, params, ols.gram_inv), settled)


def _scale(x: FloatArray, y: FloatArray, used: BoolArray, params: FloatArray) -> FloatArray:
    """Median absolute residual over `MAD_NORMAL`, shape (N, 1)."""
    size = np.abs(y - np.einsum("nmk,nk->nm", x, params))
    ordered = np.sort(np.where(used, size, np.inf), axis=1)
    count = np.maximum(used.sum(axis=1), 1)
    rows = np.arange(y.shape[0])
    median = 0.5 * (ordered[rows, (count - 1) // 2] + ordered[rows, count // 2])
    return np.asarray(np.maximum(median, np.finfo(np.float64).tiny) / MAD_NORMAL)[:, None]


def _standardised(x: FloatArray, y: FloatArray, used: BoolArray, params: FloatArray) -> FloatArray:
    """Residuals over scale, shape (N, M); 0 where unused."""
    residual = y - np.einsum("nmk,nk->nm", x, params)
    return np.asarray(np.where(used, residual, 0.0) / _scale(x, y, used, params))


def _huber_cov(x: FloatArray, y: FloatArray, used: BoolArray, params: FloatArray, gram_inv: FloatArray) -> FloatArray:
    z = _standardised(x, y, used, params)
    n, k = used.sum(axis=1), x.shape[2]
    psi = np.clip(z, -HUBER, HUBER)
    inside = (used & (np.abs(z) <= HUBER)).sum(axis=1) / np.maximum(n, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        # psi' is 1 inside the bound and 0 beyond: its mean is the share inside, m, its variance m (1 - m).
        correction = 1.0 + k / n * (1.0 - inside) / inside
        size = (psi**2).sum(axis=1) * _scale(x, y, used, params)[:, 0] ** 2 / (n - k) / inside**2
        return np.asarray((correction**2 * size)[:, None, None] * gram_inv)
