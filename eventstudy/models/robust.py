"""Market models that one wild session, or a stretch of wild ones, does not bend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from eventstudy._typing import BoolArray, FloatArray
from eventstudy.domain.align import AlignedSample
from eventstudy.engines.arch_regression import GarchRegression, fit_regression
from eventstudy.engines.base import rounded
from eventstudy.errors import InputError
from eventstudy.kernels.ols import OlsFit, fit_ols
from eventstudy.kernels.regress import HuberFit, huber_fit
from eventstudy.models.base import MODELS, ExpectedReturn, FittedModel, Ids, OnBenchmarks, as_ids, spread_about_zero

Kind = Literal["huber", "theil_sen"]
#: Reaction and memory below which a GARCH fit has found no volatility dynamics.
MIN_REACTION, MIN_MEMORY = 1e-4, 0.05
#: Fewest sessions on which a GARCH likelihood is maximised.
MIN_GARCH = 60


@MODELS.register(
    "robust",
    "robust market model",
    formula="R = a + b R_m + e by Huber's M-estimator (c = 1.345, MAD scale), or Theil-Sen's median of slopes",
    assumptions="errors are symmetric; outliers in R_m are met by theil_sen, not by huber",
    needs="2 + number of benchmarks estimation sessions",
    benchmarks="market",
    residuals="not linear in R",
    reference="Huber (1964), Ann. Math. Statistics 35:73-101; Theil (1950); Sen (1968), JASA 63:1379-1389; "
    "in event studies: Sorokina, Booth & Thornton (2013), J. Business Finance & Accounting 40:1217-1243",
)
@dataclass(frozen=True, slots=True, init=False)
class Robust(OnBenchmarks):
    """The market model with a loss that grows slower than the square.

    sigma is the plain standard deviation of the residuals (divisor M - k): the estimate resists wild sessions, the
    uncertainty of a session keeps them. The forecast error uses Huber's coefficient covariance; for theil_sen, whose
    joint covariance has no closed form, that of least squares (its efficiency there is 95% under normal errors).

    Parameters
    ----------
    market : str or sequence of str, optional
        Benchmarks; None takes each instrument's default. theil_sen averages several into one index.
    kind : {"huber", "theil_sen"}

    Raises
    ------
    InputError
        When `kind` is neither.

    References
    ----------
    Huber (1964), Ann. Math. Statistics 35:73-101; Sen (1968), J. American Statistical Association 63:1379-1389.
    """

    market: tuple[str, ...] | None
    kind: Kind

    def __init__(self, market: Ids = None, *, kind: Kind = "huber") -> None:
        if kind not in ("huber", "theil_sen"):
            raise InputError(f"kind {kind!r} is not one of 'huber', 'theil_sen'")
        object.__setattr__(self, "market", as_ids(market))
        object.__setattr__(self, "kind", kind)

    @property
    def key(self) -> str:
        """Registry key."""
        return "robust"

    @property
    def label(self) -> str:
        """The model in words."""
        words = "Huber" if self.kind == "huber" else "Theil-Sen"
        return f"robust market model ({words})" + self.on_market

    def fit(self, sample: AlignedSample) -> FittedModel:
        """Reweight all pairs together, or take medians of slopes pair by pair."""
        x, names = sample.factors, ("alpha", *(f"beta_{f}" for f in sample.factor_ids))
        if self.kind == "theil_sen":
            x, names = x.mean(axis=2, keepdims=True), (names if x.shape[2] == 1 else ("alpha", "beta"))
        design, ols = _least_squares(sample, x)
        if self.kind == "huber":
            found = huber_fit(design, sample.response, sample.estimation)
            return _fitted(self, sample, design, ols, names, found.params, found.cov, _unsettled(found))
        params = ols.params.copy()
        for i in np.flatnonzero(_solvable(ols)):
            rows = sample.estimation[i]
            params[i] = _theil_sen(sample.response[i, rows], design[i, rows, 1])
        return _fitted(self, sample, design, ols, names, params, np.full_like(ols.gram_inv, np.nan), ())


@MODELS.register(
    "market_model_garch",
    "market model, GARCH errors",
    formula="R = a + b R_m + e, h = omega + alpha e^2 + beta h, by joint Gaussian likelihood",
    assumptions="e is a GARCH(1,1); s is its unconditional spread over the window, so a test is not conditional",
    needs=f"{MIN_GARCH} estimation sessions (500 and more for stable dynamics); else least squares, and said so",
    benchmarks="market",
    residuals="not linear in R",
    reference="Corhay & Tourani Rad (1996), Q. Review of Economics & Finance 36:529-538",
)
@dataclass(frozen=True, slots=True, init=False)
class MarketModelGarch(OnBenchmarks):
    """The market model with GARCH(1,1) errors: turbulent stretches of the estimation window weigh less in a and b.

    sigma is the standard deviation of the residuals over the estimation window, divisor M - k with k the coefficients
    of the mean; the forecast error uses their robust covariance. Where the likelihood cannot be maximised least
    squares takes over and the pair's note says why. A fit takes some 20 ms a pair, and placebo dates refit it at
    every date.

    Parameters
    ----------
    market : str or sequence of str, optional
        Benchmarks; None takes each instrument's default.

    References
    ----------
    Corhay & Tourani Rad (1996), Q. Review of Economics & Finance 36:529-538.
    """

    market: tuple[str, ...] | None

    def __init__(self, market: Ids = None) -> None:
        object.__setattr__(self, "market", as_ids(market))

    @property
    def key(self) -> str:
        """Registry key."""
        return "market_model_garch"

    @property
    def label(self) -> str:
        """The model in words."""
        return "market model with GARCH errors" + self.on_market

    def fit(self, sample: AlignedSample) -> FittedModel:
        """Maximise the likelihood pair by pair."""
        design, ols = _least_squares(sample, sample.factors)
        names = ("alpha", *(f"beta_{f}" for f in sample.factor_ids), "garch_omega", "garch_alpha", "garch_beta")
        params = np.concatenate((ols.params, np.full((sample.n_pairs, 3), np.nan)), axis=1)
        cov, notes = np.full_like(ols.gram_inv, np.nan), [""] * sample.n_pairs
        for i in np.flatnonzero(_solvable(ols)):
            rows = sample.estimation[i]
            found, notes[i] = _garch(sample.response[i, rows], design[i, rows, 1:])
            if found is not None:
                params[i] = [*found.mean, found.omega, found.alpha, found.beta]
                cov[i] = found.mean_cov
        return _fitted(self, sample, design, ols, names, params, cov, tuple(notes) if any(notes) else ())


def _fitted(
    spec: ExpectedReturn, sample: AlignedSample, design: FloatArray, ols: OlsFit, names: tuple[str, ...],
    params: FloatArray, cov: FloatArray, notes: tuple[str, ...],
) -> FittedModel:  # fmt: skip
    """A fit with the design of least squares; where `cov` of the mean's coefficients is NaN its gram matrix stands."""
    expected = np.einsum("ntk,nk->nt", design, params[:, : design.shape[2]])
    sigma = spread_about_zero(sample.response - expected, sample.estimation, ols.dof)
    sigma = np.where(ols.singular, np.nan, sigma)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = cov / sigma[:, None, None] ** 2
    known = np.isfinite(relative).all(axis=(1, 2), keepdims=True)
    return FittedModel(
        spec=spec, names=names, params=params, sigma=sigma, dof=ols.dof, expected=expected, design=design,
        gram_inv=np.where(known, relative, ols.gram_inv), singular=ols.singular, notes=notes,
    )  # fmt: skip


