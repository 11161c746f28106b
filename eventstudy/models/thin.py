"""Betas for prices that are struck apart from the market's, or rarely: neighbours of the market's session count."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np

from eventstudy._typing import FloatArray
from eventstudy.domain.align import AlignedSample, ResponseSeries
from eventstudy.errors import InputError
from eventstudy.kernels.regress import LeadLagFit, lead_lag_fit
from eventstudy.models.base import (
    MODELS,
    ExpectedReturn,
    FittedModel,
    Ids,
    OnBenchmarks,
    Surroundings,
    around,
    as_ids,
    knowing,
    spread_about_zero,
    without_forecast_error,
)

Weights = Literal["none", "fowler_rorke"]


@MODELS.register(
    "scholes_williams",
    "Scholes-Williams",
    formula="E[R] = a + b R_m; b = (b_-1 + b_0 + b_+1) / (1 + 2 rho_m)",
    assumptions="trading is delayed by at most one session; s from all estimation sessions, no forecast-error term",
    needs="3 interior estimation sessions (the market known the session before and after)",
    benchmarks="market",
    residuals="linear in R",
    reference="Scholes & Williams (1977), J. Financial Economics 5:309-327",
)
@dataclass(frozen=True, slots=True, init=False)
class ScholesWilliams(OnBenchmarks):
    """Slopes on the market's session before, same and after, each by itself, over ``1 + 2 rho_m``.

    Interior sessions are those of the estimation window on which the instrument has a response and the market has
    one on the session before and after, both inside the window. ``rho_m`` is the market's first autocorrelation
    over the window; alpha is the interior mean of R less beta times that of R_m; ``s^2 = sum AR^2 / (M - 2)`` over
    all M sessions of the window. There is no forecast-error term. Several benchmarks are averaged into one index.
    The coefficients are alpha, beta, and what beta is made of: beta_lag, beta_0, beta_lead, rho_m.

    Parameters
    ----------
    market : str or sequence of str, optional
        Benchmarks; None takes each instrument's default.

    References
    ----------
    Scholes & Williams (1977), J. Financial Economics 5:309-327.
    """

    market: tuple[str, ...] | None
    known: Surroundings | None = field(repr=False, compare=False)

    def __init__(self, market: Ids = None) -> None:
        object.__setattr__(self, "market", as_ids(market))
        object.__setattr__(self, "known", None)

    @property
    def key(self) -> str:
        """Registry key."""
        return "scholes_williams"

    @property
    def label(self) -> str:
        """The model in words."""
        return "Scholes-Williams" + self.on_market

    def bound(self, series: ResponseSeries) -> tuple[Self, ResponseSeries]:
        """The model with the market's sessions on which the instrument has no response."""
        return knowing(self, series), series

    def fit(self, sample: AlignedSample) -> FittedModel:
        """Beta from the neighbouring sessions, per pair."""
        index = around(sample, self.known).mean(axis=2)
        near = lead_lag_fit(sample.response, index, sample.estimation, lags=1, leads=1, together=False)
        divisor = 1.0 + 2.0 * near.rho[:, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            beta = np.where(divisor > 0.0, near.slopes.sum(axis=1) / divisor, np.nan)
        more = dict(zip(_slope_names(1, 1), near.slopes.T, strict=True)) | {"rho_m": near.rho[:, 0]}
        return _index_model(self, sample, near, beta, more, interior_needed=3)


@MODELS.register(
    "dimson",
    "Dimson",
    formula="E[R] = a + b R_m; b = sum of the slopes of R on R_m,t-lags .. R_m,t+leads in one regression",
    assumptions="trading is delayed by at most so many sessions; plain sums are inconsistent (Fowler & Rorke 1983)",
    needs="3 + lags + leads interior estimation sessions",
    benchmarks="market",
    residuals="linear in R",
    reference="Dimson (1979), J. Financial Economics 7:197-226; weights: Fowler & Rorke (1983), JFE 12:279-283",
)
@dataclass(frozen=True, slots=True, init=False)
class Dimson(OnBenchmarks):
    """Sum of the slopes on the market's leads and lags, estimated together.

    Interior sessions, alpha and s as in `ScholesWilliams`. Leads belong to the estimation window only: the
    expectation of a session uses the market's return of that session alone, so nothing later is looked at.
    The coefficients are alpha, beta, and the slopes: beta_lag, beta_0, beta_lead (beta_lag2 and so on beyond one).

    Parameters
    ----------
    market : str or sequence of str, optional
        Benchmarks; None takes each instrument's default. Several are averaged into one index.
    leads, lags : int
        Sessions of the market after and before.
    weights : {"none", "fowler_rorke"}
        ``fowler_rorke``: slope k sessions away counts ``W_k = sum_{j=-n}^{n-k} rho_|j| / sum_{j=-n}^{n} rho_|j|``,
        which is ``(1 + rho_1) / (1 + 2 rho_1)`` for n = 1; needs as many leads as lags.

    Raises
    ------
    InputError
        Negative leads or lags, none at all, or weights that do not exist for them.

    References
    ----------
    Dimson (1979), J. Financial Economics 7:197-226; Fowler & Rorke (1983), J. Financial Economics 12:279-283.
    """

    market: tuple[str, ...] | None
    leads: int
    lags: int
    weights: Weights
    known: Surroundings | None = field(repr=False, compare=False)

    def __init__(self, market: Ids = None, *, leads: int = 1, lags: int = 1, weights: Weights = "none") -> None:
        if min(leads, lags) < 0 or leads + lags == 0:
            raise InputError(f"Dimson with {leads} leads and {lags} lags: needs zero or more of each, not both zero")
        if weights not in ("none", "fowler_rorke"):
            raise InputError(f"weights {weights!r} is not one of 'none', 'fowler_rorke'")
        if weights == "fowler_rorke" and leads != lags:
            raise InputError(f"Fowler-Rorke weights need as many leads as lags, not {leads} and {lags}")
        object.__setattr__(self, "market", as_ids(market))
        object.__setattr__(self, "leads", leads)
        object.__setattr__(self, "lags", lags)
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "known", None)

    @property
    def key(self) -> str:
        """Registry key."""
        return "dimson"

    @property
    def label(self) -> str:
        """The model in words."""
        weighted = ", Fowler-Rorke weights" if self.weights == "fowler_rorke" else ""
        return f"Dimson{self.on_market} ({self.lags} lags, {self.leads} leads{weighted})"

    def bound(self, series: ResponseSeries) -> tuple[Self, ResponseSeries]:
        """The model with the market's sessions on which the instrument has no response."""
        return knowing(self, series), series

    def fit(self, sample: AlignedSample) -> FittedModel:
        """Beta from one regression on all neighbours, per pair."""
        index = around(sample, self.known).mean(axis=2)
        near = lead_lag_fit(sample.response, index, sample.estimation, lags=self.lags, leads=self.leads, together=True)
        weighted = near.slopes
        if self.weights == "fowler_rorke":
            weighted = weighted * fowler_rorke(near.rho)
        more = dict(zip(_slope_names(self.lags, self.leads), near.slopes.T, strict=True))
        needed = 3 + self.lags + self.leads
        return _index_model(self, sample, near, weighted.sum(axis=1), more, interior_needed=needed)


