"""The variance that was to be expected: fitted before the gap, filtered to the session before a window."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Literal, get_args

import numpy as np

from eventstudy._typing import DateArray, FloatArray, IntArray
from eventstudy.domain.align import ResponseSeries
from eventstudy.domain.windows import EventWindow, Offsets
from eventstudy.engines.arch_engine import ArchEngine
from eventstudy.engines.base import Dist, Engine, GarchFit, Kind, Law
from eventstudy.engines.compiled import CompiledEngine
from eventstudy.errors import InputError
from eventstudy.kernels.garch import (
    EgarchParams,
    GarchParams,
    Params,
    filter_variance,
    forecast_log_variance,
    forecast_variance,
    simulate,
)
from eventstudy.kernels.hour_scale import FEWEST
from eventstudy.models.base import MODELS, ExpectedReturn
from eventstudy.volatility.residuals import MIN_CONSTANT, Hours, Residuals, residuals_around

Method = Literal["garch", "gjr", "egarch", "ewma", "constant"]

#: Where a variance forecast starts: the session before day 0, or the end of the fitting sample.
Origin = Literal["event", "gap"]

#: What a law is called where its key says too little.
LAW_WORDS = {"skewt": "skewed t", "ged": "generalised error"}

#: RiskMetrics decay for daily data, used where a sample is too short for a GARCH fit.
EWMA_DECAY = 0.94


@dataclass(frozen=True)
class GarchResponse:
    """How volatility is measured.

    Attributes
    ----------
    kind : {"gjr", "garch", "egarch"}
    dist : {"t", "normal", "skewt", "ged"}
        The last two with an `ArchEngine`. Paths are drawn from the model's own shocks, whatever the law.
    sessions : int
        Longest sample, in sessions that end before the gap.
    min_sessions : int
        With fewer, no GARCH is fitted: EWMA and constant variance take over, and the result says so.
    draws : int
        Simulated paths.
    engine : Engine
        `ArchEngine` or `CompiledEngine`.
    origin : {"event", "gap"}
        The variance is forecast from the session before day 0, or from the end of the fitting sample, before the gap:
        what leaked in the gap then counts as abnormal. The other one stands beside it in every result.
    joint : bool
        Estimate the mean's coefficients together with the variance, instead of first by the study's own model: for
        models that are least squares on a constant and benchmarks, with a `CompiledEngine`.
    """

    kind: Kind = "gjr"
    _: KW_ONLY
    dist: Law = "t"
    sessions: int = 1000
    min_sessions: int = 500
    draws: int = 1999
    engine: Engine = field(default_factory=ArchEngine)
    origin: Origin = "event"
    joint: bool = False

    def __post_init__(self) -> None:
        if self.origin not in ("event", "gap"):
            raise InputError(f"volatility origin {self.origin!r}: allowed are event and gap")
        if self.kind not in get_args(Kind) or self.dist not in get_args(Law):
            raise InputError(
                f"volatility {self.kind!r}, {self.dist!r}: allowed are gjr, garch or egarch; t, normal, skewt or ged; "
                "other kinds of fit_garch have no recursion that a path can be simulated and refiltered with here"
            )
        if self.dist not in get_args(Dist) and isinstance(self.engine, CompiledEngine):
            raise InputError(
                f"volatility {self.dist!r}: the compiled engine has t and normal; take engine=ArchEngine()"
            )
        if self.joint and not isinstance(self.engine, CompiledEngine):
            raise InputError("joint estimation of mean and variance needs engine=CompiledEngine()")
        if not MIN_CONSTANT <= self.min_sessions <= self.sessions:
            raise InputError(
                f"volatility sample: min_sessions {self.min_sessions} must lie between {MIN_CONSTANT} and "
                f"sessions {self.sessions}"
            )
        if self.draws < 199:
            raise InputError(f"draws = {self.draws}: needs at least 199 paths for a 5% test")


@dataclass(frozen=True, kw_only=True, eq=False)
class VarianceModel:
    """Conditional variance of one pair's residuals, known up to the end of the data.

    Attributes
    ----------
    method : str
        ``garch``, ``gjr``, ``egarch``, or the fallback ``ewma`` or ``constant``.
    problem : str
        Why a fallback was taken; empty when the fit holds.
    fit : GarchFit or None
    params : GarchParams or EgarchParams
        Coefficients in use.
    residual : ndarray, shape (S,)
        Residuals of the mean model on the valid sessions, in the pair's unit; of bars, as all that follows, over the
        scale of their clock time, see `hours`.
    offsets : ndarray, shape (S,)
        Their sessions relative to day 0.
    dates : ndarray of datetime64[D], shape (S,)
    n_fit : int
        Sessions used for fitting, the first of `residual`.
    variance : ndarray, shape (S + 1,)
        Conditional variance of each session given the sessions before it.
    shocks : ndarray, shape (n_fit,)
        Standardised residuals of the fitting sample, rescaled to mean square 1.
    clock : ndarray, shape (S,), or None
        Of intraday bars what makes them comparable, see `clock_of`.
    hours : Hours or None
        Of intraday bars what a bar of each clock time varies beside the mean of all. A sum of responses is in the
        pair's unit once each path is multiplied by it (`in_unit`).
    """

    method: Method
    problem: str
    fit: GarchFit | None
    params: Params
    residual: FloatArray
    offsets: IntArray
    dates: DateArray
    n_fit: int
    variance: FloatArray
    shocks: FloatArray
    clock: IntArray | None = None
    hours: Hours | None = None

    @property
    def label(self) -> str:
        """The method in words."""
        words = {
            "gjr": "GJR-GARCH(1,1)",
            "garch": "GARCH(1,1)",
            "egarch": "EGARCH(1,1)",
            "ewma": f"EWMA (decay {EWMA_DECAY})",
            "constant": "constant variance",
        }[self.method]
        words += (
            f", {LAW_WORDS.get(self.fit.dist, self.fit.dist)} errors"
            if self.fit is not None and not self.problem
            else ""
        )
        if self.hours is None or (self.hours.scale == 1.0).all():
            return words
        rare = f", {self.hours.left_out} bars of rare ones left out" if self.hours.left_out else ""
        return f"{words}, bars in the scale of their clock time{rare}"

    @property
    def linear(self) -> GarchParams:
        """The coefficients, where the variance follows a recursion that can be run backwards; else `InputError`."""
        if isinstance(self.params, GarchParams):
            return self.params
        raise InputError(f"{self.label}: a search of dates runs the variance backwards too; take kind gjr or garch")

    @property
    def half_life(self) -> float:
        """Sessions until half of a variance shock is gone; NaN without identified dynamics."""
        return self.fit.half_life if self.fit is not None and not self.problem else math.nan

    def row_of(self, offset: int) -> int:
        """First row at or after the session `offset`."""
        return int(np.searchsorted(self.offsets, offset))

    def forecast(self, origin: int, steps: int) -> FloatArray:
        """Expected variance of the `steps` sessions from `origin` on, known the session before; shape (steps,)."""
        return self.ahead(self.variance[self.row_of(origin)], steps)

    def ahead(self, h: FloatArray, steps: int) -> FloatArray:
        """Expected variance of `steps` sessions, the first known to be `h`; shape (steps, *h.shape)."""
        if isinstance(self.params, EgarchParams):
            return forecast_log_variance(self.params, h, steps, self.shocks)
        return forecast_variance(self.params, h, steps)

    def paths(self, origin: int, steps: int, draws: int, rng: np.random.Generator) -> FloatArray:
        """Filtered historical simulation from the session before `origin`; shape (steps, draws).

        Barone-Adesi, Giannopoulos & Vosper (1999), J. Futures Markets 19:583-602: the model's own shocks,
        drawn with replacement, through the variance recursion.
        """
        z = rng.choice(self.shocks, size=(steps, draws))
        return simulate(self.params, np.asarray(self.variance[self.row_of(origin)]), z)

    def in_unit(self, paths: FloatArray, first: int) -> FloatArray:
        """Paths of the sessions from `first` on, (steps, draws), in the pair's unit; NaN where no scale is known."""
        if self.hours is None:
            return paths
        return np.asarray(paths * self.hours.at(first + np.arange(paths.shape[0]))[:, None])

    def unknown(self, window: Offsets) -> str:
        """Why a sum over `window` has no law here: a bar of it has no scale; empty where all have one."""
        if self.hours is None:
            return ""
        missing = int(np.isnan(self.hours.at(np.arange(window[0], window[1] + 1))).sum())
        if not missing:
            return ""
        return (
            f"{missing} bars of [{window[0]},{window[1]}] close at a clock time that comes fewer than {FEWEST} times "
            "in the sample of the variance: their scale is not known; take a longer sample, or another window"
        )

    def drawn_params(self, draws: int, rng: np.random.Generator) -> Params | None:
        """Coefficients drawn from their estimated covariance, shape (draws,) each; None without a usable one."""
        return _draw(self.fit, draws, rng) if self.fit is not None and not self.problem else None

    def uncertain_paths(self, origin: int, steps: int, draws: int, rng: np.random.Generator) -> FloatArray:
        """As `paths`, with the coefficients drawn from their estimated covariance; shape (steps, draws)."""
        z = rng.choice(self.shocks, size=(steps, draws))
        drawn = self.drawn_params(draws, rng)
        if drawn is None:
            return simulate(self.params, np.asarray(self.variance[self.row_of(origin)]), z)
        row = self.row_of(origin)
        start = np.full(draws, self.variance[0])
        return simulate(drawn, filter_variance(drawn, self.residual[:row], start)[-1], z)


