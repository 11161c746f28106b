"""A result as tables for readers: rounded, in words, each one pure function of the result."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
import pandas as pd

from eventstudy.domain.intraday import when_words
from eventstudy.domain.time_unit import TimeUnit
from eventstudy.domain.windows import Outcome, PairOutcome
from eventstudy.errors import InputError
from eventstudy.inference.base import PAIR_STATISTICS, PANEL_STATISTICS
from eventstudy.measure import OVERLAP_SESSIONS
from eventstudy.provenance import Provenance
from eventstudy.report.parts import NONE
from eventstudy.results import Entry, TestResult, TestTable
from eventstudy.study import StudyResult
from eventstudy.verdict import Verdict, effect, pvalue, size, window_words
from eventstudy.volatility.response import VolatilityResponse

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WORDS = {"reaction": "Reaction", "inconclusive": "Inconclusive", "untestable": "Cannot be measured"}
#: Beginnings of the registry's `trust` facts, from the test that decides to those that must not.
_TRUST_ORDER = ("yes: the only", "yes", "beside", "no", "never")
_TRUST_WORDS = {
    "yes: the only": "The test to trust here: the only", "yes: ": "", "no: ": "Not to be trusted: ", "no, ": "Not ",
}  # fmt: skip


# ---- numbers and lookups


def pair_row(result: StudyResult, event: str, instrument: str) -> int:
    """Row of a used pair in ``result.abnormal``.

    Raises
    ------
    InputError
        When the pair was not used.
    """
    if result.abnormal is None or (event, instrument) not in result.abnormal.pairs:
        raise InputError(f"{event!r} on {instrument!r} was not used: there is nothing to show; see result.outcomes")
    return result.abnormal.pairs.index((event, instrument))


def response_of(result: StudyResult, event: str, instrument: str) -> VolatilityResponse:
    """Volatility response of a used pair."""
    pair_row(result, event, instrument)
    return next(v for v in result.volatility if (v.event, v.instrument) == (event, instrument))


def amount(value: float, unit: str) -> str:
    """A signed effect as `verdict.effect` writes it, a dash where there is none."""
    return NONE if math.isnan(value) else effect(value, unit)


def span(low: float, high: float, unit: str) -> str:
    """An interval in words, a dash where the method has none."""
    return NONE if math.isnan(low) or math.isnan(high) else f"{effect(low, unit)} to {effect(high, unit)}"


def level_words(value: float) -> str:
    """A price level with the digits that matter.

    Examples
    --------
    >>> level_words(2046.5), level_words(0.2534), level_words(math.nan)
    ('2,046.5', '0.2534', '–')
    """
    if math.isnan(value):
        return NONE
    return f"{value:,.1f}" if abs(value) >= 1000.0 else f"{value:.2f}" if abs(value) >= 10.0 else f"{value:.4g}"


def session_words(offset: int) -> str:
    """A session relative to day 0, signed."""
    return f"{offset:+d}" if offset else "0"


def day_words(day: dt.date) -> str:
    """A date with its weekday, in English whatever the locale."""
    return f"{WEEKDAYS[day.weekday()]} {day}"


def confidence(result: StudyResult) -> str:
    """Confidence of the intervals, such as ``95%``."""
    return f"{100.0 * (1.0 - result.study.alpha):.4g}%"


def entry_of(key: str) -> Entry[object]:
    """Words about a statistic, of one pair or across pairs."""
    registry = PAIR_STATISTICS if key in PAIR_STATISTICS else PANEL_STATISTICS
    return registry[key]  # type: ignore[return-value]  # only the words are read


# ---- tests


def trust_rank(key: str) -> int:
    """0 for the statistic that decides, more for those that are there to compare."""
    trust = entry_of(key).facts.get("trust", "")
    return next((i for i, start in enumerate(_TRUST_ORDER) if trust.startswith(start)), len(_TRUST_ORDER))


def trust_words(key: str) -> str:
    """Whether to trust a statistic of one pair, and why; from the registry."""
    trust = entry_of(key).facts.get("trust", "")
    for start, words in _TRUST_WORDS.items():
        if trust.startswith(start):
            trust = words + trust.removeprefix(start)
            break
    return trust[:1].upper() + trust[1:]


def tests_frame(result: StudyResult, tests: Iterable[TestResult]) -> pd.DataFrame:
    """Applicable tests in words, the deciding one first; windows stay in their order."""
    rows = sorted((t for t in tests if t.applicable), key=lambda t: trust_rank(t.statistic))
    windows = list(dict.fromkeys(t.window for t in rows))
    rows = sorted(rows, key=lambda t: windows.index(t.window))
    records = [
        {
            "Window": window_words(t.window),
            "Test": entry_of(t.statistic).title,
            "Effect": amount(t.estimate, t.unit),
            f"{confidence(result)} interval": span(t.low, t.high, t.unit),
            "p": pvalue(t.pvalue),
            "Smallest p": pvalue(t.smallest_p) if t.smallest_p > 0.0 else NONE,
            "Law": t.distribution,
            "Trust": trust_words(t.statistic),
        }
        for t in rows
    ]
    columns = ["Window", "Test", "Effect", f"{confidence(result)} interval", "p", "Smallest p", "Law", "Trust"]
    return pd.DataFrame(records, columns=columns)


def verdict_words(result: StudyResult, verdict: Verdict) -> str:
    """The verdict in a word or three; a used pair without the deciding statistic has no verdict."""
    used = any((o.event, o.instrument) == (verdict.event, verdict.instrument) for o in result.used)
    return "No verdict" if used and verdict.word == "untestable" else WORDS[verdict.word]


def verdicts_frame(result: StudyResult, verdicts: tuple[Verdict, ...]) -> pd.DataFrame:
    """The deciding row of every pair, the unmeasured ones included."""
    rows = [
        [
            result.events[v.event].label, v.instrument, verdict_words(result, v), amount(v.estimate, v.unit),
            span(v.low, v.high, v.unit), NONE if math.isnan(v.pvalue) else pvalue(v.pvalue),
            amount(v.detectable, v.unit).lstrip("+"),
        ]
        for v in verdicts
    ]  # fmt: skip
    columns = ["Event", "Instrument", "Verdict", "Effect", f"{confidence(result)} interval", "p", "Would be seen"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame if len(result.events) > 1 else frame.drop(columns="Event")


def pair_tests(result: StudyResult, event: str, instrument: str) -> TestTable:
    """Tests of one pair, every window."""
    return result.tests.where(event=event, instrument=instrument)


def pooled_tests(result: StudyResult) -> TestTable:
    """Tests across pairs; empty unless there are two pairs."""
    return TestTable(t for t in result.tests if t.instrument is None and t.n_pairs >= 2)


def windows_frame(result: StudyResult, event: str, instrument: str) -> pd.DataFrame:
    """Verdict rows of the windows that the verdict does not rest on."""
    rows = pair_tests(result, event, instrument).where(statistic="verdict")
    frame = tests_frame(result, (t for t in rows if t.window != result.primary))
    return frame.drop(columns=["Test", "Smallest p", "Law", "Trust"])


def pooled_frame(result: StudyResult, *, primary: bool) -> pd.DataFrame:
    """Tests across pairs, of the primary window or of the others."""
    rows = [t for t in pooled_tests(result) if (t.window == result.primary) == primary and t.applicable]
    columns = [
        "Window",
        "Test",
        "Mean effect",
        f"{confidence(result)} interval",
        "Statistic",
        "p",
        "Pairs",
        "Dates",
        "Robust to",
    ]
    return pd.DataFrame(
        [
            [
                window_words(t.window), entry_of(t.statistic).title, amount(t.estimate, t.unit),
                span(t.low, t.high, t.unit), f"{t.value:+.2f}", pvalue(t.pvalue), str(t.n_pairs), str(t.n_dates),
                entry_of(t.statistic).facts.get("robust", ""),
            ]
            for t in rows
        ],
        columns=columns,
    )  # fmt: skip


def refused_tests(result: StudyResult, tests: Iterable[TestResult]) -> list[tuple[str, str]]:
    """(reason, titles) of the tests that do not exist here, grouped by reason."""
    groups: dict[str, list[str]] = {}
    for test in tests:
        reason = test.reason
        if test.instrument is None and test.n_pairs == 1 and test.applicable:
            repeats = test.statistic.startswith(("patell_z", "mackinlay", "bw_crude"))
            reason = (
                "with one pair it only repeats the t test" if repeats else "with one pair it says nothing across pairs"
            )
        if reason:
            groups.setdefault(reason, []).append(entry_of(test.statistic).title)
    return [(reason, "; ".join(dict.fromkeys(titles))) for reason, titles in groups.items()]


# ---- one pair


def day0_words(result: StudyResult, event: str, instrument: str) -> str:
    """How the announcement was mapped to a session, in a sentence."""
    day0 = next(d for d in result.day0 if (d.event, d.instrument) == (event, instrument))
    if day0.session is None:
        return f"Announced {result.events[event].when}: {day0.rule}."
    return f"Announced {result.events[event].when}. Day 0 of {instrument} is {day_words(day0.session)}: {day0.rule}."


def bar_words(result: StudyResult) -> str:
    """What a session is where prices are intraday bars, and what that does to the tests; empty for daily prices."""
    if result.minutes is None:
        return ""
    return (
        f"Intraday prices: every step here is a bar of {result.minutes} minutes, bar 0 the first whose price could "
        "react, every clock time the close of a bar. The first bar of a day spans the night before it. Ranks and "
        "placebo dates compare bars of one clock time; forecasts of variance take the pattern of the day out first; "
        "tests that take all bars for alike refuse."
    )


def words_of(result: StudyResult) -> Callable[[str], str]:
    """What puts a text on the result in its unit of time, days or bars, and leaves titles and names alone."""
    titles = [
        *(e.label for e in result.events.values()), *(o.title for o in result.overlaps),
        *(r.title for r in result.releases), *result.names.values(),
    ]  # fmt: skip
    return partial(TimeUnit(result.minutes).words, names=titles)


def is_ambiguous(result: StudyResult, event: str, instrument: str) -> bool:
    """Whether day 0 of a pair may be another session."""
    return any(d.ambiguous for d in result.day0 if (d.event, d.instrument) == (event, instrument))


def abnormal_frame(result: StudyResult, event: str, instrument: str, *, around: int = 5) -> pd.DataFrame:
    """Abnormal responses of the sessions around day 0, at most `around` on each side."""
    row = pair_row(result, event, instrument)
    assert result.abnormal is not None
    first, last = max(result.study.window.event[0], -around), min(result.study.window.event[1], around)
    days = result.abnormal.take(np.array([row])).to_frame((first, last))
    dates = result.abnormal.dates[row, result.abnormal.columns((first, last))]
    return pd.DataFrame(
        [
            [
                session_words(d["offset"]), NONE if np.isnat(date) else when_words(date),
                level_words(d["level"]), amount(d["response"], d["unit"]), amount(d["ar"], d["unit"]),
                amount(d["se"], d["unit"]).lstrip("+"), NONE if math.isnan(d["sar"]) else f"{d['sar']:+.2f}",
            ]
            for d, date in zip(days.to_dict("records"), dates, strict=True)
        ],
        columns=["Day", "Date", "Level", "Response", "AR", "se", "SAR"],
    )  # fmt: skip


def volatility_frame(response: VolatilityResponse) -> pd.DataFrame:
    """Variance multipliers day by day."""
    return pd.DataFrame(
        [
            [
                session_words(d["offset"]), when_words(date), size(d["expected_sd"], response.unit),
                f"{d['multiplier']:.2f}", f"{d['null_low']:.2f} to {d['null_high']:.2f}", pvalue(d["p"]),
                "" if d["offset"] else "repeats the return test",
            ]
            for d, date in zip(response.to_frame().to_dict("records"), response.dates, strict=True)
        ],
        columns=["Session", "Date", "Expected std. dev.", "Multiplier", "Undisturbed range", "p", "Note"],
    )  # fmt: skip


def params_frame(result: StudyResult, event: str, instrument: str) -> pd.DataFrame:
    """Coefficients, residual spread and estimation sample of one pair's model."""
    row = pair_row(result, event, instrument)
    ar = result.abnormal
    assert ar is not None
    unit, session = ar.units[row], "day" if result.minutes is None else "bar"
    days = ar.dates[row][ar.estimation[row]]
    outcome = next(o for o in result.outcomes if (o.event, o.instrument) == (event, instrument))
    rows = [["Model", result.models[instrument][0]], ["Why this model", result.models[instrument][1]]]
    for name, value in ar.params[row].items():
        per_day = name in ("alpha", "mean")
        number = f"{100.0 * value:+.3f}% a {session}" if per_day and unit == "fraction" else f"{value:+.4g}"
        rows.append([name.replace("beta_", "beta on "), number])
    spread = f"{size(float(ar.sigma[row]), unit)} a {session}, {ar.dof[row]} degrees of freedom"
    rows += [
        ["Residual standard deviation", spread],
        ["Estimation sessions", f"{outcome.estimation_sessions}, {when_words(days[0])} to {when_words(days[-1])}"],
        ["Masked sessions", f"{outcome.masked_sessions}; {outcome.other_sessions} had another announcement"],
    ]
    response = response_of(result, event, instrument)
    if response.model is not None:
        half = response.model.half_life
        life = "" if math.isnan(half) else f"; half-life of a shock {half:.1f} sessions"
        rows.append(["Variance model", f"{response.model.label}, {response.model.n_fit} sessions{life}"])
    return pd.DataFrame([r for r in rows if r[1]], columns=["What", "Value"])


