"""The protocol of an expected-return model, the one result they all give, and what models on benchmarks share."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

import numpy as np

from eventstudy._typing import BoolArray, DateArray, FloatArray, IntArray
from eventstudy.domain.align import AlignedSample, ResponseSeries
from eventstudy.domain.instruments import Instrument
from eventstudy.domain.prices import PriceTable
from eventstudy.kernels.ols import fit_ols
from eventstudy.results import Registry

#: One benchmark id, several, or None for each instrument's default.
Ids = str | tuple[str, ...] | list[str] | None


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedModel:
    """What was normal for each pair.

    Attributes
    ----------
    spec : ExpectedReturn
        The model that was fitted.
    names : tuple of str
        Coefficients, length P.
    params : ndarray, shape (N, P)
        NaN rows where `singular`.
    sigma : ndarray, shape (N,)
        Residual standard deviation over the estimation window, divisor `dof`, in the pair's unit.
    dof : ndarray, shape (N,)
        Estimation sessions minus estimated parameters.
    expected : ndarray, shape (N, T)
        Expected response on every offset of the sample; NaN where not valid.
    design : ndarray, shape (N, T, K)
        Regressors whose estimated coefficients make the forecast uncertain; K = 0 when nothing is estimated.
    gram_inv : ndarray, shape (N, K, K)
        ``(X'X)^-1`` of the estimation window, or the coefficients' covariance over ``sigma^2``.
    singular : ndarray, shape (N,)
        Pairs for which the model has no solution: benchmarks constant or collinear there, too few sessions.
    notes : tuple of str
        What a user should know about each pair, length N: why it has no solution, what was left out, which method
        took over; empty strings where there is nothing to say. Empty: no remark on any pair.
    """

    spec: ExpectedReturn
    names: tuple[str, ...]
    params: FloatArray
    sigma: FloatArray
    dof: IntArray
    expected: FloatArray
    design: FloatArray
    gram_inv: FloatArray
    singular: BoolArray
    notes: tuple[str, ...] = ()

    def note(self, row: int) -> str:
        """The remark on one pair; empty when there is none."""
        return self.notes[row] if self.notes else ""


class ExpectedReturn(Protocol):
    """A model of the response that no announcement would have caused."""

    @property
    def key(self) -> str:
        """Registry key."""

    @property
    def label(self) -> str:
        """The model in words, with its benchmark."""

    @property
    def market(self) -> tuple[str, ...] | None:
        """Benchmarks named by the user; empty: none; None: each instrument's own default."""

    @property
    def needs_market(self) -> bool:
        """Whether the model is meaningless without a benchmark."""

    def benchmarks(self, instrument: Instrument, prices: PriceTable) -> tuple[str, ...]:
        """Benchmarks of one instrument, in the order of ``AlignedSample.factors``; empty: it has none."""

    def bound(self, series: ResponseSeries) -> tuple[ExpectedReturn, ResponseSeries]:
        """The model and the series that is cut for it: a model may need more than the cut sample holds."""

    def fit(self, sample: AlignedSample) -> FittedModel:
        """Fit on the estimation window; the sample is left as it is."""


#: Registered are callables that take the benchmarks (one id, several, or None) and give a model. Facts: formula,
#: assumptions, needs (fewest sessions and the like), benchmarks (what the argument names; "none": it takes none).
MODELS: Registry[Callable[..., ExpectedReturn]] = Registry("model")


class OnBenchmarks:
    """What models on benchmarks have in common; the benchmarks are the field `market`."""

    __slots__ = ()
    market: tuple[str, ...] | None

    @property
    def needs_market(self) -> bool:
        """Yes."""
        return True

    @property
    def on_market(self) -> str:
        """Words for a label, `` on A and B``; empty where each instrument has its own."""
        return f" on {' and '.join(self.market)}" if self.market else ""

    def benchmarks(self, instrument: Instrument, prices: PriceTable) -> tuple[str, ...]:
        """Those that were named, else the instrument's own default."""
        return instrument.benchmark if self.market is None else self.market

    def bound(self, series: ResponseSeries) -> tuple[Self, ResponseSeries]:
        """Nothing beyond the sample is needed."""
        return self, series


@dataclass(frozen=True, kw_only=True, eq=False)
class Surroundings:
    """Benchmarks of a whole series by date: they exist also where the instrument itself has no response.

    Attributes
    ----------
    dates : ndarray of datetime64[D], shape (n,)
        Ascending.
    factors : ndarray, shape (n, K)
    """

    dates: DateArray
    factors: FloatArray

    def on(self, dates: DateArray) -> FloatArray:
        """Benchmarks on `dates`, shape (N, T, K); NaN on dates that the series lacks (NaT included)."""
        rows = np.searchsorted(self.dates, dates)
        clipped = np.minimum(rows, self.dates.size - 1)
        return np.asarray(np.where((self.dates[clipped] == dates)[..., None], self.factors[clipped], np.nan))


M = TypeVar("M")


def knowing(model: M, series: ResponseSeries) -> M:
    """A copy of a model whose field `known` holds the benchmarks of the whole series."""
    bound = copy.copy(model)
    object.__setattr__(bound, "known", Surroundings(dates=series.dates, factors=series.factors))
    return bound


def around(sample: AlignedSample, known: Surroundings | None) -> FloatArray:
    """Benchmarks on the sessions of a sample, shape (N, T, K): all that are known, else those of the sample."""
    return sample.factors if known is None else known.on(sample.dates)


def regress(
    spec: ExpectedReturn, sample: AlignedSample, x: FloatArray, names: tuple[str, ...], base: FloatArray | None = None
) -> FittedModel:
    """Least squares of ``response - base`` on a constant and x over the estimation window.

    Parameters
    ----------
    x : ndarray, shape (N, T, J)
    names : tuple of str
        Coefficients, length 1 + J.
    base : ndarray, shape (N, T), optional
        Known part of the expectation, such as a riskless rate; added back.
    """
    known = np.zeros_like(sample.response) if base is None else base
    design = np.concatenate((np.ones((*sample.response.shape, 1)), x), axis=2)
    ols = fit_ols(design, sample.response - known, sample.estimation)
    return FittedModel(
        spec=spec, names=names, params=ols.params, sigma=ols.sigma, dof=ols.dof,
        expected=known + np.einsum("ntk,nk->nt", design, ols.params), design=design, gram_inv=ols.gram_inv,
        singular=ols.singular,
    )  # fmt: skip


def without_forecast_error(
    spec: ExpectedReturn, sample: AlignedSample, names: tuple[str, ...], params: FloatArray, expected: FloatArray,
    *, sigma: FloatArray, dof: IntArray, singular: BoolArray, notes: tuple[str, ...] = (),
) -> FittedModel:  # fmt: skip
    """A fit whose forecast factor is 1 by convention: no regressors make the forecast uncertain."""
    n, t = sample.response.shape
    return FittedModel(
        spec=spec, names=names, params=np.where(singular[:, None], np.nan, params),
        sigma=np.where(singular, np.nan, sigma), dof=dof, expected=np.where(singular[:, None], np.nan, expected),
        design=np.empty((n, t, 0)), gram_inv=np.empty((n, 0, 0)), singular=singular, notes=notes,
    )  # fmt: skip


def spread_about_zero(residual: FloatArray, used: BoolArray, dof: IntArray) -> FloatArray:
    """Root of the sum of squared residuals over `dof`, shape (N,); NaN where `dof` is not positive."""
    squares = np.where(used, residual, 0.0) ** 2
    with np.errstate(invalid="ignore"):
        return np.asarray(np.sqrt(squares.sum(axis=1) / np.where(dof > 0, dof, np.nan)))


def spread_about_mean(residual: FloatArray, used: BoolArray) -> FloatArray:
    """Standard deviation about the mean, divisor M - 1, shape (N,); NaN with fewer than two sessions."""
    count = used.sum(axis=1)
    mean = np.where(used, residual, 0.0).sum(axis=1) / np.maximum(count, 1)
    return spread_about_zero(residual - mean[:, None], used, count - 1)


def as_ids(market: Ids) -> tuple[str, ...] | None:
    """Benchmarks as a tuple: one id, several, or None for the default."""
    if market is None:
        return None
    return (market,) if isinstance(market, str) else tuple(market)
