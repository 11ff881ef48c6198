"""A run's studies as the rules see them: configuration, dataset, batches and which files a stage hands to the next.

This is the one module beside the stages; it may import all of them, and only the rules import it.
"""

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from recohort.core.batches import divide
from recohort.core.config import complete, read_study, read_yaml
from recohort.core.dataset import Dataset, locate
from recohort.core.errors import Findings, InputError
from recohort.core.manifest import departures

CONFIG = Path("config")


@dataclass(frozen=True)
class Study:
    """One study of a run: its completed configuration, its data, its batches."""

    name: str
    config: dict
    dataset: Dataset
    batches: dict[str, list[str]]

    @property
    def results(self) -> Path:
        """Folder of everything made for this study."""
        return Path("results") / self.name

    @property
    def has_images(self) -> bool:
        """Whether the study starts from images."""
        return "images" in self.config

    def raw_files(self, batch: str) -> list[str]:
        """Return what a batch's images are made from: its subjects' files, or the manifest of simulated ones."""
        if self.dataset.synthetic:
            return [f"{self.dataset.root}/batches/{batch}.tsv"]
        files = [
            path
            for participant in self.batches[batch]
            for folder in (self.dataset.root, *sorted((self.dataset.root / "derivatives").glob("*/")))
            for path in sorted((folder / participant).rglob("*"))
            if path.is_file()
        ]
        return [str(path) for path in files]

    @property
    def participants(self) -> str:
        """The table of participants that the cohort is assembled from."""
        if self.dataset.kind == "table":
            return f"results/{self.name}/cohort/participants.tsv"
        return f"{self.dataset.root}/participants.tsv"

    @property
    def table_file(self) -> str:
        """The file behind ``data.table``."""
        table = self.config["data"]["table"]
        if "package" not in table:
            return table["file"]
        found = find_spec(table["package"])
        if found is None:
            raise InputError(f"study {self.name}: data.table.package: '{table['package']}' is not installed")
        return os.path.relpath(Path(found.origin).parent / table["file"])

    def files(self, sources: dict[str, str]) -> dict[str, str]:
        """Return files named relative to the study's results as paths."""
        return {name: f"results/{self.name}/{path}" for name, path in sources.items()}


def read_run() -> tuple[dict, dict[str, Study]]:
    """Read ``config/config.yaml`` and every study it names; each finding of all of them in one error.

    Raises
    ------
    InputError
        One sentence per finding.
    """
    run = complete(read_yaml(CONFIG / "config.yaml"), "run", str(CONFIG / "config.yaml"))
    studies, findings = {}, Findings()
    for name in run["studies"]:
        try:
            config = read_study(CONFIG / "studies" / f"{name}.yaml")
            dataset = locate(name, config)
            size = config.get("images", {}).get("batch_size", 1)
            batches = divide(list(dataset.participants), size) if "images" in config else {}
            studies[name] = Study(name, config, dataset, batches)
        except InputError as error:
            findings.add(str(error))
    findings.raise_if_any()
    return run, studies


def drop_broken_batches(studies: dict[str, Study]) -> list[str]:
    """Remove the manifest of every batch of which a file is gone or altered, so that the batch is made again.

    Returns
    -------
    list of str
        One sentence per such file.
    """
    found = []
    for study in studies.values():
        for stage in ("synthetic", "images"):
            root = study.results / stage
            for manifest in sorted((root / "batches").glob("*.tsv")):
                if manifest.suffixes != [".tsv"]:
                    continue
                sentences = departures(manifest, root)
                if sentences:
                    manifest.unlink()
                found += sentences
    return found
