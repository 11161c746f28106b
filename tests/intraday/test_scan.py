"""A scan of bars: every bar in the scale of its clock time."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import eventstudy as es
from eventstudy.engines.compiled import CompiledEngine
from eventstudy.errors import InputError
from tests.intraday.bars import NOBODY, NY, Run, naive, simulated, write

FAST = es.GarchResponse(engine=CompiledEngine())
#: Row of the bar that closes 2023-10-09 13:30 in New York, and of the first bar of the next day but one.
NOON, NIGHT = 1403, 1414


def planted(noon: float | None, night: float | None) -> pd.DataFrame:
    """Simulated bars whose abnormal response at one noon, and over the night of another day, is what is said."""
    frame = simulated(260, 31)
    returns = np.log(frame).diff().fillna(0.0)
    own = returns["A"] - 0.8 * returns["M"]
    for row, size in ((NOON, noon), (NIGHT, night)):
        if size is not None:
            own.iloc[row] = size
    frame["A"] = 100.0 * np.exp((0.8 * returns["M"] + own).cumsum())
    return frame


def scanned(frame: pd.DataFrame, **more: object) -> es.Scan:
    options: dict[str, object] = {
        "start": "2023-05-01", "model": es.MarketModel("M"), "events": NOBODY, "volatility": FAST, "draws": 499,
        "estimation": (-430, -11),
    }  # fmt: skip
    return es.scan(es.prices(frame), "A", **(options | more))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def found() -> es.Scan:
    """2.4% at noon are eight of its standard deviations; the same at night are less than three."""
    return scanned(planted(0.024, 0.024), claimed="2023-10-09")


def test_the_same_move_is_found_at_noon_and_not_at_night(found: es.Scan) -> None:
    [peak] = found.found
    assert peak.date == dt.datetime(2023, 10, 9, 17, 30, tzinfo=dt.UTC)
    closes = pd.DatetimeIndex(found.dates, tz="UTC")
    night = int(np.flatnonzero(closes == pd.Timestamp("2023-10-11 10:30", tz=NY))[0])
    noon = int(np.flatnonzero(closes == pd.Timestamp(peak.date))[0])
    assert found.estimate[[night, noon]] == pytest.approx([0.024, 0.024], abs=0.001)
    # Each scale rests on 60 bars of its clock time: 9% off.
    assert found.statistic[noon] / found.statistic[night] == pytest.approx(3.0, rel=0.3)


def test_nights_are_no_more_often_large_than_hours(found: es.Scan) -> None:
    """Of the 70 largest statistics ten are first bars of a day, give or take three binomial errors; unscaled nearly
    all would be: |N| of three times the scale exceeds what one hour in 18 does in half of all nights.
    """
    closes = pd.DatetimeIndex(found.dates, tz="UTC").tz_convert(NY)
    largest = np.argsort(-np.abs(found.statistic))[:70]
    first = int((closes[largest].hour == 10).sum())
    assert abs(first - 10.0) < 3.0 * np.sqrt(70 * (1 / 7) * (6 / 7))
    spread = pd.Series(found.statistic**2).groupby(closes.hour).mean()
    # Each clock time has 175 bars, and a scale of its own from 60 (9% off).
    assert spread.max() / spread.min() < 2.2


def test_size_on_simulated_bars() -> None:
    """Half a year of undisturbed bars, 12 times. At 5% more than 3 of 12 has a chance of 0.2%."""
    found = [bool(scanned(simulated(260, 600 + k), start="2023-07-03", draws=199).found) for k in range(12)]
    assert sum(found) <= 3


def test_what_a_reader_gets_are_closes(found: es.Scan, tmp_path: Path) -> None:
    record = found.to_record()
    assert (record["start"], record["end"]) == ("2023-05-01T14:30:00Z", "2023-12-29T21:00:00Z")
    assert "1,225 bars of A from 2023-05-01 14:30 UTC" in found.sentence
    assert "2023-10-09 17:30 UTC +2." in found.sentence
    assert "bars in the scale of their clock time" in found.summary()
    assert found.claimed is not None
    assert found.claimed.found  # any bar of the claimed day counts
    assert found.claimed.best == found.found[0].date
    found.report(str(tmp_path / "scan.html"))
    page = (tmp_path / "scan.html").read_text()
    assert "2023-10-09 17:30 UTC" in page


def test_a_claimed_bar_is_told_from_those_of_its_day() -> None:
    event = es.make_event("2023-10-09", time="10:45", zone=NY, id="claimed")
    other = scanned(planted(0.024, None), claimed=event, within=0).claimed
    assert other is not None
    assert other.best == dt.datetime(2023, 10, 9, 15, 30, tzinfo=dt.UTC)
    assert not other.found


def test_volatility_is_searched_in_multiples_of_the_hour() -> None:
    frame = simulated(260, 33)
    returns = np.log(frame).diff().fillna(0.0)
    own = returns["A"] - 0.8 * returns["M"]
    own.iloc[1100:1130] *= 4.0
    frame["A"] = 100.0 * np.exp((0.8 * returns["M"] + own).cumsum())
    result = scanned(frame, kind="volatility")
    assert result.found
    days = [peak.date for peak in result.found]
    closes = pd.DatetimeIndex(es.prices(frame).frame.index, tz="UTC")
    assert all(closes[1085] <= pd.Timestamp(day) <= closes[1130] for day in days)


def test_what_a_scan_of_bars_cannot_is_refused(tmp_path: Path) -> None:
    frame = simulated(260, 31)
    with pytest.raises(
        InputError, match=r"window \[0,1\]: a scan of intraday bars for returns looks at each bar alone"
    ):
        scanned(frame, window=(0, 1))
    with pytest.raises(
        es.EventStudyError, match="come too rarely in the estimation window before 2023-05-01 14:30 UTC; take a longer"
    ):
        scanned(frame, estimation=(-100, -11))


def test_the_command_scans_a_file_of_bars(run: Run, tmp_path: Path) -> None:
    write(tmp_path, naive(planted(0.024, None)))
    code, out, err = run(
        "scan", "A", "--prices", "hourly.csv", "--market", "M", "--bars-zone", NY, "--from", "2023-08-01", "--draws",
        "199", "--estimation=-430,-11", "--json",
    )  # fmt: skip
    assert code == 0, err
    [peak] = json.loads(out)["found"]
    assert peak["date"].startswith("2023-10-09")
    assert "17:30" in peak["date"]
