"""The unit of time of a result: a day of daily prices, or a bar: what sentences, tables and pictures call it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

#: Quoted titles are nobody's words to change.
_QUOTED = "“[^”]*”"
#: A session of trading, and the days in sentences of ours that count sessions: "day 0", "days 1 to 10", "days after".
#: Days of the calendar stay: "17 days later", "the pattern of the day".
_COUNTED = (
    r"\b(?P<session>[Ss]essions?)\b"
    r"|\b(?P<first>[Dd]ays?)\b(?=\s+(?:[-+]?\d|(?:before|after|by\s+day|back|of\s+return|of\s+the\s+largest|lie\s+above|as\s+turbulent)\b)"
    r"|'s\s+(?:abnormal|response|std))"
    r"|\b(?P<lead>(?:by|from|raised|undisturbed|updated\s+every|on\s+that|its\s+first|turbulent|volatility\s+of\s+a|\d\s+a)\s+)(?P<second>days?)\b"
    r"|\A(?P<alone>[Dd]ay)\Z"
)


@dataclass(frozen=True, slots=True)
class TimeUnit:
    """What one step of a result's time is called.

    Attributes
    ----------
    minutes : int or None
        Length of a bar; None: daily prices.
    """

    minutes: int | None = None

    def words(self, text: str, names: Iterable[str] = ()) -> str:
        """A sentence, label or heading of ours in this unit; of daily prices as it is.

        Parameters
        ----------
        text : str
            In days and sessions.
        names : iterable of str
            Titles and names inside it that stay as they are; whatever stands in “” stays too.

        Examples
        --------
        >>> TimeUnit(60).words("Volatility on days 1 to 10, against the 20 sessions before; 17 days later")
        'Volatility on bars 1 to 10, against the 20 bars before; 17 days later'
        >>> TimeUnit().words("day 0")
        'day 0'
        """
        if self.minutes is None:
            return text
        longest_first = sorted({name for name in names if name}, key=lambda name: (-len(name), name))
        # A sentence may have been wrapped inside a name.
        kept = "|".join([_QUOTED, *(r"\s+".join(map(re.escape, name.split())) for name in longest_first)])
        return re.sub(f"(?P<kept>{kept})|{_COUNTED}", _in_bars, text)


#: Results of daily prices.
DAILY = TimeUnit()


def _in_bars(match: re.Match[str]) -> str:
    if match["kept"] is not None:
        return match[0]
    word = match["session"] or match["first"] or match["second"] or match["alone"]
    return (match["lead"] or "") + ("Bar" if word[0].isupper() else "bar") + ("s" if word.endswith("s") else "")
