"""What corrects measurement error, array by array: against R, one fit by one, and simulation with known truth."""

import numpy as np
import pytest
from scipy.special import expit

from recohort.models.regression.measurement_error_calibration import fitted_to, from_known_error
from recohort.models.regression.measurement_error_fits import Hazards, Linear, Logistic
from recohort.models.regression.measurement_error_simex import extrapolant, simex, symmetric_noise

LAMBDAS = np.array([0.5, 1.0, 1.5, 2.0])


def with_product(a, z):
    """Designs of a, z, x and a x for other x."""
    zero = np.zeros(len(a))
    base, direction = np.column_stack([a, z, zero, zero]), np.column_stack([zero, zero, zero + 1, a])
    return lambda values: base + values[..., None] * direction, direction


def numbers_of(table, quantity):
    return table[table["quantity"] == quantity].set_index("term")["value"]


def same(values):
    return values


@pytest.mark.parametrize(
    ("analysis", "enter", "sd"),
    [
        ("simex_logistic", same, 2.5),
        ("simex_log1p", np.expm1, 0.25),
        ("simex_linear", same, 0.5),
        ("simex_cox", same, 0.4),
    ],
)
def test_simulation_and_extrapolation_of_given_errors_agree_with_r(inputs, reference, analysis, enter, sd):
    frame, table = inputs["mismeasured"], reference("measurement_error", analysis)
    names = ["aspirin", "age", "volume", "product"]
    column = {name: frame[name].to_numpy(float) for name in frame.columns if name != "region"}
    task = {
        "simex_linear": lambda: Linear(column["mrs"], names),
        "simex_cox": lambda: Hazards(column["time"], column["died"], "efron", names),
    }.get(analysis, lambda: Logistic(column["recurrence"], names))()
    measured = column["volume"] if analysis == "simex_logistic" else np.log1p(column["volume"])
    measured = measured - (0.1 if analysis == "simex_log1p" else 0.0)
    designs, _ = with_product(column["aspirin"], column["age"])
    noise = np.array([column[f"e{number}"] for number in range(1, 7)])
    found = simex(
        task,
        lambda values: designs(enter(values)),
        measured,
        sd,
        lambdas=LAMBDAS,
        noise=noise,
        extrapolation="quadratic",
    )
    assert found.failed == 0
    np.testing.assert_allclose(found.means[0], numbers_of(table, "naive"), rtol=1e-11)
    np.testing.assert_allclose(found.means[-1], numbers_of(table, "mean_at_2"), rtol=1e-11)
    np.testing.assert_allclose(found.beta, numbers_of(table, "quadratic"), rtol=1e-9)
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), numbers_of(table, "std_error"), rtol=1e-10)
    assert found.covariance[-2, -1] == pytest.approx(numbers_of(table, "covariance_with_volume").iloc[0], rel=1e-10)
    for place, value in zip(
        (-2, -1), numbers_of(table, "rational") if analysis == "simex_linear" else (), strict=False
    ):
        assert float(extrapolant(found.lambdas, found.means[:, place], "rational").at(-1.0)) == pytest.approx(
            value, rel=1e-9
        )


def test_many_penalised_fits_are_those_of_one_by_one_and_solve_the_penalised_score(inputs):
    frame = inputs["mismeasured"]
    a, volume = frame["aspirin"].to_numpy(float), frame["volume"].to_numpy(float)
    designs, _ = with_product(a, frame["age"].to_numpy(float))
    task = Logistic(frame["recurrence"].to_numpy(float), ["aspirin", "age", "volume", "product"], firth=True)
    x = designs(volume + 3 * symmetric_noise(np.random.default_rng(8), 6, len(a)))
    found = task.many(x, task.one(x[0]).beta)
    for design, beta, covariance in zip(x, found.beta, found.covariance, strict=True):
        single = task.one(design)
        np.testing.assert_allclose(beta, single.beta, rtol=1e-6)
        np.testing.assert_allclose(covariance, single.covariance, rtol=1e-6)
        full = np.column_stack([np.ones(len(a)), design])
        fitted = expit(full @ single.beta)
        weight = fitted * (1 - fitted)
        hat = np.diag(full @ np.linalg.inv(full.T @ (weight[:, None] * full)) @ full.T) * weight
        residual = frame["recurrence"].to_numpy() - fitted + hat * (0.5 - fitted)
        np.testing.assert_allclose(task.scores(design, single.beta), residual[:, None] * full, atol=1e-8)
        np.testing.assert_allclose(residual @ full / np.abs(full).sum(axis=0), 0, atol=1e-9)


