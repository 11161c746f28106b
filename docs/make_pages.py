"""Write the pages that come from the code: statistics and models, command line, conformance.

    python docs/make_pages.py            # statistics.md, cli.md
    python docs/make_pages.py --oracle ../shared/oracle   # and conformance.md

The pages are committed, and a test compares them with what this script would write.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from eventstudy.cli import app
from eventstudy.inference.base import PAIR_STATISTICS, PANEL_STATISTICS
from eventstudy.inference.sizes import size_words
from eventstudy.models.base import MODELS

DOCS = Path(__file__).parent
FACTS = (
    "formula", "null", "assumptions", "needs", "benchmarks", "residuals", "robust", "trust", "min_pairs", "law",
    "reference",
)  # fmt: skip
LABELS = {"min_pairs": "fewest pairs", "robust": "robust to", "trust": "may a verdict use it"}


def statistics_page() -> str:
    """Models and statistics with what their registries say about them."""
    lines = ["# Models and statistics", "", "Written by `python docs/make_pages.py` from the registries.", ""]
    groups = (
        ("Expected return", MODELS),
        ("One series, one event", PAIR_STATISTICS),
        ("Across pairs", PANEL_STATISTICS),
    )
    for title, registry in groups:
        lines += [f"## {title}", ""]
        for entry in registry:  # type: ignore[attr-defined]  # three registries of different things
            lines += [f"### `{entry.key}`: {entry.title}", ""]
            lines += [f"- {LABELS.get(k, k)}: {entry.facts[k]}" for k in FACTS if k in entry.facts]
            measured = size_words(entry.key)
            lines += [f"- measured size: {measured}"] if measured else []
            lines += [""]
    return "\n".join(lines)


def cli_page() -> str:
    """Help of every command."""
    root = typer.main.get_command(app)
    lines = ["# Command line", "", "Written by `python docs/make_pages.py` from the command's own help.", ""]
    lines += ["Exit codes: 0 done; 2 wrong call or wrong file; 3 data could not be had; 4 nothing usable was left.", ""]
    for name, command in commands_of(root):
        lines += [
            f"## `eventstudy {name}`",
            "",
            str(command.help),
            "",
            "| option | meaning | default |",
            "|---|---|---|",
        ]
        for parameter in command.params:
            names = ", ".join(f"`{o}`" for o in parameter.opts)
            default = parameter.default
            shown = "" if default in (None, False, "") or callable(default) else f"`{default}`"
            lines.append(f"| {names} | {getattr(parameter, 'help', None) or ''} | {shown} |")
        lines.append("")
    return "\n".join(lines)


def commands_of(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every command with its full name; groups are descended into."""
    for name, command in getattr(group, "commands", {}).items():
        if getattr(command, "commands", None):
            yield from commands_of(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def conformance_page(oracle: Path) -> str:
    """Output of the conformance command over the full reference."""
    arguments = ["--fixtures", str(oracle / "fixtures"), "--expected", str(oracle / "expected")]
    done = subprocess.run(
        [sys.executable, "-m", "tests.conformance", *arguments],
        cwd=DOCS.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = ["# Conformance", "", "Output of `make conformance`: digits of agreement with independent numbers.", ""]
    return "\n".join([*lines, "```text", done.stdout.rstrip(), "```", ""])


def main() -> None:
    """Write the pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--oracle", type=Path, help="folder with fixtures/ and expected/")
    options = parser.parse_args()
    (DOCS / "methods" / "statistics.md").write_text(statistics_page(), encoding="utf-8")
    (DOCS / "reference" / "cli.md").write_text(cli_page(), encoding="utf-8")
    if options.oracle:
        page = conformance_page(options.oracle)
        (DOCS / "reference" / "conformance.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
