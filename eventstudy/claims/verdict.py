"""What a claim's numbers amount to: one of four words, and sentences that claim no more than the interval."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Literal

from eventstudy._typing import Record
from eventstudy.claims.file import VARIANCE_KINDS, Claim, Direction, Kind
from eventstudy.claims.measure import Reading
from eventstudy.domain.time_unit import TimeUnit
from eventstudy.domain.windows import Offsets
from eventstudy.inference.seen import NOT_MEASURED, Seen
from eventstudy.verdict import (
    Numbers,
    Said,
    effect,
    level_words,
    moved,
    p_words,
    pvalue,
    said_in,
    seen_numbers,
    seen_words,
    size,
    window_words,
)

ClaimWord = Literal["supported", "contradicted", "inconclusive", "untestable"]

#: The test of each kind, as a table says it.
TEST_WORDS: dict[Kind, str] = {
    "identified": "response against the windows around it",
    "unanticipated": "drift before the announcement",
    "reaction": "response over the window",
    "swift": "response of the first sessions, then drift",
    "volatility": "variance after day 0",
    "months": "response over months",
    "relative": "difference of two groups",
    "premium": "change of the premium",
    "uncertainty": "variance raised, level not",
    "untestable": "none",
}
_MOVE: dict[Direction, str] = {"up": "rise", "down": "fall", "any": "move"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimVerdict:
    """What the prices say about one claim.

    Attributes
    ----------
    claim : Claim
    word : {"supported", "contradicted", "inconclusive", "untestable"}
        ``supported``: Holm-adjusted p at most alpha and the right sign. ``contradicted``: the interval excludes
        `at_least` in the claimed direction. ``inconclusive``: neither. ``untestable``: no number, see `reason`. A claim
        that nothing moved beforehand (``unanticipated``) is supported when the interval lies inside `at_least`.
    reason : str
        Why it is untestable, or what kept it from being supported.
    said : tuple of Said
        Sentences, each with the numbers it rests on.
    instrument, name : str
        What was measured.
    members : tuple of tuple of str
        Instruments of a group's series: added, subtracted.
    window : (int, int) or None
    unit : str
    estimate, low, high, level : float
        Effect and its interval of confidence `level`: one minus alpha over the number of claims, or for a supported
        claim one minus alpha over its step in Holm's order.
    pvalue, adjusted, smallest_p : float
        By itself, after Holm over the claims, and the smallest that the method can reach.
    at_least : float
        Smallest effect that would matter, unsigned.
    at_least_given : bool
        Whether the claim states it; else it is the instrument's 1-in-20 move.
    detectable : float
        Smallest effect that would have been seen with 80% power at alpha over the number of claims.
    seen : Seen
        How that is known; of a variance it comes from simulated paths and other dates.
    method : str
        Reference law, in words.
    details : tuple of (str, float, str)
        Name, value and unit of what stands beside the number: the drift, buy-and-hold, half-life.
    caveat : str
        What a verdict of this word leaves open all the same, such as other announcements inside the window.
    notes : tuple of str
        Which series was taken and why not another; another claim with the same number.
    refused : tuple of (str, str)
        Tests that the question is usually given and that do not exist here, and why.
    """

    claim: Claim
    word: ClaimWord
    reason: str = ""
    said: tuple[Said, ...]
    instrument: str = ""
    name: str = ""
    members: tuple[tuple[str, ...], ...] = ()
    window: Offsets | None = None
    unit: str = ""
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    level: float = math.nan
    pvalue: float = math.nan
    adjusted: float = math.nan
    smallest_p: float = math.nan
    at_least: float = math.nan
    at_least_given: bool = False
    detectable: float = math.nan
    seen: Seen = NOT_MEASURED
    method: str = ""
    details: tuple[tuple[str, float, str], ...] = ()
    caveat: str = ""
    notes: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        """The word with what it leaves open: ``inconclusive (would have seen >= 4.2%)``."""
        if self.word == "untestable":
            return f"untestable ({self.reason})"
        if self.word == "inconclusive":
            about = "" if self.measured else "about "
            seen = about + amount(self.detectable, self.unit, self.claim.kind)
            return f"inconclusive ({self.reason or f'would have seen >= {seen}'})"
        return f"{self.word}, but {self.caveat}" if self.caveat and self.word == "supported" else self.word

    @property
    def measured(self) -> bool:
        """Whether `detectable` comes from effects added to data or simulated paths, and is no approximation."""
        return self.seen.dates > 0 or self.claim.kind in VARIANCE_KINDS

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        return self.said[0].text

    @property
    def paragraph(self) -> str:
        """The sentences beside it."""
        return " ".join(s.text for s in self.said[1:])

    def to_record(self) -> Record:
        """Plain dict for JSON; keys in docs/reference/json.md."""
        same = (
            "word", "reason", "label", "sentence", "paragraph", "instrument", "name", "unit", "estimate", "low", "high",
            "level", "smallest_p", "at_least", "at_least_given", "detectable", "method", "caveat",
        )  # fmt: skip
        claim = self.claim
        return {
            "id": claim.id, "words": claim.words, "kind": claim.kind, "direction": claim.direction,
            "tags": list(claim.tags), "test": TEST_WORDS[claim.kind],
            **{key: getattr(self, key) for key in same},
            "window": list(self.window) if self.window else None, "p": self.pvalue, "p_adjusted": self.adjusted,
            "members": [list(side) for side in self.members],
            "seen": asdict(self.seen),
            "said": [{"text": s.text, "numbers": dict(s.numbers)} for s in self.said],
            "details": [{"what": what, "value": value, "unit": unit} for what, value, unit in self.details],
            "notes": list(self.notes),
            "refused": [{"test": test, "reason": reason} for test, reason in self.refused],
        }  # fmt: skip


def told_in(time: TimeUnit, v: ClaimVerdict) -> ClaimVerdict:
    """The verdict with its sentences in days, or in bars; its words on the claim are the article's."""
    return replace(
        v, reason=time.words(v.reason), said=said_in(time, v.said), method=time.words(v.method),
        caveat=time.words(v.caveat), notes=tuple(time.words(n) for n in v.notes),
        details=tuple((time.words(what), value, time.words(unit)) for what, value, unit in v.details),
        refused=tuple((test, time.words(reason)) for test, reason in v.refused),
    )  # fmt: skip


