"""Size and power of one event on hourly bars."""

from __future__ import annotations

import numpy as np
import pandas as pd

import eventstudy as es
from eventstudy.engines.compiled import CompiledEngine

REPS = 300
#: Power is told apart with so many times fewer replications.
FEWER = 2
DAYS, BARS = 160, 7
#: Standard deviation of each bar of a day, in those of an hour at noon.
PATTERNS = {"the night x3, the rest alike": (3.0, 1, 1, 1, 1, 1, 1), "all alike": (1.0,) * BARS}
HOURS = {"first bar of the day": 0, "fourth bar": 3}
KEYS = ("verdict", "local_scale", "fhs", "sq", "sq_raw", "placebo_dates")
#: Power is that against a response of bar 0 of so many standard deviations of its own hour.
EFFECT = 5.0
#: That of volatility: bars 2 to 10 vary so many times as much.
RAISED = 2.0
WINDOWS = ((0, 0), (0, 1))
STUDY = es.Study(
    instruments=["A"], model=es.MarketModel("M"), statistics=KEYS, counterfactuals=False,
    window=es.EventWindow(primary=(0, 1), estimation=(-430, -11), windows=((0, 0),)),
    volatility=es.GarchResponse(sessions=600, min_sessions=400, draws=199, engine=CompiledEngine()),
)  # fmt: skip
INDEX = pd.DatetimeIndex(
    [day + pd.Timedelta(hours=9 + k, minutes=30) for day in pd.bdate_range("2023-01-02", periods=DAYS)
     for k in range(BARS)]
).tz_localize("America/New_York")  # fmt: skip


#: Bootstraps of an event regressor are so many times fewer: each path is fitted twice.
FEWER_PATHS, PATHS = 3, 99
#: Series as (words, whether they have the pattern, whether it is taken out).
SERIES = (("no pattern", False, False), ("pattern, taken out", True, True), ("pattern, `diurnal=False`", True, False))


def run(reps: int, seed: int) -> str:
    """Two tables: a study, and functions on a bare series."""
    return "\n\n".join((_study(reps, seed), _bare(reps, seed)))


