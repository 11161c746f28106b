"""Every way in which a source fails ends in data or in one typed error, and the same process recovers."""

from __future__ import annotations

import datetime as dt
import random
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eventstudy import errors
from eventstudy.errors import (
    Blocked,
    FetchError,
    MalformedResponse,
    NetworkFailure,
    NoDataInRange,
    RateLimited,
    SymbolNotFound,
    UpstreamDown,
)
from eventstudy.sources.faults import About, Answer, check_answer, public_url, retry_after
from eventstudy.sources.feed import Fetch, Span
from eventstudy.sources.http import Line, Patience
from eventstudy.sources.network import load_network
from tests.sources.loopback.fake_web import FakeWeb
from tests.sources.loopback.fake_yahoo import LISTED, FakeYahoo
from tests.sources.loopback.fault_table import ASKED, COMMON, OWN, UNLISTED, WORDS, YAHOO
from tests.sources.loopback.numbers import between

SPAN = Span(dt.date(2024, 3, 1), dt.date(2024, 3, 15))
#: Site -> instrument, span, what of it is missing after a failure, sessions that come when nothing is wrong.
SITES: dict[str, tuple[str, Span, str, int]] = {
    "westmetall": ("LME-CASH", Span(dt.date(2018, 3, 1), dt.date(2018, 4, 30)), "LME_Al_cash", 43),
    "fred": ("PALUMUSDM", Span(dt.date(2018, 6, 1), dt.date(2018, 7, 31)), "PALUMUSDM", 2),
    "french": ("SMB", Span(dt.date(2018, 1, 1), dt.date(2018, 12, 31)), "F-F_Research_Data_5_Factors_2x3_daily", 261),
    "worldbank": ("WB-ALUMINUM", Span(dt.date(2018, 1, 1), dt.date(2018, 12, 31)), "CMO-Historical-Data-Monthly", 12),
}
EXPECTED = between("ALI=F", dt.date(2024, 3, 1), dt.date(2024, 3, 15))

Make = Callable[..., Fetch]


def _check(symbol: str, fault: str, wanted: type[FetchError] | None, yahoo: FakeYahoo, how: Fetch) -> None:
    expected = between(symbol, dt.date(2024, 3, 1), dt.date(2024, 3, 15))
    yahoo.fault = fault
    if "slow" in fault:
        # Shorter than the server's pause; where prices still have to come, long enough for a busy machine.
        how.line.patience = replace(how.line.patience, timeout=0.25 if wanted else 0.6)
    if wanted is None:
        table = load_network("yahoo", [symbol], SPAN, how)
        values = table.frame[symbol]
        assert [d.date() for d in values.index] == list(expected)
        known = values.notna().to_numpy()
        assert known.sum() == len(expected) - (3 if fault == "hist:null-holes" else 0)
        np.testing.assert_array_equal(values.to_numpy()[known], np.array(list(expected.values()))[known])
        return
    with pytest.raises(FetchError) as caught:
        load_network("yahoo", [symbol], SPAN, how)
    error = caught.value
    assert type(error) is wanted
    assert (error.source, error.symbol, error.exit_code) == ("yahoo", symbol, 3)
    assert error.missing == (symbol,)
    assert "sEcReTcRuMb" not in str(error) + error.url
    assert "delisted" not in error.reason or fault.endswith("404")
    if not isinstance(error, NetworkFailure):
        assert error.status is not None
    assert how.store.entries() == []  # nothing of it was kept as data
    yahoo.fault = ""
    how.line.patience = replace(how.line.patience, timeout=10.0)
    table = load_network("yahoo", [symbol], SPAN, how)
    assert table.frame[symbol].tolist() == list(expected.values())


@pytest.mark.parametrize(("fault", "wanted"), YAHOO.items(), ids=lambda v: v if isinstance(v, str) else "")
def test_every_fault_ends_in_data_or_its_type_and_recovers(
    fault: str, wanted: type[FetchError] | None, yahoo: FakeYahoo, how: Make
) -> None:
    _check("ALI=F", fault, wanted, yahoo, how())


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [(f, w) for f, w in UNLISTED.items() if not f.startswith("hist:") or f in ("hist:wrong-currency", "hist:no-tz")],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_the_same_when_the_time_zone_has_to_be_asked_for(
    fault: str, wanted: type[FetchError] | None, yahoo: FakeYahoo, how: Make
) -> None:
    # The package in between remembers zones by ticker: a fault of the look-up needs a ticker never seen before.
    symbol = f"X{zlib.crc32(fault.encode())}"

    LISTED[symbol] = LISTED["XYZ"]
    try:
        _check(symbol, fault, wanted, yahoo, how())
    finally:
        del LISTED[symbol]


