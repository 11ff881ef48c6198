"""A whole study of few patients under disclosure control: what leaves, and what can be worked out from it."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from workdir import Workdir

from recohort.core.seeds import generator
from recohort.disclosure import attack

pytestmark = pytest.mark.slow

STUDY = {
    "study": {"title": "Few patients"},
    "data": {
        "table": {"file": "data/mine/few.csv"},
        "columns": {
            "months": {"type": "number", "unit": "months", "label": "Follow-up"},
            "died": {"type": "boolean", "label": "Death"},
            "arm": {"type": "category", "levels": ["a", "b"], "label": "Arm"},
            "stage": {"type": "category", "levels": ["I", "II", "III"], "label": "Stage"},
            "smoker": {"type": "boolean", "label": "Smoker"},
            "age": {"type": "number", "unit": "years", "label": "Age"},
            "marker": {"type": "number", "unit": "mg/L", "label": "Marker"},
        },
    },
    "cohort": {
        "outcome": {"event": "died", "time": "months", "time_unit": "months"},
        "eligibility": [{"name": "adult", "label": "Adults", "keep": {"column": "age", "at_least": 18}}],
        "groups": {"column": "arm", "levels": {"a": "Arm A", "b": "Arm B"}},
    },
    "models": {
        "cox": {"arm": {"duration": "months", "event": "died", "covariates": ["arm", "age"]}},
        "kaplan_meier": {"arm": {"duration": "months", "event": "died", "group": "arm", "times": [12, 24]}},
    },
    "tables": {
        "patients": {
            "kind": "baseline",
            "title": "Patients",
            "group": "arm",
            "overall": True,
            "variables": {
                "age": "mean_sd",
                "marker": "median_range",
                "stage": "n_percent",
                "smoker": "n_percent",
            },
        },
        "survival": {
            "kind": "survival",
            "title": "Survival",
            "kaplan_meier": "arm",
            "group_levels": {"a": "Arm A", "b": "Arm B"},
            "times": [12, 24],
            "time_unit": "months",
        },
        "cox": {"kind": "cox", "title": "Cox model", "layout": "terms", "models": {"Arm": ["arm"]}},
    },
    "figures": {
        "flow": {"kind": "flow", "title": "Flow"},
        "km": {
            "kind": "km",
            "title": "Survival by arm",
            "model": "arm",
            "tick": 12,
            "time_unit": "months",
            "y_label": "Survival",
        },
        "box": {
            "kind": "box",
            "title": "Marker by arm",
            "cohort": "eligible",
            "group": "arm",
            "group_levels": {"a": "Arm A", "b": "Arm B"},
            "metrics": ["marker"],
        },
        "histogram": {"kind": "histogram", "title": "Marker", "cohort": "eligible", "column": "marker", "rug": True},
    },
}
RULES = {"minimum_count": 5, "zeros": "shown", "round_to": None}


def few_patients() -> pd.DataFrame:
    """150 patients, of whom 3 are minors, few are of stage III, and 2 have no marker."""
    rng, n = generator(1, "few patients"), 150
    time, censored = rng.exponential(30, n), rng.uniform(6, 40, n)
    frame = pd.DataFrame(
        {
            "participant_id": [f"p{place}" for place in range(n)],
            "months": np.minimum(time, censored).round(3),
            "died": (time <= censored).astype(int),
            "arm": rng.choice(["a", "b"], n),
            "stage": rng.choice(["I", "II", "III"], n, p=[0.5, 0.46, 0.04]),
            "smoker": rng.choice([0, 1], n, p=[0.97, 0.03]),
            "age": rng.normal(55, 10, n).clip(20).round(1),
            "marker": rng.lognormal(0, 1, n).round(4),
        }
    )
    frame.loc[:2, "age"] = 15.0
    frame.loc[10:11, "marker"] = np.nan
    return frame


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    workdir = Workdir(tmp_path_factory.mktemp("disclosure") / "copy")
    workdir.configure(STUDY, name="few")
    (workdir.folder / "data" / "mine").mkdir(parents=True)
    few_patients().to_csv(workdir.folder / "data" / "mine" / "few.csv", index=False)
    workdir.run("few")
    return workdir


@pytest.fixture(scope="module")
def guarded(run, tmp_path_factory):
    workdir = run.copy(tmp_path_factory.mktemp("guarded") / "copy")
    workdir.configure({**STUDY, "disclosure": {"minimum_count": 5}}, name="few")
    workdir.run("few")
    return workdir


def table(workdir, name):
    text = (workdir.folder / "results" / "few" / "tables" / f"{name}.csv").read_text()
    return pd.read_csv(pd.io.common.StringIO(text.partition("\n")[2]), dtype=str, keep_default_na=False)


def count_of(cell):
    return cell.partition(" ")[0]


def statements(baseline, *, blind=False):
    """What a reader takes from the printed baseline table and from the rules; blind, of labels like <5 alone."""

    def said(name, text):
        if not blind:
            return attack.said(name, text, **RULES)
        return attack.said(name, text if text.startswith("<") or text == "0" else "[c]", **RULES)

    heads = {name: re.search(r"\(n=(.*?)\)", name)[1] for name in baseline.columns[1:4]}
    made = [said(name, text) for name, text in heads.items()]
    everyone, *groups = heads
    made.append(attack.sum_of(everyone, groups))
    rows = {label.strip(): row for label, row in zip(baseline.iloc[:, 0], baseline.to_dict("records"), strict=True)}
    for label in ("I", "II", "III", "Smoker, n (%)", "Missing, n"):
        for name in heads:
            made.append(said(f"{label} of {name}", count_of(rows[label][name])))
            if not blind and (found := re.search(r"\((.*)\)", rows[label][name])):
                made += attack.percentage(f"{label} of {name}", name, found[1])
        made.append(attack.sum_of(f"{label} of {everyone}", [f"{label} of {name}" for name in groups]))
    for name in heads:
        made.append(attack.sum_of(name, [f"{label} of {name}" for label in ("I", "II", "III")]))
        made.append(attack.sum_of(name, [f"Smoker, n (%) of {name}", f"not smoker of {name}"]))
        made.append(attack.sum_of(name, [f"Missing, n of {name}", f"known of {name}"]))
    return made


def test_without_the_section_nothing_is_withheld_or_planned(run):
    assert not (run.folder / "results" / "few" / "disclosure").exists()
    assert "<5" not in "".join(table(run, "patients").to_numpy().ravel())
    assert not run.scheduled("few")


def test_no_small_count_is_printed_and_none_can_be_computed_back(run, guarded):
    true, shown = table(run, "patients"), table(guarded, "patients")
    reader, blind = attack.Reader(statements(shown)), attack.Reader(statements(shown, blind=True))
    exact, small = attack.Reader(statements(true)), 0
    names = dict(zip(true.columns, shown.columns, strict=True))
    for name in exact.names:
        value = exact.interval(name)[0]
        if 1 <= value <= 4:
            small += 1
            head = next(head for head in names if name.endswith(head))
            asked = name.removesuffix(head) + names[head]
            possible = reader.values(asked, range(1, 5))
            assert possible == blind.values(asked, range(1, 5)), asked
            assert len(possible) >= 2, asked
    assert small >= 6


def test_every_artefact_says_so(guarded):
    results = guarded.folder / "results" / "few"
    for name in STUDY["tables"]:
        text = (results / "tables" / f"{name}.csv").read_text()
        assert "Disclosure control: <5 stands for 1 to 4 patients or events" in text
    page = (results / "report" / "index.html").read_text()
    plan = json.loads((results / "disclosure" / "plan.json").read_text())
    counted = plan["counted"]
    assert f"of {counted['printed']} counts in tables and figures, {counted['small']} are below 5" in page
    assert page.count("quantiles, curves, marks and numbers at risk are of blocks of 5 patients or more") >= 4
    assert "participant p" not in page


def test_a_second_run_has_nothing_to_do_and_gives_the_same_bytes(guarded, tmp_path):
    assert not guarded.scheduled("few")
    again = guarded.copy(tmp_path / "copy")
    before = again.results()
    again.run("few", "--forcerun", "plan_disclosure")
    assert again.results() == before


def test_a_figure_of_one_patient_does_not_leave(guarded):
    study = {**STUDY, "disclosure": {"minimum_count": 5, "round_to": 11}}
    guarded.configure(study, name="few")
    done = guarded.run("few", check=False)
    assert done.returncode == 1
    assert "disclosure.round_to: found 11, expected at most 10" in done.stdout + done.stderr
