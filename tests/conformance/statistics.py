"""The statistics of one run, laid out like the reference files."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

import eventstudy as es
from eventstudy.inference.base import PANEL_STATISTICS
from eventstudy.inference.cross_section import regress_cars
from eventstudy.inference.multiplicity import adjust
from eventstudy.inference.resampling import RESTART
from eventstudy.inference.single import SidedP, sample_quantile_sides
from eventstudy.inference.small_n import control_ranks, ibragimov_mueller
from eventstudy.kernels.resample import stationary_bootstrap_variance
from eventstudy.results import TestTable

Tree = dict[str, Any]
Window = tuple[int, int]

#: Drawn at random, or without a counterpart in the reference: tested elsewhere.
NOT_IN_REFERENCE = ("wild_bootstrap", "stationary_bootstrap", "bhar_t", "bhar_skew_t", "bhar_bootstrap")
PANEL = tuple(e.key for e in PANEL_STATISTICS if e.key not in NOT_IN_REFERENCE)
#: The reference gives the number of placebo windows where a law has degrees of freedom.
RANKED = ("placebo",)
WINDOW_KEYS = (
    "L", "CAR", "se_naive", "se_fe", "SCAR", "CSAR", "t_naive", "p_naive", "t_fe", "p_fe", "BHAR", "BHAR_mkt", "sq_B",
    "sq_p_lower", "sq_p_upper", "sq_p_two", "sq_p_abs",
)  # fmt: skip
META_KEYS = ("rbar_calendar", "rbar_event", "s_aar", "aar", "phat")
TEST_KEYS = PANEL


def name(window: Window) -> str:
    """Window as the reference writes it."""
    return f"[{window[0]},{window[1]}]"


def number(value: float) -> float | None:
    """A finite float, else None."""
    return float(value) if math.isfinite(value) else None


def window_tree(ar: Any, row: int, window: Window, tests: dict[Any, es.TestResult]) -> Tree:
    """Numbers of one pair on one window."""
    car = ar.car(window)
    length = int(car.length[row])
    if length == 0:
        return {"L": 0}
    t = tests[window, "t_fe"]
    naive = float(car.car[row] / car.se_naive[row])
    sides = sample_quantile_sides(ar.take(np.array([row])), window, convention="raw")
    ranked = isinstance(sides, SidedP)
    return {
        "L": length,
        "CAR": float(car.car[row]),
        "se_naive": float(car.se_naive[row]),
        "se_fe": float(car.se[row]),
        "SCAR": float(car.scar[row]),
        "CSAR": float(car.csar[row]),
        "t_naive": naive,
        "p_naive": float(2.0 * stats.t.sf(abs(naive), ar.dof[row])),
        "t_fe": number(t.value),
        "p_fe": number(t.pvalue),
        "BHAR": number(ar.bhar(window)[row]),
        "BHAR_mkt": number(ar.bhar_market(window)[row]),
        "sq_B": sides.b if ranked else None,
        "sq_p_lower": sides.lower if ranked else None,
        "sq_p_upper": sides.upper if ranked else None,
        "sq_p_two": sides.doubled if ranked else None,
        "sq_p_abs": number(tests[window, "sq_raw"].pvalue),
    }


def tests_tree(result: es.StudyResult, window: Window) -> Tree:
    """Statistics across pairs that exist; a refusal leaves its key out, like the reference."""
    found: Tree = {}
    for test in result.tests.where(window=window):
        if test.instrument is not None or not test.applicable:
            continue
        dof = round(1.0 / test.smallest_p) - 1 if test.statistic in RANKED else test.dof
        found[test.statistic] = {
            "value": number(test.value),
            "p": number(test.pvalue),
            "df": int(dof) if math.isfinite(dof) else None,
            "N": test.n_pairs,
        }
    return found


def meta_tree(result: es.StudyResult) -> Tree:
    """Numbers of the panel as a whole."""
    ar = result.abnormal
    assert ar is not None
    calendar, by_event = result.correlations
    first, last = result.study.window.event
    aar = ar.aar()[ar.columns((first, last))]
    return {
        "rbar_calendar": number(calendar),
        "rbar_event": number(by_event),
        "s_aar": number(ar.s_aar()),
        "phat": number(ar.phat()),
        "aar": {str(o): number(v) for o, v in zip(range(first, last + 1), aar, strict=True)},
    }


#: Statistics whose daily p-values the reference adjusts; it leaves out those that do not exist on some day.
ADJUSTED = ("cs_t", "patell_z", "bmp_t", "corrado_zivney", "grank_t")
#: The model, returns and window that the reference regresses on characteristics, and its sets with groups of firms.
CROSS_SECTION = "market_model|simple|strict"
CROSS_WINDOW = (-1, 1)


def multiple_tree(result: es.StudyResult) -> Tree:
    """Adjusted p-values over the days of the event window."""
    first, last = result.study.window.event
    days = [(day, day) for day in range(first, last + 1)]
    tree: Tree = {}
    panel = TestTable(t for t in result.tests if t.instrument is None and t.applicable)
    for key in ADJUSTED:
        adjusted = {
            method: _by_day(adjust(panel.where(statistic=key), method, windows=days)) for method in ("holm", "bh")
        }
        if adjusted["holm"]:
            tree[key] = adjusted
    stepped = _by_day(adjust(result, "romano_wolf", windows=days))
    if stepped:
        tree["romano_wolf_signflip"] = stepped
    return tree


def _by_day(frame: pd.DataFrame) -> Tree:
    known = frame[frame["p_adjusted"].notna()]
    return {str(window[0]): float(p) for window, p in zip(known["window"], known["p_adjusted"], strict=True)}


def xs_tree(result: es.StudyResult, table: pd.DataFrame) -> Tree:
    """Regression of CARs on the characteristics in events.csv, by each covariance."""
    columns = ["size", "leverage", "group"]
    fits = {
        kind: regress_cars(result, table[columns[:2]], window=CROSS_WINDOW, covariance=kind)
        for kind in ("ols", "HC0", "HC1", "HC3")
    }
    clustered = regress_cars(result, table[columns], window=CROSS_WINDOW, cluster="group")
    return {
        "n": clustered.n,
        "k": len(clustered.names),
        "G": clustered.clusters,
        "coef": clustered.coef.tolist(),
        "se_cluster_cr1": clustered.se.tolist(),
    } | {f"se_{kind.lower()}": fit.se.tolist() for kind, fit in fits.items()}


def small_n_tree(result: es.StudyResult, table: pd.DataFrame, everyone: es.StudyResult) -> Tree:
    """Groups of firms, and each event's firm among all the others."""
    assert result.abnormal is not None
    assert everyone.abnormal is not None
    car = result.abnormal.car(CROSS_WINDOW).car
    groups = [table.loc[event, "group"] for event, _ in result.abnormal.pairs]
    found = ibragimov_mueller(car, groups)
    tree: Tree = {
        "ibragimov_mueller": {
            "value": found.value, "p": found.pvalue, "df": int(found.dof), "N": len(set(groups)),
        },
        "conley_taber": {},
    }  # fmt: skip
    ranks = control_ranks(everyone.abnormal, table["symbol"].to_dict(), CROSS_WINDOW)
    for event, (by_car, by_scar) in ranks.items():
        controls = round(1.0 / by_car.smallest_p) - 1
        tree["conley_taber"][event] = {"J": controls, "p_car": by_car.pvalue, "p_scar": by_scar.pvalue}
    return tree


def bootstrap_variance(result: es.StudyResult) -> float:
    """Closed form of the stationary bootstrap on the residuals of the one pair, in percent."""
    assert result.abnormal is not None
    return stationary_bootstrap_variance(100.0 * result.abnormal.aar_estimation(), RESTART)


Runner = Callable[[str, es.EventTable, tuple[str, ...]], es.StudyResult]


def section_trees(run: Runner, events: es.EventTable, table: pd.DataFrame, firms: tuple[str, ...]) -> Tree:
    """Sections beside the models: what needs the characteristics of the events, or a single pair."""
    if len(events) == 1:
        value = bootstrap_variance(run("market_model|log|strict", events, ()))
        return {"volatility": {"stationary_bootstrap_var_p0.1": value}}
    if "group" not in table:
        return {}
    result = run(CROSS_SECTION, events, ())
    anyone = es.EventTable([replace(e, instruments=firms) for e in events.values()])
    return {
        "xs_regression": xs_tree(result, table),
        "small_n": small_n_tree(result, table, run(CROSS_SECTION, anyone, ())),
    }
