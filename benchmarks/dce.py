"""Time and memory of perfusion maps against voxel by voxel fits, in one run.

    python benchmarks/dce.py [output.md]

100 000 voxels of 100 frames (3 s), extended Tofts with noise, made by dcmri. Each row is a process of its own on one
thread. The peers fit one voxel after another and get the first voxels alone; their seconds are per voxel.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

VOXELS, STEP_S, NOISE, TR, ANGLE, T10 = 100_000, 3.0, 0.02, 0.0045, 25.0, 1.1
TIMES = np.arange(100) * STEP_S
WAYS = {
    "linear": (VOXELS, "linear, as the maps"),
    "delays": (VOXELS, "linear, with the best of 41 delays for each voxel"),
    "bounded": (300, "non-linear, as the mean curves (2 starts, standard errors)"),
    "curve_fit": (300, "scipy `curve_fit` of our model curve"),
    "dcmri": (300, "scipy `curve_fit` of dcmri's `conc_tissue`"),
    "tissue": (100, "dcmri `Tissue.train`, from the signal"),
}


def make(folder):
    """Write curves (voxels, frames), the plasma at the frames and the truth ``vp, ktrans, ve`` of each voxel."""
    import dcmri

    fine = np.arange(0, TIMES[-1] + STEP_S, 0.25)
    blood = 1000 * dcmri.aif_parker(fine, BAT=30) * (fine >= 30)
    plasma = dcmri.expconv(blood, 4.0, fine) / 0.58
    rng = np.random.default_rng(1)
    kinds = rng.uniform([0.01, 0.02, 0.1], [0.15, 0.4, 0.5], (500, 3))
    clean = [dcmri.conc_tissue(plasma, t=fine, kinetics="HF", H=0.0, vi=ve, PS=k / 60, vb=vp) for vp, k, ve in kinds]
    which = np.arange(VOXELS) % len(kinds)
    curves = np.stack([np.interp(TIMES, fine, one) for one in clean])[which]
    curves += NOISE * rng.standard_normal(curves.shape)
    for name, array in {"curves": curves, "plasma": np.interp(TIMES, fine, plasma), "truth": kinds[which]}.items():
        np.save(folder / f"{name}.npy", array.astype(np.float32))


def measure(way, folder):
    """Fit by one way; print one line of JSON."""
    import dcmri
    from scipy.optimize import curve_fit

    from recohort.core.schema import load_schema, with_defaults
    from recohort.images.dce import kinetics
    from recohort.images.dce.artery import measured
    from recohort.images.dce.concentration import spoiled_signal
    from recohort.images.dce.perfusion import delays

    curves, plasma, truth = (np.load(Path(folder) / f"{name}.npy") for name in ("curves", "plasma", "truth"))
    count = WAYS[way][0]
    curves, truth, artery = curves[:count], truth[:count], measured(TIMES, plasma)
    images = with_defaults({"kind": "dce", "t10": {"kind": "fixed"}}, load_schema("images/dce"))
    bounds, tried, model = images["fit"]["bounds"], delays(images["delay"]), images["fit"]["model"]
    signals = spoiled_signal(1 / T10 + 4.5 * curves, tr=TR, flip_angle=ANGLE) if way == "tissue" else None

    def own(times, vp, ktrans, ve):
        return kinetics.tissue_curve(times, artery, vp=vp, ktrans=ktrans, ve=ve, delay=0)

    def peer(times, vp, ktrans, ve):
        made = dcmri.conc_tissue(artery.plasma, t=artery.time, kinetics="HF", H=0.0, vi=ve, PS=ktrans / 60, vb=vp)
        return np.interp(times, artery.time, made)

    def by_curve_fit(curve):
        start, limits = [0.05, 0.1, 0.2], ([0, 0, 0.01], [1, 5, 1])
        return [curve_fit(curve, TIMES, one, start, bounds=limits)[0] for one in curves]

    def by_bounded():
        found = [kinetics.fit_bounded(one, TIMES, artery, model=model, delay=0, bounds=bounds) for one in curves]
        return [[one["vp"], one["ktrans"], one["ve"]] for one in found]

    def by_tissue():
        found = []
        scan = {"r1": 4500, "R10": 1 / T10, "TR": TR, "FA": ANGLE, "n0": 10}
        for signal in signals:
            tissue = dcmri.Tissue(kinetics="HF", ca=artery.plasma / 1000, t=artery.time, H=0.0, **scan)
            made = tissue.train(TIMES, signal).params("vb", "PS", "vi")
            found.append([made[0], 60 * made[1], made[2]])
        return found

    ways = {
        "linear": lambda: kinetics.fit_linear(curves, TIMES, artery, model=model, delay=0),
        "delays": lambda: kinetics.find_delay(curves, TIMES, artery, model=model, tried=tried)[1],
        "bounded": by_bounded,
        "curve_fit": lambda: by_curve_fit(own),
        "dcmri": lambda: by_curve_fit(peer),
        "tissue": by_tissue,
    }
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    found = ways[way]()
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if isinstance(found, kinetics.Fits):
        found = np.stack([found.vp, found.ktrans, found.ve], axis=1)
    error = np.nanmedian(np.abs(np.array(found) - truth) / truth, axis=0)
    said = {"seconds": seconds, "voxels": count, "before": before / 2**10, "peak": peak / 2**10}
    print(json.dumps({**said, "error": error.tolist()}))


def table(results):
    """Markdown of all ways."""
    each = {way: found["seconds"] / found["voxels"] for way, found in results.items()}
    lines = [
        "# Perfusion maps",
        "",
        f"{VOXELS} voxels of {len(TIMES)} frames of {STEP_S:g} s, extended Tofts, noise {NOISE:g} mM, one thread. Processor seconds; made by",
        "`benchmarks/dce.py`. What fits one voxel after another had the first voxels alone: seconds for all are scaled from those.",
        "Error: median over its voxels of the distance from the truth, over the truth.",
        "",
        "| fit | voxels | s for all | times the maps' | peak memory, MB (before the fit) | error of vp, Ktrans, ve, % |",
        "|---|---|---|---|---|---|",
    ]
    for way, found in results.items():
        seconds, errors = each[way] * VOXELS, ", ".join(f"{100 * one:.1f}" for one in found["error"])
        shown = f"{seconds:.2f}" if seconds < 100 else f"{seconds:.0f}"
        ratio = f"{each[way] / each['linear']:.0f}"
        memory = f"{found['peak']:.0f} ({found['before']:.0f})"
        lines.append(f"| {WAYS[way][1]} | {found['voxels']} | {shown} | {ratio} | {memory} | {errors} |")
    return "\n".join(lines) + "\n"


def main():
    if sys.argv[1:2] == ["--make"]:
        return make(Path(sys.argv[2]))
    if sys.argv[1:2] == ["--one"]:
        return measure(*sys.argv[2:])
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, __file__, "--make", folder], check=True)  # apart: its memory is not the fits'
        for way in WAYS:
            command = [sys.executable, __file__, "--one", way, folder]
            done = subprocess.run(command, env=os.environ | threads, check=True, capture_output=True, text=True)
            results[way] = json.loads(done.stdout.splitlines()[-1])
    text = table(results)
    print(text)
    if sys.argv[1:]:
        Path(sys.argv[1]).write_text(text, encoding="utf-8")
    return None


if __name__ == "__main__":
    main()
