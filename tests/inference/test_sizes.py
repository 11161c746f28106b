"""The measured table behind the advice: complete, reproducible, equal to independent simulations, and said."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import eventstudy as es
from eventstudy.inference.advice import advise
from eventstudy.inference.base import PANEL_STATISTICS, residual_correlations
from eventstudy.inference.sizes import WORDS, looks_at_variance, measured_sizes, size_of, size_words
from tests.inference.panels import OFFSETS, abnormal_of

ORACLE = Path(__file__).parents[2].parent / "shared" / "oracle" / "expected" / "size_power.json"
#: They forecast the variance of every pair: docs/calibration/garch_panel.py measures them on longer windows.
FORECAST = ("savickas_t", "bgw_garch_cav", "bgw_garch_chi2", "bgw_garch_chi2_unbiased")
TESTS = tuple(e.key for e in PANEL_STATISTICS if not e.facts["null"].startswith("none") and e.key not in FORECAST)
PAIRS = (1, 5, 12, 50)


def test_every_test_across_pairs_was_measured_in_every_world() -> None:
    missing = {(k, w, n) for k in TESTS for w in WORDS for n in PAIRS} - set(measured_sizes())
    assert not missing, "run `python docs/make_calibration.py --only panel`"
    page = (Path(__file__).parents[2] / "docs" / "reference" / "calibration-garch_panel.md").read_text(encoding="utf-8")
    assert all(page.count(f"|`{key}`|") == 4 for key in FORECAST)


@pytest.mark.parametrize(("world", "n"), [("doubled_variance", 5), ("correlated", 12)])
def test_cells_come_out_again_with_another_seed(world: str, n: int) -> None:
    keys = ("cs_t", "patell_z", "bmp_t", "kp_bmp_calendar", "corrado_zivney", "placebo", "sign_z", "bw_crude_t")
    for cell in es.calibrate(keys, world, n=n, m=120, reps=300, seed=99):
        known = measured_sizes()[cell.method, world, n]
        # Four standard errors of a difference of two simulations.
        assert abs(cell.rate - known.rate) < 4.0 * math.hypot(cell.mc_se, known.mc_se), cell.method


@pytest.mark.skipif(not ORACLE.is_file(), reason="needs ../shared/oracle")
def test_table_agrees_with_twenty_thousand_samples_of_another_program() -> None:
    reference = json.loads(ORACLE.read_text(encoding="utf-8"))
    worlds = {"null": "iid_normal", "variance_doubles": "doubled_variance", "equicorrelation_0_2": "correlated"}
    names = {
        "kp_bmp": "kp_bmp_calendar", "sign_exact_normal": "sign_z", "bgw_M_paper": "bgw_chi2",
        "bgw_M_unbiased": "bgw_chi2_unbiased",
    }  # fmt: skip
    compared = 0
    for theirs, world in worlds.items():
        for name, rate in reference[theirs]["monte_carlo"].items():
            ours = measured_sizes()[names.get(name, name), world, 12]
            error = math.hypot(ours.mc_se, math.sqrt(rate * (1.0 - rate) / 20_000))
            # Thirty-three comparisons: four standard errors are left once in five hundred runs.
            assert abs(ours.rate - rate) < 4.0 * error, (name, world, ours.rate, rate)
            compared += 1
    assert compared == 33


def test_nearest_number_of_pairs_by_ratio() -> None:
    assert size_of("cs_t", "iid_normal", 7).n == 5  # type: ignore[union-attr]
    assert size_of("cs_t", "iid_normal", 9).n == 12  # type: ignore[union-attr]
    assert size_of("cs_t", "iid_normal", 1).n == 5  # type: ignore[union-attr]  # it refuses one pair
    assert size_of("cs_t", "moon", 5) is None


def design(n: int, *, shared: bool, fat: bool) -> es.Advice:
    """Advice on simulated estimation windows: a common date and shock or dates of their own, fat tails or normal."""
    rng = np.random.default_rng(41)
    own = rng.standard_normal((n, OFFSETS.size))
    own = own**3 / math.sqrt(15.0) if fat else own
    common = rng.standard_normal(OFFSETS.size) if shared else 0.0
    abnormal = abnormal_of(0.01 * (own + common), start=0 if shared else 200)
    return advise(abnormal, 1 if shared else n, residual_correlations(abnormal)[0])


@pytest.mark.parametrize("n", [2, 5, 8, 12, 50])
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("fat", [False, True])
def test_a_statistic_whose_size_is_off_in_this_world_is_named_with_its_size(n: int, shared: bool, fat: bool) -> None:
    advice = design(n, shared=shared, fat=fat)
    said = dict(advice.distrust)
    # A shared normal shock thins the tails of what is measured; the estimation window decides.
    tails = advice.facts["kurtosis"] > 2.0
    assert tails == fat or shared
    worlds = ["iid_normal", "doubled_variance", *(["correlated"] if shared else []), *(["t4"] if tails else [])]
    for key in TESTS:
        sizes = [size_of(key, w, n) for w in worlds if not (w == "doubled_variance" and looks_at_variance(key))]
        off = [s for s in sizes if s is not None and s.off > 0]
        if off:
            worst = max(off, key=lambda s: s.rate)
            assert f"{worst.rate:.0%} instead of 5% under {WORDS[worst.world]}" in said[key], key
    assert advice.trust not in said
    assert ("cs_t" in said) == shared or "variances differ" in said["cs_t"]


def test_one_pair_is_told_about_its_own_statistics() -> None:
    advice = design(1, shared=False, fat=True)
    assert advice.trust == "verdict"
    assert {key for key, _ in advice.distrust} <= {"sq_raw", "t_fe", "sq"}


def test_words_of_the_listing() -> None:
    assert "rejects too often under an event that doubles the variance" in size_words("patell_z")
    assert "correlation 0.2 on one date" in size_words("cs_t")
    assert "doubles the variance" not in size_words("cs_t")
    assert "doubles the variance" not in size_words("bgw_chi2")  # that is what it looks for
    assert size_words("caar") == ""


def test_a_rate_is_off_only_beyond_its_error() -> None:
    one = measured_sizes()["patell_z", "doubled_variance", 12]
    assert one.off == 1
    assert replace(one, rate=0.08, mc_se=0.02).off == 0
    assert replace(one, rate=0.0, mc_se=0.005).off == -1
    assert replace(one, rate=math.nan).off == 0
