"""Breaks, variance before and after, ranges and spillover: size, power, bias and coverage."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

from eventstudy.calibration.breaks import FINDERS, NEAR, BreaksCell, calibrate_breaks
from eventstudy.calibration.processes import NAMES, Process
from eventstudy.calibration.ranges import RangesCell, calibrate_ranges
from eventstudy.calibration.spillover import SpilloverCell, calibrate_spillover
from eventstudy.calibration.variance_change import VarianceChangeCell, calibrate_variance_change
from eventstudy.kernels.ranges import RANGE_KEYS
from eventstudy.volatility.realized import VARIANCE_TESTS
from eventstudy.volatility.spillover import STATISTICS

REPS = 200
#: Cells in which nothing happens at day 0 have this many times the replications: 5% must be told from 7%.
SIZE_TIMES = 5
#: The tests of before and after take a tenth of the time of the others.
CHEAP = 3
CLUSTERED: tuple[Process, ...] = ("garch", "gjr_t")
PROCESSES: tuple[Process, ...] = ("garch", "gjr_t", "normal", "t5")
MULTIPLES, DAYS = (1.5, 2.0, 4.0), (1, 5, 20)
#: Nothing; the variance has been four times as large for 20 sessions; it is raised, for some days.
QUIET: tuple[dict[str, Any], ...] = ({}, {"before": 4.0})
RAISED: tuple[dict[str, Any], ...] = tuple({"multiple": m, "days": d} for m in MULTIPLES for d in DAYS)
LASTING: tuple[dict[str, Any], ...] = tuple({"multiple": m} for m in MULTIPLES)
ELSEWHERE: dict[str, Any] = {"multiple": 4.0, "first": -60}
PAIRS: tuple[dict[str, Any], ...] = (
    {"correlation": "constant"}, *QUIET, *RAISED, {"during": 0.6}, {"during": 0.85}, {"leads": 0.5}, {"leads": 1.0}
)  # fmt: skip
STEPS = (10, 39, 78, 390, 1560)

C = TypeVar("C", BreaksCell, VarianceChangeCell, RangesCell, SpilloverCell)


def run(reps: int, seed: int) -> str:
    """A section a family; every cell is one of `eventstudy calibrate-...`."""
    parts = (_intro(reps), _breaks(reps, seed), _small(reps, seed), _change(CHEAP * reps, seed), _ranges(reps, seed),
             _spillover(reps, seed))  # fmt: skip
    return "\n\n".join("\n".join(lines) for lines in parts)


def _intro(reps: int) -> list[str]:
    error = [100.0 * math.sqrt(0.05 * 0.95 / n) for n in (SIZE_TIMES * reps, SIZE_TIMES * CHEAP * reps)]
    return [
        "GARCH(.08, .90) with normal shocks, GJR(.03, .10, .90) with Student(5) shocks, both with a half-life of 34 "
        "sessions, and independent normal or Student(5) returns. *Nothing*: the process as it is. *×4 before*: its "
        "variance is four times as large from 20 sessions before day 0 on, and nothing happens at day 0. *×M, D d*: "
        "its variance is multiplied for D sessions; *for good*: from then on. Rejections at 5%, in percent; in the "
        f"first two worlds {SIZE_TIMES} times as many replications. Monte Carlo errors at 5%: {error[0]:.1f} points "
        f"there, {error[1]:.1f} for the tests of before and after; after ± stands that of a bias. Any cell: "
        "`eventstudy calibrate-breaks`, `calibrate-variance-change`, `calibrate-ranges`, `calibrate-spillover`.",
    ]  # fmt: skip


def _cells(
    cell: Callable[..., C], processes: tuple[Process, ...], worlds: tuple[dict[str, Any], ...], reps: int
) -> Iterator[C]:
    """Every world of every process, told as it comes."""
    for process in processes:
        for world in worlds:
            size = not set(world) - {"before", "correlation"}
            found = cell(process, **world, reps=reps * SIZE_TIMES if size else reps)
            print(found, file=sys.stderr, flush=True)
            yield found


def _breaks(reps: int, seed: int) -> list[str]:
    lines = [
        "## Breaks of the variance",
        "",
        "`variance_breaks` on 750 sessions before day 0 and 149 after it; the change begins on day 0, or 60 sessions "
        "before it. IT and kappa: one break in the 200 sessions around day 0; *simulated*: kappa-2 among paths of a "
        "fitted GJR, which decides *agrees* and *elsewhere*. *Set holds*: 95% date sets with the true first session; "
        "*sessions*: median in the set; *bias*: of the date of the breaks found, in sessions. ICSS and the partition: "
        f"any break in 900 sessions, in brackets one within {NEAR} sessions of the true one (of day 0, where there is "
        "none).",
        "",
        *_head("world", "IT", "kappa-1", "kappa-2", "simulated", "agrees", "elsewhere", "set holds", "sessions", "bias",
               "ICSS, IT", "ICSS, kappa-2", "partition"),
    ]  # fmt: skip
    worlds = (*QUIET, *RAISED, *LASTING, ELSEWHERE)
    cells = _cells(partial(calibrate_breaks, seed=seed), PROCESSES, worlds, reps)
    return lines + [
        _row(_world(c), *(_percent(v) for v in list(c.rates.values())[:4]), _percent(c.words["agrees"]),
             _percent(c.words["elsewhere"]), _percent(c.coverage), _number(c.members, ".0f"),
             _with_error(c.bias, c.bias_error, ".1f"),
             *(f"{_percent(c.rates[k])} ({_percent(c.near[k])})" for k in FINDERS))
        for c in cells
    ]  # fmt: skip


def _small(reps: int, seed: int) -> list[str]:
    lines = [
        "## Breaks in 200 sessions",
        "",
        "The same without sessions for a GARCH: 100 before day 0, 99 after it, the change for good from day 0 on "
        "(`--sessions 100 --after 99`); here kappa-2 decides by its own law.",
        "",
        *_head("world", "IT", "kappa-1", "kappa-2", "set holds", "sessions", "bias", "ICSS, IT", "partition"),
    ]
    cell = partial(calibrate_breaks, sessions=100, after=99, seed=seed)
    return lines + [
        _row(_world(c), *(_percent(v) for v in list(c.rates.values())[:3]), _percent(c.coverage),
             _number(c.members, ".0f"), _with_error(c.bias, c.bias_error, ".1f"), _percent(c.rates["icss_it"]),
             _percent(c.rates["segments"]))
        for c in _cells(cell, PROCESSES, ({}, *LASTING[1:]), reps)
    ]  # fmt: skip


def _change(reps: int, seed: int) -> list[str]:
    lines = [
        "## Variance before and after",
        "",
        f"`variance_change`: sessions 1 to 20, which 20 days fill, against -260 to -11; {reps} replications. *Ratio*: "
        "median mean square after over before. *Bias*: mean log of it over the ratio of the true variances.",
        "",
        *_head("world", *(f"`{k}`" for k in VARIANCE_TESTS), "ratio", "bias"),
    ]
    cells = _cells(partial(calibrate_variance_change, seed=seed), PROCESSES, (*QUIET, *RAISED), reps)
    return lines + [
        _row(_world(c), *(_percent(v) for v in c.rates.values()), _number(c.median_ratio),
             _with_error(c.bias, c.bias_error))
        for c in cells
    ]  # fmt: skip


def _ranges(reps: int, seed: int) -> list[str]:
    names = [f"`{k}`" for k in RANGE_KEYS]
    lines = [
        "## Ranges",
        "",
        "`range_volatility` on bars of 390 steps, a fifth of the variance overnight: the same stretches, p by rank "
        "among windows before. In brackets the bias: mean log of the ratio over that of the true variances; its Monte "
        "Carlo error is at most the last column.",
        "",
        *_head("world", *names, "error"),
    ]
    for c in _cells(partial(calibrate_ranges, seed=seed), CLUSTERED, (*QUIET, *RAISED), reps):
        told = [f"{_percent(c.rates[k])} ({_number(c.bias[k], '+.2f')})" for k in RANGE_KEYS]
        lines.append(_row(_world(c), *told, _number(max(c.bias_error.values()))))
    lines += [
        "",
        "The variance found over the true one, less one, by the steps of a bar, in percent: the highest and lowest of "
        "few prices lie inside those of the path. Independent normal returns. True is the variance from open to close, "
        "for the last two that of the whole day.",
        "",
        *_head("steps", *names),
    ]
    for n in STEPS:
        c = calibrate_ranges("normal", steps=n, reps=reps, seed=seed)
        lines.append(
            _row(f"{n:,}", *(_with_error(100.0 * c.level[k], 100.0 * c.level_error[k], ".1f") for k in c.level))
        )
    return lines


def _spillover(reps: int, seed: int) -> list[str]:
    lines = [
        "## Spillover",
        "",
        "`spillover` between two series of one process, 750 sessions before day 0, correlated by a DCC (a .04, b .93, "
        "level .3), or constantly at .3. Both variances are multiplied, which is no spillover; *R during*: the "
        "correlation on days 1 to 20 is R; *leads S*: from day 0 on a share S of the target's variance is yesterday's "
        "squared shock of the source. *Bias* and *covered*: the change of the correlation and its 95% interval.",
        "",
        *_head("world", *(f"`{k}`" for k in STATISTICS), "bias", "covered"),
    ]
    cells = _cells(partial(calibrate_spillover, seed=seed), CLUSTERED, PAIRS, reps)
    return lines + [
        _row(_world(c), *(_percent(v) for v in c.rates.values()), _with_error(c.bias, c.bias_error),
             _percent(c.coverage))
        for c in cells
    ]  # fmt: skip


def _world(cell: BreaksCell | VarianceChangeCell | RangesCell | SpilloverCell) -> str:
    """Process and what happens in it."""
    happens = []
    if cell.before != 1.0:
        happens.append(f"×{cell.before:g} before")
    if cell.multiple != 1.0:
        happens.append(f"×{cell.multiple:g}, {f'{cell.days} d' if cell.days else 'for good'}")
    if isinstance(cell, BreaksCell) and cell.first:
        happens[-1] += f" from {cell.first}"
    if isinstance(cell, SpilloverCell):
        happens += [cell.correlation] if cell.correlation != "dcc" else []
        happens += [f"{cell.during:g} during"] if cell.during is not None else []
        happens += [f"leads {cell.leads:g}"] if cell.leads else []
    return f"{NAMES[cell.process]}: {', '.join(happens) or 'nothing'}"


def _head(*columns: str) -> list[str]:
    return [_row(*columns), "|---" * len(columns) + "|"]


def _row(*cells: str) -> str:
    return f"|{'|'.join(cells)}|"


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{100 * value:.1f}"


def _number(value: float, how: str = ".2f") -> str:
    return "-" if math.isnan(value) else format(value, how)


def _with_error(value: float, error: float, how: str = ".2f") -> str:
    return "-" if math.isnan(value) else f"{value:+{how}} ± {_number(error, how)}"
