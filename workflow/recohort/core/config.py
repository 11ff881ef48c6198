"""Studies as configuration: read strictly, completed with the schema's defaults, checked against themselves."""

import difflib
from pathlib import Path

import yaml

from recohort.core.columns import cohort_columns
from recohort.core.errors import Findings, InputError
from recohort.core.references import interval_level
from recohort.core.schema import annotated, dotted, load_schema, sentences, with_defaults


class _StrictLoader(yaml.SafeLoader):
    """Safe YAML in which a key written twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise InputError(f"line {key_node.start_mark.line + 1}: key '{key}' is written twice")
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict:
    """Read one YAML file.

    Raises
    ------
    InputError
        The file is missing, is no YAML, or holds a key twice.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not readable as YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: found {type(content).__name__}, expected a mapping of keys")
    return content


def complete(content: dict, schema_name: str, where: str) -> dict:
    """Return `content` with defaults filled in.

    Raises
    ------
    InputError
        One sentence per departure from the schema, all at once.
    """
    schema = load_schema(schema_name)
    findings = Findings(where)
    findings.extend(sentences(content, schema))
    findings.raise_if_any()
    return with_defaults(content, schema)


def read_study(path: Path) -> dict:
    """Read, complete and check one study's configuration, ``config/studies/<study>.yaml``.

    Raises
    ------
    InputError
        Every departure from the schema, or every reference to a name that is not declared, a sentence each.
    """
    study = complete(read_yaml(path), "study", str(path))
    _name_analysed(study)
    findings = Findings(str(path))
    findings.extend(undeclared_references(study))
    findings.extend(_strange_metrics(study))
    findings.raise_if_any()
    for section in ("tables", "figures"):
        for entry in study.get(section, {}).values():
            try:
                interval_level(section, entry, study["models"])
            except InputError as error:
                findings.add(str(error))
    findings.raise_if_any()
    return study


def _strange_metrics(study: dict) -> list[str]:
    """Return one sentence per metric that the study's kind of images does not give."""
    schema = load_schema("metrics")["properties"]
    kinds = {name: schema[name]["modality"].split() for name in study.get("metrics", {})}
    kind = study.get("images", {}).get("kind")
    return [
        f"metrics.{name}: is measured on images of kind {' or '.join(of)}, found {kind}"
        for name, of in kinds.items()
        if kind not in of
    ]


def cohorts(study: dict) -> list[str]:
    """Return the cohorts that a study makes, in order; the last one is what its analyses are about."""
    made_by = {"weighting": "weighted", "matching": "matched", "imputation": "imputed"}
    return ["assembled", "eligible"] + [name for key, name in made_by.items() if key in study["cohort"]]


def _name_analysed(study: dict) -> None:
    """Put the last cohort where a study says ``analysed``, so that a result's name says what it is about."""
    for path, value, _ in list(annotated(study, load_schema("study"), "refersTo")):
        if value == "analysed" and path[-1] == "cohort":
            entry = study
            for key in path[:-1]:
                entry = entry[key]
            entry["cohort"] = cohorts(study)[-1]


def undeclared_references(study: dict) -> list[str]:
    """Return one sentence per reference in a study to a column, model, table or figure that is not declared."""
    models = study.get("models", {})
    known = {
        "column": list(cohort_columns(study)),
        "cohort": cohorts(study),
        "model": [f"{kind}.{name}" for kind, entries in models.items() for name in entries],
        "table": list(study.get("tables", {})),
        "figure": list(study.get("figures", {})),
        **{f"model.{kind}": list(entries) for kind, entries in models.items()},
    }
    found = []
    for path, value, target in annotated(study, load_schema("study"), "refersTo"):
        names = known.get(target, [])
        if value not in names:
            close = difflib.get_close_matches(str(value), names, n=1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            what = target.replace("model.", "model of kind ")
            found.append(f"{dotted(path)}: '{value}' is no declared {what}{hint}")
    return found
