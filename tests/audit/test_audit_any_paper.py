"""Whatever stands in a well-formed row, every check says something or nothing, and never breaks."""

import re
from collections import Counter

import pytest
from audited_rows import SCHEMA, audited

from recohort.audit.finding import VERDICTS
from recohort.audit.relations import PHRASES
from recohort.core.errors import InputError
from recohort.core.seeds import generator

MEASURES = SCHEMA["properties"]["measure"]["enum"]
INTERVALS = SCHEMA["properties"]["interval"]["enum"]
VALUES = ["0", "1", "0.0", "-1", "-0.5", "0.5", "100", "2", "0.001", "12", "99.9", "50", ""]
LIMITS = [-2, -0.5, 0, 0, 0.5, 1, 1.5, 3, 100]


def row(rng):
    cells = {
        "measure": str(rng.choice(MEASURES)),
        "value": str(rng.choice(VALUES)),
        "unit": str(rng.choice(["%", ""])),
        "n": str(rng.choice(["", "0", "1", "2", "10", "1000"])),
        "sd": str(rng.choice(["", "0", "0.5", "10"])),
        "count": str(rng.choice(["", "0", "1", "2"])),
        "p_value": str(rng.choice(["", "0", "0.000", "0.05", "1", "0.5"])),
        "interval": str(rng.choice(INTERVALS)),
    }
    if cells["measure"] == "count":
        cells["value"] = str(rng.choice(["0", "1", "10", "-3", ""]))
    if cells["p_value"]:
        cells["p_operator"] = str(rng.choice(["=", "<"]))
    if rng.random() < 0.5:
        cells["conf_low"], cells["conf_high"] = (f"{end:g}" for end in sorted(rng.choice(LIMITS, 2)))
    return cells


def relation(rng, phrase):
    """Return a phrase about the rows y, z, u and v at random, its option taken."""

    def place(match):
        several = {"...": int(rng.integers(1, 4)), "": 1, "#": 1}[match[2]]
        return "4" if match[2] == "#" and rng.random() < 0.5 else " ".join(rng.choice(list("yzuv"), several))

    return re.sub(r"<(\w+?)(\.\.\.|#|)>", place, phrase.replace("[", "").replace("]", ""))


@pytest.mark.parametrize("phrase", PHRASES)
def test_no_row_breaks_a_check(phrase):
    rng = generator(1, "any", phrase)
    outcomes = Counter()
    for _ in range(150):
        rows = [row(rng) for _ in range(5)]
        rows[0]["relation"] = relation(rng, phrase)
        try:
            found = audited(*rows)
        except InputError:
            outcomes["refused"] += 1
            continue
        assert {finding.verdict for finding in found} <= set(VERDICTS)
        for finding in found:
            assert finding.finding.endswith(".")
            assert "nan" not in " ".join(finding).split(), finding
        outcomes["audited"] += 1
    assert outcomes["audited"] > 50
