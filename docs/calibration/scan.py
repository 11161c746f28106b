"""Scans of a span of dates: how often they find nothing that is there, and something that is not.

Real years need ../shared/data; where it is absent their table is left out, and the page says so.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

import eventstudy as es
from eventstudy.domain.align import event_rows, near_rows, response_series
from eventstudy.domain.events import EventTable
from eventstudy.domain.instruments import Instrument, InstrumentTable
from eventstudy.domain.prices import PriceTable, build_table
from eventstudy.engines.compiled import CompiledEngine

REPS = 1000
SHARED = Path(__file__).parents[3] / "shared" / "data"
VARIANCE = es.GarchResponse("garch", engine=CompiledEngine())
#: Sessions of a simulated series, of which the last year is scanned.
SESSIONS, YEAR = 1512, 252
#: Standard deviations of the year's daily responses that are planted.
SHIFT = 5.0


class Design(NamedTuple):
    """One way to scan."""

    words: str
    options: dict[str, object]


SIZES = (
    Design("return, day 0", {}),
    Design("return, day 0, against around", {"against": "around"}),
    Design("rise, day 0", {"sign": "up"}),
    Design("return, [0,1]", {"window": (0, 1)}),
    Design("volatility, [1,10]", {"kind": "volatility"}),
)
PLANTS = (
    Design("any sign", {"sign": "any"}),
    Design("the claimed sign", {"sign": "up"}),
    Design("any sign, against around", {"sign": "any", "against": "around"}),
    Design("the claimed sign, against around", {"sign": "up", "against": "around"}),
)


def run(reps: int, seed: int) -> str:
    """Size on simulated years, then planted shifts in real ones."""
    lines = [
        "## Size: years in which nothing happened",
        "",
        f"GARCH(.08, .90) with Student(5) shocks, {SESSIONS} sessions, of which the last {YEAR} are scanned; constant "
        "mean, 199 draws. A scan that finds anything is wrong; 5% may be. In percent, with Monte Carlo standard error; "
        "the designs after the first use a tenth of the replications.",
        "",
        "|scan|years|found something|",
        "|---|---|---|",
    ]
    for place, design in enumerate(SIZES):
        n = reps if place == 0 else max(1, reps // 10)
        hits = sum(bool(scan_simulated(seed + i, design).found) for i in range(n))
        lines.append(f"|{design.words}|{n:,}|{rate(hits, n)}|")
    return "\n".join([*lines, "", "## Power: a shift planted in a real year", "", *planted(max(1, reps // 10), seed)])


def rate(hits: int, n: int) -> str:
    """Percent and its Monte Carlo standard error."""
    share = hits / n
    return f"{100 * share:.1f} ± {100 * math.sqrt(share * (1 - share) / n):.1f}"


def scan_simulated(seed: int, design: Design) -> es.Scan:
    """Scan the last year of one simulated series."""
    z = np.random.default_rng(seed).standard_t(5, SESSIONS + 200) * math.sqrt(3.0 / 5.0)
    out, h = np.empty(z.size), 1.0
    for t, shock in enumerate(z):
        out[t] = math.sqrt(h) * shock
        h = 0.02 + 0.08 * out[t] ** 2 + 0.90 * h
    days = pd.bdate_range("2001-01-01", periods=SESSIONS)
    frame = pd.DataFrame({"A": 100.0 * np.exp(np.cumsum(0.015 * out[200:]))}, days)
    prices = build_table(frame, InstrumentTable([Instrument(id="A", unit="USD")]), origins=())
    # The options are literals, which a dict does not keep.
    return es.scan(
        prices, "A", start=days[-YEAR].date(), model=es.ConstantMean(), volatility=VARIANCE, draws=199, seed=seed,
        events=EventTable([]), **design.options,  # type: ignore[arg-type]
    )  # fmt: skip


def planted(n: int, seed: int) -> list[str]:
    """Rows of the power table."""
    lines = [
        f"{SHIFT:g} standard deviations of the year's daily responses, up or down (up for the claimed sign), added on "
        "a random session at least ten sessions from every catalogue event, in a random whole year that has a year of "
        "history; default benchmark, 199 draws. Found: a significant date within one session of the planted one. "
        "Largest: the date with the largest statistic is within one session, significant or not.",
        "",
        "|series|scan|shifts|found|largest|",
        "|---|---|---|---|---|",
    ]
    for words, prices, instrument, model in real_series():
        for design in PLANTS if instrument != "AA" else PLANTS[:2]:
            hits = [plant(prices, instrument, model, seed + i, design) for i in range(n)]
            found, largest = (sum(h[k] for h in hits) for k in (0, 1))
            lines.append(f"|{words}|{design.words}|{n:,}|{rate(found, n)}|{rate(largest, n)}|")
    if not SHARED.is_dir():
        lines += ["", "LME prices were not there when this page was written."]
    return lines


def real_series() -> list[tuple[str, PriceTable, str, es.MarketModel]]:
    """Series that shifts are planted in."""
    dow = ("Alcoa 1992-2000, against 29 stocks", es.load("embedded"), "AA", es.MarketModel("DOW29"))
    if not SHARED.is_dir():
        return [dow]
    files = [SHARED / f"lme_{metal}.csv" for metal in ("aluminium", "copper", "zinc")]
    lme = es.load("files", [str(f) for f in files])
    return [("LME 3-month 2010-2023, against copper and zinc", lme, "LME-3M", es.MarketModel()), dow]


def plant(prices: PriceTable, instrument: str, model: es.MarketModel, seed: int, design: Design) -> tuple[bool, bool]:
    """Plant one shift and scan its year: whether it is found, and whether its statistic is the largest."""
    rng = np.random.default_rng([seed, 77])
    series = response_series(prices, instrument, (), policy="own_calendar")
    years = series.dates.astype("datetime64[Y]")
    whole = [y for y in np.unique(years) if (years == y).sum() > 200 and (years < y).sum() > 260]
    rows = np.flatnonzero(years == rng.choice(whole))
    known = near_rows(event_rows(series, es.catalog().values()).values(), years.size, before=10, after=10)
    row = int(rng.choice(rows[~known[rows]]))
    sign = 1.0 if design.options["sign"] == "up" else float(rng.choice([-1.0, 1.0]))
    shift = sign * SHIFT * float(series.response[rows].std())
    frame = prices.frame.copy()
    frame.loc[frame.index >= pd.Timestamp(series.dates[row]), instrument] *= math.exp(shift)
    # As above: literals in a dict.
    result = es.scan(
        replace(prices, frame=frame), instrument, start=str(series.dates[rows[0]]), end=str(series.dates[rows[-1]]),
        model=model, volatility=VARIANCE, draws=199, seed=seed, **design.options,  # type: ignore[arg-type]
    )  # fmt: skip
    near = series.dates[max(0, row - 1) : row + 2]
    sized = np.abs(result.statistic) if result.sign == "any" else result.statistic
    found = any(np.datetime64(p.date, "D") in near for p in result.found)
    return found, bool(result.dates[sized.argmax()] in near)
