"""How fast a reaction came and how long variance stayed raised, as tables for readers."""

from __future__ import annotations

import math

import pandas as pd

from eventstudy.inference.speed import Moment, SpeedResponse
from eventstudy.report.parts import NONE
from eventstudy.report.tables import amount, confidence, entry_of, session_words, span
from eventstudy.study import StudyResult
from eventstudy.verdict import pvalue, size, window_words
from eventstudy.volatility.persistence import Duration
from eventstudy.volatility.response import VolatilityResponse

_PARTS = {
    "reaction": "first sessions",
    "drift": "drift after them",
    "largest_session": "its largest session",
    "whole": "both together",
}
#: Tests that are made for the speed alone.
_TITLES = {"largest_session": "that session over the rest"}
_MOMENTS = {
    "onset": "left the chance band by",
    "t50": "half of the whole reached",
    "t90": "nine tenths reached",
    "peak": "stood furthest out",
}
_COURSE = {
    "onset": "first raised day",
    "baseline": "first day back",
    "peak": "day of the largest multiplier",
    "half_life": "half-life of the excess, sessions",
    "model_half_life": "half-life of any shock in the model, sessions",
}


def speed_of(result: StudyResult, event: str | None, instrument: str | None) -> SpeedResponse | None:
    """Speed of a pair, or of the mean (instrument None); None where there is none."""
    return next((s for s in result.speed if (s.event, s.instrument) == (event, instrument)), None)


def speed_frame(result: StudyResult, speed: SpeedResponse) -> pd.DataFrame:
    """The two tests of speed, what stands beside them and their sum, one row each; empty where none exists."""
    rows = [
        [
            f"{_PARTS[part]}, {window_words(test.window)}",
            _TITLES.get(test.statistic) or entry_of(test.statistic).title,
            amount(test.estimate, test.unit), span(test.low, test.high, test.unit), pvalue(test.pvalue),
            size(speed.detectable, test.unit) if part == "drift" else NONE,
        ]
        for part, test in speed.parts.items()
        if test.applicable
    ]  # fmt: skip
    columns = ["Part", "Test", "Effect", f"{confidence(result)} interval", "p", "Would be seen"]
    return pd.DataFrame(rows, columns=columns)


def moments_frame(result: StudyResult, speed: SpeedResponse) -> pd.DataFrame:
    """The four descriptive sessions with their intervals; empty where none is defined."""
    rows = [
        [words, NONE if m.session is None else session_words(m.session), _interval(m)]
        for name, words in _MOMENTS.items()
        if (m := speed.moments[name]).low is not None
    ]
    return pd.DataFrame(rows, columns=["The path", "Session", f"{confidence(result)} interval"])


def why_no_moments(speed: SpeedResponse) -> str:
    """Why no session is read off the path; empty where one is."""
    return speed.t50.reason


def _interval(moment: Moment) -> str:
    if moment.low is None or moment.high is None:
        return NONE
    return f"{session_words(moment.low)} to {session_words(moment.high)}"


def ways_frame(result: StudyResult, response: VolatilityResponse) -> pd.DataFrame:
    """Every way in which the variance of the days after was judged, those that decide first."""
    rows = [
        [
            way.method, NONE if math.isnan(way.multiple) else f"{way.multiple:.2f}", _range(way.low, way.high, ".2f"),
            NONE if math.isnan(way.pvalue) else pvalue(way.pvalue), way.note,
        ]
        for way in response.ways
    ]  # fmt: skip
    columns = ["Way", "Variance, times expected", f"{confidence(result)} interval", "p", "Note"]
    return pd.DataFrame(rows, columns=columns)


def course_frame(result: StudyResult, response: VolatilityResponse) -> pd.DataFrame:
    """Course of a raised variance with intervals; a line without number says why."""
    course = response.persistence
    rows = [] if course is None else [[words, *_duration(getattr(course, name))] for name, words in _COURSE.items()]
    return pd.DataFrame(rows, columns=["What", "Value", f"{confidence(result)} interval", "Note"])


def _duration(one: Duration) -> list[str]:
    value = NONE if math.isnan(one.value) else "beyond" if math.isinf(one.value) else f"{one.value:.3g}"
    return [value, _range(one.low, one.high, ".3g"), one.reason]


def _range(low: float, high: float, digits: str) -> str:
    if math.isnan(low) or math.isnan(high):
        return NONE
    ends = [format(v, digits) if math.isfinite(v) else "beyond" for v in (low, high)]
    return f"{ends[0]} to {ends[1]}"
