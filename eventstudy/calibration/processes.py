"""Simulated returns of one series whose variance, or course, is known: GARCH and GJR, raised for some days."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from eventstudy._typing import FloatArray, IntArray
from eventstudy.calibration.worlds import DAY
from eventstudy.errors import InputError

Process = Literal["garch", "gjr_t"]

#: alpha, gamma, beta of h = omega + (alpha + gamma 1{e<0}) e^2 + beta h; both have persistence .98.
COEFFICIENTS: dict[Process, tuple[float, float, float]] = {"garch": (0.08, 0.0, 0.90), "gjr_t": (0.03, 0.10, 0.90)}
#: Half-life of a shock in both, in sessions.
HALF_LIFE = math.log(0.5) / math.log(0.98)
#: Degrees of freedom of the GJR's shocks; the GARCH's are normal.
DOF = 5.0
BURN_IN = 300


def draw(
    process: Process, rng: np.random.Generator, reps: int, offsets: IntArray, *, shock: FloatArray | None = None
) -> FloatArray:
    """Returns with a long-run standard deviation of 1.5% a day, shape (reps, T).

    Parameters
    ----------
    offsets : ndarray, shape (T,)
    shock : ndarray, shape (T,), optional
        Added to the returns inside the recursion, in long-run standard deviations: the variance of the sessions after
        reacts to it as to any other shock.
    """
    if process not in COEFFICIENTS:
        raise InputError(f"process {process!r}: allowed are {', '.join(COEFFICIENTS)}")
    alpha, gamma, beta = COEFFICIENTS[process]
    omega = 1.0 - alpha - gamma / 2.0 - beta
    size = BURN_IN + offsets.size
    if process == "garch":
        z = rng.standard_normal((size, reps))
    else:
        z = rng.standard_t(DOF, size=(size, reps)) / math.sqrt(DOF / (DOF - 2.0))
    added = np.zeros(size)
    if shock is not None:
        added[BURN_IN:] = shock
    out, h = np.empty_like(z), np.ones(reps)
    for t in range(size):
        out[t] = np.sqrt(h) * z[t] + added[t]
        h = omega + (alpha + gamma * (out[t] < 0.0)) * out[t] ** 2 + beta * h
    return np.asarray(DAY * out[BURN_IN:].T)
