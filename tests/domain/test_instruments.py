"""Instrument records and the catalogue: stamps, benchmarks, selectors, aliases."""

import datetime as dt

import pytest

from eventstudy.domain.instruments import (
    Instrument,
    InstrumentTable,
    instrument_from_record,
    instruments,
)
from eventstudy.errors import InputError, UnknownNameError

WINTER, SUMMER = dt.date(2019, 1, 15), dt.date(2019, 7, 16)

#: Id -> UTC time of the price on a winter and a summer day, worked out from the offsets of each zone.
STRUCK = {
    "LME-3M": ("13:00", "12:00"),  # London is UTC and UTC+1
    "ALI=F": ("17:00", "16:00"),  # New York noon is UTC-5 and UTC-4
    "AA": ("21:00", "20:00"),
    "SPY": ("21:00", "20:00"),
    "USDCAD=X": ("22:00", "21:00"),
    "NHY.OL": ("15:20", "14:20"),  # Oslo is UTC+1 and UTC+2
    "0486.HK": ("08:00", "08:00"),
    "SHFE.AL": ("07:00", "07:00"),
    "HINDALCO.NS": ("10:00", "10:00"),  # UTC+5:30
    "S32.AX": ("05:00", "06:00"),  # Sydney has summer time in January: UTC+11, else UTC+10
    "MKT-RF": ("21:00", "20:00"),
}


@pytest.mark.parametrize("name", STRUCK)
def test_price_is_struck_at_the_local_clock_time(name: str) -> None:
    one = instruments()[name]
    assert tuple(one.struck_at(day).strftime("%H:%M") for day in (WINTER, SUMMER)) == STRUCK[name]
    assert one.struck_at(WINTER).tzinfo is dt.UTC


def test_every_benchmark_is_known_and_struck_no_later() -> None:
    table = instruments()
    for one in table.values():
        for name in one.benchmark:
            for day in (WINTER, SUMMER):
                assert table[name].struck_at(day) <= one.struck_at(day), (one.id, name)


def test_benchmarks_as_designed() -> None:
    table = instruments()
    assert table["LME-3M"].benchmark == ("LME-CU-3M", "LME-ZN-3M")
    assert table["LME-CASH"].benchmark == ("LME-CU-CASH", "LME-ZN-CASH")
    assert all(table[i].benchmark == ("SPY",) for i in ("AA", "CENX", "KALU", "CSTM", "RIO", "BHP", "BA", "F"))
    for name in ("ALI=F", "NHY.OL", "0486.HK", "S32.AX", "SPY", "LME-SPREAD"):
        assert table[name].benchmark == ()
    for name in ("ALI=F", "NHY.OL", "2600.HK", "AWC.AX", "HINDALCO.NS"):
        assert "benchmark" in table[name].note.lower()


def test_spread_is_a_difference_in_dollars_per_tonne() -> None:
    spread = instruments()["LME-SPREAD"]
    assert (spread.role, spread.change, spread.response_unit) == ("spread", "difference", "USD/t")
    assert (spread.minuend, spread.subtrahend) == ("LME-CASH", "LME-3M")


def test_units_of_responses() -> None:
    units = {i: instruments()[i].response_unit for i in ("AA", "AUP=F", "LME-STOCK", "RF", "USDCAD=X")}
    assert units == {
        "AA": "fraction",
        "AUP=F": "USD/lb",
        "LME-STOCK": "t",
        "RF": "fraction",
        "USDCAD=X": "fraction",
    }


def test_alcoa_of_today_starts_in_november_2016() -> None:
    today, before = instruments()["AA"], instruments()["AA-OLD"]
    assert today.first_valid == dt.date(2016, 11, 1)
    assert "AA-OLD" in today.predecessor
    assert before.name == "Alcoa Inc."
    assert before.first_valid is None
    assert before.aliases("files") == ()


def test_every_alias_belongs_to_one_instrument() -> None:
    owner: dict[str, str] = {}
    for one in instruments().values():
        for alias in {one.id.casefold(), *(a.casefold() for a in one.aliases("files"))}:
            assert owner.setdefault(alias, one.id) == one.id


@pytest.mark.parametrize(
    ("alias", "name"),
    [("aa", "AA"), ("ali_f", "ALI=F"), ("GSPC", "^GSPC"), ("shfe.al", "SHFE.AL"), ("umd", "MOM")],
)
def test_aliases_ignore_case(alias: str, name: str) -> None:
    found = instruments().by_alias("files", alias)
    assert found is not None
    assert found.id == name


def test_unknown_alias_is_none() -> None:
    assert instruments().by_alias("files", "no such thing") is None


def test_selectors_pick_several_and_keep_order() -> None:
    table = instruments()
    assert table.select(["SPY", "role:spread", "SPY"]) == ("SPY", "LME-SPREAD")
    assert set(table.select(["role:consumer"])) == {"BA", "BALL", "CCK", "F", "HWM"}
    canada = set(table.select(["region:CA"]))
    assert {"AA", "KALU", "NHY.OL", "RIO"} <= canada
    assert "CENX" not in canada
    assert table.select(["not in the table"]) == ("not in the table",)


def test_unknown_selector_value_lists_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="role in selector 'prodcer'; did you mean 'producer'"):
        instruments().select(["role:prodcer"])


def test_unknown_id_offers_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'LME-3M'"):
        instruments()["LME3M"]


def test_ids_are_unique() -> None:
    with pytest.raises(InputError, match="'X' occurs twice"):
        InstrumentTable([Instrument(id="X"), Instrument(id="X")])


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"id": "X", "role": "miner"}, "role 'miner' is not one of"),
        ({"id": "X", "change": "ratio"}, "change 'ratio' is not one of"),
        ({"id": "X", "stamp": "4 pm"}, "must be HH:MM"),
        ({"id": "X", "tz": "New York"}, "no IANA time zone"),
        ({"id": "X", "sector": "metals"}, "unknown keys"),
    ],
)
def test_bad_records_say_what_is_allowed(record: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        instrument_from_record(record)


def test_symbols_may_be_one_name_or_several() -> None:
    one = instrument_from_record({"id": "X", "symbols": {"yahoo": "X.L", "files": ["X", "x-l"]}})
    assert one.aliases("yahoo") == ("X.L",)
    assert one.aliases("files") == ("X", "x-l")
    assert one.aliases("elsewhere") == ()


def test_label_for_a_sentence() -> None:
    assert instruments()["AA"].label == "Alcoa Corporation (AA)"
    assert Instrument(id="X").label == "X"
