"""Pictures of a result: one function each, on your axes or on its own figure; nothing is shown or remembered."""

from __future__ import annotations

import functools
import io
import textwrap
from collections.abc import Callable
from typing import Any, Literal, ParamSpec, TypeVar

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from eventstudy._typing import FloatArray
from eventstudy.abnormal import AbnormalReturns
from eventstudy.errors import InputError
from eventstudy.inference.base import PlaceboPaths
from eventstudy.kernels.resample import critical_value
from eventstudy.report.tables import amount, confidence, level_words, pair_row, response_of, session_words, span
from eventstudy.results import TestResult
from eventstudy.study import StudyResult
from eventstudy.verdict import effect, size, volatility_words, window_words

Picture = Literal["price", "car_path", "conditional_volatility", "multipliers", "placebo_histogram"]

#: Sessions before day 0 in the pictures of price and of volatility.
PRICE_SESSIONS = 60
VOLATILITY_SESSIONS = 120

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


def _styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Run a drawing function under the one style, leaving the caller's settings alone."""

    @functools.wraps(draw)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        with rc_context(STYLE):
            return draw(*args, **kwargs)

    return wrapped


@_styled
def price(result: StudyResult, event: str, instrument: str, ax: Axes | None = None) -> Axes:
    """Level of the series from 60 sessions before day 0 to the end of the event window.

    Parameters
    ----------
    result : StudyResult
    event, instrument : str
        A used pair.
    ax : Axes, optional
        Where to draw; None makes a figure, reachable as ``ax.figure``.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        When the pair was not used.
    """
    ar, row = _pair(result, event, instrument)
    ax = _axes(ax)
    level, dates = ar.level[row], ar.dates[row]
    known = np.isfinite(level) & ~np.isnat(dates) & (ar.offsets >= -PRICE_SESSIONS)
    given = np.array_equal(ar.level[row], ar.response[row], equal_nan=True)
    ax.plot(dates[known], level[known], color=INK)
    at = known & (ar.offsets == 0)
    ax.plot(dates[at], level[at], "o", color=EVENT, markersize=6)
    _mark_day0(ax, dates[ar.offsets == 0][0])
    ax.set_title("Returns as given" if given else "Price")
    _date_axis(ax)
    if given:
        _unit_axis(ax, ar.units[row], "")
    return _legend(ax, 1)


@_styled
def car_path(result: StudyResult, event: str, instrument: str, ax: Axes | None = None) -> Axes:
    """Running sum of abnormal responses over the event window, and the band that chance stays in.

    The band is a null band around zero for the whole path, from placebo dates; the interval of the estimate
    is drawn at the primary window alone, on top of the path's value before it. Parameters, return and errors
    as in `price`.
    """
    ar, row = _pair(result, event, instrument)
    ax, window, primary = _axes(ax), result.study.window.event, result.primary
    paths, errors = ar.path(window)
    path, offsets, unit = paths[row], np.arange(window[0], window[1] + 1), ar.units[row]
    band = result.path_band(event, instrument)
    if np.isfinite(band):
        label = f"{confidence(result)} of undisturbed paths stay inside"
        ax.fill_between(offsets, -band * errors[row], band * errors[row], color=SHADE, linewidth=0, label=label)
    else:
        ax.plot([], [], " ", label="no chance band: too few placebo dates")
    ax.axhline(0.0, color=FAINT, linewidth=1.0)
    ax.axvline(0.0, color=EVENT, linewidth=1.0, linestyle=":")
    ax.plot(offsets, path, color=INK, marker="o", markersize=4)
    test = verdict_test(result, event, instrument)
    if test is not None:
        base = 0.0 if primary[0] == window[0] else float(path[primary[0] - 1 - window[0]])
        ends = [base + test.low, base + test.high]
        label = _plain(f"{window_words(primary)}: {amount(test.estimate, unit)} ({span(test.low, test.high, unit)})")
        ax.plot([primary[1]] * 2, ends, color=EVENT, linewidth=2.5, marker="_", markersize=11, label=label)
        ax.plot([primary[0] - 1, primary[1]], [base, base], color=EVENT, linewidth=1.2, linestyle="--")
    ax.set_title("Cumulative abnormal response")
    _session_axis(ax)
    _unit_axis(ax, unit, "")
    return _legend(ax, 2)


