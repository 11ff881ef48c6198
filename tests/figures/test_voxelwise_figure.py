"""Voxelwise maps: what is coloured, where the slices lie, what is said, and what cannot be drawn."""

from pathlib import Path

import made_maps
import numpy as np
import pytest
from drawn import assert_legible, settings, texts
from matplotlib.backends.backend_agg import FigureCanvasAgg

from recohort.core.errors import InputError
from recohort.figures import voxelwise
from recohort.figures.style import MM, marked
from recohort.figures.volumes import chosen_slices, maps_of

LEFT = (-12, -18, 8)
LONG = "Secondary progressive against relapsing-remitting, adjusted for the volume of the structure"


def draw(frames, models=None, *, counted=None, **entry):
    models = models or {"Patients against controls": "one"}
    extra = {"counted": counted} if counted else {}
    return voxelwise.draw(frames, columns={}, **settings("voxelwise", models=models, **entry), **extra)


def said(figure):
    return " ".join(text.get_text() for text in texts(figure))


def one(*centres, **how):
    return made_maps.frames(one=made_maps.made(centres or (LEFT,), **how))


def coloured(axes):
    """Where a panel has colours, in mm: first axis as drawn rightwards without mirroring, then upwards."""
    image = axes.images[1]
    low_x, high_x, low_y, high_y = image.get_extent()
    rows, columns = np.nonzero(~np.ma.getmaskarray(image.get_array()))
    high, wide = image.get_array().shape
    return low_x + (columns + 0.5) * (high_x - low_x) / wide, low_y + (rows + 0.5) * (high_y - low_y) / high


def test_four_models_are_legible_at_the_width_of_a_page():
    frames = made_maps.frames(
        one=made_maps.made([LEFT], height=-9),
        two=made_maps.made(made_maps.PUTAMEN, seed=2, unit="ppb per point of the expanded disability status scale"),
        three=made_maps.made(seed=3),
        four=made_maps.made(made_maps.THALAMUS, inside=made_maps.nuclei(), seed=4),
    )
    models = {"Multiple sclerosis": "one", LONG: "two", "None": "three", "Nuclei alone": "four"}
    for measure in ("t", "coefficient"):
        figure = marked(draw(frames, models, measure=measure), ["synthetic"])
        assert_legible(figure)
        assert round(figure.get_figwidth() / MM) == 183
        FigureCanvasAgg(figure).draw()
        boxes = [axes.get_window_extent() for axes in figure.axes if len(axes.images) > 1]
        assert len({(round(box.height), round(box.y0 * 1)) for box in boxes}) == 4, "panels of a row stand in one line"


def test_what_is_coloured_is_the_value_where_p_is_below():
    frames = one()
    maps = maps_of(frames, "one")
    axes = draw(frames, slices_mm=[8]).axes[1]
    z = round(float((8 - maps.affine[2, 3]) / maps.affine[2, 2]))
    expected = np.where(maps.volumes["p_tfce"][..., z] < np.float32(0.05), maps.volumes["t"][..., z], np.nan)
    found = axes.images[1].get_array().filled(np.nan).T
    np.testing.assert_array_equal(found, expected)
    assert np.isfinite(found).sum() > 10


def test_a_p_of_the_level_itself_is_not_below_it():
    """0.01 as it is stored is 0.0099999998."""
    data, affine, sidecar = made_maps.made([LEFT])
    place = sidecar["Volumes"].index("p_tfce")
    data[..., place] = np.where(np.isfinite(data[..., place]), np.float32(0.01), np.nan)
    frames = made_maps.frames(one=(data, affine, {**sidecar, "Level": 0.01}))
    assert "No voxel with p<0.01" in said(draw(frames))
    assert "No voxel" not in said(draw(frames, below=0.011))


@pytest.mark.parametrize("turned", [False, True])
def test_the_patients_left_is_drawn_on_the_right_whatever_the_header(turned):
    data, affine, sidecar = made_maps.made([LEFT])
    if turned:
        over = affine.copy()
        over[0] = [-2.0, 0, 0, affine[0, 3] + 2 * (data.shape[0] - 1)]
        data, affine = data[::-1], over
    figure = draw(made_maps.frames(one=(data, affine, sidecar)))
    axial, coronal, sagittal = figure.axes[3], figure.axes[5], figure.axes[6]
    middle = [next(axes for axes in figure.axes if axes.get_title() == title) for title in ("z = 8 mm", "y = −18 mm")]
    for axes in middle:
        left, right = axes.get_xlim()
        assert left > right, "x runs to the patient's right, which is drawn on the left"
        x, _ = coloured(axes)
        assert abs(x.mean() - LEFT[0]) < 2
    _, y = coloured(middle[0])
    assert abs(y.mean() - LEFT[1]) < 2
    for axes, letters in ((axial, "RL"), (coronal, "RL"), (sagittal, "PA")):
        assert [text.get_text() for text in axes.texts] == list(letters)
    assert sagittal.get_title() == "x = −12 mm"
    y, z = coloured(sagittal)
    assert sagittal.get_xlim()[0] < sagittal.get_xlim()[1], "the face looks to the right"
    np.testing.assert_allclose([y.mean(), z.mean()], LEFT[1:], atol=2)


def test_background_and_maps_lie_in_the_same_millimetres():
    """The brain of the bundled template at 1 mm covers the analysed voxels of the 2 mm template to a voxel."""
    axes = draw(one(), slices_mm=[8]).axes[1]
    ends = []
    for image, brain in zip(axes.images, ("template", "maps"), strict=True):
        low, high = image.get_extent()[:2]
        data = np.asarray(image.get_array().data if brain == "maps" else image.get_array())
        columns = np.flatnonzero((np.isfinite(data) if brain == "maps" else data > 0.05).any(axis=0))
        step = (high - low) / data.shape[1]
        ends.append([low + columns[0] * step, low + (columns[-1] + 1) * step])
    np.testing.assert_allclose(*ends, atol=2)


