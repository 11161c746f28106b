"""Tables of tests for papers and notes: rounded, in Markdown or LaTeX."""

from __future__ import annotations

import math
from collections.abc import Callable

from eventstudy.errors import InputError
from eventstudy.report.parts import NONE
from eventstudy.report.tables import entry_of
from eventstudy.results import TestResult, TestTable
from eventstudy.verdict import pvalue

#: LaTeX gives these a meaning.
_ESCAPES = {c: rf"\{c}" for c in "&%$#_{}"} | {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--",
    "<": "$<$", ">": "$>$", "|": "$|$",
}  # fmt: skip


def _amount(value: float, unit: str) -> str:
    """Two decimals of a percent where a page shows one: a table has no sentence around it."""
    if math.isnan(value):
        return NONE
    return f"{value:.2%}" if unit == "fraction" else f"{value:,.4g} {unit}".rstrip()


def _interval(test: TestResult) -> str:
    low, high = _amount(test.low, test.unit), _amount(test.high, test.unit)
    return NONE if NONE in (low, high) else f"[{low}, {high}]"


def _share(value: float) -> str:
    return NONE if math.isnan(value) else f"{value:.0%}"


def _number(value: float) -> str:
    return NONE if math.isnan(value) else f"{value:.2f}"


def _count(value: int) -> str:
    return str(value) if value else NONE


#: Heading -> cell, in order; a column in which nothing stands is left out.
COLUMNS: dict[str, Callable[[TestResult], str]] = {
    "Event": lambda t: t.event or NONE,
    "Instrument": lambda t: t.instrument or NONE,
    "Window": lambda t: f"[{t.window[0]}, {t.window[1]}]",
    "Statistic": lambda t: entry_of(t.statistic).title,
    "Estimate": lambda t: _amount(t.estimate, t.unit),
    "S.e.": lambda t: _amount(t.se, t.unit),
    "Interval": _interval,
    "Value": lambda t: _number(t.value),
    "p": lambda t: NONE if math.isnan(t.pvalue) else pvalue(t.pvalue),
    "Law": lambda t: t.distribution or NONE,
    "Pairs": lambda t: _count(t.n_pairs),
    "Dates": lambda t: _count(t.n_dates),
    "Positive": lambda t: _share(t.share_positive),
    "Median": lambda t: _amount(t.median, t.unit),
    "Not applicable": lambda t: t.reason or NONE,
}


def cells(tests: TestTable) -> tuple[list[str], list[list[str]]]:
    """Headings and rounded cells of the columns that say something.

    Raises
    ------
    InputError
        When there is no test.
    """
    if not len(tests):
        raise InputError("there is no test in the table; loosen the selection")
    columns = {name: [cell(t) for t in tests] for name, cell in COLUMNS.items()}
    kept = {name: values for name, values in columns.items() if any(v != NONE for v in values)}
    return list(kept), [list(row) for row in zip(*kept.values(), strict=True)]


def markdown(tests: TestTable) -> str:
    """A pipe table."""
    heads, rows = cells(tests)
    lines = [heads, ["---"] * len(heads), *([c.replace("|", r"\|") for c in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def latex(tests: TestTable, *, caption: str = "", label: str = "") -> str:
    r"""A ``table`` with a booktabs ``tabular``; needs ``\usepackage{booktabs}``."""
    heads, rows = cells(tests)
    words = ("Event", "Instrument", "Window", "Statistic", "Law", "Not applicable")
    layout = "".join("l" if head in words else "r" for head in heads)
    body = [" & ".join(map(_escaped, row)) + r" \\" for row in rows]
    lines = [r"\begin{table}", r"\centering"]
    lines += [rf"\caption{{{_escaped(caption)}}}"] if caption else []
    lines += [rf"\label{{{label}}}"] if label else []
    lines += [rf"\begin{{tabular}}{{{layout}}}", r"\toprule", " & ".join(map(_escaped, heads)) + r" \\", r"\midrule"]
    return "\n".join([*lines, *body, r"\bottomrule", r"\end{tabular}", r"\end{table}", ""])


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(c, c) for c in text)
