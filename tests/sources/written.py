"""Files written for a test, and what was read of them."""

from pathlib import Path

import pytest

from eventstudy.domain.prices import PriceTable
from eventstudy.sources.base import load

DATA = Path(__file__).parents[2].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")

YAHOO = """Date,Open,High,Low,Close,Adj Close,Volume
2024-01-02,10.0,11.0,9.5,10.5,10.0,1000
2024-01-03,10.5,12.0,10.0,11.5,11.0,0
"""
LME = "date,cash_settlement,three_month,lme_stock\n2024-01-02,2300.5,2350.0,549050\n2024-01-03,2290.0,,-5\n"
FRENCH = """This file was created by using the 202601 CRSP database.
The Tbill return is the simple daily rate that, over the number of trading days

,Mkt-RF,SMB,HML,RMW,CMA,RF
20240102,   -0.70,    0.25,  -99.99,   -0.01,    0.16,    0.01
20240103,    0.79,   -0.26,    0.26,    -999,   -0.20,    0.01

Copyright 2026 Eugene F. Fama and Kenneth R. French
"""


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> str:
    """A file with exactly these bytes; its path as text."""
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return str(path)


def read(folder: Path, name: str, text: str, **options: object) -> PriceTable:
    """What `load` makes of one file."""
    return load("files", write(folder, name, text), **options)  # type: ignore[arg-type]


def levels(table: PriceTable, name: str) -> dict[str, float]:
    """Date -> level, dates without a level left out."""
    return {f"{day:%Y-%m-%d}": float(value) for day, value in table.frame[name].dropna().items()}


def notes(table: PriceTable) -> str:
    """All notes of all origins."""
    return " | ".join(note for origin in table.origins for note in origin.notes)
