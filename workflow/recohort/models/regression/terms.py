"""Design matrices with products, logarithms and splines, which can be rebuilt for other values of a column."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.models.design import Term, design, per
from recohort.models.regression.splines import checked_knots, knots_of, restricted_cubic


class Form(NamedTuple):
    """How a number enters a model: ``linear``, ``log1p`` (log(1 + x)) or ``spline`` with its knots."""

    kind: str = "linear"
    knots: np.ndarray | None = None

    def basis(self, values: np.ndarray) -> np.ndarray:
        """Return the columns that stand for `values`, shape (n, c)."""
        if self.kind == "log1p":
            return np.log1p(values)[:, None]
        return values[:, None] if self.kind == "linear" else restricted_cubic(values, self.knots)

    def inverse(self, basis: float) -> float:
        """Return the value of which a single column's basis is given."""
        return float(np.expm1(basis)) if self.kind == "log1p" else float(basis)


class Block(NamedTuple):
    """The columns of a matrix that belong together.

    Attributes
    ----------
    name : str
        ``volume``, or of a product ``aspirin:volume``.
    parts : tuple of str
        Columns of the study that it is made of.
    where : slice
        Its columns of the matrix.
    scales : tuple of str
        What each coefficient is per.
    """

    name: str
    parts: tuple[str, ...]
    where: slice
    scales: tuple[str, ...]


