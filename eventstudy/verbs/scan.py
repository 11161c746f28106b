"""Undated claims: which dates of a span show a reaction, with one error rate for the whole search."""

from __future__ import annotations

import datetime as dt
import math
from typing import get_args

import numpy as np

from eventstudy._typing import DateArray, IntArray, Record
from eventstudy.domain.events import Event, EventTable, catalog
from eventstudy.domain.intraday import moment_of
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.windows import EventWindow, Offsets
from eventstudy.errors import InputError, UnknownNameError
from eventstudy.inference.search import (
    Against,
    Kind,
    Search,
    Sign,
    null_maxima,
    stretches,
    window_scale,
)
from eventstudy.kernels.resample import smallest_pvalue
from eventstudy.models.base import ExpectedReturn
from eventstudy.models.regression import MarketModel
from eventstudy.pairs import PreparedSeries, prepare_series
from eventstudy.provenance import make_provenance
from eventstudy.verbs.scan_dates import judge_dates
from eventstudy.verbs.scan_found import claim_of, claimed_date, day_of, measure_dates, peaks
from eventstudy.verbs.scan_result import KnownEvent, Scan
from eventstudy.volatility.base import GarchResponse, model_of_residuals


def scan(
    prices: PriceTable,
    instrument: str,
    *,
    start: str | dt.date,
    end: str | dt.date | None = None,
    kind: Kind = "return",
    sign: Sign = "any",
    window: Offsets | None = None,
    against: Against = "before",
    claimed: str | dt.date | Event | None = None,
    within: int = 1,
    model: ExpectedReturn | None = None,
    estimation: Offsets = (-260, -11),
    volatility: GarchResponse | None = None,
    alpha: float = 0.05,
    draws: int = 999,
    seed: int = 0,
    events: EventTable | None = None,
) -> Scan:
    """Find the dates of a span on which a series reacted, holding the error of the whole search at `alpha`.

    Parameters
    ----------
    prices : PriceTable
    instrument : str
        One id.
    start, end : date
        First and last announcement date; the end of the data by default.
    kind : {"return", "volatility"}
        ``return``: a cumulative abnormal response. ``volatility``: abnormal responses larger than expected.
    sign : {"any", "up", "down"}
        Direction claimed; volatility knows only ``any`` (raised).
    window : (int, int), optional
        Sessions relative to each date; default day 0 for returns, sessions 1 to 10 for volatility. Of intraday bars
        returns are those of single bars, (0, 0).
    against : {"before", "around"}
        Whose volatility a response is measured in. ``before``: what the session before could expect; sees news that
        begin a turbulent time. ``around``: the mean of that and of what the session after implies looking back; sees
        isolated moves better, and loses news among other news.
    claimed : date or Event, optional
        Is this date among those found?
    within : int
        Sessions on either side of the claimed date that would count as well.
    model : ExpectedReturn, optional
        The market model on the instrument's own benchmark by default.
    estimation : (int, int)
        Estimation window of every date.
    volatility : GarchResponse, optional
        Variance model and its engine.
    alpha : float
        Probability of any finding when nothing happened.
    draws, seed : int
        Simulated series, and their entropy.
    events : EventTable, optional
        Known announcements: named beside found dates, and left out of the sample that says how large chance is.
        The catalogue by default.

    Returns
    -------
    Scan

    Raises
    ------
    InputError, UnknownNameError
        When the call cannot be: unknown instrument, a span outside the data, a window that does not fit.
    NothingUsableError
        When no date of the span can be judged (frozen feed, too little history).

    Notes
    -----
    Every date gets its own estimation window, model and abnormal response, as `Study` would give it; of intraday bars
    every bar, in units of what bars of its clock time vary inside its estimation window, so that a night does not look
    like a reaction. The responses
    are divided by the standard deviation that a GARCH filter expected the session before, so that a turbulent month
    does not look like a string of reactions (McNeil & Frey 2000, J. Empirical Finance 7:271-300). The largest
    statistic is compared with the largest of simulated series: Student shocks through the fitted variance recursion,
    each series measured by a yardstick of its own, as the data are; see `null_maxima`. Known events stay in every
    estimation window, but not in the sample that says how large chance is.

    Examples
    --------
    >>> from eventstudy.sources.base import load
    >>> year = dict(start="1994-01-03", end="1994-12-30")
    >>> result = scan(load("embedded"), "AA", model=MarketModel("DOW29"), draws=499, **year)
    >>> result.dates.size, len(result.found)
    (252, 0)
    """
    settings = _plain(locals())
    search = _search(kind, sign, window, against)
    if prices.minutes is not None and search.kind == "return" and search.window != (0, 0):
        raise InputError(
            f"window [{search.window[0]},{search.window[1]}]: a scan of intraday bars for returns looks at each bar "
            "alone, since sums over hours of unlike variance have no law in common; leave window at (0, 0)"
        )
    _check(alpha, draws, within)
    known = catalog() if events is None else events
    chosen = model or MarketModel()
    prices = prices.with_derived([instrument, *(chosen.market or ())])
    if instrument not in prices:
        raise UnknownNameError("instrument", instrument, prices.ids)
    around = (min(search.window[0], 0), max(search.window[1], 0))
    design = EventWindow(event=around, estimation=estimation, windows=())
    prepared = prepare_series(
        prices, instrument, chosen, design, returns="instrument", calendar=None, studied=(), others=known
    )
    judged = judge_dates(prepared, design, _span(prepared, start, end), search.window)
    days, dates = judged.days, prepared.series.dates[judged.rows]
    variance = model_of_residuals(days.residual, judged.rows, dates, dates.size, volatility or GarchResponse())
    claim = None if claimed is None else claim_of(claimed, within, prepared, judged)
    groups = [np.arange(days.span.size), *([claim.entries] if claim is not None else [])]
    rng = np.random.default_rng([seed, days.span.size])
    null = null_maxima(days, variance, search, groups, alpha=alpha, draws=draws, rng=rng)
    measured = measure_dates(judged, search, window_scale(days, variance, search), null, alpha)
    found = peaks(measured, prepared)
    count, rank = stretches(days, measured.sized)
    return Scan(
        instrument=instrument, name=prices.instruments[instrument].label, unit=prepared.series.unit, kind=kind,
        sign=sign, against=against, window=search.window, alpha=alpha, dates=dates[days.span],
        estimate=measured.estimate[days.span],
        statistic=measured.statistic[days.span], pvalue=measured.pvalue, skipped=judged.skipped,
        critical=measured.critical, detectable=measured.detectable, found=found,
        claimed=None if claim is None else claimed_date(claim, measured, null, found, dates),
        model=prepared.model.label, variance=judged.words_on(variance), problem=variance.problem, dof=null.dof,
        sessions=null.sessions, draws=draws, smallest_p=smallest_pvalue(draws), stretches=count, stretch_pvalue=rank,
        known=_known(prepared, known, dates[days.span]), minutes=prices.minutes,
        provenance=make_provenance(prices, [instrument, *prepared.series.factor_ids], EventTable([]), settings),
    )  # fmt: skip


