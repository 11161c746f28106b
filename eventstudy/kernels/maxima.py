"""The largest of many standardised values when the tail of the shocks is estimated: a parametric bootstrap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from eventstudy._typing import FloatArray
from eventstudy.kernels.garch import GarchParams

#: Inverse degrees of freedom over which a Student law is fitted: nu from 200, as good as normal, down to 2.06.
INVERSE_DOF: FloatArray = np.linspace(0.005, 0.485, 97)
_BINS, _TOP = 1200, 12.0
#: Squared shocks are counted in bins of equal width in log(1 + z^2), 0.01 wide.
_CENTRES: FloatArray = np.expm1((np.arange(_BINS) + 0.5) * _TOP / _BINS)


@dataclass(frozen=True, slots=True)
class StudentTail:
    """Student laws with unit variance, fitted to B samples.

    Attributes
    ----------
    inverse_dof : ndarray, shape (B,)
    scale : ndarray, shape (B,)
        Root mean square of each sample.
    """

    inverse_dof: FloatArray
    scale: FloatArray

    def quantile(self, n: int, alpha: float) -> FloatArray:
        """Size that the largest of `n` values exceeds with probability `alpha`, shape (B,)."""
        nu = 1.0 / INVERSE_DOF
        each = -np.expm1(np.log1p(-alpha) / n)
        grid = stats.t.isf(each / 2.0, nu) * np.sqrt((nu - 2.0) / nu)
        return np.asarray(np.interp(self.inverse_dof, INVERSE_DOF, grid) * self.scale)


def fit_student(z: FloatArray) -> StudentTail:
    """Maximum likelihood of the degrees of freedom of a unit-variance Student law, row by row.

    Parameters
    ----------
    z : ndarray, shape (B, N)
        Shocks; each row is divided by its root mean square first.

    Notes
    -----
    The likelihood of the counts of ``log(1 + z^2)`` in bins 0.01 wide, on a grid of 1/nu with a parabola through
    the best three points: one pass over the data, however many rows.
    """
    scale = np.sqrt(np.mean(z**2, axis=1))
    bins = np.minimum(np.log1p((z / scale[:, None]) ** 2) * (_BINS / _TOP), _BINS - 1).astype(np.int64)
    rows = z.shape[0]
    counts = np.bincount((bins + _BINS * np.arange(rows)[:, None]).ravel(), minlength=rows * _BINS)
    loglik = counts.reshape(rows, _BINS) @ _log_density()
    best = np.clip(loglik.argmax(axis=1), 1, INVERSE_DOF.size - 2)
    left, mid, right = (loglik[np.arange(rows), best + k] for k in (-1, 0, 1))
    bend = left - 2.0 * mid + right
    step = np.clip(np.where(bend < 0.0, 0.5 * (left - right) / np.where(bend < 0.0, bend, 1.0), 0.0), -1.0, 1.0)
    width = INVERSE_DOF[1] - INVERSE_DOF[0]
    return StudentTail(INVERSE_DOF[best] + width * step, scale)


def _log_density() -> FloatArray:
    """Log density of the unit-variance Student laws at the bins' centres, shape (bins, laws)."""
    nu = 1.0 / INVERSE_DOF
    constant = special.gammaln((nu + 1.0) / 2.0) - special.gammaln(nu / 2.0) - 0.5 * np.log(np.pi * (nu - 2.0))
    return np.asarray(constant - (nu + 1.0) / 2.0 * np.log1p(_CENTRES[:, None] / (nu - 2.0)))


def student_shocks(inverse_dof: float, shape: tuple[int, ...], rng: np.random.Generator) -> FloatArray:
    """Draws of the unit-variance Student law."""
    nu = 1.0 / inverse_dof
    return np.asarray(rng.standard_t(nu, shape) * np.sqrt((nu - 2.0) / nu))


def variance_ahead(params: GarchParams, h: FloatArray, steps: int) -> FloatArray:
    """Expected variance of the sessions 0..`steps` - 1 after each session whose own variance is `h`.

    Parameters
    ----------
    h : ndarray, shape (T,) or (T, B)

    Returns
    -------
    ndarray, shape (steps, *h.shape)
    """
    out = np.empty((steps, *h.shape))
    level = h
    for k in range(steps):
        out[k] = level
        level = params.omega + params.persistence * level
    return out


def filtered(params: GarchParams, first: FloatArray, e: FloatArray) -> FloatArray:
    """Variance of every session given those before it, shape (T, B), along residuals `e` of that shape.

    `first`, shape (B,), is the variance of the first session.
    """
    h = np.empty_like(e)
    level = first
    for t in range(e.shape[0]):
        h[t] = level
        level = params.step(e[t], level)
    return h


def filtered_backwards(params: GarchParams, last: FloatArray, e: FloatArray) -> FloatArray:
    """Variance of every session given those *after* it, shape (T, B): the recursion run against time.

    A jump does not enter the variance of its own session in either direction. Squares of a GARCH process have the same
    autocovariances in both directions; asymmetry has a direction, so its average is taken. `last`, shape (B,), is the
    variance of the last session.
    """
    zero = np.zeros_like(params.gamma)
    symmetric = GarchParams(params.omega, np.asarray(params.alpha + 0.5 * params.gamma), zero, params.beta)
    return filtered(symmetric, last, e[::-1])[::-1]


def paths_and_variances(params: GarchParams, first: float, z: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Simulated residuals and their variances, both of shape (T, B), from shocks `z` of that shape."""
    e, h = np.empty_like(z), np.empty_like(z)
    level = np.full(z.shape[1], first)
    for t in range(z.shape[0]):
        h[t] = level
        e[t] = z[t] * np.sqrt(level)
        level = params.step(e[t], level)
    return e, h
