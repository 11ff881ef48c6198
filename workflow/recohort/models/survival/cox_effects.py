"""What a fitted Cox model says of each term: rows of estimates and the curves of splines."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from recohort.models.distributions import chi2_p, normal_p, two_sided_z
from recohort.models.regression.interaction import contrasts, linear
from recohort.models.regression.terms import Block, Terms, amounts
from recohort.models.result import row
from recohort.models.survival.coxph import CoxFit, without
from recohort.models.survival.firth_cox import penalised_without, profile_limits

GRID = 100


class Effects(NamedTuple):
    """A fitted model and how its uncertainty is told.

    Attributes
    ----------
    fit : CoxFit
        The model, fitted to the design times `basis`.
    covariance : ndarray, shape (p, p)
        That of the fitted coefficients; robust where `robust`.
    basis : ndarray, shape (p, p)
        See `conditioned`: basis times fitted coefficients are the design's coefficients.
    terms : Terms
        The design.
    level : float
        Confidence level.
    model : str
        What the methods begin with: ``Cox (efron)``.
    counts : dict
        ``n, n_events``.
    robust : str
        Words of the sandwich's interval; empty where the covariance is the inverse information.
    penalised : bool
        By Firth's likelihood: limits and tests of coefficients come from its profile.
    """

    fit: CoxFit
    covariance: np.ndarray
    basis: np.ndarray
    terms: Terms
    level: float
    model: str
    counts: dict
    robust: str
    penalised: bool

    def row(self, term: str, quantity: str, scale: str = "", **numbers: object) -> dict:
        """Return a row of estimates with the model's counts."""
        return row(term, quantity, scale, **{**numbers, **self.counts})

    def coefficient(self, index: int) -> dict:
        """Return estimate, limits and test of one coefficient of the design."""
        factors = np.eye(len(self.basis))[index]
        if self.penalised and (self.basis[index] == factors).all():
            return self._profiled(index)
        return self.combined(factors)

    def combined(self, factors: np.ndarray) -> dict:
        """Return a sum of the design's coefficients, `factors` of shape (p,), with Wald's limits and test."""
        factors = factors @ self.basis
        found = linear(self.fit.beta, self.covariance, factors[None])
        # A coefficient that runs away keeps its infinite estimate, and has no error.
        alone = np.flatnonzero(factors)
        estimate = self.fit.beta[alone[0]] * factors[alone[0]] if len(alone) == 1 else found.estimate[0]
        return self._wald(float(estimate), float(found.error[0]))

    def _wald(self, estimate: float, error: float) -> dict:
        half, z = two_sided_z(self.level) * error, estimate / error
        limits = {"conf_low": estimate - half, "conf_high": estimate + half}
        method = f"{self.model}, {self.robust or 'Wald interval'}"
        test = {"statistic": z, "p_value": normal_p(z), "method": method}
        return {"estimate": estimate, "std_error": error, **limits, **test}

    def _profiled(self, index: int) -> dict:
        low, high = profile_limits(self.fit, index, two_sided_z(self.level))
        fallen = max(2 * (self.fit.loglik - penalised_without(self.fit, np.array([index]))), 0.0)
        return {
            "estimate": self.fit.beta[index],
            "std_error": np.sqrt(self.covariance[index, index]),
            "conf_low": low,
            "conf_high": high,
            "statistic": fallen,
            "df": 1,
            "p_value": chi2_p(fallen, 1),
            "method": f"{self.model}, profile likelihood interval",
        }


def conditioned(terms: Terms) -> np.ndarray:
    """Return a matrix, shape (p, p), by which the design is multiplied so that columns of a spline are not near alike.

    It is the identity but for the splines, whose columns become orthogonal, each free of those before it: a spline's
    coefficients after the first are zero exactly where they are zero in the design.
    """
    basis = np.eye(terms.x.shape[1])
    for block in (block for block in terms.blocks if is_spline(terms, block.name)):
        columns = terms.x[:, block.where] - terms.x[:, block.where].mean(axis=0)
        spread = columns.std(axis=0)
        if (spread == 0).any():
            continue
        upper = np.linalg.qr(columns / spread, mode="r") / np.sqrt(len(columns))
        size = np.abs(upper.diagonal())
        if size.min() > 1e-9 * size.max():
            basis[block.where, block.where] = np.linalg.inv(upper) / spread[:, None]
    return basis


