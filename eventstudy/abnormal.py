"""Abnormal returns and their sums, with the full forecast covariance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from eventstudy._typing import BoolArray, Change, DateArray, FloatArray, IntArray
from eventstudy.domain.align import AlignedSample
from eventstudy.domain.windows import Offsets, columns_of
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
        Of intraday bars their closes in UTC, ``datetime64[s]``.
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
    market : ndarray, shape (N, T), or None
        Response of the market, whether or not the model uses it; NaN where it has none.
    changes : tuple of Change
        How a price becomes a response, length N; empty: not known.
    clock : ndarray, shape (N, T), or None
        Of intraday bars what makes them comparable, see `clock_of`.
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
    market: FloatArray | None = None
    changes: tuple[Change, ...] = ()
    clock: IntArray | None = None

    @property
    def n_pairs(self) -> int:
        """Number of pairs, N."""
        return len(self.pairs)

    def columns(self, window: Offsets) -> slice:
        """Columns of the offsets ``window[0]..window[1]``."""
        return columns_of(self.offsets, window)

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

    def bhar(self, window: Offsets) -> FloatArray:
        """Buy-and-hold abnormal response against the model, shape (N,) (Barber & Lyon 1997, JFE 43:341-372).

        Simple responses: ``prod(1 + R) - prod(1 + E)``; log responses: ``exp(sum R) - exp(sum E)``. NaN for
        differences and ready-made series, which do not compound, and where the window has no response.
        """
        return self._held(window, self.response - self.ar)

    def bhar_market(self, window: Offsets) -> FloatArray:
        """As `bhar`, against the market's response itself; NaN where the market is not known."""
        return np.full(self.n_pairs, np.nan) if self.market is None else self._held(window, self.market)

    def _held(self, window: Offsets, benchmark: FloatArray) -> FloatArray:
        cut = self.columns(window)
        known = np.isfinite(self.ar[:, cut])
        own, other = np.where(known, self.response[:, cut], 0.0), np.where(known, benchmark[:, cut], 0.0)
        kind = np.array(self.changes or ("as_is",) * self.n_pairs)
        # Differences are no returns, and the exponential of tonnes is beyond any number.
        returns = np.isin(kind, ("log", "simple"))[:, None]
        own, other = np.where(returns, own, 0.0), np.where(returns, other, 0.0)
        log = np.exp(own.sum(axis=1)) - np.exp(other.sum(axis=1))
        simple = np.prod(1.0 + own, axis=1) - np.prod(1.0 + other, axis=1)
        held = np.where(kind == "log", log, np.where(kind == "simple", simple, np.nan))
        return np.asarray(np.where(known.any(axis=1), held, np.nan))

    def aar(self) -> FloatArray:
        """Mean abnormal response of the pairs that have one, per offset, shape (T,); NaN where none has."""
        return _mean_of(self.ar, np.isfinite(self.ar), axis=0)

    def aar_estimation(self) -> FloatArray:
        """AAR of the sessions on which models were fitted, in order, shape (m,)."""
        series = _mean_of(self.ar, self.estimation, axis=0)
        return np.asarray(series[np.isfinite(series)])

    def s_aar(self) -> float:
        """Standard deviation (divisor m - 1) of `aar_estimation`; NaN with fewer than two sessions."""
        series = self.aar_estimation()
        return float(series.std(ddof=1)) if series.size > 1 else float("nan")

    def positive_share(self) -> FloatArray:
        """Share of positive abnormal responses over the estimation window, shape (N,) (Cowan 1992)."""
        return _mean_of((self.ar > 0.0).astype(np.float64), self.estimation, axis=1)

    def phat(self) -> float:
        """Mean of `positive_share` over pairs."""
        return float(self.positive_share().mean())

    def take(self, rows: IntArray) -> AbnormalReturns:
        """The pairs in `rows`, in that order."""
        return AbnormalReturns(
            pairs=tuple(self.pairs[i] for i in rows), units=tuple(self.units[i] for i in rows), offsets=self.offsets,
            dates=self.dates[rows], ar=self.ar[rows], response=self.response[rows], level=self.level[rows],
            estimation=self.estimation[rows], sigma=self.sigma[rows], dof=self.dof[rows], design=self.design[rows],
            gram_inv=self.gram_inv[rows], params=tuple(self.params[i] for i in rows),
            market=None if self.market is None else self.market[rows],
            changes=tuple(self.changes[i] for i in rows) if self.changes else (),
            clock=None if self.clock is None else self.clock[rows],
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
        market=sample.market,
        changes=sample.changes,
        clock=sample.clock,
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
        market=np.concatenate([np.full(p.ar.shape, np.nan) if p.market is None else p.market for p in parts]),
        changes=tuple(c for p in parts for c in p.changes) if all(p.changes for p in parts) else (),
        clock=None if parts[0].clock is None else np.concatenate([p.clock for p in parts if p.clock is not None]),
    )


def _mean_of(values: FloatArray, known: BoolArray, *, axis: int) -> FloatArray:
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def forecast_pvalue(t: FloatArray, dof: IntArray) -> FloatArray:
    """Two-sided p of ``CAR / se`` under Student's law with `dof` degrees of freedom."""
    return np.asarray(2.0 * stats.t.sf(np.abs(t), dof))
