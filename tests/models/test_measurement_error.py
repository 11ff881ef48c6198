"""The kind `measurement_error` against R (tests/reference/R/measurement_error.R), closed forms and its own words."""

import numpy as np
import pandas as pd
import pytest
from fitted_models import codes, declare, pick

from recohort.core.errors import InputError
from recohort.models import logistic, measurement_error

MODEL = {"exposure": "aspirin", "modifier": "volume", "covariates": ["age"], "mismeasured": "volume"}
RARE = {"outcome": "recurrence", **MODEL}


def fit(frame, settings, *, seed=1, **entry):
    columns = declare(frame, aspirin={"type": "boolean"}, volume={"type": "number", "unit": "mL"})
    return measurement_error.fit(
        frame, **settings("measurement_error", **entry), name="checked", seed=seed, columns=columns
    )


@pytest.mark.parametrize(
    ("analysis", "entry"),
    [
        ("rc_logistic", {**RARE, "error": {"sd": 2.5}}),
        ("rc_lognormal", {**RARE, "error": {"sd": 0.3}, "scale": "log1p"}),
        (
            "rc_linear",
            {
                **MODEL,
                "regression": "linear",
                "outcome": "mrs",
                "error": {"sd": 0.5},
                "scale": "log1p",
                "form": "log1p",
            },
        ),
        ("rc_validation", {**RARE, "error": {"reference": "true"}}),
        ("rc_validation_lognormal", {**RARE, "error": {"reference": "true"}, "scale": "log1p"}),
        (
            "rc_cox",
            {
                **MODEL,
                "regression": "cox",
                "duration": "time",
                "event": "died",
                "error": {"sd": 0.4},
                "scale": "log1p",
                "form": "log1p",
            },
        ),
    ],
)
def test_regression_calibration_and_its_sandwich_agree_with_r(inputs, settings, reference, analysis, entry):
    result = fit(inputs["mismeasured"], settings, method="regression_calibration", **entry)
    for _, line in reference("measurement_error", analysis).iterrows():
        term = {"product": "aspirin:volume"}.get(line["term"], line["term"])
        if line["quantity"] == "attenuation_factor":
            assert pick(result, quantity="attenuation_factor")["estimate"] == pytest.approx(line["value"], rel=1e-11)
            continue
        found = pick(result, term=term, quantity="coefficient")
        cell = "estimate" if line["quantity"] == "coefficient" else "std_error"
        assert found[cell] == pytest.approx(line["value"], rel=1e-11 if cell == "estimate" else 1e-9)


def test_naive_rows_are_those_of_the_logistic_kind(inputs, settings):
    frame = inputs["mismeasured"]
    result = fit(frame, settings, **RARE, error={"sd": 2.0}, replicates=10, evaluate=[0, 10], scales=["unit", 10])
    columns = declare(frame, aspirin={"type": "boolean"}, volume={"type": "number", "unit": "mL"})
    entry = {key: value for key, value in RARE.items() if key != "mismeasured"}
    plain = logistic.fit(frame, **settings("logistic", **entry, evaluate=[0, 10], scales=["unit", 10]), columns=columns)
    for term, quantity, scale in [
        ("aspirin", "odds_ratio", "1 against 0"),
        ("aspirin:volume", "coefficient", "1 against 0, per 1 mL"),
        ("aspirin", "odds_ratio_at", "volume 10 mL"),
        ("aspirin:volume", "ratio_of_odds_ratios", "1 against 0, per 10 mL"),
    ]:
        mine = pick(result, term=term, quantity=f"{quantity}_naive", scale=scale)
        rows = plain.estimates
        theirs = rows[(rows["term"] == term) & (rows["quantity"] == quantity) & (rows["scale"] == scale)].iloc[0]
        cells = ["estimate", "std_error", "conf_low", "conf_high", "p_value", "n", "n_events"]
        np.testing.assert_allclose(mine[cells].astype(float), theirs[cells].astype(float), rtol=1e-9)


def test_naive_rows_with_a_penalty_are_those_of_the_logistic_kind(inputs, settings):
    frame = inputs["mismeasured"]
    result = fit(frame, settings, **RARE, penalty="firth", error={"sd": 2.0}, method="regression_calibration")
    columns = declare(frame, aspirin={"type": "boolean"}, volume={"type": "number", "unit": "mL"})
    entry = {key: value for key, value in RARE.items() if key != "mismeasured"}
    plain = logistic.fit(frame, **settings("logistic", **entry, penalty="firth"), columns=columns).estimates
    for term in ("aspirin", "age", "volume", "aspirin:volume"):
        mine = pick(result, term=term, quantity="coefficient_naive")
        theirs = plain[(plain["term"] == term) & (plain["quantity"] == "coefficient")].iloc[0]
        cells = ["estimate", "std_error"]
        np.testing.assert_allclose(mine[cells].astype(float), theirs[cells].astype(float), rtol=1e-9)
    assert pick(result, term="volume", quantity="coefficient")["method"].startswith("Firth logistic, regression cal")


