"""The pages of measured size and power: each names its command, and each part can still be run."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from eventstudy.calibration import Cell
from eventstudy.claims.file import Claim
from eventstudy.claims.verdict import ClaimVerdict
from eventstudy.inference.sizes import MeasuredSize, measured_sizes

FloatArray = NDArray[np.float64]
DOCS = Path(__file__).resolve().parents[1] / "docs"
PARTS = sorted(p.stem for p in (DOCS / "calibration").glob("[a-z]*.py"))


@pytest.fixture
def driver() -> Iterator[ModuleType]:
    sys.path.insert(0, str(DOCS))
    try:
        import make_calibration

        yield make_calibration
    finally:
        sys.path.remove(str(DOCS))


@pytest.mark.parametrize("name", PARTS)
def test_every_part_has_its_page(name: str, driver: ModuleType) -> None:
    text = (DOCS / "reference" / f"calibration-{name}.md").read_text(encoding="utf-8")
    assert f"python docs/make_calibration.py --only {name} --reps " in text
    assert " replications a cell" in text
    assert callable(driver.load_part(name).run)


def test_same_command_same_page(driver: ModuleType) -> None:
    first = driver.page("panel", reps=2, seed=3)
    assert first == driver.page("panel", reps=2, seed=3)
    assert "--only panel --reps 2 --seed 3" in first


def error(one: MeasuredSize) -> float:
    """Monte Carlo error at full precision; the table rounds it."""
    share = (one.rate * one.reps + 1.0) / (one.reps + 2.0)
    return math.sqrt(share * (1.0 - share) / one.reps)


def test_the_page_and_the_packages_table_are_one_run(driver: ModuleType) -> None:
    part = driver.load_part("panel")
    page = (DOCS / "reference" / "calibration-panel.md").read_text(encoding="utf-8")
    known = measured_sizes()
    reps = {m.reps for m in known.values()}
    assert len(reps) == 1
    assert f"--reps {reps.pop()} --seed" in page
    cells = {
        (world, n): tuple(
            Cell(
                method=key, world=world, window=(0, 0), m=part.M, n=n, reps=1, effect=0.0, alpha=0.05, undefined=0,
                rate=known[key, world, n].rate, mc_se=error(known[key, world, n]),
            )
            for key in part.KEYS
        )
        for world in part.WORDS
        for n in part.PAIRS
    }  # fmt: skip
    assert "\n".join(part.lessons(cells)) in page
    for world in part.WORDS:
        assert "\n".join(part.table([f"N = {n}" for n in part.PAIRS], [cells[world, n] for n in part.PAIRS])) in page


def test_what_is_false_in_an_article_about_nothing(driver: ModuleType) -> None:
    part = driver.load_part("article")

    def verdict(word: str, low: float, high: float, adjusted: float, kind: str = "reaction") -> ClaimVerdict:
        claim = Claim(id="c", words="", kind=kind, direction="up")  # type: ignore[arg-type]
        return ClaimVerdict(
            claim=claim, word=word, said=(), low=low, high=high, adjusted=adjusted,  # type: ignore[arg-type]
        )  # fmt: skip

    assert part.false(verdict("supported", 0.01, 0.03, 0.01))
    assert part.false(verdict("contradicted", -0.03, -0.01, 0.01))
    # Nothing happened, so an effect as large as claimed is rightly excluded when zero is not.
    assert not part.false(verdict("contradicted", -0.01, 0.01, 0.6))
    assert not part.false(verdict("inconclusive", -0.03, 0.03, 0.2))
    assert part.false(verdict("contradicted", 0.2, 0.8, 0.01, "volatility"))
    assert not part.false(verdict("contradicted", 0.5, 1.2, 0.3, "volatility"))
    # That nobody had traded before is true.
    assert not part.false(verdict("supported", -0.01, 0.01, 0.5, "unanticipated"))
    assert part.false(verdict("contradicted", 0.02, 0.05, 0.01, "unanticipated"))


def test_an_article_and_a_grid_about_a_jump_that_did_happen(
    driver: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = driver.load_part("article")
    drawn = part.histories

    def with_jump(*call: object) -> FloatArray:
        values = drawn(*call)
        values[:, list(part.SERIES).index("METAL"), part.BEFORE] += 0.25
        return values

    monkeypatch.setattr(part, "histories", with_jump)
    found = part.articles("iid_normal", 1, 4)
    assert {"identified", "swift"} <= set(found.called)
    assert (found.false, found.some) == (1, 1)
    grid = part.grids("iid_normal", 1, 4)
    assert (grid.pvalue[0], grid.p_all[0], grid.p_local[0]) == (1 / 40, 1 / 40, 1 / 40)