def _draw(fit: GarchFit, draws: int, rng: np.random.Generator) -> Params | None:
    """Admissible coefficient draws, each array of shape (draws,); None without a usable covariance."""
    p = fit.params
    centre = np.array([float(p.omega), float(p.alpha), float(p.gamma), float(p.beta)])
    if not np.isfinite(fit.covariance).all():
        return None
    values, vectors = np.linalg.eigh(fit.covariance)
    root = vectors * np.sqrt(np.clip(values, 0.0, None))
    # Twenty times as many as needed: near a bound most draws are inadmissible.
    candidates = centre + rng.standard_normal((20 * draws, 4)) @ root.T
    omega, alpha, gamma, beta = candidates.T
    if fit.kind == "egarch":
        admissible = np.abs(beta) < 1
    else:
        admissible = (omega > 0) & (alpha >= 0) & (alpha + gamma >= 0) & (beta >= 0) & (alpha + gamma / 2 + beta < 1)
    chosen = candidates[admissible][:draws]
    if chosen.shape[0] == 0:
        return None
    filled = np.resize(chosen, (draws, 4))
    columns = (filled[:, i] for i in range(4))
    return EgarchParams(*columns) if fit.kind == "egarch" else GarchParams(*columns)


def variance_model(
    series: ResponseSeries, position: int, model: ExpectedReturn, window: EventWindow, spec: GarchResponse
) -> VarianceModel | str:
    """Fit the variance of one pair on its own sample, which ends where the estimation window ends.

    Parameters
    ----------
    series : ResponseSeries
    position : int
        Row of day 0.
    model : ExpectedReturn
        Mean model, refitted on the volatility sample.

    Returns
    -------
    VarianceModel or str
        The reason, when fewer than 60 sessions are there or the residuals do not vary.
    """
    end = window.estimation[1]
    found = residuals_around(series, position, model, (end - spec.sessions + 1, end), window.event[1])
    if isinstance(found, str):
        return found
    measured: VarianceModel | str
    if not spec.joint or found.n_fit < spec.min_sessions:
        measured = model_of_residuals(found.residual, found.offsets, found.dates, found.n_fit, spec)
    else:
        measured = _joint_model(found, spec)
    if isinstance(measured, str) or found.clock is None:
        return measured
    return replace(measured, clock=found.clock, hours=found.hours)


