"""TOML files that users write: read and validated, with the line and the key of every mistake."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from eventstudy.errors import FileFormatError, UnknownNameError


class TomlTable(BaseModel):
    """One TOML table; unknown keys are an error."""

    model_config = ConfigDict(extra="forbid", strict=True)

    def mistakes(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """(keys, sentence) of what the types alone do not show; keys lead from the root to the wrong value."""
        return iter(())


SpecT = TypeVar("SpecT", bound=TomlTable)


def read_toml(file: Path, schema: type[SpecT], what: str) -> SpecT:
    """Read and validate a TOML file; every mistake names its line and its key.

    Parameters
    ----------
    schema : type
        The root table.
    what : str
        What the file is, for messages.

    Raises
    ------
    FileFormatError
        When the file is missing, is no TOML, or holds an unknown key, a wrong type or a wrong value.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise FileFormatError(f"no such file; name an existing {what}", path=file) from error
    except (OSError, UnicodeDecodeError) as error:
        raise FileFormatError(f"cannot be read as text ({error}); a {what} is UTF-8 TOML", path=file) from error
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise FileFormatError(f"no valid TOML: {error}", path=file, row=int(line[1]) if line else None) from error
    try:
        spec = schema.model_validate(raw)
    except ValidationError as error:
        raise _spec_error(file, text, schema, error) from error
    for keys, words in spec.mistakes():
        raise _at(file, text, list(keys), words)
    return spec


def _spec_error(file: Path, text: str, schema: type[BaseModel], error: ValidationError) -> FileFormatError:
    """The first mistake of a file, with its line, what was found and what is allowed."""
    # A misspelled key is also a missing one: its own spelling says more.
    first = min(error.errors(), key=lambda e: e["type"] == "missing")
    keys, table = _walk(schema, first["loc"])
    if first["type"] == "extra_forbidden":
        words = str(UnknownNameError("key", str(keys[-1]), table.model_fields))
        words += f"; allowed: {', '.join(table.model_fields)}"
    elif first["type"] == "missing":
        words = f"the key {keys[-1]!r} is missing"
    else:
        words = f"{first['msg'][0].lower()}{first['msg'][1:]}, found {first['input']!r}"
    return _at(file, text, keys, words)


def _walk(schema: type[BaseModel], where: Iterable[str | int]) -> tuple[list[str | int], type[BaseModel]]:
    """The keys of a mistake as far as they are in the file, and the table that holds the last one."""
    keys: list[str | int] = []
    table = schema
    inner: type[BaseModel] | None = schema
    free = False  # inside a table whose keys the user chooses
    for key in where:
        if isinstance(key, str) and inner is not None:
            table = inner
            field = table.model_fields.get(key)
            inner = _table_in(field.annotation) if field is not None else None
            free = field is not None and get_origin(field.annotation) is dict
        elif isinstance(key, str):
            if not free:
                break  # pydantic's name for a branch of a union
            free = False
        keys.append(key)
    return keys, table


def _table_in(annotation: object) -> type[BaseModel] | None:
    """The table that a field holds: itself, optional, or each of a list; None for plain values."""
    found = [a for a in (annotation, *get_args(annotation)) if isinstance(a, type) and issubclass(a, BaseModel)]
    return found[0] if found else None


def _at(file: Path, text: str, keys: list[str | int], words: str) -> FileFormatError:
    """The error on the line of `keys`, or of the table that lacks them."""
    lines = (line_of(text, keys[:n]) for n in range(len(keys), 0, -1))
    names = ".".join(str(k) for k in keys if isinstance(k, str))
    return FileFormatError(words, path=file, row=next((n for n in lines if n), None), column=names)


def line_of(text: str, keys: Sequence[str | int]) -> int | None:
    r"""Line of ``table.key`` in a TOML text, counted from 1; None when it is not found.

    A number picks the table of an array, counted from 0.

    Examples
    --------
    >>> line_of("seed = 1\n[window]\nevent = [-5, 10]\n", ["window", "event"])
    3
    >>> line_of("[[claim]]\nid = 'a'\n[[claim]]\nid = 'b'\n", ["claim", 1, "id"])
    4
    """
    wanted = list(keys)
    depth: list[str | int] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*(\[\[?)\s*([\w.\-]+)\s*\]", line)
        if header:
            depth = [*header[2].split(".")]
            if header[1] == "[[":
                seen[header[2]] = seen.get(header[2], -1) + 1
                depth.append(seen[header[2]])
            if depth == wanted:
                return number
        key = re.match(r"\s*[\"']?([\w.\-]+)[\"']?\s*=", line)
        if key and (path := [*depth, *key[1].split(".")]) == wanted[: len(path)]:
            return number
    return None
