"""Several windows or days tested at once: p-values that allow for the search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from eventstudy._typing import FloatArray
from eventstudy.abnormal import AbnormalReturns
from eventstudy.domain.windows import Offsets
from eventstudy.errors import InputError
from eventstudy.inference.panel import DRAWS
from eventstudy.inference.studies import StudyData
from eventstudy.kernels.multiplicity import benjamini_hochberg, holm, romano_wolf
from eventstudy.kernels.resample import sign_patterns
from eventstudy.kernels.stats import Inapplicable, refuse_below
from eventstudy.results import TestTable

Method = Literal["holm", "bh", "romano_wolf"]
#: Which tests make a family: the windows of one statistic of one pair (or of the panel), or everything given.
Family = Literal["windows", "all"]

_BY_P = {"holm": holm, "bh": benjamini_hochberg}
_KEYS = ["event", "instrument", "statistic"]
_COLUMNS = [*_KEYS, "window", "p", "p_adjusted", "method", "family", "reason"]


def adjust(
    tests: TestTable | StudyData,
    method: Method = "holm",
    *,
    windows: Sequence[Offsets] | None = None,
    family: Family = "windows",
) -> pd.DataFrame:
    """Adjust p-values for the number of tests.

    Parameters
    ----------
    tests : TestTable or StudyResult
        Such as ``result.tests.where(statistic="cs_t")``. ``romano_wolf`` needs the result itself: it flips pairs.
    method : {"holm", "bh", "romano_wolf"}
        ``holm`` (1979) bounds the chance of any false rejection, ``bh`` (Benjamini & Hochberg 1995) the share of false
        ones among rejections. ``romano_wolf`` (2005) steps down the largest cross-sectional t under joint sign flips
        of whole pairs, and so uses the dependence among windows; it adjusts ``cs_t`` across pairs only.
    windows : sequence of (int, int), optional
        The family's windows; None: every window given.
    family : {"windows", "all"}
        ``windows``: each statistic of each pair (and of the panel) is a family of its own. ``all``: one family.

    Returns
    -------
    DataFrame
        One row a test. Columns: event, instrument, statistic, window, p, p_adjusted, method, family (its size), reason
        (why there is no adjusted p). Tests without a p have NaN and do not count.

    Raises
    ------
    InputError
        When the method or family is unknown, or `romano_wolf` is asked of a table.

    Examples
    --------
    >>> from eventstudy.results import TestResult
    >>> days = [TestResult(event="e", instrument="i", window=(d, d), statistic="s", pvalue=p)
    ...         for d, p in ((0, 0.01), (1, 0.04))]
    >>> adjust(TestTable(days))["p_adjusted"].tolist()
    [0.02, 0.04]
    """
    if method not in ("holm", "bh", "romano_wolf"):
        raise InputError(f"method = {method!r} is not one of 'holm', 'bh', 'romano_wolf'")
    if family not in ("windows", "all"):
        raise InputError(f"family = {family!r} is not one of 'windows', 'all'")
    if method == "romano_wolf":
        return _romano_wolf(tests, windows)
    table = tests if isinstance(tests, TestTable) else tests.tests
    return _by_p(TestTable(t for t in table if windows is None or t.window in windows), method, family)


def romano_wolf_cars(
    abnormal: AbnormalReturns, windows: Sequence[Offsets], *, draws: int = DRAWS, seed: int = 0
) -> FloatArray | Inapplicable:
    """Step-down p of the cross-sectional t of each window, shape (len(windows),), under joint sign flips.

    All 2^N patterns up to 14 pairs, else `draws` random ones.
    """
    refused = refuse_below(2, abnormal.n_pairs, "one series and one event have no cross-section")
    if refused:
        return refused
    cars = np.stack([abnormal.car(window).car for window in windows], axis=1)
    if not np.isfinite(cars).all():
        return Inapplicable("pairs lack whole windows: flips of a pair must reach every test")
    if (cars.std(axis=0, ddof=1) <= 1e-12 * np.abs(cars).max(axis=0)).any():
        return Inapplicable("all pairs have the same value on one of the windows: no cross-sectional variation")
    # Sorted by size, so that random patterns depend neither on the order of the pairs nor on the sign of all.
    cars = cars[np.lexsort(np.abs(cars.T))]
    patterns, complete = sign_patterns(abnormal.n_pairs, draws, np.random.default_rng([seed, 4]))
    return romano_wolf(cars, patterns, complete=complete)


def _by_p(rows: TestTable, method: Method, family: Family) -> pd.DataFrame:
    frame = pd.DataFrame(
        [[t.event, t.instrument, t.statistic, t.window, t.pvalue, t.reason] for t in rows],
        columns=[*_KEYS, "window", "p", "reason"],
    )
    frame["p_adjusted"], frame["method"], frame["family"] = np.nan, method, 0
    groups = (
        [frame.index] if family == "all" else [part.index for _, part in frame.groupby(_KEYS, dropna=False, sort=False)]
    )
    for index in groups:
        known = index[frame.loc[index, "p"].notna()]
        if len(known):
            frame.loc[known, "p_adjusted"] = _BY_P[method](frame.loc[known, "p"].to_numpy(dtype=np.float64))
            frame.loc[known, "family"] = len(known)
    return frame[_COLUMNS]


def _romano_wolf(result: TestTable | StudyData, windows: Sequence[Offsets] | None) -> pd.DataFrame:
    if isinstance(result, TestTable):
        raise InputError("romano_wolf flips whole pairs: give the study's result, not its table of tests")
    rows = [t for t in result.tests.where(statistic="cs_t") if windows is None or t.window in windows]
    if not rows or result.abnormal is None:
        return pd.DataFrame(columns=_COLUMNS)
    found = romano_wolf_cars(result.abnormal, [t.window for t in rows], seed=result.study.seed)
    adjusted = np.full(len(rows), np.nan) if isinstance(found, Inapplicable) else found
    reason, size = (found.reason, 0) if isinstance(found, Inapplicable) else ("", len(rows))
    return pd.DataFrame(
        [
            [t.event, t.instrument, t.statistic, t.window, t.pvalue, p, "romano_wolf", size, reason]
            for t, p in zip(rows, adjusted, strict=True)
        ],
        columns=_COLUMNS,
    )
