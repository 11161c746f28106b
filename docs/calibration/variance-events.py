"""Breaks, variance before and after, and spillover: size, power and coverage."""

from __future__ import annotations

import numpy as np
import pandas as pd

import eventstudy as es
from eventstudy.kernels.breaks import break_set, icss, variance_cusum
from eventstudy.kernels.stats import Inapplicable
from eventstudy.volatility.breaks import segment_variance

REPS = 1000
WORLDS = ("normal", "t5", "garch")
CRITICAL = 1.358


def run(reps: int, seed: int) -> str:
    """Four tables."""
    half = reps // 2
    parts = (_breaks(reps, seed), _agreement(half, seed), _before_after(reps, seed), _spillover(half, seed))
    return "\n\n".join("\n".join(lines) for lines in parts)


def draw(world: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """Residuals of unit variance; GARCH has alpha .08, beta .90."""
    if world == "normal":
        return rng.standard_normal(n)
    if world == "t5":
        return rng.standard_t(5, n) * np.sqrt(0.6)
    e, h = np.empty(n + 200), 1.0
    z = rng.standard_normal(n + 200)
    for t in range(n + 200):
        e[t] = z[t] * np.sqrt(h)
        h = 0.02 + 0.08 * e[t] ** 2 + 0.9 * h
    return e[200:]


def _breaks(reps: int, seed: int) -> list[str]:
    lines = [
        "## Breaks of the variance",
        "",
        "200 sessions, the variance times the ratio from session 101 on; in percent. The date set should cover 95%.",
        "",
        "|world|ratio|IT|kappa-1|kappa-2|ICSS finds any|partition finds any|date set covers|sessions in the set|",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for world in WORLDS:
        for ratio in (1.0, 2.0, 4.0):
            rng = np.random.default_rng([seed, int(ratio), len(world)])
            rows, width = [], []
            for _ in range(reps):
                e = draw(world, 200, rng) * np.repeat([1.0, np.sqrt(ratio)], 100)
                e = e - e.mean()
                cusum, dated = variance_cusum(e), break_set(e)
                assert not isinstance(cusum, Inapplicable)
                assert not isinstance(dated, Inapplicable)
                width.append(dated.inside.sum())
                rows.append(
                    [cusum.it > CRITICAL, cusum.kappa1 > CRITICAL, cusum.kappa2 > CRITICAL, len(icss(e)) > 0,
                     len(segment_variance(e)) > 0, dated.inside[100]]
                )  # fmt: skip
            rates = [f"{r:.0f}" for r in 100.0 * np.mean(rows, axis=0)]
            tail = [rates[-1], f"{np.median(width):.0f}"] if ratio > 1.0 else ["-", "-"]
            lines.append("|".join(["", world, f"{ratio:g}", *rates[:-1], *tail, ""]))
    return lines


def _agreement(reps: int, seed: int) -> list[str]:
    days = pd.bdate_range("2000-01-03", periods=900)
    lines = [
        "## Does the break agree with the announcement?",
        "",
        f"`variance_breaks` on 900 sessions, day 0 the 751st, {reps} replications; the variance times the ratio from "
        "day 0 on, or from 60 sessions before it. In percent.",
        "",
        "|world|ratio|from|kappa-2 by its law|kappa-2 by simulation|agrees|elsewhere|no break|",
        "|---|---|---|---|---|---|---|---|",
    ]
    for world in WORLDS:
        for ratio, first in ((1.0, 0), (4.0, 0), (4.0, -60)):
            rng = np.random.default_rng([seed, 11, int(ratio), -first, len(world)])
            rows = []
            for _ in range(reps):
                e = draw(world, 900, rng)
                e[750 + first :] *= np.sqrt(ratio)
                found = es.variance_breaks(pd.Series(e, index=days), event=days[750].date())
                assert found.around is not None
                words = [found.agreement == word for word in ("agrees", "elsewhere", "no break")]
                rows.append([found.around.pvalues["kappa2"] <= 0.05, found.around.pvalue <= 0.05, *words])
            rates = [f"{r:.0f}" for r in 100.0 * np.mean(rows, axis=0)]
            lines.append("|".join(["", world, f"{ratio:g}", f"day {first}", *rates, ""]))
    return lines


def _before_after(reps: int, seed: int) -> list[str]:
    days = pd.bdate_range("2000-01-03", periods=300)
    keys = ("variance_f", "variance_f_centred", "brown_forsythe", "wilcoxon_variance", "variance_placebo")
    lines = [
        "## Variance before and after",
        "",
        "`variance_change`: sessions 1 to 20 against -260 to -11, rejections at 5%; in percent.",
        "",
        "|world|variance times|" + "|".join(f"`{k}`" for k in keys) + "|",
        "|---|---" + "|---" * len(keys) + "|",
    ]
    for world in WORLDS:
        for times in (1.0, 2.0, 4.0):
            rng = np.random.default_rng([seed, 7, int(times), len(world)])
            hits = []
            for _ in range(reps):
                e = draw(world, 300, rng)
                e[271:291] *= np.sqrt(times)
                tests = es.variance_change(pd.Series(e, index=days), event=days[270].date())
                hits.append([t.pvalue <= 0.05 for t in tests])
            rates = [f"{r:.1f}" for r in 100.0 * np.mean(hits, axis=0)]
            lines.append("|".join(["", world, f"{times:g}", *rates, ""]))
    return lines


def _spillover(reps: int, seed: int) -> list[str]:
    days = pd.bdate_range("2000-01-03", periods=900)
    keys = ("correlation_change", "variance_causality", "variance_causality_reverse", "variance_causality_before")
    lines = [
        "## Spillover",
        "",
        f"Two GARCH series with a DCC (a .04, b .93, level .3) or a constant correlation of .3, {reps} replications, "
        "800 sessions before day 0; where a number is named, the correlation is that on sessions 1 to 20. Rejections "
        "at 5%; in percent.",
        "",
        "|world|" + "|".join(f"`{k}`" for k in keys) + "|",
        "|---" * (1 + len(keys)) + "|",
    ]
    cells = (
        ("constant", 0.0, 0.0, None),
        ("DCC", 0.04, 0.93, None),
        ("DCC", 0.04, 0.93, 0.6),
        ("DCC", 0.04, 0.93, 0.85),
    )
    for name, a, b, during in cells:
        rng = np.random.default_rng([seed, int(100 * a), int(100 * (during or 0.0))])
        hits = []
        for i in range(reps):
            frame = pd.DataFrame(0.01 * _pair(a, b, during, rng), index=days, columns=["metal", "producer"])
            design = es.SpilloverDesign(draws=499, seed=i)
            found = es.spillover(frame, "metal", ["producer"], event=days[800].date(), design=design)
            hits.append([t.pvalue <= 0.05 for t in found.tests])
        rates = [f"{r:.1f}" for r in 100.0 * np.mean(hits, axis=0)]
        lines.append("|".join(["", name + (f", {during:g} during" if during else ""), *rates, ""]))
    return lines


def _pair(a: float, b: float, during: float | None, rng: np.random.Generator) -> np.ndarray:
    shocks = rng.standard_normal((900, 2))
    level = np.array([1.0, 0.3, 1.0])
    q, h, e = level.copy(), np.ones(2), np.empty((900, 2))
    for t in range(900):
        rho = during if during is not None and 801 <= t <= 820 else q[1] / np.sqrt(q[0] * q[2])
        x = shocks[t, 0]
        y = rho * x + np.sqrt(1.0 - rho**2) * shocks[t, 1]
        q = (1.0 - a - b) * level + a * np.array([x * x, x * y, y * y]) + b * q
        e[t] = np.sqrt(h) * [x, y]
        h = 0.05 + 0.07 * e[t] ** 2 + 0.88 * h
    return e
