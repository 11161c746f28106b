"""What a price series is: its role, unit, the clock time of its price, its benchmark."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from eventstudy._typing import Change
from eventstudy.errors import InputError, UnknownNameError

Role = Literal["price", "premium", "spread", "stocks", "stock", "producer", "consumer", "market", "fx", "factor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One series that can react to an announcement, or explain one that does.

    Attributes
    ----------
    id : str
        Unique name, used everywhere.
    name : str
        Words for a report.
    role : str
        ``price`` (spot, futures), ``premium``, ``spread``, ``stocks`` (warehouse), ``stock`` (any equity),
        ``producer``, ``consumer``, ``market``, ``fx``, ``factor``.
    region : str
        ISO country code of the operations that matter for aluminum, or ``world``; may name several (``US+CA``).
    currency, unit : str
        Unit of the *level* (``USD/t``, ``USD``). The unit of a response is `response_unit`.
    change : {"log", "simple", "difference", "as_is"}
        How a level becomes a response.
    exchange : str
        Where the price is struck.
    tz, stamp : str
        Time zone and local clock time at which the daily price is struck; they decide day 0.
    benchmark : tuple of str
        Default benchmarks, struck no later than the instrument. Empty: none, use a constant mean.
    later_benchmark : tuple of str
        Used with lags when there is no default benchmark and the prices hold it: a market struck after the instrument.
    local_index : str
        An index of the instrument's own market, for a user who wants one.
    first_valid : date or None
        Earlier rows under this symbol belong to something else.
    predecessor : str
        What the earlier rows are, and under which id they can be read.
    symbols : dict
        Source name -> symbol or aliases there.
    minuend, subtrahend : str
        For a derived instrument: it is ``minuend - subtrahend``.
    stamp_assumed : bool
        True when nobody said when the price is struck.
    note : str
        What a user should know.
    """

    id: str
    name: str = ""
    role: Role = "stock"
    region: str = ""
    currency: str = ""
    unit: str = ""
    change: Change = "log"
    exchange: str = ""
    tz: str = "America/New_York"
    stamp: str = "16:00"
    benchmark: tuple[str, ...] = ()
    later_benchmark: tuple[str, ...] = ()
    local_index: str = ""
    first_valid: dt.date | None = None
    predecessor: str = ""
    symbols: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    minuend: str = ""
    subtrahend: str = ""
    stamp_assumed: bool = False
    note: str = ""

    def __post_init__(self) -> None:
        if self.role not in get_args(Role):
            raise InputError(f"instrument {self.id!r}: role {self.role!r} is not one of {get_args(Role)}")
        if self.change not in get_args(Change):
            raise InputError(f"instrument {self.id!r}: change {self.change!r} is not one of {get_args(Change)}")
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", self.stamp):
            raise InputError(f"instrument {self.id!r}: stamp {self.stamp!r} must be HH:MM, such as '16:00'")
        try:
            ZoneInfo(self.tz)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise InputError(
                f"instrument {self.id!r}: {self.tz!r} is no IANA time zone, such as 'Europe/London'"
            ) from error

    @property
    def response_unit(self) -> str:
        """Unit of a response and of every effect: ``fraction`` for returns, the level's unit for differences."""
        if self.change in ("log", "simple"):
            return "fraction"
        return self.unit or ("fraction" if self.change == "as_is" else "level")

    @property
    def label(self) -> str:
        """Name for a sentence, such as ``Alcoa Corporation (AA)``."""
        return f"{self.name} ({self.id})" if self.name and self.name != self.id else self.id

    def struck_at(self, session: dt.date) -> dt.datetime:
        """Instant (UTC) at which the price of `session` is struck."""
        hour, minute = (int(part) for part in self.stamp.split(":"))
        local = dt.datetime(session.year, session.month, session.day, hour, minute, tzinfo=ZoneInfo(self.tz))
        return local.astimezone(dt.UTC)

    def aliases(self, source: str) -> tuple[str, ...]:
        """What `source` calls this instrument."""
        return tuple(self.symbols.get(source, ()))


class InstrumentTable(Mapping[str, Instrument]):
    """Ordered instruments with unique ids; selectors such as ``role:producer`` pick several."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self._by_id: dict[str, Instrument] = {}
        for one in instruments:
            if one.id in self._by_id:
                raise InputError(f"instrument id {one.id!r} occurs twice")
            self._by_id[one.id] = one

    def __getitem__(self, key: str) -> Instrument:
        if key not in self._by_id:
            raise UnknownNameError("instrument", key, self._by_id, hint="(eventstudy instruments lists them)")
        return self._by_id[key]

    def __contains__(self, key: object) -> bool:
        return key in self._by_id

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def __repr__(self) -> str:
        return f"InstrumentTable({len(self)} instruments: {', '.join(list(self)[:6])}, ...)"

    @staticmethod
    def is_selector(name: str) -> bool:
        """Whether `name` stands for a group (``role:producer``) rather than for one id."""
        key, colon, _ = name.partition(":")
        return bool(colon) and key in ("role", "region", "exchange")

    def select(self, names: Iterable[str]) -> tuple[str, ...]:
        """Ids for a list of ids and selectors (``role:producer``, ``region:CA``, ``exchange:LME``).

        An id this table does not hold is passed through: the price table may know it.
        """
        chosen: list[str] = []
        for name in names:
            if not self.is_selector(name):
                chosen.append(name)
                continue
            key, _, value = name.partition(":")
            hits = [i.id for i in self._by_id.values() if value in str(getattr(i, key)).split("+")]
            if not hits:
                values = sorted({part for i in self._by_id.values() for part in str(getattr(i, key)).split("+")})
                raise UnknownNameError(f"{key} in selector", value, values)
            chosen += hits
        return tuple(dict.fromkeys(chosen))

    def by_alias(self, source: str, alias: str) -> Instrument | None:
        """The instrument that `source` calls `alias` (case-insensitive), else None."""
        wanted = alias.casefold()
        for one in self._by_id.values():
            if wanted == one.id.casefold() or wanted in (a.casefold() for a in one.aliases(source)):
                return one
        return None


def instrument_from_record(record: Mapping[str, Any]) -> Instrument:
    """Build an instrument from one TOML table; unknown keys are an error."""
    fields = set(Instrument.__dataclass_fields__)
    unknown = sorted(set(record) - fields)
    if unknown:
        raise InputError(f"instrument {record.get('id', '?')!r}: unknown keys {unknown}; allowed: {sorted(fields)}")
    values = dict(record)
    for key in ("benchmark", "later_benchmark"):
        values[key] = tuple(values.get(key, ()))
    values["symbols"] = {
        source: (names,) if isinstance(names, str) else tuple(names)
        for source, names in values.get("symbols", {}).items()
    }
    return Instrument(**values)


@cache
def instruments() -> InstrumentTable:
    """The instruments this package knows: aluminum prices, producers, consumers, benchmarks.

    Examples
    --------
    >>> instruments()["LME-3M"].benchmark
    ('LME-CU-3M', 'LME-ZN-3M')
    >>> instruments()["LME-SPREAD"].response_unit
    'USD/t'
    """
    text = resources.files("eventstudy").joinpath("catalog", "instruments.toml").read_text(encoding="utf-8")
    return InstrumentTable(instrument_from_record(r) for r in tomllib.loads(text)["instrument"])
