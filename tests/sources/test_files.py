"""Files of every layout, odd and broken ones included, and the real ones where they are at hand."""

import builtins
import datetime as dt
import hashlib
import importlib
import math
from pathlib import Path

import pandas as pd
import pytest

from eventstudy.domain.prices import PriceTable
from eventstudy.errors import FileFormatError, InputError, MissingExtraError, UnknownNameError
from eventstudy.sources.base import load
from eventstudy.sources.files import read_returns
from eventstudy.spec import read_study

DATA = Path(__file__).parents[2].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")

YAHOO = """Date,Open,High,Low,Close,Adj Close,Volume
2024-01-02,10.0,11.0,9.5,10.5,10.0,1000
2024-01-03,10.5,12.0,10.0,11.5,11.0,0
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


# ---- open, high, low, close


def test_yahoo_takes_the_adjusted_close_and_keeps_the_bars(tmp_path: Path) -> None:
    table = read(tmp_path, "CENX.csv", YAHOO)
    assert levels(table, "CENX") == {"2024-01-02": 10.0, "2024-01-03": 11.0}
    assert table.instruments["CENX"].name == "Century Aluminum"
    bars = table.bars["CENX"]
    assert list(bars.columns) == ["open", "high", "low", "close", "volume"]
    assert bars.iloc[1].tolist() == [10.5, 12.0, 10.0, 11.5, 0.0]
    assert "price is Adj Close" in notes(table)


def test_the_origin_names_the_file_and_hashes_its_bytes(tmp_path: Path) -> None:
    (origin,) = read(tmp_path, "CENX.csv", YAHOO).origins
    assert (origin.source, origin.name, origin.ids, origin.rows) == ("files", "CENX.csv", ("CENX",), 2)
    assert origin.sha256 == hashlib.sha256(YAHOO.encode()).hexdigest()
    assert origin.layout.startswith("open/high/low/close/volume")


def test_columns_in_any_order_and_case(tmp_path: Path) -> None:
    text = "VOLUME,close,Adj_Close**,low,HIGH,Open,DateTime\n5,10.5,10,9,11,10,2024-01-02 16:00:00\n"
    table = read(tmp_path, "CENX.csv", text)
    assert levels(table, "CENX") == {"2024-01-02": 10.0}
    assert table.bars["CENX"].iloc[0].tolist() == [10.0, 11.0, 9.0, 10.5, 5.0]


def test_close_without_an_adjusted_close(tmp_path: Path) -> None:
    table = read(tmp_path, "CENX.csv", "Date,Close,Volume\n2024-01-02,10.5,7\n")
    assert levels(table, "CENX") == {"2024-01-02": 10.5}
    assert "price is Close; the file has no adjusted close" in notes(table)
    assert list(table.bars["CENX"].columns) == ["close", "volume"]


def test_close_and_dividends_become_a_total_return(tmp_path: Path) -> None:
    # (11 + 0.5) / 10 = 1.15; then 12 / 11.
    text = "Date,Close,Dividends,Stock Splits\n2024-01-02,10,0,0\n2024-01-03,11,0.5,0\n2024-01-04,12,0,0\n"
    table = read(tmp_path, "CENX.csv", text)
    assert list(levels(table, "CENX").values()) == pytest.approx([10.0, 11.5, 11.5 * 12.0 / 11.0])
    assert table.bars["CENX"]["close"].tolist() == [10.0, 11.0, 12.0]
    assert "total return of Close with 1 dividends" in notes(table)


def test_a_dividend_on_a_blank_day_is_paid_with_the_next_close(tmp_path: Path) -> None:
    text = "Date,Close,Dividends\n2024-01-02,10,0\n2024-01-03,,1\n2024-01-04,12,\n"
    table = read(tmp_path, "CENX.csv", text)
    assert levels(table, "CENX") == pytest.approx({"2024-01-02": 10.0, "2024-01-04": 13.0})


def test_zero_dividends_change_nothing(tmp_path: Path) -> None:
    table = read(tmp_path, "CENX.csv", "Date,Close,Dividends\n2024-01-02,10,0\n2024-01-03,11,0\n")
    assert list(levels(table, "CENX").values()) == [10.0, 11.0]
    assert "no adjusted close" in notes(table)


def test_a_symbol_column_wins_over_the_file_name(tmp_path: Path) -> None:
    text = "datetime,open,close,amount,symbol\n2024-01-02,1,2,9,SHFE.AL\n2024-01-02,3,4,9,NEW\n2024-01-03,5,6,9,NEW\n"
    table = read(tmp_path, "CENX.csv", text)
    assert table.ids == ("SHFE.AL", "NEW")
    assert table.instruments["SHFE.AL"].unit == "CNY/t"
    assert table.instruments["NEW"].stamp_assumed
    assert levels(table, "NEW") == {"2024-01-02": 4.0, "2024-01-03": 6.0}
    assert "columns not used: amount" in notes(table)


def test_bars_with_a_price_and_short_volumes(tmp_path: Path) -> None:
    text = (
        '"Date","Price","Open","High","Low","Vol.","Change %"\n'
        '"01/31/2024","2,278.50","2,250.00","2,290.00","2,240.00","1.25K","1.27%"\n'
        '"01/30/2024","2,250.00","2,240.00","2,260.00","2,235.00","2M","-0.10%"\n'
    )
    table = read(tmp_path, "ALI=F.csv", text)
    assert levels(table, "ALI=F") == {"2024-01-30": 2250.0, "2024-01-31": 2278.5}
    assert table.bars["ALI=F"]["volume"].tolist() == [2e6, 1250.0]
    assert "columns not used: Change %" in notes(table)


def test_bars_without_a_close_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="no closing price; columns found: 'Date', 'Open', 'High'"):
        read(tmp_path, "X.csv", "Date,Open,High\n2024-01-02,1,2\n")


# ---- several header rows


def test_yfinance_header_of_three_rows(tmp_path: Path) -> None:
    text = "Price,Close,Open,Volume\nTicker,KALU,KALU,KALU\nDate,,,\n2024-01-02,70.5,70.0,100\n"
    table = read(tmp_path, "download.csv", text)
    assert levels(table, "KALU") == {"2024-01-02": 70.5}
    assert table.bars["KALU"]["open"].tolist() == [70.0]


@pytest.mark.parametrize(
    "head",
    [
        "Price,Adj Close,Adj Close,Close,Close\nTicker,AA,SPY,AA,SPY\nDate,,,,\n",
        ",Adj Close,Adj Close,Close,Close\n,AA,SPY,AA,SPY\nDate,,,,\n",
        "Ticker,AA,SPY,AA,SPY\nPrice,Adj Close,Adj Close,Close,Close\nDate,,,,\n",
        "Price,Adj Close,Adj Close,Close,Close\nDate,AA,SPY,AA,SPY\n",
    ],
)
def test_yfinance_with_several_tickers(tmp_path: Path, head: str) -> None:
    text = head + "2024-01-02,33,470,34,475\n2024-01-03,32,,33,\n"
    table = read(tmp_path, "download.csv", text)
    assert table.ids == ("AA", "SPY")
    assert levels(table, "AA") == {"2024-01-02": 33.0, "2024-01-03": 32.0}
    assert levels(table, "SPY") == {"2024-01-02": 470.0}
    assert table.bars["SPY"]["close"].iloc[0] == 475.0


def test_yfinance_with_closes_only(tmp_path: Path) -> None:
    text = "Price,Close,Close\nTicker,AA,SPY\nDate,,\n2024-01-02,33,470\n"
    assert levels(read(tmp_path, "d.csv", text), "SPY") == {"2024-01-02": 470.0}
    with pytest.raises(FileFormatError, match="SPY has no closing price; columns found: 'Date', 'Volume'"):
        read(tmp_path, "d.csv", text.replace("Close,Close", "Close,Volume"))


def test_a_bad_first_date_is_no_second_header(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="line 2, column 'Date': '2024-13-02' is no date"):
        read(tmp_path, "BA.csv", YAHOO.replace("2024-01-02", "2024-13-02"))


BROKEN = "Price,Price,Close,Volume\nTicker,DBC,DBC,DBC\nTicker,DBC,DBC,DBC\nDate,,,\n"


def test_yfinance_header_that_lost_the_name_of_the_adjusted_close(tmp_path: Path) -> None:
    table = read(tmp_path, "any.csv", BROKEN + "2024-01-02 00:00:00,19.5,24.0,1\n2024-01-03 00:00:00,25.0,25.0,1\n")
    assert levels(table, "DBC") == {"2024-01-02": 19.5, "2024-01-03": 25.0}
    assert "'Price' is the adjusted close" in notes(table)


def test_a_price_column_that_is_no_adjusted_close_is_in_doubt(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"line 6: a column 'Price' \(19 at the end\) stands beside 'Close'"):
        read(tmp_path, "any.csv", BROKEN + "2024-01-02,19.5,24.0,1\n2024-01-03,19.0,25.0,1\n")


def test_header_rows_of_unequal_length(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"line 3: 2 fields, but the header .line 1. has 3"):
        read(tmp_path, "any.csv", "Price,Close\nTicker,AA,AA\n2024-01-02,1\n")


def test_header_rows_that_are_no_fields_and_tickers(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="not one row of fields and one row of tickers"):
        read(tmp_path, "any.csv", "Price,Close,Open\nTicker,AA,AA\nUnit,USD,EUR\n2024-01-02,1,2\n")


# ---- LME tables


LME = "date,cash_settlement,three_month,lme_stock\n2024-01-02,2300.5,2350.0,549050\n2024-01-03,2290.0,,-5\n"


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("lme_aluminium.csv", "LME"), ("Aluminum prices.csv", "LME"), ("lme_copper.csv", "LME-CU"),
        ("ZINC.csv", "LME-ZN"), ("LME_Ni_cash.csv", "LME-NI"),
    ],
)  # fmt: skip
def test_metal_of_an_lme_table_from_the_file_name(tmp_path: Path, name: str, prefix: str) -> None:
    table = read(tmp_path, name, LME)
    assert table.ids == (f"{prefix}-CASH", f"{prefix}-3M", f"{prefix}-STOCK")
    assert levels(table, f"{prefix}-CASH") == {"2024-01-02": 2300.5, "2024-01-03": 2290.0}
    assert levels(table, f"{prefix}-3M") == {"2024-01-02": 2350.0}
    assert table.instruments[f"{prefix}-3M"].stamp == "13:00"


def test_short_headers_need_the_metal_in_the_name(tmp_path: Path) -> None:
    text = "date,cash,3m\n2024-01-02,2300,2350\n"
    assert read(tmp_path, "copper.csv", text).ids == ("LME-CU-CASH", "LME-CU-3M")
    assert read(tmp_path, "mine.csv", text).ids == ("cash", "3m")


def test_metal_of_an_lme_table_from_the_caller(tmp_path: Path) -> None:
    assert read(tmp_path, "prices.csv", LME, rename="copper").ids[0] == "LME-CU-CASH"
    assert read(tmp_path, "prices.csv", LME, rename={"prices": "zinc"}).ids[0] == "LME-ZN-CASH"
    assert read(tmp_path, "lme_zinc.csv", LME, rename="Aluminium").ids[0] == "LME-CASH"
    with pytest.raises(FileFormatError, match=r"neither its header nor the file's name says the metal.*--as aluminium"):
        read(tmp_path, "prices.csv", LME)


def test_columns_of_an_lme_table_may_be_renamed(tmp_path: Path) -> None:
    table = read(tmp_path, "lme_zinc.csv", LME, rename={"cash_settlement": "ZINC"})
    assert table.ids == ("ZINC", "LME-ZN-3M", "LME-ZN-STOCK")


def test_westmetall_writes_words_and_thousands(tmp_path: Path) -> None:
    text = (
        "date,LME Aluminium Cash-Settlement,LME Aluminium 3-month,LME Aluminium stock\n"
        '31. December 2024,"2,516.50","2,548.00","636,425"\n30. December 2024,"2,526.50",-,"641,350"\n'
    )
    table = read(tmp_path, "download.csv", text)
    assert levels(table, "LME-CASH") == {"2024-12-30": 2526.5, "2024-12-31": 2516.5}
    assert levels(table, "LME-3M") == {"2024-12-31": 2548.0}
    assert levels(table, "LME-STOCK") == {"2024-12-30": 641350.0, "2024-12-31": 636425.0}
    assert "newest first: sorted" in notes(table)


# ---- long, wide, single


@pytest.mark.parametrize("symbol", ["symbol", "Ticker", "instrument", "ID", "id_firm", "name"])
@pytest.mark.parametrize("value", ["close", "Price", "adj close", "value", "settle"])
def test_long_files(tmp_path: Path, symbol: str, value: str) -> None:
    text = f"{symbol},date,{value}\nBA,2024-01-02,250\nBA,2024-01-03,251\nOther Co,2024-01-03,7\n"
    table = read(tmp_path, "prices.csv", text)
    assert table.ids == ("BA", "Other Co")
    assert levels(table, "BA") == {"2024-01-02": 250.0, "2024-01-03": 251.0}
    assert levels(table, "Other Co") == {"2024-01-03": 7.0}
    assert table.flags == (), "a day that another series has is no missing day"


def test_a_long_file_of_returns_points_to_returns(tmp_path: Path) -> None:
    with pytest.raises(
        FileFormatError, match=r"column 'ret': this column holds returns.*es\.returns\(frame, unit"
    ) as caught:
        read(tmp_path, "firms.csv", "id_firm,date,ret\nA,2024-01-02,0.01\n")
    assert caught.value.column == "ret"


def test_a_long_file_with_two_unnamed_values_asks(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="one value column is needed, called close, price, value or settle"):
        read(tmp_path, "p.csv", "ticker,date,a,b\nX,2024-01-02,1,2\n")


def test_a_missing_symbol_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="line 3, column 'ticker': the symbol is missing"):
        read(tmp_path, "p.csv", "ticker,date,close\nX,2024-01-02,1\n,2024-01-03,2\n")


def test_a_column_that_numbers_the_rows_is_no_symbol(tmp_path: Path) -> None:
    table = read(tmp_path, "F.csv", "id,date,close\n1,2024-01-02,10\n2,2024-01-03,11\n")
    assert levels(table, "F") == {"2024-01-02": 10.0, "2024-01-03": 11.0}
    assert "column 'id' numbers the rows: not used" in notes(table)


def test_wide_files_use_the_alias_table(tmp_path: Path) -> None:
    table = read(tmp_path, "prices.csv", ",aa,GSPC,Mine\n2024-01-02,33.0,4700,1\n2024-01-03,32.5,NA,2\n")
    assert table.ids == ("AA", "^GSPC", "Mine")
    assert levels(table, "^GSPC") == {"2024-01-02": 4700.0}
    assert "'aa' is AA" in notes(table)
    assert table.origins[0].layout.startswith("wide")


def test_words_and_nameless_columns_are_left_out_and_said(tmp_path: Path) -> None:
    table = read(tmp_path, "p.csv", ",date,BA,F,currency\n0,2024-01-02,250,12,USD\n1,2024-01-03,251,12,USD\n")
    assert table.ids == ("BA", "F")
    assert "columns not used: currency" in notes(table)
    assert "columns without a name not used: [1]" in notes(table)


@pytest.mark.parametrize("header", ["value", "Close", "settlement", "PX_LAST"])
def test_a_date_and_a_value_take_the_name_of_the_file(tmp_path: Path, header: str) -> None:
    table = read(tmp_path, "my prices, 2024.csv", f"date,{header}\n2024-01-02,5\n")
    assert table.ids == ("my prices, 2024",)
    assert read(tmp_path, "ALI_F.csv", f"date,{header}\n2024-01-02,5\n").ids == ("ALI=F",)
    assert read(tmp_path, "p.csv", f"date,{header}\n2024-01-02,5\n", rename="LME-3M").ids == ("LME-3M",)


@pytest.mark.parametrize("date", ["observation_date", "DATE"])
def test_fred_is_named_by_its_column(tmp_path: Path, date: str) -> None:
    table = read(tmp_path, "fredgraph.csv", f"{date},PALUMUSDM\n1992-01-01,1181.2\n1992-02-01,.\n1992-03-01,1282.0\n")
    assert levels(table, "PALUMUSDM") == {"1992-01-01": 1181.2, "1992-03-01": 1282.0}
    assert table.origins[0].layout.startswith("FRED")


def test_one_named_column_is_that_instrument(tmp_path: Path) -> None:
    assert read(tmp_path, "p.csv", "date,BA\n2024-01-02,5\n").ids == ("BA",)


# ---- Ken French


FRENCH = """This file was created by using the 202601 CRSP database.
The Tbill return is the simple daily rate that, over the number of trading days

