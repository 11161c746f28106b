"""Conformal inference, GARCH-standardised SQ, matched placebo dates, rank among controls: each by plain loops."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from arch import arch_model
from numpy.typing import NDArray

import eventstudy as es
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.prices import PriceTable
from eventstudy.kernels.conformal import cyclic_sums, kept_effects, shift_pvalue

FloatArray = NDArray[np.float64]
N, DAY0, OTHER, FIRST, LAST = 760, 700, 600, -140, -11
WINDOW = es.EventWindow(
    primary=(0, 1), event=(-5, 10), estimation=(FIRST, LAST), windows=((0, 0), (0, 4), (-5, -1), (2, 6)), overlap="mask"
)
WINDOWS = ((0, 1), (0, 0), (0, 4), (-5, -1), (2, 6), (-5, 10))
KEYS = ("conformal", "sq_garch", "placebo_matched", "conley_taber")


@pytest.fixture(scope="module")
def responses(stock_and_market: Callable[..., dict[str, FloatArray]]) -> dict[str, FloatArray]:
    both = stock_and_market(N, 2024)
    both["A"][DAY0 : DAY0 + 2] += 0.012
    rng = np.random.default_rng(8)
    controls = {f"C{i:02d}": 0.9 * both["M"] + 0.01 * (1 + i / 10) * rng.standard_t(5, N) for i in range(20)}
    return both | controls


@pytest.fixture(scope="module")
def prices(prices_of: Callable[..., PriceTable], responses: dict[str, FloatArray]) -> PriceTable:
    return prices_of(responses)


def study(**changes: object) -> es.Study:
    full = es.Study(
        instruments=["A"], model=es.MarketModel("M"), window=WINDOW, statistics=KEYS,
        volatility=es.GarchResponse("garch", dist="normal", draws=199),
    )  # fmt: skip
    return replace(full, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def result(prices: PriceTable, event_at: Callable[..., Event]) -> es.StudyResult:
    return study().run(prices, event_at(prices, DAY0), others=EventTable([event_at(prices, OTHER, "other")]))


def rows_of(day0: int, masked: tuple[int, ...] = (OTHER, DAY0)) -> list[int]:
    hidden = {row + k for row in masked for k in (0, 1)}
    return [t for t in range(day0 + FIRST, day0 + LAST + 1) if t not in hidden]


def contiguous(window: tuple[int, int]) -> list[int]:
    """Estimation sessions, the gap, and the window; nothing from day 0 on that precedes it."""
    before = list(range(DAY0 + LAST + 1, DAY0 + min(window[0], 0)))
    return (
        [t for t in rows_of(DAY0) if t < DAY0 + window[0]]
        + before
        + list(range(DAY0 + window[0], DAY0 + window[1] + 1))
    )


def conformal_by_hand(y: FloatArray, m: FloatArray, window: tuple[int, int], effect: float) -> float:
    """Refit by statsmodels with the effect taken out, then shift the residuals one session at a time."""
    rows = contiguous(window)
    length = window[1] - window[0] + 1
    taken = np.array([y[t] for t in rows])
    taken[-length:] -= effect / length
    residual = list(sm.OLS(taken, sm.add_constant(np.array([m[t] for t in rows]))).fit().resid)
    sizes = []
    for _ in rows:
        sizes.append(abs(math.fsum(residual[-length:])) / math.sqrt(length))
        residual = [residual[-1], *residual[:-1]]
    return sum(s >= sizes[0] * (1 - 1e-12) for s in sizes) / len(sizes)


@pytest.mark.parametrize("window", WINDOWS)
def test_conformal_by_refitting_and_shifting(
    result: es.StudyResult, responses: dict[str, FloatArray], window: tuple[int, int]
) -> None:
    row = result.tests.one(statistic="conformal", window=window, instrument="A")
    y, m = responses["A"], responses["M"]
    assert row.pvalue == conformal_by_hand(y, m, window, 0.0)  # a ratio of counts: exact
    assert row.smallest_p == 1.0 / len(contiguous(window))
    # The best-supported effect has every shift on its side.
    assert conformal_by_hand(y, m, window, row.estimate) == 1.0
    # The interval is exact: just inside its ends an effect is kept, just outside it is rejected.
    step = 1e-9
    for end, inward in ((row.low, step), (row.high, -step)):
        assert conformal_by_hand(y, m, window, end + inward) > 0.05 >= conformal_by_hand(y, m, window, end - inward)


def test_the_kept_effects_are_those_of_a_fine_grid() -> None:
    rng = np.random.default_rng(4)
    for length, alpha in ((1, 0.05), (5, 0.1), (3, 0.3)):
        residual, design = rng.standard_t(3, 60), np.where(np.arange(60) >= 60 - length, 1.0 / length, -0.002)
        sums, slopes = cyclic_sums(residual, length), cyclic_sums(design, length)
        low, high = kept_effects(sums, slopes, alpha)
        grid = np.linspace(low - 3.0, high + 3.0, 4001)
        kept = np.array([shift_pvalue(sums - c * slopes) > alpha for c in grid])
        np.testing.assert_array_equal(kept, (grid > low) & (grid < high))


def test_with_fewer_shifts_than_one_in_alpha_every_effect_is_kept() -> None:
    sums = cyclic_sums(np.arange(15.0), 1)
    assert kept_effects(sums, cyclic_sums(np.eye(15)[-1], 1), 0.05) == (-math.inf, math.inf)


@pytest.mark.parametrize(
    "model", [es.MarketAdjusted("M"), es.ScholesWilliams("M"), es.SyntheticControl(["M", "C00", "C01"], screen=None)]
)
def test_conformal_refits_through_the_model_of_the_study(
    prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable, model: object
) -> None:
    done = study(model=model, statistics=("conformal", "t_fe")).run(prices, event_at(prices, DAY0), others=no_events)
    row = done.tests.one(statistic="conformal", window=(0, 1), instrument="A")
    plain = done.tests.one(statistic="t_fe", window=(0, 1), instrument="A")
    assert row.low < row.estimate < row.high
    # The gap and the event add 12 sessions to 130: coefficients and effect hardly change, the width is of t's order.
    assert row.estimate == pytest.approx(plain.estimate, abs=0.15 * (plain.high - plain.low))
    assert 0.6 < (row.high - row.low) / (plain.high - plain.low) < 1.6
    assert (row.pvalue <= 0.05) == (not row.low <= 0.0 <= row.high)


def fitted(y: FloatArray, m: FloatArray, day0: int, masked: tuple[int, ...]) -> tuple[object, FloatArray, float]:
    """Coefficients, (X'X)^-1 and sigma of one date, by statsmodels."""
    rows = rows_of(day0, masked)
    design = sm.add_constant(np.array([m[t] for t in rows]))
    fit = sm.OLS(np.array([y[t] for t in rows]), design).fit()
    return fit.params, np.linalg.inv(design.T @ design), math.sqrt(fit.mse_resid)


def test_matched_placebo_dates_by_the_pipeline_at_every_date(
    prices_of: Callable[..., PriceTable], responses: dict[str, FloatArray], event_at: Callable[..., Event],
    no_events: EventTable,
) -> None:  # fmt: skip
    y, m = responses["A"], responses["M"]
    prices = prices_of({"A": y, "M": m})
    done = study(statistics=("placebo_matched",)).run(prices, event_at(prices, DAY0), others=no_events)
    row = done.tests.one(statistic="placebo_matched", window=(0, 1), instrument="A")
    values = {}
    for t in range(-FIRST, N - 10):
        if t != DAY0 and abs(t - DAY0) <= 10:
            continue
        params, gram, _ = fitted(y, m, t, (DAY0,))
        ar = {k: y[k] - params @ [1.0, m[k]] for k in range(t - 20, t + 2)}  # type: ignore[operator]
        recent = math.sqrt(sum(ar[k] ** 2 for k in range(t - 20, t)) / 20)
        x = np.array([2.0, m[t] + m[t + 1]])
        values[t] = (recent, (ar[t] + ar[t + 1]) / (recent * math.sqrt(2.0 + x @ gram @ x)))
    near = [v for t, v in values.items() if t != DAY0 and 1 / 1.25 <= v[0] / values[DAY0][0] <= 1.25]
    assert len(near) >= 199
    assert row.value == pytest.approx(values[DAY0][1], rel=1e-9)
    assert row.pvalue == (1 + sum(abs(v[1]) >= abs(values[DAY0][1]) for v in near)) / (1 + len(near))
    assert row.smallest_p == 1.0 / (1 + len(near))
    assert (row.pvalue <= 0.05) == (not row.low <= 0.0 <= row.high)


def test_a_matched_set_below_199_is_refused(
    prices_of: Callable[..., PriceTable], responses: dict[str, FloatArray], event_at: Callable[..., Event],
    no_events: EventTable,
) -> None:  # fmt: skip
    # A series of 360 sessions has 189 dates with complete windows, clear of the event.
    prices = prices_of({k: responses[k][400:] for k in ("A", "M")})
    done = study(statistics=("placebo_matched",)).run(prices, event_at(prices, DAY0 - 400), others=no_events)
    row = done.tests.one(statistic="placebo_matched", window=(0, 1), instrument="A")
    words = " of 189 placebo dates follow days as turbulent as these (within 25%); a matched set needs 199"
    assert row.reason.endswith(words)
    assert math.isnan(row.pvalue)


@pytest.mark.parametrize("window", [(0, 1), (0, 4), (2, 6)])
def test_standardised_sq_by_the_variance_of_arch(
    result: es.StudyResult, responses: dict[str, FloatArray], window: tuple[int, int]
) -> None:
    y, m = responses["A"], responses["M"]
    # Mean on the whole sample before the gap, variance by `arch`, filtered to the end by its own recursion.
    head = slice(1, DAY0 + LAST + 1)
    mean = sm.OLS(y[head], sm.add_constant(m[head])).fit().params
    residual = np.array([y[t] - mean @ [1.0, m[t]] for t in range(1, DAY0 + 11)])
    fit = arch_model(100 * residual[: DAY0 + LAST], mean="Zero", vol="GARCH", p=1, q=1).fit(disp="off")
    omega, alpha, beta = (float(fit.params[k]) for k in ("omega", "alpha[1]", "beta[1]"))
    h = [float(fit.conditional_volatility[0] ** 2)]
    for e in residual:
        h.append(omega + alpha * (100 * e) ** 2 + beta * h[-1])
    length, lead = window[1] - window[0] + 1, max(window[0], 0)

    def forecast(start: int) -> float:
        level, steps = h[start - lead - 1], []
        for _ in range(lead + length):
            steps.append(level)
            level = omega + (alpha + beta) * level
        return math.sqrt(sum(steps[lead:]) / length) / 100

    params, gram, _ = fitted(y, m, DAY0, (OTHER, DAY0))
    inside = set(rows_of(DAY0))
    x = np.array([[1.0, m[t]] for t in range(N)])
    ar = y - x @ params  # type: ignore[operator]

    def value(start: int, sign: float) -> float:
        total = x[start : start + length].sum(axis=0)
        scale = math.sqrt(length + sign * float(total @ gram @ total))
        return float(ar[start : start + length].sum()) / (scale * forecast(start))

    starts = [t for t in sorted(inside) if all(t + k in inside for k in range(length))]
    others = [value(t, -1.0) for t in starts]
    own = value(DAY0 + window[0], 1.0)
    row = result.tests.one(statistic="sq_garch", window=window, instrument="A")
    # Two likelihoods, each stopped at its own tolerance, agree to about five digits in the variance.
    assert row.value == pytest.approx(own, rel=2e-4)
    assert row.smallest_p == 1.0 / (1 + len(starts))
    # Neighbours in rank may change places with the sixth digit of beta: one place of about 120.
    assert row.pvalue == pytest.approx((1 + sum(abs(v) >= abs(own) for v in others)) / (1 + len(others)), abs=0.009)


def test_rank_among_controls_by_loop(result: es.StudyResult, responses: dict[str, FloatArray]) -> None:
    m = responses["M"]
    scar = {}
    for name in ("A", *(f"C{i:02d}" for i in range(20))):
        y = responses[name]
        masked = (OTHER, DAY0) if name == "A" else (DAY0,)
        params, gram, sigma = fitted(y, m, DAY0, masked)
        x = np.array([2.0, m[DAY0] + m[DAY0 + 1]])
        total = sum(y[t] - params @ [1.0, m[t]] for t in (DAY0, DAY0 + 1))  # type: ignore[operator]
        scar[name] = total / (sigma * math.sqrt(2.0 + x @ gram @ x))
    row = result.tests.one(statistic="conley_taber", window=(0, 1), instrument="A")
    rest = [abs(v) for k, v in scar.items() if k != "A"]
    assert row.value == pytest.approx(scar["A"], rel=1e-9)
    assert row.pvalue == (1 + sum(v >= abs(scar["A"]) for v in rest)) / 21
    assert row.smallest_p == 1 / 21
    assert (row.low, row.high) == pytest.approx(
        (row.estimate - max(rest) * row.estimate / row.value, row.estimate + max(rest) * row.estimate / row.value)
    )


def test_few_controls_are_refused_and_pooling_offered(
    prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable, responses: dict[str, FloatArray]
) -> None:
    event = event_at(prices, DAY0)
    few = study(controls=["C00", "C01", "M", "A"], statistics=("conley_taber",)).run(prices, event, others=no_events)
    row = few.tests.one(statistic="conley_taber", window=(0, 1), instrument="A")
    assert row.reason.startswith("2 control instruments of the same kind; with fewer than 19")  # M explains, A is it
    span = replace(WINDOW, windows=())
    pooled = es.pooled_controls(
        prices, event, "A", ["C00", "C01"], model=es.MarketModel("M"), windows=span, others=no_events
    )
    dates = [t for t in range(-FIRST, N - 10) if abs(t - DAY0) > 10]
    assert pooled.smallest_p == 1 / (1 + 2 * len(dates))  # type: ignore[union-attr]
    count = 0
    for name in ("C00", "C01"):
        for t in dates:
            params, gram, sigma = fitted(responses[name], responses["M"], t, ())
            x = np.array([2.0, responses["M"][t] + responses["M"][t + 1]])
            total = sum(responses[name][k] - params @ [1.0, responses["M"][k]] for k in (t, t + 1))  # type: ignore[operator]
            count += abs(total) / (sigma * math.sqrt(2.0 + x @ gram @ x)) >= abs(pooled.value)  # type: ignore[union-attr]
    assert pooled.pvalue == (1 + count) / (1 + 2 * len(dates))  # type: ignore[union-attr]
    with pytest.raises(es.EventStudyError, match="at least one other instrument"):
        es.pooled_controls(prices, event, "A", ["A"])
    with pytest.raises(es.EventStudyError, match="unknown instrument"):
        es.pooled_controls(prices, event, "A", ["ZINC"])


def test_no_variance_dynamics_no_standardised_sq(
    prices_of: Callable[..., PriceTable], event_at: Callable[..., Event], no_events: EventTable
) -> None:
    prices = prices_of({"A": 0.01 * np.random.default_rng(3).standard_normal(N)})
    done = study(model=es.ConstantMean(), statistics=("sq_garch",)).run(
        prices, event_at(prices, DAY0), others=no_events
    )
    assert "it would repeat SQ" in done.tests.one(statistic="sq_garch", window=(0, 1), instrument="A").reason
    off = study(volatility=None, model=es.ConstantMean(), statistics=("sq_garch",)).run(
        prices, event_at(prices, DAY0), others=no_events
    )
    assert off.tests.one(statistic="sq_garch", window=(0, 1), instrument="A").reason == "volatility was not asked for"


def test_the_rank_among_controls_has_its_size_whatever_they_share() -> None:
    # A common shock and fat tails leave the instrument exchangeable with its 20 controls: size 1/21 by counting.
    rng, reps = np.random.default_rng(12), 4000
    values = 3.0 * rng.standard_normal((reps, 1)) + rng.standard_t(3, (reps, 21))
    rates = [
        np.mean([es.conley_taber(float(v[0] + effect), v[1:]).pvalue <= 0.05 for v in values])  # type: ignore[union-attr]
        for effect in (0.0, 20.0)
    ]
    assert rates[0] == pytest.approx(1 / 21, abs=4 * math.sqrt(1 / 21 * 20 / 21 / reps))
    assert rates[1] > 0.9  # seen when it is far beyond what they share
