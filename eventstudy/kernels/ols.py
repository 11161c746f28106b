"""Least squares for many pairs at once, and the forecast covariance of sums of residuals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eventstudy._typing import BoolArray, FloatArray, IntArray

#: Smallest ratio of a regressor's unexplained to its total norm before the fit is called singular.
SINGULAR = 1e-10


@dataclass(frozen=True, slots=True)
class OlsFit:
    """Batched least squares.

    Attributes
    ----------
    params : ndarray, shape (N, K)
        Coefficients; NaN rows where `singular`.
    sigma : ndarray, shape (N,)
        Residual standard deviation, divisor `dof`, in units of y.
    dof : ndarray, shape (N,)
        Observations minus K.
    gram_inv : ndarray, shape (N, K, K)
        ``(X'X)^-1`` over the observations used.
    singular : ndarray, shape (N,)
        True where a regressor is constant or a combination of the others.
    """

    params: FloatArray
    sigma: FloatArray
    dof: IntArray
    gram_inv: FloatArray
    singular: BoolArray


def fit_ols(x: FloatArray, y: FloatArray, used: BoolArray) -> OlsFit:
    """Fit ``y = x b`` for every pair on the rows marked `used`.

    Parameters
    ----------
    x : ndarray, shape (N, M, K)
        Regressors, intercept included by the caller. Unused rows may hold anything, NaN included.
    y : ndarray, shape (N, M)
    used : ndarray, shape (N, M)

    Notes
    -----
    QR of each pair's design: forming X'X would square the condition number and cost digits.
    """
    design = np.where(used[..., None], x, 0.0)
    target = np.where(used, y, 0.0)
    n, _, k = design.shape
    norms = np.sqrt(np.einsum("nmk,nmk->nk", design, design))
    q, r = np.linalg.qr(design)
    diagonal = np.abs(np.diagonal(r, axis1=1, axis2=2))
    singular = (diagonal <= SINGULAR * np.maximum(norms, np.finfo(np.float64).tiny)).any(axis=1)
    safe = np.where(singular[:, None, None], np.eye(k), r)
    r_inv = np.linalg.solve(safe, np.broadcast_to(np.eye(k), (n, k, k)))
    params = (r_inv @ (np.swapaxes(q, 1, 2) @ target[..., None]))[..., 0]
    residual = np.where(used, target - (design @ params[..., None])[..., 0], 0.0)
    dof = used.sum(axis=1) - k
    with np.errstate(divide="ignore", invalid="ignore"):
        sigma = np.sqrt(np.einsum("nm,nm->n", residual, residual) / np.where(dof > 0, dof, np.nan))
    params = np.where(singular[:, None], np.nan, params)
    gram_inv = np.einsum("nij,nkj->nik", r_inv, r_inv)
    return OlsFit(params, np.where(singular, np.nan, sigma), dof, gram_inv, singular)


def quadratic(x: FloatArray, gram_inv: FloatArray) -> FloatArray:
    """``x'(X'X)^-1 x`` for x of shape (N, ..., K) and gram_inv of shape (N, K, K)."""
    n, k = gram_inv.shape[:2]
    if k == 0:
        return np.zeros(x.shape[:-1])
    flat = x.reshape(n, -1, k)
    return np.asarray(np.einsum("nil,nil->ni", flat @ gram_inv, flat)).reshape(x.shape[:-1])
