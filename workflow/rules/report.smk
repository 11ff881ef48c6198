"""The study's page, its verdict on every published number, and the index over all studies.

REQUIRED INPUTS   results/<study>/{tables,figures,models,cohort,images}/, data/published/<study>.csv
OUTPUTS           results/<study>/{report/index.html, reproduction.csv}, results/index.csv
"""

from recohort.caveats import caveats_of


rule compare_published:
    input:
        published=lambda wildcards: STUDIES[wildcards.study].published,
        results=lambda wildcards: STUDIES[wildcards.study].compared_results(),
        schema=os.path.relpath(
            os.path.join(WORKFLOW, "schemas", "published.schema.yaml")
        ),
        code=code("compare_published"),
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
        figures=lambda wildcards: expand(
            "results/{study}/figures/{figure}.svg",
            figure=STUDIES[wildcards.study].figures,
            allow_missing=True,
        ),
        results=lambda wildcards: STUDIES[wildcards.study].spoken_results(),
        reproduction=rules.compare_published.output,
        images=lambda wildcards: STUDIES[wildcards.study].manifests,
        template=os.path.relpath(os.path.join(WORKFLOW, "report", "page.html.j2")),
        style=os.path.relpath(os.path.join(WORKFLOW, "report", "style.css")),
        code=code("build_report"),
    output:
        "results/{study}/report/index.html",
    log:
        "results/{study}/logs/report/build_report.log",
    params:
        study=lookup("{study}", within=CONFIGS),
        figures=lambda wildcards: STUDIES[wildcards.study].figures,
        formats=RUN["figure_formats"],
        caveats=lambda wildcards: caveats_of(STUDIES[wildcards.study]),
        seed=RUN["seed"],
    script:
        "../scripts/build_report.py"


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
