"""``eventstudy check`` as a user meets it: findings on stdout, talk on stderr, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import pytest

import eventstudy as es
from eventstudy.domain.quality import FlagKind

SHARED = Path(__file__).parents[2] / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")

Run = Callable[..., tuple[int, str, str]]
KEYS = {"instrument", "kind", "severity", "start", "end", "n", "evidence", "meaning"}


@pytest.fixture
def run(run: Run) -> Run:
    """Call ``eventstudy check`` in an empty folder; returns exit code, stdout, stderr."""
    return partial(run, "check")


@pytest.fixture(scope="module")
def ibm(embedded: es.PriceTable) -> pd.Series:
    """A clean series of prices."""
    return embedded.frame["IBM"].loc["1991-01-02":]


def write(path: Path, levels: pd.Series, name: str = "IBM") -> Path:
    """A file of one column."""
    levels.rename(name).rename_axis("date").to_csv(path)
    return path


def flags(out: str) -> list[dict[str, Any]]:
    """The rows of the JSON object."""
    record = json.loads(out)
    assert set(record) == {"flags"}
    rows: list[dict[str, Any]] = record["flags"]
    assert all(set(row) == KEYS for row in rows)
    return rows


def test_a_clean_file(run: Run, tmp_path: Path, ibm: pd.Series) -> None:
    file = write(tmp_path / "clean.csv", ibm)
    code, out, err = run(file)
    assert (code, out) == (0, "")
    assert "1 series checked: nothing found" in err
    code, out, err = run(file, "--json", "--quiet")
    assert (code, flags(out), err) == (0, [], "")


def test_findings_leave_exit_code_zero(run: Run, tmp_path: Path, ibm: pd.Series) -> None:
    levels = ibm.copy()
    levels["1994-03-15"] *= 1.2
    levels.loc["1997-01-02":"1997-03-31"] = levels["1997-01-02"]
    file = write(tmp_path / "bad.csv", levels)
    code, out, err = run(file, "--json")
    assert code == 0
    rows = flags(out)
    assert {r["kind"] for r in rows} >= {"bad_tick", "frozen_run"}
    assert all(r["kind"] in get_args(FlagKind) and r["severity"] in ("info", "warn", "refuse") for r in rows)
    assert all(r["meaning"] and r["evidence"] for r in rows)
    assert "2 refuse" in err  # the stretch, and the step out of it
    code, out, _ = run(file)
    assert code == 0
    assert "bad_tick" in out
    assert "1994-03-15" in out


def test_a_price_of_zero_is_a_finding(run: Run, tmp_path: Path, ibm: pd.Series) -> None:
    levels = ibm.copy()
    levels["1994-03-15"] = 0.0
    code, out, _ = run(write(tmp_path / "zero.csv", levels), "--json")
    assert code == 0
    assert "missing" in {r["kind"] for r in flags(out)}


def test_another_source(run: Run, tmp_path: Path, ibm: pd.Series) -> None:
    other = ibm.copy()
    other.loc["1996-01-02":"1996-06-28"] *= 1.25
    ours, theirs = write(tmp_path / "a.csv", ibm), write(tmp_path / "b.csv", other)
    code, out, _ = run(ours, "--against", theirs, "--json")
    assert code == 0
    rows = flags(out)
    assert {r["kind"] for r in rows} == {"source_disagreement"}
    assert ("1996-01-02", "1996-06-28") in {(r["start"], r["end"]) for r in rows}


def test_an_identity_by_hand(run: Run, tmp_path: Path, ibm: pd.Series) -> None:
    levels = ibm.copy()
    levels["1994-03-15"] *= 1.2
    code, out, _ = run(write(tmp_path / "x.csv", levels, "price"), "--as", "CENX", "--json")
    assert code == 0
    assert {r["instrument"] for r in flags(out)} == {"CENX"}


def test_unreadable_files_are_exit_code_two(run: Run, tmp_path: Path) -> None:
    code, out, err = run(tmp_path / "none.csv")
    assert (code, out) == (2, "")
    assert "none.csv" in err
    (tmp_path / "text.csv").write_text("once upon a time\nthere was\n")
    code, out, err = run(tmp_path / "text.csv", "--json")
    assert (code, out) == (2, "")
    assert "text.csv" in err
    assert run()[0] == 2


@needs_shared
def test_a_folder_uses_its_peers(run: Run) -> None:
    code, out, err = run(SHARED, "--json")
    assert code == 0, err
    found = {(r["instrument"], r["kind"], r["start"]) for r in flags(out)}
    assert ("LME-3M", "bad_tick", "2008-01-30") in found
    assert ("LME-NI-3M", "suspension", "2022-03-08") in found
    assert ("AA", "identity_change", "2000-01-03") in found
    assert ("ALI=F", "roll_or_splice", "2019-06-27") in found
    assert not [f for f in found if f[0] == "CENX"]


@needs_shared
def test_one_file_against_another(run: Run) -> None:
    code, out, _ = run(SHARED / "ALI=F.csv", "--against", SHARED / "PALUMUSDM.csv", "--json")
    assert code == 0
    assert any(r["kind"] == "source_disagreement" and "PALUMUSDM" in r["evidence"] for r in flags(out))
