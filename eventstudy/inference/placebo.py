"""The whole pipeline at other dates: own estimation window, gap, model, and catalogue events masked."""

from __future__ import annotations

import numpy as np

from eventstudy._typing import FloatArray
from eventstudy.abnormal import abnormal_returns
from eventstudy.domain.align import Block, ResponseSeries, gather, near_rows
from eventstudy.domain.windows import CLEAR_OF_EVENTS, EventWindow, Offsets
from eventstudy.inference.base import PlaceboPaths
from eventstudy.inference.single import MIN_PLACEBO
from eventstudy.models.base import ExpectedReturn


def placebo_paths(
    series: ResponseSeries,
    event_rows: list[int],
    model: ExpectedReturn,
    window: EventWindow,
    *,
    like: int | None = None,
) -> PlaceboPaths | str:
    """Re-run model and windows at every date of the series that lies clear of announcements.

    Parameters
    ----------
    series : ResponseSeries
    event_rows : list of int
        Rows of day 0 of every known announcement, the one under study included.
    like : int, optional
        Row of day 0 of the one under study: placebo bars close at its clock time; no difference for daily series.

    Returns
    -------
    PlaceboPaths or str
        The reason, when fewer than 19 dates remain.
    """
    n = series.dates.size
    whole = np.arange(-window.estimation[0], n - window.event[1])
    if series.clock is not None and like is not None:
        whole = whole[series.clock[whole] == series.clock[like]]
    near = near_rows(event_rows, n, before=CLEAR_OF_EVENTS, after=CLEAR_OF_EVENTS)
    positions = whole[~near[whole]] if whole.size else whole
    if positions.size < MIN_PLACEBO:
        return (
            f"{positions.size} placebo dates with complete windows and clear of known events; "
            f"with fewer than {MIN_PLACEBO} no p can reach 5%"
        )
    block = Block(series=series, events=("",) * positions.size, positions=positions)
    sample = gather(block, window.offsets, window.estimation, mask=window.overlap == "mask")
    fit = model.fit(sample)
    abnormal = abnormal_returns(sample, fit)
    complete = np.isfinite(abnormal.ar[:, abnormal.columns(window.event)]).all(axis=1)
    enough = sample.estimation.sum(axis=1) >= window.needed
    usable = complete & enough & ~fit.singular & (fit.sigma > 0.0)
    if usable.sum() < MIN_PLACEBO:
        return (
            f"{int(usable.sum())} placebo dates with complete windows; with fewer than {MIN_PLACEBO} no p can reach 5%"
        )
    return PlaceboPaths(abnormal=abnormal, usable=usable, masked_dates=int(whole.size - positions.size))


def path_band(placebo: PlaceboPaths, window: Offsets, alpha: float) -> float:
    """Half-width of the null band of a whole path, in standard errors of each day's sum.

    The ``1 - alpha`` quantile over placebo dates of the path's largest ``|CAR_k| / se_k``: under the null
    the path leaves the band anywhere with probability alpha.
    """
    car, se = placebo.abnormal.path(window)
    largest: FloatArray = np.abs(car / se).max(axis=1)[placebo.usable]
    return float(np.quantile(largest, 1.0 - alpha, method="higher"))
