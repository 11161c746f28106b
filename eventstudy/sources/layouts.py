"""Which layout a file has, decided by its content, and the series in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from eventstudy.sources.bars import bar_fields, read_bars, unused
from eventstudy.sources.settle import settle
from eventstudy.sources.sheet import (
    KNOWN_LAYOUTS,
    SYMBOL_NAMES,
    RawSeries,
    Reading,
    Recognised,
    Sheet,
    make_sheet,
    plain,
)
from eventstudy.sources.text_table import TextTable
from eventstudy.sources.vendors import read_french, read_lme, yfinance_sheets

VALUE_NAMES = (
    "adj close", "adjclose", "adjusted close", "close", "price", "settle", "settlement", "settlement price",
    "last", "px last", "last price", "value", "level", "index", "nav",
)  # fmt: skip
_RETURN = re.compile(r"(?:log |simple |daily )?(?:ret|rets|return|returns)(?: \w+)?")


def recognise(table: TextTable, reading: Reading) -> Recognised:
    """Find the layout and read the series.

    Parameters
    ----------
    table : TextTable
    reading : Reading
        ``expect`` says whether the values are prices or returns.

    Returns
    -------
    Recognised

    Raises
    ------
    FileFormatError
        When no layout fits, returns stand where prices are expected or the reverse, a cell is unreadable.
    """
    factors = read_french(table, reading)
    if factors is not None:
        return factors
    by_ticker = yfinance_sheets(table, reading)
    if by_ticker is not None:
        return read_bars(by_ticker, reading, "several header rows, as yfinance writes them")
    sheet = _without_counter(make_sheet(table, reading))
    readers: tuple[Callable[[Sheet, Reading], Recognised | None], ...] = (
        read_lme, _read_long, _read_bars, _read_single, _read_wide,
    )  # fmt: skip
    for read in readers:
        found = read(sheet, reading)
        if found is not None:
            return found
    raise sheet.error(f"no column of numbers beside the date; {sheet.listed()}; {KNOWN_LAYOUTS}")


def is_return(header: str) -> bool:
    """Whether a header names returns."""
    return _RETURN.fullmatch(plain(header)) is not None


def _read_bars(sheet: Sheet, reading: Reading) -> Recognised | None:
    if not bar_fields(sheet):
        return None
    return read_bars({"": sheet}, reading, "open/high/low/close/volume, one row a date")


def _read_long(sheet: Sheet, reading: Reading) -> Recognised | None:
    """A symbol column: one group of rows an instrument."""
    at = sheet.find(SYMBOL_NAMES)
    if at is None:
        return None
    symbols = sheet.column(at)
    groups: dict[str, list[int]] = {}
    for i, name in enumerate(symbols.cells):
        if not name:
            raise sheet.error("the symbol is missing", row=symbols.lines[i], column=symbols.name)
        groups.setdefault(name, []).append(i)
    if bar_fields(sheet):
        return read_bars({n: sheet.take(rows) for n, rows in groups.items()}, reading, "bars with a symbol column")
    value = _value_column(sheet, reading, at)
    found, notes = [], list(sheet.notes)
    for name, rows in groups.items():
        series, more = _one_value(sheet.take(rows), value, reading, label=name)
        found.append(series)
        notes += [f"{name}: {note}" for note in more]
    notes += [f"values from the column {sheet.header[value]!r}", *unused(sheet, at, value)]
    layout = f"long: a date, the symbol column {sheet.header[at]!r} and one value column"
    return Recognised(layout=layout, series=tuple(found), notes=tuple(notes))


def _without_counter(sheet: Sheet) -> Sheet:
    """Without the name of a symbol column that numbers the rows instead of naming instruments."""
    at = sheet.find(SYMBOL_NAMES)
    if at is None:
        return sheet
    cells = sheet.column(at).cells
    if len(set(cells)) < len(cells) or not all(c.isdigit() for c in cells) or np.unique(sheet.days).size == 1:
        return sheet
    header = tuple("" if i == at else h for i, h in enumerate(sheet.header))
    note = f"column {sheet.header[at]!r} numbers the rows: not used"
    return replace(sheet, header=header, notes=(*sheet.notes, note))


def _read_single(sheet: Sheet, reading: Reading) -> Recognised | None:
    """A date and one value: named by the file, or by the column in FRED's files."""
    numeric = sheet.numeric()
    if len(numeric) != 1:
        return None
    value = numeric[0]
    header, date = sheet.header[value], sheet.header[sheet.date]
    generic = plain(header) in VALUE_NAMES or is_return(header)
    fred = plain(date) == "observation date" or (date == "DATE" and not generic)
    if not fred and not generic:
        return None
    _refuse(sheet, reading, value)
    series, notes = _one_value(sheet, value, reading, label=header if fred else "")
    return Recognised(
        layout="FRED: a date and one series" if fred else "a date and one value",
        series=(series,),
        notes=(*sheet.notes, *notes, f"values from the column {header!r}", *unused(sheet, value)),
    )


def _read_wide(sheet: Sheet, reading: Reading) -> Recognised | None:
    columns = sheet.numeric()
    if not columns:
        return None
    for at in columns:
        _refuse(sheet, reading, at)
    rows = settle(
        sheet.days, sheet.lines, {sheet.header[i]: sheet.numbers(i) for i in columns}, reading.duplicates,
        sheet.table.path,
    )  # fmt: skip
    series = tuple(
        RawSeries(label=name, by="column", column=name, days=rows.days, lines=rows.lines, values=values)
        for name, values in rows.columns.items()
    )
    return Recognised(
        layout="wide: a date and one column an instrument",
        series=series,
        notes=(*sheet.notes, *rows.notes, *unused(sheet, *columns)),
        wide=True,
    )


def _one_value(sheet: Sheet, value: int, reading: Reading, *, label: str) -> tuple[RawSeries, tuple[str, ...]]:
    header = sheet.header[value]
    rows = settle(sheet.days, sheet.lines, {header: sheet.numbers(value)}, reading.duplicates, sheet.table.path)
    series = RawSeries(
        label=label,
        by="symbol" if label else "stem",
        column=header,
        days=rows.days,
        lines=rows.lines,
        values=rows.columns[header],
    )
    return series, rows.notes


def _value_column(sheet: Sheet, reading: Reading, symbol: int) -> int:
    """The one value column of a long file."""
    numeric = sheet.numeric(symbol)
    names = {plain(sheet.header[i]): i for i in reversed(numeric)}
    returns = [i for i in numeric if is_return(sheet.header[i])]
    prices = [names[n] for n in VALUE_NAMES if n in names]
    best = (returns if reading.expect == "returns" else prices)[:1] or (numeric if len(numeric) == 1 else returns[:1])
    if not best:
        raise sheet.error(
            "beside the date and the symbols one value column is needed, called "
            f"{'ret or return' if reading.expect == 'returns' else 'close, price, value or settle'}; "
            f"{sheet.listed()}"
        )
    _refuse(sheet, reading, best[0])
    return best[0]


def _refuse(sheet: Sheet, reading: Reading, at: int) -> None:
    """Returns where prices are expected, and the reverse."""
    header = sheet.header[at]
    if reading.expect == "prices" and is_return(header):
        raise sheet.error(
            "this column holds returns and prices are expected here; read it with "
            "es.read_returns(path, unit=...), or hand a frame to es.returns(frame, unit=...)",
            column=header,
        )
    if reading.expect == "returns" and plain(header) in VALUE_NAMES:
        raise sheet.error(
            "this column holds prices and returns are expected here; use es.load('files', ...)", column=header
        )
