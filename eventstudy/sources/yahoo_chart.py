"""One answer of Yahoo's chart endpoint as prices: what it says it is, its sessions, bars, dividends and splits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from eventstudy._typing import DateArray, FloatArray
from eventstudy.domain.instruments import Instrument, instruments
from eventstudy.domain.quality import FROZEN_SESSIONS
from eventstudy.sources.bars import BAR_ORDER
from eventstudy.sources.base import Nonpositive
from eventstudy.sources.faults import About, Answer, chart_of, impossible
from eventstudy.sources.feed import Column, Parsed

#: Smallest split, as a log, whose step can be told from a day's news.
SMALLEST_SPLIT = 0.2
#: Only a rate limit reads the clock, and who asked has raised that one already.
_NO_CLOCK = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
#: Seconds of the day at which a bar belongs to the next day (22:00 and 23:00 sharp): midnight, written with another
#: season's offset. No market's day is a Saturday: there it is the last trade of a Friday evening.
_SLIPPED = (22 * 3600, 23 * 3600)


def read_chart(about: About, answer: Answer, ids: Sequence[str], nonpositive: Nonpositive) -> Parsed:
    """Check what the answer claims to be, then its rows.

    Raises
    ------
    FetchError
        Of the type that the answer's status or content calls for.
    """
    chart = chart_of(answer, about, _NO_CLOCK)
    meta = chart.get("meta") if isinstance(chart.get("meta"), dict) else {}
    assert isinstance(meta, dict)
    known = instruments().get(ids[0])
    notes = _check_meta(meta, about.symbol, known, about, answer)
    days = _days(chart["timestamp"], meta, about, answer)
    columns = _quotes(chart, days.size, about, answer)
    _check_closes(columns["close"], about, answer)
    positive = known is None or known.change in ("log", "simple")
    if positive and nonpositive == "error" and (columns["close"] <= 0.0).any():
        day = days[columns["close"] <= 0.0][0]
        raise impossible(about, answer, f"a close of zero or below on {day}; --nonpositive missing leaves it out")
    columns["dividends"] = _dividends(chart, days, meta, about, answer)
    splits = _splits(chart, meta, about, answer)
    days, columns, more = _one_row_a_day(days, columns, about, answer)
    more += _adjust_missed_splits(days, columns, splits)
    holes = int(np.isnan(columns["close"]).sum())
    more += (f"{holes} rows without a price",) if holes else ()
    column = Column(
        days=days, values=columns["close"], dividends=columns["dividends"],
        bars={n: columns[n] for n in BAR_ORDER if n in columns},
    )  # fmt: skip
    zone = str(meta.get("exchangeTimezoneName", ""))
    return Parsed(
        columns=dict.fromkeys(ids, column), currency=str(meta.get("currency") or ""), zone=zone,
        notes=(*notes, *more),
    )  # fmt: skip


def _check_meta(
    meta: dict[str, Any], symbol: str, known: Instrument | None, about: About, answer: Answer
) -> tuple[str, ...]:
    """Raise when the answer is about something else than was asked for; notes of what it does not say."""
    named = str(meta.get("symbol") or "")
    if named.upper() != symbol.upper():
        raise impossible(about, answer, f"the answer is about {named or 'an unnamed symbol'!r}")
    step = str(meta.get("dataGranularity") or "1d")
    if step != "1d":
        raise impossible(about, answer, f"daily rows were asked for and {step!r} came")
    currency = str(meta.get("currency") or "")
    if known is not None and known.currency and currency and currency != known.currency:
        raise impossible(about, answer, f"prices in {currency}, but {known.id} is in {known.currency}")
    return () if currency else ("the answer does not say the currency",)


def _check_closes(close: FloatArray, about: About, answer: Answer) -> None:
    """Raise when no row has a price, or all have the same: the server says that it traded, and shows no trading."""
    known = close[~np.isnan(close)]
    if not known.size:
        raise impossible(about, answer, f"{close.size} rows and not one price")
    if known.size >= FROZEN_SESSIONS and (known == known[0]).all():
        raise impossible(about, answer, f"a frozen feed: all {known.size} closes are {known[0]:g}")


def _days(stamps: Any, meta: dict[str, Any], about: About, answer: Answer) -> DateArray:
    """Session dates: the exchange's local date of each stamp."""
    try:
        zone = ZoneInfo(str(meta["exchangeTimezoneName"]))
        instants = [dt.datetime.fromtimestamp(int(s), dt.UTC).astimezone(zone).replace(tzinfo=None) for s in stamps]
    except (KeyError, ValueError, TypeError, OverflowError, OSError, ZoneInfoNotFoundError) as error:
        raise impossible(about, answer, f"no time zone or stamps to date the rows by ({error})") from error
    times = np.array(instants, dtype="datetime64[s]")
    days = times.astype("datetime64[D]")
    late = np.isin((times - days).astype(np.int64), _SLIPPED) & (np.is_busday(days + 1, weekmask="1111101"))
    return np.where(late, days + 1, days)


