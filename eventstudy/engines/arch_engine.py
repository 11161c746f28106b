"""The `arch` package as an engine; imported only when a fit is asked for."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np

from eventstudy._typing import FloatArray
from eventstudy.engines.base import GarchFit, Kind, Law
from eventstudy.kernels.garch import EgarchParams, GarchParams


@dataclass(frozen=True, slots=True)
class ArchEngine:
    """Fits with `arch`, on residuals scaled to unit variance, and reports in the caller's units."""

    def fit(self, residual: FloatArray, *, kind: Kind, dist: Law) -> GarchFit:
        """Maximum likelihood; see `Engine.fit`."""
        import arch
        from arch.univariate import arch_model
        from arch.utility.exceptions import ConvergenceWarning

        # arch's optimiser wants a scale near one; unit variance serves fractions and USD/t alike.
        scale = 1.0 / float(residual.std())
        model = arch_model(
            residual * scale, mean="Zero", vol="EGARCH" if kind == "egarch" else "GARCH", p=1,
            o=0 if kind == "garch" else 1, q=1,
            dist=dist, rescale=False,
        )  # fmt: skip
        with warnings.catch_warnings():
            # A failed fit is read off the flag below and reported; the warning would say it twice.
            warnings.simplefilter("ignore", ConvergenceWarning)
            result = model.fit(disp="off", show_warning=False)
        names = ["omega", "alpha[1]", "gamma[1]", "beta[1]"]
        values = {str(k): float(v) for k, v in result.params.items()}
        scaled = np.array([values.get(n, 0.0) for n in names])
        to_units = np.diag([scale**-2, 1.0, 1.0, 1.0])
        shift = np.zeros(4)
        if kind == "egarch":
            # ln h = ln h_scaled - 2 ln scale.
            shift[0] = -2.0 * math.log(scale)
            to_units[0] = [1.0, 0.0, 0.0, -shift[0]]
        coefficients = tuple(np.asarray(v) for v in to_units @ scaled + shift)
        known = [i for i, n in enumerate(names) if n in values]
        covariance = np.zeros((4, 4))
        block = result.param_cov.loc[[names[i] for i in known], [names[i] for i in known]].to_numpy()
        covariance[np.ix_(known, known)] = block
        return GarchFit(
            kind=kind,
            dist=dist,
            params=EgarchParams(*coefficients) if kind == "egarch" else GarchParams(*coefficients),
            shape=values.get("eta" if dist == "skewt" else "nu", math.nan),
            covariance=to_units @ covariance @ to_units.T,
            loglik=float(result.loglikelihood) + residual.size * math.log(scale),
            converged=int(result.convergence_flag) == 0,
            first_variance=float(result.conditional_volatility[0] ** 2) / scale**2,
            engine=f"arch {arch.__version__}",
        )
