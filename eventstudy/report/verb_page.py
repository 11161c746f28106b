"""Pages of a scan and of a robustness grid: one self-contained HTML file each, the same bytes for the same inputs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from eventstudy.domain.intraday import instant_of, moment_words, when_words
from eventstudy.domain.time_unit import TimeUnit
from eventstudy.report import tables
from eventstudy.report.canvas import figure_svg, styled
from eventstudy.report.parts import NONE, cells, check_target, data_uri, render, write_whole
from eventstudy.report.verb_plots import placebo_medians, specification_curve, statistic_by_date
from eventstudy.verbs.robustness_result import Robustness
from eventstudy.verbs.scan_result import Scan, claimed_words, event_words, method_words
from eventstudy.verdict import effect, pvalue, window_words

_KINDS = {"return": "price reactions", "volatility": "raised volatility"}
_SIGNS = {"up": "rises alone", "down": "falls alone", "any": "either direction"}
_AGAINST = {"before": "in the volatility expected the session before", "around": "in the volatility of both sides"}


def write_scan_page(result: Scan, path: str | Path) -> None:
    """Write the page of a scan to `path`; an existing file is replaced whole or not at all.

    Raises
    ------
    InputError
        When the folder is missing, is no folder, or cannot be written, or when `path` is a folder.
    """
    check_target(path)
    write_whole(path, scan_page(result))


def write_robustness_page(result: Robustness, path: str | Path) -> None:
    """Write the page of a robustness grid to `path`; as `write_scan_page`."""
    check_target(path)
    write_whole(path, robustness_page(result))


def scan_page(result: Scan) -> str:
    """The scan as one HTML document: what was found, the statistic of every date, the catalogue's announcements."""
    count = len(result.found)
    each = result.each
    first, last = when_words(result.dates[0]), when_words(result.dates[-1])
    label = f"{count} {each}{'s' if count > 1 else ''} found" if count else f"No {each} found"
    sign = f", {_SIGNS[result.sign]}" if result.kind == "return" else ""
    return render(
        "scan.html",
        {
            "title": f"Scan of {result.name}",
            "meta": f"{_KINDS[result.kind]}{sign} over {window_words(result.window)}, {_AGAINST[result.against]}",
            "span": f"{result.dates.size:,} {each}s from {first} to {last}",
            "each": each,
            "label": label,
            "edge": "reaction" if count else "inconclusive",
            "sentence": result.sentence,
            "claimed": "" if result.claimed is None else claimed_words(result, result.claimed),
            "strip": [
                ("Found from", f"{result.critical:.2f}", f"reached by {100.0 * result.alpha:.3g}% of quiet spans"),
                ("Would have been found", result.amount(result.detectable).lstrip("+"), f"on four {each}s of five"),
                ("Smallest p", pvalue(result.smallest_p), f"{result.draws:,} simulated series"),
            ],
            "picture_of_dates": _picture(
                statistic_by_date, result,
                f"The statistic of every {each}, {len(result.found)} beyond the threshold",
                f"Each {each}'s response beside its expected size. Dashed: what the largest of so many {each}s reaches "
                f"by chance in {100.0 * result.alpha:.3g}% of spans. Triangles: announcements of the catalogue.",
            ),
            "found": cells(_found_frame(result)),
            "known": cells(known_frame(result)),
            "method": method_words(result),
            "skipped": [(reason, f"{count:,}") for reason, count in result.skipped.items()],
            "provenance": cells(tables.provenance_frame(result.provenance)),
        },
        partial(TimeUnit(result.minutes).words, names=[result.name, *(k.title for k in result.known)]),
    )  # fmt: skip


def _found_frame(result: Scan) -> pd.DataFrame:
    rows = [
        [
            moment_words(p.date), result.amount(p.estimate), f"{p.statistic:+.2f}", pvalue(p.pvalue),
            f"{moment_words(p.first)} to {moment_words(p.last)}" if p.dates > 1 else NONE, event_words(p) or NONE,
        ]
        for p in result.found
    ]  # fmt: skip
    columns = [
        "Date",
        "Effect",
        "Statistic",
        "p of the whole scan",
        f"{result.each.capitalize()}s beyond it",
        "Announcements nearby",
    ]
    return pd.DataFrame(rows, columns=columns)