def test_a_penalty_makes_simulations_that_separate_finite():
    x, y = np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10]), np.array([0.0, 0, 0, 0, 1, 0, 1, 1, 1, 1])
    noise = symmetric_noise(np.random.default_rng(4), 40, 10)
    found = simex(
        Logistic(y, ["x"], firth=True),
        lambda v: v[..., None],
        x,
        0.7,
        lambdas=LAMBDAS,
        noise=noise,
        extrapolation="quadratic",
    )
    assert found.failed == 0 and found.least == 40


def test_a_penalty_takes_the_small_sample_bias_out_of_the_correction():
    """120 patients, a sixth with the event; truth 1 for x, whose error has the variance 0.3."""
    rng, found = np.random.default_rng(5), {False: [], True: []}
    for _ in range(150):
        x = rng.standard_normal(120)
        y = (rng.random(120) < expit(-2 + x)).astype(float)
        measured = x + np.sqrt(0.3) * rng.standard_normal(120)
        calibration = from_known_error(measured, np.ones((120, 1)), np.sqrt(0.3))
        for firth, kept in found.items():
            task = Logistic(y, ["x"], firth=firth)
            fitted = fitted_to(
                task, lambda v: v[:, None], np.ones((120, 1)), calibration, exponential=False, variance="sandwich"
            )
            kept.append((fitted.beta[1], fitted.covariance[1, 1] ** 0.5))
    plain, penalised = (np.array(found[firth]) for firth in (False, True))
    assert plain[:, 0].mean() > penalised[:, 0].mean() + 0.03
    assert penalised[:, 0].mean() == pytest.approx(1, abs=3 * penalised[:, 0].std() / np.sqrt(150) + 0.05)
    assert penalised[:, 1].mean() == pytest.approx(penalised[:, 0].std(), rel=0.2)
    assert (np.abs(penalised[:, 0] - 1) < 1.96 * penalised[:, 1]).mean() > 0.89


@pytest.mark.parametrize("extrapolation", ["quadratic", "rational"])
def test_extrapolants_return_the_curves_they_are_made_for(extrapolation):
    lambdas = np.r_[0, LAMBDAS]
    quadratic, rational = 2 - 0.5 * lambdas + 0.1 * lambdas**2, 0.2 + 3 / (1 + 0.4 * lambdas)
    values, wanted = (quadratic, 2.6) if extrapolation == "quadratic" else (rational, 0.2 + 3 / 0.6)
    found = extrapolant(lambdas, values, extrapolation)
    assert found.kind == extrapolation and float(found.at(-1.0)) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("values", [[1.0, 1, 1, 1, 1], [1.0, 0.9, 0.7, 0.4, 0.0]])
def test_a_curve_that_no_hyperbola_follows_is_quadratic(values):
    assert extrapolant(np.r_[0, LAMBDAS], np.array(values), "rational").kind == "quadratic"


def test_the_models_variance_is_near_the_sandwich_in_a_large_sample():
    rng, n = np.random.default_rng(6), 200_000
    x = rng.standard_normal(n)
    y = (rng.random(n) < expit(-1 + 0.5 * x)).astype(float)
    measured = x + 0.7 * rng.standard_normal(n)
    calibration = from_known_error(measured, np.ones((n, 1)), 0.7)
    one = {"exponential": False, "direction": np.ones((n, 1)), "calibration": calibration}
    wide = [
        fitted_to(Logistic(y, ["x"]), lambda v: v[:, None], variance=variance, **one).covariance
        for variance in ("sandwich", "model")
    ]
    np.testing.assert_allclose(np.diag(wide[0]), np.diag(wide[1]), rtol=0.02)


