"""How the odds ratio and the risk difference of an exposure change with a modifier."""

import numpy as np
import pandas as pd

from recohort.models.regression.interaction import contrasts, johnson_neyman, linear
from recohort.models.regression.logistic_model import (
    Found,
    Model,
    as_ratio,
    curve_part,
    inference,
    joint_test,
    likelihood_ratio,
)
from recohort.models.regression.standardisation import (
    additive_interaction,
    risk_interval,
    risk_rows,
    standardised_risks,
)
from recohort.models.regression.terms import amounts
from recohort.models.result import row


def modifier_rows(task: Model, found: Found, scales: list, evaluate: list[float]) -> list[dict]:
    """Return the product's tests and ratios, odds ratios at values of the modifier, bounds, additive interaction."""
    return [
        *_product(task, found, scales),
        *_at(task, found, evaluate),
        *_bounds(task, found),
        *_additive(task, found),
    ]


def modifier_curve(task: Model, found: Found) -> list[pd.DataFrame]:
    """Return the exposure's odds ratio and risk difference over a numeric modifier, and the modifier's values."""
    terms, exposure, modifier = task.terms, task.exposure, task.modifier
    if not terms.numeric(modifier):
        return []
    values, form, scales = terms.raw[modifier][:, 0], terms.forms[modifier], terms.block(exposure).scales
    grid = np.linspace(*np.percentile(values, [1, 99]), 100)
    frames = []
    for column, scale in enumerate(scales):
        factors = contrasts(terms, exposure, column, modifier, form.basis(grid), before=1)
        ratio = linear(found.fit.beta, found.covariance, factors).ratio(task.level)
        frames.append(curve_part("interaction", _called(exposure, scale, scales), grid, ratio))
    if not terms.numeric(exposure) and not found.fit.diverged.any():
        differences = [
            [risk_rows(part, level=task.level)["risk_difference"] for _, part in _arms(task, found, basis)]
            for basis in form.basis(grid)
        ]
        for column, scale in enumerate(scales):
            numbers = pd.DataFrame([row[column] for row in differences])
            term = _called(exposure, scale, scales)
            frames.append(curve_part("risk_difference", term, grid, {key: numbers[key].to_numpy() for key in numbers}))
    frames.append(curve_part("rug", modifier, np.sort(values), {}))
    return frames


def modifier_warnings(task: Model, found: Found) -> list[tuple[str, str]]:
    """Say where the additive measures of interaction do not mean what they are read for."""
    if not _two_binary(task) or found.fit.diverged.any():
        return []
    places = [1 + task.terms.block(name).where.start for name in (task.exposure, task.modifier)]
    if (found.fit.beta[places] > 0).all():
        return []
    message = (
        f"{task.product}: a factor alone has an odds ratio below 1; RERI, attributable proportion and synergy index "
        "are meant for factors coded so that each raises the risk."
    )
    return [("additive_interaction_of_protective_factor", message)]


def risks(task: Model, found: Found, evaluate: list[float]) -> list[dict]:
    """Return standardised risks of each level of a categorical exposure, overall and at values of the modifier."""
    terms = task.terms
    if terms.numeric(task.exposure) or found.fit.diverged.any():
        return []
    places = [("", None)]
    if task.modifier:
        places += terms.points(task.modifier, evaluate)
    rows, scales = [], terms.block(task.exposure).scales
    levels = [said.removeprefix(f"{task.exposure} ") for said, _ in terms.points(task.exposure, [])]
    for place, basis in places:
        pairs = _arms(task, found, basis)
        method = f"standardised, delta method{'' if task.robust is None else f' ({task.robust})'}"
        common = {"method": method, **task.counts}
        for index, level in enumerate(levels):
            part, which = pairs[max(index - 1, 0)][1], min(index, 1)
            numbers = risk_interval(part.risk[which], np.sqrt(part.covariance[which, which]), level=task.level)
            rows.append(row(task.exposure, "risk", ", ".join(filter(None, (level, place))), **numbers, **common))
        for scale, (_, part) in zip(scales, pairs, strict=True):
            for quantity, numbers in risk_rows(part, level=task.level).items():
                rows.append(row(task.exposure, quantity, ", ".join(filter(None, (scale, place))), **numbers, **common))
    return rows


