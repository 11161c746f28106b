"""Size and power by simulation: how often a statistic rejects when nothing, or something known, happened.

One cell is one statistic in one world: draw the estimation window, the gap and the event window of N pairs, fit the
constant mean, run the statistic, count rejections. Worlds differ in what a statistic may get wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, get_args

import numpy as np

from eventstudy._typing import FloatArray, IntArray, Record
from eventstudy.abnormal import AbnormalReturns, abnormal_returns
from eventstudy.domain.align import AlignedSample, Block, gather, response_series, stack
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.windows import EventWindow, Offsets
from eventstudy.errors import InputError, UnknownNameError
from eventstudy.inference.base import PAIR_STATISTICS, PANEL_STATISTICS, Finding, PairView, residual_correlations
from eventstudy.inference.panel import Panel, panel_view
from eventstudy.models.base import ExpectedReturn
from eventstudy.models.benchmarks import ConstantMean
from eventstudy.volatility.base import GarchResponse, VarianceModel, model_of_residuals

World = Literal["iid_normal", "t4", "doubled_variance", "correlated", "garch_t", "variance_x4_before"]
#: Draws the responses of one replication: generator, pairs, sessions -> shape (pairs, sessions).
Generator = Callable[[np.random.Generator, int, int], FloatArray]

#: Sessions between estimation and event window, as in every default study.
GAP = 10
CORRELATION = 0.2
#: Standard deviation of a day: any number would do, 1.5% is aluminum's.
DAY = 0.015


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Measured rejection rate of one statistic in one world.

    Attributes
    ----------
    effect : float
        Injected on the first session of the window, in standard deviations of a day; 0 measures size.
    undefined : int
        Replications in which the statistic refused; they count as no rejection.
    rate, mc_se : float
        Share of rejections at `alpha`, and its Monte Carlo standard error. NaN when it always refused.
    reason : str
        Why it refused, when it always did.
    """

    method: str
    world: str
    window: Offsets
    m: int
    n: int
    reps: int
    effect: float
    alpha: float
    undefined: int
    rate: float
    mc_se: float
    reason: str = ""

    def to_record(self) -> Record:
        """Plain dict for JSON."""
        return asdict(self) | {"window": list(self.window)}


def calibrate(
    methods: str | Sequence[str],
    world: World | Generator = "iid_normal",
    *,
    window: Offsets = (0, 0),
    m: int = 250,
    n: int = 1,
    reps: int = 1000,
    effect: float = 0.0,
    alpha: float = 0.05,
    seed: int = 0,
) -> tuple[Cell, ...]:
    """Measure the size (or, with an effect, the power) of statistics.

    Parameters
    ----------
    methods : str or sequence of str
        Registry keys (``eventstudy statistics``), all measured on the same draws.
    world : str or callable
        ``iid_normal``; ``t4`` (Student, 4 degrees of freedom); ``doubled_variance`` (the event window's variance is
        twice as large); ``correlated`` (0.2 between all pairs, one common date); ``garch_t``
        (GARCH(.08, .90) with Student(5) shocks); ``variance_x4_before`` (the variance quadruples 20 sessions before
        day 0). Or your own generator of responses, shape (n, sessions).
    window : (int, int)
        Tested sessions, from -5 on.
    m, n, reps : int
        Estimation sessions, pairs, replications.
    effect : float
        Injected into session ``window[0]`` of every pair, in standard deviations of a day.

    Returns
    -------
    tuple of Cell
        In the order of `methods`.

    Raises
    ------
    InputError, UnknownNameError

    Examples
    --------
    >>> cell = calibrate("cs_t", "iid_normal", n=12, m=120, reps=200, seed=1)[0]
    >>> 0.0 <= cell.rate <= 0.12
    True
    """
    keys = (methods,) if isinstance(methods, str) else tuple(methods)
    _check(keys, world, window, m, n, reps)
    rng = np.random.default_rng(seed)
    offsets = np.arange(-m - GAP, window[1] + 1)
    draw = world if callable(world) else _GENERATORS[world]
    name = getattr(world, "__name__", "own generator") if callable(world) else world
    tallies = {key: _Tally() for key in keys}
    common = world == "correlated"
    for rep in range(reps):
        values = draw(rng, n, offsets.size) * (DAY if not callable(world) else 1.0)
        if not callable(world) and world in _SHIFTS:
            first, factor = _SHIFTS[world]
            values[:, offsets >= min(window[0], 0) + first] *= math.sqrt(factor)
        values[:, offsets == window[0]] += effect * (DAY if not callable(world) else float(values.std()))
        abnormal = _fit(values, offsets, m, common)
        for key, tally in tallies.items():
            tally.add(_statistic(key, abnormal, window, alpha, rep), alpha)
    return tuple(
        tallies[key].cell(method=key, world=name, window=window, m=m, n=n, reps=reps, effect=effect, alpha=alpha)
        for key in keys
    )


