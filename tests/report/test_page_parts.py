"""The words and numbers from which pages are put together."""

import numpy as np
import pandas as pd
import pytest
from made_items import FIGURES, TABLES
from made_pages import FINDINGS, GATHERED, PNG, STATUS

from recohort.audit.finding import COLUMNS, VERDICTS
from recohort.report import audited
from recohort.report.alt import numbers
from recohort.report.alternatives import alternatives
from recohort.report.contents import HEAVY, items, judged
from recohort.report.environment import linked, wide
from recohort.report.pictures import Picture, fitting, looked_at


def test_the_words_of_an_audit_are_those_of_the_audit():
    assert set(audited.VERDICTS) == set(VERDICTS)
    assert set(FINDINGS) == set(COLUMNS)


def test_findings_are_ordered_and_counted():
    found = audited.audited(FINDINGS, named={"x": "ratio"})
    assert [row["verdict"] for row in found["rows"]] == [
        "inconsistent",
        "consistent",
        "consistent",
        "cannot be checked",
    ]
    assert [row["check"] for row in found["read"]] == ["multiplicity"]
    assert found["wrong"][0]["items"] == [("y", ""), ("x", "ratio")]
    assert found["counts"] == {"inconsistent": 1, "consistent": 2, "cannot be checked": 1}
    assert audited.audited(FINDINGS[:0], named={}) is None


def estimates(n, events=None):
    return pd.DataFrame({"term": ["a"] * len(n), "n": n, "n_events": events or [None] * len(n)})


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        (
            {"models/cox/a": estimates([86, 80], [30, 28]), "models/cox/b": estimates([155], [40])},
            "n=80 to 155, 28 to 40 events",
        ),
        ({"models/linear/a": estimates([10.0])}, "n=10"),
        ({"models/roc/a.curve": estimates([3])}, ""),
        ({"cohort/matched": pd.DataFrame({"participant_id": ["a", "a", "b"]})}, "n=2"),
        (
            {
                "cohort/balance": pd.DataFrame(
                    {"sample": ["all", "all", "matched"], "n_treated": 5, "n_control": [9, 9, 5]}
                )
            },
            "all: n=5 and 9; matched: n=5 and 5",
        ),
        ({"cohort/flow": {"steps": []}}, ""),
    ],
)
def test_a_figure_says_of_how_many_it_is(frames, said):
    assert numbers(frames) == said


def test_alternatives_are_rounded_to_three_digits_and_link_to_their_estimates():
    small = GATHERED.assign(**{key: GATHERED[key] / 100 for key in ("estimate", "conf_low", "conf_high")})
    found = alternatives(small, columns={}, labels={}, page="results/study/report")
    assert [row["estimate"] for row in found["rows"]] == ["0.0250 (0.0150–0.0350)", "0.0112 (0.0090–0.0140)", ""]
    assert [row["path"] for row in found["rows"]][1:] == [
        "../sensitivity/caliper-0.2/models/cox/a.tsv",
        "../models/cox/b.tsv",
    ]
    assert found["decisions"] == ["Caliper", "Model"]
    assert [row["n"] for row in found["rows"]] == ["86 (30)", "80 (28)", "86 (30)"]
    large = GATHERED.assign(quantity="coefficient", estimate=GATHERED["estimate"] * 1000)
    assert alternatives(large, columns={}, labels={}, page="p")["range"] == "1123–2500"
    nulls = {"survival": "", "auc": "0.5", "hazard_ratio": "1", "adjusted_difference": "0"}
    for quantity, null in nulls.items():
        assert alternatives(GATHERED.assign(quantity=quantity), columns={}, labels={}, page="p")["null"] == null


def test_counts_are_of_the_alternatives_with_an_estimate():
    zero = GATHERED.assign(scale=["per 1", "per 1", None, None])
    zero.loc[1, ["estimate", "conf_low", "conf_high", "scale", "reason"]] = [0.0, 0.0, 9.0, "per 2", "it is 0"]
    found = alternatives(zero, columns={}, labels={}, page="p")
    assert (found["n"], found["known"], found["crossing"], found["range"]) == (3, 1, 0, "2.50–2.50")
    assert [row["estimate"] for row in found["rows"]] == ["2.50 (1.50–3.50)", "", ""]
    assert [row["reason"] for row in found["rows"]] == ["", "it is 0", GATHERED["reason"][2]]
    assert found["scale"] == "per 1", "the scale of what is no estimate does not count"