# ---- the study


def overlaps_frame(result: StudyResult, *places: str) -> pd.DataFrame:
    """Other announcements near those under study, one row each; `places` as in `Overlap.place`."""
    masked = result.study.window.overlap == "mask"
    meaning = {
        "event window": "may have moved the same prices",
        "near": f"within {OVERLAP_SESSIONS} sessions",
        "variance days": "inside the days whose variance was measured: it may be theirs",
        "estimation window": "its sessions are masked" if masked else "its sessions are kept",
    }
    groups: dict[tuple[str, str, str], dict[str, int]] = {}
    for o in result.overlaps:
        if o.place in places:
            groups.setdefault((o.title, o.event, o.place), {})[o.instrument] = o.offset
    rows = [
        [title, result.events[event].label, _sessions_words(offsets), meaning[place]]
        for (title, event, place), offsets in groups.items()
    ]
    frame = pd.DataFrame(rows, columns=["Announcement", "Near", "Session", "Meaning"])
    return frame if len(result.events) > 1 else frame.drop(columns="Near")


def _sessions_words(offsets: dict[str, int]) -> str:
    """One session when the instruments agree, else the session of each."""
    if len(set(offsets.values())) == 1:
        return session_words(next(iter(offsets.values())))
    return ", ".join(f"{name} {session_words(offset)}" for name, offset in offsets.items())


