"""Exact GARCH, GJR and EGARCH likelihoods with analytic gradients, their maximum, and batches of fits; compiled.

To be read from top to bottom: density of one error; residuals, recursion and their scores (`scores`); coordinates
without bounds (`natural`); the objective in them; BFGS and Newton (`descend`); starts and the best top (`maximise`).
One file, because numba's cache does not see what changes in another (see `jit`).

Parameters are ``theta = (b_1..b_K, omega, alpha, gamma, beta, delta_1..delta_P, nu)`` in every case; GARCH has
``gamma = 0`` and normal errors ignore ``nu``. All functions expect a response of about unit variance.
"""

from __future__ import annotations

import math

import numpy as np

from eventstudy._typing import FloatArray, IntArray
from eventstudy.kernels.jit import jit

#: Codes of the variance recursion, the law of errors, and the rule for what precedes the sample. SCALED is FCP with
#: regressors d that multiply the variance by exp(d'delta), and are not added to it; GARCH and GJR only.
GARCH, GJR, EGARCH = 0, 1, 2
NORMAL, STUDENT = 0, 1
FIXED, FCP, SCALED = 0, 1, 2

Spec = tuple[int, int, int]
Data = tuple[FloatArray, FloatArray, FloatArray, float]
Work = tuple[FloatArray, FloatArray]

#: E|z| of a standard normal, which EGARCH subtracts whatever the law (Nelson 1991, and arch).
MEAN_ABS = math.sqrt(2.0 / math.pi)
LOG_2PI = math.log(2.0 * math.pi)
#: Bounds of 1 / nu: arch's 2.05 <= nu <= 500.
LEAST_TAIL, MOST_TAIL = 1.0 / 500.0, 1.0 / 2.05
#: A variance outside exp(-/+ this) of the sample's is no variance.
LARGEST_LOG = 100.0
SHORTEST_STEP = 1e-10
#: Points of the grid of starting values.
STARTS = 20
#: No optimum, and no kink, has a derivative of the mean log-likelihood as large as this.
ROUGH = 0.05


@jit
def _digamma(x: float) -> float:
    """Derivative of log-gamma, x > 0: recurrence up to 8, then the asymptotic series."""
    value = 0.0
    while x < 8.0:
        value -= 1.0 / x
        x += 1.0
    f = 1.0 / (x * x)
    return value + math.log(x) - 0.5 / x - f * (1 / 12 - f * (1 / 120 - f * (1 / 252 - f * (1 / 240 - f / 132))))


@jit
def _constants(student: bool, nu: float) -> tuple[float, float]:
    """Constant of the log density, and its derivative by nu."""
    if not student:
        return -0.5 * LOG_2PI, 0.0
    constant = math.lgamma(0.5 * (nu + 1.0)) - math.lgamma(0.5 * nu) - 0.5 * math.log(math.pi * (nu - 2.0))
    return constant, 0.5 * (_digamma(0.5 * (nu + 1.0)) - _digamma(0.5 * nu) - 1.0 / (nu - 2.0))


@jit
def _density(student: bool, nu: float, e: float, h: float) -> tuple[float, float, float, float]:
    """Log density without its constant, and its derivatives by ln h, by e and by nu."""
    square = e * e / h
    if not student:
        return -0.5 * (math.log(h) + square), 0.5 * (square - 1.0), -e / h, 0.0
    q = square / (nu - 2.0)
    fat, weight = math.log1p(q), (nu + 1.0) / (1.0 + q)
    by_nu = -0.5 * fat + 0.5 * weight * q / (nu - 2.0)
    value = -0.5 * math.log(h) - 0.5 * (nu + 1.0) * fat
    return value, 0.5 * (weight * q - 1.0), -weight * e / (h * (nu - 2.0)), by_nu


