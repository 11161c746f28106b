"""``eventstudy fetch`` and ``eventstudy cache``: get prices, and look after what is kept."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.progress import Progress

from eventstudy._typing import Record
from eventstudy.cli.app import JsonOption, QuietOption, app, show, split, talk
from eventstudy.cli.verify import read_lock
from eventstudy.domain.instruments import instruments
from eventstudy.errors import EventStudyError, FetchError, InputError, RateLimited
from eventstudy.report.record import dumps
from eventstudy.sources.base import Mode, Nonpositive
from eventstudy.sources.feed import Feed, Fetch, Gathered, Got, Span
from eventstudy.sources.gather import gather
from eventstudy.sources.network import NETWORK_SOURCES, feed_of, serves, source_for, table_of
from eventstudy.sources.store import Store

cache = typer.Typer(no_args_is_help=True, help="Look after the store of fetched answers.")
app.add_typer(cache, name="cache")

FromOption = Annotated[str | None, typer.Option("--from", help="First date, YYYY-MM-DD.")]
ToOption = Annotated[
    str | None, typer.Option("--to", help="Last date, YYYY-MM-DD; default the last session that is over.")
]
RefreshOption = Annotated[bool, typer.Option("--refresh", help="Ask again, whatever the store holds.")]
OfflineOption = Annotated[bool, typer.Option("--offline", help="Use the store only.")]


def mode_of(refresh: bool, offline: bool) -> Mode:
    """The mode of two switches that exclude each other."""
    if refresh and offline:
        raise InputError("--refresh asks the network and --offline forbids it; drop one of the two")
    return "refresh" if refresh else "offline" if offline else "normal"


def date_of(option: str, text: str | None) -> dt.date | None:
    """A date of the command line."""
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{option} {text!r} is no date; write YYYY-MM-DD, such as {option} 2017-01-01") from error


@app.command()
def fetch(
    names: Annotated[list[str], typer.Argument(help="Instrument ids, selectors, or the source's own symbols.")],
    source: Annotated[
        list[str] | None,
        typer.Option(help="yahoo, westmetall, fred, french, worldbank; may be repeated; default: who has it."),
    ] = None,
    start: FromOption = None,
    end: ToOption = None,
    refresh: RefreshOption = False,
    offline: OfflineOption = False,
    nonpositive: Annotated[str, typer.Option(help="Prices of zero or below: error or missing.")] = "error",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Get prices into the store and say what came, what is odd about it, and what did not come."""
    if nonpositive not in get_args(Nonpositive):
        raise InputError(f"--nonpositive {nonpositive!r} is not one of error, missing")
    span = Span(date_of("--from", start), date_of("--to", end))
    groups: dict[str, list[str]] = {}
    for name, key in _sources_of(names, split(source) or list(NETWORK_SOURCES)):
        groups.setdefault(key, []).append(name)
    rows: list[Record] = []
    failures: list[FetchError] = []
    with _bar(quiet) as bar:
        for key, wanted in groups.items():
            how = Fetch(
                mode=mode_of(refresh, offline),
                nonpositive="missing" if nonpositive == "missing" else "error",
                progress=bar,
            )
            gathered = gather(feed_of(key), wanted, span, how)
            rows += [_row(feed_of(key), g, span, how, gathered) for g in gathered.got]
            failures += gathered.failures.values()
            if gathered.failures:
                next(iter(gathered.failures.values())).among([g.entry.symbol for g in gathered.got], gathered.missing)
    if as_json:
        print(dumps({"fetched": rows, "failed": [_failure(e) for e in failures]}))
    elif rows and not quiet:
        _print(rows)
        talk.print(f"kept in {Store().folder}", markup=False, soft_wrap=True)
    for error in failures[1:]:
        talk.print(f"error: {error}", style="red", markup=False, soft_wrap=True)
    if failures:
        raise failures[0]


def _sources_of(names: list[str], keys: list[str]) -> Iterator[tuple[str, str]]:
    """Every name with the source that has it; of a selector, the members that no source has are left out."""
    for name in names:
        members = instruments().select([name])
        if members == (name,):
            yield name, source_for(name, keys)
            continue
        for member in members:
            found = [key for key in keys if serves(key, member)]
            if found:
                yield member, found[0]
            else:
                talk.print(f"left out: {member} of {name}: none of {', '.join(keys)} has it", markup=False)


