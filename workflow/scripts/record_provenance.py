"""What went into a study's results and what came out, each file with its checksum; and the RO-Crate around it."""

import shutil
from pathlib import Path

from recohort.core.job import job
from recohort.provenance.crate import crate
from recohort.provenance.record import (
    CRATE,
    WORKFLOW_COPY,
    describe,
    file_entry,
    made_by,
    sealed,
    table_entry,
    text,
    with_output,
)
from recohort.provenance.sources import in_repository
from recohort.provenance.steps import steps
from recohort.provenance.versions import imported, packages, project_version

BESIDE = ("given", "table", "code", "lock", "project")

with job(snakemake.log):
    root, params, made = Path("results") / snakemake.wildcards.study, snakemake.params, snakemake.output
    given, table, code, lock, project = ([Path(path) for path in snakemake.input[name]] for name in BESIDE)
    shutil.copyfile(next(path for path in code if path.name == "Snakefile"), made.snakefile)
    names = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]
    rules = made_by(names, params.patterns, params.jobs)
    pins, declared = ("".join(path.read_text(encoding="utf-8") for path in files) for files in (lock, project))
    modules = imported(path for path in code if path.suffix == ".py") | {"snakemake"}
    modules |= {params.study["data"]["table"].get("package")} if table else set()
    inputs = [file_entry(path, str(path)) for path in given]
    inputs += [table_entry(path, params.study["data"]["table"]) for path in table]
    called = {str(path): entry["path"] for path, entry in zip([*given, *table], inputs, strict=True)}
    record = describe(
        study=snakemake.wildcards.study,
        configuration=params.study,
        run=params.run,
        commit=params.commit,
        versions={"recohort": project_version(declared), "packages": packages(modules, pins)},
        lock=[file_entry(path, in_repository(path)) for path in lock],
        inputs=inputs,
        code=[file_entry(path, in_repository(path)) for path in code],
        outputs=[
            file_entry(root / name, name, rule=rule) for name, rule in {WORKFLOW_COPY: snakemake.rule, **rules}.items()
        ],
        steps=steps(params.jobs, rules, called),
    )
    Path(made.crate).write_text(text(crate(record)), encoding="utf-8")
    record = with_output(record, file_entry(Path(made.crate), CRATE, rule=snakemake.rule))
    Path(made.record).write_text(sealed(record), encoding="utf-8")
