"""Tables and text: every number comes from the result, counts reconcile, words follow the registries."""

from __future__ import annotations

import datetime as dt
import re

import numpy as np
import pandas as pd
import pytest

import eventstudy as es
from eventstudy.errors import InputError
from eventstudy.report import tables
from eventstudy.verdict import effect, judge, pvalue, size, speed_words

PAIR = ("six-nation-accord-1994", "AA")


@pytest.fixture(scope="module")
def result(accord: es.StudyResult) -> es.StudyResult:
    return accord


@pytest.fixture(scope="module")
def several() -> es.StudyResult:
    """Two used pairs, one of an instrument that is not there, one before the data."""
    prices = es.load("embedded", symbols=["AA", "BA", "DOW29"])
    study = es.Study(
        instruments=["AA", "BA", "NOPE"], model=es.MarketModel("DOW29"), volatility=es.GarchResponse(draws=199)
    )
    events = [es.catalog()[PAIR[0]], es.make_event("1985-03-01", id="early")]
    return study.run(prices, events)


def test_the_summary_says_what_the_tests_say(result: es.StudyResult) -> None:
    text = result.summary()
    test = result.tests.one(event=PAIR[0], instrument="AA", window=result.primary, statistic="verdict")
    row = next(line for line in text.splitlines() if "verdict: the larger p" in line)
    for number in (effect(test.estimate, "fraction"), effect(test.low, "fraction"), effect(test.high, "fraction")):
        assert number in row
    assert pvalue(test.pvalue) in row
    assert row.endswith("<- the test to trust here")
    assert "1 pair = 1 used + 0 dropped" in text
    assert "Day 0 of AA is Monday 1994-01-31" in text


def test_the_summary_columns_are_aligned(result: es.StudyResult) -> None:
    lines = result.summary().splitlines()
    head = next(i for i, line in enumerate(lines) if line.lstrip().startswith("Test "))
    at = lines[head].index("Effect")
    assert all(re.match(r"[+-]\d", line[at:]) for line in lines[head + 1 : head + 8])


def test_the_summary_says_how_fast_each_pair_was(several: es.StudyResult) -> None:
    text = " ".join(several.summary().split())
    for instrument in ("AA", "BA"):
        speed = next(s for s in several.speed if s.instrument == instrument)
        assert f"{instrument}: {speed_words(speed)}" in text
        for test in (speed.reaction, speed.drift):
            ends = f"{effect(test.low, 'fraction')} to {effect(test.high, 'fraction')}"
            assert f"{effect(test.estimate, 'fraction')} {ends} {pvalue(test.pvalue)}" in text
        assert size(speed.detectable, "fraction") in text.split("Speed: the tests behind it")[1]


def test_the_deciding_test_comes_first_and_the_others_say_why_not(result: es.StudyResult) -> None:
    tests = tables.pair_tests(result, *PAIR).where(window=result.primary)
    frame = tables.tests_frame(result, tests)
    assert frame["Test"].iloc[0].startswith("verdict")
    assert str(frame["Trust"].iloc[0]).startswith("The test to trust here: the only p the verdict uses")
    trust = dict(zip(frame["Test"], frame["Trust"], strict=True))
    assert trust["t with forecast error"].startswith("Not to be trusted: one observation")
    assert trust["SQ, raw convention"].startswith("Never for a verdict")
    assert len(frame) == sum(t.applicable for t in tests)


def test_tests_that_do_not_exist_are_grouped_by_reason(result: es.StudyResult) -> None:
    refused = tables.refused_tests(result, [t for t in result.tests if t.instrument is None])
    reasons = [reason for reason, _ in refused]
    assert len(reasons) == len(set(reasons)) >= 2
    titles = {reason[:17]: titles for reason, titles in refused}
    assert "cross-sectional t" in titles["needs at least 2 "]
    assert "Patell z, full forecast covariance" in titles["with one pair it "]


