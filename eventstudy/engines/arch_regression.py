"""A regression with GARCH(1,1) errors by joint maximum likelihood, through the `arch` package."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from eventstudy._typing import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class GarchRegression:
    """Coefficients of the mean and of the variance, in the caller's units.

    Attributes
    ----------
    mean : ndarray, shape (K + 1,)
        Constant first.
    mean_cov : ndarray, shape (K + 1, K + 1)
        Robust covariance (Bollerslev & Wooldridge 1992); NaN where it could not be computed.
    omega, alpha, beta : float
        ``h = omega + alpha e^2 + beta h``.
    loglik : float
    converged : bool
    """

    mean: FloatArray
    mean_cov: FloatArray
    omega: float
    alpha: float
    beta: float
    loglik: float
    converged: bool


def fit_regression(y: FloatArray, x: FloatArray) -> GarchRegression | str:
    """Gaussian maximum likelihood of ``y = a + x b + e`` with GARCH(1,1) errors.

    Parameters
    ----------
    y : ndarray, shape (M,)
    x : ndarray, shape (M, K)
        Without a constant.

    Returns
    -------
    GarchRegression or str
        The reason, when the optimiser could not run.

    Notes
    -----
    The variance before the first session is the mean squared residual of least squares (the rule of Fiorentini,
    Calzolari & Panattoni 1996, held fixed while the mean moves), not arch's weighted start.
    """
    from arch.univariate import GARCH, LS, Normal
    from arch.utility.exceptions import ConvergenceWarning, StartingValueWarning

    design = np.column_stack((np.ones(y.size), x))
    residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    # arch's optimiser wants scales near one, of the response and of the regressors alike.
    scale, width = 1.0 / float(residual.std()), x.std(axis=0)
    model = LS(y * scale, x / width, constant=True, volatility=GARCH(p=1, o=0, q=1), distribution=Normal())
    with warnings.catch_warnings():
        # A failed fit is read off the flag below and reported; the warning would say it twice.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", StartingValueWarning)
        try:
            result = model.fit(disp="off", show_warning=False, backcast=float(np.mean((residual * scale) ** 2)))
            values, covariance = result.params.to_numpy(), result.param_cov.to_numpy()
        except (ValueError, np.linalg.LinAlgError) as error:
            return f"the likelihood could not be maximised ({error})"
    k = design.shape[1]
    per_unit = np.concatenate(([1.0], 1.0 / width)) / scale
    return GarchRegression(
        mean=values[:k] * per_unit,
        mean_cov=covariance[:k, :k] * np.outer(per_unit, per_unit),
        omega=float(values[k] / scale**2),
        alpha=float(values[k + 1]),
        beta=float(values[k + 2]),
        loglik=float(result.loglikelihood) + y.size * float(np.log(scale)),
        converged=int(result.convergence_flag) == 0 and bool(np.isfinite(values).all()),
    )
