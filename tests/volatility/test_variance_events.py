"""Variance events in a study: the numbers of the functions called by hand, the words of the docs, every refusal."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import eventstudy as es
from eventstudy.report.page import page_html
from eventstudy.report.record import dumps, study_record
from eventstudy.report.variance_events import (
    CLUSTERED,
    SIZES,
    TOGETHER,
    asked_frame,
    breaks_frame,
    spillover_frame,
    spillover_sentence,
    variance_sentences,
)
from eventstudy.volatility.variance_events import FIRST, LAST

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
real = pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
ACCORD, RUSAL = "six-nation-accord-1994", "ofac-rusal-2018"
#: The parts of a study that this file does not look at.
QUIET = es.Study(instruments=["AA"], statistics=(), volatility=None, counterfactuals=False)


@pytest.fixture(scope="module")
def accord() -> es.StudyResult:
    """The 1994 accord on Alcoa against the other stocks of its index, and on to two of them."""
    study = replace(
        QUIET, model=es.MarketModel("DOW29"), variance_events=es.VarianceEvents(bootstrap=99),
        spillover=["BA", "IP", "NOPE", "AA"],
    )  # fmt: skip
    return study.run(es.load("embedded"), es.catalog()[ACCORD])


def test_the_residuals_are_a_regression_by_hand(accord: es.StudyResult) -> None:
    returns = es.load("embedded").with_derived(["DOW29"]).to_returns()[["AA", "DOW29"]]
    day0 = int(np.searchsorted(returns.index, pd.Timestamp("1994-01-31")))
    y, x = returns["AA"].to_numpy(), np.column_stack((np.ones(len(returns)), returns["DOW29"]))
    fit = slice(max(0, day0 + FIRST), day0 - 10)
    coefficients, *_ = np.linalg.lstsq(x[fit], y[fit], rcond=None)
    by_hand = (y - x @ coefficients)[fit.start : day0 + LAST + 1]
    pair = accord.variance_events[0]
    assert pair.dates[-1] == returns.index[day0 + LAST].to_numpy().astype("datetime64[D]")
    # Two solutions of one least-squares problem: apart by rounding alone.
    np.testing.assert_allclose(pair.residual, by_hand, rtol=0, atol=1e-13)


def test_the_study_gives_what_the_functions_give(accord: es.StudyResult) -> None:
    pair = accord.variance_events[0]
    residual = pd.Series(pair.residual, pd.DatetimeIndex(pair.dates), name="AA")
    by_hand = es.event_variance_test(residual, event=ACCORD, kind="gjr", dist="t", bootstrap=99)
    assert pair.regressor is not None
    assert [t.to_record() for t in pair.regressor.tests] == [t.to_record() for t in by_hand.tests]
    assert {t.event for t in by_hand.tests} == {ACCORD}
    assert {t.instrument for t in by_hand.tests} == {"AA"}
    assert pair.breaks is not None
    assert pair.breaks.to_record() == es.variance_breaks(residual, event="1994-01-31").to_record()
    day0 = int(np.searchsorted(pair.dates, np.datetime64("1994-01-31")))
    before = pair.residual[day0 - 260 : day0 - 10]
    ratio = np.mean((pair.residual[day0 + 1 : day0 + 21] - before.mean()) ** 2) / before.var()
    assert pair.change[0].estimate == pytest.approx(ratio, rel=1e-12)


def test_spillover_is_that_of_the_function(accord: es.StudyResult) -> None:
    by_hand = es.spillover(es.load("embedded"), "AA", ["BA", "IP"], event="1994-01-31")
    assert [s.target for s in accord.spillover] == ["BA", "IP", "NOPE"]
    for one, other in zip(accord.spillover, by_hand.pairs, strict=False):
        assert (one.before, one.during, one.after) == (other.before, other.during, other.after)
        assert [t.pvalue for t in one.tests] == [t.pvalue for t in other.tests]
    assert accord.spillover[2].reason == "the prices hold no NOPE"
    assert all(math.isnan(t.pvalue) for t in accord.spillover[2].tests)


def test_page_text_and_json_carry_them(accord: es.StudyResult) -> None:
    page, text = page_html(accord), " ".join(accord.summary().split())
    for sentence in (
        *variance_sentences(accord, accord.variance_events[0]),
        spillover_sentence(accord, accord.spillover),
    ):
        assert " ".join(sentence.split()) in text
    for words in ("Variance: event, break, before and after", "the row to report", "the prices hold no NOPE"):
        assert words in page
    record = study_record(accord)
    (one,) = record["variance_events"]
    assert one["regressor"]["tests"][0]["statistic"] == "event_lr_bootstrap"
    assert one["ranges"]["reason"].endswith("only closes are there")
    assert [s["target"] for s in record["spillover"]] == ["BA", "IP", "NOPE"]
    assert '"spillover"' in dumps(record)
    assert record["provenance"]["settings"]["spillover"] == ["BA", "IP", "NOPE", "AA"]


def test_a_study_that_does_not_ask_is_as_before() -> None:
    result = QUIET.run(es.load("embedded"), es.catalog()[ACCORD])
    assert (result.variance_events, result.spillover) == ((), ())
    assert not {"variance_events", "spillover"} & set(QUIET.settings())
    page = page_html(result)
    assert "Variance: event" not in page
    assert "Spillover" not in page


def test_the_deciding_row_is_first_and_the_others_say_that_they_describe(accord: es.StudyResult) -> None:
    frame = asked_frame(accord, accord.variance_events[0])
    assert frame["Read it as"].iloc[0].startswith("the row to report, by 99 paths")
    assert frame["Read it as"].str.startswith("descriptive").tolist()[1:3] == [True, True]
    assert frame["Read it as"].iloc[-1].startswith("descriptive: where volatility clusters")


def test_the_sizes_in_words_are_those_of_the_docs() -> None:
    page = (ROOT / "docs/reference/calibration-event-variance.md").read_text(encoding="utf-8")
    rows = page.split("## Nothing happens")[1].split("## ")[0].split("\n|")[1:]
    head, *cells = ([cell.strip() for cell in row.split("|")] for row in rows)
    names = {"event_lr_bootstrap": "bootstrap", "event_lr": "LR", "event_wald": "Wald"}
    methods = " ".join((ROOT / "docs/methods/variance-events.md").read_text(encoding="utf-8").split())
    for (statistic, form), words in SIZES.items():
        name = names[statistic]
        found = [float(cell[head.index(name)]) for cell in cells[1:] if cell[head.index("form")] == form]
        assert len(found) == 6
        # A half is rounded up.
        assert words == f"{math.floor(min(found) + 0.5)}% to {math.floor(max(found) + 0.5)}%"
        assert f"{words} ({name}, {form})" in methods


def test_the_sizes_where_volatility_clusters_are_those_of_the_docs() -> None:
    page = (ROOT / "docs/reference/calibration-variance-events.md").read_text(encoding="utf-8")
    worlds = ("GARCH, normal: nothing", "GJR, Student(5): nothing")
    columns = {"kappa2": ("Breaks of the variance", "simulated"), "yang_zhang": ("Ranges", "`yang_zhang`")}
    columns = {key: ("Variance before and after", f"`{key}`") for key in CLUSTERED} | columns
    for key, (title, column) in columns.items():
        lines = page.split(f"## {title}\n")[1].split("\n## ")[0].split("\n|")[1:]
        head, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
        found = [float(row[head.index(column)].split()[0]) for row in rows if row[0] in worlds]
        assert len(found) == 2
        # The larger of the two; a half is rounded up.
        assert CLUSTERED[key] == math.floor(max(found) + 0.5)


def test_the_sizes_of_spillover_are_those_of_the_docs(accord: es.StudyResult) -> None:
    page = (ROOT / "docs/reference/calibration-variance-events.md").read_text(encoding="utf-8")
    lines = page.split("## Spillover\n")[1].split("\n## ")[0].split("\n|")[1:]
    head, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    together = [row for row in rows if "×" in row[0] and "before" not in row[0]]
    assert len(together) == 18
    for key, most in TOGETHER.items():
        sizes = [float(row[head.index(f"`{key}`")]) for row in together]
        # A half is rounded up.
        assert most == math.floor(max(sizes) + 0.5)
        assert f"in up to {most}%" in spillover_sentence(accord, accord.spillover)


def wild(prices_of: Callable[..., es.PriceTable], n: int, day0: int, factor: float, days: int = 40) -> es.PriceTable:
    """A GARCH whose returns are `factor` times as large on sessions 1 to `days` after row `day0`."""
    rng = np.random.default_rng(11)
    h, out = 1e-4, np.empty(n)
    for t in range(n):
        out[t] = math.sqrt(h) * rng.standard_normal()
        h = 5e-6 + 0.05 * out[t] ** 2 + 0.9 * h
    # Levels lose the first return.
    out[day0 + 1 : day0 + 1 + days] *= factor
    return prices_of({"A": out})


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (es.VarianceEvents(bootstrap=0), r"^Raised volatility.*: .* asymptotic law"),
        (
            es.VarianceEvents(shape=es.VarianceShape.pulse(1, 40), bootstrap=0),
            r"^Raised volatility: .* of days 1 to 40 was \d\S+ times",
        ),
        (es.VarianceEvents(shape=es.VarianceShape.step(1), bootstrap=0), "the variance from day 1 on was"),
        (
            es.VarianceEvents(shape=es.VarianceShape.decay(1, half_life=10.0), bootstrap=0),
            "of day 1 was .*, fading with a half-life of 10 sessions",
        ),
        (es.VarianceEvents(form="additive", bootstrap=0), r"the event added \d\S+ to the variance of days 1 to 20"),
    ],
)
def test_every_shape_has_its_sentence(
    prices_of: Callable[..., es.PriceTable], event_at: Callable[..., es.Event], asked: es.VarianceEvents, words: str
) -> None:
    prices = wild(prices_of, 900, 700, 3.0)
    study = replace(QUIET, instruments=["A"], model=es.ConstantMean(), variance_events=asked)
    result = study.run(prices, event_at(prices, 700))
    pair = result.variance_events[0]
    assert re.search(words, variance_sentences(result, pair)[0])
    assert pair.regressor is not None
    if asked.form == "multiplicative":
        # Nine times the variance for 40 sessions; a step counts 20 quiet ones as well.
        assert pair.regressor.multiplier[0] > 2.0


def regressor_in_words(
    prices_of: Callable[..., es.PriceTable], event_at: Callable[..., es.Event], factor: float, asked: es.VarianceEvents
) -> tuple[str, pd.DataFrame]:
    """Its sentence, and the ways of asking, where 40 days had returns `factor` times as large."""
    prices = wild(prices_of, 900, 700, factor)
    study = replace(QUIET, instruments=["A"], model=es.ConstantMean(), variance_events=asked)
    result = study.run(prices, event_at(prices, 700))
    return variance_sentences(result, result.variance_events[0])[0], asked_frame(result, result.variance_events[0])


@pytest.mark.parametrize(
    ("factor", "word"), [(1.6, "No raised volatility that chance would not explain"), (2.2, "Raised volatility")]
)
def test_the_word_the_p_and_the_interval_agree(
    prices_of: Callable[..., es.PriceTable], event_at: Callable[..., es.Event], factor: float, word: str
) -> None:
    asked = es.VarianceEvents(kind="garch", dist="normal", bootstrap=0)
    words, frame = regressor_in_words(prices_of, event_at, factor, asked)
    assert words.startswith(f"{word}: ")
    low = float(words.split("(interval ")[1].split(" to ")[0])
    p = float(frame["p"].iloc[1].removeprefix("<"))
    assert (p <= 0.05) == (low > 1.0) == (word == "Raised volatility")


def test_the_additive_form_decides_nothing(
    prices_of: Callable[..., es.PriceTable], event_at: Callable[..., es.Event]
) -> None:
    asked = es.VarianceEvents(form="additive", kind="garch", dist="normal", bootstrap=99)
    words, frame = regressor_in_words(prices_of, event_at, 3.0, asked)
    assert words.startswith("Event in the variance, described and not judged: ")
    assert "takes a variance that had risen before the event for the event's" in words
    assert float(frame["p"].iloc[0]) <= 0.05  # nor where its p is small
    assert frame["Read it as"].iloc[0].startswith("descriptive")


def test_a_break_says_how_often_its_p_is_wrong(
    prices_of: Callable[..., es.PriceTable], event_at: Callable[..., es.Event]
) -> None:
    prices = wild(prices_of, 900, 700, 4.0, days=199)
    asked = es.VarianceEvents(bootstrap=0)
    study = replace(QUIET, instruments=["A"], model=es.ConstantMean(), variance_events=asked)
    result = study.run(prices, event_at(prices, 700))
    words = variance_sentences(result, result.variance_events[0])[1]
    assert words.startswith("The variance changed by a factor of 1")
    assert (
        f"Read it with care: where volatility clusters, this p rejects a true null in {CLUSTERED['kappa2']}%" in words
    )
    row = asked_frame(result, result.variance_events[0])["Read it as"]
    assert row.str.startswith("descriptive, by paths of a GARCH before").any()


def long_after(prices_of: Callable[..., es.PriceTable], event_at: Callable[..., es.Event], first: int, last: int):  # type: ignore[no-untyped-def]
    """700 sessions before day 0, 199 after it."""
    prices = wild(prices_of, 900, 700, 2.0)
    asked = es.VarianceEvents(shape=es.VarianceShape.pulse(first, last), after=(first, last), bootstrap=0)
    study = replace(QUIET, instruments=["A"], model=es.ConstantMean(), variance_events=asked)
    return prices, study.run(prices, event_at(prices, 700)).variance_events[0]


@pytest.mark.parametrize(("first", "last"), [(1, 20), (1, 60), (1, 90), (1, 150), (110, 130)])
def test_the_sample_reaches_the_last_day_asked(
    prices_of: Callable[..., es.PriceTable], event_at: Callable[..., es.Event], first: int, last: int
) -> None:
    prices, pair = long_after(prices_of, event_at, first, last)
    # A constant moves neither the GARCH with a constant nor squares about the mean before.
    returns = prices.to_returns()["A"]
    by_hand = es.event_variance_test(
        returns, event=pair.breaks.event, shapes=[es.VarianceShape.pulse(first, last)], kind="gjr", dist="t",
        bootstrap=0, sample=(-1000, max(60, last)),
    )  # fmt: skip
    assert pair.regressor.dates[-1] == returns.index[699 + max(60, last)].to_numpy().astype("datetime64[D]")
    # Two optimisations from starts that differ by the mean.
    np.testing.assert_allclose(pair.regressor.delta, by_hand.delta, rtol=1e-3)
    x = returns.to_numpy()
    day0 = 699
    before, after = x[day0 - 260 : day0 - 10], x[day0 + first : day0 + last + 1]
    ratio = np.mean((after - before.mean()) ** 2) / before.var()
    assert pair.change[0].estimate == pytest.approx(ratio, rel=1e-9)
    assert pair.breaks.n == 699 + 100


def test_days_after_the_data_are_refused_by_name(
    prices_of: Callable[..., es.PriceTable], event_at: Callable[..., es.Event]
) -> None:
    _, pair = long_after(prices_of, event_at, 1, 250)
    assert pair.regressor.reason == (
        "pulse [1, 250] ends after the data, whose last session is day 199; ask for fewer days"
    )
    assert np.isnan(pair.regressor.delta).all()
    assert pair.change[0].reason.endswith("699 lie before day 0 and 199 after it")


def test_sessions_without_a_benchmark_do_not_shorten_what_is_asked(
    prices_of: Callable[..., es.PriceTable], event_at: Callable[..., es.Event]
) -> None:
    rng = np.random.default_rng(4)
    table = prices_of({"A": 0.01 * rng.standard_normal(900), "M": 0.01 * rng.standard_normal(900)})
    holes = table.frame.copy()
    holes.iloc[[720, 730, 740], 1] = np.nan
    prices = replace(table, frame=holes)
    asked = es.VarianceEvents(shape=es.VarianceShape.pulse(1, 120), after=(1, 120), bootstrap=0)
    study = replace(QUIET, instruments=["A"], model=es.MarketModel("M"), variance_events=asked)
    pair = study.run(prices, event_at(prices, 700)).variance_events[0]
    assert pair.regressor is not None
    assert pair.regressor.reason == ""
    assert int((pair.dates > prices.frame.index[700].to_numpy().astype("datetime64[D]")).sum()) == 120
    assert pair.change[0].applicable


def test_too_little_data_is_a_reason_on_the_page(
    prices_of: Callable[..., es.PriceTable], event_at: Callable[..., es.Event]
) -> None:
    prices = wild(prices_of, 420, 380, 3.0)
    study = replace(QUIET, instruments=["A"], model=es.ConstantMean(), variance_events=es.VarianceEvents())
    result = study.run(prices, event_at(prices, 380))
    pair = result.variance_events[0]
    assert pair.regressor is not None
    assert pair.regressor.reason.endswith("a GARCH needs 500")
    assert pair.breaks is not None
    # 380 sessions before and 40 from day 0 on: the break can be looked for, its p has no GARCH behind it.
    assert pair.breaks.around is not None
    assert math.isnan(pair.breaks.around.p_clustered)
    page = page_html(result)
    assert "not measured (419 sessions in the sample; a GARCH needs 500)" in page
    assert "too sure where volatility clusters" in page
    assert breaks_frame(pair)["Breaks"].astype(int).sum() > 0


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"form": "mult"}, "form 'mult' is not one of"),
        ({"kind": "egarch"}, "kind 'egarch' is not one of"),
        ({"dist": "ged"}, "dist 'ged' is not one of"),
        ({"bootstrap": 10}, "at least 99 paths"),
        ({"after": (-20, 5)}, "overlap"),
        ({"after": (0, 20)}, "after begins on day 0; begin on day 1 or later: .* would be taken for volatility"),
        ({"shape": es.VarianceShape.pulse(0, 20)}, "shape begins on day 0; .* the announcement's own return"),
        ({"shape": es.VarianceShape.decay(-3, half_life=5.0)}, "shape begins on day -3"),
    ],
)
def test_wrong_options_are_named(more: dict[str, object], words: str) -> None:
    with pytest.raises(es.EventStudyError, match=words):
        es.VarianceEvents(**more)  # type: ignore[arg-type]


@real
def test_rusal_has_the_numbers_of_the_page_of_methods() -> None:
    """docs/methods/variance-events.md states them on raw returns; a constant mean leaves the same test."""
    table = es.load("files", DATA / "lme_aluminium.csv")
    for name in ("CENX.csv", "ALI=F.csv", "USDCAD=X.csv"):
        table = table.joined(es.load("files", DATA / name))
    study = replace(
        QUIET, instruments=["LME-3M"], model=es.ConstantMean(), variance_events=es.VarianceEvents(),
        spillover=["CENX", "USDCAD=X"],
    )  # fmt: skip
    result = study.run(table, es.catalog()[RUSAL])
    pair = result.variance_events[0]
    assert pair.regressor is not None
    # Printed there to two digits.
    assert pair.regressor.multiplier[0] == pytest.approx(7.8, abs=0.05)
    assert pair.regressor.multiplier_low[0] == pytest.approx(1.3, abs=0.05)
    assert pair.regressor.multiplier_high[0] == pytest.approx(18.0, abs=0.5)
    assert pair.regressor.tests[0].pvalue == pytest.approx(0.030, abs=0.01)
    assert pair.change.one(statistic="variance_placebo").pvalue == pytest.approx(0.004, abs=0.0005)
    assert variance_sentences(result, pair)[0].startswith("Raised volatility: ")
    assert variance_sentences(result, pair)[1].startswith("No break of the variance")
    assert pair.breaks is not None
    assert pair.breaks.agreement == "no break"
    frame = spillover_frame(result.spillover).set_index("Target")
    assert frame.loc["CENX", ["Before", "During", "p, change"]].tolist() == ["+0.25", "+0.26", "0.57"]
    assert frame.loc["USDCAD=X", ["Before", "During"]].tolist() == ["-0.14", "-0.14"]


@real
def test_flat_bars_are_refused_and_real_bars_are_measured() -> None:
    table = es.load("files", DATA / "CENX.csv").joined(es.load("files", DATA / "ALI=F.csv"))
    study = replace(
        QUIET, instruments=["CENX"], model=es.ConstantMean(), variance_events=es.VarianceEvents(bootstrap=0)
    )
    result = study.run(table, es.catalog()[RUSAL])
    ranges = result.variance_events[0].ranges
    assert ranges.to_frame().loc["yang_zhang", "ratio"] == pytest.approx(1.8, abs=0.05)
    assert "Yang and Zhang" in page_html(result)
    flat = replace(study, instruments=["ALI=F"]).run(table, es.make_event("2017-06-01"))
    words = "open, high, low and close are one price on 145 of 250 bars before"
    assert flat.variance_events[0].ranges.reason.startswith(words)
    assert f"<strong>Ranges: not measured.</strong> {words.capitalize()}" in page_html(flat)


def test_paths_that_cannot_reach_alpha_are_refused() -> None:
    """Two-sided, 199 paths reach 1% and no less: the interval would be endless and no rise called one."""
    with pytest.raises(es.EventStudyError, match=r"above alpha = 0\.005: give at least 399 paths, or 0"):
        es.Study(variance_events=es.VarianceEvents(), alpha=0.005)
    for paths, alpha in ((399, 0.005), (199, 0.01), (99, 0.02), (0, 0.001)):
        assert es.Study(variance_events=es.VarianceEvents(bootstrap=paths), alpha=alpha).alpha == alpha
