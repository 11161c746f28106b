"""Size, power and coverage on the dates of a real series: every date is an announcement that never happened."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from eventstudy._typing import BoolArray, FloatArray, IntArray
from eventstudy.calibration.beside import ask_beside, beside_at, check_keys, control_names
from eventstudy.calibration.cells import Cell, Tally
from eventstudy.calibration.history import DATES_KEYS, all_dates, measures_of, view_at, windows_of, with_effect
from eventstudy.domain.align import near_rows
from eventstudy.domain.events import EventTable, catalog
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.same_hour import rows_at
from eventstudy.domain.windows import CLEAR_OF_EVENTS, EventWindow, Offsets
from eventstudy.donors import screened
from eventstudy.engines.compiled import CompiledEngine
from eventstudy.errors import InputError, UnknownNameError
from eventstudy.inference.base import LOCAL_SESSIONS
from eventstudy.kernels.resample import local_rms
from eventstudy.models.base import ExpectedReturn
from eventstudy.models.benchmarks import ConstantMean
from eventstudy.pairs import PreparedSeries, prepare_series
from eventstudy.volatility.base import GarchResponse

#: Which dates: all, or the fifth that follows the most turbulent (or the calmest) 20 sessions.
Stratum = Literal["all", "turbulent", "calm"]
#: Sessions between estimation and event window, as in every default study.
GAP = 10
#: Share of the estimation sessions that must have a response.
MOSTLY = 0.98


def calibrate_dates(
    prices: PriceTable,
    instrument: str,
    methods: Sequence[str],
    *,
    dates: Stratum = "all",
    window: Offsets = (0, 0),
    m: int = 250,
    most: int = 1000,
    effects: Sequence[float] = (0.0,),
    model: ExpectedReturn | None = None,
    controls: Sequence[str] | None = None,
    others: EventTable | None = None,
    alpha: float = 0.05,
    seed: int = 0,
    time: str | None = None,
    zone: str = "America/New_York",
) -> tuple[Cell, ...]:
    """Rejection rates of the statistics of one pair at the dates of a real series.

    Announcements are not made on random dates, they cluster in turbulent times: a statistic that is right over all
    dates and wrong in the most turbulent fifth is wrong where it is used.

    Parameters
    ----------
    methods : sequence of str
        Keys of statistics of one series and one event; ``pooled_controls``, the function; and ``conley_taber_car``:
        `conley_taber` on CARs instead of SCARs.
    dates : {"all", "turbulent", "calm"}
        All dates with complete windows that lie ten sessions away from `others`, or the fifth of them whose 20
        sessions before are the most (least) turbulent beside their estimation window, by root mean square responses.
    window : (int, int)
    m : int
        Estimation sessions.
    most : int
        Dates used at most, evenly spread over those there are. Neighbouring dates share sessions and volatility:
        `mc_se` is that of clusters where this makes it larger, see `clustered_error`.
    effects : sequence of float
        Added to the response of the window's first session, in its unit; 0 measures size.
    model : ExpectedReturn, optional
        None: the constant mean.
    controls : sequence of str, optional
        For the methods that rank among other instruments; None: those a study takes by default.
    others : EventTable, optional
        Announcements to stay away from; None: the catalogue.
    time, zone : str
        As in `power`: of intraday bars the dates are the same bar of every day.

    Returns
    -------
    tuple of Cell
        Effect by effect, in the order of `methods`; `effect_unit` is ``return``.

    Raises
    ------
    InputError, UnknownNameError
    """
    keys = (methods,) if isinstance(methods, str) else tuple(dict.fromkeys(methods))
    check_keys(keys)
    if dates not in get_args(Stratum):
        raise InputError(f"dates = {dates!r} is not one of {get_args(Stratum)}")
    windows = windows_of(window, (-m - GAP, -GAP - 1))
    spec = GarchResponse(min_sessions=min(500, m), draws=999, engine=CompiledEngine())
    chosen = model or ConstantMean()
    prepared = screened({instrument: prepare(prices, instrument, chosen, windows, others)}, window)[instrument]
    alike, bar = rows_at(prepared.series, time, zone)
    rows = spread(positions(prepared, windows, dates, alike), most)
    if rows.size == 0:
        raise InputError(f"{instrument} has no date with complete windows of {m} sessions and more; load more data")
    placebo = (
        all_dates(prepared, windows, like=int(rows[0]))
        if set(keys) & set(DATES_KEYS)
        else "placebo dates were not asked for"
    )
    tallies = {(effect, key): Tally() for effect in effects for key in keys}
    rejected: dict[tuple[float, str], list[bool]] = {case: [] for case in tallies}
    measures = measures_of(keys, windows, alpha=alpha, seed=seed, spec=spec)
    names = control_names(prices, instrument, chosen, controls)
    others_at = beside_at(keys, prices, names, chosen, windows, prepared, rows, others)
    for row, (beside, pooled) in zip(rows.tolist(), others_at, strict=True):
        view = replace(view_at(prepared, row, measures, placebo), controls=beside)
        for effect in dict.fromkeys(effects):
            moved = with_effect(view, window, effect)
            for key in keys:
                found = ask_beside(key, moved, window, pooled)
                rejected[effect, key].append(tallies[effect, key].add(found, alpha, effect))
    where = {"all": "all dates", "turbulent": "most turbulent fifth", "calm": "calmest fifth"}[dates]
    where += f", bars that close at {bar}" if bar else ""
    span = LOCAL_SESSIONS + window[1] - window[0] + 1
    cells = []
    for (effect, key), tally in tallies.items():
        cell = tally.cell(
            method=key, world=f"{instrument}, {where}", window=window, m=m, n=1, reps=rows.size,
            effect=effect, effect_unit="return", alpha=alpha,
        )  # fmt: skip
        error = clustered_error(np.array(rejected[effect, key]), rows, span)
        cells.append(cell if cell.reason else replace(cell, mc_se=max(cell.mc_se, error)))
    return tuple(cells)


def clustered_error(rejected: BoolArray, rows: IntArray, span: int) -> float:
    """Standard error of a share over rows of one series whose neighbours are alike.

    Parameters
    ----------
    rejected : ndarray of bool, shape (n,)
    rows : ndarray of int, shape (n,)
        Where in the series, ascending.
    span : int
        Rows this far apart are independent; nearer ones enter with the triangular weights of Bartlett's kernel
        (Newey & West 1987, Econometrica 55:703-708), which are 1 for the row itself.
    """
    deviation = rejected - rejected.mean()
    weights = np.clip(1.0 - np.abs(rows[:, None] - rows) / span, 0.0, None)
    return math.sqrt(max(0.0, float(deviation @ weights @ deviation))) / rows.size


def prepare(
    prices: PriceTable, instrument: str, model: ExpectedReturn, windows: EventWindow, others: EventTable | None
) -> PreparedSeries:
    """The series with its benchmarks, away from the announcements `others` (None: the catalogue)."""
    if not prices.provides(instrument):
        raise UnknownNameError("instrument", instrument, prices.ids)
    known = catalog() if others is None else others
    return prepare_series(
        prices.with_derived([instrument, *(model.market or ())]), instrument, model, windows, returns="instrument",
        calendar=None, studied=(), others=known,
    )  # fmt: skip


def positions(
    prepared: PreparedSeries, windows: EventWindow, dates: Stratum, alike: BoolArray | None = None
) -> IntArray:
    """Rows that can be an event, ascending, where given of those `alike`; the earliest have 500 sessions before them.

    The sessions before are those of the variance model.
    """
    series = prepared.series
    n, (first, gap), last = series.dates.size, windows.estimation, windows.event[1]
    whole = np.arange(max(-first + 1, GAP + 500), n - last, dtype=np.int64)
    if alike is not None:
        whole = whole[alike[whole]]
    if whole.size == 0:
        return whole
    near = near_rows(prepared.other_rows.values(), n, before=CLEAR_OF_EVENTS, after=CLEAR_OF_EVENTS)
    tested = np.array([series.valid[r + windows.event[0] : r + last + 1].all() for r in whole], dtype=bool)
    estimation = np.array([series.response[r + first : r + gap + 1] for r in whole])
    complete = np.isfinite(estimation).mean(axis=1) > MOSTLY
    recent: FloatArray = local_rms(series.response, LOCAL_SESSIONS)[whole]
    rate = recent / np.sqrt(np.nanmean(estimation**2, axis=1))
    good = complete & tested & ~near[whole] & np.isfinite(rate)
    rows: IntArray = whole[good]
    rate = rate[good]
    if dates == "all" or rows.size == 0:
        return rows
    low, high = np.quantile(rate, [0.2, 0.8])
    kept: IntArray = rows[rate >= high] if dates == "turbulent" else rows[rate <= low]
    return kept


def spread(rows: IntArray, most: int) -> IntArray:
    """At most `most` of the rows, evenly spread."""
    if rows.size <= most:
        return rows
    chosen: IntArray = rows[np.linspace(0, rows.size - 1, most).round().astype(np.int64)]
    return chosen
