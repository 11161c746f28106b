"""Result of a robustness grid: its cells, the share of them that agree, the joint p, and the sentence."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from eventstudy._typing import FloatArray, Record
from eventstudy.domain.time_unit import TimeUnit
from eventstudy.domain.windows import Offsets
from eventstudy.provenance import Provenance
from eventstudy.verdict import effect, p_words, window_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """One cell of the grid and what it says about the event.

    Attributes
    ----------
    window, estimation : (int, int)
    model, test : str
        Model in words; registry key of the statistic.
    estimate, low, high : float
        NaN where the statistic refused.
    pvalue : float
    reason : str
        Why there is no number.
    """

    window: Offsets
    model: str
    estimation: Offsets
    test: str
    estimate: float
    low: float
    high: float
    pvalue: float
    reason: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Robustness:
    """The specification curve of one event on one series.

    Attributes
    ----------
    event, title, instrument, name, unit : str
    alpha : float
    specifications : tuple of Specification
        In the order model, estimation, window, test.
    median_p : float
        Median p over the cells that have one.
    significant : float
        Share of them at or below alpha.
    same_sign : float
        Share of them whose estimate has the sign of the median estimate.
    pvalue : float
        Joint: the larger of `p_all` and `p_local`.
    p_all, p_local : float
        Rank of the grid's median p among the medians of the same grid at placebo dates: over all cells, and over those
        whose test knows how turbulent the days before were (`IN_TURBULENCE`; NaN without any). The first rejects a true
        null in 15 of 100 where the variance quadrupled before the event, the second does not.
    smallest_p : float
        ``1 / (1 + placebos)``.
    placebo_dates : tuple of str
        Dates at which the whole grid was run again.
    placebo_medians : ndarray, shape (placebos,)
    provenance : Provenance
    minutes : int or None
        Length of a bar of intraday prices; None: daily prices.
    """

    event: str
    title: str
    instrument: str
    name: str
    unit: str
    alpha: float
    specifications: tuple[Specification, ...]
    median_p: float
    significant: float
    same_sign: float
    pvalue: float
    p_all: float
    p_local: float
    smallest_p: float
    placebo_dates: tuple[str, ...]
    placebo_medians: FloatArray
    provenance: Provenance
    minutes: int | None = None

    def __repr__(self) -> str:
        return f"Robustness({self.event} on {self.instrument}, {len(self.specifications)} cells, p {self.pvalue:.3g})"

    def to_frame(self) -> pd.DataFrame:
        """One row a cell: window, model, estimation, test, estimate, low, high, p, reason."""
        return pd.DataFrame([asdict(s) for s in self.specifications]).rename(columns={"pvalue": "p"})

    def to_record(self) -> Record:
        """Plain dict for JSON, ``p`` for the joint p-value."""
        record = {
            k: getattr(self, k)
            for k in self.__dataclass_fields__
            if k not in ("placebo_medians", "placebo_dates", "pvalue", "provenance", "minutes")
        }
        cells = [{("p" if k == "pvalue" else k): v for k, v in asdict(s).items()} for s in self.specifications]
        more = {"p": self.pvalue, "placebos": int(self.placebo_medians.size), "sentence": self.sentence}
        return record | {"specifications": cells} | more | {"provenance": self.provenance.to_record()}

    @property
    def sentence(self) -> str:
        """What the grid says, in one sentence."""
        cells = [s for s in self.specifications if not s.reason]
        estimates = [s.estimate for s in cells]
        return TimeUnit(self.minutes).words(
            f"Around “{self.title}”, {self.name}: {len(cells)} specifications give estimates from "
            f"{effect(min(estimates), self.unit)} to {effect(max(estimates), self.unit)}, {self.same_sign:.0%} of one "
            f"sign, {self.significant:.0%} significant at {self.alpha:g}, median {p_words(self.median_p)}; the same "
            f"grid at {self.placebo_medians.size} placebo dates gives a median as small with {p_words(self.pvalue)} "
            f"(smallest possible {self.smallest_p:.3g}).{self._turbulence}",
            names=[self.name],
        )

    @property
    def _turbulence(self) -> str:
        """What of the joint p hangs on how turbulent the days before were."""
        if math.isnan(self.p_local):
            return " No test of the grid knows how turbulent the days before were: if more than usual, p is too small."
        if self.p_all < self.p_local:
            return f" That is by its tests in units of the days before; all together give {p_words(self.p_all)}."
        return ""

    def summary(self) -> str:
        """Sentence and the share of significant cells by each choice, as text."""
        lines = [self.sentence, ""]
        frame = self.to_frame()
        frame = frame[frame["reason"] == ""]
        for choice in ("window", "model", "estimation", "test"):
            for value, part in frame.groupby(choice, sort=False):
                words = window_words(part["window"].iloc[0]) if choice == "window" else str(value)
                words = TimeUnit(self.minutes).words(words)
                share = float((part["p"] <= self.alpha).mean())
                lines.append(f"{choice:>10}  {words:<28} median p {part['p'].median():.3f}, {share:.0%} significant")
        return "\n".join(lines)

    def plot(self, ax: Any = None) -> Any:
        """Specification curve: estimates in order, coloured by significance, on matplotlib axes `ax` or its own."""
        from eventstudy.report.verb_plots import specification_curve

        return specification_curve(self, ax)

    def report(self, path: str) -> None:
        """Write the self-contained HTML page to `path`.

        Raises
        ------
        InputError
            When the folder is missing or cannot be written; nothing is left half-written.
        """
        from eventstudy.report.verb_page import write_robustness_page

        write_robustness_page(self, path)

    def _repr_html_(self) -> str:
        return f"<p>{self.sentence}</p>{self.to_frame().to_html(index=False, border=0)}"
