"""The claims of an article on paper: text for a terminal, a section for a notebook, one self-contained page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from eventstudy.claims.file import VARIANCE_KINDS
from eventstudy.claims.result import ClaimsResult
from eventstudy.claims.verdict import TEST_WORDS, ClaimVerdict, amount, interval_words, signed
from eventstudy.domain.intraday import moment_words
from eventstudy.report import tables
from eventstudy.report.page import SIGNS, reactor_words
from eventstudy.report.parts import NONE, cells, check_target, render, told_frame, write_whole
from eventstudy.verbs.scan_result import Scan
from eventstudy.verdict import level_words, pvalue, seen_words, window_words

#: Where the verdict box of the page takes its colour from.
_EDGE = {"supported": "reaction", "contradicted": "alert", "inconclusive": "inconclusive", "untestable": "untestable"}
_ORDER = ("supported", "contradicted", "inconclusive", "untestable")


def claims_frame(result: ClaimsResult) -> pd.DataFrame:
    """The table of claims: claim, test, measured on, window, effect, interval, p, adjusted p, verdict."""
    rows = [_row(v) for v in result.verdicts]
    columns = ["Claim", "Test", "Measured on", "Window", "Effect", "Interval", "p", "adj. p", "Verdict"]
    return told_frame(pd.DataFrame(rows, columns=columns), partial(result.time.words, names=_ids(result)))


def _ids(result: ClaimsResult) -> list[str]:
    """What a cell may hold that is nobody's words."""
    return [text for v in result.verdicts for text in (v.claim.id, v.instrument, *(i for s in v.members for i in s))]


def _row(v: ClaimVerdict) -> list[str]:
    if v.word == "untestable":
        return [v.claim.id, TEST_WORDS[v.claim.kind], v.instrument or NONE, *[NONE] * 5, "untestable"]
    one = _cells(v)
    return [one[k] for k in ("id", "test", "on", "window", "effect", "interval", "p", "adjusted", "label")]


def _cells(v: ClaimVerdict) -> dict[str, str]:
    """One measured claim as a table shows it."""
    assert v.window is not None
    return {
        "id": v.claim.id,
        "words": v.claim.words,
        "test": TEST_WORDS[v.claim.kind],
        "on": " minus ".join(", ".join(side) for side in v.members) or v.instrument,
        "window": f"[{v.window[0]}, {v.window[1]}]",
        "effect": signed(v.estimate, v.unit, v.claim.kind),
        "interval": interval_words(v),
        "p": pvalue(v.pvalue),
        "adjusted": pvalue(v.adjusted),
        "word": v.word,
        "rest": v.label.removeprefix(v.word).strip(" ,()"),
        "label": v.label,
    }


def summary_text(result: ClaimsResult) -> str:
    """Headline, table, a paragraph a claim, notes and commands, as text."""
    parts = [result.headline]
    tested = [v for v in result.verdicts if v.word != "untestable"]
    if tested:
        frame = claims_frame(result).drop(columns="Test")
        parts.append(frame[[v in tested for v in result.verdicts]].to_string(index=False))
    parts += [_spoken(v) for v in result.verdicts]
    parts += [_sentence(n) for n in result.notes]
    parts += [s.summary() for s in result.scans]
    if result.commands:
        parts.append("To look for a date:\n" + "\n".join(f"  {c}" for c in result.commands))
    return "\n\n".join(parts)


def _spoken(v: ClaimVerdict) -> str:
    notes = "".join(f" {_sentence(n)}" for n in v.notes)
    return f"{v.claim.id}: {v.claim.words}.\n  {v.sentence} {v.paragraph}".rstrip() + notes


def _sentence(note: str) -> str:
    return f"{note[:1].upper()}{note[1:]}."


def result_html(result: ClaimsResult) -> str:
    """What a notebook shows: headline and table."""
    table = claims_frame(result).to_html(index=False, border=0)  # pandas escapes the cells
    return str(Markup("<p><strong>{}</strong></p>").format(result.headline) + Markup(table))


def claims_page(result: ClaimsResult) -> str:
    """The claims as one HTML document, without network and scripts; the same bytes for the same inputs."""
    names = [result.claims.title, *(c.words for c in result.claims), *(v.name for v in result.verdicts)]
    return render("claims.html", _context(result), partial(result.time.words, names=names))


