"""Layouts of files: bars, several header rows, LME tables, long, wide and single, Ken French."""

import hashlib
from pathlib import Path

import pytest

from eventstudy.errors import FileFormatError
from tests.sources.written import FRENCH, LME, YAHOO, levels, notes, read

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
