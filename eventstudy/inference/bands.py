"""The path of the mean cumulative response: a band that holds for all of it at once, and a test of the days before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from eventstudy._typing import FloatArray, IntArray
from eventstudy.abnormal import AbnormalReturns
from eventstudy.domain.windows import Offsets
from eventstudy.errors import InputError
from eventstudy.inference.base import PANEL_STATISTICS, Finding, with_finding
from eventstudy.inference.panel import Panel, panel_view
from eventstudy.inference.studies import StudyData, panel_of
from eventstudy.kernels.resample import group_sums, sign_patterns
from eventstudy.kernels.stats import Inapplicable, Stat, refuse_below
from eventstudy.results import TestResult

#: Paths simulated for the critical value: its Monte Carlo error is under one percent.
PATHS = 20_000

BandMethod = Literal["covariance", "wild"]


@dataclass(frozen=True, kw_only=True, eq=False)
class PathBand:
    """Mean cumulative response from the first session on, with a simultaneous band.

    Attributes
    ----------
    offsets : ndarray, shape (L,)
    caar, se : ndarray, shape (L,)
        In `unit`.
    critical : float
        The sup-t value: the whole path stays within ``critical * se`` of the truth with probability `level`.
    pointwise : float
        What one day alone would take.
    low, high : ndarray, shape (L,)
    level : float
    unit : str
    n_pairs : int
    """

    offsets: IntArray
    caar: FloatArray
    se: FloatArray
    critical: float
    pointwise: float
    low: FloatArray
    high: FloatArray
    level: float
    unit: str
    n_pairs: int

    def to_frame(self) -> pd.DataFrame:
        """One row a session: offset, caar, se, low, high."""
        columns = {"offset": self.offsets, "caar": self.caar, "se": self.se, "low": self.low, "high": self.high}
        return pd.DataFrame(columns)


def path_band(
    result: StudyData,
    window: Offsets | None = None,
    *,
    method: BandMethod = "covariance",
    level: float = 0.95,
    paths: int = PATHS,
) -> PathBand | Inapplicable:
    """Simultaneous (sup-t) band of the CAAR path.

    Montiel Olea & Plagborg-Moller (2019), J. Applied Econometrics 34:1-17.

    Parameters
    ----------
    window : (int, int), optional
        None: the event window.
    method : {"covariance", "wild"}
        ``covariance``: normal paths (Student for one pair) with the forecast covariance of each pair,
        ``s^2 (min(j, k) + x_j'(X'X)^-1 x_k)``, pairs independent and no event-induced variance. ``wild``: signs drawn
        per event date on the deviations from CAAR, so it follows the event's own variance and the correlation of
        pairs of one date; needs two dates, and many to be exact.
    level : float
    paths : int
        Simulated paths.

    Returns
    -------
    PathBand or Inapplicable
        Refused when pairs differ in unit or lack sessions of the window.

    Raises
    ------
    NothingUsableError
        When no pair was used.
    InputError
        When the method or level is none.
    """
    if method not in ("covariance", "wild") or not 0.5 < level < 1.0:
        raise InputError(f"method = {method!r} is 'covariance' or 'wild', level = {level} lies between 0.5 and 1")
    panel = panel_of(result)
    abnormal, chosen = panel.abnormal, window or panel.event
    if len(set(abnormal.units)) > 1:
        return Inapplicable(f"pairs in different units ({', '.join(sorted(set(abnormal.units)))}) have no common mean")
    daily = abnormal.ar[:, abnormal.columns(chosen)]
    if not np.isfinite(daily).all():
        return Inapplicable("pairs lack sessions of the window: the path's days would be means over different pairs")
    rng = panel.rng(chosen[0], chosen[1], 5)
    cars = daily.cumsum(axis=1)
    found = _by_covariance(abnormal, chosen, paths, rng) if method == "covariance" else _by_signs(panel, cars, paths)
    if isinstance(found, Inapplicable):
        return found
    se, largest, alone = found
    caar, critical = cars.mean(axis=0), float(np.quantile(largest, level))
    return PathBand(
        offsets=np.arange(chosen[0], chosen[1] + 1), caar=caar, se=se, critical=critical,
        pointwise=alone.critical(1.0 - level), low=caar - critical * se, high=caar + critical * se, level=level,
        unit=abnormal.units[0], n_pairs=abnormal.n_pairs,
    )  # fmt: skip


def path_covariance(abnormal: AbnormalReturns, window: Offsets) -> FloatArray:
    """Forecast covariance of the running sums of each pair, shape (N, L, L), in squared units."""
    x = abnormal.design[:, abnormal.columns(window)].cumsum(axis=1)
    days = np.arange(1, x.shape[1] + 1, dtype=np.float64)
    estimated = np.einsum("njk,nkl,nml->njm", x, abnormal.gram_inv, x, optimize=True)
    return np.asarray(abnormal.sigma[:, None, None] ** 2 * (np.minimum.outer(days, days) + estimated))


def _by_covariance(
    abnormal: AbnormalReturns, window: Offsets, paths: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, Stat]:
    """Standard errors of CAAR, simulated largest |t| and the law of one day."""
    covariance = path_covariance(abnormal, window).sum(axis=0) / abnormal.n_pairs**2
    se = np.sqrt(np.diag(covariance))
    root = np.linalg.cholesky(covariance / np.outer(se, se))
    drawn = rng.standard_normal((paths, se.size)) @ root.T
    dof = float(abnormal.dof[0]) if abnormal.n_pairs == 1 else np.inf
    if np.isfinite(dof):
        drawn /= np.sqrt(rng.chisquare(dof, (paths, 1)) / dof)
    return se, np.abs(drawn).max(axis=1), Stat(0.0, dof)


def _by_signs(panel: Panel, cars: FloatArray, paths: int) -> tuple[FloatArray, FloatArray, Stat] | Inapplicable:
    deviations = group_sums(cars - cars.mean(axis=0), panel.clusters) / len(cars)
    groups = len(deviations)
    refused = refuse_below(2, len(cars), "one series and one event have no cross-section")
    if refused or groups < 2:
        return refused or Inapplicable("all pairs share one event date: one sign to flip says nothing")
    se = np.sqrt((deviations**2).sum(axis=0) * groups / (groups - 1.0))
    if not (se > 0.0).all():
        return Inapplicable("all pairs have the same path: no cross-sectional variation")
    signs, _ = sign_patterns(groups, paths, panel.rng(6))
    # Each draw is studentised by its own spread: flips leave the sum of squares, the mean moves.
    sums = signs @ deviations
    squares = (deviations**2).sum(axis=0)
    spread = np.sqrt(np.maximum(squares - sums**2 / groups, 1e-300) * groups / (groups - 1.0))
    return se, np.abs(sums / spread).max(axis=1), Stat(0.0, groups - 1.0)


def pre_event_drift(result: StudyData, statistic: str | None = None) -> TestResult:
    """Test of the sessions before day 0, ``[first, -1]``: drift there means a leak, anticipation or a bad model.

    Parameters
    ----------
    statistic : str, optional
        Key of a statistic across pairs; None: ``bmp_t`` from two pairs on, and for one pair its ``t`` with forecast
        error.

    Returns
    -------
    TestResult
        With a reason instead of numbers where the statistic does not exist.

    Raises
    ------
    NothingUsableError
        When no pair was used.
    InputError
        When the event window does not begin before day 0.
    UnknownNameError
        When there is no such statistic.
    """
    panel = panel_of(result)
    first = panel.event[0]
    if first > -1:
        raise InputError(f"the event window {panel.event} begins at day {first}: no session before the event to test")
    window, abnormal = (first, -1), panel.abnormal
    units = sorted(set(abnormal.units))
    view = panel_view(panel, window)
    key = statistic or ("bmp_t" if abnormal.n_pairs > 1 else "t_fe")
    found: Finding | Inapplicable
    if len(units) > 1:
        found = Inapplicable(f"pairs in different units ({', '.join(units)}) have no common mean")
    elif key == "t_fe" and abnormal.n_pairs == 1:
        found = _forecast_t(abnormal, window, panel.alpha)
    else:
        found = PANEL_STATISTICS[key].obj(view)
    events = {event for event, _ in abnormal.pairs}
    base = TestResult(
        event=events.pop() if len(events) == 1 else None, instrument=None, window=window, statistic=key, unit=units[0],
        n_pairs=view.n, n_dates=int(np.unique(view.clusters).size),
    )  # fmt: skip
    return with_finding(base, found)


def _forecast_t(abnormal: AbnormalReturns, window: Offsets, alpha: float) -> Finding | Inapplicable:
    car = abnormal.car(window)
    if car.length[0] == 0:
        return Inapplicable(f"no session of [{window[0]},{window[1]}] has a response")
    estimate, se = float(car.car[0]), float(car.se[0])
    stat = Stat(estimate / se, float(abnormal.dof[0]))
    half = stat.critical(alpha) * se
    return Finding(estimate, stat.pvalue, stat.value, se, estimate - half, estimate + half, law=stat.law, dof=stat.dof)
