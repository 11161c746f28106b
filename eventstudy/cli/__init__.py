"""The ``eventstudy`` command: the only package that prints. One module a group of commands."""

# Importing a module files its commands in the application.
from eventstudy.cli import (
    calibrate,
    calibrate_variance,
    check,
    claims,
    fetch,
    listings,
    report,
    verbs,
    verify,
    volatility,
)
from eventstudy.cli.app import app, main

__all__ = [
    "app", "calibrate", "calibrate_variance", "check", "claims", "fetch", "listings", "main", "report", "verbs",
    "verify", "volatility",
]  # fmt: skip
