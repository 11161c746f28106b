"""Properties of every registered expected-return model, whatever its formula: no reference numbers needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import eventstudy as es
from eventstudy.abnormal import AbnormalReturns
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.instruments import Instrument, InstrumentTable
from eventstudy.domain.prices import PriceTable, build_table
from eventstudy.models.base import MODELS, ExpectedReturn

FloatArray = NDArray[np.float64]
Responses = dict[str, FloatArray]
N, FIRMS = 320, ("A", "B")
ROWS = {"e1": 150, "e2": 190, "e3": 300}
WINDOW = es.EventWindow(primary=(0, 1), event=(-3, 5), estimation=(-110, -11), windows=((0, 0),), overlap="keep")
FACTORS = ("MKT-RF", "SMB", "HML", "MOM", "RMW", "CMA")
MARKET = FACTORS[0]
#: Every registered model on the series of `draw`.
MAKE: dict[str, Callable[[], ExpectedReturn]] = {
    "constant_mean": es.ConstantMean,
    "market_adjusted": lambda: es.MarketAdjusted(MARKET),
    "comparison_portfolio": lambda: es.ComparisonPortfolio(["C", "D"]),
    "factor_model": lambda: es.FactorModel([MARKET, "SMB"]),
    "capm": lambda: es.capm(),
    "fama_french_3": lambda: es.fama_french_3(),
    "carhart": lambda: es.carhart(),
    "fama_french_5": lambda: es.fama_french_5(),
    "market_model": lambda: es.MarketModel(MARKET),
    "robust": lambda: es.Robust(MARKET),
    "market_model_garch": lambda: es.MarketModelGarch(MARKET),
    "synthetic_control": lambda: es.SyntheticControl(["C", "D"], screen=None),
    "scholes_williams": lambda: es.ScholesWilliams(MARKET),
    "dimson": lambda: es.Dimson(MARKET),
    "lagged_market": lambda: es.LaggedMarket(MARKET),
}
KINDS = tuple(MAKE)
#: An optimiser stops within its tolerance, not at the same digit. Others differ by rounding of sums.
LOOSE = {"market_model_garch": 2e-3, "robust": 1e-5, "synthetic_control": 1e-6}
#: Least squares with a constant: residuals add up to nothing.
OLS = ("constant_mean", "factor_model", "capm", "fama_french_3", "carhart", "fama_french_5", "market_model",
       "lagged_market")  # fmt: skip
#: Any multiple of the market, and a constant, are part of the expectation. Scholes-Williams divides three slopes by the
#: market's autocorrelation, which is that of the sample only in large samples.
EQUIVARIANT = (*OLS[1:], "robust", "market_model_garch", "dimson")
MARKETLESS = ("constant_mean", "market_adjusted", "comparison_portfolio", "synthetic_control")
FEW = settings(max_examples=2, phases=[Phase.generate])
SEEDS = st.integers(0, 10_000)


def draw(seed: int) -> Responses:
    """Fat-tailed returns of two firms, two donors, and factors; all on one riskless rate."""
    rng = np.random.default_rng(seed)
    found = {name: 0.008 * rng.standard_t(6, N) for name in FACTORS}
    for k, name in enumerate((*FIRMS, "C", "D")):
        found[name] = (0.5 + 0.2 * k) * found[MARKET] - 0.2 * found["SMB"] + 0.012 * rng.standard_t(5, N)
    return found | {"RF": 0.0001 + 1e-5 * rng.standard_normal(N)}


def table(responses: Responses, order: Iterable[int] | None = None) -> PriceTable:
    """Ready-made returns on weekdays, rows in any order."""
    days = pd.bdate_range("2001-01-01", periods=len(next(iter(responses.values()))))
    frame = pd.DataFrame(responses, index=days)
    frame = frame if order is None else frame.iloc[list(order)]
    records = InstrumentTable(Instrument(id=k, change="as_is", unit="fraction") for k in responses)
    return build_table(frame, records, origins=())


def run(kind: str, prices: PriceTable, firms: Iterable[str] = FIRMS, ids: Iterable[str] = ROWS) -> es.StudyResult:
    """Abnormal responses of every firm at every event."""
    events = [Event(id=i, announced=prices.frame.index[ROWS[i]].date(), precision="weekend") for i in ids]
    study = es.Study(instruments=list(firms), model=MAKE[kind](), window=WINDOW, volatility=None, statistics=("t_fe",))
    return study.run(prices, events, others=EventTable([]))


def measured(result: es.StudyResult) -> AbnormalReturns:
    """The abnormal responses of a study in which every pair was used."""
    assert len(result.used) == len(result.outcomes), result.outcomes
    assert result.abnormal is not None
    return result.abnormal


def by_pair(ar: AbnormalReturns) -> dict[tuple[str, str], FloatArray]:
    """Pair -> its abnormal responses, standard error of day 0 and spread."""
    day0 = int(np.flatnonzero(ar.offsets == 0)[0])
    return {pair: np.array([*ar.ar[i], ar.se_day()[i, day0], ar.sigma[i]]) for i, pair in enumerate(ar.pairs)}


def assert_close(kind: str, one: FloatArray, two: FloatArray, scale: float = 0.02) -> None:
    """Equal up to rounding, or to what the model's optimiser promises, beside responses of size `scale`."""
    np.testing.assert_allclose(one, two, rtol=LOOSE.get(kind, 1e-8), atol=LOOSE.get(kind, 1e-10) * scale, err_msg=kind)


