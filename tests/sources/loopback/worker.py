"""What the children of the store's test do: fetch the same things into one store, again and again."""

from __future__ import annotations

import os
from pathlib import Path

import requests  # the forkserver has it then, and no child waits for it

from eventstudy.sources.feed import Fetch, Span
from eventstudy.sources.http import Line, Patience
from eventstudy.sources.network import load_network
from eventstudy.sources.store import Store


def fetch_again(folder: str, environment: dict[str, str], source: str, names: list[str], rounds: int) -> None:
    """Refresh `names` `rounds` times."""
    assert requests.__name__
    os.environ.update(environment)
    for _ in range(rounds):
        how = Fetch(mode="refresh", store=Store(Path(folder)), line=Line(patience=Patience(spacing=0.0, first=0.01)))
        load_network(source, names, Span(), how)
