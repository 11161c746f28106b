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
    "prices": "domain.frames",
    "Intraday": "domain.intraday",
    "Flag": "domain.quality",
    "load": "sources.base",
    "read_returns": "sources.files",
    "read_events": "sources.event_files",
    "ConstantMean": "models.benchmarks",
    "MarketAdjusted": "models.benchmarks",
    "MarketModel": "models.regression",
    "GarchResponse": "volatility.base",
    "GarchChoice": "volatility.fit",
    "GarchResult": "volatility.garch_result",
    "choose_garch": "volatility.fit",
    "diagnose": "volatility.diagnostics",
    "fit_garch": "volatility.fit",
    "VolatilityResponse": "volatility.response",
    "RangeVolatility": "volatility.ranges",
    "range_volatility": "volatility.ranges",
    "variance_change": "volatility.realized",
    "EventGARCH": "engines.event_process",
    "Diurnal": "volatility.diurnal",
    "EventVariance": "volatility.event_tests",
    "VarianceShape": "volatility.shapes",
    "event_variance_test": "volatility.event_garch",
    "Spillover": "volatility.spillover",
    "SpilloverDesign": "volatility.spillover",
    "spillover": "volatility.spillover",
    "PairVariance": "volatility.variance_events",
    "VarianceEvents": "volatility.variance_events",
    "VarianceBreaks": "volatility.breaks",
    "variance_breaks": "volatility.breaks",
    "TestResult": "results",
    "TestTable": "results",
    "Verdict": "verdict",
    "judge": "verdict",
    "read_study": "spec",
    "Claim": "claims.file",
    "Claims": "claims.file",
    "read_claims": "claims.file",
    "claims_saying": "claims.file",
    "judge_claims": "claims.result",
    "ClaimsResult": "claims.result",
    "ClaimVerdict": "claims.verdict",
    "EventStudyError": "errors",
    "FactorModel": "models.factors",
    "capm": "models.factors",
    "fama_french_3": "models.factors",
    "carhart": "models.factors",
    "fama_french_5": "models.factors",
    "ComparisonPortfolio": "models.benchmarks",
    "ScholesWilliams": "models.thin",
    "Dimson": "models.thin",
    "LaggedMarket": "models.lagged",
    "Robust": "models.robust",
    "MarketModelGarch": "models.robust",
    "SyntheticControl": "models.synthetic",
    "leave_one_out": "models.synthetic",
    "log_volume": "domain.volume",
    "check_table": "domain.quality_table",
    "compare_sources": "domain.quality_sources",
    "adjust": "inference.multiplicity",
    "compare_groups": "inference.groups",
    "calendar_time": "inference.calendar_time",
    "regress_cars": "inference.cross_section",
    "pre_event_drift": "inference.bands",
    "ibragimov_mueller": "inference.small_n",
    "conley_taber": "inference.small_n",
    "pooled_controls": "donors",
    "calibrate": "calibration",
    "calibrate_dates": "calibration",
    "calibrate_donors": "calibration",
    "calibrate_real": "calibration",
    "Advice": "inference.advice",
    "scan": "verbs.scan",
    "power": "verbs.power",
    "Power": "verbs.power",
    "robustness": "verbs.robustness",
    "Robustness": "verbs.robustness_result",
    "Specification": "verbs.robustness_result",
    "Scan": "verbs.scan_result",
    "Peak": "verbs.scan_result",
    "ClaimedDate": "verbs.scan_result",
    "SpeedResponse": "inference.speed",
}

__all__ = [
    "Advice",
    "Claim",
    "ClaimVerdict",
    "ClaimedDate",
    "Claims",
    "ClaimsResult",
    "ComparisonPortfolio",
    "ConstantMean",
    "Dimson",
    "Diurnal",
    "Event",
    "EventGARCH",
    "EventStudyError",
    "EventTable",
    "EventVariance",
    "EventWindow",
    "FactorModel",
    "Flag",
    "GarchChoice",
    "GarchResponse",
    "GarchResult",
    "Instrument",
    "Intraday",
    "LaggedMarket",
    "MarketAdjusted",
    "MarketModel",
    "MarketModelGarch",
    "Outcome",
    "PairVariance",
    "Peak",
    "Power",
    "PriceTable",
    "RangeVolatility",
    "Robust",
    "Robustness",
    "Scan",
    "ScholesWilliams",
    "Specification",
    "SpeedResponse",
    "Spillover",
    "SpilloverDesign",
    "Study",
    "StudyResult",
    "SyntheticControl",
    "TestResult",
    "TestTable",
    "VarianceBreaks",
    "VarianceEvents",
    "VarianceShape",
    "Verdict",
    "VolatilityResponse",
    "__version__",
    "adjust",
    "calendar_time",
    "calibrate",
    "calibrate_dates",
    "calibrate_donors",
    "calibrate_real",
    "capm",
    "carhart",
    "catalog",
    "check_table",
    "choose_garch",
    "claims_saying",
    "compare_groups",
    "compare_sources",
    "conley_taber",
    "diagnose",
    "event_variance_test",
    "fama_french_3",
    "fama_french_5",
    "fit_garch",
    "ibragimov_mueller",
    "instruments",
    "judge",
    "judge_claims",
    "leave_one_out",
    "load",
    "log_volume",
    "make_event",
    "pooled_controls",
    "power",
    "pre_event_drift",
    "prices",
    "range_volatility",
    "read_claims",
    "read_events",
    "read_returns",
    "read_study",
    "regress_cars",
    "returns",
    "robustness",
    "scan",
    "spillover",
    "variance_breaks",
    "variance_change",
]