def test_simple_linear_calibration_divides_the_slope_by_the_reliability(settings):
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"volume": rng.normal(5, 2, 80)})
    frame["y"] = 1 + 0.4 * frame["volume"] + rng.normal(size=80)
    entry = {"regression": "linear", "outcome": "y", "exposure": "volume", "mismeasured": "volume"}
    result = fit(frame, settings, **entry, error={"sd": 1.0}, method="regression_calibration")
    naive, corrected = (
        pick(result, term="volume", quantity=quantity)["estimate"] for quantity in ("coefficient_naive", "coefficient")
    )
    reliability = pick(result, quantity="reliability")["estimate"]
    assert reliability == pytest.approx(1 - 1 / frame["volume"].var(), rel=1e-12)
    assert corrected == pytest.approx(naive / reliability, rel=1e-10)


@pytest.mark.parametrize("method", ["simex", "regression_calibration"])
def test_without_error_the_correction_changes_nothing(inputs, settings, method):
    result = fit(inputs["mismeasured"], settings, **RARE, error={"sd": 0}, method=method, replicates=10)
    rows = result.estimates
    corrected, naive = (
        rows[rows["quantity"] == name].set_index("term") for name in ("coefficient", "coefficient_naive")
    )
    np.testing.assert_allclose(corrected["estimate"], naive["estimate"], rtol=1e-9)
    if method == "simex":
        np.testing.assert_allclose(corrected["std_error"], naive["std_error"], rtol=1e-9)


@pytest.mark.parametrize("method", ["simex", "regression_calibration"])
def test_a_larger_error_is_corrected_more(inputs, settings, method):
    found = [
        fit(inputs["mismeasured"], settings, **RARE, error={"sd": sd}, scale="log1p", form="log1p", method=method)
        for sd in (0.1, 0.3, 0.5)
    ]
    sizes = [abs(pick(one, term="aspirin:volume", quantity="coefficient")["estimate"]) for one in found]
    naive = abs(pick(found[0], term="aspirin:volume", quantity="coefficient_naive")["estimate"])
    assert naive < sizes[0] < sizes[1] < sizes[2]


def test_limits_of_agreement_are_a_bias_and_a_standard_deviation(inputs, settings):
    limits = fit(inputs["mismeasured"], settings, **RARE, error={"limits": [-5, 3]}, replicates=20)
    assert pick(limits, quantity="error_bias")["estimate"] == -1
    sd = pick(limits, quantity="error_sd")["estimate"]
    assert sd == pytest.approx(8 / (2 * 1.959963984540054), rel=1e-12)
    given = fit(inputs["mismeasured"], settings, **RARE, error={"sd": sd, "bias": -1}, replicates=20)
    np.testing.assert_allclose(limits.estimates["estimate"].astype(float), given.estimates["estimate"].astype(float))


def test_a_bias_moves_the_effect_at_zero_and_no_slope(inputs, settings):
    plain, moved = (
        fit(inputs["mismeasured"], settings, **RARE, error={"sd": 2, "bias": bias}, replicates=20) for bias in (0, -3)
    )
    for term in ("volume", "aspirin:volume"):
        first, second = (pick(one, term=term, quantity="coefficient")["estimate"] for one in (plain, moved))
        assert first == pytest.approx(second, rel=1e-8)
    shift = [pick(one, term="aspirin", quantity="coefficient")["estimate"] for one in (plain, moved)]
    slope = pick(plain, term="aspirin:volume", quantity="coefficient")["estimate"]
    assert shift[1] == pytest.approx(shift[0] - 3 * slope, rel=1e-8)


def test_the_models_variance_is_the_naive_one_without_error(inputs, settings):
    entry = {**RARE, "method": "regression_calibration", "variance": "model"}
    rows = fit(inputs["mismeasured"], settings, **entry, error={"sd": 0}).estimates
    model, naive = (rows[rows["quantity"] == name]["std_error"] for name in ("coefficient", "coefficient_naive"))
    np.testing.assert_allclose(model.astype(float), naive.astype(float), rtol=1e-9)