,Mkt-RF,SMB,HML,RMW,CMA,RF
20240102,   -0.70,    0.25,  -99.99,   -0.01,    0.16,    0.01
20240103,    0.79,   -0.26,    0.26,    -999,   -0.20,    0.01

Copyright 2026 Eugene F. Fama and Kenneth R. French
"""


def test_french_factors_are_fractions(tmp_path: Path) -> None:
    table = read(tmp_path, "F-F.csv", FRENCH.replace("\n", "\r\n"))
    assert table.ids == ("MKT-RF", "SMB", "HML", "RMW", "CMA", "RF")
    assert levels(table, "MKT-RF") == pytest.approx({"2024-01-02": -0.007, "2024-01-03": 0.0079})
    assert levels(table, "HML") == pytest.approx({"2024-01-03": 0.0026})
    assert levels(table, "RMW") == pytest.approx({"2024-01-02": -0.0001})
    assert table.instruments["MKT-RF"].change == "as_is"
    assert table.instruments["MKT-RF"].response_unit == "fraction"


def test_french_momentum(tmp_path: Path) -> None:
    table = read(tmp_path, "m.csv", "Missing data are -99.99 or -999.\n\n,Mom\n20240102,   0.54\n20240103,  -99.99\n")
    assert levels(table, "MOM") == pytest.approx({"2024-01-02": 0.0054})


def test_a_monthly_french_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="line 3: '202401' is no day"):
        read(tmp_path, "m.csv", "Text, more\n,Mkt-RF,SMB\n202401, 0.5, 0.4\n")


def test_percent_factors_outside_that_layout_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"MKT-RF is a return and its median size here is 0\.6: percent"):
        read(tmp_path, "f.csv", "date,Mkt-RF,SMB\n2024-01-02,0.6,0.001\n2024-01-03,-0.6,0.001\n")


# ---- separators, numbers, encodings


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators(tmp_path: Path, separator: str) -> None:
    table = read(tmp_path, "BA.txt", YAHOO.replace(",", separator))
    assert levels(table, "BA") == {"2024-01-02": 10.0, "2024-01-03": 11.0}


@pytest.mark.parametrize("separator", [";", "\t"])
def test_decimal_commas(tmp_path: Path, separator: str) -> None:
    text = "date;BA;F\n2024-01-02;1.234,5;12,25\n2024-01-03;1.250;\n2024-01-04;1 251,75;12\n"
    table = read(tmp_path, "p.csv", text.replace(";", separator))
    assert levels(table, "BA") == {"2024-01-02": 1234.5, "2024-01-03": 1250.0, "2024-01-04": 1251.75}
    assert levels(table, "F") == {"2024-01-02": 12.25, "2024-01-04": 12.0}
    assert "decimal comma" in notes(table)


def test_doubtful_commas_are_decided_and_said(tmp_path: Path) -> None:
    european = read(tmp_path, "a.csv", "date;BA\n2024-01-02;1,234\n2024-01-03;0,987\n")
    assert levels(european, "BA") == {"2024-01-02": 1.234, "2024-01-03": 0.987}
    by_semicolon = read(tmp_path, "b.csv", "date;BA\n2024-01-02;1,234\n")
    assert levels(by_semicolon, "BA") == {"2024-01-02": 1.234}
    assert "numbers such as 1,234 read with a decimal comma" in notes(by_semicolon)
    american = read(tmp_path, "c.csv", "date\tBA\n2024-01-02\t1,234\n")
    assert levels(american, "BA") == {"2024-01-02": 1234.0}
    assert "read as thousands" in notes(american)


def test_thousands_in_quotes_and_by_apostrophe(tmp_path: Path) -> None:
    table = read(tmp_path, "p.csv", 'date,BA,F\n2024-01-02,"1,234.5",1\'250.25\n2024-01-03,"1,234,567",1e3\n')
    assert levels(table, "BA") == {"2024-01-02": 1234.5, "2024-01-03": 1234567.0}
    assert levels(table, "F") == {"2024-01-02": 1250.25, "2024-01-03": 1000.0}


@pytest.mark.parametrize("spelling", ["", "NA", "NaN", "null", ".", "-", "n/a", "#N/A"])
def test_spellings_of_missing(tmp_path: Path, spelling: str) -> None:
    table = read(tmp_path, "p.csv", f"date,BA,F\n2024-01-02,1,2\n2024-01-03,{spelling},3\n2024-01-04,2,4\n")
    assert levels(table, "BA") == {"2024-01-02": 1.0, "2024-01-04": 2.0}
    assert [(f.instrument, f.kind, f.n) for f in table.flags] == [("BA", "missing", 1)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, "p.csv", "date,Société,BA\n2024-01-02,5,6\n", encoding)
    table = load("files", path)
    assert table.ids == ("Société", "BA")
    assert ("Latin-1" in notes(table)) == (encoding == "latin-1")


def test_crlf_quotes_trailing_separators_and_blank_lines(tmp_path: Path) -> None:
    text = '"date","Smith, Jones & Co","BA",\r\n"2024-01-02","5","6",\r\n\r\n"2024-01-03","7","8",\r\n\r\n'
    table = read(tmp_path, "p.csv", text)
    assert table.ids == ("Smith, Jones & Co", "BA")
    assert levels(table, "BA") == {"2024-01-02": 6.0, "2024-01-03": 8.0}


# ---- dates


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2024-01-30", "2024-01-31"),
        ("2024-01-30 16:00:00", "2024-01-31 16:00:00-05:00"),
        ("2024-01-30T23:59:00.000Z", "2024-01-31T00:00:00+02:00"),
        ("20240130", "20240131"),
        ("2024/1/30", "2024/01/31"),
        ("30.01.2024", "31.1.2024"),
        ("30/01/2024", "31/01/2024"),
        ("1/30/2024", "01/31/2024"),
        ("01-30-2024", "01-31-2024"),
        ("30. January 2024", "31. January 2024"),
        ("30 Jan 2024", "31 jan 2024"),
        ("30-Jan-2024", "31-Jan-2024"),
        ("January 30 2024", "Jan 31 2024"),
    ],
)
def test_date_formats(tmp_path: Path, first: str, second: str) -> None:
    table = read(tmp_path, "p.csv", f"date,BA\n{first},1\n{second},2\n")
    assert levels(table, "BA") == {"2024-01-30": 1.0, "2024-01-31": 2.0}


def test_dates_that_fit_two_orders_ask(tmp_path: Path) -> None:
    text = "date,BA\n03/04/2024,1\n05/06/2024,2\n"
    with pytest.raises(
        FileFormatError,
        match=r"line 2, column 'date': '03/04/2024' .* DD/MM/YYYY and as MM/DD/YYYY.*dates='dmy'",
    ):
        read(tmp_path, "p.csv", text)
    assert list(levels(read(tmp_path, "p.csv", text, dates="dmy"), "BA")) == ["2024-04-03", "2024-06-05"]
    assert list(levels(read(tmp_path, "p.csv", text, dates="mdy"), "BA")) == ["2024-03-04", "2024-05-06"]


def test_one_clear_row_settles_the_order(tmp_path: Path) -> None:
    table = read(tmp_path, "p.csv", "date,BA\n03/04/2024,1\n13/04/2024,2\n")
    assert list(levels(table, "BA")) == ["2024-04-03", "2024-04-13"]


def test_the_order_does_not_disturb_clear_dates(tmp_path: Path) -> None:
    assert list(levels(read(tmp_path, "p.csv", "date,BA\n2024-03-04,1\n", dates="dmy"), "BA")) == ["2024-03-04"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            "2024-01-02,1\n03/01/2024,2\n2024-01-04,3\n",
            "line 3, column 'date': '03/01/2024' is no date in the form YYYY-MM-DD",
        ),
        (
            "2024-02-29,1\n2024-02-30,2\n",
            "line 3, column 'date': '2024-02-30' is no date in the form YYYY-MM-DD",
        ),
        ("2024-01-02,1\n,2\n", "line 3, column 'date': the date is missing"),
        ("2024-01-02,1\n0202-01-03,2\n", "line 3, column 'date': '0202-01-03' is no date"),
        ("yesterday,1\ntoday,2\n", "line 2, column 'date': 'yesterday' is no date; allowed are YYYY-MM-DD"),
        ("2024-01-02,1\nTotal,2\n", "line 3, column 'date': 'Total' is no date"),
    ],
)
def test_bad_dates_are_named(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(FileFormatError, match=message):
        read(tmp_path, "p.csv", "date,BA\n" + rows)


# ---- what a broken file is told


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("\n \n", "the file is empty"),
        ("date,BA\n", "line 1: there is a header line and no data below it"),
        ("2024-01-02,1\n2024-01-03,2\n", "line 1: the first line holds data"),
        ("apples,pears\n1,2\n", "no date column; columns found: 'apples', 'pears'; known layouts: open/high"),
        (
            "date,note\n2024-01-02,good\n",
            "no column of numbers beside the date; columns found: 'date', 'note'; known",
        ),
        ("date,BA\n2024-01-02,1\n2024-01-03,cheap\n", "line 3, column 'BA': 'cheap' is no number"),
        ("date,BA,F\n2024-01-02,1,2\n2024-01-03,1\n", "line 3: 2 fields, but the header .line 1. has 3"),
        ("date,BA\n2024-01-02,1\n2024-01-03,1,9\n", "line 3: 3 fields"),
        ("date,BA,BA\n2024-01-02,1,2\n", "two columns are headed 'BA'"),
        ("date,BA,ba\n2024-01-02,1,2\n", "'BA' and 'ba' are both BA"),
        ("date,BA,F\n2024-01-02,,2\n2024-01-03,NA,2\n", "column 'BA': BA has no value at all"),
        (
            "date,BA\n2024-01-02,5\n2024-01-03,0\n",
            r"line 3, column 'BA': BA is 0 on 2024-01-03 \(1 such rows\)",
        ),
        (
            'date,BA\n2024-01-02,"5\n2024-01-03,6\n',
            "line 2: unexpected end of data; a quote may be left open",
        ),
        ("<html><body>Exceeded the limit</body></html>", "this is a web page, not a table"),
        ("just words\nand more\n", "no separator found in 'just words'"),
        ("date,BA\n2024-01-02,inf\n", "no column of numbers"),
    ],
)
def test_broken_files(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FileFormatError, match=message) as caught:
        read(tmp_path, "broken.csv", text)
    assert caught.value.path == str(tmp_path / "broken.csv")
    assert str(caught.value).startswith(str(tmp_path / "broken.csv"))


def test_a_missing_file_offers_its_neighbours(tmp_path: Path) -> None:
    write(tmp_path, "prices.csv", YAHOO)
    with pytest.raises(
        FileFormatError, match=r"price\.csv: there is no such file or folder; did you mean 'prices\.csv'"
    ):
        load("files", tmp_path / "price.csv")
    with pytest.raises(FileFormatError, match=r"the folder .* does not exist either"):
        load("files", tmp_path / "nowhere" / "price.csv")


def test_a_folder_without_tables(tmp_path: Path) -> None:
    write(tmp_path, "notes.md", "hello")
    with pytest.raises(FileFormatError, match=r"the folder holds no \.csv, \.tsv, \.txt, \.xlsx file"):
        load("files", tmp_path)


def test_a_path_is_needed() -> None:
    with pytest.raises(InputError, match="needs a file or a folder"):
        load("files")


def test_old_excel_and_packed_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xd0\xcf\x11\xe0 etc")
    with pytest.raises(FileFormatError, match=r"an old Excel file \(\.xls\); save it as"):
        load("files", tmp_path / "a.csv")
    (tmp_path / "b.csv").write_bytes(b"\x1f\x8b etc")
    with pytest.raises(FileFormatError, match="a compressed file"):
        load("files", tmp_path / "b.csv")


def test_returns_without_a_name_are_recognised_by_their_signs(tmp_path: Path) -> None:
    text = "date,BA\n2024-01-02,0.01\n2024-01-03,-0.02\n2024-01-04,0.01\n"
    with pytest.raises(
        FileFormatError, match=r"line 3, column 'BA': 1 of 3 values of BA are negative.*es\.read_returns"
    ):
        read(tmp_path, "p.csv", text)
    assert levels(read(tmp_path, "p.csv", text, rename={"BA": "LME-SPREAD"}), "LME-SPREAD")["2024-01-03"] == -0.02


def test_zero_prices_may_be_missing_when_asked_for(tmp_path: Path) -> None:
    table = read(tmp_path, "p.csv", "date,BA\n2024-01-02,5\n2024-01-03,0\n", nonpositive="missing")
    assert levels(table, "BA") == {"2024-01-02": 5.0}
    assert [(f.kind, f.n, f.start) for f in table.flags] == [("missing", 1, dt.date(2024, 1, 3))]


# ---- duplicates and order


def test_dates_that_disagree_name_both_lines(tmp_path: Path) -> None:
    text = "date,BA\n2024-01-02,5\n2024-01-03,6\n2024-01-02,5.5\n"
    with pytest.raises(
        FileFormatError,
        match=(
            r"line 4, column 'BA': the date 2024-01-02 stands on line 2 with 5 and on line 4 with 5\.5; "
            r".*duplicates='last'"
        ),
    ):
        read(tmp_path, "p.csv", text)
    table = read(tmp_path, "p.csv", text, duplicates="last")
    assert levels(table, "BA") == {"2024-01-02": 5.5, "2024-01-03": 6.0}
    assert "1 rows of a date that comes again with other values left out" in notes(table)


def test_the_last_row_in_the_file_counts_in_a_file_newest_first(tmp_path: Path) -> None:
    text = "date,BA\n2024-01-03,6\n2024-01-02,5\n2024-01-02,4\n"
    assert levels(read(tmp_path, "p.csv", text, duplicates="last"), "BA")["2024-01-02"] == 4.0


def test_identical_rows_are_merged_and_said(tmp_path: Path) -> None:
    table = read(tmp_path, "p.csv", "date,BA,F\n2024-01-02,5,\n2024-01-02,5,\n2024-01-03,6,7\n")
    assert levels(table, "BA") == {"2024-01-02": 5.0, "2024-01-03": 6.0}
    assert "1 repeated rows with the same values merged" in notes(table)


def test_one_date_of_two_symbols_is_no_duplicate(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="stands on line 2 with 1 and on line 4 with 3"):
        read(tmp_path, "p.csv", "ticker,date,close\nX,2024-01-02,1\nY,2024-01-02,2\nX,2024-01-02,3\n")


def test_bars_that_disagree_are_duplicates_too(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="column 'volume'"):
        read(tmp_path, "BA.csv", "Date,Close,Volume\n2024-01-02,5,1\n2024-01-02,5,2\n")


def test_unsorted_rows_are_sorted_and_said(tmp_path: Path) -> None:
    table = read(tmp_path, "p.csv", "date,BA\n2024-01-03,6\n2024-01-02,5\n2024-01-04,7\n")
    assert list(levels(table, "BA")) == ["2024-01-02", "2024-01-03", "2024-01-04"]
    assert "rows stood in no date order: sorted" in notes(table)


# ---- Excel


def workbook(path: Path, rows: list[list[object]], *, empty_first: bool = False) -> str:
    """An Excel file with these cells."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Prices") if empty_first else book.active
    for row in rows:
        sheet.append(row)
    book.save(path)
    return str(path)


