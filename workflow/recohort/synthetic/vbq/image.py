"""A simulated sagittal T1-weighted image of a lumbar spine whose marrow has a known signal beside that of the CSF."""

import numpy as np
from scipy import ndimage

from recohort.core.errors import Findings
from recohort.synthetic.vbq.spine import CANAL_GAP_MM, Block, Spine, build_spine
from recohort.synthetic.wml.fields import SmoothField, soft_step, tube_depth

CORTEX_MM = 1.0
CONCAVE_MM = 1.5
"""Depth of the hollow of an endplate."""
INSIDE_MM = 2.5
"""Deeper than this below the surface of a body its marrow counts in the median that is the level's."""
SAC_MM = {"depth": 7.5, "width": 10.0}
"""Radii of the dural sac."""
CORD_MM = {"depth": 4.0, "width": 5.0}
FAT_MM = {"thinnest": 6.0, "at_bmi": 18.0, "per_bmi": 1.1, "thickest": 36.0}
"""Subcutaneous fat over the body mass index."""


def simulate_spine(
    anatomy: dict, spines: dict, rng: np.random.Generator, *, bmi: float, signals: dict, fractured, defect: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict]:
    """Simulate one image.

    Parameters
    ----------
    anatomy : dict
        ``matrix`` (slices, forwards, upwards), ``voxel_size_mm`` likewise, ``sublayers``, ``labels`` (name to number).
    spines : dict
        Ranges of the spines and of their images: the section of a synthetic cohort, complete.
    rng : numpy.random.Generator
        Source of randomness.
    bmi : float
        kg/m2.
    signals : dict of str to float
        Marrow of T11 to L5 in units of the CSF's signal.
    fractured : sequence of str
        Levels that are wedged.
    defect : str
        ``none``, ``stenosis`` (no CSF at L3) or ``transitional`` (L5 is one with the sacrum).

    Returns
    -------
    image : ndarray of int16, shape (forwards reversed, upwards, slices)
        Axes point backwards, upwards and to the left.
    labels : ndarray of uint8, same shape
        Whole vertebrae, discs, canal and cord, numbered by ``anatomy["labels"]``: what fills most of a voxel.
    affine : ndarray, shape (4, 4)
        Voxel indices to millimetres.
    known : dict
        ``csf_signal`` and ``bias`` (largest over smallest factor of the bias field, within the body).

    Raises
    ------
    InputError
        A range has its ends in the wrong order.
    """
    check_ranges(spines)
    drawn = {name: float(rng.uniform(*value)) for name, value in spines.items()}
    wedges = {name: float(rng.uniform(*spines["wedge"])) for name in fractured}
    spine = build_spine(
        size=drawn["size"],
        lordosis=drawn["lordosis"],
        wedges=wedges,
        fused=defect == "transitional",
        bottom_mm=drawn["bottom_mm"],
    )
    canvas = Canvas(anatomy, spine, drawn)
    skin = _paint_background(canvas, bmi, rng)
    _paint_canal(canvas, defect == "stenosis", rng)
    texture = 1 + drawn["texture"] * canvas.field([8, 6, 6], rng)
    numbers = {name.upper(): number for name, number in anatomy["labels"].items()}
    sacral = {"S1", "S2"} | ({"L5"} if defect == "transitional" else set())
    for name, disc in spine.discs.items():
        canvas.paint_disc(disc, 0 if set(name.split("_")) <= sacral else numbers.get(f"DISC_{name}", 0))
    neighbours = {"T10": "T11", "S1": "L5", "S2": "L5"}
    for name, block in spine.vertebrae.items():
        number = numbers["SACRUM"] if name in sacral else numbers[name]
        signal = signals[neighbours.get(name, name)] * drawn["csf_signal"]
        canvas.paint_vertebra(block, signal, number, texture, drawn["fracture_band"] if name in fractured else 1.0)
    image = canvas.averaged()
    for axis in (1, 2) if drawn["blur_mm"] else ():
        image = ndimage.gaussian_filter1d(image, drawn["blur_mm"] / canvas.edges[axis], axis=axis)
    bias = _bias(canvas, drawn["bias"], rng)
    factors = np.percentile(bias[skin], [0.5, 99.5])
    noise = [
        drawn["noise"] * drawn["csf_signal"] * rng.standard_normal(image.shape, dtype=np.float32) for _ in range(2)
    ]
    measured = np.hypot(image * bias + noise[0], noise[1])
    known = {"csf_signal": drawn["csf_signal"], "bias": float(factors[1] / factors[0])}
    return _stored(np.rint(measured).astype(np.int16)), _stored(canvas.majority()), canvas.affine(), known


