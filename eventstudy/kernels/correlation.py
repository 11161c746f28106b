"""Correlation that moves: EWMA and DCC filters of two standardised series, and causality in variance between them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from eventstudy._typing import FloatArray
from eventstudy.kernels.jit import jit
from eventstudy.kernels.stats import Inapplicable

#: RiskMetrics decay for daily data.
DECAY = 0.94
#: A reaction to shocks below this is no correlation dynamics.
MIN_REACTION = 1e-3
LARGEST_SUM = 0.9995


@jit
def dcc_filter(z: FloatArray, a: float, b: float, level: FloatArray, first: FloatArray, rho: FloatArray) -> float:
    """Fill the conditional correlations of two series; return the correlation part of the log-likelihood.

    Engle (2002, J. Business & Economic Statistics 20:339-350): ``Q_t = (1 - a - b) Q + a z z' + b Q_{t-1}``.

    Parameters
    ----------
    z : ndarray, shape (T, 2)
        Standardised residuals.
    level : ndarray, shape (3,)
        ``Q11, Q12, Q22`` of the long run.
    first : ndarray, shape (3,)
        Of the first session; holds those after the last one when the function returns.
    rho : ndarray, shape (T + 1,)
        Entry t is known before session t; the last is the forecast.
    """
    q11, q12, q22 = first[0], first[1], first[2]
    rest, total = 1.0 - a - b, 0.0
    for t in range(z.shape[0]):
        r = q12 / math.sqrt(q11 * q22)
        rho[t] = r
        x, y = z[t, 0], z[t, 1]
        free = 1.0 - r * r
        total -= 0.5 * (math.log(free) + (x * x + y * y - 2.0 * r * x * y) / free - x * x - y * y)
        q11 = rest * level[0] + a * x * x + b * q11
        q12 = rest * level[1] + a * x * y + b * q12
        q22 = rest * level[2] + a * y * y + b * q22
    first[0], first[1], first[2] = q11, q12, q22
    rho[z.shape[0]] = q12 / math.sqrt(q11 * q22)
    return total


@dataclass(frozen=True, slots=True)
class Dcc:
    """A DCC(1,1) of two standardised series.

    Attributes
    ----------
    a, b : float
        Reaction to shocks, and memory.
    level : ndarray, shape (3,)
        ``Q11, Q12, Q22`` of the long run: second moments of the sample (correlation targeting).
    loglik : float
        Correlation part of the Gaussian log-likelihood.
    constant : float
        The same with a constant correlation.
    """

    a: float
    b: float
    level: FloatArray
    loglik: float
    constant: float

    def path(self, z: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Conditional correlations, shape (T + 1,), and the state after the last session, shape (3,)."""
        rho, state = np.empty(z.shape[0] + 1), self.level.copy()
        dcc_filter(np.ascontiguousarray(z), self.a, self.b, self.level, state, rho)
        return rho, state

    def simulate(self, state: FloatArray, shocks: FloatArray) -> FloatArray:
        """Standardised residuals of paths that begin at `state`, shape (steps, B, 2).

        Parameters
        ----------
        shocks : ndarray, shape (steps, B, 2)
            Uncorrelated, of unit variance.
        """
        out = np.empty_like(shocks)
        q = np.broadcast_to(state[:, None], (3, shocks.shape[1])).copy()
        rest = (1.0 - self.a - self.b) * self.level[:, None]
        for t in range(shocks.shape[0]):
            r = q[1] / np.sqrt(q[0] * q[2])
            x = shocks[t, :, 0]
            y = r * x + np.sqrt(1.0 - r**2) * shocks[t, :, 1]
            out[t, :, 0], out[t, :, 1] = x, y
            q = rest + self.a * np.stack((x * x, x * y, y * y)) + self.b * q
        return out


def fit_dcc(z: FloatArray) -> Dcc:
    """Second step of the two-step estimator: a and b by maximum likelihood, the level by the sample's moments.

    Parameters
    ----------
    z : ndarray, shape (T, 2)
        Standardised residuals of two variance models.
    """
    z = np.ascontiguousarray(z)
    level = np.array([np.mean(z[:, 0] ** 2), np.mean(z[:, 0] * z[:, 1]), np.mean(z[:, 1] ** 2)])
    rho = np.empty(z.shape[0] + 1)

    def loss(u: FloatArray) -> float:
        a, b = _coefficients(u)
        return -float(dcc_filter(z, a, b, level, level.copy(), rho)) / float(z.shape[0])

    starts = [np.array([u, v]) for u in (0.0, 1.5, 3.0, 4.5) for v in (-4.0, -3.0, -2.0)]
    best = min(starts, key=loss)
    found = optimize.minimize(
        loss, best, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-13, "maxiter": 2000}
    )
    a, b = _coefficients(found.x)
    constant = dcc_filter(z, 0.0, 0.0, level, level.copy(), rho)
    return Dcc(a, b, level, float(-found.fun * z.shape[0]), float(constant))


