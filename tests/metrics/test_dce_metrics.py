"""Metrics of perfusion by hand, on a map whose statistics are known in closed form, and from files."""

import numpy as np
import pandas as pd
import pytest

from recohort.core.columns import metric_columns
from recohort.core.errors import InputError
from recohort.core.io import write_image, write_json
from recohort.core.schema import load_schema, with_defaults
from recohort.metrics.dce import Session, Value, changes, measure_perfusion, perfusion_warnings
from recohort.modalities.dce.measuring import judge, measure

EDGES = (1.0, 1.0, 5.0)


def completed(**section):
    return with_defaults({"dce": section}, load_schema("metrics"))["dce"]


def curve(voxels=12, **values):
    bounded = {"vp": 0.1, "ktrans": 0.2, "ve": 0.3} | values
    return {"voxels": voxels, "bounded": bounded | {f"{name}_se": 0.01 for name in ("vp", "ktrans", "ve")}}


def session(level, /, *, tumour=None, marrow=None, edges=EDGES, **roi):
    """A session of which only vp matters; everything is tumour unless it is said."""
    level = np.asarray(level, float)
    maps = {"vp": level, "ktrans": level, "ve": level}
    tumour = np.ones(level.shape) if tumour is None else tumour
    return Session(maps, tumour, marrow, {"tumour": curve(**roi), "marrow": curve(vp=0.05)}, np.array(edges))


def rows(before, after, **changed):
    settings = completed(**{"maps": ["vp"], "minimum_voxels": 1, **changed})
    return {row["metric"]: row for row in measure_perfusion({"before": before, "after": after}, **settings)}


def values(found, *names):
    return [found[name]["value"] for name in names]


