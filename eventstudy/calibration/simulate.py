"""Size and power by simulation: how often a statistic rejects when nothing, or something known, happened.

One cell is one statistic in one world: draw the estimation window, the gap and the event window of N pairs, fit the
constant mean, run the statistic, count rejections. All replications of a batch are drawn and fitted at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from eventstudy._typing import FloatArray, IntArray
from eventstudy.abnormal import AbnormalReturns, abnormal_returns
from eventstudy.calibration.cells import Cell, EffectUnit, Tally
from eventstudy.calibration.history import sessions_before
from eventstudy.calibration.probes import Replication, ask, known_methods
from eventstudy.calibration.worlds import Generator, World, world_of
from eventstudy.domain.align import AlignedSample, Block, gather, response_series, stack
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.windows import EventWindow, Offsets
from eventstudy.errors import InputError, UnknownNameError
from eventstudy.models.base import ExpectedReturn
from eventstudy.models.benchmarks import ConstantMean

#: Sessions between estimation and event window, as in every default study.
GAP = 10
#: Responses that are drawn and fitted at once.
BATCH = 2_000_000


def calibrate(
    methods: str | Sequence[str],
    world: str | World | Generator | FloatArray | pd.Series = "iid_normal",
    *,
    window: Offsets = (0, 0),
    m: int = 250,
    n: int = 1,
    reps: int = 1000,
    effect: float | Sequence[float] = 0.0,
    effect_unit: EffectUnit = "sd",
    alpha: float = 0.05,
    seed: int = 0,
) -> tuple[Cell, ...]:
    """Measure the size (or, with an effect, the power) and the coverage of statistics.

    Parameters
    ----------
    methods : str or sequence of str
        Registry keys (``eventstudy statistics``), all measured on the same draws.
    world : str, World, callable, array or Series
        ``iid_normal``; ``t4`` (Student, 4 degrees of freedom); ``doubled_variance`` (the event window's variance is
        twice as large); ``correlated`` (0.2 between all pairs, one common date); ``thin`` (prices renewed on seven
        days of ten); ``garch_t`` (GARCH(.08, .90) with Student(5) shocks); ``variance_x4_before`` (the variance
        quadruples 20 sessions before day 0); ``dow`` and ``dow_common_date`` (real prices of the embedded Dow panel:
        random securities, random dates or one random date). Or what `variance_world` gives; your own generator
        ``f(rng, n, sessions)`` of responses of shape (n, sessions); or a series of responses without gaps: every pair
        is a random stretch of it.
    window : (int, int)
        Tested sessions, from -5 on.
    m, n, reps : int
        Estimation sessions, pairs, replications. Statistics of one pair that fit a variance or look at other dates
        are given 1,000 sessions, or 1,000 dates, before these.
    effect : float or sequence of float
        Injected into session ``window[0]`` of every pair. Several are measured on the same draws and fits.
    effect_unit : {"sd", "return"}
        Whether `effect` is in standard deviations of a day (of the world, or of the pair's estimation window where
        the world has no own), or a response (0.01 is one percent).

    Returns
    -------
    tuple of Cell
        Effect by effect, in the order of `methods`.

    Raises
    ------
    InputError, UnknownNameError

    Examples
    --------
    >>> cell = calibrate("cs_t", "iid_normal", n=12, m=120, reps=200, seed=1)[0]
    >>> 0.0 <= cell.rate <= 0.12
    True
    """
    keys = (methods,) if isinstance(methods, str) else tuple(methods)
    _check(keys, window, m, n, reps)
    name, drawn = world_of(world)
    rng = np.random.default_rng(seed)
    before = sessions_before(keys, m) if n == 1 else m
    offsets = np.arange(-before - GAP, max(window[1], 0) + 1)
    effects = (effect,) if isinstance(effect, int | float) else tuple(effect)
    tallies = {(e, key): Tally() for e in effects for key in keys}
    batch = max(1, min(reps, BATCH // (n * offsets.size)))
    for first in range(0, reps, batch):
        size = min(batch, reps - first)
        values = _responses(drawn, rng, (size, n), offsets, window)
        abnormal = _fit(values[..., before - m :], offsets[before - m :], drawn.common_date)
        history = values[:, 0] if before > m else None
        unit = _effect_units(drawn, values, offsets, effect_unit)
        _count(tallies, abnormal, unit, window=window, alpha=alpha, first=first, history=history)
    return tuple(
        tally.cell(
            method=key, world=name, window=window, m=m, n=n, reps=reps, effect=e, effect_unit=effect_unit, alpha=alpha
        )
        for (e, key), tally in tallies.items()
    )


def calibrate_real(
    prices: PriceTable,
    methods: Sequence[str],
    *,
    model: ExpectedReturn | None = None,
    n: int = 12,
    m: int = 250,
    samples: int = 1000,
    effect: float = 0.0,
    alpha: float = 0.05,
    seed: int = 0,
) -> tuple[Cell, ...]:
    """Brown-Warner simulation on real prices: random securities, random dates, an effect added on day 0.

    Parameters
    ----------
    prices : PriceTable
        Securities to draw from; those of role ``market`` are left out.
    model : ExpectedReturn, optional
        None: the constant mean.
    effect : float
        Return added on day 0, a fraction (0.01 is one percent).

    Raises
    ------
    InputError, UnknownNameError

    References
    ----------
    Brown & Warner (1985), J. Financial Economics 14:3-31.
    """
    _check(methods, (0, 0), m, n, samples)
    chosen = model or ConstantMean()
    window = EventWindow(primary=(0, 0), event=(0, 0), estimation=(-m - GAP, -GAP - 1), windows=())
    names = [i for i in prices.ids if prices.instruments[i].role != "market"]
    series = [response_series(prices, i, chosen.market or (), policy="own_calendar") for i in names]
    sizes = np.array([s.dates.size for s in series])
    if sizes.min() <= m + GAP + 1:
        raise InputError(f"{names[int(sizes.argmin())]} has {sizes.min()} prices; the windows need {m + GAP + 2}")
    rng = np.random.default_rng(seed)
    which = np.stack([rng.choice(len(series), size=n, replace=n > len(series)) for _ in range(samples)])
    rows = rng.integers(m + GAP + 1, sizes[which])
    # One cut a series, then back into the order of the draws.
    parts = [
        gather(Block(series=one, events=("",) * at.size, positions=at), window.offsets, window.estimation, mask=False)
        for k, one in enumerate(series)
        if (at := rows[which == k]).size
    ]
    sample = stack(parts)
    order = np.empty(which.size, dtype=np.int64)
    order[np.argsort(which, axis=None, kind="stable")] = np.arange(which.size)
    abnormal = abnormal_returns(sample, chosen.fit(sample)).take(order)
    tallies = {(effect, key): Tally() for key in methods}
    _count(tallies, abnormal, np.ones((samples, n)), window=(0, 0), alpha=alpha, first=0)
    return tuple(
        tally.cell(
            method=key, world="real prices", window=(0, 0), m=m, n=n, reps=samples, effect=e, effect_unit="return",
            alpha=alpha,
        )
        for (e, key), tally in tallies.items()
    )  # fmt: skip


def _check(keys: Sequence[str], window: Offsets, m: int, n: int, reps: int) -> None:
    known = known_methods()
    for key in keys:
        if key not in known:
            raise UnknownNameError("statistic", key, known, hint="(eventstudy statistics lists them)")
    if not -5 <= window[0] <= window[1]:
        raise InputError(f"window {window} must start at -5 or later and not end before it starts")
    if m < 30 or n < 1 or reps < 1:
        raise InputError(f"m = {m}, n = {n}, reps = {reps}: needs at least 30 sessions, 1 pair, 1 replication")


def _responses(
    world: World, rng: np.random.Generator, shape: tuple[int, int], offsets: IntArray, window: Offsets
) -> FloatArray:
    """Responses of a batch in which nothing happened but to the variance, shape (reps, n, T)."""
    values = world.draw(rng, *shape, offsets)
    if values.shape != (*shape, offsets.size):
        raise InputError(f"the world gave responses of shape {values.shape}, not {(*shape, offsets.size)}")
    if world.shift is not None:
        start, factor = world.shift
        values[..., offsets >= min(window[0], 0) + start] *= math.sqrt(factor)
    return values


def _effect_units(world: World, values: FloatArray, offsets: IntArray, unit: EffectUnit) -> FloatArray:
    """What an effect of one is in each pair's response, shape (reps, n)."""
    if unit == "return":
        return np.ones(values.shape[:2])
    if world.sd is not None:
        return np.full(values.shape[:2], world.sd)
    return np.asarray(values[..., offsets < -GAP].std(axis=-1, ddof=1))


