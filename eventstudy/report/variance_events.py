"""Event regressors in the variance, breaks, before and after, spillover: sentences, then tables for readers."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from eventstudy.domain.intraday import when_words
from eventstudy.report.parts import NONE
from eventstudy.report.tables import session_words
from eventstudy.results import TestResult
from eventstudy.study import StudyResult
from eventstudy.verdict import p_words, pvalue, raised_words, window_words
from eventstudy.volatility.event_tests import EventVariance
from eventstudy.volatility.shapes import VarianceShape
from eventstudy.volatility.spillover import PairSpillover
from eventstudy.volatility.variance_events import PairVariance

REPORTED = "the row to report"
#: How often a test rejects a true null at 5%, by form, in the worlds of docs/reference/calibration-event-variance.md.
SIZES = {
    ("event_lr_bootstrap", "multiplicative"): "4% to 6%", ("event_lr_bootstrap", "additive"): "3% to 12%",
    ("event_lr", "multiplicative"): "5% to 6%", ("event_lr", "additive"): "6% to 22%",
    ("event_wald", "multiplicative"): "6% to 20%", ("event_wald", "additive"): "6% to 14%",
}  # fmt: skip
#: The same where volatility clusters strongly, the larger of two processes of
#: docs/reference/calibration-variance-events.md.
CLUSTERED = {
    "variance_f": 19, "variance_f_centred": 19, "brown_forsythe": 27, "wilcoxon_variance": 17, "variance_placebo": 12,
    "kappa2": 9, "yang_zhang": 13,
}  # fmt: skip
#: The most that the two tests of spillover reject at 5% where both variances rise for some days, same page.
TOGETHER = {"correlation_change": 12, "variance_causality": 22}
_TOO_OFTEN = f"where volatility clusters, this p rejects a true null in {CLUSTERED['kappa2']}% of samples at 5%"
_TOGETHER = (
    f"It describes: where both variances rise for some days, this p rejects a true null in up to "
    f"{TOGETHER['correlation_change']}% of samples at 5%, that of who leads in up to {TOGETHER['variance_causality']}%."
)
_MODELS = {"gjr": "GJR-GARCH", "garch": "GARCH"}
_REGRESSOR = {
    "event_lr_bootstrap": "event regressor, likelihood ratio by bootstrap",
    "event_lr": "the same by its asymptotic law",
    "event_wald": "event regressor, robust Wald",
}
_CHANGE = {
    "variance_f": "F about zero",
    "variance_f_centred": "F about the mean after",
    "brown_forsythe": "Brown and Forsythe",
    "wilcoxon_variance": "Wilcoxon rank sum of sizes",
    "variance_placebo": "rank among windows before",
}
_RANGES = {
    "parkinson": "Parkinson",
    "garman_klass": "Garman and Klass",
    "rogers_satchell": "Rogers and Satchell",
    "yang_zhang": "Yang and Zhang",
    "close_close": "closes alone",
}
_FINDERS = {
    "icss_kappa2": ("iterated kappa-2", "allows for fat tails and clustering"),
    "segments": ("penalised least squares on log squares", "for bursts as well"),
    "icss_it": ("iterated sums of squares", "takes clustering for breaks: description only"),
}
METHODS = (
    (
        "event regressor in the variance", "the regressor's coefficient is zero; p by paths of the fit without it",
        "independent standardised residuals",
        "Bollerslev & Wooldridge (1992), Econometric Reviews 11:143-172; Self & Liang (1987), JASA 82:605-610",
    ),
    (
        "kappa-2 and the date of one break", "one variance in all sessions around day 0; p by paths of a GARCH before",
        "finite fourth moments", "Sanso, Arago & Carrion (2004); Bai (1997); Eo & Morley (2015)",
    ),
    (
        "variance before and after", "one variance on both sides", "independent residuals: describes, does not prove",
        "Brown & Forsythe (1974); Parkinson (1980); Yang & Zhang (2000)",
    ),
)  # fmt: skip
SPILLOVER_METHODS = (
    (
        "spillover: change of correlation", "the correlation follows the DCC fitted before; p by its paths",
        "the DCC and its own shocks", "Engle (2002), J. Business & Economic Statistics 20:339-350",
    ),
    (
        "spillover: causality in variance", "squares of one series do not lead those of the other; p by permutation",
        "exchangeable standardised residuals", "Cheung & Ng (1996); Hong (2001), J. Econometrics 103:183-224",
    ),
)  # fmt: skip


def variance_of(result: StudyResult, event: str, instrument: str) -> PairVariance | None:
    """What was found on a pair; None where nobody asked."""
    return next((v for v in result.variance_events if (v.event, v.instrument) == (event, instrument)), None)


def spillover_of(result: StudyResult, event: str, instrument: str) -> tuple[PairSpillover, ...]:
    """Spillover from one pair, a target each."""
    return tuple(s for s in result.spillover if (s.event, s.source) == (event, instrument))


# ---- in words


def variance_sentences(result: StudyResult, pair: PairVariance) -> list[str]:
    """What the event regressor, the break, and the comparison of before and after say, one sentence each."""
    return [*leading_sentences(result, pair), _change_words(pair)]


def leading_sentences(result: StudyResult, pair: PairVariance) -> list[str]:
    """Those that a test decides: what the event regressor means, and whether the data's own break agrees."""
    if pair.regressor is None or pair.breaks is None:
        return [f"Event in the variance: not measured ({pair.reason})."]
    dated = pair.breaks.summary()
    dated = f"{dated[:1].upper()}{dated[1:]}." if pair.breaks.around else f"Break: not dated ({pair.breaks.reason})."
    if pair.breaks.around and pair.breaks.around.pvalue <= pair.breaks.alpha:
        dated += f" Read it with care: {_TOO_OFTEN}."
    said = [_regressor_words(result, pair.regressor), dated]
    return said if pair.diurnal is None else [*said, f"{pair.diurnal.words[:1].upper()}{pair.diurnal.words[1:]}."]


