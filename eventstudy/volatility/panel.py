"""Residuals and forecast variances of many pairs on common offsets: what volatility statistics across pairs look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eventstudy._typing import FloatArray, IntArray
from eventstudy.volatility.base import Origin, VarianceModel


@dataclass(frozen=True, kw_only=True, eq=False)
class PanelForecasts:
    """Each pair against its own forecast.

    Attributes
    ----------
    offsets : ndarray, shape (T,)
    residual, variance : ndarray, shape (N, T)
        Residual of the pair's mean model, and its variance forecast from before the event, in squared units. NaN where
        a pair has no response, or no model.
    reasons : tuple of str
        Why a pair has no forecast, length N; empty where it has.
    methods : tuple of str
        The model of each pair in words, length N.
    """

    offsets: IntArray
    residual: FloatArray
    variance: FloatArray
    reasons: tuple[str, ...]
    methods: tuple[str, ...]


def panel_forecasts(models: Sequence[VarianceModel | str], offsets: IntArray, origin: Origin) -> PanelForecasts:
    """Forecast every pair over `offsets` (ascending, without gaps) from before them, or from before the gap.

    ``event``: known the session before the first offset. Pairs whose fit identified no dynamics enter with what took
    over, constant variance or EWMA; `methods` says so.
    """
    shape = len(models), offsets.size
    residual, variance = np.full(shape, np.nan), np.full(shape, np.nan)
    for row, model in enumerate(models):
        if isinstance(model, str):
            continue
        # A filter knows sessions that exist: a session that is missing takes no step.
        first = int(model.offsets[model.n_fit]) if origin == "gap" else int(offsets[0])
        inside = (model.offsets >= offsets[0]) & (model.offsets <= offsets[-1])
        columns = model.offsets[inside] - offsets[0]
        residual[row, columns] = model.residual[inside]
        ahead = model.forecast(first, int(offsets[-1]) - first + 1)
        variance[row] = ahead[int(offsets[0]) - first :]
        if model.hours is not None:
            scale = model.hours.at(offsets)
            residual[row], variance[row] = residual[row] * scale, variance[row] * scale**2
    return PanelForecasts(
        offsets=offsets, residual=residual, variance=np.where(np.isfinite(residual), variance, np.nan),
        reasons=tuple(m if isinstance(m, str) else "" for m in models),
        methods=tuple("" if isinstance(m, str) else m.label for m in models),
    )  # fmt: skip
