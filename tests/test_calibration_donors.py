"""Calibration of methods that look at other instruments: the study itself and counting are the oracles."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import eventstudy as es
from eventstudy.calibration.beside import ask_beside, control_names, controls_at, event_of, pooled_at
from eventstudy.calibration.dates import positions, prepare, spread
from eventstudy.calibration.donors import MARKET, POOL_DATES, TREATED, Design, together
from eventstudy.calibration.history import measures_of, view_at, windows_of, with_effect
from eventstudy.calibration.worlds import DAY, WORLDS
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.prices import PriceTable
from eventstudy.errors import UnknownNameError
from eventstudy.inference.base import Finding, PairView
from eventstudy.kernels.stats import Inapplicable
from eventstudy.models.base import ExpectedReturn
from eventstudy.models.factors import FactorModel
from eventstudy.models.synthetic import SyntheticControl
from eventstudy.pairs import judge_day0
from eventstudy.volatility.base import GarchResponse

FloatArray = NDArray[np.float64]
COUNT, M = 22, 120
NAMES = tuple(f"C{k + 1:02d}" for k in range(COUNT))
LME = Path(__file__).resolve().parents[2] / "shared" / "data"
needs_shared = pytest.mark.skipif(not LME.is_dir(), reason="real LME prices of ../shared/data are absent")


def drawn(window: tuple[int, int], count: int = COUNT, more: int = 0) -> FloatArray:
    offsets = np.arange(-M - more - 10, window[1] + 1)
    rng = np.random.default_rng(11)
    return together(WORLDS["garch_t"].obj, rng, (1, count + 1), offsets, start=0, whose="all")


def numbers(found: object) -> tuple[float, float, float]:
    assert isinstance(found, Finding), found
    return found.pvalue, found.low, found.high


@pytest.mark.parametrize("window", [(0, 0), (0, 4)])
@pytest.mark.parametrize(
    "model",
    [es.ConstantMean(), es.MarketModel(MARKET), FactorModel(NAMES[:3]), SyntheticControl(NAMES, screen="primary")],
    ids=lambda model: model.key,
)
def test_a_simulated_pair_is_measured_as_the_study_measures_it(
    model: ExpectedReturn, window: tuple[int, int], prices_of: Callable[..., PriceTable],
    event_at: Callable[..., Event], no_events: EventTable,
) -> None:  # fmt: skip
    keys = ("conley_taber", "conformal", "local_scale")
    values, effect = drawn(window), 0.04
    bound = model.screened(window) if isinstance(model, SyntheticControl) else model
    view, none = Design(model=bound, controls=COUNT, windows=(window,), m=M, keys=keys).views(values, 0.05)[0]
    assert isinstance(view, PairView)
    before = np.zeros((COUNT + 2, 1))  # the first price has no return
    rows = np.hstack((before, np.vstack((values[0], values[0, 1:].mean(axis=0)))))
    rows[0, -1 - window[1]] += effect
    prices = prices_of(dict(zip((TREATED, *NAMES, MARKET), rows, strict=True)))
    study = es.Study(
        instruments=[TREATED], model=model, window=windows_of(window, (-M - 10, -11)), statistics=keys,
        volatility=None, counterfactuals=False, controls=NAMES,
    )  # fmt: skip
    tests = study.run(prices, event_at(prices, rows.shape[1] - 1 - window[1]), others=no_events).tests
    for key in keys:
        row = tests.one(statistic=key, window=window, instrument=TREATED)
        found = ask_beside(key, with_effect(view, window, effect), window, none[window])
        if model.key == "synthetic_control" and key == "conley_taber":
            assert found.reason == row.reason != ""  # type: ignore[union-attr]
        else:
            assert numbers(found) == pytest.approx((row.pvalue, row.low, row.high), rel=1e-7, abs=1e-9), key


@pytest.mark.parametrize("model", [es.ConstantMean(), FactorModel(NAMES[:3])], ids=lambda model: model.key)
def test_simulated_pools_are_those_of_pooled_controls(
    model: ExpectedReturn, prices_of: Callable[..., PriceTable], event_at: Callable[..., Event], no_events: EventTable
) -> None:
    window, names = (0, 1), NAMES[:4]
    design = Design(model=model, controls=4, windows=(window,), m=M, keys=("pooled_controls",))
    values = drawn(window, count=4, more=POOL_DATES)
    view, pools = design.views(values, 0.05)[0]
    pooled = pools[window]
    assert isinstance(view, PairView)
    prices = prices_of(dict(zip((TREATED, *names), np.hstack((np.zeros((5, 1)), values[0])), strict=True)))
    event = event_at(prices, len(prices.frame) - 2)
    expected = es.pooled_controls(
        prices, event, TREATED, names, window=window, model=model, windows=windows_of(window, (-M - 10, -11)),
        others=no_events,
    )  # fmt: skip
    found = ask_beside("pooled_controls", view, window, pooled)
    assert isinstance(expected, Finding)
    # The first price has no return, so that each control has one date more there.
    assert 1.0 / expected.smallest_p == 1 + pooled.size + 4
    assert found.pvalue == pytest.approx(expected.pvalue, abs=5 / pooled.size)  # type: ignore[union-attr]
    assert numbers(found)[1:] == pytest.approx(numbers(expected)[1:], rel=0.02)
    assert expected.low < expected.estimate < expected.high
    assert expected.estimate / expected.value == pytest.approx(float(view.abnormal.car(window).se[0]), rel=1e-7)


def test_controls_on_real_dates_are_those_of_the_study(embedded: PriceTable) -> None:
    window, model, keys = (0, 4), es.MarketModel("DOW29"), ("conley_taber", "conley_taber_car", "pooled_controls")
    windows = windows_of(window, (-260, -11))
    prepared = prepare(embedded, "AA", model, windows, None)
    names = control_names(embedded, "AA", model, None)
    rows = np.array([900, 951, 1400])
    ranked = list(controls_at(embedded, names, model, windows, prepared, rows))
    pools = list(pooled_at(embedded, ("AXP", "T"), model, windows, prepared, rows, es.catalog()))
    measures = measures_of((), windows, alpha=0.05, seed=0, spec=GarchResponse())
    for row, beside, pooled in zip(rows.tolist(), ranked, pools, strict=True):
        assert not isinstance(beside, str)
        view = PairView(**{**vars(view_at(prepared, row, measures)), "controls": beside})
        event = Event(id="one", announced=pd.Timestamp(embedded.frame.index[row]).date(), precision="weekend")
        study = es.Study(
            instruments=["AA"], model=model, window=windows, statistics=("conley_taber",), volatility=None,
            counterfactuals=False,
        )  # fmt: skip
        expected = study.run(embedded, event).tests.one(statistic="conley_taber", window=window, instrument="AA")
        assert expected.distribution == "rank among 27 controls"
        found = ask_beside(keys[0], view, window, pooled)
        assert numbers(found) == pytest.approx((expected.pvalue, expected.low, expected.high), rel=1e-9)
        plain = es.conley_taber(float(view.abnormal.car(window).car[0]), beside.car(window).car)
        assert ask_beside(keys[1], view, window, pooled) == plain
        by_function = es.pooled_controls(
            embedded, event, "AA", ["AXP", "T"], window=window, model=model, windows=windows
        )
        assert numbers(ask_beside(keys[2], view, window, pooled)) == pytest.approx(numbers(by_function), rel=1e-9)


def test_a_rank_among_19_alike_rejects_5_percent_whoever_the_market_moves() -> None:
    # A common shock of any variance leaves the treated exchangeable with its controls: 1/20 by counting.
    for whose in ("all", "common"):
        cell = es.calibrate_donors("conley_taber", "variance_x4_before", controls=19, whose=whose, reps=1500, seed=4)[0]
        assert cell.rate == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / 1500))
        assert cell.coverage == pytest.approx(1.0 - cell.rate, abs=1e-12)
    alone = es.calibrate_donors("conley_taber", "variance_x4_before", controls=19, whose="treated", reps=1500, seed=4)[
        0
    ]
    assert alone.rate > 0.15
    assert alone.world == "variance_x4_before, of the treated alone, 19 others"


def test_several_windows_and_effects_share_their_draws() -> None:
    keys, windows, effects = ("conley_taber", "conformal", "pooled_controls"), ((0, 0), (0, 3)), (0.0, 0.05)
    both = es.calibrate_donors(
        keys, "t4", controls=20, window=windows, m=60, reps=25, effect=effects, effect_unit="return"
    )
    assert [(c.window, c.effect, c.method) for c in both] == [(w, e, k) for w in windows for e in effects for k in keys]
    # The longest window is drawn last: it alone sees the very same responses when it is asked alone.
    alone = es.calibrate_donors(
        keys, "t4", controls=20, window=(0, 3), m=60, reps=25, effect=effects, effect_unit="return"
    )
    assert both[6:] == alone
    assert all(c.rate > 0.8 for c in both if c.effect and c.window == (0, 0))


def test_what_is_named_twice_is_counted_once(embedded: PriceTable) -> None:
    twice, once = ["local_scale", "local_scale"], "local_scale"
    size = {"controls": 3, "m": 60, "reps": 10}
    both = es.calibrate_donors(twice, effect=(3.0, 3.0), window=((0, 0), (0, 0)), **size)  # type: ignore[arg-type]
    assert both == es.calibrate_donors(once, effect=3.0, **size)  # type: ignore[arg-type]
    dates = es.calibrate_dates(embedded, "AA", twice, m=60, most=10, effects=(0.1, 0.1))
    assert dates == es.calibrate_dates(embedded, "AA", [once], m=60, most=10, effects=(0.1,))


def test_a_named_control_that_is_not_there_is_no_silent_loss(embedded: PriceTable) -> None:
    assert control_names(embedded, "AA", es.ConstantMean(), ["GE", "AXP", "GE"]) == ("GE", "AXP")
    with pytest.raises(UnknownNameError, match="unknown control 'GEX'"):
        control_names(embedded, "AA", es.ConstantMean(), ["GE", "GEX"])


def test_what_the_market_explains_is_not_the_treated_ones_turbulence() -> None:
    rates = {
        model: es.calibrate_donors(
            "conformal", "variance_x4_before", model=model, whose="common", reps=600, seed=2
        )[0].rate
        for model in ("constant_mean", "market_model")
    }  # fmt: skip
    assert rates["constant_mean"] > 0.08
    assert rates["market_model"] < 0.05 + 4 * math.sqrt(0.05 * 0.95 / 600)


def test_worlds_are_as_correlated_and_as_wide_as_said() -> None:
    offsets = np.arange(-3000, 1)
    rng = np.random.default_rng(0)
    for whose, own, other in (("all", 2.0, 2.0), ("treated", 2.0, 1.0), ("common", math.sqrt(1.9), math.sqrt(1.9))):
        world = WORLDS["doubled_variance"].obj.__class__(draw=WORLDS["iid_normal"].obj.draw, shift=(-2000, 4.0))
        values = together(world, rng, (1, 3), offsets, start=0, whose=whose)[0]  # type: ignore[arg-type]
        early, late = values[:, offsets < -2000], values[:, offsets >= -2000]
        # Errors of a standard deviation of 1,000 draws are 2%, of a correlation 3%.
        assert early.std(axis=1) == pytest.approx(DAY, rel=0.09)
        assert late.std(axis=1) / DAY == pytest.approx([own, other, other], rel=0.07)
        assert np.corrcoef(early)[0, 1:] == pytest.approx(0.3, abs=0.12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ({"methods": "cs_t"}, "unknown statistic of one pair 'cs_t'"),
        ({"world": "dow"}, "dow draws real prices"),
        ({"world": "quiet"}, "unknown world 'quiet'"),
        ({"model": "capm"}, "unknown model 'capm'"),
        ({"whose": "mine"}, "whose = 'mine'"),
        ({"window": (2, 1)}, "not end before it starts"),
        ({"controls": 2}, "3 controls"),
    ],
)
def test_calls_that_cannot_be(call: dict[str, object], words: str) -> None:
    with pytest.raises(es.EventStudyError, match=words):
        es.calibrate_donors(**{"methods": "conley_taber", "reps": 2, **call})  # type: ignore[arg-type]


def test_commands(run: Callable[..., tuple[int, str, str]]) -> None:
    call = "calibrate-donors --method conley_taber,conformal --controls 19 --model market_model --m 60 --reps 40 --json"
    code, out, _ = run(*call.split(), "--effect", "8")
    cells = json.loads(out)["cells"]
    assert code == 0
    assert [c["method"] for c in cells] == ["conley_taber", "conformal"]
    assert all(c["world"] == "iid_normal, 19 others" and c["rate"] > 0.9 for c in cells)
    real = "calibrate --on AA --reps 40 --json --method"
    code, out, _ = run(*real.split(), "conley_taber", "--model", "market_model")
    one = json.loads(out)["cells"][0]
    assert (code, one["undefined"], one["reps"]) == (0, 0, 40)
    code, out, _ = run(*real.split(), "pooled_controls", "--beside", "AXP,T", "--effect", "0.2")
    assert (code, json.loads(out)["cells"][0]["rate"]) == (0, 1.0)
    code, _, err = run("calibrate", "--method", "conley_taber", "--model", "market_model")
    assert code == 2
    assert "eventstudy calibrate-donors" in err


@needs_shared
def test_aluminium_beside_other_metals_is_pooled_as_the_function_pools_it() -> None:
    lme = es.load("files", [LME / f"lme_{name}.csv" for name in ("aluminium", "copper", "zinc", "nickel")])
    others = ["LME-CU-CASH", "LME-ZN-CASH", "LME-NI-CASH"]
    cell = es.calibrate_dates(
        lme, "LME-CASH", ["pooled_controls"], model=es.MarketModel(), controls=others, most=12, effects=[0.0]
    )[0]
    windows = windows_of((0, 0), (-260, -11))
    prepared = prepare(lme, "LME-CASH", es.MarketModel(), windows, None)
    rejected = 0
    for row in spread(positions(prepared, windows, "all"), 12).tolist():
        event = Event(id="one", announced=pd.Timestamp(prepared.series.dates[row]).date(), precision="weekend")
        found = es.pooled_controls(lme, event, "LME-CASH", others, window=(0, 0), windows=windows)
        rejected += isinstance(found, Finding) and found.pvalue <= 0.05
    assert cell.rate == rejected / 12


def test_a_pair_whose_donors_all_moved_is_refused_not_measured(
    prices_of: Callable[..., PriceTable], no_events: EventTable
) -> None:
    rng = np.random.default_rng(6)
    found = {name: 0.01 * rng.standard_normal(400) for name in ("A", "D1", "D2", "D3")}
    for donor in ("D1", "D2", "D3"):
        found[donor][300] = 0.2
    prices = prices_of(found)
    model, windows = SyntheticControl(("D1", "D2", "D3"), screen=(0, 0)), windows_of((0, 0), (-130, -11))
    prepared = prepare(prices, "A", model, windows, no_events)
    view = view_at(prepared, 300, measures_of((), windows, alpha=0.05, seed=0, spec=GarchResponse()))
    for key in ("conformal", "local_scale"):
        assert isinstance(ask_beside(key, view, (0, 0), np.empty(0)), Inapplicable)
    design = Design(model=model.screened((0, 0)), controls=3, windows=((0, 0),), m=120, keys=("conformal",))
    calm = np.stack([found[name][170:301] for name in found])[None]
    refused = design.views(calm, 0.05)[0][0]
    assert isinstance(refused, Inapplicable)
    assert refused.reason.startswith("no donor is left: ")


def test_the_announcement_of_a_bar_is_the_minute_before_it_closes() -> None:
    closes = pd.DatetimeIndex(pd.date_range("2024-01-02 09:00", periods=300, freq="h", tz="America/New_York"))
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"A": 100 * np.exp(np.cumsum(0.01 * rng.standard_normal(300)))}, index=closes)
    prices = es.prices(frame, intraday=es.Intraday(stamp="end"))
    windows = windows_of((0, 0), (-60, -11))
    prepared = prepare(prices, "A", es.ConstantMean(), windows, EventTable([]))
    for row in (100, 250):
        assert judge_day0(event_of(prepared, row), prepared, windows)[0].position == row
