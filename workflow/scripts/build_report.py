"""The study's page, one file that loads nothing."""

from pathlib import Path

import pandas as pd

from recohort.core.columns import cohort_columns
from recohort.core.config import read_yaml
from recohort.core.guard import guard_of
from recohort.core.io import read_results, read_table
from recohort.core.job import job
from recohort.provenance.versions import project_version
from recohort.report.alternatives import WITHHELD, alternatives
from recohort.report.citations import written
from recohort.report.contents import items, judged
from recohort.report.page import page
from recohort.report.pictures import Picture, fitting, looked_at
from recohort.report.quality import extremes, summarise
from recohort.report.warnings import gather
from recohort.tables.words import spoken

DIGITS, PICTURES, BYTES = 3, 12, 1_000_000

with job(snakemake.log):
    given, params = snakemake.input, snakemake.params
    study, name = params.study, snakemake.wildcards.study
    root = Path("results") / name
    entries, report = study.get("figures", {}), study["report"]
    guard, guarded = guard_of(given.plan), bool(given.plan)
    unsaid = {f"sensitivity/{key}.warnings": WITHHELD for key in study["sensitivity"] if guarded}
    columns = cohort_columns(study)
    warned = gather(spoken(guard.warnings(read_results(given.results, root)), columns) | unsaid)
    files = {
        Path(path).relative_to(root).as_posix(): Path(path).read_bytes() for path in [*given.tables, *given.figures]
    }
    hanging = {key: entries[key]["sensitivity"] for key in params.figures if entries[key].get("sensitivity")}
    shown = items(
        study,
        figures=params.figures,
        formats=params.formats,
        files=files,
        results={} if guarded else read_results(given.drawn, root),
        noted=guard.caption,
    )
    lists = {Path(path).stem: read_yaml(Path(path)) for path in given.checklists}
    checklists, places = judged(study, shown, checklists=lists, codes=list(warned["code"].unique()))
    texts = {Path(path).name: Path(path).read_text(encoding="utf-8") for path in [*given.templates, *given.project]}
    own = {"recohort": project_version(texts["pyproject.toml"])} if given.project else {}
    versions = own | params.versions
    section = written(report["methods"], study, **read_yaml(Path(given.references)), versions=versions)
    labels = {analysis: entries[key]["labels"] for key, analysis in hanging.items()}
    gathered = {Path(path).stem: read_table(path) for path in given.sensitivity if not guarded}
    status = read_table(given.status[0]) if given.status else pd.DataFrame({"participant_id": [], "status": []})
    checks = {"quality": report["quality"], "digits": DIGITS}
    images = root / "images"
    pictures = [
        Picture(
            one["participant"],
            (images / one["path"]).read_bytes(),
            one["why"],
            one["checks"],
            f"../images/{one['path']}",
        )
        for one in (extremes(status, limit=PICTURES, **checks) if "overlay" in status and not guarded else [])
    ]
    participants = [] if guarded else looked_at(status, **checks)
    text = page(
        shown,
        templates=texts,
        style=texts["style.css"],
        script=texts["viewer.js"],
        study={"reference": "", "doi": "", **study["study"]},
        name=name,
        caveats=params.caveats,
        reproduction=pd.read_csv(given.reproduction[0], dtype={"published": str}),
        audit=pd.read_csv(given.audit[0], dtype=str) if given.audit else pd.DataFrame(),
        warnings=warned,
        sensitivity={
            key: alternatives(frame, columns=columns, labels=labels.get(key, {}), page=f"{root}/report")
            for key, frame in gathered.items()
        },
        methods=section.text,
        references=section.references,
        checklists=checklists,
        places=places,
        quality=guard.quality(summarise(guard.status(status), **checks)),
        pictures=fitting(pictures, budget=BYTES),
        participants=[{**one, "path": one["path"] and f"../images/{one['path']}"} for one in participants],
        recovery=[key for key in params.figures if entries[key]["kind"] == "recovery"],
        hanging=hanging,
        guarded=guarded,
        records=params.records,
        run={"Settings": f"config/studies/{name}.yaml", "Seed": str(params.seed), **versions},
    )
    Path(snakemake.output[0]).write_text(text, encoding="utf-8")
