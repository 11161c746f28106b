"""Abnormal volatility around one announcement: a multiplier per day and its sum over the days after."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import pandas as pd

from eventstudy._typing import DateArray, FloatArray, IntArray, Record
from eventstudy.domain.intraday import iso_words
from eventstudy.errors import InputError
from eventstudy.kernels.resample import upper_pvalue
from eventstudy.volatility.base import Origin, VarianceModel
from eventstudy.volatility.cumulative import (
    LONGEST,
    CumulativeTest,
    Multipliers,
    by_chi_square,
    by_placebo,
    by_simulation,
    constant_model,
    multipliers,
)
from eventstudy.volatility.diagnostics import ARCH_LAGS, LAGS, diagnose
from eventstudy.volatility.news import NewsImpact
from eventstudy.volatility.persistence import Persistence, half_life_of, measure_persistence

_FROM = {"event": "forecast from session -1", "gap": "forecast from before the gap"}
_SIMULATED = "assumes the fitted recursion; with the error of its coefficients"


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
        Variance forecast from session -1 (or from before the gap, see `origin`), in squared units.
    multiplier : ndarray, shape (L + 1,)
        Squared residual over `expected`; 1 on average when nothing happened. Day 0 repeats the return test
        and is never evidence of volatility.
    multiplier_constant : ndarray, shape (L + 1,)
        The same against the constant variance of the sample.
    null_low, null_high : ndarray, shape (L + 1,)
        Simulated range of the multipliers of an undisturbed path, 95% unless the study says otherwise.
    pvalue_day : ndarray, shape (L + 1,)
        Simulated upper-tail p of each day.
    days, last : int
        Days 1..L that entered the sum, and L: at most 21, beyond which the measured size does not hold.
    cav : float
        Cumulative abnormal volatility: sum of (multiplier - 1) over days 1..L.
    mean_multiplier, low, high : float
        Average multiplier of days 1..L and the interval of a constant variance multiple: what both tests below keep.
    pvalue, smallest_p : float
        The larger upper-tail p of `simulated` and `placebo`, as in the verdict on returns.
    origin : str
        Where the forecast starts.
    simulated, placebo : CumulativeTest or None
        The sum among simulated paths, and the local-scale mean square among dates of the sample; None when there is
        no response.
    beside : tuple of CumulativeTest
        For comparison: the other origin, constant variance, chi-square.
    persistence : Persistence or None
        Onset, peak, half-life, return to baseline.
    fan : ndarray, shape (4, L + 1)
        Quantiles alpha/2, 1/4, 3/4, 1 - alpha/2 of the conditional variance along undisturbed paths; of bars, as
        `usual`, without the pattern of the day.
    sum_low, sum_high : ndarray, shape (L,)
        Range of the running sum of (multiplier - 1) over days 1.. along undisturbed paths, one day at a time.
    news : NewsImpact, str or None
        News impact before and after; the reason, when there is none.
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
    last: int = 0
    cav: float = math.nan
    mean_multiplier: float = math.nan
    low: float = math.nan
    high: float = math.nan
    pvalue: float = math.nan
    smallest_p: float = math.nan
    origin: Origin = "event"
    simulated: CumulativeTest | None = None
    placebo: CumulativeTest | None = None
    beside: tuple[CumulativeTest, ...] = ()
    persistence: Persistence | None = None
    fan: FloatArray = field(default_factory=lambda: np.empty((4, 0)))
    sum_low: FloatArray = field(default_factory=lambda: np.empty(0))
    sum_high: FloatArray = field(default_factory=lambda: np.empty(0))
    news: NewsImpact | str | None = None

    @property
    def applicable(self) -> bool:
        """Whether there is a number."""
        return not self.reason

    @property
    def usual(self) -> FloatArray:
        """Of bars `expected` without the pattern of the day, as pictures show it; of daily prices `expected` itself."""
        if self.model is None or self.model.hours is None:
            return self.expected
        return np.asarray(self.expected / self.model.hours.at(self.offsets) ** 2)

    def raised(self, alpha: float) -> bool:
        """Whether the days after stand out: p at or below alpha and an interval above 1."""
        return self.applicable and self.pvalue <= alpha and self.low > 1.0

    def diagnostics(self, *, lags: int = LAGS, arch_lags: int = ARCH_LAGS) -> pd.DataFrame:
        """Tests of what the variance model left in its fitting sample; see `diagnose`.

        Raises
        ------
        InputError
            When no variance could be measured.
        """
        if self.model is None:
            raise InputError(f"no variance model, so nothing to test: {self.reason}")
        return diagnose(self.model.shocks, lags=lags, arch_lags=arch_lags)

    @property
    def ways(self) -> tuple[CumulativeTest, ...]:
        """Every way in which the sum was judged, those that decide first."""
        return (*(t for t in (self.simulated, self.placebo) if t is not None), *self.beside)

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
            "sample_first": iso_words(m.dates[0]),
            "sample_last": iso_words(m.dates[m.n_fit - 1]),
            "omega": float(p.omega),
            "alpha": float(p.alpha),
            "gamma": float(p.gamma),
            "beta": float(p.beta),
            "shape": m.fit.shape if m.fit else math.nan,
            "persistence": float(p.persistence),
            "half_life": m.half_life,
            "loglik": m.fit.loglik if m.fit else math.nan,
            "diagnostics": self.diagnostics().rename_axis("test").reset_index().to_dict("records"),
            "window": [1, self.last],
            "days": self.days,
            "cav": self.cav,
            "mean_multiplier": self.mean_multiplier,
            "low": self.low,
            "high": self.high,
            "p": self.pvalue,
            "smallest_p": self.smallest_p,
            "origin": self.origin,
            "ways": [{("p" if k == "pvalue" else k): v for k, v in asdict(t).items()} for t in self.ways],
            "course": self.persistence.to_record() if self.persistence is not None else None,
            "news_impact": self.news.to_record() if isinstance(self.news, NewsImpact) else {"reason": self.news or ""},
            "by_day": [
                {**row, "date": iso_words(date)}
                for row, date in zip(self.to_frame().to_dict("records"), self.dates, strict=True)
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
    origin: Origin = "event",
    others: Sequence[int] = (),
) -> VolatilityResponse:
    """Compare the residuals of days 0..`last` with the variance that was to be expected.

    Parameters
    ----------
    last : int
        Last day shown; the sum ends at day 21 at the latest.
    origin : {"event", "gap"}
        The forecast starts the session before day 0, or before the gap.
    others : sequence of int
        Sessions of other announcements, which placebo dates keep clear of.

    Notes
    -----
    The sum of squared residuals over k-step forecasts is not chi-square even with known parameters, so its
    p-value is simulated: shocks from the fitted sample, coefficients from their covariance, divided by the
    same forecast that the data are divided by. Where the level of variance drifts over years that is not enough; the
    mean square over the 20 sessions before, among the dates of the sample, is asked too, and the larger p counts.
    """
    found = multipliers(model, last=last, origin=origin, draws=draws, rng=rng)
    if isinstance(found, str):
        return no_response(event, instrument, unit, found)
    end = int(found.offsets[(found.offsets <= LONGEST)].max())
    if end < 1:
        return no_response(event, instrument, unit, f"no session of days 1 to {LONGEST} has a residual")
    after = (found.offsets >= 1) & (found.offsets <= end)
    main = by_simulation(found, end, alpha, f"simulated paths, {_FROM[origin]}", _SIMULATED)
    placebo = by_placebo(model, found, end, np.asarray(others, dtype=np.int64), alpha)
    both = [t for t in (main, placebo) if math.isfinite(t.pvalue)]
    band = np.quantile(found.simulated, [alpha / 2.0, 1.0 - alpha / 2.0], axis=1)
    running = np.quantile(
        (found.simulated[found.offsets >= 1] - 1.0).cumsum(axis=0), [alpha / 2.0, 1.0 - alpha / 2.0], 1
    )
    constant = float(np.mean(model.residual[: model.n_fit] ** 2))
    expected = found.expected if model.hours is None else found.expected * model.hours.at(found.offsets) ** 2
    response = VolatilityResponse(
        event=event, instrument=instrument, unit=unit, model=model, offsets=found.offsets,
        dates=model.dates[found.rows], expected=expected, multiplier=found.value,
        multiplier_constant=model.residual[found.rows] ** 2 / constant, null_low=band[0], null_high=band[1],
        pvalue_day=np.array([upper_pvalue(m, s) for m, s in zip(found.value, found.simulated, strict=True)]),
        days=int(after.sum()), last=end, cav=float((found.value[after] - 1.0).sum()), mean_multiplier=main.multiple,
        low=min(t.low for t in both), high=max(t.high for t in both), pvalue=max(t.pvalue for t in both),
        smallest_p=max(t.smallest_p for t in both), origin=origin, simulated=main, placebo=placebo,
        beside=_beside(model, found, end, origin, draws, alpha, rng), sum_low=running[0], sum_high=running[1],
    )  # fmt: skip
    course = _persistence(response, found, draws, alpha, rng)
    return replace(response, persistence=course, fan=_fan(model, found.offsets, origin, draws, alpha, rng))


def _fan(
    model: VarianceModel, offsets: IntArray, origin: Origin, draws: int, alpha: float, rng: np.random.Generator
) -> FloatArray:
    """Quantiles of the conditional variance along undisturbed paths, shape (4, D)."""
    first = 0 if origin == "event" else int(model.offsets[model.n_fit])
    steps = int(offsets[-1]) - first + 1
    paths = model.paths(first, steps, draws, rng)
    h = np.empty_like(paths)
    h[0] = model.variance[model.row_of(first)]
    for k in range(1, steps):
        h[k] = model.params.step(paths[k - 1], h[k - 1])
    levels = [alpha / 2.0, 0.25, 0.75, 1.0 - alpha / 2.0]
    return np.asarray(np.quantile(h[offsets - first], levels, axis=1))


def _beside(
    model: VarianceModel, found: Multipliers, end: int, origin: Origin, draws: int, alpha: float,
    rng: np.random.Generator,
) -> tuple[CumulativeTest, ...]:  # fmt: skip
    """The other origin, constant variance where the model has another, and chi-square."""
    other: Origin = "gap" if origin == "event" else "event"
    rows = [(model, other, f"simulated paths, {_FROM[other]}", _SIMULATED)]
    if model.method != "constant":
        note = "assumes that variance does not move: independent draws of the sample"
        rows.append((constant_model(model), origin, "constant variance", note))
    ways = []
    for one, start, method, note in rows:
        again = multipliers(one, last=end, origin=start, draws=draws, rng=rng)
        ways.append(
            CumulativeTest(method=method, note=again)
            if isinstance(again, str)
            else by_simulation(again, end, alpha, method, note)
        )
    return (*ways, by_chi_square(found, end, alpha))


def _persistence(
    response: VolatilityResponse, found: Multipliers, draws: int, alpha: float, rng: np.random.Generator
) -> Persistence:
    assert response.model is not None
    why_not = ""
    if not response.raised(alpha):
        why_not = f"days 1 to {response.last} are not called raised (p = {response.pvalue:.3g}): nothing to follow"
    after = found.offsets >= 1
    return measure_persistence(
        found.offsets[after], found.value[after], found.simulated[after],
        half_life_of(response.model, draws, alpha, rng), why_not=why_not, alpha=alpha,
    )  # fmt: skip
