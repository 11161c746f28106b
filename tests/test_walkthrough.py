"""The console blocks of docs/how-to/claims.md print what they say."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "how-to" / "claims.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n\$ eventstudy (.*?)\n(.*?)```", PAGE, flags=re.DOTALL)
Run = Callable[..., tuple[int, str, str]]


def missing(command: str) -> list[str]:
    """Files and folders that a command names and that are not here."""
    named = [word for word in shlex.split(command) if "/" in word]
    return [word for word in named if not (ROOT / word).exists()]


def test_the_page_has_its_blocks() -> None:
    commands = [command for command, _ in BLOCKS]
    assert len(commands) == len(set(commands)) == 6
    assert sum("../shared/data" in c for c in commands) == 4


@pytest.mark.parametrize(("command", "printed"), BLOCKS, ids=[c for c, _ in BLOCKS])
def test_a_block_prints_what_it_says(run: Run, monkeypatch: pytest.MonkeyPatch, command: str, printed: str) -> None:
    if absent := missing(command):
        pytest.skip(f"needs {', '.join(absent)}")
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "250")
    code, out, _ = run(*shlex.split(command))
    assert code == 0
    lines = iter([line.rstrip() for line in out.splitlines()])
    # Every line of the block, in its order; the command prints more around them.
    for line in printed.splitlines():
        assert any(line.rstrip() == one for one in lines), f"not printed, or not in this order: {line}"
