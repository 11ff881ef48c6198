"""Are the planted effects of the synthetic MS cohort found, and what does the edge of a structure do to them?

    PYTHONPATH=workflow python docs/validation/ms_qsm.py results/ms_qsm

reads the finished study with its alternatives of the metrics and writes ms_qsm.md beside this file. Fits are statsmodels'
OLS, not the project's. Coverage is over new cohorts whose participants are drawn anew, with the errors of measurement of the
finished study given to them at random.
"""

import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm

from recohort.core.config import read_study, read_yaml
from recohort.core.io import read_table
from recohort.core.schema import load_schema, part_for
from recohort.core.seeds import generator

COHORTS = 400
"""Cohorts of the study's size, for coverage; all together are the population of the expected values."""
PAGE = Path(__file__).with_suffix(".md")
STRUCTURES = ("thalamus", "caudate", "putamen", "pallidum", "basal_ganglia")
METHODS = {
    "erosion (as configured)": "",
    "whole label": "nuclei.partial_volume-none",
    "least squares on shares": "nuclei.partial_volume-regression",
    "erosion, reference CSF": "nuclei.reference-csf",
}
EFFECTS = {  # name: outcome, exposure, among patients alone, published
    "thalamus, MS less control": ("thalamus", "ms", False, -6.4),
    "basal ganglia, MS less control": ("basal_ganglia", "ms", False, 7.2),
    "thalamus, per year of duration": ("thalamus", "duration", True, -0.42),
    "thalamus, per point of EDSS": ("thalamus", "edss", True, -0.64),
    "thalamus, progressive less relapsing": ("thalamus", "progressive", True, -4.3),
    "pallidum, per point of EDSS": ("pallidum", "edss", True, 2.0),
}