def _fit(values: FloatArray, offsets: IntArray, common: bool) -> AbnormalReturns:
    """Constant-mean abnormal returns of a batch, one of `n` pairs a replication; pairs share dates only if `common`."""
    reps, n, t = values.shape
    valid = np.ones((reps * n, t), dtype=bool)
    start = np.tile(np.zeros(n, dtype=np.int64) if common else np.arange(n) * (t + 30), reps)
    days = np.datetime64("2000-01-03") + (start[:, None] + np.arange(t)).astype("timedelta64[D]")
    sample = AlignedSample(
        pairs=tuple((f"e{i}", f"s{i}") for i in range(n)) * reps, factor_ids=(), offsets=offsets,
        response=values.reshape(-1, t), factors=np.empty((reps * n, t, 0)), valid=valid, masked=~valid,
        estimation=valid & (offsets < -GAP), dates=days, levels=np.full((reps * n, t), np.nan),
        units=("fraction",) * (reps * n), changes=("log",) * (reps * n),
    )  # fmt: skip
    return abnormal_returns(sample, ConstantMean().fit(sample))


def _count(
    tallies: dict[tuple[float, str], Tally], abnormal: AbnormalReturns, unit: FloatArray, *, window: Offsets,
    alpha: float, first: int, history: FloatArray | None = None,
) -> None:  # fmt: skip
    """Ask every method about every replication of a batch and every effect; equal runs of pairs make a replication."""
    n = unit.shape[1]
    for k, per_pair in enumerate(unit):
        part = abnormal.take(np.arange(k * n, (k + 1) * n))
        past = None if history is None else history[k]
        one = Replication(abnormal=part, window=window, alpha=alpha, seed=first + k, history=past)
        moved = {effect: one.with_effect(effect * per_pair) for effect, _ in tallies}
        for (effect, key), tally in tallies.items():
            tally.add(ask(key, moved[effect]), alpha, effect * float(per_pair.mean()))
