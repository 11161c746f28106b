"""Ratios of time and memory, all in one run: ``make bench``.

Ratios, not seconds: a ratio survives a change of machine. The peer is what a careful user writes by hand with
statsmodels, date by date; the memory floor is the arrays that the answer consists of.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import statsmodels.api as sm

import eventstudy as es
from eventstudy.domain.align import response_series
from eventstudy.inference.placebo import placebo_paths


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """Best of a few runs."""
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def by_hand(response: np.ndarray, market: np.ndarray, rows: np.ndarray) -> list[float]:
    """Market model and forecast standard error of day 0 with statsmodels, one date after the other."""
    found = []
    for row in rows:
        use = slice(row - 260, row - 10)
        fit = sm.OLS(response[use], sm.add_constant(market[use])).fit()
        forecast = fit.get_prediction(np.array([[1.0, market[row]]]))
        found.append(float((response[row] - forecast.predicted_mean[0]) / forecast.se_obs[0]))
    return found


def main() -> None:
    """Print the table."""
    prices = es.load("embedded")
    series = response_series(prices, "AA", ("DOW29",), policy="own_calendar")
    window, model = es.EventWindow(), es.MarketModel("DOW29")

    def ours() -> object:
        return placebo_paths(series, [], model, window)

    placebo = placebo_paths(series, [], model, window)
    assert not isinstance(placebo, str)
    rows = np.arange(261, 561)
    hand = by_hand(series.response, series.factors[:, 0], rows)
    per_date = seconds(ours) / placebo.count
    per_date_hand = seconds(lambda: by_hand(series.response, series.factors[:, 0], rows), 1) / rows.size
    mine = placebo.scar((0, 0))[rows - 260][: len(hand)]
    print(f"{'placebo date, market model and 16 days, statsmodels / ours':70}{per_date_hand / per_date:8.1f}x faster")
    print(f"{'largest difference between the two, in standard errors':70}{np.max(np.abs(mine - hand)):8.1e}")

    tracemalloc.start()
    placebo_paths(series, [], model, window)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    kept = placebo.abnormal
    floor = sum(a.nbytes for a in (kept.ar, kept.response, kept.level, kept.dates, kept.estimation, kept.design))
    print(f"{'peak memory of the placebo run / arrays of its answer':70}{peak / floor:8.1f}x")

    event = es.catalog()["six-nation-accord-1994"]
    study = es.Study(instruments=["AA"], model=model)
    whole = seconds(lambda: study.run(prices, event), 2)
    no_volatility = es.Study(instruments=["AA"], model=model, volatility=None)
    part = seconds(lambda: no_volatility.run(prices, event), 2)
    print(f"{'whole study with GARCH and FHS / without':70}{whole / part:8.1f}x")


if __name__ == "__main__":
    main()
