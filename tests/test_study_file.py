"""A study file can say all that `Study` can; every key changes the very field it names."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

import eventstudy as es
from eventstudy.engines.compiled import CompiledEngine
from eventstudy.errors import FileFormatError, UnknownNameError
from eventstudy.spec import WindowSpec

RELEASES = "name,date,time,zone\nECB decision,2018-04-26,13:45,Europe/Berlin\nBank of England,2018-05-10,,\n"

#: Field of a study -> what a file says, and whether the study then has it.
SAID: dict[str, tuple[str, Callable[[es.Study], bool]]] = {
    "instruments": ('instruments = ["CENX"]', lambda s: s.instruments == ("CENX",)),
    "model": ('[model]\nname = "market_adjusted"\nmarket = "SPY"', lambda s: s.model == es.MarketAdjusted("SPY")),
    "window": ("[window]\nprimary = [0, 4]", lambda s: s.window.primary == (0, 4)),
    "volatility": ("[volatility]\nmeasure = false", lambda s: s.volatility is None),
    "statistics": ('statistics = ["sq"]', lambda s: s.statistics == ("sq",)),
    "returns": ('returns = "simple"', lambda s: s.returns == "simple"),
    "calendar": ('calendar = "AA"', lambda s: s.calendar == "AA"),
    "controls": ('controls = ["BA", "CAT"]', lambda s: s.controls == ("BA", "CAT")),
    "counterfactuals": ("counterfactuals = false", lambda s: not s.counterfactuals),
    "alpha": ("alpha = 0.1", lambda s: s.alpha == 0.1),
    "seed": ("seed = 7", lambda s: s.seed == 7),
    "allow_unusable": ("allow_unusable = true", lambda s: s.allow_unusable),
    "horizon": ("horizon = 4", lambda s: s.horizon == 4),
    "convention": ('convention = "estudy2"', lambda s: s.convention == "estudy2"),
    "variance_events": (
        "[volatility.events]\nbootstrap = 99",
        lambda s: s.variance_events is not None and s.variance_events.bootstrap == 99,
    ),
    "spillover": ('[volatility]\nspillover = ["CENX"]', lambda s: s.spillover == ("CENX",)),
    "releases": ('releases = "own.csv"', lambda s: s.releases is not None and len(s.releases) == 2),
}
WINDOWS: dict[str, tuple[str, object]] = {
    "primary": ("[0, 4]", (0, 4)), "event": ("[-3, 20]", (-3, 20)), "estimation": ("[-130, -11]", (-130, -11)),
    "windows": ("[[0, 2]]", ((0, 2),)), "min_estimation": ("99", 99), "policy": ('"strict"', "strict"),
    "overlap": ('"mask"', "mask"), "missing": ('"sum"', "sum"), "max_delay": ("3", 3),
}  # fmt: skip
VOLATILITY: dict[str, tuple[str, object]] = {
    "kind": ('"egarch"', "egarch"), "dist": ('"normal"', "normal"), "sessions": ("800", 800),
    "min_sessions": ("300", 300), "draws": ("999", 999), "origin": ('"gap"', "gap"),
    "engine": ('"compiled"', CompiledEngine()), "joint": ('true\nengine = "compiled"', True),
}  # fmt: skip
#: Field of the event in the variance -> what a file says, and what a study then has.
VARIANCE: dict[str, tuple[str, object]] = {
    "shape": ('shape = "decay"\nhalf_life = 4.0', es.VarianceShape.decay(1, half_life=4.0)),
    "form": ('form = "additive"', "additive"), "kind": ('kind = "garch"', "garch"),
    "dist": ('dist = "normal"', "normal"), "bootstrap": ("bootstrap = 99", 99),
    "before": ("before = [-130, -11]", (-130, -11)), "after": ("after = [1, 40]", (1, 40)),
}  # fmt: skip


def study_of(folder: Path, text: str) -> es.Study:
    (folder / "own.csv").write_text(RELEASES, encoding="utf-8")
    (folder / "study.toml").write_text(text + "\n", encoding="utf-8")
    return es.read_study(folder / "study.toml").study


def test_every_field_is_named_here() -> None:
    """A field added to `Study`, or to what it is made of, must be sayable in a file, and then stand above."""
    assert set(SAID) == {f.name for f in dataclasses.fields(es.Study)}
    assert set(WINDOWS) == {f.name for f in dataclasses.fields(es.EventWindow)} == set(WindowSpec.model_fields)
    assert set(VOLATILITY) == {f.name for f in dataclasses.fields(es.GarchResponse) if f.name != "_"}
    assert set(VARIANCE) == {f.name for f in dataclasses.fields(es.VarianceEvents)}


@pytest.mark.parametrize("field", SAID)
def test_a_file_sets_every_field_of_a_study(tmp_path: Path, field: str) -> None:
    text, holds = SAID[field]
    assert not holds(study_of(tmp_path, ""))
    assert holds(study_of(tmp_path, text))


@pytest.mark.parametrize("field", WINDOWS)
def test_a_file_sets_every_field_of_the_windows(tmp_path: Path, field: str) -> None:
    text, value = WINDOWS[field]
    assert getattr(es.EventWindow(), field) != value
    assert getattr(study_of(tmp_path, f"[window]\n{field} = {text}").window, field) == value


@pytest.mark.parametrize("field", VOLATILITY)
def test_a_file_sets_every_field_of_the_volatility(tmp_path: Path, field: str) -> None:
    text, value = VOLATILITY[field]
    assert getattr(es.GarchResponse(), field) != value
    assert getattr(study_of(tmp_path, f"[volatility]\n{field} = {text}").volatility, field) == value


@pytest.mark.parametrize("field", VARIANCE)
def test_a_file_sets_every_field_of_the_event_in_the_variance(tmp_path: Path, field: str) -> None:
    text, value = VARIANCE[field]
    assert getattr(es.VarianceEvents(), field) != value
    asked = study_of(tmp_path, f"[volatility.events]\n{text}").variance_events
    assert asked is not None
    assert getattr(asked, field) == value
    # What is not named stays: a file asks one thing at a time.
    others = {f.name: getattr(asked, f.name) for f in dataclasses.fields(asked) if f.name != field}
    assert others == {name: getattr(es.VarianceEvents(), name) for name in others}


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ('name = "robust"\nmarket = "SPY"\noptions = { kind = "theil_sen" }', es.Robust("SPY", kind="theil_sen")),
        ('name = "dimson"\nmarket = "SPY"\noptions = { leads = 2, lags = 3 }', es.Dimson("SPY", leads=2, lags=3)),
        ('name = "synthetic_control"\nmarket = ["LME-CU-3M", "LME-ZN-3M"]\noptions = { screen = [0, 4] }',
         es.SyntheticControl(("LME-CU-3M", "LME-ZN-3M"), screen=(0, 4))),
        ('name = "capm"\nmarket = "SPY"\nriskfree = "none"', es.capm("SPY", riskfree=None)),
    ],
)  # fmt: skip
def test_a_file_sets_the_options_of_a_model(tmp_path: Path, text: str, model: es.ExpectedReturn) -> None:
    assert study_of(tmp_path, f"[model]\n{text}").model == model


def test_wrong_options_and_releases_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"option of the .*'knid'.*kind"):
        study_of(tmp_path, '[model]\nname = "robust"\noptions = { knid = "huber" }')
    with pytest.raises(UnknownNameError, match="option"):
        study_of(tmp_path, '[model]\nname = "constant_mean"\noptions = { kind = "huber" }')
    with pytest.raises(FileFormatError, match="no such file"):
        study_of(tmp_path, 'releases = "missing.csv"')
    (tmp_path / "bad.csv").write_text("name,date\nECB,2018-13-01\n", encoding="utf-8")
    with pytest.raises(FileFormatError, match="2018-13-01"):
        study_of(tmp_path, 'releases = "bad.csv"')