def _quotes(chart: dict[str, Any], rows: int, about: About, answer: Answer) -> dict[str, FloatArray]:
    """Bars as float arrays, NaN for null."""
    try:
        quote = chart["indicators"]["quote"][0]
        columns = {n: np.array(quote[n], dtype=np.float64) for n in BAR_ORDER if quote.get(n) is not None}
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise impossible(about, answer, f"bars that cannot be read ({error})") from error
    if "close" not in columns:
        raise impossible(about, answer, f"{rows} rows and no closing price")
    for name, values in columns.items():
        if values.shape != (rows,):
            raise impossible(about, answer, f"{rows} dates and {values.size} values of {name}")
    return columns


def _dividends(
    chart: dict[str, Any], days: DateArray, meta: dict[str, Any], about: About, answer: Answer
) -> FloatArray:
    """Dividends and capital gains paid on each row's date; one on a day without a row counts on the next."""
    events = chart.get("events") or {}
    paid = np.zeros(days.size)
    try:
        kinds = [events.get(kind) or {} for kind in ("dividends", "capitalGains")]
        found = [(int(d["date"]), float(d["amount"])) for kind in kinds for d in kind.values()]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise impossible(about, answer, f"dividends that cannot be read ({error})") from error
    order = np.argsort(days, kind="stable")
    for day, (_, amount) in zip(_days([s for s, _ in found], meta, about, answer), found, strict=True):
        at = int(np.searchsorted(days[order], day))
        if at < days.size:
            paid[order[at]] += amount
    return paid


def _splits(
    chart: dict[str, Any], meta: dict[str, Any], about: About, answer: Answer
) -> list[tuple[np.datetime64, float]]:
    """Dates of splits, and new shares for an old one."""
    try:
        found = [
            (int(s["date"]), float(s["numerator"]) / float(s["denominator"]))
            for s in ((chart.get("events") or {}).get("splits") or {}).values()
        ]
    except (KeyError, TypeError, ValueError, ZeroDivisionError, AttributeError) as error:
        raise impossible(about, answer, f"splits that cannot be read ({error})") from error
    days = _days([stamp for stamp, _ in found], meta, about, answer)
    return sorted((day, ratio) for day, (_, ratio) in zip(days, found, strict=True) if ratio > 0.0)


def _adjust_missed_splits(
    days: DateArray, columns: dict[str, FloatArray], splits: list[tuple[np.datetime64, float]]
) -> tuple[str, ...]:
    """Put rows before a split on its terms where Yahoo has not: for some days it lists the split and does not adjust.

    A close that steps by about the ratio on the very date was left as it was; notes say what was done.
    """
    notes = []
    for day, ratio in splits:
        row = int(np.searchsorted(days, day))
        known = np.flatnonzero(~np.isnan(columns["close"]))
        before, after = known[known < row], known[known >= row]
        size = np.log(ratio)
        if abs(size) < SMALLEST_SPLIT or not before.size or not after.size:
            continue
        step = np.log(columns["close"][after[0]] / columns["close"][before[-1]])
        if abs(step + size) > 0.5 * abs(size):
            continue
        for name, values in columns.items():
            values[:row] *= ratio if name == "volume" else 1.0 / ratio
        notes.append(f"prices before {day} were not adjusted for its split of {ratio:g} to 1: adjusted here")
    return tuple(notes)


def _one_row_a_day(
    days: DateArray, columns: dict[str, FloatArray], about: About, answer: Answer
) -> tuple[DateArray, dict[str, FloatArray], tuple[str, ...]]:
    """Rows ascending, one a date; a second row of the last date is the running session and wins."""
    notes: tuple[str, ...] = ()
    if (np.diff(days) < np.timedelta64(0)).any():
        order = np.argsort(days, kind="stable")
        days, columns = days[order], {n: v[order] for n, v in columns.items()}
        notes += ("the rows were out of order",)
    twice = np.flatnonzero(days[1:] == days[:-1])
    for i in twice.tolist():
        same = columns["close"][i] == columns["close"][i + 1] or np.isnan(columns["close"][i : i + 2]).any()
        if not same and days[i] != days[-1]:
            raise impossible(about, answer, f"two rows of {days[i]} with different prices")
    if not twice.size:
        return days, columns, notes
    keep = np.ones(days.size, dtype=bool)
    for i in twice.tolist():
        keep[i + 1 if np.isnan(columns["close"][i + 1]) else i] = False
        columns["dividends"][i : i + 2] = columns["dividends"][i : i + 2].max()
    notes += (f"{twice.size} dates had two rows: one was kept",)
    return days[keep], {n: v[keep] for n, v in columns.items()}, notes
