"""Joint maximum likelihood of a mean regression and its GARCH variance, by the compiled kernels, in caller's units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from eventstudy._typing import FloatArray
from eventstudy.engines.base import Dist
from eventstudy.kernels.garch import EgarchParams, GarchParams, forecast_log_variance, forecast_variance

VarianceKind = Literal["garch", "gjr", "egarch"]
#: Rule for the squared residual and the variance before the sample.
Presample = Literal["arch", "fcp"]
#: ``hessian``: inverse of minus the Hessian; ``opg``: of the outer product of scores; ``qmle``: the sandwich.
CovarianceKind = Literal["qmle", "hessian", "opg"]

#: Largest derivative of the mean log-likelihood at a converged optimum, in units of the sample's scale.
CONVERGED = 1e-6
#: A coefficient this close to its bound lies on it.
ON_BOUND = 1e-6
#: Starting points of a single fit.
STARTS = 10
#: Residuals smaller than this share of the response are rounding.
NO_SPREAD = 1e-10
#: arch's backcast: sessions and decay.
BACKCAST_SESSIONS, BACKCAST_DECAY = 75, 0.94
#: Residuals nearest to zero that are tried as the kink on which an EGARCH optimum may lie.
KINKS = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class LikelihoodFit:
    """Maximum of a GARCH likelihood, in the caller's units.

    Attributes
    ----------
    kind, dist, presample : str
    names : tuple of str
        Estimated parameters: ``mean[0]``.., omega, alpha, gamma, beta, ``delta[0]``.., nu; those that exist.
    params : ndarray, shape (n,)
    loglik : float
    residual, variance : ndarray, shape (T,)
    scores : ndarray, shape (T, n)
        Derivative of each session's log density.
    hessian : ndarray, shape (n, n)
        Of the log-likelihood; NaN on a kink.
    next_variance : float
        One step after the sample, with the exogenous regressors at zero.
    gradient : float
        Largest derivative of the mean log-likelihood, in units of the sample's scale; zero on a bound as well.
    on_kink : bool
        The optimum of an EGARCH lies where a residual is exactly zero: there are no second derivatives.
    """

    kind: VarianceKind
    dist: Dist
    presample: Presample
    names: tuple[str, ...]
    params: FloatArray
    loglik: float
    residual: FloatArray
    variance: FloatArray
    scores: FloatArray
    hessian: FloatArray
    next_variance: float
    gradient: float
    on_kink: bool

    @property
    def converged(self) -> bool:
        """Whether the gradient vanishes, on the free side of every bound."""
        return self.gradient < CONVERGED

    def value(self, name: str) -> float:
        """One parameter; 0 where the model does not have it."""
        return float(self.params[self.names.index(name)]) if name in self.names else 0.0

    @property
    def persistence(self) -> float:
        """``alpha + gamma / 2 + beta``; beta of an EGARCH."""
        beta = self.value("beta")
        return beta if self.kind == "egarch" else self.value("alpha") + 0.5 * self.value("gamma") + beta

    @property
    def bounds(self) -> tuple[str, ...]:
        """Restrictions that bind, in words; empty inside the admissible region."""
        return tuple(words for words, _ in self._binding)

    @cached_property
    def _binding(self) -> tuple[tuple[str, FloatArray], ...]:
        """Words and direction of every restriction that binds."""
        alpha, gamma, beta = (self.value(n) for n in ("alpha", "gamma", "beta"))
        found = []
        if self.kind == "egarch":
            found += [("|beta| = 1", {"beta": 1.0})] if abs(beta) > 1.0 - ON_BOUND else []
        else:
            found += [("alpha = 0", {"alpha": 1.0})] if alpha < ON_BOUND else []
            if self.kind == "gjr" and alpha + gamma < ON_BOUND:
                found.append(("alpha + gamma = 0", {"alpha": 1.0, "gamma": 1.0}))
            found += [("beta = 0", {"beta": 1.0})] if beta < ON_BOUND else []
            if self.persistence > 1.0 - ON_BOUND:
                found.append(("persistence = 1", {"alpha": 1.0, "gamma": 0.5, "beta": 1.0}))
        if self.dist == "t" and not 2.0501 < self.value("nu") < 499.0:
            found.append((f"nu = {self.value('nu'):.4g}", {"nu": 1.0}))
        return tuple((words, np.array([weights.get(n, 0.0) for n in self.names])) for words, weights in found)

    def forecast(self, steps: int) -> FloatArray:
        """Expected variance of the sessions after the sample, exogenous regressors at zero; shape (steps,).

        Of an EGARCH over its own standardised residuals, which are taken as independent.
        """
        if self.kind != "egarch":
            params = GarchParams(*(np.asarray(self.value(n)) for n in ("omega", "alpha", "gamma", "beta")))
            return forecast_variance(params, self.next_variance, steps)
        egarch = EgarchParams(*(np.asarray(self.value(n)) for n in ("omega", "alpha", "gamma", "beta")))
        return forecast_log_variance(egarch, self.next_variance, steps, self.residual / np.sqrt(self.variance))

    def covariance(self, kind: CovarianceKind = "qmle") -> FloatArray:
        """Covariance of the estimates, shape (n, n); conditional on the bounds that bind (zero across them).

        ``qmle`` is robust to the law of the errors (Bollerslev & Wooldridge 1992, Econometric Reviews 11:143-172).
        NaN where the matrix to invert is singular, or on a kink.
        """
        n = len(self.names)
        directions = np.array([d for _, d in self._binding]).reshape(-1, n)
        size = np.abs(self.params) + 1e-12
        # Free directions, in units of the parameters themselves: omega is of the order of squared returns.
        basis = np.linalg.svd(directions * size)[2][np.linalg.matrix_rank(directions) :].T if directions.size else None
        free = (np.eye(n) if basis is None else basis) * size[:, None]
        outer = free.T @ (self.scores.T @ self.scores) @ free
        curvature = -free.T @ self.hessian @ free
        none = np.full((n, n), np.nan)
        try:
            if kind == "opg":
                inner = np.linalg.inv(outer)
            elif not np.isfinite(curvature).all() or np.linalg.eigvalsh(curvature)[0] <= 0.0:
                return none
            else:
                inner = np.linalg.inv(curvature)
        except np.linalg.LinAlgError:
            return none
        if kind == "qmle":
            inner = inner @ outer @ inner
        return np.asarray(free @ inner @ free.T)

    def se(self, kind: CovarianceKind = "qmle") -> FloatArray:
        """Standard errors, shape (n,); NaN as in `covariance`."""
        return np.sqrt(np.diag(self.covariance(kind)))


def backcast(residual: FloatArray) -> float:
    """Weighted mean of the first 75 squared residuals, the latest weighing least (arch's rule)."""
    weights = BACKCAST_DECAY ** np.arange(min(BACKCAST_SESSIONS, residual.size))
    return float((residual[: weights.size] ** 2 * weights).sum() / weights.sum())


def maximum_likelihood(
    y: FloatArray,
    x: FloatArray | None,
    *,
    kind: VarianceKind,
    dist: Dist,
    presample: Presample = "arch",
    exog: FloatArray | None = None,
    starts: int = STARTS,
) -> LikelihoodFit | str:
    """Fit ``y = x b + e`` with a GARCH(1,1), GJR or EGARCH variance by exact (quasi) maximum likelihood.

    Parameters
    ----------
    y : ndarray, shape (T,)
    x : ndarray, shape (T, K) or None
        Regressors of the mean, a constant among them where it is wanted. None: mean zero.
    presample : {"arch", "fcp"}
        ``arch``: arch's backcast of the least squares residuals; ``fcp``: mean squared residual at the current mean.
    exog : ndarray, shape (T, P) or None
        Regressors of the variance, such as an event dummy: added to h of session t (to ln h for EGARCH).
    starts : int
        Starting points that are climbed from, of a grid of 20: the best of each level of persistence first.

    Returns
    -------
    LikelihoodFit or str
        The reason, when there is no likelihood to maximise.
    """
    x = np.empty((y.size, 0)) if x is None else np.asarray(x, dtype=np.float64)
    exog = np.empty((y.size, 0)) if exog is None else np.asarray(exog, dtype=np.float64)
    if not (np.isfinite(y).all() and np.isfinite(x).all() and np.isfinite(exog).all()):
        return "the data hold values that are missing or infinite"
    if y.size < 10 + x.shape[1] + exog.shape[1]:
        return f"{y.size} sessions are too few for a likelihood"
    problem = _Problem.of(y, x, exog, kind, dist, presample)
    if not problem.scale > NO_SPREAD * float(np.sqrt(np.mean(y**2))):
        return "the residuals do not vary"
    theta, gradient = problem.maximise(starts)
    on_kink = False
    if kind == "egarch" and x.shape[1] and not gradient < CONVERGED:
        theta, gradient, on_kink = _kinked(problem, theta, gradient, starts)
    if not np.isfinite(theta).all():
        return "the likelihood is not finite at any starting point"
    return problem.result(theta, gradient, on_kink=on_kink)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Problem:
    """Data in units of their own scale, as the kernels want them."""

    kind: VarianceKind
    dist: Dist
    presample: Presample
    scale: float
    widths: FloatArray
    y: FloatArray
    x: FloatArray
    exog: FloatArray
    start: FloatArray
    level: float

    @classmethod
    def of(
        cls, y: FloatArray, x: FloatArray, exog: FloatArray, kind: VarianceKind, dist: Dist, presample: Presample
    ) -> _Problem:
        coef = np.linalg.lstsq(x, y, rcond=None)[0] if x.shape[1] else np.empty(0)
        scale = float(np.sqrt(np.mean((y - x @ coef) ** 2)))
        widths = np.sqrt((x**2).mean(axis=0))
        unit = scale if scale > 0.0 else 1.0
        level = backcast((y - x @ coef) / unit)
        return cls(
            kind=kind, dist=dist, presample=presample, scale=scale, widths=widths, exog=np.array(exog, order="C"),
            y=np.ascontiguousarray(y / unit), x=np.ascontiguousarray(x / widths), start=coef * widths / unit,
            level=level,
        )  # fmt: skip

    @property
    def spec(self) -> tuple[int, int, int]:
        from eventstudy.kernels import garch_likelihood as kernel

        kinds = {"garch": kernel.GARCH, "gjr": kernel.GJR, "egarch": kernel.EGARCH}
        return (
            kinds[self.kind],
            kernel.STUDENT if self.dist == "t" else kernel.NORMAL,
            kernel.FCP if self.presample == "fcp" else kernel.FIXED,
        )

    @property
    def data(self) -> tuple[FloatArray, FloatArray, FloatArray, float]:
        return self.y, self.x, self.exog, self.level

    def maximise(self, starts: int) -> tuple[FloatArray, float]:
        from eventstudy.kernels import garch_likelihood as kernel

        theta, _, gradient = kernel.maximise(self.spec, self.data, self.start, starts)
        return theta, gradient

    def loglik(self, theta: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Log-likelihood, variances and scores in scaled units."""
        from eventstudy.kernels import garch_likelihood as kernel

        work = (np.empty(self.y.size), np.empty((self.y.size, theta.size)))
        return kernel.scores(self.spec, self.data, theta, work), *work

    def hessian(self, theta: FloatArray) -> FloatArray:
        """Central differences of the analytic gradient."""
        out = np.empty((theta.size, theta.size))
        for j, value in enumerate(theta):
            step = np.zeros(theta.size)
            step[j] = 1e-5 * max(abs(value), 1e-6 if j == self.x.shape[1] else 1e-3)
            up, down = (self.loglik(moved)[2].sum(axis=0) for moved in (theta + step, theta - step))
            out[j] = (up - down) / (2.0 * step[j])
        return 0.5 * (out + out.T)

    def result(self, theta: FloatArray, gradient: float, *, on_kink: bool) -> LikelihoodFit:
        value, h, scores = self.loglik(theta)
        hessian = np.full((theta.size, theta.size), np.nan) if on_kink else self.hessian(theta)
        k, p = self.x.shape[1], self.exog.shape[1]
        names = (
            *(f"mean[{j}]" for j in range(k)), "omega", "alpha", "gamma", "beta",
            *(f"delta[{j}]" for j in range(p)), "nu",
        )  # fmt: skip
        left_out = (("gamma",) if self.kind == "garch" else ()) + (("nu",) if self.dist == "normal" else ())
        kept = [i for i, n in enumerate(names) if n not in left_out]
        to_units, shift = self._units(theta)
        # theta in units = to_units @ theta + shift; derivatives go the other way.
        back = np.linalg.inv(to_units)
        e = self.y - self.x @ theta[:k]
        return LikelihoodFit(
            kind=self.kind, dist=self.dist, presample=self.presample, names=tuple(names[i] for i in kept),
            params=(to_units @ theta + shift)[kept], loglik=float(value) - self.y.size * math.log(self.scale),
            residual=e * self.scale, variance=h * self.scale**2, scores=(scores @ back)[:, kept],
            hessian=(back.T @ hessian @ back)[np.ix_(kept, kept)],
            next_variance=self._next(theta, float(e[-1]), float(h[-1])) * self.scale**2,
            gradient=float(gradient), on_kink=on_kink,
        )  # fmt: skip

    def _next(self, theta: FloatArray, e: float, h: float) -> float:
        omega, alpha, gamma, beta = theta[self.x.shape[1] : self.x.shape[1] + 4]
        if self.kind == "egarch":
            z = e / math.sqrt(h)
            mean_abs = math.sqrt(2.0 / math.pi)
            return math.exp(omega + alpha * (abs(z) - mean_abs) + gamma * z + beta * math.log(h))
        return float(omega + (alpha + gamma * (e < 0.0)) * e**2 + beta * h)

    def _units(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Linear map from scaled parameters to the caller's units."""
        k, p = self.x.shape[1], self.exog.shape[1]
        matrix, shift = np.eye(theta.size), np.zeros(theta.size)
        matrix[:k, :k] = np.diag(self.scale / self.widths)
        if self.kind == "egarch":
            # ln h = ln h_scaled + 2 ln scale.
            shift[k] = 2.0 * math.log(self.scale)
            matrix[k, k + 3] = -shift[k]
        else:
            for j in (k, *range(k + 4, k + 4 + p)):
                matrix[j, j] = self.scale**2
        return matrix, shift


def _kinked(problem: _Problem, theta: FloatArray, gradient: float, starts: int) -> tuple[FloatArray, float, bool]:
    """Fix one of the smallest residuals at zero, maximise over the rest, keep what is highest."""
    k = problem.x.shape[1]
    best, on_kink = theta, False
    # The optimiser may stand on the kink already, but for rounding.
    highest = problem.loglik(theta)[0] - 1e-9
    rest = np.abs(problem.y - problem.x @ theta[:k])
    for t in np.argsort(rest)[:KINKS]:
        pivot = int(np.argmax(np.abs(problem.x[t])))
        others = [j for j in range(k) if j != pivot]
        ratio = problem.x[t, others] / problem.x[t, pivot]
        shift = float(problem.y[t] / problem.x[t, pivot])
        lead = problem.x[:, pivot]
        inner = _Problem(
            kind=problem.kind, dist=problem.dist, presample=problem.presample, scale=problem.scale,
            widths=problem.widths[others], y=np.ascontiguousarray(problem.y - shift * lead),
            x=np.ascontiguousarray(problem.x[:, others] - np.outer(lead, ratio)), exog=problem.exog,
            start=problem.start[others], level=problem.level,
        )  # fmt: skip
        part, flat = inner.maximise(starts)
        full = np.insert(part, pivot, shift - float(ratio @ part[: k - 1]))
        value = problem.loglik(full)[0]
        if value > highest:
            best, gradient, highest, on_kink = full, flat, value, True
    return best, gradient, on_kink