@_styled
def conditional_volatility(result: StudyResult, event: str, instrument: str, ax: Axes | None = None) -> Axes:
    """Expected size of a day's abnormal response: as filtered day by day, and as forecast from session -1.

    Parameters, return and errors as in `price`; also an error when there is no variance model.
    """
    response = response_of(result, event, instrument)
    model = response.model
    if model is None:
        raise InputError(f"{event!r} on {instrument!r} has no variance model: {response.reason}")
    ax = _axes(ax)
    keep = model.offsets >= -VOLATILITY_SESSIONS
    dates, filtered = model.dates[keep], np.sqrt(model.variance[:-1][keep])
    sizes = np.abs(model.residual[keep])
    ax.vlines(dates, 0.0, sizes, color=SHADE, linewidth=1.6, label="size of the abnormal response")
    label = "constant: no dynamics found" if model.method == "constant" else "expected size, updated every day"
    ax.plot(dates, filtered, color=INK, label=label)
    if response.applicable:
        label = "forecast the session before day 0"
        ax.plot(response.dates, np.sqrt(response.expected), "--", color=EVENT, label=label)
        _mark_day0(ax, response.dates[0], label=False)
    ax.set_ylim(bottom=0.0)
    ax.set_title("Expected volatility")
    _date_axis(ax)
    _unit_axis(ax, response.unit, "std. dev. a day, ")
    return _legend(ax, 3)


@_styled
def multipliers(result: StudyResult, event: str, instrument: str, ax: Axes | None = None) -> Axes:
    """Realised over forecast variance, day by day, with the range of undisturbed days.

    Day 0 stands apart: its multiplier is the abnormal return squared and no evidence of volatility.
    Parameters, return and errors as in `price`; also an error when no multiplier exists.
    """
    response = response_of(result, event, instrument)
    if not response.applicable:
        raise InputError(f"{event!r} on {instrument!r} has no volatility response: {response.reason}")
    ax = _axes(ax)
    days, after = response.offsets, response.offsets > 0
    label = f"{confidence(result)} of undisturbed days"
    ax.vlines(days, response.null_low, response.null_high, color=SHADE, linewidth=9, label=label)
    ax.axhline(1.0, color=FAINT, linewidth=1.0)
    ax.plot(days[after], response.multiplier[after], "o", color=INK, markersize=6, clip_on=False, label="days after")
    first = "day 0: repeats the return test"
    ax.plot(
        days[~after], response.multiplier[~after], "D", markerfacecolor="white", markeredgecolor=EVENT,
        markeredgewidth=1.8, markersize=7, clip_on=False, label=first,
    )  # fmt: skip
    ax.axvline(0.5, color=FAINT, linewidth=1.0, linestyle=":")
    ax.set_ylim(bottom=0.0)
    ax.set_title("Variance, times what was expected")
    _session_axis(ax)
    return _legend(ax, 3)


@_styled
def placebo_histogram(result: StudyResult, event: str, instrument: str, ax: Axes | None = None) -> Axes:
    """The primary window's standardised sum at every placebo date, and where the event stands among them.

    Parameters, return and errors as in `price`; also an error when there are no placebo dates.
    """
    ar, row = _pair(result, event, instrument)
    placebo = result.placebo[event, instrument]
    if isinstance(placebo, str):
        raise InputError(f"{event!r} on {instrument!r} has no placebo dates: {placebo}")
    ax = _axes(ax)
    values, own = placebo.scar(result.primary), float(ar.car(result.primary).scar[row])
    cut = cutoff(result, placebo)
    end = 1.05 * max(float(np.abs(values).max()), abs(own), 3.0)
    ax.hist(values, bins=np.linspace(-end, end, 61).tolist(), color=FAINT, label=f"{placebo.count:,} placebo dates")
    if np.isfinite(cut):
        label = f"{result.study.alpha:.0%} of them lie beyond ±{cut:.2f}"
        ax.axvline(cut, color="#222222", linewidth=1.2, linestyle="--", label=label)
        ax.axvline(-cut, color="#222222", linewidth=1.2, linestyle="--")
    ax.axvline(own, color=EVENT, linewidth=2.5, label=f"this event: {own:+.2f}")
    ax.set_title(f"Placebo dates, {window_words(result.primary)}")
    ax.set_xlabel("cumulative response in standard errors")
    ax.set_ylabel("dates")
    ax.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    return _legend(ax, 3)


PICTURES: dict[Picture, Callable[..., Axes]] = {
    "price": price,
    "car_path": car_path,
    "conditional_volatility": conditional_volatility,
    "multipliers": multipliers,
    "placebo_histogram": placebo_histogram,
}


