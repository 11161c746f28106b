"""Westmetall's pages, FRED's downloads, French's zip files and the World Bank's workbook, over plain HTTP."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from urllib.parse import parse_qs, urlsplit

import openpyxl

from tests.sources.loopback.base import HTML, TEXT, Handler, Loopback
from tests.sources.loopback.numbers import between

METALS = {"LME_Al_cash": "Aluminium", "LME_Cu_cash": "Copper", "LME_Zn_cash": "Zinc", "LME_Ni_cash": "Nickel"}
SERIES = ("DGS3MO", "PALUMUSDM", "VIXCLS")
MONTHLY = ("PALUMUSDM",)
PINK = {"Crude oil, average": "($/bbl)", "Aluminum": "($/mt)", "Copper": "($/mt)", "Coal, Australian **": "($/mt)"}
PINK_PAGE = "/en/research/commodity-markets"
PINK_FILE = "/en/doc/abc123-0350012018/related/CMO-Historical-Data-Monthly.xlsx"
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
    values = month_means(series) if series in MONTHLY else between(series, FIRST, LAST)
    rows = [f"{d},{'.' if d == dt.date(2018, 7, 4) else round(v + add, 2)}" for d, v in values.items()]
    if fault == "unsorted":
        rows.reverse()
    if fault == "bad-number":
        rows[5] = rows[5].split(",")[0] + ",abc"
    return "\n".join([head, *rows, ""]).encode()


def month_means(name: str) -> dict[dt.date, float]:
    """First of the month -> mean of its days, to cents."""
    months: dict[dt.date, list[float]] = {}
    for day, value in between(name, FIRST, LAST).items():
        months.setdefault(day.replace(day=1), []).append(value)
    return {month: round(sum(v) / len(v), 2) for month, v in months.items()}


def pink_sheet(fault: str, add: float = 0.0) -> bytes:
    """The workbook as the World Bank lays it out: a cover, then names on row 5, units on row 6, months from row 7."""
    book = openpyxl.Workbook()
    book.active.title = "AFOSHEET"
    sheet = book.create_sheet("Monthly Prices" if fault != "no-sheet" else "Annual Prices")
    names = [n for n in PINK if not (fault == "no-column" and n == "Aluminum")]
    sheet.append(["World Bank Commodity Price Data (The Pink Sheet)"])
    sheet.append(["monthly prices in nominal US dollars, 1960 to present"])
    sheet.append(["(monthly series are available only in nominal US dollar terms)"])
    sheet.append(["Updated on nobody's day"])
    sheet.append([None, *names])
    units = {**PINK, "Aluminum": "(cents/lb)"} if fault == "wrong-unit" else PINK
    sheet.append([None, *(units[n] for n in names)])
    months = sorted(month_means(names[0]), reverse=fault == "unsorted")
    for number, month in enumerate(months):
        cells: list[object] = [month_means(n)[month] + add for n in names]
        if number == 2:
            cells = ["…"] * len(names)
        if number == 3 and fault in ("zero", "bad-number"):
            cells = [0.0 if fault == "zero" else "soon"] * len(names)
        label = f"{month:%YM%m}" if not (fault == "bad-date" and number == 3) else "April 2018"
        sheet.append([label, *cells])
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


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
        elif where.path == PINK_PAGE:
            link = "/nowhere.pdf" if fault == "no-link" else PINK_FILE
            self.reply(f'<html><a class="x" href="{link}">Monthly prices</a></html>'.encode(), 200, HTML)
            return
        elif where.path == PINK_FILE:
            body, kind = pink_sheet(fault, add), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
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
    """The four sites on one port."""

    def __init__(self) -> None:
        super().__init__(_WebHandler)
