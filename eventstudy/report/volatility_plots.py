"""Pictures of volatility: what was expected and what came, day by day, added up, and the news impact.

Every function takes a result, a used pair and optionally the axes; it returns the axes and raises `InputError` where
`why_not` gives a reason.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes

from eventstudy.errors import InputError
from eventstudy.report.canvas import (
    EVENT,
    FAINT,
    INK,
    SHADE,
    axes_of,
    date_axis,
    legend,
    mark_day0,
    session_axis,
    styled,
    unit_axis,
)
from eventstudy.report.tables import confidence, response_of
from eventstudy.study import StudyResult
from eventstudy.verdict import course_said, size, volatility_words
from eventstudy.volatility.news import NewsImpact
from eventstudy.volatility.persistence import Duration
from eventstudy.volatility.response import VolatilityResponse

#: Sessions before day 0 in the picture of expected volatility.
VOLATILITY_SESSIONS = 60
#: The fan's outer part.
PALE = "#F3D9C6"


def why_not(response: VolatilityResponse, picture: str) -> str:
    """Why a picture of volatility cannot be drawn; empty when it can."""
    if picture == "conditional_volatility":
        return "" if response.model is not None else response.reason
    if picture == "news_impact" and response.applicable and not isinstance(response.news, NewsImpact):
        return response.news or "it was not measured"
    return response.reason


def _drawable(result: StudyResult, event: str, instrument: str, picture: str) -> VolatilityResponse:
    response = response_of(result, event, instrument)
    reason = why_not(response, picture)
    if reason:
        raise InputError(f"{event!r} on {instrument!r}: no picture of {picture.replace('_', ' ')}: {reason}")
    return response


@styled
def conditional_volatility(result: StudyResult, event: str, instrument: str, ax: Axes | None = None) -> Axes:
    """Expected size of a day's abnormal response, the fan that was forecast for it before day 0, and what came."""
    response = _drawable(result, event, instrument, "conditional_volatility")
    model = response.model
    assert model is not None
    ax = axes_of(ax)
    keep = model.offsets >= -VOLATILITY_SESSIONS
    dates, filtered = model.dates[keep], np.sqrt(model.variance[:-1][keep])
    if response.applicable and response.fan.shape[1]:
        fan = np.sqrt(response.fan)
        ax.fill_between(response.dates, fan[0], fan[3], color=PALE, linewidth=0, label=f"{confidence(result)}, 50% fan")
        ax.fill_between(response.dates, fan[1], fan[2], color=EVENT, alpha=0.35, linewidth=0)
    sizes = np.abs(model.residual[keep])
    ax.vlines(dates, 0.0, sizes, color=FAINT, linewidth=1.3, label="size of the abnormal response")
    label = "constant: no dynamics found" if model.method == "constant" else "expected size, updated every day"
    ax.plot(dates, filtered, color=INK, label=label)
    if response.applicable:
        start = "before day 0" if response.origin == "event" else "before the gap"
        ax.plot(response.dates, np.sqrt(response.usual), "--", color=EVENT, label=f"forecast {start}")
        mark_day0(ax, response.dates[0], label=False)
    ax.set_ylim(bottom=0.0)
    ax.set_title("Expected volatility, and what came")
    date_axis(ax, dates)
    each = "day" if result.minutes is None else "bar,\nwithout the pattern of the day"
    unit_axis(ax, response.unit, f"std. dev. a {each}, ")
    return legend(ax, 4)


