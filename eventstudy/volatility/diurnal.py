"""The pattern of the day taken out of a bare series of bars, and what was done in words."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from eventstudy._typing import BoolArray, DateArray, FloatArray, IntArray, Record
from eventstudy.domain.instruments import Instrument
from eventstudy.domain.intraday import DAY_MINUTES, clock_of, clock_words, is_intraday
from eventstudy.kernels.hour_scale import FEWEST, hour_scale
from eventstudy.kernels.stats import Inapplicable
from eventstudy.volatility.dated import BEFORE, EventLike, dated, dates_of, instrument_of, position_of, zone_of
from eventstudy.volatility.residuals import MIN_CONSTANT

#: The gap of a study: the pattern is learnt from bars that close before it, never from what came after.
GAP = BEFORE[1]
#: Beside the law of a test.
IN_THEIR_SCALE = ", bars in the scale of their clock time"


@dataclass(frozen=True, kw_only=True, eq=False)
class Clock:
    """Bars of a bare series and what makes them comparable.

    Attributes
    ----------
    kind : ndarray, shape (T,)
        As `clock_of` gives it.
    zone : str
        Whose clock that is, in words.
    """

    kind: IntArray
    zone: str

    def at(self, rows: BoolArray | IntArray) -> Clock:
        """Some of the bars."""
        return replace(self, kind=self.kind[rows])


@dataclass(frozen=True, kw_only=True, eq=False)
class Diurnal:
    """The pattern of the day that was taken out of a series of bars.

    Attributes
    ----------
    scale : ndarray, shape (T,)
        Of every bar that was measured: the root mean square of bars of its clock time over that of all bars, both
        before the gap, or in the whole series where there is no event. Each response was divided by it, so the mean
        square of the bars that it was learnt from is what it was.
    kind : ndarray, shape (T,)
        What makes bars comparable: the minute of the local day, 1440 more where the bar spans a night or a break.
    zone : str
        Whose clock that is.
    learnt : int
        Bars that the pattern was learnt from.
    before : bool
        Whether these end before the gap of an event.
    left_out : int
        Bars of clock times that come fewer than 19 times among them, or never move: they have no scale.
    """

    scale: FloatArray
    kind: IntArray
    zone: str
    learnt: int
    before: bool
    left_out: int

    @property
    def words(self) -> str:
        """What was done, in words."""
        rare = f"; {self.left_out} bars of clock times that come fewer than {FEWEST} times, or never move, left out"
        return (
            f"bars in the scale of their clock time ({self.zone}), learnt from {self.learnt} bars"
            f"{' before the gap' if self.before else ''}{rare if self.left_out else ''}"
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a clock time: its scale, and how many bars of it were measured."""
        kinds, first, count = np.unique(self.kind, return_index=True, return_counts=True)
        names = [clock_words(int(k), self.zone) for k in kinds]
        return pd.DataFrame({"scale": self.scale[first], "bars": count}, index=pd.Index(names, name="clock"))

    def at(self, rows: BoolArray | IntArray) -> Diurnal:
        """The same for some of the bars."""
        return replace(self, scale=self.scale[rows], kind=self.kind[rows])

    def to_record(self) -> Record:
        """Plain dict for JSON."""
        scales = self.to_frame()["scale"].to_dict()
        return {"words": self.words, "learnt": self.learnt, "left_out": self.left_out, "scale": scales}


def clock_of_stamps(stamps: DateArray | pd.DatetimeIndex) -> Clock | None:
    """What makes stamps comparable, in the zone that they carry; None for one price a day, or one clock time.

    Stamps without a zone count as they are.
    """
    closes, zone = dates_of(stamps), zone_of(stamps)
    if not is_intraday(closes):
        return None
    return clock_in(closes, zone or "UTC", "as stamped" if zone is None else str(zone))


def clock_in(closes: DateArray, zone: str | dt.tzinfo, words: str = "") -> Clock | None:
    """What makes closes of bars, in UTC, comparable on the clock of `zone`; None where all are of one kind."""
    kind = clock_of(closes, zone)
    # What the first bar spans is not known: it counts as most of its hour do.
    same_hour = kind[1:][kind[1:] % DAY_MINUTES == kind[0] % DAY_MINUTES]
    if 2 * (same_hour >= DAY_MINUTES).sum() > same_hour.size:
        kind[0] = kind[0] % DAY_MINUTES + DAY_MINUTES
    return None if np.unique(kind).size < 2 else Clock(kind=kind, zone=words or str(zone))


