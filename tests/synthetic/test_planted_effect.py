"""What the analyses of the study find of the effect that is planted in the true lesion median.

The requirement is a mean estimate within 5 % of the planted effect and 92 to 98 % coverage of its 95 % interval. Tested
are 600 draws of 155 subjects, so that a mean has a Monte Carlo error of 1 % and a coverage one of 0.9 %; every
tolerance is a multiple of the error that the draws themselves show.

- At 155 subjects the coverage of each analysis holds.
- The mean of the matched cohort, the primary analysis, holds narrowly (-4.3 % over 2000 draws): two errors of opposite
  sign cancel in part, the small sample's and that of matching on the outcome, which alone is left in larger cohorts.
- The mean of the full cohort does not hold at 155 subjects (+5.3 % over 2000 draws) and holds at 310. That is maximum
  partial likelihood, not the cohort: theory predicts it, and it is gone when all draws are one cohort.
- Firth's penalty is not the remedy: it takes away a part of the bias that is nearly nil here.
"""

import numpy as np
import pandas as pd
import penalised_cox
import pytest

from recohort.cohort.matching import match
from recohort.core.errors import InputError
from recohort.core.schema import load_schema, with_defaults
from recohort.models import cox
from recohort.models.inputs import WHOSE

pytestmark = pytest.mark.slow

N_DRAWS = 600
SD_PPM = 0.185
ADJUSTED = ["age", "sex", "lesion_volume", "prior_haemorrhage"]
COLUMNS = {
    "age": {"type": "number"},
    "sex": {"type": "category", "levels": ["M", "F"]},
    "prior_haemorrhage": {"type": "boolean"},
    "location": {"type": "category", "levels": ["pons", "midbrain", "medulla"]},
    "dva": {"type": "boolean"},
    "mrs": {"type": "integer"},
    "lesion_volume": {"type": "number"},
    "lesion_median": {"type": "number"},
    "follow_up": {"type": "number"},
    "haemorrhage": {"type": "boolean"},
}


def matched(cohort):
    entry = {
        "target": "outcome",
        "treatment": "haemorrhage",
        "covariates": [*ADJUSTED, "location", "dva", "mrs"],
        "ratio": 2,
        "caliper": {"width": 0.2, "unit": "sd_overall"},
    }
    settings = with_defaults(entry, load_schema("cohort")["properties"]["matching"])
    settings.pop("balance")
    return match(cohort, **settings, seed=0, columns=COLUMNS).frame


def adjusted(cohort):
    """Estimate and standard error per SD by the project's Cox model."""
    entry = {
        "duration": "follow_up",
        "event": "haemorrhage",
        "exposure": "lesion_median",
        "covariates": ADJUSTED,
        "scales": [SD_PPM],
    }
    settings = with_defaults(entry, load_schema("models/cox")["additionalProperties"])
    settings = {key: value for key, value in settings.items() if key not in WHOSE}
    table = cox.fit(cohort, **settings, columns=COLUMNS).estimates
    (ratio,) = table[(table["term"] == "lesion_median") & (table["quantity"] == "hazard_ratio")].itertuples()
    return np.log(ratio.estimate), ratio.std_error


def arrays(cohort):
    """Time, event and predictors, the lesion median per SD first, for the independent likelihood."""
    x = [cohort["lesion_median"] / SD_PPM, cohort["age"] / 10, cohort["sex"] == "F"]
    x += [cohort["lesion_volume"], cohort["prior_haemorrhage"]]
    return cohort["follow_up"].to_numpy(), cohort["haemorrhage"].to_numpy() == 1, np.column_stack(x).astype(float)


def penalised(cohort):
    estimates, errors = penalised_cox.fit(*arrays(cohort))
    return estimates[0], errors[0]


def mean_and_error(values):
    return np.mean(values), np.std(values, ddof=1) / np.sqrt(len(values))


def coverage(fits, planted):
    estimates, errors = fits.T
    return np.mean(np.abs(estimates - planted) < 1.959964 * errors)


@pytest.fixture(scope="module")
def frames(cohorts, draw):
    more = map(draw, range(len(cohorts), N_DRAWS))
    names = {"lesion_volume_ml": "lesion_volume", "lesion_median_ppm": "lesion_median"}
    return [
        participants.join(truth[list(names)].rename(columns=names))
        for source in (cohorts, more)
        for participants, truth in source
    ]


