"""Synthetic control: the weighted donors that moved like the instrument while nothing was announced."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from typing import Literal, Self

import numpy as np

from eventstudy._typing import BoolArray, FloatArray, IntArray
from eventstudy.domain.align import AlignedSample, ResponseSeries
from eventstudy.domain.instruments import Instrument
from eventstudy.domain.prices import PriceTable
from eventstudy.domain.quality import frozen_rows
from eventstudy.domain.windows import Offsets
from eventstudy.errors import InputError
from eventstudy.kernels.resample import complete_windows, rank_pvalue, window_sums
from eventstudy.kernels.weights import simplex_weights
from eventstudy.models.base import (
    MODELS,
    FittedModel,
    Ids,
    OnBenchmarks,
    Surroundings,
    around,
    as_ids,
    knowing,
    spread_about_zero,
    without_forecast_error,
)

#: A donor whose own move around the event is this rare inside its estimation window was hit itself.
MOVED = 0.10
#: Weights below this are rounding.
NO_WEIGHT = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class DonorEffect:
    """What the effect of one pair becomes without one donor.

    Attributes
    ----------
    event, instrument : str
        The pair.
    left_out : str
        The donor; empty for the effect with all donors.
    weight : float
        Its weight in the full fit.
    effect : float
        Sum of response minus expectation over the window; NaN where no donor is left.
    sigma : float
        Residual spread over the estimation window without it: how much worse the rest fits.
    """

    event: str
    instrument: str
    left_out: str
    weight: float
    effect: float
    sigma: float


@MODELS.register(
    "synthetic_control",
    "synthetic control",
    formula="E[R] = sum of w_j R_j, w >= 0, sum of w = 1, least squares over the estimation window",
    assumptions="donors share the instrument's risks and were not hit themselves; donors are screened by their own "
    "move around the event, never by the instrument's",
    needs="one donor that did not move, freeze or lack responses; 2 more estimation sessions than weighted donors",
    benchmarks="donors",
    residuals="not linear in R",
    reference="Abadie, Diamond & Hainmueller (2010), JASA 105:493-505; "
    "Castro-Iragorri (2019), Finance Research Letters 30:1-7",
)
@dataclass(frozen=True, slots=True, init=False)
class SyntheticControl(OnBenchmarks):
    """Expected response is a portfolio of donors, chosen on the estimation window.

    A donor is left out of a pair, and named in its note, when

    - it lacks a response on a session on which the instrument has one;
    - its price was frozen (repeated for ten sessions or more) around the event, or through most of the estimation
      window;
    - it moved around the event itself: its summed response less its mean over `screen` ranks, studentised, in the
      outer 10% of the same sums inside its own estimation window.

    ``sigma`` is the root of the sum of squared residuals over M less the donors with weight. There is no
    forecast-error term: the weights stand at their bounds, where their error is not normal.

    Parameters
    ----------
    donors : str or sequence of str, optional
        None takes each instrument's default benchmarks. The instrument itself is never a donor.
    screen : "primary", (int, int) or None
        Sessions in which a donor must not have moved; ``primary``: those of the study's primary window ([0, 1] outside
        a study). None: only holes and frozen prices disqualify.

    Raises
    ------
    InputError
        When `screen` ends before it starts.

    References
    ----------
    Abadie, Diamond & Hainmueller (2010), J. American Statistical Association 105:493-505.
    """

    market: tuple[str, ...] | None
    screen: Offsets | Literal["primary"] | None
    known: Surroundings | None = field(repr=False, compare=False)

    def __init__(self, donors: Ids = None, *, screen: Offsets | Literal["primary"] | None = "primary") -> None:
        if isinstance(screen, str) and screen != "primary":
            raise InputError(f"screen = {screen!r} is 'primary', (first, last) or None")
        if isinstance(screen, tuple) and screen[0] > screen[1]:
            raise InputError(f"screen [{screen[0]},{screen[1]}] ends before it starts; write (first, last)")
        object.__setattr__(self, "market", as_ids(donors))
        object.__setattr__(self, "screen", screen)
        object.__setattr__(self, "known", None)

    @property
    def key(self) -> str:
        """Registry key."""
        return "synthetic_control"

    @property
    def label(self) -> str:
        """The model in words."""
        return "synthetic control" + (f" from {', '.join(self.market)}" if self.market else "")

    def benchmarks(self, instrument: Instrument, prices: PriceTable) -> tuple[str, ...]:
        """The donors for one instrument; empty when it has no default benchmark.

        Raises
        ------
        InputError
            When the only donor named is the instrument itself.
        """
        chosen = instrument.benchmark if self.market is None else self.market
        donors = tuple(d for d in chosen if d != instrument.id)
        if self.market is not None and not donors:
            raise InputError(f"{instrument.id} has no donor besides itself; name other instruments")
        return donors

    def screened(self, primary: Offsets) -> SyntheticControl:
        """The model with its donors screened over `primary`, unless a window of its own was named."""
        if self.screen != "primary":
            return self
        chosen = copy.copy(self)
        object.__setattr__(chosen, "screen", primary)
        return chosen

    def bound(self, series: ResponseSeries) -> tuple[Self, ResponseSeries]:
        """A donor's hole must drop the donor, not the session: the cut series holds 0 there, the model the truth."""
        return knowing(self, series), replace(series, factors=np.nan_to_num(series.factors, nan=0.0))

    def fit(self, sample: AlignedSample) -> FittedModel:
        """Screen the donors and choose their weights, pair by pair."""
        donors = around(sample, self.known)
        count = len(sample.factor_ids)
        weights = np.full((sample.n_pairs, count), np.nan)
        notes = []
        screen = (0, 1) if self.screen == "primary" else self.screen
        for i in range(sample.n_pairs):
            reasons = [_unfit(sample, donors[i, :, j], i, screen) for j in range(count)]
            kept = np.array([not reason for reason in reasons], dtype=bool)
            notes.append(_words(sample.factor_ids, reasons))
            if kept.any() and sample.estimation[i].any():
                rows = sample.estimation[i]
                weights[i, kept] = simplex_weights(donors[i][np.ix_(rows, kept)], sample.response[i, rows])
        return self._result(sample, donors, weights, tuple(notes))

    def _result(
        self, sample: AlignedSample, donors: FloatArray, weights: FloatArray, notes: tuple[str, ...]
    ) -> FittedModel:
        held = np.where(weights > NO_WEIGHT, weights, 0.0)[:, None, :]
        parts = np.where(held > 0.0, donors * held, 0.0)
        expected = np.where(sample.valid, parts.sum(axis=2), np.nan)
        dof = sample.estimation.sum(axis=1) - (weights > NO_WEIGHT).sum(axis=1)
        return without_forecast_error(
            self, sample, tuple(f"weight_{f}" for f in sample.factor_ids), weights, expected,
            sigma=spread_about_zero(sample.response - expected, sample.estimation, dof), dof=dof,
            singular=np.asarray(np.isnan(weights).all(axis=1)), notes=notes if any(notes) else (),
        )  # fmt: skip