def test_excel(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Date", "BA", "F"],
        [dt.datetime(2024, 1, 2), 250.25, 12],
        [dt.date(2024, 1, 3), None, "#N/A"],
        [dt.datetime(2024, 1, 4, 16, 0), 251.1, 12.5],
    ]
    table = load("files", workbook(tmp_path / "prices.xlsx", rows, empty_first=True))
    assert levels(table, "BA") == {"2024-01-02": 250.25, "2024-01-04": 251.1}
    assert levels(table, "F") == {"2024-01-02": 12.0, "2024-01-04": 12.5}
    assert "sheet 'Prices', the first filled of 2 sheets" in notes(table)


def test_excel_under_another_suffix(tmp_path: Path) -> None:
    path = workbook(tmp_path / "p.xlsx", [["Date", "Close"], ["2024-01-02", 5.0]])
    odd = tmp_path / "BA.csv"
    odd.write_bytes(Path(path).read_bytes())
    assert levels(load("files", odd), "BA") == {"2024-01-02": 5.0}


def test_excel_errors_name_the_row(tmp_path: Path) -> None:
    path = workbook(tmp_path / "p.xlsx", [["Date", "BA"], ["2024-01-02", 5.0], ["2024-01-03", "n.v."]])
    with pytest.raises(FileFormatError, match=r"line 3, column 'BA': 'n\.v\.' is no number"):
        load("files", path)
    (tmp_path / "zip.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    with pytest.raises(FileFormatError, match="this is no readable Excel file"):
        load("files", tmp_path / "zip.xlsx")


def test_excel_without_openpyxl_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path / "p.xlsx", [["Date", "BA"], ["2024-01-02", 5.0]])
    real = importlib.import_module

    def without(name: str, package: str | None = None) -> object:
        if name == "openpyxl":
            raise ImportError(name)
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(MissingExtraError, match=r"'p\.xlsx' needs the extra \[excel\]: pip install"):
        load("files", path)


