"""Adjusted p-values against statsmodels and by enumeration."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from eventstudy.kernels.multiplicity import benjamini_hochberg, holm, romano_wolf
from eventstudy.kernels.resample import all_sign_patterns, sign_patterns


@pytest.mark.parametrize("seed", range(4))
def test_holm_and_benjamini_hochberg_are_statsmodels(seed: int) -> None:
    p = np.random.default_rng(seed).random(15) ** 3
    p[3] = p[7]  # a tie
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1], rtol=1e-12)
    np.testing.assert_allclose(benjamini_hochberg(p), multipletests(p, method="fdr_bh")[1], rtol=1e-12)


def test_romano_wolf_by_enumeration() -> None:
    rng = np.random.default_rng(4)
    values = rng.standard_normal((7, 4)) + np.array([1.0, 0.4, 0.0, -0.2])

    def t(x: np.ndarray) -> np.ndarray:
        return np.asarray(np.abs(x.mean(axis=0)) / (x.std(axis=0, ddof=1) / np.sqrt(len(x))))

    observed = t(values)
    drawn = [t(values * np.array(s)[:, None]) for s in itertools.product((1.0, -1.0), repeat=7)]
    order = np.argsort(-observed)
    expected, before = np.empty(4), 0.0
    for k, column in enumerate(order):
        rest = order[k:]
        share = np.mean([one[rest].max() >= observed[column] - 1e-9 for one in drawn])
        before = max(before, float(share))
        expected[column] = before
    found = romano_wolf(values, all_sign_patterns(7), complete=True)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_one_test_alone_is_the_sign_flip_test_and_draws_come_near_it() -> None:
    values = np.random.default_rng(6).standard_normal((12, 1)) + 0.5
    exact = romano_wolf(values, all_sign_patterns(12), complete=True)[0]
    drawn, complete = sign_patterns(15, 4, np.random.default_rng(0))
    assert (drawn.shape, complete) == ((4, 15), False)
    random = np.random.default_rng(1).integers(0, 2, (4000, 12)) * 2.0 - 1.0
    # Monte Carlo standard error sqrt(p (1 - p) / B), four of them.
    margin = 4 * np.sqrt(exact * (1 - exact) / 4000) + 1 / 4000
    assert abs(romano_wolf(values, random, complete=False)[0] - exact) < margin
