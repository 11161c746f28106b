"""Residuals of the mean model on the volatility sample, and on the sessions after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eventstudy._typing import BoolArray, DateArray, FloatArray, IntArray
from eventstudy.abnormal import abnormal_returns
from eventstudy.domain.align import AlignedSample, Block, ResponseSeries, gather
from eventstudy.domain.windows import Offsets
from eventstudy.models.base import ExpectedReturn, FittedModel

#: Fewest sessions for any statement on variance: one quarter.
MIN_CONSTANT = 60


@dataclass(frozen=True, kw_only=True, eq=False)
class Residuals:
    """Residuals of one pair on the sessions that have one.

    Attributes
    ----------
    residual : ndarray, shape (S,)
        In the pair's unit.
    offsets : ndarray, shape (S,)
        Their sessions relative to day 0.
    dates : ndarray of datetime64[D], shape (S,)
    n_fit : int
        Those that the mean was fitted on, the first of `residual`.
    sample, fitted : AlignedSample, FittedModel
    known : ndarray of bool, shape (T,)
        Columns of `sample` that have a residual.
    clock : ndarray, shape (S,), or None
        As in `AlignedSample`; None for one price a day.
    """

    residual: FloatArray
    offsets: IntArray
    dates: DateArray
    n_fit: int
    sample: AlignedSample
    fitted: FittedModel
    known: BoolArray
    clock: IntArray | None


def residuals_around(
    series: ResponseSeries, position: int, model: ExpectedReturn, window: Offsets, last: int
) -> Residuals | str:
    """Fit the mean on the sessions `window` and subtract it up to the session `last`.

    Parameters
    ----------
    position : int
        Row of day 0.
    window : (int, int)
        Sessions of the fit, cut where the data begin.

    Returns
    -------
    Residuals or str
        The reason, when fewer than 60 sessions are there or the residuals do not vary.
    """
    start, end = max(window[0], -position), window[1]
    if end - start + 1 < MIN_CONSTANT:
        return f"{max(0, end - start + 1)} sessions before the gap; a variance needs at least {MIN_CONSTANT}"
    block = Block(series=series, events=("",), positions=np.array([position]))
    sample = gather(block, np.arange(start, last + 1), (start, end), mask=False)
    n_fit = int(sample.estimation.sum())
    if n_fit < MIN_CONSTANT:
        return f"{n_fit} valid sessions before the gap; a variance needs at least {MIN_CONSTANT}"
    fitted = model.fit(sample)
    if fitted.singular[0]:
        return "the benchmark is constant or collinear over the volatility sample"
    ar = abnormal_returns(sample, fitted)
    known = np.isfinite(ar.ar[0])
    residual = ar.ar[0][known]
    if residual[:n_fit].std() == 0.0:
        return "the residuals do not vary before the gap"
    return Residuals(
        residual=residual, offsets=ar.offsets[known], dates=ar.dates[0][known], n_fit=n_fit, sample=sample,
        fitted=fitted, known=known, clock=None if ar.clock is None else ar.clock[0][known],
    )  # fmt: skip
