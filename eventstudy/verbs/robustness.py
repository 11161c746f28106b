"""Does the finding hang on one choice: window x model x estimation length x test, with a joint test over the grid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

import numpy as np

from eventstudy._typing import BoolArray, FloatArray, IntArray
from eventstudy.domain.events import Event, EventTable, catalog
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.windows import EventWindow, Offsets
from eventstudy.errors import InputError, NothingUsableError, UnknownNameError
from eventstudy.inference.base import PAIR_STATISTICS
from eventstudy.kernels.resample import lower_pvalue, smallest_pvalue
from eventstudy.models.base import ExpectedReturn
from eventstudy.models.benchmarks import ConstantMean, MarketAdjusted
from eventstudy.provenance import make_provenance
from eventstudy.study import Study
from eventstudy.verbs.robustness_grid import FEWEST, common_dates, fit_grid, run_cells
from eventstudy.verbs.robustness_result import Robustness, Specification

#: Statistics that hold where the variance rose before the event: at placebo dates others meet calmer days.
IN_TURBULENCE = ("local_scale", "verdict")
WINDOWS: tuple[Offsets, ...] = ((0, 0), (0, 1), (-1, 1), (0, 4))
ESTIMATIONS: tuple[Offsets, ...] = ((-260, -11), (-135, -11))
TESTS = ("t_fe", "sq", "local_scale")


def robustness(
    study: Study,
    prices: PriceTable,
    event: Event,
    *,
    instrument: str | None = None,
    windows: Sequence[Offsets] = WINDOWS,
    models: Sequence[ExpectedReturn] = (),
    estimations: Sequence[Offsets] = ESTIMATIONS,
    tests: Sequence[str] = TESTS,
    placebos: int = 199,
    events: EventTable | None = None,
) -> Robustness:
    """Measure one event under every combination of choices, and test the grid as a whole.

    Parameters
    ----------
    study : Study
        Gives the instrument, the first model, the variance model, alpha and the seed.
    prices : PriceTable
    event : Event
        From the catalogue, or one of your own (`make_event`).
    instrument : str, optional
        The study's only instrument by default.
    windows, estimations : sequence of (int, int)
    models : sequence of ExpectedReturn
        By default the study's, the constant mean and the market-adjusted response where there is a market.
    tests : sequence of str
        Statistics of one series (``eventstudy statistics``). Those that need a variance model fit it at every date.
    placebos : int
        Dates at which the whole grid is run again, evenly spread, at least ten sessions from every known event; of
        intraday bars those of the same local hour. Dates at which a test of the grid refuses are left out.
    events : EventTable, optional
        Known events; the catalogue by default.

    Returns
    -------
    Robustness

    Raises
    ------
    InputError, UnknownNameError
        When the call cannot be.
    NothingUsableError
        When the event cannot be measured under a model and estimation window, or fewer than 19 placebo dates can be
        measured under all of them.

    References
    ----------
    Simonsohn, Simmons & Nelson (2020), Nature Human Behaviour 4:1208-1214: the median of the curve as joint statistic;
    here its null comes from other dates of the same series.

    Examples
    --------
    >>> from eventstudy.domain.events import catalog
    >>> from eventstudy.models.regression import MarketModel
    >>> from eventstudy.sources.base import load
    >>> study = Study(instruments=["AA"], model=MarketModel("DOW29"))
    >>> found = robustness(study, load("embedded"), catalog()["six-nation-accord-1994"], placebos=99)
    >>> len(found.specifications), found.smallest_p
    (72, 0.01)
    """
    name = _instrument(study, instrument)
    _check(tests, placebos, windows)
    known = catalog() if events is None else events
    chosen = tuple(models) or _default_models(study, name, prices)
    prices = prices.with_derived([name, *(m for model in chosen for m in model.market or ())])
    if name not in prices:
        raise UnknownNameError("instrument", name, prices.ids)
    around = (min(0, *(w[0] for w in windows)), max(0, *(w[1] for w in windows)))
    grids = [
        fit_grid(prices, name, event, model, EventWindow(event=around, estimation=e, windows=()), known)
        for model, e in product(chosen, estimations)
    ]
    dates = common_dates(grids, placebos)
    cells, table = [], []
    for grid in grids:
        own, others = run_cells(grid, [event.id, *dates], windows, tests, study)
        cells += own
        table.append(others)
    values = np.concatenate(table, axis=1)  # placebo dates x cells
    defined = np.array([not c.reason for c in cells])
    if not defined.any():
        raise NothingUsableError(f"no test of the grid has a p-value: {cells[0].reason}")
    complete = _complete(values[:, defined])
    values, dates = values[complete], [dates[i] for i in complete]
    local = defined & np.array([c.test in IN_TURBULENCE for c in cells])
    medians = np.median(values[:, defined], axis=1)
    p_all, p_local = (_joint(cells, values, kept) for kept in (defined, local))
    p = np.array([c.pvalue for c in cells])[defined]
    estimates = np.array([c.estimate for c in cells])[defined]
    return Robustness(
        event=event.id, title=event.label, instrument=name, name=prices.instruments[name].label,
        unit=grids[0].prepared.series.unit, alpha=study.alpha, specifications=tuple(cells),
        median_p=float(np.median(p)), significant=float(np.mean(p <= study.alpha)),
        same_sign=float(np.mean(np.sign(estimates) == np.sign(np.median(estimates)))),
        pvalue=float(np.nanmax([p_all, p_local])), p_all=p_all, p_local=p_local,
        smallest_p=smallest_pvalue(medians.size), placebo_dates=tuple(dates), placebo_medians=medians,
        minutes=prices.minutes,
        provenance=make_provenance(
            prices, [name, *(f for grid in grids for f in grid.prepared.series.factor_ids)], EventTable([event]),
            study.settings() | {
                "robustness": name, "windows": [list(w) for w in windows], "models": [m.label for m in chosen],
                "estimations": [list(e) for e in estimations], "tests": list(tests), "placebos": placebos,
            },
        ),
    )  # fmt: skip


def _complete(values: FloatArray) -> IntArray:
    """Rows with a p in every cell: a median compares only over the same cells, so the other dates are no placebos."""
    whole = np.flatnonzero(np.isfinite(values).all(axis=1))
    if whole.size < FEWEST:
        raise NothingUsableError(
            f"{whole.size} of {len(values)} placebo dates have a p in every cell of the grid, {FEWEST} are needed: "
            "bring longer prices, more placebo dates, or fewer tests"
        )
    return whole


def _joint(cells: Sequence[Specification], values: FloatArray, kept: BoolArray) -> float:
    """Rank of the median p over the cells `kept` among those of the placebo dates; NaN without cells."""
    if not kept.any():
        return math.nan
    own = float(np.median([c.pvalue for c, keep in zip(cells, kept, strict=True) if keep]))
    return lower_pvalue(own, np.median(values[:, kept], axis=1))


def _instrument(study: Study, instrument: str | None) -> str:
    if instrument is not None:
        return instrument
    if len(study.instruments) != 1:
        raise InputError(f"the study names {len(study.instruments)} instruments; say which one with instrument=...")
    return study.instruments[0]


def _check(tests: Sequence[str], placebos: int, windows: Sequence[Offsets]) -> None:
    for key in tests:
        if key not in PAIR_STATISTICS:
            raise UnknownNameError("statistic", key, [e.key for e in PAIR_STATISTICS])
    if not tests or not windows:
        raise InputError("the grid is empty: name at least one window and one test")
    if placebos < FEWEST:
        raise InputError(f"placebos = {placebos}: with fewer than {FEWEST} no p can reach 5%")


def _default_models(study: Study, name: str, prices: PriceTable) -> tuple[ExpectedReturn, ...]:
    market = study.model.market or prices.instruments[name].benchmark if name in prices else study.model.market
    if not market:
        return (study.model,)
    others = (ConstantMean(), MarketAdjusted(market[0])) if len(market) == 1 else (ConstantMean(),)
    return (study.model, *(m for m in others if m.key != study.model.key))
