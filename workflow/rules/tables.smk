"""The study's tables, numbered as the paper numbers them.

REQUIRED INPUTS   results/<study>/{cohort,models}/
OUTPUTS           results/<study>/tables/<table>.{csv,html}
"""

from recohort.caveats import caveats_of


rule make_table:
    input:
        results=lambda wildcards: STUDIES[wildcards.study].table_results(
            wildcards.table
        ),
        code=lambda wildcards: code(
            "make_table",
            f"recohort.tables.{CONFIGS[wildcards.study]['tables'][wildcards.table]['kind']}",
        ),
    output:
        csv="results/{study}/tables/{table}.csv",
        html="results/{study}/tables/{table}.html",
    log:
        "results/{study}/logs/tables/{table}.log",
    params:
        entry=lookup("{study}/tables/{table}", within=CONFIGS),
        columns=lambda wildcards: cohort_columns(CONFIGS[wildcards.study]),
        caveats=lambda wildcards: caveats_of(STUDIES[wildcards.study]),
        level=lambda wildcards: STUDIES[wildcards.study].level(
            "tables", wildcards.table
        ),
    script:
        "../scripts/make_table.py"
