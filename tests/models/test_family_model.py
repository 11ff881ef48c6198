"""Adjusted p-values against R's p.adjust (tests/reference/R/groups.R), and what a family is."""

import numpy as np
import pandas as pd
import pytest
from fitted_models import pick

from recohort.core.errors import InputError
from recohort.models import family
from recohort.models.result import result, row

P = [0.01, 0.04, 0.03, 0.5, 3.5e-5, 0.04]


@pytest.mark.parametrize("method", ["bonferroni", "holm", "bh"])
def test_adjusted_p_agrees_with_p_adjust(method, reference):
    adjusted = family.adjust(pd.DataFrame({"p_value": P}), method=method)["p_adjusted"]
    np.testing.assert_allclose(adjusted, reference("groups", f"adjust_{method}")["value"], rtol=1e-14)


def cox_of(term, p):
    rows = [row(term, "coefficient", "per 1 ppm", p_value=p), row("age", "coefficient", "per 1 years", p_value=0.9)]
    return result(rows).estimates


def test_four_models_by_bonferroni(settings):
    members = {f"models/cox/{name}": cox_of(f"lesion_{name}", p) for name, p in (("median", 3.5e-5), ("iqr", 2.7e-5))}
    members |= {"models/cox/mean": cox_of("lesion_mean", 0.4), "models/cox/maximum": cox_of("lesion_maximum", 0.2)}
    named = ["cox.median", "cox.iqr", "cox.mean", "cox.maximum"]
    found = family.fit(results=members, **settings("family", members=named))
    adjusted = pick(found, term="median", quantity="p_adjusted")
    assert adjusted["p_value"] == pytest.approx(1.4e-4)
    assert (adjusted["scale"], adjusted["method"]) == ("lesion_median", "bonferroni")
    assert pick(found, term="mean", quantity="p_adjusted")["p_value"] == 1
    assert len(found.estimates) == 8


def test_a_comparison_of_groups_gives_each_of_its_variables(settings):
    rows = [row(name, "difference", p_value=p) for name, p in (("mean", 0.01), ("iqr", 0.04))]
    results = {"models/groups/metrics": result(rows).estimates}
    entry = settings("family", members=["groups.metrics"], method="holm", quantity="difference")
    found = family.fit(results=results, **entry)
    assert pick(found, term="mean", quantity="p_adjusted")["p_value"] == 0.02


@pytest.mark.parametrize(
    ("frame", "term", "sentence"),
    [
        (cox_of("chi", 0.1), "iron", "found 0 rows of coefficient of iron, expected one p-value"),
        (cox_of("chi", np.nan), None, "found the p-value nan, expected one between 0 and 1"),
        (pd.concat([cox_of("chi", 0.1)] * 2), None, "found 2 rows of coefficient"),
    ],
)
def test_bad_members_are_refused(frame, term, sentence, settings):
    with pytest.raises(InputError, match=sentence):
        family.fit(results={"models/cox/a": frame}, **settings("family", members=["cox.a"], method="holm", term=term))


def test_interactions_of_several_models_by_one_of_two_tests(settings):
    def frame(term, wald, ratio):
        rows = [row(term, "interaction_test", "chi2", "Wald", p_value=wald)]
        rows.append(row(term, "interaction_test", "chi2", "likelihood ratio, 1 df", p_value=ratio))
        return result([row("arm", "coefficient", p_value=0.9), *rows]).estimates

    results = {
        "models/logistic/a": frame("arm:volume", 0.5, 0.01),
        "models/logistic/b": frame("drug:volume", 0.6, 0.04),
    }
    entry = {"members": ["logistic.a", "logistic.b"], "quantity": "interaction_test", "test": "likelihood ratio"}
    found = family.fit(results=results, **settings("family", **entry))
    assert pick(found, term="a", quantity="p_adjusted")["p_value"] == 0.02
    assert pick(found, term="b", quantity="p_adjusted")["p_value"] == 0.08
    named = family.fit(results=results, **settings("family", **entry, terms={"logistic.b": "drug:volume"}))
    assert pick(named, term="b", quantity="p_adjusted")["p_value"] == 0.08
    with pytest.raises(InputError, match=r"family member 'logistic.b': found 0 rows of interaction_test of arm:volume"):
        family.fit(results=results, **settings("family", **entry, terms={"logistic.b": "arm:volume"}))
    with pytest.raises(InputError, match=r"terms names 'logistic.c', expected one of its members"):
        family.fit(results=results, **settings("family", **entry, terms={"logistic.c": "arm:volume"}))


def test_every_two_levels_of_one_comparison(settings):
    rows = [
        row("chi", "pairwise_difference", f"{a} against {b}", p_value=p)
        for a, b, p in (("B", "A", 0.01), ("C", "A", 0.02))
    ]
    entry = settings("family", members=["groups.g"], quantity="pairwise_difference")
    found = family.fit(results={"models/groups/g": result(rows).estimates}, **entry)
    assert pick(found, term="chi, C against A", quantity="p_adjusted")["p_value"] == 0.04
    entry = settings("family", members=["groups.g"], quantity="pairwise_difference", scale="C")
    found = family.fit(results={"models/groups/g": result(rows).estimates}, **entry)
    assert pick(found, term="g", quantity="p_adjusted")["p_value"] == 0.02


def test_benjamini_and_yekutieli_agree_with_p_adjust(reference):
    adjusted = family.adjust(pd.DataFrame({"p_value": P}), method="by")["p_adjusted"]
    np.testing.assert_allclose(adjusted, reference("groups_more", "adjust_by")["value"], rtol=1e-14)
