"""A result as text: what `StudyResult.summary` gives."""

from __future__ import annotations

import textwrap

import pandas as pd

from eventstudy.domain.windows import EventWindow, Outcome, PairOutcome
from eventstudy.measure import known_words
from eventstudy.report.course import speed_frame, speed_of
from eventstudy.report.parts import told, told_frame
from eventstudy.report.tables import (
    bar_words,
    controls_words,
    counts_words,
    day0_words,
    pair_tests,
    pooled_frame,
    response_of,
    session_words,
    tests_frame,
    verdict_words,
    verdicts_frame,
    windows_frame,
    words_of,
)
from eventstudy.report.variance_events import (
    asked_frame,
    leading_sentences,
    refusals,
    spillover_frame,
    spillover_of,
    spillover_sentence,
    variance_of,
    variance_sentences,
)
from eventstudy.study import StudyResult
from eventstudy.verdict import headline, judge, speed_words, volatility_words, window_words


def aligned(result: StudyResult, frame: pd.DataFrame, *, indent: str = "  ") -> str:
    """A frame of strings in columns: words to the left, all else as wide as its widest cell."""
    frame = told_frame(frame, words_of(result))
    cells = [list(map(str, frame.columns)), *frame.astype(str).to_numpy().tolist()]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [indent + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join(lines)


def summary_text(result: StudyResult) -> str:
    """What ``print(result.summary())`` shows: verdict, tests of the primary window, speed, volatility, outcomes, flags.

    Returns
    -------
    str
        Lines of at most about 100 characters, tables apart.
    """
    verdicts = judge(result)
    parts = ["\n".join(f"{e.label}\nannounced {e.when}" for e in result.events.values())]
    parts += [_fill(bar_words(result))] if result.minutes is not None else []
    word = f"{verdict_words(result, verdicts[0])}. " if len(verdicts) == 1 else ""
    parts.append(textwrap.fill(word + headline(verdicts), 100))
    if result.used:
        parts += _pair_text(result) if len(result.outcomes) == 1 else _pairs_text(result)
    parts += _speed_text(result)
    parts += [_fill(f"{v.instrument}: {volatility_words(v, result.study.alpha)}") for v in result.volatility]
    parts += _variance_text(result)
    dropped = [_fill(f"{o.instrument}: {o.detail}", "  ") for o in result.outcomes if o.outcome is not Outcome.USED]
    parts += [_fill(late.words) for late in result.later if any(o.instrument == late.instrument for o in result.used)]
    parts.append("\n".join([f"Outcomes: {counts_words(result)}", *dropped]))
    controls = [_fill(words, "  ") for words in controls_words(result)]
    parts += ["\n".join(["Controls of the rank among control instruments", *controls])] if controls else []
    flags = [_fill(f"{f.severity}: {f.instrument}, {f.evidence} ({f.start} to {f.end})", "  ") for f in result.quality]
    parts.append("\n".join([f"Data-quality flags: {len(flags) or 'none'}", *flags]))
    return "\n\n".join(told(parts, words_of(result)))


def volatility_text(result: StudyResult) -> str:
    """What ``eventstudy volatility`` prints: the announcement, then everything on volatility, pair by pair."""
    parts = ["\n".join(f"{e.label}\nannounced {e.when}" for e in result.events.values())]
    parts += [_fill(bar_words(result))] if result.minutes is not None else []
    for o in result.used:
        response, pair = response_of(result, o.event, o.instrument), variance_of(result, o.event, o.instrument)
        said = [day0_words(result, o.event, o.instrument), volatility_words(response, result.study.alpha)]
        said += leading_sentences(result, pair) if pair is not None else []
        parts += ["\n".join([result.names[o.instrument], *(_fill(s, "  ") for s in said)])]
        if pair is not None:
            asked = asked_frame(result, pair)
            parts += [aligned(result, asked)] if len(asked) else []
            parts += ["\n".join(_fill(f"{what}: not measured ({why})", "  ") for what, why in refusals(pair))]
        parts += _spillover_text(result, o)
    inside = ("event window", "variance days")
    near = [f"{o.title} (session {session_words(o.offset)})" for o in result.overlaps if o.place in inside]
    listed = f"Other announcements in the window may have moved the same prices: {'; '.join(near)}"
    parts += [_fill(listed)] if near and result.used else []
    dropped = [_fill(f"{o.instrument}: {o.detail}", "  ") for o in result.outcomes if o.outcome is not Outcome.USED]
    parts.append("\n".join([f"Outcomes: {counts_words(result)}", *dropped]))
    return "\n\n".join(told([part for part in parts if part], words_of(result)))


def inside_words(result: StudyResult) -> list[str]:
    """Other announcements inside the primary window and those asked for: a line per event and window.

    Those that `known_words` says may be the event itself are left to it.
    """
    pairs = {(o.event, o.instrument) for o in result.used}
    others = [
        o for o in result.overlaps
        if (o.event, o.instrument) in pairs and not known_words(result.events[o.event], [o])
    ]  # fmt: skip
    usual, named = EventWindow().windows, result.study.window.windows
    # A usual window that stands there twice was asked for as well.
    asked = dict.fromkeys(w for w in named if w not in usual or named.count(w) > 1)
    said: set[tuple[str, str, str]] = set()
    lines = []
    for first, last in dict.fromkeys([result.primary, *asked]):
        days: dict[str, dict[str, dict[int, list[str]]]] = {}
        for o in others:
            key = (o.event, o.instrument, o.other)
            if first <= o.offset <= last and key not in said:
                said.add(key)
                days.setdefault(o.event, {}).setdefault(o.title, {}).setdefault(o.offset, []).append(o.instrument)
        window = "" if (first, last) == result.primary else f" [{first}, {last}]"
        for event, titles in days.items():
            of = f" of “{result.events[event].label}”" if len(result.events) > 1 else ""
            listed = ", ".join(f"“{title}” ({_days_words(found)})" for title, found in titles.items())
            lines.append(f"inside the window{window}{of}: {listed}")
    return list(told(lines, words_of(result)))


def _days_words(found: dict[int, list[str]]) -> str:
    """``day +19``; when instruments differ, whose day it is."""
    several = len(found) > 1
    return ", ".join(
        f"day {session_words(day)}" + (f" on {' and '.join(names)}" if several else "") for day, names in found.items()
    )


def _fill(text: str, indent: str = "") -> str:
    return textwrap.fill(text, 100, initial_indent=indent, subsequent_indent=indent + "  ")


def _pair_text(result: StudyResult) -> list[str]:
    """The one used pair: day 0, every test of the primary window, verdict rows of the others."""
    event, instrument = result.used[0].event, result.used[0].instrument
    tests = pair_tests(result, event, instrument)
    frame = tests_frame(result, tests.where(window=result.primary)).drop(columns=["Window", "Law", "Trust"])
    frame[""] = ["<- the test to trust here" if i == 0 and len(tests.where(statistic="verdict")) else ""
                 for i in range(len(frame))]  # fmt: skip
    title = f"{instrument}, {window_words(result.primary)}, {result.models[instrument][0]}"
    parts = [_fill(day0_words(result, event, instrument)), f"{title}\n{aligned(result, frame)}"]
    others = windows_frame(result, event, instrument)
    return parts + (
        [f"Other windows (the verdict does not rest on them)\n{aligned(result, others)}"] if len(others) else []
    )


def _pairs_text(result: StudyResult) -> list[str]:
    """Several pairs: the verdict of each, then the tests across them."""
    frame = verdicts_frame(result, judge(result))
    parts = [f"{window_words(result.primary).capitalize()}, the test to trust of every pair\n{aligned(result, frame)}"]
    pooled = pooled_frame(result, primary=True)
    if len(pooled):
        dates = pooled["Dates"].iloc[0]
        warning = f"Across pairs ({dates} dates: an announcement that hits several producers is one date)"
        parts.append(f"{warning}\n{aligned(result, pooled.drop(columns=['Window', 'Robust to']))}")
    return parts


def _variance_text(result: StudyResult) -> list[str]:
    """Event regressors, breaks, before and after, and spillover of each used pair, where they were asked for."""
    said = [(v.instrument, sentence) for v in result.variance_events for sentence in variance_sentences(result, v)]
    parts = [_fill(f"{name}: {sentence}") for name, sentence in said]
    return [*parts, *(text for o in result.used for text in _spillover_text(result, o))]


def _spillover_text(result: StudyResult, pair: PairOutcome) -> list[str]:
    """Spillover from one pair: the sentence and a row a target; empty when it was not asked for."""
    found = spillover_of(result, pair.event, pair.instrument)
    if not found:
        return []
    sentence = _fill(f"{pair.instrument}: {spillover_sentence(result, found)}")
    return [f"{sentence}\n{aligned(result, spillover_frame(found))}"]


def _speed_text(result: StudyResult) -> list[str]:
    """How fast each used pair reacted, in a sentence; then the tests behind the sentences with their intervals."""
    each = [(o, s) for o in result.used if (s := speed_of(result, o.event, o.instrument)) is not None]
    parts = [_fill(f"{o.instrument}: {speed_words(s)}") for o, s in each]
    frames = [(o.instrument, speed_frame(result, s).drop(columns="Test")) for o, s in each]
    if len(frames) > 1:
        for name, frame in frames:
            frame.insert(0, "Instrument", name)
    rows = pd.concat([frame for _, frame in frames]) if frames else pd.DataFrame()
    return [*parts, f"Speed: the tests behind it\n{aligned(result, rows)}"] if len(rows) else parts
