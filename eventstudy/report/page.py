"""One self-contained HTML file a study: no network, no scripts, the same bytes for the same inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pandas as pd
from markupsafe import Markup

from eventstudy.domain.events import Event
from eventstudy.domain.instruments import instruments as known_instruments
from eventstudy.domain.windows import Outcome, PairOutcome
from eventstudy.models.base import MODELS
from eventstudy.report import course, plots, tables, variance_events, variants
from eventstudy.report.canvas import figure_svg
from eventstudy.report.parts import NONE, check_target, data_uri, render, told_frame, write_whole
from eventstudy.report.parts import cells as _table
from eventstudy.report.plots import Picture
from eventstudy.study import StudyResult
from eventstudy.verdict import Verdict, effect, headline, judge, p_words, speed_words, volatility_words, window_words

#: The whole page, or what it says of volatility alone.
Part = Literal["all", "volatility"]
_TEMPLATES: dict[Part, str] = {"all": "template.html", "volatility": "volatility.html"}
#: Pairs listed in the red box; the outcomes table has them all.
ALERTS_SHOWN = 6
#: With more pairs than this, all but the first are folded.
PAIRS_OPEN = 2

SIGNS = {"+": "up", "-": "down", "0": "no move", "?": "unclear"}
_PRODUCERS = {"US": "us_producers", "CA": "canadian_producers", "RU": "russian_producers", "CN": "chinese_producers"}
_VARIANCE = {
    "gjr": ("GJR-GARCH(1,1)", "Glosten, Jagannathan & Runkle (1993), J. Finance 48:1779-1801"),
    "garch": ("GARCH(1,1)", "Bollerslev (1986), J. Econometrics 31:307-327"),
    "ewma": ("EWMA variance", "RiskMetrics Technical Document (1996)"),
    "constant": ("constant variance", "no dynamics identified; sample variance"),
}


def page_html(result: StudyResult, *, part: Part = "all") -> str:
    """The report as one HTML document.

    Parameters
    ----------
    result : StudyResult
        Also one in which nothing was usable: the page then says why.
    part : {"all", "volatility"}

    Returns
    -------
    str
        Complete document; pictures are inside it.
    """
    return render(_TEMPLATES[part], _context(result), tables.words_of(result))


def write_page(result: StudyResult, path: str | Path, *, part: Part = "all") -> None:
    """Write the report, or its part on volatility, to `path`; an existing file is replaced whole or not at all.

    Raises
    ------
    InputError
        When the folder is missing, is no folder, or cannot be written, or when `path` is a folder.
    """
    check_target(path)
    write_whole(path, page_html(result, part=part))


def result_html(result: StudyResult) -> str:
    """What a notebook shows: verdict, tests of the primary window, overview picture."""
    verdicts = judge(result)
    parts = [Markup("<p><strong>{}</strong></p>").format(headline(verdicts))]
    frame = tables.verdicts_frame(result, verdicts)
    if len(verdicts) == 1 and result.used:
        tests = tables.pair_tests(result, verdicts[0].event, verdicts[0].instrument)
        frame = tables.tests_frame(result, tests.where(window=result.primary)).drop(columns=["Window", "Law"])
    frame = told_frame(frame, tables.words_of(result))
    parts.append(Markup(frame.to_html(index=False, border=0)))  # pandas escapes the cells
    parts.append(Markup("<p>{}</p>").format(f"Outcomes: {tables.counts_words(result)}"))
    alt = "Price, cumulative abnormal response, volatility and variance multipliers; the numbers are in the tables."
    picture = Markup('<img src="{}" alt="{}" style="max-width: 100%">')
    parts.append(picture.format(data_uri(figure_svg(plots.overview(result))), alt))
    return str(Markup("\n").join(parts))


# ---- the page's parts


def _context(result: StudyResult) -> dict[str, Any]:
    verdicts = judge(result)
    events = list(result.events.values())
    return {
        "title": events[0].label if len(events) == 1 else f"{len(events)} announcements",
        "announced": [(e.label, e.when) for e in events],
        "bars": tables.bar_words(result),
        "known": _table(known_frame(events[0]) if len(events) == 1 else pd.DataFrame(columns=["What", "Value"])),
        "instruments": [result.names.get(i, i) for i in dict.fromkeys(o.instrument for o in result.outcomes)],
        "alert_title": _alert_title(result),
        # A single refused pair: the verdict box is the red box, and one is enough.
        "alerts": _alerts(result) if result.used or len(verdicts) > 1 else [],
        "headline": headline(verdicts),
        "verdict": _verdict_box(result, verdicts),
        "pairs": [_pair(result, o, verdicts) for o in result.used],
        "pairs_open": PAIRS_OPEN,
        "pooled": _pooled(result),
        "expected": _table(expected_frame(result)),
        "world_price": _is_world_price_matter(result),
        "overlaps": _table(tables.overlaps_frame(result, "event window", "near", "variance days")),
        "measured": bool(result.used),
        "overlapping": any(o.place == "event window" for o in result.overlaps),
        "masked": _table(tables.overlaps_frame(result, "estimation window")),
        "counterfactuals": _table(variants.counterfactuals_frame(result)),
        "confounding": _table(variants.confounding_frame(result)),
        "donors": _table(variants.donors_frame(result)),
        "releases": _table(variants.releases_frame(result)),
        "releases_not_known": variants.not_known_words(result),
        "flags": _table(tables.flags_frame(result, near=True)),
        "far_flags": _table(tables.flags_frame(result, near=False)),
        "outcomes": _table(tables.outcomes_frame(result)),
        "counts": tables.counts_words(result),
        "controls": tables.controls_words(result),
        "methods": _table(methods_frame(result)),
        "provenance": _table(tables.provenance_frame(result.provenance)),
        "primary": window_words(result.primary),
    }


def _alert_title(result: StudyResult) -> str:
    dropped, total = len(result.outcomes) - len(result.used), len(result.outcomes)
    if dropped == total:
        return "Nothing could be measured"
    return f"{dropped} of {total} pairs could not be measured" if dropped else "Read with care"


def _alerts(result: StudyResult) -> list[tuple[str, str]]:
    """(what, why and what to do) of refused pairs, of events marked as unusable, of markets that are struck later."""
    refused = [o for o in result.outcomes if o.outcome is not Outcome.USED]
    alerts = [(f"{o.instrument}: {tables.outcome_words(o)}", _refusal(result, o)) for o in refused[:ALERTS_SHOWN]]
    if len(refused) > ALERTS_SHOWN:
        alerts.append((f"{len(refused) - ALERTS_SHOWN} more", "See the outcomes below."))
    said = {o.event for o in refused if o.outcome is Outcome.UNUSABLE_EVENT}
    for event in result.events.values():
        if not event.usable and event.id not in said:
            alerts.append((f"The catalogue marks “{event.label}” as unusable", f"{event.reason}."))
    measured = {o.instrument for o in result.used}
    alerts += [
        (f"{m.instrument}: a market that is struck later", m.words) for m in result.later if m.instrument in measured
    ]
    return alerts


def _refusal(result: StudyResult, outcome: PairOutcome) -> str:
    text = outcome.detail or tables.outcome_words(outcome)
    text = f"{text[:1].upper()}{text[1:]}."
    if len(result.events) > 1:
        text = f"“{result.events[outcome.event].label}”: {text}"
    return f"{text} {_advice(outcome)}".strip()


def _advice(outcome: PairOutcome) -> str:
    stale = outcome.outcome is Outcome.STALE_PRICES and outcome.instrument == "ALI=F"
    return "The LME price is the instrument LME-3M: measure that one." if stale else ""


def _verdict_box(result: StudyResult, verdicts: tuple[Verdict, ...]) -> dict[str, Any]:
    """The word, three numbers (one pair) or a row a pair (several), and the paragraphs."""
    words = [v.word for v in verdicts]
    word = "reaction" if "reaction" in words else "inconclusive" if "inconclusive" in words else "untestable"
    label = tables.verdict_words(result, next(v for v in verdicts if v.word == word))
    if len(verdicts) > 1 and word == "reaction":
        label = f"Reaction in {words.count('reaction')} of {len(words) - words.count('untestable')}"
    single = len(verdicts) == 1
    return {
        "word": word,
        "label": label,
        "strip": _strip(result, verdicts[0]) if single and word != "untestable" else [],
        "many": None if single else _table(tables.verdicts_frame(result, verdicts)),
        "more": [s.text for s in verdicts[0].said[1:]] if single and result.used else [],
        "refused": single and not result.used,
        "advice": _advice(result.outcomes[0]) if single else "",
    }


def _strip(result: StudyResult, verdict: Verdict) -> list[tuple[str, str, str]]:
    """(name, number, meaning): effect, interval, how sure."""
    zero = "leaves out zero" if verdict.low > 0.0 or verdict.high < 0.0 else "includes zero"
    count = round(100.0 * verdict.pvalue)
    chance = f"in {count} of 100" if count else "in fewer than 1 of 100"
    return [
        ("Effect", effect(verdict.estimate, verdict.unit), f"over {window_words(verdict.window)}"),
        (f"{tables.confidence(result)} interval", tables.span(verdict.low, verdict.high, verdict.unit), zero),
        ("How sure", p_words(verdict.pvalue), f"chance does as much {chance} windows"),
    ]


def _pair(result: StudyResult, outcome: PairOutcome, verdicts: tuple[Verdict, ...]) -> dict[str, Any]:
    """Everything the page shows of one used pair."""
    event, instrument = outcome.event, outcome.instrument
    tests = tables.pair_tests(result, event, instrument)
    pooled = [t for t in result.tests if t.instrument is None and t.window == result.primary]
    absent = [*tests.where(window=result.primary), *(pooled if len(result.used) == 1 else [])]
    around = tables.abnormal_frame(result, event, instrument, around=1)
    days = tables.abnormal_frame(result, event, instrument)
    primary = tables.tests_frame(result, tests.where(window=result.primary))
    verdict = next(v for v in verdicts if (v.event, v.instrument) == (event, instrument))
    name = result.names.get(instrument, instrument)
    return {
        "name": f"{name}: {result.events[event].label}" if len(result.events) > 1 else name,
        "sentence": verdict.sentence,
        "more": [s.text for s in verdict.said[1:]] if len(verdicts) > 1 else [],
        "day0": tables.day0_words(result, event, instrument),
        "ambiguous": _table(around) if tables.is_ambiguous(result, event, instrument) else None,
        "pictures": {p: _picture(result, event, instrument, p) for p in plots.PICTURES},
        "absent": _absent(result, event, instrument),
        "abnormal": _table(days),
        "day0_row": days["Day"].tolist().index("0") if "0" in days["Day"].tolist() else -1,
        "primary": _table(primary.drop(columns=["Window", "Law", "Trust"])),
        "trust": primary["Trust"].tolist(),
        "trusted": plots.verdict_test(result, event, instrument) is not None,
        "others": _table(tables.windows_frame(result, event, instrument)),
        "all_tests": _table(tables.tests_frame(result, tests).drop(columns="Trust")),
        "refused": tables.refused_tests(result, absent),
        "volatility_words": volatility_words(tables.response_of(result, event, instrument), result.study.alpha),
        "volatility": _table(tables.volatility_frame(tables.response_of(result, event, instrument))),
        "ways": _table(course.ways_frame(result, tables.response_of(result, event, instrument))),
        "course": _table(course.course_frame(result, tables.response_of(result, event, instrument))),
        "speed": _speed(result, event, instrument),
        "variance": _variance(result, event, instrument),
        "spillover": _spillover(result, event, instrument),
        "params": _table(tables.params_frame(result, event, instrument)),
    }


def _speed(result: StudyResult, event: str | None, instrument: str | None) -> dict[str, Any] | None:
    """The sentence on speed, its tests and the sessions read off the path."""
    speed = course.speed_of(result, event, instrument)
    if speed is None:
        return None
    return {
        "sentence": speed_words(speed),
        "tests": _table(course.speed_frame(result, speed)),
        "moments": _table(course.moments_frame(result, speed)),
        "why_no_moments": course.why_no_moments(speed),
    }


def _variance(result: StudyResult, event: str, instrument: str) -> dict[str, Any] | None:
    """Event regressor, break, before and after: sentences, the ways of asking, and the tables behind them."""
    pair = variance_events.variance_of(result, event, instrument)
    if pair is None:
        return None
    asked, found = variance_events.asked_frame(result, pair), pair.regressor
    behind = (
        ("Coefficients with the event regressor", variance_events.coefficients_frame(found) if found else None),
        ("Any number of breaks: the one nearest to day 0", variance_events.breaks_frame(pair)),
        ("Before and after: tests that describe", variance_events.change_frame(pair)),
        ("From open, high, low and close: p is a rank among windows before", variance_events.ranges_frame(pair)),
    )
    return {
        "sentences": variance_events.leading_sentences(result, pair),
        "refusals": variance_events.refusals(pair),
        "asked": _table(asked),
        "reported": 0 if asked["Read it as"].str.startswith(variance_events.REPORTED).head(1).any() else -1,
        "behind": [(title, _table(frame)) for title, frame in behind if frame is not None and len(frame)],
    }


def _spillover(result: StudyResult, event: str, instrument: str) -> dict[str, Any] | None:
    """Spillover from one pair: the sentence and a row a target."""
    pairs = variance_events.spillover_of(result, event, instrument)
    if not pairs:
        return None
    return {
        "sentence": variance_events.spillover_sentence(result, pairs),
        "table": _table(variance_events.spillover_frame(pairs)),
    }


def _picture(result: StudyResult, event: str, instrument: str, picture: Picture) -> dict[str, str]:
    if plots.why_not(result, event, instrument, picture):
        return {}
    svg = plots.picture_svg(result, event, instrument, picture)
    alt = plots.picture_words(result, event, instrument, picture)
    return {"src": data_uri(svg), "alt": alt, "caption": plots.HOW_TO_READ[picture]}


def _absent(result: StudyResult, event: str, instrument: str) -> list[tuple[str, str]]:
    """(pictures, reason) of those that cannot be drawn; one line a reason."""
    groups: dict[str, list[str]] = {}
    for picture in plots.PICTURES:
        reason = plots.why_not(result, event, instrument, picture)
        if reason:
            groups.setdefault(reason, []).append(picture.replace("_", " "))
    return [(" and ".join(filter(None, (", ".join(p[:-1]), p[-1]))), reason) for reason, p in groups.items()]


def _test_advice(result: StudyResult) -> dict[str, Any] | None:
    """The statistic to trust across pairs and those to distrust, by title; chosen without looking at results."""
    if result.advice is None:
        return None
    distrust: dict[str, list[str]] = {}
    for key, reason in result.advice.distrust:
        distrust.setdefault(reason, []).append(tables.entry_of(key).title)
    return {
        "trust": tables.entry_of(result.advice.trust).title,
        "why": result.advice.why,
        "distrust": [("; ".join(titles), reason) for reason, titles in distrust.items()],
    }


def _pooled(result: StudyResult) -> dict[str, Any] | None:
    tests = tables.pooled_tests(result)
    if not len(tests):
        return None
    return {
        "primary": _table(tables.pooled_frame(result, primary=True).drop(columns="Window")),
        "advice": _test_advice(result),
        "others": _table(tables.pooled_frame(result, primary=False)),
        "refused": tables.refused_tests(result, tests.where(window=result.primary)),
        "speed": next((_speed(result, s.event, None) for s in result.speed if s.instrument is None), None),
        "pairs": tests[0].n_pairs,
        "dates": tests[0].n_dates,
    }


def _is_world_price_matter(result: StudyResult) -> bool:
    """Whether a tariff is studied; of an announcement of one's own, without tags, on a price, it may be one."""
    known = known_instruments()
    prices = [o.instrument for o in result.used if o.instrument in known and known[o.instrument].role == "price"]
    events = result.events.values()
    return any(tag.startswith("tariff") for e in events for tag in e.tags) or (
        bool(prices) and any(not e.tags for e in events)
    )


