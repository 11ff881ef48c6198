"""One fitted logistic model with the inference that was asked for, and the rows of its terms."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from recohort.models.distributions import chi2_p, normal_p, two_sided_z
from recohort.models.regression.interaction import linear
from recohort.models.regression.logit import LogitFit, fit_logit, loglik_without, profile_limits, robust_covariance
from recohort.models.regression.terms import Terms, amounts
from recohort.models.result import row


@dataclass(frozen=True)
class Model:
    """The data and the kind of inference; attributes as the arguments of `logistic.fit`."""

    y: np.ndarray
    terms: Terms
    exposure: str | None
    modifier: str | None
    weights: np.ndarray
    weighted: bool
    clusters: np.ndarray | None
    robust: str | None
    penalty: str
    interval: str
    level: float

    @property
    def counts(self) -> dict[str, float]:
        """Rows, and rows with the event."""
        return {"n": len(self.y), "n_events": self.y.sum()}

    @property
    def engine(self) -> str:
        """How the model is called."""
        return "Firth logistic" if self.penalty == "firth" else "logistic"

    @property
    def profiled(self) -> bool:
        """Whether intervals of single coefficients are those of the profile likelihood."""
        return self.penalty == "firth" or self.interval == "profile"

    @property
    def by_likelihood(self) -> bool:
        """Whether tests may compare likelihoods."""
        return self.robust is None and not self.weighted

    @property
    def wald(self) -> str:
        """How a Wald interval or test is called."""
        robust = {None: "", "cluster": "cluster-robust "}.get(self.robust, f"{str(self.robust).upper()} robust ")
        return f"{self.engine}, {robust}Wald"

    @property
    def product(self) -> str:
        """Name of the product of exposure and modifier."""
        return self.terms.block(self.exposure, self.modifier).name


class Found(NamedTuple):
    """A fit and the covariance that its inference uses."""

    fit: LogitFit
    covariance: np.ndarray


def fitted_model(task: Model, x: np.ndarray, names: list[str], kept: np.ndarray | None = None) -> Found:
    """Fit the design `x`, of all rows or of those `kept`."""
    kept = np.ones(len(task.y), dtype=bool) if kept is None else kept
    fit = fit_logit(task.y[kept], x[kept], weights=task.weights[kept], names=names, firth=task.penalty == "firth")
    if task.robust is None:
        return Found(fit, fit.covariance)
    clusters = None if task.clusters is None else np.unique(task.clusters[kept], return_inverse=True)[1]
    return Found(fit, robust_covariance(fit, kind=task.robust, clusters=clusters))


def inference(task: Model, found: Found, index: int) -> dict:
    """Return the numbers of one coefficient (counted with the intercept) on the log scale."""
    beta, error = found.fit.beta[index], np.sqrt(found.covariance[index, index])
    if task.profiled and index and not found.fit.diverged.any():
        low, high = profile_limits(found.fit, index, level=task.level)
        test = likelihood_ratio(found.fit, [index])
        kind = "profile penalised likelihood" if task.penalty == "firth" else "profile likelihood"
        return {
            "estimate": beta,
            "std_error": error,
            "conf_low": low,
            "conf_high": high,
            **test,
            "method": f"{task.engine}, {kind}",
        }
    half = two_sided_z(task.level) * error
    z = beta / error
    return {
        "estimate": beta,
        "std_error": error,
        "conf_low": beta - half,
        "conf_high": beta + half,
        "statistic": z,
        "p_value": normal_p(z),
        "method": task.wald,
    }


def as_ratio(numbers: dict, amount: float = 1.0) -> dict:
    """Return the numbers of a ratio per so many units from those of its logarithm per unit."""
    with np.errstate(over="ignore", invalid="ignore"):
        ratio = {key: np.exp(amount * numbers[key]) for key in ("estimate", "conf_low", "conf_high")}
    return {**numbers, **ratio, "std_error": amount * numbers["std_error"]}


def likelihood_ratio(fit: LogitFit, indices: list[int]) -> dict[str, float]:
    """Return the likelihood ratio test that some coefficients are zero."""
    dropped = np.zeros(len(fit.beta), dtype=bool)
    dropped[indices] = True
    statistic = max(0.0, 2 * (fit.loglik - loglik_without(fit, dropped)))
    return {"statistic": statistic, "df": len(indices), "p_value": chi2_p(statistic, len(indices))}


def wald_test(found: Found, indices: list[int]) -> dict[str, float]:
    """Return the Wald test that some coefficients are zero."""
    beta, covariance = found.fit.beta[indices], found.covariance[np.ix_(indices, indices)]
    if not (np.isfinite(beta).all() and np.isfinite(covariance).all()):
        return {"df": len(indices)}
    statistic = float(beta @ np.linalg.solve(covariance, beta))
    return {"statistic": statistic, "df": len(indices), "p_value": chi2_p(statistic, len(indices))}


def joint_test(task: Model, found: Found, indices: list[int]) -> dict:
    """Return the likelihood ratio test where likelihoods may be compared, else Wald's."""
    if task.by_likelihood:
        return {**likelihood_ratio(found.fit, indices), "method": f"{task.engine}, likelihood ratio"}
    return {**wald_test(found, indices), "method": task.wald}


