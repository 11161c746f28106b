"""Where prices come from: one request, one registry, one verb."""

from __future__ import annotations

import datetime as dt
import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, get_args

from eventstudy.domain.instruments import instruments
from eventstudy.domain.intraday import Intraday
from eventstudy.domain.prices import PriceTable
from eventstudy.errors import InputError, UnknownNameError

#: What to do with two rows of one date that disagree.
Duplicates = Literal["error", "last"]
#: What a price of zero or below is.
Nonpositive = Literal["error", "missing"]
#: Order of day, month and year in dates that could be read in two ways.
DateOrder = Literal["auto", "ymd", "dmy", "mdy"]
#: normal: the store where it covers the range, else the network; refresh: the network; offline: the store.
Mode = Literal["normal", "refresh", "offline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a source is asked for.

    Attributes
    ----------
    where : tuple of str
        Places to read from, as given: files or one folder for ``files``, nothing for ``embedded``.
    symbols : tuple of str or None
        Instrument ids or selectors (``role:producer``); None takes everything.
    rename : mapping of str to str, or str, or None
        Identity that wins over what the source says: old name -> instrument id, or one id for a source
        that holds a single series.
    duplicates : {"error", "last"}
        Two rows of one date that disagree are an error, or the later one counts.
    nonpositive : {"error", "missing"}
        What a price of zero or below is where returns are log or simple.
    dates : {"auto", "ymd", "dmy", "mdy"}
        How to read dates such as 03/04/2024 that fit two orders.
    intraday : Intraday or None
        Zone, stamp and length of bars, for files whose rows have clock times.
    start, end : date or None
        Range that a network source is asked for, both ends included; None is as far as it goes.
    mode : {"normal", "refresh", "offline"}
        Whether a network source uses its store, asks again, or may not ask at all.
    """

    where: tuple[str, ...] = ()
    symbols: tuple[str, ...] | None = None
    rename: Mapping[str, str] | str | None = None
    duplicates: Duplicates = "error"
    nonpositive: Nonpositive = "error"
    dates: DateOrder = "auto"
    intraday: Intraday | None = None
    start: dt.date | None = None
    end: dt.date | None = None
    mode: Mode = "normal"

    def __post_init__(self) -> None:
        kinds = (("duplicates", Duplicates), ("nonpositive", Nonpositive), ("dates", DateOrder), ("mode", Mode))
        for name, kind in kinds:
            value = getattr(self, name)
            if value not in get_args(kind):
                raise InputError(f"{name} = {value!r} is not one of {', '.join(map(repr, get_args(kind)))}")
        if self.symbols is not None and not self.symbols:
            raise InputError("symbols is empty: name at least one instrument, or leave it out for all")


def as_symbols(symbols: Sequence[str] | None) -> tuple[str, ...] | None:
    """`symbols` as a tuple; a lone string is an error, because it would be taken letter by letter."""
    if isinstance(symbols, str):
        raise InputError(f"symbols = {symbols!r} is one string; give a list: [{symbols!r}]")
    return None if symbols is None else tuple(symbols)


class Source(Protocol):
    """Anything that answers a request with a table of prices."""

    def __call__(self, request: Request) -> PriceTable:
        """Read what `request` names."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEntry:
    """One row of the registry.

    Attributes
    ----------
    key : str
        Name under which `load` finds it.
    title : str
        What it is, for a listing.
    network : bool
        Whether it talks to another computer.
    read : Source
        The function.
    """

    key: str
    title: str
    network: bool
    read: Source


#: Every source by its key; `source` fills it while the modules of this package are imported.
SOURCES: dict[str, SourceEntry] = {}


def source(*, key: str, title: str, network: bool = False) -> Callable[[Source], Source]:
    """Register the decorated function as the source `key`.

    Raises
    ------
    InputError
        When the key is taken.
    """

    def register(read: Source) -> Source:
        if key in SOURCES:
            raise InputError(f"source {key!r} is registered twice")
        SOURCES[key] = SourceEntry(key=key, title=title, network=network, read=read)
        return read

    return register


def known_sources() -> Mapping[str, SourceEntry]:
    """Every source, by key: imports the modules of this package first, so a new source is one new file."""
    package = importlib.import_module("eventstudy.sources")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return dict(sorted(SOURCES.items()))


def load(
    source: str,
    where: str | Path | Sequence[str] = (),
    *,
    symbols: Sequence[str] | None = None,
    rename: Mapping[str, str] | str | None = None,
    duplicates: Duplicates = "error",
    nonpositive: Nonpositive = "error",
    dates: DateOrder = "auto",
    intraday: Intraday | None = None,
    start: str | dt.date | None = None,
    end: str | dt.date | None = None,
    mode: Mode = "normal",
) -> PriceTable:
    """Load prices.

    Parameters
    ----------
    source : str
        ``"embedded"``, ``"files"``, ``"yahoo"``, ...; `known_sources` lists all.
    where : str, Path or sequence of str
        For ``files``: one file, one folder, or several files. Nothing for ``embedded``. For a network source its
        symbols, or instrument ids.
    symbols : sequence of str, optional
        Instrument ids or selectors (``role:producer``), default everything. ``LME-SPREAD`` brings its legs.
    rename : mapping or str, optional
        Old name -> instrument id, or one id for a single series; wins over what the source says (``--as``).
    duplicates : {"error", "last"}
        Two rows of one date that disagree: an error, or the later row counts. Identical rows are merged.
    nonpositive : {"error", "missing"}
        A price of zero or below, where returns are log or simple: an error, or treated as missing.
    dates : {"auto", "ymd", "dmy", "mdy"}
        How to read dates that fit two orders; ``auto`` asks when in doubt.
    intraday : Intraday, optional
        For files whose rows have several clock times a day: their zone (where no UTC offset says it), whether they
        mark the start or the end of a bar, its length.
    start, end : str or date, optional
        For network sources: range, both ends included, default as far as the source goes.
    mode : {"normal", "refresh", "offline"}
        For network sources: take the store where it covers the range, ask again, or make no request.

    Returns
    -------
    PriceTable
        Levels in each instrument's unit. NaN where there is no price; nothing is filled.

    Raises
    ------
    UnknownNameError
        When the source is unknown, or does not have a symbol.
    InputError
        When an option is not allowed, or (`FileFormatError`, with line and column) a file cannot be read.

    Examples
    --------
    >>> load("embedded", symbols=["AA", "DOW29"])
    PriceTable(2 instruments, 2529 dates 1990-12-31..2001-01-02: AA, DOW29)
    """
    entries = known_sources()
    if source not in entries:
        raise UnknownNameError("source", source, entries)
    if intraday is not None and source != "files":
        raise InputError(f"intraday bars are read from files; {source!r} has daily prices")
    if not entries[source].network and (start, end, mode) != (None, None, "normal"):
        raise InputError(f"start, end and mode are for sources with a network; {source!r} is read as it is")
    request = Request(
        where=(str(where),) if isinstance(where, str | Path) else tuple(map(str, where)),
        symbols=as_symbols(symbols),
        rename=rename,
        duplicates=duplicates,
        nonpositive=nonpositive,
        dates=dates,
        intraday=intraday,
        start=_date("start", start),
        end=_date("end", end),
        mode=mode,
    )
    table = entries[source].read(request)
    return table if symbols is None else table.with_derived(instruments().select(symbols))


def _date(name: str, value: str | dt.date | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError as error:
        raise InputError(f"{name} = {value!r} is no date; write YYYY-MM-DD") from error
