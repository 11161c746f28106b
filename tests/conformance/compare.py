"""Count agreement between computed and expected trees, family by family, in digits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.conformance.compute import MODELS
from tests.conformance.statistics import META_KEYS, TEST_KEYS, WINDOW_KEYS

Tree = dict[str, Any]

#: Digits that METHODS.md section 11 demands of everything that is no numeric optimum.
REQUIRED = 9.0
#: What section 11 demands of a numeric optimum and of everything computed from it, and of its standard errors.
OPTIMUM, STANDARD_ERRORS = 5.0, 3.0
#: Parts of the sections on volatility that are optima.
OPTIMA = (
    "garch_const", "gjr_const", "egarch_const", "garch_market", "garch_event_dummy", "garch_event_nodummy",
    "news_impact", "diag_garch_const",
)  # fmt: skip
#: Sections of nothing but optima.
OPTIMAL_SECTIONS = ("volatility_panel", "dem2gbp")
#: How far the reference's own optimiser went says nothing on ours.
OF_THE_REFERENCE = ("max_abs_grad", "log_relative_error_vs_benchmark", "arch_fcp_backcast")
#: Relative errors are taken against at least this: near zero only absolute agreement means anything.
FLOOR = 1e-6
#: Keys of one event that are built.
EVENT_KEYS = ("day0", "M", "k", "df", "params", "s", "AR", "SAR", "extra", "windows")
#: Held returns of log volume: the reference holds them, its text says to ignore them (section 7), so nobody does.
NO_MEANING = {"logvolume": ("BHAR", "BHAR_mkt", "abhar")}
#: At most this many digits are claimed: floats hold no more.
MOST_DIGITS = 16.0


@dataclass
class Family:
    """Counts of one family of numbers."""

    expected: int = 0
    compared: int = 0
    agreed: int = 0
    skipped: int = 0
    needed: float = REQUIRED
    digits: float = MOST_DIGITS
    worst: str = ""


@dataclass
class Tally:
    """All families, failures in words, and what is not built yet."""

    families: dict[str, Family] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    not_built: dict[str, int] = field(default_factory=dict)

    def family(self, name: str) -> Family:
        """The family `name`, made on first use."""
        return self.families.setdefault(name, Family())

    def skip(self, family: str, what: str, count: int) -> None:
        """Count expected numbers that nothing computes yet."""
        self.family(family).expected += count
        self.family(family).skipped += count
        self.not_built[what] = self.not_built.get(what, 0) + count

    def check(self, family: str, where: str, got: Any, want: Any, needed: float = REQUIRED) -> None:
        """Compare one value; None means undefined on either side."""
        one = self.family(family)
        one.needed = needed
        one.expected += 1
        one.compared += 1
        reached = digits(got, want)
        if reached < one.digits:
            one.digits, one.worst = reached, where
        if reached >= needed:
            one.agreed += 1
        else:
            self.failures.append(f"{family} {where}: got {got!r}, expected {want!r} ({reached:.1f} digits)")


def digits(got: Any, want: Any) -> float:
    """Digits of agreement: `MOST_DIGITS` for equal values, 0 where one side is undefined or of another kind."""
    if got == want:
        return MOST_DIGITS
    both = isinstance(got, int | float) and isinstance(want, int | float)
    if not both or isinstance(want, bool) or not math.isfinite(got):
        return 0.0
    error = abs(got - want) / max(abs(want), FLOOR)
    return min(MOST_DIGITS, -math.log10(error)) if error > 0.0 else MOST_DIGITS


def leaves(tree: Any) -> Iterator[Any]:
    """Every value at the ends of a tree."""
    if isinstance(tree, dict):
        for value in tree.values():
            yield from leaves(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from leaves(value)
    else:
        yield tree


def without(tree: Any, keys: tuple[str, ...]) -> Any:
    """The tree without these keys, at any depth."""
    if not keys or not isinstance(tree, dict):
        return tree
    return {key: without(part, keys) for key, part in tree.items() if key not in keys}


def compare_set(name: str, got: Tree, want: Tree, tally: Tally) -> None:
    """Compare one fixture set."""
    for section, tree in want.items():
        if section != "models":
            for key, part in tree.items() if isinstance(tree, dict) else [("", tree)]:
                mine = got.get(section, {}).get(key)
                if mine is None:
                    tally.skip(section, f"{section}.{key}", sum(1 for _ in leaves(part)))
                else:
                    compare_section(section, key, mine, without(part, OF_THE_REFERENCE), tally, name)
    for key, tree in want["models"].items():
        model, returns, _ = key.split("|")
        tree = without(tree, NO_MEANING.get(returns, ()))
        if model not in MODELS:
            tally.skip(f"model {model}", f"model {model}", sum(1 for _ in leaves(tree)))
        elif key not in got["models"]:
            tally.failures.append(f"{name} {key}: not computed (its model, returns or policy is not in config.json)")
        else:
            _compare_model(f"{name} {key}", got["models"][key], tree, tally)


def compare_section(section: str, key: str, got: Any, want: Any, tally: Tally, where: str) -> None:
    """One part of a section beside the models; optima and their standard errors are families of their own."""
    if key not in OPTIMA and section not in OPTIMAL_SECTIONS:
        _compare_tree(section, f"{where} {key}", got, want, tally)
        return
    errors = tuple(k for k in keys_of(want) if k.startswith("se") or k == "t_delta")
    _compare_tree(f"{section}, optima", f"{where} {key}", without(got, errors), without(want, errors), tally, OPTIMUM)
    for path, number in branches(want, errors):
        mine = got
        for step in path:
            mine = mine.get(step, {}) if isinstance(mine, dict) else {}
        _compare_tree(
            f"{section}, standard errors", f"{where} {key} {' '.join(path)}", mine, number, tally, STANDARD_ERRORS
        )


def compare_benchmark(got: Tree, want: Tree, tally: Tally) -> None:
    """The DEM/GBP fit: two codes of the reference to the usual digits, the published values to those they print."""
    for key in ("own_python", "own_R", "arch_default_backcast"):
        compare_section("dem2gbp", key, got[key], without(want[key], OF_THE_REFERENCE), tally, "dem2gbp")
    for mine, printed in zip(got["own_python"]["params"], want["benchmark_fcp"]["params"], strict=True):
        unit = 10.0 ** -len(str(printed).partition(".")[2])
        # One unit of the last digit: the published omega is cut, not rounded.
        close = abs(mine - printed) <= unit
        tally.check("dem2gbp, published", f"{printed}", printed if close else mine, printed)
    # fGarch differentiates numerically and stops at 2e-7.
    compare_section("dem2gbp", "fgarch", got["fgarch"], without(want["fgarch"], ("se",)), tally, "dem2gbp")


def keys_of(tree: Any) -> set[str]:
    """Every key of a tree, at any depth."""
    return set(tree) | {k for part in tree.values() for k in keys_of(part)} if isinstance(tree, dict) else set()


def branches(tree: Any, keys: tuple[str, ...], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Paths that end in one of `keys`, with what is there."""
    if isinstance(tree, dict):
        for key, part in tree.items():
            if key in keys:
                yield (*path, key), part
            else:
                yield from branches(part, keys, (*path, key))


