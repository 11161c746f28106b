"""The prices inside the package: the right bytes, records of the 1990s, portfolios, and the registry."""

import csv
import datetime as dt
import gzip
import hashlib
import io
import math
from importlib import resources
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from eventstudy.domain.prices import PriceTable
from eventstudy.errors import InputError, UnknownNameError
from eventstudy.sources.base import SOURCES, Request, known_sources, load, source

SHA256 = "2753f6ed33a9840e63e1f1b5f5af991efd68966677012a1c603ff369f7e93a39"
ORIGINAL = Path(__file__).parents[2].parent / "shared" / "data" / "dow30_1990s.csv"


@pytest.fixture(scope="module")
def prices() -> PriceTable:
    """The whole embedded table."""
    return load("embedded")


@pytest.fixture(scope="module")
def raw() -> list[dict[str, str]]:
    """Rows of the file, read without the package's code."""
    packed = resources.files("eventstudy.data").joinpath("dow30_1990s.csv.gz").read_bytes()
    return list(csv.DictReader(io.StringIO(gzip.decompress(packed).decode("ascii"))))


def test_the_bytes_are_the_original_ones() -> None:
    packed = resources.files("eventstudy.data").joinpath("dow30_1990s.csv.gz").read_bytes()
    assert hashlib.sha256(gzip.decompress(packed)).hexdigest() == SHA256
    assert packed[4:8] == b"\0\0\0\0", "the gzip time stamp must be zero"


@pytest.mark.skipif(not ORIGINAL.exists(), reason="needs ../shared/data")
def test_the_original_file_has_the_same_bytes() -> None:
    assert hashlib.sha256(ORIGINAL.read_bytes()).hexdigest() == SHA256


def test_every_price_is_the_file_s(prices: PriceTable, raw: list[dict[str, str]]) -> None:
    stocks = [c for c in raw[0] if c != "date"]
    assert prices.ids == (*stocks, "DOW29", "DOW30")
    assert len(stocks) == 30
    assert [f"{d:%Y-%m-%d}" for d in prices.frame.index] == [r["date"] for r in raw]
    for ticker in stocks:
        assert prices.frame[ticker].tolist() == [float(r[ticker]) for r in raw]


def test_what_the_readme_says_is_so(raw: list[dict[str, str]]) -> None:
    assert len(raw) == 2529
    assert (raw[0]["date"], raw[1]["date"], raw[-1]["date"]) == ("1990-12-31", "1991-01-02", "2001-01-02")
    assert {k: v for k, v in raw[0].items() if k != "date"} == {k: v for k, v in raw[1].items() if k != "date"}
    alcoa = [r["AA"] for r in raw]
    assert sum(a == b for a, b in zip(alcoa[1:], alcoa[:-1], strict=True)) == 102
    text = resources.files("eventstudy.data").joinpath("README.md").read_text(encoding="utf-8")
    for fact in (
        SHA256,
        "2,529 rows",
        "102 of",
        "fBasics, version 4021.93",
        "GPL-2.0-or-later",
        "Alcoa Inc.",
    ):
        assert " ".join(fact.split()) in " ".join(text.split())


def test_the_licence_text_lies_beside_the_data() -> None:
    text = resources.files("eventstudy.data").joinpath("COPYING.GPL-2").read_text(encoding="utf-8")
    assert "GNU GENERAL PUBLIC LICENSE" in text
    assert "Version 2, June 1991" in text


def test_equal_weighted_29_by_an_explicit_loop(prices: PriceTable, raw: list[dict[str, str]]) -> None:
    others = [c for c in raw[0] if c not in ("date", "AA")]
    level, expected = 100.0, [100.0]
    for before, now in pairwise(raw):
        level *= 1.0 + math.fsum(float(now[c]) / float(before[c]) - 1.0 for c in others) / 29.0
        expected.append(level)
    # Products of 2,528 factors in another order of summation: rounding only.
    np.testing.assert_allclose(prices.frame["DOW29"], expected, rtol=1e-11)
    assert prices.instruments["DOW29"].name == "equal-weighted 29 other Dow stocks"
    assert prices.instruments["DOW29"].role == "market"


def test_dow30_holds_all_thirty(prices: PriceTable) -> None:
    simple = prices.frame.iloc[:3, :30].pct_change().mean(axis=1)
    assert prices.frame["DOW30"].iloc[2] == pytest.approx(100.0 * (1.0 + simple.iloc[2]))


