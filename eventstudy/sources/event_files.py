"""Your own announcements from a file: the catalogue's TOML, or a CSV with one line an event."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from eventstudy._typing import Record
from eventstudy.domain.events import Event, EventTable, event_from_record, make_event
from eventstudy.errors import FileFormatError, InputError

Extra = Literal["error", "ignore"]

#: Field of an event -> headers under which a CSV file may carry it.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "event_id"),
    "date": ("date", "event_date", "announced", "when"),
    "time": ("time",),
    "zone": ("zone", "timezone"),
    "instruments": ("symbol", "instrument", "instruments"),
    "title": ("title", "name"),
    "tags": ("tags",),
}
ALLOWED_COLUMNS = ", ".join("|".join(names) for names in COLUMNS.values())

_YEAR_FIRST = re.compile(r"(?P<y>\d{4})([-/.])(?P<m>\d{1,2})\2(?P<d>\d{1,2})")
_DIGITS = re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})")
_DAY_FIRST = re.compile(r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})")
#: 04/05/2018 may be April or May.
_UNCLEAR = re.compile(r"\d{1,2}[/-]\d{1,2}[/-]\d{2,4}")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_WHEN = re.compile(r"(?P<date>[^T ]+)(?:[T ]+(?P<time>\d.*))?")
#: Spreadsheets write a bare date so.
_NO_CLOCK = "00:00:00"
_SEPARATORS = re.compile(r"[|+,;\s]+")
_EVENT_HEADER = re.compile(r"\s*\[\[\s*event\s*\]\]")
_TOML_PLACE = re.compile(r"at line (\d+)")
_WRITE_CSV = "write a header line such as date,time,symbol and one line an event"
_WRITE_TOML = 'write [[event]] tables, each with at least id = "..." and announced = 2018-04-06'
_LISTS = ("countries", "tags", "sources", "overlaps", "instruments", "aliases")


def read_events(path: str | Path, *, zone: str = "America/New_York", extra: Extra = "error") -> EventTable:
    """Announcements from a ``.toml`` or ``.csv`` file.

    Parameters
    ----------
    path : str or Path
        TOML: ``[[event]]`` tables with the keys of `Event`. CSV (comma or semicolon): a header line with a
        date (``date``, ``event_date``, ``announced`` or ``when``) and, if you like, ``id``, ``time``,
        ``zone``, ``symbol`` (several separated by ``|``, ``+`` or a space), ``title``, ``tags``. A date may
        be followed by its clock time; 00:00:00, as spreadsheets write it, means that only the date is known.
    zone : str
        IANA zone of the clock times where the file names none.
    extra : {"error", "ignore"}
        What to do with columns of a CSV file that no event has.

    Returns
    -------
    EventTable
        In the order of the file. Lines of a CSV file without an id are called ``event-<date>``, then
        ``event-<date>-2`` and so on.

    Raises
    ------
    FileFormatError
        With file, line and column, what was found, what is allowed.
    """
    if extra not in get_args(Extra):
        raise InputError(f"extra = {extra!r} is not one of {get_args(Extra)}")
    if not _is_zone(zone):
        raise InputError(f"{zone!r} is no IANA time zone; write one such as 'America/New_York'")
    file = Path(path)
    is_toml = file.suffix.lower() == ".toml"
    if file.suffix.lower() not in (".toml", ".csv"):
        raise FileFormatError(
            f"events are read from .toml or .csv, not from {file.suffix!r}; save it as .csv", path=path
        )
    text = _text(file)
    if not text.strip():
        raise FileFormatError(f"the file is empty; {_WRITE_TOML if is_toml else _WRITE_CSV}", path=path)
    return EventTable(_from_toml(file, text, zone) if is_toml else _from_csv(file, text, zone, extra))


def _text(file: Path) -> str:
    if not file.exists():
        raise FileFormatError("there is no such file; check the path", path=file)
    if file.is_dir():
        raise FileFormatError("this is a folder; name one .toml or .csv file", path=file)
    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FileFormatError(f"the file cannot be read: {error.strerror}", path=file) from error
    except UnicodeDecodeError as error:
        raise FileFormatError("the file is not UTF-8 text; save it as UTF-8", path=file) from error


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


# ---- TOML


def _from_toml(file: Path, text: str, zone: str) -> list[Event]:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        row = int(place[1]) if place else None
        raise FileFormatError(f"this is no valid TOML: {error}", path=file, row=row) from error
    records = content.pop("event", [])
    if content or not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
        found = f"the top-level keys {sorted(content)}" if content else "event as something other than tables"
        raise FileFormatError(f"found {found}; only [[event]] tables are allowed", path=file)
    if not records:
        raise FileFormatError(f"no event found; {_WRITE_TOML}", path=file)
    lines = [n for n, line in enumerate(text.splitlines(), start=1) if _EVENT_HEADER.match(line)]
    rows: list[int | None] = [*lines] if len(lines) == len(records) else [None] * len(records)
    names: dict[str, int | None] = {}
    return [_toml_event(file, record, row, zone, names) for record, row in zip(records, rows, strict=True)]


def _toml_event(file: Path, record: Record, row: int | None, zone: str, names: dict[str, int | None]) -> Event:
    values = {"zone": zone, **record}
    if isinstance(values.get("announced"), dt.datetime):
        values.setdefault("precision", "minute")
    for key, value in values.items():
        problem = _wrong_type(key, value)
        if problem:
            raise FileFormatError(problem, path=file, row=row, column=key)
    try:
        event = event_from_record(values)
    except InputError as error:
        raise FileFormatError(str(error), path=file, row=row) from error
    for name in (event.id, *event.aliases):
        _claim(file, name, row, names, 'instruments = ["AA", "CENX"]')
    return event


def _wrong_type(key: str, value: Any) -> str:
    """What is wrong with the type of a known key's value; empty when nothing is."""
    if key == "announced":
        right, wanted = isinstance(value, dt.date), "a date or a date with a clock time, without quotes"
    elif key in ("not_before", "not_after"):
        right, wanted = isinstance(value, dt.datetime), "a date with a clock time, without quotes"
    elif key in _LISTS:
        right, wanted = isinstance(value, list) and all(isinstance(v, str) for v in value), "a list of texts"
    elif key == "expected":
        right, wanted = isinstance(value, dict), 'a table such as { world_price = "+" }'
    elif key == "usable":
        right, wanted = isinstance(value, bool), "true or false"
    elif key in Event.__dataclass_fields__:
        right, wanted = isinstance(value, str), "text in quotes"
    else:
        return ""
    return "" if right else f"found {value!r}; write {wanted}"


