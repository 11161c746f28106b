"""A dummy for one session in the mean of a GARCH is a trap: two optima, and no estimate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from eventstudy._typing import FloatArray, IntArray
from eventstudy.engines.likelihood import maximum_likelihood
from eventstudy.errors import InputError

#: A session with this leverage is fitted by a coefficient of its own.
ALONE = 1.0 - 1e-8
#: How far from the plain residual the optima are looked for, in sample standard deviations.
REACH = 6.0


@dataclass(frozen=True, slots=True)
class DummyModes:
    """Optima of a GARCH likelihood in the coefficient of a dummy for one session.

    Attributes
    ----------
    plain : float
        Response of the session less what the mean expects: the abnormal response, where the likelihood has a local
        minimum between the optima when there are two.
    low, high : float
        The two optima; equal when there is one.
    loglik_low, loglik_high : float
        Log-likelihood at them, equal up to what one session moves the other coefficients.
    """

    plain: float
    low: float
    high: float
    loglik_low: float
    loglik_high: float

    @property
    def tied(self) -> bool:
        """Whether there are two optima."""
        return self.high - self.low > 1e-3 * max(abs(self.low), abs(self.high))


def lone_sessions(x: FloatArray) -> IntArray:
    """Sessions that a combination of the mean regressors, shape (T, K), fits alone: leverage one."""
    q = np.linalg.qr(x)[0]
    return np.flatnonzero((q**2).sum(axis=1) >= ALONE)


def mean_dummy_modes(y: FloatArray, x: FloatArray, row: int) -> DummyModes:
    """Both optima of a Gaussian GARCH(1,1) likelihood in the coefficient of a dummy for one session.

    The likelihood knows that session's residual through its square alone, so it is symmetric about the plain abnormal
    response; where a residual that is not zero raises the variance of the days after to what they show, it has two
    equal tops (Doornik & Ooms 2008, Int. J. Forecasting 24:432-448).

    Parameters
    ----------
    y : ndarray, shape (T,)
    x : ndarray, shape (T, K)
        Mean regressors, the constant among them, without the dummy.
    row : int
        The session.

    Raises
    ------
    InputError
        When the likelihood has no maximum.
    """
    others = np.arange(y.size) != row
    coefficients = np.linalg.lstsq(x[others], y[others], rcond=None)[0]
    plain = float(y[row] - x[row] @ coefficients)
    spread = float((y[others] - x[others] @ coefficients).std())

    def loss(coefficient: float) -> float:
        moved = y.copy()
        moved[row] -= coefficient
        fit = maximum_likelihood(moved, x, kind="garch", dist="normal", presample="fcp")
        if isinstance(fit, str):
            raise InputError(f"the likelihood beside a dummy for one session: {fit}")
        return -fit.loglik

    tops = [
        optimize.minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-8 * spread})
        for ends in ((plain - REACH * spread, plain), (plain, plain + REACH * spread))
    ]
    low, high = (float(t.x) for t in tops)
    return DummyModes(plain, low, high, -float(tops[0].fun), -float(tops[1].fun))


def trap_words(y: FloatArray, x: FloatArray, row: int, session: object) -> str:
    """Why a mean with a dummy for `session`, the one of `row`, is refused, with the optima where they can be named."""
    only = [j for j in range(x.shape[1]) if np.count_nonzero(x[:, j]) == 1 and x[row, j] != 0.0]
    words = (
        f"the mean regressors fit the session {session} alone: the likelihood of a GARCH depends on that session's "
        "residual through its square, so it is symmetric about the plain abnormal response and the starting value "
        "decides which optimum is found"
    )
    if len(only) == 1:
        modes = mean_dummy_modes(y, np.delete(x, only, axis=1), row)
        scale = x[row, only[0]]
        if modes.tied:
            words += (
                f"; here {modes.low / scale:.6g} and {modes.high / scale:.6g}, both with log-likelihood "
                f"{modes.loglik_low:.3f}, about the abnormal response {modes.plain / scale:.6g}"
            )
    return f"{words} (Doornik & Ooms 2008). Fit the model before the event and forecast, or leave the dummy out"
