"""Open, high, low, close, volume: which column is the price, and the bars beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from eventstudy._typing import FloatArray
from eventstudy.sources.cells import numbers
from eventstudy.sources.settle import settle
from eventstudy.sources.sheet import SYMBOL_NAMES, RawSeries, Reading, Recognised, Sheet, plain

#: Headers of bars, in plain form.
BAR_FIELDS = {
    "open": "open", "high": "high", "low": "low", "close": "close", "volume": "volume", "vol": "volume",
    "adj close": "adj_close", "adjclose": "adj_close", "adjusted close": "adj_close",
    "dividends": "dividends", "dividend": "dividends", "stock splits": "splits", "splits": "splits",
}  # fmt: skip
#: Headers of the close in files that have bars and no column called close.
_OTHER_CLOSE = (
    "price",
    "last",
    "close/last",
    "settle",
    "settlement",
    "settlement price",
    "px last",
    "last price",
)
_UNITS = {"k": 1e3, "m": 1e6, "b": 1e9}
BAR_ORDER = ("open", "high", "low", "close", "volume")


def bar_fields(sheet: Sheet, least: int = 2) -> dict[str, int]:
    """Field -> position where the sheet holds bars: a close, and `least` fields in all; else empty."""
    fields: dict[str, int] = {}
    for i in sheet.others():
        name = BAR_FIELDS.get(plain(sheet.header[i]))
        if name is not None:
            fields.setdefault(name, i)
    if len(fields) < least or not {"open", "high", "low", "close", "adj_close"} & set(fields):
        return {}
    other = sheet.find(_OTHER_CLOSE)
    if "close" not in fields and other is not None:
        fields["close"] = other
    if "close" not in fields and "adj_close" not in fields:
        raise sheet.error(
            f"there are bars but no closing price; {sheet.listed()}; a column Close or Adj Close is needed"
        )
    return fields


def read_bars(sheets: dict[str, Sheet], reading: Reading, layout: str) -> Recognised:
    """One series a sheet; the keys are symbols, `""` for a file that does not say.

    Raises
    ------
    FileFormatError
        When returns are expected, a cell is unreadable, or rows of one date disagree.
    """
    found, notes = [], []
    for label, sheet in sheets.items():
        if reading.expect == "returns":
            raise sheet.error(f"these are prices, not returns; {sheet.listed()}; read them with es.load('files', ...)")
        series, more = _one_bar_series(sheet, reading, label)
        found.append(series)
        notes += [*sheet.notes, *more]
    return Recognised(layout=layout, series=tuple(found), notes=tuple(dict.fromkeys(notes)))


def _one_bar_series(sheet: Sheet, reading: Reading, label: str) -> tuple[RawSeries, list[str]]:
    """Price and bars of one instrument: adjusted close, else close with dividends, else close."""
    fields = bar_fields(sheet, least=1)
    if not fields:
        raise sheet.error(f"{label} has no closing price; {sheet.listed()}")
    rows = settle(
        sheet.days,
        sheet.lines,
        {f: _field(sheet, f, i) for f, i in fields.items()},
        reading.duplicates,
        sheet.table.path,
    )
    column, values, note = _price(sheet, fields, rows.columns)
    series = RawSeries(
        label=label,
        by="symbol" if label else "stem",
        column=column,
        days=rows.days,
        lines=rows.lines,
        values=values,
        bars={f: rows.columns[f] for f in BAR_ORDER if f in rows.columns},
    )
    prefix = f"{label}: " if label else ""
    symbol = sheet.find(SYMBOL_NAMES)
    used = [*fields.values(), *([] if symbol is None else [symbol])]
    return series, [*(prefix + n for n in (*rows.notes, note)), *unused(sheet, *used)]


def _field(sheet: Sheet, name: str, at: int) -> FloatArray:
    """One field; a volume may be written as 1.5K, 2M or 3B."""
    if name != "volume":
        return sheet.numbers(at)
    column = sheet.column(at)
    factors = np.array([_UNITS.get(c[-1:].casefold(), 1.0) for c in column.cells])
    digits = tuple(c[:-1] if f > 1.0 else c for c, f in zip(column.cells, factors.tolist(), strict=True))
    return np.asarray(numbers(replace(column, cells=digits), sheet.mark) * factors)


def _price(sheet: Sheet, fields: dict[str, int], columns: dict[str, FloatArray]) -> tuple[str, FloatArray, str]:
    """Header, values and a note of the price."""
    if "adj_close" in columns:
        header = sheet.header[fields["adj_close"]]
        return header, columns["adj_close"], f"price is {header}"
    header, close = sheet.header[fields["close"]], columns["close"]
    paid = columns.get("dividends", np.zeros(close.size))
    count = int((paid > 0.0).sum())
    if count == 0:
        return header, close, f"price is {header}; the file has no adjusted close"
    return header, total_return(close, paid), f"price is the total return of {header} with {count} dividends"


def total_return(close: FloatArray, dividends: FloatArray) -> FloatArray:
    """Level that grows by ``(C_t + D_t) / C_prev - 1``, starting at the first close.

    Parameters
    ----------
    close : array, shape (rows,)
        Split-adjusted closes, ascending in time; NaN where there is none.
    dividends : array, shape (rows,)
        Paid on the day, in the currency of the close; NaN is none.

    Returns
    -------
    array, shape (rows,)
        Where the close is NaN, zero or below, that value is returned as it is and the return spans the gap,
        dividends of the gap included.
    """
    out = close.copy()
    known = np.flatnonzero(close > 0.0)
    if known.size:
        paid = np.diff(np.nancumsum(dividends)[known])
        own = close[known]
        out[known] = own[0] * np.concatenate(([1.0], np.cumprod((own[1:] + paid) / own[:-1])))
    return out


def unused(sheet: Sheet, *used: int) -> list[str]:
    """A note of the columns that nobody asked for."""
    rest = [sheet.header[i] for i in sheet.others(*used)]
    return [f"columns not used: {', '.join(rest)}"] if rest else []
