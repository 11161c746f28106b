"""The store keeps exact bytes, several processes at once, and survives being killed."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import multiprocessing
import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from eventstudy.errors import CacheMiss, InputError, StoreDamaged
from eventstudy.sources.feed import Fetch, Span
from eventstudy.sources.http import Line
from eventstudy.sources.network import cut_at, load_network
from eventstudy.sources.store import Entry, Store
from tests.sources.loopback.fake_web import FakeWeb
from tests.sources.loopback.fake_yahoo import FakeYahoo
from tests.sources.loopback.worker import fetch_again

SPAN = Span(dt.date(2024, 3, 1), dt.date(2024, 3, 29))
KILLS = int(os.environ.get("EVENTSTUDY_TEST_KILLS", "50"))
Make = Callable[..., Fetch]


def entry(symbol: str = "X", **more: str) -> Entry:
    return Entry(**{"source": "s", "symbol": symbol, "fetched_at": "2024-06-03T12:00:00+00:00", **more})  # type: ignore[arg-type]


def test_bytes_come_back_as_they_were(store: Store) -> None:
    body = bytes(range(256)) * 7
    kept = store.keep(entry(), body)
    assert kept.sha256 == hashlib.sha256(body).hexdigest()
    assert (store.get(kept.sha256), kept.size) == (body, len(body))
    assert gzip.decompress((store.folder / "raw" / f"{kept.sha256}.gz").read_bytes()) == body
    assert store.entries() == [kept]


def test_equal_bytes_are_kept_once_and_every_line_stays(store: Store) -> None:
    first, second = store.keep(entry(), b"same"), store.keep(entry(), b"same")
    assert first.sha256 == second.sha256
    assert len(store.entries()) == 2
    assert len(list((store.folder / "raw").iterdir())) == 1


def test_a_flipped_byte_is_found(store: Store) -> None:
    kept = store.keep(entry(), b"some bytes that matter")
    path = store.path(kept.sha256)
    packed = bytearray(path.read_bytes())
    packed[len(packed) // 2] ^= 1
    path.write_bytes(bytes(packed))
    assert store.check(kept.sha256)
    with pytest.raises(StoreDamaged, match=kept.sha256):
        store.get(kept.sha256)
    # Other whole bytes under the same name are no better.
    path.write_bytes(gzip.compress(b"others"))
    assert "hash to" in store.check(kept.sha256)
    # Fetching the same bytes again repairs it.
    store.keep(entry(), b"some bytes that matter")
    assert store.check(kept.sha256) == ""


def test_a_torn_line_is_no_line_and_the_next_writer_removes_it(store: Store) -> None:
    store.keep(entry("A"), b"a")
    with store.manifest.open("ab") as file:
        file.write(b'{"source": "s", "symb')
    assert [e.symbol for e in store.entries()] == ["A"]
    store.keep(entry("B"), b"b")
    assert [e.symbol for e in store.entries()] == ["A", "B"]


def test_a_damaged_finished_line_is_named(store: Store) -> None:
    store.keep(entry("A"), b"a")
    with store.manifest.open("ab") as file:
        file.write(b"nonsense\n")
    with pytest.raises(StoreDamaged, match="line 2"):
        store.entries()


@pytest.mark.parametrize("name", ["../x", "a" * 63, "A" * 64, "", "a" * 63 + "/"])
def test_paths_come_from_hashes_only(store: Store, name: str) -> None:
    with pytest.raises(InputError, match="no SHA-256"):
        store.path(name)


def test_symbols_never_become_paths(store: Store, tmp_path: Path) -> None:
    store.keep(entry("../../../x", source="../y"), b"z")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["store"]
    assert sorted(p.name for p in store.folder.iterdir()) == ["lock", "manifest.jsonl", "raw"]
    assert all(len(p.name) == 67 for p in (store.folder / "raw").iterdir())
    assert store.entries()[0].symbol == "../../../x"


def test_no_pickle_is_ever_read() -> None:
    package = Path(__file__).parents[2] / "eventstudy"
    words = ("pickle", "shelve", "joblib", "marshal")
    assert [p.name for p in package.rglob("*.py") if any(w in p.read_text(encoding="utf-8") for w in words)] == []


@pytest.mark.parametrize("name", ["../AA", "AA?x=1", "AA#", "A A", "A%2F"])
def test_a_ticker_cannot_change_the_address(name: str, how: Make) -> None:
    with pytest.raises(InputError, match="no ticker"):
        load_network("yahoo", [name], SPAN, how())


def test_what_a_line_says(yahoo: FakeYahoo, how: Make, store: Store) -> None:
    load_network("yahoo", ["AA"], SPAN, how())
    (one,) = store.entries()
    assert (one.source, one.symbol, one.status, one.currency, one.zone) == (
        "yahoo",
        "AA",
        200,
        "USD",
        "America/New_York",
    )
    assert (one.asked_from, one.asked_to, one.first, one.last) == (
        "2024-03-01",
        "2024-03-29",
        "2024-03-01",
        "2024-03-29",
    )
    assert one.rows == 21
    assert one.fetched_at == "2024-06-03T12:00:00+00:00"
    assert one.url == "https://query2.finance.yahoo.com/v8/finance/chart/AA"
    assert "crumb" not in one.params
    assert one.params["interval"] == "1d"
    assert set(one.versions) == {"aluminum-eventstudy", "yfinance", "curl_cffi", "pandas"}
    assert "sEcReTcRuMb" not in store.manifest.read_text(encoding="utf-8")


def test_the_second_fetch_makes_no_request(yahoo: FakeYahoo, how: Make) -> None:
    first = load_network("yahoo", ["AA", "SPY"], SPAN, how())
    seen = len(yahoo.seen)
    assert seen > 0
    second = load_network("yahoo", ["AA", "SPY"], SPAN, how())
    inside = load_network("yahoo", ["AA"], Span(dt.date(2024, 3, 5), dt.date(2024, 3, 8)), how())
    assert len(yahoo.seen) == seen
    assert first.fingerprint() == second.fingerprint()
    assert len(inside.frame) == 4
    load_network("yahoo", ["AA"], Span(dt.date(2024, 2, 1), dt.date(2024, 3, 8)), how())
    assert len(yahoo.seen) > seen


def test_an_open_end_is_asked_for_again_the_next_day(yahoo: FakeYahoo, how: Make, line: Line) -> None:
    span = Span(dt.date(2024, 3, 1))
    table = load_network("yahoo", ["AA"], span, how())
    # It is Monday noon: the session of today may not be over, so Friday is the last.
    assert str(table.frame.index[-1].date()) == "2024-05-31"
    load_network("yahoo", ["AA"], span, how())
    assert len(yahoo.prices()) == 1
    tomorrow = line.now() + dt.timedelta(days=1)
    line.now = lambda: tomorrow
    assert str(load_network("yahoo", ["AA"], span, how()).frame.index[-1].date()) == "2024-06-03"
    assert len(yahoo.prices()) == 2


def test_offline_uses_the_store_only_and_names_the_command(yahoo: FakeYahoo, how: Make) -> None:
    with pytest.raises(CacheMiss) as caught:
        load_network("yahoo", ["ALI=F", "^GSPC"], SPAN, how(mode="offline"))
    assert yahoo.seen == []
    command = "eventstudy fetch ALI=F '^GSPC' --source yahoo --from 2024-03-01 --to 2024-03-29"
    assert caught.value.command == command
    assert command in str(caught.value)
    online = load_network("yahoo", ["ALI=F", "^GSPC"], SPAN, how())
    seen = len(yahoo.seen)
    offline = load_network("yahoo", ["ALI=F", "^GSPC"], SPAN, how(mode="offline"))
    assert len(yahoo.seen) == seen
    assert offline.fingerprint() == online.fingerprint()
    assert offline.origins == online.origins


def test_locked_answers_serve_a_range_that_was_not_over(yahoo: FakeYahoo, how: Make, store: Store, line: Line) -> None:
    span = Span(dt.date(2024, 5, 1), dt.date(2024, 7, 31))
    then = load_network("yahoo", ["AA"], span, how())
    (origin,) = then.origins
    assert str(then.frame.index[-1].date()) == "2024-05-31"
    # The server here knows the future: the same bytes come again later, when more of them counts.
    assert cut_at(origin) == "2024-06-02"
    locked = {origin.sha256: cut_at(origin)}
    later = dt.datetime(2024, 9, 2, tzinfo=dt.UTC)
    line.now = lambda: later
    with pytest.raises(CacheMiss):
        load_network("yahoo", ["AA"], span, how(mode="offline"))
    assert len(load_network("yahoo", ["AA"], span, how()).frame) > len(then.frame)
    again = load_network("yahoo", ["AA"], span, how(mode="offline", only=locked))
    assert again.fingerprint() == then.fingerprint()


def test_offline_never_serves_damaged_bytes(yahoo: FakeYahoo, how: Make, store: Store) -> None:
    load_network("yahoo", ["AA"], SPAN, how())
    path = store.path(store.entries()[0].sha256)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(StoreDamaged):
        load_network("yahoo", ["AA"], SPAN, how(mode="offline"))


def test_prune_keeps_the_newest_and_what_is_named(store: Store) -> None:
    old = store.keep(entry("A", asked_from="2024-01-01"), b"old")
    named = store.keep(entry("A", asked_from="2024-01-01"), b"named")
    new = store.keep(entry("A", asked_from="2024-01-01"), b"new")
    other = store.keep(entry("A", asked_from="2020-01-01"), b"other range")
    (store.raw / ".writing-abc").write_bytes(b"half")
    removed = store.prune([named.sha256], now=time.time())
    assert removed == [old.sha256]
    assert [e.sha256 for e in store.entries()] == [named.sha256, new.sha256, other.sha256]
    assert store.prune([named.sha256], now=time.time() + 7200.0) == [".writing-abc"]
    assert all(store.check(e.sha256) == "" for e in store.entries())


def _children(
    count: int, store: Store, source: str, names: list[str], rounds: int, start: Callable[..., object]
) -> list:  # type: ignore[type-arg]
    keys = ("EVENTSTUDY_FRED_URL", "NO_PROXY", "HTTPS_PROXY", "REQUESTS_CA_BUNDLE")
    environment = {k: os.environ[k] for k in keys if k in os.environ}
    return [
        start(target=fetch_again, args=(str(store.folder), environment, source, names, rounds)) for _ in range(count)
    ]


def test_four_processes_and_kill_9_leave_the_store_whole(web: FakeWeb, store: Store) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.sources.loopback.worker"])
    rng = random.Random(0)
    names = ["DGS3MO", "VIXCLS"]
    running = _children(4, store, "fred", names, 10_000, context.Process)
    for child in running:
        child.start()
    deadline = time.monotonic() + 60.0
    while len(store.entries()) < 4 and time.monotonic() < deadline:
        time.sleep(0.05)
    for kill in range(KILLS):
        web.revised["DGS3MO"] = 0.01 * kill  # new bytes: every round writes a file
        time.sleep(rng.uniform(0.0, 0.06))
        victim = running.pop(rng.randrange(len(running)))
        victim.kill()
        victim.join()
        (child,) = _children(1, store, "fred", names, 10_000, context.Process)
        child.start()
        running.append(child)
    for child in running:
        child.kill()
        child.join()
    entries = store.entries()
    assert len(entries) > KILLS // 2
    assert {e.symbol for e in entries} == set(names)
    assert {store.check(e.sha256) for e in entries} == {""}
    assert {store.check(p.name[:-3]) for p in store.raw.iterdir() if not p.name.startswith(".")} == {""}
    # A survivor works on, and tidying removes what the dead left.
    load_network("fred", names, Span(), Fetch(mode="refresh", store=store))
    store.prune(now=time.time() + 7200.0)
    kept = {e.sha256 for e in store.entries()}
    assert {p.name[:-3] for p in store.raw.iterdir()} == kept
    assert len(kept) == 2


def test_four_processes_fetch_the_same_tickers(yahoo: FakeYahoo, store: Store) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.sources.loopback.worker"])
    children = _children(4, store, "yahoo", ["ALI=F", "AA"], 1, context.Process)
    for child in children:
        child.start()
    for child in children:
        child.join(60.0)
    assert [c.exitcode for c in children] == [0, 0, 0, 0]
    entries = store.entries()
    assert sorted(e.symbol for e in entries) == ["AA"] * 4 + ["ALI=F"] * 4
    assert {store.check(e.sha256) for e in entries} == {""}