@styled
def multipliers(result: StudyResult, event: str, instrument: str, ax: Axes | None = None) -> Axes:
    """Realised over expected variance by day, the range of undisturbed days, and the mean of days 1..L with interval.

    Day 0 stands apart: its multiplier is the abnormal return squared and no evidence of volatility.
    """
    response = _drawable(result, event, instrument, "multipliers")
    ax = axes_of(ax)
    days, after = response.offsets, response.offsets > 0
    label = f"{confidence(result)} of undisturbed days"
    ax.vlines(
        days, response.null_low, response.null_high, color=SHADE, linewidth=9 if days.size < 16 else 4, label=label
    )
    ax.axhline(1.0, color=FAINT, linewidth=1.0)
    ax.plot(days[after], response.multiplier[after], "o", color=INK, markersize=6, clip_on=False, label="days after")
    ax.plot(
        days[~after], response.multiplier[~after], "D", markerfacecolor="white", markeredgecolor=EVENT,
        markeredgewidth=1.8, markersize=7, clip_on=False, label="day 0: repeats the return test",
    )  # fmt: skip
    first = int(days[after][0])
    label = f"mean of days {first} to {response.last}: {response.mean_multiplier:.2f}, with interval"
    middle = 0.5 * (first + response.last)
    ax.plot([first, response.last], [response.mean_multiplier] * 2, color=EVENT, linewidth=2.0, label=label)
    ax.plot([middle] * 2, [response.low, response.high], color=EVENT, linewidth=2.0, marker="_", markersize=11)
    ax.axvline(0.5, color=FAINT, linewidth=1.0, linestyle=":")
    shown = max(response.multiplier.max(), response.null_high.max())
    top = min(response.high, 2.0 * shown) if math.isfinite(response.high) else shown
    ax.set_ylim(0.0, 1.05 * max(float(shown), top))
    ax.set_title("Variance, times what was expected")
    session_axis(ax, result.minutes)
    return legend(ax, 4)


@styled
def cumulative_volatility(result: StudyResult, event: str, instrument: str, ax: Axes | None = None) -> Axes:
    """Running sum of (multiplier - 1) from day 1 on, with onset, half-life and return to baseline where they exist."""
    response = _drawable(result, event, instrument, "cumulative_volatility")
    ax = axes_of(ax)
    after = response.offsets > 0
    days = response.offsets[after]
    path = (response.multiplier[after] - 1.0).cumsum()
    label = f"{confidence(result)} of undisturbed sums, day by day"
    ax.fill_between(days, response.sum_low, response.sum_high, color=SHADE, linewidth=0, label=label)
    ax.axhline(0.0, color=FAINT, linewidth=1.0)
    ax.plot(days, path, color=INK, marker="o", markersize=4)
    lines = 1 + _marks(ax, response, float(days[-1]))
    ax.set_title("Abnormal volatility, added up")
    session_axis(ax, result.minutes)
    ax.set_ylabel("sum of (multiplier - 1)")
    return legend(ax, lines)


def _marks(ax: Axes, response: VolatilityResponse, end: float) -> int:
    """Onset, half-life and baseline as lines with their intervals as bars at the foot; how many lines of legend."""
    course = response.persistence
    if course is None or not math.isfinite(course.onset.value):
        ax.plot([], [], " ", label="not raised: no onset, half-life or day of return")
        return 1
    half = course.half_life
    since = Duration(value=1.0 + half.value, low=1.0 + half.low, high=1.0 + half.high)
    marked = [
        ("raised from day", course.onset, "-"),
        ("half gone by day", since, "--"),
        ("back by day", course.baseline, ":"),
    ]
    bottom, top = ax.get_ylim()
    step = 0.05 * (top - bottom)
    for k, (words, one, style) in enumerate(marked):
        known = math.isfinite(one.value) and one.value <= end
        text = f"{words} {one.value:.0f}" if known else f"{words} … later than {end:.0f}"
        low, high = min(one.low, end), min(one.high, end)
        ax.plot([low, high], [bottom - (k + 1) * step] * 2, style, color=EVENT, linewidth=3.0, marker="|", label=text)
        if known:
            ax.axvline(one.value, color=EVENT, linewidth=1.2, linestyle=style)
    return 3


@styled
def news_impact(result: StudyResult, event: str, instrument: str, ax: Axes | None = None) -> Axes:
    """Next day's expected size after a shock of each size, by the fit before the gap and by the one after the event."""
    response = _drawable(result, event, instrument, "news_impact")
    news = response.news
    assert isinstance(news, NewsImpact)
    ax = axes_of(ax)
    if np.isfinite(news.low).all():
        label = f"{confidence(result)} interval, before"
        ax.fill_between(news.shocks, np.sqrt(news.low), np.sqrt(news.high), color=SHADE, linewidth=0, label=label)
    ax.plot(news.shocks, np.sqrt(news.before), color=INK, label="before the announcement")
    if np.isfinite(news.after).all():
        ax.plot(news.shocks, np.sqrt(news.after), "--", color=EVENT, label=f"after ({news.n_after} sessions)")
    else:
        ax.plot([], [], " ", label="after: too few sessions" if "needs" in news.reason else "after: no dynamics")
    ax.axvline(0.0, color=FAINT, linewidth=1.0, linestyle=":")
    ax.set_ylim(bottom=0.0)
    ax.set_title("News impact")
    unit_axis(ax, response.unit, "next day's std. dev., ")
    if response.unit == "fraction":
        ax.xaxis.set_major_formatter(ax.yaxis.get_major_formatter())
    ax.set_xlabel("abnormal response of one session")
    return legend(ax, 3)


