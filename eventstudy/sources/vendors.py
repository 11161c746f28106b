"""Layouts that belong to one publisher: Ken French, the LME by way of Westmetall, yfinance."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from eventstudy.errors import FileFormatError
from eventstudy.sources.cells import Column, numbers, parse_number
from eventstudy.sources.dates import looks_like_date, parse_dates
from eventstudy.sources.settle import settle
from eventstudy.sources.sheet import RawSeries, Reading, Recognised, Sheet, make_sheet, plain
from eventstudy.sources.text_table import TextTable

#: Column of a French file -> instrument.
FACTORS = {
    "mkt rf": "MKT-RF", "smb": "SMB", "hml": "HML", "rmw": "RMW", "cma": "CMA", "rf": "RF",
    "mom": "MOM", "umd": "MOM",
}  # fmt: skip
#: What French writes where there is no value.
FRENCH_MISSING = (-99.99, -999.0)
#: Metal as written -> first part of the instrument ids.
METALS = {"aluminium": "LME", "aluminum": "LME", "copper": "LME-CU", "zinc": "LME-ZN", "nickel": "LME-NI"}
_SHORT = {"al": "aluminium", "cu": "copper", "zn": "zinc", "ni": "nickel"}
#: Column of an LME table -> last part of the instrument id.
TENORS = {
    "cash settlement": "CASH", "three month": "3M", "3 month": "3M", "lme stock": "STOCK",
    "cash": "CASH", "three months": "3M", "3 months": "3M", "3m": "3M", "stock": "STOCK", "stocks": "STOCK",
}  # fmt: skip
#: Headers that alone make a file an LME table.
_TELLING = ("cash settlement", "three month", "3 month", "lme stock")
_WESTMETALL = re.compile(rf"lme ({'|'.join(METALS)}) (.+)")
#: Fields of a yfinance header; "price" is what a broken header leaves of Adj Close.
_YF_FIELDS = (
    "open",
    "high",
    "low",
    "close",
    "adj close",
    "volume",
    "dividends",
    "stock splits",
    "capital gains",
)
_MOST_HEADER_ROWS = 6


def metal_in(text: str) -> str:
    """Metal that a file name or a word names, ``""`` when none or several."""
    words = re.split(r"[\W_\d]+", text.casefold())
    found = {m for m in METALS if m in text.casefold()} | {_SHORT[w] for w in words if w in _SHORT}
    prefixes = {METALS[m]: m for m in sorted(found)}
    return next(iter(prefixes.values())) if len(prefixes) == 1 else ""


def lme_tenor(header: str) -> tuple[str, str] | None:
    """Metal (``""`` when the header does not say) and tenor of an LME column."""
    name = plain(header)
    hit = _WESTMETALL.fullmatch(name)
    metal, rest = (hit[1], hit[2]) if hit else ("", name)
    return (metal, TENORS[rest]) if rest in TENORS else None


def read_lme(sheet: Sheet, reading: Reading) -> Recognised | None:
    """Cash, 3-month and stocks of one metal; the metal comes from the header or, later, the file's name."""
    names = [plain(sheet.header[i]) for i in sheet.others()]
    short = all(n in TENORS for n in names) and metal_in(sheet.table.stem)
    if not short and not any(n in _TELLING or _WESTMETALL.fullmatch(n) for n in names):
        return None
    tenors = {i: t for i in sheet.others() if (t := lme_tenor(sheet.header[i])) is not None}
    if reading.expect == "returns":
        raise sheet.error(f"these are prices, not returns; {sheet.listed()}; read them with es.load('files', ...)")
    columns = {sheet.header[i]: sheet.numbers(i) for i in tenors}
    rows = settle(sheet.days, sheet.lines, columns, reading.duplicates, sheet.table.path)
    series = tuple(
        RawSeries(
            label=sheet.header[i],
            by="lme",
            column=sheet.header[i],
            days=rows.days,
            lines=rows.lines,
            values=rows.columns[sheet.header[i]],
            known=f"{METALS[metal]}-{tenor}" if metal else f"-{tenor}",
        )
        for i, (metal, tenor) in tenors.items()
    )
    rest = [sheet.header[i] for i in sheet.others(*tenors)]
    notes = (*sheet.notes, *rows.notes, *([f"columns not used: {', '.join(rest)}"] if rest else []))
    return Recognised(layout="LME table: cash, 3-month, stocks", series=series, notes=notes)


