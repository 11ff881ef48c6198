"""A study against itself: undeclared names, cohorts that it does not make, intervals of two levels in one table."""

import difflib
from collections.abc import Iterator

from recohort.core.columns import cohort_columns
from recohort.core.errors import InputError
from recohort.core.references import MADE_BY, interval_level, item_sources
from recohort.core.schema import annotated, dotted, load_schema


def departures(study: dict) -> list[str]:
    """Return one sentence per thing that does not fit together in a study that its schema accepts."""
    undeclared = list(_undeclared(study))
    return [*undeclared, *_strange_metrics(study), *([] if undeclared else _items(study))]


def cohorts(study: dict) -> list[str]:
    """Return the cohorts that a study makes, in order; the last one is what its analyses are about."""
    return ["assembled", "eligible"] + [name for key, name in MADE_BY.items() if key in study["cohort"]]


def _undeclared(study: dict) -> Iterator[str]:
    """References to a column, cohort, model, table or figure that is not declared."""
    models = study.get("models", {})
    known = {
        "column": list(cohort_columns(study)),
        "cohort": cohorts(study),
        "model": [f"{kind}.{name}" for kind, entries in models.items() for name in entries],
        "table": list(study.get("tables", {})),
        "figure": list(study.get("figures", {})),
        "sensitivity": list(study.get("sensitivity", {})),
        **{f"model.{kind}": list(entries) for kind, entries in models.items()},
    }
    for path, value, target in annotated(study, load_schema("study"), "refersTo"):
        names = known.get(target, [])
        if value not in names:
            close = difflib.get_close_matches(str(value), names, n=1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            yield f"{dotted(path)}: '{value}' is no declared {target.replace('model.', 'model of kind ')}{hint}"


def _strange_metrics(study: dict) -> Iterator[str]:
    """Metrics that the study's kind of images does not give."""
    schema, kind = load_schema("metrics")["properties"], study.get("images", {}).get("kind")
    for name in study.get("metrics", {}):
        of = schema[name]["modality"].split()
        if kind not in of:
            yield f"metrics.{name}: is measured on images of kind {' or '.join(of)}, found {kind}"


def _items(study: dict) -> Iterator[str]:
    """Tables and figures that ask for what the study does not make."""
    balanced = {"matching", "weighting"} & set(study["cohort"])
    for section in ("tables", "figures"):
        for name, entry in study.get(section, {}).items():
            where = f"{section}.{name}"
            try:
                interval_level(section, entry, study)
            except InputError as error:
                yield str(error)
            sources = item_sources(section, entry)
            if "cohort/balance" in sources and not balanced:
                yield f"{where}: compares the balance of groups, expected cohort.matching or cohort.weighting"
            if "cohort/imputed" in sources:
                yield f"{where}: describes patients, expected another cohort than imputed, which holds each many times"
