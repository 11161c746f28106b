"""Break dates of a series, and whether they agree with an announcement."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import eventstudy as es
from eventstudy.volatility.breaks import segment_variance

DAYS = pd.bdate_range("2015-01-01", periods=600)


def series(seed: int, sizes: list[int], sds: list[float]) -> pd.Series:
    """Daily values whose spread changes."""
    values = np.random.default_rng(seed).standard_normal(sum(sizes)) * np.repeat(sds, sizes)
    return pd.Series(0.0004 + 0.01 * values, index=DAYS[: values.size])


def test_break_at_the_announcement_agrees() -> None:
    found = es.variance_breaks(series(1, [300, 300], [1.0, 2.0]), event=DAYS[300].date())
    assert found.agreement == "agrees"
    assert found.event == np.datetime64(DAYS[300], "D")
    assert found.around is not None
    assert found.around.low <= found.event <= found.around.high
    # The true ratio is 4; the F law of 100 against 100 sessions has a relative s.d. of 20%.
    assert found.around.ratio == pytest.approx(4.0, rel=0.5)
    assert abs(found.nearest["icss_kappa2"]) <= 10
    assert abs(found.nearest["segments"]) <= 10
    assert "lies in it" in found.summary()


def test_break_long_before_the_announcement_lies_elsewhere() -> None:
    found = es.variance_breaks(series(2, [250, 350], [1.0, 3.0]), event=DAYS[300].date())
    assert found.agreement == "elsewhere"
    assert found.nearest["icss_it"] == pytest.approx(-50, abs=10)
    assert "lies outside it" in found.summary()


def test_quiet_series_has_no_break() -> None:
    found = es.variance_breaks(series(3, [600], [1.0]), event=DAYS[300].date())
    assert found.agreement == "no break"
    assert found.summary().startswith("no break of the variance")
    assert found.icss_kappa2.size == 0


def test_burst_of_twenty_sessions_is_two_breaks_of_the_detector() -> None:
    values = series(4, [300, 20, 280], [1.0, 4.0, 1.0])
    found = segment_variance(values.to_numpy() - values.mean())
    assert found == pytest.approx((300, 320), abs=5)


def test_partition_is_the_best_one_by_dynamic_programming() -> None:
    """The detector minimises squared error plus penalty: a plain dynamic programme finds the same cuts."""
    e = np.random.default_rng(6).standard_normal(300) * np.repeat([1.0, 5.0, 1.0], 100)
    squares = e**2
    x = np.log(squares + 0.02 * squares.mean())
    x = x - x.mean()
    lags = int(4 * (300 / 100) ** (2 / 9))
    noise = np.mean(x * x) + 2 * sum((1 - j / (lags + 1)) * (x[j:] * x[:-j]).sum() / 300 for j in range(1, lags + 1))
    price = 2.0 * np.log(300) * max(noise, np.mean(x * x))
    cost = [0.0] + [np.inf] * 300
    cut = [0] * 301
    for stop in range(10, 301):
        for start in range(stop - 9):
            piece = x[start:stop]
            total = cost[start] + ((piece - piece.mean()) ** 2).sum() + (price if start else 0.0)
            if total < cost[stop]:
                cost[stop], cut[stop] = total, start
    best, at = [], 300
    while cut[at]:
        at = cut[at]
        best.append(at)
    assert segment_variance(e) == tuple(sorted(best)) != ()


def test_frame_and_record_hold_the_same_numbers() -> None:
    found = es.variance_breaks(series(1, [300, 300], [1.0, 2.0]), event=DAYS[300].date())
    frame = found.to_frame().set_index(["stretch", "statistic"])
    record = found.to_record()
    assert frame.loc[("around", "kappa2"), "p"] == record["around"]["p_kappa2"]
    assert frame.loc[("whole", "it"), "value"] == record["whole"]["it"]
    assert record["around"]["n"] == 200


def test_values_in_percent_give_the_same_dates() -> None:
    values = series(1, [300, 300], [1.0, 2.0])
    one, other = (es.variance_breaks(v, event="2016-02-25").to_record() for v in (values, -100.0 * values))
    for key in ("agreement", "icss_it", "icss_kappa2", "segments", "nearest"):
        assert one[key] == other[key]
    assert one["whole"]["kappa2"] == pytest.approx(other["whole"]["kappa2"], rel=1e-10)


@pytest.mark.parametrize(
    ("row", "words"), [(600, "after the last session"), (590, "needs 30 on each side"), (5, "needs 30 on each side")]
)
def test_announcement_near_the_ends_is_undefined(row: int, words: str) -> None:
    day = pd.bdate_range("2015-01-01", periods=700)[row].date()
    found = es.variance_breaks(series(3, [600], [1.0]), event=day)
    assert found.agreement == "undefined"
    assert words in found.reason
    assert found.around is None


def test_flat_series_is_undefined() -> None:
    found = es.variance_breaks(pd.Series(0.0, index=DAYS), event=DAYS[300].date())
    assert found.agreement == "undefined"
    assert "do not vary" in found.reason
    assert found.summary().startswith("no answer")


def test_missing_values_are_left_out_and_wrong_dates_refused() -> None:
    values = series(1, [300, 300], [1.0, 2.0])
    holes = values.copy()
    holes.iloc[::50] = np.nan
    assert es.variance_breaks(holes).n == 588
    assert es.variance_breaks(holes).event is None
    with pytest.raises(es.EventStudyError, match="without dates"):
        es.variance_breaks(values.to_numpy())
    with pytest.raises(es.EventStudyError, match="ascend"):
        es.variance_breaks(values.iloc[::-1])
    with pytest.raises(es.EventStudyError, match="one row of T"):
        es.variance_breaks(values.to_numpy(), values.index.to_numpy()[:-1])


def test_clustering_alone_is_no_break() -> None:
    """GARCH(.08, .90): the Kolmogorov law of kappa2 rejects often in 200 sessions, the simulated one as it should."""
    days = pd.bdate_range("2010-01-01", periods=900)
    laws, simulated = 0, 0
    for seed in range(40):
        z = np.random.default_rng(seed).standard_normal(1000)
        e, h = np.empty(1000), 1.0
        for t in range(1000):
            e[t] = z[t] * np.sqrt(h)
            h = 0.02 + 0.08 * e[t] ** 2 + 0.9 * h
        one = es.variance_breaks(pd.Series(0.01 * e[100:], index=days), event=days[750].date()).around
        assert one is not None
        laws += one.pvalues["kappa2"] <= 0.05
        simulated += one.pvalue <= 0.05
    # Nominal 5% of 40 is 2; four standard errors of 1.4.
    assert laws >= 10
    assert simulated <= 7
