"""What a scan found: dates beyond the threshold, clustered, and what it says of a claimed date."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

import numpy as np

from eventstudy._typing import DateArray, FloatArray, IntArray
from eventstudy.domain.events import Event, make_event
from eventstudy.domain.intraday import moment_of
from eventstudy.domain.windows import find_day0
from eventstudy.errors import InputError
from eventstudy.inference.search import (
    NullMaxima,
    Search,
    detectable,
    own_sums,
)
from eventstudy.pairs import PreparedSeries
from eventstudy.verbs.scan_dates import Judged
from eventstudy.verbs.scan_result import ClaimedDate, Peak

#: Catalogue events at most this many sessions from a found date are named with it.
NAMED_WITHIN = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """Estimates and statistics of all N dates, and the p-values of those in the span."""

    judged: Judged
    search: Search
    estimate: FloatArray
    statistic: FloatArray
    sized: FloatArray
    pvalue: FloatArray
    critical: float
    detectable: float
    alpha: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Claim:
    """The claimed date: the row of its day 0, and the positions in the span that would count."""

    date: dt.date
    within: int
    row: int
    entries: IntArray


def day_of(name: str, value: str | dt.date) -> dt.date:
    """A date of the call; an error names the argument."""
    try:
        return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)
    except ValueError as error:
        raise InputError(f"{name} {value!r} is not a date; write YYYY-MM-DD, such as 2017-01-01") from error


def measure_dates(judged: Judged, search: Search, scale: FloatArray, null: NullMaxima, alpha: float) -> Measured:
    """Estimate, statistic and p of every date, and the size from which on one is found."""
    days = judged.days
    if search.kind == "return":
        car = judged.abnormal.car(search.window)
        sums, scale = car.car, scale * car.se / car.se_naive * (1.0 if judged.hour is None else judged.hour)
    else:
        sums = own_sums(days, search)
    sized, critical = search.sized(sums / scale), null.critical(alpha)
    unit = 1.0
    if search.kind == "volatility":
        # In multiples of what undisturbed dates show on average in logarithms, so that 1 is what was expected.
        unit, critical = math.exp(null.centre), math.exp(critical)
    statistic = sums / scale / unit
    return Measured(
        judged=judged, search=search, estimate=sums if search.kind == "return" else statistic, statistic=statistic,
        sized=sized, pvalue=null.pvalues(sized[days.span]), critical=critical / unit,
        detectable=detectable(days, search, sums, scale, critical), alpha=alpha,
    )  # fmt: skip


def peaks(measured: Measured, prepared: PreparedSeries) -> tuple[Peak, ...]:
    """Significant dates whose windows overlap or touch make one reaction; its date is the largest statistic's."""
    judged, span = measured.judged, measured.judged.days.span
    clear = span[measured.pvalue <= measured.alpha]
    if clear.size == 0:
        return ()
    rows = judged.rows[clear]
    clusters = np.split(clear, np.flatnonzero(np.diff(rows) > measured.search.length) + 1)
    return tuple(_peak(cluster, measured, prepared) for cluster in clusters)


def _peak(cluster: IntArray, measured: Measured, prepared: PreparedSeries) -> Peak:
    rows, dates = measured.judged.rows, prepared.series.dates
    best = int(cluster[np.argmax(measured.sized[cluster])])
    near = [(name, row - int(rows[best])) for name, row in prepared.other_rows.items()]
    return Peak(
        date=moment_of(dates[rows[best]]), first=moment_of(dates[rows[cluster[0]]]),
        last=moment_of(dates[rows[cluster[-1]]]), dates=int(cluster.size),
        estimate=float(measured.estimate[best]), statistic=float(measured.statistic[best]),
        pvalue=float(measured.pvalue[np.searchsorted(measured.judged.days.span, best)]),
        events=tuple(sorted((n for n in near if abs(n[1]) <= NAMED_WITHIN), key=lambda n: (abs(n[1]), n))),
    )  # fmt: skip


def claim_of(claimed: str | dt.date | Event, within: int, prepared: PreparedSeries, judged: Judged) -> Claim:
    """Where the claimed date lies in the span.

    Raises
    ------
    InputError
        When no date within reach was scanned.
    """
    event = claimed if isinstance(claimed, Event) else make_event(day_of("claimed", claimed))
    series, scanned = prepared.series, judged.rows[judged.days.span]
    row = find_day0(event, series.instrument, series.dates).position
    entries = np.empty(0, dtype=np.int64) if row is None else np.flatnonzero(np.abs(scanned - row) <= within)
    if series.closes is not None and row is not None and not isinstance(event.announced, dt.datetime):
        # Of a bare date every bar of its day counts.
        own = np.flatnonzero(series.days == series.days[row])
        entries = np.flatnonzero((scanned >= own[0] - within) & (scanned <= own[-1] + within))
    if row is None or entries.size == 0:
        raise InputError(
            f"the claimed date {event.date} is not among the dates scanned, {series.dates[scanned[0]]} to "
            f"{series.dates[scanned[-1]]}; widen the span, or allow more sessions around it (within)"
        )
    return Claim(date=event.date, within=within, row=row, entries=entries)


def claimed_date(
    claim: Claim, measured: Measured, null: NullMaxima, found: tuple[Peak, ...], dates: DateArray
) -> ClaimedDate:
    """What the scan says of the claimed date, alone and among all."""
    span = measured.judged.days.span
    own = measured.sized[span]
    position = int(claim.entries[np.argmax(own[claim.entries])])
    best = moment_of(dates[span[position]])
    return ClaimedDate(
        date=claim.date, within=claim.within, best=best, estimate=float(measured.estimate[span[position]]),
        statistic=float(measured.statistic[span[position]]),
        pvalue=float(null.pvalues(own[position : position + 1], group=1)[0]),
        pvalue_scan=float(measured.pvalue[position]), rank=1 + int((own > own[position]).sum()),
        found=bool(measured.pvalue[position] <= measured.alpha),
    )  # fmt: skip
