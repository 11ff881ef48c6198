"""The head of the simulated CT: what lies where, and what it attenuates, layer by layer.

Coordinates are those of the reference head, mm: x to the right, y to the front, z upwards, 0 between the ventricles.
Tissues are painted one over the other, each with an edge as wide as a voxel.
"""

from dataclasses import dataclass

import numpy as np

from recohort.synthetic.wml.fields import SmoothField, ellipsoid_depth, soft_step, tube_depth

AIR_HU, FAT_HU, MUSCLE_HU, SKIN_HU, SINUS_HU, EYE_HU = -1000.0, -90.0, 50.0, 25.0, -900.0, 15.0
MARROW_HU, FALX_HU, CEREBELLUM_HU, CALCIFICATION_HU = 450.0, 52.0, 35.0, 130.0

CAVITY = {"centre": (0, 0, 2), "radii": (65, 84, 61)}
FOSSA = {"centre": (0, -40, -42), "radii": (49, 39, 29)}
BRAINSTEM = {"start": (0, -18, -8), "end": (0, -32, -85), "radius_start": 12.5, "radius_end": 8.0}
PETROUS = {"start": (15, 0, -44), "end": (64, -30, -38), "radius_start": 5.0, "radius_end": 10.0}
CISTERNS = ({"centre": (0, 6, -22), "radii": (15, 9, 7)}, {"centre": (0, -24, -6), "radii": (17, 7, 5)})
FACE = {"centre": (0, 34, -62), "radii": (60, 62, 62)}
NECK = {"centre": (0, -28, -100), "radii": (62, 66, 80)}
EYES = {"centre": (32, 66, -38), "radii": (12, 12, 12)}
ORBIT = {"centre": (31, 54, -38), "radii": (17, 26, 16)}
SINUSES = (
    {"centre": (0, 84, -22), "radii": (14, 5, 12)},
    {"centre": (0, 52, -44), "radii": (12, 26, 11)},
    {"centre": (0, 22, -42), "radii": (12, 11, 10)},
    {"centre": (48, -30, -44), "radii": (8, 11, 14)},
    {"centre": (26, 56, -74), "radii": (14, 16, 16)},
)
LATERAL_VENTRICLE = (
    ((15, 33, 1), (8, 12, 12), 4.0, 6.0),
    ((8, 12, 13), (13, -22, 20), 6.5, 7.5),
    ((13, -22, 19), (24, -40, 8), 7.5, 8.5),
    ((24, -40, 8), (20, -62, 4), 7.5, 2.5),
    ((25, -38, 2), (33, -8, -24), 4.5, 2.0),
)
THIRD_VENTRICLE = {"centre": (0, -8, 2), "radii": (3.0, 15, 11)}
FOURTH_VENTRICLE = {"centre": (0, -36, -38), "radii": (7, 5, 10)}
CAPS = (((16, 36, 4), (9, 9, 9)), ((24, -56, 8), (12, 12, 12)), ((14, -10, 24), (10, 18, 10)))
"""Centre and SD along each axis, mm, of where periventricular lesions are strongest: horns and body."""
DEEP_GREY = (
    {"centre": (15, 18, 7), "radii": (5, 10, 10)},
    {"centre": (26, 3, 3), "radii": (7, 20, 11)},
    {"centre": (11, -16, 7), "radii": (9, 14, 10)},
)
CALCIFICATIONS = (
    {"centre": (0, -34, 4), "radii": (3, 3, 3)},
    {"centre": (-23, -39, 9), "radii": (3.5, 3.5, 3.5)},
    {"centre": (23, -39, 9), "radii": (3.5, 3.5, 3.5)},
)
CORTEX_MM, SULCUS_DEPTH_MM, FISSURE_DEPTH_MM = 3.0, 24.0, 40.0
FOLD_MM, SULCUS_SCALE_MM = (11.0, 11.0, 30.0), 8.0
"""Knots of the folding field, upright as most sulci are; distance from the middle of a sulcus per unit of it, mm."""
CENTRAL_BOX = ((-62, 62), (-85, 68), (-35, 62))
"""Where ventricles, deep grey and lesions lie; elsewhere they need not be sought."""
POSTERIOR_BOX = ((-75, 75), (-90, 30), (-95, 0))


