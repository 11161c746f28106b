"""What a statistic sees, and the two registries: statistics of one pair, and across pairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from eventstudy._typing import BoolArray, FloatArray, IntArray
from eventstudy.abnormal import AbnormalReturns, Car
from eventstudy.domain.windows import Offsets
from eventstudy.kernels.stats import Inapplicable, mean_correlation
from eventstudy.results import Registry
from eventstudy.volatility.base import VarianceModel

#: Sessions before a window whose residuals set its local scale.
LOCAL_SESSIONS = 20


class Finding(NamedTuple):
    """Numbers of one statistic on one window; NaN where the method has none.

    `estimate`, `se`, `low` and `high` are in the unit of the response.
    """

    estimate: float
    pvalue: float
    value: float = np.nan
    se: float = np.nan
    low: float = np.nan
    high: float = np.nan
    smallest_p: float = 0.0
    law: str = ""
    dof: float = np.nan


@dataclass(frozen=True, kw_only=True, eq=False)
class PlaceboPaths:
    """The whole pipeline re-run at other dates of the same series.

    Attributes
    ----------
    abnormal : AbnormalReturns
        One pair a placebo date.
    usable : ndarray, shape (B,)
        Dates whose event window is complete and whose fit is not singular.
    masked_dates : int
        Candidate dates left out because they lie near a catalogue event.
    """

    abnormal: AbnormalReturns
    usable: BoolArray
    masked_dates: int

    def scar(self, window: Offsets) -> FloatArray:
        """Standardised cumulative abnormal responses of the usable dates, shape (B,)."""
        return np.asarray(self.abnormal.car(window).scar[self.usable])

    @property
    def count(self) -> int:
        """Usable placebo dates, B."""
        return int(self.usable.sum())


@dataclass(frozen=True, kw_only=True, eq=False)
class PairView:
    """Everything a statistic of one series and one event may look at.

    Attributes
    ----------
    abnormal : AbnormalReturns
        Exactly one pair.
    placebo : PlaceboPaths or str
        The reason, when there are none.
    variance : VarianceModel or str
        The reason, when there is none.
    alpha : float
        One minus the confidence of intervals.
    draws : int
        Simulated paths.
    seed : tuple of int
        Entropy that belongs to this pair: results do not depend on the order of pairs.
    """

    abnormal: AbnormalReturns
    placebo: PlaceboPaths | str
    variance: VarianceModel | str
    alpha: float
    draws: int
    seed: tuple[int, ...]

    def rng(self, *more: int) -> np.random.Generator:
        """A generator for one purpose, reproducible from the study's seed."""
        return np.random.default_rng([*self.seed, *(m % 2**32 for m in more)])


@dataclass(frozen=True, kw_only=True, eq=False)
class PanelView:
    """Everything a statistic across pairs may look at.

    Attributes
    ----------
    abnormal : AbnormalReturns
        All used pairs.
    car : Car
        One window, pairs without any session there left out.
    rows : ndarray, shape (n,)
        Rows of `abnormal` that entered.
    sigma, dof : ndarray, shape (n,)
    rbar_calendar, rbar_event : float
        Mean residual correlation over pairs, matched by date or by offset, of all used pairs.
    alpha : float
        One minus the confidence of intervals.
    """

    abnormal: AbnormalReturns
    car: Car
    rows: IntArray
    rbar_calendar: float
    rbar_event: float
    alpha: float

    @property
    def n(self) -> int:
        """Pairs in the window."""
        return int(self.rows.size)

    @property
    def dof(self) -> IntArray:
        """Degrees of freedom of each pair's model, shape (n,)."""
        return np.asarray(self.abnormal.dof[self.rows])

    @property
    def sigma(self) -> FloatArray:
        """Residual standard deviation of each pair, shape (n,)."""
        return np.asarray(self.abnormal.sigma[self.rows])


PairStatistic = Callable[[PairView, Offsets], Finding | Inapplicable]
PanelStatistic = Callable[[PanelView], Finding | Inapplicable]

PAIR_STATISTICS: Registry[PairStatistic] = Registry("statistic")
PANEL_STATISTICS: Registry[PanelStatistic] = Registry("statistic")


def residual_correlations(abnormal: AbnormalReturns) -> tuple[float, float]:
    """Mean residual correlation over all pairs of pairs, by calendar date and by event offset."""
    if abnormal.n_pairs < 2:
        return float("nan"), float("nan")
    known = abnormal.estimation & np.isfinite(abnormal.ar)
    residual = np.where(known, abnormal.ar, 0.0)
    by_event = mean_correlation(residual.T, known.T)
    days, row = np.unique(abnormal.dates[known], return_inverse=True)
    pair = np.nonzero(known)[0]
    wide = np.zeros((days.size, abnormal.n_pairs))
    there = np.zeros(wide.shape, dtype=bool)
    wide[row, pair] = abnormal.ar[known]
    there[row, pair] = True
    return mean_correlation(wide, there), by_event


def panel_view(
    abnormal: AbnormalReturns, window: Offsets, correlations: tuple[float, float], alpha: float
) -> PanelView:
    """The pairs that have at least one session in `window`."""
    car = abnormal.car(window)
    rows = np.flatnonzero(car.length > 0)
    kept = Car(
        window=window, car=car.car[rows], length=car.length[rows], se_naive=car.se_naive[rows], se=car.se[rows],
        scar=car.scar[rows], csar=car.csar[rows],
    )  # fmt: skip
    return PanelView(
        abnormal=abnormal,
        car=kept,
        rows=rows,
        rbar_calendar=correlations[0],
        rbar_event=correlations[1],
        alpha=alpha,
    )
