"""Which statistic to trust here, and why: from the estimation window and the design alone.

Nothing in this module may look at event-window responses or at p-values: a choice of test that knows its result
is no test.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from eventstudy.abnormal import AbnormalReturns
from eventstudy.inference.base import PANEL_STATISTICS
from eventstudy.inference.sizes import WORDS, MeasuredSize, looks_at_variance, size_of

#: Above this excess kurtosis of estimation residuals, laws that assume normal errors are off at few pairs.
FAT_TAILS = 2.0
#: Above this ratio of the largest to the median residual variance, unstandardised means are one pair's affair.
UNEQUAL = 9.0
#: Average residual correlation from which independence misleads (0.02 at 50 pairs doubles the variance of a mean).
CORRELATED = 0.02
#: Share of zero abnormal-looking returns that marks thin trading.
THIN = 0.10
#: Fewest pairs for which t(N-1) and rank laws are close enough.
FEW_PAIRS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The statistic to trust, those to distrust, and the facts behind it.

    Attributes
    ----------
    trust : str
        Registry key.
    why : str
        One sentence.
    distrust : tuple of (str, str)
        Registry key and the reason, with the measured size where it is off in a world like this one.
    facts : dict
        n_pairs, n_dates, correlation, kurtosis (median excess), variance_ratio (largest over median), zero_share,
        missing_share, clustering (autocorrelation of squared residuals at lag 1, median): estimation window only.
    """

    trust: str
    why: str
    distrust: tuple[tuple[str, str], ...]
    facts: dict[str, float]


def estimation_facts(abnormal: AbnormalReturns, n_dates: int, correlation: float) -> dict[str, float]:
    """Facts of the estimation window; NaN where a pair has too little of it."""
    residual = np.where(abnormal.estimation, abnormal.ar, np.nan)
    length = abnormal.estimation.any(axis=0).sum()
    kurtosis = stats.kurtosis(residual, axis=1, nan_policy="omit", bias=False)
    squares = residual**2
    centred = squares - np.nanmean(squares, axis=1, keepdims=True)
    pairs = centred[:, 1:] * centred[:, :-1]
    clustering = np.nanmean(pairs, axis=1) / np.nanmean(centred**2, axis=1)
    variance = abnormal.sigma**2
    zero = np.where(abnormal.estimation, abnormal.response == 0.0, False).sum(axis=1) / abnormal.estimation.sum(axis=1)
    return {
        "n_pairs": float(abnormal.n_pairs),
        "n_dates": float(n_dates),
        "correlation": correlation,
        "kurtosis": float(np.median(np.asarray(kurtosis, dtype=np.float64))),
        "variance_ratio": float(variance.max() / np.median(variance)),
        "zero_share": float(zero.max()),
        "missing_share": float(1.0 - abnormal.estimation.sum() / max(1, abnormal.n_pairs * length)),
        "clustering": float(np.median(clustering)),
    }


def advise(abnormal: AbnormalReturns, n_dates: int, correlation: float) -> Advice:
    """Name the statistic to trust for this design and these estimation residuals.

    Parameters
    ----------
    n_dates : int
        Distinct event dates among the pairs.
    correlation : float
        Mean residual correlation over pairs, matched by date; NaN with one pair.
    """
    facts = estimation_facts(abnormal, n_dates, correlation)
    if abnormal.n_pairs == 1:
        return _one_pair(facts)
    shared = n_dates < abnormal.n_pairs and correlation > CORRELATED
    advice = _clustered(facts) if shared else _independent(facts)
    return replace(advice, distrust=_with_sizes(advice, facts, shared))


def _worlds(facts: dict[str, float], shared: bool) -> list[str]:
    """Worlds of the measured table that this design may be: the event's variance cannot be known beforehand."""
    worlds = ["iid_normal", "doubled_variance"]
    worlds += ["t4"] if facts["kurtosis"] > FAT_TAILS else []
    worlds += ["correlated"] if shared else []
    return worlds + (["thin"] if facts["zero_share"] > THIN else [])


