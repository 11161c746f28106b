"""Residuals of the mean model on the volatility sample, and on the sessions after it; bars without the day's shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eventstudy._typing import BoolArray, DateArray, FloatArray, IntArray
from eventstudy.abnormal import AbnormalReturns, abnormal_returns
from eventstudy.domain.align import AlignedSample, Block, ResponseSeries, gather
from eventstudy.domain.windows import Offsets
from eventstudy.kernels.hour_scale import FEWEST, hour_scale
from eventstudy.models.base import ExpectedReturn, FittedModel

#: Fewest sessions for any statement on variance: one quarter.
MIN_CONSTANT = 60


@dataclass(frozen=True, kw_only=True, eq=False)
class Hours:
    """Scale of every bar around an event: what its clock time varies beside the mean of all, see `hour_scale`.

    Attributes
    ----------
    first : int
        Offset of the first bar.
    scale : ndarray, shape (T,)
        Of the bars from `first` on; NaN for clock times that come too rarely in the sample.
    left_out : int
        Bars with a response and without a scale.
    """

    first: int
    scale: FloatArray
    left_out: int

    def at(self, offsets: IntArray) -> FloatArray:
        """Scale of the bars at some offsets, shape as `offsets`; NaN where none is known."""
        rows = offsets - self.first
        inside = (rows >= 0) & (rows < self.scale.size)
        return np.asarray(np.where(inside, self.scale[np.clip(rows, 0, self.scale.size - 1)], np.nan))


@dataclass(frozen=True, kw_only=True, eq=False)
class Residuals:
    """Residuals of one pair on the sessions that have one.

    Attributes
    ----------
    residual : ndarray, shape (S,)
        In the pair's unit; of bars over the scale of their clock time, so that the pattern of the day is no volatility.
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
    hours : Hours or None
        Of bars the scale by which `residual` was divided.
    """

    residual: FloatArray
    offsets: IntArray
    dates: DateArray
    n_fit: int
    sample: AlignedSample
    fitted: FittedModel
    known: BoolArray
    clock: IntArray | None
    hours: Hours | None


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
    hours = hours_of(ar)
    values = ar.ar[0] if hours is None else ar.ar[0] / hours.scale
    known = np.isfinite(values)
    if hours is not None:
        n_fit = int((known & sample.estimation[0]).sum())
        if n_fit < MIN_CONSTANT:
            return too_rare(int(sample.estimation.sum()))
    residual = values[known]
    if residual[:n_fit].std() == 0.0:
        return "the residuals do not vary before the gap"
    return Residuals(
        residual=residual, offsets=ar.offsets[known], dates=ar.dates[0][known], n_fit=n_fit, sample=sample,
        fitted=fitted, known=known, clock=None if ar.clock is None else ar.clock[0][known], hours=hours,
    )  # fmt: skip


def hours_of(ar: AbnormalReturns) -> Hours | None:
    """Scale of the bars of one pair, learnt from its estimation window; None for one price a day."""
    if ar.clock is None:
        return None
    scale = hour_scale(ar.ar[0], ar.clock[0], ar.estimation[0])
    left_out = int((np.isfinite(ar.ar[0]) & np.isnan(scale)).sum())
    return Hours(first=int(ar.offsets[0]), scale=scale, left_out=left_out)


def too_rare(bars: int) -> str:
    """Why bars have no variance model: their clock times come too rarely."""
    return (
        f"too few clock times come {FEWEST} times among {bars} bars: the pattern of the day cannot be told from "
        "volatility; take a longer sample (sessions of the variance model), or longer bars"
    )
