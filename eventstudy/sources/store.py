"""Every answer that was ever had: exact bytes by their hash, and one line a request.

    raw/<sha256>.gz     the bytes, compressed; never changed, never overwritten by others
    manifest.jsonl      one line a request, appended under a lock; the newest line is at the end
    lock                held while a line is written

A process may be killed at any moment: bytes are written beside, synced and renamed; a line that was torn is cut off by
the next writer and was never reported as kept.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import hashlib
import json
import os
import sys
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from eventstudy.errors import InputError, StoreDamaged

#: Leftovers of killed processes are removed by `Store.prune` when they are older than this.
STALE_SECONDS = 3600.0
_HASH_LENGTH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the manifest: what was asked, when, and what came.

    Attributes
    ----------
    source, symbol : str
        Who was asked for what, in the source's words.
    asked_from, asked_to : str
        Range that the answer covers, ISO dates, both included; ``""`` for everything there is.
    url : str
        Without crumb and keys.
    params : dict
        Query, without crumb and keys.
    fetched_at : str
        UTC, ISO.
    status : int
    sha256 : str
        Of the exact bytes.
    size, rows : int
        Bytes; rows with a date.
    first, last : str
        First and last date with a price.
    currency, zone : str
        As the source says; ``""`` when it does not.
    versions : dict
        Packages that made the request.
    """

    source: str
    symbol: str
    asked_from: str = ""
    asked_to: str = ""
    url: str = ""
    params: dict[str, str] = field(default_factory=dict)
    fetched_at: str = ""
    status: int = 200
    sha256: str = ""
    size: int = 0
    rows: int = 0
    first: str = ""
    last: str = ""
    currency: str = ""
    zone: str = ""
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def settled_to(self) -> dt.date:
        """Last date whose session was over when the answer was had, as far as it was asked for."""
        return min(self.over, dt.date.fromisoformat(self.asked_to)) if self.asked_to else self.over

    @property
    def over(self) -> dt.date:
        """Last date whose session was over when the answer was had: the day before, in UTC."""
        return dt.datetime.fromisoformat(self.fetched_at).date() - dt.timedelta(days=1)

    def allowed(self, only: Mapping[str, str] | None) -> bool:
        """Whether `only` (hash -> last date that counts, ``""`` for any; None for everything) has this answer."""
        return only is None or only.get(self.sha256) in ("", str(self.over))

    def covers(self, start: dt.date | None, end: dt.date) -> bool:
        """Whether the answer holds every session of ``[start, end]``; None is the beginning of the series."""
        if self.asked_from and (start is None or start < dt.date.fromisoformat(self.asked_from)):
            return False
        return end <= self.settled_to