@dataclass(frozen=True)
class Layers:
    """Tissue on some layers of the grid, each array of shape (z, x, y).

    Attributes
    ----------
    hu : ndarray
        Attenuation without lesions, blur and noise, HU.
    cavity, ventricles, white : ndarray
        Fraction of a point inside the skull, of ventricles, of white matter of the cerebrum.
    strength : ndarray
        Where lesions come first: the larger, the sooner.
    """

    hu: np.ndarray
    cavity: np.ndarray
    ventricles: np.ndarray
    white: np.ndarray
    strength: np.ndarray


class Head:
    """One head on one grid.

    Parameters
    ----------
    axes_mm : sequence of 3 ndarray
        Coordinates of the points along each axis of the array, mm, from the centre of the image.
    pose : ndarray, shape (3, 3)
        Takes coordinates of the array to those of the upright head.
    drawn : dict
        One number per range of the settings ``heads``, three of ``size`` and ``shift_mm``.
    age : float
        Years.
    rng : numpy.random.Generator
        Source of randomness.
    """

    def __init__(self, axes_mm, *, pose: np.ndarray, drawn: dict, age: float, rng: np.random.Generator):
        self.axes = [np.asarray(axis, np.float32) for axis in axes_mm]
        self.width = float(np.diff(self.axes[0][:2])[0])
        self.pose, self.drawn = pose, drawn
        decades = (age - 73) / 10
        self.ventricle = drawn["ventricle_size"] * drawn["ventricle_per_decade"] ** decades
        self.sulcus = drawn["sulcus_mm"] * drawn["sulcus_per_decade"] ** decades
        self.sides = (1 + 0.08 * rng.standard_normal(2)).astype(np.float32)
        self.calcified = rng.random(3) < drawn["calcification_share"]
        self.calcified_hu = (CALCIFICATION_HU * rng.uniform(0.6, 1.8, size=3)).tolist()
        self.warps = [SmoothField(axes_mm, 35.0, rng) for _ in range(3)]
        self.fold, self.texture = SmoothField(axes_mm, FOLD_MM, rng), SmoothField(axes_mm, 7.0, rng)
        self.patches = SmoothField(axes_mm, drawn["lesion_texture_mm"], rng)
        self.foci = _draw_foci(drawn, rng)
        self.caps = rng.uniform(*drawn["periventricular"], size=(len(CAPS), 2))

    def layers(self, z: slice) -> Layers:
        """Return the tissue on layers `z` of the grid."""
        everything = (slice(None), slice(None), z)
        points = self._points(everything)
        texture = self.texture.layers(*everything)
        cavity = self._cavity(points)
        hu = self._outside(points, cavity, texture)
        inside = soft_step(cavity, self.width)
        depth, z_up = cavity, points[2]
        csf = self.drawn["csf_hu"]
        hu += inside * (csf - hu)
        below = self._below_tentorium(points)
        fossa = soft_step(below, 3.0)
        fold = np.abs(self.fold.layers(*everything)) * SULCUS_SCALE_MM
        opening = self.sulcus * np.clip(1.3 - depth / SULCUS_DEPTH_MM, 0, 1)
        fissure = np.where(depth < FISSURE_DEPTH_MM, np.abs(points[0]) - 0.7 * self.sulcus, 20.0)
        to_fluid = np.minimum(fold - opening + np.clip(depth - SULCUS_DEPTH_MM, 0, None), fissure)
        to_fluid = np.minimum(to_fluid, self._sylvian(points))
        to_fluid = np.minimum(to_fluid, depth - 1.0 - 1.2 * self.sulcus)
        cerebrum = inside * soft_step(to_fluid, self.width) * (1 - fossa)
        grey = 1 - soft_step(to_fluid - CORTEX_MM, max(self.width, 1.0))
        white = cerebrum * (1 - grey)
        hu += cerebrum * (self.drawn["white_hu"] + grey * (self.drawn["grey_hu"] - self.drawn["white_hu"]) - hu)
        ventricles, strength = np.zeros_like(hu), np.zeros_like(hu)
        self._posterior(hu, points, z, (cavity, below, fossa * inside))
        self._central(hu, white, ventricles, strength, z)
        falx = soft_step(0.6 - np.abs(points[0]), self.width) * inside * ((depth < 34) & (z_up > -12))
        hu += falx * (FALX_HU - hu)
        hu += inside * self.drawn["hardening_hu"] * np.exp(np.clip(-depth, None, 0) / 6)
        white *= 1 - falx
        return Layers(hu, inside, ventricles * inside, white, strength)

    def _points(self, part) -> list[np.ndarray]:
        """Return reference coordinates of a part of the grid, three arrays of shape (z, x, y)."""
        x, y, z = (axis[cut] for axis, cut in zip(self.axes, part, strict=True))
        grid = (x[None, :, None], y[None, None, :], z[:, None, None])
        size, shift = self.drawn["size"], self.drawn["shift_mm"]
        return [
            (sum(np.float32(r) * g for r, g in zip(row, grid, strict=True)) - np.float32(s)) / np.float32(f)
            + np.float32(self.drawn["warp_mm"]) * warp.layers(*part)
            for row, f, s, warp in zip(self.pose, size, shift, self.warps, strict=True)
        ]

    def _window(self, box, z: slice) -> tuple | None:
        """Return the part of layers `z` that a box of the reference head lies in, or None."""
        corners = np.stack(np.meshgrid(*box, indexing="ij"), -1).reshape(-1, 3)
        placed = (corners * self.drawn["size"] + self.drawn["shift_mm"]) @ self.pose
        margin = 4 * self.drawn["warp_mm"]
        low, high = placed.min(axis=0) - margin, placed.max(axis=0) + margin
        cuts = []
        for axis, a, b, cut in zip(self.axes, low, high, (slice(None), slice(None), z), strict=True):
            first, last = np.searchsorted(axis[cut], [a, b])
            if first == last:
                return None
            cuts.append(slice(int(first), int(last)))
        return cuts[0], cuts[1], cuts[2]

    def _within(self, window, z: slice) -> list[np.ndarray]:
        x, y, layer = window
        start = z.start or 0
        return self._points((x, y, slice(start + layer.start, start + layer.stop)))

    def _cavity(self, points) -> np.ndarray:
        """Return the depth below the inner table of the skull, mm."""
        x, y, z = points
        narrow = x * (1 + 0.0012 * y)
        floor = np.where(y > 34, np.float32(-30), np.where(np.abs(x) > 20, np.float32(-46), np.float32(-34)))
        cerebral = np.minimum(ellipsoid_depth((narrow, y, z), **CAVITY), z - floor - np.clip(-y - 10, 0, 40) * 0.2)
        if z.min() > 0:
            return cerebral
        cavity = np.maximum(cerebral, ellipsoid_depth(points, **FOSSA))
        return np.minimum(cavity, -tube_depth((np.abs(x), y, z), **PETROUS))

    def _below_tentorium(self, points) -> np.ndarray:
        """Return the depth below the tentorium and behind the petrous ridge, mm."""
        x, y, z = np.abs(points[0]), points[1], points[2]
        tentorium = -4 - 0.42 * x - 0.3 * np.clip(-y - 40, 0, None)
        return np.minimum(tentorium - z, -2 - 0.5 * x - y)

    def _outside(self, points, cavity, texture) -> np.ndarray:
        """Return the attenuation of air, soft tissue, skull and face, HU."""
        skull, scalp = self.drawn["skull_mm"], self.drawn["scalp_mm"]
        bone_hu = self.drawn["bone_hu"]
        base = soft_step(-points[2] - 24, 10.0)
        thickness = skull * (1 + 0.12 * texture) + 3 * base
        head = cavity + skull + 3 * base + scalp
        if points[2].min() < 5:
            head = np.maximum(head, ellipsoid_depth(points, **FACE))
            head = np.maximum(head, ellipsoid_depth(points, **NECK))
        hu = AIR_HU + soft_step(head, self.width) * (SKIN_HU - AIR_HU)
        deeper = soft_step(head - 2.0, self.width)
        muscle = texture > np.where(points[2] > -20, np.float32(0.8), np.float32(-0.1))
        hu += deeper * (np.where(muscle, np.float32(MUSCLE_HU), np.float32(FAT_HU)) - hu)
        if points[2].min() < 0:
            facial = soft_step(head - 7.0, self.width) * (np.abs(texture) < 0.22) * (points[2] < -25)
            hu += facial * (0.6 * bone_hu - hu)
        bone = soft_step(cavity + thickness, self.width)
        hu += bone * (bone_hu - hu)
        marrow = soft_step(np.minimum(cavity + 0.7 * thickness, -cavity - 0.3 * thickness), self.width)
        hu += marrow * (MARROW_HU - hu)
        if (lowest := points[2].min()) < 0:
            self._face(hu, points, lowest)
        return hu

    def _face(self, hu, points, lowest: float) -> None:
        """Paint orbits and the air of sinuses and mastoids."""
        mirrored = (np.abs(points[0]), points[1], points[2])
        for shape, value in ((ORBIT, FAT_HU), (EYES, EYE_HU), *((sinus, SINUS_HU) for sinus in SINUSES)):
            if lowest < shape["centre"][2] + shape["radii"][2]:
                hu += soft_step(ellipsoid_depth(mirrored, **shape), self.width) * (value - hu)

    def _sylvian(self, points) -> np.ndarray:
        """Return the distance to the Sylvian fissure and the cleft over the insula, mm."""
        x, y, z = np.abs(points[0]), points[1], points[2]
        half = 0.6 + self.sulcus
        along = np.abs(y - 2) - 26
        sheet = np.maximum(np.maximum(np.abs(z + 4 + 0.25 * y) - half, 36 - x), along)
        cleft = np.maximum(np.maximum(np.abs(x - 41 + 0.012 * (y - 2) ** 2) - half, np.abs(z - 2) - 13), along)
        return np.minimum(sheet, cleft)

    def _posterior(self, hu, points, z: slice, depths) -> None:
        """Paint cerebellum, brainstem, tentorium and fourth ventricle."""
        window = self._window(POSTERIOR_BOX, z)
        if window is None:
            return
        cut = (window[2], window[0], window[1])
        points, part, (cavity, below, inside) = [p[cut] for p in points], hu[cut], [depth[cut] for depth in depths]
        csf = self.drawn["csf_hu"]
        part += inside * (csf - part)
        tissue = np.minimum(cavity - 2, below - 2)
        cerebellum = soft_step(tissue, self.width) * inside
        part += cerebellum * (CEREBELLUM_HU - part)
        stem = soft_step(tube_depth(points, **BRAINSTEM), self.width) * soft_step(cavity, self.width)
        part += stem * (self.drawn["white_hu"] + 2 - part)
        leaf = soft_step(0.8 - np.abs(below), self.width) * (np.abs(points[0]) > 12) * (cavity > 0)
        part += leaf * (FALX_HU - part)
        fourth = soft_step(ellipsoid_depth(points, **FOURTH_VENTRICLE), self.width)
        part += fourth * (csf - part)
        band = np.exp(-(((points[1] + 15) / 9) ** 2) - ((points[2] + 40) / 12) ** 2)
        part -= self.drawn["streak_hu"] * band * (cavity > 0)

    def _central(self, hu, white, ventricles, strength, z: slice) -> None:
        """Paint deep grey, ventricles and calcifications, and say where lesions come first."""
        window = self._window(CENTRAL_BOX, z)
        if window is None:
            return
        cut = (window[2], window[0], window[1])
        points = self._within(window, z)
        mirrored = (np.abs(points[0]), points[1], points[2])
        part, csf = hu[cut], self.drawn["csf_hu"]
        brain = part > csf + 5
        deep = np.max([soft_step(ellipsoid_depth(mirrored, **shape), self.width) for shape in DEEP_GREY], axis=0)
        part += deep * brain * (self.drawn["grey_hu"] - part)
        for cistern in CISTERNS:
            part += soft_step(ellipsoid_depth(points, **cistern), self.width) * (csf - part) * (part < FALX_HU + 50)
        depth = self._ventricle_depth(points, mirrored)
        fluid = soft_step(depth, self.width)
        part += fluid * (csf - part)
        ventricles[cut] = fluid
        white[cut] *= (1 - deep) * (1 - fluid)
        for present, value, shape in zip(self.calcified, self.calcified_hu, CALCIFICATIONS, strict=True):
            if present:
                part += soft_step(ellipsoid_depth(points, **shape), self.width) * (value - part)
        strength[cut] = self._strength(points, depth, window, z)

    def _ventricle_depth(self, points, mirrored) -> np.ndarray:
        radius = self.ventricle * np.where(points[0] > 0, *self.sides)
        depths = [
            tube_depth(mirrored, start=start, end=end, radius_start=radius * a, radius_end=radius * b)
            for start, end, a, b in LATERAL_VENTRICLE
        ]
        width, *rest = THIRD_VENTRICLE["radii"]
        third = {"centre": THIRD_VENTRICLE["centre"], "radii": (width * self.ventricle, *rest)}
        return np.max([*depths, ellipsoid_depth(points, **third)], axis=0)

    def _strength(self, points, depth, window, z: slice) -> np.ndarray:
        """Return which points become lesion first: near the ventricles, there most at the caps, and in deep foci."""
        caps = sum(
            height
            * np.exp(-0.5 * sum(((p - c) / r) ** 2 for p, c, r in zip(points, (side * x, *rest), reaches, strict=True)))
            for ((x, *rest), reaches), heights in zip(CAPS, self.caps, strict=True)
            for side, height in zip((1, -1), heights, strict=True)
        )
        near = np.exp(-0.5 * (np.clip(depth, None, 0) / self.drawn["periventricular_mm"]) ** 2)
        strength = near * (0.35 * self.caps.mean() + 0.65 * np.clip(caps, 0, self.caps.max()))
        for centre, reaches, height in self.foci:
            box = [(c - 4 * reach, c + 4 * reach) for c, reach in zip(centre, reaches, strict=True)]
            inner = self._window(box, z)
            if inner is None:
                continue
            cut = tuple(
                slice(max(a.start - b.start, 0), max(min(a.stop, b.stop) - b.start, 0))
                for a, b in zip((inner[2], inner[0], inner[1]), (window[2], window[0], window[1]), strict=True)
            )
            squared = sum(((p[cut] - c) / reach) ** 2 for p, c, reach in zip(points, centre, reaches, strict=True))
            np.maximum(strength[cut], height * np.exp(-0.5 * squared), out=strength[cut])
        start = z.start or 0
        noise = self.patches.layers(window[0], window[1], slice(start + window[2].start, start + window[2].stop))
        return strength * np.exp(self.drawn["lesion_roughness"] * noise)


def _draw_foci(drawn: dict, rng: np.random.Generator) -> list[tuple]:
    """Draw centre, SD along each axis and height of deep foci, above and beside the basal ganglia."""
    foci = []
    for _ in range(round(drawn["foci_count"])):
        angle, height = rng.uniform(0, 2 * np.pi), rng.uniform(2, 42)
        spread = rng.uniform(0.35, 0.72) * np.sqrt(1 - (height / 65) ** 2)
        centre = (float(65 * spread * np.cos(angle)), float(80 * spread * np.sin(angle)), height)
        reach = rng.uniform(*drawn["focus_mm"])
        foci.append((centre, (reach, reach, reach * drawn["focus_upright"]), rng.uniform(0.3, 1)))
    return foci
