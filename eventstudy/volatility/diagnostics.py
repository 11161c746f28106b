"""What a mean and variance model left in its residuals: autocorrelation, ARCH, asymmetry, fat tails."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from scipy import stats

from eventstudy._typing import FloatArray
from eventstudy.errors import InputError
from eventstudy.kernels.ols import fit_ols

#: Sessions of autocorrelation that are tested, and of squares.
LAGS, ARCH_LAGS = 10, 5


def diagnose(residuals: FloatArray | pd.Series, *, lags: int = LAGS, arch_lags: int = ARCH_LAGS) -> pd.DataFrame:
    """Test residuals, best standardised ones, for what a good model would not leave in them.

    Parameters
    ----------
    residuals : array_like, shape (T,)
        NaN are left out.
    lags, arch_lags : int
        Of the Ljung-Box tests and of the ARCH test.

    Returns
    -------
    DataFrame
        One row a test; index ``ljung_box``, ``ljung_box_squares`` (chi2(lags), no degree of freedom taken off),
        ``arch_lm`` (n R^2 of squares on their lags), ``sign_bias``, ``negative_size``, ``positive_size`` (t of each),
        ``sign_bias_joint`` (chi2(3)), ``jarque_bera``; columns ``value``, ``dof``, ``p``, ``null``. The joint sign
        bias test is NaN where residuals of one sign are missing.

    Raises
    ------
    InputError
        With fewer residuals than four times the lags, or without any variation.

    References
    ----------
    Ljung & Box (1978), Biometrika 65:297-303; Engle (1982), Econometrica 50:987-1007; Engle & Ng (1993), J. Finance
    48:1749-1778; Jarque & Bera (1987), Int. Statistical Review 55:163-172.

    Examples
    --------
    >>> table = diagnose(np.random.default_rng(1).standard_normal(500))
    >>> bool(table.loc["ljung_box", "p"] > 0.01)
    True
    """
    from statsmodels.stats.diagnostic import acorr_ljungbox, het_arch  # type: ignore[import-untyped]
    from statsmodels.stats.stattools import jarque_bera  # type: ignore[import-untyped]

    z = np.asarray(residuals, dtype=np.float64)
    z = z[np.isfinite(z)]
    if z.size < 4 * max(lags, arch_lags) or z.std() == 0.0:
        raise InputError(
            f"{z.size} residuals with standard deviation {z.std() if z.size else 0.0:.3g}: needs at least "
            f"{4 * max(lags, arch_lags)} that vary"
        )
    plain, squared = (acorr_ljungbox(v, lags=[lags]).iloc[0] for v in (z, z**2))
    with warnings.catch_warnings():
        # statsmodels announces that its tuple becomes a named one: both are read alike.
        warnings.simplefilter("ignore", FutureWarning)
        arch = het_arch(z, nlags=arch_lags)
    normal = jarque_bera(z)
    rows = {
        "ljung_box": (plain["lb_stat"], lags, plain["lb_pvalue"], "no autocorrelation"),
        "ljung_box_squares": (squared["lb_stat"], lags, squared["lb_pvalue"], "no autocorrelation of squares"),
        "arch_lm": (arch[0], arch_lags, arch[1], "no ARCH"),
        **_sign_bias(z),
        "jarque_bera": (normal[0], 2, normal[1], "normal errors"),
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["value", "dof", "p", "null"]).astype(
        {"value": float, "dof": float, "p": float}
    )


def _sign_bias(z: FloatArray) -> dict[str, tuple[float, float, float, str]]:
    """Squares on the sign and size of the shock before (Engle & Ng 1993, eq. 19-22): three t and n R^2."""
    down = (z[:-1] < 0.0).astype(np.float64)
    design = np.column_stack((np.ones(down.size), down, down * z[:-1], (1.0 - down) * z[:-1]))
    words = ("no reaction to the sign", "no reaction to the size of falls", "no reaction to the size of rises")
    keys = ("sign_bias", "negative_size", "positive_size")
    y, every = z[1:] ** 2, np.ones((1, down.size), dtype=bool)
    fit = fit_ols(design[None], y[None], every)
    if bool(fit.singular[0]) or y.std() == 0.0:
        none = (np.nan, np.nan, np.nan)
        return {k: (*none, w) for k, w in zip((*keys, "sign_bias_joint"), (*words, "none of the three"), strict=True)}
    residual, dof = y - design @ fit.params[0], int(fit.dof[0])
    se = fit.sigma[0] * np.sqrt(np.diag(fit.gram_inv[0]))
    rows: dict[str, tuple[float, float, float, str]] = {}
    for key, word, value in zip(keys, words, (fit.params[0] / se)[1:], strict=True):
        rows[key] = (float(value), dof, float(2.0 * stats.t.sf(abs(value), dof)), word)
    joint = down.size * (1.0 - residual @ residual / ((y - y.mean()) ** 2).sum())
    rows["sign_bias_joint"] = (float(joint), 3, float(stats.chi2.sf(joint, 3)), "none of the three")
    return rows
