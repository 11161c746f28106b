"""What a reaction of known course is called."""

from __future__ import annotations

import math

from eventstudy.calibration.speed import WORDS, SpeedCell, calibrate_speed

REPS = 100
COURSES = ("instant", "spread", "overshoot")
EFFECTS = (2.0, 5.0, 10.0)


def run(reps: int, seed: int) -> str:
    """Frequencies of the words, with moves that feed the variance and moves that do not."""
    parts = [
        "GJR(.03, .10, .90) with Student(5) shocks, 250 estimation sessions, 1,000 for the variance, horizon 10. "
        "*instant*: the whole move on day 0. *spread*: evenly over sessions 0 to 4. *overshoot*: on day 0, half "
        "of it given back evenly over sessions 2 to 6. Sizes in long-run standard deviations of a day. Any cell: "
        "`eventstudy calibrate-speed`. In percent of all replications.",
        "",
    ]
    none = calibrate_speed("instant", 0.0, reps=reps, seed=seed)
    for feeds, words in ((False, "The move leaves the variance alone"), (True, "The move feeds the variance")):
        cells = [calibrate_speed(c, e, feeds=feeds, reps=reps, seed=seed) for c in COURSES for e in EFFECTS]
        parts += [f"## {words}", "", *_table([none, *cells] if not feeds else cells), ""]
    parts += [
        "The drift test alone rejects a true null (rows *instant*) in the share named *drift*: at most 7% or the "
        "test would not be recommended. Its power is small after a large first move, because the 20 sessions "
        "that scale it hold that move: an overshoot is rarely told from a swift reaction, and *blind* says how "
        "many of the swift ones could not have shown a drift as large as the reaction.",
    ]
    return "\n".join(parts)


def _table(cells: list[SpeedCell]) -> list[str]:
    head = ["course", "size", *WORDS[:4], "drift", "blind", "timed", "t50 right", "covered", "t90 right", "covered"]
    rows = ["|" + "|".join(head) + "|", "|---" * len(head) + "|"]
    for c in cells:
        shares = [*(c.words[w] for w in WORDS[:4]), c.drift, c.blind, c.defined]
        shares += [c.right_t50, c.cover_t50, c.right_t90, c.cover_t90]
        if c.effect == 0.0:
            shares[-4:] = [math.nan] * 4
        name = "nothing" if c.effect == 0.0 else c.course
        rows.append("|" + "|".join([name, f"{c.effect:g} sd", *(_percent(s) for s in shares)]) + "|")
    return rows


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{100 * value:.1f}"
