"""The scale of bars within a day: how much those of one kind vary beside all."""

from __future__ import annotations

import numpy as np

from eventstudy._typing import BoolArray, FloatArray, IntArray

#: A kind that comes less often has no scale: a bar of it could not be ranked among its like either.
FEWEST = 19


def hour_scale(residual: FloatArray, kind: IntArray, used: BoolArray, *, only: int | None = None) -> FloatArray:
    """Root mean square residual of each bar's kind over that of all bars, both among the used ones.

    Parameters
    ----------
    residual : ndarray, shape (T,)
        Without a mean.
    kind : ndarray, shape (T,)
        What makes bars comparable, such as the minute of the day.
    used : ndarray of bool, shape (T,)
        Bars that the scale is learnt from: those of the estimation window.
    only : int, optional
        The kind that is wanted, others are left NaN; all by default.

    Returns
    -------
    ndarray, shape (T,)
        One where all bars are of one kind; NaN for kinds that come fewer than 19 times among the used, or never move.

    References
    ----------
    Andersen & Bollerslev (1997), J. Empirical Finance 4:115-158: a variance model of intraday returns needs the
    pattern of the day taken out first. Here by the bars of one clock time themselves, as Taylor & Xu (1997), J.
    Empirical Finance 4:317-340.

    Examples
    --------
    >>> night_and_day = np.resize([3.0, -1.0, -3.0, 1.0], 80)
    >>> hour_scale(night_and_day, np.resize([1, 0], 80), np.ones(80, dtype=bool))[:2].round(4)
    array([1.3416, 0.4472])
    """
    out = np.full(residual.size, np.nan)
    squares = residual**2
    among = used & np.isfinite(residual)
    for one in np.unique(kind[among]) if only is None else (only,):
        alike = kind == one
        own = among & alike
        if own.sum() >= FEWEST and squares[own].any():
            out[alike] = np.sqrt(squares[own].mean() / squares[among].mean())
    return out
