"""Files made from other files of the repository: ``python -m recohort.maintain`` writes them, a test compares."""

import tomllib
from pathlib import Path

from recohort.core.schema import load_schema

REPOSITORY = Path(__file__).resolve().parents[2]

INTRODUCTION = """\
# Every key of the configuration

Made from `workflow/schemas/` by `make docs`; edit the schemas, not this page.

A run reads [`config.yaml`](config.yaml) and, for each study it names, `studies/<study>.yaml`. Unknown keys are
errors. A key with a default may be left out. How to add a study: [`docs/statistician.md`](../docs/statistician.md).
"""


def config_reference() -> str:
    """Return ``config/README.md``: every key, its type, default and description."""
    parts = [INTRODUCTION]
    for name in ("run", "study"):
        schema = load_schema(name)
        parts.append(f"\n## {schema['title']}\n\n{_prose(schema)}\n")
        for key, section in schema["properties"].items():
            if name == "study":
                parts.append(f"\n### {key}\n\n{_prose(section)}\n")
                parts.append(_table(section, key))
        if name == "run":
            parts.append(_table(schema, ""))
    return "".join(parts)


def environment() -> str:
    """Return ``environment.yml``: the pins of ``requirements.lock`` for conda and mamba users."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [line.removesuffix(" \\").strip() for line in lines if line and line[0].isalnum()]
    head = [
        "# Made from pyproject.toml and requirements.lock by `make docs`.",
        f"name: {project['name']}",
        "channels: [conda-forge]",
        "dependencies:",
        f"  - python {project['requires-python']}",
        "  - pip",
        "  - pip:",
    ]
    return "\n".join([*head, *(f'      - "{_quoted(pin)}"' for pin in pins)]) + "\n"


def _quoted(pin: str) -> str:
    return pin.replace('"', "'")


def _table(section: dict, prefix: str) -> str:
    rows = list(_rows(section, prefix))
    if not rows:
        return ""
    lines = ["\n| key | type | default | what it is |", "|---|---|---|---|", *rows]
    return "\n".join(lines) + "\n"


def _rows(schema: dict, prefix: str):
    required = set(schema.get("required", []))
    for key, sub in schema.get("properties", {}).items():
        yield from _row(sub, f"{prefix}.{key}".lstrip("."), key in required)
    named = schema.get("additionalProperties")
    if not isinstance(named, dict):
        named = next(iter(schema.get("patternProperties", {}).values()), None)
    if named is not None and ("properties" in named or "description" in named):
        yield from _row(named, f"{prefix}.<name>", False)
    for variant in schema.get("oneOf", schema.get("anyOf", [])):
        if "properties" in variant:
            yield from _rows(variant, prefix)
    if isinstance(schema.get("items"), dict) and "properties" in schema["items"]:
        yield from _rows(schema["items"], f"{prefix}[]")


def _row(schema: dict, path: str, required: bool):
    default = "**required**" if required else _value(schema["default"]) if "default" in schema else ""
    yield f"| `{path}` | {_type(schema)} | {default} | {_prose(schema)} |"
    yield from _rows(schema, path)


def _type(schema: dict) -> str:
    if "enum" in schema:
        return " \\| ".join(str(value) for value in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    if "oneOf" in schema or "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(variant) for variant in schema.get("oneOf", schema.get("anyOf", []))))
    kind = schema.get("type", "")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array" and isinstance(schema.get("items"), dict):
        return f"list of {_type(schema['items'])}"
    return kind


def _value(value: object) -> str:
    import json

    return f"`{json.dumps(value, ensure_ascii=False)}`" if value not in ({}, []) else "none"


def _prose(schema: dict) -> str:
    return " ".join(str(schema.get("description", "")).split()).replace("|", "\\|")


def main() -> None:
    """Write the files."""
    (REPOSITORY / "config" / "README.md").write_text(config_reference(), encoding="utf-8")
    (REPOSITORY / "environment.yml").write_text(environment(), encoding="utf-8")


if __name__ == "__main__":
    main()
