"""Ranks and signs: tests across pairs that do not need normal responses.

Arrays are (N, T): pairs by sessions of the estimation and event windows, or (N,) for sums over a window. `known`
marks what exists; every function leaves the rest out.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from eventstudy._typing import BoolArray, FloatArray, IntArray
from eventstudy.kernels.stats import Inapplicable, Stat

#: More non-zero pairs than this make the exact Wilcoxon law slow, and the normal one good.
MOST_EXACT = 80


def average_ranks(values: FloatArray, known: BoolArray) -> FloatArray:
    """Ranks 1..n within each row, ties averaged, shape (N, T); NaN where not known.

    Examples
    --------
    >>> average_ranks(np.array([[3.0, 1.0, 1.0, 9.0]]), np.array([[True, True, True, False]]))
    array([[3. , 1.5, 1.5, nan]])
    """
    ranks = stats.rankdata(np.where(known, values, np.inf), method="average", axis=1)
    return np.asarray(np.where(known, ranks, np.nan))


def rank_scores(values: FloatArray, known: BoolArray) -> FloatArray:
    """``rank / (1 + n_i) - 1/2``, shape (N, T); NaN where not known (Corrado & Zivney 1992, JFQA 27:465-478)."""
    n = known.sum(axis=1, keepdims=True)
    return np.asarray(average_ranks(values, known) / (1.0 + n) - 0.5)


def sign_scores(values: FloatArray, known: BoolArray) -> FloatArray:
    """``sign(AR - median)``, the median over all known sessions of the row, shape (N, T) (Corrado & Zivney 1992)."""
    any_known = known.any(axis=1, keepdims=True)
    held = np.where(known | ~any_known, np.where(any_known, values, 0.0), np.nan)
    return np.asarray(np.where(known, np.sign(values - np.nanmedian(held, axis=1, keepdims=True)), np.nan))


def pooled_scores(scores: FloatArray) -> FloatArray:
    """``sum over pairs / sqrt(number of pairs)`` per session, shape (T,); NaN where no pair has a score."""
    known = np.isfinite(scores)
    count = known.sum(axis=0)
    total = np.where(known, scores, 0.0).sum(axis=0)
    return np.asarray(np.where(count > 0, total / np.sqrt(np.maximum(count, 1)), np.nan))


def day_score_z(pooled: FloatArray, window: slice) -> Stat | Inapplicable:
    """``sum_w D / (sqrt(L) sqrt(mean D^2))``, normal; the mean over all sessions that have a score.

    Over several days it is Cowan (1992) and Campbell & Wasley (1993); over one, Corrado (1989) and Corrado & Zivney
    (1992), according to the scores.
    """
    everything = pooled[np.isfinite(pooled)]
    days = pooled[window][np.isfinite(pooled[window])]
    if days.size == 0:
        return Inapplicable("no session of the window has a score")
    spread = np.sqrt((everything**2).mean())
    if not spread > 1e-12:
        return Inapplicable("the scores do not vary over estimation and event windows")
    return Stat(float(days.sum() / (np.sqrt(days.size) * spread)))


def grank_scores(standardised: FloatArray, known: BoolArray, event: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Demeaned standardised ranks of the estimation sessions and of the one event point.

    Parameters
    ----------
    standardised : ndarray, shape (N, T)
        Estimation residuals over their standard deviation.
    known : ndarray, shape (N, T)
    event : ndarray, shape (N,)
        ``SCAR / sd(SCAR)``: the whole window counts as one point.

    Returns
    -------
    ndarray, shape (N, T); ndarray, shape (N,)
        ``rank / (M_i + 2) - 1/2`` among the M_i + 1 points of a pair; NaN where not known.
    """
    everything = np.concatenate((standardised, event[:, None]), axis=1)
    there = np.concatenate((known, np.ones((event.size, 1), dtype=bool)), axis=1)
    scores = rank_scores(everything, there)
    return scores[:, :-1], scores[:, -1]


