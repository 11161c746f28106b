"""Size, power, bias and coverage of what is said about volatility, where the variance is known."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import get_args

import numpy as np
import pandas as pd

from eventstudy._typing import DateArray, FloatArray, Record
from eventstudy.calibration.processes import HALF_LIFE, Clustered, Process, draw
from eventstudy.calibration.raised import Raised
from eventstudy.calibration.simulate import GAP
from eventstudy.engines.compiled import CompiledEngine
from eventstudy.errors import InputError
from eventstudy.volatility.base import GarchResponse, model_of_residuals
from eventstudy.volatility.realized import variance_change
from eventstudy.volatility.response import VolatilityResponse, measure_response

#: Names of the ways, in the order in which a response lists them; then the tests without a model.
WAYS = ("simulated", "placebo", "other_origin", "constant", "chi_square")
MOMENTS = ("onset", "baseline", "half_life", "model_half_life")


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentCell:
    """One moment of a raised variance, over the replications in which it was followed.

    Attributes
    ----------
    truth : float
        NaN where the world has none.
    defined : int
        Replications that give a number or "beyond".
    beyond : float
        Share of those in which it lies beyond the days known.
    median, bias : float
        Of the finite values: median, and mean minus truth.
    coverage, length : float
        Share of intervals that hold the truth, and the median length (inf: reaches beyond the days known).
    """

    moment: str
    truth: float
    defined: int
    beyond: float
    median: float
    bias: float
    coverage: float
    length: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VolatilityCell:
    """What was said about volatility in one world.

    Attributes
    ----------
    process, multiple, days, half_life : str, float, int or None, float or None
        The variance of days 1..days is `multiple` times what the process made; or that of day 1, and half of its
        excess is gone every `half_life` sessions.
    before : float
        The variance is that many times as large from session -20 on, days included.
    last : int
        Last day measured.
    rates : dict
        Method -> share of rejections at `alpha`: ``verdict`` (the larger p), its ways, and tests without a model.
    by_day : float
        Share of single days, 1 to L, whose own p is at most `alpha`.
    raised : float
        Share of replications that are called raised (p and interval).
    fallback : float
        Share of fits without dynamics.
    mean_multiple : float
        Mean of the estimated multiple of days 1..L.
    multiple_coverage : float
        Share of its intervals that hold the true multiple, averaged over days 1..L.
    moments : tuple of MomentCell
    """

    process: str
    multiple: float
    days: int | None
    half_life: float | None
    before: float
    last: int
    sessions: int
    reps: int
    alpha: float
    rates: dict[str, float]
    by_day: float
    raised: float
    fallback: float
    mean_multiple: float
    multiple_coverage: float
    moments: tuple[MomentCell, ...]

    def mc_se(self, rate: float) -> float:
        """Monte Carlo standard error of a share."""
        share = (rate * self.reps + 1.0) / (self.reps + 2.0)
        return math.sqrt(share * (1.0 - share) / self.reps)

    def to_record(self) -> Record:
        """Plain dict for JSON."""
        return asdict(self)


def calibrate_volatility(
    process: Process = "gjr_t",
    *,
    multiple: float = 1.0,
    days: int | None = None,
    half_life: float | None = None,
    before: float = 1.0,
    last: int = 10,
    sessions: int = 1000,
    reps: int = 200,
    draws: int = 499,
    alpha: float = 0.05,
    seed: int = 0,
) -> VolatilityCell:
    """Measure one cell: the variance of days 1..`days` multiplied, everything that is said about it counted.

    Parameters
    ----------
    process : {"garch", "gjr_t", "normal", "t5"}
        GARCH(.08, .90) with normal shocks; GJR(.03, .10, .90) with Student(5) shocks; independent normal or Student(5)
        returns, which have no half-life.
    multiple : float
        1 measures size.
    days : int, optional
        5 when neither this nor `half_life` is given.
    half_life : float, optional
        The excess of day 1 fades instead of lasting.
    before : float
        Multiple of the variance from session -20 on, an announcement that comes in a turbulent time.
    last : int
        Last day measured.
    sessions : int
        Sample of the variance model.
    draws : int
        Simulated paths of each response.

    Returns
    -------
    VolatilityCell

    Raises
    ------
    InputError

    Examples
    --------
    >>> cell = calibrate_volatility("garch", multiple=9.0, days=10, reps=20, draws=199, sessions=500)
    >>> cell.raised > 0.5
    True
    """
    if days is not None and half_life is not None:
        raise InputError(f"days = {days} and half_life = {half_life:g}: the excess lasts or fades, give one of them")
    if half_life is not None and not 0.0 < half_life < math.inf:
        raise InputError(f"half_life = {half_life:g}: a positive number of sessions")
    days = 5 if days is None and half_life is None else days
    if not (
        multiple > 0.0 and before > 0.0 and (days is None or days >= 1) and last >= 1 and reps >= 1 and sessions >= 60
    ):
        raise InputError(
            f"multiple = {multiple}, before = {before}, days = {days}, last = {last}, reps = {reps}, "
            f"sessions = {sessions}: multiples must be positive, days and reps at least 1, sessions at least 60"
        )
    offsets = np.arange(-sessions - GAP, last + 1)
    rng = np.random.default_rng(seed)
    returns = draw(process, rng, reps, offsets)
    raised = Raised(multiple=multiple, days=days, before=before, half_life=half_life)
    returns = returns * np.sqrt(raised.times(offsets))
    spec = GarchResponse(draws=draws, min_sessions=min(500, sessions), engine=CompiledEngine())
    dates = np.datetime64("2000-01-03") + np.arange(offsets.size)
    found, models = [], []
    for row in returns:
        residual = row - row[:sessions].mean()
        model = model_of_residuals(residual, offsets, dates, sessions, spec)
        found.append(measure_response("", "", "", model, last=last, draws=draws, alpha=alpha, rng=rng))
        models.append(_without_model(row, dates, last))
    followed = [r for r in found if r.raised(alpha)]
    truths = _truths(process, raised, last)
    rates = {"verdict": _share([r.pvalue for r in found], alpha)}
    rates |= {name: _share([_p(r, k) for r in found], alpha) for k, name in enumerate(WAYS)}
    rates |= {key: _share([row[key] for row in models], alpha) for key in models[0]}
    average = float(replace(raised, before=1.0).times(np.arange(1, found[0].last + 1)).mean())
    return VolatilityCell(
        process=process, multiple=multiple, days=days, half_life=half_life, before=before, last=last,
        sessions=sessions, reps=reps, alpha=alpha, rates=rates,
        by_day=float(np.mean([r.pvalue_day[1:] <= alpha for r in found])), raised=len(followed) / reps,
        fallback=sum(r.model is not None and r.model.method == "constant" for r in found) / reps,
        mean_multiple=float(np.mean([r.mean_multiplier for r in found])),
        multiple_coverage=float(np.mean([r.low <= average <= r.high for r in found])),
        moments=tuple(_moment(n, truths[n], found if n == "model_half_life" else followed) for n in MOMENTS),
    )  # fmt: skip


def _truths(process: Process, raised: Raised, last: int) -> dict[str, float]:
    """A rectangle has no half-life and what fades no last day; the model's own half-life is known."""
    own = HALF_LIFE if process in get_args(Clustered) else math.nan
    if raised.multiple <= 1.0:
        return {"onset": math.nan, "baseline": math.nan, "half_life": math.nan, "model_half_life": own}
    if raised.days is None:
        return {"onset": 1.0, "baseline": math.nan, "half_life": raised.half_life or math.nan, "model_half_life": own}
    back = float(raised.days + 1) if raised.days < last else math.inf
    return {"onset": 1.0, "baseline": back, "half_life": math.nan, "model_half_life": own}


