import doctest
from pathlib import Path

import pandas as pd
import pytest
import yaml

from recohort.core.errors import InputError
from recohort.core.schema import load_schema
from recohort.report import compare as module
from recohort.report.compare import COLUMNS, check, compare
from recohort.report.locate import files

ROOT = Path(__file__).parents[2]
SCHEMA = load_schema("published")


def published(**cells):
    """Return one published number; every cell is text."""
    row = dict.fromkeys(SCHEMA["required"], "")
    row |= {"item": "x", "quantity": "ratio", "printed": "Table 3", "source": "A", "tolerance": "rounding"}
    row |= {"result": "models/cox/a.tsv", "where": "term=chi; quantity=hazard_ratio"}
    return pd.DataFrame([row | cells])


def results(value=1.5, low=1.2, high=1.9, p=0.02, **more):
    row = {"term": "chi", "quantity": "hazard_ratio", "scale": "per 1 ppm", "estimate": value}
    return {"models/cox/a.tsv": pd.DataFrame([row | {"conf_low": low, "conf_high": high, "p_value": p} | more])}


def agreements(published_rows, found):
    return compare(published_rows, found, caveats=[])["agreement"].tolist()


def test_examples():
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("printed", "ours", "agreement"),
    [
        ("0.74", 0.744, "match"),
        ("0.740", 0.744, "differs"),
        ("0.74", 0.735, "match"),
        ("0.74", 0.745, "match"),
        ("0.74", 0.7451, "differs"),
        ("-0.0849", -0.084871, "match"),
        ("1.096", 1.095814, "match"),
        ("114", 114.4, "match"),
    ],
)
def test_rounding_goes_by_the_printed_digits(printed, ours, agreement):
    assert agreements(published(value=printed), results(ours)) == [agreement]


@pytest.mark.parametrize(("ours", "agreement"), [(30, "match"), (30.4, "differs"), (29, "differs")])
def test_exact(ours, agreement):
    assert agreements(published(value="30", tolerance="exact"), results(ours)) == [agreement]


@pytest.mark.parametrize(
    ("cells", "ours", "agreement"),
    [
        ({"value": "1.50"}, {"value": 1.503, "low": None, "high": None}, "match"),
        ({"value": "1.80", "conf_low": "1.2", "conf_high": "1.9"}, {"value": 1.2}, "within CI"),
        ({"value": "1.80"}, {"value": 1.5, "low": 1.2, "high": 1.9}, "within CI"),
        ({"value": "1.95"}, {"value": 1.5, "low": 1.2, "high": 1.9}, "differs"),
        ({"value": "3.0", "conf_low": "2.0", "conf_high": "4.0"}, {"value": 1.5}, "differs"),
    ],
)
def test_stochastic(cells, ours, agreement):
    assert agreements(published(tolerance="stochastic", **cells), results(**ours)) == [agreement]


@pytest.mark.parametrize(
    ("operator", "printed", "p", "agreement"),
    [
        ("<", "0.001", 3.5e-5, "match"),
        ("<", "0.001", 0.001, "differs"),
        ("=", "0.0001", 1.4e-4, "match"),
        ("=", "0.0001", 1.6e-4, "differs"),
        ("=", "0.047", 0.047416, "match"),
    ],
)
def test_p_values(operator, printed, p, agreement):
    rows = compare(published(p_value=printed, p_operator=operator), results(p=p), caveats=[])
    assert rows["agreement"].tolist() == [agreement]
    assert rows["item"].tolist() == ["x"]
    assert rows["published"].tolist() == [("<" if operator == "<" else "") + printed]


def test_a_row_yields_value_limits_and_p():
    rows = published(value="1.5", conf_low="1.2", conf_high="2.0", p_value="0.02", p_operator="=")
    found = compare(rows, results(), caveats=[])
    assert found["item"].tolist() == ["x", "x.conf_low", "x.conf_high", "x.p"]
    assert found["agreement"].tolist() == ["match", "match", "differs", "match"]
    assert tuple(found.columns) == COLUMNS


def test_percentages_are_fractions_of_ours():
    found = compare(published(value="83.3", unit="%"), results(0.8333, 0.7, 0.92), caveats=[])
    assert found.loc[0, "agreement"] == "match"
    assert found.loc[0, "reproduced_low"] == pytest.approx(70)


@pytest.mark.parametrize(
    ("caveats", "verdict"),
    [
        (["synthetic"], "synthetic"),
        (["demonstration"], "demonstration"),
        (["synthetic", "demonstration"], "synthetic"),
        (["demonstration", "synthetic"], "synthetic"),
    ],
)
@pytest.mark.parametrize("value", ["1.5", "9.9", ""])
def test_what_rests_on_a_caveat_never_reads_as_a_reproduction(value, caveats, verdict):
    rows = published(value=value, p_value="0.02", p_operator="=")
    found = compare(rows, results(), caveats=caveats)
    assert set(found["verdict"]) == {verdict}
    assert set(compare(published(value="1", result="", where=""), {}, caveats=caveats)["verdict"]) == {verdict}


def test_verdict_repeats_the_agreement_of_real_data():
    found = compare(published(value="9.9"), results(), caveats=[])
    assert found["verdict"].tolist() == found["agreement"].tolist() == ["differs"]
    assert found.loc[0, "difference"] == pytest.approx(1.5 - 9.9)


def test_no_file_is_not_reproducible():
    rows = published(value="2020-07", result="", where="")
    assert agreements(rows, {}) == ["not reproducible"]


