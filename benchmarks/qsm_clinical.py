"""Time and memory of one clinical-size reconstruction, against the floor that its Fourier transforms set.

    python benchmarks/qsm_clinical.py [output.md]

224 x 256 x 144 voxels of 1 mm, 5 echoes, 3 T: an ellipsoidal brain with spheres of known susceptibility and an air
sphere below it, phase from the spheres' analytic fields plus noise. Each row is a process of its own on one thread.
"""

import functools
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

SHAPE = (224, 256, 144)
ECHO_TIMES = (0.004, 0.009, 0.014, 0.019, 0.024)
SEMI_AXES = (70, 88, 62)
SPHERES = (((-25, 10, 0), 8, 0.1), ((25, 10, 5), 8, 0.2), ((0, -40, -10), 6, 0.6), ((10, -20, 25), 7, -0.1))
AIR = ((0, 55, -70), 14, 9.2)
CHAINS = (("v-sharp", "tkd"), ("v-sharp", "l2"), ("v-sharp", "tv"), ("pdf", "tkd"))


def sphere(grid, centre, radius, chi):
    """Relative field (ppm) of a sphere, main field along the third axis, and where it is."""
    x, y, z = (axis - c for axis, c in zip(grid, centre, strict=True))
    r2 = x**2 + y**2 + z**2
    inside = r2 <= radius**2
    outside = chi / 3 * radius**3 * (3 * z**2 - r2) / np.maximum(r2, 1) ** 2.5
    return np.where(inside, 0, outside).astype(np.float32), inside


def acquisition():
    """Stored magnitude and phase as a scanner writes them, the brain, and the spheres' labels."""
    from recohort.images.qsm.fieldmap import GAMMA

    grid = [axis - n / 2 for axis, n in zip(np.indices(SHAPE, sparse=True), SHAPE, strict=True)]
    brain = sum((axis / semi) ** 2 for axis, semi in zip(grid, SEMI_AXES, strict=True)) <= 1
    labels = np.zeros(SHAPE, dtype=np.uint8)
    field, _ = sphere(grid, *AIR)
    for number, source in enumerate(SPHERES, start=1):
        part, inside = sphere(grid, *source)
        field += part
        labels[inside] = number
    rng = np.random.default_rng(1)
    magnitude, phase = np.empty((5, *SHAPE), dtype=np.uint16), np.empty((5, *SHAPE), dtype=np.int16)
    for echo, seconds in enumerate(ECHO_TIMES):
        angle = 2 * np.pi * GAMMA * 3 * seconds * field + 0.01 * grid[0] + 0.5
        signal = brain * np.exp(1j * angle - 20 * seconds).astype(np.complex64)
        signal += 0.01 * (rng.standard_normal(SHAPE, np.float32) + 1j * rng.standard_normal(SHAPE, np.float32))
        magnitude[echo] = 1000 * np.abs(signal)
        phase[echo] = np.clip(np.round(np.angle(signal) / np.pi * 2048) * 2, -4096, 4094)
    return magnitude, phase, brain, labels


def watched(module, name, spent, counts):
    """Replace a function by one that adds up its seconds and its calls."""
    function = getattr(module, name)

    @functools.wraps(function)
    def timed(*arguments, **settings):
        start = time.process_time()
        result = function(*arguments, **settings)
        spent[name] = spent.get(name, 0) + time.process_time() - start
        counts[name] = counts.get(name, 0) + 1
        return result

    setattr(module, name, timed)


