"""Nearest-neighbour matching on the propensity score, in the words of R's MatchIt.

Ho DE, Imai K, King G, Stuart EA, J Stat Softw 2011;42(8) (doi 10.18637/jss.v042.i08); caliper: Austin PC, Pharm Stat
2011;10:150-161 (doi 10.1002/pst.433).
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit

from recohort.cohort.covariates import design, require, treated_rows
from recohort.cohort.greedy import in_rounds, with_replacement
from recohort.cohort.propensity import linear_propensity
from recohort.core.columns import as_text
from recohort.core.errors import InputError
from recohort.core.seeds import generator


class Matched(NamedTuple):
    """A matched sample.

    Attributes
    ----------
    frame : DataFrame
        The matched rows in the order of the cohort, with ``distance, subclass, weight, sampling_weight``.
    supported : DataFrame
        The rows of the cohort that could be matched: those that `discard` leaves.
    warnings : DataFrame
        Columns ``code, message``.
    """

    frame: pd.DataFrame
    supported: pd.DataFrame
    warnings: pd.DataFrame


def match(
    cohort: pd.DataFrame,
    *,
    target: str,
    treatment: str,
    covariates: list[str],
    distance: str,
    link: str,
    discard: str,
    ratio: int,
    caliper: dict | None,
    order: str,
    replace: bool,
    exact: list[str],
    seed: int,
    columns: dict[str, dict],
) -> Matched:
    """Match untreated to treated participants by their propensity score.

    Parameters
    ----------
    cohort : DataFrame
        Eligible participants.
    target : {"outcome", "exposure"}
        What the treatment column is. Matching on the outcome makes a case-control sample and is warned about.
    treatment : str
        Column of 1 (treated, cases) and 0.
    covariates : list of str
        Columns of the propensity model, complete.
    distance : {"glm"}
        Logistic regression.
    link : {"logit", "linear.logit"}
        Distances are differences of probabilities, or of their logits.
    discard : {"none", "treated", "control", "both"}
        Who leaves before matching, being outside the common support: treated and untreated whose distance lies beyond
        the range of the untreated (``treated``), beyond that of the treated (``control``), or beyond either
        (``both``). As MatchIt, the first two apply to everyone, but concern only the group they name.
    ratio : int
        Most controls for one treated.
    caliper : dict or None
        ``width`` and ``unit``: ``sd_overall`` (SD of the distance over all units that are not discarded, as MatchIt),
        ``sd_pooled`` (root of the mean of both groups' variances, as Austin recommends), or ``raw``. Inclusive.
    order : {"largest", "smallest", "random", "data"}
        Who chooses first: by distance, by chance, or as in the table. Equal distances choose in the table's order.
    replace : bool
        Whether a control may serve several treated.
    exact : list of str
        Columns in which a match must agree.
    seed : int
        The run's seed, for the order ``random``.
    columns : dict
        Declarations by column name.

    Returns
    -------
    Matched
        ``subclass`` numbers the sets in the order of the table (empty with replacement). ``weight`` is that of the
        effect in the treated: 1 for treated; controls share 1 in each set, scaled to their number.
        ``sampling_weight`` (target outcome) is eligible over matched participants of the same group, so that
        absolute risks describe the cohort.

    Raises
    ------
    InputError
        A group or covariate is empty, incomplete, constant, collinear or separating, one group has nobody in the
        common support, or nobody finds a match.
    """
    treated = treated_rows(cohort, treatment)
    if treatment in covariates:
        raise InputError(f"matching: the treatment '{treatment}' is among the covariates, expected other columns")
    require(cohort, exact)
    score = _distance(cohort, treated, covariates, distance, link, columns)
    supported = _supported(score, treated, discard)
    width = _width(score[supported], treated[supported], caliper)
    queue = _queue(score, treated, order, seed)
    queue = queue[supported[queue]]
    cells = [tuple(row) for row in np.column_stack([as_text(cohort[name]) for name in exact])] if exact else None
    sets = _sets(score, queue, ~treated & supported, cells, ratio, width, replace)
    if not any(sets.values()):
        raise InputError(
            f"matching: none of {len(queue)} treated has an untreated participant within the caliper "
            f"{width:.4g}, expected at least one; widen it or leave out an exact column"
        )
    frame = _sample(cohort, treated, score, sets, replace)
    frame["sampling_weight"] = _sampling_weight(cohort, frame, treatment) if target == "outcome" else np.nan
    said = _warnings(frame, treatment, sets, ratio, target, treated[~supported])
    return Matched(
        frame.reset_index(drop=True),
        cohort[supported].reset_index(drop=True),
        pd.DataFrame(said, columns=["code", "message"]),
    )


def support_step(cohort: pd.DataFrame, supported: pd.DataFrame, *, treatment: str) -> dict:
    """Return the step of the flow diagram that discards who is outside the common support.

    Parameters
    ----------
    cohort, supported : DataFrame
        Eligible participants, and those of them that `match` could match.
    treatment : str
        Column of 1 and 0.
    """
    lost = cohort[treatment].value_counts().sub(supported[treatment].value_counts(), fill_value=0)
    return {
        "name": "supported",
        "label": "In the common support",
        "n_in": len(cohort),
        "n_excluded": len(cohort) - len(supported),
        "n_out": len(supported),
        "excluded": [
            {"reason": f"outside the common support, {treatment} = {group}", "n": int(lost[group])}
            for group in (1, 0)
            if lost[group]
        ],
    }


def _supported(score: np.ndarray, treated: np.ndarray, discard: str) -> np.ndarray:
    """Return who lies within the range of the other group, or of both."""
    ranges = {"treated": [score[~treated]], "control": [score[treated]], "both": [score[treated], score[~treated]]}
    bounds = [(values.min(), values.max()) for values in ranges.get(discard, [])]
    inside = np.ones(len(score), dtype=bool)
    for low, high in bounds:
        inside &= (score >= low) & (score <= high)
    if not (inside & treated).any() or not (inside & ~treated).any():
        raise InputError(
            f"matching: with discard {discard} no treated or no untreated participant is left in the common support, "
            "expected some of both; the groups' propensity scores do not overlap"
        )
    return inside


def _distance(
    cohort: pd.DataFrame, treated: np.ndarray, covariates: list[str], distance: str, link: str, columns: dict
) -> np.ndarray:
    if distance != "glm":
        raise InputError(f"matching: found the distance '{distance}', expected glm")
    x, names = design(cohort, covariates, columns=columns)
    logit = linear_propensity(x, treated, names)
    return logit if link == "linear.logit" else expit(logit)


def _width(score: np.ndarray, treated: np.ndarray, caliper: dict | None) -> float:
    if caliper is None:
        return np.inf
    if caliper["unit"] == "raw":
        return caliper["width"]
    groups = [score] if caliper["unit"] == "sd_overall" else [score[treated], score[~treated]]
    if min(map(len, groups)) < 2:
        raise InputError(
            "matching: a group of one participant has no SD, expected two or more for a caliper in sd_pooled"
        )
    return caliper["width"] * float(np.sqrt(np.mean([group.var(ddof=1) for group in groups])))


def _queue(score: np.ndarray, treated: np.ndarray, order: str, seed: int) -> np.ndarray:
    """Return the treated rows in the order in which they choose."""
    rows = np.flatnonzero(treated)
    if order == "largest":
        return rows[np.argsort(-score[rows], kind="stable")]
    if order == "smallest":
        return rows[np.argsort(score[rows], kind="stable")]
    return generator(seed, "matching", "order").permutation(rows) if order == "random" else rows


def _sets(
    score: np.ndarray,
    queue: np.ndarray,
    free: np.ndarray,
    cells: list[tuple] | None,
    ratio: int,
    width: float,
    replace: bool,
) -> dict[int, list[int]]:
    """Return the rows of the controls of each treated row; cells of exact columns are matched on their own."""
    codes = np.zeros(len(score), dtype=int) if cells is None else pd.factorize(pd.Series(cells))[0]
    find, sets = with_replacement if replace else in_rounds, {}
    for code in range(codes.max() + 1):
        choosers = queue[codes[queue] == code]
        controls = np.flatnonzero(free & (codes == code))
        found = find(score[choosers], score[controls], ratio=ratio, caliper=width)
        sets |= {int(one): controls[its].tolist() for one, its in zip(choosers, found, strict=True)}
    return sets


def _sample(
    cohort: pd.DataFrame, treated: np.ndarray, score: np.ndarray, sets: dict[int, list[int]], replace: bool
) -> pd.DataFrame:
    """Return the matched rows with distance, subclass and weight."""
    subclass, weight = np.full(len(cohort), np.nan), np.zeros(len(cohort))
    kept = (one for one in sorted(sets) if sets[one])
    for number, one in enumerate(kept, start=1):
        weight[one] = 1.0
        weight[sets[one]] += 1 / len(sets[one])
        if not replace:
            subclass[[one, *sets[one]]] = number
    controls = ~treated & (weight > 0)
    weight[controls] *= controls.sum() / weight[controls].sum()
    frame = cohort.assign(distance=score, subclass=pd.array(subclass, dtype="Int64"), weight=weight)
    return frame[weight > 0].copy()


def _sampling_weight(cohort: pd.DataFrame, frame: pd.DataFrame, treatment: str) -> pd.Series:
    share = cohort[treatment].value_counts() / frame[treatment].value_counts()
    return frame[treatment].map(share).astype(float)


def _warnings(
    frame: pd.DataFrame, treatment: str, sets: dict[int, list[int]], ratio: int, target: str, discarded: np.ndarray
) -> list[tuple[str, str]]:
    said, sizes = [], np.array([len(controls) for controls in sets.values()])
    if target == "outcome":
        events = int((frame[treatment] == 1).sum())
        message = (
            f"Participants were matched on the outcome: {events} with the event were chosen, and {len(frame) - events} "
            "without it to fit them. Absolute risks from this sample describe a case-control sample, not patients "
            "as they come; the sampling weights relate them to the full cohort."
        )
        said.append(("matched_on_outcome", message))
    if len(discarded):
        message = (
            f"{len(discarded)} participants were discarded before matching, being outside the common support of the "
            f"propensity score: {int(discarded.sum())} with {treatment} = 1, {int((~discarded).sum())} with 0."
        )
        said.append(("discarded", message))
    if unmatched := int((sizes == 0).sum()):
        said.append(("unmatched_treated", f"{unmatched} of {len(sizes)} with {treatment} = 1 found no match."))
    if fewer := int(((sizes > 0) & (sizes < ratio)).sum()):
        said.append(
            ("fewer_controls", f"{fewer} of {len(sizes)} with {treatment} = 1 found fewer than {ratio} controls.")
        )
    return said
