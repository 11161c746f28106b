"""What a statistic sees, and the two registries: statistics of one pair, and across pairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from eventstudy._typing import BoolArray, FloatArray
from eventstudy.abnormal import AbnormalReturns
from eventstudy.domain.align import AlignedSample
from eventstudy.domain.windows import Offsets
from eventstudy.inference.panel import PanelView
from eventstudy.kernels.stats import Inapplicable, Stat, mean_correlation, refuse_below
from eventstudy.models.base import MODELS, ExpectedReturn
from eventstudy.results import Registry, TestResult
from eventstudy.volatility.base import VarianceModel

#: Sessions before a window whose residuals set its local scale.
LOCAL_SESSIONS = 20


class Finding(NamedTuple):
    """Numbers of one statistic on one window; NaN where the method has none.

    `estimate`, `se`, `low` and `high` are in the unit of the response, unless `unit` names another.
    """

    estimate: float
    pvalue: float
    value: float = np.nan
    se: float = np.nan
    low: float = np.nan
    high: float = np.nan
    smallest_p: float = 0.0
    law: str = ""
    dof: float = np.nan
    unit: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class PlaceboPaths:
    """The whole pipeline re-run at other dates of the same series.

    Attributes
    ----------
    abnormal : AbnormalReturns
        One pair a placebo date.
    usable : ndarray, shape (B,)
        Dates whose event window is complete and whose fit is not singular.
    masked_dates : int
        Candidate dates left out because they lie near a catalogue event.
    """

    abnormal: AbnormalReturns
    usable: BoolArray
    masked_dates: int

    def scar(self, window: Offsets) -> FloatArray:
        """Standardised cumulative abnormal responses of the usable dates, shape (B,)."""
        return np.asarray(self.abnormal.car(window).scar[self.usable])

    @property
    def count(self) -> int:
        """Usable placebo dates, B."""
        return int(self.usable.sum())


@dataclass(frozen=True, kw_only=True, eq=False)
class Refit:
    """The study's own model, to be fitted again on other sessions of the same pair.

    Attributes
    ----------
    sample : AlignedSample
        Exactly one pair.
    model : ExpectedReturn
        As bound to the pair's series.
    """

    sample: AlignedSample
    model: ExpectedReturn

    @property
    def linear(self) -> bool:
        """Whether residuals are linear in the response, as of every least squares; the model's registry says so."""
        return self.model.key in MODELS and MODELS[self.model.key].facts.get("residuals") == "linear in R"

    def residuals(self, used: BoolArray, effect: FloatArray) -> FloatArray:
        """Residuals when the model is fitted on the sessions `used` with `effect` taken out; both of shape (T,)."""
        cleared = replace(self.sample, response=self.sample.response - effect, estimation=used[None])
        return np.asarray((cleared.response - self.model.fit(cleared).expected)[0])


@dataclass(frozen=True, kw_only=True, eq=False)
class PairView:
    """Everything a statistic of one series and one event may look at.

    Attributes
    ----------
    abnormal : AbnormalReturns
        Exactly one pair.
    placebo : PlaceboPaths or str
        The reason, when there are none.
    variance : VarianceModel or str
        The reason, when there is none.
    alpha : float
        One minus the confidence of intervals.
    draws : int
        Simulated paths.
    seed : tuple of int
        Entropy that belongs to this pair: results do not depend on the order of pairs.
    refit : Refit or str
        The reason, when the model cannot be fitted again.
    controls : AbnormalReturns or str
        Other instruments at the same event; the reason, when there are none.
    """

    abnormal: AbnormalReturns
    placebo: PlaceboPaths | str
    variance: VarianceModel | str
    alpha: float
    draws: int
    seed: tuple[int, ...]
    refit: Refit | str = "the sample behind the abnormal responses is not at hand"
    controls: AbnormalReturns | str = "no control instruments are at hand"

    def rng(self, *more: int) -> np.random.Generator:
        """A generator for one purpose, reproducible from the study's seed."""
        return np.random.default_rng([*self.seed, *(m % 2**32 for m in more)])


PairStatistic = Callable[[PairView, Offsets], Finding | Inapplicable]
PanelStatistic = Callable[[PanelView], Finding | Inapplicable]

PAIR_STATISTICS: Registry[PairStatistic] = Registry("statistic")
PANEL_STATISTICS: Registry[PanelStatistic] = Registry("statistic")

#: Facts of a number that is described and not tested.
DESCRIPTION = {
    "null": "none: a description", "assumptions": "none", "robust": "nothing to be robust to", "law": "none",
}  # fmt: skip


def residual_correlations(abnormal: AbnormalReturns) -> tuple[float, float]:
    """Mean residual correlation over all pairs of pairs, by calendar date and by event offset."""
    if abnormal.n_pairs < 2:
        return float("nan"), float("nan")
    known = abnormal.estimation & np.isfinite(abnormal.ar)
    residual = np.where(known, abnormal.ar, 0.0)
    by_event = mean_correlation(residual.T, known.T)
    days, row = np.unique(abnormal.dates[known], return_inverse=True)
    pair = np.nonzero(known)[0]
    wide = np.zeros((days.size, abnormal.n_pairs))
    there = np.zeros(wide.shape, dtype=bool)
    wide[row, pair] = abnormal.ar[known]
    there[row, pair] = True
    return mean_correlation(wide, there), by_event


def described(value: float, unit: str = "") -> Finding:
    """A number without a test."""
    return Finding(value, np.nan, value, law="a description, no test", unit=unit)


def about_caar(view: PanelView, stat: Stat | Inapplicable, *, scaled: bool = False) -> Finding | Inapplicable:
    """A statistic as a finding about CAAR.

    With `scaled` the statistic is CAAR over its standard error, so inverting it gives an interval; others test
    CAAR = 0 without one.
    """
    if isinstance(stat, Inapplicable):
        return stat
    if not scaled:
        return Finding(view.caar, stat.pvalue, stat.value, law=stat.law, dof=stat.dof)
    se = abs(view.caar / stat.value) if stat.value != 0.0 else np.nan
    half = stat.critical(view.panel.alpha) * se
    return Finding(
        view.caar, stat.pvalue, stat.value, se, view.caar - half, view.caar + half, law=stat.law, dof=stat.dof
    )


def refuse_one(view: PanelView) -> Inapplicable | None:
    """The refusal of a statistic that needs a cross-section."""
    return refuse_below(2, view.n, "one series and one event have no cross-section")


def refuse_days(view: PanelView) -> Inapplicable | None:
    """The refusal of a statistic that is defined for one day."""
    return None if view.one_day else Inapplicable("defined for a single session, and the window has several")


def with_finding(base: TestResult, finding: Finding | Inapplicable) -> TestResult:
    """The row `base` with the numbers of a finding, or with the reason why there are none."""
    if isinstance(finding, Inapplicable):
        return replace(base, reason=finding.reason)
    return replace(
        base, estimate=finding.estimate, se=finding.se, low=finding.low, high=finding.high, value=finding.value,
        pvalue=finding.pvalue, smallest_p=finding.smallest_p, distribution=finding.law, dof=finding.dof,
        unit=finding.unit or base.unit,
    )  # fmt: skip
