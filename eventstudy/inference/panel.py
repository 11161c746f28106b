"""All used pairs and one window of them: what statistics across pairs look at, computed once and shared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from eventstudy._typing import BoolArray, FloatArray, IntArray
from eventstudy.abnormal import AbnormalReturns, Car
from eventstudy.domain.windows import Offsets
from eventstudy.kernels.ols import quadratic
from eventstudy.kernels.ranks import pooled_scores, rank_scores, sign_scores
from eventstudy.kernels.stats import Convention, estimation_sd, standardise, standardise_sum
from eventstudy.volatility.panel import PanelForecasts

#: Random draws where sign patterns cannot be enumerated, and of bootstrap series.
DRAWS = 9999
#: Why a panel has no variance forecasts when nobody gave it any.
NO_FORECASTS = "no variance forecasts were asked for"


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """All used pairs, and what every window's statistics share; computed once, on first use.

    Attributes
    ----------
    abnormal : AbnormalReturns
    event : (int, int)
        The event window: with the estimation window it makes the sessions that are ranked.
    rbar_calendar, rbar_event : float
        Mean residual correlation over pairs, matched by date or by offset.
    clusters : ndarray, shape (N,)
        Pairs with the same number share an event date, and so shocks.
    garch : PanelForecasts or str
        Variance forecasts of every pair over the event window; the reason, when there are none.
    draws : int
        Random draws where the patterns are too many to enumerate.
    seed : int
    alpha : float
        One minus the confidence of intervals.
    convention : {"textbook", "estudy2", "eventstudy2"}
        Whose standardisation is followed where published software disagrees.
    """

    abnormal: AbnormalReturns
    event: Offsets
    rbar_calendar: float
    rbar_event: float
    clusters: IntArray
    garch: PanelForecasts | str = NO_FORECASTS
    draws: int = DRAWS
    seed: int = 0
    alpha: float = 0.05
    convention: Convention = "textbook"

    def rng(self, *more: int) -> np.random.Generator:
        """A generator for one purpose, reproducible from the study's seed."""
        return np.random.default_rng([self.seed, *(m % 2**32 for m in more)])

    @cached_property
    def in_event(self) -> BoolArray:
        """Offsets of the event window, shape (T,)."""
        offsets = self.abnormal.offsets
        return np.asarray((offsets >= self.event[0]) & (offsets <= self.event[1]))

    @cached_property
    def ranked(self) -> BoolArray:
        """Sessions with a response in the estimation or event window, shape (N, T)."""
        return np.asarray((self.abnormal.estimation | self.in_event) & np.isfinite(self.abnormal.ar))

    @cached_property
    def complete(self) -> bool:
        """Whether every pair has a response on every session of both windows."""
        estimation = self.abnormal.estimation.sum(axis=1)
        gap_free = bool((estimation == np.ptp(self._estimation_columns) + 1).all()) if estimation.any() else False
        return gap_free and bool(np.isfinite(self.abnormal.ar[:, self.in_event]).all())

    @cached_property
    def _estimation_columns(self) -> IntArray:
        return np.flatnonzero(self.abnormal.estimation.any(axis=0))

    @cached_property
    def ranks(self) -> FloatArray:
        """Pooled standardised ranks per session, shape (T,); NaN where no pair has one."""
        return pooled_scores(rank_scores(self.abnormal.ar, self.ranked))

    @cached_property
    def signs(self) -> FloatArray:
        """Pooled signs about each pair's median, shape (T,)."""
        return pooled_scores(sign_scores(self.abnormal.ar, self.ranked))

    @cached_property
    def ranks_standardised(self) -> FloatArray:
        """As `ranks`, of standardised responses; in the event window divided by the day's spread across pairs."""
        sar = np.where(self.ranked, self.abnormal.sar(), np.nan)
        known = np.isfinite(sar)
        count = known.sum(axis=0)
        mean = np.where(known, sar, 0.0).sum(axis=0) / np.maximum(count, 1)
        squares = (np.where(known, sar - mean, 0.0) ** 2).sum(axis=0)
        spread = np.sqrt(squares / np.maximum(count - 1, 1))
        usable = (count > 1) & (spread > 0.0)
        in_event = sar / np.where(usable, spread, np.nan)
        values = np.where(self.in_event, in_event, self.abnormal.ar / self.abnormal.sigma[:, None])
        return pooled_scores(rank_scores(values, self.ranked & np.isfinite(values)))

    @cached_property
    def aar(self) -> FloatArray:
        """Mean abnormal response per offset, shape (T,)."""
        return self.abnormal.aar()

    @cached_property
    def aar_estimation(self) -> FloatArray:
        """Mean abnormal responses of the estimation window, shape (m,)."""
        return self.abnormal.aar_estimation()


