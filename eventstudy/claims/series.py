"""The series and the study behind each claim; claims that share a study run it once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import pandas as pd

from eventstudy.claims.file import VARIANCE_KINDS, Claim
from eventstudy.claims.measure import AROUND, Measured
from eventstudy.domain.events import Event, EventTable, catalog
from eventstudy.domain.instruments import Instrument, InstrumentTable, instruments
from eventstudy.domain.prices import PriceTable, build_table
from eventstudy.domain.windows import EventWindow, Offsets, Outcome
from eventstudy.errors import InputError
from eventstudy.inference.seen import Injections
from eventstudy.inference.speed import HORIZON
from eventstudy.models.base import ExpectedReturn
from eventstudy.models.benchmarks import ConstantMean
from eventstudy.models.regression import MarketModel
from eventstudy.pairs import prepare_series
from eventstudy.study import Study, StudyResult
from eventstudy.volatility.base import GarchResponse


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What all claims of one judgement share."""

    prices: PriceTable
    event: Event
    others: EventTable | None
    model: ExpectedReturn | None
    volatility: GarchResponse
    alpha: float
    seed: int
    allow_unusable: bool


def measure_claims(claims: Iterable[Claim], setting: Setting) -> list[Measured | str]:
    """Every claim with its pair, or the reason why it has none; claims that share a study run it once."""
    done: dict[tuple[object, ...], tuple[StudyResult, Added]] = {}

    def run(name: str, claim: Claim, prices: PriceTable) -> tuple[StudyResult, Added]:
        study = _study(name, claim, prices, setting)
        key = (name, study.window, study.statistics)
        if key not in done:
            found = study.run(prices, _everywhere(setting.event), others=setting.others, keep_injections=True)
            # What is needed at other levels goes to the claims alone: the study outlives them.
            added: Added = {}
            added.update((found.primary, one) for one in found.injections.values())
            done[key] = replace(found, injections={}), added
        return done[key]

    return [_measure(claim, setting, run) for claim in claims]


#: Window -> the verdict's test at placebo dates, of one pair.
Added = dict[Offsets, Injections | str]
Run = Callable[[str, Claim, PriceTable], tuple[StudyResult, Added]]


def _measure(claim: Claim, setting: Setting, run: Run) -> Measured | str:
    if claim.kind == "untestable":
        return claim.why
    if claim.kind == "months" and setting.prices.minutes is not None:
        return "a response over months is measured on daily prices, and these are intraday bars"
    if claim.members:
        return _measure_group(claim, setting, run)
    names = instruments().select(claim.instruments)
    reasons: list[str] = []
    for name in names:
        if not setting.prices.provides(name):
            reasons.append(f"{name} is not among the prices")
            continue
        result, added = run(name, claim, setting.prices)
        if result.used:
            first = (f"{'; '.join(reasons)}: {name} stands in",) if reasons else ()
            others = _other_sessions(name, setting.prices, result, setting)
            return Measured(claim=claim, result=result, notes=first, others=others, added=added)
        reasons.append(f"{name}: {result.outcomes[0].detail or result.outcomes[0].outcome.value}")
    return "; ".join(reasons)


def _measure_group(claim: Claim, setting: Setting, run: Run) -> Measured | str:
    sides: list[tuple[str, ...]] = []
    notes: list[str] = []
    clock: tuple[str, str] | None = None
    for name, members in ((claim.group, claim.members), (claim.against, claim.against_members)):
        if not members:
            continue
        used, left = _usable(members, claim, setting, clock)
        if not used:
            return f"no series of the group {name!r}: {'; '.join(left)}"
        clock = clock or _clock(setting.prices, used[0])
        sides.append(used)
        if left:
            notes.append(f"in {name}: {', '.join(used)}; left out: {'; '.join(left)}")
    series = claim.group + (f" minus {claim.against}" if claim.against else "")
    try:
        prices = with_difference(setting.prices, series, sides[0], sides[1] if len(sides) > 1 else ())
    except InputError as error:
        return str(error)
    result, added = run(series, claim, prices)
    if not result.used:
        return f"{series}: {result.outcomes[0].detail or result.outcomes[0].outcome.value}"
    others = _other_sessions(series, prices, result, setting)
    return Measured(claim=claim, result=result, notes=tuple(notes), members=tuple(sides), others=others, added=added)


def _clock(prices: PriceTable, name: str) -> tuple[str, str]:
    one = prices.instruments[name]
    return one.tz, one.stamp


