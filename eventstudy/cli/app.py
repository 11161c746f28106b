"""The application, its two consoles, and what every command shares.

Data go to stdout or files, talk goes to stderr. Exit codes: 0 done; 2 wrong call or wrong file; 3 data could
not be had; 4 nothing usable was left after the checks.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from importlib import metadata
from typing import Annotated, Any, Protocol

import typer
from rich.console import Console
from rich.table import Table

from eventstudy._typing import Record
from eventstudy.errors import EventStudyError, InputError
from eventstudy.models.base import ExpectedReturn
from eventstudy.models.named import make_model
from eventstudy.report.record import dumps

app = typer.Typer(
    name="eventstudy",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Did this announcement move aluminum: how much, how fast, for how long, and how sure can we be?",
)
talk = Console(stderr=True, highlight=False)


class Told(Protocol):
    """A result in both forms."""

    def to_record(self) -> Record:
        """For JSON."""

    def summary(self) -> str:
        """For a reader."""


JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object to stdout.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]

BarsZoneOption = Annotated[
    str | None, typer.Option("--bars-zone", help="Zone of a file's clock times, where no UTC offset says it.")
]
BarsStampOption = Annotated[
    str | None, typer.Option("--bars-stamp", help="What a clock time marks of its bar: start (default) or end.")
]
BarsMinutesOption = Annotated[
    int | None, typer.Option("--bars-minutes", help="Length of a bar; default the most frequent step.")
]
TimeOption = Annotated[
    str | None, typer.Option("--time", help="For intraday bars: clock time of the announcement, HH:MM.")
]


def main() -> None:
    """Run the command and turn every error of ours into a sentence and an exit code."""
    try:
        app()
    except EventStudyError as error:
        # soft_wrap: a message that names a file must stay greppable on one line.
        talk.print(f"error: {error}", style="red", markup=False, soft_wrap=True)
        sys.exit(error.exit_code)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"eventstudy {metadata.version('aluminum-eventstudy')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Hold the options of the command itself."""


def split(values: Iterable[str] | None) -> list[str]:
    """Comma-separated values as one list."""
    return [part.strip() for value in values or () for part in value.split(",") if part.strip()]


def show(title: str, rows: list[Record], as_json: bool, narrow: Sequence[str] | None = None) -> None:
    """A listing as a table, numbers to four digits, or as one JSON object with all of them."""
    if as_json:
        print(dumps({title: rows}))
        return
    columns: Sequence[Any] = narrow or list(rows[0])
    table = Table(title=f"{len(rows)} {title if len(rows) != 1 else title.removesuffix('s')}", title_justify="left")
    for column in columns:
        # Ids are what people copy: never cut them.
        table.add_column(
            str(column), overflow="fold", no_wrap=column in ("id", "key", "symbol", "first", "last", "sha256")
        )
    for row in rows:
        table.add_row(*(f"{row[c]:.4g}" if isinstance(row[c], float) else str(row[c]) for c in columns))
    out = Console(highlight=False)
    # Piped output has no width of its own; 160 columns keep a row readable.
    (out if out.is_terminal else Console(highlight=False, width=160)).print(table, markup=False)


def say(result: Told, as_json: bool, quiet: bool) -> None:
    """A result on stdout: as JSON, else in words unless nothing was to be said."""
    if as_json:
        print(dumps(result.to_record()))
    elif not quiet:
        print(result.summary())


def offsets_of(option: str, text: str) -> list[int]:
    """Two sessions written as ``-1,1``."""
    match = re.fullmatch(r"\[?\s*(-?\d+)\s*[,:]\s*(-?\d+)\s*\]?", text.strip())
    if match is None:
        raise InputError(f"{option} {text!r} is not a window; write two sessions, such as {option}=-1,1")
    return [int(match[1]), int(match[2])]


def model_of(
    name: str | None, market: str | None, instrument: str, *, files: bool, source: Sequence[str] | None
) -> ExpectedReturn:
    """The model named; by default the market model, for the embedded Alcoa on the other 29 stocks of its index."""
    embedded = not files and not source and instrument == "AA"
    named = split([market]) if market else ["DOW29"] if embedded and name in (None, "market_model") else None
    return make_model(name or "market_model", named)
