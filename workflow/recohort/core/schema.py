"""Strict schemas of the configuration: loading, defaults, findings in plain sentences."""

import copy
import difflib
import functools
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import yaml

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"


@functools.cache
def load_schema(name: str) -> dict:
    """Return the schema ``workflow/schemas/<name>.schema.yaml`` with every ``$ref`` and ``$each`` written out.

    ``$ref`` is ``<other>.schema.yaml`` (the whole file), ``#/$defs/<word>`` of the same file or ``<other>#<word>``
    of another (``words#cohort``). ``$each: <folder>`` is every schema of a folder, as properties by name or as a
    ``oneOf``.
    """
    document = _read(name)
    return _expand(document, document)


def kinds(section: str) -> list[str]:
    """Return the kinds of entries of a section: the schemas of its folder."""
    return sorted(path.name.removesuffix(".schema.yaml") for path in (SCHEMAS / section).glob("*.schema.yaml"))


def entry_schema(section: str, entry: dict, kind: str | None = None) -> dict:
    """Return the schema of one entry of `section`; a table or a figure names its kind itself."""
    schema = load_schema(f"{section}/{kind or entry['kind']}")
    return schema if kind is None else schema["additionalProperties"]


@functools.cache
def _read(name: str) -> dict:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((SCHEMAS / f"{name}.schema.yaml").read_text(encoding="utf-8"), Loader=loader)


def _expand(node: object, document: dict) -> object:
    if isinstance(node, list):
        return [_expand(item, document) for item in node]
    if not isinstance(node, dict):
        return node
    if "$each" in node:
        return {kind: load_schema(f"{node['$each']}/{kind}") for kind in kinds(node["$each"])}
    if "$ref" not in node:
        expanded = {key: _expand(value, document) for key, value in node.items() if key != "$defs"}
        if isinstance(expanded.get("oneOf"), dict):
            expanded["oneOf"] = list(expanded["oneOf"].values())
        return expanded
    return {**_target(node["$ref"], document), **{key: _expand(node[key], document) for key in node if key != "$ref"}}


def _target(reference: str, document: dict) -> dict:
    file, _, word = reference.partition("#")
    if not word:
        return load_schema(file.removesuffix(".schema.yaml"))
    source = _read(file) if file else document
    return _expand(source["$defs"][word.removeprefix("/$defs/")], source)


def with_defaults(instance: object, schema: dict) -> object:
    """Return a copy of `instance` in which every missing key with a default is filled from `schema`."""
    schema = chosen(schema, instance)
    if isinstance(instance, dict):
        filled = copy.deepcopy(instance)
        for key, subschema in schema.get("properties", {}).items():
            if key not in filled and "default" in subschema:
                filled[key] = copy.deepcopy(subschema["default"])
        return {
            key: with_defaults(value, subschema) if (subschema := subschema_of(schema, key)) else value
            for key, value in filled.items()
        }
    if isinstance(instance, list):
        return [with_defaults(item, schema.get("items", {})) for item in instance]
    return instance


def chosen(schema: dict, instance: object) -> dict:
    """Return the alternative of a ``oneOf`` whose constant `kind` is the instance's; else the schema itself."""
    alternatives = schema.get("oneOf", []) if isinstance(instance, dict) else []
    return next((one for one in alternatives if _kind(one) and _kind(one) == instance.get("kind")), schema)


def _kind(schema: dict) -> str | None:
    return schema.get("properties", {}).get("kind", {}).get("const")


def subschema_of(schema: dict, key: str) -> dict:
    """Return the schema of `key` in an object with this schema; empty where there is none."""
    if key in schema.get("properties", {}):
        return schema["properties"][key]
    named = schema.get("additionalProperties")
    if isinstance(named, dict):
        return named
    return next(iter(schema.get("patternProperties", {}).values()), {})


