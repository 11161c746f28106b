"""Trading volume as a response: its logarithm, to be measured like a return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from eventstudy.domain.instruments import Instrument, InstrumentTable
from eventstudy.domain.prices import Origin, PriceTable, ad_hoc, build_table
from eventstudy.errors import InputError

#: Added to every volume, so that a session without a trade has a logarithm (Campbell & Wasley 1996).
NO_TRADE = 0.000255
UNIT = "ln volume"


def log_volume(volumes: PriceTable | pd.DataFrame) -> PriceTable:
    """``ln(volume + 0.000255)`` of every instrument, as a table of ready-made responses.

    A study of it gives abnormal volume: with a constant mean, or against the market's own log volume, which is
    transformed in the same way. Volume is strongly autocorrelated, so errors that take sessions for independent are
    too small for windows of more than one session.

    Parameters
    ----------
    volumes : PriceTable or DataFrame, shape (dates, instruments)
        A table of prices whose files had a volume (`PriceTable.bars`); a table without any bars, or a frame with
        dates in its index, holds the volumes themselves. Shares, lots, or percent of shares outstanding, as in the
        paper: within one instrument a unit moves the mean and nothing else.

    Returns
    -------
    PriceTable
        ``change = "as_is"``, unit ``ln volume``. NaN where there is no volume; a volume of 0 is a value.

    Raises
    ------
    InputError
        When no instrument has a volume, or one is negative.

    References
    ----------
    Campbell & Wasley (1996), Rev. Quantitative Finance & Accounting 6:309-326; Ajinkya & Jain (1989), J. Accounting &
    Economics 11:331-359.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=2)
    >>> log_volume(pd.DataFrame({"X": [1000.0, 0.0]}, index=days)).frame["X"].round(3).tolist()
    [6.908, -8.274]
    """
    known: Mapping[str, Instrument] = {}
    origins: tuple[Origin, ...] = ()
    if isinstance(volumes, pd.DataFrame):
        frame = volumes.astype(np.float64)
    else:
        frame, known, origins = _volumes_of(volumes), volumes.instruments, volumes.origins
    frame.columns = pd.Index([str(c) for c in frame.columns])
    negative = frame.lt(0.0).any()
    if negative.any():
        name = str(frame.columns[negative.to_numpy()][0])
        raise InputError(f"volume of {name} is negative ({frame[name].min():g}); a volume is zero or more")
    records = (known[name] if name in known else ad_hoc(name) for name in frame.columns)
    return build_table(
        frame.add(NO_TRADE).apply(np.log),
        InstrumentTable(replace(one, change="as_is", unit=UNIT, benchmark=()) for one in records),
        origins=origins,
        minutes=None if isinstance(volumes, pd.DataFrame) else volumes.minutes,
    )


def _volumes_of(table: PriceTable) -> pd.DataFrame:
    if not table.bars:
        return table.frame.copy()
    columns = {name: rows["volume"] for name, rows in table.bars.items() if "volume" in rows}
    if not columns:
        raise InputError("no instrument of the table has a volume; load files with a volume column")
    return pd.DataFrame(columns).astype(np.float64)
