"""Abnormal returns and their sums, with the full forecast covariance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from eventstudy._typing import BoolArray, DateArray, FloatArray, IntArray
from eventstudy.domain.align import AlignedSample
from eventstudy.domain.windows import Offsets
from eventstudy.kernels.ols import quadratic
from eventstudy.models.base import FittedModel


@dataclass(frozen=True, kw_only=True, eq=False)
class Car:
    """Cumulative abnormal responses of N pairs over one window.

    Attributes
    ----------
    window : (int, int)
    car : ndarray, shape (N,)
        Sum of the abnormal responses that exist, in the pair's unit; NaN where none does.
    length : ndarray, shape (N,)
        Sessions summed, L.
    se_naive : ndarray, shape (N,)
        ``s sqrt(L)``, which ignores that the model was estimated.
    se : ndarray, shape (N,)
        ``s sqrt(L + x'(X'X)^-1 x)``, x summed over the window (Mikkelson & Partch 1988; Salinger 1992).
    scar : ndarray, shape (N,)
        ``car / se``.
    csar : ndarray, shape (N,)
        Sum of the daily standardised abnormal responses.
    """

    window: Offsets
    car: FloatArray
    length: IntArray
    se_naive: FloatArray
    se: FloatArray
    scar: FloatArray
    csar: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class AbnormalReturns:
    """Abnormal responses of N pairs on T offsets, estimation window included.

    Attributes
    ----------
    pairs : tuple of (str, str), length N
    units : tuple of str, length N
    offsets : ndarray, shape (T,)
    dates : ndarray of datetime64[D], shape (N, T)
    ar : ndarray, shape (N, T)
        Response minus expectation, in the pair's unit; NaN where there is no response.
    response, level : ndarray, shape (N, T)
    estimation : ndarray, shape (N, T)
        Sessions on which the model was fitted.
    sigma : ndarray, shape (N,)
    dof : ndarray, shape (N,)
    design : ndarray, shape (N, T, K)
        Zero columns pad pairs with fewer regressors.
    gram_inv : ndarray, shape (N, K, K)
    params : tuple of dict, length N
        Coefficient name -> value.
    """

    pairs: tuple[tuple[str, str], ...]
    units: tuple[str, ...]
    offsets: IntArray
    dates: DateArray
    ar: FloatArray
    response: FloatArray
    level: FloatArray
    estimation: BoolArray
    sigma: FloatArray
    dof: IntArray
    design: FloatArray
    gram_inv: FloatArray
    params: tuple[dict[str, float], ...]

    @property
    def n_pairs(self) -> int:
        """Number of pairs, N."""
        return len(self.pairs)

    def columns(self, window: Offsets) -> slice:
        """Columns of the offsets ``window[0]..window[1]``."""
        start = int(window[0] - self.offsets[0])
        return slice(start, start + window[1] - window[0] + 1)

    def se_day(self) -> FloatArray:
        """Forecast standard error of each day's abnormal response, shape (N, T)."""
        return self.sigma[:, None] * np.sqrt(1.0 + quadratic(self.design, self.gram_inv))

    def sar(self) -> FloatArray:
        """Standardised abnormal responses ``AR / (s sqrt(C))``, shape (N, T) (Patell 1976)."""
        return self.ar / self.se_day()

    def car(self, window: Offsets) -> Car:
        """Sum over a window; sessions without a response are left out and L says so."""
        cut = self.columns(window)
        values = self.ar[:, cut]
        known = np.isfinite(values)
        length = known.sum(axis=1)
        exists = length > 0
        total = np.where(exists, np.where(known, values, 0.0).sum(axis=1), np.nan)
        x = np.where(known[..., None], self.design[:, cut], 0.0).sum(axis=1)
        se = self.sigma * np.sqrt(length + quadratic(x, self.gram_inv))
        se = np.where(exists, se, np.nan)
        day = self.sigma[:, None] * np.sqrt(1.0 + quadratic(self.design[:, cut], self.gram_inv))
        csar = np.where(exists, np.where(known, values / day, 0.0).sum(axis=1), np.nan)
        naive = np.where(exists, self.sigma * np.sqrt(length), np.nan)
        return Car(window=window, car=total, length=length, se_naive=naive, se=se, scar=total / se, csar=csar)

    def path(self, window: Offsets) -> tuple[FloatArray, FloatArray]:
        """Running sums from ``window[0]`` on, and their standard errors; both of shape (N, L)."""
        cars = [self.car((window[0], last)) for last in range(window[0], window[1] + 1)]
        return np.stack([c.car for c in cars], axis=1), np.stack([c.se for c in cars], axis=1)

    def take(self, rows: IntArray) -> AbnormalReturns:
        """The pairs in `rows`, in that order."""
        return AbnormalReturns(
            pairs=tuple(self.pairs[i] for i in rows), units=tuple(self.units[i] for i in rows), offsets=self.offsets,
            dates=self.dates[rows], ar=self.ar[rows], response=self.response[rows], level=self.level[rows],
            estimation=self.estimation[rows], sigma=self.sigma[rows], dof=self.dof[rows], design=self.design[rows],
            gram_inv=self.gram_inv[rows], params=tuple(self.params[i] for i in rows),
        )  # fmt: skip

    def to_frame(self, window: Offsets) -> pd.DataFrame:
        """One row a pair and session of `window`.

        Columns: event, instrument, offset, date, level, response, expected, ar, se, sar, unit. NaN (NaT) where a
        session has no response (no row).
        """
        cut = self.columns(window)
        n, length = self.ar[:, cut].shape
        event, instrument = zip(*self.pairs, strict=True) if self.pairs else ((), ())
        return pd.DataFrame(
            {
                "event": np.repeat(event, length),
                "instrument": np.repeat(instrument, length),
                "offset": np.tile(self.offsets[cut], n),
                "date": self.dates[:, cut].ravel(),
                "level": self.level[:, cut].ravel(),
                "response": self.response[:, cut].ravel(),
                "expected": (self.response - self.ar)[:, cut].ravel(),
                "ar": self.ar[:, cut].ravel(),
                "se": np.where(np.isfinite(self.ar), self.se_day(), np.nan)[:, cut].ravel(),
                "sar": self.sar()[:, cut].ravel(),
                "unit": np.repeat(self.units, length),
            }
        )


