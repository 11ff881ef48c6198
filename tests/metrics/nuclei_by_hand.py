"""Nuclei as analytic ellipsoids of known susceptibility, imaged through a blur; nothing here is of the package."""

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.spatial.transform import Rotation

VOXEL = 2.5
FINE = 5
"""Points along an edge of a voxel; odd, so that no tissue has exactly half of one."""
HALF = np.array([40.0, 40.0, 30.0])
"""Half the field of view, mm."""
NUCLEI = {
    "caudate": ((13, 10, 8), (4.5, 13, 7.5), 45.0),
    "putamen": ((27.2, 2, 0), (5, 14, 8.5), 45.0),
    "pallidum": ((18.3, -3, -1), (4.2, 9.5, 6.5), 130.0),
    "thalamus": ((10.5, -19, 6), (7.5, 13, 8), -5.0),
}
"""Centre and semi-axes of the right one, mm; susceptibility, ppb. Shrunken ones do not meet."""
VENTRICLE = ((4.5, 0, 14), (5.5, 30, 6), 20.0)
AROUND = -15.0
NAMES = {i + 1: f"{name}_{side}" for i, (side, name) in enumerate((s, n) for n in NUCLEI for s in ("left", "right"))}
NAMES[9] = "csf"
STRUCTURES = {name: [f"{name}_left", f"{name}_right"] for name in NUCLEI}
BLUR = 2.5
"""Full width at half maximum before the voxels' own averaging, mm."""
POINT_SPREAD = float(np.sqrt(BLUR**2 + 8 * np.log(2) * VOXEL**2 / 12) / VOXEL)
"""With the voxels' own averaging, in voxels: 1.21."""


def imaged(rng, *, loss: float, blur: float = BLUR) -> tuple[np.ndarray, np.ndarray, dict[str, float]]:
    """Return a map in ppm, labels (more than any other tissue) and true volumes in mL.

    The head is turned (SD 4 degrees an axis) and lies anywhere in the voxels; nuclei have lost a share of their volume
    about their centres, and the ventricles have grown by three times that share.
    """
    count = (2 * HALF / VOXEL).astype(int)
    axes = [
        ((np.arange(n * FINE) + 0.5) * VOXEL / FINE - half).astype(np.float32)
        for n, half in zip(count, HALF, strict=True)
    ]
    turned = Rotation.from_rotvec(rng.normal(0, np.deg2rad(4), 3)).as_matrix().astype(np.float32)
    place = np.stack(np.meshgrid(*axes, indexing="ij")) - rng.uniform(-VOXEL / 2, VOXEL / 2, 3)[:, None, None, None]
    place = np.tensordot(turned, place.astype(np.float32), 1)
    tissue, chi = np.zeros(place.shape[1:], np.uint8), np.full(place.shape[1:], AROUND, np.float32)

    def put(label, shape, side, scale):
        centre, axes, value = shape
        part = sum(((place[k] - centre[k] * (side if k == 0 else 1)) / (axes[k] * scale)) ** 2 for k in range(3)) < 1
        tissue[part], chi[part] = label, value

    for side in (-1, 1):
        put(9, VENTRICLE, side, (1 + 3 * loss) ** (1 / 3))
    for label, name in list(NAMES.items())[:8]:
        put(label, NUCLEI[name.rpartition("_")[0]], -1 if name.endswith("left") else 1, (1 - loss) ** (1 / 3))
    if blur:
        chi = gaussian_filter(chi, blur / np.sqrt(8 * np.log(2)) * FINE / VOXEL, mode="nearest")
    labels = np.argmax([_averaged(tissue == label) for label in range(10)], axis=0)
    true = {name: float((tissue == label).sum() * (VOXEL / FINE) ** 3 / 1000) for label, name in NAMES.items()}
    return _averaged(chi) / 1000, labels, true


def _averaged(fine: np.ndarray) -> np.ndarray:
    """Return means over voxels."""
    shape = [n for size in fine.shape for n in (size // FINE, FINE)]
    return fine.reshape(shape).mean(axis=(1, 3, 5), dtype=np.float32)
