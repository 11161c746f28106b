"""Ranks among placebo values: p-values that are never zero, and the intervals that invert them."""

from __future__ import annotations

import math

import numpy as np

from eventstudy._typing import Alternative, BoolArray, FloatArray, IntArray


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


def fewest_paths(alpha: float, tails: int) -> int:
    """Fewest paths whose rank, doubled for two tails, can be at most `alpha`.

    Examples
    --------
    >>> fewest_paths(0.05, 1), fewest_paths(0.05, 2)
    (19, 39)
    """
    return math.ceil(tails / alpha - 1e-9) - 1


def window_sums(values: FloatArray, length: int) -> FloatArray:
    """Sums over every run of `length` consecutive entries along the last axis but keeping its order.

    Shape (..., T) becomes (..., T - length + 1); NaN where a window holds a NaN.
    """
    if length > values.shape[-1]:
        return np.empty((*values.shape[:-1], 0))
    return np.asarray(np.lib.stride_tricks.sliding_window_view(values, length, axis=-1).sum(axis=-1))


def local_rms(residuals: FloatArray, length: int) -> FloatArray:
    """Root mean square of the `length` entries before each position of the last axis, shape (..., T).

    NaN for the first `length` positions, where fewer than half of the entries exist, and where all are zero.

    Parameters
    ----------
    residuals : ndarray, shape (..., T)
        NaN marks a missing session; it is left out of the mean.
    """
    out = np.full(residuals.shape, np.nan)
    if residuals.shape[-1] <= length:
        return out
    windows = np.lib.stride_tricks.sliding_window_view(residuals**2, length, axis=-1)[..., :-1, :]
    known = np.isfinite(windows)
    count = known.sum(axis=-1)
    total = np.where(known, windows, 0.0).sum(axis=-1)
    usable = (count >= length / 2) & (total > 0.0)
    out[..., length:] = np.where(usable, np.sqrt(total / np.maximum(count, 1)), np.nan)
    return out


def successive_rms(values: FloatArray, length: int) -> FloatArray:
    """Standard deviation by successive differences, ``sqrt(mean (x_t - x_{t-1})^2 / 2)``, of every run of `length`.

    Shape (T,) becomes (T - length + 1,); NaN where a run holds a NaN. A level common to the run does not enter, one
    that changes inside it only by that change (von Neumann et al. 1941, Ann. Math. Stat. 12:153-162).

    Examples
    --------
    >>> successive_rms(np.array([1.0, 3.0, 3.0, 5.0]), 3).tolist()
    [1.0, 1.0]
    """
    return np.asarray(np.sqrt(window_sums(np.diff(values) ** 2, length - 1) / (2.0 * (length - 1))))


def complete_windows(valid: BoolArray, length: int) -> BoolArray:
    """Whether each run of `length` consecutive sessions is valid throughout; shape (..., T - length + 1)."""
    if length > valid.shape[-1]:
        return np.zeros((*valid.shape[:-1], 0), dtype=bool)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(valid, length, axis=-1).all(axis=-1))


#: With more units than this all sign patterns are too many: they are drawn.
MOST_ENUMERATED = 14


def lower_pvalue(value: float, placebo: FloatArray) -> float:
    """One-sided ``(1 + #{placebo <= value}) / (1 + B)``."""
    return float((1 + np.count_nonzero(placebo <= value)) / (1 + placebo.size))


def sided_pvalue(value: float, placebo: FloatArray, alternative: Alternative) -> float:
    """``less``: lower tail, ``greater``: upper tail, ``two-sided``: by absolute values, see `rank_pvalue`."""
    if alternative == "less":
        return lower_pvalue(value, placebo)
    return upper_pvalue(value, placebo) if alternative == "greater" else rank_pvalue(value, placebo)


def doubled_pvalue(value: float, placebo: FloatArray) -> float:
    """Twice the smaller one-sided p, at most 1: the two-sided form that allows for skewness."""
    return min(1.0, 2.0 * min(lower_pvalue(value, placebo), upper_pvalue(value, placebo)))


def all_sign_patterns(n: int) -> FloatArray:
    """Every pattern of +1 and -1, shape (2^n, n); the first is all +1.

    Examples
    --------
    >>> all_sign_patterns(2).tolist()
    [[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]]
    """
    bits = (np.arange(2**n)[:, None] >> np.arange(n)[None, :]) & 1
    return np.asarray(1.0 - 2.0 * bits)


def sign_patterns(n: int, draws: int, rng: np.random.Generator) -> tuple[FloatArray, bool]:
    """All patterns for n <= 14, else `draws` Rademacher ones; and whether they are all."""
    if n <= MOST_ENUMERATED:
        return all_sign_patterns(n), True
    return np.asarray(rng.integers(0, 2, size=(draws, n)) * 2.0 - 1.0), False


def group_sums(values: FloatArray, groups: IntArray) -> FloatArray:
    """Sums of `values`, shape (N,) or (N, D), over the pairs of each group, shape (G,) or (G, D)."""
    _, label = np.unique(groups, return_inverse=True)
    out = np.zeros((int(label.max()) + 1, *values.shape[1:]))
    np.add.at(out, label, values)
    return out


def sign_flip_pvalue(sums: FloatArray, patterns: FloatArray, *, complete: bool) -> float:
    """Two-sided p of ``|sum|`` among sign flips of the units: the wild bootstrap with the null imposed.

    Share of the patterns when they are `complete` (the observed one is among them), else
    ``(1 + #) / (1 + B)`` (Wu 1986; Liu 1988; Cameron, Gelbach & Miller 2008).
    """
    observed = abs(sums.sum())
    # The same sum added up in another order differs by rounding: it must count as equal.
    hits = int(np.count_nonzero(np.abs(patterns @ sums) >= observed - 1e-12 * np.abs(sums).sum()))
    return hits / len(patterns) if complete else (1 + hits) / (1 + len(patterns))


def stationary_sums(
    series: FloatArray, length: int, draws: int, restart: float, rng: np.random.Generator
) -> FloatArray:
    """Sums of `length` consecutive entries of stationary-bootstrap series, shape (draws,).

    Blocks start anywhere, run on around the end, and end after each entry with probability `restart`
    (Politis & Romano 1994, JASA 89:1303-1313).
    """
    n = series.size
    at = rng.integers(0, n, draws)
    total = series[at].copy()
    for _ in range(length - 1):
        at = np.where(rng.random(draws) < restart, rng.integers(0, n, draws), (at + 1) % n)
        total += series[at]
    return np.asarray(total)


def stationary_bootstrap_variance(series: FloatArray, restart: float) -> float:
    """Variance of ``sqrt(n) mean*`` under the stationary bootstrap, in closed form.

    ``R(0) + 2 sum_i [(1 - i/n)(1-p)^i + (i/n)(1-p)^(n-i)] R(i)``, p = `restart`, R the autocovariances with divisor n
    (Politis & Romano 1994, Lemma 1).
    """
    n = series.size
    centred = series - series.mean()
    covariance = np.correlate(centred, centred, mode="full")[n - 1 :] / n
    lag = np.arange(1, n)
    stay = 1.0 - restart
    weights = (1.0 - lag / n) * stay**lag + lag / n * stay ** (n - lag)
    return float(covariance[0] + 2.0 * (weights * covariance[1:]).sum())