# ---- identity


def test_rename_of_one_series_and_of_several(tmp_path: Path) -> None:
    old = "Date,Close,Volume\n1999-01-04,75,1\n"
    assert read(tmp_path, "AA.csv", old, rename="AA-OLD").instruments["AA-OLD"].name == "Alcoa Inc."
    assert read(tmp_path, "AA.csv", old, rename={"AA": "AA-OLD"}).ids == ("AA-OLD",)
    wide = read(tmp_path, "p.csv", "date,AA,x\n1999-01-04,75,1\n", rename={"AA": "AA-OLD", "x": "BA"})
    assert wide.ids == ("AA-OLD", "BA")


def test_rename_of_a_file_whose_column_has_another_name(tmp_path: Path) -> None:
    text = "Date,Close,symbol\n2024-01-02,5,whatever\n"
    assert read(tmp_path, "p.csv", text, rename={"p": "BA"}).ids == ("BA",)
    assert read(tmp_path, "p.csv", text, rename={"whatever": "BA"}).ids == ("BA",)


def test_one_name_for_several_series_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"one new name, 'X', for 2 series \('BA', 'F'\); give a mapping"):
        read(tmp_path, "p.csv", "date,BA,F\n2024-01-02,1,2\n", rename="X")


def test_a_typing_error_in_rename_is_seen(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="unknown name in rename 'AAA'"):
        read(tmp_path, "p.csv", "date,BA,F\n2024-01-02,1,2\n", rename={"AAA": "X"})


