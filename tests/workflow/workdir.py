"""A whole study, small: the repository's own rules run in a temporary directory."""

import copy
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
STUDY = "cavernoma_qsm"


def merge(base: dict, changes: dict) -> dict:
    merged = copy.deepcopy(base)
    for key, value in changes.items():
        merged[key] = merge(merged[key], value) if isinstance(value, dict) and key in merged else value
    return merged


SMALL = {
    "data": {
        "synthetic": {
            "n_subjects": 48,
            "anatomy": {"matrix": [36, 45, 40], "voxel_size_mm": [4.0, 4.0, 4.0]},
            "outcome": {"rate_per_100_person_years": 15},
        }
    },
    "images": {"batch_size": 12, "passes": 1},
    "metrics": {"lesion": {"minimum_voxels": 1}},
}
"""The study of the repository with fewer subjects, larger voxels and more events."""


class Workdir:
    """A copy of the workflow in `root`, and beside it `run`, where it works with a configuration of its own."""

    def __init__(self, root: Path):
        self.root, self.folder, self.snakefile = root, root / "run", root / "Snakefile"
        if not self.snakefile.exists():
            self.folder.mkdir(parents=True)
            shutil.copy(REPOSITORY / "Snakefile", root)
            for name in ("workflow", "profiles"):
                shutil.copytree(REPOSITORY / name, root / name)

    def configure(self, study: dict, *, name: str = STUDY, **run) -> None:
        (self.folder / "config" / "studies").mkdir(parents=True, exist_ok=True)
        (self.folder / "config" / "config.yaml").write_text(yaml.safe_dump({"studies": [name], "seed": 7, **run}))
        (self.folder / "config" / "studies" / f"{name}.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
        (self.folder / "data" / "published").mkdir(parents=True, exist_ok=True)
        if published := study.get("report", {}).get("published"):
            shutil.copy(REPOSITORY / published, self.folder / published)

    def command(self, *arguments: str) -> list[str]:
        profile = self.snakefile.parent / "profiles" / "default"
        fixed = ["--snakefile", str(self.snakefile), "--directory", str(self.folder), "--profile", str(profile)]
        return [sys.executable, "-m", "snakemake", *fixed, *arguments]

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        environment = {**os.environ, "PYTHONHASHSEED": "random"}
        done = subprocess.run(
            self.command(*arguments), capture_output=True, text=True, env=environment, cwd=self.folder
        )
        if check:
            assert done.returncode == 0, done.stderr[-4000:]
        return done

    def scheduled(self, *arguments: str) -> dict[str, int]:
        """Rules a run would execute now, with how many jobs of each."""
        out = self.run("--dry-run", *arguments)
        rules: dict[str, int] = {}
        for line in out.stdout.splitlines():
            if line.startswith(("rule ", "localrule ")):
                rule = line.split()[1].rstrip(":")
                rules[rule] = rules.get(rule, 0) + 1
        return {rule: count for rule, count in rules.items() if rule not in ("all", STUDY)}

    def results(self) -> dict[str, bytes]:
        """Every result's bytes, less the logs."""
        root = self.folder / "results"
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file() and "logs" not in path.parts and path.name != ".lock"
        }

    def copy(self, root: Path) -> "Workdir":
        shutil.copytree(self.root, root)
        return Workdir(root)


def small_study(**changes) -> dict:
    """The study, small, without its sensitivity analyses: few subjects leave matching with little choice."""
    study = yaml.safe_load((REPOSITORY / "config" / "studies" / f"{STUDY}.yaml").read_text())
    of_sensitivity = {name for name, entry in study["figures"].items() if "sensitivity" in entry}
    study["figures"] = {name: entry for name, entry in study["figures"].items() if name not in of_sensitivity}
    study["report"]["order"] = [name for name in study["report"]["order"] if name not in of_sensitivity]
    del study["sensitivity"]
    return merge(merge(study, SMALL), changes)
