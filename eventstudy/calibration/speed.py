"""How often a reaction of known course is called swift, delayed or an overshoot."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Literal, get_args

import numpy as np

from eventstudy._typing import FloatArray, IntArray, Record
from eventstudy.calibration.history import measures_of, series_of_responses, view_at, windows_of
from eventstudy.calibration.processes import Process, draw
from eventstudy.calibration.simulate import GAP
from eventstudy.calibration.worlds import DAY
from eventstudy.engines.base import Engine
from eventstudy.engines.compiled import CompiledEngine
from eventstudy.errors import InputError
from eventstudy.inference.base import LOCAL_SESSIONS
from eventstudy.inference.single import MIN_PLACEBO
from eventstudy.inference.speed import LEAST_FOR_PAIR, SpeedResponse, SpeedWord, pair_speed
from eventstudy.volatility.base import GarchResponse

Course = Literal["instant", "spread", "overshoot", "reversal"]
#: What happens to the variance besides: nothing; four times from 20 sessions before day 0 on, or on sessions 1 to 10;
#: sixteen times on sessions 2 and 3.
Change = Literal["none", "x4_before", "x4_after", "x16_brief"]
#: Sessions over which a spread reaction comes, and over which an overshoot is given back.
SPREAD = 5
#: Session in which a reversal is given back.
BACK = 5
#: First and last session of a change of the variance, and what the standard deviation is multiplied by.
RAISED: dict[Change, tuple[int, float, float]] = {
    "none": (0, 0.0, 1.0), "x4_before": (-20, math.inf, 2.0), "x4_after": (1, 10.0, 2.0), "x16_brief": (2, 3.0, 4.0),
}  # fmt: skip
WORDS: tuple[SpeedWord, ...] = ("nothing to time", "swift", "delayed", "overshoot", "untestable")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedCell:
    """What a reaction of one course and size was called.

    Attributes
    ----------
    effect : float
        Largest level that the reaction reaches, in long-run standard deviations of a day.
    feeds : bool
        The moves feed the variance of the sessions after as any other shock does.
    words : dict
        Word -> share of replications.
    variance : str
        What happens to the variance besides.
    m : int
        Estimation sessions.
    drift, largest : float
        Share in which the drift test alone rejects, and in which the largest session of the drift stands out of the
        others: sizes for an instant reaction.
    seen : float
        Share in which a drift of exactly the size that is said to be seen, spread evenly over its sessions, is seen
        with its sign, were it added: to be four fifths where nothing else drifts.
    blind, lone : float
        Share of the swift ones in which a drift as large as the reaction would have gone unseen, and in which one
        session is said to stand out.
    defined : float
        Share in which t50 and t90 are defined.
    right_t50, right_t90 : float
        Share of those that name the true session.
    cover_t50, cover_t90 : float
        Share of their intervals that hold it.
    """

    process: str
    course: str
    effect: float
    feeds: bool
    variance: str
    horizon: int
    m: int
    reps: int
    alpha: float
    words: dict[str, float]
    drift: float
    largest: float
    seen: float
    blind: float
    lone: float
    defined: float
    right_t50: float
    right_t90: float
    cover_t50: float
    cover_t90: float

    def to_record(self) -> Record:
        """Plain dict for JSON."""
        return asdict(self)


def course_of(course: Course, effect: float, offsets: IntArray) -> FloatArray:
    """Moves of a reaction by session: at once; evenly over five; at once with half given back over 2 to 6, or in 5."""
    moves = np.zeros(offsets.size)
    if course == "spread":
        moves[(offsets >= 0) & (offsets < SPREAD)] = effect / SPREAD
        return moves
    moves[offsets == 0] = effect
    if course == "overshoot":
        moves[(offsets >= 2) & (offsets < 2 + SPREAD)] = -0.5 * effect / SPREAD
    if course == "reversal":
        moves[offsets == BACK] = -0.5 * effect
    return moves


def calibrate_speed(
    course: Course = "instant",
    effect: float = 5.0,
    *,
    process: Process = "gjr_t",
    feeds: bool = False,
    variance: Change = "none",
    horizon: int = 10,
    m: int = 250,
    sessions: int = 1000,
    reps: int = 200,
    draws: int = 499,
    alpha: float = 0.05,
    seed: int = 0,
    engine: Engine | None = None,
) -> SpeedCell:
    """Measure one cell: a reaction of known course, and what it is called.

    Parameters
    ----------
    course : {"instant", "spread", "overshoot", "reversal"}
        On day 0; evenly over sessions 0 to 4; on day 0 with half given back evenly over sessions 2 to 6, or in session
        5 alone.
    effect : float
        In long-run standard deviations of a day.
    process : {"garch", "gjr_t", "normal", "t5"}
        As in `calibrate_volatility`.
    feeds : bool
        Whether the moves enter the variance recursion.
    variance : {"none", "x4_before", "x4_after", "x16_brief"}
        Besides, the variance is four times what it was from 20 sessions before day 0 on, or on sessions 1 to 10, or
        sixteen times on sessions 2 and 3.
    horizon, sessions, draws : int
        Last session of the drift, sample of the variance model, simulated paths.
    m : int
        Estimation sessions, at most `sessions`: what the drift is ranked among.
    engine : Engine, optional
        What fits the variance; None: the compiled likelihood.

    Raises
    ------
    InputError

    Examples
    --------
    >>> cell = calibrate_speed("instant", 10.0, reps=20, draws=199, sessions=500)
    >>> cell.words["swift"] > 0.5
    True
    """
    if course not in get_args(Course):
        raise InputError(f"course {course!r}: allowed are {', '.join(get_args(Course))}")
    if variance not in get_args(Change):
        raise InputError(f"variance {variance!r}: allowed are {', '.join(get_args(Change))}")
    if horizon < LEAST_FOR_PAIR or reps < 1 or sessions < 300:
        raise InputError(
            f"horizon = {horizon}, reps = {reps}, sessions = {sessions}: at least {LEAST_FOR_PAIR}, 1 and 300"
        )
    least = LOCAL_SESSIONS + MIN_PLACEBO + horizon
    if not least <= m <= sessions:
        raise InputError(
            f"m = {m} estimation sessions with horizon = {horizon}: at least {least}, with fewer no p can reach 5%, "
            f"and at most the {sessions} sessions that are drawn before the gap"
        )
    offsets = np.arange(-sessions - GAP, horizon + 1)
    moves = course_of(course, effect, offsets)
    rng = np.random.default_rng(seed)
    returns = draw(process, rng, reps, offsets, shock=moves if feeds else None)
    first, last, times = RAISED[variance]
    returns[:, (offsets >= first) & (offsets <= last)] *= times
    if not feeds:
        returns = returns + DAY * moves
    window = windows_of((0, horizon), (-m - GAP, -GAP - 1))
    spec = GarchResponse(draws=draws, min_sessions=min(500, sessions), engine=engine or CompiledEngine())
    found = []
    for k, row in enumerate(returns):
        measures = measures_of(("verdict",), window, alpha=alpha, seed=seed + k, spec=spec)
        found.append(pair_speed(view_at(series_of_responses(row), sessions + GAP, measures), horizon))
    truth = _truth(moves, offsets)
    return _cell(found, truth, process, course, effect, feeds, variance, horizon, m, alpha)


def _truth(moves: FloatArray, offsets: IntArray) -> tuple[int, int]:
    """First sessions by which half and nine tenths of the final level were reached; -1 without a reaction."""
    path = moves[offsets >= 0].cumsum()
    if path[-1] == 0.0:
        return -1, -1
    share = path / path[-1]
    return int(np.argmax(share >= 0.5 - 1e-12)), int(np.argmax(share >= 0.9 - 1e-12))


def _cell(
    found: list[SpeedResponse], truth: tuple[int, int], process: str, course: str, effect: float, feeds: bool,
    variance: str, horizon: int, m: int, alpha: float,
) -> SpeedCell:  # fmt: skip
    swift = [s for s in found if s.word == "swift"]
    timed = [s for s in found if s.t50.session is not None]

    def share(hits: list[bool]) -> float:
        return float(np.mean(hits)) if hits else math.nan

    drift = [s.drift.pvalue <= alpha and not s.drift.low <= 0.0 <= s.drift.high for s in found]
    largest = [s.largest is not None and s.largest.pvalue <= alpha for s in found]
    moments = [[getattr(s, name) for s in timed] for name in ("t50", "t90")]
    right = [share([m.session == true for m in ms]) for ms, true in zip(moments, truth, strict=True)]
    cover = [share([m.low <= true <= m.high for m in ms]) for ms, true in zip(moments, truth, strict=True)]
    return SpeedCell(
        process=process, course=course, effect=effect, feeds=feeds, variance=variance, horizon=horizon, m=m,
        reps=len(found), alpha=alpha,
        words={word: sum(s.word == word for s in found) / len(found) for word in WORDS}, drift=share(drift),
        largest=share(largest), seen=share([hit for s in found for hit in _hits(s)]),
        blind=share([s.blind for s in swift]), lone=share([s.disputed for s in swift]), defined=len(timed) / len(found),
        right_t50=right[0], right_t90=right[1], cover_t50=cover[0], cover_t90=cover[1],
    )  # fmt: skip


def _hits(speed: SpeedResponse) -> list[bool]:
    """Whether the drift that would be seen is seen, upwards and downwards; an even one moves the estimate alone."""
    drift = speed.drift
    half = 0.5 * (drift.high - drift.low)
    return [sign * drift.estimate + speed.detectable > half for sign in (1.0, -1.0)]
