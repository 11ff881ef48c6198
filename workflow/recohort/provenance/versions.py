"""Which Python packages the code imports, in which version, and which version the lock asks for."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import packages_distributions, version
from pathlib import Path


def imported(files: Iterable[Path]) -> set[str]:
    """Return the top-level modules, other than Python's own, that these source files import."""
    names = set()
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.partition(".")[0])
    return names - set(sys.stdlib_module_names) - {"recohort"}


def locked(text: str) -> dict[str, str]:
    """Return the packages of a ``requirements.lock`` with their versions; of several pins, each."""
    pins: dict[str, list[str]] = {}
    for name, pin in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, flags=re.MULTILINE):
        pins.setdefault(_normal(name), []).append(pin)
    return {name: " or ".join(found) for name, found in pins.items()}


def project_version(project: str) -> str:
    """Return the version in the text of a ``pyproject.toml``; ``unknown`` where there is none."""
    return tomllib.loads(project).get("project", {}).get("version", "unknown")


def packages(modules: Iterable[str], lock: str) -> dict[str, dict[str, str]]:
    """Return the installed packages behind these modules.

    Parameters
    ----------
    modules : iterable of str
        Top-level modules, as `imported` returns them; one that is not installed is left out.
    lock : str
        The text of ``requirements.lock``; may be empty.

    Returns
    -------
    dict of str to dict
        Package to ``installed`` and ``locked`` (``not in the lock`` where it has no pin).
    """
    distributions, pins = packages_distributions(), locked(lock)
    names = sorted({_normal(name) for module in modules for name in distributions.get(module, [])})
    return {name: {"installed": version(name), "locked": pins.get(name, "not in the lock")} for name in names}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
