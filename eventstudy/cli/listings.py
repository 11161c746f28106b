"""``eventstudy events | instruments | models | statistics | sources``: what is there."""

from __future__ import annotations

from eventstudy._typing import Record
from eventstudy.cli.app import JsonOption, app, show
from eventstudy.domain.events import catalog
from eventstudy.domain.instruments import instruments as known_instruments
from eventstudy.inference.base import PAIR_STATISTICS, PANEL_STATISTICS
from eventstudy.inference.sizes import size_words
from eventstudy.models.base import MODELS
from eventstudy.sources.base import known_sources


@app.command()
def events(as_json: JsonOption = False) -> None:
    """List the announcements of the catalogue."""
    rows = [
        {
            "id": e.id,
            "announced": e.when,
            "how": e.how,
            "anticipated": e.anticipated,
            "usable": e.usable,
            "title": e.title,
        }
        for e in catalog().values()
    ]
    show("events", rows, as_json)


@app.command(name="instruments")
def list_instruments(as_json: JsonOption = False) -> None:
    """List the instruments this package knows."""
    rows = [
        {
            "id": i.id, "name": i.name, "role": i.role, "region": i.region, "unit": i.unit, "change": i.change,
            "price struck": f"{i.stamp} {i.tz}", "benchmark": " ".join(i.benchmark),
        }
        for i in known_instruments().values()
    ]  # fmt: skip
    show("instruments", rows, as_json)


@app.command()
def models(as_json: JsonOption = False) -> None:
    """List the expected-return models."""
    show("models", [{"key": e.key, "title": e.title, **e.facts} for e in MODELS], as_json)


@app.command()
def statistics(as_json: JsonOption = False) -> None:
    """List the statistics, with their null, assumptions and source."""
    columns = ("null", "assumptions", "robust", "trust", "min_pairs", "reference")
    rows: list[Record] = []
    for scope, registry in (("one series, one event", PAIR_STATISTICS), ("across pairs", PANEL_STATISTICS)):
        for entry in registry:
            words = {c: entry.facts.get(c, "") for c in columns} | {"measured size": size_words(entry.key)}
            rows.append({"key": entry.key, "scope": scope, "title": entry.title} | words)
    show("statistics", rows, as_json, narrow=("key", "scope", "title", "null", "assumptions"))


@app.command()
def sources(as_json: JsonOption = False) -> None:
    """List where prices can come from."""
    show("sources", [{"key": e.key, "title": e.title, "network": e.network} for e in known_sources().values()], as_json)
