"""Cells of breaks, of a variance before and after, of ranges and of spillover: laws they must show, and refusals."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import eventstudy as es
from eventstudy.calibration.breaks import calibrate_breaks
from eventstudy.calibration.processes import BURN_IN, draw, recursion, shocks
from eventstudy.calibration.raised import Raised, share_error
from eventstudy.calibration.ranges import bars_of, calibrate_ranges, day_variances
from eventstudy.calibration.spillover import calibrate_spillover, pairs
from eventstudy.calibration.variance_change import calibrate_variance_change
from eventstudy.calibration.volatility import calibrate_volatility
from eventstudy.errors import InputError

Run = Callable[..., tuple[int, str, str]]
OFFSETS = np.arange(-30, 31)


def test_the_variance_is_multiplied_where_the_world_says() -> None:
    times = Raised(multiple=2.0, first=-5, days=5, before=4.0).times(OFFSETS)
    assert times[OFFSETS < -20] == pytest.approx(1.0)
    assert times[(OFFSETS >= -5) & (OFFSETS <= -1)] == pytest.approx(8.0)
    assert times[OFFSETS >= 0] == pytest.approx(4.0)
    assert Raised(multiple=2.0).times(OFFSETS)[-1] == 2.0
    # 10 sessions of 250 at 4, and 5 of 20 at 4 * 2.
    world = Raised(multiple=2.0, days=5, before=4.0)
    assert world.mean_times((-260, -11), (1, 20)) == pytest.approx((4.0 * 15 + 8.0 * 5) / 20 / (1.0 + 3.0 * 10 / 250))
    assert (world.true_first, Raised(multiple=1.0, before=4.0).true_first) == (1, -20)
    assert Raised(multiple=1.0).true_first is None


def test_independent_processes_have_their_laws_and_no_memory() -> None:
    rng = np.random.default_rng(1)
    for process, kurtosis in (("normal", 3.0), ("t5", 9.0)):
        values = draw(process, rng, 400, np.arange(500)).ravel() / 0.015  # type: ignore[arg-type]
        assert values.var() == pytest.approx(1.0, abs=0.02)
        law = stats.norm() if kurtosis == 3.0 else stats.t(5, scale=math.sqrt(0.6))
        assert stats.kstest(values[:20_000], law.cdf).pvalue > 0.001
    shock = np.zeros(500)
    shock[100] = 50.0
    quiet, hit = (draw("normal", np.random.default_rng(2), 1, np.arange(500), shock=s)[0] for s in (None, shock))
    assert hit[100] == pytest.approx(quiet[100] + 0.75)
    assert np.delete(hit, 100) == pytest.approx(np.delete(quiet, 100))
    # What fits dynamics finds none: constant variance, and no half-life to be right about.
    cell = calibrate_volatility("normal", sessions=500, reps=6, draws=199)
    assert math.isnan(cell.moments[3].truth)
    assert cell.fallback > 0.0


def test_breaks_of_independent_normal_values_have_their_size_and_are_dated() -> None:
    small = {"sessions": 100, "after": 99, "reps": 200, "seed": 4}
    null, change = (calibrate_breaks("normal", multiple=m, **small) for m in (1.0, 4.0))  # type: ignore[arg-type]
    # The Kolmogorov law is conservative in 200 sessions: at most 5% and three Monte Carlo errors.
    assert 0.005 <= null.rates["it"] <= 0.05 + 3.0 * math.sqrt(0.05 * 0.95 / 200)
    assert change.rates["it"] > 0.97
    assert change.rates["segments"] > null.rates["segments"] + 0.5
    assert change.near["icss_it"] > 0.5 > null.near["icss_it"]
    assert math.isnan(null.coverage)
    assert math.isnan(null.bias)
    # A 95% set, less three Monte Carlo errors; the likeliest date of so large a change is nearly right on average.
    assert change.coverage > 0.95 - 3.0 * math.sqrt(0.05 * 0.95 / 200)
    assert abs(change.bias) < 3.0 + 3.0 * change.bias_error
    assert sum(change.words.values()) == pytest.approx(1.0)
    assert change.words["agrees"] + change.words["elsewhere"] == pytest.approx(change.rates["kappa2"])
    # No sessions are left for a GARCH.
    assert (change.unsimulated, math.isnan(change.rates["kappa2_simulated"])) == (200, True)
    assert math.isnan(change.mc_se(0.05, "kappa2_simulated"))


def test_a_cell_of_breaks_counts_what_the_function_says() -> None:
    cell = calibrate_breaks("garch", multiple=9.0, first=-60, reps=8, seed=5)
    offsets = np.arange(-750, 150)
    rng = np.random.default_rng(5)
    returns = draw("garch", rng, 8, offsets)
    returns[:, offsets >= -60] *= 3.0
    days = np.datetime64("2000-01-03") + np.arange(900)
    seeds = rng.integers(2**32, size=8)
    found = [es.variance_breaks(r, days, event=days[750], seed=int(s)) for r, s in zip(returns, seeds, strict=True)]
    around = [f.around for f in found if f.around is not None]
    assert len(around) == 8
    assert cell.rates["kappa2_simulated"] == np.mean([one.p_clustered <= 0.05 for one in around])
    assert cell.words["elsewhere"] == np.mean([f.agreement == "elsewhere" for f in found])
    assert cell.coverage == np.mean([days[690] in one.members for one in around])
    seen = [one for one in around if one.pvalue <= 0.05]
    assert cell.bias == pytest.approx(np.mean([int((o.break_date - days[690]).astype(int)) for o in seen]))
    assert cell.members == np.median([one.members.size for one in around])
    assert all((one.members[0], one.members[-1], one.members.size) == (one.low, one.high, one.inside) for one in around)


def test_a_burst_is_dated_where_it_begins_and_a_lasting_change_is_found_more_often() -> None:
    small = {"multiple": 4.0, "sessions": 100, "after": 99, "reps": 100, "seed": 6}
    burst, lasting = (calibrate_breaks("normal", days=d, **small) for d in (5, None))  # type: ignore[arg-type]
    assert burst.rates["kappa2"] < lasting.rates["kappa2"]
    before = calibrate_breaks("normal", before=4.0, sessions=100, after=99, reps=100, seed=6)
    # The truth is then session -20: an answer that names day 0 is wrong.
    assert before.coverage > 0.85
    assert before.words["elsewhere"] > before.words["agrees"]


def test_exact_tests_of_independent_normal_values_have_their_size() -> None:
    cell = calibrate_variance_change("normal", reps=600, seed=7)
    three = 3.0 * math.sqrt(0.05 * 0.95 / 600)
    assert cell.rates["variance_f_centred"] == pytest.approx(0.05, abs=three)
    assert cell.rates["wilcoxon_variance"] == pytest.approx(0.05, abs=three)
    # E ln(chi2_20 / 20) = digamma(10) - ln 10 = -.0508; the 250 before add 2 / 250, their mean in the 20 after 1 / 250.
    assert cell.bias == pytest.approx(-0.0508 + 3 / 250, abs=3.0 * cell.bias_error)
    assert cell.times == 1.0
    assert cell.mc_se("variance_f") == pytest.approx(math.sqrt(0.05 * 0.95 / 600), rel=0.2)


def test_power_of_f_is_that_of_its_law() -> None:
    cell = calibrate_variance_change("normal", multiple=2.0, reps=600, seed=8)
    law = stats.f(19, 249)
    power = law.sf(law.isf(0.05) / 2.0)
    assert cell.rates["variance_f_centred"] == pytest.approx(power, abs=3.0 * math.sqrt(power * (1.0 - power) / 600))
    assert (
        cell.rates["variance_f"]
        < calibrate_variance_change("normal", multiple=4.0, reps=100, seed=8).rates["variance_f"]
    )
    short = calibrate_variance_change("normal", multiple=4.0, last=30, sessions=20, reps=5)
    # No window of 30 in 20 sessions.
    assert short.refused["variance_placebo"] == 5
    assert math.isnan(short.rates["variance_placebo"])
    assert math.isnan(short.mc_se("variance_placebo"))


def test_ranges_of_a_fine_path_have_the_variance_and_coarse_ones_less() -> None:
    few, many = (calibrate_ranges("normal", steps=n, last=5, sessions=250, reps=20, seed=9) for n in (10, 1000))
    # A maximum over n steps lies .5826 sd / sqrt(n) below that of the path (Chernoff 1965; Siegmund 1985), whose mean
    # range is sqrt(8 / pi) sd: the mean square range of 1,000 steps is about 2 * 2 * .5826 * 1.596 / sqrt(1000) = .1176
    # of the variance too small, and Parkinson's estimate that over 4 ln 2.
    expected = -0.1176 / (4.0 * math.log(2.0))
    assert many.level["parkinson"] == pytest.approx(expected, abs=3.0 * many.level_error["parkinson"])
    for key in ("parkinson", "garman_klass", "rogers_satchell", "yang_zhang"):
        assert few.level[key] < many.level[key] - 0.1  # type: ignore[index]
    for cell in (few, many):
        assert cell.level["close_close"] == pytest.approx(0.0, abs=3.0 * cell.level_error["close_close"])
    assert many.level_error["garman_klass"] < many.level_error["close_close"]


def test_power_of_ranges_grows_and_whole_days_see_the_night() -> None:
    quiet, loud = (calibrate_ranges("t5", multiple=m, steps=78, reps=40, seed=10) for m in (1.0, 4.0))
    for key in quiet.rates:
        assert loud.rates[key] > quiet.rates[key] + 0.5
        assert loud.median_ratio[key] == pytest.approx(4.0, rel=0.25)
        assert quiet.mc_se(key) > 0.0
    night = calibrate_ranges("normal", steps=78, overnight=0.6, reps=40, seed=10)
    assert night.level["close_close"] == pytest.approx(0.0, abs=3.0 * night.level_error["close_close"])
    assert night.level["yang_zhang"] > night.level["parkinson"]


def test_bars_end_at_the_returns_and_days_have_their_variance() -> None:
    rng = np.random.default_rng(11)
    drawn = recursion("gjr_t", shocks("gjr_t", rng, (BURN_IN + 4000, 1)))
    own = day_variances("gjr_t", drawn, rng)
    # Returns over the root of the day's own variance are normal; over that of the process they are Student(5).
    assert stats.kstest(drawn.returns[0] / np.sqrt(own[0]), "norm").pvalue > 0.001
    assert stats.kstest(drawn.returns[0] / np.sqrt(drawn.variance[0]), "norm").pvalue < 1e-4
    times = np.where(np.arange(4000) < 2000, 1.0, 4.0)
    bars = bars_of(drawn.returns[0], own[0], times, 20, 0.3, rng)
    closes = np.log(bars["close"].to_numpy())
    assert np.diff(closes) == pytest.approx((drawn.returns[0] * np.sqrt(times))[1:])
    assert (bars["high"] >= bars[["open", "close"]].max(axis=1)).all()
    assert (bars["low"] <= bars[["open", "close"]].min(axis=1)).all()
    nights = (np.log(bars["open"].to_numpy())[1:] - closes[:-1]) ** 2 / (own[0] * times)[1:]
    assert nights.mean() == pytest.approx(0.3, abs=3.0 * 0.3 * math.sqrt(2.0 / 3999))


def test_causality_is_found_in_its_direction_and_a_correlation_where_it_changed() -> None:
    small = {"correlation": "constant", "sessions": 600, "draws": 99, "reps": 20, "seed": 12}
    null, led, joined = (
        calibrate_spillover("normal", **small, **more)  # type: ignore[arg-type]
        for more in ({}, {"leads": 1.0}, {"during": 0.9})
    )
    assert led.rates["variance_causality"] > 0.7
    for key in ("variance_causality_reverse", "variance_causality_before"):
        assert led.rates[key] < 0.3
    assert null.rates["variance_causality"] < 0.3
    assert joined.rates["correlation_change"] > 0.9 > null.rates["correlation_change"]
    assert joined.change == pytest.approx(0.6)
    assert joined.bias == pytest.approx(0.0, abs=0.06)
    assert (null.change, null.coverage) == (0.0, pytest.approx(0.95, abs=0.15))
    assert null.mc_se("variance_causality") > 0.0


def test_pairs_have_the_correlation_that_is_asked_for() -> None:
    rng = np.random.default_rng(13)
    offsets = np.arange(-500, 61)
    returns, changes = pairs("normal", rng, 40, offsets, correlation="dcc", during=-0.5)
    x, y = returns[:, 0], returns[:, 1]
    inside = (offsets >= 1) & (offsets <= 20)
    for part, rho in ((inside, -0.5), (offsets < 0, 0.3)):
        assert np.corrcoef(x[:, part].ravel(), y[:, part].ravel())[0, 1] == pytest.approx(rho, abs=0.1)
    # The truth is the world's own forecast before day 0, which moves about its level.
    assert -0.8 - 0.1 < changes.mean() < -0.8 + 0.1
    assert changes.std() > 0.02
    led, _ = pairs("garch", rng, 400, offsets, leads=1.0)
    quiet, after = led[:, 1, offsets < 0], led[:, 1, offsets >= 0]
    # Variance moves and keeps its mean.
    assert (after**2).mean() == pytest.approx((quiet**2).mean(), rel=0.15)


CELLS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "calibrate-breaks": (calibrate_breaks, {"multiple": 4.0, "days": 5, "sessions": 600, "reps": 3}),
    "calibrate-variance-change": (calibrate_variance_change, {"multiple": 2.0, "before": 4.0, "reps": 20}),
    "calibrate-ranges": (calibrate_ranges, {"multiple": 2.0, "steps": 20, "overnight": 0.1, "reps": 5}),
    "calibrate-spillover": (
        calibrate_spillover, {"during": 0.6, "leads": 0.5, "sessions": 600, "draws": 99, "reps": 3}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CELLS)
def test_the_command_gives_the_cell_and_the_seed_decides(run: Run, name: str) -> None:
    function, arguments = CELLS[name]
    options = [word for key, value in arguments.items() for word in (f"--{key}", str(value))]
    code, out, err = run(name, "--process", "t5", *options, "--seed", 3, "--json")
    assert code == 0, err
    cell = function("t5", **arguments, seed=3)
    said = json.loads(out)["cells"]
    # Through JSON, where NaN is null.
    assert said == json.loads(json.dumps([cell.to_record()]).replace("NaN", "null"))
    assert function("t5", **arguments, seed=4) != cell
    code, out, _ = run(name, "--process", "t5", *options)
    assert code == 0
    assert "mc_se" in out
    assert run(name, "--reps", "0")[0] == 2


@pytest.mark.parametrize(
    ("name", "wrong", "words"),
    [
        *[(name, {"process": "arma"}, "allowed are garch, gjr_t, normal, t5") for name in CELLS],
        *[(name, {"multiple": 0.0}, "multiple = 0: a finite number above zero") for name in CELLS],
        *[(name, {"before": math.nan}, "before = nan") for name in CELLS],
        *[(name, {"days": 0}, "days = 0: at least 1") for name in CELLS],
        *[(name, {"reps": 0, "alpha": 1.0}, "reps = 0: at least 1; alpha = 1.0") for name in CELLS],
        ("calibrate-breaks", {"sessions": 29}, "sessions = 29: at least 30"),
        ("calibrate-breaks", {"after": 28}, "after = 28: at least 29"),
        ("calibrate-breaks", {"first": 200}, "first = 200: at most 149"),
        ("calibrate-variance-change", {"last": 1}, "last = 1: at least 2"),
        ("calibrate-ranges", {"steps": 1}, "steps = 1: at least 2"),
        ("calibrate-ranges", {"overnight": 1.0}, "overnight = 1: at most 0.999"),
        ("calibrate-ranges", {"last": 4}, "last = 4: at least 5"),
        ("calibrate-spillover", {"sessions": 509}, "sessions = 509: at least 510"),
        ("calibrate-spillover", {"draws": 38}, "draws = 38: at least 39"),
        ("calibrate-spillover", {"leads": 1.5}, "leads = 1.5: at most 1"),
        ("calibrate-spillover", {"during": 1.0}, "during = 1: a correlation between"),
        ("calibrate-spillover", {"correlation": "ewma"}, "allowed are constant, dcc"),
    ],
)
def test_bad_input_is_named(name: str, wrong: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        CELLS[name][0](**wrong)


def test_shares_of_nothing_have_no_error() -> None:
    assert math.isnan(share_error(0.05, 0))
    assert math.isnan(share_error(math.nan, 5))
    assert share_error(0.0, 98) == pytest.approx(math.sqrt(0.01 * 0.99 / 98))
    assert pd.Series([share_error(0.5, n) for n in (10, 100)]).is_monotonic_decreasing
