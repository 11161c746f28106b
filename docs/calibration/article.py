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

#: Articles and grids in the third world: 1.3 points of Monte Carlo error at 5%. The kinder worlds get a share of them.
REPS = 300
SHARE = {"iid_normal": 0.2, "garch_t": 0.5, "variance_x4_before": 1.0}
#: Enough for a 5% point; a user's grid has 199.
PLACEBOS = 39
VARIANCE = es.GarchResponse(draws=499, engine=CompiledEngine())
#: Sessions before the announcement and after it: a thousand and the gap, and the longest claim.
BEFORE, AFTER = 1010, 62
#: Weight of the market's news and of the metal's in each series; what is left of a variance of one is its own news.
SERIES = {
    "MARKET": (1.0, 0.0), "METAL": (0.4, math.sqrt(0.84)), "PREMIUM": (0.0, 0.4), "BUYER": (0.8, -0.2),
    "NORTH1": (0.6, 0.4), "NORTH2": (0.6, 0.4), "SOUTH1": (0.6, 0.4),
}  # fmt: skip
#: What the market model explains the series by, as in the catalogue, where the premium has no benchmark.
BENCHMARK = {name: ("MARKET",) for name in SERIES if name not in ("MARKET", "PREMIUM")}
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
    frame = pd.DataFrame(100.0 * np.exp(responses.cumsum(axis=1)).T, days, columns=list(SERIES))
    table = InstrumentTable([Instrument(id=n, unit="USD", benchmark=BENCHMARK.get(n, ())) for n in SERIES])
    return build_table(frame, table, origins=())


def histories(world: str, reps: int, seed: int) -> FloatArray:
    """Responses of all series in a world, shape (reps, series, sessions), its change of variance included."""
    offsets = np.arange(-BEFORE, AFTER + 1)
    drawn = WORLDS[world].obj
    news = drawn.draw(np.random.default_rng(seed), reps, 2 + len(SERIES), offsets)
    shared = np.array(list(SERIES.values()))
    own = np.sqrt(np.maximum(1.0 - (shared**2).sum(axis=1), 0.0))
    values: FloatArray = shared @ news[:, :2] + own[:, None] * news[:, 2:]
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
    for k, responses in enumerate(histories(world, reps, seed)):
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
    study = es.Study(instruments=["METAL"], volatility=None)
    found = []
    for responses in histories(world, reps, seed):
        prices = prices_of(responses)
        found.append(es.robustness(study, prices, day0(prices), placebos=PLACEBOS, events=EventTable([])))
    return Grids(*(np.array([getattr(f, name) for f in found]) for name in Grids._fields))


def run(reps: int, seed: int) -> str:
    """Family-wise error of an article, world by world, then the size of a grid's joint p."""
    n = {world: max(1, round(SHARE[world] * reps)) for world in WORDS}
    counts = {world: articles(world, n[world], seed) for world in WORDS}
    lines = [
        f"Histories of {BEFORE:,} sessions and an announcement at which nothing happened. In percent; the error beside "
        "a number is its Monte Carlo standard error.",
        "",
        f"{len(SERIES)} series move together. News of the market and of the metal reaches them with the weights "
        f"{', '.join(f'{name} {market:g} and {metal:.2g}' for name, (market, metal) in SERIES.items())}; the rest of a "
        "variance of one is a series' own news. All news is of the world named, and a change of variance is one of "
        "all series. MARKET is the benchmark of all but PREMIUM, which has none, as in the catalogue.",
        "",
        "## Articles",
        "",
        f"{len(CLAIMS)} claims about an announcement, judged together as `eventstudy claims` does (market model, for "
        "the premium its own mean; Holm over the claims, alpha 5%, 499 simulated paths). *any*: "
        "articles in which at least one claim is called supported, or contradicted by a sure effect of the other sign; "
        "`unanticipated`, which is true here, counts when it is contradicted. Below it claim by claim: how often it is "
        "so called, and in brackets how often its own p, unadjusted, is at most 5%.",
        "",
        "|claim|" + "|".join(WORDS.values()) + "|",
        "|---" * (1 + len(WORDS)) + "|",
        "|articles|" + "|".join(str(n[w]) for w in WORDS) + "|",
        "|**any**|" + "|".join(f"**{_percent(c.false, n[w])}**" for w, c in counts.items()) + "|",
        "|some p at most 5%|" + "|".join(_percent(c.some, n[w]) for w, c in counts.items()) + "|",
    ]
    for claim in CLAIMS:
        shares = [(100 * c.called[claim.id] / n[w], 100 * c.alone[claim.id] / n[w]) for w, c in counts.items()]
        lines.append(f"|`{claim.id}`|" + "|".join(f"{false:.1f} ({alone:.1f})" for false, alone in shares) + "|")
    lines += [
        "",
        "## Robustness grids",
        "",
        f"The default grid on METAL ({len(WINDOWS)} windows, 3 models, {len(ESTIMATIONS)} estimation windows, "
        f"{len(TESTS)} tests) with {PLACEBOS} placebo dates: how often the joint p is at most 5%; the ranks that it is "
        "the larger of, over all cells and over those in units of the days before; the median p of the cells; the p "
        "of any cell.",
        "",
        "|world|grids|joint p|all cells|local cells|median p|any cell|",
        "|---" * 7 + "|",
    ]
    for world, words in WORDS.items():
        g = grids(world, n[world], seed)
        hits = [int(s.sum()) for s in (*(values <= 0.05 for values in g[:-1]), g.significant > 0.0)]
        lines.append("|" + "|".join([words, str(n[world]), *(_percent(h, n[world]) for h in hits)]) + "|")
    return "\n".join(lines)


def _percent(hits: int, n: int) -> str:
    """Percent with its standard error, which is not zero where nothing was hit."""
    share = (hits + 1) / (n + 2)
    return f"{100 * hits / n:.1f} ± {100 * math.sqrt(share * (1 - share) / n):.1f}"
