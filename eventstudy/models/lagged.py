"""A market that is struck later than the instrument: its sessions of today and of before, a slope for each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import numpy as np

from eventstudy._typing import BoolArray, FloatArray
from eventstudy.domain.align import AlignedSample, ResponseSeries
from eventstudy.errors import InputError
from eventstudy.models.base import (
    MODELS,
    FittedModel,
    Ids,
    OnBenchmarks,
    Surroundings,
    around,
    as_ids,
    knowing,
    regress,
)


@MODELS.register(
    "lagged_market",
    "market model with lags",
    formula="R = a + b_0 R_m,t + b_1 R_m,t-1 + ... + e by least squares over the estimation window",
    assumptions="slopes do not change; what the market learns after the instrument's price shows there a session later",
    needs="2 + number of benchmarks x (1 + lags) estimation sessions",
    benchmarks="market",
    residuals="linear in R",
    reference="Dimson (1979), J. Financial Economics 7:197-226, with every slope on its own session; "
    "Campbell, Cowan & Salotti (2010), J. Banking & Finance 34:3078-3090, on closes that are not synchronous",
)
@dataclass(frozen=True, slots=True, init=False)
class LaggedMarket(OnBenchmarks):
    """Least squares on the market's return of the same date and of the dates before.

    For an instrument whose price is struck before the market's: part of what the market did on a date is in the
    instrument's price of the next. Unlike `Dimson`, which corrects one beta, each return has its own slope in the
    expectation, so that yesterday's news in New York is not called abnormal in Oslo or Hong Kong today. The return of
    the same date still holds hours that the instrument has not seen. A lag before the first session of the
    window is taken at its mean over the estimation window.

    Parameters
    ----------
    market : str or sequence of str, optional
        Benchmarks; None takes each instrument's default.
    lags : int
        Sessions of the market before.

    Raises
    ------
    InputError
        Lags below one: that is the market model.

    References
    ----------
    Dimson (1979), J. Financial Economics 7:197-226; Campbell, Cowan & Salotti (2010), J. Banking & Finance 34.

    Examples
    --------
    >>> LaggedMarket("SPY").label
    'market model on SPY and its session before'
    """

    market: tuple[str, ...] | None
    lags: int
    known: Surroundings | None = field(repr=False, compare=False)

    def __init__(self, market: Ids = None, *, lags: int = 1) -> None:
        if lags < 1:
            raise InputError(f"lags = {lags} must be one or more; without lags it is the market model")
        object.__setattr__(self, "market", as_ids(market))
        object.__setattr__(self, "lags", lags)
        object.__setattr__(self, "known", None)

    @property
    def key(self) -> str:
        """Registry key."""
        return "lagged_market"

    @property
    def label(self) -> str:
        """The model in words."""
        before = "session before" if self.lags == 1 else f"{self.lags} sessions before"
        return f"market model{self.on_market} {'and' if self.market else 'with'} its {before}"

    def bound(self, series: ResponseSeries) -> tuple[Self, ResponseSeries]:
        """The model with the market's sessions on which the instrument has no response."""
        return knowing(self, series), series

    def fit(self, sample: AlignedSample) -> FittedModel:
        """Regress each pair's response on today's and earlier returns of the benchmarks."""
        index = around(sample, self.known)
        columns = [sample.factors, *(_lagged(index, sample.estimation, lag) for lag in range(1, self.lags + 1))]
        words = ["", *(f"_lag{lag if lag > 1 else ''}" for lag in range(1, self.lags + 1))]
        names = ("alpha", *(f"beta_{f}{word}" for word in words for f in sample.factor_ids))
        return regress(self, sample, np.concatenate(columns, axis=2), names)


def _lagged(index: FloatArray, used: BoolArray, lag: int) -> FloatArray:
    """The benchmarks' returns `lag` sessions before, shape (N, T, K); unknown ones at their estimation mean."""
    before = np.full_like(index, np.nan)
    before[:, lag:] = index[:, :-lag]
    return np.where(np.isfinite(before), before, _mean(before, used)[:, None, :])


def _mean(values: FloatArray, used: BoolArray) -> FloatArray:
    """Mean over the used sessions with a value, shape (N, K); zero when there is none."""
    there = np.isfinite(values) & used[..., None]
    return np.asarray(np.where(there, values, 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1))
