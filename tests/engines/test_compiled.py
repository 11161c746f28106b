"""The compiled likelihood: against plain loops with scipy densities, against `arch`, against itself in other units."""

from __future__ import annotations

import itertools
import math
import os
import subprocess
import sys
from itertools import product
from typing import Literal

import numpy as np
import pytest
from arch import arch_model
from numpy.typing import NDArray
from scipy import optimize, stats

from eventstudy.engines.compiled import CompiledEngine
from eventstudy.engines.likelihood import LikelihoodFit, backcast, maximum_likelihood
from eventstudy.errors import InputError
from eventstudy.kernels import garch_likelihood as kernel
from tests.benchmarks.garch import PROMISE, series, shortfall

FloatArray = NDArray[np.float64]
Kind = Literal["garch", "gjr", "egarch"]
Dist = Literal["normal", "t"]
KINDS: tuple[Kind, ...] = ("garch", "gjr", "egarch")
DISTS: tuple[Dist, ...] = ("normal", "t")
CODES = {"garch": kernel.GARCH, "gjr": kernel.GJR, "egarch": kernel.EGARCH, "normal": 0, "t": 1, "arch": 0, "fcp": 1}
#: b (2), omega, alpha, gamma, beta, delta, nu.
THETA = np.array([0.05, 0.2, 0.03, 0.05, 0.06, 0.84, 0.1, 7.0])
LOG_THETA = np.array([0.05, 0.2, -0.02, 0.15, -0.06, 0.94, 0.1, 7.0])


def path(size: int, seed: int, scale: float = 1.0) -> FloatArray:
    """A GJR path with Student(6) shocks."""
    rng = np.random.default_rng(seed)
    z = rng.standard_t(6, size + 200) * math.sqrt(4.0 / 6.0)
    e, h = np.empty_like(z), 1.0
    for t, shock in enumerate(z):
        e[t] = shock * math.sqrt(h)
        h = 0.03 + (0.03 + 0.08 * (e[t] < 0.0)) * e[t] ** 2 + 0.9 * h
    return scale * e[200:]


