"""Size and power across pairs."""

from __future__ import annotations

import csv
import io
import math
from functools import cache
from pathlib import Path

from scipy import stats

from eventstudy.calibration import WORLDS, Cell, calibrate
from eventstudy.inference.base import PANEL_STATISTICS
from eventstudy.inference.sizes import HIGH, LOW, TABLE, WORDS, MeasuredSize, looks_at_variance

PAIRS = (1, 5, 12, 50)
M = 120
#: Means without a p-value are no tests.
TESTS = tuple(e.key for e in PANEL_STATISTICS if not e.facts["null"].startswith("none"))
#: They fit a variance model of every pair, on longer windows: part garch_panel.
GARCH_KEYS = tuple(key for key in TESTS if key == "savickas_t" or key.startswith("bgw_garch"))
KEYS = tuple(key for key in TESTS if key not in GARCH_KEYS)
#: Brown & Warner (1985) estimate on 239 sessions and inject up to two percent.
REAL = ("dow", "dow_common_date")
REAL_M, REAL_N, INJECTED = 239, 12, (0.0, 0.005, 0.01, 0.02)


@cache
def sizes(reps: int, seed: int) -> dict[tuple[str, int], tuple[Cell, ...]]:
    """(world, pairs) -> a cell a statistic; nothing happened."""
    return {(world, n): calibrate(KEYS, world, n=n, m=M, reps=reps, seed=seed) for world in WORDS for n in PAIRS}


def run(reps: int, seed: int) -> str:
    """Sizes by world, a check against theory, power on simulated and on real prices, and what each table teaches."""
    measured = sizes(reps, seed)
    power = calibrate(KEYS, "iid_normal", n=12, m=M, reps=reps, effect=0.5, seed=seed)
    lines = [
        "Share of samples in which a statistic rejects at nominal 5%, in percent ± its Monte Carlo standard error; –",
        "where it refuses. One cell again: `eventstudy calibrate --method cs_t --world correlated --n 12 --m 120 "
        f"--reps {reps} --seed {seed}`.",
        "",
        *theory({(w, n): c for (w, n), c in measured.items() if n == 12}, power),
        *lessons(measured),
    ]
    for world in WORDS:
        lines += [f"## {WORLDS[world].title[0].upper()}{WORLDS[world].title[1:]} (`{world}`)", ""]
        lines += [f"Nothing happened; {M} estimation sessions, constant mean, window [0,0].", ""]
        lines += table([f"N = {n}" for n in PAIRS], [measured[world, n] for n in PAIRS])
    lines += ["## Power: half a standard deviation on day 0, N = 12, independent normal responses", ""]
    lines += table(["rejects"], [power])
    return "\n".join([*lines, *real(reps, seed)])


def real(reps: int, seed: int) -> list[str]:
    """Brown-Warner: a return added to random securities on random dates of the embedded Dow panel."""
    lines = []
    for world in REAL:
        columns = [
            calibrate(KEYS, world, n=REAL_N, m=REAL_M, reps=reps, effect=e, effect_unit="return", seed=seed)
            for e in INJECTED
        ]
        lines += [
            f"## {WORLDS[world].title[0].upper()}{WORLDS[world].title[1:]} (`{world}`)", "",
            f"Samples of {REAL_N} of the embedded stocks of the 1990s, {REAL_M} estimation sessions, constant mean; "
            "the return is added on day 0.", "",
        ]  # fmt: skip
        lines += table([f"{e:.1%} added" for e in INJECTED], columns)
    return lines


def table(heads: list[str], columns: list[tuple[Cell, ...]]) -> list[str]:
    """One row a statistic that exists in some column."""
    lines = ["|statistic|" + "|".join(heads) + "|", "|---" * (1 + len(heads)) + "|"]
    rows = zip(KEYS, zip(*columns, strict=True), strict=True)
    shown = [f"|`{key}`|" + "|".join(map(cell_words, cells)) + "|" for key, cells in rows if not all_refused(cells)]
    return [*lines, *shown, ""]


def all_refused(cells: tuple[Cell, ...]) -> bool:
    """Whether the statistic exists nowhere in a row."""
    return all(math.isnan(c.rate) for c in cells)


def cell_words(cell: Cell) -> str:
    """Rate and Monte Carlo error in percent."""
    return "–" if math.isnan(cell.rate) else f"{100 * cell.rate:.1f} ± {100 * cell.mc_se:.1f}"