@pytest.mark.parametrize(
    ("site", "fault", "wanted"),
    [(site, fault, wanted) for site, own in OWN.items() for fault, wanted in (COMMON | own).items()],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_every_fault_of_a_site_with_plain_http_ends_in_its_type_and_recovers(
    site: str, fault: str, wanted: type[FetchError], web: FakeWeb, how: Make
) -> None:
    name, span, part, sessions = SITES[site]
    web.fault = fault
    fetch = how()
    if fault == "slow":
        fetch.line.patience = replace(fetch.line.patience, timeout=0.25)
    with pytest.raises(FetchError) as caught:
        load_network(site, [name], span, fetch)
    assert type(caught.value) is wanted
    assert (caught.value.source, caught.value.symbol, caught.value.missing) == (site, part, (part,))
    assert fetch.store.entries() == []
    web.fault = ""
    fetch.line.patience = replace(fetch.line.patience, timeout=10.0)
    assert len(load_network(site, [name], span, how()).frame) == sessions


def test_an_unknown_symbol_and_an_empty_range(yahoo: FakeYahoo, how: Make) -> None:
    with pytest.raises(SymbolNotFound, match="does not know the symbol"):
        load_network("yahoo", ["NOSUCH"], SPAN, how())
    with pytest.raises(NoDataInRange):
        load_network("yahoo", ["ALI=F"], Span(dt.date(2010, 3, 1), dt.date(2010, 3, 15)), how())


def test_a_refused_tunnel_is_a_network_failure(yahoo: FakeYahoo, how: Make) -> None:
    yahoo.refuse = True
    with pytest.raises(NetworkFailure):
        load_network("yahoo", ["ALI=F"], SPAN, how())


def test_retries_only_where_a_retry_can_help(yahoo: FakeYahoo, how: Make, waits: list[float]) -> None:
    for fault in ("hist:404", "hist:400", "hist:403", "hist:monthly", "hist:zero-close"):
        yahoo.fault = fault
        with pytest.raises(FetchError):
            load_network("yahoo", ["ALI=F"], SPAN, how())
    assert waits == []
    yahoo.fault = "hist:html"
    with pytest.raises(MalformedResponse):
        load_network("yahoo", ["ALI=F"], SPAN, how())
    first, second = waits  # three attempts, two waits: 1 s and 2 s, each up to half longer
    assert 1.0 <= first <= 1.5
    assert 2.0 <= second <= 3.0


def test_a_retry_succeeds_without_the_user(yahoo: FakeYahoo, how: Make, line: Line) -> None:
    yahoo.fault = "hist:502"

    def heal(seconds: float) -> None:
        yahoo.fault = ""

    line.sleep = heal
    assert load_network("yahoo", ["ALI=F"], SPAN, how()).frame["ALI=F"].tolist() == list(EXPECTED.values())


def test_retry_after_is_honoured_and_too_long_a_wait_is_not_waited(
    yahoo: FakeYahoo, how: Make, waits: list[float]
) -> None:
    yahoo.fault, yahoo.headers_of_fault = "hist:429", {"Retry_After": "7"}
    with pytest.raises(RateLimited) as caught:
        load_network("yahoo", ["ALI=F"], SPAN, how())
    assert waits == [7.0, 7.0]
    assert caught.value.retry_after == 7.0
    waits.clear()
    yahoo.headers_of_fault = {"Retry_After": "86400"}
    with pytest.raises(RateLimited, match="86400 s"):
        load_network("yahoo", ["ALI=F"], SPAN, how())
    assert waits == []


def test_what_was_had_is_kept_and_the_error_says_so(yahoo: FakeYahoo, how: Make) -> None:
    yahoo.faults["CENX"] = "429"
    with pytest.raises(RateLimited) as caught:
        load_network("yahoo", ["ALI=F", "AA", "CENX", "SPY"], SPAN, how())
    assert caught.value.there == ("ALI=F", "AA")
    assert caught.value.missing == ("CENX", "SPY")
    assert "kept in the store: ALI=F, AA; not had: CENX, SPY" in str(caught.value)
    yahoo.faults.clear()
    before = len(yahoo.prices())
    load_network("yahoo", ["ALI=F", "AA", "CENX", "SPY"], SPAN, how())
    asked = [s.split("/chart/")[1].split("?")[0] for s in yahoo.prices()[before:]]
    assert asked == ["CENX", "SPY"]


def test_one_unknown_symbol_does_not_stop_the_others(yahoo: FakeYahoo, how: Make) -> None:
    with pytest.raises(SymbolNotFound) as caught:
        load_network("yahoo", ["NOSUCH", "AA"], SPAN, how())
    assert (caught.value.there, caught.value.missing) == (("AA",), ("NOSUCH",))


def test_every_type_is_in_the_table_of_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "faults.md").read_text(encoding="utf-8")
    kinds = [
        n for n, c in vars(errors).items() if isinstance(c, type) and issubclass(c, FetchError) and c is not FetchError
    ]
    assert len(kinds) == 9
    assert [k for k in kinds if f"`{k}`" not in page] == []


