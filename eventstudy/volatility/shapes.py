"""Shapes that an event may give the variance: for some sessions, for good, or fading."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from eventstudy._typing import FloatArray, IntArray
from eventstudy.domain.windows import Offsets
from eventstudy.errors import InputError


@dataclass(frozen=True, slots=True)
class VarianceShape:
    """One regressor in the variance, by sessions from day 0; made by `pulse`, `step` and `decay`.

    Attributes
    ----------
    kind : {"pulse", "step", "decay"}
    window : (int, int) or int
        First and last session of a pulse; first session of the others.
    half_life : float
        Sessions in which a decay halves; NaN for the others.

    Examples
    --------
    >>> VarianceShape.decay(1, half_life=2.0).column(np.arange(-1, 6)).round(2).tolist()
    [0.0, 0.0, 1.0, 0.71, 0.5, 0.35, 0.25]
    """

    kind: Literal["pulse", "step", "decay"]
    window: Offsets | int
    half_life: float = math.nan

    @classmethod
    def pulse(cls, first: int = 1, last: int = 20) -> VarianceShape:
        """One on sessions `first` to `last`, zero elsewhere. Day 0 is left out unless asked for: it is the return.

        With day 0 inside, the coefficient takes the announcement's own return for volatility.
        """
        if last < first:
            raise InputError(f"pulse({first}, {last}): the last session is before the first")
        return cls("pulse", (first, last))

    @classmethod
    def step(cls, first: int = 1) -> VarianceShape:
        """One from session `first` on, for good."""
        return cls("step", first)

    @classmethod
    def decay(cls, first: int = 1, *, half_life: float) -> VarianceShape:
        """One on session `first`, half of it `half_life` sessions later, and so on."""
        if not half_life > 0.0:
            raise InputError(f"half_life = {half_life}: must be above zero")
        return cls("decay", first, half_life)

    @property
    def first(self) -> int:
        """Session from which it is not zero."""
        return self.window[0] if isinstance(self.window, tuple) else self.window

    @property
    def last(self) -> int | None:
        """Last session of a pulse; None for the others, which have no end."""
        return self.window[1] if isinstance(self.window, tuple) else None

    @property
    def label(self) -> str:
        """The shape in words."""
        if self.kind == "pulse":
            return f"pulse {list(self.window) if isinstance(self.window, tuple) else self.window}"
        return f"{self.kind} from {self.window}" + (f", half-life {self.half_life:g}" if self.kind == "decay" else "")

    def column(self, offsets: IntArray) -> FloatArray:
        """The regressor on sessions `offsets` from day 0, shape (T,)."""
        if isinstance(self.window, tuple):
            return np.asarray((offsets >= self.window[0]) & (offsets <= self.window[1]), dtype=np.float64)
        after = offsets - self.window
        if self.kind == "step":
            return np.asarray(after >= 0, dtype=np.float64)
        return np.where(after >= 0, 0.5 ** (np.maximum(after, 0) / self.half_life), 0.0)
