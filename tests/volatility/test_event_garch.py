"""Event regressors in the variance: reference numbers, tests of truth that was simulated, and the dummy trap."""

from __future__ import annotations

import gzip
import io
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import eventstudy as es
from eventstudy.engines.event_bootstrap import bootstrap_ratios
from eventstudy.engines.event_likelihood import fit_event
from eventstudy.engines.event_process import EventGARCH
from eventstudy.engines.event_profile import signed_root
from eventstudy.engines.likelihood import maximum_likelihood
from eventstudy.volatility.mean_dummy import lone_sessions, mean_dummy_modes

FIXTURE = Path(__file__).parents[1] / "reference" / "fixtures" / "single"
DAY0 = "2020-12-28"
Pulse = es.VarianceShape


@pytest.fixture(scope="module")
def single() -> pd.DataFrame:
    """Percent log returns of the reference's asset and market; a variance times four for 20 sessions from day 0 on."""
    raw = gzip.decompress((FIXTURE / "prices.csv.gz").read_bytes())
    wide = pd.read_csv(io.BytesIO(raw), parse_dates=["date"]).pivot(index="date", columns="symbol", values="close")
    return 100.0 * np.log(wide).diff().dropna()


# expected/single.json of the reference, volatility.garch_event_dummy: mean, beta, omega, alpha, beta, delta.
PARAMS = [-0.01750666617629822, 0.7242503156458555, 0.21984733522270933, 0.10257753982403527, 0.7179521497901165,
          0.741401669865597]  # fmt: skip
LOGLIK = -2274.4236513660608
SE_QMLE = [0.02782360175603453, 0.03618521085384055, 0.08155834590070896, 0.019380988691727198, 0.0771714077232748,
           0.6794959716183808]  # fmt: skip


def test_additive_form_reaches_the_reference(single: pd.DataFrame) -> None:
    found = es.event_variance_test(
        single["AL"], event=DAY0, shapes=[Pulse.pulse(0, 19)], form="additive", regressors=single["MKT"], sample=None,
        alternative="greater",
    )  # fmt: skip
    assert found.fit is not None
    assert found.null is not None
    np.testing.assert_allclose(found.fit.params, PARAMS, rtol=1e-8)
    assert found.fit.loglik == pytest.approx(LOGLIK, rel=1e-12)
    assert found.null.loglik == pytest.approx(-2277.0324255970722, rel=1e-12)
    np.testing.assert_allclose(found.fit.se(), SE_QMLE, rtol=1e-4)
    lr = found.tests.one(statistic="event_lr")
    assert lr.value == pytest.approx(5.217548462022933, rel=1e-8)
    assert lr.pvalue == pytest.approx(0.011180025949478561, rel=1e-8)
    assert lr.distribution == "half chi2(0), half chi2(1)"
    two = es.event_variance_test(
        single["AL"], event=DAY0, shapes=[Pulse.pulse(0, 19)], form="additive", regressors=single["MKT"], sample=None
    ).tests
    assert two.one(statistic="event_lr").pvalue == pytest.approx(0.022360051898957123, rel=1e-8)
    wald = two.one(statistic="event_wald")
    assert wald.value == pytest.approx(0.741401669865597 / 0.6794959716183808, rel=1e-4)
    assert wald.pvalue == pytest.approx(2 * stats.norm.sf(wald.value), rel=1e-12)


def test_arch_with_our_process_reaches_the_reference_as_far_as_its_presample_allows(single: pd.DataFrame) -> None:
    """The backcast iterated at the optimum: 1.5e-5 in the mean, whose gradient misses the backcast; else 1e-5."""
    from arch.univariate import LS

    dummy = np.zeros(len(single))
    at = int(np.searchsorted(single.index.to_numpy(), np.datetime64(DAY0)))
    dummy[at : at + 20] = 1.0
    model = LS(single["AL"].to_numpy(), single["MKT"].to_numpy(), volatility=EventGARCH(dummy, form="additive"))
    fit = model.fit(disp="off", tol=1e-12)
    for _ in range(2):
        level = float(np.mean(fit.resid**2))
        fit = model.fit(disp="off", tol=1e-12, backcast=level, starting_values=fit.params)
    np.testing.assert_allclose(fit.params, PARAMS, atol=2e-5)
    assert fit.loglikelihood == pytest.approx(LOGLIK, rel=1e-9)


