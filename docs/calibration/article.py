"""Whole articles and whole grids about announcements that never happened: how often anything is called true."""

from __future__ import annotations

import math
from collections import Counter
from typing import NamedTuple

import numpy as np
import pandas as pd

import eventstudy as es
from eventstudy._typing import FloatArray
from eventstudy.calibration.worlds import WORLDS
from eventstudy.claims.file import VARIANCE_KINDS, Claim, Claims
from eventstudy.claims.verdict import ClaimVerdict
from eventstudy.domain.events import EventTable
from eventstudy.domain.instruments import Instrument, InstrumentTable
from eventstudy.domain.prices import PriceTable, build_table
from eventstudy.engines.compiled import CompiledEngine
from eventstudy.verbs.robustness import ESTIMATIONS, TESTS, WINDOWS

#: A point of Monte Carlo error at 5%.
REPS = 500
#: Enough for a 5% point; a user's grid has 199.
PLACEBOS = 39
VARIANCE = es.GarchResponse(draws=499, engine=CompiledEngine())
#: Sessions before the announcement and after it: a thousand and the gap, and the longest claim.
BEFORE, AFTER = 1010, 62
SERIES = ("METAL", "NORTH1", "NORTH2", "SOUTH1", "PREMIUM", "BUYER")
WORDS = {
    "iid_normal": "independent normal",
    "garch_t": "GARCH(.08, .90), Student(5)",
    "variance_x4_before": "the same, variance x4 from 20 sessions before",
}
_METAL: dict[str, tuple[str, ...]] = {"instruments": ("METAL",)}
CLAIMS = (
    Claim(id="identified", words="", kind="identified", **_METAL),
    Claim(id="unanticipated", words="", kind="unanticipated", window=(-5, -1), **_METAL),
    Claim(id="swift", words="", kind="swift", **_METAL),
    Claim(id="volatility", words="", kind="volatility", direction="up", window=(1, 10), **_METAL),
    Claim(id="uncertainty", words="", kind="uncertainty", direction="up", window=(1, 10), **_METAL),
    Claim(id="months", words="", kind="months", window=(0, 62), estimation=(-510, -11), **_METAL),
    Claim(
        id="groups", words="", kind="relative", direction="up", group="north", against="south",
        members=("NORTH1", "NORTH2"), against_members=("SOUTH1",),
    ),
    Claim(id="premium", words="", kind="premium", direction="up", instruments=("PREMIUM",)),
    Claim(id="buyers", words="", kind="reaction", direction="down", instruments=("BUYER",)),
)  # fmt: skip
ARTICLE = Claims(title="nothing happened", claims=CLAIMS)


class Count(NamedTuple):
    """Articles of one world in which a verdict is false, a p alone is small; and of each claim, how often it is."""

    false: int
    some: int
    called: Counter[str]
    alone: Counter[str]


def prices_of(responses: FloatArray) -> PriceTable:
    """Daily prices with these log returns, shape (series, sessions)."""
    days = pd.bdate_range("2001-01-01", periods=responses.shape[1])
    names = SERIES[: len(responses)]
    frame = pd.DataFrame(100.0 * np.exp(responses.cumsum(axis=1)).T, days, columns=list(names))
    return build_table(frame, InstrumentTable([Instrument(id=n, unit="USD") for n in names]), origins=())


def histories(world: str, n: int, reps: int, seed: int, after: int) -> FloatArray:
    """Responses of a world, shape (reps, n, sessions), its change of variance included."""
    offsets = np.arange(-BEFORE, after + 1)
    drawn = WORLDS[world].obj
    values = drawn.draw(np.random.default_rng(seed), reps, n, offsets)
    if drawn.shift is not None:
        start, factor = drawn.shift
        values[..., offsets >= start] *= math.sqrt(factor)
    return values


def day0(prices: PriceTable) -> es.Event:
    """An announcement before the session that follows `BEFORE` others."""
    return es.make_event(str(prices.frame.index[BEFORE].date()), time="08:00", title="nothing")


def false(v: ClaimVerdict) -> bool:
    """Whether the verdict says that something happened: supported, or contradicted by a sure effect of the other sign.

    A claim that nobody had traded before is true here: contradicting it is the error.
    """
    if v.claim.kind == "unanticipated":
        return v.word == "contradicted"
    null = 1.0 if v.claim.kind in VARIANCE_KINDS else 0.0
    against = v.word == "contradicted" and v.adjusted <= ARTICLE.alpha and not v.low <= null <= v.high
    return v.word == "supported" or against


