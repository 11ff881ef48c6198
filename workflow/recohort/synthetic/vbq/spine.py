"""The shape of a lumbar spine: where each vertebra lies, how it is tilted, and where the canal runs."""

from dataclasses import dataclass, replace

import numpy as np

ABOVE = ("S2", "S1", "L5", "L4", "L3", "L2", "L1", "T12", "T11", "T10")
"""From the sacrum upwards."""
TILT_DEG = {"S2": 46, "S1": 34, "L5": 20, "L4": 8, "L3": 0, "L2": -5, "L1": -9, "T12": -11, "T11": -11, "T10": -10}
"""Of a vertebra's long axis, forwards, in a spine of average lordosis."""
HEIGHT_MM = {
    "S2": 24,
    "S1": 28,
    "L5": 27,
    "L4": 27.5,
    "L3": 27.5,
    "L2": 27,
    "L1": 26.5,
    "T12": 25,
    "T11": 23,
    "T10": 22,
}
DEPTH_MM = {"S2": 22, "S1": 31, "L5": 35, "L4": 35, "L3": 34, "L2": 33, "L1": 32, "T12": 31, "T11": 30, "T10": 29}
WIDTH_MM = {"S2": 46, "S1": 52, "L5": 51, "L4": 49, "L3": 47, "L2": 44, "L1": 42, "T12": 41, "T11": 39, "T10": 37}
DISC_MM = {"S1": 2.0, "L5": 9.0, "L4": 10.5, "L3": 10.0, "L2": 9.0, "L1": 8.0, "T12": 6.5, "T11": 5.5, "T10": 5.0}
"""Thickness of the disc below a vertebra."""
CANAL_GAP_MM = 9.5
"""From the back of a vertebral body to the middle of the dural sac."""


@dataclass(frozen=True)
class Block:
    """A vertebra or a disc: centre and axes in the sagittal plane, sizes.

    Attributes
    ----------
    name : str
        ``L1``; ``L1_L2`` for a disc.
    centre : ndarray, shape (2,)
        Forwards and upwards, mm.
    tilt : float
        Of the long axis, forwards, radians.
    height, depth, width : float
        mm. The height is that at the back.
    wedge : float
        Share of the height that is lost in front.
    """

    name: str
    centre: np.ndarray
    tilt: float
    height: float
    depth: float
    width: float
    wedge: float = 0.0

    @property
    def up(self) -> np.ndarray:
        """The long axis, a vector of length 1."""
        return np.array([np.sin(self.tilt), np.cos(self.tilt)])

    @property
    def forward(self) -> np.ndarray:
        """The axis across it, a vector of length 1."""
        return np.array([np.cos(self.tilt), -np.sin(self.tilt)])

    def point(self, forward_mm: float, up_mm: float) -> np.ndarray:
        """Return the point at these local coordinates, mm."""
        return self.centre + forward_mm * self.forward + up_mm * self.up


@dataclass(frozen=True)
class Spine:
    """Vertebrae and discs by name, and the middle of the dural sac.

    Attributes
    ----------
    vertebrae, discs : dict of str to Block
        From the sacrum upwards.
    canal : ndarray, shape (points, 2)
        Forwards and upwards, mm, upwards increasing.
    """

    vertebrae: dict[str, Block]
    discs: dict[str, Block]
    canal: np.ndarray


def build_spine(*, size: float, lordosis: float, wedges: dict[str, float], fused: bool, bottom_mm: float) -> Spine:
    """Stack vertebrae and discs from the sacrum upwards.

    Parameters
    ----------
    size : float
        Factor on all lengths.
    lordosis : float
        Factor on all tilts.
    wedges : dict of str to float
        Share of the height that a fractured vertebra lost in front; half of the angle passes on to the spine above.
    fused : bool
        L5 is one with the sacrum: a disc of a third of the thickness is between them.
    bottom_mm : float
        Height of the lower end of S2.
    """
    tilts, kyphosis = {}, 0.0
    for name in ABOVE:
        tilts[name] = np.radians(TILT_DEG[name] * lordosis) + kyphosis
        kyphosis += 0.5 * np.arctan(wedges.get(name, 0.0) * HEIGHT_MM[name] / DEPTH_MM[name])
    vertebrae, discs = {}, {}
    point, below = np.array([0.0, bottom_mm]), None
    for name in ABOVE:
        depth, width, wedge = DEPTH_MM[name] * size, WIDTH_MM[name] * size, wedges.get(name, 0.0)
        if below:
            thickness = DISC_MM[name] * size * (1 / 3 if fused and below == "S1" else 1)
            disc = Block(f"{name}_{below}", point, (tilts[name] + tilts[below]) / 2, thickness, depth, width)
            discs[disc.name] = replace(disc, centre=disc.point(0, thickness / 2))
            point = disc.point(0, thickness)
        block = Block(name, point, tilts[name], HEIGHT_MM[name] * size, depth, width, wedge)
        vertebrae[name] = replace(block, centre=block.point(0, block.height / 2))
        point, below = block.point(0, block.height * (1 - wedge / 2)), name
    behind = [(block, -(block.depth / 2 + CANAL_GAP_MM * size)) for block in vertebrae.values()]
    middle = [block.point(back, share * block.height) for block, back in behind for share in (-0.25, 0.25)]
    canal = np.array([middle[0] + [-40, -40], *middle, middle[-1] + [0, 60]])
    return Spine(vertebrae, discs, _smoothed(canal))


def _smoothed(points: np.ndarray) -> np.ndarray:
    """Return the path at every millimetre of height, smoothed over 25 mm."""
    points = points[np.argsort(points[:, 1])]
    up = np.arange(points[0, 1], points[-1, 1], 1.0)
    forward = np.interp(up, points[:, 1], points[:, 0])
    padded = np.pad(forward, 12, mode="edge")
    return np.column_stack([np.convolve(padded, np.full(25, 1 / 25), mode="valid"), up])
