"""Dates on which the variance of a series changed, and whether they agree with the announcement."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from eventstudy._typing import DateArray, FloatArray, Record
from eventstudy.domain.instruments import Instrument
from eventstudy.domain.intraday import iso_words, when_words
from eventstudy.engines.compiled import CompiledEngine
from eventstudy.kernels.breaks import (
    MIN_SEGMENT,
    CusumKey,
    VarianceCusum,
    bartlett_variance,
    break_set,
    icss,
    kappa2_of_paths,
    kolmogorov_pvalue,
    log_squares,
    rule_of_thumb,
    variance_cusum,
)
from eventstudy.kernels.resample import upper_pvalue
from eventstudy.kernels.stats import Inapplicable
from eventstudy.volatility.base import GarchResponse, model_of_residuals
from eventstudy.volatility.dated import EventLike
from eventstudy.volatility.diurnal import Diurnal, bare_series

Agreement: TypeAlias = Literal["agrees", "elsewhere", "no break", "undefined"]

#: Sessions around the announcement in which one break is looked for.
AROUND = (-100, 99)
#: Fewer sessions on one side of the announcement cannot tell a break from noise.
MIN_SIDE = 30
#: Cost of one more segment, in long-run variances of the log squares: fewer than 2% false alarms without clustering.
PENALTY = 2.0
#: Paths of the simulated p.
PATHS = 499
KEYS: tuple[CusumKey, ...] = ("it", "kappa1", "kappa2")


@dataclass(frozen=True, kw_only=True, eq=False)
class OneBreak:
    """One change of the variance in one stretch of sessions.

    Attributes
    ----------
    first, last : datetime64[D]
        The stretch.
    n : int
        Its sessions.
    cusum : VarianceCusum
        Largest deviation of the cumulative squares, scaled in three ways.
    pvalues : dict
        ``it``, ``kappa1``, ``kappa2`` -> p of no change, by the Kolmogorov law. Only kappa2 allows for fat tails and
        clustering, and for strong clustering in a few hundred sessions it rejects far too often.
    p_clustered : float
        p of kappa2 by simulation from a GJR-GARCH with Student errors, fitted to the 500 to 1,000 sessions before the
        stretch, with the error of its coefficients: it describes, since it rejects too often too, see
        docs/reference/calibration-variance-events.md. NaN in a stretch that is not around day 0, and where there is no
        GARCH (fewer sessions, or no dynamics).
    break_date : datetime64[D]
        First session of the new variance at the likeliest date.
    members : ndarray of datetime64[D]
        Confidence set of that date, which may have holes.
    low, high : datetime64[D]
        Its ends.
    inside : int
        Its sessions.
    ratio : float
        Variance after over variance before the likeliest date.
    """

    first: np.datetime64
    last: np.datetime64
    n: int
    cusum: VarianceCusum
    pvalues: dict[CusumKey, float]
    p_clustered: float = math.nan
    break_date: np.datetime64
    members: DateArray
    low: np.datetime64
    high: np.datetime64
    inside: int
    ratio: float

    @property
    def pvalue(self) -> float:
        """The p that decides: `p_clustered`, or that of kappa2 where there is none."""
        return self.pvalues["kappa2"] if math.isnan(self.p_clustered) else self.p_clustered


@dataclass(frozen=True, kw_only=True, eq=False)
class VarianceBreaks:
    """Breaks of the variance of one series.

    Attributes
    ----------
    n : int
        Sessions with a value.
    alpha : float
    whole : OneBreak or None
        One break in the whole series; None when `reason` says why there is none.
    around : OneBreak or None
        One break in the sessions around the announcement; None without one, or when `reason` says why.
    icss_it, icss_kappa2 : ndarray of datetime64[D]
        First sessions of new variances by iterated cumulative sums of squares. `icss_it` assumes independent normal
        values: on daily returns it finds breaks that are volatility clustering.
    segments : ndarray of datetime64[D]
        The same by penalised least squares on the logarithm of the squares (optimal partition, ``ruptures``).
    event : datetime64[D] or None
        Day 0.
    agreement : str
        ``agrees``: there is a break around the announcement (`OneBreak.pvalue`) and day 0 lies within the ends of the
        confidence set of its date; ``elsewhere``: there is one and day 0 does not; ``no break``: there is none;
        ``undefined``: see `reason`.
    nearest : dict
        ``icss_it``, ``icss_kappa2``, ``segments`` -> sessions from day 0 to the nearest break (negative: before);
        without an announcement or a break the key is absent.
    reason : str
    diurnal : Diurnal or None
        The pattern of the day that was taken out of bars; None for one price a day, or a series taken as it is.
    """

    n: int
    alpha: float
    whole: OneBreak | None
    around: OneBreak | None
    icss_it: DateArray
    icss_kappa2: DateArray
    segments: DateArray
    event: np.datetime64 | None
    agreement: Agreement
    nearest: dict[str, int]
    reason: str = ""
    diurnal: Diurnal | None = None

    def to_frame(self) -> pd.DataFrame:
        """One row a statistic and stretch: stretch, statistic, value, p, break, low, high, ratio."""
        rows = [
            [name, key, one.cusum.value(key), one.pvalues[key], one.break_date, one.low, one.high, one.ratio]
            for name, one in (("whole", self.whole), ("around", self.around))
            if one is not None
            for key in KEYS
        ]
        return pd.DataFrame(rows, columns=["stretch", "statistic", "value", "p", "break", "low", "high", "ratio"])

    def to_record(self) -> Record:
        """Plain dict for JSON."""
        record: Record = {"n": self.n, "event": iso_words(self.event) if self.event is not None else None}
        record |= {"agreement": self.agreement, "reason": self.reason, "nearest": self.nearest}
        for name in ("icss_it", "icss_kappa2", "segments"):
            record[name] = [iso_words(d) for d in getattr(self, name)]
        for name, one in (("whole", self.whole), ("around", self.around)):
            record[name] = None if one is None else _one_record(one)
        return record if self.diurnal is None else record | {"diurnal": self.diurnal.to_record()}

    def summary(self) -> str:
        """The answer in one sentence."""
        one = self.around if self.event is not None else self.whole
        if one is None:
            return f"no answer: {self.reason}"
        p = one.pvalue
        first, last, date, low, high = map(when_words, (one.first, one.last, one.break_date, one.low, one.high))
        if p > self.alpha:
            return f"no break of the variance between {first} and {last} (kappa-2, p = {p:.3f})"
        found = (
            f"the variance changed by a factor of {one.ratio:.2f} (kappa-2, p = {p:.3f}) about {date}, "
            f"{1.0 - self.alpha:.0%} set {low} to {high}"
        )
        if self.event is None:
            return found
        place = "in" if self.agreement == "agrees" else "outside"
        return f"{found}: the announcement ({when_words(self.event)}) lies {place} it"


def variance_breaks(
    values: pd.Series | FloatArray,
    dates: DateArray | None = None,
    *,
    event: EventLike | None = None,
    instrument: Instrument | str | None = None,
    sessions: tuple[int, int] = AROUND,
    alpha: float = 0.05,
    min_segment: int = MIN_SEGMENT,
    seed: int = 0,
    diurnal: bool = True,
) -> VarianceBreaks:
    """Test and date changes of the variance: does the data's own break agree with the announcement.

    Parameters
    ----------
    values : Series or ndarray, shape (T,)
        Returns, or residuals of a mean model, in any unit. NaN is left out. They are centred at their mean.
    dates : ndarray of datetime64, shape (T,), optional
        Ascending; taken from the index of a Series.
    event : Event, str, date or datetime64, optional
        An `Event` or a catalogue id: day 0 is the first session whose price is struck after it, as in a study. A date:
        the first session on or after it.
    instrument : Instrument or str, optional
        Whose price stamp finds day 0 of an `Event`; the name of a Series when left out.
    sessions : (int, int)
        Stretch around day 0 in which one break is tested and dated; cut at the ends of the data.
    alpha : float
        Level of the tests, and one minus the coverage of the date's confidence set.
    min_segment : int
        Shortest stretch between breaks.
    seed : int
        Of the simulated p.
    diurnal : bool
        As in `variance_change`: the pattern of the day is taken out of bars first, learnt from those before the gap
        (up to bar -11), without an announcement from all. False: the series as it is.

    Returns
    -------
    VarianceBreaks
        With `reason` and ``agreement="undefined"`` where nothing can be said: too few sessions, no variation.

    Raises
    ------
    InputError
        When dates are missing, of another length, or not ascending.

    Notes
    -----
    Existence is decided by kappa-2 (Sanso, Arago & Carrion 2004), with p by simulation from a GJR where one can be
    fitted to the sessions before, the date by inverting the likelihood ratio of one variance change (Bai 1997; Eo &
    Morley 2015) with a scale that allows for fat tails and clustering. Sizes: docs/reference, calibration of variance
    events. A burst of a few days is two breaks that nearly cancel: see `segments`, and `event_variance_test`.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> days = pd.bdate_range("2020-01-01", periods=400)
    >>> calm_then_wild = pd.Series(rng.standard_normal(400) * np.repeat([1.0, 3.0], 200), index=days)
    >>> variance_breaks(calm_then_wild, event=days[200].date()).agreement
    'agrees'
    """
    series = bare_series(values, dates, event, instrument, diurnal=diurnal)
    x, days, day0 = series.x, series.days, series.day0
    e = x - x.mean() if x.size else x
    whole = Inapplicable(series.reason) if series.reason else _one_break(e, days, alpha, min_segment)
    around: OneBreak | Inapplicable | None = None
    if day0 is not None and not series.reason:
        around = _around(e, days, day0, sessions, alpha, min_segment, seed)
    usable = not isinstance(whole, Inapplicable)
    found = {
        "icss_it": icss(e, statistic="it", alpha=alpha, min_segment=min_segment) if usable else (),
        "icss_kappa2": icss(e, statistic="kappa2", alpha=alpha, min_segment=min_segment) if usable else (),
        "segments": segment_variance(e, min_segment=min_segment) if usable else (),
    }
    refused = [one.reason for one in (around, whole) if isinstance(one, Inapplicable)]
    return VarianceBreaks(
        n=e.size,
        alpha=alpha,
        whole=None if isinstance(whole, Inapplicable) else whole,
        around=None if isinstance(around, Inapplicable) else around,
        icss_it=days[list(found["icss_it"])],
        icss_kappa2=days[list(found["icss_kappa2"])],
        segments=days[list(found["segments"])],
        event=None if day0 is None or day0 >= days.size else days[day0],
        agreement=_agreement(around, days, day0, alpha),
        nearest={k: min((b - day0 for b in ks), key=abs) for k, ks in found.items() if ks} if day0 is not None else {},
        reason="; ".join(dict.fromkeys(refused)),
        diurnal=series.diurnal,
    )


def segment_variance(e: FloatArray, *, min_segment: int = MIN_SEGMENT, penalty: float = PENALTY) -> tuple[int, ...]:
    """Breaks of the variance by optimal partition of the log squares; sessions before each, ascending.

    Least squares with cost ``penalty * ln T * w`` a segment, w the long-run variance of the log squares (Bartlett), by
    pruned dynamic programming (Killick, Fearnhead & Eckley 2012, JASA 107:1590-1598; Truong, Oudre & Vayatis 2020,
    Signal Processing 167).

    Parameters
    ----------
    e : ndarray, shape (T,)
        Residuals with mean zero, not NaN; fewer than two segments' worth of sessions have no break.
    """
    import ruptures

    if e.size < 2 * min_segment:
        return ()
    x = log_squares(e)
    x = x - x.mean()
    noise = max(bartlett_variance(x, rule_of_thumb(x.size)), float(np.mean(x**2)))
    if not noise > 0.0:
        return ()
    search = ruptures.KernelCPD(kernel="linear", min_size=min_segment).fit((x / np.sqrt(noise)).reshape(-1, 1))
    return tuple(int(k) for k in search.predict(pen=penalty * np.log(x.size))[:-1])


def _one_break(e: FloatArray, days: DateArray, alpha: float, min_segment: int) -> OneBreak | Inapplicable:
    cusum, dated = variance_cusum(e), break_set(e, alpha=alpha, min_segment=min_segment)
    if isinstance(cusum, Inapplicable):
        return cusum
    if isinstance(dated, Inapplicable):
        return dated
    return OneBreak(
        first=days[0], last=days[-1], n=e.size, cusum=cusum,
        pvalues={key: kolmogorov_pvalue(cusum.value(key)) for key in KEYS},
        break_date=days[dated.k], members=days[np.flatnonzero(dated.inside)], low=days[dated.low],
        high=days[dated.high], inside=int(dated.inside.sum()),
        ratio=dated.after / dated.before,
    )  # fmt: skip


def _around(
    e: FloatArray, days: DateArray, day0: int, sessions: tuple[int, int], alpha: float, min_segment: int, seed: int
) -> OneBreak | Inapplicable:
    """One break in the stretch around day 0."""
    if day0 >= days.size:
        return Inapplicable("the announcement lies after the last session")
    start, stop = max(day0 + sessions[0], 0), min(day0 + sessions[1] + 1, e.size)
    if day0 - start < MIN_SIDE or stop - day0 < MIN_SIDE:
        return Inapplicable(
            f"{day0 - start} sessions before day 0 and {stop - day0} from it on; a break needs {MIN_SIDE} on each side"
        )
    found = _one_break(e[start:stop], days[start:stop], alpha, min_segment)
    if isinstance(found, Inapplicable):
        return found
    return replace(found, p_clustered=_clustered(e[:start], found, seed))


def _clustered(before: FloatArray, found: OneBreak, seed: int) -> float:
    """Upper-tail p of kappa2 among paths without a break, those of the volatility response; NaN without a GARCH."""
    spec = GarchResponse(draws=PATHS, engine=CompiledEngine())
    sample = before[-spec.sessions :]
    if sample.size < spec.min_sessions:
        return math.nan
    offsets = np.arange(-sample.size, 0)
    model = model_of_residuals(sample, offsets, offsets.astype("datetime64[D]"), sample.size, spec)
    if model.problem:
        return math.nan
    paths = model.uncertain_paths(0, found.n, PATHS, np.random.default_rng(seed))
    return upper_pvalue(found.cusum.kappa2, kappa2_of_paths(paths - paths.mean(axis=0)))


def _agreement(around: OneBreak | Inapplicable | None, days: DateArray, day0: int | None, alpha: float) -> Agreement:
    if day0 is None or not isinstance(around, OneBreak):
        return "undefined"
    if around.pvalue > alpha:
        return "no break"
    return "agrees" if around.low <= days[day0] <= around.high else "elsewhere"


def _one_record(one: OneBreak) -> Record:
    return {
        "first": iso_words(one.first), "last": iso_words(one.last), "n": one.n, "k": one.cusum.k,
        "bandwidth": one.cusum.bandwidth, "break": iso_words(one.break_date), "low": iso_words(one.low),
        "high": iso_words(one.high),
        "inside": one.inside, "ratio": one.ratio,
        "p_clustered": one.p_clustered,
        **{key: one.cusum.value(key) for key in KEYS}, **{f"p_{key}": one.pvalues[key] for key in KEYS},
    }  # fmt: skip
