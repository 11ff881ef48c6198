"""One estimate of a study under its declared alternatives; what a change does not touch is taken from the study itself.

REQUIRED INPUTS   results/<study>/{images,metrics,cohort,models}/
OUTPUTS           results/<study>/sensitivity/{<name>.tsv, <alternative>/{images,metrics,cohort,models}/}
"""


rule gather_sensitivity:
    input:
        results=lambda wildcards: STUDIES[wildcards.study].sensitivity_results(
            wildcards.name
        ),
        published=lambda wildcards: STUDIES[wildcards.study].published,
        code=code("gather_sensitivity"),
    output:
        "results/{study}/sensitivity/{name}.tsv",
    log:
        "results/{study}/logs/sensitivity/{name}.log",
    params:
        entry=setting("sensitivity/{name}"),
        specifications=lambda wildcards: STUDIES[wildcards.study].specifications(
            wildcards.name
        ),
    script:
        "../scripts/gather_sensitivity.py"
