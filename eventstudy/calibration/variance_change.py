"""Size, power and bias of the tests of a variance after against before, where the variance is known."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from eventstudy._typing import Record
from eventstudy.calibration.processes import BURN_IN, Process, recursion, shocks
from eventstudy.calibration.raised import Raised, check, dates_from, mean_error, pvalues_of, share, share_error
from eventstudy.calibration.simulate import GAP
from eventstudy.volatility.realized import VARIANCE_TESTS, variance_change


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceChangeCell:
    """What `variance_change` said in one world.

    Attributes
    ----------
    process, multiple, days : str, float, int or None
        The variance of days 1..`days` is `multiple` times what the process made; None: for good.
    before : float
        The variance is that many times as large from session -20 on, those sessions included.
    last : int
        The stretch after is days 1..`last`.
    sessions : int
        The stretch before, which ends with session -11.
    rates : dict
        Test -> share of rejections at `alpha`, of the replications in which it has a p.
    refused : dict
        Test -> replications without one, as of a rank where the stretch after is the longer one.
    times : float
        Mean multiple of the stretch after over that of the stretch before.
    median_ratio : float
        Of the mean squares after over before.
    bias, bias_error : float
        Mean log of that ratio over the true one of its replication, and its Monte Carlo error. The log of a mean of few
        squares lies below zero on average.
    """

    process: str
    multiple: float
    days: int | None
    before: float
    last: int
    sessions: int
    reps: int
    alpha: float
    rates: dict[str, float]
    refused: dict[str, int]
    times: float
    median_ratio: float
    bias: float
    bias_error: float

    def mc_se(self, test: str) -> float:
        """Monte Carlo standard error of the rate of one test."""
        return share_error(self.rates[test], self.reps - self.refused[test])

    def to_record(self) -> Record:
        """Plain dict for JSON."""
        return asdict(self)


def calibrate_variance_change(
    process: Process = "gjr_t",
    *,
    multiple: float = 1.0,
    days: int | None = None,
    before: float = 1.0,
    last: int = 20,
    sessions: int = 250,
    reps: int = 1000,
    alpha: float = 0.05,
    seed: int = 0,
) -> VarianceChangeCell:
    """Measure one cell: the variance of days 1..`days` multiplied, and `variance_change` asked about it.

    Parameters
    ----------
    process : {"garch", "gjr_t", "normal", "t5"}
        GARCH(.08, .90) with normal shocks; GJR(.03, .10, .90) with Student(5) shocks; independent normal or Student(5)
        returns.
    multiple : float
        1 measures size.
    days : int, optional
        None: for good.
    before : float
        Multiple of the variance from session -20 on, an announcement that comes in a turbulent time.
    last : int
        Last day of the stretch after, which begins with day 1.
    sessions : int
        Of the stretch before, which ends 11 sessions before day 0.

    Returns
    -------
    VarianceChangeCell

    Raises
    ------
    InputError

    Examples
    --------
    >>> cell = calibrate_variance_change("normal", multiple=4.0, reps=50)
    >>> cell.times, cell.rates["brown_forsythe"] > 0.8
    (4.0, True)
    """
    check(
        process, multiple=multiple, before=before, alpha=alpha,
        least={"days": (days, 1), "last": (last, 2), "sessions": (sessions, 3), "reps": (reps, 1)},
    )  # fmt: skip
    world = Raised(multiple=multiple, days=days, before=before)
    stretches = (-GAP - sessions, -GAP - 1), (1, last)
    offsets = np.arange(stretches[0][0], last + 1)
    times = world.times(offsets)
    drawn = recursion(process, shocks(process, np.random.default_rng(seed), (BURN_IN + offsets.size, reps)))
    returns, variance = drawn.returns * np.sqrt(times), drawn.variance * times
    dates = dates_from(offsets)
    found = [
        variance_change(row, dates, event=dates[-last - 1], before=stretches[0], after=stretches[1]) for row in returns
    ]
    known = pvalues_of(found, VARIANCE_TESTS)
    ratio = np.array([f.one(statistic="variance_f").estimate for f in found])
    miss = np.log(ratio / (variance[:, -last:].mean(axis=1) / variance[:, :sessions].mean(axis=1)))
    return VarianceChangeCell(
        process=process, multiple=multiple, days=days, before=before, last=last, sessions=sessions, reps=reps,
        alpha=alpha, rates={key: share([p <= alpha for p in ps]) for key, ps in known.items()},
        refused={key: reps - len(ps) for key, ps in known.items()}, times=world.mean_times(*stretches),
        median_ratio=float(np.median(ratio)),
        bias=float(miss.mean()), bias_error=mean_error(miss),
    )  # fmt: skip
