"""Words over a grid of results: never more than the interval, and the same for the same numbers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

import eventstudy as es
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.windows import Outcome, PairOutcome
from eventstudy.inference.seen import Seen
from eventstudy.measure import known_words
from eventstudy.results import TestResult, TestTable
from eventstudy.verdict import Said, Verdict, effect, headline, judge, pvalue, size, volatility_words, window_words

FloatArray = NDArray[np.float64]
WINDOW = es.EventWindow(primary=(0, 1), event=(-3, 5), estimation=(-80, -11), windows=((0, 0),))
#: Words that would turn "we cannot tell" into "nothing happened".
DENIALS = ("no effect", "no reaction", "did not react", "did not move", "unaffected", "refuted", "disproves")


@pytest.fixture(scope="module")
def prices(prices_of: Callable[..., PriceTable], garch_series: Callable[..., FloatArray]) -> PriceTable:
    return prices_of({"A": garch_series(640, 1), "B": garch_series(640, 2)})


@pytest.fixture(scope="module")
def study() -> es.Study:
    return es.Study(
        instruments=["A", "B"], model=es.ConstantMean(), window=WINDOW, volatility=es.GarchResponse(draws=199)
    )


@pytest.fixture(scope="module")
def base(study: es.Study, prices: PriceTable, event_at: Callable[..., Event]) -> es.StudyResult:
    """A real result whose tests the grid replaces."""
    return study.run(prices, event_at(prices, 600, title="Big news"), others=EventTable([]))


def row(
    estimate: float, low: float, high: float, p: float, *, instrument: str = "A", window: tuple[int, int] = (0, 1),
    reason: str = "", unit: str = "fraction", smallest: float = 0.005,
) -> TestResult:  # fmt: skip
    """A verdict row; a refused one has no numbers."""
    if reason:
        return TestResult(event="event", instrument=instrument, window=window, statistic="verdict", reason=reason)
    return TestResult(
        event="event", instrument=instrument, window=window, statistic="verdict", estimate=estimate, low=low, high=high,
        pvalue=p, se=(high - low) / 3.92, unit=unit, smallest_p=smallest, distribution="by hand", n_pairs=1, n_dates=1,
    )  # fmt: skip


def words(base: es.StudyResult, *rows: TestResult) -> tuple[Verdict, ...]:
    """Verdicts when the tests are `rows`; pairs without a row keep none."""
    return judge(replace(base, tests=TestTable(rows)))


GRID = [
    # estimate, half-width: a strong, a weak and an invisible effect, in both directions
    (sign * estimate, half)
    for sign, (estimate, half) in itertools.product(
        (1.0, -1.0), [(0.08, 0.02), (0.03, 0.0299), (0.03, 0.031), (0.001, 0.04), (0.0001, 0.00005)]
    )
]


@pytest.mark.parametrize("dates", [0, 73])
@pytest.mark.parametrize(("estimate", "half"), GRID)
def test_words_follow_the_interval(base: es.StudyResult, estimate: float, half: float, dates: int) -> None:
    seen = Seen(factor=1.36, dates=dates) if dates else Seen(reason="no placebo dates")
    base = replace(base, seen={("event", "A"): seen})
    excludes_zero = abs(estimate) > half
    p = 0.02 if excludes_zero else 0.3
    verdict = words(base, row(estimate, estimate - half, estimate + half, p))[0]
    assert verdict.word == ("reaction" if excludes_zero else "inconclusive")
    assert ("rose" in verdict.sentence) == (estimate > 0)
    assert ("fell" in verdict.sentence) == (estimate < 0)
    for end in (estimate - half, estimate + half):
        assert effect(end, "fraction") in verdict.sentence
    assert (verdict.estimate, verdict.pvalue) == (estimate, p)
    assert not [d for d in DENIALS if d in (verdict.sentence + verdict.paragraph).lower()]
    if excludes_zero:
        assert "a reaction that chance explains" in verdict.sentence
        assert "inconclusive" not in verdict.sentence
    else:
        assert "inconclusive" in verdict.sentence
        assert "a reaction that chance explains" not in verdict.sentence
        # By placebo dates in half-widths; else critical value plus .8416 standard errors, never less than half-width.
        by_hand = 1.36 * half if dates else half + 0.8416 * 2 * half / 3.92
        how = "measured at 73 placebo dates" if dates else "about, from the interval alone"
        assert verdict.detectable == pytest.approx(by_hand, rel=1e-12)
        assert f"{size(by_hand, 'fraction')} would have been seen four times in five ({how})" in verdict.sentence
        assert verdict.to_record()["seen"]["dates"] == dates


@pytest.mark.parametrize("p", [0.02, 0.05])
@pytest.mark.parametrize("interval", [(-0.001, 0.06), (-0.06, 0.001), (0.0, 0.05)])
def test_no_reaction_is_claimed_while_the_interval_holds_zero(
    base: es.StudyResult, p: float, interval: tuple[float, float]
) -> None:
    low, high = interval
    assert words(base, row((low + high) / 2, low, high, p))[0].word != "reaction"


@pytest.mark.parametrize("p", [0.051, 0.2, 1.0])
def test_no_reaction_is_claimed_above_alpha(base: es.StudyResult, p: float) -> None:
    assert words(base, row(0.03, 0.01, 0.05, p))[0].word == "inconclusive"


def test_at_alpha_exactly_fewer_than_alpha_would_be_too_much(base: es.StudyResult) -> None:
    verdict = words(base, row(0.03, 0.01, 0.05, 0.05))[0]
    assert verdict.word == "reaction"
    assert "fewer than 5%" not in verdict.sentence  # p = 5% is not fewer than 5%


def test_skewed_returns_give_no_reaction_whose_interval_holds_zero(
    prices_of: Callable[..., PriceTable], event_at: Callable[..., Event], no_events: EventTable
) -> None:
    # Exponential shocks have a long right tail: rises of 2.5% to 2.8% lie where the two-sided p and an
    # equal-tailed interval part.
    window = es.EventWindow(primary=(0, 0), windows=())
    study = es.Study(instruments=["A"], model=es.ConstantMean(), window=window, volatility=es.GarchResponse(draws=999))
    for seed, rise in ((3, 0.026), (4, 0.0245), (8, 0.028)):
        values = 0.01 * (np.random.default_rng(seed).exponential(size=760) - 1.0)
        values[700:702] = rise, 0.0
        prices = prices_of({"A": values})
        verdict = judge(study.run(prices, event_at(prices, 700), others=no_events))[0]
        assert verdict.word != "reaction" or not verdict.low <= 0.0 <= verdict.high, verdict.sentence


@pytest.mark.parametrize(("alpha", "level"), [(0.05, "95%"), (0.01, "99%"), (0.1, "90%"), (0.005, "99.5%")])
def test_the_level_of_the_interval_is_said_as_it_is(base: es.StudyResult, alpha: float, level: str) -> None:
    strict = replace(base, study=replace(base.study, alpha=alpha), tests=TestTable([row(0.03, 0.01, 0.05, 0.004)]))
    sentence = judge(strict)[0].sentence
    assert f"({level} interval" in sentence
    assert "100%" not in sentence
    assert " 0% of" not in sentence


# --- no number ------------------------------------------------------------------------------------


def test_a_refused_test_is_untestable_with_its_reason(base: es.StudyResult) -> None:
    verdict = words(base, row(0, 0, 0, 0, reason="FHS: volatility was not asked for"))[0]
    assert verdict.word == "untestable"
    assert verdict.sentence.endswith("is: FHS: volatility was not asked for.")
    assert all(math.isnan(v) for v in (verdict.estimate, verdict.low, verdict.high, verdict.pvalue, verdict.detectable))


def test_a_verdict_that_was_not_asked_for_is_untestable(base: es.StudyResult) -> None:
    verdict = words(base)[0]
    assert verdict.word == "untestable"
    assert "the statistic 'verdict' was not asked for" in verdict.sentence


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.USED])
def test_a_dropped_pair_says_why_and_nothing_else(base: es.StudyResult, outcome: Outcome) -> None:
    dropped = PairOutcome(event="event", instrument="A", outcome=outcome, detail="the reason in words")
    verdict = judge(replace(base, outcomes=(dropped,), tests=TestTable([])))[0]
    assert verdict.word == "untestable"
    assert verdict.sentence == "Nobody can tell from these data how A reacted to “Big news”: the reason in words."
    assert math.isnan(verdict.estimate)


def test_an_unbounded_interval_promises_nothing(
    study: es.Study, prices: PriceTable, event_at: Callable[..., Event], no_events: EventTable
) -> None:
    # 49 local placebos cannot reach 1%: their interval is the whole line, and no reaction of any size would be seen.
    result = replace(study, alpha=0.01).run(prices, event_at(prices, 600), others=no_events)
    test = result.tests.one(statistic="verdict", window=(0, 1), instrument="A")
    assert test.smallest_p == 1 / 50
    assert (test.low, test.high) == (-math.inf, math.inf)
    verdict = judge(result)[0]
    assert verdict.word != "reaction"
    assert "would have been seen" not in verdict.sentence


# --- several pairs --------------------------------------------------------------------------------


def pair_rows(*shown: tuple[str, bool]) -> list[TestResult]:
    """One clear or unclear row per instrument."""
    return [
        row(0.04, 0.02, 0.06, 0.01, instrument=name) if moved else row(0.01, -0.02, 0.04, 0.4, instrument=name)
        for name, moved in shown
    ]


@pytest.mark.parametrize(
    ("moved", "expected"),
    [
        ((True, True), "all of the 2 measurable pairs show a reaction"),
        ((True, False), "1 of the 2 measurable pairs shows a reaction"),
        ((False, False), "none of the 2 measurable pairs show a reaction"),
    ],
)
def test_headline_counts_what_the_verdicts_say(base: es.StudyResult, moved: tuple[bool, bool], expected: str) -> None:
    text = headline(words(base, *pair_rows(*zip("AB", moved, strict=True))))
    assert expected in text
    assert text.startswith("Over sessions [0, 1], ")
    for name, clear in zip("AB", moved, strict=True):
        assert f"{name} {'+4.0%' if clear else '+1.0%'} (p = {'0.010' if clear else '0.40'})" in text


def test_headline_counts_measurable_pairs_only(base: es.StudyResult) -> None:
    one = words(base, *pair_rows(("A", True)))  # B has no row
    assert "all of the 1 measurable pairs" in headline(one)
    assert headline(words(base)) == "Nobody can tell from these data: no verdict is possible on any of the 2 pairs."
    assert headline(one[:1]) == one[0].sentence


def test_other_windows_are_named_as_such(base: es.StudyResult) -> None:
    clear, unclear = row(0.05, 0.02, 0.08, 0.01, window=(0, 0)), row(0.02, -0.03, 0.07, 0.4, window=(-3, 5))
    verdict = words(base, row(0.03, -0.01, 0.07, 0.2), clear, unclear)[0]
    assert verdict.word == "inconclusive"  # the primary window alone decides
    assert "which the verdict does not rest on" in verdict.paragraph
    assert "day 0 +5.0% (+2.0% to +8.0%, p = 0.010)" in verdict.paragraph
    assert "+7.0%, p = 0.40" not in verdict.paragraph  # not among those that stand out
    assert verdict.paragraph.endswith("not that the announcement was the cause.")


def test_another_window_does_not_stand_out_while_its_interval_holds_zero(base: es.StudyResult) -> None:
    doubtful = row(0.05, -0.001, 0.101, 0.03, window=(0, 0))
    assert "these stand out" not in words(base, row(0.03, -0.01, 0.07, 0.2), doubtful)[0].paragraph


def test_a_reaction_is_not_taken_back_by_the_words_on_other_windows(base: es.StudyResult) -> None:
    quiet = row(0.01, -0.03, 0.05, 0.6, window=(0, 0))
    verdict = words(base, row(0.05, 0.02, 0.08, 0.01), quiet)[0]
    assert verdict.word == "reaction"
    assert "either" not in verdict.paragraph  # the primary window does stand out


def test_other_announcements_in_the_event_window_are_named_and_farther_ones_are_not(
    study: es.Study, prices: PriceTable, event_at: Callable[..., Event]
) -> None:
    others = EventTable([event_at(prices, 603, "inside", title="More news"), event_at(prices, 608, "outside")])
    first = judge(study.run(prices, event_at(prices, 600, title="Big news"), others=others))[0]
    assert "may have moved the same prices: “More news” (session +3)." in first.paragraph
    assert "outside" not in first.paragraph


def test_an_announcement_of_the_same_date_in_the_catalogue_is_named_with_its_id() -> None:
    own = es.make_event("1994-01-31", title="My headline")
    known = replace(es.catalog()["six-nation-accord-1994"], announced=own.announced)
    study = es.Study(instruments=["AA"], model=es.MarketModel("DOW29"), volatility=None)
    near = replace(study.run(es.load("embedded"), own, others=EventTable([known])).overlaps[0], offset=0)
    assert near.where == "day 0"
    assert known_words(own, [near]) == []  # the catalogue has it a day earlier
    weekend = es.make_event("1994-01-30", title="My headline")
    [words] = known_words(weekend, [near])
    assert "six-nation-accord-1994" in words
    assert known_words(es.catalog()["six-nation-accord-1994"], [near]) == []
    paragraph = judge(study.run(es.load("embedded"), weekend))[0].paragraph
    assert f"{words}." in paragraph


# --- volatility -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "p", "expected"),
    [
        (1.4, 5.0, 0.004, "raised volatility"),
        (0.6, 2.5, 0.3, "no raised volatility that chance would not explain"),
        (0.2, 0.8, 0.99, "lower volatility than expected"),
        (0.2, 1.2, 0.93, "no raised volatility that chance would not explain"),
        (
            0.95,
            15.0,
            0.035,
            "raised by the one-sided test, but not by the two-sided interval, so it is not called raised",
        ),
    ],
)
def test_volatility_words(base: es.StudyResult, low: float, high: float, p: float, expected: str) -> None:
    response = replace(base.volatility[0], mean_multiplier=math.sqrt(low * high), low=low, high=high, pvalue=p)
    text = volatility_words(response, 0.05)
    assert f": {expected}." in text
    assert f"interval {low:.2f} to {high:.2f}" in text
    assert text.startswith("Volatility on days 1 to 5:")


@pytest.mark.parametrize("p", [0.03, 0.05])
def test_raised_volatility_is_not_claimed_while_its_interval_holds_one(base: es.StudyResult, p: float) -> None:
    # An upper-tail p between 2.5% and 5% goes with a two-sided 95% interval that begins below one.
    response = replace(base.volatility[0], mean_multiplier=1.9, low=0.97, high=4.1, pvalue=p)
    assert ": raised volatility." not in volatility_words(response, 0.05)


def test_volatility_that_was_not_measured_says_why(base: es.StudyResult) -> None:
    silent = replace(base.volatility[0], reason="45 sessions before the gap; a variance needs at least 60")
    assert volatility_words(silent, 0.05) == (
        "Volatility: not measured (45 sessions before the gap; a variance needs at least 60)."
    )


# --- sameness and formats -------------------------------------------------------------------------


def test_the_same_inputs_give_the_same_words(
    base: es.StudyResult, study: es.Study, prices: PriceTable, event_at: Callable[..., Event]
) -> None:
    again = study.run(prices, event_at(prices, 600, title="Big news"), others=EventTable([]))
    assert judge(again) == judge(base) == judge(base)
    assert [v.to_record() for v in judge(again)] == [v.to_record() for v in judge(base)]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0318, "fraction", "+3.2%"),
        (-0.0318, "fraction", "-3.2%"),
        (0.0004, "fraction", "+0.04%"),
        (-12.34, "USD/t", "-12.3 USD/t"),
        (1234.5, "t", "+1,234.5 t"),
        (0.123, "USD/lb", "+0.123 USD/lb"),
        (math.nan, "fraction", "undefined"),
        (math.inf, "fraction", "unbounded"),
    ],
)
def test_effects_in_words(value: float, unit: str, text: str) -> None:
    assert effect(value, unit) == text


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.0004, "<0.001"), (0.001, "0.001"), (0.0476, "0.048"), (0.25, "0.25"), (1.0, "1.00"), (math.nan, "undefined")],
)
def test_p_values_in_words(p: float, text: str) -> None:
    assert pvalue(p) == text


def test_sizes_and_windows_in_words() -> None:
    assert size(-0.05, "fraction") == "5.0%"
    assert window_words((0, 0)) == "day 0"
    assert window_words((-1, 1)) == "sessions [-1, 1]"


# --- traces ---------------------------------------------------------------------------------------

Traced = Callable[[tuple[Said, ...]], None]


@pytest.mark.parametrize(("estimate", "half"), GRID)
def test_every_sentence_is_traced_to_its_numbers(
    base: es.StudyResult, estimate: float, half: float, traced: Traced
) -> None:
    p = 0.02 if abs(estimate) > half else 0.3
    clear = row(0.05, 0.02, 0.08, 0.01, window=(0, 0))
    verdict = words(base, row(estimate, estimate - half, estimate + half, p), clear)[0]
    traced(verdict.said)
    assert verdict.sentence == verdict.said[0].text
    assert verdict.paragraph == " ".join(s.text for s in verdict.said[1:])
    numbers = dict(verdict.said[0].numbers)
    assert (numbers["estimate"], numbers["low"], numbers["p"]) == (estimate, estimate - half, p)
    assert ("detectable" in numbers) == (verdict.word == "inconclusive")
    record = verdict.to_record()
    assert record["said"][0] == {"text": verdict.sentence, "numbers": numbers}


def test_sentences_on_real_results_are_traced(accord: es.StudyResult, traced: Traced) -> None:
    said = judge(accord)[0].said
    traced(said)
    names = {name for s in said for name, _ in s.numbers}
    assert {"estimate", "volatility.mean_multiplier", "speed.drift.p"} <= names
    volatility = dict(next(s.numbers for s in said if s.text.startswith("Volatility")))
    assert volatility["volatility.p"] == accord.volatility[0].pvalue


def test_a_number_that_is_not_traced_is_found(traced: Traced) -> None:
    traced((Said("It rose 3.0% (p = 0.020).", (("estimate", 0.03), ("p", 0.02))),))
    with pytest.raises(AssertionError):
        traced((Said("It rose 3.1% (p = 0.020).", (("estimate", 0.03), ("p", 0.02))),))
