"""Write the tables of docs/reference/faults.md: what every fault of a source came to, tried against loopback servers.

    python docs/make_faults.py

The faults are the parameters of the tests (tests/sources/loopback/fault_table.py); the outcome is what happened here.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import trustme

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the imports below stand in tests/, which is in no package

from marked import put  # noqa: E402

from eventstudy.errors import FetchError  # noqa: E402
from eventstudy.sources.feed import Fetch, Span  # noqa: E402
from eventstudy.sources.http import Line, Patience  # noqa: E402
from eventstudy.sources.network import load_network  # noqa: E402
from eventstudy.sources.store import Store  # noqa: E402
from tests.sources.loopback.base import Loopback  # noqa: E402
from tests.sources.loopback.fake_web import FakeWeb  # noqa: E402
from tests.sources.loopback.fake_yahoo import FakeYahoo  # noqa: E402
from tests.sources.loopback.fault_table import ASKED, COMMON, OWN, SCOPES, WORDS, YAHOO  # noqa: E402

PAGE = ROOT / "docs" / "reference" / "faults.md"
SPAN = Span(dt.date(2018, 3, 1), dt.date(2018, 4, 30))
NOW = dt.datetime(2024, 6, 3, 12, tzinfo=dt.UTC)
HEAD = ["| fault | breaks | ends in | requests | tried again by itself | after recovery |", "|---|---|---|---|---|---|"]


@contextmanager
def servers() -> Iterator[tuple[FakeYahoo, FakeWeb]]:
    """Both servers, and the environment that leads to them."""
    authority = trustme.CA()
    with tempfile.TemporaryDirectory() as folder, FakeYahoo(authority) as yahoo, FakeWeb() as web:
        certificate = Path(folder) / "ca.pem"
        authority.cert_pem.write_to_path(certificate)
        proxy = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), yahoo.url)
        sites = {f"EVENTSTUDY_{name.upper()}_URL": web.url for name in OWN}
        gone = dict.fromkeys(("CURL_CA_BUNDLE", "SSL_CERT_FILE"), "")
        more = {"REQUESTS_CA_BUNDLE": str(certificate), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        with mock.patch.dict(os.environ, proxy | sites | gone | more):
            yield yahoo, web


def tried(source: str, name: str, fault: str, server: Loopback, count: Callable[[], int]) -> list[str]:
    """One row: the fault, what it came to, how often it was tried, and whether the same process goes on afterwards."""
    waits: list[float] = []
    timeout = 0.25 if "slow" in fault else 10.0
    line = Line(
        patience=Patience(attempts=3, spacing=0.0, timeout=timeout), rng=random.Random(1), sleep=waits.append,
        now=lambda: NOW,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        how = Fetch(store=Store(folder), line=line)
        server.fault, before = fault, count()
        end = _end(source, name, how)
        asked = count() - before
        server.fault = ""
        line.patience = Patience(attempts=1, spacing=0.0, timeout=10.0)
        after = _end(source, name, how)
    scope, _, kind = fault.rpartition(":")
    again = ("no", "once", "twice")[len(waits)]
    return [f"`{fault or 'none'}`: {WORDS[kind]}", SCOPES[scope], end, str(asked), again, after]


def _end(source: str, name: str, how: Fetch) -> str:
    try:
        table = load_network(source, [name], SPAN, how)
    except FetchError as error:
        status = "" if error.status is None else f", HTTP {error.status}"
        return f"`{type(error).__name__}`{status}"
    notes = [n for n in table.origins[0].notes if "row" in n or "currency" in n]
    return "; ".join([f"data, {table.frame[name].notna().sum()} prices", *notes])


def yahoo_table(yahoo: FakeYahoo) -> list[str]:
    """One row a fault of Yahoo."""

    def charts() -> int:
        return sum("/chart/" in s for s in yahoo.seen)

    return [*HEAD, *(_row(tried("yahoo", "ALI=F", fault, yahoo, charts)) for fault in YAHOO)]


def sites_table(web: FakeWeb) -> list[str]:
    """One row a fault of a site with plain HTTP."""
    lines = ["| site " + HEAD[0].replace("| breaks ", ""), "|---" + HEAD[1].removesuffix("---|")]
    for site, own in OWN.items():
        for fault in COMMON | own:
            cells = tried(site, ASKED[site], fault, web, lambda: len(web.seen))
            lines.append(_row([site, cells[0], *cells[2:]]))
    return lines


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Write both tables."""
    page = PAGE.read_text(encoding="utf-8")
    with servers() as (yahoo, web):
        page = put(page, "yahoo", yahoo_table(yahoo))
        page = put(page, "sites", sites_table(web))
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
