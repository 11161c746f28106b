"""Many tests at once: p-values adjusted for the size of the family."""

from __future__ import annotations

import numpy as np

from eventstudy._typing import FloatArray

#: Patterns times tests held at once, to bound memory.
BLOCK = 4_000_000


def holm(p: FloatArray) -> FloatArray:
    """Holm's (1979, Scand. J. Statistics 6:65-70) step-down p-values, shape (m,): family-wise error, any dependence.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03]))
    array([0.03, 0.06, 0.06])
    """
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate((p.size - np.arange(p.size)) * p[order])
    out = np.empty(p.size)
    out[order] = np.minimum(1.0, steps)
    return out


def benjamini_hochberg(p: FloatArray) -> FloatArray:
    """Benjamini & Hochberg's (1995, JRSS-B 57:289-300) step-up p-values, shape (m,): false discovery rate.

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03]))
    array([0.03, 0.04, 0.04])
    """
    order = np.argsort(p, kind="stable")
    steps = p.size / (1.0 + np.arange(p.size)) * p[order]
    out = np.empty(p.size)
    out[order] = np.minimum(1.0, np.minimum.accumulate(steps[::-1])[::-1])
    return out


def romano_wolf(values: FloatArray, patterns: FloatArray, *, complete: bool) -> FloatArray:
    """Step-down max-t p-values under joint sign flips (Romano & Wolf 2005, Econometrica 73:1237-1282).

    Parameters
    ----------
    values : ndarray, shape (N, D)
        One column a test, without NaN; each must vary. A flip turns the whole row, so dependence among tests is kept.
    patterns : ndarray, shape (B, N)
        Entries +1 and -1.
    complete : bool
        Whether `patterns` are all 2^N: p is then their share, else ``(1 + #) / (1 + B)``.

    Returns
    -------
    ndarray, shape (D,)
    """
    observed = _t(values.sum(axis=0), values)
    order = np.argsort(-observed, kind="stable")
    ordered = values[:, order]
    tested = observed[order] * (1.0 - 1e-12)
    hits = np.zeros(order.size)
    rows = max(1, BLOCK // values.shape[1])
    for start in range(0, len(patterns), rows):
        drawn = _t(patterns[start : start + rows] @ ordered, ordered)
        # Column k holds the largest of the tests not yet rejected when the k-th is judged.
        largest = np.maximum.accumulate(drawn[:, ::-1], axis=1)[:, ::-1]
        hits += (largest >= tested).sum(axis=0)
    share = hits / len(patterns) if complete else (1.0 + hits) / (1.0 + len(patterns))
    out = np.empty(order.size)
    out[order] = np.maximum.accumulate(share)
    return out


def _t(sums: FloatArray, values: FloatArray) -> FloatArray:
    """Absolute t of each column from its sum; flips leave the sum of squares as it is."""
    n = len(values)
    squares = (values**2).sum(axis=0)
    variance = np.maximum(squares - sums**2 / n, 1e-300) / (n - 1.0)
    return np.asarray(np.abs(sums) / np.sqrt(n * variance))
