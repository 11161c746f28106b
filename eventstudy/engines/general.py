"""Any variance model of any engine, in one form: our compiled likelihood where it has the model, else `arch`."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from eventstudy._typing import FloatArray
from eventstudy.engines.base import MIN_BETA, MIN_REACTION, Dist, Law, rounded
from eventstudy.engines.compiled import ENGINE
from eventstudy.engines.likelihood import (
    NO_SPREAD,
    CovarianceKind,
    LikelihoodFit,
    Presample,
    VarianceKind,
    maximum_likelihood,
)

ModelKind = Literal["garch", "gjr", "egarch", "aparch", "figarch", "har"]

COMPILED_KINDS: tuple[VarianceKind, ...] = ("garch", "gjr", "egarch")
COMPILED_LAWS: tuple[Dist, ...] = ("normal", "t")
#: Sessions over which a HAR variance averages: day, week, month (Mueller et al. 1997; Corsi 2009).
HAR_LAGS = (1, 5, 22)
#: Simulated paths where a variance forecast has no closed form.
FORECAST_PATHS = 5000
#: arch's optimiser stops too early by default; where it then flags a failure its own tolerance is tried.
TOLERANCE = 1e-9
#: Attempts: tolerance, and the multiple of the reaction to shocks at which a failed fit is started again.
ATTEMPTS = ((TOLERANCE, 1.0), (None, 1.0), (None, 0.5), (None, 2.0))

#: Variance paths: steps, seed -> shape (steps,).
Forecaster = Callable[[int, int], FloatArray]


@dataclass(frozen=True, kw_only=True, eq=False)
class VarianceFit:
    """A fitted mean and variance, in the caller's units, whoever fitted it.

    Attributes
    ----------
    kind, dist, presample, engine : str
    names : tuple of str
        Mean first, then variance, then the law of errors.
    params : ndarray, shape (n,)
    loglik : float
    residual, variance : ndarray, shape (T,)
    converged : bool
    bounds : tuple of str
        Restrictions that bind, in words.
    likelihood : LikelihoodFit or None
        Scores and Hessian where the compiled likelihood fitted.
    covariances : dict
        What arch gives: ``qmle`` and ``hessian``.
    forecaster : callable
    """

    kind: ModelKind
    dist: Law
    presample: Presample
    engine: str
    names: tuple[str, ...]
    params: FloatArray
    loglik: float
    residual: FloatArray
    variance: FloatArray
    converged: bool
    bounds: tuple[str, ...]
    likelihood: LikelihoodFit | None
    covariances: dict[str, FloatArray]
    forecaster: Forecaster

    def value(self, name: str) -> float:
        """One parameter; 0 where the model does not have it."""
        return float(self.params[self.names.index(name)]) if name in self.names else 0.0

    def covariance(self, kind: CovarianceKind = "qmle") -> FloatArray:
        """Covariance of the estimates, shape (n, n); NaN where the engine has none."""
        if self.likelihood is not None:
            return self.likelihood.covariance(kind)
        missing = np.full((self.params.size, self.params.size), np.nan)
        return self.covariances.get(kind, missing)

    @property
    def shocks(self) -> FloatArray:
        """Standardised residuals, shape (T,)."""
        return np.asarray(self.residual / np.sqrt(self.variance))

    @property
    def persistence(self) -> float:
        """Share of a variance shock that is left one session later; 1 where memory is long (FIGARCH)."""
        beta = self.value("beta")
        if self.kind == "egarch":
            return beta
        if self.kind == "figarch":
            return 1.0
        if self.kind == "har":
            return sum(self.value(f"alpha[{m}]") for m in HAR_LAGS)
        if self.kind == "aparch":
            z, power = self.shocks, self.value("power")
            reaction = np.mean((np.abs(z) - self.value("gamma") * z) ** power)
            return float(self.value("alpha") * reaction + beta)
        return self.value("alpha") + 0.5 * self.value("gamma") + beta

    @property
    def reaction(self) -> float:
        """Size of the reaction to shocks, against which "none" is judged."""
        alpha, gamma = self.value("alpha"), self.value("gamma")
        if self.kind == "figarch":
            return self.value("d") + self.value("phi")
        if self.kind == "har":
            return self.persistence
        return {"gjr": alpha + 0.5 * gamma, "egarch": abs(alpha) + abs(gamma)}.get(self.kind, alpha)

    @property
    def problem(self) -> str:
        """Why the fit says nothing on volatility dynamics; empty when it does."""
        if not self.converged:
            return "the fit did not converge"
        remembers = self.kind in ("figarch", "har") or self.value("beta") >= MIN_BETA
        if self.reaction < MIN_REACTION or not remembers:
            shown = ", ".join(
                f"{n} {rounded(self.value(n))}" for n in self.names if n in ("alpha", "gamma", "beta", "d")
            )
            return f"boundary fit ({shown or f'reaction {rounded(self.reaction)}'}): no volatility dynamics identified"
        return ""


def fit_variance(
    y: FloatArray, x: FloatArray, mean_names: tuple[str, ...], *, kind: ModelKind, dist: Law,
    presample: Presample = "arch", exog: FloatArray | None = None, exog_names: tuple[str, ...] = (),
) -> VarianceFit | str:  # fmt: skip
    """Fit ``y = x b + e`` with the named variance and law of errors; the reason, when it cannot be.

    Parameters
    ----------
    y : ndarray, shape (T,)
    x : ndarray, shape (T, K)
        With the constant, if there is one; K may be 0.
    exog : ndarray, shape (T, P) or None
        Added to the variance of session t (to its logarithm for EGARCH). Only for what the compiled likelihood has.
    """
    for own in COMPILED_KINDS:
        for law in COMPILED_LAWS:
            if kind == own and dist == law:
                fit = maximum_likelihood(y, x, kind=own, dist=law, presample=presample, exog=exog)
                return fit if isinstance(fit, str) else _of_likelihood(fit, mean_names, exog_names)
    if exog is not None and exog.shape[1]:
        return (
            f"regressors of the variance exist for {', '.join(COMPILED_KINDS)} with {' or '.join(COMPILED_LAWS)} "
            f"errors, not for {kind} with {dist}"
        )
    return _by_arch(y, x, mean_names, kind, dist, presample)


def _of_likelihood(fit: LikelihoodFit, mean_names: tuple[str, ...], exog_names: tuple[str, ...]) -> VarianceFit:
    named = {f"mean[{i}]": n for i, n in enumerate(mean_names)} | {f"delta[{i}]": n for i, n in enumerate(exog_names)}
    return VarianceFit(
        kind=fit.kind, dist=fit.dist, presample=fit.presample, engine=ENGINE,
        names=tuple(named.get(n, n) for n in fit.names), params=fit.params, loglik=fit.loglik, residual=fit.residual,
        variance=fit.variance, converged=fit.converged, likelihood=fit, covariances={},
        bounds=fit.bounds + (("a residual is exactly zero (kink)",) if fit.on_kink else ()),
        forecaster=lambda steps, seed: fit.forecast(steps),
    )  # fmt: skip


def _by_arch(
    y: FloatArray, x: FloatArray, mean_names: tuple[str, ...], kind: ModelKind, dist: Law, presample: Presample
) -> VarianceFit | str:
    import arch

    coef = np.linalg.lstsq(x, y, rcond=None)[0] if x.shape[1] else np.empty(0)
    residual = y - x @ coef
    if not (np.isfinite(y).all() and np.isfinite(x).all()):
        return "the data hold values that are missing or infinite"
    scale, widths = float(np.sqrt(np.mean(residual**2))), np.sqrt((x**2).mean(axis=0))
    if not scale > NO_SPREAD * float(np.sqrt(np.mean(y**2))):
        return "the residuals do not vary"
    model = _arch_model(y / scale, x / widths, kind, dist)
    start = float(np.mean((residual / scale) ** 2)) if presample == "fcp" else None
    result = _arch_fit(model, start)
    if isinstance(result, str):
        return result
    names = (*mean_names, *_variance_names(kind), *_law_names(dist))
    values = result.params.to_numpy()
    params, jacobian = _in_units(values, len(mean_names), kind, scale, widths)
    return VarianceFit(
        kind=kind, dist=dist, presample=presample, engine=f"arch {arch.__version__}", names=names, params=params,
        loglik=float(result.loglikelihood) - y.size * math.log(scale), residual=np.asarray(result.resid) * scale,
        variance=np.asarray(result.conditional_volatility) ** 2 * scale**2,
        converged=int(result.convergence_flag) == 0 and bool(np.isfinite(values).all()),
        bounds=_arch_bounds(values[len(mean_names) :], kind), likelihood=None,
        covariances={k: jacobian @ c @ jacobian.T for k, c in _arch_covariances(model, result).items()},
        forecaster=_arch_forecaster(model, result, scale),
    )  # fmt: skip


def _arch_model(y: FloatArray, x: FloatArray, kind: ModelKind, dist: Law) -> Any:
    from arch import univariate as u

    volatilities: dict[str, Any] = {
        "garch": u.GARCH(1, 0, 1), "gjr": u.GARCH(1, 1, 1), "egarch": u.EGARCH(1, 1, 1),
        "aparch": u.APARCH(1, 1, 1), "figarch": u.FIGARCH(1, 1), "har": u.HARCH(HAR_LAGS),
    }  # fmt: skip
    laws: dict[str, Any] = {"normal": u.Normal, "t": u.StudentsT, "skewt": u.SkewStudent, "ged": u.GeneralizedError}
    volatility, law = volatilities[kind], laws[dist]()
    if x.shape[1] == 0:
        return u.ZeroMean(y, volatility=volatility, distribution=law)
    return u.LS(y, x, constant=False, volatility=volatility, distribution=law)


def _arch_fit(model: Any, backcast: float | None) -> Any:
    """The best of a few starts; the reason when all break down. A fit that did not converge is still returned."""
    from arch.utility.exceptions import ConvergenceWarning, StartingValueWarning

    best: Any = "the likelihood could not be maximised"
    begin = None
    with warnings.catch_warnings():
        # A failed fit is read off its flag and reported; the warnings would say it twice.
        for category in (ConvergenceWarning, StartingValueWarning, RuntimeWarning):
            warnings.simplefilter("ignore", category)
        for tolerance, factor in ATTEMPTS:
            try:
                values = None if begin is None else _moved(model, begin, factor)
                result = model.fit(
                    disp="off", show_warning=False, backcast=backcast, starting_values=values, tol=tolerance
                )
            except (ValueError, np.linalg.LinAlgError) as error:
                best = f"the likelihood could not be maximised ({error})" if isinstance(best, str) else best
                continue
            begin = result.params.to_numpy() if begin is None else begin
            ok = int(result.convergence_flag) == 0
            better = isinstance(best, str) or (ok and int(best.convergence_flag) != 0)
            best = result if better else best
            if ok:
                break
    return best


def _moved(model: Any, params: FloatArray, factor: float) -> FloatArray:
    """Starting values with another reaction to shocks, everything else as it was."""
    moved = params.copy()
    first = model.num_params
    moved[first + 1] *= factor
    return moved


def _variance_names(kind: ModelKind) -> tuple[str, ...]:
    return {
        "garch": ("omega", "alpha", "beta"),
        "gjr": ("omega", "alpha", "gamma", "beta"),
        "egarch": ("omega", "alpha", "gamma", "beta"),
        "aparch": ("omega", "alpha", "gamma", "beta", "power"),
        "figarch": ("omega", "phi", "d", "beta"),
        "har": ("omega", *(f"alpha[{m}]" for m in HAR_LAGS)),
    }[kind]


def _law_names(dist: Law) -> tuple[str, ...]:
    return {"normal": (), "t": ("nu",), "skewt": ("eta", "lambda"), "ged": ("nu",)}[dist]


def _in_units(
    values: FloatArray, k: int, kind: ModelKind, scale: float, widths: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Parameters in the caller's units, and their derivative by the scaled ones."""
    params, jacobian = values.copy(), np.eye(values.size)
    jacobian[:k, :k] = np.diag(scale / widths)
    params[:k] *= scale / widths
    if kind == "egarch":
        # ln h = ln h_scaled + 2 ln scale.
        params[k] += (1.0 - values[k + 3]) * 2.0 * math.log(scale)
        jacobian[k, k + 3] = -2.0 * math.log(scale)
    elif kind == "aparch":
        power = values[k + 4]
        params[k] *= scale**power
        jacobian[k, k], jacobian[k, k + 4] = scale**power, params[k] * math.log(scale)
    else:
        params[k] *= scale**2
        jacobian[k, k] = scale**2
    return params, jacobian