def worst_size(key: str, worlds: list[str], n: int) -> MeasuredSize | None:
    """The largest measured size of a statistic in some worlds, when it is off there."""
    if looks_at_variance(key):
        worlds = [w for w in worlds if w != "doubled_variance"]
    found = [size for world in worlds if (size := size_of(key, world, n)) is not None and size.off > 0]
    return max(found, key=lambda size: size.rate, default=None)


def _with_sizes(advice: Advice, facts: dict[str, float], shared: bool) -> tuple[tuple[str, str], ...]:
    """The distrusted statistics with their measured sizes, and those that only the measurement tells."""
    reasons = dict(advice.distrust)
    for entry in PANEL_STATISTICS:
        worst = worst_size(entry.key, _worlds(facts, shared), int(facts["n_pairs"]))
        if worst is not None:
            said = f"measured: rejects {worst.rate:.0%} instead of 5% under {WORDS[worst.world]}, {worst.n} pairs"
            reasons[entry.key] = f"{reasons[entry.key]}; {said}" if entry.key in reasons else said
    return tuple(reasons.items())


def _one_pair(facts: dict[str, float]) -> Advice:
    distrust = [("sq_raw", "in-sample sums vary less than the event's: it over-rejects for more than one session")]
    if facts["kurtosis"] > FAT_TAILS:
        distrust.append(
            ("t_fe", f"excess kurtosis {facts['kurtosis']:.1f}: one observation has no central limit theorem")
        )
    if facts["clustering"] > 0.1:
        distrust.append(
            ("sq", f"squared residuals are autocorrelated ({facts['clustering']:.2f}): calm quantiles mislead")
        )
    why = "one series and one event: the larger p of local-scale placebo and FHS holds when volatility clusters"
    return Advice(trust="verdict", why=why, distrust=tuple(distrust), facts=facts)


def _clustered(facts: dict[str, float]) -> Advice:
    n, dates, r = int(facts["n_pairs"]), int(facts["n_dates"]), facts["correlation"]
    words = f"{n} pairs share {dates} date{'s' if dates > 1 else ''} and their residuals correlate ({r:.2f})"
    distrust = [
        (key, "it takes the pairs for independent")
        for key in ("cs_t", "patell_z", "bmp_t", "sign_z", "gen_sign_z", "wilcoxon_z", "corrado_sign")
    ]
    distrust.append(("kp_patell_calendar", "it assumes that the event does not raise the variance"))
    return Advice(
        trust="kp_bmp_calendar",
        why=f"{words}: Kolari-Pynnonen's BMP allows for that and for a variance that the event raises",
        distrust=tuple(distrust),
        facts=facts,
    )


def _independent(facts: dict[str, float]) -> Advice:
    n = int(facts["n_pairs"])
    distrust = [
        ("patell_z", "it assumes that the event does not raise the variance, which no estimation window can tell")
    ]
    if facts["variance_ratio"] > UNEQUAL:
        distrust.append(("cs_t", f"variances differ ({facts['variance_ratio']:.0f} to 1): one pair decides the mean"))
    if facts["zero_share"] > THIN:
        distrust.append(("gen_sign_z", f"{facts['zero_share']:.0%} of the returns of a pair are zero"))
    if n < FEW_PAIRS:
        distrust.append(("grank_t", f"asymptotic in the number of pairs, and there are {n}"))
        if n > 5:
            why = f"{n} pairs on different dates: enumerating sign flips needs no law"
            return Advice(trust="signflip_exact", why=why, distrust=tuple(distrust), facts=facts)
    ranks_hold = worst_size("corrado_zivney_std", _worlds(facts, shared=False), n) is None
    if facts["kurtosis"] > FAT_TAILS and n >= FEW_PAIRS and ranks_hold:
        why = f"{n} pairs on different dates and fat tails (excess kurtosis {facts['kurtosis']:.1f}): ranks"
        return Advice(trust="corrado_zivney_std", why=why, distrust=tuple(distrust), facts=facts)
    why = f"{n} pairs on different dates: BMP standardises each pair and allows the event to raise the variance"
    return Advice(trust="bmp_t", why=why, distrust=tuple(distrust), facts=facts)
