"""The sum of the multipliers after day 0, judged by simulation, by placebo dates, by chi-square, by other models."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from eventstudy._typing import FloatArray, IntArray
from eventstudy.domain.align import near_rows
from eventstudy.domain.windows import CLEAR_OF_EVENTS
from eventstudy.kernels.garch import GarchParams
from eventstudy.kernels.resample import smallest_pvalue, upper_pvalue
from eventstudy.volatility.base import Origin, VarianceModel

#: Last day that enters the sum: measured sizes hold up to here (docs/methods/volatility.md).
LONGEST = 21
#: Sessions before a window whose mean square is its local scale of variance, as for returns.
LOCAL_SESSIONS = 20
#: With fewer placebo windows no p can reach 5%.
MIN_WINDOWS = 19


@dataclass(frozen=True, slots=True, kw_only=True)
class CumulativeTest:
    """One way to judge the variance of days 1..L.

    Attributes
    ----------
    method : str
        In words.
    multiple, low, high : float
        Variance over what was expected, and the interval that inverts the test.
    pvalue, smallest_p : float
        Upper tail.
    note : str
        What it assumes, or why there is no number.
    """

    method: str
    multiple: float = math.nan
    low: float = math.nan
    high: float = math.nan
    pvalue: float = math.nan
    smallest_p: float = math.nan
    note: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Multipliers:
    """Squared residuals of days 0..L over their forecast, with those of simulated paths.

    Attributes
    ----------
    offsets : ndarray, shape (D,)
    expected, value : ndarray, shape (D,)
    simulated : ndarray, shape (D, B)
    rows : ndarray, shape (D,)
        Their rows in the variance model.
    """

    offsets: IntArray
    expected: FloatArray
    value: FloatArray
    simulated: FloatArray
    rows: IntArray


def multipliers(
    model: VarianceModel, *, last: int, origin: Origin, draws: int, rng: np.random.Generator
) -> Multipliers | str:
    """Compare days 0..`last` with the forecast from session -1, or from the end of the fitting sample (``gap``)."""
    rows = np.flatnonzero((model.offsets >= 0) & (model.offsets <= last))
    offsets = model.offsets[rows]
    if not (offsets >= 1).any():
        return "no session after day 0 has a residual"
    first = 0 if origin == "event" else int(model.offsets[model.n_fit])
    at = offsets - first
    expected = model.forecast(first, last - first + 1)[at]
    paths = model.uncertain_paths(first, last - first + 1, draws, rng)[at]
    value = model.residual[rows] ** 2 / expected
    return Multipliers(
        offsets=offsets, expected=expected, value=value, simulated=paths**2 / expected[:, None], rows=rows
    )


def by_simulation(found: Multipliers, last: int, alpha: float, method: str, note: str) -> CumulativeTest:
    """Rank of the sum of days 1..`last` among the sums of simulated paths.

    A variance c times the expected one scales every simulated sum by c: the interval inverts that.
    """
    after = (found.offsets >= 1) & (found.offsets <= last)
    total, totals = float(found.value[after].sum()), found.simulated[after].sum(axis=0)
    spread = np.quantile(totals, [1.0 - alpha / 2.0, alpha / 2.0])
    return CumulativeTest(
        method=method, multiple=total / float(after.sum()), low=total / float(spread[0]), high=total / float(spread[1]),
        pvalue=upper_pvalue(total, totals), smallest_p=smallest_pvalue(totals.size), note=note,
    )  # fmt: skip


def by_placebo(model: VarianceModel, found: Multipliers, last: int, others: IntArray, alpha: float) -> CumulativeTest:
    """Rank of the mean square of days 1..`last`, over that of the 20 sessions before day 0, among the fitting sample.

    Parameters
    ----------
    others : ndarray of int
        Sessions of other announcements: no placebo day 0 lies within ten sessions of them.
    """
    method = f"placebo dates{' at the same clock time' if model.clock is not None else ''}, local scale of "
    method += f"{LOCAL_SESSIONS} sessions"
    after = found.rows[(found.offsets >= 1) & (found.offsets <= last)]
    days, start, first = after.size, int(after[0]), int(found.rows[0])
    squares = np.concatenate(([0.0], np.cumsum(model.residual**2)))
    zero = np.arange(LOCAL_SESSIONS, model.n_fit - days)
    known = np.searchsorted(model.offsets, others[(others >= model.offsets[0]) & (others <= model.offsets[-1])])
    near = near_rows(known.tolist(), model.offsets.size, before=CLEAR_OF_EVENTS, after=CLEAR_OF_EVENTS)
    zero = zero[~near[zero]]
    if model.clock is not None:
        zero = zero[model.clock[zero] == model.clock[first]]
    scale = (squares[zero] - squares[zero - LOCAL_SESSIONS]) / LOCAL_SESSIONS
    own_scale = (squares[first] - squares[first - LOCAL_SESSIONS]) / LOCAL_SESSIONS
    usable = scale > 0.0
    if usable.sum() < MIN_WINDOWS or not own_scale > 0.0:
        why = f"{int(usable.sum())} placebo windows inside the sample; with fewer than {MIN_WINDOWS} no p can reach 5%"
        return CumulativeTest(method=method, note=why)
    ratios = (squares[zero + days + 1] - squares[zero + 1])[usable] / scale[usable]
    own = float((squares[start + days] - squares[start]) / own_scale)
    spread = np.quantile(ratios, [1.0 - alpha / 2.0, alpha / 2.0])
    note = f"{ratios.size} windows; assumes that variance drifts slowly beside {LOCAL_SESSIONS} sessions"
    return CumulativeTest(
        method=method, multiple=own / float(ratios.mean()), low=own / float(spread[0]),
        high=own / float(spread[1]) if spread[1] > 0.0 else math.inf, pvalue=upper_pvalue(own, ratios),
        smallest_p=smallest_pvalue(ratios.size), note=note,
    )  # fmt: skip


def by_chi_square(found: Multipliers, last: int, alpha: float) -> CumulativeTest:
    """The sum against chi-square: for comparison, never for a verdict."""
    after = (found.offsets >= 1) & (found.offsets <= last)
    total, days = float(found.value[after].sum()), int(after.sum())
    law = stats.chi2(days)
    return CumulativeTest(
        method=f"chi-square({days})", multiple=total / days, low=total / float(law.isf(alpha / 2.0)),
        high=total / float(law.ppf(alpha / 2.0)), pvalue=float(law.sf(total)), smallest_p=0.0,
        note="assumes normal shocks, known coefficients and one-step forecasts: it rejects too often over many days",
    )  # fmt: skip


def constant_model(model: VarianceModel) -> VarianceModel:
    """The same residuals with the constant variance of the fitting sample."""
    before = model.residual[: model.n_fit]
    level, zero = float(np.mean(before**2)), np.asarray(0.0)
    return replace(
        model, method="constant", problem="constant variance, for comparison",
        params=GarchParams(np.asarray(level), zero, zero, zero), variance=np.full_like(model.variance, level),
        shocks=before / math.sqrt(level),
    )  # fmt: skip
