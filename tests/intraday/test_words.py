"""On bars every sentence, table and picture counts bars; on daily prices none changes."""

from __future__ import annotations

import base64
import datetime as dt
import html
import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

import eventstudy as es
from eventstudy.domain.prices import PriceTable
from eventstudy.report.claims import claims_page
from eventstudy.report.page import page_html, result_html
from eventstudy.report.plots import PICTURES, picture_words, why_not
from eventstudy.report.record import dumps, study_record
from eventstudy.report.summary import volatility_text
from eventstudy.report.tables import words_of
from eventstudy.report.verb_page import robustness_page, scan_page
from eventstudy.verbs.scan_result import Peak
from tests.intraday.bars import NOBODY, at

#: A session, or a day that counts one: no clock has it, and the pattern of the day is no such day.
COUNTED = re.compile(
    r"\b(sessions?\b|days?\s+[-+]?\d|days?\s+(before|after|by day|as turbulent)|(?-i:Day)\b)", re.IGNORECASE
)
MOMENT = at(pd.Timestamp("2023-09-06 11:45"))
SEVERAL = es.GarchResponse(draws=499)


def shown(page: str) -> str:
    """What a reader of a page sees: its text and the alternative texts of its pictures."""
    page = re.sub(r"<style.*?</style>", "", page, flags=re.DOTALL)
    page = re.sub(r'src="[^"]*"', "", page).replace('alt="', "> ")
    # What it was made from names settings as they are written.
    page = re.split(r"<h2>Provenance|<summary>What this was made from|<h2>Made from", page)[0]
    return html.unescape(re.sub(r"<[^>]+>", " ", page))


def left_over(text: str) -> list[str]:
    """Days and sessions that should be bars."""
    return [text[max(0, m.start() - 40) : m.end() + 20] for m in COUNTED.finditer(text)]


def test_page_summary_and_record_count_bars(result: es.StudyResult) -> None:
    page = shown(page_html(result))
    for text in (page, result.summary(), volatility_text(result), shown(result_html(result))):
        assert left_over(text) == []
    for words in ("bars [0, 1]", "Bar 0 of A is", "Volatility bar by bar", "on bars 1 to 10", "first bar that closes"):
        assert words in page
    record = json.loads(dumps(study_record(result)))
    assert left_over(record["verdict"]["sentence"]) == []
    pair = record["verdict"]["pairs"][0]
    assert left_over(pair["paragraph"]) == []
    assert "volatility.last_day" in [key for said in pair["said"] for key in said["numbers"]]  # keys stay
    assert "time" not in pair


def test_pictures_count_bars(result: es.StudyResult) -> None:
    event, instrument = result.used[0].event, result.used[0].instrument
    drawn = [name for name in PICTURES if not why_not(result, event, instrument, name)]
    assert {"price", "car_path", "conditional_volatility", "multipliers", "cumulative_volatility"} <= set(drawn)
    for name in drawn:
        ax = PICTURES[name](result, event, instrument)
        said = "\n".join(t.get_text() for t in ax.findobj(Text) if isinstance(t, Text))
        assert left_over(said) == [], name
        figure = ax.figure
        assert isinstance(figure, Figure)
        figure.draw_without_rendering()
        assert ax.yaxis.label.get_window_extent().height <= figure.bbox.height, name
        if name == "multipliers":
            assert "bar 0: repeats the return test" in said
            assert "mean of bars 1 to 10" in said
        assert left_over(words_of(result)(picture_words(result, event, instrument, name))) == []
    svg = re.findall(r"base64,([A-Za-z0-9+/=]+)", page_html(result))[0]
    assert "bar 0" in base64.b64decode(svg).decode()


def test_several_pairs_count_bars(hourly: PriceTable) -> None:
    study = es.Study(instruments=["A", "M"], model=es.ConstantMean(), volatility=SEVERAL, counterfactuals=False)
    found = study.run(hourly, MOMENT, others=NOBODY)
    assert "Over bars [0, 1], " in " ".join(found.summary().split())
    assert left_over(found.summary()) == []
    assert left_over(shown(page_html(found))) == []


def test_claims_count_bars(hourly: PriceTable) -> None:
    said = ""
    for word in ("swift", "volatile", "shock"):
        claims = es.claims_saying([word], instruments=["A"])
        found = es.judge_claims(claims, hourly, event=MOMENT, others=NOBODY, volatility=SEVERAL)
        said += found.summary()
        assert left_over(said) == []
        assert left_over(shown(claims_page(found))) == []
    assert "over bars [0, 1]" in said
    assert "over bars 1 to 10 the variance" in said


def peak_of(scan: es.Scan) -> Peak:
    """The largest bar of a scan, as if it had been found."""
    best = int(np.argmax(np.abs(scan.statistic)))
    moment = scan.dates[best].astype("datetime64[s]").item().replace(tzinfo=dt.UTC)
    return Peak(date=moment, first=moment, last=moment, dates=1, estimate=0.1, statistic=9.0, pvalue=0.01, events=())


def test_scan_power_and_robustness_count_bars(hourly: PriceTable) -> None:
    study = es.Study(instruments=["A"], model=es.ConstantMean(), volatility=SEVERAL)
    grid = es.robustness(
        study, hourly, MOMENT, windows=((0, 0), (0, 1)), tests=("local_scale",), estimations=((-420, -11),),
        placebos=19, events=NOBODY,
    )  # fmt: skip
    assert "bars [0, 1]" in grid.summary()
    assert left_over(grid.summary()) == []
    assert left_over(shown(robustness_page(grid))) == []
    assert "minutes" not in grid.to_record()
    start = hourly.frame.index[-70].date()
    scan = es.scan(
        hourly, "A", start=start, model=es.ConstantMean(), estimation=(-420, -11), claimed=start, within=2, draws=99,
        events=NOBODY,
    )  # fmt: skip
    assert "over bar 0" in scan.sentence
    assert left_over(scan.summary()) == []
    assert left_over(shown(scan_page(scan))) == []
    for said in (scan.summary(), shown(scan_page(replace(scan, found=(peak_of(scan),))))):
        assert not re.findall(r"\bdates\b", said.partition("Provenance")[0])
    assert "minutes" not in scan.to_record()
    power = es.power(
        hourly, "A", time="11:45", model=es.ConstantMean(), estimation=(-420, -11), dates=50, events=NOBODY
    )
    assert "over bars [0, 1]" in power.sentence
    assert "minutes" not in power.to_record()


def test_daily_results_keep_their_words(accord: es.StudyResult) -> None:
    said = words_of(accord)
    for text in ("Day 0 of AA", "sessions [0, 1]", "Session"):
        assert said(text) is text
    page, summary = shown(page_html(accord)), accord.summary()
    for words in ("Day 0 of AA is Monday 1994-01-31", "Volatility day by day", "days 1 to 10", "sessions [-1, 1]"):
        assert words in page
    for words in ("Day 0 of AA is Monday 1994-01-31", "on days 1 to 10"):
        assert words in summary
    assert not re.search(r"\bbars? (\[|-?\d)", page + summary)
    assert np.isfinite(accord.volatility[0].pvalue)


@pytest.mark.parametrize("name", ["multipliers", "cumulative_volatility"])
def test_daily_pictures_keep_their_words(accord: es.StudyResult, name: str) -> None:
    ax = PICTURES[name](accord, accord.used[0].event, accord.used[0].instrument)  # type: ignore[index]
    assert ax.get_xlabel() == "sessions from day 0"