def check_ranges(spines: dict) -> None:
    """Raise one `InputError` with a sentence per range whose ends are in the wrong order."""
    findings = Findings()
    for name, (low, high) in spines.items():
        if low > high:
            findings.add(f"spines.{name}: found {[low, high]}, expected the smaller number first")
    findings.raise_if_any()


def _stored(array: np.ndarray) -> np.ndarray:
    """Return slices, forwards, upwards as backwards, upwards, leftwards, as scanners store sagittal slices."""
    return np.ascontiguousarray(array[::-1, ::-1].transpose(1, 2, 0))


class Canvas:
    """Signal and labels at points, several sublayers to a slice; structures are painted one over the other.

    Parameters
    ----------
    anatomy : dict
        As in `simulate_spine`.
    spine : Spine
        What is painted.
    drawn : dict
        Numbers drawn for this patient.
    """

    def __init__(self, anatomy: dict, spine: Spine, drawn: dict):
        self.matrix = [int(n) for n in anatomy["matrix"]]
        self.edges = [float(edge) for edge in anatomy["voxel_size_mm"]]
        self.sublayers = int(anatomy["sublayers"])
        self.numbers, self.drawn, self.spine = anatomy["labels"], drawn, spine
        counts = [self.matrix[0] * self.sublayers, *self.matrix[1:]]
        steps = [self.edges[0] / self.sublayers, *self.edges[1:]]
        self.axes = [
            ((np.arange(n) - (n - 1) / 2) * step).astype(np.float32) for n, step in zip(counts, steps, strict=True)
        ]
        self.forward_mm = -float(np.mean([block.centre[0] for block in spine.vertebrae.values()])) + drawn["forward_mm"]
        self.signal = np.zeros(counts, np.float32)
        self.label = np.zeros(counts, np.uint8)
        path, upwards = spine.canal[:, 0] + self.forward_mm, spine.canal[:, 1]
        self.canal = np.interp(self.axes[2], upwards, path).astype(np.float32)
        slope = np.interp(self.axes[2], upwards, np.gradient(path, upwards))
        self.perpendicular = np.cos(np.arctan(slope)).astype(np.float32)
        self.aside = self.sideways(self.axes[2])

    def sideways(self, up):
        """Return how far the spine lies to the right of the middle at a height, mm."""
        return self.drawn["scoliosis_mm"] * np.sin(
            np.pi * np.asarray(up, np.float32) / 140 + self.drawn["scoliosis_phase"]
        )

    def slices(self) -> np.ndarray:
        """Return the coordinates of the middles of the slices, mm."""
        return self.axes[0].reshape(self.matrix[0], self.sublayers).mean(axis=1)

    def field(self, spacing_mm, rng: np.random.Generator) -> np.ndarray:
        """Return a smooth random field, one layer per slice, shape (slices, forwards, upwards)."""
        axes = [self.slices(), *self.axes[1:]]
        everything = slice(None)
        return np.moveaxis(SmoothField(axes, spacing_mm, rng).layers(everything, everything, everything), 0, 2)

    def box(self, centre, reach_mm: float, aside_mm: float) -> tuple[slice, slice, slice]:
        """Return the points within a distance of a centre in the sagittal plane, and of the middle sideways."""
        middle = [float(self.sideways(centre[1])), centre[0] + self.forward_mm, centre[1]]
        found = []
        for axis, at, reach in zip(self.axes, middle, [aside_mm, reach_mm, reach_mm], strict=True):
            found.append(slice(*np.searchsorted(axis, [at - reach, at + reach])))
        return tuple(found)

    def local(self, box, block: Block) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return rightwards, forwards and upwards coordinates of points about a block, mm; they broadcast."""
        x, y, z = (axis[part] for axis, part in zip(self.axes, box, strict=True))
        dy = y[:, None] - np.float32(block.centre[0] + self.forward_mm)
        dz = z[None, :] - np.float32(block.centre[1])
        (fy, fz), (uy, uz) = block.forward.astype(np.float32), block.up.astype(np.float32)
        right = (x - np.float32(self.sideways(block.centre[1])))[:, None, None]
        return right, (dy * fy + dz * fz)[None], (dy * uy + dz * uz)[None]

    def paint(self, box, depth: np.ndarray, signal, number: int | None = None) -> None:
        """Paint what lies inside a surface, its edge as wide as a voxel; None leaves the label as it is."""
        share = soft_step(depth, np.float32(self.edges[1]))
        old = self.signal[box]
        old += share * (signal - old)
        if number is not None:
            self.label[box][depth > 0] = number

    def paint_disc(self, disc: Block, number: int) -> None:
        """Paint a disc; thicker than it is, as the vertebrae are painted over it."""
        box = self.box(disc.centre, disc.depth / 2 + 4, disc.width / 2 + 2)
        right, forward, up = self.local(box, disc)
        radial = _round(right, forward, disc)
        bulge = disc.height / 2 + 2 * CONCAVE_MM + 2
        csf = self.drawn["csf_signal"]
        self.paint(box, np.minimum(radial, bulge - np.abs(up)), self.drawn["disc"] * csf, number)

    def paint_vertebra(self, block: Block, marrow: float, number: int, texture: np.ndarray, band: float) -> None:
        """Paint cortex and marrow of a vertebra, its posterior elements first.

        The median of the marrow deeper than `INSIDE_MM` is `marrow`.
        """
        cortex = self.drawn["cortex"] * self.drawn["csf_signal"]
        if block.name not in ("S1", "S2"):
            self._paint_posterior(block, marrow, cortex, number)
        box = self.box(block.centre, np.hypot(block.depth, block.height) / 2 + 1, block.width / 2 + 1)
        depth, below_top = _body_depth(*self.local(box, block), block)
        layers = (np.arange(box[0].start, box[0].stop) // self.sublayers, *box[1:])
        pattern = texture[layers[0]][:, box[1], box[2]]
        if band != 1:
            pattern = pattern * (1 - (1 - band) * np.exp(-(((below_top - 5) / 3) ** 2)))
        inside = depth > INSIDE_MM
        if inside.any():
            pattern = pattern * (marrow / np.median(pattern[inside]))
        self.paint(box, depth, cortex, number)
        self.paint(box, depth - CORTEX_MM, pattern)

    def _paint_posterior(self, block: Block, marrow: float, cortex: float, number: int) -> None:
        size, back = self.drawn["size"], -block.depth / 2
        centre = block.point(back - 22 * size, -4 * size)
        box = self.box(centre, 38 * size, 26 * size)
        right, forward, up = self.local(box, block)
        aside = np.abs(right)

        def tube(start, end, radius, flat=1.0):
            points = [aside * flat, (forward - back) / size, up / size]
            return tube_depth(
                [points[0] / size, *points[1:]], start=start, end=end, radius_start=radius, radius_end=radius
            )

        depth = tube([13.0, 3, 6], [14, -14, 5], 4.2)
        for part in (
            tube([17.0, -15, 13], [16, -18, -17], 5.5),
            tube([14.0, -18, 0], [0, -25, -8], 3.2),
            tube([0.0, -26, -7], [0, -46, -13], 8.0, flat=2.4),
        ):
            np.maximum(depth, part, out=depth)
        depth *= np.float32(size)
        self.paint(box, depth, np.float32(cortex), number)
        self.paint(box, depth - CORTEX_MM, np.float32(marrow))

    def averaged(self) -> np.ndarray:
        """Return the signal of voxels."""
        return self.signal.reshape(self.matrix[0], self.sublayers, *self.matrix[1:]).mean(axis=1)

    def majority(self) -> np.ndarray:
        """Return the label that most sublayers of a voxel have; of equals, that of the one nearest to its middle."""
        layers = self.label.reshape(self.matrix[0], self.sublayers, *self.matrix[1:])
        order = sorted(range(self.sublayers), key=lambda index: abs(index - (self.sublayers - 1) / 2))
        best, most = None, None
        for one in order:
            count = sum((layers[:, other] == layers[:, one]).astype(np.uint8) for other in range(self.sublayers))
            if best is None:
                best, most = layers[:, one].copy(), count
                continue
            better = count > most
            best[better], most[better] = layers[:, one][better], count[better]
        return best

    def affine(self) -> np.ndarray:
        """Return voxel indices to millimetres for axes that point backwards, upwards and to the left."""
        affine = np.zeros((4, 4))
        affine[1, 0], affine[2, 1], affine[0, 2] = -self.edges[1], self.edges[2], -self.edges[0]
        last = [(self.matrix[axis] - 1) / 2 * self.edges[axis] for axis in range(3)]
        affine[:3, 3] = [last[0], last[1], -last[2]]
        affine[3, 3] = 1
        return affine


def _round(right, forward, block: Block) -> np.ndarray:
    """Return the distance to the wall of a block, mm, positive inside; its outline is a superellipse."""
    norm = np.abs(right / (block.width / 2)) ** 2.5 + np.abs(forward / (block.depth / 2)) ** 2.5
    return (1 - norm**0.4) * np.float32(block.depth / 2)


def _body_depth(right, forward, up, block: Block) -> tuple[np.ndarray, np.ndarray]:
    """Return the distance to the surface of a vertebral body, mm, positive inside, and that to its upper endplate."""
    radial = _round(right, forward, block)
    hollow = CONCAVE_MM * np.clip(radial / (block.depth / 2), 0, 1)
    lost = block.wedge * block.height * np.clip(forward / block.depth + 0.5, 0, 1)
    below_top = block.height / 2 - lost - up - hollow
    above_bottom = up + block.height / 2 - hollow
    return np.minimum(radial, np.minimum(below_top, above_bottom)), below_top


def _paint_background(canvas: Canvas, bmi: float, rng: np.random.Generator) -> np.ndarray:
    """Paint what surrounds the spine, one layer per slice; return where the body is."""
    drawn, csf = canvas.drawn, canvas.drawn["csf_signal"]
    fat, muscle, vessel = (drawn[name] * csf for name in ("fat", "muscle", "vessel"))
    x = canvas.slices()[:, None, None]
    y, z = canvas.axes[1][None, :, None], canvas.axes[2][None, None, :]
    ahead = y - canvas.canal[None, None, :]
    column = CANAL_GAP_MM * drawn["size"] + 38
    bowel, streaks = canvas.field([25, 18, 18], rng), canvas.field([12, 7, 20], rng)
    image = muscle * (1 + 0.06 * streaks) + (fat - muscle) * np.clip(streaks - 1.1, 0, 1) * 0.7
    midline = soft_step(5 - np.abs(x - canvas.aside), 4) * soft_step(-ahead - 8, 4)
    image += midline * (0.55 * fat - image)
    abdomen = soft_step(ahead - column, 3)
    image += abdomen * (fat * 0.85 - (fat - muscle) * 0.9 * np.clip(bowel + 0.4, 0, 1) - image)
    for aside, radius, lowest in ((-11, 9, canvas.spine.vertebrae["L4"].centre[1]), (14, 9, -400)):
        distance = np.hypot(x - aside - canvas.aside, ahead - column - radius + 2)
        image += soft_step(radius - distance, 1.5) * soft_step(z - lowest, 10) * (vessel - image)
    thickness = np.clip(
        FAT_MM["thinnest"] + FAT_MM["per_bmi"] * (bmi - FAT_MM["at_bmi"]), FAT_MM["thinnest"], FAT_MM["thickest"]
    )
    flat = np.polyval(np.polyfit(canvas.axes[2], canvas.canal, 2), canvas.axes[2]) * 0.6 + 0.4 * canvas.canal.mean()
    inside = y - (flat[None, None, :] - 56 * drawn["size"] - thickness)
    image += soft_step(thickness - inside, 2) * (fat * (1 + 0.04 * bowel) - image)
    image *= soft_step(inside, 1)
    canvas.signal[:] = np.repeat(image, canvas.sublayers, axis=0)
    return np.broadcast_to(inside > 0, image.shape)


def _paint_canal(canvas: Canvas, stenosis: bool, rng: np.random.Generator) -> None:
    """Paint epidural fat, dural sac with CSF, cord, conus and the roots behind it."""
    drawn, csf = canvas.drawn, canvas.drawn["csf_signal"]
    near = np.nonzero(np.abs(canvas.axes[1][:, None] - canvas.canal[None, :]).min(axis=1) < 18)[0]
    aside = np.searchsorted(canvas.axes[0], [-19, 19])
    box = (slice(*aside), slice(near[0], near[-1] + 1), slice(None))
    x = canvas.axes[0][box[0]][:, None, None] - canvas.aside[None, None, :]
    d = ((canvas.axes[1][box[1]][:, None] - canvas.canal[None, :]) * canvas.perpendicular)[None]
    z = canvas.axes[2][None, None, :]
    vertebrae = canvas.spine.vertebrae
    taper = np.interp(z, [vertebrae["S2"].centre[1], vertebrae["L5"].centre[1]], [0.45, 1]).astype(np.float32)
    narrow = np.zeros_like(z)
    if stenosis:
        l3 = vertebrae["L3"]
        narrow = soft_step(l3.height / 2 + 5 - np.abs(z - np.float32(l3.centre[1])), 6)
    size = np.float32(drawn["size"])
    radius, wide = (SAC_MM[name] * size * drawn["sac"] * taper for name in ("depth", "width"))
    outer = (1 - np.hypot(x / (wide + 2), (d + 2.5) / (radius + 2))) * (radius + 2)
    around = 0.8 * drawn["fat"] * (1 - narrow) + drawn["disc"] * narrow
    canvas.paint(box, outer, np.broadcast_to(np.float32(csf) * around.astype(np.float32), outer.shape))
    radius, wide = radius * (1 - 0.65 * narrow), wide * (1 - 0.5 * narrow)
    sac = (1 - np.hypot(x / wide, d / radius)) * radius
    conus = vertebrae["L1"].centre[1] + drawn["conus_mm"]
    field = np.repeat(canvas.field([4, 2.5, 25], rng), canvas.sublayers, axis=0)[box]
    gathered = soft_step(conus + 30 - z, 20)
    roots = np.clip(1.5 * (field - 2.6 * d / radius - 2.1), 0, 1) * gathered
    roots = np.maximum(roots, narrow)
    canvas.paint(box, sac, csf * (1 + roots * np.float32(drawn["roots"] - 1)), canvas.numbers["canal"])
    end = np.sqrt(np.clip((z - np.float32(conus)) / 25, 0, 1))
    thick, broad = (CORD_MM[name] * size * end + np.float32(0.01) for name in ("depth", "width"))
    cord = np.minimum((1 - np.hypot(x / broad, (d - 0.5) / thick)) * thick, z - np.float32(conus))
    canvas.paint(box, cord, np.float32(drawn["cord"] * csf), canvas.numbers["cord"])


def _bias(canvas: Canvas, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Return a smooth factor whose logarithm lies within +-log(1 + strength) in all but one voxel of 100."""
    log = canvas.field([60, 90, 110], rng) - 0.8 * canvas.axes[1][None, :, None] / np.abs(canvas.axes[1]).max()
    log -= np.median(log)
    return np.exp(log * np.float32(np.log1p(strength) / np.percentile(np.abs(log[:, ::4, ::4]), 99)))