class Store:
    """A folder of answers; safe for several processes at once.

    Parameters
    ----------
    folder : str or Path, optional
        Default: the environment variable ``EVENTSTUDY_CACHE``, else the user's cache folder.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self.folder = Path(folder) if folder is not None else default_folder()
        self.raw = self.folder / "raw"
        self.manifest = self.folder / "manifest.jsonl"

    def __repr__(self) -> str:
        return f"Store({str(self.folder)!r})"

    def path(self, sha256: str) -> Path:
        """File of the bytes with this hash.

        Raises
        ------
        InputError
            When it is no SHA-256 in lower-case hexadecimal: a path is never made from anything else.
        """
        if len(sha256) != _HASH_LENGTH or not set(sha256) <= set("0123456789abcdef"):
            raise InputError(f"{sha256!r} is no SHA-256 in hexadecimal digits")
        return self.raw / f"{sha256}.gz"

    def put(self, body: bytes) -> str:
        """Keep bytes; returns their SHA-256. Bytes that are there and whole are left alone."""
        sha256 = hashlib.sha256(body).hexdigest()
        path = self.path(sha256)
        if not (path.exists() and self.check(sha256) == ""):
            self.raw.mkdir(parents=True, exist_ok=True)
            # mtime=0: equal bytes give equal files.
            _write_whole(path, gzip.compress(body, mtime=0))
        return sha256

    def get(self, sha256: str) -> bytes:
        """The bytes with this hash.

        Raises
        ------
        StoreDamaged
            When they are missing or hash to something else.
        """
        wrong = self.check(sha256)
        if wrong:
            raise StoreDamaged(wrong, path=self.path(sha256), sha256=sha256)
        return gzip.decompress(self.path(sha256).read_bytes())

    def check(self, sha256: str) -> str:
        """What is wrong with the bytes of this hash; ``""`` when nothing is."""
        path = self.path(sha256)
        try:
            body = gzip.decompress(path.read_bytes())
        except FileNotFoundError:
            return "the file is missing; fetch it again with --refresh, or take it from a copy of the store"
        except (OSError, EOFError, zlib.error) as error:
            return f"the file is damaged and cannot be unpacked ({error}); delete it and fetch again"
        found = hashlib.sha256(body).hexdigest()
        return (
            "" if found == sha256 else f"the bytes hash to {found}, not to the file's name; delete it and fetch again"
        )

    def keep(self, entry: Entry, body: bytes) -> Entry:
        """Keep the bytes of an answer and append its line; returns the line with hash and size.

        Both happen under the lock, so that a prune by another process cannot come between them.
        """
        with self._locked():
            full = replace(entry, sha256=self.put(body), size=len(body))
            with self.manifest.open("a+b") as file:
                _cut_torn_line(file.fileno())
                file.write(_line(full))
                file.flush()
                os.fsync(file.fileno())
        return full

    def entries(self, source: str | None = None, symbol: str | None = None) -> list[Entry]:
        """Lines of the manifest, oldest first.

        Raises
        ------
        StoreDamaged
            When a finished line cannot be read; it is named.
        """
        try:
            text = self.manifest.read_bytes()
        except FileNotFoundError:
            return []
        whole = text[: text.rfind(b"\n") + 1]  # a line without its end is being written, or was torn
        found = [self._entry(n, line) for n, line in enumerate(whole.splitlines(), start=1) if line.strip()]
        return [e for e in found if source in (None, e.source) and symbol in (None, e.symbol)]

    def find(
        self, source: str, symbol: str, start: dt.date | None, end: dt.date, only: Mapping[str, str] | None = None
    ) -> Entry | None:
        """The newest answer (among those that `only` allows) that covers ``[start, end]``, else None."""
        entries = [e for e in self.entries(source, symbol) if e.allowed(only)]
        return max((e for e in entries if e.covers(start, end)), key=lambda e: e.fetched_at, default=None)

    def prune(self, keep: Iterable[str] = (), *, now: float) -> list[str]:
        """Drop all but the newest answer of every range, and bytes that no line names.

        Parameters
        ----------
        keep : iterable of str
            Hashes that stay, because a study names them.
        now : float
            Seconds since 1970; files younger than an hour may belong to a process that is writing.

        Returns
        -------
        list of str
            Hashes that were removed.
        """
        kept_hashes = set(keep)
        with self._locked():
            newest: dict[tuple[str, str, str, str], Entry] = {}
            lines = self.entries()
            for entry in lines:
                newest[(entry.source, entry.symbol, entry.asked_from, entry.asked_to)] = entry
            chosen = {id(e) for e in newest.values()}
            kept = [e for e in lines if id(e) in chosen or e.sha256 in kept_hashes]
            if self.manifest.exists():
                _write_whole(self.manifest, b"".join(map(_line, kept)))
            kept_hashes |= {e.sha256 for e in kept}
            dropped = {e.sha256 for e in lines} - kept_hashes
            return self._remove(kept_hashes, dropped, now)

    def _remove(self, kept: set[str], dropped: set[str], now: float) -> list[str]:
        removed = []
        for path in sorted(self.raw.iterdir()) if self.raw.is_dir() else []:
            name = path.name.removesuffix(".gz")
            if name in kept:
                continue
            if name in dropped or now - path.stat().st_mtime > STALE_SECONDS:
                path.unlink(missing_ok=True)
                removed.append(name)
        return removed

    def _entry(self, number: int, line: bytes) -> Entry:
        known = {f.name for f in fields(Entry)}
        try:
            record = json.loads(line)
            return Entry(**{k: v for k, v in record.items() if k in known})
        except (ValueError, TypeError, AttributeError) as error:
            raise StoreDamaged(
                f"line {number} cannot be read ({error}); remove that line and fetch again", path=self.manifest
            ) from error

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the store's lock; a killed holder loses it with its process."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("a+b") as file:
            _lock(file.fileno())
            yield


def _line(entry: Entry) -> bytes:
    return json.dumps(asdict(entry), sort_keys=True, ensure_ascii=False).encode() + b"\n"


def default_folder() -> Path:
    """``EVENTSTUDY_CACHE``, else ``eventstudy`` in the user's cache folder."""
    named = os.environ.get("EVENTSTUDY_CACHE", "")
    if named:
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_cache_dir("eventstudy", appauthor=False))


def _write_whole(path: Path, body: bytes) -> None:
    """The file has all the bytes or does not exist: written beside, synced, renamed."""
    handle, name = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    if sys.platform != "win32":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _cut_torn_line(handle: int) -> None:
    """Remove what a killed writer left after the last end of line."""
    size = os.fstat(handle).st_size
    at = size
    while at > 0:
        step = min(4096, at)
        os.lseek(handle, at - step, os.SEEK_SET)
        chunk = os.read(handle, step)
        end = chunk.rfind(b"\n")
        if end >= 0:
            at = at - step + end + 1
            break
        at -= step
    if at < size:
        os.ftruncate(handle, at)


if sys.platform == "win32":

    def _lock(handle: int) -> None:
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_LOCK, 1)

else:

    def _lock(handle: int) -> None:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX)
