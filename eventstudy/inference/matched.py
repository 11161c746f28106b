"""Ranks that first ask how turbulent the days before were: GARCH-standardised SQ, volatility-matched placebo dates."""

from __future__ import annotations

import numpy as np

from eventstudy._typing import FloatArray, IntArray
from eventstudy.abnormal import AbnormalReturns
from eventstudy.domain.windows import Offsets
from eventstudy.inference.base import LOCAL_SESSIONS, PAIR_STATISTICS, Finding, PairView
from eventstudy.inference.single import car_of, rank_among, rank_scale, same_hour
from eventstudy.kernels.stats import Inapplicable
from eventstudy.volatility.base import VarianceModel

#: Placebo dates match when their volatility lies within this factor of the event's.
CALIPER = 1.25
#: A matched set below this is refused: its p would jump by more than half a point.
MIN_MATCHED = 199


@PAIR_STATISTICS.register(
    "sq_garch",
    "SQ on GARCH-standardised residuals",
    null="the event's sum, in units of its forecast volatility, is exchangeable with those inside estimation",
    assumptions="the fitted variance recursion holds; standardised errors are stationary, of any shape",
    reference="Gelbach, Helland & Klick (2013), Am. Law & Econ. Rev. 15:495-541; Baker (2016), Stanford L. Rev. 68",
    trust="beside the verdict: the recursion must hold, as for FHS; it rejects a true null in 9 to 13 of 100 where the "
    "variance quadrupled before the event",
)
def sample_quantile_garch(view: PairView, window: Offsets) -> Finding | Inapplicable:
    """As SQ, each sum divided by the root of its mean variance, forecast the session before its window.

    A window that begins after day 0 is forecast from session -1, and every placebo with the same lead.
    """
    if isinstance(view.variance, str):
        return Inapplicable(view.variance)
    if view.variance.method == "constant":
        return Inapplicable(f"{view.variance.problem}: it would repeat SQ")
    found = rank_scale(view.abnormal, window, studentised=True, local=False)
    if isinstance(found, Inapplicable):
        return found
    estimate, own, placebo, starts = found
    offsets = view.abnormal.offsets
    expected = _forecasts(view.variance, np.append(offsets[starts], window[0]), window)
    known = np.isfinite(expected[:-1])
    if not np.isfinite(expected[-1]):
        return Inapplicable("the variance is not known the session before the window")
    own *= float(expected[-1])
    scaled = placebo[known] / expected[:-1][known]
    return rank_among(
        view, estimate, own, scaled, estimate / own, f"standardised windows inside estimation{same_hour(view)}"
    )


def _forecasts(variance: VarianceModel, starts: IntArray, window: Offsets) -> FloatArray:
    """Root mean variance of the window that starts at each of `starts`, forecast; NaN before the variance sample."""
    lead = max(window[0], 0)
    origins = starts - lead
    rows = np.searchsorted(variance.offsets, origins)
    known = (origins >= variance.offsets[0]) & (origins <= variance.offsets[-1])
    ahead = variance.ahead(variance.variance[rows], window[1] - window[0] + 1 + lead)[lead:]
    return np.asarray(np.where(known, np.sqrt(ahead.mean(axis=0)), np.nan))


@PAIR_STATISTICS.register(
    "placebo_matched",
    "volatility-matched placebo dates",
    null="the event's date is like any other date that follows days as turbulent as those before it",
    assumptions="what matters of the past is its volatility over 20 sessions, on the whole series' own scale",
    reference="Phipson & Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9:39; sizes in docs/methods",
    trust="beside the verdict: it holds in calm and turbulent times, but needs years of data and else refuses",
)
def placebo_matched(view: PairView, window: Offsets) -> Finding | Inapplicable:
    """Rank of ``|CAR| / (v sqrt(L + x'Gx))`` among the placebo dates whose v is within 25% of the event's.

    v is the root mean square residual of the 20 sessions before the window (before day 0 for a later window), each
    date's from its own fit. At least 199 dates must match.
    """
    car = car_of(view.abnormal, window)
    if isinstance(car, Inapplicable):
        return car
    if isinstance(view.placebo, str):
        return Inapplicable(view.placebo)
    others = view.placebo.abnormal
    own, theirs = recent_volatility(view.abnormal, window)[0], recent_volatility(others, window)
    if not np.isfinite(own):
        return Inapplicable(f"too few moving residuals in the {LOCAL_SESSIONS} sessions before the window")
    with np.errstate(invalid="ignore"):
        near = np.abs(np.log(theirs / own)) <= np.log(CALIPER)
    match = view.placebo.usable & near
    if match.sum() < MIN_MATCHED:
        return Inapplicable(
            f"{int(match.sum())} of {view.placebo.count} placebo dates follow days as turbulent as these (within "
            f"{CALIPER - 1.0:.0%}); a matched set needs {MIN_MATCHED}"
        )
    there = others.car(window)
    scaled = there.car[match] / (theirs[match] * there.se[match] / others.sigma[match])
    scale = float(own * car.se[0] / view.abnormal.sigma[0])
    estimate = float(car.car[0])
    return rank_among(view, estimate, scale, scaled, estimate / scale, f"matched placebo dates{same_hour(view)}")


def recent_volatility(abnormal: AbnormalReturns, window: Offsets) -> FloatArray:
    """Root mean square abnormal response of the 20 sessions before the window or day 0, shape (N,).

    NaN where fewer than half of those sessions have a response, or none moved.
    """
    end = int(min(window[0], 0) - abnormal.offsets[0])
    values = abnormal.ar[:, max(0, end - LOCAL_SESSIONS) : end]
    known = np.isfinite(values)
    count = known.sum(axis=1)
    mean = (np.where(known, values, 0.0) ** 2).sum(axis=1) / np.maximum(count, 1)
    return np.asarray(np.sqrt(np.where((count >= LOCAL_SESSIONS / 2) & (mean > 0.0), mean, np.nan)))
