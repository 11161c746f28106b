"""Means across pairs, without a test."""

from __future__ import annotations

import numpy as np

from eventstudy.inference.base import DESCRIPTION, PANEL_STATISTICS, Finding, described
from eventstudy.inference.panel import PanelView
from eventstudy.kernels.stats import Inapplicable


@PANEL_STATISTICS.register(
    "caar",
    "mean cumulative response",
    **DESCRIPTION,
    min_pairs="1",
    reference="Fama, Fisher, Jensen & Roll (1969), Int. Economic Review 10:1-21",
)
def caar(view: PanelView) -> Finding | Inapplicable:
    """Mean over pairs of CAR: a pair without some sessions counts with those it has. No p."""
    return described(view.caar) if view.n else _nobody()


@PANEL_STATISTICS.register(
    "sum_aar",
    "sum of the daily means",
    **DESCRIPTION,
    min_pairs="1",
    reference="Fama, Fisher, Jensen & Roll (1969), Int. Economic Review 10:1-21",
)
def sum_aar(view: PanelView) -> Finding | Inapplicable:
    """Sum over days of AAR; differs from CAAR when pairs lack sessions. No p."""
    return described(float(view.days.sum())) if view.n else _nobody()


@PANEL_STATISTICS.register(
    "abhar",
    "mean buy-and-hold response",
    **DESCRIPTION | {"assumptions": "responses are returns"},
    min_pairs="1",
    reference="Barber & Lyon (1997), J. Financial Economics 43:341-372",
)
def abhar(view: PanelView) -> Finding | Inapplicable:
    """Mean over pairs of the compounded response minus the compounded expectation. No p."""
    held = view.abnormal.bhar(view.car.window)[view.rows]
    if view.n and not np.isfinite(held).all():
        return Inapplicable("differences and ready-made series do not compound")
    return described(float(held.mean())) if view.n else _nobody()


def _nobody() -> Inapplicable:
    return Inapplicable("needs at least 1 pair, there is 0")
