"""The page: self-contained, well-formed, escaped, the same bytes twice, whole on disk or not at all."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

import eventstudy as es
from eventstudy.domain.events import EventTable
from eventstudy.domain.prices import build_table
from eventstudy.errors import InputError
from eventstudy.report.page import page_html, reactors_of, result_html, write_page
from eventstudy.report.parts import check_target
from eventstudy.verdict import effect, headline, judge, pvalue

ID = "six-nation-accord-1994"
NASTY = 'A "quote", <b>bold</b> & comma'
VOID = {"meta", "img", "br", "link", "input", "hr"}


class Reader(HTMLParser):
    """Collects tags and text, and complains about a tag that closes another."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert not reader.open
    return reader


@pytest.fixture(scope="module")
def result() -> es.StudyResult:
    study = es.Study(instruments=["AA"], model=es.MarketModel("DOW29"))
    return study.run(es.load("embedded"), es.catalog()[ID])


@pytest.fixture(scope="module")
def page(result: es.StudyResult) -> str:
    return page_html(result)


@pytest.fixture(scope="module")
def several() -> es.StudyResult:
    prices = es.load("embedded", symbols=["AA", "BA", "DOW29"])
    volatility = es.GarchResponse(draws=199)
    study = es.Study(instruments=["AA", "BA", "NOPE"], model=es.MarketModel("DOW29"), volatility=volatility)
    return study.run(prices, es.catalog()[ID])


@pytest.fixture(scope="module")
def refused() -> es.StudyResult:
    """The feed stands still around the announcement; its title wants to be HTML."""
    prices = es.load("embedded", symbols=["AA"])
    frame = prices.frame.copy()
    frame.loc["1994-01-10":"1994-03-01", "AA"] = 8.5
    table = build_table(frame, prices.instruments, origins=prices.origins)
    event = dataclasses.replace(es.catalog()[ID], title=NASTY)
    return es.Study(instruments=["AA"], model=es.ConstantMean()).run(table, event, others=EventTable([]))


def test_same_inputs_same_bytes(result: es.StudyResult, page: str) -> None:
    assert page_html(result) == page
    again = es.Study(instruments=["AA"], model=es.MarketModel("DOW29")).run(es.load("embedded"), es.catalog()[ID])
    assert page_html(again) == page


