"""The band over the path, the drift before the event, and the calendar-time portfolio."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from statsmodels.regression.linear_model import OLS

import eventstudy as es
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.prices import PriceTable
from eventstudy.errors import InputError
from eventstudy.inference.bands import PathBand, path_band, path_covariance, pre_event_drift
from eventstudy.inference.base import Finding
from eventstudy.inference.calendar_time import calendar_time
from eventstudy.kernels.stats import Inapplicable

NAMES = [f"F{i}" for i in range(8)]
WINDOW = es.EventWindow(primary=(0, 0), event=(-5, 10), estimation=(-120, -6), windows=(), overlap="keep")


@pytest.fixture(scope="module")
def prices(prices_of: Callable[..., PriceTable]) -> PriceTable:
    rng = np.random.default_rng(41)
    return prices_of({name: 0.01 * rng.standard_normal(500) for name in NAMES})


@pytest.fixture(scope="module")
def run(prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable) -> Callable[..., es.StudyResult]:
    """Study `count` firms at `rows`."""

    def of(count: int, rows: tuple[int, ...]) -> es.StudyResult:
        study = es.Study(
            instruments=NAMES[:count], model=es.ConstantMean(), window=WINDOW, volatility=None, statistics=("cs_t",)
        )
        return study.run(prices, [event_at(prices, row, f"e{row}") for row in rows], others=no_events)

    return of


def test_one_day_needs_no_more_than_its_own_critical_value(run: Callable[..., es.StudyResult]) -> None:
    band = path_band(run(1, (300,)), (0, 0))
    assert isinstance(band, PathBand)
    assert band.pointwise == pytest.approx(stats.t.isf(0.025, 114), rel=1e-12)
    # 20,000 draws: the quantile's Monte Carlo error is about one percent.
    assert band.critical == pytest.approx(band.pointwise, rel=0.02)


def test_a_path_needs_more_than_a_day_and_less_than_bonferroni(run: Callable[..., es.StudyResult]) -> None:
    result = run(8, (200, 300, 400))
    for method in ("covariance", "wild"):
        band = path_band(result, method=method)  # type: ignore[arg-type]
        assert isinstance(band, PathBand)
        assert band.offsets.tolist() == list(range(-5, 11))
        assert band.n_pairs == 24
        assert result.abnormal is not None
        np.testing.assert_allclose(band.caar, result.abnormal.path((-5, 10))[0].mean(axis=0), rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose(band.high - band.caar, band.critical * band.se)
    band = path_band(result)
    assert isinstance(band, PathBand)
    assert 1.96 < band.pointwise + 0.3 < band.critical < stats.norm.isf(0.025 / 16)
    again = path_band(result)
    assert isinstance(again, PathBand)
    assert again.critical == band.critical
    assert band.to_frame().columns.tolist() == ["offset", "caar", "se", "low", "high"]


def test_path_covariance_holds_the_variance_of_every_sum(run: Callable[..., es.StudyResult]) -> None:
    abnormal = run(3, (300,)).abnormal
    assert abnormal is not None
    covariance = path_covariance(abnormal, (-5, 10))
    _, se = abnormal.path((-5, 10))
    np.testing.assert_allclose(np.sqrt(np.diagonal(covariance, axis1=1, axis2=2)), se, rtol=1e-10)
    # Constant mean, M = 115: cov of the sums of j and k days is s^2 (min(j, k) + j k / M).
    expected = abnormal.sigma[0] ** 2 * (3 + 3 * 7 / 115)
    assert covariance[0, 2, 6] == pytest.approx(expected, rel=1e-10)


def test_the_band_holds_the_whole_path_as_often_as_it_says(run: Callable[..., es.StudyResult]) -> None:
    # White noise, known critical value: how often does a fresh null path leave the band of its own covariance?
    result = run(1, (300,))
    band = path_band(result, (0, 9))
    assert isinstance(band, PathBand)
    abnormal = result.abnormal
    assert abnormal is not None
    root = np.linalg.cholesky(path_covariance(abnormal, (0, 9))[0])
    rng = np.random.default_rng(1)
    scale = np.sqrt(rng.chisquare(114, (5000, 1)) / 114)
    paths = rng.standard_normal((5000, 10)) @ root.T / scale
    outside = (np.abs(paths / band.se) > band.critical).any(axis=1).mean()
    # Monte Carlo standard error .3 point; four of them.
    assert outside == pytest.approx(0.05, abs=0.0125)


def test_a_band_that_cannot_be_is_refused(run: Callable[..., es.StudyResult]) -> None:
    one_date = path_band(run(3, (300,)), method="wild")
    assert isinstance(one_date, Inapplicable)
    assert "one event date" in one_date.reason
    alone = path_band(run(1, (300,)), method="wild")
    assert isinstance(alone, Inapplicable)
    with pytest.raises(InputError, match="method"):
        path_band(run(1, (300,)), method="sup")  # type: ignore[arg-type]


def test_drift_is_the_window_up_to_the_day_before(run: Callable[..., es.StudyResult]) -> None:
    many = run(8, (200, 300))
    row = pre_event_drift(many)
    assert many.abnormal is not None
    scar = many.abnormal.car((-5, -1)).scar
    assert (row.window, row.statistic, row.n_pairs, row.n_dates) == ((-5, -1), "bmp_t", 16, 2)
    assert row.value == pytest.approx(stats.ttest_1samp(scar, 0.0).statistic, rel=1e-9)
    assert pre_event_drift(many, "grank_t").statistic == "grank_t"
    alone = run(1, (300,))
    assert alone.abnormal is not None
    single = pre_event_drift(alone)
    assert single.value == pytest.approx(float(alone.abnormal.car((-5, -1)).scar[0]), rel=1e-12)
    assert single.statistic == "t_fe"
    assert pre_event_drift(alone, "bmp_t").reason.startswith("needs at least 2 pairs")
    late = replace(alone.study.window, event=(0, 10), windows=())
    with pytest.raises(InputError, match="no session before"):
        pre_event_drift(replace(alone, study=replace(alone.study, window=late)))


def test_calendar_time_by_loops(run: Callable[..., es.StudyResult]) -> None:
    result = run(4, (300, 305))
    found = calendar_time(result, (1, 8), lags=3)
    abnormal = result.abnormal
    assert abnormal is not None
    cells: dict[np.datetime64, list[float]] = {}
    for i in range(abnormal.n_pairs):
        for offset in range(1, 9):
            column = int(offset - abnormal.offsets[0])
            cells.setdefault(abnormal.dates[i, column], []).append(float(abnormal.ar[i, column]))
    means = np.array([math.fsum(cells[d]) / len(cells[d]) for d in sorted(cells)])
    np.testing.assert_allclose(found.response, means, rtol=1e-10, atol=1e-16)
    assert found.active.tolist() == [4] * 5 + [8] * 3 + [4] * 5
    reference = OLS(means, np.ones(13)).fit(cov_type="HAC", cov_kwds={"maxlags": 3, "use_correction": True})
    assert isinstance(found.finding, Finding)
    assert found.finding.se == pytest.approx(float(reference.bse[0]), rel=1e-9)
    assert found.finding.dof == 12
    plain = calendar_time(result, (1, 8), errors="HC1")
    assert isinstance(plain.finding, Finding)
    # HC1 of a mean is its ordinary standard error.
    assert plain.finding.value == pytest.approx(stats.ttest_1samp(means, 0.0).statistic, rel=1e-9)
    assert calendar_time(result, (1, 8)).lags == math.floor(4 * (13 / 100) ** (2 / 9))


def test_months_add_up_their_dates(run: Callable[..., es.StudyResult]) -> None:
    result = run(4, (200, 300, 330))
    daily, monthly = calendar_time(result, (1, 10)), calendar_time(result, (1, 10), frequency="monthly")
    assert monthly.response.sum() == pytest.approx(daily.response.sum(), rel=1e-10)
    assert np.unique(daily.periods.astype("datetime64[M]")).size == monthly.periods.size
    assert monthly.to_frame()["active"].max() == 4
    few = calendar_time(run(4, (300,)), (1, 2))
    assert isinstance(few.finding, Inapplicable)
    for wrong in ({"frequency": "weekly"}, {"lags": -1}):
        with pytest.raises(InputError):
            calendar_time(result, (1, 10), **wrong)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="does not lie"):
        calendar_time(result, (1, 30))
