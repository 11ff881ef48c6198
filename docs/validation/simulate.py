"""Coverage of 95 % intervals and size of 5 % tests, by simulation: `make validation` writes docs/validation/README.md.

Every scenario draws cohorts whose truth is known, hands each to the kind of model that a study's YAML would name, with
the schema's defaults, and counts how often the interval holds the truth, or the test rejects where nothing is to be found.
"""

import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from recohort.cohort.matching import match
from recohort.core.errors import InputError
from recohort.core.schema import entry_schema, load_schema, with_defaults
from recohort.core.seeds import generator
from recohort.models.inputs import prepare

SEED = 20230901
REPETITIONS = 2000
PAGE = Path(__file__).parent / "README.md"
COLUMNS = {
    **{
        name: {"type": "number"}
        for name in ("x", "z", "time", "score", "other", "value", "weight", "subclass", "after")
    },
    **{name: {"type": "boolean"} for name in ("treated", "event", "competing", "ill", "test", "second")},
    "arm": {"type": "category", "levels": ["a", "b", "c"]},
}


class Scenario(NamedTuple):
    """What is drawn, how it is analysed, and which row is looked at; `truth` None asks for the size of its test."""

    about: str
    draw: Callable[[np.random.Generator], pd.DataFrame]
    kind: str
    entry: dict
    row: dict
    truth: float | None
    note: str = ""


def survival(rng, n, *, effects=(0.7, 0.0), rate=1.0, end=1.5, ties=0):
    """One half is treated; exponential times, uniform censoring; `ties` rounds times up to so many per unit."""
    x, treated = rng.normal(size=n), (np.arange(n) % 2).astype(float)
    time = rng.exponential(1 / (rate * np.exp(effects[0] * x + effects[1] * treated)))
    censored = rng.uniform(0.2 * end, end, n)
    observed = np.minimum(time, censored)
    if ties:
        observed = np.ceil(observed * ties) / ties
    return pd.DataFrame({"time": observed, "event": (time <= censored) * 1, "x": x, "treated": treated})


def rare(rng):
    """120 patients of whom ten or so have the event."""
    while (frame := survival(rng, 120, effects=(0.7, 0.7), rate=0.06))["event"].sum() < 2:
        pass
    return frame


def matched(rng):
    """Pairs that share a frailty, treated at random within the pair: the marginal effect is null."""
    pairs = 150
    frailty = np.repeat(rng.gamma(2, 0.5, pairs), 2)
    treated = np.tile([0.0, 1.0], pairs)
    time, censored = rng.exponential(1 / frailty), rng.uniform(0.3, 2, 2 * pairs)
    return pd.DataFrame(
        {
            "time": np.minimum(time, censored),
            "event": (time <= censored) * 1,
            "treated": treated,
            "subclass": np.repeat(np.arange(pairs), 2),
        }
    )


def matched_cohort(rng):
    """300 patients treated by their x, which drives the event; matched 1:1 on the score. The treatment does nothing."""
    frame = survival(rng, 300)
    frame["treated"] = (rng.random(300) < 1 / (1 + np.exp(1.1 - 0.6 * frame["x"]))).astype(float)
    settings = with_defaults(
        {"target": "exposure", "treatment": "treated", "covariates": ["x"]},
        load_schema("cohort")["properties"]["matching"],
    )
    settings.pop("balance")
    return match(frame, seed=SEED, columns=COLUMNS, **settings).frame


def logistic(rng, *, interaction, n=600):
    z, treated = rng.exponential(1.0, n), (np.arange(n) % 2).astype(float)
    eta = -1.2 + 0.4 * treated + 0.2 * z + interaction * treated * z
    return pd.DataFrame({"z": z, "treated": treated, "event": (rng.random(n) < 1 / (1 + np.exp(-eta))) * 1})


def scores(rng, *, shift=1.0, other=1.0, cases=40, controls=80):
    ill = np.repeat([1, 0], [cases, controls])
    common = rng.normal(size=len(ill))
    score, second = (0.7 * common + np.sqrt(0.51) * rng.normal(size=len(ill)) + d * ill for d in (shift, other))
    return pd.DataFrame({"ill": ill, "score": score, "other": second})


