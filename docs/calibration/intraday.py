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


def run(reps: int, seed: int) -> str:
    """One table: pattern, hour, window and effect by test."""
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
