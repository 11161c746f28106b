"""A GARCH model of one series, in the caller's units: parameters, whether they mean anything, and what they leave."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import stats

from eventstudy._typing import FloatArray
from eventstudy.engines.base import MAX_PERSISTENCE
from eventstudy.engines.general import Law, ModelKind, VarianceFit, fit_variance
from eventstudy.engines.likelihood import CovarianceKind, Presample
from eventstudy.errors import InputError, NothingUsableError
from eventstudy.kernels.garch import MEAN_ABS
from eventstudy.volatility.diagnostics import diagnose

Mean = Literal["constant", "zero", "ar"]
Criterion = Literal["bic", "aic"]
Factors = pd.Series | pd.DataFrame | FloatArray

#: Fewest sessions for a likelihood; a study wants 500 (METHODS: at 250 a quarter of the fits degenerates).
FEWEST = 100
LABELS = {
    "garch": "GARCH(1,1)", "gjr": "GJR-GARCH(1,1)", "egarch": "EGARCH(1,1)", "aparch": "APARCH(1,1)",
    "figarch": "FIGARCH(1,d,1)", "har": "HAR variance (1, 5, 22)",
}  # fmt: skip
LAW_LABELS = {"normal": "normal", "t": "Student t", "skewt": "skewed t", "ged": "generalised error"}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class GarchResult:
    """A fitted model; everything in the units of the series that was given.

    Attributes
    ----------
    fit : VarianceFit
    index : Index
        Labels of the sessions that entered.
    dropped : int
        Sessions left out because a value was missing.
    mean : str
        The mean in words.
    covariance : {"qmle", "hessian", "opg"}
        Which covariance the standard errors use.
    """

    fit: VarianceFit
    index: pd.Index
    dropped: int
    mean: str
    covariance: CovarianceKind

    @property
    def label(self) -> str:
        """The model in words."""
        return f"{LABELS[self.fit.kind]}, {LAW_LABELS[self.fit.dist]} errors, {self.mean}"

    @property
    def params(self) -> pd.Series:
        """Estimates by name."""
        return pd.Series(self.fit.params, index=list(self.fit.names), name="estimate")

    @property
    def se(self) -> pd.Series:
        """Standard errors by name; 0 on a bound, NaN where the covariance does not exist."""
        variances = np.diag(self.cov)
        known = np.where(variances >= 0.0, variances, np.nan)
        return pd.Series(np.sqrt(known), index=list(self.fit.names), name="se")

    @property
    def cov(self) -> pd.DataFrame:
        """Covariance of the estimates."""
        names = list(self.fit.names)
        return pd.DataFrame(self.fit.covariance(self.covariance), index=names, columns=names)

    @property
    def n(self) -> int:
        """Sessions that entered."""
        return int(self.fit.residual.size)

    @property
    def loglik(self) -> float:
        """Log-likelihood."""
        return self.fit.loglik

    @property
    def aic(self) -> float:
        """Akaike's criterion, smaller is better."""
        return 2.0 * self.fit.params.size - 2.0 * self.loglik

    @property
    def bic(self) -> float:
        """Schwarz's criterion, smaller is better."""
        return math.log(self.n) * self.fit.params.size - 2.0 * self.loglik

    @property
    def converged(self) -> bool:
        """Whether the optimiser reached a maximum."""
        return self.fit.converged

    @property
    def problem(self) -> str:
        """Why the fit must not be used as volatility dynamics; empty when it may."""
        return self.fit.problem

    @property
    def persistence(self) -> float:
        """Share of a variance shock left one session later; NaN when the fit did not converge."""
        return self.fit.persistence if self.converged else math.nan

    @property
    def half_life(self) -> float:
        """Sessions until half of a variance shock is gone; NaN without dynamics, at persistence 1, for long memory."""
        if self.problem or self.fit.kind in ("figarch", "har") or not 0.0 < self.persistence < MAX_PERSISTENCE:
            return math.nan
        return math.log(0.5) / math.log(self.persistence)

    @property
    def unconditional_variance(self) -> float:
        """Long-run variance of GARCH, GJR and HAR; ``exp(omega / (1 - beta))`` of EGARCH; else NaN."""
        gap = 1.0 - self.persistence
        if self.problem or not gap > 1.0 - MAX_PERSISTENCE or self.fit.kind in ("aparch", "figarch"):
            return math.nan
        level = self.fit.value("omega") / gap
        return math.exp(level) if self.fit.kind == "egarch" else level

    @property
    def variance(self) -> pd.Series:
        """Conditional variance of each session."""
        return pd.Series(self.fit.variance, index=self.index, name="variance")

    @property
    def residuals(self) -> pd.Series:
        """Residuals of the mean."""
        return pd.Series(self.fit.residual, index=self.index, name="residual")

    @property
    def standardised(self) -> pd.Series:
        """Residuals over their conditional standard deviation."""
        return pd.Series(self.fit.shocks, index=self.index, name="z")

    def diagnostics(self, *, lags: int = 10, arch_lags: int = 5) -> pd.DataFrame:
        """Tests of the standardised residuals and their squares; see `diagnose`."""
        return diagnose(self.fit.shocks, lags=lags, arch_lags=arch_lags)

    def forecast(self, steps: int, *, seed: int = 0) -> FloatArray:
        """Expected variance of the next sessions, shape (steps,).

        In closed form but for APARCH beyond one step, which is simulated with the model's own shocks from `seed`.

        Raises
        ------
        InputError
            When the fit did not converge: it is not used in silence.
        """
        self._refuse_failed("forecast")
        if steps < 1:
            raise InputError(f"steps = {steps}: needs at least 1")
        return self.fit.forecaster(steps, seed)

    def news_impact(self, shocks: Sequence[float] | FloatArray) -> pd.Series:
        """Next session's variance after each shock, the variance before it at its long-run level (Engle & Ng 1993).

        Parameters
        ----------
        shocks : array_like
            Residuals, in the units of the series.

        Raises
        ------
        InputError
            For FIGARCH and HAR, whose next variance needs many past shocks, and where there is no long-run level.
        """
        self._refuse_failed("news impact")
        e, fit = np.asarray(shocks, dtype=np.float64), self.fit
        omega, alpha, gamma, beta = (fit.value(n) for n in ("omega", "alpha", "gamma", "beta"))
        level = self.unconditional_variance
        if fit.kind == "aparch" and self.persistence < MAX_PERSISTENCE:
            power = fit.value("power")
            level = (omega / (1.0 - self.persistence)) ** (2.0 / power)
            raised = omega + alpha * (np.abs(e) - gamma * e) ** power + beta * level ** (power / 2.0)
            impact = raised ** (2.0 / power)
        elif fit.kind in ("figarch", "har") or not math.isfinite(level):
            raise InputError(f"{self.label}: no news impact, the variance has no long-run level or more than one shock")
        elif fit.kind == "egarch":
            z = e / math.sqrt(level)
            impact = np.exp(omega + beta * math.log(level) + alpha * (np.abs(z) - MEAN_ABS) + gamma * z)
        else:
            impact = omega + beta * level + (alpha + gamma * (e < 0.0)) * e**2
        return pd.Series(impact, index=pd.Index(e, name="shock"), name="variance")

    def to_frame(self) -> pd.DataFrame:
        """One row a parameter: estimate, se, z, p (two-sided, normal)."""
        frame = pd.DataFrame({"estimate": self.params, "se": self.se})
        frame["z"] = frame["estimate"] / frame["se"].where(frame["se"] > 0.0)
        frame["p"] = 2.0 * stats.norm.sf(frame["z"].abs())
        return frame

    def summary(self) -> str:
        """The fit on one screen: whether it may be used, parameters, persistence, what is left in the residuals."""
        fit = self.fit
        state = self.problem or ("converged" + (f"; on a bound: {', '.join(fit.bounds)}" if fit.bounds else ""))
        head = [
            self.label,
            f"{self.n} sessions" + (f" ({self.dropped} left out, a value is missing)" if self.dropped else ""),
            f"engine {fit.engine}, presample {fit.presample}, standard errors {self.covariance}",
            state,
            f"log-likelihood {self.loglik:.6g}   AIC {self.aic:.6g}   BIC {self.bic:.6g}",
            f"persistence {self.persistence:.4f}   half-life {_sessions(self.half_life)}",
        ]
        tables = [t.to_string(float_format=lambda v: f"{v:.4g}") for t in (self.to_frame(), self.diagnostics())]
        return "\n".join([*head, "", tables[0], "", tables[1]])

    def __repr__(self) -> str:
        return f"GarchResult({self.label}; {self.problem or 'converged'}; log-likelihood {self.loglik:.6g})"

    def _refuse_failed(self, what: str) -> None:
        if not self.converged:
            raise InputError(f"{self.label}: {self.problem}; no {what} of a failed fit")


