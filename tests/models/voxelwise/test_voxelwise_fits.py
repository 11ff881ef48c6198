"""Every voxel's fit, in the observed and in permuted orders, against statsmodels."""

import numpy as np
import pytest
import statsmodels.api as sm
from voxel_cases import cohort_like

from recohort.core.errors import InputError
from recohort.models.mass_univariate.fits import fit_voxels
from recohort.models.mass_univariate.permutation import draw_orders, permuted_t

N, VOXELS = 60, 300
WHICH = np.repeat([0, 1, 2], VOXELS // 3)


@pytest.fixture(scope="module", params=[0.0, 1000.0], ids=["centred", "far from 0"])
def data(request):
    rng = np.random.default_rng(3)
    x, nuisance = cohort_like(rng, N)
    few = rng.standard_normal((N, 3)) + 0.5 * x[:, None]
    own = (rng.standard_normal((N, VOXELS)) + 0.5 * x[:, None]).astype(np.float32)
    y = rng.standard_normal((N, VOXELS)) + x[:, None] * np.linspace(0.1, 0.5, VOXELS) + 0.5 * own + request.param
    return x, nuisance, few, own, y.astype(np.float32)


def fitted(data, kind):
    x, nuisance, few, own, y = data
    covariates = {"none": None, "few": few, "own": own.copy()}[kind]
    names = ["intercept", "a", "b", *(["g0", "g1", "g2"] if kind == "few" else []), "x"]
    residuals = y.copy()
    which = WHICH if kind == "few" else None
    fits = fit_voxels(residuals, x, nuisance, covariates=covariates, which=which, names=names)
    return fits, residuals, covariates if kind == "own" else None


def reduced(data, kind, voxel):
    _, nuisance, few, own, _ = data
    more = {"none": [], "few": [few[:, WHICH[voxel]]], "own": [own[:, voxel].astype(float)]}[kind]
    return np.column_stack([nuisance, *more])


@pytest.mark.parametrize("kind", ["none", "few", "own"])
def test_coefficient_and_t_are_those_of_statsmodels(data, kind):
    """Fits are float64 from float32 values that statsmodels is given too: 1e-9 is rounding."""
    fits, _, _ = fitted(data, kind)
    for voxel in range(0, VOXELS, 13):
        design = np.column_stack([reduced(data, kind, voxel), data[0]])
        expected = sm.OLS(data[-1][:, voxel].astype(float), design).fit()
        assert fits.df == expected.df_resid
        assert fits.coefficient[voxel] == pytest.approx(expected.params[-1], rel=1e-9)
        assert fits.t[voxel] == pytest.approx(expected.tvalues[-1], rel=1e-9)


@pytest.mark.parametrize("kind", ["none", "few", "own"])
def test_permuted_t_is_that_of_refitted_permuted_residuals(data, kind):
    """Freedman-Lane by its definition; products in float32 leave errors of about 1e-6, 1e-5 is asked."""
    fits, residuals, covariates = fitted(data, kind)
    orders = draw_orders(N, 40, np.random.default_rng(4))
    t = np.concatenate(list(permuted_t(residuals, fits, orders, covariates=covariates)))
    assert t[0] == pytest.approx(fits.t, abs=1e-5)
    for voxel in range(0, VOXELS, 37):
        nuisance = reduced(data, kind, voxel)
        null = sm.OLS(data[-1][:, voxel].astype(float), nuisance).fit()
        for b, order in enumerate(orders):
            y = null.fittedvalues + null.resid[np.argsort(order)]
            expected = sm.OLS(y, np.column_stack([nuisance, data[0]])).fit().tvalues[-1]
            assert t[b, voxel] == pytest.approx(expected, abs=1e-5)


def test_a_voxel_that_does_not_vary_has_no_test_and_never_counts(data):
    x, nuisance, _, _, y = data
    y = y.copy()
    y[:, 5], y[:, 6] = 17.3, 0.0
    fits = fit_voxels(y, x, nuisance, covariates=None, which=None, names=list("iabx"))
    assert np.flatnonzero(np.isnan(fits.t)).tolist() == [5, 6]
    assert np.isnan(fits.coefficient[[5, 6]]).all()
    (t,) = permuted_t(y, fits, draw_orders(N, 3, np.random.default_rng(0)), covariates=None)
    assert (t[:, [5, 6]] == 0).all()
    assert np.isfinite(t).all()


def test_an_own_covariate_that_is_the_exposure_leaves_no_test(data):
    x, nuisance, _, own, y = data
    own, y = own.copy(), y.copy()
    own[:, 4], own[:, 9] = x, 2.0
    y64 = x.astype(np.float32).astype(float)
    fits = fit_voxels(y, y64, nuisance, covariates=own, which=None, names=list("iabx"))
    assert np.flatnonzero(np.isnan(fits.t)).tolist() == [4, 9]


@pytest.mark.parametrize("columns", [{"x": "a"}, {"x": "intercept"}])
def test_a_collinear_column_is_named(columns):
    rng = np.random.default_rng(0)
    _, nuisance = cohort_like(rng, 20)
    x = nuisance[:, 1] * 2 + 1 if columns["x"] == "a" else np.full(20, 3.0)
    with pytest.raises(InputError, match="'x' is constant or a linear combination"):
        fit_voxels(np.ones((20, 2), np.float32), x, nuisance, covariates=None, which=None, names=["i", "a", "b", "x"])


def test_too_few_rows_are_refused():
    rng = np.random.default_rng(0)
    x, nuisance = cohort_like(rng, 4)
    with pytest.raises(InputError, match="4 rows for 4 coefficients"):
        fit_voxels(np.ones((4, 2), np.float32), x, nuisance, covariates=None, which=None, names=list("iabx"))
