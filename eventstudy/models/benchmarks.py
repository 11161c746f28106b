"""Models without a regression: the instrument's own mean, the market itself, the mean of all others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from eventstudy.domain.align import AlignedSample, ResponseSeries
from eventstudy.domain.instruments import Instrument
from eventstudy.domain.prices import PriceTable
from eventstudy.errors import InputError
from eventstudy.kernels.ols import fit_ols
from eventstudy.models.base import (
    MODELS,
    ExpectedReturn,
    FittedModel,
    Ids,
    OnBenchmarks,
    as_ids,
    spread_about_mean,
    without_forecast_error,
)

#: Roles that are no comparison for an instrument unless they are named.
NO_MEMBER = ("market", "fx", "factor")


@MODELS.register(
    "constant_mean",
    "constant mean",
    formula="E[R] = mean of R over the estimation window",
    assumptions="the mean return does not change; market-wide moves count as abnormal",
    needs="2 estimation sessions",
    benchmarks="none",
    residuals="linear in R",
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

    def benchmarks(self, instrument: Instrument, prices: PriceTable) -> tuple[str, ...]:
        """None."""
        return ()

    def bound(self, series: ResponseSeries) -> tuple[Self, ResponseSeries]:
        """Nothing beyond the sample is needed."""
        return self, series

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
    assumptions="alpha 0 and beta 1",
    needs="2 estimation sessions, for the spread alone",
    benchmarks="market",
    residuals="linear in R",
    reference="Brown & Warner (1980), J. Financial Economics 8:205-258",
)
@dataclass(frozen=True, slots=True, init=False)
class MarketAdjusted(OnBenchmarks):
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

    def __init__(self, market: Ids = None) -> None:
        object.__setattr__(self, "market", as_ids(market))

    @property
    def key(self) -> str:
        """Registry key."""
        return "market_adjusted"

    @property
    def label(self) -> str:
        """The model in words."""
        return "market-adjusted" + (f" ({', '.join(self.market)})" if self.market else "")

    def fit(self, sample: AlignedSample) -> FittedModel:
        """Spread of the difference over the estimation window, per pair."""
        return _less_the_mean(self, sample)


@MODELS.register(
    "comparison_portfolio",
    "comparison portfolio",
    formula="E[R] = equal-weighted mean of the other instruments' R on that date; nothing is estimated",
    assumptions="the others share the instrument's risk and did not answer the same announcement",
    needs="one other instrument; 2 estimation sessions, for the spread alone",
    benchmarks="members",
    residuals="linear in R",
    reference="Brown & Warner (1980), J. Financial Economics 8:205-258, with the other instruments as the control",
)
@dataclass(frozen=True, slots=True, init=False)
class ComparisonPortfolio(OnBenchmarks):
    """Expected response is the mean response of the other instruments, treated like a market.

    The mean is of log returns where the study measures log returns; it is then no portfolio's return. A member
    without a response on a session is left out of that session's mean; a session on which no member has one is
    invalid. The instrument itself is never a member.

    Parameters
    ----------
    members : str or sequence of str, optional
        None: every other instrument of the table that is measured in the same way (returns with returns), except
        those in `exclude` and those whose role is market, fx or factor.
    exclude : str or sequence of str, optional
        Instruments that are no members, such as a market index without that role.

    References
    ----------
    Brown & Warner (1980), J. Financial Economics 8:205-258.
    """

    market: tuple[str, ...] | None
    exclude: tuple[str, ...]

    def __init__(self, members: Ids = None, *, exclude: Ids = None) -> None:
        object.__setattr__(self, "market", as_ids(members))
        object.__setattr__(self, "exclude", as_ids(exclude) or ())

    @property
    def key(self) -> str:
        """Registry key."""
        return "comparison_portfolio"

    @property
    def label(self) -> str:
        """The model in words."""
        return "comparison portfolio of " + (", ".join(self.market) if self.market else "all other instruments")

    def benchmarks(self, instrument: Instrument, prices: PriceTable) -> tuple[str, ...]:
        """The members for one instrument.

        Raises
        ------
        InputError
            When nobody is left to compare with.
        """
        others = self.market if self.market is not None else _comparable(instrument, prices)
        chosen = tuple(m for m in others if m != instrument.id and m not in self.exclude)
        if not chosen:
            raise InputError(
                f"{instrument.id} has no other instrument to be compared with; name members, or load more instruments"
            )
        return chosen

    def bound(self, series: ResponseSeries) -> tuple[Self, ResponseSeries]:
        """A series in which a missing member stands at the mean of those present, so that it leaves the mean alone."""
        present = np.isfinite(series.factors)
        count = present.sum(axis=1)
        total = np.where(present, series.factors, 0.0).sum(axis=1)
        mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        return self, replace(series, factors=np.where(present, series.factors, mean[:, None]))

    def fit(self, sample: AlignedSample) -> FittedModel:
        """Spread of the difference over the estimation window, per pair."""
        return _less_the_mean(self, sample)


def _comparable(instrument: Instrument, prices: PriceTable) -> Iterable[str]:
    """Instruments whose response is of the same kind, returns or one unit, and who are no index or factor."""
    returns = ("log", "simple")
    for name in prices.ids:
        other = prices.instruments[name]
        both_returns = instrument.change in returns and other.change in returns
        alike = instrument.change == other.change and instrument.response_unit == other.response_unit
        if other.role not in NO_MEMBER and (both_returns or alike):
            yield name


def _less_the_mean(spec: ExpectedReturn, sample: AlignedSample) -> FittedModel:
    expected = sample.factors.mean(axis=2)
    dof = sample.estimation.sum(axis=1) - 1
    n = sample.n_pairs
    return without_forecast_error(
        spec, sample, (), np.empty((n, 0)), expected,
        sigma=spread_about_mean(sample.response - expected, sample.estimation), dof=dof,
        singular=np.zeros(n, dtype=bool),
    )  # fmt: skip
