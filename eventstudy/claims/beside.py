"""What stands beside a claim's number: its second test, what else may have moved the prices, notes on the whole."""

from __future__ import annotations

import math
from dataclasses import dataclass

from eventstudy.claims.file import Claim, Claims
from eventstudy.claims.measure import Measured, largest_neighbour
from eventstudy.claims.verdict import TEST_WORDS
from eventstudy.domain.events import Event
from eventstudy.domain.instruments import instruments
from eventstudy.domain.prices import PriceTable
from eventstudy.measure import known_words
from eventstudy.verdict import Numbers, Said, effect, p_words, size, speed_said, window_words

# ---- claims that need two tests


@dataclass(frozen=True, slots=True)
class Second:
    """What the second test of a claim found.

    Attributes
    ----------
    reason : str
        Why the claim cannot be called supported; empty: it can.
    caveat : str
        What a claim that is called supported leaves open all the same.
    said : tuple of Said
    details : tuple of (str, float, str)
    """

    reason: str = ""
    caveat: str = ""
    said: tuple[Said, ...] = ()
    details: tuple[tuple[str, float, str], ...] = ()


#: What keeps a claim of a swift reaction from being supported.
_NOT_SWIFT = {
    "delayed": "the reaction went on afterwards",
    "overshoot": "the reaction was taken back afterwards",
    "news flow": "other announcements follow: news flow, not speed",
}


def drift_after(one: Measured, alpha: float) -> Second:
    """Swift needs that no drift follows, as far as the data can tell; judged by itself, which is harder to pass."""
    speed = one.result.speed[0]
    reason = _NOT_SWIFT.get(speed.word, "")
    if speed.word in ("untestable", "nothing to time"):
        reason = f"whether it was over cannot be told: {speed.reason or 'nothing to time'}"
    doubts = ["a drift as large as the reaction would go unseen"] if speed.word == "swift" and speed.blind else []
    if speed.disputed:
        doubts.append("one session of those that came after stands out of the others by itself")
    drift = speed.drift
    details = (("drift", drift.estimate, drift.unit), ("drift p", drift.pvalue, ""))
    return Second(reason, "; ".join(doubts), (speed_said(speed),), details)


def level_beside(one: Measured, alpha: float) -> Second:
    """Variance rather than level needs that the level stayed inside its 1-in-20 move."""
    window = one.result.primary
    level, usual = one.level(window, alpha), one.usual_level(window)
    if isinstance(level, str):
        return Second(reason=f"whether the level moved cannot be told: {level}")
    numbers: Numbers = (
        ("level", level.estimate),
        ("level.low", level.low),
        ("level.high", level.high),
        ("level.p", level.pvalue),
    )
    text = (
        f"The level went {effect(level.estimate, level.unit)} over {window_words(window)} "
        f"({effect(level.low, level.unit)} to {effect(level.high, level.unit)}, {p_words(level.pvalue)})"
    )
    reason, tail = "", f"inside its 1-in-20 move of {size(usual, level.unit)}."
    if level.clear and level.pvalue <= alpha:
        reason, tail = "the level moved as well", "it moved as well."
    elif not (-usual < level.low and level.high < usual):
        reason = "the level may have moved as well"
        tail = f"it may have moved by more than its 1-in-20 move of {size(usual, level.unit)}."
    if "1-in-20" in tail:
        numbers = (*numbers, ("level.usual", usual))
    details = (("level", level.estimate, level.unit), ("level p", level.pvalue, ""))
    return Second(reason, "", (Said(f"{text}: {tail}", numbers),), details)


# ---- what stands beside


def details_of(one: Measured) -> tuple[tuple[str, float, str], ...]:
    """Name, value and unit of descriptive numbers beside the test."""
    abnormal, kind = one.result.abnormal, one.claim.kind
    assert abnormal is not None
    if kind == "months":
        held = float(abnormal.bhar(one.window)[0])
        life = one.volatility.model.half_life if one.volatility.model else math.nan
        found = (("buy-and-hold abnormal return", held, "fraction"), ("half-life of variance", life, "sessions"))
        return tuple(d for d in found if math.isfinite(d[1]))
    if kind == "identified":
        return (("largest of the windows around it begins on session", float(largest_neighbour(one)[0]), ""),)
    return ()