VOLATILITY_PICTURES: dict[str, Callable[..., Axes]] = {
    "conditional_volatility": conditional_volatility,
    "multipliers": multipliers,
    "cumulative_volatility": cumulative_volatility,
    "news_impact": news_impact,
}


# ---- in words


def _conditional_words(result: StudyResult, response: VolatilityResponse) -> str:
    model = response.model
    assert model is not None
    now = float(np.sqrt(model.variance[model.row_of(0)]))
    text = (
        f"Line of the size to expect of an abnormal response of {response.instrument}: "
        f"{size(now, response.unit)} on day 0"
    )
    if response.applicable:
        end, unit, last = float(np.sqrt(response.usual[-1])), response.unit, int(response.offsets[-1])
        fan = np.sqrt(response.fan[[0, 3], -1])
        came = float(np.sqrt(model.variance[model.row_of(last)]))
        text += (
            f", {size(end, unit)} forecast for session {last}, with a fan of {size(float(fan[0]), unit)} to "
            f"{size(float(fan[1]), unit)}; {size(came, unit)} came, bars show each day's response"
        )
    return text + "."


def _multipliers_words(result: StudyResult, response: VolatilityResponse) -> str:
    after = response.offsets > 0
    above = int((response.multiplier > response.null_high)[after].sum())
    text = f"Dots of the variance multipliers of {response.instrument}: "
    if response.offsets[0] == 0:
        text += f"{response.multiplier[0]:.1f} on day 0, set apart because it repeats the return test; "
    low, high = response.multiplier[after].min(), response.multiplier[after].max()
    text += f"between {low:.1f} and {high:.1f} on the {after.sum()} days after, {above} above the undisturbed range. "
    return text + volatility_words(response, result.study.alpha)


def _cumulative_words(result: StudyResult, response: VolatilityResponse) -> str:
    after = response.offsets > 0
    path = (response.multiplier[after] - 1.0).cumsum()
    days = response.offsets[after]
    above = int((path > response.sum_high).sum())
    text = (
        f"Line of the sum of (multiplier - 1) of {response.instrument}: {path[0]:+.1f} on day {days[0]}, "
        f"{path[-1]:+.1f} on day {days[-1]}, where undisturbed sums lie between {response.sum_low[-1]:+.1f} and "
        f"{response.sum_high[-1]:+.1f}; {above} of {path.size} days lie above their range."
    )
    said = course_said(response.persistence, int(days[-1]))
    return f"{text} {said[0].text if said else 'It was not raised: no onset, half-life or day of return is marked.'}"


def _news_words(result: StudyResult, response: VolatilityResponse) -> str:
    news, unit = response.news, response.unit
    assert isinstance(news, NewsImpact)
    ends = [size(float(np.sqrt(news.before[k])), unit) for k in (0, news.shocks.size // 2, -1)]
    text = (
        f"Curve of the expected size of the next day's abnormal response of {response.instrument}, fitted before: "
        f"{ends[0]} after a fall of {size(float(news.shocks[0]), unit)}, {ends[1]} after none, {ends[2]} after "
        "an equal rise"
    )
    if np.isfinite(news.after).all():
        ends = [size(float(np.sqrt(news.after[k])), unit) for k in (0, news.shocks.size // 2, -1)]
        return f"{text}; fitted on the {news.n_after} sessions after: {ends[0]}, {ends[1]} and {ends[2]}."
    return f"{text}. No curve after: {news.reason}."


_WORDS: dict[str, Callable[[StudyResult, VolatilityResponse], str]] = {
    "conditional_volatility": _conditional_words,
    "multipliers": _multipliers_words,
    "cumulative_volatility": _cumulative_words,
    "news_impact": _news_words,
}


def volatility_picture_words(result: StudyResult, event: str, instrument: str, picture: str) -> str:
    """What a picture of volatility shows, in numbers: its alternative text."""
    return _WORDS[picture](result, response_of(result, event, instrument))