def pattern_of(residual: FloatArray, clock: Clock, used: BoolArray, *, before: bool) -> Diurnal | Inapplicable:
    """Scale of every bar, NaN where its clock time is too rare among the used ones, as a study has it.

    Parameters
    ----------
    residual : ndarray, shape (T,)
        Without a mean.
    used : ndarray of bool, shape (T,)
        Bars that it is learnt from.
    before : bool
        Whether these are the bars before the gap of an event.
    """
    return diurnal_of(hour_scale(residual, clock.kind, used), clock, used, before=before)


def diurnal_of(scale: FloatArray, clock: Clock, used: BoolArray, *, before: bool) -> Diurnal | Inapplicable:
    """What is known of a scale, (T,), NaN for clock times that are too rare; the reason where too few have one."""
    learnt = int(used.sum())
    if int((used & np.isfinite(scale)).sum()) < MIN_CONSTANT:
        return Inapplicable(
            f"too few clock times come {FEWEST} times among {learnt} bars{' before the gap' if before else ''}: the "
            "pattern of the day cannot be told from volatility; give a longer series or longer bars, or take the "
            "series as it is (diurnal=False)"
        )
    left_out = int(np.isnan(scale).sum())
    return Diurnal(scale=scale, kind=clock.kind, zone=clock.zone, learnt=learnt, before=before, left_out=left_out)


@dataclass(frozen=True, kw_only=True, eq=False)
class Bare:
    """A bare series as it is measured: values, dates, day 0.

    Attributes
    ----------
    x : ndarray, shape (T,)
        Not NaN; of bars about the mean that the pattern was learnt about, over the scale of their clock time.
    days : ndarray of datetime64, shape (T,)
    day0 : int or None
        Position of day 0, T where none follows; None without an event.
    diurnal : Diurnal or None
        What was taken out; None for one price a day, or where nobody wanted it.
    reason : str
        Why there is no pattern; `x` is then as it was given.
    """

    x: FloatArray
    days: DateArray
    day0: int | None
    diurnal: Diurnal | None = None
    reason: str = ""


def bare_series(
    values: pd.Series | FloatArray,
    dates: DateArray | None,
    event: EventLike | None,
    instrument: Instrument | str | None,
    *,
    diurnal: bool,
    centred: bool = True,
    gap: int = GAP,
) -> Bare:
    """Read a series and take the pattern of the day out of bars.

    Parameters
    ----------
    diurnal : bool
        False: the series is measured as it is.
    centred : bool
        Whether the mean of the bars that the pattern is learnt from is taken off first.
    gap : int
        Last bar, from day 0, that the pattern is learnt from; without an event from all.

    Raises
    ------
    InputError
        When dates are missing, of another length, or not ascending.
    """
    x, days = dated(values, dates)
    whose = instrument_of(values, instrument)

    def placed(among: DateArray) -> int | None:
        return None if event is None else position_of(among, event, whose)

    day0 = placed(days)
    plain = Bare(x=x, days=days, day0=day0)
    clock = clock_of_values(values, dates) if diurnal else None
    if clock is None:
        return plain
    used = np.arange(x.size) <= (x.size if day0 is None else day0 + gap)
    residual = x - x[used].mean() if centred and used.any() else x
    clock = clock.at(np.isfinite(np.asarray(values, dtype=np.float64)))
    found = pattern_of(residual, clock, used, before=day0 is not None)
    if isinstance(found, Inapplicable):
        return replace(plain, reason=found.reason)
    known = np.isfinite(found.scale)
    return Bare(x=(residual / found.scale)[known], days=days[known], day0=placed(days[known]), diurnal=found.at(known))


def clock_of_values(values: pd.Series | pd.DataFrame | FloatArray, dates: DateArray | None) -> Clock | None:
    """`clock_of_stamps` of all rows of a series, missing values among them."""
    if dates is not None:
        return clock_of_stamps(dates if isinstance(dates, pd.DatetimeIndex) else np.asarray(dates))
    index = values.index if isinstance(values, pd.Series | pd.DataFrame) else None
    return clock_of_stamps(index) if isinstance(index, pd.DatetimeIndex) else None
