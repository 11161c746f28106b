"""Claims judged: the word follows the interval, the family has one error rate, every number has a second origin."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from statsmodels.stats.multitest import multipletests

import eventstudy as es
from eventstudy.claims.file import VARIANCE_KINDS, Claim, Claims, Direction, Kind
from eventstudy.claims.measure import Measured as MeasuredClaim
from eventstudy.claims.measure import Reading, neighbours
from eventstudy.claims.result import holm_steps, refused
from eventstudy.claims.series import Setting, measure_claims, with_difference
from eventstudy.claims.verdict import ClaimVerdict, decide, sentences
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.prices import PriceTable
from eventstudy.errors import InputError, NothingUsableError, UnknownNameError
from eventstudy.inference.seen import Injections, injections
from eventstudy.verdict import Said, judge

FloatArray = NDArray[np.float64]
Traced = Callable[[tuple[Said, ...]], None]
FAST = es.GarchResponse(draws=499)
ROW = 700
#: Words that would turn "we cannot tell" into "nothing happened".
DENIALS = ("no effect", "no reaction", "did not react", "did not move", "unaffected", "refuted", "disproves", "caused")


def claim(kind: Kind, **more: object) -> Claim:
    """A claim on instrument ``A``."""
    values: dict[str, object] = {"id": kind, "words": "as somebody says", "kind": kind, "instruments": ("A",)} | more
    if kind in VARIANCE_KINDS:
        values = {"window": (1, 10), "direction": "up"} | values
    if kind == "unanticipated":
        values = {"window": (-5, -1)} | values
    return Claim(**values)  # type: ignore[arg-type]


def article(*claims: Claim, alpha: float = 0.05) -> Claims:
    """An undated article."""
    return Claims(title="A pact", claims=claims, alpha=alpha)


@pytest.fixture(scope="module")
def quiet(prices_of: Callable[..., PriceTable], garch_series: Callable[..., FloatArray]) -> PriceTable:
    """Series without any event."""
    return prices_of({"A": garch_series(800, 1), "B": garch_series(800, 2), "C": garch_series(800, 3)})


@pytest.fixture(scope="module")
def setting(quiet: PriceTable, event_at: Callable[..., Event]) -> Setting:
    """Nothing else is known to have happened."""
    return Setting(
        prices=quiet, event=event_at(quiet, ROW), others=EventTable([]), model=None, volatility=FAST, alpha=0.05,
        seed=3, allow_unusable=False,
    )  # fmt: skip


def measured(one: Claim, setting: Setting) -> MeasuredClaim:
    """The claim with its pair."""
    found = measure_claims([one], setting)[0]
    assert not isinstance(found, str), found
    return found


def reading(found: Reading | str) -> Reading:
    """A number, not a reason."""
    assert isinstance(found, Reading), found
    return found


def test_claims_of_one_study_share_what_would_have_been_seen(setting: Setting) -> None:
    """The study's own draws serve every claim and level: the numbers are those of draws made anew, to the bit."""
    first, second, other = measure_claims([claim("reaction"), claim("swift"), claim("unanticipated")], setting)
    assert isinstance(first, MeasuredClaim)
    assert isinstance(second, MeasuredClaim)
    assert isinstance(other, MeasuredClaim)
    window = first.window
    assert first.injections(window) is second.injections(window)
    assert other.injections(other.window) is not first.injections(window)
    for one in (first, other):
        anew, shared = injections(one.view(0.05), one.window), one.injections(one.window)
        assert isinstance(anew, Injections)
        assert isinstance(shared, Injections)
        assert np.array_equal(anew.simulated, shared.simulated)
        assert reading(one.level(one.window, 0.01)).seen == anew.seen(anew.halves(0.01))
        assert one.result.injections == {}
        assert next(iter(one.result.seen.values())) == anew.seen(anew.halves(0.05))


# --- the word, over a grid of results ------------------------------------------------------------------------------

