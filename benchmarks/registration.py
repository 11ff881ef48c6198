"""Registration to the template: seconds and overlap of nuclei, the same heads for every method, one after the other.

    OMP_NUM_THREADS=1 PYTHONPATH=workflow:tests/images/nuclei python benchmarks/registration.py [output.md]

Heads are the MNI152 template under known motions and a known smooth warp, with shading and noise
(tests/images/nuclei/made_heads.py): T1w of 3 mm, the size of the synthetic cohort, and of 2 mm. Every method gets the T1w
after N4 and its brain mask. One thread; processor seconds of the registration alone.
"""

import sys
import time
from pathlib import Path

import numpy as np
import SimpleITK
from made_heads import Head, dice, grid_of, solids_at

from recohort.core.schema import load_schema, with_defaults
from recohort.images.bias import correct_bias
from recohort.images.registration.grid import Brain, Grid, grid_around, sampled
from recohort.images.registration.itk import volume
from recohort.images.registration.linear import align
from recohort.images.registration.subject import MARGIN_MM, to_template
from recohort.images.registration.warp import Warp
from recohort.modalities.nuclei.files import read_template

SIZES = {3.0: ((52, 64, 56), (1, 2, 3)), 2.0: ((78, 96, 84), (1,))}
"""Edge of a T1w voxel, mm -> its shape and the seeds of the heads."""
SETTINGS = with_defaults({"kind": "nuclei"}, load_schema("images"))


def here(warp):
    """A method of this repository with these settings of `registration.warp`."""

    def method(subject, template):
        return to_template(subject, template, affine=SETTINGS["registration"]["affine"], warp=warp)[0]

    return method


def syn(**changed):
    defaults = {"kind": "syn", "resolution_mm": 2, "metric": "cc", "radius": 2, "iterations": [20, 20, 10]}
    return here({**defaults, **changed})


def demons(subject, template):
    """Mutual-information affine and fast symmetric-forces demons of SimpleITK, 8 then 4 mm, after histogram matching."""
    motion = align(template, subject, rigid=False, centred=True, **SETTINGS["registration"]["affine"])
    field = None
    for edge, iterations in ((8.0, 30), (4.0, 30)):
        grid = template.grid(edge=edge, margin=MARGIN_MM)
        fixed, moving = (volume(image, [edge] * 3, grid.origin) for image in
                         (template.on(grid)[0], subject.on(grid, motion)[0]))  # fmt: skip
        moving = SimpleITK.HistogramMatching(moving, fixed, 128, 16, True)
        search = SimpleITK.FastSymmetricForcesDemonsRegistrationFilter()
        search.SetNumberOfIterations(iterations)
        search.SetStandardDeviations(1.5)
        if field is None:
            field = search.Execute(fixed, moving)
        else:
            start = SimpleITK.Resample(
                field, fixed, SimpleITK.Transform(), SimpleITK.sitkLinear, 0.0, field.GetPixelID()
            )
            field = search.Execute(fixed, moving, start)
    return Warp(motion, SimpleITK.GetArrayFromImage(field).T.astype(np.float32), grid)


def dipy_defaults(subject, template):
    """dipy's affine registration and SyN with its defaults (cc, 100, 100 and 25 iterations), on the T1w's own resolution."""
    from dipy.align.imaffine import AffineRegistration, MutualInformationMetric, transform_centers_of_mass
    from dipy.align.imwarp import SymmetricDiffeomorphicRegistration
    from dipy.align.metrics import CCMetric
    from dipy.align.transforms import AffineTransform3D

    edge = float(np.linalg.norm(subject.affine[:3, 0]))
    grid = template.grid(edge=edge, margin=MARGIN_MM)
    static = template.on(grid)[0].astype(float)
    around = grid_around(subject.mask, subject.affine, edge=edge, margin=MARGIN_MM)
    moving = sampled(subject.bare, subject.affine, around).astype(float)
    places = {"static_grid2world": grid.affine, "moving_grid2world": around.affine}
    start = transform_centers_of_mass(static, grid.affine, moving, around.affine).affine
    linear = AffineRegistration(metric=MutualInformationMetric(nbins=32), verbosity=0)
    motion = linear.optimize(static, moving, AffineTransform3D(), None, **places, starting_affine=start).affine
    search = SymmetricDiffeomorphicRegistration(CCMetric(3))
    search.verbosity = 0
    found = search.optimize(static, moving, **places, prealign=motion)
    return Warp(motion, np.moveaxis(np.asarray(found.backward, np.float32), -1, 0), Grid(grid.shape, grid.origin, edge))


