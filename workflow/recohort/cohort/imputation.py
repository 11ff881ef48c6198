"""Multiple imputation by chained equations: each column in turn is drawn from a model given all others.

van Buuren S, Groothuis-Oudshoorn K, J Stat Softw 2011;45(3) (doi 10.18637/jss.v045.i03); what to put into
the model: White IR, Royston P, Wood AM, Stat Med 2011;30:377-399 (doi 10.1002/sim.4067).
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from recohort.cohort.covariates import levels_of
from recohort.cohort.draws import draw_level, draw_matched, draw_normal, independent
from recohort.core.columns import as_text
from recohort.core.conditions import numbers
from recohort.core.errors import Findings, InputError
from recohort.core.seeds import generator


class Imputed(NamedTuple):
    """Imputed cohorts.

    Attributes
    ----------
    frame : DataFrame
        ``imputation`` (1 to m), then the cohort's columns; m times its rows in its order, one imputation after another.
    warnings : DataFrame
        Columns ``code, message``.
    """

    frame: pd.DataFrame
    warnings: pd.DataFrame


class _Variable(NamedTuple):
    """A column as numbers: a category's are the codes of the levels that occur."""

    name: str
    kind: str
    known: np.ndarray
    missing: np.ndarray
    levels: list[str]


def impute(
    cohort: pd.DataFrame,
    *,
    columns: list[str],
    predictors: list[str],
    m: int,
    iterations: int,
    method: str,
    donors: int,
    outcome: dict | None,
    declared: dict[str, dict],
    seed: int,
) -> Imputed:
    """Impute missing values several times.

    Parameters
    ----------
    cohort : DataFrame
        Eligible participants.
    columns : list of str
        Columns to impute, visited in this order.
    predictors : list of str
        Complete columns that predict beside them.
    m : int
        Number of imputations.
    iterations : int
        Rounds of each chain.
    method : {"pmm", "norm"}
        How numbers are drawn; integers always by ``pmm``.
    donors : int
        Nearest observed values that ``pmm`` draws from.
    outcome : dict or None
        The study's ``time`` and ``event``; a warning says when the model leaves them out.
    declared : dict
        Declarations by column name.
    seed : int
        The run's seed. Each imputation has its own stream: a greater `m` leaves the first ones as they are.

    Raises
    ------
    InputError
        A column is missing everywhere, undeclared, listed twice, or has fewer observed values than its model has
        coefficients; a predictor is incomplete.
    """
    _check(cohort, columns, predictors, declared)
    variables = {name: _variable(cohort, name, declared) for name in [*columns, *predictors]}
    targets = [variables[name] for name in columns if variables[name].missing.any()]
    said = _warnings(cohort, targets, m, [*columns, *predictors], outcome)
    completed = []
    for number in range(1, m + 1):
        rng = generator(seed, "imputation", number)
        values, dropped = _chain(variables, targets, iterations, method, donors, rng)
        frame = cohort.assign(**{one.name: _cells(one, values[one.name]) for one in targets})
        frame.insert(0, "imputation", number)
        completed.append(frame)
        said += [
            (
                "predictor_left_out",
                f"{name} does not predict {target}: it is constant or collinear where {target} is known.",
            )
            for target, name in dropped
        ]
    frame = pd.concat(completed, ignore_index=True)
    return Imputed(frame, pd.DataFrame(list(dict.fromkeys(said)), columns=["code", "message"]))


def _check(cohort: pd.DataFrame, columns: list[str], predictors: list[str], declared: dict[str, dict]) -> None:
    findings = Findings("imputation")
    if cohort.empty:
        findings.add("the cohort has no rows, expected at least one")
    for name in [*columns, *predictors]:
        if name not in cohort or name not in declared:
            findings.add(f"column '{name}': not found among the cohort's declared columns")
        elif cohort[name].isna().all() and len(cohort):
            findings.add(f"column '{name}': is missing in all {len(cohort)} rows, expected some values to learn from")
        elif name in predictors and (count := int(cohort[name].isna().sum())):
            findings.add(
                f"column '{name}': {count} of {len(cohort)} values are missing in a predictor, expected none; "
                "list it in columns, so that it is imputed as well"
            )
    findings.extend(
        f"column '{name}': is among both columns and predictors, expected once"
        for name in columns
        if name in predictors
    )
    if len({*columns, *predictors}) < 2:
        findings.add("found one column alone, expected others that predict it")
    findings.raise_if_any()


