"""Studies as configuration: read strictly, completed with the schema's defaults, checked against themselves."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from recohort.core.consistency import cohorts, departures
from recohort.core.errors import Findings, InputError
from recohort.core.schema import annotated, load_schema, sentences, with_defaults
from recohort.core.variants import changed

_FastLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(_FastLoader):
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


def read_study(path: Path, *, changes: Mapping[str, object] | None = None, name: str = "") -> dict:
    """Read, complete and check one study's configuration, ``config/studies/<study>.yaml``.

    `changes` (key with points -> value) make an alternative of it, called `name`.

    Raises
    ------
    InputError
        Every departure from the schema, or every reference to a name that is not declared, a sentence each.
    """
    where = f"{path}, alternative {name}" if changes else str(path)
    study = complete(changed(read_yaml(path), changes or {}), "study", where)
    _name_analysed(study)
    findings = Findings(where)
    findings.extend(departures(study))
    findings.raise_if_any()
    return study


def _name_analysed(study: dict) -> None:
    """Put the last cohort where a study says ``analysed``, so that a result's name says what it is about.

    Tables and figures describe patients, not imputations of them.
    """
    for path, value, _ in list(annotated(study, load_schema("study"), "refersTo")):
        if value == "analysed" and path[-1] == "cohort":
            entry = study
            for key in path[:-1]:
                entry = entry[key]
            made = cohorts(study)
            entry["cohort"] = made[-1] if path[0] == "models" else [name for name in made if name != "imputed"][-1]