def _claim(file: Path, name: str, row: int | None, names: dict[str, int | None], several: str) -> None:
    """Note a name as taken, or fail; `several` shows how to give one event several instruments."""
    if name in names:
        first = "" if names[name] is None else f" (first in line {names[name]})"
        raise FileFormatError(
            f"the id {name!r} occurs twice{first}; give every event its own id, and one event with several "
            f"instruments only once, such as {several}",
            path=file,
            row=row,
        )
    names[name] = row


# ---- CSV


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a CSV file: its cells and their headers, by field; empty text where there is no cell."""

    path: Path
    number: int
    cells: Mapping[str, str]
    headers: Mapping[str, str]

    def error(self, field: str, message: str) -> FileFormatError:
        return FileFormatError(message, path=self.path, row=self.number, column=self.headers.get(field))


def _from_csv(file: Path, text: str, zone: str, extra: Extra) -> list[Event]:
    (header_line, header), *body = _rows(file, text)
    while not header[-1]:
        header.pop()
    fields = _fields(file, header_line, header, extra)
    if not body:
        raise FileFormatError("there is a header but no event below it; write one line an event", path=file)
    lines = [_line(file, number, row, header, fields) for number, row in body]
    names: dict[str, int | None] = {}
    for line in lines:
        if line.cells["id"]:
            _claim(file, line.cells["id"], line.number, names, "AA|CENX")
    return [_csv_event(line, zone, names) for line in lines]


def _rows(file: Path, text: str) -> list[tuple[int, list[str]]]:
    """Rows that hold anything, each with the number of its first line."""
    first = next(line for line in text.splitlines() if line.strip())
    mark = ";" if ";" in first else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, skipinitialspace=True, strict=True)
    rows = []
    number = 1
    try:
        for cells in reader:
            stripped = [c.strip() for c in cells]
            if any(stripped):
                rows.append((number, stripped))
            number = reader.line_num + 1
    except csv.Error as error:
        raise FileFormatError(f"{error}; a quote may be left open", path=file, row=number) from error
    if not rows:
        raise FileFormatError(f"the file holds separators only; {_WRITE_CSV}", path=file)
    return rows


def _fields(file: Path, number: int, header: list[str], extra: Extra) -> dict[str, int]:
    """Field of an event -> its column."""
    known = {name: field for field, names in COLUMNS.items() for name in names}
    fields: dict[str, int] = {}
    unknown: list[str] = []
    for i, name in enumerate(header):
        field = known.get(re.sub(r"[\s-]+", "_", name.casefold()))
        if field is None:
            unknown.append(name)
        elif field in fields:
            raise FileFormatError(
                f"the columns {header[fields[field]]!r} and {name!r} both mean {field}; keep one of them",
                path=file,
                row=number,
                column=name,
            )
        else:
            fields[field] = i
    if "date" not in fields:
        raise FileFormatError(
            f"no date column among {header}; call one {' or '.join(COLUMNS['date'])}, and separate columns "
            "by comma or semicolon",
            path=file,
            row=number,
        )
    if unknown and extra == "error":
        raise FileFormatError(
            f"unknown columns {unknown}; allowed are {ALLOWED_COLUMNS}. Rename them, remove them or pass "
            "extra='ignore'",
            path=file,
            row=number,
            column=unknown[0],
        )
    return fields


def _line(file: Path, number: int, row: list[str], header: list[str], fields: Mapping[str, int]) -> _Line:
    if any(row[len(header) :]):
        raise FileFormatError(
            f"{len(row)} cells, but the header names {len(header)} columns; put a cell that holds a "
            "separator in quotes",
            path=file,
            row=number,
        )
    full = row + [""] * (len(header) - len(row))
    return _Line(
        path=file,
        number=number,
        cells={field: full[fields[field]] if field in fields else "" for field in COLUMNS},
        headers={field: header[i] for field, i in fields.items()},
    )


def _csv_event(line: _Line, zone: str, names: dict[str, int | None]) -> Event:
    day, clock = _date_and_time(line)
    if line.cells["time"]:
        time = _clock(line, "time", line.cells["time"])
        if clock not in (None, time):
            raise line.error("time", f"found {time}, but the date says {clock}; keep one of them")
        clock = time
    place = line.cells["zone"] or zone
    if not _is_zone(place):
        raise line.error("zone", f"{place!r} is no IANA time zone; write one such as America/New_York or Europe/London")
    return make_event(
        day,
        time=clock,
        zone=place,
        id=line.cells["id"] or _new_name(day, line.number, names),
        title=line.cells["title"],
        instruments=_split(line.cells["instruments"]),
        tags=_split(line.cells["tags"]),
    )


def _date_and_time(line: _Line) -> tuple[dt.date, str | None]:
    """Date of a line, and the clock time that its cell holds, if any."""
    text, hint = line.cells["date"], "write YYYY-MM-DD, such as 2018-04-06"
    parts = _WHEN.fullmatch(text)
    if parts is None:
        raise line.error("date", f"{text!r} is no date; {hint}" if text else f"the date is missing; {hint}")
    day, clock = parts["date"], parts["time"]
    if _UNCLEAR.fullmatch(day):
        raise line.error("date", f"{text!r} does not say which number is the day and which the month; {hint}")
    hit = _YEAR_FIRST.fullmatch(day) or _DIGITS.fullmatch(day) or _DAY_FIRST.fullmatch(day)
    if hit is None:
        raise line.error("date", f"{text!r} is no date; {hint}")
    try:
        date = dt.date(int(hit["y"]), int(hit["m"]), int(hit["d"]))
    except ValueError as error:
        raise line.error("date", f"{text!r} is no day of the calendar ({error}); {hint}") from error
    return date, _clock(line, "date", clock) if clock and clock != _NO_CLOCK else None


def _clock(line: _Line, field: str, text: str) -> str:
    """A clock time as HH:MM, or HH:MM:SS when it has seconds."""
    hit = _TIME.fullmatch(text)
    if hit is None or int(hit[1]) > 23 or int(hit[2]) > 59 or int(hit[3] or 0) > 59:
        raise line.error(
            field,
            f"{text!r} is no clock time; write local time HH:MM from 00:00 to 23:59, such as 08:30, and its "
            "zone in the column zone",
        )
    return f"{int(hit[1]):02}:{hit[2]}" + (f":{hit[3]}" if int(hit[3] or 0) else "")


def _new_name(day: dt.date, number: int, names: dict[str, int | None]) -> str:
    """``event-<date>``, with -2, -3, ... when that is taken."""
    base = f"event-{day:%Y-%m-%d}"
    name, n = base, 1
    while name in names:
        n += 1
        name = f"{base}-{n}"
    names[name] = number
    return name


def _split(text: str) -> tuple[str, ...]:
    return tuple(part for part in _SEPARATORS.split(text) if part)
