"""Does the finding hang on one choice: window x model x estimation length x test, with a joint test over the grid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from eventstudy._typing import BoolArray, FloatArray, IntArray, Record
from eventstudy.abnormal import AbnormalReturns
from eventstudy.domain.align import near_rows
from eventstudy.domain.events import Event, EventTable, catalog
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.windows import CLEAR_OF_EVENTS, EventWindow, Offsets, Outcome, PairOutcome
from eventstudy.errors import InputError, NothingUsableError, UnknownNameError
from eventstudy.inference.base import PAIR_STATISTICS, Finding, PairView
from eventstudy.kernels.resample import lower_pvalue, smallest_pvalue
from eventstudy.measure import pair_seed
from eventstudy.models.base import ExpectedReturn
from eventstudy.models.benchmarks import ConstantMean, MarketAdjusted
from eventstudy.pairs import PreparedSeries, fit_pairs, judge_day0, prepare_series
from eventstudy.provenance import Provenance, make_provenance
from eventstudy.study import Study
from eventstudy.verdict import effect, p_words, window_words
from eventstudy.volatility.base import VarianceModel, variance_model

#: Fewest placebo dates with which a p of 5% can be reached.
FEWEST = 19
#: Statistics that look at the estimation and event windows alone; the others need a variance model on every date.
WITHOUT_VARIANCE = ("t_fe", "sq", "sq_raw", "local_scale")
#: Statistics that hold where the variance rose before the event: at placebo dates others meet calmer days.
IN_TURBULENCE = ("local_scale", "verdict")
WINDOWS: tuple[Offsets, ...] = ((0, 0), (0, 1), (-1, 1), (0, 4))
ESTIMATIONS: tuple[Offsets, ...] = ((-260, -11), (-135, -11))
TESTS = ("t_fe", "sq", "local_scale")


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """One cell of the grid and what it says about the event.

    Attributes
    ----------
    window, estimation : (int, int)
    model, test : str
        Model in words; registry key of the statistic.
    estimate, low, high : float
        NaN where the statistic refused.
    pvalue : float
    reason : str
        Why there is no number.
    """

    window: Offsets
    model: str
    estimation: Offsets
    test: str
    estimate: float
    low: float
    high: float
    pvalue: float
    reason: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Robustness:
    """The specification curve of one event on one series.

    Attributes
    ----------
    event, title, instrument, name, unit : str
    alpha : float
    specifications : tuple of Specification
        In the order model, estimation, window, test.
    median_p : float
        Median p over the cells that have one.
    significant : float
        Share of them at or below alpha.
    same_sign : float
        Share of them whose estimate has the sign of the median estimate.
    pvalue : float
        Joint: the larger of `p_all` and `p_local`.
    p_all, p_local : float
        Rank of the grid's median p among the medians of the same grid at placebo dates: over all cells, and over those
        whose test knows how turbulent the days before were (`IN_TURBULENCE`; NaN without any). The first rejects a true
        null in 15 of 100 where the variance quadrupled before the event, the second does not.
    smallest_p : float
        ``1 / (1 + placebos)``.
    placebo_dates : tuple of str
        Dates at which the whole grid was run again.
    placebo_medians : ndarray, shape (placebos,)
    provenance : Provenance
    """

    event: str
    title: str
    instrument: str
    name: str
    unit: str
    alpha: float
    specifications: tuple[Specification, ...]
    median_p: float
    significant: float
    same_sign: float
    pvalue: float
    p_all: float
    p_local: float
    smallest_p: float
    placebo_dates: tuple[str, ...]
    placebo_medians: FloatArray
    provenance: Provenance

    def __repr__(self) -> str:
        return f"Robustness({self.event} on {self.instrument}, {len(self.specifications)} cells, p {self.pvalue:.3g})"

    def to_frame(self) -> pd.DataFrame:
        """One row a cell: window, model, estimation, test, estimate, low, high, p, reason."""
        return pd.DataFrame([asdict(s) for s in self.specifications]).rename(columns={"pvalue": "p"})

    def to_record(self) -> Record:
        """Plain dict for JSON, ``p`` for the joint p-value."""
        record = {
            k: getattr(self, k)
            for k in self.__dataclass_fields__
            if k not in ("placebo_medians", "placebo_dates", "pvalue", "provenance")
        }
        cells = [{("p" if k == "pvalue" else k): v for k, v in asdict(s).items()} for s in self.specifications]
        more = {"p": self.pvalue, "placebos": int(self.placebo_medians.size), "sentence": self.sentence}
        return record | {"specifications": cells} | more | {"provenance": self.provenance.to_record()}

    @property
    def sentence(self) -> str:
        """What the grid says, in one sentence."""
        cells = [s for s in self.specifications if not s.reason]
        estimates = [s.estimate for s in cells]
        return (
            f"Around “{self.title}”, {self.name}: {len(cells)} specifications give estimates from "
            f"{effect(min(estimates), self.unit)} to {effect(max(estimates), self.unit)}, {self.same_sign:.0%} of one "
            f"sign, {self.significant:.0%} significant at {self.alpha:g}, median {p_words(self.median_p)}; the same "
            f"grid at {self.placebo_medians.size} placebo dates gives a median as small with {p_words(self.pvalue)} "
            f"(smallest possible {self.smallest_p:.3g}).{self._turbulence}"
        )

    @property
    def _turbulence(self) -> str:
        """What of the joint p hangs on how turbulent the days before were."""
        if math.isnan(self.p_local):
            return " No test of the grid knows how turbulent the days before were: if more than usual, p is too small."
        if self.p_all < self.p_local:
            return f" That is by its tests in units of the days before; all together give {p_words(self.p_all)}."
        return ""

    def summary(self) -> str:
        """Sentence and the share of significant cells by each choice, as text."""
        lines = [self.sentence, ""]
        frame = self.to_frame()
        frame = frame[frame["reason"] == ""]
        for choice in ("window", "model", "estimation", "test"):
            for value, part in frame.groupby(choice, sort=False):
                words = window_words(part["window"].iloc[0]) if choice == "window" else str(value)
                share = float((part["p"] <= self.alpha).mean())
                lines.append(f"{choice:>10}  {words:<28} median p {part['p'].median():.3f}, {share:.0%} significant")
        return "\n".join(lines)

    def plot(self, ax: Any = None) -> Any:
        """Specification curve: estimates in order, coloured by significance, on matplotlib axes `ax` or its own."""
        from eventstudy.report.verb_plots import specification_curve

        return specification_curve(self, ax)

    def report(self, path: str) -> None:
        """Write the self-contained HTML page to `path`.

        Raises
        ------
        InputError
            When the folder is missing or cannot be written; nothing is left half-written.
        """
        from eventstudy.report.verb_page import write_robustness_page

        write_robustness_page(self, path)

    def _repr_html_(self) -> str:
        return f"<p>{self.sentence}</p>{self.to_frame().to_html(index=False, border=0)}"


@dataclass(frozen=True, kw_only=True, eq=False)
class _Grid:
    """The event and its placebo dates under one model and one estimation window; `dates` name the pairs."""

    prepared: PreparedSeries
    design: EventWindow
    abnormal: AbnormalReturns
    rows: dict[str, int]


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
        _grid(prices, name, event, model, EventWindow(event=around, estimation=e, windows=()), known)
        for model, e in product(chosen, estimations)
    ]
    dates = _common(grids, placebos)
    cells, table = [], []
    for grid in grids:
        own, others = _run(grid, [event.id, *dates], windows, tests, study)
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


def _grid(
    prices: PriceTable, name: str, event: Event, model: ExpectedReturn, design: EventWindow, known: EventTable
) -> _Grid:
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
    return _Grid(prepared=prepared, design=design, abnormal=abnormal, rows=rows)


def _common(grids: Sequence[_Grid], wanted: int) -> list[str]:
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


def _run(
    grid: _Grid, wanted: list[str], windows: Sequence[Offsets], tests: Sequence[str], study: Study
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


def _view(grid: _Grid, abnormal: AbnormalReturns, row: int, tests: Sequence[str], study: Study) -> PairView:
    variance: VarianceModel | str = "not fitted for these tests"
    if study.volatility is not None and not set(tests) <= set(WITHOUT_VARIANCE):
        variance = variance_model(grid.prepared.series, row, grid.prepared.model, grid.design, study.volatility)
    return PairView(
        abnormal=abnormal, placebo="placebo dates are the joint test's own", variance=variance, alpha=study.alpha,
        draws=study.volatility.draws if study.volatility else 1999, seed=pair_seed(study.seed, *abnormal.pairs[0]),
    )  # fmt: skip
