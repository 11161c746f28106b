"""What event regressors in a GARCH variance were found to be, and their tests: bootstrap, asymptotic, robust."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from eventstudy._typing import BoolArray, DateArray, FloatArray
from eventstudy.domain.windows import Offsets
from eventstudy.engines.base import Dist
from eventstudy.engines.event_likelihood import EventKind, Form
from eventstudy.engines.event_profile import accepted
from eventstudy.engines.likelihood import LikelihoodFit
from eventstudy.kernels.resample import smallest_pvalue, upper_pvalue
from eventstudy.kernels.stats import Inapplicable
from eventstudy.results import TestResult, TestTable
from eventstudy.volatility.diurnal import IN_THEIR_SCALE, Diurnal
from eventstudy.volatility.shapes import VarianceShape

Side = Literal["greater", "two-sided"]
#: Likelihood ratios and coefficients of paths without an event, shapes (B,) and (B, P).
Drawn = tuple[FloatArray, FloatArray]
#: Statistic, p, law, smallest p.
Row = tuple[float, float, str, float]
#: Lower and upper ends by coefficient, shape (P,) each.
Ends = tuple[FloatArray, FloatArray]

#: The one to report comes first.
STATISTICS = ("event_lr_bootstrap", "event_lr", "event_wald")


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
        Intervals of `delta`: those of the row of `tests` to report, see `event_intervals`.
    multiplier, multiplier_low, multiplier_high : ndarray, shape (P,)
        Variance over what it would have been where a regressor is one: ``exp(delta)``. NaN in the additive form, whose
        coefficients are variances per day.
    tests : TestTable
        ``event_lr_bootstrap`` (of the multiplicative form the one to report), ``event_lr`` and ``event_wald`` of all
        regressors together.
    problem : str
        What to know: that the form decides nothing, bounds that bind. Empty when there is nothing.
    reason : str
    event, instrument : str or None
        Id of the announcement, None for a date; whose values they are, None where nobody said.
    diurnal : Diurnal or None
        The pattern of the day that was taken out of bars; None for one price a day, or a series taken as it is.
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
    event: str | None = None
    instrument: str | None = None
    diurnal: Diurnal | None = None

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


def event_intervals(
    found: EventVariance, root: Callable[[float], float] | None, drawn: Drawn | None, alpha: float
) -> dict[str, Ends]:
    """Intervals of the coefficients by statistic: each inverts the test of its own row.

    Parameters
    ----------
    root : callable or None
        What `signed_root` gives for one multiplicative regressor. None, for several or additive ones: every row has
        the interval of the robust Wald test.
    drawn : (ndarray, ndarray) or None
        What `bootstrap_ratios` gives. The ratio of any coefficient is judged by it, since a response divided by its
        true multiplier is one without an event.

    Notes
    -----
    Equal-tailed: that of a row leaves out zero where the row's two-sided p is at most alpha.
    """
    z = float(stats.norm.isf(alpha / 2.0))
    wald = (found.delta - z * found.se, found.delta + z * found.se)
    if root is None:
        return dict.fromkeys(STATISTICS, wald)
    laws = {"event_lr": (-z, z)}
    if drawn is not None:
        laws["event_lr_bootstrap"] = _accepted_roots(drawn, alpha)
    ends = {key: accepted(root, float(found.delta[0]), *law) for key, law in laws.items()}
    return {key: (np.array([low]), np.array([high])) for key, (low, high) in ends.items()} | {"event_wald": wald}


def _signed_roots(drawn: Drawn, unknown: float) -> FloatArray:
    """Roots of the paths' ratios with the sign of their coefficient; `unknown` for a path without a fit."""
    ratios, sign = drawn[0], np.sign(drawn[1][:, 0])
    return np.asarray(np.where(np.isnan(sign), unknown, sign * np.sqrt(np.where(np.isnan(sign), 0.0, ratios))))


def _accepted_roots(drawn: Drawn, alpha: float) -> tuple[float, float]:
    """Signed roots of likelihood ratios that the paths' own do not reject; infinite with too few paths."""
    count = math.floor(0.5 * alpha * (1 + drawn[0].size) + 1e-12)
    if count < 1:
        return -math.inf, math.inf
    # A path without a fit is evidence for neither side.
    low, high = _signed_roots(drawn, -math.inf), _signed_roots(drawn, math.inf)
    return float(np.sort(low)[count - 1]), float(np.sort(high)[-count])


