"""How well and how fast the demonstration network and the threshold segment synthetic CT that neither has seen.

    python benchmarks/wml_segmentation.py [output.md]

Accuracy: heads of the synthetic cohort's default settings, in bands of the true volume, and patients as the cohort has
them. Speed: a process of its own on one thread, from file to file.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from scipy import ndimage

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

MODEL = ROOT / "data" / "models" / "wml_demonstration.onnx"
BANDS = ((0.05, 0.5), (0.5, 1.0), (1.0, 5.0), (5.0, 20.0), (20.0, 60.0), (60.0, 140.0))
PER_BAND, PATIENTS = 24, 150
SEED, STUDY = 71, "wml_benchmark"
KINDS = {"network": {"kind": "onnx", "model": str(MODEL)}, "threshold": {"kind": "threshold"}}
GRIDS = {
    "128 x 128 x 32 of 1.75 x 1.75 x 5 mm": {},
    "512 x 512 x 32 of 0.45 x 0.45 x 5 mm": {"matrix": [512, 512, 32], "voxel_size_mm": [0.45, 0.45, 5.0]},
}


def settings(**anatomy):
    """The synthetic cohort's section, complete."""
    from recohort.core.schema import load_schema, with_defaults

    return with_defaults({"kind": "wml", "anatomy": anatomy}, load_schema("synthetic/wml"))


def images(segmentation):
    """The section `images` of a study, complete."""
    from recohort.core.schema import load_schema, with_defaults

    return with_defaults({"kind": "wml", "segmentation": segmentation}, load_schema("images"))


def judge(task):
    """One head: its true volume, and of each kind of segmentation the volume and Dice; ventricles found and true."""
    from recohort.core.seeds import generator
    from recohort.images.wml.brain import brain_mask
    from recohort.images.wml.quality import dice
    from recohort.metrics.wml import find_ventricles
    from recohort.modalities.wml.processing import SEGMENTERS
    from recohort.synthetic.wml.head import simulate_head

    band, number = task
    rng = generator(SEED, STUDY, str(band), number)
    volume = float(np.exp(rng.uniform(*np.log(BANDS[band])))) if band is not None else None
    ct, masks, affine = simulate_head(settings(), rng, wml_ml=volume)
    ct = ct.astype(np.float32)
    ml = abs(np.linalg.det(affine[:3, :3])) / 1000
    brain = brain_mask(ct, affine, **{k: v for k, v in images({"kind": "threshold"})["brain"].items() if k != "source"})
    row = {"band": band, "true": float(masks["WML"].sum() * ml), "brain": dice(brain, masks["brain"])}
    row["brain_ratio"] = float(brain.sum() / masks["brain"].sum())
    row["lost"] = float((masks["WML"] & ~brain).sum() * ml)
    fluid, _ = find_ventricles(ct, brain, voxel_size=(1.75, 1.75, 5.0), **_metrics()["ventricles"])
    row["ventricles"], row["true_ventricles"] = float(fluid.sum() * ml), float(masks["ventricles"].sum() * ml)
    for name, segmentation in KINDS.items():
        complete = {k: v for k, v in images(segmentation)["segmentation"].items() if k != "kind"}
        found, _ = SEGMENTERS[segmentation["kind"]](None, ct, brain, affine, **complete)
        row[name] = {"ml": float(found.sum() * ml), "dice": dice(found, masks["WML"])}
        row[name]["single"] = of_single_lesions(found, masks["WML"], voxel_ml=ml, minimum_ml=1.0)
    return row


def of_single_lesions(found, truth, *, voxel_ml, minimum_ml):
    """Dice of each connected true lesion of more than `minimum_ml`, 0 where nothing touches it.

    To a lesion belong the voxels of the found parts that touch it, as far as they are nearer to it than to any other.
    """
    corners = np.ones((3, 3, 3))
    lesions, count = ndimage.label(truth, corners)
    parts, _ = ndimage.label(found, corners)
    sizes = np.bincount(lesions.ravel(), minlength=count + 1) * voxel_ml
    where = ndimage.distance_transform_edt(lesions == 0, sampling=(1.75, 1.75, 5.0), return_indices=True)[1]
    nearest = lesions[tuple(where)]
    made = []
    for label in range(1, count + 1):
        if sizes[label] > minimum_ml:
            lesion = lesions == label
            touching = np.unique(parts[lesion & found])
            mine = np.isin(parts, touching[touching > 0]) & (nearest == label)
            made.append(2 * int((mine & lesion).sum()) / int(mine.sum() + lesion.sum()))
    return made