def flags_frame(result: StudyResult, *, near: bool) -> pd.DataFrame:
    """Data-quality findings, the gravest first: those near the windows of this study, or all others."""
    order = ("refuse", "warn", "info")
    rows = [
        [f.severity, f.instrument, f.kind.replace("_", " "), str(f.start), str(f.end), str(f.n), f.evidence, f.meaning]
        for f in sorted(result.quality, key=lambda f: (order.index(f.severity), f.instrument, f.start))
        if near == any(f.touches(first, last) for first, last in _spans(result))
    ]
    columns = ["Severity", "Instrument", "Kind", "From", "To", "Rows", "Evidence", "Meaning"]
    return pd.DataFrame(rows, columns=columns)


def _spans(result: StudyResult) -> list[tuple[dt.date, dt.date]]:
    """Dates from estimation to event window of every pair that has a day 0, a session counted as a day and a half.

    Of intraday bars the dates are those of the sample itself, as far as the pair was used.
    """
    first, last = 1.5 * result.study.window.estimation[0], 1.5 * result.study.window.event[1] + 4.0
    if result.minutes is not None:
        rows = [] if result.abnormal is None else list(result.abnormal.dates)
        known = [row[~np.isnat(row)].astype("datetime64[D]") for row in rows]
        return [(days[0].item(), days[-1].item()) for days in known]
    return [
        (d.session + dt.timedelta(days=first), d.session + dt.timedelta(days=last)) for d in result.day0 if d.session
    ]


