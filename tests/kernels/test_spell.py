"""A stretch of raised variance: plain loops over all stretches, exact cases, coverage of the intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from eventstudy.kernels.spell import fade, find_spell, peak_range

FloatArray = NDArray[np.float64]


def chi(days: int, draws: int, seed: int) -> FloatArray:
    """Squared normal shocks."""
    return np.random.default_rng(seed).standard_normal((days, draws)) ** 2


def gain(values: FloatArray, first: int, last: int) -> float:
    """Twice the Gaussian log-likelihood gained by a common multiple (at least 1) on first..last."""
    part = values[first : last + 1]
    c = max(part.mean(), 1.0)
    return float(sum((m - math.log(1.0) - m / c) - math.log(c) for m in part))


@pytest.mark.parametrize("seed", range(5))
def test_spell_by_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(8) ** 2 * np.array([1, 5, 5, 5, 1, 1, 1, 1])
    values *= max(1.0, 9.0 / values.sum())
    undisturbed = chi(8, 199, seed + 100)
    found = find_spell(values, undisturbed, 0.05)
    stretches = [(i, j) for i in range(8) for j in range(i, 8)]
    best = max(stretches, key=lambda s: gain(values, *s))
    assert (found.start, found.end) == (best[0], best[1] + 1)
    assert found.multiple == pytest.approx(values[best[0] : best[1] + 1].mean(), rel=1e-12)
    short = []
    for b in range(199):
        path = undisturbed[:, b].copy()
        path[best[0] : best[1] + 1] *= found.multiple
        short.append(max(gain(path, *s) for s in stretches) - gain(path, *best))
    critical = np.quantile(short, 0.95)
    kept = [s for s in stretches if gain(values, *best) - gain(values, *s) <= critical + 1e-12]
    assert found.start_range == (min(s[0] for s in kept), max(s[0] for s in kept))
    assert found.end_range == (min(s[1] for s in kept) + 1, max(s[1] for s in kept) + 1)


def test_a_loud_spell_is_found_exactly() -> None:
    values = np.ones(12)
    values[2:6] = 500.0
    found = find_spell(values, chi(12, 499, 1), 0.05)
    assert (found.start, found.end, found.multiple) == (2, 6, 500.0)
    assert found.end_range[0] >= 3
    lasting = np.ones(12)
    lasting[3:] = 50.0
    assert find_spell(lasting, chi(12, 499, 1), 0.05).end == 12


def test_the_intervals_of_a_spell_cover_the_truth() -> None:
    rng, undisturbed = np.random.default_rng(3), chi(10, 499, 4)
    factor = np.ones(10)
    factor[1:6] = 6.0
    hits, tried = np.zeros(2), 0
    while tried < 300:
        values = rng.standard_normal(10) ** 2 * factor
        if values.sum() <= 18.31:  # the 5% point of chi-square(10): followed only when raised
            continue
        found, tried = find_spell(values, undisturbed, 0.05), tried + 1
        hits += [
            found.start_range[0] <= 1 <= found.start_range[1],
            found.end_range[0] <= 6 <= found.end_range[1],
        ]
    # Nominal 95% for both ends together; three Monte Carlo errors and the selection of raised windows below that.
    assert (hits / tried >= 0.90).all()


def test_fade_by_loop() -> None:
    days = np.arange(10)
    values = 1.0 + 30.0 * 0.5 ** (days / 2.0)
    found = fade(values, chi(10, 299, 5), 0.05)
    lives = [*np.geomspace(0.5, 20.0, 24), math.inf]
    excess = np.geomspace(0.1, 100.0, 24)

    def objective(life: float, a: float, m: FloatArray) -> float:
        v = [1.0 + a * 0.5 ** (k / life) for k in range(10)]
        return -sum(math.log(x) + y / x for x, y in zip(v, m, strict=True))

    best = {life: max(objective(life, a, values) for a in excess) for life in lives}
    top = max(best, key=lambda life: best[life])
    assert found.half_life == pytest.approx(top, rel=1e-12)
    assert found.half_life == pytest.approx(2.0, rel=0.2)  # the grid's step
    assert found.low <= 2.0 <= found.high
    assert fade(np.full(10, 20.0), chi(10, 299, 5), 0.05).high == math.inf


def test_peak_by_loop() -> None:
    rng, undisturbed = np.random.default_rng(8), chi(6, 299, 9)
    for _ in range(5):
        values = rng.standard_normal(6) ** 2 * np.array([1, 400, 1, 1, 1, 1])
        at, low, high = peak_range(values, undisturbed, 0.05)
        kept = [
            k for k in range(6)
            if max(values) / values[k] <= np.quantile(undisturbed.max(axis=0) / undisturbed[k], 0.95)
        ]  # fmt: skip
        assert at == int(np.argmax(values))
        assert (low, high) == (min([*kept, at]), max([*kept, at]))
