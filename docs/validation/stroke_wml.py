"""Is the planted interaction of the synthetic stroke trial found, from true, segmented and corrected lesion volumes?

    PYTHONPATH=workflow python docs/validation/stroke_wml.py results/stroke_wml [processes]

reads the finished study and writes stroke_wml.md and stroke_wml.png beside this file. The patients and their volumes
stay as they are; allocation and outcome are drawn anew, and the study's model is fitted to each draw.
"""

import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from stroke_wml_page import CALIBRATED, CALIBRATED_ALONE, FIRTH, PLAIN, SIMEX, figure, page

from recohort.core.columns import cohort_columns
from recohort.core.config import read_study, read_yaml
from recohort.core.errors import InputError
from recohort.core.io import read_table
from recohort.core.schema import entry_schema, load_schema, part_for, with_defaults
from recohort.core.seeds import generator
from recohort.figures.save import save
from recohort.models.inputs import prepare
from recohort.models.regression.logistic_model import Model, fitted_model, inference
from recohort.models.regression.terms import expand
from recohort.synthetic.wml.allocation import allocate
from recohort.synthetic.wml.outcome import design, draw_outcomes

REPETITIONS = 400
APART = 300
LIMITS = (-12.0, 7.0)
"""Published limits of agreement of a sibling network's volumes, mL (medRxiv 2023.03.20.23287467, internal test set)."""
REPLICATES = 20
ENTRY = "aspirin_sich"
PAGE = Path(__file__).with_suffix(".md")
Z = 1.959963984540054


class Answer(NamedTuple):
    """One estimate of the product: Wald's error, and the limits of the profile where the model has them."""

    estimate: float
    std_error: float
    conf_low: float = np.nan
    conf_high: float = np.nan


class Case(NamedTuple):
    """Volumes, and how they are analysed: the model as it is (`told` None) or corrected for the error told."""

    volumes: str
    about: str
    penalty: str
    method: str | None = None
    told: dict | None = None


@dataclass(frozen=True)
class Study:
    """A finished study: its settings, all patients as enrolled, and of those with a CT the volumes in mL."""

    name: str
    config: dict
    seed: int
    patients: pd.DataFrame
    with_ct: np.ndarray
    true: np.ndarray
    segmented: np.ndarray

    @property
    def synthetic(self) -> dict:
        """The section of the synthetic cohort."""
        return self.config["data"]["synthetic"]

    @property
    def planted(self) -> float:
        """The logarithm of the planted ratio of odds ratios per mL."""
        return float(np.log(self.synthetic["outcome"]["sich"]["odds_ratios"]["aspirin_wml"]))


def read(results: Path) -> Study:
    """Read the finished study in a folder of results; its configuration has the folder's name."""
    config = read_study(Path("config/studies") / f"{results.name}.yaml")
    if (rule := config["metrics"]["wml"]["volume_rule"]) != "total":
        raise InputError(f"metrics.wml.volume_rule: found {rule}, expected total, which the truth is about")
    metrics = read_table(results / "metrics/metrics.tsv")
    measured = metrics[metrics["metric"] == "wml_volume"].set_index("participant_id")["value"].astype(float)
    truth = read_table(results / "synthetic/truth.tsv").set_index("participant_id")["wml_target_ml"].astype(float)
    patients = read_table(results / "synthetic/participants.tsv")
    segmented = measured.reindex(patients["participant_id"]).to_numpy()
    true = truth.reindex(patients["participant_id"]).to_numpy()
    kept = ~np.isnan(segmented)
    seed = read_yaml(Path("config/config.yaml"))["seed"]
    return Study(results.name, config, seed, patients, kept, true[kept], segmented[kept])