def test_old_bars_of_alcoa_point_to_the_old_company(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"every row of AA is before 2016-11-01.*id AA-OLD.*--as AA="):
        read(tmp_path, "AA.csv", "Date,Close,Volume\n1999-01-04,75,1\n")


def test_bars_of_the_old_company_are_left_out_with_its_prices(tmp_path: Path) -> None:
    table = read(tmp_path, "AA.csv", "Date,Close,Volume\n2016-10-31,28,1\n2016-11-01,23,2\n2016-11-02,22,3\n")
    assert levels(table, "AA") == {"2016-11-01": 23.0, "2016-11-02": 22.0}
    assert table.bars["AA"]["volume"].tolist() == [2.0, 3.0]
    assert [(f.kind, f.n) for f in table.flags] == [("identity_change", 1)]


@pytest.mark.parametrize("name", ["my prices, v2 (final).csv", "prix d'été.csv", "a.b.c.csv", "UPPER.CSV"])
def test_odd_file_names(tmp_path: Path, name: str) -> None:
    table = read(tmp_path, name, "date,close\n2024-01-02,5\n")
    assert table.ids == (Path(name).stem,)
    assert table.origins[0].name == name


# ---- folders


def folder_of(tmp_path: Path) -> Path:
    """A folder with three good files and a broken one."""
    write(tmp_path, "BA.csv", YAHOO)
    write(
        tmp_path,
        "lme_aluminium.csv",
        "date,cash_settlement,three_month\n2024-01-02,2300,2350\n2024-01-03,2310,2340\n",
    )
    write(tmp_path, "wide.tsv", "date\tF\tBA\n2024-01-02\t12\t99\n")
    write(tmp_path, "notes.txt", "call the broker; ask about fees\nand; so on\n")
    write(tmp_path, "readme.md", "not a table")
    return tmp_path