def fowler_rorke(rho: FloatArray) -> FloatArray:
    """Weights of slopes -n..n from autocorrelations of orders 1..n; shape (N, n) -> (N, 2n + 1).

    Examples
    --------
    >>> fowler_rorke(np.array([[0.25]])).round(4).tolist()
    [[0.8333, 1.0, 0.8333]]
    """
    n = rho.shape[1]
    both = np.concatenate((rho[:, ::-1], np.ones((rho.shape[0], 1)), rho), axis=1)
    sums = np.cumsum(both, axis=1)
    away = np.abs(np.arange(-n, n + 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(sums[:, 2 * n - away] / sums[:, -1:])


def _slope_names(lags: int, leads: int) -> tuple[str, ...]:
    """Names from the longest lag to the longest lead: beta_lag2, beta_lag, beta_0, beta_lead."""
    before = [f"beta_lag{k if k > 1 else ''}" for k in range(lags, 0, -1)]
    return (*before, "beta_0", *(f"beta_lead{k if k > 1 else ''}" for k in range(1, leads + 1)))


def _index_model(
    spec: ExpectedReturn, sample: AlignedSample, near: LeadLagFit, beta: FloatArray,
    more: dict[str, FloatArray], *, interior_needed: int,
) -> FittedModel:  # fmt: skip
    """Alpha, spread and expectation from a beta of the averaged benchmarks; `more` are the numbers behind it."""
    alpha = near.mean_y - beta * near.mean_market
    expected = alpha[:, None] + beta[:, None] * sample.factors.mean(axis=2)
    dof = sample.estimation.sum(axis=1) - 2
    singular = near.singular | ~np.isfinite(beta)
    notes = tuple(
        f"{count} interior estimation sessions, {interior_needed} needed" if few else ""
        for count, few in zip(near.count, near.count < interior_needed, strict=True)
    )
    return without_forecast_error(
        spec, sample, ("alpha", "beta", *more), np.stack((alpha, beta, *more.values()), axis=1), expected,
        sigma=spread_about_zero(sample.response - expected, sample.estimation, dof), dof=dof, singular=singular,
        notes=notes if any(notes) else (),
    )  # fmt: skip