def _joint_model(found: Residuals, spec: GarchResponse) -> VarianceModel | str:
    """Mean and variance together, on the valid sessions of the fitting sample."""
    sample, fitted, known, n_fit = found.sample, found.fitted, found.known, found.n_fit
    x = fitted.design[0][known]
    linear = fitted.spec.key in MODELS and MODELS[fitted.spec.key].facts.get("residuals") == "linear in R"
    if not linear or x.shape[1] != fitted.params.shape[1]:
        return f"{fitted.spec.label} is not least squares on a constant and benchmarks: no joint likelihood"
    assert isinstance(spec.engine, CompiledEngine)
    # What the model takes as known, such as a riskless rate, is no part of the regression.
    given = fitted.expected[0][known] - x @ fitted.params[0]
    y = sample.response[0][known] - given
    if found.hours is not None:
        scale = found.hours.scale[known]
        x, y = x / scale[:, None], y / scale
    both = spec.engine.fit_with_mean(y[:n_fit], x[:n_fit], kind=spec.kind, dist=spec.dist)
    if isinstance(both, str):
        return both
    fit, coef = both
    return _of_fit(y - x @ coef, sample.offsets[known], sample.dates[0][known], n_fit, fit)


def model_of_residuals(
    residual: FloatArray, offsets: IntArray, dates: DateArray, n_fit: int, spec: GarchResponse
) -> VarianceModel:
    """Fit the variance of residuals whose first `n_fit` entries lie before the gap, and filter through the rest."""
    if n_fit >= spec.min_sessions:
        fit = spec.engine.fit(residual[:n_fit], kind=spec.kind, dist=spec.dist)
        return _of_fit(residual, offsets, dates, n_fit, fit)
    level, zero = float(np.mean(residual[:n_fit] ** 2)), np.asarray(0.0)
    params = GarchParams(zero, np.asarray(1.0 - EWMA_DECAY), zero, np.asarray(EWMA_DECAY))
    problem = f"{n_fit} sessions before the gap, a GARCH needs {spec.min_sessions}: EWMA and constant variance"
    return _filtered(residual, offsets, dates, n_fit, "ewma", problem, None, params, level)


