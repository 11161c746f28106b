"""What every page shares: the templates, the one table, and a file that is written whole or not at all."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from eventstudy.errors import InputError

#: What stands in a cell without a number.
NONE = "–"


def render(template: str, context: dict[str, Any], words: Callable[[str], str] = str) -> str:
    """One of the package's templates, filled; `words` puts what the page says in the unit of time of its result.

    What the page was made from is told as it is.
    """
    environment = Environment(
        loader=PackageLoader("eventstudy", "report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["say"] = words
    said = {key: value if key == "provenance" else told(value, words) for key, value in context.items()}
    return environment.get_template(template).render(said)


def told(value: Any, words: Callable[[str], str]) -> Any:
    """Every text inside lists, tuples and dicts put in `words`; pictures stay."""
    if isinstance(value, str):
        return value if value.startswith("data:") else words(value)
    if isinstance(value, dict):
        return {key: told(one, words) for key, one in value.items()}
    return type(value)(told(one, words) for one in value) if isinstance(value, list | tuple) else value


def told_frame(frame: pd.DataFrame, words: Callable[[str], str]) -> pd.DataFrame:
    """A frame of texts, its headings included, put in `words`."""
    return frame.map(lambda cell: told(cell, words)).rename(columns=lambda name: told(name, words))


def cells(frame: pd.DataFrame) -> dict[str, Any]:
    """Columns, rows, and which columns hold numbers, for the template's one table macro."""
    rows = frame.astype(str).to_numpy().tolist()
    columns = [str(c) for c in frame.columns]
    numeric = [_is_numeric([row[k] for row in rows]) for k in range(len(columns))]
    return {"columns": columns, "rows": rows, "numeric": numeric}


def _is_numeric(cells: list[str]) -> bool:
    return all((len(c) <= 18 and c[:1] in "+-<0123456789") or c in ("", NONE, "undefined") for c in cells)


def check_target(path: str | Path) -> None:
    """Complain about a place that cannot take a report, before anything is measured.

    Raises
    ------
    InputError
        As `write_page`.
    """
    target = Path(path)
    folder = target.parent
    # os.path answers False where a folder may not even be looked into; Path would raise.
    if os.path.isdir(target):
        raise InputError(f"{target} is a folder; name a file in it, such as {target / 'report.html'}")
    if not os.path.exists(folder):
        raise InputError(f"the folder {folder} does not exist; create it, or write the report somewhere else")
    if not os.path.isdir(folder):
        raise InputError(f"{folder} is a file, not a folder; write the report somewhere else")
    if not os.access(folder, os.W_OK):
        raise InputError(f"the folder {folder} cannot be written; change its permissions, or choose another")


def write_whole(path: str | Path, text: str) -> None:
    """Write `text` to `path`, whole or not at all.

    Raises
    ------
    InputError
        As `write_page`.
    """
    target = Path(path)
    part = target.parent / f".eventstudy-{os.getpid()}.part"
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        os.replace(part, target)
    except OSError as error:
        raise InputError(f"{target} cannot be written ({error.strerror}); choose another place or name") from error
    finally:
        part.unlink(missing_ok=True)


def data_uri(svg: str) -> str:
    """A picture as an address that needs no other file."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode("ascii")