def test_outcomes_reconcile(several: es.StudyResult) -> None:
    frame = tables.outcomes_frame(several)
    assert len(frame) == len(several.outcomes) == 6
    numbers = [int(n) for n in re.findall(r"\d+", tables.counts_words(several))]
    total, used, dropped, *reasons = numbers
    assert (total, used, dropped) == (6, 2, 4)
    assert total == used + dropped == len(frame)
    assert sum(reasons) == dropped
    assert (frame["Outcome"] == "used").sum() == used


def test_several_pairs_have_a_row_each_and_the_pooled_tests_count_dates(several: es.StudyResult) -> None:
    verdicts = tables.verdicts_frame(several, judge(several))
    assert verdicts["Verdict"].tolist().count("Cannot be measured") == 4
    pooled = tables.pooled_frame(several, primary=True)
    assert set(pooled["Pairs"]) == {"2"}
    assert set(pooled["Dates"]) == {"1"}
    assert "is one date" in several.summary()


def test_days_around_are_the_abnormal_returns(result: es.StudyResult) -> None:
    frame = tables.abnormal_frame(result, *PAIR)
    assert result.abnormal is not None
    assert frame["Day"].tolist() == ["-5", "-4", "-3", "-2", "-1", "0", "+1", "+2", "+3", "+4", "+5"]
    cut = result.abnormal.columns((-5, 5))
    assert frame["AR"].tolist() == [effect(v, "fraction") for v in result.abnormal.ar[0, cut]]
    assert frame["Date"].tolist() == [str(d) for d in result.abnormal.dates[0, cut]]


def test_parameters_and_sample_are_shown(result: es.StudyResult) -> None:
    frame = tables.params_frame(result, *PAIR).set_index("What")["Value"]
    assert result.abnormal is not None
    assert float(frame["beta on DOW29"]) == pytest.approx(result.abnormal.params[0]["beta_DOW29"], abs=5e-5)
    assert frame["Estimation sessions"].startswith("250, 1993-01-21 to 1994-01-14")
    assert "GJR-GARCH" in frame["Variance model"]


def test_volatility_marks_day_zero_as_a_repeat(result: es.StudyResult) -> None:
    frame = tables.volatility_frame(tables.response_of(result, *PAIR))
    assert frame["Note"].tolist() == ["repeats the return test", *([""] * 10)]


def test_provenance_names_inputs_by_hash(result: es.StudyResult) -> None:
    text = tables.provenance_frame(result.provenance).to_string()
    assert result.provenance.prices_sha256 in text
    assert result.provenance.origins[0].sha256 in text
    assert "Setting seed" in text


def test_flags_are_split_by_distance() -> None:
    prices = es.load("embedded", symbols=["AA", "DOW29"])
    frame = prices.frame.copy()
    frame.loc["1999-03-01":"1999-04-30", "AA"] = frame.loc["1999-03-01", "AA"]
    frozen = es.PriceTable(frame=frame, instruments=prices.instruments, flags=_flags(frame))
    study = es.Study(instruments=["AA"], model=es.ConstantMean(), volatility=None)
    result = study.run(frozen, es.catalog()[PAIR[0]])
    assert tables.flags_frame(result, near=True).empty
    assert tables.flags_frame(result, near=False)["Kind"].tolist() == ["frozen run", "roll or splice"]


def _flags(frame: pd.DataFrame) -> tuple[es.Flag, ...]:
    from eventstudy.domain.quality import check_series

    return tuple(check_series("AA", frame["AA"]))


@pytest.mark.parametrize(
    ("value", "words"), [(np.nan, "–"), (2046.5, "2,046.5"), (17.4375, "17.44"), (0.2534, "0.2534"), (-3.5, "-3.5")]
)
def test_levels_keep_the_digits_that_matter(value: float, words: str) -> None:
    assert tables.level_words(value) == words


def test_weekdays_are_english_whatever_the_locale() -> None:
    assert tables.day_words(dt.date(2018, 4, 6)) == "Friday 2018-04-06"


def test_a_pair_that_was_not_used_has_no_rows(several: es.StudyResult) -> None:
    with pytest.raises(InputError, match="was not used"):
        tables.abnormal_frame(several, "early", "AA")
