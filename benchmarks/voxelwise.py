"""Time, memory and results of the voxelwise model against nilearn's permuted_ols, at the size of a published study.

    python benchmarks/voxelwise.py [output.md]

850 maps in nilearn's 2 mm brain mask, age, sex and one more column as covariates. Every row is a process of its own on
one thread; rows take turns in each round. nilearn's random orders are drawn again from its seed and given to this
software too, so that both calculate the same statistics of the same orders.
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

N, ROUNDS, SEED = 850, 1, 5
RUNS = {
    "nilearn, float64": ("nilearn", "float64", None),
    "nilearn, float32": ("nilearn", "float32", None),
    "here": ("here", "none", None),
    "here, covariate by structure": ("here", "few", None),
    "here, covariate by voxel": ("here", "own", None),
    "nilearn, float64, TFCE": ("nilearn", "float64", "steps"),
    "here, TFCE in 100 steps": ("here", "none", "steps"),
    "here, TFCE exact": ("here", "none", "exact"),
    "here, TFCE exact, 26 neighbours": ("here", "none", "exact26"),
}
COUNT = {False: 34, True: 5}
"""Random orders without and with TFCE: few, as nilearn takes seconds for each."""


def brain():
    from nilearn.datasets import load_mni152_brain_mask

    image = load_mni152_brain_mask(resolution=2)
    return image, image.get_fdata() > 0


def cohort():
    rng = np.random.default_rng(1)
    nuisance = np.column_stack([np.ones(N), rng.normal(45, 10, N), rng.integers(0, 2, N), rng.normal(2, 1, N)])
    return 0.05 * nuisance[:, 1] + rng.standard_normal(N), nuisance


def maps(mask):
    """Participants' values in the mask, one after the other: 40 smooth patterns in random amounts, noise, an effect."""
    from scipy.ndimage import gaussian_filter

    x, _ = cohort()
    rng = np.random.default_rng(2)
    patterns = np.stack([gaussian_filter(rng.standard_normal(mask.shape, np.float32), 2)[mask] for _ in range(40)])
    patterns /= patterns.std()
    effect = np.maximum(patterns[0] - 2, 0)
    for i in range(N):
        yield (
            rng.standard_normal(40, np.float32) @ patterns / 4
            + rng.standard_normal(len(effect), np.float32)
            + (np.float32(0.2 * x[i]) * effect)
        )


def orders(count):
    """The orders that nilearn draws from the seed: it shuffles what it has shuffled before."""
    rng = np.random.RandomState(np.random.RandomState(SEED).randint(1, np.iinfo(np.int32).max - 1))
    found = [np.arange(N)]
    for _ in range(count):
        found.append(found[-1][rng.permutation(N)])
    return np.array(found, np.int32)


def of_nilearn(kind, tfce, count):
    from nilearn.maskers import NiftiMasker
    from nilearn.mass_univariate import permuted_ols

    image, mask = brain()
    y = np.empty((N, int(mask.sum())), kind)
    for line, values in zip(y, maps(mask), strict=True):
        line[:] = values
    x, nuisance = (part.astype(kind) for part in cohort())
    masker = NiftiMasker(image).fit() if tfce else None
    seconds = []
    for permutations in (1, count):
        start = time.process_time()
        found = permuted_ols(
            x, y, nuisance[:, 1:], n_perm=permutations, random_state=SEED, masker=masker, tfce=bool(tfce)
        )
        seconds.append(time.process_time() - start)
    one = (seconds[1] - seconds[0]) / (count - 1)
    made = {"t": found["t"][0], "greatest_t": found["h0_max_t"][0], "p_max_t": 10 ** -found["logp_max_t"][0]}
    if tfce:
        made |= {"tfce": found["tfce"][0], "greatest_tfce": found["h0_max_tfce"][0]}
        made["p_tfce"] = 10 ** -found["logp_max_tfce"][0]
    return seconds[1], one, made


