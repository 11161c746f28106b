"""Measured rejection rates against values known from theory, within Monte Carlo error."""

from __future__ import annotations

import json
import math
import sys

import numpy as np
import pytest

import eventstudy as es
from eventstudy.calibration import World
from eventstudy.cli import main

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
def test_rates_known_from_theory(key: tuple[str, World, float], rate: float) -> None:
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


def test_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    call = "eventstudy calibrate --method cs_t,bmp_t --world t4 --window 0,1 --m 60 --n 8 --reps 50 --seed 2 --json"
    monkeypatch.setattr(sys, "argv", call.split())
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code
    cells = json.loads(capsys.readouterr().out)["cells"]
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
