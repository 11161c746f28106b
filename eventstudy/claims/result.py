"""An article's claims judged together: each by its own test, with one error rate for all of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from eventstudy._typing import FloatArray, Record
from eventstudy.claims.beside import (
    Second,
    details_of,
    drift_after,
    level_beside,
    nearby,
    no_date,
    notes_of,
    refused_tests,
)
from eventstudy.claims.file import Claim, Claims
from eventstudy.claims.measure import Measured, Reading
from eventstudy.claims.search import look_for_dates, scan_commands
from eventstudy.claims.series import Setting, measure_claims
from eventstudy.claims.verdict import ClaimVerdict, decide, sentences, told_in, untestable
from eventstudy.domain.events import Event, EventTable, catalog
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.time_unit import TimeUnit
from eventstudy.errors import InputError, NothingUsableError
from eventstudy.kernels.multiplicity import holm
from eventstudy.models.base import ExpectedReturn
from eventstudy.provenance import Provenance, make_provenance
from eventstudy.study import StudyResult
from eventstudy.verbs.scan_result import Scan
from eventstudy.verdict import benchmark_words
from eventstudy.volatility.base import GarchResponse


@dataclass(frozen=True, kw_only=True, eq=False)
class ClaimsResult:
    """The claims of an article, each with its verdict.

    Attributes
    ----------
    claims : Claims
    event : Event or None
        The announcement that they were applied to.
    verdicts : tuple of ClaimVerdict
        In the order of the claims.
    alpha : float
        Chance of any false verdict among all claims.
    family : int
        Claims among which p-values were adjusted.
    notes : tuple of str
        On the whole: date, tariffs, premiums that are missing.
    commands : tuple of str
        How to look for a date, when there is none.
    scans : tuple of Scan
        Searches of a span for such a date, when prices and a span were given.
    studies : dict
        Claim id -> the study that measured it.
    provenance : Provenance or None
        None when nothing was measured.
    """

    claims: Claims
    event: Event | None
    verdicts: tuple[ClaimVerdict, ...]
    alpha: float
    family: int
    notes: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    scans: tuple[Scan, ...] = ()
    studies: dict[str, StudyResult] = field(default_factory=dict)
    provenance: Provenance | None = None

    def __getitem__(self, id: str) -> ClaimVerdict:
        claim = self.claims[id]
        return next(v for v in self.verdicts if v.claim is claim)

    def __repr__(self) -> str:
        words = [v.word for v in self.verdicts]
        listed = ", ".join(f"{words.count(w)} {w}" for w in dict.fromkeys(words))
        return f"ClaimsResult({len(words)} claims: {listed})"

    @property
    def time(self) -> TimeUnit:
        """Days, or the bars of intraday prices."""
        return TimeUnit(next((study.minutes for study in self.studies.values()), None))

    @property
    def headline(self) -> str:
        """The whole in one sentence."""
        words = [v.word for v in self.verdicts]
        order = ("supported", "contradicted", "inconclusive", "untestable")
        listed = ", ".join(f"{words.count(w)} {w}" for w in order if w in words)
        to = f"applied to “{self.event.label}”" if self.event else "as they stand"
        count = f"{len(words)} claim{'s' if len(words) != 1 else ''}"
        return f"{count} of “{self.claims.title}”, {to}: {listed}."

    def to_frame(self) -> pd.DataFrame:
        """One row a claim, in columns as `to_record` without the sentences."""
        left_out = ("said", "details", "notes", "members", "tags", "seen", "refused")
        return pd.DataFrame([{k: x for k, x in v.to_record().items() if k not in left_out} for v in self.verdicts])

    def to_record(self) -> Record:
        """Plain dict for JSON; keys in docs/reference/json.md."""
        article, event = self.claims, self.event
        return {
            "article": {
                "title": article.title, "about": article.about, "status": article.status,
                "sourced": article.sourced, "verified": article.verified, "tags": list(article.tags),
            },
            "event": {"id": event.id, "title": event.label, "announced": event.when} if event else None,
            "sentence": self.headline,
            "alpha": self.alpha,
            "family": self.family,
            "claims": [v.to_record() for v in self.verdicts],
            "notes": list(self.notes),
            "commands": list(self.commands),
            "scans": [s.to_record() for s in self.scans],
            "provenance": self.provenance.to_record() if self.provenance else None,
        }  # fmt: skip

    def summary(self) -> str:
        """Headline, the table of claims, a paragraph each, and the notes, as text."""
        from eventstudy.report.claims import summary_text

        return summary_text(self)

    def _repr_html_(self) -> str:
        from eventstudy.report.claims import result_html

        return result_html(self)

    def report(self, path: str) -> None:
        """Write the self-contained HTML page to `path`.

        Raises
        ------
        InputError
            When the folder is missing or cannot be written; nothing is left half-written.
        """
        from eventstudy.report.claims import write_claims_page

        write_claims_page(self, path)

    def require_measured(self) -> None:
        """Raise when there was an announcement and no claim could be measured on it.

        Raises
        ------
        NothingUsableError
            With the reason of every claim that prices could have tested.
        """
        asked = [v for v in self.verdicts if v.claim.kind != "untestable"]
        if self.event is not None and asked and all(v.word == "untestable" for v in asked):
            reasons = "; ".join(f"{v.claim.id}: {v.reason}" for v in asked)
            raise NothingUsableError(f"no claim could be measured: {reasons}")


def judge_claims(
    claims: Claims,
    prices: PriceTable | None = None,
    *,
    event: Event | str | None = None,
    span: tuple[str, str | None] | None = None,
    model: ExpectedReturn | None = None,
    volatility: GarchResponse | None = None,
    alpha: float | None = None,
    seed: int = 0,
    others: EventTable | None = None,
    allow_unusable: bool = False,
) -> ClaimsResult:
    """Judge the claims of an article on one announcement.

    Parameters
    ----------
    claims : Claims
        From `read_claims` or `claims_saying`.
    prices : PriceTable, optional
        Not needed without a date and a span.
    event : Event or str, optional
        The announcement, or its id in the catalogue. None: the article's own date; with none, every claim says that it
        cannot be tested.
    span : (str, str or None), optional
        Without a date: first and last date (None: the end of the data) among which to look for one, in `prices`.
    model : ExpectedReturn, optional
        None: the market model on each instrument's own benchmark, and its own mean where that is not among the prices.
    volatility : GarchResponse, optional
    alpha : float, optional
        Chance of any false verdict among all claims; None: the file's.
    seed : int
    others : EventTable, optional
        Announcements known besides this one; None: the catalogue.
    allow_unusable : bool
        Judge on an event that the catalogue marks as unusable.

    Returns
    -------
    ClaimsResult

    Raises
    ------
    InputError
        When alpha is out of range, or there is a date and no prices.
    UnknownNameError
        When the event is not in the catalogue.

    Notes
    -----
    The p of each claim is the verdict's (larger of local-scale placebo and FHS), or for a variance the simulated one;
    Holm's adjustment runs over all claims that have a p. A method whose smallest p cannot reach alpha over the number
    of claims is refused by name, before any p is looked at. Intervals hold together: each has confidence
    ``1 - alpha / m``, or for a supported claim that of its step.
    """
    level = claims.alpha if alpha is None else alpha
    if not 0.0 < level < 0.5:
        raise InputError(f"alpha = {level} must lie between 0 and 0.5, such as 0.05")
    happened = catalog()[event] if isinstance(event, str) else event or claims.event
    if happened is None:
        scans: tuple[Scan, ...] = ()
        unscanned: tuple[str, ...] = ()
        if span is not None:
            if prices is None:
                raise InputError("a scan needs prices: es.load(...), or --prices and --source")
            scans, unscanned = look_for_dates(
                claims, prices, span, model=model, volatility=volatility or GarchResponse(), alpha=level, seed=seed,
                others=others,
            )  # fmt: skip
        verdicts = [untestable(c, c.why if c.kind == "untestable" else no_date(c)) for c in claims]
        return ClaimsResult(
            claims=claims, event=None, verdicts=tuple(verdicts), alpha=level, family=0,
            notes=(*notes_of(claims, None, prices), *unscanned), scans=scans,
            commands=() if span else scan_commands(claims),
        )  # fmt: skip
    if prices is None:
        raise InputError("claims about a dated announcement need prices: es.load(...), or --prices and --source")
    setting = Setting(
        prices=prices.with_derived(claims.candidates), event=happened, others=others, model=model,
        volatility=volatility or GarchResponse(), alpha=level, seed=seed, allow_unusable=allow_unusable,
    )  # fmt: skip
    measured = measure_claims(claims, setting)
    verdicts, family = _judge(claims, measured, level)
    time = TimeUnit(prices.minutes)
    studies = {m.claim.id: m.result for m in measured if isinstance(m, Measured)}
    return ClaimsResult(
        claims=claims, event=happened, verdicts=tuple(told_in(time, v) for v in verdicts), alpha=level, family=family,
        notes=notes_of(claims, happened, prices), studies=studies,
        provenance=_provenance(setting, studies, claims) if studies else None,
    )  # fmt: skip


# ---- one error rate for all claims


def _judge(claims: Claims, measured: list[Measured | str], alpha: float) -> tuple[list[ClaimVerdict], int]:
    """Verdicts in the order of the claims, and the number of claims adjusted for."""
    out: dict[str, ClaimVerdict] = {}
    tested: dict[str, tuple[Measured, Reading]] = {}
    for claim, one in zip(claims, measured, strict=True):
        reading = one if isinstance(one, str) else one.read(alpha)
        if isinstance(one, Measured) and isinstance(reading, Reading):
            tested[claim.id] = one, reading
        else:
            out[claim.id] = untestable(claim, str(reading))
    for id, reason in refused({id: r.smallest_p for id, (_, r) in tested.items()}, alpha).items():
        one, _ = tested.pop(id)
        out[id] = replace(untestable(claims[id], reason), notes=one.notes, instrument=one.instrument, name=one.name)
    p = np.array([r.pvalue for _, r in tested.values()])
    adjusted = holm(p) if p.size else p
    steps = holm_steps(p, alpha)
    for (one, _), q, step in zip(tested.values(), adjusted, steps, strict=True):
        out[one.claim.id] = _judge_one(one, float(q), float(step), alpha, len(tested))
    return _same_number([out[c.id] for c in claims]), len(tested)


def refused(smallest: dict[str, float], alpha: float) -> dict[str, str]:
    """Claims whose method cannot reach alpha over the number of claims, with the reason; the coarsest leaves first.

    Looks at the smallest attainable p alone, never at a p.
    """
    left = dict(smallest)
    out: dict[str, str] = {}
    while left:
        worst = max(left, key=lambda id: left[id])
        if left[worst] <= alpha / len(left) * (1.0 + 1e-12):
            break
        out[worst] = (
            f"its method cannot reach {alpha:g} among {len(left)} claims: the smallest p it can give is "
            f"{left[worst]:.4f}, and {alpha / len(left):.4f} is needed; a longer estimation window or fewer claims "
            "would do"
        )
        del left[worst]
    return out


def holm_steps(p: FloatArray, alpha: float) -> FloatArray:
    """Level at which Holm's procedure judges each claim, shape (m,): its own step if rejected there, else alpha / m."""
    order = np.argsort(p, kind="stable")
    out = np.full(p.size, alpha / max(p.size, 1))
    for rank, row in enumerate(order):
        level = alpha / (p.size - rank)
        if p[row] > level * (1.0 + 1e-12):
            break
        out[row] = level
    return out


