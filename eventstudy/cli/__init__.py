"""The ``eventstudy`` command: the only package that prints. One module a group of commands."""

# Importing a module files its commands in the application.
from eventstudy.cli import listings, report
from eventstudy.cli.app import app, main

__all__ = ["app", "listings", "main", "report"]
