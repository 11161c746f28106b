"""Worlds with a known variance or course: their moments, the counts, and rates that must order themselves."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest

from eventstudy.calibration.processes import DOF, HALF_LIFE, draw
from eventstudy.calibration.raised import Raised
from eventstudy.calibration.speed import calibrate_speed, course_of
from eventstudy.calibration.volatility import calibrate_volatility
from eventstudy.errors import InputError


@pytest.mark.parametrize("process", ["garch", "gjr_t"])
def test_processes_have_the_stated_variance_and_persistence(process: str) -> None:
    returns = draw(process, np.random.default_rng(1), 4000, np.arange(-40, 1))  # type: ignore[arg-type]
    # Long-run variance 1.5% squared; heavy tails: five Monte Carlo errors of the mean of squares.
    squares = (returns / 0.015) ** 2
    error = squares.mean(axis=1).std() / math.sqrt(4000)
    assert abs(squares.mean() - 1.0) < 5.0 * error
    # A shock inside the recursion raises what follows by alpha (+ gamma) times its square, fading at .98.
    shock = np.zeros(41)
    shock[20] = -6.0
    hit = draw(process, np.random.default_rng(1), 4000, np.arange(-40, 1), shock=shock)  # type: ignore[arg-type]
    np.testing.assert_array_equal(hit[:, :20], returns[:, :20])
    reaction = {"garch": 0.08, "gjr_t": 0.13}[process]
    raised = ((hit[:, 21] / 0.015) ** 2).mean() - ((returns[:, 21] / 0.015) ** 2).mean()
    assert raised == pytest.approx(reaction * 36.0, rel=0.25)
    assert pytest.approx(34.31, abs=0.01) == HALF_LIFE
    assert DOF > 4.0


def test_courses_by_hand() -> None:
    offsets = np.arange(-2, 9)
    assert course_of("instant", 5.0, offsets).tolist() == [0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0]
    assert course_of("spread", 5.0, offsets).tolist() == [0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0]
    moves = course_of("overshoot", 10.0, offsets)
    assert moves.tolist() == [0, 0, 10, 0, -1, -1, -1, -1, -1, 0, 0]


def test_an_excess_that_fades_is_halved_every_half_life() -> None:
    raised = Raised(multiple=9.0, half_life=2.0, before=4.0)
    times = raised.times(np.arange(-22, 6))
    assert times[:2].tolist() == [1.0, 1.0]
    assert times[2:23].tolist() == [4.0] * 21
    np.testing.assert_allclose(
        times[23:], 4.0 * (1.0 + 8.0 * np.array([1.0, 0.5**0.5, 0.5, 0.5**1.5, 0.25])), rtol=1e-12
    )


def test_a_cell_of_a_variance_that_fades_knows_its_half_life() -> None:
    cell = calibrate_volatility(
        "garch", multiple=25.0, half_life=4.0, last=20, reps=40, draws=199, sessions=500, seed=2
    )  # fmt: skip
    assert (cell.days, cell.half_life) == (None, 4.0)
    onset, baseline, life, own = cell.moments
    assert (onset.truth, life.truth, own.truth) == (1.0, 4.0, HALF_LIFE)
    assert math.isnan(baseline.truth)
    assert cell.raised > 0.8
    assert life.median == pytest.approx(4.0, rel=0.5)
    assert life.coverage > 0.95 - 3.0 * math.sqrt(0.05 * 0.95 / 32)
    quiet = calibrate_volatility("garch", last=20, reps=40, draws=199, sessions=500, seed=2)
    # 800 days that share 40 paths: three errors of 40 independent shares.
    assert 0.0 < quiet.by_day < 0.05 + 3.0 * math.sqrt(0.05 * 0.95 / 40) < cell.by_day


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"days": 5, "half_life": 2.0}, "lasts or fades, give one of them"),
        ({"half_life": 0.0}, "half_life = 0: a positive number"),
        ({"half_life": math.inf}, "half_life = inf"),
        ({"days": 0}, "days = 0"),
    ],
)
def test_courses_that_cannot_be_are_refused(wrong: dict[str, float], words: str) -> None:
    with pytest.raises(InputError, match=words):
        calibrate_volatility("garch", multiple=2.0, **wrong)  # type: ignore[arg-type]


def test_volatility_cells_order_themselves() -> None:
    quiet, raised = (
        calibrate_volatility("garch", multiple=m, days=10, reps=40, draws=199, sessions=500, seed=2) for m in (1.0, 9.0)
    )
    assert quiet.rates["verdict"] <= 0.16  # three Monte Carlo errors above 5%
    assert raised.rates["verdict"] > 0.8
    assert quiet.rates["verdict"] <= min(quiet.rates["simulated"], quiet.rates["placebo"])
    assert raised.mean_multiple == pytest.approx(9.0, rel=0.25)
    onset, baseline = raised.moments[:2]
    assert (onset.truth, baseline.truth) == (1.0, math.inf)
    assert onset.median == 1.0
    assert baseline.coverage > 0.8
    assert math.isnan(quiet.moments[0].truth)
    assert quiet.moments[3].truth == HALF_LIFE
    short = calibrate_volatility("garch", multiple=16.0, days=3, reps=40, draws=199, sessions=500, seed=2)
    assert short.moments[1].truth == 4.0
    assert abs(short.moments[1].bias) < 2.0
    assert calibrate_volatility("garch", reps=5, draws=199, sessions=500, seed=4) == calibrate_volatility(
        "garch", reps=5, draws=199, sessions=500, seed=4
    )


def test_speed_cells_order_themselves() -> None:
    instant = calibrate_speed("instant", 10.0, reps=40, draws=199, sessions=500, seed=3)
    nothing = calibrate_speed("instant", 0.0, reps=40, draws=199, sessions=500, seed=3)
    spread = calibrate_speed("spread", 25.0, reps=40, draws=199, sessions=500, seed=3)
    assert instant.words["swift"] > 0.85
    assert nothing.words["nothing to time"] > 0.85
    assert spread.words["delayed"] > 0.4
    assert sum(instant.words.values()) == pytest.approx(1.0)
    assert instant.right_t50 > 0.8
    assert instant.cover_t90 > 0.85
    # What is given back in one session the drift test does not see; the largest session is marked. Three Monte Carlo
    # errors of 40 replications: 19 points.
    reversal = calibrate_speed("reversal", 20.0, reps=40, draws=199, sessions=500, seed=3)
    assert reversal.words["swift"] > 0.85
    assert reversal.drift < 0.1
    assert min(reversal.largest, reversal.lone) > 0.8 > 0.2 > instant.lone
    assert instant.seen == pytest.approx(0.8, abs=0.19)


def test_the_drift_is_ranked_among_as_many_estimation_sessions_as_named() -> None:
    given = {"process": "garch", "reps": 20, "draws": 199, "seed": 3}
    usual, same, long = (calibrate_speed("instant", 10.0, **given, **more) for more in ({}, {"m": 250}, {"m": 750}))  # type: ignore[arg-type]
    assert usual == same
    assert (usual.m, long.m) == (250, 750)
    assert (long.seen, long.defined) != (usual.seen, usual.defined)
    # 20 sessions of a local scale, 19 windows and the horizon: one fewer and the whole path has no p.
    assert calibrate_speed("instant", 30.0, m=49, **given).defined > 0.0  # type: ignore[arg-type]
    for m, limit in ((48, "at least 49"), (1001, "at most the 1000")):
        with pytest.raises(InputError, match=rf"m = {m} estimation sessions.*{limit}"):
            calibrate_speed(m=m)


@pytest.mark.parametrize("wrong", [{"multiple": 0.0}, {"days": 0}, {"reps": 0}, {"sessions": 20}, {"process": "moon"}])
def test_cells_that_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        calibrate_volatility(**wrong)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="course"):
        calibrate_speed("sideways")  # type: ignore[arg-type]


def test_commands(run: Callable[..., tuple[int, str, str]]) -> None:
    for call, key in (
        ("calibrate-volatility --process garch --multiple 4 --reps 3 --sessions 500 --json", "rates"),
        ("calibrate-speed --course spread --effect 10 --m 300 --reps 3 --json", "words"),
    ):
        code, out, _ = run(*call.split())
        assert code == 0
        cell = json.loads(out)["cells"][0]
        assert isinstance(cell[key], dict)
        assert cell["reps"] == 3