def write_claims_page(result: ClaimsResult, path: str | Path) -> None:
    """Write the page to `path`; an existing file is replaced whole or not at all.

    Raises
    ------
    InputError
        When the folder is missing, is no folder, or cannot be written, or when `path` is a folder.
    """
    check_target(path)
    write_whole(path, claims_page(result))


def _context(result: ClaimsResult) -> dict[str, Any]:
    words = [v.word for v in result.verdicts]
    first = next(w for w in _ORDER if w in words)
    event = result.event
    return {
        "title": result.claims.title,
        "status": result.claims.status,
        "about": result.claims.about,
        "event": f"{event.label}, announced {event.when}" if event else "",
        "edge": "alert" if event is None else _EDGE[first],
        "label": "Nobody can tell: no date" if event is None else _counts(words),
        # With an announcement the counts are the label, and the first note says what they are about.
        "headline": "" if event else result.headline,
        "family": result.family,
        "alpha": f"{result.alpha:.3g}",
        "claims": [_cells(v) for v in result.verdicts if v.word != "untestable"],
        "untested": [(v.claim.words, v.reason) for v in result.verdicts if v.word == "untestable"],
        "verdicts": [_claim(v) for v in result.verdicts if v.word != "untestable"],
        "notes": [_sentence(n) for n in result.notes],
        "commands": list(result.commands),
        "scans": [(s.sentence, cells(scan_frame(s))) for s in result.scans],
        "expected": cells(_expected(result)),
        "provenance": cells(_provenance(result)),
    }


def scan_frame(found: Scan) -> pd.DataFrame:
    """The dates that a scan found."""
    rows = [
        [
            moment_words(p.date),
            found.amount(p.estimate),
            pvalue(p.pvalue),
            ", ".join(f"{e} ({k:+d})" for e, k in p.events) or NONE,
        ]
        for p in found.found
    ]
    return pd.DataFrame(
        rows, columns=["Date", "Effect", "p of the whole scan", "Announcements of the catalogue nearby"]
    )


def _counts(words: Sequence[str]) -> str:
    return ", ".join(f"{words.count(w)} {w}" for w in _ORDER if w in words)


def _seen(v: ClaimVerdict) -> str:
    how = "" if v.claim.kind in VARIANCE_KINDS else f"; {seen_words(v.seen)}"
    return f"four times in five, allowing for all claims{how}"


def _claim(v: ClaimVerdict) -> dict[str, Any]:
    assert v.window is not None
    kind = v.claim.kind
    source = "stated by the claim" if v.at_least_given else "1-in-20 size of such windows"
    interval = interval_words(v)
    strip = [
        ("Effect", signed(v.estimate, v.unit, kind), f"over {window_words(v.window)}"),
        (f"{level_words(1.0 - v.level)} interval", interval, v.name),
        ("p, adjusted", pvalue(v.adjusted), f"by itself {pvalue(v.pvalue)}; at least {pvalue(v.smallest_p)} by design"),
    ]
    rows = [
        ["Would matter", amount(v.at_least, v.unit, kind), source],
        ["Would have been seen", amount(v.detectable, v.unit, kind), _seen(v)],
        *([what, _detail(value, unit), ""] for what, value, unit in v.details),
        ["Law", "", v.method],
    ]
    return {
        "words": v.claim.words,
        "edge": _EDGE[v.word],
        "label": v.label,
        "strip": strip,
        "sentences": [s.text for s in v.said],
        "facts": cells(pd.DataFrame(rows, columns=["What", "Number", "Meaning"])),
        "notes": [_sentence(n) for n in v.notes],
    }


def _detail(value: float, unit: str) -> str:
    if unit in ("", "sessions", "bars"):
        return f"{value:.3g} {unit}".strip()
    return signed(value, unit, "reaction")


def _expected(result: ClaimsResult) -> pd.DataFrame:
    """Directions that the catalogue expected of this announcement, which need not be the article's."""
    expected = result.event.expected if result.event else {}
    return pd.DataFrame([[reactor_words(r), SIGNS[s]] for r, s in expected.items()], columns=["Who", "Expected"])


def _provenance(result: ClaimsResult) -> pd.DataFrame:
    if result.provenance is None:
        return pd.DataFrame(columns=["What", "Value"])
    return tables.provenance_frame(result.provenance)
