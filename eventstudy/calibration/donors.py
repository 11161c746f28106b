"""Size, power and coverage of one pair beside simulated instruments that were not hit: controls, donors, a market."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, get_args

import numpy as np

from eventstudy._typing import FloatArray, IntArray
from eventstudy.abnormal import AbnormalReturns, abnormal_returns
from eventstudy.calibration.beside import CONTROL_KEYS, POOLED, ask_beside, check_keys
from eventstudy.calibration.cells import Cell, EffectUnit, Tally
from eventstudy.calibration.history import windows_of, with_effect
from eventstudy.calibration.worlds import DAY, WORLDS, World
from eventstudy.domain.align import AlignedSample, ResponseSeries
from eventstudy.domain.instruments import Instrument
from eventstudy.domain.windows import Offsets
from eventstudy.donors import pooled_model
from eventstudy.errors import InputError, UnknownNameError
from eventstudy.inference.base import PairView, Refit
from eventstudy.inference.placebo import placebo_paths
from eventstudy.inference.small_n import too_few_controls
from eventstudy.kernels.stats import Inapplicable
from eventstudy.models.base import ExpectedReturn, FittedModel
from eventstudy.models.benchmarks import ComparisonPortfolio, ConstantMean
from eventstudy.models.factors import FactorModel
from eventstudy.models.regression import MarketModel
from eventstudy.models.synthetic import SyntheticControl

#: Whose variance a world changes: everybody's, the common factor's, or the treated instrument's alone.
Whose = Literal["all", "common", "treated"]
WHOSE: dict[Whose, str] = {"all": "", "common": ", of the common factor alone", "treated": ", of the treated alone"}
#: Models that can be measured, on benchmarks made of the controls.
Counterfactual = Literal["constant_mean", "market_model", "factor_model", "comparison_portfolio", "synthetic_control"]
#: Correlation of any two instruments.
CORRELATION = 0.3
#: Factors of a factor model: the first controls.
FACTORS = 3
#: Sessions between estimation and event window, as in every default study.
GAP = 10
#: Dates of each control before its estimation window, for `pooled_controls`.
POOL_DATES = 400
#: Responses that are drawn and fitted at once.
BATCH = 2_000_000
TREATED, MARKET = "TREATED", "MARKET"


def calibrate_donors(
    methods: str | Sequence[str],
    world: str = "iid_normal",
    *,
    controls: int = 29,
    model: Counterfactual = "constant_mean",
    whose: Whose = "all",
    window: Offsets | Sequence[Offsets] = (0, 0),
    m: int = 250,
    reps: int = 1000,
    effect: float | Sequence[float] = 0.0,
    effect_unit: EffectUnit = "sd",
    alpha: float = 0.05,
    seed: int = 0,
) -> tuple[Cell, ...]:
    """Measure one treated instrument beside `controls` others that share a common factor with it.

    Every instrument's response is ``sqrt(.3) f + sqrt(.7) e`` with f common and e its own, both drawn from the world:
    any two correlate by 0.3. The effect is added to the treated instrument alone.

    Parameters
    ----------
    methods : str or sequence of str
        Statistics of one series and one event that need no variance model or placebo dates of their own, such as
        ``conley_taber``, ``conformal`` and ``local_scale``; ``pooled_controls``, the function, with 400 dates of each
        control; and ``conley_taber_car``: `conley_taber` on CARs instead of SCARs.
    world : str
        A simulated world of ``calibrate``.
    controls : int
    model : str
        ``constant_mean``; ``market_model`` on the mean of the controls; ``factor_model`` on the first three controls;
        ``comparison_portfolio`` or ``synthetic_control`` of all of them. Benchmarks are never controls.
    whose : {"all", "common", "treated"}
        Whose variance changes in a world that changes it.
    window : (int, int), or several
        Tested sessions, from -5 on. Several are measured on the same draws and fits; a synthetic control screens its
        donors over the first.
    m, reps : int
        Estimation sessions, replications.
    effect : float or sequence of float
        Injected into session ``window[0]``. Several are measured on the same draws and fits.
    effect_unit : {"sd", "return"}
        Standard deviations of a day (1.5%), or a response (0.01 is one percent).

    Returns
    -------
    tuple of Cell
        Window by window and effect by effect, in the order of `methods`.

    Raises
    ------
    InputError, UnknownNameError

    Examples
    --------
    >>> cell = calibrate_donors("conley_taber", controls=19, m=60, reps=100, seed=1)[0]
    >>> 0.0 <= cell.rate <= 0.15
    True
    """
    # What is named twice is measured once: each has one tally.
    keys = (methods,) if isinstance(methods, str) else tuple(dict.fromkeys(methods))
    windows = tuple(dict.fromkeys(_windows(window)))
    effects = (effect,) if isinstance(effect, int | float) else tuple(dict.fromkeys(effect))
    drawn = _check(keys, world, controls, model, whose, windows, m, reps)
    design = Design(model=_model(model, controls, windows[0]), controls=controls, windows=windows, m=m, keys=keys)
    rng = np.random.default_rng(seed)
    tallies = {(w, e, key): Tally() for w in windows for e in effects for key in keys}
    batch = max(1, min(reps, BATCH // ((controls + 2) * design.drawn.size)))
    for first in range(0, reps, batch):
        shape = (min(batch, reps - first), controls + 1)
        values = together(drawn, rng, shape, design.drawn, start=design.event[0], whose=whose)
        for view, pools in design.views(values, alpha):
            for w, e in product(windows, effects):
                truth = e * (DAY if effect_unit == "sd" else 1.0)
                moved = view if isinstance(view, Inapplicable) else with_effect(view, w, truth)
                for key in keys:
                    found = moved if isinstance(moved, Inapplicable) else ask_beside(key, moved, w, pools[w])
                    tallies[w, e, key].add(found, alpha, truth)
    name = f"{world}{WHOSE[whose] if drawn.shift else ''}, {controls} others"
    return tuple(
        tally.cell(
            method=key, world=name, window=w, m=m, n=1, reps=reps, effect=e, effect_unit=effect_unit, alpha=alpha
        )
        for (w, e, key), tally in tallies.items()
    )


def together(
    world: World, rng: np.random.Generator, shape: tuple[int, int], offsets: IntArray, *, start: int, whose: Whose
) -> FloatArray:
    """Responses of instruments with a common factor, shape (reps, instruments, T); the first one is the treated.

    Parameters
    ----------
    start : int
        Session from which the world counts its change of variance.
    """
    reps, count = shape
    parts = world.draw(rng, reps, count + 1, offsets)
    common, own = parts[:, :1], parts[:, 1:]
    session, factor = world.shift or (0, 1.0)
    raised = np.where(offsets >= start + session, math.sqrt(factor), 1.0)
    if whose == "common":
        common = common * raised
    values: FloatArray = math.sqrt(CORRELATION) * common + math.sqrt(1.0 - CORRELATION) * own
    if whose == "all":
        values *= raised
    elif whose == "treated":
        values[:, 0] *= raised
    return values


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """How a batch of simulated instruments is measured."""

    model: ExpectedReturn
    controls: int
    windows: tuple[Offsets, ...]
    m: int
    keys: tuple[str, ...]

    @property
    def event(self) -> Offsets:
        """Sessions from day 0 or the first that is tested to the last."""
        return min(0, *(w[0] for w in self.windows)), max(0, *(w[1] for w in self.windows))

    @property
    def drawn(self) -> IntArray:
        """Sessions that are drawn: placebo dates need more."""
        more = POOL_DATES if POOLED in self.keys else 0
        return np.arange(-self.m - more - GAP, self.event[1] + 1)

    @property
    def offsets(self) -> IntArray:
        """Sessions from the estimation window on."""
        return np.arange(-self.m - GAP, self.event[1] + 1)

    def views(
        self, values: FloatArray, alpha: float
    ) -> list[tuple[PairView | Inapplicable, dict[Offsets, FloatArray]]]:
        """What a study shows of every replication, and what `pooled_controls` ranks among, from (reps, 1 + n, T)."""
        factors = self._factors(values)
        near = slice(-self.offsets.size, None)
        sample = self._sample(values[:, :1, near], factors[:, near], (TREATED,))
        fit = self.model.fit(sample)
        abnormal = abnormal_returns(sample, fit)
        beside = self._beside(values[..., near], factors[:, near])
        found = []
        for k in range(len(values)):
            one = np.array([k])
            view = PairView(
                abnormal=abnormal.take(one), placebo="a simulated series has no other dates",
                variance="no variance model was fitted", alpha=alpha, draws=0, seed=(),
                refit=Refit(sample=sample.take(one), model=self.model), controls=beside[k],
            )  # fmt: skip
            refused = _refused(fit, k)
            found.append((Inapplicable(refused) if refused else view, self._pools(values[k], factors[k])))
        return found

    @property
    def names(self) -> tuple[str, ...]:
        """The controls that are no benchmark of the model, by number."""
        return tuple(c for k in range(self.controls) if (c := _name(k)) not in (self.model.market or ()))

    def _factors(self, values: FloatArray) -> FloatArray:
        """Benchmarks of the model, shape (reps, T, K)."""
        ids = self.model.market or ()
        if ids == (MARKET,):
            return np.asarray(values[:, 1:].mean(axis=1)[..., None])
        return np.moveaxis(values[:, 1 : 1 + len(ids)], 1, 2)

    def _sample(self, values: FloatArray, factors: FloatArray, names: tuple[str, ...]) -> AlignedSample:
        """Instruments of all replications, one after the other; they share dates and benchmarks."""
        reps, count, t = values.shape
        valid = np.ones((reps * count, t), dtype=bool)
        days = np.datetime64("2000-01-03") + np.arange(t).astype("timedelta64[D]")
        return AlignedSample(
            pairs=tuple(("event", name) for name in names) * reps, factor_ids=self.model.market or (),
            offsets=self.offsets, response=values.reshape(-1, t), factors=np.repeat(factors, count, axis=0),
            valid=valid, masked=~valid, estimation=valid & (self.offsets < -GAP),
            dates=np.broadcast_to(days, valid.shape), levels=np.full(valid.shape, np.nan),
            units=("fraction",) * len(valid),
        )  # fmt: skip

    def _beside(self, values: FloatArray, factors: FloatArray) -> list[AbnormalReturns | str]:
        """The controls of every replication."""
        if not set(self.keys) & set(CONTROL_KEYS):
            return ["controls were not asked for"] * len(values)
        names = self.names
        if not names:
            return [too_few_controls(0)] * len(values)
        rows = [k + 1 for k in range(self.controls) if _name(k) in names]
        sample = self._sample(values[:, rows], factors, names)
        abnormal = abnormal_returns(sample, self.model.fit(sample))
        return [abnormal.take(np.arange(k * len(names), (k + 1) * len(names))) for k in range(len(values))]

    def _pools(self, values: FloatArray, factors: FloatArray) -> dict[Offsets, FloatArray]:
        """SCARs of the controls of one replication at their placebo dates, window by window."""
        if POOLED not in self.keys:
            return dict.fromkeys(self.windows, np.empty(0))
        windows = windows_of(self.event, (-self.m - GAP, -GAP - 1))
        row, dated = values.shape[1] - 1 - self.event[1], []
        for k in range(self.controls):
            model = pooled_model(self.model, _name(k))
            series = _series(values[k + 1], factors if model is self.model else factors[:, :0], model.market or ())
            placebo = placebo_paths(series, [row], model, windows)
            dated += [] if isinstance(placebo, str) else [placebo]
        return {w: np.concatenate([one.scar(w) for one in dated]) if dated else np.empty(0) for w in self.windows}


def _series(values: FloatArray, factors: FloatArray, ids: tuple[str, ...]) -> ResponseSeries:
    n = values.size
    return ResponseSeries(
        instrument=Instrument(id="control", change="as_is"), factor_ids=ids,
        dates=np.datetime64("1990-01-01") + np.arange(n).astype("timedelta64[D]"), level=values, response=values,
        factors=factors, masked=np.zeros(n, dtype=bool), unit="fraction",
    )  # fmt: skip


def _refused(fit: FittedModel, row: int) -> str:
    """Why a study would drop the pair."""
    return (fit.note(row) or "the model has no solution") if fit.singular[row] else ""


def _name(k: int) -> str:
    return f"C{k + 1:02d}"


def _model(key: Counterfactual, controls: int, window: Offsets) -> ExpectedReturn:
    """The model on its benchmarks, as a study of the window would have it."""
    every = tuple(_name(k) for k in range(controls))
    models: dict[Counterfactual, ExpectedReturn] = {
        "constant_mean": ConstantMean(),
        "market_model": MarketModel(MARKET),
        "factor_model": FactorModel(every[:FACTORS]),
        "comparison_portfolio": ComparisonPortfolio(every),
        "synthetic_control": SyntheticControl(every, screen=window),
    }
    return models[key]


def _windows(window: Offsets | Sequence[Offsets]) -> tuple[Offsets, ...]:
    """One window or several, as several."""
    given = np.asarray(window, dtype=np.int64).reshape(-1, 2)
    return tuple((int(first), int(last)) for first, last in given)


def _check(
    keys: tuple[str, ...], world: str, controls: int, model: str, whose: str, windows: tuple[Offsets, ...], m: int,
    reps: int,
) -> World:  # fmt: skip
    check_keys(keys)
    if world not in WORLDS:
        raise UnknownNameError("world", world, [e.key for e in WORLDS])
    if model not in get_args(Counterfactual):
        raise UnknownNameError("model", model, get_args(Counterfactual))
    if WORLDS[world].obj.sd is None:
        raise InputError(f"{world} draws real prices; use calibrate_dates for real instruments beside each other")
    if whose not in get_args(Whose):
        raise InputError(f"whose = {whose!r} is not one of {get_args(Whose)}")
    for window in windows:
        if not -5 <= window[0] <= window[1]:
            raise InputError(f"window {window} must start at -5 or later and not end before it starts")
    if m < 30 or reps < 1 or controls < FACTORS:
        raise InputError(
            f"m = {m}, reps = {reps}, controls = {controls}: needs at least 30 sessions, 1 replication, "
            f"{FACTORS} controls"
        )
    return WORLDS[world].obj