def why_not(result: StudyResult, event: str, instrument: str, picture: Picture) -> str:
    """Why a picture cannot be drawn; empty when it can."""
    if picture == "placebo_histogram":
        placebo = result.placebo[event, instrument]
        return placebo if isinstance(placebo, str) else ""
    response = response_of(result, event, instrument)
    if picture == "conditional_volatility":
        return "" if response.model is not None else response.reason
    return response.reason if picture == "multipliers" else ""


@_styled
def overview(result: StudyResult) -> Figure:
    """Price, path, volatility and multipliers of the first used pair in one figure, for notebooks."""
    if not result.used:
        figure = Figure(figsize=(7.0, 1.6), layout="constrained")
        reasons = "; ".join(f"{o.instrument}: {o.detail}" for o in result.outcomes)
        _note(figure.add_subplot(), f"Nothing to draw. {reasons}")
        return figure
    figure = Figure(figsize=(10.4, 6.8), layout="constrained")
    event, instrument = result.used[0].event, result.used[0].instrument
    shown: tuple[Picture, ...] = ("price", "car_path", "conditional_volatility", "multipliers")
    for place, name in enumerate(shown):
        ax = figure.add_subplot(2, 2, place + 1)
        reason = why_not(result, event, instrument, name)
        if reason:
            _note(ax, f"Not measured: {reason}")
        else:
            PICTURES[name](result, event, instrument, ax)
    rest = f"  (first of {len(result.used)} pairs)" if len(result.used) > 1 else ""
    figure.suptitle(_plain(f"{instrument}, {event}{rest}"), x=0.01, ha="left", fontsize=12)
    return figure


def figure_svg(figure: Figure) -> str:
    """The figure as SVG text, the same bytes for the same numbers."""
    out = io.StringIO()
    with rc_context(STYLE):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


@_styled
def picture_svg(result: StudyResult, event: str, instrument: str, picture: Picture) -> str:
    """One picture of one pair as SVG text, sized so that its letters can be read on a phone."""
    figure = Figure(figsize=(5.2, 3.4), layout="constrained")
    PICTURES[picture](result, event, instrument, figure.add_subplot())
    return figure_svg(figure)


def verdict_test(result: StudyResult, event: str, instrument: str) -> TestResult | None:
    """The primary window's verdict row of a pair; None when it gave no number."""
    rows = result.tests.where(event=event, instrument=instrument, statistic="verdict", window=result.primary)
    return rows[0] if len(rows) and rows[0].applicable else None


def cutoff(result: StudyResult, placebo: PlaceboPaths) -> float:
    """Size beyond which a share alpha of the placebo sums lies, in standard errors."""
    values: FloatArray = placebo.scar(result.primary)
    return critical_value(values, result.study.alpha)


def _pair(result: StudyResult, event: str, instrument: str) -> tuple[AbnormalReturns, int]:
    row = pair_row(result, event, instrument)
    assert result.abnormal is not None
    return result.abnormal, row


def _axes(ax: Axes | None) -> Axes:
    return ax if ax is not None else Figure(figsize=(5.2, 3.4), layout="constrained").add_subplot()


def _mark_day0(ax: Axes, day: np.datetime64, *, label: bool = True) -> None:
    words = f"day 0: {day.astype('datetime64[D]')}" if label else None
    ax.axvline(day, color=EVENT, linewidth=1.0, linestyle=":", label=words)  # type: ignore[arg-type]


def _date_axis(ax: Axes) -> None:
    locator = AutoDateLocator(minticks=3, maxticks=6)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def _session_axis(ax: Axes) -> None:
    ax.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=True))
    ax.set_xlabel("sessions from day 0")


def _unit_axis(ax: Axes, unit: str, prefix: str) -> None:
    """Percent for fractions, the unit itself otherwise."""
    if unit != "fraction":
        ax.set_ylabel(_plain(prefix + unit))
        return
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100.0 * value:.4g}%"))
    if prefix:
        ax.set_ylabel(prefix.strip(", "))


def _legend(ax: Axes, lines: int) -> Axes:
    """A legend in room made above the data, so that it hides nothing."""
    low, high = ax.get_ylim()
    share = 0.04 + 0.085 * lines
    ax.set_ylim(low, low + (high - low) / (1.0 - share))
    # Over the data's lines, under the axis.
    ax.legend(loc="upper left", borderaxespad=0.0, handlelength=1.6, labelspacing=0.35).set_zorder(2.4)
    return ax


def _note(ax: Axes, text: str) -> None:
    ax.set_axis_off()
    ax.text(0.0, 0.5, textwrap.fill(_plain(text), 60), transform=ax.transAxes, va="center")


