"""A synthetic cohort with known truth, as a BIDS dataset, where a study has no real one.

REQUIRED INPUTS   none
OUTPUTS           results/<study>/synthetic/{participants.tsv, sub-*/, derivatives/, truth.tsv}
"""


rule build_anatomy:
    input:
        code=lambda wildcards: code(
            "build_anatomy", STUDIES[wildcards.study].simulated_by("simulation")
        ),
    output:
        "results/{study}/synthetic/sourcedata/anatomy.npz",
    log:
        "results/{study}/logs/synthetic/build_anatomy.log",
    params:
        kind=lookup("{study}/data/synthetic/kind", within=CONFIGS),
        settings=lambda wildcards: STUDIES[wildcards.study].synthetic_for("anatomy"),
    script:
        "../scripts/build_anatomy.py"


rule draw_cohort:
    input:
        code=lambda wildcards: code(
            "draw_cohort", STUDIES[wildcards.study].simulated_by("population")
        ),
    output:
        participants="results/{study}/synthetic/participants.tsv",
        dictionary="results/{study}/synthetic/participants.json",
        latent="results/{study}/synthetic/sourcedata/latent.tsv",
        description="results/{study}/synthetic/dataset_description.json",
        ignore="results/{study}/synthetic/.bidsignore",
    log:
        "results/{study}/logs/synthetic/draw_cohort.log",
    params:
        kind=lookup("{study}/data/synthetic/kind", within=CONFIGS),
        settings=lambda wildcards: STUDIES[wildcards.study].synthetic_for("population"),
        columns=lookup("{study}/data/columns", within=CONFIGS),
        title=lookup("{study}/study/title", within=CONFIGS),
        participants=lambda wildcards: list(
            STUDIES[wildcards.study].dataset.participants
        ),
        seed=RUN["seed"],
    script:
        "../scripts/draw_cohort.py"


rule simulate_images:
    input:
        anatomy=rules.build_anatomy.output,
        code=lambda wildcards: code(
            "simulate_images", STUDIES[wildcards.study].simulated_by("simulation")
        ),
    output:
        manifest="results/{study}/synthetic/batches/{batch}.tsv",
        truth="results/{study}/synthetic/batches/{batch}.truth.tsv",
    log:
        "results/{study}/logs/synthetic/simulate_images/{batch}.log",
    params:
        members=members,
        kind=lookup("{study}/data/synthetic/kind", within=CONFIGS),
        settings=lambda wildcards: STUDIES[wildcards.study].synthetic_for("images"),
        seed=RUN["seed"],
    script:
        "../scripts/simulate_images.py"


rule gather_truth:
    input:
        latent=rules.draw_cohort.output.latent,
        batches=lambda wildcards: expand(
            rules.simulate_images.output.truth,
            batch=STUDIES[wildcards.study].batches,
            allow_missing=True,
        ),
        code=code("gather_truth"),
    output:
        "results/{study}/synthetic/truth.tsv",
    log:
        "results/{study}/logs/synthetic/gather_truth.log",
    script:
        "../scripts/gather_truth.py"
