"""What a result was made from: inputs by hash, settings, versions. No clock: equal inputs, equal record."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from importlib import metadata

from eventstudy._typing import Record
from eventstudy.domain.events import EventTable
from eventstudy.domain.prices import Origin, PriceTable

LIBRARIES = ("numpy", "scipy", "pandas", "statsmodels", "arch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Inputs, settings and versions behind a result.

    Attributes
    ----------
    versions : dict
        Package -> version.
    origins : tuple of Origin
        Files or datasets that gave the instruments of the study.
    prices_sha256 : str
        Fingerprint of the price table that entered.
    events : tuple of str
        Ids of the events under study, with their announced times.
    settings : dict
        The study as plain values.
    settings_sha256 : str
    """

    versions: dict[str, str]
    origins: tuple[Origin, ...]
    prices_sha256: str
    events: tuple[str, ...]
    settings: Record
    settings_sha256: str

    def to_record(self) -> Record:
        """Plain dict for JSON."""
        return asdict(self)


def make_provenance(prices: PriceTable, used: Iterable[str], events: EventTable, settings: Record) -> Provenance:
    """Record the inputs that concern `used` instruments."""
    ids = set(used)
    text = json.dumps(settings, sort_keys=True, default=str)
    versions = {"aluminum-eventstudy": _version("aluminum-eventstudy"), "python": platform.python_version()}
    return Provenance(
        versions=versions | {name: _version(name) for name in LIBRARIES},
        origins=tuple(o for o in prices.origins if ids & set(o.ids) or not o.ids),
        prices_sha256=prices.fingerprint(),
        events=tuple(f"{e.id}: {e.when}" for e in events.values()),
        settings=settings,
        settings_sha256=hashlib.sha256(text.encode()).hexdigest(),
    )


@cache
def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
