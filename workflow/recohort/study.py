"""A run's studies as the rules see them: configuration, dataset, batches and which files a stage hands to the next.

This is the one module beside the stages; it may import all of them, and only the rules import it.
"""

import functools
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from recohort.core.batches import divide
from recohort.core.config import complete, read_study, read_yaml
from recohort.core.consistency import cohorts
from recohort.core.dataset import Dataset, locate
from recohort.core.errors import Findings, InputError
from recohort.core.io import read_rows
from recohort.core.references import DERIVED, VIEWED, interval_level, item_sources, model_sources
from recohort.core.schema import load_schema, part_for
from recohort.core.variants import AS_IS, FOLDER, specifications, value_at, variants
from recohort.lineage import differs

CONFIG = Path("config")
CURVES = ("models/kaplan_meier/", "models/competing_risks/")
"""Analyses whose numbers are made anew from their curves where disclosure is controlled."""


@dataclass(frozen=True)
class Study:
    """One study of a run: its completed configuration, its data, its batches; of an alternative the study it varies."""

    name: str
    config: dict
    dataset: Dataset
    batches: dict[str, list[str]]
    base: "Study | None" = None

    @property
    def results(self) -> Path:
        """Folder of everything made for this study."""
        return Path("results") / self.name

    def setting(self, path: str) -> object:
        """What stands in its configuration under a path with slashes; None where nothing does."""
        return value_at(self.config, path.replace("/", "."))

    def place(self, path: str) -> str:
        """Where a result lies: here, or with the study that this one varies where nothing it is made from differs."""
        home = self if self.base is None or differs(self, self.base, path) else self.base
        return f"results/{home.name}/{path}"

    @property
    def roots(self) -> list[str]:
        """The folders below which its results lie."""
        return [f"results/{study.name}" for study in (self, self.base) if study]

    @property
    def has_images(self) -> bool:
        """Whether the study starts from images."""
        return "images" in self.config

    def images_by(self, step: str) -> str:
        """The module that does a step (``processing``, ``measuring``) for this study's kind of images."""
        return f"recohort.modalities.{self.config['images']['kind']}.{step}"

    def simulated_by(self, step: str) -> str:
        """The module that does a step (``simulation``, ``population``) for its kind of synthetic cohort."""
        return f"recohort.modalities.{self.config['data']['synthetic']['kind']}.{step}"

    def synthetic_for(self, step: str) -> dict:
        """The settings of the synthetic cohort that a step needs (``anatomy``, ``population``, ``images``)."""
        return part_for(step, self.config["data"]["synthetic"], load_schema("synthetic"))

    def metrics_for(self, step: str) -> dict:
        """The settings of the metrics that an earlier step needs."""
        return part_for(step, self.config["metrics"], load_schema("metrics"))

    @property
    def images_beside(self) -> list[str]:
        """The files beside the participants' that the images are made with, such as a network; none for most kinds."""
        module = self.images_by("beside")
        return import_module(module).reads(images=self.config["images"]) if find_spec(module) else []

    def adjustment(self, section: str) -> dict | None:
        """``matching`` or ``weighting`` without what changes its judgement alone; None where the study has no such."""
        settings = self.config["cohort"].get(section)
        return settings and {key: value for key, value in settings.items() if key != "balance"}

    @property
    def discards(self) -> bool:
        """Whether matching leaves out who has no counterpart, which is a step of the flow of its own."""
        return self.config["cohort"].get("matching", {}).get("discard", "none") != "none"

    def judged(self) -> dict[str, dict]:
        """What balance is compared in: by sample, its treatment, covariates and what is said of them."""
        keys, made_by = ("treatment", "covariates", "balance"), {"matched": "matching", "weighted": "weighting"}
        sections = {sample: self.config["cohort"].get(name) for sample, name in made_by.items()}
        return {sample: {key: section[key] for key in keys} for sample, section in sections.items() if section}

    def raw_files(self, batch: str) -> list[str]:
        """Return what a batch's images are made from: its subjects' files, or the manifest of simulated ones."""
        if self.dataset.synthetic:
            return [f"{self.dataset.root}/batches/{batch}.tsv"]
        pipelines = sorted((self.dataset.root / "derivatives").glob("*/"))
        files = [
            path
            for participant in self.batches[batch]
            for folder in (self.dataset.root, *pipelines)
            for path in sorted((folder / participant).rglob("*"))
            if path.is_file()
        ]
        return [*self.label_tables, *(str(path) for path in files)]

    @property
    def label_tables(self) -> list[str]:
        """The names of labels that a real dataset's pipelines give for all participants."""
        return sorted(str(path) for path in (self.dataset.root / "derivatives").glob("*/*_dseg.tsv"))

    @property
    def participants(self) -> str:
        """The table of participants that the cohort is assembled from."""
        if self.dataset.kind == "table":
            return self.place("cohort/participants.tsv")
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

    @property
    def manifests(self) -> list[str]:
        """The manifests of every batch: what a whole run must find intact."""
        raw = [f"{self.dataset.root}/batches/{batch}.tsv" for batch in self.batches if self.dataset.synthetic]
        return [*raw, *(self.place(f"images/batches/{batch}.tsv") for batch in self.batches)]

    @property
    def made(self) -> list[str]:
        """What running the study means, less the record of it."""
        gathered = [f"results/{self.name}/{FOLDER}/{name}.tsv" for name in self.config["sensitivity"]]
        return [f"results/{self.name}/report/index.html", *gathered, *self.manifests]

    @property
    def targets(self) -> list[str]:
        """What running the study means."""
        return [*self.made, f"results/{self.name}/provenance.json"]

    @property
    def figures(self) -> list[str]:
        """The figures that can be drawn.

        Those of the truth need a synthetic cohort; those of alternatives show counts that no plan of disclosure guards.
        """
        return [
            name
            for name, entry in self.config.get("figures", {}).items()
            if (entry["kind"] != "recovery" or self.dataset.synthetic) and not (self.plan and entry.get("sensitivity"))
        ]

    @property
    def published(self) -> list[str]:
        """The table of published numbers, where there is one."""
        path = self.config["report"]["published"]
        return [path] if path else []

    def files(self, paths: Iterable[str]) -> list[str]:
        """Return results that are named relative to the study's results as paths."""
        return [self.place(path) for path in dict.fromkeys(paths)]

    def model_results(self, kind: str, name: str) -> list[str]:
        """The cohort and the earlier models that an analysis reads."""
        return self.files(model_sources(kind, self.config["models"][kind][name]).values())

    def table_results(self, name: str) -> list[str]:
        """The results that a table is made from."""
        return self.files(item_sources("tables", self.config["tables"][name]).values())

    def level(self, section: str, name: str) -> float | None:
        """The level of the intervals that a table or a figure prints."""
        return interval_level(section, self.config[section][name], self.config)

    def figure_results(self, name: str) -> list[str]:
        """The results that a figure is drawn from; one that reads the images' status is drawn from the images too."""
        sources = item_sources("figures", self.config["figures"][name])
        return self.files(sources.values()) + (self.manifests if "images/status" in sources else [])

    def figure_maps(self, name: str) -> list[str]:
        """The maps of the voxelwise models that a figure is drawn from."""
        named = [source for source in item_sources("figures", self.config["figures"][name]) if "/voxelwise/" in source]
        beside = [self.config["figures"][name].get("background")] if named else []
        paths = [f"{source}.{ending}" for source in named if "." not in source for ending in ("nii.gz", "json")]
        return [*self.files(paths), *filter(None, beside)]

    @property
    def viewers(self) -> list[str]:
        """The pages of maps to be looked through, of figures that have one."""
        entries = self.config.get("figures", {})
        return self.files(f"figures/{name}.html" for name in self.figures if entries[name]["kind"] in VIEWED)

    @functools.cached_property
    def changes(self) -> dict[str, dict]:
        """The changed studies that its sensitivity analyses need: name -> key -> value."""
        return variants(self.config)

    @property
    def variants(self) -> list[str]:
        """Their names as studies of their own."""
        return [f"{self.name}/{FOLDER}/{variant}" for variant in self.changes]

    def varied(self, variant: str) -> "Study":
        """Return one of them.

        Raises
        ------
        InputError
            The change makes its configuration wrong.
        """
        if variant not in self._varied:
            config = read_study(CONFIG / "studies" / f"{self.name}.yaml", changes=self.changes[variant], name=variant)
            self._varied[variant] = Study(f"{self.name}/{FOLDER}/{variant}", config, self.dataset, self.batches, self)
        return self._varied[variant]

    @functools.cached_property
    def _varied(self) -> dict[str, "Study"]:
        return {}

    def specifications(self, name: str) -> list[dict]:
        """The alternatives of a sensitivity analysis, each with where its estimate lies."""
        found = []
        for one in specifications(self.config["sensitivity"][name], self.config):
            study = self if one.variant == AS_IS else self.varied(one.variant)
            path = study.place(f"models/{one.model.replace('.', '/')}.tsv")
            found.append({**one._asdict(), "path": path})
        return found

    def sensitivity_results(self, name: str) -> list[str]:
        """The estimates that a sensitivity analysis gathers."""
        return list(dict.fromkeys(one["path"] for one in self.specifications(name)))

    def compared_results(self) -> list[str]:
        """The results that published numbers are compared with."""
        named = [row["result"] for path in self.published for row in read_rows(path, delimiter=",") if row["result"]]
        named += [name.replace(".tsv", ".curve.tsv") for name in named if self.plan and name.startswith(CURVES)]
        return self.files(named)

    @property
    def plan(self) -> list[str]:
        """The plan of disclosure, where the study has that section."""
        return self.files(["disclosure/plan.json"]) if "disclosure" in self.config else []

    @property
    def guards(self) -> list[str]:
        """The module that guards what leaves, where the study has a plan."""
        return ["recohort.disclosure.guard"] if self.plan else []

    def counted_sections(self) -> dict[str, dict]:
        """The sections of the configuration that say what is counted and printed."""
        figures = {name: self.config["figures"][name] for name in self.figures}
        return {
            "tables": self.config.get("tables", {}),
            "figures": figures,
            **{name: self.config[name] for name in ("models", "cohort")},
        }

    def counted_results(self) -> list[str]:
        """Every result that a table or figure is made from or a published number compared with, and their cohorts."""
        sections = self.counted_sections()
        items = [("tables", entry) for entry in sections["tables"].values()]
        items += [("figures", entry) for entry in sections["figures"].values()]
        paths = ["cohort/flow.json", *(path for item in items for path in item_sources(*item).values())]
        paths += [path.removeprefix(f"results/{self.name}/") for path in self.compared_results()]
        for kind, entries in self.config["models"].items():
            made = [name for name in entries if f"models/{kind}/{name}.tsv" in paths]
            paths += [source for name in made for source in self._counted_beneath(kind, name)]
        return self.files([*paths, *(["images/status.tsv"] if self.has_images else [])])

    def _counted_beneath(self, kind: str, name: str) -> Iterator[str]:
        """Yield whose rows an analysis counts: its cohort and strata, and those of analyses it derives from."""
        for source in model_sources(kind, self.config["models"][kind][name]).values():
            curve = source.endswith(".curve.tsv")
            if source.startswith("cohort/") or (curve and source.startswith("models/strata/")):
                yield source
            elif kind in DERIVED and not curve:
                yield source
                yield from self._counted_beneath(*source.removeprefix("models/").partition(".")[0].split("/"))

    def spoken_results(self) -> list[str]:
        """What the page says beside tables and figures: every stage's warnings, the images' status."""
        stages = ["cohort/assembled.warnings.tsv"]
        made = [name for name in cohorts(self.config) if name not in ("assembled", "eligible")]
        made += ["balance"] if {"matched", "weighted"} & set(made) else []
        stages += [f"cohort/{name}.warnings.tsv" for name in made]
        stages += ["images/status.tsv", "metrics/metrics.warnings.tsv"] if self.has_images else []
        models = [(kind, name) for kind, named in self.config["models"].items() for name in named]
        return self.files([*stages, *(f"models/{kind}/{name}.warnings.tsv" for kind, name in models)])

    def listed(self) -> dict[str, dict]:
        """What the index lists: tables and figures with what each is made from, and whether the cohort is synthetic."""
        listed = [("tables", name, entry) for name, entry in self.config.get("tables", {}).items()]
        listed += [("figures", name, self.config["figures"][name]) for name in self.figures]
        items = {
            f"{section}/{name}": {"title": entry["title"], "sources": list(item_sources(section, entry).values())}
            for section, name, entry in listed
        }
        return {"items": items, "synthetic": self.dataset.synthetic}


class Studies(dict):
    """The studies of a run by name; an alternative of one of them is made when it is asked for."""

    def __missing__(self, name: str) -> Study:
        """Return an alternative, ``<study>/sensitivity/<variant>``."""
        base, _, variant = name.partition(f"/{FOLDER}/")
        if base not in self or not variant:
            raise KeyError(name)
        return self[base].varied(variant)


def read_run() -> tuple[dict, Studies]:
    """Read ``config/config.yaml`` and every study it names; each finding of all of them in one error.

    Raises
    ------
    InputError
        One sentence per finding.
    """
    run = complete(read_yaml(CONFIG / "config.yaml"), "run", str(CONFIG / "config.yaml"))
    studies, findings = Studies(), Findings()
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
