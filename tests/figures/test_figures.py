import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_items import FIGURES, completed, figure
from made_results import images, warnings
from matplotlib.axis import Tick
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from recohort.core.errors import InputError
from recohort.core.references import item_settings, item_sources
from recohort.figures.map import example
from recohort.figures.save import save
from recohort.figures.style import MM, WIDTHS

HERE = Path(__file__).parent
DRAW = """
import sys
sys.path[:0] = [sys.argv[1], sys.argv[2]]
import hashlib, json, made_items, made_results
from pathlib import Path
from recohort.figures.save import save
frames = {**made_results.frames(), **made_results.images()}
for name in ("figure1_flow", "figure6_km"):
    figure = made_items.figure(name, made_results.COLUMNS, frames, synthetic=True)
    save(figure, *(Path(sys.argv[3]) / f"{name}.{ending}" for ending in ("pdf", "png", "svg")))
"""


def words(drawn):
    drawn.canvas.draw_idle()
    return [text.get_text() for text in drawn.findobj(Text) if text.get_visible() and text.get_text()]


@pytest.mark.parametrize("name", FIGURES)
def test_synthetic_is_said_on_every_figure(name, columns, frames):
    drawn = figure(name, columns, frames, synthetic=True)
    assert "Synthetic cohort" in words(drawn)
    assert round(drawn.get_figwidth() / MM) in WIDTHS.values()


@pytest.mark.parametrize("name", [name for name in FIGURES if name != "figure8_recovery"])
def test_real_is_not_called_synthetic(name, columns, frames):
    assert "Synthetic cohort" not in words(figure(name, columns, frames, synthetic=False))


@pytest.mark.parametrize("name", FIGURES)
def test_no_two_words_overlap_and_none_is_cut_off(name, columns, frames):
    drawn = figure(name, columns, frames, synthetic=True)
    canvas = FigureCanvasAgg(drawn)
    canvas.draw()
    renderer = canvas.get_renderer()
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in _texts(drawn)]
    for text, box in boxes:
        assert box.x0 > -1 and box.x1 < drawn.bbox.x1 + 1, f"'{text}' leaves the figure"
        assert box.y0 > -1 and box.y1 < drawn.bbox.y1 + 1, f"'{text}' leaves the figure"
    for place, (text, box) in enumerate(boxes):
        for other, its in boxes[place + 1 :]:
            wide = min(box.x1, its.x1) - max(box.x0, its.x0)
            high = min(box.y1, its.y1) - max(box.y0, its.y0)
            assert wide < 1 or high < 1, f"'{text}' and '{other}' overlap"


