"""Speed of a reaction: the first sessions, then the drift after them; two tests, never a ratio."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from eventstudy._typing import FloatArray, Record
from eventstudy.domain.windows import Offsets
from eventstudy.inference.advice import CORRELATED
from eventstudy.inference.base import PANEL_STATISTICS, Finding, PairView, with_finding
from eventstudy.inference.own_scale import largest_session, own_scale, seen_drift
from eventstudy.inference.panel import Panel, PanelView, panel_view
from eventstudy.inference.seen import TARGET
from eventstudy.inference.single import verdict
from eventstudy.kernels.stats import Inapplicable
from eventstudy.kernels.timing import Timing, exit_time, peak_time, share_time
from eventstudy.results import TestResult
from eventstudy.volatility.base import VarianceModel

SpeedWord = Literal["nothing to time", "swift", "delayed", "overshoot", "news flow", "untestable"]

#: Last session of the drift when the study names none: two trading weeks.
HORIZON = 10
#: Earliest horizon of one pair: its drift is judged by the changes among three sessions at least.
LEAST_FOR_PAIR = 4
#: Fewest windows inside estimation from which the chance part of a mean path is drawn.
MIN_PATHS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A session read off a path, with the sessions that its test does not reject.

    Attributes
    ----------
    session : int or None
        Relative to day 0; None when there is none, `reason` then says why.
    low, high : int or None
        Interval; it may be the whole window.
    """

    session: int | None = None
    low: int | None = None
    high: int | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class SpeedResponse:
    """How fast one pair (or the mean of all pairs) reacted.

    Attributes
    ----------
    event, instrument : str or None
        None across events or instruments.
    unit : str
    horizon : int
        Last session of the drift, fixed before any result; 0 when the event window leaves no drift.
    word : str
        ``swift``: the first sessions stand out, the drift after them does not (as far as `detectable` lets one see).
        ``delayed``: drift in the same direction. ``overshoot``: in the opposite one. ``news flow``: a reaction, but
        another announcement lies inside, so that its course is not one announcement's. ``nothing to time``: the first
        sessions do not stand out. ``untestable``: a test does not exist, see `reason`.
    reason : str
    reaction, drift, whole : TestResult
        Sessions [0, 1] (from -1 where day 0 is ambiguous), [2, horizon], and both together.
    largest : TestResult or None
        The largest session of the drift against the others, beside the test that decides: that one does not see what
        came in a single session, this one takes a variance raised for a session or two for it. None for a mean.
    detectable : float
        Drift that would have been seen with 80% power, in `unit`, were it spread evenly over its sessions: of a pair
        measured on the windows inside estimation (`seen_drift`), of a mean from the law of t.
    others : tuple of str
        Other announcements from the first session to the horizon, with their sessions.
    onset, t50, t90, peak : Moment
        Descriptive: by when the path left its chance band, when half and nine tenths of the whole were first
        reached, when it stood furthest out.
    """

    event: str | None
    instrument: str | None
    unit: str
    horizon: int
    word: SpeedWord
    reason: str = ""
    reaction: TestResult
    drift: TestResult
    whole: TestResult
    largest: TestResult | None = None
    detectable: float = math.nan
    others: tuple[str, ...] = ()
    onset: Moment
    t50: Moment
    t90: Moment
    peak: Moment

    @property
    def blind(self) -> bool:
        """Whether a drift as large as the first reaction itself would have gone unseen."""
        return not self.detectable <= abs(self.reaction.estimate)

    @property
    def disputed(self) -> bool:
        """Whether no drift was seen although one of its sessions stands out of the others by itself."""
        other = self.largest
        if self.word != "swift" or other is None or not other.applicable:
            return False
        return not other.low <= 0.0 <= other.high

    @property
    def moments(self) -> dict[str, Moment]:
        """The four descriptive sessions by name."""
        return {"onset": self.onset, "t50": self.t50, "t90": self.t90, "peak": self.peak}

    def to_record(self) -> Record:
        """Plain dict for JSON."""
        record: Record = {
            "event": self.event, "instrument": self.instrument, "unit": self.unit, "horizon": self.horizon,
            "word": self.word, "reason": self.reason, "detectable_drift": self.detectable, "others": list(self.others),
            "n_pairs": self.reaction.n_pairs, "n_dates": self.reaction.n_dates, "statistic": self.reaction.statistic,
        }  # fmt: skip
        keys = ("window", "estimate", "se", "low", "high", "value", "p", "smallest_p", "reason")
        for name, test in self.parts.items():
            record[name] = {key: test.to_record()[key] for key in keys} | {"statistic": test.statistic}
        return record | {
            name: {"session": m.session, "low": m.low, "high": m.high, "reason": m.reason}
            for name, m in self.moments.items()
        }

    @property
    def parts(self) -> dict[str, TestResult]:
        """The tests by name: reaction, drift, its largest session where there is one pair, whole."""
        beside = {} if self.largest is None else {"largest_session": self.largest}
        return {"reaction": self.reaction, "drift": self.drift, **beside, "whole": self.whole}

    def to_frame(self) -> pd.DataFrame:
        """The tests, one row each: part, statistic, window, estimate, low, high, p, reason."""
        rows = [
            [name, t.statistic, t.window, t.estimate, t.low, t.high, t.pvalue, t.reason]
            for name, t in self.parts.items()
        ]
        return pd.DataFrame(rows, columns=["part", "statistic", "window", "estimate", "low", "high", "p", "reason"])


