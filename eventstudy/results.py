"""Test results that can say "not applicable", and the registries that list what the package offers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Generic, TypeVar

import pandas as pd

from eventstudy._typing import Alternative, Record
from eventstudy.errors import InputError, UnknownNameError

NAN = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """One statistic on one window, of one pair or across pairs.

    Attributes
    ----------
    event, instrument : str or None
        The pair; None for a statistic across pairs (`event` is kept when all pairs share it).
    window : (int, int)
        Sessions, both ends included.
    statistic : str
        Registry key.
    estimate : float
        Effect, in `unit`; NaN when inapplicable.
    unit : str
    se, low, high : float
        Standard error and 95% interval of the effect, in `unit`; NaN when the method has none.
    value, pvalue : float
        The statistic and its p-value, two-sided unless `alternative` says otherwise.
    smallest_p : float
        Smallest p the method can reach; 0 for a continuous law.
    distribution : str
        Reference law in words.
    dof : float
        Degrees of freedom of a Student or chi-squared law; inf for the normal, NaN where p is a rank or exact.
    n_pairs, n_dates : int
        Pairs, and distinct event dates among them.
    share_positive, median : float
        Share of pairs whose cumulative response is above zero, and the median of those responses in the unit of the
        response; NaN for a statistic of one pair.
    reason : str
        Why the statistic does not exist here; the numbers are then NaN.
    """

    __test__ = False  # not a test case: pytest would collect the name

    event: str | None
    instrument: str | None
    window: tuple[int, int]
    statistic: str
    estimate: float = NAN
    unit: str = ""
    se: float = NAN
    low: float = NAN
    high: float = NAN
    value: float = NAN
    pvalue: float = NAN
    smallest_p: float = NAN
    distribution: str = ""
    dof: float = NAN
    alternative: Alternative = "two-sided"
    n_pairs: int = 0
    n_dates: int = 0
    share_positive: float = NAN
    median: float = NAN
    reason: str = ""

    @property
    def applicable(self) -> bool:
        """Whether there is a number."""
        return not self.reason

    def to_record(self) -> Record:
        """Plain dict, with ``window`` as ``[first, last]`` and ``p`` for the p-value."""
        record = asdict(self)
        record["window"] = list(self.window)
        record["p"] = record.pop("pvalue")
        return record


class TestTable(Sequence[TestResult]):
    """Ordered results; `to_frame` is tidy, one row a (pair, window, statistic)."""

    __test__ = False

    def __init__(self, results: Iterable[TestResult]) -> None:
        self._results = tuple(results)

    def __getitem__(self, index: int) -> TestResult:  # type: ignore[override]  # no slices: use where()
        return self._results[index]

    def __len__(self) -> int:
        return len(self._results)

    def __iter__(self) -> Iterator[TestResult]:
        return iter(self._results)

    def __repr__(self) -> str:
        return f"TestTable({len(self)} results)"

    def where(
        self,
        *,
        statistic: str | None = None,
        window: tuple[int, int] | None = None,
        event: str | None = None,
        instrument: str | None = None,
    ) -> TestTable:
        """The results that match every given key."""
        return TestTable(
            r
            for r in self
            if (statistic is None or r.statistic == statistic)
            and (window is None or r.window == window)
            and (event is None or r.event == event)
            and (instrument is None or r.instrument == instrument)
        )

    def one(
        self,
        *,
        statistic: str | None = None,
        window: tuple[int, int] | None = None,
        event: str | None = None,
        instrument: str | None = None,
    ) -> TestResult:
        """The only result that matches.

        Raises
        ------
        InputError
            When none or several match.
        """
        hits = self.where(statistic=statistic, window=window, event=event, instrument=instrument)
        if len(hits) != 1:
            raise InputError(
                f"{len(hits)} results match statistic={statistic!r}, window={window!r}, event={event!r}, "
                f"instrument={instrument!r}; name all four"
            )
        return hits[0]

    def to_frame(self) -> pd.DataFrame:
        """Columns as the attributes of `TestResult`, with ``p`` for the p-value."""
        columns = ["p" if f.name == "pvalue" else f.name for f in fields(TestResult)]
        return pd.DataFrame([r.to_record() for r in self], columns=columns)

    def to_markdown(self) -> str:
        """Rounded pipe table, one row a test; columns in which nothing stands are left out.

        Raises
        ------
        InputError
            When there is no test.
        """
        from eventstudy.report.export import markdown

        return markdown(self)

    def to_latex(self, *, caption: str = "", label: str = "") -> str:
        """Rounded booktabs table, one row a test; columns in which nothing stands are left out.

        Parameters
        ----------
        caption, label : str
            Left out when empty.

        Raises
        ------
        InputError
            When there is no test.
        """
        from eventstudy.report.export import latex

        return latex(self, caption=caption, label=label)


T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Generic[T]):
    """One registered thing: the object and the words about it.

    Attributes
    ----------
    key, title : str
    obj : object
        The function or class.
    facts : dict
        Null, assumptions, reference and the like, for listings and footnotes.
    """

    key: str
    title: str
    obj: T
    facts: dict[str, str]


class Registry(Generic[T]):
    """Ordered entries by key; an unknown key names its nearest neighbours."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Entry[T]] = {}

    def register(self, key: str, title: str, **facts: str) -> Callable[[T], T]:
        """Decorator that files a function or class under `key`."""

        def add(obj: T) -> T:
            if key in self._entries:
                raise InputError(f"{self.kind} {key!r} is registered twice")
            self._entries[key] = Entry(key=key, title=title, obj=obj, facts=facts)
            return obj

        return add

    def __getitem__(self, key: str) -> Entry[T]:
        if key not in self._entries:
            raise UnknownNameError(self.kind, key, self._entries)
        return self._entries[key]

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[Entry[T]]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)
