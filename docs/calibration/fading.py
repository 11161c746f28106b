"""Bias and coverage of the course of a variance that fades, and size of the p of single days."""

from __future__ import annotations

from eventstudy.calibration.processes import NAMES, Clustered
from eventstudy.calibration.volatility import MomentCell, VolatilityCell, calibrate_volatility

REPS = 1000
PROCESSES: tuple[Clustered, ...] = ("garch", "gjr_t")
MULTIPLES = (2.0, 4.0)
#: Half-life, and the last day measured.
COURSES = ((5.0, 10), (5.0, 30), (20.0, 30))


def run(reps: int, seed: int) -> str:
    """One table of courses, one of single days."""
    quiet = [calibrate_volatility(p, last=last, reps=reps, seed=seed) for p in PROCESSES for last in (10, 30)]
    fading = [
        calibrate_volatility(p, multiple=m, half_life=h, last=last, reps=reps, seed=seed)
        for p in PROCESSES
        for m in MULTIPLES
        for h, last in COURSES
    ]
    lines = [
        "The variance of day 1 is multiplied, and half of the excess is gone every H sessions; the worlds and the "
        "fitted model are those of [volatility](calibration-volatility.md), L is the last day measured. "
        "Any cell: `eventstudy calibrate-volatility --half-life`.",
        "", "## Course of a variance that fades", "",
        "Over the replications that are called raised. *Beyond*: said not to fade inside the days measured. *Bias*: "
        "mean over the finite values less the truth, day 1 and H.", "",
        "|world|times|H|L|called raised|mean multiple|its coverage|onset: median|bias|covered|half-life: median|beyond|"
        "bias|covered|median length|",
        "|---" * 15 + "|",
        *(_row(c) for c in fading),
        "", "## Single days", "",
        "Percent of days 1 to L whose own p is at most 5%: 5 where nothing happens; no verdict rests on one day.", "",
        "|world|times|H|L|days at 5%|", "|---" * 5 + "|",
        *(
            f"|{_world(c)}|{100 * c.by_day:.1f}|" for c in (*quiet, *fading)
        ),
    ]  # fmt: skip
    return "\n".join(lines)


def _world(cell: VolatilityCell) -> str:
    life = "-" if cell.half_life is None else f"{cell.half_life:g}"
    return f"{NAMES[cell.process]}|{cell.multiple:g}|{life}|{cell.last}"


def _row(cell: VolatilityCell) -> str:
    onset, _, life, _ = cell.moments
    words = [
        f"{100 * cell.raised:.0f}%", f"{cell.mean_multiple:.2f}", f"{100 * cell.multiple_coverage:.0f}%",
        *_moment(onset), f"{life.median:.1f}", f"{100 * life.beyond:.0f}%", f"{life.bias:+.1f}",
        f"{100 * life.coverage:.0f}%", f"{life.length:.1f}",
    ]  # fmt: skip
    return f"|{_world(cell)}|" + "|".join(words) + "|"


def _moment(one: MomentCell) -> list[str]:
    return [f"{one.median:.1f}", f"{one.bias:+.1f}", f"{100 * one.coverage:.0f}%"]