LEVELS = [(e, h) for e in (-0.08, -0.02, -0.0001, 0.0001, 0.02, 0.08) for h in (0.00005, 0.01, 0.03, 0.2)]
GRID = [
    (kind, direction, estimate, half, at_least, adjusted)
    for kind, directions in {
        "reaction": ("up", "down", "any"), "months": ("up",), "relative": ("up", "down"), "swift": ("any",),
        "unanticipated": ("any",),
    }.items()
    for direction in directions
    for (estimate, half), at_least, adjusted in itertools.product(LEVELS, (0.005, 0.05), (0.001, 0.05, 0.0501, 1.0))
]  # fmt: skip


def by_hand(kind: str, direction: str, low: float, high: float, at_least: float, adjusted: float) -> str:
    """The words as METHODS defines them, said once more with sets of effects instead of comparisons."""
    inside = np.arange(math.ceil(low * 1e5 - 1e-6), math.floor(high * 1e5 + 1e-6) + 1) / 1e5
    claimed = {"up": inside >= at_least, "down": inside <= -at_least, "any": np.abs(inside) >= at_least}[direction]
    if kind == "unanticipated":
        if not claimed.any():
            return "supported"
        return "contradicted" if claimed.all() and adjusted <= 0.05 else "inconclusive"
    if not claimed.any():
        return "contradicted"
    up, down = bool((inside > 0).all()), bool((inside < 0).all())
    right = {"up": up, "down": down, "any": up or down}[direction]
    return "supported" if adjusted <= 0.05 and right else "inconclusive"


@pytest.mark.parametrize(("kind", "direction"), sorted({g[:2] for g in GRID}))
def test_no_word_claims_more_than_its_interval(kind: Kind, direction: Direction, traced: Traced) -> None:
    seen = set()
    for _, _, estimate, half, at_least, adjusted in [g for g in GRID if g[:2] == (kind, direction)]:
        got = Reading(
            estimate=estimate, low=estimate - half, high=estimate + half, pvalue=adjusted / 4, smallest_p=0.001,
            detectable=1.4 * half, unit="fraction",
        )  # fmt: skip
        one = claim(kind, direction=direction)
        word = decide(one, got, got, adjusted, 0.05, at_least)
        assert word == by_hand(kind, direction, got.low, got.high, at_least, adjusted), got
        seen.add(word)
        said = spoken(one, word, got, adjusted, at_least)
        check_words(said, word)
        traced(said.said)
    assert seen == {"supported", "contradicted", "inconclusive"}


@pytest.mark.parametrize("kind", VARIANCE_KINDS)
def test_no_word_on_variance_claims_more_than_its_interval(kind: Kind, traced: Traced) -> None:
    for estimate, ratio, at_least, adjusted in itertools.product((0.4, 1.1, 6.0), (1.2, 3.0), (1.5, 9.0), (0.01, 0.2)):
        got = Reading(
            estimate=estimate, low=estimate / ratio, high=estimate * ratio, pvalue=adjusted / 4, smallest_p=0.001,
            detectable=ratio**2, unit="times the expected variance", null=1.0,
        )  # fmt: skip
        word = decide(claim(kind), got, got, adjusted, 0.05, at_least)
        expected = "inconclusive"
        if estimate * ratio < at_least:
            expected = "contradicted"
        elif estimate / ratio > 1.0 and adjusted <= 0.05:
            expected = "supported"
        assert word == expected
        said = spoken(claim(kind), word, got, adjusted, at_least)
        check_words(said, word)
        traced(said.said)


def spoken(one: Claim, word: str, got: Reading, adjusted: float, at_least: float) -> ClaimVerdict:
    """The verdict with its sentences, the second family of numbers left as they are."""
    found = ClaimVerdict(
        claim=one, word=word, said=(), instrument="A", name="Alpha", members=(("A",), ("B",)), window=(1, 10),  # type: ignore[arg-type]
        unit=got.unit, estimate=got.estimate, low=got.low, high=got.high, level=0.9938, pvalue=got.pvalue,
        adjusted=adjusted, smallest_p=got.smallest_p, at_least=at_least, detectable=got.detectable,
    )  # fmt: skip
    return replace(found, said=sentences(found, against="beyond its usual change", alpha=0.05, family=8))


