"""When along a path something happened, with the sessions that a test does not reject."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eventstudy._typing import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class Timing:
    """A position on a path of K sessions.

    Attributes
    ----------
    at : int
        Position, 0..K-1; -1 where there is none.
    low, high : int
        First and last position that the test keeps; `at` lies between them.
    """

    at: int
    low: int
    high: int


def share_time(path: FloatArray, noise: FloatArray, share: float, alpha: float) -> Timing:
    """First position at which `share` of the path's final value is reached.

    Parameters
    ----------
    path : ndarray, shape (K,)
        Running sum; its last value is not zero.
    noise : ndarray, shape (K, B)
        Running sums of undisturbed paths.

    Notes
    -----
    ``D_k = CAR_k - share CAR_K`` in the direction of the whole. Position k is kept unless D_k is too negative (the
    share has not come yet) or D_{k-1} too positive (it came before), each at alpha / 2 of the simulated D.
    """
    sign = np.sign(path[-1])
    reached, chance = sign * (path - share * path[-1]), sign * (noise - share * noise[-1])
    low, high = np.quantile(chance, [alpha / 2.0, 1.0 - alpha / 2.0], axis=1)
    # At the last session the share is reached whatever the noise: rounding must not say otherwise.
    kept = reached >= low
    kept[-1] = True
    kept[1:] &= reached[:-1] <= high[:-1]
    return _timing(int(np.argmax(reached >= 0.0)), kept)


def peak_time(path: FloatArray, noise: FloatArray, alpha: float) -> Timing:
    """Position of the path's largest value in the direction of its final value.

    Position k is kept unless some other session lies so far above it that the largest standardised lead of
    undisturbed paths over their own session k reaches it with probability alpha at most.
    """
    sign = np.sign(path[-1])
    lead, chance = sign * (path[None, :] - path[:, None]), sign * (noise[None, :] - noise[:, None])
    scale = chance.std(axis=2)
    np.fill_diagonal(scale, np.inf)
    scale = np.where(scale > 0.0, scale, np.inf)
    critical = np.quantile((chance / scale[..., None]).max(axis=1), 1.0 - alpha, axis=1)
    return _timing(int(np.argmax(sign * path)), (lead / scale).max(axis=1) <= critical)


def exit_time(path: FloatArray, noise: FloatArray, alpha: float) -> Timing:
    """First position at which the path leaves the band that a share `alpha` of undisturbed paths leave anywhere.

    What moves a path may have begun at any session up to there, so `low` is 0; a path that never leaves has no
    such position (`at` = -1) and `high` is the last one.
    """
    scale = noise.std(axis=1)
    scale = np.where(scale > 0.0, scale, np.inf)
    critical = np.quantile(np.abs(noise / scale[:, None]).max(axis=0), 1.0 - alpha)
    out = np.flatnonzero(np.abs(path / scale) > critical)
    return Timing(int(out[0]), 0, int(out[0])) if out.size else Timing(-1, 0, path.size - 1)


def _timing(at: int, kept: BoolArray) -> Timing:
    positions = np.append(np.flatnonzero(kept), at)
    return Timing(at, int(positions.min()), int(positions.max()))
