"""The study's page, its verdict on every published number, and the indexes over all studies.

REQUIRED INPUTS   results/<study>/{tables,figures,models,cohort,images}/, data/published/<study>.csv
OUTPUTS           results/<study>/{report/index.html, reproduction.csv}, results/index.{html,csv}
"""

from importlib.metadata import version

from recohort.caveats import caveats_of
from recohort.provenance.sources import present

SOFTWARE = ("numpy", "scipy", "statsmodels", "lifelines")


rule compare_published:
    input:
        published=lambda wildcards: STUDIES[wildcards.study].published,
        results=lambda wildcards: STUDIES[wildcards.study].compared_results(),
        schema=os.path.relpath(
            os.path.join(WORKFLOW, "schemas", "published.schema.yaml")
        ),
        plan=lambda wildcards: STUDIES[wildcards.study].plan,
        code=lambda wildcards: code(
            "compare_published", *STUDIES[wildcards.study].guards
        ),
    output:
        "results/{study}/reproduction.csv",
    log:
        "results/{study}/logs/report/compare_published.log",
    params:
        caveats=lambda wildcards: caveats_of(STUDIES[wildcards.study]),
    script:
        "../scripts/compare_published.py"


rule build_report:
    input:
        tables=lambda wildcards: expand(
            rules.make_table.output.html,
            table=CONFIGS[wildcards.study].get("tables", []),
            allow_missing=True,
        ),
        documents=lambda wildcards: expand(
            [rules.make_table.output.docx, rules.make_table.output.tex],
            table=CONFIGS[wildcards.study].get("tables", []),
            allow_missing=True,
        ),
        figures=lambda wildcards: expand(
            "results/{study}/figures/{figure}.{ending}",
            figure=STUDIES[wildcards.study].figures,
            ending=[ending for ending in RUN["figure_formats"] if ending != "pdf"],
            allow_missing=True,
        ),
        viewers=lambda wildcards: STUDIES[wildcards.study].viewers,
        drawn=lambda wildcards: sorted(
            {
                path
                for figure in STUDIES[wildcards.study].figures
                for path in STUDIES[wildcards.study].figure_results(figure)
            }
        ),
        results=lambda wildcards: STUDIES[wildcards.study].spoken_results(),
        status=lambda wildcards: (
            [rules.gather_status.output.status]
            if STUDIES[wildcards.study].has_images
            else []
        ),
        sensitivity=lambda wildcards: expand(
            rules.gather_sensitivity.output,
            name=CONFIGS[wildcards.study]["sensitivity"],
            allow_missing=True,
        ),
        reproduction=rules.compare_published.output,
        audit=lambda wildcards: (
            rules.audit_published.output if STUDIES[wildcards.study].published else []
        ),
        images=lambda wildcards: STUDIES[wildcards.study].manifests,
        checklists=lambda wildcards: expand(
            os.path.relpath(os.path.join(WORKFLOW, "checklists", "{name}.yaml")),
            name=CONFIGS[wildcards.study]["report"]["checklists"],
        ),
        references=os.path.relpath(os.path.join(WORKFLOW, "references.yaml")),
        templates=TEMPLATES,
        project=present("pyproject.toml"),
        plan=lambda wildcards: STUDIES[wildcards.study].plan,
        code=lambda wildcards: code("build_report", *STUDIES[wildcards.study].guards),
    output:
        "results/{study}/report/index.html",
    log:
        "results/{study}/logs/report/build_report.log",
    params:
        study=lookup("{study}", within=CONFIGS),
        figures=lambda wildcards: STUDIES[wildcards.study].figures,
        formats=RUN["figure_formats"],
        caveats=lambda wildcards: caveats_of(STUDIES[wildcards.study]),
        records=lambda wildcards: (
            {
                "a list with checksums": "../provenance.json",
                "the same for archives (RO-Crate)": "../ro-crate-metadata.json",
            }
            if hasattr(rules, "record_provenance")
            else {}
        ),
        versions={name: version(name) for name in SOFTWARE},
        seed=RUN["seed"],
    script:
        "../scripts/build_report.py"


rule build_overview:
    input:
        reproductions=expand(rules.compare_published.output, study=STUDIES),
        audits=expand(
            rules.audit_published.output,
            study=[name for name, study in STUDIES.items() if study.published],
        ),
        papers=expand(rules.audit_paper.output, paper=PAPERS),
        published=list(PAPERS.values()),
        templates=TEMPLATES,
        code=code("build_overview"),
    output:
        "results/index.html",
    log:
        "results/logs/build_overview.log",
    params:
        studies={
            name: {**study.config["study"], **study.listed()}
            for name, study in STUDIES.items()
        },
        caveats={name: caveats_of(study) for name, study in STUDIES.items()},
        formats=RUN["figure_formats"],
        recorded=lambda wildcards: hasattr(rules, "record_provenance"),
    script:
        "../scripts/build_overview.py"


rule build_index:
    input:
        reproductions=expand(rules.compare_published.output, study=STUDIES),
        code=code("build_index"),
    output:
        "results/index.csv",
    log:
        "results/logs/build_index.log",
    params:
        studies={name: study.listed() for name, study in STUDIES.items()},
        formats=RUN["figure_formats"],
    script:
        "../scripts/build_index.py"