def test_slices_are_those_with_most_significant_voxels():
    maps = maps_of(one(*made_maps.THALAMUS, (0, 30, 40)), "one")
    mask = maps.significant("p_tfce", 0.05)
    counts = {float(maps.mm((0, 0, z))[2]): int(mask[..., z].sum()) for z in range(mask.shape[2])}
    best = max(counts, key=counts.get)
    assert abs(best - 8) <= 2
    two = chosen_slices([maps], [mask], count=2, apart_mm=20)
    assert best in two and abs(max(two) - 40) <= 4
    chosen = chosen_slices([maps], [mask], count=5, apart_mm=6)
    assert len(chosen) == 5 and min(np.diff(chosen)) >= 6
    nothing = chosen_slices([maps], [np.zeros_like(mask)], count=3, apart_mm=6)
    areas = {float(maps.mm((0, 0, z))[2]): int(maps.analysed[..., z].sum()) for z in range(mask.shape[2])}
    assert max(areas, key=areas.get) in nothing and len(nothing) == 3
    assert len(chosen_slices([maps], [mask], count=50, apart_mm=60)) < 4


def test_the_peak_and_the_volume_are_said():
    maps = maps_of(one(), "one")
    mask = maps.significant("p_tfce", 0.05)
    words = said(draw(one()))
    peak = maps.volumes["t"][mask].max()
    assert f"Peak t {peak:.2f}" in words and "at −12, −18, 8 mm" in words
    assert f"{mask.sum() * 0.008:.1f} mL, {mask.sum()} voxels" in words
    assert "n=850" in words
    assert "n=850" not in said(draw(one(), counted=lambda n, *_: n)), "a guarded study has no numbers of patients"
    assert "p<0.05 (TFCE, family-wise error)" in words
    assert "Coefficient (ppb per year)" in said(draw(one(), measure="coefficient")).replace("\n", " ")


def test_a_row_without_significance_says_so_and_has_no_colours():
    figure = draw(made_maps.frames(one=made_maps.made(seed=3)))
    assert_legible(figure)
    words = said(figure).replace("\n", " ")
    assert "No voxel with p<0.05" in words and "mL" not in words
    panels = [axes for axes in figure.axes if len(axes.images) == 2]
    assert len(panels) == 6 and all(axes.images[1].get_array().mask.all() for axes in panels)


def test_rows_of_one_unit_share_the_scale_of_their_colours():
    frames = made_maps.frames(
        one=made_maps.made([LEFT], height=9),
        two=made_maps.made([LEFT], height=7, unit="ppb"),
        three=made_maps.made([LEFT], height=6.5),
    )
    models = {"A": "one", "B": "two", "C": "three"}

    def ends(**entry):
        figure = draw(frames, models, **entry)
        return [axes.images[1].get_clim() for axes in figure.axes if axes.get_title().startswith("y")]

    values = {name: maps_of(frames, name) for name in frames if not name.endswith("json")}
    greatest = max(np.abs(one.volumes["t"][one.significant("p_tfce", 0.05)]).max() for one in values.values())
    assert len(set(ends())) == 1
    assert 0 <= ends()[0][1] - greatest < 0.1 and ends()[0][0] == -ends()[0][1]
    first, second, third = ends(measure="coefficient")
    assert first == third != second
    assert set(ends(limit=12.5)) == {(-12.5, 12.5)}


def test_files_that_are_asked_for():
    entry = settings("voxelwise", models={"A": "one"}, background="data/atlases/head.nii.gz")
    found = voxelwise.images({}, folder=Path("results/x/images"), **entry)
    assert found == {
        "one": Path("results/x/models/voxelwise/one.nii.gz"),
        "one.json": Path("results/x/models/voxelwise/one.json"),
        "background": Path("data/atlases/head.nii.gz"),
    }


def test_an_own_background_is_drawn():
    mask, affine = made_maps.brain()
    figure = draw(one() | {"background": (7 * mask.astype(np.float32), affine)})
    assert figure.axes[1].images[0].get_array().max() == 7


def test_what_cannot_be_drawn_is_said():
    data, affine, sidecar = made_maps.made([LEFT])
    with pytest.raises(InputError, match=r"models.voxelwise.one: found volumes of shape .*, expected four axes"):
        draw(made_maps.frames(one=(data[..., :3], affine, sidecar)))
    with pytest.raises(InputError, match="found volumes p, t, expected coefficient too"):
        draw(made_maps.frames(one=(data[..., :2], affine, {**sidecar, "Volumes": ["p", "t"]})))
    with pytest.raises(InputError, match="has no volume 'p_tfce', expected one of p_max_t, p_fdr, p"):
        draw(made_maps.frames(one=(data[..., :5], affine, {**sidecar, "Volumes": sidecar["Volumes"][:5]})))
    with pytest.raises(InputError, match="found no voxel with a value"):
        draw(made_maps.frames(one=(np.full_like(data, np.nan), affine, sidecar)))
    oblique = affine.copy()
    oblique[0, 1] = 0.5
    with pytest.raises(InputError, match="found axes that are oblique"):
        draw(made_maps.frames(one=(data, oblique, sidecar)))
    with pytest.raises(InputError, match=r"slices_mm: found 200, expected a height of the brain, -75.5 to 85.5"):
        draw(one(), slices_mm=[200])
