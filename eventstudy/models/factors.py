"""Factor models: excess returns on any factors, and the named ones of Sharpe, Fama, French and Carhart."""

from __future__ import annotations

from dataclasses import dataclass, field

from eventstudy.domain.align import AlignedSample
from eventstudy.errors import InputError
from eventstudy.models.base import MODELS, FittedModel, Ids, OnBenchmarks, as_ids, regress

FF3 = ("MKT-RF", "SMB", "HML")
CARHART = (*FF3, "MOM")
FF5 = (*FF3, "RMW", "CMA")
RISKFREE = "RF"


@MODELS.register(
    "factor_model",
    "factor model",
    formula="R - RF = a + b'F + e by least squares; E[R] = RF + a + b'F (RF = 0 when none is named)",
    assumptions="loadings do not change; no factor answered the announcement; factors are fractions, not percent",
    needs="2 + number of factors estimation sessions; the factors named",
    benchmarks="factors",
    residuals="linear in R",
    reference="MacKinlay (1997), J. Economic Literature 35:13-39; Campbell, Lo & MacKinlay (1997), ch. 4",
)
@dataclass(frozen=True, slots=True, init=False)
class FactorModel(OnBenchmarks):
    """Least squares on any factors, of excess returns when a riskless rate is named: k = 1 + number of factors.

    Factors are instruments of the price table like any other: ready-made returns (read them with
    ``read_returns`` and join them) or prices, such as copper, the dollar or energy, which are measured as the study
    measures returns. Ready-made returns are summed over the span of a response that covers several dates.

    Parameters
    ----------
    factors : str or sequence of str
        In the order of the coefficients.
    riskfree : str, optional
        The riskless return of each date, as a fraction.
    key : str
        Registry key; the named models set it.

    Raises
    ------
    InputError
        When no factor is named, or one twice.

    References
    ----------
    MacKinlay (1997), J. Economic Literature 35:13-39.

    Examples
    --------
    >>> FactorModel(["COPPER", "DOLLAR"]).label
    'factor model on COPPER, DOLLAR'
    """

    factors: tuple[str, ...]
    riskfree: str | None
    key: str
    market: tuple[str, ...] | None = field(repr=False)

    def __init__(self, factors: Ids = None, *, riskfree: str | None = None, key: str = "factor_model") -> None:
        chosen = as_ids(factors) or ()
        if not chosen:
            raise InputError("a factor model needs its factors by name, such as ['MKT-RF', 'SMB', 'HML']")
        if len(set(chosen)) < len(chosen) or riskfree in chosen:
            raise InputError(f"factors {', '.join(chosen)} (riskless: {riskfree}) name one series twice")
        object.__setattr__(self, "factors", chosen)
        object.__setattr__(self, "riskfree", riskfree)
        object.__setattr__(self, "key", key)
        # What must be among the prices: the factors, then the riskless return.
        object.__setattr__(self, "market", chosen if riskfree is None else (*chosen, riskfree))

    @property
    def label(self) -> str:
        """The model in words."""
        above = f", returns above {self.riskfree}" if self.riskfree else ""
        return f"{self.key.replace('_', ' ')} on {', '.join(self.factors)}{above}"

    def fit(self, sample: AlignedSample) -> FittedModel:
        """Regress each pair's (excess) response on the factors over the estimation window."""
        count = len(self.factors)
        names = ("alpha", *(f"beta_{f}" for f in self.factors))
        riskless = None if self.riskfree is None else sample.factors[..., count]
        return regress(self, sample, sample.factors[..., :count], names, riskless)


def _named(key: str, default: tuple[str, ...], factors: Ids, riskfree: str | None) -> FactorModel:
    chosen = as_ids(factors) or default
    if len(chosen) != len(default):
        raise InputError(
            f"{key} has {len(default)} factors ({', '.join(default)}), but {len(chosen)} were named: "
            f"{', '.join(chosen)}; use factor_model for factors of your own"
        )
    return FactorModel(chosen, riskfree=riskfree, key=key)


def capm(factors: Ids = None, *, riskfree: str | None = RISKFREE) -> FactorModel:
    """Market model of excess returns (Sharpe 1964, J. Finance 19:425-442); default factor ``MKT-RF``.

    Parameters
    ----------
    factors : str or sequence of str, optional
        What the price table calls the factors, in the default's order.
    riskfree : str, optional
        The riskless return.
    """
    return _named("capm", FF3[:1], factors, riskfree)


def fama_french_3(factors: Ids = None, *, riskfree: str | None = RISKFREE) -> FactorModel:
    """Fama & French (1993), J. Financial Economics 33:3-56: ``MKT-RF``, ``SMB``, ``HML``; arguments as in `capm`.

    Ken French's files are in percent: read them with ``unit="percent"``.
    """
    return _named("fama_french_3", FF3, factors, riskfree)


def carhart(factors: Ids = None, *, riskfree: str | None = RISKFREE) -> FactorModel:
    """Carhart (1997), J. Finance 52:57-82: the three factors and ``MOM``; arguments as in `capm`."""
    return _named("carhart", CARHART, factors, riskfree)


def fama_french_5(factors: Ids = None, *, riskfree: str | None = RISKFREE) -> FactorModel:
    """Fama & French (2015), J. Financial Economics 116:1-22: three factors, ``RMW``, ``CMA``; as `capm`."""
    return _named("fama_french_5", FF5, factors, riskfree)


_ASSUMPTIONS = "loadings do not change; factors are fractions of the same dates and market"

MODELS.register(
    "capm", "CAPM", formula="R - RF = a + b (R_m - RF) + e; E[R] = RF + a + b (R_m - RF)",
    assumptions=_ASSUMPTIONS, needs="3 estimation sessions; MKT-RF, RF", benchmarks="factors",
    residuals="linear in R",
    reference="Sharpe (1964), J. Finance 19:425-442",
)(capm)  # fmt: skip
MODELS.register(
    "fama_french_3", "Fama-French, three factors", formula="R - RF on MKT-RF, SMB, HML; E[R] = RF + X b",
    assumptions=_ASSUMPTIONS, needs="5 estimation sessions; MKT-RF, SMB, HML, RF", benchmarks="factors",
    residuals="linear in R",
    reference="Fama & French (1993), J. Financial Economics 33:3-56",
)(fama_french_3)  # fmt: skip
MODELS.register(
    "carhart", "Carhart, four factors", formula="R - RF on MKT-RF, SMB, HML, MOM; E[R] = RF + X b",
    assumptions=_ASSUMPTIONS, needs="6 estimation sessions; MKT-RF, SMB, HML, MOM, RF", benchmarks="factors",
    residuals="linear in R",
    reference="Carhart (1997), J. Finance 52:57-82",
)(carhart)  # fmt: skip
MODELS.register(
    "fama_french_5", "Fama-French, five factors", formula="R - RF on MKT-RF, SMB, HML, RMW, CMA; E[R] = RF + X b",
    assumptions=_ASSUMPTIONS, needs="7 estimation sessions; MKT-RF, SMB, HML, RMW, CMA, RF", benchmarks="factors",
    residuals="linear in R",
    reference="Fama & French (2015), J. Financial Economics 116:1-22",
)(fama_french_5)  # fmt: skip
