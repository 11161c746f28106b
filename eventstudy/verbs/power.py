"""Power before verdict: the smallest reaction that the verdict would see on your own series and window."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from eventstudy._typing import BoolArray, FloatArray, IntArray, Record
from eventstudy.abnormal import AbnormalReturns
from eventstudy.domain.align import near_rows
from eventstudy.domain.events import EventTable, catalog
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.same_hour import rows_at
from eventstudy.domain.time_unit import TimeUnit
from eventstudy.domain.windows import CLEAR_OF_EVENTS, EventWindow, Offsets, Outcome, PairOutcome
from eventstudy.engines.compiled import CompiledEngine
from eventstudy.errors import InputError, NothingUsableError, UnknownNameError
from eventstudy.inference.base import PAIR_STATISTICS, PairView
from eventstudy.inference.seen import FEWEST_DATES, TARGET
from eventstudy.kernels.stats import Inapplicable
from eventstudy.measure import pair_seed
from eventstudy.models.base import ExpectedReturn
from eventstudy.models.regression import MarketModel
from eventstudy.pairs import PreparedSeries, fit_pairs, prepare_series
from eventstudy.verdict import effect, size, window_words
from eventstudy.volatility.base import GarchResponse, variance_model


class PowerPoint(NamedTuple):
    """Share of placebo dates on which an effect is seen with its sign, and the share's Monte Carlo standard error."""

    effect: float
    power: float
    mc_se: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Power:
    """What the verdict would see on one series and window.

    Attributes
    ----------
    instrument, name, unit : str
    window : (int, int)
    alpha : float
    detectable : float
        Effect seen on four dates of five, in `unit`.
    low, high : float
        95% interval of `detectable` over the choice of dates, from order statistics.
    curve : tuple of PowerPoint
        In order of effect, sizes in `unit`.
    size : float
        Share of dates on which the verdict saw a reaction where none was added.
    size_se : float
        Its Monte Carlo standard error.
    dates : int
        Placebo dates, evenly spread over those that can be judged and lie ten sessions from every known event.
    start, end : date
        First and last of them.
    daily : float
        Standard deviation of a day's abnormal response, root mean square over the dates' estimation windows; of bars
        that of all bars, whatever their hour.
    model : str
        Expected-return model in words.
    bar : str
        Of intraday bars which of every day: the clock time at which it closes; empty for daily prices.
    minutes : int or None
        Length of a bar of intraday prices; None: daily prices.
    """

    instrument: str
    name: str
    unit: str
    window: Offsets
    alpha: float
    detectable: float
    low: float
    high: float
    curve: tuple[PowerPoint, ...]
    size: float
    size_se: float
    dates: int
    start: dt.date
    end: dt.date
    daily: float
    model: str
    bar: str = ""
    minutes: int | None = None

    def __repr__(self) -> str:
        return (
            f"Power({self.instrument}, {self.window}, detectable {self.detectable:.4g} {self.unit}, {self.dates} dates)"
        )

    def to_frame(self) -> pd.DataFrame:
        """One row an effect: effect, power, mc_se."""
        return pd.DataFrame(self.curve, columns=PowerPoint._fields)

    def to_record(self) -> Record:
        """Plain dict for JSON; ``bar`` of intraday bars alone."""
        record = asdict(self) | {"window": list(self.window), "sentence": self.sentence}
        record["curve"] = [p._asdict() for p in self.curve]
        del record["minutes"]
        if not self.bar:
            del record["bar"]
        return record

    @property
    def sentence(self) -> str:
        """What would be seen, in one sentence."""
        bars = f", bars that close at {self.bar}" if self.bar else ""
        return TimeUnit(self.minutes).words(
            f"On {self.name}, a reaction of {size(self.detectable, self.unit)} over {window_words(self.window)} is "
            f"seen on four dates of five ({size(self.low, self.unit)} to {size(self.high, self.unit)}; {self.dates} "
            f"placebo dates from {self.start} to {self.end}{bars}, {self.model}); where nothing was added the verdict "
            f"saw a reaction on {self.size:.1%} ± {self.size_se:.1%} of them.",
            names=[self.name],
        )

    def summary(self) -> str:
        """Sentence and power curve, as text."""
        rows = [f"{effect(p.effect, self.unit):>12}  {p.power:6.1%} ± {p.mc_se:.1%}" for p in self.curve]
        return "\n".join([self.sentence, "", "      effect   seen", *rows])

    def _repr_html_(self) -> str:
        return f"<p>{self.sentence}</p>{self.to_frame().to_html(index=False, border=0)}"