def _sessions(half_life: float) -> str:
    return f"{half_life:.1f} sessions" if math.isfinite(half_life) else "not defined"


def fit_garch(
    returns: pd.Series | FloatArray, factors: Factors | None = None, *, kind: ModelKind = "gjr", dist: Law = "t",
    mean: Mean = "constant", lags: int = 1, presample: Presample = "arch", variance_regressors: Factors | None = None,
    covariance: CovarianceKind = "qmle",
) -> GarchResult:  # fmt: skip
    """Fit a conditional variance, with its mean, by maximum likelihood.

    Parameters
    ----------
    returns : Series or ndarray, shape (T,)
        In any unit; every number of the result is in it. Sessions with a missing value are left out.
    factors : Series, DataFrame or ndarray, shape (T,) or (T, K), optional
        Market or factor returns of the same sessions: regressors of the mean.
    kind : {"gjr", "garch", "egarch", "aparch", "figarch", "har"}
        ``har`` is a variance on squared returns of the day, week and month before.
    dist : {"t", "normal", "skewt", "ged"}
    mean : {"constant", "zero", "ar"}
        ``ar``: a constant and `lags` own lags. Factors come on top of each.
    presample : {"arch", "fcp"}
        What stands for the squared residual and variance before the sample; it changes the digits. ``arch``: arch's
        exponentially weighted backcast; ``fcp``: the mean squared residual (Fiorentini, Calzolari & Panattoni 1996),
        at the current mean where our likelihood fits, at the least squares mean where arch does.
    variance_regressors : Series, DataFrame or ndarray, optional
        Added to the variance of the session (to its logarithm for EGARCH), such as an event dummy. For garch, gjr and
        egarch with normal or t errors.
    covariance : {"qmle", "hessian", "opg"}
        ``qmle`` is robust to the law of the errors (Bollerslev & Wooldridge 1992). ``opg`` only where our likelihood
        fits: garch, gjr, egarch with normal or t errors; the others go through arch.

    Returns
    -------
    GarchResult
        Look at its `problem` first: a fit that did not converge or found no dynamics says so there.

    Raises
    ------
    InputError
        On names that do not exist, lengths that do not match, fewer than 100 sessions, or series that do not vary.

    Examples
    --------
    >>> z = np.random.default_rng(3).standard_normal(800)
    >>> r = np.empty(800); h = 1.0
    >>> for t in range(800):
    ...     r[t] = z[t] * h**0.5
    ...     h = 0.05 + 0.10 * r[t] ** 2 + 0.85 * h
    >>> fit = fit_garch(r, kind="garch", dist="normal")
    >>> fit.problem, bool(0.8 < fit.persistence < 1.0)
    ('', True)
    """
    for name, value, allowed in (
        ("kind", kind, get_args(ModelKind)), ("dist", dist, get_args(Law)), ("mean", mean, get_args(Mean)),
        ("presample", presample, get_args(Presample)), ("covariance", covariance, get_args(CovarianceKind)),
    ):  # fmt: skip
        if value not in allowed:
            raise InputError(f"{name} {value!r}: allowed are {', '.join(allowed)}")
    if mean == "ar" and lags < 1:
        raise InputError(f"lags = {lags}: an AR mean needs at least 1")
    data, x_names, d_names = _design(returns, factors, variance_regressors, mean, lags)
    known = data.notna().all(axis=1)
    data, dropped = data[known], int((~known).sum())
    if len(data) < FEWEST:
        raise InputError(f"{len(data)} sessions without a missing value; a GARCH needs at least {FEWEST}")
    values = data.to_numpy(dtype=np.float64)
    k = 1 + len(x_names)
    fit = fit_variance(
        values[:, 0], values[:, 1:k], x_names, kind=kind, dist=dist, presample=presample, exog=values[:, k:],
        exog_names=d_names,
    )  # fmt: skip
    if isinstance(fit, str):
        raise InputError(f"{LABELS[kind]}: {fit}")
    words = {"constant": "constant mean", "zero": "mean zero", "ar": f"AR({lags}) mean"}[mean]
    own = [n for n in x_names if n != "const" and not n.startswith("y[")]
    words += f" with {', '.join(own)}" if own else ""
    return GarchResult(fit=fit, index=data.index, dropped=dropped, mean=words, covariance=covariance)


