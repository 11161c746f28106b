"""What makes cumulative responses differ among pairs: regressions on characteristics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.regression.linear_model import OLS  # type: ignore[import-untyped]

from eventstudy._typing import FloatArray
from eventstudy.abnormal import AbnormalReturns
from eventstudy.domain.windows import Offsets
from eventstudy.errors import InputError, NothingUsableError
from eventstudy.inference.studies import StudyData

Covariance = Literal["ols", "HC0", "HC1", "HC3", "cluster"]
Measure = Literal["car", "scar"]


@dataclass(frozen=True, kw_only=True, eq=False)
class CrossSection:
    """A regression of cumulative responses on characteristics.

    Attributes
    ----------
    names : tuple of str
        ``const`` first.
    coef, se, value, pvalue, low, high : ndarray, shape (k,)
        Estimates, standard errors, t, two-sided p and interval (95% unless the study says otherwise).
    dof : float
        Of Student's law: n - k, or clusters - 1.
    n, clusters : int
        Pairs used, and clusters (0 without).
    r2 : float
    covariance : str
    dropped : int
        Pairs left out because a characteristic or the response is missing.
    """

    names: tuple[str, ...]
    coef: FloatArray
    se: FloatArray
    value: FloatArray
    pvalue: FloatArray
    low: FloatArray
    high: FloatArray
    dof: float
    n: int
    clusters: int
    r2: float
    covariance: Covariance
    dropped: int

    def to_frame(self) -> pd.DataFrame:
        """One row a coefficient: name, coef, se, value, p, low, high, dof, n."""
        columns = {"coef": self.coef, "se": self.se, "value": self.value, "p": self.pvalue}
        frame = pd.DataFrame({"name": self.names, **columns, "low": self.low, "high": self.high})
        return frame.assign(dof=self.dof, n=self.n)


def regress(
    y: FloatArray,
    x: FloatArray,
    names: Sequence[str],
    *,
    covariance: Covariance = "HC3",
    clusters: Sequence[object] | None = None,
    alpha: float = 0.05,
) -> CrossSection:
    """Least squares with a robust covariance, through statsmodels.

    Parameters
    ----------
    y : ndarray, shape (n,)
    x : ndarray, shape (n, k)
        With the constant, if any. Rows with a missing value are left out and counted.
    covariance : {"HC3", "HC1", "HC0", "ols", "cluster"}
        White (1980) and MacKinnon & White (1985, J. Econometrics 29:305-325); ``cluster``: CR1,
        ``G/(G-1) (n-1)/(n-k)``, judged by t(G - 1) because clusters are few.
    clusters : sequence, length n
        Needed for ``cluster``.
    alpha : float
        One minus the confidence of the intervals.

    Raises
    ------
    InputError
        When there are not more rows than columns, a column is a combination of others, or clusters are missing.
    """
    kept = np.isfinite(y) & np.isfinite(x).all(axis=1)
    y, design = y[kept], x[kept]
    n, k = design.shape
    if n <= k:
        raise InputError(f"{n} pairs with all characteristics for {k} coefficients: needs at least {k + 1}")
    if np.linalg.matrix_rank(design) < k:
        raise InputError(f"the characteristics {', '.join(names)} are constant or collinear: leave one out")
    model, codes = OLS(y, design), np.zeros(0, dtype=np.int64)
    if covariance == "cluster":
        if clusters is None:
            raise InputError("covariance = 'cluster' needs the cluster of every pair")
        codes = pd.factorize(pd.Series(list(clusters), dtype=object)[kept])[0]
        if np.unique(codes).size < 2:
            raise InputError("one cluster has no variance between clusters: needs at least 2")
        fit = model.fit(cov_type="cluster", cov_kwds={"groups": codes}, use_t=True)
    else:
        fit = model.fit(cov_type="nonrobust" if covariance == "ols" else covariance, use_t=True)
    groups = int(np.unique(codes).size)
    dof = float(groups - 1 if groups else n - k)
    coef, se = np.asarray(fit.params), np.asarray(fit.bse)
    half = stats.t.isf(alpha / 2.0, dof) * se
    return CrossSection(
        names=tuple(names), coef=coef, se=se, value=coef / se, pvalue=2.0 * stats.t.sf(np.abs(coef / se), dof),
        low=coef - half, high=coef + half, dof=dof, n=n, clusters=groups, r2=float(fit.rsquared),
        covariance=covariance, dropped=int((~kept).sum()),
    )  # fmt: skip


def regress_cars(
    result: StudyData,
    characteristics: pd.DataFrame,
    *,
    window: Offsets | None = None,
    measure: Measure = "car",
    covariance: Covariance = "HC3",
    cluster: str | None = None,
) -> CrossSection:
    """Regress cumulative responses on characteristics of events, instruments or pairs.

    Parameters
    ----------
    characteristics : DataFrame
        Indexed by event id, by instrument id, or by (event, instrument). Numeric columns are regressors.
    window : (int, int), optional
        None: the primary window.
    measure : {"car", "scar"}
    cluster : str, optional
        Column with the cluster of each row, left out of the regressors; implies ``covariance="cluster"``.

    Raises
    ------
    InputError
        When no pair has a row, or as `regress`.
    """
    abnormal = usable_pairs(result)
    car = abnormal.car(window or result.primary)
    rows = _rows_of(abnormal, characteristics)
    labels = None if cluster is None else rows[cluster].tolist()
    columns = [str(c) for c in rows.columns if c != cluster]
    if any(not pd.api.types.is_numeric_dtype(rows[c]) for c in columns):
        wrong = [c for c in columns if not pd.api.types.is_numeric_dtype(rows[c])]
        raise InputError(f"characteristics must be numbers; {', '.join(wrong)} is not: code it, or name it as cluster")
    x = np.column_stack((np.ones(len(rows)), rows[columns].to_numpy(dtype=np.float64)))
    return regress(
        car.car if measure == "car" else car.scar, x, ("const", *columns),
        covariance="cluster" if cluster else covariance, clusters=labels, alpha=result.study.alpha,
    )  # fmt: skip


def usable_pairs(result: StudyData) -> AbnormalReturns:
    """The used pairs, or `NothingUsableError`."""
    if result.abnormal is None:
        raise NothingUsableError("nothing usable was left after the checks: there is no pair to compare")
    return result.abnormal


def _rows_of(abnormal: AbnormalReturns, characteristics: pd.DataFrame) -> pd.DataFrame:
    """The row of each pair, NaN where there is none."""
    index = characteristics.index
    if not index.is_unique:
        raise InputError("the index of the characteristics repeats: one row an event, instrument or pair")
    if index.nlevels == 2:
        keys: pd.Index = pd.MultiIndex.from_tuples(abnormal.pairs)
    else:
        by_event = {e for e, _ in abnormal.pairs} & set(index)
        keys = pd.Index([event if by_event else instrument for event, instrument in abnormal.pairs])
    if not keys.isin(index).any():
        raise InputError(
            "no pair has a row: index the characteristics by event id, by instrument id or by (event, instrument)"
        )
    return characteristics.reindex(keys).reset_index(drop=True)
