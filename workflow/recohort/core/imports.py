"""Which modules stand behind a script: what Snakemake must watch so that an edited module reruns its rules."""

import ast
import functools
import os
from pathlib import Path

WORKFLOW = Path(__file__).resolve().parents[2]


def modules_behind(script: str, *modules: str) -> list[str]:
    """Return the project's modules that a script imports, directly or through others (Snakemake watches the script).

    Parameters
    ----------
    script : str
        Name of a script in ``workflow/scripts``, without the ending.
    *modules : str
        Modules that the script chooses while it runs, e.g. ``recohort.models.cox``.

    Returns
    -------
    list of str
        Paths relative to the working directory, sorted: the one form that survives a moved repository.
    """
    found: set[Path] = set()
    waiting = {
        *_imported(WORKFLOW / "scripts" / f"{script}.py"),
        *(path for name in modules for path in _file_of(name)),
    }
    while waiting:
        path = waiting.pop()
        found.add(path)
        waiting |= set(_imported(path)) - found
    return sorted(os.path.relpath(path) for path in found)


@functools.cache
def _imported(path: Path) -> tuple[Path, ...]:
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(path for name in names if name.startswith("recohort.") for path in _file_of(name))


def _file_of(module: str) -> list[Path]:
    path = WORKFLOW / Path(*module.split(".")).with_suffix(".py")
    return [path] if path.exists() else []
