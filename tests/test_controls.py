"""Controls that the user names: each is ranked, or named with the reason, and one that nobody can mean is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import eventstudy as es
from eventstudy.domain.prices import PriceTable
from eventstudy.errors import UnknownNameError
from eventstudy.report.page import page_html
from eventstudy.report.record import study_record

Run = Callable[..., tuple[int, str, str]]

TWENTY = tuple(f"C{i:02d}" for i in range(20))
EVENT = es.make_event("2018-04-06", time="08:30")


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Twenty others on a market; C03 has no price for two weeks from the announcement on."""
    rng = np.random.default_rng(0)
    days = pd.bdate_range("2016-01-04", periods=700, name="Date")
    market = 0.01 * rng.standard_normal(days.size)
    steps = {"M": market} | {name: market + 0.01 * rng.standard_normal(days.size) for name in (*TWENTY, "A")}
    found = pd.DataFrame({name: 100.0 * np.exp(step.cumsum()) for name, step in steps.items()}, days)
    found.loc["2018-04-05":"2018-04-20", "C03"] = np.nan
    return found


@pytest.fixture(scope="module")
def prices(frame: pd.DataFrame) -> PriceTable:
    return es.prices(frame)


def found(prices: PriceTable, *controls: str) -> es.StudyResult:
    study = es.Study(
        instruments=["A"], model=es.MarketModel("M"), volatility=None, statistics=("conley_taber",), controls=controls
    )
    return study.run(prices, EVENT)


def test_every_named_control_is_ranked_or_named_with_the_reason(prices: PriceTable) -> None:
    result = found(prices, *TWENTY, "LME-3M", "M", "A")
    count = result.controls[0]
    assert len(count.asked) == 23
    assert count.kept == tuple(c for c in TWENTY if c != "C03")
    assert result.tests.one(statistic="conley_taber", window=(0, 1)).smallest_p == 1 / (1 + len(count.kept))
    assert list(count.left_out) == ["C03", "LME-3M", "M", "A"]
    assert count.left_out["C03"] == (
        "not measured (the first price after the announcement is 17 days later, on 2018-04-23)"
    )
    assert count.words.startswith("of 23 named controls 1 is not measured (the first price")
    assert count.words.endswith(
        "C03; 1 is not in the prices: LME-3M; 1 is among the model's benchmarks: M; 1 is the instrument itself: A; "
        "19 are left"
    )
    for said in (page_html(result).replace("&#39;", "'"), " ".join(result.summary().split())):
        assert f"A: {count.words}" in said


def test_few_controls_are_counted_as_well(prices: PriceTable) -> None:
    result = found(prices, "C00", "C01", "C02", "C04", "LME-3M")
    assert result.controls[0].words == "of 5 named controls 1 is not in the prices: LME-3M; 4 are left"
    assert result.tests.one(statistic="conley_taber", window=(0, 1)).reason.startswith("4 control instruments")
    assert found(prices, *TWENTY[4:]).controls[0].words == "16 named controls, all there"


def test_the_record_counts_what_was_asked(prices: PriceTable) -> None:
    record = study_record(found(prices, *TWENTY, "LME-3M", "LME-3M"))["controls"][0]
    assert record["named"] is True
    assert len(record["asked"]) == 21
    assert len(record["kept"]) + len(record["left_out"]) == 21
    assert record["left_out"][1] == {"id": "LME-3M", "reason": "not in the prices"}


def test_of_a_group_absence_is_normal(prices: PriceTable) -> None:
    assert found(prices, "role:producer", *TWENTY).controls[0].asked == TWENTY
    count = found(prices).controls[0]
    assert count.named
    assert count.asked == ()
    default = es.Study(instruments=["A"], model=es.MarketModel("M"), volatility=None, statistics=("conley_taber",))
    result = default.run(prices, EVENT)
    assert not result.controls[0].named
    assert set(result.controls[0].asked) == {*TWENTY, "M"}
    assert "Controls of the rank" not in result.summary()


def test_a_control_without_its_benchmark_is_named_with_the_reason(frame: pd.DataFrame) -> None:
    """Boeing is measured against SPY, which these prices do not hold; the nineteen others are left."""
    table = es.prices(frame.rename(columns={"C19": "BA"}))
    study = es.Study(
        instruments=["A"], volatility=None, statistics=("conley_taber",), controls=(*TWENTY[:19], "M", "BA")
    )
    count = study.run(table, EVENT).controls[0]
    assert list(count.left_out) == ["C03", "BA"]
    assert "BA is measured against SPY, but SPY is not among the prices" in count.left_out["BA"]


@pytest.mark.parametrize(("name", "words"), [("C19x", "'C19'"), ("LME3M", "'LME-3M'"), ("nobody", "known: M, C00")])
def test_an_id_that_nobody_can_mean_is_refused(prices: PriceTable, name: str, words: str) -> None:
    with pytest.raises(UnknownNameError, match="unknown control") as caught:
        found(prices, *TWENTY, name)
    assert words in str(caught.value)
    assert "a column of the prices, or a known instrument" in str(caught.value)


def test_a_donor_that_the_prices_lack_is_refused(prices: PriceTable) -> None:
    study = es.Study(instruments=["A"], model=es.SyntheticControl(["C00", "LME-3M"]), volatility=None)
    with pytest.raises(UnknownNameError, match="LME-3M"):
        study.run(prices, EVENT)


def test_controls_are_read_from_the_users_files(run: Run, tmp_path: Path, frame: pd.DataFrame) -> None:
    frame[["A", "M", *TWENTY[:4]]].to_csv(tmp_path / "own.csv")
    frame[[*TWENTY[4:]]].to_csv(tmp_path / "others.csv")
    call = ("report", "--prices", "own.csv", "--prices", "others.csv", "-i", "A", "--market", "M", "--json")
    own = ("--date", "2018-04-06", "--time", "08:30", "--draws", "199", "--no-counterfactuals")
    code, out, err = run(*call, *own, "--controls", ",".join([*TWENTY, "SPY"]))
    assert code == 0, err
    count = json.loads(out)["controls"][0]
    assert count["kept"] == [c for c in TWENTY if c != "C03"]
    assert [c["id"] for c in count["left_out"]] == ["C03", "SPY"]
    code, _, err = run(*call, *own, "--controls", "C19x")
    assert code == 2
    assert "unknown control 'C19x'; did you mean" in err
