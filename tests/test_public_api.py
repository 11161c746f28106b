"""The facade: every name resolves, is documented and annotated; importing it stays light; reprs are values."""

from __future__ import annotations

import functools
import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

import eventstudy as es
from eventstudy.domain.prices import PriceTable

NAMES = [name for name in es.__all__ if name != "__version__"]


def methods(cls: type) -> Iterator[tuple[str, Callable[..., object]]]:
    """Public functions, properties and class methods written in `cls`, and its constructor if it has one."""
    for name, member in vars(cls).items():
        if name.startswith("_") and name != "__init__":
            continue
        if isinstance(member, property):
            member = member.fget
        elif isinstance(member, functools.cached_property):
            member = member.func
        elif isinstance(member, classmethod | staticmethod):
            member = member.__func__
        if inspect.isfunction(member):
            yield name, member


def functions(obj: object) -> Iterator[tuple[str, Callable[..., object]]]:
    """The callable itself, or the methods of a class."""
    if isinstance(obj, type):
        yield from methods(obj)
    elif callable(obj):
        yield getattr(obj, "__name__", "?"), inspect.unwrap(obj)


def test_all_is_sorted_without_repeats_and_matches_dir() -> None:
    assert len(set(es.__all__)) == len(es.__all__)
    assert sorted(es.__all__) == dir(es)


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_resolves_and_is_documented(name: str) -> None:
    obj = getattr(es, name)
    doc = inspect.getdoc(obj)
    assert doc, f"{name} has no docstring"
    # dataclasses invent a docstring from the signature; that is not one
    assert not doc.startswith(f"{name}("), f"{name} has no docstring of its own"


@pytest.mark.parametrize("name", NAMES)
def test_public_methods_are_documented(name: str) -> None:
    bare = [n for n, f in functions(getattr(es, name)) if n != "__init__" and not inspect.getdoc(f)]
    assert not bare


@pytest.mark.parametrize("name", NAMES)
def test_public_callables_are_annotated_and_take_no_bags(name: str) -> None:
    wrong = []
    for method, function in functions(getattr(es, name)):
        signature = inspect.signature(function)
        for parameter in signature.parameters.values():
            if parameter.name in ("self", "cls"):
                continue
            if parameter.annotation is inspect.Parameter.empty:
                wrong.append(f"{method}({parameter.name}) is not annotated")
            # A list of equal things may be variadic (`tagged("tariff", "Canada")`) when it is named and typed.
            if parameter.kind is inspect.Parameter.VAR_KEYWORD or parameter.name in ("args", "kwargs"):
                wrong.append(f"{method}(*{parameter.name}) takes anything")
        if signature.return_annotation is inspect.Signature.empty and method != "__init__":
            wrong.append(f"{method} has no return annotation")
    assert not wrong


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Studdy'"):
        _ = es.Studdy


HEAVY = ("matplotlib", "yfinance", "arch")


@pytest.mark.parametrize(
    "use",
    [
        "",
        "eventstudy.Study, eventstudy.EventWindow, eventstudy.MarketModel",
        "eventstudy.Study(instruments=['AA'], volatility=eventstudy.GarchResponse())",
        "import eventstudy.cli",
    ],
    ids=["import", "names", "a described study", "the command"],
)
def test_importing_is_light(use: str) -> None:
    code = f"import eventstudy, sys\n{use}\nprint([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_reprs_hold_no_addresses(accord: es.StudyResult, embedded: PriceTable) -> None:
    shown = [
        repr(accord.study),
        repr(accord.study.window),
        repr(embedded),
        repr(accord.events),
        repr(accord.tests),
        repr(accord.tests[0]),
        repr(accord),
        repr(accord.outcomes),
        repr(accord.day0),
        repr(accord.provenance),
        repr(accord.study.model),
        repr(accord.study.volatility),
        repr(es.instruments()),
        repr(es.judge(accord)),
    ]
    assert not [text for text in shown if "0x" in text]
    assert "1 used" in repr(accord)
    assert repr(accord.tests) == f"TestTable({len(accord.tests)} results)"
