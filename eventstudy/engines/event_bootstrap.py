"""Likelihood ratios of event regressors on paths that a fitted GARCH without them draws from its own residuals."""

from __future__ import annotations

import math

import numpy as np

from eventstudy._typing import FloatArray
from eventstudy.engines.event_likelihood import LARGEST_LOG, STEPS, Form, coordinates, log_ratios
from eventstudy.engines.likelihood import LikelihoodFit
from eventstudy.kernels.garch import GarchParams, simulate

#: A start with little persistence: shares of the news, of bad news (GJR), of the variance before, and what is left.
QUIET, QUIET_GJR = np.array([0.16, 0.0, 0.14, 0.70]), np.array([0.06, 0.10, 0.14, 0.70])


def null_paths(null: LikelihoodFit, x: FloatArray, rng: np.random.Generator, paths: int) -> FloatArray:
    """Responses without an event: the fitted mean and variance, and standardised residuals drawn with replacement.

    Parameters
    ----------
    null : LikelihoodFit
        GARCH or GJR without variance regressors, of T sessions.
    x : ndarray, shape (T, K)
        Mean regressors, kept as they are.

    Returns
    -------
    ndarray, shape (paths, T)
        Every path begins at the fit's first variance. The residuals are centred and scaled to mean square one.
    """
    z = null.residual / np.sqrt(null.variance)
    z = (z - z.mean()) / z.std()
    params = GarchParams(*(np.asarray(null.value(n)) for n in ("omega", "alpha", "gamma", "beta")))
    drawn = rng.choice(z, size=(null.residual.size, paths))
    errors = simulate(params, np.full(paths, null.variance[0]), drawn)
    return np.asarray(x @ null.params[: x.shape[1]] + errors.T)


def bootstrap_ratios(
    null: LikelihoodFit, x: FloatArray, exog: FloatArray, *, form: Form, paths: int, seed: int
) -> tuple[FloatArray, FloatArray]:
    """Likelihood ratios and coefficients that `fit_event` would find where there is no event (filtered bootstrap).

    Each path is fitted without the regressors from the null's optimum and from little persistence, and with them from
    the higher of these tops, and also from the moments of the event (multiplicative) or both starts (additive); the
    highest top counts. Where nothing clusters the additive form has more tops than these starts find: ratios are then
    a little small, and so is p.

    Parameters
    ----------
    null : LikelihoodFit
        Of kind garch or gjr, without variance regressors.
    x, exog : ndarray, shape (T, K) and (T, P)
        As in `fit_event`.

    Returns
    -------
    ratios : ndarray, shape (paths,)
        inf where a likelihood is not finite: no evidence against the null can come from a path that has no fit.
    delta : ndarray, shape (paths, P)
        NaN there. In the additive form in the caller's unit of variance.
    """
    drawn = null_paths(null, x, np.random.default_rng(seed), paths)
    ratios, delta = np.full(paths, np.inf), np.full((paths, exog.shape[1]), np.nan)
    for i, path in enumerate(drawn):
        scale = float(path.std())
        if not (math.isfinite(scale) and scale > 0.0):
            continue
        ratio, found = _ratio(null, path / scale, x / scale, exog, form, 1.0 / scale**2)
        ratios[i], delta[i] = ratio, found if form == "multiplicative" else found * scale**2
    return ratios, delta


def _ratio(
    null: LikelihoodFit, y: FloatArray, x: FloatArray, exog: FloatArray, form: Form, unit: float
) -> tuple[float, FloatArray]:
    """Likelihood ratio and coefficients of one path, whose variances are `unit` times those of the fit."""
    from eventstudy.kernels import garch_likelihood as kernel

    k, p = x.shape[1], exog.shape[1]
    kind = kernel.GJR if null.kind == "gjr" else kernel.GARCH
    law = kernel.STUDENT if null.dist == "t" else kernel.NORMAL
    widths = np.sqrt((x**2).mean(axis=0))
    data = (np.ascontiguousarray(y), np.ascontiguousarray(x / widths), np.empty((y.size, 0)), 1.0)
    warm = coordinates(null, widths, unit)
    plain = warm.copy()
    plain[k], plain[k + 1 : k + 5] = math.log(QUIET[-1]), np.sqrt(QUIET if null.kind == "garch" else QUIET_GJR)
    work = (np.empty(y.size), np.empty((y.size, k + 5)))
    tops = [kernel.descend((kind, law, kernel.FCP), data, u, work, STEPS) for u in (warm, plain)]
    low, best, _ = min(tops, key=lambda one: float(one[0]))
    starts = [(best, np.zeros(p))]
    if form == "multiplicative":
        starts.append((best, np.clip(log_ratios(y, x, exog), -LARGEST_LOG, LARGEST_LOG)))
    else:
        # Where nothing clusters the event alone can feed the recursion: a top of its own.
        starts += [(u, np.zeros(p)) for u in (warm, plain)]
    wide = (data[0], data[1], np.ascontiguousarray(exog), 1.0)
    work = (np.empty(y.size), np.empty((y.size, k + p + 5)))
    rule = kernel.SCALED if form == "multiplicative" else kernel.FCP
    tops = [
        kernel.descend((kind, law, rule), wide, np.concatenate((u[: k + 5], delta, u[k + 5 :])), work, STEPS)
        for u, delta in starts
    ]
    high, top, _ = min(tops, key=lambda one: float(one[0]))
    if not (math.isfinite(low) and math.isfinite(high)):
        return math.inf, np.full(p, np.nan)
    return max(2.0 * y.size * (low - high), 0.0), np.asarray(top[k + 5 : k + 5 + p])
