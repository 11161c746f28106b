"""Westmetall's pages, FRED's downloads and French's zip files, over plain HTTP."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from urllib.parse import parse_qs, urlsplit

from tests.sources.loopback.base import HTML, TEXT, Handler, Loopback
from tests.sources.loopback.numbers import between

METALS = {"LME_Al_cash": "Aluminium", "LME_Cu_cash": "Copper", "LME_Zn_cash": "Zinc", "LME_Ni_cash": "Nickel"}
SERIES = ("DGS3MO", "PALUMUSDM", "VIXCLS")
FACTORS = {
    "F-F_Research_Data_5_Factors_2x3_daily": ("Mkt-RF", "SMB", "HML", "RMW", "CMA", "RF"),
    "F-F_Momentum_Factor_daily": ("Mom",),
}
FIRST, LAST = dt.date(2018, 1, 1), dt.date(2018, 12, 31)


def westmetall_page(field: str, year: int, fault: str, add: float = 0.0) -> bytes:
    """One year's table; the header is repeated at the end, as the site does."""
    metal = METALS[field]
    year = year - 1 if fault == "wrong-year" else year
    names = ("Cash-Settlement", "3-month", "stock")
    head = "<tr><th>date</th>" + "".join(f"<th>LME {metal} {n}</th>" for n in names) + "</tr>"
    rows = []
    cash = between(f"{metal}-CASH", dt.date(year, 1, 1), dt.date(year, 12, 31)) if year >= 2008 else {}
    for day, value in reversed(cash.items()):
        stock = f"{round(value * 1000):,}"
        three = "-" if day == dt.date(2018, 4, 6) else f"{20 * value + 12.5 + add:,.2f}"
        price = "0.00" if fault == "zero" and day.day == 5 else f"{20 * value + add:,.2f}"
        price = "n/a" if fault == "bad-number" and day.day == 5 else price
        name = day.strftime("%B") if fault != "bad-date" or day.day != 5 else "Mai"
        rows.append(
            f"<tr><td>{day.day:02d}. {name} {day.year}</td><td>{price}</td><td>{three}</td><td>{stock}</td></tr>"
        )
    if fault == "empty-table":
        rows = []
    table = f"<table>{head}{''.join(rows)}{head}</table>"
    page = f"<!DOCTYPE html><html><head><title>Westmetall</title></head><body><h1>x</h1>{table}</body></html>"
    return page.encode()


def fred_csv(series: str, fault: str, add: float = 0.0) -> bytes:
    """Two columns; one value is missing."""
    head = f"observation_date,{'OTHER' if fault == 'wrong-symbol' else series}"
    rows = [
        f"{d},{'.' if d == dt.date(2018, 7, 4) else round(v + add, 2)}" for d, v in between(series, FIRST, LAST).items()
    ]
    if fault == "unsorted":
        rows.reverse()
    if fault == "bad-number":
        rows[5] = rows[5].split(",")[0] + ",abc"
    return "\n".join([head, *rows, ""]).encode()


def french_zip(name: str, fault: str) -> bytes:
    """The zip with preamble, header, rows of percent, copyright."""
    factors = FACTORS[name]
    walks = [between(f, FIRST, LAST) for f in factors]
    rows = [f"{d:%Y%m%d}," + ",".join(f"{w[d] / 100 - 1:8.2f}" for w in walks) for d in walks[0]]
    rows[3] = rows[3].split(",")[0] + "," + ",".join("  -99.99" for _ in factors)
    if fault == "unsorted":
        rows.reverse()
    text = "\r\n".join(
        ["This file was created by nobody.", "", "," + ",".join(factors), *rows, "", "Copyright nobody", ""]
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(f"{name}.csv", (2020, 1, 1, 0, 0, 0)), text)
    return packed.getvalue()


class _WebHandler(Handler):
    def do_GET(self) -> None:
        where = urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(where.query).items()}
        self.server.seen.append(self.path)
        fault = self.server.fault
        name = query.get("field") or query.get("id") or where.path.rpartition("/")[2].removesuffix("_CSV.zip")
        fault = self.server.faults.get(name, fault)
        add = self.server.revised.get(name, 0.0)
        if where.path == "/en/markdaten.php" and name in METALS:
            body, kind = westmetall_page(name, int(query["year"]), fault, add), HTML
        elif where.path == "/graph/fredgraph.csv" and name in SERIES:
            body, kind = fred_csv(name, fault, add), "text/csv"
        elif name in FACTORS:
            body, kind = french_zip(name, fault), "application/zip"
        else:
            self.reply(b"<html>no such thing</html>", 404, HTML)
            return
        if fault == "404":
            self.reply(b"<html>no such thing</html>", 404, HTML)
        elif fault == "500":
            self.reply(b"oops", 500, TEXT)
        elif not self.broken(fault, body):
            self.reply(body, 200, kind)


class FakeWeb(Loopback):
    """The three sites on one port."""

    def __init__(self) -> None:
        super().__init__(_WebHandler)
