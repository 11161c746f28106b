"""What docs/methods/real-events.md says of four dates, through the command; the placebo battery's band."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
LME = [f"--prices={SHARED / name}.csv" for name in ("lme_aluminium", "lme_copper", "lme_zinc")]
needs_prices = pytest.mark.skipif(not SHARED.exists(), reason="the real LME prices of ../shared/data are not here")


@needs_prices
def test_section_232_with_a_month_warns_that_rusal_lies_inside(run: Callable[..., tuple[int, str, str]]) -> None:
    windows = ("--event-window=-5,20", "--window=0,20", "--json")
    code, out, _ = run("report", "us-section-232-2018-signed", "-i", "LME-3M", *LME, *windows)
    assert code == 0
    record = json.loads(out)
    inside = [o["other"] for o in record["overlaps"] if o["place"] == "event window"]
    assert "ofac-rusal-2018" in inside
    paragraph = record["verdict"]["pairs"][0]["paragraph"]
    assert "may have moved the same prices" in paragraph
    assert "Rusal" in paragraph
    # Not knowing the catalogue, the variance says the same: it rose when Rusal came.
    course = record["volatility"][0]["course"]
    assert course["onset"]["low"] <= 19 <= course["onset"]["high"]
    assert course["onset"]["low"] >= 15


@needs_prices
def test_the_terminal_warns_that_rusal_lies_inside(run: Callable[..., tuple[int, str, str]]) -> None:
    call = ("report", "us-section-232-2018-signed", "-i", "LME-3M", *LME, "--no-counterfactuals", "--draws=199")
    rusal = "“United States puts sanctions on Rusal, EN+ and Deripaska” (day +19)"
    for name, sentence, note in (("--window", "[0, 1]", " [0, 20]"), ("--primary", "[0, 20]", "")):
        code, _, err = run(*call, "--event-window=-5,20", f"{name}=0,20")
        assert code == 0
        assert f"over sessions {sentence}" in err
        [line] = [line for line in err.splitlines() if line.startswith("note: ")]
        assert line.startswith(f"note: inside the window{note}: ")
        assert line.endswith(rusal)
    # One session less, and the Rusal sanctions are outside.
    assert "Rusal" not in run(*call, "--event-window=-5,20", "--primary=0,18")[2]


@needs_prices
def test_the_days_of_variance_warn_beyond_the_event_window(run: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = run(
        "volatility", "us-section-232-2018-signed", "-i", "LME-3M", *LME, "--bootstrap=0", "--out=232.html"
    )
    assert code == 0
    # The event window ends on day 10, the comparison with the days before on day 20.
    assert "United States puts sanctions on Rusal, EN+ and Deripaska (session +19)" in " ".join(out.split())
    page = Path("232.html").read_text(encoding="utf-8")
    assert "inside the days whose variance was measured" in page
    _, out, _ = run("volatility", "us-section-232-2018-signed", "-i", "LME-3M", *LME, "--bootstrap=0", "--days=1,18")
    assert "Rusal" not in out


def battery() -> ModuleType:
    spec = importlib.util.spec_from_file_location("battery", ROOT / "docs" / "calibration" / "placebo.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_band_of_the_battery() -> None:
    part, rng = battery(), np.random.default_rng(1)
    inside = wide = 0
    for _ in range(25):
        both, small, band = part.distance(rng.random(400), rng)
        inside += both <= band
        assert small <= both
        # Kolmogorov's 5% point for 400 independent values, 1.358 / 20, read on a grid.
        assert band == pytest.approx(0.068, rel=0.35)
        wide += part.distance(rng.random(400) ** 2, rng)[0] > band
    assert inside >= 20
    assert wide == 25
