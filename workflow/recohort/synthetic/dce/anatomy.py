"""A short piece of spine: which tissue fills each voxel, and where a metastasis of a given volume grows."""

import numpy as np

from recohort.core.errors import InputError

PITCH_MM, DISC_MM = 36.0, 8.0
"""From vertebra to vertebra; thickness of a disc."""
BODY_MM = (23.0, 16.0)
"""Radii of a vertebral body sideways and front to back; its middle is the origin."""
CANAL_MM = {"behind": 25.0, "radius": 8.0}
AORTA_MM = {"ahead": 29.0, "left": 7.0, "radius": 10.0}
SPREAD_MM = (19.0, 14.5, 13.0)
"""Along these lengths a tumour grows evenly."""
BACK_MM = 46.0
"""From the middle of a body to where muscle ends behind."""
FAT_MM = 12.0
TISSUES = ("air", "fat", "muscle", "marrow", "disc", "fluid", "aorta", "tumour")
N_WAVES = 24


class Waves:
    """A random texture of mean 0 and SD 1 that can be asked for at any point: a sum of plane waves.

    Parameters
    ----------
    length_mm : float
        Wavelengths are from this to three times as long.
    rng : numpy.random.Generator
        Source of randomness.
    """

    def __init__(self, length_mm: float, rng: np.random.Generator):
        directions = rng.standard_normal((N_WAVES, 3))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        lengths = length_mm * rng.uniform(1, 3, N_WAVES)
        self.vectors = 2 * np.pi * directions / lengths[:, None]
        self.phases = rng.uniform(0, 2 * np.pi, N_WAVES)

    def at(self, points: np.ndarray) -> np.ndarray:
        """Return the texture at points, shape (..., 3), mm."""
        return np.sqrt(2 / N_WAVES) * np.cos(points @ self.vectors.T + self.phases).sum(axis=-1)


def grid_points(matrix, edges, offset) -> np.ndarray:
    """Return the coordinates of voxels in the patient, shape (forwards, upwards, sideways, 3), as (x, y, z), mm.

    Parameters
    ----------
    matrix, edges : sequence of 3
        Voxels, and their edges, mm, forwards, upwards and sideways.
    offset : sequence of 3 float
        Where the middle of the image lies in the patient: sideways, forwards, upwards, mm.
    """
    y, z, x = [(np.arange(n) - (n - 1) / 2) * edge for n, edge in zip(matrix, edges, strict=True)]
    grid = np.meshgrid(y + offset[1], z + offset[2], x + offset[0], indexing="ij")
    return np.stack([grid[2], grid[0], grid[1]], axis=-1)


def normal_tissues(points: np.ndarray) -> np.ndarray:
    """Return the index in `TISSUES` at each point of a spine without tumour; every fourth vertebra's middle is 0."""
    x, y, z = np.moveaxis(points, -1, 0)
    tissue = np.full(x.shape, TISSUES.index("muscle"))
    tissue[(y > BODY_MM[1] + 2) | ((np.abs(x) < 4) & (y < -CANAL_MM["behind"] - 8))] = TISSUES.index("fat")
    tissue[y < -BACK_MM] = TISSUES.index("fat")
    tissue[y < -BACK_MM - FAT_MM] = TISSUES.index("air")
    column = (x / BODY_MM[0]) ** 2 + (y / BODY_MM[1]) ** 2 < 1
    height = (z + PITCH_MM / 2) % PITCH_MM - PITCH_MM / 2
    marrow = np.abs(height) < (PITCH_MM - DISC_MM) / 2
    tissue[column] = np.where(marrow, TISSUES.index("marrow"), TISSUES.index("disc"))[column]
    spinous = (np.abs(x) < 4) & (y < -CANAL_MM["behind"] - 9) & (y > -BACK_MM + 2) & (np.abs(height + 8) < 8)
    tissue[spinous] = TISSUES.index("marrow")
    canal = (x / 1.3) ** 2 + (y + CANAL_MM["behind"]) ** 2 < CANAL_MM["radius"] ** 2
    tissue[canal] = TISSUES.index("fluid")
    aorta = (x + AORTA_MM["left"]) ** 2 + (y - AORTA_MM["ahead"]) ** 2 < AORTA_MM["radius"] ** 2
    tissue[aorta] = TISSUES.index("aorta")
    return tissue


def grow_tumour(points: np.ndarray, tissue: np.ndarray, *, voxels: int, centre, roughness: float, shape: Waves):
    """Return the mask of a tumour: those voxels that are nearest to its centre, in a metric with random bulges.

    Parameters
    ----------
    points : ndarray, shape (..., 3)
        Coordinates, mm.
    tissue : ndarray
        Of `normal_tissues`; a tumour spares fluid, aorta and air.
    voxels : int
        Its size.
    centre : sequence of 3 float
        mm.
    roughness : float
        How much the bulges change the distance, a share.
    shape : Waves
        The bulges, the same in each session.

    Raises
    ------
    InputError
        There is no room for so many voxels.
    """
    distance = np.linalg.norm((points - np.asarray(centre)) / SPREAD_MM, axis=-1) * np.exp(roughness * shape.at(points))
    spared = [TISSUES.index(name) for name in ("fluid", "aorta", "air")]
    distance[np.isin(tissue, spared)] = np.inf
    room = int(np.isfinite(distance).sum())
    if not 0 < voxels <= room:
        raise InputError(f"kinetics.volume_ml: found a tumour of {voxels} voxels, expected 1 to {room}")
    order = np.argsort(distance, axis=None, kind="stable")[:voxels]
    mask = np.zeros(distance.shape, bool)
    mask.flat[order] = True
    return mask
