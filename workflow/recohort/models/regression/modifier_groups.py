"""Groups of a modifier: by quantiles, by cut points, or the levels of a category."""

from itertools import pairwise

import numpy as np

from recohort.core.errors import InputError
from recohort.models.regression.terms import Terms

QUANTILES = {2: "median", 3: "tertiles", 4: "quartiles", 5: "quintiles"}


def groups_of(terms: Terms, modifier: str, wanted: int | list[float] | str) -> tuple[np.ndarray, list[str]]:
    """Return each row's group and the groups' words, ``volume above 2.3 to 6.1 mL``.

    Parameters
    ----------
    terms : Terms
        The model's design.
    modifier : str
        The column.
    wanted : int, list of float or "levels"
        So many groups between quantiles (type 7), or groups between these values; a value on a cut belongs to the group
        below it. A category is always divided into its levels.

    Returns
    -------
    codes : ndarray of int, shape (n,)
        From 0.
    words : list of str
        One per group.

    Raises
    ------
    InputError
        A group is empty, or a number is to be divided into levels.
    """
    if not terms.numeric(modifier):
        points = terms.points(modifier, [])
        codes = np.argmax(np.column_stack([1 - terms.raw[modifier].sum(axis=1), terms.raw[modifier]]), axis=1)
        return codes, [said for said, _ in points]
    if wanted == "levels":
        raise InputError(f"subgroups: column '{modifier}' is a number, expected a number of groups or cut points")
    values, unit = terms.raw[modifier][:, 0], terms.terms[modifier].unit
    if isinstance(wanted, int):
        cuts = np.quantile(values, np.arange(1, wanted) / wanted)
        called = f"{QUANTILES.get(wanted, f'{wanted} quantile groups')} of {modifier}"
    else:
        cuts, called = np.asarray(wanted, float), f"cuts of {modifier}"
    codes = np.searchsorted(cuts, values, side="left")
    if (np.diff(cuts) <= 0).any() or len(np.unique(codes)) <= len(cuts):
        said = ", ".join(f"{cut:g}" for cut in cuts)
        raise InputError(f"subgroups: {called} at {said} leave a group empty, expected rows in every group")
    shown = [f"{cut:.3g}" for cut in cuts]
    if len(set(shown)) < len(shown):
        shown = [f"{cut:g}" for cut in cuts]
    middle = [f"above {low} to {high}" for low, high in pairwise(shown)]
    words = [f"up to {shown[0]}", *middle, f"above {shown[-1]}"]
    return codes, [f"{modifier} {word} {unit}".rstrip() for word in words]
