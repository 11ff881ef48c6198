"""The numerical head: shapes and tissues.

Coordinates are mm in a reference head of 144 x 180 x 144 mm: x to the right, y to the front, z to the top, origin in
the middle. Shapes stand for anatomy, they do not reproduce it: sizes and places are rounded and assumed. Brain,
brainstem and spinal cord lie in cerebrospinal fluid, and bone and soft tissue part the fluid from the air cavities.
Susceptibilities are rounded, of the order reported for normal adults at 3 T [1]_, relative to parenchyma; their
spread, the relaxation rates and the signals are assumed.

References
----------
.. [1] Li W, Wu B, Liu C. NeuroImage 2011;55:1645. doi:10.1016/j.neuroimage.2010.11.088
"""

from typing import NamedTuple

import numpy as np

REFERENCE_EXTENT_MM = (144.0, 180.0, 144.0)


class Tissue(NamedTuple):
    """Signal at TE = 0 (1 = parenchyma), R2* (1/s), and mean and SD over subjects of the susceptibility (ppm)."""

    signal: float
    r2star: float
    susceptibility: float
    spread: float


class Ellipsoid(NamedTuple):
    """Centre and half axes, mm; `paired` adds its mirror image in x."""

    centre: tuple[float, float, float]
    half_axes: tuple[float, float, float]
    paired: bool = False


class Cylinder(NamedTuple):
    """Ends of the axis and radius, mm."""

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    radius: float


TISSUES = {
    "air": Tissue(0.0, 0.0, 0.0, 0.0),
    "head": Tissue(0.3, 40.0, 0.0, 0.0),
    "brain": Tissue(1.0, 18.0, 0.0, 0.0),
    "csf": Tissue(0.8, 2.0, 0.015, 0.005),
    "caudate": Tissue(1.0, 28.0, 0.045, 0.012),
    "putamen": Tissue(1.0, 32.0, 0.050, 0.015),
    "pallidum": Tissue(0.9, 45.0, 0.120, 0.025),
    "thalamus": Tissue(1.0, 22.0, 0.010, 0.008),
    "brainstem": Tissue(1.0, 18.0, 0.0, 0.0),
    "red_nucleus": Tissue(0.95, 38.0, 0.090, 0.020),
    "substantia_nigra": Tissue(0.95, 40.0, 0.110, 0.025),
    "dentate": Tissue(0.95, 35.0, 0.090, 0.020),
    "vessel": Tissue(0.7, 45.0, 0.300, 0.040),
}
LABELS = {name: index for index, name in enumerate(TISSUES)}
SOURCES = tuple(name for name, tissue in TISSUES.items() if tissue.susceptibility)

HEAD = (Ellipsoid((0, 0, 0), (74, 92, 84)), Ellipsoid((0, -36, -44), (64, 50, 60)))  # skull; occiput and neck
SKULL_BASE = Ellipsoid((0, 20, -40), (24, 26, 38))
BRAIN = (Ellipsoid((0, 0, 14), (64, 80, 52)), Ellipsoid((0, -44, -34), (48, 32, 24)))
BRAINSTEM = {
    "midbrain": Ellipsoid((0, -10, -14), (16, 11, 12)),
    "pons": Ellipsoid((0, -12, -32), (17, 13, 16)),
    "medulla": Ellipsoid((0, -16, -52), (10, 9, 14)),
}
CSF_LAYER_MM = 5.0  # fluid around every part of brain and brainstem, in front of the pons the prepontine cistern
CORD = Cylinder((0, -17, -55), (0, -18, -90), 7.0)  # continues the medulla
THECAL_SAC = Cylinder(CORD.start, CORD.end, 12.0)  # its fluid
STRUCTURES = (
    ("csf", Ellipsoid((12, -5, 30), (6, 28, 9), True)),
    ("caudate", Ellipsoid((17, 18, 28), (5, 12, 8), True)),
    ("putamen", Ellipsoid((27, 6, 18), (5, 14, 9), True)),
    ("pallidum", Ellipsoid((20, 2, 16), (4.5, 9, 6), True)),
    ("thalamus", Ellipsoid((11, -12, 18), (8, 13, 9), True)),
    *(("brainstem", part) for part in BRAINSTEM.values()),
    ("red_nucleus", Ellipsoid((5, -12, -12), (3.2, 3.2, 3.2), True)),
    ("substantia_nigra", Ellipsoid((9, -6, -14), (4.5, 5.5, 3), True)),
    ("dentate", Ellipsoid((14, -46, -32), (8, 6, 5), True)),
    ("vessel", Cylinder((0, -30, 22), (0, -62, 34), 2.0)),
    ("vessel", Cylinder((32, -40, 42), (10, -22, 60), 1.8)),
    ("vessel", Cylinder((-30, 22, 44), (-14, 6, 34), 1.8)),
    ("vessel", Cylinder((24, -2, -2), (12, -30, 12), 1.6)),
)
CAVITIES = {  # spheres of air: centre and radius
    "frontal_sinus": ((0, 75, -31), 8.0),
    "sphenoid_sinus": ((0, 23, -36), 12.0),
    "mastoid_right": ((51, -12, -41), 9.0),
    "mastoid_left": ((-51, -12, -41), 9.0),
}


