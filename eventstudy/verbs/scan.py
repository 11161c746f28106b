"""Undated claims: which dates of a span show a reaction, with one error rate for the whole search."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from dataclasses import dataclass
from typing import get_args

import numpy as np

from eventstudy._typing import BoolArray, DateArray, FloatArray, IntArray, Record
from eventstudy.abnormal import AbnormalReturns
from eventstudy.domain.align import near_rows
from eventstudy.domain.events import Event, EventTable, catalog, make_event
from eventstudy.domain.intraday import moment_of, when_words
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.windows import CLEAR_OF_EVENTS, EventWindow, Offsets, Outcome, PairOutcome, find_day0
from eventstudy.errors import InputError, NothingUsableError, UnknownNameError
from eventstudy.inference.search import (
    FEWEST,
    Against,
    Days,
    Kind,
    NullMaxima,
    Search,
    Sign,
    detectable,
    null_maxima,
    own_sums,
    stretches,
    window_scale,
)
from eventstudy.kernels.hour_scale import hour_scale
from eventstudy.kernels.resample import complete_windows, smallest_pvalue
from eventstudy.models.base import ExpectedReturn
from eventstudy.models.regression import MarketModel
from eventstudy.pairs import PreparedSeries, fit_pairs, prepare_series
from eventstudy.provenance import make_provenance
from eventstudy.verbs.scan_result import ClaimedDate, KnownEvent, Peak, Scan
from eventstudy.volatility.base import GarchResponse, VarianceModel, model_of_residuals

#: Catalogue events at most this many sessions from a found date are named with it.
NAMED_WITHIN = 3


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
    judged = _judge_dates(prepared, design, _span(prepared, start, end), search.window)
    days, dates = judged.days, prepared.series.dates[judged.rows]
    variance = model_of_residuals(days.residual, judged.rows, dates, dates.size, volatility or GarchResponse())
    claim = None if claimed is None else _claim(claimed, within, prepared, judged)
    groups = [np.arange(days.span.size), *([claim.entries] if claim is not None else [])]
    rng = np.random.default_rng([seed, days.span.size])
    null = null_maxima(days, variance, search, groups, alpha=alpha, draws=draws, rng=rng)
    measured = _measure(judged, search, window_scale(days, variance, search), null, alpha)
    found = _peaks(measured, prepared)
    count, rank = stretches(days, measured.sized)
    return Scan(
        instrument=instrument, name=prices.instruments[instrument].label, unit=prepared.series.unit, kind=kind,
        sign=sign, against=against, window=search.window, alpha=alpha, dates=dates[days.span],
        estimate=measured.estimate[days.span],
        statistic=measured.statistic[days.span], pvalue=measured.pvalue, skipped=judged.skipped,
        critical=measured.critical, detectable=measured.detectable, found=found,
        claimed=None if claim is None else _claimed_date(claim, measured, null, found, dates),
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


# ---- the search, step by step


@dataclass(frozen=True, kw_only=True, eq=False)
class _Judged:
    """Every date of the series that can be judged.

    Attributes
    ----------
    rows : ndarray, shape (N,)
        Rows of the series.
    abnormal : AbnormalReturns
        One pair a date.
    days : Days
    skipped : dict
        Reason -> sessions of the span that cannot be judged.
    hour : ndarray, shape (N,), or None
        Of intraday bars the scale of each by its clock time, by which its residual in `days` was divided.
    """

    rows: IntArray
    abnormal: AbnormalReturns
    days: Days
    skipped: dict[str, int]
    hour: FloatArray | None

    def words_on(self, variance: VarianceModel) -> str:
        """The variance model in words."""
        return variance.label + ("" if self.hour is None else ", bars in the scale of their clock time")


@dataclass(frozen=True, kw_only=True, eq=False)
class _Measured:
    """Estimates and statistics of all N dates, and the p-values of those in the span."""

    judged: _Judged
    search: Search
    estimate: FloatArray
    statistic: FloatArray
    sized: FloatArray
    pvalue: FloatArray
    critical: float
    detectable: float
    alpha: float


@dataclass(frozen=True, kw_only=True, eq=False)
class _Claim:
    """The claimed date: the row of its day 0, and the positions in the span that would count."""

    date: dt.date
    within: int
    row: int
    entries: IntArray


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


def _day(name: str, value: str | dt.date) -> dt.date:
    try:
        return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)
    except ValueError as error:
        raise InputError(f"{name} {value!r} is not a date; write YYYY-MM-DD, such as 2017-01-01") from error


def _span(prepared: PreparedSeries, start: str | dt.date, end: str | dt.date | None) -> IntArray:
    """Rows of the series inside the span."""
    dates = prepared.series.days
    first, name = _day("start", start), prepared.series.instrument.id
    last = dates[-1].astype(dt.date) if end is None else _day("end", end)
    if end is not None and last < first:
        raise InputError(f"the span {first} to {last} ends before it starts")
    rows = np.flatnonzero((dates >= np.datetime64(first, "D")) & (dates <= np.datetime64(last, "D")))
    if rows.size == 0:
        raise InputError(
            f"no session in the span from {first}: the prices of {name} run from {dates[0]} to {dates[-1]}"
        )
    return rows


def _judge_dates(prepared: PreparedSeries, design: EventWindow, span: IntArray, window: Offsets) -> _Judged:
    """Treat every session of the series as day 0 of an announcement, by the rules of every study."""
    series = prepared.series
    name = series.instrument.id
    pairs = [
        (PairOutcome(event=when_words(day), instrument=name, outcome=Outcome.USED), row)
        for row, day in enumerate(series.dates)
    ]
    abnormal, outcomes = fit_pairs({name: prepared}, pairs, design, (0, 0))
    used = np.array([o.outcome is Outcome.USED for o in outcomes])
    hour, rare = None, np.zeros_like(used)
    if abnormal is not None and abnormal.clock is not None:
        hour = _own_hours(abnormal)
        rare[np.flatnonzero(used)[np.isnan(hour)]] = True
        abnormal, hour, used = abnormal.take(np.flatnonzero(np.isfinite(hour))), hour[np.isfinite(hour)], used & ~rare
    # A window needs every session that it touches, the forecast's first one included.
    whole = _runs(used, min(window[0], 0), max(window[1], 0))
    skipped = Counter(outcomes[row].outcome.value.replace("_", " ") for row in span if not used[row] and not rare[row])
    skipped["clock time too rare in the estimation window"] = int(rare[span].sum())
    skipped["incomplete window"] = int((used & ~whole)[span].sum())
    rows = np.flatnonzero(used)
    entries = np.flatnonzero(np.isin(rows, span) & whole[rows])
    if abnormal is None or entries.size == 0:
        raise NothingUsableError(
            f"none of the {span.size} sessions of {name} from {when_words(series.dates[span[0]])} to "
            f"{when_words(series.dates[span[-1]])} "
            f"can be scanned: {_first_reason(outcomes, span, window, rare=bool(rare[span[0]]))}"
        )
    if rows.size < FEWEST:
        raise NothingUsableError(
            f"{rows.size} sessions of {name} have an abnormal response, a scan needs {FEWEST}: bring longer prices, or "
            f"shorten the estimation window of {design.estimation[1] - design.estimation[0] + 1} sessions"
        )
    near = near_rows(prepared.other_rows.values(), series.dates.size, before=CLEAR_OF_EVENTS, after=CLEAR_OF_EVENTS)
    residual = abnormal.ar[:, abnormal.columns((0, 0))][:, 0]
    residual = residual if hour is None else residual / hour
    days = Days(residual=residual, clear=~near[rows], span=entries)
    return _Judged(rows=rows, abnormal=abnormal, days=days, skipped={k: n for k, n in skipped.items() if n}, hour=hour)


def _own_hours(abnormal: AbnormalReturns) -> FloatArray:
    """Scale of bar 0 of every pair, learnt from its own estimation window, shape (N,); see `hour_scale`."""
    clock, zero = abnormal.clock, abnormal.columns((0, 0)).start
    assert clock is not None
    pairs = zip(abnormal.ar, clock, abnormal.estimation, strict=True)
    return np.array([hour_scale(ar, kind, used, only=int(kind[zero]))[zero] for ar, kind, used in pairs])


def _runs(used: BoolArray, first: int, last: int) -> BoolArray:
    """Rows around which every session from `first` to `last` is used, shape as `used`."""
    whole = np.zeros_like(used)
    complete = complete_windows(used, last - first + 1)
    whole[-first : complete.size - first] = complete
    return whole


def _first_reason(outcomes: list[PairOutcome], span: IntArray, window: Offsets, *, rare: bool) -> str:
    """Why the first session of the span cannot be judged, in words."""
    first = outcomes[span[0]]
    if rare:
        return (
            f"bars of its clock time come too rarely in the estimation window before {first.event}; take a longer one"
        )
    if first.outcome is Outcome.USED:
        return f"the window [{window[0]},{window[1]}] around {first.event} leaves the data or meets a gap"
    return f"on {first.event} {first.outcome.value.replace('_', ' ')}, {first.detail}"


def _measure(judged: _Judged, search: Search, scale: FloatArray, null: NullMaxima, alpha: float) -> _Measured:
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
    return _Measured(
        judged=judged, search=search, estimate=sums if search.kind == "return" else statistic, statistic=statistic,
        sized=sized, pvalue=null.pvalues(sized[days.span]), critical=critical / unit,
        detectable=detectable(days, search, sums, scale, critical), alpha=alpha,
    )  # fmt: skip


def _peaks(measured: _Measured, prepared: PreparedSeries) -> tuple[Peak, ...]:
    """Significant dates whose windows overlap or touch make one reaction; its date is the largest statistic's."""
    judged, span = measured.judged, measured.judged.days.span
    clear = span[measured.pvalue <= measured.alpha]
    if clear.size == 0:
        return ()
    rows = judged.rows[clear]
    clusters = np.split(clear, np.flatnonzero(np.diff(rows) > measured.search.length) + 1)
    return tuple(_peak(cluster, measured, prepared) for cluster in clusters)


def _peak(cluster: IntArray, measured: _Measured, prepared: PreparedSeries) -> Peak:
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


def _claim(claimed: str | dt.date | Event, within: int, prepared: PreparedSeries, judged: _Judged) -> _Claim:
    """Where the claimed date lies in the span.

    Raises
    ------
    InputError
        When no date within reach was scanned.
    """
    event = claimed if isinstance(claimed, Event) else make_event(_day("claimed", claimed))
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
    return _Claim(date=event.date, within=within, row=row, entries=entries)


def _claimed_date(
    claim: _Claim, measured: _Measured, null: NullMaxima, found: tuple[Peak, ...], dates: DateArray
) -> ClaimedDate:
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
