"""Cyclic shifts of one contiguous sample: sums that end it, their rank, and the effects that the rank keeps."""

from __future__ import annotations

import numpy as np

from eventstudy._typing import FloatArray


def cyclic_sums(values: FloatArray, length: int) -> FloatArray:
    """Sums of the last `length` entries after every cyclic shift, shape (T,); entry 0 is the sample as it stands.

    Examples
    --------
    >>> cyclic_sums(np.array([1.0, 2.0, 4.0, 8.0]), 2).tolist()
    [12.0, 6.0, 3.0, 9.0]
    """
    wrapped = np.concatenate((values, values[: length - 1])) if length > 1 else values
    sums = np.lib.stride_tricks.sliding_window_view(wrapped, length).sum(axis=1)
    # `sums` begins with the window that starts at entry 0; the sample's own last window starts at T - length.
    return np.asarray(sums[np.arange(values.size - length, -length, -1)])


def shift_pvalue(sums: FloatArray) -> float:
    """Share of the shifts whose ``|sum|`` is at least that of entry 0, itself included: at least 1 / T.

    Examples
    --------
    >>> shift_pvalue(np.array([3.0, -4.0, 1.0, 0.0]))
    0.5
    """
    return float(np.count_nonzero(np.abs(sums) >= abs(sums[0])) / sums.size)


def kept_effects(sums: FloatArray, slopes: FloatArray, alpha: float) -> tuple[float, float]:
    """Effects c whose p, `shift_pvalue` of ``sums - c slopes``, exceeds `alpha`: the exact set, which is an interval.

    ``|sums_j - c slopes_j| >= |sums_0 - c slopes_0|`` holds between two effects on either side of
    ``sums_0 / slopes_0``, where the right side is zero. All T - 1 such intervals share that point, so p falls on
    both sides of it and the set ends at order statistics of their ends. A shift with a slope as steep as that of
    entry 0 is kept for every effect. Unbounded on both sides when ``1 / T`` exceeds alpha.

    Parameters
    ----------
    sums, slopes : ndarray, shape (T,)
        `cyclic_sums` of the residuals under no effect, and by how much they fall with each unit of the effect.
    """
    must = int(np.floor(alpha * sums.size + 1e-9))
    if must < 1 or slopes[0] == 0.0:
        return -np.inf, np.inf
    first, steep = sums[0], slopes[0]
    a, b = sums[1:], slopes[1:]
    # Rounding must not turn the same slope, added up in another order, into a smaller one.
    same = np.abs(b) >= abs(steep) * (1.0 - 1e-12)
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.stack(((first - a) / (steep - b), (first + a) / (steep + b)))
    low = np.where(same, -np.inf, ends.min(axis=0))
    high = np.where(same, np.inf, ends.max(axis=0))
    # An effect is kept when at least `must` of the other shifts reach it: with the identity that exceeds alpha T.
    if low.size < must:
        return first / steep, first / steep
    return float(np.partition(low, must - 1)[must - 1]), float(np.partition(high, -must)[-must])
