"""Frames of bars: what is read, what is refused, and what the table holds."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import eventstudy as es
from eventstudy.domain.intraday import is_intraday
from eventstudy.domain.prices import PriceTable
from eventstudy.errors import FileFormatError, InputError
from tests.intraday.bars import (
    NOBODY,
    NY,
    at,
    bars_from,
    closes_by_pandas,
    write,
)


def test_index_holds_the_closes_in_utc(frame: pd.DataFrame, hourly: PriceTable) -> None:
    expected = closes_by_pandas(frame.index).tz_convert("UTC").tz_localize(None)
    assert hourly.minutes == 60
    assert is_intraday(hourly.dates)
    assert hourly.frame.index.tolist() == expected.tolist()
    assert hourly.frame["A"].tolist() == frame["A"].tolist()
    assert "200 last bars of a day end" in hourly.origins[0].notes[2]


def test_named_zone_and_zone_in_the_data_are_one(frame: pd.DataFrame, hourly: PriceTable) -> None:
    naive = frame.set_axis(frame.index.tz_localize(None))
    assert es.prices(naive, intraday=es.Intraday(zone=NY)).fingerprint() == hourly.fingerprint()
    utc = frame.set_axis(frame.index.tz_convert("UTC"))
    assert es.prices(utc).fingerprint() == hourly.fingerprint()


def test_stamp_at_the_end_is_the_close(frame: pd.DataFrame, hourly: PriceTable) -> None:
    ends = frame.set_axis(closes_by_pandas(frame.index))
    table = es.prices(ends, intraday=es.Intraday(stamp="end"))
    assert table.fingerprint() == hourly.fingerprint()


def test_daily_fingerprint_is_what_it_always_was(embedded: PriceTable) -> None:
    """Recomputed by the definition that lock files of daily studies rest on."""
    digest = hashlib.sha256(embedded.frame.index.to_numpy().astype("datetime64[D]").astype(np.int64).tobytes())
    for name in embedded.ids:
        one = embedded.instruments[name]
        digest.update(f"{name}|{one.change}|{one.tz}|{one.stamp}|{one.unit}".encode())
        digest.update(embedded.frame[name].to_numpy(dtype=np.float64).tobytes())
    assert embedded.fingerprint() == digest.hexdigest()


def test_fingerprint_sees_the_clock_and_the_length(frame: pd.DataFrame, hourly: PriceTable) -> None:
    later = es.prices(frame.set_axis(frame.index + pd.Timedelta(minutes=5)))
    shorter = es.prices(frame.set_axis(closes_by_pandas(frame.index)), intraday=es.Intraday(stamp="end", minutes=30))
    assert len({hourly.fingerprint(), later.fingerprint(), shorter.fingerprint()}) == 3


@pytest.mark.parametrize(
    ("index", "options", "words"),
    [
        (["2023-01-02 10:00", "2023-01-02 11:00"], None, r"neither a UTC offset nor a named zone.*--bars-zone"),
        (["2023-03-12 01:30", "2023-03-12 02:30"], es.Intraday(zone=NY), "2023-03-12 02:30:00 does not exist or comes"),
        (["2023-11-05 01:30", "2023-11-05 02:30"], es.Intraday(zone=NY), "2023-11-05 01:30:00 does not exist or comes"),
        (["2023-01-02 10:00", "2023-01-02 10:00"], es.Intraday(zone=NY), "same clock time"),
        (["2023-01-02", "2023-01-03"], es.Intraday(zone=NY), "no row has a clock time"),
        (["2023-01-02 10:00", "2023-01-02 11:00"], es.Intraday(zone=NY, minutes=90), "bars of 90 minutes, but rows"),
        (["2023-01-02 10:00:00", "2023-01-02 10:00:20"], es.Intraday(zone=NY), "bars of whole minutes"),
    ],
)  # fmt: skip
def test_what_cannot_be_known_is_refused(index: list[str], options: es.Intraday | None, words: str) -> None:
    with pytest.raises(InputError, match=words):
        es.prices(pd.DataFrame({"A": [1.0, 2.0]}, index=pd.DatetimeIndex(index)), intraday=options)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"zone": "Mars"}, "no IANA time zone"), ({"stamp": "middle"}, "'start'"), ({"minutes": 0}, "one minute or more")],
)
def test_wrong_options_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        es.Intraday(**options)  # type: ignore[arg-type]


def test_unlike_tables_cannot_be_joined(hourly: PriceTable, frame: pd.DataFrame) -> None:
    daily = es.prices(frame["A"].resample("D").last().dropna().tz_localize(None).to_frame("B"))
    assert daily.minutes is None
    with pytest.raises(InputError, match=r"B: daily prices and A, M: intraday bars of 60 minutes cannot stand in one"):
        daily.joined(hourly)
    halves = es.prices(frame[["A"]].rename(columns={"A": "H"}), intraday=es.Intraday(stamp="end", minutes=30))
    with pytest.raises(InputError, match=r"60 minutes.*30 minutes"):
        hourly.joined(halves)


def test_derived_tables_stay_intraday(hourly: PriceTable) -> None:
    assert hourly.portfolio("P", ["A", "M"]).minutes == 60
    assert hourly.only(["A"]).minutes == 60
    assert "bars of 60 minutes" in repr(hourly)
    back = es.returns(hourly.to_returns().tz_localize("UTC"), unit="fraction", intraday=es.Intraday(stamp="end"))
    assert back.minutes == 60
    assert back.frame.index.equals(hourly.frame.index[1:])


def test_columns_at_other_minutes_keep_their_own_closes(tmp_path: Path) -> None:
    """Hourly at :30 and hourly at :00 are both hourly, in a frame and in a file; the union steps by half an hour."""
    half, full = bars_from("09:30", 60, 7), bars_from("08:00", 60, 9)
    both = pd.DataFrame({"A": half, "B": full})
    expected = closes_by_pandas(half.index).tz_convert("UTC").tz_localize(None)
    for table in (es.prices(both), es.load("files", write(tmp_path, both))):
        assert table.minutes == 60
        own = table.frame["A"].dropna()
        assert own.index.tolist() == expected.tolist()
        assert own.tolist() == half.tolist()
    found = es.prices(both).frame["B"].dropna().index.tz_localize("UTC").tz_convert(NY)
    # From 8:00 to 16:00, when the bar of 16:00 has nothing to be cut by.
    assert [f"{t:%H:%M}" for t in found[:9]] == [f"{h:02d}:00" for h in range(9, 18)]


@pytest.mark.parametrize(
    ("other", "options", "words"),
    [
        (bars_from("09:30", 30, 13), None, "every 30 minutes in B and every 60 minutes in A; .*name it"),
        (bars_from("00:00", 60, 1), None, "every 60 minutes in A and every 1440 minutes in B; .*leave them out$"),
        (bars_from("00:00", 60, 1), es.Intraday(minutes=60), "every 60 minutes in A and every 1440 minutes in B"),
        (bars_from("00:00", 60, 1, 300), None, "every 60 minutes in A and every 1440 minutes in B"),
    ],
)  # fmt: skip
def test_columns_of_two_lengths_are_refused(
    tmp_path: Path, other: pd.Series[float], options: es.Intraday | None, words: str
) -> None:
    both = pd.DataFrame({"A": bars_from("09:30", 60, 7), "B": other})
    with pytest.raises(InputError, match=f"two lengths cannot stand in one table.*{words}"):
        es.prices(both, intraday=options)
    if len(other) < 300:
        with pytest.raises(FileFormatError, match=f"hourly.csv.*two lengths.*{words}"):
            es.load("files", write(tmp_path, both), intraday=options)


def test_missing_rows_need_a_named_length() -> None:
    """Every second bar is missing: two hours, unless the length is named."""
    both = pd.DataFrame({"A": bars_from("00:00", 60, 24), "B": bars_from("00:00", 60, 24).iloc[::2]})
    with pytest.raises(InputError, match="every 60 minutes in A and every 120 minutes in B"):
        es.prices(both)
    table = es.prices(both, intraday=es.Intraday(minutes=60, stamp="end"))
    assert table.frame["B"].dropna().tolist() == both["B"].dropna().tolist()


def test_a_named_length_covers_missing_rows_and_no_longer_bars(tmp_path: Path) -> None:
    """Half-hour bars with most rows missing are that; hourly bars read as such would close half an hour early."""
    half, hour = bars_from("09:30", 30, 13), bars_from("09:30", 60, 7)
    thin = half[np.arange(half.size) % 39 % 13 % 3 == 0]
    thin = pd.concat([thin, half.iloc[1:2]]).sort_index()
    named = es.Intraday(minutes=30)
    table = es.prices(pd.DataFrame({"A": half, "B": thin}), intraday=named)
    both = closes_of_half_hours(thin.index)
    assert table.frame["B"].dropna().index.tolist() == both.tolist()
    assert table.frame["B"].dropna().tolist() == thin.tolist()
    for frame in (pd.DataFrame({"A": half, "B": hour}), pd.DataFrame({"B": hour})):
        with pytest.raises(InputError, match=r"no two rows of B are less than 60 minutes apart.*--bars-stamp end"):
            es.prices(frame, intraday=named)
        with pytest.raises(FileFormatError, match="no two rows of B are less than 60 minutes apart"):
            es.load("files", write(tmp_path, frame), intraday=named)
    # Stamped at the end, a clock time is the close, whatever the length.
    ends = pd.DataFrame({"A": half, "B": hour}).shift(freq="30min")
    assert es.prices(ends, intraday=es.Intraday(minutes=30, stamp="end")).minutes == 30


def closes_of_half_hours(index: pd.Index) -> pd.DatetimeIndex:
    """End of half-hour bars in plain pandas, UTC without a zone."""
    return (pd.DatetimeIndex(index) + pd.Timedelta(minutes=30)).tz_convert("UTC").tz_localize(None)


def test_what_is_no_table_is_refused_in_words() -> None:
    hours = bars_from("09:30", 60, 7).index
    one = pd.DataFrame({"A": np.arange(len(hours)) + 1.0}, index=hours)
    with pytest.raises(InputError, match="the frame has no columns"):
        es.prices(one[[]])
    twice = pd.concat([one, one], axis=1)
    with pytest.raises(InputError, match="two columns are called 'A'"):
        es.prices(twice)
    with pytest.raises(InputError, match="two columns are called 'A'"):
        es.returns(twice, unit="fraction")
    nowhen = one.set_axis(hours[:-1].append(pd.DatetimeIndex([pd.NaT]).tz_localize(NY)))
    with pytest.raises(InputError, match="1 rows have no date"):
        es.prices(nowhen)
    with pytest.raises(InputError, match="one bar has no length"):
        es.prices(one.iloc[:1], intraday=es.Intraday())
    table = es.prices(one.iloc[:1], intraday=es.Intraday(minutes=60))
    assert (table.minutes, table.frame.index[0]) == (60, pd.Timestamp("2024-01-02 15:30"))


def test_bars_that_do_not_close_together_are_named() -> None:
    """The stock's bar of 15:30 closes at 16:00, the contract's at 16:30: two of seven bars a day have no benchmark."""
    stock, rng = bars_from("09:30", 60, 7, 100), np.random.default_rng(2)
    around = pd.date_range("2024-01-01 00:30", periods=200 * 24, freq="h", tz=NY)
    levels = 100.0 * np.exp(0.003 * rng.standard_normal(len(stock)).cumsum())
    contract = 100.0 * np.exp(0.002 * rng.standard_normal(len(around)).cumsum())
    prices = es.prices(
        pd.DataFrame({"AA": pd.Series(levels, index=stock.index), "FUT": pd.Series(contract, index=around)})
    )
    window = es.EventWindow(estimation=(-250, -11), min_estimation=240)
    study = es.Study(instruments=["AA"], model=es.MarketModel("FUT"), window=window, volatility=None)
    [few] = study.run(prices, at(pd.Timestamp("2024-04-10 11:15")), others=NOBODY).outcomes
    assert few.outcome is es.Outcome.TOO_FEW_ESTIMATION_DAYS
    words = "100 of 700 closes of AA have no price of FUT at that instant, most often at 16:00 America/New_York"
    assert words in few.detail
    easy = es.Study(
        instruments=["AA"], model=es.MarketModel("FUT"), window=es.EventWindow(min_estimation=100), volatility=None
    )
    [gap] = easy.run(prices, at(pd.Timestamp("2024-04-10 17:00")), others=NOBODY).outcomes
    assert gap.outcome is es.Outcome.GAP_IN_WINDOW
    assert words in gap.detail