def _texts(drawn):
    """Return the texts that are really drawn: no labels of ticks beyond the limits, none of axes switched off."""
    left_out = set()
    for axes in drawn.axes:
        for axis in (axes.xaxis, axes.yaxis):
            labels = {label for tick in axis.findobj(Tick) for label in (tick.label1, tick.label2)}
            used = {tick.label1 for tick in axis._update_ticks()} if axes.axison else set()
            left_out |= (labels - used) | ({axis.label} if not axes.axison else set())
    shown = [text for text in drawn.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return [text for text in shown if text not in left_out]


def test_flow_shows_every_number_of_the_file(columns, frames):
    text = " ".join(words(figure("figure1_flow", columns, frames, synthetic=False)))
    flow = frames["cohort/flow"]
    numbers = [step["n_out"] for step in flow["steps"]] + [group["n"] for group in flow["groups"]]
    numbers += [entry["n"] for step in flow["steps"] for entry in step["excluded"]]
    assert all(f"(n={number})" in text for number in [flow["steps"][0]["n_in"], *numbers])


def test_flow_without_groups(columns, frames):
    frames["cohort/flow"]["groups"] = []
    assert "Matched (n=86)" in words(figure("figure1_flow", columns, frames, synthetic=False))


def test_numbers_at_risk_are_those_of_the_curve(columns, frames):
    drawn = figure("figure6_km", columns, frames, synthetic=False)
    table = drawn.axes[1]
    shown = {(text.get_position()): text.get_text() for text in table.texts}
    patients = frames["models/kaplan_meier/strata.curve"]
    for place, level in enumerate(["low", "intermediate", "high"]):
        steps = patients[patients["stratum"] == level]
        ahead = steps[steps["time"] >= 24]
        assert shown[(24.0, place)] == str(ahead["n_risk"].iloc[0])
        assert shown[(0.0, place)] == str(steps["n_risk"].iloc[0])
        assert shown[(42.0, place)] == "0"
    assert list(drawn.axes[0].get_xticks()) == [0, 6, 12, 18, 24, 30, 36, 42]
    assert drawn.axes[0].get_shared_x_axes().joined(*drawn.axes[:2])


def test_km_says_what_matching_on_the_outcome_takes_away(columns, frames):
    assert "Matched on the outcome: not absolute risks" in words(figure("figure6_km", columns, frames, synthetic=False))
    frames["cohort/matched.warnings"] = warnings()
    assert not any(
        "Matched on the outcome" in text for text in words(figure("figure6_km", columns, frames, synthetic=False))
    )


def test_km_curve_that_starts_at_zero_is_drawn_once(columns, frames):
    curve = frames["models/kaplan_meier/strata.curve"]
    first = (
        curve.groupby("stratum", sort=False)
        .head(1)
        .assign(time=0.0, n_event=0, n_censor=0, survival=1.0, conf_low=1.0, conf_high=1.0)
    )
    frames["models/kaplan_meier/strata.curve"] = type(curve)(
        np.vstack([first, curve]), columns=curve.columns
    ).infer_objects()
    drawn = figure("figure6_km", columns, frames, synthetic=False)
    assert {text.get_position(): text.get_text() for text in drawn.axes[1].texts}[(0.0, 0)] == str(
        first["n_risk"].iloc[0]
    )


def test_box_shows_every_patient(columns, frames):
    drawn = figure("figure3_box", columns, frames, synthetic=False)
    points = [len(part.get_offsets()) for part in drawn.axes[0].collections]
    assert points == [56, 30]
    assert any("n=56" in text for text in words(drawn))


def test_map_lies_in_physical_proportions(columns, frames):
    drawn = figure("figure7_map", columns, frames, synthetic=False)
    extents = [axes.images[0].get_extent() for axes in drawn.axes[:3]]
    assert all(tuple(extent) == (0, 64, 0, 64) for extent in extents)


def test_map_outline_surrounds_the_lesion_whatever_the_orientation(columns):
    """The left-right flip of the affine must move the lesion from x=30 to x=33 of 64."""
    made = images()
    drawn = figure("figure7_map", columns, made, synthetic=False)
    axial = drawn.axes[2]
    outline = np.vstack([path.vertices for part in axial.collections for path in part.get_paths()])
    middle = (outline.min(axis=0) + outline.max(axis=0)) / 2
    assert middle == pytest.approx([33.5, 26.5], abs=0.6)


def test_map_without_lesion_is_refused(columns):
    made = images()
    made["mask"] = (made["mask"][0] * 0, made["mask"][1])
    with pytest.raises(InputError, match="lesion mask is empty"):
        figure("figure7_map", columns, made, synthetic=False)


def test_recovery_needs_a_truth(columns, frames):
    with pytest.raises(InputError, match="not synthetic"):
        figure("figure8_recovery", columns, frames, synthetic=False)


def test_recovery_of_a_perfect_measurement(columns, frames):
    frames["synthetic/truth"]["chi"] = frames["cohort/assembled"]["lesion_median"]
    legend = [text.get_text() for text in figure("figure8_recovery", columns, frames, synthetic=True).legends[0].texts]
    assert legend[1] == "Slope 1.000, intercept 0.000, r=1.000"


def test_forest_prints_the_numbers_per_sd(columns, frames):
    assert "2.13 (1.49–3.04)" in words(figure("figure4_forest", columns, frames, synthetic=False))


def test_forest_leaves_out_what_has_no_finite_interval(columns, frames):
    found = frames["models/cox/median"]
    found.loc[found["quantity"] == "hazard_ratio", ["estimate", "conf_low", "conf_high"]] = np.nan
    drawn = figure("figure4_forest", columns, frames, synthetic=False)
    assert "–" in words(drawn)
    assert np.isfinite(drawn.axes[0].get_xlim()).all()


def test_roc_threshold_lies_on_its_curve(columns, frames):
    drawn = figure("figure5_roc", columns, frames, synthetic=False)
    markers = [line for line in drawn.axes[0].lines if line.get_marker() not in ("None", None, "")]
    curve = frames["models/roc/median.curve"]
    points = set(zip(1 - curve["specificity"], curve["sensitivity"], strict=True))
    assert tuple(markers[0].get_xydata()[0]) in points


def test_callers_settings_do_not_matter(columns, frames, tmp_path):
    import matplotlib as mpl

    first = tmp_path / "a.png"
    save(figure("figure2_love", columns, frames, synthetic=True), first)
    with mpl.rc_context({"font.size": 20, "lines.linewidth": 9, "savefig.dpi": 30}):
        save(figure("figure2_love", columns, frames, synthetic=True), tmp_path / "b.png")
        assert mpl.rcParams["font.size"] == 20
    assert first.read_bytes() == (tmp_path / "b.png").read_bytes()


def test_two_processes_draw_the_same_bytes(tmp_path):
    digests = []
    for run in ("first", "second"):
        made = tmp_path / run
        workflow = HERE.parents[1] / "workflow"
        command = [sys.executable, "-c", DRAW, str(workflow), str(HERE.parent / "tables"), str(made)]
        subprocess.run(
            command, check=True, env={"PYTHONHASHSEED": run[:1].replace("f", "1").replace("s", "2"), "PATH": ""}
        )
        digests.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(made.iterdir())})
    assert len(digests[0]) == 6
    assert json.dumps(digests[0]) == json.dumps(digests[1])


