"""Yahoo's hosts behind an HTTPS proxy: CONNECT, TLS with a certificate of a test authority, cookie, crumb, chart."""

from __future__ import annotations

import datetime as dt
import json
import ssl
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

import trustme

from tests.sources.loopback.base import HTML, TEXT, Handler, Loopback
from tests.sources.loopback.numbers import walk

#: Ticker -> zone, currency, local time of the bar's stamp, dividends by date.
LISTED: dict[str, tuple[str, str, dt.time, dict[str, float]]] = {
    "ALI=F": ("America/New_York", "USD", dt.time(0), {}),
    "AA": ("America/New_York", "USD", dt.time(9, 30), {"2024-03-05": 0.10}),
    "CENX": ("America/New_York", "USD", dt.time(9, 30), {}),
    "SPY": ("America/New_York", "USD", dt.time(9, 30), {"2024-03-15": 1.59}),
    "^GSPC": ("America/New_York", "USD", dt.time(9, 30), {}),
    "NHY.OL": ("Europe/Oslo", "NOK", dt.time(9, 0), {}),
    "0486.HK": ("Asia/Hong_Kong", "HKD", dt.time(9, 30), {}),
    "CADUSD=X": ("Europe/London", "USD", dt.time(0), {}),
    "2600.HK": ("Asia/Hong_Kong", "HKD", dt.time(9, 30), {}),
    "S32.AX": ("Australia/Sydney", "AUD", dt.time(10, 0), {}),
    "SPLIT": ("America/New_York", "USD", dt.time(9, 30), {"2024-03-05": 0.40, "2024-03-20": 0.25}),
    "XYZ": ("America/New_York", "USD", dt.time(9, 30), {}),
}
#: Ticker -> splits by date: new shares, old shares.
SPLITS: dict[str, dict[str, tuple[int, int]]] = {"SPLIT": {"2024-03-12": (2, 1)}}


def _error(code: str, words: str) -> bytes:
    return json.dumps({"chart": {"result": None, "error": {"code": code, "description": words}}}).encode()


NOT_FOUND = _error("Not Found", "No data found, symbol may be delisted")


class _YahooHandler(Handler):
    server: FakeYahoo

    def do_CONNECT(self) -> None:
        if self.server.refuse:
            self.send_error(502)
            return
        self.send_response(200, "Connection established")
        self.end_headers()
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)  # type: ignore[assignment]
        self.close_connection = False

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def do_POST(self) -> None:
        self.reply(b"<html></html>", 200, HTML)

    def do_GET(self) -> None:
        where = urlsplit(self.path)
        host = self.headers.get("Host", "")
        self.server.seen.append(f"{host}{unquote(where.path)}?{where.query}")
        scope, _, fault = self.server.fault.rpartition(":")
        if host == "fc.yahoo.com":
            self._cookie(fault if scope == "cookie" else "")
        elif where.path.endswith("getcrumb"):
            self._crumb(fault if scope == "crumb" else "")
        elif where.path.startswith("/v8/finance/chart/"):
            symbol = unquote(where.path.removeprefix("/v8/finance/chart/"))
            query = {k: v[0] for k, v in parse_qs(where.query).items()}
            applies = scope == "" or (scope == "hist" and "period1" in query)
            self._chart(symbol, query, self.server.faults.get(symbol, fault if applies else ""))
        elif "consent" in host or "guce" in host:
            self.reply(b"<html>no form here</html>", 200, HTML)
        else:
            code = {"quoteSummary": {"result": None, "error": {"code": "Not Found", "description": "No data"}}}
            self.reply(json.dumps(code).encode(), 404)

    def _cookie(self, fault: str) -> None:
        if fault == "500":
            self.reply(b"oops", 500, TEXT)
        elif not self.broken(fault, b""):
            cookie = (
                "A3=d=AQABBK&S=x; Domain=.yahoo.com; Path=/; Expires=Fri, 31 Dec 2100 00:00:00 GMT; Secure; HttpOnly"
            )
            self.reply(b"", 404, TEXT, Set_Cookie=cookie)

    def _crumb(self, fault: str) -> None:
        if fault == "500":
            self.reply(b"oops", 500, TEXT)
        elif not self.broken(fault, b"sEcReTcRuMb"):
            self.reply(b"sEcReTcRuMb", 200, TEXT)

    def _chart(self, symbol: str, query: dict[str, str], fault: str) -> None:
        if symbol not in LISTED or fault == "404":
            self.reply(NOT_FOUND, 404)
            return
        chart = self.server.chart(symbol, query)
        answers = {
            "400": (400, _error("Bad Request", "Data doesn't exist for startDate = 1, endDate = 2")),
            "401": (401, json.dumps({"finance": {"error": {"code": "Unauthorized"}}}).encode()),
            "500": (500, _error("Internal Server Error", "Duplicate key 1497411900")),
            "500-finance": (500, json.dumps({"finance": {"error": {"code": "internal-error"}}}).encode()),
            "empty-result": (200, json.dumps({"chart": {"result": [], "error": None}}).encode()),
            "null-result": (200, json.dumps({"chart": {"result": None, "error": None}}).encode()),
        }  # fmt: skip
        if fault in answers:
            status, body = answers[fault]
            self.reply(body, status)
            return
        _spoil(chart, fault)
        body = json.dumps({"chart": {"result": [chart], "error": None}}).encode()
        if not self.broken("truncated" if fault == "truncated-json" else fault, body):
            self.reply(body)