@pytest.fixture(scope="module")
def full(frames):
    return np.array([adjusted(frame) for frame in frames])


@pytest.fixture
def planted(settings):
    return settings["outcome"]["log_hazard_ratio_per_sd"]


@pytest.fixture
def effects(settings, planted):
    """The planted effects in the order of `arrays`."""
    others = settings["outcome"]["log_hazard_ratios"]
    return np.array([planted, *(others[k] for k in ("age_per_decade", "female", "volume_per_ml", "prior_haemorrhage"))])


def test_matched_cohort_meets_the_requirement(frames, planted):
    fits, separated = [], 0
    for frame in frames:
        try:
            sample = matched(frame)
        except InputError as error:  # some draws have no event in the medulla, or another level without both outcomes
            assert "separate" in str(error)
            separated += 1
        else:
            fits.append(adjusted(sample))
    assert separated < 0.03 * len(frames)
    mean, error = mean_and_error(np.array(fits)[:, 0])
    assert abs(mean - planted) < 0.05 * planted + 2 * error
    assert 0.92 <= coverage(np.array(fits), planted) <= 0.98


def test_matching_on_the_outcome_weakens_the_effect_where_the_sample_is_not_small(frames, planted):
    pooled = [pd.concat(frames[i : i + 4], ignore_index=True) for i in range(0, len(frames), 4)]
    mean, error = mean_and_error([adjusted(matched(frame))[0] for frame in pooled])
    assert mean < 0.95 * planted - 2 * error


def test_full_cohort_of_155_has_the_bias_that_theory_gives(full, frames, planted, effects):
    mean, error = mean_and_error(full[:, 0])
    assert mean - planted > 3 * error
    predicted = penalised_cox.first_order_bias(map(arrays, frames), effects)[0][0]
    assert 0.03 < predicted / planted < 0.09
    assert mean - planted == pytest.approx(predicted, abs=3 * error)


def test_full_cohort_covers_as_required(full, planted):
    assert 0.92 <= coverage(full, planted) <= 0.98


def test_full_cohort_of_310_meets_the_requirement(frames, planted):
    fits = np.array([adjusted(pd.concat(frames[i : i + 2], ignore_index=True)) for i in range(0, len(frames), 2)])
    mean, error = mean_and_error(fits[:, 0])
    assert abs(mean - planted) < 0.05 * planted - error
    assert 0.92 <= coverage(fits, planted) <= 0.98


def test_all_draws_as_one_cohort_give_the_planted_effect(frames, planted):
    estimate, error = adjusted(pd.concat(frames, ignore_index=True))
    assert error < 0.01 * planted
    assert estimate == pytest.approx(planted, abs=3 * error)


def test_firths_penalty_takes_away_little_of_the_bias(full, frames, planted, effects):
    fits = np.array([penalised(frame) for frame in frames])
    shift, error = mean_and_error(fits[:, 0] - full[:, 0])
    assert abs(shift) < 0.01 * planted - 3 * error
    total, removable, remaining = (part[0] for part in penalised_cox.first_order_bias(map(arrays, frames), effects))
    assert abs(removable) < 0.15 * total
    assert remaining == pytest.approx(total, rel=0.15)
    assert 0.92 <= coverage(fits, planted) <= 0.98


def test_penalised_likelihood_by_differences(frames, effects):
    likelihood = penalised_cox.PartialLikelihood(*arrays(frames[0]))
    beta, step = effects * likelihood.scale, 1e-5 * np.eye(len(effects))
    _, score, information, third = likelihood.derivatives(beta)
    for i, h in enumerate(step):
        ahead, behind = likelihood.derivatives(beta + h), likelihood.derivatives(beta - h)
        assert (ahead[0] - behind[0]) / 2e-5 == pytest.approx(score[i], abs=1e-5)
        np.testing.assert_allclose((behind[1] - ahead[1]) / 2e-5, information[i], atol=1e-5)
        np.testing.assert_allclose((ahead[2] - behind[2]) / 2e-5, third[..., i], atol=1e-5)
        change = (likelihood.objective(beta + h)[0] - likelihood.objective(beta - h)[0]) / 2e-5
        assert change == pytest.approx(likelihood.objective(beta)[1][i], abs=1e-5)