def _plain(text: str) -> str:
    """Words from a user's file without the letters that the bundled font lacks, which would warn."""
    return text.encode("latin-1", "replace").decode("latin-1")


# ---- pictures in words


def _price_alt(result: StudyResult, event: str, instrument: str) -> str:
    row = pair_row(result, event, instrument)
    ar = result.abnormal
    assert ar is not None
    known = np.isfinite(ar.level[row]) & ~np.isnat(ar.dates[row]) & (ar.offsets >= -PRICE_SESSIONS)
    days, levels, offsets = ar.dates[row][known], ar.level[row][known], ar.offsets[known]
    said = [f"{level_words(levels[0])} on {days[0]}"]
    said += [
        f"{level_words(levels[i])} on {days[i]} (session {session_words(int(offsets[i]))})"
        for i in np.flatnonzero((offsets == -1) | (offsets == 0))
    ]
    said.append(f"{level_words(levels[-1])} on {days[-1]}")
    return f"Line of the level of {instrument}: {', '.join(said)}."


def _car_alt(result: StudyResult, event: str, instrument: str) -> str:
    row = pair_row(result, event, instrument)
    ar, (first, last) = result.abnormal, result.study.window.event
    assert ar is not None
    paths, errors = ar.path((first, last))
    path, unit, band = paths[row], ar.units[row], result.path_band(event, instrument)
    text = f"Line of the cumulative abnormal response of {instrument} from session {first} on: "
    shown = [k for k in sorted({first, -1, 0, 1, last}) if first <= k <= last]
    text += ", ".join(f"{effect(path[k - first], unit)} at session {k}" for k in shown)
    if np.isfinite(band):
        outside = int((np.abs(path) > band * errors[row]).sum())
        where = "stays inside" if not outside else f"lies outside on {outside} of {path.size} sessions"
        text += f". The path {where} the chance band, which ends at ±{size(float(band * errors[row][-1]), unit)}"
    test = verdict_test(result, event, instrument)
    if test is not None:
        text += f". Over {window_words(test.window)}: {effect(test.estimate, unit)}, interval "
        text += span(test.low, test.high, unit)
    return text + "."


def _volatility_alt(result: StudyResult, event: str, instrument: str) -> str:
    response = response_of(result, event, instrument)
    model = response.model
    assert model is not None
    now = float(np.sqrt(model.variance[model.row_of(0)]))
    text = f"Line of the size to expect of an abnormal response of {instrument}: {size(now, response.unit)} on day 0"
    if response.applicable:
        end = float(np.sqrt(response.expected[-1]))
        text += f", {size(end, response.unit)} forecast for session {response.offsets[-1]}; bars show what came"
    return text + "."


def _multipliers_alt(result: StudyResult, event: str, instrument: str) -> str:
    response = response_of(result, event, instrument)
    after = response.offsets > 0
    above = int((response.multiplier > response.null_high)[after].sum())
    text = f"Dots of the variance multipliers of {instrument}: "
    if response.offsets[0] == 0:
        text += f"{response.multiplier[0]:.1f} on day 0, set apart because it repeats the return test; "
    low, high = response.multiplier[after].min(), response.multiplier[after].max()
    text += f"between {low:.1f} and {high:.1f} on the {response.days} days after, {above} above the undisturbed range. "
    return text + volatility_words(response, result.study.alpha)


def _placebo_alt(result: StudyResult, event: str, instrument: str) -> str:
    row = pair_row(result, event, instrument)
    placebo, ar = result.placebo[event, instrument], result.abnormal
    assert ar is not None
    assert not isinstance(placebo, str)
    own = float(ar.car(result.primary).scar[row])
    beyond = int((np.abs(placebo.scar(result.primary)) >= abs(own)).sum())
    return (
        f"Histogram of the standardised response over {window_words(result.primary)} at {placebo.count} placebo dates. "
        f"The event stands at {own:+.2f}; {beyond} placebo dates lie as far out or further; "
        f"{result.study.alpha:.0%} lie beyond {cutoff(result, placebo):.2f} in size."
    )


_WORDS: dict[Picture, Callable[[StudyResult, str, str], str]] = {
    "price": _price_alt,
    "car_path": _car_alt,
    "conditional_volatility": _volatility_alt,
    "multipliers": _multipliers_alt,
    "placebo_histogram": _placebo_alt,
}


def picture_words(result: StudyResult, event: str, instrument: str, picture: Picture) -> str:
    """What a picture shows, in numbers: its alternative text."""
    return _WORDS[picture](result, event, instrument)