def one_apart(study: Study, participant: str) -> tuple[float, float] | None:
    """Draw, image and segment one head that is not of the study; return its true and segmented volume, mL."""
    schema, name = load_schema("synthetic"), f"{study.name}_apart"
    simulation, processing, measuring = (
        import_module(f"recohort.modalities.wml.{step}") for step in ("simulation", "processing", "measuring")
    )
    shared = simulation.anatomy(**part_for("anatomy", study.synthetic, schema))
    settings = part_for("images", study.synthetic, schema)
    cohort = import_module("recohort.synthetic.wml.cohort")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        files, _ = simulation.simulate(participant, shared, root, study=name, seed=study.seed, **settings)
        if not files:
            return None
        chosen = {"images": study.config["images"], "metrics": study.config["metrics"]}
        row, _ = processing.process(root, participant, root / "made", **chosen)
        row = {key: str(value) for key, value in row.items()}
        rows = measuring.measure(row, root / "made", metrics=study.config["metrics"])
    drawn = {key: settings[key] for key in ("covariates", "wml")}
    true = cohort.draw_imaged(participant, study=name, seed=study.seed, **drawn)[1]
    return true, float(next(one["value"] for one in rows if one["metric"] == "wml_volume"))


def growing_sd(true: np.ndarray) -> float:
    """Return the SD s of log-normal errors exp(N(-s^2 / 2, s)) that gives differences the SD of the limits."""
    return float(np.sqrt(np.log1p(sd_of_limits() ** 2 / np.mean(true**2))))


def sd_of_limits() -> float:
    return (LIMITS[1] - LIMITS[0]) / (2 * Z)


