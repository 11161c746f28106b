"""A variance process for the package arch with regressors in the variance (asked for there since 2017, issue 160).

The one module that imports arch when it is imported: it extends a class of arch. Others import it inside functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from arch.univariate.volatility import GARCH, VarianceForecast, VolatilityProcess

from eventstudy._typing import FloatArray
from eventstudy.engines.event_likelihood import LARGEST_LOG, Form
from eventstudy.engines.likelihood import Presample
from eventstudy.errors import InputError
from eventstudy.kernels.event_variance import event_recursion

#: Fewer sessions without the event say nothing about the variance before it.
LEAST_QUIET = 30

Rng: TypeAlias = Callable[[int | tuple[int, ...]], FloatArray]
#: As arch has them: one row of numbers, and the start of a recursion (a number here).
Vector: TypeAlias = "FloatArray | pd.Series[Any]"
Start: TypeAlias = float | FloatArray


class EventGARCH(VolatilityProcess):
    """GARCH(1,1) or GJR-GARCH(1,1) with any number of regressors in the variance, for `arch`.

    Parameters
    ----------
    exog : ndarray or DataFrame, shape (T, P)
        Variance regressors, one row a row of the response; the columns' names name the coefficients.
    form : {"multiplicative", "additive"}
        ``h = g exp(x'delta)``, g a GARCH of the residuals divided by ``exp(x'delta / 2)``; or
        ``h = omega + (alpha + gamma 1{e<0}) e^2 + beta h + x'delta``, an impulse that decays after the regressor ends.
    o : {0, 1}
        1: GJR (Glosten, Jagannathan & Runkle 1993).
    nonnegative : bool
        Restrict delta to zero and above.
    future : ndarray, shape (H, P), optional
        Regressors after the sample; forecasts need them.
    presample : {"fcp", "arch"}
        What `fit` takes as the squared residual and variance before the sample unless it is told: the mean squared
        residual (Fiorentini, Calzolari & Panattoni 1996, held fixed; in the multiplicative form over the sessions
        without event), or arch's weighted mean.

    Raises
    ------
    InputError
        A ValueError: regressors that are not finite, or of another shape than (T, P).

    Examples
    --------
    >>> import numpy as np
    >>> from arch.univariate import ConstantMean
    >>> y = np.random.default_rng(3).standard_normal(600) * np.repeat([1.0, 2.0, 1.0], [400, 40, 160])
    >>> dummy = np.repeat([0.0, 1.0, 0.0], [400, 40, 160])[:, None]
    >>> fit = ConstantMean(y, volatility=EventGARCH(dummy)).fit(disp="off")
    >>> float(np.round(np.exp(fit.params["delta[0]"]), 1))
    3.8
    """

    _updatable = False

    def __init__(
        self,
        exog: FloatArray | pd.DataFrame,
        *,
        form: Form = "multiplicative",
        o: Literal[0, 1] = 0,
        nonnegative: bool = False,
        future: FloatArray | pd.DataFrame | None = None,
        presample: Presample = "fcp",
    ) -> None:
        super().__init__()
        self.exog = _matrix(exog, "exog")
        self.future = np.empty((0, self.exog.shape[1])) if future is None else _matrix(future, "future")
        if self.future.shape[1] != self.exog.shape[1]:
            raise InputError(f"exog has {self.exog.shape[1]} columns and future {self.future.shape[1]}: give the same")
        if form not in ("additive", "multiplicative") or o not in (0, 1) or presample not in ("fcp", "arch"):
            raise InputError(
                f"form {form!r}, o {o!r}, presample {presample!r}: allowed are additive or multiplicative, 0 or 1, "
                "fcp or arch"
            )
        self.form, self.o, self.nonnegative, self.presample = form, int(o), nonnegative, presample
        columns = exog.columns if isinstance(exog, pd.DataFrame) else range(self.exog.shape[1])
        self._deltas = [f"delta[{c}]" for c in columns]
        self._garch = GARCH(p=1, o=self.o, q=1)
        self._num_params = 3 + self.o + len(self._deltas)
        self._name = f"Event {'GJR-' if self.o else ''}GARCH, {form}"

    def __repr__(self) -> str:
        return f"EventGARCH({len(self._deltas)} regressors, form={self.form!r}, o={self.o})"

    def parameter_names(self) -> list[str]:
        """omega, alpha[1], gamma[1] of a GJR, beta[1], one delta a regressor."""
        return [*self._garch.parameter_names(), *self._deltas]

    def bounds(self, resids: Vector) -> list[tuple[float, float]]:
        """Bounds of `parameter_names`; those of arch, and wide ones for delta."""
        wide = LARGEST_LOG if self.form == "multiplicative" else 1e3 * float(np.mean(resids**2))
        return [*self._garch.bounds(resids), *[(0.0 if self.nonnegative else -wide, wide)] * len(self._deltas)]

    def constraints(self) -> tuple[FloatArray, FloatArray]:
        """Those of arch's GARCH: positive and stationary without the regressors."""
        a, b = self._garch.constraints()
        return np.column_stack((a, np.zeros((a.shape[0], len(self._deltas))))), b

    def starting_values(self, resids: Vector) -> FloatArray:
        """Arch's for the GARCH, zero for delta."""
        return np.concatenate((self._garch.starting_values(resids), np.zeros(len(self._deltas))))

    def backcast(self, resids: Vector) -> float:
        """Squared residual and variance before the sample by the rule `presample`; no event precedes it."""
        if self.presample == "arch":
            return float(self._garch.backcast(resids))
        squares = np.asarray(resids, dtype=np.float64) ** 2
        quiet = (self._rows(squares.size) == 0.0).all(axis=1)
        if self.form == "additive" or quiet.sum() < LEAST_QUIET:
            return float(np.mean(squares))
        return float(np.mean(squares[quiet]))

    def compute_variance(
        self, parameters: FloatArray, resids: Vector, sigma2: FloatArray, backcast: Start, var_bounds: FloatArray
    ) -> FloatArray:
        """Fill and return `sigma2`, shape (n,): the first n rows of the sample, and of `future` after it."""
        shift = self._rows(resids.shape[0]) @ parameters[3 + self.o :]
        event_recursion(
            self.form == "multiplicative", self._theta(parameters), shift, np.asarray(resids, dtype=np.float64),
            float(backcast), np.ascontiguousarray(var_bounds), sigma2,
        )  # fmt: skip
        return sigma2

    def simulate(
        self,
        parameters: Sequence[int | float] | Vector,
        nobs: int,
        rng: Rng,
        burn: int = 500,
        initial_value: Start | None = None,
    ) -> tuple[FloatArray, FloatArray]:
        """Residuals and variances, shape (nobs,) each; the regressors are zero during the burn-in.

        `nobs` is the rows of `exog`, or these and `burn` more, as arch's mean models call it.
        """
        values = np.asarray(parameters, dtype=np.float64)
        rows = self.exog.shape[0]
        if nobs not in (rows, rows + burn):
            raise InputError(f"nobs = {nobs}: simulate as many sessions as the regressors have rows, {rows}")
        quiet = nobs + burn - rows
        shift = np.concatenate((np.zeros(quiet), self.exog @ values[3 + self.o :]))
        theta = self._theta(values)
        persistence = theta[1] + 0.5 * theta[2] + theta[3]
        level = initial_value if initial_value is not None else theta[0] / max(1.0 - persistence, 1e-3)
        h, e = self._paths(theta, shift[:, None], np.asarray(rng(nobs + burn))[:, None], np.atleast_1d(level))
        return e[burn:, 0], h[burn:, 0]

    def _check_forecasting_method(self, method: str, horizon: int) -> None:
        if self.future.shape[0] < horizon:
            raise InputError(
                f"a forecast over {horizon} sessions needs the variance regressors of these sessions: give future with "
                f"{horizon} rows (zeros where the event is over); there are {self.future.shape[0]}"
            )

    def _analytic_forecast(
        self,
        parameters: FloatArray,
        resids: Vector,
        backcast: Start,
        var_bounds: FloatArray,
        start: int,
        horizon: int,
    ) -> VarianceForecast:
        """Expected variances, shape (T - start, horizon)."""
        known = np.asarray(resids, dtype=np.float64)
        _, forecasts = self._one_step_forecast(parameters, known, backcast, var_bounds, horizon, start)
        theta = self._theta(parameters)
        persistence = theta[1] + 0.5 * theta[2] + theta[3]
        origins = np.arange(start, known.size)
        shifts = self._rows(known.size + horizon) @ parameters[3 + self.o :]
        for k in range(1, horizon):
            shift, before = shifts[origins + 1 + k], shifts[origins + k]
            if self.form == "multiplicative":
                level = theta[0] + persistence * forecasts[:, k - 1] * np.exp(-before)
                forecasts[:, k] = level * np.exp(shift)
            else:
                forecasts[:, k] = theta[0] + persistence * forecasts[:, k - 1] + shift
        return VarianceForecast(forecasts)

    def _simulation_forecast(
        self, parameters: FloatArray, resids: Vector, backcast: Start, var_bounds: FloatArray, start: int,
        horizon: int, simulations: int, rng: Rng,
    ) -> VarianceForecast:  # fmt: skip
        """Simulated variances and residuals, shape (T - start, simulations, horizon)."""
        known = np.asarray(resids, dtype=np.float64)
        _, forecasts = self._one_step_forecast(parameters, known, backcast, var_bounds, horizon, start)
        theta, count = self._theta(parameters), forecasts.shape[0]
        shifts = self._rows(known.size + horizon) @ parameters[3 + self.o :]
        paths, shocks = np.empty((2, count, simulations, horizon))
        for i in range(count):
            ahead = shifts[start + i + 1 : start + i + 1 + horizon]
            first = forecasts[i, 0] * np.exp(-ahead[0]) if self.form == "multiplicative" else forecasts[i, 0] - ahead[0]
            z = np.asarray(rng((simulations, horizon))).T
            h, e = self._paths(theta, ahead[:, None], z, np.full(simulations, first))
            paths[i], shocks[i] = h.T, e.T
        return VarianceForecast(paths.mean(axis=1), paths, shocks)

    def _paths(
        self, theta: FloatArray, shift: FloatArray, z: FloatArray, first: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Variances and residuals from shocks, shape (steps, B); `first` is the first variance without its shift."""
        h, e, level = np.empty(z.shape), np.empty(z.shape), first
        factor = np.exp(shift) if self.form == "multiplicative" else np.ones_like(shift)
        for t in range(z.shape[0]):
            h[t] = (
                level * factor[t] if self.form == "multiplicative" else np.maximum(level + shift[t], 1e-12 * theta[0])
            )
            e[t] = z[t] * np.sqrt(h[t])
            square = e[t] ** 2 / factor[t]
            level = theta[0] + (theta[1] + theta[2] * (e[t] < 0.0)) * square + theta[3] * h[t] / factor[t]
        return h, e

    def _theta(self, parameters: FloatArray) -> FloatArray:
        """omega, alpha, gamma, beta; gamma 0 without it."""
        head = np.asarray(parameters, dtype=np.float64)[: 3 + self.o]
        return head if self.o else np.array([head[0], head[1], 0.0, head[2]])

    def _rows(self, n: int) -> FloatArray:
        """Regressors of n sessions from the first of the fitted sample."""
        known = np.vstack((self.exog, self.future))[self.start :]
        if known.shape[0] < n:
            raise InputError(
                f"{n} sessions from the first of the sample, and variance regressors for {known.shape[0]}: exog needs "
                "one row a row of the response, and forecasts need future"
            )
        return known[:n]


def _matrix(values: Any, what: str) -> FloatArray:
    out = np.asarray(values, dtype=np.float64)
    out = out[:, None] if out.ndim == 1 else out
    if out.ndim != 2 or out.shape[1] < 1 or not np.isfinite(out).all():
        raise InputError(f"{what} of shape {out.shape}: needs finite numbers, one column a regressor")
    return out
