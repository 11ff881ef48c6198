"""One row per subject and metric.

REQUIRED INPUTS   results/<study>/images/
OUTPUTS           results/<study>/metrics/metrics.tsv
"""


rule measure_images:
    input:
        manifest=result("images/batches/{batch}.tsv"),
        status=result("images/batches/{batch}.status.tsv"),
        code=lambda wildcards: code(
            "measure_images", STUDIES[wildcards.study].images_by("measuring")
        ),
    output:
        "results/{study}/metrics/batches/{batch}.tsv",
    log:
        "results/{study}/logs/metrics/measure_images/{batch}.log",
    params:
        kind=setting("images/kind"),
        metrics=setting("metrics"),
        session=setting("images/session"),
    script:
        "../scripts/measure_images.py"


rule gather_metrics:
    input:
        batches=lambda wildcards: expand(
            rules.measure_images.output,
            batch=STUDIES[wildcards.study].batches,
            allow_missing=True,
        ),
        code=lambda wildcards: code(
            "gather_metrics", STUDIES[wildcards.study].images_by("measuring")
        ),
    output:
        metrics="results/{study}/metrics/metrics.tsv",
        warnings="results/{study}/metrics/metrics.warnings.tsv",
    log:
        "results/{study}/logs/metrics/gather_metrics.log",
    params:
        kind=setting("images/kind"),
    script:
        "../scripts/gather_metrics.py"
