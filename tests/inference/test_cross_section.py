"""Regressions on characteristics, groups and the few-units tests, against scipy, statsmodels and matrices by hand."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.oneway import anova_oneway

import eventstudy as es
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.prices import PriceTable
from eventstudy.errors import InputError
from eventstudy.inference.cross_section import regress, regress_cars
from eventstudy.inference.groups import compare_groups
from eventstudy.inference.small_n import conley_taber, control_ranks, ibragimov_mueller
from eventstudy.kernels.stats import Inapplicable

NAMES = [f"F{i}" for i in range(9)]
GROUPS = {"Canada": NAMES[:3], "United States": NAMES[3:7], "elsewhere": NAMES[7:]}


@pytest.fixture(scope="module")
def result(
    prices_of: Callable[..., PriceTable], event_at: Callable[..., Event], no_events: EventTable
) -> es.StudyResult:
    rng = np.random.default_rng(31)
    prices = prices_of({name: 0.01 * (1 + i / 4) * rng.standard_normal(200) for i, name in enumerate(NAMES)})
    window = es.EventWindow(primary=(0, 1), event=(-2, 5), estimation=(-80, -3), windows=())
    study = es.Study(instruments=NAMES, model=es.ConstantMean(), window=window, volatility=None, statistics=("cs_t",))
    return study.run(prices, event_at(prices, 150), others=no_events)


@pytest.fixture
def table() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    return pd.DataFrame({"size": rng.normal(8, 1, 9), "home": list("aaabbbbcc")}, index=NAMES)


def test_robust_errors_by_matrices(result: es.StudyResult, table: pd.DataFrame) -> None:
    assert result.abnormal is not None
    y = result.abnormal.car((0, 1)).car
    x = np.column_stack((np.ones(9), table["size"]))
    bread = np.linalg.inv(x.T @ x)
    beta = bread @ x.T @ y
    e = y - x @ beta
    h = np.einsum("ij,jk,ik->i", x, bread, x)
    meat = {"HC0": e**2, "HC1": e**2 * 9 / 7, "HC3": e**2 / (1 - h) ** 2}
    for kind, weights in meat.items():
        found = regress_cars(result, table[["size"]], covariance=kind)  # type: ignore[arg-type]
        np.testing.assert_allclose(found.coef, beta, rtol=1e-10)
        expected = np.sqrt(np.diag(bread @ (x.T * weights) @ x @ bread))
        np.testing.assert_allclose(found.se, expected, rtol=1e-9)
        np.testing.assert_allclose(found.pvalue, 2 * stats.t.sf(np.abs(beta / expected), 7), rtol=1e-8)
    clustered = regress_cars(result, table, cluster="home")
    scores = pd.DataFrame(x * e[:, None]).groupby(table["home"].to_numpy()).sum().to_numpy()
    cr1 = bread @ scores.T @ scores @ bread * 3 / 2 * 8 / 7
    np.testing.assert_allclose(clustered.se, np.sqrt(np.diag(cr1)), rtol=1e-9)
    assert (clustered.dof, clustered.clusters, clustered.names) == (2.0, 3, ("const", "size"))
    assert clustered.to_frame().columns.tolist()[:3] == ["name", "coef", "se"]


def test_rows_with_holes_are_left_out_and_counted(result: es.StudyResult, table: pd.DataFrame) -> None:
    table.loc["F2", "size"] = np.nan
    found = regress_cars(result, table[["size"]].drop(index="F4"))
    assert (found.n, found.dropped) == (7, 2)


def test_what_cannot_be_regressed_is_named(result: es.StudyResult, table: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="home is not"):
        regress_cars(result, table)
    with pytest.raises(InputError, match="no pair has a row"):
        regress_cars(result, table[["size"]].set_axis(list("qwertyuio"), axis=0))
    with pytest.raises(InputError, match="constant or collinear"):
        regress_cars(result, table.assign(same=1.0)[["size", "same"]])
    with pytest.raises(InputError, match="repeats"):
        regress_cars(result, table[["size"]].set_axis(["F0"] * 9, axis=0))
    with pytest.raises(InputError, match="needs at least 3"):
        regress(np.ones(2), np.ones((2, 2)), ("a", "b"))
    with pytest.raises(InputError, match="needs the cluster"):
        regress(np.arange(4.0), np.ones((4, 1)), ("const",), covariance="cluster")


@pytest.mark.parametrize("measure", ["scar", "car"])
def test_groups_are_welchs_t_and_f(result: es.StudyResult, measure: str) -> None:
    assert result.abnormal is not None
    car = result.abnormal.car((0, 1))
    values = dict(zip(NAMES, car.scar if measure == "scar" else car.car, strict=True))
    data = {group: np.array([values[name] for name in names]) for group, names in GROUPS.items()}
    found = compare_groups(result, GROUPS, measure=measure, errors="independent")  # type: ignore[arg-type]
    for one in found.differences:
        reference = stats.ttest_ind(data[one.first], data[one.second], equal_var=False)
        low, high = reference.confidence_interval(0.95)
        assert (one.value, one.pvalue, one.dof) == pytest.approx(
            (reference.statistic, reference.pvalue, reference.df), rel=1e-9
        )
        assert (one.low, one.high) == pytest.approx((low, high), rel=1e-9)
    joint = anova_oneway(list(data.values()), use_var="unequal", welch_correction=True)
    assert (found.value, found.pvalue) == pytest.approx((joint.statistic, joint.pvalue), rel=1e-9)
    assert found.dof == pytest.approx((joint.df_num, joint.df_denom), rel=1e-9)
    two = compare_groups(result, {k: GROUPS[k] for k in ("Canada", "United States")}, (0, 1), errors="independent")
    # Of two groups the joint test is the square of Welch's t, and the Wald statistic too.
    assert (two.value, two.wald) == pytest.approx((two.differences[0].value ** 2,) * 2, rel=1e-9)
    assert two.pvalue == pytest.approx(two.differences[0].pvalue, rel=1e-9)


def test_a_group_of_one_is_refused_by_name(result: es.StudyResult) -> None:
    found = compare_groups(
        result, {"Canada": ["F0"], "United States": NAMES[3:7], "nobody": ["XX"]}, errors="independent"
    )
    assert found.reason == "Canada: needs at least 2 pairs, there is 1; nobody: no pair of it was used"
    assert found.differences == ()
    assert math.isnan(found.pvalue)
    assert [g.n for g in found.groups] == [1, 4, 0]


def test_groups_must_be_two_and_apart(result: es.StudyResult) -> None:
    with pytest.raises(InputError, match="at least two"):
        compare_groups(result, {"all": NAMES})
    with pytest.raises(InputError, match="F1 at event is in more than one group"):
        compare_groups(result, {"a": NAMES[:2], "b": NAMES[1:]})
    with pytest.raises(InputError, match="is a string"):
        compare_groups(result, {"a": "F1", "b": NAMES[2:]})  # type: ignore[dict-item]


def test_ibragimov_mueller_is_the_t_of_group_means() -> None:
    values, groups = np.array([1.0, 3.0, 2.0, 6.0, 7.0]), ["a", "a", "b", "c", "c"]
    found = ibragimov_mueller(values, groups)
    reference = stats.ttest_1samp([2.0, 2.0, 6.5], 0.0)
    assert not isinstance(found, Inapplicable)
    assert (found.value, found.pvalue, found.dof) == pytest.approx((reference.statistic, reference.pvalue, 2))
    assert isinstance(ibragimov_mueller(values, ["a"] * 5), Inapplicable)
    with pytest.raises(InputError, match="5 values and 2 groups"):
        ibragimov_mueller(values, ["a", "b"])


def test_conley_taber_counts_the_controls_that_moved_as_much(result: es.StudyResult) -> None:
    found = conley_taber(-2.0, np.array([1.0, 2.5, -2.0, np.nan, 0.0]))
    assert not isinstance(found, Inapplicable)
    assert (found.pvalue, found.smallest_p) == (3 / 5, 1 / 5)
    assert isinstance(conley_taber(1.0, np.array([np.nan])), Inapplicable)
    assert result.abnormal is not None
    by_car, by_scar = control_ranks(result.abnormal, {"event": "F4"}, (0, 1))["event"]
    car = result.abnormal.car((0, 1))
    for one, values in ((by_car, car.car), (by_scar, car.scar)):
        assert not isinstance(one, Inapplicable)
        assert one.pvalue == (np.abs(values) >= abs(values[4])).sum() / 9
    with pytest.raises(InputError, match="XX at event"):
        control_ranks(result.abnormal, {"event": "XX"}, (0, 1))
