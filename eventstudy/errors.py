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


class FetchError(DataUnavailableError):
    """One series that a network source did not deliver, with the evidence.

    Attributes
    ----------
    source, symbol : str
        Who was asked, and for what, in the source's own words.
    url : str
        What was asked, without crumb and keys; ``""`` when no request was made.
    status : int or None
        HTTP status of the answer; None when there was none.
    excerpt : str
        Beginning of the answer.
    reason : str
        The sentence without source, symbol and evidence.
    there, missing : tuple of str
        When several symbols were asked for: those that were had and are kept, and those that were not.
    """

    #: Whether the same request may succeed a little later.
    retryable = False

    def __init__(
        self,
        reason: str,
        *,
        source: str,
        symbol: str,
        url: str = "",
        status: int | None = None,
        excerpt: str = "",
        there: tuple[str, ...] = (),
        missing: tuple[str, ...] = (),
    ) -> None:
        self.reason, self.source, self.symbol = reason, source, symbol
        self.url, self.status, self.excerpt = url, status, excerpt
        self.there, self.missing = there, missing
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        evidence = [f"HTTP {self.status}"] if self.status is not None else []
        evidence += [f"from {self.url}"] if self.url else []
        evidence += [f"the answer begins {self.excerpt!r}"] if self.excerpt else []
        text = f"{self.source}: {self.symbol}: {self.reason}" + (f" ({', '.join(evidence)})" if evidence else "")
        if self.missing:
            text += f"; kept in the store: {', '.join(self.there) or 'none'}; not had: {', '.join(self.missing)}"
        return text

    def among(self, there: Iterable[str], missing: Iterable[str]) -> FetchError:
        """The same error, which now says what else was asked for; returns itself."""
        self.there, self.missing = tuple(there), tuple(missing)
        self.args = (self._sentence(),)
        return self


class SymbolNotFound(FetchError):
    """The source says itself that it does not know the symbol."""


class NoDataInRange(FetchError):
    """The source knows the symbol and has nothing between these dates."""


class Blocked(FetchError):
    """The source refuses this client (401, 403)."""


class RateLimited(FetchError):
    """Too many requests; nothing is said about the symbol.

    Attributes
    ----------
    retry_after : float or None
        Seconds that the source asks to wait.
    """

    retryable = True

    def __init__(
        self,
        reason: str,
        *,
        source: str,
        symbol: str,
        url: str = "",
        status: int | None = None,
        excerpt: str = "",
        retry_after: float | None = None,
    ) -> None:
        self.retry_after = retry_after
        super().__init__(reason, source=source, symbol=symbol, url=url, status=status, excerpt=excerpt)


class UpstreamDown(FetchError):
    """The source failed (5xx) or says that it is down; nothing is said about the symbol."""

    retryable = True


class MalformedResponse(FetchError):
    """An answer in another format than the source's: a web page, half a file, nothing at all."""

    retryable = True


class NetworkFailure(FetchError):
    """No complete answer: no connection, a reset, a timeout."""

    retryable = True


class BadPayload(FetchError):
    """An answer in the right format whose content cannot be true, or is not what was asked for."""


class CacheMiss(FetchError):
    """The store does not hold it and the network may not be used.

    Attributes
    ----------
    command : str
        What to run once, with a network.
    """

    def __init__(self, reason: str, *, source: str, symbol: str, command: str) -> None:
        self.command = command
        super().__init__(f"{reason}; run once with a network: {command}", source=source, symbol=symbol)


class StoreDamaged(DataUnavailableError):
    """Bytes of the store that are not what they were.

    Attributes
    ----------
    path : str
        The file.
    sha256 : str
        What it should hash to; ``""`` for the manifest.
    """

    def __init__(self, reason: str, *, path: str | Path, sha256: str = "") -> None:
        self.path, self.sha256 = str(path), sha256
        super().__init__(f"{path}: {reason}")


class NothingUsableError(EventStudyError):
    """Every (event, instrument) pair was dropped by the checks; the reasons are in the outcomes."""

    exit_code = 4


class MissingExtraError(EventStudyError, ImportError):
    """An optional dependency is needed and not installed."""

    def __init__(self, what: str, extra: str) -> None:
        self.extra = extra
        super().__init__(f"{what} needs the extra [{extra}]: pip install 'aluminum-eventstudy[{extra}]'")
