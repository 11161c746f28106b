"""Write docs/reference/calibration-<part>.md: measured size, power and coverage, one page a part.

    python docs/make_calibration.py                            # every part, what `make calibrate` does
    python docs/make_calibration.py --only panel --reps 500    # one part, at a smaller size

A part is a module docs/calibration/<part>.py. Its docstring's first line is the page's title, `run(reps, seed)` gives
the page's markdown, REPS, where it has one, is its own default number of replications, and `files(reps, seed)`, where
it has one, gives further files (path -> text) that hold the same numbers.
"""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path
from types import ModuleType

DOCS = Path(__file__).parent
PARTS = DOCS / "calibration"
REPS = 1000
SEED = 1


def parts() -> list[str]:
    """Names of the parts, in order."""
    return sorted(p.stem for p in PARTS.glob("[a-z]*.py"))


def load_part(name: str) -> ModuleType:
    """Import docs/calibration/<name>.py, which is in no package."""
    spec = importlib.util.spec_from_file_location(f"calibration_{name}", PARTS / f"{name}.py")
    if spec is None or spec.loader is None:
        raise SystemExit(f"no part {name!r}; there are: {', '.join(parts())}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def page(name: str, reps: int | None = None, seed: int = SEED, part: ModuleType | None = None) -> str:
    """The page of one part, with the command that gives it again."""
    part = part or load_part(name)
    n = reps or getattr(part, "REPS", REPS)
    title = (part.__doc__ or name).strip().splitlines()[0].rstrip(".")
    command = f"python docs/make_calibration.py --only {name} --reps {n} --seed {seed}"
    said = f"Written by `{command}`: {n} replications a cell unless a table says otherwise, seed {seed}."
    return "\n".join([f"# {title}", "", said, "", part.run(n, seed).strip(), ""])


def main() -> None:
    """Write the pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=parts(), help="one part; may be repeated")
    parser.add_argument("--reps", type=int, help="replications a cell; left out: each part's own number")
    parser.add_argument("--seed", type=int, default=SEED, help="entropy of the draws")
    parser.add_argument("--out", type=Path, default=DOCS / "reference", help="folder of the pages")
    options = parser.parse_args()
    if not options.out.is_dir():  # before the hours, not after them
        parser.error(f"--out {options.out}: no such folder")
    for name in options.only or parts():
        part = load_part(name)
        text = page(name, options.reps, options.seed, part)
        if hasattr(part, "files"):
            for path, table in part.files(options.reps or getattr(part, "REPS", REPS), options.seed).items():
                path.write_text(table, encoding="utf-8")
        (options.out / f"calibration-{name}.md").write_text(text, encoding="utf-8")
        print(f"calibration-{name}.md")


if __name__ == "__main__":
    main()
