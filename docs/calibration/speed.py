"""What a reaction of known course is called."""

from __future__ import annotations

import math
from functools import partial

from eventstudy._typing import FloatArray
from eventstudy.calibration.processes import Process
from eventstudy.calibration.speed import WORDS, Change, Course, SpeedCell, calibrate_speed
from eventstudy.engines.base import Dist, GarchFit, Kind
from eventstudy.engines.compiled import CompiledEngine

REPS = 1000
COURSES: tuple[Course, ...] = ("instant", "spread", "overshoot", "reversal")
EFFECTS = (2.0, 5.0, 10.0)
#: Worlds in which nothing drifts: words, move on day 0, whether it feeds the variance, what else happens to it,
#: estimation sessions.
NULLS: tuple[tuple[str, float, bool, Change, int], ...] = (
    ("nothing happens", 0.0, False, "none", 250),
    ("instant move of 10 sd", 10.0, False, "none", 250),
    ("instant move of 10 sd, feeds the variance", 10.0, True, "none", 250),
    ("instant move of -10 sd, feeds the variance", -10.0, True, "none", 250),
    ("variance x4 from 20 sessions before", 0.0, False, "x4_before", 250),
    ("the same and an instant move of 10 sd", 10.0, False, "x4_before", 250),
    ("variance x4 on sessions 1 to 10", 0.0, False, "x4_after", 250),
    ("the same and an instant move of 10 sd", 10.0, False, "x4_after", 250),
    ("variance x16 on sessions 2 and 3", 0.0, False, "x16_brief", 250),
    ("nothing happens, 750 sessions", 0.0, False, "none", 750),
    ("variance x16 on sessions 2 and 3, 750 sessions", 0.0, False, "x16_brief", 750),
)
PROCESSES: dict[Process, str] = {"garch": "GARCH, normal", "gjr_t": "GJR, Student(5)"}


class FittedOnce:
    """Every sample is fitted once: the cells of one process share what lies before the gap."""

    def __init__(self) -> None:
        self.engine = CompiledEngine()
        self.done: dict[tuple[bytes, Kind, Dist], GarchFit] = {}

    def fit(self, residual: FloatArray, *, kind: Kind, dist: Dist) -> GarchFit:
        """As the compiled likelihood."""
        key = (residual.tobytes(), kind, dist)
        if key not in self.done:
            self.done[key] = self.engine.fit(residual, kind=kind, dist=dist)
        return self.done[key]


def run(reps: int, seed: int) -> str:
    """Size of the drift test, then frequencies of the words, with moves that feed the variance and that do not."""
    cell = partial(calibrate_speed, reps=reps, seed=seed, engine=FittedOnce())
    parts = [
        "250 estimation sessions unless a row says otherwise, 1,000 for the variance, horizon 10. *instant*: the whole "
        "move on day 0. *spread*: "
        "evenly over sessions 0 to 4. *overshoot*: on day 0, half of it given back evenly over sessions 2 to 6. "
        "*reversal*: on day 0, half of it given back in session 5 alone. Sizes in long-run standard deviations of a "
        "day (sd). Any cell: `eventstudy calibrate-speed`. In percent of all "
        f"replications; the Monte Carlo error at 5% is {100 * (0.05 * 0.95 / reps) ** 0.5:.1f} points.",
        "",
        "## The drift test where nothing drifts",
        "",
        *_sizes(cell),
        "",
        "*stated drift seen*: share in which a drift of exactly the size that is said to be seen four times in five is "
        "seen when it is added evenly to sessions 2 to 10, with either sign; to be 80. *one session*: the largest "
        "session of the drift stands out of the others; where the variance rises x16 nothing tells that from a move.",
        "",
    ]
    none = cell("instant", 0.0)
    for feeds, words in ((False, "The move leaves the variance alone"), (True, "The move feeds the variance")):
        cells = [cell(c, e, feeds=feeds) for c in COURSES for e in EFFECTS]
        parts += [f"## {words}", "", *_table([none, *cells] if not feeds else cells), ""]
    parts += [
        "World GJR(.03, .10, .90) with Student(5) shocks. *drift*: the drift test alone rejects (`own_scale`). "
        "*blind*: share of the swift ones in which a drift as large as the reaction would have gone unseen; *marked*: "
        "in which one session is said to stand out. *timed*: t50 and t90 are defined.",
    ]
    return "\n".join(parts)


def _sizes(cell: partial[SpeedCell]) -> list[str]:
    """Rejections of a true null by the drift test, of the largest session, and how often the stated drift is seen."""
    lines = [
        "|world|" + "|".join(f"{w}: `own_scale`|one session|stated drift seen" for w in PROCESSES.values()) + "|",
        "|---" * (1 + 3 * len(PROCESSES)) + "|",
    ]
    for words, effect, feeds, variance, m in NULLS:
        row = [words]
        for process in PROCESSES:
            one = cell("instant", effect, process=process, feeds=feeds, variance=variance, m=m)
            row += [_percent(one.drift), _percent(one.largest), _percent(one.seen)]
        lines.append("|" + "|".join(row) + "|")
    return lines


def _table(cells: list[SpeedCell]) -> list[str]:
    head = ["course", "size", *WORDS[:4], "drift", "one session", "blind", "marked"]
    head += ["timed", "t50 right", "covered", "t90 right", "covered"]
    rows = ["|" + "|".join(head) + "|", "|---" * len(head) + "|"]
    for c in cells:
        shares = [*(c.words[w] for w in WORDS[:4]), c.drift, c.largest, c.blind, c.lone, c.defined]
        shares += [c.right_t50, c.cover_t50, c.right_t90, c.cover_t90]
        if c.effect == 0.0:
            shares[-4:] = [math.nan] * 4
        name = "nothing" if c.effect == 0.0 else c.course
        rows.append("|" + "|".join([name, f"{c.effect:g} sd", *(_percent(s) for s in shares)]) + "|")
    return rows


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{100 * value:.1f}"
