"""The network sources by key, and the table of prices that their answers make."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from eventstudy._typing import DateArray, FloatArray
from eventstudy.domain.instruments import Instrument, InstrumentTable, instruments
from eventstudy.domain.prices import Origin, PriceTable, build_table
from eventstudy.errors import InputError, NoDataInRange, UnknownNameError
from eventstudy.sources.assemble import combine
from eventstudy.sources.bars import total_return
from eventstudy.sources.base import Request, source
from eventstudy.sources.feed import Column, Feed, Fetch, Gathered, Got, Span
from eventstudy.sources.fred import FredFeed
from eventstudy.sources.french import FrenchFeed
from eventstudy.sources.gather import gather, legs_of, record_of
from eventstudy.sources.westmetall import WestmetallFeed
from eventstudy.sources.worldbank import WorldBankFeed
from eventstudy.sources.yahoo import YahooFeed

#: Asked in this order when nobody names a source.
NETWORK_SOURCES = ("yahoo", "westmetall", "fred", "french", "worldbank")
#: Begins the note of an answer that holds a session which was not over.
_CUT = "sessions that were over: up to "


def feed_of(key: str) -> Feed:
    """A network source by its key.

    Raises
    ------
    UnknownNameError
        With the known ones.
    """
    made: dict[str, Callable[[], Feed]] = {
        "yahoo": YahooFeed, "westmetall": WestmetallFeed, "fred": FredFeed, "french": FrenchFeed,
        "worldbank": WorldBankFeed,
    }  # fmt: skip
    if key not in made:
        raise UnknownNameError("network source", key, made)
    return made[key]()


def serves(key: str, name: str) -> bool:
    """Whether a network source has an instrument, as far as the catalogue knows; a leg counts for its spread."""
    feed = feed_of(key)
    try:
        return all(record_of(feed, id) for id in legs_of(name))
    except UnknownNameError:
        return False


def source_for(name: str, keys: Sequence[str] = NETWORK_SOURCES) -> str:
    """The first of `keys` that has the instrument.

    Raises
    ------
    UnknownNameError
        When none has.
    """
    for key in keys:
        if serves(key, name):
            return key
    served = [i for i in instruments() if any(serves(k, i) for k in keys)]
    raise UnknownNameError("instrument", name, served, hint=f"(none of {', '.join(keys)} has it)")


def load_network(key: str, names: Sequence[str], span: Span, how: Fetch) -> PriceTable:
    """Prices of `names` (ids, selectors, or the source's own symbols) from one network source.

    Returns
    -------
    PriceTable
        Levels inside `span`; sessions of the day of the request are left out, since they may not be over.

    Raises
    ------
    FetchError
        The first failure, typed; what was had is in the store, and the error says what that is.
    InputError
        No name.
    """
    if not names:
        raise InputError(f"the source {key!r} needs symbols, such as es.load({key!r}, ['AA'])")
    feed = feed_of(key)
    gathered = gather(feed, names, span, how)
    gathered.require_all()
    return table_of(feed, names, span, how, gathered)


def load_first(
    sources: Sequence[str],
    names: Sequence[str],
    *,
    required: Sequence[str],
    in_files: Callable[[str], PriceTable | None],
    span: Span,
    how: Fetch,
) -> PriceTable:
    """Every one of `names` from the first of `sources` that has it.

    Parameters
    ----------
    sources : sequence of str
        Keys of network sources, and ``files``.
    required : sequence of str
        Names that must be had; another one that no source has is left out.
    in_files : callable
        The table of one name from the user's files, None when they do not have it.

    Raises
    ------
    UnknownNameError
        When no source has a required name.
    FetchError
        When a source that has a name does not deliver it, required or not: a study must not change with the weather.
    """
    table: PriceTable | None = None
    groups: dict[str, list[str]] = {}
    for name in names:
        for key in sources:
            if key == "files":
                found = None if table and table.provides(name) else in_files(name)
                table = found if table is None else joined_new(table, found) if found else table
                if table is not None and table.provides(name):
                    break
            elif serves(key, name):
                groups.setdefault(key, []).append(name)
                break
        else:
            if name in required:
                source_for(name, [k for k in sources if k != "files"])
    for key, members in groups.items():
        found = load_network(key, members, span, how)
        table = found if table is None else joined_new(table, found)
    if table is None:
        raise InputError("no instrument: name at least one with instruments = [...] or -i")
    return table


def joined_new(table: PriceTable, found: PriceTable) -> PriceTable:
    """`table` and the columns of `found` that it lacks: one answer may serve several wanted instruments."""
    return table.joined(found.without([i for i in found.ids if i in table]))


def table_of(feed: Feed, names: Sequence[str], span: Span, how: Fetch, gathered: Gathered) -> PriceTable:
    """The table of what was gathered."""
    ids = list(dict.fromkeys(record_of(feed, id).id for name in names for id in legs_of(name)))
    tables, notes = [], {}
    for id in ids:
        one = record_of(feed, id)
        parts = [g for g in gathered.got if id in g.ids]
        joined, note = _joined(one, parts, span, feed)
        notes[id] = note
        frame = pd.DataFrame({id: joined.values}, index=_index(joined.days))
        bars = {id: pd.DataFrame(dict(joined.bars), index=frame.index)} if joined.bars else {}
        tables.append(build_table(frame, InstrumentTable([one]), origins=(), nonpositive=how.nonpositive, bars=bars))
    origins = [_origin(feed, g, span, notes) for g in gathered.got]
    return combine(tables, origins).with_derived(instruments().select(names))


def _index(days: DateArray) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(days.astype("datetime64[ns]"), name="date")


@dataclass(frozen=True, slots=True)
class _Joined:
    """One series over all its parts, inside the span."""

    days: DateArray
    values: FloatArray
    bars: dict[str, FloatArray]


def _joined(one: Instrument, parts: Sequence[Got], span: Span, feed: Feed) -> tuple[_Joined, str]:
    """Pieces one after the other, cut to the span, and what the price is.

    The total return starts inside the span: the level does not depend on how much more the store holds.
    """
    pieces = [(g, g.parsed.columns[one.id]) for g in parts if one.id in g.parsed.columns]
    kept = [_cut(column, Span(span.start, _end(span, g))) for g, column in pieces]
    kept = [c for c in kept if c.days.size and not np.isnan(c.values).all()]
    if not kept:
        reach = f"{span.start or 'its beginning'} and {span.end or 'now'}"
        raise NoDataInRange(f"no price between {reach}", source=feed.key, symbol=feed.symbol(one))
    days = np.concatenate([c.days for c in kept])
    values = np.concatenate([c.values for c in kept])
    names = [n for n in kept[0].bars if all(n in c.bars for c in kept)]
    bars = {n: np.concatenate([c.bars[n] for c in kept]) for n in names}
    paid = np.concatenate([c.dividends if c.dividends is not None else np.zeros(c.days.size) for c in kept])
    count = int((paid > 0.0).sum())
    if count == 0 or one.change not in ("log", "simple"):
        return _Joined(days, values, bars), ""
    return _Joined(days, total_return(values, paid), bars), f"{one.id} is its total return with {count} dividends"


def _end(span: Span, got: Got) -> dt.date:
    """Sessions that were not over when the answer was had are no part of it."""
    return min(got.entry.over, span.end) if span.end else got.entry.over


def cut_at(origin: Origin) -> str:
    """Last date that counts of an answer that holds later ones, ``""`` when all of it counts."""
    return next((n.removeprefix(_CUT) for n in origin.notes if n.startswith(_CUT)), "")


def _cut(column: Column, span: Span) -> Column:
    inside = span.holds(column.days)
    return Column(
        days=column.days[inside],
        values=column.values[inside],
        dividends=None if column.dividends is None else column.dividends[inside],
        bars={n: v[inside] for n, v in column.bars.items()},
    )


def _origin(feed: Feed, got: Got, span: Span, notes: dict[str, str]) -> Origin:
    """What a result says about one answer. No clock: the same bytes give the same words."""
    entry = got.entry
    year = f" {entry.asked_from[:4]}" if entry.asked_from[5:] == "01-01" and entry.asked_to[5:] == "12-31" else ""
    said = [notes[i] for i in got.ids if notes.get(i)]
    days = got.parsed.known_days
    if (Span(None, span.end).holds(days) & ~Span(None, entry.over).holds(days)).any():
        said.append(f"{_CUT}{entry.over}")
    return Origin(
        source=feed.key, name=f"{entry.symbol}{year}", layout=feed.layout, sha256=entry.sha256, ids=got.ids,
        rows=entry.rows, notes=(*said, *got.parsed.notes),
    )  # fmt: skip


def _read(key: str, request: Request) -> PriceTable:
    """What `load` asks for."""
    if request.rename:
        raise InputError(f"the source {key!r} takes symbols and no new names")
    names = (*request.where, *(request.symbols or ()))
    return load_network(
        key, names, Span(request.start, request.end), Fetch(mode=request.mode, nonpositive=request.nonpositive)
    )


@source(key="yahoo", title="Yahoo, through yfinance: daily bars with dividends", network=True)
def read_yahoo(request: Request) -> PriceTable:
    """Daily closes of Yahoo; total returns where there are dividends."""
    return _read("yahoo", request)


@source(key="westmetall", title="LME official prices and stocks, from 2008", network=True)
def read_westmetall(request: Request) -> PriceTable:
    """LME cash, 3-month and stocks as Westmetall publishes them."""
    return _read("westmetall", request)


@source(key="fred", title="series of the Federal Reserve Bank of St. Louis", network=True)
def read_fred(request: Request) -> PriceTable:
    """Any series of FRED by its id."""
    return _read("fred", request)


@source(key="french", title="daily factors of Ken French's data library", network=True)
def read_french(request: Request) -> PriceTable:
    """Daily factors, as fractions."""
    return _read("french", request)


@source(key="worldbank", title="World Bank Pink Sheet: monthly commodity prices", network=True)
def read_worldbank(request: Request) -> PriceTable:
    """Monthly means of any column of the Pink Sheet."""
    return _read("worldbank", request)
