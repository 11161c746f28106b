"""Ranks among placebo values: p-values that are never zero, and the intervals that invert them."""

from __future__ import annotations

import numpy as np

from eventstudy._typing import BoolArray, FloatArray


def rank_pvalue(value: float, placebo: FloatArray) -> float:
    """Two-sided ``(1 + #{|placebo| >= |value|}) / (1 + B)`` (Davison & Hinkley 1997; Phipson & Smyth 2010).

    Examples
    --------
    >>> rank_pvalue(2.0, np.array([1.0, -3.0, 0.5]))
    0.5
    """
    return float((1 + np.count_nonzero(np.abs(placebo) >= abs(value))) / (1 + placebo.size))


def upper_pvalue(value: float, placebo: FloatArray) -> float:
    """One-sided ``(1 + #{placebo >= value}) / (1 + B)``."""
    return float((1 + np.count_nonzero(placebo >= value)) / (1 + placebo.size))


def critical_value(placebo: FloatArray, alpha: float) -> float:
    """Largest ``|value|`` that `rank_pvalue` does not reject at `alpha`; inf when it can reject nothing.

    Inverting the test: an effect of size d is kept when ``|estimate - d| / scale`` does not exceed this.
    """
    k = int(np.floor(alpha * (1 + placebo.size) + 1e-12))
    if k < 1:
        return float("inf")
    return float(np.partition(np.abs(placebo), -k)[-k])


def smallest_pvalue(b: int) -> float:
    """Smallest value that a two-sided rank among `b` placebos can take, ``1 / (1 + b)``."""
    return 1.0 / (1.0 + b)


def window_sums(values: FloatArray, length: int) -> FloatArray:
    """Sums over every run of `length` consecutive entries along the last axis but keeping its order.

    Shape (..., T) becomes (..., T - length + 1); NaN where a window holds a NaN.
    """
    if length > values.shape[-1]:
        return np.empty((*values.shape[:-1], 0))
    return np.asarray(np.lib.stride_tricks.sliding_window_view(values, length, axis=-1).sum(axis=-1))


def local_rms(residuals: FloatArray, length: int) -> FloatArray:
    """Root mean square of the `length` entries before each position, shape (T,).

    NaN for the first `length` positions, where fewer than half of the entries exist, and where all are zero.

    Parameters
    ----------
    residuals : ndarray, shape (T,)
        NaN marks a missing session; it is left out of the mean.
    """
    out = np.full(residuals.size, np.nan)
    if residuals.size <= length:
        return out
    windows = np.lib.stride_tricks.sliding_window_view(residuals**2, length)[:-1]
    known = np.isfinite(windows)
    count = known.sum(axis=1)
    total = np.where(known, windows, 0.0).sum(axis=1)
    usable = (count >= length / 2) & (total > 0.0)
    out[length:] = np.where(usable, np.sqrt(total / np.maximum(count, 1)), np.nan)
    return out


def complete_windows(valid: BoolArray, length: int) -> BoolArray:
    """Whether each run of `length` consecutive sessions is valid throughout; shape (T - length + 1,)."""
    if length > valid.size:
        return np.zeros(0, dtype=bool)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(valid, length).all(axis=-1))