def _plain(given: Record) -> Record:
    """The arguments of a scan as plain values; prices and events are told apart by their hashes and ids."""
    settings: Record = {"scan": given["instrument"]}
    for key, value in given.items():
        if key not in ("prices", "events", "instrument"):
            plain = list(value) if isinstance(value, tuple) else str(getattr(value, "label", value))
            settings[key] = value if isinstance(value, int | float | None) else plain
    return settings


def _known(prepared: PreparedSeries, known: EventTable, dates: DateArray) -> tuple[KnownEvent, ...]:
    """Known announcements whose day 0 was scanned."""
    found = ((prepared.series.dates[row], name) for name, row in prepared.other_rows.items())
    return tuple(KnownEvent(name, known[name].label, moment_of(day)) for day, name in sorted(found) if day in dates)


def _search(kind: Kind, sign: Sign, window: Offsets | None, against: Against) -> Search:
    if kind not in get_args(Kind):
        raise InputError(f"kind = {kind!r} is not one of {', '.join(get_args(Kind))}")
    if sign not in get_args(Sign):
        raise InputError(f"sign = {sign!r} is not one of {', '.join(get_args(Sign))}")
    if against not in get_args(Against):
        raise InputError(f"against = {against!r} is not one of {', '.join(get_args(Against))}")
    if kind == "volatility" and against != "before":
        raise InputError("raised volatility is judged against the sessions before; leave against at 'before'")
    if kind == "volatility" and sign != "any":
        raise InputError(f"sign = {sign!r}: a search for volatility has no direction; leave sign at 'any'")
    chosen = window or ((0, 0) if kind == "return" else (1, 10))
    if chosen[0] > chosen[1]:
        raise InputError(f"window [{chosen[0]},{chosen[1]}] ends before it starts; write (first, last)")
    return Search(kind=kind, sign=sign, window=chosen, against=against)


def _check(alpha: float, draws: int, within: int) -> None:
    if not 0.0 < alpha < 0.5:
        raise InputError(f"alpha = {alpha} must lie between 0 and 0.5, such as 0.05")
    if draws + 1 < 1.0 / alpha:
        raise InputError(f"draws = {draws}: no p reaches {alpha:g} with fewer than {math.ceil(1.0 / alpha) - 1} draws")
    if within < 0:
        raise InputError(f"within = {within} must be zero or more sessions")


def _span(prepared: PreparedSeries, start: str | dt.date, end: str | dt.date | None) -> IntArray:
    """Rows of the series inside the span."""
    dates = prepared.series.days
    first, name = day_of("start", start), prepared.series.instrument.id
    last = dates[-1].astype(dt.date) if end is None else day_of("end", end)
    if end is not None and last < first:
        raise InputError(f"the span {first} to {last} ends before it starts")
    rows = np.flatnonzero((dates >= np.datetime64(first, "D")) & (dates <= np.datetime64(last, "D")))
    if rows.size == 0:
        raise InputError(
            f"no session in the span from {first}: the prices of {name} run from {dates[0]} to {dates[-1]}"
        )
    return rows
