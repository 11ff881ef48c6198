"""Every declared analysis, one job each: models: {<kind>: {<name>: ...}}.

REQUIRED INPUTS   results/<study>/cohort/{assembled,eligible,matched,weighted,imputed}.tsv
OUTPUTS           results/<study>/models/<kind>/<name>{.tsv,.curve.tsv,.warnings.tsv}, voxelwise/<name>.nii.gz
"""


ruleorder: fit_voxelwise > fit_model


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


rule fit_voxelwise:
    input:
        results=lambda wildcards: STUDIES[wildcards.study].model_results(
            "voxelwise", wildcards.name
        ),
        status=result("images/status.tsv"),
        maps=lambda wildcards: STUDIES[wildcards.study].manifests,
        atlas=lambda wildcards: STUDIES[wildcards.study].images_beside,
        code=lambda wildcards: code(
            "fit_voxelwise", STUDIES[wildcards.study].images_by("mapping")
        ),
    output:
        estimates="results/{study}/models/voxelwise/{name}.tsv",
        curve="results/{study}/models/voxelwise/{name}.curve.tsv",
        warnings="results/{study}/models/voxelwise/{name}.warnings.tsv",
        maps="results/{study}/models/voxelwise/{name}.nii.gz",
        sidecar="results/{study}/models/voxelwise/{name}.json",
    log:
        "results/{study}/logs/models/voxelwise/{name}.log",
    params:
        entry=setting("models/voxelwise/{name}"),
        images=setting("images"),
        structures=setting("metrics/nuclei/structures"),
        columns=lambda wildcards: cohort_columns(STUDIES[wildcards.study].config),
        roots=lambda wildcards: STUDIES[wildcards.study].roots,
        seed=RUN["seed"],
    script:
        "../scripts/fit_voxelwise.py"
