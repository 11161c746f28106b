"""The command line as a user meets it: listings, JSON, study files, and the two known studies on real prices."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import eventstudy as es

SHARED = Path(__file__).parents[2] / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")

Run = Callable[..., tuple[int, str, str]]


def pick(rows: list[dict[str, Any]], **keys: Any) -> dict[str, Any]:
    """The only row that matches."""
    hits = [r for r in rows if all(r[k] == v for k, v in keys.items())]
    assert len(hits) == 1, (keys, len(hits))
    return hits[0]


@pytest.mark.parametrize("what", ["events", "instruments", "models", "statistics", "sources"])
def test_listings(run: Run, what: str) -> None:
    code, out, _ = run(what)
    assert code == 0
    assert out.strip()
    code, out, _ = run(what, "--json")
    rows = json.loads(out)[what]
    expected = {"events": len(es.catalog()), "instruments": len(es.instruments()), "models": 15}
    assert len(rows) == expected.get(what, len(rows)) > 1


def test_version_and_help_in_a_real_process() -> None:
    done = subprocess.run([sys.executable, "-m", "eventstudy", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"eventstudy {es.__version__}"
    done = subprocess.run([sys.executable, "-m", "eventstudy", "report", "--help"], capture_output=True, check=True)
    assert b"--prices" in done.stdout


def test_flagship_json(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("report", "--json", "--quiet")
    assert code == 0
    record = json.loads(out)
    keys = {"tests", "abnormal", "volatility", "outcomes", "quality", "day0", "verdict", "provenance"}
    assert keys <= set(record)
    assert list(tmp_path.iterdir()) == []
    row = pick(record["abnormal"], offset=0)
    assert row["date"] == "1994-01-31"
    # data/MANIFEST: about +3.2% against the equal-weighted other 29; returns are fractions.
    assert 0.0305 <= row["ar"] <= 0.0323
    verdict = pick(record["tests"], statistic="verdict", window=[0, 1])
    assert record["primary"] == [0, 1]
    assert verdict["p"] > 0.05
    assert verdict["low"] < 0.0 < verdict["high"]
    names = {"event", "instrument", "window", "statistic", "estimate", "unit", "se", "low", "high"}
    names |= {"value", "p", "smallest_p", "n_pairs", "n_dates", "reason"}
    assert all(names <= set(t) for t in record["tests"])
    refused = [t for t in record["tests"] if t["statistic"] in ("cs_t", "bmp_t", "kp_bmp_calendar")]
    assert refused
    assert all(t["p"] is None and "2 pairs" in t["reason"] for t in refused)
    assert record["counts"] == {"pairs": 1, "used": 1, "dropped": 0}


def test_study_file_gives_the_same_numbers_as_the_command(run: Run, tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(
        'events = ["six-nation-accord-1994"]\ninstruments = ["AA"]\nreport = "out.html"\n'
        '[model]\nmarket = "DOW29"\n[window]\nprimary = [0, 1]\n[volatility]\ndraws = 499\n'
    )
    code, from_file, err = run("run", "study.toml", "--json")
    assert code == 0, err
    assert (tmp_path / "out.html").is_file()
    code, from_options, _ = run("report", "--market", "DOW29", "--primary", "0,1", "--draws", "499", "--json")
    assert code == 0
    assert json.loads(from_file)["tests"] == json.loads(from_options)["tests"]


def test_same_inputs_same_bytes(run: Run, tmp_path: Path) -> None:
    assert run("report", "--out", "a.html")[0] == run("report", "--out", "b.html")[0] == 0
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (
            "[volatility]\nevents = 3\n",
            "line 2, column 'volatility.events': value error, write true, false, or a table",
        ),
        ("[volatility.events]\nshap = 'step'\n", "unknown key 'shap'; did you mean 'shape'"),
        ("[volatility.events]\nhalf_life = 5.0\n", 'half_life belongs to shape = "decay"'),
        ("[volatility.events]\nshape = 'decay'\n", 'half_life belongs to shape = "decay"'),
        ("[volatility]\nspillover = 'CENX'\n", "line 2, column 'volatility.spillover'"),
    ],
)
def test_wrong_variance_events_in_a_file(run: Run, tmp_path: Path, table: str, words: str) -> None:
    (tmp_path / "study.toml").write_text(table, encoding="utf-8")
    code, _, err = run("run", "study.toml")
    assert code == 2
    assert words in err


def test_shapes_of_a_study_file(tmp_path: Path) -> None:
    for table, shape, after in (
        ("[volatility.events]\ndays = [1, 5]\nbootstrap = 0\n", es.VarianceShape.pulse(1, 5), (1, 5)),
        ("[volatility.events]\nshape = 'step'\n", es.VarianceShape.step(1), (1, 20)),
        ("[volatility.events]\nshape = 'decay'\nhalf_life = 5.0\n", es.VarianceShape.decay(1, half_life=5.0), (1, 20)),
        ("[volatility]\nevents = false\n", None, None),
    ):
        (tmp_path / "study.toml").write_text(table, encoding="utf-8")
        asked = es.read_study(tmp_path / "study.toml").study.variance_events
        # A shape that does not fade has no half-life, and NaN equals nothing: labels say all.
        assert (asked.shape.label if asked else None) == (shape.label if shape else None)
        assert (asked.after if asked else None) == after


@needs_shared
def test_rusal_on_real_prices(run: Run) -> None:
    code, out, err = run(
        "report", "ofac-rusal-2018", "--prices", SHARED, "--instruments", "LME-3M,AA,CENX,BALL", "--market", "SPY",
        "--json",
    )  # fmt: skip
    assert code == 0, err
    record = json.loads(out)
    sessions = {d["instrument"]: d["session"] for d in record["day0"]}
    assert sessions == {"LME-3M": "2018-04-09", "AA": "2018-04-06", "CENX": "2018-04-06", "BALL": "2018-04-06"}
    # data/MANIFEST: AR on Monday 2018-04-09, and summed over Friday, Monday and Tuesday, in percent to one digit.
    known = {"LME-3M": (6.4, 8.8), "AA": (4.6, 12.7), "CENX": (10.6, 15.6), "BALL": (-0.2, -0.2)}
    for name, (monday, three_days) in known.items():
        ar = {r["date"]: 100 * r["ar"] for r in record["abnormal"] if r["instrument"] == name}
        assert round(ar["2018-04-09"], 1) == monday
        assert round(ar["2018-04-06"] + ar["2018-04-09"] + ar["2018-04-10"], 1) == pytest.approx(three_days, abs=0.051)
    assert {t["n_dates"] for t in record["tests"] if t["instrument"] is None} == {1}


@needs_shared
def test_lme_takes_copper_and_zinc_without_a_market(run: Run) -> None:
    code, out, err = run("report", "ofac-rusal-2018", "--prices", SHARED, "-i", "LME-3M,LME-SPREAD", "--json")
    assert code == 0, err
    record = json.loads(out)
    assert pick(record["models"], instrument="LME-3M")["model"] == "market model on LME-CU-3M and LME-ZN-3M"
    level = {r["date"]: r["level"] for r in record["abnormal"] if r["instrument"] == "LME-SPREAD"}
    assert (level["2018-04-06"], level["2018-04-13"]) == (-21.0, 21.5)
    assert {t["unit"] for t in record["tests"] if t["instrument"] == "LME-SPREAD"} == {"USD/t"}


@needs_shared
def test_frozen_futures_give_no_effect(run: Run, tmp_path: Path) -> None:
    code, out, err = run("report", "ofac-rusal-2018", "--prices", SHARED, "-i", "ALI=F", "--json", "--out", "page.html")
    assert code == 4
    record = json.loads(out)
    assert [o["outcome"] for o in record["outcomes"]] == ["stale_prices"]
    assert record["tests"] == record["abnormal"] == []
    assert "2017-10-30..2019-06-26" in err
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    top = page[page.index("<body") : page.index("<table")]
    assert "frozen over 2017-10-30..2019-06-26" in top
    assert "LME" in top
    flag = pick(record["quality"], kind="frozen_run")
    assert (flag["start"], flag["end"]) == ("2017-10-30", "2019-06-26")


@needs_shared
def test_an_announcement_without_a_catalogue_id(run: Run) -> None:
    code, out, err = run(
        "report", "--date", "2018-04-06", "--time", "08:30", "--zone", "America/New_York", "-i", "AA", "--prices",
        SHARED, "--json",
    )  # fmt: skip
    assert code == 0, err
    record = json.loads(out)
    assert pick(record["day0"], instrument="AA")["session"] == "2018-04-06"
    # The catalogue knows what else happened: Rusal's suspension and its licence lie in the window.
    assert {o["other"] for o in record["overlaps"] if o["place"] == "event window"} >= {"lme-rusal-suspension-2018"}


def test_scan(run: Run) -> None:
    code, out, _ = run("scan", "AA", "--from", "1994-01-03", "--to", "1994-12-30", "--draws", "199", "--json")
    record = json.loads(out)
    assert code == 0
    assert record["n_dates"] == 252
    assert record["model"] == "market model on DOW29"
    assert run("scan", "AA", "--from", "1994-13-03")[0] == 2
    assert run("scan", "LME-3M", "--from", "1994-01-03")[0] == 2
    assert run("scan", "AA", "--from", "1991-01-03", "--to", "1991-03-01")[0] == 4


def test_power(run: Run) -> None:
    code, out, _ = run("power", "AA", "--window", "0,0", "--effect", "2%,8%", "--dates", "50", "--json")
    curve = json.loads(out)["curve"]
    assert code == 0
    assert [p["effect"] for p in curve] == [0.02, 0.08]
    assert curve[0]["power"] < 0.5 < curve[1]["power"]
    assert run("power", "AA", "--effect", "two")[0] == 2


def test_robustness(run: Run) -> None:
    code, out, _ = run(
        "robustness", "six-nation-accord-1994", "--window", "0,0", "--estimation=-135,-11", "--placebos", "19", "--json"
    )
    record = json.loads(out)
    assert code == 0
    assert record["placebos"] == 19
    assert {s["model"] for s in record["specifications"]} >= {"market model on DOW29", "constant mean"}
    assert run("robustness", "nope")[0] == 2


def test_robustness_of_an_own_announcement(run: Run, tmp_path: Path) -> None:
    small = ("--window", "0,0", "--estimation=-135,-11", "--placebos", "19")
    own = ("--date", "1994-01-31", "--time", "08:00", "--title", "Cuts agreed")
    code, out, err = run("robustness", *own, *small, "--json", "--out", "a.html")
    assert code == 0, err
    record = json.loads(out)
    assert (record["event"], record["title"]) == ("event-1994-01-31", "Cuts agreed")
    assert record["sentence"].startswith("Around “Cuts agreed”, ")
    # The accord was told on the Sunday before: the same first session, hence the same cells and placebo dates.
    known = json.loads(run("robustness", "six-nation-accord-1994", *small, "--json")[1])
    for same in ("specifications", "p", "median_p", "placebos"):
        assert record[same] == known[same]
    assert run("robustness", *own, *small, "--json", "--out", "b.html")[1] == out
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    # By another zone's clock the news came after New York's close: the next session.
    later = json.loads(run("robustness", *own, "--zone", "Pacific/Honolulu", "--time", "12:00", *small, "--json")[1])
    assert later["specifications"] != record["specifications"]


def notes(err: str) -> list[str]:
    """The notes below the sentence."""
    return [line for line in err.splitlines() if line.startswith("note: ")]


def test_report_names_other_announcements_inside_its_window(run: Run) -> None:
    quick = ("-i", "AA", "--no-counterfactuals", "--draws", "199")
    # Dates of the catalogue: talks 1999-08-10, terms and a rival bid 08-11, that bid hostile on 08-16.
    code, out, err = run("report", "alcan-pechiney-algroup-1999-talks", *quick, "--window", "0,4")
    assert (code, out) == (0, "")
    assert notes(err) == [
        "note: inside the window: “Alcan, Pechiney and algroup announce the terms of their merger” (day +1), "
        "“Alcoa bids for Reynolds Metals in an open letter” (day +1)",
        "note: inside the window [0, 4]: “Reynolds refuses; Alcoa goes hostile with an all-cash offer” (day +4)",
    ]
    assert err.index("sessions [0, 1]") < err.index("note: ")
    # Day 0 alone has nobody else; [0, 4] is tested in any case, but not asked for it is not talked about.
    assert notes(run("report", "alcan-pechiney-algroup-1999-talks", *quick, "--primary", "0,0")[2]) == []


def test_report_of_an_own_date_names_the_catalogue_once(run: Run) -> None:
    quick = ("-i", "AA", "--no-counterfactuals", "--draws", "199")
    accord = "“Six producers, Russia included, agree to cut aluminum output”"
    # The Friday before the weekend of the accord, whose first session is the Monday after.
    friday = notes(run("report", "--date", "1994-01-28", *quick)[2])
    assert friday == [f"note: inside the window: {accord} (day +1)"]
    [sunday] = notes(run("report", "--date", "1994-01-30", *quick)[2])
    assert sunday.startswith(f"note: the catalogue has {accord} on the same date")


def test_volatility_of_an_own_announcement_says_its_title(run: Run) -> None:
    code, out, err = run("volatility", "--date", "1994-01-31", "--title", "Cuts agreed", "--bootstrap", "0")
    assert code == 0, err
    assert out.startswith("Cuts agreed\nannounced 1994-01-31")


@pytest.mark.parametrize("command", [("report",), ("volatility",), ("robustness",), ("claims", "--says", "swift")])
def test_an_announcement_is_named_in_one_way(run: Run, command: tuple[str, ...]) -> None:
    id_of = ("--event", "six-nation-accord-1994") if command[0] == "claims" else ("six-nation-accord-1994",)
    for more, words in (
        ((*id_of, "--date", "1994-01-31"), "not both"),
        (("--time", "08:00"), "--time needs --date"),
        (("--title", "Cuts agreed"), "--title needs --date"),
        (("--zone", "Europe/London"), "--zone needs --date"),
        ((*id_of, "--zone", "Europe/London"), "--zone needs --date"),
        (("--date", "1994-01-31", "--zone", "Europe/London"), "--zone needs --time"),
        (("--date", "31.1.1994"), "write YYYY-MM-DD"),
        (("--date", "1994-01-31", "--time", "8 h"), "write HH:MM"),
        (("--date", "1994-01-31", "--time", "08:00", "--zone", "Nowhere"), "no IANA time zone"),
    ):
        code, out, err = run(*command, *more)
        assert (code, out) == (2, "")
        assert words in err
    if command[0] == "robustness":
        code, _, err = run("robustness")
        assert code == 2
        assert "--date YYYY-MM-DD" in err
