"""Multiplicity over a declared family of tests."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from recohort.core.errors import InputError
from recohort.models.result import Result, result, row


def fit(
    *,
    members: list[str],
    method: str,
    quantity: str,
    term: str | None,
    terms: Mapping[str, str],
    scale: str | None,
    test: str | None,
    results: Mapping[str, pd.DataFrame],
) -> Result:
    """Adjust the p-values of several analyses for one another.

    Parameters
    ----------
    members : list of str
        Analyses, ``<kind>.<name>``, in declared order.
    method : {"bonferroni", "holm", "bh", "by"}
        See `adjust`.
    quantity : str
        Which rows carry the p-values: ``coefficient`` of a regression, ``difference`` of a comparison of groups,
        ``likelihood_ratio_test`` ...
    term : str or None
        Term whose p-value counts; without one, of a ``coefficient`` the model's first term (its exposure), of any other
        quantity every term.
    terms : mapping
        The same for single members, before `term`.
    scale, test : str or None
        Beginnings of the rows' scale and of their method.
    results : mapping
        ``models/<kind>/<name>`` -> estimates, of every member.

    Returns
    -------
    Result
        Two rows per test, ``p_unadjusted`` and ``p_adjusted``, the number in `p_value`. `term` is the member's name
        without its kind; where a member has several tests, the tested term, with its scale where that tells them apart.
        `scale` is the tested term.

    Raises
    ------
    InputError
        A member has no such row, or several where one coefficient is meant.
    """
    if strange := sorted(set(terms) - set(members)):
        raise InputError(f"family: terms names '{strange[0]}', expected one of its members {', '.join(members)}")
    frames = [(member, results[f"models/{member.replace('.', '/')}"]) for member in members]
    tests = pd.concat(
        [_tests(name, frame, quantity, terms.get(name, term), scale, test) for name, frame in frames],
        ignore_index=True,
    )
    if repeated := tests["name"][tests["name"].duplicated()].tolist():
        raise InputError(f"family: '{repeated[0]}' stands twice among its tests, expected each once")
    adjusted = adjust(tests, method=method)
    rows = []
    for tested in adjusted.itertuples(index=False):
        rows.append(row(tested.name, "p_unadjusted", tested.term, "unadjusted", p_value=tested.p_value))
        rows.append(row(tested.name, "p_adjusted", tested.term, method, p_value=tested.p_adjusted))
    return result(rows)


def adjust(p_values: pd.DataFrame, *, method: str) -> pd.DataFrame:
    """Return the frame with a column ``p_adjusted`` beside its ``p_value``.

    Parameters
    ----------
    p_values : DataFrame
        One row per test of the family, column ``p_value``.
    method : {"bonferroni", "holm", "bh", "by"}
        k p; Holm S, Scand J Stat 1979;6:65-70; Benjamini Y, Hochberg Y, J R Stat Soc B 1995;57:289-300
        (doi 10.1111/j.2517-6161.1995.tb02031.x); Benjamini Y, Yekutieli D, Ann Stat 2001;29:1165-1188
        (doi 10.1214/aos/1013699998), for tests that depend on one another in any way.

    Raises
    ------
    InputError
        A p-value is missing or outside 0..1: the family's size would be unclear.
    """
    p = p_values["p_value"].to_numpy(dtype=float)
    if not ((p >= 0) & (p <= 1)).all():
        found = p[~((p >= 0) & (p <= 1))][0]
        raise InputError(f"family: found the p-value {found:g}, expected one between 0 and 1 for every member")
    k, order = len(p), np.argsort(p, kind="stable")
    if method == "bonferroni":
        stepped = k * p[order]
    elif method == "holm":
        stepped = np.maximum.accumulate(p[order] * np.arange(k, 0, -1))
    else:
        share = k * (1 / np.arange(1, k + 1)).sum() if method == "by" else k
        stepped = np.minimum.accumulate((p[order] * share / np.arange(1, k + 1))[::-1])[::-1]
    adjusted = np.empty(k)
    adjusted[order] = np.minimum(stepped, 1.0)
    return p_values.assign(p_adjusted=adjusted)


def _tests(
    name: str, frame: pd.DataFrame, quantity: str, term: str | None, scale: str | None, test: str | None
) -> pd.DataFrame:
    found = frame[frame["quantity"] == quantity]
    for column, start in (("scale", scale), ("method", test)):
        if start is not None:
            found = found[found[column].fillna("").astype(str).str.startswith(start)]
    if term is not None:
        found = found[found["term"] == term]
    elif quantity == "coefficient" and len(found):
        found = found[found["term"] == found["term"].iloc[0]]
    if found.empty or (quantity == "coefficient" and len(found) > 1):
        sought = f"{quantity} of {term}" if term else quantity
        raise InputError(f"family member '{name}': found {len(found)} rows of {sought}, expected one p-value")
    terms = found["term"].tolist()
    names = [name.split(".", 1)[-1]] if len(terms) == 1 else terms
    if len(set(names)) < len(names):
        names = [f"{one}, {what}" for one, what in zip(names, found["scale"], strict=True)]
    return pd.DataFrame({"name": names, "term": terms, "p_value": found["p_value"].to_numpy(float)})
