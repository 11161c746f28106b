"""Pictures: drawn from the result's own numbers, on the axes that were given, the same bytes every time."""

from __future__ import annotations

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import eventstudy as es
from eventstudy.domain.events import EventTable
from eventstudy.domain.instruments import InstrumentTable
from eventstudy.domain.prices import build_table
from eventstudy.errors import InputError
from eventstudy.report import plots

PAIR = ("six-nation-accord-1994", "AA")


@pytest.fixture(scope="module")
def result(accord: es.StudyResult) -> es.StudyResult:
    return accord


@pytest.fixture(scope="module")
def bare() -> es.StudyResult:
    """A year of prices, no volatility: no placebo dates and no variance."""
    whole = es.load("embedded", symbols=["AA", "DOW29"])
    table = es.PriceTable(frame=whole.frame.loc["1993-01-12":"1994-02-16"], instruments=whole.instruments)
    study = es.Study(instruments=["AA"], model=es.MarketModel("DOW29"), volatility=None)
    return study.run(table, es.catalog()[PAIR[0]], others=EventTable([]))


def own_axes() -> Axes:
    return Figure().add_subplot()


@pytest.mark.parametrize("name", plots.PICTURES)
def test_a_picture_is_drawn_on_the_axes_that_are_given(result: es.StudyResult, name: plots.Picture) -> None:
    ax = own_axes()
    assert plots.PICTURES[name](result, *PAIR, ax=ax) is ax
    assert ax.get_title(loc="left")
    assert plots.PICTURES[name](result, *PAIR) is not ax


@pytest.mark.parametrize("name", plots.PICTURES)
def test_a_picture_has_the_same_bytes_twice(result: es.StudyResult, name: plots.Picture) -> None:
    first = plots.picture_svg(result, *PAIR, name)
    assert first == plots.picture_svg(result, *PAIR, name)
    assert "<dc:date>" not in first
    assert "<text" not in first, "letters are outlines: no font is needed"


@pytest.mark.parametrize("name", plots.PICTURES)
def test_a_picture_has_words_with_numbers(result: es.StudyResult, name: plots.Picture) -> None:
    words = plots.picture_words(result, *PAIR, name)
    assert sum(c.isdigit() for c in words) > 5
    assert "nan" not in words


def test_drawing_leaves_the_settings_alone(result: es.StudyResult) -> None:
    before = dict(mpl.rcParams)
    plots.overview(result)
    plots.price(result, *PAIR)
    assert dict(mpl.rcParams) == before


def test_drawing_does_not_import_pyplot() -> None:
    code = (
        "import sys, eventstudy as es; r = es.Study(instruments=['AA'], model=es.ConstantMean(), volatility=None)"
        ".run(es.load('embedded', symbols=['AA']), es.catalog()['six-nation-accord-1994']); r.plot();"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_path_is_the_running_sum(result: es.StudyResult) -> None:
    ax = plots.car_path(result, *PAIR)
    assert result.abnormal is not None
    cut = result.abnormal.columns(result.study.window.event)
    paths = [line.get_ydata() for line in ax.get_lines() if len(np.atleast_1d(line.get_ydata())) == 16]
    assert len(paths) == 1
    assert np.allclose(paths[0], np.cumsum(result.abnormal.ar[0, cut]), rtol=0, atol=1e-12)


def test_the_interval_is_drawn_at_the_primary_window_alone(result: es.StudyResult) -> None:
    ax = plots.car_path(result, *PAIR)
    test = plots.verdict_test(result, *PAIR)
    assert test is not None
    bars = [line for line in ax.get_lines() if list(np.atleast_1d(line.get_xdata())) == [result.primary[1]] * 2]
    assert len(bars) == 1
    low, high = map(float, np.asarray(bars[0].get_ydata()))
    assert high - low == pytest.approx(test.high - test.low)
    assert result.abnormal is not None
    before = float(result.abnormal.ar[0, result.abnormal.columns((-5, result.primary[0] - 1))].sum())
    assert low == pytest.approx(before + test.low)


def test_the_band_is_the_result_s_own(result: es.StudyResult) -> None:
    ax = plots.car_path(result, *PAIR)
    assert result.abnormal is not None
    _, errors = result.abnormal.path(result.study.window.event)
    edge = ax.collections[0].get_paths()[0].get_extents().y1
    assert edge == pytest.approx(result.path_band(*PAIR) * errors[0, -1])


def test_day_zero_of_the_multipliers_stands_apart(result: es.StudyResult) -> None:
    ax = plots.multipliers(result, *PAIR)
    response = result.volatility[0]
    drawn = {line.get_label(): np.asarray(line.get_ydata()) for line in ax.get_lines()}
    assert np.allclose(drawn["days after"], response.multiplier[1:])
    assert np.allclose(drawn["day 0: repeats the return test"], response.multiplier[:1])


def test_the_histogram_holds_every_placebo_date(result: es.StudyResult) -> None:
    ax = plots.placebo_histogram(result, *PAIR)
    placebo = result.placebo[PAIR]
    assert not isinstance(placebo, str)
    assert sum(patch.get_height() for patch in ax.patches) == placebo.count  # type: ignore[attr-defined]


def test_without_placebo_dates_there_is_no_band_and_it_says_so(bare: es.StudyResult) -> None:
    ax = plots.car_path(bare, *PAIR)
    legend = ax.get_legend()
    assert legend is not None
    assert "no chance band: too few placebo dates" in [text.get_text() for text in legend.get_texts()]
    assert not ax.collections


@pytest.mark.parametrize("name", ["conditional_volatility", "multipliers", "placebo_histogram"])
def test_what_cannot_be_drawn_says_why(bare: es.StudyResult, name: plots.Picture) -> None:
    reason = plots.why_not(bare, *PAIR, name)
    assert reason
    with pytest.raises(InputError, match=r"volatility was not asked for|placebo dates"):
        plots.PICTURES[name](bare, *PAIR)


def test_the_overview_draws_what_there_is(bare: es.StudyResult, result: es.StudyResult) -> None:
    assert len(plots.overview(result).axes) == len(plots.overview(bare).axes) == 4


def test_the_overview_of_nothing_says_why() -> None:
    study = es.Study(instruments=["AA"], model=es.ConstantMean(), volatility=None)
    empty = study.run(es.load("embedded", symbols=["AA"]), es.make_event("1980-01-02"), others=EventTable([]))
    figure = plots.overview(empty)
    assert "the data begin on 1990-12-31" in figure.axes[0].texts[0].get_text().replace("\n", " ")


def test_letters_that_the_font_lacks_do_not_warn() -> None:
    whole = es.load("embedded", symbols=["AA"])
    premium = es.Instrument(id="premium $x_1$ 铝", change="difference", unit="元/吨 $")
    table = build_table(whole.frame.rename(columns={"AA": premium.id}), InstrumentTable([premium]), origins=())
    study = es.Study(instruments=[premium.id], model=es.ConstantMean(), volatility=es.GarchResponse(draws=199))
    odd = study.run(table, es.catalog()[PAIR[0]], others=EventTable([]))
    assert plots.figure_svg(plots.overview(odd))
    assert plots.car_path(odd, PAIR[0], premium.id).get_ylabel() == "?/? $"


@pytest.mark.parametrize("name", plots.PICTURES)
def test_an_unused_pair_has_no_picture(result: es.StudyResult, name: plots.Picture) -> None:
    with pytest.raises(InputError, match="was not used"):
        plots.PICTURES[name](result, "other", "AA")