def test_every_registered_model_is_here() -> None:
    assert set(MAKE) == {e.key for e in MODELS}


@pytest.mark.parametrize("kind", KINDS)
@FEW
@given(SEEDS, st.sampled_from([0.01, 4.0, 100.0, -1.0]))
def test_a_scale_or_a_sign_moves_every_response_by_itself(kind: str, seed: int, factor: float) -> None:
    responses = draw(seed)
    one = measured(run(kind, table(responses)))
    two = measured(run(kind, table({k: factor * v for k, v in responses.items()})))
    assert_close(kind, two.ar, factor * one.ar, 0.02 * abs(factor))
    assert_close(kind, two.se_day(), abs(factor) * one.se_day(), 0.02 * abs(factor))
    t = [ar.car((0, 1)).scar for ar in (one, two)]
    assert_close(kind, t[1], np.sign(factor) * t[0], 1.0)


@pytest.mark.parametrize("kind", KINDS)
@FEW
@given(SEEDS, st.permutations(sorted(ROWS)), st.permutations(FIRMS), st.randoms(use_true_random=False))
def test_no_order_matters(kind: str, seed: int, ids: list[str], firms: list[str], shuffle: object) -> None:
    responses = draw(seed)
    names = list(responses)
    shuffle.shuffle(names)  # type: ignore[attr-defined]
    order = np.random.default_rng(seed).permutation(N)
    one = by_pair(measured(run(kind, table(responses))))
    two = by_pair(measured(run(kind, table({k: responses[k] for k in names}, order), firms, ids)))
    assert one.keys() == two.keys()
    for pair, values in one.items():
        np.testing.assert_allclose(values, two[pair], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("kind", EQUIVARIANT)
@FEW
@given(SEEDS, st.floats(-2.0, 2.0), st.floats(-0.02, 0.02))
def test_a_multiple_of_the_market_and_a_constant_change_nothing(
    kind: str, seed: int, beta: float, constant: float
) -> None:
    responses = draw(seed)
    moved = responses | {k: responses[k] + beta * responses[MARKET] + constant for k in FIRMS}
    one, two = (measured(run(kind, table(r))) for r in (responses, moved))
    assert_close(kind, two.ar, one.ar)


@pytest.mark.parametrize("kind", ["constant_mean", "scholes_williams"])
@FEW
@given(SEEDS, st.floats(-0.02, 0.02))
def test_a_constant_is_part_of_the_mean(kind: str, seed: int, constant: float) -> None:
    responses = draw(seed)
    moved = responses | {k: responses[k] + constant for k in FIRMS}
    one, two = (measured(run(kind, table(r))) for r in (responses, moved))
    np.testing.assert_allclose(one.ar, two.ar, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("kind", OLS)
@FEW
@given(SEEDS)
def test_residuals_of_least_squares_add_up_to_nothing(kind: str, seed: int) -> None:
    ar = measured(run(kind, table(draw(seed))))
    np.testing.assert_allclose(np.where(ar.estimation, ar.ar, 0.0).sum(axis=1), 0.0, atol=1e-13)


@pytest.mark.parametrize("kind", KINDS)
@FEW
@given(SEEDS, st.integers(0, 10))
def test_neither_strangers_nor_later_sessions_change_anything(kind: str, seed: int, more: int) -> None:
    responses = draw(seed)
    cut = max(ROWS.values()) + WINDOW.event[1] + 1 + more
    short = {k: v[:cut] for k, v in responses.items()} | {"STRANGER": draw(seed + 1)["A"][:cut]}
    one, two = (by_pair(measured(run(kind, table(r)))) for r in (responses, short))
    for pair, values in one.items():
        # The market after the last session of a lead model's window is a lead of that session.
        np.testing.assert_allclose(values, two[pair], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in MARKETLESS])
def test_a_market_that_stands_still_is_an_outcome(kind: str) -> None:
    responses = draw(7)
    responses[MARKET] = np.zeros(N)
    result = run(kind, table(responses))
    assert {o.outcome for o in result.outcomes} == {es.Outcome.SINGULAR_MARKET}
    assert all(MARKET in o.detail or "market" in o.detail for o in result.outcomes)
    assert result.abnormal is None
    assert all(not t.applicable for t in result.tests)


@pytest.mark.parametrize("kind", KINDS)
@FEW
@given(SEEDS, st.floats(0.001, 0.2))
def test_an_effect_moves_its_own_day_alone(kind: str, seed: int, effect: float) -> None:
    responses = draw(seed)
    hit = responses | {"A": responses["A"].copy()}
    hit["A"][ROWS["e3"]] += effect
    one, two = (by_pair(measured(run(kind, table(r), ["A"], ["e3"]))) for r in (responses, hit))
    ((_, before),), ((_, after),) = one.items(), two.items()
    moved = np.flatnonzero(after != before)
    assert moved.tolist() == [int(np.flatnonzero(WINDOW.offsets == 0)[0])]
    assert after[moved[0]] - before[moved[0]] == pytest.approx(effect, rel=1e-9)
