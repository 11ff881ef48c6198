"""The exposure's odds ratio in groups of the modifier, and without its largest values."""

import numpy as np

from recohort.core.errors import InputError
from recohort.models.distributions import chi2_p
from recohort.models.regression.logistic_model import Found, Model, as_ratio, fitted_model, inference, joint_test
from recohort.models.regression.modifier_groups import groups_of
from recohort.models.result import row


def subgroup_rows(task: Model, found: Found, wanted: int | list[float] | str) -> tuple[list[dict], list]:
    """Return the odds ratio of a model fitted within each group, each arm's events, and tests of heterogeneity.

    The model within a group has every term but those with the modifier. A covariate that does not vary in the group is
    left out there, and said. Heterogeneity: the product of exposure and groups in one model of all rows, and
    Cochran's Q of the groups' log odds ratios (Cochran WG, Biometrics 1954;10:101-129, doi 10.2307/3001666).
    """
    terms, exposure = task.terms, task.exposure
    codes, words = groups_of(terms, task.modifier, wanted)
    scales = terms.block(exposure).scales
    rows, warnings, effects = [], [], [[] for _ in scales]
    for code, word in enumerate(words):
        inside = codes == code
        counts = {"n": inside.sum(), "n_events": task.y[inside].sum()}
        fitted, places, said = _within(task, inside, word)
        warnings += said
        for column, scale in enumerate(scales):
            numbers = {"method": task.wald}
            if fitted is not None:
                numbers = inference(task, fitted, places[column])
                effects[column].append((numbers["estimate"], numbers["std_error"]))
                numbers = as_ratio(numbers)
            label = (
                f"{word} (n={int(inside.sum())})" if len(scales) == 1 else f"{scale}, {word} (n={int(inside.sum())})"
            )
            rows.append(row(exposure, "subgroup_odds_ratio", label, **numbers, **counts))
        rows += _arms(task, inside, word)
    return rows + _heterogeneity(task, codes, effects, len(words)), warnings


def influence_rows(task: Model, found: Found, largest: int) -> tuple[list[dict], list]:
    """Return how much coefficients change when the largest values of the modifier are left out.

    ``dfbeta`` is the coefficient with all rows less that without the row, from a model fitted anew; its `scale` names
    the row's value. ``without_<k>_largest`` is the ratio with all k left out.
    """
    terms = task.terms
    if not terms.numeric(task.modifier):
        raise InputError(
            f"influence: column '{task.modifier}' is no number, expected one whose largest values are left out"
        )
    values, unit = terms.raw[task.modifier][:, 0], terms.terms[task.modifier].unit
    if largest >= len(values):
        raise InputError(f"influence: found {len(values)} rows, expected more than the {largest} that are left out")
    order = np.argsort(-values, kind="stable")[:largest]
    blocks = (terms.block(task.exposure), terms.block(task.exposure, task.modifier))
    rows, warnings = [], []
    for rank, position in enumerate(order, 1):
        kept = np.arange(len(values)) != position
        said = f"{task.modifier} {values[position]:g} {unit}".rstrip() + f" (rank {rank})"
        again, failed = _again(task, kept, said)
        warnings += failed
        for block, index, scale in _members(blocks):
            change = np.nan if again is None else found.fit.beta[index] - again.fit.beta[index]
            label = f"{said}, {scale}" if len(_members(blocks)) > 2 else said
            rows.append(
                row(block.name, "dfbeta", label, "refit", estimate=change, n=kept.sum(), n_events=task.y[kept].sum())
            )
    kept = ~np.isin(np.arange(len(values)), order)
    again, failed = _again(task, kept, f"the {largest} largest values of {task.modifier}")
    warnings += failed
    for block, index, scale in _members(blocks):
        numbers = {} if again is None else as_ratio(inference(task, again, index))
        counts = {"n": kept.sum(), "n_events": task.y[kept].sum()}
        rows.append(row(block.name, f"without_{largest}_largest", scale, **{"method": task.wald, **numbers}, **counts))
    return rows, warnings