def check_words(v: ClaimVerdict, word: str) -> None:
    """The word leads; nothing is denied; a supported claim names its interval, an open one what it would have seen."""
    text = f"{v.sentence} {v.paragraph}"
    assert v.sentence.startswith(word.capitalize())
    assert not [d for d in DENIALS if d in text.lower()]
    others = {"supported", "contradicted", "inconclusive"} - {word}
    assert not [w for w in others if w in text.lower()]
    assert ("would" in text and "seen four times in five" in text) == (
        word == "inconclusive"
    ) or v.claim.kind == "months"
    assert v.label.startswith(word)


# --- one error rate --------------------------------------------------------------------------------------------------


def test_holm_and_its_steps_agree_with_statsmodels() -> None:
    rng = np.random.default_rng(5)
    for size_ in (1, 2, 7, 20):
        p = rng.uniform(0.0, 0.05, size_) ** rng.uniform(0.5, 2.0, size_)
        rejected, adjusted, _, _ = multipletests(p, alpha=0.05, method="holm")
        steps = holm_steps(p, 0.05)
        # A claim is rejected exactly when its p reaches its own step: p and interval never part.
        assert ((p <= steps) == rejected).all()
        assert ((adjusted <= 0.05) == rejected).all()
        assert steps.min() >= 0.05 / size_ - 1e-15
        assert steps.max() <= 0.05


def test_a_method_that_cannot_reach_is_refused_by_name_and_the_coarsest_leaves_first() -> None:
    # Five claims need 0.01. "c" (0.02) goes first; four need 0.0125: all the others stay.
    smallest = {"a": 0.0005, "b": 0.0124, "c": 0.02, "d": 0.0005, "e": 0.001}
    out = refused(smallest, 0.05)
    assert list(out) == ["c"]
    assert "0.0200" in out["c"]
    assert "0.0100 is needed" in out["c"]
    assert "5 claims" in out["c"]
    assert refused({"a": 0.05}, 0.05) == {}
    assert list(refused({"a": 0.06, "b": 0.07}, 0.05)) == ["b", "a"]


def test_the_family_counts_only_what_was_tested(quiet: PriceTable, event_at: Callable[..., Event]) -> None:
    # 58 windows inside estimation allow p = 1/41 at best: with one claim that is enough, with three it is not.
    short = claim("reaction", estimation=(-71, -11))
    one = es.judge_claims(article(short), quiet, event=event_at(quiet, ROW), others=EventTable([]), volatility=FAST)
    assert one.family == 1
    assert one["reaction"].word == "inconclusive"
    assert one["reaction"].adjusted == one["reaction"].pvalue
    more = article(short, claim("volatility"), claim("unanticipated"), claim("untestable", why="no price"))
    three = es.judge_claims(more, quiet, event=event_at(quiet, ROW), others=EventTable([]), volatility=FAST)
    assert three.family == 2
    assert three["reaction"].label.startswith("untestable (its method cannot reach 0.05 among 3 claims")
    assert three["untestable"].reason == "no price"
    # Two tests are left, and both are judged at half of alpha.
    assert three["volatility"].level == pytest.approx(0.975)


# --- every number from a second origin -------------------------------------------------------------------------------


def test_level_equals_the_study_at_the_same_confidence(setting: Setting) -> None:
    one = measured(claim("reaction"), setting)
    got = reading(one.read(0.01))
    study = es.Study(
        instruments=["A"], model=es.ConstantMean(), volatility=FAST, alpha=0.01, seed=3,
        statistics=["verdict", "placebo_dates"], window=es.EventWindow(event=one.result.study.window.event),
    )  # fmt: skip
    result = study.run(setting.prices, setting.event, others=EventTable([]))
    test = result.tests.one(statistic="verdict", window=(0, 1), instrument="A")
    assert (got.estimate, got.low, got.high, got.pvalue) == (test.estimate, test.low, test.high, test.pvalue)
    assert got.seen.dates > 100
    assert (got.detectable, got.seen) == (judge(result)[0].detectable, judge(result)[0].seen)


