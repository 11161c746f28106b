"""Returns taken as they come: the other door into a price table."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from eventstudy.domain.frames import check_shape, framed
from eventstudy.domain.instruments import Instrument
from eventstudy.domain.intraday import Intraday
from eventstudy.domain.prices import PriceTable, ad_hoc
from eventstudy.errors import InputError

#: Returns above this median size are percent, not fractions: no daily series moves 20% every other day.
PERCENT_MEDIAN = 0.20


def returns(
    frame: pd.DataFrame,
    *,
    unit: Literal["fraction", "percent"],
    records: Iterable[Instrument] = (),
    intraday: Intraday | None = None,
) -> PriceTable:
    """Take returns as they come, instead of prices.

    Parameters
    ----------
    frame : DataFrame, shape (dates, instruments)
        Daily returns, dates in the index, or returns of intraday bars, see `prices`. NaN where there is none; nothing
        is filled.
    unit : {"fraction", "percent"}
        0.01 or 1 for one percent. There is no default: a wrong guess is off by a hundred.
    records : iterable of Instrument, optional
        Known instruments among the columns; the others are described by their name alone.
    intraday : Intraday, optional
        Zone, stamp and length of bars.

    Returns
    -------
    PriceTable
        With ``change = "as_is"`` throughout, in fractions.

    Raises
    ------
    InputError
        When the sizes do not fit the unit, or columns in percent and in fractions are mixed.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=3)
    >>> returns(pd.DataFrame({"X": [1.0, -2.0, 0.5]}, index=days), unit="percent").frame["X"].tolist()
    [0.01, -0.02, 0.005]
    """
    if unit not in ("fraction", "percent"):
        raise InputError(f"unit {unit!r} is not one of 'fraction' (0.01 is one percent) and 'percent'")
    check_shape(frame, "returns")
    data = frame.astype(np.float64)
    typical = {str(c): float(data[c].abs().median()) for c in data.columns if data[c].notna().any()}
    _same_scale(typical)
    if unit == "fraction":
        huge = {c: m for c, m in typical.items() if m > PERCENT_MEDIAN}
        if huge:
            name, size = next(iter(huge.items()))
            raise InputError(
                f"returns of {name!r} have a median size of {size:.3g}: as fractions that is {size:.0%} a day; "
                "say unit='percent' if they are percent"
            )
    known = {one.id: one for one in records}
    described = [
        replace(known[c], change="as_is", unit="fraction") if c in known else ad_hoc(c, change="as_is", unit="fraction")
        for c in map(str, data.columns)
    ]
    data.columns = pd.Index([str(c) for c in data.columns])
    scaled = data / 100.0 if unit == "percent" else data
    table = framed(scaled, described, "returns", f"returns in {unit}", intraday)
    # The hash is that of the numbers as given, whatever their unit.
    raw = hashlib.sha256(np.ascontiguousarray(data.to_numpy()).tobytes()).hexdigest()
    return replace(table, origins=tuple(replace(o, sha256=raw) for o in table.origins))


def _same_scale(typical: dict[str, float]) -> None:
    """Columns whose typical sizes differ a hundredfold mix percent and fractions."""
    positive = {c: m for c, m in typical.items() if m > 0.0}
    if len(positive) < 2:
        return
    low, high = min(positive, key=positive.__getitem__), max(positive, key=positive.__getitem__)
    if positive[high] > 30.0 * positive[low] and positive[high] > PERCENT_MEDIAN:
        raise InputError(
            f"percent and fractions are mixed: the median size of {low!r} is {positive[low]:.3g}, of {high!r} "
            f"{positive[high]:.3g}; bring the columns to one unit first"
        )
