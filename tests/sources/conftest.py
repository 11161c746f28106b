"""Loopback servers, a store of one's own, and a line to the network that never waits."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from eventstudy.sources.feed import Fetch
from eventstudy.sources.http import Line, Patience
from eventstudy.sources.store import Store
from tests.sources.loopback.fake_web import FakeWeb
from tests.sources.loopback.fake_yahoo import FakeYahoo

NOW = dt.datetime(2024, 6, 3, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    """A certificate authority for these tests, and its certificate as a file."""
    made = trustme.CA()
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    made.cert_pem.write_to_path(path)
    return made, path


@pytest.fixture
def yahoo(authority: tuple[trustme.CA, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeYahoo]:
    """Yahoo, as this process and its children see it."""
    made, path = authority
    with FakeYahoo(made) as server:
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, server.url)
        for name in ("NO_PROXY", "no_proxy", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
        yield server


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeWeb]:
    """Westmetall, FRED, French and the World Bank, as this process and its children see them."""
    with FakeWeb() as server:
        for name in ("WESTMETALL", "FRED", "FRENCH", "WORLDBANK"):
            monkeypatch.setenv(f"EVENTSTUDY_{name}_URL", server.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield server


@pytest.fixture
def waits() -> list[float]:
    """Seconds that the line would have slept."""
    return []


@pytest.fixture
def line(waits: list[float]) -> Line:
    """No wait is real; every one is noted."""
    patience = Patience(attempts=3, spacing=0.0, timeout=10.0)
    return Line(patience=patience, rng=random.Random(1), sleep=waits.append, now=lambda: NOW)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(tmp_path / "store")


@pytest.fixture
def how(store: Store, line: Line) -> Callable[..., Fetch]:
    """``how(mode="refresh")``: that store and that line."""

    def make(**more: object) -> Fetch:
        return Fetch(**{"store": store, "line": line, **more})  # type: ignore[arg-type]

    return make


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files whose bytes are read, in their order."""
    names: list[str] = []
    real = Path.read_bytes

    def watched(self: Path) -> bytes:
        names.append(self.name)
        return real(self)

    monkeypatch.setattr(Path, "read_bytes", watched)
    return names
