"""What happens to the variance in a simulated world, and what every cell of it checks and counts alike."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from eventstudy._typing import DateArray, FloatArray, IntArray
from eventstudy.calibration.processes import COEFFICIENTS, Process, draw
from eventstudy.calibration.worlds import World
from eventstudy.domain.windows import Offsets
from eventstudy.errors import InputError
from eventstudy.results import TestTable

#: Sessions before day 0 from which a variance that was raised before is raised.
RAISED_BEFORE = -20


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """Variance multiplied for some sessions, and perhaps before.

    Attributes
    ----------
    multiple : float
    first : int
        First session with it.
    days : int or None
        For so many sessions; None: for good.
    before : float
        The variance is that many times as large from session -20 on, those sessions included.
    half_life : float or None
        Sessions in which half of the excess of the first session is gone; None: it does not fade.
    """

    multiple: float
    first: int = 1
    days: int | None = None
    before: float = 1.0
    half_life: float | None = None

    def times(self, offsets: IntArray) -> FloatArray:
        """What the variance of each session is multiplied by, shape as `offsets`."""
        here = offsets >= self.first
        if self.days is not None:
            here &= offsets < self.first + self.days
        left = 1.0 if self.half_life is None else 0.5 ** ((offsets - self.first) / self.half_life)
        raised = 1.0 + (self.multiple - 1.0) * left
        return np.where(offsets >= RAISED_BEFORE, self.before, 1.0) * np.where(here, raised, 1.0)

    def mean_times(self, before: Offsets, after: Offsets) -> float:
        """Mean multiple of the sessions of one stretch, both ends included, over that of another before it."""
        early, late = (self.times(np.arange(a, b + 1)).mean() for a, b in (before, after))
        return float(late / early)

    @property
    def true_first(self) -> int | None:
        """First session of the change that is looked for; None where nothing changes."""
        if self.multiple != 1.0:
            return self.first
        return RAISED_BEFORE if self.before != 1.0 else None


def check(
    process: str, *, multiple: float, before: float, alpha: float, least: dict[str, tuple[float | None, float]],
    most: dict[str, tuple[float | None, float]] | None = None, allowed: Iterable[str] = COEFFICIENTS,
) -> None:  # fmt: skip
    """Refuse what no cell can be made of.

    Parameters
    ----------
    least, most : dict
        Name -> value (None: left out) and the smallest, or largest, that is allowed.

    Raises
    ------
    InputError
        With all that is wrong.
    """
    if process not in allowed:
        raise InputError(f"process {process!r}: allowed are {', '.join(allowed)}")
    wrong = [
        f"{name} = {value:g}: a finite number above zero"
        for name, value in (("multiple", multiple), ("before", before))
        if not 0.0 < value < math.inf
    ]
    wrong += [
        f"{name} = {value:g}: at least {limit:g}"
        for name, (value, limit) in least.items()
        if value is not None and not value >= limit
    ]
    wrong += [
        f"{name} = {value:g}: at most {limit:g}"
        for name, (value, limit) in (most or {}).items()
        if value is not None and not value <= limit
    ]
    if not 0.0 < alpha < 1.0:
        wrong.append(f"alpha = {alpha}: between 0 and 1")
    if wrong:
        raise InputError("; ".join(wrong))


def variance_world(process: Process, *, multiple: float = 1.0, days: int | None = None, before: float = 1.0) -> World:
    """A world for `calibrate` in which the variance of days 1 to `days` is multiplied.

    Parameters
    ----------
    process : {"garch", "gjr_t", "normal", "t5"}
        Every pair follows it independently of the others.
    multiple : float
        Times what the process made; 1 measures size.
    days : int or None
        None: for good.
    before : float
        Multiple of the variance from session -20 on, days included.

    Raises
    ------
    InputError
    """
    check(process, multiple=multiple, before=before, alpha=0.5, least={"days": (days, 1)})
    raised = Raised(multiple=multiple, days=days, before=before)

    def drawn(rng: np.random.Generator, reps: int, n: int, offsets: IntArray) -> FloatArray:
        values = draw(process, rng, reps * n, offsets) * np.sqrt(raised.times(offsets))
        return values.reshape(reps, n, -1)

    lasting = "for good" if days is None else f"for {days} d"
    told = f"{process}, nothing" if multiple == 1.0 else f"{process}, x{multiple:g} {lasting}"
    return World(draw=drawn, name=told if before == 1.0 else f"{told}, x{before:g} before")


def dates_from(offsets: IntArray) -> DateArray:
    """A date a session, one after the other."""
    return np.asarray(np.datetime64("2000-01-03") + (offsets - offsets[0]))


def pvalues_of(tables: Sequence[TestTable], keys: Sequence[str]) -> dict[str, list[float]]:
    """Key -> p of every replication in which that statistic was not refused."""
    return {key: [t.pvalue for table in tables for t in table if t.statistic == key and not t.reason] for key in keys}


def share(hits: Sequence[bool]) -> float:
    """Share of True; NaN of nothing."""
    return float(np.mean(hits)) if len(hits) else math.nan


def share_error(rate: float, known: int) -> float:
    """Monte Carlo standard error of a share of `known` replications, at (hits + 1) / (known + 2); NaN of none."""
    if known == 0 or math.isnan(rate):
        return math.nan
    middle = (rate * known + 1.0) / (known + 2.0)
    return math.sqrt(middle * (1.0 - middle) / known)


def mean_of(values: FloatArray) -> float:
    """Mean; NaN of nothing."""
    return float(values.mean()) if values.size else math.nan


def mean_error(values: FloatArray) -> float:
    """Monte Carlo standard error of a mean; NaN below two values."""
    return float(np.std(values, ddof=1) / math.sqrt(values.size)) if values.size > 1 else math.nan