def refusals(pair: PairVariance) -> list[tuple[str, str]]:
    """(what, reason) of comparisons that the tables leave out."""
    rows = [("Before and after", pair.change[0].reason if len(pair.change) else pair.reason)]
    return [row for row in (*rows, ("Ranges", pair.ranges.reason)) if row[1]]


def _regressor_words(result: StudyResult, found: EventVariance) -> str:
    if found.reason:
        return f"Event in the variance ({found.shapes[0].label}): not measured ({found.reason})."
    test, law = found.tests[0], ""
    if not test.applicable:
        test, size = found.tests[1], SIZES["event_lr", found.form]
        law = f" by its asymptotic law, which rejects a true null in {size} of samples at 5%"
    when, fading = _when(found.shapes[0], "day" if result.minutes is None else "bar")
    if found.form == "multiplicative":
        low, high, one = float(found.multiplier_low[0]), float(found.multiplier_high[0]), 1.0
        size = f"the variance {when} was {found.multiplier[0]:.2f} times what it would have been"
    else:
        low, high, one = float(found.low[0]), float(found.high[0]), 0.0
        size = f"the event added {found.delta[0]:.3g} to the variance {when}"
    sure = test.pvalue <= result.study.alpha
    clear = raised_words(raised=sure and low > one, lowered=high < one)
    if found.form == "additive":
        clear = "event in the variance, described and not judged"
    care = f" Read it with care: {found.problem}." if found.problem else ""
    return (
        f"{clear[:1].upper()}{clear[1:]}: inside a {_MODELS[found.kind]}, {size}{fading} "
        f"(interval {low:.3g} to {high:.3g}, {p_words(test.pvalue)}{law}).{care}"
    )


def _when(shape: VarianceShape, each: str) -> tuple[str, str]:
    """Days or bars of a shape, and how it fades."""
    if isinstance(shape.window, tuple):
        return f"of {each}s {shape.window[0]} to {shape.window[1]}", ""
    if shape.kind == "step":
        return f"from {each} {shape.window} on", ""
    return f"of {each} {shape.window}", f", fading with a half-life of {shape.half_life:g} sessions"


def _change_words(pair: PairVariance) -> str:
    said = []
    if len(pair.change):
        test = pair.change[0]
        said.append(f"mean square {_times(test)}" if test.applicable else f"mean square not measured ({test.reason})")
    best = pair.ranges.tests.where(statistic="yang_zhang")[0]
    said.append(f"Yang and Zhang's range variance {_times(best)}" if best.applicable else f"no ranges ({best.reason})")
    window = window_words(best.window)
    return f"Without a model, which describes and proves nothing, {window} against before: {'; '.join(said)}."


def _times(test: TestResult) -> str:
    return f"{test.estimate:.2f} times"


def spillover_sentence(result: StudyResult, pairs: tuple[PairSpillover, ...]) -> str:
    """To how many targets the correlation changed, which p-values of several targets leave unadjusted."""
    tested = {p.target: p.tests[0] for p in pairs if not p.reason}
    if not tested:
        return "Spillover: not measured on any target; the table says why."
    moved = [name for name, test in tested.items() if test.pvalue <= result.study.alpha]
    first, test = next(iter(tested.items()))
    over = f"the correlation over {window_words(test.window)}"
    led = "from what the sessions before led to expect"
    if len(tested) == 1:
        differs = "differs" if moved else "does not differ"
        return f"Spillover to {first}: {over} {differs} {led} ({p_words(test.pvalue)}). {_TOGETHER}"
    which, of = ", ".join(moved) or "none", f"of {len(tested)} targets; p is not adjusted for their number"
    return f"Spillover: {over} differs {led} for {which} {of}. {_TOGETHER}"


# ---- as tables


