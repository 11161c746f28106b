"""Hourly files without UTC offsets through every command that reads prices."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import eventstudy as es
from tests.intraday.bars import NOBODY, NY, Run, naive, simulated, write

FILES = ("--prices", "hourly.csv", "--market", "M")
ZONE = ("--bars-zone", NY)
#: Simulated bars around an announcement of the catalogue that is known to the minute, 2025-03-11 10:30 New York.
EVENT, FIRST = "us-canada-50-threat-2025", "2024-06-03"


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return simulated(230, 7, first=FIRST)


@pytest.fixture
def hourly(tmp_path: Path, frame: pd.DataFrame) -> pd.DataFrame:
    """`frame`, and ``hourly.csv`` with its clock times, no offsets, in the command's folder."""
    write(tmp_path, naive(frame))
    return frame


@pytest.mark.parametrize(
    "call",
    [
        ("power", "A", *FILES, "--time", "10:00"),
        ("scan", "A", "--from", "2025-03-03", *FILES),
        ("robustness", EVENT, "-i", "A", *FILES),
        ("volatility", EVENT, "-i", "A", *FILES),
        ("claims", "--says", "swift", "--event", EVENT, "-i", "A", "--prices", "hourly.csv"),
        ("calibrate", "--method", "sq", "--on", "A", "--prices", "hourly.csv", "--time", "10:00"),
    ],
    ids=lambda call: call[0],
)
def test_a_file_without_offsets_needs_its_zone(run: Run, hourly: pd.DataFrame, call: tuple[str, ...]) -> None:
    code, out, err = run(*call)
    assert (code, out, "--bars-zone" in err) == (2, "", True)
    code, _, err = run(*call, *ZONE, "--bars-stamp", "middle")
    assert code == 2
    assert "'middle'" in err
    code, _, err = run(*call, *ZONE, "--bars-minutes", "90")
    assert code == 2
    assert "bars of 90 minutes, but rows come every 60 minutes" in err


def test_power_is_that_of_the_same_bar_of_every_day(run: Run, hourly: pd.DataFrame) -> None:
    """A night moves three times as much as an hour, so three times as much must happen to be seen."""
    table = es.prices(hourly)
    found = {}
    for time, closes in (("08:30", "10:30"), ("13:00", "13:30")):
        code, out, err = run(
            "power", "A", *FILES, *ZONE, "--time", time, "--dates", "60", "--window", "0,0", "--estimation=-430,-11",
            "--json",
        )  # fmt: skip
        assert code == 0, err
        found[time] = json.loads(out)
        own = es.power(
            table, "A", time=time, dates=60, window=(0, 0), estimation=(-430, -11), model=es.MarketModel("M")
        )
        assert found[time] == json.loads(json.dumps(own.to_record(), default=str))
        assert f"bars that close at {closes} {NY}" in found[time]["sentence"]
        # One bar a day between the first that has 420 bars of estimation and the end.
        assert found[time]["dates"] == 60
    night, hour = found["08:30"], found["13:00"]
    assert night["bar"].endswith("after a night or a break")
    # 60 dates: the ratio of two quantiles is good to a fifth or so.
    assert night["detectable"] / hour["detectable"] > 1.5
    code, _, err = run("power", "A", *FILES, *ZONE)
    assert (code, "name the announcement's clock time" in err) == (2, True)
    code, _, err = run("power", "AA", "--market", "DOW29", "--time", "10:00")
    assert (code, "these are daily prices: leave it out" in err) == (2, True)


