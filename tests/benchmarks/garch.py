"""Log-likelihoods of the compiled engine against `arch` on 200 series: ``python tests/benchmarks/garch.py``.

Thirty Dow shares of the 1990s, two windows each, and simulated GARCH and GJR paths with normal and Student shocks;
every series by one of GARCH, GJR, EGARCH with normal or Student errors, a constant mean, arch's presample rule. Prints
the worst relative shortfall (the library promises 1e-6), how often arch stops short of our maximum, and the time a fit.
"""

from __future__ import annotations

import itertools
import math
import sys
import time
import warnings
from collections.abc import Iterator

import numpy as np
from arch import arch_model
from arch.univariate.base import ARCHModelResult
from numpy.typing import NDArray

import eventstudy as es
from eventstudy.engines.compiled import CompiledEngine
from eventstudy.engines.likelihood import LikelihoodFit, maximum_likelihood

FloatArray = NDArray[np.float64]
KINDS, LAWS = ("garch", "gjr", "egarch"), ("normal", "t")
#: Relative shortfall that is allowed.
PROMISE = 1e-6
SESSIONS = 1000


def simulated(seed: int) -> FloatArray:
    """One path of 1,000 sessions; every fourth seed another world."""
    rng = np.random.default_rng(seed)
    n = SESSIONS + 200
    z = rng.standard_normal(n) if seed % 2 else rng.standard_t(5, n) * math.sqrt(0.6)
    alpha, gamma, beta = ((0.08, 0.0, 0.90), (0.03, 0.10, 0.88), (0.02, 0.02, 0.5), (0.0, 0.0, 0.0))[seed % 4]
    e, h = np.empty(n), 1.0
    for t in range(n):
        e[t] = z[t] * math.sqrt(h)
        h = 1.0 - alpha - gamma / 2 - beta + (alpha + gamma * (e[t] < 0)) * e[t] ** 2 + beta * h
    return e[200:]


def series() -> Iterator[tuple[str, FloatArray]]:
    """Real series first (two windows of each Dow share), then simulated ones without end, in percent."""
    returns = 100.0 * es.load("embedded").to_returns(change="log")
    real = [
        (f"{name} {part}", returns[name].dropna().to_numpy()[rows])
        for name in returns.columns
        for part, rows in (("first", slice(0, SESSIONS)), ("last", slice(-SESSIONS, None)))
    ]
    paths = ((f"simulated {seed}", simulated(seed)) for seed in itertools.count())
    return itertools.chain(real, paths)


def forgets(result: ARCHModelResult, y: FloatArray) -> bool:
    """Whether arch's EGARCH forgets its first variance: the filter's derivatives shrink (Straumann & Mikosch 2006)."""
    omega, alpha, gamma, beta = result.params.to_numpy()[1:5]
    e, g, exponent = y - result.params.iloc[0], math.log(y.var()), 0.0
    for shock in e:
        z = shock * math.exp(-0.5 * g)
        exponent += math.log(max(abs(beta - 0.5 * (alpha * abs(z) + gamma * z)), 1e-300))
        g = min(max(omega + alpha * (abs(z) - math.sqrt(2 / math.pi)) + gamma * z + beta * g, -200.0), 200.0)
    return exponent < 0.0


def shortfall(y: FloatArray, kind: str, law: str) -> tuple[float, bool, bool]:
    """Relative shortfall of our log-likelihood (negative: ours is higher), and whether arch converged, and forgets."""
    model = arch_model(
        y, mean="Constant", vol="EGARCH" if kind == "egarch" else "GARCH", o=0 if kind == "garch" else 1,
        dist=law, rescale=False,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reference = model.fit(disp="off", show_warning=False)
    ours = maximum_likelihood(y, np.ones((y.size, 1)), kind=kind, dist=law)  # type: ignore[arg-type]
    assert isinstance(ours, LikelihoodFit)
    gap = (reference.loglikelihood - ours.loglik) / abs(reference.loglikelihood)
    return gap, reference.convergence_flag == 0, kind != "egarch" or forgets(reference, y)


def main(count: int = 200) -> int:
    """Compare `count` series on which arch's fit says something, print, and return 1 when the promise is broken."""
    found: list[tuple[float, str, bool]] = []
    left_out = 0
    for i, (name, y) in enumerate(series()):
        if len(found) == count:
            break
        kind, law = KINDS[i % 3], LAWS[i // 3 % 2]
        gap, converged, sound = shortfall(y, kind, law)
        if sound:
            found.append((gap, f"{name}, {kind}-{law}", converged))
        left_out += not sound
    gaps = np.array([g for g, _, _ in found])
    worst = max(found)
    print(
        f"series {len(found)}, left out {left_out} whose EGARCH never forgets its start; worst shortfall "
        f"{worst[0]:.1e} ({worst[1]}); above {PROMISE:g}: {(gaps > PROMISE).sum()}"
    )
    print(f"arch lower by more than {PROMISE:g}: {(gaps < -PROMISE).sum()}, of these it says converged: "
          f"{sum(c for g, _, c in found if g < -PROMISE)}")  # fmt: skip
    paths = [simulated(seed) for seed in range(100)]
    engine = CompiledEngine()
    engine.fit_many(paths[:1], kind="gjr", dist="t")
    start = time.process_time()
    engine.fit_many(paths, kind="gjr", dist="t")
    ours = (time.process_time() - start) / len(paths)
    start = time.process_time()
    for y in paths[:10]:
        shortfall(y, "gjr", "t")
    print(
        f"GJR-t on {SESSIONS} sessions: {1e3 * ours:.1f} ms a fit in a batch, "
        f"arch {100 * (time.process_time() - start):.0f} ms"
    )
    return int(worst[0] > PROMISE)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
