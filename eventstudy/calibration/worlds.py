"""Worlds: what the responses of a simulated study look like, and what each may get wrong in a statistic."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from eventstudy._typing import FloatArray, IntArray
from eventstudy.domain.align import response_series
from eventstudy.errors import InputError, UnknownNameError
from eventstudy.results import Registry
from eventstudy.sources.base import load

#: Draws all replications: generator, replications, pairs, offsets (T,) -> shape (replications, pairs, T).
Draw = Callable[[np.random.Generator, int, int, IntArray], FloatArray]
#: A user's own: generator, pairs, sessions -> shape (pairs, sessions), one replication.
Generator = Callable[[np.random.Generator, int, int], FloatArray]

CORRELATION = 0.2
#: Standard deviation of a day: any number would do, 1.5% is aluminum's.
DAY = 0.015
#: Sessions that a volatility recursion runs before its first draw counts.
BURN_IN = 200


@dataclass(frozen=True, kw_only=True)
class World:
    """How responses are drawn, and what happens to their variance.

    Attributes
    ----------
    draw : callable
        Generator, replications, pairs, offsets -> responses of shape (replications, pairs, T). The last offsets are the
        tested ones; 0 is the day of the event.
    common_date : bool
        All pairs share one event date, so that residual correlations are seen.
    shift : (int, float) or None
        Session, counted from day 0 (or from the window's first, if earlier), from which the variance is multiplied,
        and by how much.
    sd : float or None
        Standard deviation of a day of what is drawn; None: each pair's own over the estimation window.
    name : str
        Of a world that is in no registry.
    """

    draw: Draw
    common_date: bool = False
    shift: tuple[int, float] | None = None
    sd: float | None = DAY
    name: str = "own world"


#: Facts: what the world may get wrong in a statistic.
WORLDS: Registry[World] = Registry("world")


def world_of(world: str | World | Generator | FloatArray | pd.Series) -> tuple[str, World]:
    """The world of a registry key, a world as it is, that of a user's generator or series, with its name.

    Raises
    ------
    InputError, UnknownNameError
    """
    if isinstance(world, str):
        if world not in WORLDS:
            raise UnknownNameError("world", world, [e.key for e in WORLDS])
        return world, WORLDS[world].obj
    if isinstance(world, World):
        return world.name, world
    if callable(world):
        own: Generator = world

        def each(rng: np.random.Generator, reps: int, n: int, offsets: IntArray) -> FloatArray:
            return np.stack([np.asarray(own(rng, n, offsets.size), dtype=np.float64) for _ in range(reps)])

        return getattr(world, "__name__", "own generator"), World(draw=each, sd=None)
    values = np.asarray(world, dtype=np.float64)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise InputError(
            f"the series has shape {values.shape} and {int((~np.isfinite(values)).sum())} missing values; give one "
            "series of responses without gaps, or prices to calibrate_real"
        )
    name = str(getattr(world, "name", None) or "own series")
    return name, World(draw=lambda rng, reps, n, offsets: stretches([values], rng, reps, n, offsets), sd=None)


def stretches(
    series: list[FloatArray], rng: np.random.Generator, reps: int, n: int, offsets: IntArray, *, common: bool = False
) -> FloatArray:
    """Random stretches of real series, shape (reps, n, T): random series (without repeats if they suffice) and dates.

    With `common` all pairs of a replication are cut at one row; the series must then share their rows.
    """
    t, shortest = offsets.size, min(s.size for s in series)
    if shortest < t:
        raise InputError(f"the series has {shortest} responses; the windows need {t}")
    wide = np.full((len(series), max(s.size for s in series)), np.nan)
    for row, values in zip(wide, series, strict=True):
        row[: values.size] = values
    size = np.array([s.size for s in series])
    which = (
        rng.integers(len(series), size=(reps, n))
        if n > len(series)
        else np.argsort(rng.random((reps, len(series))), axis=1)[:, :n]
    )
    room = np.full((reps, n), shortest - t + 1) if common else size[which] - t + 1
    share = np.repeat(rng.random((reps, 1)), n, axis=1) if common else rng.random((reps, n))
    start = (share * room).astype(np.int64)
    return np.asarray(wide[which[..., None], start[..., None] + np.arange(t)])


def _normal(rng: np.random.Generator, reps: int, n: int, offsets: IntArray) -> FloatArray:
    return np.asarray(DAY * rng.standard_normal((reps, n, offsets.size)))


def _student(rng: np.random.Generator, shape: tuple[int, ...], dof: float) -> FloatArray:
    """Student shocks of unit variance."""
    return np.asarray(rng.standard_t(dof, size=shape) / math.sqrt(dof / (dof - 2.0)))


def _t4(rng: np.random.Generator, reps: int, n: int, offsets: IntArray) -> FloatArray:
    return DAY * _student(rng, (reps, n, offsets.size), 4.0)


def _correlated(rng: np.random.Generator, reps: int, n: int, offsets: IntArray) -> FloatArray:
    common, own = rng.standard_normal((reps, 1, offsets.size)), rng.standard_normal((reps, n, offsets.size))
    return np.asarray(DAY * (math.sqrt(CORRELATION) * common + math.sqrt(1.0 - CORRELATION) * own))


def _garch_t(rng: np.random.Generator, reps: int, n: int, offsets: IntArray) -> FloatArray:
    z = _student(rng, (reps, n, offsets.size + BURN_IN), 5.0)
    out, h = np.empty_like(z), np.ones((reps, n))
    for k in range(z.shape[-1]):
        out[..., k] = np.sqrt(h) * z[..., k]
        h = 0.02 + 0.08 * out[..., k] ** 2 + 0.90 * h
    return DAY * out[..., BURN_IN:]


def _thin(rng: np.random.Generator, reps: int, n: int, offsets: IntArray) -> FloatArray:
    """Prices that are renewed on seven days of ten; the next renewal holds all the news since."""
    shape = (reps, n, offsets.size + BURN_IN)
    news = np.cumsum(DAY * rng.standard_normal(shape), axis=-1)
    traded = rng.random(shape) < 0.7
    last = np.maximum.accumulate(np.where(traded, np.arange(shape[-1]), 0), axis=-1)
    return np.asarray(np.diff(np.take_along_axis(news, last, axis=-1))[..., BURN_IN - 1 :])


@cache
def _dow() -> tuple[FloatArray, ...]:
    """Daily log returns of the embedded Dow panel; its index is no security."""
    prices = load("embedded")
    names = [i for i in prices.ids if prices.instruments[i].role != "market"]
    series = [response_series(prices, i, (), policy="own_calendar").response for i in names]
    return tuple(s[np.isfinite(s)] for s in series)


def _dow_random(rng: np.random.Generator, reps: int, n: int, offsets: IntArray) -> FloatArray:
    return stretches(list(_dow()), rng, reps, n, offsets)


def _dow_common(rng: np.random.Generator, reps: int, n: int, offsets: IntArray) -> FloatArray:
    return stretches(list(_dow()), rng, reps, n, offsets, common=True)


WORLDS.register("iid_normal", "independent normal responses", wrong="nothing")(World(draw=_normal))
WORLDS.register("t4", "independent Student(4) responses", wrong="normality")(World(draw=_t4))
WORLDS.register("doubled_variance", "normal, twice the variance from the event on", wrong="event-induced variance")(
    World(draw=_normal, shift=(0, 2.0))
)
WORLDS.register("correlated", "normal, correlation 0.2 between pairs, one event date", wrong="cross-correlation")(
    World(draw=_correlated, common_date=True)
)
WORLDS.register("thin", "prices renewed on seven days of ten", wrong="thin trading: zero returns and catching up")(
    World(draw=_thin)
)
WORLDS.register("garch_t", "GARCH(.08, .90) with Student(5) shocks", wrong="volatility clustering")(
    World(draw=_garch_t)
)
WORLDS.register(
    "variance_x4_before", "as garch_t, four times the variance from 20 sessions before", wrong="turbulence before day 0"
)(World(draw=_garch_t, shift=(-20, 4.0)))
WORLDS.register("dow", "real prices: random securities and dates of the embedded Dow panel", wrong="what real data do")(
    World(draw=_dow_random, sd=None)
)
WORLDS.register(
    "dow_common_date",
    "real prices: random securities of the Dow panel, one random date",
    wrong="real cross-correlation",
)(World(draw=_dow_common, sd=None, common_date=True))
