"""Expected-return models: specs that fit an aligned sample and return a separate, frozen result."""

# Importing a module files its models in the registry of base.py.
from eventstudy.models import benchmarks, factors, regression, robust, synthetic, thin

__all__ = ["benchmarks", "factors", "regression", "robust", "synthetic", "thin"]
