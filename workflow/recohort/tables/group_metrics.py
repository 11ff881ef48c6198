"""Table 2: the imaging metrics in each group, the test that compares them, and the comparison after adjustment."""

from collections.abc import Callable, Mapping

from recohort.core.errors import InputError
from recohort.core.guard import as_it_is
from recohort.tables import format as fmt
from recohort.tables import pick
from recohort.tables.adjusted import adjusted_p, families_of, family_heading
from recohort.tables.covariance import Compared, compared
from recohort.tables.table import Column, Row, Table, finished
from recohort.tables.words import STATISTICS, key_of, labelled, method_of, with_interval

TEST = "difference"
SIZES = {
    "cohen_d": "Cohen's d",
    "hedges_g": "Hedges' g",
    "probability_of_superiority": "Probability of superiority",
    "rank_biserial": "Rank-biserial correlation",
    "eta_squared": "η²",
    "epsilon_squared": "ε²",
}


def build(
    frames: Mapping[str, object],
    *,
    columns: Mapping[str, dict],
    synthetic: bool,
    level: float | None,
    title: str,
    cohort: str,
    group: str,
    group_levels: Mapping[str, str],
    metrics: Mapping[str, str],
    model: str | None,
    family: str | list[str] | None,
    difference: bool,
    size: str | None,
    adjusted: Mapping[str, str],
    sizes: Mapping[str, str],
    digits: int,
    p_digits: int,
    counted: Callable[..., int | str] = as_it_is,
) -> Table:
    """Build the table of metrics by group.

    Parameters
    ----------
    frames : mapping
        ``cohort/<cohort>``; ``models/groups/<model>``, ``models/linear/<name>`` and ``models/family/<family>`` where
        these are named.
    columns : mapping
        Declared columns: name -> unit, label.
    synthetic : bool
        The cohort is synthetic.
    level : float or None
        Level of the intervals.
    title : str
        Title of the table.
    cohort : str
        Which cohort is described.
    group : str
        Column that divides the patients.
    group_levels : mapping
        Its levels in printed order, and how they are called.
    metrics : mapping
        Metric -> ``mean_sd | median_iqr``, in printed order.
    model : str or None
        Comparison of groups whose p-values are printed.
    family : str, list of str or None
        Families whose adjusted p-values are printed, beside those of the tests that are their members.
    difference : bool
        Print the difference with its interval, of a comparison of two groups.
    size : str or None
        Size of the difference that is printed with its interval, ``cohen_d``, ``eta_squared`` ...
    adjusted, sizes : mapping
        Metric -> linear model whose exposure is the group; and that of Cohen's d, where another.
    digits, p_digits : int
        Decimals of statistics and of p-values.
    counted : callable
        What is printed for a count; see `core.guard.as_it_is`.

    Returns
    -------
    Table
    """
    patients = pick.frame_of(frames, f"cohort/{cohort}")
    keys = patients[group].map(key_of)
    parts = [patients[keys == level] for level in group_levels]
    if model is None and (difference or size is not None):
        raise InputError("table of kind 'group_metrics': difference and size are of a model, expected 'model'")
    tests = None if model is None else pick.rows(pick.frame_of(frames, f"models/groups/{model}"), quantity=TEST)
    families, members = families_of(frames, family), set(adjusted.values())
    crude = [one for one in families if not members & set(one["term"])]
    more = Compared([], {}, [])
    if adjusted:
        more = compared(
            frames,
            columns=columns,
            level=level,
            group=group,
            group_levels=group_levels,
            adjusted=adjusted,
            sizes=sizes,
            families=[one for one in families if members & set(one["term"])],
            digits=digits,
            p_digits=p_digits,
        )
    headings = [Column("Metric")]
    counts = [counted(len(part), cohort, f"{group}={level}") for level, part in zip(group_levels, parts, strict=True)]
    headings += [Column(f"{text} (n={n})") for text, n in zip(group_levels.values(), counts, strict=True)]
    headings += [Column(with_interval("Difference", level))] if difference else []
    headings += [Column(with_interval(SIZES[size], level))] if size is not None else []
    headings += [Column("p")] if model is not None else []
    headings += [Column(family_heading(one)) for one in crude] + more.columns
    rows = []
    for metric, statistic in metrics.items():
        show = {"mean_sd": fmt.mean_sd, "median_iqr": fmt.median_iqr}[statistic]
        cells = [f"{labelled(metric, columns)}, {STATISTICS[statistic]}"]
        for level, part in zip(group_levels, parts, strict=True):
            known = part[metric].dropna()
            condition = [] if len(known) == len(part) else [f"{metric} known"]
            n = counted(len(known), cohort, f"{group}={level}", *condition)
            cells.append(n if str(n).startswith("<") else show(known, digits=digits))
        if model is not None:
            test = pick.one(tests, f"models.groups.{model}", term=metric)
            cells += [fmt.estimate(*pick.interval(test), digits=digits)] if difference else []
            if size is not None:
                found = pick.rows(pick.frame_of(frames, f"models/groups/{model}"), quantity=size)
                cells.append(fmt.estimate(*pick.interval(pick.first(found, term=metric)), digits=2))
            cells.append(fmt.p_value(pick.value(test, "p_value"), digits=p_digits))
        cells += [fmt.p_value(adjusted_p(one, model, metric), digits=p_digits) for one in crude]
        cells += more.cells.get(metric, [fmt.MISSING] * len(more.columns))
        rows.append(Row(tuple(cells)))
    notes = [] if model is None else [f"p: {method_of(method)}." for method in tests["method"].dropna().unique()]
    notes += more.notes
    return finished(frames, title=title, columns=headings, rows=rows, footnotes=notes, synthetic=synthetic)
