"""The protocol of an expected-return model and the one result they all give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from eventstudy._typing import BoolArray, FloatArray, IntArray
from eventstudy.domain.align import AlignedSample
from eventstudy.results import Registry


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
        ``(X'X)^-1`` of the estimation window.
    singular : ndarray, shape (N,)
        Pairs whose benchmarks are constant or collinear there.
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

    def fit(self, sample: AlignedSample) -> FittedModel:
        """Fit on the estimation window; the sample is left as it is."""


MODELS: Registry[type[ExpectedReturn]] = Registry("model")


def spread_about_zero(residual: FloatArray, used: BoolArray, dof: IntArray) -> FloatArray:
    """Root of the sum of squared residuals over `dof`, shape (N,)."""
    squares = np.where(used, residual, 0.0) ** 2
    return np.asarray(np.sqrt(squares.sum(axis=1) / dof))


def as_ids(market: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...] | None:
    """Benchmarks as a tuple: one id, several, or None for the default."""
    if market is None:
        return None
    return (market,) if isinstance(market, str) else tuple(market)