# ---- the word


def decide(claim: Claim, wide: Reading, own: Reading, adjusted: float, alpha: float, at_least: float) -> ClaimWord:
    """The word for a claim that was measured.

    Parameters
    ----------
    wide, own : Reading
        With the interval of confidence one minus alpha over the number of claims, which can contradict; and with that
        of the claim's step in Holm's order, which can support.
    adjusted : float
        p after Holm.
    at_least : float
        Unsigned; a multiple of the expected variance for variances.

    Notes
    -----
    `contradicted` comes first: an effect that is certain, but certainly smaller than the claim needs, contradicts it.
    """
    if claim.kind == "unanticipated":
        if -at_least < wide.low and wide.high < at_least:
            return "supported"
        beyond = wide.low >= at_least or wide.high <= -at_least
        return "contradicted" if beyond and adjusted <= alpha else "inconclusive"
    if excludes(claim.direction, wide, at_least):
        return "contradicted"
    right = {"any": True, "up": own.estimate > own.null, "down": own.estimate < own.null}
    return "supported" if adjusted <= alpha and own.clear and right[claim.direction] else "inconclusive"


def excludes(direction: Direction, reading: Reading, at_least: float) -> bool:
    """Whether an effect of `at_least` or more in the claimed direction lies outside the interval."""
    up, down = reading.high < at_least, reading.low > -at_least
    return {"up": up, "down": down, "any": up and down}[direction]


# ---- the sentences


def amount(value: float, unit: str, kind: Kind) -> str:
    """An unsigned size: ``4.2%``, ``12.0 USD/t``, ``2.31 times``."""
    return f"{value:.2f} times" if kind in VARIANCE_KINDS else size(value, unit)


def signed(value: float, unit: str, kind: Kind) -> str:
    """As `amount`, with its sign."""
    return amount(value, unit, kind) if kind in VARIANCE_KINDS else effect(value, unit)


def interval_words(v: ClaimVerdict) -> str:
    """``-1.2% to +3.4%``, ``0.62 to 4.67 times``."""
    if v.claim.kind in VARIANCE_KINDS:
        return f"{v.low:.2f} to {v.high:.2f} times"
    return f"{effect(v.low, v.unit)} to {effect(v.high, v.unit)}"


def untestable(claim: Claim, reason: str) -> ClaimVerdict:
    """The verdict of a claim without a number."""
    return ClaimVerdict(claim=claim, word="untestable", reason=reason, said=(Said(f"Untestable: {reason}."),))


def sentences(
    verdict: ClaimVerdict, *, against: str, alpha: float, family: int, more: tuple[Said, ...] = ()
) -> tuple[Said, ...]:
    """What is said of a measured claim: the number, what the word rests on, and what else to know.

    Parameters
    ----------
    verdict : ClaimVerdict
        With its numbers and word.
    against : str
        ``beyond SPY``.
    family : int
        Claims among which Holm's adjustment was made.
    more : tuple of Said
        On the second test of a claim that has two.
    """
    return (
        _number(verdict, against, family),
        _meaning(verdict),
        *more,
        *_refused(verdict),
        *_alone(verdict, alpha, family),
    )


