"""The price table: validation, returns, portfolios, derived series, quality flags."""

import datetime as dt
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from eventstudy.domain.instruments import Instrument, InstrumentTable, instruments
from eventstudy.domain.prices import Origin, PriceTable, ad_hoc, build_table, respond
from eventstudy.domain.quality import check_series, frozen_rows
from eventstudy.domain.returns import returns
from eventstudy.errors import InputError, UnknownNameError
from eventstudy.sources.base import load

DATA = Path(__file__).parents[2].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")


def table(columns: dict[str, list[float]], days: list[str], **records: Instrument) -> PriceTable:
    """A price table of made-up instruments, or of the records given by id."""
    frame = pd.DataFrame(columns, index=pd.to_datetime(days))
    return build_table(frame, InstrumentTable(records.get(c, ad_hoc(c)) for c in columns), origins=())


DAYS = ["2024-01-02", "2024-01-03", "2024-01-04"]


# ---- the door


def test_rows_are_sorted_and_dates_made_plain() -> None:
    frame = pd.DataFrame({"X": [2, 1]}, index=["2024-01-10 16:00", "2024-01-09 16:00"])
    built = build_table(frame, InstrumentTable([ad_hoc("X")]), origins=()).frame
    assert list(built.index) == [pd.Timestamp("2024-01-09"), pd.Timestamp("2024-01-10")]
    assert built["X"].tolist() == [1.0, 2.0]
    assert built["X"].dtype == np.float64
    assert str(built.index.dtype) == "datetime64[ns]"


def test_time_zone_is_dropped_as_written() -> None:
    index = pd.DatetimeIndex(["2024-01-02 23:30", "2024-01-03 23:30"], tz="America/New_York")
    built = build_table(pd.DataFrame({"X": [1.0, 2.0]}, index=index), InstrumentTable([ad_hoc("X")]), origins=())
    assert built.frame.index[0] == pd.Timestamp("2024-01-02")


