"""Abnormal volatility around one announcement: a multiplier per day and its sum over the days after."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from eventstudy._typing import DateArray, FloatArray, IntArray, Record
from eventstudy.kernels.resample import smallest_pvalue, upper_pvalue
from eventstudy.volatility.base import VarianceModel


@dataclass(frozen=True, kw_only=True, eq=False)
class VolatilityResponse:
    """Realised against expected variance on days 0..L of one pair.

    Attributes
    ----------
    event, instrument, unit : str
    model : VarianceModel or None
        None when no variance could be measured; `reason` then says why.
    reason : str
    offsets : ndarray, shape (L + 1,)
        0..L, those with a residual.
    dates : ndarray of datetime64[D], shape (L + 1,)
    expected : ndarray, shape (L + 1,)
        Variance forecast from session -1, in squared units.
    multiplier : ndarray, shape (L + 1,)
        Squared residual over `expected`; 1 on average when nothing happened. Day 0 repeats the return test
        and is never evidence of volatility.
    multiplier_constant : ndarray, shape (L + 1,)
        The same against the constant variance of the sample.
    null_low, null_high : ndarray, shape (L + 1,)
        Simulated range of the multipliers of an undisturbed path, 95% unless the study says otherwise.
    pvalue_day : ndarray, shape (L + 1,)
        Simulated upper-tail p of each day.
    days : int
        Days 1..L that entered the sum.
    cav : float
        Cumulative abnormal volatility: sum of (multiplier - 1) over days 1..L.
    mean_multiplier, low, high : float
        Average multiplier of days 1..L and the interval of a constant variance multiple.
    pvalue, smallest_p : float
        Simulated upper-tail p of the sum.
    """

    event: str
    instrument: str
    unit: str
    model: VarianceModel | None
    reason: str = ""
    offsets: IntArray
    dates: DateArray
    expected: FloatArray
    multiplier: FloatArray
    multiplier_constant: FloatArray
    null_low: FloatArray
    null_high: FloatArray
    pvalue_day: FloatArray
    days: int = 0
    cav: float = math.nan
    mean_multiplier: float = math.nan
    low: float = math.nan
    high: float = math.nan
    pvalue: float = math.nan
    smallest_p: float = math.nan

    @property
    def applicable(self) -> bool:
        """Whether there is a number."""
        return not self.reason

    def to_frame(self) -> pd.DataFrame:
        """One row a day: offset, date, expected_sd, multiplier, multiplier_constant, null_low, null_high, p."""
        return pd.DataFrame(
            {
                "offset": self.offsets,
                "date": self.dates,
                "expected_sd": np.sqrt(self.expected),
                "multiplier": self.multiplier,
                "multiplier_constant": self.multiplier_constant,
                "null_low": self.null_low,
                "null_high": self.null_high,
                "p": self.pvalue_day,
            }
        )

    def to_record(self) -> Record:
        """Plain dict for JSON; parameters in the pair's own units."""
        record: Record = {"event": self.event, "instrument": self.instrument, "reason": self.reason}
        if self.model is None:
            return record
        m, p = self.model, self.model.params
        return record | {
            "method": m.method,
            "model": m.label,
            "problem": m.problem,
            "engine": m.fit.engine if m.fit else "",
            "n_sessions": m.n_fit,
            "sample_first": str(m.dates[0]),
            "sample_last": str(m.dates[m.n_fit - 1]),
            "omega": float(p.omega),
            "alpha": float(p.alpha),
            "gamma": float(p.gamma),
            "beta": float(p.beta),
            "shape": m.fit.shape if m.fit else math.nan,
            "persistence": float(p.persistence),
            "half_life": m.half_life,
            "loglik": m.fit.loglik if m.fit else math.nan,
            "window": [1, int(self.offsets[-1])],
            "days": self.days,
            "cav": self.cav,
            "mean_multiplier": self.mean_multiplier,
            "low": self.low,
            "high": self.high,
            "p": self.pvalue,
            "smallest_p": self.smallest_p,
            "by_day": [
                {**row, "date": str(np.datetime64(row["date"], "D"))} for row in self.to_frame().to_dict("records")
            ],
        }


def no_response(event: str, instrument: str, unit: str, reason: str) -> VolatilityResponse:
    """A response that does not exist, and why."""
    none, empty = np.empty(0), np.empty(0, dtype=np.int64)
    return VolatilityResponse(
        event=event, instrument=instrument, unit=unit, model=None, reason=reason, offsets=empty,
        dates=np.empty(0, dtype="datetime64[D]"), expected=none, multiplier=none, multiplier_constant=none,
        null_low=none, null_high=none, pvalue_day=none,
    )  # fmt: skip


def measure_response(
    event: str,
    instrument: str,
    unit: str,
    model: VarianceModel,
    *,
    last: int,
    draws: int,
    alpha: float,
    rng: np.random.Generator,
) -> VolatilityResponse:
    """Compare the residuals of days 0..`last` with the variance forecast from session -1.

    Notes
    -----
    The sum of squared residuals over k-step forecasts is not chi-square even with known parameters, so its
    p-value is simulated: shocks from the fitted sample, coefficients from their covariance, divided by the
    same forecast that the data are divided by.
    """
    inside = (model.offsets >= 0) & (model.offsets <= last)
    offsets, e = model.offsets[inside], model.residual[inside]
    if offsets.size == 0 or not (offsets >= 1).any():
        return no_response(event, instrument, unit, "no session after day 0 has a residual")
    expected = model.forecast(0, last + 1)[offsets]
    constant = float(np.mean(model.residual[: model.n_fit] ** 2))
    paths = model.uncertain_paths(0, last + 1, draws, rng)[offsets]
    simulated = paths**2 / expected[:, None]
    multiplier = e**2 / expected
    after = offsets >= 1
    total, totals = float(multiplier[after].sum()), simulated[after].sum(axis=0)
    days = int(after.sum())
    band = np.quantile(simulated, [alpha / 2.0, 1.0 - alpha / 2.0], axis=1)
    spread = np.quantile(totals, [1.0 - alpha / 2.0, alpha / 2.0])
    return VolatilityResponse(
        event=event,
        instrument=instrument,
        unit=unit,
        model=model,
        offsets=offsets,
        dates=model.dates[inside],
        expected=expected,
        multiplier=multiplier,
        multiplier_constant=e**2 / constant,
        null_low=band[0],
        null_high=band[1],
        pvalue_day=np.array([upper_pvalue(m, s) for m, s in zip(multiplier, simulated, strict=True)]),
        days=days,
        cav=total - days,
        mean_multiplier=total / days,
        # A variance c times the expected one scales every simulated sum by c: invert that.
        low=total / float(spread[0]),
        high=total / float(spread[1]),
        pvalue=upper_pvalue(total, totals),
        smallest_p=smallest_pvalue(draws),
    )