def test_the_1_in_20_move_by_a_plain_loop(setting: Setting) -> None:
    one = measured(claim("months", window=(0, 4)), setting)
    abnormal = one.result.abnormal
    assert abnormal is not None
    ar = [x for x, inside in zip(abnormal.ar[0], abnormal.estimation[0], strict=True) if inside]
    sums = sorted(abs(sum(ar[i : i + 5])) for i in range(len(ar) - 4))
    above = math.floor(0.05 * (len(sums) + 1))  # a 1-in-20 move counts the event itself, as every rank here does
    assert one.usual() == pytest.approx(sums[-above], rel=1e-12)


def test_variance_equals_the_study_at_the_same_confidence(
    setting: Setting, quiet: PriceTable, event_at: Callable[..., Event]
) -> None:
    setting = replace(setting, others=EventTable([event_at(quiet, row, f"e{row}") for row in (300, 450)]))
    one = measured(claim("volatility"), setting)
    assert sorted(o for o in one.others if o) == [300 - ROW, 450 - ROW]
    got = reading(one.read(0.01))
    study = es.Study(instruments=["A"], model=es.ConstantMean(), volatility=FAST, alpha=0.01, seed=3, statistics=[])
    found = study.run(setting.prices, setting.event, others=setting.others).volatility[0]
    assert (got.estimate, got.pvalue, got.smallest_p) == (found.mean_multiplier, found.pvalue, found.smallest_p)
    assert (got.low, got.high) == pytest.approx((found.low, found.high), rel=1e-12)


def test_variance_sizes_from_the_simulated_sums(setting: Setting) -> None:
    one = measured(claim("volatility"), setting)
    model = one.volatility.model
    assert model is not None
    paths = model.uncertain_paths(0, 11, 499, one.view(0.05).rng(2))[1:]
    totals = (paths**2 / model.forecast(0, 11)[1:, None]).sum(axis=0)
    assert one.usual() == pytest.approx(float(np.quantile(totals, 0.95)) / 10, rel=1e-12)
    # c times the variance scales every sum by c: at least four in five of those sums pass the critical one.
    detectable = reading(one.read(0.01)).detectable
    assert (detectable * totals >= float(np.quantile(totals, 0.995))).mean() >= 0.797
    # The test among other dates asks the same; the harder of the two sets the size.
    alone = float(np.quantile(totals, 0.995) / np.quantile(totals, 0.2))
    e = model.residual
    last = model.n_fit - 10
    ratios = [np.sum(e[t + 1 : t + 11] ** 2) / np.mean(e[t - 60 : t] ** 2) for t in range(60, last)]
    other = float(np.quantile(ratios, 0.995) / np.quantile(ratios, 0.2))
    assert detectable == pytest.approx(max(alone, other), rel=1e-9)


def test_standing_out_among_neighbours_by_a_plain_loop(setting: Setting) -> None:
    one = measured(claim("identified"), setting)
    got = reading(one.read(0.05))
    view = one.view(0.05)
    assert not isinstance(view.placebo, str)
    windows = neighbours(one)
    assert windows == [(k, k + 1) for k in range(-5, 6)]
    ar = view.placebo.abnormal
    largest = []
    for row in np.flatnonzero(view.placebo.usable):
        scars = []
        for first, last in windows:
            at = int(first - ar.offsets[0])
            x = ar.design[row, at : at + last - first + 1].sum(axis=0)
            se = ar.sigma[row] * math.sqrt(2 + x @ ar.gram_inv[row] @ x)
            scars.append(abs(ar.ar[row, at : at + 2].sum() / se))
        largest.append(max(scars))
    own = view.abnormal.car((0, 1))
    p = (1 + sum(v >= abs(own.scar[0]) for v in largest)) / (1 + len(largest))
    level = reading(one.level((0, 1), 0.05))
    assert got.pvalue == pytest.approx(max(p, level.pvalue), rel=1e-12)
    half = sorted(largest)[-math.floor(0.05 * (1 + len(largest)))] * own.se[0]
    assert got.low == pytest.approx(min(level.low, got.estimate - half), rel=1e-9)


