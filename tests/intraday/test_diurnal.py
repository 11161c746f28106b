"""Functions on a bare series of bars: the pattern of the day is taken out as plain pandas would, and is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import eventstudy as es
from eventstudy.volatility.diurnal import clock_of_stamps
from tests.intraday.bars import NY, PATTERN, FloatArray, at, starts_of, write

#: Row of bar 0 in 200 days of seven bars: the first of a day, from noon or at night.
NIGHT, NOON = 1183, 1186


def draw(seed: int, *, pattern: FloatArray = PATTERN, mean: float = 0.0, n_days: int = 200) -> pd.Series[float]:
    """Independent normal responses times the pattern."""
    index = starts_of(n_days)
    normal = np.random.default_rng(seed).standard_normal(len(index))
    return pd.Series(mean + 0.003 * np.resize(pattern, len(index)) * normal, index=index)


def garch(seed: int, *, n_days: int = 200) -> pd.Series[float]:
    """GARCH(1,1) responses, alpha .1 and beta .85, times the pattern."""
    index, h = starts_of(n_days), 1.0
    z, e = np.random.default_rng(seed).standard_normal(len(index)), np.empty(len(index))
    for t in range(e.size):
        e[t] = z[t] * h**0.5
        h = 0.05 + 0.10 * e[t] ** 2 + 0.85 * h
    return pd.Series(0.003 * np.resize(PATTERN, e.size) * e, index=index)


def by_pandas(x: pd.Series[float], last: int) -> pd.Series[float]:
    """Scale of every bar, learnt from rows 0 to `last`: root mean square of its hour over that of all."""
    fit = x.iloc[: last + 1]
    squares = (fit - fit.mean()) ** 2
    hourly = np.sqrt(squares.groupby(fit.index.hour).mean() / squares.mean())
    return pd.Series(hourly.loc[x.index.hour].to_numpy(), index=x.index)


def divided(x: pd.Series[float], last: int) -> pd.Series[float]:
    """Responses less their mean up to `last`, over `by_pandas`."""
    return (x - x.iloc[: last + 1].mean()) / by_pandas(x, last)


def numbers(tests: es.TestTable) -> FloatArray:
    return np.array([[t.estimate, t.value, t.pvalue, t.low, t.high] for t in tests])


def same(one: es.TestTable, other: es.TestTable) -> None:
    """Equal but for rounding."""
    assert any(t.applicable for t in other)
    np.testing.assert_allclose(numbers(one), numbers(other), rtol=1e-12)


@pytest.mark.parametrize("row", [NIGHT, NOON])
@pytest.mark.parametrize("mean", [0.0, 0.02])
def test_variance_change_is_that_of_the_series_divided_by_hand(row: int, mean: float) -> None:
    x = draw(1, mean=mean)
    found = es.variance_change(x, event=x.index[row])
    by_hand = es.variance_change(divided(x, row - 11), event=x.index[row], diurnal=False)
    same(found, by_hand)
    assert by_hand.diurnal is None
    assert found.diurnal is not None
    assert found.diurnal.words == (
        f"bars in the scale of their clock time (America/New_York), learnt from {row - 10} bars before the gap"
    )
    assert {t.distribution for t in found} == {
        f"{t.distribution}, bars in the scale of their clock time" for t in by_hand
    }
    # One value a day is that of the clock time; the opening bar spans the night.
    frame = found.diurnal.to_frame()
    assert frame.index[-1] == "09:30 America/New_York after a night or a break"
    assert frame["scale"].iloc[-1] == pytest.approx(by_pandas(x, row - 11).iloc[0], rel=1e-12)
    # The mean square of what the pattern was learnt from is what it was.
    fit = x.iloc[: row - 10]
    assert float((divided(x, row - 11).iloc[: row - 10] ** 2).mean()) == pytest.approx(fit.var(ddof=0), rel=1e-12)


def test_what_came_after_moves_no_scale() -> None:
    """A series that goes wild at the event has the scales of one that does not."""
    calm = draw(2)
    wild = calm.where(np.arange(len(calm)) < NOON - 10, 20.0 * calm)
    one, two = (es.variance_change(x, event=x.index[NOON]).diurnal for x in (calm, wild))
    assert one is not None
    assert two is not None
    np.testing.assert_array_equal(one.scale, two.scale)
    # So it is found, whole: 400 times the variance, with 20 bars of the chi-squared law on either side.
    ratio = es.variance_change(wild, event=wild.index[NOON])[0].estimate
    assert 400 * 0.3 < ratio < 400 * 2.0


def test_a_pure_pattern_is_no_change_of_variance() -> None:
    """An announcement at 14:30 of each of 110 days, without effect, and the night after it alone.

    Divided, it is a normal bar among normals: 5% reject, within three binomial errors. As it is, the bar of N(0, 9)
    exceeds what one bar in 20 does, of which a seventh are N(0, 9) and the others N(0, 1): 2.8, in 35% of days.
    """
    x = draw(3)
    rates = []
    for diurnal in (True, False):
        p = [
            es.variance_change(x, event=x.index[row], before=(-500, -11), after=(2, 2), diurnal=diurnal)
            .one(statistic="variance_placebo").pvalue
            for row in range(600, 1370, 7)
        ]  # fmt: skip
        rates.append(np.mean(np.array(p) <= 0.05))
    assert len(p) == 110
    error = np.sqrt(np.array([0.05, 0.35]) * np.array([0.95, 0.65]) / 110)
    assert (np.abs(np.array(rates) - [0.05, 0.35]) < 3 * error).all()


def test_breaks_are_those_of_the_series_divided_by_hand() -> None:
    x = draw(4)
    x.iloc[NOON:] *= 2.0
    found = es.variance_breaks(x, event=x.index[NOON])
    by_hand = es.variance_breaks(divided(x, NOON - 11), event=x.index[NOON], diurnal=False)
    assert found.agreement == by_hand.agreement == "agrees"
    for one, other in ((found.whole, by_hand.whole), (found.around, by_hand.around)):
        assert one is not None
        assert other is not None
        assert (one.break_date, one.low, one.high) == (other.break_date, other.low, other.high)
        assert [one.cusum.value(k) for k in one.pvalues] == pytest.approx(
            [other.cusum.value(k) for k in one.pvalues], rel=1e-12
        )
    assert found.to_record()["diurnal"]["learnt"] == NOON - 10
    assert "diurnal" not in by_hand.to_record()
    # Without an announcement the pattern is that of all bars.
    whole = es.variance_breaks(x)
    assert whole.diurnal is not None
    assert (whole.diurnal.learnt, whole.diurnal.before) == (len(x), False)


def test_event_variance_is_that_of_rows_divided_by_hand() -> None:
    """The mean, a constant and a market, keeps its unit: every row is divided, the constant too."""
    x, market = garch(5), draw(6)
    x = x + 0.5 * market
    row, names = NOON, {"event": x.index[NOON], "bootstrap": 0}
    found = es.event_variance_test(x, regressors=market, **names)
    design = np.column_stack((np.ones(len(x)), market))
    fit = slice(0, row - 10)
    coefficients, *_ = np.linalg.lstsq(design[fit], x.to_numpy()[fit], rcond=None)
    residual = x - design @ coefficients
    squares = residual.iloc[fit] ** 2
    hourly = np.sqrt(squares.groupby(squares.index.hour).mean() / squares.mean())
    scale = hourly.loc[x.index.hour].to_numpy()
    # By hand the divided constant is a regressor beside a constant of ones that is not wanted: the likelihood itself.
    from eventstudy.engines.event_likelihood import fit_event

    rows = np.arange(row - 1000, row + 61)
    exog = ((rows - row >= 1) & (rows - row <= 20)).astype(float)[:, None]
    other = fit_event(
        (x / scale).to_numpy()[rows], (design / scale[:, None])[rows], exog, form="multiplicative", kind="garch",
        dist="normal",
    )  # fmt: skip
    assert not isinstance(other, str)
    assert found.fit is not None
    np.testing.assert_allclose(found.fit.params, other.params, rtol=1e-12)
    assert found.fit.params[1] == pytest.approx(0.5, abs=0.1)
    assert found.diurnal is not None
    assert found.diurnal.scale.size == found.dates.size == 1061
    assert es.event_variance_test(x, diurnal=False, **names).diurnal is None


def test_spillover_is_that_of_returns_divided_by_hand() -> None:
    frame = pd.DataFrame({"A": garch(7), "B": garch(8)})
    frame["B"] += 0.4 * frame["A"]
    event, design = frame.index[NOON], es.SpilloverDesign(draws=199)
    found = es.spillover(frame, "A", ["B"], event=event, design=design).pairs[0]
    by_hand = pd.DataFrame({name: divided(frame[name], NOON - 11) for name in frame})
    plain = es.SpilloverDesign(draws=199, diurnal=False)
    same(found.tests, es.spillover(by_hand, "A", ["B"], event=event, design=plain).pairs[0].tests)
    assert found.diurnal is not None
    assert found.to_record()["diurnal"][1]["learnt"] == NOON - 10
    # A table of prices knows the zone by its instruments, and measures the same returns.
    start = frame.index[:1] - pd.Timedelta(hours=1)
    levels = pd.concat([pd.DataFrame(0.0, start, frame.columns), frame]).cumsum().pipe(np.exp)
    table = es.prices(100.0 * levels, intraday=es.Intraday(stamp="end"))
    of_prices = es.spillover(table, "A", ["B"], event=event, design=design).pairs[0]
    # Prices are rounded in their last digit, and a GARCH is fitted to what is left.
    np.testing.assert_allclose(numbers(of_prices.tests), numbers(found.tests), rtol=1e-5, atol=1e-5)


def test_garch_is_that_of_the_series_divided_by_hand_in_its_own_unit() -> None:
    x = garch(9)
    found = es.fit_garch(x, kind="garch", dist="normal", mean="zero")
    hourly = np.sqrt((x**2).groupby(x.index.hour).mean() / (x**2).mean())
    scale = hourly.loc[x.index.hour].to_numpy()
    by_hand = es.fit_garch(x / scale, kind="garch", dist="normal", mean="zero", diurnal=False)
    np.testing.assert_allclose(found.params, by_hand.params, rtol=1e-12)
    np.testing.assert_allclose(found.se, by_hand.se, rtol=1e-9)
    # The variance of each bar has the pattern again, so standardised residuals are those of the bars.
    np.testing.assert_allclose(found.variance, by_hand.variance * scale**2, rtol=1e-12)
    np.testing.assert_allclose(found.residuals, x, rtol=1e-12)
    np.testing.assert_allclose(found.standardised, x / np.sqrt(found.variance), rtol=1e-12)
    # Log-density of a normal bar in the caller's unit, summed.
    density = -0.5 * (np.log(2 * np.pi) + np.log(found.variance) + found.standardised**2)
    assert found.loglik == pytest.approx(float(density.sum()), rel=1e-12)
    raw = es.fit_garch(x, kind="garch", dist="normal", mean="zero", diurnal=False)
    assert raw.diurnal is None
    # The truth: alpha .1, persistence .95. The night every seventh bar hides it from the raw fit.
    assert found.persistence == pytest.approx(0.95, abs=0.05)
    assert found.loglik > raw.loglik + 100.0
    assert "bars in the scale of their clock time (America/New_York), learnt from 1400 bars\n" in found.summary()


def test_mean_coefficients_of_a_garch_keep_their_unit() -> None:
    market = draw(10)
    x = garch(11) + 0.7 * market + 0.001
    x.iloc[[5, 90]] = np.nan
    found = es.fit_garch(x, market.rename("M"), kind="garch", dist="normal")
    assert found.dropped == 2
    assert found.params["M"] == pytest.approx(0.7, abs=4 * found.se["M"])
    assert found.params["const"] == pytest.approx(0.001, abs=4 * found.se["const"])
    expected = x - found.params["const"] - found.params["M"] * market
    np.testing.assert_allclose(found.residuals, expected.dropna(), atol=1e-15)
    lagged = es.fit_garch(x, market.rename("M"), kind="garch", dist="normal", mean="ar")
    assert lagged.diurnal is not None
    assert lagged.diurnal.scale.size == len(lagged.residuals) == len(x) - 5


def test_a_choice_is_among_models_of_one_pattern() -> None:
    choice = es.choose_garch(garch(12), kinds=("garch", "gjr"), dists=("normal",))
    single = es.fit_garch(garch(12), kind=choice.best.fit.kind, dist="normal")
    assert choice.best.loglik == single.loglik
    assert choice.best.diurnal is not None
    assert es.choose_garch(garch(12), kinds=("garch",), dists=("normal",), diurnal=False).best.diurnal is None


def test_the_zone_of_the_index_tells_the_hour_across_a_change_of_clocks() -> None:
    """The night of New York is at 14:30 UTC in winter and at 13:30 in summer: two hours for who has no zone."""
    x = draw(13)
    row = NOON
    aware = es.variance_change(x, event=x.index[row])
    as_utc = x.set_axis(x.index.tz_convert("UTC"))
    in_utc = es.variance_change(as_utc, event=x.index[row])
    naive = es.variance_change(
        as_utc.set_axis(as_utc.index.tz_localize(None)), event=as_utc.index[row].tz_localize(None)
    )
    local = x.set_axis(x.index.tz_localize(None))
    as_stamped = es.variance_change(local, event=local.index[row])
    kinds = [len(t.diurnal.to_frame()) for t in (aware, in_utc, naive, as_stamped) if t.diurnal is not None]
    # Seven of New York; in UTC eight hours, of which the night begins at two.
    assert kinds == [7, 9, 9, 7]
    same(aware, as_stamped)
    same(in_utc, naive)
    assert aware[0].value != in_utc[0].value
    zones = [t.diurnal.zone for t in (aware, in_utc, naive, as_stamped) if t.diurnal is not None]
    assert zones == [NY, "UTC", "as stamped", "as stamped"]
    # Dates beside values say their zone as well, as objects too.
    for dates in (x.index, x.index.to_numpy()):
        same(aware, es.variance_change(x.to_numpy(), dates, event=x.index[row]))


def test_a_clock_time_that_comes_too_seldom_is_left_out_and_counted() -> None:
    """A bar of 17:30 on every 20th day: nine before the gap, ten in all."""
    x = draw(14)
    extra = pd.DatetimeIndex([t + pd.Timedelta(hours=8) for t in x.index[::7][::20]])
    more = pd.concat([x, pd.Series(0.05, index=extra)]).sort_index()
    found = es.variance_change(more, event=x.index[NOON])
    assert found.diurnal is not None
    assert found.diurnal.left_out == len(extra) == 10
    assert found.diurnal.words.endswith(
        "; 10 bars of clock times that come fewer than 19 times, or never move, left out"
    )
    fit = es.fit_garch(more, kind="garch", dist="normal")
    assert (fit.n, fit.dropped) == (len(x), 0)
    assert extra.intersection(fit.index).empty
    assert "; 10 bars" in fit.summary()


def test_too_few_days_are_a_reason() -> None:
    """Eighteen days of hourly bars know no hour; the series as it is can still be measured."""
    x = draw(15, n_days=18)
    event, short = x.index[100], {"before": (-60, -11), "after": (1, 5)}
    words = "too few clock times come 19 times among 90 bars before the gap"
    assert all(t.reason.startswith(words) for t in es.variance_change(x, event=event, **short))
    assert es.variance_change(x, event=event, diurnal=False, **short)[0].applicable
    assert es.variance_breaks(x, event=event).reason.startswith(words)
    assert es.variance_breaks(x, event=event).agreement == "undefined"
    assert es.event_variance_test(x, event=event, bootstrap=0).reason.startswith(words)
    frame = pd.DataFrame({"A": x, "B": x**2})
    assert es.spillover(frame, "A", ["B"], event=event).pairs[0].reason.startswith("too few clock times come 19 times")
    with pytest.raises(es.EventStudyError, match=r"too few clock times .* or take the series as it is"):
        es.fit_garch(x)
    # Nothing before the gap at all.
    early = es.event_variance_test(x, event=x.index[3], bootstrap=0)
    assert early.reason.startswith("too few clock times come 19 times among 0 bars")


def test_daily_series_are_measured_as_they_are() -> None:
    """One price a day, with or without a clock time, with a live row as Yahoo appends it: to the bit."""
    days = pd.bdate_range("2018-01-01", periods=800)
    normal = pd.Series(0.01 * np.random.default_rng(16).standard_normal(800), index=days)
    live = pd.concat([normal, pd.Series(0.004, index=days[-1:] + pd.Timedelta(hours=15, minutes=32))])
    clocked = normal.set_axis((days + pd.Timedelta(hours=16)).tz_localize(NY))
    for x in (normal, live, clocked):
        assert clock_of_stamps(pd.DatetimeIndex(x.index)) is None
        event = x.index[700]
        for call in (es.variance_change, es.variance_breaks):
            one, two = call(x, event=event), call(x, event=event, diurnal=False)
            assert one.diurnal is None
            first, second = ([t.to_record() for t in r] if isinstance(r, es.TestTable) else r.to_record()
                             for r in (one, two))  # fmt: skip
            assert repr(first) == repr(second)
        fits = [es.fit_garch(x, kind="garch", dist="normal", diurnal=d) for d in (True, False)]
        np.testing.assert_array_equal(fits[0].variance, fits[1].variance)
        assert fits[0].loglik == fits[1].loglik
        assert fits[0].diurnal is None


def bars(seed: int) -> pd.DataFrame:
    """Open, high, low, close of 200 days of hourly bars of 60 steps each; eight hours' variance overnight."""
    rng, index = np.random.default_rng(seed), starts_of(200)
    steps = 0.003 / np.sqrt(60.0) * rng.standard_normal((len(index), 60))
    night = np.where(np.arange(len(index)) % 7 == 0, 0.003 * np.sqrt(8.0) * rng.standard_normal(len(index)), 0.0)
    moves = steps.sum(axis=1) + night
    opened = np.concatenate(([0.0], moves.cumsum()[:-1])) + night
    paths = opened[:, None] + np.column_stack((np.zeros(len(index)), steps.cumsum(axis=1)))
    parts = {"open": paths[:, 0], "high": paths.max(axis=1), "low": paths.min(axis=1), "close": paths[:, -1]}
    return pd.DataFrame({k: 100.0 * np.exp(v) for k, v in parts.items()}, index=index)


