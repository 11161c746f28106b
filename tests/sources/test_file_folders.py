"""Which series a file holds, and folders of files."""

from pathlib import Path

import pandas as pd
import pytest

from eventstudy.errors import FileFormatError, InputError, UnknownNameError
from eventstudy.sources.base import load
from eventstudy.spec import read_study
from tests.sources.written import YAHOO, levels, notes, read, write

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