def term_rows(effects: Effects, block: Block, scales: list[str | float]) -> list[dict]:
    """Return the coefficients of a term, then its hazard ratios; a spline's tests and a product's follow.

    Where a term has products with others, its ratios are given at each level of a category and at the mean of a number,
    one partner at a time, the other ones at their first level or mean.

    Parameters
    ----------
    effects : Effects
        The model.
    block : Block
        The term.
    scales : list of "unit", "sd", "iqr" or number
        What a number's ratio is per.
    """
    places = np.arange(block.where.start, block.where.stop)
    found = [effects.coefficient(index) for index in places]
    rows = [
        effects.row(block.name, "coefficient", scale, **each) for scale, each in zip(block.scales, found, strict=True)
    ]
    if len(block.parts) == 2:
        ratios = zip(block.scales, found, strict=True)
        rows += [effects.row(block.name, "ratio_of_hazard_ratios", scale, **as_ratio(each)) for scale, each in ratios]
        return rows + joint_rows(effects, block.name, "interaction_test", places)
    if is_spline(effects.terms, block.name):
        return rows + _spline_rows(effects, block, places)
    for where, factors in _settings(effects.terms, block):
        for index, scale in enumerate(block.scales):
            alone = np.count_nonzero(factors[index]) == 1
            each = found[index] if alone else effects.combined(factors[index])
            for words, amount in amounts(effects.terms, block.name, scales) or [(scale, 1.0)]:
                rows.append(effects.row(block.name, "hazard_ratio", words + where, **as_ratio(each, amount)))
    return rows


def as_ratio(found: dict, amount: float = 1.0) -> dict:
    """Return a coefficient's numbers as those of the ratio per `amount`."""
    with np.errstate(over="ignore", invalid="ignore"):
        ratio = {key: np.exp(amount * found[key]) for key in ("estimate", "conf_low", "conf_high")}
    return {**found, **ratio, "std_error": amount * found["std_error"]}


def is_spline(terms: Terms, name: str) -> bool:
    """Return whether a column enters as a spline."""
    return name in terms.forms and terms.forms[name].kind == "spline"


def _settings(terms: Terms, block: Block) -> list[tuple[str, np.ndarray]]:
    """Return where the term's partners stand, in words, and the factors of its log hazard ratios, shape (c, p)."""
    width = block.where.stop - block.where.start
    plain = np.zeros((width, terms.x.shape[1]))
    plain[np.arange(width), np.arange(block.where.start, block.where.stop)] = 1.0
    options = []
    for product in (other for other in terms.blocks if len(other.parts) == 2 and block.name in other.parts):
        partner = next(part for part in product.parts if part != block.name)
        states = []
        for words, basis in _states(terms, partner):
            added = [contrasts(terms, block.name, index, partner, basis[None], before=0)[0] for index in range(width)]
            states.append((f" where {words}", np.array(added) - plain))
        options.append(states)
    if not options:
        return [("", plain)]
    chosen = [[states[0] for states in options]]
    for index, states in enumerate(options):
        chosen += [[state if place == index else one for place, one in enumerate(chosen[0])] for state in states[1:]]
    return [("".join(words for words, _ in each), plain + sum(added for _, added in each)) for each in chosen]


def _states(terms: Terms, name: str) -> list[tuple[str, np.ndarray]]:
    if not terms.numeric(name):
        return [(words.replace(f"{name} ", f"{name} is ", 1), basis) for words, basis in terms.points(name, [])]
    mean = float(terms.raw[name].mean())
    return [(f"{name} is {mean:.3g} {terms.terms[name].unit}".rstrip() + " (mean)", np.array([mean]))]


