"""The claims of an article as data: what it says, and which test would answer it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from pydantic import Field, field_validator

from eventstudy.domain.events import Event, make_event
from eventstudy.domain.instruments import instruments
from eventstudy.domain.windows import Offsets
from eventstudy.errors import InputError, UnknownNameError
from eventstudy.toml_file import TomlTable, read_toml
from eventstudy.volatility.cumulative import LONGEST

Kind = Literal[
    "identified", "unanticipated", "reaction", "swift", "volatility", "months", "relative", "premium", "uncertainty",
    "untestable",
]  # fmt: skip
Direction = Literal["up", "down", "any"]

#: What is measured for each kind, in words.
KIND_WORDS: dict[Kind, str] = {
    "identified": "the response stands out even among the sessions around the date",
    "unanticipated": "no drift in the sessions before the announcement",
    "reaction": "response over the window",
    "swift": "response over the first sessions, then drift",
    "volatility": "variance after day 0 against the variance expected before",
    "months": "response over months",
    "relative": "one group of producers against another",
    "premium": "change of the regional premium",
    "uncertainty": "variance raised, level not moved",
    "untestable": "no test",
}
#: Kinds whose effect is a variance multiple, 1 when nothing happened.
VARIANCE_KINDS = ("volatility", "uncertainty")
#: Windows of the kinds whose window does not follow the study's rule; a claim may name its own.
KIND_WINDOW: dict[Kind, Offsets] = {
    "unanticipated": (-5, -1),
    "volatility": (1, 10),
    "uncertainty": (1, 10),
    "months": (0, 62),
}
_UP = (*VARIANCE_KINDS, "relative")
#: Instruments of a claim that names none, in order: the world price, then a producer.
DEFAULT_INSTRUMENTS = ("LME-3M", "LME-CASH", "AA")
#: Windows end before this session: the gap between estimation and event.
ESTIMATION: Offsets = (-260, -11)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One thing that an article says, and the test that would answer it.

    Attributes
    ----------
    id, words : str
        Unique name, and the claim in plain words.
    kind : str
        Which test, see `KIND_WORDS`; ``untestable`` when prices cannot answer.
    direction : {"up", "down", "any"}
    instruments : tuple of str
        In order of preference: the first that the prices hold over the windows is measured.
    group, against : str
        Names of groups measured as equal-weighted portfolios; `against` is subtracted (``relative``).
    members, against_members : tuple of str
        Ids or selectors of the two groups.
    window : (int, int) or None
        Sessions; None: by kind, and by the study's rule ([0, 1], or [-1, 1] when the instant is ambiguous).
    estimation : (int, int)
        Sessions that estimate.
    at_least : float or None
        Smallest effect that would matter, unsigned, in the unit of the response (of a variance: a multiple above 1).
        None: the instrument's 1-in-20 move for that window.
    tags : tuple of str
    why : str
        Why prices cannot answer.
    """

    id: str
    words: str
    kind: Kind
    direction: Direction = "any"
    instruments: tuple[str, ...] = ()
    group: str = ""
    against: str = ""
    members: tuple[str, ...] = ()
    against_members: tuple[str, ...] = ()
    window: Offsets | None = None
    estimation: Offsets = ESTIMATION
    at_least: float | None = None
    tags: tuple[str, ...] = ()
    why: str = ""

    @property
    def candidates(self) -> tuple[str, ...]:
        """Ids of everything that this claim may measure, selectors resolved."""
        return instruments().select((*self.instruments, *self.members, *self.against_members))


@dataclass(frozen=True, kw_only=True)
class Claims:
    """An article: its title, what is known of it, and its claims in order.

    Attributes
    ----------
    title, about : str
    event : Event or None
        The announcement, when the article gives it a date.
    sourced, verified : bool
        Whether it names its sources, and whether anybody confirmed it.
    tags : tuple of str
    alpha : float
        Chance of any false verdict among all claims.
    claims : tuple of Claim
    """

    title: str
    claims: tuple[Claim, ...]
    about: str = ""
    event: Event | None = None
    sourced: bool = False
    verified: bool = False
    tags: tuple[str, ...] = ()
    alpha: float = 0.05

    def __len__(self) -> int:
        return len(self.claims)

    def __iter__(self) -> Iterator[Claim]:
        return iter(self.claims)

    def __getitem__(self, id: str) -> Claim:
        for claim in self.claims:
            if claim.id == id:
                return claim
        raise UnknownNameError("claim", id, [c.id for c in self.claims])

    @property
    def status(self) -> str:
        """``undated, unsourced, unverified``, as far as it applies."""
        lacks = {"undated": self.event is None, "unsourced": not self.sourced, "unverified": not self.verified}
        return ", ".join(word for word, true in lacks.items() if true) or "dated, sourced, verified"

    @property
    def candidates(self) -> tuple[str, ...]:
        """Ids of everything that the claims may measure."""
        return tuple(dict.fromkeys(i for c in self.claims for i in c.candidates))


