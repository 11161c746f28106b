"""Event regressors in the variance of a GARCH: how much they matter, with likelihood-ratio and robust Wald tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from eventstudy._typing import BoolArray, DateArray, FloatArray
from eventstudy.domain.windows import Offsets
from eventstudy.engines.base import Dist
from eventstudy.engines.event_likelihood import EventKind, Form, fit_event
from eventstudy.engines.likelihood import LikelihoodFit, maximum_likelihood
from eventstudy.errors import InputError
from eventstudy.kernels.stats import Inapplicable
from eventstudy.results import TestResult, TestTable
from eventstudy.volatility.dated import DateLike, dated, position_of
from eventstudy.volatility.mean_dummy import lone_sessions, trap_words
from eventstudy.volatility.shapes import VarianceShape

Side = Literal["greater", "two-sided"]

#: The volatility sample: up to 1,000 sessions before day 0, and a quarter after it.
SAMPLE = (-1000, 60)
#: A GARCH needs this many sessions.
MIN_SESSIONS = 500
#: A coefficient that is fitted to fewer squared residuals has no law: one of them is its own estimate.
MIN_DAYS = 5
STATISTICS = ("event_lr", "event_wald")


@dataclass(frozen=True, kw_only=True, eq=False)
class EventVariance:
    """A GARCH with event regressors in its variance, beside the same without.

    Attributes
    ----------
    form, kind, dist : str
    shapes : tuple of VarianceShape
    day0 : datetime64[D] or None
    dates : ndarray of datetime64[D], shape (T,)
        The sample.
    fit, null : LikelihoodFit or None
        With and without the regressors, in the caller's units; None where `reason` says why.
    delta, se : ndarray, shape (P,)
        Coefficients and their robust standard errors (Bollerslev & Wooldridge 1992).
    low, high : ndarray, shape (P,)
        Intervals of `delta`.
    multiplier, multiplier_low, multiplier_high : ndarray, shape (P,)
        Variance over what it would have been where a regressor is one: ``exp(delta)``. NaN in the additive form, whose
        coefficients are variances per day.
    tests : TestTable
        ``event_lr`` and ``event_wald`` of all regressors together.
    problem : str
        What to know about the fit: bounds that bind. Empty when there is nothing.
    reason : str
    """

    form: Form
    kind: EventKind
    dist: Dist
    shapes: tuple[VarianceShape, ...]
    day0: np.datetime64 | None
    dates: DateArray
    fit: LikelihoodFit | None
    null: LikelihoodFit | None
    delta: FloatArray
    se: FloatArray
    low: FloatArray
    high: FloatArray
    tests: TestTable
    problem: str = ""
    reason: str = ""

    @property
    def multiplier(self) -> FloatArray:
        """``exp(delta)`` of the multiplicative form, shape (P,)."""
        return self._factor(self.delta)

    @property
    def multiplier_low(self) -> FloatArray:
        """Lower end of its interval, shape (P,)."""
        return self._factor(self.low)

    @property
    def multiplier_high(self) -> FloatArray:
        """Upper end of its interval, shape (P,)."""
        return self._factor(self.high)

    def _factor(self, values: FloatArray) -> FloatArray:
        return np.exp(values) if self.form == "multiplicative" else np.full(values.shape, np.nan)

    def to_frame(self) -> pd.DataFrame:
        """One row a shape: delta, se, low, high, multiplier and its interval."""
        return pd.DataFrame(
            {
                "delta": self.delta, "se": self.se, "low": self.low, "high": self.high, "multiplier": self.multiplier,
                "multiplier_low": self.multiplier_low, "multiplier_high": self.multiplier_high,
            },
            index=pd.Index([s.label for s in self.shapes], name="shape"),
        )  # fmt: skip

    def parameters(self) -> pd.DataFrame:
        """One row a parameter of `fit`: estimate and robust standard error; empty without a fit."""
        if self.fit is None:
            return pd.DataFrame(columns=["estimate", "se"])
        return pd.DataFrame({"estimate": self.fit.params, "se": self.fit.se()}, index=list(self.fit.names))


def event_variance_test(
    values: pd.Series | FloatArray,
    dates: DateArray | None = None,
    *,
    event: DateLike,
    shapes: Sequence[VarianceShape] = (VarianceShape.pulse(),),
    form: Form = "multiplicative",
    kind: EventKind = "garch",
    dist: Dist = "normal",
    regressors: pd.DataFrame | pd.Series | FloatArray | None = None,
    alternative: Side = "greater",
    sample: Offsets | None = SAMPLE,
    min_sessions: int = MIN_SESSIONS,
    alpha: float = 0.05,
) -> EventVariance:
    """Test whether the variance differed after an announcement, inside the GARCH model itself.

    Parameters
    ----------
    values : Series or ndarray, shape (T,)
        Returns, in any unit. NaN is left out.
    dates : ndarray of datetime64, shape (T,), optional
        Taken from the index of a Series.
    event : str, date or datetime64
        Day 0, or the announcement's date: the first session on or after it is day 0.
    shapes : sequence of VarianceShape
        Regressors in the variance.
    form : {"multiplicative", "additive"}
        See `fit_event`. A variance that is four times as high for 20 sessions is multiplicative; the additive form has
        little power against it, since its impulse has to fight the recursion.
    kind : {"garch", "gjr"}
    dist : {"normal", "t"}
    regressors : DataFrame, Series or ndarray, shape (T, K), optional
        Mean regressors beside the constant, such as a market's return; taken by date when pandas.
    alternative : {"greater", "two-sided"}
        ``greater`` with one shape restricts delta to zero and above: the LR law is then half chi-squared(0), half
        chi-squared(1). Several shapes are tested together and two-sided.
    sample : (int, int), optional
        Sessions around day 0 that are used, cut at the ends of the data; None: all.
    min_sessions : int
        With fewer there is no GARCH, and a reason instead.
    alpha : float
        One minus the confidence of intervals.

    Returns
    -------
    EventVariance
        With `reason` instead of numbers where the test does not exist: too few sessions, shapes that are nonzero on
        fewer than five sessions or repeat each other, a mean regressor that is nonzero on one session only (the
        likelihood then has two tied optima), a fit that did not converge.

    Raises
    ------
    InputError
        When dates are missing, options unknown, or regressors of another length.

    Notes
    -----
    Likelihood-ratio tests take the law of errors at its word; the Wald test uses the robust covariance. Their size and
    power by simulation: docs/reference/calibration-event-garch.md.

    References
    ----------
    Bollerslev & Wooldridge (1992), Econometric Reviews 11:143-172; Self & Liang (1987), JASA 82:605-610 (boundary);
    Doornik & Ooms (2008), Int. J. Forecasting 24:432-448 (the dummy trap).
    """
    _check(form, kind, dist, alternative, shapes)
    y, x, days = _design(values, dates, regressors)
    day0 = position_of(days, event)
    here = days[day0] if day0 < days.size else None
    kept = np.arange(y.size)
    if sample is not None:
        kept = kept[(kept - day0 >= sample[0]) & (kept - day0 <= sample[1])]
    offsets, y, x, days = kept - day0, y[kept], x[kept], days[kept]
    exog = np.column_stack([s.column(offsets) for s in shapes]) if y.size else np.empty((0, len(shapes)))
    none = np.full(len(shapes), np.nan)
    base = EventVariance(
        form=form, kind=kind, dist=dist, shapes=tuple(shapes), day0=here, dates=days, fit=None, null=None,
        delta=none, se=none, low=none, high=none, tests=TestTable(()),
    )  # fmt: skip
    refused = _refusal(y, x, exog, days, shapes, here is None, min_sessions)
    if refused is None:
        null = maximum_likelihood(y, x, kind=kind, dist=dist, presample="fcp")
        fit = fit_event(y, x, exog, form=form, kind=kind, dist=dist)
        for one, words in ((null, "without"), (fit, "with")):
            problem = one if isinstance(one, str) else "" if one.converged else "it did not converge"
            refused = refused or (f"the fit {words} event regressors: {problem}" if problem else None)
    if refused is not None:
        return replace(base, reason=refused, tests=_tests(base, refused, alternative))
    assert not isinstance(null, str)
    assert not isinstance(fit, str)
    return _measured(base, null, fit, alternative, alpha)


def _check(form: str, kind: str, dist: str, alternative: str, shapes: Sequence[VarianceShape]) -> None:
    allowed = {
        "form": (form, ("multiplicative", "additive")), "kind": (kind, ("garch", "gjr")),
        "dist": (dist, ("normal", "t")), "alternative": (alternative, ("greater", "two-sided")),
    }  # fmt: skip
    for name, (value, choices) in allowed.items():
        if value not in choices:
            raise InputError(f"{name} {value!r} is not one of {', '.join(choices)}")
    if not shapes:
        raise InputError("shapes is empty: give at least one, such as VarianceShape.pulse(1, 20)")


def _design(
    values: pd.Series | FloatArray, dates: DateArray | None, regressors: pd.DataFrame | pd.Series | FloatArray | None
) -> tuple[FloatArray, FloatArray, DateArray]:
    """Response, mean regressors with the constant, and dates, on the sessions where all exist."""
    raw = np.asarray(values, dtype=np.float64)
    y, days = dated(values, dates)
    if regressors is None:
        return y, np.ones((y.size, 1)), days
    if isinstance(regressors, pd.DataFrame | pd.Series):
        frame = regressors.to_frame() if isinstance(regressors, pd.Series) else regressors
        if not isinstance(frame.index, pd.DatetimeIndex) or frame.index.has_duplicates:
            raise InputError("regressors must be indexed by dates without repeats")
        more = frame.reindex(pd.DatetimeIndex(days)).to_numpy(dtype=np.float64)
    else:
        more = np.asarray(regressors, dtype=np.float64)
        more = more[:, None] if more.ndim == 1 else more
        if more.shape[0] != raw.size:
            raise InputError(f"{raw.size} values and {more.shape[0]} rows of regressors: give one row a value")
        more = more[np.isfinite(raw)]
    known = np.isfinite(more).all(axis=1)
    return y[known], np.column_stack((np.ones(int(known.sum())), more[known])), days[known]


def _refusal(
    y: FloatArray, x: FloatArray, exog: FloatArray, days: DateArray, shapes: Sequence[VarianceShape], late: bool,
    min_sessions: int,
) -> str | None:  # fmt: skip
    """Why the test does not exist here; None when it does."""
    if late:
        return "the announcement lies after the last session"
    if y.size < min_sessions:
        return f"{y.size} sessions in the sample; a GARCH needs {min_sessions}"
    if not y.std() > 0.0:
        return "the responses do not vary"
    if np.linalg.matrix_rank(x) < x.shape[1]:
        return "the mean regressors are constant or collinear"
    alone = lone_sessions(x)
    if alone.size:
        return trap_words(y, x, int(alone[0]), days)
    active = np.count_nonzero(exog, axis=0)
    for shape, count in zip(shapes, active, strict=True):
        if count < MIN_DAYS:
            return (
                f"{shape.label} is nonzero on {count} sessions of the sample, and needs {MIN_DAYS}: fitted to fewer "
                "squared residuals its coefficient has no law"
            )
    if np.linalg.matrix_rank(np.column_stack((np.ones(y.size), exog))) < exog.shape[1] + 1:
        return "the variance regressors are constant over the sample or repeat each other"
    return None


def _measured(
    base: EventVariance, null: LikelihoodFit, fit: LikelihoodFit, alternative: Side, alpha: float
) -> EventVariance:
    where = [i for i, name in enumerate(fit.names) if name.startswith("delta[")]
    delta, covariance = fit.params[where], fit.covariance("qmle")[np.ix_(where, where)]
    se = np.sqrt(np.diag(covariance))
    half = float(stats.norm.isf(alpha / 2.0)) * se
    found = replace(
        base, fit=fit, null=null, delta=delta, se=se, low=delta - half, high=delta + half,
        problem="; ".join(dict.fromkeys([*null.bounds, *fit.bounds])),
    )  # fmt: skip
    return replace(found, tests=_tests(found, None, alternative))


def _tests(found: EventVariance, reason: str | None, alternative: Side) -> TestTable:
    first, last = _window(found.shapes, found.dates, found.day0)
    one = len(found.shapes) == 1
    sided: Side = alternative if one else "two-sided"
    base = TestResult(
        event=None, instrument=None, window=(first, last), statistic="", n_pairs=1, n_dates=1, alternative=sided,
        unit="log variance" if found.form == "multiplicative" else "variance",
    )  # fmt: skip
    if reason is not None or found.fit is None or found.null is None:
        return TestTable(replace(base, statistic=key, reason=reason or "no fit") for key in STATISTICS)
    ratio = max(2.0 * (found.fit.loglik - found.null.loglik), 0.0)
    rows = {"event_lr": _lr(ratio, found.delta, sided), "event_wald": _wald(found, sided)}
    if one:
        base = replace(
            base, estimate=float(found.delta[0]), se=float(found.se[0]), low=float(found.low[0]),
            high=float(found.high[0]),
        )  # fmt: skip
    return TestTable(
        replace(base, statistic=key, reason=row.reason)
        if isinstance(row, Inapplicable)
        else replace(base, statistic=key, value=row[0], pvalue=row[1], distribution=row[2], smallest_p=0.0)
        for key, row in rows.items()
    )


def _lr(ratio: float, delta: FloatArray, sided: Side) -> tuple[float, float, str]:
    """Statistic, p and law of the likelihood ratio."""
    if sided == "two-sided":
        return ratio, float(stats.chi2.sf(ratio, delta.size)), f"chi2({delta.size})"
    law = "half chi2(0), half chi2(1)"
    return (ratio, 0.5 * float(stats.chi2.sf(ratio, 1)), law) if delta[0] > 0.0 else (0.0, 1.0, law)


def _wald(found: EventVariance, sided: Side) -> tuple[float, float, str] | Inapplicable:
    """Statistic, p and law of the robust Wald test."""
    assert found.fit is not None
    where = [i for i, name in enumerate(found.fit.names) if name.startswith("delta[")]
    covariance = found.fit.covariance("qmle")[np.ix_(where, where)]
    if not np.isfinite(covariance).all():
        return Inapplicable("the Hessian is not negative definite: there is no robust covariance")
    if len(where) > 1:
        value = float(found.delta @ np.linalg.solve(covariance, found.delta))
        return value, float(stats.chi2.sf(value, len(where))), f"chi2({len(where)})"
    t = float(found.delta[0] / found.se[0])
    return t, float(stats.norm.sf(t) if sided == "greater" else 2.0 * stats.norm.sf(abs(t))), "N(0,1)"


def _window(shapes: Sequence[VarianceShape], days: DateArray, day0: np.datetime64 | None) -> Offsets:
    """First and last session on which a shape is nonzero."""
    if day0 is None or not days.size:
        return (0, 0)
    offsets = np.arange(days.size) - int(np.searchsorted(days, day0))
    active: BoolArray = np.any([s.column(offsets) != 0.0 for s in shapes], axis=0)
    return (int(offsets[active][0]), int(offsets[active][-1])) if active.any() else (0, 0)