def test_multiplicative_form_finds_the_true_multiple(single: pd.DataFrame) -> None:
    found = es.event_variance_test(
        single["AL"], event=DAY0, shapes=[Pulse.pulse(0, 19)], regressors=single["MKT"], sample=None
    )
    # The truth, 4, lies within the 95% interval, whose width in logs is that of 20 squares: 4 sqrt(2/20).
    assert found.multiplier_low[0] < 4.0 < found.multiplier_high[0]
    assert found.tests.one(statistic="event_lr").pvalue < 1e-3
    assert found.tests.one(statistic="event_lr").window == (0, 19)
    assert list(found.parameters().index) == ["mean[0]", "mean[1]", "omega", "alpha", "beta", "delta[0]"]


def by_loop(theta: np.ndarray, y: np.ndarray, d: np.ndarray, kind: str, dist: str) -> float:
    """Log-likelihood of the multiplicative form, session by session with scipy's densities."""
    mu, omega, alpha = theta[:3]
    gamma = theta[3] if kind == "gjr" else 0.0
    beta, delta = theta[3 + (kind == "gjr")], theta[4 + (kind == "gjr")]
    m = np.exp(delta * d)
    u = (y - mu) / np.sqrt(m)
    past = square = float(np.mean(u**2))
    below, total = square / 2, 0.0
    for t in range(y.size):
        g = omega + alpha * square + gamma * below + beta * past
        sd = math.sqrt(g * m[t])
        if dist == "t":
            scale = sd / math.sqrt(theta[-1] / (theta[-1] - 2))
            total += stats.t.logpdf(y[t] - mu, theta[-1], scale=scale)
        else:
            total += stats.norm.logpdf(y[t] - mu, scale=sd)
        past, square = g, u[t] ** 2
        below = square if u[t] < 0 else 0.0
    return float(total)


@pytest.mark.parametrize(("kind", "dist"), [("garch", "normal"), ("gjr", "t")])
def test_multiplicative_likelihood_gradient_and_hessian_by_a_plain_loop(kind: str, dist: str) -> None:
    rng = np.random.default_rng(17)
    d = np.repeat([0.0, 1.0, 0.0], [150, 30, 120])
    y = 0.02 * np.exp(0.4 * d) * (rng.standard_t(6, 300) if dist == "t" else rng.standard_normal(300)) + 0.001
    fit = fit_event(y, np.ones((300, 1)), d[:, None], form="multiplicative", kind=kind, dist=dist)  # type: ignore[arg-type]
    assert not isinstance(fit, str)
    assert fit.converged
    assert fit.loglik == pytest.approx(by_loop(fit.params, y, d, kind, dist), rel=1e-12)
    where = fit.names.index("delta[0]")
    step = np.zeros(fit.params.size)
    step[where] = 1e-3
    up, here, down = (by_loop(fit.params + s, y, d, kind, dist) for s in (step, 0.0 * step, -step))
    # Central differences of a loop: errors of order step^2.
    assert (up - down) / 2e-3 == pytest.approx(0.0, abs=1e-3)
    assert (up - 2 * here + down) / 1e-6 == pytest.approx(fit.hessian[where, where], rel=1e-3)
    for j in range(fit.params.size):
        moved = np.zeros(fit.params.size)
        moved[j] = 1e-5 * abs(fit.params[j])
        slope = (by_loop(fit.params + moved, y, d, kind, dist) - by_loop(fit.params - moved, y, d, kind, dist)) / (
            2 * moved[j]
        )
        # Times the parameter: a log-likelihood, known to about 1e-10 of 700 over a relative step of 1e-5.
        assert fit.scores[:, j].sum() * fit.params[j] == pytest.approx(slope * fit.params[j], abs=2e-3)


def test_unit_of_the_response_does_not_matter(single: pd.DataFrame) -> None:
    percent, fraction = (
        es.event_variance_test(c * single["AL"], event=DAY0, kind="gjr", dist="t") for c in (1.0, -0.01)
    )
    # A sign change turns the leverage effect round, so only plain quantities are compared under GARCH.
    one, other = (es.event_variance_test(c * single["AL"], event=DAY0) for c in (1.0, -0.01))
    np.testing.assert_allclose(one.delta, other.delta, rtol=1e-5)
    for a, b in zip(one.tests, other.tests, strict=True):
        assert a.pvalue == pytest.approx(b.pvalue, rel=1e-4)
    assert percent.reason == fraction.reason == ""


