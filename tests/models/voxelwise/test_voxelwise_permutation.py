"""Corrected p-values against nilearn's permuted_ols, by nilearn's own permutations and by drawn ones; error rates."""

import nibabel as nib
import numpy as np
import pytest
from nilearn.maskers import NiftiMasker
from nilearn.mass_univariate import permuted_ols
from scipy.stats import binom, ks_2samp
from voxel_cases import cohort_like, noise, whole_grid

from recohort.models.mass_univariate.enhancement import neighbours
from recohort.models.mass_univariate.fits import fit_voxels
from recohort.models.mass_univariate.permutation import draw_orders, judge, reached

SHAPE, N, PERMUTATIONS = (7, 8, 7), 40, 19
AS_NILEARN = {"extent": 0.5, "height": 2, "steps": 100}
EXACT = {**AS_NILEARN, "steps": None}


def by_permutation(y, x, nuisance, orders, shape, tfce, covariates=None, which=None):
    values = y.astype(np.float32)
    names = [f"c{i}" for i in range(nuisance.shape[1])]
    names += [f"g{i}" for i in range(covariates.shape[1] if which is not None else 0)]
    fits = fit_voxels(values, x, nuisance, covariates=covariates, which=which, names=[*names, "x"])
    own = covariates if which is None else None
    around = neighbours(whole_grid(shape), 6)
    return fits, judge(values, fits, orders, covariates=own, around=around, tfce=tfce)


@pytest.fixture(scope="module")
def planted():
    rng = np.random.default_rng(11)
    x, nuisance = cohort_like(rng, N)
    maps = noise(rng, N, SHAPE, 1.0)
    maps[:, 2:5, 2:5, 2:5] += 0.6 * x[:, None, None, None]
    return maps.reshape(N, -1).astype(np.float32), x, nuisance


@pytest.fixture(scope="module")
def of_nilearn(planted):
    return nilearn(planted, PERMUTATIONS)


def nilearn(planted, permutations):
    """Its intercept is left to it: given one among the covariates, nilearn flips signs in place of shuffling."""
    y, x, nuisance = planted
    masker = NiftiMasker(nib.Nifti1Image(np.ones(SHAPE, np.int8), np.eye(4))).fit()
    settings = {"n_perm": permutations, "two_sided_test": True, "random_state": 5, "masker": masker, "tfce": True}
    return permuted_ols(x, y.astype(float), nuisance[:, 1:], **settings)


def orders_of_nilearn():
    """The orders that nilearn draws from its seed: it shuffles what it has shuffled before."""
    rng = np.random.RandomState(np.random.RandomState(5).randint(1, np.iinfo(np.int32).max - 1))
    orders = [np.arange(N)]
    for _ in range(PERMUTATIONS):
        orders.append(orders[-1][rng.permutation(N)])
    return np.array(orders, np.int32)


def test_t_and_enhanced_map_are_those_of_nilearn(planted, of_nilearn):
    """A height within rounding of one of the 100 steps may be counted in the next one: 1 % is one step."""
    y, x, nuisance = planted
    fits, tests = by_permutation(y, x, nuisance, orders_of_nilearn()[:2], SHAPE, AS_NILEARN)
    assert fits.t == pytest.approx(of_nilearn["t"][0], rel=1e-6)
    assert tests.tfce == pytest.approx(of_nilearn["tfce"][0], rel=1e-2, abs=1e-4)
    assert np.mean(np.isclose(tests.tfce, of_nilearn["tfce"][0], rtol=1e-5)) > 0.98


def test_corrected_p_are_those_of_nilearn_with_its_permutations(planted, of_nilearn):
    """The same orders give the same greatest statistics; p may differ by an order that is tied up to rounding."""
    y, x, nuisance = planted
    _, tests = by_permutation(y, x, nuisance, orders_of_nilearn(), SHAPE, AS_NILEARN)
    assert tests.greatest_t[1:] == pytest.approx(of_nilearn["h0_max_t"][0], rel=1e-5)
    assert tests.greatest_tfce[1:] == pytest.approx(of_nilearn["h0_max_tfce"][0], rel=1e-3)
    one = 1.01 / (1 + PERMUTATIONS)
    assert tests.p_max_t == pytest.approx(10 ** -of_nilearn["logp_max_t"][0], abs=one)
    assert tests.p_tfce == pytest.approx(10 ** -of_nilearn["logp_max_tfce"][0], abs=one)
    assert (tests.p_tfce <= 0.05).sum() > 20


@pytest.mark.slow
def test_drawn_permutations_agree_within_monte_carlo_error(planted):
    """Two independent estimates of p: 4.5 standard errors of their difference; equal distributions of the greatest."""
    y, x, nuisance = planted
    theirs = nilearn(planted, 99)
    _, tests = by_permutation(y, x, nuisance, draw_orders(N, 5000, np.random.default_rng(0)), SHAPE, AS_NILEARN)
    for ours, name in ((tests.p_max_t, "logp_max_t"), (tests.p_tfce, "logp_max_tfce")):
        error = np.sqrt(ours * (1 - ours) * (1 / 5000 + 1 / 99))
        assert (np.abs(ours - 10 ** -theirs[name][0]) <= 4.5 * error + 1 / 99).all()
    assert ks_2samp(tests.greatest_t[1:], theirs["h0_max_t"][0]).pvalue > 1e-3
    assert ks_2samp(tests.greatest_tfce[1:], theirs["h0_max_tfce"][0]).pvalue > 1e-3


def test_p_counts_the_observed_order_and_ties():
    assert reached(np.array([3.0, -2.0, 0.5]), np.array([3.0, 1.0, 2.0, 0.1])).tolist() == [0.25, 0.5, 0.75]


@pytest.mark.parametrize("kind", ["nuisance", "few", "own"])
def test_null_maps_are_called_significant_in_five_percent(kind):
    """200 draws of heavy-tailed maps, the exposure correlated with covariates that matter; 99.9 % binomial bounds.

    With the observed order among 100, p <= 0.05 has probability 0.05.
    """
    shape, n, draws, hits = (6, 6, 6), 24, 200, np.zeros(2)
    rng = np.random.default_rng({"nuisance": 1, "few": 2, "own": 3}[kind])
    which = np.repeat([0, 1], 108)
    for _ in range(draws):
        x, nuisance = cohort_like(rng, n)
        y = noise(rng, n, shape, 0.8).reshape(n, -1) ** 3 + 2 * nuisance[:, [1]]
        covariates = None
        if kind == "few":
            covariates = rng.standard_normal((n, 2)) + 0.7 * x[:, None]
            y += 2 * covariates[:, which]
        if kind == "own":
            covariates = (rng.standard_normal((n, 216)) + 0.7 * x[:, None]).astype(np.float32)
            y += 2 * covariates
        orders = draw_orders(n, 99, rng)
        groups = which if kind == "few" else None
        _, tests = by_permutation(y, x, nuisance, orders, shape, EXACT, covariates, groups)
        hits += [tests.p_max_t.min() <= 0.05, tests.p_tfce.min() <= 0.05]
    low, high = binom.interval(0.999, draws, 0.05)
    assert (hits >= low).all()
    assert (hits <= high).all()
