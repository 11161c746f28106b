"""A result as one JSON object with documented keys: returns are fractions, NaN is null."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

import numpy as np

from eventstudy._typing import Record
from eventstudy.domain.intraday import iso_words
from eventstudy.report.tables import bar_words
from eventstudy.study import StudyResult
from eventstudy.verdict import headline, judge


def study_record(result: StudyResult) -> Record:
    """Everything a script wants of a result.

    Returns
    -------
    dict
        ``bars`` (of intraday prices alone: minutes, words); ``primary``;
        ``tests`` (rows as `TestResult`, ``p`` for the p-value; event or instrument null where a
        statistic spans several); ``abnormal`` (rows: event, instrument, offset, date, level, response, expected,
        ar, se, sar, unit; offsets of the event window); ``advice`` (statistic to trust and why,
        those to distrust, facts); ``models`` (instrument, model, note, and coefficients,
        sigma, dof per pair); ``later_markets`` (benchmarks struck after their instrument: hours, whether lags are
        used, words); ``volatility``; ``speed``; ``variance_events`` and ``spillover``
        (empty unless asked for); ``outcomes``; ``counts``; ``quality``; ``day0``; ``overlaps``;
        ``sensitivity``; ``donors`` (of a synthetic control, each left out);
        ``controls`` (of each used pair: named, asked, kept, left_out with the reason, words);
        ``variants`` (the primary effect asked in other ways: kind, title, model, window, estimate, se,
        low, high, p, note, without one donor each, reason); ``releases`` (scheduled ones inside event windows),
        ``releases_not_known`` (calendars that do not reach one); ``verdict`` (sentence, pairs); ``provenance``.
    """
    verdicts = judge(result)
    used = len(result.used)
    bars = {} if result.minutes is None else {"bars": {"minutes": result.minutes, "words": bar_words(result)}}
    return bars | {
        "primary": list(result.primary),
        "verdict": {"sentence": headline(verdicts), "pairs": [v.to_record() for v in verdicts]},
        "tests": [t.to_record() for t in result.tests],
        "abnormal": _abnormal(result),
        "models": _models(result),
        "later_markets": [asdict(m) | {"words": m.words} for m in result.later],
        "advice": asdict(result.advice) if result.advice is not None else None,
        "volatility": [v.to_record() for v in result.volatility],
        "speed": [s.to_record() for s in result.speed],
        "variance_events": [v.to_record() for v in result.variance_events],
        "spillover": [s.to_record() for s in result.spillover],
        "outcomes": [asdict(o) for o in result.outcomes],
        "counts": {"pairs": len(result.outcomes), "used": used, "dropped": len(result.outcomes) - used},
        "quality": [asdict(f) for f in result.quality],
        "day0": [{k: v for k, v in asdict(d).items() if k != "position"} for d in result.day0],
        "overlaps": [asdict(o) for o in result.overlaps],
        "sensitivity": [asdict(s) for s in result.sensitivity],
        "donors": [asdict(d) for d in result.donors],
        "controls": [c.to_record() for c in result.controls],
        "variants": [v.to_record() for v in result.variants],
        "releases": [asdict(r) for r in result.releases],
        "releases_not_known": [asdict(n) for n in result.releases_not_known],
        "provenance": result.provenance.to_record(),
    }


def dumps(record: Any) -> str:
    """Strict JSON: NaN and infinities become null, dates ISO text."""
    return json.dumps(_plain(record), indent=2, ensure_ascii=False, allow_nan=False)


def _abnormal(result: StudyResult) -> list[Record]:
    if result.abnormal is None:
        return []
    window = result.study.window.event
    frame = result.abnormal.to_frame(window)
    dates = result.abnormal.dates[:, result.abnormal.columns(window)].ravel()
    frame["date"] = [None if np.isnat(d) else iso_words(d) for d in dates]
    return [dict(zip(frame.columns, row, strict=True)) for row in frame.itertuples(index=False)]


def _models(result: StudyResult) -> list[Record]:
    ar = result.abnormal
    if ar is None:
        return []
    return [
        {
            "event": event,
            "instrument": instrument,
            "model": result.models[instrument][0],
            "note": result.models[instrument][1],
            "params": ar.params[row],
            "sigma": float(ar.sigma[row]),
            "dof": int(ar.dof[row]),
            "unit": ar.units[row],
        }
        for row, (event, instrument) in enumerate(ar.pairs)
    ]


def _plain(value: Any) -> Any:
    """Values that `json` writes without loss; non-finite floats become None."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, int) else str(value)
