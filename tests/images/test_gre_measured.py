"""A measured acquisition, see data/gre/README.md."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from recohort.images.geometry import voxel_size
from recohort.images.qsm.fieldmap import fit_field
from recohort.images.qsm.phase import neighbour_jumps, phase_scale
from recohort.images.qsm.reconstruction import reconstruct

DATA = Path(__file__).parent / "data" / "gre"
TIMES = (0.005, 0.01, 0.015)


@pytest.fixture(scope="module")
def gre():
    magnitude, phase = (nib.load(DATA / f"{name}.nii.gz") for name in ("mag", "phase"))
    arrays = (np.moveaxis(image.get_fdata(dtype=np.float32), -1, 0) for image in (magnitude, phase))
    return *arrays, phase.affine


@pytest.fixture(scope="module")
def everywhere(gre):
    """The crop lies within the head."""
    return np.ones(gre[0].shape[1:], bool)


def test_odd_scale_is_recognised_by_its_wraps(gre, everywhere):
    scale = phase_scale(gre[1], everywhere, units="auto", polarity=1)
    assert scale.units == "full_range"
    # 0.00367438 is stored for pi.
    assert scale.factor == pytest.approx(np.pi / 0.00367438, rel=1e-4)


def fitted(gre, mask, method, times=TIMES):
    magnitude, stored, affine = gre
    return fit_field(
        magnitude,
        phase_scale(stored, mask, units="auto", polarity=1).radians(stored),
        mask,
        echo_times=times,
        voxel_size=voxel_size(affine),
        unwrapping={"method": "best_path"},
        offset_removal={"method": method, "smoothing_mm": 3},
    )


@pytest.mark.parametrize(("method", "residual"), [("mcpc-3d-s", 0.055), ("none", 0.032)])
def test_unwrapping_and_echo_linearity(gre, everywhere, method, residual):
    found = fitted(gre, everywhere, method)
    # As stored, 2.3 % of the last echo's neighbours are more than pi apart; unwrapped, 0.043 % (measured).
    wrapped = phase_scale(gre[1], everywhere, units="auto", polarity=1).radians(gre[1])
    assert neighbour_jumps(wrapped[2], everywhere) > 0.02
    assert found.qc["neighbour_jumps"] < 0.0005
    # Measured residuals in rad; a tenth is left for other versions of the libraries.
    assert found.qc["echo_residual"] == pytest.approx(residual, rel=0.1)
    assert found.qc["echo_outliers"] < 0.0002


def test_unequal_spacing_does_not_fit(gre, everywhere):
    """The echoes are equally spaced as far as the phase can tell."""
    equal = fitted(gre, everywhere, "mcpc-3d-s").qc["echo_residual"]
    for last in (0.012, 0.02):
        assert fitted(gre, everywhere, "mcpc-3d-s", (*TIMES[:2], last)).qc["echo_residual"] > 4 * equal


def test_map_is_finite_and_of_the_size_of_tissue(gre, everywhere, settings):
    magnitude, stored, affine = gre
    settings["background"]["max_radius_mm"] = 5
    made = reconstruct(
        magnitude, stored, echo_times=TIMES, field_strength=3, affine=affine, brain_mask=everywhere, **settings
    )
    values = made.chimap[made.kept]
    assert np.isfinite(made.field_map[made.mask]).all()
    assert np.isfinite(values).all()
    # Echo times are assumed, so only the order of magnitude is known: tissue spreads by hundredths of a ppm.
    assert 0.01 < values.std() < 0.2
    assert made.kept.mean() > 0.75
