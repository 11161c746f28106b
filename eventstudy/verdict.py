"""Numbers to words: pure, the same inputs always give the same sentences, and none claims more than its interval."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Literal

from eventstudy._typing import Record
from eventstudy.domain.time_unit import DAILY, TimeUnit
from eventstudy.domain.windows import Offsets, Outcome, PairOutcome
from eventstudy.inference.seen import NOT_MEASURED, Seen
from eventstudy.inference.speed import SpeedResponse
from eventstudy.measure import known_words
from eventstudy.results import TestResult, TestTable
from eventstudy.study import StudyResult
from eventstudy.volatility.persistence import Persistence
from eventstudy.volatility.response import VolatilityResponse

Word = Literal["reaction", "inconclusive", "untestable"]
#: Name of a number in the result, and its value.
Numbers = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence and the numbers of the result that it rests on.

    Attributes
    ----------
    text : str
    numbers : tuple of (str, float)
        Where each number of the text stands in the result, and its value: ``("low", 0.012)`` is the verdict's own
        field, ``("tests[0,4].estimate", ...)`` another window's.
    """

    text: str
    numbers: Numbers = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the primary window of one pair says.

    Attributes
    ----------
    word : {"reaction", "inconclusive", "untestable"}
        ``reaction``: p at or below alpha. ``inconclusive``: not. ``untestable``: no number exists.
    estimate, low, high : float
        Effect over the primary window and its interval, in `unit`.
    pvalue : float
        The larger of local-scale placebo and FHS.
    detectable : float
        Smallest reaction that would have been seen with 80% power, in `unit`.
    seen : Seen
        How that is known: by effects added at placebo dates, or about, from the interval.
    time : TimeUnit
        Days, or bars, that the sentences count.
    said : tuple of Said
        The sentence and those of the paragraph, each with the numbers it rests on.
    """

    event: str
    instrument: str
    window: Offsets
    word: Word
    said: tuple[Said, ...]
    unit: str = ""
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    pvalue: float = math.nan
    detectable: float = math.nan
    seen: Seen = NOT_MEASURED
    time: TimeUnit = DAILY

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        return self.said[0].text

    @property
    def paragraph(self) -> str:
        """What stands beside it: other windows, speed, volatility, what may have interfered."""
        return " ".join(s.text for s in self.said[1:])

    def to_record(self) -> Record:
        """Plain dict for JSON, ``p`` for the p-value; ``said`` traces every sentence to its numbers."""
        record = asdict(self) | {"sentence": self.sentence, "paragraph": self.paragraph}
        record["said"] = [{"text": s.text, "numbers": dict(s.numbers)} for s in self.said]
        record["window"] = list(self.window)
        record["p"] = record.pop("pvalue")
        del record["time"]
        return record


def judge(result: StudyResult) -> tuple[Verdict, ...]:
    """One verdict per (event, instrument) pair, in the order of the outcomes."""
    time = TimeUnit(result.minutes)
    found = [_judge_pair(result, outcome) for outcome in result.outcomes]
    return tuple(replace(v, said=said_in(time, v.said), time=time) for v in found)


def said_in(time: TimeUnit, said: tuple[Said, ...]) -> tuple[Said, ...]:
    """Sentences in days, or in bars."""
    return tuple(replace(one, text=time.words(one.text)) for one in said)


def headline(verdicts: tuple[Verdict, ...]) -> str:
    """One sentence for the whole study."""
    if len(verdicts) == 1:
        return verdicts[0].sentence
    tested = [v for v in verdicts if v.word != "untestable"]
    moved = [v for v in tested if v.word == "reaction"]
    if not tested:
        return f"Nobody can tell from these data: no verdict is possible on any of the {len(verdicts)} pairs."
    listed = "; ".join(f"{v.instrument} {effect(v.estimate, v.unit)} ({p_words(v.pvalue)})" for v in tested)
    count = "none" if not moved else "all" if len(moved) == len(tested) else str(len(moved))
    return tested[0].time.words(
        f"Over {window_words(tested[0].window)}, {count} of the {len(tested)} measurable pairs "
        f"{'shows' if count == '1' else 'show'} a reaction beyond what the benchmark and chance explain: {listed}."
    )


def effect(value: float, unit: str) -> str:
    """A signed effect: percent for fractions, else in its unit.

    Examples
    --------
    >>> effect(0.0318, "fraction"), effect(-4.25, "USD/t")
    ('+3.2%', '-4.2 USD/t')
    """
    if not math.isfinite(value):
        return "unbounded" if math.isinf(value) else "undefined"
    if unit == "fraction":
        text = f"{value:+.1%}" if abs(value) >= 0.0005 else f"{value:+.2%}"
        return "0.0%" if text in ("+0.00%", "-0.00%") else text
    return f"{value:+.3g} {unit}" if abs(value) < 1.0 else f"{value:+,.1f} {unit}"


def size(value: float, unit: str) -> str:
    """An unsigned size, written like `effect`."""
    return effect(abs(value), unit).lstrip("+")


def pvalue(p: float) -> str:
    """A p-value with the digits it can carry.

    Examples
    --------
    >>> pvalue(0.0433), pvalue(0.0004)
    ('0.043', '<0.001')
    """
    if not math.isfinite(p):
        return "undefined"
    return "<0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def p_words(p: float) -> str:
    """``p = 0.043`` or ``p < 0.001``."""
    text = pvalue(p)
    return f"p < {text[1:]}" if text.startswith("<") else f"p = {text}"


def window_words(window: Offsets) -> str:
    """``day 0`` or ``sessions [0, 1]``."""
    return f"day {window[0]}" if window[0] == window[1] else f"sessions [{window[0]}, {window[1]}]"


def _judge_pair(result: StudyResult, outcome: PairOutcome) -> Verdict:
    title = result.events[outcome.event].label
    name = result.names.get(outcome.instrument, outcome.instrument)
    if outcome.outcome is not Outcome.USED:
        sentence = f"Nobody can tell from these data how {name} reacted to “{title}”: {outcome.detail}."
        return Verdict(
            event=outcome.event, instrument=outcome.instrument, window=result.primary, word="untestable",
            said=(Said(sentence), Said(f"Outcome of the pair: {outcome.outcome.value.replace('_', ' ')}.")),
        )  # fmt: skip
    rows = result.tests.where(event=outcome.event, instrument=outcome.instrument)
    test = _row(list(rows.where(statistic="verdict", window=result.primary)))
    if test is None or not test.applicable:
        why = test.reason if test else "the statistic 'verdict' was not asked for"
        first = Said(f"Nobody can tell how sure the reaction of {name} to “{title}” is: {why}.")
        return Verdict(
            event=outcome.event, instrument=outcome.instrument, window=result.primary, word="untestable",
            said=(first, *_paragraph(result, outcome)),
        )  # fmt: skip
    word: Word = "reaction" if _clear(test, result.study.alpha) else "inconclusive"
    seen = result.seen.get((outcome.event, outcome.instrument), NOT_MEASURED)
    found = seen.size(test.estimate, test.low, test.high, test.se)
    return Verdict(
        event=outcome.event, instrument=outcome.instrument, window=result.primary, word=word,
        said=(_sentence(result, name, title, test, word, found, seen), *_paragraph(result, outcome)),
        unit=test.unit, estimate=test.estimate, low=test.low, high=test.high, pvalue=test.pvalue,
        detectable=found, seen=seen,
    )  # fmt: skip


def _row(rows: list[TestResult]) -> TestResult | None:
    return rows[0] if rows else None


def _clear(test: TestResult, alpha: float) -> bool:
    """Whether the p is small enough and the interval excludes zero: no verdict claims more than its interval."""
    return test.pvalue <= alpha and not test.low <= 0.0 <= test.high


def _sentence(
    result: StudyResult, name: str, title: str, test: TestResult, word: Word, found: float, seen: Seen
) -> Said:
    alpha = result.study.alpha
    numbers = (
        ("level", 1.0 - alpha), ("estimate", test.estimate), ("low", test.low), ("high", test.high), ("p", test.pvalue),
    )  # fmt: skip
    text = (
        f"Around “{title}”, {name} {moved(test.estimate)} {size(test.estimate, test.unit)} "
        f"{benchmark_words(result, test.instrument or '')} over {window_words(test.window)} ({level_words(alpha)} "
        f"interval {effect(test.low, test.unit)} to {effect(test.high, test.unit)}, {p_words(test.pvalue)}): "
    )
    if word == "reaction":
        text += f"a reaction that chance explains in at most {100.0 * alpha:.3g}% of comparable windows."
        return Said(text, (*numbers, ("alpha", alpha)))
    if not math.isfinite(found):
        return Said(f"{text}inconclusive; these data bound the effect on neither side.", numbers)
    text += f"inconclusive; a reaction of {size(found, test.unit)} would have been seen four times in five"
    return Said(f"{text} ({seen_words(seen)}).", (*numbers, ("detectable", found), *seen_numbers(seen)))


def seen_words(seen: Seen) -> str:
    """How the size is known that would have been seen, in words for brackets."""
    return f"measured at {seen.dates} placebo dates" if seen.dates else "about, from the interval alone"


def seen_numbers(seen: Seen) -> Numbers:
    """The numbers behind `seen_words`."""
    return (("seen.dates", float(seen.dates)),) if seen.dates else ()


def moved(estimate: float) -> str:
    """``rose`` or ``fell``."""
    return "rose" if estimate > 0 else "fell"


def level_words(alpha: float) -> str:
    """Confidence of an interval: ``95%``."""
    return f"{100.0 * (1.0 - alpha):.4g}%"


def benchmark_words(result: StudyResult, instrument: str) -> str:
    """``beyond SPY``, or ``beyond its usual change`` without a benchmark."""
    words, _ = result.models[instrument]
    return f"beyond {words.split(' on ', 1)[1]}" if " on " in words else "beyond its usual change"


def _paragraph(result: StudyResult, outcome: PairOutcome) -> list[Said]:
    said = _other_windows(result, outcome)
    for speed in result.speed:
        if (speed.event, speed.instrument) == (outcome.event, outcome.instrument):
            said.append(speed_said(speed))
    for response in result.volatility:
        if (response.event, response.instrument) == (outcome.event, outcome.instrument):
            said += volatility_said(response, result.study.alpha)
    for other in result.sensitivity:
        if (other.event, other.instrument) == (outcome.event, outcome.instrument):
            how = "left out of" if other.overlap == "mask" else "kept in"
            text = (
                f"With the {other.sessions} sessions of other announcements {how} the estimation window the effect "
                f"over {window_words(result.primary)} is {effect(other.estimate, other.unit)}."
            )
            numbers = (("sensitivity.sessions", float(other.sessions)), ("sensitivity.estimate", other.estimate))
            said.append(Said(text, numbers))
    said += _without_donors(result, outcome)
    near = [
        o for o in result.overlaps
        if (o.event, o.instrument, o.place) == (outcome.event, outcome.instrument, "event window")
    ]  # fmt: skip
    if near:
        listed = ", ".join(f"“{o.title}” ({o.where})" for o in near)
        text = f"Other announcements fall into the event window and may have moved the same prices: {listed}."
        said.append(Said(text, tuple((f"overlaps.{o.other}.offset", float(o.offset)) for o in near)))
    said += [Said(f"{words}.") for words in known_words(result.events[outcome.event], near)]
    said.append(Said("Prices show what moved with the announcement, not that the announcement was the cause."))
    return said


def _without_donors(result: StudyResult, outcome: PairOutcome) -> list[Said]:
    """How far the effect of a synthetic control hangs on single donors."""
    unit = next((t.unit for t in result.tests if t.instrument == outcome.instrument), "")
    rows = [d for d in result.donors if (d.event, d.instrument) == (outcome.event, outcome.instrument) and d.left_out]
    rows = sorted(rows, key=lambda d: -d.weight)
    listed = "; ".join(
        f"without {d.left_out} (weight {d.weight:.2f}) "
        + (effect(d.effect, unit) if math.isfinite(d.effect) else "nothing to compare with is left")
        for d in rows
    )
    numbers = tuple(
        (f"donors.{d.left_out}.{field}", value)
        for d in rows
        for field, value in (("weight", d.weight), ("effect", d.effect))
    )
    text = f"The effect over {window_words(result.primary)} with each donor left out: {listed}."
    return [Said(text, numbers)] if rows else []


def _other_windows(result: StudyResult, outcome: PairOutcome) -> list[Said]:
    """Which other windows stand out, with their numbers; how many do not."""
    rows = result.tests.where(event=outcome.event, instrument=outcome.instrument, statistic="verdict")
    others = [t for t in rows if t.window != result.primary and t.applicable]
    if not others:
        return []
    clear = [t for t in others if _clear(t, result.study.alpha)]
    listed = "; ".join(
        f"{window_words(t.window)} {effect(t.estimate, t.unit)} ({effect(t.low, t.unit)} to {effect(t.high, t.unit)}, "
        f"{p_words(t.pvalue)})"
        for t in clear
    )
    if not clear:
        either = "" if _primary_is_clear(result, rows) else " either"
        text = f"None of the {len(others)} other windows looked at stands out from chance{either}."
        return [Said(text, (("tests.other_windows", float(len(others))),))]
    rest = len(others) - len(clear)
    tail = f"; the other {rest} do not" if rest > 1 else "; the other one does not" if rest else ""
    text = f"Of the other windows, which the verdict does not rest on, these stand out: {listed}{tail}."
    numbers = [
        (f"tests[{t.window[0]},{t.window[1]}].{field}", value)
        for t in clear
        for field, value in (("estimate", t.estimate), ("low", t.low), ("high", t.high), ("p", t.pvalue))
    ]
    return [Said(text, (*numbers, ("tests.quiet_windows", float(rest))))]


def _primary_is_clear(result: StudyResult, rows: TestTable) -> bool:
    return any(_clear(t, result.study.alpha) for t in rows.where(window=result.primary))


def volatility_words(response: VolatilityResponse, alpha: float) -> str:
    """Volatility after the announcement in one or two sentences."""
    return " ".join(s.text for s in volatility_said(response, alpha))


def volatility_said(response: VolatilityResponse, alpha: float) -> list[Said]:
    """As `volatility_words`, with the numbers."""
    if not response.applicable:
        return [Said(f"Volatility: not measured ({response.reason}).")]
    raised = response.raised(alpha)
    clear = raised_words(raised=raised, lowered=response.high < 1.0)
    if response.pvalue <= alpha and not raised:
        clear = "raised by the one-sided test, but not by the two-sided interval, so it is not called raised"
    model = response.model
    problem = model.problem if model is not None else ""
    constant = model is not None and model.method == "constant"
    against = "the constant variance of the days before" if constant else "the variance expected before"
    text = (
        f"Volatility on days 1 to {response.last}: on average {response.mean_multiplier:.2f} times "
        f"{against} (interval {response.low:.2f} to {response.high:.2f}, {p_words(response.pvalue)}): {clear}."
    )
    numbers = (
        ("volatility.last_day", float(response.last)), ("volatility.mean_multiplier", response.mean_multiplier),
        ("volatility.low", response.low), ("volatility.high", response.high), ("volatility.p", response.pvalue),
    )  # fmt: skip
    said = [Said(text, numbers), *course_said(response.persistence, int(response.offsets[-1]))]
    return [*said, Said(f"Read it with care: {problem}.")] if problem else said


def raised_words(*, raised: bool, lowered: bool) -> str:
    """What is said of a variance: p small enough and the interval above what was expected, below it, or neither."""
    if raised:
        return "raised volatility"
    return "lower volatility than expected" if lowered else "no raised volatility that chance would not explain"


def course_said(course: Persistence | None, known: int) -> list[Said]:
    """How long a raised variance lasted, with intervals; nothing where it was not raised."""
    if course is None or not math.isfinite(course.onset.value):
        return []
    onset, back = course.onset, course.baseline
    ends = [f"day {v:.0f}" if math.isfinite(v) else f"after day {known}" for v in (back.low, back.high)]
    until = f"back by day {back.value:.0f}" if math.isfinite(back.value) else f"not back by day {known}"
    text = (
        f"Volatility was raised from day {onset.value:.0f} on (interval {onset.low:.0f} to {onset.high:.0f}) "
        f"and {until} (interval {ends[0]} to {ends[1]})."
    )
    numbers = [
        (f"volatility.{name}{part}", float(getattr(moment, field)))
        for name, moment in (("onset", onset), ("baseline", back))
        for part, field in (("", "value"), (".low", "low"), (".high", "high"))
    ]
    return [Said(text, (*numbers, ("volatility.known", float(known))))]


def speed_words(speed: SpeedResponse) -> str:
    """How fast the reaction was, in one sentence that never calls "not seen" an absence."""
    return speed_said(speed).text


def speed_said(speed: SpeedResponse) -> Said:
    """As `speed_words`, with the numbers."""
    if speed.word == "untestable":
        return Said(f"Speed: not measured ({speed.reason}).")
    first, drift = speed.reaction, speed.drift
    numbers: Numbers = (
        ("speed.reaction.estimate", first.estimate), ("speed.reaction.p", first.pvalue),
        ("speed.drift.estimate", drift.estimate), ("speed.drift.p", drift.pvalue),
    )  # fmt: skip
    early = f"{window_words(first.window)} {effect(first.estimate, first.unit)} ({p_words(first.pvalue)})"
    late = f"{window_words(drift.window)} {effect(drift.estimate, drift.unit)} ({p_words(drift.pvalue)})"
    if speed.word == "nothing to time":
        text = f"Speed: nothing to time, because {early} does not stand out from chance; {late}."
        return Said(text, numbers)
    if speed.word == "news flow":
        listed = ", ".join(speed.others)
        text = f"Speed: {early}, then {late}; other announcements lie inside ({listed}): news flow, not speed."
        return Said(text, numbers)
    if speed.word == "swift":
        far = ", which is not far, because a drift as large as the reaction would go unseen" if speed.blind else ""
        seen, seen_at = _drift_seen(speed)
        text = f"Speed: swift as far as these data can tell{far}: {early}, and no drift seen after it, {late}; {seen}"
        return Said(text, (*numbers, *seen_at))
    how = "delayed, with a drift in the same direction" if speed.word == "delayed" else "overshoot, partly taken back"
    return Said(f"Speed: {how}: {early}, then {late}.", numbers)


def _drift_seen(speed: SpeedResponse) -> tuple[str, Numbers]:
    """What drift would have been seen after a swift reaction, and what would not."""
    drift, other = speed.drift, speed.largest
    seen = "these data bound the drift on neither side."
    numbers: Numbers = ()
    if math.isfinite(speed.detectable):
        how = "about, from the law of t" if other is None else "measured on the windows inside estimation"
        seen = f"a drift of {size(speed.detectable, drift.unit)}, spread over these sessions, would have been seen"
        seen, numbers = f"{seen} four times in five ({how}).", (("speed.detectable_drift", speed.detectable),)
    if other is None:
        return seen, numbers
    seen += " A drift that comes in one session would not be seen by this test."
    if not other.applicable:
        return seen, numbers
    numbers = (*numbers, ("speed.largest_session.estimate", other.estimate), ("speed.largest_session.p", other.pvalue))
    alone = f"{effect(other.estimate, other.unit)} on {window_words(other.window)} ({p_words(other.pvalue)})"
    out = "does not stand out of the others."
    if speed.disputed:
        out = "does stand out of the others: a move by itself, or a variance raised for a session or two."
    return f"{seen} The largest of these sessions, {alone}, {out}", numbers
