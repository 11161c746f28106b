"""Measured rejection rates against values known from theory, within Monte Carlo error."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import eventstudy as es
from eventstudy._typing import FloatArray
from eventstudy.calibration import PROBES, WORLDS, Replication, variance_world
from eventstudy.calibration.processes import draw
from eventstudy.calibration.worlds import stretches
from eventstudy.errors import InputError
from eventstudy.inference.base import Finding

#: Statistic, world, effect in standard deviations -> analytic rejection rate at N = 12, M = 120 (METHODS section 9).
KNOWN = {
    ("cs_t", "iid_normal", 0.0): 0.0500,
    ("bw_crude_t", "iid_normal", 0.0): 0.0509,
    ("cs_t", "iid_normal", 0.5): 0.3504,
    ("patell_z", "iid_normal", 0.5): 0.4072,
    ("patell_z", "doubled_variance", 0.0): 0.1649,
    ("bw_crude_t", "doubled_variance", 0.0): 0.1649,
    ("cs_t", "correlated", 0.0): 0.2946,
    ("patell_z", "correlated", 0.0): 0.2732,
    ("kp_bmp_calendar", "correlated", 0.0): 0.0516,
}


@pytest.mark.parametrize(("key", "rate"), KNOWN.items(), ids=lambda v: str(v))
def test_rates_known_from_theory(key: tuple[str, str, float], rate: float) -> None:
    method, world, effect = key
    cell = es.calibrate(method, world, n=12, m=120, reps=600, effect=effect, seed=7)[0]
    # Four Monte Carlo standard errors of the known rate: a right statistic fails once in sixteen thousand.
    assert abs(cell.rate - rate) < 4.0 * math.sqrt(rate * (1.0 - rate) / 600)


def test_local_scale_holds_where_sq_fails() -> None:
    cells = {
        c.method: c.rate for c in es.calibrate(["t_fe", "sq", "local_scale"], "variance_x4_before", reps=400, seed=3)
    }
    # METHODS section 13: 23, 21 and 5.0 percent.
    assert cells["t_fe"] > 0.15
    assert cells["sq"] > 0.13
    assert cells["local_scale"] < 0.10


def test_one_pair_has_no_cross_section() -> None:
    cell = es.calibrate("bmp_t", n=1, reps=5)[0]
    assert math.isnan(cell.rate)
    assert cell.undefined == 5
    assert "2 pairs" in cell.reason


def test_own_generator_and_seed() -> None:
    def uniform(rng: np.random.Generator, n: int, t: int) -> np.ndarray:
        return rng.uniform(-0.02, 0.02, (n, t))

    first, again, other = (es.calibrate("cs_t", uniform, n=10, m=60, reps=100, seed=s)[0] for s in (1, 1, 2))
    assert first == again
    assert first.world == "uniform"
    assert 0.0 <= other.rate <= 0.2


def test_own_series_is_drawn_in_stretches() -> None:
    rng = np.random.default_rng(3)
    series = 0.01 * rng.standard_normal(400)
    cell = es.calibrate(["t_fe", "cs_t"], pd.Series(series, name="mine"), m=60, reps=200, seed=1)
    assert cell[0].world == "mine"
    assert 0.0 <= cell[0].rate <= 0.15
    assert "2 pairs" in cell[1].reason
    offsets = np.arange(-70, 1)
    drawn = stretches([series], np.random.default_rng(2), 50, 3, offsets)
    assert drawn.shape == (50, 3, offsets.size)
    starts = [int(np.flatnonzero(series == row[0])[0]) for row in drawn.reshape(-1, offsets.size)]
    assert len(set(starts)) > 50
    for row, at in zip(drawn.reshape(-1, offsets.size), starts, strict=True):
        np.testing.assert_array_equal(row, series[at : at + offsets.size])
    for bad, words in ((np.array([0.1, np.nan]), "1 missing"), (np.zeros((9, 2)), "one series"), (series[:50], "need")):
        with pytest.raises(es.EventStudyError, match=words):
            es.calibrate("t_fe", bad, m=60, reps=2)


def test_one_date_keeps_the_real_correlation_and_random_dates_do_not() -> None:
    offsets = np.arange(-250, 1)
    means = {}
    for key in ("dow", "dow_common_date"):
        drawn = WORLDS[key].obj.draw(np.random.default_rng(5), 60, 8, offsets)
        correlation = np.array([np.corrcoef(one) for one in drawn])
        means[key] = float((correlation.sum(axis=(1, 2)) - 8.0).mean() / 56.0)
        assert len(np.unique(np.round(drawn[0], 12), axis=0)) == 8  # eight securities
    # Large American shares of the 1990s: about a fifth of their daily variance is shared.
    assert 0.1 < means["dow_common_date"] < 0.4
    assert abs(means["dow"]) < 0.03


def test_an_effect_added_to_a_fitted_study_is_one_that_the_data_had() -> None:
    keys = ["verdict", "placebo_dates", "conformal", "sq", "t_fe"]

    def quiet(rng: np.random.Generator, n: int, sessions: int) -> FloatArray:
        return np.asarray(0.015 * rng.standard_normal((n, sessions)))

    def moved(rng: np.random.Generator, n: int, sessions: int) -> FloatArray:
        values = quiet(rng, n, sessions)
        values[:, -2] += 0.05  # the first of two tested sessions
        return values

    given = {"window": (0, 1), "m": 60, "reps": 12, "seed": 3}
    effects = es.calibrate(keys, quiet, effect=(0.0, 0.05), effect_unit="return", **given)  # type: ignore[arg-type]
    had = es.calibrate(keys, moved, **given)  # type: ignore[arg-type]
    assert [c.rate for c in effects[len(keys) :]] == [c.rate for c in had]
    assert sum(c.rate for c in effects[: len(keys)]) < sum(c.rate for c in had)


def test_intervals_cover_at_their_nominal_rate() -> None:
    cell = es.calibrate("t_fe", n=1, m=60, reps=600, effect=2.0, seed=4)[0]
    assert abs(cell.coverage - 0.95) < 4.0 * math.sqrt(0.05 * 0.95 / 600)
    # Length of t(59) times the forecast error of one day, in days of 1.5%; the mean of s is 0.4% below sigma.
    assert cell.length == pytest.approx(2.0 * 2.001 * 0.015 * math.sqrt(1.0 + 1.0 / 60), rel=0.02)


def test_an_effect_in_returns_is_an_effect_in_standard_deviations() -> None:
    one = es.calibrate("cs_t", n=6, m=60, reps=80, effect=0.5, seed=2)[0]
    two = es.calibrate("cs_t", n=6, m=60, reps=80, effect=0.0075, effect_unit="return", seed=2)[0]
    assert (one.rate, one.coverage) == (two.rate, two.coverage)


def test_a_question_of_its_own_is_counted_like_a_statistic() -> None:
    key = "largest_of_test"
    PROBES.register(key, "largest day of the window beyond two standard deviations")(
        lambda one: Finding(0.0, 0.01 if np.abs(one.abnormal.sar()[0, -1]) > 2.0 else 1.0)
    )
    try:
        rate = es.calibrate(key, m=250, reps=500, seed=6)[0].rate
    finally:
        del PROBES._entries[key]
    assert abs(rate - 0.0466) < 4.0 * math.sqrt(0.0466 / 500)  # two-sided tail of t(249) beyond 2


def test_a_question_of_its_own_finds_the_effect_in_the_history() -> None:
    key = "history_of_test"

    @PROBES.register(key, "the last four sessions of the history are those of the window")
    def same(one: Replication) -> Finding:
        assert one.history is not None
        return Finding(0.0, 0.01 if np.allclose(one.history[-4:], one.abnormal.response[0, -4:]) else 1.0)

    try:
        cells = es.calibrate([key, "sq_garch"], window=(-1, 1), m=60, reps=2, effect=(0.0, 9.0))
    finally:
        del PROBES._entries[key]
    assert [c.rate for c in cells if c.method == key] == [1.0, 1.0]


def test_power_on_real_prices_grows_with_the_effect() -> None:
    prices = es.load("embedded")
    rates = [
        es.calibrate_real(prices, ["cs_t"], n=12, m=120, samples=60, effect=e, seed=5)[0].rate for e in (0.0, 0.02)
    ]
    assert rates[0] < 0.2
    assert rates[1] > 0.6


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"methods": "cs_x"}, "unknown statistic 'cs_x'"),
        ({"methods": "cs_t", "world": "moon"}, "unknown world 'moon'"),
        ({"methods": "cs_t", "m": 5}, "at least 30 sessions"),
        ({"methods": "cs_t", "window": (-9, 0)}, "-5 or later"),
    ],
)
def test_calls_that_cannot_be(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(es.EventStudyError, match=words):
        es.calibrate(**arguments)  # type: ignore[arg-type]


def test_command(run: Callable[..., tuple[int, str, str]]) -> None:
    call = "calibrate --method cs_t,bmp_t --world t4 --window 0,1 --m 60 --n 8 --reps 50 --seed 2 --json"
    code, out, _ = run(*call.split())
    assert code == 0
    cells = json.loads(out)["cells"]
    assert [c["method"] for c in cells] == ["cs_t", "bmp_t"]
    assert {(c["world"], c["m"], c["n"], c["reps"]) for c in cells} == {("t4", 60, 8, 50)}


def test_advice_never_sees_the_event() -> None:
    prices = es.load("embedded")
    event = es.catalog()["six-nation-accord-1994"]
    study = es.Study(
        instruments=["AA", "BA", "IP", "GM"], model=es.ConstantMean(), volatility=None, statistics=("cs_t",)
    )
    plain = study.run(prices, event).advice
    frame = prices.frame.copy()
    frame.loc["1994-01-31":] *= 1.3  # a different event-window response, the same estimation window
    moved = study.run(es.PriceTable(frame=frame, instruments=prices.instruments, origins=prices.origins), event).advice
    assert plain is not None
    assert plain == moved
    assert plain.facts["n_dates"] == 1.0
    one = es.Study(instruments=["AA"], model=es.ConstantMean(), volatility=None, statistics=("cs_t",))
    assert one.run(prices, event).advice.trust == "verdict"  # type: ignore[union-attr]


#: Description, world -> its expectation at N = 12, M = 120: F(1, 119) has mean 119/117, and so has one of twice the
#: variance, doubled; the published multiplier carries N / (N - 1) besides.
MEANS = {
    ("avar_mean", "iid_normal"): 119 / 117,
    ("avar_mean", "doubled_variance"): 2 * 119 / 117,
    ("bgw_M", "iid_normal"): 12 / 11,
}


@pytest.mark.parametrize(("key", "mean"), MEANS.items(), ids=lambda v: str(v))
def test_mean_estimates_known_from_theory(key: tuple[str, str], mean: float) -> None:
    cell = es.calibrate(*key, n=12, m=120, reps=600, seed=5)[0]
    assert math.isnan(cell.rate)  # a description has no p
    # A squared normal over its variance has standard deviation sqrt(2); 7,200 of them, four errors.
    assert cell.estimate == pytest.approx(mean, abs=4.0 * mean * math.sqrt(2.0 / 7200))


def test_a_variance_world_multiplies_the_days_it_says() -> None:
    offsets = np.arange(-40, 11)
    world = variance_world("gjr_t", multiple=4.0, days=3, before=9.0)
    plain = draw("gjr_t", np.random.default_rng(8), 6, offsets).reshape(2, 3, -1)
    times = world.draw(np.random.default_rng(8), 2, 3, offsets) / plain
    for offset, column in zip(offsets, np.moveaxis(times, -1, 0), strict=True):
        known = (3.0 if offset >= -20 else 1.0) * (2.0 if 1 <= offset <= 3 else 1.0)
        np.testing.assert_allclose(column, known, rtol=1e-12)
    assert world.name == "gjr_t, x4 for 3 d, x9 before"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"process": "arma"}, "allowed are garch, gjr_t, normal, t5"),
        ({"process": "garch", "multiple": 0.0}, "multiple = 0"),
        ({"process": "garch", "before": math.nan}, "before = nan"),
        ({"process": "garch", "days": 0}, "days = 0"),
    ],
)
def test_a_variance_world_refuses_what_is_none(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        variance_world(**wrong)  # type: ignore[arg-type]


def test_the_command_knows_variance_worlds(run: Callable[..., tuple[int, str, str]]) -> None:
    asked = ("calibrate", "--method", "avar_t,bgw_M", "--n", "12", "--reps", "30", "--window=1,1", "--json")
    code, out, err = run(*asked, "--process", "garch", "--multiple", "9", "--days", "2")
    assert code == 0, err
    cells = json.loads(out)["cells"]
    world = variance_world("garch", multiple=9.0, days=2)
    known = es.calibrate(["avar_t", "bgw_M"], world, n=12, window=(1, 1), reps=30)
    assert [(c["world"], c["estimate"], c["undefined"]) for c in cells] == [
        ("garch, x9 for 2 d", c.estimate, c.undefined) for c in known
    ]
    assert cells[1]["estimate"] > 5.0
    for wrong, words in (
        (("--multiple", "2"), "go with --process"),
        (("--process", "garch", "--world", "iid_normal"), "name one"),
        (("--process", "garch", "--multiple", "2", "--window=0,0"), "--window=0,0 holds none of them"),
        (("--process", "garch", "--multiple", "2", "--days", "5", "--window=6,9"), "such as --window=1,5"),
        (("--dates", "turbulent"), "--dates go with --on"),
        (("--zone", "UTC", "--on", "AA"), "--n and --effect-unit go with simulated data"),
    ):
        code, _, err = run(*asked, *wrong)
        assert code == 2
        assert words in err
    one = ("calibrate", "--method", "sq", "--on", "AA", "--reps", "20")
    assert "--zone needs --time" in run(*one, "--zone", "UTC")[2]
    assert "--zone needs --time" in run("power", "AA", "--zone", "UTC")[2]
    # Nothing but what came before: day 0 is a day of that.
    assert run(*asked, "--process", "garch", "--before", "4", "--window=0,0")[0] == 0
