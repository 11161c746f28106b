"""GARCH parts of the reference: one series before and through its announcement, and the DEM/GBP benchmark."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

import eventstudy as es
from eventstudy.engines.compiled import CompiledEngine

Tree = dict[str, Any]

#: Variance dummy of the reference: twenty sessions from day 0.
DUMMY_DAYS = 20
#: Sessions from the end of the gap to the end of the event window.
NEWS = range(-3, 4)


def garch_tree(prices: es.PriceTable, result: es.StudyResult, market: str) -> Tree:
    """Fits of one asset: `result` holds its one pair by the market model, on log returns. Numbers are in percent."""
    assert result.abnormal is not None
    _, asset = result.abnormal.pairs[0]
    table = 100.0 * prices.to_returns(change="log").dropna()
    day0 = table.index.get_loc(pd.Timestamp(str(result.day0[0].session)))
    first, last = result.study.window.event
    before = table.iloc[: day0 + first]
    fits = {f"{kind}_const": _fit(before[asset], None, kind) for kind in ("garch", "gjr", "egarch")}
    dummy = pd.Series(0.0, index=table.index, name="event")
    dummy.iloc[day0 : day0 + DUMMY_DAYS] = 1.0
    quiet, raised = (_fit(table[asset], table[market], "garch", d) for d in (None, dummy))
    event = table.iloc[day0 + first : day0 + last + 1]
    by_market = _fit(before[asset], before[market], "garch")
    residuals = 100.0 * result.abnormal.ar[0, result.abnormal.estimation[0]]
    tree = {key: fit_tree(one) for key, one in fits.items()}
    tree["garch_const"] |= {
        "h_last": float(fits["garch_const"].variance.iloc[-1]),
        "h_forecast": fits["garch_const"].forecast(len(event)).tolist(),
    }
    windows = [w for w in result.study.window.tested(result.study.window.primary or (0, 0)) if w[0] == 0]
    return tree | {
        "n_all": len(table),
        "n_pre": len(before),
        "garch_event_nodummy": _params(quiet),
        "garch_event_dummy": _dummy_tree(quiet, raised, day0),
        "garch_market": market_tree(by_market, event[asset], event[market], first, windows),
        "news_impact": {
            str(e): {kind: float(fits[f"{kind}_const"].news_impact([float(e)]).iloc[0]) for kind in _KINDS}
            for e in NEWS
        },
        "diag_garch_const": _diagnostics(fits["garch_const"].standardised, "_z", "lb10_z2"),
        "ols_diag": _diagnostics(pd.Series(residuals), "", "lb10_sq"),
    }


_KINDS = ("garch", "gjr", "egarch")


def _fit(y: pd.Series, market: pd.Series | None, kind: Any, dummy: pd.Series | None = None) -> es.GarchResult:
    """As the reference: normal law, mean squared residual before the sample."""
    return es.fit_garch(y, market, kind=kind, dist="normal", presample="fcp", variance_regressors=dummy)


def _params(fit: es.GarchResult) -> Tree:
    """Parameters in the order of the reference: mean, variance, dummy."""
    return {
        "params": fit.params.tolist(),
        "loglik": fit.loglik,
        "se_hess": np.sqrt(np.diag(fit.fit.covariance("hessian"))).tolist(),
        "se_qmle": fit.se.tolist(),
    }


def fit_tree(fit: es.GarchResult) -> Tree:
    """A fit with what its persistence implies."""
    tree = _params(fit) | {"persistence": fit.persistence, "half_life": fit.half_life}
    if any("kink" in words for words in fit.fit.bounds):
        tree["optimum_on_kink"] = True
        tree = {k: v for k, v in tree.items() if not k.startswith("se_")}
    return tree if fit.fit.kind == "egarch" else tree | {"uncond_var": fit.unconditional_variance}


def _dummy_tree(quiet: es.GarchResult, raised: es.GarchResult, day0: int) -> Tree:
    ratio = 2.0 * (raised.loglik - quiet.loglik)
    return _params(raised) | {
        "h_event": float(raised.variance.iloc[day0]),
        "lr_variance_dummy": ratio,
        "p_lr": float(stats.chi2.sf(ratio, 1)),
        "p_lr_onesided_boundary": 0.5 * float(stats.chi2.sf(ratio, 1)),
        "t_delta": float(raised.params["event"] / np.sqrt(raised.fit.covariance("hessian")[-1, -1])),
    }


def market_tree(
    fit: es.GarchResult, y: pd.Series, market: pd.Series, first: int, windows: list[tuple[int, int]]
) -> Tree:
    """Abnormal returns and their multipliers against the forecast from the end of the sample."""
    ar = (y - fit.params["const"] - fit.params[str(market.name)] * market).to_numpy()
    h = fit.forecast(ar.size)
    days = range(first, first + ar.size)

    def by_day(values: Any) -> Tree:
        return {str(day): float(v) for day, v in zip(days, values, strict=True)}

    cav = {}
    for a, b in windows:
        total, length = float((ar**2 / h)[a - first : b - first + 1].sum()), b - a + 1
        cav[f"cav[{a},{b}]"] = {
            "sum_M": total, "value": total - length, "df": length, "p": float(stats.chi2.sf(total, length)),
        }  # fmt: skip
    return fit_tree(fit) | {
        "h_forecast": h.tolist(), "AR_percent": by_day(ar), "SAR": by_day(ar / np.sqrt(h)),
        "M_t": by_day(ar**2 / h), **cav,
    }  # fmt: skip


def _diagnostics(z: pd.Series, suffix: str, squares: str) -> Tree:
    table = es.diagnose(z)

    def one(key: str) -> Tree:
        row = table.loc[key]
        return {"value": float(row["value"]), "df": int(row["dof"]), "p": float(row["p"])}

    normal = table.loc["jarque_bera"]
    return {
        f"archlm5{suffix}": one("arch_lm"), f"lb10{suffix}": one("ljung_box"), squares: one("ljung_box_squares"),
        f"jb{suffix}": {
            "value": float(normal["value"]), "p": float(normal["p"]),
            "skew": float(stats.skew(z)), "kurt": float(stats.kurtosis(z, fisher=False)),
        },
    }  # fmt: skip


#: Reference name of a statistic on one day or window -> registry key.
PANEL_KEYS = ("savickas_t", "bgw_garch_M", "bgw_garch_M_unbiased", "bgw_garch_cav", "bgw_garch_chi2",
              "bgw_garch_chi2_unbiased")  # fmt: skip


def panel_study(study: es.Study) -> es.Study:
    """As the reference: market model and GARCH jointly, on all returns before the gap, forecast from there."""
    return replace(
        study,
        statistics=PANEL_KEYS,
        volatility=es.GarchResponse(
            "garch", dist="normal", sessions=100_000, origin="gap", joint=True, draws=199,
            engine=CompiledEngine(presample="fcp"),
        ),
    )  # fmt: skip


def panel_volatility_tree(result: es.StudyResult, prices: es.PriceTable, market: str) -> Tree:
    """Volatility across pairs: statistics from the study, each pair's fit once more by itself. In percent."""
    days = range(result.study.window.event[0], result.study.window.event[1] + 1)

    def found(key: str, window: tuple[int, int]) -> es.TestResult:
        return result.tests.one(statistic=key, window=window)

    windows = [w for w in result.study.window.windows if w[0] != w[1] or w == (0, 0)]
    return {
        "M_t": {str(d): found("bgw_garch_M", (d, d)).value for d in days},
        "M_t_unbiased": {str(d): found("bgw_garch_M_unbiased", (d, d)).value for d in days},
        "savickas_t": {str(d): _t(found("savickas_t", (d, d))) for d in days},
        "cav": {f"[{a},{b}]": _cav(found, (a, b)) for a, b in windows},
        "events": {event: _pair(result, prices, market, event, asset) for event, asset in result.abnormal.pairs},  # type: ignore[union-attr]
    }


