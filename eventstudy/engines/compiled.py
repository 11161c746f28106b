"""The compiled likelihood as an engine: exact presample rules, analytic gradients, thousands of fits a minute."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eventstudy._typing import FloatArray
from eventstudy.engines.base import Dist, GarchFit, Kind, Law
from eventstudy.engines.likelihood import CONVERGED, LikelihoodFit, Presample, backcast, maximum_likelihood
from eventstudy.errors import InputError
from eventstudy.kernels.garch import EgarchParams, GarchParams, Params

#: Name under which results say who fitted them.
ENGINE = "compiled likelihood"
#: Fewest residuals of one series in a batch.
SHORTEST = 30
NAMES = ("omega", "alpha", "gamma", "beta")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledEngine:
    """Fits by our own likelihood, compiled on first use.

    Attributes
    ----------
    presample : {"arch", "fcp"}
        ``arch``: the exponentially weighted mean of the first 75 squared residuals, as the package arch has it;
        ``fcp``: the mean squared residual (Fiorentini, Calzolari & Panattoni 1996, J. Applied Econometrics 11).
    starts : int
        Starting points from which the optimiser climbs, the best of each level of persistence first. A likelihood of
        noise, or of a variance that only drifts, has several tops: fewer starts are faster and may miss the highest.

    Examples
    --------
    >>> import numpy as np
    >>> from eventstudy.volatility.base import GarchResponse
    >>> GarchResponse("gjr", dist="t", engine=CompiledEngine()).engine.presample
    'arch'
    """

    presample: Presample = "arch"
    starts: int = 5

    def fit(self, residual: FloatArray, *, kind: Kind, dist: Law) -> GarchFit:
        """Maximum likelihood; see `Engine.fit`."""
        dist = _known(dist)
        fit = maximum_likelihood(residual, None, kind=kind, dist=dist, presample=self.presample, starts=self.starts)
        if isinstance(fit, str):
            raise InputError(fit)
        return garch_fit(fit)

    def fit_with_mean(
        self, y: FloatArray, x: FloatArray, *, kind: Kind, dist: Law
    ) -> tuple[GarchFit, FloatArray] | str:
        """Mean and variance by joint maximum likelihood: the variance, and the mean's coefficients of shape (K,)."""
        dist = _known(dist)
        fit = maximum_likelihood(y, x, kind=kind, dist=dist, presample=self.presample, starts=self.starts)
        return fit if isinstance(fit, str) else (garch_fit(fit), fit.params[: x.shape[1]])

    def fit_many(self, residuals: Sequence[FloatArray], *, kind: Kind, dist: Dist) -> tuple[GarchFit, ...]:
        """As `fit` for many series, without covariances (they are NaN): one compiled loop.

        Parameters
        ----------
        residuals : sequence of ndarray
            Each of mean zero, of its own length and unit.
        """
        from eventstudy.kernels import garch_likelihood as kernel

        if not residuals:
            return ()
        sizes = np.array([r.size for r in residuals])
        scales = np.array([float(np.sqrt(np.mean(r**2))) for r in residuals])
        if not (np.isfinite(scales).all() and (scales > 0.0).all() and (sizes >= SHORTEST).all()):
            raise InputError(f"every series needs at least {SHORTEST} finite residuals that are not all zero")
        padded = np.zeros((sizes.size, int(sizes.max())))
        for row, residual in enumerate(residuals):
            padded[row, : residual.size] = residual / scales[row]
        rule = kernel.FCP if self.presample == "fcp" else kernel.FIXED
        levels = np.array([backcast(row[:size]) for row, size in zip(padded, sizes, strict=True)])
        code = {"garch": kernel.GARCH, "gjr": kernel.GJR, "egarch": kernel.EGARCH}[kind]
        spec = (code, kernel.STUDENT if dist == "t" else kernel.NORMAL, rule)
        thetas, logliks, gradients = kernel.maximise_many(spec, padded, sizes, levels, self.starts)
        if self.presample == "fcp":
            levels = np.ones_like(levels)
        return tuple(
            _of_batch(kind, dist, thetas[i], scales[i], logliks[i] - sizes[i] * math.log(scales[i]), levels[i],
                      converged=bool(gradients[i] < CONVERGED))
            for i in range(sizes.size)
        )  # fmt: skip


def _known(dist: Law) -> Dist:
    if dist == "normal" or dist == "t":
        return dist
    raise InputError(f"dist {dist!r}: the compiled engine has normal and t; take engine=ArchEngine()")


def _of_batch(
    kind: Kind, dist: Dist, theta: FloatArray, scale: float, loglik: float, level: float, *, converged: bool
) -> GarchFit:
    omega, alpha, gamma, beta, nu = (float(v) for v in theta)
    if kind == "egarch":
        first = math.exp(omega + beta * math.log(level))
        # ln h = ln h_scaled + 2 ln scale.
        omega += (1.0 - beta) * 2.0 * math.log(scale)
    else:
        first = omega + (alpha + 0.5 * gamma + beta) * level
        omega *= scale**2
    return GarchFit(
        kind=kind, dist=dist, params=_params(kind, omega, alpha, gamma, beta),
        shape=nu if dist == "t" else math.nan, covariance=np.full((4, 4), np.nan), loglik=float(loglik),
        converged=converged, first_variance=first * scale**2, engine=ENGINE,
    )  # fmt: skip


def _params(kind: Kind, *values: float) -> Params:
    scalars = (np.asarray(v) for v in values)
    return EgarchParams(*scalars) if kind == "egarch" else GarchParams(*scalars)


def garch_fit(fit: LikelihoodFit) -> GarchFit:
    """A likelihood fit in the form every engine gives; robust covariance, zero where on a bound."""
    covariance = np.zeros((4, 4))
    known = [(i, fit.names.index(n)) for i, n in enumerate(NAMES) if n in fit.names]
    ours, theirs = (list(part) for part in zip(*known, strict=True))
    covariance[np.ix_(ours, ours)] = fit.covariance("qmle")[np.ix_(theirs, theirs)]
    return GarchFit(
        kind=fit.kind, dist=fit.dist, params=_params(fit.kind, *(fit.value(n) for n in NAMES)),
        shape=fit.value("nu") if fit.dist == "t" else math.nan, covariance=covariance, loglik=fit.loglik,
        converged=fit.converged, first_variance=float(fit.variance[0]), engine=ENGINE,
    )  # fmt: skip
