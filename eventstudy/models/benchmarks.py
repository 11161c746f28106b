"""Models without a regression: the instrument's own mean, and the market itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eventstudy.domain.align import AlignedSample
from eventstudy.kernels.ols import fit_ols
from eventstudy.models.base import MODELS, FittedModel, as_ids, spread_about_zero


@MODELS.register(
    "constant_mean",
    "constant mean",
    formula="E[R] = mean of R over the estimation window",
    reference="Brown & Warner (1980), J. Financial Economics 8:205-258",
)
@dataclass(frozen=True, slots=True)
class ConstantMean:
    """Expected response is the instrument's own mean: k = 1, forecast factor ``1 + 1/M``.

    References
    ----------
    Brown & Warner (1980), J. Financial Economics 8:205-258.
    """

    @property
    def key(self) -> str:
        """Registry key."""
        return "constant_mean"

    @property
    def label(self) -> str:
        """The model in words."""
        return "constant mean"

    @property
    def market(self) -> tuple[str, ...] | None:
        """No benchmark."""
        return ()

    @property
    def needs_market(self) -> bool:
        """No."""
        return False

    def fit(self, sample: AlignedSample) -> FittedModel:
        """Mean over the estimation window, per pair."""
        design = np.ones((*sample.response.shape, 1))
        ols = fit_ols(design, sample.response, sample.estimation)
        return FittedModel(
            spec=self, names=("mean",), params=ols.params, sigma=ols.sigma, dof=ols.dof,
            expected=np.where(sample.valid, ols.params, np.nan), design=design, gram_inv=ols.gram_inv,
            singular=ols.singular,
        )  # fmt: skip


@MODELS.register(
    "market_adjusted",
    "market-adjusted",
    formula="E[R] = R_m; nothing is estimated",
    reference="Brown & Warner (1980), J. Financial Economics 8:205-258",
)
@dataclass(frozen=True, slots=True, init=False)
class MarketAdjusted:
    """Expected response is the market's, or the mean of several benchmarks.

    Nothing is estimated, so the forecast factor is 1; by convention sigma is the standard deviation of
    ``R - R_m`` about its mean with divisor M - 1.

    Parameters
    ----------
    market : str or sequence of str, optional
        Benchmarks; None takes each instrument's default.

    References
    ----------
    Brown & Warner (1980), J. Financial Economics 8:205-258.
    """

    market: tuple[str, ...] | None

    def __init__(self, market: str | tuple[str, ...] | list[str] | None = None) -> None:
        object.__setattr__(self, "market", as_ids(market))

    @property
    def key(self) -> str:
        """Registry key."""
        return "market_adjusted"

    @property
    def label(self) -> str:
        """The model in words."""
        return "market-adjusted" + (f" ({', '.join(self.market)})" if self.market else "")

    @property
    def needs_market(self) -> bool:
        """Yes."""
        return True

    def fit(self, sample: AlignedSample) -> FittedModel:
        """Spread of the difference over the estimation window, per pair."""
        expected = sample.factors.mean(axis=2)
        difference = sample.response - expected
        used = sample.estimation
        count = used.sum(axis=1)
        mean = np.where(used, difference, 0.0).sum(axis=1) / count
        n, t = sample.response.shape
        return FittedModel(
            spec=self, names=(), params=np.empty((n, 0)),
            sigma=spread_about_zero(difference - mean[:, None], used, count - 1), dof=count - 1,
            expected=expected, design=np.empty((n, t, 0)), gram_inv=np.empty((n, 0, 0)),
            singular=np.zeros(n, dtype=bool),
        )  # fmt: skip
