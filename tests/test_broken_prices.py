"""A study refuses a return that is none, warns on the rest, and the report shows all of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import eventstudy as es
from eventstudy.domain.events import EventTable
from eventstudy.domain.instruments import Instrument, InstrumentTable
from eventstudy.domain.prices import build_table
from eventstudy.domain.sessions import peer_sessions

SHARED = Path(__file__).parents[2] / "shared" / "data"
DAY0 = 400
DAYS = pd.bdate_range("2010-01-01", periods=500)
Levels = dict[str, np.ndarray]


@pytest.fixture
def levels() -> Levels:
    """A stock and its market: two quiet walks."""
    rng = np.random.default_rng(12)
    return {n: 50.0 * np.exp(np.cumsum(0.01 * rng.standard_normal(DAYS.size))) for n in ("A", "M")}


def study(levels: Levels, *, bars: str = "") -> es.StudyResult:
    """Day 0 is row `DAY0`; `bars` names a series that opens at its close and stays within half a percent."""
    frame = pd.DataFrame(levels, index=DAYS)
    records = InstrumentTable(Instrument(id=n) for n in frame)
    quiet = {"open": frame[bars], "high": 1.005 * frame[bars], "low": 0.995 * frame[bars]} if bars else {}
    own = {bars: pd.DataFrame({**quiet, "close": frame[bars], "volume": 1e3})} if bars else {}
    table = build_table(frame, records, origins=(), bars=own)
    event = es.Event(id="news", announced=DAYS[DAY0].date())
    made = es.Study(instruments=["A"], model=es.MarketModel("M"), volatility=None, statistics=["t_fe"])
    return made.run(table, event, others=EventTable([]))


def outcome(result: es.StudyResult) -> tuple[str, str]:
    (one,) = result.outcomes
    return str(one.outcome), one.detail


def test_quiet_walks_are_used(levels: Levels) -> None:
    result = study(levels, bars="A")
    assert outcome(result)[0] == "used"
    assert result.quality == ()


@pytest.mark.parametrize("name", ["A", "M"])
def test_a_split_on_day_0_is_refused(levels: Levels, name: str) -> None:
    levels[name][DAY0:] /= 2.0
    what, why = outcome(study(levels, bars=name))
    assert what == "broken_prices"
    assert why.startswith(f"split of {'A' if name == 'A' else 'the benchmark M'} in session 0 of the primary window")
    assert "2:1 split" in why
    assert "take an adjusted series" in why


def test_a_halving_without_bars_may_be_news_and_is_measured_with_a_warning(levels: Levels) -> None:
    levels["A"][DAY0:] /= 2.0
    result = study(levels)
    assert outcome(result)[0] == "used"
    assert result.abnormal is not None
    at = result.abnormal.offsets == 0
    assert result.abnormal.ar[0, at][0] == pytest.approx(np.log(0.5), abs=0.05)  # five standard deviations
    assert [(f.kind, f.severity) for f in result.quality] == [("split", "warn")]


@pytest.mark.parametrize(("row", "what"), [(DAY0 + 1, "broken_prices"), (DAY0 + 2, "used"), (DAY0 - 2, "used")])
def test_only_the_primary_window_counts(levels: Levels, row: int, what: str) -> None:
    # A bare date is ambiguous: the primary window is [-1, 1].
    levels["A"][row:] *= 10.0
    result = study(levels)
    assert result.primary == (-1, 1)
    assert outcome(result)[0] == what
    assert [f.kind for f in result.quality] == ["split"]  # shown in any case


def test_a_suspension_is_refused_up_to_its_first_price_after(levels: Levels) -> None:
    for first, what in ((DAY0 - 7, "broken_prices"), (DAY0 - 8, "used")):
        broken = levels["A"].copy()
        broken[first:] *= 0.7
        broken[first : first + 6] = broken[first]  # six equal prices: the next one is of row first + 6
        found, why = outcome(study({**levels, "A": broken}))
        assert found == what, first
        if what != "used":
            assert "suspension of A in session -1" in why


def test_another_unit_where_the_model_is_fitted_is_refused(levels: Levels) -> None:
    levels["A"][DAY0 - 100 : DAY0 - 60] *= 100.0
    what, why = outcome(study(levels))
    assert what == "broken_prices"
    assert "unit mismatch of A in the estimation window" in why


def test_peers_make_a_calendar_where_none_is_known(levels: Levels) -> None:
    rng = np.random.default_rng(3)
    walks = {
        f"P{i}": pd.Series(50.0 * np.exp(np.cumsum(0.01 * rng.standard_normal(500))), index=DAYS) for i in range(4)
    }
    gone = walks["P0"].drop(DAYS[[100, 101, 102, 103, 104, 105]])
    saturday = pd.Series({DAYS[5] + pd.Timedelta(days=1): walks["P1"].iloc[5]})
    assert DAYS[5].day_of_week == 4
    frame = pd.DataFrame(walks | {"P0": gone, "P1": pd.concat([walks["P1"], saturday]).sort_index()})
    table = build_table(frame, InstrumentTable(Instrument(id=n) for n in frame), origins=())
    found = {(f.instrument, f.kind, str(f.start), f.n): f for f in es.check_table(table) if f.kind != "missing"}
    assert set(found) == {
        ("P0", "hole", str(DAYS[100].date()), 6),
        ("P1", "forward_fill", str((DAYS[5] + pd.Timedelta(days=1)).date()), 1),
    }
    assert "its 3 peers" in found["P0", "hole", str(DAYS[100].date()), 6].evidence
    assert peer_sessions("P0", {n: walks[n] for n in ("P0", "P1", "P2")}) is None  # two peers are no market


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
def test_nickel_in_march_2022(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    common = ("--prices", str(SHARED / "lme_nickel.csv"), "--model", "constant_mean", "--draws", "199", "--json")
    found = {}
    for date in ("2022-03-08", "2022-03-28"):
        code, out, _ = run("report", "--date", date, "-i", "LME-NI-CASH", "--out", f"{date}.html", *common)
        assert code == 4
        record = json.loads(out)
        found[date] = record["outcomes"][0]["outcome"]
        assert {"suspension", "frozen_run"} <= {f["kind"] for f in record["quality"]}
        assert "different prices on 14 sessions" in (tmp_path / f"{date}.html").read_text(encoding="utf-8")
    # Within the halt the price does not move; the first price after it moves for three weeks.
    assert found == {"2022-03-08": "stale_prices", "2022-03-28": "broken_prices"}
