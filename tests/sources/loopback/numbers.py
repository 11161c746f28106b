"""Made-up daily prices that every server here serves and every test can recompute: nothing is anybody's data."""

from __future__ import annotations

import datetime as dt
import functools
import zlib

import numpy as np

FIRST, LAST = dt.date(2012, 1, 2), dt.date(2026, 11, 20)


@functools.cache
def walk(name: str) -> dict[dt.date, float]:
    """Weekday -> price of `name`: a random walk whose seed is the name, rounded to cents."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    count = (LAST - FIRST).days + 1
    days = [FIRST + dt.timedelta(days=i) for i in range(count)]
    weekdays = [d for d in days if d.weekday() < 5]
    levels = 100.0 * np.exp(np.cumsum(0.01 * rng.standard_normal(len(weekdays))))
    return dict(zip(weekdays, np.round(levels, 2).tolist(), strict=True))


def between(name: str, first: dt.date, last: dt.date) -> dict[dt.date, float]:
    """The part of `walk` inside ``[first, last]``."""
    return {d: v for d, v in walk(name).items() if first <= d <= last}
