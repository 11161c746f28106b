"""Simulated hourly prices; no real ones may be redistributed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import eventstudy as es

FloatArray = NDArray[np.float64]
#: The command, see the fixture `run`.
Run = Callable[..., tuple[int, str, str]]
QUICK = ("sq", "local_scale", "placebo_dates")
NY = "America/New_York"
#: Nights and the opening hour vary three times as much as the other hours.
PATTERN = np.array([3.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
NOBODY = es.EventTable([])


def starts_of(n_days: int, first: str = "2023-01-02") -> pd.DatetimeIndex:
    """Starts of New York's seven hourly bars of each weekday, as Yahoo stamps them: 9:30 to 15:30."""
    stamps = [
        day + pd.Timedelta(hours=9 + k, minutes=30) for day in pd.bdate_range(first, periods=n_days) for k in range(7)
    ]
    return pd.DatetimeIndex(stamps).tz_localize(NY)


def simulated(n_days: int, seed: int, *, pattern: FloatArray = PATTERN, first: str = "2023-01-02") -> pd.DataFrame:
    """Simulated hourly prices of a stock ``A`` with beta 0.8 on a market ``M``, by start of bar."""
    rng, index = np.random.default_rng(seed), starts_of(n_days, first)
    scale = 0.003 * np.resize(pattern, len(index))
    market = 0.7 * scale * rng.standard_normal(len(index))
    stock = 0.8 * market + scale * rng.standard_normal(len(index))
    return pd.DataFrame({"A": 100.0 * np.exp(stock.cumsum()), "M": 50.0 * np.exp(market.cumsum())}, index=index)


def closes_by_pandas(index: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """End of every bar in plain pandas: an hour later, the last of a day at 16:00."""
    return pd.DatetimeIndex([min(t + pd.Timedelta(hours=1), t.normalize() + pd.Timedelta(hours=16)) for t in index])


def at(stamp: pd.Timestamp, id: str = "event") -> es.Event:
    """An announcement known to the minute."""
    return es.make_event(stamp.date(), time=f"{stamp:%H:%M}", zone=NY, id=id)


def write(folder: Path, frame: pd.DataFrame, name: str = "hourly.csv", **options: object) -> Path:
    """A file with one row a bar and one column an instrument."""
    path = folder / name
    frame.to_csv(path, index_label="Datetime", **options)  # type: ignore[call-overload]
    return path


def naive(frame: pd.DataFrame) -> pd.DataFrame:
    """Clock times of New York without a zone."""
    return frame.set_axis(frame.index.tz_localize(None))


def bars_from(first: str, minutes: int, per_day: int, n_days: int = 30) -> pd.Series[float]:
    """Prices 1, 2, 3, ... of bars that begin at a clock time of New York."""
    days = pd.bdate_range("2024-01-02", periods=n_days)
    stamps = [
        pd.Timestamp(f"{d:%Y-%m-%d} {first}") + pd.Timedelta(minutes=minutes * k) for d in days for k in range(per_day)
    ]
    return pd.Series(np.arange(len(stamps)) + 1.0, index=pd.DatetimeIndex(stamps).tz_localize(NY))
