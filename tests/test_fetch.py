"""`fetch`, `cache`, `verify` and studies on network sources, as a user meets them, against loopback servers."""
# ruff: noqa: F401, F811 - fixtures of the sources' tests are used by name

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eventstudy.sources.store import Store
from tests.sources.conftest import authority, web, yahoo
from tests.sources.loopback.fake_web import FakeWeb
from tests.sources.loopback.fake_yahoo import FakeYahoo
from tests.sources.loopback.numbers import walk

Run = Callable[..., tuple[int, str, str]]
STUDY = """
events = ["ofac-rusal-2018"]
instruments = ["AA", "LME-3M", "LME-SPREAD"]
statistics = ["t_fe", "verdict"]
report = "page.html"
[prices]
source = ["westmetall", "yahoo"]
start = 2016-12-01
[volatility]
measure = false
"""


@pytest.fixture
def run(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call the command in an empty folder with an empty store; returns exit code, stdout, stderr."""
    monkeypatch.setenv("EVENTSTUDY_CACHE", str(tmp_path / "store"))
    monkeypatch.setenv("EVENTSTUDY_SPACING", "0")
    monkeypatch.setenv("EVENTSTUDY_ATTEMPTS", "1")
    return run


def test_fetch_says_what_came(run: Run, yahoo: FakeYahoo, web: FakeWeb) -> None:
    names = ("ALI=F", "AA", "CENX", "^GSPC", "LME-3M", "MKT-RF")
    code, out, err = run("fetch", *names, "--from", "2018-01-01", "--to", "2018-12-31", "--json")
    assert (code, err) == (0, "")
    rows = {r["symbol"]: r for r in json.loads(out)["fetched"]}
    factors = "F-F_Research_Data_5_Factors_2x3_daily"
    assert list(rows) == ["ALI=F", "AA", "CENX", "^GSPC", "LME_Al_cash", factors]
    assert {r["rows"] for r in rows.values()} == {260, 261}
    assert rows["AA"]["first"] == "2018-01-01"
    assert rows["AA"]["last"] == "2018-12-31"
    assert len(rows["AA"]["sha256"]) == 64
    assert not any(r["from_store"] for r in rows.values())
    seen = len(yahoo.seen) + len(web.seen)
    code, out, _ = run("fetch", *names, "--from", "2018-01-01", "--to", "2018-12-31")
    assert code == 0
    assert "store" in out
    assert rows["AA"]["sha256"][:12] in out
    assert len(yahoo.seen) + len(web.seen) == seen
    code, out, _ = run("cache", "list", "--json")
    assert [r["symbol"] for r in json.loads(out)["answers"]] == list(rows)


def test_failures_are_typed_and_the_rest_is_kept(run: Run, yahoo: FakeYahoo) -> None:
    code, out, err = run("fetch", "AA", "NOSUCH", "CENX", "--from", "2024-03-01", "--to", "2024-03-29", "--json")
    assert code == 3
    told = json.loads(out)
    assert [r["symbol"] for r in told["fetched"]] == ["AA", "CENX"]
    (failed,) = told["failed"]
    assert (failed["symbol"], failed["error"], failed["status"]) == ("NOSUCH", "SymbolNotFound", 404)
    assert "kept in the store: AA, CENX; not had: NOSUCH" in err
    yahoo.fault = "429"
    code, out, err = run("fetch", "SPY", "--from", "2024-03-01", "--to", "2024-03-29")
    assert code == 3
    assert "too many requests" in err
    assert "HTTP 429" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["AA", "--from", "yesterday"], ["--from 'yesterday'", "YYYY-MM-DD"]),
        (["AA", "--refresh", "--offline"], ["drop one"]),
        (["LME-3M", "--source", "yahoo"], ["LME-3M", "yahoo"]),
        (["AA", "--source", "yaho"], ["yaho", "did you mean 'yahoo'"]),
        (["AA", "--nonpositive", "x"], ["error, missing"]),
    ],
)
def test_wrong_calls(run: Run, arguments: list[str], words: list[str]) -> None:
    code, _, err = run("fetch", *arguments)
    assert code == 2
    assert [w for w in words if w not in err] == []


def test_a_selector_brings_who_can_be_had(run: Run, yahoo: FakeYahoo) -> None:
    code, out, err = run("fetch", "role:market", "--from", "2018-01-01", "--to", "2018-03-01", "--json")
    failed = {r["symbol"] for r in json.loads(out)["failed"]}
    assert {r["symbol"] for r in json.loads(out)["fetched"]} == {"SPY", "^GSPC"}
    assert code == (3 if failed else 0)
    code, _, err = run("fetch", "region:CN", "--from", "2018-01-01", "--to", "2018-03-01", "--json")
    assert "left out: SHFE.AL of region:CN" in err


def test_refresh_tells_a_revision(run: Run, yahoo: FakeYahoo) -> None:
    span = ("--from", "2024-03-01", "--to", "2024-03-29")
    run("fetch", "ALI=F", *span)
    yahoo.revised["ALI=F"] = 0.5
    code, out, _ = run("fetch", "ALI=F", *span, "--refresh", "--json")
    assert code == 0
    assert "rows revised, by up to" in json.loads(out)["fetched"][0]["flags"][0]


def test_an_offline_study_gives_the_same_bytes_and_verify_finds_a_flipped_one(
    run: Run, yahoo: FakeYahoo, web: FakeWeb, tmp_path: Path
) -> None:
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    code, _, err = run("run", "study.toml", "--offline", "--json")
    assert code == 3
    assert "eventstudy fetch" in err
    code, online, err = run("run", "study.toml", "--json")
    assert code == 0, err
    page, lock = (tmp_path / "page.html").read_bytes(), (tmp_path / "study.lock.toml").read_bytes()
    seen = len(yahoo.seen) + len(web.seen)
    code, offline, _ = run("run", "study.toml", "--offline", "--json")
    assert code == 0
    assert offline == online
    assert (tmp_path / "page.html").read_bytes() == page
    assert (tmp_path / "study.lock.toml").read_bytes() == lock
    assert len(yahoo.seen) + len(web.seen) == seen
    sources = {o["source"] for o in json.loads(online)["provenance"]["origins"]}
    assert sources == {"yahoo", "westmetall"}

    # A later, revised answer does not disturb what the lock names.
    yahoo.revised["AA"] = 3.0
    span = json.loads(run("cache", "list", "--json")[1])["answers"]
    asked = next(r["asked"] for r in span if r["symbol"] == "AA").split("..")
    assert run("fetch", "AA", "--from", asked[0], "--to", asked[1], "--refresh")[0] == 0
    code, _, err = run("verify", "study.lock.toml")
    assert (code, "same result" in err) == (0, True)
    assert run("cache", "prune")[0] == 0
    code, out, err = run("verify", "study.lock.toml", "--no-rerun", "--json")
    rows = json.loads(out)["data"]
    assert (code, err) == (0, "")
    assert {r["state"] for r in rows} == {"as it was"}

    # What the lock names, taken elsewhere, is enough.
    run("cache", "export", "copy", "--lock", "study.lock.toml")
    copy = Store(tmp_path / "copy")
    assert {e.sha256 for e in copy.entries()} == {r["sha256"] for r in rows}

    path = Store().path(next(r["sha256"] for r in rows if r["symbol"] == "AA"))
    packed = bytearray(path.read_bytes())
    packed[len(packed) // 3] ^= 4
    path.write_bytes(bytes(packed))
    code, _, err = run("verify", "study.lock.toml")
    assert code == 3
    assert path.name in err
    assert "yahoo AA" in err


def test_report_takes_sources_and_a_range(run: Run, yahoo: FakeYahoo, web: FakeWeb) -> None:
    common = ("report", "ofac-rusal-2018", "-i", "CENX,LME-3M", "--from", "2016-12-01", "--draws", "199", "--json")
    code, out, err = run(*common, "--source", "westmetall", "--source", "yahoo")
    assert code == 0, err
    assert {o["outcome"] for o in json.loads(out)["outcomes"]} == {"used"}
    # SPY is CENX's own benchmark, copper and zinc are LME's: nobody named them.
    models = {m["instrument"]: m["model"] for m in json.loads(out)["models"]}
    assert models == {"CENX": "market model on SPY", "LME-3M": "market model on LME-CU-3M and LME-ZN-3M"}
    code, again, _ = run(*common, "--source", "westmetall,yahoo", "--offline")
    assert (code, again) == (0, out)
    code, _, err = run("report", "ofac-rusal-2018", "-i", "LME-3M", "--source", "yahoo")
    assert code == 2
    assert "none of yahoo has it" in err
    code, _, err = run("report", "--source", "embedded,yahoo")
    assert code == 2
    assert "stand alone" in err


def test_files_go_before_the_network_for_what_they_hold(run: Run, yahoo: FakeYahoo, tmp_path: Path) -> None:
    rows = [f"{d},{v}" for d, v in walk("AA").items() if "2016-12" < str(d) < "2018-07"]
    (tmp_path / "AA.csv").write_text("\n".join(["Date,Close", *rows]), encoding="utf-8")
    code, out, err = run(
        "report", "ofac-rusal-2018", "-i", "AA", "--prices", "AA.csv", "--source", "yahoo", "--from", "2016-12-01",
        "--draws", "199", "--json",
    )  # fmt: skip
    assert code == 0, err
    origins = {o["source"]: o["ids"] for o in json.loads(out)["provenance"]["origins"]}
    assert origins == {"files": ["AA"], "yahoo": ["SPY"]}


def test_the_command_in_a_process_of_its_own(run: Run, yahoo: FakeYahoo, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "eventstudy", "fetch", "ALI=F", "--from", "2024-03-01", "--to"]
    done = subprocess.run([*command, "2024-03-29", "--json"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    (row,) = json.loads(done.stdout)["fetched"]
    assert (row["symbol"], row["rows"], row["last"]) == ("ALI=F", 21, "2024-03-29")
    assert len(yahoo.prices()) == 1


@pytest.mark.parametrize(
    ("prices", "words"),
    [
        ('source = ["yahoo", "moon"]', ["line 2", "source", "moon", "embedded"]),
        ('source = "yahoo"\nmode = "sometimes"', ["line 3", "mode", "offline"]),
        ('source = "yahoo"\nstart = "soon"', ["line 3", "start", "soon"]),
    ],
)
def test_wrong_prices_tables_are_named_by_line(run: Run, tmp_path: Path, prices: str, words: list[str]) -> None:
    (tmp_path / "study.toml").write_text(f"[prices]\n{prices}\n", encoding="utf-8")
    code, _, err = run("run", "study.toml")
    assert code == 2
    assert [w for w in words if w not in err] == []


def test_what_came_is_told_for_the_range_that_was_asked_for(run: Run, yahoo: FakeYahoo, web: FakeWeb) -> None:
    run("fetch", "AA", "--from", "2018-01-01", "--to", "2018-12-31")
    code, out, err = run("fetch", "AA", "MOM", "PALUMUSDM", "--from", "2018-03-01", "--to", "2018-03-29", "--json")
    assert (code, err) == (0, "")
    aa, momentum, mean = json.loads(out)["fetched"]
    assert (aa["from_store"], aa["rows"], aa["first"], aa["last"]) == (True, 21, "2018-03-01", "2018-03-29")
    assert (momentum["rows"], mean["rows"]) == (21, 1)
    assert not [f for r in (aa, momentum, mean) for f in r["flags"] if "the range" in f]
    # Both sites hold the whole of 2018 and no more: asked for 2019 as well they end early, a monthly one by its rows.
    code, out, _ = run("fetch", "MOM", "PALUMUSDM", "--from", "2018-01-01", "--to", "2019-12-31", "--json")
    early = {r["symbol"]: [f for f in r["flags"] if "before the range" in f] for r in json.loads(out)["fetched"]}
    assert early == {
        "F-F_Momentum_Factor_daily": ["ends 365 days before the range"],
        "PALUMUSDM": ["ends 395 days before the range"],
    }
    code, out, err = run("cache", "list")
    assert "3 answers" in out
    assert "MB on disk in" in err


def test_a_lock_file_that_is_none(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("a = 1\n", encoding="utf-8")
    assert run("verify", "x.toml")[0] == 2
    code, _, err = run("verify", "y.toml")
    assert code == 2
    assert "eventstudy run" in err