def test_several_shapes_are_tested_together_and_two_sided(single: pd.DataFrame) -> None:
    shapes = [Pulse.pulse(0, 9), Pulse.decay(10, half_life=5.0), Pulse.step(60)]
    found = es.event_variance_test(single["AL"], event=DAY0, shapes=shapes, sample=None, bootstrap=19)
    assert list(found.to_frame().index) == ["pulse [0, 9]", "decay from 10, half-life 5", "step from 60"]
    assert found.tests[0].alternative == "two-sided"
    assert found.tests[0].pvalue == 1 / 20
    for test in (found.tests.one(statistic=name) for name in ("event_lr", "event_wald")):
        assert test.alternative == "two-sided"
        assert test.distribution == "chi2(3)"
        assert test.pvalue == pytest.approx(stats.chi2.sf(test.value, 3), rel=1e-12)


def test_a_calmer_event_has_p_one_when_only_more_variance_counts(single: pd.DataFrame) -> None:
    calm = single["AL"].copy()
    at = int(np.searchsorted(calm.index.to_numpy(), np.datetime64(DAY0)))
    calm.iloc[at + 1 : at + 21] *= 0.2
    found = es.event_variance_test(calm, event=DAY0, alternative="greater")
    assert found.multiplier[0] < 1.0
    assert [found.tests.one(statistic=key).pvalue for key in ("event_lr_bootstrap", "event_lr")] == [1.0, 1.0]
    # Two-sided, a fall is the smallest p that 199 paths allow.
    assert es.event_variance_test(calm, event=DAY0).tests[0].pvalue == 2 / 200


# ---- the trap


# expected/bimodality_demo.json: starting values, the coefficient reached, its log-likelihood.
DEMO = [(-8, -4.869619774562473), (-4, -4.869619774351248), (-2, -2.1669247076233065), (0, -2.1669247064164),
        (8, -2.166924707929475)]  # fmt: skip
DEMO_LOGLIK = -2274.7442833242208


def test_dummy_for_one_session_has_the_two_tied_optima_of_the_reference(single: pd.DataFrame) -> None:
    at = int(np.searchsorted(single.index.to_numpy(), np.datetime64(DAY0)))
    y, x = single["AL"].to_numpy(), np.column_stack((np.ones(len(single)), single["MKT"]))
    modes = mean_dummy_modes(y, x, at)
    low, high = min(c for _, c in DEMO), max(c for _, c in DEMO)
    # A flat top: the square root of the rounding error of the likelihood, some 1e-12 of 2275, over its curvature.
    assert (modes.low, modes.high) == pytest.approx((low, high), abs=1e-5)
    assert (modes.loglik_low, modes.loglik_high) == pytest.approx((DEMO_LOGLIK, DEMO_LOGLIK), abs=1e-8)
    assert modes.tied
    assert modes.low < modes.plain < modes.high


def test_dummy_for_one_session_is_refused_with_its_optima(single: pd.DataFrame) -> None:
    dummy = (single.index == pd.Timestamp(DAY0)).astype(float)
    frame = pd.DataFrame({"MKT": single["MKT"], "day0": dummy})
    found = es.event_variance_test(single["AL"], event=DAY0, regressors=frame, sample=None)
    assert "-4.86962 and -2.16692" in found.reason
    assert "-2274.744" in found.reason
    assert all(math.isnan(t.pvalue) and t.reason == found.reason for t in found.tests)
    assert found.fit is None


def test_a_hidden_dummy_is_found_by_its_leverage(single: pd.DataFrame) -> None:
    steps = np.column_stack([(single.index >= pd.Timestamp(d)).astype(float) for d in (DAY0, "2020-12-29")])
    assert lone_sessions(np.column_stack((np.ones(len(single)), steps))).size == 1
    found = es.event_variance_test(single["AL"], event=DAY0, regressors=steps, sample=None)
    assert "fit the session 2020-12-28 alone" in found.reason
    assert lone_sessions(np.column_stack((np.ones(len(single)), steps[:, 0]))).size == 0


# ---- the bootstrap