def data(size: int = 240) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Response, regressors of the mean, an event dummy."""
    x = np.column_stack((np.ones(size), np.random.default_rng(8).standard_normal(size)))
    return path(size, 9) + x @ [0.1, 0.3], x, (np.arange(size)[:, None] >= size - 20).astype(float)


def by_loop(kind: Kind, dist: Dist, presample: str, theta: FloatArray, level: float) -> float:
    """The log-likelihood as the papers print it, one session after the other."""
    y, x, d = data()
    omega, alpha, gamma, beta, delta, nu = theta[2:]
    e = y - x @ theta[:2]
    level = float(np.mean(e**2)) if presample == "fcp" else level
    total, h = 0.0, 0.0
    for t in range(y.size):
        if kind == "egarch":
            past = math.log(level if t == 0 else h)
            z = 0.0 if t == 0 else e[t - 1] / math.sqrt(h)
            news = 0.0 if t == 0 else alpha * (abs(z) - math.sqrt(2 / math.pi)) + gamma * z
            h = math.exp(omega + news + beta * past + delta * d[t, 0])
        elif t == 0:
            h = omega + (alpha + gamma / 2 + beta) * level + delta * d[t, 0]
        else:
            h = omega + (alpha + gamma * (e[t - 1] < 0)) * e[t - 1] ** 2 + beta * h + delta * d[t, 0]
        if dist == "normal":
            total += float(stats.norm.logpdf(e[t], scale=math.sqrt(h)))
        else:
            unit = math.sqrt(h * (nu - 2) / nu)
            total += float(stats.t.logpdf(e[t] / unit, nu)) - math.log(unit)
    return total


@pytest.mark.parametrize(("kind", "dist", "presample"), list(product(KINDS, DISTS, ("arch", "fcp"))))
def test_likelihood_by_loop_and_gradient_by_differences(kind: Kind, dist: Dist, presample: str) -> None:
    y, x, d = data()
    theta = LOG_THETA if kind == "egarch" else THETA
    spec = (CODES[kind], CODES[dist], CODES[presample])
    work = np.empty(y.size), np.empty((y.size, theta.size))
    loglik = kernel.scores(spec, (y, x, d, 1.3), theta, work)
    # The same sums in another order.
    assert loglik == pytest.approx(by_loop(kind, dist, presample, theta, 1.3), rel=1e-12)
    gradient = work[1].sum(axis=0)
    numeric = optimize.approx_fprime(theta, by_loop_of(kind, dist, presample), 1e-7)
    # Forward differences of a sum near -350: rounding 350 eps / 1e-7 and curvature 1e4 x 1e-7 leave about 1e-3.
    numeric[-1] = numeric[-1] if dist == "t" else 0.0
    np.testing.assert_allclose(gradient, numeric, rtol=1e-4, atol=2e-3)


def by_loop_of(kind: Kind, dist: Dist, presample: str):  # type: ignore[no-untyped-def]
    return lambda theta: by_loop(kind, dist, presample, theta, 1.3)


@pytest.mark.parametrize(("kind", "dist"), list(product(KINDS, DISTS)))
def test_arch_reaches_no_higher_and_agrees(kind: Kind, dist: Dist) -> None:
    y = path(1500, 3)
    asymmetric = 0 if kind == "garch" else 1
    model = arch_model(
        y, mean="Constant", vol="EGARCH" if kind == "egarch" else "GARCH", o=asymmetric, dist=dist, rescale=False
    )
    reference = model.fit(disp="off", tol=1e-10)
    ours = maximum_likelihood(y, np.ones((y.size, 1)), kind=kind, dist=dist)
    assert isinstance(ours, LikelihoodFit)
    assert ours.converged
    assert ours.bounds == ()
    # Ours at arch's parameters is arch's log-likelihood: same presample, same densities.
    assert ours.loglik >= reference.loglikelihood - 1e-9
    assert ours.loglik == pytest.approx(reference.loglikelihood, abs=1e-5)
    np.testing.assert_allclose(ours.params, reference.params, rtol=2e-3, atol=2e-4)  # where SLSQP stopped
    np.testing.assert_allclose(np.sqrt(ours.variance), reference.conditional_volatility, rtol=1e-3)
    # arch differentiates numerically.
    np.testing.assert_allclose(ours.se("qmle"), reference.std_err, rtol=2e-2)


def test_the_optimum_is_one_by_a_general_optimiser() -> None:
    y, x, d = data()
    fit = maximum_likelihood(y, x, kind="gjr", dist="t", presample="fcp", exog=d)
    assert isinstance(fit, LikelihoodFit)
    assert fit.names == ("mean[0]", "mean[1]", "omega", "alpha", "gamma", "beta", "delta[0]", "nu")
    assert by_loop("gjr", "t", "fcp", fit.params, 0.0) == pytest.approx(fit.loglik, rel=1e-12)
    rng = np.random.default_rng(1)
    for _ in range(60):
        moved = fit.params * (1.0 + 0.02 * rng.standard_normal(fit.params.size))
        inside = moved[3] >= 0 and moved[3] + moved[4] >= 0 and moved[3] + moved[4] / 2 + moved[5] <= 1
        assert not inside or by_loop("gjr", "t", "fcp", moved, 0.0) <= fit.loglik + 1e-9


@pytest.mark.parametrize(("kind", "dist"), [("garch", "normal"), ("gjr", "t"), ("egarch", "t")])
def test_units_carry_through(kind: Kind, dist: Dist) -> None:
    y, x, d = data()
    one, small = (maximum_likelihood(c * y, x, kind=kind, dist=dist, exog=d) for c in (1.0, 1e-3))
    assert isinstance(one, LikelihoodFit)
    assert isinstance(small, LikelihoodFit)
    factor = {"omega": 1e-6, "delta[0]": 1e-6} if kind != "egarch" else {"delta[0]": 1.0}
    for name in one.names:
        if name != "omega" or kind != "egarch":
            unit = 1e-3 if name.startswith("mean") else factor.get(name, 1.0)
            assert small.value(name) == pytest.approx(unit * one.value(name), rel=1e-5, abs=1e-12)
    if kind == "egarch":
        moved = one.value("omega") + (1.0 - one.value("beta")) * 2.0 * math.log(1e-3)
        assert small.value("omega") == pytest.approx(moved, rel=1e-6)
    assert small.loglik == pytest.approx(one.loglik - y.size * math.log(1e-3), rel=1e-10)
    np.testing.assert_allclose(small.variance, 1e-6 * one.variance, rtol=1e-5)
    by_name = [n for n in one.names if n.startswith(("mean", "alpha", "beta"))]
    rows = [one.names.index(n) for n in by_name]
    units = np.array([1e-3 if n.startswith("mean") else 1.0 for n in by_name])
    np.testing.assert_allclose(small.se()[rows], units * one.se()[rows], rtol=1e-3)


def test_covariances_by_numeric_derivatives() -> None:
    y, x, _ = data()
    fit = maximum_likelihood(y, x, kind="garch", dist="normal", presample="fcp")
    assert isinstance(fit, LikelihoodFit)

    def value(p: FloatArray) -> float:
        return by_loop("garch", "normal", "fcp", np.array([*p[:4], 0.0, p[4], 0.0, 8.0]), 0.0)

    steps = 1e-4 * np.maximum(np.abs(fit.params), 0.05)
    n = fit.params.size
    hessian = np.empty((n, n))
    for i, j in product(range(n), range(n)):
        a, b = np.eye(n)[i] * steps[i], np.eye(n)[j] * steps[j]
        p = fit.params
        mixed = value(p + a + b) - value(p + a - b) - value(p - a + b) + value(p - a - b)
        hessian[i, j] = mixed / (4.0 * steps[i] * steps[j])
    # Second differences of the plain loop hold about four digits.
    np.testing.assert_allclose(fit.se("hessian"), np.sqrt(np.diag(np.linalg.inv(-hessian))), rtol=1e-3)
    inverse = np.linalg.inv(-hessian)
    outer = fit.scores.T @ fit.scores
    np.testing.assert_allclose(fit.se("qmle"), np.sqrt(np.diag(inverse @ outer @ inverse)), rtol=1e-3)
    np.testing.assert_allclose(fit.se("opg"), np.sqrt(np.diag(np.linalg.inv(outer))), rtol=1e-9)


def test_a_bound_is_reached_named_and_left_out_of_the_covariance() -> None:
    noise = np.random.default_rng(0).standard_normal(700)
    fit = CompiledEngine().fit(noise - noise.mean(), kind="garch", dist="normal")
    assert fit.problem
    quiet = maximum_likelihood(noise, None, kind="gjr", dist="normal")
    assert isinstance(quiet, LikelihoodFit)
    assert quiet.converged
    assert set(quiet.bounds) & {"alpha = 0", "alpha + gamma = 0", "beta = 0"}
    tied = {"alpha = 0": [1.0, 0.0, 0.0], "alpha + gamma = 0": [1.0, 1.0, 0.0], "beta = 0": [0.0, 0.0, 1.0]}
    block = quiet.covariance()[1:4, 1:4]
    for words in quiet.bounds:
        if words in tied:
            assert np.array(tied[words]) @ block @ np.array(tied[words]) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("presample", ["arch", "fcp"])
def test_a_batch_is_many_single_fits(presample: Literal["arch", "fcp"]) -> None:
    engine = CompiledEngine(presample=presample)
    series = [path(size, seed, scale) for size, seed, scale in ((400, 1, 0.01), (300, 2, 2.0), (350, 3, 0.02))]
    series = [s - s.mean() for s in series]
    batch = engine.fit_many(series, kind="gjr", dist="t")
    for one, residual in zip(batch, series, strict=True):
        alone = engine.fit(residual, kind="gjr", dist="t")
        assert one.loglik == pytest.approx(alone.loglik, rel=1e-9)
        assert float(one.params.beta) == pytest.approx(float(alone.params.beta), rel=1e-5, abs=1e-7)
        assert one.first_variance == pytest.approx(alone.first_variance, rel=1e-6)
        assert one.converged == alone.converged
        assert np.isnan(one.covariance).all()
    assert engine.fit_many([], kind="gjr", dist="t") == ()
    with pytest.raises(InputError, match="at least 30 finite"):
        engine.fit_many([np.zeros(100)], kind="gjr", dist="t")


def test_an_egarch_optimum_on_a_kink_is_found_and_named() -> None:
    # The likelihood has a kink in the mean wherever a residual is zero; some samples have their maximum there.
    for seed, kinked in ((0, False), (1, True), (38, True)):
        y = path(250, seed) + 0.05
        fit = maximum_likelihood(y, np.ones((y.size, 1)), kind="egarch", dist="normal")
        assert isinstance(fit, LikelihoodFit)
        assert fit.converged
        for shift in (-1e-4, 1e-4, 1e-2):
            moved = fit.params.copy()
            moved[0] += shift
            theta = np.array([*moved, 8.0])
            work = np.empty(y.size), np.empty((y.size, theta.size))
            start = backcast(y - y.mean())
            spec = (kernel.EGARCH, kernel.NORMAL, kernel.FIXED)
            none = np.empty((y.size, 0))
            assert kernel.scores(spec, (y, np.ones((y.size, 1)), none, start), theta, work) < fit.loglik
        assert fit.on_kink is kinked
        if kinked:
            assert np.abs(fit.residual).min() < 1e-12
            assert np.isnan(fit.se()).all()


@pytest.mark.parametrize("i", [12, 15, 27, 38, 50, 68, 66, 79, 86, 103, 115, 146])
def test_the_highest_top_is_found_on_real_and_simulated_series(i: int) -> None:
    # Twelve of the 200 series of tests/benchmarks/garch.py, hard ones among them: a variance that only drifts, noise.
    name, y = next(itertools.islice(series(), i, None))
    gap, _, sound = shortfall(y, KINDS[i % 3], DISTS[i // 3 % 2])
    assert sound, name
    assert gap <= PROMISE, name


def test_an_egarch_that_never_forgets_its_start_is_no_candidate() -> None:
    y = next(itertools.islice(series(), 0, None))[1]
    y = y / y.std()
    work, none = (np.empty(y.size), np.empty((y.size, 5))), np.empty((y.size, 0))
    spec = (kernel.EGARCH, kernel.NORMAL, kernel.FIXED)
    # d ln h_t / d ln h_(t-1) = beta - (alpha |z| + gamma z) / 2: above one on average for alpha < 0 and beta near one.
    assert kernel.scores(spec, (y, none, none, 1.0), np.array([0.0, -0.05, 0.0, 0.999, 8.0]), work) == -np.inf
    assert kernel.scores(spec, (y, none, none, 1.0), np.array([0.0, 0.05, 0.0, 0.999, 8.0]), work) > -1e5


@pytest.mark.parametrize(
    ("y", "words"),
    [(np.array([1.0, np.nan] * 50), "missing"), (np.ones(8), "too few"), (np.zeros(100), "do not vary")],
)
def test_refusals(y: FloatArray, words: str) -> None:
    refused = maximum_likelihood(y, None, kind="garch", dist="normal")
    assert isinstance(refused, str)
    assert words in refused


def test_without_compilation_the_numbers_are_the_same() -> None:
    code = (
        "import numpy as np; from eventstudy.engines.compiled import CompiledEngine as C;"
        "e = np.random.default_rng(4).standard_t(5, 120) * (1 + (np.arange(120) > 60));"
        "f = C(starts=1).fit(e, kind='gjr', dist='t'); print(f.loglik.hex(), float(f.params.beta).hex())"
    )
    compiled, plain = (
        subprocess.run([sys.executable, "-c", code], env=os.environ | {"NUMBA_DISABLE_JIT": flag}, check=True,
                       capture_output=True, text=True).stdout.split()
        for flag in ("0", "1")
    )  # fmt: skip
    assert float.fromhex(plain[0]) == pytest.approx(float.fromhex(compiled[0]), rel=1e-9)
    assert float.fromhex(plain[1]) == pytest.approx(float.fromhex(compiled[1]), abs=1e-6)


def test_numba_is_imported_by_the_first_fit_only() -> None:
    code = "import sys, eventstudy as es; es.GarchResponse; es.Study; es.calibrate; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