def test_a_difference_of_groups_by_a_plain_loop(table_of: Callable[..., PriceTable]) -> None:
    days = pd.bdate_range("2001-01-01", periods=6)
    a, b, c = [10.0, 11, 12, 11, 13, 12], [5.0, 5, np.nan, 6, 6, 7], [2.0, 3, 3, 3, 2, 2]
    out = with_difference(table_of({"A": a, "B": b, "C": c}, days), "x", ("A", "B"), ("C",))
    rows = [0, 1, 3, 4, 5]  # the day on which B has no price is left out, and returns span it
    for before, now in itertools.pairwise(rows):
        expected = (a[now] / a[before] - 1 + b[now] / b[before] - 1) / 2 - (c[now] / c[before] - 1)
        assert out.frame["x"].iloc[now] == pytest.approx(expected, rel=1e-12)
    assert math.isnan(out.frame["x"].iloc[2])
    assert out.instruments["x"].response_unit == "fraction"
    with pytest.raises(InputError, match="rename the group"):
        with_difference(out, "A", ("B",))


# --- planted effects are told apart ----------------------------------------------------------------------------------


def judged(
    prices_of: Callable[..., PriceTable], event_at: Callable[..., Event], values: FloatArray, *claims: Claim
) -> es.ClaimsResult:
    """Claims on one series, with no other announcement known."""
    prices = prices_of({"A": values})
    return es.judge_claims(
        article(*claims), prices, event=event_at(prices, ROW), others=EventTable([]), volatility=FAST
    )


def test_a_planted_jump_is_swift_and_identified_and_no_claim_of_more(
    prices_of: Callable[..., PriceTable], event_at: Callable[..., Event], garch_series: Callable[..., FloatArray]
) -> None:
    values = garch_series(800, 11, alpha=0.02, beta=0.9)
    values[ROW] += 0.20
    values[ROW + 2] *= 0.5  # the largest of its window by chance, as happens in 5 of 100
    result = judged(
        prices_of, event_at, values, claim("identified"), claim("swift", direction="up"),
        claim("reaction", id="fell", direction="down"), claim("reaction", id="huge", direction="up", at_least=0.5),
        claim("months", window=(0, 20), at_least=0.9),
    )  # fmt: skip
    assert [v.word for v in result.verdicts] == [
        "supported", "supported", "contradicted", "contradicted", "contradicted",
    ], [v.label for v in result.verdicts]  # fmt: skip
    assert result["identified"].details[0][1:] == (result["identified"].details[0][1], "")
    assert result["identified"].details[0][1] in (-1.0, 0.0)  # the windows [-1, 0] and [0, 1] both hold the jump
    assert "supported" not in result["huge"].paragraph
    assert result["huge"].sentence.startswith("Contradicted: A rose")
    # The jump is not in the scale by which the drift after it is judged: one as large would have been seen.
    assert result["swift"].label == "supported"
    assert [name for name, _, _ in result["swift"].details] == ["drift", "drift p"]
    values[ROW + 1 : ROW + 11] *= 5.0
    loud = judged(prices_of, event_at, values, claim("swift", direction="up"))["swift"]
    blind = "a drift as large as the reaction would go unseen"
    assert loud.label == f"supported, but {blind}"
    values[ROW + 1 : ROW + 11] /= 5.0
    values[[ROW, ROW + 6]] += [-0.12, 0.30]
    late = judged(prices_of, event_at, values, claim("swift", direction="up"))["swift"]
    alone = "one session of those that came after stands out of the others by itself"
    assert late.label == f"supported, but {blind}; {alone}"


