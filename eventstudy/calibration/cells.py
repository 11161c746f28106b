"""One measured cell, and the count behind it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Literal

from eventstudy._typing import Record
from eventstudy.domain.windows import Offsets
from eventstudy.inference.base import Finding
from eventstudy.kernels.stats import Inapplicable

#: What an injected effect is counted in.
EffectUnit = Literal["sd", "return"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Measured rejection rate of one statistic in one world.

    Attributes
    ----------
    effect : float
        Injected on the first session of the window, in `effect_unit`; 0 measures size.
    effect_unit : {"sd", "return"}
        Standard deviations of a day, or the response itself.
    undefined : int
        Replications in which the statistic refused; they count as no rejection.
    rate, mc_se : float
        Share of rejections at `alpha`, and its Monte Carlo standard error (at a share of (rejections + 1) /
        (replications + 2), so that no rejection at all is not called certain; on neighbouring dates of one series that
        of their clusters, when it is larger). NaN when it always refused.
    coverage : float
        Share of the replications with an interval whose interval holds the injected effect; NaN where the method has
        no interval.
    length : float
        Mean length of these intervals, in the unit of the response.
    reason : str
        Why it refused, when it always did.
    estimate : float
        Mean of what was estimated, also of descriptions without a p; NaN where nothing was.
    """

    method: str
    world: str
    window: Offsets
    m: int
    n: int
    reps: int
    effect: float
    alpha: float
    undefined: int
    rate: float
    mc_se: float
    effect_unit: EffectUnit = "sd"
    coverage: float = math.nan
    length: float = math.nan
    reason: str = ""
    estimate: float = math.nan

    def to_record(self) -> Record:
        """Plain dict for JSON."""
        return asdict(self) | {"window": list(self.window)}


@dataclass(slots=True)
class Tally:
    """Running counts of one cell."""

    rejected: int = 0
    undefined: int = 0
    intervals: int = 0
    covered: int = 0
    total_length: float = 0.0
    reason: str = ""
    estimates: int = 0
    total_estimate: float = 0.0

    def add(self, found: Finding | Inapplicable, alpha: float, truth: float) -> bool:
        """Count one replication in which the effect on the window is `truth`; whether it rejected."""
        if not isinstance(found, Inapplicable) and math.isfinite(found.estimate):
            self.estimates += 1
            self.total_estimate += found.estimate
        if isinstance(found, Inapplicable) or not math.isfinite(found.pvalue):
            self.undefined += 1
            self.reason = found.reason if isinstance(found, Inapplicable) else "it has no p-value"
            return False
        rejected = found.pvalue <= alpha
        self.rejected += rejected
        if math.isfinite(found.low) and math.isfinite(found.high) and not found.unit:
            self.intervals += 1
            self.covered += found.low <= truth <= found.high
            self.total_length += found.high - found.low
        return rejected

    def cell(
        self, *, method: str, world: str, window: Offsets, m: int, n: int, reps: int, effect: float,
        effect_unit: EffectUnit, alpha: float,
    ) -> Cell:  # fmt: skip
        """The cell."""
        always = self.undefined == reps
        share = (self.rejected + 1) / (reps + 2)
        return Cell(
            method=method, world=world, window=window, m=m, n=n, reps=reps, effect=effect, effect_unit=effect_unit,
            alpha=alpha, undefined=self.undefined, rate=math.nan if always else self.rejected / reps,
            mc_se=math.nan if always else math.sqrt(share * (1.0 - share) / reps),
            coverage=self.covered / self.intervals if self.intervals else math.nan,
            length=self.total_length / self.intervals if self.intervals else math.nan,
            reason=self.reason if always else "",
            estimate=self.total_estimate / self.estimates if self.estimates else math.nan,
        )  # fmt: skip