def read_french(table: TextTable, reading: Reading) -> Recognised | None:
    """Daily factors: a preamble, a header without a name for the date, percent, a copyright line."""
    start = next((i for i, cells in enumerate(table.rows) if _is_french_header(table, i, cells)), None)
    if start is None:
        return None
    if reading.expect == "returns":
        raise FileFormatError("Ken French's factors are read with es.load('files', ...)", path=table.path)
    header = table.rows[start]
    end = start + 1
    while end < len(table.rows) and re.fullmatch(r"\d{8}", table.rows[end][0]):
        end += 1
    _only_one_block(table, end)
    body, lines = table.rows[start + 1 : end], table.lines[start + 1 : end]
    short = next((i for i, cells in enumerate(body) if len(cells) != len(header)), None)
    if short is not None:
        raise FileFormatError(
            f"{len(body[short])} fields, but the header has {len(header)}", path=table.path, row=lines[short]
        )
    days = parse_dates(Column(table.path, "date", tuple(r[0] for r in body), lines))
    columns = {}
    for at, name in enumerate(header[1:], start=1):
        percent = numbers(Column(table.path, name, tuple(r[at] for r in body), lines), ".")
        columns[name] = np.where(np.isin(percent, FRENCH_MISSING), np.nan, percent / 100.0)
    rows = settle(days, lines, columns, reading.duplicates, table.path)
    series = tuple(
        RawSeries(
            label=name,
            by="column",
            column=name,
            days=rows.days,
            lines=rows.lines,
            values=values,
            known=FACTORS.get(plain(name), ""),
        )
        for name, values in rows.columns.items()
    )
    notes = ["percent read as fractions; -99.99 and -999 are missing", *rows.notes]
    unread = start + len(table.rows) - end
    notes += [f"{unread} lines of text above and below the numbers not read"] if unread else []
    return Recognised(layout="daily factors of Ken French", series=series, notes=tuple(notes))


def _is_french_header(table: TextTable, at: int, cells: tuple[str, ...]) -> bool:
    """An unnamed first cell, known factors, and YYYYMMDD below."""
    if len(cells) < 2 or cells[0] or not any(plain(c) in FACTORS for c in cells[1:]) or at + 1 >= len(table.rows):
        return False
    return re.fullmatch(r"\d{6}|\d{8}", table.rows[at + 1][0]) is not None


def _only_one_block(table: TextTable, end: int) -> None:
    for line, cells in zip(table.lines[end:], table.rows[end:], strict=True):
        if re.fullmatch(r"\d{4,8}", cells[0]):
            raise FileFormatError(
                f"{cells[0]!r} is no day (YYYYMMDD): only a daily file with one block of numbers can be read",
                path=table.path,
                row=line,
            )


def yfinance_sheets(table: TextTable, reading: Reading) -> dict[str, Sheet] | None:
    """One sheet a ticker for files with several header rows, else None.

    Fields and tickers may stand in either order, the ticker row may be doubled and the row with the word
    ``Date`` may be missing.
    """
    body = next((i for i, cells in enumerate(table.rows[:_MOST_HEADER_ROWS]) if looks_like_date(cells[0])), 0)
    if body < 2:
        return None
    width = max(len(row) for row in table.rows[: body + 1])
    heads = [(*row, *[""] * (width - len(row))) for row in table.rows[:body]]
    heads = [row for row in heads if any(row[1:])]
    fields = next((row for row in heads if sum(plain(c) in _YF_FIELDS for c in row[1:]) >= (width - 1) / 2), None)
    if fields is None:
        return None
    tickers = {row[1:] for row in heads if row is not fields}
    if any(parse_number(c, ".") is not None for row in tickers for c in row if c):
        return None  # a row of numbers is no header: the date in front of it is wrong, and will be named
    if len(tickers) != 1 or any(not c for c in next(iter(tickers))):
        raise FileFormatError(
            f"{body} header rows, but not one row of fields and one row of tickers as yfinance writes them",
            path=table.path,
            row=table.lines[0],
        )
    names = next(iter(tickers))
    flat = ("Date", *(f"{ticker}\n{field}" for ticker, field in zip(names, fields[1:], strict=True)))
    whole = make_sheet(table, reading, header=flat, body=body)
    return {ticker: _of_ticker(whole, ticker) for ticker in dict.fromkeys(names)}


def _of_ticker(whole: Sheet, ticker: str) -> Sheet:
    """The columns of one ticker, headed by their fields."""
    at = [i for i, h in enumerate(whole.header) if i != whole.date and h.split("\n")[0] == ticker]
    fields = [whole.header[i].split("\n")[1] for i in at]
    notes = whole.notes
    counts = Counter(plain(f) for f in fields)
    if counts["price"] and counts["close"] and not counts["adj close"]:
        lost = next(i for i, f in enumerate(fields) if plain(f) == "price")
        close = next(i for i, f in enumerate(fields) if plain(f) == "close")
        _same_at_end(whole, at[lost], at[close])
        fields[lost] = "Adj Close"
        notes = (
            *notes,
            f"{ticker}: the column headed 'Price' is the adjusted close, whose name the header lost",
        )
    return Sheet(
        table=whole.table,
        header=("Date", *fields),
        rows=tuple((row[whole.date], *(row[i] for i in at)) for row in whole.rows),
        lines=whole.lines,
        date=0,
        days=whole.days,
        mark=whole.mark,
        notes=notes,
    )


def _same_at_end(whole: Sheet, price: int, close: int) -> None:
    """An adjusted close equals the close on the last date; anything else headed 'Price' is in doubt."""
    last = int(np.argmax(whole.days))
    adjusted, plain_close = whole.numbers(price)[last], whole.numbers(close)[last]
    if not np.isclose(adjusted, plain_close, rtol=1e-6):
        raise whole.error(
            f"a column 'Price' ({adjusted:g} at the end) stands beside 'Close' ({plain_close:g}); "
            "head it 'Adj Close' if it is one, or remove it",
            row=whole.lines[last],
        )
