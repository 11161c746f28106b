"""Every way in which a source fails, and what has to come of it: parameters of the tests and of the published table."""

from __future__ import annotations

from eventstudy.errors import (
    BadPayload,
    Blocked,
    FetchError,
    MalformedResponse,
    NetworkFailure,
    NoDataInRange,
    RateLimited,
    SymbolNotFound,
    UpstreamDown,
)

Faults = dict[str, type[FetchError] | None]

#: Faults of Yahoo -> type of error (for a symbol whose zone is known), or None for data. ``hist:`` breaks the request
#: for prices only; without it the look-up of the time zone breaks as well.
YAHOO: Faults = {
    "": None,
    "404": SymbolNotFound, "hist:404": SymbolNotFound,
    "404-html": MalformedResponse, "hist:404-html": MalformedResponse,
    "400": NoDataInRange, "hist:400": NoDataInRange,
    "401": Blocked, "hist:401": Blocked,
    "403": Blocked, "hist:403": Blocked,
    "429": RateLimited, "hist:429": RateLimited,
    "429-200": RateLimited, "hist:429-200": RateLimited,
    "500": UpstreamDown, "hist:500": UpstreamDown,
    "500-finance": UpstreamDown, "hist:500-finance": UpstreamDown,
    "502": UpstreamDown, "hist:502": UpstreamDown,
    "503-wrb": UpstreamDown, "hist:503-wrb": UpstreamDown,
    "200-wrb": UpstreamDown, "hist:200-wrb": UpstreamDown,
    "html": MalformedResponse, "hist:html": MalformedResponse,
    "empty-body": MalformedResponse, "hist:empty-body": MalformedResponse,
    "truncated-json": MalformedResponse, "hist:truncated-json": MalformedResponse,
    "short-body": NetworkFailure, "hist:short-body": NetworkFailure,
    "reset": NetworkFailure, "hist:reset": NetworkFailure,
    "slow": NetworkFailure, "hist:slow": NetworkFailure,
    "empty-result": MalformedResponse, "hist:empty-result": MalformedResponse,
    "null-result": MalformedResponse, "hist:null-result": MalformedResponse,
    "hist:no-timestamp": NoDataInRange,
    "hist:no-tz": BadPayload,
    "hist:no-currency": None,
    "hist:currency-null": None,
    "hist:wrong-currency": BadPayload,
    "hist:all-null": BadPayload,
    "hist:frozen": BadPayload,
    "hist:null-holes": None,
    "hist:zero-close": BadPayload,
    "hist:mismatched-lengths": BadPayload,
    "hist:dup-ts": BadPayload,
    "hist:unsorted": None,
    "hist:no-adjclose": None,
    "hist:wrong-symbol": BadPayload,
    "hist:monthly": BadPayload,
    "crumb:429": None, "crumb:500": None, "crumb:html": None, "crumb:slow": None,
    "cookie:500": None, "cookie:reset": None,
}  # fmt: skip
#: For a symbol whose zone nobody told us, the look-up fails first, and the currency is not known beforehand.
UNLISTED: Faults = YAHOO | {"no-tz": MalformedResponse, "hist:wrong-currency": None}

#: Faults that every site with plain HTTP can have.
COMMON: Faults = {
    "404": SymbolNotFound, "403": Blocked, "429": RateLimited, "429-200": RateLimited, "500": UpstreamDown,
    "502": UpstreamDown, "503-wrb": UpstreamDown, "200-wrb": UpstreamDown, "html": MalformedResponse,
    "empty-body": MalformedResponse, "truncated": MalformedResponse, "short-body": NetworkFailure,
    "reset": NetworkFailure, "slow": NetworkFailure,
}  # fmt: skip
#: Site -> the faults that its own format can have.
OWN: dict[str, Faults] = {
    "westmetall": {
        "wrong-year": BadPayload, "bad-date": BadPayload, "bad-number": BadPayload, "zero": BadPayload,
        "empty-table": NoDataInRange,
    },
    "fred": {"wrong-symbol": BadPayload, "unsorted": BadPayload, "bad-number": MalformedResponse},
    "french": {"unsorted": BadPayload},
    "worldbank": {
        "no-link": MalformedResponse, "no-sheet": MalformedResponse, "no-column": BadPayload, "wrong-unit": BadPayload,
        "bad-date": BadPayload, "bad-number": BadPayload, "zero": BadPayload, "unsorted": BadPayload,
    },
}  # fmt: skip
#: Site -> an instrument of it.
ASKED = {"westmetall": "LME-CASH", "fred": "DGS3MO", "french": "MOM", "worldbank": "WB-ALUMINUM"}

#: Fault -> what the server does, in words.
WORDS = {
    "": "nothing is wrong", "404": "404", "404-html": "404 with a web page",
    "400": "400 with the source's own words", "401": "401", "403": "403 with a web page",
    "429": "429", "429-200": "200 with the words Too Many Requests", "500": "500",
    "500-finance": "500 in another format", "502": "502", "503-wrb": "503, Will be right back",
    "200-wrb": "200, Will be right back", "html": "200 with a web page", "empty-body": "200 without a body",
    "truncated-json": "half of the JSON", "truncated": "half of the file", "short-body": "fewer bytes than announced",
    "reset": "the connection is reset", "slow": "no answer in time", "empty-result": "an empty list of results",
    "null-result": "no result and no error", "no-timestamp": "a result without rows", "no-tz": "no time zone",
    "no-currency": "no currency", "currency-null": "a currency of null", "wrong-currency": "another currency",
    "all-null": "rows without a single close", "frozen": "every close the same", "null-holes": "three rows of null",
    "zero-close": "a close of zero", "zero": "a price of zero", "mismatched-lengths": "columns of different length",
    "dup-ts": "one date twice with two prices", "unsorted": "rows out of order", "no-adjclose": "no adjusted close",
    "wrong-symbol": "another symbol", "monthly": "monthly rows", "wrong-year": "another year",
    "bad-date": "a date in another language", "bad-number": "a word instead of a number",
    "empty-table": "a table without rows", "no-link": "a page without the link",
    "no-sheet": "a workbook without the sheet",
    "no-column": "a sheet without the column", "wrong-unit": "cents a pound instead of dollars a tonne",
}  # fmt: skip
#: Part of a fault's name -> which requests it breaks.
SCOPES = {"": "all requests", "hist": "prices only", "crumb": "the crumb", "cookie": "the cookie"}
