"""Where to look for a date when an article gives none: one scan for each kind of reaction that it claims."""

from __future__ import annotations

from dataclasses import dataclass

from eventstudy.claims.file import VARIANCE_KINDS, Claims
from eventstudy.domain.events import EventTable
from eventstudy.domain.instruments import instruments
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.windows import Offsets
from eventstudy.errors import InputError, NothingUsableError
from eventstudy.inference.search import Kind, Sign
from eventstudy.models.base import ExpectedReturn
from eventstudy.models.benchmarks import ConstantMean
from eventstudy.models.regression import MarketModel
from eventstudy.verbs.scan import scan
from eventstudy.verbs.scan_result import Scan
from eventstudy.volatility.base import GarchResponse

#: Kinds of claims that a single date can show.
_AT_A_DATE = ("identified", "reaction", "swift", "premium", *VARIANCE_KINDS)


@dataclass(frozen=True, slots=True)
class Search:
    """One scan: the kind of reaction that some claims share, and the instruments in order of preference."""

    instruments: tuple[str, ...]
    kind: Kind
    sign: Sign
    window: Offsets

    def command(self, instrument: str, start: str) -> str:
        """The scan on the command line."""
        more = " --kind volatility" if self.kind == "volatility" else f" --window={self.window[0]},{self.window[1]}"
        more += f" --sign {self.sign}" if self.sign != "any" else ""
        return f"eventstudy scan {instrument} --from {start}{more}"


def searches(claims: Claims) -> tuple[Search, ...]:
    """Scans that the claims about instruments (not groups) need, each once, in their order."""
    found = []
    for claim in claims:
        if claim.kind not in _AT_A_DATE or not claim.instruments:
            continue
        variance = claim.kind in VARIANCE_KINDS
        kind: Kind = "volatility" if variance else "return"
        sign: Sign = "any" if variance else claim.direction
        found.append(Search(claim.instruments, kind, sign, claim.window or ((1, 10) if variance else (0, 1))))
    return tuple(dict.fromkeys(found))


def scan_commands(claims: Claims, start: str = "YYYY-MM-DD") -> tuple[str, ...]:
    """Commands that look for a date with the reactions claimed."""
    return tuple(s.command(instruments().select(s.instruments)[0], start) for s in searches(claims))


def look_for_dates(
    claims: Claims,
    prices: PriceTable,
    span: tuple[str, str | None],
    *,
    model: ExpectedReturn | None,
    volatility: GarchResponse,
    alpha: float,
    seed: int,
    others: EventTable | None,
) -> tuple[tuple[Scan, ...], tuple[str, ...]]:
    """Run the scans with one error rate for all of them (alpha over their number), and why some could not be run."""
    scans: list[Scan] = []
    refused: list[str] = []
    wanted = searches(claims)
    for search in wanted:
        asked = instruments().select(search.instruments)
        names = [i for i in asked if prices.provides(i)]
        if not names:
            refused.append(f"no scan of {' or '.join(asked)}: not among the prices")
            continue
        record = prices.instruments.get(names[0]) or instruments()[names[0]]
        usual = MarketModel() if all(prices.provides(b) for b in record.benchmark) else ConstantMean()
        try:
            scans.append(
                scan(
                    prices, names[0], start=span[0], end=span[1], kind=search.kind, sign=search.sign,
                    window=search.window, model=model or usual, volatility=volatility, alpha=alpha / len(wanted),
                    draws=max(volatility.draws, 1999), seed=seed, events=others,
                )
            )  # fmt: skip
        except (InputError, NothingUsableError) as error:
            refused.append(f"no scan of {names[0]}: {error}")
    return tuple(scans), tuple(refused)
