"""Rows and curves of a regression as measured, and of the same corrected."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from recohort.models.comparison.tails import t_p, t_quantile
from recohort.models.distributions import chi2_p, normal_p, two_sided_z
from recohort.models.regression.interaction import contrasts
from recohort.models.regression.measurement_error_fits import Regression
from recohort.models.regression.terms import Block, Terms, amounts
from recohort.models.result import row

_EFFECT = {"logistic": "odds_ratio", "cox": "hazard_ratio", "linear": "mean_difference"}
_PRODUCT = {"logistic": "ratio_of_odds_ratios", "cox": "ratio_of_hazard_ratios"}


class Answer(NamedTuple):
    """Coefficients and their covariance.

    Attributes
    ----------
    beta, covariance : ndarray, shapes (k,) and (k, k)
    methods : list of str, length k
        How each was found.
    ending : str
        Of the quantities: ``_naive``, or empty.
    """

    beta: np.ndarray
    covariance: np.ndarray
    methods: list[str]
    ending: str


@dataclass(frozen=True)
class Effects:
    """What is told of an answer; attributes as the arguments of `measurement_error.fit`."""

    terms: Terms
    exposure: str | None
    modifier: str | None
    mismeasured: str
    regression: str
    scales: list[str | float]
    evaluate: list[float]
    level: float
    task: Regression
    counts: dict[str, float]

    def labels(self) -> list[tuple[str, str]]:
        """Return each coefficient's term and scale."""
        return [("intercept", "")] * self.task.intercept + self.terms.labelled()

    def tested(self, estimate: np.ndarray, variance: np.ndarray) -> dict[str, np.ndarray]:
        """Return Wald's numbers; no error where the variance is not above 0."""
        error = np.sqrt(np.where(variance > 0, variance, np.nan))
        df = self.task.df
        half = (two_sided_z(self.level) if df is None else t_quantile(self.level, df)) * error
        z = estimate / error
        found = {"estimate": estimate, "std_error": error, "conf_low": estimate - half, "conf_high": estimate + half}
        return found | {"statistic": z, "p_value": normal_p(z) if df is None else t_p(z, df)}

    def effect(self, numbers: dict, amount: float = 1.0) -> dict:
        """Return an effect per so many units: a ratio from its logarithm, or a difference."""
        found = {key: amount * numbers[key] for key in ("estimate", "conf_low", "conf_high")}
        if self.regression != "linear":
            with np.errstate(over="ignore"):
                found = {key: np.exp(value) for key, value in found.items()}
        return {**numbers, **found, "std_error": amount * numbers["std_error"]}


def effect_rows(effects: Effects, answer: Answer) -> list[dict]:
    """Return coefficients, ratios or differences, the product's test, and effects at values of the modifier."""
    numbers = effects.tested(answer.beta, np.diag(answer.covariance))
    df = {} if effects.task.df is None else {"df": effects.task.df}
    coefficients, told = [], []
    for place, (term, scale) in enumerate(effects.labels()):
        own = {key: float(values[place]) for key, values in numbers.items()}
        own |= {"method": answer.methods[place], **df, **effects.counts}
        coefficients.append(row(term, f"coefficient{answer.ending}", scale, **own))
    start = effects.task.intercept
    for block in effects.terms.blocks:
        quantity = (_EFFECT if len(block.parts) == 1 else _PRODUCT).get(effects.regression)
        if quantity is None:
            continue
        for offset, place in enumerate(range(start + block.where.start, start + block.where.stop)):
            own = {key: float(values[place]) for key, values in numbers.items()}
            method = answer.methods[place] + _where_zero(effects, block)
            for words, amount in _amounts(effects, block, offset):
                told.append(
                    row(
                        block.name,
                        f"{quantity}{answer.ending}",
                        words,
                        **effects.effect(own, amount),
                        method=method,
                        **df,
                        **effects.counts,
                    )
                )
    told += _test(effects, answer) + _at(effects, answer, df)
    return coefficients + told