def event_tests(
    found: EventVariance,
    alternative: Side,
    reason: str | None = None,
    *,
    drawn: Drawn | None = None,
    ends: dict[str, Ends] | None = None,
) -> TestTable:
    """Three rows, `STATISTICS`; without numbers where `reason` says why.

    Parameters
    ----------
    drawn : (ndarray, ndarray), optional
        What `bootstrap_ratios` gives; without it the bootstrap's row says that nobody asked for paths.
    ends : dict, optional
        What `event_intervals` gives.
    """
    first, last = _window(found.shapes, found.dates, found.day0)
    one = len(found.shapes) == 1
    sided: Side = alternative if one else "two-sided"
    base = TestResult(
        event=found.event, instrument=found.instrument, window=(first, last), statistic="", n_pairs=1, n_dates=1,
        alternative=sided, unit="log variance" if found.form == "multiplicative" else "variance",
    )  # fmt: skip
    if reason is not None or found.fit is None or found.null is None:
        return TestTable(replace(base, statistic=key, reason=reason or "no fit") for key in STATISTICS)
    ratio = max(2.0 * (found.fit.loglik - found.null.loglik), 0.0)
    rows: dict[str, Row | Inapplicable] = {
        "event_lr_bootstrap": _bootstrap(ratio, found.delta, sided, drawn),
        "event_lr": _lr(ratio, found.delta, sided),
        "event_wald": _wald(found, sided),
    }
    if one:
        base = replace(base, estimate=float(found.delta[0]), se=float(found.se[0]))
    tests, scaled = [], IN_THEIR_SCALE if found.diurnal is not None else ""
    for key, row in rows.items():
        low, high = (ends or {}).get(key, (found.low, found.high))
        named = (
            replace(base, statistic=key, low=float(low[0]), high=float(high[0]))
            if one
            else replace(base, statistic=key)
        )
        tests.append(
            replace(named, reason=row.reason)
            if isinstance(row, Inapplicable)
            else replace(named, value=row[0], pvalue=row[1], distribution=row[2] + scaled, smallest_p=row[3])
        )
    return TestTable(tests)


def _bootstrap(ratio: float, delta: FloatArray, sided: Side, drawn: Drawn | None) -> Row | Inapplicable:
    """Rank of the likelihood ratio among those of paths without an event.

    One coefficient has a sign: two-sided is twice the smaller tail of the signed roots, and a fall counts as zero when
    one-sided. Several coefficients have none.
    """
    if drawn is None:
        return Inapplicable("no paths were asked for: bootstrap is 0")
    ratios, coefficients = drawn
    paths = ratios.size
    law, least = f"{paths} paths without an event", smallest_pvalue(paths)
    if delta.size > 1:
        return ratio, upper_pvalue(ratio, ratios), law, least
    if sided == "two-sided":
        root = math.copysign(math.sqrt(ratio), delta[0])
        # A path without a fit is evidence for neither side.
        above = upper_pvalue(root, _signed_roots(drawn, math.inf))
        below = upper_pvalue(-root, -_signed_roots(drawn, -math.inf))
        return ratio, min(1.0, 2.0 * min(above, below)), law, min(1.0, 2.0 * least)
    ratios = np.where(coefficients[:, 0] <= 0.0, 0.0, ratios)
    ratio = ratio if delta[0] > 0.0 else 0.0
    return ratio, upper_pvalue(ratio, ratios), law, least


def _lr(ratio: float, delta: FloatArray, sided: Side) -> Row:
    """Statistic, p and law of the likelihood ratio."""
    if sided == "two-sided":
        return ratio, float(stats.chi2.sf(ratio, delta.size)), f"chi2({delta.size})", 0.0
    law = "half chi2(0), half chi2(1)"
    return (ratio, 0.5 * float(stats.chi2.sf(ratio, 1)), law, 0.0) if delta[0] > 0.0 else (0.0, 1.0, law, 0.0)


def _wald(found: EventVariance, sided: Side) -> Row | Inapplicable:
    """Statistic, p and law of the robust Wald test."""
    assert found.fit is not None
    where = [i for i, name in enumerate(found.fit.names) if name.startswith("delta[")]
    covariance = found.fit.covariance("qmle")[np.ix_(where, where)]
    if not np.isfinite(covariance).all():
        return Inapplicable("the Hessian is not negative definite: there is no robust covariance")
    if len(where) > 1:
        value = float(found.delta @ np.linalg.solve(covariance, found.delta))
        return value, float(stats.chi2.sf(value, len(where))), f"chi2({len(where)})", 0.0
    t = float(found.delta[0] / found.se[0])
    return t, float(stats.norm.sf(t) if sided == "greater" else 2.0 * stats.norm.sf(abs(t))), "N(0,1)", 0.0


def _window(shapes: Sequence[VarianceShape], days: DateArray, day0: np.datetime64 | None) -> Offsets:
    """First and last session on which a shape is nonzero."""
    if day0 is None or not days.size:
        return (0, 0)
    offsets = np.arange(days.size) - int(np.searchsorted(days, day0))
    active: BoolArray = np.any([s.column(offsets) != 0.0 for s in shapes], axis=0)
    return (int(offsets[active][0]), int(offsets[active][-1])) if active.any() else (0, 0)