def test_a_reaction_that_goes_on_is_not_swift(
    prices_of: Callable[..., PriceTable], event_at: Callable[..., Event], garch_series: Callable[..., FloatArray]
) -> None:
    values = garch_series(800, 11, alpha=0.02, beta=0.9)
    values[ROW : ROW + 11] += [0.2, *[0.04] * 10]
    swift = judged(prices_of, event_at, values, claim("swift", direction="up"))["swift"]
    assert swift.label == "inconclusive (the reaction went on afterwards)"
    assert swift.adjusted <= 0.05


def test_variance_without_level_is_uncertainty_and_with_level_it_is_not(
    prices_of: Callable[..., PriceTable], event_at: Callable[..., Event], garch_series: Callable[..., FloatArray]
) -> None:
    values = garch_series(800, 11, alpha=0.02, beta=0.9)
    values[ROW : ROW + 2] = 0.0
    values[ROW + 2 : ROW + 11] = 0.08 * np.array([1, -1, 1, -1, 1, -1, 1, -1, 1])
    both = (claim("volatility"), claim("uncertainty"))
    still = judged(prices_of, event_at, values, *both)
    assert [v.word for v in still.verdicts] == ["supported", "inconclusive"]
    assert "may have moved" in still["uncertainty"].label or "level" in still["uncertainty"].paragraph
    assert any("no second confirmation" in n for n in still["uncertainty"].notes)
    values[ROW] = 0.25
    jumped = judged(prices_of, event_at, values, *both)
    assert jumped["volatility"].word == "supported"
    assert jumped["uncertainty"].label == "inconclusive (the level moved as well)"


def test_groups_are_one_series_and_one_observation(quiet: PriceTable, event_at: Callable[..., Event]) -> None:
    frame = quiet.frame.copy()
    frame.loc[frame.index[ROW] :, "A"] *= 1.25
    frame.loc[frame.index[ROW] :, "B"] *= 1.25
    jumped = replace(quiet, frame=frame)
    gain = claim(
        "relative", instruments=(), group="east", against="west", members=("A", "B", "Z"), against_members=("C",),
        direction="up",
    )  # fmt: skip
    result = es.judge_claims(article(gain), jumped, event=event_at(quiet, ROW), others=EventTable([]), volatility=FAST)
    verdict = result["relative"]
    assert verdict.word == "supported"
    assert verdict.members == (("A", "B"), ("C",))
    assert verdict.notes == ("in east: A, B; left out: Z is not among the prices",)
    assert "A, B gained" in verdict.sentence
    assert result.studies["relative"].outcomes[0].instrument == "east minus west"
    assert len(result.studies["relative"].outcomes) == 1
    lonely = replace(gain, against_members=("Z",))
    none = es.judge_claims(article(lonely), jumped, event=event_at(quiet, ROW), others=EventTable([]), volatility=FAST)
    assert none["relative"].label == "untestable (no series of the group 'west': Z is not among the prices)"


# --- no date, no data ------------------------------------------------------------------------------------------------


def test_without_a_date_every_claim_says_why_and_a_scan_is_offered() -> None:
    claims = article(claim("swift"), claim("volatility"), claim("untestable", why="an opinion"))
    result = es.judge_claims(claims)
    assert [v.word for v in result.verdicts] == ["untestable"] * 3
    assert result["swift"].reason.startswith("no date")
    assert result["untestable"].reason == "an opinion"
    assert all(math.isnan(v.pvalue) for v in result.verdicts)
    assert [c.split(" --")[0] for c in result.commands] == ["eventstudy scan A", "eventstudy scan A"]
    assert "--kind volatility" in result.commands[1]
    result.require_measured()  # no date is an answer, not a failure
    assert es.judge_claims(replace(claims, event=None)).summary() == result.summary()


