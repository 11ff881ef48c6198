"""Raw images to quantitative maps and masks, batch by batch.

REQUIRED INPUTS   a BIDS dataset; which files a kind of images needs is said in docs/statistician.md
OUTPUTS           results/<study>/images/{sub-*/, batches/, status.tsv}
"""


rule process_images:
    input:
        raw=lambda wildcards: STUDIES[wildcards.study].raw_files(wildcards.batch),
        beside=lambda wildcards: STUDIES[wildcards.study].images_beside,
        code=lambda wildcards: code(
            "process_images", STUDIES[wildcards.study].images_by("processing")
        ),
    output:
        manifest="results/{study}/images/batches/{batch}.tsv",
        status="results/{study}/images/batches/{batch}.status.tsv",
    log:
        "results/{study}/logs/images/process_images/{batch}.log",
    params:
        members=members,
        images=setting("images"),
        metrics=lambda wildcards: STUDIES[wildcards.study].metrics_for("images"),
        dataset=lambda wildcards: str(STUDIES[wildcards.study].dataset.root),
    script:
        "../scripts/process_images.py"


rule gather_status:
    input:
        batches=lambda wildcards: expand(
            rules.process_images.output.status,
            batch=STUDIES[wildcards.study].batches,
            allow_missing=True,
        ),
        code=code("gather_status"),
    output:
        status="results/{study}/images/status.tsv",
        description="results/{study}/images/dataset_description.json",
        ignore="results/{study}/images/.bidsignore",
    log:
        "results/{study}/logs/images/gather_status.log",
    params:
        title=setting("study/title"),
    script:
        "../scripts/gather_status.py"
