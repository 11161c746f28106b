"""Make the compact reference files in this folder from the full reference numbers.

    python tests/reference/make_reference.py ../shared/oracle

Origin: two plain-loop implementations, one in Python and one in base R, written apart from this library; they agree
to 3e-12. The data are synthetic and free. Only what the library builds is kept, so that the files stay small.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SETS = ("clean", "messy", "single", "volpanel")
FILES = ("config.json", "events.csv", "prices.csv")
#: Read by some models only; not every set has them.
MORE_FILES = ("factors.csv", "volume.csv", "ohlc.csv")
#: Kept whole.
SECTIONS = ("volatility", "volatility_panel")
#: Statistics across pairs do not depend on the model: every day for these, the named windows for the others.
EVERY_DAY = ("constant_mean", "market_adjusted", "market_model")


def main(oracle: Path) -> None:
    """Write ``fixtures/<set>/*.gz`` and ``expected/<set>.json.gz``."""
    from tests.conformance.compare import EVENT_KEYS, META_KEYS, NO_MEANING, TEST_KEYS, WINDOW_KEYS, without
    from tests.conformance.compute import MODELS, name

    for one in SETS:
        config = json.loads((oracle / "fixtures" / one / "config.json").read_text(encoding="utf-8"))
        windows = {name((a, b)) for a, b in config["windows"]}
        full = json.loads((oracle / "expected" / f"{one}.json").read_text(encoding="utf-8"))
        models = {}
        for key, model in full["models"].items():
            name_of, returns, _ = key.split("|")
            if name_of not in MODELS:
                continue
            every_day = name_of in EVERY_DAY and returns != "logvolume"
            model = without(model, NO_MEANING.get(returns, ()))
            models[key] = {
                "events": {e: _event(v, windows, EVENT_KEYS, WINDOW_KEYS) for e, v in model["events"].items()},
                "excluded": model["excluded"],
                "meta": {k: v for k, v in model["meta"].items() if k in META_KEYS},
                "multiple": model["multiple"],
                "tests": {
                    w: {k: v for k, v in stats.items() if k in TEST_KEYS}
                    for w, stats in model["tests"].items()
                    if every_day or w in windows
                },
            }
        kept = {"models": models}
        kept |= {section: full[section] for section in SECTIONS if section in full}
        _write(HERE / "expected" / f"{one}.json.gz", json.dumps(kept, separators=(",", ":")).encode())
        for file in (*FILES, *(f for f in MORE_FILES if (oracle / "fixtures" / one / f).is_file())):
            _write(HERE / "fixtures" / one / f"{file}.gz", (oracle / "fixtures" / one / file).read_bytes())
    for file in ("dem2gbp.csv", "expected/dem2gbp.json"):
        _write(HERE / "dem2gbp" / f"{Path(file).name}.gz", (oracle / file).read_bytes())


def _event(event: dict[str, Any], windows: set[str], keys: tuple[str, ...], window_keys: tuple[str, ...]) -> Any:
    kept = {k: v for k, v in event.items() if k in keys}
    kept["windows"] = {
        w: {k: v for k, v in values.items() if k in window_keys}
        for w, values in event["windows"].items()
        if w in windows
    }
    return kept


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data, 9, mtime=0))


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parents[1]))
    main(Path(sys.argv[1]))
