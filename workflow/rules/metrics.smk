"""One row per subject and metric.

REQUIRED INPUTS   results/<study>/images/
OUTPUTS           results/<study>/metrics/metrics.tsv
"""


rule measure_lesions:
    input:
        manifest=rules.reconstruct_maps.output.manifest,
        status=rules.reconstruct_maps.output.status,
        code=code("measure_lesions"),
    output:
        "results/{study}/metrics/batches/{batch}.tsv",
    log:
        "results/{study}/logs/metrics/measure_lesions/{batch}.log",
    params:
        lesion=lookup("{study}/metrics/lesion", within=CONFIGS),
        session=lookup("{study}/images/session", within=CONFIGS),
    script:
        "../scripts/measure_lesions.py"


rule gather_metrics:
    input:
        batches=lambda wildcards: expand(
            rules.measure_lesions.output,
            batch=STUDIES[wildcards.study].batches,
            allow_missing=True,
        ),
        code=code("gather_metrics"),
    output:
        metrics="results/{study}/metrics/metrics.tsv",
        warnings="results/{study}/metrics/metrics.warnings.tsv",
    log:
        "results/{study}/logs/metrics/gather_metrics.log",
    script:
        "../scripts/gather_metrics.py"
