"""Event studies that say how much, how fast, how long and how sure; or why nobody can tell.

Start with `load`, `catalog` and `Study`; `StudyResult` prints, plots and writes its report.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

# Public name -> module that holds it. Names load on first use: importing eventstudy stays light.
_EXPORTS = {
    "Study": "study",
    "StudyResult": "study",
    "EventWindow": "domain.windows",
    "Outcome": "domain.windows",
    "Event": "domain.events",
    "EventTable": "domain.events",
    "catalog": "domain.events",
    "make_event": "domain.events",
    "Instrument": "domain.instruments",
    "instruments": "domain.instruments",
    "PriceTable": "domain.prices",
    "returns": "domain.returns",
    "Flag": "domain.quality",
    "load": "sources.base",
    "read_returns": "sources.files",
    "read_events": "sources.event_files",
    "ConstantMean": "models.benchmarks",
    "MarketAdjusted": "models.benchmarks",
    "MarketModel": "models.regression",
    "GarchResponse": "volatility.base",
    "VolatilityResponse": "volatility.response",
    "TestResult": "results",
    "TestTable": "results",
    "Verdict": "verdict",
    "judge": "verdict",
    "read_study": "spec",
    "EventStudyError": "errors",
}

__all__ = [
    "ConstantMean",
    "Event",
    "EventStudyError",
    "EventTable",
    "EventWindow",
    "Flag",
    "GarchResponse",
    "Instrument",
    "MarketAdjusted",
    "MarketModel",
    "Outcome",
    "PriceTable",
    "Study",
    "StudyResult",
    "TestResult",
    "TestTable",
    "Verdict",
    "VolatilityResponse",
    "__version__",
    "catalog",
    "instruments",
    "judge",
    "load",
    "make_event",
    "read_events",
    "read_returns",
    "read_study",
    "returns",
]

if TYPE_CHECKING:
    from eventstudy.domain.events import Event, EventTable, catalog, make_event
    from eventstudy.domain.instruments import Instrument, instruments
    from eventstudy.domain.prices import PriceTable
    from eventstudy.domain.quality import Flag
    from eventstudy.domain.returns import returns
    from eventstudy.domain.windows import EventWindow, Outcome
    from eventstudy.errors import EventStudyError
    from eventstudy.models.benchmarks import ConstantMean, MarketAdjusted
    from eventstudy.models.regression import MarketModel
    from eventstudy.results import TestResult, TestTable
    from eventstudy.sources.base import load
    from eventstudy.sources.event_files import read_events
    from eventstudy.sources.files import read_returns
    from eventstudy.spec import read_study
    from eventstudy.study import Study, StudyResult
    from eventstudy.verdict import Verdict, judge
    from eventstudy.volatility.base import GarchResponse
    from eventstudy.volatility.response import VolatilityResponse


def __getattr__(name: str) -> object:
    if name not in _EXPORTS:
        raise AttributeError(f"module 'eventstudy' has no attribute {name!r}")
    return getattr(importlib.import_module(f"eventstudy.{_EXPORTS[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