def _within(task: Model, inside: np.ndarray, word: str) -> tuple[Found | None, list[int], list[tuple[str, str]]]:
    """Fit the model without the modifier in a group; also where the exposure's coefficients stand in it."""
    terms, said = task.terms, []
    columns, dropped, places = [], [], []
    for block in terms.blocks:
        if task.modifier in block.parts:
            continue
        for index in range(block.where.start, block.where.stop):
            if block.name != task.exposure and np.ptp(terms.x[inside, index]) == 0:
                dropped.append(terms.names()[index])
                continue
            columns.append(index)
            if block.name == task.exposure:
                places.append(len(columns))
    if dropped:
        said.append(("subgroup_term_dropped", f"{word}: {', '.join(dropped)} does not vary there and is left out."))
    try:
        return (
            fitted_model(task, terms.x[:, columns], [terms.names()[index] for index in columns], inside),
            places,
            said,
        )
    except InputError as error:
        return None, places, [*said, ("subgroup_not_estimable", f"{word}: {error}.")]


def _arms(task: Model, inside: np.ndarray, word: str) -> list[dict]:
    """Return events and patients of each level of a categorical exposure in a group."""
    terms = task.terms
    if terms.numeric(task.exposure):
        return []
    raw, rows = terms.raw[task.exposure], []
    for (said, _), index in zip(terms.points(task.exposure, []), range(raw.shape[1] + 1), strict=True):
        chosen = inside & ((raw[:, index - 1] == 1) if index else (raw.sum(axis=1) == 0))
        level, n, events = said.removeprefix(f"{task.exposure} "), int(chosen.sum()), float(task.y[chosen].sum())
        share = events / n if n else np.nan
        rows.append(
            row(task.exposure, "subgroup_risk", f"{level}, {word}", "observed", estimate=share, n=n, n_events=events)
        )
    return rows


def _heterogeneity(task: Model, codes: np.ndarray, effects: list, count: int) -> list[dict]:
    terms, rows = task.terms, []
    kept = [
        i
        for block in terms.blocks
        if task.modifier not in block.parts
        for i in range(block.where.start, block.where.stop)
    ]
    groups = np.eye(count)[codes][:, 1:]
    exposed = terms.x[:, terms.block(task.exposure).where]
    products = np.einsum("ij,ik->ijk", exposed, groups).reshape(len(codes), -1)
    names = [terms.names()[index] for index in kept] + [f"group {index}" for index in range(2, count + 1)]
    names += [f"product {index}" for index in range(products.shape[1])]
    places = list(range(len(names) - products.shape[1] + 1, len(names) + 1))
    try:
        pooled = fitted_model(task, np.column_stack([terms.x[:, kept], groups, products]), names)
        test = joint_test(task, pooled, places)
    except InputError:
        test = {"method": task.engine}
    test["method"] += ", product with groups"
    rows.append(row(task.product, "heterogeneity_test", **test, **task.counts))
    if len(effects) == 1:
        found = np.array(effects[0], dtype=float).reshape(-1, 2)
        statistic, df = np.nan, len(found) - 1
        if len(found) == count and np.isfinite(found).all():
            weight = found[:, 1] ** -2
            statistic = float(weight @ (found[:, 0] - np.average(found[:, 0], weights=weight)) ** 2)
        rows.append(
            row(
                task.product,
                "heterogeneity_test",
                method="Cochran's Q of the groups",
                statistic=statistic,
                df=df,
                p_value=chi2_p(statistic, df) if df > 0 else np.nan,
                **task.counts,
            )
        )
    return rows


def _members(blocks: tuple) -> list[tuple]:
    return [
        (block, 1 + index, scale)
        for block in blocks
        for index, scale in zip(range(block.where.start, block.where.stop), block.scales, strict=True)
    ]


def _again(task: Model, kept: np.ndarray, said: str) -> tuple[Found | None, list[tuple[str, str]]]:
    try:
        return fitted_model(task, task.terms.x, task.terms.names(), kept), []
    except InputError as error:
        return None, [("influence_not_estimable", f"Without {said}: {error}.")]
