"""Maximum likelihood of a GARCH whose variance is multiplied by ``exp(x'delta)``; the additive form beside it."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from scipy import optimize

from eventstudy._typing import FloatArray
from eventstudy.engines.base import Dist
from eventstudy.engines.likelihood import CONVERGED, LikelihoodFit, maximum_likelihood

#: How regressors enter the variance.
Form = Literal["additive", "multiplicative"]
EventKind = Literal["garch", "gjr"]

#: BFGS steps of a quick fit.
STEPS = 200
#: Least coordinate of a start: on a bound the coordinates stand still.
OFF_BOUND = 0.05
#: Coefficients that differ by less belong to one top.
APART = 1e-2
#: A multiplier outside ``exp(-/+ this)`` is no multiplier.
LARGEST_LOG = 12.0


def fit_event(
    y: FloatArray, x: FloatArray, exog: FloatArray, *, form: Form, kind: EventKind = "garch", dist: Dist = "normal"
) -> LikelihoodFit | str:
    """Joint maximum likelihood of mean, variance and the coefficients of the variance regressors.

    Parameters
    ----------
    y : ndarray, shape (T,)
    x : ndarray, shape (T, K)
        Mean regressors, the constant among them.
    exog : ndarray, shape (T, P)
        Variance regressors, zero outside the event.
    form : {"additive", "multiplicative"}
        ``h = omega + (alpha + gamma 1{e<0}) e^2 + beta h + x'delta``: an impulse that decays at the persistence after
        the regressor has ended. ``h = g exp(x'delta)``, g the GARCH of the residuals divided by ``exp(x'delta / 2)``:
        the variance is multiplied while the regressor lasts, and nothing is left behind.
    kind : {"garch", "gjr"}
    dist : {"normal", "t"}

    Returns
    -------
    LikelihoodFit or str
        Parameters mean, omega, alpha, gamma, beta, delta, nu, those that exist; the variance before the sample is the
        mean squared residual (divided by its multiplier). The reason, when there is no maximum.
    """
    if form == "additive":
        return maximum_likelihood(y, x, kind=kind, dist=dist, presample="fcp", exog=exog)
    null = maximum_likelihood(y, x, kind=kind, dist=dist, presample="fcp")
    if isinstance(null, str):
        return null
    # The profile may have several tops: dynamics that follow the event against an event that explains them away.
    tops = [_climb(start, y, x, exog, kind, dist) for start in _near_tops(null, y, x, exog)]
    found = min(tops, key=lambda top: float(top.fun))
    inner = _deflated(found.x, y, x, exog, kind, dist)
    if isinstance(inner, str):
        return inner
    return _joint(inner, found.x, y, x, exog)


def _near_tops(null: LikelihoodFit, y: FloatArray, x: FloatArray, exog: FloatArray) -> list[FloatArray]:
    """Coefficients at the tops that quick joint fits reach from none and from the moments of the event."""
    from eventstudy.kernels import garch_likelihood as kernel

    scale, k = float(y.std()), x.shape[1]
    widths = np.sqrt((x**2).mean(axis=0)) / scale
    u = coordinates(null, widths, 1.0 / scale**2)
    spec = (
        kernel.GJR if null.kind == "gjr" else kernel.GARCH,
        kernel.STUDENT if null.dist == "t" else kernel.NORMAL,
        kernel.SCALED,
    )
    data = (np.ascontiguousarray(y / scale), np.ascontiguousarray(x / scale / widths), np.ascontiguousarray(exog), 1.0)
    work = (np.empty(y.size), np.empty((y.size, k + exog.shape[1] + 5)))
    tops: list[FloatArray] = []
    for start in (np.zeros(exog.shape[1]), log_ratios(y, x, exog)):
        top = kernel.descend(spec, data, np.concatenate((u[: k + 5], start, u[k + 5 :])), work, STEPS)[1]
        delta = np.clip(top[k + 5 : k + 5 + exog.shape[1]], -LARGEST_LOG, LARGEST_LOG)
        if all(np.abs(delta - other).max() > APART for other in tops):
            tops.append(delta)
    return tops


def coordinates(null: LikelihoodFit, widths: FloatArray, unit: float) -> FloatArray:
    """The optimum of a fit without regressors in the kernel's unbounded coordinates.

    Parameters
    ----------
    widths : ndarray, shape (K,)
        What the mean regressors are divided by.
    unit : float
        Variance of the kernel's data over that of the fit's.
    """
    from eventstudy.kernels import garch_likelihood as kernel

    alpha, gamma, beta = (null.value(n) for n in ("alpha", "gamma", "beta"))
    shares = np.array([alpha / (2.0 if null.kind == "gjr" else 1.0), (alpha + gamma) / 2.0, beta])
    if null.kind == "garch":
        shares[1] = 0.0
    shares = np.append(shares, 1.0 - shares.sum())
    roots = np.maximum(np.sqrt(np.maximum(shares, 0.0)), OFF_BOUND)
    if null.kind == "garch":
        roots[1] = 0.0
    roots /= np.sqrt((roots**2).sum())
    tail = (1.0 / (null.value("nu") or 8.0) - kernel.LEAST_TAIL) / (kernel.MOST_TAIL - kernel.LEAST_TAIL)
    angle = math.asin(math.sqrt(min(max(tail, OFF_BOUND**2), 1.0 - OFF_BOUND**2)))
    omega = max(null.value("omega") * unit, 1e-8)
    mean = null.params[: widths.size] * widths
    return np.concatenate((mean, [math.log(omega)], roots, [angle]))


def _climb(
    start: FloatArray, y: FloatArray, x: FloatArray, exog: FloatArray, kind: EventKind, dist: Dist
) -> optimize.OptimizeResult:
    """Maximise the profile from one start."""
    return optimize.minimize(
        _profile, start, args=(y, x, exog, kind, dist), jac=True, method="L-BFGS-B",
        bounds=[(-LARGEST_LOG, LARGEST_LOG)] * start.size, options={"ftol": 1e-15, "gtol": CONVERGED / 3.0},
    )  # fmt: skip


def log_ratios(y: FloatArray, x: FloatArray, exog: FloatArray) -> FloatArray:
    """Log ratio of mean squares where each regressor is large to where all are zero."""
    squares = (y - x @ np.linalg.lstsq(x, y, rcond=None)[0]) ** 2
    quiet = (exog == 0.0).all(axis=1)
    level = float(squares[quiet].mean()) if quiet.any() else float(squares.mean())
    weights = np.abs(exog) / np.maximum(np.abs(exog).sum(axis=0), 1e-300)
    ratio = np.maximum(weights.T @ squares, 1e-12 * level) / level
    return np.asarray(np.clip(np.log(ratio), -3.0, 3.0))


def _deflated(
    delta: FloatArray, y: FloatArray, x: FloatArray, exog: FloatArray, kind: EventKind, dist: Dist
) -> LikelihoodFit | str:
    """The GARCH of the deflated response, `delta` given: a weighted regression."""
    weight = np.exp(-0.5 * (exog @ delta))
    return maximum_likelihood(y * weight, x * weight[:, None], kind=kind, dist=dist, presample="fcp")


def _profile(
    delta: FloatArray, y: FloatArray, x: FloatArray, exog: FloatArray, kind: EventKind, dist: Dist
) -> tuple[float, FloatArray]:
    """Minus the mean log-likelihood at the best other parameters, and its derivative by `delta`."""
    inner = _deflated(delta, y, x, exog, kind, dist)
    if isinstance(inner, str):
        return math.inf, np.zeros(delta.size)
    jacobian = 0.5 * (exog @ delta).sum()
    # At the inner maximum the other derivatives vanish: the envelope theorem.
    slope = _scores(inner.params, inner, delta, y, x, exog)[:, -exog.shape[1] :].sum(axis=0)
    return -(inner.loglik - jacobian) / y.size, -slope / y.size


def _scores(
    theta: FloatArray, inner: LikelihoodFit, delta: FloatArray, y: FloatArray, x: FloatArray, exog: FloatArray
) -> FloatArray:
    """Derivatives of each log density by `theta` (as named by `inner`) and `delta`, shape (T, n + P).

    A change of delta moves the deflated residual u by ``-x u / 2``: as a mean regressor ``x u / 2`` with coefficient
    zero would. So the kernel's analytic scores serve, less the derivative of the Jacobian.
    """
    from eventstudy.kernels import garch_likelihood as kernel

    k, extra = x.shape[1], exog.shape[1]
    weight = np.exp(-0.5 * (exog @ delta))
    u = (y - x @ theta[:k]) * weight
    scale = float(np.sqrt(np.mean(u**2)))
    value = dict(zip(inner.names, theta, strict=True))
    full = np.concatenate(
        [
            theta[:k] / scale, np.zeros(extra),
            [value["omega"] / scale**2, value["alpha"], value.get("gamma", 0.0), value["beta"], value.get("nu", 8.0)],
        ]
    )  # fmt: skip
    design = np.ascontiguousarray(np.column_stack((x * weight[:, None], 0.5 * exog * u[:, None] / scale)))
    spec = (
        kernel.GJR if inner.kind == "gjr" else kernel.GARCH,
        kernel.STUDENT if inner.dist == "t" else kernel.NORMAL,
        kernel.FCP,
    )
    data = (np.ascontiguousarray(y * weight / scale), design, np.empty((y.size, 0)), 1.0)
    work = (np.empty(y.size), np.empty((y.size, full.size)))
    kernel.scores(spec, data, full, work)
    score = work[1]
    places = {"omega": k + extra, "alpha": k + extra + 1, "gamma": k + extra + 2, "beta": k + extra + 3, "nu": -1}
    by_theta = [score[:, j] / scale for j in range(k)]
    by_theta += [score[:, places[n]] / (scale**2 if n == "omega" else 1.0) for n in inner.names[k:]]
    return np.column_stack([*by_theta, score[:, k : k + extra] - 0.5 * exog])


def _joint(inner: LikelihoodFit, delta: FloatArray, y: FloatArray, x: FloatArray, exog: FloatArray) -> LikelihoodFit:
    """The fit in all parameters, with analytic scores and the Hessian from their central differences."""
    point = np.concatenate((inner.params, delta))
    n = inner.params.size

    def scores(at: FloatArray) -> FloatArray:
        return _scores(at[:n], inner, at[n:], y, x, exog)

    here = scores(point)
    hessian = np.empty((point.size, point.size))
    for j, value in enumerate(point):
        step = np.zeros(point.size)
        step[j] = 1e-5 * max(abs(value), 1e-3 * (1.0 if j >= n else float(y.std()) ** (2 if j == x.shape[1] else 1)))
        hessian[j] = (scores(point + step) - scores(point - step)).sum(axis=0) / (2.0 * step[j])
    names = [*inner.names, *(f"delta[{j}]" for j in range(delta.size))]
    # The order of every fit: deltas before nu.
    order = [i for i, name in enumerate(names) if name != "nu"] + [i for i, name in enumerate(names) if name == "nu"]
    factor = np.exp(exog @ delta)
    slope = float(np.abs(here[:, n:].sum(axis=0)).max()) / y.size
    return LikelihoodFit(
        kind=inner.kind, dist=inner.dist, presample="fcp", names=tuple(names[i] for i in order), params=point[order],
        loglik=inner.loglik - 0.5 * float((exog @ delta).sum()), residual=y - x @ point[: x.shape[1]],
        variance=inner.variance * factor, scores=here[:, order],
        hessian=(0.5 * (hessian + hessian.T))[np.ix_(order, order)], next_variance=inner.next_variance,
        gradient=max(inner.gradient, slope), on_kink=False,
    )  # fmt: skip