def test_a_number_that_could_not_be_estimated_is_not_reproducible():
    assert agreements(published(value="1.5"), results(None)) == ["not reproducible"]


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"where": "term=other"}, "'x': 0 rows of 'models/cox/a.tsv' have term=other, expected one"),
        ({"where": ""}, "'x': 2 rows of 'models/cox/a.tsv' have no condition, expected one"),
        ({"where": "term"}, "'x': found the condition 'term', expected column=cell"),
        ({"where": "word=chi"}, "'x': 'models/cox/a.tsv' has no column 'word'"),
        ({"column": "weight"}, "'x': 'models/cox/a.tsv' has no column 'weight'"),
        ({"column": "mean(weight)", "where": ""}, r"'x': 'models/cox/a.tsv' has no mean\(weight\)"),
        ({"result": "models/cox/b.tsv"}, "'x': there is no result 'models/cox/b.tsv'"),
        ({"column": "scale"}, "'x': found 'per 1 ppm' in scale, expected a number"),
        ({"value": "two"}, "'x': found 'two', expected a number to compare with"),
    ],
)
def test_locator_errors_name_the_item(cells, sentence):
    found = results()
    found["models/cox/a.tsv"] = pd.concat([found["models/cox/a.tsv"], results(term="age")["models/cox/a.tsv"]])
    with pytest.raises(InputError, match=sentence) as raised:
        compare(published(**{"value": "1.5", **cells}), found, caveats=[])
    assert "\n" not in str(raised.value)


def test_star_stands_for_any_ending():
    found = results(scale="per SD (0.185 ppm)")
    assert agreements(published(value="1.5", where="scale=per SD*"), found) == ["match"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("mean(t)", "2"),
        ("median(t)", "2"),
        ("count(t)", "3"),
        ("distinct(site)", "2"),
        ("sd(t)", "1"),
        ("share(t)", "2"),
    ],
)
def test_aggregates(column, value):
    frame = {"cohort/eligible.tsv": pd.DataFrame({"t": [1, 2, 3], "site": ["a", "b", "a"]})}
    rows = published(value=value, column=column, result="cohort/eligible.tsv", where="")
    assert agreements(rows, frame) == ["match"]


@pytest.mark.parametrize(
    ("where", "column", "value"),
    [("step=eligible", "n_out", "155"), ("step=eligible; reason=no map", "n", "5"), ("group=1", "n", "30")],
)
def test_flow_counts(where, column, value):
    flow = {
        "steps": [
            {"name": "eligible", "n_in": 160, "n_excluded": 5, "n_out": 155, "excluded": [{"reason": "no map", "n": 5}]}
        ],
        "groups": [{"name": "1", "label": "Haemorrhage", "n": 30}],
    }
    rows = published(value=value, column=column, where=where, result="cohort/flow.json", tolerance="exact")
    assert agreements(rows, {"cohort/flow.json": flow}) == ["match"]


def read(study):
    path = ROOT / "data" / "published" / f"{study}.csv"
    return pd.read_csv(path, dtype=str, keep_default_na=False)


@pytest.mark.parametrize("study", ["cavernoma_qsm", "recidivism"])
def test_published_numbers_fit_their_schema(study):
    check(read(study), SCHEMA)
    assert all(name.startswith(("models/", "cohort/")) for name in files(read(study)))


def test_check_collects_every_finding():
    rows = pd.concat([published(tolerance="close"), published(source="Z")])
    with pytest.raises(InputError) as raised:
        check(rows, SCHEMA)
    assert len(str(raised.value).splitlines()) == 3
    assert "line 2, tolerance: found 'close', expected one of exact, rounding, stochastic" in str(raised.value)
    assert "item 'x' stands twice" in str(raised.value)


def test_recidivism_by_an_independent_fit():
    """The published table holds on the data it was printed from."""
    lifelines = pytest.importorskip("lifelines")
    from lifelines.datasets import load_rossi

    fitted = lifelines.CoxPHFitter().fit(load_rossi(), "week", "arrest").summary
    rows = []
    for term, found in fitted.iterrows():
        common = {"term": term, "p_value": found["p"], "statistic": found["z"], "n": 432, "n_events": 114}
        rows.append(common | {"quantity": "coefficient", "estimate": found["coef"], "std_error": found["se(coef)"]})
        rows.append(common | {"quantity": "hazard_ratio", "estimate": found["exp(coef)"]})
    numbers = read("recidivism")
    compared = compare(numbers, {name: pd.DataFrame(rows) for name in files(numbers)}, caveats=[])
    assert compared["agreement"].eq("match").all(), compared[compared["agreement"] != "match"].to_string()
    assert len(compared) == 37


def test_schemas_describe_every_key():
    for name in ("tables", "figures", "report", "published"):
        raw = yaml.safe_load((ROOT / "workflow" / "schemas" / f"{name}.schema.yaml").read_text())
        assert raw["description"]
        for path, node in _properties(load_schema(name)):
            assert "description" in node, f"{name}: {path}"


def _properties(schema, path=""):
    for key, node in schema.get("properties", {}).items():
        yield f"{path}.{key}", node
        yield from _properties(node, f"{path}.{key}")
    rest = schema.get("additionalProperties")
    for branch in [*schema.get("oneOf", []), *([rest] if isinstance(rest, dict) else [])]:
        yield from _properties(branch, path)
