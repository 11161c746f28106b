"""The one look of all pictures: colours, axes, legends, and the same bytes for the same numbers."""

from __future__ import annotations

import functools
import io
import textwrap
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numpy as np
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, MaxNLocator

from eventstudy._typing import DateArray
from eventstudy.domain.intraday import is_intraday, when_words
from eventstudy.domain.time_unit import TimeUnit

# Okabe & Ito (2008): told apart with any colour vision, and in grey.
INK, EVENT, SHADE, FAINT, GRID = "#0072B2", "#D55E00", "#D9D9D9", "#9A9A9A", "#E6E6E6"
STYLE: Any = {
    "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"], "font.size": 10.5, "text.parse_math": False,
    "axes.titlesize": 11.5, "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.labelsize": 10.5,
    "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": "#666666", "axes.labelcolor": "#222222",
    "axes.grid": True, "axes.grid.axis": "y", "grid.color": GRID, "grid.linewidth": 0.8, "axes.axisbelow": True,
    "axes.unicode_minus": False, "xtick.color": "#444444", "ytick.color": "#444444", "legend.fontsize": 9.5,
    "legend.frameon": True, "legend.edgecolor": "none", "legend.framealpha": 1.0, "legend.fancybox": False,
    "lines.linewidth": 1.8, "figure.facecolor": "white", "savefig.facecolor": "white",
    # The same bytes on every run, and letters as outlines: no font is needed to read them.
    "svg.hashsalt": "eventstudy", "svg.fonttype": "path",
}  # fmt: skip

P = ParamSpec("P")
R = TypeVar("R")


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Run a drawing function under the one style, leaving the caller's settings alone.

    Its first argument is the result, whose unit of time the labels then name.
    """

    @functools.wraps(draw)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        with rc_context(STYLE):
            drawn = draw(*args, **kwargs)
            time = TimeUnit(getattr(args[0], "minutes", None) if args else None)
            for text in drawn.findobj(Text) if isinstance(drawn, Artist) and time.minutes is not None else ():
                assert isinstance(text, Text)
                text.set_text(time.words(text.get_text()))
            return drawn

    return wrapped


def figure_svg(figure: Figure) -> str:
    """The figure as SVG text, the same bytes for the same numbers."""
    out = io.StringIO()
    with rc_context(STYLE):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def axes_of(ax: Axes | None) -> Axes:
    """The axes given, or those of a new figure."""
    return ax if ax is not None else Figure(figsize=(5.2, 3.4), layout="constrained").add_subplot()


def mark_day0(ax: Axes, day: np.datetime64, *, label: bool = True) -> None:
    """A dotted line at day 0."""
    words = f"day 0: {when_words(day)}" if label else None
    ax.axvline(day, color=EVENT, linewidth=1.0, linestyle=":", label=words)  # type: ignore[arg-type]


def date_axis(ax: Axes, dates: DateArray) -> None:
    """Few dates, short words; closes of bars say their zone."""
    if is_intraday(dates):
        ax.set_xlabel("UTC")
    locator = AutoDateLocator(minticks=3, maxticks=6)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def session_axis(ax: Axes, minutes: int | None = None) -> None:
    """Whole sessions, or bars of so many minutes."""
    ax.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=True))
    ax.set_xlabel("sessions from day 0" if minutes is None else f"bars of {minutes} minutes from bar 0")


def unit_axis(ax: Axes, unit: str, prefix: str) -> None:
    """Percent for fractions, the unit itself otherwise."""
    if unit != "fraction":
        ax.set_ylabel(plain(prefix + unit))
        return
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100.0 * value:.4g}%"))
    if prefix:
        ax.set_ylabel(prefix.strip(", "))


def legend(ax: Axes, lines: int) -> Axes:
    """A legend in room made above the data, so that it hides nothing."""
    low, high = ax.get_ylim()
    share = 0.04 + 0.085 * lines
    ax.set_ylim(low, low + (high - low) / (1.0 - share))
    # Over the data's lines, under the axis.
    ax.legend(loc="upper left", borderaxespad=0.0, handlelength=1.6, labelspacing=0.35).set_zorder(2.4)
    return ax


def note(ax: Axes, text: str) -> None:
    """Words instead of a picture."""
    ax.set_axis_off()
    ax.text(0.0, 0.5, textwrap.fill(plain(text), 60), transform=ax.transAxes, va="center")


def plain(text: str) -> str:
    """Words from a user's file without the letters that the bundled font lacks, which would warn."""
    return text.encode("latin-1", "replace").decode("latin-1")
