"""Every declared analysis, one job each: models: {<kind>: {<name>: ...}}.

REQUIRED INPUTS   results/<study>/cohort/{assembled,eligible,matched,weighted,imputed}.tsv
OUTPUTS           results/<study>/models/<kind>/<name>{.tsv,.curve.tsv,.warnings.tsv}
"""


rule fit_model:
    input:
        results=lambda wildcards: STUDIES[wildcards.study].model_results(
            wildcards.kind, wildcards.name
        ),
        code=lambda wildcards: code("fit_model", f"recohort.models.{wildcards.kind}"),
    output:
        estimates="results/{study}/models/{kind}/{name}.tsv",
        curve="results/{study}/models/{kind}/{name}.curve.tsv",
        warnings="results/{study}/models/{kind}/{name}.warnings.tsv",
    log:
        "results/{study}/logs/models/{kind}/{name}.log",
    params:
        entry=setting("models/{kind}/{name}"),
        columns=lambda wildcards: cohort_columns(STUDIES[wildcards.study].config),
        roots=lambda wildcards: STUDIES[wildcards.study].roots,
        seed=RUN["seed"],
    script:
        "../scripts/fit_model.py"