def flat(level, size=12):
    return np.full((2, 3, size // 6), level)


@pytest.fixture
def uneven():
    """Slices 0.1 0.2, 0.3 0.4 and 0.5 NaN, and below the tumour 9."""
    vp = np.array([[[0.1, 0.3, 0.5, 9.0]], [[0.2, 0.4, np.nan, 9.0]]])
    tumour = np.ones(vp.shape)
    tumour[..., 3] = 0
    return session(vp, tumour=tumour, vp=0.08)


def test_each_statistic_by_hand(uneven):
    found = rows(uneven, session(flat(0.15)))
    expected = {
        "vp_mean_before": (0.3, 5),
        "vp_median_before": (0.3, 5),
        "vp_p90_before": (0.46, 5),  # between the 4th and the 5th of five: 0.4 + 0.6 x 0.1
        "vp_max_before": (0.5, 5),
        "vp_hottest_before": (0.5, 1),
        "vp_roi_before": (0.08, 12),
        "vp_mean_after": (0.15, 12),
        "vp_mean_change": (-50.0, 5),
        "vp_mean_log_ratio": (np.log(0.5), 5),
        "vp_roi_change": (25.0, 12),
        "vp_failed_before": (1 / 6, 6),
        "vp_failed_after": (0.0, 12),
        "size_before": (6 * 0.005, 6),
        "size_after": (12 * 0.005, 12),
        "size_change": (100.0, 6),
    }
    for metric, (value, count) in expected.items():
        assert found[metric]["value"] == pytest.approx(value), metric
        assert (found[metric]["n_voxels"], found[metric]["qc"]) == (count, ""), metric


def test_columns_are_those_declared():
    for changed in ({}, {"maps": ["ve", "vp"], "statistics": ["roi", "max"]}, {"normalise": "marrow"}):
        settings = completed(**changed)
        one = session(flat(0.1), marrow=np.ones((2, 3, 2)))
        made = measure_perfusion({"before": one, "after": one}, **settings)
        declared = {name: column["unit"] for name, column in metric_columns("dce", settings).items()}
        assert declared == {row["metric"]: row["unit"] for row in made}
    assert metric_columns("dce", completed())["ktrans_hottest_before"] == {
        "type": "number",
        "unit": "1/min",
        "label": "Ktrans of the hottest slice, before treatment",
    }


def test_an_analytic_map():
    """vp = 0.3 r over a ball: mean 3/4, median 2^(-1/3), p90 0.9^(1/3) of the rim's; 100 voxels across, so 1 %."""
    x, y, z = (np.indices((104, 104, 104)) - 51.5) / 50
    r = np.sqrt(x**2 + y**2 + z**2)
    ball = session(0.3 * r, tumour=r < 1, edges=(0.5, 0.5, 0.5))
    half = session(0.15 * r, tumour=r < 0.5**0.5, edges=(0.5, 0.5, 0.5))
    found = rows(ball, half)
    expected = [0.3 * 0.75, 0.3 * 0.5 ** (1 / 3), 0.3 * 0.9 ** (1 / 3), 0.3]
    names = [f"vp_{name}_before" for name in ("mean", "median", "p90", "max")]
    assert values(found, *names) == pytest.approx(expected, rel=0.01)
    assert found["size_before"]["value"] == pytest.approx(4 / 3 * np.pi * 25**3 / 1000, rel=0.01)
    assert found["vp_mean_change"]["value"] == pytest.approx(100 * (0.5**1.5 - 1), rel=0.01)
    assert found["size_change"]["value"] == pytest.approx(100 * (0.5**1.5 - 1), rel=0.01)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_slices_lie_across_the_longest_edge(axis):
    """A step along each axis: only that across the slices makes one slice hotter."""
    vp = 0.1 * (1 + np.arange(3)[:, None, None] + 10 * np.arange(4)[:, None] + 100 * np.arange(5))
    edges = np.ones(3)
    edges[axis] = 4.0
    found = rows(session(vp, edges=edges), session(vp))
    hottest = np.take(vp, -1, axis)
    assert found["vp_hottest_before"]["value"] == pytest.approx(hottest.mean())
    assert found["vp_hottest_before"]["n_voxels"] == hottest.size


def test_a_slice_with_few_voxels_is_not_the_hottest(uneven):
    assert rows(uneven, uneven, minimum_voxels=2)["vp_hottest_before"]["value"] == pytest.approx(0.35)
    none = rows(uneven, uneven, minimum_voxels=3)
    assert np.isnan(none["vp_hottest_before"]["value"])
    assert none["vp_hottest_before"]["qc"] == "no slice with 3 fitted voxels"
    assert none["vp_hottest_change"]["qc"] == (
        "before: no slice with 3 fitted voxels; after: no slice with 3 fitted voxels"
    )
    assert none["vp_mean_before"]["value"] == pytest.approx(0.3)


@pytest.mark.parametrize("normalise", ["none", "marrow"])
@pytest.mark.parametrize("rule", ["floor", "none"])
def test_change_and_log_ratio_are_consistent(rule, normalise):
    rng = np.random.default_rng(3)
    for _ in range(20):
        before, after = (
            session(rng.gamma(1.0, 0.03, (2, 3, 4)), marrow=np.ones((2, 3, 4)), vp=rng.gamma(1.0, 0.03))
            for _ in range(2)
        )
        found = rows(before, after, small_baseline={"rule": rule, "vp": 0.03}, normalise=normalise)
        for name in ("mean", "median", "p90", "max", "hottest", "roi"):
            change, ratio = values(found, f"vp_{name}_change", f"vp_{name}_log_ratio")
            assert change == pytest.approx(100 * np.expm1(ratio), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("rule", "change", "qc"),
    [
        ("none", 100 * (0.09 / 0.004 - 1), "value before below 0.01"),
        ("floor", 800.0, "value before set to 0.01"),
        ("exclude", np.nan, "value before below 0.01"),
    ],
)
def test_rules_of_a_small_baseline(rule, change, qc):
    found = rows(session(flat(0.004)), session(flat(0.09)), small_baseline={"rule": rule})
    assert found["vp_mean_before"]["value"] == pytest.approx(0.004), "the value itself stays"
    for metric, value in (("vp_mean_change", change), ("vp_mean_log_ratio", np.log1p(change / 100))):
        assert found[metric]["value"] == pytest.approx(value, nan_ok=True)
        assert found[metric]["qc"] == qc
    just, _ = changes(Value(0.01, 5, ""), Value(0.09, 4, ""), rule=rule, limit=0.01)
    assert just == (pytest.approx(800), 4, ""), "a value at the limit is not below it"
    assert found["size_change"]["value"] == 0


def test_limits_are_each_maps_own():
    found = rows(
        session(flat(0.02)),
        session(flat(0.04)),
        maps=["vp", "ktrans"],
        small_baseline={"rule": "exclude", "ktrans": 0.03},
    )
    assert found["vp_mean_change"]["value"] == pytest.approx(100)
    assert np.isnan(found["ktrans_mean_change"]["value"])


def test_negative_values_are_kept_and_have_no_logarithm():
    fallen = rows(session(flat(0.02)), session(flat(-0.01)))
    assert values(fallen, "vp_mean_after", "vp_mean_change") == pytest.approx([-0.01, -150])
    assert np.isnan(fallen["vp_mean_log_ratio"]["value"])
    assert fallen["vp_mean_log_ratio"]["qc"] == "no logarithm, value after not above 0"
    risen = rows(session(flat(-0.01)), session(flat(0.02)))
    for metric in ("vp_mean_change", "vp_mean_log_ratio"):
        assert np.isnan(risen[metric]["value"])
        assert risen[metric]["qc"] == "value before not above 0"
    floored = rows(session(flat(-0.01)), session(flat(0.02)), small_baseline={"rule": "floor"})
    assert floored["vp_mean_change"]["value"] == pytest.approx(100)


def test_nothing_fitted_is_empty_and_never_0():
    found = rows(session(flat(np.nan)), session(flat(0.1)), minimum_voxels=4)
    for name in ("mean", "median", "p90", "max", "hottest"):
        before, change = found[f"vp_{name}_before"], found[f"vp_{name}_change"]
        assert np.isnan([before["value"], change["value"]]).all()
        assert (before["n_voxels"], before["qc"]) == (0, "0 fitted voxels, fewer than 4")
        assert change["qc"] == "before: 0 fitted voxels, fewer than 4"
    assert values(found, "vp_failed_before", "vp_roi_before", "size_before") == pytest.approx([1.0, 0.1, 0.06])
    empty = rows(session(flat(0.1), tumour=np.zeros((2, 3, 2))), session(flat(0.1)))
    for metric in ("size_before", "size_change", "vp_failed_before", "vp_mean_before"):
        assert np.isnan(empty[metric]["value"]), metric
        assert empty[metric]["qc"], metric


def test_a_fit_that_failed_or_sits_at_a_bound_is_said():
    missing, bound = session(flat(0.1), vp=None), session(flat(0.1), vp=1.0)
    bound.curves["tumour"]["bounded"]["vp_se"] = None
    found = rows(missing, bound)
    assert np.isnan(found["vp_roi_before"]["value"])
    assert found["vp_roi_before"]["qc"] == "no fit of the mean curve"
    assert (found["vp_roi_after"]["value"], found["vp_roi_after"]["qc"]) == (1.0, "at a bound, or fixed by the model")
    assert found["vp_roi_change"]["qc"] == "before: no fit of the mean curve"
    assert rows(session(flat(0.1)), bound)["vp_roi_change"]["qc"] == "after: at a bound, or fixed by the model"


def test_normalising_divides_by_marrow_of_the_same_session():
    marrow = np.zeros((2, 3, 4))
    marrow[..., 3] = 1
    vp = np.full((2, 3, 4), 0.12)
    vp[..., 3] = 0.06
    vp[0, 0, 3] = np.nan
    tumour = 1 - marrow
    before, after = (session(vp * k, tumour=tumour, marrow=marrow, vp=0.2) for k in (1, 3))
    found = rows(before, after, normalise="marrow")
    assert values(found, "vp_mean_before", "vp_max_before", "vp_roi_before") == pytest.approx([2, 2, 4])
    assert values(found, "vp_mean_change", "vp_failed_before") == pytest.approx([0, 0], abs=1e-9)
    assert found["vp_mean_before"]["unit"] == ""
    few = rows(before, after, normalise="marrow", minimum_voxels=6)
    assert few["vp_mean_before"]["qc"] == "marrow: 5 fitted voxels, fewer than 6"
    below = rows(session(-vp, tumour=tumour, marrow=marrow), after, normalise="marrow")
    assert below["vp_mean_before"]["qc"] == "marrow: not above 0"
    for row in (few["vp_mean_before"], few["vp_mean_change"], below["vp_mean_before"]):
        assert np.isnan(row["value"])
    with pytest.raises(InputError, match=r"found no mask of marrow, expected images\.masks\.marrow"):
        rows(session(vp), session(vp), normalise="marrow")


def test_another_grid_is_refused():
    with pytest.raises(InputError, match=r"the mask of tumour has shape \(2, 2, 2\), expected that of vp, \(2, 3, 2\)"):
        rows(session(flat(0.1), tumour=np.ones((2, 2, 2))), session(flat(0.1)))


def test_warnings_count_small_baselines_and_what_is_empty():
    levels = [(0.004, 0.1), (0.1, -0.01), (-0.1, 0.1), (0.1, 0.2)]
    found = [
        row
        for before, after in levels
        for row in rows(session(flat(before)), session(flat(after)), statistics=["mean", "max"]).values()
    ]
    listed = "of 4 participants: vp_mean 1, vp_max 1."
    said = dict(perfusion_warnings(pd.DataFrame(found)).itertuples(index=False))
    assert said == {
        "dce_small_baseline": f"Values before treatment below the limit of metrics.dce.small_baseline, {listed}",
        "dce_no_change": f"Changes that are empty, {listed}",
        "dce_no_log_ratio": f"Changes without a logarithm, as the value after treatment is not above 0, {listed}",
    }
    assert judge(pd.DataFrame(found[-11:])).empty


def test_from_files(tmp_path):
    """What `processing` leaves: maps and curves below its folder, masks where they were given."""
    images, affine = tmp_path / "images", np.diag([1.0, 1.0, 5.0, 1.0])
    row = {"participant_id": "sub-001", "curves": "curves.json"}
    for when, level in (("before", 0.2), ("after", 0.05)):
        for name in ("vp", "ktrans", "ve"):
            row[f"{name}_{when}"] = f"{name}_{when}.nii.gz"
            write_image(flat(level).astype(np.float32), affine, images / row[f"{name}_{when}"])
        row[f"tumour_{when}"] = str(tmp_path / f"tumour_{when}.nii.gz")
        write_image(np.ones((2, 3, 2), np.uint8), affine, tmp_path / f"tumour_{when}.nii.gz")
    write_json({when: {"tumour": curve()} for when in ("before", "after")}, images / "curves.json")
    found = {entry["metric"]: entry for entry in measure(row, images, metrics={"dce": completed()})}
    assert values(found, "vp_mean_change", "ve_max_after", "vp_roi_change", "size_before") == pytest.approx(
        [-75, 0.05, 0, 0.06], rel=1e-6
    )
    with pytest.raises(InputError, match=r"sub-001: .*found no mask of marrow"):
        measure(row, images, metrics={"dce": completed(normalise="marrow")})