def competing(rng, n=200):
    """Two causes of equal hazard in both groups."""
    time, cause, censored = rng.exponential(0.5, n), rng.random(n) < 0.5, rng.uniform(0.2, 1.5, n)
    seen = time <= censored
    return pd.DataFrame(
        {
            "time": np.minimum(time, censored),
            "event": (seen & cause) * 1,
            "competing": (seen & ~cause) * 1,
            "treated": (np.arange(n) % 2).astype(float),
        }
    )


def sparse(rng):
    """As `rare`, without any effect."""
    while (frame := survival(rng, 120, effects=(0.0, 0.0), rate=0.08))["event"].sum() < 2:
        pass
    return frame


def groups(rng, *, n=(20, 25), rounded=None, spread=1.0):
    """Two groups of equal mean, the second with `spread` times the SD of the first."""
    treated = np.repeat([0.0, 1.0], n)
    value = rng.normal(size=sum(n)) * np.where(treated == 1, spread, 1.0)
    return pd.DataFrame({"treated": treated, "value": value if rounded is None else np.round(value, rounded)})


def paired_tests(rng, n=150):
    """Two tests of equal sensitivity on the same patients."""
    ill = np.ones(n, dtype=int)
    ill[: n // 3] = 0
    return pd.DataFrame({"ill": ill, "test": (rng.random(n) < 0.75) * 1, "second": (rng.random(n) < 0.75) * 1})


SEPARATION = "Known: with so few events the likelihood is monotone in some cohorts (no number); the others' intervals are too wide."
PAIRS = "Known: the pairs are alike, so the plain interval is too wide."
AUC = 0.7602499389065233  # P(N(1, 1) > N(0, 1)) = Phi(1 / sqrt 2)
SURVIVES = {"duration": "time", "event": "event"}
COX = {**SURVIVES, "exposure": "x", "covariates": ["treated"]}
GROUPED = {**SURVIVES, "group": "treated"}
LOGISTIC = {"outcome": "event", "exposure": "treated", "modifier": "z"}
ROC = {"score": "score", "outcome": "ill", "bootstrap": 0}
COMPARED = {"group": "treated", "variables": ["value"]}
X, TREATED = ({"term": name, "quantity": "coefficient"} for name in ("x", "treated"))
DIFFERENCE = {"term": "value", "quantity": "difference"}


def size(about: str, kind: str, draw: Callable, entry: dict, row: dict, note: str = "") -> Scenario:
    return Scenario(about, draw, kind, entry, row, None, note)


SCENARIOS = [
    Scenario("Cox, 200 patients", lambda rng: survival(rng, 200), "cox", COX, X, 0.7),
    Scenario(
        "Cox, 200 patients, times tied by tenths (Efron)", lambda rng: survival(rng, 200, ties=10), "cox", COX, X, 0.7
    ),
    Scenario("Firth Cox, 120 patients, 10 events", rare, "cox", {**COX, "penalty": "firth"}, X, 0.7),
    Scenario("Firth Cox, the same, its binary covariate", rare, "cox", {**COX, "penalty": "firth"}, TREATED, 0.7),
    Scenario("plain Cox, the same, its binary covariate", rare, "cox", COX, TREATED, 0.7, SEPARATION),
    Scenario(
        "Cox of matched pairs, robust by pair, no effect",
        matched,
        "cox",
        {**SURVIVES, "exposure": "treated", "cluster": "subclass"},
        TREATED,
        0.0,
    ),
    Scenario(
        "Cox of a cohort matched 1:1 by its score, robust by set, no effect",
        matched_cohort,
        "cox",
        {**SURVIVES, "exposure": "treated", "cluster": "subclass"},
        TREATED,
        0.0,
    ),
    Scenario(
        "plain Cox of matched pairs, no effect",
        matched,
        "cox",
        {**SURVIVES, "exposure": "treated"},
        TREATED,
        0.0,
        PAIRS,
    ),
    Scenario(
        "Fine and Gray, 200 patients, no effect",
        competing,
        "fine_gray",
        {**SURVIVES, "competing": "competing", "exposure": "treated"},
        TREATED,
        0.0,
    ),
    Scenario(
        "logistic interaction, 600 patients",
        lambda rng: logistic(rng, interaction=-0.3),
        "logistic",
        LOGISTIC,
        {"term": "treated:z", "quantity": "coefficient"},
        -0.3,
    ),
    Scenario(
        "Firth logistic interaction, 600 patients",
        lambda rng: logistic(rng, interaction=-0.3),
        "logistic",
        {**LOGISTIC, "penalty": "firth"},
        {"term": "treated:z", "quantity": "coefficient"},
        -0.3,
    ),
    Scenario("AUC, DeLong, 40 ill and 80 not", scores, "roc", ROC, {"quantity": "auc"}, AUC),
    Scenario(
        "AUC, DeLong, 15 ill and 30 not",
        lambda rng: scores(rng, cases=15, controls=30),
        "roc",
        ROC,
        {"quantity": "auc"},
        AUC,
        "Known: with few patients DeLong's symmetric interval is too narrow.",
    ),
    Scenario(
        "Kaplan-Meier survival, 100 patients (log-log)",
        lambda rng: survival(rng, 100, effects=(0.0, 0.0)),
        "kaplan_meier",
        {**SURVIVES, "times": [0.7]},
        {"quantity": "survival"},
        float(np.exp(-0.7)),
    ),
    Scenario(
        "cumulative incidence, 200 patients",
        competing,
        "competing_risks",
        {**SURVIVES, "competing": "competing", "times": [0.4]},
        {"quantity": "incidence"},
        float(0.5 * (1 - np.exp(-0.8))),
    ),
    Scenario(
        "restricted mean to 1, difference, 200 patients",
        lambda rng: survival(rng, 200, effects=(0.0, 0.0)),
        "kaplan_meier",
        {**SURVIVES, "group": "treated", "rmst": 1.0},
        {"quantity": "rmst_difference"},
        0.0,
    ),
    Scenario(
        "sensitivity, Wilson, 100 ill",
        paired_tests,
        "diagnostic",
        {"reference": "ill", "tests": {"first": {"column": "test"}}},
        {"quantity": "sensitivity"},
        0.75,
    ),
    size("Cox, Wald, 200 patients", "cox", lambda rng: survival(rng, 200), COX, {**TREATED, "quantity": "coefficient"}),
    size(
        "proportional hazards, global, 200 patients",
        "cox",
        lambda rng: survival(rng, 200),
        COX,
        {"term": "GLOBAL", "quantity": "ph_test"},
    ),
    size("log-rank, 200 patients", "kaplan_meier", lambda rng: survival(rng, 200), GROUPED, {"quantity": "log_rank"}),
    size(
        "Gray, 200 patients",
        "competing_risks",
        competing,
        {**GROUPED, "competing": "competing"},
        {"quantity": "gray_test"},
    ),
    size(
        "Firth Cox, likelihood ratio, 10 events",
        "cox",
        sparse,
        {**COX, "penalty": "firth"},
        {**TREATED, "quantity": "coefficient"},
    ),
    size(
        "logistic interaction, Wald",
        "logistic",
        lambda rng: logistic(rng, interaction=0.0),
        LOGISTIC,
        {"term": "treated:z", "quantity": "coefficient"},
    ),
    size(
        "logistic interaction, likelihood ratio",
        "logistic",
        lambda rng: logistic(rng, interaction=0.0),
        LOGISTIC,
        {"term": "treated:z", "quantity": "interaction_test"},
    ),
    size(
        "two AUCs of the same patients, DeLong",
        "roc_comparison",
        scores,
        {"scores": ["score", "other"], "outcome": "ill"},
        {"quantity": "auc_difference"},
    ),
    size("Mann-Whitney, exact, 20 and 25", "groups", groups, COMPARED, DIFFERENCE),
    size(
        "Mann-Whitney, exact with ties",
        "groups",
        lambda rng: groups(rng, rounded=0),
        {**COMPARED, "exact": True},
        DIFFERENCE,
    ),
    size("Mann-Whitney, normal, 60 and 80", "groups", lambda rng: groups(rng, n=(60, 80)), COMPARED, DIFFERENCE),
    size(
        "Welch's t, unequal variances",
        "groups",
        lambda rng: groups(rng, spread=3.0),
        {**COMPARED, "test": "welch"},
        DIFFERENCE,
    ),
    size(
        "Student's t, the same",
        "groups",
        lambda rng: groups(rng, spread=3.0),
        {**COMPARED, "test": "student"},
        DIFFERENCE,
        "Known: it takes the variances as equal, and the larger group has the larger one.",
    ),
    size(
        "McNemar, sensitivities of two tests, 100 ill",
        "diagnostic",
        paired_tests,
        {"reference": "ill", "tests": {"first": {"column": "test"}, "second": {"column": "second"}}},
        {"quantity": "sensitivity_test", "method": "McNemar", "statistic": ""},
    ),
]


def outcome(number: int, repetition: int) -> float:
    """Return 1 where the interval holds the truth or the test rejects, 0 where not, nan where there is none."""
    scenario = SCENARIOS[number]
    cohort = scenario.draw(generator(SEED, "validation", scenario.about, str(repetition)))
    cohort.insert(0, "participant_id", [f"sub-{i:04d}" for i in range(len(cohort))])
    entry = with_defaults(scenario.entry, entry_schema("models", scenario.entry, scenario.kind))
    entry["cohort"] = "eligible"
    fit = import_module(f"recohort.models.{scenario.kind}").fit
    try:
        arguments, settings = prepare(fit, "v", entry, {"cohort/eligible": cohort}, columns=COLUMNS, seed=SEED)
        estimates = fit(*arguments, **settings).estimates
    except InputError:
        return np.nan
    for column, wanted in scenario.row.items():
        estimates = estimates[estimates[column].astype(str).str.startswith(wanted)]
    found = estimates.iloc[0]
    if scenario.truth is None:
        return float(found["p_value"] < 0.05) if found["p_value"] == found["p_value"] else np.nan
    low, high = float(found["conf_low"]), float(found["conf_high"])
    return float(low <= scenario.truth <= high) if low == low and high == high else np.nan


def measured(number: int) -> np.ndarray:
    return np.array([outcome(number, repetition) for repetition in range(REPETITIONS)])


def page(results: list[np.ndarray]) -> str:
    parts = [HEAD]
    for heading, wanted, covers in (
        ("Coverage of 95 % intervals", "93 to 97 %", True),
        ("Size of 5 % tests", "4 to 6 %", False),
    ):
        parts.append(
            f"\n## {heading}\n\nWanted: {wanted}.\n\n"
            "| what | kind | measured | no number | note |\n|---|---|---|---|---|\n"
        )
        for scenario, found in zip(SCENARIOS, results, strict=True):
            if (scenario.truth is not None) == covers:
                share = 100 * np.nanmean(found)
                none = int(np.isnan(found).sum())
                parts.append(f"| {scenario.about} | `{scenario.kind}` | {share:.1f} % | {none} | {scenario.note} |\n")
    return "".join(parts)


HEAD = f"""# Validation by simulation

Made by [`simulate.py`](simulate.py) (`make validation`): {REPETITIONS} cohorts per line, each analysed by the kind of model
named, with the schema's defaults. The Monte Carlo error is 0.5 percentage points (standard error). *No number* counts cohorts
for which the software gave a sentence or an empty cell instead of an interval or a p-value; they are not in the share.

Apart from these: [the planted interaction of the stroke trial](stroke_wml.md) from true, segmented and corrected lesion volumes;
[the planted effects of the MS cohort](ms_qsm.md), with and without partial volume;
[false alarms of the audit and errors that it catches](audit.md).
"""


def main() -> None:
    """Run every scenario and write the page."""
    with ProcessPoolExecutor(int(sys.argv[1]) if len(sys.argv) > 1 else 2) as pool:
        PAGE.write_text(page(list(pool.map(measured, range(len(SCENARIOS))))), encoding="utf-8")


if __name__ == "__main__":
    main()
