"""Claims files: the seed, every mistake with its line, and claims in a word."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import eventstudy as es
from eventstudy.claims.file import KIND_WORDS, SAYINGS, kinds
from eventstudy.errors import FileFormatError, InputError, UnknownNameError

ROOT = Path(__file__).resolve().parents[1]
SEED = ROOT / "seeds" / "canada-aluminum-deal.toml"

GOOD = """\
[article]
title = "A pact"

[groups]
one = ["AA"]
two = ["CENX", "role:consumer"]

[[claim]]
id = "first"
words = "prices rose"
kind = "reaction"
direction = "up"

[[claim]]
id = "second"
words = "one gains on two"
kind = "relative"
group = "one"
against = "two"
"""


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], es.Claims]:
    """Read a claims file from text."""

    def from_text(text: str) -> es.Claims:
        (tmp_path / "claims.toml").write_text(text, encoding="utf-8")
        return es.read_claims(tmp_path / "claims.toml")

    return from_text


def test_the_seed_has_no_date_and_says_so() -> None:
    seed = es.read_claims(SEED)
    assert seed.event is None
    assert seed.status == "undated, unsourced, unverified"
    assert not re.search(r"(19|20)\d\d-\d\d-\d\d", SEED.read_text(encoding="utf-8"))


def test_the_seed_holds_every_claim_of_the_article() -> None:
    seed = es.read_claims(SEED)
    asked = {c.kind for c in seed}
    # Every kind that the founding article needs; a plain reaction without a reason of its own is not claimed.
    assert asked == set(kinds())
    assert [c.id for c in seed if c.kind == "untestable"] == ["influence", "others-join", "alliances"]
    assert all(c.why for c in seed if c.kind == "untestable")
    relative = seed["pricing-power"]
    assert (relative.members, relative.against_members, relative.direction) == (("AA", "RIO"), ("CENX",), "up")
    assert "tariff" in relative.tags


def test_defaults_follow_the_kind(read: Callable[[str], es.Claims]) -> None:
    claims = read(GOOD + '[[claim]]\nid = "third"\nwords = "volatile"\nkind = "volatility"\nat_least = 2\n')
    first, second, third = claims
    assert (first.instruments, first.window, first.at_least) == (("LME-3M", "LME-CASH", "AA"), None, None)
    assert (second.instruments, second.direction) == ((), "up")
    assert second.candidates == ("AA", "CENX", *es.instruments().select(["role:consumer"]))
    assert (third.window, third.direction, third.at_least) == ((1, 10), "up", 2.0)
    assert claims["third"] is third
    with pytest.raises(UnknownNameError, match="did you mean 'third'"):
        _ = claims["thrid"]


def test_a_dated_article_has_its_event(read: Callable[[str], es.Claims]) -> None:
    dated = GOOD.replace('"A pact"', '"A pact"\ndate = "2018-04-06"\ntime = "08:30"\nsourced = true\ntags = ["tariff"]')
    claims = read(dated)
    assert claims.event is not None
    assert claims.event.when == "2018-04-06 08:30 America/New_York"
    assert claims.event.tags == ("tariff",)
    assert claims.status == "unverified"


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('kind = "reaction"', 'kind = "reacton"', 11, "input should be 'identified'"),
        ('kind = "reaction"', "", 8, "the key 'kind' is missing"),
        ('direction = "up"', 'dirction = "up"', 12, "did you mean 'direction'"),
        ('direction = "up"', "at_least = 0", 12, "greater than 0"),
        ('direction = "up"', 'at_least = "3%"', 12, "should be a valid number, found '3%'"),
        ('kind = "reaction"\ndirection = "up"', 'kind = "swift"\nwindow = [0, 2]', 12, "leave it out"),
        ('direction = "up"', "window = [1, 0]", 12, "ends before it starts"),
        ('direction = "up"', "window = [0, 'x']", 12, "should be a valid integer"),
        ('direction = "up"', "estimation = [-100, -3]", 12, "must end before session -5"),
        ('direction = "up"', 'instruments = ["role:produser"]', 12, "did you mean 'producer'"),
        ('direction = "up"', 'group = "three"', 12, "unknown group 'three'"),
        ('direction = "up"', 'group = "one"\ninstruments = ["AA"]', 13, "not both"),
        ('direction = "up"', 'against = "one"', 12, "only a relative claim"),
        ('direction = "up"', 'why = "no"', 12, "only a claim of kind 'untestable'"),
        ('kind = "reaction"', 'kind = "untestable"', 8, "must say why"),
        ('kind = "reaction"\ndirection = "up"', 'kind = "volatility"\nat_least = 0.5', 12, "above 1"),
        ('kind = "reaction"\ndirection = "up"', 'kind = "volatility"\nwindow = [0, 5]', 12, "days 1 to L"),
        ('kind = "reaction"\ndirection = "up"', 'kind = "volatility"\nwindow = [1, 40]', 12, "at most 21"),
        ('kind = "reaction"\ndirection = "up"', 'kind = "uncertainty"\ndirection = "down"', 12, "one-sided"),
        ('kind = "reaction"', 'kind = "unanticipated"', 12, "has no direction"),
        ('id = "second"', 'id = "first"', 15, "occurs twice"),
        ('against = "two"', "", 17, "needs `group` and `against`"),
        ('against = "two"', 'against = "one"', 19, "compared with itself"),
        ('two = ["CENX", "role:consumer"]', "two = []", 6, "needs members"),
        ('two = ["CENX", "role:consumer"]', 'two = ["region:XX"]', 6, "unknown region"),
        ('two = ["CENX", "role:consumer"]', "two = 3", 6, "should be a valid list"),
        ('title = "A pact"', 'title = "A pact"\ndate = "soon"', 3, "write YYYY-MM-DD"),
        ('title = "A pact"', 'titel = "A pact"', 2, "did you mean 'title'"),
        ("[article]", "alpha = 0.6\n[article]", 1, "less than 0.5"),
        ("[groups]", "[grups]", 4, "did you mean 'groups'"),
    ],
)
def test_a_mistake_names_its_line(read: Callable[[str], es.Claims], old: str, new: str, line: int, words: str) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    with pytest.raises(FileFormatError, match=re.escape(words)) as caught:
        read(text)
    found = caught.value
    assert found.row == line, str(found)
    assert f"claims.toml, line {found.row}, column " in str(found)


def test_no_claim_at_all_is_a_mistake(read: Callable[[str], es.Claims]) -> None:
    with pytest.raises(FileFormatError, match="the key 'claim' is missing"):
        read('[article]\ntitle = "A pact"\n')


def test_claims_in_a_word() -> None:
    claims = es.claims_saying(["swift", "volatile"], instruments=["AA"])
    assert [(c.id, c.kind, c.instruments, c.window) for c in claims] == [
        ("swift", "swift", ("AA",), None),
        ("volatile", "volatility", ("AA",), (1, 10)),
    ]
    assert es.claims_saying(["premium"])["premium"].candidates == es.instruments().select(["role:premium"])
    for word in SAYINGS:
        assert es.claims_saying([word])[word].kind in KIND_WORDS
    with pytest.raises(UnknownNameError, match="did you mean 'volatile'"):
        es.claims_saying(["volatil"])
    for wrong in ([], ["swift", "swift"]):
        with pytest.raises(InputError, match="each once"):
            es.claims_saying(wrong)


def test_the_documented_format_is_read_whole(read: Callable[[str], es.Claims]) -> None:
    page = (ROOT / "docs" / "reference" / "claims-file.md").read_text(encoding="utf-8")
    text = re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL)[0]
    claims = read(text)
    assert [c.kind for c in claims] == ["reaction", "relative", "untestable"]
    assert claims.event is None
    dated = read(re.sub(r"^# (date|time|zone)", r"\1", text, flags=re.MULTILINE))
    assert dated.event is not None
    for kind in kinds():
        assert f"| `{kind}` |" in page


def test_the_folder_says_what_it_is() -> None:
    text = (SEED.parent / "README.md").read_text(encoding="utf-8")
    assert "undated, unsourced and unverified" in text