def _study(reps: int, seed: int) -> str:
    """Pattern, hour, window and effect by test."""
    lines = [
        f"Seven bars a day, normal and independent, a stock of beta 0.8 on its market; 420 bars of estimation, {DAYS} "
        "days in all. Rejections at 5% in percent. Power: a response of bar 0 of "
        f"{EFFECT:g} standard deviations of its own hour. Volatility: p of raised variance over bars 1 to 10; its "
        f"power: bars 2 to 10 have {RAISED:g} times the standard deviation. `t_fe` and `conformal` refuse bars of "
        f"several hours; `sq_garch` refuses here, where no volatility clusters. {reps} replications of a size, "
        f"{max(1, reps // FEWER)} of a power; Monte Carlo standard error at 5%: "
        f"{100 * np.sqrt(0.05 * 0.95 / reps):.1f} points.",
        "",
        f"|bars of a day|bar 0|window|of|{'|'.join(KEYS)}|volatility|",
        "|---|---|---|---|" + "---|" * (len(KEYS) + 1),
    ]
    for words, pattern in PATTERNS.items():
        for place, hour in HOURS.items():
            for effect in (0.0, EFFECT):
                count = reps if effect == 0.0 else max(1, reps // FEWER)
                rates = _rates(np.array(pattern), hour, effect, count, seed)
                for window, shares in zip(WINDOWS, rates, strict=True):
                    what = "power" if effect else "size"
                    cells = [words, place, f"[{window[0]},{window[1]}]", what, *(f"{100 * s:.1f}" for s in shares)]
                    lines.append("|".join(["", *cells, ""]))
    return "\n".join(lines)


def _rates(pattern: np.ndarray, hour: int, effect: float, reps: int, seed: int) -> np.ndarray:
    """Shares of rejections, one row a window, one column a test, volatility last."""
    rng = np.random.default_rng([seed, hour, int(pattern[0]), int(effect)])
    scale = 0.003 * np.resize(pattern, INDEX.size)
    row = INDEX.size - 4 * BARS + hour
    # A minute after the open, or after the close of the bar before.
    start = INDEX[row]
    event = es.make_event(start.date(), time=f"{start + pd.Timedelta(minutes=1):%H:%M}")
    found = []
    for _ in range(reps):
        market = 0.7 * scale * rng.standard_normal(INDEX.size)
        stock = 0.8 * market + scale * rng.standard_normal(INDEX.size)
        stock[row] += effect * scale[row]
        if effect:
            stock[row + 2 : row + 11] += (RAISED - 1.0) * (stock - 0.8 * market)[row + 2 : row + 11]
        levels = {"A": 100.0 * np.exp(stock.cumsum()), "M": 100.0 * np.exp(market.cumsum())}
        result = STUDY.run(es.prices(pd.DataFrame(levels, index=INDEX)), event, others=es.EventTable([]))
        p = [[result.tests.one(statistic=k, window=w).pvalue for k in KEYS] for w in WINDOWS]
        found.append([[*row_of, result.volatility[0].pvalue] for row_of in p])
    return (np.array(found) <= 0.05 + 1e-12).mean(axis=0)


def _bare(reps: int, seed: int) -> str:
    """Series by test."""
    tests = (
        "`event_lr_bootstrap`, bars 1 to 5", "kappa-2", "`variance_placebo`, bar 1", "the same, bars 1 to 5",
        "`correlation_change`", "`variance_causality`",
    )  # fmt: skip
    few = max(1, reps // FEWER_PATHS)
    errors = [f"{100 * np.sqrt(0.05 * 0.95 / n):.1f}" for n in (reps, few)]
    lines = [
        "## Functions on a bare series",
        "",
        f"{BARS * DAYS} hourly bars of a GARCH (alpha .08, beta .90) times a pattern, the night three times an "
        "hour, a second one with correlation .5. Bar 0 is the last of a day, so that bar 1 spans the night; nothing "
        f"happens. Rejections at 5% in percent, {reps} replications, {few} of `event_lr_bootstrap` (normal errors, "
        f"{PATHS} paths, 600 bars before); Monte Carlo standard errors at 5%: {errors[0]} and {errors[1]} points. The "
        "same draws in every row: what `no pattern` rejects beside 5% is volatility that clusters.",
        "",
        f"|series|{'|'.join(tests)}|",
        "|---" * (1 + len(tests)) + "|",
    ]
    rng = np.random.default_rng([seed, 17])
    pattern = np.resize(PATTERNS["the night x3, the rest alike"], INDEX.size)
    found: list[list[list[float]]] = [[] for _ in SERIES]
    for i in range(reps):
        one, other = _garch(INDEX.size, rng), _garch(INDEX.size, rng)
        both = np.column_stack((one, 0.5 * one + np.sqrt(0.75) * other))
        for rows, (_, scaled, diurnal) in zip(found, SERIES, strict=True):
            moves = 0.003 * both * (pattern[:, None] if scaled else 1.0)
            frame = pd.DataFrame(moves, index=INDEX, columns=["A", "B"])
            rows.append(_pvalues(frame, i, diurnal=diurnal, regressor=i < few))
    for (words, _, _), rows in zip(SERIES, found, strict=True):
        p = np.array(rows)
        shares = np.nanmean(np.where(np.isnan(p), np.nan, p <= 0.05 + 1e-12), axis=0)
        lines.append("|".join(["", words, *(f"{100 * s:.1f}" for s in shares), ""]))
    return "\n".join(lines)


def _pvalues(frame: pd.DataFrame, seed: int, *, diurnal: bool, regressor: bool) -> list[float]:
    """One p a test; NaN where the regressor was not asked for."""
    event, x = INDEX[INDEX.size - 15 * BARS - 1], frame["A"]
    design = es.SpilloverDesign(draws=499, seed=seed, diurnal=diurnal)
    spill = es.spillover(frame, "A", ["B"], event=event, design=design).tests
    changes = [es.variance_change(x, event=event, after=(1, last), diurnal=diurnal) for last in (1, 5)]
    around = es.variance_breaks(x, event=event, seed=seed, diurnal=diurnal).around
    assert around is not None
    lr = np.nan
    if regressor:
        shapes = (es.VarianceShape.pulse(1, 5),)
        lr = es.event_variance_test(
            x, event=event, shapes=shapes, sample=(-600, 20), bootstrap=PATHS, seed=seed, diurnal=diurnal
        ).tests[0].pvalue  # fmt: skip
    ranks = [c.one(statistic="variance_placebo").pvalue for c in changes]
    return [
        lr,
        around.pvalue,
        *ranks,
        *(spill.one(statistic=k).pvalue for k in ("correlation_change", "variance_causality")),
    ]


def _garch(n: int, rng: np.random.Generator) -> np.ndarray:
    """GARCH(1,1) of unit variance, after 200 bars that are left out."""
    e, h, z = np.empty(n + 200), 1.0, rng.standard_normal(n + 200)
    for t in range(e.size):
        e[t] = z[t] * np.sqrt(h)
        h = 0.02 + 0.08 * e[t] ** 2 + 0.9 * h
    return e[200:]
