"""What the functions on whole studies read of a result, without knowing the study's own type."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from eventstudy._typing import IntArray
from eventstudy.abnormal import AbnormalReturns
from eventstudy.domain.events import EventTable
from eventstudy.domain.windows import EventWindow, Offsets
from eventstudy.errors import NothingUsableError
from eventstudy.inference.panel import Panel
from eventstudy.results import TestTable


class StudyDesign(Protocol):
    """What the functions on whole studies read of a study's description."""

    @property
    def window(self) -> EventWindow:
        """Event, estimation and tested windows."""

    @property
    def seed(self) -> int:
        """Entropy of every simulation."""

    @property
    def alpha(self) -> float:
        """One minus the confidence of intervals."""


class StudyData(Protocol):
    """What the functions on whole studies read of a result; `StudyResult` is one."""

    @property
    def study(self) -> StudyDesign:
        """The description."""

    @property
    def events(self) -> EventTable:
        """Announcements under study."""

    @property
    def primary(self) -> Offsets:
        """The window fixed before any result."""

    @property
    def abnormal(self) -> AbnormalReturns | None:
        """Used pairs; None when there is none."""

    @property
    def correlations(self) -> tuple[float, float]:
        """Mean residual correlation over pairs, by date and by offset."""

    @property
    def tests(self) -> TestTable:
        """Every statistic."""


def date_clusters(abnormal: AbnormalReturns, events: EventTable) -> IntArray:
    """Date of each pair's announcement as a number, shape (N,).

    One sanction that hits eight producers is one date, whatever session each market answered on.
    """
    return np.array([events[event].date.toordinal() for event, _ in abnormal.pairs])


def panel_of(result: StudyData) -> Panel:
    """The panel of a study's used pairs.

    Raises
    ------
    NothingUsableError
        When no pair was used.
    """
    if result.abnormal is None:
        raise NothingUsableError("nothing usable was left after the checks: there is no pair to test")
    calendar, by_event = result.correlations
    return Panel(
        abnormal=result.abnormal, event=result.study.window.event, rbar_calendar=calendar, rbar_event=by_event,
        clusters=date_clusters(result.abnormal, result.events), seed=result.study.seed,
        alpha=result.study.alpha,
    )  # fmt: skip
