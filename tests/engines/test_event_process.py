"""The variance process with regressors inside plain arch: against loops, known forecasts, and its own simulations."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import pandas as pd
import pytest
from arch.univariate import GARCH, LS, ConstantMean, Normal, StudentsT

import eventstudy as es
from eventstudy.engines.event_likelihood import fit_event
from eventstudy.engines.event_process import EventGARCH

N = 900
DUMMY = np.repeat([0.0, 1.0, 0.0], [600, 40, 260])[:, None]
TRUTH = {"multiplicative": [0.05, 0.08, 0.87, np.log(4.0)], "additive": [0.05, 0.08, 0.87, 0.4]}


def variance_by_loop(form: str, theta: list[float], e: np.ndarray, start: float) -> list[float]:
    """The recursion in plain words; theta is omega, alpha, gamma, beta, delta."""
    omega, alpha, gamma, beta, delta = theta
    h, past, square, below = [], start, start, start / 2
    for t in range(len(e)):
        level = omega + alpha * square + gamma * below + beta * past
        m = np.exp(delta * DUMMY[t, 0]) if form == "multiplicative" else 1.0
        h.append(level * m if form == "multiplicative" else level + delta * DUMMY[t, 0])
        past, square = h[t] / m, e[t] ** 2 / m
        below = square if e[t] < 0 else 0.0
    return h


def sample(form: str, seed: int = 7, *, tails: bool = False) -> np.ndarray:
    """Residuals drawn from the process itself, with normal or Student (6) shocks."""
    rng = np.random.default_rng(seed)
    draw = (lambda n: rng.standard_t(6, n) / np.sqrt(1.5)) if tails else rng.standard_normal
    return EventGARCH(DUMMY, form=form).simulate(TRUTH[form], N, draw)[0]  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["multiplicative", "additive"])
@pytest.mark.parametrize("o", [0, 1])
def test_variance_by_a_plain_loop(form: str, o: int) -> None:
    e = sample(form)
    process = EventGARCH(DUMMY, form=form, o=o)  # type: ignore[arg-type]
    process.stop = N
    theta = [0.05, 0.06, *([0.04] if o else []), 0.85, 0.7]
    got = process.compute_variance(np.array(theta), e, np.empty(N), 1.3, process.variance_bounds(e))
    want = variance_by_loop(form, theta if o else [0.05, 0.06, 0.0, 0.85, 0.7], e, 1.3)
    np.testing.assert_allclose(got, want, rtol=1e-12)


def test_without_an_event_it_is_archs_garch() -> None:
    e = sample("additive", 3)
    quiet = np.zeros((N, 1))
    ours = ConstantMean(e, volatility=EventGARCH(quiet, presample="arch")).fix([0.02, 0.1, 0.08, 0.85, 0.3])
    arch = ConstantMean(e, volatility=GARCH()).fix([0.02, 0.1, 0.08, 0.85])
    assert ours.loglikelihood == pytest.approx(arch.loglikelihood, rel=1e-12)


@pytest.mark.parametrize("form", ["multiplicative", "additive"])
@pytest.mark.parametrize("dist", ["normal", "t"])
def test_arch_reaches_the_optimum_of_the_compiled_likelihood(form: str, dist: str) -> None:
    """Another presample in the multiplicative form and another optimiser: .02 of a log-likelihood near -1300."""
    e = sample(form, tails=dist == "t")
    law = StudentsT() if dist == "t" else Normal()
    model = ConstantMean(e, volatility=EventGARCH(DUMMY, form=form), distribution=law)  # type: ignore[arg-type]
    arch = model.fit(disp="off", tol=1e-10)
    ours = fit_event(e, np.ones((N, 1)), DUMMY, form=form, dist=dist)  # type: ignore[arg-type]
    assert not isinstance(ours, str)
    assert ours.converged
    assert arch.loglikelihood == pytest.approx(ours.loglik, abs=0.02)
    assert arch.params["delta[0]"] == pytest.approx(ours.value("delta[0]"), rel=0.02)


@pytest.mark.parametrize("form", ["multiplicative", "additive"])
def test_simulated_processes_give_their_parameters_back(form: str) -> None:
    """Mean over 24 samples of 900: within four Monte Carlo standard errors plus the small-sample bias of beta."""
    fits = [fit_event(sample(form, s), np.ones((N, 1)), DUMMY, form=form) for s in range(24)]  # type: ignore[arg-type]
    found = np.array([[f.value(n) for n in ("omega", "alpha", "beta", "delta[0]")] for f in fits])  # type: ignore[union-attr]
    error = np.abs(found.mean(axis=0) - TRUTH[form])
    assert (error <= 4.0 * found.std(axis=0) / np.sqrt(24.0) + [0.05, 0.0, 0.05, 0.0]).all()


@pytest.mark.parametrize("form", ["multiplicative", "additive"])
def test_forecasts_are_the_mean_of_simulated_ones_and_of_a_loop(form: str) -> None:
    e = sample(form)
    # The event goes on for three sessions after the sample, then ends.
    future = np.array([1.0, 1.0, 1.0, 0.0, 0.0])[:, None]
    process = EventGARCH(np.vstack((DUMMY[: N - 5], np.ones((5, 1)))), form=form, o=1, future=future)  # type: ignore[arg-type]
    model = ConstantMean(e, volatility=process)
    params = np.array([0.0, 0.05, 0.04, 0.06, 0.85, 0.9])
    fixed = model.fix(params)
    exact = fixed.forecast(horizon=5).variance.to_numpy()[-1]
    draws = fixed.forecast(horizon=5, method="simulation", simulations=40_000,
                           rng=np.random.default_rng(5).standard_normal)  # fmt: skip
    np.testing.assert_allclose(draws.variance.to_numpy()[-1], exact, rtol=0.02)
    h, last = fixed.conditional_volatility[-1] ** 2, fixed.resid[-1]
    m = np.exp(0.9) if form == "multiplicative" else 1.0
    level = 0.05 + (0.04 + 0.06 * (last < 0)) * last**2 / m + 0.85 * h / m
    want = []
    for x in future[:, 0]:
        now = level * np.exp(0.9 * x) if form == "multiplicative" else level + 0.9 * x
        want.append(now)
        level = 0.05 + (0.04 + 0.03 + 0.85) * (level if form == "multiplicative" else now)
    np.testing.assert_allclose(exact, want, rtol=1e-10)


def test_paths_of_arch_simulation_and_bootstrap_have_arch_shapes() -> None:
    e = sample("additive")
    process = EventGARCH(DUMMY, form="additive", future=np.zeros((3, 1)))
    fixed = ConstantMean(e, volatility=process).fix([0.0, 0.05, 0.08, 0.87, 0.4])
    found = fixed.forecast(horizon=3, start=N - 2, method="bootstrap", simulations=50,
                           random_state=np.random.RandomState(1))  # fmt: skip
    assert found.simulations.values.shape == (2, 50, 3)
    drawn = ConstantMean(None, volatility=EventGARCH(DUMMY)).simulate([0.0, 0.05, 0.08, 0.87, 1.0], N)
    assert drawn.shape == (N, 3)
    # The event's sessions vary more: variances of 40 and 600, the ratio of which is e on average.
    assert drawn["volatility"][600:640].mean() > drawn["volatility"][:600].mean()


def test_names_copies_and_first_observation() -> None:
    frame = pd.DataFrame(np.column_stack((DUMMY, DUMMY[::-1])), columns=["rusal", "tariff"])
    e = sample("additive")
    process = EventGARCH(frame, form="additive", o=1)
    assert process.parameter_names() == ["omega", "alpha[1]", "gamma[1]", "beta[1]", "delta[rusal]", "delta[tariff]"]
    assert "0x" not in repr(process)
    assert repr(copy.deepcopy(process)) == repr(process)
    model = LS(e, volatility=process)
    params = [0.0, 0.05, 0.04, 0.06, 0.85, 0.3, 0.2]
    late = model.fix(params, first_obs=500)
    # Rows of the regressors follow the sample: the event of row 600 is the 101st of the shorter one.
    again = LS(e[500:], volatility=EventGARCH(frame.iloc[500:], form="additive", o=1)).fix(params)
    assert late.loglikelihood == pytest.approx(again.loglikelihood, rel=1e-12)


def test_nonnegative_keeps_a_calmer_event_at_zero() -> None:
    e = sample("multiplicative")
    e[600:640] *= 0.2
    model = ConstantMean(e, volatility=EventGARCH(DUMMY, nonnegative=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert model.fit(disp="off").params["delta[0]"] == pytest.approx(0.0, abs=1e-6)
        assert ConstantMean(e, volatility=EventGARCH(DUMMY)).fit(disp="off").params["delta[0]"] < -1.0


def test_what_cannot_be_is_refused() -> None:
    e = sample("additive")
    for wrong in (np.array([np.nan] * N), np.empty((N, 0))):
        with pytest.raises(es.EventStudyError, match="finite numbers"):
            EventGARCH(wrong)
    with pytest.raises(es.EventStudyError, match="allowed are additive or multiplicative"):
        EventGARCH(DUMMY, form="log")  # type: ignore[arg-type]
    with pytest.raises(es.EventStudyError, match="columns and future"):
        EventGARCH(DUMMY, future=np.zeros((3, 2)))
    with pytest.raises(es.EventStudyError, match="exog needs one row"):
        ConstantMean(e, volatility=EventGARCH(DUMMY[:-1])).fit(disp="off")
    fixed = ConstantMean(e, volatility=EventGARCH(DUMMY)).fix([0.0, 0.05, 0.08, 0.87, 0.4])
    with pytest.raises(es.EventStudyError, match="give future with 3 rows"):
        fixed.forecast(horizon=3)
    with pytest.raises(es.EventStudyError, match="simulate as many sessions"):
        EventGARCH(DUMMY).simulate([0.05, 0.08, 0.87, 0.4], 100, np.random.default_rng(1).standard_normal)