# ---- the file


class ArticleSpec(TomlTable):
    """``[article]``: the text that makes the claims, in your own words."""

    title: str = Field(min_length=1)
    about: str = ""
    date: str | dt.date | None = None
    time: str | dt.time | None = None
    zone: str = "America/New_York"
    sourced: bool = False
    verified: bool = False
    tags: list[str] = Field(default_factory=list)

    def event(self) -> Event | None:
        """The announcement, when there is a date."""
        if self.date is None:
            return None
        time = self.time.isoformat(timespec="minutes") if isinstance(self.time, dt.time) else self.time
        return make_event(self.date, time=time, zone=self.zone, title=self.title, tags=self.tags)


class ClaimSpec(TomlTable):
    """``[[claim]]``: one claim and its test."""

    id: str = Field(min_length=1)
    words: str = Field(min_length=1)
    kind: Kind
    direction: Direction | None = None
    instruments: list[str] = Field(default_factory=list)
    group: str = ""
    against: str = ""
    window: list[int] | None = Field(default=None, min_length=2, max_length=2)
    estimation: list[int] = Field(default=list(ESTIMATION), min_length=2, max_length=2)
    at_least: float | None = Field(default=None, gt=0.0)
    tags: list[str] = Field(default_factory=list)
    why: str = ""

    @field_validator("at_least", mode="before")
    @classmethod
    def _whole_numbers_too(cls, value: object) -> object:
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    def wrong(self, groups: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
        """(key, sentence) of what does not fit the kind."""
        yield from self._wrong_test()
        yield from self._wrong_windows()
        for key in ("group", "against"):
            name = getattr(self, key)
            if name and name not in groups:
                yield key, str(UnknownNameError("group", name, groups, hint="(groups stand under [groups])"))
        try:
            instruments().select(self.instruments)
        except UnknownNameError as error:
            yield "instruments", str(error)

    def _wrong_test(self) -> Iterator[tuple[str, str]]:
        if self.kind == "untestable":
            if not self.why:
                yield "why", "a claim that prices cannot test must say why"
            return
        if self.why:
            yield "why", f"only a claim of kind 'untestable' says why not; this one is {self.kind!r}"
        if self.kind == "relative" and not (self.group and self.against):
            yield "kind", "a relative claim needs `group` and `against`, two names under [groups]"
        if self.kind != "relative" and self.against:
            yield "against", f"only a relative claim compares two groups; this one is {self.kind!r}"
        if self.group and self.instruments:
            yield "instruments", "name instruments or a group, not both"
        if self.group and self.group == self.against:
            yield "against", "a group cannot be compared with itself"
        if self.kind in VARIANCE_KINDS and self.direction not in (None, "up"):
            yield "direction", "the test of a variance is one-sided: direction is 'up', or left out"
        if self.kind == "unanticipated" and self.direction not in (None, "any"):
            yield "direction", "a claim of no drift has no direction; leave it out"
        if self.kind in VARIANCE_KINDS and self.at_least is not None and self.at_least <= 1.0:
            yield "at_least", f"a multiple of the expected variance above 1, such as 1.5, found {self.at_least:g}"

    def _wrong_windows(self) -> Iterator[tuple[str, str]]:
        for key, window in (("window", self.window), ("estimation", self.estimation)):
            if window is not None and window[0] > window[1]:
                yield key, f"{window} ends before it starts; write [first, last]"
        if self.estimation[1] >= -5 or (self.window is not None and self.window[0] <= self.estimation[1]):
            yield "estimation", f"{self.estimation} must end before session -5 and before the window"
        if self.kind == "swift" and self.window is not None:
            yield "window", "the first sessions are those of the study's rule, [0, 1] or [-1, 1]; leave it out"
        if self.kind in VARIANCE_KINDS and self.window and (self.window[0] != 1 or self.window[1] > LONGEST):
            last = min(max(self.window[1], 1), LONGEST)
            yield "window", f"volatility is measured on days 1 to L, at most {LONGEST}; write [1, {last}]"


class ClaimsSpec(TomlTable):
    """A whole claims file."""

    article: ArticleSpec
    alpha: float = Field(default=0.05, gt=0.0, lt=0.5)
    groups: dict[str, list[str]] = Field(default_factory=dict)
    claim: list[ClaimSpec] = Field(min_length=1)

    def mistakes(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Claims that do not fit their kind, ids that occur twice, groups nobody can be in."""
        for name, members in self.groups.items():
            if not members:
                yield ("groups", name), "a group needs members: ids or selectors"
            try:
                instruments().select(members)
            except UnknownNameError as error:
                yield ("groups", name), str(error)
        seen: set[str] = set()
        for row, one in enumerate(self.claim):
            if one.id in seen:
                yield ("claim", row, "id"), f"the id {one.id!r} occurs twice"
            seen.add(one.id)
            for key, words in one.wrong(self.groups):
                yield ("claim", row, key), words
        try:
            self.article.event()
        except InputError as error:
            yield ("article", "date"), str(error)


def read_claims(path: str | Path) -> Claims:
    """Read a claims file: what an article says, as tests.

    Parameters
    ----------
    path : str or Path
        TOML, see docs/reference/claims-file.md.

    Returns
    -------
    Claims
        For `judge_claims`.

    Raises
    ------
    FileFormatError
        When the file is missing, is no TOML, holds an unknown key or a wrong value, or when a claim does not fit its
        kind; the line is named.
    """
    spec = read_toml(Path(path), ClaimsSpec, "claims file")
    article = spec.article
    return Claims(
        title=article.title, about=article.about, event=article.event(), sourced=article.sourced,
        verified=article.verified, tags=tuple(article.tags), alpha=spec.alpha,
        claims=tuple(_claim(one, spec.groups) for one in spec.claim),
    )  # fmt: skip


def _claim(spec: ClaimSpec, groups: Mapping[str, Sequence[str]]) -> Claim:
    named: tuple[str, ...] = tuple(spec.instruments)
    if spec.kind != "untestable" and not named and not spec.group:
        named = ("role:premium",) if spec.kind == "premium" else DEFAULT_INSTRUMENTS
    return Claim(
        id=spec.id, words=spec.words, kind=spec.kind, direction=spec.direction or default_direction(spec.kind),
        instruments=named, group=spec.group, against=spec.against, members=tuple(groups.get(spec.group, ())),
        against_members=tuple(groups.get(spec.against, ())),
        window=(spec.window[0], spec.window[1]) if spec.window else KIND_WINDOW.get(spec.kind),
        estimation=(spec.estimation[0], spec.estimation[1]), at_least=spec.at_least, tags=tuple(spec.tags),
        why=spec.why,
    )  # fmt: skip


def default_direction(kind: Kind) -> Direction:
    """``up`` for variances and comparisons, else ``any``."""
    return "up" if kind in _UP else "any"


# ---- claims without a file

_SAYINGS: dict[str, tuple[Kind, Direction, str]] = {
    "moved": ("reaction", "any", "prices moved"),
    "rose": ("reaction", "up", "prices rose"),
    "fell": ("reaction", "down", "prices fell"),
    "identified": ("identified", "any", "the date can be told from the prices"),
    "shock": ("unanticipated", "any", "nobody saw it coming"),
    "swift": ("swift", "any", "markets reacted swiftly"),
    "volatile": ("volatility", "up", "prices were volatile"),
    "uncertain": ("uncertainty", "up", "it raised uncertainty rather than moved the level"),
    "lasting": ("months", "any", "the effect lasts for months"),
    "premium": ("premium", "any", "the regional premium moved"),
}
SAYINGS: tuple[str, ...] = tuple(_SAYINGS)


def claims_saying(says: Sequence[str], *, instruments: Sequence[str] = (), alpha: float = 0.05) -> Claims:
    """Claims in a word each, without a file.

    Parameters
    ----------
    says : sequence of str
        Any of ``moved``, ``rose``, ``fell``, ``identified``, ``shock``, ``swift``, ``volatile``, ``uncertain``,
        ``lasting``, ``premium``.
    instruments : sequence of str
        In order of preference; empty: the LME price, else Alcoa.
    alpha : float
        Chance of any false verdict among all claims.

    Raises
    ------
    UnknownNameError
        With the known words.
    InputError
        When no word is given, or one twice.

    Examples
    --------
    >>> [c.kind for c in claims_saying(["swift", "volatile"])]
    ['swift', 'volatility']
    """
    if not says or len(set(says)) < len(says):
        raise InputError(f"say at least one of {', '.join(SAYINGS)}, each once")
    made = []
    for word in says:
        if word not in _SAYINGS:
            raise UnknownNameError("saying", word, SAYINGS, hint=f"(all of them: {', '.join(SAYINGS)})")
        kind, direction, words = _SAYINGS[word]
        named = tuple(instruments) or (("role:premium",) if kind == "premium" else DEFAULT_INSTRUMENTS)
        made.append(
            Claim(id=word, words=words, kind=kind, direction=direction, instruments=named, window=KIND_WINDOW.get(kind))
        )
    return Claims(title=", ".join(says), claims=tuple(made), alpha=alpha)


def kinds() -> tuple[Kind, ...]:
    """Every kind of claim, in order."""
    return get_args(Kind)
