"""T1 from flip angles against the truth and dcmri."""

import contextlib
import io

import dcmri
import numpy as np
import pytest
from dce_phantom import ANGLES, TR, spoiled

from recohort.images.dce.relaxation import t1_from_flip_angles

LIMITS = (0.1, 6.0)
TRUTH = np.geomspace(0.15, 4, 60)


def series(noise, seed=0):
    clean = np.stack([spoiled(0, TRUTH, angle=angle) for angle in ANGLES], axis=1)
    return clean + noise * clean.mean() * np.random.default_rng(seed).standard_normal(clean.shape)


@pytest.mark.parametrize("fit", ["nonlinear", "linear"])
def test_without_noise_the_truth(fit):
    made = t1_from_flip_angles(series(0), ANGLES, tr=TR, fit=fit, limits_s=LIMITS)
    np.testing.assert_allclose(made, TRUTH, rtol=1e-6)


@pytest.mark.parametrize(("fit", "peer"), [("nonlinear", dcmri.vfa_nonlinear), ("linear", dcmri.vfa_linear)])
def test_with_noise_as_dcmri(fit, peer):
    signals = series(0.01)
    with contextlib.redirect_stderr(io.StringIO()):
        rate, _ = peer(signals, list(ANGLES), TR)
    made = t1_from_flip_angles(signals, ANGLES, tr=TR, fit=fit, limits_s=LIMITS)
    np.testing.assert_allclose(made, 1 / rate, rtol=1e-3)  # where dcmri's iterations stop


def test_the_linear_form_scatters_more():
    spread = {}
    for fit in ("nonlinear", "linear"):
        made = [t1_from_flip_angles(series(0.02, n), ANGLES, tr=TR, fit=fit, limits_s=LIMITS) for n in range(200)]
        error = (np.array(made) / TRUTH - 1)[:, (TRUTH > 0.8) & (TRUTH < 2)]
        assert abs(np.median(error)) < 0.01
        spread[fit] = np.sqrt((error**2).mean())
    assert spread["linear"] > 1.05 * spread["nonlinear"]


@pytest.mark.parametrize("fit", ["nonlinear", "linear"])
def test_what_has_no_t1_is_missing(fit):
    rising = np.array([[1.0, 2.5, 5.0, 10.0], [0, 0, 0, 0], [np.nan, 1, 1, 1]])
    assert np.isnan(t1_from_flip_angles(rising, ANGLES, tr=TR, fit=fit, limits_s=LIMITS)).all()
    assert np.isnan(t1_from_flip_angles(series(0), ANGLES, tr=TR, fit=fit, limits_s=(5, 6))).all()
