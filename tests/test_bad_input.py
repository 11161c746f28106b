"""Bad input through the command line: exit code, what the message says, and that nothing is half-written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import eventstudy as es

Run = Callable[..., tuple[int, str, str]]

#: A cheap study of the real accord on prices from a file; every case below breaks one thing of it.
BASE = ["report", "--date", "1994-01-31", "--draws", "199", "-i", "AA-OLD", "--model", "constant_mean"]


@pytest.fixture(scope="session")
def real() -> pd.DataFrame:
    """Real prices of Alcoa and the equal-weighted other 29, 1992-1994."""
    return es.load("embedded").frame.loc["1992":"1994", ["AA", "DOW29"]].rename(columns={"AA": "AA-OLD"})


def prices_file(folder: Path, frame: pd.DataFrame, name: str = "prices.csv") -> str:
    """Write a wide price file and return its name."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    frame.rename_axis("date").to_csv(folder / name)
    return name


def pages(folder: Path) -> list[Path]:
    """Everything that looks like a report or a rest of one."""
    return [p for p in folder.rglob("*") if p.is_file() and p.suffix not in (".csv", ".toml")]


def test_the_base_case_works(run: Run, tmp_path: Path, real: pd.DataFrame) -> None:
    code, _, err = run(*BASE, "--prices", prices_file(tmp_path, real))
    assert code == 0, err
    assert [p.name for p in pages(tmp_path)] == ["event-1994-01-31.html"]


def test_empty_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    code, out, err = run(*BASE, "--prices", "empty.csv")
    assert code == 2
    assert "empty.csv" in err
    assert "empty" in err.split("empty.csv", 1)[1]
    assert out == ""
    assert pages(tmp_path) == []


def test_unknown_columns(run: Run, tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text("colour,shape\nred,round\nblue,square\n")
    code, _, err = run(*BASE, "--prices", "odd.csv")
    assert code == 2
    assert "odd.csv" in err
    assert "colour" in err


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("1994-01-03,10\n04/01/1994,11\n1994-01-05,12\n", ["04/01/1994", "line 3"]),
        ("1994-01-03,10\nsoon,11\n1994-01-05,12\n", ["soon", "line 3"]),
        ("1994-01-03,10\n1994-01-04,11\n1994-01-04,12\n", ["1994-01-04", "line 3", "line 4"]),
        ("1994-01-03,10\n1994-01-04,abc\n1994-01-05,12\n", ["abc", "line 3"]),
    ],
    ids=["several-formats", "unparsable", "duplicates-disagree", "text-price"],
)
def test_rows_that_cannot_be_read(run: Run, tmp_path: Path, rows: str, words: list[str]) -> None:
    (tmp_path / "AA-OLD.csv").write_text("date,AA-OLD\n" + rows)
    code, _, err = run(*BASE, "--prices", "AA-OLD.csv")
    assert code == 2
    for word in ["AA-OLD.csv", *words]:
        assert word in err
    assert pages(tmp_path) == []


def test_duplicates_that_disagree_can_be_resolved(run: Run, tmp_path: Path, real: pd.DataFrame) -> None:
    doubled = pd.concat([real, real.iloc[[100]] * 1.01])
    name = prices_file(tmp_path, doubled)
    assert run(*BASE, "--prices", name)[0] == 2
    assert run(*BASE, "--prices", name, "--duplicates", "last")[0] == 0


def test_unsorted_rows_change_nothing(run: Run, tmp_path: Path, real: pd.DataFrame) -> None:
    shuffled = real.sample(frac=1.0, random_state=1)
    sorted_run = run(*BASE, "--prices", prices_file(tmp_path, real, "a/prices.csv"), "--json")
    shuffled_run = run(*BASE, "--prices", prices_file(tmp_path, shuffled, "b/prices.csv"), "--json")
    cut = '"provenance"'
    assert sorted_run[0] == shuffled_run[0] == 0
    assert sorted_run[1].split(cut)[0] == shuffled_run[1].split(cut)[0]


@pytest.mark.parametrize("value", [0.0, -3.5])
def test_prices_of_zero_or_below(run: Run, tmp_path: Path, real: pd.DataFrame, value: float) -> None:
    broken = real.copy()
    broken.loc["1993-06-15", "AA-OLD"] = value
    name = prices_file(tmp_path, broken)
    code, _, err = run(*BASE, "--prices", name)
    assert code == 2
    for word in ("prices.csv", "AA-OLD", "1993-06-15", f"{value:g}", "nonpositive"):
        assert word in err
    assert run(*BASE, "--prices", name, "--nonpositive", "missing")[0] == 0