def test_ranges_of_bars_are_in_the_scale_of_their_hour() -> None:
    """Parkinson's estimator and that of closes by hand."""
    frame, row = bars(17), NOON
    found = es.range_volatility(frame, event=frame.index[row])
    logs = np.log(frame)
    before, after = slice(row - 260, row - 10), slice(row + 1, row + 21)
    hour, learnt = frame.index.hour, slice(1, row - 10)
    square = (logs["high"] - logs["low"]) ** 2 / (4.0 * np.log(2.0))
    hourly = square.iloc[learnt].groupby(hour[learnt]).mean()
    divided = square / (hourly / square.iloc[learnt].mean()).loc[hour].to_numpy()
    assert found.before["parkinson"] == pytest.approx(divided.iloc[before].mean(), rel=1e-12)
    assert found.after["parkinson"] == pytest.approx(divided.iloc[after].mean(), rel=1e-12)
    moves = logs["close"].diff()
    own = moves.iloc[learnt].groupby(hour[learnt])
    scale = np.sqrt(own.var() / ((own.var() * own.count()).sum() / own.count().sum())).loc[hour].to_numpy()
    ratio = (moves / scale).iloc[after].var() / (moves / scale).iloc[before].var()
    assert found.tests.one(statistic="close_close").estimate == pytest.approx(ratio, rel=1e-12)
    assert found.diurnal is not None
    assert found.tests[0].distribution == "rank among 231 windows before, bars in the scale of their clock time"
    raw = es.range_volatility(frame, event=frame.index[row], diurnal=False)
    assert raw.diurnal is None
    assert raw.after["parkinson"] == pytest.approx(square.iloc[after].mean(), rel=1e-12)
    # The night is in the closes, not in the ranges: nine times the variance of an hour against about one.
    scales = found.diurnal.to_frame()["scale"]
    assert scales.iloc[-1] > 1.5 * scales.iloc[:-1].max()


def test_ranges_of_a_table_are_those_of_its_frame(tmp_path: Path) -> None:
    """A bar of a file closes an hour after its stamp, the last of a day at 16:00; the hours are the exchange's."""
    frame = bars(18)
    table = es.load("files", write(tmp_path, frame, "A.csv"))
    event = at(frame.index[NOON] + pd.Timedelta(minutes=5))
    found = es.range_volatility(table, "A", event=event)
    assert found.day0 == frame.index[NOON].tz_convert("UTC").tz_localize(None) + pd.Timedelta(hours=1)
    by_frame = es.range_volatility(frame, event=frame.index[NOON])
    assert [t.pvalue for t in found.tests] == [t.pvalue for t in by_frame.tests]
    # Prices of the file have all their digits.
    assert found.after == pytest.approx(by_frame.after, rel=1e-9)
    assert found.diurnal is not None
    assert found.diurnal.zone == NY
