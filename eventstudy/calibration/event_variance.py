"""Size, power, bias and coverage of event regressors in the variance of a GARCH, where the variance is known."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import get_args

import numpy as np

from eventstudy._typing import FloatArray, Record
from eventstudy.calibration.processes import Clustered, draw
from eventstudy.calibration.raised import Raised, check, dates_from, share, share_error
from eventstudy.engines.base import Dist
from eventstudy.engines.event_likelihood import EventKind, Form
from eventstudy.errors import InputError
from eventstudy.kernels.resample import fewest_paths
from eventstudy.volatility.event_garch import MIN_SESSIONS, event_variance_test
from eventstudy.volatility.event_tests import STATISTICS, EventVariance, Side
from eventstudy.volatility.shapes import VarianceShape

#: Sessions after day 0.
AFTER = 60
#: The model that is fitted is that of the world.
FITS: dict[Clustered, tuple[EventKind, Dist]] = {"garch": ("garch", "normal"), "gjr_t": ("gjr", "t")}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventVarianceCell:
    """What event regressors in the variance said in one world.

    Attributes
    ----------
    process, multiple, days : str, float, int
        The variance of days 1..`days` is `multiple` times what the process made.
    before : float
        The variance is that many times as large from session -20 on, days included.
    form : {"multiplicative", "additive"}
    asked : int
        The regressor is one on days 1..`asked`.
    alternative : {"two-sided", "greater"}
    bootstrap : int
        Paths of each bootstrap; 0: none.
    refused : int
        Replications without a test; what follows is of the others, and NaN when there are none.
    reason : str
        Why, when all were.
    rates : dict
        Statistic -> share of rejections at `alpha`.
    raised : float
        Share that is called raised: p at most `alpha`, and the interval above one, of the row to
        report.
    median_multiple : float
        Of the multiples found; NaN in the additive form, whose coefficients are variances per day.
    bias : float
        Mean log of the multiple found over the true one.
    coverage : dict
        Statistic -> share of its intervals that hold the true multiple.
    length : dict
        Statistic -> median of the upper over the lower end.

    `bias` and `coverage` are NaN where the regressor does not last as long as the change, which then has no one
    multiple.
    """

    process: str
    multiple: float
    days: int
    before: float
    form: str
    asked: int
    alternative: str
    sessions: int
    bootstrap: int
    reps: int
    alpha: float
    refused: int
    reason: str
    rates: dict[str, float]
    raised: float
    median_multiple: float
    bias: float
    coverage: dict[str, float]
    length: dict[str, float]

    def mc_se(self, rate: float) -> float:
        """Monte Carlo standard error of a share of the replications that were not refused."""
        return share_error(rate, self.reps - self.refused)

    def to_record(self) -> Record:
        """Plain dict for JSON."""
        return asdict(self)


def calibrate_event_variance(
    process: Clustered = "gjr_t",
    *,
    multiple: float = 1.0,
    days: int = 20,
    before: float = 1.0,
    form: Form = "multiplicative",
    asked: int | None = None,
    alternative: Side = "two-sided",
    sessions: int = 750,
    reps: int = 200,
    bootstrap: int = 39,
    alpha: float = 0.05,
    seed: int = 0,
) -> EventVarianceCell:
    """Measure one cell: the variance of days 1..`days` multiplied, and `event_variance_test` asked about it.

    Parameters
    ----------
    process : {"garch", "gjr_t"}
        GARCH(.08, .90) with normal shocks; GJR(.03, .10, .90) with Student(5) shocks; fitted is the same model.
    multiple : float
        1 measures size.
    before : float
        Multiple of the variance from session -20 on, an announcement that comes in a turbulent time.
    form : {"multiplicative", "additive"}
        As in `event_variance_test`; the same seed gives both the same series.
    asked : int, optional
        The regressor is one on days 1 to `asked`; `days` when left out. With fewer than five the test is refused.
    alternative : {"two-sided", "greater"}
    sessions : int
        Before day 0; 60 follow it.
    bootstrap : int
        Paths of each bootstrap, about 0.1 seconds for 39; 0 leaves the bootstrap out.

    Returns
    -------
    EventVarianceCell

    Raises
    ------
    InputError

    Examples
    --------
    >>> cell = calibrate_event_variance("garch", multiple=9.0, reps=5, bootstrap=0)
    >>> cell.rates["event_lr"] > 0.5
    True
    """
    asked = days if asked is None else asked
    least: dict[str, tuple[float | None, float]] = {
        "days": (days, 1), "asked": (asked, 1), "sessions": (sessions, MIN_SESSIONS), "reps": (reps, 1),
    }  # fmt: skip
    for name, value, allowed in (("form", form, get_args(Form)), ("alternative", alternative, get_args(Side))):
        if value not in allowed:
            raise InputError(f"{name} {value!r}: allowed are {', '.join(allowed)}")
    check(
        process, multiple=multiple, before=before, alpha=alpha, least=least, allowed=FITS,
        most={"days": (days, AFTER), "asked": (asked, AFTER)},
    )  # fmt: skip
    _check_paths(bootstrap, alpha, 1 if alternative == "greater" else 2)
    offsets = np.arange(-sessions, AFTER + 1)
    rng = np.random.default_rng(seed)
    returns = draw(process, rng, reps, offsets)
    returns = returns * np.sqrt(Raised(multiple=multiple, days=days, before=before).times(offsets))
    dates = dates_from(offsets)
    kind, dist = FITS[process]
    found = [
        event_variance_test(
            row, dates, event=dates[sessions], shapes=(VarianceShape.pulse(1, asked),), form=form, kind=kind, dist=dist,
            alternative=alternative, sample=None, alpha=alpha, bootstrap=bootstrap, seed=int(own),
        )
        for row, own in zip(returns, rng.integers(2**32, size=reps), strict=True)
    ]  # fmt: skip
    known = [f for f in found if not f.reason]
    keys = STATISTICS if bootstrap else STATISTICS[1:]
    scaled, delta = form == "multiplicative", np.array([float(f.delta[0]) for f in known])
    truth = math.log(multiple) if scaled and asked == days else math.nan
    ends = {
        key: np.array([[f.tests.one(statistic=key).low, f.tests.one(statistic=key).high] for f in known])
        for key in keys
    }
    return EventVarianceCell(
        process=process, multiple=multiple, days=days, before=before, form=form, asked=asked, alternative=alternative,
        sessions=sessions, bootstrap=bootstrap, reps=reps, alpha=alpha, refused=reps - len(known),
        reason="" if known else found[0].reason,
        rates={key: share([_rejects(f, key, alpha) for f in known]) for key in keys},
        raised=share([_rejects(f, keys[0], alpha) and float(f.low[0]) > 0.0 for f in known]),
        median_multiple=float(np.exp(np.median(delta))) if known and scaled else math.nan,
        bias=float(np.mean(delta)) - truth if known else math.nan,
        coverage={key: _coverage(rows, truth) for key, rows in ends.items()},
        length={key: _length(rows) if scaled else math.nan for key, rows in ends.items()},
    )  # fmt: skip


def _check_paths(bootstrap: int, alpha: float, tails: int) -> None:
    fewest = fewest_paths(alpha, tails)
    if bootstrap != 0 and bootstrap < fewest:
        raise InputError(f"bootstrap = {bootstrap}: 0, or at least {fewest}, to reach alpha = {alpha:g}")


def _rejects(found: EventVariance, key: str, alpha: float) -> bool:
    """A row without a p rejects nothing."""
    return found.tests.one(statistic=key).pvalue <= alpha + 1e-12


def _coverage(ends: FloatArray, truth: float) -> float:
    """Share of the intervals that hold the truth; one without ends holds nothing."""
    if math.isnan(truth) or not ends.size:
        return math.nan
    return float(np.mean((ends[:, 0] <= truth) & (truth <= ends[:, 1])))


def _length(ends: FloatArray) -> float:
    """Median of the upper over the lower end of a multiple."""
    return float(np.exp(np.median(ends[:, 1] - ends[:, 0]))) if ends.size else math.nan
