"""Speed of a reaction: known courses are told apart, the tests are those of the verdict, refusals have reasons."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import eventstudy as es
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.prices import PriceTable
from eventstudy.errors import InputError
from eventstudy.inference.speed import resolve_horizon
from eventstudy.report.page import page_html
from eventstudy.report.record import dumps, study_record
from eventstudy.verdict import judge, speed_words

FloatArray = NDArray[np.float64]
SD, DAY0 = 0.01, 620
WINDOW = es.EventWindow(primary=(0, 1), event=(-5, 10), estimation=(-260, -11), windows=())
LME = Path(__file__).resolve().parents[3] / "shared" / "data" / "lme_aluminium.csv"
#: Course of a reaction, in standard deviations a day from day 0 on -> the word.
COURSES = {
    "swift": [14.0],
    "delayed": [6.0, 0.0, 5.0, 5.0, 5.0, 5.0],
    "overshoot": [6.0, 3.0, -8.0, -8.0, -8.0, -8.0],
    "nothing to time": [],
}


def series(course: list[float], seed: int = 1, sign: float = 1.0) -> FloatArray:
    """Independent normal days with a course from day 0 on."""
    values = SD * np.random.default_rng(seed).standard_normal(DAY0 + 30)
    values[DAY0 : DAY0 + 11] *= 0.3  # a quiet window: what is there is the course
    values[DAY0 : DAY0 + len(course)] += sign * SD * np.array(course)
    return values


def run(prices: PriceTable, event: Event, others: EventTable | None = None, **options: object) -> es.StudyResult:
    settings: dict[str, object] = {"instruments": ["A"], "window": WINDOW, "volatility": es.GarchResponse(draws=499)}
    study = es.Study(model=es.ConstantMean(), **(settings | options))  # type: ignore[arg-type]
    return study.run(prices, event, others=EventTable([]) if others is None else others)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("word", COURSES)
def test_known_courses_are_told_apart(
    prices_of: Callable[..., PriceTable], event_at: Callable[..., Event], word: str, sign: float
) -> None:
    prices = prices_of({"A": series(COURSES[word], sign=sign)}, A="as_is")
    result = run(prices, event_at(prices, DAY0))
    speed = result.speed[0]
    assert speed.word == word
    # The tests are the verdict's own: the same numbers as its rows on the same windows.
    row = result.tests.one(statistic="verdict", window=(0, 1))
    assert (speed.reaction.estimate, speed.reaction.pvalue, speed.reaction.low) == (row.estimate, row.pvalue, row.low)
    asked = dataclasses.replace(WINDOW, windows=((2, 10),))
    view = run(prices, event_at(prices, DAY0), window=asked, volatility=None, statistics=("own_scale",))
    row, ours = view.tests.one(statistic="own_scale", window=(2, 10)), speed.drift
    assert (ours.statistic, ours.estimate, ours.pvalue) == ("own_scale", row.estimate, row.pvalue)
    assert (ours.low, ours.high) == (row.low, row.high)
    values = prices.frame["A"].to_numpy()
    mean = values[DAY0 - 260 : DAY0 - 10].mean()
    assert speed.drift.estimate == pytest.approx((values[DAY0 + 2 : DAY0 + 11] - mean).sum(), abs=1e-12)
    assert speed.whole.estimate == pytest.approx(speed.reaction.estimate + speed.drift.estimate, abs=1e-12)
    assert speed.detectable > speed.drift.high - speed.drift.estimate
    assert speed_words(speed) in judge(result)[0].paragraph
    assert (speed.t50.session is None) == (speed.t50.reason != "")
    if word == "swift":
        assert (speed.t50.session, speed.onset.session, speed.onset.low) == (0, 0, 0)
        assert "as far as these data can tell" in speed_words(speed)
        assert "would have been seen four times in five (measured on the windows inside est" in speed_words(speed)
        assert "A drift that comes in one session would not be seen by this test." in speed_words(speed)
        assert "does not stand out of the others." in speed_words(speed)
    if word == "nothing to time":
        assert speed.t50.reason == "the response over sessions [0, 10] does not stand out from chance"
        assert "no reaction" not in speed_words(speed)


def test_a_large_first_move_hides_no_overshoot(
    prices_of: Callable[..., PriceTable], event_at: Callable[..., Event]
) -> None:
    # Ten standard deviations on day 0, six of them given back over five sessions: that move is in the scale of the
    # verdict's p, and not in the scale of the drift's own sessions.
    prices = prices_of({"A": series([10.0, 0.0, -1.2, -1.2, -1.2, -1.2, -1.2])}, A="as_is")
    speed = run(prices, event_at(prices, DAY0)).speed[0]
    assert speed.word == "overshoot"
    assert speed.drift.pvalue < 0.05


def test_a_late_move_of_one_session_is_said_beside_swift(
    prices_of: Callable[..., PriceTable], event_at: Callable[..., Event]
) -> None:
    prices = prices_of({"A": series([4.0, 0.0, 0.0, 0.0, 0.0, 14.0])}, A="as_is")
    result = run(prices, event_at(prices, DAY0))
    speed = result.speed[0]
    assert (speed.word, speed.disputed, speed.blind) == ("swift", True, True)
    assert speed.largest is not None
    assert speed.largest.window == (5, 5)
    assert speed.largest.estimate == pytest.approx(0.14, abs=0.01)
    assert "on day 5 (" in speed_words(speed)
    assert "does stand out of the others: a move by itself, or a variance raised" in speed_words(speed)
    assert speed.to_frame()["part"].tolist() == ["reaction", "drift", "largest_session", "whole"]
    assert "its largest session, day 5" in page_html(result)
    quiet = prices_of({"A": series(COURSES["swift"])}, A="as_is")
    assert not run(quiet, event_at(quiet, DAY0)).speed[0].disputed


def test_another_announcement_inside_makes_it_news_flow(
    prices_of: Callable[..., PriceTable], event_at: Callable[..., Event]
) -> None:
    prices = prices_of({"A": series(COURSES["delayed"])}, A="as_is")
    for offset, word in ((4, "news flow"), (10, "news flow"), (11, "delayed"), (-1, "delayed")):
        other = event_at(prices, DAY0 + offset, id="other", title="Other news")
        speed = run(prices, event_at(prices, DAY0), EventTable([other])).speed[0]
        assert speed.word == word
        assert speed.others == ((f"“Other news” (session {offset:+d})",) if word == "news flow" else ())
    other = event_at(prices, DAY0 + 4, id="other", title="Other news")
    assert "Other news" in speed_words(run(prices, event_at(prices, DAY0), EventTable([other])).speed[0])


def test_an_ambiguous_day_zero_starts_the_session_before(
    prices_of: Callable[..., PriceTable], event_at: Callable[..., Event]
) -> None:
    prices = prices_of({"A": series(COURSES["swift"])}, A="as_is")
    day = dataclasses.replace(event_at(prices, DAY0), precision="day")
    speed = run(prices, day, window=dataclasses.replace(WINDOW, primary=None)).speed[0]
    assert speed.reaction.window == (-1, 1)
    assert speed.whole.window == (-1, 10)


def test_the_mean_of_many_pairs_by_hand(prices_of: Callable[..., PriceTable], event_at: Callable[..., Event]) -> None:
    names = [f"S{i}" for i in range(8)]
    prices = prices_of({n: series([4.0], seed=10 + i) for i, n in enumerate(names)}, **dict.fromkeys(names, "as_is"))
    result = run(prices, event_at(prices, DAY0), instruments=names, volatility=None, statistics=("cs_t",))
    mean = result.speed[-1]
    assert [s.instrument for s in result.speed] == [*names, None]
    assert (mean.word, mean.reaction.n_pairs, mean.reaction.n_dates) == ("swift", 8, 1)
    # Independent series on one date: residuals do not correlate, so BMP; its t from the definition.
    assert mean.reaction.statistic == "bmp_t"
    scars, cars = [], []
    for name in names:
        values = prices.frame[name].to_numpy()
        before = values[DAY0 - 260 : DAY0 - 10]
        car = (values[DAY0 + 2 : DAY0 + 11] - before.mean()).sum()
        cars.append(car)
        scars.append(car / (before.std(ddof=1) * math.sqrt(9 + 81 / 250)))
    t = stats.ttest_1samp(scars, 0.0)
    assert mean.drift.value == pytest.approx(t.statistic, rel=1e-9)
    assert mean.drift.pvalue == pytest.approx(t.pvalue, rel=1e-9)
    half = (stats.t.isf(0.025, 7) + stats.t.ppf(0.8, 7)) * np.std(cars, ddof=1) / math.sqrt(8)
    assert mean.detectable == pytest.approx(half, rel=1e-9)
    assert "four times in five (about, from the law of t)" in speed_words(mean)
    assert mean.largest is None
    assert mean.t50.session == 0
    assert result.speed[0].reason == "the statistic 'verdict' was not asked for"


def test_pairs_that_move_together_on_one_date_get_kolari_pynnonen(
    prices_of: Callable[..., PriceTable], event_at: Callable[..., Event]
) -> None:
    common = SD * np.random.default_rng(5).standard_normal(DAY0 + 30)
    names = [f"S{i}" for i in range(5)]
    table = {n: 0.7 * common + series([6.0], seed=20 + i) for i, n in enumerate(names)}
    prices = prices_of(table, **dict.fromkeys(names, "as_is"))
    result = run(prices, event_at(prices, DAY0), instruments=names, volatility=None, statistics=("kp_bmp_calendar",))
    mean = result.speed[-1]
    assert mean.reaction.statistic == "kp_bmp_calendar"
    row = result.tests.one(statistic="kp_bmp_calendar", window=(0, 1))
    assert (mean.reaction.value, mean.reaction.pvalue) == (row.value, row.pvalue)


def test_horizon(prices_of: Callable[..., PriceTable], event_at: Callable[..., Event]) -> None:
    assert resolve_horizon(None, (-5, 10)) == 10
    assert resolve_horizon(None, (-5, 20)) == 10
    assert resolve_horizon(None, (-5, 4)) == 4
    assert resolve_horizon(None, (-5, 1)) == 0
    assert resolve_horizon(5, (-5, 10)) == 5
    for wrong in (1, 11):
        with pytest.raises(InputError, match=f"horizon = {wrong}"):
            es.Study(instruments=["A"], window=WINDOW, horizon=wrong)
    prices = prices_of({"A": series([8.0])}, A="as_is")
    short = dataclasses.replace(WINDOW, event=(-5, 1))
    speed = run(prices, event_at(prices, DAY0), window=short).speed[0]
    assert speed.word == "untestable"
    assert "before session 2" in speed.reason
    assert math.isnan(speed.reaction.pvalue)
    named = run(prices, event_at(prices, DAY0), horizon=4)
    assert named.speed[0].drift.window == (2, 4)
    assert named.study.settings()["horizon"] == 4
    early = run(prices, event_at(prices, DAY0), horizon=3).speed[0]
    assert early.word == "untestable"
    assert "needs sessions 2 to 4 at least" in early.reason
    assert early.reaction.applicable


def test_record_and_page(prices_of: Callable[..., PriceTable], event_at: Callable[..., Event]) -> None:
    prices = prices_of({"A": series(COURSES["swift"])}, A="as_is")
    result = run(prices, event_at(prices, DAY0))
    record = json.loads(dumps(study_record(result)))["speed"][0]
    assert record["word"] == "swift"
    assert record["drift"]["window"] == [2, 10]
    assert record["drift"]["p"] == result.speed[0].drift.pvalue
    assert record["t50"] == {"session": 0, "low": 0, "high": record["t50"]["high"], "reason": ""}
    page = page_html(result)
    assert "Two tests of speed" in page
    assert "half of the whole reached" in page


@pytest.mark.skipif(not LME.exists(), reason="the real LME prices of ../shared/data are not here")
def test_rusal_on_the_lme_is_news_flow() -> None:
    prices = es.load("files", LME, symbols=["LME-3M"])
    study = es.Study(instruments=["LME-3M"], model=es.ConstantMean(), statistics=("verdict",))
    result = study.run(prices, es.catalog()["ofac-rusal-2018"])
    assert result.speed[0].word == "news flow"
    assert result.speed[0].reaction.pvalue < 0.01
