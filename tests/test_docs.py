"""Documentation that is executed: examples, README and docs code, generated pages."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own, warnings as errors, in an empty folder."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda p: p.name)
def test_example_runs(script: Path, tmp_path: Path) -> None:
    done = python(script.read_text(encoding="utf-8"), tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_python_blocks_run(page: Path, tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    if not blocks:
        return
    done = python("\n".join(blocks), tmp_path)
    assert done.returncode == 0, done.stderr


def test_generated_pages_are_current() -> None:
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        import make_pages
    finally:
        sys.path.remove(str(ROOT / "docs"))
    docs = ROOT / "docs"
    assert (docs / "methods" / "statistics.md").read_text(encoding="utf-8") == make_pages.statistics_page()
    assert (docs / "reference" / "cli.md").read_text(encoding="utf-8") == make_pages.cli_page()


def test_study_file_of_the_reference_runs(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "reference" / "study-file.md").read_text(encoding="utf-8")
    (tmp_path / "study.toml").write_text(re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL)[0], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "eventstudy", "run", "study.toml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "accord.html").is_file()


def test_internal_links_exist() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"