def within(shape, coordinates) -> np.ndarray:
    """Return the points of an open grid that lie in a shape.

    Parameters
    ----------
    shape : Ellipsoid or Cylinder
        The shape, mm of the reference head.
    coordinates : sequence of 3 ndarrays
        Open grid of points, mm of the reference head.
    """
    if isinstance(shape, Cylinder):
        start, axis = np.array(shape.start, float), np.subtract(shape.end, shape.start)
        offset = [x - c for x, c in zip(coordinates, start, strict=True)]
        along = sum(x * a for x, a in zip(offset, axis, strict=True)) / (axis @ axis)
        distance = sum((x - along * a) ** 2 for x, a in zip(offset, axis, strict=True))
        return (distance <= shape.radius**2) & (along >= 0) & (along <= 1)
    x, y, z = coordinates
    (a, b, c), (p, q, r) = shape.centre, shape.half_axes
    rest = ((y - b) / q) ** 2 + ((z - c) / r) ** 2
    inside = ((x - a) / p) ** 2 + rest <= 1
    return inside | (((x + a) / p) ** 2 + rest <= 1) if shape.paired else inside


def enlarged(shape: Ellipsoid, margin_mm: float) -> Ellipsoid:
    """Return an ellipsoid whose half axes are longer by a margin, mm, or shorter where that is negative."""
    return shape._replace(half_axes=tuple(axis + margin_mm for axis in shape.half_axes))


def within_brain(coordinates, *, margin_mm: float) -> np.ndarray:
    """Return the points of an open grid that lie in cerebrum or cerebellum, with a margin around them.

    Parameters
    ----------
    coordinates : sequence of 3 ndarrays
        Open grid of points, mm of the reference head.
    margin_mm : float
        What is added to the half axes, and taken from those of the notch of the skull base, mm.
    """
    cerebrum, cerebellum = (within(enlarged(part, margin_mm), coordinates) for part in BRAIN)
    return (cerebrum & ~within(enlarged(SKULL_BASE, -margin_mm), coordinates)) | cerebellum


def paint(coordinates) -> np.ndarray:
    """Return the label of every point of an open grid.

    Painted over one another are head, fluid, brain and cord, the structures in the order of their table, and air.

    Parameters
    ----------
    coordinates : sequence of 3 ndarrays
        Open grid of points, mm of the reference head.

    Returns
    -------
    ndarray of uint8
        Values of `LABELS`.
    """
    labels = np.full(np.broadcast_shapes(*[x.shape for x in coordinates]), LABELS["air"], dtype=np.uint8)
    for part in HEAD:
        labels[within(part, coordinates)] = LABELS["head"]
    labels[within_brain(coordinates, margin_mm=CSF_LAYER_MM)] = LABELS["csf"]
    for part in (*(enlarged(part, CSF_LAYER_MM) for part in BRAINSTEM.values()), THECAL_SAC):
        labels[within(part, coordinates)] = LABELS["csf"]
    labels[within_brain(coordinates, margin_mm=0.0)] = LABELS["brain"]
    labels[within(CORD, coordinates)] = LABELS["brain"]
    for name, shape in STRUCTURES:
        labels[within(shape, coordinates)] = LABELS[name]
    for centre, radius in CAVITIES.values():
        labels[within(Ellipsoid(centre, (radius,) * 3), coordinates)] = LABELS["air"]
    return labels
