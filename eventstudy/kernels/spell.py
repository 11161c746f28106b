"""A stretch of raised variance in a short run of multipliers: where it lies, how it fades, which days are kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eventstudy._typing import FloatArray

#: Half-lives and first-day excesses among which a fading variance is looked for.
HALF_LIVES, EXCESSES = 24, 24


@dataclass(frozen=True, slots=True)
class Spell:
    """Days ``start..end - 1`` (positions) with `multiple` times the variance expected; each with its kept range.

    ``end = L`` says that the spell lasts to the end of what is known.
    """

    start: int
    end: int
    multiple: float
    start_range: tuple[int, int]
    end_range: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Fade:
    """Half-life of an excess that fades geometrically from the first day on, in days; inf: it does not fade."""

    half_life: float
    low: float
    high: float


def find_spell(multipliers: FloatArray, undisturbed: FloatArray, alpha: float) -> Spell:
    """The stretch of days whose common multiple of the expected variance fits best.

    Parameters
    ----------
    multipliers : ndarray, shape (L,)
        Squared residual over expected variance; their sum exceeds L.
    undisturbed : ndarray, shape (L, B)
        The same along simulated paths.

    Notes
    -----
    Gaussian quasi-likelihood: n days with sum S gain ``S - n - n ln(S/n)`` over no change, where S > n. A stretch is
    kept unless its shortfall from the best exceeds the ``1 - alpha`` quantile that the true stretch shows in simulated
    paths whose variance is multiplied as estimated (Siegmund 1988, JASA 83:465-474, for the idea).
    """
    gains = _gains(multipliers[:, None])[..., 0]
    start, last = (int(i) for i in np.unravel_index(int(np.argmax(gains)), gains.shape))
    end = last + 1
    multiple = float(multipliers[start:end].mean())
    factor = np.ones(multipliers.size)
    factor[start:end] = multiple
    simulated = undisturbed * factor[:, None]
    best, own = _best_and_one(simulated, start, last)
    proper = np.triu(np.ones(gains.shape, dtype=bool))  # a stretch ends no earlier than it starts
    kept = (gains[start, last] - gains <= np.quantile(best - own, 1.0 - alpha)) & proper
    kept_start, kept_last = np.nonzero(kept)
    return Spell(
        start, end, multiple, (int(kept_start.min()), int(kept_start.max())),
        (int(kept_last.min()) + 1, int(kept_last.max()) + 1),
    )  # fmt: skip


def _row(sums: FloatArray, start: int) -> FloatArray:
    """Gains of the stretches from `start` on, shape (L - start, B); `sums` has shape (L + 1, B)."""
    total = sums[start + 1 :] - sums[start]
    n = np.arange(1.0, total.shape[0] + 1.0)[:, None]
    ratio = np.maximum(total / n, 1.0)
    return np.asarray(n * (ratio - 1.0 - np.log(ratio)))


def _gains(values: FloatArray) -> FloatArray:
    """Gain of every stretch, shape (L, L, B): first day, last day."""
    size = values.shape[0]
    sums = np.concatenate((np.zeros((1, values.shape[1])), values.cumsum(axis=0)))
    out = np.zeros((size, size, values.shape[1]))
    for start in range(size):
        out[start, start:] = _row(sums, start)
    return out


def _best_and_one(values: FloatArray, start: int, last: int) -> tuple[FloatArray, FloatArray]:
    """Largest gain of each path and its gain on one stretch, without holding all of them."""
    sums = np.concatenate((np.zeros((1, values.shape[1])), values.cumsum(axis=0)))
    best = np.zeros(values.shape[1])
    own = best
    for s in range(values.shape[0]):
        gains = _row(sums, s)
        best = np.maximum(best, gains.max(axis=0))
        if s == start:
            own = gains[last - s]
    return best, own


def fade(multipliers: FloatArray, undisturbed: FloatArray, alpha: float) -> Fade:
    """Half-life of the excess variance, if it faded geometrically from the first day on.

    Quasi-likelihood over a grid of half-lives (and none: the excess stays) and first-day excesses; a half-life is kept
    as in `find_spell`. Parameters as there.
    """
    size = multipliers.size
    lives = np.append(np.geomspace(0.5, 2.0 * size, HALF_LIVES), np.inf)
    excess = np.geomspace(0.1, 100.0, EXCESSES)
    decay = 0.5 ** (np.arange(size) / lives[:, None])
    variance = 1.0 + excess[None, :, None] * decay[:, None, :]
    grid = variance.reshape(-1, size)
    offset = np.log(grid).sum(axis=1)

    def fit(values: FloatArray) -> FloatArray:
        """Best objective of every half-life, shape (lives, B)."""
        objective = -(offset[:, None] + (1.0 / grid) @ values)
        return np.asarray(objective.reshape(lives.size, excess.size, -1).max(axis=1))

    own = fit(multipliers[:, None])[:, 0]
    at = int(np.argmax(own))
    losses = offset + (1.0 / grid) @ multipliers
    first = int(np.argmin(losses.reshape(lives.size, excess.size)[at]))
    simulated = fit(undisturbed * variance[at, first][:, None])
    shortfall = simulated.max(axis=0) - simulated[at]
    kept = lives[own.max() - own <= np.quantile(shortfall, 1.0 - alpha)]
    return Fade(float(lives[at]), float(kept.min()), float(kept.max()))


def peak_range(multipliers: FloatArray, undisturbed: FloatArray, alpha: float) -> tuple[int, int, int]:
    """Position of the largest multiplier, and first and last position that may have had the largest variance.

    A day is kept unless some other multiplier exceeds its own by a factor that undisturbed paths show there in at most
    a share alpha of cases.
    """
    tiny = np.finfo(np.float64).tiny
    own = multipliers.max() / np.maximum(multipliers, tiny)
    chance = undisturbed.max(axis=0) / np.maximum(undisturbed, tiny)
    kept = np.flatnonzero(own <= np.quantile(chance, 1.0 - alpha, axis=1))
    at = int(np.argmax(multipliers))
    return at, min(at, int(kept.min(initial=at))), max(at, int(kept.max(initial=at)))
