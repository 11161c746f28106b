"""Whether what a verdict, or a sentence on speed, says it would have seen is seen on four dates of five."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from eventstudy._typing import FloatArray
from eventstudy.calibration.dates import Stratum, positions, prepare, spread
from eventstudy.calibration.history import all_dates, measures_of, view_at, windows_of
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.windows import Offsets
from eventstudy.engines.compiled import CompiledEngine
from eventstudy.errors import InputError
from eventstudy.inference.base import Finding, PairView
from eventstudy.inference.own_scale import own_scale, seen_drift
from eventstudy.inference.seen import NOT_MEASURED, TARGET, Injections, injections
from eventstudy.inference.single import verdict
from eventstudy.models.base import ExpectedReturn
from eventstudy.models.benchmarks import ConstantMean
from eventstudy.volatility.base import GarchResponse

Way = Callable[[Finding, Injections, float], float]


def _approximate(found: Finding, added: Injections, alpha: float) -> float:
    return NOT_MEASURED.size(found.estimate, found.low, found.high, found.se)


def _scaled(found: Finding, added: Injections, alpha: float) -> float:
    return added.seen(added.halves(alpha)).size(found.estimate, found.low, found.high, found.se)


def _any_date(found: Finding, added: Injections, alpha: float) -> float:
    """As `power` says it: the same size added everywhere, in calm times and in turbulent ones."""
    halves = added.halves(alpha)
    needed = np.concatenate((halves - added.estimate, halves + added.estimate))
    return float(np.quantile(needed, TARGET, method="inverted_cdf"))


#: Ways to say what would have been seen.
WAYS: dict[str, Way] = {
    "half-width and 0.84 standard deviations": _approximate,
    "effects added at placebo dates, in units of the volatility": _scaled,
    "effects of one size added at placebo dates": _any_date,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRate:
    """One way to say what would have been seen, on the dates of a series.

    Attributes
    ----------
    way : str
    dates : int
    size : float
        Median size stated.
    rate : float
        Share of dates and signs on which an effect of exactly the stated size is seen; it should be four fifths.
    mc_se : float
        As if dates were independent, each counted once for both signs.
    """

    way: str
    dates: int
    size: float
    rate: float
    mc_se: float


def calibrate_seen(
    prices: PriceTable,
    instrument: str,
    *,
    dates: Stratum = "all",
    window: Offsets = (0, 1),
    m: int = 250,
    most: int = 200,
    model: ExpectedReturn | None = None,
    alpha: float = 0.05,
    seed: int = 0,
) -> tuple[SeenRate, ...]:
    """Add to every date the effect that a study of that date says it would have seen, and count.

    Parameters as `calibrate_dates`. The study of a date knows placebo dates before it alone, as any study does.

    Raises
    ------
    InputError, UnknownNameError
        When no date has complete windows and placebo dates.
    """
    windows = windows_of(window, (-m - 10, -11))
    spec = GarchResponse(min_sessions=min(500, m), draws=999, engine=CompiledEngine())
    prepared = prepare(prices, instrument, model or ConstantMean(), windows, None)
    measures = measures_of(("verdict",), windows, alpha=alpha, seed=seed, spec=spec)
    placebo = all_dates(prepared, windows)
    chosen = spread(positions(prepared, windows, dates), most)
    rows = [_sizes(view_at(prepared, row, measures, placebo), window, alpha) for row in chosen.tolist()]
    return _rates(instrument, tuple(WAYS), rows)


def calibrate_seen_drift(
    prices: PriceTable,
    instrument: str,
    *,
    dates: Stratum = "all",
    window: Offsets = (2, 10),
    m: int = 250,
    most: int = 200,
    model: ExpectedReturn | None = None,
    alpha: float = 0.05,
) -> SeenRate:
    """Add to every date the even drift that its own sentence on speed says it would have seen, and count.

    Parameters as `calibrate_seen`; no placebo date is needed.

    Raises
    ------
    InputError, UnknownNameError
    """
    windows = windows_of(window, (-m - 10, -11))
    prepared = prepare(prices, instrument, model or ConstantMean(), windows, None)
    measures = measures_of(("own_scale",), windows, alpha=alpha, seed=0, spec=GarchResponse())
    rows: list[FloatArray | None] = []
    for row in spread(positions(prepared, windows, dates), most).tolist():
        view = view_at(prepared, row, measures, "placebo dates were not asked for")
        found = own_scale(view, window)
        if isinstance(found, Finding):
            rows.append(np.array([found.estimate, 0.5 * (found.high - found.low), seen_drift(view, window)]))
    return _rates(instrument, ("even drift added to the windows inside estimation",), rows)[0]


def _rates(instrument: str, ways: tuple[str, ...], rows: list[FloatArray | None]) -> tuple[SeenRate, ...]:
    """How often an effect of the stated size, up or down, is seen: rows of estimate, half-width, size by size."""
    known = [row for row in rows if row is not None]
    if not known:
        raise InputError(f"{instrument}: no date has complete windows and placebo dates before it; load more data")
    table = np.array(known)
    estimate, half, stated = table[:, 0], table[:, 1], table[:, 2:]
    out = []
    for way, size in zip(ways, stated.T, strict=True):
        rate = 0.5 * float(np.mean(size + estimate > half) + np.mean(size - estimate > half))
        se = float(np.sqrt(rate * (1.0 - rate) / size.size))
        out.append(SeenRate(way=way, dates=size.size, size=float(np.median(size)), rate=rate, mc_se=se))
    return tuple(out)


def _sizes(view: PairView, window: Offsets, alpha: float) -> FloatArray | None:
    """Estimate and half-width of one date, then what each way says would have been seen."""
    found, added = verdict(view, window), injections(view, window)
    if not isinstance(found, Finding) or isinstance(added, str):
        return None
    stated = [way(found, added, alpha) for way in WAYS.values()]
    return np.array([found.estimate, 0.5 * (found.high - found.low), *stated])
