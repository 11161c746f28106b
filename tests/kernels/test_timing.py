"""Sessions read off a path: plain loops, exact cases, and the coverage of their intervals."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from eventstudy.kernels.timing import Timing, exit_time, peak_time, share_time

FloatArray = NDArray[np.float64]
DRAWS = 999


def noise_of(k: int, seed: int, sd: float = 1.0) -> FloatArray:
    """Running sums of independent normal days."""
    return sd * np.random.default_rng(seed).standard_normal((k, DRAWS)).cumsum(axis=0)


@pytest.mark.parametrize(
    ("path", "half", "ninety", "peak"),
    [
        ([9.0, 9.0, 9.0, 9.0], 0, 0, 0),  # instant
        ([2.0, 4.5, 6.5, 8.0], 1, 3, 3),  # spread evenly
        ([-8.0, -12.0, -9.0, -8.0], 0, 0, 1),  # overshoot, downwards
        ([1.0, 5.5, 9.5, 10.0], 1, 2, 3),
    ],
)
def test_without_noise_the_sessions_are_exact(path: list[float], half: int, ninety: int, peak: int) -> None:
    noise = noise_of(4, 1, sd=1e-9)
    values = np.array(path)
    assert share_time(values, noise, 0.5, 0.05) == Timing(half, half, half)
    assert share_time(values, noise, 0.9, 0.05).at == ninety
    assert peak_time(values, noise, 0.05).at == peak
    assert exit_time(values, noise, 0.05) == Timing(0, 0, 0)


def share_by_loop(path: FloatArray, noise: FloatArray, share: float, alpha: float) -> tuple[int, int, int]:
    """The definition, session by session."""
    sign, last = np.sign(path[-1]), len(path) - 1
    lead = [sign * (path[k] - share * path[-1]) for k in range(last + 1)]
    at = next(k for k in range(last + 1) if lead[k] >= 0)
    kept = [at]
    for k in range(last + 1):
        chance = np.sort(sign * (noise[k] - share * noise[-1]))
        if k < last and lead[k] < np.quantile(chance, alpha / 2):
            continue  # the share has clearly not come yet
        if k and lead[k - 1] > np.quantile(sign * (noise[k - 1] - share * noise[-1]), 1 - alpha / 2):
            continue  # it clearly came before
        kept.append(k)
    return at, min(kept), max(kept)


def peak_by_loop(path: FloatArray, noise: FloatArray, alpha: float) -> tuple[int, int, int]:
    sign, n = np.sign(path[-1]), len(path)
    at = max(range(n), key=lambda k: sign * path[k])
    kept = [at]
    for k in range(n):
        others = [j for j in range(n) if j != k]
        spread = {j: (noise[j] - noise[k]).std() for j in others}
        own = max(sign * (path[j] - path[k]) / spread[j] for j in others)
        chance = [max(sign * (noise[j, b] - noise[k, b]) / spread[j] for j in others) for b in range(noise.shape[1])]
        if own <= np.quantile(chance, 1 - alpha):
            kept.append(k)
    return at, min(kept), max(kept)


@pytest.mark.parametrize("seed", range(6))
def test_intervals_by_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    path = (rng.standard_normal(7) + rng.choice([-1, 1]) * np.array([3, 2, 0, 0, 0, 0, 0])).cumsum()
    noise = noise_of(7, seed + 50)[:, :199]
    for share in (0.5, 0.9):
        found = share_time(path, noise, share, 0.05)
        assert (found.at, found.low, found.high) == share_by_loop(path, noise, share, 0.05)
    found = peak_time(path, noise, 0.05)
    assert (found.at, found.low, found.high) == peak_by_loop(path, noise, 0.05)


@pytest.mark.parametrize(
    ("truth", "half", "ninety"),
    [(np.array([6.0] + [0.0] * 9), 0, 0), (np.array([1.5] * 5 + [0.0] * 5), 2, 4)],
    ids=["instant", "five days"],
)
def test_intervals_cover_the_truth(truth: FloatArray, half: int, ninety: int) -> None:
    noise, rng = noise_of(10, 3), np.random.default_rng(4)
    hits = np.zeros(2)
    for _ in range(400):
        path = (truth + rng.standard_normal(10)).cumsum()
        for i, (share, true) in enumerate(((0.5, half), (0.9, ninety))):
            found = share_time(path, noise, share, 0.05)
            hits[i] += found.low <= true <= found.high
    # Two tests at 2.5% each keep the truth with at least 95%; three Monte Carlo standard errors below that is 91.7%.
    assert (hits / 400 >= 0.917).all()


def test_undisturbed_paths_leave_their_band_with_the_stated_probability() -> None:
    noise, rng = noise_of(10, 5), np.random.default_rng(6)
    left = [exit_time(rng.standard_normal(10).cumsum(), noise, 0.05) for _ in range(1000)]
    share = np.mean([t.at >= 0 for t in left])
    # Binomial error of 1,000 paths and of a 95% quantile from 999 draws: sd about 1%.
    assert 0.02 <= share <= 0.085
    assert all((t.low, t.high) == (0, 9 if t.at < 0 else t.at) for t in left)
