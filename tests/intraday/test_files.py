"""Files of bars, the command and the study file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import eventstudy as es
from eventstudy.domain.prices import PriceTable
from eventstudy.errors import FileFormatError, InputError
from tests.intraday.bars import (
    NY,
    Run,
    at,
    bars_from,
    naive,
    write,
)


def test_file_with_offsets_is_the_frame(tmp_path: Path, frame: pd.DataFrame, hourly: PriceTable) -> None:
    """Yahoo's way of writing: local clock times, each with its offset, summer and winter."""
    path = write(tmp_path, frame)
    assert {"-05:00", "-04:00"} == {line.split(",")[0][-6:] for line in path.read_text().splitlines()[1:]}
    table = es.load("files", path)
    assert table.fingerprint() == hourly.fingerprint()
    assert table.origins[0].notes[-2:] == (
        "bars of 60 minutes (the most frequent step), stamped at their start",
        "200 last bars of a day end when the exchange's day does, not after 60 minutes",
    )
    assert "clock times with UTC offsets" in table.origins[0].notes


@pytest.mark.parametrize(
    "form", ["%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M", "%m/%d/%Y %I:%M %p", "%Y-%m-%dT%H:%M", "%Y%m%d %H:%M"]
)
def test_every_form_of_a_clock_time_is_read(tmp_path: Path, frame: pd.DataFrame, hourly: PriceTable, form: str) -> None:
    path = write(tmp_path, naive(frame), date_format=form)
    assert es.load("files", path, intraday=es.Intraday(zone=NY)).fingerprint() == hourly.fingerprint()


def test_date_and_time_in_two_columns(tmp_path: Path, frame: pd.DataFrame, hourly: PriceTable) -> None:
    split = naive(frame)
    table = pd.DataFrame({"Date": split.index.strftime("%Y-%m-%d"), "Time": split.index.strftime("%H:%M")})
    path = tmp_path / "two.csv"
    table.assign(A=split["A"].to_numpy(), M=split["M"].to_numpy()).to_csv(path, index=False)
    assert es.load("files", path, intraday=es.Intraday(zone=NY)).fingerprint() == hourly.fingerprint()


def test_long_file_and_bars_of_prices(tmp_path: Path, frame: pd.DataFrame, hourly: PriceTable) -> None:
    """Symbols in a column; open, high, low and close keep their bars, whose index is the close too."""
    local, rows = naive(frame), []
    for name in ("A", "M"):
        close = local[name]
        open_ = close.shift(1).fillna(close.iloc[0])
        high, low = np.maximum(open_, close) * 1.001, np.minimum(open_, close) * 0.999
        rows.append(
            pd.DataFrame({"Symbol": name, "Open": open_, "High": high, "Low": low, "Close": close, "Volume": 100.0})
        )
    path = write(tmp_path, pd.concat(rows), "long.csv")
    table = es.load("files", path, intraday=es.Intraday(zone=NY))
    assert table.fingerprint() == hourly.fingerprint()
    assert table.bars["A"].index.equals(hourly.frame.index)
    assert es.log_volume(table).minutes == 60
    event = at(pd.Timestamp("2023-09-06 11:45"))
    ranges = es.range_volatility(table, "A", event=event, before=(-200, -1), after=(1, 50), diurnal=False)
    assert ranges.day0 == np.datetime64("2023-09-06T16:30:00")
    assert ranges.before["parkinson"] == pytest.approx(
        float(np.mean(np.log(table.bars["A"]["high"] / table.bars["A"]["low"]).iloc[-1400:][zero_of(table)] ** 2))
        / (4.0 * np.log(2.0)),
        rel=1e-10,
    )


def zero_of(table: PriceTable) -> NDArray[np.bool_]:
    """The 200 bars before the bar that closes 2023-09-06 16:30 UTC."""
    place = int(np.flatnonzero(table.frame.index == pd.Timestamp("2023-09-06 16:30"))[0])
    rows = np.arange(len(table.frame))
    return (rows >= place - 200) & (rows < place)


def test_daily_files_with_clock_times_stay_daily(tmp_path: Path) -> None:
    """One row a date and symbol, whatever the clock says: what yfinance and Excel write for daily prices."""
    days = pd.bdate_range("2023-01-02", periods=30)
    one = pd.DataFrame({"A": np.arange(30.0) + 1.0}, index=days + pd.Timedelta(hours=5))
    table = es.load("files", write(tmp_path, one))
    assert table.minutes is None
    assert table.frame.index.equals(pd.DatetimeIndex(days, name="date"))
    # Two symbols struck at different hours are two daily series, not bars.
    long = pd.concat(
        [pd.DataFrame({"Symbol": n, "Close": np.arange(30.0) + 1.0}, index=days + pd.Timedelta(hours=h))
         for n, h in (("A", 13), ("B", 16))]
    ).sort_index()  # fmt: skip
    assert es.load("files", write(tmp_path, long, "long.csv")).minutes is None


@pytest.mark.parametrize("offset", ["-05:00", ""])
def test_a_daily_file_with_a_live_row_stays_daily(tmp_path: Path, offset: str) -> None:
    """Yahoo appends the row of the moment to the last date."""
    days = ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09", "2024-01-10"]
    stamps = [*(f"{d} 00:00:00{offset}" for d in days), f"2024-01-10 16:00:02{offset}"]
    path = tmp_path / "X.csv"
    path.write_text("Date,Close\n" + "".join(f"{s},{10 + i}\n" for i, s in enumerate(stamps)))
    table = es.load("files", path, rename="X", duplicates="last")
    assert table.minutes is None
    assert table.frame.index.equals(pd.DatetimeIndex(days, name="date"))
    assert table.frame["X"].tolist() == [10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 17.0]
    with pytest.raises(FileFormatError, match="2024-01-10 stands on line 8 with 16 and on line 9 with 17"):
        es.load("files", path, rename="X")
    index = pd.DatetimeIndex(stamps)
    with pytest.raises(InputError, match="the date 2024-01-10 occurs twice"):
        es.prices(pd.DataFrame({"X": np.arange(8.0) + 1.0}, index=index))


