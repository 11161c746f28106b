"""Pictures of verbs over whole studies: the specification curve."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from eventstudy.report.canvas import EVENT, FAINT, INK, axes_of, styled, unit_axis
from eventstudy.verbs.robustness import Robustness


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
    ax.legend(loc="upper left")
    return ax
