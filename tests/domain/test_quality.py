"""Each fault, planted into a real series, is found on its days, and nothing else is."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from eventstudy.domain.instruments import Instrument, InstrumentTable, instruments
from eventstudy.domain.prices import PriceTable, build_table
from eventstudy.domain.quality import Flag, FlagKind
from eventstudy.domain.quality_jumps import moves_of, siblings, tick_rows
from eventstudy.domain.quality_sources import compare_sources
from eventstudy.domain.quality_table import check_table, compare_tables
from eventstudy.domain.returns import returns
from eventstudy.domain.sessions import check_sessions, exchange_sessions
from eventstudy.errors import InputError

NEW_YORK = Instrument(id="IBM", name="IBM", unit="USD", exchange="NYSE")
#: Row at which faults are planted: 1994-03-15, in the middle of an ordinary spring.
DAY = pd.Timestamp("1994-03-15")


@pytest.fixture(scope="module")
def clean(embedded: PriceTable) -> pd.Series:
    """IBM 1991-2000 as embedded, without the copied first row."""
    return embedded.frame["IBM"].loc["1991-01-02":]


def table(levels: pd.Series, one: Instrument = NEW_YORK, bars: pd.DataFrame | None = None) -> PriceTable:
    """One series as a table."""
    frame = levels.to_frame(one.id)
    return build_table(frame, InstrumentTable([one]), origins=(), bars=None if bars is None else {one.id: bars})


def only(flags: tuple[Flag, ...]) -> Flag:
    """The one finding there is."""
    assert len(flags) == 1, [(f.kind, f.start, f.evidence) for f in flags]
    assert flags[0].evidence
    assert flags[0].meaning
    return flags[0]


def day(text: str) -> dt.date:
    """A date."""
    return dt.date.fromisoformat(text)


def test_the_clean_series_has_no_finding(clean: pd.Series) -> None:
    assert check_table(table(clean)) == ()


def test_the_copied_first_row_of_the_embedded_file_is_found(embedded: PriceTable) -> None:
    copied = [f for f in check_table(embedded) if f.kind == "forward_fill"]
    assert {(f.start, f.end, f.n) for f in copied} == {(day("1990-12-31"), day("1991-01-02"), 1)}
    assert len(copied) == 30


# ---- days


def test_a_missing_session_is_a_hole(clean: pd.Series) -> None:
    flag = only(check_table(table(clean.drop(DAY))))
    assert (flag.kind, flag.severity, flag.start, flag.end, flag.n) == ("hole", "info", DAY.date(), DAY.date(), 1)


def test_six_missing_sessions_are_one_grave_hole(clean: pd.Series) -> None:
    gone = clean.loc["1994-03-15":"1994-03-22"].index
    assert len(gone) == 6
    flag = only(check_table(table(clean.drop(gone))))
    assert (flag.kind, flag.severity, flag.n) == ("hole", "warn", 6)


def test_a_month_without_rows_is_told_once(clean: pd.Series) -> None:
    flag = only(check_table(table(clean.drop(clean.loc["1994-03-01":"1994-03-31"].index))))
    assert (flag.kind, flag.start, flag.end) == ("hole", day("1994-02-28"), day("1994-04-04"))


def test_a_saturday_that_repeats_friday_is_a_fill(clean: pd.Series) -> None:
    saturday = pd.Series([clean["1994-03-18"]], index=pd.DatetimeIndex(["1994-03-19"]))
    flag = only(check_table(table(pd.concat([clean, saturday]))))
    assert (flag.kind, flag.severity, flag.start) == ("forward_fill", "info", day("1994-03-19"))


def test_a_holiday_with_a_price_of_its_own_is_no_session(clean: pd.Series) -> None:
    # Good Friday 1994.
    holiday = pd.Series([clean["1994-03-31"] * 1.004], index=pd.DatetimeIndex(["1994-04-01"]))
    flag = only(check_table(table(pd.concat([clean, holiday]))))
    assert (flag.kind, flag.severity, flag.start) == ("non_session_day", "warn", day("1994-04-01"))
    assert "Fri 1994-04-01" in flag.evidence


def test_a_stand_in_calendar_does_not_outweigh_a_fresh_price() -> None:
    days = pd.bdate_range("2022-09-12", "2022-09-23")
    london = exchange_sessions("LME", 2022)
    assert london is not None
    assert pd.Timestamp("2022-09-19") not in london.days  # a royal funeral; the LME struck prices
    fresh = pd.Series(np.arange(10.0) + 100.0, index=days)
    assert check_sessions("X", fresh, london) == []
    filled = fresh.mask(fresh.index == "2022-09-19").ffill()
    (flag,) = check_sessions("X", filled, london)
    assert flag.kind == "forward_fill"


def test_without_a_calendar_only_weekends_are_judged(clean: pd.Series) -> None:
    nowhere = replace(NEW_YORK, exchange="")
    assert check_table(table(clean.drop(DAY), nowhere)) == ()
    sunday = pd.Series([clean["1994-03-18"] * 1.01], index=pd.DatetimeIndex(["1994-03-20"]))
    assert only(check_table(table(pd.concat([clean, sunday]), nowhere))).kind == "non_session_day"


@pytest.mark.parametrize(
    ("exchange", "shut", "open_"),
    [("NYSE", "2018-03-30", "2018-03-29"), ("Oslo", "2018-05-17", "2018-05-18"), ("HKEX", "2018-02-16", "2018-02-15"),
     ("ASX", "2018-01-26", "2018-01-25"), ("SHFE", "2018-04-05", "2018-04-09"), ("LME", "2018-05-07", "2018-05-08"),
     ("COMEX", "2018-07-04", "2018-07-05"), ("NASDAQ", "2018-12-05", "2018-12-06")],
)  # fmt: skip
def test_known_holidays(exchange: str, shut: str, open_: str) -> None:
    sessions = exchange_sessions(exchange, 2018)
    assert sessions is not None
    assert pd.Timestamp(shut) not in sessions.days
    assert pd.Timestamp(open_) in sessions.days


# ---- jumps


@pytest.mark.parametrize("size", [0.85, 1.15, 3.0])
def test_a_price_that_returns_the_next_day_is_a_bad_tick(clean: pd.Series, size: float) -> None:
    levels = clean.copy()
    levels[DAY] *= size
    flag = only(check_table(table(levels)))
    assert (flag.kind, flag.severity, flag.start, flag.end, flag.n) == ("bad_tick", "warn", DAY.date(), DAY.date(), 1)


def test_a_price_that_returns_after_two_days_is_a_bad_tick(clean: pd.Series) -> None:
    levels = clean.copy()
    levels.loc["1994-03-15":"1994-03-16"] *= 1.2
    flag = only(check_table(table(levels)))
    assert (flag.kind, flag.start, flag.end, flag.n) == ("bad_tick", day("1994-03-15"), day("1994-03-16"), 2)


def test_a_fall_that_stays_is_news(clean: pd.Series) -> None:
    levels = clean.copy()
    levels.loc[DAY:] *= 0.626  # Century Aluminum, 2009-01-28
    assert check_table(table(levels)) == ()


def test_a_fall_of_which_half_comes_back_is_news(clean: pd.Series) -> None:
    levels = clean.copy()
    levels.loc[DAY:] *= 0.8
    levels.loc["1994-03-16":] *= 1.1
    assert check_table(table(levels)) == ()


def test_tick_rows_by_hand() -> None:
    #         0    1    2    3    4    5    6    7    8    9
    levels = [100, 101, 120, 101, 100, 101, 101, 130, 131, 101]
    moves = moves_of("X", pd.Series(levels, index=pd.bdate_range("2024-01-01", periods=10), dtype=float))
    assert tick_rows(moves, np.full(10, 0.1)) == [(2, 2), (7, 8)]
    assert tick_rows(moves, np.full(10, 0.3)) == []


def test_a_small_tick_is_found_against_the_other_tenor(clean: pd.Series) -> None:
    cash, three = instruments()["LME-CASH"], instruments()["LME-3M"]
    days = exchange_sessions("LME", 2010)
    assert days is not None
    index = days.days[days.days >= "2001-01-01"][: len(clean)]
    near = pd.Series(clean.to_numpy(), index=index)
    spread = 1.0 + 0.002 * np.sin(np.arange(len(clean)))
    frame = pd.DataFrame({"LME-CASH": near, "LME-3M": near * spread})
    frame.iloc[500, 1] *= 0.93  # some four robust sd of IBM: too little alone
    records = InstrumentTable([cash, three])
    flag = only(check_table(build_table(frame, records, origins=())))
    assert (flag.instrument, flag.kind, flag.start) == ("LME-3M", "bad_tick", index[500].date())
    alone = build_table(frame[["LME-3M"]], InstrumentTable([three]), origins=())
    assert check_table(alone) == ()


@pytest.mark.parametrize(
    ("ratio", "words"), [(2.0, "2:1 split"), (3.0, "3:1"), (1.5, "3:2"), (10.0, "10:1"), (0.1, "reverse")]
)
def test_an_unadjusted_split(clean: pd.Series, ratio: float, words: str) -> None:
    levels = clean.copy()
    levels.loc[DAY:] /= ratio
    flag = only(check_table(table(levels)))
    # Halved or less, without bars: it may be news.
    severity = "warn" if ratio in (1.5, 2.0) else "refuse"
    assert (flag.kind, flag.severity, flag.start, flag.n) == ("split", severity, DAY.date(), 1)
    assert words in flag.evidence


def bars_of(levels: pd.Series, volume: float = 1000.0) -> pd.DataFrame:
    """Bars that open at the close before and reach one percent beyond."""
    first = levels.shift(1).fillna(levels.iloc[0])
    high, low = np.maximum(first, levels) * 1.01, np.minimum(first, levels) * 0.99
    return pd.DataFrame({"open": first, "high": high, "low": low, "close": levels, "volume": volume})


def test_a_halving_during_the_day_is_no_split(clean: pd.Series) -> None:
    levels = clean.copy()
    levels.loc[DAY:] /= 2.0
    fell = bars_of(levels)  # opens at the old level: the fall happened in the session
    assert check_table(table(levels, bars=fell)) == ()
    jumped = fell.copy()
    jumped.loc[DAY, ["open", "high"]] = [levels[DAY] * 1.001, levels[DAY] * 1.01]
    assert only(check_table(table(levels, bars=jumped))).kind == "split"


@pytest.mark.parametrize("factor", [100.0, 0.01, 2204.62, 1 / 2204.62])
def test_a_stretch_in_another_unit(clean: pd.Series, factor: float) -> None:
    levels = clean.copy()
    levels.loc["1994-03-15":"1994-06-15"] *= factor
    flag = only(check_table(table(levels)))
    assert (flag.kind, flag.severity) == ("unit_mismatch", "refuse")
    assert (flag.start, flag.end) == (day("1994-03-15"), day("1994-06-15"))


def test_a_unit_that_changes_for_good_marks_the_shorter_part(clean: pd.Series) -> None:
    levels = clean.copy()
    levels.loc[:"1992-12-31"] *= 100.0
    flag = only(check_table(table(levels)))
    assert (flag.kind, flag.start, flag.end) == ("unit_mismatch", day("1991-01-02"), day("1992-12-31"))


def test_percent_among_fractions(clean: pd.Series) -> None:
    changes = clean.pct_change().dropna()
    assert check_table(returns(changes.to_frame(), unit="fraction")) == ()
    changes.loc["1994-03-15":"1994-09-15"] *= 100.0
    flag = only(check_table(returns(changes.to_frame(), unit="fraction")))
    assert (flag.kind, flag.severity) == ("unit_mismatch", "refuse")
    # A median of 21 rows sees the edge within 10 rows.
    assert abs(flag.start - day("1994-03-15")).days <= 15
    assert abs(flag.end - day("1994-09-15")).days <= 15


# ---- still markets


def test_a_frozen_stretch_and_its_splice(clean: pd.Series) -> None:
    levels = clean.copy()
    levels.loc["1994-03-15":"1994-05-31"] = levels["1994-03-14"]
    levels.loc["1994-06-01":] *= 1.3 * levels["1994-03-14"] / levels["1994-06-01"]
    kinds = {f.kind: f for f in check_table(table(levels))}
    assert set(kinds) == {"frozen_run", "roll_or_splice"}
    assert (kinds["frozen_run"].start, kinds["frozen_run"].end) == (day("1994-03-14"), day("1994-05-31"))
    assert kinds["roll_or_splice"].start == day("1994-06-01")


def test_repeats_after_a_huge_move_are_a_suspension(clean: pd.Series) -> None:
    levels = clean.copy()
    levels.loc["1994-03-15":] *= 0.7
    levels.loc["1994-03-15":"1994-03-22"] = levels["1994-03-15"]
    flag = only(check_table(table(levels)))
    assert (flag.kind, flag.severity, flag.n) == ("suspension", "refuse", 6)
    assert (flag.start, flag.end) == (day("1994-03-15"), day("1994-03-22"))


def test_blanks_after_a_huge_move_are_a_suspension(clean: pd.Series) -> None:
    levels = clean.copy()
    levels.loc["1994-03-15":] *= 0.7
    levels.loc["1994-03-16":"1994-03-23"] = np.nan
    flags = {f.kind: f for f in check_table(table(levels))}
    assert set(flags) == {"missing", "hole", "suspension"}
    assert (flags["suspension"].start, flags["suspension"].end) == (day("1994-03-16"), day("1994-03-23"))


def test_repeats_without_a_huge_move_are_no_suspension(clean: pd.Series) -> None:
    levels = clean.copy()
    levels.loc["1994-03-15":"1994-03-22"] = levels["1994-03-14"]
    assert check_table(table(levels)) == ()


def test_equal_largest_moves_are_a_price_limit(clean: pd.Series) -> None:
    steps = np.log(clean).diff().fillna(0.0).clip(np.log(0.96), np.log(1.04))
    flag = only(check_table(table(100.0 * np.exp(steps.cumsum()))))
    assert flag.kind == "price_limit"
    cut = clean.pct_change().abs() > 0.0395  # a twentieth of a percent below the limit still counts
    assert flag.n == int(cut.sum())
    assert flag.start == cut.index[cut][0].date()


# ---- bars


def test_bars_without_a_fault(clean: pd.Series) -> None:
    assert check_table(table(clean, bars=bars_of(clean))) == ()


def test_a_high_below_the_open(clean: pd.Series) -> None:
    bars = bars_of(clean)
    bars.loc[DAY, "high"] = bars.loc[DAY, "open"] * 0.995
    flag = only(check_table(table(clean, bars=bars)))
    assert (flag.kind, flag.start, flag.n) == ("ohlc_violation", DAY.date(), 1)


def test_many_violations_are_one_flag(clean: pd.Series) -> None:
    bars = bars_of(clean)
    bars.iloc[100:150, 1] = 0.5 * bars["close"].iloc[100:150]
    flag = only(check_table(table(clean, bars=bars)))
    assert (flag.kind, flag.n, flag.start) == ("ohlc_violation", 50, clean.index[100].date())


def test_rounding_is_no_violation(clean: pd.Series) -> None:
    bars = bars_of(clean)
    bars["high"] = bars[["open", "close"]].max(axis=1) * (1.0 - 5e-5)
    assert check_table(table(clean, bars=bars)) == ()


def test_flat_bars(clean: pd.Series) -> None:
    bars = bars_of(clean)
    bars.loc["1994", ["open", "high", "low"]] = np.tile(bars.loc["1994", ["close"]].to_numpy(), 3)
    flag = only(check_table(table(clean, bars=bars)))
    assert (flag.kind, flag.severity, flag.n) == ("flat_bars", "warn", len(bars.loc["1994"]))


@pytest.mark.parametrize(("rows", "severity"), [(1, "info"), (5, "warn")])
def test_zero_volume(clean: pd.Series, rows: int, severity: str) -> None:
    bars = bars_of(clean)
    bars.loc[bars.index[800 : 800 + rows], "volume"] = 0.0
    flag = only(check_table(table(clean, bars=bars)))
    assert (flag.kind, flag.severity, flag.n, flag.start) == ("zero_volume", severity, rows, clean.index[800].date())


def test_exchange_rates_have_no_volume(clean: pd.Series) -> None:
    rate = Instrument(id="IBM", role="fx")
    assert check_table(table(clean, rate, bars=bars_of(clean, volume=0.0))) == ()


# ---- sources


def noisy(levels: pd.Series, seed: int = 1) -> pd.Series:
    """A second source: the same price with a basis of a few tenths of a percent."""
    rng = np.random.default_rng(seed)
    return (levels * (1.0 + 0.002 * rng.standard_normal(len(levels)))).rename("other")


def test_two_good_sources_agree(clean: pd.Series) -> None:
    assert compare_sources(clean, noisy(clean)) == []


def test_a_level_that_parts_is_found_with_its_dates(clean: pd.Series) -> None:
    other = noisy(clean)
    other.loc["1994-03-15":"1994-06-15"] *= 1.2
    flags = compare_sources(clean, other)
    spans = [(f.start, f.end) for f in flags if f.n > 1]
    assert spans == [(day("1994-03-15"), day("1994-06-15"))]
    single = {f.start for f in flags if f.n == 1}  # the steps in and out
    assert single == {day("1994-03-15"), day("1994-06-16")}
    assert {f.kind for f in flags} == {"source_disagreement"}


def test_returns_that_have_nothing_in_common(clean: pd.Series, embedded: PriceTable) -> None:
    other = noisy(clean)
    foreign = embedded.frame["MCD"].pct_change().loc["1994-01-03":"1995-12-29"]
    steps = other.pct_change()
    steps.loc[foreign.index] = foreign
    flags = compare_sources(clean, (100.0 * (1.0 + steps.fillna(0.0)).cumprod()).rename("other"))
    apart = [f for f in flags if "nothing in common" in f.evidence]
    assert apart
    assert min(f.start for f in apart) >= day("1993-09-01")
    assert max(f.end for f in apart) <= day("1996-04-30")


def test_the_mean_of_a_month(clean: pd.Series) -> None:
    monthly = clean.groupby(clean.index.to_period("M")).mean()
    monthly.index = monthly.index.to_timestamp()
    assert compare_sources(clean, monthly.rename("mean")) == []
    monthly["1994-03-01"] *= 1.1
    (flag,) = compare_sources(clean, monthly.rename("mean"))
    assert (flag.kind, flag.end, flag.n) == ("source_disagreement", day("1994-03-31"), 1)


def test_sources_need_positive_levels(clean: pd.Series) -> None:
    with pytest.raises(InputError, match="above zero"):
        compare_sources(clean, clean - 1000.0)


def test_tables_are_compared_by_id(clean: pd.Series) -> None:
    other = clean.copy()
    other.loc["1994-03-15":] *= 1.3
    flags = compare_tables(table(clean), table(other))
    assert {f.instrument for f in flags} == {"IBM"}
    assert compare_tables(table(clean), table(clean)) == ()
    assert compare_tables(table(clean), table(other, Instrument(id="X"))) != ()


def test_siblings_are_the_tenors_of_one_metal() -> None:
    known = {n: (i.exchange, i.role) for n, i in instruments().items()}
    pairs = siblings(known)
    assert pairs["LME-NI-CASH"] == "LME-NI-3M"
    assert pairs["LME-3M"] == "LME-CASH"
    assert "LME-STOCK" not in pairs
    assert "AA" not in pairs


def test_each_finding_is_told_once(clean: pd.Series) -> None:
    levels = clean.copy()
    levels.loc["1994-03-15":"1994-05-31"] = levels["1994-03-14"]
    built = table(levels)
    flags = check_table(built)
    assert set(built.flags) <= set(flags)
    assert len(set(flags)) == len(flags)


@pytest.mark.parametrize("length", [1, 2, 3, 5])
def test_short_series_are_checked_without_trouble(clean: pd.Series, length: int) -> None:
    assert check_table(table(clean.iloc[:length])) == ()


def test_the_input_is_not_changed(clean: pd.Series) -> None:
    built = table(clean)
    before, flags = built.fingerprint(), built.flags
    check_table(built)
    assert (built.fingerprint(), built.flags) == (before, flags)


def test_the_page_explains_every_kind() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "quality.md"
    text = page.read_text(encoding="utf-8")
    assert [kind for kind in get_args(FlagKind) if f"| `{kind}` |" not in text] == []


@pytest.mark.parametrize("exchange", ["NYSE", "Oslo", "HKEX", "ASX", "NSE", "SHFE", "COMEX", "LME"])
def test_calendars_reach_the_end_of_the_real_files(exchange: str) -> None:
    assert exchange_sessions(exchange, 2026) is not None
    assert exchange_sessions(exchange, 2400) is None  # further than any calendar goes: not judged