def grank_t(estimation: FloatArray, event: FloatArray) -> Stat | Inapplicable:
    """Generalized rank t of scores from `grank_scores`, t(T - 2) (Kolari & Pynnonen 2011, J. Emp. Finance 18:953-971).

    ``Z = U_0 / sqrt(T^-1 sum (n_t / n) U_t^2)`` over the m estimation sessions and the event point, T = m + 1, and
    ``t = Z sqrt((T - 2) / (T - 1 - Z^2))``.
    """
    known = np.isfinite(estimation)
    count = known.sum(axis=0)
    sessions = int((count > 0).sum()) + 1
    if sessions < 4:
        return Inapplicable(f"{sessions - 1} estimation sessions: t(T - 2) needs at least 3")
    mean = np.where(known, estimation, 0.0).sum(axis=0) / np.maximum(count, 1)
    own = event.mean()
    variance = ((count / event.size * mean**2).sum() + own**2) / sessions
    if not variance > 0.0:
        return Inapplicable("the ranks do not vary")
    z = own / np.sqrt(variance)
    return Stat(float(z * np.sqrt((sessions - 2.0) / (sessions - 1.0 - z**2))), float(sessions - 2))


def grank_z(event: FloatArray, points: IntArray) -> Stat:
    """``U_0 / sqrt(N^-2 sum (T_i - 1) / (12 (T_i + 1)))``, normal; `points` are the T_i = M_i + 1 of each pair."""
    variance = ((points - 1.0) / (12.0 * (points + 1.0))).sum() / event.size**2
    return Stat(float(event.mean() / np.sqrt(variance)))


def sign_z(positive: int, n: int, share: float = 0.5) -> Stat | Inapplicable:
    """``(w - N p) / sqrt(N p (1 - p))``, normal; p one half, or Cowan's (1992) share from the estimation window."""
    if n < 1:
        return Inapplicable("needs at least 1 pair, there is 0")
    if not 0.0 < share < 1.0:
        return Inapplicable(f"{share:.0%} of the estimation residuals are positive: the binomial law has no spread")
    return Stat(float((positive - n * share) / np.sqrt(n * share * (1.0 - share))))


def sign_exact_pvalue(positive: int, n: int) -> float:
    """Two-sided binomial p of `positive` successes in `n` at one half."""
    tail = stats.binom.cdf(min(positive, n - positive), n, 0.5)
    return float(min(1.0, 2.0 * tail))


def signed_ranks(values: FloatArray) -> FloatArray:
    """Ranks of the absolute values with the sign of each, zeros dropped, ties averaged."""
    moving = values[values != 0.0]
    return np.asarray(stats.rankdata(np.abs(moving)) * np.sign(moving))


def wilcoxon_z(values: FloatArray) -> Stat | Inapplicable:
    """Wilcoxon's (1945) signed-rank z, corrected for ties, without continuity correction."""
    ranks = signed_ranks(values)
    if ranks.size == 0:
        return Inapplicable("every value is zero: nothing to rank")
    # Under the null the sum of signed ranks has mean zero and variance sum r^2, ties included.
    return Stat(float(ranks.sum() / np.sqrt((ranks**2).sum())))


def wilcoxon_exact(values: FloatArray) -> tuple[float, float, float] | Inapplicable:
    """Sum of positive ranks, two-sided p (twice the smaller tail) and smallest possible p, over all sign patterns.

    The law of the sum is convolved rank by rank on half-integers, so ties need no correction.
    """
    ranks = signed_ranks(values)
    if ranks.size == 0:
        return Inapplicable("every value is zero: nothing to rank")
    if ranks.size > MOST_EXACT:
        return Inapplicable(f"{ranks.size} pairs: the exact law is for at most {MOST_EXACT}, take wilcoxon_z")
    doubled = np.rint(2.0 * np.abs(ranks)).astype(np.int64)
    law = np.ones(1)
    for step in doubled:
        moved = np.zeros(law.size + step)
        moved[: law.size] += 0.5 * law
        moved[step:] += 0.5 * law
        law = moved
    statistic = float(ranks[ranks > 0.0].sum())
    at = int(np.rint(2.0 * statistic))
    p = 2.0 * min(law[: at + 1].sum(), law[at:].sum())
    return statistic, float(min(1.0, p)), float(min(1.0, 2.0 * law[0]))