@dataclass(frozen=True, kw_only=True, eq=False)
class PanelView:
    """Everything a statistic across pairs may look at: all pairs, and one window.

    Attributes
    ----------
    panel : Panel
    car : Car
        Pairs without any session in the window left out.
    rows : ndarray, shape (n,)
        Rows of the panel that entered.
    """

    panel: Panel
    car: Car
    rows: IntArray

    @property
    def abnormal(self) -> AbnormalReturns:
        """All used pairs."""
        return self.panel.abnormal

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

    @property
    def clusters(self) -> IntArray:
        """Event date of each pair as a number, shape (n,)."""
        return np.asarray(self.panel.clusters[self.rows])

    @property
    def columns(self) -> slice:
        """Columns of the window."""
        return self.abnormal.columns(self.car.window)

    @property
    def days(self) -> FloatArray:
        """Mean abnormal responses of the window's sessions that have one, shape (L,)."""
        days = self.panel.aar[self.columns]
        return np.asarray(days[np.isfinite(days)])

    @property
    def caar(self) -> float:
        """Mean cumulative abnormal response."""
        return float(self.car.car.mean())

    @property
    def one_day(self) -> bool:
        """Whether the window is a single session."""
        return self.car.window[0] == self.car.window[1]


def panel_view(panel: Panel, window: Offsets) -> PanelView:
    """The pairs that have at least one session in `window`."""
    car = panel.abnormal.car(window)
    rows = np.flatnonzero(car.length > 0)
    kept = Car(
        window=window, car=car.car[rows], length=car.length[rows], se_naive=car.se_naive[rows], se=car.se[rows],
        scar=car.scar[rows], csar=car.csar[rows],
    )  # fmt: skip
    return PanelView(panel=panel, car=_by_convention(panel, kept, rows), rows=rows)


def _by_convention(panel: Panel, car: Car, rows: IntArray) -> Car:
    """Standard errors and standardised sums by the rule of the package that is to be reproduced."""
    abnormal = panel.abnormal
    if panel.convention == "textbook" or not rows.size:
        return car
    sigma, dof, m = abnormal.sigma[rows], abnormal.dof[rows], abnormal.estimation[rows].sum(axis=1)
    if panel.convention == "estudy2":
        factor = estimation_sd(np.ones(rows.size), dof, m, "estudy2")
        return replace(
            car, se_naive=car.se_naive * factor, se=car.se * factor, scar=car.scar / factor, csar=car.csar / factor
        )
    cut = abnormal.columns(car.window)
    leverage = quadratic(abnormal.design[rows, cut], abnormal.gram_inv[rows])
    sar = standardise(abnormal.ar[rows, cut], sigma, leverage, dof=dof, observations=m, convention="eventstudy2")
    # Sessions without a response are not counted; those that are stand first.
    first = np.take_along_axis(sar, np.argsort(np.isnan(sar), axis=1, kind="stable"), axis=1)
    running = standardise_sum(first, "eventstudy2")[np.arange(rows.size), car.length - 1]
    return replace(car, scar=running, csar=running * np.sqrt(car.length))
