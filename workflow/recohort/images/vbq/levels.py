"""Whether the levels of a spine can be trusted: found once, in order, evenly spaced, counted from the sacrum.

Axes point to the right, to the front and upwards; slices lie along the first.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from recohort.images.vbq.scheme import height

LOWEST = "L5"
"""The level that the sacrum follows, but for a transitional vertebra."""


class Levels(NamedTuple):
    """What was seen.

    Attributes
    ----------
    doubts : list of str
        Why the names of the levels are not to be trusted or a body cannot be measured; a sentence each.
    transitional : bool
        Whether the lowest lumbar vertebra, which the sacrum follows, is not L5.
    spacing_mm : float
        Median distance between neighbours; NaN with less than two levels.
    sacrum_mm : float
        Distance from the lowest lumbar body to the sacrum; NaN without one of them.
    slices : int
        Fewest slices through a required body; 0 where one is missing.
    """

    doubts: list[str]
    transitional: bool
    spacing_mm: float
    sacrum_mm: float
    slices: int


def check_levels(
    bodies: dict[str, np.ndarray],
    sacrum: np.ndarray,
    pieces: dict[str, int],
    spacing: tuple[float, ...],
    *,
    required,
    needs_sacrum: bool,
    contact_mm: float,
    spacing_ratio,
    minimum_slices: int,
) -> Levels:
    """Look at the vertebrae from T12 to the sacrum.

    Parameters
    ----------
    bodies : dict of str to ndarray of bool, (x, y, z)
        Body of each level that was found, its largest piece.
    sacrum : ndarray of bool, (x, y, z)
        Empty where there is none.
    pieces : dict of str to int
        How many large pieces each body has.
    spacing : tuple of float
        mm.
    required : sequence of str
        Levels that have to be there, whole and with enough slices.
    needs_sacrum : bool
        Whether the sacrum has to be there: without it levels are not counted from below.
    contact_mm : float
        Largest distance of the lowest lumbar body from the sacrum.
    spacing_ratio : sequence of 2 float
        Smallest and largest distance of neighbours over the median one.
    minimum_slices : int
        Least number of slices through a body.
    """
    names = sorted((name for name in bodies if name == "T12" or name[0] == "L"), key=height)
    centres = {name: np.array(ndimage.center_of_mass(bodies[name])) * spacing for name in names}
    slices = {name: int(bodies[name].any(axis=(1, 2)).sum()) for name in names}
    doubts = [f"{name} was not found, expected it once" for name in required if name not in bodies]
    doubts += [f"{name} was found {pieces[name]} times, expected it once" for name in names if pieces[name] > 1]
    disorder = _order(names, centres)
    whole = [name for name in names if name in required or not _edge(bodies[name])]
    apart, strange = _spacing(whole, centres, spacing_ratio)
    doubts += disorder or strange
    lumbar = [name for name in names if name[0] == "L"]
    distance, below = _sacrum(lumbar, bodies, sacrum, spacing, needs_sacrum=needs_sacrum, contact_mm=contact_mm)
    doubts += below
    there = [name for name in required if name in bodies]
    for name in there:
        if edge := _edge(bodies[name]):
            doubts.append(f"{name} touches the {edge} edge of the image, expected a whole body")
        if slices[name] < minimum_slices:
            doubts.append(f"{name} has {slices[name]} slices through its body, expected at least {minimum_slices}")
    fewest = min(slices[name] for name in there) if there and len(there) == len(required) else 0
    transitional = bool(lumbar) and sacrum.any() and lumbar[-1] != LOWEST and not below
    return Levels(doubts, bool(transitional), apart, distance, fewest)


def _order(names: list[str], centres: dict[str, np.ndarray]) -> list[str]:
    return [
        f"{lower} lies above {upper}, expected the levels in order from above: {', '.join(names)}"
        for upper, lower in pairwise(names)
        if centres[lower][2] >= centres[upper][2]
    ]


def _spacing(names: list[str], centres: dict[str, np.ndarray], ratio) -> tuple[float, list[str]]:
    """Median distance of neighbours, and which are too near or too far; neighbours whose names skip one are too far."""
    pairs = list(pairwise(names))
    if not pairs:
        return float("nan"), []
    apart = np.array([np.linalg.norm(centres[one] - centres[other]) for one, other in pairs])
    usual, (low, high) = float(np.median(apart)), ratio
    words = {True: "one level may be labelled as two", False: "a level may be skipped"}
    said = [
        f"{one} and {other} are {distance:.0f} mm apart, expected {low * usual:.0f} to {high * usual:.0f} mm: "
        + words[bool(distance < usual)]
        for (one, other), distance in zip(pairs, apart, strict=True)
        if not low * usual <= distance <= high * usual
    ]
    return usual, said


def _sacrum(lumbar, bodies, sacrum, spacing, *, needs_sacrum, contact_mm) -> tuple[float, list[str]]:
    if not lumbar:
        return float("nan"), []
    if not sacrum.any():
        return float("nan"), ["the sacrum was not found, expected it below the lowest level"] if needs_sacrum else []
    lowest = bodies[lumbar[-1]]
    around = ndimage.find_objects((lowest | sacrum).astype(np.uint8))[0]
    distance = float(ndimage.distance_transform_edt(~sacrum[around], sampling=spacing)[lowest[around]].min())
    if distance > contact_mm:
        reason = f"expected at most {contact_mm:g} mm: a level may be skipped"
        return distance, [f"{lumbar[-1]} is {distance:.0f} mm away from the sacrum, {reason}"]
    return distance, []


def _edge(body: np.ndarray) -> str:
    """Return which edge of the slices a body touches; across the slices it may."""
    edges = {
        "posterior": body[:, 0],
        "anterior": body[:, -1],
        "lower": body[:, :, 0],
        "upper": body[:, :, -1],
    }
    return next((name for name, plane in edges.items() if plane.any()), "")