@jit
def _residuals(spec: Spec, data: Data, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Residuals, over their multiplier's root when SCALED, and the regressors that move them (d e / 2 by delta too)."""
    y, x, d, _ = data
    k, e = x.shape[1], y.copy()
    for j in range(k):
        e -= theta[j] * x[:, j]
    if spec[2] != SCALED:
        return e, x
    push, moved = np.zeros(y.size), np.empty((y.size, k + d.shape[1]))
    for j in range(d.shape[1]):
        push += theta[k + 4 + j] * d[:, j]
    factor = np.exp(-0.5 * push)
    e *= factor
    for j in range(moved.shape[1]):
        moved[:, j] = factor * x[:, j] if j < k else 0.5 * e * d[:, j - k]
    return e, moved


@jit
def _presample(spec: Spec, x: FloatArray, start: float, e: FloatArray, by_mean: FloatArray) -> float:
    """Variance before the sample; `by_mean` receives its derivative by the mean's coefficients."""
    by_mean[:] = 0.0
    if spec[2] == FIXED:
        return start
    level = 0.0
    for t in range(e.size):
        level += e[t] * e[t]
        for j in range(x.shape[1]):
            by_mean[j] -= 2.0 * e[t] * x[t, j]
    by_mean /= e.size
    return level / e.size


@jit
def scores(spec: Spec, data: Data, theta: FloatArray, work: Work) -> float:
    """Log-likelihood; `work` = (h of shape (T,), scores of shape (T, len(theta))) is filled. -inf where undefined.

    Undefined is an EGARCH whose filter is not invertible on the data (Straumann & Mikosch 2006, Annals of Statistics
    34:2449-2495): it forgets its start never, and its likelihood there is high, rough and meaningless.
    """
    d, (h, score) = data[2], work
    size, k, n = data[0].size, data[1].shape[1], theta.size
    log_form, student, scaled = spec[0] == EGARCH, spec[1] == STUDENT, spec[2] == SCALED
    omega, alpha, gamma, beta, nu = theta[k], theta[k + 1], theta[k + 2], theta[k + 3], theta[n - 1]
    e, x = _residuals(spec, data, theta)
    by_mean, slope = np.zeros(x.shape[1]), np.zeros(n)
    level = _presample(spec, x, data[3], e, by_mean)
    constant, constant_by_nu = _constants(student, nu)
    total, state, growth = 0.0, 0.0, 0.0
    for t in range(size):
        if t == 0:
            past = math.log(level) if log_form else level
            by_alpha, by_gamma = (0.0, 0.0) if log_form else (level, 0.5 * level)
            feedback = 0.0
            reach = beta / level if log_form else alpha + 0.5 * gamma + beta
            for j in range(x.shape[1]):
                slope[j if j < k else j + 4] = reach * by_mean[j]
        else:
            past, shock = state, e[t - 1]
            if log_form:
                z = shock / math.sqrt(h[t - 1])
                by_alpha, by_gamma = abs(z) - MEAN_ABS, z
                push = gamma + (alpha if z > 0.0 else -alpha if z < 0.0 else 0.0)
                feedback, reach = beta - 0.5 * push * z, -push / math.sqrt(h[t - 1])
                growth += math.log(abs(feedback) + 1e-300)
            else:
                by_alpha = shock * shock
                by_gamma = by_alpha if shock < 0.0 else 0.0
                feedback, reach = beta, -2.0 * shock * (alpha + (gamma if shock < 0.0 else 0.0))
            for j in range(x.shape[1]):
                slope[j if j < k else j + 4] = feedback * slope[j if j < k else j + 4] + reach * x[t - 1, j]
        state = omega + alpha * by_alpha + gamma * by_gamma + beta * past
        slope[k] = feedback * slope[k] + 1.0
        slope[k + 1] = feedback * slope[k + 1] + by_alpha
        slope[k + 2] = feedback * slope[k + 2] + by_gamma
        slope[k + 3] = feedback * slope[k + 3] + past
        for j in range(0 if scaled else d.shape[1]):
            state += theta[k + 4 + j] * d[t, j]
            slope[k + 4 + j] = feedback * slope[k + 4 + j] + d[t, j]
        if not abs(state if log_form else math.log(max(state, 0.0) + 1e-300)) < LARGEST_LOG:
            return -np.inf
        h[t] = math.exp(state) if log_form else state
        value, by_log_h, by_e, by_nu = _density(student, nu, e[t], h[t])
        total += value
        weight = by_log_h if log_form else by_log_h / state
        for j in range(n - 1):
            score[t, j] = weight * slope[j] - (by_e * x[t, j] if j < k else 0.0)
        for j in range(d.shape[1] if scaled else 0):
            score[t, k + 4 + j] -= by_e * x[t, k + j] + 0.5 * d[t, j]
            total -= 0.5 * theta[k + 4 + j] * d[t, j]
        score[t, n - 1] = by_nu + constant_by_nu
    return -np.inf if growth > 0.0 else total + size * constant


@jit
def natural(spec: Spec, k: int, u: FloatArray, theta: FloatArray, jac: FloatArray) -> float:
    """Fill `theta` and its Jacobian from unbounded coordinates `u` (one longer); return the distance from scale one.

    GARCH and GJR: ``alpha / 2``, ``(alpha + gamma) / 2``, ``beta`` and what is left to one are squares of `u` over
    their sum, so that every bound of the stationary region is an ordinary point. EGARCH: ``beta = sin u``.
    """
    n = theta.size
    jac[:, :] = 0.0
    for j in range(k):
        theta[j], jac[j, j] = u[j], 1.0
    for j in range(k + 4, n - 1):
        theta[j], jac[j, j + 1] = u[j + 1], 1.0
    width, r = MOST_TAIL - LEAST_TAIL, u[n]
    tail = LEAST_TAIL + width * math.sin(r) ** 2
    theta[n - 1] = 1.0 / tail
    jac[n - 1, n] = -width * math.sin(2.0 * r) / tail**2
    if spec[0] == EGARCH:
        for j in range(k, k + 3):
            theta[j], jac[j, j] = u[j], 1.0
        theta[k + 3], jac[k + 3, k + 3] = math.sin(u[k + 3]), math.cos(u[k + 3])
        return 0.0
    theta[k] = math.exp(u[k])
    jac[k, k] = theta[k]
    q = u[k + 1 : k + 5].copy()
    if spec[0] == GARCH:
        q[1] = 0.0
    total = (q * q).sum()
    share = q * q / total
    for m in range(4):
        for j in range(4):
            # Derivative of share m by coordinate j.
            by = (2.0 * q[j] / total) * ((1.0 if m == j else 0.0) - share[m])
            if m == 0:
                up = 1.0 if spec[0] == GARCH else 2.0
                jac[k + 1, k + 1 + j] += up * by
                jac[k + 2, k + 1 + j] -= 0.0 if spec[0] == GARCH else 2.0 * by
            elif m == 1:
                jac[k + 2, k + 1 + j] += 2.0 * by
            elif m == 2:
                jac[k + 3, k + 1 + j] += by
    theta[k + 1] = share[0] if spec[0] == GARCH else 2.0 * share[0]
    theta[k + 2] = 0.0 if spec[0] == GARCH else 2.0 * (share[1] - share[0])
    theta[k + 3] = share[2]
    return float(total - 1.0)


@jit
def _free(spec: Spec, k: int, n: int) -> FloatArray:
    """1 for each coordinate of `u` that is estimated, else 0."""
    free = np.ones(n + 1)
    if spec[0] == GARCH:
        free[k + 2] = 0.0
    if spec[0] == EGARCH:
        free[k + 4] = 0.0
    if spec[1] == NORMAL:
        free[n] = 0.0
    return free


@jit
def _objective(spec: Spec, data: Data, u: FloatArray, gradient: FloatArray, work: Work, opg: FloatArray) -> float:
    """Minus the mean log-likelihood plus a penalty that fixes the scale of `u`; fills `gradient` and `opg`."""
    k, n, size = data[1].shape[1], u.size - 1, data[0].size
    theta, jac = np.empty(n), np.empty((n, n + 1))
    off = natural(spec, k, u, theta, jac)
    total = scores(spec, data, theta, work)
    if not total > -np.inf:
        return np.inf
    free, score, by_u = _free(spec, k, n), work[1], np.empty(n + 1)
    gradient[:] = 0.0
    opg[:, :] = 0.0
    sums = np.zeros(n)
    for t in range(size):
        for i in range(n):
            sums[i] += score[t, i]
        if opg.size:
            for j in range(n + 1):
                by_u[j] = 0.0
                for i in range(n):
                    by_u[j] -= score[t, i] * jac[i, j] * free[j]
            for j in range(n + 1):
                for i in range(n + 1):
                    opg[i, j] += by_u[i] * by_u[j] / size
    for j in range(n + 1):
        for i in range(n):
            gradient[j] -= sums[i] * jac[i, j] * free[j] / size
    if spec[0] != EGARCH:
        for j in range(k + 1, k + 5):
            gradient[j] += 2.0 * off * u[j] * free[j]
            if opg.size:
                for i in range(k + 1, k + 5):
                    opg[i, j] += 4.0 * u[i] * u[j] * free[i] * free[j]
    return -total / size + 0.5 * off * off


@jit
def _solve(matrix: FloatArray, right: FloatArray, floor: float) -> FloatArray:
    """Solve a symmetric system by Cholesky, with as much added to its diagonal as makes it positive definite."""
    m, width = right.shape
    low, out = np.zeros((m, m)), right.copy()
    ridge, largest = floor, 1e-12
    for i in range(m):
        largest = max(largest, abs(matrix[i, i]))
    ready = False
    while not ready:
        ready = True
        for i in range(m):
            for j in range(i + 1):
                value = matrix[i, j] + (ridge * largest if i == j else 0.0)
                for r in range(j):
                    value -= low[i, r] * low[j, r]
                if i > j:
                    low[i, j] = value / low[j, j]
                elif value > 1e-14 * largest:
                    low[i, i] = math.sqrt(value)
                else:
                    ready, low[i, i] = False, 1.0
        ridge = 10.0 * ridge
    for c in range(width):
        for i in range(m):
            for r in range(i):
                out[i, c] -= low[i, r] * out[r, c]
            out[i, c] /= low[i, i]
        for i in range(m - 1, -1, -1):
            for r in range(i + 1, m):
                out[i, c] -= low[r, i] * out[r, c]
            out[i, c] /= low[i, i]
    return out


@jit
def _line_search(
    spec: Spec, data: Data, u: FloatArray, f: float, gradient: FloatArray, step: FloatArray, work: Work
) -> tuple[float, FloatArray, FloatArray]:
    """Shorten `step` until the objective falls enough (Armijo); the objective there, the point, the gradient."""
    slope, scale, longest = (gradient * step).sum(), 1.0, np.abs(step).max()
    if longest > 0.7:
        scale = 0.7 / longest
    there, none = np.empty_like(gradient), np.empty((0, 0))
    while scale * longest > SHORTEST_STEP:
        point = u + scale * step
        value = _objective(spec, data, point, there, work, none)
        if value <= f + 1e-4 * scale * slope:
            return value, point, there
        scale *= 0.4
    return f, u, gradient


@jit
def descend(spec: Spec, data: Data, u: FloatArray, work: Work, steps: int) -> tuple[float, FloatArray, FloatArray]:
    """BFGS, started from the outer product of scores."""
    m = u.size
    gradient, opg, step = np.empty(m), np.empty((m, m)), np.empty(m)
    f = _objective(spec, data, u, gradient, work, opg)
    if not f < np.inf:
        return f, u, gradient
    inverse = _solve(opg, np.eye(m), 1e-4)
    for _ in range(steps):
        for i in range(m):
            step[i] = -(inverse[i] * gradient).sum()
        value, point, slope = _line_search(spec, data, u, f, gradient, step, work)
        s, change, moved = point - u, slope - gradient, np.empty(m)
        curvature = (s * change).sum()
        if curvature > 1e-10 * math.sqrt((s * s).sum() * (change * change).sum()):
            for i in range(m):
                moved[i] = (inverse[i] * change).sum()
            factor = (1.0 + (change * moved).sum() / curvature) / curvature
            for i in range(m):
                for j in range(m):
                    inverse[i, j] += factor * s[i] * s[j] - (moved[i] * s[j] + s[i] * moved[j]) / curvature
        done = f - value < 1e-12 * abs(f)
        f, u, gradient = value, point, slope
        if done or np.abs(gradient).max() < 1e-5:
            break
    return f, u, gradient


@jit
def _polish(
    spec: Spec, data: Data, u: FloatArray, f: float, gradient: FloatArray, work: Work, steps: int
) -> tuple[float, FloatArray, FloatArray]:
    """Newton steps with the Hessian from central differences of the analytic gradient."""
    m = u.size
    free, none = _free(spec, data[1].shape[1], m - 1), np.empty((0, 0))
    low, high, moved, right, curvature = np.empty(m), np.empty(m), np.empty(m), np.empty((m, 1)), np.empty((m, m))
    for _ in range(steps):
        if np.abs(gradient).max() < 1e-11:
            break
        right[:, 0], moved[:], curvature[:, :] = -gradient, u, np.eye(m)
        for j in range(m):
            if free[j] == 0.0:
                continue
            moved[j] = u[j] + 1e-5
            up = _objective(spec, data, moved, high, work, none)
            moved[j] = u[j] - 1e-5
            down = _objective(spec, data, moved, low, work, none)
            moved[j] = u[j]
            if up < np.inf and down < np.inf:
                for i in range(m):
                    curvature[i, j] = (high[i] - low[i]) / 2e-5
        newton = _solve(curvature, right, 1e-12)[:, 0].copy()
        value, point, slope = _line_search(spec, data, u, f, gradient, newton, work)
        stuck = np.abs(point - u).max() == 0.0
        f, u, gradient = value, point, slope
        if stuck:
            break
    return f, u, gradient


@jit
def _start(spec: Spec, data: Data, mean: FloatArray, reaction: float, persistence: float, nu: float) -> FloatArray:
    """Coordinates of a starting point: total reaction to shocks, persistence, degrees of freedom."""
    k, p = data[1].shape[1], data[2].shape[1]
    u = np.zeros(k + p + 6)
    u[:k] = mean
    u[-1] = math.asin(math.sqrt((1.0 / nu - LEAST_TAIL) / (MOST_TAIL - LEAST_TAIL)))
    if spec[0] == EGARCH:
        # In logs a reaction of alpha is about twice as large, and the level is that of unit variance.
        u[k + 1], u[k + 2], u[k + 3] = 2.0 * reaction, -0.1 * reaction, math.asin(persistence)
        return u
    u[k], rises = math.log(1.0 - persistence), 1.0 if spec[0] == GARCH else 0.35
    u[k + 1], u[k + 2] = math.sqrt(rises * reaction), math.sqrt((1.0 - rises) * reaction)
    u[k + 3], u[k + 4] = math.sqrt(persistence - reaction), math.sqrt(1.0 - persistence)
    return u


@jit
def maximise(spec: Spec, data: Data, mean: FloatArray, starts: int) -> tuple[FloatArray, float, float]:
    """Maximum likelihood from the best `starts` points of a grid: theta, log-likelihood, gradient.

    The log-likelihood is -inf when no start is admissible. The gradient is the largest derivative of its mean in the
    unbounded coordinates: about zero also on a bound.
    """
    size, k = data[0].size, data[1].shape[1]
    n = k + data[2].shape[1] + 5
    work, none = (np.empty(size), np.empty((size, n))), np.empty((0, 0))
    # Reactions near none among them: a variance that drifts, or noise, has its top there; EGARCH knows both signs.
    reactions = np.array([-0.02, 0.02, 0.07, 0.16]) if spec[0] == EGARCH else np.array([0.003, 0.02, 0.07, 0.16])
    levels = np.array([0.3, 0.7, 0.9, 0.97, 0.996])
    points, values, gradient = np.empty((STARTS, n + 1)), np.empty(STARTS), np.empty(n + 1)
    for i in range(STARTS):
        points[i] = _start(spec, data, mean, reactions[i % 4], levels[i // 4], 8.0)
        values[i] = _objective(spec, data, points[i], gradient, work, none)
    best, u, smooth, tried, used = np.inf, np.zeros(n + 1), False, 0, np.zeros(levels.size)
    while tried < STARTS and (tried < starts or not smooth):
        chosen, rounds = -1, tried // levels.size
        for i in range(STARTS):
            # The best of each level of persistence first: the tops lie at different ones.
            if used[i // 4] <= rounds and (chosen < 0 or values[i] < values[chosen]):
                chosen = i
        tried, values[chosen] = tried + 1, np.inf
        used[chosen // 4] += 1.0
        f, point, slope = descend(spec, data, points[chosen].copy(), work, 200)
        fine = f < np.inf and np.abs(slope).max() < ROUGH
        if (fine and not smooth) or (f < best and fine == smooth):
            best, u, gradient, smooth = f, point, slope, fine
    theta, jac = np.full(n, np.nan), np.empty((n, n + 1))
    if not best < np.inf:
        return theta, -np.inf, np.inf
    best, u, gradient = _polish(spec, data, u, best, gradient, work, 20)
    natural(spec, k, u, theta, jac)
    return theta, scores(spec, data, theta, work), np.abs(gradient).max()


@jit
def maximise_many(
    spec: Spec, residuals: FloatArray, sizes: IntArray, levels: FloatArray, starts: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """`maximise` for every row of `residuals` (its first `sizes` entries, mean zero), one after the other."""
    count = sizes.size
    thetas, logliks, gradients = np.empty((count, 5)), np.empty(count), np.empty(count)
    for i in range(count):
        size = sizes[i]
        data = (residuals[i, :size].copy(), np.empty((size, 0)), np.empty((size, 0)), levels[i])
        thetas[i], logliks[i], gradients[i] = maximise(spec, data, np.empty(0), starts)
    return thetas, logliks, gradients