@dataclass(slots=True)
class _Tally:
    rejected: int = 0
    undefined: int = 0
    reason: str = ""

    def add(self, found: Finding | str, alpha: float) -> None:
        if isinstance(found, str) or not math.isfinite(found.pvalue):
            self.undefined += 1
            self.reason = found if isinstance(found, str) else "it has no p-value"
        elif found.pvalue <= alpha:
            self.rejected += 1

    def cell(
        self, *, method: str, world: str, window: Offsets, m: int, n: int, reps: int, effect: float, alpha: float
    ) -> Cell:
        always = self.undefined == reps
        rate = math.nan if always else self.rejected / reps
        return Cell(
            method=method, world=world, window=window, m=m, n=n, reps=reps, effect=effect, alpha=alpha,
            undefined=self.undefined, rate=rate, mc_se=math.nan if always else math.sqrt(rate * (1.0 - rate) / reps),
            reason=self.reason if always else "",
        )  # fmt: skip


def calibrate_real(
    prices: PriceTable,
    methods: Sequence[str],
    *,
    model: ExpectedReturn | None = None,
    n: int = 12,
    m: int = 250,
    samples: int = 1000,
    effect: float = 0.0,
    alpha: float = 0.05,
    seed: int = 0,
) -> tuple[Cell, ...]:
    """Brown-Warner simulation on real prices: random securities, random dates, an effect added on day 0.

    Parameters
    ----------
    prices : PriceTable
        Securities to draw from; those of role ``market`` are left out.
    effect : float
        Return added on day 0, a fraction (0.01 is one percent).

    References
    ----------
    Brown & Warner (1985), J. Financial Economics 14:3-31.
    """
    chosen = model or ConstantMean()
    factors = chosen.market or ()
    window = EventWindow(primary=(0, 0), event=(0, 0), estimation=(-m - GAP, -GAP - 1), windows=())
    names = [i for i in prices.ids if prices.instruments[i].role != "market"]
    series = [response_series(prices, i, factors, policy="own_calendar") for i in names]
    rng = np.random.default_rng(seed)
    tallies = {key: _Tally() for key in methods}
    for rep in range(samples):
        parts = []
        for k in rng.choice(len(series), size=n, replace=n > len(series)):
            row = int(rng.integers(m + GAP + 1, series[k].dates.size))
            block = Block(series=series[k], events=(f"{rep}-{k}",), positions=np.array([row]))
            sample = gather(block, window.offsets, window.estimation, mask=False)
            sample.response[:, -1] += effect
            parts.append(sample)
        abnormal = _stack_fit(chosen, parts)
        for key, tally in tallies.items():
            tally.add(_statistic(key, abnormal, (0, 0), alpha, rep), alpha)
    return tuple(
        tallies[key].cell(
            method=key, world="real prices", window=(0, 0), m=m, n=n, reps=samples, effect=effect, alpha=alpha
        )
        for key in methods
    )


def _stack_fit(model: ExpectedReturn, parts: list[AlignedSample]) -> AbnormalReturns:
    sample = stack(parts)
    return abnormal_returns(sample, model.fit(sample))


def _check(keys: Sequence[str], world: World | Generator, window: Offsets, m: int, n: int, reps: int) -> None:
    known = [e.key for e in (*PAIR_STATISTICS, *PANEL_STATISTICS)]
    for key in keys:
        if key not in known:
            raise UnknownNameError("statistic", key, known, hint="(eventstudy statistics lists them)")
    if not callable(world) and world not in get_args(World):
        raise UnknownNameError("world", str(world), get_args(World))
    if not -5 <= window[0] <= window[1]:
        raise InputError(f"window {window} must start at -5 or later and not end before it starts")
    if m < 30 or n < 1 or reps < 1:
        raise InputError(f"m = {m}, n = {n}, reps = {reps}: needs at least 30 sessions, 1 pair, 1 replication")


