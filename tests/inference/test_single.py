"""Statistics of one series and one event: each recomputed by plain loops, refusals, and intervals that invert."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
import statsmodels.api as sm
from arch import arch_model
from numpy.typing import NDArray
from scipy import stats

import eventstudy as es
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.prices import PriceTable
from eventstudy.inference.base import PAIR_STATISTICS
from eventstudy.results import TestTable

FloatArray = NDArray[np.float64]
N, DAY0, OTHER = 760, 700, 600
FIRST, LAST = -140, -11
WINDOW = es.EventWindow(
    primary=(0, 1), event=(-5, 10), estimation=(FIRST, LAST), windows=((0, 0), (0, 4), (-5, -1), (2, 6)), overlap="mask"
)
WINDOWS = ((0, 1), (0, 0), (0, 4), (-5, -1), (2, 6), (-5, 10))
DRAWS = 1999
KEYS = [entry.key for entry in PAIR_STATISTICS]


@dataclass(frozen=True)
class Fit:
    """Market model of one date, by statsmodels."""

    rows: list[int]
    ar: dict[int, float]
    x: dict[int, FloatArray]
    sigma: float
    gram: FloatArray
    dof: int


@dataclass(frozen=True)
class ByHand:
    """The procedures of section 13 of the methods, written as loops over sessions."""

    r: FloatArray
    m: FloatArray
    events: tuple[int, ...]

    def fit(self, day0: int) -> Fit:
        """Fit on the estimation sessions that no announcement fell on (its day and the next)."""
        masked = {row + k for row in self.events for k in (0, 1)}
        rows = [t for t in range(day0 + FIRST, day0 + LAST + 1) if t >= 1 and t not in masked]
        design = np.array([[1.0, self.m[t]] for t in rows])
        model = sm.OLS(np.array([self.r[t] for t in rows]), design).fit()
        x = {t: np.array([1.0, self.m[t]]) for t in range(max(1, day0 + FIRST), day0 + 11)}
        ar = {t: float(self.r[t] - x[t] @ model.params) for t in x}
        return Fit(rows, ar, x, math.sqrt(model.mse_resid), np.linalg.inv(design.T @ design), int(model.df_resid))

    def car(self, fit: Fit, day0: int, window: tuple[int, int]) -> tuple[float, float]:
        """Sum and its standard error in units of sigma, ``sqrt(L + x'Gx)``."""
        days = range(day0 + window[0], day0 + window[1] + 1)
        x = np.sum([fit.x[t] for t in days], axis=0)
        return sum(fit.ar[t] for t in days), math.sqrt(len(days) + float(x @ fit.gram @ x))

    def windows_inside(self, fit: Fit, length: int) -> Iterator[tuple[int, float, float]]:
        """First session, sum and in-sample scale ``sqrt(L - x'Gx)`` of every unbroken window of estimation."""
        inside = set(fit.rows)
        for start in fit.rows:
            days = range(start, start + length)
            if all(t in inside for t in days):
                x = np.sum([fit.x[t] for t in days], axis=0)
                scale = math.sqrt(length - float(x @ fit.gram @ x))
                yield start, sum(fit.ar[t] for t in days), scale

    @staticmethod
    def local(fit: Fit, start: int) -> float:
        """Root mean square residual of the 20 sessions before `start`; NaN without 20 of them."""
        before = [fit.ar[t] for t in range(start - 20, start) if t in fit.ar]
        return math.sqrt(sum(v * v for v in before) / 20) if len(before) == 20 else math.nan

    def ranked(self, window: tuple[int, int], *, studentised: bool, local: bool) -> tuple[float, int]:
        """p of the event's sum among those inside estimation, and their number."""
        fit = self.fit(DAY0)
        total, scale = self.car(fit, DAY0, window)
        own = abs(total) / (scale if studentised else 1.0)
        if local:
            own /= self.local(fit, DAY0 + window[0])
        others = []
        for start, inside, spread in self.windows_inside(fit, window[1] - window[0] + 1):
            value = abs(inside) / (spread if studentised else 1.0)
            value = value / self.local(fit, start) if local else value
            if not math.isnan(value):
                others.append(value)
        return (1 + sum(v >= own for v in others)) / (1 + len(others)), len(others)


@pytest.fixture(scope="module")
def responses(stock_and_market: Callable[..., dict[str, FloatArray]]) -> dict[str, FloatArray]:
    """Two sessions of a reaction, large enough that the p-values are not near one."""
    both = stock_and_market(N, 2024)
    both["A"][DAY0 : DAY0 + 2] += 0.012
    return both


@pytest.fixture(scope="module")
def prices(prices_of: Callable[..., PriceTable], responses: dict[str, FloatArray]) -> PriceTable:
    return prices_of(responses)


@pytest.fixture(scope="module")
def known(prices: PriceTable, event_at: Callable[..., Event]) -> EventTable:
    """Another announcement 100 sessions earlier: masked in estimation and among placebo dates."""
    return EventTable([event_at(prices, OTHER, "other")])


def study(**changes: object) -> es.Study:
    """The study of this module."""
    full = es.Study(
        instruments=["A"], model=es.MarketModel("M"), window=WINDOW, volatility=es.GarchResponse(draws=DRAWS)
    )
    return replace(full, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def result(prices: PriceTable, known: EventTable, event_at: Callable[..., Event]) -> es.StudyResult:
    return study().run(prices, event_at(prices, DAY0), others=known)


@pytest.fixture(scope="module")
def hand(responses: dict[str, FloatArray]) -> ByHand:
    return ByHand(responses["A"], responses["M"], (OTHER, DAY0))


def test_every_statistic_has_a_number_on_every_window(result: es.StudyResult) -> None:
    ours = ("t_fe", "sq", "sq_raw", "local_scale", "placebo_dates", "fhs", "verdict")
    # The others are in test_one_series.py and test_own_scale.py.
    assert {*ours, "own_scale", "conformal", "sq_garch", "placebo_matched", "conley_taber"} == set(KEYS)
    for key in ours:
        for window in WINDOWS:
            row = result.tests.one(statistic=key, window=window, instrument="A")
            assert row.applicable
            assert 0.0 < row.pvalue <= 1.0
            assert row.low <= row.estimate <= row.high
            assert row.se > 0.0
            assert (row.unit, row.n_pairs, row.n_dates, row.alternative) == ("fraction", 1, 1, "two-sided")


# --- each statistic by loops ----------------------------------------------------------------------


@pytest.mark.parametrize("window", WINDOWS)
def test_t_with_forecast_error_by_loop(result: es.StudyResult, hand: ByHand, window: tuple[int, int]) -> None:
    row, fit = result.tests.one(statistic="t_fe", window=window, instrument="A"), hand.fit(DAY0)
    total, scale = hand.car(fit, DAY0, window)
    assert fit.dof == 130 - 2 - 2  # 130 sessions, two masked, two coefficients
    assert row.estimate == pytest.approx(total, rel=1e-9)
    assert row.se == pytest.approx(fit.sigma * scale, rel=1e-10)
    assert row.value == pytest.approx(total / (fit.sigma * scale), rel=1e-9)
    assert row.pvalue == pytest.approx(2.0 * stats.t.sf(abs(total) / (fit.sigma * scale), fit.dof), rel=1e-8)
    half = stats.t.ppf(0.975, fit.dof) * fit.sigma * scale
    assert (row.low, row.high) == pytest.approx((total - half, total + half), rel=1e-8)
    assert row.smallest_p == 0.0
    assert row.distribution == f"t({fit.dof})"


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize(
    ("key", "studentised", "local"), [("sq", True, False), ("sq_raw", False, False), ("local_scale", True, True)]
)
def test_ranks_inside_estimation_by_loop(
    result: es.StudyResult, hand: ByHand, key: str, studentised: bool, local: bool, window: tuple[int, int]
) -> None:
    row = result.tests.one(statistic=key, window=window, instrument="A")
    pvalue, count = hand.ranked(window, studentised=studentised, local=local)
    assert row.pvalue == pvalue  # a ratio of counts: exact
    assert row.smallest_p == 1.0 / (1 + count)
    assert str(count) in row.distribution
    # The masked pair of sessions breaks every window across it, 20 sessions go to the first local scales.
    length = window[1] - window[0] + 1
    assert count == 130 - length + 1 - (length + 1) - (20 if local else 0)


def test_placebo_dates_by_running_the_pipeline_at_every_date(result: es.StudyResult, hand: ByHand) -> None:
    near = {row + k for row in (OTHER, DAY0) for k in range(-10, 11)}
    dates = [t for t in range(-FIRST, N - 10) if t not in near]
    fits = {t: hand.fit(t) for t in [*dates, DAY0]}
    for window in ((0, 1), (0, 0), (-5, 10)):
        scar = {}
        for t, fit in fits.items():
            total, scale = hand.car(fit, t, window)
            scar[t] = total / (fit.sigma * scale)
        at_least = sum(abs(scar[t]) >= abs(scar[DAY0]) for t in dates)
        row = result.tests.one(statistic="placebo_dates", window=window, instrument="A")
        assert row.pvalue == (1 + at_least) / (1 + len(dates))
        assert row.smallest_p == 1.0 / (1 + len(dates))
        assert row.value == pytest.approx(scar[DAY0], rel=1e-9)
    placebo = result.placebo["event", "A"]
    assert not isinstance(placebo, str)
    assert placebo.count == len(dates)
    assert placebo.masked_dates == 42  # 21 sessions around each of two announcements
    largest = []
    for t in dates:
        sums = (hand.car(fits[t], t, (-5, last)) for last in range(-5, 11))
        largest.append(max(abs(total) / (fits[t].sigma * scale) for total, scale in sums))
    # The 95% point: the smallest value with at most 5% of the dates beyond it.
    band = min(v for v in largest if sum(w > v for w in largest) <= 0.05 * len(dates))
    assert result.path_band("event", "A") == pytest.approx(band, rel=1e-9)
    ours = placebo.scar((0, 1))
    for at in (0, 57, 211, len(dates) - 1):
        total, scale = hand.car(fits[dates[at]], dates[at], (0, 1))
        assert ours[at] == pytest.approx(total / (fits[dates[at]].sigma * scale), rel=1e-8)


def test_fhs_by_a_simulation_written_out(
    result: es.StudyResult, responses: dict[str, FloatArray], hand: ByHand
) -> None:
    r, m = responses["A"], responses["M"]
    # Mean on the whole sample before the gap (689 sessions), variance by `arch` on percent, filtered to session -1.
    design = sm.add_constant(m[1 : DAY0 + LAST + 1])
    mean = sm.OLS(r[1 : DAY0 + LAST + 1], design).fit()
    residual = [float(r[t] - mean.params @ [1.0, m[t]]) for t in range(1, DAY0)]
    n_fit = DAY0 + LAST
    fit = arch_model(100 * np.array(residual[:n_fit]), mean="Zero", vol="GARCH", p=1, o=1, q=1, dist="t").fit(
        disp="off"
    )
    omega, alpha, gamma, beta = (float(fit.params[k]) for k in ("omega", "alpha[1]", "gamma[1]", "beta[1]"))
    h = [float(fit.conditional_volatility[0] ** 2)]
    for e in residual:
        h.append(omega + (alpha + (gamma if e < 0 else 0.0)) * (100 * e) ** 2 + beta * h[-1])
    z = 100 * np.array(residual[:n_fit]) / np.sqrt(h[:n_fit])
    z /= np.sqrt((z**2).mean())
    ours = hand.fit(DAY0)
    rng, draws = np.random.default_rng(99), 10_000
    for window in WINDOWS:
        # From the session before the window, or from session -1 when it starts later: what follows knows the event.
        origin = min(window[0], 0)
        shocks = rng.choice(z, size=(draws, window[1] - origin + 1))
        sums = np.zeros(draws)
        variance = np.full(draws, h[DAY0 - 1 + origin])
        for k in range(shocks.shape[1]):
            e = shocks[:, k] * np.sqrt(variance)
            if origin + k >= window[0]:
                sums += e / 100
            variance = omega + (alpha + np.where(e < 0, gamma, 0.0)) * e * e + beta * variance
        x = np.sum([ours.x[DAY0 + k] for k in range(window[0], window[1] + 1)], axis=0)
        sums += ours.sigma * math.sqrt(x @ ours.gram @ x) * rng.standard_normal(draws)
        total, _ = hand.car(ours, DAY0, window)
        expected = float(np.mean(np.abs(sums) >= abs(total)))
        row = result.tests.one(statistic="fhs", window=window, instrument="A")
        # Two binomial shares of independent draws; four standard errors.
        error = math.sqrt(expected * (1 - expected) * (1 / DRAWS + 1 / draws))
        assert row.pvalue == pytest.approx(expected, abs=4 * error)
        # A standard deviation from 1,999 fat-tailed draws is good to about 2.5%.
        assert row.se == pytest.approx(sums.std(), rel=0.1)
        low, high = np.quantile(sums, [0.025, 0.975])
        assert (row.low, row.high) == pytest.approx((total - high, total - low), abs=0.15 * sums.std())
        assert row.smallest_p == 1.0 / (DRAWS + 1)


def test_fhs_adds_the_error_of_the_estimated_mean(
    prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable, responses: dict[str, FloatArray]
) -> None:
    # 16 sessions forecast from a mean over 30: the mean's error is half of the shocks' variance, s^2 L^2 / M.
    window = replace(WINDOW, estimation=(-40, -11), windows=())
    done = study(window=window, model=es.ConstantMean(), statistics=("fhs",)).run(
        prices, event_at(prices, DAY0), others=no_events
    )
    expected = done.volatility[0].model
    assert expected is not None
    own = responses["A"][DAY0 - 40 : DAY0 - 10]
    mean_error = float(np.var(own, ddof=1)) * 16**2 / 30
    shocks = float(expected.forecast(-5, 16).sum())
    assert mean_error > 0.3 * shocks
    # Independent shocks: variances add. 1,999 draws know a standard deviation to 2%; three of them.
    row = done.tests.one(statistic="fhs", window=(-5, 10), instrument="A")
    assert row.se == pytest.approx(math.sqrt(shocks + mean_error), rel=0.06)


@pytest.mark.parametrize("window", WINDOWS)
def test_the_verdict_takes_the_larger_p_and_the_wider_interval(result: es.StudyResult, window: tuple[int, int]) -> None:
    local, fhs, verdict = (
        result.tests.one(statistic=key, window=window, instrument="A") for key in ("local_scale", "fhs", "verdict")
    )
    assert verdict.pvalue == max(local.pvalue, fhs.pvalue)
    assert (verdict.low, verdict.high) == (min(local.low, fhs.low), max(local.high, fhs.high))
    assert verdict.smallest_p == max(local.smallest_p, fhs.smallest_p)
    assert verdict.estimate == local.estimate == fhs.estimate


# --- intervals invert their tests -----------------------------------------------------------------


@pytest.mark.parametrize("window", [(0, 1), (0, 4), (0, 0)])
@pytest.mark.parametrize("key", ["t_fe", "sq", "sq_raw", "local_scale"])
@pytest.mark.parametrize("end", ["low", "high"])
def test_an_interval_holds_exactly_the_effects_that_its_test_keeps(
    prices_of: Callable[..., PriceTable], responses: dict[str, FloatArray], result: es.StudyResult, known: EventTable,
    event_at: Callable[..., Event], key: str, window: tuple[int, int], end: str,
) -> None:  # fmt: skip
    row = result.tests.one(statistic=key, window=window, instrument="A")
    inward = 1.0 if end == "low" else -1.0
    for step, kept in ((inward, True), (-inward, False)):
        # Take the hypothesised effect out of the event's own returns and test for none.
        effect = getattr(row, end) + step * 1e-6
        shifted = {name: values.copy() for name, values in responses.items()}
        shifted["A"][DAY0 + window[0]] -= effect
        prices = prices_of(shifted)
        again = study(volatility=None, statistics=(key,)).run(prices, event_at(prices, DAY0), others=known)
        pvalue = again.tests.one(statistic=key, window=window, instrument="A").pvalue
        assert (pvalue > 0.05) is kept


def skewed(seed: int) -> FloatArray:
    """Returns with a long right tail: exponential shocks less their mean, constant variance."""
    return 0.01 * (np.random.default_rng(seed).exponential(size=N) - 1.0)


@pytest.mark.parametrize("size", [-0.03, -0.012, 0.02, 0.0245, 0.03])
@pytest.mark.parametrize("key", ["sq", "local_scale", "placebo_dates", "fhs", "verdict"])
def test_a_significant_effect_has_an_interval_without_zero(
    prices_of: Callable[..., PriceTable], event_at: Callable[..., Event], no_events: EventTable, key: str, size: float
) -> None:
    # p and interval of one row are read together; on skewed shocks an equal-tailed interval and the p of |CAR| part.
    values = skewed(3)
    values[DAY0] = size
    prices = prices_of({"A": values})
    done = replace(study(), model=es.ConstantMean(), volatility=es.GarchResponse(draws=999)).run(
        prices, event_at(prices, DAY0), others=no_events
    )
    row = done.tests.one(statistic=key, window=(0, 0), instrument="A")
    assert (row.pvalue <= 0.05) == (not row.low <= 0.0 <= row.high), f"p {row.pvalue}, [{row.low}, {row.high}]"


# --- refusals -------------------------------------------------------------------------------------


def run_short(prices: PriceTable, event: Event, sessions: int, others: EventTable, **changes: object) -> TestTable:
    """The study with a short estimation window."""
    window = replace(WINDOW, estimation=(LAST - sessions + 1, LAST))
    return study(window=window, **changes).run(prices, event, others=others).tests


def test_short_estimation_windows_are_refused_by_name(
    prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable
) -> None:
    event = event_at(prices, DAY0)
    tests = run_short(prices, event, 38, no_events, volatility=None)
    # 38 sessions: 38 one-day windows, 18 with a local scale.
    assert tests.one(statistic="sq", window=(0, 0), instrument="A").smallest_p == 1.0 / 39.0
    refused = tests.one(statistic="local_scale", window=(0, 0), instrument="A")
    assert refused.reason == "18 windows inside estimation; with fewer than 19 no p can reach 5%"
    assert all(math.isnan(v) for v in (refused.estimate, refused.pvalue, refused.low, refused.value))
    # One session more and the smallest p is exactly 5%.
    enough = run_short(prices, event, 39, no_events, volatility=None)
    assert enough.one(statistic="local_scale", window=(0, 0), instrument="A").smallest_p == 0.05


def test_without_volatility_fhs_and_verdict_are_refused(
    prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable
) -> None:
    tests = study(volatility=None).run(prices, event_at(prices, DAY0), others=no_events).tests
    assert tests.one(statistic="fhs", window=(0, 1)).reason == "volatility was not asked for"
    assert tests.one(statistic="verdict", window=(0, 1)).reason == "FHS: volatility was not asked for"
    assert tests.one(statistic="local_scale", window=(0, 1)).applicable


def test_the_verdict_names_the_half_that_is_missing(
    prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable
) -> None:
    tests = run_short(prices, event_at(prices, DAY0), 30, no_events)
    assert tests.one(statistic="verdict", window=(0, 1), instrument="A").reason.startswith("local-scale placebo: 9 win")


def test_too_few_placebo_dates_are_refused(
    prices_of: Callable[..., PriceTable], responses: dict[str, FloatArray], event_at: Callable[..., Event],
    no_events: EventTable,
) -> None:  # fmt: skip
    # 160 rows: day 0 at 145, complete windows on 140..149, all within ten sessions of the event.
    prices = prices_of({k: v[:160] for k, v in responses.items()})
    done = study(volatility=None).run(prices, event_at(prices, 145), others=no_events)
    row = done.tests.one(statistic="placebo_dates", window=(0, 1), instrument="A")
    assert row.reason.startswith("0 placebo dates")
    assert done.placebo["event", "A"] == row.reason
    assert math.isnan(done.path_band("event", "A"))


def test_no_local_scale_where_nothing_moved_before_the_window(
    prices_of: Callable[..., PriceTable], event_at: Callable[..., Event], no_events: EventTable
) -> None:
    # The benchmark repeats the instrument over the 20 sessions before the window: every residual there is zero.
    values = 0.01 * np.random.default_rng(0).standard_normal(N)
    market = np.zeros(N)
    market[DAY0 - 20 : DAY0] = values[DAY0 - 20 : DAY0]
    prices = prices_of({"A": values, "M": market}, A="as_is", M="as_is")
    one = replace(study(volatility=None, statistics=("local_scale", "sq")), model=es.MarketAdjusted("M"))
    tests = one.run(prices, event_at(prices, DAY0), others=no_events).tests
    refused = tests.one(statistic="local_scale", window=(0, 1), instrument="A")
    assert refused.reason == "too few moving residuals in the 20 sessions before the window"
    assert tests.one(statistic="sq", window=(0, 1), instrument="A").applicable


# --- order and seed -------------------------------------------------------------------------------


def test_another_pair_changes_nothing_for_the_first(
    prices_of: Callable[..., PriceTable], responses: dict[str, FloatArray], result: es.StudyResult, known: EventTable,
    event_at: Callable[..., Event], garch_series: Callable[..., FloatArray],
) -> None:  # fmt: skip
    prices = prices_of(responses | {"B": garch_series(N, 5)})
    for names in (["A", "B"], ["B", "A"]):
        both = study(instruments=names).run(prices, event_at(prices, DAY0), others=known)
        # The rank among controls may look at every instrument of the table, and B is one more.
        ours, alone = (
            [t for t in r.tests.where(instrument="A") if t.statistic != "conley_taber"] for r in (both, result)
        )
        assert ours == alone
        one, two = (next(v for v in r.volatility if v.instrument == "A") for r in (result, both))
        assert one.to_frame().equals(two.to_frame())
        assert (one.pvalue, one.low, one.high) == (two.pvalue, two.low, two.high)
