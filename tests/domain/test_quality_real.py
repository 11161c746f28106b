"""The known faults of the real files are found on their days; known true moves are left alone.

The dates come from the list that travels with the files, and from reading them.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from eventstudy.domain.instruments import instruments
from eventstudy.domain.quality import Flag
from eventstudy.domain.quality_halts import halt_mask
from eventstudy.domain.quality_jumps import moves_of
from eventstudy.domain.quality_table import check_table, compare_tables
from eventstudy.sources.base import load

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")

Flags = tuple[Flag, ...]


@pytest.fixture(scope="module")
def everything() -> Flags:
    """Findings over the whole folder."""
    return check_table(load("files", str(DATA)))


def of(flags: Flags, instrument: str, kind: str) -> list[Flag]:
    """Findings of one kind about one instrument."""
    return [f for f in flags if (f.instrument, f.kind) == (instrument, kind)]


def spans(flags: list[Flag]) -> list[tuple[str, str]]:
    """First and last date, as text."""
    return [(str(f.start), str(f.end)) for f in flags]


def lines(file: str) -> list[list[str]]:
    """Cells of a file's rows."""
    return [line.split(",") for line in (DATA / file).read_text().splitlines()[1:]]


# ---- COMEX aluminum


def test_frozen_futures_and_the_splice_after_them(everything: Flags) -> None:
    assert spans(of(everything, "ALI=F", "frozen_run")) == [("2017-10-30", "2019-06-26")]
    (splice,) = of(everything, "ALI=F", "roll_or_splice")
    assert splice.start == splice.end == dt.date(2019, 6, 27)
    assert "2225 to 1820" in splice.evidence
    assert splice.severity == "refuse"
    assert not of(everything, "ALI=F", "suspension")


def test_the_holes_of_2016(everything: Flags) -> None:
    grave = [f for f in of(everything, "ALI=F", "hole") if f.severity == "warn"]
    assert [(str(f.start), f.n) for f in grave] == [("2016-09-02", 27), ("2016-10-05", 23)]
    days = {row[0] for row in lines("ALI=F.csv")}
    for flag in of(everything, "ALI=F", "hole"):
        if flag.severity == "info":
            assert str(flag.start) not in days


def test_bars_of_the_futures(everything: Flags) -> None:
    rows = lines("ALI=F.csv")
    assert spans(of(everything, "ALI=F", "ohlc_violation")) == [("2014-05-28", "2014-05-28")]
    (flat,) = of(everything, "ALI=F", "flat_bars")
    assert flat.n == sum(len({*map(float, row[1:5])}) == 1 for row in rows)
    (volume,) = of(everything, "ALI=F", "zero_volume")
    assert volume.n == sum(float(row[5]) == 0.0 for row in rows)
    # 86% and 74% of the rows, says the list.
    assert (round(flat.n / len(rows), 2), round(volume.n / len(rows), 2)) == (0.86, 0.74)


def test_the_futures_disagree_with_london_while_frozen(everything: Flags) -> None:
    apart = [f for f in of(everything, "ALI=F", "source_disagreement") if "nothing in common" in f.evidence]
    assert len(apart) == 1
    assert apart[0].start < dt.date(2017, 10, 30)
    assert apart[0].end > dt.date(2019, 6, 26)
    assert apart[0].touches(dt.date(2018, 4, 6), dt.date(2018, 4, 9))


def test_the_futures_against_the_monthly_mean() -> None:
    futures, mean = (load("files", str(DATA / name)) for name in ("ALI=F.csv", "PALUMUSDM.csv"))
    flags = compare_tables(futures, mean)
    assert any(f.touches(dt.date(2018, 8, 1), dt.date(2019, 6, 30)) and f.n == 12 for f in flags)
    cash = load("files", str(DATA / "lme_aluminium.csv"), symbols=["LME-CASH"])
    assert compare_tables(cash, mean) == ()


# ---- LME


