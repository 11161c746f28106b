"""Run one fixture folder through the public API and lay the numbers out like the reference files."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

import eventstudy as es

Tree = dict[str, Any]

#: Reference name of each built model -> its class and whether it takes the market.
MODELS = {
    "constant_mean": lambda market: es.ConstantMean(),
    "market_adjusted": lambda market: es.MarketAdjusted(market),
    "market_model": lambda market: es.MarketModel(market),
}
PANEL = (
    "cs_t", "patell_z", "patell_z_csar", "bmp_t", "bmp_t_csar", "kp_patell_calendar", "kp_patell_event",
    "kp_bmp_calendar", "kp_bmp_event",
)  # fmt: skip
#: Reference words for an exclusion -> outcomes that mean it.
EXCLUSIONS = {
    es.Outcome.UNKNOWN_INSTRUMENT: "unknown_symbol",
    es.Outcome.TOO_FEW_ESTIMATION_DAYS: "insufficient_estimation_window",
    es.Outcome.EVENT_BEFORE_DATA: "insufficient_estimation_window",
    es.Outcome.EVENT_AFTER_DATA: "event_after_sample",
}


def compute_set(folder: Path) -> Tree:
    """Every built model of one fixture set, in the layout of ``expected/<set>.json``."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    prices = es.load(
        "files",
        folder / "prices.csv",
        duplicates=config["duplicate"].removeprefix("keep_"),
        nonpositive=config["nonpositive"],
    )
    events = es.read_events(folder / "events.csv", extra="ignore")
    return {
        "models": {
            f"{model}|{returns}|{policy}": _compute_model(prices, events, config, model, returns, policy)
            for model in config["models"]
            for returns in config["returns"]
            for policy in config["policies"]
            if model in MODELS
        }
    }


def windows_of(config: Tree) -> tuple[tuple[int, int], ...]:
    """Every day of the event window, and the named windows."""
    days = [(day, day) for day in range(config["ev_start"], config["ev_end"] + 1)]
    return tuple(dict.fromkeys([*days, *((a, b) for a, b in config["windows"])]))


def _compute_model(
    prices: es.PriceTable, events: es.EventTable, config: Tree, model: str, returns: str, policy: str
) -> Tree:
    study = es.Study(
        model=MODELS[model](config["market"]),
        returns=returns,
        calendar=config["market"] if policy == "strict" else None,
        volatility=None,
        statistics=("t_fe", "sq_raw", *PANEL),
        window=es.EventWindow(
            primary=(0, 0),
            event=(config["ev_start"], config["ev_end"]),
            estimation=(config["est_start"], config["est_end"]),
            windows=windows_of(config),
            min_estimation=config["min_est_obs"],
            policy=policy,
            # The reference keeps overlapping events and sums whatever sessions exist.
            overlap="keep",
            missing="sum",
        ),
    )
    result = study.run(prices, events, others=es.EventTable([]))
    day0 = {d.event: d.session for d in result.day0}
    tree: Tree = {"events": {}, "excluded": {}, "tests": {}, "meta": {}}
    for outcome in result.outcomes:
        if outcome.outcome is not es.Outcome.USED:
            tree["excluded"][outcome.event] = EXCLUSIONS.get(outcome.outcome, outcome.outcome.value)
    if result.abnormal is None:
        return tree
    for row, (event, _) in enumerate(result.abnormal.pairs):
        tree["events"][event] = _event(result, row, str(day0[event]), windows_of(config))
    tree["tests"] = {name(w): _tests(result, w) for w in windows_of(config)}
    calendar, by_event = result.correlations
    tree["meta"] = {"rbar_calendar": number(calendar), "rbar_event": number(by_event)}
    return tree


def _event(result: es.StudyResult, row: int, day0: str, windows: tuple[tuple[int, int], ...]) -> Tree:
    ar = result.abnormal
    assert ar is not None
    event, instrument = ar.pairs[row]
    first, last = result.study.window.event
    offsets = range(first, last + 1)
    columns = {o: int(o - ar.offsets[0]) for o in offsets}
    sar = ar.sar()[row]
    own = result.tests.where(event=event, instrument=instrument)
    by_key = {(t.window, t.statistic): t for t in own}
    observations = int(ar.estimation[row].sum())
    return {
        "day0": day0,
        "M": observations,
        "k": observations - int(ar.dof[row]),
        "df": int(ar.dof[row]),
        "params": list(ar.params[row].values()),
        "s": float(ar.sigma[row]),
        "AR": {str(o): float(ar.ar[row, c]) for o, c in columns.items() if np.isfinite(ar.ar[row, c])},
        "SAR": {str(o): float(sar[c]) for o, c in columns.items() if np.isfinite(sar[c])},
        "windows": {name(w): _window(ar, row, w, by_key) for w in windows},
    }


def _window(ar: Any, row: int, window: tuple[int, int], tests: dict[Any, es.TestResult]) -> Tree:
    car = ar.car(window)
    length = int(car.length[row])
    if length == 0:
        return {"L": 0}
    t, sq = tests[window, "t_fe"], tests[window, "sq_raw"]
    return {
        "L": length,
        "CAR": float(car.car[row]),
        "se_naive": float(car.se_naive[row]),
        "se_fe": float(car.se[row]),
        "SCAR": float(car.scar[row]),
        "CSAR": float(car.csar[row]),
        "t_fe": number(t.value),
        "p_fe": number(t.pvalue),
        # The smallest rank p is 1 / (1 + B).
        "sq_B": round(1.0 / sq.smallest_p) - 1 if sq.applicable else None,
        "sq_p_abs": number(sq.pvalue),
    }


def _tests(result: es.StudyResult, window: tuple[int, int]) -> Tree:
    """Statistics across pairs that exist; a refusal leaves its key out, like the reference."""
    found: Tree = {}
    for test in result.tests.where(window=window):
        if test.instrument is not None or not test.applicable:
            continue
        found[test.statistic] = {
            "value": number(test.value),
            "p": number(test.pvalue),
            "df": int(test.dof) if math.isfinite(test.dof) else None,
            "N": test.n_pairs,
        }
        found["caar"] = {"value": number(test.estimate), "p": None, "df": None, "N": test.n_pairs}
    return found


def name(window: tuple[int, int]) -> str:
    """Window as the reference writes it."""
    return f"[{window[0]},{window[1]}]"


def number(value: float) -> float | None:
    """A finite float, else None."""
    return float(value) if math.isfinite(value) else None