def test_a_broken_file_matters_only_when_everything_is_wanted(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    with pytest.raises(FileFormatError, match=r"notes\.txt"):
        load("files", folder)
    assert load("files", folder, symbols=["BA"]).ids == ("BA",)


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


def test_only_the_files_that_are_needed_are_read(tmp_path: Path, opened: list[str]) -> None:
    table = load("files", folder_of(tmp_path), symbols=["LME-SPREAD", "BA"])
    assert opened == ["BA.csv", "lme_aluminium.csv"]
    assert table.ids == ("LME-CASH", "LME-3M", "BA", "LME-SPREAD")
    assert levels(table, "LME-SPREAD") == {"2024-01-02": -50.0, "2024-01-03": -30.0}


def test_a_study_reads_every_file_once(tmp_path: Path, opened: list[str]) -> None:
    folder = folder_of(tmp_path)
    study = write(tmp_path, "s.toml", f"""
        events = ["ofac-rusal-2018"]
        instruments = ["F", "BA", "LME-CASH", "LME-3M"]
        prices.source = "files"
        prices.path = "{folder}"
        model.name = "constant_mean"
    """)  # fmt: skip
    table = read_study(study).load()
    assert sorted(opened) == ["BA.csv", "lme_aluminium.csv", "notes.txt", "wide.tsv"]
    assert table.ids == ("F", "BA", "LME-CASH", "LME-3M")
    for name in table.ids:
        pd.testing.assert_series_equal(
            table.frame[name].dropna(), load("files", folder, symbols=[name]).frame[name].dropna()
        )


def test_a_symbol_may_stand_in_a_column_of_any_file(tmp_path: Path) -> None:
    table = load("files", folder_of(tmp_path), symbols=["F"])
    assert levels(table, "F") == {"2024-01-02": 12.0}
    assert [o.name for o in table.origins] == ["wide.tsv"]


def test_a_symbol_that_no_file_has_lists_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError) as caught:
        load("files", folder_of(tmp_path), symbols=["CENX"])
    text = str(caught.value)
    assert "unknown instrument 'CENX'" in text
    assert "the files have BA, F, LME-3M, LME-CASH" in text
    assert "not read" in text
    assert "notes.txt" in text


def test_a_missing_leg_is_named(tmp_path: Path) -> None:
    write(tmp_path, "lme_aluminium.csv", "date,cash_settlement\n2024-01-02,2300\n")
    with pytest.raises(UnknownNameError, match=r"'LME-3M'.*\(LME-3M is needed for LME-SPREAD\)"):
        load("files", tmp_path, symbols=["LME-SPREAD"])


