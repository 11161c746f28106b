"""Tables for papers: what stands in the cells, and that LaTeX and Markdown can read them."""

from __future__ import annotations

import re

import pytest

from eventstudy.errors import InputError
from eventstudy.results import TestResult, TestTable

ROWS = TestTable(
    [
        TestResult(
            event=None, instrument=None, window=(0, 1), statistic="cs_t", estimate=0.03127, unit="fraction", se=0.0101,
            low=0.0093, high=0.0532, value=3.0961, pvalue=0.0101, distribution="t(11), |t| < 9", dof=11.0, n_pairs=12,
            n_dates=3, share_positive=0.75, median=0.0284,
        ),
        TestResult(
            event=None, instrument=None, window=(0, 1), statistic="bmp_t", unit="fraction", n_pairs=1, n_dates=1,
            reason="needs at least 2 pairs, there is 1 | 5% & more",
        ),
    ]
)  # fmt: skip


def test_markdown_holds_rounded_numbers_and_the_reason() -> None:
    lines = ROWS.to_markdown().splitlines()
    cells = [[c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    assert len({len(row) for row in cells}) == 1
    one = dict(zip(cells[0], cells[2], strict=True))
    assert "Event" not in one  # nothing stands there
    assert one["Window"] == "[0, 1]"
    assert one["Estimate"] == "3.13%"
    assert one["Interval"] == "[0.93%, 5.32%]"
    assert (one["Value"], one["Law"], one["Pairs"], one["Dates"], one["Positive"]) == (
        "3.10",
        r"t(11), \|t\| < 9",
        "12",
        "3",
        "75%",
    )
    assert one["Median"] == "2.84%"
    two = dict(zip(cells[0], cells[3], strict=True))
    assert two["p"] == two["Estimate"] == "–"
    assert two["Not applicable"].endswith(r"\| 5% & more")


def test_latex_escapes_what_it_must() -> None:
    text = ROWS.to_latex(caption="Mean 5% & more", label="tab:one")
    assert r"\caption{Mean 5\% \& more}" in text
    assert r"\label{tab:one}" in text
    body = text[text.index(r"\midrule") : text.index(r"\bottomrule")].splitlines()[1:]
    layout = re.search(r"tabular\}\{([lr]+)\}", text)
    assert layout is not None
    for line in body:
        assert line.endswith(r"\\")
        assert len(re.findall(r"(?<!\\)&", line)) == len(layout[1]) - 1
        assert not re.search(r"(?<!\\)[%#_]", line)
    assert text.count(r"\begin{") == text.count(r"\end{") == 2
    assert "t(11), $|$t$|$ $<$ 9" in body[0]
    assert r"\caption" not in ROWS.to_latex()


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(InputError, match="no test"):
        ROWS.where(statistic="patell_z").to_markdown()
