"""Shared builders: synthetic series by plain loops, price tables from responses, the flagship study."""

from __future__ import annotations

import datetime as dt
import math
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from numpy.typing import NDArray

import eventstudy as es
from eventstudy.cli import main
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.instruments import Instrument, InstrumentTable
from eventstudy.domain.prices import PriceTable, build_table
from eventstudy.verdict import Said, effect, pvalue, size

FloatArray = NDArray[np.float64]

# Examples are whole studies: their time varies with the machine and says nothing; the order must not vary.
settings.register_profile("studies", deadline=None, derandomize=True)
settings.load_profile("studies")


def _levels(values: FloatArray, change: str) -> FloatArray:
    """Levels whose responses are `values`; the first value is lost, the level starts at 100."""
    if change == "as_is":
        return values
    steps = np.concatenate(([0.0], values[1:]))
    if change == "log":
        return np.asarray(100.0 * np.exp(np.cumsum(steps)))
    return np.asarray(100.0 * np.cumprod(1.0 + steps)) if change == "simple" else 100.0 + np.cumsum(steps)


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Call the command in an empty folder: ``run("report", "--json")`` gives exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["eventstudy", *map(str, arguments)])
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0
        else:
            code = 0
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture(scope="session")
def package() -> Path:
    """Folder of the package's source."""
    return Path(__file__).resolve().parents[1] / "eventstudy"


@pytest.fixture(scope="session")
def prices_of() -> Callable[..., PriceTable]:
    """Build a table from responses: ``prices_of({"A": r}, start=..., A="difference")``, log unless named."""

    def build(responses: Mapping[str, FloatArray], *, start: str = "2001-01-01", **change: str) -> PriceTable:
        kinds = {name: change.get(name, "log") for name in responses}
        size = max(len(r) for r in responses.values())
        days = pd.bdate_range(start, periods=size)
        frame = pd.DataFrame({k: _levels(np.asarray(r, dtype=float), kinds[k]) for k, r in responses.items()}, days)
        records = (Instrument(id=k, change=kinds[k], unit="USD") for k in responses)  # type: ignore[arg-type]
        return build_table(frame, InstrumentTable(records), origins=())

    return build


@pytest.fixture(scope="session")
def table_of() -> Callable[..., PriceTable]:
    """Build a table from levels (NaN where there is no price) on given days."""

    def build(levels: Mapping[str, object], days: object, **change: str) -> PriceTable:
        frame = pd.DataFrame(dict(levels), index=pd.DatetimeIndex(days))  # type: ignore[arg-type]
        records = (Instrument(id=k, change=change.get(k, "log"), unit="USD") for k in levels)  # type: ignore[arg-type]
        return build_table(frame, InstrumentTable(records), origins=())

    return build


@pytest.fixture(scope="session")
def event_at() -> Callable[..., Event]:
    """An event whose day 0 is the given row; its side of the price stamp is certain."""

    def build(prices: PriceTable, row: int, id: str = "event", **more: object) -> Event:
        day = pd.Timestamp(prices.frame.index[row]).date()
        return Event(id=id, announced=day, precision="weekend", **more)  # type: ignore[arg-type]

    return build


@pytest.fixture(scope="session")
def garch_series() -> Callable[..., FloatArray]:
    """A GARCH(1,1) path by its definition, one session at a time; long-run standard deviation `sd`."""

    def build(n: int, seed: int, *, alpha: float = 0.08, beta: float = 0.9, sd: float = 0.015) -> FloatArray:
        rng = np.random.default_rng(seed)
        omega = sd**2 * (1.0 - alpha - beta)
        h, out = sd**2, np.empty(n)
        for t in range(n):
            out[t] = np.sqrt(h) * rng.standard_normal()
            h = omega + alpha * out[t] ** 2 + beta * h
        return out

    return build


@pytest.fixture(scope="session")
def stock_and_market(garch_series: Callable[..., FloatArray]) -> Callable[..., dict[str, FloatArray]]:
    """Responses of a stock ``A`` with beta 0.8 on a market ``M``."""

    def build(n: int, seed: int) -> dict[str, FloatArray]:
        market = garch_series(n, seed + 1000, sd=0.01)
        return {"A": 0.0002 + 0.8 * market + garch_series(n, seed), "M": market}

    return build


@pytest.fixture(scope="session")
def no_events() -> EventTable:
    """No announcement is known: nothing is masked."""
    return EventTable([])


@pytest.fixture(scope="session")
def embedded() -> PriceTable:
    """The prices inside the package."""
    return es.load("embedded")


@pytest.fixture(scope="session")
def accord(embedded: PriceTable) -> es.StudyResult:
    """The flagship: the 1994 accord on Alcoa against the 29 other Dow stocks, full configuration."""
    study = es.Study(instruments=["AA"], model=es.MarketModel("DOW29"))
    return study.run(embedded, es.catalog()["six-nation-accord-1994"])


@pytest.fixture(scope="session")
def day_of() -> Callable[[PriceTable, int], dt.date]:
    """Date of a row."""
    return lambda prices, row: pd.Timestamp(prices.frame.index[row]).date()


@pytest.fixture(scope="session")
def traced() -> Callable[[tuple[Said, ...]], None]:
    """Check that every number in every sentence is one of those it is traced to, as the house writes them."""
    # Titles, instruments, windows and fixed phrases hold digits that are no results.
    names = r"“[^”]*”|\b[A-Z-]+\d+[A-Z]?\b|sessions \[-?\d+, -?\d+\]|day -?\d+|days 1 to \d+|1-in-20"

    def check(sentences: tuple[Said, ...]) -> None:
        for said in sentences:
            known: set[str] = set()
            for _, x in said.numbers:
                if math.isfinite(x):
                    known |= {
                        effect(x, "fraction"),
                        size(x, "fraction"),
                        pvalue(x).lstrip("<"),
                        f"{x:.2f}",
                        f"{x:+.0f}",
                    }
                    known |= {f"{x:.2f}", f"{x:+.0f}", f"{100 * x:.4g}%", f"{100 * x:.3g}%", f"{x:.0f}"}
            found = re.findall(r"[-+]?\d[\d.,]*%?", re.sub(names, "", said.text))
            assert not [n for n in found if n.rstrip(".,") not in known], said

    return check