@pytest.mark.parametrize(("form", "kind", "dist"), [("multiplicative", "garch", "normal"), ("additive", "gjr", "t")])
def test_bootstrap_draws_and_refits_what_a_plain_loop_does(form: str, kind: str, dist: str) -> None:
    """Paths by a loop, their likelihood ratios by the library's own cold fits from many starts."""
    rng = np.random.default_rng(23)
    noise, h = rng.standard_t(6, 400) * math.sqrt(4 / 6), 1.0
    y, x = np.empty(400), np.ones((400, 1))
    for t in range(400):
        e = noise[t] * math.sqrt(h)
        y[t] = 0.01 * e + 0.001
        h = 0.04 + (0.06 + 0.12 * (e < 0)) * e**2 + 0.84 * h
    d = np.repeat([0.0, 1.0, 0.0], [300, 20, 80])[:, None]
    model = {"kind": kind, "dist": dist}
    null = maximum_likelihood(y, x, presample="fcp", **model)  # type: ignore[arg-type]
    assert not isinstance(null, str)
    ratios, delta = bootstrap_ratios(null, x, d, form=form, paths=6, seed=9)  # type: ignore[arg-type]
    z = null.residual / np.sqrt(null.variance)
    z = (z - z.mean()) / z.std()
    drawn = np.random.default_rng(9).choice(z, size=(400, 6))
    omega, alpha, gamma, beta = (null.value(n) for n in ("omega", "alpha", "gamma", "beta"))
    for b in range(6):
        path, h = np.empty(400), null.variance[0]
        for t in range(400):
            e = drawn[t, b] * math.sqrt(h)
            path[t] = null.params[0] + e
            h = omega + (alpha + gamma * (e < 0)) * e**2 + beta * h
        without = maximum_likelihood(path, x, presample="fcp", **model)  # type: ignore[arg-type]
        fit = fit_event(path, x, d, form=form, **model)  # type: ignore[arg-type]
        assert not isinstance(without, str)
        assert not isinstance(fit, str)
        # A warm fit stops at a gradient of 1e-5 of the mean: over the 0.2 to a bound, times 2 x 400 sessions, 1.6e-3.
        assert ratios[b] == pytest.approx(2.0 * (fit.loglik - without.loglik), abs=2e-3)
        assert delta[b, 0] == pytest.approx(fit.value("delta[0]"), abs=1e-2 * (1.0 if form[0] == "m" else y.var()))


def test_bootstrap_p_is_the_rank_among_its_paths(single: pd.DataFrame) -> None:
    options = {"event": DAY0, "sample": (-600, 60), "bootstrap": 39, "seed": 4}
    found = es.event_variance_test(single["AL"], **options)  # type: ignore[arg-type]
    assert found.fit is not None
    assert found.null is not None
    days = single.index.to_numpy()
    offsets = np.arange(days.size) - int(np.searchsorted(days, np.datetime64(DAY0)))
    offsets = offsets[(offsets >= -600) & (offsets <= 60)]
    d = ((offsets >= 1) & (offsets <= 20)).astype(float)[:, None]
    ratios, delta = bootstrap_ratios(found.null, np.ones((d.size, 1)), d, form="multiplicative", paths=39, seed=4)
    row = found.tests[0]
    assert row.statistic == "event_lr_bootstrap"
    lr = 2 * (found.fit.loglik - found.null.loglik)
    above = sum(1 for r, c in zip(ratios, delta[:, 0], strict=True) if c > 0 and r >= lr)
    assert found.delta[0] > 0.0
    assert row.pvalue == pytest.approx(2 * (1 + above) / 40, rel=1e-12)
    assert row.smallest_p == 2 / 40
    one = es.event_variance_test(single["AL"], alternative="greater", **options).tests[0]  # type: ignore[arg-type]
    assert (one.pvalue, one.smallest_p) == (pytest.approx((1 + above) / 40, rel=1e-12), 1 / 40)
    assert row.value == found.tests.one(statistic="event_lr").value
    # Same seed, same bytes; another seed, other paths.
    again, other = (bootstrap_ratios(found.null, np.ones((d.size, 1)), d, form="multiplicative", paths=3, seed=s)[0]
                    for s in (4, 5))  # fmt: skip
    assert again.tobytes() == bootstrap_ratios(
        found.null, np.ones((d.size, 1)), d, form="multiplicative", paths=3, seed=4
    )[0].tobytes()  # fmt: skip
    assert not np.array_equal(again, other)
    none = es.event_variance_test(single["AL"], event=DAY0, bootstrap=0).tests[0]
    assert "bootstrap is 0" in none.reason
    assert math.isnan(none.pvalue)


# ---- intervals