def test_files_name_no_program_and_no_time(columns, frames, tmp_path):
    paths = [tmp_path / f"x.{ending}" for ending in ("pdf", "svg", "png")]
    save(figure("figure2_love", columns, frames, synthetic=True), *paths)
    for path in paths:
        assert b"CreationDate" not in path.read_bytes()
        assert b"Matplotlib v" not in path.read_bytes()
        assert b"dc:date" not in path.read_bytes()


def test_sources_and_settings():
    entry = completed("figures", FIGURES["figure6_km"])
    assert list(item_sources("figures", entry)) == [
        "models/kaplan_meier/strata",
        "models/kaplan_meier/strata.curve",
        "models/kaplan_meier/strata.warnings",
        "cohort/matched.warnings",
    ]
    assert not {"kind", "title", "caption", "warnings"} & set(item_settings("figures", entry))
    entry = completed("figures", FIGURES["figure7_map"])
    assert item_sources("figures", entry) == {"images/status": "images/status.tsv"}
    assert set(item_settings("figures", entry)) == {"range_ppm", "field_of_view"}


def test_map_chooses_a_patient_with_images():
    status = pd.DataFrame(
        {
            "participant_id": ["sub-001", "sub-002", "sub-003"],
            "status": ["excluded", "reconstructed", "reconstructed"],
            "chimap": [None, "two", "three"],
            "mask": ["m1", "m2", "m3"],
        }
    )
    assert example(status, participant=None)["chimap"] == "two"
    assert example(status, participant="sub-003")["chimap"] == "three"
    with pytest.raises(InputError, match="found none with both for 'sub-001'"):
        example(status, participant="sub-001")