def power(
    prices: PriceTable,
    instrument: str,
    *,
    effects: Sequence[float] = (),
    window: Offsets = (0, 1),
    time: str | None = None,
    zone: str = "America/New_York",
    start: dt.date | None = None,
    end: dt.date | None = None,
    dates: int = 200,
    model: ExpectedReturn | None = None,
    estimation: Offsets = (-260, -11),
    volatility: GarchResponse | None = None,
    alpha: float = 0.05,
    seed: int = 0,
    events: EventTable | None = None,
) -> Power:
    """Measure the smallest reaction that would be seen, by adding effects at placebo dates.

    Parameters
    ----------
    prices : PriceTable
    instrument : str
        One id.
    effects : sequence of float
        Sizes to give the power of, in the unit of the response (0.02 is two percent); by default eight around the
        detectable one.
    window : (int, int)
        Sessions over which the effect is spread and summed.
    time, zone : str
        Clock time ``HH:MM`` of the announcement and its zone, for intraday bars, which need it: every placebo is the
        bar of another day that such an announcement would move first. Daily prices take none.
    start, end : date, optional
        Placebo dates lie between them; estimation and volatility may look further back.
    dates : int
        Placebo dates, evenly spread: each is a whole study.
    model, estimation, volatility, alpha, seed :
        As in `Study`; the compiled likelihood fits the variances unless another engine is named.
    events : EventTable, optional
        Placebo dates keep ten sessions away from them; the catalogue by default.

    Returns
    -------
    Power

    Raises
    ------
    InputError, UnknownNameError
        When the call cannot be.
    NothingUsableError
        When fewer than 50 placebo dates can be judged.

    Notes
    -----
    An effect inside the window changes neither the estimation window nor what is known the session before, so the
    verdict (the larger p of local-scale placebo and filtered historical simulation) is computed once a date: the effect
    is seen exactly where it carries the interval past zero. Seen means: with the right sign.

    Examples
    --------
    >>> from eventstudy.sources.base import load
    >>> found = power(load("embedded"), "AA", model=MarketModel("DOW29"), window=(0, 0), dates=50)
    >>> 0.03 < found.detectable < 0.08
    True
    """
    known = catalog() if events is None else events
    chosen = model or MarketModel()
    if not 0.0 < alpha < 0.5:
        raise InputError(f"alpha = {alpha} must lie between 0 and 0.5, such as 0.05")
    if dates < FEWEST_DATES:
        raise InputError(f"dates = {dates}: a power of four fifths needs at least {FEWEST_DATES} placebo dates")
    if any(not math.isfinite(e) or e <= 0.0 for e in effects):
        raise InputError(f"effects {list(effects)} must be sizes above zero, such as 0.02 for two percent")
    prices = prices.with_derived([instrument, *(chosen.market or ())])
    if instrument not in prices:
        raise UnknownNameError("instrument", instrument, prices.ids)
    design = EventWindow(
        primary=window, event=(min(window[0], 0), max(window[1], 0)), estimation=estimation, windows=()
    )
    prepared = prepare_series(
        prices, instrument, chosen, design, returns="instrument", calendar=None, studied=(), others=known
    )
    alike, bar = rows_at(prepared.series, time, zone)
    abnormal, rows = _placebo_dates(prepared, design, window, alike & _between(prepared, start, end), dates)
    spec = volatility or GarchResponse(engine=CompiledEngine())
    verdicts = _verdicts(prepared, abnormal, rows, design, spec, window, alpha, seed)
    estimate, half = verdicts[:, 0], verdicts[:, 1]
    needed = np.sort(np.concatenate((half - estimate, half + estimate)))
    n = estimate.size
    margin = 1.96 * math.sqrt(TARGET * (1.0 - TARGET) / n)
    low, mid, high = np.quantile(needed, [TARGET - margin, TARGET, min(1.0, TARGET + margin)], method="inverted_cdf")
    sizes = sorted(set(effects)) or [float(mid) * share for share in (0.25, 0.5, 0.75, 0.9, 1.0, 1.25, 1.5, 2.0)]
    seen = [float(np.mean(needed < e)) for e in sizes]
    false = float(np.mean(np.abs(estimate) > half))
    days = prepared.series.days[rows]
    return Power(
        instrument=instrument, name=prices.instruments[instrument].label, unit=prepared.series.unit, window=window,
        alpha=alpha, detectable=float(mid), low=float(low), high=float(high),
        curve=tuple(PowerPoint(e, p, math.sqrt(p * (1.0 - p) / n)) for e, p in zip(sizes, seen, strict=True)),
        size=false, size_se=math.sqrt(false * (1.0 - false) / n), dates=n, start=days[0].astype(dt.date),
        end=days[-1].astype(dt.date), daily=float(np.sqrt(np.mean(abnormal.sigma**2))), model=prepared.model.label,
        bar=bar, minutes=prices.minutes,
    )  # fmt: skip


