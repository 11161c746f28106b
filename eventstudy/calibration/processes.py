"""Simulated returns whose variance, or course, is known: GARCH, GJR and independent ones, raised for some days."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from eventstudy._typing import FloatArray, IntArray
from eventstudy.calibration.worlds import DAY
from eventstudy.errors import InputError

#: Volatility that clusters, for what fits a model of it.
Clustered = Literal["garch", "gjr_t"]
#: The same, and returns that are independent of each other: normal, or Student(5).
Process = Literal["garch", "gjr_t", "normal", "t5"]

#: alpha, gamma, beta of h = omega + (alpha + gamma 1{e<0}) e^2 + beta h; the first two have persistence .98.
COEFFICIENTS: dict[Process, tuple[float, float, float]] = {
    "garch": (0.08, 0.0, 0.90), "gjr_t": (0.03, 0.10, 0.90), "normal": (0.0, 0.0, 0.0), "t5": (0.0, 0.0, 0.0),
}  # fmt: skip
#: What the tables call them.
NAMES: dict[Process, str] = {
    "garch": "GARCH, normal", "gjr_t": "GJR, Student(5)", "normal": "independent, normal",
    "t5": "independent, Student(5)",
}  # fmt: skip
#: With Student shocks; those of the others are normal.
STUDENT: tuple[Process, ...] = ("gjr_t", "t5")
#: Half-life of a shock where variance clusters, in sessions.
HALF_LIFE = math.log(0.5) / math.log(0.98)
#: Degrees of freedom of Student shocks.
DOF = 5.0
BURN_IN = 300


@dataclass(frozen=True, slots=True)
class Drawn:
    """Simulated returns and what they were drawn with, shape (reps, T) each.

    Attributes
    ----------
    returns : ndarray
    variance : ndarray
        Conditional on the sessions before.
    shocks : ndarray
        Of unit variance: the returns, without what was added, over the root of the variance.
    """

    returns: FloatArray
    variance: FloatArray
    shocks: FloatArray


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
    added = np.zeros(BURN_IN + offsets.size)
    if shock is not None:
        added[BURN_IN:] = shock
    return recursion(process, shocks(process, rng, (added.size, reps)), added).returns


def shocks(process: Process, rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
    """Independent shocks of unit variance."""
    if process not in COEFFICIENTS:
        raise InputError(f"process {process!r}: allowed are {', '.join(COEFFICIENTS)}")
    if process in STUDENT:
        return np.asarray(rng.standard_t(DOF, size=shape) / math.sqrt(DOF / (DOF - 2.0)))
    return rng.standard_normal(shape)


def recursion(process: Process, z: FloatArray, added: FloatArray | None = None) -> Drawn:
    """Run shocks, shape (300 + T, reps), through the variance; the first 300 sessions are left out."""
    alpha, gamma, beta = COEFFICIENTS[process]
    omega = 1.0 - alpha - gamma / 2.0 - beta
    out, variance, h = np.empty_like(z), np.empty_like(z), np.ones(z.shape[1])
    for t in range(z.shape[0]):
        out[t] = np.sqrt(h) * z[t] + (0.0 if added is None else added[t])
        variance[t] = h
        h = omega + (alpha + gamma * (out[t] < 0.0)) * out[t] ** 2 + beta * h
    kept = slice(BURN_IN, None)
    return Drawn(np.asarray(DAY * out[kept].T), np.asarray(DAY**2 * variance[kept].T), np.asarray(z[kept].T))
