"""E-values against the published example, and what is refused."""

import numpy as np
import pytest
from fitted_models import codes, pick

from recohort.core.errors import InputError
from recohort.models import e_value
from recohort.models.result import result, row


def member(quantity, ratio, low, high, term="chi", scale="per 1 ppm"):
    limits = {"estimate": ratio, "conf_low": low, "conf_high": high}
    rows = [row(term, "coefficient", scale), row(term, quantity, scale, **limits, n=90, n_events=20)]
    rows.append(row(term, quantity, "per SD (0.2 ppm)", estimate=1.5, conf_low=0.8, conf_high=2.8))
    return {"models/cox/a": result(rows).estimates}


def fitted(frames, settings, **entry):
    return e_value.fit(results=frames, **settings("e_value", members=["cox.a"], **entry))


def test_published_example(settings):
    """VanderWeele and Ding 2017: smoking and lung cancer in 1957, risk ratio 3.9 (1.8 to 8.7): 7.26 and 3.0."""
    found = fitted(member("risk_ratio", 3.9, 1.8, 8.7), settings, rare=True)
    assert round(pick(found, quantity="e_value")["estimate"], 2) == 7.26
    assert round(pick(found, quantity="e_value_limit")["estimate"], 1) == 3.0
    assert pick(found, quantity="e_value")["scale"] == "chi, per 1 ppm"
    assert pick(found, quantity="e_value")["n_events"] == 20


@pytest.mark.parametrize("quantity", ["hazard_ratio", "odds_ratio", "risk_ratio"])
@pytest.mark.parametrize("rare", [True, False])
def test_a_ratio_and_its_inverse_have_one_e_value(quantity, rare, settings):
    up = fitted(member(quantity, 2.5, 1.4, 4.0), settings, rare=rare)
    down = fitted(member(quantity, 1 / 2.5, 1 / 4.0, 1 / 1.4), settings, rare=rare)
    for name in ("e_value", "e_value_limit"):
        assert pick(up, quantity=name)["estimate"] == pytest.approx(pick(down, quantity=name)["estimate"], rel=1e-12)


def test_common_outcomes_shrink_ratios_towards_risk_ratios(settings):
    hazard = pick(fitted(member("hazard_ratio", 2.0, 1.2, 3.3), settings, rare=False), quantity="risk_ratio")
    assert hazard["estimate"] == pytest.approx((1 - 0.5 ** np.sqrt(2)) / (1 - 0.5 ** np.sqrt(0.5)), rel=1e-14)
    odds = pick(fitted(member("odds_ratio", 4.0, 1.21, 9.0), settings, rare=False), quantity="risk_ratio")
    assert (odds["estimate"], odds["conf_low"], odds["conf_high"]) == pytest.approx((2, 1.1, 3))
    risk = pick(fitted(member("risk_ratio", 4.0, 1.21, 9.0), settings, rare=False), quantity="risk_ratio")
    assert risk["estimate"] == 4


def test_an_interval_with_1_needs_no_confounding(settings):
    found = fitted(member("hazard_ratio", 2.5, 1.4, 4.0), settings, rare=True, scale="per SD")
    assert pick(found, quantity="e_value_limit")["estimate"] == 1
    assert pick(found, quantity="e_value")["estimate"] == pytest.approx(1.5 + np.sqrt(0.75))


def test_a_ratio_without_interval_has_no_e_value(settings):
    found = fitted(member("hazard_ratio", np.nan, np.nan, np.nan), settings, rare=True)
    assert codes(found) == ["no_e_value"]
    assert np.isnan(pick(found, quantity="e_value")["estimate"])


def test_members_without_ratio_are_refused(settings):
    with pytest.raises(InputError, match=r"e_value member 'cox.a': found no row of a ratio of iron, expected one"):
        fitted(member("hazard_ratio", 2.5, 1.4, 4.0), settings, rare=True, term="iron")
    with pytest.raises(InputError, match="found the ratio -1, expected one above 0"):
        fitted(member("hazard_ratio", -1.0, -2.0, 4.0), settings, rare=True)
