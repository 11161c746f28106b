"""Yahoo's bars: what is asked, which day a bar belongs to, total returns, what the store makes of a revision."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable

import numpy as np
import pytest

import eventstudy as es
from eventstudy.errors import BadPayload, InputError, UnknownNameError
from eventstudy.sources.faults import Answer
from eventstudy.sources.feed import Fetch, Parsed, Part, Span
from eventstudy.sources.gather import gather
from eventstudy.sources.network import load_network, serves, source_for
from eventstudy.sources.yahoo import YahooFeed
from tests.sources.loopback.fake_yahoo import FakeYahoo
from tests.sources.loopback.numbers import between

SPAN = Span(dt.date(2024, 3, 1), dt.date(2024, 3, 29))
Make = Callable[..., Fetch]


def payload(symbol: str, zone: str, rows: list[tuple[dt.datetime, float | None]], **more: object) -> Answer:
    """A chart answer with these stamps (aware) and closes."""
    chart = {
        "meta": {"symbol": symbol, "currency": "USD", "exchangeTimezoneName": zone, "dataGranularity": "1d"},
        "timestamp": [int(at.timestamp()) for at, _ in rows],
        "indicators": {"quote": [{"close": [c for _, c in rows]}]},
        **more,
    }
    body = json.dumps({"chart": {"result": [chart], "error": None}}).encode()
    return Answer(url="https://h/v8/finance/chart/X", status=200, body=body)


def read(answer: Answer, symbol: str = "X") -> Parsed:
    return YahooFeed().read(Part(symbol=symbol, asked=Span()), answer, [symbol], "error")


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[arg-type]  # year, month, day, hour


def test_one_request_for_a_known_zone_and_what_it_asks(yahoo: FakeYahoo, how: Make) -> None:
    load_network("yahoo", ["ALI=F"], SPAN, how())
    charts = [s for s in yahoo.seen if "/chart/" in s]
    assert len(charts) == 1
    assert "interval=1d" in charts[0]
    assert "range" not in charts[0]


def test_total_return_from_close_and_dividends(yahoo: FakeYahoo, how: Make) -> None:
    table = load_network("yahoo", ["AA"], SPAN, how())
    close = between("AA", SPAN.start, SPAN.end)  # type: ignore[arg-type]
    paid = {dt.date(2024, 3, 5): 0.10}
    days, prices = list(close), list(close.values())
    levels = [prices[0]]
    for i in range(1, len(days)):
        levels.append(levels[-1] * (prices[i] + paid.get(days[i], 0.0)) / prices[i - 1])
    np.testing.assert_allclose(table.frame["AA"].to_numpy(), levels, rtol=1e-13)
    assert table.bars["AA"]["close"].tolist() == list(close.values())
    assert "AA is its total return with 1 dividends" in table.origins[0].notes


def holder(
    days: list[dt.date], close: list[float], paid: dict[dt.date, float], split: tuple[dt.date, float]
) -> list[float]:
    """Wealth of one share held from the first day: splits change the shares, dividends buy more at the close."""
    shares, wealth = 1.0, []
    for day, price in zip(days, close, strict=True):
        shares *= split[1] if day == split[0] else 1.0
        shares += shares * paid.get(day, 0.0) / price
        wealth.append(shares * price)
    return wealth


@pytest.mark.parametrize("fault", ["", "hist:missed-split"])
def test_total_return_over_a_split_and_two_dividends(fault: str, yahoo: FakeYahoo, how: Make) -> None:
    # As traded: twice the price and twice the dividend before the 2-for-1 split of 2024-03-12.
    yahoo.fault = fault
    table = load_network("yahoo", ["SPLIT"], SPAN, how())
    adjusted = between("SPLIT", SPAN.start, SPAN.end)  # type: ignore[arg-type]
    day = dt.date(2024, 3, 12)
    traded = [2.0 * v if d < day else v for d, v in adjusted.items()]
    paid = {dt.date(2024, 3, 5): 2.0 * 0.40, dt.date(2024, 3, 20): 0.25}
    wealth = np.array(holder(list(adjusted), traded, paid, (day, 2.0)))
    levels = table.frame["SPLIT"].to_numpy()
    np.testing.assert_allclose(levels[1:] / levels[:-1], wealth[1:] / wealth[:-1], rtol=1e-12)  # a dozen roundings
    np.testing.assert_allclose(table.bars["SPLIT"]["close"], list(adjusted.values()), rtol=1e-15)
    said = "prices before 2024-03-12 were not adjusted for its split of 2 to 1: adjusted here"
    assert (said in table.origins[0].notes) == bool(fault)


def test_the_level_does_not_depend_on_how_much_the_store_holds(yahoo: FakeYahoo, how: Make) -> None:
    narrow = load_network("yahoo", ["AA"], SPAN, how())
    wide = load_network("yahoo", ["AA"], Span(dt.date(2023, 1, 1), dt.date(2024, 5, 1)), how())
    again = load_network("yahoo", ["AA"], SPAN, how(mode="offline"))
    assert len(wide.frame) > len(narrow.frame)
    assert again.fingerprint() == narrow.fingerprint()


@pytest.mark.parametrize("symbol", ["NHY.OL", "0486.HK", "CADUSD=X", "^GSPC"])
def test_labels_are_the_exchanges_dates(yahoo: FakeYahoo, how: Make, symbol: str) -> None:
    span = Span(dt.date(2024, 3, 25), dt.date(2024, 4, 5))  # Europe changes its clocks on 31 March
    table = load_network("yahoo", [symbol], span, how())
    expected = between(symbol, dt.date(2024, 3, 25), dt.date(2024, 4, 5))
    assert {d.date(): v for d, v in table.frame[symbol].items()} == expected


def test_a_bar_stamped_an_hour_before_midnight_belongs_to_the_next_day() -> None:
    found = read(payload("X", "Europe/London", [(utc(2024, 3, 29, 0), 1.0), (utc(2024, 3, 31, 22), 1.1)]))
    assert found.columns["X"].days.astype(str).tolist() == ["2024-03-29", "2024-04-01"]
    # The last trade of a Friday at 22:00 London is no Saturday, and a late one is no next day.
    found = read(payload("X", "Europe/London", [(utc(2024, 3, 14, 22, 29), 1.0), (utc(2024, 3, 15, 22), 1.1)]))
    assert found.columns["X"].days.astype(str).tolist() == ["2024-03-14", "2024-03-15"]


def test_the_running_session_replaces_its_row_and_other_doubles_are_refused() -> None:
    open_, late = (utc(2024, 3, 28, 14), 1.1), (utc(2024, 3, 28, 20), 1.2)
    found = read(payload("X", "America/New_York", [(utc(2024, 3, 27, 14), 1.0), open_, late]))
    assert found.columns["X"].values.tolist() == [1.0, 1.2]
    with pytest.raises(BadPayload, match="two rows of 2024-03-28"):
        read(payload("X", "America/New_York", [open_, late, (utc(2024, 3, 29, 14), 1.0)]))


def test_a_dividend_between_rows_counts_on_the_next() -> None:
    rows = [(utc(2024, 3, 27, 14), 1.0), (utc(2024, 3, 29, 14), 1.1)]
    when = int(utc(2024, 3, 28, 14).timestamp())
    one = {"a": {"date": when, "amount": 0.25}}
    found = read(payload("X", "America/New_York", rows, events={"dividends": one, "capitalGains": one}))
    paid = found.columns["X"].dividends
    assert paid is not None
    assert paid.tolist() == [0.0, 0.5]


def test_zero_can_be_missing_when_asked(yahoo: FakeYahoo, how: Make) -> None:
    yahoo.fault = "hist:zero-close"
    table = load_network("yahoo", ["ALI=F"], SPAN, how(nonpositive="missing"))
    assert int(table.frame["ALI=F"].isna().sum()) == 1
    assert "missing" in {f.kind for f in table.flags}


def test_a_refresh_says_what_was_revised_and_keeps_both(yahoo: FakeYahoo, how: Make) -> None:
    load_network("yahoo", ["ALI=F"], SPAN, how())
    yahoo.revised["ALI=F"] = 1.0
    gathered = gather(YahooFeed(), ["ALI=F"], SPAN, how(mode="refresh"))
    revision = gathered.got[0].revision
    assert revision is not None
    close = list(between("ALI=F", dt.date(2024, 2, 29), dt.date(2024, 3, 30)).values())
    assert revision.rows_changed == len(close)
    assert revision.largest == pytest.approx(max(1.0 / c for c in close), rel=1e-9)
    assert "rows revised" in gathered.got[0].flags[0]
    assert len({e.sha256 for e in how().store.entries()}) == 2
    same = gather(YahooFeed(), ["ALI=F"], SPAN, how(mode="refresh"))
    assert same.got[0].revision is None


def test_a_series_that_ended_early_says_so(yahoo: FakeYahoo, how: Make) -> None:
    now = dt.datetime(2027, 1, 15, tzinfo=dt.UTC)
    fetch = how()
    fetch.line.now = lambda: now
    gathered = gather(YahooFeed(), ["AA"], Span(dt.date(2026, 10, 1), dt.date(2026, 12, 31)), fetch)
    assert "ends 41 days before the range" in gathered.got[0].flags


def test_who_has_what() -> None:
    assert source_for("ALI=F") == source_for("AA") == "yahoo"
    assert source_for("LME-3M") == source_for("LME-SPREAD") == "westmetall"
    assert source_for("PALUMUSDM") == "fred"
    assert source_for("MKT-RF") == "french"
    assert not serves("yahoo", "LME-3M")
    with pytest.raises(UnknownNameError, match="LME-3M"):
        source_for("LME-3M", ["yahoo"])
    with pytest.raises(UnknownNameError, match="network source"):
        source_for("AA", ["yaho"])


def test_load_by_name(yahoo: FakeYahoo, how: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTSTUDY_CACHE", str(how().store.folder))
    monkeypatch.setenv("EVENTSTUDY_SPACING", "0")
    table = es.load("yahoo", ["AA", "SPY"])
    assert table.ids == ("AA", "SPY")
    # Alcoa Corporation begins on 2016-11-01; what the ticker was before is left out.
    assert str(table.frame["AA"].first_valid_index().date()) == "2016-11-01"
    with pytest.raises(InputError, match="no new names"):
        es.load("yahoo", ["AA"], rename="BB")
    with pytest.raises(InputError, match="needs symbols"):
        es.load("yahoo")


def test_a_range_that_ends_before_it_starts() -> None:
    with pytest.raises(InputError, match="swap"):
        Span(dt.date(2024, 1, 2), dt.date(2024, 1, 1))


def test_the_package_does_not_import_the_network_libraries() -> None:
    import subprocess

    code = "import eventstudy as es, sys; es.load('embedded'); print([m for m in sys.modules if m in "
    code += "('yfinance', 'curl_cffi', 'requests', 'lxml')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_load_takes_a_range_and_a_mode(yahoo: FakeYahoo, how: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTSTUDY_CACHE", str(how().store.folder))
    monkeypatch.setenv("EVENTSTUDY_SPACING", "0")
    table = es.load("yahoo", ["ALI=F", "^GSPC"], start="2024-03-01", end=dt.date(2024, 3, 29))
    assert len(table.frame) == 21
    seen = len(yahoo.seen)
    again = es.load("yahoo", ["ALI=F", "^GSPC"], start="2024-03-01", end="2024-03-29", mode="offline")
    assert (len(yahoo.seen), again.fingerprint()) == (seen, table.fingerprint())
    with pytest.raises(InputError, match="sources with a network"):
        es.load("embedded", start="1994-01-01")
    with pytest.raises(InputError, match="no date"):
        es.load("yahoo", ["AA"], start="soon")
