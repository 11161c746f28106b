"""Files of ready returns, and the real files where they are at hand."""

import builtins
import datetime as dt
import hashlib
import math
from pathlib import Path

import pandas as pd
import pytest

from eventstudy.domain.prices import PriceTable
from eventstudy.errors import FileFormatError, UnknownNameError
from eventstudy.sources.base import load
from eventstudy.sources.files import read_returns
from eventstudy.spec import read_study
from tests.sources.written import DATA, FRENCH, LME, YAHOO, levels, needs_data, notes, read, write

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
