"""Whether volatility moved from one market to others: correlations before, during and after, and who led whom."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from eventstudy._typing import BoolArray, DateArray, FloatArray, IntArray, Record
from eventstudy.domain.instruments import instruments
from eventstudy.domain.intraday import BARS
from eventstudy.domain.prices import PriceTable, respond
from eventstudy.domain.windows import Offsets
from eventstudy.engines.compiled import CompiledEngine
from eventstudy.errors import InputError, UnknownNameError
from eventstudy.kernels.resample import doubled_pvalue, smallest_pvalue
from eventstudy.kernels.stats import Inapplicable
from eventstudy.results import TestResult, TestTable
from eventstudy.volatility.base import GarchResponse, model_of_residuals
from eventstudy.volatility.dated import EventLike, check_apart, dates_of, id_of, position_of, stretch
from eventstudy.volatility.diurnal import Clock, Diurnal, clock_in, clock_of_stamps, pattern_of

#: Windows around day 0: a year before the gap, the month after day 0, and the two months after that.
BEFORE, DURING, AFTER = (-250, -11), (1, 20), (21, 60)
#: Lags of causality in variance: a week.
LAGS = 5
#: Prices struck further apart than this see different news on the same date.
SAME_HOURS = 1.0
STATISTICS = ("correlation_change", "variance_causality", "variance_causality_reverse", "variance_causality_before")


def _default_spec() -> GarchResponse:
    return GarchResponse("garch", dist="normal", engine=CompiledEngine())


@dataclass(frozen=True, kw_only=True)
class SpilloverDesign:
    """How spillover is measured.

    Attributes
    ----------
    before, during, after : (int, int)
        Sessions from day 0, on which both prices exist.
    spec : GarchResponse
        Variance of each series, fitted on up to `spec.sessions` sessions that end where `before` ends; with fewer than
        `spec.min_sessions` there is no test.
    draws : int
        Simulated paths.
    seed : int
    diurnal : bool
        Of bars (several stamps a day) the returns of each series are divided by the root mean square of their clock
        time first, as in `variance_change`; False: taken as they are.
    """

    before: Offsets = BEFORE
    during: Offsets = DURING
    after: Offsets = AFTER
    spec: GarchResponse = field(default_factory=_default_spec)
    draws: int = 1999
    seed: int = 0
    diurnal: bool = True


@dataclass(frozen=True, kw_only=True, eq=False)
class PairSpillover:
    """Two series around one announcement.

    Attributes
    ----------
    source, target : str
    event : str or None
        Id of the announcement; None for a date.
    before, during, after : float
        Mean conditional correlation (DCC; EWMA where the correlation has no dynamics) of the standardised residuals.
    ewma : tuple of float
        Mean EWMA correlations (decay .94) before, during and after; a description, for which no test holds its size.
    expected : float
        Correlation of the residuals during the window that the model before led to expect.
    a, b : float
        Coefficients of the DCC.
    dates : ndarray of datetime64[D], shape (T,)
    correlation : ndarray, shape (T,)
        Conditional correlation of each session, known the session before.
    tests : TestTable
        ``correlation_change``: correlation of the residuals in `during` less the expected one, two-sided p by
        simulation from the DCC; ``variance_causality``: squares of the source lead squares of the target from day 0 to
        the end of `after` (Hong 2001, p by permutation), ``.._reverse`` the other way, ``.._before`` in `before`.
    problem : str
        What to know, such as prices that are struck hours apart.
    reason : str
    diurnal : (Diurnal, Diurnal) or None
        The pattern of the day that was taken out of bars of the source and of the target; None for one price a day, or
        series taken as they are.
    """

    source: str
    target: str
    event: str | None = None
    before: float = math.nan
    during: float = math.nan
    after: float = math.nan
    ewma: tuple[float, float, float] = (math.nan, math.nan, math.nan)
    expected: float = math.nan
    a: float = math.nan
    b: float = math.nan
    dates: DateArray = field(default_factory=lambda: np.empty(0, dtype="datetime64[D]"))
    correlation: FloatArray = field(default_factory=lambda: np.empty(0))
    tests: TestTable
    problem: str = ""
    reason: str = ""
    diurnal: tuple[Diurnal, Diurnal] | None = None

    def to_record(self) -> Record:
        """Plain dict for JSON, without the path of the correlation."""
        plain = ("event", "source", "target", "before", "during", "after", "expected", "a", "b", "problem", "reason")
        record: Record = {name: getattr(self, name) for name in plain}
        record |= {"ewma": list(self.ewma), "tests": [t.to_record() for t in self.tests]}
        return record if self.diurnal is None else record | {"diurnal": [d.to_record() for d in self.diurnal]}


@dataclass(frozen=True, kw_only=True, eq=False)
class Spillover:
    """Pairs of one source with several targets.

    Attributes
    ----------
    pairs : tuple of PairSpillover
    """

    pairs: tuple[PairSpillover, ...]

    @property
    def tests(self) -> TestTable:
        """All tests; `instrument` reads ``source -> target``."""
        return TestTable(test for pair in self.pairs for test in pair.tests)

    def to_frame(self) -> pd.DataFrame:
        """One row a target: mean correlations, expected one, p of every test, problem and reason."""
        rows = [
            {
                "source": p.source, "target": p.target, "before": p.before, "during": p.during, "after": p.after,
                "expected": p.expected, **{f"p_{t.statistic}": t.pvalue for t in p.tests}, "problem": p.problem,
                "reason": p.reason,
            }
            for p in self.pairs
        ]  # fmt: skip
        return pd.DataFrame(rows).set_index(["source", "target"])


def spillover(
    prices: PriceTable | pd.DataFrame,
    source: str,
    targets: Sequence[str],
    *,
    event: EventLike,
    design: SpilloverDesign | None = None,
) -> Spillover:
    """Test whether volatility moved from one market to others around an announcement.

    Parameters
    ----------
    prices : PriceTable or DataFrame
        Prices; or returns by date, as a frame.
    source, targets : str, sequence of str
        Such as the metal, and producers, consumers and currencies.
    event : Event, str, date or datetime64
        An `Event` or a catalogue id: day 0 is the first common session whose price of the source is struck after it. A
        date: the first common session on or after it.
    design : SpilloverDesign, optional

    Returns
    -------
    Spillover
        A pair with too few common sessions has a reason instead of numbers. Prices struck more than an hour apart are
        flagged: news between the two belongs to different dates, which lowers the correlation.

    Raises
    ------
    UnknownNameError
        When a name is not in the table.
    InputError
        When windows overlap, a target is the source, or dates do not ascend.

    Notes
    -----
    Returns run between the sessions on which both have a price. Each series has its own GARCH, fitted before the gap;
    correlations are those of the standardised residuals, so that a variance that rises in both is not taken for a
    correlation (Forbes & Rigobon 2002, J. Finance 57:2223-2261). Windows and lags count bars where there are bars,
    whose pattern of the day is taken out of each series first; a correlation that differs from hour to hour is not.
    Causality takes a burst of both variances for itself, in both directions alike: docs/reference, calibration of
    variance events.

    References
    ----------
    Engle (2002), J. Business & Economic Statistics 20:339-350; Cheung & Ng (1996), J. Econometrics 72:33-48; Hong
    (2001), J. Econometrics 103:183-224.
    """
    chosen = design or SpilloverDesign()
    check_apart(chosen.before, chosen.during)
    check_apart(chosen.during, chosen.after)
    known = prices.ids if isinstance(prices, PriceTable) else tuple(map(str, prices.columns))
    for name in (source, *targets):
        if name not in known:
            raise UnknownNameError("instrument", name, known)
    if source in targets or not targets:
        raise InputError(f"targets {list(targets)}: give at least one, and not the source {source!r}")
    return Spillover(pairs=tuple(_pair(prices, source, target, event, chosen) for target in targets))


def _pair(
    prices: PriceTable | pd.DataFrame, source: str, target: str, event: EventLike, design: SpilloverDesign
) -> PairSpillover:
    returns, days, clocks = _returns(prices, source, target)
    base = PairSpillover(event=id_of(event), source=source, target=target, dates=days, tests=TestTable(()))
    base = replace(base, problem=_apart(prices, source, target, days))
    known = prices.instruments if isinstance(prices, PriceTable) else instruments()
    day0 = position_of(days, event, known.get(source))
    if clocks is not None and design.diurnal:
        before_gap = np.arange(days.size) <= day0 + design.before[1]
        returns = returns - (returns[before_gap].mean(axis=0) if before_gap.any() else 0.0)
        patterns = _patterns(returns, clocks, before_gap)
        if isinstance(patterns, Inapplicable):
            return _refused(base, design, patterns.reason)
        kept = np.isfinite(patterns[0].scale) & np.isfinite(patterns[1].scale)
        base = replace(base, diurnal=(patterns[0].at(kept), patterns[1].at(kept)))
        returns, days = returns[kept] / np.column_stack([p.scale[kept] for p in patterns]), days[kept]
        day0 = position_of(days, event, known.get(source))
    cuts = [
        stretch(days.size, day0, w, name)
        for w, name in ((design.before, "before"), (design.during, "during"), (design.after, "after"))
    ]
    reason = next((c.reason for c in cuts if isinstance(c, Inapplicable)), "")
    if reason:
        return _refused(base, design, reason)
    before, during, after = (c for c in cuts if isinstance(c, slice))
    n_fit = before.stop
    first = max(0, n_fit - design.spec.sessions)
    if n_fit - first < design.spec.min_sessions:
        return _refused(
            base, design, f"{n_fit - first} common sessions before the gap; two GARCHs need {design.spec.min_sessions}"
        )
    if not (returns[first:n_fit].std(axis=0) > 0.0).all():
        return _refused(base, design, "a series does not vary before the gap")
    z, problems = _standardised(
        returns[first:], np.arange(first, days.size) - day0, days[first:], n_fit - first, design
    )
    if float(correlation_of(z[: n_fit - first]) ** 2) > 1.0 - 1e-9:
        return _refused(base, design, "the two series are one: their correlation is exact")
    shifted = [slice(c.start - first, c.stop - first) for c in (before, during, after)]
    notes = [base.problem, *problems] if base.problem else problems
    return _measure(replace(base, dates=days[first:], problem="; ".join(notes)), z, n_fit - first, shifted, design)


def correlation_of(z: FloatArray) -> float:
    """Correlation about zero of two columns, shape (T, 2)."""
    from eventstudy.kernels.correlation import correlation

    return float(correlation(z[:, 0], z[:, 1]))


def _patterns(
    returns: FloatArray, clocks: tuple[Clock, Clock], before: BoolArray
) -> tuple[Diurnal, Diurnal] | Inapplicable:
    """Pattern of the day of both series, whose means before the gap are zero."""
    one, two = (pattern_of(x, c, before, before=True) for x, c in zip(returns.T, clocks, strict=True))
    if isinstance(one, Inapplicable):
        return one
    return two if isinstance(two, Inapplicable) else (one, two)


def _returns(
    prices: PriceTable | pd.DataFrame, source: str, target: str
) -> tuple[FloatArray, DateArray, tuple[Clock, Clock] | None]:
    """Returns of both on their common sessions, (T, 2), the dates on which they end, and of bars their clock times."""
    frame = prices.frame if isinstance(prices, PriceTable) else prices
    if not isinstance(frame.index, pd.DatetimeIndex) or not frame.index.is_monotonic_increasing:
        raise InputError("prices or returns must be indexed by ascending dates")
    both = frame[[source, target]].dropna()
    stamps = pd.DatetimeIndex(both.index)
    if not isinstance(prices, PriceTable):
        clock = clock_of_stamps(stamps)
        return both.to_numpy(dtype=np.float64), dates_of(stamps), None if clock is None else (clock, clock)
    days = dates_of(stamps) if prices.minutes is None else stamps.to_numpy().astype(BARS)
    columns = []
    for name in (source, target):
        level = both[name].to_numpy(dtype=np.float64)
        columns.append(respond(level[1:], level[:-1], prices.instruments[name].change))
    one, two = (
        None if prices.minutes is None else clock_in(days[1:], prices.instruments[name].tz) for name in (source, target)
    )
    clocks = None if one is None or two is None else (one, two)
    return np.column_stack(columns), days[1:], clocks


def _apart(prices: PriceTable | pd.DataFrame, source: str, target: str, days: DateArray) -> str:
    """The flag of prices that are struck at different hours; empty when they are not, or nobody knows."""
    if not isinstance(prices, PriceTable) or not days.size or prices.minutes is not None:
        return ""
    day = days[-1].astype("datetime64[D]").item()
    struck = [prices.instruments[name].struck_at(day) for name in (source, target)]
    hours = abs((struck[1] - struck[0]).total_seconds()) / 3600.0
    if hours <= SAME_HOURS:
        return ""
    return (
        f"{source} and {target} are struck {hours:.1f} hours apart: news between the two belongs to different dates, "
        "so the correlation of the same date is too low"
    )


def _standardised(
    returns: FloatArray, offsets: IntArray, days: DateArray, n_fit: int, design: SpilloverDesign
) -> tuple[FloatArray, list[str]]:
    """Standardised residuals, shape (T, 2), of mean square one before the gap, and what went wrong in the fits."""
    columns, problems = [], []
    for x in returns.T:
        residual = x - x[:n_fit].mean()
        model = model_of_residuals(residual, offsets, days, n_fit, design.spec)
        z = residual / np.sqrt(model.variance[:-1])
        columns.append(z / np.sqrt(np.mean(z[:n_fit] ** 2)))
        problems += [model.problem] if model.problem else []
    return np.column_stack(columns), problems


def _measure(
    base: PairSpillover, z: FloatArray, n_fit: int, windows: list[slice], design: SpilloverDesign
) -> PairSpillover:
    from eventstudy.kernels.correlation import MIN_REACTION, ewma_correlation, fit_dcc

    before, during, after = windows
    dcc = fit_dcc(z[:n_fit])
    ewma = ewma_correlation(z)[:-1]
    moves = dcc.a > MIN_REACTION
    rho = dcc.path(z)[0][:-1] if moves else ewma
    problem = base.problem if moves else f"{base.problem}; the DCC finds no correlation dynamics".lstrip("; ")
    expected, change = _correlation_change(base, dcc, z, n_fit, during, design)
    found = replace(
        base, before=float(rho[before].mean()), during=float(rho[during].mean()), after=float(rho[after].mean()),
        ewma=(float(ewma[before].mean()), float(ewma[during].mean()), float(ewma[after].mean())),
        expected=expected, a=dcc.a, b=dcc.b, correlation=rho, problem=problem,
    )  # fmt: skip
    # Day 0 is the session from which the windows count.
    day0 = during.start - design.during[0]
    since = slice(day0, after.stop)
    rows = [
        change, _causality(found, z[since], design, "", after=True),
        _causality(found, z[since, ::-1], design, "_reverse", after=True),
        _causality(found, z[before], design, "_before", after=False),
    ]  # fmt: skip
    return replace(found, tests=TestTable(rows))


def _row(pair: PairSpillover, statistic: str, window: Offsets) -> TestResult:
    return TestResult(
        event=pair.event, instrument=f"{pair.source} -> {pair.target}", window=window, statistic=statistic,
        unit="correlation", n_pairs=1, n_dates=1,
    )  # fmt: skip


def _correlation_change(
    pair: PairSpillover, dcc: object, z: FloatArray, n_fit: int, during: slice, design: SpilloverDesign
) -> tuple[float, TestResult]:
    """Expected correlation of the window and its test: paths from the state before day 0 through the window."""
    from eventstudy.kernels.correlation import Dcc, correlation

    assert isinstance(dcc, Dcc)
    start = during.start - design.during[0]
    origin = min(start, during.start)
    rho = dcc.path(z[:n_fit])[0][:-1]
    # The model's own shocks without their correlation, drawn in pairs.
    free = (z[:n_fit, 1] - rho * z[:n_fit, 0]) / np.sqrt(1.0 - rho**2)
    shocks = np.column_stack((z[:n_fit, 0], free))
    shocks = shocks / np.sqrt(np.mean(shocks**2, axis=0))
    rng = np.random.default_rng(design.seed)
    steps = during.stop - origin
    drawn = shocks[rng.integers(0, n_fit, (steps, design.draws))]
    paths = dcc.simulate(dcc.path(z[:origin])[1], drawn)[during.start - origin :]
    simulated = correlation(paths[:, :, 0], paths[:, :, 1])
    observed, expected = correlation_of(z[during]), float(simulated.mean())
    low, high = np.quantile(simulated, [0.025, 0.975])
    return expected, replace(
        _row(pair, "correlation_change", design.during), estimate=observed - expected, value=observed,
        low=observed - float(high), high=observed - float(low), pvalue=doubled_pvalue(observed, simulated),
        smallest_p=2.0 * smallest_pvalue(design.draws), distribution=f"{design.draws} paths of the DCC",
    )  # fmt: skip


def _causality(pair: PairSpillover, z: FloatArray, design: SpilloverDesign, suffix: str, *, after: bool) -> TestResult:
    from eventstudy.kernels.correlation import permuted_causality, variance_causality

    window = (0, design.after[1]) if after else design.before
    base = replace(_row(pair, f"variance_causality{suffix}", window), unit="", alternative="greater")
    found = variance_causality(z[:, 0], z[:, 1], LAGS)
    rng = np.random.default_rng([design.seed, len(suffix)])
    pvalue = permuted_causality(z[:, 0], z[:, 1], LAGS, design.draws, rng)
    if isinstance(found, Inapplicable) or isinstance(pvalue, Inapplicable):
        refused = found if isinstance(found, Inapplicable) else pvalue
        assert isinstance(refused, Inapplicable)
        return replace(base, reason=refused.reason)
    return replace(
        base, value=found.hong, pvalue=pvalue, smallest_p=smallest_pvalue(design.draws),
        distribution=f"{design.draws} permutations, {found.lags} lags",
    )  # fmt: skip


def refused_pair(source: str, target: str, event: str | None, design: SpilloverDesign, reason: str) -> PairSpillover:
    """A pair that cannot be measured, and why."""
    return _refused(PairSpillover(source=source, target=target, event=event, tests=TestTable(())), design, reason)


def _refused(pair: PairSpillover, design: SpilloverDesign, reason: str) -> PairSpillover:
    return replace(
        pair,
        reason=reason,
        tests=TestTable(replace(_row(pair, key, design.during), reason=reason) for key in STATISTICS),
    )
