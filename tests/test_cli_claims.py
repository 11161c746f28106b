"""``eventstudy claims`` as a journalist and a script meet it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import eventstudy as es

ROOT = Path(__file__).resolve().parents[1]
SEED = ROOT / "seeds" / "canada-aluminum-deal.toml"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(run: Run) -> Run:
    """Call ``eventstudy claims`` in an empty folder; returns exit code, stdout, stderr."""
    return partial(run, "claims")


def test_the_seed_without_a_date_is_refused_claim_by_claim(run: Run) -> None:
    code, out, _ = run(SEED)
    assert code == 0
    for claim in es.read_claims(SEED):
        assert f"{claim.id}: {claim.words}." in out
    assert out.count("Untestable: no date") == 11
    assert "undated, unsourced, unverified" in out
    assert "eventstudy scan LME-3M --from" in out
    assert "the LME price is a world price" in out.replace("The LME", "the LME")


def test_says_needs_no_file(run: Run) -> None:
    says = ("--says", "swift", "--says", "rose", "-i", "AA")
    code, out, _ = run(*says, "--date", "1994-01-31", "--draws", "499", "--json")
    assert code == 0
    record = json.loads(out)
    assert [c["id"] for c in record["claims"]] == ["swift", "rose"]
    # Only the date is known: the window widens by a session to either side.
    assert [c["window"] for c in record["claims"]] == [[-1, 1], [-1, 1]]
    assert record["family"] == 2
    assert record["event"]["announced"].startswith("1994-01-31")
    assert {c["word"] for c in record["claims"]} == {"inconclusive"}


def test_json_keys_are_the_documented_ones_and_the_page_is_whole(run: Run, tmp_path: Path) -> None:
    text = 'alpha = 0.1\n[article]\ntitle = "A pact"\ndate = "1994-01-31"\ntime = "09:00"\n'
    text += '[[claim]]\nid = "a"\nwords = "Alcoa rose"\nkind = "reaction"\ndirection = "up"\nat_least = 0.2\n'
    text += '[[claim]]\nid = "b"\nwords = "alliances change"\nkind = "untestable"\nwhy = "an opinion"\n'
    (tmp_path / "pact.toml").write_text(text, encoding="utf-8")
    code, out, err = run("pact.toml", "--draws", "499", "--json", "--out", "pact.html")
    assert code == 0
    record = json.loads(out)
    page = (ROOT / "docs" / "reference" / "json.md").read_text(encoding="utf-8").split("## Claims")[1]
    documented = set(re.findall(r"`(\w+)`", page))
    for keys in (record, record["article"], record["event"], *record["claims"], record["claims"][0]["said"][0]):
        assert set(keys) <= documented, set(keys) - documented
    first, second = record["claims"]
    assert (first["word"], second["word"]) == ("contradicted", "untestable")
    assert first["high"] < first["at_least"] == 0.2
    assert first["at_least_given"] is True
    assert second["p"] is None
    assert "pact.html" in err
    html = (tmp_path / "pact.html").read_text(encoding="utf-8")
    for words in ("<!DOCTYPE html>", "Alcoa rose", "Contradicted", "an opinion", "</html>"):
        assert words in html
    assert "<script" not in html


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "name a claims file, or say it with --says"),
        ((SEED, "--says", "swift"), 2, "name a claims file, or say it with --says"),
        ((SEED, "-i", "AA"), 2, "-i goes with --says"),
        (("--says", "swiftly"), 2, "did you mean 'swift'"),
        ((SEED, "--event", "x", "--date", "1994-01-31"), 2, "not both"),
        ((SEED, "--time", "09:00"), 2, "--time needs --date"),
        ((SEED, "--event", "six-nation-acord-1994"), 2, "did you mean 'six-nation-accord-1994'"),
        ((SEED, "--event", "six-nation-accord-1994", "--source", "yahu"), 2, "yahu"),
        (("missing.toml",), 2, "no such file; name an existing claims file"),
        ((SEED, "--event", "ofac-rusal-2018"), 4, "no claim could be measured"),
        ((SEED, "--out", "nowhere/page.html"), 2, "does not exist"),
    ],
)
def test_wrong_calls_say_what_to_do(run: Run, arguments: tuple[object, ...], code: int, words: str) -> None:
    found, _, err = run(*arguments)
    assert found == code
    assert words in err


SHARED = Path(__file__).parents[2] / "shared" / "data"
WALK = (ROOT / "docs" / "how-to" / "claims.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n\$ (eventstudy claims.*?)```", WALK, flags=re.DOTALL)
#: A whole article on files takes a dozen seconds; its blocks are printed by the same code as the others.
QUICK = [b for b in BLOCKS if "--says" in b.splitlines()[0] or "--prices" not in b.splitlines()[0]]


@pytest.mark.parametrize("block", QUICK, ids=lambda b: " ".join(b.splitlines()[0].split()[2:6]))
def test_the_walk_through_shows_what_the_commands_print(run: Run, block: str) -> None:
    command, *shown = block.splitlines()
    arguments = command.split()[2:]
    if "../shared/data" in arguments and not SHARED.is_dir():
        pytest.skip("needs ../shared/data")
    places = {"../shared/data": str(SHARED), "seeds/canada-aluminum-deal.toml": str(SEED)}
    code, out, _ = run(*(places.get(a, a) for a in arguments))
    assert code == 0
    lines = [line for line in shown if line.strip()]
    assert len(lines) >= 3
    printed = out.splitlines()
    assert not [line for line in lines if line not in printed]


def test_the_walk_through_has_all_three_announcements_and_the_refusal() -> None:
    commands = [b.splitlines()[0] for b in BLOCKS]
    for words in ("six-nation-accord-1994", "ofac-rusal-2018", "us-canada-tariff-2020", "--from", "--says"):
        assert [c for c in commands if words in c], words
    assert "eventstudy claims seeds/canada-aluminum-deal.toml" in commands


def test_a_span_is_scanned_and_no_date_is_given_to_the_article(run: Run) -> None:
    says = ("--says", "moved", "--says", "premium")
    code, out, _ = run(*says, "--from", "1994-01-03", "--to", "1994-12-30", "--json")
    assert code == 0
    record = json.loads(out)
    assert record["event"] is None
    assert [c["word"] for c in record["claims"]] == ["untestable"] * 2
    assert [s["instrument"] for s in record["scans"]] == ["AA"]
    scan = record["scans"][0]
    assert (scan["window"], scan["n_dates"]) == ([0, 1], 252)
    assert scan["alpha"] == 0.025  # two scans were wanted, and one error rate holds for both
    assert "No scan of AUP=F: not among the prices" in [n[0].upper() + n[1:] for n in record["notes"]]
    # The year holds no date that stands out by itself, the accord's own included.
    assert scan["found"] == []
