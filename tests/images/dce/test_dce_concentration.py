"""Signal to concentration against OSIPI's reference and dcmri, and where contrast arrives."""

from pathlib import Path

import dcmri
import numpy as np
import pandas as pd
import pytest
from dce_phantom import ANGLE, R1, TR, spoiled

from recohort.core.errors import InputError
from recohort.images.dce.concentration import baseline, find_arrival, spoiled_signal, to_concentration

DATA = Path(__file__).parent / "data"
PHYSICS = {"tr": TR, "flip_angle": ANGLE, "r1": R1, "baseline_frames": 3, "skip_first": 1}


def numbers(text):
    return np.array(text.split(), float)


def osipi(skip_first):
    rows = pd.read_csv(DATA / "SI2Conc_data.csv", encoding="utf-8-sig")
    for row in rows.itertuples():
        made = to_concentration(
            numbers(row.s),
            row.T1base,
            tr=row.TR,
            flip_angle=row.FA,
            method="spgr",
            r1=row.r1,
            baseline_frames=row.numbaselinepts,
            skip_first=skip_first,
        )
        yield np.allclose(made, numbers(row.conc), rtol=1e-5, atol=1e-5)


def test_osipi_five_of_five_with_the_first_frame_skipped():
    assert sum(osipi(1)) == 5
    assert sum(osipi(0)) == 2, "the reference tells the two apart"


def test_signal_is_that_of_dcmri():
    rates = np.linspace(0.3, 40, 50)
    np.testing.assert_allclose(
        spoiled_signal(rates, tr=TR, flip_angle=ANGLE), dcmri.signal_ss(1, rates, TR, ANGLE), rtol=1e-12
    )


def test_the_inverse_returns_what_dcmri_was_given():
    truth = np.r_[0, 0, 0, np.linspace(-0.05, 12, 40)]
    for t10 in (0.3, 1.1, 1.5):
        made = to_concentration(spoiled(truth, t10), t10, method="spgr", **PHYSICS)
        np.testing.assert_allclose(made, truth, atol=1e-9)


def test_linear_is_its_first_order():
    truth = np.r_[0, 0, 0, 1e-4, 1.0]
    made = to_concentration(spoiled(truth, 1.1), 1.1, method="linear", **PHYSICS)
    assert made[3] == pytest.approx(1e-4, rel=1e-3)
    assert made[4] < 0.9, "saturation is left out"


def test_voxels_with_their_own_t1_at_once():
    t10 = np.array([0.4, 1.2])
    signal = np.stack([spoiled(np.r_[0, 0, 0, 2.0], one) for one in t10])
    np.testing.assert_allclose(to_concentration(signal, t10, method="spgr", **PHYSICS)[:, 3], 2, atol=1e-9)


@pytest.mark.parametrize("curve", [[0, 0, 0, 5, 5], [-1, -1, -1, 5, 5], [1, 1, 1, 1e4, 1], [1, np.nan, 1, 2, 2]])
def test_what_no_concentration_explains_is_missing(curve):
    assert np.isnan(to_concentration(np.array(curve, float), 1.0, method="spgr", **PHYSICS)).any()
    assert np.isnan(to_concentration(np.array([100.0] * 5), np.nan, method="spgr", **PHYSICS)).all()


@pytest.mark.parametrize(("rise", "arrival"), [([2, 8, 9, 4, 3], 6), ([0.1, 8, 9, 4, 3], 7), ([9, 4, 3, 3, 3], 6)])
def test_arrival_is_the_first_frame_above_a_tenth_of_the_rise(rise, arrival):
    curve = 10 + np.r_[0.1, -0.1, 0.05, 0, 0.1, -0.05, rise]
    assert find_arrival(curve, skip_first=0) == arrival


def test_an_unsteady_first_frame_is_not_the_peak():
    curve = np.r_[100, 10, 10, 10, 10, 20, 40, 30, 25, 24]
    assert find_arrival(curve, skip_first=1) == 5
    assert baseline(curve, baseline_frames=None, skip_first=1, what="the aorta") == 4, "the frame before is left out"
    assert baseline(curve, baseline_frames=3, skip_first=1, what="the aorta") == 3


def test_no_frame_before_the_contrast_is_refused():
    curve = np.r_[10, 40, 30, 25, 24]
    with pytest.raises(InputError, match=r"arrives in the aorta with frame 2, expected at least 2 frames before"):
        baseline(curve, baseline_frames=None, skip_first=1, what="the aorta")
    with pytest.raises(InputError, match=r"with frame 2, expected none within the 4 frames of images\.concentration"):
        baseline(curve, baseline_frames=4, skip_first=1, what="the aorta")
