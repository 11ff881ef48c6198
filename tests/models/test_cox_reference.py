"""Cox models against R's survival 3.5-3 (tests/reference/R/survival.R), and against a printed table."""

import numpy as np
import pytest
from fitted_models import declare, pick

from recohort.models import cox

ROSSI = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]
GBSG2 = {
    "menostat": {"type": "category", "levels": ["Pre", "Post"]},
    "tgrade": {"type": "category", "levels": ["I", "II", "III"]},
    "horTh": {"type": "category", "levels": ["no", "yes"]},
}
CASES = {
    "rossi_efron": ("rossi", {"duration": "week", "event": "arrest", "covariates": ROSSI}),
    "rossi_breslow": ("rossi", {"duration": "week", "event": "arrest", "covariates": ROSSI, "ties": "breslow"}),
    "rossi_strata": (
        "rossi",
        {"duration": "week", "event": "arrest", "covariates": ["fin", "age", "prio"], "strata": ["wexp", "mar"]},
    ),
    "lung": ("lung", {"duration": "time", "event": "status", "covariates": ["age", "sex", "ph_ecog"]}),
    "gbsg2": (
        "gbsg2",
        {
            "duration": "time",
            "event": "cens",
            "covariates": ["age", "menostat", "tgrade", "pnodes", "progrec"],
            "strata": ["horTh"],
        },
    ),
}


def fitted(case, inputs, settings, **more):
    name, entry = CASES[case]
    frame = inputs[name]
    return cox.fit(frame, **settings("cox", **entry, **more), columns=declare(frame, **GBSG2))


def values(reference, quantity):
    found = reference[reference["quantity"] == quantity]
    return found.set_index("term")["value"]


@pytest.mark.parametrize("case", CASES)
def test_coefficients_and_errors_agree_with_coxph(case, inputs, settings, reference):
    rows = fitted(case, inputs, settings).estimates.query("quantity == 'coefficient'")
    expected = reference("survival", case)
    np.testing.assert_allclose(rows["estimate"], values(expected, "coefficient"), rtol=1e-9)
    np.testing.assert_allclose(rows["std_error"], values(expected, "std_error"), rtol=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_tests_of_the_model_agree_with_coxph(case, inputs, settings, reference):
    result, expected = fitted(case, inputs, settings), reference("survival", case)
    for name in ("likelihood_ratio_test", "wald_test", "score_test"):
        assert pick(result, quantity=name)["statistic"] == pytest.approx(values(expected, name)["model"], rel=1e-9)
    likelihood = values(expected, "log_likelihood")["model"]
    assert pick(result, quantity="log_likelihood")["estimate"] == pytest.approx(likelihood, rel=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_concordance_agrees_with_r(case, inputs, settings, reference):
    found, expected = pick(fitted(case, inputs, settings), quantity="concordance"), reference("survival", case)
    assert found["estimate"] == pytest.approx(values(expected, "concordance")["model"], rel=1e-12)
    assert found["std_error"] == pytest.approx(values(expected, "concordance_error")["model"], rel=1e-9)


@pytest.mark.parametrize(
    ("case", "transform"),
    [(case, "km") for case in CASES] + [("rossi_efron", transform) for transform in ("rank", "identity", "log")],
)
def test_proportional_hazards_test_agrees_with_cox_zph(case, transform, inputs, settings, reference):
    rows = fitted(case, inputs, settings, ph_transform=transform).estimates.query("quantity == 'ph_test'")
    expected = reference("survival", case)
    chi2, p = values(expected, f"ph_{transform}"), values(expected, f"ph_p_{transform}")
    assert rows["term"].tolist() == chi2.index.tolist()
    np.testing.assert_allclose(rows["statistic"].astype(float), chi2, rtol=1e-9)
    np.testing.assert_allclose(rows["p_value"].astype(float), p, rtol=1e-9)


def test_rossi_as_printed_by_fox_and_weisberg(inputs, settings):
    """Cox Proportional-Hazards Regression for Survival Data in R, appendix to An R Companion to Applied Regression."""
    rows = fitted("rossi_efron", inputs, settings).estimates.query("quantity == 'coefficient'")
    assert [f"{value:.4f}" for value in rows["estimate"]] == [
        "-0.3794",
        "-0.0574",
        "0.3139",
        "-0.1498",
        "-0.4337",
        "-0.0849",
        "0.0915",
    ]
    errors = ["0.1914", "0.0220", "0.3080", "0.2122", "0.3819", "0.1958", "0.0286"]
    assert [f"{value:.4f}" for value in rows["std_error"]] == errors