@pytest.mark.parametrize("method", ["simex", "regression_calibration"])
def test_a_slope_is_a_change_of_unit(inputs, settings, method):
    """Measured volumes of another slope and bias, told so, give what the volumes themselves give."""
    frame, entry = inputs["mismeasured"], {**RARE, "replicates": 20, "method": method}
    plain = fit(frame, settings, **entry, error={"sd": 2})
    other = frame.assign(volume=3 + 1.3 * frame["volume"])
    told = fit(other, settings, **entry, error={"sd": 2.6, "bias": 3, "slope": 1.3})
    for quantity in ("coefficient", "reliability", "attenuation_factor"):
        first, second = (one.estimates[one.estimates["quantity"] == quantity] for one in (plain, told))
        for cell in ("estimate", "std_error"):
            np.testing.assert_allclose(first[cell].astype(float), second[cell].astype(float), rtol=1e-7)
    assert pick(told, quantity="error_slope")["estimate"] == 1.3 and pick(told, quantity="error_sd")["estimate"] == 2.6
    naive = pick(told, term="aspirin:volume", quantity="coefficient_naive")["estimate"]
    assert 1.3 * naive == pytest.approx(pick(plain, term="aspirin:volume", quantity="coefficient_naive")["estimate"])


def test_a_reference_gives_bias_and_error_and_its_missing_rows_stay(inputs, settings):
    frame = inputs["mismeasured"]
    result = fit(frame, settings, **RARE, error={"reference": "true"}, replicates=20, scale="log1p")
    away = (np.log1p(frame["volume"]) - np.log1p(frame["true"])).dropna()
    assert pick(result, quantity="error_sd")["estimate"] == pytest.approx(away.std(), rel=1e-12)
    assert pick(result, quantity="error_bias")["estimate"] == pytest.approx(away.mean(), rel=1e-12)
    assert pick(result, quantity="reliability")["n"] == len(frame)
    assert "error_taken_as_known" in codes(result)
    calibrated = fit(frame, settings, **RARE, error={"reference": "true"}, method="regression_calibration")
    assert "error_taken_as_known" not in codes(calibrated)


def test_a_reference_known_for_everyone_takes_the_place_of_the_measurement(inputs, settings):
    frame = inputs["mismeasured"]
    frame = frame.assign(true=0.8 * frame["volume"] + frame["e1"])
    result = fit(frame, settings, **RARE, error={"reference": "true"}, method="regression_calibration")
    naive = fit(frame.assign(volume=frame["true"]), settings, **RARE, error={"sd": 0}, method="regression_calibration")
    first, second = (pick(one, term="aspirin:volume", quantity="coefficient") for one in (result, naive))
    assert first["estimate"] == pytest.approx(second["estimate"], rel=1e-10)
    assert first["std_error"] == pytest.approx(second["std_error"], rel=1e-6)


def test_order_of_rows_does_not_matter_to_calibration_and_seeds_decide_simulation(inputs, settings):
    frame = inputs["mismeasured"]
    shuffled = frame.sample(frac=1, random_state=2)
    entry = {**RARE, "error": {"sd": 2}, "method": "regression_calibration"}
    first, second = (fit(one, settings, **entry).estimates for one in (frame, shuffled))
    np.testing.assert_allclose(first["estimate"].astype(float), second["estimate"].astype(float), rtol=1e-8)
    entry = {**RARE, "error": {"sd": 2}, "replicates": 20}
    again = [
        pick(fit(frame, settings, seed=seed, **entry), term="volume", quantity="coefficient") for seed in (1, 1, 2)
    ]
    assert again[0]["estimate"] == again[1]["estimate"] != again[2]["estimate"]


def test_a_thousandfold_unit_divides_the_coefficient(inputs, settings):
    frame = inputs["mismeasured"]
    entry = {**RARE, "replicates": 20}
    plain = fit(frame, settings, **entry, error={"sd": 2})
    small = fit(frame.assign(volume=1000 * frame["volume"]), settings, **entry, error={"sd": 2000})
    for cell in ("estimate", "std_error"):
        first, second = (pick(one, term="aspirin:volume", quantity="coefficient")[cell] for one in (plain, small))
        assert 1000 * second == pytest.approx(first, rel=1e-7)


def test_the_curve_starts_at_the_corrected_and_passes_the_measured_coefficient(inputs, settings):
    result = fit(inputs["mismeasured"], settings, **RARE, error={"sd": 2.5}, replicates=40)
    assert set(result.curve["part"]) == {"simex", "extrapolation", "interaction", "interaction_naive"}
    own = result.curve[result.curve["term"] == "aspirin:volume"]
    line, points = (own[own["part"] == part] for part in ("extrapolation", "simex"))
    assert line["value"].iloc[0] == -1 and list(points["value"]) == [0, 0.5, 1, 1.5, 2]
    assert line["estimate"].iloc[0] == pick(result, term="aspirin:volume", quantity="coefficient")["estimate"]
    naive = pick(result, term="aspirin:volume", quantity="coefficient_naive")["estimate"]
    assert points["estimate"].iloc[0] == pytest.approx(naive, rel=1e-9)
    along = result.curve[result.curve["part"] == "interaction"].iloc[-1]
    at = fit(inputs["mismeasured"], settings, **RARE, error={"sd": 2.5}, replicates=40, evaluate=[along["value"]])
    row = pick(at, term="aspirin", quantity="odds_ratio_at")
    assert [row["estimate"], row["conf_high"]] == pytest.approx([along["estimate"], along["conf_high"]], rel=1e-9)


