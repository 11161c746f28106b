"""The pages of measured size and power: each names its command, and each part can still be run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

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
