"""The page of voxelwise maps: what is stored in it, how exactly, and how large it is."""

import base64
import gzip
import json
import re

import numpy as np
import pytest
import viewed

from recohort.core.errors import InputError
from recohort.report.volume_viewer import p_edges, packed


def content(html):
    return json.loads(re.search(r'<script type="application/json" id="content">(.*?)</script>', html, re.S)[1])


def unpacked(text):
    """As the page does it: bytes, each less the one before."""
    return np.cumsum(np.frombuffer(gzip.decompress(base64.b64decode(text)), np.uint8), dtype=np.uint8)


@pytest.fixture(scope="module")
def shown():
    return viewed.maps()


@pytest.fixture(scope="module")
def html(shown):
    return viewed.built(shown)


@pytest.fixture(scope="module")
def stored(html):
    return content(html)


def inside(stored, place):
    analysed = unpacked(stored["models"][place]["analysed"]).astype(bool)
    return analysed.reshape(stored["shape"], order="F")


def looked_up(stored, mask, volume, affine):
    """A volume at the analysed voxels of the page, by their millimetres."""
    places = np.argwhere(mask) * stored["size"] + stored["origin"]
    voxels = np.rint((places - affine[:3, 3]) / np.diag(affine)[:3]).astype(int)
    return volume[tuple(voxels.T)]


def spread(codes, mask):
    grid = np.zeros(mask.shape, np.uint8)
    grid.T[mask.T] = codes  # the first axis runs fastest
    return grid[mask]


def test_bytes_come_back():
    codes = np.random.default_rng(0).integers(0, 256, (4, 5, 6)).astype(np.uint8)
    np.testing.assert_array_equal(unpacked(packed(codes)).reshape(4, 5, 6, order="F"), codes)


@pytest.mark.parametrize("place", [0, 1])
def test_values_are_stored_to_half_a_step(stored, shown, place):
    model, one = stored["models"][place], list(shown.values())[place]
    mask = inside(stored, place)
    assert mask.sum() == one.analysed.sum(), "the maps' grid is the page's"
    for name, kept in model["measures"].items():
        true = looked_up(stored, mask, one.volumes[name], one.affine)
        assert kept["top"] == pytest.approx(np.abs(true).max())
        codes = spread(unpacked(kept["data"]), mask).astype(float)
        np.testing.assert_allclose((codes - 128) / 127 * kept["top"], true, atol=kept["top"] / 254 * 1.001)


@pytest.mark.parametrize("level", [0.05, 0.01, 0.001])
@pytest.mark.parametrize("name", ["p_tfce", "p_max_t", "p_fdr", "p"])
def test_where_p_is_below_a_level_is_exact(stored, shown, level, name):
    one = shown["MS & controls"]
    mask = inside(stored, 0)
    true = looked_up(stored, mask, one.volumes[name], one.affine)
    limit = stored["edges"].index(float(np.float32(level)))
    codes = spread(unpacked(stored["models"][0]["thresholds"][name]), mask)
    np.testing.assert_array_equal(codes <= limit, true < np.float32(level))


def test_codes_of_p_values_tell_every_level_and_fit_a_byte():
    edges = p_edges([0.05, 0.01, 0.001, 0.0123])
    assert len(edges) < 255 and (np.diff(edges) > 0).all() and edges[-1] == 1
    steps = np.diff(np.log10(edges))
    assert steps.max() < 1 / 20 + 1e-6, "to 6 %: half a step of a twentieth of a power of ten"
    assert float(np.float32(0.0123)) in edges


def test_maps_of_another_grid_are_looked_up_at_the_nearest_voxel(shown):
    one = shown["MS & controls"]
    coarse = {name: volume[::2, ::2, ::2] for name, volume in one.volumes.items()}
    affine = one.affine.copy()
    affine[:3, :3] *= 2
    turned = content(viewed.built({"Coarse": one._replace(volumes=coarse, affine=affine)}))
    mask = inside(turned, 0)
    codes = spread(unpacked(turned["models"][0]["measures"]["t"]["data"]), mask).astype(float)
    top = turned["models"][0]["measures"]["t"]["top"]
    places = np.argwhere(mask) * turned["size"] + turned["origin"]
    voxels = np.floor((places - affine[:3, 3]) / 4 + 0.5).astype(int)
    np.testing.assert_allclose((codes - 128) / 127 * top, coarse["t"][tuple(voxels.T)], atol=top / 250)


def test_maps_of_another_space_are_refused(shown):
    one = shown["MS & controls"]
    far = one.affine.copy()
    far[0, 3] += 1000
    with pytest.raises(InputError, match="'MS': found no value inside the background"):
        viewed.built({"MS": one._replace(affine=far)})


def test_the_page_is_one_small_file_that_asks_for_nothing(html, shown):
    assert len(html.encode()) < 1_500_000
    assert viewed.built(shown) == html, "the same bytes again"
    assert not re.search(r'(src|href)="(?!#)', html)
    assert "default-src &#39;none&#39;" in html
    assert "(synthetic cohort)" in html and "MS &amp; controls" in html and "EDSS &lt;6&gt;" in html
    assert "EDSS <6>" not in html


def test_numbers_of_participants_are_left_out_of_a_guarded_study(stored, shown):
    assert [model["n"] for model in stored["models"]] == [850, 598]
    assert {model["n"] for model in content(viewed.built(shown, counts=False))["models"]} == {None}


def test_a_model_without_a_volume_of_p_values_has_no_such_choice(shown):
    one = shown["MS & controls"]
    less = {name: volume for name, volume in one.volumes.items() if name != "p_tfce"}
    made = content(viewed.built({"MS": one._replace(volumes=less)}))
    assert list(made["models"][0]["thresholds"]) == ["p_max_t", "p_fdr", "p"]