def test_hazard_ratios_of_a_mismeasured_exposure(inputs, settings):
    entry = {"regression": "cox", "duration": "time", "event": "died", "exposure": "volume", "covariates": ["region"]}
    frame = inputs["mismeasured"]
    columns = declare(frame, region={"type": "category", "levels": ["lobar", "deep", "brainstem"]})
    asked = settings("measurement_error", **entry, mismeasured="volume", error={"sd": 0.4}, scale="log1p", form="log1p")
    result = measurement_error.fit(frame, **{**asked, "replicates": 10}, name="x", seed=1, columns=columns)
    naive, corrected = (pick(result, term="volume", quantity=name) for name in ("hazard_ratio_naive", "hazard_ratio"))
    assert 1 < naive["estimate"] < corrected["estimate"] and naive["std_error"] < corrected["std_error"]
    assert corrected["scale"] == "per 1 of log(1 + volume)" and corrected["n_events"] == frame["died"].sum()
    assert not (result.estimates["term"] == "intercept").any()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"error": {"sd": 12}}, "the error's SD of 12 is not below the SD of the measured values"),
        ({"error": {"sd": 1, "limits": [-1, 1]}}, "found sd and limits"),
        ({"error": {}}, "found none of sd, limits, reference"),
        ({"error": {"limits": [3, -1]}}, "expected the lower limit first"),
        ({"error": {"limits": [-1, 3], "bias": 1}}, "found bias beside limits"),
        ({"error": {"limits": [-1, 3], "slope": 1.2}}, "found slope beside limits"),
        ({"form": "log1p"}, "expected scale: log1p"),
        ({"mismeasured": "severe"}, "is not in the model"),
        ({"mismeasured": "aspirin"}, "is declared boolean, expected a number"),
        ({"regression": "cox"}, "expected duration and event"),
        ({"regression": "linear", "penalty": "firth"}, "penalty firth with regression linear: expected"),
        ({"outcome": None}, "expected an outcome"),
        ({"exposure": None}, "expected an exposure"),
        ({"error": {"reference": "few"}}, "is known in 4 analysed rows"),
    ],
)
def test_settings_that_cannot_be_are_refused(inputs, settings, change, sentence):
    frame = inputs["mismeasured"]
    frame = frame.assign(few=frame["volume"].where(frame.index < 4))
    with pytest.raises(InputError, match=sentence):
        fit(frame, settings, **{**RARE, "error": {"sd": 1}, **change})


def test_missing_rows_are_counted_but_not_those_of_the_reference(inputs, settings):
    frame = inputs["mismeasured"].copy()
    frame.loc[:4, "age"] = np.nan
    result = fit(frame, settings, **RARE, error={"reference": "true"}, method="regression_calibration")
    assert codes(result)[0] == "incomplete_rows" and "5 of 628" in result.warnings["message"][0]


def test_an_error_that_crosses_zero_is_said(inputs, settings):
    near = fit(inputs["mismeasured"], settings, **RARE, error={"sd": 3}, replicates=10)
    assert "error_crosses_zero" in codes(near)
    far = fit(inputs["mismeasured"].assign(volume=lambda f: f["volume"] + 100), settings, **RARE, error={"sd": 3})
    assert "error_crosses_zero" not in codes(far)


def test_a_quadratic_correction_of_a_large_error_is_warned_about(inputs, settings):
    for extrapolation, said in (("quadratic", True), ("rational", False)):
        entry = {"error": {"sd": 0.5}, "scale": "log1p", "form": "log1p", "extrapolation": extrapolation}
        assert ("weak_extrapolation" in codes(fit(inputs["mismeasured"], settings, **RARE, **entry))) == said


def test_a_separated_outcome_is_refused(settings):
    frame = pd.DataFrame({"volume": np.arange(20.0), "y": (np.arange(20) > 9).astype(int)})
    with pytest.raises(InputError, match="no finite estimate"):
        fit(frame, settings, outcome="y", exposure="volume", mismeasured="volume", error={"sd": 1})