def annotated(instance: object, schema: dict, keyword: str, path: tuple = ()) -> Iterator[tuple]:
    """Yield ``(path, value, annotation)`` for every value whose schema carries `keyword`.

    The schemas mark references with ``refersTo`` (a declared column, another model ...); a list yields its items.
    """
    schema = chosen(schema, instance)
    if keyword in schema and instance is not None:
        items = instance if isinstance(instance, list) else [instance]
        yield from ((path, item, schema[keyword]) for item in items)
    if isinstance(instance, dict):
        for key, value in instance.items():
            yield from annotated(value, subschema_of(schema, key), keyword, (*path, key))
            if "propertyNames" in schema and keyword in schema["propertyNames"]:
                yield (*path, key), key, schema["propertyNames"][keyword]
    elif isinstance(instance, list):
        for item in instance:
            yield from annotated(item, schema.get("items", {}), keyword, path)


def part_for(step: str, instance: dict, schema: dict) -> dict:
    """Return the part of a section whose keys the schema marks as ``needed`` by a step, nested as it was.

    Examples
    --------
    >>> part_for("images", {"a": 1, "b": 2}, {"properties": {"a": {"needed": ["images"]}, "b": {}}})
    {'a': 1}
    """
    found = {}
    schema = chosen(schema, instance)
    for key, value in instance.items():
        subschema = subschema_of(schema, key)
        if step in subschema.get("needed", ()):
            found[key] = value
        elif isinstance(value, dict) and (inner := part_for(step, value, subschema)):
            found[key] = inner
    return found


def sentences(instance: object, schema: dict) -> list[str]:
    """Return one sentence per departure of `instance` from `schema`: key, what was found, what was expected."""
    errors = jsonschema.Draft202012Validator(schema).iter_errors(instance)
    found = [line for error in errors for line in _sentence(error)]
    return sorted(set(found))


def dotted(path: tuple) -> str:
    """Return a key's path as it is spoken of: ``models.cox.haemorrhage``."""
    return ".".join(str(word) for word in path) or "the file"


def _sentence(error: jsonschema.ValidationError) -> list[str]:
    where, expected = dotted(tuple(error.absolute_path)), error.validator_value
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        return [
            f"{dotted((*error.absolute_path, key))}: unknown key{_nearest(key, known)}"
            for key in error.instance
            if key not in known
        ]
    if error.validator == "required":
        missing = [key for key in expected if key not in error.instance]
        return [f"{where}: key '{key}' is missing" for key in missing]
    if error.validator == "oneOf" and (schema := chosen(error.schema, error.instance)) is not error.schema:
        return [_within(where, sentence) for sentence in sentences(error.instance, schema)]
    if error.validator == "oneOf" and (kinds := _kinds(error.schema)):
        return [f"{where}.kind: found {_short(error.instance.get('kind'))}, expected one of {', '.join(kinds)}"]
    if error.validator in ("oneOf", "anyOf") and error.context:
        return [f"{where}: found {_short(error.instance)}, expected {_alternatives(error)}"]
    words = {
        "type": lambda: f"a value of type {' or '.join(expected) if isinstance(expected, list) else expected}",
        "enum": lambda: "one of " + ", ".join(str(value) for value in expected),
        "const": lambda: str(expected),
        "minimum": lambda: f"at least {expected}",
        "maximum": lambda: f"at most {expected}",
        "exclusiveMinimum": lambda: f"more than {expected}",
        "exclusiveMaximum": lambda: f"less than {expected}",
        "minItems": lambda: f"at least {expected} items",
        "maxItems": lambda: f"at most {expected} items",
        "pattern": lambda: f"text of the form {expected}",
        "minProperties": lambda: f"at least {expected} keys",
    }
    sense = words.get(error.validator, lambda: error.message)()
    return [f"{where}: found {_short(error.instance)}, expected {sense}"]


def _kinds(schema: dict) -> list[str]:
    return [kind for kind in map(_kind, schema["oneOf"]) if kind]


def _within(where: str, sentence: str) -> str:
    if sentence.startswith("the file"):
        return where + sentence.removeprefix("the file")
    return f"{where}.{sentence}"


def _alternatives(error: jsonschema.ValidationError) -> str:
    return error.schema.get("description", "one of the documented forms").rstrip(".")


def _nearest(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(str(key), known, n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; known keys are {', '.join(known)}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
