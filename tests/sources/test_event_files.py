"""Layouts of event files, and what each mistake is answered with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from eventstudy.domain.events import Event, catalog
from eventstudy.errors import FileFormatError, InputError
from eventstudy.sources.event_files import read_events

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return to_file


def one(path: Path, **options: Any) -> Event:
    (event,) = read_events(path, **options).values()
    return event


def failure(path: Path, **options: Any) -> FileFormatError:
    with pytest.raises(FileFormatError) as caught:
        read_events(path, **options)
    assert caught.value.path == str(path)
    return caught.value


# ---- CSV: layouts


def test_csv_with_every_column(write: Write) -> None:
    event = one(
        write(
            "e.csv",
            "id,date,time,zone,symbol,title,tags\nrusal,2018-04-06,08:30,Europe/London,AA|CENX,Sanctions,a b\n",
        )
    )
    assert event.id == "rusal"
    assert event.announced.isoformat() == "2018-04-06T08:30:00+01:00"
    assert event.precision == "minute"
    assert event.zone == "Europe/London"
    assert event.instruments == ("AA", "CENX")
    assert event.title == "Sanctions"
    assert event.tags == ("a", "b")


def test_csv_with_a_date_only(write: Write) -> None:
    event = one(write("e.csv", "date\n2018-04-06\n"))
    assert event.id == "event-2018-04-06"
    assert event.announced == dt.date(2018, 4, 6)
    assert event.precision == "day"
    assert event.instruments == ()
    assert event.title == "Announcement of 2018-04-06"


@pytest.mark.parametrize(
    "header", ["date", "event_date", "Announced", "WHEN", " Event Date ", "event-date", "\ufeffdate"]
)
def test_csv_date_column_by_any_name(write: Write, header: str) -> None:
    assert one(write("e.csv", f"{header}\n2018-04-06\n")).date == dt.date(2018, 4, 6)


@pytest.mark.parametrize("header", ["symbol", "Instrument", "INSTRUMENTS"])
@pytest.mark.parametrize("cell", ["AA|CENX", "AA CENX", "AA+CENX", "AA + CENX", '"AA, CENX"'])
def test_csv_several_instruments(write: Write, header: str, cell: str) -> None:
    assert one(write("e.csv", f"date,{header}\n2018-04-06,{cell}\n")).instruments == ("AA", "CENX")


@pytest.mark.parametrize(
    ("cell", "iso"),
    [
        ("2018-04-06", "2018-04-06"),
        ("2018/4/6", "2018-04-06"),
        ("20180406", "2018-04-06"),
        ("06.04.2018", "2018-04-06"),
        ("2018-04-06 00:00:00", "2018-04-06"),
        ("2018-04-06 8:30", "2018-04-06T08:30:00-04:00"),
        ("2018-04-06T08:30:15", "2018-04-06T08:30:15-04:00"),
    ],
)
def test_csv_dates(write: Write, cell: str, iso: str) -> None:
    assert one(write("e.csv", f"date\n{cell}\n")).announced.isoformat() == iso


def test_csv_with_semicolons_and_a_trailing_one(write: Write) -> None:
    events = read_events(write("e.csv", "event_id;when;name;\na;2018-04-06;One, two;\n\nb;2018-04-09;;\n"))
    assert list(events) == ["a", "b"]
    assert events["a"].title == "One, two"


def test_csv_time_may_be_blank_and_a_line_may_end_early(write: Write) -> None:
    events = read_events(write("e.csv", "date,time,symbol\n2018-04-06,,AA\n2018-04-09\n2018-04-10,9:05,\n"))
    assert [e.precision for e in events.values()] == ["day", "day", "minute"]


def test_csv_default_zone_applies_where_the_cell_is_blank(write: Write) -> None:
    path = write("e.csv", "date,time,timezone\n2018-04-06,08:30,\n2018-04-09,08:30,UTC\n")
    assert [e.zone for e in read_events(path, zone="Asia/Shanghai").values()] == ["Asia/Shanghai", "UTC"]


def test_csv_time_said_twice_alike(write: Write) -> None:
    event = one(write("e.csv", "date,time\n2018-04-06 08:30,08:30:00\n"))
    assert event.when == "2018-04-06 08:30 America/New_York"


def test_csv_generated_ids_are_unique_and_keep_clear_of_given_ones(write: Write) -> None:
    path = write(
        "e.csv",
        "date,symbol,id\n2018-04-06,AA,\n2018-04-06,CENX,\n2018-04-06,HYDRO,event-2018-04-06-2\n2018-04-06,RIO,\n",
    )
    assert list(read_events(path)) == [
        "event-2018-04-06", "event-2018-04-06-3", "event-2018-04-06-2", "event-2018-04-06-4",
    ]  # fmt: skip


def test_csv_unknown_columns_can_be_ignored(write: Write) -> None:
    path = write("e.csv", "date,size,note\n2018-04-06,3.5,big\n")
    assert one(path, extra="ignore").date == dt.date(2018, 4, 6)


# ---- CSV: mistakes


@pytest.mark.parametrize("name", ["e.csv", "e.toml"])
def test_missing_file(tmp_path: Path, name: str) -> None:
    error = failure(tmp_path / name)
    assert "there is no such file; check the path" in str(error)
    assert str(error).startswith(str(tmp_path / name))


@pytest.mark.parametrize(
    ("name", "hint"), [("e.csv", "write a header line such as date"), ("e.toml", "write [[event]] tables")]
)
@pytest.mark.parametrize("text", ["", " \n\n"])
def test_empty_file(write: Write, name: str, hint: str, text: str) -> None:
    error = failure(write(name, text))
    assert "the file is empty" in str(error)
    assert hint in str(error)


def test_folder(tmp_path: Path) -> None:
    (tmp_path / "e.csv").mkdir()
    assert "this is a folder" in str(failure(tmp_path / "e.csv"))


def test_other_suffix(write: Write) -> None:
    assert "read from .toml or .csv, not from '.xlsx'" in str(failure(write("e.xlsx", "date\n")))


def test_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_bytes("date,title\n2018-04-06,Zölle\n".encode("latin-1"))
    assert "save it as UTF-8" in str(failure(path))


def test_header_without_events(write: Write) -> None:
    assert "no event below it" in str(failure(write("e.csv", "date,symbol\n")))


def test_separators_only(write: Write) -> None:
    assert "separators only" in str(failure(write("e.csv", ",,\n,,\n")))


def test_no_date_column(write: Write) -> None:
    error = failure(write("e.csv", "day,symbol\n2018-04-06,AA\n"))
    assert error.row == 1
    assert "no date column among ['day', 'symbol']; call one date or event_date or announced or when" in str(error)


def test_unknown_columns_are_named_with_those_allowed(write: Write) -> None:
    error = failure(write("e.csv", "date,size\n2018-04-06,3\n"))
    assert (error.row, error.column) == (1, "size")
    assert "unknown columns ['size']; allowed are id|event_id, date|event_date|announced|when, time" in str(error)
    assert "extra='ignore'" in str(error)


def test_two_columns_for_one_field(write: Write) -> None:
    error = failure(write("e.csv", "date,when\n2018-04-06,2018-04-06\n"))
    assert (error.row, error.column) == (1, "when")
    assert "the columns 'date' and 'when' both mean date; keep one of them" in str(error)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("soon", "'soon' is no date; write YYYY-MM-DD"),
        ("Dec 31 2024", "'Dec 31 2024' is no date; write YYYY-MM-DD"),
        ("2018-04/06", "'2018-04/06' is no date"),
        ("2018046", "'2018046' is no date"),
        ("04/05/2018", "does not say which number is the day and which the month; write YYYY-MM-DD"),
        ("2018-02-30", "'2018-02-30' is no day of the calendar"),
        ("", "the date is missing; write YYYY-MM-DD"),
        ("2018-04-06 25:00", "'25:00' is no clock time"),
        ("2018-04-06T08:30Z", "'08:30Z' is no clock time"),
    ],
)
def test_date_that_cannot_be_read(write: Write, cell: str, message: str) -> None:
    error = failure(write("e.csv", f"symbol,When\nAA,2018-04-05\n\nAA,{cell}\n"))
    assert (error.row, error.column) == (4, "When")
    assert message in str(error)
    assert "line 4, column 'When'" in str(error)


@pytest.mark.parametrize("cell", ["noon", "24:00", "8", "08:60", "08:30 PM", "08:30+02:00"])
def test_time_that_cannot_be_read(write: Write, cell: str) -> None:
    error = failure(write("e.csv", f"date,time\n2018-04-06,{cell}\n"))
    assert (error.row, error.column) == (2, "time")
    assert f"{cell!r} is no clock time; write local time HH:MM" in str(error)


def test_time_that_contradicts_the_date(write: Write) -> None:
    error = failure(write("e.csv", "date,time\n2018-04-06 08:30,09:30\n"))
    assert (error.row, error.column) == (2, "time")
    assert "found 09:30, but the date says 08:30" in str(error)


@pytest.mark.parametrize("time", ["08:30", ""])
def test_zone_that_does_not_exist(write: Write, time: str) -> None:
    error = failure(write("e.csv", f"date,time,timezone\n2018-04-06,{time},Eastern\n"))
    assert (error.row, error.column) == (2, "timezone")
    assert "'Eastern' is no IANA time zone; write one such as America/New_York" in str(error)


def test_id_twice(write: Write) -> None:
    error = failure(write("e.csv", "id,date,symbol\na,2018-04-06,AA\na,2018-04-06,CENX\n"))
    assert error.row == 3
    assert "the id 'a' occurs twice (first in line 2)" in str(error)
    assert "AA|CENX" in str(error)


def test_more_cells_than_columns(write: Write) -> None:
    error = failure(write("e.csv", "date,title\n2018-04-06,One, two\n"))
    assert error.row == 2
    assert "3 cells, but the header names 2 columns; put a cell that holds a separator in quotes" in str(error)


def test_open_quote_is_found_where_it_opens(write: Write) -> None:
    error = failure(write("e.csv", 'date,title\n2018-04-06,fine\n2018-04-09,"open\n2018-04-10,x\n'))
    assert error.row == 3
    assert "a quote may be left open" in str(error)


def test_line_numbers_survive_a_quoted_line_break(write: Write) -> None:
    error = failure(write("e.csv", 'date,title\n2018-04-06,"two\nlines"\nsoon,x\n'))
    assert error.row == 4


def test_bad_options(write: Write) -> None:
    path = write("e.csv", "date\n2018-04-06\n")
    with pytest.raises(InputError, match="extra = 'keep' is not one of"):
        read_events(path, extra="keep")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="'Eastern' is no IANA time zone"):
        read_events(path, zone="Eastern")


# ---- TOML


def test_toml_reads_the_catalogue_alike() -> None:
    with resources.as_file(resources.files("eventstudy").joinpath("catalog", "events.toml")) as path:
        events = read_events(path, zone="Asia/Shanghai")
    assert dict(events) == dict(catalog())


def test_toml_with_the_least_keys_takes_the_default_zone(write: Write) -> None:
    text = '[[event]]\nid = "a"\nannounced = 2018-04-06T08:30:00\n[[event]]\nid = "b"\nannounced = 2018-04-09\n'
    events = read_events(write("e.toml", text), zone="Asia/Shanghai")
    assert events["a"].precision == "minute"
    assert events["a"].latest == dt.datetime(2018, 4, 6, 0, 30, tzinfo=dt.UTC)
    assert events["b"].precision == "day"


def test_toml_that_is_none(write: Write) -> None:
    error = failure(write("e.toml", '[[event]]\nid = "a"\nannounced = soon\n'))
    assert error.row == 3
    assert "this is no valid TOML" in str(error)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# nothing\n", "no event found; write [[event]] tables"),
        ('title = "x"\n', "found the top-level keys ['title']; only [[event]] tables are allowed"),
        ("event = 3\n", "event as something other than tables"),
        ("[event]\nid = 'a'\n", "event as something other than tables"),
    ],
)
def test_toml_without_events(write: Write, text: str, message: str) -> None:
    assert message in str(failure(write("e.toml", text)))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('colour = "red"', "unknown keys ['colour']; allowed: "),
        ('zone = "Eastern"', "'Eastern' is no IANA time zone"),
        ('how = "rumour"', "how = 'rumour' is not one of"),
        ('expected = { world_price = "up" }', "signs are"),
        ("usable = false", "usable = false needs a reason"),
    ],
)
def test_toml_event_that_is_refused(write: Write, line: str, message: str) -> None:
    first = '[[event]]\nid = "a"\nannounced = 2018-04-05\n\n'
    second = f'[[event]]\nid = "b"\nannounced = 2018-04-06\n{line}\n'
    error = failure(write("e.toml", first + second))
    assert error.row == 5
    assert message in str(error)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            'announced = "2018-04-06"',
            "found '2018-04-06'; write a date or a date with a clock time, without quotes",
        ),
        ("not_after = 2018-04-06", "write a date with a clock time, without quotes"),
        ('tags = "tariff"', "found 'tariff'; write a list of texts"),
        ('expected = "+"', "write a table such as"),
        ('usable = "no"', "write true or false"),
        ("title = 3", "found 3; write text in quotes"),
    ],
)
def test_toml_value_of_the_wrong_type(write: Write, line: str, message: str) -> None:
    date = "" if line.startswith("announced") else "announced = 2018-04-06\n"
    error = failure(write("e.toml", f'[[event]]\nid = "a"\n{date}{line}\n'))
    assert (error.row, error.column) == (1, line.split(" ")[0])
    assert message in str(error)


def test_toml_key_is_missing(write: Write) -> None:
    assert "the key 'announced' is missing" in str(failure(write("e.toml", '[[event]]\nid = "a"\n')))


def test_toml_id_twice(write: Write) -> None:
    block = '[[event]]\nid = "a"\nannounced = 2018-04-06\n'
    error = failure(write("e.toml", block * 2))
    assert error.row == 4
    assert "the id 'a' occurs twice (first in line 1)" in str(error)
