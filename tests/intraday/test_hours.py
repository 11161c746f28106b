"""The pattern of the day in what forecasts variance, and the refusal of what does not know it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import eventstudy as es
from eventstudy.domain.prices import PriceTable
from eventstudy.engines.compiled import CompiledEngine
from eventstudy.inference.bars import TAKES_BARS_FOR_ALIKE
from eventstudy.inference.base import Finding
from eventstudy.kernels.hour_scale import hour_scale
from eventstudy.volatility.base import VarianceModel
from tests.inference.panels import OFFSETS, abnormal_of, every_statistic, panel_from
from tests.intraday.bars import NOBODY, NY, PATTERN, at, simulated

FAST = es.GarchResponse(draws=1999, engine=CompiledEngine())
WINDOW = es.EventWindow(primary=(0, 0), estimation=(-430, -11), windows=((0, 1),))
KEYS = ("fhs", "verdict", "sq_garch", "t_fe", "conformal", "sq")


@pytest.fixture(scope="module")
def hourly() -> PriceTable:
    return es.prices(simulated(260, 21))


def studied(table: PriceTable, stamp: str, volatility: es.GarchResponse = FAST) -> es.StudyResult:
    study = es.Study(
        instruments=["A"], model=es.MarketModel("M"), window=WINDOW, statistics=KEYS, volatility=volatility,
        counterfactuals=False,
    )  # fmt: skip
    return study.run(table, at(pd.Timestamp(stamp)), others=NOBODY)


@pytest.fixture(scope="module")
def night(hourly: PriceTable) -> es.StudyResult:
    """Bar 0 is the first of a day, which spans the night."""
    return studied(hourly, "2023-12-13 08:30")


@pytest.fixture(scope="module")
def noon(hourly: PriceTable) -> es.StudyResult:
    return studied(hourly, "2023-12-13 12:45")


def model_of(result: es.StudyResult) -> VarianceModel:
    model = result.volatility[0].model
    assert model is not None
    return model


def test_the_scale_of_an_hour_is_that_of_its_like() -> None:
    rng = np.random.default_rng(3)
    kind, used = np.resize(np.arange(7), 400), np.arange(400) < 350
    kind[120] = 99
    residual = np.resize(PATTERN, 400) * rng.standard_normal(400)
    residual[50] = np.nan
    found = hour_scale(residual, kind, used)
    inside = pd.DataFrame({"square": residual**2, "kind": kind})[used].dropna()
    expected = np.sqrt(inside.groupby("kind")["square"].mean() / inside["square"].mean())
    assert np.isnan(found[120])  # one bar of its clock time
    known = kind != 99
    # The same means in another order of operations: rounding alone.
    assert found[known] == pytest.approx(expected.loc[kind[known]].to_numpy(), rel=1e-12)
    assert (hour_scale(residual, np.zeros(400, dtype=np.int64), used) == 1.0).all()


@pytest.mark.parametrize(("bar", "sd"), [("night", 0.009), ("noon", 0.003)])
def test_simulation_knows_the_hour(bar: str, sd: float, request: pytest.FixtureRequest) -> None:
    """95% of undisturbed responses lie within 1.96 of the hour's own standard deviations: 0.9% after a night.

    The scale of one clock time rests on some 140 bars (6% off), the quantile on 1,999 paths of 1,000 shocks (5%).
    """
    result: es.StudyResult = request.getfixturevalue(bar)
    test = result.tests.one(statistic="fhs", window=(0, 0))
    assert 0.5 * (test.high - test.low) == pytest.approx(1.96 * sd, rel=0.25)
    two = result.tests.one(statistic="fhs", window=(0, 1))
    both = np.hypot(sd, 0.003)
    assert 0.5 * (two.high - two.low) == pytest.approx(1.96 * both, rel=0.25)
    assert model_of(result).method == "constant"  # the pattern of the day is no volatility that clusters


def test_volatility_that_clusters_is_told_from_the_hour() -> None:
    """Simulated: a scale that wanders over days times the pattern of the day. Truth: what is left has one variance."""
    frame, rng = simulated(260, 22), np.random.default_rng(5)
    wander = np.zeros(len(frame))
    for k in range(1, wander.size):
        wander[k] = 0.98 * wander[k - 1] + 0.12 * rng.standard_normal()
    returns = np.log(frame).diff().fillna(0.0)
    own = returns["A"] - 0.8 * returns["M"]
    frame["A"] = 100.0 * np.exp((0.8 * returns["M"] + np.exp(wander) * own).cumsum())
    result = studied(es.prices(frame), "2023-12-13 08:30")
    model = model_of(result)
    assert model.method == "gjr"
    assert float(model.params.persistence) > 0.9
    z = model.residual[: model.n_fit] / np.sqrt(model.variance[: model.n_fit])
    assert model.clock is not None
    by_clock = pd.Series(z**2).groupby(model.clock[: model.n_fit]).mean()
    # Standardised by a filter, 142 bars of one clock time differ from the mean by 12% or so.
    assert by_clock.max() / by_clock.min() < 2.0
    fhs, scaled = (result.tests.one(statistic=key, window=(0, 0)) for key in ("fhs", "sq_garch"))
    # Both forecast the volatility of this night; a rank among 61 first bars knows its 5% point to a third or so.
    assert scaled.high - scaled.low == pytest.approx(fhs.high - fhs.low, rel=0.5)


def test_a_forecast_has_the_pattern_of_the_day(night: es.StudyResult) -> None:
    [found] = night.volatility
    sd = np.sqrt(found.expected)
    # Bars 0 and 7 follow a night; each scale is 6% off, and the variance model moves the level of all a little.
    assert sd[[0, 7]] / sd[1:7].mean() == pytest.approx([3.0, 3.0], rel=0.2)
    assert found.expected == pytest.approx(found.usual * model_of(night).hours.at(found.offsets) ** 2)  # type: ignore[union-attr]
    assert np.ptp(np.sqrt(found.usual)) / np.sqrt(found.usual).mean() < 0.5
    model = model_of(night)
    z = model.residual[: model.n_fit] / np.sqrt(model.variance[: model.n_fit])
    assert model.clock is not None
    by_clock = pd.Series(z**2).groupby(model.clock[: model.n_fit]).mean()
    # Every clock time has the same variance left, so none is volatility to the model.
    assert by_clock.max() / by_clock.min() < 1.3
    assert "bars in the scale of their clock time" in model.label


def test_multipliers_are_one_when_nothing_happened(hourly: PriceTable) -> None:
    """Mean multiplier over days 1 to 10 at 12 undisturbed events: 120 chi-squares over 1, so 13% off at one error."""
    days = pd.bdate_range("2023-11-01", periods=12, freq="2B")
    found = [studied(hourly, f"{d:%Y-%m-%d} 08:30").volatility[0] for d in days]
    nights = np.array([r.multiplier[r.offsets == 7][0] for r in found])
    assert np.mean([r.mean_multiplier for r in found]) == pytest.approx(1.0, abs=0.4)
    # 12 nights: a chi-squared(12) over 12 exceeds 2.6 in one of a thousand; taken for an hour it would be 4.2.
    assert nights.mean() < 2.6


def test_what_takes_bars_for_alike_refuses(night: es.StudyResult, noon: es.StudyResult) -> None:
    for result in (night, noon):
        for key in ("t_fe", "conformal"):
            test = result.tests.one(statistic=key, window=(0, 0))
            assert np.isnan(test.pvalue)
            assert "takes bars of every hour for alike" in test.reason
            assert "the verdict" in test.reason


def test_a_joint_fit_knows_the_hour(hourly: PriceTable) -> None:
    joint = dataclasses.replace(FAST, joint=True)
    test = studied(hourly, "2023-12-13 08:30", joint).tests.one(statistic="fhs", window=(0, 0))
    assert 0.5 * (test.high - test.low) == pytest.approx(1.96 * 0.009, rel=0.25)


def test_rare_clock_times_are_left_out_and_said() -> None:
    """Simulated futures, Sunday 18:00 to Friday 17:00: a sample of 43 days holds nine first bars of a week."""
    index = pd.date_range("2023-01-01", periods=250 * 24, freq="h", tz=NY)
    day, hour = index.day_of_week, index.hour
    index = index[(day < 4) | ((day == 4) & (hour < 17)) | ((day == 6) & (hour >= 18))]
    levels = 2300.0 * np.exp(0.001 * np.random.default_rng(4).standard_normal(len(index)).cumsum())
    table = es.prices(pd.DataFrame({"F": levels}, index=index))
    window = es.EventWindow(primary=(0, 0), estimation=(-2000, -11), windows=())
    study = es.Study(
        instruments=["F"], model=es.ConstantMean(), window=window, volatility=FAST, statistics=("fhs",),
        counterfactuals=False,
    )  # fmt: skip
    events = [at(pd.Timestamp("2023-07-16 18:30"), "sunday"), at(pd.Timestamp("2023-07-18 14:30"), "tuesday")]
    found = study.run(table, events, others=NOBODY)
    sunday, tuesday = (found.tests.one(event=e.id, statistic="fhs", window=(0, 0)) for e in events)
    assert "close at a clock time that comes fewer than 19 times in the sample of the variance" in sunday.reason
    assert tuesday.applicable
    label = model_of(dataclasses.replace(found, volatility=found.volatility[1:])).label
    assert "bars of rare ones left out" in label
    short = es.GarchResponse(sessions=300, min_sessions=300, engine=CompiledEngine())
    again = dataclasses.replace(study, volatility=short).run(table, events[1], others=NOBODY)
    assert "too few clock times come 19 times among 300 bars" in again.tests.one(statistic="fhs", window=(0, 0)).reason


def test_statistics_across_pairs_hold_on_the_night_or_refuse() -> None:
    """The refusal names what to use instead; on daily prices the same statistics exist."""
    bars = many(12, 200)
    table, days = es.prices(bars), es.prices(bars.resample("D").last().dropna().tz_localize(None))
    study = es.Study(
        instruments=[f"S{k}" for k in range(12)], model=es.ConstantMean(), window=WINDOW, volatility=None,
        counterfactuals=False, statistics=("patell_z", "bmp_t", "corrado_rank", "placebo", "signflip_exact"),
    )  # fmt: skip
    event = at(pd.Timestamp("2023-08-16 08:30"))
    daily = dataclasses.replace(study, window=es.EventWindow(primary=(0, 0), estimation=(-120, -11), windows=()))
    found, other = study.run(table, event, others=NOBODY), daily.run(days, event, others=NOBODY)
    for key in study.statistics or ():
        test = found.tests.one(statistic=key, window=(0, 0))
        assert ("take the variance from the pairs themselves" in test.reason) == (key in TAKES_BARS_FOR_ALIKE), key
        assert other.tests.one(statistic=key, window=(0, 0)).applicable, key


def many(pairs: int, n_days: int) -> pd.DataFrame:
    """Simulated hourly prices of independent stocks ``S0``, ``S1``, ..."""
    frames = [simulated(n_days, 100 + k)["A"].rename(f"S{k}") for k in range(pairs)]
    return pd.concat(frames, axis=1)


def test_sizes_across_pairs_after_a_night() -> None:
    """Event bars of 2.05 times the scale of all, as a night of three hours has: what is not refused holds its size.

    3.5 binomial errors around 5%, and 3 points for those that at 12 pairs reject up to 8% on days as well (docs).
    """
    rng, reps = np.random.default_rng(8), 200
    rejected: dict[str, list[bool]] = {}
    for _ in range(reps):
        values = 0.01 * rng.standard_normal((12, OFFSETS.size))
        values[:, OFFSETS == 0] *= 2.05
        for key, found in every_statistic(panel_from(abnormal_of(values)), (0, 0)).items():
            if isinstance(found, Finding) and np.isfinite(found.pvalue):
                rejected.setdefault(key, []).append(found.pvalue <= 0.05)
    rates = {key: float(np.mean(r)) for key, r in rejected.items()}
    off = {key for key, rate in rates.items() if rate > 0.08 + 3.5 * np.sqrt(0.05 * 0.95 / reps)}
    assert off <= TAKES_BARS_FOR_ALIKE, {key: rates[key] for key in off - TAKES_BARS_FOR_ALIKE}
    assert {"patell_z", "mackinlay_j1", "bw_crude_t", "placebo", "patell_variance_z"} <= off
    assert len(set(rates) - off) > 15
