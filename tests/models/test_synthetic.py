"""Synthetic control: weights by their optimality conditions, donors that are hit, frozen or closed, leave-one-out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize

import eventstudy as es
from eventstudy.domain.align import AlignedSample, Block, gather, response_series
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.prices import PriceTable
from eventstudy.errors import InputError
from eventstudy.models.synthetic import DonorEffect, SyntheticControl, leave_one_out

FloatArray = NDArray[np.float64]
N, DAY0, DONORS = 200, 170, ("D1", "D2", "D3")
WINDOW = es.EventWindow(primary=(0, 1), event=(-2, 5), estimation=(-120, -11), windows=())


@pytest.fixture(scope="module")
def responses() -> dict[str, FloatArray]:
    rng = np.random.default_rng(2)
    found = {d: 0.012 * rng.standard_normal(N) for d in DONORS}
    for d in DONORS:
        found[d][DAY0 : DAY0 + 2] = [0.004, -0.003]  # a quiet event for the donors
    found["A"] = 0.7 * found["D1"] + 0.3 * found["D2"] + 0.003 * rng.standard_normal(N)
    found["A"][DAY0] += 0.05
    return found


def cut(prices: PriceTable, model: SyntheticControl) -> tuple[SyntheticControl, AlignedSample]:
    series = response_series(prices, "A", DONORS, policy="own_calendar")
    bound, series = model.bound(series)
    sample = gather(
        Block(series=series, events=("e",), positions=np.array([DAY0])), np.arange(-120, 6), (-120, -11), mask=False
    )
    return bound, sample


def test_weights_reach_the_optimum_of_a_general_solver(
    prices_of: Callable[..., PriceTable], responses: dict[str, FloatArray]
) -> None:
    model, sample = cut(prices_of(responses), SyntheticControl(DONORS))
    fit = model.fit(sample)
    own = slice(DAY0 - 120, DAY0 - 10)
    x, y = np.column_stack([responses[d][own] for d in DONORS]), responses["A"][own]
    general = optimize.minimize(
        lambda w: 1e4 * np.sum((y - x @ w) ** 2), np.full(3, 1 / 3), method="SLSQP", bounds=[(0, 1)] * 3,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1.0}, options={"ftol": 1e-14},
    )  # fmt: skip
    np.testing.assert_allclose(fit.params[0], general.x, atol=1e-5)
    assert fit.params[0].sum() == pytest.approx(1.0, abs=1e-14)
    assert fit.names == ("weight_D1", "weight_D2", "weight_D3")
    ahead = slice(DAY0, DAY0 + 2)
    effect = (responses["A"][ahead] - np.column_stack([responses[d][ahead] for d in DONORS]) @ fit.params[0]).sum()
    assert (sample.response - fit.expected)[0, 120:122].sum() == pytest.approx(effect, rel=1e-9)
    assert effect == pytest.approx(0.05, abs=0.012)
    active = int((fit.params[0] > 0).sum())
    assert fit.dof[0] == 110 - active
    residual = y - x @ fit.params[0]
    assert fit.sigma[0] == pytest.approx(np.sqrt((residual**2).sum() / (110 - active)), rel=1e-9)


def test_a_donor_that_was_hit_itself_is_left_out_and_named(
    prices_of: Callable[..., PriceTable], responses: dict[str, FloatArray]
) -> None:
    hit = responses | {"D1": responses["D1"].copy()}
    hit["D1"][DAY0] = 0.06  # five of its standard deviations
    model, sample = cut(prices_of(hit), SyntheticControl(DONORS))
    fit = model.fit(sample)
    assert np.isnan(fit.params[0, 0])
    assert fit.params[0, 1:].sum() == pytest.approx(1.0)
    # Beyond all 109 windows of two sessions inside estimation: the smallest p, 1/110.
    assert fit.notes == ("donors left out: D1 (moved itself (own p 0.009))",)
    kept = replace_screen(model, None).fit(sample)
    assert kept.notes == ()
    assert kept.params[0, 0] > 0.5


def replace_screen(model: SyntheticControl, screen: tuple[int, int] | None) -> SyntheticControl:
    """The same donors with another screen; nothing is missing in these samples."""
    return SyntheticControl(model.market, screen=screen)


def test_the_instruments_own_move_never_screens(
    prices_of: Callable[..., PriceTable], responses: dict[str, FloatArray]
) -> None:
    model, sample = cut(prices_of(responses), SyntheticControl(DONORS))
    louder = replace(sample, response=np.where(sample.offsets >= 0, 9.0, sample.response))
    np.testing.assert_array_equal(model.fit(sample).params, model.fit(louder).params)


def test_frozen_and_closed_donors_are_left_out_without_costing_the_session(
    prices_of: Callable[..., PriceTable], responses: dict[str, FloatArray]
) -> None:
    still = responses | {"D1": responses["D1"].copy()}
    still["D1"][DAY0 - 6 : DAY0 + 6] = 0.0  # twelve sessions without a change: a feed that stopped
    prices = prices_of(still)
    levels = prices.frame.copy()
    levels.loc[levels.index[DAY0 - 30], "D2"] = np.nan  # suspended for a session
    model, sample = cut(replace(prices, frame=levels), SyntheticControl(DONORS))
    fit = model.fit(sample)
    assert sample.valid.all()
    assert fit.notes == ("donors left out: D1 (price frozen around the event), D2 (no response on 2 sessions)",)
    np.testing.assert_array_equal(fit.params[0], [np.nan, np.nan, 1.0])
    np.testing.assert_allclose(fit.expected[0], responses["D3"][DAY0 - 120 : DAY0 + 6], rtol=1e-8, atol=1e-14)
    mostly = responses | {"D1": np.where(np.arange(N) < DAY0 - 40, 0.0, responses["D1"])}
    bound, sample = cut(prices_of(mostly), SyntheticControl(DONORS))
    assert bound.fit(sample).notes == ("donors left out: D1 (price frozen through most of the estimation window)",)


def test_no_donor_left_is_an_outcome_in_words(
    prices_of: Callable[..., PriceTable], responses: dict[str, FloatArray], event_at: Callable[..., Event]
) -> None:
    everyone = {k: np.where(np.arange(N) == DAY0, 0.08, v) for k, v in responses.items()}
    prices = prices_of(everyone)
    study = es.Study(
        instruments=["A"], model=SyntheticControl(DONORS), window=WINDOW, volatility=None, statistics=("t_fe",)
    )
    (outcome,) = study.run(prices, event_at(prices, DAY0), others=EventTable([])).outcomes
    assert outcome.outcome is es.Outcome.SINGULAR_MARKET
    assert outcome.detail.startswith("no donor is left: D1 (moved itself")


def test_leave_one_out_names_the_donor_that_carries_the_fit(
    prices_of: Callable[..., PriceTable], responses: dict[str, FloatArray]
) -> None:
    model, sample = cut(prices_of(responses), SyntheticControl(DONORS))
    full = model.fit(sample)
    effects = leave_one_out(model, sample, (0, 1))
    assert effects[0] == DonorEffect(
        event="e", instrument="A", left_out="", weight=1.0,
        effect=pytest.approx(float((sample.response - full.expected)[0, 120:122].sum()), rel=1e-12),
        sigma=pytest.approx(float(full.sigma[0]), rel=1e-12),
    )  # fmt: skip
    assert {e.left_out for e in effects[1:]} == {d for d, w in zip(DONORS, full.params[0], strict=True) if w > 1e-9}
    without = next(e for e in effects if e.left_out == "D1")
    # By hand: with D1 gone, the same as a control made of the other two.
    two = SyntheticControl(("D2", "D3"), screen=None)
    fewer = two.fit(replace(sample, factors=sample.factors[..., 1:], factor_ids=("D2", "D3")))
    assert without.effect == pytest.approx(float((sample.response - fewer.expected)[0, 120:122].sum()), rel=1e-10)
    assert without.sigma > 2.0 * effects[0].sigma
    assert sum(e.weight for e in effects[1:]) == pytest.approx(1.0)


def test_the_instrument_is_never_its_own_donor(
    prices_of: Callable[..., PriceTable], responses: dict[str, FloatArray], event_at: Callable[..., Event]
) -> None:
    prices = prices_of(responses)
    study = es.Study(
        instruments=["A"], model=SyntheticControl(("A", "D1")), window=WINDOW, volatility=None, statistics=("t_fe",)
    )
    ar = study.run(prices, event_at(prices, DAY0), others=EventTable([])).abnormal
    assert ar is not None
    assert ar.params[0] == {"weight_D1": 1.0}
    alone = replace(study, model=SyntheticControl("A"))
    with pytest.raises(InputError, match="no donor besides itself"):
        alone.run(prices, event_at(prices, DAY0), others=EventTable([]))


def test_a_screen_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(InputError, match="ends before it starts"):
        SyntheticControl(DONORS, screen=(1, 0))


def test_a_study_shows_every_donor_left_out_and_screens_over_its_own_window(
    prices_of: Callable[..., PriceTable], responses: dict[str, FloatArray], event_at: Callable[..., Event]
) -> None:
    prices = prices_of(responses)
    study = es.Study(
        instruments=["A"], model=SyntheticControl(DONORS), window=WINDOW, volatility=None, statistics=("t_fe",)
    )
    result = study.run(prices, event_at(prices, DAY0), others=EventTable([]))
    model, sample = cut(prices, SyntheticControl(DONORS))
    assert result.donors == tuple(replace(d, event="event") for d in leave_one_out(model, sample, (0, 1)))
    assert result.donors[0].effect == result.tests.one(statistic="t_fe", window=(0, 1)).estimate
    words = es.judge(result)[0].paragraph
    assert "with each donor left out: without D1 (weight 0.6" in words
    # D2 moves on session -1 only: the primary window decides whether that disqualifies it.
    moved = {k: v.copy() for k, v in responses.items()}
    moved["D2"][DAY0 - 1] = 0.2
    prices = prices_of(moved)
    notes = []
    for primary, screen in (((0, 1), "primary"), ((-1, 1), "primary"), ((-1, 1), (0, 1)), ((0, 1), (-1, 0))):
        one = replace(
            study, model=SyntheticControl(DONORS, screen=screen), window=replace(WINDOW, primary=primary),  # type: ignore[arg-type]
        )  # fmt: skip
        notes.append(one.run(prices, event_at(prices, DAY0), others=EventTable([])).outcomes[0].detail)
    assert ["D2" in note for note in notes] == [False, True, False, True]
    with pytest.raises(InputError, match="'primary'"):
        SyntheticControl(DONORS, screen="event")  # type: ignore[arg-type]
