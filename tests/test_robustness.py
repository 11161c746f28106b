"""The specification curve: each cell is a study's, the joint p is a rank among whole grids at other dates."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import eventstudy as es
from eventstudy.domain.events import EventTable
from eventstudy.domain.instruments import Instrument, InstrumentTable
from eventstudy.domain.prices import PriceTable, build_table
from eventstudy.errors import InputError, NothingUsableError, UnknownNameError

DOW = es.MarketModel("DOW29")
STUDY = es.Study(instruments=["AA"], model=DOW)
WINDOWS = ((0, 0), (0, 1))
TESTS = ("t_fe", "local_scale")


@pytest.fixture(scope="module")
def grid(embedded: PriceTable) -> es.Robustness:
    return es.robustness(
        STUDY, embedded, es.catalog()["six-nation-accord-1994"], windows=WINDOWS, models=(DOW, es.ConstantMean()),
        estimations=((-260, -11), (-135, -11)), tests=TESTS, placebos=29,
    )  # fmt: skip


def study_pvalues(prices: PriceTable, event: es.Event, model: object, estimation: tuple[int, int]) -> list[float]:
    """The same cells from whole studies."""
    study = es.Study(
        instruments=["AA"], model=model, volatility=None, statistics=TESTS,  # type: ignore[arg-type]
        window=es.EventWindow(primary=(0, 0), event=(0, 1), estimation=estimation, windows=((0, 1),)),
    )  # fmt: skip
    tests = study.run(prices, event).tests
    return [tests.one(window=w, statistic=t).pvalue for w in WINDOWS for t in TESTS]


def test_every_cell_is_the_one_of_a_study(embedded: PriceTable, grid: es.Robustness) -> None:
    event = es.catalog()["six-nation-accord-1994"]
    assert len(grid.specifications) == 2 * 2 * 2 * 2
    expected = [
        p for model in (DOW, es.ConstantMean()) for e in ((-260, -11), (-135, -11))
        for p in study_pvalues(embedded, event, model, e)
    ]  # fmt: skip
    np.testing.assert_allclose([s.pvalue for s in grid.specifications], expected, rtol=1e-12)
    assert grid.median_p == pytest.approx(np.median(expected), rel=1e-12)
    assert grid.significant == np.mean(np.array(expected) <= 0.05)


def test_joint_p_ranks_the_median_among_grids_of_other_dates(embedded: PriceTable, grid: es.Robustness) -> None:
    assert len(grid.placebo_dates) == grid.placebo_medians.size == 29
    assert grid.p_all == (1 + int((grid.placebo_medians <= grid.median_p).sum())) / 30
    local = es.robustness(
        STUDY, embedded, es.catalog()["six-nation-accord-1994"], windows=WINDOWS, models=(DOW, es.ConstantMean()),
        estimations=((-260, -11), (-135, -11)), tests=("local_scale",), placebos=29,
    )  # fmt: skip
    assert local.p_all == local.p_local == local.pvalue == grid.p_local
    assert grid.pvalue == max(grid.p_all, grid.p_local)
    assert grid.smallest_p == 1.0 / 30.0
    for k in (3, 20):
        other = es.make_event(grid.placebo_dates[k], time="12:00")
        ps = [
            p for model in (DOW, es.ConstantMean()) for e in ((-260, -11), (-135, -11))
            for p in study_pvalues(embedded, other, model, e)
        ]  # fmt: skip
        assert grid.placebo_medians[k] == pytest.approx(np.median(ps), rel=1e-12)


def test_placebo_dates_keep_away_from_known_events(grid: es.Robustness) -> None:
    known = [e.date for e in es.catalog().values()]
    nearest = min(abs(np.busday_count(day, other)) for day in grid.placebo_dates for other in known)
    assert nearest > 8  # ten sessions are at least nine weekdays, holidays aside


def test_a_large_move_is_found_by_the_whole_grid(embedded: PriceTable, grid: es.Robustness) -> None:
    event = es.catalog()["six-nation-accord-1994"]
    frame = embedded.frame.copy()
    frame.loc[frame.index >= "1994-01-31", "AA"] *= np.exp(0.15)
    moved = es.robustness(
        STUDY, replace(embedded, frame=frame), event, windows=WINDOWS, models=(DOW,), estimations=((-260, -11),),
        tests=TESTS, placebos=29,
    )  # fmt: skip
    assert (moved.pvalue, moved.significant, moved.same_sign) == (moved.smallest_p, 1.0, 1.0)


def test_turbulence_before_the_event_is_no_finding() -> None:
    """Variance x4 from 20 sessions before, nothing on the day: t and SQ meet calm days at the placebo dates."""
    joint, everything = [], []
    for seed in range(12):
        values = 0.01 * np.random.default_rng(seed).standard_normal(640)
        values[580:] *= 2.0
        days = pd.bdate_range("2001-01-01", periods=values.size)
        frame = pd.DataFrame({"A": 100.0 * np.exp(values.cumsum())}, days)
        prices = build_table(frame, InstrumentTable([Instrument(id="A", unit="USD")]), origins=())
        found = es.robustness(
            es.Study(instruments=["A"], model=es.ConstantMean()), prices, es.make_event(days[600], time="08:00"),
            windows=WINDOWS, estimations=((-260, -11),), placebos=19, events=EventTable([]),
        )  # fmt: skip
        joint.append(found.pvalue)
        everything.append(found.p_all)
        assert ("in units of the days before" in found.sentence) == (found.p_all < found.p_local)
    # Means of 12 uniform values have a standard error of .08: the joint p is not below its due, the other is.
    assert np.mean(joint) > 0.5 - 2 * 0.083
    assert np.mean(everything) < np.mean(joint) - 0.05
    only = es.robustness(
        es.Study(instruments=["A"], model=es.ConstantMean()), prices, es.make_event(days[600], time="08:00"),
        windows=WINDOWS, tests=("t_fe",), estimations=((-260, -11),), placebos=19, events=EventTable([]),
    )  # fmt: skip
    assert math.isnan(only.p_local)
    assert only.pvalue == only.p_all
    assert "p is too small" in only.sentence


def _simulated(values: np.ndarray) -> PriceTable:
    days = pd.bdate_range("2015-01-01", periods=values.size)
    return es.prices(pd.DataFrame({"A": 100.0 * np.exp(values.cumsum())}, days))


def test_a_date_without_a_p_is_no_placebo() -> None:
    """A price that moves every fifth session has no scale of its own at most dates."""
    values = 0.01 * np.random.default_rng(1).standard_normal(700)
    for k in range(150, 590, 5):
        values[k : k + 4] = 0.0
    prices = _simulated(values)
    event = es.make_event(prices.frame.index[650], time="08:00")
    found = es.robustness(
        es.Study(instruments=["A"], model=es.ConstantMean()), prices, event,
        windows=((0, 2),), estimations=((-135, -11),), tests=("own_scale",), placebos=400, events=EventTable([]),
    )  # fmt: skip
    assert 19 <= found.placebo_medians.size < 400
    assert np.isfinite(found.placebo_medians).all()
    assert len(found.placebo_dates) == found.placebo_medians.size
    at_most = int((found.placebo_medians <= found.median_p).sum())
    assert found.p_all == (1 + at_most) / (1 + found.placebo_medians.size)
    assert found.smallest_p == 1.0 / (1 + found.placebo_medians.size)


def test_dates_around_the_event_are_no_placebos_whatever_the_event_names() -> None:
    prices = _simulated(0.01 * np.random.default_rng(2).standard_normal(700))
    event = replace(es.make_event(prices.frame.index[600], time="08:00"), instruments=("AA",))
    found = es.robustness(
        es.Study(instruments=["A"], model=es.ConstantMean()), prices, event, windows=((0, 0),), tests=("sq",),
        estimations=((-135, -11),), placebos=600, events=EventTable([event]),
    )  # fmt: skip
    rows = prices.frame.index.get_indexer(pd.DatetimeIndex(list(found.placebo_dates)))
    assert rows.size > 300
    assert np.abs(rows - 600).min() == 11


def test_of_intraday_bars_only_those_of_the_same_hour_are_placebos() -> None:
    days = pd.bdate_range("2024-01-02", periods=110)
    index = pd.DatetimeIndex([day + pd.Timedelta(hours=9 + k, minutes=30) for day in days for k in range(7)])
    steps = 0.003 * np.random.default_rng(3).standard_normal(index.size)
    prices = es.prices(
        pd.DataFrame({"A": 100.0 * np.exp(steps.cumsum())}, index), intraday=es.Intraday(zone="America/New_York")
    )
    found = es.robustness(
        es.Study(instruments=["A"], model=es.ConstantMean()), prices,
        es.make_event(days[90], time="08:00", zone="America/New_York"), windows=((0, 0),), tests=("sq",),
        estimations=((-210, -11),), placebos=99, events=EventTable([]),
    )  # fmt: skip
    closes = pd.DatetimeIndex(list(found.placebo_dates)).tz_localize("UTC").tz_convert("America/New_York")
    assert len(closes) >= 19
    assert set(closes.strftime("%H:%M")) == {"10:30"}


def test_words_record_and_picture(grid: es.Robustness) -> None:
    record = json.loads(json.dumps(grid.to_record(), default=str))
    assert record["p"] == grid.pvalue
    assert len(record["specifications"]) == 16
    assert "16 specifications" in grid.summary()
    assert list(grid.to_frame()["p"]) == [s.pvalue for s in grid.specifications]
    ax = grid.plot()
    drawn = sorted(float(y) for line in ax.get_lines()[1:] for y in line.get_ydata())
    assert drawn == sorted(s.estimate for s in grid.specifications)


@pytest.mark.parametrize(
    ("more", "error", "words"),
    [
        ({"instrument": "ZZ"}, UnknownNameError, "unknown instrument"),
        ({"tests": ("nope",)}, UnknownNameError, "unknown statistic"),
        ({"tests": ()}, InputError, "grid is empty"),
        ({"placebos": 5}, InputError, "fewer than 19"),
        ({"windows": ((-12, 0),)}, InputError, "overlaps the event window"),
        ({"estimations": ((-1100, -11),)}, NothingUsableError, "valid sessions in the estimation window"),
        ({"tests": ("conformal",), "windows": ((0, 0),), "placebos": 19}, NothingUsableError, "no test of the grid"),
    ],
)
def test_wrong_calls_say_what_is_wrong(
    embedded: PriceTable, more: dict[str, object], error: type[Exception], words: str
) -> None:
    call = {"models": (DOW,), "estimations": ((-260, -11),)} | more
    with pytest.raises(error, match=words):
        es.robustness(STUDY, embedded, es.catalog()["six-nation-accord-1994"], **call)  # type: ignore[arg-type]