def _least_squares(sample: AlignedSample, x: FloatArray) -> tuple[FloatArray, OlsFit]:
    design = np.concatenate((np.ones((*sample.response.shape, 1)), x), axis=2)
    return design, fit_ols(design, sample.response, sample.estimation)


def _solvable(ols: OlsFit) -> BoolArray:
    return np.asarray(~ols.singular & (ols.dof > 0) & (ols.sigma > 0.0))


def _unsettled(found: HuberFit) -> tuple[str, ...]:
    """A note for every pair whose reweighting did not come to rest; empty when all did."""
    words = "the robust fit did not settle; its last step is used"
    return () if found.settled.all() else tuple("" if settled else words for settled in found.settled)


def _theil_sen(y: FloatArray, x: FloatArray) -> list[float]:
    from scipy import stats

    found = stats.theilslopes(y, x, method="joint")
    return [float(found.intercept), float(found.slope)]


def _garch(y: FloatArray, x: FloatArray) -> tuple[GarchRegression | None, str]:
    """A fit, or None, and what is to be said about it."""
    instead = "least squares instead of GARCH errors: "
    if y.size < MIN_GARCH:
        return None, f"{instead}{y.size} estimation sessions, {MIN_GARCH} needed"
    found = fit_regression(y, x)
    if isinstance(found, str):
        return None, instead + found
    if not found.converged:
        return None, f"{instead}the fit did not converge"
    if found.alpha < MIN_REACTION or found.beta < MIN_MEMORY:
        words = f"alpha {rounded(found.alpha)}, beta {rounded(found.beta)}"
        return found, f"boundary fit ({words}): no volatility dynamics identified"
    return found, ""