def test_column_without_values(run: Run, tmp_path: Path, real: pd.DataFrame) -> None:
    code, _, err = run(*BASE, "--prices", prices_file(tmp_path, real.assign(**{"AA-OLD": float("nan")})))
    assert code == 2
    assert "AA-OLD" in err


def test_mixed_percent_and_fraction_returns(real: pd.DataFrame) -> None:
    both = real.pct_change().iloc[1:]
    with pytest.raises(es.EventStudyError, match=r"percent and fractions are mixed.*'DOW29'.*'AA-OLD'"):
        es.returns(both.assign(**{"AA-OLD": both["AA-OLD"] * 100.0}), unit="fraction")
    with pytest.raises(es.EventStudyError, match="unit='percent'"):
        es.returns(both * 100.0, unit="fraction")


def test_unknown_event_names_the_nearest(run: Run) -> None:
    code, _, err = run("report", "six-nation-acord-1994")
    assert code == 2
    assert "'six-nation-acord-1994'" in err
    assert "six-nation-accord-1994" in err.split("did you mean")[1]


def test_no_instrument_named_says_which_were_looked_for(run: Run, tmp_path: Path, real: pd.DataFrame) -> None:
    code, _, err = run("report", "--date", "1994-01-31", "--prices", prices_file(tmp_path, real))
    assert code == 2
    assert "AA-OLD" in err
    assert "name one with -i" in " ".join(err.split())
    assert "none was named, so LME-3M, AA, CENX were looked for" in " ".join(err.split())


def test_unknown_instrument_names_the_nearest(run: Run, tmp_path: Path, real: pd.DataFrame) -> None:
    code, _, err = run(*BASE, "-i", "DOW92", "--prices", prices_file(tmp_path, real))
    assert code == 2
    assert "DOW29" in err


@pytest.mark.parametrize("option", ["--market", "--model"])
def test_unknown_market_and_model(run: Run, tmp_path: Path, real: pd.DataFrame, option: str) -> None:
    code, _, err = run(*BASE[:-2], "--prices", prices_file(tmp_path, real), option, "NOWHERE")
    assert code == 2
    assert "NOWHERE" in err


@pytest.mark.parametrize(("date", "outcome"), [("1985-05-05", "event_before_data"), ("2011-11-11", "event_after_data")])
def test_event_outside_the_data(run: Run, tmp_path: Path, real: pd.DataFrame, date: str, outcome: str) -> None:
    name = prices_file(tmp_path, real)
    code, _, err = run("report", "--date", date, "-i", "AA-OLD", "--model", "constant_mean", "--prices", name)
    assert code == 4
    assert outcome in err
    assert "1992-01-02" in err or "1994-12-30" in err
    # The page is still written: it says at the top why there is no effect.
    page = (tmp_path / f"event-{date}.html").read_text(encoding="utf-8")
    assert "the data" in page


def test_too_little_before_the_event(run: Run, tmp_path: Path, real: pd.DataFrame) -> None:
    code, _, err = run(*BASE, "--prices", prices_file(tmp_path, real.loc["1993-09":]))
    assert code == 4
    assert "too_few_estimation_days" in err
    assert "200 needed" in err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--estimation=-260,-3"], ["overlaps the event window", "[-5,10]"]),
        (["--primary=0,30"], ["[0,30]", "does not fit"]),
        (["--window=8,20"], ["[8,20]", "does not fit"]),
        (["--estimation=-11,-260"], ["ends before it starts"]),
        (["--primary=now"], ["--primary", "'now'", "two sessions"]),
        (["--min-estimation=900"], ["900", "250"]),
    ],
)
def test_windows_that_cannot_be(
    run: Run, tmp_path: Path, real: pd.DataFrame, options: list[str], words: list[str]
) -> None:
    code, _, err = run(*BASE, "--prices", prices_file(tmp_path, real), *options)
    assert code == 2
    for word in words:
        assert word in err
    assert pages(tmp_path) == []


def test_market_equal_to_the_instrument(run: Run, tmp_path: Path, real: pd.DataFrame) -> None:
    code, _, err = run(*BASE[:-2], "--market", "AA-OLD", "--prices", prices_file(tmp_path, real))
    assert code == 2
    assert "is the instrument itself" in err


def test_constant_market(run: Run, tmp_path: Path, real: pd.DataFrame) -> None:
    flat = real.assign(FLAT=100.0)
    code, _, err = run(*BASE[:-2], "--market", "FLAT", "--prices", prices_file(tmp_path, flat))
    assert code == 4
    assert "singular_market" in err
    assert "FLAT is constant or collinear over the estimation window" in err


