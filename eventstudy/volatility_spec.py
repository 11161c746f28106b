"""The ``[volatility]`` table of a study file, and what it asks of a study."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from eventstudy.engines.arch_engine import ArchEngine
from eventstudy.engines.base import Dist, Kind, Law
from eventstudy.engines.compiled import CompiledEngine
from eventstudy.engines.event_likelihood import EventKind, Form
from eventstudy.engines.likelihood import Presample
from eventstudy.errors import InputError
from eventstudy.toml_file import TomlTable
from eventstudy.volatility.base import GarchResponse, Origin
from eventstudy.volatility.dated import BEFORE
from eventstudy.volatility.shapes import VarianceShape
from eventstudy.volatility.variance_events import VarianceEvents


class VarianceEventsSpec(TomlTable):
    """``[volatility.events]``: see `VarianceEvents`.

    ``days`` are those of a pulse, and those compared with ``before`` unless ``after`` names others.
    """

    shape: Literal["pulse", "step", "decay"] = "pulse"
    days: list[int] = Field(default=[1, 20], min_length=2, max_length=2)
    half_life: float | None = None
    form: Form = "multiplicative"
    kind: EventKind = "gjr"
    dist: Dist = "t"
    bootstrap: int = 199
    before: list[int] = Field(default=list(BEFORE), min_length=2, max_length=2)
    after: list[int] | None = Field(default=None, min_length=2, max_length=2)


class VolatilitySpec(TomlTable):
    """``[volatility]``: see `GarchResponse`; ``measure = false`` leaves it out.

    ``events = true`` asks for event regressors, breaks, and variance before and after, with the defaults of
    ``[volatility.events]``; ``spillover`` names instruments to which volatility may have moved.
    """

    measure: bool = True
    kind: Kind = "gjr"
    dist: Law = "t"
    sessions: int = 1000
    min_sessions: int = 500
    draws: int = 1999
    origin: Origin = "event"
    engine: Literal["arch", "compiled"] = "arch"
    presample: Presample = "arch"
    joint: bool = False
    events: VarianceEventsSpec | None = None
    spillover: list[str] = Field(default_factory=list)

    @field_validator("events", mode="before")
    @classmethod
    def _yes_or_a_table(cls, value: object) -> object:
        if isinstance(value, bool):
            return {} if value else None
        if value is not None and not isinstance(value, dict):
            raise ValueError("write true, false, or a table [volatility.events]")
        return value


def garch_response(spec: VolatilitySpec) -> GarchResponse | None:
    """How volatility is measured; None where the table says not to."""
    if not spec.measure:
        return None
    if spec.presample != "arch" and spec.engine != "compiled":
        raise InputError('[volatility] presample = "fcp" needs engine = "compiled"')
    return GarchResponse(
        kind=spec.kind,
        dist=spec.dist,
        sessions=spec.sessions,
        min_sessions=spec.min_sessions,
        draws=spec.draws,
        origin=spec.origin,
        engine=CompiledEngine(presample=spec.presample) if spec.engine == "compiled" else ArchEngine(),
        joint=spec.joint,
    )


def variance_events(spec: VarianceEventsSpec | None) -> VarianceEvents | None:
    """What is asked of the variance beside; None where the table does not ask."""
    if spec is None:
        return None
    if (spec.half_life is not None) != (spec.shape == "decay"):
        raise InputError('[volatility.events] half_life belongs to shape = "decay", which needs it')
    first, last = spec.days
    shape = VarianceShape.pulse(first, last) if spec.shape == "pulse" else VarianceShape.step(first)
    if spec.half_life is not None:
        shape = VarianceShape.decay(first, half_life=spec.half_life)
    before, after = spec.before, spec.after or spec.days
    return VarianceEvents(
        shape=shape, form=spec.form, kind=spec.kind, dist=spec.dist, bootstrap=spec.bootstrap,
        before=(before[0], before[1]), after=(after[0], after[1]),
    )  # fmt: skip