def of_here(kind, tfce, count):
    from recohort.models.mass_univariate.enhancement import neighbours
    from recohort.models.mass_univariate.fits import fit_voxels
    from recohort.models.mass_univariate.permutation import judge

    _, mask = brain()
    v = int(mask.sum())
    y = np.empty((N, v), np.float32)
    for line, values in zip(y, maps(mask), strict=True):
        line[:] = values
    x, nuisance = cohort()
    rng, covariates, which = np.random.default_rng(3), None, None
    if kind == "few":
        covariates, which = rng.standard_normal((N, 4)), np.arange(v) * 4 // v
    if kind == "own":
        covariates = rng.standard_normal((N, v), np.float32)
    names = ["intercept", "age", "sex", "more", *(["a", "b", "c", "d"] if kind == "few" else []), "x"]
    how = {"extent": 0.5, "height": 2, "steps": 100 if tfce == "steps" else None} if tfce else None
    start = time.process_time()
    fits = fit_voxels(y, x, nuisance, covariates=covariates, which=which, names=names)
    around = neighbours(np.argwhere(mask), 26 if tfce == "exact26" else 6) if tfce else None
    own = covariates if kind == "own" else None
    tests = judge(y, fits, orders(count), covariates=own, around=around, tfce=how)
    seconds = time.process_time() - start
    start = time.process_time()
    judge(y, fits, orders(63), covariates=own, around=around, tfce=how)
    one = (time.process_time() - start) / 64
    made = {"t": fits.t, "greatest_t": tests.greatest_t[1:], "p_max_t": tests.p_max_t}
    if tfce:
        made |= {"tfce": tests.tfce, "greatest_tfce": tests.greatest_tfce[1:], "p_tfce": tests.p_tfce}
    return seconds, one, made


def measure(who, kind, tfce, path):
    """One run; prints one line of JSON and leaves what was found in a file."""
    tfce = None if tfce == "None" else tfce
    seconds, one, made = {"nilearn": of_nilearn, "here": of_here}[who](kind, tfce, COUNT[bool(tfce)])
    np.savez(path, **made)
    print(json.dumps([seconds, one, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20]))


def started(run, path):
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    command = [sys.executable, "-W", "ignore", __file__, "--one", *map(str, run), str(path)]
    done = subprocess.run(command, env=os.environ | threads, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def agreement(ours, theirs):
    """Greatest differences of results of the same orders."""
    lines = []
    for name in ("t", "greatest_t", "tfce", "greatest_tfce", "p_max_t", "p_tfce"):
        if name not in theirs:
            continue
        apart = np.abs(ours[name] - theirs[name])
        said = f"{apart.max():.2g} of at most {np.abs(theirs[name]).max():.4g}"
        lines.append(f"| {name} | {said} | {np.mean(apart <= 1e-5 * np.abs(theirs[name])):.2%} |")
    return lines


def main():
    if sys.argv[1:2] == ["--one"]:
        return measure(*sys.argv[2:])
    measured = {label: [] for label in RUNS}
    with tempfile.TemporaryDirectory() as folder:
        for done in range(1, ROUNDS + 1):
            for label, run in RUNS.items():
                measured[label].append(started(run, Path(folder) / f"{label}.npz"))
            found = {label: dict(np.load(Path(folder) / f"{label}.npz")) for label in RUNS}
            text = table(measured, found, done)
            print(text, flush=True)
            if sys.argv[1:]:
                Path(sys.argv[1]).write_text(text, encoding="utf-8")
    return None


def table(measured, found, rounds):
    middle = {label: np.mean(lines, axis=0) for label, lines in measured.items()}
    rows = []
    for label, run in RUNS.items():
        base = middle["nilearn, float64" + (", TFCE" if run[2] else "")]
        (seconds, one, _), peak, count = middle[label], max(line[2] for line in measured[label]), COUNT[bool(run[2])]
        whole = (seconds + one * (5000 - count)) / 60
        rows.append(
            f"| {label} | {count} | {seconds:.1f} | {base[0] / seconds:.1f} | {1000 * one:.0f} | {base[1] / one:.1f} | "
            f"{whole:.1f} | {peak:.2f} |"
        )
    compared = agreement(found["here"], found["nilearn, float64"])
    compared += agreement(found["here, TFCE in 100 steps"], found["nilearn, float64, TFCE"])
    lines = [
        "# Voxelwise model",
        "",
        f"{N} maps, {int(brain()[1].sum())} voxels, 3 covariates. One thread, processor seconds, mean of {rounds} "
        "round(s) of all rows on a shared machine, each row a process of its own; made by `benchmarks/voxelwise.py`.",
        "",
        f"Few permutations, as nilearn takes seconds for each with TFCE: {COUNT[False]} without and {COUNT[True]} with it. One order: for "
        "nilearn from the difference to 1 permutation, here from 64 orders. 5000 permutations are calculated from it, not run. "
        "Ratios are to nilearn in float64. The peak holds the maps and the making of them.",
        "",
        "| | permutations | s | ratio | ms, one order | ratio | min, 5000 | peak, GB |",
        "|---|---|---|---|---|---|---|---|",
        *rows,
        "",
        "The same orders given to both, differences from nilearn in float64 (TFCE: its 100 steps):",
        "",
        "| | greatest difference | within 1e-5 |",
        "|---|---|---|",
        *dict.fromkeys(compared),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