def test_missing_data_are_named_and_the_next_instrument_stands_in(
    quiet: PriceTable, event_at: Callable[..., Event]
) -> None:
    event = event_at(quiet, ROW)
    claims = article(claim("reaction", instruments=("X", "Y", "B")), claim("premium", instruments=("X",)))
    result = es.judge_claims(claims, quiet, event=event, others=EventTable([]), volatility=FAST)
    assert result["reaction"].instrument == "B"
    assert result["reaction"].notes == ("X is not among the prices; Y is not among the prices: B stands in",)
    assert result["premium"].label == "untestable (X is not among the prices)"
    late = replace(event, announced=pd.Timestamp("1990-01-01").date())
    nothing = es.judge_claims(article(claim("reaction")), quiet, event=late, others=EventTable([]), volatility=FAST)
    assert "the data begin on" in nothing["reaction"].reason
    with pytest.raises(NothingUsableError, match="reaction: A: the data begin on"):
        nothing.require_measured()
    with pytest.raises(InputError, match="need prices"):
        es.judge_claims(claims, event=event)
    with pytest.raises(UnknownNameError, match="did you mean"):
        es.judge_claims(claims, quiet, event="ofac-rusal-208")
    with pytest.raises(InputError, match="alpha"):
        es.judge_claims(claims, quiet, event=event, alpha=0.7)


def test_other_announcements_inside_the_window_are_named(quiet: PriceTable, event_at: Callable[..., Event]) -> None:
    others = EventTable([event_at(quiet, ROW + 3, "near", title="More news")])
    claims = article(claim("reaction"), claim("volatility"))
    result = es.judge_claims(claims, quiet, event=event_at(quiet, ROW), others=others, volatility=FAST)
    assert result["reaction"].caveat == ""
    assert result["volatility"].caveat == "other announcements fall inside"
    assert "“More news” (session +3)" in result["volatility"].paragraph
    supported = replace(result["volatility"], word="supported")
    assert supported.label == "supported, but other announcements fall inside"


def test_one_claim_is_one_claim_and_the_catalogue_s_own_announcement_is_named(embedded: PriceTable) -> None:
    weekend = es.make_event("1994-01-30", title="My headline")
    result = es.judge_claims(es.claims_saying(["moved"], instruments=["AA"]), embedded, event=weekend, volatility=FAST)
    assert result.headline.startswith("1 claim of “moved”")
    assert "study it by its id, six-nation-accord-1994" in result["moved"].paragraph


@pytest.mark.parametrize("where", ["article", "claim", "event"])
def test_a_tariff_is_explained(quiet: PriceTable, event_at: Callable[..., Event], where: str) -> None:
    tags = ("tariff-lift",) if where == "event" else ()
    prices = quiet.joined(es.prices(quiet.frame[["A"]].rename(columns={"A": "LME-3M"})))
    event = event_at(quiet, ROW, tags=tags)

    def notes(*instruments: str, prices: PriceTable = prices) -> tuple[str, ...]:
        one = claim("reaction", tags=("tariff",) if where == "claim" else (), instruments=instruments)
        claims = replace(article(one), tags=("tariff",) if where == "article" else ())
        return es.judge_claims(claims, prices, event=event, others=EventTable([]), volatility=FAST).notes

    assert len(notes("LME-3M")) == 1
    assert "the LME price is a world price" in notes("LME-3M")[0]
    assert "The premium is missing here: none of AUP=F" in notes("LME-3M")[0]
    # Of a stock, and where the prices hold no LME, a quiet LME is no matter.
    assert notes("A") == notes("LME-3M", "A", prices=quiet) == ()
    plain = es.judge_claims(article(claim("reaction", instruments=("LME-3M",))), prices, event=event_at(quiet, ROW))
    assert plain.notes == ()


# --- sameness, formats -----------------------------------------------------------------------------------------------


