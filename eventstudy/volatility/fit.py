"""Fit a GARCH model to one series, with its mean, in the caller's units; choose among several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from eventstudy._typing import FloatArray
from eventstudy.engines.base import Law
from eventstudy.engines.general import ModelKind, fit_variance
from eventstudy.engines.likelihood import CovarianceKind, Presample
from eventstudy.errors import InputError, NothingUsableError
from eventstudy.kernels.stats import Inapplicable
from eventstudy.volatility.diurnal import Clock, Diurnal, clock_of_values, pattern_of
from eventstudy.volatility.garch_result import LABELS, GarchResult
from eventstudy.volatility.mean_dummy import lone_sessions, trap_words

Mean = Literal["constant", "zero", "ar"]
Criterion = Literal["bic", "aic"]
Factors = pd.Series | pd.DataFrame | FloatArray

#: Fewest sessions for a likelihood; a study wants 500 (METHODS: at 250 a quarter of the fits degenerates).
FEWEST = 100


def fit_garch(
    returns: pd.Series | FloatArray, factors: Factors | None = None, *, kind: ModelKind = "gjr", dist: Law = "t",
    mean: Mean = "constant", lags: int = 1, presample: Presample = "arch", variance_regressors: Factors | None = None,
    covariance: CovarianceKind = "qmle", diurnal: bool = True,
) -> GarchResult:  # fmt: skip
    """Fit a conditional variance, with its mean, by maximum likelihood.

    Parameters
    ----------
    returns : Series or ndarray, shape (T,)
        In any unit; every number of the result is in it. Sessions with a missing value are left out.
    factors : Series, DataFrame or ndarray, shape (T,) or (T, K), optional
        Market or factor returns of the same sessions: regressors of the mean.
    kind : {"gjr", "garch", "egarch", "aparch", "figarch", "har"}
        ``har`` is a variance on squared returns of the day, week and month before.
    dist : {"t", "normal", "skewt", "ged"}
    mean : {"constant", "zero", "ar"}
        ``ar``: a constant and `lags` own lags. Factors come on top of each.
    presample : {"arch", "fcp"}
        What stands for the squared residual and variance before the sample; it changes the digits. ``arch``: arch's
        exponentially weighted backcast; ``fcp``: the mean squared residual (Fiorentini, Calzolari & Panattoni 1996),
        at the current mean where our likelihood fits, at the least squares mean where arch does.
    variance_regressors : Series, DataFrame or ndarray, optional
        Added to the variance of the session (to its logarithm for EGARCH), such as an event dummy. For garch, gjr and
        egarch with normal or t errors.
    covariance : {"qmle", "hessian", "opg"}
        ``qmle`` is robust to the law of the errors (Bollerslev & Wooldridge 1992). ``opg`` only where our likelihood
        fits: garch, gjr, egarch with normal or t errors; the others go through arch.
    diurnal : bool
        Of bars (a Series whose index has several stamps a day) response and mean regressors, the constant among them,
        are divided by what bars of the same clock time vary: the root mean square of their least squares residuals over
        that of all. Clock times are those of the zone of the index; stamps without a zone count as they are. Bars of
        clock times that come fewer than 19 times are left out, and counted. False: the series as it is.

    Returns
    -------
    GarchResult
        Look at its `problem` first: a fit that did not converge or found no dynamics says so there. Of bars its
        variance and residuals are multiplied by the pattern again, see `GarchResult`.

    Raises
    ------
    InputError
        On names that do not exist, lengths that do not match, fewer than 100 sessions, series that do not vary, a dummy
        for one session among `factors` (the likelihood then has two tied optima), or bars whose clock times all come
        too seldom.

    References
    ----------
    Andersen & Bollerslev (1997), J. Empirical Finance 4:115-158: the pattern of the day is taken out of bars before a
    GARCH is fitted.

    Examples
    --------
    >>> z = np.random.default_rng(3).standard_normal(800)
    >>> r = np.empty(800); h = 1.0
    >>> for t in range(800):
    ...     r[t] = z[t] * h**0.5
    ...     h = 0.05 + 0.10 * r[t] ** 2 + 0.85 * h
    >>> fit = fit_garch(r, kind="garch", dist="normal")
    >>> fit.problem, bool(0.8 < fit.persistence < 1.0)
    ('', True)
    """
    for name, value, allowed in (
        ("kind", kind, get_args(ModelKind)), ("dist", dist, get_args(Law)), ("mean", mean, get_args(Mean)),
        ("presample", presample, get_args(Presample)), ("covariance", covariance, get_args(CovarianceKind)),
    ):  # fmt: skip
        if value not in allowed:
            raise InputError(f"{name} {value!r}: allowed are {', '.join(allowed)}")
    if mean == "ar" and lags < 1:
        raise InputError(f"lags = {lags}: an AR mean needs at least 1")
    data, x_names, d_names = _design(returns, factors, variance_regressors, mean, lags)
    known = data.notna().all(axis=1)
    data, dropped = data[known], int((~known).sum())
    if len(data) < FEWEST:
        raise InputError(f"{len(data)} sessions without a missing value; a GARCH needs at least {FEWEST}")
    values = data.to_numpy(dtype=np.float64)
    k = 1 + len(x_names)
    clock = clock_of_values(returns, None) if diurnal else None
    taken = None
    if clock is not None:
        # An AR mean begins after its lags.
        rows = len(returns) - known.size + np.flatnonzero(known.to_numpy())
        taken = _pattern(values[:, :k], clock.at(rows))
        kept = np.isfinite(taken.scale)
        data, values, taken = data[kept], values[kept], taken.at(kept)
        values[:, :k] /= taken.scale[:, None]
        if len(data) < FEWEST:
            raise InputError(f"{taken.words}; {len(data)} are left, and a GARCH needs at least {FEWEST}")
    alone = lone_sessions(values[:, 1:k])
    if alone.size:
        session = str(data.index[alone[0]]).removesuffix(" 00:00:00")
        raise InputError(trap_words(values[:, 0], values[:, 1:k], int(alone[0]), session))
    fit = fit_variance(
        values[:, 0], values[:, 1:k], x_names, kind=kind, dist=dist, presample=presample, exog=values[:, k:],
        exog_names=d_names,
    )  # fmt: skip
    if isinstance(fit, str):
        raise InputError(f"{LABELS[kind]}: {fit}")
    words = {"constant": "constant mean", "zero": "mean zero", "ar": f"AR({lags}) mean"}[mean]
    own = [n for n in x_names if n != "const" and not n.startswith("y[")]
    words += f" with {', '.join(own)}" if own else ""
    return GarchResult(
        fit=fit, index=data.index, dropped=dropped, mean=words, covariance=covariance, diurnal=taken
    )  # fmt: skip


def _pattern(values: FloatArray, clock: Clock) -> Diurnal:
    """Scale of every bar by least squares residuals of the first column on the others."""
    y, x = values[:, 0], values[:, 1:]
    coefficients = np.linalg.lstsq(x, y, rcond=None)[0] if x.shape[1] else np.empty(0)
    found = pattern_of(y - x @ coefficients, clock, np.ones(y.size, dtype=bool), before=False)
    if isinstance(found, Inapplicable):
        raise InputError(found.reason)
    return found


def _design(
    returns: pd.Series | FloatArray, factors: Factors | None, variance: Factors | None, mean: Mean, lags: int
) -> tuple[pd.DataFrame, tuple[str, ...], tuple[str, ...]]:
    """Response, regressors of the mean, regressors of the variance side by side; names of the latter two."""
    y = pd.Series(returns).astype(np.float64).rename("y")
    columns: dict[str, pd.Series] = {}
    if mean != "zero":
        columns["const"] = pd.Series(1.0, index=y.index)
    if mean == "ar":
        columns |= {f"y[{j}]": y.shift(j) for j in range(1, lags + 1)}
        # The first sessions have no past: they are not missing, the sample starts after them.
        y = y.iloc[lags:]
        columns = {n: c.iloc[lags:] for n, c in columns.items()}
    x, d = (_columns(f, returns, y.index, letter) for f, letter in ((factors, "x"), (variance, "d")))
    columns |= x
    both = pd.concat([y, *(c.rename(n) for n, c in (columns | d).items())], axis=1)
    return both, tuple(columns), tuple(d)


def _columns(
    given: Factors | None, returns: pd.Series | FloatArray, index: pd.Index, letter: str
) -> dict[str, pd.Series]:
    """Regressors by name, on the sessions of the response."""
    if given is None:
        return {}
    if isinstance(given, np.ndarray):
        if given.shape[0] != len(returns):
            raise InputError(f"regressors have {given.shape[0]} rows, the returns {len(returns)}")
        wide = given.reshape(given.shape[0], -1)
        labels = pd.Series(returns).index
        return {f"{letter}[{j}]": pd.Series(wide[:, j], index=labels).reindex(index) for j in range(wide.shape[1])}
    frame = given.to_frame(name=str(given.name or letter)) if isinstance(given, pd.Series) else given
    reserved = {"y", "const", "omega", "alpha", "gamma", "beta", "nu"} & {str(c) for c in frame.columns}
    if reserved:
        raise InputError(f"regressors named {', '.join(sorted(reserved))}: these names are parameters, choose others")
    return {str(c): frame[c].astype(np.float64).reindex(index) for c in frame.columns}


@dataclass(frozen=True, kw_only=True, eq=False)
class GarchChoice:
    """Models of one series, side by side.

    Attributes
    ----------
    table : DataFrame
        One row a model, best first: kind, dist, parameters, loglik, aic, bic, persistence, half_life, problem. Models
        with a problem come last and are never chosen.
    best : GarchResult
    criterion : str
    """

    table: pd.DataFrame
    best: GarchResult
    criterion: Criterion


def choose_garch(
    returns: pd.Series | FloatArray, factors: Factors | None = None, *,
    kinds: Sequence[ModelKind] = ("garch", "gjr", "egarch"), dists: Sequence[Law] = ("normal", "t"),
    mean: Mean = "constant", lags: int = 1, presample: Presample = "arch", criterion: Criterion = "bic",
    diurnal: bool = True,
) -> GarchChoice:  # fmt: skip
    """Fit every combination on the same sessions and choose by an information criterion.

    Parameters
    ----------
    returns, factors, mean, lags, presample, diurnal
        As in `fit_garch`; every model is fitted on the same pattern of the day.
    kinds, dists : sequence of str
    criterion : {"bic", "aic"}

    Returns
    -------
    GarchChoice

    Raises
    ------
    NothingUsableError
        When no model converged with volatility dynamics.
    """
    if criterion not in get_args(Criterion):
        raise InputError(f"criterion {criterion!r}: allowed are bic, aic")
    fits = [
        fit_garch(returns, factors, kind=kind, dist=dist, mean=mean, lags=lags, presample=presample, diurnal=diurnal)
        for kind in kinds
        for dist in dists
    ]
    if not fits:
        raise InputError("no kinds or no dists to choose from")
    rows = [
        {
            "kind": f.fit.kind, "dist": f.fit.dist, "parameters": f.fit.params.size, "loglik": f.loglik,
            "aic": f.aic, "bic": f.bic, "persistence": f.persistence, "half_life": f.half_life, "problem": f.problem,
        }
        for f in fits
    ]  # fmt: skip
    order = sorted(range(len(fits)), key=lambda i: (bool(fits[i].problem), getattr(fits[i], criterion)))
    best = fits[order[0]]
    if best.problem:
        reasons = "; ".join(f"{f.label}: {f.problem}" for f in fits)
        raise NothingUsableError(f"no model identifies volatility dynamics. {reasons}")
    return GarchChoice(table=pd.DataFrame(rows).iloc[order].reset_index(drop=True), best=best, criterion=criterion)
