"""Rows of a series that stand for an announcement at one clock time: all of daily prices, the same bar of every day."""

from __future__ import annotations

import numpy as np

from eventstudy._typing import BoolArray
from eventstudy.domain.align import ResponseSeries
from eventstudy.domain.events import make_event
from eventstudy.domain.intraday import clock_words
from eventstudy.domain.windows import find_day0
from eventstudy.errors import InputError


def rows_at(series: ResponseSeries, time: str | None, zone: str) -> tuple[BoolArray, str]:
    """Rows that can be day 0 of an announcement at `time`, and words on which they are.

    Parameters
    ----------
    series : ResponseSeries
    time : str or None
        Clock time ``HH:MM`` of `zone`, for intraday bars; None for daily prices.
    zone : str

    Returns
    -------
    ndarray of bool, shape (n,)
        Of daily prices all rows. Of bars those comparable with the bar that is usually the first to close after that
        time (see `clock_of`): an announcement at night is compared with bars that span one.
    str
        Such as ``12:30 America/New_York``; empty for daily prices.

    Raises
    ------
    InputError
        When bars come without a clock time, daily prices with one, or the time cannot be read.
    """
    if series.clock is None:
        if time is not None:
            raise InputError(f"time {time!r} is for intraday bars, and these are daily prices: leave it out")
        return np.ones(series.dates.size, dtype=bool), ""
    if time is None:
        raise InputError(
            "these are intraday bars, whose variance differs from hour to hour: name the announcement's clock time and "
            "its zone (time='10:00', zone='America/New_York'; --time, --zone)"
        )
    events = [make_event(day, time=time, zone=zone) for day in np.unique(series.days).tolist()]
    found = [find_day0(event, series.instrument, series.dates).position for event in events]
    kinds, count = np.unique(series.clock[[row for row in found if row is not None]], return_counts=True)
    usual = int(kinds[np.argmax(count)])
    return np.asarray(series.clock == usual), clock_words(usual, series.instrument.tz)