def _coefficients(u: FloatArray) -> tuple[float, float]:
    """Coefficients a and b in the stationary region from two unbounded coordinates."""
    total = LARGEST_SUM / (1.0 + math.exp(-float(np.clip(u[0], -30.0, 30.0))))
    share = 1.0 / (1.0 + math.exp(-float(np.clip(u[1], -30.0, 30.0))))
    return total * share, total * (1.0 - share)


def ewma_correlation(z: FloatArray, decay: float = DECAY) -> FloatArray:
    """Exponentially weighted correlations known before each session, shape (T + 1,); the level is the sample's."""
    level = np.array([np.mean(z[:, 0] ** 2), np.mean(z[:, 0] * z[:, 1]), np.mean(z[:, 1] ** 2)])
    rho = np.empty(z.shape[0] + 1)
    dcc_filter(np.ascontiguousarray(z), 1.0 - decay, decay, level, level.copy(), rho)
    return rho


def correlation(x: FloatArray, y: FloatArray) -> FloatArray:
    """Correlation about zero along the first axis: residuals have mean zero by construction."""
    return np.asarray((x * y).sum(axis=0) / np.sqrt((x**2).sum(axis=0) * (y**2).sum(axis=0)))


@dataclass(frozen=True, slots=True)
class VarianceCausality:
    """Test that squares of one series do not lead squares of another.

    Attributes
    ----------
    cheung_ng : float
        ``T sum_{k=1..M} r(k)^2``, chi-squared(M) (Cheung & Ng 1996, J. Econometrics 72:33-48).
    hong : float
        Bartlett-weighted and standardised, N(0,1), upper tail (Hong 2001, J. Econometrics 103:183-224).
    lags : int
    p_cheung_ng, p_hong : float
    """

    cheung_ng: float
    hong: float
    lags: int
    p_cheung_ng: float
    p_hong: float


def variance_causality(leader: FloatArray, follower: FloatArray, lags: int) -> VarianceCausality | Inapplicable:
    """Cross-correlations of squared standardised residuals, the leader `k` = 1..M sessions before the follower.

    Parameters
    ----------
    leader, follower : ndarray, shape (T,)
        Standardised residuals of variance models.
    lags : int
        M.
    """
    n = leader.size
    if n < 5 * lags:
        return Inapplicable(f"{n} sessions are too few for {lags} lags: needs {5 * lags}")
    u, v = leader**2, follower**2
    u, v = u - u.mean(), v - v.mean()
    scale = math.sqrt(float(u @ u) * float(v @ v))
    if not scale > 0.0:
        return Inapplicable("the squared residuals do not vary")
    r2 = np.array([float(v[k:] @ u[:-k]) / scale for k in range(1, lags + 1)]) ** 2
    total = float(n * r2.sum())
    # Bartlett weights need one lag more to give the last a weight.
    k = np.arange(1, lags + 1)
    w2 = (1.0 - k / (lags + 1.0)) ** 2
    centre = float(((1.0 - k / n) * w2).sum())
    spread = float(((1.0 - k / n) * (1.0 - (k + 1.0) / n) * w2**2).sum())
    hong = (float(n * (w2 * r2).sum()) - centre) / math.sqrt(2.0 * spread)
    return VarianceCausality(total, hong, lags, float(stats.chi2.sf(total, lags)), float(stats.norm.sf(hong)))


def permuted_causality(
    leader: FloatArray, follower: FloatArray, lags: int, draws: int, rng: np.random.Generator
) -> float | Inapplicable:
    """Upper-tail p of the same weighted sum among permutations of the leader's sessions: ``(1 + #) / (1 + draws)``.

    Exact where standardised residuals are exchangeable; the normal law of a short sample is not, since squares are
    skewed.
    """
    found = variance_causality(leader, follower, lags)
    if isinstance(found, Inapplicable):
        return found
    n = leader.size
    u, v = leader**2 - np.mean(leader**2), follower**2 - np.mean(follower**2)
    order = rng.permuted(np.tile(np.arange(n), (draws, 1)), axis=1)
    drawn = np.vstack((u, u[order]))
    k = np.arange(1, lags + 1)
    products = np.stack([drawn[:, :-j] @ v[j:] for j in k])
    sums = ((1.0 - k / (lags + 1.0)) ** 2) @ products**2
    return float((1 + np.count_nonzero(sums[1:] >= sums[0] * (1.0 - 1e-12))) / (1 + draws))
