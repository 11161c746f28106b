"""Intervals of a multiplicative variance regressor by inverting the likelihood ratio: which coefficients it accepts."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import optimize

from eventstudy._typing import FloatArray
from eventstudy.engines.event_likelihood import LARGEST_LOG, STEPS, coordinates
from eventstudy.engines.likelihood import LikelihoodFit

#: First step away from the estimate, and to what an end is found, in log variance.
FIRST_STEP, EXACT = 0.5, 1e-4


def signed_root(
    null: LikelihoodFit, fit: LikelihoodFit, y: FloatArray, x: FloatArray, exog: FloatArray
) -> Callable[[float], float]:
    """Signed root of the likelihood ratio of a value of the coefficient against the estimate, above zero below it.

    Parameters
    ----------
    null, fit : LikelihoodFit
        Without and with the regressor, whose optima are the starts of every fit in between.
    y, x : ndarray, shape (T,) and (T, K)
    exog : ndarray, shape (T, 1)
        One multiplicative regressor.
    """
    from eventstudy.kernels import garch_likelihood as kernel

    scale = float(np.sqrt(np.mean((y - y.mean()) ** 2)))
    spec = (
        kernel.GJR if fit.kind == "gjr" else kernel.GARCH,
        kernel.STUDENT if fit.dist == "t" else kernel.NORMAL,
        kernel.FCP,
    )
    top = float(fit.value("delta[0]"))
    none, work = np.empty((y.size, 0)), (np.empty(y.size), np.empty((y.size, x.shape[1] + 5)))

    def root(delta: float) -> float:
        weight = np.exp(-0.5 * delta * exog[:, 0])
        design = x * weight[:, None] / scale
        widths = np.sqrt((design**2).mean(axis=0))
        data = (np.ascontiguousarray(y * weight / scale), np.ascontiguousarray(design / widths), none, 1.0)
        starts = [coordinates(one, widths, 1.0 / scale**2) for one in (null, fit)]
        lowest = min(float(kernel.descend(spec, data, u, work, STEPS)[0]) for u in starts)
        loglik = -lowest * y.size - y.size * math.log(scale) - 0.5 * delta * float(exog.sum())
        return float(np.sign(top - delta)) * math.sqrt(max(2.0 * (fit.loglik - loglik), 0.0))

    return root


def accepted(root: Callable[[float], float], top: float, below: float, above: float) -> tuple[float, float]:
    """Ends of the interval around `top` on which ``below <= root <= above``; infinite where the root never gets there.

    Examples
    --------
    >>> [round(end, 3) for end in accepted(lambda delta: 2.0 * (1.0 - delta), 1.0, -2.0, 1.0)]
    [0.5, 2.0]
    """
    return _end(root, top, above, -1.0), _end(root, top, below, 1.0)


def _end(root: Callable[[float], float], top: float, value: float, side: float) -> float:
    """Where the root reaches `value`, from `top` to one side."""
    if value * side >= 0.0:  # the root falls, from above zero on the left to below it on the right
        return top
    near, step = top, FIRST_STEP
    while math.isfinite(value) and abs(near) < LARGEST_LOG:
        far = top + side * step
        if (root(far) - value) * side <= 0.0:
            return float(optimize.brentq(lambda delta: root(delta) - value, near, far, xtol=EXACT))
        near, step = far, 2.0 * step
    return side * math.inf
