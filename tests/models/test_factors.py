"""Factor models against statsmodels, with and without a riskless rate; the named ones and own factors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray

import eventstudy as es
from eventstudy.domain.events import Event, EventTable
from eventstudy.domain.prices import PriceTable
from eventstudy.errors import InputError, UnknownNameError
from eventstudy.models.factors import FactorModel, capm, carhart, fama_french_3, fama_french_5
from eventstudy.models.named import make_model

DATA = Path(__file__).parents[2].parent / "shared" / "data"
FloatArray = NDArray[np.float64]
N, DAY0 = 160, 140
IDS = ("MKT-RF", "SMB", "HML", "MOM", "RMW", "CMA")
WINDOW = es.EventWindow(primary=(0, 1), event=(-1, 4), estimation=(-120, -11), windows=())


@pytest.fixture(scope="module")
def responses() -> dict[str, FloatArray]:
    rng = np.random.default_rng(8)
    found = {name: 0.006 * rng.standard_normal(N) for name in IDS}
    found["RF"] = 0.0001 + 0.00002 * rng.standard_normal(N)
    found["A"] = found["RF"] + 0.9 * found["MKT-RF"] - 0.4 * found["SMB"] + 0.01 * rng.standard_normal(N)
    found["CU"] = 0.01 * rng.standard_normal(N)
    return found


@pytest.fixture(scope="module")
def prices(prices_of: Callable[..., PriceTable], responses: dict[str, FloatArray]) -> PriceTable:
    return prices_of(responses, A="simple", CU="simple", **dict.fromkeys((*IDS, "RF"), "as_is"))


def run(prices: PriceTable, event: Event, model: FactorModel) -> es.StudyResult:
    study = es.Study(instruments=["A"], model=model, window=WINDOW, volatility=None, statistics=("t_fe",))
    return study.run(prices, event, others=EventTable([]))


@pytest.mark.parametrize(
    ("model", "names", "riskfree"),
    [
        (capm(), IDS[:1], True),
        (fama_french_3(), IDS[:3], True),
        (carhart(), IDS[:4], True),
        (fama_french_5(), (*IDS[:3], "RMW", "CMA"), True),
        (FactorModel(["CU", "SMB"]), ("CU", "SMB"), False),
        (capm("CU", riskfree=None), ("CU",), False),
    ],
)
def test_against_statsmodels(
    prices: PriceTable,
    responses: dict[str, FloatArray],
    event_at: Callable[..., Event],
    model: FactorModel,
    names: tuple[str, ...],
    riskfree: bool,
) -> None:
    ar = run(prices, event_at(prices, DAY0), model).abnormal
    assert ar is not None
    rf = responses["RF"] if riskfree else np.zeros(N)
    x = sm.add_constant(np.column_stack([responses[n] for n in names]))
    own, ahead = slice(DAY0 - 120, DAY0 - 10), slice(DAY0 - 1, DAY0 + 5)
    reference = sm.OLS((responses["A"] - rf)[own], x[own]).fit()
    forecast = reference.get_prediction(x[ahead])
    assert list(ar.params[0]) == ["alpha", *(f"beta_{n}" for n in names)]
    assert list(ar.params[0].values()) == pytest.approx(reference.params.tolist(), rel=1e-8)
    assert ar.dof[0] == 110 - 1 - len(names) == reference.df_resid
    assert ar.sigma[0] == pytest.approx(np.sqrt(reference.mse_resid), rel=1e-10)
    cut = ar.columns((-1, 4))
    expected = rf[ahead] + forecast.predicted_mean
    np.testing.assert_allclose(ar.ar[0, cut], responses["A"][ahead] - expected, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(ar.se_day()[0, cut], forecast.se_obs, rtol=1e-10)


def test_a_riskless_rate_of_zero_changes_nothing(
    prices_of: Callable[..., PriceTable], responses: dict[str, FloatArray], event_at: Callable[..., Event]
) -> None:
    zero = responses | {"RF": np.zeros(N)}
    prices = prices_of(zero, A="simple", CU="simple", **dict.fromkeys((*IDS, "RF"), "as_is"))
    one, two = (run(prices, event_at(prices, DAY0), m).abnormal for m in (capm(), capm(riskfree=None)))
    assert one is not None
    assert two is not None
    np.testing.assert_array_equal(one.ar, two.ar)


def test_a_factor_twice_over_is_singular_and_says_which(prices: PriceTable, event_at: Callable[..., Event]) -> None:
    twice = prices.joined(es.returns(prices.frame[["SMB"]].mul(-2.0).rename(columns={"SMB": "BMS"}), unit="fraction"))
    result = run(twice, event_at(twice, DAY0), FactorModel(["SMB", "BMS"]))
    (outcome,) = result.outcomes
    assert outcome.outcome is es.Outcome.SINGULAR_MARKET
    assert "SMB and BMS is constant or collinear" in outcome.detail


def test_a_factor_that_is_not_there_is_named(prices: PriceTable, event_at: Callable[..., Event]) -> None:
    with pytest.raises(UnknownNameError, match="'QMJ'"):
        run(prices, event_at(prices, DAY0), FactorModel(["SMB", "QMJ"]))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: FactorModel(), "needs its factors by name"),
        (lambda: FactorModel(["SMB", "SMB"]), "twice"),
        (lambda: FactorModel(["SMB"], riskfree="SMB"), "twice"),
        (lambda: fama_french_3(["SMB", "HML"]), "fama_french_3 has 3 factors"),
    ],
)
def test_wrong_factors_are_refused(make: Callable[[], FactorModel], words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()


def test_labels_say_what_is_measured() -> None:
    assert capm().label == "capm on MKT-RF, returns above RF"
    assert fama_french_5().market == ("MKT-RF", "SMB", "HML", "RMW", "CMA", "RF")
    assert FactorModel("CU").label == "factor model on CU"


def test_the_riskless_return_is_an_option_of_study_files_and_commands() -> None:
    assert make_model("carhart", None).market == (*IDS[:4], "RF")
    assert make_model("carhart", None, riskfree="none").market == IDS[:4]
    own = make_model("factor_model", ["CU", "SMB"], riskfree="BILL")
    assert own.market == ("CU", "SMB", "BILL")
    with pytest.raises(InputError, match="takes no riskless return"):
        make_model("market_model", "SPY", riskfree="RF")


@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
@pytest.mark.parametrize(("name", "factors"), [("fama_french_5", (*IDS[:3], "RMW", "CMA")), ("carhart", IDS[:4])])
def test_a_study_file_on_the_french_files_themselves(name: str, factors: tuple[str, ...], tmp_path: Path) -> None:
    """Percent in the files, excess returns, against statsmodels on the files as pandas reads them."""
    five, momentum = "F-F_Research_Data_5_Factors_2x3_daily.csv", "F-F_Momentum_Factor_daily.csv"
    files = ", ".join(f'"{DATA / file}"' for file in ("AA.csv", five, momentum))
    (tmp_path / "s.toml").write_text(
        f'''events = ["us-section-232-2018-signed"]
instruments = ["AA"]
returns = "simple"
statistics = ["t_fe"]
[prices]
source = "files"
path = [{files}]
[model]
name = "{name}"
[volatility]
measure = false
''', encoding="utf-8",
    )  # fmt: skip
    ar = es.read_study(tmp_path / "s.toml").run().abnormal
    assert ar is not None
    frames = [
        pd.read_csv(DATA / file, skiprows=skip, index_col=0, skipinitialspace=True).dropna()
        for file, skip in ((five, 4), (momentum, 13))
    ]
    for frame in frames:
        frame.index = pd.to_datetime(frame.index.astype(str).str.strip())
        frame.columns = [c.strip().upper() for c in frame.columns]
    percent = frames[0].join(frames[1]).loc["2016":"2018"] / 100.0
    own = pd.read_csv(DATA / "AA.csv", index_col=0, parse_dates=True)
    price = own["Adj Close"]
    data = percent.join(price.pct_change().rename("A"), how="inner")
    day0 = data.index.get_loc(pd.Timestamp(ar.dates[0, ar.offsets == 0][0]))
    window = data.iloc[day0 - 260 : day0 - 10]
    fit = sm.OLS(window["A"] - window["RF"], sm.add_constant(window[list(factors)])).fit()
    assert list(ar.params[0].values()) == pytest.approx(fit.params.tolist(), rel=1e-6)
    expected = data["RF"].iloc[day0] + float(fit.params @ [1.0, *data[list(factors)].iloc[day0]])
    assert ar.ar[0, ar.offsets == 0][0] == pytest.approx(data["A"].iloc[day0] - expected, rel=1e-6)
