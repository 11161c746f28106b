"""GARCH recursions against loops, against `arch` at fixed parameters, and against their long-run moments."""

from __future__ import annotations

import numpy as np
import pytest
from arch import arch_model
from numpy.typing import NDArray

from eventstudy.kernels.garch import GarchParams, filter_variance, forecast_variance, simulate

FloatArray = NDArray[np.float64]
GARCH = (0.02, 0.08, 0.0, 0.9)
GJR = (0.03, 0.03, 0.12, 0.88)


def params(values: tuple[float, float, float, float]) -> GarchParams:
    """Scalars as the kernel wants them."""
    return GarchParams(*(np.asarray(v) for v in values))


def loop(values: tuple[float, float, float, float], e: FloatArray, h0: float) -> list[float]:
    """The recursion as the papers print it."""
    omega, alpha, gamma, beta = values
    h = [h0]
    for shock in e.tolist():
        h.append(omega + alpha * shock**2 + (gamma * shock**2 if shock < 0.0 else 0.0) + beta * h[-1])
    return h


@pytest.mark.parametrize("values", [GARCH, GJR])
def test_filter_by_loop(values: tuple[float, float, float, float]) -> None:
    e = np.random.default_rng(1).standard_normal(200)
    h = filter_variance(params(values), e, np.array([0.7]))
    np.testing.assert_allclose(h[:, 0], loop(values, e, 0.7), rtol=1e-13)


def test_filter_takes_one_parameter_set_a_column() -> None:
    e = np.random.default_rng(2).standard_normal(50)
    both = GarchParams(*(np.array(pair) for pair in zip(GARCH, GJR, strict=True)))
    h = filter_variance(both, e, np.array([0.5, 2.0]))
    np.testing.assert_allclose(h[:, 0], loop(GARCH, e, 0.5), rtol=1e-13)
    np.testing.assert_allclose(h[:, 1], loop(GJR, e, 2.0), rtol=1e-13)


@pytest.mark.parametrize(("values", "asymmetric"), [(GARCH, 0), (GJR, 1)])
def test_filter_matches_arch_at_fixed_parameters(values: tuple[float, float, float, float], asymmetric: int) -> None:
    e = np.random.default_rng(3).standard_normal(600)
    model = arch_model(e, mean="Zero", vol="GARCH", p=1, o=asymmetric, q=1, rescale=False)
    fixed = model.fix([v for v in values if v] if not asymmetric else list(values))
    volatility = np.asarray(fixed.conditional_volatility)
    h = filter_variance(params(values), e, volatility[:1] ** 2)[:-1, 0]
    # The same recursion in double precision from the same first value.
    np.testing.assert_allclose(np.sqrt(h), volatility, rtol=1e-12)


@pytest.mark.parametrize(("values", "asymmetric"), [(GARCH, 0), (GJR, 1)])
def test_forecast_matches_arch_and_the_closed_form(values: tuple[float, float, float, float], asymmetric: int) -> None:
    e = np.random.default_rng(4).standard_normal(300)
    model = arch_model(e, mean="Zero", vol="GARCH", p=1, o=asymmetric, q=1, rescale=False)
    fixed = model.fix([v for v in values if v] if not asymmetric else list(values))
    reference = fixed.forecast(horizon=30).variance.to_numpy()[-1]
    ours = forecast_variance(params(values), float(reference[0]), 30)
    np.testing.assert_allclose(ours, reference, rtol=1e-12)
    persistence = values[1] + values[2] / 2 + values[3]
    long_run = values[0] / (1 - persistence)
    closed = [long_run + persistence**k * (reference[0] - long_run) for k in range(30)]
    np.testing.assert_allclose(ours, closed, rtol=1e-12)
    assert float(params(values).persistence) == pytest.approx(persistence, rel=1e-14)


@pytest.mark.parametrize("values", [GARCH, GJR])
def test_simulation_by_loop(values: tuple[float, float, float, float]) -> None:
    z = np.random.default_rng(5).standard_normal((12, 4))
    start = np.array([0.4, 1.0, 2.0, 9.0])
    ours = simulate(params(values), start, z)
    omega, alpha, gamma, beta = values
    for b in range(4):
        h = start[b]
        for k in range(12):
            e = z[k, b] * np.sqrt(h)
            assert ours[k, b] == pytest.approx(e, rel=1e-13)
            h = omega + (alpha + (gamma if e < 0 else 0.0)) * e * e + beta * h


def test_simulation_then_filter_gives_the_shocks_back() -> None:
    z = np.random.default_rng(6).standard_normal((100, 1))
    e = simulate(params(GJR), np.array([1.0]), z)[:, 0]
    h = filter_variance(params(GJR), e, np.array([1.0]))[:-1, 0]
    np.testing.assert_allclose(e / np.sqrt(h), z[:, 0], rtol=1e-10)


@pytest.mark.parametrize("values", [GARCH, GJR])
def test_simulated_variance_settles_at_its_long_run_level(values: tuple[float, float, float, float]) -> None:
    # Start at four times the long-run level; after 400 sessions at persistence .97-.98 (.98^400 = 3e-4) nothing
    # of it is left. The mean square over 20,000 independent paths has the s.e. that the paths themselves show.
    rng = np.random.default_rng(7)
    long_run = values[0] / (1 - values[1] - values[2] / 2 - values[3])
    e = simulate(params(values), np.asarray(4.0 * long_run), rng.standard_normal((400, 20_000)))
    last = e[-1] ** 2
    assert last.mean() == pytest.approx(long_run, abs=4.0 * last.std() / np.sqrt(last.size))
    # On the way the average follows the forecast.
    expected = forecast_variance(params(values), 4.0 * long_run, 400)
    for k in (0, 9, 49):
        square = e[k] ** 2
        assert square.mean() == pytest.approx(expected[k], abs=4.0 * square.std() / np.sqrt(square.size))


def test_a_constant_variance_is_the_recursion_without_memory() -> None:
    constant = params((2.5, 0.0, 0.0, 0.0))
    np.testing.assert_array_equal(forecast_variance(constant, 2.5, 5), np.full(5, 2.5))
    z = np.random.default_rng(8).standard_normal((5, 3))
    np.testing.assert_allclose(simulate(constant, np.asarray(2.5), z), z * np.sqrt(2.5), rtol=1e-14)
