"""Which integer of a label map is which structure of the spine."""

import re
from dataclasses import dataclass

import numpy as np

from recohort.core.errors import Findings

LEVEL = re.compile(r"[CTL][1-9][0-9]?")
ONE = ("sacrum", "canal", "cord", "csf")
BESIDE = ("source", "discs")


@dataclass(frozen=True)
class Scheme:
    """The codes of a label map.

    Attributes
    ----------
    vertebrae : dict of str to int
        Level (``L1``) to code.
    sacrum, canal, cord, csf : int or None
        Codes; `canal` with or without what is inside it. None: the scheme has no such label.
    body_only : bool
        Whether a vertebra's label is its body alone, without the posterior elements.
    """

    vertebrae: dict[str, int]
    sacrum: int | None
    canal: int | None
    cord: int | None
    csf: int | None
    body_only: bool

    @classmethod
    def of(cls, content: dict, *, where: str) -> "Scheme":
        """Take a scheme's JSON.

        Parameters
        ----------
        content : dict
            Keys ``vertebrae, sacrum, canal, cord, csf, body_only``; ``discs`` and ``source`` are for the reader.
        where : str
            Its file, for messages.

        Raises
        ------
        InputError
            A key is missing or unknown, a level is no level, a code no positive integer, or one code has two names.
        """
        found, known = Findings(where), ("vertebrae", *ONE, "body_only")
        found.extend(f"key '{key}' is missing" for key in known if key not in content)
        found.extend(f"unknown key '{key}'" for key in content if key not in (*known, *BESIDE))
        found.raise_if_any()
        vertebrae = content["vertebrae"]
        if not isinstance(vertebrae, dict) or not isinstance(content["body_only"], bool):
            found.add("expected vertebrae as level to code, and body_only true or false")
            found.raise_if_any()
        found.extend(f"found level '{name}', expected e.g. T12 or L1" for name in vertebrae if not is_level(name))
        codes = [*vertebrae.items(), *((name, content[name]) for name in ONE if content[name] is not None)]
        for name, code in codes:
            if not isinstance(code, int) or isinstance(code, bool) or code < 1:
                found.add(f"{name} has code {code!r}, expected a positive integer")
        found.raise_if_any()
        for code in sorted({code for _, code in codes if [other for _, other in codes].count(code) > 1}):
            both = " and ".join(name for name, other in codes if other == code)
            found.add(f"code {code} stands for {both}, expected one name for each")
        found.raise_if_any()
        return cls(**{key: content[key] for key in known})


@dataclass(frozen=True)
class Structures:
    """What a label map shows, as masks; axes to the right, to the front, upwards.

    Attributes
    ----------
    vertebrae : dict of str to ndarray of bool, (x, y, z)
        The levels that are there, from above; whole vertebrae or bodies, as the scheme has them.
    sacrum, canal, cord, csf : ndarray of bool, (x, y, z)
        Empty where there is none. `canal` is everything within it.
    """

    vertebrae: dict[str, np.ndarray]
    sacrum: np.ndarray
    canal: np.ndarray
    cord: np.ndarray
    csf: np.ndarray


def structures(labels: np.ndarray, scheme: Scheme, *, override: dict[str, str]) -> Structures:
    """Name the structures of a label map.

    Parameters
    ----------
    labels : ndarray of int, (x, y, z)
        Codes; those that the scheme does not have are no structure.
    scheme : Scheme
        What they mean.
    override : dict of str to str
        Levels named by hand: the level that the map says -> the level that it is.

    Raises
    ------
    InputError
        Two levels of the map would have one name.
    """
    there = set(np.unique(labels).tolist())
    named = [(override.get(old, old), old) for old, code in scheme.vertebrae.items() if code in there]
    names = [new for new, _ in named]
    Findings.raise_from(
        f"LevelOverride: {' and '.join(old for new, old in named if new == name)} would both be {name}, expected one"
        for name in sorted({name for name in names if names.count(name) > 1}, key=height)
    )
    masks = {new: labels == scheme.vertebrae[old] for new, old in sorted(named, key=lambda pair: height(pair[0]))}
    one = {name: labels == code if (code := getattr(scheme, name)) else np.zeros(labels.shape, bool) for name in ONE}
    if scheme.csf is None:
        one["csf"] = one["canal"].copy()
    one["canal"] = one["canal"] | one["cord"] | one["csf"]
    return Structures(masks, **one)


def check_override(override: object, scheme: Scheme) -> list[str]:
    """Return what is wrong with levels named by hand, a sentence each."""
    if not isinstance(override, dict):
        return [f"LevelOverride is {override!r}, expected a level of the label map to the level that it is"]
    found = [f"LevelOverride: {old} is no level of the scheme" for old in override if old not in scheme.vertebrae]
    return found + [
        f"LevelOverride: found level {new!r}, expected e.g. L4" for new in override.values() if not is_level(new)
    ]


def is_level(name: object) -> bool:
    """Return whether this names a vertebra."""
    return isinstance(name, str) and LEVEL.fullmatch(name) is not None


def height(name: str) -> tuple[int, int]:
    """Return what levels are sorted by, from above."""
    return "CTL".index(name[0]), int(name[1:])
