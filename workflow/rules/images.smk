"""Raw images to quantitative maps, batch by batch.

REQUIRED INPUTS   a BIDS dataset: sub-*/anat/*_MEGRE.nii.gz and masks, or ready maps, as derivatives
OUTPUTS           results/<study>/images/{sub-*/, batches/, status.tsv}
"""


rule reconstruct_maps:
    input:
        raw=lambda wildcards: STUDIES[wildcards.study].raw_files(wildcards.batch),
        code=code("reconstruct_maps"),
    output:
        manifest="results/{study}/images/batches/{batch}.tsv",
        status="results/{study}/images/batches/{batch}.status.tsv",
    log:
        "results/{study}/logs/images/reconstruct_maps/{batch}.log",
    params:
        members=members,
        images=lookup("{study}/images", within=CONFIGS),
        lesion=lookup("{study}/metrics/lesion/mask", within=CONFIGS),
        dataset=lambda wildcards: str(STUDIES[wildcards.study].dataset.root),
    script:
        "../scripts/reconstruct_maps.py"


rule gather_status:
    input:
        batches=lambda wildcards: expand(
            rules.reconstruct_maps.output.status,
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
        title=lookup("{study}/study/title", within=CONFIGS),
    script:
        "../scripts/gather_status.py"
