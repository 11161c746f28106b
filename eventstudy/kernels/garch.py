"""GARCH, GJR and EGARCH recursions: filter known residuals, forecast, simulate; vectorised over paths, not time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from eventstudy._typing import FloatArray

#: E|z| of a standard normal, which EGARCH subtracts whatever the law.
MEAN_ABS = np.sqrt(2.0 / np.pi)


@dataclass(frozen=True, slots=True)
class GarchParams:
    """Coefficients of ``h = omega + (alpha + gamma 1{e<0}) e^2 + beta h``; arrays of shape (B,) or scalars.

    ``gamma = 0`` is GARCH(1,1) (Bollerslev 1986); with gamma it is GJR (Glosten, Jagannathan & Runkle 1993).
    """

    omega: FloatArray
    alpha: FloatArray
    gamma: FloatArray
    beta: FloatArray

    @property
    def persistence(self) -> FloatArray:
        """``alpha + gamma / 2 + beta``."""
        return np.asarray(self.alpha + 0.5 * self.gamma + self.beta)

    @property
    def long_run(self) -> FloatArray:
        """``omega / (1 - persistence)``; NaN where persistence is one or more."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.persistence < 1.0, self.omega / (1.0 - self.persistence), np.nan)

    def step(self, e: FloatArray, h: FloatArray) -> FloatArray:
        """Variance of the next session from this session's residual and variance."""
        return np.asarray(self.omega + (self.alpha + self.gamma * (e < 0.0)) * e**2 + self.beta * h)


@dataclass(frozen=True, slots=True)
class EgarchParams:
    """Coefficients of ``ln h = omega + alpha (|z| - sqrt(2/pi)) + gamma z + beta ln h`` (Nelson 1991)."""

    omega: FloatArray
    alpha: FloatArray
    gamma: FloatArray
    beta: FloatArray

    @property
    def persistence(self) -> FloatArray:
        """``beta``."""
        return np.asarray(self.beta)

    @property
    def long_run(self) -> FloatArray:
        """``exp(omega / (1 - beta))``, the level without news; NaN where beta is one or more."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return np.where(self.beta < 1.0, np.exp(self.omega / (1.0 - self.beta)), np.nan)

    def news(self, z: FloatArray) -> FloatArray:
        """Push of standardised shocks on the next session's log variance."""
        return np.asarray(self.alpha * (np.abs(z) - MEAN_ABS) + self.gamma * z)

    def step(self, e: FloatArray, h: FloatArray) -> FloatArray:
        """Variance of the next session from this session's residual and variance."""
        return np.exp(self.omega + self.news(e / np.sqrt(h)) + self.beta * np.log(h))


Params = GarchParams | EgarchParams


def filter_variance(params: Params, e: FloatArray, h0: FloatArray) -> FloatArray:
    """Variances along known residuals.

    Parameters
    ----------
    e : ndarray, shape (T,)
    h0 : ndarray, shape (B,)
        Variance of the first session.

    Returns
    -------
    ndarray, shape (T + 1, B)
        Row t is the variance of session t; the last row is the one-step forecast.
    """
    h = np.empty((e.size + 1, np.size(h0)))
    h[0] = h0
    if isinstance(params, GarchParams) and h.shape[1] == 1 and np.size(params.beta) == 1:
        # One path: a linear recursion in h, run by a filter instead of a loop over sessions, to the same last digit.
        h[1:, 0] = params.omega + (params.alpha + params.gamma * (e < 0.0)) * e**2
        return np.asarray(lfilter([1.0], [1.0, -float(params.beta)], h, axis=0))
    for t, value in enumerate(e):
        h[t + 1] = params.step(np.asarray(value), h[t])
    return h


def forecast_variance(params: GarchParams, h_next: float | FloatArray, steps: int) -> FloatArray:
    """Expected variance 1..`steps` sessions ahead, the first known to be `h_next`; shape (steps, *h_next.shape)."""
    level = np.asarray(h_next, dtype=np.float64)
    h = np.empty((steps, *level.shape))
    persistence = params.persistence
    for k in range(steps):
        h[k] = level
        level = params.omega + persistence * level
    return h


def forecast_log_variance(
    params: EgarchParams, h_next: float | FloatArray, steps: int, shocks: FloatArray
) -> FloatArray:
    """Expected variance 1..`steps` sessions ahead of an EGARCH with shocks from `shocks`; (steps, *h_next.shape).

    With independent shocks ``E h_k = exp(omega (1 + .. + beta^(k-2)) + beta^(k-1) ln h_1) prod_j E exp(beta^j g(z))``.
    """
    level, product, weight = np.log(np.asarray(h_next, dtype=np.float64)), 0.0, 1.0
    push, h = params.news(shocks), np.empty((steps, *level.shape))
    for k in range(steps):
        h[k] = np.exp(level + product)
        level = np.asarray(float(params.omega) + float(params.beta) * level)
        product += float(np.log(np.mean(np.exp(weight * push))))
        weight *= float(params.beta)
    return h


def simulate(params: Params, h_next: FloatArray, z: FloatArray) -> FloatArray:
    """Residual paths from standardised shocks.

    Parameters
    ----------
    h_next : ndarray, shape (B,)
        Variance of the first simulated session.
    z : ndarray, shape (steps, B)
        Shocks with mean square 1.

    Returns
    -------
    ndarray, shape (steps, B)
    """
    e = np.empty_like(z)
    h = np.broadcast_to(h_next, z.shape[1:]).astype(np.float64)
    for k in range(z.shape[0]):
        e[k] = z[k] * np.sqrt(h)
        h = params.step(e[k], h)
    return e
