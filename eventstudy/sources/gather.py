"""Get what is wanted: from the store where it covers the range, else from the network, and keep it."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib import metadata

import numpy as np
import pandas as pd

from eventstudy.domain.instruments import Instrument, instruments
from eventstudy.domain.prices import ad_hoc
from eventstudy.errors import (
    Blocked,
    CacheMiss,
    FetchError,
    NetworkFailure,
    NoDataInRange,
    RateLimited,
    UnknownNameError,
)
from eventstudy.sources.faults import Answer, public_parts
from eventstudy.sources.feed import Feed, Fetch, Gathered, Got, Parsed, Part, Revision, Span
from eventstudy.sources.store import Entry, Store

#: The next symbol would meet the same.
_ENDS_THE_RUN = (Blocked, NetworkFailure, RateLimited)


def record_of(feed: Feed, name: str) -> Instrument:
    """The instrument of an id or of the source's own symbol; a symbol that nobody described stands for itself.

    Raises
    ------
    UnknownNameError
        When the instrument is known and the source does not have it.
    """
    known = instruments()
    one = known[name] if name in known else known.by_alias(feed.key, name) or ad_hoc(name)
    if not feed.symbol(one):
        served = [i.id for i in known.values() if feed.symbol(i)]
        raise UnknownNameError("instrument", name, served, hint=f"(the source {feed.key!r} does not have it)")
    return one


def gather(feed: Feed, names: Sequence[str], span: Span, how: Fetch) -> Gathered:
    """Get every part that `names` need; what was had stays in the store when a later one fails.

    A symbol that fails for a reason of its own does not end the run; a network that is down, a rate limit and a
    refusal do, because the next symbol would meet the same.

    Returns
    -------
    Gathered
        Failures by symbol; `missing` also names symbols that were not tried.
    """
    wanted: dict[str, list[Instrument]] = {}
    for one in (record_of(feed, id) for name in names for id in legs_of(name)):
        records = wanted.setdefault(feed.symbol(one), [])
        records += [one] if one not in records else []
    last = how.line.today() - dt.timedelta(days=1)
    plan = [(symbol, part) for symbol in wanted for part in feed.parts(symbol, span, last)]
    command = _command(feed, names, span)
    got: list[Got] = []
    failures: dict[str, FetchError] = {}
    empty: dict[str, FetchError] = {}
    for number, (symbol, part) in enumerate(plan):
        how.progress(symbol, number, len(plan))
        if symbol in failures:
            continue
        try:
            got.append(_one(feed, part, wanted[symbol], _need(part, span, last), how, command))
        except NoDataInRange as error:
            empty[symbol] = error
        except FetchError as error:
            failures[symbol] = error
            if isinstance(error, _ENDS_THE_RUN):
                break
    had = {g.entry.symbol for g in got}
    # A year before a table begins is no failure as long as another year has rows.
    failures |= {s: e for s, e in empty.items() if s not in had | set(failures)}
    missing = tuple(s for s in wanted if s not in had - set(failures))
    return Gathered(got=tuple(g for g in got if g.entry.symbol not in missing), failures=failures, missing=missing)


def _need(part: Part, span: Span, last: dt.date) -> Span:
    """What of a part is wanted; no end stands for as late as there is."""
    starts = [d for d in (part.asked.start, span.start) if d is not None]
    ends = [d for d in (part.asked.end, span.end) if d is not None and d <= last]
    return Span(max(starts, default=None), min(ends, default=None))


def legs_of(name: str) -> tuple[str, ...]:
    """A derived instrument as its legs, selectors opened."""
    known = instruments()
    out: list[str] = []
    for id in known.select([name]):
        one = known.get(id)
        out += [one.minuend, one.subtrahend] if one is not None and one.minuend else [id]
    return tuple(dict.fromkeys(out))


def _one(feed: Feed, part: Part, records: list[Instrument], need: Span, how: Fetch, command: str) -> Got:
    """One part: from the store where the mode allows it, else from the network."""
    ids = tuple(r.id for r in records)
    if how.mode != "refresh":
        last = how.line.today() - dt.timedelta(days=1)
        entry = how.store.find(feed.key, part.symbol, need.start, need.end or last, how.only)
        if entry is None and how.mode == "offline" and (need.end is None or how.only is not None):
            # Nobody said where it has to end, or the answers themselves are given: the newest that reaches back far
            # enough. A lock may name answers that were had before the range was over.
            entry = _newest(how, feed.key, part.symbol, need.start)
        if entry is not None:
            return Got(entry=entry, ids=ids, parsed=_reread(feed, part, entry, ids, how), from_store=True, need=need)
        if how.mode == "offline":
            reason = f"the store has no answer for {need.start or 'its beginning'} to {need.end or 'now'}"
            raise CacheMiss(reason, source=feed.key, symbol=part.symbol, command=command)
    before = _before(how.store, feed.key, part)
    answer, parsed = how.line.retry(lambda: _attempt(feed, part, records[0], ids, how))
    entry = how.store.keep(_entry(feed, part, answer, parsed, how), answer.body)
    revision = None if before is None else _compare(_old(feed, part, before, ids, how), parsed)
    return Got(entry=entry, ids=ids, parsed=parsed, from_store=False, need=need, revision=revision)


def _attempt(feed: Feed, part: Part, one: Instrument, ids: tuple[str, ...], how: Fetch) -> tuple[Answer, Parsed]:
    answer = feed.ask(part, one, how.line)
    return answer, feed.read(part, answer, ids, how.nonpositive)


def _before(store: Store, source: str, part: Part) -> Entry | None:
    """The newest answer about the same symbol and range start, else about the symbol: what a revision is told from."""
    entries = sorted(store.entries(source, part.symbol), key=lambda e: e.fetched_at)
    same = [e for e in entries if e.asked_from == str(part.asked.start or "")]
    return next(reversed(same or entries), None)


def _newest(how: Fetch, source: str, symbol: str, start: dt.date | None) -> Entry | None:
    entries = [e for e in how.store.entries(source, symbol) if e.allowed(how.only)]
    entries = [e for e in entries if e.settled_to >= (start or dt.date.min) and e.covers(start, e.settled_to)]
    return max(entries, key=lambda e: e.fetched_at, default=None)


def _reread(feed: Feed, part: Part, entry: Entry, ids: tuple[str, ...], how: Fetch) -> Parsed:
    body = how.store.get(entry.sha256)
    return feed.read(part, Answer(url=entry.url, status=entry.status, body=body), ids, how.nonpositive)


def _old(feed: Feed, part: Part, entry: Entry, ids: tuple[str, ...], how: Fetch) -> Parsed | None:
    """The answer of before; None when its rows mean something else by now."""
    if how.store.check(entry.sha256):
        return None
    try:
        return _reread(feed, part, entry, ids, replace(how, nonpositive="missing"))
    except FetchError:
        return None


def _compare(old: Parsed | None, new: Parsed) -> Revision | None:
    """Rows of `old` that `new` has with another value, or has no more."""
    changed, gone, largest, on = 0, 0, 0.0, ""
    for id, before in (old.columns if old else {}).items():
        now = new.columns.get(id)
        if now is None or not now.days.size:
            continue
        inside = Span(_date(now.days[0]), _date(now.days[-1])).holds(before.days) & ~np.isnan(before.values)
        days, values = before.days[inside], before.values[inside]
        there = dict(zip(now.days.tolist(), now.values.tolist(), strict=True))
        fresh = np.array([there.get(d, np.nan) for d in days.tolist()])
        gone += int(np.isnan(fresh).sum())
        with np.errstate(divide="ignore", invalid="ignore"):
            moved = np.where(fresh == values, 0.0, np.abs(fresh / values - 1.0))
        moved = np.nan_to_num(moved, nan=0.0, posinf=0.0)
        changed += int((moved > 0.0).sum())
        if moved.size and moved.max() > largest:
            largest, on = float(moved.max()), str(days[int(moved.argmax())])
    return Revision(rows_changed=changed, rows_gone=gone, largest=largest, largest_on=on) if changed or gone else None


def _date(day: np.datetime64) -> dt.date:
    return pd.Timestamp(day).date()


def _entry(feed: Feed, part: Part, answer: Answer, parsed: Parsed, how: Fetch) -> Entry:
    url, params = public_parts(answer.url)
    packages = ("aluminum-eventstudy", *feed.packages)
    days = parsed.known_days
    days = days[part.asked.holds(days)]
    if not days.size:
        raise NoDataInRange("no price between these dates", source=feed.key, symbol=part.symbol, url=url)
    return Entry(
        source=feed.key, symbol=part.symbol, url=url, params=params, status=answer.status,
        asked_from=str(part.asked.start or ""), asked_to=str(part.asked.end or ""),
        fetched_at=how.line.now().isoformat(), rows=int(days.size), first=str(days[0]), last=str(days[-1]),
        currency=parsed.currency, zone=parsed.zone, versions={p: metadata.version(p) for p in packages},
    )  # fmt: skip


def _command(feed: Feed, names: Iterable[str], span: Span) -> str:
    """The command that would put `names` into the store."""
    words = ["eventstudy", "fetch", *names, "--source", feed.key]
    words += ["--from", str(span.start)] if span.start else []
    words += ["--to", str(span.end)] if span.end else []
    return shlex.join(words)