def test_robustness_runs_on_a_file_of_bars(run: Run, hourly: pd.DataFrame) -> None:
    small = (
        "--window", "0,0", "--window", "0,1", "--estimation=-430,-11", "--model", "market_model", "--test",
        "local_scale,sq", "--placebos", "49", "--json",
    )  # fmt: skip
    code, out, err = run("robustness", EVENT, "-i", "A", *FILES, *ZONE, *small)
    assert code == 0, err
    record = json.loads(out)
    assert len(record["specifications"]) == 4
    offsets = hourly.set_axis(hourly.index.tz_convert("UTC"))
    own = es.robustness(
        es.Study(instruments=["A"], model=es.MarketModel("M")), es.prices(offsets), es.catalog()[EVENT],
        windows=((0, 0), (0, 1)), estimations=((-430, -11),), models=(es.MarketModel("M"),),
        tests=("local_scale", "sq"), placebos=49,
    )  # fmt: skip
    assert record["p"] == own.pvalue
    # The same minute as an announcement of one's own: the same bar, told by another zone's clock as well.
    for clock in (("--time", "10:30"), ("--time", "14:30", "--zone", "UTC")):
        said = ("--date", "2025-03-11", *clock, "--title", "A threat")
        code, out, err = run("robustness", *said, "-i", "A", *FILES, *ZONE, *small)
        assert code == 0, err
        assert (json.loads(out)["title"], json.loads(out)["p"]) == ("A threat", own.pvalue)
        assert json.loads(out)["specifications"] == record["specifications"]


def test_volatility_and_claims_run_on_a_file_of_bars(run: Run, hourly: pd.DataFrame) -> None:
    code, out, err = run("volatility", EVENT, "-i", "A", *FILES, *ZONE, "--bootstrap", "0", "--json")
    assert code == 0, err
    record = json.loads(out)
    # 10:30 sharp belongs to the bar that begins then and closes 11:30, 15:30 UTC in summer.
    assert record["day0"][0]["struck"] == "2025-03-11 15:30:00+00:00"
    assert record["volatility"][0]["sample_last"].endswith("Z")
    code, out, err = run(
        "claims", "--says", "swift", "--event", EVENT, "-i", "A", "--prices", "hourly.csv", *ZONE, "--draws", "199",
        "--json",
    )  # fmt: skip
    assert code == 0, err
    [claim] = json.loads(out)["claims"]
    assert claim["word"] != "untestable", claim


def test_report_counts_bars_to_other_announcements(run: Run, hourly: pd.DataFrame) -> None:
    # The 25% tariff took effect at 00:01 the next day: its first bar is the next morning's first.
    more = ("--event-window=-5,10", "--primary", "0,10", "--no-counterfactuals", "--draws", "199")
    code, _, err = run("report", EVENT, "-i", "A", *FILES, *ZONE, *more)
    assert code == 0, err
    [note] = [line for line in err.splitlines() if line.startswith("note: inside the window: ")]
    event = es.catalog()["us-232-25pct-2025-effective"]
    begins = hourly.index.tz_convert(NY)
    day0 = begins.get_loc(pd.Timestamp("2025-03-11 10:30", tz=NY))
    morning = int((begins < pd.Timestamp("2025-03-12", tz=NY)).sum())
    assert f"“{event.label}” (bar +{morning - day0})" in note
    assert "day +" not in note


def test_calibration_takes_the_same_bar_of_every_day(run: Run, hourly: pd.DataFrame) -> None:
    call = ("calibrate", "--method", "sq", "--on", "A", "--prices", "hourly.csv", "--m", "420", "--reps", "50")
    code, out, err = run(*call, *ZONE, "--time", "08:30", "--json")
    assert code == 0, err
    [cell] = json.loads(out)["cells"]
    assert cell["world"] == f"A, all dates, bars that close at 10:30 {NY} after a night or a break"
    assert cell["reps"] == 50
    code, _, err = run(*call, *ZONE)
    assert (code, "name the announcement's clock time" in err) == (2, True)
    code, _, err = run("calibrate", "--method", "sq", *ZONE)
    assert (code, "go with --on and --prices" in err) == (2, True)


def test_placebos_of_power_share_the_bar(hourly: pd.DataFrame) -> None:
    """An announcement in London's morning, when clocks of the two zones change on different days: the usual bar."""
    table = es.prices(hourly)
    usual, other = (
        es.power(
            table, "A", time=time, zone=zone, dates=50, window=(0, 0), estimation=(-430, -11), events=NOBODY,
            model=es.MarketModel("M"),
        )
        for time, zone in (("17:15", "Europe/London"), ("12:15", NY))
    )  # fmt: skip
    assert usual.to_record() == other.to_record()
    assert usual.bar == f"12:30 {NY}"
