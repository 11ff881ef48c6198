"""A lumbar spine of boxes and tubes along a bent line, in mm, with known signals; written in any scheme of labels."""

import json

import numpy as np

from recohort.core.io import write_image

SHAPE, SPACING, FINE = (13, 140, 250), (4.0, 0.9, 0.9), 2
LEVELS = ("T12", "L1", "L2", "L3", "L4", "L5")
MARROW = {"T12": 325.0, "L1": 330.0, "L2": 345.0, "L3": 320.0, "L4": 360.0, "L5": 350.0, "sacrum": 340.0}
SIGNAL = {"muscle": 140.0, "fat": 480.0, "cortex": 45.0, "posterior": 300.0, "disc": 150.0, "csf": 100.0, "cord": 170.0}
TRUTH = {level: MARROW[level] / SIGNAL["csf"] for level in LEVELS}
VBQ = float(np.median([TRUTH[level] for level in LEVELS[1:5]]))
APART, HALF_HEIGHT, LOWEST_MM = 34.0, 13.0, 52.0
SIDECAR = {"RepetitionTime": 0.6, "EchoTime": 0.012, "MagneticFieldStrength": 1.5}


def spine(*, shape=SHAPE, canal_mm=8.0, bent=0.0, narrow=()):
    """Return signal (x, y, z), the structures as masks, and the affine; axes to the right, front and top.

    `bent` moves the top of the spine to the right, mm; the canal beside the levels `narrow` has half its depth.
    """
    fine = [n * FINE for n in shape]
    x, y, z = (
        (np.arange(n, dtype=np.float32) + 0.5) * np.float32(edge / FINE) for n, edge in zip(fine, SPACING, strict=True)
    )
    x, y, z = x[:, None, None] - shape[0] * SPACING[0] / 2, y[None, :, None], z[None, None, :]
    x = x - np.float32(bent) * ((z - LOWEST_MM) / 170) ** 2
    phase = (z - 40) / 190 * np.pi
    curve, slope = 78 + 10 * np.sin(phase), 10 * np.pi / 190 * np.cos(phase)
    front = (y - curve) / np.sqrt(1 + slope**2)  # mm in front of the middle of the bodies
    along = (z + slope * (y - curve)) / np.sqrt(1 + slope**2) + (1 - 1 / np.sqrt(1 + slope**2)) * z
    centre = {level: LOWEST_MM + APART * place for place, level in enumerate(reversed(LEVELS))}
    centre["sacrum"] = LOWEST_MM - APART
    signal = np.broadcast_to(np.where(y < 10, np.where(y < 2, 0, SIGNAL["fat"]), SIGNAL["muscle"]), fine).copy()
    signal[np.broadcast_to(y > shape[1] * 0.9 - 10, fine)] = SIGNAL["fat"]
    label = np.zeros(fine, np.int8)
    codes = {name: code for code, name in enumerate((*LEVELS, "sacrum", "canal", "cord"), start=1)}

    def paint(mask, value, name=None):
        signal[mask] = value
        if name:
            label[mask] = codes[name]

    paint((np.abs(x) < 21) & (np.abs(front) < 15) & (along > 30), SIGNAL["disc"])
    for name, middle in centre.items():
        high = along - middle
        outline = (x / 23) ** 4 + (front / 16) ** 4 < 1
        inner = (x / 22) ** 4 + (front / 15) ** 4 < 1
        arch = (np.abs(x) > 12) & (np.abs(x) < 18) & (front < -12) & (front > -36) & (high > 0) & (high < 10)
        arch |= (np.abs(x) < 18) & (front < -35) & (front > -39) & (high > -11) & (high < 6)
        arch |= (np.abs(x) < 5) & (front < -38) & (front > -62) & (high > -16) & (high < 4)
        paint(arch, SIGNAL["posterior"], name)
        paint(outline & (np.abs(high) < HALF_HEIGHT), SIGNAL["cortex"], name)
        paint(inner & (np.abs(high) < HALF_HEIGHT - 1), MARROW[name], name)
    depth = np.full_like(along, canal_mm)
    for name in narrow:
        depth[np.abs(along - centre[name]) < APART / 2] = canal_mm / 4
    tube = (x / 11) ** 2 + ((front + 26) / depth) ** 2 < 1
    paint(tube, SIGNAL["csf"], "canal")
    roots = tube & (((x / 6) ** 2 + ((front + 31) / 2) ** 2) < 1)
    paint(roots & (along < centre["L1"]), SIGNAL["cord"], "canal")
    paint(tube & ((x / 5) ** 2 + ((front + 26) / 4) ** 2 < 1) & (along > centre["L1"] - 10), SIGNAL["cord"], "cord")
    affine = np.diag([*SPACING, 1.0])
    affine[:3, 3] = [-20, -70, -110]
    masks = {name: _blocks(label == code, shape) > 0.5 for name, code in codes.items()}
    return _blocks(signal, shape), masks, affine


def field(shape, *, depth=0.35):
    """A smooth brightness whose largest is `1 + depth` times its smallest: brighter at the back and in the middle."""
    _, y, z = np.meshgrid(*[np.linspace(-1, 1, n) for n in shape], indexing="ij")
    bowl = -0.6 * y - 0.5 * (z - 0.3) ** 2
    return (1 + depth) ** ((bowl - bowl.min()) / (bowl.max() - bowl.min()))


def noisy(signal, *, sd=6.0, seed=3):
    """Return the magnitude of a signal with complex noise."""
    rng = np.random.default_rng(seed)
    return np.abs(signal + sd * (rng.standard_normal(signal.shape) + 1j * rng.standard_normal(signal.shape)))


def coded(masks, scheme):
    """Return a label map in a scheme (its JSON)."""
    named = {**scheme["vertebrae"], **{name: scheme[name] for name in ("sacrum", "canal", "cord") if scheme[name]}}
    made = np.zeros(next(iter(masks.values())).shape, np.int16)
    for name, mask in masks.items():
        if name in named:
            made[mask] = named[name]
    return made


def write(root, image, labels, affine, *, name="sub-001", sidecar=SIDECAR, said=None, csf=None):
    """Write a participant: T1w, label map with its sidecar, and a CSF mask where there is one."""
    write_image(image.astype(np.float32), affine, root / name / "anat" / f"{name}_T1w.nii.gz", sidecar)
    folder = root / "derivatives" / "tss" / name / "anat"
    write_image(labels.astype(np.int16), affine, folder / f"{name}_desc-spine_dseg.nii.gz", said or {})
    if csf is not None:
        write_image(csf.astype(np.uint8), affine, folder / f"{name}_label-CSF_mask.nii.gz")


def scheme_of(repository, name):
    """Return a shipped scheme's JSON."""
    return json.loads((repository / "workflow" / "schemes" / f"{name}.json").read_text())


def _blocks(array, shape):
    parts = array.reshape(shape[0], FINE, shape[1], FINE, shape[2], FINE)
    return parts.mean(axis=(1, 3, 5), dtype=np.float32)