def _judge_one(one: Measured, adjusted: float, step: float, alpha: float, family: int) -> ClaimVerdict:
    claim = one.claim
    at_least = one.usual() if claim.at_least is None else claim.at_least
    wide, own = one.read(alpha / family), one.read(step)
    assert isinstance(wide, Reading)
    assert isinstance(own, Reading)
    word = decide(claim, wide, own, adjusted, alpha, at_least)
    second = Second()
    if word == "supported" and claim.kind in ("swift", "uncertainty"):
        second = (drift_after if claim.kind == "swift" else level_beside)(one, alpha)
        word = "inconclusive" if second.reason else word
    near = nearby(one)
    crowded = "other announcements fall inside" if near else ""
    alone = word == "supported" and claim.kind != "unanticipated"
    shown = own if alone else wide
    found = ClaimVerdict(
        claim=claim, word=word, reason=second.reason, said=(), instrument=one.instrument, name=one.name,
        members=one.members, window=one.window, unit=shown.unit, estimate=shown.estimate, low=shown.low,
        high=shown.high, level=1.0 - (step if alone else alpha / family), pvalue=shown.pvalue, adjusted=adjusted,
        smallest_p=shown.smallest_p, at_least=at_least, at_least_given=claim.at_least is not None,
        detectable=wide.detectable, seen=wide.seen, method=shown.method, details=(*details_of(one), *second.details),
        notes=one.notes, refused=refused_tests(one), caveat="; ".join(filter(None, (second.caveat, crowded))),
    )  # fmt: skip
    against = benchmark_words(one.result, one.instrument)
    return replace(
        found, said=sentences(found, against=against, alpha=alpha, family=family, more=(*second.said, *near))
    )


def _same_number(verdicts: list[ClaimVerdict]) -> list[ClaimVerdict]:
    """Name the claims that rest on one and the same number: it confirms nothing twice."""
    first: dict[tuple[object, ...], str] = {}
    out = []
    for v in verdicts:
        key = (v.instrument, v.window, v.unit, v.estimate, v.claim.estimation)
        if v.word != "untestable":
            other = first.setdefault(key, v.claim.id)
            if other != v.claim.id:
                v = replace(v, notes=(*v.notes, f"the number of “{other}” once more: no second confirmation"))
        out.append(v)
    return out


def _provenance(setting: Setting, studies: dict[str, StudyResult], claims: Claims) -> Provenance:
    used = {i for r in studies.values() for i in r.names} | set(claims.candidates)
    first = next(iter(studies.values()))
    settings: Record = {
        "title": claims.title,
        "claims": [_settings(c) for c in claims],
        "alpha": setting.alpha,
        "seed": setting.seed,
        "studies": {id: r.provenance.settings_sha256 for id, r in studies.items()},
    }
    return make_provenance(setting.prices, used, first.events, settings)


def _settings(claim: Claim) -> Record:
    return {name: getattr(claim, name) for name in claim.__dataclass_fields__}
