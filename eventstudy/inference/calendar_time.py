"""The calendar-time portfolio: one mean a date, so pairs that share a date are one observation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from statsmodels.regression.linear_model import OLS  # type: ignore[import-untyped]

from eventstudy._typing import DateArray, FloatArray, IntArray
from eventstudy.abnormal import AbnormalReturns
from eventstudy.domain.windows import Offsets
from eventstudy.errors import InputError
from eventstudy.inference.base import Finding
from eventstudy.inference.studies import StudyData, panel_of
from eventstudy.kernels.stats import Inapplicable, Stat

Frequency = Literal["daily", "monthly"]
Errors = Literal["newey_west", "HC1"]

#: Fewer periods leave the variance of their mean to chance.
MIN_PERIODS = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class CalendarPortfolio:
    """Mean abnormal response per date of all pairs whose window covers it.

    Attributes
    ----------
    periods : ndarray of datetime64[D], shape (T,)
        Dates, or first days of months.
    response : ndarray, shape (T,)
        Mean over the active pairs; of a month, the sum over its dates. With `standardised`, in standard deviations.
    active : ndarray, shape (T,)
        Pairs behind each value (of a month: the most on one date).
    finding : Finding or Inapplicable
        Mean per period against zero.
    lags : int
        Of the Newey-West variance; 0: heteroskedasticity only.
    """

    periods: DateArray
    response: FloatArray
    active: IntArray
    finding: Finding | Inapplicable
    lags: int

    def to_frame(self) -> pd.DataFrame:
        """One row a period: period, response, active."""
        return pd.DataFrame({"period": self.periods, "response": self.response, "active": self.active})


def calendar_time(
    result: StudyData,
    window: Offsets,
    *,
    frequency: Frequency = "daily",
    errors: Errors = "newey_west",
    lags: int | None = None,
    standardised: bool = False,
) -> CalendarPortfolio:
    """Mean daily or monthly abnormal response of the portfolio of pairs in their post-event window.

    After Jaffe (1974, J. Business 47:410-428) and Mandelker (1974, J. Financial Economics 1:303-335): cross-correlation
    among pairs is inside the portfolio's own variance.

    Parameters
    ----------
    window : (int, int)
        Sessions that a pair stays in the portfolio, such as (1, 20); inside the event window.
    frequency : {"daily", "monthly"}
    errors : {"newey_west", "HC1"}
    lags : int, optional
        None: ``floor(4 (T / 100)^(2/9))`` (Newey & West 1994).
    standardised : bool
        Divide each pair's response by its forecast standard error first (Jaffe 1974): quiet and turbulent pairs weigh
        alike.

    Raises
    ------
    NothingUsableError
        When no pair was used.
    InputError
        When the window leaves the event window, pairs differ in unit, or an option is unknown.
    """
    panel = panel_of(result)
    abnormal = panel.abnormal
    if not panel.event[0] <= window[0] <= window[1] <= panel.event[1]:
        raise InputError(f"window {window} does not lie in the event window {panel.event}")
    if frequency not in ("daily", "monthly") or errors not in ("newey_west", "HC1"):
        raise InputError("frequency is 'daily' or 'monthly', errors 'newey_west' or 'HC1'")
    if lags is not None and lags < 0:
        raise InputError(f"lags = {lags} must be zero or more")
    if len(set(abnormal.units)) > 1 and not standardised:
        raise InputError(f"pairs in different units ({', '.join(sorted(set(abnormal.units)))}) have no common mean")
    periods, response, active = _portfolio(abnormal, window, standardised=standardised)
    if frequency == "monthly":
        month, inverse = np.unique(periods.astype("datetime64[M]"), return_inverse=True)
        periods, response = (
            month.astype("datetime64[D]"),
            np.asarray(np.bincount(inverse, weights=response), dtype=np.float64),
        )
        most = np.zeros(month.size, dtype=np.int64)
        np.maximum.at(most, inverse, active)
        active = most
    used = 0 if errors == "HC1" else _lags(response.size) if lags is None else lags
    return CalendarPortfolio(
        periods=periods,
        response=response,
        active=active,
        finding=_mean_test(response, used, panel.alpha),
        lags=used,
    )


def _lags(periods: int) -> int:
    return int(np.floor(4.0 * (periods / 100.0) ** (2.0 / 9.0)))


def _portfolio(
    abnormal: AbnormalReturns, window: Offsets, *, standardised: bool
) -> tuple[DateArray, FloatArray, IntArray]:
    cut = abnormal.columns(window)
    values = (abnormal.sar() if standardised else abnormal.ar)[:, cut]
    known = np.isfinite(values)
    dates, row = np.unique(abnormal.dates[:, cut][known], return_inverse=True)
    count = np.bincount(row, minlength=dates.size)
    mean = np.bincount(row, weights=values[known], minlength=dates.size) / np.maximum(count, 1)
    return dates, mean, np.asarray(count, dtype=np.int64)


def _mean_test(response: FloatArray, lags: int, alpha: float) -> Finding | Inapplicable:
    """Regression on a constant with a robust covariance and small-sample correction, t(T - 1)."""
    n = response.size
    if n < MIN_PERIODS:
        return Inapplicable(f"{n} periods: needs at least {MIN_PERIODS}")
    if response.std(ddof=1) <= 1e-12 * np.abs(response).max():
        return Inapplicable("the portfolio's response does not vary")
    model = OLS(response, np.ones((n, 1)))
    kind, options = ("HAC", {"maxlags": min(lags, n - 1), "use_correction": True}) if lags else ("HC1", {})
    fit = model.fit(cov_type=kind, cov_kwds=options, use_t=True)
    estimate, se = float(fit.params[0]), float(fit.bse[0])
    stat = Stat(estimate / se, float(n - 1))
    half = stat.critical(alpha) * se
    return Finding(estimate, stat.pvalue, stat.value, se, estimate - half, estimate + half, law=stat.law, dof=stat.dof)
