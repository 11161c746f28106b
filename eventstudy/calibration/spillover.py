"""Size, power and bias of the tests of spillover between two series whose variances and correlation are known."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Literal, get_args

import numpy as np
import pandas as pd

from eventstudy._typing import FloatArray, IntArray, Record
from eventstudy.calibration.processes import BURN_IN, Process, recursion, shocks
from eventstudy.calibration.raised import Raised, check, dates_from, mean_error, mean_of, share, share_error
from eventstudy.errors import InputError
from eventstudy.volatility.spillover import AFTER, BEFORE, DURING, STATISTICS, PairSpillover, SpilloverDesign, spillover

Correlation = Literal["constant", "dcc"]

#: Reaction and memory of the correlation.
COEFFICIENTS: dict[Correlation, tuple[float, float]] = {"constant": (0.0, 0.0), "dcc": (0.04, 0.93)}
LEVEL = 0.3
PAIR = ("source", "target")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpilloverCell:
    """What `spillover` said in one world.

    Attributes
    ----------
    process, multiple, days : str, float, int or None
        The variance of both series is `multiple` times what the process made on days 1..`days`; None: for good.
    before : float
        Both variances are that many times as large from session -20 on, those sessions included.
    correlation : {"constant", "dcc"}
    during : float or None
        Correlation of the shocks on days 1 to 20; None: that of the sessions before goes on.
    leads : float
        Share of the target's variance, from day 0 on, that is yesterday's squared shock of the source.
    sessions : int
        Sessions before day 0.
    draws : int
        Paths and permutations of each test.
    rates : dict
        Statistic -> share of rejections at `alpha`, of the replications in which it has a p.
    refused : dict
        Statistic -> replications without one.
    change : float
        Mean true change of the correlation on days 1 to 20: `during` less what the world's own correlation led to
        expect; 0 without `during`.
    bias, bias_error : float
        Mean of the change found less the true one, and its Monte Carlo error.
    coverage : float
        Share of the intervals of the change that hold it.
    """

    process: str
    multiple: float
    days: int | None
    before: float
    correlation: str
    during: float | None
    leads: float
    sessions: int
    draws: int
    reps: int
    alpha: float
    rates: dict[str, float]
    refused: dict[str, int]
    change: float
    bias: float
    bias_error: float
    coverage: float

    def mc_se(self, statistic: str) -> float:
        """Monte Carlo standard error of the rate of one statistic."""
        return share_error(self.rates[statistic], self.reps - self.refused[statistic])

    def to_record(self) -> Record:
        """Plain dict for JSON."""
        return asdict(self)


def calibrate_spillover(
    process: Process = "garch",
    *,
    multiple: float = 1.0,
    days: int | None = None,
    before: float = 1.0,
    correlation: Correlation = "dcc",
    during: float | None = None,
    leads: float = 0.0,
    sessions: int = 750,
    draws: int = 499,
    reps: int = 200,
    alpha: float = 0.05,
    seed: int = 0,
) -> SpilloverCell:
    """Measure one cell: two series of one process, and `spillover` asked whether volatility moved between them.

    Parameters
    ----------
    process : {"garch", "gjr_t", "normal", "t5"}
        Of both series, as in `calibrate_volatility`.
    multiple : float
        Of both variances: a variance that rises in both markets is no spillover, so rates at any multiple are sizes.
    days : int, optional
        None: for good.
    before : float
        Multiple of both variances from session -20 on.
    correlation : {"constant", "dcc"}
        Constant at .3, or a DCC (a .04, b .93) around it.
    during : float, optional
        Correlation on days 1 to 20.
    leads : float
        From 0 to 1. From day 0 on the target's variance is multiplied by ``1 - leads + leads z^2``, z the source's
        shock of the session before: variance moves from the source to the target and keeps its mean.
    sessions : int
        Before day 0; 60 follow it. The two GARCHs are fitted to all but the last 10, of which they need 500.
    draws : int
        Paths and permutations of each test.

    Returns
    -------
    SpilloverCell

    Raises
    ------
    InputError

    Examples
    --------
    >>> cell = calibrate_spillover("normal", leads=1.0, sessions=600, draws=99, reps=10)
    >>> cell.rates["variance_causality"] > cell.rates["variance_causality_reverse"]
    True
    """
    if correlation not in COEFFICIENTS:
        raise InputError(f"correlation {correlation!r}: allowed are {', '.join(get_args(Correlation))}")
    if during is not None and not -1.0 < during < 1.0:
        raise InputError(f"during = {during:g}: a correlation between -1 and 1")
    design = SpilloverDesign(draws=draws)
    fewest = design.spec.min_sessions - BEFORE[1] - 1
    check(
        process, multiple=multiple, before=before, alpha=alpha,
        least={"days": (days, 1), "leads": (leads, 0.0), "sessions": (sessions, fewest), "reps": (reps, 1),
               "draws": (draws, math.ceil(2.0 / alpha) - 1 if alpha > 0.0 else 1)},
        most={"leads": (leads, 1.0)},
    )  # fmt: skip
    offsets = np.arange(-sessions, AFTER[1] + 1)
    rng = np.random.default_rng(seed)
    returns, changes = pairs(process, rng, reps, offsets, correlation=correlation, during=during, leads=leads)
    returns = returns * np.sqrt(Raised(multiple=multiple, days=days, before=before).times(offsets))
    dates = pd.DatetimeIndex(dates_from(offsets))
    found = [
        spillover(
            pd.DataFrame(rows.T, index=dates, columns=list(PAIR)), PAIR[0], PAIR[1:], event=dates[sessions].date(),
            design=replace(design, seed=int(own)),
        ).pairs[0]
        for rows, own in zip(returns, rng.integers(2**32, size=reps), strict=True)
    ]  # fmt: skip
    known = {
        key: [t.pvalue for f in found for t in f.tests if t.statistic == key and not t.reason] for key in STATISTICS
    }
    ends = np.array([_change(f) for f in found])
    usable = np.isfinite(ends[:, 0])
    miss = (ends[:, 0] - changes)[usable]
    holds = (ends[:, 1] <= changes) & (changes <= ends[:, 2])
    return SpilloverCell(
        process=process, multiple=multiple, days=days, before=before, correlation=correlation, during=during,
        leads=leads, sessions=sessions, draws=draws, reps=reps, alpha=alpha,
        rates={key: share([p <= alpha for p in ps]) for key, ps in known.items()},
        refused={key: reps - len(ps) for key, ps in known.items()}, change=float(changes.mean()),
        bias=mean_of(miss), bias_error=mean_error(miss),
        coverage=mean_of(holds[usable].astype(np.float64)),
    )  # fmt: skip


def _change(pair: PairSpillover) -> list[float]:
    """Change of the correlation and its interval; NaN where it was refused."""
    test = pair.tests.one(statistic="correlation_change")
    return [test.estimate, test.low, test.high]


def pairs(
    process: Process, rng: np.random.Generator, reps: int, offsets: IntArray, *, correlation: Correlation = "constant",
    during: float | None = None, leads: float = 0.0,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Returns of a source and a target, shape (reps, 2, T), and the true changes of their correlation, shape (reps,).

    The target's shock is ``rho x + sqrt(1 - rho^2) y`` of two independent ones, with rho as known the session before.
    """
    a, b = COEFFICIENTS[correlation]
    size = BURN_IN + offsets.size
    x, y = shocks(process, rng, (2, size, reps))
    level = np.array([1.0, LEVEL, 1.0])[:, None]
    q, usual = np.repeat(level, reps, axis=1), np.full(reps, LEVEL)
    day0 = BURN_IN + int(np.searchsorted(offsets, 0))
    z = np.empty_like(y)
    for t in range(size):
        if t == day0:
            usual = _expected(q, level, a + b)
        rho = q[1] / np.sqrt(q[0] * q[2])
        if during is not None and DURING[0] <= t - day0 <= DURING[1]:
            rho = np.full(reps, during)
        z[t] = rho * x[t] + np.sqrt(1.0 - rho**2) * y[t]
        q = (1.0 - a - b) * level + a * np.stack((x[t] ** 2, x[t] * z[t], z[t] ** 2)) + b * q
    source, target = (recursion(process, column).returns for column in (x, z))
    # Outside the recursion, as every other multiple: the level does not drift.
    since = offsets >= 0
    led = 1.0 - leads + leads * x[BURN_IN - 1 : -1].T[:, since] ** 2
    target[:, since] *= np.sqrt(led)
    return np.stack((source, target), axis=1), np.zeros(reps) if during is None else during - usual


def _expected(q: FloatArray, level: FloatArray, persistence: float) -> FloatArray:
    """Mean correlation of days 1 to 20 that the state before day 0, shape (3, reps), leads to expect."""
    decay = persistence ** np.arange(DURING[0], DURING[1] + 1)
    ahead = level[..., None] + (q - level)[..., None] * decay
    return np.asarray((ahead[1] / np.sqrt(ahead[0] * ahead[2])).mean(axis=-1))
