"""Rooms keep to themselves: a stage imports itself and core; generated files are in step; the locks name no host."""

import ast
import re
from pathlib import Path

import pytest
import yaml

from recohort import maintain
from recohort.core.schema import SCHEMAS, load_schema

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "workflow" / "recohort"
STAGES = [
    "synthetic",
    "images",
    "metrics",
    "cohort",
    "models",
    "sensitivity",
    "disclosure",
    "tables",
    "figures",
    "report",
]
STAGES += ["provenance"]
WORDS = {"figures": {"tables"}, "report": {"tables"}, "disclosure": {"models"}}
"""Rounding and words live in `tables` alone: what prints borrows them from there. Disclosure refits curves."""


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        yield from (name for name in names if name.startswith("recohort."))


@pytest.mark.parametrize("stage", [*STAGES, "audit", "core", "dicom"])
def test_a_stage_imports_itself_and_core(stage):
    allowed = {stage, "core"} | WORDS.get(stage, set())
    for path in (PACKAGE / stage).rglob("*.py"):
        rooms = {name.split(".")[1] for name in imported(path)}
        assert rooms <= allowed, f"{path.name} imports {sorted(rooms - allowed)}"


STEPS = {"files": set(), "population": {"synthetic"}, "simulation": {"synthetic"}, "processing": {"images"}}
STEPS["measuring"] = {"images", "metrics"}


def test_a_step_of_a_modality_imports_its_stage_alone():
    """Else an edited metric would reconstruct every image anew."""
    for path in (PACKAGE / "modalities").glob("*/*.py"):
        rooms = {name.split(".")[1] for name in imported(path)} - {"core", "modalities"}
        assert rooms <= STEPS.get(path.stem, set()), path


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_knows_no_paths_configuration_or_screen(stage):
    for path in (PACKAGE / stage).rglob("*.py"):
        names = {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
        assert not names & {"snakemake", "config", "print", "open", "eval", "exec"}, path.name


def test_package_markers_are_empty():
    assert all(path.read_text() == "" for path in PACKAGE.rglob("__init__.py"))


def test_a_script_is_thin_and_stands_behind_a_rule_of_its_name():
    rules = "".join(path.read_text() for path in (REPOSITORY / "workflow" / "rules").glob("*.smk"))
    for path in (REPOSITORY / "workflow" / "scripts").glob("*.py"):
        assert f"rule {path.stem}:" in rules
        assert f'"../scripts/{path.name}"' in rules


def test_every_scripted_rule_watches_its_modules():
    for path in (REPOSITORY / "workflow" / "rules").glob("*.smk"):
        for rule in re.split(r"^rule ", path.read_text(), flags=re.M)[1:]:
            assert "code=" in rule, f"{path.name}: {rule.splitlines()[0]}"
            assert "log:" in rule, f"{path.name}: {rule.splitlines()[0]}"


@pytest.mark.parametrize("name", sorted(path.name.partition(".")[0] for path in SCHEMAS.glob("*.yaml")))
def test_a_schema_is_strict_and_describes_every_key(name):
    def walk(schema, where):
        for key, sub in schema.get("properties", {}).items():
            assert sub.get("description"), f"{where}.{key} has no description"
            walk(sub, f"{where}.{key}")
        if "properties" in schema:
            assert schema.get("additionalProperties") is False, f"{where} takes unknown keys"
        for variant in schema.get("oneOf", []):
            walk(variant, where)
        if isinstance(schema.get("additionalProperties"), dict):
            walk(schema["additionalProperties"], f"{where}.<name>")
        if isinstance(schema.get("items"), dict):
            walk(schema["items"], f"{where}[]")

    walk(load_schema(name), name)


def test_the_page_of_keys_is_in_step():
    text = (REPOSITORY / "config" / "README.md").read_text()
    assert text == maintain.config_reference(), "run `make docs`"


def test_the_conda_environment_is_in_step_with_the_lock():
    text = (REPOSITORY / "environment.yml").read_text()
    assert text == maintain.environment(), "run `make docs`"
    pins = yaml.safe_load(text)["dependencies"][-1]["pip"]
    assert any(pin.startswith("snakemake==") for pin in pins)


def test_the_lock_holds_every_dependency_hashed_and_names_no_host():
    import tomllib

    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (REPOSITORY / name).read_text()
        assert "://" not in text
        for dependency in project["dependencies"]:
            package = re.match(r"[a-z0-9-]+", dependency)[0]
            assert re.search(rf"^{package}==\S+", text, flags=re.M), package
        requirements = len(re.findall(r"^[a-z0-9].*==", text, flags=re.M))
        assert requirements >= len(project["dependencies"])
        assert len(re.findall(r"^[a-z0-9].*\\\n    --hash", text, flags=re.M)) == requirements


def test_runtime_does_not_import_development_packages():
    for path in PACKAGE.rglob("*.py"):
        assert "qsm_forward" not in path.read_text()