def effect_curve(effects: Effects, answer: Answer) -> list[pd.DataFrame]:
    """Return the exposure's effect over a numeric modifier, between its 1st and 99th percentile as measured."""
    if not effects.modifier or not effects.terms.numeric(effects.modifier):
        return []
    values = effects.terms.raw[effects.modifier][:, 0]
    grid, frames = np.linspace(*np.percentile(values, [1, 99]), 100), []
    scales = effects.terms.block(effects.exposure).scales
    for column, scale in enumerate(scales):
        found = _along(effects, answer, column, effects.terms.forms[effects.modifier].basis(grid))
        kept = {key: found[key] for key in ("estimate", "conf_low", "conf_high")}
        frame = {"part": f"interaction{answer.ending}", "term": effects.exposure, "scale": scale, "value": grid}
        frames.append(pd.DataFrame(frame | kept))
    return frames


def _amounts(effects: Effects, block: Block, offset: int) -> list[tuple[str, float]]:
    """Return what an effect is per: `scales` where the mismeasured column enters as it is, else as its block says."""
    name, scale = effects.mismeasured, block.scales[offset]
    if name not in block.parts or effects.terms.forms[name].kind != "linear":
        return [(scale, 1.0)]
    per = amounts(effects.terms, name, effects.scales)
    if len(block.parts) == 1:
        return per
    first = block.parts[0] == name
    other = effects.terms.block(block.parts[1 if first else 0]).scales[offset]
    return [(f"{words}, {other}" if first else f"{other}, {words}", amount) for words, amount in per]


def _where_zero(effects: Effects, block: Block) -> str:
    """Say where the effect of a term of a product holds: where the other column is 0 or at its first level."""
    if not effects.modifier or len(block.parts) > 1 or block.name not in (effects.exposure, effects.modifier):
        return ""
    other = effects.modifier if block.name == effects.exposure else effects.exposure
    if effects.terms.numeric(other):
        return f", where {other} is 0"
    return f", where {other} is {effects.terms.terms[other].scales[0].partition(' against ')[2]}"


def _test(effects: Effects, answer: Answer) -> list[dict]:
    if not effects.modifier:
        return []
    block = effects.terms.block(effects.exposure, effects.modifier)
    where = slice(effects.task.intercept + block.where.start, effects.task.intercept + block.where.stop)
    beta, covariance = answer.beta[where], answer.covariance[where, where]
    numbers = {"df": len(beta)}
    if np.isfinite(beta).all() and np.isfinite(covariance).all() and np.linalg.eigvalsh(covariance).min() > 0:
        statistic = float(beta @ np.linalg.solve(covariance, beta))
        numbers |= {"statistic": statistic, "p_value": chi2_p(statistic, len(beta))}
    method = f"{answer.methods[where.start]}, chi-squared"
    return [row(block.name, f"interaction_test{answer.ending}", method=method, **numbers, **effects.counts)]


def _at(effects: Effects, answer: Answer, df: dict) -> list[dict]:
    if not effects.modifier:
        return []
    points = effects.terms.points(effects.modifier, effects.evaluate)
    if not points:
        return []
    rows, scales = [], effects.terms.block(effects.exposure).scales
    start = effects.task.intercept
    for column, scale in enumerate(scales):
        found = _along(effects, answer, column, np.array([basis for _, basis in points]))
        method = answer.methods[start + effects.terms.block(effects.exposure).where.start + column]
        for index, (said, _) in enumerate(points):
            own = {key: float(values[index]) for key, values in found.items()} | df | effects.counts
            words = said if len(scales) == 1 else f"{scale}, {said}"
            quantity = f"{_EFFECT[effects.regression]}_at{answer.ending}"
            rows.append(row(effects.exposure, quantity, words, method=method, **own))
    return rows


def _along(effects: Effects, answer: Answer, column: int, bases: np.ndarray) -> dict[str, np.ndarray]:
    """Return the exposure's effect at bases of the modifier, shape (m, c)."""
    terms, start = effects.terms, effects.task.intercept
    factors = contrasts(terms, effects.exposure, column, effects.modifier, bases, before=start)
    variance = np.einsum("ij,jk,ik->i", factors, answer.covariance, factors)
    return effects.effect(effects.tested(factors @ answer.beta, variance))