def asked_frame(result: StudyResult, pair: PairVariance) -> pd.DataFrame:
    """One row a way of asking whether the variance changed: the one to report first, what only describes last."""
    rows = []
    if pair.regressor is not None and not pair.regressor.reason:
        rows += [_regressor_row(pair.regressor, test) for test in pair.regressor.tests]
    if pair.breaks is not None and pair.breaks.around is not None:
        rows.append(_break_row(result, pair))
    rank = pair.change.where(statistic="variance_placebo")
    for name, tests in (("mean square", rank), ("Yang and Zhang", pair.ranges.tests.where(statistic="yang_zhang"))):
        rows += [
            [
                f"{name}, after over before", _times(t), pvalue(t.pvalue),
                f"descriptive: where volatility clusters, the rank rejects a true null in "
                f"{CLUSTERED[t.statistic]}% of samples at 5%",
            ]
            for t in tests
            if t.applicable
        ]  # fmt: skip
    return pd.DataFrame(rows, columns=["Asked", "Answer", "p", "Read it as"])


def _regressor_row(found: EventVariance, test: TestResult) -> list[str]:
    factor = float(found.multiplier[0])
    answer = f"times {factor:.2f}" if math.isfinite(factor) else f"plus {test.estimate:.3g} a day"
    if not test.applicable:
        return [_REGRESSOR[test.statistic], answer, NONE, test.reason]
    often = f"it rejects a true null in {SIZES[test.statistic, found.form]} of samples at 5%"
    if test.statistic == "event_lr_bootstrap" and found.form == "multiplicative":
        reading = f"{REPORTED}, by {test.distribution}; p is at least {pvalue(test.smallest_p)}; {often}"
    else:
        reading = f"descriptive: {often}"
        answer = answer if test.statistic == "event_lr_bootstrap" else "the same"
    return [_REGRESSOR[test.statistic], answer, pvalue(test.pvalue), reading]


def _break_row(result: StudyResult, pair: PairVariance) -> list[str]:
    assert pair.breaks is not None
    one = pair.breaks.around
    assert one is not None
    found = one.pvalue <= result.study.alpha
    dates = f"{when_words(one.break_date)} ({when_words(one.low)} to {when_words(one.high)})"
    answer = f"{dates}: {pair.breaks.agreement}" if found else "no break"
    simulated = math.isfinite(one.p_clustered)
    law = f"descriptive, by paths of a GARCH before: {_TOO_OFTEN}"
    law = law if simulated else "descriptive, by its own law: too sure where volatility clusters"
    return [f"one break in {one.n} sessions around day 0, kappa-2", answer, pvalue(one.pvalue), law]


def breaks_frame(pair: PairVariance) -> pd.DataFrame:
    """The break nearest to day 0 by the methods that look for any number of breaks."""
    breaks = pair.breaks
    rows = []
    if breaks is not None:
        for key, (words, note) in _FINDERS.items():
            offset, near = breaks.nearest.get(key), NONE
            if offset is not None and breaks.event is not None:
                near = when_words(pair.dates[int(np.searchsorted(pair.dates, breaks.event)) + offset])
            count = str(getattr(breaks, key).size)
            rows.append([words, count, near, NONE if offset is None else session_words(offset), note])
    return pd.DataFrame(rows, columns=["Search", "Breaks", "Nearest", "Session", "Note"])


def change_frame(pair: PairVariance) -> pd.DataFrame:
    """Tests of variance before and after: none allows for clustering fully."""
    rows = [
        [words, pvalue(test.pvalue), f"{CLUSTERED[test.statistic]}%"]
        for key, words in _CHANGE.items()
        for test in pair.change.where(statistic=key)
        if test.applicable
    ]
    return pd.DataFrame(rows, columns=["Test", "p", "Rejects at 5% where volatility clusters"])


def ranges_frame(pair: PairVariance) -> pd.DataFrame:
    """Variance per day from bars, as standard deviations; empty where the bars were refused."""
    found = pair.ranges  # refused ranges have no tests, so what is read below is there
    rows = [
        [
            _RANGES[t.statistic], f"{100.0 * math.sqrt(found.before[t.statistic]):.2f}%",  # type: ignore[index]
            f"{100.0 * math.sqrt(found.after[t.statistic]):.2f}%", _times(t), pvalue(t.pvalue),  # type: ignore[index]
        ]
        for t in found.tests
        if t.applicable
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["Estimator", "A day before", "A day after", "Variance", "p"])


def spillover_frame(pairs: tuple[PairSpillover, ...]) -> pd.DataFrame:
    """One row a target: mean conditional correlations, the test of the window, who leads whom, and what to know."""
    rows = []
    for p in pairs:
        numbers = [p.before, p.during, p.after, p.expected]
        shown = [NONE if math.isnan(x) else f"{x:+.2f}" for x in numbers]
        tests = [pvalue(t.pvalue) if t.applicable else NONE for t in p.tests][:3]
        rows.append([p.target, *shown, *tests, p.reason or p.problem])
    columns = ["Target", "Before", "During", "After", "Expected", "p, change", "p, leads", "p, follows", "Note"]
    return pd.DataFrame(rows, columns=columns)


def coefficients_frame(found: EventVariance) -> pd.DataFrame:
    """Coefficients of the fit with the regressor, and robust standard errors."""
    rows = [[str(name), f"{row['estimate']:.4g}", f"{row['se']:.2g}"] for name, row in found.parameters().iterrows()]
    return pd.DataFrame(rows, columns=["Coefficient", "Estimate", "Robust se"])