def _product(task: Model, found: Found, scales: list) -> list[dict]:
    terms, counts, block = task.terms, task.counts, task.terms.block(task.exposure, task.modifier)
    places = [1 + index for index in range(block.where.start, block.where.stop)]
    rows = []
    test = joint_test(task, found, places)
    rows.append(row(block.name, "interaction_test", **test, **counts))
    form = terms.forms.get(task.modifier)
    if form is not None and form.kind == "spline":
        width = terms.bases[task.modifier].shape[1]
        bends = [place for offset, place in enumerate(places) if offset % width]
        rows.append(row(block.name, "nonlinearity_test", **joint_test(task, found, bends), **counts))
        return rows
    per_exposure = terms.block(task.exposure).scales
    width = len(terms.block(task.modifier).scales)
    single = amounts(terms, task.modifier, scales)
    for offset, (index, scale) in enumerate(zip(places, block.scales, strict=True)):
        words = [(f"{per_exposure[offset // width]}, {said}", amount) for said, amount in single]
        by_wald = {**_wald_only(task, found, index), **counts}
        chosen = {**inference(task, found, index), **counts}
        for said, amount in words if width == 1 else [(scale, 1.0)]:
            rows.append(row(block.name, "ratio_of_odds_ratios", said, **as_ratio(by_wald, amount)))
            if task.profiled:
                rows.append(row(block.name, "ratio_of_odds_ratios", said, **as_ratio(chosen, amount)))
            elif task.by_likelihood:
                test = {**likelihood_ratio(found.fit, [index]), "method": f"{task.engine}, likelihood ratio"}
                estimate = as_ratio(by_wald, amount)["estimate"]
                rows.append(row(block.name, "ratio_of_odds_ratios", said, estimate=estimate, **test, **counts))
    return rows


def _wald_only(task: Model, found: Found, index: int) -> dict:
    numbers = linear(found.fit.beta, found.covariance, np.eye(len(found.fit.beta))[[index]])
    low, high = (np.log(numbers.ratio(task.level)[key][0]) for key in ("conf_low", "conf_high"))
    z = numbers.ratio(task.level)
    return {
        "estimate": found.fit.beta[index],
        "std_error": numbers.error[0],
        "conf_low": low,
        "conf_high": high,
        "statistic": z["statistic"][0],
        "p_value": z["p_value"][0],
        "method": task.wald,
    }


def _at(task: Model, found: Found, evaluate: list[float]) -> list[dict]:
    terms, exposure, scales = task.terms, task.exposure, task.terms.block(task.exposure).scales
    points, rows = terms.points(task.modifier, evaluate), []
    for column, scale in enumerate(scales):
        if not points:
            continue
        factors = contrasts(terms, exposure, column, task.modifier, np.array([p for _, p in points]), before=1)
        ratio = linear(found.fit.beta, found.covariance, factors).ratio(task.level)
        for index, (said, _) in enumerate(points):
            numbers = {key: values[index] for key, values in ratio.items()}
            words = said if len(scales) == 1 else f"{scale}, {said}"
            rows.append(row(exposure, "odds_ratio_at", words, method=task.wald, **numbers, **task.counts))
    return rows


def _bounds(task: Model, found: Found) -> list[dict]:
    terms = task.terms
    if not terms.numeric(task.modifier) or len(terms.block(task.exposure).scales) > 1:
        return []
    bounds, side = johnson_neyman(
        found.fit.beta, found.covariance, terms, task.exposure, task.modifier, before=1, level=task.level
    )
    values, unit = terms.raw[task.modifier][:, 0], terms.terms[task.modifier].unit
    rows = []
    for number, bound in enumerate(bounds, 1):
        seen = "within the data" if values.min() <= bound <= values.max() else "outside the data"
        words = f"bound {number} ({unit})" if unit else f"bound {number}"
        rows.append(row(task.product, "johnson_neyman", words, f"{task.wald}, {seen}", estimate=bound, **task.counts))
    if not found.fit.diverged.any():
        for which, words in ((-1, "odds ratio below 1"), (1, "odds ratio above 1")):
            share = np.average(side == which, weights=task.weights)
            rows.append(row(task.product, "johnson_neyman_share", words, task.wald, estimate=share, **task.counts))
    return rows


def _two_binary(task: Model) -> bool:
    names = (task.exposure, task.modifier)
    return all(not task.terms.numeric(name) and len(task.terms.block(name).scales) == 1 for name in names)


def _additive(task: Model, found: Found) -> list[dict]:
    if not _two_binary(task) or found.fit.diverged.any():
        return []
    blocks = [task.terms.block(task.exposure), task.terms.block(task.modifier)]
    places = [1 + block.where.start for block in (*blocks, task.terms.block(task.exposure, task.modifier))]
    measures = additive_interaction(found.fit.beta[places], found.covariance[np.ix_(places, places)], level=task.level)
    method = f"{task.wald}, delta method"
    return [row(task.product, name, method=method, **numbers, **task.counts) for name, numbers in measures.items()]


def _arms(task: Model, found: Found, basis: np.ndarray | None) -> list[tuple[str, object]]:
    """Return the risks of each further level of the exposure with those of its first, everyone at `basis`."""
    terms, exposure = task.terms, task.exposure
    count = len(terms.block(exposure).scales)
    fixed = {} if basis is None else {task.modifier: basis}
    designs = [terms.rebuilt({**fixed, exposure: arm}) for arm in np.eye(count + 1)[:, 1:]]
    pairs = []
    for index in range(count):
        arms = [designs[0], designs[index + 1]]
        pairs.append(
            (
                terms.block(exposure).scales[index],
                standardised_risks(found.fit.beta, found.covariance, arms, task.weights),
            )
        )
    return pairs


def _called(exposure: str, scale: str, scales: tuple[str, ...]) -> str:
    return exposure if len(scales) == 1 else f"{exposure} ({scale})"
