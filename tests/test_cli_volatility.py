"""``eventstudy volatility``: the report's own numbers, the block that the docs quote, refusals, a page of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from eventstudy.cli.report import plan_of

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
Run = Callable[..., tuple[int, str, str]]


def test_the_numbers_are_those_of_a_study_file(run: Run, tmp_path: Path) -> None:
    code, out, err = run("volatility", "--spillover", "BA", "--json", "--out", "page.html")
    assert code == 0, err
    short = json.loads(out)
    (tmp_path / "study.toml").write_text(
        'statistics = []\n[volatility]\nevents = true\nspillover = ["BA"]\n', encoding="utf-8"
    )
    code, out, err = run("run", "study.toml", "--json")
    assert code == 0, err
    whole = json.loads(out)
    assert not {"tests", "verdict", "speed"} & set(short)
    for key in ("volatility", "variance_events", "spillover", "outcomes", "day0"):
        assert short[key] == whole[key], key
    first = short["variance_events"][0]["regressor"]["tests"][0]
    assert (first["statistic"], first["smallest_p"]) == ("event_lr_bootstrap", 2 / 200)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    headings = re.findall(r"<h[23][^>]*>(.*?)</h", page)
    assert headings == [
        "Alcoa Inc. (AA)", "Variance: event, break, before and after", "Spillover", "Other announcements nearby",
        "Outcomes", "Methods and provenance",
    ]  # fmt: skip
    # Expected volatility, multipliers, their sum; news impact.
    assert page.count("<figure>") == 4


def test_the_report_asks_the_same_when_told_to() -> None:
    study = plan_of({"event": None, "variance_events": True, "spillover": ["BA,IP", "SP"]}).study
    assert study.variance_events is not None
    assert study.variance_events.shape.label == "pulse [1, 20]"
    assert study.spillover == ("BA", "IP", "SP")
    assert plan_of({"event": None}).study.variance_events is None


def test_the_text_is_short_and_says_what_it_means_first(run: Run) -> None:
    code, out, err = run("volatility", "--bootstrap", "0", "--half-life", "10")
    assert code == 0, err
    assert "Day 0 of AA is Monday 1994-01-31" in " ".join(out.split())
    assert "fading with a half-life of 10 sessions" in " ".join(out.split())
    assert "no paths were asked for: bootstrap is 0" in out
    assert len(out.splitlines()) < 40
    assert run("volatility", "--bootstrap", "0", "--quiet")[1] == ""


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (("--days", "20"), "--days '20' is not a window"),
        (("--days=0,20",), "begin on day 1 or later"),
        (("--before=-260,5",), "overlap"),
        (("--half-life", "-3"), "must be above zero"),
        (("--bootstrap", "10"), "at least 99 paths"),
        (("six-nation-accord-1994", "--date", "1994-01-31"), "give a catalogue id or --date"),
        (("--spillover", "role:nobody"), "unknown role in selector 'nobody'"),
    ],
)
def test_a_wrong_call_is_named(run: Run, wrong: tuple[str, ...], words: str) -> None:
    code, _, err = run("volatility", *wrong)
    assert code == 2
    assert words in err


@needs_shared
def test_the_docs_quote_what_is_printed(run: Run) -> None:
    page = (ROOT / "docs/methods/variance-events.md").read_text(encoding="utf-8")
    command, block = re.findall(r"```text\n(.*?)```", page, flags=re.DOTALL)[:2]
    arguments = command.replace("../shared/data", str(SHARED)).split()
    code, out, err = run(*arguments[1:])
    assert code == 0, err
    assert block in out
    assert "USDCAD=X  -0.14   -0.14" in out


@needs_shared
def test_a_frozen_feed_has_no_volatility(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("volatility", "ofac-rusal-2018", "--prices", SHARED, "-i", "ALI=F", "--out", "page.html")
    assert code == 4
    assert "the feed is frozen over 2017-10-30..2019-06-26" in " ".join(out.split())
    assert "Nothing could be measured" in (tmp_path / "page.html").read_text(encoding="utf-8")
