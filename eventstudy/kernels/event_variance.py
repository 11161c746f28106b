"""GARCH and GJR recursions with regressors in the variance: one compiled pass over known residuals."""

from __future__ import annotations

import math

from eventstudy._typing import FloatArray
from eventstudy.kernels.jit import jit


@jit
def event_recursion(
    multiplicative: bool, theta: FloatArray, shift: FloatArray, e: FloatArray, start: float, bounds: FloatArray,
    h: FloatArray,
) -> None:  # fmt: skip
    """Fill the variances `h`.

    Parameters
    ----------
    multiplicative : bool
        ``h = g exp(shift)`` with g the recursion of the residuals over ``exp(shift / 2)``, else ``h`` is the recursion
        plus `shift`.
    theta : ndarray, shape (4,)
        omega, alpha, gamma, beta.
    shift : ndarray, shape (T,)
        Regressors times their coefficients.
    start : float
        Squared residual and variance before the sample; half of it counts as negative.
    bounds : ndarray, shape (T, 2)
        Lower and upper bounds that keep the likelihood finite.
    """
    omega, alpha, gamma, beta = theta[0], theta[1], theta[2], theta[3]
    square, below, past = start, 0.5 * start, start
    for t in range(e.size):
        level = omega + alpha * square + gamma * below + beta * past
        factor = math.exp(shift[t]) if multiplicative else 1.0
        value = level * factor if multiplicative else level + shift[t]
        if not value > bounds[t, 0]:
            value = bounds[t, 0]
        elif value > bounds[t, 1]:
            value = bounds[t, 1] + math.log(value / bounds[t, 1])
        h[t] = value
        past = value / factor
        square = e[t] * e[t] / factor
        below = square if e[t] < 0.0 else 0.0