# ---- what the catalogue expected, and how it was measured


def expected_frame(result: StudyResult) -> pd.DataFrame:
    """Directions that the catalogue expected, beside what was found."""
    verdicts = judge(result)
    rows = []
    for event in result.events.values():
        for reactor, sign in event.expected.items():
            found = [v for v in verdicts if v.event == event.id and reactor in reactors_of(v.instrument)]
            measured = [v for v in found if v.word != "untestable"]
            rows.append(
                [
                    reactor_words(reactor), SIGNS[sign],
                    "; ".join(f"{v.instrument} {effect(v.estimate, v.unit)} ({p_words(v.pvalue)})" for v in measured)
                    or "not measured here",
                    "; ".join(dict.fromkeys(_reading(v, sign) for v in measured)) or NONE,
                ]
            )  # fmt: skip
    return pd.DataFrame(rows, columns=["Who", "Expected", "Found", "Reading"])


def reactor_words(reactor: str) -> str:
    """``us_premium`` as a reader says it."""
    first, *rest = reactor.split("_")
    return " ".join(["US" if first == "us" else first.capitalize(), *rest])


def _reading(verdict: Verdict, sign: str) -> str:
    moved = verdict.word == "reaction"
    if sign == "?":
        return "no direction to compare with"
    if sign == "0":
        return "moved, though no move was expected" if moved else "no clear move, which is no proof of none"
    if not moved:
        return "inconclusive"
    return "as expected" if (verdict.estimate > 0.0) == (sign == "+") else "against the expectation"


