"""The market model: a regression on one or several benchmarks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eventstudy.domain.align import AlignedSample
from eventstudy.kernels.ols import fit_ols
from eventstudy.models.base import MODELS, FittedModel, as_ids


@MODELS.register(
    "market_model",
    "market model",
    formula="R = a + b R_m + e by least squares over the estimation window",
    reference="Fama, Fisher, Jensen & Roll (1969), Int. Economic Review 10:1-21; "
    "MacKinlay (1997), J. Economic Literature 35:13-39",
)
@dataclass(frozen=True, slots=True, init=False)
class MarketModel:
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

    def __init__(self, market: str | tuple[str, ...] | list[str] | None = None) -> None:
        object.__setattr__(self, "market", as_ids(market))

    @property
    def key(self) -> str:
        """Registry key."""
        return "market_model"

    @property
    def label(self) -> str:
        """The model in words."""
        return "market model" + (f" on {' and '.join(self.market)}" if self.market else "")

    @property
    def needs_market(self) -> bool:
        """Yes."""
        return True

    def fit(self, sample: AlignedSample) -> FittedModel:
        """Regress each pair's response on the benchmarks over the estimation window."""
        design = np.concatenate((np.ones((*sample.response.shape, 1)), sample.factors), axis=2)
        ols = fit_ols(design, sample.response, sample.estimation)
        return FittedModel(
            spec=self, names=("alpha", *(f"beta_{f}" for f in sample.factor_ids)), params=ols.params,
            sigma=ols.sigma, dof=ols.dof, expected=np.einsum("ntk,nk->nt", design, ols.params), design=design,
            gram_inv=ols.gram_inv, singular=ols.singular,
        )  # fmt: skip
