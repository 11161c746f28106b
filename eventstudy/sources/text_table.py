"""Bytes of a text or Excel file to rows of text, each with its line number."""

from __future__ import annotations

import csv
import datetime as dt
import difflib
import hashlib
import importlib
import io
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from eventstudy.errors import FileFormatError, MissingExtraError

#: Suffixes of a folder's files that are read.
SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx")
#: Tried in this order; on a tie the earlier one wins, because "2024-01-02;1,5" has a comma on every line too.
SEPARATORS = (";", "\t", "|", ",")
_SAMPLE_LINES = 200
_XLSX, _XLS, _GZIP = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTable:
    """A file as rows of stripped text.

    Attributes
    ----------
    path : str
        As given by the caller.
    rows : tuple of tuple of str
        Rows that hold anything, in file order, header lines included; they may differ in length.
    lines : tuple of int
        Line (Excel: row) number of each row, counted from 1.
    separator : str
        Character between the fields; empty for Excel.
    sha256 : str
        Hash of the file's bytes.
    notes : tuple of str
        What was decided on the way.
    """

    path: str
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    separator: str
    sha256: str
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """File name without folder."""
        return Path(self.path).name

    @property
    def stem(self) -> str:
        """File name without folder and suffix."""
        return Path(self.path).stem


def read_table(path: str) -> TextTable:
    """Read a delimited text file or the first filled sheet of an Excel file.

    Raises
    ------
    FileFormatError
        Missing or empty file, a web page, an unclosed quote, no separator, a format other than text and xlsx.
    MissingExtraError
        An Excel file without openpyxl.
    """
    raw = _read_bytes(path)
    if raw.startswith(_XLSX):
        rows, notes = _excel_rows(path, raw)
        separator = ""
    else:
        text, notes = _decode(path, raw)
        separator = _separator(path, text)
        rows = _text_rows(path, text, separator)
    filled = [(line, cells) for line, cells in rows if any(cells)]
    if not filled:
        raise FileFormatError("the file is empty; a header line and one row a date are needed", path=path)
    return TextTable(
        path=path,
        rows=tuple(cells for _, cells in filled),
        lines=tuple(line for line, _ in filled),
        separator=separator,
        sha256=hashlib.sha256(raw).hexdigest(),
        notes=notes,
    )


def missing_path(path: str) -> FileFormatError:
    """The error for a path that does not exist, with names beside it that look like it."""
    return FileFormatError(f"there is no such file or folder{_neighbours(Path(path))}", path=path)


def _read_bytes(path: str) -> bytes:
    file = Path(path)
    if not file.exists():
        raise missing_path(path)
    if file.is_dir():
        raise FileFormatError("this is a folder, one file is needed here", path=path)
    try:
        return file.read_bytes()
    except OSError as error:
        raise FileFormatError(f"the file cannot be read: {error.strerror}", path=path) from error


def _neighbours(file: Path) -> str:
    """Names beside a missing file that look like it."""
    if not file.parent.is_dir():
        return f"; the folder {str(file.parent)!r} does not exist either"
    names = {
        p.name.casefold(): p.name
        for p in file.parent.iterdir()
        if p.suffix.lower() in SUFFIXES or (p.is_dir() and not file.suffix)
    }
    close = difflib.get_close_matches(file.name.casefold(), list(names), n=3, cutoff=0.4)
    return "; did you mean " + " or ".join(repr(names[c]) for c in close) + "?" if close else ""


def _decode(path: str, raw: bytes) -> tuple[str, tuple[str, ...]]:
    if raw.startswith((_XLS, _GZIP)):
        what = "an old Excel file (.xls)" if raw.startswith(_XLS) else "a compressed file"
        raise FileFormatError(f"this is {what}; save it as .csv or .xlsx first", path=path)
    notes: tuple[str, ...] = ()
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        text, notes = raw.decode("utf-16"), ("read as UTF-16",)
    else:
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text, notes = raw.decode("latin-1"), ("not UTF-8: read as Latin-1",)
    if "\x00" in text:
        raise FileFormatError("this is no text file; save it as .csv or .xlsx first", path=path)
    if text.lstrip()[:1] == "<":
        raise FileFormatError(
            "this is a web page, not a table (a download that failed often looks so); download it again",
            path=path,
        )
    return text, notes


def _separator(path: str, text: str) -> str:
    """The separator that splits most of the first lines into one same number of fields."""
    sample = [line for line in text.splitlines()[: 2 * _SAMPLE_LINES] if line.strip()][:_SAMPLE_LINES]
    best, best_lines = "", 0
    for mark in SEPARATORS:
        widths = Counter(len(cells) for cells in csv.reader(sample, delimiter=mark) if len(cells) > 1)
        lines = max(widths.values(), default=0)
        if lines > best_lines:
            best, best_lines = mark, lines
    if sample and not best:
        raise FileFormatError(
            f"no separator found in {sample[0][:60]!r}; columns are parted by comma, semicolon, tab or |",
            path=path,
        )
    return best or ","


def _text_rows(path: str, text: str, separator: str) -> list[tuple[int, tuple[str, ...]]]:
    # strict: without it an unclosed quote would swallow the rest of the file in silence.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    rows = []
    first = 1
    try:
        for cells in reader:
            rows.append((first, tuple(c.strip() for c in cells)))
            first = reader.line_num + 1
    except csv.Error as error:
        raise FileFormatError(f"{error}; a quote may be left open", path=path, row=first) from error
    return rows


def _excel_rows(path: str, raw: bytes) -> tuple[list[tuple[int, tuple[str, ...]]], tuple[str, ...]]:
    try:
        openpyxl = importlib.import_module("openpyxl")
    except ImportError as error:
        raise MissingExtraError(f"reading the Excel file {Path(path).name!r}", "excel") from error
    try:
        book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise FileFormatError(f"this is no readable Excel file ({error})", path=path) from error
    for sheet in book.worksheets:
        rows = [
            (number, tuple(_cell_text(value) for value in cells))
            for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1)
        ]
        if any(any(cells) for _, cells in rows):
            more = "" if len(book.worksheets) == 1 else f", the first filled of {len(book.worksheets)} sheets"
            return rows, (f"sheet {sheet.title!r}{more}",)
    return [], ()


def _cell_text(value: object) -> str:
    """An Excel cell as the text that a CSV file would hold."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    return repr(value) if isinstance(value, float) else str(value).strip()
