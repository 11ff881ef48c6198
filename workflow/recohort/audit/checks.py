"""The checks: which a row gets by what it is, which by what the paper says of it."""

from collections.abc import Callable, Iterator

from recohort.audit import accuracy, effects, integers, intervals, means, multiplicity, proportions, sums, words
from recohort.audit.finding import Finding
from recohort.audit.paper import Paper, Row

BY_MEASURE: tuple[Callable[[Row], Iterator[Finding]], ...] = (
    integers.grim_share,
    proportions.proportion_ci,
    intervals.symmetry,
    intervals.mean_ci,
    intervals.p_from_ci,
    intervals.ci_from_p,
)
"""Each looks at every row and is silent where it has nothing to say."""

BY_RELATION: dict[str, Callable[..., Iterator[Finding]]] = {
    "sum of": sums.sum_of,
    "any of": sums.any_of,
    "part of": sums.part_of,
    "plus equals": sums.plus_equals,
    "same as": words.same_as,
    "lower than": words.lower_than,
    "higher than": words.higher_than,
    "raises": words.raises,
    "lowers": words.lowers,
    "integers": integers.grim_mean,
    "integers of items": lambda row, *, k: integers.grim_mean(row, items=k),
    "exp of": sums.exp_of,
    "quotient of": sums.quotient_of,
    "difference of": sums.difference_of,
    "share of in": sums.share_of,
    "youden of": sums.youden_of,
    "positive likelihood ratio of": sums.positive_likelihood_ratio_of,
    "negative likelihood ratio of": sums.negative_likelihood_ratio_of,
    "p of": sums.p_of,
    "bonferroni of x": multiplicity.bonferroni_of,
    "holm of among": multiplicity.holm_of,
    "bh of among": multiplicity.bh_of,
    "events": effects.events_behind,
    "survival ratio of": effects.survival_ratio_of,
    "matched on outcome of": effects.matched_on_outcome,
    "area over": accuracy.area_over,
    "youden area over": accuracy.youden_area_over,
    "threshold chosen among": accuracy.threshold_chosen,
    "index test is criterion": accuracy.index_test_is_criterion,
    "share above of": accuracy.share_above,
    "compared with": means.compared_with,
    "t test against": means.t_test_against,
    "paired t test against": means.paired_t_test_against,
    "crosses 1 from with median": effects.crosses_1,
}
"""By the kind of a phrase; `family` is no check of one row."""


def audit(paper: Paper) -> list[Finding]:
    """Return what every check says of a paper, in the order of its rows."""
    findings = []
    for row in paper.rows:
        for check in BY_MEASURE:
            findings += check(row)
        for relation in row.relations:
            if relation.kind != "family":
                findings += BY_RELATION[relation.kind](row, **paper.resolved(relation))
    return findings + [multiplicity.family(rows) for rows in _families(paper).values()]


def _families(paper: Paper) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in paper.rows:
        for relation in row.relations:
            if relation.kind == "family":
                found.setdefault(relation.words["word"], []).append(row)
    return found
