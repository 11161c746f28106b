"""Size and power of the bootstrap of event regressors in the variance."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd

import eventstudy as es
from eventstudy.engines.event_likelihood import Form

REPS = 400
#: Power is told apart with so many times fewer replications.
FEWER = 4
#: Paths of one bootstrap: 5% is a multiple of 1 / (1 + PATHS), so the level is exact.
PATHS = 39
FORMS: tuple[Form, ...] = ("multiplicative", "additive")
#: Sessions that the regressor lasts, and what the variance is multiplied by; one is the size.
EVENTS = ((20, 1.0), (5, 1.0), (20, 4.0), (5, 4.0))


def run(reps: int, seed: int) -> str:
    """One table: world, length, multiple and form by test."""
    spec = importlib.util.spec_from_file_location("event_garch_part", Path(__file__).with_name("event-garch.py"))
    assert spec is not None
    assert spec.loader is not None
    worlds = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(worlds)
    lines = [
        "Rejections at 5%, one-sided, in percent; one times is the size. The worlds, and the sessions before and "
        f"after, are those of [the other tests](calibration-event-garch.md). Bootstrap: {PATHS} paths; refused: no "
        f"fit. {reps} replications of a size, {max(1, reps // FEWER)} of a power; Monte Carlo standard error at 5%: "
        f"{100 * np.sqrt(0.05 * 0.95 / reps):.1f} points.",
        "",
        "|world|sessions|variance times|form|bootstrap|LR|Wald|refused|",
        "|---|---|---|---|---|---|---|---|",
    ]
    for world, (kind, dist) in worlds.FITS.items():
        for length, times in EVENTS:
            rng = np.random.default_rng([seed, length, int(times), len(world)])
            count = reps if times == 1.0 else max(1, reps // FEWER)
            draws = [worlds.draw(world.startswith("gjr"), length, times, rng) for _ in range(count)]
            for form in FORMS:
                rates, refused = _rates(draws, form, kind, dist, length, worlds.DAY0)
                cells = [str(length), f"{times:g}", form, *(f"{100 * r:.1f}" for r in rates), str(refused)]
                lines.append("|".join(["", world, *cells, ""]))
    return "\n".join(lines)


def _rates(draws: list[np.ndarray], form: Form, kind: str, dist: str, length: int, day0: int) -> tuple[np.ndarray, int]:
    """Shares of rejections of the three tests, and the draws without a fit."""
    days = pd.bdate_range("2000-01-03", periods=draws[0].size)
    known = []
    for i, values in enumerate(draws):
        found = es.event_variance_test(
            pd.Series(values, index=days), event=days[day0].date(), shapes=[es.VarianceShape.pulse(1, length)],
            form=form, kind=kind, dist=dist, bootstrap=PATHS, seed=i,
        )  # fmt: skip
        if not found.reason:
            known.append([t.pvalue for t in found.tests])
    return (np.array(known) <= 0.05 + 1e-12).mean(axis=0), len(draws) - len(known)