def articles(world: str, reps: int, seed: int) -> Count:
    """The article's claims about a date of `reps` simulated histories."""
    false_ones, some = 0, 0
    called: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    for k, responses in enumerate(histories(world, len(SERIES), reps, seed, AFTER)):
        prices = prices_of(responses)
        result = es.judge_claims(
            ARTICLE, prices, event=day0(prices), volatility=VARIANCE, seed=seed + k, others=EventTable([])
        )
        wrong = [v.claim.id for v in result.verdicts if false(v)]
        small = [v.claim.id for v in result.verdicts if v.pvalue <= ARTICLE.alpha]
        false_ones, some = false_ones + bool(wrong), some + bool(small)
        called.update(wrong)
        alone.update(small)
    return Count(false_ones, some, called, alone)


class Grids(NamedTuple):
    """Joint p-values and medians of robustness grids of one world, shape (reps,)."""

    pvalue: FloatArray
    p_all: FloatArray
    p_local: FloatArray
    median_p: FloatArray
    significant: FloatArray


def grids(world: str, reps: int, seed: int) -> Grids:
    """The default grid of `robustness` about a date of `reps` simulated histories."""
    study = es.Study(instruments=["METAL"], model=es.ConstantMean(), volatility=None)
    found = []
    for responses in histories(world, 1, reps, seed, max(last for _, last in WINDOWS)):
        prices = prices_of(responses)
        found.append(es.robustness(study, prices, day0(prices), placebos=PLACEBOS, events=EventTable([])))
    return Grids(*(np.array([getattr(f, name) for f in found]) for name in Grids._fields))


def run(reps: int, seed: int) -> str:
    """Family-wise error of an article, world by world, then the size of a grid's joint p."""
    counts = {world: articles(world, reps, seed) for world in WORDS}
    lines = [
        "Histories of 1,000 sessions in which nothing happened. In percent; the Monte Carlo error at 5% is "
        f"{100 * math.sqrt(0.05 * 0.95 / reps):.1f} points.",
        "",
        "## Articles",
        "",
        f"{len(CLAIMS)} claims about an announcement on {len(SERIES)} independent series, judged together as "
        "`eventstudy claims` does (Holm over the claims, alpha 5%, constant mean, 499 simulated paths). *any*: "
        "articles in which at least one claim is called supported, or contradicted by a sure effect of the other sign; "
        "`unanticipated`, which is true here, counts when it is contradicted. Below it claim by claim: how often it is "
        "so called, and in brackets how often its own p, unadjusted, is at most 5%.",
        "",
        "|claim|" + "|".join(WORDS.values()) + "|",
        "|---" * (1 + len(WORDS)) + "|",
        "|**any**|" + "|".join(f"**{_percent(c.false, reps)}**" for c in counts.values()) + "|",
    ]
    for claim in CLAIMS:
        cells = [f"{_percent(c.called[claim.id], reps)} ({_percent(c.alone[claim.id], reps)})" for c in counts.values()]
        lines.append(f"|`{claim.id}`|" + "|".join(cells) + "|")
    some = [f"{words}: {_percent(c.some, reps)}" for words, c in zip(WORDS.values(), counts.values(), strict=True)]
    lines += ["", f"Without the adjustment some p of an article is at most 5% in this many: {'; '.join(some)}.", ""]
    lines += [
        "## Robustness grids",
        "",
        f"The default grid on one series ({len(WINDOWS)} windows, constant mean, {len(ESTIMATIONS)} estimation "
        f"windows, {len(TESTS)} tests) with {PLACEBOS} placebo dates: how often the joint p is at "
        "most 5%; the ranks that it is the larger of, over all cells and over those in units of the days before; the "
        "median p of the cells; the p of any cell.",
        "",
        "|world|joint p|all cells|local cells|median p|any cell|",
        "|---|---|---|---|---|---|",
    ]
    for world, words in WORDS.items():
        g = grids(world, reps, seed)
        shares = [float(s.mean()) for s in (*(values <= 0.05 for values in g[:-1]), g.significant > 0.0)]
        lines.append("|" + "|".join([words, *(f"{100 * s:.1f}" for s in shares)]) + "|")
    return "\n".join(lines)


def _percent(n: int, reps: int) -> str:
    return f"{100 * n / reps:.1f}"
