"""``eventstudy check``: what is wrong with files of prices, before anybody measures with them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from typing import Annotated

import typer

from eventstudy.cli.app import (
    BarsMinutesOption,
    BarsStampOption,
    BarsZoneOption,
    JsonOption,
    QuietOption,
    app,
    show,
    talk,
)
from eventstudy.domain.intraday import Intraday, intraday_of
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.quality import Flag
from eventstudy.domain.quality_table import check_table, compare_tables, in_order
from eventstudy.sources.base import load

#: Severities, the gravest first.
ORDER = ("refuse", "warn", "info")


@app.command()
def check(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files or folders with prices.")],
    rename: Annotated[str | None, typer.Option("--as", help="What a file's series is: ID, or NAME=ID.")] = None,
    against: Annotated[
        list[str] | None, typer.Option(help="File or folder with another source of the same; may be repeated.")
    ] = None,
    bars_zone: BarsZoneOption = None,
    bars_stamp: BarsStampOption = None,
    bars_minutes: BarsMinutesOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say what is wrong with prices: frozen, missing, impossible, spliced, suspended; nothing is repaired."""
    busy = nullcontext() if quiet or not talk.is_terminal else talk.status("checking ...")
    with busy:
        how = intraday_of(bars_zone, bars_stamp, bars_minutes)
        table = _read(paths, rename, how)
        flags = check_table(table)
        if against:
            flags = in_order((*flags, *compare_tables(table, _read(against, None, how))))
    if flags or as_json:
        gravest = flags if as_json else sorted(flags, key=lambda f: (f.instrument, ORDER.index(f.severity), f.start))
        show("flags", [asdict(f) for f in gravest], as_json)
    if not quiet:
        talk.print(_summary(table, flags), markup=False, soft_wrap=True)


def _read(paths: Sequence[str], rename: str | None, intraday: Intraday | None) -> PriceTable:
    # A price of zero is a finding here, not a reason to stop.
    return load("files", paths, rename=_names(rename), nonpositive="missing", intraday=intraday)


def _names(text: str | None) -> str | dict[str, str] | None:
    if text is None or "=" not in text:
        return text
    # Yahoo's futures end in "=F": the last "=" separates.
    pairs = [part.rpartition("=") for part in text.split(",")]
    return {old.strip(): new.strip() for old, _, new in pairs}


def _summary(table: PriceTable, flags: Sequence[Flag]) -> str:
    counts = {level: sum(f.severity == level for f in flags) for level in ORDER}
    clean = len(set(table.ids) - {f.instrument for f in flags})
    found = ", ".join(f"{n} {level}" for level, n in counts.items() if n) or "nothing found"
    return f"{len(table.ids)} series checked: {found}; {clean} without a finding"