def _number(v: ClaimVerdict, against: str, family: int) -> Said:
    assert v.window is not None
    lead = v.word.capitalize()
    kind = v.claim.kind
    if kind in VARIANCE_KINDS:
        what = (
            f"over days 1 to {v.window[1]} the variance of {v.name} was on average {amount(v.estimate, v.unit, kind)} "
            "the one expected before"
        )
    elif kind == "relative":
        won = "gained" if v.estimate > 0 else "lost"
        first, second = (", ".join(side) for side in v.members)
        what = f"{first} {won} {size(v.estimate, v.unit)} on {second} {against} over {window_words(v.window)}"
    else:
        what = f"{v.name} {moved(v.estimate)} {size(v.estimate, v.unit)} {against} over {window_words(v.window)}"
    adjusted = f"; {pvalue(v.adjusted)} allowing for {family} claims" if family > 1 else ""
    interval = interval_words(v)
    numbers: tuple[tuple[str, float], ...] = ()
    if kind == "months":
        # The size that could be seen comes before the number: over months it is most of the answer.
        what = (
            f"over so many sessions only a move of {size(v.detectable, v.unit)} would be seen four times in five "
            f"({seen_words(v.seen)}); {what}"
        )
        numbers = (("detectable", v.detectable), *seen_numbers(v.seen))
    return Said(
        f"{lead}: {what} ({level_words(1.0 - v.level)} interval {interval}; {p_words(v.pvalue)}{adjusted}).",
        (
            ("estimate", v.estimate), ("low", v.low), ("high", v.high), ("level", v.level), ("p", v.pvalue),
            ("p_adjusted", v.adjusted), ("family", float(family)), *numbers,
        ),
    )  # fmt: skip


def _meaning(v: ClaimVerdict) -> Said:
    """What the word rests on."""
    kind = v.claim.kind
    move = "drift" if kind == "unanticipated" else _MOVE[v.claim.direction]
    least = amount(v.at_least, v.unit, kind)
    source = "as the claim states" if v.at_least_given else "the 1-in-20 size of such a window"
    numbers = (("at_least", v.at_least), ("low", v.low), ("high", v.high))
    if kind == "unanticipated":
        if v.word == "supported":
            return Said(f"A drift of {least} or more ({source}) lies outside the interval.", numbers)
        if v.word == "contradicted":
            return Said(f"The whole interval lies beyond {least} ({source}): prices had moved before.", numbers)
    elif v.word == "contradicted":
        what = f"{least} the expected variance" if kind in VARIANCE_KINDS else f"A {move} of {least}"
        return Said(f"{what} or more ({source}) lies outside the interval.", numbers)
    elif v.word == "supported":
        sure = min(abs(v.low), abs(v.high)) >= v.at_least
        how = "The whole interval lies beyond" if sure else "The interval leaves open whether it is as large as"
        return Said(f"{how} {least}, the smallest that would matter ({source}).", numbers)
    if kind == "months":
        return Said(f"A {move} of {least} would matter ({source}).", (("at_least", v.at_least),))
    seen = amount(v.detectable, v.unit, kind)
    seen_at: Numbers = (("detectable", v.detectable), ("at_least", v.at_least))
    if kind in VARIANCE_KINDS:
        text = f"{seen} the expected variance would have been seen four times in five; {least} would matter ({source})."
        return Said(text, seen_at)
    text = f"A {move} of {seen} would have been seen four times in five ({seen_words(v.seen)})"
    return Said(f"{text}; {least} would matter ({source}).", (*seen_at, *seen_numbers(v.seen)))


def _refused(v: ClaimVerdict) -> tuple[Said, ...]:
    return tuple(Said(f"{test[:1].upper()}{test[1:]}: refused, {reason}.") for test, reason in v.refused)


def _alone(v: ClaimVerdict, alpha: float, family: int) -> tuple[Said, ...]:
    """That a small p of its own is what some claim among many shows by chance."""
    if v.word != "inconclusive" or not v.pvalue <= alpha < v.adjusted:
        return ()
    text = (
        f"By itself {p_words(v.pvalue)} would look like a finding; among {family} claims some p that small is not "
        f"rare, and {pvalue(v.adjusted)} is what counts."
    )
    return (Said(text, (("p", v.pvalue), ("family", float(family)), ("p_adjusted", v.adjusted))),)