def refused_tests(one: Measured) -> tuple[tuple[str, str], ...]:
    """Tests that the question is usually given and that do not exist here, each with the reason."""
    if one.claim.kind != "months":
        return ()
    dates = len({one.result.events[pair.event].date for pair in one.result.used})
    assert dates == 1
    reason = (
        "one date: on each day the portfolio would hold this one pair, and its mean per day is the sum above over the "
        "number of days; it needs announcements on several dates"
    )
    return (("calendar-time portfolio", reason),)


def no_date(claim: Claim) -> str:
    """Why a claim cannot be tested as it stands, and what would be once there is a date."""
    on = " or ".join(claim.instruments) or claim.group + (f" against {claim.against}" if claim.against else "")
    return f"no date, so no session to look at; with one: {TEST_WORDS[claim.kind]}, on {on}"


def nearby(one: Measured) -> tuple[Said, ...]:
    """Other announcements inside the claim's own window."""
    first, last = one.window
    near = [o for o in one.result.overlaps if first <= o.offset <= last]
    if not near:
        return ()
    listed = ", ".join(f"“{o.title}” ({o.where})" for o in near[:3])
    more = f" and {len(near) - 3} more" if len(near) > 3 else ""
    text = f"Other announcements fall into the window and may have moved the same prices: {listed}{more}."
    numbers = tuple((f"overlaps.{o.other}.offset", float(o.offset)) for o in near[:3])
    known = [Said(f"{words}.") for words in known_words(one.result.events[near[0].event], near)]
    return (Said(text, (*numbers, ("overlaps.more", float(len(near) - 3)))), *known)


# ---- on the whole


def notes_of(claims: Claims, event: Event | None, prices: PriceTable | None) -> tuple[str, ...]:
    """On the whole: what kind of article it is, and what a tariff moves."""
    notes = []
    if event is None:
        what = f"“{claims.title}” is {claims.status}: a claim to be tested, not news. " if claims.about else ""
        text = (
            "without a date no price can be asked; a scan looks for dates with such a reaction, and --event or --date "
            "applies the same claims to a real announcement"
        )
        notes.append(what + (f"{text[:1].upper()}{text[1:]}" if what else text))
    elif claims.event is None and claims.about:
        notes.append(
            f"“{claims.title}” is {claims.status}. The verdicts are about “{event.label}” ({event.when}), to which its "
            "claims were applied; they say nothing on whether the article is true"
        )
    if _tariff(claims, event) and _world_price(claims, prices):
        notes.append(_tariff_words(claims, event, prices))
    return tuple(notes)


def _tariff(claims: Claims, event: Event | None) -> bool:
    tags = [*claims.tags, *(t for c in claims for t in c.tags), *(event.tags if event else ())]
    return any(t.split("-")[0] == "tariff" for t in tags)


def _world_price(claims: Claims, prices: PriceTable | None) -> bool:
    """Whether a claim may be measured on the LME: of another series its quietness says nothing."""
    known = instruments()
    return any(known[i].exchange == "LME" for i in claims.candidates
               if i in known and (prices is None or prices.provides(i)))  # fmt: skip


def _tariff_words(claims: Claims, event: Event | None, prices: PriceTable | None) -> str:
    text = (
        "the LME price is a world price. A bilateral tariff shows in the regional premium and in producers by region, "
        "hardly in the world price: a quiet LME says little about a tariff"
    )
    premiums = instruments().select(["role:premium"])
    if event is None:
        return text
    if prices is None or not any(prices.provides(p) for p in premiums):
        return f"{text}. The premium is missing here: none of {', '.join(premiums)} is among the prices, bring its file"
    asked = [c.id for c in claims if set(c.candidates) & set(premiums)]
    return text + (f". The premium is asked by {', '.join(asked)}" if asked else ". No claim asks the premium")
