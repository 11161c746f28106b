"""What a scan found: the dates that stand out, the claimed date among them, and how it was judged."""

from __future__ import annotations

import datetime as dt
import html
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from eventstudy._typing import DateArray, FloatArray, Record
from eventstudy.domain.intraday import is_intraday, iso_words, moment_words, when_words
from eventstudy.domain.time_unit import TimeUnit
from eventstudy.domain.windows import Offsets
from eventstudy.inference.search import Against, Kind, Sign
from eventstudy.provenance import Provenance
from eventstudy.verdict import effect, p_words, window_words
from eventstudy.verdict import pvalue as pvalue_words

#: Follows the variance model where intraday bars were scanned.
IN_THEIR_SCALE = ", bars in the scale of their clock time"

_WHAT = {"any": "a price reaction", "up": "a rise", "down": "a fall"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """One reaction that was found: the largest of dates whose windows overlap.

    Attributes
    ----------
    date : date
        Day 0 of the window with the largest statistic; of intraday bars the close of bar 0, a datetime in UTC, as all
        dates here but the claimed one.
    first, last, dates : date, date, int
        The dates of the cluster that are significant by themselves.
    estimate : float
        Cumulative abnormal response (in the scan's unit), or how many times the expected size of a day's response.
    statistic : float
        In standard deviations expected the session before (`kind` return), or as `estimate`.
    pvalue : float
        Adjusted for the whole scan.
    events : tuple of (str, int)
        Catalogue events nearby, and the session of their day 0 relative to `date`.
    """

    date: dt.date
    first: dt.date
    last: dt.date
    dates: int
    estimate: float
    statistic: float
    pvalue: float
    events: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedDate:
    """What the scan says about the date that somebody claims.

    Attributes
    ----------
    date, within : date, int
        As claimed, with the sessions on either side that are allowed.
    best : date
        The date with the largest statistic among those that could react and `within` sessions on either side.
    estimate, statistic : float
        At `best`.
    pvalue : float
        Of the largest statistic among those dates: adjusted for the choice of the date.
    pvalue_scan : float
        Of the same among all dates of the scan.
    rank : int
        Place of `best` among all dates scanned; 1 is the largest.
    found : bool
        Whether `best` belongs to a reaction that the scan found.
    """

    date: dt.date
    within: int
    best: dt.date
    estimate: float
    statistic: float
    pvalue: float
    pvalue_scan: float
    rank: int
    found: bool


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """An announcement that was known before the search, and the session on which it could first show."""

    id: str
    title: str
    day0: dt.date


@dataclass(frozen=True, kw_only=True, eq=False)
class Scan:
    """Every date of a span as if it were the announcement, and which of them stand out.

    Attributes
    ----------
    instrument, name, unit : str
    kind : {"return", "volatility"}
    sign : {"up", "down", "any"}
    against : {"before", "around"}
        Whose volatility a response is measured in.
    window : (int, int)
        Sessions summed, relative to each date.
    alpha : float
        Probability that a span without any reaction gives a finding.
    dates : ndarray of datetime64, shape (n,)
        Sessions scanned, in days; closes of intraday bars in UTC, in seconds.
    estimate, statistic, pvalue : ndarray, shape (n,)
        Per date; p-values hold for the whole scan (single-step maximum).
    skipped : dict
        Reason -> sessions of the span that could not be scanned.
    critical : float
        Size of the statistic from which on a date is found.
    detectable : float
        Reaction that would have been found on four of five dates of this span: in `unit` for returns, as a multiple
        of the expected standard deviation for volatility.
    found : tuple of Peak
        In order of date.
    known : tuple of KnownEvent
        Known announcements whose day 0 is among the dates scanned, in order of date.
    claimed : ClaimedDate or None
    model, variance : str
        Expected-return and variance model in words.
    dof : float
        Degrees of freedom of the shocks.
    sessions : int
        Dates away from known events that say how large chance is.
    problem : str
        Why a simpler variance model was taken; empty when the fit holds.
    draws : int
        Simulated series.
    smallest_p : float
    stretches, stretch_pvalue : int, float
        Other stretches of the series of the same length and without known events, and the rank of this span's
        largest statistic among theirs; NaN with none. A check beside the simulation: its smallest p is
        ``1 / (1 + stretches)``.
    provenance : Provenance
    minutes : int or None
        Length of a bar of intraday prices; None: daily prices.
    """

    instrument: str
    name: str
    unit: str
    kind: Kind
    sign: Sign
    against: Against
    window: Offsets
    alpha: float
    dates: DateArray
    estimate: FloatArray
    statistic: FloatArray
    pvalue: FloatArray
    skipped: dict[str, int]
    critical: float
    detectable: float
    found: tuple[Peak, ...]
    known: tuple[KnownEvent, ...]
    claimed: ClaimedDate | None
    model: str
    variance: str
    problem: str
    dof: float
    sessions: int
    draws: int
    smallest_p: float
    stretches: int
    stretch_pvalue: float
    provenance: Provenance
    minutes: int | None = None

    def __repr__(self) -> str:
        span = f"{when_words(self.dates[0])}..{when_words(self.dates[-1])}"
        return f"Scan({self.instrument}, {span}, {self.dates.size} dates, {len(self.found)} found)"

    def to_frame(self) -> pd.DataFrame:
        """One row a date scanned: date, estimate, statistic, p, found (its p is at most alpha)."""
        return pd.DataFrame(
            {
                "date": self.dates,
                "estimate": self.estimate,
                "statistic": self.statistic,
                "p": self.pvalue,
                "found": self.pvalue <= self.alpha,
            }
        )

    def peaks_frame(self) -> pd.DataFrame:
        """One row a reaction found: date, first, last, dates, estimate, statistic, p, events."""
        columns = ["date", "first", "last", "dates", "estimate", "statistic", "p", "events"]
        rows = [
            [p.date, p.first, p.last, p.dates, p.estimate, p.statistic, p.pvalue, event_words(p)] for p in self.found
        ]
        return pd.DataFrame(rows, columns=columns)

    def to_record(self) -> Record:
        """Plain dict for JSON: ``found`` and ``claimed`` as records with ``p``, without the rows of every date."""
        left_out = (
            "dates",
            "estimate",
            "statistic",
            "pvalue",
            "found",
            "known",
            "claimed",
            "window",
            "provenance",
            "minutes",
        )
        record = {k: getattr(self, k) for k in self.__dataclass_fields__ if k not in left_out}
        return record | {
            "start": iso_words(self.dates[0]),
            "end": iso_words(self.dates[-1]),
            "n_dates": int(self.dates.size),
            "window": list(self.window),
            "sentence": self.sentence,
            "found": [_with_p(asdict(p)) for p in self.found],
            "known": [asdict(k) for k in self.known],
            "claimed": None if self.claimed is None else _with_p(asdict(self.claimed)),
            "provenance": self.provenance.to_record(),
        }

    def amount(self, value: float) -> str:
        """An estimate in words: an effect in its unit, or a multiple of the expected size."""
        return effect(value, self.unit) if self.kind == "return" else f"{value:.2f} times"

    @property
    def each(self) -> str:
        """What is scanned one by one, in a word: ``date``, or ``bar`` of intraday prices."""
        return "bar" if is_intraday(self.dates) else "date"

    @property
    def sentence(self) -> str:
        """What was found, in one sentence; with nothing found, what would have been."""
        what = _WHAT[self.sign] if self.kind == "return" else "raised volatility"
        where = TimeUnit(self.minutes).words(f"over {window_words(self.window)}")
        span = f"{when_words(self.dates[0])} to {when_words(self.dates[-1])}"
        dates = f"{self.each}s"
        if self.found:
            listed = "; ".join(
                f"{moment_words(p.date)} {self.amount(p.estimate)} ({p_words(p.pvalue)})" for p in self.found
            )
            shown = f"{len(self.found)} show{'s' if len(self.found) == 1 else ''} {what} {where}"
            return (
                f"Of {self.dates.size:,} {dates} of {self.name} from {span}, {shown} beyond what the largest of so "
                f"many {dates} shows by chance in {100.0 * (1.0 - self.alpha):.4g}% of such spans: {listed}."
            )
        return (
            f"No {dates[:-1]} of {self.name} from {span} shows {what} {where} beyond what the largest of "
            f"{self.dates.size:,} {dates} shows by chance; {self.amount(self.detectable).lstrip('+')} would have been "
            f"found on four {dates} of five."
        )

    def summary(self) -> str:
        """Sentence, claimed date, the list of what was found, and how it was judged, as text."""
        parts = [self.sentence]
        if self.claimed is not None:
            parts.append(claimed_words(self, self.claimed))
        if self.found:
            frame = self.peaks_frame().rename(columns={"dates": f"{self.each}s"})
            parts.append(frame.to_string(index=False, formatters=_formatters(self)))
        parts.append(method_words(self))
        return "\n\n".join(parts)

    def plot(self, ax: Any = None) -> Any:
        """Statistic of every date with the threshold and what was found, on matplotlib axes `ax` or its own."""
        from eventstudy.report.verb_plots import statistic_by_date

        return statistic_by_date(self, ax)

    def report(self, path: str) -> None:
        """Write the self-contained HTML page to `path`.

        Raises
        ------
        InputError
            When the folder is missing or cannot be written; nothing is left half-written.
        """
        from eventstudy.report.verb_page import write_scan_page

        write_scan_page(self, path)

    def _repr_html_(self) -> str:
        table = self.peaks_frame().to_html(index=False, border=0, formatters=_formatters(self)) if self.found else ""
        claimed = "" if self.claimed is None else f"<p>{html.escape(claimed_words(self, self.claimed))}</p>"
        return f"<p><strong>{html.escape(self.sentence)}</strong></p>{claimed}{table}<p>{method_words(self)}</p>"


def event_words(peak: Peak) -> str:
    """Catalogue events near a found date, with the session of their day 0 where it is another one."""
    return ", ".join(name if offset == 0 else f"{name} ({offset:+d})" for name, offset in peak.events)


def claimed_words(result: Scan, claim: ClaimedDate) -> str:
    """Whether the claimed date is among those found, and its p alone and in the whole scan."""
    around = f" ± {claim.within} session{'s' if claim.within > 1 else ''}" if claim.within else ""
    around = TimeUnit(result.minutes).words(around)
    looked = f"these {result.each}s" if claim.within else f"this {result.each}"
    return (
        f"The claimed date {claim.date}{around} is {'' if claim.found else 'not '}among them: the largest statistic "
        f"there is {claim.statistic:+.2f} on {moment_words(claim.best)} ({result.amount(claim.estimate)}), number "
        f"{claim.rank} of {result.dates.size:,} {result.each}s. Had only {looked} been "
        f"looked at, {p_words(claim.pvalue)}; for the whole scan {p_words(claim.pvalue_scan)}."
    )


def method_words(result: Scan) -> str:
    """How the scan was judged, in sentences."""
    rank = (
        f" Among {result.stretches} other stretches of the series as long and clear of known events the largest "
        f"statistic ranks {p_words(result.stretch_pvalue)} (smallest possible {1.0 / (1.0 + result.stretches):.3f})."
        if result.stretches else ""
    )  # fmt: skip
    return (
        f"Judged by the largest statistic of {result.draws:,} simulated series ({result.model}; {result.variance}"
        f"{'' if not result.problem else ': ' + result.problem}; shocks with {result.dof:.1f} degrees of freedom; "
        f"{result.sessions:,} {result.each}s away from known events). A {result.each} is found "
        f"from {result.critical:.2f} on.{rank}"
    )


def _formatters(result: Scan) -> dict[str, Any]:
    days = dict.fromkeys(("date", "first", "last"), moment_words)
    return {**days, "estimate": result.amount, "statistic": "{:+.2f}".format, "p": pvalue_words}


def _with_p(record: Record) -> Record:
    record["p"] = record.pop("pvalue")
    return record
