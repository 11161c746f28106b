"""A model by its name, as a study file or the command line says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import signature

from eventstudy.errors import InputError, UnknownNameError
from eventstudy.models.base import MODELS, ExpectedReturn


def make_model(
    name: str,
    market: str | Sequence[str] | None,
    *,
    riskfree: str | None = None,
    options: Mapping[str, object] | None = None,
) -> ExpectedReturn:
    """A model by its registry key, on the benchmarks named, with further arguments of its class.

    Raises
    ------
    UnknownNameError
        With the known models, or the options of the model.
    InputError
        When an option is wrong, or a market or a riskless return is named for a model that has none, or does not fit
        the model.
    """
    if name not in MODELS:
        raise UnknownNameError("model", name, [e.key for e in MODELS], hint="(eventstudy models lists them)")
    entry = MODELS[name]
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in (options or {}).items()}
    known = [p.name for p in signature(entry.obj).parameters.values() if p.kind is p.KEYWORD_ONLY]
    for key in given:
        if key not in known or key == "riskfree":
            raise UnknownNameError(f"option of the {entry.title}", key, [k for k in known if k != "riskfree"])
    chosen = market if market is None or isinstance(market, str) else tuple(market)
    if riskfree is not None:
        if entry.facts["benchmarks"] != "factors":
            raise InputError(f"the {entry.title} takes no riskless return, but {riskfree!r} was named")
        return entry.obj(chosen, riskfree=None if riskfree == "none" else riskfree, **given)
    if entry.facts["benchmarks"] != "none":
        return entry.obj(chosen, **given)
    if chosen:
        raise InputError(f"the {entry.title} uses no market, but {market!r} was named; drop one of the two")
    return entry.obj()
