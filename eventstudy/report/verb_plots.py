"""Pictures of verbs over whole studies: the specification curve, and the statistic of every date of a scan."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from eventstudy.domain.intraday import instant_of, moment_words
from eventstudy.report.canvas import EVENT, FAINT, INK, SHADE, axes_of, date_axis, legend, plain, styled, unit_axis
from eventstudy.verbs.robustness_result import Robustness
from eventstudy.verbs.scan_result import Scan


@styled
def specification_curve(result: Robustness, ax: Axes | None = None) -> Axes:
    """Estimates of every specification in order of size, with their intervals; significant ones stand out.

    Parameters
    ----------
    result : Robustness
    ax : Axes, optional
        Where to draw; None makes a figure, reachable as ``ax.figure``.

    Returns
    -------
    Axes
    """
    cells = sorted((s for s in result.specifications if not s.reason), key=lambda s: s.estimate)
    ax = axes_of(ax)
    place = np.arange(1, len(cells) + 1)
    estimate = np.array([s.estimate for s in cells])
    clear = np.array([s.pvalue <= result.alpha for s in cells], dtype=bool)
    ax.vlines(place, [s.low for s in cells], [s.high for s in cells], color=FAINT, linewidth=1.0)
    ax.axhline(0.0, color=FAINT, linewidth=1.0)
    ax.plot(place[~clear], estimate[~clear], "o", color=INK, markersize=3.5, label="not significant")
    ax.plot(place[clear], estimate[clear], "D", color=EVENT, markersize=4, label=f"p at most {result.alpha:g}")
    ax.set_title(f"{len(cells)} specifications, joint p {result.pvalue:.3f}")
    ax.set_xlabel("specification, in order of estimate")
    unit_axis(ax, result.unit, "")
    return legend(ax, 2)


@styled
def statistic_by_date(result: Scan, ax: Axes | None = None) -> Axes:
    """The statistic of every date scanned, the threshold, the dates found and the catalogue's announcements.

    Parameters
    ----------
    result : Scan
    ax : Axes, optional
        Where to draw; None makes a figure, reachable as ``ax.figure``.

    Returns
    -------
    Axes
    """
    ax = axes_of(ax)
    ax.plot(result.dates, result.statistic, color=INK, linewidth=0.9)
    sides = (
        (1.0,) if result.kind == "volatility" or result.sign == "up" else (-1.0,) if result.sign == "down" else (1, -1)
    )
    for k, side in enumerate(sides):
        words = f"found from {result.critical:.2f} on" if k == 0 else None
        ax.axhline(side * result.critical, color=EVENT, linewidth=1.0, linestyle="--", label=words)
    if result.found:
        days, sizes = [instant_of(p.date) for p in result.found], [p.statistic for p in result.found]
        ax.plot(days, sizes, "D", color=EVENT, markersize=5, label="found")
        for peak, day in zip(result.found, days, strict=True):
            words = plain(f"{moment_words(peak.date)} {peak.events[0][0] if peak.events else ''}".strip())
            late = (day - result.dates[0]) / (result.dates[-1] - result.dates[0]) > 0.6
            ax.annotate(
                words, (day, peak.statistic), xytext=(-7 if late else 7, 0), textcoords="offset points", va="center",
                ha="right" if late else "left", fontsize=9.0,
            )  # fmt: skip
    if result.claimed is not None:
        mark = instant_of(result.claimed.date)  # matplotlib draws dates, its type hints know floats alone
        ax.axvline(mark, color=FAINT, linewidth=1.0, linestyle=":", label="claimed")  # type: ignore[arg-type]
    if result.known:
        low, high = ax.get_ylim()
        floor = low - 0.07 * (high - low)
        events = [instant_of(one.day0) for one in result.known]
        ax.plot(events, np.full(len(events), floor), "^", color="#444444", markersize=5, label="announcement")
    ax.set_ylabel("statistic" if result.kind == "return" else "times the expected size")
    date_axis(ax, result.dates)
    ax.margins(x=0.01)
    return legend(ax, 2 + bool(result.known) + (result.claimed is not None))


@styled
def placebo_medians(result: Robustness, ax: Axes | None = None) -> Axes:
    """Median p of the grid at placebo dates as a histogram, and that of the event.

    Parameters as `specification_curve`.
    """
    ax = axes_of(ax)
    ax.hist(result.placebo_medians, bins=np.linspace(0.0, 1.0, 41).tolist(), color=SHADE, label="placebo dates")
    ax.axvline(result.median_p, color=EVENT, linewidth=1.8, label=f"the event: {result.median_p:.3f}")
    ax.set_xlim(0.0, 1.0)
    ax.set_xlabel("median p of the grid")
    ax.set_ylabel("dates")
    ax.legend(loc="upper right")
    return ax