def _t(test: es.TestResult) -> Tree:
    return {"value": test.value, "p": test.pvalue, "df": int(test.dof)}


def _cav(found: Any, window: tuple[int, int]) -> Tree:
    chi2, unbiased = found("bgw_garch_chi2", window), found("bgw_garch_chi2_unbiased", window)
    return {
        "cav": found("bgw_garch_cav", window).value,
        "cav_unbiased": (window[1] - window[0] + 1) * (unbiased.value / unbiased.dof - 1.0),
        "chi2": chi2.value, "p": chi2.pvalue, "chi2_unbiased": unbiased.value, "p_unbiased": unbiased.pvalue,
        "df": int(chi2.dof),
    }  # fmt: skip


def _pair(result: es.StudyResult, prices: es.PriceTable, market: str, event: str, asset: str) -> Tree:
    table = 100.0 * prices.to_returns(change="log")[[asset, market]].dropna()
    day0 = table.index.get_loc(pd.Timestamp(str(next(d.session for d in result.day0 if d.event == event))))
    first, last = result.study.window.event
    before, around = table.iloc[: day0 + first], table.iloc[day0 + first : day0 + last + 1]
    fit = _fit(before[asset], before[market], "garch")
    tree = market_tree(fit, around[asset], around[market], first, [])
    tree = {k: list(v.values()) if k in ("AR_percent", "SAR") else v for k, v in tree.items() if k != "M_t"}
    return tree | {"n_pre": fit.n}


def benchmark_tree(values: pd.Series) -> Tree:
    """DEM/GBP by both presample rules."""
    fcp, arch = (
        es.fit_garch(values, kind="garch", dist="normal", presample=p, covariance="qmle") for p in ("fcp", "arch")
    )  # type: ignore[arg-type]
    own = _params(fcp)
    return {
        "n": fcp.n,
        "own_python": own,
        "own_R": own,
        "benchmark_fcp": {"params": own["params"]},
        "fgarch": {"params": own["params"], "loglik": own["loglik"]},
        "arch_default_backcast": {"params": arch.params.tolist(), "loglik": arch.loglik},
        "opg": {"se": np.sqrt(np.diag(fcp.fit.covariance("opg"))).tolist()},
    }
