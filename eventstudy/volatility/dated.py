"""A series with its dates, and the position of the announcement among them."""

from __future__ import annotations

from datetime import date
from typing import TypeAlias

import numpy as np
import pandas as pd

from eventstudy._typing import DateArray, FloatArray
from eventstudy.domain.windows import Offsets
from eventstudy.errors import InputError
from eventstudy.kernels.stats import Inapplicable

#: An announcement's date: its day 0 is the first session on or after it.
DateLike: TypeAlias = str | date | np.datetime64

#: Estimation window of the primary design, and the month after day 0, which itself repeats the return test.
BEFORE = (-260, -11)
AFTER = (1, 20)


def dated(values: pd.Series | FloatArray, dates: DateArray | None) -> tuple[FloatArray, DateArray]:
    """Values that are not NaN, and their dates.

    Raises
    ------
    InputError
        When dates are missing, of another length, or not ascending.
    """
    x = np.asarray(values, dtype=np.float64)
    if dates is None:
        if not isinstance(values, pd.Series) or not isinstance(values.index, pd.DatetimeIndex):
            raise InputError("values without dates: give a Series indexed by dates, or dates=")
        dates = values.index.to_numpy()
    days = np.asarray(dates).astype("datetime64[D]")
    if x.ndim != 1 or days.shape != x.shape:
        raise InputError(f"values of shape {x.shape} and dates of shape {days.shape}: both must be one row of T")
    if (np.diff(days) <= np.timedelta64(0, "D")).any():
        raise InputError("dates must ascend without repeats; sort the series and keep one value a date")
    known = np.isfinite(x)
    return x[known], days[known]


def position_of(days: DateArray, event: DateLike) -> int:
    """Position of day 0: the first session on or after the date; the number of sessions when none follows."""
    return int(np.searchsorted(days, np.datetime64(pd.Timestamp(event), "D")))


def stretch(size: int, day0: int, window: Offsets, what: str) -> slice | Inapplicable:
    """Rows of a window around day 0, or the reason when the data do not hold all of it.

    Raises
    ------
    InputError
        When the window ends before it begins.
    """
    first, last = window
    if last < first:
        raise InputError(f"{what} = ({first}, {last}): the window ends before it begins")
    if day0 >= size:
        return Inapplicable("the announcement lies after the last session")
    if day0 + first < 0 or day0 + last >= size:
        return Inapplicable(
            f"{what} = ({first}, {last}) needs sessions that are not there: {day0} lie before day 0 and "
            f"{size - 1 - day0} after it"
        )
    return slice(day0 + first, day0 + last + 1)


def check_apart(before: Offsets, after: Offsets) -> None:
    """Refuse windows that share sessions.

    Raises
    ------
    InputError
        When the second does not begin after the first ends.
    """
    if after[0] <= before[1]:
        raise InputError(f"before = {before} and after = {after} overlap; the second must begin after the first ends")