def _metrics():
    from recohort.core.schema import load_schema, with_defaults

    return with_defaults({"wml": {}}, load_schema("metrics"))["wml"]


def accuracy():
    """Every head of `BANDS` and every patient."""
    tasks = [(band, n) for band in range(len(BANDS)) for n in range(PER_BAND)] + [(None, n) for n in range(PATIENTS)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(judge, tasks, chunksize=4))


def speed(grid, root, name):
    """Segment and measure one head from files to files; prints one line of JSON."""
    from recohort.core.schema import load_schema, part_for
    from recohort.modalities.wml import measuring, processing, simulation

    section, schema = settings(**GRIDS[grid]), load_schema("synthetic/wml")
    shared = simulation.anatomy(**part_for("anatomy", section, schema))
    needed = part_for("images", section, schema)
    if not (root / "data").exists():
        for number in (1, 2, 3, 4):
            simulation.simulate(f"sub-{number}", shared, root / "data", study=STUDY, seed=SEED, **needed)
        return
    chosen = images(KINDS[name])
    start = time.process_time()
    processing.prepare(images=chosen)
    ready = time.process_time() - start
    process, measure, rows = [], [], []
    for number in (1, 2, 3, 4):
        start = time.process_time()
        row, _ = processing.process(root / "data", f"sub-{number}", root / "made", images=chosen, metrics={})
        process.append(time.process_time() - start)
        rows.append({key: str(value) for key, value in row.items()})
    for row in rows:
        start = time.process_time()
        measuring.measure(row, root / "made", metrics={"wml": _metrics()})
        measure.append(time.process_time() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"ready": ready, "process": np.median(process), "measure": np.median(measure), "peak": peak}))


def timed():
    """The speed of each grid and kind."""
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    rows = {}
    for grid in GRIDS:
        with tempfile.TemporaryDirectory() as folder:
            for name in ("threshold", *KINDS):
                command = [sys.executable, __file__, "--one", grid, folder, name]
                done = subprocess.run(command, env=os.environ | threads, check=True, capture_output=True, text=True)
                if done.stdout:
                    rows[grid, name] = json.loads(done.stdout)
    return rows