def _arch_covariances(model: Any, result: Any) -> dict[str, FloatArray]:
    """Robust and classic; none where arch cannot invert."""
    found = {}
    for key, robust in (("qmle", True), ("hessian", False)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                found[key] = np.asarray(model.compute_param_cov(result.params.to_numpy(), robust=robust))
        except np.linalg.LinAlgError:
            continue
    return found


def _arch_bounds(values: FloatArray, kind: ModelKind) -> tuple[str, ...]:
    """Coefficients of the variance at zero, where zero is a bound."""
    free = {"gjr": ("alpha", "gamma"), "egarch": ("omega", "alpha", "gamma"), "aparch": ("gamma",)}.get(kind, ())
    named = zip(_variance_names(kind), values, strict=False)
    return tuple(f"{n} = 0" for n, v in named if n not in free and n != "power" and abs(v) < 1e-6)


def _arch_forecaster(model: Any, result: Any, scale: float) -> Forecaster:
    """Variances after the sample: in closed form where arch has one, else over simulated paths of its own shocks."""

    def forecast(steps: int, seed: int) -> FloatArray:
        volatility, values = model.volatility, result.params.to_numpy()[model.num_params :]
        residual = np.asarray(result.resid)
        shocks = residual / np.asarray(result.conditional_volatility)
        generator = np.random.default_rng(seed)
        closed = volatility.__class__.__name__ in ("GARCH", "FIGARCH", "HARCH") or steps == 1
        found = volatility.forecast(
            values[: volatility.num_params], residual, volatility.backcast(residual),
            volatility.variance_bounds(residual), start=residual.size - 1, horizon=steps,
            method="analytic" if closed else "simulation", simulations=FORECAST_PATHS,
            rng=None if closed else lambda size: generator.choice(shocks, size=size),
        )  # fmt: skip
        return np.asarray(found.forecasts[-1] * scale**2, dtype=np.float64)

    return forecast
