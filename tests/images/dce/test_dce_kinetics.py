"""Fits against OSIPI's reference, dcmri's forward models and plain least squares."""

from pathlib import Path

import dcmri
import numpy as np
import pandas as pd
import pytest
from dce_phantom import FINE, plasma_input, tissue
from scipy.integrate import cumulative_trapezoid

from recohort.images.dce.artery import Artery, measured
from recohort.images.dce.kinetics import convolved, find_delay, fit_bounded, fit_linear, tissue_curve

DATA = Path(__file__).parent / "data"
BOUNDS = {"ktrans": [0, 5], "ve": [0.01, 1], "vp": [0, 1]}
TIMES = np.arange(0, 300, 5.5)


def numbers(text):
    return np.array(text.split(), float)


@pytest.fixture(scope="module")
def plasma():
    return plasma_input()


@pytest.fixture(scope="module")
def artery(plasma):
    return measured(TIMES, np.interp(TIMES, FINE, plasma))


@pytest.mark.parametrize("make", [Artery, measured])
@pytest.mark.parametrize("method", ["linear", "bounded"])
def test_osipi_extended_tofts_fifteen_of_fifteen(method, make):
    rows = pd.read_csv(DATA / "dce_DRO_data_extended_tofts.csv")
    within = 0
    for row in rows.itertuples():
        times, curve = numbers(row.t), numbers(row.C)
        settings = {"model": "extended_tofts", "delay": row.arterialdelay}
        artery = make(numbers(row.ta), numbers(row.ca))
        if method == "linear":
            made = {
                key: float(value[0])
                for key, value in fit_linear(curve[None], times, artery, **settings)._asdict().items()
            }
        else:
            made = fit_bounded(curve, times, artery, bounds=BOUNDS, **settings)
        within += (
            abs(made["ve"] - row.ve) <= 0.05
            and abs(made["vp"] - row.vp) <= 0.025
            and abs(made["ktrans"] - row.Ktrans) <= 0.005 + 0.1 * row.Ktrans
        )
    assert (within, len(rows)) == (15, 15)


@pytest.mark.parametrize("model", ["extended_tofts", "tofts", "patlak"])
def test_the_projection_is_least_squares_of_all_columns(model, plasma, artery):
    rng = np.random.default_rng(1)
    clean = tissue(plasma, TIMES, vp=0.08, ktrans=0.12, ve=0.3)
    curves = clean + 0.05 * rng.standard_normal((40, len(TIMES)))
    made = fit_linear(curves, TIMES, artery, model=model, delay=1.5)
    _, height, area, where = artery.at(TIMES, 1.5)
    for number, curve in enumerate(curves):
        lost = -cumulative_trapezoid(curve, TIMES / 60, initial=0)
        columns = {"extended_tofts": [area[where], height[where], lost], "tofts": [area[where], lost]}
        design = np.stack(columns.get(model, [area[where], height[where]]), axis=1)
        found, rss = np.linalg.lstsq(design, curve, rcond=None)[:2]
        kep = found[-1] if model != "patlak" else 0
        vp = 0 if model == "tofts" else found[1]
        assert made.vp[number] == pytest.approx(vp, rel=1e-8, abs=1e-12)
        assert made.ktrans[number] == pytest.approx(found[0] - kep * vp, rel=1e-8)
        assert made.rss[number] == pytest.approx(rss[0], rel=1e-8)


