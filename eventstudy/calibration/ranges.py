"""Size, power and bias of variances from open, high, low and close, where the variance is known."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from eventstudy._typing import FloatArray, Record
from eventstudy.calibration.processes import BURN_IN, DOF, STUDENT, Drawn, Process, recursion, shocks
from eventstudy.calibration.raised import Raised, check, dates_from, mean_error, mean_of, pvalues_of, share, share_error
from eventstudy.calibration.simulate import GAP
from eventstudy.kernels.ranges import RANGE_KEYS, RangeKey
from eventstudy.volatility.ranges import MIN_DAYS, RangeVolatility, range_volatility

#: Fields of a cell with one number an estimator.
ESTIMATED = ("level", "level_error", "rates", "median_ratio", "bias", "bias_error")
#: Estimators that see the move overnight; the others measure the variance from open to close.
WHOLE_DAY: tuple[RangeKey, ...] = ("yang_zhang", "close_close")


@dataclass(frozen=True, slots=True, kw_only=True)
class RangesCell:
    """What `range_volatility` said in one world.

    Attributes
    ----------
    process, multiple, days : str, float, int or None
        The variance of days 1..`days` is `multiple` times what the process made; None: for good.
    before : float
        The variance is that many times as large from session -20 on, those sessions included.
    steps : int
        Prices of a bar after its open: fewer steps miss more of the day's high and low.
    overnight : float
        Share of the day's variance between the close and the next open.
    last, sessions : int
        The stretch after is days 1..`last`, that before `sessions` sessions that end with session -11.
    level, level_error : dict
        Estimator -> mean variance found before over the mean true one, minus one, and its Monte Carlo error. Truth is
        the process's own variance, without the night for Parkinson, Garman-Klass and Rogers-Satchell.
    rates : dict
        Estimator -> share of ranks of the variance after that reject at `alpha`, of the replications with a p.
    refused : dict
        Estimator -> replications without one, as of bars that are flat too often, or a longer stretch after.
    times : float
        Mean multiple of the stretch after over that of the stretch before.
    median_ratio : dict
        Estimator -> median of the variance after over that before.
    bias, bias_error : dict
        Estimator -> mean log of that ratio over the true one of its replication, and its Monte Carlo error; ratios at
        or below zero are left out.
    """

    process: str
    multiple: float
    days: int | None
    before: float
    steps: int
    overnight: float
    last: int
    sessions: int
    reps: int
    alpha: float
    level: dict[RangeKey, float]
    level_error: dict[RangeKey, float]
    rates: dict[RangeKey, float]
    refused: dict[RangeKey, int]
    times: float
    median_ratio: dict[RangeKey, float]
    bias: dict[RangeKey, float]
    bias_error: dict[RangeKey, float]

    def mc_se(self, key: RangeKey) -> float:
        """Monte Carlo standard error of the rate of one estimator."""
        return share_error(self.rates[key], self.reps - self.refused[key])

    def to_record(self) -> Record:
        """Plain dict for JSON."""
        return asdict(self)


def calibrate_ranges(
    process: Process = "gjr_t",
    *,
    multiple: float = 1.0,
    days: int | None = None,
    before: float = 1.0,
    steps: int = 390,
    overnight: float = 0.2,
    last: int = 20,
    sessions: int = 250,
    reps: int = 200,
    alpha: float = 0.05,
    seed: int = 0,
) -> RangesCell:
    """Measure one cell: bars of a known variance, and `range_volatility` asked before and after.

    Parameters
    ----------
    process : {"garch", "gjr_t", "normal", "t5"}
        Of the returns from close to close. Within a day the price is a Brownian motion that ends at the day's return;
        a Student(5) day is a normal one whose variance is drawn.
    multiple : float
        1 measures size.
    days : int, optional
        None: for good.
    before : float
        Multiple of the variance from session -20 on.
    steps : int
        Prices of a bar after its open; 390: one a minute of a New York session.
    overnight : float
        Share of the day's variance between the close and the next open, at least 0 and below 1.
    last, sessions : int
        Last day of the stretch after; sessions of the stretch before, which ends 11 sessions before day 0.

    Returns
    -------
    RangesCell

    Raises
    ------
    InputError

    Examples
    --------
    >>> cell = calibrate_ranges("normal", multiple=4.0, steps=78, reps=20)
    >>> cell.rates["yang_zhang"] > 0.9, cell.level["parkinson"] < 0.0
    (True, True)
    """
    check(
        process, multiple=multiple, before=before, alpha=alpha,
        least={"days": (days, 1), "steps": (steps, 2), "overnight": (overnight, 0.0), "last": (last, MIN_DAYS),
               "sessions": (sessions, MIN_DAYS), "reps": (reps, 1)},
        most={"overnight": (overnight, 0.999)},
    )  # fmt: skip
    stretches = (-GAP - sessions, -GAP - 1), (1, last)
    # One session more: the first bar before needs a close before it.
    offsets = np.arange(stretches[0][0] - 1, last + 1)
    world = Raised(multiple=multiple, days=days, before=before)
    times = world.times(offsets)
    rng = np.random.default_rng(seed)
    drawn = recursion(process, shocks(process, rng, (BURN_IN + offsets.size, reps)))
    dates = pd.DatetimeIndex(dates_from(offsets))
    found = [
        range_volatility(
            bars_of(returns, own, times, steps, overnight, rng).set_index(dates),
            event=dates[-last - 1].date(), before=stretches[0], after=stretches[1],
        )
        for returns, own in zip(drawn.returns, day_variances(process, drawn, rng), strict=True)
    ]  # fmt: skip
    variance = drawn.variance * times
    early, late = variance[:, 1 : 1 + sessions].mean(axis=1), variance[:, -last:].mean(axis=1)
    rows = {
        key: _estimator(found, key, early * (1.0 if key in WHOLE_DAY else 1.0 - overnight), late / early, alpha)
        for key in RANGE_KEYS
    }
    refused = {key: sum(bool(t.reason) for f in found for t in f.tests if t.statistic == key) for key in RANGE_KEYS}
    return RangesCell(
        process=process, multiple=multiple, days=days, before=before, steps=steps, overnight=overnight, last=last,
        sessions=sessions, reps=reps, alpha=alpha, times=world.mean_times(stretches[0], stretches[1]), refused=refused,
        **{name: {key: row[name] for key, row in rows.items()} for name in ESTIMATED},
    )  # fmt: skip


def _estimator(
    found: list[RangeVolatility], key: RangeKey, level: FloatArray, ratio: FloatArray, alpha: float
) -> dict[str, float]:
    """What is counted of one estimator: true variances before and true ratios, shape (reps,), beside those found."""
    usable = np.array([not f.reason for f in found])
    (pvalues,) = pvalues_of([f.tests for f in found], (key,)).values()
    row = dict.fromkeys(ESTIMATED, math.nan) | {"rates": share([p <= alpha for p in pvalues])}
    if not usable.any():
        return row
    true, mine = level[usable], np.array([f.before[key] for f in found if not f.reason])
    times = float(mine.mean() / true.mean())
    estimate = np.array([f.tests.one(statistic=key).estimate for f in found if not f.reason])
    positive = estimate > 0.0
    miss = np.log(estimate[positive] / ratio[usable][positive])
    return row | {
        "level": times - 1.0, "level_error": mean_error(mine - times * true) / float(true.mean()),
        "median_ratio": float(np.median(estimate)), "bias": mean_of(miss), "bias_error": mean_error(miss),
    }  # fmt: skip


def day_variances(process: Process, drawn: Drawn, rng: np.random.Generator) -> FloatArray:
    """Variance of the Brownian motion that made each day's return, shape (reps, T).

    A Student shock is a normal one of random variance; here that variance is drawn given the shock. Its inverse is
    Gamma((dof + 1) / 2) over (dof + t^2) / 2, t the shock before it was scaled to unit variance.
    """
    if process not in STUDENT:
        return drawn.variance
    scale = (DOF - 2.0) / DOF
    t2 = drawn.shocks**2 / scale
    return np.asarray(drawn.variance * scale * (DOF + t2) / rng.chisquare(DOF + 1.0, size=t2.shape))


def bars_of(
    returns: FloatArray, variance: FloatArray, times: FloatArray, steps: int, overnight: float,
    rng: np.random.Generator,
) -> pd.DataFrame:  # fmt: skip
    """Open, high, low and close of days that end at given returns: a Brownian bridge over the night and the day.

    Parameters
    ----------
    returns, variance, times : ndarray, shape (T,)
        Returns from close to close, the variance of each day's Brownian motion, and what both are multiplied by.
    """
    parts = np.append(overnight, np.full(steps, (1.0 - overnight) / steps))
    free = rng.standard_normal((returns.size, 1 + steps)) * np.sqrt(parts)
    path = np.cumsum(free * np.sqrt(variance)[:, None], axis=1)
    path += np.outer(returns - path[:, -1], np.cumsum(parts))
    path *= np.sqrt(times)[:, None]
    closes = np.cumsum(path[:, -1])
    path += np.concatenate(([0.0], closes[:-1]))[:, None]
    ends = {"open": path[:, 0], "high": path.max(axis=1), "low": path.min(axis=1), "close": path[:, -1]}
    return pd.DataFrame({name: 100.0 * np.exp(values) for name, values in ends.items()})