def test_a_broken_file_that_is_needed_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "BA.csv", "nothing")
    with pytest.raises(FileFormatError, match="no separator"):
        load("files", tmp_path, symbols=["BA"])


def test_a_file_of_its_own_goes_before_a_column_among_others(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    (folder / "notes.txt").unlink()
    table = load("files", folder)
    assert levels(table, "BA") == {"2024-01-02": 10.0, "2024-01-03": 11.0}
    assert "BA not taken from here: BA.csv holds it" in notes(table)
    assert next(o for o in table.origins if o.name == "wide.tsv").ids == ("F",)


def test_two_files_of_one_instrument_are_an_error(tmp_path: Path) -> None:
    write(tmp_path, "BA.csv", YAHOO)
    write(tmp_path, "BA.txt", YAHOO)
    with pytest.raises(InputError, match=r"BA is in two files, .*BA\.csv and .*BA\.txt"):
        load("files", tmp_path)


def test_several_files_by_name(tmp_path: Path) -> None:
    paths = [write(tmp_path, "BA.csv", YAHOO), write(tmp_path, "F.csv", YAHOO)]
    assert load("files", paths).ids == ("BA", "F")


def test_selectors_take_what_is_there(tmp_path: Path) -> None:
    write(tmp_path, "BA.csv", YAHOO)
    write(tmp_path, "SPY.csv", YAHOO)
    table = load("files", tmp_path, symbols=["role:consumer"])
    assert table.ids == ("BA",)
    assert "asked for by a selector and in no file: BALL, CCK, F, HWM" in notes(table)
    with pytest.raises(UnknownNameError):
        load("files", tmp_path, symbols=["role:premium"])


def test_rename_in_a_folder(tmp_path: Path) -> None:
    write(tmp_path, "AA.csv", "Date,Close,Volume\n1999-01-04,75,1\n")
    write(tmp_path, "broken.csv", "nothing")
    table = load("files", tmp_path, symbols=["AA-OLD"], rename={"AA": "AA-OLD"})
    assert table.ids == ("AA-OLD",)


def test_hidden_and_lock_files_are_not_data(tmp_path: Path) -> None:
    write(tmp_path, "BA.csv", YAHOO)
    write(tmp_path, ".F.csv", "x")
    write(tmp_path, "~$F.xlsx", "x")
    (tmp_path / "sub.csv").mkdir()
    assert load("files", tmp_path).ids == ("BA",)


# ---- returns


def test_long_returns(tmp_path: Path) -> None:
    path = write(tmp_path, "firms.csv", "id_firm,date,ret\nA,2024-01-02,\nA,2024-01-03,0.01\nB,2024-01-02,-0.02\n")
    table = read_returns(path, unit="fraction")
    assert levels(table, "A") == {"2024-01-03": 0.01}
    assert levels(table, "B") == {"2024-01-02": -0.02}
    assert table.instruments["A"].change == "as_is"
    (origin,) = table.origins
    assert (origin.source, origin.name) == ("files", "firms.csv")
    assert origin.sha256 == hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert origin.layout.endswith("returns in fraction")


def test_wide_returns_in_percent(tmp_path: Path) -> None:
    path = write(tmp_path, "r.csv", "date,BA,Mine\n20240102,1.5,NA\n20240103,-0.5,2\n")
    table = read_returns(path, unit="percent")
    assert levels(table, "BA") == pytest.approx({"2024-01-02": 0.015, "2024-01-03": -0.005})
    assert table.instruments["BA"].name == "Boeing"
    assert read_returns(path, unit="percent", symbols=["Mine"], rename={"BA": "X"}).ids == ("Mine",)


def test_one_column_of_returns_takes_the_name_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "BA.csv", "date,return\n2024-01-02,0.01\n")
    assert read_returns(path, unit="fraction").ids == ("BA",)
    assert read_returns(path, unit="fraction", rename="Q").ids == ("Q",)


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        (
            "date,A\n2024-01-02,1.5\n2024-01-03,-0.5\n",
            "fraction",
            "as fractions that is 100% a day; say unit='percent'",
        ),
        (
            "date,A,B\n2024-01-02,1.5,0.01\n2024-01-03,-1.5,0.01\n",
            "percent",
            "percent and fractions are mixed",
        ),
        ("date,A\n2024-01-02,NA\n", "percent", "column 'A': A has no value at all"),
        (YAHOO, "percent", "these are prices, not returns"),
        (LME, "percent", "these are prices, not returns"),
        (FRENCH, "percent", "Ken French's factors are read with es.load"),
        ("date,close\n2024-01-02,5\n", "percent", "column 'close': this column holds prices"),
        ("date,A\n2024-01-02,1\n2024-01-02,2\n", "percent", "stands on line 2 with 1 and on line 3 with 2"),
    ],
)
def test_files_that_are_no_returns(tmp_path: Path, text: str, unit: str, message: str) -> None:
    with pytest.raises(FileFormatError, match=message):
        read_returns(write(tmp_path, "r.csv", text), unit=unit)  # type: ignore[arg-type]


def test_returns_of_an_unknown_symbol(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"'Z'; known: A in r\.csv"):
        read_returns(write(tmp_path, "r.csv", "date,A\n2024-01-02,0.01\n"), unit="fraction", symbols=["Z"])


# ---- the real files


def cells(name: str, day: str, at: int, separator: str = ",") -> str:
    """One cell of a real file, read without the package: the row that starts with `day`."""
    for line in (DATA / name).read_text(encoding="utf-8-sig").splitlines():
        if line.startswith(day):
            return line.split(separator)[at].strip('" ')
    raise AssertionError((name, day))


@pytest.fixture(scope="module")
def real() -> PriceTable:
    """Everything in the shared folder."""
    return load("files", DATA)


@needs_data
@pytest.mark.parametrize(
    ("name", "file", "day", "at"),
    [
        ("AA", "AA.csv", "2018-04-09", 5),
        ("CENX", "CENX.csv", "2018-04-06", 5),
        ("BALL", "BALL.csv", "2018-04-06", 5),
        ("ALI=F", "ALI=F.csv", "2018-04-06", 4),
        ("DBC", "DBC.csv", "2006-02-06", 1),
        ("NHY.OL", "NHY.OL.csv", "2018-04-06", 1),
        ("SHFE.AL", "SHFE.AL.csv", "2018-04-04", 4),
        ("SPY", "SPY.csv", "2018-04-06", 1),
        ("USDCAD=X", "USDCAD=X.csv", "2018-04-06", 4),
        ("PALUMUSDM", "PALUMUSDM.csv", "2018-04-01", 1),
        ("LME-CASH", "lme_aluminium.csv", "2018-04-06", 1),
        ("LME-3M", "lme_aluminium.csv", "2018-04-09", 2),
        ("LME-STOCK", "lme_aluminium.csv", "2021-03-11", 3),
        ("LME-NI-CASH", "lme_nickel.csv", "2022-03-08", 1),
        ("GM", "dow30_1990s.csv", "1994-01-31", 12),
    ],
)
def test_real_values(real: PriceTable, name: str, file: str, day: str, at: int) -> None:
    assert levels(real, name)[day] == float(cells(file, day, at))