def theory(measured: dict[tuple[str, int], tuple[Cell, ...]], power: tuple[Cell, ...]) -> list[str]:
    """Rates that are known without simulation, beside those measured: N = 12."""
    n, r, z, t = 12, 0.2, stats.norm.isf(0.025), stats.t.isf(0.025, 11)
    inflation = 1.0 + (n - 1) * r
    # The mean is estimated: a day's forecast variance is 1 + 1/M, and 2 + 1/M where the event doubles the variance.
    doubled, size = (2.0 + 1.0 / M) / (1.0 + 1.0 / M), 0.5 * math.sqrt(n / (1.0 + 1.0 / M))
    shift = stats.nct(11, size)
    outside = [k for k in range(n + 1) if abs(k - n / 2) / math.sqrt(n / 4) > z]
    known = {
        ("cs_t", "iid_normal"): (0.05, "Student's law"),
        ("sign_z", "iid_normal"): (float(stats.binom.pmf(outside, n, 0.5).sum()), "the binomial law"),
        ("patell_z", "doubled_variance"): (2.0 * stats.norm.sf(z / math.sqrt(doubled)), "twice the variance"),
        ("cs_t", "doubled_variance"): (0.05, "Student's law"),
        ("cs_t", "correlated"): (2.0 * stats.t.sf(t * math.sqrt((1.0 - r) / inflation), 11), "1 + (N-1) r over 1 - r"),
        ("patell_z", "correlated"): (2.0 * stats.norm.sf(z / math.sqrt(inflation)), "1 + (N-1) r"),
        ("cs_t", "half a standard deviation"): (float(shift.sf(t) + shift.cdf(-t)), "noncentral t"),
        ("patell_z", "half a standard deviation"): (
            float(stats.norm.sf(z - size) + stats.norm.sf(z + size)), "shifted normal",
        ),
    }  # fmt: skip
    found = {(c.method, world): c for (world, _), cells in measured.items() for c in cells}
    found |= {(c.method, "half a standard deviation"): c for c in power}
    lines = ["## Against theory, N = 12", "", "|statistic|world|known|measured|from|", "|---" * 5 + "|"]
    for (method, world), (rate, why) in known.items():
        lines.append(f"|`{method}`|{world}|{100 * rate:.2f}|{cell_words(found[method, world])}|{why}|")
    return [*lines, ""]


def lessons(measured: dict[tuple[str, int], tuple[Cell, ...]]) -> list[str]:
    """Every statistic with the worlds and numbers of pairs in which its size is off."""
    lines = [
        "## What each test teaches", "",
        f"Too often: above {HIGH:.1%}; too seldom: below {LOW:.1%}; both more than three Monte Carlo errors from 5%.",
        "The same table feeds a study's advice and `eventstudy statistics`.", "",
        "- An event that raises the variance deceives every test that takes the variance from before it: crude t, J1,",
        "  Patell and its adjusted form, rank tests, placebo windows and the stationary bootstrap. Tests that take the",
        "  spread from the cross-section hold: cs_t, BMP, GRANK, sign and signed ranks, sign flips.",
        "- Pairs that share a date and a shock deceive every test that takes pairs for independent, more with every",
        "  pair. The mean of the day as one observation holds (crude t, pooled ranks, placebo windows), and so do the",
        "  adjusted forms of Kolari and Pynnonen; of these only the adjusted BMP also stands an event's own variance.",
        "- With five pairs no exact test of signs can reach 5%, and corrections for skewness and rank tests that are",
        "  asymptotic in the number of pairs reject too often; with one pair rank and sign tests cannot reject at all.",
        "- Tests of variance take fat tails and thin trading for raised variance.",
        "",
        "|statistic|rejects too often|too seldom|", "|---|---|---|",
    ]  # fmt: skip
    for i, key in enumerate(KEYS):
        cells = {1: [], -1: []}  # type: dict[int, list[str]]
        for world in WORDS:
            if world == "doubled_variance" and looks_at_variance(key):
                continue
            for sign, into in cells.items():
                hits = [c for n in PAIRS if (c := measured[world, n][i]) and as_size(c).off == sign]
                if hits:
                    into.append(f"{world}: " + ", ".join(f"{100 * c.rate:.1f} (N = {c.n})" for c in hits))
        lines.append(f"|`{key}`|{'; '.join(cells[1]) or 'nowhere'}|{'; '.join(cells[-1]) or 'nowhere'}|")
    return [*lines, ""]


def as_size(cell: Cell) -> MeasuredSize:
    """A cell as the package's table holds it."""
    return MeasuredSize(
        method=cell.method, world=cell.world, n=cell.n, rate=cell.rate, mc_se=cell.mc_se, reps=cell.reps
    )


def files(reps: int, seed: int) -> dict[Path, str]:
    """The package's own table, which advice reads."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["method", "world", "n", "rate", "mc_se", "reps"])
    for cells in sizes(reps, seed).values():
        for c in cells:
            rate, error = ("", "") if math.isnan(c.rate) else (f"{c.rate:.4f}", f"{c.mc_se:.4f}")
            writer.writerow([c.method, c.world, c.n, rate, error, c.reps])
    return {TABLE: text.getvalue()}
