"""What went in and what came out, with checksums, once everything else of a study is made; an RO-Crate around it.

REQUIRED INPUTS   everything that the study declares under results/<study>/
OUTPUTS           results/<study>/{provenance.json, ro-crate-metadata.json, provenance/}
"""

from snakemake.io import regex_from_filepattern

from recohort.core.imports import WORKFLOW as PACKAGE
from recohort.provenance.commit import commit_of
from recohort.provenance.sources import code as code_of_study
from recohort.provenance.sources import present
from recohort.provenance.steps import jobs_behind


rule record_raw:
    input:
        raw=lambda wildcards: STUDIES[wildcards.study].raw_files(wildcards.batch),
        code=code("record_raw"),
    output:
        "results/{study}/provenance/batches/{batch}.tsv",
    log:
        "results/{study}/logs/provenance/record_raw/{batch}.log",
    params:
        members=members,
        dataset=lambda wildcards: str(STUDIES[wildcards.study].dataset.root),
    script:
        "../scripts/record_raw.py"


rule record_provenance:
    input:
        made=lambda wildcards: STUDIES[wildcards.study].made,
        raw=lambda wildcards: (
            expand(
                rules.record_raw.output,
                batch=STUDIES[wildcards.study].batches,
                study=wildcards.study,
            )
            if STUDIES[wildcards.study].dataset.kind == "bids"
            else []
        ),
        given=lambda wildcards: [
            *STUDIES[wildcards.study].published,
            *(
                STUDIES[wildcards.study].images_beside
                if STUDIES[wildcards.study].has_images
                else []
            ),
            *(
                [
                    STUDIES[wildcards.study].participants,
                    *STUDIES[wildcards.study].label_tables,
                ]
                if STUDIES[wildcards.study].dataset.kind == "bids"
                else []
            ),
        ],
        table=lambda wildcards: (
            [STUDIES[wildcards.study].table_file]
            if STUDIES[wildcards.study].dataset.kind == "table"
            else []
        ),
        lock=present("requirements.lock"),
        project=present("pyproject.toml"),
        code=lambda wildcards: code_of_study(CONFIGS[wildcards.study]),
    output:
        record="results/{study}/provenance.json",
        crate="results/{study}/ro-crate-metadata.json",
        snakefile="results/{study}/provenance/Snakefile",
    log:
        "results/{study}/logs/provenance/record_provenance.log",
    params:
        study=lookup("{study}", within=CONFIGS),
        run={"seed": RUN["seed"], "figure_formats": RUN["figure_formats"]},
        patterns=lambda wildcards: {
            rule.name: [
                regex_from_filepattern(path.partition("}/")[2])
                for path in rule.output
                if path.startswith("results/{study")
            ]
            for rule in workflow.rules
            if rule.name != "record_provenance"
            and any(path.startswith("results/{study") for path in rule.output)
        },
        jobs=lambda wildcards: jobs_behind(
            wildcards.study,
            rules=list(workflow.rules),
            dataset=(
                f"{STUDIES[wildcards.study].dataset.root}/"
                if STUDIES[wildcards.study].dataset.kind == "bids"
                else None
            ),
        ),
        commit=lambda wildcards: commit_of(PACKAGE.parent),
    script:
        "../scripts/record_provenance.py"