def _compare_model(where: str, got: Tree, want: Tree, tally: Tally) -> None:
    for event in sorted(set(got["excluded"]) | set(want["excluded"])):
        tally.check("excluded", f"{where} {event}", got["excluded"].get(event), want["excluded"].get(event))
    for event in sorted(set(got["events"]) ^ set(want["events"])):
        tally.failures.append(f"{where} {event}: used on one side only")
    for event in sorted(set(got["events"]) & set(want["events"])):
        _compare_event(f"{where} {event}", got["events"][event], want["events"][event], tally)
    for key, value in want["meta"].items():
        if key in META_KEYS and isinstance(value, dict):
            for offset, one in value.items():
                tally.check(key, f"{where} {offset}", got["meta"].get(key, {}).get(offset), one)
        elif key in META_KEYS:
            tally.check(key, where, got["meta"].get(key), value)
        else:
            tally.skip(f"meta.{key}", f"meta.{key}", sum(1 for _ in leaves(value)))
    if got.get("multiple") is not None:
        _compare_tree("multiple testing", where, got["multiple"], want.get("multiple", {}), tally)
    for window, tree in want["tests"].items():
        _compare_tests(f"{where} {window}", got["tests"].get(window, {}), tree, tally)


def _compare_tree(family: str, where: str, got: Any, want: Any, tally: Tally, needed: float = REQUIRED) -> None:
    """Compare branch by branch; what one side lacks counts as undefined there."""
    if isinstance(want, dict):
        mine = got if isinstance(got, dict) else {}
        for key in sorted(set(want) | set(mine)):
            _compare_tree(family, f"{where} {key}", mine.get(key), want.get(key), tally, needed)
    elif isinstance(want, list):
        mine = got if isinstance(got, list) else []
        for i, one in enumerate(want):
            _compare_tree(family, f"{where} #{i}", mine[i] if i < len(mine) else None, one, tally, needed)
    else:
        tally.check(family, where, got, want, needed)


def _compare_event(where: str, got: Tree, want: Tree, tally: Tally) -> None:
    for key, value in want.items():
        if key not in EVENT_KEYS:
            tally.skip(key, f"events.{key}", sum(1 for _ in leaves(value)))
        elif key == "windows":
            for window, tree in value.items():
                _compare_window(f"{where} {window}", got["windows"].get(window, {}), tree, tally)
        elif isinstance(value, dict):
            for offset in sorted(set(value) | set(got.get(key, {}))):
                tally.check(key, f"{where} {offset}", got.get(key, {}).get(offset), value.get(offset))
        elif isinstance(value, list):
            for i, number in enumerate(value):
                mine = got[key][i] if i < len(got[key]) else None
                tally.check(key, f"{where} #{i}", mine, number)
        else:
            tally.check(key, where, got.get(key), value)


def _compare_window(where: str, got: Tree, want: Tree, tally: Tally) -> None:
    for key, value in want.items():
        if key in WINDOW_KEYS:
            tally.check(key, where, got.get(key), value)
        else:
            tally.skip(key, f"windows.{key}", 1)


def _compare_tests(where: str, got: Tree, want: Tree, tally: Tally) -> None:
    for statistic, tree in want.items():
        if statistic not in TEST_KEYS:
            tally.skip(statistic, f"statistic {statistic}", len(tree))
            continue
        mine = got.get(statistic, {})
        for key, value in tree.items():
            tally.check(f"{statistic}", f"{where} {key}", mine.get(key), value)
    for statistic in sorted(set(got) - set(want)):
        # Absent from the reference means undefined there, such as cross-sectional tests of one pair.
        tally.check(statistic, f"{where} (must refuse)", got[statistic]["value"], None)