def _fit(values: FloatArray, offsets: IntArray, m: int, common: bool) -> AbnormalReturns:
    """Constant-mean abnormal returns of one replication; pairs share dates only on a common event date."""
    n, t = values.shape
    valid = np.ones((n, t), dtype=bool)
    estimation = valid & (offsets < -GAP)
    start = np.zeros(n, dtype=np.int64) if common else np.arange(n) * (t + 30)
    days = np.datetime64("2000-01-03") + (start[:, None] + np.arange(t)).astype("timedelta64[D]")
    sample = AlignedSample(
        pairs=tuple((f"e{i}", f"s{i}") for i in range(n)), factor_ids=(), offsets=offsets, response=values,
        factors=np.empty((n, t, 0)), valid=valid, masked=~valid, estimation=estimation, dates=days,
        levels=np.full((n, t), np.nan), units=("fraction",) * n,
    )  # fmt: skip
    return abnormal_returns(sample, ConstantMean().fit(sample))


def _statistic(key: str, abnormal: AbnormalReturns, window: Offsets, alpha: float, rep: int) -> Finding | str:
    """Run one statistic; a refusal comes back as its reason."""
    if key in PANEL_STATISTICS:
        calendar, by_event = residual_correlations(abnormal)
        dates = abnormal.dates[:, -1]
        panel = Panel(
            abnormal=abnormal, event=(min(window[0], 0), window[1]), rbar_calendar=calendar, rbar_event=by_event,
            clusters=np.unique(dates, return_inverse=True)[1], seed=rep,
        )  # fmt: skip
        found = PANEL_STATISTICS[key].obj(panel_view(panel, window))
    elif abnormal.n_pairs > 1:
        return "a statistic of one series and one event; there are more pairs"
    else:
        found = PAIR_STATISTICS[key].obj(_pair_view(key, abnormal, alpha, rep), window)
    return found if isinstance(found, Finding) else found.reason


def _pair_view(key: str, abnormal: AbnormalReturns, alpha: float, rep: int) -> PairView:
    """One pair; the variance model is fitted on its own estimation window where a statistic needs it."""
    variance: VarianceModel | str = "not fitted for this statistic"
    if key in ("fhs", "verdict"):
        n_fit = int(abnormal.estimation[0].sum())
        spec = GarchResponse(min_sessions=min(500, n_fit), draws=999)
        variance = model_of_residuals(abnormal.ar[0], abnormal.offsets, abnormal.dates[0], n_fit, spec)
    return PairView(
        abnormal=abnormal, placebo="a simulated series has no other dates", variance=variance,
        alpha=alpha, draws=999, seed=(rep,),
    )  # fmt: skip


def _student(rng: np.random.Generator, n: int, t: int, dof: float) -> FloatArray:
    return np.asarray(rng.standard_t(dof, size=(n, t)) / math.sqrt(dof / (dof - 2.0)))


def _normal(rng: np.random.Generator, n: int, t: int) -> FloatArray:
    return np.asarray(rng.standard_normal((n, t)))


def _t4(rng: np.random.Generator, n: int, t: int) -> FloatArray:
    return _student(rng, n, t, 4.0)


def _correlated(rng: np.random.Generator, n: int, t: int) -> FloatArray:
    common = rng.standard_normal(t)
    return np.asarray(math.sqrt(CORRELATION) * common + math.sqrt(1.0 - CORRELATION) * rng.standard_normal((n, t)))


def _garch_t(rng: np.random.Generator, n: int, t: int) -> FloatArray:
    """GARCH(.08, .90) with Student(5) shocks and unit long-run variance, after 200 sessions of burn-in."""
    z = _student(rng, n, t + 200, 5.0)
    out, h = np.empty_like(z), np.ones(n)
    for k in range(z.shape[1]):
        out[:, k] = np.sqrt(h) * z[:, k]
        h = 0.02 + 0.08 * out[:, k] ** 2 + 0.90 * h
    return out[:, 200:]


_GENERATORS: dict[str, Generator] = {
    "iid_normal": _normal,
    "t4": _t4,
    "doubled_variance": _normal,
    "correlated": _correlated,
    "garch_t": _garch_t,
    "variance_x4_before": _garch_t,
}
#: World -> first session (relative to the window) from which on the variance is multiplied, and by how much.
_SHIFTS = {"doubled_variance": (0, 2.0), "variance_x4_before": (-20, 4.0)}
