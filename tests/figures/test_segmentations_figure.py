"""Example segmentations: who is chosen, what is drawn where, and what cannot be drawn."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from drawn import assert_legible, settings, texts

from recohort.core.errors import InputError
from recohort.figures import segmentations
from recohort.figures.style import ORANGE, SKY, marked

AFFINE = np.diag([2.0, 2.0, 5.0, 1.0])
SHAPE = (80, 96, 6)


def status(values, **changes):
    names = [f"sub-{number:03d}" for number in range(1, len(values) + 1)]
    files = {"ct": [f"data/{name}_ct.nii.gz" for name in names], "mask": [f"{name}/m" for name in names]}
    made = {"participant_id": names, "status": "reconstructed", **files, "brain": [f"{name}/b" for name in names]}
    return pd.DataFrame({**made, "wml_ml": values, **changes})


def chosen(frame, quantiles=(0.5, 0.75, 0.9, 1.0), participants=(), column="wml_ml"):
    found = segmentations.examples(frame, column=column, quantiles=list(quantiles), participants=list(participants))
    return dict(zip(found["shown"], found["participant_id"], strict=not participants))


def head(size=6, truth=True, slice_=3, turned=False):
    """Arrays of a head: a brain in the middle, a square lesion left of the middle and in front."""
    ct, brain, found = np.full(SHAPE, 30.0), np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    brain[10:70, 10:86] = True
    ct[~brain] = 1000
    found[20 : 20 + size, 60 : 60 + size, slice_] = True
    made = {"ct": ct, "found": found, "brain": brain}
    made |= {"truth": np.roll(found, 2, axis=0)} if truth else {}
    if not turned:
        return {name: (array.astype(np.float32), AFFINE) for name, array in made.items()}
    over = AFFINE.copy()
    over[0] = [-2.0, 0, 0, 2.0 * (SHAPE[0] - 1)]
    return {name: (array[::-1].astype(np.float32), over) for name, array in made.items()}


def draw(heads, **entry):
    frame = status([float(place) for place, _ in enumerate(heads)])
    frames = {"images/status": frame}
    for name, arrays in zip(frame["participant_id"], heads, strict=True):
        frames |= {f"{name}/{key}": image for key, image in arrays.items()}
    asked = settings("segmentations", **entry)
    return segmentations.draw(frames, columns={}, **asked)


def test_who_is_nearest_to_each_quantile():
    values = [0.0, 1.0, 2.0, 3.0, 100.0, 5.0, 4.0, 6.0, 7.0, 8.0, 9.0]
    assert chosen(status(values)) == {
        "Median": "sub-006",
        "Percentile 75": "sub-009",
        "Percentile 90": "sub-011",
        "Highest": "sub-005",
    }
    assert chosen(status(values), quantiles=[1, 0]) == {"Highest": "sub-005", "Lowest": "sub-001"}


def test_who_is_nearest_to_several_quantiles_is_shown_once_for_the_nearest():
    assert chosen(status([0.0, 1.0, 50.0])) == {"Median": "sub-002", "Highest": "sub-003"}
    assert chosen(status([2.0])) == {"Median": "sub-001"}


def test_of_two_as_near_the_first_by_name_is_shown():
    assert chosen(status([1.0, 1.0, 0.0, 0.0]).iloc[::-1], quantiles=[1.0]) == {"Highest": "sub-001"}


def test_named_participants_come_in_their_order():
    found = segmentations.examples(
        status([1.0, 2.0, 3.0]), column="wml_ml", quantiles=[0.5], participants=["sub-003", "sub-001"]
    )
    assert found["participant_id"].tolist() == ["sub-003", "sub-001"]
    with pytest.raises(InputError, match="found no segmentation and wml_ml of sub-009, expected both"):
        chosen(status([1.0]), participants=["sub-009"])


def test_the_excluded_and_those_without_mask_are_not_chosen():
    frame = status([5.0, 1.0, 9.0], status=["excluded", "reconstructed", "reconstructed"])
    frame.loc[2, "mask"] = None
    assert set(chosen(frame).values()) == {"sub-002"}
    with pytest.raises(InputError, match="found nobody with a segmentation and wml_ml"):
        chosen(frame.iloc[:1])
    with pytest.raises(InputError, match="status has no brain, dice, expected segmentations of CT"):
        chosen(frame.drop(columns="brain"), column="dice")


def test_files_of_whom_is_chosen_are_asked_for():
    frame = status([1.0, 2.0, 3.0], truth=[None, "truth/two", None])
    entry = settings("segmentations", quantiles=[0.5]) | {"kind": "segmentations", "caption": ""}
    assert segmentations.images({"images/status": frame}, folder=Path("results/x/images"), **entry) == {
        "sub-002/ct": Path("data/sub-002_ct.nii.gz"),
        "sub-002/found": Path("results/x/images/sub-002/m"),
        "sub-002/brain": Path("results/x/images/sub-002/b"),
        "sub-002/truth": Path("truth/two"),
    }


@pytest.mark.parametrize("caveats", [[], ["demonstration"], ["synthetic", "demonstration"]])
def test_words_are_legible_and_say_volumes_and_caveats(caveats):
    figure = marked(draw([head(2), head(4), head(6), head(8)]), caveats)
    assert_legible(figure)
    said = " ".join(text.get_text() for text in texts(figure))
    assert "Segmented 1.3 mL" in said, "64 voxels of 20 mm3"
    assert "Window 0 to 80 HU" in said
    assert "(n=4)" in said
    assert ("Demonstration segmentation" in said) == bool(caveats)
    assert said.count("50 mm") == said.count("10 mm") == 6, "who is nearest to two quantiles is shown once"


@pytest.mark.parametrize("turned", [False, True])
def test_the_patients_left_is_on_the_right_whatever_the_header(turned):
    """The lesion lies left of the middle (RAS, low x), so its outline lies in the right half of the panel."""
    axes = draw([head(turned=turned)]).axes[2]
    middle = sum(axes.get_xlim()) / 2
    left, right = axes.get_xlim()
    assert left > right, "x runs to the patient's right, which is drawn on the left"
    outline = next(part for part in axes.collections if np.allclose(part.get_edgecolor()[0][:3], rgb(ORANGE)))
    points = np.concatenate([path.vertices for path in outline.get_paths()])
    assert points[:, 0].max() < middle
    np.testing.assert_allclose([points[:, 0].min(), points[:, 0].max()], [40, 52], atol=0.01)
    np.testing.assert_allclose([points[:, 1].min(), points[:, 1].max()], [120, 132], atol=0.01)


def rgb(colour):
    return [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]


def colours(axes):
    return {tuple(np.round(part.get_edgecolor()[0][:3], 3)) for part in axes.collections}


@pytest.mark.parametrize("truth", [True, False])
def test_outlines_stand_in_two_of_four_panels(truth):
    figure = draw([head(truth=truth)])
    expected = {tuple(np.round(rgb(ORANGE), 3))} | ({tuple(np.round(rgb(SKY), 3))} if truth else set())
    assert [colours(axes) for axes in figure.axes[1:]] == [set(), expected, set(), expected]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["Segmentation", "Truth"][: 1 + truth]


def test_the_slice_with_most_lesion_is_drawn_and_the_window_kept():
    arrays = head(6, slice_=1)
    arrays["ct"][0][..., 1] += 7
    shown = draw([arrays], window_hu=[10, 60]).axes[1].images[0]
    assert np.median(shown.get_array().data) == pytest.approx(37)
    assert shown.get_clim() == (10, 60)


def test_a_head_without_lesion_is_drawn_and_other_shapes_are_refused():
    figure = draw([head(0, truth=False)])
    assert_legible(figure)
    assert "Segmented 0.0 mL" in " ".join(text.get_text() for text in texts(figure))
    wrong = head()
    wrong["found"] = (np.zeros((3, 3, 3), np.float32), AFFINE)
    with pytest.raises(InputError, match=r"sub-001: found has shape \(3, 3, 3\), expected the CT's \(80, 96, 6\)"):
        draw([wrong])


def test_the_scale_bar_is_as_long_as_it_says():
    figure = draw([head()])
    for axes, length in zip(figure.axes[1:], (50, 50, 10, 10), strict=True):
        left, right = axes.lines[0].get_xdata()
        assert (right - left) * abs(np.subtract(*axes.get_xlim())) == pytest.approx(length)