def test_aluminium_blanks_saturday_and_bad_tick(everything: Flags) -> None:
    (missing,) = of(everything, "LME-3M", "missing")
    assert missing.n == sum(row[2] == "" for row in lines("lme_aluminium.csv")) == 81
    assert spans(of(everything, "LME-3M", "forward_fill")) == [("2008-11-08", "2008-11-08")]
    (tick,) = of(everything, "LME-3M", "bad_tick")
    assert (tick.start, tick.n) == (dt.date(2008, 1, 30), 1)
    assert "2339" in tick.evidence
    assert "LME-CASH moved +2.9% to 2631" in tick.evidence
    assert not of(everything, "LME-CASH", "bad_tick")


def test_nickel_in_march_2022(everything: Flags) -> None:
    (cash,) = of(everything, "LME-NI-CASH", "suspension")
    assert (str(cash.start), str(cash.end), cash.n) == ("2022-03-08", "2022-03-25", 14)
    assert "2 different prices" in cash.evidence
    (three,) = of(everything, "LME-NI-3M", "suspension")
    assert (str(three.start), str(three.end), three.n) == ("2022-03-08", "2022-03-25", 14)
    assert cash.severity == three.severity == "refuse"
    # The price of Monday 2022-03-07 stands: it was not cancelled.
    assert not [f for f in everything if f.instrument.startswith("LME-NI") and f.kind in ("bad_tick", "roll_or_splice")]


def test_only_nickel_was_suspended(everything: Flags) -> None:
    assert {f.instrument for f in everything if f.kind == "suspension"} == {"LME-NI-CASH", "LME-NI-3M"}


def test_the_halt_is_there_for_a_study() -> None:
    nickel = load("files", str(DATA / "lme_nickel.csv")).frame["LME-NI-CASH"].dropna()
    halted = nickel.index[halt_mask(moves_of("LME-NI-CASH", nickel))]
    assert (f"{halted[0]:%Y-%m-%d}", f"{halted[-1]:%Y-%m-%d}", halted.size) == ("2022-03-08", "2022-03-25", 14)


# ---- equities and the rest


def test_true_crashes_are_no_errors(everything: Flags) -> None:
    # Century Aluminum fell 46.9% (log) on 2009-01-28; every large move of the folder's equities is real.
    equities = {n for n, one in instruments().items() if one.role in ("producer", "consumer", "market", "stock")}
    jumps = {"bad_tick", "split", "roll_or_splice", "unit_mismatch", "price_limit", "suspension"}
    assert not [f for f in everything if f.instrument in equities and f.kind in jumps]
    alone = check_table(load("files", str(DATA / "CENX.csv")))
    assert alone == ()


def test_alcoa_before_november_2016_is_another_company(everything: Flags) -> None:
    (flag,) = of(everything, "AA", "identity_change")
    assert spans([flag]) == [("2000-01-03", "2016-10-31")]
    assert "Alcoa Inc." in flag.evidence


def test_howmet_begins_without_volume(everything: Flags) -> None:
    (flag,) = of(everything, "HWM", "zero_volume")
    assert flag.n == sum(float(row[6]) == 0.0 for row in lines("HWM.csv"))
    assert flag.start == dt.date(2016, 11, 1)


def test_the_first_rows_of_the_dow_file_are_copies() -> None:
    flags = check_table(load("files", str(DATA / "dow30_1990s.csv"), rename={"AA": "AA-OLD"}))
    fills = {f.instrument: (str(f.start), str(f.end)) for f in flags if f.kind == "forward_fill"}
    assert len(fills) == 30
    assert set(fills.values()) == {("1990-12-31", "1991-01-02")}


def test_new_years_day_of_the_canadian_dollar(everything: Flags) -> None:
    (tick,) = of(everything, "USDCAD=X", "bad_tick")
    assert tick.start == dt.date(2021, 1, 1)
    rows = {row[0]: float(row[4]) for row in lines("USDCAD=X.csv")}
    assert rows["2020-12-31"] / rows["2021-01-01"] > 1.03
    assert rows["2021-01-04"] / rows["2021-01-01"] > 1.03


def test_factors_are_complete(everything: Flags) -> None:
    assert not [f for f in everything if f.instrument in ("MKT-RF", "SMB", "HML", "RMW", "CMA", "RF", "MOM")]