def people(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that the regressions take, as numbers."""
    frame = frame.set_index("participant_id")
    return pd.DataFrame(
        {
            "age": frame["age"].astype(float),
            "male": (frame["sex"] == "M").astype(float),
            "ms": (frame["group"] == "ms").astype(float),
            "progressive": (frame["course"] == "progressive").astype(float),
            "duration": frame["duration"].astype(float),
            "edss": frame["edss"].astype(float),
        }
    )


def slope(y: pd.Series, rows: pd.DataFrame, exposure: str, among_patients: bool) -> tuple[float, float, float]:
    """Return the coefficient of an exposure, adjusted for age and sex, and its 95 % limits."""
    use = rows[rows["ms"] == 1] if among_patients else rows
    outcome = y.reindex(use.index)
    use = use[outcome.notna()]
    fit = sm.OLS(outcome[use.index].to_numpy(), sm.add_constant(use[[exposure, "age", "male"]].to_numpy())).fit()
    return float(fit.params[1]), *map(float, fit.conf_int()[1])


def wide(path: Path) -> pd.DataFrame:
    """Return the metrics, a row per participant."""
    return read_table(path).pivot_table(index="participant_id", columns="metric", values="value")


def recovery(measured: pd.DataFrame, truth: pd.DataFrame, rows: pd.DataFrame) -> list[dict]:
    """Return how each structure is measured: slope on the truth, error, and what the error does to the groups."""
    found = []
    for name in STRUCTURES:
        y, x = measured[f"{name}_mean"].dropna(), truth[f"{name}_mean"]
        x = x[y.index]
        error = y - x
        loss = np.log(truth[f"{name}_volume"][y.index])
        per_loss = sm.OLS(error.to_numpy(), sm.add_constant(loss.to_numpy())).fit()
        group = slope(error, rows, "ms", False)
        found.append(
            {
                "structure": name,
                "n": len(y),
                "slope": np.polyfit(x, y, 1)[0],
                "r": np.corrcoef(x, y)[0, 1],
                "error": error.mean(),
                "sd": error.std(),
                "per_loss": float(per_loss.params[1] * np.log(0.9)),
                "group": group,
            }
        )
    return found


def coverage(config: dict, seed: int, rows: pd.DataFrame, truth: pd.DataFrame, measured: pd.DataFrame) -> pd.DataFrame:
    """Return, over new cohorts, the mean estimate of each effect and how often its interval holds the expected value."""
    draw = import_module("recohort.modalities.nuclei.population").draw
    settings = part_for("population", config["data"]["synthetic"], load_schema("synthetic"))
    names = [f"sub-{number:03d}" for number in range(1, config["data"]["synthetic"]["n_subjects"] + 1)]
    line = {name: np.polyfit(truth[f"{name}_mean"], measured[f"{name}_mean"], 1) for name in STRUCTURES}
    errors = {
        name: (measured[f"{name}_mean"] - np.polyval(line[name], truth[f"{name}_mean"])).dropna().to_numpy()
        for name in STRUCTURES
    }
    cohorts = []
    for number in range(COHORTS):
        participants, latent = draw(names, study=f"validation {number}", seed=seed, **settings)
        true = latent.set_index("participant_id")
        rng = generator(seed, "validation", number)
        seen = {
            name: np.polyval(line[name], true[f"{name}_target_ppb"]) + rng.choice(errors[name], len(true))
            for name in STRUCTURES
        }
        cohorts.append((people(participants), true, pd.DataFrame(seen, index=true.index)))
    everyone = pd.concat([one for one, _, _ in cohorts], ignore_index=True)
    targets = pd.concat([true for _, true, _ in cohorts], ignore_index=True)
    found = []
    for effect, (name, exposure, patients, _) in EFFECTS.items():
        expected = slope(targets[f"{name}_target_ppb"], everyone, exposure, patients)[0]
        for values in ("true", "measured"):
            estimates = np.array(
                [
                    slope(true[f"{name}_target_ppb"] if values == "true" else seen[name], one, exposure, patients)
                    for one, true, seen in cohorts
                ]
            )
            held = (estimates[:, 1] <= expected) & (expected <= estimates[:, 2])
            found.append((effect, values, expected, estimates[:, 0].mean(), held.mean()))
    return pd.DataFrame(found, columns=["effect", "which", "expected", "mean", "held"])


def reach(method: str, rows: list[dict]) -> str:
    """Return, in words, between what the structures' slopes and differences between groups lie."""
    slopes, groups = [row["slope"] for row in rows], [row["group"][0] for row in rows]
    return (
        f"- {method[0].upper()}{method[1:]}: slopes {min(slopes):.2f} to {max(slopes):.2f}; differences of the groups that are not there "
        f"{min(groups):.2f} to {max(groups):.2f} ppb."
    )


def page(study: str, n: int, methods: dict[str, list[dict]], effects: list[list[str]], held: pd.DataFrame) -> str:
    """Return the page."""
    lines = [
        "# Planted effects of the synthetic MS cohort",
        "",
        f"Made by [`ms_qsm.py`](ms_qsm.py) from the finished study `{study}` ({n} participants, from raw phase to metrics). Truth is the simulated",
        "susceptibility of each structure; regressions are statsmodels' OLS, adjusted for age and sex.",
        "",
        "## Measured against true susceptibility",
        "",
        "Error is measured less true. *Per 10 % loss* is its change when the structure is 10 % smaller; *between groups* is its difference of patients",
        "less controls, which a comparison of groups takes for iron.",
        "",
        "| method | structure | n | slope | r | error (SD), ppb | per 10 % loss, ppb | between groups, ppb (95 % CI) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for method, rows in methods.items():
        for row in rows:
            low, high = row["group"][1:]
            lines.append(
                f"| {method} | {row['structure'].replace('_', ' ')} | {row['n']} | {row['slope']:.3f} | {row['r']:.4f} | {row['error']:.1f} "
                f"({row['sd']:.1f}) | {row['per_loss']:.2f} | {row['group'][0]:.2f} ({low:.2f} to {high:.2f}) |"
            )
    lines += ["", *(reach(method, rows) for method, rows in methods.items())]
    lines += [
        "",
        "## The published effects in this cohort",
        "",
        "| effect, ppb | published | true values | erosion (as configured) | whole label |",
        "|---|---|---|---|---|",
        *("| " + " | ".join(row) + " |" for row in effects),
        "",
        f"## Coverage over {COHORTS} new cohorts",
        "",
        "Participants are drawn anew; measured values follow the line and the errors of the table above (erosion). The expected value is",
        f"that of all {COHORTS} cohorts as one, from true values. Monte Carlo error of a share: 1.1 points.",
        "",
        "| effect | values | expected | mean of the estimates | intervals that hold the expected value |",
        "|---|---|---|---|---|",
    ]
    for row in held.itertuples():
        lines.append(f"| {row.effect} | {row.which} | {row.expected:.3f} | {row.mean:.3f} | {100 * row.held:.1f} % |")
    return "\n".join([*lines, ""])


def main(results: Path) -> None:
    """Write the page."""
    config = read_study(Path("config/studies") / f"{results.name}.yaml")
    seed = read_yaml(Path("config/config.yaml"))["seed"]
    truth = read_table(results / "synthetic" / "truth.tsv").set_index("participant_id")
    rows = people(read_table(results / "cohort" / "eligible.tsv"))
    places = {name: results / ("sensitivity" if folder else "") / folder for name, folder in METHODS.items()}
    measured = {name: wide(place / "metrics" / "metrics.tsv") for name, place in places.items()}
    methods = {name: recovery(frame, truth, rows) for name, frame in measured.items()}
    effects = []
    for effect, (name, exposure, patients, published) in EFFECTS.items():
        sources = [truth, measured["erosion (as configured)"], measured["whole label"]]
        said = [slope(frame[f"{name}_mean"], rows, exposure, patients) for frame in sources]
        effects.append([effect, f"{published:g}", *(f"{b:.2f} ({low:.2f} to {high:.2f})" for b, low, high in said)])
    held = coverage(config, seed, rows, truth, measured["erosion (as configured)"].reindex(truth.index))
    PAGE.write_text(page(results.name, len(rows), methods, effects, held), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