def measure(background, inversion):
    """One reconstruction; prints one line of JSON."""
    import scipy.fft

    from recohort.core.schema import load_schema, with_defaults
    from recohort.images.qsm import background as background_module
    from recohort.images.qsm import fieldmap, reconstruction, sources
    from recohort.images.qsm import inversion as inversion_module

    magnitude, phase, brain, labels = acquisition()
    settings = with_defaults({}, load_schema("images/qsm"))
    for key in ("session", "batch_size", "on_invalid_subject", "overlay", "save"):
        del settings[key]
    settings["background"]["method"], settings["inversion"]["method"] = background, inversion
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    spent, calls, transforms, shapes = {}, {}, {}, set()
    for name in ("make_brain_mask", "phase_scale", "fit_field", "trim_edge", "find_sources", "reference_value"):
        watched(reconstruction, name, spent, calls)
    for name in ("remove_background", "invert"):
        watched(sources, name, spent, calls)
    for name in ("unwrap", "_smooth", "neighbour_jumps"):
        watched(fieldmap, name, spent, calls)
    for step, module in (("remove_background", background_module), ("invert", inversion_module)):
        for name in ("rfftn", "irfftn"):
            original = getattr(module, name)

            def counted(array, *arguments, _original=original, _step=step, **options):
                transforms[_step] = transforms.get(_step, 0) + 1
                shapes.add(tuple(options.get("s", array.shape)))
                return _original(array, *arguments, **options)

            setattr(module, name, counted)
    start = time.process_time()
    made = reconstruction.reconstruct(
        magnitude, phase, echo_times=ECHO_TIMES, field_strength=3, affine=np.eye(4), brain_mask=brain, **settings
    )
    whole = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (shape,) = shapes
    trial = np.random.default_rng(0).standard_normal(shape, np.float32)
    forth = min(_seconds(lambda: scipy.fft.rfftn(trial, workers=1)) for _ in range(3))
    half = scipy.fft.rfftn(trial, workers=1)
    back = min(_seconds(lambda: scipy.fft.irfftn(half, s=shape, workers=1)) for _ in range(3))
    truth = [0, *(chi for *_, chi in SPHERES)]
    found = [float(made.chimap[made.kept & (labels == n)].mean()) for n in range(len(truth))]
    print(
        json.dumps(
            {
                "whole": whole,
                "peak": peak / 2**20,
                "before": before / 2**20,
                "spent": spent,
                "transforms": transforms,
                "shape": shape,
                "passes": settings["passes"],
                "fft": (forth + back) / 2,
                "slope": float(np.polyfit(truth, found, 1)[0]),
                "correlation": float(np.corrcoef(truth, found)[0, 1]),
            }
        )
    )


def _seconds(call):
    start = time.process_time()
    call()
    return time.process_time() - start


def table(results):
    """Markdown of all chains."""
    steps = {
        "make_brain_mask": "mask",
        "phase_scale": "phase units",
        "fit_field": "field map (all of it)",
        "unwrap": "- spatial unwrapping",
        "_smooth": "- offset smoothing",
        "neighbour_jumps": "- jump count",
        "trim_edge": "trimming",
        "find_sources": "sources (all passes)",
        "remove_background": "- background",
        "invert": "- inversion",
        "reference_value": "reference",
    }
    lines = [
        "# One clinical-size reconstruction",
        "",
        f"{' x '.join(map(str, SHAPE))} voxels of 1 mm, {len(ECHO_TIMES)} echoes, one thread; "
        f"Fourier steps on {' x '.join(map(str, results[0]['shape']))}; {results[0]['passes']} passes. "
        "Processor seconds; made by `benchmarks/qsm_clinical.py`.",
        "",
        "| step | " + " | ".join(f"{a} + {b}" for a, b in CHAINS) + " |",
        "|---" * (len(CHAINS) + 1) + "|",
    ]
    rows = [(label, [f"{r['spent'].get(name, 0):.2f}" for r in results]) for name, label in steps.items()]
    rows.append(("**whole chain**", [f"**{r['whole']:.1f}**" for r in results]))
    rows.append(("one Fourier transform", [f"{r['fft']:.3f}" for r in results]))
    for name in ("remove_background", "invert"):
        count = [r["transforms"][name] for r in results]
        rows.append((f"{steps[name][2:]}: transforms", [str(n) for n in count]))
        rows.append((f"{steps[name][2:]}: floor", [f"{n * r['fft']:.2f}" for n, r in zip(count, results, strict=True)]))
    rows.append(("peak memory, GB", [f"{r['peak']:.2f}" for r in results]))
    rows.append(("of it inputs and making them, GB", [f"{r['before']:.2f}" for r in results]))
    rows.append(("slope over spheres", [f"{r['slope']:.3f}" for r in results]))
    rows.append(("correlation over spheres", [f"{r['correlation']:.4f}" for r in results]))
    return "\n".join(lines + [f"| {label} | {' | '.join(cells)} |" for label, cells in rows]) + "\n"


def main():
    if sys.argv[1:2] == ["--one"]:
        return measure(*sys.argv[2:])
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    results = []
    for chain in CHAINS:
        command = [sys.executable, __file__, "--one", *chain]
        done = subprocess.run(command, env=os.environ | threads, check=True, capture_output=True, text=True)
        results.append(json.loads(done.stdout))
    text = table(results)
    print(text)
    if sys.argv[1:]:
        Path(sys.argv[1]).write_text(text, encoding="utf-8")
    return None


if __name__ == "__main__":
    main()
