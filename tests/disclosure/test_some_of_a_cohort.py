"""Tables and figures of some of a cohort's rows, and of combinations of criteria: nobody subtracts."""

import numpy as np
import pandas as pd
import pytest

from recohort.core.conditions import patients_of
from recohort.core.errors import InputError
from recohort.core.schema import entry_schema, with_defaults
from recohort.core.seeds import generator
from recohort.disclosure import attack
from recohort.disclosure.guard import Guard
from recohort.disclosure.plan import plan
from recohort.figures import overlap
from recohort.tables import baseline

RULES = {"minimum_count": 5, "zeros": "shown", "round_to": None}
N = 120
COLUMNS = {
    "stage": {"type": "category", "levels": ["I", "II"]},
    "ms": {"type": "boolean", "label": "MS"},
    "treated": {"type": "boolean"},
    "lesion": {"type": "boolean"},
}
WHOLE = {"kind": "baseline", "title": "All", "overall": True, "variables": {"stage": "n_percent"}}
SOME = {**WHOLE, "title": "With MS", "among": {"column": "ms", "equals": True}}
TREATED = {**SOME, "title": "Treated", "group": "treated"}


@pytest.fixture(scope="module")
def cohort():
    """Of 120 patients 113 have MS, and of the 7 others 3 have stage I."""
    rng = generator(11, "some")
    ms = np.arange(N) < 113
    stage = np.where(ms, rng.choice(["I", "II"], N), np.where(np.arange(N) < 116, "I", "II"))
    return pd.DataFrame(
        {
            "participant_id": [f"s{k}" for k in range(N)],
            "ms": ms.astype(int),
            "stage": stage,
            "treated": rng.choice([0, 1], N),
            "lesion": rng.choice([0, 1], N),
        }
    )


def complete(section, entry):
    return with_defaults(
        {"samples": {"eligible": "Patients"}, **entry} if section == "tables" else entry, entry_schema(section, entry)
    )


def guarded(cohort, *entries, figures=(), **changes):
    tables = {str(place): complete("tables", entry) for place, entry in enumerate(entries)}
    figures = {str(place): complete("figures", entry) for place, entry in enumerate(figures)}
    frames = {"cohort/eligible": cohort}
    return plan(frames, tables=tables, figures=figures, models={}, cohort={}, **{**RULES, **changes})


def printed(cohort, entry, made):
    """A table as a script makes it, its cells by label."""
    entry, guard = complete("tables", entry), Guard(made)
    asked = {key: value for key, value in entry.items() if key not in ("kind", "warnings", "among")}
    frames = guard.released(patients_of({"cohort/eligible": cohort}, entry), entry)
    table = baseline.build(frames, columns=COLUMNS, synthetic=False, counted=guard.counted, **asked)
    return {row.cells[0].strip(): row.cells[-1].partition(" ")[0] for row in table.rows}


def test_those_outside_cannot_be_subtracted(cohort):
    made = guarded(cohort, WHOLE, SOME)
    everyone, some = printed(cohort, WHOLE, made), printed(cohort, SOME, made)
    statements = []
    for stage in ("I", "II"):
        statements.append(attack.said(f"all {stage}", everyone[stage], **RULES))
        statements.append(attack.said(f"ms {stage}", some[stage], **RULES))
        statements.append(attack.sum_of(f"all {stage}", [f"ms {stage}", f"others {stage}"]))
    for whom, name in (("all", "cohort/eligible"), ("ms", "cohort/eligible|ms=1")):
        text = made["shown"].get(name, {"all": N, "ms": 113}[whom])
        statements.append(attack.said(whom, str(text), **RULES))
        statements.append(attack.sum_of(whom, [f"{whom} I", f"{whom} II"]))
    assert attack.Reader(statements).values("others I", range(1, 5)) == [1, 2, 3, 4]
    assert attack.Reader(statements).values("others II", range(1, 5)) == [1, 2, 3, 4]


def test_without_the_whole_nothing_is_concealed(cohort):
    some = printed(cohort, SOME, guarded(cohort, SOME))
    own = cohort[cohort["ms"] == 1]["stage"]
    assert some["I"] == str((own == "I").sum())
    assert some["II"] == str((own == "II").sum())


def test_a_count_among_some_is_that_of_a_group(cohort):
    """The treated with MS have one name, whichever of the two is the table's group and which its rows."""
    swapped = {**SOME, "among": {"column": "treated", "equals": True}, "group": "ms"}
    names = [set(guarded(cohort, entry, round_to=5)["shown"]) for entry in (TREATED, swapped)]
    shared = {f"cohort/eligible|ms=1|stage={stage}|treated=1" for stage in ("I", "II")}
    assert shared <= names[0] & names[1]
    guarded(cohort, TREATED, swapped)  # were they counted otherwise the plan would say so


UPSET = {"kind": "overlap", "title": "Criteria", "cohort": "eligible", "criteria": ["treated", "lesion"]}


def test_combinations_of_criteria_are_counts_of_the_plan(cohort):
    made = guarded(cohort, {**WHOLE, "variables": {"treated": "n_percent"}}, figures=[UPSET])
    assert "<5" not in made["shown"].values()
    guard = Guard(made)
    entry = complete("figures", UPSET)
    frames = guard.released({"cohort/eligible": cohort}, entry)
    asked = {key: value for key, value in entry.items() if key not in ("kind", "warnings", "among", "title", "caption")}
    assert overlap.draw(frames, columns=COLUMNS, synthetic=False, counted=guard.counted, **asked)


def test_combinations_that_give_a_small_count_away_do_not_leave(cohort):
    """A table counts all but 3 of the treated with a lesion: the figure's own count would tell."""
    both = cohort.index[(cohort["treated"] == 1) & (cohort["lesion"] == 1)]
    near = cohort.assign(ms=1)
    near.loc[both[:3], "ms"] = 0
    made = guarded(near, figures=[UPSET, {**UPSET, "among": {"column": "ms", "equals": 1}}])
    assert "[c]" in made["shown"].values()
    stopped = 0
    for entry in (UPSET, {**UPSET, "among": {"column": "ms", "equals": 1}}):
        guard, entry = Guard(made), complete("figures", entry)
        frames = guard.released(patients_of({"cohort/eligible": near}, entry), entry)
        elsewhere = ("kind", "warnings", "among", "title", "caption")
        asked = {key: value for key, value in entry.items() if key not in elsewhere}
        try:
            overlap.draw(frames, columns=COLUMNS, synthetic=False, counted=guard.counted, **asked)
        except InputError as error:
            assert "disclosure withholds" in str(error)
            stopped += 1
    assert stopped >= 1
