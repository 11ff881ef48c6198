"""What the images of all subjects share: geometry, and the field of each structure at unit susceptibility."""

from dataclasses import asdict, dataclass

import numpy as np

from recohort.core.errors import InputError
from recohort.synthetic.qsm import dipole, phantom

SMALLEST_SCALE = 0.5


@dataclass(frozen=True)
class Anatomy:
    """Geometry and unit fields of a study.

    The fine grid has `oversampling` voxels of the image along each axis of every image voxel.

    Attributes
    ----------
    labels : ndarray of uint8, shape (x, y, z) of the fine grid
        Tissue of each fine voxel, values of `phantom.LABELS`.
    basis : ndarray of float32, shape (source, x, y, z) of the fine grid
        Relative field shift of each of `phantom.SOURCES` at unit susceptibility, dimensionless.
    cavity_field : ndarray of float32, shape (x, y, z) of the fine grid
        The same for all air cavities together.
    brain_mask : ndarray of uint8, shape (x, y, z) of the image grid
        1 where more than half of the voxel is brain or the fluid around it, as tools that extract the brain leave it.
    affine : ndarray, shape (4, 4)
        From image indices to scanner mm, x to the right, y to the front, z along B0.
    voxel_size_mm : ndarray, shape (3,)
        Image voxel, mm.
    oversampling : int
        Fine voxels per image voxel and axis.
    scale : float
        Size of the head relative to the reference head of `phantom`.
    stem_origin : ndarray of int, shape (3,)
        First fine voxel of the box around the brainstem.
    stem_shape : ndarray of int, shape (3,)
        Fine voxels of that box.
    stem_spectrum : ndarray of complex64
        Transform of the kernel from that box to the fine grid, for `dipole.convolve`.
    """

    labels: np.ndarray
    basis: np.ndarray
    cavity_field: np.ndarray
    brain_mask: np.ndarray
    affine: np.ndarray
    voxel_size_mm: np.ndarray
    oversampling: int
    scale: float
    stem_origin: np.ndarray
    stem_shape: np.ndarray
    stem_spectrum: np.ndarray

    @property
    def fine_voxel_mm(self) -> np.ndarray:
        """Edges of a fine voxel, mm, shape (3,)."""
        return self.voxel_size_mm / self.oversampling

    @property
    def stem_region(self) -> np.ndarray:
        """Brainstem in its box, where a lesion may lie: bool, shape `stem_shape`."""
        box = tuple(slice(o, o + n) for o, n in zip(self.stem_origin, self.stem_shape, strict=True))
        return self.labels[box] == phantom.LABELS["brainstem"]

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return the attributes as arrays, for ``numpy.savez(path, **arrays)``."""
        return {name: np.asarray(value) for name, value in asdict(self).items()}

    @classmethod
    def from_arrays(cls, arrays) -> "Anatomy":
        """Return an anatomy from the mapping that `to_arrays` gave, or from the open ``.npz`` file."""
        values = {name: arrays[name] for name in cls.__dataclass_fields__}
        values["oversampling"], values["scale"] = int(values["oversampling"]), float(values["scale"])
        return cls(**values)


def oblique_affine(*, matrix, voxel_size_mm, obliquity_deg: float) -> np.ndarray:
    """Return the affine of a grid centred in the scanner and rotated about x.

    Parameters
    ----------
    matrix : sequence of 3 int
        Image voxels.
    voxel_size_mm : sequence of 3 float
        Image voxel, mm.
    obliquity_deg : float
        Angle from the axes of the scanner, degrees.
    """
    angle = np.deg2rad(obliquity_deg)
    rotation = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    affine = np.eye(4)
    affine[:3, :3] = rotation * np.asarray(voxel_size_mm, float)
    affine[:3, 3] = -affine[:3, :3] @ (np.asarray(matrix) - 1) / 2
    return affine


def b0_direction(affine) -> np.ndarray:
    """Return the unit vector of B0, scanner z, in the axes of the array, shape (3,)."""
    axes = affine[:3, :3]
    return axes[2] / np.linalg.norm(axes, axis=0)


def block_mean(values, factor: int) -> np.ndarray:
    """Return the means of blocks of `factor` voxels along each of the three axes of an array."""
    if factor == 1:
        return values
    total = sum(
        values[i::factor, j::factor, k::factor] for i in range(factor) for j in range(factor) for k in range(factor)
    )
    return total / values.dtype.type(factor**3)


def build_anatomy(*, matrix, voxel_size_mm, oversampling: int, obliquity_deg: float) -> Anatomy:
    """Return the anatomy of a study.

    Parameters
    ----------
    matrix : sequence of 3 int
        Image voxels.
    voxel_size_mm : sequence of 3 float
        Image voxel, mm. The head is made to fit into ``matrix * voxel_size_mm``.
    oversampling : int
        Fine voxels per image voxel and axis.
    obliquity_deg : float
        Rotation of the image about x, degrees.

    Raises
    ------
    InputError
        When the field of view holds less than half of the reference head along some axis.
    """
    matrix, voxel_size_mm = np.asarray(matrix, int), np.asarray(voxel_size_mm, float)
    extent = matrix * voxel_size_mm
    scale = float(min(1.0, np.min(extent / phantom.REFERENCE_EXTENT_MM)))
    if scale < SMALLEST_SCALE:
        smallest = [SMALLEST_SCALE * reference for reference in phantom.REFERENCE_EXTENT_MM]
        raise InputError(
            f"synthetic anatomy: found a field of view of {extent.tolist()} mm, expected {smallest} mm or more"
        )
    shape, fine = tuple((matrix * oversampling).tolist()), voxel_size_mm / oversampling
    coordinates = np.ix_(*[(np.arange(n) - (n - 1) / 2) * edge for n, edge in zip(shape, fine, strict=True)])
    labels = phantom.paint([x / scale for x in coordinates])

    affine = oblique_affine(matrix=matrix, voxel_size_mm=voxel_size_mm, obliquity_deg=obliquity_deg)
    b0 = b0_direction(affine)
    spectrum = dipole.kernel_spectrum(shape, shape, (0, 0, 0), voxel_size_mm=fine, b0_direction=b0)
    basis = np.empty((len(phantom.SOURCES), *shape), dtype=np.float32)
    for field, name in zip(basis, phantom.SOURCES, strict=True):
        source = labels == phantom.LABELS[name]
        field[...] = dipole.convolve(source, spectrum=spectrum, target_shape=shape)
    del spectrum
    cavity_field = np.zeros(shape, dtype=np.float32)
    for centre, radius in phantom.CAVITIES.values():
        centre_mm, radius_mm = np.multiply(centre, scale), radius * scale
        cavity_field += dipole.sphere_field(coordinates, centre_mm=centre_mm, radius_mm=radius_mm, b0_direction=b0)

    where = np.nonzero(labels == phantom.LABELS["brainstem"])
    origin = np.array([index.min() for index in where])
    stem_shape = np.array([index.max() + 1 for index in where]) - origin
    brain = (labels >= phantom.LABELS["brain"]).astype(np.float32)
    return Anatomy(
        labels=labels,
        basis=basis,
        cavity_field=cavity_field,
        brain_mask=(block_mean(brain, oversampling) > 0.5).astype(np.uint8),
        affine=affine,
        voxel_size_mm=voxel_size_mm,
        oversampling=oversampling,
        scale=scale,
        stem_origin=origin,
        stem_shape=stem_shape,
        stem_spectrum=dipole.kernel_spectrum(
            shape, tuple(stem_shape.tolist()), origin, voxel_size_mm=fine, b0_direction=b0
        ),
    )
