"""``eventstudy verify``: is the data of a study still what it was? And the lock file that says what it was."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from eventstudy.cli.app import JsonOption, app, show, talk
from eventstudy.errors import FileFormatError, InputError, StoreDamaged
from eventstudy.report.record import dumps, study_record
from eventstudy.sources.base import known_sources
from eventstudy.sources.network import cut_at
from eventstudy.sources.store import Store
from eventstudy.spec import StudyPlan, read_study
from eventstudy.study import StudyResult


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedData:
    """One answer that a study was made from; `until` is the last date that counts, ``""`` for all of it."""

    source: str
    symbol: str
    sha256: str
    instruments: tuple[str, ...] = ()
    until: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """What a lock file says: the study, its data by hash, and the hash of its result."""

    study: str
    study_sha256: str
    result_sha256: str
    data: tuple[LockedData, ...]


def lock_path(study: Path) -> Path:
    """``study.toml`` -> ``study.lock.toml``."""
    return study.with_name(f"{study.stem}.lock.toml")


def write_lock(study: Path, result: StudyResult) -> Path | None:
    """Write the lock file of a study that used network sources; None when it did not.

    No clock: the same data and the same result give the same bytes.
    """
    network = {key for key, entry in known_sources().items() if entry.network}
    origins = [o for o in result.provenance.origins if o.source in network]
    if not origins:
        return None
    lines = [
        "# What this study was made from. Written by `eventstudy run`; check it with `eventstudy verify`.",
        f"study = {json.dumps(study.name)}",
        f"study_sha256 = {json.dumps(_sha256(study.read_bytes()))}",
        f"result_sha256 = {json.dumps(result_hash(result))}",
    ]
    for one in sorted(origins, key=lambda o: (o.source, o.name)):
        lines += [
            "", "[[data]]", f"source = {json.dumps(one.source)}", f"symbol = {json.dumps(one.name)}",
            f"sha256 = {json.dumps(one.sha256)}", f"instruments = {json.dumps(list(one.ids))}",
        ]  # fmt: skip
        lines += [f"until = {json.dumps(cut_at(one))}"] if cut_at(one) else []
    path = lock_path(study)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def result_hash(result: StudyResult) -> str:
    """SHA-256 of the result as JSON, versions of packages apart: another version may give the same numbers."""
    record = study_record(result)
    record["provenance"] = {k: v for k, v in record["provenance"].items() if k != "versions"}
    return _sha256(dumps(record).encode())


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def read_lock(path: Path) -> Lock:
    """Read a lock file.

    Raises
    ------
    FileFormatError
        When it is missing or is no lock file.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        data = tuple(
            LockedData(
                source=str(d["source"]), symbol=str(d["symbol"]), sha256=str(d["sha256"]),
                instruments=tuple(d.get("instruments", ())), until=str(d.get("until", "")),
            )
            for d in raw["data"]
        )  # fmt: skip
        head = {k: str(raw[k]) for k in ("study", "study_sha256", "result_sha256")}
    except FileNotFoundError as error:
        raise FileFormatError("no such file; `eventstudy run study.toml` writes one", path=path) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise FileFormatError(f"no lock file of a study ({error})", path=path) from error
    return Lock(data=data, **head)


@app.command()
def verify(
    lock: Annotated[Path, typer.Argument(help="Lock file, study.lock.toml.")],
    rerun: Annotated[
        bool, typer.Option("--rerun/--no-rerun", help="Also run the study from exactly these data and compare.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Hash the stored data of a study again, run it from exactly these data, and compare both with its lock file."""
    locked = read_lock(lock)
    store = Store()
    wrong = {d.sha256: store.check(d.sha256) for d in locked.data}
    rows = [
        {"source": d.source, "symbol": d.symbol, "sha256": d.sha256, "state": wrong[d.sha256] or "as it was"}
        for d in locked.data
    ]
    if rows:
        show("data", rows, as_json)
    for one in locked.data:
        if wrong[one.sha256]:
            reason = f"{one.source} {one.symbol}: {wrong[one.sha256]}"
            raise StoreDamaged(reason, path=store.path(one.sha256), sha256=one.sha256)
    if rerun:
        _rerun(lock, locked)
        talk.print("the study gives the same result", markup=False)


def _rerun(lock: Path, locked: Lock) -> None:
    """Run the study on exactly the locked answers.

    Raises
    ------
    InputError
        When the study file or the result is another one.
    """
    study = lock.parent / locked.study
    plan = read_study(study)
    if _sha256(study.read_bytes()) != locked.study_sha256:
        raise InputError(f"{study} was changed after {lock} was written; run it again, or restore it")
    found = result_hash(pinned(plan, locked).run())
    if found != locked.result_sha256:
        raise InputError(
            f"{study} gives another result ({found[:12]}) than {lock} says ({locked.result_sha256[:12]}) from the "
            "same data: the package or one it needs has changed"
        )


def pinned(plan: StudyPlan, locked: Lock) -> StudyPlan:
    """The plan, offline, on the locked answers only."""
    offline = plan.prices.model_copy(update={"mode": "offline"})
    return replace(plan, only={d.sha256: d.until for d in locked.data}, prices=offline)