def outcomes_frame(result: StudyResult) -> pd.DataFrame:
    """What became of every pair."""
    rows = [
        [
            result.events[o.event].label, o.instrument, outcome_words(o), str(o.estimation_sessions or NONE),
            str(o.other_sessions), str(o.masked_sessions), o.detail,
        ]
        for o in result.outcomes
    ]  # fmt: skip
    columns = ["Event", "Instrument", "Outcome", "Estimation sessions", "Other news", "Masked", "Why"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame if len(result.events) > 1 else frame.drop(columns="Event")


def outcome_words(outcome: PairOutcome) -> str:
    """``used``, or the reason's name in words."""
    return outcome.outcome.value.replace("_", " ")


def counts_words(result: StudyResult) -> str:
    """Pairs = used + dropped, with the dropped ones by reason."""
    total, used = len(result.outcomes), len(result.used)
    reasons = Counter(outcome_words(o) for o in result.outcomes if o.outcome is not Outcome.USED)
    detail = ", ".join(f"{n} {why}" for why, n in reasons.items())
    pairs = "pair" if total == 1 else "pairs"
    return f"{total} {pairs} = {used} used + {total - used} dropped" + (f" ({detail})" if detail else "")


def controls_words(result: StudyResult) -> list[str]:
    """A sentence a pair on the controls that the study names."""
    said = [f"{c.instrument}: {c.words}" for c in result.controls if c.named]
    return list(dict.fromkeys(said))


def provenance_frame(p: Provenance) -> pd.DataFrame:
    """Versions, inputs by hash, settings."""
    rows = [["Versions", ", ".join(f"{name} {version}" for name, version in p.versions.items())]]
    for o in p.origins:
        rows.append([f"Input {o.name}", f"{o.source}; {o.layout}; {o.rows} rows; sha256 {o.sha256}"])
        rows += [["", note] for note in o.notes]
    rows += [["Prices sha256", p.prices_sha256], *(["Event", e] for e in p.events)]
    rows += [[f"Setting {key}", str(value)] for key, value in p.settings.items()]
    rows.append(["Settings sha256", p.settings_sha256])
    return pd.DataFrame(rows, columns=["What", "Value"])
