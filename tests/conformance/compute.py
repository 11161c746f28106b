"""Run one fixture folder through the public API and lay the numbers out like the reference files."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import eventstudy as es
from eventstudy.domain.volume import log_volume
from eventstudy.models.base import ExpectedReturn
from eventstudy.models.benchmarks import ComparisonPortfolio
from eventstudy.models.factors import carhart, fama_french_3, fama_french_5
from eventstudy.models.thin import Dimson, ScholesWilliams
from tests.conformance.garch import garch_tree, panel_study, panel_volatility_tree
from tests.conformance.statistics import (
    PANEL,
    meta_tree,
    multiple_tree,
    name,
    section_trees,
    tests_tree,
    window_tree,
)
from tests.conformance.volatility import variance_tree

Tree = dict[str, Any]

#: Reference name of each built model -> the model, given the market's name.
MODELS: dict[str, Callable[[str], ExpectedReturn]] = {
    "constant_mean": lambda market: es.ConstantMean(),
    "market_adjusted": lambda market: es.MarketAdjusted(market),
    "market_model": lambda market: es.MarketModel(market),
    "ff3": lambda market: fama_french_3(),
    "carhart": lambda market: carhart(),
    "ff5": lambda market: fama_french_5(),
    "reference_portfolio": lambda market: ComparisonPortfolio(exclude=market),
    "scholes_williams": lambda market: ScholesWilliams(market),
    "dimson": lambda market: Dimson(market),
}
#: Models on ready-made factors, which the reference computes for simple returns alone.
FACTOR_MODELS = ("ff3", "carhart", "ff5")
#: Models of the logarithm of volume; the market's volume is one column among the others.
VOLUME_MODELS = ("constant_mean", "market_model")
#: What a beta is made of: beside the coefficients in the reference, among them in the library.
EXTRA = ("beta_lag", "beta_0", "beta_lead", "rho_m")
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
    tables = {model: prices for model in config["models"] if model in MODELS and model not in FACTOR_MODELS}
    if (folder / "factors.csv").is_file():
        factors = es.read_returns(folder / "factors.csv", unit="fraction", rename={"MktRF": "MKT-RF"})
        tables |= {model: prices.joined(factors) for model in FACTOR_MODELS}
    models = {
        f"{model}|{returns}|{policy}": _compute_model(table, events, config, model, returns, policy)
        for model, table in tables.items()
        for returns in (["simple"] if model in FACTOR_MODELS else config["returns"])
        for policy in config["policies"]
    }
    if (folder / "volume.csv").is_file():
        volume = log_volume(es.load("files", folder / "volume.csv"))
        models |= {
            f"{model}|logvolume|strict": _compute_model(volume, events, config, model, "instrument", "strict")
            for model in VOLUME_MODELS
        }
    table = pd.read_csv(folder / "events.csv").set_index("event_id")
    firms = tuple(i for i in prices.ids if i != config["market"])

    def run(key: str, chosen: es.EventTable, statistics: tuple[str, ...]) -> es.StudyResult:
        study = replace(study_of(config, *key.split("|")), statistics=statistics)
        return study.run(prices, chosen, others=es.EventTable([]))

    sections = section_trees(run, events, table, firms)
    if len(events) == 1:
        alone = run("market_model|log|strict", events, ())
        sections["volatility"] |= garch_tree(prices, alone, config["market"])
        if (folder / "ohlc.csv").is_file():
            sections["volatility"] |= variance_tree(folder, prices, alone)
    if config.get("volatility_panel"):
        study = panel_study(study_of(config, *["market_model", "log", "strict"]))
        result = study.run(prices, events, others=es.EventTable([]))
        sections["volatility_panel"] = panel_volatility_tree(result, prices, config["market"])
    return {"models": models} | sections


def windows_of(config: Tree) -> tuple[tuple[int, int], ...]:
    """Every day of the event window, and the named windows."""
    days = [(day, day) for day in range(config["ev_start"], config["ev_end"] + 1)]
    return tuple(dict.fromkeys([*days, *((a, b) for a, b in config["windows"])]))


def study_of(config: Tree, model: str, returns: str, policy: str) -> es.Study:
    """The study of one entry of the reference."""
    return es.Study(
        model=MODELS[model](config["market"]),
        returns=returns,
        calendar=config["market"],
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


def _compute_model(
    prices: es.PriceTable, events: es.EventTable, config: Tree, model: str, returns: str, policy: str
) -> Tree:
    study = study_of(config, model, returns, policy)
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
    tree["tests"] = {name(w): tests_tree(result, w) for w in windows_of(config)}
    tree["meta"] = meta_tree(result)
    tree["multiple"] = multiple_tree(result)
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
    params = ar.params[row]
    extra = {key: value for key, value in params.items() if key in EXTRA}
    return ({"extra": extra} if extra else {}) | {
        "day0": day0,
        "M": observations,
        "k": observations - int(ar.dof[row]),
        "df": int(ar.dof[row]),
        "params": [value for key, value in params.items() if key not in EXTRA],
        "s": float(ar.sigma[row]),
        "AR": {str(o): float(ar.ar[row, c]) for o, c in columns.items() if np.isfinite(ar.ar[row, c])},
        "SAR": {str(o): float(sar[c]) for o, c in columns.items() if np.isfinite(sar[c])},
        "windows": {name(w): window_tree(ar, row, w, by_key) for w in windows},
    }
