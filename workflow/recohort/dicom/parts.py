"""A series taken apart into what becomes one image each: one echo, one part, one flip angle, one direction."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from recohort.dicom.headers import Plane, Scan

SAME_MM = 0.05
"""Positions along the slice axis that differ by less are one."""
UNEVEN = 0.05
"""Largest departure of a distance between slices from their median, as a share of it."""


@dataclass(frozen=True)
class Part:
    """Planes of one series (or of several that a rule joins) that make up one image, three- or four-dimensional."""

    planes: tuple[Plane, ...]

    @property
    def first(self) -> Plane:
        """The first plane, for what all planes share."""
        return self.planes[0]

    @property
    def scan(self) -> Scan:
        """The scan of the first plane."""
        return self.first.scan

    @property
    def mosaic(self) -> bool:
        """Whether each plane is a tiled volume."""
        return "MOSAIC" in self.first.image_type

    @property
    def enhanced(self) -> bool:
        """Whether it comes from multi-frame files."""
        return len({plane.path for plane in self.planes}) < len(self.planes)

    @cached_property
    def positions(self) -> list[list[Plane]]:
        """The planes by position along the slice axis, in its order."""
        along = self._along()
        order = np.argsort(along, kind="stable")
        breaks = np.flatnonzero(np.diff(along[order]) > SAME_MM) + 1
        return [[self.planes[index] for index in group] for group in np.split(order, breaks)]

    @property
    def slices(self) -> int:
        """Number of positions."""
        return len(self.positions)

    @property
    def volumes(self) -> int:
        """Largest number of planes at one position."""
        return max(map(len, self.positions))

    def gap(self) -> str | None:
        """Return a sentence where the slices are not evenly spaced."""
        along = np.sort(self._along())
        steps = np.diff(along)
        steps = steps[steps > SAME_MM]
        if len(steps) < 2:
            return None
        usual = float(np.median(steps))
        if (np.abs(steps - usual) <= max(UNEVEN * usual, SAME_MM)).all():
            return None
        return (
            f"its slices are {steps.min():.4g} to {steps.max():.4g} mm apart, expected even steps of {usual:.4g} mm: "
            "a slice may be missing"
        )

    def _along(self) -> np.ndarray:
        direction = self.first.orientation
        if len(direction) != 6 or any(len(plane.position) != 3 for plane in self.planes):
            return np.zeros(len(self.planes))
        normal = np.cross(direction[:3], direction[3:])
        return np.array([plane.position for plane in self.planes]) @ normal


def parts_of(planes: Iterable[Plane]) -> list[Part]:
    """Return the parts of all series, by patient, study, number of series, then echo, flip angle and part."""
    groups = defaultdict(list)
    for plane in planes:
        scan = plane.scan
        numbers = tuple(-1.0 if value is None else value for value in (plane.echo_time, plane.flip_angle))
        turned = tuple(round(value, 3) + 0.0 for value in plane.orientation)
        rest = (plane.inversion_time or 0.0, turned, scan.rows, scan.columns)
        series = (scan.patient, scan.study, scan.number, scan.series)
        groups[*series, *numbers, plane.part, plane.image_type, *rest].append(plane)
    return [Part(tuple(groups[key])) for key in sorted(groups)]
