"""The market model: a regression on one or several benchmarks."""

from __future__ import annotations

from dataclasses import dataclass

from eventstudy.domain.align import AlignedSample
from eventstudy.models.base import MODELS, FittedModel, Ids, OnBenchmarks, as_ids, regress


@MODELS.register(
    "market_model",
    "market model",
    formula="R = a + b R_m + e by least squares over the estimation window",
    assumptions="a and b do not change; the benchmark is struck no later than the instrument and did not react",
    needs="2 + number of benchmarks estimation sessions",
    benchmarks="market",
    residuals="linear in R",
    reference="Fama, Fisher, Jensen & Roll (1969), Int. Economic Review 10:1-21; "
    "MacKinlay (1997), J. Economic Literature 35:13-39",
)
@dataclass(frozen=True, slots=True, init=False)
class MarketModel(OnBenchmarks):
    """Least squares on the market, or on several benchmarks at once: k = 1 + number of benchmarks.

    Parameters
    ----------
    market : str or sequence of str, optional
        Benchmarks; None takes each instrument's default (LME aluminium: LME copper and zinc).

    References
    ----------
    Fama, Fisher, Jensen & Roll (1969), Int. Economic Review 10; MacKinlay (1997), J. Economic Literature 35.

    Examples
    --------
    >>> MarketModel("SPY").market
    ('SPY',)
    """

    market: tuple[str, ...] | None

    def __init__(self, market: Ids = None) -> None:
        object.__setattr__(self, "market", as_ids(market))

    @property
    def key(self) -> str:
        """Registry key."""
        return "market_model"

    @property
    def label(self) -> str:
        """The model in words."""
        return "market model" + self.on_market

    def fit(self, sample: AlignedSample) -> FittedModel:
        """Regress each pair's response on the benchmarks over the estimation window."""
        names = ("alpha", *(f"beta_{f}" for f in sample.factor_ids))
        return regress(self, sample, sample.factors, names)
