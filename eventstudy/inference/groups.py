"""Groups of pairs compared, such as Canadian and American producers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from eventstudy._typing import BoolArray, FloatArray
from eventstudy.abnormal import AbnormalReturns
from eventstudy.domain.instruments import instruments
from eventstudy.domain.windows import Offsets
from eventstudy.errors import InputError
from eventstudy.inference.cross_section import Measure, usable_pairs
from eventstudy.inference.group_portfolios import Contrast, Portfolios, contrast, joint, portfolios
from eventstudy.inference.studies import StudyData, date_clusters
from eventstudy.kernels.stats import Inapplicable

Errors = Literal["auto", "independent", "portfolio"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMean:
    """Mean response of one group of pairs; `reason` when it has too few."""

    name: str
    n: int
    mean: float
    se: float
    median: float
    share_positive: float
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupDifference:
    """Mean of `first` minus mean of `second`, by Welch's t or, of portfolios, by their own differences before.

    `rank_pvalue` ranks the difference of portfolios among those of equal length inside the estimation window; NaN for
    independent pairs.
    """

    first: str
    second: str
    estimate: float
    se: float
    value: float
    dof: float
    pvalue: float
    low: float
    high: float
    rank_pvalue: float = float("nan")


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupComparison:
    """Groups of pairs compared over one window.

    Attributes
    ----------
    window : (int, int)
    measure : {"car", "scar"}
    groups : tuple of GroupMean
    differences : tuple of GroupDifference
        Every two groups that have at least two pairs.
    errors : {"independent", "portfolio"}
        What the tests rest on.
    wald : float
        The joint statistic that all means are equal: ``sum w (mean - weighted mean)^2`` with ``w = n / s^2`` of
        independent pairs, Hotelling's T^2 of portfolios.
    value, dof, pvalue : float, (float, float), float
        Welch's (1951, Biometrika 38:330-336) F, which brings the Wald statistic to size in small groups; of
        portfolios the F of Hotelling's T^2.
    reason : str
        Why there is no joint test.
    """

    window: Offsets
    measure: Measure
    errors: Errors
    groups: tuple[GroupMean, ...]
    differences: tuple[GroupDifference, ...]
    wald: float
    value: float
    dof: tuple[float, float]
    pvalue: float
    reason: str

    def to_frame(self) -> pd.DataFrame:
        """The differences, one row each: first, second, estimate, se, value, dof, p, low, high, rank_pvalue."""
        names = ["first", "second", "estimate", "se", "value", "dof", "pvalue", "low", "high", "rank_pvalue"]
        rows = [[getattr(d, name) for name in names] for d in self.differences]
        return pd.DataFrame(rows, columns=names).rename(columns={"pvalue": "p"})


def compare_groups(
    result: StudyData,
    groups: Mapping[str, Sequence[str]],
    window: Offsets | None = None,
    *,
    measure: Measure = "scar",
    errors: Errors = "auto",
) -> GroupComparison:
    """Compare mean responses of groups of instruments: Canadian with American producers, producers with consumers.

    Parameters
    ----------
    groups : mapping of str to sequence of str
        Name -> instrument ids, selectors (``region:CA``, ``role:consumer``) or event ids; no pair may be in two
        groups.
    window : (int, int), optional
        None: the primary window.
    measure : {"scar", "car"}
        SCARs weigh quiet and turbulent pairs alike; CARs are in the unit of the response.
    errors : {"auto", "independent", "portfolio"}
        ``independent``: variances among the pairs of a group, Welch's t and F. ``portfolio``: each group is one
        portfolio whose daily mean is judged by its own differences from the others over the estimation window
        (t and Hotelling's F with the forecast error of the mean, and a rank that needs no law); shocks that firms of
        one date share are inside, a variance that the event itself raises is not. ``auto``: ``portfolio`` as soon as
        two of the pairs share a date.

    Returns
    -------
    GroupComparison
        A group with fewer than two pairs (one, for portfolios) is refused, by name and with the reason. The mean of
        portfolios under ``scar`` is a sum of daily standardised responses.

    Raises
    ------
    InputError
        With fewer than two groups, a pair in two of them, or pairs in different units under ``car``.
    """
    abnormal = usable_pairs(result)
    if len(groups) < 2:
        raise InputError(f"{len(groups)} group: a comparison needs at least two")
    if errors not in ("auto", "independent", "portfolio"):
        raise InputError(f"errors = {errors!r} is not one of 'auto', 'independent', 'portfolio'")
    chosen = window or result.primary
    car = abnormal.car(chosen)
    values = car.car if measure == "car" else car.scar
    members = {name: _members(abnormal, name, ids) for name, ids in groups.items()}
    counts = np.sum(list(members.values()), axis=0)
    if counts.max() > 1:
        event, instrument = abnormal.pairs[int(np.argmax(counts))]
        raise InputError(f"{instrument} at {event} is in more than one group")
    units = {u for u, c in zip(abnormal.units, counts, strict=True) if c}
    if measure == "car" and len(units) > 1:
        raise InputError(f"pairs in different units ({', '.join(sorted(units))}) have no common mean; take 'scar'")
    alpha = result.study.alpha
    if errors == "auto":
        dates = date_clusters(abnormal, result.events)[counts > 0]
        errors = "portfolio" if np.unique(dates).size < dates.size else "independent"
    means = tuple(_group(name, values[m & np.isfinite(values)]) for name, m in members.items())
    if errors == "portfolio":
        return _of_portfolios(abnormal, members, means, chosen, measure, alpha)
    good = [g for g in means if not g.reason]
    differences = tuple(_difference(a, b, alpha) for i, a in enumerate(good) for b in good[i + 1 :])
    refused = [f"{g.name}: {g.reason}" for g in means if g.reason]
    wald, value, dof, p = (np.nan, np.nan, (np.nan, np.nan), np.nan) if refused else _welch(good)
    return GroupComparison(
        window=chosen, measure=measure, errors=errors, groups=means, differences=differences, wald=wald, value=value,
        dof=dof, pvalue=p, reason="; ".join(refused),
    )  # fmt: skip


def _of_portfolios(
    abnormal: AbnormalReturns, members: Mapping[str, BoolArray], means: Sequence[GroupMean], window: Offsets,
    measure: Measure, alpha: float,
) -> GroupComparison:  # fmt: skip
    """Differences of group portfolios; groups without any pair are refused."""
    present = [g for g in means if g.n]
    names = [g.name for g in present]
    empty = [f"{g.name}: {g.reason}" for g in means if not g.n]
    found = portfolios(abnormal, [members[name] for name in names], window, measure) if names else Inapplicable("")
    nothing = (np.nan, np.nan, (np.nan, np.nan), np.nan)
    if isinstance(found, Inapplicable):
        reason = "; ".join(filter(None, [*empty, found.reason]))
        return _portfolio_result(window, measure, means, (), nothing, reason)
    own = [contrast(found, row, alpha) for row in np.eye(len(names))]
    groups = {g.name: _as_portfolio(g, found, k, own[k]) for k, g in enumerate(present)}
    differences = [
        _portfolio_difference(found, names, i, j, alpha) for i in range(len(names)) for j in range(i + 1, len(names))
    ]
    tested = joint(found) if len(names) > 1 and not empty else Inapplicable("; ".join(empty))
    reason = tested.reason if isinstance(tested, Inapplicable) else ""
    return _portfolio_result(
        window, measure, tuple(groups.get(g.name, g) for g in means), tuple(d for d in differences if d is not None),
        nothing if isinstance(tested, Inapplicable) else tested, reason,
    )  # fmt: skip


def _portfolio_result(
    window: Offsets, measure: Measure, groups: Sequence[GroupMean], differences: tuple[GroupDifference, ...],
    tested: tuple[float, float, tuple[float, float], float], reason: str,
) -> GroupComparison:  # fmt: skip
    wald, value, dof, p = tested
    return GroupComparison(
        window=window, measure=measure, errors="portfolio", groups=tuple(groups), differences=differences, wald=wald,
        value=value, dof=dof, pvalue=p, reason=reason,
    )  # fmt: skip


def _as_portfolio(one: GroupMean, found: Portfolios, k: int, own: object) -> GroupMean:
    """The mean of a group as its portfolio's sum, with that portfolio's standard error."""
    se = own.se if isinstance(own, Contrast) else float("nan")
    reason = own.reason if isinstance(own, Inapplicable) else ""
    return replace(one, mean=float(found.total[k]), se=se, reason=reason)


def _portfolio_difference(
    found: Portfolios, names: Sequence[str], i: int, j: int, alpha: float
) -> GroupDifference | None:
    weights = np.zeros(len(names))
    weights[[i, j]] = 1.0, -1.0
    one = contrast(found, weights, alpha)
    if isinstance(one, Inapplicable):
        return None
    return GroupDifference(
        first=names[i], second=names[j], estimate=one.estimate, se=one.se, value=one.value, dof=one.dof,
        pvalue=one.pvalue, low=one.low, high=one.high, rank_pvalue=one.rank_pvalue,
    )  # fmt: skip


def _members(abnormal: AbnormalReturns, name: str, ids: Sequence[str]) -> BoolArray:
    if isinstance(ids, str):
        raise InputError(f"group {name!r} is a string: give a list of ids")
    wanted = set(instruments().select(ids))
    return np.array([event in wanted or instrument in wanted for event, instrument in abnormal.pairs], dtype=bool)


def _group(name: str, x: FloatArray) -> GroupMean:
    reason, se = "", float("nan")
    if x.size < 2:
        reason = f"needs at least 2 pairs, there is {x.size}" if x.size else "no pair of it was used"
    else:
        se = float(x.std(ddof=1) / np.sqrt(x.size))
        if se <= 1e-12 * np.abs(x).max():
            reason = "all pairs have the same value: no variation"
    nan = float("nan")
    mean, median = (float(x.mean()), float(np.median(x))) if x.size else (nan, nan)
    share = float((x > 0.0).mean()) if x.size else nan
    return GroupMean(name=name, n=int(x.size), mean=mean, se=se, median=median, share_positive=share, reason=reason)


def _difference(a: GroupMean, b: GroupMean, alpha: float) -> GroupDifference:
    """Welch (1947): variances may differ."""
    estimate, va, vb = a.mean - b.mean, a.se**2, b.se**2
    se = float(np.sqrt(va + vb))
    dof = (va + vb) ** 2 / (va**2 / (a.n - 1) + vb**2 / (b.n - 1))
    half = float(stats.t.isf(alpha / 2.0, dof)) * se
    p = float(2.0 * stats.t.sf(abs(estimate / se), dof))
    return GroupDifference(
        first=a.name, second=b.name, estimate=estimate, se=se, value=estimate / se, dof=dof, pvalue=p,
        low=estimate - half, high=estimate + half,
    )  # fmt: skip


def _welch(groups: Sequence[GroupMean]) -> tuple[float, float, tuple[float, float], float]:
    """Wald statistic of equal means, Welch's F of it, its degrees of freedom and p."""
    mean, n = np.array([g.mean for g in groups]), np.array([g.n for g in groups])
    weight = 1.0 / np.array([g.se for g in groups]) ** 2
    q = len(groups)
    wald = float((weight * (mean - (weight @ mean) / weight.sum()) ** 2).sum())
    spread = float(((1.0 - weight / weight.sum()) ** 2 / (n - 1.0)).sum())
    value = wald / (q - 1) / (1.0 + 2.0 * (q - 2) / (q**2 - 1) * spread)
    dof = (float(q - 1), (q**2 - 1) / (3.0 * spread))
    return wald, value, dof, float(stats.f.sf(value, *dof))