def term_rows(task: Model, found: Found, scales: list) -> list[dict]:
    """Return coefficients, odds ratios and tests, term by term."""
    terms, counts = task.terms, task.counts
    coefficients, ratios, tests = [], [], []
    for block in terms.blocks:
        places = range(1 + block.where.start, 1 + block.where.stop)
        one = amounts(terms, block.name, scales if block.name == task.exposure else ["unit"]) if _single(block) else []
        for index, scale in zip(places, block.scales, strict=True):
            numbers = inference(task, found, index)
            numbers["method"] += where_zero(terms, block.name) if _single(block) else ""
            coefficients.append(row(block.name, "coefficient", scale, **numbers, **counts))
            if any(part in terms.forms and terms.forms[part].kind == "spline" for part in block.parts):
                continue
            if not _single(block):
                if set(block.parts) != {task.exposure, task.modifier}:
                    ratios.append(row(block.name, "ratio_of_odds_ratios", scale, **as_ratio(numbers), **counts))
                continue
            for words, amount in one if len(block.scales) == 1 else [(scale, 1.0)]:
                ratios.append(row(block.name, "odds_ratio", words, **as_ratio(numbers, amount), **counts))
        tests += _tests(task, found, block)
    intercept = row("intercept", "coefficient", **{**inference(task, found, 0), **counts})
    return coefficients + ratios + [intercept] + tests


def where_zero(terms: Terms, name: str) -> str:
    """Say where the ratio of a term of products holds: where the other columns are 0 or at their first level.

    A term's own coefficient is no mean effect then, which tables must say.
    """
    said = []
    for block in terms.blocks:
        if len(block.parts) == 2 and name in block.parts:
            other = next(part for part in block.parts if part != name)
            said.append(f"{other} is 0" if terms.numeric(other) else f"{other} is {reference_level(terms, other)}")
    return f", where {' and '.join(said)}" if said else ""


def reference_level(terms: Terms, name: str) -> str:
    """Return the level against which a category's others stand."""
    return terms.terms[name].scales[0].partition(" against ")[2]


def with_products(terms: Terms, name: str) -> list[int]:
    """Return the coefficients of a term and of every product that contains it, counted with the intercept."""
    found = [block for block in terms.blocks if block.name == name or (len(block.parts) == 2 and name in block.parts)]
    return [1 + index for block in found for index in range(block.where.start, block.where.stop)]


def relation_rows(task: Model, found: Found) -> list[pd.DataFrame]:
    """Return each spline's odds ratio against its median, other terms of its products at zero."""
    frames = []
    for name, form in task.terms.forms.items():
        if form.kind != "spline":
            continue
        values, where = task.terms.raw[name][:, 0], task.terms.block(name).where
        grid = np.linspace(*np.percentile(values, [1, 99]), 100)
        factors = np.zeros((len(grid), len(found.fit.beta)))
        factors[:, 1 + where.start : 1 + where.stop] = form.basis(grid) - form.basis(np.median(values)[None])
        ratio = linear(found.fit.beta, found.covariance, factors).ratio(task.level)
        frames.append(curve_part("spline", name, grid, ratio))
    return frames


def curve_part(part: str, term: str, values: np.ndarray, numbers: dict) -> pd.DataFrame:
    """Return rows of the curve."""
    kept = {key: numbers.get(key, np.full(len(values), np.nan)) for key in ("estimate", "conf_low", "conf_high")}
    return pd.DataFrame({"part": part, "term": term, "value": values, **kept})


def _single(block: object) -> bool:
    return len(block.parts) == 1


def _tests(task: Model, found: Found, block: object) -> list[dict]:
    indices = with_products(task.terms, block.name)
    joint = ", with its products" if len(indices) > block.where.stop - block.where.start else ""
    wald = wald_test(found, indices)
    rows = [row(block.name, "wald_test", method=task.wald + joint, **wald, **task.counts)]
    if task.by_likelihood:
        test = likelihood_ratio(found.fit, indices)
        method = f"{task.engine}, likelihood ratio{joint}"
        rows.append(row(block.name, "likelihood_ratio_test", method=method, **test, **task.counts))
    return rows
