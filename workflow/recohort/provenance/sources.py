"""The files of the repository that a study's results are made by."""

import os
from collections.abc import Mapping
from pathlib import Path

from recohort.core.imports import WORKFLOW, modules_behind

WIRING = (".smk", ".j2", ".css", ".js", ".rst", ".yaml")
"""What is no module and still makes results; schemas are left out, as their defaults are recorded with the study."""


def code(configuration: Mapping) -> list[str]:
    """Return Snakefile, rules, scripts, the modules behind them, the page's template and words.

    Parameters
    ----------
    configuration : mapping
        The study's, completed; of models, tables, figures and images, only the kinds it uses count.

    Returns
    -------
    list of str
        Paths relative to the working directory, sorted.
    """
    kinds = [f"recohort.models.{kind}" for kind in configuration["models"]]
    for stage in ("tables", "figures"):
        kinds += [f"recohort.{stage}.{entry['kind']}" for entry in configuration.get(stage, {}).values()]
    sections = (configuration.get("images"), configuration["data"].get("synthetic"))
    for kind in sorted({section["kind"] for section in sections if section}):
        steps = (WORKFLOW / "recohort" / "modalities" / kind).glob("*.py")
        kinds += [f"recohort.modalities.{kind}.{step.stem}" for step in steps]
    scripts = sorted((WORKFLOW / "scripts").glob("*.py"))
    modules = {path for script in scripts for path in modules_behind(script.stem, *kinds)}
    wiring = [path for path in WORKFLOW.rglob("*") if path.suffix in WIRING and "schemas" not in path.parts]
    return sorted(modules | {os.path.relpath(path) for path in [*scripts, *wiring, WORKFLOW.parent / "Snakefile"]})


def present(name: str) -> list[str]:
    """Return a file of the repository relative to the working directory; nothing where only the workflow was copied."""
    path = WORKFLOW.parent / name
    return [os.path.relpath(path)] if path.exists() else []


def in_repository(path: str | Path) -> str:
    """Return a source file's path relative to the repository."""
    return Path(os.path.abspath(path)).relative_to(WORKFLOW.parent).as_posix()