def simulated(kind, draws, seed, *, n=600, sd=0.6):
    """Naive, simulated and calibrated estimates of x with their errors, draws by (estimate, error), the truth 0.6."""
    rng, found = (
        np.random.default_rng(seed),
        {key: [] for key in ("true", "naive", "quadratic", "rational", "calibrated")},
    )
    for _ in range(draws):
        a, z = rng.integers(0, 2, n).astype(float), rng.standard_normal(n)
        x = 0.4 * z + np.sqrt(0.84) * rng.standard_normal(n)
        measured, eta = x + sd * rng.standard_normal(n), 0.5 * a + 0.5 * z + 0.6 * x - 0.3 * a * x
        names = ["a", "z", "x", "a:x"]
        if kind == "logistic":
            task = Logistic((rng.random(n) < expit(eta - 0.5)).astype(float), names)
        else:
            task = Linear(eta + rng.standard_normal(n), names)
        designs, direction = with_product(a, z)
        for key, values in (("true", x), ("naive", measured)):
            one = task.one(designs(values))
            found[key].append((one.beta[3], one.covariance[3, 3] ** 0.5))
        noise = symmetric_noise(rng, 20, n)
        for curve in ("quadratic", "rational"):
            one = simex(task, designs, measured, sd, lambdas=LAMBDAS, noise=noise, extrapolation=curve)
            found[curve].append((one.beta[3], one.covariance[3, 3] ** 0.5))
        calibration = from_known_error(measured, np.column_stack([np.ones(n), a, z]), sd)
        one = fitted_to(task, designs, direction, calibration, exponential=False, variance="sandwich")
        found["calibrated"].append((one.beta[3], one.covariance[3, 3] ** 0.5))
    return {name: np.array(values) for name, values in found.items()}


@pytest.mark.parametrize("kind", ["logistic", "linear"])
def test_known_truth_is_found_again_where_the_naive_coefficient_is_too_small(kind):
    found = simulated(kind, 40, 11)
    means = {name: values[:, 0].mean() for name, values in found.items()}
    true = means["true"]
    assert true == pytest.approx(0.6, abs=0.06)
    assert means["naive"] < 0.8 * true
    assert 0.85 * true < means["quadratic"] < 1.05 * true
    assert means["rational"] == pytest.approx(true, rel=0.1)
    assert means["calibrated"] == pytest.approx(true, rel=0.06)
    for name in ("rational", "calibrated"):
        estimate, error = found[name].T
        assert (np.abs(estimate - 0.6) < 1.96 * error).mean() > 0.88
        assert 0.8 < np.sqrt((error**2).mean()) / estimate.std() < 1.8
    estimate, error = found["naive"].T
    assert (np.abs(estimate - 0.6) < 1.96 * error).mean() < 0.75


def test_separated_simulations_are_left_out_and_counted():
    x = np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    task = Logistic(np.array([0.0, 0, 0, 0, 1, 0, 1, 1, 1, 1]), ["x"])
    noise = symmetric_noise(np.random.default_rng(4), 40, 10)
    found = simex(task, lambda v: v[..., None], x, 0.7, lambdas=LAMBDAS, noise=noise, extrapolation="quadratic")
    assert 0 < found.failed < 160 and 0 < found.least < 40
    assert np.isfinite(found.beta).all()
    kept = task.many((x + 0.7 * noise)[..., None], task.one(x[:, None]).beta)
    single = [task.one((x + 0.7 * row)[:, None]).beta for row in noise[~kept.failed]]
    np.testing.assert_allclose(kept.beta[~kept.failed], single, rtol=1e-8)
