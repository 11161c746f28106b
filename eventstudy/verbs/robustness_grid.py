"""The event and its placebo dates under every choice of a robustness grid: fitted once, then asked cell by cell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from eventstudy._typing import FloatArray
from eventstudy.abnormal import AbnormalReturns
from eventstudy.domain.align import near_rows
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.windows import CLEAR_OF_EVENTS, EventWindow, Offsets, Outcome, PairOutcome
from eventstudy.errors import NothingUsableError
from eventstudy.inference.base import PAIR_STATISTICS, Finding, PairView
from eventstudy.measure import pair_seed
from eventstudy.models.base import ExpectedReturn
from eventstudy.pairs import PreparedSeries, fit_pairs, judge_day0, prepare_series
from eventstudy.study import Study
from eventstudy.verbs.robustness_result import Specification
from eventstudy.volatility.base import VarianceModel, variance_model

#: Fewest placebo dates with which a p of 5% can be reached.
FEWEST = 19
#: Statistics that look at the estimation and event windows alone; the others need a variance model on every date.
WITHOUT_VARIANCE = ("t_fe", "sq", "sq_raw", "local_scale")


@dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """The event and its placebo dates under one model and one estimation window; `dates` name the pairs."""

    prepared: PreparedSeries
    design: EventWindow
    abnormal: AbnormalReturns
    rows: dict[str, int]


def fit_grid(
    prices: PriceTable, name: str, event: Event, model: ExpectedReturn, design: EventWindow, known: EventTable
) -> Grid:
    """Fit the event and every clear date of the series; only those that can be measured stay."""
    prepared = prepare_series(
        prices, name, model, design, returns="instrument", calendar=None, studied=[event], others=known
    )
    day0, pair = judge_day0(event, prepared, design)
    if pair.outcome is not Outcome.USED or day0.position is None:
        raise NothingUsableError(f"{event.id} on {name}: {pair.outcome} ({pair.detail})")
    series = prepared.series
    known_rows = (*prepared.other_rows.values(), day0.position)
    near = near_rows(known_rows, series.dates.size, before=CLEAR_OF_EVENTS, after=CLEAR_OF_EVENTS)
    if series.clock is not None:
        # Bars of another hour have another variance, the first of a day above all.
        near |= series.clock != series.clock[day0.position]
    rows = {event.id: day0.position} | {str(series.dates[row]): int(row) for row in np.flatnonzero(~near)}
    pairs = [(PairOutcome(event=key, instrument=name, outcome=Outcome.USED), row) for key, row in rows.items()]
    abnormal, outcomes = fit_pairs({name: prepared}, pairs, design, design.event)
    if abnormal is None or outcomes[0].outcome is not Outcome.USED:
        raise NothingUsableError(
            f"{event.id} on {name} with {model.label}, estimation window {list(design.estimation)}: "
            f"{outcomes[0].outcome} ({outcomes[0].detail})"
        )
    return Grid(prepared=prepared, design=design, abnormal=abnormal, rows=rows)


def common_dates(grids: Sequence[Grid], wanted: int) -> list[str]:
    """Placebo dates that every grid can measure, `wanted` of them, evenly spread."""
    usable = set.intersection(*({pair[0] for pair in grid.abnormal.pairs[1:]} for grid in grids))
    dates = sorted(usable)
    if len(dates) < FEWEST:
        raise NothingUsableError(
            f"{len(dates)} placebo dates can be measured under every specification, {FEWEST} are needed: bring longer "
            "prices, or fewer and shorter windows"
        )
    keep = np.unique(np.linspace(0, len(dates) - 1, min(wanted, len(dates))).round().astype(np.int64))
    return [dates[k] for k in keep]


def run_cells(
    grid: Grid, wanted: list[str], windows: Sequence[Offsets], tests: Sequence[str], study: Study
) -> tuple[list[Specification], FloatArray]:
    """Cells of the event (first of `wanted`), and p-values of the placebo dates, shape (dates, windows x tests)."""
    place = {pair[0]: i for i, pair in enumerate(grid.abnormal.pairs)}
    cells: list[Specification] = []
    table = np.full((len(wanted) - 1, len(windows) * len(tests)), np.nan)
    for i, key in enumerate(wanted):
        view = _view(grid, grid.abnormal.take(np.array([place[key]])), grid.rows[key], tests, study)
        found = [PAIR_STATISTICS[test].obj(view, window) for window, test in product(windows, tests)]
        if i:
            table[i - 1] = [f.pvalue if isinstance(f, Finding) else math.nan for f in found]
            continue
        for (window, test), one in zip(product(windows, tests), found, strict=True):
            numbers = (one.estimate, one.low, one.high, one.pvalue) if isinstance(one, Finding) else (math.nan,) * 4
            estimate, low, high, p = numbers
            cells.append(
                Specification(
                    window=window,
                    model=grid.prepared.model.label,
                    estimation=grid.design.estimation,
                    test=test,
                    estimate=estimate,
                    low=low,
                    high=high,
                    pvalue=p,
                    reason="" if isinstance(one, Finding) else one.reason,
                )
            )
    return cells, table


def _view(grid: Grid, abnormal: AbnormalReturns, row: int, tests: Sequence[str], study: Study) -> PairView:
    variance: VarianceModel | str = "not fitted for these tests"
    if study.volatility is not None and not set(tests) <= set(WITHOUT_VARIANCE):
        variance = variance_model(grid.prepared.series, row, grid.prepared.model, grid.design, study.volatility)
    return PairView(
        abnormal=abnormal, placebo="placebo dates are the joint test's own", variance=variance, alpha=study.alpha,
        draws=study.volatility.draws if study.volatility else 1999, seed=pair_seed(study.seed, *abnormal.pairs[0]),
    )  # fmt: skip
