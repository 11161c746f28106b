"""The sum of the multipliers judged several ways, and the course of a raised variance, on simulated and real series."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import eventstudy as es
from eventstudy.domain.align import response_series
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.prices import PriceTable
from eventstudy.engines.compiled import CompiledEngine
from eventstudy.errors import InputError
from eventstudy.kernels.garch import GarchParams
from eventstudy.models.benchmarks import ConstantMean
from eventstudy.report.page import page_html
from eventstudy.report.record import dumps, study_record
from eventstudy.verdict import volatility_words
from eventstudy.volatility.base import GarchResponse, VarianceModel, variance_model
from eventstudy.volatility.cumulative import LONGEST
from eventstudy.volatility.persistence import half_life_of
from eventstudy.volatility.response import VolatilityResponse, measure_response

FloatArray = NDArray[np.float64]
N, DAY0 = 900, 840
WINDOW = es.EventWindow(primary=(0, 1), event=(-5, 40), estimation=(-120, -11), windows=())
SPEC = GarchResponse(kind="garch", dist="normal", draws=499, engine=CompiledEngine())


@pytest.fixture(scope="module")
def returns(garch_series: Callable[..., FloatArray]) -> FloatArray:
    """A GARCH path with nine times the variance on days 3 to 8."""
    values = garch_series(N, 42)
    values[DAY0 + 3 : DAY0 + 9] *= 3.0
    return values


@pytest.fixture(scope="module")
def model(prices_of: Callable[..., PriceTable], returns: FloatArray) -> VarianceModel:
    series = response_series(prices_of({"A": returns}, A="as_is"), "A", (), policy="own_calendar")
    found = variance_model(series, DAY0, ConstantMean(), WINDOW, SPEC)
    assert isinstance(found, VarianceModel)
    return found


def measure(model: VarianceModel, last: int = 10, **more: object) -> VolatilityResponse:
    rng = np.random.default_rng(0)
    options: dict[str, object] = {"draws": 499, "alpha": 0.05, "rng": rng} | more
    return measure_response("e", "A", "fraction", model, last=last, **options)  # type: ignore[arg-type]


def test_local_placebo_by_loop(model: VarianceModel) -> None:
    others = [-300, -5]
    found = measure(model, others=others).placebo
    assert found is not None
    squares = model.residual**2
    at = int(np.flatnonzero(model.offsets == 0)[0])
    ratios = []
    for t in range(20, model.n_fit - 10):
        if any(abs(int(model.offsets[t]) - o) <= 10 for o in others):
            continue
        ratios.append(squares[t + 1 : t + 11].sum() / squares[t - 20 : t].mean())
    own = squares[at + 1 : at + 11].sum() / squares[at - 20 : at].mean()
    assert found.pvalue == (1 + sum(r >= own for r in ratios)) / (1 + len(ratios))
    assert found.multiple == pytest.approx(own / np.mean(ratios), rel=1e-9)
    assert found.low == pytest.approx(own / np.quantile(ratios, 0.975), rel=1e-9)
    assert found.smallest_p == 1 / (1 + len(ratios))


def test_the_larger_p_and_the_wider_interval_count(model: VarianceModel) -> None:
    response = measure(model)
    assert response.simulated is not None
    assert response.placebo is not None
    assert response.pvalue == max(response.simulated.pvalue, response.placebo.pvalue)
    assert response.low == min(response.simulated.low, response.placebo.low)
    assert response.high == max(response.simulated.high, response.placebo.high)


def test_chi_square_by_hand_with_its_assumption(model: VarianceModel) -> None:
    response = measure(model)
    chi = response.ways[-1]
    total = float(response.multiplier[1:].sum())
    assert chi.pvalue == pytest.approx(1.0 - stats.chi2.cdf(total, 10), abs=1e-12)
    assert "one-step forecasts" in chi.note


def test_forecast_from_before_the_gap_by_recursion(model: VarianceModel) -> None:
    gap = measure(model, origin="gap")
    h = float(model.variance[model.n_fit])
    omega, persistence = float(model.params.omega), float(model.params.persistence)
    for _ in range(10):  # sessions -10 to -1: their variance is forecast, not filtered
        h = omega + persistence * h
    assert gap.expected[0] == pytest.approx(h, rel=1e-9)
    assert gap.origin == "gap"
    at = int(np.flatnonzero(model.offsets == 3)[0])
    assert gap.multiplier[3] == pytest.approx(model.residual[at] ** 2 / gap.expected[3], rel=1e-9)
    # Beside each stands the other, with the same numbers as when it is the main one, up to the draws.
    beside = measure(model).beside[0]
    assert beside.multiple == pytest.approx(gap.mean_multiplier, rel=1e-12)
    assert "before the gap" in beside.method


def test_the_sum_ends_at_day_21(model: VarianceModel) -> None:
    response = measure(model, last=40)
    assert (response.offsets[-1], response.last, response.days) == (40, LONGEST, 21)
    assert response.cav == pytest.approx((response.multiplier[1:22] - 1.0).sum(), rel=1e-12)
    assert "Volatility on days 1 to 21" in volatility_words(response, 0.05)


def test_the_course_of_a_raised_variance(model: VarianceModel) -> None:
    response = measure(model, last=30)
    course = response.persistence
    assert course is not None
    assert response.raised(0.05)
    assert course.onset.low <= 3 <= course.onset.high
    assert course.baseline.low <= 9 <= course.baseline.high
    assert course.onset.value < course.baseline.value
    assert course.multiple > 3.0
    assert course.peak.value in range(3, 9)
    assert course.peak.low <= course.peak.value <= course.peak.high
    assert course.half_life.low <= course.half_life.value <= course.half_life.high
    assert "Volatility was raised from day" in volatility_words(response, 0.05)


def test_nothing_is_followed_where_nothing_is_raised(model: VarianceModel) -> None:
    calm = replace(model, residual=np.where(model.offsets > 0, 0.3 * model.residual, model.residual))
    course = measure(calm).persistence
    assert course is not None
    for one in (course.onset, course.baseline, course.peak, course.half_life):
        assert math.isnan(one.value)
        assert "days 1 to 10 are not called raised" in one.reason
    assert course.model_half_life.value == pytest.approx(model.half_life)


def test_model_half_life_interval_from_coefficient_draws(model: VarianceModel) -> None:
    found = half_life_of(model, 999, 0.05, np.random.default_rng(1))
    drawn = model.drawn_params(999, np.random.default_rng(1))
    assert drawn is not None
    lives = np.sort([math.log(0.5) / math.log(p) if p < 0.9999 else math.inf for p in drawn.persistence])
    assert found.value == model.half_life
    assert found.low == lives[round(0.025 * 998)]
    assert found.low < found.value < found.high
    zero = np.asarray(0.0)
    flat = replace(
        model,
        method="constant",
        fit=None,
        problem="no dynamics",
        params=GarchParams(np.asarray(1e-4), zero, zero, zero),
    )
    assert half_life_of(flat, 99, 0.05, np.random.default_rng(1)).reason == "no dynamics"


def test_short_samples_have_ewma_and_constant_variance_both(
    prices_of: Callable[..., PriceTable], returns: FloatArray
) -> None:
    series = response_series(prices_of({"A": returns[500:]}, A="as_is"), "A", (), policy="own_calendar")
    short = variance_model(series, DAY0 - 500, ConstantMean(), WINDOW, SPEC)
    assert isinstance(short, VarianceModel)
    response = measure(short)
    assert short.method == "ewma"
    methods = [way.method for way in response.ways]
    assert "constant variance" in methods
    level = np.mean(short.residual[: short.n_fit] ** 2)
    constant = response.ways[methods.index("constant variance")]
    after = short.residual[(short.offsets >= 1) & (short.offsets <= 10)]
    assert constant.multiple == pytest.approx(np.mean(after**2) / level, rel=1e-9)
    assert "EWMA and constant variance" in volatility_words(response, 0.05)


def test_too_few_placebo_windows_leave_the_simulation_alone(
    prices_of: Callable[..., PriceTable], returns: FloatArray
) -> None:
    start = DAY0 - 70
    window = replace(WINDOW, estimation=(-70, -11))
    series = response_series(prices_of({"A": returns[start:]}, A="as_is"), "A", (), policy="own_calendar")
    short = variance_model(series, 70, ConstantMean(), window, SPEC)
    assert isinstance(short, VarianceModel)
    response = measure(short, last=21, others=[-40])
    assert response.placebo is not None
    assert response.simulated is not None
    assert math.isnan(response.placebo.pvalue)
    assert "placebo windows inside the sample" in response.placebo.note
    assert response.pvalue == response.simulated.pvalue


def test_study_page_and_json(
    prices_of: Callable[..., PriceTable], returns: FloatArray, event_at: Callable[..., Event]
) -> None:
    prices = prices_of({"A": returns}, A="as_is")
    spec = replace(SPEC, origin="gap")
    study = es.Study(instruments=["A"], model=es.ConstantMean(), window=WINDOW, volatility=spec, statistics=("fhs",))
    result = study.run(prices, event_at(prices, DAY0), others=EventTable([]))
    assert result.volatility[0].origin == "gap"
    record = json.loads(dumps(study_record(result)))["volatility"][0]
    assert record["window"] == [1, 21]
    assert record["ways"][0]["method"] == "simulated paths, forecast from before the gap"
    assert set(record["course"]) == {"onset", "baseline", "peak", "half_life", "model_half_life", "multiple"}
    assert "Course of a raised variance" in page_html(result)
    with pytest.raises(InputError, match="origin 'moon'"):
        GarchResponse(origin="moon")  # type: ignore[arg-type]
