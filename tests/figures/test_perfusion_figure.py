"""Example patients of a perfusion study: who is chosen, which slice, what is written, and what cannot be drawn."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from drawn import assert_legible, settings, texts

from recohort.core.columns import metric_columns
from recohort.core.errors import InputError
from recohort.core.references import item_sources
from recohort.core.schema import load_schema, with_defaults
from recohort.figures import perfusion
from recohort.figures.style import marked
from recohort.metrics.dce import Session, measure_perfusion

SAGITTAL = np.array([[0.0, 0, 6, -20], [-2, 0, 0, 60], [0, -2, 0, 60], [0, 0, 0, 1]])
"""Stored with slices last, from left to right; rows from front to back, from above downwards."""
SHAPE, TIMES = (60, 50, 6), [5.0 * frame for frame in range(40)]
COLUMNS = metric_columns("dce", with_defaults({"dce": {}}, load_schema("metrics"))["dce"])
GROUPED = {"group": "failure", "group_levels": {"0": "Success", "1": "Failure"}}


def entry(**changes):
    return settings("perfusion", cohort="eligible", **changes)


def status(count):
    names = [f"sub-{number:03d}" for number in range(1, count + 1)]
    made = {"participant_id": names, "status": "reconstructed", "curves": [f"{name}/c.json" for name in names]}
    for when in ("before", "after"):
        made[f"vp_{when}"] = [f"{name}/{when}_vp.nii.gz" for name in names]
        made[f"tumour_{when}"] = [f"data/{name}_{when}.nii.gz" for name in names]
    return pd.DataFrame(made)


def cohort(change, failure=None):
    before = np.linspace(0.02, 0.1, len(change))
    return pd.DataFrame(
        {
            "participant_id": [f"sub-{number:03d}" for number in range(1, len(change) + 1)],
            "failure": np.zeros(len(change)) if failure is None else failure,
            "vp_mean_before": before,
            "vp_mean_after": before * (1 + np.array(change) / 100),
            "vp_mean_change": change,
        }
    )


def scan(level, hot=3, anatomy=False):
    """A tumour of 10 x 8 voxels in slices 1 to 4, hottest in one, with two voxels that failed."""
    tumour, vp = np.zeros(SHAPE, np.float32), np.full(SHAPE, 0.01, np.float32)
    tumour[25:35, 20:28, 1:5] = 1
    vp[tumour > 0] = level
    vp[25:35, 20:28, hot] = 1.5 * level
    vp[30, 24:26, hot] = np.nan
    made = {"vp": vp, "tumour": tumour}
    return made | ({"anatomy": np.tile(np.arange(60, dtype=np.float32)[:, None, None], (1, 50, 6))} if anatomy else {})


def curves(level):
    times = np.array(TIMES)
    plasma = 8 * np.exp(-((times - 60) ** 2) / 100) + np.where(times > 60, 1.2, 0)
    fitted = level * plasma + 0.1 * np.where(times > 60, times / 200, 0)
    tumour = {"concentration_mM": (fitted + 0.01 * np.cos(times)).tolist(), "fitted_mM": fitted.tolist()}
    return {"time_s": TIMES, "artery": {"time_s": TIMES, "plasma_mM": plasma.tolist()}, "tumour": tumour}


def frames(change=(-60.0, 80.0), failure=(0, 1), **scans):
    patients = cohort(list(change), list(failure))
    made = {"images/status": status(len(change)), "cohort/eligible": patients}
    for name in patients["participant_id"]:
        for when, level in (("before", 0.06), ("after", 0.03)):
            for what, image in scan(level, **scans).items():
                key = "vp" if what == "vp" else what
                made[f"{name}/{key}_{when}"] = (image, SAGITTAL)
        made[f"{name}/curves"] = {"before": curves(0.06), "after": curves(0.03)}
    return made


def shown(change, failure=None, participants=(), **changes):
    asked = entry(participants=list(participants), **changes)
    found = perfusion.examples(
        {"images/status": status(len(change)), "cohort/eligible": cohort(change, failure)},
        **{key: asked[key] for key in perfusion.CHOICE},
    )
    return dict(zip(found["participant_id"], found["shown"], strict=True))


def test_who_is_nearest_to_each_quantile_of_each_level():
    change, failure = [-70.0, -50.0, -30.0, 90.0, 10.0, 60.0], [0, 0, 0, 1, 1, 1]
    assert shown(change, failure, **GROUPED) == {
        "sub-002": "Success (n=3)\nMedian change",
        "sub-006": "Failure (n=3)\nMedian change",
    }
    assert shown(change, quantiles=[1.0, 0.1]) == {
        "sub-004": "n=6\nHighest change",
        "sub-001": "n=6\nPercentile 10 of change",
    }
    assert list(shown([-50.0, 2.0], quantiles=[0.4, 0.0])) == ["sub-001"], "once, for the nearest"
    assert list(shown(change, failure, group="failure")) == ["sub-002", "sub-006"]


def test_named_participants_come_in_their_order_with_their_group():
    assert shown([1.0, 2.0, np.nan], [0, 1, 1], participants=["sub-003", "sub-001"], **GROUPED) == {
        "sub-003": "Failure",
        "sub-001": "Success",
    }
    with pytest.raises(InputError, match="found no maps of sub-009 in cohort eligible, expected both sessions"):
        shown([1.0], participants=["sub-009"])


def test_who_cannot_be_chosen():
    made = {"images/status": status(3), "cohort/eligible": cohort([5.0, np.nan, 1.0])}
    made["images/status"].loc[0, "status"] = "excluded"
    asked = {key: entry(quantiles=[0, 1])[key] for key in perfusion.CHOICE}
    assert perfusion.examples(made, **asked)["participant_id"].tolist() == ["sub-003"]
    with pytest.raises(InputError, match="status has no curves, expected maps of perfusion"):
        perfusion.examples(made | {"images/status": status(3).drop(columns="curves")}, **asked)
    with pytest.raises(InputError, match="found nobody in cohort eligible with maps and vp_mean_change"):
        perfusion.examples(made | {"cohort/eligible": cohort([np.nan] * 3)}, **asked)
    with pytest.raises(InputError, match="found failure '1' in the cohort, expected a name for it"):
        shown([1.0, 2.0], [0, 1], group="failure", group_levels={"0": "Success"})
    with pytest.raises(InputError, match="found nobody with maps and vp_mean_change in Failure"):
        shown([1.0, 2.0], [0, 0], **GROUPED)


def test_files_of_whom_is_chosen_are_asked_for():
    made = {"images/status": status(3), "cohort/eligible": cohort([1.0, 2.0, 3.0])}
    made["images/status"]["anatomy_before"] = ["one", "two", None]
    asked = entry() | {"kind": "perfusion", "title": "A title", "caption": ""}
    folder = Path("results/x/images")
    assert perfusion.images(made, folder=folder, **asked) == {
        "sub-002/vp_before": folder / "sub-002/before_vp.nii.gz",
        "sub-002/vp_after": folder / "sub-002/after_vp.nii.gz",
        "sub-002/curves": folder / "sub-002/c.json",
        "sub-002/anatomy_before": folder / "two",
        "sub-002/tumour_before": Path("data/sub-002_before.nii.gz"),
        "sub-002/tumour_after": Path("data/sub-002_after.nii.gz"),
    }
    filled = with_defaults({"kind": "perfusion", "title": "", "cohort": "eligible"}, load_schema("figures/perfusion"))
    assert set(item_sources("figures", filled)) == {"images/status", "cohort/eligible"}


@pytest.mark.parametrize("anatomy", [False, True])
@pytest.mark.parametrize("caveats", [[], ["synthetic"]])
def test_words_are_legible_and_say_the_numbers(anatomy, caveats):
    figure = marked(perfusion.draw(frames(anatomy=anatomy), columns=COLUMNS, **entry(**GROUPED)), caveats)
    assert_legible(figure)
    said = [line for text in texts(figure) for line in text.get_text().splitlines()]
    for line in ("Success (n=1)", "Failure (n=1)", "0.020 → 0.008", "change −60 %", "0.100 → 0.180", "change +80 %"):
        assert line in said
    assert said.count("20 mm") == 4
    assert said.count("Time (s)") == 2
    assert r"$v_\mathrm{p}$ (fraction)" in said
    assert ("Synthetic cohort" in said) == bool(caveats)


def test_the_hottest_slice_is_drawn_and_the_scale_is_one():
    figure = perfusion.draw(frames(), columns=COLUMNS, **entry(**GROUPED))
    pictures = [axes.images[0] for axes in figure.axes if axes.images]
    assert len(pictures) == 4
    for picture, level in zip(pictures, (0.06, 0.03) * 2, strict=True):
        array = picture.get_array()
        assert array.max() == pytest.approx(1.5 * level), "not a slice with the level alone"
        assert array.mask.sum() == 2, "what failed is not drawn"
        assert picture.get_clim() == (0, pytest.approx(0.09)), "the 99th percentile is 0.09, at a half of 0.01"
    assert perfusion._round_up(0.137) == pytest.approx(0.15)
    assert perfusion._round_up(-1.0) == 1
    given = perfusion.draw(frames(), columns=COLUMNS, **entry(range=[0.0, 0.05]))
    assert [axes.images[0].get_clim() for axes in given.axes if axes.images] == [(0, 0.05)] * 2


def test_a_hot_slice_of_few_voxels_is_not_the_hottest():
    made = frames()
    for when in ("before", "after"):
        vp, tumour = (made[f"sub-001/{name}_{when}"][0] for name in ("vp", "tumour"))
        tumour[30, 30:33, 5] = 1
        vp[30, 30:33, 5] = 0.9
    for least, highest in ((10, 0.09), (3, 0.9)):
        asked = entry(participants=["sub-001"], minimum_voxels=least)
        figure = perfusion.draw(made, columns=COLUMNS, **asked)
        picture = next(axes.images[0] for axes in figure.axes if axes.images)
        assert picture.get_array().max() == pytest.approx(highest)


def test_the_slice_is_that_of_the_metric():
    made, rng = frames(anatomy=True), np.random.default_rng(1)
    sessions = {}
    for when in ("before", "after"):
        image, tumour = rng.random(SHAPE), made[f"sub-001/tumour_{when}"][0]
        made[f"sub-001/vp_{when}"] = (image, SAGITTAL)
        curve = {"voxels": 1, "bounded": {"vp": 1.0, "vp_se": 1.0}}
        sessions[when] = Session({"vp": image}, tumour, None, {"tumour": curve}, np.array([2.0, 2.0, 6.0]))
    asked = with_defaults({"dce": {"maps": ["vp"]}}, load_schema("metrics"))["dce"]
    measured = {row["metric"]: row["value"] for row in measure_perfusion(sessions, **asked)}
    figure = perfusion.draw(made, columns=COLUMNS, **entry(participants=["sub-001"]))
    panels = [axes for axes in figure.axes if len(axes.images) == 2]
    for axes, when in zip(panels, ("before", "after"), strict=True):
        assert axes.images[1].get_array().mean() == pytest.approx(measured[f"vp_hottest_{when}"])


@pytest.mark.parametrize("anatomy", [False, True])
def test_front_and_left_lie_where_the_letters_say(anatomy):
    """The tumour lies in front of the middle, rows 25 to 34 of 60 that run backwards from 60 mm: y 60 - 2 i."""
    figure = perfusion.draw(frames(anatomy=anatomy), columns=COLUMNS, **entry())
    axes = next(axes for axes in figure.axes if axes.images)
    left, right = axes.get_xlim()
    assert left > right, "x runs forwards, and the front is drawn on the left"
    assert left - right == pytest.approx(100)
    points = np.concatenate([path.vertices for path in axes.collections[0].get_paths()])
    np.testing.assert_allclose([points[:, 0].min(), points[:, 0].max()], [50, 70], atol=0.01)
    np.testing.assert_allclose([points[:, 1].min(), points[:, 1].max()], [44, 60], atol=0.01)
    bar = axes.lines[0].get_xdata()
    assert (bar[1] - bar[0]) * 100 == pytest.approx(20)
    if anatomy:
        behind, over = (picture.get_array() for picture in axes.images)
        assert behind[0, 0] > behind[0, -1], "what is stored last lies at the back"
        assert over.count() == 78, "the map is drawn within the tumour alone"


def test_curves_are_those_of_both_sessions():
    figure = perfusion.draw(frames(), columns=COLUMNS, **entry(participants=["sub-001"]))
    artery = next(axes for axes in figure.axes if axes.get_ylabel().startswith("Plasma"))
    tumour = next(axes for axes in figure.axes if axes.get_ylabel().startswith("Tumour"))
    assert [line.get_ydata().max() for line in artery.lines] == pytest.approx([8, 8], abs=0.3)
    for number, level in enumerate((0.06, 0.03)):
        expected = curves(level)["tumour"]
        dots, fit = tumour.lines[2 * number : 2 * number + 2]
        np.testing.assert_allclose(dots.get_ydata(), expected["concentration_mM"])
        np.testing.assert_allclose(fit.get_ydata(), expected["fitted_mM"])
        assert (dots.get_linestyle(), fit.get_marker()) == ("None", "None")


def test_what_cannot_be_drawn():
    made = frames()
    wrong = made | {"sub-001/tumour_after": (np.ones((3, 3, 3)), SAGITTAL)}
    with pytest.raises(InputError, match=r"sub-001: tumour after treatment has shape \(3, 3, 3\), expected that of vp"):
        perfusion.draw(wrong, columns=COLUMNS, **entry(participants=["sub-001"]))
    empty = made | {"sub-001/vp_before": (np.full(SHAPE, np.nan), SAGITTAL)}
    with pytest.raises(InputError, match="sub-001: found no value of vp before treatment in the tumour"):
        perfusion.draw(empty, columns=COLUMNS, **entry(participants=["sub-001"]))
    with pytest.raises(InputError, match=r"the cohort has no vp_p90_before, expected it among metrics\.dce"):
        perfusion.draw(made, columns=COLUMNS, **entry(statistic="p90"))
    with pytest.raises(InputError, match="a row is one patient, which disclosure does not let leave"):
        perfusion.draw(made, columns=COLUMNS, counted=lambda *_: 0, **entry())