def test_the_page_is_well_formed_and_in_english(page: str) -> None:
    reader = read(page)
    assert reader.all("html") == [{"lang": "en"}]
    assert len(reader.all("main")) == len(reader.all("h1")) == 1
    levels = [int(tag[1]) for tag, _ in reader.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    ids = [a["id"] for _, a in reader.tags if "id" in a]
    assert len(ids) == len(set(ids))


def test_the_page_needs_no_network_and_no_script(page: str) -> None:
    reader = read(page)
    assert not reader.all("script")
    assert not reader.all("link")
    targets = [a[name] or "" for _, a in reader.tags for name in ("src", "href", "srcset", "action") if name in a]
    assert len(targets) == 7
    assert all(target.startswith("data:image/svg+xml;base64,") for target in targets)
    assert "@import" not in page
    assert "url(" not in page


def test_every_picture_says_in_words_what_it_shows(result: es.StudyResult, page: str) -> None:
    pictures = read(page).all("img")
    assert len(pictures) == 7
    for picture in pictures:
        alt = picture["alt"] or ""
        assert len(alt) > 40
        assert sum(c.isdigit() for c in alt) > 5
    test = result.tests.one(event=ID, instrument="AA", window=result.primary, statistic="placebo_dates")
    assert f"The event stands at {test.value:+.2f}" in (pictures[-1]["alt"] or "")


def test_every_table_has_a_caption_and_scoped_heads(page: str) -> None:
    reader = read(page)
    assert len(reader.all("caption")) == len(reader.all("table"))
    assert all(head.get("scope") in ("row", "col") for head in reader.all("th"))


def test_the_verdict_comes_first_with_the_numbers_of_the_tests(result: es.StudyResult, page: str) -> None:
    words = read(page).words
    sentence = headline(judge(result))
    assert words.index(sentence) < words.index("Day 0 of AA is")
    test = result.tests.one(event=ID, instrument="AA", window=result.primary, statistic="verdict")
    strip = re.search(r'<dl class="strip">(.*?)</dl>', page, re.S)
    assert strip
    numbers = re.findall(r'class="number">([^<]*)<', strip[1])
    interval = f"{effect(test.low, test.unit)} to {effect(test.high, test.unit)}"
    assert numbers == [effect(test.estimate, test.unit), interval, f"p = {pvalue(test.pvalue)}"]
    for number in (*re.findall(r"[+-][\d.]+%", sentence), pvalue(test.pvalue)):
        assert number in words.split("Other windows")[0]
    shown = set(re.findall(r"[+-][\d.]+%", sentence))
    assert shown == {effect(test.low, test.unit), effect(test.high, test.unit)}
    assert effect(test.estimate, test.unit).lstrip("+-") in sentence


def test_the_trusted_test_is_marked_and_the_rest_is_folded(page: str) -> None:
    words = read(page).words
    assert "The test to trust here" in words
    assert "Never for a verdict" in words
    assert "Every test on every window" in words
    assert "needs at least 2 pairs" in words
    assert words.count("with one pair it only repeats the t test") == 1


def test_expected_directions_stand_beside_what_was_found(page: str) -> None:
    words = read(page).words
    assert "US producers up AA +3.7%" in words
    assert "World price up not measured here" in words


def test_a_title_is_text_wherever_it_stands(refused: es.StudyResult) -> None:
    html = page_html(refused)
    reader = read(html)
    assert NASTY in reader.words
    assert not reader.all("b")
    assert "<b>bold" not in html
    assert "<b>bold" not in result_html(refused)


def test_names_from_files_are_text_too(result: es.StudyResult) -> None:
    origin = dataclasses.replace(result.provenance.origins[0], name='<img src="x">.csv')
    provenance = dataclasses.replace(result.provenance, origins=(origin,))
    names = {"AA": '"><script>alert(1)</script>'}
    reader = read(page_html(dataclasses.replace(result, provenance=provenance, names=names)))
    assert not reader.all("script")
    assert len(reader.all("img")) == 7


def test_a_refused_study_says_why_at_the_top(refused: es.StudyResult) -> None:
    assert not refused.used
    html = page_html(refused)
    words = read(html).words
    detail = refused.outcomes[0].detail
    assert "frozen" in detail
    assert detail in words
    first_box = re.search(r'<section class="([^"]*)"', html)
    assert first_box
    assert first_box[1] == "box alert"
    assert "1 pair = 0 used + 1 dropped (1 stale prices)" in words
    assert not read(html).all("img")


def test_some_refused_pairs_are_red_above_the_verdict(several: es.StudyResult) -> None:
    html = page_html(several)
    words = read(html).words
    assert words.index("1 of 3 pairs could not be measured") < words.index(headline(judge(several)))
    assert "NOPE: unknown instrument." in words
    assert "3 pairs = 2 used + 1 dropped" in words
    assert "2 pairs on 1 date" in words
    assert "is one date" in words
    assert len(read(html).all("img")) == 14


def test_comex_is_sent_to_london() -> None:
    embedded = es.load("embedded", symbols=["AA"])
    frame = embedded.frame.rename(columns={"AA": "ALI=F"})
    frame.loc["1994-01-10":"1994-03-01", "ALI=F"] = 1500.0
    table = build_table(frame, es.instruments(), origins=())
    result = es.Study(instruments=["ALI=F"], model=es.ConstantMean(), volatility=None).run(table, es.catalog()[ID])
    words = read(page_html(result)).words
    assert "LME-3M" in words
    assert "Not looked for: nothing was measured." in words


@pytest.mark.parametrize(("tags", "said"), [(("tariff",), True), (("sanctions",), False), ((), False)])
def test_what_a_tariff_moves_is_said_of_tariffs(tags: tuple[str, ...], said: bool) -> None:
    event = dataclasses.replace(es.catalog()[ID], tags=tags)
    prices = es.load("embedded", symbols=["AA"])
    study = es.Study(instruments=["AA"], model=es.ConstantMean(), volatility=None)
    words = read(page_html(study.run(prices, event, others=EventTable([])))).words
    assert ("The LME price is a world price" in words) == said


def test_an_unusable_event_is_red_even_when_it_is_studied() -> None:
    event = dataclasses.replace(es.catalog()[ID], usable=False, reason="nobody knows the day")
    prices = es.load("embedded", symbols=["AA"])
    study = es.Study(instruments=["AA"], model=es.ConstantMean(), volatility=None)
    closed = read(page_html(study.run(prices, event, others=EventTable([])))).words
    assert "nobody knows the day" in closed
    opened = dataclasses.replace(study, allow_unusable=True).run(prices, event, others=EventTable([]))
    words = read(page_html(opened)).words
    assert words.index("as unusable. nobody knows the day.") < words.index("No verdict")


def test_an_ambiguous_day_shows_its_neighbours() -> None:
    event = es.make_event("1994-01-31", time="15:55", title="near the close", tags=["tariff"])
    prices = es.load("embedded", symbols=["AA"])
    study = es.Study(instruments=["AA"], model=es.ConstantMean(), volatility=None)
    words = read(page_html(study.run(prices, event, others=EventTable([])))).words
    assert "Day 0 is ambiguous." in words
    assert "Abnormal response on sessions -1, 0 and +1" in words
    pictures = "conditional volatility, multipliers, cumulative volatility and news impact"
    assert f"No picture of {pictures}: volatility was not asked for." in words


def test_producers_belong_to_the_groups_of_their_regions() -> None:
    assert reactors_of("AA") == ("us_producers", "canadian_producers")
    assert reactors_of("LME-3M") == ("world_price",)
    assert reactors_of("LME-CU-3M") == ()
    assert reactors_of("AUP=F") == ("us_premium",)
    assert reactors_of("somebody's file") == ()


def test_the_notebook_shows_the_verdict_and_one_picture(result: es.StudyResult, several: es.StudyResult) -> None:
    for one in (result, several):
        reader = read(one._repr_html_())
        assert headline(judge(one)) in reader.words
        assert len(reader.all("img")) == len(reader.all("table")) == 1
        assert reader.all("img")[0]["alt"]


# ---- on disk


def test_the_report_is_written_whole(result: es.StudyResult, page: str, tmp_path: Path) -> None:
    target = tmp_path / "accord.html"
    target.write_text("old", encoding="utf-8")
    result.report(str(target))
    assert target.read_text(encoding="utf-8") == page
    assert [p.name for p in tmp_path.iterdir()] == ["accord.html"]


def test_a_missing_folder_is_named(result: es.StudyResult, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere does not exist"):
        write_page(result, tmp_path / "nowhere" / "page.html")
    assert not list(tmp_path.iterdir())


def test_a_folder_is_no_target(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder; name a file in it"):
        check_target(tmp_path)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="is a file, not a folder"):
        check_target(tmp_path / "file" / "page.html")


def test_a_name_that_no_disk_takes_is_an_input_error(result: es.StudyResult, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        write_page(result, tmp_path / f"{'x' * 300}.html")
    assert not list(tmp_path.iterdir())


def test_a_folder_without_permission_is_refused(
    result: es.StudyResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An administrator may write anywhere, so the permission is taken away where it is asked for.
    monkeypatch.setattr("eventstudy.report.parts.os.access", lambda path, mode: False)
    with pytest.raises(InputError, match="cannot be written; change its permissions"):
        write_page(result, tmp_path / "page.html")
    assert not list(tmp_path.iterdir())


def test_a_failure_while_writing_leaves_the_old_report(
    result: es.StudyResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    target = tmp_path / "page.html"
    target.write_text("old", encoding="utf-8")
    monkeypatch.setattr("eventstudy.report.parts.os.replace", full)
    with pytest.raises(InputError, match="No space left on device"):
        write_page(result, target)
    assert target.read_text(encoding="utf-8") == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]