def reactors_of(instrument: str) -> tuple[str, ...]:
    """The catalogue's groups to which an instrument belongs; none for instruments nobody described."""
    one = known_instruments().get(instrument)
    if one is None:
        return ()
    regions = one.region.split("+")
    if one.role == "producer":
        return tuple(_PRODUCERS[r] for r in regions if r in _PRODUCERS)
    if one.role == "price" and "alumin" in one.name.lower():
        return tuple({"world": "world_price", "US": "us_price"}[r] for r in regions if r in ("world", "US"))
    return ("us_premium",) if one.role == "premium" and "US" in regions else ()


def known_frame(event: Event) -> pd.DataFrame:
    """What the catalogue knows of an event besides its date; empty rows are left out."""
    anticipated = "" if event.anticipated == "unknown" else event.anticipated
    rows = [
        ["Anticipated", ": ".join(filter(None, (anticipated, event.anticipation_note)))],
        ["Clock", event.clock_note],
        ["In force", event.effective],
        ["Press", event.reported],
        ["Note", event.note],
        *(["Source", source] for source in event.sources),
    ]
    return pd.DataFrame([r for r in rows if r[1]], columns=["What", "Value"])


def methods_frame(result: StudyResult) -> pd.DataFrame:
    """Models and statistics that gave a number here: what they test, what they assume, where they come from."""
    words = [text for text, _ in result.models.values()]
    keys = dict.fromkeys([result.study.model.key, *("constant_mean" for text in words if text == "constant mean")])
    keys |= dict.fromkeys("lagged_market" for text in words if text.startswith("lagged market"))
    rows = [[MODELS[k].title, MODELS[k].facts["formula"], "", MODELS[k].facts["reference"]] for k in keys]
    for method in dict.fromkeys(v.model.method for v in result.volatility if v.model is not None):
        title, reference = _VARIANCE[method]
        rows.append([title, "the variance continues the session before the window", "", reference])
    rows += [list(row) for row in variance_events.METHODS if result.variance_events]
    rows += [list(row) for row in variance_events.SPILLOVER_METHODS if result.spillover]
    used = dict.fromkeys(t.statistic for t in result.tests if t.applicable and (t.instrument or t.n_pairs > 1))
    for key in sorted(used, key=tables.trust_rank):
        facts = tables.entry_of(key).facts
        rows.append([tables.entry_of(key).title, facts["null"], facts["assumptions"], facts["reference"]])
    return pd.DataFrame(rows, columns=["Method", "Null or formula", "Assumes", "Reference"])
