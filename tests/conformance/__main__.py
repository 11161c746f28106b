"""``python -m tests.conformance --fixtures DIR --expected DIR [--dump DIR]``: digits of agreement, family by family.

Reads any folder laid out like ``../shared/oracle``: ``fixtures/<set>/{config.json,prices.csv,events.csv}`` and
``expected/<set>.json``. Exit code 1 when anything that is built falls short; what is not built is listed by name.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import pandas as pd

from tests.conformance.compare import Tally, compare_benchmark, compare_set
from tests.conformance.compute import compute_set
from tests.conformance.garch import benchmark_tree

#: GARCH benchmark: returns beside the fixtures, numbers among the expected ones.
BENCHMARK = "dem2gbp"


def main() -> int:
    """Compare every set, print the counts, return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--fixtures", type=Path, required=True, help="folder with one folder a set")
    parser.add_argument("--expected", type=Path, required=True, help="folder with <set>.json")
    parser.add_argument("--dump", type=Path, help="write the computed numbers here, laid out like expected")
    options = parser.parse_args()
    folders = sorted(f.parent for f in options.fixtures.glob("*/config.json"))
    if not folders:
        print(f"no <set>/config.json under {options.fixtures}", file=sys.stderr)
        return 2
    tally = Tally()
    for folder in folders:
        computed = compute_set(folder)
        if options.dump:
            options.dump.mkdir(parents=True, exist_ok=True)
            (options.dump / f"{folder.name}.json").write_text(json.dumps(computed, indent=1), encoding="utf-8")
        expected = options.expected / f"{folder.name}.json"
        if expected.is_file():
            compare_set(folder.name, computed, json.loads(expected.read_text(encoding="utf-8")), tally)
        else:
            print(f"{folder.name}: no {expected}, nothing to compare with")
    series, expected = options.fixtures.parent / f"{BENCHMARK}.csv", options.expected / f"{BENCHMARK}.json"
    if series.is_file() and expected.is_file():
        computed = benchmark_tree(pd.read_csv(series)[BENCHMARK])
        compare_benchmark(computed, json.loads(expected.read_text(encoding="utf-8")), tally)
    print_tally(tally)
    return 1 if tally.failures else 0


def print_tally(tally: Tally) -> None:
    """Counts and digits per family, failures, and the list of what is not built."""
    print(
        f"{'family':24}{'expected':>9}{'compared':>9}{'agreed':>8}{'skipped':>9}{'digits':>8}{'needed':>8}  worst case"
    )
    for name, one in sorted(tally.families.items()):
        if one.compared:
            reached = f"{one.digits:8.1f}{one.needed:8.0f}  {one.worst}"
            print(f"{name:24}{one.expected:9}{one.compared:9}{one.agreed:8}{one.skipped:9}{reached}")
    built = [f for f in tally.families.values() if f.compared]
    print(
        f"{'total, built':24}{sum(f.expected for f in built):9}{sum(f.compared for f in built):9}"
        f"{sum(f.agreed for f in built):8}{sum(f.skipped for f in built):9}"
    )
    for line in tally.failures[:20]:
        print(f"FALLS SHORT {line}")
    if len(tally.failures) > 20:
        print(f"... and {len(tally.failures) - 20} more")
    print(f"not built yet ({len(tally.not_built)}):")
    for name, count in sorted(tally.not_built.items()):
        print(f"  {name}" + (f" ({count} numbers)" if count else ""))


if __name__ == "__main__":
    sys.exit(main())