def _p(response: VolatilityResponse, way: int) -> float:
    """P of a way by position; constant variance is missing where the model is constant itself."""
    ways = response.ways
    if len(ways) == len(WAYS):
        return ways[way].pvalue
    return ways[0].pvalue if WAYS[way] == "constant" else ways[way - (way > 3)].pvalue


def _without_model(returns: FloatArray, dates: DateArray, last: int) -> dict[str, float]:
    """P of the tests that need no variance model, on 250 sessions before the gap."""
    day0 = returns.size - last - 1
    series = pd.Series(returns, index=pd.DatetimeIndex(dates))
    tests = variance_change(series, event=dates[day0], before=(-260, -11), after=(1, last))
    return {t.statistic: t.pvalue for t in tests}


def _share(pvalues: list[float], alpha: float) -> float:
    return float(np.mean([p <= alpha for p in pvalues]))


def _moment(name: str, truth: float, responses: list[VolatilityResponse]) -> MomentCell:
    rows = [getattr(r.persistence, name) for r in responses if r.persistence is not None]
    table = np.array([[d.value, d.low, d.high] for d in rows if not math.isnan(d.value)]).reshape(-1, 3)
    value, low, high = table.T
    finite = np.isfinite(value)
    none = table.size == 0
    bounded = np.isfinite(high)
    length = np.where(bounded, np.where(bounded, high, 0.0) - low, np.inf)
    return MomentCell(
        moment=name, truth=truth, defined=value.size, beyond=math.nan if none else float((~finite).mean()),
        median=float(np.median(value[finite])) if finite.any() else math.nan,
        bias=float(value[finite].mean() - truth) if finite.any() and math.isfinite(truth) else math.nan,
        coverage=math.nan if none or math.isnan(truth) else float(((low <= truth) & (truth <= high)).mean()),
        length=math.nan if none else float(np.median(length)),
    )  # fmt: skip
