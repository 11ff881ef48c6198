import numpy as np
import pytest

from recohort.core.errors import InputError
from recohort.images.qsm.reference import find_csf, r2_star, reference_value

TIMES = (0.005, 0.015, 0.025, 0.035)
SETTINGS = {"csf_r2star": 5, "csf_radius_mm": 15, "csf_minimum_voxels": 50}


@pytest.fixture
def brain(positions):
    """Tissue of 25 /s at 0.03 ppm with two ventricles of 2 /s at -0.02 ppm, and slow voxels far out."""
    where = positions((40, 40, 40))
    kept = (where**2).sum(axis=0) < 18**2
    ventricles = (np.abs(np.abs(where[0]) - 5) < 2) & (np.abs(where[1]) < 6) & (np.abs(where[2]) < 4)
    rate = np.where(ventricles | (where[2] > 16), 2, 25)
    magnitude = np.stack([100 * np.exp(-rate * t) for t in TIMES])
    return magnitude, kept, ventricles, np.where(ventricles, -0.02, 0.03)


def value(chi, kept, region, csf=None, magnitude=None, times=TIMES, **changed):
    return reference_value(
        chi,
        kept,
        csf=csf,
        magnitude=magnitude,
        echo_times=times,
        voxel_size=(1, 1, 1),
        region=region,
        **(SETTINGS | changed),
    )


def test_whole_brain_and_none(brain):
    _, kept, _, chi = brain
    assert value(chi, kept, "whole_brain") == (pytest.approx(chi[kept].mean()), kept.sum())
    assert value(chi, kept, "none") == (0, 0)


def test_csf_given_and_found(brain):
    magnitude, kept, ventricles, chi = brain
    assert value(chi, kept, "csf", csf=ventricles)[0] == pytest.approx(-0.02)
    found = find_csf(magnitude, kept, echo_times=TIMES, voxel_size=(1, 1, 1), csf_r2star=5, csf_radius_mm=15)
    assert np.array_equal(found, ventricles)
    assert value(chi, kept, "csf", magnitude=magnitude) == (pytest.approx(-0.02), ventricles.sum())


def test_csf_that_cannot_be_found(brain):
    magnitude, kept, ventricles, chi = brain
    with pytest.raises(InputError, match="found 2 echoes, expected three or more"):
        value(chi, kept, "csf", magnitude=magnitude[:2], times=TIMES[:2])
    with pytest.raises(InputError, match=r"has 0 kept voxels, expected at least 50"):
        value(chi, kept, "csf", magnitude=magnitude, csf_r2star=1)
    with pytest.raises(InputError, match="expected at least 5000"):
        value(chi, kept, "csf", csf=ventricles, csf_minimum_voxels=5000)


def test_r2_star_of_a_known_decay():
    signal = np.array([[100 * np.exp(-20 * t), 100 * np.exp(-3 * t), 0] for t in TIMES])
    assert r2_star(signal, TIMES) == pytest.approx([20, 3, np.inf])
