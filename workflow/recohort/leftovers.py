"""What an earlier run left and this one must not trust: broken batches, results that nothing declares any more."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from recohort.core.consistency import cohorts
from recohort.core.manifest import departures
from recohort.core.variants import FOLDER
from recohort.study import Studies, Study


def drop_broken_batches(studies: Studies) -> list[str]:
    """Remove the manifest of every batch of which a file is gone or altered, so that the batch is made again.

    Returns
    -------
    list of str
        One sentence per such file.
    """
    found = []
    every = [*studies.values(), *(studies[name] for study in studies.values() for name in study.variants)]
    for manifest in dict.fromkeys(Path(path) for study in every for path in study.manifests):
        sentences = departures(manifest, manifest.parents[1]) if manifest.exists() else []
        if sentences:
            manifest.unlink()
        found += sentences
    return found


def drop_undeclared(studies: Studies) -> list[str]:
    """Remove results of models, tables, figures, batches and subjects that a study no longer has.

    Returns
    -------
    list of str
        What was removed.
    """
    removed = []
    for study in studies.values():
        for path in sorted(set(_undeclared(study))):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            removed.append(str(path))
    papers = {path.stem for path in Path("data/published").glob("*.csv")}
    papers -= {Path(path).stem for study in studies.values() for path in study.published}
    for path in sorted(path for path in Path("results/audit").glob("*.csv") if path.stem not in papers):
        path.unlink()
        removed.append(str(path))
    return removed


def _cohort_results(study: Study) -> set[str]:
    made = set(cohorts(study.config))
    made |= {"supported"} if "matched" in made else set()
    made |= {"balance"} if {"matched", "weighted"} & made else set()
    return made | {"flow"} | ({"participants"} if study.dataset.kind == "table" else set())


def _undeclared(study: Study) -> Iterator[Path]:
    models = {name for named in study.config["models"].values() for name in named}
    declared = {
        "cohort/*": _cohort_results(study),
        "models/*/*": models,
        "tables/*": set(study.config.get("tables", {})),
        "figures/*": set(study.figures),
        "*/batches/*": set(study.batches),
        "images/sub-*": set(study.dataset.participants),
        "synthetic/sub-*": set(study.dataset.participants),
        "synthetic/derivatives/*/sub-*": set(study.dataset.participants),
        f"{FOLDER}/*.tsv": set(study.config["sensitivity"]),
    }
    for pattern, names in declared.items():
        yield from (path for path in study.results.glob(pattern) if path.name.partition(".")[0] not in names)
    alternatives = set(study.variants)
    folders = [path for path in study.results.glob(f"{FOLDER}/*") if path.is_dir()]
    yield from (path for path in folders if f"{study.name}/{FOLDER}/{path.name}" not in alternatives)
    if not study.dataset.synthetic:
        yield from study.results.glob("synthetic")