def _between(prepared: PreparedSeries, start: dt.date | None, end: dt.date | None) -> BoolArray:
    """Rows between two dates, both ends included, shape (n,)."""
    days = prepared.series.days
    inside = np.ones(days.size, dtype=bool)
    if start is not None:
        inside &= days >= np.datetime64(start, "D")
    if end is not None:
        inside &= days <= np.datetime64(end, "D")
    return inside


def _placebo_dates(
    prepared: PreparedSeries,
    design: EventWindow,
    window: Offsets,
    candidates: BoolArray,
    wanted: int,
) -> tuple[AbnormalReturns, IntArray]:
    """Judge the candidates that are clear of known events, and keep `wanted` of the usable ones, evenly spread."""
    series = prepared.series
    near = near_rows(prepared.other_rows.values(), series.dates.size, before=CLEAR_OF_EVENTS, after=CLEAR_OF_EVENTS)
    name = series.instrument.id
    rows = np.flatnonzero(candidates & ~near)
    pairs = [
        (PairOutcome(event=str(series.dates[row]), instrument=name, outcome=Outcome.USED), int(row)) for row in rows
    ]
    abnormal, outcomes = fit_pairs({name: prepared}, pairs, design, window)
    used = rows[[o.outcome is Outcome.USED for o in outcomes]]
    if abnormal is None or used.size < FEWEST_DATES:
        where = next((f"; on {o.event}: {o.detail}" for o in outcomes if o.outcome is not Outcome.USED), "")
        raise NothingUsableError(
            f"{used.size} dates of {name} between {series.dates[0]} and {series.dates[-1]} can be judged and lie "
            f"{CLEAR_OF_EVENTS} sessions from every known event; power needs {FEWEST_DATES}{where}"
        )
    keep = np.unique(np.linspace(0, used.size - 1, min(wanted, used.size)).round().astype(np.int64))
    return abnormal.take(keep), used[keep]


def _verdicts(
    prepared: PreparedSeries,
    abnormal: AbnormalReturns,
    rows: IntArray,
    design: EventWindow,
    spec: GarchResponse,
    window: Offsets,
    alpha: float,
    seed: int,
) -> FloatArray:
    """Estimate and half-width of the verdict's interval on every date, shape (dates, 2)."""
    verdict = PAIR_STATISTICS["verdict"].obj
    found, reason = [], ""
    for place, row in enumerate(rows):
        own = abnormal.take(np.array([place]))
        view = PairView(
            abnormal=own, placebo="not needed", alpha=alpha, draws=spec.draws, seed=pair_seed(seed, *own.pairs[0]),
            variance=variance_model(prepared.series, int(row), prepared.model, design, spec),
        )  # fmt: skip
        finding = verdict(view, window)
        if not isinstance(finding, Inapplicable):
            found.append((finding.estimate, 0.5 * (finding.high - finding.low)))
        else:
            reason = finding.reason
    if len(found) < FEWEST_DATES:
        raise NothingUsableError(
            f"the verdict has a p-value on {len(found)} of {rows.size} placebo dates, power needs {FEWEST_DATES}: "
            f"{reason}"
        )
    return np.array(found)
