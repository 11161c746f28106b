"""Few units: inference that stays honest with a handful of groups, or with one asset beside its controls."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from eventstudy._typing import FloatArray
from eventstudy.abnormal import AbnormalReturns
from eventstudy.domain.windows import Offsets
from eventstudy.errors import InputError
from eventstudy.inference.base import PAIR_STATISTICS, Finding, PairView
from eventstudy.inference.single import MIN_PLACEBO, car_of, rank_among
from eventstudy.kernels.resample import rank_pvalue, smallest_pvalue
from eventstudy.kernels.stats import Inapplicable, cross_sectional_t


def ibragimov_mueller(values: FloatArray, groups: Sequence[Hashable], *, alpha: float = 0.05) -> Finding | Inapplicable:
    """T over group means, t(q - 1) (Ibragimov & Mueller 2010, J. Business & Economic Statistics 28:453-468).

    Valid (conservative at 5%) when groups are independent, whatever the dependence and variances inside them.

    Parameters
    ----------
    values : ndarray, shape (N,)
        Such as CARs; not NaN.
    groups : sequence, length N
        Group of each value, such as its firm, sector or date.
    alpha : float
        One minus the confidence of the interval.

    Returns
    -------
    Finding
        `estimate` is the mean of the group means; `Inapplicable` with fewer than two groups.

    Raises
    ------
    InputError
        When lengths differ.

    Examples
    --------
    >>> found = ibragimov_mueller(np.array([1.0, 3.0, 4.0]), ["a", "a", "b"])
    >>> found.estimate, round(found.value, 6)
    (3.0, 3.0)
    """
    if len(groups) != values.size:
        raise InputError(f"{values.size} values and {len(groups)} groups: give every value its group")
    labels = list(dict.fromkeys(groups))
    member = np.array([labels.index(g) for g in groups], dtype=np.int64)
    if len(labels) < 2:
        return Inapplicable(f"needs at least 2 groups, there is {len(labels)}")
    means = np.bincount(member, weights=values) / np.bincount(member)
    stat = cross_sectional_t(means)
    if isinstance(stat, Inapplicable):
        return stat
    estimate = float(means.mean())
    se = float(means.std(ddof=1) / np.sqrt(means.size))
    half = stat.critical(alpha) * se
    return Finding(estimate, stat.pvalue, stat.value, se, estimate - half, estimate + half, law=stat.law, dof=stat.dof)


def conley_taber(treated: float, controls: FloatArray) -> Finding | Inapplicable:
    """Rank of one treated value among J controls, after Conley & Taber (2011, Rev. Econ. & Statistics 93:113-125).

    ``p = (1 + #{|control| >= |treated|}) / (1 + J)``: exact when all are exchangeable. Take SCARs when variances
    differ. Controls must not have been hit themselves.

    Parameters
    ----------
    treated : float
    controls : ndarray, shape (J,)
        The same window of assets without the event; NaN is left out.

    Examples
    --------
    >>> conley_taber(2.0, np.array([0.5, -1.0, 3.0])).pvalue
    0.5
    """
    known = controls[np.isfinite(controls)]
    if known.size < 1 or not np.isfinite(treated):
        return Inapplicable("needs the treated value and at least 1 control")
    return Finding(
        treated, rank_pvalue(treated, known), treated, smallest_p=smallest_pvalue(known.size),
        law=f"rank among {known.size} controls",
    )  # fmt: skip


def control_ranks(
    abnormal: AbnormalReturns, treated: Mapping[str, str], window: Offsets
) -> dict[str, tuple[Finding | Inapplicable, Finding | Inapplicable]]:
    """`conley_taber` on CARs and on SCARs of each event's treated instrument among the event's other instruments.

    Parameters
    ----------
    abnormal : AbnormalReturns
        Every instrument measured at every event.
    treated : mapping of str to str
        Event id -> its instrument.
    window : (int, int)

    Raises
    ------
    InputError
        When an event or its treated instrument was not measured.
    """
    car = abnormal.car(window)
    found = {}
    for event, instrument in treated.items():
        same = np.array([e == event for e, _ in abnormal.pairs], dtype=bool)
        own = np.array([pair == (event, instrument) for pair in abnormal.pairs], dtype=bool)
        if own.sum() != 1:
            raise InputError(f"{instrument} at {event} is not among the measured pairs")
        rest = same & ~own
        found[event] = (
            conley_taber(float(car.car[own][0]), car.car[rest]), conley_taber(float(car.scar[own][0]), car.scar[rest])
        )  # fmt: skip
    return found


@PAIR_STATISTICS.register(
    "conley_taber",
    "rank among control instruments",
    null="the instrument moved at the event like any other instrument, each in its own standard errors",
    assumptions="controls were not hit, and standardised responses of one date are exchangeable across instruments",
    reference="Conley & Taber (2011), Rev. Econ. & Statistics 93:113-125",
    trust="beside the verdict: it allows for what moved all prices that day, but it rejects a true null in 16 to 18 of "
    "100 where the variance of this instrument alone quadrupled before the event, and few controls say little",
)
def rank_among_controls(view: PairView, window: Offsets) -> Finding | Inapplicable:
    """Rank of ``|SCAR|`` among those of the controls at the same event; needs 19 of them.

    Controls with a gap in the window are left out. With fewer, `pooled_controls` ranks over controls and dates.
    """
    car = car_of(view.abnormal, window)
    if isinstance(car, Inapplicable):
        return car
    if isinstance(view.controls, str):
        return Inapplicable(view.controls)
    others = view.controls.car(window)
    whole = (others.length == window[1] - window[0] + 1) & np.isfinite(others.scar)
    if whole.sum() < MIN_PLACEBO:
        return Inapplicable(too_few_controls(int(whole.sum())))
    return rank_among(view, float(car.car[0]), float(car.se[0]), others.scar[whole], float(car.scar[0]), "controls")


def too_few_controls(count: int) -> str:
    """Why a rank among `count` controls is refused, and what is offered instead."""
    return (
        f"{count} control instruments of the same kind; with fewer than {MIN_PLACEBO} no p can reach 5% "
        "(pooled_controls ranks over instruments and dates)"
    )
