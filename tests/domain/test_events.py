"""The catalogue against its own rules and against facts that are written down here by hand."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from eventstudy.domain.events import (
    Event,
    EventTable,
    catalog,
    event_from_record,
    make_event,
    weekdays_between,
)
from eventstudy.errors import InputError, UnknownNameError

#: Every row of the research, in its order.
IDS = [
    "six-nation-accord-1994", "alcoa-alumax-1998", "alcan-pechiney-algroup-1999-talks",
    "alcan-pechiney-algroup-1999", "alcoa-reynolds-bid-1999", "alcoa-reynolds-hostile-1999",
    "alcoa-reynolds-agreed-1999", "alcoa-reynolds-cleared-2000", "alcoa-alcan-bid-2007",
    "rio-alcan-2007", "lme-warehouse-proposal-2013", "indonesia-ore-ban-2014", "lme-rule-quashed-2014",
    "lme-rule-restored-2014", "alcoa-split-2016", "us-section-232-start-2017", "china-xinfa-cut-2017",
    "china-shandong-cut-2017", "china-winter-cuts-2017", "us-section-232-reports-2018",
    "us-section-232-2018", "us-section-232-2018-signed", "us-232-exemptions-2018", "ofac-rusal-2018",
    "lme-rusal-suspension-2018", "ofac-gl14-2018", "us-232-allies-end-2018", "rusal-mnuchin-open-2018",
    "alunorte-shutdown-2018", "rusal-delist-notice-2018", "rusal-delisted-2019",
    "us-canada-mexico-lift-2019", "us-232-derivatives-2020", "us-canada-tariff-2020",
    "us-canada-tariff-2020-lifted", "us-canada-tariff-2020-formal", "russia-export-duty-2021",
    "guinea-coup-2021", "yunnan-curbs-2021", "china-coal-intervention-2021", "us-eu-trq-2021",
    "baise-lockdown-2022", "ukraine-invasion-2022", "australia-alumina-ban-2022", "slovalco-2022",
    "alcoa-lista-2022", "lme-russia-discussion-2022", "us-russia-ban-report-2022", "lme-no-ban-2022",
    "indonesia-bauxite-ban-2022", "us-russia-200-leak-2023", "us-russia-200-2023", "guinea-depot-2023",
    "kwinana-2024", "us-uk-russia-exchange-ban-2024", "china-301-2024", "rio-alumina-fm-2024",
    "us-mexico-smelt-cast-2024", "gac-guinea-2024", "china-rebate-2024", "eu-russia-al-ban-2025",
    "us-ca-mx-ieepa-2025", "us-232-25pct-2025", "us-232-25pct-2025-signed", "us-canada-50-threat-2025",
    "us-232-25pct-2025-effective", "us-232-50pct-2025", "us-232-50pct-2025-signed",
    "us-strikes-iran-2025", "us-derivatives-407-2025", "grundartangi-2025",
    "us-canada-near-deal-report-2025", "us-canada-talks-end-2025", "mozal-2025",
    "canada-no-sector-deal-2025", "century-ega-2026", "thor-alumina-2026",
    "us-metals-rollback-report-2026", "iran-war-2026", "qatalum-2026", "alba-fm-2026",
    "hormuz-easing-remark-2026", "alba-curtail-2026", "ega-attack-2026", "us-232-restructure-2026",
    "hormuz-open-2026", "gulf-normalisation-2026",
]  # fmt: skip

UNUSABLE = {
    "china-shandong-cut-2017", "china-winter-cuts-2017", "us-232-exemptions-2018", "lme-no-ban-2022",
    "grundartangi-2025", "us-canada-near-deal-report-2025", "us-canada-talks-end-2025", "qatalum-2026",
    "alba-fm-2026", "hormuz-easing-remark-2026", "alba-curtail-2026", "ega-attack-2026",
    "us-232-restructure-2026", "gulf-normalisation-2026",
}  # fmt: skip

TAGS = {
    "tariff", "tariff-lift", "sanction", "sanction-lift", "accord", "merger", "warehouse", "supply-cut",
    "export-policy", "war", "bauxite", "alumina", "coal", "talks", "corporate", "leak", "north-america",
    "exchange-rule",
}  # fmt: skip

#: Instants that the research gives in UTC beside the local clock.
INSTANTS = {
    "alcoa-alumax-1998": "1998-03-09T15:35",
    "alcoa-alcan-bid-2007": "2007-05-07T13:02",
    "indonesia-ore-ban-2014": "2014-01-11T17:00",
    "us-section-232-reports-2018": "2018-02-16T17:15",
    "us-section-232-2018-signed": "2018-03-08T20:30",
    "ofac-rusal-2018": "2018-04-06T12:30",
    "ofac-gl14-2018": "2018-04-23T12:00",
    "alunorte-shutdown-2018": "2018-10-03T07:21",
    "us-canada-mexico-lift-2019": "2019-05-17T15:23",
    "us-canada-tariff-2020": "2020-08-06T19:31",
    "us-canada-tariff-2020-lifted": "2020-09-15T17:00",
    "us-eu-trq-2021": "2021-10-30T15:06",
    "ukraine-invasion-2022": "2022-02-24T02:50",
    "lme-russia-discussion-2022": "2022-09-29T12:09",
    "us-russia-200-leak-2023": "2023-02-06T21:19",
    "kwinana-2024": "2024-01-09T01:28",
    "rio-alumina-fm-2024": "2024-05-21T01:53",
    "us-232-50pct-2025": "2025-05-30T21:49",
    "us-derivatives-407-2025": "2025-08-15T20:15",
    "us-canada-talks-end-2025": "2025-10-24T03:11",
    "us-metals-rollback-report-2026": "2026-02-13T10:20",
    "qatalum-2026": "2026-03-03T11:00",
    "hormuz-open-2026": "2026-04-17T13:27",
}

RECORD: dict[str, Any] = {"id": "one", "announced": dt.date(2018, 4, 6)}


@pytest.fixture(scope="module")
def events() -> EventTable:
    return catalog()


def test_every_row_of_the_research_is_there_in_its_order(events: EventTable) -> None:
    assert list(events) == IDS


def test_catalog_is_read_once() -> None:
    assert catalog() is catalog()


@pytest.mark.parametrize("name", IDS)
def test_row_is_complete(events: EventTable, name: str) -> None:
    event = events[name]
    assert event.title
    assert event.sources
    assert event.tags
    assert event.date_confidence != "none"
    ZoneInfo(event.zone)
    assert set(event.tags) <= TAGS
    assert all(re.fullmatch("[A-Z]{2}", country) for country in event.countries)


@pytest.mark.parametrize("name", IDS)
def test_text_is_folded_into_single_lines(events: EventTable, name: str) -> None:
    event = events[name]
    fields = ("title", "clock_note", "effective", "anticipation_note", "reported", "reason", "note")
    for text in (*(getattr(event, f) for f in fields), *event.sources):
        assert "\n" not in text
        assert "  " not in text
        assert text == text.strip()


@pytest.mark.parametrize("name", IDS)
def test_bounds_enclose_the_instant(events: EventTable, name: str) -> None:
    event = events[name]
    if not isinstance(event.announced, dt.datetime):
        assert (event.not_before, event.not_after) == (None, None)
        return
    assert event.not_before is None or event.not_before <= event.announced
    assert event.not_after is None or event.announced <= event.not_after
    if event.precision == "minute":
        assert (event.not_before, event.not_after) == (None, None)


@pytest.mark.parametrize("name", IDS)
def test_weekend_rows_are_dated_on_the_last_day_without_a_session(events: EventTable, name: str) -> None:
    event = events[name]
    if event.precision == "weekend":
        assert event.date.strftime("%A") == "Sunday"


@pytest.mark.parametrize(("name", "utc"), INSTANTS.items())
def test_instant_in_utc(events: EventTable, name: str, utc: str) -> None:
    announced = events[name].announced
    assert isinstance(announced, dt.datetime)
    assert announced.astimezone(dt.UTC) == dt.datetime.fromisoformat(utc).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize("name", IDS)
def test_overlaps_are_the_rows_within_ten_weekdays(events: EventTable, name: str) -> None:
    assert events[name].overlaps == tuple(events.near(events[name], sessions=10))


def test_overlaps_are_symmetric(events: EventTable) -> None:
    pairs = {(a.id, b) for a in events.values() for b in a.overlaps}
    assert pairs
    assert pairs == {(b, a) for a, b in pairs}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("us-section-232-reports-2018", "us-section-232-2018"),
        ("us-section-232-2018", "us-section-232-2018-signed"),
        ("us-section-232-2018-signed", "us-232-exemptions-2018"),
        ("lme-rusal-suspension-2018", "ofac-gl14-2018"),
        ("guinea-coup-2021", "yunnan-curbs-2021"),
        ("china-coal-intervention-2021", "us-eu-trq-2021"),
        ("slovalco-2022", "alcoa-lista-2022"),
        ("lme-russia-discussion-2022", "us-russia-ban-report-2022"),
        ("china-301-2024", "rio-alumina-fm-2024"),
        ("grundartangi-2025", "us-canada-near-deal-report-2025"),
        ("us-canada-near-deal-report-2025", "us-canada-talks-end-2025"),
    ],
)
def test_overlaps_that_the_research_names(events: EventTable, first: str, second: str) -> None:
    assert second in events[first].overlaps


def test_six_nation_accord_became_public_over_a_weekend(events: EventTable) -> None:
    accord = events["six-nation-accord-1994"]
    assert accord.announced == dt.date(1994, 1, 30)
    assert accord.precision == "weekend"
    assert not accord.has_instant
    assert accord.earliest is None
    assert accord.latest is None
    assert accord.overlaps == ()
    assert accord.expected["world_price"] == "+"
    assert accord.expected["russian_producers"] == "?"
    assert accord.expected["chinese_producers"] == "0"
    assert set(accord.countries) == {"EU", "US", "NO", "CA", "AU", "RU"}
    assert accord.when == "1994-01-30, over the weekend"


def test_ofac_rusal_is_known_to_the_hour_only(events: EventTable) -> None:
    rusal = events["ofac-rusal-2018"]
    assert rusal.precision == "hour"
    assert rusal.announced == dt.datetime(2018, 4, 6, 8, 30, tzinfo=ZoneInfo("America/New_York"))
    assert rusal.earliest == dt.datetime(2018, 4, 6, 12, 30, tzinfo=dt.UTC)
    assert rusal.latest == dt.datetime(2018, 4, 6, 13, 30, tzinfo=dt.UTC)
    assert "minute was not found" in rusal.clock_note
    assert rusal.expected["russian_producers"] == "-"


def test_canada_2020_is_announced_by_the_leak_before_the_new_york_close(events: EventTable) -> None:
    imposed = events["us-canada-tariff-2020"]
    close = dt.datetime(2020, 8, 6, 16, 0, tzinfo=ZoneInfo("America/New_York"))
    assert imposed.how == "leak"
    assert imposed.earliest is not None
    assert imposed.latest is not None
    assert imposed.earliest == dt.datetime(2020, 8, 6, 13, 30, tzinfo=dt.UTC)
    assert close - imposed.latest == dt.timedelta(minutes=29)


def test_signing_of_section_232_may_fall_on_either_side_of_the_close(events: EventTable) -> None:
    signed = events["us-section-232-2018-signed"]
    close = dt.datetime(2018, 3, 8, 21, 0, tzinfo=dt.UTC)
    assert signed.earliest is not None
    assert signed.latest is not None
    assert signed.earliest < close < signed.latest


@pytest.mark.parametrize(
    ("alias", "name", "stage"),
    [
        ("us-section-232-2018-declared", "us-section-232-2018", "declared"),
        ("us-section-232-2018-a", "us-section-232-2018", "declared"),
        ("us-section-232-2018-b", "us-section-232-2018-signed", "signed"),
        ("us-canada-tariff-2020-a", "us-canada-tariff-2020", "imposed"),
        ("us-canada-tariff-2020-b", "us-canada-tariff-2020-lifted", "lifted"),
        ("us-canada-2020-c", "us-canada-tariff-2020-formal", "formal"),
        ("us-232-25pct-2025-a", "us-232-25pct-2025", "declared"),
        ("us-232-25pct-2025-b", "us-232-25pct-2025-signed", "signed"),
        ("us-232-25pct-2025-c", "us-232-25pct-2025-effective", "effective"),
        ("us-232-50pct-2025-a", "us-232-50pct-2025", "declared"),
        ("us-232-50pct-2025-b", "us-232-50pct-2025-signed", "signed"),
    ],
)
def test_stages_have_letters_as_aliases(events: EventTable, alias: str, name: str, stage: str) -> None:
    assert alias in events
    assert events[alias].id == name
    assert events[alias].stage == stage


def test_unusable_rows_say_why(events: EventTable) -> None:
    assert {e.id for e in events.values() if not e.usable} == UNUSABLE
    assert all(events[name].reason for name in UNUSABLE)
    assert len(events.usable()) == len(IDS) - len(UNUSABLE)


def test_tariffs_are_not_expected_to_move_the_world_price(events: EventTable) -> None:
    tariffs = events.tagged("tariff")
    assert len(tariffs) == 29
    assert {e.expected.get("world_price") for e in tariffs.values()} == {"0"}


def test_every_us_tariff_by_name_is_tagged(events: EventTable) -> None:
    named = {name for name in IDS if re.search("-232-|tariff|-301-|-200-|trq|ieepa|-50-threat", name)}
    assert named <= set(events.tagged("tariff"))


def test_lifted_tariffs_lower_the_premium(events: EventTable) -> None:
    signs = {e.expected["us_premium"] for e in events.tagged("tariff-lift").values() if e.stage != "formal"}
    assert signs == {"-"}


def test_leaks_that_preceded_the_act_are_the_announcement(events: EventTable) -> None:
    leaked = (
        "us-canada-mexico-lift-2019", "us-canada-tariff-2020", "us-eu-trq-2021", "lme-russia-discussion-2022",
        "us-russia-ban-report-2022", "us-russia-200-leak-2023", "kwinana-2024", "eu-russia-al-ban-2025",
        "us-metals-rollback-report-2026",
    )  # fmt: skip
    for name in leaked:
        assert events[name].how == "leak"
        assert "leak" in events[name].tags


# ---- The loader and the table.


def test_unknown_key_is_named_with_those_allowed() -> None:
    with pytest.raises(InputError, match=r"event 'one': unknown keys \['colour'\]; allowed: .*'announced'"):
        event_from_record(RECORD | {"colour": "red"})


@pytest.mark.parametrize("key", ["id", "announced"])
def test_missing_key_is_named(key: str) -> None:
    with pytest.raises(InputError, match=f"the key '{key}' is missing"):
        event_from_record({k: v for k, v in RECORD.items() if k != key})


@pytest.mark.parametrize("expected", [{"world_price": "up"}, {"moon": "+"}])
def test_bad_sign_or_reactor(expected: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"reactors are .*us_premium.* signs are"):
        event_from_record(RECORD | {"expected": expected})


def test_bad_zone() -> None:
    with pytest.raises(InputError, match="'Mars/Olympus' is no IANA time zone"):
        event_from_record(RECORD | {"zone": "Mars/Olympus"})


def test_instant_without_zone() -> None:
    with pytest.raises(InputError, match="needs a time zone"):
        Event(id="one", announced=dt.datetime(2018, 4, 6, 8, 30), precision="minute")


def test_local_clock_is_read_in_the_zone_of_the_record() -> None:
    clock = dt.datetime(2018, 4, 6, 8, 30)
    record = {
        "id": "one",
        "announced": clock,
        "not_after": clock,
        "precision": "hour",
        "zone": "Asia/Shanghai",
    }
    event = event_from_record(record)
    assert event.latest == dt.datetime(2018, 4, 6, 0, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"precision": "exact"}, "precision = 'exact' is not one of"),
        ({"how": "rumour"}, "how = 'rumour' is not one of"),
        ({"precision": "minute"}, "needs a date with a clock time"),
        ({"announced": dt.datetime(2018, 4, 6, 8, 30)}, "needs a bare date"),
        ({"usable": False}, "usable = false needs a reason"),
    ],
)
def test_inconsistent_record(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        event_from_record(RECORD | change)


def test_ids_and_aliases_are_unique() -> None:
    first = event_from_record(RECORD | {"aliases": ["two"]})
    with pytest.raises(InputError, match="event id 'two' occurs twice"):
        EventTable([first, event_from_record(RECORD | {"id": "two"})])


def test_unknown_event_offers_the_nearest(events: EventTable) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'ofac-rusal-2018'"):
        events["ofac-rusal-2019"]


def test_between_counts_both_ends(events: EventTable) -> None:
    assert list(events.between("2018-04-06", "2018-04-23")) == [
        "ofac-rusal-2018", "lme-rusal-suspension-2018", "ofac-gl14-2018",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("a", "b", "days"),
    [
        ("2018-04-06", "2018-04-06", 0),
        ("2018-04-06", "2018-04-09", 1),
        ("2018-04-09", "2018-04-06", 1),
        ("2018-04-07", "2018-04-09", 0),
        ("2018-04-06", "2018-04-20", 10),
    ],
)
def test_weekdays_between(a: str, b: str, days: int) -> None:
    assert weekdays_between(dt.date.fromisoformat(a), dt.date.fromisoformat(b)) == days


def test_event_of_your_own() -> None:
    event = make_event("2018-04-06", time="08:30", zone="Europe/London", instruments=["AA"])
    assert event.precision == "minute"
    assert event.earliest == event.latest == dt.datetime(2018, 4, 6, 7, 30, tzinfo=dt.UTC)
    assert event.instruments == ("AA",)
    assert make_event("2018-04-06").precision == "day"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"date": "06/04/2018"}, "write YYYY-MM-DD"),
        ({"date": "2018-04-06", "time": "half past"}, "write HH:MM"),
        ({"date": "2018-04-06", "time": "08:30", "zone": "nowhere"}, "is no IANA time zone"),
    ],
)
def test_event_of_your_own_that_cannot_be_read(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make_event(**options)