def _spoil(chart: dict[str, Any], fault: str) -> None:
    """Change the payload as `fault` says."""
    meta, quote = chart["meta"], chart["indicators"]["quote"][0]
    stamps = chart.get("timestamp", [])
    if fault == "no-timestamp":
        chart.pop("timestamp", None)
        chart["indicators"] = {"quote": [{}], "adjclose": [{}]}
    elif fault == "no-tz":
        meta.pop("exchangeTimezoneName")
    elif fault == "no-currency":
        meta.pop("currency")
    elif fault == "currency-null":
        meta["currency"] = None
    elif fault == "wrong-currency":
        meta["currency"] = "GBp"
    elif fault == "all-null":
        for name in quote:
            quote[name] = [None] * len(stamps)
    elif fault == "null-holes":
        for name in quote:
            quote[name][2:5] = [None] * len(quote[name][2:5])
    elif fault == "frozen":
        quote["close"] = [quote["close"][0]] * len(stamps)
    elif fault == "missed-split":
        _undo_splits(chart)
    elif fault == "zero-close":
        quote["close"][2] = 0.0
    elif fault == "mismatched-lengths":
        quote["close"] = quote["close"][:-2]
    elif fault == "dup-ts":
        stamps[2] = stamps[1]
    elif fault == "unsorted":
        for series in (stamps, *quote.values()):
            series[1], series[4] = series[4], series[1]
    elif fault == "no-adjclose":
        chart["indicators"].pop("adjclose")
    elif fault == "wrong-symbol":
        meta["symbol"] = "OTHER"
    elif fault == "monthly":
        meta["dataGranularity"] = "1mo"


def _undo_splits(chart: dict[str, Any]) -> None:
    """Rows and dividends before a split as they were traded and paid: listed, and not adjusted for."""
    for split in chart["events"]["splits"].values():
        ratio = split["numerator"] / split["denominator"]
        for name, values in chart["indicators"]["quote"][0].items():
            factor = 1.0 / ratio if name == "volume" else ratio
            values[:] = [
                v * factor if s < split["date"] else v for s, v in zip(chart["timestamp"], values, strict=True)
            ]
        for paid in chart["events"].get("dividends", {}).values():
            paid["amount"] *= ratio if paid["date"] < split["date"] else 1.0


class FakeYahoo(Loopback):
    """An HTTPS proxy that is Yahoo; ``authority`` signs its certificate."""

    def __init__(self, authority: trustme.CA) -> None:
        super().__init__(_YahooHandler)
        self.refuse = False
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        names = ("yahoo.com", "*.yahoo.com", "*.finance.yahoo.com")
        authority.issue_cert(*names).configure_cert(self.tls)
        self.tls.set_alpn_protocols(["http/1.1"])

    def prices(self) -> list[str]:
        """Requests for prices so far."""
        return [s for s in self.seen if "period1" in s]

    def chart(self, symbol: str, query: dict[str, str]) -> dict[str, Any]:
        """One result as the chart endpoint gives it."""
        zone_name, currency, at, dividends = LISTED[symbol]
        zone = ZoneInfo(zone_name)
        if "period1" in query:
            first, last = int(query["period1"]), int(query["period2"])
        else:
            first, last = 1709560000, 1709650000
        rows = {int(dt.datetime.combine(d, at, zone).timestamp()): v for d, v in walk(symbol).items()}
        add = self.revised.get(symbol, 0.0)
        inside = {s: round(v + add, 2) for s, v in rows.items() if first <= s < last}
        close = list(inside.values())
        paid = {
            int(dt.datetime.combine(dt.date.fromisoformat(d), at, zone).timestamp()): a for d, a in dividends.items()
        }
        chart: dict[str, Any] = {
            "meta": {
                "currency": currency, "symbol": symbol, "exchangeName": "X", "instrumentType": "EQUITY",
                "firstTradeDate": 0, "gmtoffset": -18000, "timezone": "EST", "exchangeTimezoneName": zone_name,
                "regularMarketPrice": 1.0, "priceHint": 2, "dataGranularity": query.get("interval", "1d"), "range": "",
                "currentTradingPeriod": {k: {"timezone": "EST", "start": 0, "end": 1, "gmtoffset": 0} for k in
                                         ("pre", "regular", "post")},
                "validRanges": ["1d", "max"],
            },
            "indicators": {
                "quote": [{
                    "open": list(close), "high": [round(c + 1, 2) for c in close],
                    "low": [round(c - 1, 2) for c in close], "close": list(close),
                    "volume": [1000 + i for i in range(len(close))],
                }],
                "adjclose": [{"adjclose": list(close)}],
            },
        }  # fmt: skip
        if inside:
            chart["timestamp"] = list(inside)
        events = {str(s): {"amount": a, "date": s} for s, a in paid.items() if s in inside}
        if events:
            chart["events"] = {"dividends": events}
        for day, (new, old) in SPLITS.get(symbol, {}).items():
            when = int(dt.datetime.combine(dt.date.fromisoformat(day), at, zone).timestamp())
            split = {"date": when, "numerator": new, "denominator": old, "splitRatio": f"{new}:{old}"}
            chart.setdefault("events", {})["splits"] = {str(when): split}
        return chart
