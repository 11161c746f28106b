"""What a GARCH engine gives: parameters, their covariance, and whether they mean anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from eventstudy._typing import FloatArray
from eventstudy.kernels.garch import Params

Kind = Literal["garch", "gjr", "egarch"]
#: Laws of the errors that our own likelihood knows, and those that `arch` knows besides.
Dist = Literal["normal", "t"]
Law = Literal["normal", "t", "skewt", "ged"]

#: A beta below this, or no reaction to shocks, is a fit without volatility dynamics.
MIN_BETA = 0.05
MIN_REACTION = 1e-4
#: Persistence this close to one has no half-life.
MAX_PERSISTENCE = 0.9999


def rounded(coefficient: FloatArray | float) -> str:
    """Three decimals: what is zero but for the last digits of an optimiser, which vary by machine, reads 0."""
    return f"{round(float(coefficient), 3) + 0.0:g}"


@dataclass(frozen=True, kw_only=True, eq=False)
class GarchFit:
    """A fitted variance model, in the caller's units.

    Attributes
    ----------
    kind, dist : str
    params : GarchParams or EgarchParams
        Scalars; omega in squared units of the residuals, of an EGARCH in their logarithm.
    shape : float
        Degrees of freedom of the t and the GED law, tail of the skewed t; NaN for the normal.
    covariance : ndarray, shape (4, 4)
        Robust (Bollerslev & Wooldridge 1992) covariance of omega, alpha, gamma, beta; gamma rows are 0 for
        plain GARCH. NaN where it could not be computed.
    loglik : float
        In the caller's units.
    converged : bool
    first_variance : float
        Variance of the first session, by the engine's presample rule.
    engine : str
        Name and version.
    """

    kind: Kind
    dist: Law
    params: Params
    shape: float
    covariance: FloatArray
    loglik: float
    converged: bool
    first_variance: float
    engine: str

    @property
    def problem(self) -> str:
        """Why the fit identifies no volatility dynamics; empty when it does."""
        p = self.params
        if not self.converged:
            return "the fit did not converge"
        signed = float(p.alpha + 0.5 * p.gamma)
        reaction = abs(float(p.alpha)) + abs(float(p.gamma)) if self.kind == "egarch" else signed
        if float(p.beta) < MIN_BETA or reaction < MIN_REACTION:
            return (
                f"boundary fit (alpha {rounded(p.alpha)}, gamma {rounded(p.gamma)}, beta {rounded(p.beta)}): "
                "no volatility dynamics identified"
            )
        return ""

    @property
    def half_life(self) -> float:
        """Sessions until half of a variance shock is gone; NaN without dynamics or at unit persistence."""
        import math

        persistence = float(self.params.persistence)
        if self.problem or not 0.0 < persistence < MAX_PERSISTENCE:
            return math.nan
        return math.log(0.5) / math.log(persistence)


class Engine(Protocol):
    """Fits a variance model to residuals that have mean zero."""

    def fit(self, residual: FloatArray, *, kind: Kind, dist: Law) -> GarchFit:
        """Maximum likelihood on `residual`, shape (T,), in the caller's units."""
