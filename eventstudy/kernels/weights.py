"""Portfolio weights that are not negative and sum to one."""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls

from eventstudy._typing import FloatArray


def simplex_weights(x: FloatArray, y: FloatArray) -> FloatArray:
    """Weights w >= 0 with sum 1 that minimise ``|y - x w|``, shape (J,).

    Parameters
    ----------
    x : ndarray, shape (M, J)
    y : ndarray, shape (M,)

    Notes
    -----
    With weights that sum to one the residual is ``D w``, ``D = x - y``. For v = s w the non-negative least squares
    problem ``min |D v|^2 + (1'v - 1)^2`` has, at the best s, the value ``d / (1 + d)`` with ``d = |D w|^2``: it grows
    with d, so that v scaled to sum one is the constrained optimum, without a penalty that would only come near it.

    Examples
    --------
    >>> simplex_weights(np.eye(2), np.array([0.75, 0.25])).round(12).tolist()
    [0.75, 0.25]
    """
    difference = x - y[:, None]
    scale = np.sqrt((difference**2).mean())
    if scale == 0.0:
        return np.full(x.shape[1], 1.0 / x.shape[1])
    # Any scale gives the same weights; near one the row of ones is neither lost nor dominant.
    rows = np.vstack((difference / (scale * np.sqrt(x.shape[0])), np.ones(x.shape[1])))
    v, _ = nnls(rows, np.concatenate((np.zeros(x.shape[0]), [1.0])))
    return np.asarray(v / v.sum())
