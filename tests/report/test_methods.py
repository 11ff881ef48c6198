import pytest

from recohort.core.errors import InputError
from recohort.report.methods import paragraph, places, settings_at, values_at

SETTINGS = {
    "models": {
        "cox": {"a": {"ties": "efron", "covariates": ["age"]}, "b": {"ties": None, "covariates": [], "robust": False}},
        "kaplan_meier": {"a": {"rho": 0}},
    }
}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("best_path", "best path"),
        ("data/models/my_net.onnx", "data/models/my_net.onnx"),
        (True, "yes"),
        (None, "none"),
        ([], "none"),
        (["age", "prior_haemorrhage"], "age and prior haemorrhage"),
        (["a", "b", "c"], "a, b and c"),
        ({"width": 0.2, "unit": "sd"}, "width 0.2 and unit sd"),
    ],
)
def test_a_setting_is_said_in_words(value, said):
    assert paragraph(["{a.b}"], {"a": {"b": value}}) == said


def test_a_place_that_is_no_setting_is_refused():
    with pytest.raises(InputError, match=r"'\{models.cox.c.ties\}' names no setting"):
        paragraph(["{models.cox.c.ties}"], SETTINGS)


def test_marks_of_references_are_no_places():
    assert places(["Cox [@cox1972] of {models.cox.a.ties}, {models.cox.a.ties}."]) == ["models.cox.a.ties"]


def test_a_star_stands_for_every_name():
    assert list(settings_at("models.*.*.ties", SETTINGS)) == [(("cox", "a"), "efron")]
    assert values_at("models.cox.*.covariates", SETTINGS) == [["age"]]
    assert values_at("models.cox.a", SETTINGS) == [SETTINGS["models"]["cox"]["a"]]


def test_zero_says_something_and_nothing_says_nothing():
    assert values_at("models.kaplan_meier.*.rho", SETTINGS) == [0]
    assert values_at("models.cox.*.robust", SETTINGS) == []
    assert values_at("models.roc.*.score", SETTINGS) == []
    assert values_at("models.cox.a.ties.deeper", SETTINGS) == []