@needs_data
def test_everything_real_is_read(real: PriceTable) -> None:
    files = {p.name for p in DATA.iterdir() if p.suffix == ".csv"}
    assert {o.name for o in real.origins} == files
    for origin in real.origins:
        assert origin.sha256 == hashlib.sha256((DATA / origin.name).read_bytes()).hexdigest()
    assert {"AA", "HWM", "KALU", "MKT-RF", "MOM", "RF", "LME-ZN-3M", "LME-CU-STOCK"} <= set(real.ids)


@needs_data
def test_real_row_counts(real: PriceTable) -> None:
    for name, file in [
        ("CENX", "CENX.csv"),
        ("DBC", "DBC.csv"),
        ("NHY.OL", "NHY.OL.csv"),
        ("LME-CASH", "lme_aluminium.csv"),
    ]:
        lines = (DATA / file).read_text().splitlines()
        assert real.frame[name].notna().sum() == sum(line[:1].isdigit() for line in lines)
    flag = next(f for f in real.flags if f.instrument == "LME-3M" and f.kind == "missing")
    assert flag.n == 81


@needs_data
def test_real_alcoa_starts_in_november_2016_and_howmet_is_whole(real: PriceTable) -> None:
    (flag,) = [f for f in real.flags if f.instrument == "AA"]
    assert (flag.kind, flag.end) == ("identity_change", dt.date(2016, 10, 31))
    assert min(levels(real, "AA")) == "2016-11-01"
    assert min(levels(real, "HWM")) == "2016-11-01"
    assert not [f for f in real.flags if f.instrument == "HWM"]
    assert real.bars["AA"].index[0] == real.bars["HWM"].index[0]
    text = notes(real)
    assert "AA not taken from here: AA.csv holds it" in text
    assert "BA not taken from here: BA.csv holds it" in text


@needs_data
def test_old_alcoa_under_its_own_name() -> None:
    table = load("files", DATA / "AA.csv", rename="AA-OLD")
    assert levels(table, "AA-OLD")["2000-01-03"] == float(cells("AA.csv", "2000-01-03", 5))
    dow = load("files", DATA / "dow30_1990s.csv", rename={"AA": "AA-OLD"})
    assert levels(dow, "AA-OLD")["1994-01-31"] == float(cells("dow30_1990s.csv", "1994-01-31", 1))


@needs_data
def test_real_factors(real: PriceTable) -> None:
    five, momentum = "F-F_Research_Data_5_Factors_2x3_daily.csv", "F-F_Momentum_Factor_daily.csv"
    for at, name in enumerate(["MKT-RF", "SMB", "HML", "RMW", "CMA", "RF"], start=1):
        assert levels(real, name)["2018-04-06"] == pytest.approx(float(cells(five, "20180406", at)) / 100.0)
    assert levels(real, "MOM")["1926-11-03"] == pytest.approx(float(cells(momentum, "19261103", 1)) / 100.0)
    assert max(levels(real, "MOM")) == "2026-01-30"


@needs_data
def test_factors_in_a_real_folder_cost_one_reading(tmp_path: Path, real: PriceTable, opened: list[str]) -> None:
    study = write(tmp_path, "s.toml", f"""
        events = ["ofac-rusal-2018"]
        instruments = ["AA", "LME-3M"]
        prices = {{ source = "files", path = "{DATA}" }}
        model.name = "carhart"
    """)  # fmt: skip
    table = read_study(study).load()
    assert len(opened) == len(set(opened))
    assert table.ids == ("AA", "LME-3M", "MKT-RF", "SMB", "HML", "MOM", "RF")
    for name in table.ids:
        pd.testing.assert_series_equal(table.frame[name].dropna(), real.frame[name].dropna())


@needs_data
def test_real_folder_reads_only_what_is_needed() -> None:
    table = load("files", str(DATA), symbols=["LME-SPREAD", "AA", "SPY"])
    assert {o.name for o in table.origins} == {"lme_aluminium.csv", "AA.csv", "SPY.csv"}
    assert table.ids == ("LME-CASH", "LME-3M", "AA", "SPY", "LME-SPREAD")
    assert levels(table, "LME-SPREAD")["2018-04-06"] == -21.0
    assert levels(table, "LME-SPREAD")["2018-04-13"] == 21.5


@needs_data
@pytest.mark.parametrize(
    ("file", "unit", "name", "day", "count"),
    [
        ("covid_rates.csv", "fraction", "AMZN", "2019-04-02", 7),
        ("covid_index.csv", "fraction", "X.GSPC", "2019-04-03", 1),
        ("forest_firms.csv", "percent", "wy", "19900103", 16),
        ("sept11_indices.csv", "percent", "Toronto", "2001-01-02", 33),
    ],
)
def test_real_returns(file: str, unit: str, name: str, day: str, count: int) -> None:
    path = DATA / "peers" / file
    table = read_returns(path, unit=unit)  # type: ignore[arg-type]
    assert len(table.ids) == count
    at = [c.strip('"') for c in path.read_text().splitlines()[0].split(",")].index(name)
    plain = day if "-" in day else f"{day[:4]}-{day[4:6]}-{day[6:]}"
    expected = float(cells(f"peers/{file}", day, at)) / (100.0 if unit == "percent" else 1.0)
    assert levels(table, name)[plain] == pytest.approx(expected)
    with pytest.raises(FileFormatError):
        load("files", path)


@needs_data
def test_real_long_returns() -> None:
    path = DATA / "peers" / "sp500_additions_firms.csv"
    table = read_returns(path, unit="fraction")
    lines = [line.split(",") for line in path.read_text().splitlines()[1:]]
    assert set(table.ids) == {firm for firm, _, _ in lines}
    assert int(table.frame.notna().sum().sum()) == sum(value != "" for _, _, value in lines)
    assert levels(table, "Best_Buy")["1999-12-31"] == 0.02030456852791878
    assert math.isnan(table.frame["Cincinnati"].iloc[0])
    assert read_returns(DATA / "peers" / "sp500_additions_markets.csv", unit="fraction").ids == ("M1",)
    with pytest.raises(FileFormatError, match=r"column 'ret': this column holds returns"):
        load("files", path)


def test_reading_prints_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtins, "print", lambda *_: pytest.fail("printed"))
    assert read(tmp_path, "BA.csv", YAHOO).ids == ("BA",)
