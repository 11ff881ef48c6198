"""What the images of all participants share: grids, the template without nuclei and ventricles, the dipole kernel."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from recohort.core.errors import InputError
from recohort.synthetic.nuclei import shapes
from recohort.synthetic.nuclei.warp import CENTRE_MM, Lattice
from recohort.synthetic.qsm import dipole
from recohort.synthetic.qsm.anatomy import b0_direction, oblique_affine
from recohort.synthetic.wml.fields import soft_step

WHITE_T1 = 0.84
"""T1-weighted signal of white matter beside the nuclei, in the unit of the template."""
BARE_MM = 1.0
"""How far around nuclei and ventricles the template is made white matter."""
SMALLEST_FIELD_OF_VIEW_MM = (140.0, 172.0, 148.0)
MAPS = {"gre": ("gm", "wm", "brain"), "t1": ("t1", "brain")}


@dataclass(frozen=True)
class Anatomy:
    """Grids, tissue of the template, kernel.

    Attributes
    ----------
    gre_affine, t1_affine : ndarray, shape (4, 4)
        Voxel indices to scanner mm.
    gre_shape, t1_shape : ndarray of int, shape (3,)
        Voxels.
    gre_maps : ndarray of float32, shape (3, x, y, z)
        Fractions ``gm, wm, brain`` of the template, averaged over a GRE voxel.
    t1_maps : ndarray of float32, shape (2, x, y, z)
        T1-weighted signal and ``brain``, averaged over a T1w voxel.
    maps_origin : ndarray, shape (3,)
        mm of the first voxel of the maps.
    maps_mm : float
        Voxel of the maps.
    ventricles : ndarray of float32
        `shapes.ventricle_depth` in voxels of 1 mm.
    ventricles_origin : ndarray, shape (3,)
        mm of its first voxel.
    spectrum : ndarray of complex64
        Dipole kernel of the GRE grid, for `dipole.convolve`.
    oversampling : int
        Fine voxels per image voxel and axis in and around the nuclei.
    """

    gre_affine: np.ndarray
    t1_affine: np.ndarray
    gre_shape: np.ndarray
    t1_shape: np.ndarray
    gre_maps: np.ndarray
    t1_maps: np.ndarray
    maps_origin: np.ndarray
    maps_mm: float
    ventricles: np.ndarray
    ventricles_origin: np.ndarray
    spectrum: np.ndarray
    oversampling: int

    def lattice(self, grid: str) -> Lattice:
        """Return the lattice of ``gre`` or ``t1``."""
        return Lattice.of(getattr(self, f"{grid}_shape"), getattr(self, f"{grid}_affine"))

    def sample(self, grid: str, points) -> dict[str, np.ndarray]:
        """Return the maps of a grid at template points, mm, 0 outside of the template."""
        index = [(p - np.float32(o)) / np.float32(self.maps_mm) for p, o in zip(points, self.maps_origin, strict=True)]
        maps = zip(MAPS[grid], getattr(self, f"{grid}_maps"), strict=True)
        return {name: ndimage.map_coordinates(one, index, order=1, mode="constant") for name, one in maps}

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return the attributes as arrays, for ``numpy.savez(path, **arrays)``."""
        return {name: np.asarray(getattr(self, name)) for name in self.__dataclass_fields__}

    @classmethod
    def from_arrays(cls, arrays) -> "Anatomy":
        """Return an anatomy from the mapping that `to_arrays` gave, or from the open ``.npz`` file."""
        values = {name: arrays[name] for name in cls.__dataclass_fields__}
        values["oversampling"], values["maps_mm"] = int(values["oversampling"]), float(values["maps_mm"])
        return cls(**values)