if TYPE_CHECKING:
    from eventstudy.calibration import calibrate, calibrate_dates, calibrate_donors, calibrate_real
    from eventstudy.claims.file import Claim, Claims, claims_saying, read_claims
    from eventstudy.claims.result import ClaimsResult, judge_claims
    from eventstudy.claims.verdict import ClaimVerdict
    from eventstudy.domain.events import Event, EventTable, catalog, make_event
    from eventstudy.domain.frames import prices
    from eventstudy.domain.instruments import Instrument, instruments
    from eventstudy.domain.intraday import Intraday
    from eventstudy.domain.prices import PriceTable
    from eventstudy.domain.quality import Flag
    from eventstudy.domain.quality_sources import compare_sources
    from eventstudy.domain.quality_table import check_table
    from eventstudy.domain.returns import returns
    from eventstudy.domain.volume import log_volume
    from eventstudy.domain.windows import EventWindow, Outcome
    from eventstudy.donors import pooled_controls
    from eventstudy.engines.event_process import EventGARCH
    from eventstudy.errors import EventStudyError
    from eventstudy.inference.advice import Advice
    from eventstudy.inference.bands import pre_event_drift
    from eventstudy.inference.calendar_time import calendar_time
    from eventstudy.inference.cross_section import regress_cars
    from eventstudy.inference.groups import compare_groups
    from eventstudy.inference.multiplicity import adjust
    from eventstudy.inference.small_n import conley_taber, ibragimov_mueller
    from eventstudy.inference.speed import SpeedResponse
    from eventstudy.models.benchmarks import ComparisonPortfolio, ConstantMean, MarketAdjusted
    from eventstudy.models.factors import FactorModel, capm, carhart, fama_french_3, fama_french_5
    from eventstudy.models.lagged import LaggedMarket
    from eventstudy.models.regression import MarketModel
    from eventstudy.models.robust import MarketModelGarch, Robust
    from eventstudy.models.synthetic import SyntheticControl, leave_one_out
    from eventstudy.models.thin import Dimson, ScholesWilliams
    from eventstudy.results import TestResult, TestTable
    from eventstudy.sources.base import load
    from eventstudy.sources.event_files import read_events
    from eventstudy.sources.files import read_returns
    from eventstudy.spec import read_study
    from eventstudy.study import Study, StudyResult
    from eventstudy.verbs.power import Power, power
    from eventstudy.verbs.robustness import robustness
    from eventstudy.verbs.robustness_result import Robustness, Specification
    from eventstudy.verbs.scan import scan
    from eventstudy.verbs.scan_result import ClaimedDate, Peak, Scan
    from eventstudy.verdict import Verdict, judge
    from eventstudy.volatility.base import GarchResponse
    from eventstudy.volatility.breaks import VarianceBreaks, variance_breaks
    from eventstudy.volatility.diagnostics import diagnose
    from eventstudy.volatility.diurnal import Diurnal
    from eventstudy.volatility.event_garch import event_variance_test
    from eventstudy.volatility.event_tests import EventVariance
    from eventstudy.volatility.fit import GarchChoice, choose_garch, fit_garch
    from eventstudy.volatility.garch_result import GarchResult
    from eventstudy.volatility.ranges import RangeVolatility, range_volatility
    from eventstudy.volatility.realized import variance_change
    from eventstudy.volatility.response import VolatilityResponse
    from eventstudy.volatility.shapes import VarianceShape
    from eventstudy.volatility.spillover import Spillover, SpilloverDesign, spillover
    from eventstudy.volatility.variance_events import PairVariance, VarianceEvents


def __getattr__(name: str) -> object:
    if name not in _EXPORTS:
        raise AttributeError(f"module 'eventstudy' has no attribute {name!r}")
    return getattr(importlib.import_module(f"eventstudy.{_EXPORTS[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