def test_default_benchmark_that_is_not_there(run: Run, tmp_path: Path, real: pd.DataFrame) -> None:
    name = prices_file(tmp_path, real.rename(columns={"AA-OLD": "CENX"}))
    code, _, err = run("report", "--date", "1994-01-31", "-i", "CENX", "--prices", name)
    assert code == 2
    for word in ("CENX is measured against SPY", "--market", "constant_mean"):
        assert word in err


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('instruments = ["AA"]\n[window]\nprimay = [0, 1]\n', 3, ["primay", "primary"]),
        ('instruments = ["AA"]\nseed = "seven"\n', 2, ["seed", "seven", "integer"]),
        ('instruments = "AA"\n', 1, ["instruments", "list"]),
        ("[window]\nevent = [1, 2, 3]\n", 2, ["event", "2 items"]),
        ('[prices]\nsource = "moon"\n', 2, ["source", "moon", "embedded"]),
        ("[model\n", 1, ["TOML"]),
    ],
    ids=["unknown-key", "wrong-type", "not-a-list", "window-length", "unknown-source", "no-toml"],
)
def test_study_file_names_the_line(run: Run, tmp_path: Path, text: str, line: int, words: list[str]) -> None:
    (tmp_path / "study.toml").write_text(text)
    code, _, err = run("run", "study.toml")
    assert code == 2
    assert f"study.toml, line {line}" in err
    for word in words:
        assert word in err
    assert pages(tmp_path) == []


def test_output_folder_that_is_missing(run: Run, tmp_path: Path, real: pd.DataFrame) -> None:
    code, _, err = run(*BASE, "--prices", prices_file(tmp_path, real), "--out", "nowhere/page.html")
    assert code == 2
    assert "nowhere" in err
    assert pages(tmp_path) == []


def test_output_that_is_a_folder(run: Run, tmp_path: Path, real: pd.DataFrame) -> None:
    (tmp_path / "there").mkdir()
    code, _, err = run(*BASE, "--prices", prices_file(tmp_path, real), "--out", "there")
    assert code == 2
    assert "folder" in err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_output_folder_that_is_read_only(run: Run, tmp_path: Path, real: pd.DataFrame) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    code, _, err = run(*BASE, "--prices", prices_file(tmp_path, real), "--out", "locked/page.html")
    assert code == 2
    assert "locked" in err
    assert list(locked.iterdir()) == []


def test_odd_file_names_and_titles_are_escaped(run: Run, tmp_path: Path, real: pd.DataFrame) -> None:
    name = prices_file(tmp_path, real, "my prices, 'final' \"v2\".csv")
    title = 'He said "cut", <b>now</b> & then, <script>alert(1)</script>'
    code, _, err = run(*BASE, "--prices", name, "--title", title, "--out", "page one, final.html")
    assert code == 0, err
    page = (tmp_path / "page one, final.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<b>now</b>" not in page
    assert "&lt;b&gt;now&lt;/b&gt; &amp; then" in page


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["report", "--date", "06.04.2018"], ["06.04.2018", "YYYY-MM-DD"]),
        (["report", "--date", "2018-04-06", "--time", "half past eight"], ["half past eight", "HH:MM"]),
        (["report", "--date", "2018-04-06", "--time", "08:30", "--zone", "New York"], ["New York", "America/New_York"]),
        (["report", "six-nation-accord-1994", "--date", "2018-04-06"], ["not both"]),
        (["report", "--time", "08:30"], ["--time needs --date"]),
        (["report", "--model", "constant_mean", "--market", "DOW29"], ["no market"]),
        (["report", "--returns", "square"], ["--returns", "square", "simple"]),
        (["report", "--draws", "5"], ["199"]),
        (["report", "--prices", "nowhere.csv"], ["nowhere.csv"]),
        (["run", "nowhere.toml"], ["nowhere.toml"]),
    ],
)
def test_calls_that_cannot_be(run: Run, tmp_path: Path, arguments: list[str], words: list[str]) -> None:
    code, out, err = run(*arguments)
    assert code == 2
    for word in words:
        assert word in err
    assert out == ""
    assert pages(tmp_path) == []


def test_an_event_that_the_catalogue_calls_unusable(run: Run) -> None:
    name = next(e.id for e in es.catalog().values() if not e.usable)
    code, _, err = run("report", name)
    assert code == 4
    assert es.catalog()[name].reason[:30] in err