METHODS = {
    3.0: {
        "splines (default here)": here(SETTINGS["registration"]["warp"]),
        "SyN of dipy, 4 mm, 20, 20, 10": syn(resolution_mm=4),
        "SyN of dipy, 6 mm, 20, 20": syn(resolution_mm=6, iterations=[20, 20]),
        "affine and demons of SimpleITK": demons,
        "affine and SyN of dipy, its defaults": dipy_defaults,
    },
    2.0: {
        "splines (default here)": here(SETTINGS["registration"]["warp"]),
        "SyN of dipy, 2 mm, 20, 20, 10": syn(),
        "affine and demons of SimpleITK": demons,
    },
}


def measure(edge):
    """One row per method: seconds, mean and least Dice of the nuclei, mm between true and found place, least Jacobian."""
    shape, seeds = SIZES[edge]
    template = Brain(*read_template({"kind": "mni152"}))
    found = {name: [] for name in METHODS[edge]}
    for seed in seeds:
        head = Head(seed)
        t1w = head.image(shape, grid_of(edge, shape))
        image, _ = correct_bias(t1w.image, t1w.brain, t1w.affine, **SETTINGS["bias"])
        true = head.template_points(t1w.points)
        for name, method in METHODS[edge].items():
            method(Brain(image, t1w.brain, t1w.affine), template) if not found[name] and "splines" in name else None
            start = time.process_time()
            warp = method(Brain(image, t1w.brain, t1w.affine), template)
            seconds = time.process_time() - start
            carried = warp.back(t1w.points.astype(np.float32))
            overlap = list(dice(solids_at(carried), t1w.labels).values())
            apart = np.linalg.norm(carried - true, axis=0)[t1w.labels > 0].mean()
            inside = template.on(warp.grid)[1] > 0.5
            found[name].append((seconds, np.mean(overlap), np.min(overlap), apart, warp.jacobian()[inside].min()))
            print(f"{edge:g} mm, head {seed}, {name}: {seconds:.2f} s, Dice {np.mean(overlap):.3f}", flush=True)
    return {name: (*np.mean(rows, axis=0)[:2], np.min(rows, axis=0)[2], np.mean(rows, axis=0)[3], np.min(rows, axis=0)[4])
            for name, rows in found.items()}  # fmt: skip


def table(edge, rows):
    first = next(iter(rows.values()))[0]
    lines = [
        f"\n## T1w of {edge:g} mm, {len(SIZES[edge][1])} head{'s' * (len(SIZES[edge][1]) > 1)}\n",
        "| method | seconds | times the first | Dice, mean | Dice, least | error in nuclei, mm | smallest Jacobian |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, (seconds, mean, least, apart, jacobian) in rows.items():
        cells = f"{seconds:.2f} | {seconds / first:.1f} | {mean:.3f} | {least:.3f} | {apart:.2f} | {jacobian:.2f}"
        lines.append(f"| {name} | {cells} |")
    return "\n".join(lines)


def main():
    parts = [
        "# Registration to the template\n",
        "Heads are the MNI152 template under a known rigid motion and smooth warp (4 mm RMS, correlation length 30 mm), with shading and "
        "noise; eight ellipsoids stand for the nuclei. One thread, one run, methods in turn on each head; processor seconds of the "
        "registration alone, after N4. Overlap is of the ellipsoids carried to the T1w. The heads' warps are smooth, which suits splines; the demons see "
        "the images as they are. Made by `benchmarks/registration.py`.",
        *(table(edge, measure(edge)) for edge in SIZES),
    ]
    text = "\n".join(parts) + "\n"
    print(text)
    if sys.argv[1:]:
        Path(sys.argv[1]).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
