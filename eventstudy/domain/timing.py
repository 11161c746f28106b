"""Which benchmarks are struck later than the instrument that they explain, and by how much."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from eventstudy.domain.instruments import Instrument

#: Prices struck this close to each other count as simultaneous.
SIMULTANEOUS = dt.timedelta(minutes=10)
#: A winter and a summer day: zones change their clocks on different dates, and one of the two shows the larger gap.
_DAYS = (dt.date(2019, 1, 15), dt.date(2019, 7, 16))


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterMarket:
    """A benchmark whose price of a date is struck after the instrument's.

    Attributes
    ----------
    instrument, benchmark : str
    hours : float
        How much later, at most over the year.
    lagged : bool
        Whether the model also uses the benchmark's session before.
    index : str
        An index of the instrument's own market; ``""`` when none is known.
    """

    instrument: str
    benchmark: str
    hours: float
    lagged: bool
    index: str = ""

    @property
    def words(self) -> str:
        """What it means, and what can be done."""
        text = f"{self.benchmark} is struck up to {self.hours:.1f} hours after {self.instrument}: its return of a date "
        text += f"holds news that {self.instrument} shows on the next. "
        if self.lagged:
            text += "It is used with its session before. "
        else:
            text += "Nothing is done about it: --model lagged_market uses its session before as well. "
        index = f"an index of the same market ({self.index})" if self.index else "an index of the same market"
        return f"{text}Or name {index} with --market, or judge two sessions with --primary 0,1."


def later_markets(instrument: Instrument, benchmarks: Iterable[Instrument], *, lagged: bool) -> tuple[LaterMarket, ...]:
    """Those of `benchmarks` that are struck after the instrument on the same date.

    Examples
    --------
    >>> from eventstudy.domain.instruments import instruments
    >>> known = instruments()
    >>> [late] = later_markets(known["NHY.OL"], [known["SPY"]], lagged=True)
    >>> late.hours
    5.7
    >>> later_markets(known["AA"], [known["SPY"]], lagged=False)
    ()
    """
    found = []
    for one in benchmarks:
        gaps = [one.struck_at(day) - instrument.struck_at(day) for day in _DAYS]
        if max(gaps) > SIMULTANEOUS:
            hours = round(max(gaps) / dt.timedelta(hours=1), 1)
            found.append(
                LaterMarket(
                    instrument=instrument.id, benchmark=one.id, hours=hours, lagged=lagged, index=instrument.local_index
                )
            )
    return tuple(found)
