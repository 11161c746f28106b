"""Statistics: each one function in a registry, with its null, its assumptions and its source."""

# Importing a module files its statistics in the registries of base.py.
from eventstudy.inference import descriptive, nonparametric, parametric, resampling, single, variance

__all__ = ["descriptive", "nonparametric", "parametric", "resampling", "single", "variance"]
