"""The primary effect asked in other ways, as tables for readers."""

from __future__ import annotations

import pandas as pd

from eventstudy.counterfactual import CONFOUNDING, Variant
from eventstudy.report.parts import NONE
from eventstudy.report.tables import amount, confidence, session_words, span
from eventstudy.study import StudyResult
from eventstudy.verdict import pvalue, window_words


def counterfactuals_frame(result: StudyResult) -> pd.DataFrame:
    """The effect under every counterfactual, the study's own first in each pair."""
    return _frame(result, [v for v in result.variants if v.kind not in CONFOUNDING or v.kind == "metals_dollar"])


def confounding_frame(result: StudyResult) -> pd.DataFrame:
    """The effect as measured, then drift before it, and the effect without what else may be behind it."""
    return _frame(result, [v for v in result.variants if v.kind == "study" or v.kind in CONFOUNDING])


def donors_frame(result: StudyResult) -> pd.DataFrame:
    """Effect of the synthetic control without each donor that has weight."""
    rows = [
        [*_pair(result, v), d.left_out, f"{d.weight:.2f}", amount(d.effect, v.unit)]
        for v in result.variants
        for d in v.without
    ]
    return _less(result, pd.DataFrame(rows, columns=["Event", "Instrument", "Without", "Its weight", "Effect"]))


def releases_frame(result: StudyResult) -> pd.DataFrame:
    """Scheduled releases inside event windows."""
    rows = [
        [result.events[r.event].label, r.instrument, r.title, str(r.date), session_words(r.offset)]
        for r in result.releases
    ]
    return _less(result, pd.DataFrame(rows, columns=["Event", "Instrument", "Release", "Date", "Session"]))


def not_known_words(result: StudyResult) -> str:
    """Calendars of releases that do not reach the event windows, each once; empty when all do."""
    several = len(result.used) > 1
    whose: dict[str, list[str]] = {}
    for one in result.releases_not_known:
        whose.setdefault(one.words, []).append(f"{result.events[one.event].label} on {one.instrument}")
    return "; ".join(words + (f": {', '.join(pairs)}" if several else "") for words, pairs in whose.items())


def _frame(result: StudyResult, variants: list[Variant]) -> pd.DataFrame:
    rows = [
        [
            *_pair(result, v), v.title, v.model, window_words(v.window), amount(v.estimate, v.unit),
            span(v.low, v.high, v.unit), NONE if v.pvalue != v.pvalue else pvalue(v.pvalue), v.reason or v.note,
        ]
        for v in variants
    ]  # fmt: skip
    interval = f"{confidence(result)} interval"
    columns = ["Event", "Instrument", "Asked", "Model", "Window", "Effect", interval, "p", "Note"]
    return _less(result, pd.DataFrame(rows, columns=columns))


def _pair(result: StudyResult, variant: Variant) -> list[str]:
    return [result.events[variant.event].label, variant.instrument]


def _less(result: StudyResult, frame: pd.DataFrame) -> pd.DataFrame:
    """Without the columns that say the same in every row."""
    one = len({o.instrument for o in result.outcomes}) == 1
    frame = frame.drop(columns="Instrument") if one else frame
    return frame if len(result.events) > 1 else frame.drop(columns="Event")
