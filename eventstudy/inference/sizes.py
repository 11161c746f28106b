"""Measured sizes of the statistics across pairs: what a study's advice knows about each world.

The table is written by ``python docs/make_calibration.py --only panel`` and read here; nothing is typed by hand.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from eventstudy.inference.base import PANEL_STATISTICS

TABLE = Path(__file__).with_name("sizes.csv")
NOMINAL = 0.05
#: A size is called off when it leaves this range of half to one and a half times 5%, and by three Monte Carlo errors.
LOW, HIGH = 0.025, 0.075
#: World of the table -> what it is, in words that end a sentence.
WORDS = {
    "iid_normal": "independent normal responses",
    "t4": "fat tails",
    "doubled_variance": "an event that doubles the variance",
    "correlated": "correlation 0.2 on one date",
    "thin": "prices renewed on seven days of ten",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredSize:
    """Rejection rate of one statistic at nominal 5% where nothing happened; NaN where it refuses."""

    method: str
    world: str
    n: int
    rate: float
    mc_se: float
    reps: int

    @property
    def off(self) -> int:
        """1: it rejects too often; -1: too seldom; 0: neither, or it refuses."""
        if not math.isfinite(self.rate):
            return 0
        if self.rate > HIGH and self.rate - NOMINAL > 3.0 * self.mc_se:
            return 1
        return -1 if self.rate < LOW and NOMINAL - self.rate > 3.0 * self.mc_se else 0


@cache
def measured_sizes() -> dict[tuple[str, str, int], MeasuredSize]:
    """(statistic, world, pairs) -> its measured size."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = [
            MeasuredSize(
                method=row["method"], world=row["world"], n=int(row["n"]), rate=float(row["rate"] or "nan"),
                mc_se=float(row["mc_se"] or "nan"), reps=int(row["reps"]),
            )
            for row in csv.DictReader(file)
        ]  # fmt: skip
    return {(row.method, row.world, row.n): row for row in rows}


def size_of(method: str, world: str, n: int) -> MeasuredSize | None:
    """The size measured at the number of pairs nearest to `n` (by ratio); None when it was not measured."""
    known = [m for (key, where, _), m in measured_sizes().items() if (key, where) == (method, world)]
    known = [m for m in known if math.isfinite(m.rate)]
    return min(known, key=lambda m: (abs(math.log(m.n / n)), m.n), default=None)


def looks_at_variance(method: str) -> bool:
    """Whether a raised variance is what the statistic looks for."""
    return PANEL_STATISTICS[method].facts.get("effect") == "variance"


def size_words(method: str) -> str:
    """Where the size of a statistic is off, for listings; empty when it was not measured.

    Examples
    --------
    >>> "an event that doubles the variance" in size_words("patell_z")
    True
    """
    rows = [m for (key, _, _), m in measured_sizes().items() if key == method]
    if not rows:
        return ""
    parts = []
    for sign, words in ((1, "rejects too often"), (-1, "too seldom")):
        for world in WORDS:
            if world == "doubled_variance" and looks_at_variance(method):
                continue
            off = [m for m in rows if m.world == world and m.off == sign]
            if off:
                worst = max(off, key=lambda m: sign * m.rate)
                parts.append((words, f"{WORDS[world]} ({worst.rate:.1%} with {worst.n} pair{'s' * (worst.n > 1)})"))
    if not parts:
        return "5% within half of it in every world measured"
    grouped = {words: [text for w, text in parts if w == words] for words, _ in parts}
    return "; ".join(f"{words} under {', '.join(texts)}" for words, texts in grouped.items())