def _spline_rows(effects: Effects, block: Block, places: np.ndarray) -> list[dict]:
    """Return the hazard ratio between a spline's quartiles, whether it matters, and whether it bends."""
    low, high = np.percentile(effects.terms.raw[block.name][:, 0], [25, 75])
    unit = effects.terms.terms[block.name].unit
    words = f"{high:.3g} against {low:.3g} {unit}".rstrip() + " (quartiles)"
    between = effects.combined(_against(effects.terms, block, np.array([high]), low)[0])
    return [
        effects.row(block.name, "hazard_ratio", words, **as_ratio(between)),
        *joint_rows(effects, block.name, "spline_test", places),
        *joint_rows(effects, block.name, "nonlinearity_test", places[1:]),
    ]


def _against(terms: Terms, block: Block, values: np.ndarray, reference: float) -> np.ndarray:
    """Return the factors of the log hazard ratios of a column's values against a reference, shape (m, p)."""
    basis = terms.forms[block.name].basis(np.r_[reference, values])
    factors = np.zeros((len(values), terms.x.shape[1]))
    factors[:, block.where] = basis[1:] - basis[0]
    return factors


def joint_rows(effects: Effects, term: str, quantity: str, places: np.ndarray) -> list[dict]:
    """Return tests that several coefficients are all zero: by the likelihood where it is the data's, then Wald's."""
    fit, df, tests = effects.fit, len(places), {}
    if effects.penalised:
        tests["penalised likelihood ratio test"] = 2 * (fit.loglik - penalised_without(fit, places))
    elif not effects.robust:
        tests["likelihood ratio test"] = 2 * (fit.loglik - without(fit, places))
    if not effects.penalised:
        tests["robust Wald test" if effects.robust else "Wald test"] = wald(fit.beta, effects.covariance, places)
    return [
        effects.row(
            term, quantity, method=f"{effects.model}, {name}", statistic=value, df=df, p_value=chi2_p(value, df)
        )
        for name, value in tests.items()
    ]


def wald(beta: np.ndarray, covariance: np.ndarray, places: np.ndarray) -> float:
    """Return Wald's chi-squared of some coefficients; nan where one has no estimate or their covariance is singular."""
    block, some = covariance[np.ix_(places, places)], beta[places]
    if not (np.isfinite(block).all() and np.isfinite(some).all()):
        return np.nan
    error = np.sqrt(block.diagonal())
    if np.linalg.matrix_rank(block / np.outer(error, error)) < len(block):
        return np.nan
    return float(some @ np.linalg.solve(block, some))


def spline_curve(
    effects: Effects, name: str, *, reference: float | None, quantiles: tuple[float, float]
) -> pd.DataFrame:
    """Return the hazard ratio over a spline's column against a reference, with pointwise Wald limits.

    Parameters
    ----------
    effects : Effects
        The model.
    name : str
        The column.
    reference : float or None
        Value whose hazard ratio is 1; None for the median.
    quantiles : tuple of float
        Of the column, between which the curve runs.

    Returns
    -------
    curve : DataFrame
        Columns ``part, term, value, estimate, conf_low, conf_high``; parts ``spline`` (100 rows), ``reference`` (one),
        ``knot`` and ``rug`` (the observed values, rising), which have a value alone.
    """
    block, values = effects.terms.block(name), effects.terms.raw[name][:, 0]
    reference = float(np.median(values)) if reference is None else float(reference)
    grid = np.linspace(*np.quantile(values, quantiles), GRID)
    factors = _against(effects.terms, block, grid, reference) @ effects.basis
    found = linear(effects.fit.beta, effects.covariance, factors)
    ratio = found.ratio(effects.level)
    numbers = {key: ratio[key] for key in ("estimate", "conf_low", "conf_high")}
    curve = pd.DataFrame({"part": "spline", "term": name, "value": grid, **numbers})
    others = {"reference": [reference], "knot": effects.terms.forms[name].knots, "rug": np.sort(values)}
    parts = [pd.DataFrame({"part": part, "term": name, "value": some}) for part, some in others.items()]
    return pd.concat([curve, *parts], ignore_index=True)