def test_alcoa_is_the_old_company(prices: PriceTable) -> None:
    alcoa = prices.instruments["AA"]
    assert (alcoa.name, alcoa.role, alcoa.region) == ("Alcoa Inc.", "producer", "US")
    assert alcoa.first_valid is None
    assert alcoa.benchmark == ("DOW29",)
    assert alcoa.struck_at(dt.date(1994, 1, 31)) == dt.datetime(1994, 1, 31, 21, 0, tzinfo=dt.UTC)


def test_the_other_records(prices: PriceTable) -> None:
    boeing, intel = prices.instruments["BA"], prices.instruments["INTC"]
    assert (boeing.role, boeing.benchmark, boeing.unit, boeing.exchange) == (
        "consumer",
        ("DOW30",),
        "USD",
        "NYSE",
    )
    assert (intel.role, intel.exchange) == ("stock", "NASDAQ")
    assert all(one.name for one in prices.instruments.values())


def test_origin_says_what_it_is_and_what_to_mind(prices: PriceTable) -> None:
    (origin,) = prices.origins
    assert (origin.source, origin.name, origin.sha256, origin.rows) == (
        "embedded", "dow30_1990s.csv", SHA256, 2529,
    )  # fmt: skip
    notes = " ".join(origin.notes)
    for fact in ("1990-12-31 and 1991-01-02 are identical", "every first return is zero", "4%", "Alcoa Inc."):
        assert fact in notes


def test_nothing_is_flagged_as_frozen(prices: PriceTable) -> None:
    assert prices.flags == ()


def test_alcoa_rose_after_the_accord(prices: PriceTable, raw: list[dict[str, str]]) -> None:
    levels = {r["date"]: float(r["AA"]) for r in raw}
    got = prices.to_returns(change="simple")["AA"]["1994-01-31"]
    assert got == pytest.approx(levels["1994-01-31"] / levels["1994-01-28"] - 1.0)
    assert got > 0.03


def test_symbols_choose_columns_in_their_order(prices: PriceTable) -> None:
    some = load("embedded", symbols=["DOW29", "AA"])
    assert some.ids == ("DOW29", "AA")
    assert some.frame["DOW29"].equals(prices.frame["DOW29"])
    assert load("embedded", symbols=["role:consumer"]).ids == ("BA", "GM")


@pytest.mark.parametrize(("symbols", "message"), [(["AAPL"], "'AAPL'; did you mean 'AA'"), (["LME-3M"], "'LME-3M'")])
def test_unknown_symbols_are_named(symbols: list[str], message: str) -> None:
    with pytest.raises(UnknownNameError, match=f"unknown embedded instrument {message}"):
        load("embedded", symbols=symbols)


def test_options_of_files_are_refused() -> None:
    with pytest.raises(InputError, match="they take symbols, no place and no new names"):
        load("embedded", "somewhere")
    with pytest.raises(InputError, match="no new names"):
        load("embedded", rename={"AA": "AA-OLD"})


# ---- the registry


def test_both_sources_are_registered() -> None:
    entries = known_sources()
    assert {"embedded", "files"} <= set(entries)
    assert not entries["embedded"].network
    assert not entries["files"].network
    assert all(e.key == key and e.title for key, e in entries.items())


def test_an_unknown_source_lists_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="unknown source 'file'; did you mean 'files'"):
        load("file")
    with pytest.raises(UnknownNameError, match="known: embedded, files"):
        load("zzz")


def test_a_key_is_taken_once() -> None:
    known_sources()
    with pytest.raises(InputError, match="'embedded' is registered twice"):
        source(key="embedded", title="again")(SOURCES["embedded"].read)


@pytest.mark.parametrize("option", ["duplicates", "nonpositive", "dates"])
def test_options_are_checked_at_the_door(option: str) -> None:
    with pytest.raises(InputError, match=f"{option} = 'perhaps' is not one of"):
        Request(**{option: "perhaps"})  # type: ignore[arg-type]


def test_symbols_are_a_list() -> None:
    with pytest.raises(InputError, match=r"one string; give a list: \['AA'\]"):
        load("embedded", symbols="AA")
    with pytest.raises(InputError, match="symbols is empty"):
        load("embedded", symbols=[])