def _variable(cohort: pd.DataFrame, name: str, declared: dict[str, dict]) -> _Variable:
    column = declared[name]
    missing, kind = cohort[name].isna().to_numpy(), column["type"]
    if kind in ("number", "integer"):
        values = numbers(cohort[name])
        if np.isinf(values).any():
            raise InputError(f"column '{name}': found an infinite value, expected finite numbers")
        return _Variable(name, kind, values, missing, [])
    text = as_text(cohort[name])
    known = ["0", "1"] if kind == "boolean" else levels_of(column)
    if strange := sorted(set(text.dropna()) - set(known)):
        raise InputError(f"column '{name}': found '{strange[0]}', expected one of {', '.join(known)}")
    levels = [level for level in known if (text == level).any()]
    codes = text.map({level: code for code, level in enumerate(levels)}).to_numpy(dtype=float, na_value=np.nan)
    return _Variable(name, kind, codes, missing, levels)


def _chain(
    variables: dict[str, _Variable],
    targets: list[_Variable],
    iterations: int,
    method: str,
    donors: int,
    rng: np.random.Generator,
) -> tuple[dict[str, np.ndarray], list[tuple[str, str]]]:
    """Return completed values by column, and which predictors were left out of whose model."""
    values = {name: one.known.copy() for name, one in variables.items()}
    for one in targets:  # start from observed values
        values[one.name][one.missing] = rng.choice(one.known[~one.missing], int(one.missing.sum()))
    blocks = {name: _block(one, values[name]) for name, one in variables.items()}
    dropped = []
    for _ in range(iterations):
        for one in targets:
            others = [name for name in variables if name != one.name]
            x = np.hstack([blocks[name] for name in others])
            owners = [name for name in others for _ in range(blocks[name].shape[1])]
            here = ~one.missing
            keep = independent(x[here])
            dropped += [(one.name, owner) for owner, kept in zip(owners, keep, strict=True) if not kept]
            values[one.name][one.missing] = _draw(one, x[here][:, keep], x[~here][:, keep], method, donors, rng)
            blocks[one.name] = _block(one, values[one.name])
    return values, list(dict.fromkeys(dropped))


def _draw(
    one: _Variable, x: np.ndarray, new: np.ndarray, method: str, donors: int, rng: np.random.Generator
) -> np.ndarray:
    y = one.known[~one.missing]
    if len(y) < x.shape[1] + 2:
        raise InputError(
            f"imputation: column '{one.name}' has {len(y)} observed values for {x.shape[1] + 1} coefficients, "
            "expected more; name fewer predictors"
        )
    if one.levels:
        return draw_level(y.astype(int), x, new, rng, n_levels=len(one.levels))
    if method == "norm" and one.kind == "number":
        return draw_normal(y, x, new, rng)
    return draw_matched(y, x, new, rng, donors=donors)


def _block(one: _Variable, values: np.ndarray) -> np.ndarray:
    """Return a column as predictors: numbers as they are, levels as dummies against the first."""
    return (values[:, None] == np.arange(1, len(one.levels))).astype(float) if one.levels else values[:, None]


def _cells(one: _Variable, values: np.ndarray) -> object:
    if one.kind == "number":
        return values
    if one.kind == "integer":
        return pd.array(values, dtype="Int64")
    text = np.array(one.levels, dtype=object)[values.astype(int)]
    return pd.array(text.astype(int), dtype="Int64") if one.kind == "boolean" else text


def _warnings(
    cohort: pd.DataFrame, targets: list[_Variable], m: int, used: list[str], outcome: dict | None
) -> list[tuple[str, str]]:
    if not targets:
        return [("nothing_imputed", "No value is missing in the columns to impute: all imputations are alike.")]
    counts = ", ".join(f"{one.name} {int(one.missing.sum())}" for one in targets)
    incomplete = int(np.any([one.missing for one in targets], axis=0).sum())
    said = [
        (
            "imputed",
            f"Missing values of {incomplete} of {len(cohort)} participants were imputed {m} times ({counts}).",
        )
    ]
    if m < 100 * incomplete / len(cohort):
        message = (
            f"{m} imputations are fewer than the {100 * incomplete / len(cohort):.0f} % of participants with a missing "
            "value: another seed may give somewhat other results."
        )
        said.append(("few_imputations", message))
    if outcome and (absent := [outcome[key] for key in ("event", "time") if outcome[key] not in used]):
        message = (
            f"The imputation does not know the outcome's {' and '.join(absent)}: associations of imputed columns with "
            "it are drawn towards none."
        )
        said.append(("outcome_not_in_imputation", message))
    return said
