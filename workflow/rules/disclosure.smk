"""What every count of a study is printed as, where its section disclosure asks for it.

REQUIRED INPUTS   every result that the study's tables and figures are made from
OUTPUTS           results/<study>/disclosure/plan.json
"""


rule plan_disclosure:
    input:
        results=lambda wildcards: STUDIES[wildcards.study].counted_results(),
        code=code("plan_disclosure"),
    output:
        "results/{study}/disclosure/plan.json",
    log:
        "results/{study}/logs/disclosure/plan.log",
    params:
        sections=lambda wildcards: STUDIES[wildcards.study].counted_sections(),
        rules=lookup("{study}/disclosure", within=CONFIGS),
    script:
        "../scripts/plan_disclosure.py"
