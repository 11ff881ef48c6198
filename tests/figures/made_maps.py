"""Volumes as a voxelwise model writes them, made up: smooth noise on the template's brain, and planted effects."""

import functools

import numpy as np
from nilearn.datasets import load_mni152_template
from scipy import ndimage, stats

VOLUMES = ["coefficient", "t", "p", "p_fdr", "p_max_t", "tfce", "p_tfce"]
THALAMUS, PUTAMEN = [(-12, -18, 8), (12, -18, 8)], [(-26, 4, 2), (26, 4, 2)]


@functools.cache
def brain():
    """The brain of the 2 mm template as booleans, cropped to it, and its affine."""
    image = load_mni152_template(resolution=2)
    mask = image.get_fdata(dtype=np.float32) > 0.05
    low, high = np.argwhere(mask).min(0), np.argwhere(mask).max(0) + 1
    affine = image.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ low
    return mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))], affine


def made(centres=(), *, height=9.0, radius=9.0, seed=1, inside=None, unit="ppb per year", n=850):
    """A model's volumes, affine and sidecar; `height` is the t in the middle of each planted effect."""
    mask, affine = brain()
    mask = mask if inside is None else mask & inside
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=mask.shape), 1.5)
    t = 0.9 * noise / noise.std()
    grid = np.stack(np.meshgrid(*map(np.arange, mask.shape), indexing="ij"), axis=-1) @ affine[:3, :3].T + affine[:3, 3]
    for centre in centres:
        t = t + height * np.exp(-(np.linalg.norm(grid - centre, axis=-1) ** 2) / (2 * (radius / 2) ** 2))
    p = 2 * stats.norm.sf(np.abs(t))
    family = np.clip(p * 3000, 0.001, 1)
    chosen = {"coefficient": 0.7 * t, "t": t, "p": p, "p_fdr": np.clip(50 * p, 0, 1), "tfce": 100 * np.sign(t) * t**2}
    chosen |= {"p_max_t": np.clip(2 * family, 0, 1), "p_tfce": family}
    data = np.stack([np.where(mask, chosen[name], np.nan) for name in VOLUMES], axis=-1).astype(np.float32)
    sidecar = {"Volumes": VOLUMES, "Exposure": "ms", "Unit": unit, "N": n, "Level": 0.05, "Method": "permutation"}
    return data, affine, sidecar


def frames(**models):
    """What the scripts hand to the figure: of each model its volumes and its sidecar."""
    named = {name: (data, affine) for name, (data, affine, _) in models.items()}
    return named | {f"{name}.json": sidecar for name, (_, _, sidecar) in models.items()}


def nuclei():
    """Voxels within 14 mm of the planted places: a mask as of labelled structures."""
    mask, affine = brain()
    places = np.argwhere(mask) @ affine[:3, :3].T + affine[:3, 3]
    near = np.zeros(mask.shape, bool)
    near[mask] = np.min([np.linalg.norm(places - one, axis=1) for one in THALAMUS + PUTAMEN], axis=0) < 14
    return near
