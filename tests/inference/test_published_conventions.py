"""Published software's own standardisation, through the study: by loops, and against numbers its programs gave."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import eventstudy as es
from eventstudy.errors import InputError
from eventstudy.inference.panel import panel_view
from tests.inference.panels import OFFSETS, abnormal_of, every_statistic, panel_from

ORACLE = Path(__file__).parents[2].parent / "shared" / "oracle"
CONVENTIONS = ("textbook", "estudy2", "eventstudy2")


@pytest.mark.skipif(not ORACLE.is_dir(), reason="needs ../shared/oracle")
def test_ratios_that_estudy2_itself_gave() -> None:
    """The R package was run on four firms of the reference, 120 sessions, every day of the event window."""
    published = {}
    for line in (ORACLE / "expected" / "thirdparty_estudy2.txt").read_text(encoding="utf-8").splitlines():
        hit = re.match(r"(\w+)\s+vs (\w+)\s+maxdiff \S+ ratio median (\S+)", line)
        if hit:
            published[hit[1]] = (hit[2], float(hit[3]))
    prices = es.load("files", ORACLE / "fixtures" / "clean" / "prices.csv")
    table = es.read_events(ORACLE / "fixtures" / "clean" / "events.csv", extra="ignore")
    events = es.EventTable([table[e] for e in ("E08", "E09", "E10", "E11")])
    days = tuple((day, day) for day in range(-10, 11))
    window = es.EventWindow(primary=(0, 0), event=(-10, 10), estimation=(-130, -11), windows=days, overlap="keep")
    study = es.Study(
        model=es.MarketModel("MKT"), returns="simple", calendar="MKT", window=window, volatility=None,
        statistics=("patell_z", "mackinlay_j1", "bmp_t", "cs_t", "corrado_rank", "gen_sign_z"),
    )  # fmt: skip
    ours, theirs = (
        replace(study, convention=c).run(prices, events, others=es.EventTable([])) for c in ("textbook", "estudy2")
    )
    for name in ("patell", "bw80", "bmp", "t", "rank", "gsign"):
        key, ratio = published[name]
        for day in days:
            one, two = (r.tests.one(statistic=key, window=day).value for r in (ours, theirs))
            assert two == pytest.approx(ratio * one, rel=1e-9), (name, day)


def test_eventstudy2_by_loops() -> None:
    rng = np.random.default_rng(4)
    market = np.repeat(0.01 * rng.standard_normal((1, OFFSETS.size)), 5, axis=0)
    own = 0.8 * market + 0.02 * rng.standard_normal((5, OFFSETS.size))
    own[2, OFFSETS == 1] = np.nan
    ar = abnormal_of(own, market)
    panel = replace(panel_from(ar), convention="eventstudy2")
    window, scores = (-1, 2), []
    for i in range(5):
        x = market[i, ar.estimation[i]]
        total, count = 0.0, 0
        for day in range(window[0], window[1] + 1):
            c = int(np.flatnonzero(day == OFFSETS)[0])
            if not math.isfinite(ar.ar[i, c]):
                continue
            h = 1.0 / x.size + (market[i, c] - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum()
            total += ar.ar[i, c] / (ar.sigma[i] * (1.0 + h) ** 0.25)
            count += 1
        scores.append(total / math.sqrt(count))
    np.testing.assert_allclose(panel_view(panel, window).car.scar, scores, rtol=1e-10)
    found = every_statistic(panel, window)
    reference = stats.ttest_1samp(scores, 0.0)
    for key in ("bmp_t", "bmp_t_csar"):
        assert (found[key].value, found[key].pvalue) == pytest.approx((reference.statistic, reference.pvalue))  # type: ignore[union-attr]
    dof = ar.dof
    patell = sum(scores) / math.sqrt(sum(d / (d - 2) for d in dof))
    assert found["patell_z"].value == pytest.approx(patell, rel=1e-10)  # type: ignore[union-attr]
    # What is not standardised knows no convention.
    textbook = every_statistic(panel_from(ar), window)
    for key in ("cs_t", "caar", "corrado_zivney", "wilcoxon_z", "mackinlay_j1"):
        assert found[key] == textbook[key]


def test_a_convention_nobody_has_is_refused() -> None:
    with pytest.raises(InputError, match="textbook, estudy2, eventstudy2"):
        es.Study(instruments=["AA"], convention="stata")  # type: ignore[arg-type]


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_one_session_missing_everywhere_is_a_reason(convention: str) -> None:
    own = 0.01 * np.random.default_rng(2).standard_normal((3, OFFSETS.size))
    own[:, OFFSETS == 2] = np.nan
    panel = replace(panel_from(abnormal_of(own)), convention=convention)  # type: ignore[arg-type]
    assert all(hasattr(found, "reason") for found in every_statistic(panel, (2, 2)).values())


def test_the_study_file_and_the_command_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "s.toml").write_text('convention = "estudy2"\n[volatility]\nmeasure = false\n', encoding="utf-8")
    plan = es.read_study(tmp_path / "s.toml")
    assert plan.study.convention == "estudy2"
    assert plan.study.settings()["convention"] == "estudy2"


def test_conventions_agree_on_what_they_share(prices_of: Callable[..., es.PriceTable]) -> None:
    """BMP under estudy2 is the textbook's when all pairs have as many sessions; not so when they differ."""
    own = 0.01 * np.random.default_rng(6).standard_normal((6, OFFSETS.size))
    same = panel_from(abnormal_of(own))
    one, two = (every_statistic(replace(same, convention=c), (0, 1))["bmp_t"] for c in ("textbook", "estudy2"))
    assert two.value == pytest.approx(one.value, rel=1e-12)  # type: ignore[union-attr]
    own[0, :30] = np.nan
    holes = panel_from(abnormal_of(own))
    one, two = (every_statistic(replace(holes, convention=c), (0, 1))["bmp_t"] for c in ("textbook", "estudy2"))
    # A constant mean has M - 1 degrees of freedom: the two conventions are one.
    assert two.value == pytest.approx(one.value, rel=1e-12)  # type: ignore[union-attr]