class Terms(NamedTuple):
    """A design matrix without intercept, and what it was made from.

    Attributes
    ----------
    x : ndarray, shape (n, p)
        The matrix.
    blocks : tuple of Block
        Its main effects, then its products.
    bases : dict
        Columns of each main effect, shape (n, c).
    terms : dict
        Each column's `Term`.
    forms : dict
        Each number's `Form`.
    raw : dict
        Each column's values as declared, shape (n, c): numbers, or dummies of levels.
    """

    x: np.ndarray
    blocks: tuple[Block, ...]
    bases: dict[str, np.ndarray]
    terms: dict[str, Term]
    forms: dict[str, Form]
    raw: dict[str, np.ndarray]

    def block(self, *parts: str) -> Block:
        """Return the block of a column, or of the product of two."""
        return next(block for block in self.blocks if set(block.parts) == set(parts))

    def numeric(self, name: str) -> bool:
        """Return whether a column is a number."""
        return self.terms[name].kind in ("number", "integer")

    def names(self) -> list[str]:
        """Return what each column of the matrix is called, shape (p,)."""
        return [f"{block.name} ({scale})" for block in self.blocks for scale in block.scales]

    def labelled(self) -> list[tuple[str, str]]:
        """Return each column's term and scale, shape (p,)."""
        return [(block.name, scale) for block in self.blocks for scale in block.scales]

    def rebuilt(self, replaced: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the matrix with other bases of some columns, each of shape (c,) for everyone alike or (n, c)."""
        shaped = {name: np.broadcast_to(basis, self.bases[name].shape) for name, basis in replaced.items()}
        return _joined(self.blocks, {**self.bases, **shaped})

    def points(self, name: str, values: Sequence[float]) -> list[tuple[str, np.ndarray]]:
        """Return words and basis, shape (c,), of values of a number, or of every level of a category.

        Raises
        ------
        InputError
            Values are given for a category, or one is outside log1p's domain.
        """
        term = self.terms[name]
        if self.numeric(name):
            values = np.asarray(values, float)
            if self.forms[name].kind == "log1p" and (values <= -1).any():
                raise InputError(f"{name}: found the value {values.min():g}, expected above -1 for its logarithm")
            said = [f"{name} {value:g} {term.unit}".rstrip() for value in values]
            return list(zip(said, self.forms[name].basis(values), strict=True))
        if len(values):
            raise InputError(f"{name}: found the value {values[0]:g} to evaluate at, expected a number's column")
        levels = [term.scales[0].split(" against ")[1], *(scale.split(" against ")[0] for scale in term.scales)]
        return [(f"{name} {level}", row) for level, row in zip(levels, np.eye(len(levels))[:, 1:], strict=True)]


def expand(
    rows: pd.DataFrame,
    names: list[str],
    *,
    forms: Mapping[str, tuple[str, int | list[float] | None]],
    products: list[tuple[str, str]],
    columns: dict[str, dict],
) -> tuple[Terms, list[tuple[str, str]]]:
    """Return the design of main effects and products.

    Parameters
    ----------
    rows : DataFrame
        Complete rows.
    names : list of str
        Columns in order.
    forms : mapping
        Column -> its form's kind, and knots: how many or where.
    products : list of pairs
        Columns that are multiplied.
    columns : dict
        Declarations.

    Raises
    ------
    InputError
        A form or product names a column that the model has not, or of a wrong type; else as `design`.
    """
    matrix, terms, warnings = design(rows, names, columns=columns)
    by_name = {term.name: term for term in terms}
    values = {term.name: matrix[:, term.where] for term in terms}
    formed = {}
    for name, (kind, knots) in forms.items():
        if name not in by_name:
            raise InputError(f"splines: column '{name}' is not in the model, expected one of {', '.join(names)}")
        formed[name] = _form(by_name[name], values[name][:, 0], kind, knots)
    forms = {term.name: formed.get(term.name, Form()) for term in terms if term.kind in ("number", "integer")}
    bases = {name: forms[name].basis(values[name][:, 0]) if name in forms else values[name] for name in by_name}
    blocks, start = [], 0
    for term in terms:
        scales = _scales(term, forms.get(term.name, Form()), bases[term.name].shape[1])
        blocks.append(Block(term.name, (term.name,), slice(start, start + len(scales)), scales))
        start = blocks[-1].where.stop
    main = {block.name: block for block in blocks}
    for first, second in _checked(products, names):
        scales = tuple(f"{one}, {two}" for one in main[first].scales for two in main[second].scales)
        blocks.append(Block(f"{first}:{second}", (first, second), slice(start, start + len(scales)), scales))
        start = blocks[-1].where.stop
    return Terms(_joined(tuple(blocks), bases), tuple(blocks), bases, by_name, forms, values), warnings


def amounts(terms: Terms, name: str, scales: Sequence[str | float]) -> list[tuple[str, float]]:
    """Return what a number's ratio is per, words and amount; once and plainly where it is no linear number.

    SD (n - 1) and IQR (type 7) are those of the analysed rows, unweighted.
    """
    block = terms.block(name)
    if not terms.numeric(name) or terms.forms[name].kind != "linear":
        return [(block.scales[0], 1.0)] if len(block.scales) == 1 else []
    unit, values, found = terms.terms[name].unit, terms.raw[name][:, 0], []
    for scale in scales:
        if scale == "unit":
            found.append((per(1, unit), 1.0))
        elif scale in ("sd", "iqr"):
            spread = values.std(ddof=1) if scale == "sd" else float(np.subtract(*np.percentile(values, [75, 25])))
            words = f"per {scale.upper()} ({f'{spread:.3g} {unit}'.rstrip()})"
            found.append((words, spread if spread > 0 else np.nan))
        else:
            found.append((per(float(scale), unit), float(scale)))
    return found


def _form(term: Term, values: np.ndarray, kind: str, knots: int | list[float] | None) -> Form:
    if kind != "linear" and term.kind not in ("number", "integer"):
        raise InputError(f"column '{term.name}': is declared {term.kind}, expected a number for the form {kind}")
    if kind == "log1p" and (values <= -1).any():
        raise InputError(f"column '{term.name}': found {values.min():g}, expected above -1 for its logarithm")
    if kind != "spline":
        return Form(kind)
    try:
        return Form(kind, knots_of(values, knots) if isinstance(knots, int) else checked_knots(knots))
    except InputError as error:
        raise InputError(f"column '{term.name}': {error}") from error


def _scales(term: Term, form: Form, count: int) -> tuple[str, ...]:
    if form.kind == "log1p":
        return (f"per 1 of log(1 + {term.name})",)
    if form.kind == "spline":
        return (f"{term.scales[0]}, below the first knot", *(f"bend {index}" for index in range(1, count)))
    return term.scales


def _checked(products: list[tuple[str, str]], names: list[str]) -> list[tuple[str, str]]:
    seen, kept = [], []
    for first, second in products:
        if absent := [name for name in (first, second) if name not in names]:
            raise InputError(f"interaction {first}:{second}: '{absent[0]}' is not in the model, expected a term of it")
        if first == second:
            raise InputError(f"interaction {first}:{second}: found one column twice, expected two")
        if {first, second} not in seen:
            seen.append({first, second})
            kept.append((first, second))
    return kept


def _joined(blocks: tuple[Block, ...], bases: Mapping[str, np.ndarray]) -> np.ndarray:
    parts = []
    for block in blocks:
        basis = bases[block.parts[0]]
        if len(block.parts) == 2:
            basis = np.einsum("ij,ik->ijk", basis, bases[block.parts[1]]).reshape(len(basis), -1)
        parts.append(basis)
    return np.hstack(parts)