def table(rows, times):
    """Markdown of both."""
    names = list(KINDS)
    bands = [[row for row in rows if row["band"] == band] for band in range(len(BANDS))]
    patients = [row for row in rows if row["band"] is None]
    lines = [
        "# White matter lesions on synthetic CT",
        "",
        "Made by `benchmarks/wml_segmentation.py`: heads of the synthetic cohort's default settings that no network",
        "was trained on. They say nothing about patients.",
        "",
        f"## By true volume ({PER_BAND} heads each, log-uniform within the band)",
        "",
        "| true volume, mL | "
        + " | ".join(f"{n}: Dice, mean (SD) | bias, mL (SD) | volume / true" for n in names)
        + " |",
        "|---" * (1 + 3 * len(names)) + "|",
    ]
    for (low, high), heads in zip(BANDS, bands, strict=True):
        lines.append(f"| {low:g} to {high:g} | " + " | ".join(_cells(heads, name) for name in names) + " |")
    over_one = [row for row in rows if row["true"] > 1 and row["band"] is not None]
    lines.append("| above 1, all | " + " | ".join(_cells(over_one, name) for name in names) + " |")
    lines += [
        "",
        f"## {PATIENTS} patients as the cohort has them",
        "",
        "| | " + " | ".join(names) + " |",
        "|---" * 3 + "|",
    ]
    true = np.array([row["true"] for row in patients])
    for label, measure in _agreement().items():
        found = [measure(np.array([row[name]["ml"] for row in patients]), true) for name in names]
        lines.append(f"| {label} | " + " | ".join(found) + " |")
    above = [row for row in patients if row["true"] > 1]
    dices = [_mean([row[name]["dice"] for row in above]) for name in names]
    lines.append(f"| Dice of the {len(above)} above 1 mL | " + " | ".join(dices) + " |")
    single = [[value for row in rows for value in row[name]["single"]] for name in names]
    lines += [
        "",
        f"Single lesions, connected, above 1 mL, of all heads here (n = {len(single[0])}): Dice "
        + "; ".join(f"{name} {_mean(values)}" for name, values in zip(names, single, strict=True))
        + ". To a lesion belong the found parts that touch it, where they are nearer to it than to others.",
    ]
    lines += [
        "",
        f"Brain mask against the space inside the skull: Dice {np.mean([row['brain'] for row in rows]):.3f} "
        f"(lowest {min(row['brain'] for row in rows):.3f}), "
        f"volume {np.mean([row['brain_ratio'] for row in rows]):.3f} of the true; "
        f"lesion outside of it at most {max(row['lost'] for row in rows):.2g} mL. Ventricles: volume "
        f"{np.mean([row['ventricles'] / row['true_ventricles'] for row in rows]):.2f} of the true "
        f"(it holds fluid of cisterns and fissures), "
        f"r {np.corrcoef([r['ventricles'] for r in rows], [r['true_ventricles'] for r in rows])[0, 1]:.2f}.",
        "",
        "## Speed",
        "",
        "Processor seconds of one subject on one thread, median of 4, from file to file; peak memory of the process.",
        "",
        "| grid | segmentation | first use | process | measure | memory, GB |",
        "|---|---|---|---|---|---|",
    ]
    for (grid, name), t in times.items():
        cells = [f"{t['ready']:.2f}", f"{t['process']:.2f}", f"{t['measure']:.2f}", f"{t['peak']:.2f}"]
        lines.append(f"| {grid} | {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _mean(values):
    """Mean (SD; standard error of the mean)."""
    return f"{np.mean(values):.3f} (SD {np.std(values):.3f}, SE {np.std(values) / np.sqrt(len(values)):.3f})"


def _cells(heads, name):
    dices = [row[name]["dice"] for row in heads if np.isfinite(row[name]["dice"])]
    errors = [row[name]["ml"] - row["true"] for row in heads]
    ratio = sum(row[name]["ml"] for row in heads) / sum(row["true"] for row in heads)
    return f"{np.mean(dices):.3f} ({np.std(dices):.3f}) | {np.mean(errors):+.2f} ({np.std(errors):.2f}) | {ratio:.2f}"


def _agreement():
    def logs(found, true):
        return np.log10(found + 0.05), np.log10(true + 0.05)

    return {
        "r of volumes": lambda f, t: f"{np.corrcoef(f, t)[0, 1]:.3f}",
        "r of log10(volume + 0.05 mL)": lambda f, t: f"{np.corrcoef(*logs(f, t))[0, 1]:.3f}",
        "slope of found on true": lambda f, t: f"{np.polyfit(t, f, 1)[0]:.3f}",
        "bias, mL": lambda f, t: f"{(f - t).mean():+.2f}",
        "limits of agreement, mL": lambda f, t: (
            f"{(f - t).mean() - 1.96 * (f - t).std(ddof=1):+.2f} to {(f - t).mean() + 1.96 * (f - t).std(ddof=1):+.2f}"
        ),
        "median found (true), mL": lambda f, t: f"{np.median(f):.2f} ({np.median(t):.2f})",
    }


def main():
    if sys.argv[1:2] == ["--one"]:
        grid, folder, name = sys.argv[2:]
        return speed(grid, Path(folder), name)
    text = table(accuracy(), timed())
    print(text)
    if sys.argv[1:]:
        Path(sys.argv[1]).write_text(text, encoding="utf-8")
    return None


if __name__ == "__main__":
    main()
