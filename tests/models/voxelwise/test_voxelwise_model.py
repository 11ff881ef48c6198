"""The kind `voxelwise`: masks, planted effects, summaries, what is said."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from fitted_models import codes, pick
from voxel_cases import noise

from recohort.core.errors import InputError
from recohort.models import voxelwise
from recohort.models.mass_univariate.maps import gather, widen

SHAPE, N = (12, 10, 8), 60
AFFINE = np.array([[-2.0, 0, 0, 11], [0, 2, 0, -20], [0, 0, 2.5, 4], [0, 0, 0, 1]])
NAMES = {1: "caudate_left", 2: "caudate_right", 3: "thalamus_left", 9: "csf"}
STRUCTURES = {"caudate": ["caudate_left", "caudate_right"], "thalamus": ["thalamus_left"]}
COLUMNS = {
    "years": {"type": "number", "unit": "year"},
    "age": {"type": "number", "unit": "year"},
    "group": {"type": "category", "levels": ["control", "ms"]},
    "course": {"type": "category", "levels": ["a", "b", "c"]},
    "caudate_volume": {"type": "number", "unit": "mL"},
    "thalamus_volume": {"type": "number", "unit": "mL"},
}


@pytest.fixture
def study():
    """Maps in which `years` lowers a block of the thalamus by 1 ppb a year and the group raises one of the caudate."""
    rng = np.random.default_rng(8)
    labels = np.zeros(SHAPE, int)
    labels[1:4, 1:9, 1:7], labels[4:6, 1:9, 1:7] = 1, 2
    labels[8:11, 1:9, 1:7], labels[6, 4, 4] = 3, 9
    age = rng.normal(45, 10, N)
    years = 0.3 * (age - 45) + rng.normal(10, 5, N)
    group = np.repeat(["control", "ms"], N // 2)
    frame = pd.DataFrame(
        {
            "participant_id": [f"sub-{i:03}" for i in range(N)],
            "years": years,
            "age": age,
            "group": group,
            "course": np.tile(["a", "b", "c"], N // 3),
            "caudate_volume": rng.normal(7, 1, N),
            "thalamus_volume": rng.normal(12, 1, N) - 0.1 * years,
        }
    )
    maps = 4 * noise(rng, N, SHAPE, 1.0) + 20
    maps[:, 8:11, 2:6, 2:5] -= 1.0 * years[:, None, None, None]
    maps[:, 2:5, 3:6, 2:5] += 6.0 * (group == "ms")[:, None, None, None]
    return frame, dict(zip(frame["participant_id"], maps.astype(np.float32), strict=True)), labels


def fitted(study, settings, *, columns=COLUMNS, labels="given", seed=1, **entry):
    frame, maps, given = study
    entry = {"exposure": "years", "covariates": ["age"], "permutations": 199, **entry}
    return voxelwise.fit(
        frame,
        maps,
        affine=AFFINE,
        labels=given if isinstance(labels, str) else labels,
        label_names=NAMES,
        structures=STRUCTURES,
        unit="ppb",
        columns=columns,
        seed=seed,
        name="made",
        **settings("voxelwise", **entry),
    )


def test_the_planted_effect_is_found_where_it_is(study, settings):
    result, volumes = fitted(study, settings)
    planted = np.zeros(SHAPE, bool)
    planted[8:11, 2:6, 2:5] = True
    assert list(volumes) == ["coefficient", "t", "p", "p_fdr", "p_max_t", "tfce", "p_tfce"]
    assert all(volume.dtype == np.float32 and volume.shape == SHAPE for volume in volumes.values())
    assert (np.isfinite(volumes["t"]) == np.isin(study[2], [1, 2, 3])).all()
    assert (volumes["p_tfce"][planted] < 0.05).all()
    assert (volumes["p_max_t"][planted] < 0.05).all()
    assert (volumes["tfce"][planted] < 0).all()
    assert volumes["coefficient"][planted].mean() == pytest.approx(-1, abs=0.15)
    cluster = pick(result, term="cluster 1", quantity="volume")
    assert cluster["estimate"] >= 36 * 0.01
    assert pick(result, term="cluster 1", quantity="share_of_cluster", scale="in thalamus")["estimate"] > 0.95
    peak = np.unravel_index(np.nanargmax(np.abs(volumes["t"])), SHAPE)
    assert planted[peak]
    millimetres = AFFINE[:3, :3] @ peak + AFFINE[:3, 3]
    for axis, expected in zip("xyz", millimetres, strict=True):
        assert pick(result, term="cluster 1", quantity=f"peak_{axis}")["estimate"] == expected
        assert pick(result, term="thalamus", quantity=f"peak_{axis}")["estimate"] == expected
    thalamus = {"term": "thalamus", "quantity": "voxels_significant", "method": "TFCE"}
    assert pick(result, **thalamus)["estimate"] == (volumes["p_tfce"][study[2] == 3] < 0.05).sum()
    assert pick(result, term="thalamus", quantity="mean_coefficient")["scale"] == "ppb per 1 year"
    assert pick(result, term="mask", quantity="voxels")["estimate"] == np.isin(study[2], [1, 2, 3]).sum()
    assert set(result.estimates["n"]) == {N}


def test_critical_values_divide_significant_from_other_voxels(study, settings):
    result, volumes = fitted(study, settings)
    for method, statistic, p in (("max t", "t", "p_max_t"), ("TFCE", "tfce", "p_tfce")):
        limit = pick(result, term="mask", quantity="critical_value", method=method)["estimate"]
        known = np.isfinite(volumes["t"])
        above = np.abs(volumes[statistic][known]) > limit
        assert (above == (volumes[p][known] < 0.05)).all()


def test_a_group_is_coded_as_the_linear_model_codes_it(study, settings):
    result, volumes = fitted(study, settings, exposure="group", covariates=["age", "course"])
    row = pick(result, term="caudate", quantity="peak_coefficient")
    assert row["scale"] == "ppb, ms against control"
    assert volumes["coefficient"][2:5, 3:6, 2:5].mean() == pytest.approx(6, abs=1.5)
    frame, maps, _ = study
    dummies = [frame["course"] == "b", frame["course"] == "c", frame["group"] == "ms"]
    design = np.column_stack([np.ones(N), frame["age"], *dummies]).astype(float)
    expected = sm.OLS([float(one[3, 4, 3]) for one in maps.values()], design).fit()
    assert volumes["t"][3, 4, 3] == pytest.approx(expected.tvalues[-1], rel=1e-6)
    assert volumes["p"][3, 4, 3] == pytest.approx(expected.pvalues[-1], rel=1e-5)


def test_a_voxel_is_adjusted_for_its_own_structures_volume(study, settings):
    _, volumes = fitted(study, settings, voxel_covariate="{}_volume")
    frame, maps, _ = study
    for voxel, column in (((9, 4, 3), "thalamus_volume"), ((2, 4, 3), "caudate_volume")):
        design = np.column_stack([np.ones(N), frame["age"], frame[column], frame["years"]])
        expected = sm.OLS([float(one[voxel]) for one in maps.values()], design).fit()
        assert volumes["t"][voxel] == pytest.approx(expected.tvalues[-1], rel=1e-6)
        assert volumes["coefficient"][voxel] == pytest.approx(expected.params[-1], rel=1e-6)


def test_brain_takes_all_voxels_and_a_structures_covariate_those_of_structures(study, settings):
    result, volumes = fitted(study, settings, mask="brain", tfce=None)
    assert np.isfinite(volumes["t"]).all()
    assert "p_tfce" not in volumes
    assert pick(result, term="cluster 1", quantity="peak_t")["method"].startswith("t")
    result, volumes = fitted(study, settings, mask="brain", voxel_covariate="{}_volume")
    assert codes(result) == ["outside_structures"]
    assert (np.isfinite(volumes["t"]) == np.isin(study[2], [1, 2, 3])).all()


def test_brain_needs_no_labels(study, settings):
    result, volumes = fitted(study, settings, mask="brain", labels=None)
    assert np.isfinite(volumes["t"]).all()
    assert not result.estimates["term"].isin(STRUCTURES).any()
    for entry in ({"mask": "structures"}, {"mask": "brain", "voxel_covariate": "{}_volume"}):
        with pytest.raises(InputError, match="found no labels of structures"):
            fitted(study, settings, labels=None, **entry)


def test_incomplete_voxels_leave_the_mask_or_are_imputed(study, settings):
    frame, maps, _ = study
    maps["sub-007"] = maps["sub-007"].copy()
    maps["sub-007"][9, 4, :] = np.nan
    result, volumes = fitted(study, settings)
    assert np.isnan(volumes["t"][9, 4, 1:7]).all()
    assert np.isfinite(volumes["t"][9, 5, 1:7]).all()
    said = result.warnings.set_index("code")["message"]["incomplete_voxels"]
    assert said.startswith("6 of ")
    assert "sub-007 has the fewest known voxels" in said
    result, volumes = fitted(study, settings, minimum_coverage=0.95)
    assert codes(result) == ["imputed_voxels"]
    values = np.array([one[9, 4, 3] for one in maps.values()], float)
    values[7] = np.nanmean(values)
    design = np.column_stack([np.ones(N), frame["age"], frame["years"]])
    assert volumes["t"][9, 4, 3] == pytest.approx(sm.OLS(values, design).fit().tvalues[-1], rel=1e-5)


def test_a_participant_without_exposure_is_left_out_and_needs_no_map(study, settings):
    frame, maps, labels = study
    missing = frame.assign(years=frame["years"].where(frame["participant_id"] != "sub-003"))
    fewer = {name: one for name, one in maps.items() if name != "sub-003"}
    result, volumes = fitted((missing, fewer, labels), settings)
    assert codes(result) == ["incomplete_rows"]
    assert set(result.estimates["n"]) == {N - 1}
    kept = frame[frame["participant_id"] != "sub-003"]
    _, alone = fitted((kept, maps, labels), settings)
    for name, volume in volumes.items():
        np.testing.assert_array_equal(volume, alone[name])


def test_the_same_seed_gives_the_same_bytes(study, settings):
    first, second = fitted(study, settings), fitted(study, settings)
    other = fitted(study, settings, seed=2)
    pd.testing.assert_frame_equal(first[0].estimates, second[0].estimates, check_exact=True)
    assert all(first[1][name].tobytes() == second[1][name].tobytes() for name in first[1])
    assert (other[1]["p_tfce"] != first[1]["p_tfce"]).any()
    np.testing.assert_array_equal(other[1]["t"], first[1]["t"])


def test_constant_voxels_and_few_permutations_are_said(study, settings):
    _, maps, _ = study
    for one in maps.values():
        one[9, 4, 3] = 5
    result, volumes = fitted(study, settings, permutations=10)
    assert codes(result) == ["constant_voxels", "few_permutations"]
    assert np.isnan([volume[9, 4, 3] for volume in volumes.values()]).all()
    assert not result.estimates["term"].str.startswith("cluster").any()


def test_smoothing_stays_inside_the_mask_and_leaves_a_constant_alone():
    """Weights are scaled to 1 over known voxels of the mask: a plateau stays, what lies outside does not leak in."""
    rng = np.random.default_rng(0)
    mask = rng.random(SHAPE) < 0.5
    voxels, plateau = np.argwhere(mask), np.where(mask, 7.0, 1e6)
    settings = {"voxel_mm": np.array([2, 2, 2.5]), "smoothing_mm": 6}
    values, imputed = gather({"a": plateau}, ["a"], voxels, **settings)
    assert imputed == 0
    assert values == pytest.approx(7.0, rel=1e-6)
    plateau[tuple(voxels[10])] = np.nan
    values, imputed = gather({"a": plateau, "b": np.where(mask, 9.0, 0)}, ["a", "b"], voxels, **settings)
    assert imputed == 1
    assert values[0, 10] == pytest.approx(9.0, rel=1e-6)
    assert np.delete(values[0], 10) == pytest.approx(7.0, rel=1e-6)


def test_smoothing_has_the_declared_width():
    """A point in a large mask becomes a Gaussian: half its height at half the width, on axes of unlike voxels.

    Sampling and the cut at 4 SD move it by less than 1 %.
    """
    shape, size = (41, 41, 33), np.array([2, 2, 2.5])
    point = np.zeros(shape)
    point[20, 20, 16] = 1
    voxels = np.argwhere(np.ones(shape, bool))
    values, _ = gather({"a": point}, ["a"], voxels, voxel_mm=size, smoothing_mm=20.0)
    made = values.reshape(shape)
    assert made[25, 20, 16] / made[20, 20, 16] == pytest.approx(0.5, rel=0.01)
    assert made[20, 25, 16] / made[20, 20, 16] == pytest.approx(0.5, rel=0.01)
    assert made[20, 20, 20] / made[20, 20, 16] == pytest.approx(0.5, rel=0.01)
    assert values.sum() == pytest.approx(1, rel=0.01)


def test_a_margin_grows_structures_into_the_background_only():
    labels = np.zeros((7, 1, 1), int)
    labels[1], labels[5] = 1, 2
    grown = widen(labels, voxel_mm=np.array([2.0, 2, 2]), margin_mm=2)
    assert grown[:, 0, 0].tolist() == [1, 1, 1, 0, 2, 2, 2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"exposure": "course", "covariates": []}, "'course': has 3 levels, expected a number or two levels"),
        ({"covariates": ["age", "years"]}, "'years': is listed twice"),
        ({"voxel_covariate": "{}_size"}, "'caudate_size': not found"),
    ],
)
def test_wrong_settings_are_said(study, settings, change, message):
    with pytest.raises(InputError, match=message):
        fitted(study, settings, **change)


def test_wrong_images_are_said(study, settings):
    frame, maps, labels = study
    with pytest.raises(InputError, match="the labels' grid is"):
        fitted((frame, maps, labels[1:]), settings)
    with pytest.raises(InputError, match="sub-004: the map has 11 x 10 x 8 voxels, expected 12 x 10 x 8"):
        fitted((frame, {**maps, "sub-004": maps["sub-004"][1:]}, labels), settings)
    with pytest.raises(InputError, match="sub-005: found no map"):
        fitted((frame, {k: v for k, v in maps.items() if k != "sub-005"}, labels), settings)
    with pytest.raises(InputError, match="no voxel is known in 100% of the participants; sub-006 has the fewest"):
        fitted((frame, {**maps, "sub-006": np.full(SHAPE, np.nan)}, labels), settings)
    with pytest.raises(InputError, match="structure 'thalamus': found no label 'thalamus_left'"):
        voxelwise.structure_image(
            labels, {1: "caudate_left", 2: "caudate_right"}, STRUCTURES, voxel_mm=[1, 1, 1], margin_mm=0
        )
