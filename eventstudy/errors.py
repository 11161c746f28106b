"""Errors that say what was found, what is allowed and what to do.

Every error derives from `EventStudyError` and carries its facts as attributes, so that a program can
react without reading the sentence. The command line turns them into exit codes: 2 for a wrong call or
a wrong file, 3 for data that could not be had, 4 when the checks left nothing usable.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class EventStudyError(Exception):
    """Base of every error that this package raises on purpose."""

    exit_code = 2


class InputError(EventStudyError, ValueError):
    """A value, option or table that cannot be used as given."""


class FileFormatError(InputError):
    """A file that cannot be read as prices, returns or events.

    Attributes
    ----------
    path : str
        The file.
    row : int or None
        Line number in the file, counted from 1, header included.
    column : str or None
        Column name.
    """

    def __init__(
        self,
        message: str,
        *,
        path: str | Path,
        row: int | None = None,
        column: str | None = None,
    ) -> None:
        self.path, self.row, self.column = str(path), row, column
        place = self.path
        if row is not None:
            place += f", line {row}"
        if column is not None:
            place += f", column {column!r}"
        super().__init__(f"{place}: {message}")


class UnknownNameError(InputError, KeyError):
    """A name that is in no table; the nearest known names are offered.

    Attributes
    ----------
    kind, name : str
        What was looked for.
    nearest : tuple of str
        Up to three known names that look like it.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], *, hint: str = "") -> None:
        names = list(known)
        self.kind, self.name = kind, name
        lowered = {n.lower(): n for n in names}
        close = difflib.get_close_matches(name.lower(), list(lowered), n=3, cutoff=0.5)
        contains = [n for n in names if name and name.lower() in n.lower()]
        self.nearest = tuple(dict.fromkeys([lowered[c] for c in close] + contains))[:3]
        text = f"unknown {kind} {name!r}"
        if self.nearest:
            text += "; did you mean " + " or ".join(repr(n) for n in self.nearest) + "?"
        elif names:
            text += f"; known: {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}"
        super().__init__(f"{text} {hint}".rstrip())

    def __str__(self) -> str:
        # KeyError would show the message in quotes.
        return str(self.args[0])


class DataUnavailableError(EventStudyError):
    """Data that was asked for could not be had."""

    exit_code = 3


class NothingUsableError(EventStudyError):
    """Every (event, instrument) pair was dropped by the checks; the reasons are in the outcomes."""

    exit_code = 4


class MissingExtraError(EventStudyError, ImportError):
    """An optional dependency is needed and not installed."""

    def __init__(self, what: str, extra: str) -> None:
        self.extra = extra
        super().__init__(f"{what} needs the extra [{extra}]: pip install 'aluminum-eventstudy[{extra}]'")