def _design(
    returns: pd.Series | FloatArray, factors: Factors | None, variance: Factors | None, mean: Mean, lags: int
) -> tuple[pd.DataFrame, tuple[str, ...], tuple[str, ...]]:
    """Response, regressors of the mean, regressors of the variance side by side; names of the latter two."""
    y = pd.Series(returns).astype(np.float64).rename("y")
    columns: dict[str, pd.Series] = {}
    if mean != "zero":
        columns["const"] = pd.Series(1.0, index=y.index)
    if mean == "ar":
        columns |= {f"y[{j}]": y.shift(j) for j in range(1, lags + 1)}
        # The first sessions have no past: they are not missing, the sample starts after them.
        y = y.iloc[lags:]
        columns = {n: c.iloc[lags:] for n, c in columns.items()}
    x, d = (_columns(f, returns, y.index, letter) for f, letter in ((factors, "x"), (variance, "d")))
    columns |= x
    both = pd.concat([y, *(c.rename(n) for n, c in (columns | d).items())], axis=1)
    return both, tuple(columns), tuple(d)


def _columns(
    given: Factors | None, returns: pd.Series | FloatArray, index: pd.Index, letter: str
) -> dict[str, pd.Series]:
    """Regressors by name, on the sessions of the response."""
    if given is None:
        return {}
    if isinstance(given, np.ndarray):
        if given.shape[0] != len(returns):
            raise InputError(f"regressors have {given.shape[0]} rows, the returns {len(returns)}")
        wide = given.reshape(given.shape[0], -1)
        labels = pd.Series(returns).index
        return {f"{letter}[{j}]": pd.Series(wide[:, j], index=labels).reindex(index) for j in range(wide.shape[1])}
    frame = given.to_frame(name=str(given.name or letter)) if isinstance(given, pd.Series) else given
    reserved = {"y", "const", "omega", "alpha", "gamma", "beta", "nu"} & {str(c) for c in frame.columns}
    if reserved:
        raise InputError(f"regressors named {', '.join(sorted(reserved))}: these names are parameters, choose others")
    return {str(c): frame[c].astype(np.float64).reindex(index) for c in frame.columns}


