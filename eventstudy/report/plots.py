"""Pictures of a result: one function each, on your axes or on its own figure; nothing is shown or remembered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from eventstudy._typing import FloatArray
from eventstudy.abnormal import AbnormalReturns
from eventstudy.domain.intraday import when_words
from eventstudy.errors import InputError
from eventstudy.inference.base import PlaceboPaths
from eventstudy.kernels.resample import critical_value
from eventstudy.report.canvas import (
    EVENT,
    FAINT,
    INK,
    SHADE,
    axes_of,
    date_axis,
    figure_svg,
    legend,
    mark_day0,
    note,
    plain,
    session_axis,
    styled,
    unit_axis,
)
from eventstudy.report.tables import amount, confidence, level_words, pair_row, response_of, session_words, span
from eventstudy.report.volatility_plots import (
    conditional_volatility,
    cumulative_volatility,
    multipliers,
    news_impact,
    volatility_picture_words,
)
from eventstudy.report.volatility_plots import why_not as why_no_volatility
from eventstudy.results import TestResult
from eventstudy.study import StudyResult
from eventstudy.verdict import effect, size, window_words

Picture = Literal[
    "price", "car_path", "conditional_volatility", "multipliers", "cumulative_volatility", "news_impact",
    "placebo_histogram",
]  # fmt: skip

#: Sessions before day 0 in the picture of the price.
PRICE_SESSIONS = 60


@styled
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
    ax = axes_of(ax)
    level, dates = ar.level[row], ar.dates[row]
    known = np.isfinite(level) & ~np.isnat(dates) & (ar.offsets >= -PRICE_SESSIONS)
    given = np.array_equal(ar.level[row], ar.response[row], equal_nan=True)
    ax.plot(dates[known], level[known], color=INK)
    at = known & (ar.offsets == 0)
    ax.plot(dates[at], level[at], "o", color=EVENT, markersize=6)
    mark_day0(ax, dates[ar.offsets == 0][0])
    ax.set_title("Returns as given" if given else "Price")
    date_axis(ax, dates)
    if given:
        unit_axis(ax, ar.units[row], "")
    return legend(ax, 1)


@styled
def car_path(result: StudyResult, event: str, instrument: str, ax: Axes | None = None) -> Axes:
    """Running sum of abnormal responses over the event window, and the band that chance stays in.

    The band is a null band around zero for the whole path, from placebo dates; the interval of the estimate
    is drawn at the primary window alone, on top of the path's value before it. Parameters, return and errors
    as in `price`.
    """
    ar, row = _pair(result, event, instrument)
    ax, window, primary = axes_of(ax), result.study.window.event, result.primary
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
        label = plain(f"{window_words(primary)}: {amount(test.estimate, unit)} ({span(test.low, test.high, unit)})")
        ax.plot([primary[1]] * 2, ends, color=EVENT, linewidth=2.5, marker="_", markersize=11, label=label)
        ax.plot([primary[0] - 1, primary[1]], [base, base], color=EVENT, linewidth=1.2, linestyle="--")
    ax.set_title("Cumulative abnormal response")
    session_axis(ax, result.minutes)
    unit_axis(ax, unit, "")
    return legend(ax, 2)


@styled
def placebo_histogram(result: StudyResult, event: str, instrument: str, ax: Axes | None = None) -> Axes:
    """The primary window's standardised sum at every placebo date, and where the event stands among them.

    Parameters, return and errors as in `price`; also an error when there are no placebo dates.
    """
    ar, row = _pair(result, event, instrument)
    placebo = result.placebo[event, instrument]
    if isinstance(placebo, str):
        raise InputError(f"{event!r} on {instrument!r} has no placebo dates: {placebo}")
    ax = axes_of(ax)
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
    return legend(ax, 3)


HOW_TO_READ: dict[Picture, str] = {
    "price": "The series itself. The dotted line is day 0, the first price that could react.",
    "car_path": "What the benchmark does not explain, added up. Inside the grey band a path is nothing special. The "
    "bar is the interval of the estimate; the dashed line is where the path stood before.",
    "conditional_volatility": "How large a day's abnormal response was to be expected. The dashed line and its fan "
    "know nothing of the announcement; the blue line and the bars are what came.",
    "multipliers": "Squared abnormal response over the variance forecast before day 0; 1 is what was expected. Day 0 "
    "is the return once more, not evidence of volatility.",
    "cumulative_volatility": "The multipliers' excess over 1, added up from day 1. Inside the grey band a sum is "
    "nothing special on that day. Where variance was raised, its first day, half-life and return are marked.",
    "news_impact": "What the response of one session did to the size expected of the next, before the "
    "announcement and in the sessions after its window. The grey band is the error of the first curve alone; "
    "the second has one of its own.",
    "placebo_histogram": "The same computation at dates far from any known announcement. The further out the event "
    "stands, the less chance explains it.",
}  # fmt: skip
PICTURES: dict[Picture, Callable[..., Axes]] = {
    "price": price,
    "car_path": car_path,
    "conditional_volatility": conditional_volatility,
    "multipliers": multipliers,
    "cumulative_volatility": cumulative_volatility,
    "news_impact": news_impact,
    "placebo_histogram": placebo_histogram,
}


def why_not(result: StudyResult, event: str, instrument: str, picture: Picture) -> str:
    """Why a picture cannot be drawn; empty when it can."""
    if picture == "placebo_histogram":
        placebo = result.placebo[event, instrument]
        return placebo if isinstance(placebo, str) else ""
    response = response_of(result, event, instrument)
    return "" if picture in ("price", "car_path") else why_no_volatility(response, picture)


@styled
def overview(result: StudyResult) -> Figure:
    """Price, path, volatility and multipliers of the first used pair in one figure, for notebooks."""
    if not result.used:
        figure = Figure(figsize=(7.0, 1.6), layout="constrained")
        reasons = "; ".join(f"{o.instrument}: {o.detail}" for o in result.outcomes)
        note(figure.add_subplot(), f"Nothing to draw. {reasons}")
        return figure
    figure = Figure(figsize=(10.4, 6.8), layout="constrained")
    event, instrument = result.used[0].event, result.used[0].instrument
    shown: tuple[Picture, ...] = ("price", "car_path", "conditional_volatility", "multipliers")
    for place, name in enumerate(shown):
        ax = figure.add_subplot(2, 2, place + 1)
        reason = why_not(result, event, instrument, name)
        if reason:
            note(ax, f"Not measured: {reason}")
        else:
            PICTURES[name](result, event, instrument, ax)
    rest = f"  (first of {len(result.used)} pairs)" if len(result.used) > 1 else ""
    figure.suptitle(plain(f"{instrument}, {event}{rest}"), x=0.01, ha="left", fontsize=12)
    return figure


@styled
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


# ---- pictures in words


def _price_alt(result: StudyResult, event: str, instrument: str) -> str:
    row = pair_row(result, event, instrument)
    ar = result.abnormal
    assert ar is not None
    known = np.isfinite(ar.level[row]) & ~np.isnat(ar.dates[row]) & (ar.offsets >= -PRICE_SESSIONS)
    days, levels, offsets = ar.dates[row][known], ar.level[row][known], ar.offsets[known]
    said = [f"{level_words(levels[0])} on {when_words(days[0])}"]
    said += [
        f"{level_words(levels[i])} on {when_words(days[i])} (session {session_words(int(offsets[i]))})"
        for i in np.flatnonzero((offsets == -1) | (offsets == 0))
    ]
    said.append(f"{level_words(levels[-1])} on {when_words(days[-1])}")
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


_WORDS: dict[str, Callable[[StudyResult, str, str], str]] = {
    "price": _price_alt,
    "car_path": _car_alt,
    "placebo_histogram": _placebo_alt,
}


def picture_words(result: StudyResult, event: str, instrument: str, picture: Picture) -> str:
    """What a picture shows, in numbers: its alternative text."""
    if picture not in _WORDS:
        return volatility_picture_words(result, event, instrument, picture)
    return _WORDS[picture](result, event, instrument)
