"""How long variance stayed raised: by when it rose, its peak, its half-life, and the day it was back."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from eventstudy._typing import FloatArray, IntArray, Record
from eventstudy.kernels.spell import fade, find_spell, peak_range
from eventstudy.volatility.base import VarianceModel

#: Persistence from which a shock counts as never fading.
NEVER = 0.9999


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """A day or a number of sessions, with its interval; inf: beyond the days that are known.

    NaN where there is none, `reason` then says why.
    """

    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    reason: str = ""

    def to_record(self) -> Record:
        """Plain dict for JSON; ``beyond`` marks an end that is not known, its number is null."""
        ends = {name: getattr(self, name) for name in ("value", "low", "high")}
        return {
            **{k: v if math.isfinite(v) else math.nan for k, v in ends.items()},
            "beyond": [k for k, v in ends.items() if math.isinf(v)],
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Persistence:
    """The course of a raised variance over days 1..L.

    Attributes
    ----------
    onset, baseline : Duration
        First day of the stretch whose common multiple of the expected variance fits best, and the first day after it;
        inf where the stretch lasts to day L.
    multiple : float
        Mean multiplier of that stretch; it was chosen for being large, so it errs upwards.
    peak : Duration
        Day of the largest multiplier: one squared return, so its interval is often the whole window.
    half_life : Duration
        Sessions until half of the excess variance of day 1 was gone, if it faded geometrically. Too long where many
        more days are measured than it takes: docs/reference/calibration-fading.md.
    model_half_life : Duration
        What the fitted persistence says of any variance shock, raised or not; interval from the coefficients' error.
    """

    onset: Duration
    baseline: Duration
    multiple: float
    peak: Duration
    half_life: Duration
    model_half_life: Duration

    def to_record(self) -> Record:
        """Plain dict for JSON."""
        names = ("onset", "baseline", "peak", "half_life", "model_half_life")
        return {name: getattr(self, name).to_record() for name in names} | {"multiple": self.multiple}


def measure_persistence(
    offsets: IntArray, values: FloatArray, simulated: FloatArray, model_half_life: Duration, *, why_not: str,
    alpha: float,
) -> Persistence:  # fmt: skip
    """Course of the variance multipliers of days 1..L.

    Parameters
    ----------
    offsets, values : ndarray, shape (L,)
    simulated : ndarray, shape (L, B)
        Multipliers of undisturbed paths.
    why_not : str
        Why there is no raised variance to follow; empty when there is.
    """
    if why_not or values.sum() <= values.size:
        none = Duration(reason=why_not or "the mean multiplier is not above 1")
        return Persistence(
            onset=none, baseline=none, multiple=math.nan, peak=none, half_life=none, model_half_life=model_half_life
        )
    spell = find_spell(values, simulated, alpha)
    life = fade(values, simulated, alpha)
    peak, first, last = peak_range(values, simulated, alpha)
    days = offsets.astype(np.float64)
    ends = np.append(days, math.inf)
    known = int(offsets[-1])
    back = Duration(
        value=float(ends[spell.end]), low=float(ends[spell.end_range[0]]), high=float(ends[spell.end_range[1]]),
        reason="" if spell.end < values.size else f"not back by day {known}, the last that is known",
    )  # fmt: skip
    return Persistence(
        onset=Duration(
            value=days[spell.start], low=days[spell.start_range[0]], high=days[spell.start_range[1]]
        ),
        baseline=back,
        multiple=spell.multiple,
        peak=Duration(value=days[peak], low=days[first], high=days[last]),
        half_life=Duration(
            value=life.half_life, low=life.low, high=life.high,
            reason="" if math.isfinite(life.half_life) else f"no decay inside {values.size} days",
        ),
        model_half_life=model_half_life,
    )  # fmt: skip


def half_life_of(model: VarianceModel, draws: int, alpha: float, rng: np.random.Generator) -> Duration:
    """Half-life of a variance shock, ``ln(1/2) / ln(persistence)``, with an interval from coefficient draws."""
    if not math.isfinite(model.half_life):
        return Duration(reason=model.problem or "the persistence is one: a shock does not fade")
    drawn = model.drawn_params(draws, rng)
    if drawn is None:
        return Duration(value=model.half_life, reason="no covariance of the coefficients: no interval")
    persistence = np.clip(drawn.persistence, 1e-12, None)
    lives = np.where(persistence < NEVER, math.log(0.5) / np.log(np.minimum(persistence, NEVER)), math.inf)
    low, high = np.quantile(lives, [alpha / 2.0, 1.0 - alpha / 2.0], method="nearest")
    return Duration(value=model.half_life, low=float(low), high=float(high))