def load_template() -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return ``t1, gm, wm, brain`` of the MNI152 template of nilearn, voxels of 1 mm, and mm of the first voxel."""
    from nilearn import datasets

    loaders = {
        "t1": datasets.load_mni152_template,
        "gm": datasets.load_mni152_gm_template,
        "wm": datasets.load_mni152_wm_template,
        "brain": datasets.load_mni152_brain_mask,
    }
    images = {name: load(resolution=1) for name, load in loaders.items()}
    maps = {name: image.get_fdata(dtype=np.float32) for name, image in images.items()}
    return maps, images["t1"].affine[:3, 3]


def bare(maps: dict[str, np.ndarray], origin: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Return the template with white matter in place of nuclei and lateral ventricles, and where the ventricles were.

    Parameters
    ----------
    maps : dict of str to ndarray, shape (x, y, z)
        ``t1, gm, wm, brain`` in voxels of 1 mm.
    origin : ndarray, shape (3,)
        mm of the first voxel.

    Returns
    -------
    maps : dict
        The same, bare.
    ventricles : ndarray
        `shapes.ventricle_depth` in `shapes.DEEP_BOX`.
    ventricles_origin : ndarray, shape (3,)
        mm of its first voxel.
    """
    low, high = np.array(shapes.DEEP_BOX).T
    box = tuple(slice(int(a - o), int(b - o) + 1) for a, b, o in zip(low, high, origin, strict=True))
    axes = np.ix_(*[np.arange(a, b + 1, dtype=np.float32) for a, b in zip(low, high, strict=True)])
    fluid = (1 - maps["gm"] - maps["wm"])[box] * (maps["brain"][box] > 0)
    ventricles = shapes.ventricle_depth(fluid, axes)
    deepest = np.max(list(shapes.depths(np.broadcast_arrays(*axes), ventricles).own.values()), axis=0)
    zone = soft_step(deepest + BARE_MM, 1.0).astype(np.float32)
    made = {name: one.copy() for name, one in maps.items()}
    for name, value in (("t1", WHITE_T1), ("gm", 0.0), ("wm", 1.0)):
        made[name][box] += zone * (np.float32(value) - made[name][box])
    return made, ventricles, low.astype(float)


def _grid(shape, voxel_size_mm, obliquity_deg: float) -> tuple[np.ndarray, np.ndarray]:
    """Return matrix and affine of an image grid around the middle of the brain, after a look at its size."""
    extent = np.asarray(shape) * np.asarray(voxel_size_mm)
    if (extent < SMALLEST_FIELD_OF_VIEW_MM).any():
        raise InputError(
            f"synthetic anatomy: found a field of view of {extent.tolist()} mm, "
            f"expected {list(SMALLEST_FIELD_OF_VIEW_MM)} mm or more"
        )
    affine = oblique_affine(matrix=shape, voxel_size_mm=voxel_size_mm, obliquity_deg=obliquity_deg)
    affine[:3, 3] += CENTRE_MM
    return np.asarray(shape, int), affine


def build_anatomy(
    *, gre_matrix, gre_voxel_mm, t1_matrix, t1_voxel_mm, oversampling: int, obliquity_deg: float
) -> Anatomy:
    """Return the anatomy of a study.

    Parameters
    ----------
    gre_matrix, t1_matrix : sequence of 3 int
        Voxels.
    gre_voxel_mm, t1_voxel_mm : sequence of 3 float
        Edges of a voxel, mm.
    oversampling : int
        Fine voxels per image voxel and axis in and around the nuclei.
    obliquity_deg : float
        Rotation of the gradient echo image about x, degrees.

    Raises
    ------
    InputError
        A field of view is too small for a head.
    """
    gre_shape, gre_affine = _grid(gre_matrix, gre_voxel_mm, obliquity_deg)
    t1_shape, t1_affine = _grid(t1_matrix, t1_voxel_mm, 0.0)
    maps, ventricles, ventricles_origin = bare(*(template := load_template()))
    step = 2 if min(*gre_voxel_mm, *t1_voxel_mm) >= 2 else 1
    averaged = {
        grid: np.stack([ndimage.uniform_filter(maps[name], voxel)[::step, ::step, ::step] for name in names])
        for (grid, names), voxel in zip(MAPS.items(), (gre_voxel_mm, t1_voxel_mm), strict=True)
    }
    shape = tuple(gre_shape.tolist())
    return Anatomy(
        gre_affine=gre_affine,
        t1_affine=t1_affine,
        gre_shape=gre_shape,
        t1_shape=t1_shape,
        gre_maps=averaged["gre"],
        t1_maps=averaged["t1"],
        maps_origin=template[1],
        maps_mm=float(step),
        ventricles=ventricles,
        ventricles_origin=ventricles_origin,
        spectrum=dipole.kernel_spectrum(
            shape, shape, (0, 0, 0), voxel_size_mm=gre_voxel_mm, b0_direction=b0_direction(gre_affine)
        ),
        oversampling=int(oversampling),
    )