def test_the_frame_given_is_not_changed() -> None:
    frame = pd.DataFrame({"X": [0.0, 1.0]}, index=pd.to_datetime(DAYS[:2]))
    built = build_table(frame, InstrumentTable([ad_hoc("X")]), origins=(), nonpositive="missing")
    assert math.isnan(built.frame["X"].iloc[0])
    assert frame["X"].tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("values", "days", "message"),
    [
        ([], [], "no rows with a date"),
        ([1.0, 2.0], ["2024-01-02", "2024-01-02"], "2024-01-02 occurs twice"),
        ([1.0, math.inf], DAYS[:2], "infinite value on 2024-01-03"),
        ([math.nan, math.nan], DAYS[:2], "no value at all"),
        ([1.0, 2.0], ["2024-01-02", None], "1 rows have no date"),
        ([1.0, -2.0], DAYS[:2], r"X is -2 on 2024-01-03 \(1 such rows\).*nonpositive='missing'"),
    ],
)
def test_what_the_door_refuses(values: list[float], days: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        build_table(
            pd.DataFrame({"X": values}, index=pd.DatetimeIndex(days)),
            InstrumentTable([ad_hoc("X")]),
            origins=(),
        )


def test_two_columns_of_one_name_are_refused() -> None:
    frame = pd.DataFrame([[1.0, 2.0]], index=pd.to_datetime(DAYS[:1]), columns=["X", "X"])
    with pytest.raises(InputError, match="two columns are called 'X'"):
        build_table(frame, InstrumentTable([ad_hoc("X")]), origins=())


def test_a_message_names_the_origin() -> None:
    origin = Origin(source="files", name="mine.csv", layout="", sha256="", ids=("X",), rows=1)
    with pytest.raises(InputError, match=r"mine\.csv: X is 0"):
        build_table(
            pd.DataFrame({"X": [0.0]}, index=pd.to_datetime(DAYS[:1])),
            InstrumentTable([ad_hoc("X")]),
            origins=(origin,),
        )


def test_negative_levels_are_fine_where_responses_are_differences() -> None:
    spread = Instrument(id="S", role="spread", change="difference", unit="USD/t")
    assert table({"S": [-21.0, 21.5]}, DAYS[:2], S=spread).to_returns()["S"].tolist() == [42.5]


def test_missing_prices_are_flagged_when_asked_for() -> None:
    frame = pd.DataFrame({"X": [5.0, 0.0, -1.0, 6.0]}, index=pd.date_range("2024-01-02", periods=4))
    built = build_table(frame, InstrumentTable([ad_hoc("X")]), origins=(), nonpositive="missing")
    flag = next(f for f in built.flags if f.meaning == "treated as missing, as asked")
    assert (flag.kind, flag.n, flag.start, flag.end) == (
        "missing",
        2,
        dt.date(2024, 1, 3),
        dt.date(2024, 1, 4),
    )


# ---- another company under the same symbol


OWN = Instrument(id="X", first_valid=dt.date(2024, 1, 3), predecessor="Old X")


def test_rows_before_the_company_are_left_out_and_flagged() -> None:
    index = pd.to_datetime(DAYS)
    bars = {"X": pd.DataFrame({"close": [1.0, 2.0, 3.0]}, index=index)}
    built = build_table(
        pd.DataFrame({"X": [1.0, 2.0, 3.0]}, index=index), InstrumentTable([OWN]), origins=(), bars=bars
    )
    assert built.frame["X"].isna().tolist() == [True, False, False]
    assert built.bars["X"]["close"].tolist() == [2.0, 3.0]
    (flag,) = built.flags
    assert (flag.kind, flag.n, flag.end) == ("identity_change", 1, dt.date(2024, 1, 2))
    assert "Old X" in flag.evidence


def test_a_series_wholly_before_the_company_is_an_error() -> None:
    with pytest.raises(InputError, match="every row of X is before 2024-01-03, when the symbol was Old X"):
        table({"X": [1.0]}, DAYS[:1], X=OWN)


# ---- responses


def test_responses_by_hand() -> None:
    days = DAYS
    simple = Instrument(id="B", change="simple")
    diff = Instrument(id="C", change="difference", unit="t")
    as_is = Instrument(id="D", change="as_is")
    built = table(
        {
            "A": [100.0, 110.0, 99.0],
            "B": [100.0, 110.0, 99.0],
            "C": [5.0, 3.0, math.nan],
            "D": [0.1, 0.2, -0.3],
        },
        days,
        B=simple,
        C=diff,
        D=as_is,
    )
    got = built.to_returns()
    assert got["A"].tolist() == pytest.approx([math.log(1.1), math.log(0.9)])
    assert got["B"].tolist() == pytest.approx([0.1, -0.1])
    assert got["C"].iloc[0] == -2.0
    assert math.isnan(got["C"].iloc[1])
    assert got["D"].tolist() == [0.2, -0.3]
    assert built.to_returns(change="simple")["A"].tolist() == pytest.approx([0.1, -0.1])
    assert list(got.index) == list(pd.to_datetime(days[1:]))


def test_nothing_is_filled_across_a_gap() -> None:
    got = table({"A": [100.0, math.nan, 121.0]}, DAYS).to_returns()["A"]
    assert got.isna().all()


def test_respond_is_the_same_for_arrays() -> None:
    now, before = np.array([110.0]), np.array([100.0])
    assert respond(now, before, "log")[0] == pytest.approx(math.log(1.1))
    assert respond(now, before, "simple")[0] == pytest.approx(0.1)
    assert respond(now, before, "difference")[0] == 10.0
    assert respond(now, before, "as_is")[0] == 110.0


# ---- portfolios


def test_portfolio_by_hand() -> None:
    # Day 2: +10% and -10% average to 0. Day 3: -10% and +20% average to +5%.
    built = table({"A": [100.0, 110.0, 99.0], "B": [50.0, 45.0, 54.0]}, DAYS).portfolio("P", ["A", "B"])
    assert built.frame["P"].tolist() == pytest.approx([100.0, 100.0, 105.0])
    assert built.instruments["P"].role == "market"
    assert built.instruments["P"].benchmark == ()


def test_portfolio_averages_those_that_have_a_return() -> None:
    # B has no price on day 2, so no return on days 2 and 3: A alone, +10% and then -10%.
    built = table({"A": [100.0, 110.0, 99.0], "B": [50.0, math.nan, 54.0]}, DAYS).portfolio("P", ["A", "B"])
    assert built.frame["P"].tolist() == pytest.approx([100.0, 110.0, 99.0])


def test_days_of_another_calendar_do_not_tear_a_portfolio_apart() -> None:
    # On 3 January neither member trades; the return of 4 January runs from 2 January, +20%.
    built = table({"A": [100.0, math.nan, 120.0], "B": [50.0, math.nan, 60.0], "Z": [1.0, 1.1, 1.2]}, DAYS).portfolio(
        "P", ["A", "B"]
    )
    assert built.frame["P"].dropna().tolist() == pytest.approx([100.0, 120.0])
    assert not [f for f in built.flags if f.instrument == "P"]


def test_portfolio_errors() -> None:
    built = table({"A": [1.0, 2.0]}, DAYS[:2])
    with pytest.raises(InputError, match="needs members and an id"):
        built.portfolio("P", [])
    with pytest.raises(InputError, match="needs members and an id"):
        built.portfolio("A", ["A"])
    with pytest.raises(UnknownNameError, match="'Q'"):
        built.portfolio("P", ["Q"])
    spread = Instrument(id="S", change="difference")
    with pytest.raises(InputError, match="'S' has no returns"):
        table({"S": [1.0, -1.0]}, DAYS[:2], S=spread).portfolio("P", ["S"])


def test_the_old_table_does_not_change() -> None:
    old = table({"A": [1.0, 2.0]}, DAYS[:2])
    before = old.fingerprint()
    new = old.portfolio("P", ["A"])
    assert old.ids == ("A",)
    assert old.fingerprint() == before
    assert new.ids == ("A", "P")


# ---- derived


def test_spread_is_the_difference_of_its_legs() -> None:
    known = instruments()
    legs = {"LME-CASH": [2000.0, 2010.0, 2020.0], "LME-3M": [2021.0, math.nan, 2010.0]}
    base = build_table(
        pd.DataFrame(legs, index=pd.to_datetime(DAYS)), InstrumentTable(known[i] for i in legs), origins=()
    )
    assert base.provides("LME-SPREAD")
    built = base.with_derived(["LME-SPREAD"])
    # A day with one leg missing stays missing.
    assert built.frame["LME-SPREAD"].iloc[[0, 2]].tolist() == [-21.0, 10.0]
    assert math.isnan(built.frame["LME-SPREAD"].iloc[1])
    assert built.instruments["LME-SPREAD"].response_unit == "USD/t"
    assert base.ids == ("LME-CASH", "LME-3M")


def test_days_of_another_calendar_are_no_missing_days_of_a_spread() -> None:
    known = instruments()
    legs = pd.DataFrame(
        {"LME-CASH": [2000.0, 2020.0], "LME-3M": [2021.0, 2010.0]}, index=pd.to_datetime([DAYS[0], DAYS[2]])
    )
    london = build_table(legs, InstrumentTable(known[str(i)] for i in legs), origins=())
    both = london.joined(table({"Z": [1.0, 2.0, 3.0]}, DAYS)).with_derived(["LME-SPREAD"])
    assert not [f for f in both.flags if f.instrument == "LME-SPREAD"]


def test_a_spread_without_its_legs_is_not_provided() -> None:
    base = table({"Z": [1.0, 2.0]}, DAYS[:2])
    assert not base.provides("LME-SPREAD")
    assert base.with_derived(["LME-SPREAD"]).ids == ("Z",)


# ---- joining, printing, fingerprints


def test_joined_keeps_the_union_of_dates_and_fills_nothing() -> None:
    both = table({"A": [1.0, 2.0]}, DAYS[:2]).joined(table({"B": [3.0, 4.0]}, DAYS[1:]))
    assert both.frame["A"].isna().tolist() == [False, False, True]
    assert both.frame["B"].isna().tolist() == [True, False, False]


def test_joined_refuses_one_instrument_twice() -> None:
    with pytest.raises(InputError, match="A came from two places"):
        table({"A": [1.0]}, DAYS[:1]).joined(table({"A": [2.0]}, DAYS[:1]))


def test_equal_tables_have_equal_fingerprints() -> None:
    one, same = table({"A": [1.0, 2.0]}, DAYS[:2]), table({"A": [1.0, 2.0]}, DAYS[:2])
    other_value, other_day = table({"A": [1.0, 2.5]}, DAYS[:2]), table({"A": [1.0, 2.0]}, [DAYS[0], DAYS[2]])
    other_unit = table({"A": [1.0, 2.0]}, DAYS[:2], A=Instrument(id="A", unit="EUR"))
    assert one.fingerprint() == same.fingerprint()
    assert len({t.fingerprint() for t in (one, other_value, other_day, other_unit)}) == 4


def test_describe_and_repr() -> None:
    built = table({"A": [1.0, math.nan, 2.0]}, DAYS)
    row = built.describe().loc["A"]
    assert (row["first"], row["last"], row["rows"]) == (dt.date(2024, 1, 2), dt.date(2024, 1, 4), 2)
    assert row["flags"] == "missing"
    assert repr(built) == "PriceTable(1 instruments, 3 dates 2024-01-02..2024-01-04: A)"
    assert "<table" in built._repr_html_()


# ---- returns as they come


def test_returns_in_percent_and_in_fractions() -> None:
    index = pd.to_datetime(DAYS)
    percent = returns(pd.DataFrame({"X": [1.0, -2.0, np.nan]}, index=index), unit="percent")
    assert percent.frame["X"].iloc[:2].tolist() == [0.01, -0.02]
    assert math.isnan(percent.frame["X"].iloc[2])
    assert percent.instruments["X"].change == "as_is"
    assert percent.instruments["X"].response_unit == "fraction"
    fraction = returns(pd.DataFrame({"X": [0.01, -0.02, 0.0]}, index=index), unit="fraction")
    assert fraction.frame["X"].tolist() == [0.01, -0.02, 0.0]


def test_returns_keep_what_is_known_of_an_instrument() -> None:
    frame = pd.DataFrame({"LME-3M": [0.01]}, index=pd.to_datetime(DAYS[:1]))
    one = returns(frame, unit="fraction", records=[instruments()["LME-3M"]]).instruments["LME-3M"]
    assert (one.stamp, one.tz, one.change, one.unit) == ("13:00", "Europe/London", "as_is", "fraction")


def test_percent_called_fractions_is_refused() -> None:
    frame = pd.DataFrame({"X": [1.2, -0.8, 0.5]}, index=pd.to_datetime(DAYS))
    with pytest.raises(InputError, match=r"median size of 0\.8: as fractions that is 80% a day; say unit='percent'"):
        returns(frame, unit="fraction")


@pytest.mark.parametrize("unit", ["percent", "fraction"])
def test_a_mix_of_percent_and_fractions_is_refused(unit: str) -> None:
    frame = pd.DataFrame({"X": [1.2, -0.8, 0.5], "Y": [0.012, -0.008, 0.005]}, index=pd.to_datetime(DAYS))
    with pytest.raises(InputError, match=r"percent and fractions are mixed: the median size of 'Y' is 0\.008"):
        returns(frame, unit=unit)  # type: ignore[arg-type]


def test_the_unit_has_no_third_value() -> None:
    with pytest.raises(InputError, match="unit 'bp' is not one of"):
        returns(pd.DataFrame({"X": [1.0]}, index=pd.to_datetime(DAYS[:1])), unit="bp")  # type: ignore[arg-type]


def test_zero_returns_are_no_frozen_prices() -> None:
    frame = pd.DataFrame({"X": [0.0] * 12 + [0.01]}, index=pd.bdate_range("2024-01-01", periods=13))
    assert returns(frame, unit="fraction").flags == ()


# ---- quality


def kinds(values: list[float], days: pd.DatetimeIndex | None = None) -> list[str]:
    """Kinds of the flags of one series."""
    index = pd.bdate_range("2024-01-01", periods=len(values)) if days is None else days
    return [f.kind for f in check_series("X", pd.Series(values, index=index, dtype=float))]


def test_ten_equal_levels_are_frozen_and_nine_are_not() -> None:
    lively = [float(i) for i in range(1, 61)]
    assert "frozen_run" not in kinds([*lively, *[99.0] * 9])
    assert "frozen_run" in kinds([*lively, *[99.0] * 10])


def test_frozen_rows_by_hand() -> None:
    levels = np.array([1.0, *[2.0] * 10, 3.0, np.nan, np.nan])
    assert frozen_rows(levels).tolist() == [False, *[True] * 10, False, False, False]


def test_a_frozen_feed_may_be_restamped() -> None:
    # Ten equal prices, two fresh ones, ten equal prices: one dead feed of 22 rows, as at a contract roll.
    flags = check_series(
        "X", pd.Series([1.0] * 10 + [2.0, 3.0] + [4.0] * 10, index=pd.bdate_range("2024-01-01", periods=22))
    )
    frozen = [f for f in flags if f.kind == "frozen_run"]
    assert [f.n for f in frozen] == [22]
    assert "only 4 different prices" in frozen[0].evidence


def test_a_hole_is_longer_than_fourteen_days() -> None:
    start = list(pd.bdate_range("2024-01-01", periods=5))
    values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    fourteen = pd.DatetimeIndex([*start, start[-1] + pd.Timedelta(days=14)])
    fifteen = pd.DatetimeIndex([*start, start[-1] + pd.Timedelta(days=15)])
    assert kinds(values, fourteen) == []
    assert kinds(values, fifteen) == ["hole"]


def test_a_monthly_series_gets_one_flag_not_one_a_month() -> None:
    flags = check_series(
        "X", pd.Series(range(1, 25), index=pd.date_range("2022-01-01", periods=24, freq="MS"), dtype=float)
    )
    (flag,) = flags
    assert (flag.kind, flag.n) == ("hole", 24)
    assert "one row every 31 calendar days" in flag.evidence


def test_more_than_a_fifth_of_zero_returns_is_flagged() -> None:
    # Of ten returns two are zero: 20%, not more. Then three.
    assert kinds([1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 9]) == []
    assert kinds([1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8]) == ["zero_returns"]


def test_blank_rows_inside_are_flagged_and_outside_not() -> None:
    assert kinds([math.nan, 1.0, math.nan, 2.0, math.nan]) == ["missing"]
    assert kinds([math.nan, 1.0, 2.0, math.nan]) == []


@needs_data
def test_frozen_comex_aluminum_is_found() -> None:
    built = load("files", str(DATA / "ALI=F.csv"))
    frozen = [f for f in built.flags if f.kind == "frozen_run"]
    assert [(f.start, f.end) for f in frozen] == [(dt.date(2017, 10, 30), dt.date(2019, 6, 26))]
    assert frozen[0].severity == "refuse"
    assert frozen[0].touches(dt.date(2018, 3, 8), dt.date(2018, 3, 9))  # Section 232
    assert frozen[0].touches(dt.date(2018, 4, 6), dt.date(2018, 4, 9))  # Rusal sanctions
    # The file's rows in that span, and the 14 prices in them, counted from the text.
    rows = [line.split(",") for line in (DATA / "ALI=F.csv").read_text().splitlines()[1:]]
    span = [float(r[4]) for r in rows if "2017-10-30" <= r[0] <= "2019-06-26"]
    changes = sum(a != b for a, b in pairwise(span))
    assert frozen[0].n == len(span)
    assert f"only {changes + 1} different prices" in frozen[0].evidence
    holes = [(f.start, f.n) for f in built.flags if f.kind == "hole"]
    assert holes == [(dt.date(2016, 9, 2), 27), (dt.date(2016, 10, 5), 23)]


@needs_data
def test_real_spread_turned_in_april_2018() -> None:
    built = load("files", str(DATA), symbols=["LME-SPREAD"])
    spread = built.frame["LME-SPREAD"]
    assert spread["2018-04-06"] == -21.0
    assert spread["2018-04-13"] == 21.5
    rows = [line.split(",") for line in (DATA / "lme_aluminium.csv").read_text().splitlines()[1:]]
    both = [float(cash) - float(three) for _, cash, three, _ in rows if cash and three]
    assert int((spread < 0).sum()) == sum(d < 0 for d in both)
    assert round(int((spread < 0).sum()) / len(rows), 2) == 0.87  # of all rows, blank ones included