def _of_fit(residual: FloatArray, offsets: IntArray, dates: DateArray, n_fit: int, fit: GarchFit) -> VarianceModel:
    """The fit where it identified dynamics, else the constant variance of its sample."""
    if not fit.problem:
        return _filtered(residual, offsets, dates, n_fit, fit.kind, "", fit, fit.params, fit.first_variance)
    level, zero = float(np.mean(residual[:n_fit] ** 2)), np.asarray(0.0)
    constant = GarchParams(np.asarray(level), zero, zero, zero)
    problem = f"{fit.problem}; constant variance is used"
    return _filtered(residual, offsets, dates, n_fit, "constant", problem, fit, constant, level)


def _filtered(
    residual: FloatArray, offsets: IntArray, dates: DateArray, n_fit: int, method: Method, problem: str,
    fit: GarchFit | None, params: Params, first: float,
) -> VarianceModel:  # fmt: skip
    variance = filter_variance(params, residual, np.array([first]))[:, 0]
    z = residual[:n_fit] / np.sqrt(variance[:n_fit])
    return VarianceModel(
        method=method, problem=problem, fit=fit, params=params, residual=residual, offsets=offsets, dates=dates,
        n_fit=n_fit, variance=variance, shocks=z / np.sqrt(np.mean(z**2)),
    )  # fmt: skip
