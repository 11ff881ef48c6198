"""The matrix of a linear model: main effects, products, and points of it at which a mean is foretold."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.models.design import Term, design


class Block(NamedTuple):
    """A term of the model: its name, what each of its coefficients is per, where they stand, and its main effects."""

    name: str
    scales: tuple[str, ...]
    where: np.ndarray
    parts: tuple[str, ...]


class Matrix(NamedTuple):
    """A model's matrix with its intercept first.

    `contrasts` has sum contrasts in place of dummies, for tests of terms; `coded` the main effects alone.
    """

    x: np.ndarray
    contrasts: np.ndarray
    blocks: list[Block]
    terms: dict[str, Term]
    coded: np.ndarray


def matrix(
    rows: pd.DataFrame, names: list[str], interactions: list[list[str]], *, columns: dict[str, dict]
) -> tuple[Matrix, list[tuple[str, str]]]:
    """Return the matrix of main effects and pairwise products, and warnings.

    Raises
    ------
    InputError
        A product is of a column that is no main effect, of a column with itself, or stands twice.
    """
    values, terms, warnings = design(rows, names, columns=columns)
    by_name = {term.name: term for term in terms}
    seen = set()
    for pair in interactions:
        if strange := [name for name in pair if name not in by_name]:
            raise InputError(f"interaction {':'.join(pair)}: '{strange[0]}' is neither exposure nor covariate")
        if len(set(pair)) < 2 or frozenset(pair) in seen:
            raise InputError(f"interaction {':'.join(pair)}: expected two different columns, once")
        seen.add(frozenset(pair))
    blocks, start = [], 1
    for parts in [(name,) for name in names] + [tuple(pair) for pair in interactions]:
        scales = by_name[parts[0]].scales
        if len(parts) == 2:
            scales = tuple(f"{a}, {b}" for a in scales for b in by_name[parts[1]].scales)
        blocks.append(Block(":".join(parts), scales, np.arange(start, start + len(scales)), parts))
        start += len(scales)
    made = Matrix(np.empty(0), np.empty(0), blocks, by_name, values)
    coded = np.column_stack([_contrasts(values[:, term.where], term) for term in terms]) if terms else values
    return made._replace(x=expand(made, values), contrasts=expand(made, coded)), warnings


def expand(made: Matrix, values: np.ndarray) -> np.ndarray:
    """Return the rows of the model's matrix for rows of coded main effects."""
    parts = [np.ones((len(values), 1))]
    for block in made.blocks:
        part = values[:, made.terms[block.parts[0]].where]
        if len(block.parts) == 2:
            other = values[:, made.terms[block.parts[1]].where]
            part = (part[:, :, None] * other[:, None, :]).reshape(len(values), -1)
        parts.append(part)
    return np.hstack(parts)


def middle(made: Matrix) -> np.ndarray:
    """Return coded main effects at the reference point: means of numbers, levels of a category in equal parts."""
    centre = np.empty(made.coded.shape[1])
    for term in made.terms.values():
        if term.kind in ("number", "integer"):
            centre[term.where] = made.coded[:, term.where].mean(axis=0)
        else:
            centre[term.where] = 1 / (len(term.scales) + 1)
    return centre


def at_levels(made: Matrix, name: str, point: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Return each level of a category or boolean with the point at which that level is set."""
    term = made.terms[name]
    size = len(term.scales)
    levels = [term.scales[0].split(" against ")[-1], *(scale.split(" against ")[0] for scale in term.scales)]
    found = []
    for level, code in zip(levels, np.vstack([np.zeros(size), np.eye(size)]), strict=True):
        moved = point.copy()
        moved[term.where] = code
        found.append((level, moved))
    return found


def _contrasts(block: np.ndarray, term: Term) -> np.ndarray:
    if term.kind in ("number", "integer"):
        return block
    return block - (1 - block.sum(axis=1, keepdims=True))
