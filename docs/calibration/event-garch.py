"""Size and power of event regressors in the variance."""

from __future__ import annotations

import numpy as np
import pandas as pd

import eventstudy as es

REPS = 1000
#: Sessions before day 0, and in all.
DAY0, SIZE = 600, 660
#: World -> how it is fitted.
FITS = {"garch": ("garch", "normal"), "gjr_t": ("gjr", "t")}
EVENTS = ((20, 1.0), (20, 4.0), (5, 1.0))


def run(reps: int, seed: int) -> str:
    """One table: world, length and multiple by form and test."""
    days = pd.bdate_range("2000-01-03", periods=SIZE)
    lines = [
        f"Rejections at 5%, one-sided, in percent; {DAY0} sessions before day 0 and {SIZE - DAY0 - 1} after it. GARCH "
        "has alpha .08 and beta .90; GJR has alpha .04, gamma .08, beta .90 and Student (5) errors. From day 1 on the "
        "variance is multiplied for as many sessions as the regressor lasts; one times is the size. Refused: fits that "
        "did not converge.",
        "",
        "|world|sessions|variance times|LR, multiplicative|Wald|LR, additive|Wald|median multiple found|refused|",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for world, (kind, dist) in FITS.items():
        for length, times in EVENTS:
            rng = np.random.default_rng([seed, length, int(times), len(world)])
            pvalues, found, refused = [], [], 0
            for _ in range(reps):
                values = pd.Series(draw(world.startswith("gjr"), length, times, rng), index=days)
                results = [
                    es.event_variance_test(
                        values, event=days[DAY0].date(), shapes=[es.VarianceShape.pulse(1, length)], form=form,
                        kind=kind, dist=dist, bootstrap=0,
                    )
                    for form in ("multiplicative", "additive")
                ]  # fmt: skip
                if any(r.reason for r in results):
                    refused += 1
                    continue
                pvalues.append([t.pvalue for r in results for t in list(r.tests)[1:]])
                found.append(results[0].multiplier[0])
            rates = 100.0 * (np.array(pvalues) <= 0.05).mean(axis=0)
            cells = [f"{r:.1f}" for r in rates] + [f"{np.median(found):.2f}", str(refused)]
            lines.append("|".join(["", world, str(length), f"{times:g}", *cells, ""]))
    lines += ["", f"Monte Carlo standard error at 5%: {100 * np.sqrt(0.05 * 0.95 / reps):.1f} points."]
    return "\n".join(lines)


def draw(asymmetric: bool, length: int, times: float, rng: np.random.Generator) -> np.ndarray:
    """One series in fractions."""
    burn = 300
    alpha, gamma, beta = (0.04, 0.08, 0.90) if asymmetric else (0.08, 0.0, 0.90)
    z = rng.standard_t(5, burn + SIZE) * np.sqrt(0.6) if asymmetric else rng.standard_normal(burn + SIZE)
    h, e = 1.0, np.empty(burn + SIZE)
    for t in range(burn + SIZE):
        e[t] = z[t] * np.sqrt(h)
        h = 1.0 - alpha - gamma / 2 - beta + (alpha + gamma * (e[t] < 0)) * e[t] ** 2 + beta * h
    e = e[burn:]
    e[DAY0 + 1 : DAY0 + 1 + length] *= np.sqrt(times)
    return 0.01 * e