@pytest.mark.parametrize("delay", [0, 2, 5, 8])
@pytest.mark.parametrize("vp", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("ktrans", [0, 0.05, 0.15])
def test_patlak_of_dcmri_with_delays(ktrans, vp, delay, plasma, artery):
    """OSIPI's tolerances for Patlak: vp .025, PS .005 + 10 %, delay 1 s; frames of 5.5 s and noise of 0.02 mM."""
    rng = np.random.default_rng(3)
    clean = tissue(plasma, TIMES, vp=vp, ktrans=ktrans, ve=None, delay=delay)
    curve = clean + 0.02 * rng.standard_normal(len(TIMES))
    found, fits = find_delay(curve[None], TIMES, artery, model="patlak", tried=np.arange(-5, 15.5, 0.5))
    bounded = fit_bounded(curve, TIMES, artery, model="patlak", delay=found[0], bounds=BOUNDS)
    assert abs(found[0] - delay) <= 1
    for made in ({"vp": fits.vp[0], "ktrans": fits.ktrans[0]}, bounded):
        assert abs(made["vp"] - vp) <= 0.025
        assert abs(made["ktrans"] - ktrans) <= 0.005 + 0.1 * ktrans
    assert np.isnan(fits.ve[0])


@pytest.mark.parametrize(
    ("vp", "ktrans", "ve"), [(0.10, 0.15, 0.3), (0.04, 0.1, 0.2), (0.02, 0.3, 0.4), (0.3, 0.6, 0.5)]
)
def test_extended_tofts_of_dcmri_sampled_each_5_5_s(vp, ktrans, ve, plasma, artery):
    """Within 3 %: what a cubic spline through frames of 5.5 s leaves of the first pass."""
    curve = tissue(plasma, TIMES, vp=vp, ktrans=ktrans, ve=ve, delay=4)
    linear = fit_linear(curve[None], TIMES, artery, model="extended_tofts", delay=4)
    bounded = fit_bounded(curve, TIMES, artery, model="extended_tofts", delay=4, bounds=BOUNDS)
    for name, value in {"vp": vp, "ktrans": ktrans, "ve": ve}.items():
        assert getattr(linear, name)[0] == pytest.approx(value, rel=0.03)
        assert bounded[name] == pytest.approx(value, rel=0.03)


def test_tofts_is_the_case_without_plasma(plasma, artery):
    curve = tissue(plasma, TIMES, vp=0, ktrans=0.2, ve=0.3)
    made = fit_linear(curve[None], TIMES, artery, model="tofts", delay=0)
    assert made.vp[0] == 0
    assert (made.ktrans[0], made.ve[0]) == (pytest.approx(0.2, rel=0.03), pytest.approx(0.3, rel=0.03))
    full = fit_linear(curve[None], TIMES, artery, model="extended_tofts", delay=0)
    assert abs(full.vp[0]) < 0.005


def test_each_voxel_may_have_its_own_delay(plasma, artery):
    delays = np.array([0, 1, 3, 6.5, 10, -2])
    curves = np.stack([tissue(plasma, TIMES, vp=0.1, ktrans=0.15, ve=0.3, delay=late) for late in delays])
    found, fits = find_delay(curves, TIMES, artery, model="extended_tofts", tried=np.arange(-5, 15.5, 0.5))
    np.testing.assert_allclose(found, delays, atol=0.5)
    np.testing.assert_allclose(fits.vp, 0.1, rtol=0.05)


def test_negative_plasma_volume_is_kept_and_the_mean_unbiased(plasma, artery):
    rng = np.random.default_rng(0)
    curves = tissue(plasma, TIMES, vp=0.005, ktrans=0.1, ve=0.3) + 0.1 * rng.standard_normal((4000, len(TIMES)))
    made = fit_linear(curves, TIMES, artery, model="extended_tofts", delay=0)
    assert (made.vp < 0).mean() > 0.2
    assert made.vp.mean() == pytest.approx(0.005, abs=0.002)
    assert np.clip(made.vp, 0, None).mean() > 0.007


def test_standard_errors_are_the_spread_of_repeats(plasma, artery):
    rng = np.random.default_rng(2)
    clean = tissue(plasma, TIMES, vp=0.1, ktrans=0.15, ve=0.3)
    settings = {"model": "extended_tofts", "delay": 0, "bounds": BOUNDS}
    made = pd.DataFrame(
        [fit_bounded(clean + 0.03 * rng.standard_normal(len(TIMES)), TIMES, artery, **settings) for _ in range(150)]
    )
    for name in ("ktrans", "ve", "vp"):  # the spread of 150 has itself a standard error of 6 %
        assert made[f"{name}_se"].median() == pytest.approx(made[name].std(), rel=0.2)


def test_a_value_at_its_bound_has_no_standard_error(plasma, artery):
    curve = tissue(plasma, TIMES, vp=0.1, ktrans=0.15, ve=0.3) - 0.15 * np.interp(TIMES, FINE, plasma)
    made = fit_bounded(curve, TIMES, artery, model="extended_tofts", delay=0, bounds=BOUNDS)
    assert made["vp"] == pytest.approx(0, abs=1e-4)
    assert np.isnan(made["vp_se"])
    assert np.isfinite(made["ktrans_se"])


def test_voxels_that_cannot_be_fitted_are_missing_and_others_unmoved(plasma, artery):
    curve = tissue(plasma, TIMES, vp=0.1, ktrans=0.15, ve=0.3)
    curves = np.stack([curve, np.where(TIMES[5] == TIMES, np.nan, curve), np.zeros(len(TIMES))])
    made = fit_linear(curves, TIMES, artery, model="extended_tofts", delay=0)
    alone = fit_linear(curve[None], TIMES, artery, model="extended_tofts", delay=0)
    assert made.vp[0] == pytest.approx(alone.vp[0], rel=1e-12)
    assert np.isnan(made.vp[1:]).all()
    assert np.isnan(made.ve[1:]).all()


def test_no_way_back_has_no_ve(plasma, artery):
    curve = tissue(plasma, TIMES, vp=0.1, ktrans=0.05, ve=None) + 0.0005 * TIMES / 60 * TIMES
    made = fit_linear(curve[None], TIMES, artery, model="extended_tofts", delay=0)
    assert np.isnan(made.ve[0])
    assert np.isfinite(made.ktrans[0])


@pytest.mark.parametrize("kep", [1e-2, 0.5, 5.0])
def test_the_convolution_is_that_of_dcmri(kep, plasma):
    minutes = FINE[::5] / 60
    sampled = plasma[::5]
    peer = dcmri.expconv(sampled, 1 / kep, minutes) / kep
    np.testing.assert_allclose(convolved(minutes, sampled, kep), peer, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kep", [1e-12, 1e-7])
def test_without_a_way_back_the_convolution_is_the_integral(kep, plasma):
    minutes = FINE[::5] / 60
    area = cumulative_trapezoid(plasma[::5], minutes, initial=0)
    np.testing.assert_allclose(convolved(minutes, plasma[::5], kep), area, rtol=1e-6)


def test_the_curve_does_not_depend_on_the_grid_it_is_made_on(artery):
    made = tissue_curve(TIMES, artery, ktrans=0.15, ve=0.3, vp=0.1, delay=3)
    finer = Artery(
        grid := np.linspace(0, TIMES[-1], 20 * len(artery.time)), np.interp(grid, artery.time, artery.plasma)
    )
    np.testing.assert_allclose(made, tissue_curve(TIMES, finer, ktrans=0.15, ve=0.3, vp=0.1, delay=3), atol=2e-3)