def leave_one_out(model: SyntheticControl, sample: AlignedSample, window: Offsets) -> tuple[DonorEffect, ...]:
    """The effect of every pair over a window, with all donors and without each one that has weight.

    Parameters
    ----------
    model : SyntheticControl
        As bound to the sample's series (`SyntheticControl.bound`), or unbound.
    sample : AlignedSample
    window : (int, int)
        Sessions, both ends included.

    Returns
    -------
    tuple of DonorEffect
        Per pair: the full fit first, then one a donor with weight, the others' weights chosen anew. An effect that
        hangs on one donor is that donor's.
    """
    full, donors = model.fit(sample), around(sample, model.known)
    cut = sample.columns(window)
    found: list[DonorEffect] = []
    for i, (event, instrument) in enumerate(sample.pairs):
        rows, y = sample.estimation[i], sample.response[i]
        for j in (None, *np.flatnonzero(full.params[i] > NO_WEIGHT).tolist()):
            kept = np.isfinite(full.params[i])
            if j is not None:
                kept[j] = False
            weights = np.where(kept, 0.0, np.nan)
            if kept.any():
                weights[kept] = simplex_weights(donors[i][np.ix_(rows, kept)], y[rows])
            fit = model._result(sample.take(np.array([i])), donors[i : i + 1], weights[None, :], ("",))
            gap = (y - fit.expected[0])[cut]
            known = gap[np.isfinite(gap)]
            found.append(
                DonorEffect(
                    event=event,
                    instrument=instrument,
                    left_out="" if j is None else sample.factor_ids[j],
                    weight=1.0 if j is None else float(full.params[i, j]),
                    effect=float(known.sum()) if known.size else float("nan"),
                    sigma=float(fit.sigma[0]),
                )
            )
    return tuple(found)


def _unfit(sample: AlignedSample, donor: FloatArray, row: int, screen: Offsets | None) -> str:
    """Why a donor, responses of shape (T,), cannot serve one pair; empty when it can."""
    wanted, rows = sample.valid[row], sample.estimation[row]
    holes = int((wanted & ~np.isfinite(donor)).sum())
    if holes:
        return f"no response on {holes} sessions"
    # A frozen price has responses of zero, so that their running sum stands still like the price.
    frozen = frozen_rows(np.cumsum(np.where(np.isfinite(donor), donor, 0.0))) & wanted
    if rows.any() and frozen[rows].mean() > 0.5:
        return "price frozen through most of the estimation window"
    if screen is None:
        return ""
    near = (sample.offsets >= screen[0]) & (sample.offsets <= screen[1])
    if (frozen & near).any():
        return "price frozen around the event"
    p = _own_move(donor, rows, near & wanted, None if sample.clock is None else sample.clock[row])
    return f"moved itself (own p {p:.3f})" if p < MOVED else ""


def _own_move(donor: FloatArray, rows: BoolArray, near: BoolArray, clock: IntArray | None) -> float:
    """Rank p of a donor's studentised move on the sessions `near` among the windows inside `rows`; 1 if there is none.

    Windows of intraday bars begin at the same clock time.

    Constant mean: ``|c| / sqrt(L + L^2/M)`` for the move, ``|c_s| / sqrt(L - L^2/M)`` for windows inside estimation.
    """
    length, m = int(near.sum()), int(rows.sum())
    if length == 0 or m <= length:
        return 1.0
    away = donor - donor[rows].mean()
    keep = complete_windows(rows, length)
    if clock is not None:
        keep &= clock[: keep.size] == clock[np.argmax(near)]
    inside = window_sums(away, length)[keep]
    if inside.size == 0:
        return 1.0
    move = float(away[near].sum()) / np.sqrt(length + length**2 / m)
    return rank_pvalue(move, inside / np.sqrt(length - length**2 / m))


def _words(ids: tuple[str, ...], reasons: list[str]) -> str:
    dropped = [f"{name} ({reason})" for name, reason in zip(ids, reasons, strict=True) if reason]
    if not dropped:
        return ""
    head = "no donor is left" if len(dropped) == len(ids) else "donors left out"
    return f"{head}: {', '.join(dropped)}"
