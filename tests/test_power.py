"""Power: the shortcut of one verdict a date against verdicts of prices that were really moved, and its errors."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import eventstudy as es
from eventstudy.domain.prices import PriceTable
from eventstudy.engines.compiled import CompiledEngine
from eventstudy.errors import InputError, NothingUsableError, UnknownNameError

DOW = es.MarketModel("DOW29")
SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="module")
def alcoa(embedded: PriceTable) -> es.Power:
    return es.power(embedded, "AA", window=(0, 0), model=DOW, dates=60)


def test_same_as_a_study_of_every_date(embedded: PriceTable) -> None:
    nothing = es.EventTable([])
    found = es.power(embedded, "AA", window=(0, 0), model=DOW, dates=50, events=nothing)
    frame = embedded.frame
    study = es.Study(
        instruments=["AA"], model=DOW, statistics=("verdict",),
        window=es.EventWindow(primary=(0, 0), event=(0, 0), windows=()),
        volatility=es.GarchResponse(engine=CompiledEngine()),
    )  # fmt: skip
    # Usable are the rows with four fifths of an estimation window (row 0 has no return), evenly thinned.
    usable = np.arange(211, len(frame))
    rows = usable[np.linspace(0, usable.size - 1, 50).round().astype(int)]
    days = [frame.index[row].date() for row in rows]
    events = [es.make_event(day, id=str(day), time="12:00") for day in days]
    tests = list(study.run(embedded, events, others=nothing).tests.where(instrument="AA", window=(0, 0)))
    tests = [t for t in tests if t.statistic == "verdict"]
    assert (found.dates, found.start, found.end) == (50, days[0], days[-1])
    needed = sorted([t.high - 2.0 * t.estimate for t in tests] + [t.high for t in tests])
    # high - estimate is the half-width: an effect d is seen where estimate + d, or d - estimate, exceeds it.
    assert found.detectable == pytest.approx(needed[79], rel=1e-9)
    assert found.size == np.mean([not t.low <= 0.0 <= t.high for t in tests])
    for test, row, event in list(zip(tests, rows, events, strict=True))[5:40:12]:
        for share, seen in ((0.99, False), (1.01, True)):
            moved = frame.copy()
            moved.iloc[row:, moved.columns.get_loc("AA")] *= np.exp(share * (test.high - 2.0 * test.estimate))
            again = study.run(replace(embedded, frame=moved), event, others=nothing).tests.one(statistic="verdict")
            assert (again.pvalue <= 0.05) is seen


def test_detectable_is_where_the_curve_reaches_four_fifths(alcoa: es.Power, embedded: PriceTable) -> None:
    again = es.power(
        embedded, "AA", window=(0, 0), model=DOW, dates=60,
        effects=[alcoa.detectable * 0.999, alcoa.detectable * 1.001],
    )  # fmt: skip
    below, above = again.curve
    assert below.power < 0.8 <= above.power
    assert alcoa.low < alcoa.detectable < alcoa.high
    powers = [p.power for p in alcoa.curve]
    assert powers == sorted(powers)
    # A verdict of two methods, each at 5%: its own size is at most that, within Monte Carlo error of 60 dates.
    assert alcoa.size <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / 60)
    # Normal theory puts 80% power at 2.8 standard deviations; fat tails and estimation cost more.
    assert 2.5 < alcoa.detectable / alcoa.daily < 4.0


def test_the_verdicts_own_estimate_is_near_it(alcoa: es.Power, accord: es.StudyResult) -> None:
    """A verdict says what it would have seen at its own date, in the volatility of that date."""
    [verdict] = es.judge(accord)
    assert verdict.window == (0, 1) or verdict.window == (-1, 1)
    length = verdict.window[1] - verdict.window[0] + 1
    assert verdict.detectable / np.sqrt(length) == pytest.approx(alcoa.detectable, rel=0.5)


def test_longer_windows_need_more(embedded: PriceTable, alcoa: es.Power) -> None:
    longer = es.power(embedded, "AA", window=(0, 4), model=DOW, dates=60)
    assert longer.detectable / alcoa.detectable == pytest.approx(np.sqrt(5.0), rel=0.25)


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
@pytest.mark.parametrize(("window", "stated"), [((0, 0), 0.042), ((0, 4), 0.094), ((0, 20), 0.20)])
def test_lme_since_2019_as_stated(window: tuple[int, int], stated: float) -> None:
    prices = es.load("files", SHARED / "lme_aluminium.csv")
    found = es.power(prices, "LME-CASH", window=window, model=es.ConstantMean(), start=dt.date(2019, 1, 1), dates=100)
    # METHODS.md section 13, from 2.8 standard deviations of 1.5% a day; four dates of five are a wide quantile.
    assert found.detectable == pytest.approx(stated, rel=0.15)


@pytest.mark.parametrize(
    ("more", "error", "words"),
    [
        ({"instrument": "ZZ"}, UnknownNameError, "unknown instrument"),
        ({"effects": [-0.01]}, InputError, "above zero"),
        ({"dates": 10}, InputError, "at least 50"),
        ({"alpha": 2.0}, InputError, "between 0 and 0.5"),
        ({"window": (1, 0)}, InputError, "ends before it starts"),
        ({"start": dt.date(2000, 11, 1)}, NothingUsableError, "power needs 50"),
    ],
)
def test_wrong_calls_say_what_is_wrong(
    embedded: PriceTable, more: dict[str, object], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        es.power(embedded, **({"instrument": "AA", "model": DOW} | more))  # type: ignore[arg-type]


def test_record_and_words(alcoa: es.Power) -> None:
    record = json.loads(json.dumps(alcoa.to_record(), default=str))
    assert record["curve"][0]["effect"] == alcoa.curve[0].effect
    assert "seen on four dates of five" in alcoa.summary()


def test_prices_of_a_frozen_feed_are_refused(prices_of: Callable[..., PriceTable]) -> None:
    with pytest.raises(NothingUsableError, match="frozen"):
        es.power(prices_of({"A": np.zeros(600)}), "A", model=es.ConstantMean())
