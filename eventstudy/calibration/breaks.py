"""Size, power and bias of the tests for, and the dates of, a break of the variance, where the variance is known."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Literal, get_args

import numpy as np

from eventstudy._typing import Record
from eventstudy.calibration.processes import Process, draw
from eventstudy.calibration.raised import Raised, check, dates_from, mean_error, share, share_error
from eventstudy.volatility.breaks import KEYS, MIN_SIDE, Agreement, VarianceBreaks, variance_breaks

Detector = Literal["it", "kappa1", "kappa2", "kappa2_simulated", "icss_it", "icss_kappa2", "segments"]
#: Detectors of any number of breaks in the whole series.
FINDERS: tuple[Detector, ...] = ("icss_it", "icss_kappa2", "segments")
#: A break within so many sessions of the true one is that one.
NEAR = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class BreaksCell:
    """What `variance_breaks` said in one world.

    Attributes
    ----------
    process, multiple, first, days : str, float, int, int or None
        The variance of `days` sessions from session `first` on is `multiple` times what the process made; None: for
        good.
    before : float
        The variance is that many times as large from session -20 on, those sessions included.
    sessions, after : int
        Sessions before and after day 0.
    rates : dict
        Detector -> share of replications in which it finds a break: ``it``, ``kappa1``, ``kappa2`` by the Kolmogorov
        law in the stretch around day 0; ``kappa2_simulated`` there by simulation, of the replications that have a
        simulated p; ``icss_it``, ``icss_kappa2`` and ``segments`` anywhere in the series.
    near : dict
        Of the last three -> share that has a break within 10 sessions of the true one, or of day 0 where nothing
        changes.
    unsimulated : int
        Replications without a simulated p, where kappa2 decides by its law.
    words : dict
        Agreement -> share.
    coverage, coverage_found : float
        Share of all date sets, and of those of breaks found, that hold the true first session: that of the multiple,
        or -20 where only `before` changes anything. NaN where nothing does.
    bias, bias_error, median_miss : float
        Of the breaks found: mean and median of the likeliest date minus the true one, in sessions, and the Monte
        Carlo error of the mean. NaN as above.
    members : float
        Median number of sessions in the date set.
    """

    process: str
    multiple: float
    first: int
    days: int | None
    before: float
    sessions: int
    after: int
    reps: int
    alpha: float
    rates: dict[Detector, float]
    near: dict[str, float]
    unsimulated: int
    words: dict[Agreement, float]
    coverage: float
    coverage_found: float
    bias: float
    bias_error: float
    median_miss: float
    members: float

    def mc_se(self, rate: float, detector: Detector | None = None) -> float:
        """Monte Carlo standard error of a share, of the replications in which the detector says something."""
        return share_error(rate, self.reps - (self.unsimulated if detector == "kappa2_simulated" else 0))

    def to_record(self) -> Record:
        """Plain dict for JSON."""
        return asdict(self)


def calibrate_breaks(
    process: Process = "gjr_t",
    *,
    multiple: float = 1.0,
    days: int | None = None,
    first: int = 0,
    before: float = 1.0,
    sessions: int = 750,
    after: int = 149,
    reps: int = 200,
    alpha: float = 0.05,
    seed: int = 0,
) -> BreaksCell:
    """Measure one cell: the variance changes, and `variance_breaks` is asked whether, when and where.

    Parameters
    ----------
    process : {"garch", "gjr_t", "normal", "t5"}
        GARCH(.08, .90) with normal shocks; GJR(.03, .10, .90) with Student(5) shocks; independent normal or Student(5)
        returns.
    multiple : float
        1 measures size.
    days : int, optional
        Sessions with the multiple; None: for good. After a burst there are two breaks, and the first is the true one.
    first : int
        First session with the multiple. A break that is not the announcement's: -60.
    before : float
        Multiple of the variance from session -20 on, an announcement that comes in a turbulent time.
    sessions, after : int
        Sessions before and after day 0. With 100 and 99 the series is the stretch around day 0, which leaves none for
        the GARCH of the simulated p.

    Returns
    -------
    BreaksCell

    Raises
    ------
    InputError

    Examples
    --------
    >>> cell = calibrate_breaks("normal", multiple=9.0, sessions=100, after=99, reps=20)
    >>> cell.words["agrees"] > 0.8, cell.unsimulated
    (True, 20)
    """
    # Day 0 is the first of the sessions from it on.
    check(
        process, multiple=multiple, before=before, alpha=alpha,
        least={"days": (days, 1), "first": (first, 1 - sessions), "sessions": (sessions, MIN_SIDE),
               "after": (after, MIN_SIDE - 1), "reps": (reps, 1)},
        most={"first": (first, after)},
    )  # fmt: skip
    world = Raised(multiple=multiple, first=first, days=days, before=before)
    offsets = np.arange(-sessions, after + 1)
    rng = np.random.default_rng(seed)
    returns = draw(process, rng, reps, offsets) * np.sqrt(world.times(offsets))
    dates = dates_from(offsets)
    found = [
        variance_breaks(row, dates, event=dates[sessions], alpha=alpha, seed=int(own))
        for row, own in zip(returns, rng.integers(2**32, size=reps), strict=True)
    ]
    true = world.true_first
    # One date a session, so differences of dates are sessions.
    sought = dates[sessions + (true or 0)]
    around = [b.around for b in found if b.around is not None]
    simulated = [one.p_clustered <= alpha for one in around if not math.isnan(one.p_clustered)]
    seen = [one for one in around if one.pvalue <= alpha]
    miss = np.array([(one.break_date - sought).astype(int) for one in seen], dtype=np.float64)
    dated = true is not None
    return BreaksCell(
        process=process, multiple=multiple, first=first, days=days, before=before, sessions=sessions, after=after,
        reps=reps, alpha=alpha,
        # mypy widens the joined dict's literal keys to str, though each is a Detector.
        rates={key: share([one.pvalues[key] <= alpha for one in around]) for key in KEYS}  # type: ignore[arg-type]
        | {"kappa2_simulated": share(simulated)}
        | {key: share([getattr(b, key).size > 0 for b in found]) for key in FINDERS},
        near={key: share([_near(b, key, sought) for b in found]) for key in FINDERS},
        unsimulated=reps - len(simulated),
        words={word: share([b.agreement == word for b in found]) for word in get_args(Agreement)},
        coverage=share([sought in one.members for one in around]) if dated else math.nan,
        coverage_found=share([sought in one.members for one in seen]) if dated else math.nan,
        bias=float(miss.mean()) if dated and seen else math.nan,
        bias_error=mean_error(miss) if dated else math.nan,
        median_miss=float(np.median(miss)) if dated and seen else math.nan,
        members=float(np.median([one.inside for one in around])) if around else math.nan,
    )  # fmt: skip


def _near(found: VarianceBreaks, key: str, sought: np.datetime64) -> bool:
    return bool((np.abs((getattr(found, key) - sought).astype(int)) <= NEAR).any())