@contextmanager
def _bar(quiet: bool) -> Iterator[Callable[[str, int, int], object]]:
    """A progress bar on stderr, when somebody can see it."""
    if quiet or not talk.is_terminal:
        yield lambda text, done, total: None
        return
    with Progress(console=talk, transient=True) as progress:
        task = progress.add_task("fetching", total=None)
        yield lambda text, done, total: progress.update(task, description=text, completed=done, total=total)


def _row(feed: Feed, got: Got, span: Span, how: Fetch, gathered: Gathered) -> Record:
    """One answer in words; the odd things about its series are looked up as a study would."""
    entry = got.entry
    flags = list(got.flags)
    for id in got.ids:
        try:
            found = table_of(feed, [id], span, how, gathered).flags
        except EventStudyError as error:
            flags.append(str(error))
            continue
        flags += [f"{f.kind} {f.start}..{f.end}" for f in found if f.severity != "info"]
    return {
        "source": entry.source, "symbol": entry.symbol, "ids": list(got.ids), "rows": int(got.days.size),
        "first": str(got.days[0]) if got.days.size else "", "last": str(got.days[-1]) if got.days.size else "",
        "currency": entry.currency, "zone": entry.zone,
        "sha256": entry.sha256, "fetched_at": entry.fetched_at, "from_store": got.from_store,
        "flags": list(dict.fromkeys(flags)),
    }  # fmt: skip


def _failure(error: FetchError) -> Record:
    return {
        "source": error.source, "symbol": error.symbol, "error": type(error).__name__, "reason": error.reason,
        "url": error.url, "status": error.status,
        "retry_after": error.retry_after if isinstance(error, RateLimited) else None,
    }  # fmt: skip


def _print(rows: list[Record]) -> None:
    shown = [
        {
            "source": row["source"], "symbol": row["symbol"], "instruments": " ".join(row["ids"]), "rows": row["rows"],
            "first": row["first"], "last": row["last"], "sha256": row["sha256"][:12],
            "from": "store" if row["from_store"] else "network", "flags": "; ".join(row["flags"]),
        }
        for row in rows
    ]  # fmt: skip
    show("answers", shown, as_json=False)


@cache.command(name="list")
def list_cache(as_json: JsonOption = False) -> None:
    """List what the store holds, oldest first."""
    store = Store()
    rows: list[Record] = [
        {
            "source": e.source, "symbol": e.symbol, "asked": f"{e.asked_from}..{e.asked_to}", "rows": e.rows,
            "first": e.first, "last": e.last, "fetched_at": e.fetched_at[:19], "sha256": e.sha256, "size": e.size,
        }
        for e in store.entries()
    ]  # fmt: skip
    if not rows and not as_json:
        talk.print(f"the store {store.folder} is empty", markup=False, soft_wrap=True)
        return
    for row in [] if as_json else rows:
        row["sha256"] = row["sha256"][:12]
    show("answers", rows, as_json)
    if not as_json:
        size = sum(path.stat().st_size for path in store.raw.iterdir())
        talk.print(f"{size / 1e6:.1f} MB on disk in {store.folder}", markup=False, soft_wrap=True)


@cache.command()
def prune(
    keep: Annotated[
        list[Path] | None, typer.Option(help="Lock file whose data stay; those of this folder stay anyway.")
    ] = None,
) -> None:
    """Drop answers that a newer one of the same range replaces, and leftovers of processes that were killed."""
    locks = [*(keep or []), *sorted(Path().glob("*.lock.toml"))]
    named = {d.sha256 for path in locks for d in read_lock(path).data}
    removed = Store().prune(named, now=time.time())
    talk.print(f"{len(removed)} files removed; kept what {len(locks)} lock files name", markup=False)


@cache.command()
def export(
    folder: Annotated[Path, typer.Argument(help="New store; use it with EVENTSTUDY_CACHE=FOLDER.")],
    lock: Annotated[list[Path] | None, typer.Option(help="Only what this lock file names; may be repeated.")] = None,
) -> None:
    """Copy the store, or what lock files name, to a folder that is a store itself."""
    named = {d.sha256 for path in lock or [] for d in read_lock(path).data}
    source, target = Store(), Store(folder)
    there = target.entries()
    chosen = [e for e in source.entries() if (not lock or e.sha256 in named) and e not in there]
    for entry in chosen:
        target.keep(entry, source.get(entry.sha256))
    talk.print(f"{len(chosen)} answers copied to {folder}", markup=False, soft_wrap=True)
