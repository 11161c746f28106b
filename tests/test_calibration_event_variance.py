"""Cells of event regressors in the variance: what they count, order themselves, and refuse."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest

import eventstudy as es
from eventstudy.calibration.event_variance import AFTER, calibrate_event_variance
from eventstudy.calibration.processes import draw
from eventstudy.errors import InputError

Run = Callable[..., tuple[int, str, str]]


def test_a_cell_counts_what_the_test_says_of_each_series() -> None:
    cell = calibrate_event_variance("garch", multiple=4.0, days=10, sessions=500, reps=6, bootstrap=0, seed=3)
    offsets = np.arange(-500, AFTER + 1)
    returns = draw("garch", np.random.default_rng(3), 6, offsets)
    returns[:, (offsets >= 1) & (offsets <= 10)] *= 2.0
    days = np.datetime64("2000-01-03") + np.arange(offsets.size)
    found = [
        es.event_variance_test(
            row, days, event=days[500], shapes=[es.VarianceShape.pulse(1, 10)], sample=None, bootstrap=0
        )
        for row in returns
    ]
    for key in ("event_lr", "event_wald"):
        tests = [f.tests.one(statistic=key) for f in found]
        assert cell.rates[key] == np.mean([t.pvalue <= 0.05 for t in tests])
        assert cell.coverage[key] == np.mean([t.low <= math.log(4.0) <= t.high for t in tests])
        assert cell.length[key] == pytest.approx(np.exp(np.median([t.high - t.low for t in tests])))
    assert cell.median_multiple == pytest.approx(np.median([f.multiplier[0] for f in found]), rel=0.2)
    assert cell.bias == pytest.approx(np.mean([f.delta[0] for f in found]) - math.log(4.0))
    assert cell.raised == np.mean([f.tests[1].pvalue <= 0.05 and f.low[0] > 0.0 for f in found])
    assert (cell.refused, cell.reason) == (0, "")


def test_power_grows_with_the_multiple_and_size_is_sane() -> None:
    sizes, small, large = (
        calibrate_event_variance("garch", multiple=m, reps=16, sessions=500, bootstrap=39 if m == 1.0 else 0)
        for m in (1.0, 2.0, 9.0)
    )
    # Three Monte Carlo errors of 5.4 points above 5%, and below 95%.
    assert sizes.rates["event_lr_bootstrap"] <= 0.22
    assert sizes.coverage["event_lr"] >= 0.78
    assert sizes.rates["event_lr"] < small.rates["event_lr"] < large.rates["event_lr"]
    assert large.rates["event_lr"] > 0.9
    assert large.median_multiple == pytest.approx(9.0, rel=0.5)
    # The same series but for its mean, once divided by the multiplier: one interval may end just beside the truth.
    assert small.coverage["event_lr"] == pytest.approx(large.coverage["event_lr"], abs=1 / 16)
    assert small.bias == pytest.approx(large.bias, abs=0.02)


def test_one_day_is_refused_and_found_by_five() -> None:
    refused = calibrate_event_variance("garch", multiple=4.0, days=1, reps=2, sessions=500, bootstrap=0)
    assert refused.refused == 2
    assert "needs 5" in refused.reason
    assert math.isnan(refused.rates["event_lr"])
    assert math.isnan(refused.mc_se(0.05))
    five = calibrate_event_variance("garch", multiple=4.0, days=1, asked=5, reps=2, sessions=500, bootstrap=0)
    assert five.refused == 0
    # One multiple does not describe a change that is shorter than the regressor.
    assert math.isnan(five.coverage["event_lr"])
    assert math.isnan(five.bias)
    assert five.median_multiple > 0.0


def test_the_additive_form_has_no_multiple() -> None:
    cell = calibrate_event_variance("gjr_t", form="additive", before=4.0, reps=2, sessions=500, bootstrap=0)
    assert math.isnan(cell.median_multiple)
    assert math.isnan(cell.length["event_lr"])
    assert 0.0 <= cell.rates["event_lr"] <= 1.0


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"process": "arma"}, "allowed are garch, gjr_t"),
        ({"form": "log"}, "allowed are additive, multiplicative"),
        ({"multiple": 0.0}, "multiple = 0"),
        ({"before": math.nan}, "before = nan"),
        ({"multiple": math.inf}, "multiple = inf: a finite number"),
        ({"days": 0}, "days = 0: at least 1"),
        ({"asked": 61}, "asked = 61: at most 60"),
        ({"sessions": 499}, "sessions = 499: at least 500"),
        ({"reps": 0}, "reps = 0"),
        ({"bootstrap": 38}, "bootstrap = 38: 0, or at least 39, to reach alpha = 0.05"),
        ({"bootstrap": 18, "alternative": "greater"}, "bootstrap = 18: 0, or at least 19"),
        ({"alternative": "less"}, "allowed are greater, two-sided"),
        ({"bootstrap": -1}, "bootstrap = -1"),
        ({"alpha": 1.0}, "alpha = 1.0"),
    ],
)
def test_bad_input_is_named(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words.replace("(", r"\(")):
        calibrate_event_variance(**wrong)  # type: ignore[arg-type]


def test_the_command_gives_the_cell(run: Run) -> None:
    options = ("--process", "garch", "--multiple", "4", "--reps", "2", "--sessions", "500", "--bootstrap", "0")
    code, out, err = run("calibrate-event-variance", *options, "--json")
    assert code == 0, err
    cell = calibrate_event_variance("garch", multiple=4.0, reps=2, sessions=500, bootstrap=0)
    assert json.loads(out)["cells"][0]["rates"] == cell.rates
    code, out, _ = run("calibrate-event-variance", *options)
    assert code == 0
    assert "event_wald" in out
    assert run("calibrate-event-variance", "--reps", "0")[0] == 2
