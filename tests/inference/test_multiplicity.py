"""`adjust` on tables and results: families, methods, refusals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import eventstudy as es
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.prices import PriceTable
from eventstudy.errors import InputError
from eventstudy.inference.multiplicity import adjust, romano_wolf_cars
from eventstudy.kernels.multiplicity import holm
from eventstudy.kernels.stats import Inapplicable

DAYS = tuple((d, d) for d in range(-2, 3))


@pytest.fixture(scope="module")
def result(
    prices_of: Callable[..., PriceTable], event_at: Callable[..., Event], no_events: EventTable
) -> es.StudyResult:
    rng = np.random.default_rng(23)
    moves = {f"F{i}": 0.01 * rng.standard_normal(200) for i in range(6)}
    for one in moves.values():
        one[150] += 0.02
    prices = prices_of(moves)
    window = es.EventWindow(primary=(0, 0), event=(-2, 2), estimation=(-80, -3), windows=DAYS)
    study = es.Study(
        instruments=list(moves), model=es.ConstantMean(), window=window, volatility=None,
        statistics=("t_fe", "cs_t", "bmp_t"),
    )  # fmt: skip
    return study.run(prices, event_at(prices, 150), others=no_events)


def test_each_statistic_of_each_pair_is_a_family(result: es.StudyResult) -> None:
    frame = adjust(result, "holm", windows=DAYS)
    assert len(frame) == 5 * (6 + 2)
    assert frame["family"].eq(5).all()
    one = frame[(frame["statistic"] == "cs_t")]
    np.testing.assert_array_equal(one["p_adjusted"], holm(one["p"].to_numpy()))
    # The family follows the windows that are given.
    days = DAYS[:2]
    fewer = adjust(result.tests.where(statistic="cs_t"), "bh", windows=days)
    assert fewer["family"].tolist() == [2, 2]
    assert fewer["window"].tolist() == list(days)


def test_one_family_of_everything_is_stricter(result: es.StudyResult) -> None:
    whole, parts = adjust(result, "holm", family="all"), adjust(result, "holm")
    assert whole["family"].eq(len(whole)).all()
    assert (whole["p_adjusted"] >= parts["p_adjusted"] - 1e-15).all()


def test_romano_wolf_flips_pairs_and_uses_their_dependence(result: es.StudyResult) -> None:
    stepped = adjust(result, "romano_wolf", windows=DAYS)
    assert stepped["statistic"].eq("cs_t").all()
    assert stepped["family"].eq(5).all()
    # All patterns of six pairs: multiples of 1/64.
    assert (stepped["p_adjusted"] * 64 == (stepped["p_adjusted"] * 64).round()).all()
    assert stepped.loc[stepped["window"] == (0, 0), "p_adjusted"].item() == stepped["p_adjusted"].min()
    with pytest.raises(InputError, match="study's result"):
        adjust(result.tests, "romano_wolf")


def test_tests_without_a_number_keep_their_reason_and_do_not_count(
    prices_of: Callable[..., PriceTable], event_at: Callable[..., Event], no_events: EventTable
) -> None:
    prices = prices_of({"A": 0.01 * np.random.default_rng(1).standard_normal(200)})
    window = es.EventWindow(primary=(0, 0), event=(-2, 2), estimation=(-80, -3), windows=DAYS)
    study = es.Study(
        instruments=["A"], model=es.ConstantMean(), window=window, volatility=None, statistics=("t_fe", "cs_t")
    )
    alone = study.run(prices, event_at(prices, 150), others=no_events)
    frame = adjust(alone)
    refused = frame[frame["statistic"] == "cs_t"]
    assert refused["p_adjusted"].isna().all()
    assert refused["family"].eq(0).all()
    assert refused["reason"].str.startswith("needs at least 2 pairs").all()
    stepped = adjust(alone, "romano_wolf")
    assert stepped["p_adjusted"].isna().all()
    assert alone.abnormal is not None
    assert isinstance(romano_wolf_cars(alone.abnormal, DAYS), Inapplicable)


@pytest.mark.parametrize("wrong", [{"method": "bonferroni"}, {"family": "events"}])
def test_an_unknown_option_names_the_known_ones(result: es.StudyResult, wrong: dict[str, str]) -> None:
    with pytest.raises(InputError, match="is not one of"):
        adjust(result, **wrong)  # type: ignore[arg-type]
