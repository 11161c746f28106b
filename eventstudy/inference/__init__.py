"""Statistics: each one function in a registry, with its null, its assumptions and its source."""

# Importing a module files its statistics in the registries of base.py.
from eventstudy.inference import (
    conformal,
    descriptive,
    garch_panel,
    held,
    matched,
    nonparametric,
    own_scale,
    parametric,
    resampling,
    single,
    small_n,
    variance,
)

__all__ = [
    "conformal",
    "descriptive",
    "garch_panel",
    "held",
    "matched",
    "nonparametric",
    "own_scale",
    "parametric",
    "resampling",
    "single",
    "small_n",
    "variance",
]