def _usable(
    members: tuple[str, ...], claim: Claim, setting: Setting, clock: tuple[str, str] | None
) -> tuple[tuple[str, ...], list[str]]:
    """Members with prices over the windows, struck at one clock time; and why the others are not."""
    used: list[str] = []
    left: list[str] = []
    for name in instruments().select(members):
        if name not in setting.prices:
            left.append(f"{name} is not among the prices")
            continue
        if setting.prices.instruments[name].change not in ("log", "simple"):
            left.append(f"{name} has no returns")
            continue
        quiet = replace(_study(name, claim, setting.prices, setting), volatility=None, statistics=())
        outcome = quiet.run(setting.prices, _everywhere(setting.event), others=setting.others).outcomes[0]
        if outcome.outcome is not Outcome.USED:
            left.append(f"{name}: {outcome.detail or outcome.outcome.value}")
        elif _clock(setting.prices, name) != (clock or _clock(setting.prices, (used or [name])[0])):
            left.append(f"{name} is struck at another clock time")
        else:
            used.append(name)
    return tuple(used), left


def with_difference(prices: PriceTable, id: str, plus: tuple[str, ...], minus: tuple[str, ...] = ()) -> PriceTable:
    """A table with one more series: the mean simple return of `plus`, less that of `minus`.

    One date then is one observation, whatever the number of members. Days on which a member has no price are left out,
    and returns span them. The series is made of ready returns (``as_is``), daily rebalanced.

    Raises
    ------
    InputError
        When the id is taken, or the members share no two days.
    """
    if id in prices:
        raise InputError(f"the id {id!r} of a group is an instrument's; rename the group")
    levels = prices.frame[[*plus, *minus]].dropna()
    if len(levels) < 2:
        raise InputError(f"{id}: {', '.join([*plus, *minus])} share {len(levels)} days")
    simple = levels / levels.shift(1) - 1.0
    series = simple[list(plus)].mean(axis=1)
    if minus:
        series = series - simple[list(minus)].mean(axis=1)
    first = prices.instruments[plus[0]]
    words = ", ".join(plus) + (f" minus {', '.join(minus)}" if minus else "")
    one = Instrument(
        id=id, name=words, role="stock", unit="fraction", change="as_is", exchange=first.exchange, tz=first.tz,
        stamp=first.stamp, benchmark=first.benchmark, stamp_assumed=first.stamp_assumed,
    )  # fmt: skip
    frame = pd.DataFrame({id: series.iloc[1:]})
    return prices.joined(build_table(frame, InstrumentTable([one]), origins=(), minutes=prices.minutes))


def _other_sessions(name: str, prices: PriceTable, result: StudyResult, setting: Setting) -> tuple[int, ...]:
    """Sessions of other announcements relative to day 0, over the whole series."""
    study = result.study
    context = catalog() if setting.others is None else setting.others
    prepared = prepare_series(
        prices, name, study.model, study.window, returns=study.returns, calendar=study.calendar,
        studied=result.events.values(), others=context,
    )  # fmt: skip
    position = result.day0[0].position
    assert position is not None
    return tuple(row - position for id, row in prepared.other_rows.items() if id != result.used[0].event)


def _everywhere(event: Event) -> Event:
    """The event without instruments of its own: claims name theirs."""
    return replace(event, instruments=())


def _study(name: str, claim: Claim, prices: PriceTable, setting: Setting) -> Study:
    window = claim.window or (0, 1)
    first = max(claim.estimation[1] + 1, min(-AROUND - 1, window[0] - AROUND))
    last = window[1] if claim.kind in VARIANCE_KINDS else max(HORIZON, window[1])
    return Study(
        instruments=(name,),
        model=_model(name, prices, setting.model),
        window=EventWindow(
            primary=None if claim.kind in VARIANCE_KINDS else claim.window,
            event=(first, max(last, 1)), estimation=claim.estimation, windows=(),
        ),
        volatility=setting.volatility,
        statistics=("verdict",) if claim.kind in VARIANCE_KINDS else ("placebo_dates", "verdict"),
        alpha=setting.alpha,
        seed=setting.seed,
        allow_unusable=setting.allow_unusable,
    )  # fmt: skip


def _model(name: str, prices: PriceTable, named: ExpectedReturn | None) -> ExpectedReturn:
    """The model that was named; else the market model, and the constant mean without a benchmark among the prices."""
    if named is not None:
        return named
    known = prices.instruments.get(name) or instruments().get(name)
    there = known is not None and all(prices.provides(b) for b in known.benchmark)
    return MarketModel() if there else ConstantMean()
