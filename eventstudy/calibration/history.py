"""A simulated or real series with its past: what the statistics of one pair may look at besides one window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from eventstudy._typing import FloatArray
from eventstudy.abnormal import abnormal_returns
from eventstudy.domain.align import Block, ResponseSeries, gather, near_rows
from eventstudy.domain.instruments import Instrument
from eventstudy.domain.windows import CLEAR_OF_EVENTS, EventWindow, Offsets
from eventstudy.inference.base import PairView, PlaceboPaths
from eventstudy.inference.placebo import placebo_paths
from eventstudy.measure import Measures, pair_view
from eventstudy.models.benchmarks import ConstantMean
from eventstudy.pairs import PreparedSeries
from eventstudy.volatility.base import GarchResponse

#: Statistics of one pair that need years before the estimation window, and how many sessions a simulation gives them.
VARIANCE_KEYS, VARIANCE_SESSIONS = ("fhs", "verdict", "sq_garch"), 1000
DATES_KEYS, PLACEBO_DATES = ("placebo_dates", "placebo_matched"), 1000


def sessions_before(keys: tuple[str, ...], m: int) -> int:
    """Sessions that must be drawn before the gap for `keys`, at least `m`."""
    longest = max(m, VARIANCE_SESSIONS) if set(keys) & set(VARIANCE_KEYS) else m
    return max(longest, m + PLACEBO_DATES) if set(keys) & set(DATES_KEYS) else longest


def windows_of(window: Offsets, estimation: Offsets) -> EventWindow:
    """Windows of a simulated study, which tests one window."""
    return EventWindow(primary=window, event=(min(window[0], 0), max(window[1], 0)), estimation=estimation, windows=())


def measures_of(
    keys: tuple[str, ...], window: EventWindow, *, alpha: float, seed: int, spec: GarchResponse
) -> Measures:
    """What is measured: the variance is fitted only where a statistic asks for it."""
    wanted = spec if set(keys) & set(VARIANCE_KEYS) else None
    return Measures(window=window, volatility=wanted, statistics=keys, alpha=alpha, seed=seed)


def series_of_responses(values: FloatArray) -> PreparedSeries:
    """A series that simply has these responses, measured by its constant mean; no announcement is known."""
    n = values.size
    series = ResponseSeries(
        instrument=Instrument(id="simulated", change="as_is"), factor_ids=(),
        dates=np.datetime64("1990-01-01") + np.arange(n).astype("timedelta64[D]"), level=values, response=values,
        factors=np.empty((n, 0)), masked=np.zeros(n, dtype=bool), unit="fraction",
    )  # fmt: skip
    return PreparedSeries(series=series, model=ConstantMean(), frozen=np.zeros(n, dtype=bool), other_rows={}, note="")


def view_at(
    prepared: PreparedSeries, position: int, measures: Measures, placebo: PlaceboPaths | str | None = None
) -> PairView:
    """What a study at the row `position` shows its statistics.

    Parameters
    ----------
    placebo : PlaceboPaths or str, optional
        As `all_dates` gives them: dates within ten sessions of `position` are left out here, as a study does. None:
        the whole pipeline is re-run at every other date.
    """
    window = measures.window
    block = Block(series=prepared.series, events=(f"row {position}",), positions=np.array([position]))
    sample = gather(block, window.offsets, window.estimation, mask=False)
    abnormal = abnormal_returns(sample, prepared.model.fit(sample))
    if placebo is None:
        return pair_view(measures, abnormal, prepared, position)
    others = tuple(k for k in measures.statistics or () if k not in DATES_KEYS)
    view = pair_view(replace(measures, statistics=others), abnormal, prepared, position)
    return replace(view, placebo=placebo if isinstance(placebo, str) else away(placebo, prepared, position, window))


def away(placebo: PlaceboPaths, prepared: PreparedSeries, position: int, window: EventWindow) -> PlaceboPaths:
    """Of `all_dates` those more than ten sessions away from the row `position`."""
    near = near_rows([position], prepared.series.dates.size, before=CLEAR_OF_EVENTS, after=CLEAR_OF_EVENTS)
    own_rows = np.searchsorted(prepared.series.dates, placebo.abnormal.dates[:, -1]) - window.event[1]
    return replace(placebo, usable=placebo.usable & ~near[own_rows])


def all_dates(prepared: PreparedSeries, window: EventWindow, *, like: int | None = None) -> PlaceboPaths | str:
    """The pipeline once at every date of the series that is clear of its announcements; of bars at those like a row."""
    return placebo_paths(prepared.series, list(prepared.other_rows.values()), prepared.model, window, like=like)


def with_effect(view: PairView, window: Offsets, effect: float) -> PairView:
    """The view of a study whose first session of the window had `effect` added to its response."""
    if effect == 0.0:
        return view
    column = int(window[0] - view.abnormal.offsets[0])
    added = np.zeros(view.abnormal.offsets.size)
    added[column] = effect
    abnormal = replace(view.abnormal, ar=view.abnormal.ar + added, response=view.abnormal.response + added)
    refit = view.refit
    if not isinstance(refit, str):
        refit = replace(refit, sample=replace(refit.sample, response=refit.sample.response + added))
    return replace(view, abnormal=abnormal, refit=refit)
