"""The prices inside the package: 30 Dow stocks in the 1990s, so that a study needs no network."""

from __future__ import annotations

import gzip
import hashlib
import io
from importlib import resources

import pandas as pd

from eventstudy.domain.instruments import Instrument, InstrumentTable, Role
from eventstudy.domain.prices import Origin, PriceTable, build_table
from eventstudy.errors import InputError, UnknownNameError
from eventstudy.sources.base import Request, source

#: Company of each ticker, under its name at the end of the sample.
COMPANIES = {
    "AA": "Alcoa Inc.", "AXP": "American Express", "T": "AT&T Corp.", "BA": "Boeing", "CAT": "Caterpillar",
    "C": "Citigroup", "KO": "Coca-Cola", "DD": "DuPont", "EK": "Eastman Kodak", "XOM": "Exxon Mobil",
    "GE": "General Electric", "GM": "General Motors", "HWP": "Hewlett-Packard", "HD": "Home Depot",
    "HON": "Honeywell", "INTC": "Intel", "IBM": "IBM", "IP": "International Paper",
    "JPM": "J.P. Morgan Chase", "JNJ": "Johnson & Johnson", "MCD": "McDonald's", "MRK": "Merck",
    "MSFT": "Microsoft", "MMM": "Minnesota Mining & Manufacturing", "MO": "Philip Morris",
    "PG": "Procter & Gamble", "SBC": "SBC Communications", "UTX": "United Technologies", "WMT": "Wal-Mart",
    "DIS": "Walt Disney",
}  # fmt: skip
_ROLES: dict[str, Role] = {"AA": "producer", "BA": "consumer", "GM": "consumer"}
_NASDAQ = ("INTC", "MSFT")
_FILE = "dow30_1990s.csv"
_NOTES = (
    "adjusted closes from the R package fBasics 4021.93 (DowJones30), GPL-2.0-or-later",
    "the rows 1990-12-31 and 1991-01-02 are identical: every first return is zero and means nothing",
    "ticks of an eighth of a dollar: about 4% of the returns of AA are exactly zero",
    "AA is Alcoa Inc. (today Howmet), not the Alcoa Corporation that trades as AA since 2016",
)


def company(ticker: str) -> Instrument:
    """Record of one of the 30 stocks, as it was in the 1990s."""
    return Instrument(
        id=ticker,
        name=COMPANIES[ticker],
        role=_ROLES.get(ticker, "stock"),
        region="US",
        currency="USD",
        unit="USD",
        exchange="NASDAQ" if ticker in _NASDAQ else "NYSE",
        benchmark=("DOW29",) if ticker == "AA" else ("DOW30",),
        note="The company before the separation of 2016-11-01." if ticker == "AA" else "",
    )


@source(key="embedded", title="30 Dow stocks, 1990-12-31..2001-01-02, inside the package")
def read_embedded(request: Request) -> PriceTable:
    """The 30 stocks and two equal-weighted portfolios: DOW29 (without AA) and DOW30.

    Returns
    -------
    PriceTable
        Adjusted closes in USD (portfolios: index, 100 at the start); no NaN.

    Raises
    ------
    UnknownNameError
        When a symbol is neither a stock nor a portfolio.
    InputError
        When the request names a place or new names, which only files have.
    """
    if request.where or request.rename:
        raise InputError("the embedded prices are inside the package: they take symbols, no place and no new names")
    table = _whole()
    return table if request.symbols is None else _subset(table, request.symbols)


def _whole() -> PriceTable:
    packed = resources.files("eventstudy.data").joinpath(f"{_FILE}.gz").read_bytes()
    raw = gzip.decompress(packed)
    frame = pd.read_csv(io.BytesIO(raw), index_col="date", parse_dates=["date"])
    origin = Origin(
        source="embedded",
        name=_FILE,
        layout="wide: a date and one column an instrument",
        sha256=hashlib.sha256(raw).hexdigest(),
        ids=tuple(map(str, frame.columns)),
        rows=len(frame),
        notes=_NOTES,
    )
    stocks = build_table(frame, InstrumentTable(company(t) for t in COMPANIES), origins=(origin,))
    others = [t for t in COMPANIES if t != "AA"]
    return stocks.portfolio("DOW29", others, name="equal-weighted 29 other Dow stocks").portfolio(
        "DOW30", COMPANIES, name="equal-weighted 30 Dow stocks"
    )


def _subset(table: PriceTable, names: tuple[str, ...]) -> PriceTable:
    """The columns that `names` (ids or selectors) pick, in that order."""
    chosen = table.instruments.select(names)
    for name in chosen:
        if name not in table:
            raise UnknownNameError("embedded instrument", name, table.ids)
    return PriceTable(
        frame=table.frame[list(chosen)],
        instruments=InstrumentTable(table.instruments[i] for i in chosen),
        origins=table.origins,
        flags=tuple(f for f in table.flags if f.instrument in chosen),
    )