def volumes(study: Study, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the volumes of the patients by where they come from; errors by the limits are drawn anew."""
    noise = rng.standard_normal((2, len(study.true)))
    literal = study.true + sum(LIMITS) / 2 + sd_of_limits() * noise[0]
    s = growing_sd(study.true)
    return {
        "true": study.true,
        "network": study.segmented,
        "limits": literal,
        "cut": np.maximum(literal, 0.0),
        "growing": study.true * np.exp(s * noise[1] - s**2 / 2),
    }


def line(true: np.ndarray, segmented: np.ndarray) -> dict:
    """Return bias, slope and SD of the least-squares line of segmented on true volumes."""
    slope, bias = np.polyfit(true, segmented, 1)
    away = segmented - bias - slope * true
    return {"sd": float(np.sqrt(away @ away / (len(away) - 2))), "bias": float(bias), "slope": float(slope)}


def cases(study: Study, apart: np.ndarray) -> list[Case]:
    """Return what is compared; true and segmented volumes of the heads `apart`, shape (n, 2), tell the network's error."""
    away = apart[:, 1] - apart[:, 0]
    alone = {"error": {"sd": float(away.std(ddof=1)), "bias": float(away.mean())}}
    s = growing_sd(study.true)
    errors = {
        "network": {"error": line(*apart.T)},
        "limits": {"error": {"limits": list(LIMITS)}},
        "cut": {"error": {"limits": list(LIMITS)}},
        "growing": {"error": {"sd": s, "bias": -(s**2) / 2}, "scale": "log1p"},
    }
    found = []
    for name in ("true", *errors):
        found += [Case(name, PLAIN, "none"), Case(name, FIRTH, "firth")]
        if name == "network":
            found.append(Case(name, CALIBRATED_ALONE, "firth", "regression_calibration", alone))
        if name in errors:
            found.append(Case(name, CALIBRATED, "firth", "regression_calibration", errors[name]))
            found.append(Case(name, SIMEX, "firth", "simex", errors[name]))
    return found


def redrawn(study: Study, repetition: int) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Return the patients with a CT, allocated and followed anew, and their volumes."""
    name, settings = f"{study.name}_again_{repetition}", study.synthetic
    rng = generator(study.seed, name, "outcome")
    rules = {key: value for key, value in settings["trial"].items() if key not in ("centre_weights", "without_ct")}
    aspirin, heparin = allocate(study.patients["centre"].tolist(), study=name, seed=study.seed, **rules)
    patients = study.patients.assign(aspirin=aspirin, heparin=heparin)
    patients["heparin_any"] = (patients["heparin"] != "none").astype(int)
    patients = patients[study.with_ct].reset_index(drop=True)
    errors = rng.standard_normal((len(study.patients), 3))[study.with_ct]
    outcomes, _ = draw_outcomes(errors, design(patients, study.true), **settings["outcome"])
    return patients.assign(**outcomes), volumes(study, rng)


def as_it_is(frame: pd.DataFrame, entry: dict, columns: dict, penalty: str) -> Answer:
    """Fit the study's model with the parts of the kind `logistic`, profiling the product alone."""
    exposure, modifier = entry["exposure"], entry["modifier"]
    wanted = [exposure, *entry["covariates"], modifier]
    terms, _ = expand(frame, wanted, forms={}, products=[(exposure, modifier)], columns=columns)
    task = Model(
        y=frame[entry["outcome"]].to_numpy(float),
        terms=terms,
        exposure=exposure,
        modifier=modifier,
        weights=np.ones(len(frame)),
        weighted=False,
        clusters=None,
        robust=None,
        penalty=penalty,
        interval="profile",
        level=0.95,
    )
    found = inference(task, fitted_model(task, terms.x, terms.names()), 1 + terms.block(exposure, modifier).where.start)
    return Answer(*(float(found[name]) for name in Answer._fields))


def corrected(frame: pd.DataFrame, entry: dict, columns: dict, case: Case, name: str, seed: int) -> Answer:
    """Fit the study's model by the kind `measurement_error`."""
    model = {key: entry[key] for key in ("outcome", "exposure", "covariates", "modifier")}
    asked = {**model, "mismeasured": entry["modifier"], "penalty": case.penalty, "method": case.method, **case.told}
    asked = with_defaults(
        {**asked, "replicates": REPLICATES, "variance": "model"}, entry_schema("models", asked, "measurement_error")
    )
    fit = import_module("recohort.models.measurement_error").fit
    asked["cohort"] = "eligible"
    arguments, settings = prepare(fit, name, asked, {"cohort/eligible": frame}, columns=columns, seed=seed)
    rows = fit(*arguments, **settings).estimates
    row = rows[(rows["quantity"] == "coefficient") & (rows["term"] == f"{entry['exposure']}:{entry['modifier']}")]
    return Answer(*(float(row.iloc[0][name]) for name in ("estimate", "std_error")))


def repeated(study: Study, compared: list[Case], repetition: int) -> list[Answer]:
    """Return an answer per case, nan where the model cannot be fitted."""
    entry, columns = study.config["models"]["logistic"][ENTRY], cohort_columns(study.config)
    patients, measured = redrawn(study, repetition)
    answers = []
    for case in compared:
        frame = patients.assign(**{entry["modifier"]: measured[case.volumes]})
        how: Callable = partial(corrected, case=case, name=f"again_{repetition}", seed=study.seed)
        if case.method is None:
            how = partial(as_it_is, penalty=case.penalty)
        try:
            answers.append(how(frame, entry, columns))
        except InputError:
            answers.append(Answer(np.nan, np.nan))
    return answers


def main() -> None:
    """Segment the heads apart, repeat the trial, write page and figure."""
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    study = read(Path(sys.argv[1]))
    with ProcessPoolExecutor(int(sys.argv[2]) if len(sys.argv) > 2 else 2) as pool:
        heads = [f"sub-{number:04d}" for number in range(1, APART + 1)]
        apart = np.array([pair for pair in pool.map(partial(one_apart, study), heads, chunksize=5) if pair])
        compared = cases(study, apart)
        answers = pool.map(partial(repeated, study, compared), range(REPETITIONS), chunksize=2)
        found = np.array(list(answers), float)
    text = page(study, compared, apart, found, entry=ENTRY, limits=LIMITS, replicates=REPLICATES)
    PAGE.write_text(text, encoding="utf-8")
    save(figure(study, compared, found), PAGE.with_suffix(".png"))


if __name__ == "__main__":
    main()