def test_the_same_inputs_give_the_same_bytes(quiet: PriceTable, event_at: Callable[..., Event], traced: Traced) -> None:
    from eventstudy.report.claims import claims_page

    claims = article(claim("swift"), claim("volatility"), claim("untestable", why="an <b>opinion</b>"))
    first, second = (
        es.judge_claims(claims, quiet, event=event_at(quiet, ROW), others=EventTable([]), volatility=FAST)
        for _ in range(2)
    )
    assert first.to_record() == second.to_record()
    assert claims_page(first) == claims_page(second)
    assert "<b>opinion" not in claims_page(first)
    assert "http" not in claims_page(first).split("<body>")[1]
    assert first.summary() == second.summary()
    frame = first.to_frame()
    assert list(frame["id"]) == ["swift", "volatility", "untestable"]
    assert {"p", "p_adjusted", "low", "high", "level", "at_least", "detectable", "label"} <= set(frame.columns)
    assert "0x" not in repr(first)
    for verdict in first.verdicts:
        traced(verdict.said)


# --- the founding article on real announcements ----------------------------------------------------------------------

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(__file__).parents[2] / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
SEED = ROOT / "seeds" / "canada-aluminum-deal.toml"


def test_after_correction_the_accord_is_inconclusive(embedded: PriceTable, traced: Traced) -> None:
    result = es.judge_claims(es.read_claims(SEED), embedded, event="six-nation-accord-1994")
    words = {v.claim.id: v.word for v in result.verdicts}
    tested = ("announced", "shock", "swift", "volatile", "uncertainty", "months", "aerospace", "manufacturing")
    assert {words[id] for id in tested} == {"inconclusive"}
    assert {words[v.claim.id] for v in result.verdicts if v.claim.id not in tested} == {"untestable"}
    assert result.family == len(tested)
    # The effect is the flagship's own: AR of 3.05 to 3.23% on day 0, +3.7% over two sessions, none of it certain.
    assert result["swift"].estimate == pytest.approx(0.037, abs=0.004)
    assert result["swift"].pvalue == pytest.approx(0.104, abs=0.02)
    assert result["swift"].detectable > 0.08
    # Long windows are asked by response, buy-and-hold and half-life; the calendar-time test is named as refused.
    [(test, reason)] = result["months"].refused
    assert (test, reason.split(":")[0]) == ("calendar-time portfolio", "one date")
    assert f"Calendar-time portfolio: refused, {reason}." in result["months"].paragraph
    assert not [v.claim.id for v in result.verdicts if v.refused and v.claim.kind != "months"]
    for verdict in result.verdicts:
        traced(verdict.said)
    assert "say nothing on whether the article is true" in result.notes[0]


@needs_shared
def test_the_2020_tariff_is_not_seen_in_the_world_price() -> None:
    prices = es.load("files", SHARED / "lme_aluminium.csv")
    for other in ("copper", "zinc"):
        prices = prices.joined(es.load("files", SHARED / f"lme_{other}.csv"))
    seed = es.read_claims(SEED)
    world = Claims(title=seed.title, claims=tuple(seed[i] for i in ("swift", "premium", "pricing-power")))
    moved = Claims(title="moved", claims=(claim("reaction", instruments=("LME-3M",)),))
    days = {
        "us-section-232-2018-declared": "2018-03-02", "us-canada-tariff-2020": "2020-08-07",
        "us-canada-tariff-2020-lifted": "2020-09-16", "us-canada-mexico-lift-2019": "2019-05-20",
    }  # fmt: skip
    for id, day in days.items():
        event = es.catalog()[id]
        result = es.judge_claims(moved, prices, event=event, volatility=FAST)
        assert str(result.studies["reaction"].day0[0].session) == day
        verdict = result["reaction"]
        assert verdict.word == "inconclusive"
        # Known facts: no US-Canada event is significant on the LME; by the study's own windows p is .17 to .80.
        assert 0.15 <= verdict.pvalue <= 0.85, (id, verdict.pvalue)
        assert 0.02 < verdict.detectable < 0.06
    result = es.judge_claims(world, prices, event="us-canada-tariff-2020", volatility=FAST)
    assert result["swift"].word == "inconclusive"
    assert result["premium"].label == "untestable (AUP=F is not among the prices)"
    assert "hardly in the world price" in result.notes[-1]