def known_frame(result: Scan) -> pd.DataFrame:
    """Announcements of the catalogue inside the span, each with what the scan says of its own day 0."""
    rank = (-np.abs(result.statistic)).argsort().argsort() + 1
    rows = []
    for one in result.known:
        at = int(np.searchsorted(result.dates, instant_of(one.day0)))
        rows.append(
            [
                one.title, moment_words(one.day0), result.amount(float(result.estimate[at])),
                f"{result.statistic[at]:+.2f}",
                f"{rank[at]:,}", pvalue(float(result.pvalue[at])),
            ]
        )  # fmt: skip
    columns = ["Announcement", "Day 0", "Effect", "Statistic", "Place by size", "p of the whole scan"]
    return pd.DataFrame(rows, columns=columns)


def robustness_page(result: Robustness) -> str:
    """The grid as one HTML document: joint p, specification curve, the same grid at other dates, every cell."""
    clear = result.pvalue <= result.alpha
    first, last = (day[:16].replace("T", " ") for day in (result.placebo_dates[0], result.placebo_dates[-1]))
    if result.minutes is not None:
        last += " UTC"
    all_of, with_p = len(result.specifications), sum(not s.reason for s in result.specifications)
    none = f", {all_of - with_p} of them without a p" if with_p < all_of else ""
    return render(
        "robustness.html",
        {
            "title": f"Robustness: {result.title}",
            "meta": f"Measured on {result.name}; {all_of} specifications{none}; "
            f"{result.placebo_medians.size} placebo dates from {first} to {last}",
            "label": "The grid as a whole stands out" if clear else "The grid as a whole does not stand out",
            "edge": "reaction" if clear else "inconclusive",
            "sentence": result.sentence,
            "strip": [
                ("Joint p", pvalue(result.pvalue), f"smallest possible {pvalue(result.smallest_p)}"),
                ("Median p", pvalue(result.median_p), "over all cells with a p"),
                ("Significant", f"{result.significant:.0%}", f"of the cells; {result.same_sign:.0%} of one sign"),
            ],
            "curve": _picture(
                specification_curve, result,
                f"Estimates of {with_p} specifications, from the smallest to the largest",
                "Each specification's estimate with its interval, in order of size. Single cells are not independent: "
                "the joint p asks the whole grid once.",
            ),
            "medians": _picture(
                placebo_medians, result, "Median p of the same grid at other dates, and at the event",
                "How small the grid's median p is where nothing was announced: the same grid at other dates.",
            ),
            "choices": [(name, cells(frame)) for name, frame in choice_frames(result)],
            "cells": cells(_cells_frame(result)),
            "provenance": cells(tables.provenance_frame(result.provenance)),
        },
        partial(TimeUnit(result.minutes).words, names=[result.name, result.title]),
    )  # fmt: skip


def choice_frames(result: Robustness) -> list[tuple[str, pd.DataFrame]]:
    """For each choice, its values: cells with a p, range of estimates, median p, share significant."""
    frame = result.to_frame()
    frame = frame[frame["reason"] == ""].copy()
    out = []
    frame["window"], frame["estimation"] = frame["window"].map(window_words), frame["estimation"].map(list).map(str)
    for choice in ("window", "model", "estimation", "test"):
        rows = [
            [
                str(value), str(len(part)), *(effect(float(end(part["estimate"])), result.unit) for end in (min, max)),
                pvalue(float(part["p"].median())), f"{float((part['p'] <= result.alpha).mean()):.0%}",
            ]
            for value, part in frame.groupby(choice, sort=False)
        ]  # fmt: skip
        columns = [choice.capitalize(), "Cells", "Smallest", "Largest", "Median p", "Significant"]
        out.append((f"By {choice}", pd.DataFrame(rows, columns=columns)))
    return out


def _cells_frame(result: Robustness) -> pd.DataFrame:
    rows = [
        [
            window_words(s.window), s.model, str(list(s.estimation)), s.test, effect(s.estimate, result.unit),
            f"{effect(s.low, result.unit)} to {effect(s.high, result.unit)}", pvalue(s.pvalue), s.reason,
        ]
        for s in result.specifications
    ]  # fmt: skip
    columns = ["Window", "Model", "Estimation", "Test", "Effect", "Interval", "p", "Why there is none"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame if any(s.reason for s in result.specifications) else frame.drop(columns=columns[-1])


@styled
def _picture(draw: Any, result: Any, alt: str, caption: str) -> dict[str, str]:
    figure = Figure(figsize=(10.4, 3.9), layout="constrained")
    draw(result, figure.add_subplot())
    return {"src": data_uri(figure_svg(figure)), "alt": alt, "caption": caption}
