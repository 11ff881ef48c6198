"""The arterial input: OSIPI's reference of Parker's, and voxels that are found without a mask."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dce_phantom import phantom

from recohort.core.errors import InputError
from recohort.images.dce.artery import Artery, core, find_artery, measured, parker, plasma_of, population

REFERENCE = pd.read_csv(Path(__file__).parent / "data" / "ParkerAIF_ref.csv")


@pytest.mark.parametrize(("label", "rows"), list(REFERENCE.groupby("label")))
def test_parker_is_osipis_reference(label, rows):
    made = parker(rows["time"].to_numpy() * 60, arrival=0)
    np.testing.assert_allclose(made, rows["Cb"], rtol=1e-6)


def test_nothing_before_arrival_and_plasma_above_blood():
    assert (parker([0, 5, 9.9], arrival=10) == 0).all()
    artery = population(np.arange(0, 300, 5.5), arrival=60, haematocrit=0.4)
    np.testing.assert_allclose(artery.plasma * 0.6, parker(artery.time, arrival=60))
    assert plasma_of(3.0, haematocrit=0.4) == pytest.approx(5)


def test_delay_and_integral_are_exact_for_straight_pieces():
    artery = Artery(np.array([0.0, 60, 120]), np.array([0.0, 6, 6]))
    minutes, plasma, area, where = artery.at([0, 90, 150, 180], 30)
    np.testing.assert_allclose(plasma[where], [0, 6, 6, 6])
    np.testing.assert_allclose(area[where] - area[where][0], [0, 3, 9, 12])
    np.testing.assert_allclose(minutes[where], [-0.5, 1, 2, 2.5])


def test_a_spline_goes_through_the_frames():
    times = np.arange(0, 100, 5.0)
    curve = parker(times, arrival=20)
    artery = measured(times, curve)
    np.testing.assert_allclose(np.interp(times, artery.time, artery.plasma), curve, atol=1e-9)


@pytest.mark.parametrize("noise", [0.01, 0.05])
def test_automatic_voxels_are_those_of_the_aorta(noise):
    series, _, _, _, where = phantom(4, noise=noise)
    settings = {"before": 11, "skip_first": 1, "voxels": 20}
    chosen = find_artery(series, **settings)
    assert chosen.sum() == 20
    assert (where[chosen] == 4).all()
    again = find_artery(series, **settings)
    np.testing.assert_array_equal(again, chosen)


def test_too_few_candidates_are_said():
    series = phantom(4)[0][:6, :6]
    with pytest.raises(InputError, match="voxels that enhance like an artery, expected 500"):
        find_artery(series, before=11, skip_first=1, voxels=500)


@pytest.mark.parametrize("through", [0, 1, 2])
def test_the_core_is_within_the_slices(through):
    edges, shape = np.full(4, 3.0), [7, 7, 7]
    edges[through], edges[3], shape[through] = 5.0, 1.0, 2
    mask = np.ones(shape, bool)
    left = core(mask, np.diag(edges), edge_voxels=1)
    assert left.sum() == 5 * 5 * 2
    assert core(mask, np.diag(edges), edge_voxels=0) is mask
    with pytest.raises(InputError, match="has 98 voxels and none once 4 are taken off its edge, expected a larger one"):
        core(mask, np.diag(edges), edge_voxels=4)