def resolve_horizon(horizon: int | None, event: Offsets) -> int:
    """The horizon as named, else 10 or the end of a shorter event window; 0 when no session is left for a drift."""
    last = HORIZON if horizon is None else horizon
    return min(last, event[1]) if min(last, event[1]) >= 2 else 0


def pair_speed(
    view: PairView, horizon: int, *, ambiguous: bool = False, others: tuple[str, ...] = (), refused: str = ""
) -> SpeedResponse:
    """Speed of one pair: the first sessions by the method of the verdict, the drift by its own sessions' scale.

    A large first move may raise the variance of the days after, and a scale from before would call that noise a drift;
    the verdict's p, whose scale and forecast hold that move, would see none. What the sessions of the drift themselves
    change from day to day knows their variance whatever the move did to it (`own_scale`). A drift that comes in one
    session raises that scale and is not seen; `largest_session` looks for it and stands beside.

    Parameters
    ----------
    horizon : int
        From `resolve_horizon`.
    ambiguous : bool
        Day 0 may be a session late: the reaction starts at session -1.
    others : tuple of str
        Other announcements between the first session and the horizon.
    refused : str
        Why nothing is to be measured; empty otherwise.
    """
    event, instrument = view.abnormal.pairs[0]
    base = TestResult(
        event=event, instrument=instrument, window=(0, 1), statistic="verdict", unit=view.abnormal.units[0],
        n_pairs=1, n_dates=1,
    )  # fmt: skip
    first = -1 if ambiguous else 0
    windows = _windows(first, horizon)
    reason = refused or _why_no_drift(horizon)
    refusal = Inapplicable(reason) if reason else None
    early = Inapplicable(_why_no_scale(horizon)) if horizon < LEAST_FOR_PAIR else None
    reaction, whole = (_test(base, w, refusal or verdict(view, w)) for w in (windows[0], windows[2]))
    drift = _test(replace(base, statistic="own_scale"), windows[1], refusal or early or own_scale(view, windows[1]))
    tests = [reaction, drift, whole]
    seen = seen_drift(view, windows[1]) if drift.applicable else math.nan
    largest = _largest(base, windows[1], refusal or early or largest_session(view, windows[1]))
    moments = _no_moments("the parts were not tested")
    if tests[2].applicable:
        moments = _no_moments(_unclear_whole(tests[2]))
        if _clear(tests[2], view.alpha) and isinstance(view.variance, VarianceModel):
            # The test of the whole needs the scale of all its bars: where it applies, the paths have one.
            path = view.abnormal.path(windows[2])[0][0]
            moments = _moments(path, _noise(view, view.variance, windows[2]), first, view.alpha)
    return _speed(tests, horizon, view.alpha, seen, others, moments, largest)


def panel_speed(panel: Panel, horizon: int, base: TestResult, *, first: int, others: tuple[str, ...]) -> SpeedResponse:
    """Speed of the mean of several pairs: BMP's t, or Kolari-Pynnonen's where pairs share dates and move together.

    Parameters
    ----------
    base : TestResult
        Event, unit, numbers of pairs and dates.
    first : int
        First session of the reaction: 0, or -1 where a day 0 is ambiguous.
    """
    together = base.n_dates < base.n_pairs and panel.rbar_calendar > CORRELATED
    key = "kp_bmp_calendar" if together else "bmp_t"
    base = replace(base, statistic=key)
    windows = _windows(first, horizon)
    reason = _why_no_drift(horizon)
    if len(set(panel.abnormal.units)) > 1:
        reason = "pairs in different units have no common mean"
    tests, seen = [], math.nan
    for window in windows:
        view = None if reason else panel_view(panel, window)
        finding = Inapplicable(reason) if view is None else PANEL_STATISTICS[key].obj(view)
        tests.append(_test(base, window, finding))
        if view is not None and window == windows[1] and tests[-1].applicable:
            seen = _detectable_mean(view, tests[-1], panel.rbar_calendar if together else 0.0)
    moments = _no_moments("the parts were not tested")
    if tests[2].applicable:
        moments = _no_moments(_unclear_whole(tests[2]))
        if _clear(tests[2], panel.alpha):
            moments = _mean_moments(panel, windows[2], first)
    return _speed(tests, horizon, panel.alpha, seen, others, moments)


def _windows(first: int, horizon: int) -> tuple[Offsets, Offsets, Offsets]:
    last = max(horizon, 2)
    return (first, 1), (2, last), (first, last)


def _why_no_scale(horizon: int) -> str:
    return (
        f"the drift of one pair needs sessions 2 to {LEAST_FOR_PAIR} at least, to have a scale of its own, and the "
        f"horizon is {horizon}: choose a later one, or a longer event window"
    )


