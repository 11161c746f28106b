"""Size of the bootstrap of event regressors in the variance."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd

import eventstudy as es

REPS = 120
#: Paths of one bootstrap: 5% is a multiple of 1 / (1 + PATHS), so the level is exact.
PATHS = 39
SESSIONS = 20


def run(reps: int, seed: int) -> str:
    """One table: world and form by test."""
    spec = importlib.util.spec_from_file_location("event_garch_part", Path(__file__).with_name("event-garch.py"))
    assert spec is not None
    assert spec.loader is not None
    worlds = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(worlds)
    days = pd.bdate_range("2000-01-03", periods=worlds.SIZE)
    day0 = days[worlds.DAY0].date()
    lines = [
        f"Rejections at 5% of a true null, one-sided, in percent: nothing happens, and the regressor lasts {SESSIONS} "
        "sessions. The worlds, and the sessions before and after, are those of "
        f"[the other tests](calibration-event-garch.md). Bootstrap: {PATHS} paths. Refused: no fit.",
        "",
        "|world|form|bootstrap|LR|Wald|refused|",
        "|---|---|---|---|---|---|",
    ]
    for world, (kind, dist) in worlds.FITS.items():
        rng = np.random.default_rng([seed, SESSIONS, len(world)])
        pvalues: dict[str, list[list[float]]] = {"multiplicative": [], "additive": []}
        for i in range(reps):
            values = pd.Series(worlds.draw(world.startswith("gjr"), SESSIONS, 1.0, rng), index=days)
            for form, known in pvalues.items():
                found = es.event_variance_test(
                    values, event=day0, shapes=[es.VarianceShape.pulse(1, SESSIONS)], form=form, kind=kind, dist=dist,
                    bootstrap=PATHS, seed=i,
                )  # fmt: skip
                if not found.reason:
                    known.append([t.pvalue for t in found.tests])
        for form, known in pvalues.items():
            cells = [f"{rate:.1f}" for rate in 100.0 * (np.array(known) <= 0.05 + 1e-12).mean(axis=0)]
            lines.append("|".join(["", world, form, *cells, str(reps - len(known)), ""]))
    lines += ["", f"Monte Carlo standard error at 5%: {100 * np.sqrt(0.05 * 0.95 / reps):.1f} points."]
    return "\n".join(lines)