def test_the_interval_of_the_likelihood_ratio_ends_where_a_cold_profile_reaches_its_quantile(
    single: pd.DataFrame,
) -> None:
    y = single["AL"].to_numpy()
    found = es.event_variance_test(single["AL"], event=DAY0, kind="gjr", dist="t", sample=None, bootstrap=0)
    assert found.fit is not None
    row = found.tests.one(statistic="event_lr")
    at = int(np.searchsorted(single.index.to_numpy(), np.datetime64(DAY0)))
    d = np.zeros(y.size)
    d[at + 1 : at + 21] = 1.0
    for end in (row.low, row.high):
        weight = np.exp(-0.5 * end * d)
        held = maximum_likelihood(y * weight, weight[:, None], kind="gjr", dist="t", presample="fcp")
        assert not isinstance(held, str)
        ratio = 2.0 * (found.fit.loglik - (held.loglik - 0.5 * end * d.sum()))
        # An end is known to 1e-4, where the ratio rises by less than 10 a unit.
        assert ratio == pytest.approx(stats.chi2.isf(0.05, 1), abs=2e-3)
    assert row.low < found.delta[0] < row.high
    assert found.null is not None
    # The estimate itself is where every search for an end begins, however exact the fits beside it are.
    assert signed_root(found.null, found.fit, y, np.ones((y.size, 1)), d[:, None])(found.delta[0]) == 0.0
    assert (found.low[0], found.high[0]) == (row.low, row.high)
    wald = found.tests.one(statistic="event_wald")
    assert wald.high - found.delta[0] == pytest.approx(stats.norm.isf(0.025) * found.se[0], rel=1e-12)


@pytest.mark.parametrize("alternative", ["greater", "two-sided"])
def test_the_interval_of_the_bootstrap_and_its_p_never_contradict(single: pd.DataFrame, alternative: str) -> None:
    """Zero lies outside where the two-sided p is at most alpha, or the one-sided at most half of it."""
    values = single["AL"].to_numpy().copy()
    days = single.index.to_numpy()
    at = int(np.searchsorted(days, np.datetime64(DAY0)))
    values[at + 1 : at + 21] /= 2.0  # as large as before
    clear = set()
    for times in (0.5, 1.2, 1.6, 2.5):
        changed = values.copy()
        changed[at + 1 : at + 21] *= times
        found = es.event_variance_test(
            changed, days, event=DAY0, alternative=alternative, bootstrap=19, alpha=0.2, sample=(-500, 60)  # type: ignore[arg-type]
        )  # fmt: skip
        row = found.tests[0]
        above = row.low > 0.0 if alternative == "greater" else not row.low <= 0.0 <= row.high
        assert above == (row.pvalue <= (0.1 if alternative == "greater" else 0.2) + 1e-12)
        assert (row.low, row.high) == (found.low[0], found.high[0])
        clear.add(above)
    assert clear == {True, False}
    few = es.event_variance_test(values, days, event=DAY0, alternative=alternative, bootstrap=9, sample=(-500, 60))  # type: ignore[arg-type]
    assert (few.multiplier_low[0], few.multiplier_high[0]) == (0.0, math.inf)
    assert few.problem.endswith("9 paths cannot reach alpha = 0.05 in two tails, so the interval has no ends: 39 can")


# ---- refusals


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"event": "2030-01-01"}, "after the last session"),
        ({"event": "2017-01-02"}, "a GARCH needs 500"),
        ({"shapes": [Pulse.pulse(1, 90)], "sample": (-1000, 60)}, "last session is day 60; give sample=(-1000, 90)"),
        ({"shapes": [Pulse.pulse(1, 9000)]}, "pulse [1, 9000] ends after the data, whose last session is day 199"),
        ({"shapes": [Pulse.pulse(1, 4)]}, "nonzero on 4 sessions of the sample, and needs 5"),
        ({"shapes": [Pulse.pulse(1, 20), Pulse.pulse(1, 20)]}, "repeat each other"),
        ({"regressors": np.ones(1499)}, "constant or collinear"),
    ],
)
def test_where_there_is_no_test_there_is_a_reason(single: pd.DataFrame, options: dict[str, object], words: str) -> None:
    found = es.event_variance_test(single["AL"], **{"event": DAY0, **options})  # type: ignore[arg-type]
    assert words in found.reason
    assert len(found.tests) == 3
    assert all(t.reason and math.isnan(t.pvalue) for t in found.tests)
    assert np.isnan(found.delta).all()


def test_wrong_calls_say_what_is_allowed(single: pd.DataFrame) -> None:
    for options, words in (
        ({"form": "log"}, "multiplicative, additive"),
        ({"kind": "egarch"}, "garch, gjr"),
        ({"shapes": []}, "at least one"),
        ({"regressors": np.ones(3)}, "one row a value"),
        ({"bootstrap": -1}, "0 for none"),
    ):
        with pytest.raises(es.EventStudyError, match=words):
            es.event_variance_test(single["AL"], event=DAY0, **options)  # type: ignore[arg-type]
    with pytest.raises(es.EventStudyError, match="before the first"):
        Pulse.pulse(5, 2)
    with pytest.raises(es.EventStudyError, match="above zero"):
        Pulse.decay(1, half_life=0.0)
