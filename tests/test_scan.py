"""Undated claims: the statistic re-derived by loops, size and power on short runs, errors, the command line."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import eventstudy as es
from eventstudy.domain.events import EventTable
from eventstudy.domain.prices import PriceTable
from eventstudy.engines.compiled import CompiledEngine
from eventstudy.errors import InputError, NothingUsableError, UnknownNameError
from eventstudy.inference.search import Days, Search, null_maxima, stretches
from eventstudy.kernels.garch import GarchParams
from eventstudy.volatility.base import GarchResponse, model_of_residuals

FAST = GarchResponse("garch", engine=CompiledEngine())
DOW = es.MarketModel("DOW29")


@pytest.fixture(scope="module")
def year(embedded: PriceTable) -> es.Scan:
    return es.scan(
        embedded, "AA", start="1994-01-03", end="1994-12-30", model=DOW, volatility=FAST, claimed="1994-01-30"
    )


def simulated_year(prices_of: Callable[..., PriceTable], seed: int) -> PriceTable:
    """Six years of GARCH(.08, .90) with Student(5) shocks by the definition."""
    z = np.random.default_rng(seed).standard_t(5, 1712) * np.sqrt(3.0 / 5.0)
    out, h = np.empty(z.size), 1.0
    for t, shock in enumerate(z):
        out[t] = np.sqrt(h) * shock
        h = 0.02 + 0.08 * out[t] ** 2 + 0.90 * h
    return prices_of({"A": 0.015 * out[200:]})


def scan_last_year(prices: PriceTable, no_events: EventTable, **more: object) -> es.Scan:
    dates = prices.frame.index
    return es.scan(
        prices, "A", start=dates[-252].date(), end=dates[-1].date(), model=es.ConstantMean(), volatility=FAST,
        events=no_events, draws=199, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def test_every_estimate_is_the_one_of_a_study_of_that_date(embedded: PriceTable, year: es.Scan) -> None:
    frame = year.to_frame().set_index("date")
    study = es.Study(
        instruments=["AA"], model=DOW, window=es.EventWindow(primary=(0, 0)), volatility=None, statistics=("t_fe",)
    )
    days = ("1994-01-31", "1994-06-08", "1994-12-30")
    events = [es.make_event(day, time="12:00") for day in days]
    result = study.run(embedded, events)
    tests = {t.event: t.estimate for t in result.tests.where(statistic="t_fe", window=(0, 0))}
    for event, day in zip(events, days, strict=True):
        assert frame.loc[day, "estimate"] == pytest.approx(tests[event.id], rel=1e-12)


def test_statistic_is_the_response_over_its_filtered_standard_deviation(prices_of: Callable[..., PriceTable]) -> None:
    prices = simulated_year(prices_of, 1)
    found = scan_last_year(prices, EventTable([]))
    returns = np.diff(np.log(prices.frame["A"].to_numpy()))
    samples = {t: returns[max(0, t - 260) : t - 10] for t in range(210, returns.size)}
    residual = np.array([returns[t] - sample.mean() for t, sample in samples.items()])
    fit = CompiledEngine().fit(residual, kind="garch", dist="t")
    p = [float(v) for v in (fit.params.omega, fit.params.alpha, fit.params.beta)]
    h = fit.first_variance
    scales = []
    for value in residual:
        scales.append(np.sqrt(h))
        h = p[0] + p[1] * value**2 + p[2] * h
    factor = np.sqrt([1.0 + 1.0 / sample.size for sample in samples.values()])
    np.testing.assert_allclose(found.statistic, (residual / factor / scales)[-252:], rtol=1e-9)


def test_null_of_one_day_is_the_largest_of_independent_shocks() -> None:
    rng = np.random.default_rng(5)
    residual = rng.standard_t(6, 4_000)
    days = Days(residual=residual, clear=np.ones(residual.size, dtype=bool), span=np.arange(3_000, 3_250))
    offsets, dates = np.arange(residual.size), np.arange(residual.size).astype("datetime64[D]")
    variance = model_of_residuals(residual, offsets, dates, residual.size, FAST)
    flat = GarchParams(*(np.asarray(v) for v in (1.5, 0.0, 0.0, 0.0)))
    variance = replace(variance, params=flat, variance=np.full(residual.size + 1, 1.5))
    search = Search(kind="return", sign="any", window=(0, 0))
    null = null_maxima(days, variance, search, [np.arange(250)], alpha=0.05, draws=999, rng=rng)
    for each in (1e-4, 3e-4, 1e-3):
        value = stats.t.isf(each / 2.0, 6) / np.sqrt(1.5)
        exact = 1.0 - (1.0 - each) ** 250
        p = float(null.pvalues(np.array([value]))[0])
        # Monte Carlo error of 999 series, and the estimate of the degrees of freedom from 3,750 shocks.
        assert p == pytest.approx(exact, abs=4.0 * np.sqrt(exact / 999.0) + 0.15 * exact)


def test_around_takes_the_mean_of_both_directions(prices_of: Callable[..., PriceTable], no_events: EventTable) -> None:
    prices = simulated_year(prices_of, 4)
    before, around = (scan_last_year(prices, no_events, against=a) for a in ("before", "around"))
    ahead = before.estimate / before.statistic
    # Looking back from the last date there is nothing after it but the mean of all: both are finite and positive.
    behind = np.sqrt(2.0 * (around.estimate / around.statistic) ** 2 - ahead**2)
    assert np.isfinite(behind).all()
    # A session's own response is in neither: the largest one raises what comes before it when looking back.
    k = int(np.argmax(np.abs(before.estimate[1:-1]))) + 1
    assert behind[k - 1] > behind[k]
    assert ahead[k + 1] > ahead[k]


def test_other_stretches_are_ranked_whole() -> None:
    residual = np.zeros(1000)
    residual[[30, 250, 460, 990]] = (5.0, 2.0, 9.0, 3.0)
    clear = np.ones(1000, dtype=bool)
    clear[460] = False
    days = Days(residual=residual, clear=clear, span=np.arange(200, 300))
    # 899 clear sessions outside make 8 stretches of 100; one holds a larger value than the span's 2.0 (30),
    # and 990 lies in the rest that is no whole stretch.
    assert stretches(days, residual) == (8, 2.0 / 9.0)


def test_windows_that_touch_are_one_reaction(prices_of: Callable[..., PriceTable], no_events: EventTable) -> None:
    prices = simulated_year(prices_of, 2)
    levels = prices.frame["A"].to_numpy().copy()
    levels[-100:] *= np.exp(0.25)
    shifted = prices_of({"A": np.concatenate(([0.0], np.diff(np.log(levels))))})
    found = scan_last_year(shifted, no_events, window=(0, 1))
    peaks = [p for p in found.found if p.estimate > 0.15]
    assert len(peaks) == 1
    day = prices.frame.index[-100].date()
    assert peaks[0].dates >= 2
    assert abs(np.busday_count(peaks[0].date, day)) <= 1
    assert peaks[0].first <= peaks[0].date <= peaks[0].last


def test_a_planted_shift_is_found_on_its_date(embedded: PriceTable, prices_of: Callable[..., PriceTable]) -> None:
    # Student(5) shocks have a largest of 250 at 7.5 standard deviations; real metal prices have thinner tails, and
    # docs/calibration/scan.py plants 5 there.
    rng = np.random.default_rng(11)
    hits = 0
    for seed in range(10):
        prices = simulated_year(prices_of, 100 + seed)
        returns = np.concatenate(([0.0], np.diff(np.log(prices.frame["A"].to_numpy()))))
        row = returns.size - int(rng.integers(20, 240))
        returns[row] += rng.choice([-1.0, 1.0]) * 12.0 * returns[-252:].std()
        found = scan_last_year(prices_of({"A": returns}), EventTable([]))
        planted = prices.frame.index[row].date()
        hits += any(abs(np.busday_count(p.date, planted)) <= 1 for p in found.found)
    assert hits >= 9


def test_size_on_simulated_years(prices_of: Callable[..., PriceTable], no_events: EventTable) -> None:
    found = [bool(scan_last_year(simulated_year(prices_of, 500 + i), no_events).found) for i in range(20)]
    # At 5% more than 4 of 20 has a chance of 0.3%.
    assert sum(found) <= 4


def test_claimed_date_is_judged_alone_and_among_all(year: es.Scan) -> None:
    claim = year.claimed
    assert claim is not None
    assert claim.best == dt.date(1994, 1, 31)
    assert claim.estimate == pytest.approx(0.0318, abs=0.002)  # the flagship's day 0
    assert claim.pvalue <= claim.pvalue_scan
    assert claim.rank == 1 + int((np.abs(year.statistic) > abs(claim.statistic)).sum())
    assert not claim.found
    assert "not among them" in year.summary()


def test_looking_at_more_dates_costs(embedded: PriceTable) -> None:
    ps = []
    for within in (0, 1, 10):
        found = es.scan(
            embedded, "AA", start="1994-01-03", end="1994-12-30", model=DOW, volatility=FAST, claimed="1994-01-31",
            within=within, draws=499,
        )  # fmt: skip
        assert found.claimed is not None
        ps.append((found.claimed.best, found.claimed.pvalue))
    assert ps[0][0] == ps[1][0] == dt.date(1994, 1, 31)
    assert ps[0][1] < ps[1][1] < ps[2][1]


def test_direction_and_volatility(embedded: PriceTable) -> None:
    def at(**more: object) -> es.Scan:
        return es.scan(embedded, "AA", start="1994-01-03", end="1994-12-30", model=DOW, volatility=FAST, **more)  # type: ignore[arg-type]

    up, down = at(sign="up", draws=499), at(sign="down", draws=499)
    np.testing.assert_array_equal(up.statistic, down.statistic)
    assert (
        up.to_frame().loc[up.pvalue.argmin(), "statistic"] > 0 > down.to_frame().loc[down.pvalue.argmin(), "statistic"]
    )
    loud = at(kind="volatility", draws=499)
    assert loud.window == (1, 10)
    assert 0.8 < float(loud.statistic.mean()) < 1.2  # 1 is what was expected


def test_same_seed_same_result(embedded: PriceTable, year: es.Scan) -> None:
    again = es.scan(
        embedded, "AA", start="1994-01-03", end="1994-12-30", model=DOW, volatility=FAST, claimed="1994-01-30"
    )
    assert again.to_record() == year.to_record()


def test_record_is_plain_and_complete(year: es.Scan) -> None:
    record = year.to_record()
    assert record["n_dates"] == 252
    assert record["sentence"] == year.sentence
    assert json.loads(json.dumps(record, default=str))["claimed"]["p"] == record["claimed"]["p"]
    assert year.sentence in year._repr_html_()


@pytest.mark.parametrize(
    ("more", "error", "words"),
    [
        ({"instrument": "ZZ"}, UnknownNameError, "unknown instrument 'ZZ'"),
        ({"start": "2030-01-01"}, InputError, "run from 1990-12-31 to 2001-01-02"),
        ({"start": "1994-06-01", "end": "1994-01-01"}, InputError, "ends before it starts"),
        ({"start": "1994/06/01"}, InputError, "write YYYY-MM-DD"),
        ({"window": (1, 0)}, InputError, "ends before it starts"),
        ({"window": (-20, 0)}, InputError, "overlaps the event window"),
        ({"window": (0, 600), "start": "2000-01-03"}, NothingUsableError, "leaves the data"),
        ({"start": "1991-01-03", "end": "1991-05-01"}, NothingUsableError, "valid sessions in the estimation window"),
        ({"kind": "volatility", "sign": "up"}, InputError, "no direction"),
        ({"claimed": "1999-01-04", "end": "1994-12-30"}, InputError, "not among the dates scanned"),
        ({"kind": "volatility", "against": "around"}, InputError, "against the sessions before"),
        ({"draws": 10}, InputError, "no p reaches"),
        ({"within": -1}, InputError, "zero or more"),
        ({"alpha": 0.7}, InputError, "between 0 and 0.5"),
    ],
)
def test_wrong_calls_say_what_is_wrong(
    embedded: PriceTable, more: dict[str, object], error: type[Exception], words: str
) -> None:
    call = {"instrument": "AA", "start": "1994-01-03", "end": None, "model": DOW} | more
    with pytest.raises(error, match=words):
        es.scan(embedded, **call)  # type: ignore[arg-type]


def test_a_frozen_feed_is_refused(prices_of: Callable[..., PriceTable], no_events: EventTable) -> None:
    prices = simulated_year(prices_of, 3)
    returns = np.concatenate(([0.0], np.diff(np.log(prices.frame["A"].to_numpy()))))
    returns[-260:] = 0.0
    with pytest.raises(NothingUsableError, match="the feed is frozen over"):
        scan_last_year(prices_of({"A": returns}), no_events)