@dataclass(frozen=True, kw_only=True, eq=False)
class GarchChoice:
    """Models of one series, side by side.

    Attributes
    ----------
    table : DataFrame
        One row a model, best first: kind, dist, parameters, loglik, aic, bic, persistence, half_life, problem. Models
        with a problem come last and are never chosen.
    best : GarchResult
    criterion : str
    """

    table: pd.DataFrame
    best: GarchResult
    criterion: Criterion


def choose_garch(
    returns: pd.Series | FloatArray, factors: Factors | None = None, *,
    kinds: Sequence[ModelKind] = ("garch", "gjr", "egarch"), dists: Sequence[Law] = ("normal", "t"),
    mean: Mean = "constant", lags: int = 1, presample: Presample = "arch", criterion: Criterion = "bic",
) -> GarchChoice:  # fmt: skip
    """Fit every combination on the same sessions and choose by an information criterion.

    Parameters
    ----------
    returns, factors, mean, lags, presample
        As in `fit_garch`.
    kinds, dists : sequence of str
    criterion : {"bic", "aic"}

    Returns
    -------
    GarchChoice

    Raises
    ------
    NothingUsableError
        When no model converged with volatility dynamics.
    """
    if criterion not in get_args(Criterion):
        raise InputError(f"criterion {criterion!r}: allowed are bic, aic")
    fits = [
        fit_garch(returns, factors, kind=kind, dist=dist, mean=mean, lags=lags, presample=presample)
        for kind in kinds
        for dist in dists
    ]
    if not fits:
        raise InputError("no kinds or no dists to choose from")
    rows = [
        {
            "kind": f.fit.kind, "dist": f.fit.dist, "parameters": f.fit.params.size, "loglik": f.loglik,
            "aic": f.aic, "bic": f.bic, "persistence": f.persistence, "half_life": f.half_life, "problem": f.problem,
        }
        for f in fits
    ]  # fmt: skip
    order = sorted(range(len(fits)), key=lambda i: (bool(fits[i].problem), getattr(fits[i], criterion)))
    best = fits[order[0]]
    if best.problem:
        reasons = "; ".join(f"{f.label}: {f.problem}" for f in fits)
        raise NothingUsableError(f"no model identifies volatility dynamics. {reasons}")
    return GarchChoice(table=pd.DataFrame(rows).iloc[order].reset_index(drop=True), best=best, criterion=criterion)
