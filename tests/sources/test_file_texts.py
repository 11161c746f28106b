"""What stands in a file: separators, numbers, encodings, dates, duplicates, Excel, and what a broken file is told."""

import datetime as dt
import importlib
from pathlib import Path

import pytest

from eventstudy.errors import FileFormatError, InputError, MissingExtraError
from eventstudy.sources.base import load
from tests.sources.written import YAHOO, levels, notes, read, write

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
    (tmp_path / "pricing").mkdir()
    with pytest.raises(
        FileFormatError, match=r"pricing\.csv: there is no such file or folder; did you mean 'prices\.csv'\?"
    ):
        load("files", tmp_path / "pricing.csv")
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
