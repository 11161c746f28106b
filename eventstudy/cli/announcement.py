"""The announcement that a command is about: an id of the catalogue, or one of your own by its date and clock time."""

from __future__ import annotations

from typing import Annotated

import typer

from eventstudy._typing import Record
from eventstudy.domain.events import Event, catalog, make_event
from eventstudy.errors import InputError

#: Zone of a clock time that nobody gave one.
NEW_YORK = "America/New_York"

CatalogueArgument = Annotated[str | None, typer.Argument(help="Id from the catalogue (eventstudy events).")]
DateOption = Annotated[
    str | None, typer.Option("--date", help="Date of an announcement that is not in the catalogue, YYYY-MM-DD.")
]
ClockOption = Annotated[str | None, typer.Option("--time", help="Its clock time, HH:MM.")]
ClockZoneOption = Annotated[
    str | None, typer.Option("--zone", help=f"Time zone of that clock; {NEW_YORK} when left out.")
]
TitleOption = Annotated[str, typer.Option("--title", help="Its title.")]

#: Options that describe an announcement of your own.
OWN = ("date", "time", "zone", "title")


def zone_of(zone: str | None, time: str | None) -> str:
    """The zone of a clock time, New York where none was given.

    Raises
    ------
    InputError
        When a zone was given and no clock time.
    """
    if zone and not time:
        raise InputError("--zone needs --time: it is the zone of that clock time")
    return zone or NEW_YORK


def own_announcement(given: Record) -> Record | None:
    """Date, time, zone and title as `make_event` takes them; None where no ``--date`` was given.

    Raises
    ------
    InputError
        When a catalogue id was named as well, something is said of an announcement that has no date, or a zone has no
        clock time.
    """
    if given["event"] and given["date"]:
        raise InputError("give a catalogue id or --date, not both")
    if given["date"]:
        return {key: given[key] for key in OWN} | {"zone": zone_of(given["zone"], given["time"])}
    for key in ("time", "zone", "title"):
        if given[key]:
            raise InputError(f"--{key} needs --date")
    return None


def announcement_of(given: Record) -> Event | None:
    """The announcement that was named, None when none was.

    Raises
    ------
    InputError, UnknownNameError
        When it cannot be read, or is not in the catalogue.
    """
    own = own_announcement(given)
    if own is not None:
        return make_event(**own)
    return catalog()[given["event"]] if given["event"] else None
