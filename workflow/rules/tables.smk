"""The study's tables, numbered as the paper numbers them.

REQUIRED INPUTS   results/<study>/{cohort,models}/
OUTPUTS           results/<study>/tables/<table>.{csv,html,docx,tex}
"""

from recohort.caveats import caveats_of


rule make_table:
    input:
        results=lambda wildcards: STUDIES[wildcards.study].table_results(
            wildcards.table
        ),
        plan=lambda wildcards: STUDIES[wildcards.study].plan,
        code=lambda wildcards: code(
            "make_table",
            f"recohort.tables.{CONFIGS[wildcards.study]['tables'][wildcards.table]['kind']}",
            *STUDIES[wildcards.study].guards,
        ),
    output:
        csv="results/{study}/tables/{table}.csv",
        html=report(
            "results/{study}/tables/{table}.html",
            caption="../report/caption.rst",
            category="{study}",
            subcategory="Tables",
            labels={"table": "{table}"},
        ),
        docx="results/{study}/tables/{table}.docx",
        tex="results/{study}/tables/{table}.tex",
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
