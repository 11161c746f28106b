"""Names for the arrays and options that travel through the package."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]
DateArray: TypeAlias = NDArray[np.datetime64]

#: How a price becomes a response. ``as_is``: the series already is one.
Change: TypeAlias = Literal["log", "simple", "difference", "as_is"]
#: Which rows make up the calendar on which offsets are counted.
Policy: TypeAlias = Literal["own_calendar", "strict"]
Alternative: TypeAlias = Literal["two-sided", "greater", "less"]
#: One row of JSON or TOML.
Record: TypeAlias = dict[str, Any]
