"""What would have been seen: the shortcut over placebo dates by plain loops, and its rate on simulated series."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import eventstudy as es
from eventstudy.calibration.seen import calibrate_seen, calibrate_seen_drift
from eventstudy.domain.prices import PriceTable
from eventstudy.inference.base import PairView
from eventstudy.inference.seen import FEWEST_DATES, Injections, Seen, detectable, injections, seen_of
from eventstudy.kernels.garch import GarchParams
from eventstudy.measure import pair_seed
from eventstudy.volatility.base import VarianceModel

DRAWS, ALPHA = 499, 0.05


def seen_effect(view: PairView, window: tuple[int, int]) -> Seen:
    """As a study finds it."""
    return seen_of(injections(view, window), view.alpha)


@pytest.fixture(scope="module")
def view(embedded: PriceTable) -> PairView:
    study = es.Study(
        instruments=["AA"], model=es.MarketModel("DOW29"), volatility=es.GarchResponse(draws=DRAWS),
        statistics=["verdict", "placebo_dates"], window=es.EventWindow(primary=(0, 1)),
    )  # fmt: skip
    # An ordinary day, late enough for a variance model and many placebo dates before it.
    result = study.run(embedded, es.make_event("1998-03-04", time="12:00"))
    [pair] = result.used
    assert result.abnormal is not None
    found = PairView(
        abnormal=result.abnormal, placebo=result.placebo[pair.event, pair.instrument],
        variance=result.volatility[0].model or "", alpha=ALPHA, draws=DRAWS,
        seed=pair_seed(0, pair.event, pair.instrument),
    )  # fmt: skip
    assert result.seen[pair.event, pair.instrument] == seen_effect(found, (0, 1))
    return found


def rank_half(values: list[float], alpha: float) -> float:
    """The k-th largest absolute value, k = alpha (1 + B): the largest effect that the rank test keeps."""
    return sorted(abs(v) for v in values)[-int(alpha * (1 + len(values)) + 1e-12)]


def test_every_date_by_plain_loops(view: PairView) -> None:
    window = (-1, 1)
    got = injections(view, window)
    assert isinstance(got, Injections)
    assert not isinstance(view.placebo, str)
    assert isinstance(view.variance, VarianceModel)
    model, ar, length = view.variance, view.placebo.abnormal, window[1] - window[0] + 1
    assert isinstance(model.params, GarchParams)
    fitted = list(model.dates[: model.n_fit])
    zero = list(ar.offsets).index(0)
    rows = [
        i for i in range(ar.n_pairs)
        if view.placebo.usable[i] and ar.dates[i, zero] in fitted[1:] and ar.dates[i, -1] <= fitted[-1]
    ]  # fmt: skip
    assert len(rows) > 200
    rows = [rows[int(np.floor(k * (len(rows) - 1) / 199 + 0.5))] for k in range(200)]
    assert got.estimate.size == 200
    origin = min(window[0], 0)
    steps, rng = window[1] - origin + 1, view.rng(origin, 4)
    needed = []
    for place, i in enumerate(rows):
        cut = range(zero + window[0], zero + window[1] + 1)
        total = sum(ar.ar[i, t] for t in cut)
        x = sum(ar.design[i, t] for t in cut)
        error = float(x @ ar.gram_inv[i] @ x)

        def rms(t: int, row: int = i) -> float:
            return float(np.sqrt(np.mean(ar.ar[row, t - 20 : t] ** 2)))

        ranked = []
        for t in range(20, ar.offsets.size - length + 1):
            if ar.estimation[i, t : t + length].all():
                inside = ar.design[i, t : t + length].sum(axis=0)
                scale = np.sqrt(length - float(inside @ ar.gram_inv[i] @ inside)) * rms(t)
                ranked.append(float(ar.ar[i, t : t + length].sum()) / scale)
        local = rank_half(ranked, ALPHA) * np.sqrt(length + error) * rms(zero + window[0])
        at = fitted.index(ar.dates[i, zero]) + origin
        z = rng.choice(model.shocks, size=(steps, DRAWS))
        h, path = np.full(DRAWS, model.variance[at]), []
        for k in range(steps):
            path.append(z[k] * np.sqrt(h))
            p = model.params
            h = p.omega + (p.alpha + p.gamma * (path[-1] < 0)) * path[-1] ** 2 + p.beta * h
        sums = sum(path[window[0] - origin :]) + ar.sigma[i] * np.sqrt(error) * rng.standard_normal(DRAWS)
        half = max(local, rank_half(list(sums), ALPHA))
        assert (got.estimate[place], got.halves(ALPHA)[place]) == pytest.approx((total, half), rel=1e-9, abs=1e-12)
        needed += [(half - total) / half, (half + total) / half]
    seen = seen_effect(view, window)
    # Four in five of 400: the 320th needs no more than this, and the 319th is not enough.
    assert (seen.dates, seen.factor) == (200, pytest.approx(sorted(needed)[319], rel=1e-9))


def test_without_placebo_dates_it_is_the_approximation_and_says_why(view: PairView) -> None:
    seen = seen_effect(replace(view, placebo="placebo dates were not asked for"), (0, 1))
    assert seen.reason == "placebo dates were not asked for"
    assert seen.dates == 0
    # Half-width .03 and .8416 of a standard error of .015.
    assert seen.size(0.01, -0.02, 0.04, 0.015) == pytest.approx(0.03 + 0.8416 * 0.015, rel=1e-12)
    assert seen.size(0.01, -0.02, 0.04, 0.015) == detectable(0.01, -0.02, 0.04, 0.015)
    assert seen_effect(replace(view, variance="no variance"), (0, 1)).reason == "no variance"
    assert not isinstance(view.placebo, str)
    assert isinstance(view.variance, VarianceModel)
    late = view.placebo.usable & (view.placebo.abnormal.dates[:, -1] <= view.variance.dates[view.variance.n_fit - 1])
    few = late & (np.cumsum(late[::-1])[::-1] <= FEWEST_DATES - 1)
    scarce = seen_effect(replace(view, placebo=replace(view.placebo, usable=few)), (0, 1))
    assert scarce.reason == f"{FEWEST_DATES - 1} placebo dates lie inside the volatility sample; 50 are needed"


def test_nothing_is_seen_where_no_rank_can_reach_the_level(view: PairView) -> None:
    got = injections(view, (0, 1))
    assert isinstance(got, Injections)
    # 499 paths reach 1/500 at best.
    assert np.isinf(got.halves(0.001)).all()
    assert got.seen(got.halves(0.001)).factor == np.inf
    # A smaller level needs more; the factor is in half-widths, which grow themselves.
    wide, own = got.halves(0.01), got.halves(0.05)
    assert (wide >= own).all()
    assert 1.0 < got.seen(wide).factor < got.seen(own).factor
    assert Seen(factor=1.4, dates=60).size(0.0, -np.inf, np.inf, 0.01) == np.inf


def test_an_effect_of_the_stated_size_is_seen_four_times_in_five(prices_of: Callable[..., PriceTable]) -> None:
    """Student(4) with a volatility that doubles and falls back over three years: right in calm and turbulent times."""
    rng = np.random.default_rng(3)
    scale = 0.01 * 2.0 ** np.sin(2.0 * np.pi * np.arange(3000) / 750.0)
    prices = prices_of({"A": scale * rng.standard_t(4, 3000)})
    wild, calm = (calibrate_seen(prices, "A", dates=d, window=(0, 0), most=60) for d in ("turbulent", "calm"))
    for about, added, one_size in (wild, calm):
        # Three Monte Carlo errors of 60 dates: 15 points.
        assert added.rate == pytest.approx(0.8, abs=3.0 * np.sqrt(0.16 / added.dates))
        assert added.size < about.size
        assert added.dates == one_size.dates == 60
    for dates in ("turbulent", "calm"):
        drift = calibrate_seen_drift(prices, "A", dates=dates, most=60)
        assert drift.dates == 60
        assert drift.rate == pytest.approx(0.8, abs=3.0 * np.sqrt(0.16 / 60))
    # One size for all times is too small in turbulent ones and too large in calm ones, beyond any Monte Carlo error.
    assert wild[2].rate < 0.6
    assert calm[2].rate > 0.92