def test_series_of_one_row_a_day_at_several_hours_are_no_bars(tmp_path: Path) -> None:
    """A wide file whose columns have rows of their own: dates with two clock times, but no bars."""
    both = pd.DataFrame({"A": bars_from("05:00", 60, 1), "B": bars_from("11:00", 60, 1)})
    with pytest.raises(FileFormatError, match="every series has one row a day; give dates without clock times"):
        es.load("files", write(tmp_path, both))


@pytest.mark.parametrize(
    ("rows", "intraday", "words"),
    [
        (["2023-01-02 10:00,1", "2023-01-02 11:00,2"], None, r"column 'Datetime'.*nothing is guessed.*--bars-zone"),
        (["2023-01-02 10:00+00:00,1", "2023-01-02 11:00,2"], None, "line 3.*no UTC offset and others have one"),
        (["2023-03-12 01:30,1", "2023-03-12 02:30,2"], es.Intraday(zone=NY), "line 3.*02:30:00 does not exist"),
        (["2023-01-02 10:00,1", "2023-01-02 25:00,2"], es.Intraday(zone=NY), "line 3.*'2023-01-02 25:00' holds no"),
        (["2023-01-02 10:00 AM,1", "2023-01-02 13:00 PM,2"], es.Intraday(zone=NY), "line 3.*holds no clock time"),
        (["2023-01-02 10:00,1", "2023-01-02 10:00,2"], es.Intraday(zone=NY), "2023-01-02T15:00:00 stands on line 2"),
        (["2023-01-02,1", "2023-01-03,2"], es.Intraday(zone=NY), "no row has a clock time"),
        (["2023-01-02 10:00,1", "2023-01-02 11:00,2"], es.Intraday(zone=NY, minutes=90), "hourly.csv: bars of 90"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_read_say_where(
    tmp_path: Path, rows: list[str], intraday: es.Intraday | None, words: str
) -> None:
    path = tmp_path / "hourly.csv"
    path.write_text("\n".join(["Datetime,A", *rows]) + "\n")
    with pytest.raises(FileFormatError, match=words):
        es.load("files", path, intraday=intraday)


def test_files_of_both_kinds_do_not_mix(tmp_path: Path, frame: pd.DataFrame) -> None:
    write(tmp_path, frame[["A"]], "A.csv")
    write(tmp_path, naive(frame)[["M"]].resample("D").last().dropna(), "M.csv")
    with pytest.raises(InputError, match="A: intraday bars of 60 minutes and M: daily prices cannot stand"):
        es.load("files", tmp_path)
    with pytest.raises(InputError, match="'embedded' has daily prices"):
        es.load("embedded", intraday=es.Intraday(zone=NY))


def test_returns_of_bars_from_a_file(tmp_path: Path, frame: pd.DataFrame) -> None:
    path = write(tmp_path, frame.pct_change().dropna())
    table = es.read_returns(path, unit="fraction")
    assert (table.minutes, table.instruments["A"].change) == (60, "as_is")
    assert table.frame.index[0] == pd.Timestamp("2023-01-02 16:30")


def test_the_command_and_the_study_file_give_one_result(run: Run, tmp_path: Path, frame: pd.DataFrame) -> None:
    """Offline, the same bytes from the command line and from TOML."""
    write(tmp_path, naive(frame))
    code, out, err = run(
        "report", "--prices", "hourly.csv", "--bars-zone", NY, "-i", "A", "--market", "M", "--date", "2023-09-06",
        "--time", "11:45", "--zone", NY, "--draws", "199", "--out", "one.html", "--json",
    )  # fmt: skip
    assert code == 0, err
    record = json.loads(out)
    assert record["day0"][0]["struck"] == "2023-09-06 16:30:00+00:00"
    assert record["bars"]["minutes"] == 60
    (tmp_path / "study.toml").write_text(
        'instruments = ["A"]\nreport = "two.html"\n[event]\ndate = "2023-09-06"\ntime = "11:45"\n'
        f'[prices]\nsource = "files"\npath = "hourly.csv"\nbars_zone = "{NY}"\n[model]\nmarket = "M"\n'
        "[volatility]\ndraws = 199\n"
    )
    assert run("run", "study.toml")[0] == 0
    one, two = ((tmp_path / name).read_text() for name in ("one.html", "two.html"))
    assert one == two
    assert "2023-09-06 16:30 UTC" in one


def test_the_command_says_what_is_missing(run: Run, tmp_path: Path, frame: pd.DataFrame) -> None:
    write(tmp_path, naive(frame))
    base = ("report", "--prices", "hourly.csv", "-i", "A", "--market", "M", "--date", "2023-09-06", "--draws", "199")
    code, _, err = run(*base, "--time", "11:45")
    assert (code, "--bars-zone" in err) == (2, True)
    code, _, err = run(*base, "--bars-zone", NY)
    assert (code, "no_clock_time" in err) == (4, True)
    code, _, err = run(*base, "--time", "11:45", "--bars-stamp", "middle")
    assert code == 2
    assert "--bars-stamp 'middle': input should be 'start' or 'end'" in err
    code, out, _ = run("check", "hourly.csv", "--bars-zone", NY, "--json")
    assert (code, {row["kind"] for row in json.loads(out)["flags"]}) == (0, {"intraday_bars"})
