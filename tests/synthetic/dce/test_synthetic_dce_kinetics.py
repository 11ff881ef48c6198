"""The forward model against dcmri, which shares no code with it, and against analytic limits."""

import dcmri
import numpy as np
import pytest

from recohort.synthetic.dce.kinetics import arterial_concentration, spoiled_signal, tissue_concentration

STEP, EVERY = 0.1, 55
TIMES = np.arange(0, 264 + STEP / 2, STEP)


def test_the_arterial_input_is_parkers():
    """To seven digits: dcmri has the root of 2 pi rounded to these."""
    assert arterial_concentration(TIMES[1:]) == pytest.approx(1000 * dcmri.aif_parker(TIMES[1:]), rel=1e-6)
    assert not arterial_concentration(np.array([-5.0, 0.0])).any()


@pytest.mark.parametrize(
    ("vp", "ktrans", "ve"), [(0.05, 0.12, 0.25), (0.15, 0.4, 0.35), (0.01, 0.02, 0.2), (0.08, 0.0, 0.3)]
)
def test_tissue_is_that_of_dcmri(vp, ktrans, ve):
    """Extended Tofts is its high-flow two-compartment exchange without cells. Both are exact for straight pieces."""
    plasma = arterial_concentration(TIMES - 50) / 0.6
    numbers = {"vp": np.array([vp]), "ktrans": np.array([ktrans]), "ve": np.array([ve])}
    found = tissue_concentration(plasma, step_s=STEP, every=EVERY, **numbers)[0]
    expected = dcmri.conc_tissue(plasma, dt=STEP, kinetics="HF", H=0, vb=vp, vi=ve, PS=ktrans / 60)
    assert found == pytest.approx(expected[::EVERY], rel=1e-5, abs=1e-9)


def test_coarse_steps_are_integrated_without_error_too():
    """At 5 s a rule that is not exact for straight pieces, or takes their ends for each other, is off by per cents."""
    plasma = arterial_concentration(TIMES[::50] - 50)
    numbers = {"vp": np.array([0.0]), "ktrans": np.array([0.5]), "ve": np.array([0.1])}
    found = tissue_concentration(plasma, step_s=5.0, every=1, **numbers)[0]
    expected = dcmri.conc_tissue(plasma, dt=5.0, kinetics="HF", H=0, vb=0.0, vi=0.1, PS=0.5 / 60)
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_without_return_tissue_is_patlaks():
    """A space too large to fill: the integral of the input."""
    plasma = np.where(TIMES > 0, 2.0, 0.0)
    plasma[0] = 2.0
    found = tissue_concentration(
        plasma, step_s=STEP, every=EVERY, vp=np.array([0.1]), ktrans=np.array([0.06]), ve=np.array([1e9])
    )[0]
    assert found == pytest.approx(0.1 * 2 + 0.06 / 60 * 2 * TIMES[::EVERY], rel=1e-6)


def test_the_space_fills_to_its_share_of_the_plasma():
    plasma = np.ones(60001)
    found = tissue_concentration(
        plasma, step_s=0.1, every=60000, vp=np.array([0.05]), ktrans=np.array([0.5]), ve=np.array([0.3])
    )[0, -1]
    assert found == pytest.approx(0.35, rel=1e-6)


def test_the_signal_is_that_of_dcmri():
    concentration = np.linspace(0, 8, 9)
    found = spoiled_signal(1000.0, 1.2, concentration, r1=4.5, tr_s=0.0045, flip_deg=25)
    expected = dcmri.signal_ss(1000.0, 1 / 1.2 + 4.5 * concentration, 0.0045, 25)
    assert found == pytest.approx(expected, rel=1e-9)