def test_the_published_table_has_every_fault_and_its_outcome() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "faults.md").read_text(encoding="utf-8")
    rows = [[c.strip() for c in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("|")]
    yahoo = {r[0]: r[2:] for r in rows if len(r) == 6 and r[0].startswith("`")}
    sites = {(r[0], r[1]): r[2:] for r in rows if len(r) == 6 and r[0] in ASKED}
    wanted = {f"`{f or 'none'}`: {WORDS[f.rpartition(':')[2]]}": kind for f, kind in YAHOO.items()}
    assert list(yahoo) == list(wanted)
    for fault, kind in wanted.items():
        assert yahoo[fault][0].startswith(f"`{kind.__name__}`" if kind else "data"), fault
        assert yahoo[fault][-1].startswith("data"), fault
    assert len(sites) == sum(len(COMMON | own) for own in OWN.values())
    for (site, words), cells in sites.items():
        kind = (COMMON | OWN[site])[words.split("`")[1]]
        assert kind is not None
        assert cells[0].startswith(f"`{kind.__name__}`"), (site, words)
        assert cells[-1].startswith("data"), (site, words)


def test_the_throttle_is_per_host() -> None:
    clock, slept = [0.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock[0] += seconds

    line = Line(patience=Patience(spacing=1.0), rng=random.Random(0), sleep=sleep, elapsed=lambda: clock[0])
    line.take_turn("https://a/x")
    line.take_turn("https://b/x")
    assert slept == []
    clock[0] = 0.25
    line.take_turn("https://a/y")
    assert slept == [0.75]


def test_retry_after_reads_seconds_and_dates() -> None:
    now = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    assert retry_after("30", now) == 30.0
    assert retry_after("Mon, 01 Jan 2024 00:02:00 GMT", now) == 120.0
    assert retry_after("Sun, 31 Dec 2023 00:00:00 GMT", now) == 0.0
    assert retry_after("soon", now) is None
    assert retry_after("", now) is None


def test_secrets_leave_the_url() -> None:
    assert public_url("https://u:p@h/x?a=1&crumb=zz&apikey=k&b=") == "https://h/x?a=1&b="


@pytest.mark.parametrize(
    ("status", "body", "wanted"),
    [
        (200, b"<html>Too Many Requests</html>", RateLimited), (429, b"", RateLimited), (403, b"", Blocked),
        (401, b"", Blocked), (500, b"", UpstreamDown), (404, b"", SymbolNotFound), (302, b"x", MalformedResponse),
        (200, b"  ", MalformedResponse),
    ],
)  # fmt: skip
def test_status_and_first_words(status: int, body: bytes, wanted: type[FetchError]) -> None:
    with pytest.raises(wanted):
        check_answer(
            Answer(url="http://h", status=status, body=body), About("s", "X"), dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
        )


def test_environment_variables_say_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTSTUDY_ATTEMPTS", "none")
    with pytest.raises(errors.InputError, match="EVENTSTUDY_ATTEMPTS is 'none'"):
        Patience.from_environment()
    monkeypatch.setenv("EVENTSTUDY_ATTEMPTS", "2")
    monkeypatch.setenv("EVENTSTUDY_SPACING", "0")
    assert (Patience.from_environment().attempts, Patience.from_environment().spacing) == (2, 0.0)
