"""A Cox model without a finite maximum is recognised, and no other."""

import numpy as np
import pytest
from scipy.optimize import linprog

from recohort.core.errors import InputError
from recohort.models.survival.coxph import fit_cox


def separated(time, event, x, strata):
    """Whether some direction ranks every death at least as high as all at risk with it: a linear programme decides."""
    rows = [
        (x[i] - x[j]) / x.std(axis=0)
        for i in np.flatnonzero(event)
        for j in range(len(time))
        if strata[j] == strata[i] and time[j] >= time[i] and j != i
    ]
    found = linprog(
        -np.sum(rows, axis=0), A_ub=-np.array(rows), b_ub=np.zeros(len(rows)), bounds=[(-1, 1)] * x.shape[1]
    )
    return found.fun < -1e-7


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_separation_is_found_where_a_linear_programme_finds_it(ties):
    rng, seen = np.random.default_rng(17), {True: 0, False: 0}
    for _ in range(250):
        n, p = int(rng.integers(6, 30)), int(rng.integers(1, 4))
        x = np.column_stack([rng.normal(size=n) * 10.0 ** rng.integers(-4, 5) for _ in range(p)])
        binary = rng.random(p) < 0.5
        x[:, binary] = rng.integers(0, 2, (n, binary.sum()))
        time, event = rng.integers(1, 10, n).astype(float), (rng.random(n) < rng.uniform(0.1, 0.9)).astype(float)
        strata = rng.integers(0, 2, n)
        try:
            fit = fit_cox(time, event, x, strata=strata, ties=ties, names=list("abc"[:p]))
        except InputError as error:
            if "grows without bound" in str(error):
                assert separated(time, event, x, strata)
            continue
        assert fit.diverged.any() == separated(time, event, x, strata)
        seen[bool(fit.diverged.any())] += 1
        if not fit.diverged.any():
            assert np.abs(fit.moments.score).max() < 1e-9
    assert min(seen.values()) > 15