def _why_no_drift(horizon: int) -> str:
    return "" if horizon else "the event window ends before session 2: no session is left for a drift"


def _test(base: TestResult, window: Offsets, finding: Finding | Inapplicable) -> TestResult:
    return with_finding(replace(base, window=window), finding)


def _largest(base: TestResult, window: Offsets, found: tuple[int, Finding] | Inapplicable) -> TestResult:
    """Its window is the session that was the largest."""
    base = replace(base, statistic="largest_session")
    if isinstance(found, Inapplicable):
        return _test(base, window, found)
    session, finding = found
    return _test(base, (session, session), finding)


def _clear(test: TestResult, alpha: float) -> bool:
    """Small p and, where there is an interval, zero outside of it."""
    inside = test.low <= 0.0 <= test.high
    return test.applicable and test.pvalue <= alpha and not inside


def _speed(
    tests: list[TestResult], horizon: int, alpha: float, seen: float, others: tuple[str, ...],
    moments: dict[str, Moment], largest: TestResult | None = None,
) -> SpeedResponse:  # fmt: skip
    reaction, drift, whole = tests
    reason = reaction.reason or drift.reason
    word: SpeedWord
    if reason:
        word = "untestable"
    elif not _clear(reaction, alpha):
        word = "nothing to time"
    elif others:
        word = "news flow"
    elif not _clear(drift, alpha):
        word = "swift"
    else:
        word = "delayed" if drift.estimate * reaction.estimate > 0.0 else "overshoot"
    return SpeedResponse(
        event=reaction.event, instrument=reaction.instrument, unit=reaction.unit, horizon=horizon, word=word,
        reason=reason, reaction=reaction, drift=drift, whole=whole, largest=largest, detectable=seen,
        others=others, onset=moments["onset"], t50=moments["t50"], t90=moments["t90"], peak=moments["peak"],
    )  # fmt: skip


def _detectable_mean(view: PanelView, test: TestResult, correlation: float) -> float:
    """Drift of a mean seen with 80% power by the law of t: its cross-sectional error, widened for correlated pairs."""
    n = view.n
    se = float(view.car.car.std(ddof=1)) / math.sqrt(n)
    se *= math.sqrt((1.0 + (n - 1) * correlation) / (1.0 - correlation))
    return float(stats.t.isf(view.panel.alpha / 2.0, test.dof) + stats.t.ppf(TARGET, test.dof)) * se


# ---- the four descriptive sessions


def _unclear_whole(test: TestResult) -> str:
    first, last = test.window
    return f"the response over sessions [{first}, {last}] does not stand out from chance"


def _no_moments(reason: str) -> dict[str, Moment]:
    return {name: Moment(reason=reason) for name in ("onset", "t50", "t90", "peak")}


def _moments(path: FloatArray, noise: FloatArray, first: int, alpha: float) -> dict[str, Moment]:
    onset = exit_time(path, noise, alpha)
    return {
        "onset": _moment(onset, first, "the path leaves its chance band at no session"),
        "t50": _moment(share_time(path, noise, 0.5, alpha), first),
        "t90": _moment(share_time(path, noise, 0.9, alpha), first),
        "peak": _moment(peak_time(path, noise, alpha), first),
    }


def _moment(found: Timing, first: int, reason: str = "") -> Moment:
    low, high = first + found.low, first + found.high
    return Moment(session=first + found.at, low=low, high=high) if found.at >= 0 else Moment(reason=reason)


def _noise(view: PairView, variance: VarianceModel, window: Offsets) -> FloatArray:
    """Running sums of undisturbed paths with the mean's estimation error, shape (L, draws)."""
    ar, origin = view.abnormal, min(window[0], 0)
    rng = view.rng(origin, 1)
    paths = variance.in_unit(variance.paths(origin, window[1] - origin + 1, view.draws, rng), origin)
    paths = paths[window[0] - origin :]
    design = ar.design[0, ar.columns(window)]
    values, vectors = np.linalg.eigh(ar.gram_inv[0])
    root = vectors * np.sqrt(np.clip(values, 0.0, None))
    error = ar.sigma[0] * root @ rng.standard_normal((design.shape[1], view.draws))
    return np.asarray((paths + design @ error).cumsum(axis=0))


def _mean_moments(panel: Panel, window: Offsets, first: int) -> dict[str, Moment]:
    """Moments of the mean path; its chance part is every stretch of the mean residual inside estimation."""
    length = window[1] - window[0] + 1
    series = panel.aar_estimation
    if series.size - length + 1 < MIN_PATHS:
        return _no_moments(f"{max(0, series.size - length + 1)} stretches inside estimation; needs {MIN_PATHS}")
    path = np.asarray(panel.aar[panel.abnormal.columns(window)])
    if not np.isfinite(path).all():
        return _no_moments("a session has no response of any pair")
    noise = np.lib.stride_tricks.sliding_window_view(series, length).T.cumsum(axis=0)
    return _moments(path.cumsum(), noise, first, panel.alpha)