def test_intervals_are_counted_where_there_are_some_and_scales_have_names():
    bare = GATHERED.assign(conf_low=np.nan, conf_high=np.nan, scale=["1", "1", "1", None])
    found = alternatives(bare, columns={}, labels={"1": "failures"}, page="p")
    assert (found["limited"], found["scale"]) == (0, "failures")
    whole = alternatives(GATHERED.assign(scale=np.nan), columns={}, labels={}, page="p")
    assert (whole["limited"], whole["scale"]) == (2, "")


def test_labels_rename_the_term_of_a_sensitivity_analysis():
    found = [alternatives(GATHERED, columns={}, labels=labels, page="p") for labels in ({}, {"marker": "Iron"})]
    assert [one["term"] for one in found] == ["Marker", "Iron"]


def test_participants_are_listed_by_their_greatest_distance():
    """SNR: median 21, median absolute deviation 1, so 40 is 19 / 1.4826 = 12.8 robust SD away, 20 is 0.7."""
    status = STATUS.assign(same=[1.0, 1.0, 1.0, None])
    found = looked_at(status, quality={"snr": "SNR", "same": "Same"}, digits=1)
    assert [(one["participant"], one["z"]) for one in found] == [
        ("sub-002", "12.8"),
        ("sub-001", "−0.7"),
        ("sub-003", "0.0"),
        ("sub-004", ""),
    ]
    assert found[0]["checks"] == {"SNR": "40", "Same": "1"}
    assert found[0]["path"] == "sub-002/ct/b.png"
    assert (found[3]["reason"], found[3]["path"], found[3]["checks"]["SNR"]) == ("no CT", "", "–")
    assert looked_at(status.drop(columns="overlay"), quality={"snr": "SNR"}, digits=1)[0]["path"] == ""
    assert looked_at(pd.DataFrame({"participant_id": [], "status": []}), quality={}, digits=1) == []
    assert len(looked_at(status, quality={}, digits=1)) == 4


def test_pictures_are_taken_as_long_as_they_fit():
    pictures = [Picture(f"sub-{place}", bytes(size), [], {}, "") for place, size in enumerate((4, 5, 2))]
    assert [one.participant for one in fitting(pictures, budget=9)] == ["sub-0", "sub-1"]
    assert fitting(pictures, budget=3) == []


def study(order, *kinds):
    figures = {name: entry for name, entry in FIGURES.items() if entry["kind"] in kinds}
    tables = {"table3_cox": TABLES["table3_cox"]}
    return {"tables": tables, "figures": figures, "report": {"order": order, "checklist": {}}}


def listed(order, svg=b'<svg width="100pt"/>', png=PNG):
    made = study(order, "flow", "km")
    files = {
        f"figures/{name}.{ending}": content
        for name in made["figures"]
        for ending, content in (("svg", svg), ("png", png))
    }
    files = {name: content for name, content in files.items() if content is not None} | {
        "tables/table3_cox.html": b"<table>"
    }
    return items(
        made, figures=made["figures"], formats=["png", "svg"], files=files, results={}, noted=lambda _: " Noted."
    )


def test_the_order_is_that_of_the_paper_and_the_flow_comes_first():
    assert [item.name for item in listed([])] == ["figure1_flow", "table3_cox", "figure6_km"]
    assert [item.name for item in listed(["figure6_km", "figure1_flow"])] == [
        "figure6_km",
        "figure1_flow",
        "table3_cox",
    ]
    assert [item.caption for item in listed([])] == [
        "Who remained. Noted.",
        "",
        f"{FIGURES['figure6_km'].get('caption', '')} Noted.",
    ]
    assert listed([])[1].files == [f"tables/table3_cox.{ending}" for ending in ("csv", "html", "docx", "tex")]


def test_a_heavy_drawing_is_shown_as_the_lighter_picture():
    heavy = b"<svg>" + bytes(HEAVY)
    assert listed([], svg=heavy)[0].svg == PNG
    assert listed([], svg=heavy, png=bytes(2 * HEAVY))[0].svg == heavy.decode()
    assert listed([], svg=None)[0].svg == PNG


def test_a_study_without_checklists_has_none():
    assert judged(study([]), [], checklists={}, codes=[]) == ([], {})


def test_a_doi_can_be_followed_and_nothing_else():
    text = "A <b>. doi:10.1000/a(b)c; doi 10.1000/x, https://example.org 10.5"
    assert str(linked(text)).count("<a ") == 2
    assert 'href="https://doi.org/10.1000/a(b)c"' in linked(text)
    assert "A &lt;b&gt;." in linked(text)


def test_a_wide_drawing_is_known_by_its_width():
    assert wide('<svg width="500.5pt" height="1pt">')
    assert not wide('<svg width="250pt">')
    header = PNG[:16] + np.array([2200, 100], dtype=">u4").tobytes() + PNG[24:]
    assert wide(header), "183 mm at 300 dpi"
    assert not wide(PNG)
