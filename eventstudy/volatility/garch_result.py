"""A fitted GARCH model: parameters, whether they mean anything, what they leave in the residuals, what comes next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from eventstudy._typing import FloatArray
from eventstudy.engines.base import MAX_PERSISTENCE
from eventstudy.engines.general import VarianceFit
from eventstudy.engines.likelihood import CovarianceKind
from eventstudy.errors import InputError
from eventstudy.kernels.garch import MEAN_ABS
from eventstudy.volatility.diagnostics import diagnose
from eventstudy.volatility.diurnal import Diurnal

LABELS = {
    "garch": "GARCH(1,1)", "gjr": "GJR-GARCH(1,1)", "egarch": "EGARCH(1,1)", "aparch": "APARCH(1,1)",
    "figarch": "FIGARCH(1,d,1)", "har": "HAR variance (1, 5, 22)",
}  # fmt: skip
LAW_LABELS = {"normal": "normal", "t": "Student t", "skewt": "skewed t", "ged": "generalised error"}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class GarchResult:
    """A fitted model; everything in the units of the series that was given.

    Of bars the pattern of the day (`diurnal`) was taken out first. Residuals, variance and log-likelihood are those of
    the bars as they were given: multiplied by the pattern again. Parameters of the variance, its long-run level,
    forecasts and news impact are those of a bar of mean scale; times the square of its scale (`diurnal.to_frame()`) a
    variance is that of a bar of a given clock time.

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
    diurnal : Diurnal or None
        The pattern of the day that was taken out of bars; None for one price a day, or a series taken as it is. `fit`
        itself is of the bars without it.
    """

    fit: VarianceFit
    index: pd.Index
    dropped: int
    mean: str
    covariance: CovarianceKind
    diurnal: Diurnal | None = None

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
        """Log-likelihood; of bars that of the bars as given, their pattern taken as known."""
        return self.fit.loglik - (0.0 if self.diurnal is None else float(np.log(self.diurnal.scale).sum()))

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
        scale = 1.0 if self.diurnal is None else self.diurnal.scale**2
        return pd.Series(self.fit.variance * scale, index=self.index, name="variance")

    @property
    def residuals(self) -> pd.Series:
        """Residuals of the mean."""
        scale = 1.0 if self.diurnal is None else self.diurnal.scale
        return pd.Series(self.fit.residual * scale, index=self.index, name="residual")

    @property
    def standardised(self) -> pd.Series:
        """Residuals over their conditional standard deviation."""
        return pd.Series(self.fit.shocks, index=self.index, name="z")

    def diagnostics(self, *, lags: int = 10, arch_lags: int = 5) -> pd.DataFrame:
        """Tests of the standardised residuals and their squares; see `diagnose`."""
        return diagnose(self.fit.shocks, lags=lags, arch_lags=arch_lags)

    def forecast(self, steps: int, *, seed: int = 0) -> FloatArray:
        """Expected variance of the next sessions, shape (steps,); of bars of mean scale.

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
            *([] if self.diurnal is None else [self.diurnal.words]),
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
