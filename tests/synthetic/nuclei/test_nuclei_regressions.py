"""The published numbers hold in expectation: statsmodels on a draw of 425 000 people, 500 times the study.

Every tolerance is three Monte Carlo errors of this draw plus half a unit of the last digit of the settings: with a
residual SD of 15 ppb (thalamus) and 42 ppb (pallidum) the standard errors are those of a study of 600 over sqrt(500).
"""

import numpy as np
import pytest
import statsmodels.formula.api as smf

from recohort.core.seeds import generator
from recohort.synthetic.nuclei import structures
from recohort.synthetic.nuclei.cohort import PEOPLE_SCORES, draw_people, group_sequence

TIMES = 500


@pytest.fixture(scope="module")
def people(completed, needed):
    section = needed("population", completed)
    rng = generator(7, "regressions")
    group = np.tile(group_sequence(section["groups"]), 2 * TIMES)
    people = draw_people(
        rng.standard_normal((len(group), len(PEOPLE_SCORES))), group, groups=section["groups"], **section["covariates"]
    )
    drawn = {name: section[name] for name in ("susceptibility", "volumes")}
    made = structures.draw_structures(rng.standard_normal((len(group), structures.N_SCORES)), people, **drawn)
    return people.join(made).assign(progressive=(people["course"] == "progressive").astype(float))


@pytest.fixture(scope="module")
def patients(people):
    return people[people["group"] == "ms"]


@pytest.mark.parametrize(
    ("structure", "predictor", "published", "tolerance"),
    [
        ("thalamus", "duration", -0.42, 3 * 0.14 / TIMES**0.5 + 0.003),
        ("thalamus", "edss", -0.64, 3 * 0.32 / TIMES**0.5 + 0.005),
        ("thalamus", "progressive", -4.3, 3 * 1.57 / TIMES**0.5 + 0.03),
        ("pallidum", "edss", 2.0, 3 * 0.89 / TIMES**0.5 + 0.005),
    ],
)
def test_single_regressions_adjusted_for_age_and_sex(patients, structure, predictor, published, tolerance):
    fit = smf.ols(f"{structure}_ppb ~ {predictor} + age + sex", patients).fit()
    assert fit.params[predictor] == pytest.approx(published, abs=tolerance)


@pytest.mark.parametrize(
    ("structure", "predictor", "low", "high"),
    [
        ("thalamus", "duration", 0.001, 0.006),  # published 0.002
        ("thalamus", "edss", 0.02, 0.07),  # 0.03
        ("thalamus", "progressive", 0.002, 0.014),  # 0.009
        ("pallidum", "edss", 0.01, 0.045),  # 0.03
    ],
)
def test_p_of_a_study_of_600_at_the_expected_estimate(patients, structure, predictor, low, high):
    from scipy.stats import norm

    fit = smf.ols(f"{structure}_ppb ~ {predictor} + age + sex", patients).fit()
    assert low < 2 * norm.sf(abs(fit.tvalues[predictor]) / TIMES**0.5) < high


def test_joint_regression_gives_the_planted_coefficients(patients, completed):
    """Of the thalamus; age beyond its line is in the model by a spline, so that nothing is left to leak."""
    planted = completed["susceptibility"]["structures"]["thalamus"]
    fit = smf.ols("thalamus_ppb ~ duration + edss + progressive + bs(age, df=6) + sex", patients).fit()
    for name in ("duration", "edss", "progressive"):
        assert fit.params[name] == pytest.approx(planted[f"{name}_ppb"], abs=3.5 * fit.bse[name]), name
    assert fit.params["sex[T.M]"] == pytest.approx(-planted["female_ppb"], abs=3.5 * fit.bse["sex[T.M]"])
    assert fit.mse_resid**0.5 == pytest.approx(planted["residual_ppb"], rel=0.01)


@pytest.mark.parametrize(
    ("structure", "group", "published"),
    [
        ("thalamus", "ms", -7.5),
        ("thalamus", "control", -1.1),
        ("basal_ganglia", "ms", 62.0),
        ("basal_ganglia", "control", 54.8),
    ],
)
def test_means(people, structure, group, published):
    """Three standard errors (16 ppb over sqrt of 125 000 or more), and rounding of the settings."""
    values = people.loc[people["group"] == group, f"{structure}_ppb"]
    assert values.mean() == pytest.approx(published, abs=3 * 16.5 / len(values) ** 0.5 + 0.02)


def test_controls_match_in_frequency(people):
    """Means, spread and sexes; three Monte Carlo errors."""
    groups = people.groupby("group")
    assert groups["age"].mean().diff().abs().iloc[-1] < 3 * 10.4 * (1 / 125_000 + 1 / 300_000) ** 0.5
    assert groups["age"].std().diff().abs().iloc[-1] < 0.1
    share = people["sex"].eq("F").groupby(people["group"]).mean()
    assert share.diff().abs().iloc[-1] < 3 * 0.5 * (1 / 125_000 + 1 / 300_000) ** 0.5


def test_volumes_fall_most_in_the_thalamus_and_ventricles_widen(people):
    ml = people.groupby("group")[[f"{name}_ml" for name in (*structures.STRUCTURES, "csf")]]
    effect = ((ml.mean().loc["ms"] - ml.mean().loc["control"]) / ml.std().loc["control"]).to_dict()
    assert min(effect, key=effect.get) == "thalamus_ml"
    assert all(effect[f"{name}_ml"] < -0.3 for name in structures.STRUCTURES)
    assert effect["csf_ml"] > 0.4
    course = people.groupby("course")["thalamus_ml"].mean()
    assert course["progressive"] < 0.95 * course["relapsing"]


def test_iron_rises_fast_in_youth_and_slowly_in_age(people):
    """Putamen: mg iron per 100 g rise as 1 - exp(-0.04 t); planted with 75 ppb."""
    controls = people[people["group"] == "control"]
    bins = np.array([27.0, 47.0, 67.0])
    mean = [controls.loc[(controls["age"] - t).abs() < 3, "putamen_ppb"].mean() for t in bins]
    expected = 75 * np.diff(-np.exp(-0.04 * bins))
    np.testing.assert_allclose(np.diff(mean), expected, atol=1.0)


def test_residuals_are_correlated_between_structures(patients):
    residual = np.column_stack(
        [
            smf.ols(f"{name}_ppb ~ duration + edss + progressive + age + sex", patients).fit().resid
            for name in structures.STRUCTURES
        ]
    )
    found = np.corrcoef(residual.T)[np.triu_indices(4, 1)]
    np.testing.assert_allclose(found, 0.35, atol=0.01)


def test_residuals_of_volume_and_susceptibility(patients):
    """-0.2 of the residual beside the head, which is 0.07 against 0.13 for the thalamus."""
    terms = "duration + edss + progressive + bs(age, df=6) + sex + head"
    frame = patients.assign(log_ml=np.log(patients["thalamus_ml"]))
    volume, ppb = (smf.ols(f"{name} ~ {terms}", frame).fit().resid for name in ("log_ml", "thalamus_ppb"))
    assert np.corrcoef(volume, ppb)[0, 1] == pytest.approx(-0.2, abs=0.01)