def abnormal_returns(sample: AlignedSample, fit: FittedModel) -> AbnormalReturns:
    """Response minus expectation for every offset of the sample."""
    return AbnormalReturns(
        pairs=sample.pairs,
        units=sample.units,
        offsets=sample.offsets,
        dates=sample.dates,
        ar=sample.response - fit.expected,
        response=sample.response,
        level=sample.levels,
        estimation=sample.estimation,
        sigma=fit.sigma,
        dof=fit.dof,
        design=np.where(np.isfinite(fit.design), fit.design, 0.0),
        gram_inv=fit.gram_inv,
        params=tuple(dict(zip(fit.names, map(float, row), strict=True)) for row in fit.params),
    )


def combine(parts: list[AbnormalReturns]) -> AbnormalReturns:
    """Pairs of several fits in one table; designs are padded with zeros to the widest."""
    k = max(p.design.shape[2] for p in parts)

    def padded(part: AbnormalReturns) -> tuple[FloatArray, FloatArray]:
        more = k - part.design.shape[2]
        return np.pad(part.design, ((0, 0), (0, 0), (0, more))), np.pad(part.gram_inv, ((0, 0), (0, more), (0, more)))

    wide = [padded(p) for p in parts]
    return AbnormalReturns(
        pairs=tuple(pair for p in parts for pair in p.pairs),
        units=tuple(u for p in parts for u in p.units),
        offsets=parts[0].offsets,
        dates=np.concatenate([p.dates for p in parts]),
        ar=np.concatenate([p.ar for p in parts]),
        response=np.concatenate([p.response for p in parts]),
        level=np.concatenate([p.level for p in parts]),
        estimation=np.concatenate([p.estimation for p in parts]),
        sigma=np.concatenate([p.sigma for p in parts]),
        dof=np.concatenate([p.dof for p in parts]),
        design=np.concatenate([w[0] for w in wide]),
        gram_inv=np.concatenate([w[1] for w in wide]),
        params=tuple(c for p in parts for c in p.params),
    )


def forecast_pvalue(t: FloatArray, dof: IntArray) -> FloatArray:
    """Two-sided p of ``CAR / se`` under Student's law with `dof` degrees of freedom."""
    return np.asarray(2.0 * stats.t.sf(np.abs(t), dof))
