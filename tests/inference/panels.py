"""Panels built from arrays, without a study: fast enough to try every statistic on many of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from eventstudy.abnormal import AbnormalReturns, abnormal_returns
from eventstudy.domain.align import AlignedSample
from eventstudy.inference.base import PANEL_STATISTICS, Finding, residual_correlations
from eventstudy.inference.panel import Panel, panel_view
from eventstudy.kernels.stats import Inapplicable
from eventstudy.models.benchmarks import ConstantMean
from eventstudy.models.regression import MarketModel

FloatArray = NDArray[np.float64]

ESTIMATION, EVENT = (-60, -6), (-5, 5)
OFFSETS = np.arange(ESTIMATION[0], EVENT[1] + 1)
KEYS = tuple(entry.key for entry in PANEL_STATISTICS)


def sample_of(response: FloatArray, market: FloatArray | None = None, *, start: int = 0) -> AlignedSample:
    """Pairs of one date each, sessions one calendar day apart; pair i's day 0 lies ``start * i`` days later."""
    n, t = response.shape
    valid = np.isfinite(response)
    days = np.datetime64("2001-01-01") + np.arange(t)[None, :] + start * np.arange(n)[:, None]
    factors = np.empty((n, t, 0)) if market is None else np.where(valid, market, np.nan)[..., None]
    return AlignedSample(
        pairs=tuple((f"e{i}", f"i{i}") for i in range(n)), factor_ids=() if market is None else ("M",),
        offsets=OFFSETS, response=response, factors=factors, valid=valid, masked=np.zeros_like(valid),
        estimation=valid & (ESTIMATION[1] >= OFFSETS), dates=days.astype("datetime64[D]"),
        levels=np.full(response.shape, 100.0), units=("fraction",) * n, market=market, changes=("simple",) * n,
    )  # fmt: skip


def abnormal_of(response: FloatArray, market: FloatArray | None = None, *, start: int = 0) -> AbnormalReturns:
    """Abnormal responses under the constant mean, or under the market model when there is a market."""
    sample = sample_of(response, market, start=start)
    fit = ConstantMean().fit(sample) if market is None else MarketModel("M").fit(sample)
    return abnormal_returns(sample, fit)


def panel_from(abnormal: AbnormalReturns, clusters: NDArray[np.int64] | None = None) -> Panel:
    """The panel, every pair a date of its own unless `clusters` say otherwise."""
    calendar, by_event = residual_correlations(abnormal)
    own = np.arange(abnormal.n_pairs) if clusters is None else clusters
    return Panel(
        abnormal=abnormal, event=EVENT, rbar_calendar=calendar, rbar_event=by_event, clusters=own, draws=199, seed=3
    )


def every_statistic(panel: Panel, window: tuple[int, int]) -> dict[str, Finding | Inapplicable]:
    """Each registered statistic across pairs on one window."""
    view = panel_view(panel, window)
    return {entry.key: entry.obj(view) for entry in PANEL_STATISTICS}


def shuffled(panel: Panel, order: NDArray[np.int64]) -> Panel:
    """The same panel with its pairs in another order."""
    return replace(panel, abnormal=panel.abnormal.take(order), clusters=panel.clusters[order])
