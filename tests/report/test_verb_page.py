"""Pages of a scan and of a robustness grid: complete, self-contained, the same bytes, and every number the result's."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import eventstudy as es
from eventstudy.domain.prices import PriceTable
from eventstudy.engines.compiled import CompiledEngine
from eventstudy.errors import InputError
from eventstudy.report.verb_page import choice_frames, known_frame, robustness_page, scan_page
from eventstudy.report.verb_plots import placebo_medians, specification_curve, statistic_by_date
from eventstudy.verbs.scan_result import Peak

DOW = es.MarketModel("DOW29")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def year(embedded: PriceTable) -> es.Scan:
    fast = es.GarchResponse(engine=CompiledEngine())
    span = {"start": "1994-01-03", "end": "1994-12-30", "claimed": "1994-01-30"}
    return es.scan(embedded, "AA", model=DOW, volatility=fast, draws=199, **span)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def grid(embedded: PriceTable) -> es.Robustness:
    event = es.catalog()["six-nation-accord-1994"]
    study = es.Study(instruments=["AA"], model=DOW)
    return es.robustness(study, embedded, event, models=(DOW, es.ConstantMean()), placebos=29)


def complete(page: str) -> None:
    """A whole document without network, scripts, or numbers that do not exist."""
    assert page.startswith("<!DOCTYPE html>")
    assert page.rstrip().endswith("</html>")
    text = re.sub(r"data:image/svg\+xml;base64,[A-Za-z0-9+/=]+", "", page)
    assert not re.findall(r"<script|https?://|<link|>nan<|>inf<", text)
    # Settings below it may be None, as in every provenance.
    assert ">None<" not in text.partition("<h2>Provenance</h2>")[0]


def test_the_page_of_a_scan_shows_what_the_scan_says(year: es.Scan) -> None:
    page = scan_page(year)
    complete(page)
    assert page.count("data:image/svg+xml;base64,") == 1
    for words in (year.sentence, f"{year.critical:.2f}", "No date found", "The claimed date 1994-01-30"):
        assert words in page
    # The announcements that the catalogue dates to 1994, each on the session its study would take as day 0.
    of_1994 = {e.label for e in es.catalog().values() if e.date.year == 1994}
    assert {k.title for k in year.known} == of_1994
    accord = next(k for k in year.known if k.id == "six-nation-accord-1994")
    assert str(accord.day0) == "1994-01-31"
    for title in of_1994:
        assert title in page
    frame, known = year.to_frame().set_index("date"), known_frame(year).set_index("Announcement")
    row = frame.loc[np.datetime64(accord.day0, "D")]
    assert known.loc[accord.title, "Statistic"] == f"{row['statistic']:+.2f}"
    assert known.loc[accord.title, "Place by size"] == str((frame["statistic"].abs() >= abs(row["statistic"])).sum())


def test_the_picture_of_a_scan_draws_the_numbers(year: es.Scan) -> None:
    ax = statistic_by_date(year)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), year.statistic)
    levels = [line.get_ydata()[0] for line in ax.lines if line.get_linestyle() == "--"]
    assert levels == [year.critical, -year.critical]
    markers = next(line for line in ax.lines if line.get_marker() == "^")
    assert len(markers.get_xdata()) == len(year.known)
    # A found date is marked on its statistic and carries its announcement's name.
    best = int(np.argmax(np.abs(year.statistic)))
    peak = Peak(
        date=year.dates[best].item(), first=year.dates[best].item(), last=year.dates[best].item(), dates=1,
        estimate=0.1, statistic=float(year.statistic[best]), pvalue=0.01, events=(("big-news", 0),),
    )  # fmt: skip
    found = statistic_by_date(replace(year, found=(peak,), known=(), claimed=None, sign="down"))
    assert [t.get_text() for t in found.texts] == [f"{peak.date} big-news"]
    assert [line.get_ydata()[0] for line in found.lines if line.get_linestyle() == "--"] == [-year.critical]


def test_the_page_of_a_grid_shows_the_curve_and_the_joint_p(grid: es.Robustness) -> None:
    page = robustness_page(grid)
    complete(page)
    assert page.count("data:image/svg+xml;base64,") == 2
    assert grid.sentence in page
    assert page.count("<tr>") >= len(grid.specifications)
    for name, frame in choice_frames(grid):
        assert sum(map(int, frame["Cells"])) == sum(not s.reason for s in grid.specifications), name
    by_window = dict(choice_frames(grid))["By window"].set_index("Window")
    day0 = [s for s in grid.specifications if s.window == (0, 0)]
    assert by_window.loc["day 0", "Significant"] == f"{np.mean([s.pvalue <= 0.05 for s in day0]):.0%}"
    assert f"joint p {grid.pvalue:.3f}" in specification_curve(grid).get_title(loc="left")
    heights = [bar.get_height() for bar in placebo_medians(grid).patches]
    assert sum(heights) == grid.placebo_medians.size == 29


def test_pages_are_the_same_bytes_and_say_what_they_were_made_from(year: es.Scan, grid: es.Robustness) -> None:
    assert scan_page(year) == scan_page(year)
    assert robustness_page(grid) == robustness_page(grid)
    assert year.provenance.settings["scan"] == "AA"
    assert grid.provenance.events[0].startswith("six-nation-accord-1994")
    assert year.provenance.prices_sha256 in scan_page(year)
    assert year.to_record()["provenance"]["settings_sha256"] == year.provenance.settings_sha256


def test_the_commands_write_them(run: Run, tmp_path: Path) -> None:
    code, out, err = run(
        "scan", "AA", "--from", "1994-01-03", "--to", "1994-03-31", "--draws", "199", "--out", "scan.html"
    )  # fmt: skip
    assert code == 0
    assert "report: scan.html" in err
    assert out.splitlines()[0] in (tmp_path / "scan.html").read_text(encoding="utf-8")
    code, out, _ = run(
        "robustness", "six-nation-accord-1994", "--model", "market_model", "--window", "0,0", "--placebos", "19",
        "--out", "grid.html",
    )  # fmt: skip
    assert code == 0
    assert out.splitlines()[0] in (tmp_path / "grid.html").read_text(encoding="utf-8")
    code, _, err = run("scan", "AA", "--from", "1994-01-03", "--out", "missing/scan.html")
    assert code != 0
    assert "the folder missing does not exist" in err


def test_a_folder_that_is_missing_is_said(year: es.Scan, grid: es.Robustness, tmp_path: Path) -> None:
    for result in (year, grid):
        with pytest.raises(InputError, match="does not exist"):
            result.report(str(tmp_path / "missing" / "page.html"))
