"""``python -m eventstudy`` is the ``eventstudy`` command."""

from eventstudy.cli import main

main()
